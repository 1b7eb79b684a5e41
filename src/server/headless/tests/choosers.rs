//! Choosers of windows and buffers. Screens are those of tmux 3.7c.

use crate::server::headless::Headless;

#[test]
fn choose_tree_shows_and_chooses_windows() {
    let mut mux = Headless::start(40, 12);
    mux.run("rename-window first");
    mux.run("new-window -d -n second");
    mux.run("set-option -g status-left ''");
    mux.keys("C-b w");
    mux.shows(
        "
        |(0) - 0: 2 windows (attached)
        |(1) ├─> + 0: first*
        |(2) └─> + 1: second
        …
        |0:first* 1:second
    ",
    );
    mux.keys("Down");
    mux.shows(
        "
        |(0) - 0: 2 windows (attached)
        |(1) ├─> + 0: first*
        |(2) └─> + 1: second
        …
        |0:first* 1:second
    ",
    );
    mux.keys("Enter");
    mux.is("#W", "second");
    mux.shows(
        "
        …
        |0:first- 1:second*
    ",
    );
}

#[test]
fn choose_tree_kills_what_is_confirmed() {
    let mut mux = Headless::start(40, 12);
    mux.run("new-window -d -n second");
    mux.run("new-window -d -n third");
    mux.keys("C-b w Down Down x");
    mux.shows(
        "
        |(0) - 0: 3 windows (attached)
        |(1) ├─> + 0: sh*
        |(2) ├─> + 1: second
        |(3) └─> + 2: third
        …
        |Kill window 2?
    ",
    );
    mux.keys("n");
    mux.answers("list-windows -F '#W'", &["sh", "second", "third"]);
    mux.keys("x y");
    mux.answers("list-windows -F '#W'", &["sh", "second"]);
    mux.shows(
        "
        |(0) - 0: 2 windows (attached)
        |(1) ├─> + 0: sh*
        |(2) └─> + 1: second
        …
        |[0] 0:sh* 1:second
    ",
    );
    mux.keys("q");
    mux.shows(
        "
        …
        |[0] 0:sh* 1:second
    ",
    );
}

#[test]
fn choose_tree_filters() {
    let mut mux = Headless::start(40, 12);
    mux.run("new-window -d -n second");
    mux.run("new-window -d -n third");
    mux.keys("C-b w f");
    mux.shows(
        "
        |(0) - 0: 3 windows (attached)
        |(1) ├─> + 0: sh*
        |(2) ├─> + 1: second
        |(3) └─> + 2: third
        …
        |(filter)
    ",
    );
    mux.keys("C-u #{m:s*,#W} Enter");
    mux.shows(
        "
        |(0) - 0: 3 windows (attached)
        |(1) ├─> + 0: sh*
        |(2) └─> + 1: second
        …
        |[0] 0:sh* 1:second  2:third
    ",
    );
    mux.keys("c");
    mux.shows(
        "
        |(0) - 0: 3 windows (attached)
        |(1) ├─> + 0: sh*
        |(2) └─> + 1: second
        …
        |[0] 0:sh* 1:second  2:third
    ",
    );
    mux.keys("q");
}

#[test]
fn choose_tree_searches_tags_and_sorts() {
    let mut mux = Headless::start(40, 12);
    mux.run("new-window -d -n second");
    mux.run("new-window -d -n third");
    mux.keys("C-b w C-s third Enter");
    mux.shows(
        "
        |(0) - 0: 3 windows (attached)
        |(1) ├─> + 0: sh*
        |(2) ├─> + 1: second
        |(3) └─> + 2: third
        …
        |[0] 0:sh* 1:second  2:third
    ",
    );
    mux.keys("t");
    mux.shows(
        "
        |(0) - 0: 3 windows (attached)
        |(1) ├─> + 0: sh*
        |(2) ├─> + 1: second
        |(3) └─> + 2*: third
        …
        |[0] 0:sh* 1:second  2:third
    ",
    );
    mux.keys("O r");
    mux.shows(
        "
        |(0) - 0: 3 windows (attached)
        |(1) ├─> + 2*: third
        |(2) ├─> + 0: sh*
        |(3) └─> + 1: second
        …
        |[0] 0:sh* 1:second  2:third
    ",
    );
    mux.keys("q");
}

#[test]
fn choose_buffer_pastes_and_deletes() {
    let mut mux = Headless::start(40, 12);
    mux.run("set-buffer -b one 'first text'");
    mux.run("set-buffer -b two second");
    mux.run("bind-key = choose-buffer -Z -F '#{buffer_sample}'");
    mux.keys("C-b =");
    mux.shows(
        "
        |(0) two: second
        |(1) one: first text
        …
        |[0] 0:sh*
    ",
    );
    mux.keys("Down Enter");
    assert_eq!(mux.pane(0).received(), "first text");
    mux.keys("C-b = d");
    mux.shows(
        "
        |(0) one: first text
        …
        |[0] 0:sh*
    ",
    );
    mux.answers("list-buffers -F '#{buffer_name}'", &["one"]);
    mux.keys("q");
}

#[test]
fn customize_mode_shows_options() {
    let mut mux = Headless::start(40, 10);
    mux.keys("C-b C");
    mux.shows(
        "
        |(0) + Server Options
        |(1) + Session Options
        |(2) + Window & Pane Options
        |(3) + Key Table - copy-mode
        |(4) + Key Table - copy-mode-vi
        |(5) + Key Table - prefix
        |(6) + Key Table - root
        …
        |[0] 0:sh*
    ",
    );
    mux.keys("q");
    mux.shows(
        "
        …
        |[0] 0:sh*
    ",
    );
}
