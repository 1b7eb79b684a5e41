//! Copies panes into a frame: terminals or the modes that cover them, with default styles and
//! palettes applied.

use std::ops::Range;

use super::borders::PaneBox;
use super::chrome::Chrome;
use super::kept::{KeptPane, Setting};
use super::{Composer, Subject, blanks};
use crate::base::{Attrs, Cell, CellFlags, CellStyle, Colour, PaneId, Point, Rect, Size, Surface};
use crate::format::Scope;
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::render::frame::{Frame, FrameImage, FrameLinks};
use crate::terminal::{Palette, Terminal};
use crate::view::style;

/// How cells of one pane become cells of the frame.
struct Look<'a> {
    fg: Colour,
    bg: Colour,
    palette: &'a Palette,
    plain: bool,
    no_bright: bool,
}

/// How each pane of the layout is drawn.
pub(super) type Styled = Vec<PaneStyle>;

#[derive(Clone, Copy)]
pub(super) struct PaneStyle {
    /// Foreground and background that its styles give it.
    colours: (Colour, Colour),
    /// Its rows stay as they are in the frame.
    held: bool,
}

/// Part of a row of the frame that belongs to a held pane, while the rest of it changes.
pub(super) struct HeldRow {
    at: Point,
    cells: Vec<Cell>,
}

impl HeldRow {
    pub fn put_back(self, frame: &mut Frame) {
        for (x, cell) in (self.at.x..).zip(self.cells) {
            frame.surface.set_raw(x, self.at.y, cell);
        }
    }
}

/// Takes what held panes have on rows that are about to be composed.
pub(super) fn held_rows(subject: &Subject, chrome: &Chrome, styled: &Styled, frame: &Frame) -> Vec<HeldRow> {
    let mut rows = Vec::new();
    for (pane, _) in chrome.layout.panes.iter().zip(styled).filter(|(_, style)| style.held) {
        let size = pane_size(pane);
        let Range { start, end } = columns(subject, pane.x, size.cols);
        for y in 0..size.rows {
            let place = subject.place(subject.view.x as i32, pane.y + y as i32);
            if let Some(y) = place.map(|place| place.y).filter(|y| start < end && frame.is_changed(*y)) {
                let cells = frame.surface.row(y)[start as usize..end as usize].to_vec();
                rows.push(HeldRow { at: Point::new(start, y), cells });
            }
        }
    }
    rows
}

/// Columns of the terminal that a pane takes.
fn columns(subject: &Subject, x: i32, cols: u32) -> Range<u32> {
    let start = x - subject.view.x as i32;
    start.max(0) as u32..((start + cols as i32).max(0) as u32).min(subject.size.cols)
}

/// Finds the rows of the frame in which panes have changed since the last one.
pub(super) fn find_changed(
    cx: &Cx<'_>,
    subject: &Subject,
    chrome: &Chrome,
    composer: &mut Composer,
    frame: &mut Frame,
) -> Styled {
    let unstyled = PaneStyle { colours: (Colour::Default, Colour::Default), held: false };
    let mut styled = vec![unstyled; chrome.layout.panes.len()];
    let alone = !chrome.layout.panes.iter().any(|p| p.floating);
    let mut before = std::mem::take(&mut composer.kept);
    for (index, pane) in chrome.layout.panes.iter().enumerate().filter(|(_, p)| p.visible) {
        let Some(p) = cx.server.pane(pane.id) else { continue };
        let terminal = p.terminal.lock();
        let size = pane_size(pane);
        styled[index].colours = default_colours(cx, subject, pane.id);
        let look = Look::new(styled[index].colours, &terminal, composer.no_bright);
        let setting = Setting {
            subject: *subject,
            at: (pane.x, pane.y),
            size,
            terminal_size: terminal.size(),
            epoch: terminal.table_epoch(),
            fg: look.fg,
            bg: look.bg,
            palette: look.palette.clone(),
            no_bright: look.no_bright,
        };
        // What a mode shows is not known, nor is what lies below floating panes.
        let plain = p.modes.is_empty() && !chrome.layout.panes[..index].iter().any(|p| p.floating);
        let known = before.take(pane.id, &setting).filter(|_| plain);
        let held = alone && frame.descent.parent.is_some() && composer.held.contains(&pane.id);
        styled[index].held = held && known.is_some();
        for y in 0..if styled[index].held { 0 } else { size.rows } {
            if let Some(place) = subject.place(subject.view.x as i32, pane.y + y as i32)
                && !known.as_ref().is_some_and(|known| known.has(y, &terminal))
            {
                frame.descent.changed[place.y as usize] = true;
            }
        }
        if plain {
            composer.kept.put(known.unwrap_or_else(|| KeptPane::new(pane.id, setting)));
        }
    }
    styled
}

