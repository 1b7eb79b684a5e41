//! `search-transcripts`: a pattern over the histories and screens of all panes. A script gets
//! lines; an attached client a list that goes to the pane and line that is chosen.

use crate::base::PaneId;
use crate::format::Scope;
use crate::model::host::Callback;
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::transcript::{Needle, Progress, SearchCursor, TranscriptView};
use crate::view::mode_tree::found::{Found, FoundLines};
use crate::view::mode_tree::{self, Setup};

use super::output;
use super::transcripts::view_of;

const LINE: &str = concat!(
    "#{?transcript_live,#{session_name}:#{window_index}.#{pane_index},#{transcript_name}}",
    ":#{search_line}: #{search_text}",
);
/// Bytes looked at in one step, after which other work gets its turn.
const STEP_BYTES: usize = 4 << 20;
/// Lines found in one step.
const STEP_LINES: usize = 256;
/// Lines shown to one client; a list holds fewer.
const MAX_LINES: usize = 100_000;
const MAX_LISTED: usize = 1000;

/// One thing to look through.
struct Place {
    name: String,
    pane: Option<PaneId>,
    /// `None`: a transcript to be opened first.
    view: Option<TranscriptView>,
    /// Rows above the screen, from which lines are counted.
    history: u64,
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
    /// Found so far for a list; a script's lines are printed as they come.
    listed: Option<Vec<Found>>,
    count: usize,
}

pub fn search_transcripts(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let pattern = args.string(0).unwrap_or_default();
    let Some(needle) = Needle::new(&pattern, !args.has('l'), args.has('i')) else {
        return output::error(cx, item, &format!("invalid pattern: {pattern}"));
    };
    let panes: Vec<PaneId> = match (args.get('t'), item.target.pane) {
        (Some(name), None) => return output::error(cx, item, &format!("can't find pane: {name}")),
        (Some(_), Some(pane)) => vec![pane],
        (None, _) => cx.server.panes.keys().copied().collect(),
    };
    let place = |&pane: &PaneId| {
        let name = cx.server.pane(pane)?.terminal.lock().history().key().unwrap_or_default();
        let (view, history, _) = view_of(cx, pane)?;
        Some(Place { name, pane: Some(pane), view: Some(view), history })
    };
    let mut places: Vec<Place> = panes.iter().filter_map(place).collect();
    places.reverse();
    let attached = item
        .client
        .and_then(|id| cx.server.client(id))
        .is_some_and(|client| client.session.is_some() && !client.flags.contains(ClientFlags::CONTROL));
    let mut searching = Searching {
        item: item.waiting(),
        needle,
        places,
        cursor: None,
        reversed: args.has('r'),
        template: args.get('F').unwrap_or(LINE).to_owned(),
        filter: args.get('f').map(str::to_owned),
        listed: attached.then(Vec::new),
        count: 0,
    };
    let kept = if args.has('a') { cx.host.transcripts() } else { None };
    cx.host.background(Box::new(move || {
        for one in kept.iter().flat_map(|store| store.all()).filter(|one| !one.live) {
            searching.places.insert(0, Place { name: one.key, pane: None, view: None, history: 0 });
        }
        step(searching, kept)
    }));
    Exec::Wait
}

type Store = Option<std::sync::Arc<crate::transcript::TranscriptStore>>;

/// Looks through some more, beside the loop; what is returned shows what was found.
fn step(mut searching: Searching, store: Store) -> Callback {
    let mut found = Vec::new();
    let mut budget = STEP_BYTES;
    while budget > 0 && found.len() < STEP_LINES {
        let Some(place) = searching.places.last_mut() else { break };
        if place.view.is_none() {
            let opened = store.as_ref().and_then(|store| store.read(&place.name).ok());
            place.view = opened.map(|(view, _)| view);
        }
        let Some(view) = &mut place.view else {
            searching.places.pop();
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
                found.push(Found {
                    name: place.name.clone(),
                    pane: place.pane,
                    line: line.row as i64 - place.history as i64,
                    number,
                    column: hit.map_or(0, |hit| hit.col),
                    text: line.text,
                });
            }
            Progress::More => budget = 0,
            Progress::Done => {
                searching.cursor = None;
                searching.places.pop();
            }
        }
    }
    Box::new(move |cx| show(cx, searching, store, found))
}

fn show(cx: &mut Cx<'_>, mut searching: Searching, store: Store, found: Vec<Found>) {
    // Nobody waits for it any more.
    if searching.item.client.is_some_and(|id| cx.server.client(id).is_none()) {
        return;
    }
    let base = Scope::new(cx.server, cx.host, cx.now).item(&searching.item);
    let limit = if searching.listed.is_some() { MAX_LISTED } else { MAX_LINES };
    let mut lines = Vec::new();
    for one in found {
        let scope = one.scope(cx.server, base.clone());
        if searching.filter.as_ref().is_some_and(|filter| !scope.is_true(filter)) {
            continue;
        }
        searching.count += 1;
        if searching.count > limit {
            break;
        }
        match &mut searching.listed {
            Some(listed) => listed.push(one),
            None => lines.push(scope.expand(&searching.template)),
        }
    }
    lines.iter().for_each(|line| output::print(cx, &searching.item, line));
    if searching.count <= limit && !searching.places.is_empty() {
        cx.host.background(Box::new(move || step(searching, store)));
        return;
    }
    let item = searching.item;
    if searching.count > limit {
        output::error(cx, &item, &format!("more than {limit} lines match"));
    }
    if let Some(listed) = searching.listed {
        open_list(cx, &item, listed, searching.template);
    }
    cx.server.queues.resume(item.id);
}

fn open_list(cx: &mut Cx<'_>, item: &ItemContext, listed: Vec<Found>, template: String) {
    let client = item.client.and_then(|id| cx.server.client(id));
    let Some(pane) = client.and_then(|client| cx.server.client_pane(client)) else { return };
    if listed.is_empty() {
        output::error(cx, item, "no lines match");
        return;
    }
    mode_tree::open(cx, pane, FoundLines::new(listed, template), Setup::new(&Args::default()));
}
