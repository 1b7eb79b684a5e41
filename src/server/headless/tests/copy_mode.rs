//! Copy mode. Screens and buffers are those of tmux 3.7c.

use crate::server::headless::Headless;

#[test]
fn copy_mode_shows_history_and_where_it_is() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\n11\r\n12");
    mux.keys("C-b [");
    mux.shows(
        "
        |[0/5]
        |7
        |8
        |9
        |10
        |11
        |12
        |[0] 0:sh*
    ",
    );
    assert_eq!(mux.cursor(), Some((2, 6)));
    mux.keys("PPage");
    mux.shows(
        "
        |[5/5]
        |2
        |3
        |4
        |5
        |6
        |7
        |[0] 0:sh*
    ",
    );
    mux.keys("Up Up");
    mux.shows(
        "
        |[5/5]
        |2
        |3
        |4
        |5
        |6
        |7
        |[0] 0:sh*
    ",
    );
    assert_eq!(mux.cursor(), Some((1, 4)));
    mux.keys("NPage NPage");
    mux.shows(
        "
        |[0/5]
        |7
        |8
        |9
        |10
        |11
        |12
        |[0] 0:sh*
    ",
    );
    mux.keys("q");
    mux.shows(
        "
        |6
        |7
        |8
        |9
        |10
        |11
        |12
        |[0] 0:sh*
    ",
    );
    assert_eq!(mux.cursor(), Some((2, 6)));
}

#[test]
fn copy_mode_goes_to_the_ends_and_by_words() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -w mode-keys vi");
    mux.pane(0).prints("one two\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\nlast line here");
    mux.keys("C-b [ g");
    mux.shows(
        "
        |[3/3]wo
        |1
        |2
        |3
        |4
        |5
        |6
        |[0] 0:sh*
    ",
    );
    assert_eq!(mux.cursor(), Some((0, 0)));
    mux.keys("w");
    assert_eq!(mux.cursor(), Some((4, 0)));
    mux.keys("$");
    assert_eq!(mux.cursor(), Some((6, 0)));
    mux.keys("G");
    assert_eq!(mux.cursor(), Some((13, 6)));
    mux.keys("0 w w");
    assert_eq!(mux.cursor(), Some((10, 6)));
    mux.keys("b");
    assert_eq!(mux.cursor(), Some((5, 6)));
    mux.keys("H");
    assert_eq!(mux.cursor(), Some((0, 0)));
    mux.keys("M");
    assert_eq!(mux.cursor(), Some((0, 3)));
}

#[test]
fn a_selection_is_copied() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -w mode-keys vi");
    mux.pane(0).prints("alpha beta\r\ngamma delta\r\n");
    mux.keys("C-b [ k k 0 w Space j e");
    assert_eq!(mux.styled_row(0), "{fg=0 bg=3}[0/0]{} {fg=0 bg=3}beta");
    assert_eq!(mux.styled_row(1), "{fg=0 bg=3}gamma delta{}");
    mux.shows(
        "
        |[0/0] beta
        |gamma delta
        …
        |[0] 0:sh*
    ",
    );
    mux.keys("Enter");
    mux.shows(
        "
        |alpha beta
        |gamma delta
        …
        |[0] 0:sh*
    ",
    );
    mux.answers("show-buffer", &["beta", "gamma delta"]);
    mux.answers("list-buffers -F '#{buffer_size}'", &["16"]);
}

#[test]
fn a_rectangle_is_copied() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -w mode-keys vi");
    mux.pane(0).prints("alpha\r\nbravo\r\ndelta\r\n");
    mux.keys("C-b [ k k k 0 l Space v j j l");
    mux.keys("Enter");
    mux.answers("show-buffer", &["lp", "ra", "el"]);
}

#[test]
fn copy_mode_searches_forward_and_back() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -w mode-keys vi");
    mux.pane(0).prints("foo one\r\nbar\r\nfoo two\r\nbaz\r\nfoo three\r\n");
    mux.keys("C-b [ ?");
    mux.shows(
        "
        |[0/0]ne
        |bar
        |foo two
        |baz
        |foo three
        …
        |(search up)
    ",
    );
    mux.keys("foo Enter");
    mux.shows(
        "
        |[0/0]ne
        |bar
        |foo two
        |baz
        |foo three
        …
        |[0] 0:sh*
    ",
    );
    assert_eq!(mux.cursor(), Some((0, 4)));
    mux.keys("n");
    assert_eq!(mux.cursor(), Some((0, 2)));
    mux.keys("N");
    assert_eq!(mux.cursor(), Some((0, 4)));
    mux.keys("/ bar Enter");
    assert_eq!(mux.cursor(), Some((0, 1)));
    mux.keys("/ nothing Enter");
    mux.shows(
        "
        |[0/0]ne
        |bar
        |foo two
        |baz
        |foo three
        …
        |[0] 0:sh*
    ",
    );
}

#[test]
fn new_output_does_not_move_what_copy_mode_shows() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -g copy-mode-position-format ''");
    mux.pane(0).prints("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9");
    mux.keys("C-b [ PPage");
    let before = mux.screen();
    mux.pane(0).prints("\r\nnew\r\nlines\r\n");
    mux.shows(&before);
    mux.keys("q");
    mux.shows("|6\n|7\n|8\n|9\n|new\n|lines\n|\n|[0] 0:sh*");
}
