//! The list of `search-transcripts`: lines found in panes and kept transcripts, as they are found,
//! each with the lines around it. Choosing one goes to its pane and, in copy mode, to the line.

use std::sync::Arc;

use parking_lot::Mutex;

use super::draw::put_text;
use super::transcripts::{Place, open_kept};
use super::{Outcome, Pressed, Setup, Source, Tree, run_command, with_source};
use crate::base::{Attrs, CellStyle, ClientId, Key, KeyCode, PaneId, Point, Size, Surface};
use crate::format::Objects;
use crate::format::sort::Order;
use crate::model::{Cx, FindState, Server};
use crate::syntax::args::Args;
use crate::transcript::TranscriptView;
use crate::view::copy::{CopyMode, with_copy_mode};
use crate::view::message;
use crate::view::modes::{self, Entered};

/// Lines shown before and after the one that was found, and bytes of each.
pub(crate) const CONTEXT: u64 = 8;
pub(crate) const MAX_CONTEXT_BYTES: usize = 512;

/// A line that a search found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Name of the transcript.
    pub name: String,
    /// Pane of the transcript; `None` for a kept one.
    pub pane: Option<PaneId>,
    /// True if a full-screen program drew the line (`alternate-history`).
    pub alternate: bool,
    /// Time when the line was drawn or left the screen, seconds since the Unix epoch; 0: not known.
    pub time: i64,
    /// Row of the line as `capture-pane -S` counts: 0 is the first visible one.
    pub line: i64,
    /// Number of the line from the pane's beginning; it never changes.
    pub number: u64,
    /// Column of the first match in its row.
    pub column: u32,
    pub text: String,
    /// Rows around the line, for a list; index of the found one among them, and columns of its
    /// match.
    pub context: Vec<String>,
    pub context_at: usize,
    pub cols: u32,
}

impl Found {
    /// Objects about the line, and about its pane if that still exists.
    pub(crate) fn objects<'a>(&self, server: &Server, objects: Objects<'a>) -> Objects<'a> {
        let live = self.pane.is_some();
        let objects = match self.pane {
            Some(pane) => about_pane(server, objects, pane),
            None => objects,
        };
        objects
            .add("transcript_name", self.name.clone())
            .add("transcript_live", u8::from(live).to_string())
            .add("search_line", self.line.to_string())
            .add("search_number", self.number.to_string())
            .add("search_column", self.column.to_string())
            .add("search_text", self.text.clone())
            .add("search_alternate", u8::from(self.alternate).to_string())
            .add("search_time", if self.time == 0 { String::new() } else { self.time.to_string() })
    }
}

/// Objects about a pane, in the window that suits it best.
pub(crate) fn about_pane<'a>(server: &Server, objects: Objects<'a>, pane: PaneId) -> Objects<'a> {
    let window = server.pane(pane).map(|pane| pane.window);
    match window.and_then(|window| server.best_winlink(window)) {
        Some((session, index)) => objects.with_pane_at(session, index, pane),
        None => objects.with_pane(pane),
    }
}

/// Lines that a search has found for a list, and its progress. List and search share the book by
/// reference count: a search that holds the last reference knows that its list was closed.
#[derive(Default)]
pub(crate) struct FoundBook {
    lines: Vec<Line>,
    /// Text and progress of the search, for the heading.
    pub progress: String,
    /// True if the search ended or must end.
    pub over: bool,
}

struct Line {
    found: Found,
    name: String,
    text: String,
}

pub(crate) type SharedBook = Arc<Mutex<FoundBook>>;

impl FoundBook {
    /// Adds a found line, formatted for the list.
    pub(crate) fn push(&mut self, objects: &Objects<'_>, format: &str, found: Found) {
        let place = || objects.expand("#{session_name}:#{window_index}.#{pane_index}");
        let name = if found.pane.is_some() { place() } else { found.name.clone() };
        let text = objects.expand(format);
        self.lines.push(Line { found, name, text });
    }
}

pub(crate) struct FoundLines {
    book: SharedBook,
}

/// Shows the list on a pane, in place of one of an earlier search.
pub(crate) fn open(cx: &mut Cx<'_>, pane: PaneId, book: SharedBook) {
    if modes::raise(cx, pane, NAME) == Entered::Absent {
        super::open(cx, pane, FoundLines { book }, Setup::new(&Args::default()));
        return;
    }
    with_source::<FoundLines, _>(cx, pane, |cx, mode| {
        mode.source.book = book;
        mode.build(cx, pane);
    });
}

/// Adds the lines found since the list was built. Closes a list whose search found nothing.
pub(crate) fn refresh(cx: &mut Cx<'_>, pane: PaneId, client: Option<ClientId>) {
    let nothing = with_source::<FoundLines, _>(cx, pane, |cx, mode| {
        mode.build(cx, pane);
        let book = mode.source.book.lock();
        book.over && book.lines.is_empty()
    });
    if nothing == Some(true) {
        modes::pop(cx, pane);
        client.into_iter().for_each(|client| message::show_error(cx, client, "No lines match"));
    }
}

