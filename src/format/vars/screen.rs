//! Reading a pane's terminal for variables: facts about its screen, and text at a position. Each function
//! locks the terminal only while it copies.

use crate::base::history::{Row, RowFlags, usual_size};
use crate::base::{Cell, CellFlags, CellStyle, Colour, Point};
use crate::model::Pane;
use crate::terminal::{CursorShape, Modes, Progress, Terminal};

/// Bytes that tmux 3.7c uses for a line, a cell, and an extended cell.
const LINE_BYTES: u64 = 40;
const CELL_BYTES: u64 = 5;
const EXTENDED_BYTES: u64 = 23;

/// Maximum number of rows of a wrapped line from which a line or word is taken.
const MAX_ROWS: usize = 1000;

/// Values of variables about a screen.
pub(crate) struct Facts {
    pub alternate: bool,
    pub saved_cursor: (u32, u32),
    pub cursor: Point,
    /// The character at the cursor; `None` in the middle of a wide character.
    pub cursor_character: Option<String>,
    pub cursor_colour: Colour,
    pub cursor_shape: CursorShape,
    pub modes: Modes,
    pub path: String,
    pub progress: Progress,
    pub tabs: Vec<u32>,
    pub region: (u32, u32),
}

impl Facts {
    pub(crate) fn of(pane: &Pane) -> Self {
        let terminal = pane.terminal.lock();
        let cursor = terminal.cursor();
        let saved = terminal.saved_cursor();
        let colour = terminal.cursor_colour().or(terminal.config().cursor_colour);
        Self {
            alternate: terminal.alternate_on(),
            saved_cursor: saved.map_or((u32::MAX, u32::MAX), |at| (at.x, at.y)),
            cursor,
            cursor_character: character(&terminal.cell(cursor.x, cursor.y)),
            cursor_colour: colour.unwrap_or(Colour::None),
            cursor_shape: terminal.cursor_shape(),
            modes: terminal.modes(),
            path: terminal.path().to_owned(),
            progress: terminal.progress(),
            tabs: terminal.tabs(),
            region: terminal.scroll_region(),
        }
    }
}

fn character(cell: &Cell) -> Option<String> {
    if cell.is_padding() {
        return None;
    }
    if cell.flags.contains(CellFlags::TAB) {
        return Some(" ".repeat(usize::from(cell.width)));
    }
    let mut out = String::new();
    cell.glyph.push_text_to(&mut out);
    Some(out)
}

/// Title of the pane's terminal.
pub(crate) fn title(pane: &Pane) -> String {
    pane.terminal.lock().title().to_owned()
}

/// Default colours that the program in the pane chose.
pub(crate) fn own_style(pane: &Pane) -> CellStyle {
    let terminal = pane.terminal.lock();
    let palette = terminal.palette();
    CellStyle {
        fg: palette.fg.unwrap_or(Colour::DEFAULT),
        bg: palette.bg.unwrap_or(Colour::DEFAULT),
        ..CellStyle::DEFAULT
    }
}

/// Memory of a pane's lines, counted as tmux does; history on disk counts with its size there.
pub(crate) struct Memory {
    lines: u64,
    cells: u64,
    extended: u64,
    history: u64,
}

impl Memory {
    pub(crate) fn of(pane: &Pane) -> Self {
        let mut terminal = pane.terminal.lock();
        let size = terminal.size();
        let history_rows = terminal.history_rows();
        let (memory, disk) = terminal.history().bytes();
        let mut this = Self {
            lines: history_rows + u64::from(size.rows),
            cells: 0,
            extended: 0,
            history: if history_rows == 0 { 0 } else { memory + disk },
        };
        for row in (0..size.rows).map(|y| terminal.row(y)) {
            this.cells += u64::from(usual_size(row.cols(), size.cols));
            this.extended += row
                .runs
                .iter()
                .filter(|run| is_extended(&run.style))
                .map(|run| u64::from(run.cols))
                .sum::<u64>();
        }
        this
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.lines * LINE_BYTES + self.cells * CELL_BYTES + self.extended * EXTENDED_BYTES + self.history
    }

    /// `lines,bytes,cells,bytes,extended cells,bytes`.
    pub(crate) fn describe(&self) -> String {
        let Self { lines, cells, extended, .. } = self;
        let bytes = [lines * LINE_BYTES, cells * CELL_BYTES, extended * EXTENDED_BYTES];
        format!("{lines},{},{cells},{},{extended},{}", bytes[0], bytes[1], bytes[2])
    }
}

fn is_extended(style: &CellStyle) -> bool {
    let rgb = |colour| matches!(colour, Colour::Rgb(..));
    rgb(style.fg)
        || rgb(style.bg)
        || style.us != Colour::DEFAULT
        || style.link.0 != 0
        || style.attrs.bits() > 0xff
}

