//! The state of a copy mode: its view, cursor, selection and search. Everything here is plain data
//! and arithmetic; `motion`, `selection`, `search` and `commands` change it, `draw` shows it.

use serde::{Deserialize, Serialize};

use super::backing::Backing;
use super::reader::Reader;
use super::search::Search;
use super::selection::Shown;
use super::walk::Walk;
use crate::base::Glyph;
use crate::base::commands::CommandRecord;

/// Line numbers left of the text (`copy-mode-line-numbers`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum LineNumbers {
    #[default]
    Off,
    Default,
    Absolute,
    Relative,
    Hybrid,
}

/// Width of the number column if it shows only commands' statuses.
const STATUS_COLS: usize = 4;

impl LineNumbers {
    pub(crate) fn from_choice(name: &str) -> Self {
        match name {
            "default" => Self::Default,
            "absolute" => Self::Absolute,
            "relative" => Self::Relative,
            "hybrid" => Self::Hybrid,
            _ => Self::Off,
        }
    }
}

/// Values of the options when a command runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// True for `mode-keys vi`.
    pub vi: bool,
    pub wrap_search: bool,
    pub line_numbers: LineNumbers,
    /// The number column shows how commands ended (`copy-mode-command-status`).
    pub command_status: bool,
    /// Global `word-separators`, for the formats.
    pub format_separators: String,
    /// `word-separators` of the session the command is for.
    pub separators: String,
}

/// Which end of the selection follows the cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum CursorDrag {
    None,
    End,
    Start,
}

/// Direction of a selection of whole lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum LineSelection {
    None,
    LeftRight,
    RightLeft,
}

/// Unit by which a selection grows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum SelectBy {
    Char,
    Word,
    Line,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Recentre {
    Top,
    Middle,
    Bottom,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum JumpKind {
    Forward,
    Backward,
    ToForward,
    ToBackward,
}

/// A cell among all rows: column, and row counted from the oldest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spot {
    pub x: usize,
    pub y: usize,
}

/// See the module comment. Columns count within the text, without line numbers.
pub(crate) struct CopyState {
    pub back: Backing,
    /// The commands that ran in the pane, oldest first.
    pub commands: Vec<CommandRecord>,
    /// True for view mode: shows lines of output rather than a pane's contents.
    pub view_mode: bool,
    /// Error of the command that was just run.
    pub failure: Option<&'static str>,
    pub settings: Settings,
    /// `mode-keys` when the mode was entered; brackets and the selection's look depend on it.
    pub entered_vi: bool,
    /// Rows scrolled up from the bottom.
    pub oy: usize,
    /// Cursor column in the view.
    pub cx: usize,
    pub cy: usize,
    /// The selection in the view, while there is one.
    pub shown: Option<Shown>,
    pub start: Spot,
    pub end: Spot,
    pub drag: CursorDrag,
    pub line_selection: LineSelection,
    pub rectangle: bool,
    pub select_by: SelectBy,
    pub scroll_exit: bool,
    pub hide_position: bool,
    /// True if line numbers may show at all (not in view mode, not when entered with the mouse).
    pub line_numbers: bool,
    pub recentre: Recentre,
    pub recentre_row: usize,
    /// Separators of the word selection in progress.
    pub separators: Option<String>,
    /// Start of a word or line selection.
    pub origin: Spot,
    /// The word or line first selected: the selection falls back to its ends.
    pub first_start: Spot,
    pub first_end: Spot,
    /// Column and length of the last row in which the user chose a column.
    pub last_cx: usize,
    pub last_length: usize,
    pub mark: Spot,
    pub show_mark: bool,
    pub search: Search,
    /// A walk that continues in further slices.
    pub walk: Option<Walk>,
    pub jump: Option<(JumpKind, Glyph)>,
    /// The text of the selection, where it was copied before the command that takes it runs.
    pub ahead: Option<Option<String>>,
}

