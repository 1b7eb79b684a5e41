//! The pixels of a picture, decoded from what was transmitted.

use std::io::{Cursor, Read, Write};

use super::store::{Format, MAX_PIXELS, Shape};

/// Most bytes of a decoded picture, four for each pixel; a larger one is not decoded.
const MAX_DECODED_BYTES: u64 = 64 << 20;

/// A rectangle of a picture: column and row of its first pixel, width and height.
pub(crate) type Region = (u32, u32, u32, u32);

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

    /// A part of the picture, which must be inside.
    pub(crate) fn cut(&self, (x, y, width, height): Region) -> Self {
        let rows = (y..y + height).flat_map(|y| (x..x + width).flat_map(move |x| self.at(x, y)));
        Self { width, height, rgba: rows.collect() }
    }
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
    fn a_part_is_cut_out() {
        let rgba = (0..16).flat_map(|n| [n, 0, 0, 255]).collect();
        let whole = Pixels { width: 4, height: 4, rgba };
        let part = whole.cut((1, 2, 2, 2));
        let reds: Vec<u8> = part.rgba.iter().step_by(4).copied().collect();
        assert_eq!(reds, [9, 10, 13, 14]);
    }
}
