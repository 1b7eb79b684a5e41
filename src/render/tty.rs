//! State of a client's terminal after drawing, and the sequences that start, stop and set up the
//! terminal. All output is appended to one buffer, so that a frame is one write.

use base64::Engine;

use super::diff::{DiffCaps, Op, diff};
use super::emit;
use super::frame::{CursorLook, Frame, FrameImage, FrameLinks, MouseTracking, Progress};
use super::images;
use crate::base::text::to_bytes;
use crate::base::{Cell, CellStyle, Glyph, Rect, Size, Surface};
use crate::outer::{Cap, Term};

/// Switches all mouse reports off.
const MOUSE_OFF: &[u8] = b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1005l";

/// Images remembered as drawn; further ones are drawn again with every frame.
const MAX_IMAGES: usize = 256;

/// Modes of the terminal that frames set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Modes {
    pub cursor_visible: bool,
    pub look: CursorLook,
    pub mouse: MouseTracking,
}

/// Server options that affect every terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TtyOptions {
    /// `extended-keys` is not off.
    pub extended_keys: bool,
    /// `focus-events` is on.
    pub focus_events: bool,
    /// `default-terminal` is `screen` or begins with `screen-`: italics are shown as standout.
    pub italics_as_standout: bool,
}

/// The state of a client's terminal; see the module comment.
#[derive(Clone, Debug)]
pub struct Tty {
    pub(super) size: Size,
    pub(super) utf8: bool,
    pub options: TtyOptions,
    started: bool,
    /// Position of the cursor; the column may be one past the last. `None`: not known.
    pub(super) cursor: Option<(u32, u32)>,
    /// Rows of the scroll region, and columns of the margins, both inclusive.
    pub(super) region: Option<(u32, u32)>,
    pub(super) margins: Option<(u32, u32)>,
    /// Current style of the terminal, colours converted.
    pub(super) pen: CellStyle,
    /// The style last requested, from which `pen` was converted.
    pub(super) wanted: CellStyle,
    /// `None` when not known.
    pub(super) modes: Option<Modes>,
    /// The cursor style and colour that were set and must be reset at the end.
    pub(super) look_set: CursorLook,
    /// Contents of the terminal; `None` if not known.
    pub(super) shown: Option<Surface>,
    /// Number of the frame that the terminal shows; 0 if none.
    shown_number: u64,
    /// Rows in which the terminal may differ from that frame.
    disturbed: Vec<u32>,
    /// Images drawn on it.
    images: Vec<FrameImage>,
    /// Width and height of a cell in pixels; 0 when not known.
    pub cell_pixels: (u32, u32),
    title: Option<String>,
    path: Option<String>,
    progress: Progress,
    keyboard: Keyboard,
}

/// State of kitty's keyboard protocol on the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Keyboard {
    /// Flags in force; `None`: the protocol is off.
    flags: Option<u8>,
    /// True if the protocol was on at any time since the start.
    used: bool,
}

impl Keyboard {
    pub fn is_on(self) -> bool {
        self.flags.is_some()
    }
}

impl Tty {
    /// A terminal that has not been started. `utf8`: it takes UTF-8.
    pub fn new(size: Size, utf8: bool, options: TtyOptions) -> Self {
        Self {
            size,
            utf8,
            options,
            started: false,
            cursor: None,
            region: None,
            margins: None,
            pen: CellStyle::DEFAULT,
            wanted: CellStyle::DEFAULT,
            modes: None,
            look_set: CursorLook::default(),
            shown: None,
            shown_number: 0,
            disturbed: Vec::new(),
            images: Vec::new(),
            cell_pixels: (0, 0),
            title: None,
            path: None,
            progress: Progress::default(),
            keyboard: Keyboard::default(),
        }
    }

    pub fn keyboard(&self) -> Keyboard {
        self.keyboard
    }

    /// Asks if the terminal knows kitty's keyboard protocol; true if it is of a kind that may
    /// answer.
    pub fn request_keyboard(&self, term: &Term, out: &mut Vec<u8>) -> bool {
        let asks = self.started && term.flags.vt100_like && !term.has(Cap::ENKK);
        if asks {
            out.extend_from_slice(b"\x1b[?u");
        }
        asks
    }

