//! `search-transcripts`: searches a pattern in the histories and screens of all panes. A script gets
//! lines; an attached client gets a list that fills as lines are found, and jumps to the pane and line of
//! the chosen entry.

use std::sync::Arc;

use crate::base::history::HistoryView;
use crate::base::links::Links;
use crate::base::{ClientId, PaneId};
use crate::format::Objects;
use crate::model::host::Callback;
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::transcript::{Needle, Progress, SearchCursor, TranscriptStore, TranscriptView};
use crate::view::message;
use crate::view::mode_tree::found::{self, CONTEXT, Found, MAX_CONTEXT_BYTES, SharedBook};

use super::output;
use super::progress::{Meter, Work};
use super::transcripts::{alternate_of, view_of};

const LINE: &str = concat!(
    "#{?transcript_live,#{session_name}:#{window_index}.#{pane_index},#{transcript_name}}",
    "#{?search_alternate,(full-screen),}",
    ":#{search_line}: #{search_text}",
);
/// The same for a list, which shows the place of each line.
const LIST_LINE: &str = "#{p-7:search_line}  #{?search_alternate,(full-screen) ,}#{search_text}";
/// Maximum number of bytes searched in one step, between which other work runs.
const STEP_BYTES: usize = 4 << 20;
/// Maximum number of lines found in one step.
const STEP_LINES: usize = 256;
/// Maximum number of lines for one client; a list holds at most `MAX_LISTED`.
const MAX_LINES: usize = 100_000;
const MAX_LISTED: usize = 1000;

/// A transcript or pane to search.
struct Place {
    name: String,
    pane: Option<PaneId>,
    /// `None`: the transcript has to be opened first.
    view: Option<TranscriptView>,
    /// Search the output of full-screen programs.
    alternate: bool,
    /// Count of rows above the screen; line numbers are relative to the screen.
    history: u64,
}

/// The list of an attached client.
struct Listed {
    book: SharedBook,
    pane: PaneId,
    client: ClientId,
}

/// A search under way.
struct Searching {
    item: ItemContext,
    needle: Needle,
    places: Vec<Place>,
    cursor: Option<SearchCursor>,
    reversed: bool,
    template: String,
    filter: Option<String>,
    /// The list that gets the lines; `None`: they are printed for a script.
    listed: Option<Listed>,
    /// Progress of the search, shown for a script.
    work: Option<Work>,
    count: usize,
    /// Count of places searched, and of all; bytes of text searched.
    places_done: u64,
    places_all: u64,
    bytes: u64,
    began_ms: u64,
    /// When the list was last drawn, monotonic ms.
    drawn_ms: u64,
}

/// Milliseconds between updates of a list's heading.
const DRAW_MS: u64 = 200;

pub(crate) fn search_transcripts(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let pattern = args.string(0).unwrap_or_default();
    let Some(needle) = Needle::new(&pattern, !args.has('l'), args.has('i')) else {
        return output::error(cx, item, &format!("invalid pattern: {pattern}"));
    };
    let panes: Vec<PaneId> = match (args.get('t'), item.target.pane) {
        _ if args.has('k') => Vec::new(),
        (Some(name), None) => return output::error(cx, item, &format!("can't find pane: {name}")),
        (Some(_), Some(pane)) => vec![pane],
        (None, _) => cx.server.panes.keys().copied().collect(),
    };
    let only_alternate = args.has('A');
    let place = |pane: PaneId, alternate: bool| {
        let name = cx.server.pane(pane)?.terminal.lock().history().key().unwrap_or_default();
        let view = if alternate { alternate_of(cx, pane) } else { view_of(cx, pane) };
        let (view, history, _) = view?;
        Some(Place { name, pane: Some(pane), view: Some(view), alternate, history })
    };
    let both = |pane: &PaneId| [place(*pane, false).filter(|_| !only_alternate), place(*pane, true)];
    let mut places: Vec<Place> = panes.iter().flat_map(both).flatten().collect();
    places.reverse();
    let listed = open_list(cx, item);
    let attached = listed.is_some();
    let work = (!attached).then(|| Work::begin(cx, item, "searching", true));
    let searching = Searching {
        item: item.waiting(),
        needle,
        places,
        cursor: None,
        reversed: args.has('r'),
        template: args.get('F').unwrap_or(if attached { LIST_LINE } else { LINE }).to_owned(),
        filter: args.get('f').map(str::to_owned),
        listed,
        work,
        count: 0,
        places_done: 0,
        places_all: 0,
        bytes: 0,
        began_ms: cx.now.mono_ms,
        drawn_ms: 0,
    };
    begin(cx, searching, (args.has('a'), only_alternate), args.get('k').map(str::to_owned));
    // A list fills while its client can do other things.
    if attached { Exec::Normal } else { Exec::Wait }
}

