//! Rows as text, as `capture-pane` prints them: plain, with escape sequences, or as lists of
//! hyperlinks.

use std::fmt::Write;

use super::capture_style::Styler;
use super::cells::CellTables;
use super::line::Line;
use crate::base::history::{Piece, RowFlags, RowRef, Run, RunKind};
use crate::base::links::Links;
use crate::base::{Cell, CellFlags, CellStyle, Colour, Glyph, LinkId, text};

/// Options of the printed rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CaptureOptions {
    /// `-e`: escape sequences for styles and links.
    pub sequences: bool,
    /// `-C`: escape sequences and backslashes are printed visibly.
    pub octal: bool,
    /// `-J`: no line breaks where rows wrap; trailing blanks are kept.
    pub join: bool,
    /// `-N`: trailing blanks are kept.
    pub trailing: bool,
    /// `-T`: only written cells.
    pub written: bool,
    /// `-L`: the number of each row before it; 0 is the first visible one.
    pub numbers: bool,
    /// `-F`: letters for the flags of each row before it.
    pub flags: bool,
    /// `-H`: the hyperlinks of each row instead of its text.
    pub hyperlinks: bool,
}

/// A capture in progress: the style carries over from row to row.
#[derive(Clone, Debug)]
pub struct Capture {
    options: CaptureOptions,
    cols: u32,
    styler: Styler,
    /// Links listed already.
    listed: Vec<LinkId>,
    /// `-R`: cells are described instead of shown.
    cells: Option<super::capture_cells::Described>,
}

impl Capture {
    /// A capture of rows of a terminal `cols` wide.
    pub fn new(options: CaptureOptions, cols: u32) -> Self {
        Self { options, cols, styler: Styler::new(options.octal), listed: Vec::new(), cells: None }
    }

    /// A capture that describes each cell instead of showing it.
    pub fn of_cells(grid: super::capture_cells::Described) -> Self {
        Self { cells: Some(grid), ..Self::new(CaptureOptions::default(), 0) }
    }

    /// Appends one row, `number` counting from the first visible one, with its line end.
    pub fn row(&mut self, row: RowRef<'_>, number: i64, links: &Links, out: &mut String) {
        if let Some(cells) = &mut self.cells {
            return cells.row(row, number, links, out);
        }
        let listed = if self.options.hyperlinks { self.links_of(row, links) } else { String::new() };
        if self.options.hyperlinks && listed.is_empty() {
            return;
        }
        if self.options.numbers {
            let _ = write!(out, "{number} ");
        }
        if self.options.flags {
            out.push_str(&flag_letters(row));
            out.push(' ');
        }
        match self.options.hyperlinks {
            true => out.push_str(&listed),
            false => self.push_text(row, links, out),
        }
        if !(self.options.join && row.flags.contains(RowFlags::WRAPPED)) {
            out.push('\n');
        }
    }

    /// The text of one row without its line end.
    pub fn text(&mut self, row: RowRef<'_>, links: &Links) -> String {
        let mut out = String::new();
        self.push_text(row, links, &mut out);
        out
    }

    /// Appends that.
    pub fn push_text(&mut self, row: RowRef<'_>, links: &Links, out: &mut String) {
        let start = out.len();
        if !self.push_runs(row, out) {
            self.push_cells(row, links, out);
        }
        if !self.options.join && !self.options.trailing {
            let end = out[start..].trim_end_matches(' ').len();
            out.truncate(start + end);
        }
    }

    /// Appends a row run by run, which is how much text is captured fast. Whether it could: a row
    /// with links that are shown, one wider than the terminal and `-C` need cells.
    fn push_runs(&mut self, row: RowRef<'_>, out: &mut String) -> bool {
        let options = self.options;
        let linked = |run: &Run| run.style.link != LinkId(0);
        let cols = row.cols();
        if options.octal || cols > self.cols || options.sequences && row.runs.iter().any(linked) {
            return false;
        }
        let whole = !options.join && !options.written;
        let shown = if whole { cols } else { cols.saturating_sub(row.unwritten) };
        out.reserve(row.text.len() + 32);
        for (run, piece) in row.pieces(shown) {
            if options.sequences {
                self.styler.change_to(&run.style, out);
            }
            match piece {
                Piece::Text(text) => text::push_text(text, out),
                Piece::Cluster(text) => push_cluster(text, out),
                Piece::Tab => out.push('\t'),
                Piece::Blanks(count) => push_blanks(count, out),
            }
        }
        let more = if whole { self.size(row, cols as usize).min(self.cols as usize) } else { 0 };
        if more > cols as usize {
            if options.sequences {
                self.styler.change_to(&CellStyle::DEFAULT, out);
            }
            // Others would be cut off again.
            if options.trailing {
                push_blanks(more as u32 - cols, out);
            }
        }
        true
    }

