//! Copies panes into a frame: terminals or the modes that cover them, with default styles and
//! palettes applied.

use std::ops::Range;

use super::borders::PaneBox;
use super::chrome::Chrome;
use super::composer::Composer;
use super::dim::Dim;
use super::kept::{KeptPane, Setting};
use super::seen::Seen;
use super::subject::Subject;
use super::{blanks, pictures};
use crate::base::placeholder::Part;
use crate::base::{Attrs, Cell, CellFlags, CellStyle, Colour, PaneId, Rect, Size, Surface};
use crate::format::Objects;
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::options::opt;
use crate::render::frame::{Frame, FrameImage, FrameLinks};
use crate::render::pictures::FramePictures;
use crate::terminal::{Palette, Terminal};
use crate::view::style;

/// Conversion of one pane's cells to cells of the frame.
struct Look<'a> {
    fg: Colour,
    bg: Colour,
    palette: &'a Palette,
    plain: bool,
    no_bright: bool,
    dim: Dim,
}

/// Drawing parameters of each pane of the layout; empty if no row of a pane is composed.
pub(super) type Styled = Vec<PaneStyle>;

#[derive(Clone, Copy)]
pub(super) struct PaneStyle {
    /// Foreground and background from the pane's styles.
    colours: (Colour, Colour),
    dim: Dim,
    /// True if the pane's rows stay as they are in the frame.
    held: bool,
}

impl PaneStyle {
    const NONE: Self = Self { colours: (Colour::Default, Colour::Default), dim: Dim::NONE, held: false };
}

/// Part of a row of the frame that belongs to a held pane, while other parts change.
pub(super) struct HeldRow {
    row: u32,
    columns: Range<usize>,
    cells: Vec<Cell>,
}

impl HeldRow {
    pub(super) fn put_back(self, frame: &mut Frame) {
        frame.surface.row_mut(self.row)[self.columns].clone_from_slice(&self.cells);
    }
}

/// Saves the cells of held panes on rows that will be composed.
pub(super) fn held_rows(subject: &Subject, chrome: &Chrome, styled: &Styled, frame: &Frame) -> Vec<HeldRow> {
    let mut rows = Vec::new();
    for (pane, _) in chrome.layout.panes.iter().zip(styled).filter(|(_, style)| style.held) {
        let Some(seen) = subject.seen(pane.x, pane.y, pane_size(pane)) else { continue };
        for (_, row) in seen.rows().filter(|(_, row)| frame.is_changed(*row)) {
            let cells = frame.surface.row(row)[seen.columns()].to_vec();
            rows.push(HeldRow { row, columns: seen.columns(), cells });
        }
    }
    rows
}

