//! Parts around panes, with their styles: borders, their status lines, arrows and scrollbars.

use super::border_chars::{BorderLines, set_arrow, set_border};
use super::borders::{BorderLayout, CellKind, Indicators, PaneBox, PaneStatus, TwoPanes};
use super::seen::Seen;
use super::subject::{Subject, View};
use super::{blanks, status};
use crate::base::{Attrs, Cell, CellStyle, Colour, Glyph, PaneId, Point, Size, Surface};
use crate::format::Objects;
use crate::model::arrange::ScrollbarPolicy;
use crate::model::layout::CellKind as SplitKind;
use crate::model::option_access::OptionScope;
use crate::model::{Cx, Server, Window};
use crate::options::opt;
use crate::render::frame::{Descent, Frame};
use crate::view::copy::CopyMode;
use crate::view::style;

/// Borders and scrollbars of one client, ready to draw.
pub(super) struct Chrome {
    pub layout: BorderLayout,
    size: Size,
    view: View,
    top: u32,
    /// Surface with only the borders and the area outside the window.
    ground: Surface,
    /// Border status lines: index of the pane in the layout, and the line.
    lines: Vec<(usize, Surface)>,
    bars: Vec<Bar>,
}

/// The scrollbar of a pane.
struct Bar {
    pane: usize,
    cols: u32,
    pad: u32,
    style: CellStyle,
    /// First row and height of the slider in the last frame.
    slider: Option<(u32, u32)>,
}

/// The geometry of a window's borders.
pub(super) fn layout(cx: &Cx<'_>, subject: &Subject) -> Option<BorderLayout> {
    let server = &*cx.server;
    let window = server.window(subject.window)?;
    let scope = OptionScope::Window(window.id);
    let status = match server.option_text(scope, opt::PANE_BORDER_STATUS).as_str() {
        "top" => PaneStatus::Top,
        "bottom" => PaneStatus::Bottom,
        _ => PaneStatus::Off,
    };
    let indicators = match server.option_text(scope, opt::PANE_BORDER_INDICATORS).as_str() {
        "off" => Indicators { colour: false, arrows: false },
        "arrows" => Indicators { colour: false, arrows: true },
        "both" => Indicators { colour: true, arrows: true },
        _ => Indicators { colour: true, arrows: false },
    };
    let panes: Vec<PaneBox> =
        window.z_order.iter().filter_map(|&id| pane_box(server, window, id, status)).collect();
    let active = panes.iter().position(|p| p.id == subject.active)?;
    Some(BorderLayout {
        size: window.size,
        active,
        first: *window.panes.first()?,
        two_panes: two_panes(window),
        status,
        indicators,
        bars_on: server.scrollbar_policy(window.id) != ScrollbarPolicy::Off,
        bars_left: server.scrollbars_left(window.id),
        panes,
    })
}

fn pane_box(server: &Server, window: &Window, id: PaneId, status: PaneStatus) -> Option<PaneBox> {
    let pane = server.pane(id)?;
    let bar = server.scrollbar_size(id);
    let bar_shown = server.shows_scrollbar(id);
    let shown = if bar_shown { bar.cols + bar.pad } else { 0 };
    let status_cols = match status {
        PaneStatus::Off => 0,
        _ if pane.size.cols < 4 => 0,
        _ => ((pane.size.cols + shown) as i32 - 2).min((window.size.cols as i32 - (pane.x + 2)).max(0)),
    };
    Some(PaneBox {
        id,
        x: pane.x,
        y: pane.y,
        cols: pane.size.cols as i32,
        rows: pane.size.rows as i32,
        floating: window.layout.is_floating(id),
        framed: server.option_text(OptionScope::Pane(id), opt::PANE_BORDER_LINES) != "none",
        visible: server.is_pane_visible(id),
        bar_cols: (bar.cols + bar.pad) as i32,
        bar_shown,
        status_cols,
    })
}

/// Arrangement of a window's tiled panes, if there are two of them.
fn two_panes(window: &Window) -> Option<TwoPanes> {
    let mut count = 0;
    let mut kind = None;
    for &pane in &window.panes {
        let Some(cell) = window.layout.find(pane) else { continue };
        let cell = window.layout.cell(cell);
        if cell.floating {
            continue;
        }
        count += 1;
        kind = match window.layout.cell(cell.parent?).kind {
            SplitKind::LeftRight => Some(TwoPanes::SideBySide),
            SplitKind::TopBottom => Some(TwoPanes::Stacked),
            SplitKind::Pane(_) => None,
        };
    }
    kind.filter(|_| count == 2)
}

