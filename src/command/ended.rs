//! Panes that stay after their programs have ended (`remain-on-exit`): the line that says so.

use crate::base::{CellStyle, PaneId, Point, Size, Surface};
use crate::format::{Scope, draw};
use crate::model::Cx;
use crate::model::option_access::OptionScope;

/// Draws `remain-on-exit-format` into panes whose programs have ended since the last time.
pub fn draw_lines(cx: &mut Cx<'_>) {
    for pane in std::mem::take(&mut cx.server.ended_panes) {
        draw_line(cx, pane);
    }
}

/// Scrolls the screen by a line and writes the message into the last one.
fn draw_line(cx: &mut Cx<'_>, pane: PaneId) {
    let format = cx.server.option_text(OptionScope::Pane(pane), "remain-on-exit-format");
    let Some(p) = cx.server.pane(pane) else { return };
    if !format.is_empty() {
        let expanded = Scope::new(cx.server, cx.host, cx.now).with_pane(pane).expand(&format);
        let mut terminal = p.terminal.lock();
        let size = terminal.size();
        let mut line = Surface::new(Size::new(size.cols, 1));
        draw::draw(&mut line, 0, 0, size.cols, CellStyle::DEFAULT, &expanded);
        let last = size.rows.saturating_sub(1);
        terminal.feed(b"\x1b[m\x1b[r");
        terminal.set_cursor(Point::new(0, last));
        terminal.feed(b"\n");
        terminal.set_cursor(Point::new(0, last));
        for cell in line.row(0).iter().filter(|cell| !cell.is_padding()) {
            terminal.put(cell);
        }
    }
    cx.server.mark_pane_changed(pane);
}
