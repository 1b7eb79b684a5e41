//! Frames of a small server, as recorded from tmux.

mod scenes;

use super::*;
use crate::base::clock::Now;
use crate::base::{PaneId, Point, SessionId, Size, WindowId};
use crate::model::layout::Axis;
use crate::model::layout::SplitPlace;
use crate::model::sessions::NewSession;
use crate::model::spawn::Spawn;
use crate::model::test_host::TestHost;
use crate::model::{Client, Server};
use crate::options::{Environ, Options};
use crate::outer::acs;

const NOW: Now = Now { wall_us: 1_700_000_000_000_000, mono_ms: 0 };

/// A session `s` with a window `w0` and a client on it.
struct Fixture {
    server: Server,
    host: TestHost,
    client: ClientId,
    session: SessionId,
}

impl Fixture {
    fn new(cols: u32, rows: u32) -> Self {
        let (mut server, mut host) = (Server::default(), TestHost::default());
        server.options.server = Options::defaults(crate::options::Scope::SERVER);
        server.options.session = Options::defaults(crate::options::Scope::SESSION);
        server.options.window = Options::defaults(crate::options::Scope::WINDOW);
        server.config_done = true;
        for (name, value) in [("status-right", ""), ("default-size", &format!("{cols}x{}", rows - 1))] {
            server.set_named_option(OptionScope::GlobalSession, name, value);
        }
        let mut cx = Cx { server: &mut server, host: &mut host, now: NOW };
        let session = cx.create_session(NewSession {
            name: Some("s".to_owned()),
            prefix: None,
            cwd: "/".to_owned(),
            environ: Environ::default(),
            options: Options::new(),
            control_chars: None,
        });
        cx.spawn_window(Spawn { name: Some("w0".to_owned()), ..Spawn::new(session) })
            .expect("nothing to fail");
        server.update_status_cache(session);
        let id = ClientId(1);
        let mut client = Client::new(id, NOW);
        client.session = Some(session);
        client.size = Size::new(cols, rows);
        client.flags |= crate::model::ClientFlags::TERMINAL;
        server.clients.insert(id, client);
        Self { server, host, client: id, session }
    }

    fn cx(&mut self) -> Cx<'_> {
        Cx { server: &mut self.server, host: &mut self.host, now: NOW }
    }

    fn window(&self) -> WindowId {
        self.server.current_window(self.session).expect("there is one")
    }

    fn split(&mut self, axis: Axis) {
        let (session, window) = (self.session, self.window());
        let pane = self.server.window(window).expect("there is one").active;
        let mut cx = self.cx();
        let cell = cx.split_cell(pane, SplitPlace { axis, size: None, before: false, full: false });
        let spawn = Spawn { window: Some(window), pane: Some(pane), cell, ..Spawn::new(session) };
        cx.spawn_pane(spawn).expect("room enough");
    }

    fn set(&mut self, scope: OptionScope, name: &str, value: &str) {
        self.server.set_named_option(scope, name, value);
        self.server.update_status_cache(self.session);
        let window = self.window();
        self.cx().fix_panes(window, None);
    }

    fn print(&mut self, index: usize, text: &str) {
        let pane = self.server.window(self.window()).expect("there is one").panes[index];
        self.server.pane(pane).expect("there is one").terminal.lock().feed(text.as_bytes());
    }

    fn frame(&mut self) -> Frame {
        let client = self.client;
        compose(&mut self.cx(), client, Extent::All, &mut Composer::default()).expect("attached")
    }

    /// Compares some rows; changes of style are written as in the recordings.
    fn check(&mut self, rows: &[(u32, &str)], cursor: (u32, u32, bool)) {
        let frame = self.frame();
        for (y, expect) in rows {
            assert_eq!(row(&frame.surface, *y), *expect, "row {y}");
        }
        let at = frame.surface.cursor;
        assert_eq!((at.x, at.y, frame.surface.cursor_visible), cursor);
    }
}

fn row(surface: &Surface, y: u32) -> String {
    let mut out = String::new();
    let mut style = String::new();
    for cell in surface.row(y).iter().filter(|c| !c.is_padding()) {
        let mut now = Vec::new();
        if cell.style.attrs.contains(crate::base::Attrs::REVERSE) {
            now.push("reverse".to_owned());
        }
        for (name, colour) in [("fg", cell.style.fg), ("bg", cell.style.bg)] {
            now.extend(colour.palette_index().map(|n| format!("{name}={n}")));
        }
        let now = now.join(",");
        if now != style {
            out.push_str(&format!("{{{now}}}"));
            style = now;
        }
        match cell.glyph.as_char() {
            Some(c) if cell.style.attrs.contains(crate::base::Attrs::CHARSET) => {
                out.push(acs::to_char(c as u8).unwrap_or(c));
            }
            _ => cell.glyph.push_to(&mut out),
        }
    }
    out.trim_end().trim_end_matches("{}").trim_end().to_owned()
}