/// Finds the rows of the frame in which panes have changed since the last one.
pub(super) fn find_changed(
    cx: &Cx<'_>,
    subject: &Subject,
    chrome: &Chrome,
    composer: &mut Composer,
    frame: &mut Frame,
) -> Styled {
    let mut styled = vec![PaneStyle::NONE; chrome.layout.panes.len()];
    let alone = !chrome.layout.panes.iter().any(|p| p.floating);
    let mut before = std::mem::take(&mut composer.kept);
    for (index, pane) in chrome.layout.panes.iter().enumerate().filter(|(_, p)| p.visible) {
        let Some(p) = cx.server.pane(pane.id) else { continue };
        let terminal = p.terminal.lock();
        let size = pane_size(pane);
        (styled[index].colours, styled[index].dim) = default_colours(cx, subject, pane.id);
        let look = Look::new(styled[index], &terminal, composer.no_bright);
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
            dim: look.dim,
        };
        // A mode's rows cannot be compared with the cache, and neither can rows below floating
        // panes.
        let plain = p.modes.is_empty() && !chrome.layout.panes[..index].iter().any(|p| p.floating);
        let known = before.take(pane.id, &setting).filter(|_| plain);
        let held = alone && frame.descent.parent.is_some() && composer.held.contains(&pane.id);
        styled[index].held = held && known.is_some();
        let seen = subject.seen(pane.x, pane.y, size).filter(|_| !styled[index].held);
        for (y, row) in seen.into_iter().flat_map(Seen::rows) {
            if !known.as_ref().is_some_and(|known| known.has(y, &terminal)) {
                frame.descent.note(row);
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

/// Draws all visible panes, lowest first, on the rows that are composed again.
pub(super) fn draw(
    cx: &mut Cx<'_>,
    subject: &Subject,
    chrome: &Chrome,
    styled: &Styled,
    composer: &mut Composer,
    frame: &mut Frame,
) {
    for (index, pane) in chrome.layout.panes.iter().enumerate().rev().filter(|(_, p)| p.visible) {
        let Some(seen) = subject.seen(pane.x, pane.y, pane_size(pane)) else { continue };
        frame.regions.push(seen.rect());
        let source = Source { index, id: pane.id, at: (pane.x, pane.y), cols: pane.cols.max(0) as u32, seen };
        let mode = mode_surface(cx, pane.id);
        let mut painter = Painter { subject, chrome, source, frame };
        let style = styled.get(index).copied().unwrap_or(PaneStyle::NONE);
        if style.held {
            painter.keep_wraps(&composer.wrapped);
        } else {
            painter.draw(cx, mode.as_ref(), style, composer);
        }
        if mode.is_none() {
            painter.add_images(cx);
        }
    }
}

/// A pane, its position in the window, and its visible part.
struct Source {
    index: usize,
    id: PaneId,
    at: (i32, i32),
    cols: u32,
    seen: Seen,
}

/// Copies one pane.
struct Painter<'a> {
    subject: &'a Subject,
    chrome: &'a Chrome,
    source: Source,
    frame: &'a mut Frame,
}

impl Painter<'_> {
    /// Draws the pane: the mode that covers it, or else its terminal.
    fn draw(&mut self, cx: &Cx<'_>, mode: Option<&Surface>, styled: PaneStyle, composer: &mut Composer) {
        let Some(pane) = cx.server.pane(self.source.id) else { return };
        let terminal = pane.terminal.lock();
        let look = Look::new(styled, &terminal, composer.no_bright);
        let seen = self.source.seen;
        let mut kept = composer.kept.get_mut(self.source.id);
        let line = &mut composer.scratch;
        for (y, row) in seen.rows() {
            if self.frame.is_changed(row) {
                if mode.is_none() && self.is_ground(y, &look, &terminal) {
                    if let Some(kept) = &mut kept {
                        kept.keep(y, &terminal, &[]);
                    }
                    self.note_wrap(y, row, &terminal);
                    continue;
                }
                self.read(y, mode, &terminal, line);
                if mode.is_some() {
                    let left = self.source.at.0 - self.subject.view.x as i32;
                    blanks::settle(line, 0, self.subject.ground(left, look.bg));
                }
                let parts = pictures::parts(line.row(0));
                let client = (&mut composer.links, &mut composer.pictures);
                self.row(y, row, (line, &parts), &look, &terminal, client);
                if let Some(kept) = &mut kept {
                    // A picture may change while its cells stay the same.
                    let drawn = &self.frame.surface.row(row)[seen.columns()];
                    if parts.is_empty() { kept.keep(y, &terminal, drawn) } else { kept.forget(y) }
                }
            }
            if mode.is_none() {
                self.note_wrap(y, row, &terminal);
            }
        }
    }

    /// Reports whether a row of the pane is empty and covers only the ground, which looks the same.
    fn is_ground(&self, y: u32, look: &Look<'_>, terminal: &Terminal) -> bool {
        let plain = look.fg == Colour::Default && look.bg == Colour::Default && look.dim.percent == 0;
        let tiled = self.chrome.layout.panes.get(self.source.index).is_some_and(|p| !p.floating);
        plain && tiled && terminal.packed_row(y).is_some_and(<[_]>::is_empty)
    }

    /// Reads a row of the pane, as it shows, into a separate line.
    fn read(&self, y: u32, mode: Option<&Surface>, terminal: &Terminal, line: &mut Surface) {
        let size = Size::new(self.source.cols, 1);
        if line.size() != size {
            *line = Surface::new(size);
        }
        line.clear_row(0);
        match mode {
            Some(mode) if y < mode.size().rows => {
                line.row_mut(0).iter_mut().zip(mode.row(y)).for_each(|(to, from)| to.clone_from(from));
            }
            Some(_) => {}
            None => terminal.read_row(y, line.row_mut(0)),
        }
        line.settle_row(0);
    }

    /// Draws row `y` of the pane, read into `line`, onto a row of the terminal. `parts`: the parts
    /// of pictures in its cells.
    fn row(
        &mut self,
        y: u32,
        row: u32,
        (line, parts): (&Surface, &[(usize, Part)]),
        look: &Look<'_>,
        terminal: &Terminal,
        (links, shown): (&mut FrameLinks, &mut FramePictures),
    ) {
        let source = &self.source;
        let layout = &self.chrome.layout;
        let window_y = source.at.1 + y as i32;
        let any_above = layout.panes[..source.index].iter().any(|p| p.floating);
        let cells = line.row(0)[source.seen.source()].iter();
        let places = self.frame.surface.row_mut(row)[source.seen.columns()].iter_mut();
        for ((x, cell), place) in (source.at.0 + source.seen.from.x as i32..).zip(cells).zip(places) {
            if any_above && layout.is_covered(source.index, x, window_y) {
                continue;
            }
            let mut cell = look.apply(cell);
            if cell.style.link.0 != 0 {
                cell.style.link = links.intern(source.id, cell.style.link, terminal.links());
            }
            *place = cell;
        }
        let from = source.seen.source().start;
        for (at, part) in parts {
            let column = source.seen.columns().start as u32 + at.saturating_sub(from) as u32;
            let place = at
                .checked_sub(from)
                .and_then(|at| self.frame.surface.row_mut(row)[source.seen.columns()].get_mut(at));
            let x = source.at.0 + *at as i32;
            if let Some(place) =
                place.filter(|_| !(any_above && layout.is_covered(source.index, x, window_y)))
            {
                pictures::draw(*part, terminal, shown, ((column, row), place));
            }
        }
        // A pane that overlaps others may also cut a wide character of the pane below.
        let overlaps = layout.panes.iter().any(|p| p.floating);
        let columns = if overlaps { 0..self.subject.size.cols as usize } else { source.seen.columns() };
        mend(&mut self.frame.surface.row_mut(row)[columns]);
        if look.fg != Colour::Default {
            let ground = self.subject.ground(0, look.bg);
            let columns = source.seen.columns();
            let columns = columns.start as u32..columns.end as u32;
            blanks::settle_part(&mut self.frame.surface, row, columns, ground);
        }
    }

    /// Records that a row wraps, if the pane is as wide as the terminal.
    fn note_wrap(&mut self, y: u32, row: u32, terminal: &Terminal) {
        let full = self.source.seen.from.x == 0
            && self.source.seen.size.cols == self.source.cols
            && self.source.cols == self.subject.size.cols;
        if full
            && terminal.is_wrapped(y)
            && let Some(wrapped) = self.frame.wrapped.get_mut(row as usize)
        {
            *wrapped = true;
        }
    }

    /// Keeps the wrap marks of a held pane's rows.
    fn keep_wraps(&mut self, before: &[bool]) {
        for (_, row) in self.source.seen.rows() {
            let row = row as usize;
            if let Some(wrapped) = self.frame.wrapped.get_mut(row) {
                *wrapped = before.get(row) == Some(&true);
            }
        }
    }

    /// Adds the pane's images that are completely in view and not under another pane.
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
}

/// Blanks halves of wide characters that are cut by the edge of the view or a pane above.
fn mend(cells: &mut [Cell]) {
    let mut expected = 0;
    for x in 0..cells.len() {
        let whole = if cells[x].is_padding() {
            let whole = expected > 0;
            expected = usize::saturating_sub(expected, 1);
            whole
        } else {
            expected = usize::from(cells[x].width.max(1)) - 1;
            let fillers = cells[x + 1..].iter().take(expected).take_while(|c| c.is_padding());
            fillers.count() == expected
        };
        if !whole {
            expected = 0;
            cells[x] = Cell { style: cells[x].style, ..Cell::BLANK };
        }
    }
}

/// Surface of the mode on top of a pane; `None` without a mode.
fn mode_surface(cx: &mut Cx<'_>, id: PaneId) -> Option<Surface> {
    let pane = cx.server.panes.get_mut(&id)?;
    if pane.modes.is_empty() {
        return None;
    }
    let mut entry = pane.modes.remove(0);
    let surface = entry.mode.draw(cx, id).clone();
    if let Some(pane) = cx.server.panes.get_mut(&id) {
        pane.modes.insert(0, entry);
    }
    Some(surface)
}

/// Foreground and background of `window-style` and, for the active pane, of `window-active-style`,
/// and the dimming of these styles.
fn default_colours(cx: &Cx<'_>, subject: &Subject, id: PaneId) -> ((Colour, Colour), Dim) {
    let server = &*cx.server;
    let is_active = server.window(subject.window).is_some_and(|w| w.active == id);
    let level = OptionScope::Pane(id);
    let plain = |key| {
        let text: &str = server.option(level, key);
        text.is_empty() || text == "default"
    };
    if plain(opt::WINDOW_STYLE) && (!is_active || plain(opt::WINDOW_ACTIVE_STYLE)) {
        return ((Colour::Default, Colour::Default), Dim::default());
    }
    let objects = Objects::new(server, cx.host, cx.now).with_pane(id).no_jobs();
    let base = style::whole_of_option(server, level, opt::WINDOW_STYLE, &objects);
    if !is_active {
        return ((base.cell.fg, base.cell.bg), Dim::new(cx, subject, base.dim));
    }
    // tmux: for the active pane only the dimming of its own style counts.
    let active = style::whole_of_option(server, level, opt::WINDOW_ACTIVE_STYLE, &objects);
    let pick = |a: Colour, b: Colour| if a == Colour::Default { b } else { a };
    let colours = (pick(active.cell.fg, base.cell.fg), pick(active.cell.bg, base.cell.bg));
    (colours, Dim::new(cx, subject, active.dim))
}

impl<'a> Look<'a> {
    fn new(styled: PaneStyle, terminal: &'a Terminal, no_bright: bool) -> Self {
        let (style_fg, style_bg) = styled.colours;
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
            dim: styled.dim,
        }
    }

    /// A cell in its final colours, without flags.
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
        if self.dim.percent != 0 {
            self.dim.apply(&mut out.style);
        }
        if out.flags.contains(CellFlags::CLEARED) {
            out.glyph = crate::base::Glyph::Char(' ');
        }
        out.flags &= CellFlags::PADDING;
        out
    }

    fn look_up(&self, style: &mut CellStyle) {
        style.fg = match style.fg {
            // Bold text uses the bright colour.
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
