//! Text that a pane shows when its program has ended and the pane stays: `remain-on-exit-format`,
//! which the server draws into the pane's last row.

use crate::base::{Cell, CellStyle, PaneId, Point, Size, Surface};
use crate::format::{Objects, draw};
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::options::opt;

/// Draws into all panes whose programs have ended since the last call.
pub(crate) fn draw_ended(cx: &mut Cx<'_>) {
    for pane in std::mem::take(&mut cx.server.ended_panes) {
        draw_pane(cx, pane);
    }
}

fn draw_pane(cx: &mut Cx<'_>, id: PaneId) {
    let format = cx.server.option_text(OptionScope::Pane(id), opt::REMAIN_ON_EXIT_FORMAT);
    let Some(pane) = cx.server.pane(id) else { return };
    if format.is_empty() {
        pane.terminal.lock().history().flush_all();
        return;
    }
    let text = Objects::new(cx.server, cx.host, cx.now).about_pane(id).expand(&format);
    let mut terminal = pane.terminal.lock();
    let Size { cols, rows } = terminal.size();
    let mut line = Surface::new(Size::new(cols, 1));
    draw::draw(&mut line, 0, 0, cols, CellStyle::DEFAULT, &text);
    // Abort any unfinished sequence, reset style and scroll region; then scroll the rows up by one.
    terminal.feed(b"\x18\x1b[m\x1b[r");
    let last = Point::new(0, rows.saturating_sub(1));
    terminal.set_cursor(last);
    terminal.feed(b"\n");
    terminal.set_cursor(last);
    let drawn = line.row(0).iter().rposition(|cell| *cell != Cell::BLANK).map_or(0, |at| at + 1);
    line.row(0)[..drawn].iter().filter(|cell| !cell.is_padding()).for_each(|cell| terminal.put(cell));
    terminal.set_cursor(last);
    // The pane's journal ended with its program, so write to disk all that a later server must
    // find.
    terminal.history().flush_all();
    let window = pane.window;
    drop(terminal);
    cx.server.redraw_window(window);
}
