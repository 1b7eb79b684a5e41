//! Receiving the data of pictures: inline, in chunks, or from files.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use super::Failure;
use super::control::Control;
use super::pixels::{inflate, inflate_start};
use super::store::{Format, MAX_PANE_BYTES, MAX_PIXELS, Shape};
use crate::terminal::screen::Screen;
use crate::terminal::{Terminal, TerminalEvent};

/// Longest file name, in bytes; a longer one is refused (`EINVAL`).
const MAX_NAME: usize = 4096;
/// Unpacked bytes of compressed pixels up to which they are checked when they arrive: that takes some ten
/// milliseconds. Of a larger picture the terminal finds out.
const MAX_CHECKED: u64 = 4 << 20;
/// Bytes of a PNG file that tell its size.
const PNG_START: usize = 64;
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture or frame with chunks still to come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Loading {
    pub control: Control,
    pub data: Vec<u8>,
    /// Error of a refused picture: its remaining chunks are ignored.
    pub failed: Option<Failure>,
}

/// Source of data that is not inline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    File,
    /// A file to remove after reading.
    Temporary,
    /// A name for `shm_open`, to unlink after reading.
    Shared,
}

impl Source {
    fn of(control: &Control) -> Option<Self> {
        match control.letter(b't', b'd') {
            b'f' => Some(Self::File),
            b't' => Some(Self::Temporary),
            b's' => Some(Self::Shared),
            _ => None,
        }
    }
}

/// A file to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    pub source: Source,
    pub name: Vec<u8>,
    /// Offset and length of the data in the file; length 0: all that follows.
    pub offset: u32,
    pub size: u32,
}

impl Terminal {
    /// File that must be read before the terminal is fed again.
    pub fn picture_request(&self) -> Option<Request> {
        self.screen.graphics.waiting.as_ref().map(|waiting| waiting.1.clone())
    }

    /// Reports whether there is such a file.
    pub fn awaits_picture(&self) -> bool {
        self.screen.graphics.waiting.is_some()
    }

    /// Provides picture data that an earlier server left in a file.
    pub fn picture_found(&mut self, file: &str, data: &Bytes) {
        self.generation += 1;
        self.screen.graphics.pictures.found(file, data);
    }

    /// Called when data of a picture will be in a file for the next server: the next checkpoint
    /// must refer to the file.
    pub fn picture_stored(&mut self) {
        self.disturb();
    }

    /// Provides the contents of the requested file, or the error.
    pub fn picture_read(&mut self, result: Result<Bytes, Failure>) {
        let Some(waiting) = self.screen.graphics.waiting.take() else { return };
        let (control, _) = *waiting;
        // A later server could not read the file again.
        self.disturb();
        self.generation += 1;
        let done = result.and_then(|data| self.screen.loaded(&control, data));
        self.screen.answer(&control, done);
    }
}

fn decode(payload: &[u8]) -> Result<Vec<u8>, Failure> {
    // Chunks that end in the middle of a picture may have padding or not.
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let decoded = GeneralPurpose::new(&STANDARD, config).decode(payload);
    decoded.map_err(|_| Failure::new("EINVAL", "the payload is no base64"))
}

impl Screen {
    /// Reports whether a command is a further chunk of the picture being loaded: it does not
    /// describe the data.
    pub(super) fn is_continued(&self, control: &Control) -> bool {
        let Some(loading) = &self.graphics.loading else { return false };
        let same = |key: u8| !control.has(key) || control.get(key) == loading.control.get(key);
        let action = !control.has(b'a') || control.get(b'a') == loading.control.get(b'a');
        action && same(b'i') && same(b'I') && !b"fsvto".iter().any(|key| control.has(*key))
    }

    /// Drops the picture that is being loaded.
    pub(super) fn stop_loading(&mut self) {
        self.graphics.loading = None;
    }

    /// Handles data of a picture, a frame or a query, or a chunk of the data.
    pub(super) fn load(&mut self, control: Control, payload: &[u8]) {
        let more = control.get(b'm') == 1;
        let continued = self.is_continued(&control);
        let mut loading = match self.graphics.loading.take().filter(|_| continued) {
            Some(mut loading) => {
                if control.has(b'q') {
                    loading.control.set(b'q', control.get(b'q'));
                }
                loading
            }
            None => Box::new(Loading { failed: unsupported(&control), control, data: Vec::new() }),
        };
        if loading.failed.is_none() {
            match decode(payload) {
                Ok(bytes) if loading.data.len() + bytes.len() > MAX_PANE_BYTES => {
                    loading.failed = Some(Failure::new("EFBIG", "too much data"));
                }
                Ok(bytes) => loading.data.extend(bytes),
                Err(failure) => loading.failed = Some(failure),
            }
        }
        if loading.failed.is_some() {
            loading.data = Vec::new();
        }
        if more {
            self.graphics.loading = Some(loading);
            return;
        }
        let loading = *loading;
        let done = match loading.failed {
            Some(failure) => Err(failure),
            None if let Some(source) = Source::of(&loading.control) => {
                return self.ask_for_file(source, loading);
            }
            None => self.loaded(&loading.control, loading.data.into()),
        };
        self.answer(&loading.control, done);
    }

