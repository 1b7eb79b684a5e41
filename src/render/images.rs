//! Images of panes on a client's terminal: sixel data, or a box of text if the terminal has no
//! sixel.

use super::frame::{Frame, FrameImage};
use crate::base::CellStyle;

/// Pixels in a band of sixel data.
const BAND: u32 = 6;
/// Assumed height of a cell, in pixels, if the terminal did not report it.
const USUAL_CELL_HEIGHT: u32 = 16;

/// Draws a replacement for images on a terminal without sixel: a box of plus signs as large as the
/// image, with a line of text.
pub(super) fn draw_placeholders(frame: &mut Frame) {
    for image in std::mem::take(&mut frame.images) {
        let (cols, rows) = (image.rect.size.cols, image.rect.size.rows);
        let (x, y) = (image.rect.x as u32, image.rect.y as u32);
        let label = format!("SIXEL IMAGE ({cols}x{rows})");
        for row in 0..rows {
            let text = match row {
                0 => format!("{label:+<width$}", width = cols as usize),
                _ => "+".repeat(cols as usize),
            };
            frame.surface.text(x, y + row, &text, CellStyle::DEFAULT);
        }
    }
}

/// Appends an image at the cursor; `cell_height` (pixels) is needed if rows are cut off.
pub(super) fn put(image: &FrameImage, cell_height: u32, out: &mut Vec<u8>) {
    let height = if cell_height == 0 { USUAL_CELL_HEIGHT } else { cell_height };
    out.extend_from_slice(b"\x1bP");
    match image.top * height / BAND {
        0 => out.extend_from_slice(&image.data),
        bands => put_cut(&image.data, bands, out),
    }
    out.extend_from_slice(b"\x1b\\");
}

/// Appends sixel data without its first bands, but with the colours defined there. The raster
/// attributes, which give the full height, are left out.
fn put_cut(data: &[u8], bands: u32, out: &mut Vec<u8>) {
    let mut rest = data;
    if let Some(after) = rest.strip_prefix(b"q") {
        out.push(b'q');
        rest = after;
    }
    let mut cut = 0;
    while cut < bands {
        let Some((&byte, after)) = rest.split_first() else { return };
        let digits = after.iter().take_while(|b| b.is_ascii_digit() || **b == b';').count();
        match byte {
            b'-' => {
                cut += 1;
                rest = after;
            }
            b'#' => {
                let (params, after) = after.split_at(digits);
                if params.contains(&b';') {
                    out.push(b'#');
                    out.extend_from_slice(params);
                }
                rest = after;
            }
            b'"' | b'!' => rest = &after[digits..],
            _ => rest = after,
        }
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Rect, Size};

    fn image(top: u32, data: &str) -> FrameImage {
        FrameImage { rect: Rect::new(1, 0, 4, 2), top, data: data.as_bytes().into() }
    }

    #[test]
    fn rows_above_the_screen_are_cut() {
        let check = |top, expect: &str| {
            let mut out = Vec::new();
            put(&image(top, "q\"1;1;4;12#1;2;9;9;9#1!4~-#2;2;1;1;1#2~~-#1@"), 6, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("\x1bP{expect}\x1b\\"));
        };
        check(0, "q\"1;1;4;12#1;2;9;9;9#1!4~-#2;2;1;1;1#2~~-#1@");
        check(1, "q#1;2;9;9;9#2;2;1;1;1#2~~-#1@");
        check(2, "q#1;2;9;9;9#2;2;1;1;1#1@");
        check(9, "q#1;2;9;9;9#2;2;1;1;1");
    }

    #[test]
    fn other_terminals_show_a_box() {
        let mut frame = Frame::new(Size::new(24, 3));
        frame.images.push(FrameImage { rect: Rect::new(1, 0, 20, 2), ..image(0, "q~") });
        draw_placeholders(&mut frame);
        assert_eq!(frame.surface.row_text(0), " SIXEL IMAGE (20x2)++");
        assert_eq!(frame.surface.row_text(1), " ++++++++++++++++++++");
    }
}
