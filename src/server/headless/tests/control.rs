//! Control mode. Lines are those of tmux 3.7c; the times of the last tests are moved by hand.

use crate::server::headless::{Control, Headless};

/// The first lines are those of the command that attaches.
fn attached(mux: &mut Headless) -> Control {
    let mut control = mux.control("attach-session");
    control.says(mux, &["%begin 0", "%end 0", "%session-changed $0 0"]);
    control
}

#[test]
fn commands_are_answered_between_guards() {
    let mut mux = Headless::start(40, 8);
    let mut control = attached(&mut mux);
    control.answers(&mut mux, "display-message -p hello", &["%begin 1", "hello", "%end 1"]);
    control.answers(
        &mut mux,
        "no-such-command",
        &["%begin 1", "parse error: unknown command: no-such-command", "%error 1"],
    );
    control.answers(&mut mux, "list-windows -F '#I:#W'", &["%begin 1", "0:sh", "%end 1"]);
    control.answers(&mut mux, "kill-pane -t %9", &["%begin 1", "can't find pane: %9", "%error 1"]);
    control.answers(
        &mut mux,
        "display-message -p a ; display-message -p b",
        &["%begin 1", "a", "%end 1", "%begin 1", "b", "%end 1"],
    );
    control.answers(&mut mux, "", &[]);
}

#[test]
fn windows_that_come_and_go_are_announced() {
    let mut mux = Headless::start(40, 8);
    let mut control = attached(&mut mux);
    control.answers(
        &mut mux,
        "new-window -n a",
        &["%begin 1", "%end 1", "%session-window-changed $0 @1", "%window-add @1"],
    );
    control.answers(&mut mux, "rename-window b", &["%begin 1", "%end 1", "%window-renamed @1 b"]);
    control.answers(
        &mut mux,
        "split-window",
        &[
            "%begin 1",
            "%end 1",
            "%window-pane-changed @1 %2",
            "%layout-change @1 0aae,40x7,0,0[40x3,0,0,1,40x3,0,4,2] 0aae,40x7,0,0[40x3,0,0,1,40x3,0,4,2] *",
        ],
    );
    control.answers(&mut mux, "select-pane -U", &["%begin 1", "%end 1", "%window-pane-changed @1 %1"]);
    control.answers(
        &mut mux,
        "resize-pane -y 2",
        &[
            "%begin 1",
            "%end 1",
            "%layout-change @1 acad,40x7,0,0[40x2,0,0,1,40x4,0,3,2] acad,40x7,0,0[40x2,0,0,1,40x4,0,3,2] *",
        ],
    );
    control.answers(
        &mut mux,
        "kill-pane",
        &[
            "%begin 1",
            "%end 1",
            "%layout-change @1 f65f,40x7,0,0,2 f65f,40x7,0,0,2 *",
            "%window-pane-changed @1 %2",
        ],
    );
    control.answers(
        &mut mux,
        "select-window -t :0",
        &["%begin 1", "%end 1", "%session-window-changed $0 @0"],
    );
    control.answers(&mut mux, "kill-window -t :1", &["%begin 1", "%end 1", "%unlinked-window-close @1"]);
    control.answers(&mut mux, "swap-pane", &["%begin 1", "%end 1"]);
}

#[test]
fn what_other_clients_do_is_announced() {
    let mut mux = Headless::start(40, 8);
    let mut control = attached(&mut mux);
    mux.keys("C-b c");
    control.says(&mut mux, &["%session-window-changed $0 @1", "%window-add @1"]);
    mux.keys("C-b , x Enter");
    control.says(&mut mux, &["%window-renamed @1 shx"]);
    mux.keys("C-b %");
    control.says(
        &mut mux,
        &[
            "%window-pane-changed @1 %2",
            "%layout-change @1 f39d,40x7,0,0{20x7,0,0,1,19x7,21,0,2} f39d,40x7,0,0{20x7,0,0,1,19x7,21,0,2} *",
        ],
    );
    mux.keys("C-b z");
    control.says(&mut mux, &["%layout-change @1 f39d,40x7,0,0{20x7,0,0,1,19x7,21,0,2} f65f,40x7,0,0,2 *Z"]);
    mux.keys("C-b z");
    control.says(
        &mut mux,
        &["%layout-change @1 f39d,40x7,0,0{20x7,0,0,1,19x7,21,0,2} f39d,40x7,0,0{20x7,0,0,1,19x7,21,0,2} *"],
    );
    mux.keys("C-b &");
    control.says(&mut mux, &[]);
    mux.keys("y");
    control.says(&mut mux, &["%session-window-changed $0 @0", "%unlinked-window-close @1"]);
}

