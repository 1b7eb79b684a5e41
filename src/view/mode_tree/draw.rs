//! Draws a tree: its lines, and the box with the preview of the current item.

use super::tree::{Preview, Tree};
use crate::base::width::{char_width, text_width};
use crate::base::{Attrs, Cell, CellStyle, Point, Size, Surface};
use crate::format::draw::{draw as draw_format, without_styles};
use crate::terminal::Terminal;
use crate::view::boxes::{BoxLines, Part, cell, draw_box};

/// Writes text, at most `room` columns of it; `\x01` turns line drawing on and off. Returns the
/// column behind it.
pub(super) fn put_text(
    surface: &mut Surface,
    x: u32,
    y: u32,
    room: u32,
    text: &str,
    style: CellStyle,
) -> u32 {
    let mut style = style;
    let mut at = 0;
    for c in text.chars() {
        if c == '\x01' {
            style.attrs ^= Attrs::CHARSET;
            continue;
        }
        let Some(width) = char_width(c).map(u32::from).filter(|w| *w > 0) else { continue };
        if at + width > room {
            break;
        }
        surface.put(x + at, y, Cell { width: width as u8, ..Cell::new(c, style) });
        at += width;
    }
    x + at
}

/// Draws the part of a terminal's screen around its cursor, for a preview.
pub(super) fn draw_screen(surface: &mut Surface, at: Point, size: Size, terminal: &Terminal) {
    let source = terminal.size();
    let shows_cursor = terminal.cursor_visible();
    let cursor = terminal.cursor();
    let start = |cursor: u32, room: u32, whole: u32| {
        let from = cursor.saturating_sub(room / 3);
        let from = if cursor < room / 3 { 0 } else { from };
        if from + room > whole { whole.saturating_sub(room) } else { from }
    };
    let from = if shows_cursor {
        Point::new(start(cursor.x, size.cols, source.cols), start(cursor.y, size.rows, source.rows))
    } else {
        Point::default()
    };
    let mut screen = Surface::new(source);
    terminal.draw(&mut screen, Point::default());
    if shows_cursor {
        let (x, y) = (cursor.x.min(source.cols - 1), cursor.y);
        let mut under = screen.get(x, y).clone();
        if !under.is_padding() {
            under.style.attrs |= Attrs::REVERSE;
            screen.set_raw(x, y, under);
        }
    }
    let shown = Size::new(
        size.cols.min(source.cols.saturating_sub(from.x)),
        size.rows.min(source.rows.saturating_sub(from.y)),
    );
    for y in 0..shown.rows {
        for x in 0..shown.cols {
            let mut cell = screen.get(from.x + x, from.y + y).clone();
            cell.style.link = crate::base::LinkId(0);
            if cell.is_padding() && x > 0 {
                continue;
            }
            surface.put(at.x + x, at.y + y, cell);
        }
    }
}

/// Draws a vertical line.
pub(super) fn draw_vertical(surface: &mut Surface, x: u32, y: u32, rows: u32) {
    for row in 0..rows {
        surface.put(x, y + row, cell(BoxLines::Single, Part::Vertical, CellStyle::DEFAULT));
    }
}

impl<T> Tree<T> {
    /// Draws the visible lines. `mode`: style of the current line.
    pub(crate) fn draw_lines(&self, surface: &mut Surface, mode: CellStyle) {
        let named = |n: &super::tree::Node<T>| n.key.map(|k| k.name(false));
        let key_width = self.key_width();
        let mut name_widths = vec![0; self.max_depth + 1];
        for line in &self.lines {
            let node = &self.nodes[line.node];
            if node.align_right {
                name_widths[line.depth] = name_widths[line.depth].max(node.name.len());
            }
        }
        for (index, line) in self.lines.iter().enumerate().skip(self.offset).take(self.height) {
            let node = &self.nodes[line.node];
            let y = ((index - self.offset) as u32).min(self.size.rows.saturating_sub(1));
            let key = named(node).map(|name| format!("({name})")).unwrap_or_default();
            let symbol = match () {
                () if line.flat => "",
                () if node.children.is_empty() => "  ",
                () if node.expanded => "- ",
                () => "+ ",
            };
            let start = self.branch(line.node, line.depth, line.last) + symbol;
            let width = if node.align_right { name_widths[line.depth] } else { 0 };
            let tag = if node.tagged { "*" } else { "" };
            let colon = if node.text.is_some() { ": " } else { "" };
            let text = format!("{key:<key_width$}{start}{:>width$}{tag}{colon}", node.name);
            let current = index == self.current;
            let mut style = if current { mode } else { CellStyle::DEFAULT };
            let blank = CellStyle { bg: style.bg, ..CellStyle::DEFAULT };
            surface.fill(0, y, self.size.cols, 1, &Cell { style: blank, ..Cell::BLANK });
            if node.tagged {
                style.attrs ^= Attrs::BRIGHT;
            }
            put_text(surface, 0, y, self.size.cols, &text, style);
            let used = text_width(&text).min(self.size.cols);
            if let Some(text) = node.text.as_deref().filter(|_| used < self.size.cols) {
                let plain = (current && self.plain_current).then(|| without_styles(text));
                let text = plain.as_deref().unwrap_or(text);
                draw_format(surface, used, y, self.size.cols - used, style, text);
            }
        }
    }

