//! Clients of any size on one window, with anything on or over it: nothing panics, a frame composed
//! on the previous one equals a frame composed from nothing, and a terminal on which it is drawn
//! shows it.

use super::*;
use crate::base::Cell;
use crate::model::window::WindowFlags;
use crate::outer::{Features, Term, TermOptions};
use crate::render::tty::{Tty, TtyOptions};
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};
use crate::view::copy::CopyMode;
use crate::view::{clock::ClockMode, menu, message, modes, overlay, prompt};

/// One change: its kind and two parameters.
type Step = (u8, u8, u8);

const CAPS: &[&str] = &[
    "am=1",
    "clear=\x1b[H\x1b[2J",
    "cup=\x1b[%i%p1%d;%p2%dH",
    "sgr0=\x1b[m",
    "rev=\x1b[7m",
    "setaf=\x1b[38;5;%p1%dm",
    "setab=\x1b[48;5;%p1%dm",
    "colors=256",
    "csr=\x1b[%i%p1%d;%p2%dr",
    "ri=\x1bM",
    "el=\x1b[K",
    "bce=1",
    "ech=\x1b[%p1%dX",
];

/// A client's terminal: its drawing state, and an emulator that shows the result.
struct Outside {
    composer: Composer,
    term: Term,
    tty: Tty,
    shown: Terminal,
}

impl Outside {
    fn new(size: Size) -> Self {
        let caps: Vec<String> = CAPS.iter().map(|cap| (*cap).to_owned()).collect();
        let mut features = Features::default();
        let term = Term::new("test", &caps, &mut features, &TermOptions::default(), None).expect("usable");
        let mut tty = Tty::new(size, true, TtyOptions::default());
        let mut out = Vec::new();
        tty.start(&term, &mut out);
        let mut shown =
            Terminal::new(size, TerminalConfig::default(), Box::new(MemoryHistory::new(0, size.cols)));
        shown.feed(&out);
        Self { composer: Composer::default(), term, tty, shown }
    }

    fn resize(&mut self, size: Size) {
        let mut out = Vec::new();
        self.shown.resize(size);
        self.tty.resize(size, &self.term, &mut out);
        self.shown.feed(&out);
    }

    fn draw(&mut self, frame: Frame) {
        let mut out = Vec::new();
        self.tty.draw(&frame, &self.composer.links, &self.term, &mut out);
        self.shown.feed(&out);
        let size = frame.surface.size();
        for y in 0..size.rows {
            for x in 0..size.cols {
                let (got, want) = (look(&self.shown.cell(x, y)), look(frame.surface.get(x, y)));
                assert_eq!(got, want, "{x},{y} of {size:?} after {:?}", String::from_utf8_lossy(&out));
            }
        }
        self.composer.reuse(frame);
    }
}

/// Visible look of a cell: the second half of a wide character has none of its own, and a blank has
/// no text colour.
fn look(cell: &Cell) -> (Option<char>, Option<u8>, Option<u8>) {
    if cell.is_padding() {
        return (None, None, None);
    }
    let mut shown = cell.glyph.as_char();
    if cell.style.attrs.contains(crate::base::Attrs::CHARSET) {
        shown = shown.map(|c| acs::to_char(c as u8).unwrap_or(c));
    }
    let fg = cell.style.fg.palette_index().filter(|_| shown != Some(' '));
    (shown, fg, cell.style.bg.palette_index())
}