#[test]
fn three_panes_and_a_status_line() {
    let mut f = Fixture::new(80, 24);
    f.split(Axis::LeftRight);
    f.split(Axis::TopBottom);
    f.print(0, "text in pane");
    let blank = " ".repeat(40);
    let upper = format!("text in pane{}│", " ".repeat(28));
    let joint = format!("{blank}{{fg=2}}├{}", "─".repeat(39));
    let lower = format!("{blank}{{fg=2}}│");
    let status = "{fg=0,bg=2}[s] 0:w0*{bg=2}";
    f.check(&[(0, &upper), (11, &joint), (12, &lower), (23, status)], (41, 12, true));
    f.set(OptionScope::GlobalWindow, "pane-border-status", "top");
    let top = format!("──0 \"host.example\"{}┬──1 \"host.example\"{}", "─".repeat(22), "─".repeat(21));
    let middle = format!("{blank}{{fg=2}}├──{{reverse,fg=2}}2{{fg=2}} \"host.example\"{}", "─".repeat(21));
    f.check(&[(0, &top), (1, &upper), (11, &middle), (12, &lower)], (41, 12, true));
}

#[test]
fn a_held_pane_stays_as_it_was_until_it_is_held_no_more() {
    let mut f = Fixture::new(80, 24);
    f.split(Axis::LeftRight);
    let mut composer = Composer::default();
    f.print(0, "one\r\ntwo");
    f.print(1, "$ ");
    let client = f.client;
    let panes = f.server.window(f.window()).expect("there is one").panes.clone();
    let frame = compose(&mut f.cx(), client, Extent::Panes, &mut composer).expect("attached");
    composer.reuse(frame);
    let frame = compose(&mut f.cx(), client, Extent::Panes, &mut composer).expect("attached");
    composer.reuse(frame);
    // One pane floods, the other answers a key, on rows that they share.
    f.print(0, "\x1b[H111\r\n222");
    f.print(1, "x\r\ny");
    composer.held = vec![panes[0]];
    let frame = compose(&mut f.cx(), client, Extent::Panes, &mut composer).expect("attached");
    let rows = |frame: &Frame| [0, 1].map(|y| row(&frame.surface, y).replace(' ', ""));
    assert_eq!(rows(&frame), ["one│$x", "two│y"]);
    composer.reuse(frame);
    composer.held.clear();
    let frame = compose(&mut f.cx(), client, Extent::Panes, &mut composer).expect("attached");
    assert_eq!(rows(&frame), ["111│$x", "222│y"]);
}

#[test]
fn scrollbars_and_lines() {
    let mut f = Fixture::new(80, 24);
    f.split(Axis::LeftRight);
    f.split(Axis::TopBottom);
    f.set(OptionScope::GlobalWindow, "pane-scrollbars", "on");
    let upper = format!("{}{{fg=0,bg=7}} {{}}│{}{{fg=0,bg=7}}", " ".repeat(39), " ".repeat(38));
    let joint = format!("{}{{fg=0,bg=7}} {{fg=2}}├{}", " ".repeat(39), "─".repeat(39));
    f.check(&[(0, &upper), (11, &joint)], (41, 12, true));
}

#[test]
fn status_at_the_top_and_wide_characters() {
    let mut f = Fixture::new(20, 5);
    f.set(OptionScope::GlobalSession, "status-position", "top");
    f.print(0, "世界\x1b[2;1Hx");
    f.check(&[(0, "{fg=0,bg=2}[s] 0:w0*{bg=2}"), (1, "世界"), (2, "x")], (1, 2, true));
    f.set(OptionScope::GlobalSession, "status", "off");
    f.check(&[(0, "世界")], (1, 1, true));
}