impl CopyState {
    pub(crate) fn new(back: Backing, settings: Settings) -> Self {
        Self {
            entered_vi: settings.vi,
            back,
            commands: Vec::new(),
            view_mode: false,
            failure: None,
            settings,
            oy: 0,
            cx: 0,
            cy: 0,
            shown: None,
            start: Spot::default(),
            end: Spot::default(),
            drag: CursorDrag::None,
            line_selection: LineSelection::None,
            rectangle: false,
            select_by: SelectBy::Char,
            scroll_exit: false,
            hide_position: false,
            line_numbers: true,
            recentre: Recentre::Middle,
            recentre_row: 0,
            separators: None,
            origin: Spot::default(),
            first_start: Spot::default(),
            first_end: Spot::default(),
            last_cx: 0,
            last_length: 0,
            mark: Spot::default(),
            show_mark: false,
            search: Search::default(),
            walk: None,
            jump: None,
            ahead: None,
        }
    }

    /// Puts the cursor at a cell of the backing. A row of the history becomes the topmost one that shows;
    /// else no history shows.
    fn show_at(&mut self, x: usize, y: usize) {
        self.cx = x;
        self.cy = y.saturating_sub(self.back.hsize);
        self.oy = self.back.hsize.saturating_sub(y);
    }

    /// Puts cursor and mark at a row of the backing, as on entering the mode.
    pub(crate) fn enter_at(&mut self, x: usize, y: usize) {
        self.show_at(x, y);
        self.mark = self.cursor();
    }

    /// First row of the view.
    pub(crate) fn top(&self) -> usize {
        self.back.hsize.saturating_sub(self.oy)
    }

    /// Row of the cursor.
    pub(crate) fn row(&self) -> usize {
        (self.back.hsize + self.cy).saturating_sub(self.oy)
    }

    pub(crate) fn cursor(&self) -> Spot {
        Spot { x: self.cx, y: self.row() }
    }

