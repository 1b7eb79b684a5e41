//! Pictures of kitty's graphics protocol on a terminal that knows only sixel: what is in view of each
//! is scaled to its cells and made an image (`frame::FrameImage`), beside the loop. Until that is
//! done, its cells are blank.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::crops::Making;
use super::frame::{Frame, FrameImage};
use crate::base::placeholder::Part;
use crate::base::{Attrs, CellStyle, Rect};
use crate::terminal::graphics::{Clip, Entry, Picture, Pixels, Placement};

/// Most images in a frame; pictures beyond stay blank.
const MAX_IMAGES: usize = 64;
/// Most pixels of an image; a larger one stays blank.
const MAX_AREA: u64 = 8 << 20;
/// Size of a cell, in pixels, if the terminal did not report it.
const USUAL_CELL: (u32, u32) = (8, 16);
/// Pixels in a band of sixel data.
const BAND: usize = 6;
/// Colours of an image. One with more gets those of a cube, mixed.
const COLOURS: usize = 256;
const CUBE: u32 = 6;

/// Everything that an image depends on.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Key {
    serial: u64,
    /// What the placement shows of the picture.
    clip: Clip,
    /// Size of the placement in cells.
    size: (u32, u32),
    /// Cells of the placement that are in view.
    part: Rect,
    /// Size of a cell in pixels.
    cell: (u32, u32),
}

/// Cells of a placement in the frame that is composed.
struct Shown {
    key: Key,
    picture: Arc<Picture>,
    /// Place of the placement's first cell on the terminal, which may be beside it.
    origin: (i32, i32),
    /// Column and row on the terminal.
    cells: Vec<(u32, u32)>,
}

/// Data of an image; `None` for a picture that cannot be decoded.
type Slot = Arc<OnceLock<Option<Arc<[u8]>>>>;

struct Image {
    key: Key,
    slot: Slot,
    frame: u64,
}

/// An image to be made beside the loop.
struct Wanted {
    key: Key,
    picture: Arc<Picture>,
    slot: Slot,
}

impl Wanted {
    fn run(self) {
        // Not in view any more: the frame dropped its image.
        if Arc::strong_count(&self.slot) == 1 {
            return;
        }
        let _ = self.slot.set(image_of(&self.picture, &self.key).map(Into::into));
    }
}

/// See the module comment.
#[derive(Default)]
pub struct Sixels {
    /// True if the terminal knows sixel and not kitty's protocol.
    pub enabled: bool,
    /// Size of a cell in pixels.
    pub cell: (u32, u32),
    shown: Vec<Shown>,
    images: Vec<Image>,
    wanted: Vec<Wanted>,
    frame: u64,
}

impl Sixels {
    /// Forgets what was in rows that are composed again; the others stay.
    pub(super) fn begin_frame(&mut self, frame: &Frame) {
        for shown in &mut self.shown {
            shown.cells.retain(|(_, y)| !frame.is_changed(*y));
        }
        self.shown.retain(|shown| !shown.cells.is_empty());
        self.frame += 1;
    }

    /// Notes a cell of the terminal that shows a part of a picture.
    pub(super) fn show(&mut self, part: Part, entry: &Entry, place: &Placement, (x, y): (u32, u32)) {
        let origin = (x as i32 - part.col as i32, y as i32 - part.row as i32);
        let serial = entry.picture.serial;
        let (size, clip) = ((place.cols, place.rows), place.clip(entry));
        let same = |shown: &&mut Shown| {
            let key = &shown.key;
            key.serial == serial && key.clip == clip && key.size == size && shown.origin == origin
        };
        if let Some(shown) = self.shown.iter_mut().find(same) {
            return shown.cells.push((x, y));
        }
        let cell = if self.cell.0 == 0 || self.cell.1 == 0 { USUAL_CELL } else { self.cell };
        let key = Key { serial, clip, size, part: Rect::default(), cell };
        self.shown.push(Shown { key, picture: entry.picture.clone(), origin, cells: vec![(x, y)] });
    }

