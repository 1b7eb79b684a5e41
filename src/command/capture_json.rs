//! `capture-pane -j`: an object that describes the pane, with an element for each row. Another thread
//! makes it, piece by piece.

use serde_json::{Map, Value, json};

use crate::base::PaneId;
use crate::base::history::{HistoryView, Row, RowFlags, RowRef};
use crate::base::links::Links;
use crate::format::Objects;
use crate::model::host::Content;
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::terminal::{Capture, CaptureOptions};

use super::history_range::{Range, options_of};
use super::json::{self, Keys, Kind};
use super::output;

/// Keys of the object beside `lines`.
pub(crate) const CAPTURE: Keys = &[
    ("alternate_on", Kind::Flag),
    ("cursor_x", Kind::Number),
    ("cursor_y", Kind::Number),
    ("history_size", Kind::Number),
    ("pane_height", Kind::Number),
    ("pane_id", Kind::Text),
    ("pane_width", Kind::Number),
];

/// Keys of each element of `lines`: name, type and description.
#[cfg(test)]
pub(crate) const ROWS: &[(&str, &str, &str)] = &[
    (
        "line",
        "number",
        "Number of its line, counted from the pane's beginning; it never shifts. `null` on the alternate screen.",
    ),
    ("output", "true or false", "Whether a command's output begins in it (OSC 133)."),
    ("prompt", "true or false", "Whether a prompt begins in it."),
    ("row", "number", "Its number as `-S` counts: 0 is the first row of the screen."),
    ("text", "text", "What it shows; `-e`, `-N`, `-T` and the like count."),
    ("time", "time", "When it left the screen; `null` before that."),
    ("wrapped", "true or false", "Whether its line continues in the next row."),
];

/// Bytes made at a time.
const PIECE: usize = 256 << 10;

/// Snapshot of rows.
struct Rows {
    view: Box<dyn HistoryView>,
    history: u64,
    screen: Vec<Row>,
    links: Links,
    left: std::ops::RangeInclusive<u64>,
    head: Option<String>,
    text: Text,
}

/// How rows become text.
struct Text {
    capture: Capture,
    history: u64,
    /// Line number of the next row.
    line: Option<u64>,
    any: bool,
    utf8: bool,
}

pub(super) fn capture_json(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, id: PaneId) -> Exec {
    if !output::can_stream(cx, item) {
        return output::error(cx, item, "can't write to client");
    }
    if args.has('M') || args.has('a') || args.has('P') {
        return output::error(cx, item, "-j goes with neither -a, -M nor -P");
    }
    let range = match Range::new(cx, item, args) {
        Ok(range) => range,
        Err(message) => return output::error(cx, item, &message),
    };
    let objects = Objects::new(cx.server, cx.host, cx.now).item(item).state(&item.target);
    let head = Value::Object(json::object(&objects, &[CAPTURE])).to_string();
    let Some(pane) = cx.server.pane(id) else { return Exec::Error };
    // Numbers, flags and links are keys of their own.
    let options = CaptureOptions { numbers: false, flags: false, hyperlinks: false, ..options_of(args) };
    let mut terminal = pane.terminal.lock();
    let history = terminal.history_rows();
    let (top, bottom) = range.resolve(history, u64::from(terminal.size().rows));
    let mut view = terminal.history().view();
    let line = terminal.first_line().map(|first| match top < history {
        true => view.line_of_row(top).unwrap_or(first),
        false => terminal.line_in_row((top - history) as u32),
    });
    let mut rows = Rows {
        screen: (0..terminal.size().rows).map(|y| terminal.row(y)).collect(),
        links: terminal.links().clone(),
        view,
        history,
        left: top..=bottom,
        head: Some(format!("{},\"lines\":[\n", head.trim_end_matches('}'))),
        text: Text {
            capture: Capture::new(options, terminal.size().cols),
            history,
            line,
            any: false,
            utf8: output::takes_utf8(cx, item),
        },
    };
    drop(terminal);
    output::stream(cx, item, Content::Made(Box::new(move || rows.piece())))
}

impl Rows {
    fn piece(&mut self) -> Option<Vec<u8>> {
        let mut out = self.head.take()?;
        let last = *self.left.end();
        while out.len() < PIECE {
            let Some(first) = self.left.next() else {
                out.push_str("]}\n");
                return Some(out.into_bytes());
            };
            let (text, mut index) = (&mut self.text, first);
            if first < self.history {
                let rows = first..self.history.min(last + 1);
                self.view.scan(rows, &mut self.links, &mut |row, links| {
                    text.push(index, row, links, &mut out);
                    index += 1;
                    out.len() < PIECE
                });
            } else if let Some(row) = self.screen.get((first - self.history) as usize) {
                text.push(index, row.by_ref(), &self.links, &mut out);
                index += 1;
            }
            if index == first {
                // A row that is not there is blank.
                text.push(index, Row::default().by_ref(), &self.links, &mut out);
                index += 1;
            }
            self.left = index..=last;
        }
        self.head = Some(String::new());
        Some(out.into_bytes())
    }
}

impl Text {
    fn push(&mut self, index: u64, row: RowRef<'_>, links: &Links, out: &mut String) {
        let object = Value::Object(self.object(index, row, links)).to_string();
        let object = if self.utf8 { object } else { json::ascii(&object) };
        out.push_str(if std::mem::replace(&mut self.any, true) { ",\n" } else { "" });
        out.push_str(&object);
    }

    fn object(&mut self, index: u64, row: RowRef<'_>, links: &Links) -> Map<String, Value> {
        let wrapped = row.flags.contains(RowFlags::WRAPPED);
        let line = self.line;
        if !wrapped {
            self.line = line.map(|line| line + 1);
        }
        let object = [
            ("line", json!(line)),
            ("output", json!(row.flags.contains(RowFlags::START_OUTPUT))),
            ("prompt", json!(row.flags.contains(RowFlags::START_PROMPT))),
            ("row", json!(index as i64 - self.history as i64)),
            ("text", json::string(&self.capture.text(row, links))),
            ("time", if row.time == 0 { Value::Null } else { json!(row.time) }),
            ("wrapped", json!(wrapped)),
        ];
        object.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
