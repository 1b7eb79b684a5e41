//! The numbers over panes (`display-panes`).

use crate::base::{Cell, CellStyle, ClientId, KeyCode, PaneId, Size, Surface};
use crate::model::mode::{Overlay, OverlayResult};
use crate::model::option_access::OptionScope;
use crate::model::queue::{ItemId, KeyEvent};
use crate::model::{Cx, Server};
use crate::options::opt;

use super::clock::large;

/// Called with the pane that was chosen.
pub(crate) type Chosen = Box<dyn FnMut(&mut Cx<'_>, ClientId, PaneId) + Send>;

pub(crate) struct DisplayPanes {
    /// The command that waits for a choice.
    pub item: Option<ItemId>,
    /// `None`: the overlay takes no keys.
    pub chosen: Option<Chosen>,
}

/// Clips a stretch to the view: its start in the view and its length. tmux's arithmetic, which does
/// not clip a far end that alone is outside.
fn visible(at: i64, length: i64, from: i64, room: i64) -> Option<(i64, i64)> {
    if at + length <= from || at >= from + room {
        return None;
    }
    Some(if at >= from && at + length <= from + room {
        (at - from, length)
    } else if at < from && at + length > from + room {
        (0, room)
    } else if at < from {
        (0, length - (from - at))
    } else {
        (at - from, length - (at - from))
    })
}

/// Where a pane's number is drawn: its visible part, in cells of the client.
struct Place {
    x: i64,
    y: i64,
    cols: i64,
    rows: i64,
}

impl DisplayPanes {
    fn place(cx: &Cx<'_>, client: ClientId, pane: PaneId) -> Option<Place> {
        let c = cx.server.client(client)?;
        let p = cx.server.pane(pane)?;
        let (ox, oy, size, _) = c.view;
        let (x, cols) = visible(p.x.into(), p.size.cols.into(), ox.into(), size.cols.into())?;
        let (y, rows) = visible(p.y.into(), p.size.rows.into(), oy.into(), size.rows.into())?;
        let level = c.session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        let at_top = cx.server.option_text(level, opt::STATUS_POSITION) == "top";
        let top = if at_top { i64::from(cx.server.status_lines(c)) } else { 0 };
        Some(Place { x, y: y + top, cols, rows })
    }

    fn draw_pane(cx: &Cx<'_>, client: ClientId, pane: PaneId, frame: &mut Surface) {
        let Some(place) = Self::place(cx, client, pane) else { return };
        let (Some(index), Some(p)) = (cx.server.pane_index(pane), cx.server.pane(pane)) else { return };
        let Some(window) = cx.server.window(p.window).map(|w| w.size) else { return };
        let view = cx.server.client(client).map_or((0, 0), |c| (c.view.0.into(), c.view.1.into()));
        let mut canvas = Canvas { server: cx.server, pane, offset: view, window, frame };
        let number = index.to_string();
        let length = number.len() as i64;
        if place.cols < length {
            return;
        }
        let active = cx.server.window(p.window).is_some_and(|w| w.active == pane);
        let session = cx.server.client(client).and_then(|c| c.session);
        let level = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        let key = if active { opt::DISPLAY_PANES_ACTIVE_COLOUR } else { opt::DISPLAY_PANES_COLOUR };
        let colour = cx.server.chain(level).get(key);
        let letter = (10..35).contains(&index).then(|| char::from(b'a' + (index - 10) as u8));
        let (half_x, half_y) = (place.cols / 2, place.rows / 2);
        let text_style = CellStyle { fg: colour, ..CellStyle::DEFAULT };
        if place.cols < length * 6 || place.rows < 5 {
            // tmux: with room for a letter, the number is placed as if it were two columns longer:
            // the letter and a NUL. The NUL does not move the terminal's cursor, so the space and
            // the letter follow the number at once, if the pane shows in the cells meant for them.
            let letter_length = i64::from(letter.is_some());
            let roomy = place.cols > length + letter_length;
            let width = if roomy { length + letter_length + 1 } else { length };
            let (x, y) = (place.x + half_x - width / 2, place.y + half_y);
            canvas.put(x, y, &number, text_style);
            if roomy && canvas.shows(x + width, y) {
                canvas.put(x + length, y, " ", text_style);
            }
            if let Some(letter) = letter.filter(|_| roomy && canvas.shows(x + width + 1, y)) {
                canvas.put(x + length + 1, y, &letter.to_string(), text_style);
            }
            return;
        }
        let block = CellStyle { bg: colour, ..CellStyle::DEFAULT };
        let (mut x, y) = (place.x + half_x - length * 3, place.y + half_y - 2);
        for c in number.chars() {
            for (dx, dy) in large(c) {
                canvas.put(x + i64::from(dx), y + i64::from(dy), " ", block);
            }
            x += 6;
        }
        if place.rows <= 6 {
            return;
        }
        let size = format!("{}x{}", p.size.cols, p.size.rows);
        if place.cols >= size.len() as i64 {
            canvas.put(place.x + place.cols - size.len() as i64, place.y, &size, text_style);
        }
        if let Some(letter) = letter {
            let x = place.x + half_x + length * 3 - 2;
            canvas.put(x, y + 5, &letter.to_string(), text_style);
        }
    }
}

/// One pane to draw on, and the client's frame.
struct Canvas<'a> {
    server: &'a Server,
    pane: PaneId,
    /// Offset of the client's view in the window, in cells.
    offset: (i64, i64),
    window: Size,
    frame: &'a mut Surface,
}

