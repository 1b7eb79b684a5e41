//! `capture-pane` and `clear-history`.

use std::ops::RangeInclusive;

use bytes::{Bytes, BytesMut};

use crate::base::history::{HistoryView, Row};
use crate::base::links::Links;
use crate::base::text;
use crate::model::host::Content;
use crate::model::mode::CapturedRows;
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::terminal::Terminal;
use crate::terminal::capture::{Capture, CaptureOptions};
use crate::terminal::capture_cells::Described;
use crate::view;

use super::history_range::{NO_ALTERNATE, Range, options_of};
use super::output;

pub(crate) fn clear_history(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(id) = item.target.pane else { return Exec::Error };
    view::modes::pop_all(cx, id);
    if let Some(pane) = cx.server.pane(id) {
        let mut terminal = pane.terminal.lock();
        terminal.clear_history();
        if args.has('H') {
            terminal.reset_links();
        }
    }
    cx.host.history_cleared(id);
    Exec::Normal
}

pub(crate) fn capture_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(id) = item.target.pane else { return Exec::Error };
    if args.get('S') == Some("@seen") {
        return super::capture_seen::capture_seen(cx, item, args, id);
    }
    if args.has('A') {
        return match alternate_rows(cx, id, args, item) {
            Ok(captured) => deliver(cx, item, args, captured),
            Err(message) => output::error(cx, item, &message),
        };
    }
    if args.has('j') {
        return super::capture_json::capture_json(cx, item, args, id);
    }
    let captured = if args.has('R') {
        Ok(cells(cx, item, id))
    } else if args.has('P') && !args.has('H') {
        Ok(Captured::Text(pending(cx, id, args.has('C'))))
    } else {
        Range::new(cx, item, args).and_then(|range| rows(cx, id, args, range))
    };
    let captured = match captured {
        Ok(captured) => captured,
        Err(message) => return output::error(cx, item, &message),
    };
    deliver(cx, item, args, captured)
}

/// Prints the captured text, or puts it into a buffer.
fn deliver(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, captured: Captured) -> Exec {
    if args.has('p') {
        return print(cx, item, captured);
    }
    let name = args.get('b').map(str::to_owned);
    match captured {
        Captured::Text(data) => match cx.server.set_buffer(data, name.as_deref(), cx.now) {
            Ok(()) => Exec::Normal,
            Err(message) => output::error(cx, item, &message),
        },
        Captured::Rows(mut rows) => {
            let make = move || shared(std::iter::from_fn(|| rows.piece()).collect());
            output::to_buffer(cx, item.clone(), name, make)
        }
    }
}

/// Joins pieces, freeing each one as soon as it is copied, so that a long text is in memory only once.
fn shared(pieces: Vec<Vec<u8>>) -> Bytes {
    let mut joined = BytesMut::with_capacity(pieces.iter().map(Vec::len).sum());
    for piece in pieces {
        joined.extend_from_slice(&piece);
    }
    joined.freeze()
}

/// `-p`: prints the text for the client, with a newline after the last line.
fn print(cx: &mut Cx<'_>, item: &ItemContext, captured: Captured) -> Exec {
    let Some(client) = item.client.and_then(|id| cx.server.client(id)) else { return Exec::Normal };
    if !client.flags.contains(ClientFlags::CONTROL) && client.session.is_some() {
        return output::error(cx, item, "can't write to client");
    }
    match captured {
        Captured::Text(mut data) => {
            if data.last() == Some(&b'\n') {
                data.pop();
            }
            output::print_bytes(cx, item, &data);
            Exec::Normal
        }
        Captured::Rows(mut rows) => {
            let mut open = true;
            let maker = move || match rows.piece() {
                Some(piece) => {
                    open = !piece.ends_with(b"\n");
                    Some(piece)
                }
                None => std::mem::take(&mut open).then(|| b"\n".to_vec()),
            };
            output::stream(cx, item, Content::Made(Box::new(maker)))
        }
    }
}

