//! A second opinion on drawing: vt100, an emulator of other people, gets the same bytes as ours. A fault
//! that our emulator and our drawer share would be invisible to our emulator alone.
//!
//! Compared are text, colours, and the attributes that vt100 knows. It knows one kind of underline, and
//! nothing of blinking, invisible or struck text, lines above, and links.

use std::num::NonZeroU16;

use scopemux::testing::base::{Attrs, Colour, Size};

use unicode_width::UnicodeWidthStr;

use crate::drawing::Look;

/// Attributes that both emulators know.
const SHARED: &[Attrs] = &[Attrs::BRIGHT, Attrs::DIM, Attrs::ITALICS, Attrs::UNDERSCORE, Attrs::REVERSE];

pub(crate) struct Foreign {
    parser: vt100::Parser,
    agrees: bool,
}

fn dimension(cells: u32) -> NonZeroU16 {
    u16::try_from(cells).ok().and_then(NonZeroU16::new).expect("inputs have sizes from 1 to 65535")
}

/// What one column shows, as far as both emulators know it.
#[derive(PartialEq, Eq, Debug)]
struct Seen {
    text: String,
    fg: vt100::Color,
    bg: vt100::Color,
    attrs: Attrs,
}

fn colour(colour: Colour) -> vt100::Color {
    match colour {
        Colour::Basic(n) | Colour::Indexed(n) => vt100::Color::Idx(n),
        Colour::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        Colour::None | Colour::Default | Colour::Terminal => vt100::Color::Default,
    }
}

/// A blank shows its background, and its foreground only through reverse video or underline.
fn seen(text: &str, fg: vt100::Color, bg: vt100::Color, attrs: Attrs) -> Seen {
    let is_blank = text == " ";
    let attrs = if is_blank { attrs & (Attrs::REVERSE | Attrs::UNDERSCORE) } else { attrs };
    // In vt100, a character is bold or dim, whichever came last.
    let attrs = if attrs.contains(Attrs::DIM) { attrs - Attrs::BRIGHT } else { attrs };
    let fg = if is_blank && attrs.is_empty() { vt100::Color::Default } else { fg };
    Seen { text: text.to_owned(), fg, bg, attrs }
}

impl Foreign {
    pub(crate) fn new(size: Size) -> Self {
        Self { parser: vt100::Parser::new(dimension(size.rows), dimension(size.cols), 0), agrees: true }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
    }

    pub(crate) fn resize(&mut self, size: Size) {
        self.parser.set_size(dimension(size.rows), dimension(size.cols));
    }

    /// The second column of a wide character has no text.
    fn at(&self, y: u32, x: usize) -> Seen {
        let cell = self.parser.screen().cell(y as u16, x as u16).expect("inside the screen");
        let text = match cell.contents() {
            _ if cell.is_wide_continuation() => {
                return seen("", vt100::Color::Default, vt100::Color::Default, Attrs::empty());
            }
            "" => " ",
            text => text,
        };
        let is_set = [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()];
        let attrs = SHARED.iter().zip(is_set).filter(|(_, is_set)| *is_set).map(|(attr, _)| *attr).collect();
        seen(text, cell.fgcolor(), cell.bgcolor(), attrs)
    }

    /// Whether both emulators put this row into the same columns: they agree on the width of each
    /// character, and vt100 does not drop it.
    fn agrees(row: &[Look]) -> bool {
        row.iter().enumerate().all(|(x, (text, ..))| {
            let is_wide = row.get(x + 1).is_some_and(|(text, ..)| text.is_empty());
            let width = if is_wide { 2 } else { 1 };
            text.is_empty() || text.width() == width && text != "\u{fffd}"
        })
    }

    /// Checks that the screen shows `rows`; `None` is a row whose look depends on the terminal. After the
    /// first frame in which the emulators need not agree, nothing is compared any more: the drawer only
    /// sends what changes, so a row that differs stays different.
    pub(crate) fn compare(&mut self, rows: &[Option<Vec<Look>>], out: &[u8]) {
        self.agrees &= rows.iter().all(|row| row.as_deref().is_some_and(Self::agrees));
        if !self.agrees {
            return;
        }
        let known = SHARED.iter().copied().collect::<Attrs>();
        for (y, row) in rows.iter().flatten().enumerate() {
            for (x, (text, style, _)) in row.iter().enumerate() {
                let mut want = seen(text, colour(style.fg), colour(style.bg), style.attrs & known);
                let mut got = self.at(y as u32, x);
                // vt100 knows one kind of underline.
                if style.attrs.intersects(Attrs::ANY_UNDERSCORE - Attrs::UNDERSCORE) {
                    (want.attrs, want.fg) = (want.attrs - Attrs::UNDERSCORE, vt100::Color::Default);
                    (got.attrs, got.fg) = (got.attrs - Attrs::UNDERSCORE, vt100::Color::Default);
                }
                assert!(
                    got == want,
                    "vt100: column {x} of row {y} is {got:?}, should be {want:?}, after {:?}",
                    String::from_utf8_lossy(out)
                );
            }
        }
    }
}
