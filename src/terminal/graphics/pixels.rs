//! The pixels of a picture, decoded from what was transmitted.

use std::io::{Cursor, Read, Write};

use super::store::{Format, MAX_PIXELS, Shape};

/// Most bytes of a decoded picture, four for each pixel; a larger one is not decoded.
const MAX_DECODED_BYTES: u64 = 64 << 20;

/// A rectangle of a picture: column and row of its first pixel, width and height.
pub(super) type Region = (u32, u32, u32, u32);

/// A transparent canvas on which a picture lies, all in pixels of the picture: where the picture's first
/// pixel is, and the size of the canvas.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Inset {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

impl Inset {
    /// The canvas of a picture of `size` pixels that is shown in `cells` pixels of the terminal, `offset` of
    /// them from their left and top, and scaled to fill the rest if `fills` is set. `None` if no offset is
    /// needed, or if the canvas is too large.
    pub(crate) fn new(size: (u32, u32), cells: (u32, u32), offset: (u32, u32), fills: bool) -> Option<Self> {
        let room = (cells.0.checked_sub(offset.0)?, cells.1.checked_sub(offset.1)?);
        if offset == (0, 0) || [size.0, size.1, room.0, room.1].contains(&0) {
            return None;
        }
        let ratio = |room: u32, size: u32| f64::from(room) / f64::from(size);
        let fit = ratio(room.0, size.0).min(ratio(room.1, size.1));
        let scale = if fills { fit } else { fit.min(1.0) };
        let of_picture = |terminal: u32| (f64::from(terminal) / scale).round() as u32;
        let (left, top) = (of_picture(offset.0), of_picture(offset.1));
        let width = of_picture(cells.0).max(left.checked_add(size.0)?);
        let height = of_picture(cells.1).max(top.checked_add(size.1)?);
        let fits = u64::from(width) * u64::from(height) * 4 <= MAX_DECODED_BYTES;
        fits.then_some(Self { left, top, width, height })
    }
}

/// What a placement shows of a picture: a part, on a canvas; by default all of it, without one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clip {
    pub region: Option<Region>,
    pub inset: Option<Inset>,
}

impl Clip {
    pub(crate) fn is_whole(self) -> bool {
        self == Self::default()
    }
}

/// See the module comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pixels {
    pub width: u32,
    pub height: u32,
    /// Red, green, blue and opacity of each pixel, row by row.
    pub rgba: Vec<u8>,
}

impl Pixels {
    /// `None` for data that is not what its shape says, or too much.
    pub(crate) fn decode(shape: &Shape, data: &[u8]) -> Option<Self> {
        let unpacked;
        let data = match shape.compressed {
            true => {
                unpacked = inflate(data, MAX_DECODED_BYTES)?;
                &unpacked[..]
            }
            false => data,
        };
        let Some(depth) = shape.format.depth() else { return Self::from_png(data) };
        let count = u64::from(shape.width) * u64::from(shape.height);
        let data = data.get(..usize::try_from(count).ok()?.checked_mul(depth)?)?;
        if count == 0 || count * 4 > MAX_DECODED_BYTES {
            return None;
        }
        let rgba = match shape.format {
            Format::Rgb => data.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
            Format::Rgba | Format::Png => data.to_vec(),
        };
        Some(Self { width: shape.width, height: shape.height, rgba })
    }

