//! Commands that make, arrange and end panes and windows. Screens and answers are those of tmux 3.7c.

use crate::server::headless::Headless;

#[test]
fn split_halves_a_pane_and_the_new_one_is_active() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one");
    mux.keys("C-b %");
    mux.pane(1).prints("two");
    mux.keys(r#"C-b ""#);
    mux.pane(2).prints("three");
    mux.shows(
        "
        |one                 │two
        |                    │
        |                    │
        |                    ├───────────────────
        |                    │three
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
    assert_eq!(mux.cursor(), Some((26, 4)));
    mux.is("#{pane_id}", "%2");
}

#[test]
fn split_sizes_are_rows_columns_or_percent_before_or_behind() {
    let mut mux = Headless::start(40, 8);
    mux.run("split-window -v -l 2");
    mux.run("split-window -h -b -l 10 -t %0");
    mux.run("split-window -h -l 50% -t %1");
    mux.run("split-window -f -v -b -l 1");
    mux.answers(
        "list-panes -F '#{pane_id} #{pane_left},#{pane_top} #{pane_width}x#{pane_height}'",
        &["%4 0,0 40x1", "%2 0,2 10x2", "%0 11,2 29x2", "%1 0,5 19x2", "%3 20,5 20x2"],
    );
    mux.answers(
        "display-message -p '#{window_layout}'",
        &["195c,40x7,0,0[40x1,0,0,4,40x2,0,2{10x2,0,2,2,29x2,11,2,0},40x2,0,5{19x2,0,5,1,20x2,20,5,3}]"],
    );
}

#[test]
fn a_pane_without_room_is_not_split() {
    let mut mux = Headless::start(40, 8);
    mux.run("split-window -v");
    mux.run("split-window -v -t %0");
    mux.refuses("split-window -v -t %0", "size or position no space for a new pane");
    mux.refuses("split-window -v -t %0", "size or position no space for a new pane");
    mux.answers("list-panes -F '#{pane_id} #{pane_height}'", &["%0 1", "%2 1", "%1 3"]);
}

#[test]
fn panes_are_swapped_with_what_they_show() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one");
    mux.keys("C-b %");
    mux.pane(1).prints("two");
    mux.run("swap-pane -D");
    mux.shows(
        "
        |two                 │one
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
    mux.run("swap-pane -s %0 -t %1 -d");
    mux.shows(
        "
        |one                 │two
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
    mux.answers("list-panes -F '#{pane_id} #{pane_active}'", &["%0 1", "%1 0"]);
    mux.keys("C-b {");
    mux.answers("list-panes -F '#{pane_id} #{pane_active}'", &["%1 0", "%0 1"]);
}

#[test]
fn panes_join_windows_and_leave_them() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one");
    mux.keys("C-b c");
    mux.pane(1).prints("two");
    mux.run("join-pane -h -s :0 -t :1");
    mux.shows(
        "
        |two                 │one
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |[0] 1:sh*
    ",
    );
    mux.answers("list-windows -F '#I #{window_panes}'", &["1 2"]);
    mux.keys("C-b !");
    mux.shows(
        "
        |one
        …
        |[0] 0:sh* 1:sh-
    ",
    );
    mux.answers("list-windows -F '#I #{window_panes} #F'", &["0 1 *", "1 1 -"]);
}

#[test]
fn a_pane_is_killed_when_the_user_confirms() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one");
    mux.keys("C-b %");
    mux.pane(1).prints("two");
    mux.keys("C-b x");
    mux.shows(
        "
        |one                 │two
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |kill-pane 1? (y/n)
    ",
    );
    mux.keys("n");
    mux.shows(
        "
        |one                 │two
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
    mux.keys("C-b x y");
    mux.shows(
        "
        |one
        …
        |[0] 0:sh*
    ",
    );
}

#[test]
fn a_zoomed_pane_has_the_window_until_another_one_is_wanted() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one");
    mux.keys("C-b %");
    mux.pane(1).prints("two");
    mux.keys("C-b z");
    mux.shows(
        "
        |two
        …
        |[0] 0:sh*Z
    ",
    );
    mux.is("#{window_zoomed_flag} #{pane_width}", "1 40");
    mux.keys("C-b o");
    mux.shows(
        "
        |one                 │two
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
    mux.is("#{window_zoomed_flag} #{pane_width}", "0 20");
    mux.keys(r#"C-b z C-b ""#);
    mux.shows(
        "
        |one                 │two
        |                    │
        |                    │
        |────────────────────┤
        |                    │
        |                    │
        |                    │
        |[0] 0:sh*
    ",
    );
    mux.is("#{window_zoomed_flag}", "0");
}

#[test]
fn a_dead_pane_stays_and_is_started_again() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -w remain-on-exit on");
    mux.run("set-option -w remain-on-exit-format 'ended with #{pane_dead_status}'");
    mux.pane(0).prints("one");
    mux.pane(0).exits(3);
    mux.shows(
        "
        …
        |ended with 3
        |[0] 0:sh*
    ",
    );
    mux.is("#{pane_dead} #{pane_dead_status}", "1 3");
    mux.run("respawn-pane");
    mux.shows(
        "
        …
        |[0] 0:sh*
    ",
    );
    mux.is("#{pane_dead}", "0");
    mux.refuses("respawn-pane", "respawn pane failed: pane 0:0.0 still active");
}

#[test]
fn windows_get_the_index_that_is_asked_for() {
    let mut mux = Headless::start(40, 8);
    mux.run("new-window -d -t :5 -n five");
    mux.run("new-window -a -t :0 -n after");
    mux.refuses("new-window -t :5", "create window failed: index 5 in use");
    mux.run("new-window -d -k -t :5 -n other");
    mux.run("new-window -d -b -t :5 -n before");
    mux.answers("list-windows -F '#I:#W'", &["0:sh", "1:after", "5:before", "6:other"]);
    mux.shows(
        "
        …
        |[0] 0:sh- 1:after* 5:before  6:other
    ",
    );
}

#[test]
fn windows_move_and_are_swapped_and_numbered_again() {
    let mut mux = Headless::start(40, 8);
    mux.run("new-window -n a");
    mux.run("new-window -n b");
    mux.run("move-window -s :1 -t :7");
    mux.answers("list-windows -F '#I:#W'", &["0:sh", "2:b", "7:a"]);
    mux.run("swap-window -s :0 -t :7");
    mux.answers("list-windows -F '#I:#W'", &["0:a", "2:b", "7:sh"]);
    mux.refuses("move-window -s :2 -t :7", "index in use: 7");
    mux.run("move-window -r");
    mux.answers("list-windows -F '#I:#W'", &["0:a", "1:b", "2:sh"]);
    mux.shows(
        "
        …
        |[0] 0:a  1:b- 2:sh*
    ",
    );
}

#[test]
fn layouts_arrange_the_panes() {
    let mut mux = Headless::start(40, 8);
    mux.keys("C-b % C-b %");
    mux.run("select-layout even-horizontal");
    mux.answers("list-panes -F '#{pane_left}+#{pane_width}'", &["0+13", "14+13", "28+12"]);
    mux.run("select-layout even-vertical");
    mux.answers("list-panes -F '#{pane_top}+#{pane_height}'", &["0+2", "3+2", "6+1"]);
    mux.run("select-layout main-horizontal");
    mux.shows(
        "
        …
        |────────────────────┬───────────────────
        |                    │
        |[0] 0:sh*
    ",
    );
    mux.keys("C-b Space");
    mux.is("#{window_layout}", "d98d,40x7,0,0[40x1,0,0{20x1,0,0,1,19x1,21,0,2},40x5,0,2,0]");
    mux.refuses("select-layout nonsense", "invalid layout: nonsense");
}

#[test]
fn panes_are_resized_by_cells_and_to_sizes() {
    let mut mux = Headless::start(40, 8);
    mux.keys("C-b %");
    mux.run("resize-pane -L 5");
    mux.answers("list-panes -F '#{pane_width}'", &["15", "24"]);
    mux.run("resize-pane -x 30");
    mux.answers("list-panes -F '#{pane_width}'", &["9", "30"]);
    mux.run("resize-pane -x 25% -t %0");
    mux.answers("list-panes -F '#{pane_width}'", &["10", "29"]);
    mux.run("resize-pane -x 0");
    mux.shows(
        "
        |                                      │
        |                                      │
        |                                      │
        |                                      │
        |                                      │
        |                                      │
        |                                      │
        |[0] 0:sh*
    ",
    );
}

#[test]
fn rotation_moves_the_panes_through_the_cells() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one");
    mux.keys("C-b %");
    mux.pane(1).prints("two");
    mux.keys("C-b %");
    mux.pane(2).prints("three");
    mux.keys("C-b C-o");
    mux.shows(
        "
        |two                 │three    │one
        |                    │         │
        |                    │         │
        |                    │         │
        |                    │         │
        |                    │         │
        |                    │         │
        |[0] 0:sh*
    ",
    );
    mux.keys("C-b M-o");
    mux.shows(
        "
        |one                 │two      │three
        |                    │         │
        |                    │         │
        |                    │         │
        |                    │         │
        |                    │         │
        |                    │         │
        |[0] 0:sh*
    ",
    );
}

