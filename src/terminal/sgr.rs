//! SGR: colours and attributes.

use super::params::Params;
use super::screen::Screen;
use crate::base::{Attrs, CellStyle, Colour};

/// Colour of a cell that a sequence sets.
#[derive(Clone, Copy)]
enum Ground {
    Fore,
    Back,
    Underline,
}

fn ground(number: i32) -> Option<Ground> {
    match number {
        38 => Some(Ground::Fore),
        48 => Some(Ground::Back),
        58 => Some(Ground::Underline),
        _ => None,
    }
}

fn underline(style: i32) -> Option<Attrs> {
    Some(match style {
        0 => Attrs::empty(),
        1 => Attrs::UNDERSCORE,
        2 => Attrs::UNDERSCORE_DOUBLE,
        3 => Attrs::UNDERSCORE_CURLY,
        4 => Attrs::UNDERSCORE_DOTTED,
        5 => Attrs::UNDERSCORE_DASHED,
        _ => return None,
    })
}

impl Screen {
    pub(super) fn sgr(&mut self, params: &Params) {
        if params.is_empty() {
            // tmux: `CSI m` ends a hyperlink too, `CSI 0 m` does not.
            self.pen.style = CellStyle::DEFAULT;
            return;
        }
        let mut index = 0;
        while index < params.len() {
            if params.is_joined(index) {
                self.sgr_joined(params.joined(index));
            } else {
                let code = params.get(index, 0, 0);
                match ground(code) {
                    Some(ground) => index += self.sgr_colour(params, index, ground),
                    None => self.sgr_code(code),
                }
            }
            index += 1;
        }
    }

    fn set_colour(&mut self, ground: Ground, colour: Colour) {
        match ground {
            Ground::Fore => self.pen.style.fg = colour,
            Ground::Back => self.pen.style.bg = colour,
            Ground::Underline => self.pen.style.us = colour,
        }
    }

    fn set_indexed(&mut self, ground: Ground, number: i32) {
        match (u8::try_from(number), ground) {
            (Ok(index), _) => self.set_colour(ground, Colour::Indexed(index)),
            // tmux: a bad index resets the colour, but not the underline colour.
            (Err(_), Ground::Underline) => {}
            (Err(_), _) => self.set_colour(ground, Colour::Default),
        }
    }

    fn set_rgb(&mut self, ground: Ground, rgb: [i32; 3]) -> bool {
        let [Ok(r), Ok(g), Ok(b)] = rgb.map(u8::try_from) else { return false };
        self.set_colour(ground, Colour::Rgb(r, g, b));
        true
    }

    /// `38;5;n` and `38;2;r;g;b`; returns the count of parameters used after the first.
    fn sgr_colour(&mut self, params: &Params, index: usize, ground: Ground) -> usize {
        let value = |n: usize| params.get(index + n, 0, -1);
        match value(1) {
            2 => 1 + 3 * usize::from(self.set_rgb(ground, [value(2), value(3), value(4)])),
            5 => {
                self.set_indexed(ground, value(2));
                2
            }
            _ => 1,
        }
    }

    /// `4:n`, `38:5:n`, `38:2:r:g:b` and `38:2:space:r:g:b`.
    fn sgr_joined(&mut self, numbers: &[Option<i32>]) {
        let number = |n: usize| numbers.get(n).copied().flatten().unwrap_or(-1);
        if number(0) == 4 {
            if numbers.len() == 2
                && let Some(attr) = underline(number(1))
            {
                self.set_underline(attr);
            }
            return;
        }
        let Some(ground) = ground(number(0)) else { return };
        match number(1) {
            2 => {
                let first = if numbers.len() == 5 { 2 } else { 3 };
                if numbers.len() >= first + 3 {
                    self.set_rgb(ground, [number(first), number(first + 1), number(first + 2)]);
                }
            }
            5 if numbers.len() >= 3 => self.set_indexed(ground, number(2)),
            _ => {}
        }
    }

    fn set_underline(&mut self, attr: Attrs) {
        self.pen.style.attrs.remove(Attrs::ANY_UNDERSCORE);
        self.pen.style.attrs.insert(attr);
    }

    fn sgr_code(&mut self, code: i32) {
        let style = &mut self.pen.style;
        let digit = (code % 10) as u8;
        match code {
            0 => *style = CellStyle { link: style.link, ..CellStyle::DEFAULT },
            1 => style.attrs.insert(Attrs::BRIGHT),
            2 => style.attrs.insert(Attrs::DIM),
            3 => style.attrs.insert(Attrs::ITALICS),
            4 => self.set_underline(Attrs::UNDERSCORE),
            5 | 6 => style.attrs.insert(Attrs::BLINK),
            7 => style.attrs.insert(Attrs::REVERSE),
            8 => style.attrs.insert(Attrs::HIDDEN),
            9 => style.attrs.insert(Attrs::STRIKETHROUGH),
            21 => self.set_underline(Attrs::UNDERSCORE_DOUBLE),
            22 => style.attrs.remove(Attrs::BRIGHT | Attrs::DIM),
            23 => style.attrs.remove(Attrs::ITALICS),
            24 => self.set_underline(Attrs::empty()),
            25 => style.attrs.remove(Attrs::BLINK),
            27 => style.attrs.remove(Attrs::REVERSE),
            28 => style.attrs.remove(Attrs::HIDDEN),
            29 => style.attrs.remove(Attrs::STRIKETHROUGH),
            30..=37 => style.fg = Colour::Basic(digit),
            39 => style.fg = Colour::Default,
            40..=47 => style.bg = Colour::Basic(digit),
            49 => style.bg = Colour::Default,
            53 => style.attrs.insert(Attrs::OVERLINE),
            55 => style.attrs.remove(Attrs::OVERLINE),
            59 => style.us = Colour::Default,
            90..=97 => style.fg = Colour::Basic(8 + digit),
            100..=107 => style.bg = Colour::Basic(8 + digit),
            _ => {}
        }
    }
}