fn change(f: &mut Fixture, outsides: &mut [Outside], (what, a, b): Step) {
    let window = f.window();
    let panes = f.server.window(window).expect("there is one").panes.clone();
    let pane = panes[usize::from(a) % panes.len()];
    let client = ClientId(1 + u32::from(a % 3));
    let pick = |of: &[&str]| of[usize::from(b) % of.len()].to_owned();
    match what {
        0 => {
            let size = Size::new(1 + u32::from(b % 47), 1 + u32::from(b / 47 * 3 + a % 7));
            f.server.clients.get_mut(&client).expect("there").size = size;
            outsides[usize::from(a % 3)].resize(size);
            f.cx().recalculate_sizes();
            overlay::resize(&mut f.cx(), client);
        }
        1 => {
            let pan = (b % 4 != 0).then_some((window, u32::from(b % 50), u32::from(b / 10)));
            f.server.clients.get_mut(&client).expect("there").pan = pan;
        }
        2 | 3 if panes.len() < 6 => add_pane(f, pane, (what, a, b)),
        4 => {
            let mut cx = f.cx();
            if !cx.unzoom(window, true) {
                cx.zoom(pane);
            }
        }
        5 => f.set(OptionScope::GlobalSession, "status", &pick(&["off", "on", "2", "3", "4", "5"])),
        6 => f.set(OptionScope::GlobalSession, "status-position", &pick(&["top", "bottom"])),
        7 => f.set(OptionScope::GlobalWindow, "pane-border-status", &pick(&["off", "top", "bottom"])),
        8 => {
            let lines = pick(&["single", "double", "heavy", "simple", "number", "spaces"]);
            f.set(OptionScope::GlobalWindow, "pane-border-lines", &lines);
            let shown = ["off", "colour", "arrows", "both"][usize::from(a % 4)];
            f.set(OptionScope::GlobalWindow, "pane-border-indicators", shown);
        }
        9 => {
            f.set(OptionScope::GlobalWindow, "pane-scrollbars", &pick(&["off", "modal", "on"]));
            let side = ["left", "right"][usize::from(a % 2)];
            f.set(OptionScope::GlobalWindow, "pane-scrollbars-position", side);
        }
        10 => mode(f, pane, b),
        11 => over(f, client, b),
        12 => {
            let size = Size::new(1 + u32::from(a % 60), 1 + u32::from(b % 30));
            f.cx().resize_window(window, size, None);
        }
        13 => f.server.windows.get_mut(&window).expect("there").active = pane,
        14 => {
            f.set(
                OptionScope::GlobalWindow,
                "window-size",
                &pick(&["latest", "largest", "smallest", "manual"]),
            );
            f.cx().recalculate_sizes_now(true);
        }
        15 => f.set(OptionScope::GlobalWindow, "fill-character", &pick(&["", "x", "世"])),
        _ => {
            let text = ["a世b\r\n", "\x1b[44m \x1b[K", "\x1b[2J", "\x1b[3;5Hx", "\t|", "\n\n\n"];
            let terminal = f.server.pane(pane).expect("there is one").terminal.clone();
            terminal.lock().feed(text[usize::from(b) % text.len()].as_bytes());
        }
    }
}

fn add_pane(f: &mut Fixture, pane: PaneId, (what, a, b): Step) {
    let (session, window) = (f.session, f.window());
    let mut cx = f.cx();
    cx.unzoom(window, true);
    let cell = if what == 2 {
        let axis = if b % 2 == 0 { Axis::LeftRight } else { Axis::TopBottom };
        cx.split_cell(pane, SplitPlace { axis, size: None, before: b % 3 == 0, full: b % 5 == 0 })
    } else {
        let size = Size::new(1 + u32::from(b % 20), 1 + u32::from(b / 20));
        cx.floating_cell(window, size, i32::from(a % 50) - 9, i32::from(a / 10) - 4)
    };
    if cell.is_some() {
        let spawn = Spawn { window: Some(window), pane: Some(pane), cell, ..Spawn::new(session) };
        cx.spawn_pane(spawn).expect("room enough");
    }
}

fn mode(f: &mut Fixture, pane: PaneId, b: u8) {
    let mut cx = f.cx();
    match b % 3 {
        0 => modes::pop_all(&mut cx, pane),
        1 => {
            let clock = ClockMode::new(&mut cx, pane);
            modes::push(&mut cx, pane, Box::new(clock));
        }
        _ => {
            if let Some(copy) = CopyMode::copy(&mut cx, pane, pane) {
                modes::push(&mut cx, pane, Box::new(copy));
            }
        }
    }
}