/// The captured text, or the rows from which another thread makes the text.
enum Captured {
    Text(Vec<u8>),
    Rows(Box<Rows>),
}

/// Maximum number of rows that are turned into text on the loop; more are left to another thread, in
/// pieces.
const FEW_ROWS: u64 = 500;
/// Bytes of text made at a time.
const PIECE: usize = 256 << 10;

/// Snapshot of a pane's rows; later output does not change it.
struct Rows {
    view: Box<dyn HistoryView>,
    /// Count of rows of the view; the rows after them are in `screen`.
    viewed: u64,
    /// Count of rows above the first visible one, which is row 0.
    above: u64,
    screen: Vec<Row>,
    links: Links,
    /// tmux: rows shown by copy mode have no hyperlinks.
    without_links: bool,
    capture: Capture,
    left: RangeInclusive<u64>,
}

impl Rows {
    /// The rows `left` of a pane's history and of the first `rows` rows of its screen.
    fn of_pane(terminal: &mut Terminal, rows: u32, capture: Capture, left: RangeInclusive<u64>) -> Captured {
        let history = terminal.history_rows();
        Captured::Rows(Box::new(Self {
            screen: (0..rows).map(|y| terminal.row(y)).collect(),
            links: terminal.links().clone(),
            without_links: false,
            view: terminal.history().view(),
            viewed: history,
            above: history,
            capture,
            left,
        }))
    }

    /// The text of the next rows; `None` after the last one.
    fn piece(&mut self) -> Option<Vec<u8>> {
        let (first, last) = (self.left.next()?, *self.left.end());
        let mut out = String::with_capacity(PIECE + PIECE / 8);
        let (none, above) = (Links::new(), self.above as i64);
        let mut next = first;
        if next < self.viewed {
            let end = self.viewed.min(last + 1);
            let (capture, without_links) = (&mut self.capture, self.without_links);
            next = self.view.scan(next..end, &mut self.links, &mut |row, links| {
                let links = if without_links { &none } else { links };
                capture.row(row, next as i64 - above, links, &mut out);
                next += 1;
                out.len() < PIECE
            });
            // Rows that the view does not have are blank.
            while next < end && out.len() < PIECE {
                self.capture.row(Row::default().by_ref(), next as i64 - above, &none, &mut out);
                next += 1;
            }
        }
        while next >= self.viewed && next <= last && out.len() < PIECE {
            if let Some(row) = self.screen.get((next - self.viewed) as usize) {
                self.capture.row(row.by_ref(), next as i64 - above, &self.links, &mut out);
            }
            next += 1;
        }
        self.left = next..=last;
        Some(text::into_bytes(out))
    }
}

/// The bytes of an unfinished sequence in the parser of the pane.
fn pending(cx: &Cx<'_>, id: crate::base::PaneId, octal: bool) -> Vec<u8> {
    let Some(pane) = cx.server.pane(id) else { return Vec::new() };
    let terminal = pane.terminal.lock();
    let bytes = terminal.pending_input();
    if !octal {
        return bytes.to_vec();
    }
    let mut out = Vec::new();
    for &byte in bytes {
        if byte >= b' ' && byte != b'\\' {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        }
    }
    out
}

/// Output of full-screen programs (`-A`): all of it, unless rows are given.
fn alternate_rows(
    cx: &mut Cx<'_>,
    id: crate::base::PaneId,
    args: &Args,
    item: &ItemContext,
) -> Result<Captured, String> {
    if args.has('a') || args.has('j') || args.has('M') || args.has('P') {
        return Err("-A goes with neither -a, -j, -M nor -P".to_owned());
    }
    let range = Range::new(cx, item, args)?.or_all();
    let Some(pane) = cx.server.pane(id) else { return Ok(Captured::Text(Vec::new())) };
    let mut terminal = pane.terminal.lock();
    let (mut view, screen) = terminal.alternate_history().ok_or(NO_ALTERNATE)?;
    let history = view.rows();
    if history + screen.len() as u64 == 0 {
        return Ok(Captured::Text(Vec::new()));
    }
    let (top, bottom) = range.resolve(history, screen.len() as u64);
    Ok(Captured::Rows(Box::new(Rows {
        view,
        viewed: history,
        above: history,
        screen,
        links: terminal.links().clone(),
        without_links: false,
        capture: Capture::new(options_of(args), terminal.size().cols),
        left: top..=bottom,
    })))
}

