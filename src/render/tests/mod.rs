//! Drawing as a property: a terminal that shows one frame, and is fed the bytes for the next frame,
//! shows the next frame, whatever the terminal's abilities.

mod screen;

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::frame::{Frame, FrameImage, FrameLinks};
use super::tty::{Tty, TtyOptions};
use crate::base::{Attrs, Cell, CellStyle, Colour, Glyph, Point, Rect, Size};
use crate::outer::{Features, Term, TermOptions};
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};
use screen::Screen;

/// Capabilities that every terminal of these tests has.
const BASIC: &[&str] = &[
    "clear=\x1b[H",
    "cup=\x1b[%i%p1%d;%p2%dH",
    "sgr0=\x1b[0m",
    "bold=\x1b[1m",
    "rev=\x1b[7m",
    "smul=\x1b[4m",
    "setaf=\x1b[3%p1%dm",
    "setab=\x1b[4%p1%dm",
    "colors=8",
];
/// Further capabilities, in groups that terminals have together.
const EXTRAS: &[&[&str]] = &[
    &["am=1"],
    &["csr=\x1b[%i%p1%d;%p2%dr", "ri=\x1bM"],
    &["indn=\x1b[%p1%dS", "rin=\x1b[%p1%dT"],
    &["el=\x1b[K", "bce=1"],
    &["ech=\x1b[%p1%dX"],
    &["home=\x1b[H", "cuf1=\x1b[C", "cub1=\x08", "cuu1=\x1b[A", "cud1=\x1b[B"],
    &["cuf=\x1b[%p1%dC", "cub=\x1b[%p1%dD", "cuu=\x1b[%p1%dA", "cud=\x1b[%p1%dB"],
    &["hpa=\x1b[%i%p1%dG", "vpa=\x1b[%i%p1%dd"],
];

fn term(extras: u32, features: &str) -> Term {
    let mut caps: Vec<String> = BASIC.iter().map(|c| (*c).to_owned()).collect();
    for (n, group) in EXTRAS.iter().enumerate() {
        if extras & (1 << n) != 0 {
            caps.extend(group.iter().map(|c| (*c).to_owned()));
        }
    }
    let mut set = Features::default();
    set.add(features, ",");
    Term::new("test", &caps, &mut set, &TermOptions::default(), None).expect("usable")
}

fn style(n: u8) -> CellStyle {
    let mut style = CellStyle::DEFAULT;
    match n % 6 {
        1 => style.fg = Colour::Basic(2),
        2 => style.bg = Colour::Basic(4),
        3 => (style.fg, style.attrs) = (Colour::Basic(1), Attrs::BRIGHT),
        4 => (style.bg, style.attrs) = (Colour::Basic(3), Attrs::UNDERSCORE | Attrs::REVERSE),
        5 => style.bg = Colour::Basic(1),
        _ => {}
    }
    style
}

/// Depth of colour of a test's frames.
#[derive(Clone, Copy, Debug)]
enum Depth {
    Eight,
    Indexed,
    Rgb,
}

impl Depth {
    const ALL: [Self; 3] = [Self::Eight, Self::Indexed, Self::Rgb];

    /// Terminal feature that this depth needs.
    fn feature(self) -> &'static str {
        match self {
            Self::Eight => "",
            Self::Indexed => "256",
            Self::Rgb => "RGB",
        }
    }

    /// One of the test's styles, in colours that only this depth has.
    fn style(self, n: u8) -> CellStyle {
        let colour = |c: Colour| match (self, c) {
            (Self::Indexed, Colour::Basic(n)) => Colour::Indexed(100 + n),
            (Self::Rgb, Colour::Basic(n)) => Colour::Rgb(n, 200, 3),
            (_, c) => c,
        };
        let style = style(n);
        CellStyle { fg: colour(style.fg), bg: colour(style.bg), ..style }
    }
}