fn pane_size(pane: &PaneBox) -> Size {
    Size::new(pane.cols.max(0) as u32, pane.rows.max(0) as u32)
}

/// Draws all panes that can be seen, those below first, on rows that are composed anew.
pub(super) fn draw(
    cx: &mut Cx<'_>,
    subject: &Subject,
    chrome: &Chrome,
    styled: &Styled,
    composer: &mut Composer,
    frame: &mut Frame,
) {
    for (index, pane) in chrome.layout.panes.iter().enumerate().rev().filter(|(_, p)| p.visible) {
        let size = pane_size(pane);
        let kept = composer.scratch.take().filter(|s| s.size() == size);
        let mut surface = kept.unwrap_or_else(|| Surface::new(size));
        let source = Source { index, id: pane.id, at: (pane.x, pane.y) };
        let mode = mode_surface(cx, pane.id, &mut surface);
        let mut painter = Painter { subject, chrome, source, frame };
        if styled[index].held {
            painter.keep_wraps(size, &composer.wrapped);
        } else {
            painter.draw(cx, mode, styled[index].colours, &mut surface, composer);
        }
        composer.scratch = Some(surface);
        painter.note_region(size);
        if !mode {
            painter.add_images(cx);
        }
    }
}

/// Which pane, and where it is in the window.
struct Source {
    index: usize,
    id: PaneId,
    at: (i32, i32),
}

/// Copies one pane.
struct Painter<'a> {
    subject: &'a Subject,
    chrome: &'a Chrome,
    source: Source,
    frame: &'a mut Frame,
}

