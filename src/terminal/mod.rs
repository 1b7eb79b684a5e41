//! Floor 1: the emulator. Bytes in, grid out.
//!
//! One `Terminal` per pane: `feed` it a program's output. It keeps the visible screen, moves rows
//! that scroll away to the pane's `History`, and queues replies and events for the server. It
//! accepts any input, and everything in it is bounded.
//!
//! | file | holds |
//! |---|---|
//! | `parser`, `params` | the state machine of escape sequences |
//! | `csi`, `sgr`, `osc`, `dcs`, `sink` | effects of sequences |
//! | `trace` | the parser's commands as text, for the fuzz target `vte` |
//! | `numbered_modes` | table of the modes that are switched by number |
//! | `print`, `edit`, `screen` | writing, erasing and scrolling, cursor and modes |
//! | `passing` | lines that nobody will see |
//! | `cells`, `line`, `grid` | eight-byte cells, lines, traffic with the history |
//! | `reflow`, `resize` | wrapping again at another width, sizes, the alternate screen |
//! | `alternate` | what full-screen programs drew, for the history |
//! | `memory` | a history in memory |
//! | `checksum` | checksums of the screen, for programs that test terminals |
//! | `timeouts` | strings without an end, questions without an answer |
//! | `save` | all of it as bytes, for the next server |
//! | `graphics` | kitty's graphics protocol |
//! | `marks` | where a shell says that prompts, commands and output begin |
//! | `marked_rows` | the columns of those marks, for `capture-pane -R` |
//! | `keys`, `kitty`, `capture`, `capture_style` | bytes for a key; rows as text |
//! | `keyboard` | what programs ask of kitty's keyboard protocol |
//! | `notifications` | what programs want to be shown by the system |
//! | `lines` | the text of logical lines by number |
//!
//! It does no I/O and reads no clock: the server provides the time (`set_now`, `set_clock`) and
//! ends operations that take too long (`time_out`, `end_sync`).

mod alternate;
pub(crate) mod capture;
pub(crate) mod capture_cells;
mod capture_style;
mod cells;
mod checksum;
pub(crate) mod config;
mod csi;
mod dcs;
mod edit;
pub(crate) mod events;
pub(crate) mod graphics;
mod grid;
mod images;
mod keyboard;
pub(crate) mod keys;
mod kitty;
mod line;
mod lines;
mod marked_rows;
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
mod text;
mod timeouts;
pub mod trace;

pub use capture::{Capture, CaptureOptions};
pub(crate) use cells::CellTables;
pub(crate) use cells::Packed;
pub use config::TerminalConfig;
pub(crate) use config::{AllowPassthrough, Theme};
pub(crate) use csi::VERSION;
pub(crate) use events::{StringEnd, TerminalEvent};
pub(crate) use images::Image;
pub(crate) use keyboard::KeyboardFlags;
pub(crate) use keys::{
    KeyEncodeOptions, NoEncoding, Pressed, encode_key, encode_mouse, is_typed_as_it_is, write_key,
};
pub(crate) use lines::MAX_ROWS_BACK;
pub(crate) use marked_rows::MarkedRows;
pub(crate) use marks::{CommandMarks, Mark, MarkKind};
pub use memory::MemoryHistory;
pub(crate) use memory::{relay, relay_next, relink};
pub(crate) use modes::Progress;
pub(crate) use modes::{CursorShape, Modes, ProgressState};
pub(crate) use notifications::Notification;
pub(crate) use palette::Palette;
pub(crate) use reflow::Scrolled;