impl Chrome {
    /// Reports whether layout and position are the same as when this was made.
    pub(super) fn fits(&self, layout: &BorderLayout, subject: &Subject) -> bool {
        self.size == subject.size
            && self.view == subject.view
            && self.top == subject.top()
            && self.layout == *layout
    }

    pub(super) fn new(cx: &mut Cx<'_>, subject: &Subject, layout: BorderLayout) -> Self {
        let mut chrome = Self {
            layout,
            size: subject.size,
            view: subject.view,
            top: subject.top(),
            ground: Surface::new(subject.size),
            lines: Vec::new(),
            bars: Vec::new(),
        };
        let special = chrome.special_rows();
        chrome.find_borders(cx, subject, &special);
        if chrome.layout.status != PaneStatus::Off {
            chrome.make_lines(cx, subject);
        }
        chrome.find_bars(cx, subject);
        chrome
    }

    /// Computes the borders of special rows of the view; other rows repeat the row above.
    fn find_borders(&mut self, cx: &Cx<'_>, subject: &Subject, special: &[bool]) {
        let server = &*cx.server;
        let level = OptionScope::Window(subject.window);
        let lines_of = |level| BorderLines::parse(&server.option_text(level, opt::PANE_BORDER_LINES));
        let lines = lines_of(level);
        let lines_of_panes: Vec<BorderLines> =
            self.layout.panes.iter().map(|pane| lines_of(OptionScope::Pane(pane.id))).collect();
        let fill = fill_character(&server.option_text(level, opt::FILL_CHARACTER));
        let window_scope = Objects::new(server, cx.host, cx.now)
            .client(Some(subject.client))
            .with_winlink(subject.session, subject.index);
        let outside = style::of_option(server, level, opt::PANE_BORDER_STYLE, &window_scope);
        let styles: Vec<[CellStyle; 2]> =
            self.layout.panes.iter().map(|p| pane_styles(cx, subject, p)).collect();
        let marked = server.valid_mark().filter(|m| m.link == (subject.session, subject.index));
        let marked = marked.and_then(|m| self.layout.panes.iter().find(|p| p.id == m.pane));
        let active = &self.layout.panes[self.layout.active];
        for row in 0..subject.bottom() - subject.top() {
            if row > 0 && special.get(row as usize) == Some(&false) {
                self.ground.repeat_row(row + subject.top());
                continue;
            }
            for col in 0..subject.size.cols {
                let (x, y) = ((col + subject.view.x) as i32, (row + subject.view.y) as i32);
                let (kind, owner) = self.layout.cell(x, y, subject.view.y as i32);
                if matches!(kind, CellKind::Inside | CellKind::Scrollbar) {
                    continue;
                }
                let mut cell = Cell { style: outside, ..Cell::BLANK };
                if let Some(owner) = owner.filter(|_| kind != CellKind::Outside) {
                    let pane = &self.layout.panes[owner];
                    let is_active = if pane.floating {
                        owner == self.layout.active
                    } else {
                        self.layout.touches(active, x, y)
                    };
                    cell.style = styles[owner][usize::from(is_active)];
                    if marked.is_some_and(|m| self.layout.touches(m, x, y)) {
                        cell.style.attrs.toggle(Attrs::REVERSE);
                    }
                }
                let number = owner.and_then(|o| server.pane_index(self.layout.panes[o].id));
                let lines = owner.map_or(lines, |owner| lines_of_panes[owner]);
                set_border(&mut cell, lines, kind, number, fill.as_ref());
                let view = (col as i32, row as i32);
                if let Some(side) = owner.and_then(|o| self.layout.arrow(o, kind, (x, y), view)) {
                    set_arrow(&mut cell, side);
                }
                self.ground.set_raw(col, row + subject.top(), cell);
            }
        }
    }

    /// Marks the rows of the view whose borders may differ from the row above. There are few, so
    /// that a large window costs no more than its edges.
    fn special_rows(&self) -> Vec<bool> {
        let view_y = self.view.y as i32;
        let mut special = vec![false; self.size.rows as usize];
        // A border's character depends on its neighbours, so include a few rows on both sides.
        let mut mark = |y: i32| {
            let first = (y - 3 - view_y).max(0) as usize;
            let end = (y + 5 - view_y).max(0) as usize;
            special.iter_mut().take(end).skip(first).for_each(|row| *row = true);
        };
        [0, view_y, self.layout.size.rows as i32].into_iter().for_each(&mut mark);
        for pane in &self.layout.panes {
            let (top, bottom) = (pane.y, pane.y + pane.rows);
            // Rows counted from the top of the view matter too (arrows, border status lines).
            [top, bottom, top + view_y, bottom + view_y].into_iter().for_each(&mut mark);
            // Heights matter as rows from the top of the window: see `tiled_side` in `borders`.
            [pane.rows, pane.rows / 2].into_iter().for_each(&mut mark);
        }
        special
    }

