//! `capture-pane -S @seen -k key`: only output since the last capture with this key.

use crate::base::PaneId;
use crate::model::waits::Seen;
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::terminal::{Mark, MarkKind};

use super::command_output::{Span, output_of};
use super::output;

pub(super) fn capture_seen(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, id: PaneId) -> Exec {
    let Some(pane) = cx.server.pane(id) else { return Exec::Error };
    let now = {
        let terminal = pane.terminal.lock();
        let at = terminal.cursor();
        let line = terminal.first_line().map(|_| terminal.line_in_row(at.y));
        let row = (0..at.y).rev().take_while(|y| terminal.is_wrapped(*y)).count() as u32;
        Seen { line, row, col: at.x, width: terminal.size().cols }
    };
    let before = match cx.server.waits.look(id, args.get('k').unwrap_or_default(), now) {
        Ok(before) => before,
        Err(message) => return output::error(cx, item, &message),
    };
    let kind = MarkKind::Output;
    let start = match before {
        // The first capture gets everything.
        None => Mark { kind, line: Some(0), row: 0, col: 0, time: 0 },
        Some(seen) if seen.width == now.width => {
            Mark { kind, line: seen.line, row: seen.row, col: seen.col, time: 0 }
        }
        // The line has another layout at this width, so it is captured again as a whole.
        Some(seen) => Mark { kind, line: seen.line, row: 0, col: 0, time: 0 },
    };
    let Some(text) = output_of(cx, id, Span { start: Some(start), col: now.col }) else { return Exec::Error };
    if args.has('p') {
        text.print(cx, &item.waiting());
        return Exec::Wait;
    }
    let name = args.get('b').map(str::to_owned);
    output::to_buffer(cx, item.waiting(), name, move || text.gather().0.into())
}