use crate::base::history::{History, Row, RowFlags, RowRef, cut_screen};
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
    /// True until the terminal is fed or configured.
    fresh: bool,
    /// True if it changed, other than by the program's output, since it was last saved.
    disturbed: bool,
    clock: timeouts::Clock,
    /// True if one of those changes is unknown to a later server, which does know the size and the
    /// options.
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

    /// Takes another terminal's state, but keeps its own history, configuration and title.
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

    /// Processes output of the program. The result does not depend on how the bytes are split.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.generation += 1;
        self.fresh = false;
        self.parser.advance(bytes, &mut self.screen);
        self.screen.forget_trimmed_placements();
        self.clock.note_string(self.parser.open_string());
    }

    /// Takes the bytes to write to the program: at most 64 KiB, and clipboard answers.
    pub fn take_replies(&mut self) -> Vec<u8> {
        self.screen.outbox.take_replies()
    }

    /// Reports whether bytes for the outer terminal are among the events.
    pub fn has_passthrough(&self) -> bool {
        self.screen.outbox.has_passthrough()
    }

    /// Takes the queued events.
    pub fn take_events(&mut self) -> Vec<TerminalEvent> {
        self.screen.outbox.take_events()
    }

    /// Changes whenever the screen may have changed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Replaces the settings from options and clients.
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
            // Options set the state of a new terminal, but do not change one that is in use.
            self.screen.restart_modes();
        }
    }

    pub fn config(&self) -> &TerminalConfig {
        &self.screen.config
    }

    /// Sets the time, in seconds since the epoch, for rows that leave the screen.
    pub fn set_now(&mut self, seconds: i64) {
        if self.screen.grid.alternate.is_some() && seconds != self.screen.grid.now {
            // The sample belongs to the previous second.
            self.screen.look(Why::Later);
        }
        self.screen.grid.now = seconds;
    }

    /// Changes the size: rewraps lines, and moves rows from the history or to it.
    pub fn resize(&mut self, size: Size) {
        self.start_resize(size);
        self.screen.resize(size);
    }

    /// Changes the size without rewrapping lines.
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

    /// Resets the state for a new program: empty, but with the same history and title.
    pub fn restart(&mut self) {
        self.disturb();
        self.generation += 1;
        self.screen.restart();
        self.parser.reset();
        self.clock.note_string(None);
    }

    /// Resets the state for a new program, but keeps earlier output above the cursor, followed by
    /// `line` if there is any output.
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

    /// Resets to the state of a new terminal, except for the history (`send-keys -R`).
    pub fn reset(&mut self) {
        self.disturb();
        self.generation += 1;
        self.screen.reset_pen();
        self.screen.clear_and_reset();
        self.parser.reset();
        self.clock.note_string(None);
        self.screen.last = None;
    }

    /// Reports whether a string (OSC, DCS, …) is being collected.
    pub fn in_string(&self) -> bool {
        self.parser.in_string()
    }

    /// Aborts an unfinished sequence, as tmux does after five seconds.
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

    /// Flags of kitty's keyboard protocol that the program set; empty if options forbid it.
    pub fn keyboard_flags(&self) -> KeyboardFlags {
        self.screen.keyboard_flags()
    }

    /// Size report for a program that asked for reports (mode 2048), unless it has this size
    /// already.
    pub fn size_report(&mut self) -> Vec<u8> {
        self.screen.report_size();
        self.screen.outbox.take_replies()
    }

    /// Sets or clears modes for the server (`CRLF` for screens of its own).
    pub fn set_modes(&mut self, modes: Modes, on: bool) {
        self.disturb();
        self.screen.modes.set(modes, on);
    }

    /// Cursor shape that the program chose with DECSCUSR; `Default` leaves it to the option.
    pub fn cursor_shape(&self) -> CursorShape {
        self.screen.cursor_shape
    }

    /// Shape and blinking to show, with the option `cursor-style` applied.
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

    /// Cursor colour that the program chose.
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
    pub(crate) fn marked_rows(&self) -> &MarkedRows {
        &self.screen.marked_rows
    }

    pub fn marks(&self) -> CommandMarks {
        self.screen.marks
    }

    pub fn progress(&self) -> Progress {
        self.screen.progress
    }

    pub fn alternate_on(&self) -> bool {
        self.screen.grid.saved.is_some()
    }

    /// Position of the cursor when the alternate screen was entered.
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

    /// Handles a change of the pane's style (an option, or which pane is active).
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

    /// Reports whether the program may use kitty's graphics protocol.
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

    /// Reports whether the program has begun synchronized output and not ended it.
    pub fn is_synchronized(&self) -> bool {
        self.screen.modes.contains(Modes::SYNC)
    }

    /// Ends synchronized output, on the program's request or because it took too long.
    pub fn end_sync(&mut self) {
        if self.screen.modes.contains(Modes::SYNC) {
            self.generation += 1;
            self.disturb();
            self.screen.end_sync();
        }
    }

    /// Answers a query with a palette colour from a client.
    pub fn answer_palette(&mut self, index: u8, rgb: (u8, u8, u8)) {
        if let Some(end) = self.screen.outbox.answer_palette(index) {
            let text = osc::colour_reply(&format!("4;{index}"), rgb, end);
            self.screen.outbox.reply_now(text.as_bytes());
            self.screen.outbox.release();
        }
    }

    /// Answers a query with the clipboard of a client.
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

    /// Reports whether a row of the visible screen continues in the next one.
    pub fn is_wrapped(&self, y: u32) -> bool {
        let line = self.screen.grid.lines.get(y as usize);
        line.is_some_and(|line| line.flags.contains(RowFlags::WRAPPED))
    }

    /// A row of the main screen while the alternate screen shows.
    pub fn saved_row(&self, y: u32) -> Option<Row> {
        let grid = &self.screen.grid;
        let line = grid.saved.as_ref()?.lines.get(y as usize)?;
        let mut row = Row::default();
        line.to_row(&grid.tables, &mut row);
        Some(row)
    }

    /// Size of the main screen while the alternate screen shows.
    pub fn saved_size(&self) -> Option<Size> {
        self.screen.grid.saved.as_ref().map(|saved| saved.size)
    }

    /// Rows of history at the current width.
    pub fn history_rows(&mut self) -> u64 {
        self.screen.grid.history.rows()
    }

    /// Rows of history that return when the screen grows.
    pub fn pullable_rows(&mut self) -> u64 {
        self.screen.grid.pullable.of(self.history_rows())
    }

    /// A row of history; 0 is the oldest.
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

    /// Moves the rows of the main screen into the history, when the pane is closed and its history is kept.
    /// The alternate screen never enters the history.
    pub fn keep_screen(&mut self) {
        self.screen.look(Why::Leave);
        let mut rows: Vec<Row> = match self.saved_size() {
            Some(size) => (0..size.rows).filter_map(|y| self.saved_row(y)).collect(),
            None => (0..self.size().rows).map(|y| self.row(y)).collect(),
        };
        cut_screen(&mut rows);
        let grid = &mut self.screen.grid;
        rows.iter().for_each(|row| grid.history.push(row, &grid.links));
    }

    /// Writes held rows to the history, before both are saved.
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
        self.screen.forget_lost_placements();
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

    /// Copies a row of the visible screen, as far as `cells` has room.
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

    /// The existing cells of a row of the visible screen, as the grid holds them: rows with equal
    /// cells look the same while `table_epoch` is the same.
    pub fn packed_row(&self, y: u32) -> Option<&[Packed]> {
        self.screen.grid.lines.get(y as usize).map(|line| &line.cells[..])
    }

    /// Changes whenever styles and clusters are renumbered.
    pub fn table_epoch(&self) -> u64 {
        self.screen.grid.tables.epoch()
    }

    /// Writes text at the cursor in a style, for text of the server itself in a pane.
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

    /// Counts of styles and clusters in the tables, for tests of their limits.
    #[cfg(test)]
    fn table_sizes(&self) -> (usize, usize) {
        self.screen.grid.tables.len()
    }
}

#[cfg(test)]
mod tests;