    /// Appends a row cell by cell.
    fn push_cells(&mut self, row: RowRef<'_>, links: &Links, out: &mut String) {
        let options = self.options;
        let mut cells = row.cells();
        if options.join || options.written {
            cells.truncate(row.used() as usize);
        } else {
            cells.resize(self.size(row, cells.len()), Cell::CLEARED);
        }
        cells.truncate(self.cols as usize);
        let mut in_link = false;
        let mut codes = String::new();
        for cell in cells.iter().filter(|cell| !cell.is_padding()) {
            codes.clear();
            if options.sequences {
                self.styler.change_with_link(&cell.style, links, &mut in_link, &mut codes);
                out.push_str(&codes);
            }
            if cell.flags.contains(CellFlags::TAB) {
                out.push('\t');
            } else if options.octal && cell.glyph.as_char() == Some('\\') {
                out.push_str("\\\\");
            } else {
                // tmux: a cell of the maximum length prints nothing, since the length is stored in
                // five bits.
                if cell.glyph.len_bytes() < Glyph::MAX_BYTES {
                    cell.glyph.push_text_to(out);
                }
            }
        }
        if in_link {
            // tmux: prints the codes of the last cell once more.
            out.push_str(&codes);
            self.styler.push_link("", "", out);
        }
    }

    /// Columns of a row of which runs take `taken`.
    fn size(&self, row: RowRef<'_>, taken: usize) -> usize {
        let size = row.size as usize;
        match size >= taken && size > 0 {
            true => size,
            false if taken == 0 => 0,
            false => Line::rounded(taken as u32, self.cols) as usize,
        }
    }

    /// The hyperlinks of a row that were not listed yet.
    fn links_of(&mut self, row: RowRef<'_>, links: &Links) -> String {
        let mut out = String::new();
        for run in row.runs {
            let id = run.style.link;
            if id == LinkId(0) || self.listed.contains(&id) {
                continue;
            }
            let Some(link) = links.get(id) else { continue };
            if self.listed.len() as u32 >= self.cols {
                break;
            }
            self.listed.push(id);
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&link.uri);
        }
        out
    }
}

/// Appends what a cell of several characters shows.
fn push_cluster(text: &str, out: &mut String) {
    match text.len() {
        0 => out.push(' '),
        // tmux: a cell that is full reads as nothing, since its length is kept in five bits.
        Glyph::MAX_BYTES.. => {}
        _ => text::push_text(text, out),
    }
}

fn push_blanks(count: u32, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', count as usize));
}

