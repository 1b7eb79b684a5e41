//! `list-transcripts` and `save-transcript`: lists the transcripts on disk, and saves a pane's history
//! (or the transcript of a closed pane) as a file. Other threads do the reading.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::base::history::{HistoryView, Row, cut_screen};
use crate::base::{PaneId, text};
use crate::format::Objects;
use crate::format::sort::Order;
use crate::format::usage::size_text;
use crate::model::host::{Callback, Content};
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::transcript::{Exporter, Form, Note, Transcript, TranscriptView};
use crate::view::mode_tree::transcripts::objects_of;

use super::buffers::file_error;
use super::history_range::{NO_ALTERNATE, Range};
use super::progress::{Meter, Work};
use super::{json, output};

const LINE: &str = concat!(
    "#{transcript_name}: #{transcript_bytes} bytes (created #{t:transcript_created})",
    "#{?transcript_live, (live),}#{?transcript_keep_until, (kept until #{t:transcript_keep_until}),}",
    "#{?transcript_error, (#{transcript_error}),}#{?transcript_command,: #{transcript_command},}",
);
/// Bytes of text made in one step of saving.
const STEP_BYTES: usize = 256 << 10;

pub(super) fn list_transcripts(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let order = match args.get('O').map(|order| Order::parse(order).ok_or("invalid sort order")) {
        Some(Err(cause)) => return output::error(cx, item, cause),
        order => order.and_then(Result::ok),
    };
    let Some(store) = cx.host.transcripts() else { return Exec::Normal };
    let template = args.get('F').unwrap_or(LINE).to_owned();
    let filter = args.get('f').map(str::to_owned);
    let reversed = args.has('r');
    let as_json = args.has('j');
    let waiting = item.waiting();
    cx.host.background(Box::new(move || {
        let mut all = store.all();
        all.sort_by(|a, b| compare(order, a, b));
        if reversed && order.is_some() {
            all.reverse();
        }
        Box::new(move |cx| {
            let base = Objects::new(cx.server, cx.host, cx.now).item(&waiting);
            let mut lines = Vec::new();
            for (number, one) in all.iter().enumerate() {
                let objects = objects_of(cx.server, base.clone(), one).add("line", number.to_string());
                if filter.as_ref().is_some_and(|filter| !objects.is_true(filter)) {
                    continue;
                }
                lines.push(match as_json {
                    true => {
                        serde_json::Value::Object(json::object(&objects, &[json::TRANSCRIPT])).to_string()
                    }
                    false => objects.expand(&template),
                });
            }
            match as_json {
                true => json::print_array(cx, &waiting, &lines),
                false => lines.iter().for_each(|line| output::print(cx, &waiting, line)),
            }
            cx.server.queues.resume(waiting.id);
        })
    }));
    Exec::Wait
}

fn compare(order: Option<Order>, a: &Transcript, b: &Transcript) -> Ordering {
    let by_name = || a.key.cmp(&b.key);
    match order {
        None | Some(Order::Given) => Ordering::Equal,
        Some(Order::Size) => a.bytes.cmp(&b.bytes).then_with(by_name),
        Some(Order::Name) => by_name(),
        Some(_) => a.info.created_us.cmp(&b.info.created_us).then_with(by_name),
    }
}

/// Output of full-screen programs in a pane, as `view_of`; `None` when none was kept.
pub(super) fn alternate_of(cx: &Cx<'_>, pane: PaneId) -> Option<(TranscriptView, u64, u64)> {
    let mut terminal = cx.server.pane(pane)?.terminal.lock();
    let (view, rest) = terminal.alternate_history()?;
    let mut view = TranscriptView::from_view(view)?;
    let history = view.rows();
    view.extend(&rest, terminal.links());
    Some((view, history, rest.len() as u64))
}

/// A snapshot of a pane's history and screen, and the count of rows of each.
pub(super) fn view_of(cx: &Cx<'_>, pane: PaneId) -> Option<(TranscriptView, u64, u64)> {
    let pane = cx.server.pane(pane)?;
    let mut terminal = pane.terminal.lock();
    let mut screen: Vec<Row> = (0..terminal.size().rows).map(|y| terminal.row(y)).collect();
    cut_screen(&mut screen);
    let history = terminal.history_rows();
    let mut view = TranscriptView::from_view(terminal.history().view())?;
    view.extend(&screen, terminal.links());
    Some((view, history, screen.len() as u64))
}