#[test]
fn sessions_are_announced() {
    let mut mux = Headless::start(40, 8);
    let mut control = attached(&mut mux);
    control.answers(
        &mut mux,
        "new-session -d -s two",
        &["%begin 1", "%end 1", "%unlinked-window-add @1", "%sessions-changed"],
    );
    control.answers(
        &mut mux,
        "rename-session -t two three",
        &["%begin 1", "%end 1", "%session-renamed $1 three"],
    );
    control.answers(&mut mux, "switch-client -t three", &["%begin 1", "%end 1", "%session-changed $1 three"]);
    control.answers(&mut mux, "kill-session -t three", &["%begin 1", "%end 1", "%sessions-changed"]);
    control.says(&mut mux, &[]);
}

#[test]
fn buffers_are_announced() {
    let mut mux = Headless::start(40, 8);
    let mut control = attached(&mut mux);
    control.answers(&mut mux, "set-buffer -b x one", &["%begin 1", "%end 1", "%paste-buffer-changed x"]);
    control.answers(
        &mut mux,
        "set-buffer -b x two",
        &["%begin 1", "%end 1", "%paste-buffer-deleted x", "%paste-buffer-changed x"],
    );
    control.answers(&mut mux, "delete-buffer -b x", &["%begin 1", "%end 1", "%paste-buffer-deleted x"]);
}

#[test]
fn output_of_panes_comes_escaped() {
    let mut mux = Headless::start(40, 8);
    let mut control = attached(&mut mux);
    mux.pane(0).prints("a\\\\b\x1b[1mé\r\n");
    control.says(&mut mux, &["%output %0 a\\134\\134b\\033[1mé\\015\\012"]);
    control.answers(&mut mux, "refresh-client -f no-output", &["%begin 1", "%end 1"]);
    mux.pane(0).prints("unseen");
    control.says(&mut mux, &[]);
    control.answers(&mut mux, "refresh-client -f !no-output", &["%begin 1", "%end 1"]);
    mux.pane(0).prints("seen");
    control.says(&mut mux, &["%output %0 seen"]);
}

#[test]
fn layouts_and_modes_are_announced() {
    let mut mux = Headless::start(40, 8);
    let mut control = attached(&mut mux);
    mux.keys("C-b [");
    control.says(&mut mux, &["%pane-mode-changed %0"]);
    mux.keys("q");
    control.says(&mut mux, &["%pane-mode-changed %0"]);
    mux.run("select-layout even-horizontal");
    control.says(&mut mux, &["%layout-change @0 f65d,40x7,0,0,0 f65d,40x7,0,0,0 *"]);
}

#[test]
fn values_are_told_once_a_second() {
    let mut mux = Headless::start(40, 4);
    let mut control = attached(&mut mux);
    control.answers(&mut mux, "refresh-client -f no-output", &["%begin 1", "%end 1"]);
    control.answers(&mut mux, "refresh-client -B 'name:%0:#{pane_title}'", &["%begin 1", "%end 1"]);
    mux.pane(0).prints("\x1b]2;one\x07");
    mux.passes(999);
    control.says(&mut mux, &[]);
    mux.passes(1);
    control.says(&mut mux, &["%subscription-changed name $0 @0 0 %0 : one"]);
    mux.pane(0).prints("\x1b]2;two\x07\x1b]2;three\x07");
    mux.passes(999);
    control.says(&mut mux, &[]);
    mux.passes(1);
    control.says(&mut mux, &["%subscription-changed name $0 @0 0 %0 : three"]);
    mux.passes(5000);
    control.says(&mut mux, &[]);
    control.answers(&mut mux, "refresh-client -B name", &["%begin 1", "%end 1"]);
    mux.pane(0).prints("\x1b]2;four\x07");
    mux.passes(5000);
    control.says(&mut mux, &[]);
}

#[test]
fn a_pane_is_paused_whose_output_is_not_read_in_time() {
    let mut mux = Headless::start(40, 4);
    let mut control = attached(&mut mux);
    control.answers(&mut mux, "refresh-client -f pause-after=1", &["%begin 1", "%end 1"]);
    mux.pane(0).prints("now");
    control.says(&mut mux, &["%extended-output %0 0 : now"]);
    for _ in 0..40 {
        mux.pane(0).prints(&"x".repeat(1000));
    }
    mux.passes(990);
    mux.pane(0).prints("y");
    mux.passes(20);
    mux.pane(0).prints("z");
    assert_eq!(control.lines(&mut mux).last().map(String::as_str), Some("%pause %0"));
    mux.pane(0).prints("unseen");
    control.says(&mut mux, &[]);
    let continued = ["%begin 1", "%continue %0", "%end 1"];
    control.answers(&mut mux, "refresh-client -A '%0:continue'", &continued);
    mux.pane(0).prints("seen");
    control.says(&mut mux, &["%extended-output %0 0 : seen"]);
}

#[test]
fn a_control_client_that_is_detached_ends() {
    let mut mux = Headless::start(40, 4);
    let mut control = attached(&mut mux);
    control.answers(&mut mux, "detach-client", &["%begin 1", "%end 1"]);
    assert!(control.has_ended());
    mux.is("#{session_attached}", "1");
}