    fn from_png(data: &[u8]) -> Option<Self> {
        let limits = png::Limits { bytes: MAX_DECODED_BYTES as usize };
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(data), limits);
        decoder
            .set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().ok()?;
        let (width, height) = (reader.info().width, reader.info().height);
        let fits = u64::from(width) * u64::from(height) * 4 <= MAX_DECODED_BYTES;
        if !fits || width > MAX_PIXELS || height > MAX_PIXELS {
            return None;
        }
        let mut out = vec![0; reader.output_buffer_size()?];
        let frame = reader.next_frame(&mut out).ok()?;
        out.truncate(frame.buffer_size());
        let rgba = match frame.color_type {
            png::ColorType::Rgba => out,
            png::ColorType::Rgb => out.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
            png::ColorType::GrayscaleAlpha => {
                out.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
            }
            png::ColorType::Grayscale => out.iter().flat_map(|grey| [*grey, *grey, *grey, 255]).collect(),
            png::ColorType::Indexed => return None,
        };
        (rgba.len() as u64 == u64::from(width) * u64::from(height) * 4).then_some(Self {
            width,
            height,
            rgba,
        })
    }

    /// The pixel at a column and row, which must be inside.
    pub(crate) fn at(&self, x: u32, y: u32) -> [u8; 4] {
        let at = (y as usize * self.width as usize + x as usize) * 4;
        let pixel = self.rgba.get(at..at + 4).and_then(|pixel| pixel.try_into().ok());
        pixel.unwrap_or_default()
    }

    /// A picture of one colour.
    pub(super) fn filled(width: u32, height: u32, rgba: [u8; 4]) -> Self {
        Self { width, height, rgba: rgba.repeat(width as usize * height as usize) }
    }

    /// Lays another picture over this one, its first pixel at a column and row: what is opaque hides what
    /// was there; with `replaces`, all of it. What is outside is cut off.
    pub(super) fn lay(&mut self, part: &Self, (x, y): (u32, u32), replaces: bool) {
        let cols = part.width.min(self.width.saturating_sub(x)) as usize;
        let rows = part.height.min(self.height.saturating_sub(y)) as usize;
        for row in 0..rows {
            let to = ((y as usize + row) * self.width as usize + x as usize) * 4;
            let from = row * part.width as usize * 4;
            let to = self.rgba.get_mut(to..to + cols * 4).unwrap_or_default();
            let from = part.rgba.get(from..from + cols * 4).unwrap_or_default();
            if replaces {
                to[..from.len()].copy_from_slice(from);
                continue;
            }
            for (to, from) in to.chunks_exact_mut(4).zip(from.chunks_exact(4)) {
                blend(to, from);
            }
        }
    }

    /// A part of the picture, which must be inside.
    pub(crate) fn cut(&self, (x, y, width, height): Region) -> Self {
        let rows = (y..y + height).flat_map(|y| (x..x + width).flat_map(move |x| self.at(x, y)));
        Self { width, height, rgba: rows.collect() }
    }

    /// What a placement shows of the picture; a region that is not inside is cut off.
    pub(crate) fn clip(self, clip: Clip) -> Self {
        let part = match clip.region {
            Some(region) => self.cut_inside(region),
            None => self,
        };
        match clip.inset {
            Some(inset) => part.on_canvas(inset),
            None => part,
        }
    }

    fn cut_inside(&self, (x, y, width, height): Region) -> Self {
        let (x, y) = (x.min(self.width), y.min(self.height));
        self.cut((x, y, width.min(self.width - x), height.min(self.height - y)))
    }

    fn on_canvas(&self, inset: Inset) -> Self {
        let row_bytes = inset.width as usize * 4;
        let mut rgba = vec![0; row_bytes * inset.height as usize];
        let len = self.width.min(inset.width.saturating_sub(inset.left)) as usize * 4;
        let rows = rgba.chunks_exact_mut(row_bytes.max(1)).skip(inset.top as usize);
        for (to, from) in rows.zip(self.rgba.chunks_exact((self.width as usize * 4).max(1))) {
            let left = inset.left as usize * 4;
            if let (Some(to), Some(from)) = (to.get_mut(left..left + len), from.get(..len)) {
                to.copy_from_slice(from);
            }
        }
        Self { width: inset.width, height: inset.height, rgba }
    }
}

/// Lays one pixel over another.
fn blend(under: &mut [u8], over: &[u8]) {
    let (over_alpha, under_alpha) = (u32::from(over[3]), u32::from(under[3]));
    if over_alpha == 255 || under_alpha == 0 {
        if over_alpha > 0 {
            under.copy_from_slice(over);
        }
        return;
    }
    // All in 255ths of 255ths.
    let left = under_alpha * (255 - over_alpha);
    let alpha = over_alpha * 255 + left;
    for (under, over) in under[..3].iter_mut().zip(over) {
        let sum = u32::from(*over) * over_alpha * 255 + u32::from(*under) * left;
        *under = ((sum + alpha / 2) / alpha.max(1)) as u8;
    }
    under[3] = ((alpha + 127) / 255) as u8;
}

/// Unpacks data that zlib packed; `None` if it is damaged or has more than `most` bytes.
pub(super) fn inflate(data: &[u8], most: u64) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::ZlibDecoder::new(data).take(most + 1).read_to_end(&mut out).ok()?;
    (out.len() as u64 <= most).then_some(out)
}