    /// Columns of the keys in front of the lines.
    fn key_width(&self) -> usize {
        let named = |n: &super::tree::Node<T>| n.key.map(|k| k.name(false).len() + 3);
        self.nodes_shown().filter_map(named).max().unwrap_or(0)
    }

    /// Column where texts start in a flat list with right-aligned names.
    pub(crate) fn text_column(&self) -> u32 {
        let names = self.nodes_shown().map(|node| node.name.len()).max().unwrap_or(0);
        (self.key_width() + names + ": ".len()) as u32
    }

    fn nodes_shown(&self) -> impl Iterator<Item = &super::tree::Node<T>> {
        self.lines.iter().map(|line| &self.nodes[line.node])
    }

    /// Branch characters left of an item.
    fn branch(&self, node: usize, depth: usize, last: bool) -> String {
        if depth == 0 {
            return String::new();
        }
        let mut out = String::new();
        let parent = self.nodes[node].parent;
        let parent_is_last = parent.is_some_and(|p| self.lines[self.nodes[p].line].last);
        for _ in 1..depth {
            out.push_str(if parent_is_last { "    " } else { "\x01x\x01   " });
        }
        out.push_str(if last { "\x01mq\x01> " } else { "\x01tq\x01> " });
        out
    }

    /// Draws the box of the preview with its title. Returns the place and size of the preview in
    /// it, and the item.
    pub(crate) fn draw_preview_box(
        &self,
        surface: &mut Surface,
        mode: CellStyle,
    ) -> Option<(Point, Size, usize)> {
        let (w, h, rows) = (self.size.cols, self.height as u32, self.size.rows);
        if self.preview == Preview::Off || rows <= 4 || h < 2 || rows.saturating_sub(h) <= 4 || w <= 4 {
            return None;
        }
        let mut index = self.current_index()?;
        if self.nodes[index].as_parent {
            index = self.nodes[index].parent?;
        }
        let node = &self.nodes[index];
        draw_box(surface, (0, h), (w, rows - h), BoxLines::Single, CellStyle::DEFAULT, None);
        let mut title = format!(" {}", node.name);
        if !self.orders.is_empty() {
            let order = self.sort.order.map_or("", |order| order.name());
            let reversed = if self.sort.reversed { ", reversed" } else { "" };
            title.push_str(&format!(" (sort: {order}{reversed})"));
        }
        if (w - 2) as usize >= title.len() {
            self.draw_title(surface, &title, h, mode);
        }
        let size = Size::new(w - 4, rows - h - 2);
        (size.rows != 0).then_some((Point::new(2, h + 1), size, index))
    }

    fn draw_title(&self, surface: &mut Surface, title: &str, y: u32, mode: CellStyle) {
        let plain = CellStyle::DEFAULT;
        let room = self.size.cols;
        let x = put_text(surface, 1, y, room, title, plain);
        let (state, style) = if self.no_matches { ("no matches", mode) } else { ("active", plain) };
        if self.filter.is_some() && (room - 2) as usize >= title.len() + 10 + state.len() + 2 {
            let x = put_text(surface, x, y, room, " (filter: ", plain);
            let x = put_text(surface, x, y, room, state, style);
            put_text(surface, x, y, room, ") ", plain);
        } else {
            put_text(surface, x, y, room, " ", plain);
        }
    }
}
