//! What is drawn around and inside panes, and the mouse. Screens are those of tmux 3.7c.

use crate::server::headless::Headless;

#[test]
fn sizes_follow_the_client() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one\r\ntwo");
    mux.keys("C-b %");
    mux.pane(1).prints("three");
    mux.resizes(30, 6);
    mux.shows(
        "
        |one            │three
        |two            │
        |               │
        |               │
        |               │
        |[0] 0:sh*
    ",
    );
    mux.answers("list-panes -F '#{pane_width}x#{pane_height}'", &["15x5", "14x5"]);
    mux.resizes(44, 9);
    mux.shows(
        "
        |one                   │three
        |two                   │
        |                      │
        |                      │
        |                      │
        |                      │
        |                      │
        |                      │
        |[0] 0:sh*
    ",
    );
}

#[test]
fn the_status_line_is_where_and_as_the_options_say() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one");
    mux.run("set-option -g status-position top");
    mux.shows(
        "
        |[0] 0:sh*
        |one
        …
    ",
    );
    mux.run("set-option -g status 2");
    mux.run("set-option -g status-format[1] 'second line'");
    mux.shows(
        "
        |[0] 0:sh*
        |second line
        |one
        …
    ",
    );
    mux.run("set-option -g status off");
    mux.shows(
        "
        |one
        …
    ",
    );
    mux.run("set-option -g status on");
    mux.run("set-option -g status-left '<#S> '");
    mux.run("set-option -g status-right '#{window_panes} '");
    mux.run("set-option -g window-status-current-format '[#I]'");
    mux.keys("C-b %");
    mux.shows(
        "
        |<0> [0]                               2
        |one                 │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
    ",
    );
}

#[test]
fn pane_borders_have_a_status_line() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -w pane-border-status top");
    mux.run("set-option -w pane-border-format ' #P '");
    mux.keys("C-b %");
    mux.shows(
        "
        |── 0 ───────────────┬── 1 ──────────────
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
    mux.run("set-option -w pane-border-status bottom");
    mux.shows(
        "
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |── 0 ───────────────┴── 1 ──────────────
        |[0] 0:sh*
    ",
    );
    mux.run("set-option -w pane-border-lines double");
    mux.shows(
        "
        |                    ║
        |                    ║
        |                    ║
        |                    ║
        |                    ║
        |                    ║
        |══ 0 ═══════════════╩══ 1 ══════════════
        |[0] 0:sh*
    ",
    );
    mux.run("set-option -w pane-border-status off");
    mux.shows(
        "
        |                    ║
        |                    ║
        |                    ║
        |                    ║
        |                    ║
        |                    ║
        |                    ║
        |[0] 0:sh*
    ",
    );
}

#[test]
fn the_alternate_screen_leaves_no_trace() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one\r\ntwo");
    mux.pane(0).prints("\x1b[?1049h\x1b[Halternate");
    mux.shows(
        "
        |alternate
        …
        |[0] 0:sh*
    ",
    );
    assert_eq!(mux.cursor(), Some((9, 0)));
    mux.pane(0).prints("\x1b[?1049l");
    mux.shows(
        "
        |one
        |two
        …
        |[0] 0:sh*
    ",
    );
    assert_eq!(mux.cursor(), Some((3, 1)));
}

#[test]
fn wide_characters_and_combining_ones_keep_their_columns() {
    let mut mux = Headless::start(40, 6);
    mux.pane(0).prints("日本語|e\u{301}|x\r\n");
    mux.keys("C-b %");
    mux.pane(1).prints("日本語日本語日本語日本語");
    mux.shows(
        "
        |日本語|é|x          │日本語日本語日本語
        |                    │日本語
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
}

#[test]
fn the_mouse_chooses_panes_and_windows() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -g mouse on");
    mux.keys("C-b c C-b %");
    mux.is("#{pane_id}", "%2");
    mux.sends("\x1b[<0;5;3M\x1b[<0;5;3m");
    mux.is("#{pane_id}", "%1");
    mux.passes(400);
    mux.sends("\x1b[<0;6;8M\x1b[<0;6;8m");
    mux.is("#{window_index}", "0");
    mux.shows(
        "
        …
        |[0] 0:sh* 1:sh-
    ",
    );
}

#[test]
fn the_mouse_drags_a_border() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -g mouse on");
    mux.keys("C-b %");
    mux.sends("\x1b[<0;21;3M");
    mux.sends("\x1b[<32;31;3M");
    mux.sends("\x1b[<0;31;3m");
    mux.answers("list-panes -F '#{pane_width}'", &["30", "9"]);
    mux.shows(
        "
        |                              │
        |                              │
        |                              │
        |                              │
        |                              │
        |                              │
        |                              │
        |[0] 0:sh*
    ",
    );
}

#[test]
fn keys_of_a_table_are_for_one_key() {
    let mut mux = Headless::start(40, 8);
    mux.run("bind-key -T mine a 'rename-window a'");
    mux.run("bind-key T switch-client -T mine");
    mux.keys("C-b T a");
    mux.is("#W", "a");
    mux.keys("a");
    assert_eq!(mux.pane(0).received(), "a");
}