/// Text of the visible rows, without blanks at their ends.
pub(crate) fn visible_rows(pane: &Pane) -> Vec<String> {
    let terminal = pane.terminal.lock();
    (0..terminal.size().rows)
        .map(|y| {
            let mut text = row_text(&terminal.row(y), " ");
            text.truncate(text.trim_end_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b').len());
            text
        })
        .collect()
}

/// Text of a row; `tab` stands for a tab.
fn row_text(row: &Row, tab: &str) -> String {
    let mut out = String::new();
    for cell in row.cells().iter().filter(|cell| !cell.is_padding()) {
        if cell.flags.contains(CellFlags::TAB) {
            out.push_str(tab);
        } else {
            cell.glyph.push_text_to(&mut out);
        }
    }
    out
}

/// The visible row at `y`; `None` when it is empty.
pub(crate) fn line_at(pane: &Pane, y: u32) -> Option<String> {
    let text = row_text(&pane.terminal.lock().row(y), "\t");
    (!text.is_empty()).then_some(text)
}

/// The URI of the hyperlink at a cell.
pub(crate) fn hyperlink_at(pane: &Pane, x: u32, y: u32) -> Option<String> {
    let terminal = pane.terminal.lock();
    let mut x = x;
    while terminal.cell(x, y).is_padding() {
        x = x.checked_sub(1)?;
    }
    terminal.links().get(terminal.cell(x, y).style.link).map(|link| link.uri.clone())
}

/// A position on the visible screen or in the history, moved cell by cell over wrapped rows. Row 0 is the
/// oldest row of history.
struct Walk<'t> {
    terminal: &'t mut Terminal,
    history: u64,
    x: u32,
    y: u64,
    /// The row at `y`.
    row: Row,
    cells: Vec<Cell>,
}

impl<'t> Walk<'t> {
    fn new(terminal: &'t mut Terminal, x: u32, y: u32) -> Self {
        let history = terminal.history_rows();
        let mut walk = Self { terminal, history, x, y: 0, row: Row::default(), cells: Vec::new() };
        walk.go(history + u64::from(y));
        walk
    }

    fn fetch(&mut self, y: u64) -> Row {
        match y.checked_sub(self.history) {
            Some(visible) => self.terminal.row(visible as u32),
            None => self.terminal.history_row(y).unwrap_or_default(),
        }
    }

    fn go(&mut self, y: u64) {
        self.y = y;
        self.row = self.fetch(y);
        self.cells = self.row.cells();
    }

    fn cell(&self) -> Cell {
        self.cells.get(self.x as usize).cloned().unwrap_or(Cell::CLEARED)
    }

    fn length(&self) -> u32 {
        self.cells.len() as u32
    }

    /// Moves one cell left, onto the previous row if that wraps; returns false at the start of the line.
    fn back(&mut self) -> bool {
        if self.x == 0 {
            if self.y == 0 || !self.fetch(self.y - 1).flags.contains(RowFlags::WRAPPED) {
                return false;
            }
            self.go(self.y - 1);
            self.x = self.length();
            if self.x == 0 {
                return false;
            }
        }
        self.x -= 1;
        true
    }

    /// Moves one cell right, onto the next row if this one wraps; returns false at the end of the line.
    fn forward(&mut self) -> bool {
        if self.length() != 0 && self.x + 1 != self.length() {
            self.x += 1;
            return true;
        }
        let last = self.history + u64::from(self.terminal.size().rows) - 1;
        if self.y == last || !self.row.flags.contains(RowFlags::WRAPPED) {
            return false;
        }
        self.go(self.y + 1);
        self.x = 0;
        true
    }

    fn at_separator(&self, separators: &str) -> bool {
        let cell = self.cell();
        if cell.flags.contains(CellFlags::TAB) {
            return true;
        }
        cell.glyph.as_char().is_some_and(|c| c == ' ' || separators.contains(c))
    }
}

/// The word at a cell of the visible screen, delimited by blanks and separators, over wrapped rows.
pub(crate) fn word_at(pane: &Pane, x: u32, y: u32, separators: &str) -> Option<String> {
    let mut terminal = pane.terminal.lock();
    let limit = MAX_ROWS * terminal.size().cols as usize;
    let mut walk = Walk::new(&mut terminal, x, y);
    // Move to the separator before the word, or to the start of the line.
    let mut on_separator = false;
    for _ in 0..limit {
        if !walk.cell().is_padding() && walk.at_separator(separators) {
            on_separator = true;
            break;
        }
        if !walk.back() {
            break;
        }
    }
    let mut word = String::new();
    let mut step = on_separator;
    for _ in 0..limit {
        if step && !walk.forward() {
            break;
        }
        step = true;
        let cell = walk.cell();
        if cell.is_padding() {
            continue;
        }
        if walk.at_separator(separators) {
            break;
        }
        cell.glyph.push_text_to(&mut word);
    }
    (!word.is_empty()).then_some(word)
}