impl Painter<'_> {
    /// Draws the pane: what `surface` holds if a `mode` covers it, or its terminal.
    fn draw(
        &mut self,
        cx: &Cx<'_>,
        mode: bool,
        styled: (Colour, Colour),
        surface: &mut Surface,
        composer: &mut Composer,
    ) {
        let Some(pane) = cx.server.pane(self.source.id) else { return };
        let terminal = pane.terminal.lock();
        let look = Look::new(styled, &terminal, composer.no_bright);
        let Range { start, end } = self.columns(surface.size().cols);
        let mut kept = composer.kept.get_mut(self.source.id);
        for y in 0..surface.size().rows {
            let row_y = self.source.at.1 + y as i32;
            let Some(place) = self.subject.place(self.subject.view.x as i32, row_y) else { continue };
            if self.frame.is_changed(place.y) {
                if !mode {
                    surface.clear_row(y);
                    terminal.draw_row(y, surface, Point::default());
                }
                surface.settle_row(y);
                if mode {
                    let left = self.source.at.0 - self.subject.view.x as i32;
                    blanks::settle(surface, y, self.subject.ground(left, look.bg));
                }
                self.row(y, surface, &look, &terminal, &mut composer.links);
                if let Some(kept) = &mut kept {
                    let drawn = &self.frame.surface.row(place.y)[start as usize..end as usize];
                    kept.keep(y, &terminal, drawn);
                }
            }
            if !mode {
                self.note_wrap(y, surface.size().cols, &terminal);
            }
        }
    }

    /// Draws a row, which is in view.
    fn row(
        &mut self,
        y: u32,
        surface: &Surface,
        look: &Look<'_>,
        terminal: &Terminal,
        links: &mut FrameLinks,
    ) {
        let source = &self.source;
        let layout = &self.chrome.layout;
        let row_y = source.at.1 + y as i32;
        let any_above = layout.panes[..source.index].iter().any(|p| p.floating);
        for (x, cell) in surface.row(y).iter().enumerate() {
            let at = source.at.0 + x as i32;
            let Some(place) = self.subject.place(at, row_y) else { continue };
            if any_above && layout.is_covered(source.index, at, row_y) {
                continue;
            }
            let mut cell = look.apply(cell);
            if cell.style.link.0 != 0 {
                cell.style.link = links.intern(source.id, cell.style.link, terminal.links());
            }
            self.frame.surface.set_raw(place.x, place.y, cell);
        }
        self.mend_row(surface.size().cols, row_y);
        if look.fg != Colour::Default
            && let Some(place) = self.subject.place(self.subject.view.x as i32, row_y)
        {
            let columns = self.columns(surface.size().cols);
            let ground = self.subject.ground(0, look.bg);
            blanks::settle_part(&mut self.frame.surface, place.y, columns, ground);
        }
    }

    /// Notes a row that wraps, where the pane is as wide as the terminal.
    fn note_wrap(&mut self, y: u32, cols: u32, terminal: &Terminal) {
        let full = self.source.at.0 == 0 && self.subject.view.x == 0 && cols == self.subject.size.cols;
        if full
            && terminal.is_wrapped(y)
            && let Some(place) = self.subject.place(0, self.source.at.1 + y as i32)
        {
            self.frame.wrapped[place.y as usize] = true;
        }
    }

    /// Columns of the terminal that the pane takes.
    fn columns(&self, cols: u32) -> Range<u32> {
        columns(self.subject, self.source.at.0, cols)
    }

    /// Which rows wrap of a pane that stays as it is in the frame.
    fn keep_wraps(&mut self, size: Size, before: &[bool]) {
        let full = self.source.at.0 == 0 && self.subject.view.x == 0 && size.cols == self.subject.size.cols;
        for y in 0..if full { size.rows } else { 0 } {
            if let Some(place) = self.subject.place(0, self.source.at.1 + y as i32) {
                self.frame.wrapped[place.y as usize] = before.get(place.y as usize) == Some(&true);
            }
        }
    }

    /// Blanks halves of wide characters that the edge of the view or a pane above cut off.
    fn mend_row(&mut self, cols: u32, y: i32) {
        let Range { start: from, end: to } = self.columns(cols);
        let Some(place) = self.subject.place(self.subject.view.x as i32, y) else { return };
        let surface = &mut self.frame.surface;
        let mut expected = 0u32;
        for x in from..to {
            let cell = surface.get(x, place.y);
            let (padding, width, style) = (cell.is_padding(), u32::from(cell.width), cell.style);
            let whole = if padding {
                let whole = expected > 0;
                expected = expected.saturating_sub(1);
                whole
            } else {
                expected = width.max(1) - 1;
                (1..=expected).all(|n| x + n < to && surface.get(x + n, place.y).is_padding())
            };
            if !whole {
                expected = 0;
                surface.set_raw(x, place.y, Cell { style, ..Cell::BLANK });
            }
        }
    }

    /// Adds the pane's images that are wholly in view and under no other pane.
    fn add_images(&mut self, cx: &Cx<'_>) {
        let Some(pane) = cx.server.pane(self.source.id) else { return };
        let terminal = pane.terminal.lock();
        let size = terminal.size();
        for image in terminal.images() {
            let cols = image.cols.min(size.cols.saturating_sub(image.x));
            let rows = image.rows.min(size.rows.saturating_sub(image.y));
            let (x, y) = (self.source.at.0 + image.x as i32, self.source.at.1 + image.y as i32);
            let (last_x, last_y) = (x + cols as i32 - 1, y + rows as i32 - 1);
            let (Some(first), Some(_)) = (self.subject.place(x, y), self.subject.place(last_x, last_y))
            else {
                continue;
            };
            let corners = [(x, y), (last_x, y), (x, last_y), (last_x, last_y)];
            let layout = &self.chrome.layout;
            if cols == 0
                || rows == 0
                || corners.iter().any(|c| layout.is_covered(self.source.index, c.0, c.1))
            {
                continue;
            }
            let rect = Rect::new(first.x as i32, first.y as i32, cols, rows);
            self.frame.images.push(FrameImage { rect, top: image.top, data: image.data.clone() });
        }
    }

    /// Notes the part of the terminal that the pane takes, as one that may have scrolled.
    fn note_region(&mut self, size: Size) {
        let subject = self.subject;
        let (top, bottom) = (subject.top() as i32, subject.bottom() as i32);
        let x = self.source.at.0 - subject.view.x as i32;
        let y = self.source.at.1 - subject.view.y as i32 + top;
        let room = Rect::new(0, top, subject.size.cols, (bottom - top).max(0) as u32);
        if let Some(rect) = Rect::new(x, y, size.cols, size.rows).intersect(&room) {
            self.frame.regions.push(rect);
        }
    }
}