/// The letters of `capture-pane -F`.
fn flag_letters(row: RowRef<'_>) -> String {
    let (extended, linked) = (is_extended(row), is_linked(row));
    let letters = [
        ('H', linked),
        ('O', row.flags.contains(RowFlags::START_OUTPUT)),
        ('P', row.flags.contains(RowFlags::START_PROMPT)),
        ('W', row.flags.contains(RowFlags::WRAPPED)),
        ('X', extended),
    ];
    let text: String = letters.iter().filter(|(_, on)| *on).map(|(letter, _)| *letter).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

/// Whether some cell has, or had, a hyperlink.
pub(super) fn is_linked(row: RowRef<'_>) -> bool {
    row.flags.contains(RowFlags::HYPERLINK) || row.runs.iter().any(|run| run.style.link != LinkId(0))
}

/// Whether tmux needs more than five bytes for some cell.
pub(super) fn is_extended(row: RowRef<'_>) -> bool {
    let rich = |run: &Run| match run.kind {
        RunKind::Narrow => CellTables::is_extended_style(&run.style),
        RunKind::Wide | RunKind::Cluster(_) | RunKind::Tab(_) => true,
        RunKind::Cleared => matches!(run.style.bg, Colour::Rgb(..)),
    };
    row.flags.contains(RowFlags::EXTENDED) || !row.text.is_ascii() || row.runs.iter().any(rich)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::Attrs;
    use crate::base::history::Row;

    fn colour() -> impl Strategy<Value = Colour> {
        prop_oneof![
            6 => Just(Colour::Default),
            2 => (0u8..16).prop_map(Colour::Basic),
            1 => any::<u8>().prop_map(Colour::Indexed),
            1 => any::<[u8; 3]>().prop_map(|[r, g, b]| Colour::Rgb(r, g, b)),
            1 => Just(Colour::None),
            1 => Just(Colour::Terminal),
        ]
    }

    fn style() -> impl Strategy<Value = CellStyle> {
        let attrs = prop_oneof![2 => Just(0), 1 => any::<u16>(), 1 => (0u32..14).prop_map(|bit| 1 << bit)];
        let any = (colour(), colour(), colour(), attrs, 0u32..8).prop_map(|(fg, bg, us, attrs, link)| {
            let link = LinkId(link.saturating_sub(5));
            CellStyle { fg, bg, us, attrs: Attrs::from_bits_truncate(attrs), link }
        });
        prop_oneof![1 => Just(CellStyle::DEFAULT), 2 => any]
    }

    /// Runs of every kind, those included that were cut.
    fn runs() -> impl Strategy<Value = Vec<(Run, String)>> {
        let text = prop_oneof![
            3 => "[a-z \\\\]{1,12}".prop_map(|text| (RunKind::Narrow, text, 0)),
            1 => " {1,5}".prop_map(|text| (RunKind::Narrow, text, 0)),
            1 => "[é─\u{10ff80}]{1,4}".prop_map(|text| (RunKind::Narrow, text, 0)),
            1 => "[世界😀]{1,4}".prop_map(|text| (RunKind::Wide, text, 0)),
            1 => (0u32..2).prop_map(|cut| (RunKind::Cluster(2), "👍🏽".to_owned(), 2 - cut)),
            1 => Just((RunKind::Cluster(1), "e\u{301}".to_owned(), 1)),
            1 => Just((RunKind::Cluster(1), "e\u{301}".repeat(11), 1)),
            1 => (1u32..9).prop_map(|cols| (RunKind::Tab(8), String::new(), cols)),
            2 => (1u32..9).prop_map(|cols| (RunKind::Cleared, String::new(), cols)),
        ];
        let flags = prop_oneof![6 => Just(CellFlags::empty()), 1 => Just(CellFlags::PADDING)];
        let run = (text, style(), flags).prop_map(|((kind, text, cols), style, flags)| {
            let cols = match kind {
                RunKind::Narrow => text.chars().count() as u32,
                RunKind::Wide => 2 * text.chars().count() as u32,
                _ => cols,
            };
            let flags = if kind == RunKind::Cleared { flags } else { CellFlags::empty() };
            (Run { kind, style, flags, bytes: text.len() as u32, cols }, text)
        });
        prop::collection::vec(run, 0..6)
    }

    fn row() -> impl Strategy<Value = Row> {
        (runs(), 0u32..60, 0u32..6, any::<bool>()).prop_map(|(runs, size, unwritten, wrapped)| {
            let mut row = Row { size, ..Row::default() };
            for (run, text) in runs {
                row.text.push_str(&text);
                row.push_run(run);
            }
            row.unwritten = unwritten.min(row.cols());
            row.flags.set(RowFlags::WRAPPED, wrapped);
            row
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn run_by_run_is_what_cell_by_cell_is(rows in prop::collection::vec(row(), 1..4), cols in 8u32..70, on in 0u8..32) {
            let links = Links::new();
            let flag = |bit: u8| on & 1 << bit != 0;
            let options = CaptureOptions {
                sequences: flag(0),
                join: flag(1),
                trailing: flag(2),
                written: flag(3),
                octal: flag(4),
                ..CaptureOptions::default()
            };
            let (mut runs, mut cells) = (Capture::new(options, cols), Capture::new(options, cols));
            for row in &rows {
                let mut expect = String::new();
                cells.push_cells(row.by_ref(), &links, &mut expect);
                if !options.join && !options.trailing {
                    expect.truncate(expect.trim_end_matches(' ').len());
                }
                prop_assert_eq!(runs.text(row.by_ref(), &links), expect);
            }
        }
    }
}