    /// Adds the images to a composed frame. Those that are not made yet are queued.
    pub(super) fn end_frame(&mut self, frame: &mut Frame) {
        let all = std::mem::take(&mut self.shown);
        for shown in &all {
            for rect in rects(&shown.cells) {
                if frame.images.len() >= MAX_IMAGES {
                    break;
                }
                let at = (rect.x - shown.origin.0, rect.y - shown.origin.1);
                let part = Rect { x: at.0, y: at.1, size: rect.size };
                let key = Key { part, ..shown.key.clone() };
                match self.image(key, &shown.picture) {
                    Some(Some(data)) => frame.images.push(FrameImage { rect, top: 0, data }),
                    Some(None) => draw_box(frame, rect, shown.key.size),
                    None => {}
                }
            }
        }
        self.shown = all;
        self.images.retain(|image| image.frame == self.frame);
        let images = &self.images;
        self.wanted.retain(|wanted| images.iter().any(|image| Arc::ptr_eq(&image.slot, &wanted.slot)));
    }

    /// Data of an image once it is made, or the inner `None` if it cannot be.
    fn image(&mut self, key: Key, picture: &Arc<Picture>) -> Option<Option<Arc<[u8]>>> {
        let frame = self.frame;
        if let Some(image) = self.images.iter_mut().find(|image| image.key == key) {
            image.frame = frame;
            return image.slot.get().cloned();
        }
        let slot = Slot::default();
        self.wanted.push(Wanted { key: key.clone(), picture: picture.clone(), slot: slot.clone() });
        self.images.push(Image { key, slot, frame });
        None
    }

    pub(super) fn take_wanted(&mut self) -> impl Iterator<Item = Making> + use<> {
        std::mem::take(&mut self.wanted).into_iter().map(|wanted| Box::new(move || wanted.run()) as Making)
    }
}

/// Draws what stands for a picture that cannot be shown.
fn draw_box(frame: &mut Frame, rect: Rect, (cols, rows): (u32, u32)) {
    let label = format!("IMAGE ({cols}x{rows})");
    let style = CellStyle { attrs: Attrs::DIM, ..CellStyle::DEFAULT };
    for row in 0..rect.size.rows {
        let text: String = match row {
            0 => format!("{label:+<width$}", width = rect.size.cols as usize),
            _ => "+".repeat(rect.size.cols as usize),
        };
        let text: String = text.chars().take(rect.size.cols as usize).collect();
        frame.surface.text(rect.x as u32, rect.y as u32 + row, &text, style);
    }
}

/// Cells as rectangles without the cells between them.
fn rects(cells: &[(u32, u32)]) -> Vec<Rect> {
    let mut cells: Vec<(u32, u32)> = cells.iter().map(|(x, y)| (*y, *x)).collect();
    cells.sort_unstable();
    let mut runs: Vec<Rect> = Vec::new();
    for (y, x) in cells {
        match runs.last_mut() {
            Some(run) if run.y == y as i32 && run.right() == x as i32 => run.size.cols += 1,
            _ => runs.push(Rect::new(x as i32, y as i32, 1, 1)),
        }
    }
    let mut out: Vec<Rect> = Vec::new();
    for run in runs {
        let below =
            |rect: &&mut Rect| rect.x == run.x && rect.size.cols == run.size.cols && rect.bottom() == run.y;
        match out.iter_mut().find(below) {
            Some(rect) => rect.size.rows += 1,
            None => out.push(run),
        }
    }
    out
}

/// Sixel data of the part of a picture that is in view.
fn image_of(picture: &Picture, key: &Key) -> Option<Vec<u8>> {
    let (width, height) = (key.part.size.cols * key.cell.0, key.part.size.rows * key.cell.1);
    if u64::from(width) * u64::from(height) > MAX_AREA {
        return None;
    }
    let pixels = Pixels::decode(&picture.shape, picture.data.bytes())?;
    let scaled = scaled(&pixels.clip(key.clip), key, (width, height));
    Some(encode(&scaled, width as usize))
}

