//! The drawer: a pane's screen, drawn frame by frame on another terminal (our own emulator, and vt100
//! beside it), must look the same there. Inputs are those of `terminal`; a frame is drawn after every 64 bytes and
//! every change of size. The first byte selects the terminal's abilities. An input that begins with
//! `fe` is one of `scenes`: clients of any size on one window.

use scopemux::testing::base::links::Hyperlink;
use scopemux::testing::base::{Attrs, Cell, CellFlags, CellStyle, Colour, LinkId, PaneId, Point, Rect, Size};
use scopemux::testing::outer::{Features, Term, TermOptions, acs};
use scopemux::testing::render::compose::Composer;
use scopemux::testing::render::frame::{Frame, FrameLinks};
use scopemux::testing::render::tty::{Tty, TtyOptions};
use scopemux::testing::terminal::{MemoryHistory, Terminal, TerminalConfig};

use crate::foreign::Foreign;
use crate::input::Rng;
use crate::scenes;
use crate::terminal::{self, Step};

/// First byte of inputs for `scenes`.
const SCENES: u8 = 0xfe;

/// Bytes between two frames.
const FRAME: usize = 64;

const CAPS: &[&str] = &[
    "am=1",
    "clear=\x1b[H\x1b[2J",
    "cup=\x1b[%i%p1%d;%p2%dH",
    "sgr0=\x1b[m",
    "bold=\x1b[1m",
    "dim=\x1b[2m",
    "sitm=\x1b[3m",
    "smul=\x1b[4m",
    "blink=\x1b[5m",
    "rev=\x1b[7m",
    "invis=\x1b[8m",
    "setaf=\x1b[38;5;%p1%dm",
    "setab=\x1b[48;5;%p1%dm",
    "colors=256",
    "op=\x1b[39;49m",
];

/// Further capabilities of terminals, in groups that come together.
const EXTRAS: &[&[&str]] = &[
    &["csr=\x1b[%i%p1%d;%p2%dr", "ri=\x1bM"],
    &["indn=\x1b[%p1%dS", "rin=\x1b[%p1%dT"],
    &["el=\x1b[K", "bce=1"],
    &["ech=\x1b[%p1%dX"],
    &["home=\x1b[H", "cuf1=\x1b[C", "cub1=\x08", "cuu1=\x1b[A", "cud1=\x1b[B"],
    &["cuf=\x1b[%p1%dC", "cub=\x1b[%p1%dD", "cuu=\x1b[%p1%dA", "cud=\x1b[%p1%dB"],
    &["hpa=\x1b[%i%p1%dG", "vpa=\x1b[%i%p1%dd"],
    &["dch=\x1b[%p1%dP", "ich=\x1b[%p1%d@"],
];

/// Characters that take two columns, or on whose width terminals disagree.
const WIDE: &[&str] = &[
    "日",
    "本",
    "한",
    "👍",
    "😀",
    "❤\u{fe0f}",
    "❤",
    "½",
    "─",
    "🇩🇪",
    "🇩",
    "👨\u{200d}👩",
    "🏽",
    "👍🏽",
    "\u{1100}\u{1161}",
    "\u{ad}",
    "e\u{301}",
    "\u{301}",
    "\u{200d}",
    "ㅤ",
    "ｱﾞ",
    "☺",
    "⌚",
    "〰",
    "\u{fe0f}",
    "\u{e0100}",
    "ก็",
    "नि",
    "a",
    " ",
];

/// Operations that cut characters: erasing, inserting, deleting, writing in the middle of one.
fn taken_apart(rng: &mut Rng) -> Vec<u8> {
    let (cols, rows) = (2 + rng.below(16), 1 + rng.below(3));
    let mut input = vec![0xff, cols as u8, rows as u8];
    let mut out = Vec::new();
    for _ in 0..4 + rng.below(60) {
        let number = rng.below(cols.min(6) + 1);
        let column = 1 + rng.below(cols + 1);
        let text = match rng.below(20) {
            0..=7 => rng.pick(WIDE).to_owned(),
            8 | 9 => format!("\x1b[{number}X"),
            10 => format!("\x1b[{number}@"),
            11 => format!("\x1b[{number}P"),
            12 | 13 => format!("\x1b[{column}G"),
            14 => format!("\x1b[{};{column}H", 1 + rng.below(rows)),
            15 => rng.pick(&["\x1b[44m", "\x1b[m", "\x1b[7m", "\x1b[4;31m"]).to_owned(),
            16 => rng.pick(&["\x1b[K", "\x1b[1K", "\x08", "\t", "\r\n", "\x1b[4h", "\x1b[4l"]).to_owned(),
            17 => format!("\x1b[{number}{}", rng.pick(&["C", "D", "S", "T", "L", "M"])),
            18 => "\x1b[?7l".to_owned(),
            // The frame ends here.
            _ => {
                out.resize(out.len().next_multiple_of(FRAME), 0);
                continue;
            }
        };
        out.extend_from_slice(text.as_bytes());
    }
    input.extend(out);
    input
}