    /// Switches the terminal's key reports to those of a frame, or to its default.
    fn update_keyboard(&mut self, wanted: Option<u8>, term: &Term, out: &mut Vec<u8>) {
        let wanted = wanted.filter(|_| term.has(Cap::ENKK));
        if wanted == self.keyboard.flags {
            return;
        }
        // A server that was killed may have left flags on the alternate screen, which only we use:
        // pop one set before the first push.
        let left = !self.keyboard.used && term.has(Cap::SMCUP);
        if self.keyboard.is_on() || left {
            term.put(Cap::DSKK, out);
        }
        match wanted {
            Some(flags) => {
                if self.options.extended_keys && !self.keyboard.is_on() {
                    term.put(Cap::DSEKS, out);
                }
                term.put_numbers(Cap::ENKK, &[i32::from(flags)], out);
            }
            None if self.options.extended_keys => term.put(Cap::ENEKS, out),
            None => {}
        }
        self.keyboard = Keyboard { flags: wanted, used: true };
    }

    pub fn is_started(&self) -> bool {
        self.started
    }

    pub fn size(&self) -> Size {
        self.size
    }

    /// Handles a change of size; the terminal's contents are then unknown.
    pub fn resize(&mut self, size: Size, term: &Term, out: &mut Vec<u8>) {
        self.size = size;
        self.invalidate(term, out);
    }

    /// Sets up the terminal: alternate screen, keypad, mouse off, bracketed paste.
    pub fn start(&mut self, term: &Term, out: &mut Vec<u8>) {
        term.put(Cap::SMCUP, out);
        term.put(Cap::SMKX, out);
        term.put(Cap::CLEAR, out);
        if term.needs_acs(self.utf8) {
            term.put(Cap::ENACS, out);
        }
        term.put(Cap::CNORM, out);
        if term.has(Cap::KMOUS) {
            out.extend_from_slice(MOUSE_OFF);
        }
        term.put(Cap::ENBP, out);
        if term.flags.vt100_like {
            // Request reports of theme changes, and of the current theme.
            out.extend_from_slice(b"\x1b[?2031h\x1b[?996n");
        }
        self.started = true;
        (self.title, self.path) = (None, None);
        self.progress = Progress::default();
        self.keyboard = Keyboard::default();
        self.invalidate(term, out);
        // It was just cleared.
        self.shown = Some(Surface::new(self.size));
    }

    /// The cursor style and colour that were set and must be reset at the end.
    pub fn look_set(&self) -> CursorLook {
        self.look_set
    }

    /// Continues with a terminal that another server started; the next frame draws everything.
    pub fn take_up(&mut self, look_set: CursorLook, keyboard: Keyboard) {
        self.started = true;
        self.keyboard = keyboard;
        self.look_set = look_set;
    }

    /// Asks a started terminal for its attributes and version; `have` tells which of primary
    /// attributes, secondary attributes and version are known. True if replies are expected.
    pub fn request_attributes(&self, term: &Term, have: (bool, bool, bool), out: &mut Vec<u8>) -> bool {
        if !self.started || !term.flags.vt100_like {
            return false;
        }
        for (known, question) in [(have.0, "\x1b[c"), (have.1, "\x1b[>c"), (have.2, "\x1b[>q")] {
            if !known {
                out.extend_from_slice(question.as_bytes());
            }
        }
        self.request_colours(term, out)
    }

    /// Asks for the terminal's colours; true if it is of a kind that answers.
    pub fn request_colours(&self, term: &Term, out: &mut Vec<u8>) -> bool {
        let asks = self.started && term.flags.vt100_like;
        if asks {
            out.extend_from_slice(b"\x1b]10;?\x1b\\\x1b]11;?\x1b\\");
        }
        asks
    }

    /// Asks for the size in cells and pixels (if the system does not know the pixels). True if a
    /// reply is expected.
    pub fn request_size(&self, term: &Term, out: &mut Vec<u8>) -> bool {
        let asks = self.started && term.flags.vt100_like;
        if asks {
            out.extend_from_slice(b"\x1b[18t\x1b[14t");
        }
        asks
    }