    /// The ground with every row computed.
    #[cfg(test)]
    pub(super) fn whole_ground(mut self, cx: &Cx<'_>, subject: &Subject) -> Surface {
        self.ground = Surface::new(self.size);
        self.find_borders(cx, subject, &[]);
        self.ground
    }

    pub(super) fn ground(&self) -> &Surface {
        &self.ground
    }

    /// Expands and draws the border status line of each pane.
    fn make_lines(&mut self, cx: &mut Cx<'_>, subject: &Subject) {
        let level = OptionScope::Window(subject.window);
        let fill = fill_character(&cx.server.option_text(level, opt::FILL_CHARACTER));
        for (index, pane) in self.layout.panes.iter().enumerate() {
            let width = pane.status_cols.max(0) as u32;
            let server = &*cx.server;
            let pane_level = OptionScope::Pane(pane.id);
            let lines = BorderLines::parse(&server.option_text(pane_level, opt::PANE_BORDER_LINES));
            let objects = Objects::new(server, cx.host, cx.now)
                .client(Some(subject.client))
                .with_pane_at(subject.session, subject.index, pane.id)
                .owner(Some(subject.client))
                .for_status(false);
            let key = if pane.id == subject.active {
                opt::PANE_ACTIVE_BORDER_STYLE
            } else {
                opt::PANE_BORDER_STYLE
            };
            let style = style::of_option(server, pane_level, key, &objects);
            let text = objects.expand_time(&server.option_text(pane_level, opt::PANE_BORDER_FORMAT));
            let number = server.pane_index(pane.id);
            let mut line = Surface::new(Size::new(width, 1));
            let y = if self.layout.status == PaneStatus::Top { pane.y - 1 } else { pane.y + pane.rows };
            for x in 0..width {
                let kind = self.layout.kind_at(pane, pane.x + 2 + x as i32, y);
                let mut cell = Cell { style, ..Cell::BLANK };
                set_border(&mut cell, lines, kind, number, fill.as_ref());
                line.set_raw(x, 0, cell);
            }
            let ranges = status::draw_format(&mut line, Point::new(0, 0), width, style, &text);
            let left = pane.x + 2 - subject.view.x as i32;
            blanks::settle(&mut line, 0, subject.ground(left, Colour::Default));
            self.lines.push((index, line));
            if let Some(pane) = cx.server.panes.get_mut(&pane.id) {
                pane.border_ranges = ranges;
            }
        }
    }

    fn find_bars(&mut self, cx: &Cx<'_>, subject: &Subject) {
        let server = &*cx.server;
        for (index, pane) in self.layout.panes.iter().enumerate() {
            if !pane.bar_shown || !pane.visible {
                continue;
            }
            let size = server.scrollbar_size(pane.id);
            let objects = Objects::new(server, cx.host, cx.now).client(Some(subject.client)).with_pane_at(
                subject.session,
                subject.index,
                pane.id,
            );
            let style =
                style::of_option(server, OptionScope::Pane(pane.id), opt::PANE_SCROLLBARS_STYLE, &objects);
            self.bars.push(Bar { pane: index, cols: size.cols, pad: size.pad, style, slider: None });
        }
    }

    /// Draws border status lines, on the rows that are composed again.
    pub(super) fn draw_lines(&self, subject: &Subject, frame: &mut Frame) {
        let Frame { surface, descent, .. } = frame;
        for (index, line) in &self.lines {
            let pane = &self.layout.panes[*index];
            if !pane.visible {
                continue;
            }
            let y = if self.layout.status == PaneStatus::Top { pane.y - 1 } else { pane.y + pane.rows };
            let left = pane.x + 2;
            let Some(seen) = subject.seen(left, y, line.size()).filter(|seen| descent.has(seen.at.y)) else {
                continue;
            };
            for (from, x) in seen.source().zip(seen.columns()) {
                let cell = line.get(from as u32, 0);
                if !cell.is_padding() && !self.layout.is_covered(*index, left + from as i32, y) {
                    surface.put(x as u32, seen.at.y, cell.clone());
                }
            }
        }
    }