/// One change to a frame.
#[derive(Clone, Debug)]
enum Edit {
    Text { x: u32, y: u32, what: u8, style: u8, len: u32 },
    Fill { x: u32, y: u32, cols: u32, rows: u32, style: u8 },
    Scroll { region: u8, lines: i32 },
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let text = (0u32..24, 0u32..10, 0u8..6, 0u8..6, 1u32..20)
        .prop_map(|(x, y, what, style, len)| Edit::Text { x, y, what, style, len });
    let fill = (0u32..24, 0u32..10, 1u32..24, 1u32..8, 0u8..6)
        .prop_map(|(x, y, cols, rows, style)| Edit::Fill { x, y, cols, rows, style });
    let scroll = (0u8..2, -4i32..5).prop_map(|(region, lines)| Edit::Scroll { region, lines });
    prop::collection::vec(prop_oneof![4 => text, 1 => fill, 2 => scroll], 0..14)
}

fn regions() -> Vec<Rect> {
    vec![Rect::new(0, 0, 24, 6), Rect::new(12, 6, 12, 4)]
}

fn apply(frame: &mut Frame, edits: &[Edit], depth: Depth) {
    let surface = &mut frame.surface;
    for edit in edits {
        match *edit {
            Edit::Text { x, y, what, style: s, len } => {
                let glyph = ["a", "bc", "世", "e\u{301}", "─", "x y z 1 2 3"][usize::from(what)];
                let text = glyph.repeat(len as usize);
                // The test's marks would join a neighbour's character in one cell only.
                surface.text(x, y, &text, depth.style(s));
            }
            Edit::Fill { x, y, cols, rows, style: s } => {
                surface.fill(x, y, cols, rows, &Cell { style: depth.style(s), ..Cell::BLANK });
            }
            Edit::Scroll { region, lines } => {
                let rect = regions()[usize::from(region)];
                let torn =
                    (0..rect.size.rows).any(|y| surface.get(rect.x as u32, rect.y as u32 + y).is_padding());
                if !torn {
                    surface.scroll(&rect, lines, &Cell::BLANK);
                }
            }
        }
    }
}

/// The part of a cell that looks the same on any terminal.
fn visible(cell: &Cell) -> (String, CellStyle) {
    if cell.is_padding() {
        return (String::new(), CellStyle::DEFAULT);
    }
    let mut text = String::new();
    cell.glyph.push_to(&mut text);
    (text, cell.style)
}

fn compare(screen: &Screen, frame: &Frame, skip_last: bool, why: &str) {
    let size = frame.surface.size();
    for y in 0..size.rows {
        for x in 0..size.cols {
            if skip_last && y + 1 == size.rows && x + 2 >= size.cols {
                continue;
            }
            let (got, want) = (screen.surface.get(x, y), frame.surface.get(x, y));
            assert_eq!(visible(got), visible(want), "{x},{y} {why}");
        }
    }
}

/// Draws frames one after another; the terminal must show each of them.
fn check_frames(frames: [&[Edit]; 3], extras: u32, features: &str, depth: Depth, cursor: (u32, u32)) {
    let term = term(extras, [features, depth.feature()].join(",").trim_matches(','));
    let size = Size::new(24, 10);
    let no_margin = term.flags.no_auto_margin;
    let mut screen = Screen::new(size, !no_margin);
    let mut tty = Tty::new(size, true, TtyOptions::default());
    let links = FrameLinks::default();
    let mut out = Vec::new();
    tty.start(&term, &mut out);
    let mut frame = Frame::new(size);
    frame.regions = regions();
    for edits in frames {
        apply(&mut frame, edits, depth);
        frame.surface.cursor = Point::new(cursor.0, cursor.1);
        frame.wrapped[2] = true;
        tty.draw(&frame, &links, &term, &mut out);
        screen.feed(&out);
        let why = String::from_utf8_lossy(&out).escape_debug().to_string();
        let why = format!("with {extras:#x} {features} {depth:?}: {why}");
        compare(&screen, &frame, no_margin, &why);
        assert_eq!(screen.cursor(), frame.surface.cursor, "{why}");
        out.clear();
    }
}

/// Terminal features that drawing uses beside capabilities.
const FEATURES: [&str; 4] = ["", "margins", "rectfill", "margins,rectfill"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn drawing_shows_the_frame(
        first in edits(), second in edits(), third in edits(), extras in 0u32..256, set in 0usize..4,
        depth in prop::sample::select(Depth::ALL.to_vec()), cursor in (0u32..24, 0u32..10),
    ) {
        check_frames([&first, &second, &third], extras, FEATURES[set], depth, cursor);
    }
}

