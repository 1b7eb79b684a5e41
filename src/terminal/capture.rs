//! Rows as text, as `capture-pane` prints them: plain, with escape sequences, or as lists of
//! hyperlinks.

use std::fmt::Write;

use super::cells::CellTables;
use super::line::Line;
use crate::base::history::{Row, RowFlags, Run, RunKind};
use crate::base::links::Links;
use crate::base::{Attrs, Cell, CellFlags, CellStyle, Colour, Glyph, LinkId};

/// What to print of each row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CaptureOptions {
    /// `-e`: escape sequences for styles and links.
    pub sequences: bool,
    /// `-C`: escape sequences and backslashes made visible.
    pub octal: bool,
    /// `-J`: no line ends where lines continue; trailing blanks are kept.
    pub join: bool,
    /// `-N`: trailing blanks are kept.
    pub trailing: bool,
    /// `-T`: only cells that were written.
    pub written: bool,
    /// `-L`: the number of each row before it, 0 being the first visible one.
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
    last: CellStyle,
    /// Links listed already.
    listed: Vec<LinkId>,
    /// Cells are described instead of shown (`-R`).
    cells: Option<super::capture_cells::Described>,
}

/// Longest hyperlink printed, in bytes with what surrounds it.
const MAX_LINK_BYTES: usize = 8192;

impl Capture {
    /// A capture of rows of a terminal `cols` wide.
    pub fn new(options: CaptureOptions, cols: u32) -> Self {
        Self { options, cols, last: CellStyle::DEFAULT, listed: Vec::new(), cells: None }
    }

    /// A description of each cell of such a grid instead of what it shows.
    pub fn of_cells(grid: super::capture_cells::Described) -> Self {
        Self { cells: Some(grid), ..Self::new(CaptureOptions::default(), 0) }
    }

    /// Appends one row, `number` counting from the first visible one, with its line end.
    pub fn row(&mut self, row: &Row, number: i64, links: &Links, out: &mut String) {
        if let Some(cells) = &mut self.cells {
            return cells.row(row, number, links, out);
        }
        let text = match self.options.hyperlinks {
            true => self.links_of(row, links),
            false => self.text(row, links),
        };
        if self.options.hyperlinks && text.is_empty() {
            return;
        }
        if self.options.numbers {
            let _ = write!(out, "{number} ");
        }
        if self.options.flags {
            out.push_str(&flag_letters(row));
            out.push(' ');
        }
        out.push_str(&text);
        if !(self.options.join && row.flags.contains(RowFlags::WRAPPED)) {
            out.push('\n');
        }
    }

    /// The text of one row without its line end.
    pub fn text(&mut self, row: &Row, links: &Links) -> String {
        let options = self.options;
        if let Some(text) = self.plain_text(row) {
            return text;
        }
        let mut cells = row.cells();
        if options.join || options.written {
            cells.truncate(row.used() as usize);
        } else {
            cells.resize(self.size(row, cells.len()), Cell::CLEARED);
        }
        cells.truncate(self.cols as usize);
        let mut out = String::new();
        let mut in_link = false;
        let mut codes = String::new();
        for cell in cells.iter().filter(|cell| !cell.is_padding()) {
            codes.clear();
            if options.sequences && cell.style != self.last {
                self.style_change(&cell.style, links, &mut in_link, &mut codes);
                out.push_str(&codes);
                self.last = cell.style;
            }
            if cell.flags.contains(CellFlags::TAB) {
                out.push('\t');
            } else if options.octal && cell.glyph.as_char() == Some('\\') {
                out.push_str("\\\\");
            } else {
                // tmux: a cell that is full reads as nothing, since its length is kept in five bits.
                if cell.glyph.len_bytes() < Glyph::MAX_BYTES {
                    cell.glyph.push_text_to(&mut out);
                }
            }
        }
        if in_link {
            // tmux: the codes of the last cell come once more.
            out.push_str(&codes);
            self.push_link("", "", &mut out);
        }
        self.trim(&mut out);
        out
    }

    /// The same for rows of nothing but single-column ASCII, which most are, run by run; only
    /// without escape sequences.
    fn plain_text(&self, row: &Row) -> Option<String> {
        let options = self.options;
        let narrow = |run: &Run| {
            run.kind == RunKind::Narrow
                || run.kind == RunKind::Cleared && !run.flags.contains(CellFlags::PADDING)
        };
        if options.sequences || options.octal || !row.text.is_ascii() || !row.runs.iter().all(narrow) {
            return None;
        }
        let mut out = String::with_capacity(row.text.len() + 1);
        let mut at = 0;
        for run in &row.runs {
            let end = at + run.bytes as usize;
            match run.kind {
                RunKind::Cleared => out.extend(std::iter::repeat_n(' ', run.cols as usize)),
                _ => out.push_str(&row.text[at..end]),
            }
            at = end;
        }
        if options.join || options.written {
            out.truncate(row.used() as usize);
        } else if options.trailing {
            let size = self.size(row, out.len());
            out.extend(std::iter::repeat_n(' ', size.saturating_sub(out.len())));
        }
        out.truncate(self.cols as usize);
        self.trim(&mut out);
        Some(out)
    }

    /// Columns of a row of which runs take `taken`.
    fn size(&self, row: &Row, taken: usize) -> usize {
        let size = row.size as usize;
        match size >= taken && size > 0 {
            true => size,
            false if taken == 0 => 0,
            false => Line::rounded(taken as u32, self.cols) as usize,
        }
    }