    /// Computes the sliders' positions, also for the mouse. Rows of bars whose slider moved are
    /// composed again.
    pub(super) fn find_sliders(&mut self, cx: &mut Cx<'_>, subject: &Subject, descent: &mut Descent) {
        for bar in &mut self.bars {
            let Some(pane) = self.layout.panes.get(bar.pane) else { continue };
            let slider = slider(cx, pane, pane.rows.max(0) as u32);
            if let (Some(slider), Some(p)) = (slider, cx.server.panes.get_mut(&pane.id)) {
                p.slider = slider;
            }
            if std::mem::replace(&mut bar.slider, slider) != slider {
                let rows = Size::new(subject.size.cols, pane.rows.max(0) as u32);
                let seen = subject.seen(subject.view.x as i32, pane.y, rows);
                seen.into_iter().flat_map(Seen::rows).for_each(|(_, y)| descent.note(y));
            }
        }
    }

    /// Draws scrollbars, on the rows that are composed again.
    pub(super) fn draw_scrollbars(&self, subject: &Subject, frame: &mut Frame) {
        for bar in &self.bars {
            let (Some(pane), Some(slider)) = (self.layout.panes.get(bar.pane), bar.slider) else { continue };
            let total = bar.cols + bar.pad;
            let left = if self.layout.bars_left { pane.x - total as i32 } else { pane.x + pane.cols };
            let Some(seen) = subject.seen(left, pane.y, Size::new(total, pane.rows.max(0) as u32)) else {
                continue;
            };
            let cols = seen.source().zip(seen.columns());
            let mut inverse = bar.style;
            (inverse.fg, inverse.bg) = (bar.style.bg, bar.style.fg);
            for (row, y) in seen.rows().filter(|(_, y)| frame.descent.has(*y)) {
                for (col, x) in cols.clone() {
                    if self.layout.is_covered(bar.pane, left + col as i32, pane.y + row as i32) {
                        continue;
                    }
                    let col = col as u32;
                    let is_pad = if self.layout.bars_left { col >= bar.cols } else { col < bar.pad };
                    let style = match (is_pad, (slider.0..slider.0 + slider.1).contains(&row)) {
                        (true, _) => CellStyle::DEFAULT,
                        (false, true) => inverse,
                        (false, false) => bar.style,
                    };
                    frame.surface.put(x as u32, y, Cell { style, ..Cell::BLANK });
                }
            }
        }
    }
}

/// First row and height of a scrollbar's slider; `None` if there is no slider.
fn slider(cx: &mut Cx<'_>, pane: &PaneBox, rows: u32) -> Option<(u32, u32)> {
    let p = cx.server.panes.get_mut(&pane.id)?;
    let height_of = |total: f64| (f64::from(rows) * (f64::from(rows) / total)) as u32;
    let (y, height) = match p.modes.first_mut() {
        Some(entry) => {
            // Other modes have no history: all of their contents are in view.
            let copy = entry.mode.as_any().downcast_mut::<CopyMode>();
            copy.map_or((0, rows), |copy| {
                let total = copy.state.back.hsize as f64 + f64::from(rows);
                ((f64::from(rows + 1) * (copy.state.top() as f64 / total)) as u32, height_of(total))
            })
        }
        None => {
            let height = height_of(p.terminal.lock().history_rows() as f64 + f64::from(rows));
            (rows.saturating_sub(height), height)
        }
    };
    Some((y.min(rows.saturating_sub(1)), height.max(1)))
}

/// Styles of a pane's borders: the plain one, and that of the active pane.
fn pane_styles(cx: &Cx<'_>, subject: &Subject, pane: &PaneBox) -> [CellStyle; 2] {
    let objects = Objects::new(cx.server, cx.host, cx.now).client(Some(subject.client)).with_pane_at(
        subject.session,
        subject.index,
        pane.id,
    );
    [opt::PANE_BORDER_STYLE, opt::PANE_ACTIVE_BORDER_STYLE]
        .map(|key| style::of_option(cx.server, OptionScope::Pane(pane.id), key, &objects))
}

/// First character of the option `fill-character`, if it is one column wide.
fn fill_character(text: &str) -> Option<Glyph> {
    let cell = crate::base::width::clusters(text).next()?;
    (cell.width == 1).then_some(cell.glyph)
}