pub(crate) fn generate(rng: &mut Rng) -> Vec<u8> {
    if rng.below(4) == 0 {
        return [vec![rng.next() as u8 & 0x7f], taken_apart(rng)].concat();
    }
    if rng.below(2) == 0 {
        let mut input = vec![SCENES];
        input.extend(scenes::generate(rng));
        return input;
    }
    let mut input = vec![rng.next() as u8];
    input.extend(terminal::generate(rng));
    input
}

fn term(extras: u8) -> Term {
    let mut caps: Vec<String> = CAPS.iter().map(|c| (*c).to_owned()).collect();
    for (n, group) in EXTRAS.iter().enumerate() {
        if extras & (1 << n) != 0 {
            caps.extend(group.iter().map(|c| (*c).to_owned()));
        }
    }
    let mut features = Features::default();
    features.add("256,RGB,usstyle,overline,strikethrough,hyperlinks,sync,title", ",");
    Term::new("fuzz", &caps, &mut features, &TermOptions::default(), None).expect("usable")
}

/// Visible look of a column: text, style and link.
pub(crate) type Look = (String, CellStyle, Option<String>);

/// Visible look of a row.
fn looks<'a>(row: &[Cell], uri: impl Fn(LinkId) -> Option<&'a Hyperlink>) -> Vec<Look> {
    let mut out: Vec<Look> = Vec::new();
    while let Some(cell) = row.get(out.len()) {
        let fillers = row[out.len() + 1..].iter().take_while(|c| c.is_padding()).count();
        let look = look(cell, uri(cell.style.link).map(|link| link.uri.to_string()));
        let width = usize::from(cell.width.max(1)) - 1;
        // A wide character shows whole, even if half of it was overwritten.
        let fillers = if width == 1 { 1 } else { fillers.min(width) };
        let filler = match cell.flags.contains(CellFlags::TAB) {
            true => look.clone(),
            false => (String::new(), CellStyle::DEFAULT, None),
        };
        out.push(look);
        out.extend(std::iter::repeat_n(filler, fillers));
    }
    out
}

fn look(cell: &Cell, link: Option<String>) -> Look {
    let mut style = CellStyle { link: LinkId(0), ..cell.style };
    style.attrs -= Attrs::NOATTR; // it tells the source of a style, and is invisible
    let mut text = String::new();
    if cell.is_padding() {
        return (" ".to_owned(), CellStyle::DEFAULT, None); // half of a character
    }
    cell.glyph.push_to(&mut text);
    if cell.flags.intersects(CellFlags::TAB | CellFlags::CLEARED) {
        text = " ".to_owned();
    }
    if style.attrs.contains(Attrs::CHARSET) {
        style.attrs -= Attrs::CHARSET;
        if let Some(c) = cell.glyph.as_char().filter(char::is_ascii).and_then(|c| acs::to_char(c as u8)) {
            text = c.to_string();
        }
    }
    for colour in [&mut style.fg, &mut style.bg, &mut style.us] {
        if colour.is_default() {
            *colour = Colour::DEFAULT;
        }
        if let Colour::Indexed(n @ 0..16) = *colour {
            *colour = Colour::Basic(n);
        }
    }
    if text == " " && style.attrs.is_empty() {
        (style.fg, style.us) = (Colour::DEFAULT, Colour::DEFAULT); // invisible on a blank
    }
    (text, style, link)
}

/// Checks that both emulators show what the frame holds. `out` is the last output to them.
fn compare(frame: &Frame, links: &FrameLinks, outside: &Terminal, foreign: &mut Foreign, out: &[u8]) {
    // Terminals join adjacent characters, however the cursor got there.
    let joins = |cell: &Cell| {
        cell.glyph.as_char().is_none_or(scopemux::testing::base::width::may_join)
            || cell.width == 0 && !cell.is_padding()
    };
    let wanted = |y| {
        let row = frame.surface.row(y);
        (!row.iter().any(joins)).then(|| looks(row, |id| links.get(id)))
    };
    let rows: Vec<Option<Vec<Look>>> = (0..frame.surface.size().rows).map(wanted).collect();
    foreign.compare(&rows, out);
    for (y, want) in rows.into_iter().enumerate() {
        let Some(mut want) = want else { continue };
        let cells: Vec<Cell> = (0..frame.surface.size().cols).map(|x| outside.cell(x, y as u32)).collect();
        // The outer terminal, like tmux, stores a link with its backslashes escaped.
        let uris = want.iter_mut().filter_map(|(_, _, uri)| uri.as_mut());
        uris.for_each(|uri| *uri = uri.replace('\\', "\\\\"));
        let got = looks(&cells, |id| outside.links().get(id));
        let differs = got.iter().zip(&want).position(|(got, want)| got != want);
        assert!(
            differs.is_none(),
            "{differs:?} of row {y} is {:?}, should be {:?}, after {:?}",
            differs.map(|x| &got[x]),
            differs.map(|x| &want[x]),
            String::from_utf8_lossy(out)
        );
    }
}

