//! Floor 1: the emulator. Bytes in, grid out.
//!
//! One `Terminal` per pane: `feed` it what a program prints and it keeps the visible screen,
//! hands rows that scroll away to the pane's `History`, and collects replies and events for
//! the server to take. It never fails, whatever it is fed, and everything in it is bounded.
//!
//! | file | holds |
//! |---|---|
//! | `parser`, `params` | the state machine of escape sequences |
//! | `csi`, `sgr`, `osc`, `dcs`, `sink` | what sequences do |
//! | `trace` | what the parser finds, as text, for the fuzz target `vte` |
//! | `numbered_modes` | the modes that are switched by number, as a table |
//! | `print`, `edit`, `screen` | writing, erasing and scrolling, cursor and modes |
//! | `passing` | lines that nobody will see |
//! | `cells`, `line`, `grid` | eight-byte cells, lines, traffic with the history |
//! | `reflow`, `resize` | wrapping anew, sizes, the alternate screen |
//! | `alternate` | what full-screen programs drew, for the history |
//! | `memory` | a history in memory |
//! | `checksum` | checksums of the screen, for programs that test terminals |
//! | `timeouts` | strings without an end, questions without an answer |
//! | `save` | all of it as bytes, for the server after this one |
//! | `graphics` | kitty's graphics protocol |
//! | `marks` | where a shell says that prompts, commands and output begin |
//! | `keys`, `kitty`, `capture`, `capture_style` | bytes for a key; rows as text |
//! | `keyboard` | what programs ask of kitty's keyboard protocol |
//! | `notifications` | what programs want to be shown by the system |
//! | `lines` | the text of logical lines by number |
//!
//! It does no I/O and reads no clock: the server tells it the time (`set_now`, `set_clock`)
//! and ends what takes too long (`time_out`, `end_sync`).

mod alternate;
pub mod capture;
pub mod capture_cells;
mod capture_style;
mod cells;
mod checksum;
pub mod config;
mod csi;
mod dcs;
mod edit;
pub mod events;
pub mod graphics;
mod grid;
mod images;
mod keyboard;
pub mod keys;
mod kitty;
mod line;
mod lines;
mod marks;
mod memory;
mod modes;
mod notifications;
mod numbered_modes;
mod osc;
mod palette;
mod params;
mod parser;
mod passing;
mod print;
mod reflow;
mod resize;
mod save;
mod screen;
mod sgr;
mod sink;
mod sixel;
mod timeouts;
pub mod trace;

pub use capture::{Capture, CaptureOptions};
pub(crate) use cells::CellTables;
pub use cells::Packed;
pub use config::{AllowPassthrough, TerminalConfig, Theme};
pub use csi::VERSION;
pub use events::{StringEnd, TerminalEvent};
pub use images::Image;
pub use keyboard::KeyboardFlags;
pub use keys::{
    KeyEncodeOptions, NoEncoding, Pressed, encode_key, encode_mouse, is_typed_as_it_is, write_key,
};
pub use lines::MAX_ROWS_BACK;
pub use marks::{CommandMarks, Mark, MarkKind};
pub use memory::{MemoryHistory, relay, relink};
pub use modes::{CursorShape, Modes, Progress, ProgressState};
pub use notifications::Notification;
pub use palette::Palette;

use crate::base::history::{History, Row, RowFlags, RowRef};
use crate::base::links::Links;
use crate::base::{Cell, Colour, Point, Size, Surface};
use alternate::Why;
use parser::Parser;
use screen::Screen;

/// One pane's terminal.
pub struct Terminal {
    parser: Parser,
    screen: Screen,
    generation: u64,
    /// Nothing was fed and nothing configured yet.
    fresh: bool,
    /// Something but what the program printed changed it since it was last saved.
    disturbed: bool,
    clock: timeouts::Clock,
    /// That was something which a later server cannot find out by itself, as it can the size
    /// and what options say.
    unsaved: bool,
}

impl Terminal {
    pub fn new(size: Size, config: TerminalConfig, mut history: Box<dyn History>) -> Self {
        history.set_width(size.cols.max(1));
        let parser = Parser::new(config.input_buffer_size);
        Self {
            parser,
            screen: Screen::new(size, config, history),
            generation: 0,
            fresh: true,
            disturbed: true,
            clock: timeouts::Clock::default(),
            unsaved: true,
        }
    }