impl Canvas<'_> {
    /// True if the pane shows in this cell of the client, uncovered.
    fn shows(&self, x: i64, y: i64) -> bool {
        let (x, y) = (x + self.offset.0, y + self.offset.1);
        let inside =
            (0..i64::from(self.window.cols)).contains(&x) && (0..i64::from(self.window.rows)).contains(&y);
        inside && !self.server.is_pane_covered(self.pane, x as i32, y as i32)
    }

    /// Writes text where the pane shows, as tmux does: behind a covered cell the text starts again
    /// from its first character. Rows of status lines at the top count as rows of the window.
    fn put(&mut self, x: i64, y: i64, text: &str, style: CellStyle) {
        let seen_y = y;
        // tmux: text beyond the terminal's last row or column is drawn in that row or column.
        let last = self.frame.size();
        let y = y.min(i64::from(last.rows) - 1);
        let mut rest = text.chars();
        for at in x..x + text.len() as i64 {
            if !self.shows(at, seen_y) {
                rest = text.chars();
            } else if let (Some(c), Ok(x), Ok(y)) =
                (rest.next(), u32::try_from(at.min(i64::from(last.cols) - 1)), u32::try_from(y))
            {
                self.frame.put(x, y, Cell::new(c, style));
            }
        }
    }
}

impl Overlay for DisplayPanes {
    fn covers_part(&self) -> bool {
        false
    }

    fn draw(&mut self, cx: &mut Cx<'_>, client: ClientId, frame: &mut Surface) {
        let window = cx.server.client(client).and_then(|c| cx.server.client_window(c));
        let panes = window.and_then(|w| cx.server.window(w)).map(|w| w.panes.clone()).unwrap_or_default();
        for pane in panes {
            if cx.server.is_pane_visible(pane) {
                Self::draw_pane(cx, client, pane, frame);
            }
        }
        frame.cursor_visible = false;
    }

    fn key(&mut self, cx: &mut Cx<'_>, client: ClientId, event: &KeyEvent) -> OverlayResult {
        let Some(chosen) = &mut self.chosen else { return OverlayResult::CloseAndPass };
        let key = event.key.identity();
        let index = match key.code {
            KeyCode::Char(c @ '0'..='9') if key.mods.is_empty() => c as i64 - '0' as i64,
            KeyCode::Char(c @ 'a'..='z') if key.mods.is_empty() => 10 + c as i64 - 'a' as i64,
            _ => return OverlayResult::CloseAndPass,
        };
        let window = cx.server.client(client).and_then(|c| cx.server.client_window(c));
        let Some(window) = window else { return OverlayResult::Close };
        if let Some(pane) = cx.server.pane_at_index(window, index) {
            cx.unzoom(window, true);
            chosen(cx, client, pane);
        }
        OverlayResult::Close
    }

    fn resize(&mut self, _: &mut Cx<'_>, _: ClientId) -> OverlayResult {
        // tmux: an overlay that cannot be resized is closed.
        OverlayResult::Close
    }

    fn close(&mut self, cx: &mut Cx<'_>, _: ClientId) {
        if let Some(item) = self.item.take() {
            cx.server.queues.resume(item);
        }
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