/// Opens an empty list for an attached client.
fn open_list(cx: &mut Cx<'_>, item: &ItemContext) -> Option<Listed> {
    let client = item.client.and_then(|id| cx.server.client(id))?;
    if client.session.is_none() || client.flags.contains(ClientFlags::CONTROL) {
        return None;
    }
    let (client, pane) = (client.id, cx.server.client_pane(client)?);
    let book = SharedBook::default();
    found::open(cx, pane, book.clone());
    Some(Listed { book, pane, client })
}

/// Adds kept transcripts and starts the search. `key`: only this transcript.
fn begin(
    cx: &mut Cx<'_>,
    mut searching: Searching,
    (all, only_alternate): (bool, bool),
    key: Option<String>,
) {
    let kept = if all || key.is_some() { cx.host.transcripts() } else { None };
    cx.host.background(Box::new(move || {
        let listed = kept.iter().flat_map(|store| store.all()).filter(|one| !one.live);
        let mut found = key.is_none();
        for one in listed.filter(|one| key.as_ref().is_none_or(|key| *key == one.key)) {
            found = true;
            for alternate in if only_alternate { &[true][..] } else { &[false, true] } {
                let place = Place {
                    name: one.key.clone(),
                    pane: None,
                    view: None,
                    alternate: *alternate,
                    history: 0,
                };
                searching.places.insert(0, place);
            }
        }
        searching.places_all = searching.places.len() as u64;
        if found {
            return step(searching, kept);
        }
        let text = format!("can't find transcript: {}", key.unwrap_or_default());
        Box::new(move |cx| end(cx, searching, Some(text)))
    }));
}

type Store = Option<Arc<TranscriptStore>>;

/// Does one step of the search on another thread; the returned callback shows the lines found.
fn step(mut searching: Searching, store: Store) -> Callback {
    let mut found = Vec::new();
    let mut budget = STEP_BYTES;
    while budget > 0 && found.len() < STEP_LINES {
        let Some(place) = searching.places.last_mut() else { break };
        if place.view.is_none() {
            let opened = store.as_ref().and_then(|store| match place.alternate {
                true => store.read_alternate(&place.name).ok(),
                false => store.read(&place.name).ok(),
            });
            place.view = opened.map(|(view, _)| view);
        }
        let Some(view) = &mut place.view else {
            searching.places.pop();
            searching.places_done += 1;
            continue;
        };
        let reversed = searching.reversed;
        let cursor = searching
            .cursor
            .get_or_insert_with(|| SearchCursor::new(view, if reversed { u64::MAX } else { 0 }, !reversed));
        match cursor.step(view, &searching.needle, budget) {
            Progress::Found(line) => {
                let number = view.line_number(line.row);
                let hit = line.hits.first().copied();
                searching.bytes += line.text.len() as u64;
                let row = hit.map_or(line.row, |hit| hit.row);
                let context = if searching.listed.is_some() { around(view, row) } else { Vec::new() };
                found.push(Found {
                    name: place.name.clone(),
                    pane: place.pane,
                    alternate: place.alternate,
                    time: time_of(view, row),
                    line: line.row as i64 - place.history as i64,
                    number,
                    column: hit.map_or(0, |hit| hit.col),
                    text: line.text,
                    context,
                    context_at: row.min(CONTEXT) as usize,
                    cols: hit.map_or(0, |hit| hit.cols),
                });
            }
            Progress::More => {
                searching.bytes += STEP_BYTES as u64;
                budget = 0;
            }
            Progress::Done => {
                searching.cursor = None;
                searching.places.pop();
                searching.places_done += 1;
            }
        }
    }
    Box::new(move |cx| show(cx, searching, store, found))
}

/// When a row was drawn or left the screen, seconds since the Unix epoch; 0: unknown.
fn time_of(view: &mut TranscriptView, row: u64) -> i64 {
    view.row(row, &mut Links::new()).map_or(0, |row| row.time)
}

