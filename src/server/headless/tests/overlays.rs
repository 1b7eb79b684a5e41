//! Prompts, menus, popups and messages. Screens are those of tmux 3.7c.

use crate::server::headless::Headless;

#[test]
fn the_command_prompt_is_edited() {
    let mut mux = Headless::start(40, 8);
    mux.keys("C-b : rename-windo");
    mux.shows(
        "
        …
        |:rename-windo
    ",
    );
    assert_eq!(mux.cursor(), Some((13, 7)));
    mux.keys("C-a x");
    mux.shows(
        "
        …
        |:xrename-windo
    ",
    );
    mux.keys("DC BSpace C-e BSpace");
    mux.shows(
        "
        …
        |:ename-wind
    ",
    );
    assert_eq!(mux.cursor(), Some((11, 7)));
    mux.keys("C-u rename-window Space my Space name C-w new Enter");
    mux.is("#W", "sh");
    mux.shows(
        "
        …
        |Command rename-window: too many argument
    ",
    );
    mux.keys("C-b : Up");
    mux.shows(
        "
        …
        |:rename-window my new
    ",
    );
    mux.keys("Escape");
    mux.passes(10);
    mux.shows(
        "
        …
        |[0] 0:sh*
    ",
    );
}

#[test]
fn an_error_of_the_prompt_is_a_message() {
    let mut mux = Headless::start(40, 8);
    mux.keys("C-b : nonsense Enter");
    mux.shows(
        "
        …
        |Unknown command: nonsense
    ",
    );
    mux.passes(1000);
    mux.shows(
        "
        …
        |[0] 0:sh*
    ",
    );
}

#[test]
fn prompts_ask_one_after_the_other() {
    let mut mux = Headless::start(40, 8);
    mux.run(r#"bind-key P command-prompt -p first,second -I one,two 'rename-window "%1-%2"'"#);
    mux.keys("C-b P");
    mux.shows(
        "
        …
        |first one
    ",
    );
    mux.keys("1 Enter");
    mux.shows(
        "
        …
        |second two
    ",
    );
    mux.keys("2 Enter");
    mux.is("#W", "one1-two2");
}

#[test]
fn one_key_answers_a_prompt_for_one() {
    let mut mux = Headless::start(40, 8);
    mux.run(r#"bind-key P command-prompt -1 -p key 'rename-window "got %1"'"#);
    mux.keys("C-b P k");
    mux.is("#W", "got k");
    mux.run("bind-key P confirm-before -p 'sure?' 'rename-window sure'");
    mux.keys("C-b P");
    mux.shows(
        "
        …
        |sure?
    ",
    );
    mux.keys("Enter");
    mux.is("#W", "got k");
    mux.keys("C-b P y");
    mux.is("#W", "sure");
}

#[test]
fn a_menu_is_chosen_from() {
    let mut mux = Headless::start(40, 10);
    mux.run("bind-key M display-menu -T Title -x 5 -y 8 One o 'rename-window one' '' Two t 'rename-window two' -Off f ''");
    mux.keys("C-b M");
    mux.shows(
        "
        …
        |     ┌─Title───┐
        |     │ One (o) │
        |     ├─────────┤
        |     │ Two (t) │
        |     │ Off     │
        |     └─────────┘
        |
        |[0] 0:sh*
    ",
    );
    mux.keys("Down");
    mux.shows(
        "
        …
        |     ┌─Title───┐
        |     │ One (o) │
        |     ├─────────┤
        |     │ Two (t) │
        |     │ Off     │
        |     └─────────┘
        |
        |[0] 0:sh*
    ",
    );
    mux.keys("Enter");
    mux.is("#W", "two");
    mux.shows(
        "
        …
        |[0] 0:two*
    ",
    );
    mux.keys("C-b M t");
    mux.is("#W", "two");
    mux.keys("C-b M q");
    mux.shows(
        "
        …
        |[0] 0:two*
    ",
    );
}

#[test]
fn a_popup_covers_what_is_below() {
    let mut mux = Headless::start(40, 10);
    mux.pane(0).prints("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9");
    mux.run("bind-key P display-popup -w 20 -h 5 -T Title");
    mux.keys("C-b P");
    mux.shows(
        "
        |1
        |2        ┌─Title────────────┐
        |3        │                  │
        |4        │                  │
        |5        │                  │
        |6        └──────────────────┘
        |7
        |8
        |9
        |[0] 0:sh*
    ",
    );
    mux.run("display-popup -C");
    mux.shows(
        "
        |1
        |2
        |3
        |4
        |5
        |6
        |7
        |8
        |9
        |[0] 0:sh*
    ",
    );
}

#[test]
fn numbers_of_panes_are_shown_for_a_second() {
    let mut mux = Headless::start(40, 14);
    mux.keys(r#"C-b % C-b ""#);
    mux.keys("C-b q");
    mux.shows(
        "
        |               20x13│
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    ├───────────────────
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
    mux.passes(1200);
    mux.shows(
        "
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    ├───────────────────
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
    mux.keys("C-b q 0");
    mux.is("#{pane_id}", "%0");
    mux.shows(
        "
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    ├───────────────────
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
}

#[test]
fn a_message_goes_by_itself_or_with_a_key() {
    let mut mux = Headless::start(40, 8);
    mux.run("display-message hello");
    mux.shows(
        "
        …
        |hello
    ",
    );
    mux.passes(800);
    mux.shows(
        "
        …
        |[0] 0:sh*
    ",
    );
    mux.run("display-message -d 0 'stays'");
    mux.passes(2000);
    mux.shows(
        "
        …
        |stays
    ",
    );
    mux.keys("x");
    mux.shows(
        "
        …
        |[0] 0:sh*
    ",
    );
    assert_eq!(mux.pane(0).received(), "x");
}

#[test]
fn output_of_a_command_is_a_page_over_the_pane() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one");
    mux.keys("C-b : list-windows Space -F Space '#W' Enter");
    mux.shows(
        "
        |[0/0]
        …
        |[0] 0:sh*
    ",
    );
    mux.keys("q");
    mux.shows(
        "
        |one
        …
        |[0] 0:sh*
    ",
    );
}

#[test]
fn a_message_has_the_style_of_the_options() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -g message-style 'fg=red,bg=blue'");
    mux.run("display-message hello");
    assert_eq!(mux.styled_row(7), "{fg=1 bg=4}hello{fg=0 bg=2}:sh*{bg=2}");
}

#[test]
fn a_popup_has_a_program_of_its_own() {
    let mut mux = Headless::start(40, 10);
    mux.run("bind-key P display-popup -E -w 20 -h 5 shell");
    mux.keys("C-b P");
    mux.job("shell").prints("hello");
    mux.shows(
        "
        |
        |         ┌──────────────────┐
        |         │hello             │
        |         │                  │
        |         │                  │
        |         └──────────────────┘
        …
        |[0] 0:sh*
        ",
    );
    assert_eq!(mux.cursor(), Some((15, 2)));
    mux.keys("abc Enter");
    assert_eq!((mux.job("shell").received(), mux.pane(0).received()), ("abc\r".into(), String::new()));
    mux.job("shell").exits(0);
    mux.shows("…\n|[0] 0:sh*");
}