    /// Sets up features that have just become known; the next frame draws everything.
    pub fn update_features(&mut self, term: &Term, out: &mut Vec<u8>) {
        if !self.started {
            return;
        }
        if term.flags.margins {
            term.put(Cap::ENMG, out);
        }
        if self.options.extended_keys && !self.keyboard.is_on() {
            term.put(Cap::ENEKS, out);
        }
        if self.options.focus_events {
            term.put(Cap::ENFCS, out);
        }
        if term.flags.vt100_like {
            out.extend_from_slice(b"\x1b[?7727h");
        }
        self.invalidate(term, out);
    }

    /// Restores the terminal for the next program.
    pub fn stop(&mut self, term: &Term, out: &mut Vec<u8>) {
        if !self.started {
            return;
        }
        self.started = false;
        term.put_numbers(Cap::CSR, &[0, self.size.rows as i32 - 1], out);
        if term.needs_acs(self.utf8) {
            term.put(Cap::RMACS, out);
        }
        for cap in [Cap::SGR0, Cap::RMKX, Cap::CLEAR] {
            term.put(cap, out);
        }
        emit::modes::restore_cursor(self, term, out);
        term.put(Cap::CNORM, out);
        if term.has(Cap::KMOUS) {
            out.extend_from_slice(MOUSE_OFF);
        }
        term.put(Cap::DSBP, out);
        if term.flags.vt100_like {
            out.extend_from_slice(b"\x1b[?7727l");
        }
        term.put(Cap::DSFCS, out);
        term.put(Cap::DSEKS, out);
        if self.keyboard.is_on() {
            term.put(Cap::DSKK, out);
            self.keyboard.flags = None;
        }
        if term.flags.margins {
            term.put(Cap::DSMG, out);
        }
        term.put(Cap::RMCUP, out);
        if term.flags.vt100_like {
            out.extend_from_slice(b"\x1b[?2031l");
        }
        self.shown = None;
    }

    /// Brings the terminal's state into a known one; the next frame draws everything.
    pub fn invalidate(&mut self, term: &Term, out: &mut Vec<u8>) {
        self.shown = None;
        self.images.clear();
        self.reset_state(term, out);
    }

    /// Writes bytes that are not part of a frame. They may change the terminal's state, but not its
    /// contents.
    pub fn raw(&mut self, bytes: &[u8], term: &Term, out: &mut Vec<u8>) {
        emit::style::reset(self, term, out);
        out.extend_from_slice(bytes);
        self.reset_state(term, out);
    }

    fn reset_state(&mut self, term: &Term, out: &mut Vec<u8>) {
        self.pen = CellStyle::DEFAULT;
        self.wanted = CellStyle::DEFAULT;
        (self.cursor, self.region, self.margins, self.modes) = (None, None, None, None);
        if !self.started {
            return;
        }
        if term.flags.margins {
            term.put(Cap::ENMG, out);
        }
        term.put(Cap::SGR0, out);
        emit::cursor::move_to(self, term, 0, 0, out);
        emit::cursor::region_off(self, term, out);
        emit::cursor::margins_off(self, term, out);
    }

    /// Draws a frame: turns the terminal's contents into the frame's.
    pub fn draw(&mut self, frame: &Frame, links: &FrameLinks, term: &Term, out: &mut Vec<u8>) {
        if !self.started {
            return;
        }
        let mut with_placeholders = None;
        let sixel = term.flags.sixel || term.has(Cap::SXL);
        if !sixel && !frame.images.is_empty() {
            let mut other = frame.clone();
            images::draw_placeholders(&mut other);
            with_placeholders = Some(other);
        }
        // Placeholders may cover rows whose cells did not change: the contents then differ from the
        // composed frame.
        let composed = with_placeholders.is_none();
        let frame = with_placeholders.as_ref().unwrap_or(frame);
        self.uncover_images(frame);
        let known = composed && frame.descent.parent == Some(self.shown_number);
        let disturbed = std::mem::take(&mut self.disturbed);
        let rows: Option<Vec<bool>> = known.then(|| {
            (0..).zip(&frame.descent.changed).map(|(y, &changed)| changed || disturbed.contains(&y)).collect()
        });
        let ops = diff(self.shown.as_mut(), frame, rows.as_deref(), &DiffCaps::of(term));
        self.shown_number = if composed { frame.descent.number } else { 0 };
        emit::emit(&ops, frame, links, term, self, out);
        if sixel {
            self.draw_images(&ops, frame, term, out);
        }
        match &mut self.shown {
            Some(shown) if shown.size() == frame.surface.size() => {
                ops.iter().for_each(|op| shown.copy_rect(&frame.surface, &op.rect()));
            }
            _ => self.shown = Some(frame.surface.clone()),
        }
        if term.flags.no_auto_margin {
            self.forget_last_cell();
        }
        self.update_titles(frame, term, out);
        self.update_keyboard(frame.keyboard, term, out);
    }

