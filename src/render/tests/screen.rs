//! A small terminal for tests: it implements what drawing may send, including margins and rectangle
//! fills, and panics on anything else.

use crate::base::width::char_width;
use crate::base::{Attrs, Cell, CellStyle, Colour, Glyph, Point, Size, Surface};

pub(super) struct Screen {
    pub surface: Surface,
    style: CellStyle,
    x: u32,
    y: u32,
    pending_wrap: bool,
    region: (u32, u32),
    margins: (u32, u32),
    auto_margin: bool,
    charset: bool,
    last: Option<(u32, u32)>,
}

impl Screen {
    pub(super) fn new(size: Size, auto_margin: bool) -> Self {
        Self {
            surface: Surface::new(size),
            style: CellStyle::DEFAULT,
            x: 0,
            y: 0,
            pending_wrap: false,
            region: (0, size.rows - 1),
            margins: (0, size.cols - 1),
            auto_margin,
            charset: false,
            last: None,
        }
    }

    pub(super) fn cursor(&self) -> Point {
        Point::new(self.x, self.y)
    }

    fn blank(&self) -> Cell {
        Cell { style: CellStyle { bg: self.style.bg, ..CellStyle::DEFAULT }, ..Cell::BLANK }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).expect("drawing sends UTF-8");
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '\x1b' => rest = self.escape(rest),
                '\r' => self.go(self.margins.0, self.y),
                '\n' => self.line_feed(),
                '\x08' => self.go(self.x.saturating_sub(1), self.y),
                '\x0e' => self.charset = true,
                '\x0f' => self.charset = false,
                c => self.print(c),
            }
        }
    }

    fn go(&mut self, x: u32, y: u32) {
        let size = self.surface.size();
        (self.x, self.y) = (x.min(size.cols - 1), y.min(size.rows - 1));
        self.pending_wrap = false;
    }

    fn line_feed(&mut self) {
        self.pending_wrap = false;
        if self.y == self.region.1 {
            if (self.margins.0..=self.margins.1).contains(&self.x) {
                self.scroll(1);
            }
        } else {
            self.go(self.x, self.y + 1);
        }
    }

    fn scroll(&mut self, lines: i32) {
        let ((top, bottom), (left, right)) = (self.region, self.margins);
        let rect = crate::base::Rect::new(left as i32, top as i32, right - left + 1, bottom - top + 1);
        let blank = self.blank();
        self.surface.scroll(&rect, lines, &blank);
    }

    fn print(&mut self, c: char) {
        let c = if self.charset { crate::outer::acs::to_char(c as u8).unwrap_or(c) } else { c };
        let width = char_width(c).expect("drawing sends no control characters");
        if width == 0 {
            let (x, y) = self.last.expect("a mark follows its character");
            let mut cell = self.surface.get(x, y).clone();
            let mut text = String::new();
            cell.glyph.push_to(&mut text);
            text.push(c);
            cell.glyph = Glyph::from_text(&text);
            self.surface.set_raw(x, y, cell);
            return;
        }
        let cols = self.surface.size().cols;
        if self.pending_wrap {
            self.line_feed();
            self.x = 0;
        }
        self.last = Some((self.x, self.y));
        let cell = Cell { glyph: Glyph::Char(c), width, style: self.style, ..Cell::BLANK };
        self.surface.put(self.x, self.y, cell);
        if self.x + u32::from(width) >= cols {
            self.x = cols - 1;
            self.pending_wrap = self.auto_margin;
            assert!(self.auto_margin || self.y + 1 < self.surface.size().rows, "the screen scrolled");
        } else {
            self.x += u32::from(width);
        }
    }

    fn escape<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(rest) = rest.strip_prefix('M') {
            if self.y == self.region.0 {
                self.scroll(-1)
            } else {
                self.go(self.x, self.y - 1)
            }
            return rest;
        }
        if let Some(rest) = rest.strip_prefix(']') {
            let end = rest.find(['\x07', '\x1b']).expect("a string ends");
            return rest[end..].strip_prefix("\x1b\\").unwrap_or_else(|| &rest[end + 1..]);
        }
        let rest = rest.strip_prefix('[').unwrap_or_else(|| panic!("unknown escape {rest:?}"));
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).expect("a sequence ends");
        let (params, last) = (&rest[..end], &rest[end..=end]);
        if !params.starts_with(['?', '>']) {
            let numbers: Vec<u32> =
                params.trim_end_matches(['$', ' ']).split(';').map(|n| n.parse().unwrap_or(0)).collect();
            self.csi(last, &numbers, params);
        }
        &rest[end + 1..]
    }

    fn csi(&mut self, last: &str, numbers: &[u32], params: &str) {
        let size = self.surface.size();
        let n = numbers[0].max(1);
        let blank = self.blank();
        match last {
            "H" => self.go(numbers.get(1).map_or(0, |c| c.max(&1) - 1), n - 1),
            "A" => self.go(self.x, self.y.saturating_sub(n)),
            "B" => self.go(self.x, self.y + n),
            "C" => self.go(self.x + n, self.y),
            "D" => self.go(self.x.saturating_sub(n), self.y),
            "G" => self.go(n - 1, self.y),
            "d" => self.go(self.x, n - 1),
            "K" => self.surface.fill(self.x, self.y, size.cols - self.x, 1, &blank),
            "X" => self.surface.fill(self.x, self.y, n, 1, &blank),
            "r" => {
                self.region = (n - 1, numbers[1] - 1);
                self.go(0, 0);
            }
            "S" => self.scroll(n as i32),
            "T" => self.scroll(-(n as i32)),
            "s" if params.is_empty() => {
                self.margins = (0, size.cols - 1);
                self.go(0, 0);
            }
            "s" => {
                self.margins = (n - 1, numbers[1] - 1);
                self.go(0, 0);
            }
            "x" if params.ends_with('$') => {
                let (top, left, bottom, right) = (numbers[1], numbers[2], numbers[3], numbers[4]);
                let cell = Cell { style: self.style, ..Cell::BLANK };
                self.surface.fill(left - 1, top - 1, right - left + 1, bottom - top + 1, &cell);
            }
            "m" => self.sgr(numbers),
            "q" => {}
            other => panic!("unknown sequence {params:?}{other}"),
        }
    }

    fn sgr(&mut self, numbers: &[u32]) {
        let n = |i: usize| numbers[i] as u8;
        match numbers {
            [38, 2, ..] => self.style.fg = Colour::Rgb(n(2), n(3), n(4)),
            [48, 2, ..] => self.style.bg = Colour::Rgb(n(2), n(3), n(4)),
            [38, 5, index] => self.style.fg = Colour::Indexed(*index as u8),
            [48, 5, index] => self.style.bg = Colour::Indexed(*index as u8),
            [0] => self.style = CellStyle::DEFAULT,
            [1] => self.style.attrs |= Attrs::BRIGHT,
            [4] => self.style.attrs |= Attrs::UNDERSCORE,
            [7] => self.style.attrs |= Attrs::REVERSE,
            [c @ 30..=37] => self.style.fg = Colour::Basic(*c as u8 - 30),
            [c @ 40..=47] => self.style.bg = Colour::Basic(*c as u8 - 40),
            [c @ 90..=97] => self.style.fg = Colour::Basic(*c as u8 - 82),
            [c @ 100..=107] => self.style.bg = Colour::Basic(*c as u8 - 92),
            [39] => self.style.fg = Colour::Default,
            [49] => self.style.bg = Colour::Default,
            other => panic!("unknown style {other:?}"),
        }
    }
}