    /// Requests the file that was named as the source of the data.
    fn ask_for_file(&mut self, source: Source, loading: Loading) {
        let Loading { control, data: name, .. } = loading;
        if name.is_empty() || name.len() > MAX_NAME || name.contains(&0) {
            return self.answer(&control, Err(Failure::new("EINVAL", "this is no name of a file")));
        }
        let (offset, size) = (control.get(b'O'), control.get(b'S'));
        self.graphics.waiting = Some(Box::new((control, Request { source, name, offset, size })));
    }

    /// Stores the complete data of a command, and shows it if requested.
    fn loaded(&mut self, control: &Control, mut data: Bytes) -> Result<u32, Failure> {
        let shape = shape(control, &data)?;
        if let Some(depth) = shape.format.depth().filter(|_| !shape.compressed) {
            // Shared memory has whole pages.
            data.truncate(shape.width as usize * shape.height as usize * depth);
        }
        let action = control.letter(b'a', b't');
        match action {
            b'q' => Ok(control.get(b'i')),
            b'f' => {
                let entry = self.graphics.pictures.of_command(control);
                let entry = entry.ok_or_else(|| Failure::no_picture(control))?;
                let (id, whole) = (entry.id, entry.picture.shape);
                if whole.width != 0 && (shape.width > whole.width || shape.height > whole.height) {
                    return Err(Failure::new("EINVAL", "the frame is larger than the image"));
                }
                self.add_step(id, action, control, Some(data))?;
                Ok(id)
            }
            _ => {
                let (id, number) = (control.get(b'i'), control.get(b'I'));
                self.forget_picture(id);
                let kept = self.graphics.pictures.insert(id, number, shape, data);
                let id = kept.ok_or_else(|| Failure::new("ENOSPC", "no room for the image"))?;
                self.outbox.event(TerminalEvent::Pictures);
                if action == b'T' {
                    self.put_picture(id, control)?;
                }
                Ok(id)
            }
        }
    }
}

/// Reason to refuse a transmission before its data is looked at.
fn unsupported(control: &Control) -> Option<Failure> {
    let format = control.get(b'f');
    if !matches!(format, 0 | 24 | 32 | 100) {
        return Some(Failure::new("EINVAL", format!("unknown format {format}")));
    }
    if !matches!(control.letter(b'o', b'z'), b'z') {
        return Some(Failure::new("EINVAL", "unknown compression"));
    }
    match control.letter(b't', b'd') {
        b'd' | b'f' | b't' | b's' => None,
        _ => Some(Failure::new("EINVAL", "unknown transmission medium")),
    }
}

/// Shape of the data, from the command and the data itself.
pub(super) fn shape(control: &Control, data: &[u8]) -> Result<Shape, Failure> {
    let format = match control.get(b'f') {
        24 => Format::Rgb,
        100 => Format::Png,
        _ => Format::Rgba,
    };
    let compressed = control.has(b'o');
    let (mut width, mut height) = (control.get(b's'), control.get(b'v'));
    match format.depth() {
        Some(depth) => {
            if width == 0 || height == 0 {
                return Err(Failure::new("EINVAL", "the image has no width or height"));
            }
            let needed = u64::from(width) * u64::from(height) * depth as u64;
            let unpacked = match compressed && needed <= MAX_CHECKED {
                false => None,
                true => Some(
                    inflate(data, MAX_CHECKED)
                        .ok_or_else(|| Failure::new("EINVAL", "the data cannot be decompressed"))?,
                ),
            };
            let len = unpacked.map_or(data.len(), |data| data.len());
            if (!compressed || needed <= MAX_CHECKED) && (len as u64) < needed {
                let text = format!("not enough data: {len} of {needed} bytes");
                return Err(Failure::new("ENODATA", text));
            }
        }
        None if compressed => {
            let start = inflate_start(data, PNG_START);
            (width, height) = png_size(&start).ok_or_else(|| Failure::new("EBADPNG", "this is no PNG"))?;
        }
        None => (width, height) = png_size(data).ok_or_else(|| Failure::new("EBADPNG", "this is no PNG"))?,
    }
    if width > MAX_PIXELS || height > MAX_PIXELS {
        return Err(Failure::new("EINVAL", format!("the image is larger than {MAX_PIXELS} pixels")));
    }
    if data.is_empty() {
        return Err(Failure::new("ENODATA", "there is no data"));
    }
    Ok(Shape { format, width, height, compressed, unpacked: control.get(b'S') })
}

/// Width and height of a PNG file.
fn png_size(data: &[u8]) -> Option<(u32, u32)> {
    let chunk = data.strip_prefix(PNG_SIGNATURE)?;
    let size = chunk.get(4..).and_then(|rest| rest.strip_prefix(b"IHDR"))?;
    let number = |at: usize| Some(u32::from_be_bytes(size.get(at..at + 4)?.try_into().ok()?));
    let (width, height) = (number(0)?, number(4)?);
    (width > 0 && height > 0).then_some((width, height))
}