/// The rows around one, cut to a maximum length.
fn around(view: &mut TranscriptView, row: u64) -> Vec<String> {
    let mut rows = Vec::new();
    let range = row.saturating_sub(CONTEXT)..row + CONTEXT + 1;
    view.read(range, &mut Links::new(), &mut |row| {
        let end = row.text.floor_char_boundary(MAX_CONTEXT_BYTES);
        rows.push(row.text[..end].to_owned());
        true
    });
    rows
}

fn show(cx: &mut Cx<'_>, mut searching: Searching, store: Store, found: Vec<Found>) {
    if is_given_up(cx, &searching) {
        return;
    }
    let base = Objects::new(cx.server, cx.host, cx.now).item(&searching.item);
    let limit = if searching.listed.is_some() { MAX_LISTED } else { MAX_LINES };
    let mut lines = Vec::new();
    let some = !found.is_empty();
    for one in found {
        let objects = one.objects(cx.server, base.clone());
        if searching.filter.as_ref().is_some_and(|filter| !objects.is_true(filter)) {
            continue;
        }
        searching.count += 1;
        if searching.count > limit {
            break;
        }
        match &searching.listed {
            Some(listed) => listed.book.lock().push(&objects, &searching.template, one),
            None => lines.push(objects.expand(&searching.template)),
        }
    }
    lines.iter().for_each(|line| output::print(cx, &searching.item, line));
    let stopped = match (&searching.listed, &searching.work) {
        (Some(listed), _) => listed.book.lock().over,
        (None, Some(work)) => work.meter.is_stopped(),
        (None, None) => false,
    };
    if searching.count > limit {
        return end(cx, searching, Some(format!("more than {limit} lines match")));
    }
    if stopped || searching.places.is_empty() {
        return end(cx, searching, None);
    }
    note_progress(cx, &mut searching, some);
    cx.host.background(Box::new(move || step(searching, store)));
}

/// True if nobody waits for the search any more: the client is gone, or left its list.
fn is_given_up(cx: &Cx<'_>, searching: &Searching) -> bool {
    match &searching.listed {
        Some(listed) => Arc::strong_count(&listed.book) == 1,
        None => searching.item.client.is_some_and(|id| cx.server.client(id).is_none()),
    }
}

/// Updates the progress; each place counts the same, regardless of its size.
fn note_progress(cx: &mut Cx<'_>, searching: &mut Searching, some: bool) {
    const PARTS: u64 = 1000;
    let place = searching.places.last().and_then(|place| place.view.as_ref());
    let part = searching.cursor.as_ref().zip(place).map_or(0, |(cursor, view)| {
        let (done, all) = cursor.progress(view);
        done * PARTS / all.max(1)
    });
    let done = (searching.places_done * PARTS + part, searching.places_all * PARTS);
    if let Some(work) = &searching.work {
        work.meter.set(done, searching.bytes);
    }
    let Some(listed) = &searching.listed else { return };
    let now_ms = cx.now.mono_ms;
    if !some && now_ms < searching.drawn_ms + DRAW_MS {
        return;
    }
    searching.drawn_ms = now_ms;
    let meter = Meter::default();
    meter.set(done, searching.bytes);
    let text = meter.text(now_ms.saturating_sub(searching.began_ms));
    listed.book.lock().progress = format!("so far; searching: {text} (C-c stops)");
    found::refresh(cx, listed.pane, None);
}

fn end(cx: &mut Cx<'_>, searching: Searching, error: Option<String>) {
    if let Some(work) = &searching.work {
        work.end(cx);
    }
    let Some(listed) = searching.listed else {
        let text =
            error.or_else(|| searching.work.filter(|w| w.meter.is_stopped()).map(|_| "stopped".to_owned()));
        if let Some(text) = text {
            output::error(cx, &searching.item, &text);
        }
        cx.server.queues.resume(searching.item.id);
        return;
    };
    {
        let mut book = listed.book.lock();
        let stopped = std::mem::replace(&mut book.over, true);
        book.progress = match &error {
            Some(error) => format!("({error})"),
            None if stopped => "(the search was stopped)".to_owned(),
            None => String::new(),
        };
    }
    let said = error.is_some();
    if let Some(error) = error {
        message::show_error(cx, listed.client, &capital(&error));
    }
    found::refresh(cx, listed.pane, (!said).then_some(listed.client));
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect()
}
