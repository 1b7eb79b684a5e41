//! The state of one screen and the movement of its cursor: positions, modes, tabs, scroll region.
//!
//! The cursor may be one column behind the last (text wraps before the next character), and after a
//! resize without reflow anywhere to the right of the screen.

use std::collections::VecDeque;

use super::checksum::ChecksumRules;
use super::config::{ExtendedKeys, TerminalConfig};
use super::events::{Outbox, TerminalEvent};
use super::graphics::Graphics;
use super::grid::Grid;
use super::images::Images;
use super::keyboard::{Keyboard, KeyboardFlags};
use super::marks::CommandMarks;
use super::modes::{CursorShape, Modes, Progress, ProgressState};
use super::palette::Palette;
use crate::base::commands::CommandRecord;
use crate::base::history::History;
use crate::base::{CellStyle, Colour, Glyph, Size};

/// Settings for written characters: style and character sets.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Pen {
    pub style: CellStyle,
    /// True if G1 is in use rather than G0.
    pub shifted: bool,
    /// For G0 and G1: true for the line drawing set.
    pub line_drawing: [bool; 2],
}

impl Pen {
    pub(super) fn draws_lines(&self) -> bool {
        self.line_drawing[usize::from(self.shifted)]
    }
}

/// State saved by DECSC.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct SavedCursor {
    pub pen: Pen,
    pub x: u32,
    pub y: u32,
    pub origin: bool,
}

/// State saved when the alternate screen is entered, beside the lines.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct SavedScreen {
    pub cursor: Option<(u32, u32)>,
    pub style: CellStyle,
}

/// Titles kept by XTWINOPS 22.
pub(super) const MAX_TITLES: usize = 10;

/// One screen: the grid and all state that a program sets.
pub(super) struct Screen {
    pub config: TerminalConfig,
    pub grid: Grid,
    /// Buffer for the text of a cell that a character joins, reused to avoid allocations.
    pub cluster: Vec<u8>,
    pub cx: u32,
    pub cy: u32,
    pub upper: u32,
    pub lower: u32,
    pub modes: Modes,
    pub keyboard: Keyboard,
    /// Rules for checksums of the screen.
    pub checksum_rules: ChecksumRules,
    /// Size in the last report to the program: cells and pixels.
    pub told_size: Option<(Size, (u32, u32))>,
    pub tabs: Vec<bool>,
    pub pen: Pen,
    pub saved_cursor: SavedCursor,
    pub saved_screen: SavedScreen,
    /// The last printed character, for REP.
    pub last: Option<Glyph>,
    pub title: String,
    pub titles: VecDeque<String>,
    pub path: String,
    pub cursor_shape: CursorShape,
    pub cursor_colour: Option<Colour>,
    pub progress: Progress,
    pub marks: CommandMarks,
    pub marked_rows: super::marked_rows::MarkedRows,
    /// The command that is running.
    pub command: Option<Box<CommandRecord>>,
    /// Command line that the shell told (OSC 633 `E`), until its output begins.
    pub command_line: Option<String>,
    /// Pieces so far of a notification that is sent in several.
    pub unfinished_notification: Option<Box<super::notifications::Notification>>,
    pub palette: Palette,
    pub images: Images,
    pub graphics: Graphics,
    pub outbox: Outbox,
    /// Off: every line is written to cells, for tests.
    #[cfg(test)]
    pub lines_pass: bool,
}

impl Screen {
    pub(super) fn new(size: Size, config: TerminalConfig, history: Box<dyn History>) -> Self {
        let size = Size::new(size.cols.max(1), size.rows.max(1));
        let mut screen = Self {
            palette: Palette::new(&config.palette),
            config,
            grid: Grid::new(size, history),
            cluster: Vec::new(),
            cx: 0,
            cy: 0,
            upper: 0,
            lower: size.rows - 1,
            modes: Modes::empty(),
            keyboard: Keyboard::default(),
            checksum_rules: ChecksumRules::default(),
            told_size: None,
            tabs: Vec::new(),
            pen: Pen::default(),
            saved_cursor: SavedCursor::default(),
            saved_screen: SavedScreen::default(),
            last: None,
            title: String::new(),
            titles: VecDeque::new(),
            path: String::new(),
            cursor_shape: CursorShape::Default,
            cursor_colour: None,
            progress: Progress::default(),
            marks: CommandMarks::default(),
            marked_rows: Default::default(),
            command: None,
            command_line: None,
            unfinished_notification: None,
            images: Images::default(),
            graphics: Graphics::default(),
            outbox: Outbox::default(),
            #[cfg(test)]
            lines_pass: true,
        };
        screen.reset_tabs();
        screen.modes = screen.initial_modes();
        screen
    }

