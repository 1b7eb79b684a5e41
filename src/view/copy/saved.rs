//! A copy mode as text, for the server after this one: where it is and what is selected. Its rows
//! are not in it; they are read from the pane again. A view mode is saved with its lines.

use serde::{Deserialize, Serialize};

use super::lines::{AddedLine, ViewLines};
use super::mode::CopyMode;
use super::search::Direction;
use super::state::{CopyState, CursorDrag, JumpKind, LineSelection, Recentre, SelectBy, Spot};
use crate::base::{Glyph, PaneId};
use crate::model::Cx;

#[derive(Serialize, Deserialize)]
pub(super) struct SavedCopy {
    source: PaneId,
    #[serde(default)]
    alternate: bool,
    /// Rows above the view when saved: a larger count now tells how many rows were added below.
    hsize: usize,
    entered_vi: bool,
    oy: usize,
    cx: usize,
    cy: usize,
    selecting: bool,
    start: Spot,
    end: Spot,
    drag: CursorDrag,
    line_selection: LineSelection,
    rectangle: bool,
    select_by: SelectBy,
    scroll_exit: bool,
    hide_position: bool,
    line_numbers: bool,
    recentre: Recentre,
    recentre_row: usize,
    separators: Option<String>,
    origin: Spot,
    first_start: Spot,
    first_end: Spot,
    last_cx: usize,
    last_length: usize,
    mark: Spot,
    show_mark: bool,
    jump: Option<(JumpKind, String)>,
    search: SavedSearch,
}

#[derive(Serialize, Deserialize)]
struct SavedSearch {
    kind: Direction,
    down: bool,
    regex: bool,
    text: Option<String>,
    /// True if matches are highlighted.
    marked: bool,
}

/// A view mode: the output of commands, and the place in it.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedView {
    lines: Vec<AddedLine>,
    place: SavedCopy,
}

impl SavedView {
    /// The saved form; `None` if there are too many lines.
    pub(super) fn text(lines: &ViewLines, place: SavedCopy) -> Option<String> {
        serde_json::to_string(&Self { lines: lines.save()?.to_vec(), place }).ok()
    }
}

impl SavedCopy {
    pub(super) fn take(state: &CopyState, source: PaneId, alternate: bool) -> Self {
        let CopyState {
            back,
            // Read from the pane's history again.
            commands: _,
            view_mode: _,
            // Reported with the command that failed.
            failure: _,
            // Options as they are when a command runs.
            settings: _,
            entered_vi,
            oy,
            cx,
            cy,
            shown,
            start,
            end,
            drag,
            line_selection,
            rectangle,
            select_by,
            scroll_exit,
            hide_position,
            line_numbers,
            recentre,
            recentre_row,
            separators,
            origin,
            first_start,
            first_end,
            last_cx,
            last_length,
            mark,
            show_mark,
            search,
            // A pending walk is not saved, like a pending search.
            walk: _,
            jump,
            // Copied again for the next server.
            ahead: _,
        } = state;
        let glyph = |(kind, glyph): &(JumpKind, Glyph)| {
            let mut text = String::new();
            glyph.push_to(&mut text);
            (*kind, text)
        };
        Self {
            source,
            alternate,
            hsize: back.hsize,
            entered_vi: *entered_vi,
            oy: *oy,
            cx: *cx,
            cy: *cy,
            selecting: shown.is_some(),
            start: *start,
            end: *end,
            drag: *drag,
            line_selection: *line_selection,
            rectangle: *rectangle,
            select_by: *select_by,
            scroll_exit: *scroll_exit,
            hide_position: *hide_position,
            line_numbers: *line_numbers,
            recentre: *recentre,
            recentre_row: *recentre_row,
            separators: separators.clone(),
            origin: *origin,
            first_start: *first_start,
            first_end: *first_end,
            last_cx: *last_cx,
            last_length: *last_length,
            mark: *mark,
            show_mark: *show_mark,
            jump: jump.as_ref().map(glyph),
            search: SavedSearch {
                kind: search.kind,
                down: search.down,
                regex: search.regex,
                text: search.text.clone(),
                marked: search.marks.is_some(),
            },
        }
    }

    fn put(self, state: &mut CopyState) {
        // Rows printed since the mode was entered are below.
        let below = state.back.hsize.saturating_sub(self.hsize);
        state.oy = (self.oy + below).min(state.back.hsize);
        (state.cx, state.cy) = (self.cx, self.cy.min(state.rows().saturating_sub(1)));
        state.entered_vi = self.entered_vi;
        if self.selecting {
            state.start_selection();
        }
        (state.start, state.end, state.drag) = (self.start, self.end, self.drag);
        state.line_selection = self.line_selection;
        (state.rectangle, state.select_by) = (self.rectangle, self.select_by);
        (state.scroll_exit, state.hide_position) = (self.scroll_exit, self.hide_position);
        state.line_numbers = self.line_numbers;
        (state.recentre, state.recentre_row) = (self.recentre, self.recentre_row);
        state.separators = self.separators;
        state.origin = self.origin;
        (state.first_start, state.first_end) = (self.first_start, self.first_end);
        (state.last_cx, state.last_length) = (self.last_cx, self.last_length);
        (state.mark, state.show_mark) = (self.mark, self.show_mark);
        state.jump = self.jump.map(|(kind, text)| (kind, Glyph::from_text(&text)));
        let SavedSearch { kind, down, regex, text, marked } = self.search;
        (state.search.kind, state.search.down) = (kind, down);
        (state.search.regex, state.search.text) = (regex, text);
        if marked {
            state.mark_matches(regex, false);
        }
        state.update_selection(true);
    }
}

impl CopyMode {
    /// Restores a copy mode that another server saved.
    pub(crate) fn restore(cx: &mut Cx<'_>, pane: PaneId, saved: &str) -> Option<Self> {
        let saved: SavedCopy = serde_json::from_str(saved).ok()?;
        let source = if cx.server.pane(saved.source).is_some() { saved.source } else { pane };
        let mut mode = Self::copy(cx, pane, source)?;
        mode.show_alternate(cx, pane, saved.alternate);
        saved.put(&mut mode.state);
        Some(mode)
    }

    /// Restores a view mode that another server saved.
    pub(crate) fn restore_view(cx: &mut Cx<'_>, pane: PaneId, saved: &str) -> Option<Self> {
        let saved: SavedView = serde_json::from_str(saved).ok()?;
        let mut mode = Self::view(cx, pane)?;
        mode.lines.iter_mut().for_each(|lines| lines.load(&saved.lines));
        mode.take_lines();
        saved.place.put(&mut mode.state);
        Some(mode)
    }
}