/// The rows of a pane, its alternate's saved screen (`-a`) or its mode (`-M`).
fn rows(cx: &mut Cx<'_>, id: crate::base::PaneId, args: &Args, range: Range) -> Result<Captured, String> {
    let options = options_of(args);
    if args.has('M')
        && !args.has('a')
        && let Some(of) = view::modes::captured(cx, id)
    {
        return Ok(mode_rows(cx, id, options, range, of));
    }
    let Some(pane) = cx.server.pane(id) else { return Ok(Captured::Text(Vec::new())) };
    let mut terminal = pane.terminal.lock();
    let saved = args.has('a');
    if saved && !terminal.alternate_on() {
        return match args.has('q') {
            true => Ok(Captured::Text(Vec::new())),
            false => Err("no alternate screen".to_owned()),
        };
    }
    let size = if saved { terminal.saved_size().unwrap_or(terminal.size()) } else { terminal.size() };
    // tmux: the saved screen has no history of its own.
    let history = if saved { 0 } else { terminal.history_rows() };
    let (top, bottom) = range.resolve(history, u64::from(size.rows));
    // tmux: but its rows are cut at the present width of the pane.
    let mut capture = Capture::new(options, terminal.size().cols);
    if top < history && bottom - top >= FEW_ROWS {
        return Ok(Rows::of_pane(&mut terminal, size.rows, capture, top..=bottom));
    }
    let mut out = String::new();
    let mut number = top as i64 - history as i64;
    terminal.scan_history(top..history.min(bottom + 1), &mut |row, links| {
        capture.row(row, number, links, &mut out);
        number += 1;
        true
    });
    for y in top.saturating_sub(history)..(bottom + 1).saturating_sub(history) {
        let row = if saved { terminal.saved_row(y as u32) } else { Some(terminal.row(y as u32)) };
        capture.row(row.unwrap_or_default().by_ref(), y as i64, terminal.links(), &mut out);
    }
    Ok(Captured::Text(text::into_bytes(out)))
}

/// Describes each cell of the pane (`-R`), from the oldest row on.
fn cells(cx: &Cx<'_>, item: &ItemContext, id: crate::base::PaneId) -> Captured {
    let Some(pane) = cx.server.pane(id) else { return Captured::Text(Vec::new()) };
    let limit = super::place::expand_target(cx, item, "#{history_limit}");
    let mut terminal = pane.terminal.lock();
    let (size, history) = (terminal.size(), terminal.history_rows());
    let capture = Capture::of_cells(Described::new(&mut terminal, limit));
    let last = (history + u64::from(size.rows)).saturating_sub(1);
    Rows::of_pane(&mut terminal, size.rows, capture, 0..=last)
}

/// The rows that a pane's mode shows.
fn mode_rows(
    cx: &Cx<'_>,
    id: crate::base::PaneId,
    options: CaptureOptions,
    range: Range,
    of: CapturedRows,
) -> Captured {
    let cols = cx.server.pane(id).map_or(0, |p| p.size.cols);
    let (top, bottom) = range.resolve(of.above, of.all.saturating_sub(of.above));
    let mut rows = Rows {
        view: of.rows,
        viewed: of.all,
        above: of.above,
        screen: Vec::new(),
        links: Links::new(),
        without_links: true,
        capture: Capture::new(options, cols),
        left: top..=bottom,
    };
    match bottom - top < FEW_ROWS {
        true => Captured::Text(std::iter::from_fn(|| rows.piece()).flatten().collect()),
        false => Captured::Rows(Box::new(rows)),
    }
}