/// Shows a found line to a client: its pane in copy mode, or its kept transcript over the list.
fn go_to(cx: &mut Cx<'_>, with: &Pressed, found: &Found) -> Outcome {
    let place = Place { number: found.number, column: found.column, alternate: found.alternate };
    let Some(pane) = found.pane else {
        open_kept(cx, with.pane, with.client, found.name.clone(), Some(place));
        return Outcome::Stay;
    };
    if cx.server.pane(pane).is_none() {
        return Outcome::Stay;
    }
    run_command(cx, with.client, FindState::default(), "switch-client -Zt '%%'", &format!("%{}", pane.0));
    let row = cx.server.pane(pane).and_then(|p| {
        let mut view = TranscriptView::from_view(match found.alternate {
            true => p.terminal.lock().alternate_history()?.0,
            false => p.terminal.lock().history().view(),
        })?;
        Some(view.row_of_number(found.number))
    });
    if modes::raise(cx, pane, CopyMode::COPY) == Entered::Absent {
        let Some(mode) = CopyMode::copy(cx, pane, pane) else { return Outcome::Finish };
        modes::push(cx, pane, Box::new(mode));
    }
    let (row, column) = (row.unwrap_or(0) as usize, found.column as usize);
    with_copy_mode(cx, pane, |cx, mode| {
        mode.show_alternate(cx, pane, found.alternate);
        mode.state.show_cell(column, row);
    });
    Outcome::Finish
}

const NAME: &str = "search-mode";

impl Source for FoundLines {
    type Item = usize;

    fn name(&self) -> &'static str {
        NAME
    }

    fn build(&mut self, cx: &Cx<'_>, _: PaneId, tree: &mut Tree<usize>, filter: Option<&str>) -> Option<u64> {
        let book = self.book.lock();
        for (index, line) in book.lines.iter().enumerate() {
            let fits = |filter: &str| {
                line.found.objects(cx.server, Objects::new(cx.server, cx.host, cx.now)).is_true(filter)
            };
            if filter.is_none_or(fits) {
                tree.add(None, index, index as u64, line.name.clone(), Some(line.text.clone()), true);
            }
        }
        None
    }

    fn heading(&self, _: u32) -> Vec<String> {
        let book = self.book.lock();
        let count = match book.lines.len() {
            1 => "1 line".to_owned(),
            count => format!("{count} lines"),
        };
        vec![format!("#[underscore]{count} {}", book.progress)]
    }

    fn heading_rows(&self) -> u32 {
        1
    }

    fn draw(&mut self, _: &Cx<'_>, item: &usize, surface: &mut Surface, at: Point, size: Size) {
        let book = self.book.lock();
        let Some(Line { found, .. }) = book.lines.get(*item) else { return };
        let skipped = found.context_at.saturating_sub(size.rows as usize / 2);
        let rows = found.context.iter().enumerate().skip(skipped).take(size.rows as usize);
        for (index, text) in rows {
            let y = at.y + (index - skipped) as u32;
            put_text(surface, at.x, y, size.cols, text, CellStyle::DEFAULT);
            let end = (found.column + found.cols).min(size.cols);
            for x in (found.column..end).filter(|_| index == found.context_at) {
                let mut cell = surface.get(at.x + x, y).clone();
                cell.style.attrs |= Attrs::REVERSE;
                surface.set_raw(at.x + x, y, cell);
            }
        }
    }

    fn fits(&self, _: &Cx<'_>, item: &usize, text: &str, ignore_case: bool) -> Option<bool> {
        let book = self.book.lock();
        let found = &book.lines.get(*item)?.found;
        Some(super::contains(&found.text, text, ignore_case))
    }

    fn orders(&self) -> &'static [Order] {
        &[Order::Given]
    }

    fn menu(&self) -> &'static [(&'static str, Key)] {
        const MENU: &[(&str, Key)] =
            &[("Go To", Key::char('\r')), ("Stop Searching", Key::char('S')), ("Cancel", Key::char('q'))];
        MENU
    }

    fn help(&self) -> (&'static [(&'static str, &'static str)], &'static str, u32) {
        const HELP: &[(&str, &str)] =
            &[("Enter", "Go to selected %1"), ("S, C-c", "Stop searching"), ("f", "Enter a filter")];
        (HELP, "line", 0)
    }

    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<usize>, with: &Pressed) -> Outcome {
        let stops = with.key == Key::ctrl('c') || with.key == Key::char('S');
        if stops {
            self.book.lock().over = true;
            return Outcome::Stay;
        }
        let current = tree.current_node().map(|node| node.data);
        let found = current.and_then(|at| Some(self.book.lock().lines.get(at)?.found.clone()));
        match (with.key.code, found) {
            (KeyCode::Char('\r'), Some(found)) => go_to(cx, with, &found),
            _ => Outcome::Stay,
        }
    }
}
