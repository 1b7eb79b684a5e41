//! Commands that programs get something from, lists of commands, and errors. As of tmux 3.7c.

use crate::server::headless::Headless;

#[test]
fn names_are_edited_in_the_status_line() {
    let mut mux = Headless::start(40, 8);
    mux.keys("C-b ,");
    mux.shows(
        "
        …
        |(rename-window) sh
    ",
    );
    assert_eq!(mux.cursor(), Some((18, 7)));
    mux.keys("C-u new-name Enter");
    mux.shows(
        "
        …
        |[0] 0:new-name*
    ",
    );
    mux.keys("C-b $ C-a my- Enter");
    mux.shows(
        "
        …
        |[my-0] 0:new-name*
    ",
    );
    mux.is("#{session_name}:#{window_name}", "my-0:new-name");
}

#[test]
fn errors_are_printed_and_counted_as_failures() {
    let mut mux = Headless::start(40, 8);
    mux.refuses("no-such-command", "unknown command: no-such-command");
    mux.refuses("new", "open terminal failed: not a terminal");
    mux.refuses("split-window -Z9", "command split-window: unknown flag -9");
    mux.run("select-window");
    mux.refuses("select-window -t :9", "can't find window: 9");
    mux.refuses("kill-session -t nobody", "can't find session: nobody");
    mux.refuses("rename-window", "command rename-window: too few arguments (need at least 1)");
    mux.refuses("set-option -g no-such-option 1", "invalid option: no-such-option");
    mux.refuses("set-option -g status-interval many", "value is invalid: many");
    mux.refuses("set-option -g status-interval -3", "value is too small: -3");
    mux.refuses("bind-key", "command bind-key: too few arguments (need at least 1)");
    mux.refuses("display-message a b", "command display-message: too many arguments (need at most 1)");
    mux.refuses("source-file /no/such/file", "No such file or directory: /no/such/file");
    mux.refuses("list-keys -T no-such-table", "table no-such-table doesn't exist");
    mux.refuses("show-buffer", "no buffers");
    mux.refuses("paste-buffer -b none", "no buffer none");
    mux.refuses("swap-window -s :7", "can't find window: 7");
}

#[test]
fn a_list_of_commands_stops_at_the_first_error() {
    let mut mux = Headless::start(40, 8);
    mux.refuses("new-window -d -n a ; kill-pane -t %9 ; new-window -d -n b", "can't find pane: %9");
    mux.answers("list-windows -F '#W'", &["sh", "a"]);
    mux.run("if-shell -F '#{==:#{window_index},0}' 'rename-window yes' 'rename-window no'");
    mux.is("#W", "yes");
}

#[test]
fn keys_are_sent_to_a_program() {
    let mut mux = Headless::start(40, 8);
    mux.run("send-keys a Enter C-c Up M-x");
    assert_eq!(mux.pane(0).received(), "a\r\u{3}\u{1b}[A\u{1b}x");
    mux.run("send-keys -l 'Enter it'");
    assert_eq!(mux.pane(0).received(), "Enter it");
    mux.run("send-keys -N 3 -H 41");
    assert_eq!(mux.pane(0).received(), "AAA");
    mux.keys("C-b C-b");
    assert_eq!(mux.pane(0).received(), "\u{2}");
    mux.pane(0).prints("\x1b[?1h");
    mux.run("send-keys Up");
    assert_eq!(mux.pane(0).received(), "\u{1b}OA");
}

#[test]
fn a_buffer_is_pasted_as_the_program_wants_it() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-buffer -b x 'one two'");
    mux.run("paste-buffer -b x");
    assert_eq!(mux.pane(0).received(), "one two");
    mux.run("paste-buffer -p -b x");
    assert_eq!(mux.pane(0).received(), "one two");
    mux.pane(0).prints("\x1b[?2004h");
    mux.run("paste-buffer -p -b x");
    assert_eq!(mux.pane(0).received(), "\u{1b}[200~one two\u{1b}[201~");
    mux.run("paste-buffer -d -b x");
    mux.run("list-buffers");
}

