//! The help window of choosers.

use super::draw::put_text;
use super::{Source, TreeMode};
use crate::base::{Attrs, CellStyle, ClientId, Point, Size, Surface};
use crate::model::Cx;
use crate::model::mode::{Overlay, OverlayResult};
use crate::model::queue::KeyEvent;
use crate::options::opt;
use crate::view::boxes::{BoxLines, draw_box};
use crate::view::menu::window_level;
use crate::view::{overlay, style};

/// Keys of all choosers; `%1` stands for the word for an item.
const START: &[(&str, &str)] = &[
    ("Up, k", "Move cursor up"),
    ("Down, j", "Move cursor down"),
    ("g", "Go to top"),
    ("G", "Go to bottom"),
    ("PPage, C-b", "Page up"),
    ("NPage, C-f", "Page down"),
    ("Left, h", "Collapse %1"),
    ("Right, l", "Expand %1"),
    ("M--", "Collapse all %1s"),
    ("M-+", "Expand all %1s"),
    ("t", "Toggle %1 tag"),
    ("T", "Untag all %1s"),
    ("C-t", "Tag all %1s"),
    ("C-s", "Search forward"),
    ("n", "Repeat search forward"),
    ("N", "Repeat search backward"),
    ("f", "Filter %1s"),
    ("O", "Change sort order"),
    ("r", "Reverse sort order"),
    ("v", "Toggle preview"),
];
const END: (&str, &str) = ("q, Escape", "Exit mode");

/// Least width of the box, in columns.
const LEAST_COLS: u32 = 39;
/// Rows that the box itself takes.
const BOX_ROWS: usize = 2;
/// Width of the column of keys.
const KEY_COLS: usize = 11;

/// Hint at the help in the headings of lists; its length is also its width.
pub(super) const HELP_KEY: &str = "C-h help";

struct Help {
    lines: Vec<(&'static str, String)>,
    size: Size,
}

impl<S: Source> TreeMode<S> {
    pub(super) fn show_help(&mut self, cx: &mut Cx<'_>, client: Option<ClientId>) {
        let Some(client) = client else { return };
        let Some(full) = cx.server.client(client).map(|c| c.size) else { return };
        let (own, word, width) = self.source.help();
        let fill = |(key, text): &(&'static str, &str)| (*key, text.replace("%1", word));
        let all = START.iter().chain(own).chain(std::iter::once(&END));
        let mut lines: Vec<_> = all.map(fill).collect();
        let mut size = Size::new(width.max(LEAST_COLS), lines.len() as u32);
        if self.source.heading_rows() > 0 {
            // In lists that tmux does not have, the list's own keys come first, then as many others
            // as fit.
            let room = (full.rows as usize).saturating_sub(BOX_ROWS + 1).max(own.len());
            lines = own.iter().chain(START).take(room).chain(std::iter::once(&END)).map(fill).collect();
            size.rows = (lines.len() + BOX_ROWS) as u32;
        }
        if full.cols >= size.cols && full.rows >= size.rows {
            overlay::open(cx, client, Box::new(Help { lines, size }), 0);
        }
    }
}

impl Overlay for Help {
    fn draw(&mut self, cx: &mut Cx<'_>, client: ClientId, frame: &mut Surface) {
        let Some(full) = cx.server.client(client).map(|c| c.size) else { return };
        let level = window_level(cx, client);
        let objects = crate::format::Objects::new(cx.server, cx.host, cx.now).client(Some(client));
        let mut border = style::of_option(cx.server, level, opt::POPUP_BORDER_STYLE, &objects);
        border.attrs = Attrs::empty();
        let lines =
            BoxLines::parse(&cx.server.option_text(level, opt::POPUP_BORDER_LINES)).unwrap_or_default();
        let mut s = Surface::new(self.size);
        let inset = u32::from(lines != BoxLines::None);
        if inset > 0 {
            draw_box(&mut s, (0, 0), (self.size.cols, self.size.rows), lines, border, Some(""));
        }
        let room = self.size.cols - 2 * inset;
        let rows = self.size.rows - 2 * inset;
        // The box takes rows of the window, which is as high as its lines: the first lines scroll
        // away.
        let skipped = self.lines.len().saturating_sub(rows as usize);
        for (row, (key, text)) in self.lines.iter().skip(skipped).enumerate() {
            let bright = CellStyle { attrs: Attrs::BRIGHT, ..CellStyle::DEFAULT };
            let y = inset + row as u32;
            let x = put_text(&mut s, inset, y, room, &format!("{key:>KEY_COLS$} "), bright);
            let left = room - (x - inset);
            put_text(&mut s, x, y, left, &format!("\x01x\x01 {text}"), CellStyle::DEFAULT);
        }
        let at = Point::new((full.cols - self.size.cols) / 2, (full.rows - self.size.rows) / 2);
        frame.blit(&s, Point::default(), self.size, at);
        frame.cursor_visible = false;
    }

    fn key(&mut self, _: &mut Cx<'_>, _: ClientId, event: &KeyEvent) -> OverlayResult {
        if event.key.is_mouse() || event.key.is_paste() { OverlayResult::Keep } else { OverlayResult::Close }
    }

    fn resize(&mut self, cx: &mut Cx<'_>, client: ClientId) -> OverlayResult {
        let fits = cx
            .server
            .client(client)
            .is_some_and(|c| c.size.cols >= self.size.cols && c.size.rows >= self.size.rows);
        if fits { OverlayResult::Keep } else { OverlayResult::Close }
    }

    fn close(&mut self, _: &mut Cx<'_>, _: ClientId) {}

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
