//! The list of `search-transcripts`: lines found in panes. Choosing one goes to its pane and,
//! in copy mode, to the line.

use super::draw::draw_screen;
use super::{Outcome, Pressed, Source, Tree, run_command};
use crate::base::{Cell, Key, KeyCode, PaneId, Point, Size, Surface};
use crate::format::Scope;
use crate::format::draw::draw as draw_format;
use crate::format::sort::Order;
use crate::model::{Cx, FindState, Server};
use crate::transcript::TranscriptView;
use crate::view::copy::{CopyMode, with_copy_mode};
use crate::view::modes::{self, Entered};

/// A line that a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Name of the transcript.
    pub name: String,
    /// The pane, unless the transcript is a kept one.
    pub pane: Option<PaneId>,
    /// Row of the line as `capture-pane -S` counts: 0 is the first visible one.
    pub line: i64,
    /// Number of the line from the pane's beginning, which does not change as it prints.
    pub number: u64,
    /// Column of the first match in its row.
    pub column: u32,
    pub text: String,
}

impl Found {
    /// A scope about the line, and its pane when that is there.
    pub fn scope<'a>(&self, server: &Server, scope: Scope<'a>) -> Scope<'a> {
        let live = self.pane.is_some();
        let scope = match self.pane {
            Some(pane) => about_pane(server, scope, pane),
            None => scope,
        };
        scope
            .add("transcript_name", self.name.clone())
            .add("transcript_live", u8::from(live).to_string())
            .add("search_line", self.line.to_string())
            .add("search_number", self.number.to_string())
            .add("search_column", self.column.to_string())
            .add("search_text", self.text.clone())
    }
}

/// A scope about a pane where its window is best known.
pub fn about_pane<'a>(server: &Server, scope: Scope<'a>, pane: PaneId) -> Scope<'a> {
    let window = server.pane(pane).map(|pane| pane.window);
    match window.and_then(|window| server.best_winlink(window)) {
        Some((session, index)) => scope.with_pane_at(session, index, pane),
        None => scope.with_pane(pane),
    }
}

pub struct FoundLines {
    lines: Vec<Found>,
    format: String,
}

impl FoundLines {
    pub fn new(lines: Vec<Found>, format: String) -> Self {
        Self { lines, format }
    }

    fn scope<'a>(cx: &'a Cx<'_>, found: &Found) -> Scope<'a> {
        found.scope(cx.server, Scope::new(cx.server, cx.host, cx.now))
    }
}

/// Shows a pane to a client, in copy mode at a line.
fn go_to(cx: &mut Cx<'_>, with: &Pressed, found: &Found) {
    let Some(pane) = found.pane.filter(|pane| cx.server.pane(*pane).is_some()) else { return };
    run_command(cx, with.client, FindState::default(), "switch-client -Zt '%%'", &format!("%{}", pane.0));
    let row = cx.server.pane(pane).and_then(|p| {
        let mut view = TranscriptView::from_view(p.terminal.lock().history().view())?;
        Some(view.row_of_number(found.number))
    });
    if modes::raise(cx, pane, CopyMode::COPY) == Entered::Absent {
        let Some(mode) = CopyMode::copy(cx, pane, pane) else { return };
        modes::push(cx, pane, Box::new(mode));
    }
    let (row, column) = (row.unwrap_or(0) as usize, found.column as usize);
    with_copy_mode(cx, pane, |_, mode| mode.state.show_cell(column, row));
}

impl Source for FoundLines {
    type Item = usize;

    fn name(&self) -> &'static str {
        "search-mode"
    }

    fn build(&mut self, cx: &Cx<'_>, _: PaneId, tree: &mut Tree<usize>, filter: Option<&str>) -> Option<u64> {
        for (index, found) in self.lines.iter().enumerate() {
            let scope = Self::scope(cx, found);
            if filter.is_none_or(|filter| scope.is_true(filter)) {
                let place = scope.expand("#{session_name}:#{window_index}.#{pane_index}");
                let name = if found.pane.is_some() { place } else { found.name.clone() };
                tree.add(None, index, index as u64, name, Some(scope.expand(&self.format)), true);
            }
        }
        None
    }

    fn draw(&mut self, cx: &Cx<'_>, item: &usize, surface: &mut Surface, at: Point, size: Size) {
        let Some(found) = self.lines.get(*item) else { return };
        match found.pane.and_then(|pane| cx.server.pane(pane)) {
            Some(pane) => draw_screen(surface, at, size, &pane.terminal.lock()),
            None => {
                let text = found.text.replace('#', "##");
                draw_format(surface, at.x, at.y, size.cols, Cell::BLANK.style, &text);
            }
        }
    }

    fn fits(&self, _: &Cx<'_>, item: &usize, text: &str, ignore_case: bool) -> Option<bool> {
        let found = self.lines.get(*item)?;
        Some(match ignore_case {
            true => found.text.to_lowercase().contains(&text.to_lowercase()),
            false => found.text.contains(text),
        })
    }

    fn orders(&self) -> &'static [Order] {
        &[Order::Given]
    }

    fn menu(&self) -> &'static [(&'static str, Key)] {
        const MENU: &[(&str, Key)] = &[("Go To", Key::char('\r')), ("Cancel", Key::char('q'))];
        MENU
    }

    fn help(&self) -> (&'static [(&'static str, &'static str)], &'static str, u32) {
        const HELP: &[(&str, &str)] = &[("Enter", "Go to selected %1"), ("f", "Enter a filter")];
        (HELP, "line", 0)
    }

    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<usize>, with: &Pressed) -> Outcome {
        let current = tree.current_node().and_then(|node| self.lines.get(node.data)).cloned();
        match (with.key.code, current) {
            (KeyCode::Char('\r'), Some(found)) => {
                go_to(cx, with, &found);
                Outcome::Finish
            }
            _ => Outcome::Stay,
        }
    }
}