    /// Marks the cells below images that moved or disappeared to be drawn again.
    fn uncover_images(&mut self, frame: &Frame) {
        let gone = self.images.extract_if(.., |image| !frame.images.contains(image));
        let rects: Vec<Rect> = gone.map(|image| image.rect).collect();
        let Some(shown) = &mut self.shown else { return };
        let unknown = Cell { glyph: Glyph::Char('\0'), ..Cell::BLANK };
        for rect in rects {
            for y in rect.y..rect.bottom() {
                self.disturbed.push(y as u32);
                (rect.x..rect.right()).for_each(|x| shown.set_raw(x as u32, y as u32, unknown.clone()));
            }
        }
    }

    /// Draws images that are new, or whose cells were drawn over.
    fn draw_images(&mut self, ops: &[Op], frame: &Frame, term: &Term, out: &mut Vec<u8>) {
        let before = self.cursor;
        for image in &frame.images {
            let known = self.images.contains(image);
            if known && !ops.iter().any(|op| op.rect().intersect(&image.rect).is_some()) {
                continue;
            }
            emit::cursor::move_to(self, term, image.rect.x as u32, image.rect.y as u32, out);
            images::put(image, self.cell_pixels.1, out);
            self.cursor = None;
            if !known && self.images.len() < MAX_IMAGES {
                self.images.push(image.clone());
            }
        }
        if let (None, Some((x, y))) = (self.cursor, before) {
            emit::cursor::move_to(self, term, x, y, out);
        }
    }

    /// The last cell of the screen was not drawn, because the terminal might scroll: its contents
    /// are unknown, even after scrolling.
    fn forget_last_cell(&mut self) {
        let Some(shown) = &mut self.shown else { return };
        let unknown = Cell { glyph: Glyph::Char('\0'), ..Cell::BLANK };
        let (cols, y) = (self.size.cols, self.size.rows.max(1) - 1);
        self.disturbed.push(y);
        for x in (0..cols).rev() {
            let more = shown.get(x, y).is_padding();
            shown.set_raw(x, y, unknown.clone());
            if !more {
                break;
            }
        }
    }

    fn update_titles(&mut self, frame: &Frame, term: &Term, out: &mut Vec<u8>) {
        if frame.title.is_some() && frame.title != self.title {
            self.title.clone_from(&frame.title);
            self.put_titled(Cap::TSL, self.title.as_deref().unwrap_or(""), term, out);
        }
        if frame.path.is_some() && frame.path != self.path {
            self.path.clone_from(&frame.path);
            self.put_titled(Cap::SWD, self.path.as_deref().unwrap_or(""), term, out);
        }
        if frame.progress != self.progress {
            self.progress = frame.progress;
            let numbers = [i32::from(frame.progress.state), i32::from(frame.progress.percent)];
            term.put_numbers(Cap::SPB, &numbers, out);
        }
    }

    fn put_titled(&self, start: Cap, text: &str, term: &Term, out: &mut Vec<u8>) {
        if term.has(start) && term.has(Cap::FSL) {
            term.put(start, out);
            out.extend_from_slice(&to_bytes(text));
            term.put(Cap::FSL, out);
        }
    }

    /// Puts data on the terminal's clipboard.
    pub fn set_clipboard(&self, selection: &str, data: &[u8], term: &Term, out: &mut Vec<u8>) {
        if self.started && term.has(Cap::MS) {
            let encoded = base64::engine::general_purpose::STANDARD.encode(data);
            term.put_texts(Cap::MS, &[selection.as_bytes(), encoded.as_bytes()], out);
        }
    }

    /// Asks the terminal for its clipboard.
    pub fn query_clipboard(&self, term: &Term, out: &mut Vec<u8>) {
        if self.started {
            term.put_texts(Cap::MS, &[b"", b"?"], out);
        }
    }

    /// Rings the bell.
    pub fn bell(&self, term: &Term, out: &mut Vec<u8>) {
        if self.started {
            term.put(Cap::BEL, out);
        }
    }
}
