//! Output of a command: the text between two places of a pane, made on another thread piece by piece.

use crate::base::PaneId;
use crate::base::history::{HistoryView, Row, RowFlags, RowRef};
use crate::base::links::Links;
use crate::base::{text, width};
use crate::model::host::Content;
use crate::model::{Cx, ItemContext};
use crate::terminal::{Capture, CaptureOptions, Mark, Terminal};

use super::output;

/// Bytes of text made at a time.
const PIECE: usize = 256 << 10;
/// Maximum number of bytes of output that are printed as JSON, or shown to an attached client. The rest
/// is left out, and the object says so.
const MAX_GATHERED: usize = 64 << 20;

/// The rows from a mark to a column of the cursor's row.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub start: Option<Mark>,
    pub col: u32,
}

/// Snapshot of the rows of the output.
pub(super) struct CommandOutput {
    view: Box<dyn HistoryView>,
    history: u64,
    screen: Vec<Row>,
    links: Links,
    text: Text,
}

/// The rows that are left, and how they become text.
struct Text {
    capture: Capture,
    next: u64,
    /// Number of the row after the last one.
    to: u64,
    /// Columns before the output in its first row.
    skip: usize,
    /// The last row has no newline.
    open: bool,
}

/// The output that ends at the cursor of a pane.
pub(super) fn output_of(cx: &Cx<'_>, pane: PaneId, span: Span) -> Option<CommandOutput> {
    let terminal = cx.server.pane(pane)?.terminal.clone();
    let mut terminal = terminal.lock();
    let history = terminal.history_rows();
    let cursor = terminal.cursor();
    let mut screen: Vec<Row> = (0..=cursor.y).map(|y| terminal.row(y)).collect();
    let first = span.start.map_or(history, |mark| first_row(&mut terminal, mark));
    let end = history + u64::from(cursor.y);
    // The start was cleared later, and the cursor is above it.
    let (next, skip) = match first <= end {
        true => (first, span.start.map_or(0, |mark| mark.col as usize)),
        false => (history, 0),
    };
    let open = span.col > 0;
    if let Some(last) = screen.last_mut() {
        let mut cells = last.cells();
        cells.truncate(span.col as usize);
        *last = cells.iter().collect();
    }
    let options = CaptureOptions { join: true, ..CaptureOptions::default() };
    Some(CommandOutput {
        links: terminal.links().clone(),
        view: terminal.history().view(),
        history,
        screen,
        text: Text {
            capture: Capture::new(options, terminal.size().cols),
            next,
            to: end + u64::from(open),
            skip,
            open,
        },
    })
}

/// The row that contains a mark, counted from the oldest row of history; the oldest, if the mark's line
/// is gone.
fn first_row(terminal: &mut Terminal, mark: Mark) -> u64 {
    match mark.line {
        Some(line) => row_of(terminal, line, mark.row),
        None => terminal.history_rows(),
    }
}

/// The row `below` rows below the start of a line, counted from the oldest row of history.
pub(super) fn row_of(terminal: &mut Terminal, line: u64, below: u32) -> u64 {
    let history = terminal.history_rows();
    let Some(first) = terminal.first_line() else { return history };
    if line < first {
        let mut view = terminal.history().view();
        let row = view.row_of_line(line).unwrap_or(0);
        return (row + u64::from(below)).min(history);
    }
    let rows = terminal.size().rows;
    let row = (0..rows).find(|y| terminal.line_in_row(*y) == line);
    match row {
        // The first row of the screen may be the middle of a line.
        Some(0) => history,
        Some(y) => history + u64::from(y + below),
        None => history + u64::from(rows),
    }
}

impl CommandOutput {
    /// The text of the next rows; `None` after the last one.
    fn piece(&mut self) -> Option<Vec<u8>> {
        let text = &mut self.text;
        if text.next >= text.to {
            return None;
        }
        let mut out = String::new();
        let end = text.to.min(self.history);
        if text.next < end {
            self.view.scan(text.next..end, &mut self.links, &mut |row, links| {
                text.push(row, links, &mut out);
                out.len() < PIECE
            });
            // Rows that are not there are blank.
            while text.next < end && out.len() < PIECE {
                text.push(Row::default().by_ref(), &self.links, &mut out);
            }
        }
        while text.next >= self.history && text.next < text.to && out.len() < PIECE {
            let row = self.screen.get((text.next - self.history) as usize).cloned().unwrap_or_default();
            text.push(row.by_ref(), &self.links, &mut out);
        }
        Some(text::into_bytes(out))
    }

    /// All of the output, and true if nothing was cut.
    pub(super) fn gather(mut self) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        while let Some(piece) = self.piece() {
            out.extend_from_slice(&piece);
            if out.len() >= MAX_GATHERED {
                out.truncate(MAX_GATHERED);
                return (out, self.text.next >= self.text.to);
            }
        }
        (out, true)
    }

    /// Prints the output as fast as its reader takes it, and then resumes the command's item.
    pub(super) fn print(mut self, cx: &mut Cx<'_>, item: &ItemContext) {
        let id = item.id;
        if !output::can_stream(cx, item) {
            let (text, _) = self.gather();
            output::print(cx, item, text::from_bytes(&text).trim_end_matches('\n'));
            cx.server.queues.resume(id);
            return;
        }
        // Lines in control mode need an end.
        let mut end = self.text.open && output::is_control(cx, item);
        let utf8 = output::takes_utf8(cx, item);
        let maker = move || match self.piece() {
            Some(piece) if utf8 => Some(piece),
            Some(piece) => {
                let lines = text::from_bytes(&piece);
                Some(lines.split('\n').map(width::sanitize).collect::<Vec<_>>().join("\n").into_bytes())
            }
            None => std::mem::take(&mut end).then(|| b"\n".to_vec()),
        };
        let done = Box::new(move |cx: &mut Cx<'_>, _| cx.server.queues.resume(id));
        output::stream_to(cx, item, Content::Made(Box::new(maker)), done);
    }
}

impl Text {
    /// Appends the text of the next row.
    fn push(&mut self, row: RowRef<'_>, links: &Links, out: &mut String) {
        let start = out.len();
        match std::mem::take(&mut self.skip) {
            0 => self.capture.push_text(row, links, out),
            skip => {
                let rest: Row = row.cells().iter().skip(skip).collect();
                self.capture.push_text(RowRef { flags: row.flags, ..rest.by_ref() }, links, out);
            }
        }
        self.next += 1;
        let is_last = self.next == self.to && self.open;
        if !row.flags.contains(RowFlags::WRAPPED) && !is_last {
            // Erased cells count as blanks at the end of the line and are trimmed.
            let end = out[start..].trim_end_matches(' ').len();
            out.truncate(start + end);
            out.push('\n');
        }
    }
}