/// A client's terminal: its composer, its drawing state, and the emulator that shows the result.
pub(crate) struct Outside {
    pub composer: Composer,
    term: Term,
    tty: Tty,
    shown: Terminal,
    foreign: Foreign,
}

impl Outside {
    pub(crate) fn new(extras: u8, size: Size) -> Self {
        let term = term(extras);
        let mut tty = Tty::new(size, true, TtyOptions::default());
        let mut out = Vec::new();
        tty.start(&term, &mut out);
        let history = Box::new(MemoryHistory::new(0, size.cols));
        let mut shown = Terminal::new(size, TerminalConfig::default(), history);
        shown.feed(&out);
        let mut foreign = Foreign::new(size);
        foreign.feed(&out);
        Self { composer: Composer::default(), term, tty, shown, foreign }
    }

    pub(crate) fn resize(&mut self, size: Size) {
        let mut out = Vec::new();
        self.shown.resize(size);
        self.foreign.resize(size);
        self.tty.resize(size, &self.term, &mut out);
        self.shown.feed(&out);
        self.foreign.feed(&out);
    }

    pub(crate) fn draw(&mut self, frame: Frame) {
        let mut out = Vec::new();
        self.tty.draw(&frame, &self.composer.links, &self.term, &mut out);
        self.shown.feed(&out);
        self.foreign.feed(&out);
        compare(&frame, &self.composer.links, &self.shown, &mut self.foreign, &out);
        self.composer.reuse(frame);
    }
}

/// A pane, and a terminal that shows it.
struct Scene {
    term: Term,
    pane: Terminal,
    links: FrameLinks,
    tty: Tty,
    outside: Terminal,
    foreign: Foreign,
}

impl Scene {
    fn new(extras: u8) -> Self {
        let term = term(extras);
        let pane = terminal::new_terminal();
        let size = pane.size();
        let history = Box::new(MemoryHistory::new(0, size.cols));
        let mut outside = Terminal::new(size, TerminalConfig::default(), history);
        let mut tty = Tty::new(size, true, TtyOptions::default());
        let mut out = Vec::new();
        tty.start(&term, &mut out);
        outside.feed(&out);
        let mut foreign = Foreign::new(size);
        foreign.feed(&out);
        Scene { term, pane, links: FrameLinks::default(), tty, outside, foreign }
    }

    fn frame(&mut self) -> Frame {
        let size = self.pane.size();
        let mut frame = Frame::new(size);
        self.pane.draw(&mut frame.surface, Point::new(0, 0));
        for y in 0..size.rows {
            frame.wrapped[y as usize] = self.pane.is_wrapped(y);
            frame.surface.settle_row(y);
            for x in 0..size.cols {
                let mut cell = frame.surface.get(x, y).clone();
                cell.style.link = self.links.intern(PaneId(0), cell.style.link, self.pane.links());
                frame.surface.set_raw(x, y, cell);
            }
        }
        frame.regions = vec![Rect::new(0, 0, size.cols, size.rows)];
        frame
    }

    fn draw(&mut self) {
        let frame = self.frame();
        let mut out = Vec::new();
        self.tty.draw(&frame, &self.links, &self.term, &mut out);
        self.outside.feed(&out);
        self.foreign.feed(&out);
        compare(&frame, &self.links, &self.outside, &mut self.foreign, &out);
    }

    fn resize(&mut self, size: Size) {
        self.pane.resize(size);
        self.outside.resize(size);
        self.foreign.resize(size);
        let mut out = Vec::new();
        self.tty.resize(size, &self.term, &mut out);
        self.outside.feed(&out);
        self.foreign.feed(&out);
    }
}

pub(crate) fn check(input: &[u8]) {
    let Some((&extras, input)) = input.split_first() else { return };
    if extras == SCENES {
        return scenes::check(input);
    }
    let mut scene = Scene::new(extras);
    for step in terminal::steps(input) {
        match step {
            Step::Resize(size) => scene.resize(size),
            Step::Write(bytes) => {
                for part in bytes.chunks(FRAME) {
                    scene.pane.feed(part);
                    scene.draw();
                }
            }
        }
    }
}