/// The pixels in view, scaled so that the picture keeps its proportions in the middle of its cells. `None`:
/// nothing is drawn there.
fn scaled(pixels: &Pixels, key: &Key, (width, height): (u32, u32)) -> Vec<Option<[u8; 3]>> {
    let (cols, rows) = (pixels.width.max(1), pixels.height.max(1));
    let (box_width, box_height) = (key.size.0 * key.cell.0, key.size.1 * key.cell.1);
    let scale = (f64::from(box_width) / f64::from(cols)).min(f64::from(box_height) / f64::from(rows));
    let (used_width, used_height) = (f64::from(cols) * scale, f64::from(rows) * scale);
    let from_left = (f64::from(box_width) - used_width) / 2.0;
    let from_top = (f64::from(box_height) - used_height) / 2.0;
    let (first_x, first_y) = (key.part.x as u32 * key.cell.0, key.part.y as u32 * key.cell.1);
    // Range of pixels of the picture that a pixel on the terminal shows.
    let range = |at: u32, from: f64, count: u32| {
        let at = f64::from(at) - from;
        let inside = at + 0.5 >= 0.0 && at + 0.5 < f64::from(count) * scale;
        let begin = ((at / scale).max(0.0) as u32).min(count - 1);
        let end = (((at + 1.0) / scale).max(0.0) as u32).clamp(begin + 1, count);
        inside.then_some((begin, end))
    };
    let mut out = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height {
        let rows = range(first_y + y, from_top, rows);
        for x in 0..width {
            let (Some(rows), Some(cols)) = (rows, range(first_x + x, from_left, cols)) else {
                out.push(None);
                continue;
            };
            out.push(mean(pixels, cols, rows));
        }
    }
    out
}

/// Mean colour of some pixels; `None` if they are transparent. Of many, some are looked at.
fn mean(pixels: &Pixels, (left, right): (u32, u32), (top, bottom): (u32, u32)) -> Option<[u8; 3]> {
    const MOST: u32 = 3;
    let (step_x, step_y) = ((right - left).div_ceil(MOST), (bottom - top).div_ceil(MOST));
    let (mut sums, mut opaque, mut count) = ([0; 3], 0, 0);
    for y in (top..bottom).step_by(step_y as usize) {
        for x in (left..right).step_by(step_x as usize) {
            let [red, green, blue, alpha] = pixels.at(x, y).map(u32::from);
            count += 255;
            opaque += alpha;
            sums = [sums[0] + red * alpha, sums[1] + green * alpha, sums[2] + blue * alpha];
        }
    }
    (opaque * 2 >= count && opaque > 0).then(|| sums.map(|sum| (sum / opaque) as u8))
}

/// Numbers of colours, and the colours.
type Painted = (Vec<Option<u8>>, Vec<[u8; 3]>);

/// Gives each pixel one of `COLOURS` colours.
fn paint(pixels: &[Option<[u8; 3]>], width: usize) -> Painted {
    exact(pixels).unwrap_or_else(|| mixed(pixels, width))
}

/// The same with the colours that there are; `None` if there are too many.
fn exact(pixels: &[Option<[u8; 3]>]) -> Option<Painted> {
    let mut numbers = HashMap::new();
    let mut colours = Vec::new();
    let mut out = Vec::with_capacity(pixels.len());
    for pixel in pixels {
        let Some(colour) = pixel else {
            out.push(None);
            continue;
        };
        if let Some(number) = numbers.get(colour) {
            out.push(Some(*number));
            continue;
        }
        if colours.len() >= COLOURS {
            return None;
        }
        let number = colours.len() as u8;
        numbers.insert(*colour, number);
        colours.push(*colour);
        out.push(Some(number));
    }
    Some((out, colours))
}