    pub(super) fn size(&self) -> Size {
        self.grid.size
    }

    pub(super) fn cols(&self) -> u32 {
        self.grid.size.cols
    }

    pub(super) fn rows(&self) -> u32 {
        self.grid.size.rows
    }

    /// Modes of a screen that was just reset.
    fn initial_modes(&self) -> Modes {
        let mut modes = Modes::CURSOR | Modes::WRAP;
        modes.set(Modes::KEYS_EXTENDED, self.config.extended_keys == ExtendedKeys::Always);
        modes
    }

    pub(super) fn keyboard_flags(&self) -> KeyboardFlags {
        match self.config.kitty_keys {
            true => self.keyboard.current(self.grid.saved.is_some()),
            false => KeyboardFlags::empty(),
        }
    }

    /// Sets the extended key mode that a new screen starts with.
    pub(super) fn restart_modes(&mut self) {
        let extended = self.initial_modes() & Modes::EXTENDED_KEYS;
        self.modes = (self.modes - Modes::EXTENDED_KEYS) | extended;
    }

    pub(super) fn reset_tabs(&mut self) {
        self.tabs = (0..self.cols()).map(|x| x > 0 && x % 8 == 0).collect();
    }

    /// Resets pen and saved cursor.
    pub(super) fn reset_pen(&mut self) {
        self.pen = Pen::default();
        self.saved_cursor = SavedCursor { origin: self.saved_cursor.origin, ..SavedCursor::default() };
    }

    /// RIS: resets the same state as in tmux, which does not leave the alternate screen.
    pub(super) fn reset(&mut self) {
        self.palette.clear();
        self.outbox.event(TerminalEvent::Palette);
        self.reset_pen();
        self.clear_and_reset();
    }

    /// Resets the state for another program: an empty screen with the state of a new one. Title,
    /// palette and history stay, and the screen's contents do not go into the history.
    pub(super) fn restart(&mut self) {
        self.outlive_program();
        self.grid.clear(0, 0, self.cols(), self.rows(), Colour::Default);
        self.move_to(Some(0), Some(0));
    }

    /// Like `restart`, but the screen's contents stay.
    pub(super) fn outlive_program(&mut self) {
        self.pen = Pen::default();
        self.saved_cursor = SavedCursor::default();
        self.last = None;
        self.modes = self.initial_modes() | (self.modes & Modes::CRLF);
        self.keyboard = Keyboard::default();
        self.checksum_rules = ChecksumRules::default();
        if self.grid.saved.is_some() {
            self.leave_alternate(false);
        }
        self.saved_screen = SavedScreen::default();
        self.reset_tabs();
        self.set_region(0, self.rows() - 1);
        self.titles.clear();
        self.marks.change_program();
        self.drop_all_images();
        self.set_progress(ProgressState::Hidden, Some(0));
    }

    /// Resets tabs, region and modes, and clears the screen.
    pub(super) fn clear_and_reset(&mut self) {
        self.reset_tabs();
        self.set_region(0, self.rows() - 1);
        self.modes = self.initial_modes();
        self.keyboard = Keyboard::default();
        self.checksum_rules = ChecksumRules::default();
        self.clear_screen(Colour::Default);
        self.move_to(Some(0), Some(0));
    }

    /// Moves the cursor; it may be one column behind the last. tmux: a cursor beyond the edge, as a
    /// narrower alternate screen leaves it, stays there until it moves.
    pub(super) fn move_to(&mut self, x: Option<u32>, y: Option<u32>) {
        if (x, y) == (Some(self.cx), Some(self.cy)) {
            return;
        }
        if let Some(x) = x {
            self.cx = if x > self.cols() { self.cols() - 1 } else { x };
        }
        if let Some(y) = y {
            self.cy = y.min(self.rows() - 1);
        }
    }

    /// First and last row that a program can address: the region's in origin mode.
    pub(super) fn addressed_rows(&self) -> (u32, u32) {
        match self.modes.contains(Modes::ORIGIN) {
            true => (self.upper, self.lower),
            false => (0, self.rows() - 1),
        }
    }

