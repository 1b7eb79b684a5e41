//! Restoring saved sessions, without a disk.

use super::*;
use crate::base::Size;
use crate::model::layout::{Axis, Rules, SplitPlace};
use crate::model::test_host::TestHost;
use crate::options::{Given, table};

fn pane(id: u32) -> SavedPane {
    let text = format!("/dir/{id}");
    SavedPane { id: PaneId(id), size: Size::new(40, 24), directory: text, ..SavedPane::default() }
}

/// A session with a window of two panes, and one whose window is linked into a second session.
fn saved() -> Saved {
    let size = Size::new(80, 24);
    let mut layout = Layout::single(PaneId(7), size);
    let place = SplitPlace { axis: Axis::LeftRight, size: None, before: false, full: false };
    let cell = layout.split(PaneId(7), place, &Rules::default()).expect("room for two");
    layout.assign(cell, PaneId(9));
    let window = |id: u32, panes: &[u32], layout: Layout| SavedWindow {
        id: WindowId(id),
        name: format!("w{id}"),
        panes: panes.iter().map(|id| PaneId(*id)).collect(),
        active: PaneId(panes[0]),
        layout,
        size,
        ..SavedWindow::default()
    };
    let session = |id: u32, name: &str, windows: &[(i32, u32)]| SavedSession {
        id: SessionId(id),
        name: name.to_owned(),
        winlinks: windows.iter().map(|(at, id)| (*at, WindowId(*id))).collect(),
        current: windows[0].0,
        ..SavedSession::default()
    };
    Saved {
        sessions: vec![session(3, "one", &[(5, 4), (6, 8)]), session(5, "two", &[(0, 8), (1, 99)])],
        windows: vec![
            window(4, &[7, 9], layout),
            window(8, &[12], Layout::single(PaneId(12), size)),
            // In no session, and of a pane that does not exist.
            window(11, &[55], Layout::single(PaneId(55), size)),
        ],
        panes: vec![pane(7), pane(9), pane(12)],
        ..Saved::default()
    }
}

/// Restores into a server; returns the result.
fn restore_into(server: &mut Server, mut saved: Saved) -> Restored {
    let mut host = TestHost::default();
    renumber(server, &mut saved);
    let empty = |pane: &SavedPane| Opened {
        terminal: blank(pane, memory()),
        handle: None,
        warning: None,
        fresh: true,
        bytes: 0,
    };
    let opened = saved.panes.iter().map(|pane| (pane.id, empty(pane))).collect();
    let mut cx = Cx { now: Default::default(), server, host: &mut host };
    build(&mut cx, saved, opened)
}

#[test]
fn sessions_come_back_beside_those_that_are_there() {
    let mut server = Server::default();
    let first = restore_into(&mut server, saved());
    assert_eq!(first.sessions, ["one", "two"]);
    assert_eq!((first.windows, first.panes, first.warnings.len()), (2, 3, 0));
    let second = restore_into(&mut server, saved());
    assert_eq!(second.sessions, ["one-2", "two-2"]);
    assert_eq!(second.warnings.len(), 2);
    assert_eq!((server.sessions.len(), server.windows.len(), server.panes.len()), (4, 4, 6));
    for session in server.sessions.values() {
        for (at, link) in &session.winlinks {
            let window = &server.windows[&link.window];
            assert!(window.winlinks.contains(&(session.id, *at)), "{}:{at}", session.name);
            assert!(window.layout.is_sound() && window.layout.panes() == window.panes);
            for pane in &window.panes {
                assert_eq!(server.panes[pane].window, window.id);
                assert!(server.panes[pane].cwd.starts_with("/dir/"));
            }
        }
        assert!(session.winlinks.contains_key(&session.current));
    }
}

/// Sets the programs that may be started again.
fn list(server: &mut Server, names: &str) {
    let entry = table::find("restore-programs").expect("a row of the table");
    server.options.server.assign_array(entry, None, &Given::text(names), false).expect("a list of names");
}

#[test]
fn programs_come_back_that_are_on_the_list() {
    let mut server = Server::default();
    let check = |server: &Server, argv: &[&str], program: &[&str], expect: &[&str]| {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let pane = SavedPane { argv: words(argv), program: words(program), ..SavedPane::default() };
        assert_eq!(Again::of(server, &pane).argv("/bin/zsh"), words(expect), "{argv:?} {program:?}");
    };
    let in_shell =
        |line: &str| format!("trap : INT QUIT; set -m; {line}; trap - INT QUIT; exec '/bin/zsh' -l");
    check(&server, &["htop -d 5"], &[], &[]);
    list(&mut server, "vim htop");
    check(&server, &["htop -d 5"], &[], &["htop -d 5"]);
    check(&server, &["/usr/bin/htop", "-d"], &["less"], &["/usr/bin/htop", "-d"]);
    check(
        &server,
        &[],
        &["/usr/bin/vim", "it's"],
        &["/bin/sh", "-c", &in_shell(r"'/usr/bin/vim' 'it'\''s'")],
    );
    check(&server, &[], &["rm", "-r", "vim"], &[]);
    check(&server, &["sleep 5"], &["sleep", "5"], &[]);
    check(&server, &["exec htop"], &["htop"], &["exec htop"]);
    list(&mut server, "*");
    check(&server, &[], &["top"], &["/bin/sh", "-c", &in_shell("'top'")]);
}