/// Packs data with zlib, fast.
pub(super) fn deflate(data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

/// The first bytes of data that zlib packed, at most `most`; fewer if it ends or is damaged.
pub(super) fn inflate_start(data: &[u8], most: usize) -> Vec<u8> {
    let mut out = Vec::new();
    // What was unpacked before an error is all there is.
    let _ = flate2::read::ZlibDecoder::new(data).take(most as u64).read_to_end(&mut out);
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn png(width: u32, height: u32, colour: png::ColorType, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(colour);
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        out
    }

    fn shape(format: Format, width: u32, height: u32, compressed: bool) -> Shape {
        Shape { format, width, height, compressed, unpacked: 0 }
    }

    #[test]
    fn every_format_is_decoded() {
        let rgba = [1, 2, 3, 255, 4, 5, 6, 255];
        let rgb = [1, 2, 3, 4, 5, 6];
        let expect = Some(Pixels { width: 2, height: 1, rgba: rgba.to_vec() });
        let check = |format, data: &[u8]| {
            assert_eq!(Pixels::decode(&shape(format, 2, 1, false), data), expect);
            assert_eq!(Pixels::decode(&shape(format, 2, 1, true), &deflate(data).unwrap()), expect);
        };
        check(Format::Rgb, &rgb);
        check(Format::Rgb, &[&rgb[..], b"behind"].concat());
        check(Format::Rgba, &rgba);
        check(Format::Png, &png(2, 1, png::ColorType::Rgb, &rgb));
        check(Format::Png, &png(2, 1, png::ColorType::Rgba, &rgba));
        let grey =
            Pixels::decode(&shape(Format::Png, 0, 0, false), &png(2, 1, png::ColorType::Grayscale, &[7, 8]));
        assert_eq!(grey.map(|pixels| pixels.rgba), Some(vec![7, 7, 7, 255, 8, 8, 8, 255]));
    }

    #[test]
    fn damaged_and_huge_data_is_refused() {
        let whole = png(2, 1, png::ColorType::Rgb, &[1, 2, 3, 4, 5, 6]);
        for (shape, data) in [
            (shape(Format::Png, 0, 0, false), &whole[..whole.len() / 2]),
            (shape(Format::Png, 0, 0, false), b"no PNG"),
            (shape(Format::Rgb, 2, 1, false), b"short"),
            (shape(Format::Rgb, 2, 1, true), b"not packed"),
            (shape(Format::Rgb, u32::MAX, u32::MAX, false), b"short"),
            (shape(Format::Rgb, 0, 0, false), b""),
        ] {
            assert_eq!(Pixels::decode(&shape, data), None);
        }
        let bomb = deflate(&vec![0; 1 << 20]).unwrap();
        assert_eq!(inflate(&bomb, (1 << 20) - 1), None);
        assert_eq!(inflate(&bomb, 1 << 20).map(|data| data.len()), Some(1 << 20));
    }

    #[test]
    fn an_offset_is_a_margin_of_the_picture_s_own_pixels() {
        let new = |size, cells, offset, fills| {
            Inset::new(size, cells, offset, fills).map(|i| (i.left, i.top, i.width, i.height))
        };
        // At its own size, in two cells of 10 by 20.
        assert_eq!(new((12, 15), (20, 20), (3, 5), false), Some((3, 5, 20, 20)));
        // Scaled to twice its size, and to half of it.
        assert_eq!(new((8, 8), (20, 20), (4, 4), true), Some((2, 2, 10, 10)));
        assert_eq!(new((32, 32), (20, 20), (4, 4), true), Some((8, 8, 40, 40)));
        assert_eq!(new((8, 8), (20, 20), (0, 0), true), None);
        assert_eq!(new((8, 8), (20, 20), (0, 20), true), None);
        assert_eq!(new((1, 10_000), (2000, 20), (1, 1), true), None, "it would be too large");
        let rgba = (1..=4).flat_map(|n| [n, 0, 0, 255]).collect();
        let whole = Pixels { width: 2, height: 2, rgba };
        let inset = Some(Inset { left: 1, top: 1, width: 4, height: 3 });
        let reds = |region| -> Vec<u8> {
            let made = whole.clone().clip(Clip { region, inset });
            assert_eq!((made.width, made.height), (4, 3));
            made.rgba.chunks(4).map(|pixel| if pixel[3] == 0 { 0 } else { pixel[0] }).collect()
        };
        assert_eq!(reds(None), [0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0]);
        assert_eq!(reds(Some((1, 0, 9, 9))), [0, 0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0]);
    }

    #[test]
    fn a_part_is_cut_out() {
        let rgba = (0..16).flat_map(|n| [n, 0, 0, 255]).collect();
        let whole = Pixels { width: 4, height: 4, rgba };
        let part = whole.cut((1, 2, 2, 2));
        let reds: Vec<u8> = part.rgba.iter().step_by(4).copied().collect();
        assert_eq!(reds, [9, 10, 13, 14]);
    }
}