#[test]
fn synchronized_panes_get_the_same_keys() {
    let mut mux = Headless::start(40, 8);
    mux.keys("C-b %");
    mux.run("set-option -w synchronize-panes on");
    mux.keys("abc");
    assert_eq!(mux.pane(0).received(), "abc");
    assert_eq!(mux.pane(1).received(), "abc");
    mux.run("set-option -w synchronize-panes off");
    mux.keys("d");
    assert_eq!(mux.pane(0).received(), "");
    assert_eq!(mux.pane(1).received(), "d");
}

#[test]
fn a_command_waits_for_its_program() {
    let mut mux = Headless::start(40, 4);
    let make = mux.begin("run-shell make");
    mux.job("make").prints("a line\n");
    assert!(mux.answer(&make).is_none());
    mux.job("make").exits(3);
    let answer = mux.answer(&make).expect("it has ended");
    assert_eq!((answer.status, answer.out.as_str()), (3, "a line\n'make' returned 3\n"));
    let test = mux.begin("if-shell test 'rename-window yes' 'rename-window no'");
    mux.job("test").exits(1);
    assert!(mux.answer(&test).is_some());
    mux.is("#W", "no");
}

#[test]
fn a_command_waits_for_a_channel() {
    let mut mux = Headless::start(40, 4);
    let waits = mux.begin("wait-for x");
    assert!(mux.answer(&waits).is_none());
    mux.run("wait-for -S x");
    assert!(mux.answer(&waits).is_some());
}

#[test]
fn a_pipe_gets_what_a_pane_prints() {
    let mut mux = Headless::start(40, 4);
    mux.run("pipe-pane log");
    mux.pane(0).prints("hello\r\n");
    assert_eq!(mux.job("log").received(), "hello\r\n");
    mux.run("pipe-pane");
    mux.pane(0).prints("more");
    assert_eq!(mux.job("log").received(), "");
}

#[test]
fn a_pane_whose_program_does_not_start_leaves_nothing() {
    let mut mux = Headless::start(40, 4);
    mux.refuse_programs(Some(libc::EAGAIN));
    for command in ["split-window", "new-window", "new-session -d"] {
        assert!(mux.fails(command).ends_with("fork failed: Resource temporarily unavailable"), "{command}");
    }
    mux.answers("list-panes -a -F '#{pane_id}'", &["%0"]);
    mux.answers("list-sessions -F '#S'", &["0"]);
    mux.refuse_programs(None);
    mux.run("split-window");
    mux.is("#{window_panes}", "2");
}

#[test]
fn a_client_leaves_and_another_one_shows_the_same() {
    let mut mux = Headless::start(40, 4);
    mux.pane(0).prints("one");
    mux.keys("C-b d");
    assert_eq!(mux.client(0).link.told, ["detach 0"]);
    let second = mux.attach(30, 6, "attach-session");
    mux.pane(0).prints("\r\ntwo");
    assert_eq!(mux.client(second).rows(), ["|one", "|two", "|", "|", "|", "|[0] 0:sh*"]);
}

#[test]
fn the_server_ends_with_its_last_window_or_when_it_is_told() {
    for (keys, told) in [("C-b & y", "exit"), ("C-b : kill-server Enter", "shutdown")] {
        let mut mux = Headless::start(40, 4);
        mux.keys(keys);
        assert_eq!(mux.client(0).link.told, [told]);
        assert!(mux.is_over(), "{keys}");
    }
}

#[test]
fn programs_end_and_take_their_panes_along() {
    let mut mux = Headless::start(40, 4);
    mux.keys("C-b %");
    mux.pane(1).exits(1);
    mux.answers("list-panes -F '#{pane_id} #{pane_width}'", &["%0 40"]);
    mux.pane(0).dies_of(libc::SIGTERM);
    assert!(mux.is_over());
}
