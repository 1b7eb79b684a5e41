//! The sequences that start, stop and set up a client's terminal, and drawing on it.

use super::diff::{DiffCaps, Op, diff};
use super::emit;
use super::frame::{Frame, FrameLinks, Progress};
use super::images;
use super::tty::{Keyboard, Tty};
use crate::base::text::to_bytes;
use crate::base::{Cell, CellStyle, Glyph, Rect, Size, Surface};
use crate::outer::{Cap, Term};

/// Switches all mouse reports off.
const MOUSE_OFF: &[u8] = b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1005l";

/// Images remembered as drawn; further ones are drawn again with every frame.
const MAX_IMAGES: usize = 256;

impl Tty {
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
}