    fn trim(&self, out: &mut String) {
        if !self.options.join && !self.options.trailing {
            out.truncate(out.trim_end_matches(' ').len());
        }
    }

    /// The hyperlinks of a row that were not listed yet.
    fn links_of(&mut self, row: &Row, links: &Links) -> String {
        let mut out = String::new();
        for run in &row.runs {
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

    fn escape(&self, out: &mut String) {
        out.push_str(if self.options.octal { "\\033" } else { "\x1b" });
    }

    fn push_codes(&self, codes: &str, out: &mut String) {
        self.escape(out);
        out.push('[');
        out.push_str(codes);
        out.push('m');
    }

    /// The sequences that turn the last style into `style`.
    fn style_change(&self, style: &CellStyle, links: &Links, in_link: &mut bool, out: &mut String) {
        let last = &self.last;
        let mut attrs = last.attrs;
        let gone = ATTRIBUTES.iter().any(|(attr, _)| (last.attrs - style.attrs).contains(*attr))
            || (last.us != Colour::DEFAULT && style.us == Colour::DEFAULT);
        let mut codes: Vec<&str> = Vec::new();
        if gone {
            codes.push("0");
            attrs &= Attrs::CHARSET;
        }
        codes.extend(
            ATTRIBUTES
                .iter()
                .filter(|(attr, _)| (style.attrs - attrs).contains(*attr))
                .map(|(_, code)| *code),
        );
        if !codes.is_empty() {
            self.push_codes(&codes.join(";"), out);
        }
        let colours = [(38, style.fg, last.fg), (48, style.bg, last.bg), (58, style.us, last.us)];
        for (ground, new, old) in colours {
            let code = colour_code(ground, new);
            let unchanged = !gone && code == colour_code(ground, old);
            let reset = gone && new == Colour::Default;
            if !code.is_empty() && !unchanged && !reset {
                self.push_codes(&code, out);
            }
        }
        match (style.attrs.contains(Attrs::CHARSET), attrs.contains(Attrs::CHARSET)) {
            (true, false) => out.push_str(if self.options.octal { "\\016" } else { "\x0e" }),
            (false, true) => out.push_str(if self.options.octal { "\\017" } else { "\x0f" }),
            _ => {}
        }
        if style.link == last.link {
            return;
        }
        match links.get(style.link) {
            Some(link) => *in_link = self.push_link(&link.id, &link.uri, out),
            None if *in_link => {
                self.push_link("", "", out);
                *in_link = false;
            }
            None => {}
        }
    }

    /// Opens a link, or closes it with an empty one; false if it is too long.
    fn push_link(&self, id: &str, uri: &str, out: &mut String) -> bool {
        if uri.len() + id.len() + 17 >= MAX_LINK_BYTES {
            return false;
        }
        self.escape(out);
        out.push_str("]8;");
        if !id.is_empty() {
            out.push_str("id=");
            out.push_str(id);
        }
        out.push(';');
        out.push_str(uri);
        self.escape(out);
        out.push_str(if self.options.octal { "\\\\" } else { "\\" });
        true
    }
}

/// Attributes and their SGR codes, in the order they are printed.
const ATTRIBUTES: [(Attrs, &str); 13] = [
    (Attrs::BRIGHT, "1"),
    (Attrs::DIM, "2"),
    (Attrs::ITALICS, "3"),
    (Attrs::UNDERSCORE, "4"),
    (Attrs::BLINK, "5"),
    (Attrs::REVERSE, "7"),
    (Attrs::HIDDEN, "8"),
    (Attrs::STRIKETHROUGH, "9"),
    (Attrs::UNDERSCORE_DOUBLE, "4:2"),
    (Attrs::UNDERSCORE_CURLY, "4:3"),
    (Attrs::UNDERSCORE_DOTTED, "4:4"),
    (Attrs::UNDERSCORE_DASHED, "4:5"),
    // tmux: printed like the underlines, as 5:3 rather than 53.
    (Attrs::OVERLINE, "5:3"),
];

/// SGR parameters of a colour; empty where there are none.
fn colour_code(ground: u8, colour: Colour) -> String {
    match colour {
        Colour::Indexed(index) => format!("{ground};5;{index}"),
        Colour::Rgb(r, g, b) => format!("{ground};2;{r};{g};{b}"),
        _ if ground == 58 => String::new(),
        Colour::Default => (ground + 1).to_string(),
        Colour::Basic(n @ 0..=7) => (ground - 8 + n).to_string(),
        Colour::Basic(n @ 8..=15) => (ground + 52 + n - 8).to_string(),
        _ => String::new(),
    }
}

/// The letters of `capture-pane -F`.
fn flag_letters(row: &Row) -> String {
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
pub(super) fn is_linked(row: &Row) -> bool {
    row.flags.contains(RowFlags::HYPERLINK) || row.runs.iter().any(|run| run.style.link != LinkId(0))
}

/// Whether tmux needs more than five bytes for some cell.
pub(super) fn is_extended(row: &Row) -> bool {
    let rich = |run: &Run| match run.kind {
        RunKind::Narrow => CellTables::is_extended_style(&run.style),
        RunKind::Wide | RunKind::Cluster(_) | RunKind::Tab(_) => true,
        RunKind::Cleared => matches!(run.style.bg, Colour::Rgb(..)),
    };
    row.flags.contains(RowFlags::EXTENDED) || !row.text.is_ascii() || row.runs.iter().any(rich)
}