    /// CUP and similar: counts from the scroll region in origin mode.
    pub(super) fn address(&mut self, x: Option<u32>, y: Option<u32>, origin: bool) {
        let y = y.map(|y| match origin && self.modes.contains(Modes::ORIGIN) {
            true if y > self.lower - self.upper => self.lower,
            true => y + self.upper,
            false => y,
        });
        let (cols, rows) = (self.cols(), self.rows());
        self.move_to(x.map(|x| x.min(cols - 1)), y.map(|y| y.min(rows - 1)));
    }

    pub(super) fn cursor_up(&mut self, count: u32) {
        let room = if self.cy < self.upper { self.cy } else { self.cy - self.upper };
        let x = if self.cx == self.cols() { self.cx - 1 } else { self.cx };
        self.move_to(Some(x), Some(self.cy - count.max(1).min(room)));
    }

    pub(super) fn cursor_down(&mut self, count: u32) {
        let room = if self.cy > self.lower { self.rows() - 1 - self.cy } else { self.lower - self.cy };
        let count = count.max(1).min(room);
        if self.cx == self.cols() {
            self.move_to(Some(self.cx - 1), Some(self.cy + count));
        } else if count > 0 {
            self.move_to(Some(self.cx), Some(self.cy + count));
        }
    }

    pub(super) fn cursor_right(&mut self, count: u32) {
        // tmux: behind the right edge the remaining room wraps round and the cursor may move on.
        let room = (self.cols() - 1).wrapping_sub(self.cx);
        let count = count.max(1).min(room);
        if count > 0 {
            self.move_to(Some(self.cx.saturating_add(count)), Some(self.cy));
        }
    }

    pub(super) fn cursor_left(&mut self, count: u32) {
        let count = count.max(1).min(self.cx);
        if count > 0 {
            self.move_to(Some(self.cx - count), Some(self.cy));
        }
    }

    /// Moves left by one, to the end of the line above if that one wraps.
    pub(super) fn backspace(&mut self) {
        use crate::base::history::RowFlags;
        if self.cx > 0 {
            self.move_to(Some(self.cx - 1), Some(self.cy));
        } else if self.cy > 0 && self.grid.line(self.cy - 1).flags.contains(RowFlags::WRAPPED) {
            self.move_to(Some(self.cols() - 1), Some(self.cy - 1));
        }
    }

    pub(super) fn carriage_return(&mut self) {
        self.move_to(Some(0), None);
    }

    /// DECSTBM; a region of one line is ignored.
    pub(super) fn set_region(&mut self, upper: u32, lower: u32) {
        let last = self.rows() - 1;
        let (upper, lower) = (upper.min(last), lower.min(last));
        if upper < lower {
            self.move_to(Some(0), Some(0));
            self.upper = upper;
            self.lower = lower;
        }
    }

    /// Moves back to the previous tab stop, `count` times.
    pub(super) fn tab_back(&mut self, count: u32) {
        let mut x = self.cx.min(self.cols() - 1);
        for _ in 0..count {
            if x == 0 {
                break;
            }
            x -= 1;
            while x > 0 && !self.tabs[x as usize] {
                x -= 1;
            }
        }
        self.cx = x;
    }

    pub(super) fn set_tab(&mut self, on: bool) {
        if let Some(stop) = self.tabs.get_mut(self.cx as usize) {
            *stop = on;
        }
    }

    pub(super) fn save_cursor(&mut self) {
        let origin = self.modes.contains(Modes::ORIGIN);
        self.saved_cursor = SavedCursor { pen: self.pen, x: self.cx, y: self.cy, origin };
    }

    pub(super) fn restore_cursor(&mut self) {
        let saved = self.saved_cursor;
        self.pen = saved.pen;
        self.modes.set(Modes::ORIGIN, saved.origin);
        self.address(Some(saved.x), Some(saved.y), false);
    }

    /// Sets the cursor shape and blinking chosen by DECSCUSR.
    pub(super) fn set_cursor_style(&mut self, number: u32) {
        if let Some((shape, blinking)) = CursorShape::from_number(number) {
            self.cursor_shape = shape;
            if let Some(on) = blinking {
                self.modes.set(Modes::CURSOR_BLINKING, on);
            }
        }
        if number == 0 {
            self.modes.remove(Modes::CURSOR_BLINKING_SET);
        }
    }

    pub(super) fn push_title(&mut self) {
        self.titles.truncate(MAX_TITLES - 1);
        self.titles.push_front(self.title.clone());
    }

    pub(super) fn pop_title(&mut self) {
        if let Some(title) = self.titles.pop_front() {
            self.title = title;
        }
        if self.config.pane {
            self.outbox.event(TerminalEvent::Title(self.title.clone()));
        }
    }
}