/// Like the test above, with all combinations of capabilities, features and depths of colour.
#[test]
fn drawing_shows_the_frame_on_every_terminal() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let frames = (edits(), edits(), edits());
    for extras in 0..1 << EXTRAS.len() {
        for (set, features) in FEATURES.into_iter().enumerate() {
            let (first, second, third) = frames.new_tree(&mut runner).expect("frames are made").current();
            let depth = Depth::ALL[(extras as usize + set) % Depth::ALL.len()];
            check_frames([&first, &second, &third], extras, features, depth, (extras % 24, extras % 10));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    /// Like the tests above, with our own emulator as the terminal.
    #[test]
    fn a_pane_shows_the_frame(first in edits(), second in edits(), third in edits(), extras in 0u32..128) {
        let term = term(extras << 1 | 1, "256,RGB,usstyle,overline,strikethrough");
        let size = Size::new(24, 10);
        let history = Box::new(MemoryHistory::new(0, size.cols));
        let mut pane = Terminal::new(size, TerminalConfig::default(), history);
        let mut tty = Tty::new(size, true, TtyOptions::default());
        let mut out = Vec::new();
        tty.start(&term, &mut out);
        let mut frame = Frame::new(size);
        frame.regions = regions();
        for edits in [&first, &second, &third] {
            apply(&mut frame, edits, Depth::Rgb);
            tty.draw(&frame, &FrameLinks::default(), &term, &mut out);
            pane.feed(&out);
            for y in 0..size.rows {
                for x in 0..size.cols {
                    let want = visible(frame.surface.get(x, y));
                    let why = String::from_utf8_lossy(&out).escape_debug().to_string();
                    assert_eq!(visible(&pane.cell(x, y)), want, "{x},{y} {why}");
                }
            }
            out.clear();
        }
    }
}

#[test]
fn erasing_does_not_tear_wide_characters() {
    let term = term(0xff, "256,RGB");
    let size = Size::new(24, 10);
    let mut pane = Terminal::new(size, TerminalConfig::default(), Box::new(MemoryHistory::new(0, size.cols)));
    let mut tty = Tty::new(size, true, TtyOptions::default());
    let mut out = Vec::new();
    tty.start(&term, &mut out);
    let mut frame = Frame::new(size);
    let text = |x, what, len| Edit::Text { x, y: 9, what, style: 0, len };
    let blue = Edit::Fill { x: 0, y: 9, cols: 16, rows: 1, style: 2 };
    for edits in [vec![text(7, 2, 5)], vec![blue, text(10, 2, 1)]] {
        apply(&mut frame, &edits, Depth::Eight);
        tty.draw(&frame, &FrameLinks::default(), &term, &mut out);
        pane.feed(&std::mem::take(&mut out));
    }
    assert_eq!(visible(&pane.cell(9, 9)), visible(frame.surface.get(9, 9)));
}

/// Text that the terminal would join: a hand and a skin tone side by side.
#[test]
fn what_a_terminal_would_join_stays_apart() {
    let term = term(0xff, "256,RGB");
    let size = Size::new(24, 1);
    let mut pane = Terminal::new(size, TerminalConfig::default(), Box::new(MemoryHistory::new(0, size.cols)));
    let mut tty = Tty::new(size, true, TtyOptions::default());
    let mut out = Vec::new();
    tty.start(&term, &mut out);
    let mut frame = Frame::new(size);
    let wide = |c| Cell { glyph: Glyph::Char(c), width: 2, ..Cell::BLANK };
    frame.surface.put(3, 0, wide('\u{1f44d}'));
    for after in ['\u{1f3fd}', '日'] {
        frame.surface.put(5, 0, wide(after));
        tty.draw(&frame, &FrameLinks::default(), &term, &mut out);
        pane.feed(&std::mem::take(&mut out));
        for x in 0..size.cols {
            assert_eq!(visible(&pane.cell(x, 0)), visible(frame.surface.get(x, 0)), "{after} {x}");
        }
    }
}

/// Without sixel a box replaces an image: it comes and goes while no cell below changes.
#[test]
fn boxes_of_images_come_and_go_over_rows_that_stay() {
    let term = term(0xff, "256,RGB");
    let size = Size::new(40, 6);
    let mut pane = Terminal::new(size, TerminalConfig::default(), Box::new(MemoryHistory::new(0, size.cols)));
    let mut tty = Tty::new(size, true, TtyOptions::default());
    let mut out = Vec::new();
    tty.start(&term, &mut out);
    let mut frame = Frame::new(size);
    let image = FrameImage { rect: Rect::new(2, 1, 20, 2), top: 0, data: b"q".as_slice().into() };
    for (number, shown) in [(1, false), (2, true), (3, false), (4, false)] {
        match number {
            1 => frame.descent.number = 1,
            _ => frame.succeed(number),
        }
        frame.images.extend(shown.then(|| image.clone()));
        tty.draw(&frame, &FrameLinks::default(), &term, &mut out);
        pane.feed(&std::mem::take(&mut out));
        assert_eq!(pane.cell(2, 1).glyph.as_char() == Some('S'), shown, "frame {number}");
    }
}

/// Bytes that turn one frame into the next, on a terminal with all capabilities.
fn bytes(change: impl Fn(&mut Frame)) -> String {
    let term = term(0xff, "256,RGB");
    let size = Size::new(80, 24);
    let mut tty = Tty::new(size, true, TtyOptions::default());
    let mut out = Vec::new();
    tty.start(&term, &mut out);
    let mut frame = Frame::new(size);
    frame.regions = vec![Rect::new(0, 0, 80, 23)];
    for y in 0..24 {
        frame.surface.text(0, y, &format!("line {y}"), CellStyle::DEFAULT);
    }
    tty.draw(&frame, &FrameLinks::default(), &term, &mut out);
    out.clear();
    change(&mut frame);
    tty.draw(&frame, &FrameLinks::default(), &term, &mut out);
    String::from_utf8(out).expect("UTF-8").escape_default().to_string()
}

#[test]
fn small_changes_cost_few_bytes() {
    let check = |expect: &str, change: &dyn Fn(&mut Frame)| assert_eq!(bytes(change), expect);
    check("", &|_| {});
    check("x", &|f| {
        f.surface.text(0, 0, "x", CellStyle::DEFAULT);
        f.surface.cursor = Point::new(1, 0);
    });
    check("\\u{1b}[1;23r\\u{1b}[23;1H\\nline X\\r", &|f| {
        f.surface.scroll(&Rect::new(0, 0, 80, 23), 1, &Cell::BLANK);
        f.surface.text(0, 22, "line X", CellStyle::DEFAULT);
        f.surface.cursor = Point::new(0, 22);
    });
    check("\\u{1b}[8B\\u{1b}[K\\u{1b}[H", &|f| {
        f.surface.fill(0, 8, 80, 1, &Cell::BLANK);
    });
}

#[test]
fn colours_fit_the_terminal() {
    let draw = |features: &str, style: CellStyle| {
        let term = term(0xff, features);
        let mut tty = Tty::new(Size::new(4, 1), true, TtyOptions::default());
        let mut out = Vec::new();
        tty.start(&term, &mut out);
        let mut frame = Frame::new(Size::new(4, 1));
        tty.draw(&frame, &FrameLinks::default(), &term, &mut out);
        out.clear();
        frame.surface.put(0, 0, Cell { glyph: Glyph::Char('x'), style, ..Cell::BLANK });
        frame.surface.cursor = Point::new(1, 0);
        tty.draw(&frame, &FrameLinks::default(), &term, &mut out);
        String::from_utf8(out).expect("UTF-8")
    };
    let fg = |fg: Colour| CellStyle { fg, ..CellStyle::DEFAULT };
    assert_eq!(draw("RGB", fg(Colour::Rgb(1, 2, 3))), "\x1b[38;2;1;2;3mx");
    assert_eq!(draw("256", fg(Colour::Rgb(255, 0, 0))), "\x1b[38;5;196mx");
    assert_eq!(draw("", fg(Colour::Rgb(255, 0, 0))), "\x1b[31mx");
    assert_eq!(draw("256", fg(Colour::Basic(9))), "\x1b[91mx");
    assert_eq!(draw("", fg(Colour::Basic(9))), "\x1b[31m\x1b[1mx");
    let curly = CellStyle { attrs: Attrs::UNDERSCORE_CURLY, us: Colour::Indexed(3), ..CellStyle::DEFAULT };
    assert_eq!(draw("usstyle", curly), "\x1b[58:5:3m\x1b[4:3mx");
    assert_eq!(draw("", curly), "x");
}
