//! The clock mode: the time in large digits.

use crate::base::clock::Now;
use crate::base::{Cell, CellFlags, CellStyle, Colour, PaneId, Point, Size, Surface};
use crate::model::Cx;
use crate::model::host::TimerId;
use crate::model::mode::{ModeResult, ModeTarget, PaneMode};
use crate::model::option_access::OptionScope;
use crate::model::queue::KeyEvent;
use crate::options::opt;
use crate::sys::time;

use super::modes;

/// Large characters, five rows of five columns each, top row first; the leftmost column is
/// the highest bit.
const SHAPES: [(char, [u8; 5]); 14] = [
    ('0', [0b11111, 0b10001, 0b10001, 0b10001, 0b11111]),
    ('1', [0b00001, 0b00001, 0b00001, 0b00001, 0b00001]),
    ('2', [0b11111, 0b00001, 0b11111, 0b10000, 0b11111]),
    ('3', [0b11111, 0b00001, 0b11111, 0b00001, 0b11111]),
    ('4', [0b10001, 0b10001, 0b11111, 0b00001, 0b00001]),
    ('5', [0b11111, 0b10000, 0b11111, 0b00001, 0b11111]),
    ('6', [0b11111, 0b10000, 0b11111, 0b10001, 0b11111]),
    ('7', [0b11111, 0b00001, 0b00001, 0b00001, 0b00001]),
    ('8', [0b11111, 0b10001, 0b11111, 0b10001, 0b11111]),
    ('9', [0b11111, 0b10001, 0b11111, 0b00001, 0b11111]),
    (':', [0b00000, 0b00100, 0b00000, 0b00100, 0b00000]),
    ('A', [0b11111, 0b10001, 0b11111, 0b10001, 0b10001]),
    ('P', [0b11111, 0b10001, 0b11111, 0b10000, 0b10000]),
    ('M', [0b10001, 0b11011, 0b10101, 0b10001, 0b10001]),
];

/// Cells (column, row) that a large character fills, from its top left.
pub(crate) fn large(c: char) -> impl Iterator<Item = (u32, u32)> {
    let rows = SHAPES.iter().find(|(shape, _)| *shape == c).map_or([0; 5], |(_, rows)| *rows);
    (0..5).flat_map(move |y| {
        (0..5).filter(move |x| rows[y as usize] & (0b10000 >> x) != 0).map(move |x| (x, y))
    })
}

/// Text of the time (`clock-mode-style`).
fn time_text(style: &str, now: Now) -> String {
    let format = match style {
        "12" => "%l:%M ",
        "12-with-seconds" => "%l:%M:%S ",
        "24-with-seconds" => "%H:%M:%S",
        _ => "%H:%M",
    };
    let mut text = time::strftime(format, now.secs());
    if style.starts_with("12") {
        text.push_str(if time::local_time(now.secs()).tm_hour >= 12 { "PM" } else { "AM" });
    }
    text
}

pub(crate) struct ClockMode {
    surface: Surface,
    size: Size,
    shown_secs: Option<i64>,
    timer: Option<TimerId>,
}

impl ClockMode {
    pub(crate) const NAME: &'static str = "clock-mode";

    pub(crate) fn new(cx: &mut Cx<'_>, pane: PaneId) -> Self {
        let size = cx.server.pane(pane).map_or(Size::new(1, 1), |p| p.size);
        let mut mode = Self { surface: Surface::new(size), size, shown_secs: None, timer: None };
        mode.wait(cx, pane);
        mode
    }

    /// Arms a timer for the start of the next second.
    fn wait(&mut self, cx: &mut Cx<'_>, pane: PaneId) {
        let delay = 1000 - cx.now.wall_us.rem_euclid(1_000_000) as u64 / 1000;
        self.timer = Some(cx.host.timer(delay.max(1), Box::new(move |cx| tick(cx, pane))));
    }

    fn paint(&mut self, colour: Colour, text: &str) {
        let (cols, rows) = (self.size.cols, self.size.rows);
        let length = text.len() as u32;
        self.surface.resize(self.size);
        self.surface.clear(CellStyle::DEFAULT);
        let put = |surface: &mut Surface, x: u32, y: u32, c: char, style: CellStyle| {
            surface.put(x, y, Cell { flags: CellFlags::NOPALETTE, ..Cell::new(c, style) });
        };
        if cols < 6 * length || rows < 6 {
            if cols >= length && rows != 0 {
                let style = CellStyle { fg: colour, ..CellStyle::DEFAULT };
                let x = cols / 2 - length / 2;
                for (at, c) in text.chars().enumerate() {
                    put(&mut self.surface, x + at as u32, rows / 2, c, style);
                }
                self.surface.cursor = Point::new(x + length, rows / 2);
            }
            return;
        }
        let style = CellStyle { fg: colour, bg: colour, ..CellStyle::DEFAULT };
        let (mut x, y) = (cols / 2 - 3 * length, rows / 2 - 3);
        for c in text.chars() {
            for (dx, dy) in large(c) {
                put(&mut self.surface, x + dx, y + dy, '#', style);
            }
            x += 6;
        }
        // Nobody sees the cursor; it is put where the last large character ends.
        self.surface.cursor = Point::new(x - 1, y + 4);
    }
}

fn tick(cx: &mut Cx<'_>, pane: PaneId) {
    let found = modes::with_top(cx, pane, |cx, entry| {
        entry.mode.as_any().downcast_mut::<ClockMode>().map(|clock| clock.wait(cx, pane)).is_some()
    });
    if found == Some(true) {
        modes::settle_result(cx, pane, ModeResult::Redraw);
    } else if let Some(p) = cx.server.panes.get_mut(&pane) {
        // Another mode covers the clock: check again later, so that it keeps running once it shows
        // again.
        for entry in &mut p.modes {
            if let Some(clock) = entry.mode.as_any().downcast_mut::<ClockMode>() {
                clock.timer = Some(cx.host.timer(1000, Box::new(move |cx| tick(cx, pane))));
                break;
            }
        }
    }
}

impl PaneMode for ClockMode {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn save(&self) -> Option<String> {
        Some(String::new())
    }

    fn key_table(&self, _: &mut Cx<'_>, _: PaneId) -> Option<String> {
        None
    }

    fn draw(&mut self, cx: &mut Cx<'_>, pane: PaneId) -> &Surface {
        let window = cx.server.pane(pane).map(|p| OptionScope::Window(p.window));
        let level = window.unwrap_or(OptionScope::GlobalWindow);
        let colour = cx.server.chain(level).get(opt::CLOCK_MODE_COLOUR);
        let text = time_text(&cx.server.option_text(level, opt::CLOCK_MODE_STYLE), cx.now);
        self.shown_secs = Some(cx.now.secs());
        self.paint(colour, &text);
        &self.surface
    }

    fn resize(&mut self, _: &mut Cx<'_>, _: PaneId, size: Size) {
        self.size = size;
    }

    fn key(&mut self, _: &mut Cx<'_>, _: PaneId, _: &ModeTarget, _: &KeyEvent) -> ModeResult {
        ModeResult::Close
    }

    fn update(&mut self, _: &mut Cx<'_>, _: PaneId) -> ModeResult {
        ModeResult::Nothing
    }

    fn close(&mut self, cx: &mut Cx<'_>, _: PaneId) {
        if let Some(timer) = self.timer.take() {
            cx.host.cancel_timer(timer);
        }
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
