//! Sixel data: checked and measured before an image is stored, as tmux does.

use super::images::Image;
use super::params::Params;
use super::screen::Screen;

/// Largest width and height of an image, in pixels; a larger one is refused.
const MAX_SIDE: u32 = 10_000;
/// Highest colour register.
const MAX_REGISTER: u32 = 1024;

/// Pen position in an image that is being measured.
#[derive(Default)]
struct Measure {
    width: u32,
    height: u32,
    x: u32,
    y: u32,
}

impl Measure {
    /// Draws six pixels below each other, `count` times; `None` beyond the largest size.
    fn draw(&mut self, bits: u8, count: u32) -> Option<()> {
        if bits != 0 {
            let lowest = u32::from(7 - bits.leading_zeros().min(7) as u8);
            self.height = self.height.max(self.y + lowest + 1);
            self.width = self.width.max(self.x + count);
            if self.height > MAX_SIDE || self.width > MAX_SIDE {
                return None;
            }
        }
        self.x = self.x.saturating_add(count);
        Some(())
    }

    /// `"pan;pad;width;height`.
    fn raster(&mut self, numbers: &[Option<u32>]) -> Option<()> {
        match numbers {
            [] | [_] | [_, _] => Some(()),
            [_, _, Some(width), Some(height)] if *width <= MAX_SIDE && *height <= MAX_SIDE => {
                self.width = *width;
                self.height = self.height.max(*height);
                Some(())
            }
            _ => None,
        }
    }
}

/// Leading digits and semicolons of `data` as numbers, and the rest.
fn numbers(data: &[u8]) -> (Vec<Option<u32>>, &[u8]) {
    let end = data.iter().position(|b| !(b.is_ascii_digit() || *b == b';')).unwrap_or(data.len());
    let text = std::str::from_utf8(&data[..end]).unwrap_or_default();
    let list = if text.is_empty() { Vec::new() } else { text.split(';').map(|n| n.parse().ok()).collect() };
    (list, &data[end..])
}

fn is_colour(list: &[Option<u32>]) -> bool {
    let within = |a, b, c| matches!(list[2..], [Some(x), Some(y), Some(z)] if x <= a && y <= b && z <= c);
    if list.first().copied().flatten().unwrap_or(0) > MAX_REGISTER {
        return false;
    }
    match list.len() {
        0 | 1 => true,
        5 => match list[1] {
            Some(1) => within(360, 100, 100),
            Some(2) => within(100, 100, 100),
            _ => false,
        },
        _ => false,
    }
}

/// Width and height in pixels of sixel data (which begins with `q`); `None` if it is invalid or
/// empty.
fn measure(data: &[u8]) -> Option<(u32, u32)> {
    let mut rest = data.strip_prefix(b"q").filter(|rest| !rest.is_empty())?;
    let mut image = Measure::default();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => {
                let (list, after) = numbers(rest);
                image.raster(&list)?;
                rest = after;
            }
            b'#' => {
                let (list, after) = numbers(rest);
                is_colour(&list).then_some(())?;
                rest = after;
            }
            b'!' => {
                let end = rest.iter().position(|b| !b.is_ascii_digit())?;
                let count: u32 = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
                if count == 0 || count > MAX_SIDE || end > 30 {
                    return None;
                }
                image.draw(rest[end].wrapping_sub(0x3f) & 0x3f, count)?;
                rest = &rest[end + 1..];
            }
            b'-' => {
                image.x = 0;
                image.y += 6;
            }
            b'$' => image.x = 0,
            0..=0x1f => {}
            0x3f..=0x7e => image.draw(byte - 0x3f, 1)?,
            _ => return None,
        }
    }
    (image.width > 0 && image.height > 0).then_some((image.width, image.height))
}

impl Screen {
    /// A sixel image at the cursor: scrolls to make room, and moves the cursor below it.
    pub(super) fn sixel(&mut self, params: &[u8], data: &[u8]) {
        let (cell_width, cell_height) = self.config.cell_pixels;
        let (screen_cols, screen_rows) = (self.cols(), self.rows());
        if !Params::default().parse(params) || cell_width == 0 || cell_height == 0 {
            return;
        }
        let Some((width, height)) = measure(data) else { return };
        if screen_rows == 1 {
            return;
        }
        let (mut cols, mut rows) = (width.div_ceil(cell_width), height.div_ceil(cell_height));
        let mut top = 0;
        if cols > screen_cols || rows > screen_rows - 1 {
            cols = cols.min(screen_cols.saturating_sub(self.cx));
            top = rows.saturating_sub(screen_rows - 1);
            rows -= top;
        }
        let room = screen_rows - self.cy;
        let y = self.cy;
        if room <= rows {
            let lines = rows - room + 1;
            self.scroll_images(lines);
            for _ in 0..lines {
                self.grid.scroll_up(0, screen_rows - 1, self.pen.style.bg);
            }
            self.address(None, Some(y.saturating_sub(lines)), false);
        }
        let image = Image { x: self.cx, y: self.cy, cols, rows, top, data: data.into() };
        self.add_image(image);
        // tmux: counts from the cursor's row before it scrolled.
        self.address(Some(0), Some(y + rows), false);
    }
}