/// A client of any size sees the same cells as a client as large as the window, up to its edges.
#[test]
fn clients_of_any_size_see_their_part() {
    let mut f = Fixture::new(41, 11);
    f.split(Axis::LeftRight);
    f.split(Axis::TopBottom);
    for pane in 0..3 {
        f.print(pane, "a世b界c世d界e世f界g世h界\r\nx\r\ny\r\nz");
    }
    let whole = f.frame().surface;
    for (cols, rows) in (1..44).flat_map(|cols| [1, 2, 5, 11, 14].map(|rows| (cols, rows))) {
        for pan in [None, Some((0, 0)), Some((30, 0)), Some((40, 9)), Some((999, 999))] {
            let window = f.window();
            let client = f.client;
            let c = f.server.clients.get_mut(&client).expect("there");
            c.size = Size::new(cols, rows);
            c.pan = pan.map(|(x, y)| (window, x, y));
            let frame = f.frame();
            let (ox, oy, seen, _) = f.server.client(client).expect("there").view;
            for y in 0..seen.rows.min(rows - 1).min(10) {
                for x in 0..seen.cols.min(cols).min(41) {
                    let (small, large) = (frame.surface.get(x, y), whole.get(x + ox, y + oy));
                    let cut = small.glyph.as_char() == Some(' ') && (large.width != 1);
                    assert!(
                        cut || small == large,
                        "{x},{y} of {cols}x{rows} from {ox},{oy}: {small:?} {large:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_cursor_is_hidden_while_a_wrap_is_pending() {
    let mut f = Fixture::new(20, 5);
    let shown = |f: &mut Fixture, text: &str| {
        let window = f.window();
        let active = f.server.window(window).expect("there").active;
        f.server.pane(active).expect("there").terminal.lock().feed(text.as_bytes());
        f.frame().surface.cursor_visible
    };
    assert!(shown(&mut f, &"x".repeat(19)));
    assert!(!shown(&mut f, "x"));
    assert!(shown(&mut f, "x"));
}

proptest::proptest! {
    /// A frame composed on the previous one equals a frame composed from nothing, and its list of
    /// changed rows is right.
    #[test]
    fn frames_follow_one_another(
        steps in proptest::collection::vec((0usize..3, "[a-c世\u{301} ]{0,12}", 0usize..16), 1..30),
        wide: bool,
    ) {
        let mut f = Fixture::new(if wide { 41 } else { 24 }, 10);
        f.split(Axis::LeftRight);
        f.split(Axis::TopBottom);
        let mut composer = Composer::default();
        let mut last: Option<Frame> = None;
        for (pane, text, action) in steps {
            let dirty = action == 12;
            let sequence = match action {
                0 => "\x1b[2J",
                1 => "\n\n\n",
                2 => "\x1b[31;42m",
                3 => "\x1b[m",
                4 => "\x1b[3;2H\x1b[K",
                5 => "\x1b]8;;http://a/\x1b\\l\x1b]8;;\x1b\\",
                6 => "\x1b]4;1;rgb:11/22/33\x1b\\",
                7 => "\t",
                8 => "\x1b[?1049h",
                9 => "\x1b[?1049l",
                10 => "\x1b[H\x1b[L",
                _ => "\r\n",
            };
            f.print(pane, sequence);
            f.print(pane, &text);
            match action {
                13 => f.set(OptionScope::GlobalWindow, "window-style", "bg=blue,fg=red"),
                14 => f.set(OptionScope::GlobalWindow, "window-style", "default"),
                15 => {
                    let window = f.window();
                    let id = f.server.window(window).expect("there").panes[pane];
                    f.server.windows.get_mut(&window).expect("there").active = id;
                }
                _ => {}
            }
            let client = f.client;
            // A change of borders marks the client, as in a server.
            let extent = if dirty || action > 12 { Extent::All } else { Extent::Panes };
            let frame = compose(&mut f.cx(), client, extent, &mut composer).expect("attached");
            let fresh = f.frame();
            let links = |cell: &crate::base::Cell| crate::base::Cell {
                style: crate::base::CellStyle { link: crate::base::LinkId(0), ..cell.style },
                ..cell.clone()
            };
            for y in 0..frame.surface.size().rows {
                let rows = [&frame, &fresh].map(|f| f.surface.row(y).iter().map(links).collect::<Vec<_>>());
                proptest::prop_assert_eq!(&rows[0], &rows[1], "row {}", y);
                if let Some(last) = last.as_ref().filter(|last| frame.descent.parent == Some(last.descent.number)) {
                    proptest::prop_assert!(
                        frame.is_changed(y) || frame.surface.row(y) == last.surface.row(y), "row {}", y
                    );
                }
            }
            proptest::prop_assert_eq!(&frame.wrapped, &fresh.wrapped);
            proptest::prop_assert_eq!(frame.surface.cursor, fresh.surface.cursor);
            last = Some(frame.clone());
            composer.reuse(frame);
        }
    }
}