#[test]
fn keys_choose_panes_and_windows() {
    let mut mux = Headless::start(40, 8);
    mux.keys(r#"C-b % C-b ""#);
    mux.keys("C-b ;");
    mux.is("#{pane_id}", "%1");
    mux.keys("C-b o");
    mux.is("#{pane_id}", "%2");
    mux.keys("C-b Left");
    mux.is("#{pane_id}", "%0");
    mux.keys("C-b c C-b c");
    mux.is("#{window_index}", "2");
    mux.keys("C-b p");
    mux.is("#{window_index}", "1");
    mux.keys("C-b l");
    mux.is("#{window_index}", "2");
    mux.keys("C-b 0");
    mux.is("#{window_index}", "0");
    mux.keys("C-b n C-b n C-b n");
    mux.is("#{window_index}", "0");
    mux.shows(
        "
        |                    │
        |                    │
        |                    │
        |                    ├───────────────────
        |                    │
        |                    │
        |                    │
        |[0] 0:sh* 1:sh  2:sh-
    ",
    );
}

#[test]
fn a_window_is_killed_and_the_last_one_shown_before() {
    let mut mux = Headless::start(40, 8);
    mux.pane(0).prints("one");
    mux.keys("C-b c");
    mux.pane(1).prints("two");
    mux.keys("C-b c C-b &");
    mux.shows(
        "
        …
        |kill-window sh? (y/n)
    ",
    );
    mux.keys("y");
    mux.shows(
        "
        |two
        …
        |[0] 0:sh- 1:sh*
    ",
    );
    mux.answers("list-windows -F '#I#F'", &["0-", "1*"]);
}

#[test]
fn a_window_is_in_two_sessions() {
    let mut mux = Headless::start(40, 8);
    mux.run("new-session -d -s other -n mine");
    mux.run("link-window -s 0:0 -t other:3");
    mux.answers("list-windows -t other -F '#I:#W'", &["0:mine", "3:sh"]);
    mux.run("unlink-window -t 0:0");
    mux.answers("list-sessions -F '#S'", &["other"]);
}

#[test]
fn marked_panes_are_the_target_of_a_join() {
    let mut mux = Headless::start(40, 8);
    mux.keys("C-b m C-b c");
    mux.run("join-pane");
    mux.answers("list-panes -F '#{pane_id} #{pane_marked}'", &["%1 0", "%0 0"]);
}