    pub(crate) fn rows(&self) -> usize {
        self.back.rows
    }

    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader::new(&self.back, self.cx, self.row())
    }

    /// Reports whether the cursor moves in a rectangle: past the ends of lines.
    pub(crate) fn in_rectangle(&self) -> bool {
        self.shown.is_some() && self.rectangle
    }

    pub(crate) fn is_selecting(&self) -> bool {
        self.shown.is_some() || self.line_selection != LineSelection::None
    }

    /// Last column that the cursor may have in a row.
    pub(crate) fn limit(&self, y: usize, onemore: bool) -> usize {
        let length = self.back.length(y);
        if onemore || !self.settings.vi { length } else { length.saturating_sub(1) }
    }

    /// Moves the cursor to a cell of the view, within the text.
    pub(crate) fn set_cursor(&mut self, x: usize, cy: usize) {
        let mut x = x;
        if !self.rectangle && cy < self.rows() {
            let y = (self.back.hsize + cy).saturating_sub(self.oy);
            x = x.min(self.limit(y, false));
        }
        self.cx = x;
        self.cy = cy;
    }

    /// Shows later rows, at most `n` rows further.
    pub(crate) fn scroll_up(&mut self, n: usize) {
        let n = n.min(self.oy);
        if n != 0 {
            self.oy -= n;
            self.refresh_marks();
            self.update_selection(false);
        }
    }

    /// Shows earlier rows, at most `n` rows further.
    pub(crate) fn scroll_down(&mut self, n: usize) {
        if n > self.back.hsize {
            return;
        }
        let n = n.min(self.back.hsize.saturating_sub(self.oy));
        if n != 0 {
            self.oy += n;
            self.refresh_marks();
            self.update_selection(false);
        }
    }

    /// Scrolls to show a cell: the view moves only as far as it must, plus a margin of some rows.
    pub(crate) fn scroll_to(&mut self, x: usize, y: usize, quiet: bool) {
        let (hsize, rows, top) = (self.back.hsize, self.rows(), self.top());
        self.cx = x;
        if y >= top && y < top + rows {
            self.cy = y - top;
        } else {
            let gap = rows / 4;
            let offset = if y < rows {
                0
            } else if y > hsize + rows - gap {
                hsize
            } else {
                y + gap - rows
            };
            self.cy = y - offset;
            self.oy = hsize.saturating_sub(offset);
        }
        if !quiet {
            self.refresh_marks();
        }
        self.update_selection(false);
    }

    /// Width of the line numbers, in columns.
    pub(crate) fn number_width(&self) -> usize {
        if self.number_mode() == LineNumbers::Off {
            return if self.shows_status() { STATUS_COLS } else { 0 };
        }
        let digits = (self.back.hsize + self.rows() + 1).to_string().len();
        digits.max(3) + 1
    }

    /// Reports whether the number column shows how commands ended.
    pub(crate) fn shows_status(&self) -> bool {
        self.settings.command_status && self.line_numbers && !self.commands.is_empty()
    }

    pub(crate) fn number_mode(&self) -> LineNumbers {
        if self.line_numbers { self.settings.line_numbers } else { LineNumbers::Off }
    }

    /// Reports whether positions are counted from the top rather than from the bottom.
    pub(crate) fn numbers_absolute(&self) -> bool {
        !matches!(self.number_mode(), LineNumbers::Off | LineNumbers::Default)
    }

    /// Columns left for text.
    pub(crate) fn text_cols(&self) -> usize {
        self.back.cols.saturating_sub(self.number_width()).max(1)
    }

    /// Column of the screen for a column of the text.
    pub(crate) fn screen_x(&self, x: usize) -> usize {
        let width = self.number_width();
        if width == 0 {
            return x;
        }
        if x >= self.text_cols() { self.back.cols - 1 } else { width + x }
    }

    /// Column of the text for a column of the screen.
    pub(crate) fn text_x(&self, screen_x: usize) -> usize {
        let width = self.number_width();
        if width == 0 {
            return screen_x;
        }
        screen_x.saturating_sub(width).min(self.text_cols() - 1)
    }

    /// Unfolds all rows; the cursor stays where it is.
    pub(crate) fn unfold_all(&mut self) {
        if self.back.is_folded() {
            let (x, y) = (self.cx, self.back.real_row(self.row()));
            self.back.unfold_all();
            self.show_cell(x, y);
        }
    }

    /// Handles a change of the pane's size.
    pub(crate) fn resize(&mut self, cols: usize, rows: usize) {
        self.unfold_all();
        self.oy = self.oy.min(self.back.hsize + self.cy);
        let (mut x, mut y) = (self.cx, self.row());
        if cols != self.back.cols {
            // Change the height first: the rows that it adds below count in the position.
            self.back.resize(self.back.cols, rows);
            let position = self.back.logical_position(x, y);
            self.back.resize(cols, rows);
            (x, y) = self.back.cell_position(position);
        } else {
            self.back.resize(cols, rows);
        }
        self.show_at(x, y);
        self.cy = self.cy.min(self.rows() - 1);
        self.size_changed();
    }

    /// Drops the state that a new backing or size invalidates.
    fn size_changed(&mut self) {
        let searched = self.search.marks.is_some();
        self.clear_selection();
        self.clear_marks();
        if searched && !self.search.timed_out {
            self.mark_matches(self.search.regex, false);
        }
        self.search.origin = Some((self.cx, self.cy, self.oy));
    }

    /// Takes new contents (`refresh-from-pane`), staying at the same row from the top.
    pub(crate) fn replace(&mut self, back: Backing) {
        self.oy = self.oy.min(self.back.hsize);
        let from_top = self.back.hsize - self.oy;
        self.back = back;
        if from_top <= self.back.hsize {
            self.oy = self.back.hsize - from_top;
        } else {
            self.cy = 0;
            self.oy = self.back.hsize;
        }
        self.cy = self.cy.min(self.rows() - 1);
        self.size_changed();
    }
}