/// Opens something over a client's panes, or closes it.
fn over(f: &mut Fixture, client: ClientId, b: u8) {
    let mut cx = f.cx();
    match b % 5 {
        0 => overlay::clear(&mut cx, client),
        1 => {
            let mut items = menu::Menu::new("世 title");
            items.add_plain(9, "one", crate::base::Key::NONE);
            items.add_plain(9, "two 世", crate::base::Key::NONE);
            let at = Point::new(u32::from(b), u32::from(b % 9));
            menu::open(&mut cx, client, items, menu::Request { at, ..menu::Request::default() });
        }
        2 => message::show(&mut cx, client, "a 世 message", message::Options::default()),
        3 => {
            message::clear(&mut cx, client);
            prompt::close(&mut cx, client);
        }
        _ => {
            let request = prompt::Request {
                prompt: "(世) ".to_owned(),
                input: "some input".to_owned(),
                kind: Default::default(),
                flags: prompt::PromptFlags::empty(),
                pane: None,
                state: None,
                item: None,
                handler: Box::new(|_, _, _, _| prompt::Next::Close),
                saver: None,
            };
            prompt::open(&mut cx, client, request);
        }
    }
}

/// Rows that repeat the row above equal rows computed by themselves.
fn check_ground(f: &mut Fixture, client: ClientId) {
    let mut cx = f.cx();
    let Some(subject) = subject(&mut cx, client, Erasing::default()) else { return };
    let Some(layout) = chrome::layout(&cx, &subject) else { return };
    let chrome = Chrome::new(&mut cx, &subject, layout);
    let ground = chrome.ground().clone();
    assert_eq!(ground, chrome.whole_ground(&cx, &subject));
}

fn run(steps: &[Step]) {
    let mut f = Fixture::new(24, 10);
    let mut outsides = Vec::new();
    for number in 1..=3 {
        let id = ClientId(number);
        if number > 1 {
            let mut client = Client::new(id, NOW);
            client.session = Some(f.session);
            client.size = Size::new(number, number - 1);
            client.flags |= crate::model::ClientFlags::TERMINAL;
            f.server.clients.insert(id, client);
        }
        outsides.push(Outside::new(f.server.client(id).expect("there").size));
    }
    for &step in steps {
        change(&mut f, &mut outsides, step);
        f.cx().apply_sizes();
        let extent = if step.0 > 15 { Extent::Panes } else { Extent::All };
        for (number, outside) in (1..).zip(&mut outsides) {
            let client = ClientId(number);
            check_ground(&mut f, client);
            let Some(frame) = compose(&mut f.cx(), client, extent, &mut outside.composer) else { continue };
            // Status lines beside a message or prompt are cached from before it.
            let c = f.server.client(client).expect("there");
            if c.message.is_none() && c.prompt.is_none() {
                let fresh = compose(&mut f.cx(), client, Extent::All, &mut Composer::default());
                assert!(fresh.is_some_and(|fresh| fresh.surface == frame.surface), "kept and fresh differ");
            }
            outside.draw(frame);
        }
        assert!(!f.server.window(f.window()).expect("there").flags.contains(WindowFlags::RESIZE));
    }
}

#[test]
fn a_pane_over_half_of_a_wide_character_leaves_a_blank() {
    run(&[(2, 0, 8), (2, 36, 83), (16, 44, 183), (14, 0, 146), (3, 59, 23), (16, 143, 6)]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 60, ..Default::default() })]

    #[test]
    fn clients_of_any_size_see_any_scene(
        steps in proptest::collection::vec((0u8..20, proptest::num::u8::ANY, proptest::num::u8::ANY), 1..24),
    ) {
        run(&steps);
    }
}