pub(super) fn save_transcript(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let form = match args.get('F') {
        None if args.has('e') => Form::Ansi,
        None => Form::Text,
        Some(name) => match Form::parse(name) {
            Some(form) => form,
            None => return output::error(cx, item, &format!("unknown form: {name}")),
        },
    };
    let objects = Objects::new(cx.server, cx.host, cx.now).item(item).client(item.target_client);
    let path = args.string(0).map(|path| objects.state(&item.target).expand(&path));
    let streams = item
        .client
        .and_then(|id| cx.server.client(id))
        .is_some_and(|client| client.session.is_none() && !client.flags.contains(ClientFlags::CONTROL));
    if path.is_none() && !streams {
        return output::error(cx, item, "no path specified");
    }
    let path = output::client_path(cx, item.client, path.as_deref().unwrap_or("-"));
    let range = match Range::new(cx, item, args) {
        Ok(range) => range.or_all(),
        Err(message) => return output::error(cx, item, &message),
    };
    let Some(store) = cx.host.transcripts() else { return output::error(cx, item, "no transcripts") };
    let (append, bare, alternate) = (args.has('a'), args.has('N'), args.has('A'));
    let waiting = item.waiting();
    let begin = move |mut view: TranscriptView, history: u64, screen: u64, notes: Vec<Note>| {
        let (top, bottom) = range.resolve(history, screen);
        let to = if history + screen == 0 { top } else { bottom + 1 };
        let exporter = Exporter::new(&mut view, form, top, to, if bare { Vec::new() } else { notes });
        Box::new(move |cx: &mut Cx<'_>| write(cx, waiting, path, append, view, exporter)) as Callback
    };
    if let Some(key) = args.get('k') {
        let (key, failing) = (key.to_owned(), item.waiting());
        let read = move |key: &str| if alternate { store.read_alternate(key) } else { store.read(key) };
        cx.host.background(Box::new(move || match read(&key) {
            Ok((mut view, notes)) => {
                let rows = view.rows();
                begin(view, rows, 0, notes)
            }
            Err(error) => Box::new(move |cx| {
                let text = match error.kind() {
                    std::io::ErrorKind::PermissionDenied => format!("can't read transcript: {key}: {error}"),
                    _ => format!("can't find transcript: {key}"),
                };
                output::error(cx, &failing, &text);
                cx.server.queues.resume(failing.id);
            }),
        }));
        return Exec::Wait;
    }
    let Some(pane) = item.target.pane else {
        let message = format!("can't find pane: {}", args.get('t').unwrap_or_default());
        return output::error(cx, item, &message);
    };
    let key = cx.server.pane(pane).and_then(|pane| pane.terminal.lock().history().key());
    let notes = key.filter(|_| !alternate).map_or_else(Vec::new, |key| store.notes(&key));
    let view = if alternate { alternate_of(cx, pane) } else { view_of(cx, pane) };
    let Some((view, history, screen)) = view else {
        let what = if alternate { NO_ALTERNATE } else { "no transcript" };
        return output::error(cx, item, what);
    };
    cx.host.background(Box::new(move || begin(view, history, screen, notes)));
    Exec::Wait
}

/// Makes the text in pieces, until it is stopped.
fn pieces(mut view: TranscriptView, mut exporter: Exporter, meter: Arc<Meter>) -> Content {
    let (mut more, mut bytes) = (true, 0);
    Content::Made(Box::new(move || {
        let mut text = String::new();
        while more && text.len() < STEP_BYTES {
            more = exporter.step(&mut view, STEP_BYTES, &mut text);
        }
        if meter.is_stopped() {
            return None;
        }
        bytes += text.len() as u64;
        meter.set(exporter.progress(), bytes);
        (more || !text.is_empty()).then(|| text::into_bytes(text))
    }))
}

fn write(
    cx: &mut Cx<'_>,
    item: ItemContext,
    path: String,
    append: bool,
    view: TranscriptView,
    exporter: Exporter,
) {
    let client = item.client;
    // The client that asked is gone.
    if client.is_some_and(|id| cx.server.client(id).is_none()) {
        return;
    }
    let work = Work::begin(cx, &item, "saving", path == "-");
    let content = pieces(view, exporter, work.meter.clone());
    let shown = path.clone();
    let done = Box::new(move |cx: &mut Cx<'_>, result: Result<Vec<u8>, _>| {
        work.end(cx);
        if let Err(error) = result {
            output::error(cx, &item, &file_error(error, &shown));
        } else if work.meter.is_stopped() {
            let size = size_text(work.meter.bytes());
            output::error(cx, &item, &format!("stopped: {shown} is not complete ({size})"));
        }
        cx.server.queues.resume(item.id);
    });
    cx.host.write_file(client, &path, append, content, done);
}