    /// Becomes what another terminal is; history, configuration and title stay its own.
    pub fn take_over(&mut self, mut other: Terminal) {
        let config = self.screen.config.clone();
        let (own, new) = (&mut self.screen.grid, &mut other.screen.grid);
        std::mem::swap(&mut own.history, &mut new.history);
        std::mem::swap(&mut own.alternate, &mut new.alternate);
        new.history.set_width(new.size.cols.max(1));
        new.pullable = grid::Pullable::Rows(0);
        new.now = own.now;
        std::mem::swap(&mut self.screen.title, &mut other.screen.title);
        let generation = self.generation.max(other.generation) + 1;
        *self = Self { generation, fresh: false, disturbed: true, unsaved: true, ..other };
        self.configure(&config);
    }

    /// Takes in what a program printed. Splitting the bytes differently changes nothing.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.generation += 1;
        self.fresh = false;
        self.parser.advance(bytes, &mut self.screen);
        self.clock.note_string(self.parser.open_string());
    }

    /// Bytes to write to the program, at most 64 KiB and clipboard answers.
    pub fn take_replies(&mut self) -> Vec<u8> {
        self.screen.outbox.take_replies()
    }

    /// Whether bytes for the outer terminal wait among the events.
    pub fn has_passthrough(&self) -> bool {
        self.screen.outbox.has_passthrough()
    }

    /// What happened since last asked.
    pub fn take_events(&mut self) -> Vec<TerminalEvent> {
        self.screen.outbox.take_events()
    }

    /// Changes whenever the screen may have changed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Replaces what options and clients decide.
    pub fn configure(&mut self, config: &TerminalConfig) {
        if self.screen.config == *config {
            return;
        }
        self.generation += 1;
        self.disturbed = true;
        self.parser.set_limit(config.input_buffer_size);
        if self.screen.config.palette != config.palette {
            self.screen.palette.set_defaults(&config.palette);
        }
        self.screen.config.clone_from(config);
        self.screen.grid.set_alternate(config.alternate_history);
        if std::mem::take(&mut self.fresh) {
            // Options decide how a terminal starts, but do not change one that is in use.
            self.screen.restart_modes();
        }
    }

    pub fn config(&self) -> &TerminalConfig {
        &self.screen.config
    }

    /// Tells the time, in seconds since the epoch, for rows that leave the screen.
    pub fn set_now(&mut self, seconds: i64) {
        if self.screen.grid.alternate.is_some() && seconds != self.screen.grid.now {
            // Still of the time before.
            self.screen.look(Why::Later);
        }
        self.screen.grid.now = seconds;
    }

    /// Changes size: lines wrap anew, rows come back from the history or go to it.
    pub fn resize(&mut self, size: Size) {
        self.start_resize(size);
        self.screen.resize(size);
    }

    /// Takes another size without wrapping lines for it.
    pub fn resize_cut(&mut self, size: Size) {
        self.start_resize(size);
        self.screen.resize_to(size, false);
    }

    fn start_resize(&mut self, size: Size) {
        self.disturbed = true;
        self.generation += 1;
        if size != self.size() {
            self.end_sync();
        }
    }

    /// As a new program finds it: empty, but with the history and title that it had.
    pub fn restart(&mut self) {
        self.disturb();
        self.generation += 1;
        self.screen.restart();
        self.parser.reset();
        self.clock.note_string(None);
    }

    /// As a new program finds it, but what was printed before stays above the cursor, and `line`
    /// says where it ends, if there is any.
    pub fn outlive_program(&mut self, line: &str) {
        self.disturb();
        self.generation += 1;
        self.fresh = false;
        self.parser.reset();
        self.clock.note_string(None);
        self.screen.outlive_program();
        let used = (0..self.size().rows).rev().find(|y| self.row(*y).used() > 0);
        if used.is_none() && self.history_rows() == 0 {
            return;
        }
        if let Some(last) = used {
            self.screen.move_to(Some(0), Some(last));
            self.feed(b"\r\n");
        }
        self.feed(format!("\x1b[2m{line}\x1b[0m\r\n").as_bytes());
        self.screen.last = None;
        self.take_events();
        self.take_replies();
    }

    /// Back to the state of a new terminal, except for the history (`send-keys -R`).
    pub fn reset(&mut self) {
        self.disturb();
        self.generation += 1;
        self.screen.reset_pen();
        self.screen.clear_and_reset();
        self.parser.reset();
        self.clock.note_string(None);
        self.screen.last = None;
    }

    /// Whether a string (OSC, DCS, …) is being collected.
    pub fn in_string(&self) -> bool {
        self.parser.in_string()
    }

    /// Gives up on an unfinished sequence, as tmux does after five seconds.
    fn abort_string(&mut self) {
        self.disturb();
        self.screen.reset_pen();
        self.parser.reset();
        self.screen.last = None;
        self.clock.note_string(None);
    }

    /// Input that is part of an unfinished sequence (`capture-pane -P`).
    pub fn pending_input(&self) -> &[u8] {
        self.parser.pending()
    }

    pub fn size(&self) -> Size {
        self.screen.size()
    }

    /// The cursor's cell; `x` may be the column behind the last one.
    pub fn cursor(&self) -> Point {
        Point::new(self.screen.cx, self.screen.cy)
    }

    pub fn set_cursor(&mut self, at: Point) {
        self.disturb();
        self.screen.address(Some(at.x), Some(at.y), false);
    }

    pub fn cursor_visible(&self) -> bool {
        self.screen.modes.contains(Modes::CURSOR)
    }

    pub fn modes(&self) -> Modes {
        self.screen.modes
    }

    /// What the program asked of kitty's keyboard protocol; nothing where options do not allow it.
    pub fn keyboard_flags(&self) -> KeyboardFlags {
        self.screen.keyboard_flags()
    }

    /// Its size, for a program that asked to be told of it (mode 2048), unless it was told so.
    pub fn size_report(&mut self) -> Vec<u8> {
        self.screen.report_size();
        self.screen.outbox.take_replies()
    }

    /// Sets or clears modes as the server wants them (`CRLF` for screens of its own).
    pub fn set_modes(&mut self, modes: Modes, on: bool) {
        self.disturb();
        self.screen.modes.set(modes, on);
    }

    /// The shape the program chose with DECSCUSR; `Default` leaves it to the option.
    pub fn cursor_shape(&self) -> CursorShape {
        self.screen.cursor_shape
    }

    /// Shape and blinking to show, the option `cursor-style` considered.
    pub fn cursor_style(&self) -> (CursorShape, bool) {
        let screen = &self.screen;
        let blinking = screen.modes.contains(Modes::CURSOR_BLINKING);
        if screen.cursor_shape != CursorShape::Default {
            return (screen.cursor_shape, blinking);
        }
        let (shape, option) =
            CursorShape::from_number(screen.config.cursor_style).unwrap_or((CursorShape::Default, None));
        let chosen = screen.modes.contains(Modes::CURSOR_BLINKING_SET);
        (shape, if chosen { blinking } else { option.unwrap_or(false) })
    }

    /// The cursor's colour that the program chose.
    pub fn cursor_colour(&self) -> Option<Colour> {
        self.screen.cursor_colour
    }

    pub fn title(&self) -> &str {
        &self.screen.title
    }

    pub fn set_title(&mut self, title: impl Into<String>) {
        self.disturb();
        self.screen.title = title.into();
    }

    /// The working directory that the program reported (OSC 7).
    pub fn path(&self) -> &str {
        &self.screen.path
    }

    pub fn set_path(&mut self, path: impl Into<String>) {
        self.disturb();
        self.screen.path = path.into();
    }

    /// Marks of the shell: prompts, the newest command and its output.
    pub fn marks(&self) -> CommandMarks {
        self.screen.marks
    }

    pub fn progress(&self) -> Progress {
        self.screen.progress
    }

    pub fn alternate_on(&self) -> bool {
        self.screen.grid.saved.is_some()
    }

    /// Where the cursor was when the alternate screen was entered.
    pub fn saved_cursor(&self) -> Option<Point> {
        self.screen.saved_screen.cursor.map(|(x, y)| Point::new(x, y))
    }

    /// First and last row of the scroll region.
    pub fn scroll_region(&self) -> (u32, u32) {
        (self.screen.upper, self.screen.lower)
    }

    /// Columns with a tab stop.
    pub fn tabs(&self) -> Vec<u32> {
        let stops = self.screen.tabs.iter().enumerate().filter(|(_, on)| **on);
        stops.map(|(x, _)| x as u32).collect()
    }

    pub fn palette(&self) -> &Palette {
        &self.screen.palette
    }

    /// The theme reported to the program.
    pub fn theme(&self) -> Option<Theme> {
        self.screen.theme()
    }

    /// The pane's style changed (an option, or which pane is active).
    pub fn style_changed(&mut self) {
        self.disturbed = true;
        self.screen.palette.settle();
    }

    /// Images on the visible screen.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.screen.images.list.iter()
    }

    /// Pictures that the program transmitted, by kitty's protocol.
    pub fn pictures(&self) -> &graphics::Pictures {
        &self.screen.graphics.pictures
    }

    /// Whether the program may use that protocol.
    pub fn takes_pictures(&self) -> bool {
        self.screen.takes_graphics()
    }

    pub fn links(&self) -> &Links {
        &self.screen.grid.links
    }

    /// Forgets all hyperlinks (`clear-history -H`).
    pub fn reset_links(&mut self) {
        self.disturb();
        self.screen.grid.links.clear();
    }

    /// Whether the program has begun synchronized output and not ended it.
    pub fn is_synchronized(&self) -> bool {
        self.screen.modes.contains(Modes::SYNC)
    }

    /// Ends synchronized output, because the program did or because it took too long.
    pub fn end_sync(&mut self) {
        if self.screen.modes.contains(Modes::SYNC) {
            self.generation += 1;
            self.disturb();
            self.screen.end_sync();
        }
    }

    /// The colour of a palette entry, from a client that was asked.
    pub fn answer_palette(&mut self, index: u8, rgb: (u8, u8, u8)) {
        if let Some(end) = self.screen.outbox.answer_palette(index) {
            let text = osc::colour_reply(&format!("4;{index}"), rgb, end);
            self.screen.outbox.reply_now(text.as_bytes());
            self.screen.outbox.release();
        }
    }

    /// The clipboard, from a client that was asked.
    pub fn answer_clipboard(&mut self, selection: Option<char>, data: &[u8]) {
        if let Some(end) = self.screen.outbox.answer_clipboard() {
            self.screen.outbox.reply_large(&osc::clipboard_reply(selection, data, end));
            self.screen.outbox.release();
        }
    }

    /// Answers a `ClipboardBuffer` event.
    pub fn reply_clipboard(&mut self, selection: Option<char>, data: &[u8], end: StringEnd) {
        self.screen.outbox.reply_large(&osc::clipboard_reply(selection, data, end));
    }

    /// A cell of the visible screen; blank outside.
    pub fn cell(&self, x: u32, y: u32) -> Cell {
        let grid = &self.screen.grid;
        grid.tables.unpack(grid.get(x, y))
    }

    /// A row of the visible screen; empty outside.
    pub fn row(&self, y: u32) -> Row {
        let mut row = Row::default();
        let grid = &self.screen.grid;
        if let Some(line) = grid.lines.get(y as usize) {
            line.to_row(&grid.tables, &mut row);
        }
        row
    }

    /// Whether a row of the visible screen goes on in the next one.
    pub fn is_wrapped(&self, y: u32) -> bool {
        let line = self.screen.grid.lines.get(y as usize);
        line.is_some_and(|line| line.flags.contains(RowFlags::WRAPPED))
    }

    /// A row of the screen behind the alternate screen.
    pub fn saved_row(&self, y: u32) -> Option<Row> {
        let grid = &self.screen.grid;
        let line = grid.saved.as_ref()?.lines.get(y as usize)?;
        let mut row = Row::default();
        line.to_row(&grid.tables, &mut row);
        Some(row)
    }

    /// Size of the screen behind the alternate screen.
    pub fn saved_size(&self) -> Option<Size> {
        self.screen.grid.saved.as_ref().map(|saved| saved.size)
    }

    /// Rows of history at the current width.
    pub fn history_rows(&mut self) -> u64 {
        self.screen.grid.history.rows()
    }

    /// Rows of history that come back to the screen when it grows.
    pub fn pullable_rows(&mut self) -> u64 {
        self.screen.grid.pullable.of(self.history_rows())
    }

    /// A row of history, 0 being the oldest.
    pub fn history_row(&mut self, index: u64) -> Option<Row> {
        let grid = &mut self.screen.grid;
        grid.history.row(index, &mut grid.links)
    }

    /// Hands over rows of the history in order; see `HistoryView::scan`.
    pub fn scan_history(
        &mut self,
        rows: std::ops::Range<u64>,
        each: &mut dyn FnMut(RowRef<'_>, &Links) -> bool,
    ) {
        let grid = &mut self.screen.grid;
        grid.history.scan(rows, &mut grid.links, each);
    }

    /// Moves what the screen shows into the history, since the pane is closed and its history is
    /// kept. Of the alternate screen nothing is: that never goes to the history.
    pub fn keep_screen(&mut self) {
        self.screen.look(Why::Leave);
        let mut rows: Vec<Row> = match self.saved_size() {
            Some(size) => (0..size.rows).filter_map(|y| self.saved_row(y)).collect(),
            None => (0..self.size().rows).map(|y| self.row(y)).collect(),
        };
        let used = rows.iter().rposition(|row| row.used() > 0).map_or(0, |last| last + 1);
        rows.truncate(used);
        if let Some(last) = rows.last_mut() {
            last.flags.remove(RowFlags::WRAPPED);
        }
        let grid = &mut self.screen.grid;
        rows.iter().for_each(|row| grid.history.push(row, &grid.links));
    }

    /// Hands to the history what is held back of it, before both are saved.
    pub fn settle(&mut self) {
        self.screen.grid.settle_alternate();
    }

    pub fn history(&mut self) -> &mut dyn History {
        &mut *self.screen.grid.history
    }

    pub fn clear_history(&mut self) {
        self.disturb();
        self.generation += 1;
        self.screen.grid.clear_history();
    }

    /// Copies the visible screen onto a surface, clipped to it, with this terminal's link ids.
    pub fn draw(&self, surface: &mut Surface, at: Point) {
        let rows = self.size().rows.min(surface.size().rows.saturating_sub(at.y));
        (0..rows).for_each(|y| self.draw_row(y, surface, at));
        surface.cursor = Point::new(at.x + self.screen.cx.min(self.size().cols - 1), at.y + self.screen.cy);
        surface.cursor_visible = self.cursor_visible();
    }

    /// Copies a row of the visible screen, as `draw` does; nothing outside.
    pub fn draw_row(&self, y: u32, surface: &mut Surface, at: Point) {
        if at.y + y < surface.size().rows
            && let Some(cells) = surface.row_mut(at.y + y).get_mut(at.x as usize..)
        {
            self.read_row(y, cells);
        }
    }

    /// Copies a row of the visible screen, as far as there is room.
    pub fn read_row(&self, y: u32, cells: &mut [Cell]) {
        let grid = &self.screen.grid;
        let Some(line) = grid.lines.get(y as usize) else { return };
        let cols = self.size().cols.min(cells.len() as u32);
        let mut fillers = 0; // that belong to the character before
        for (x, place) in (0..cols).zip(cells) {
            let mut cell = grid.tables.unpack(line.get(x));
            let whole = if cell.is_padding() { fillers > 0 } else { u32::from(cell.width) <= cols - x };
            fillers = if cell.is_padding() { fillers.max(1) - 1 } else { cell.width.max(1) - 1 };
            if !whole {
                cell = Cell { style: cell.style, ..Cell::BLANK };
                fillers = 0;
            }
            *place = cell;
        }
    }

    /// The cells that exist of a row of the visible screen, as the grid holds them: two rows
    /// with equal ones look the same while `table_epoch` is the same.
    pub fn packed_row(&self, y: u32) -> Option<&[Packed]> {
        self.screen.grid.lines.get(y as usize).map(|line| &line.cells[..])
    }

    /// Changes when styles and clusters are numbered anew.
    pub fn table_epoch(&self) -> u64 {
        self.screen.grid.tables.epoch()
    }

    /// Writes text at the cursor in a style, as a program could; for what the server itself
    /// shows in a pane.
    pub fn write_text(&mut self, text: &str, style: crate::base::CellStyle) {
        self.disturb();
        self.generation += 1;
        let before = std::mem::replace(&mut self.screen.pen.style, style);
        for cell in crate::base::width::clusters_with(text, &self.screen.config.widths.clone()) {
            self.screen.put(&Cell { style, ..cell });
        }
        self.screen.pen.style = before;
    }

    /// Writes one cell at the cursor.
    pub fn put(&mut self, cell: &Cell) {
        self.disturb();
        self.generation += 1;
        self.screen.put(cell);
    }

    /// Styles and clusters in the tables, for tests of their bounds.
    #[cfg(test)]
    fn table_sizes(&self) -> (usize, usize) {
        self.screen.grid.tables.len()
    }
}

#[cfg(test)]
mod tests;