/// Lets the mode on top of a pane draw; false when there is none.
fn mode_surface(cx: &mut Cx<'_>, id: PaneId, surface: &mut Surface) -> bool {
    let Some(pane) = cx.server.panes.get_mut(&id) else { return false };
    if pane.modes.is_empty() {
        return false;
    }
    let mut entry = pane.modes.remove(0);
    surface.clone_from(entry.mode.draw(cx, id));
    if let Some(pane) = cx.server.panes.get_mut(&id) {
        pane.modes.insert(0, entry);
    }
    true
}

/// Foreground and background of `window-style` and, for the active pane,
/// `window-active-style`.
fn default_colours(cx: &Cx<'_>, subject: &Subject, id: PaneId) -> (Colour, Colour) {
    let server = &*cx.server;
    let is_active = server.window(subject.window).is_some_and(|w| w.active == id);
    let level = OptionScope::Pane(id);
    let plain = |name: &str| {
        let text = server.option_text(level, name);
        text.is_empty() || text == "default"
    };
    if plain("window-style") && (!is_active || plain("window-active-style")) {
        return (Colour::Default, Colour::Default);
    }
    let scope = Scope::new(server, cx.host, cx.now).with_pane(id).no_jobs();
    let base = style::of_option(server, level, "window-style", &scope);
    if !is_active {
        return (base.fg, base.bg);
    }
    let active = style::of_option(server, level, "window-active-style", &scope);
    let pick = |a: Colour, b: Colour| if a == Colour::Default { b } else { a };
    (pick(active.fg, base.fg), pick(active.bg, base.bg))
}

impl<'a> Look<'a> {
    fn new((style_fg, style_bg): (Colour, Colour), terminal: &'a Terminal, no_bright: bool) -> Self {
        let palette = terminal.palette();
        let own = |style: Colour, palette: Option<Colour>| {
            if style.is_default() { palette.unwrap_or(Colour::Default) } else { style }
        };
        Look {
            fg: own(style_fg, palette.fg),
            bg: own(style_bg, palette.bg),
            plain: palette.is_plain(),
            palette,
            no_bright,
        }
    }

    /// A cell with its final colours, and without flags.
    fn apply(&self, cell: &Cell) -> Cell {
        let mut out = cell.clone();
        if !cell.flags.contains(CellFlags::NOPALETTE) {
            if out.style.fg == Colour::Default {
                out.style.fg = self.fg;
            }
            if out.style.bg == Colour::Default {
                out.style.bg = self.bg;
            }
            if !self.plain {
                self.look_up(&mut out.style);
            }
        }
        if out.flags.contains(CellFlags::CLEARED) {
            out.glyph = crate::base::Glyph::Char(' ');
        }
        out.flags &= CellFlags::PADDING;
        out
    }

    fn look_up(&self, style: &mut CellStyle) {
        style.fg = match style.fg {
            // Bold text takes the bright entry.
            Colour::Basic(n @ 0..8) if style.attrs.contains(Attrs::BRIGHT) && !self.no_bright => {
                match self.palette.get(n + 8) {
                    Some(colour) => colour,
                    None => style.fg,
                }
            }
            other => self.palette.resolve(other),
        };
        style.bg = self.palette.resolve(style.bg);
        style.us = self.palette.resolve(style.us);
    }
}