/// The same with the colours of a cube: those between are mixed of neighbours, in a fixed pattern.
fn mixed(pixels: &[Option<[u8; 3]>], width: usize) -> Painted {
    const PATTERN: [[u32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    let level = |value: u8, threshold: u32| {
        let scaled = u32::from(value) * (CUBE - 1) * 16;
        ((scaled + threshold * 255) / (255 * 16)).min(CUBE - 1)
    };
    let paint = |(at, pixel): (usize, &Option<[u8; 3]>)| {
        let threshold = PATTERN[(at / width.max(1)) % 4][(at % width.max(1)) % 4];
        pixel.map(|colour| {
            let [red, green, blue] = colour.map(|value| level(value, threshold));
            ((red * CUBE + green) * CUBE + blue) as u8
        })
    };
    let side = |level: u32| (level * 255 / (CUBE - 1)) as u8;
    let colours = (0..CUBE.pow(3)).map(|n| [n / CUBE / CUBE, n / CUBE % CUBE, n % CUBE].map(side));
    (pixels.iter().enumerate().map(paint).collect(), colours.collect())
}

/// The body of a sixel sequence, with its parameters: what is not drawn stays as it is.
fn encode(pixels: &[Option<[u8; 3]>], width: usize) -> Vec<u8> {
    let (painted, colours) = paint(pixels, width);
    let height = pixels.len() / width.max(1);
    let mut out = format!("0;1;0q\"1;1;{width};{height}").into_bytes();
    let percent = |value: u8| (u32::from(value) * 100 + 127) / 255;
    for (number, colour) in colours.iter().enumerate() {
        let [red, green, blue] = colour.map(percent);
        out.extend(format!("#{number};2;{red};{green};{blue}").into_bytes());
    }
    let mut bits: Vec<Vec<u8>> = vec![Vec::new(); colours.len()];
    for band in painted.chunks(width.max(1) * BAND) {
        for (y, row) in band.chunks(width.max(1)).enumerate() {
            for (x, number) in row.iter().enumerate() {
                let Some(number) = number else { continue };
                let bits = &mut bits[usize::from(*number)];
                bits.resize(bits.len().max(x + 1), 0);
                bits[x] |= 1 << y;
            }
        }
        let mut first = true;
        for (number, bits) in bits.iter_mut().enumerate().filter(|(_, bits)| !bits.is_empty()) {
            if !std::mem::take(&mut first) {
                out.push(b'$');
            }
            out.extend(format!("#{number}").into_bytes());
            write_runs(bits, &mut out);
            bits.clear();
        }
        out.push(b'-');
    }
    out
}

/// Appends columns of six pixels, repeated ones as a count.
fn write_runs(bits: &[u8], out: &mut Vec<u8>) {
    for run in bits.chunk_by(|a, b| a == b) {
        let letter = run[0] + b'?';
        match run.len() {
            1..=3 => run.iter().for_each(|_| out.push(letter)),
            count => {
                out.extend(format!("!{count}").into_bytes());
                out.push(letter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Size;
    use crate::terminal::graphics::{Data, Format, Shape};

    #[test]
    fn cells_in_view_are_rectangles() {
        let all: Vec<(u32, u32)> = (2..5).flat_map(|x| (1..4).map(move |y| (x, y))).collect();
        assert_eq!(rects(&all), [Rect::new(2, 1, 3, 3)]);
        // A cell is under something else.
        let holed: Vec<(u32, u32)> = all.iter().copied().filter(|cell| *cell != (3, 2)).collect();
        let expect =
            [Rect::new(2, 1, 3, 1), Rect::new(2, 2, 1, 1), Rect::new(4, 2, 1, 1), Rect::new(2, 3, 3, 1)];
        assert_eq!(rects(&holed), expect);
    }

    fn text(pixels: &[Option<[u8; 3]>], width: usize) -> String {
        String::from_utf8(encode(pixels, width)).unwrap()
    }

    #[test]
    fn few_colours_are_exact_and_what_is_transparent_is_left_out() {
        let (red, blue) = (Some([255, 0, 0]), Some([0, 0, 255]));
        assert_eq!(text(&[red, None, blue, blue], 2), "0;1;0q\"1;1;2;2#0;2;100;0;0#1;2;0;0;100#0@$#1AA-");
        let wide = text(&[red; 50], 50);
        assert_eq!(wide, "0;1;0q\"1;1;50;1#0;2;100;0;0#0!50@-");
        let high = text(&[red; 13], 1);
        assert_eq!(high, "0;1;0q\"1;1;1;13#0;2;100;0;0#0~-#0~-#0@-");
    }

    #[test]
    fn many_colours_are_near_on_average() {
        let pixels: Vec<Option<[u8; 3]>> =
            (0..4096u32).map(|n| Some([(n % 64 * 4) as u8, (n / 64 * 4) as u8, 77])).collect();
        let (painted, colours) = paint(&pixels, 64);
        assert!(colours.len() <= COLOURS);
        let mean = |part: usize, of: &dyn Fn(usize) -> [u8; 3]| {
            (0..4096).map(|n| u32::from(of(n)[part])).sum::<u32>() / 4096
        };
        for part in 0..3 {
            let wanted = mean(part, &|n| pixels[n].unwrap());
            let got = mean(part, &|n| colours[usize::from(painted[n].unwrap())]);
            assert!(wanted.abs_diff(got) < 8, "{part}: {wanted} {got}");
        }
    }

    #[test]
    fn a_picture_keeps_its_proportions_in_its_cells_and_only_the_part_in_view_is_made() {
        // Two pixels, red and blue, in 4 by 1 cells of 2 by 4 pixels: 8 by 4.
        let rgba = vec![255, 0, 0, 255, 0, 0, 255, 255];
        let pixels = Pixels { width: 2, height: 1, rgba };
        let key = |part: Rect| Key { serial: 1, clip: Clip::default(), size: (4, 1), part, cell: (2, 4) };
        let (red, blue) = (Some([255, 0, 0]), Some([0, 0, 255]));
        let whole = scaled(&pixels, &key(Rect::new(0, 0, 4, 1)), (8, 4));
        let row = [red, red, red, red, blue, blue, blue, blue];
        assert_eq!(whole, [row; 4].concat());
        let half = scaled(&pixels, &key(Rect::new(1, 0, 2, 1)), (4, 4));
        assert_eq!(half, [[red, red, blue, blue]; 4].concat());
        // A part of one pixel is a square in the middle.
        let pixel = pixels.clip(Clip { region: Some((1, 0, 1, 1)), inset: None });
        let part = scaled(&pixel, &key(Rect::new(0, 0, 4, 1)), (8, 4));
        assert_eq!(part, [[None, None, blue, blue, blue, blue, None, None]; 4].concat());
    }

    #[test]
    fn an_image_is_made_once_and_stays_as_long_as_it_is_in_view() {
        let mut frame = Frame::new(Size::new(20, 5));
        let mut sixels = Sixels { enabled: true, ..Sixels::default() };
        let shape = Shape { format: Format::Rgb, width: 1, height: 1, compressed: false, unpacked: 0 };
        let data = Data::new(vec![1, 2, 3].into()).unwrap();
        let key =
            Key { serial: 1, clip: Clip::default(), size: (2, 1), part: Rect::default(), cell: (8, 16) };
        sixels.begin_frame(&frame);
        let picture = Arc::new(Picture::new(shape, data));
        sixels.shown.push(Shown { key, picture, origin: (3, 2), cells: vec![(3, 2), (4, 2)] });
        sixels.end_frame(&mut frame);
        assert!(frame.images.is_empty(), "it is being made");
        sixels.take_wanted().for_each(|making| making());
        // Frames in which its row stays as it is, as when only the cursor moves.
        for number in 1..3 {
            frame.succeed(number);
            sixels.begin_frame(&frame);
            sixels.end_frame(&mut frame);
            assert_eq!(
                frame.images.iter().map(|image| image.rect).collect::<Vec<_>>(),
                [Rect::new(3, 2, 2, 1)]
            );
            assert!(sixels.take_wanted().next().is_none(), "it is made once");
        }
        // A frame in which it is gone.
        frame.succeed(3);
        frame.descent.note(2);
        sixels.begin_frame(&frame);
        sixels.end_frame(&mut frame);
        assert!(sixels.images.is_empty() && sixels.shown.is_empty() && frame.images.is_empty());
    }
}
