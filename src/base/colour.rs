//! A colour as tmux's language knows it: default, terminal default, one of 16 basic ones, one
//! of 256, or RGB. "colour1" and "red" are different values because they print back apart.

use serde::{Deserialize, Serialize};

/// A colour. `Copy`, 8 bytes, comparable; see the module comment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Colour {
    /// No colour was given (prints `none`; used for cursor and palette entries).
    None,
    /// `default`: whatever lies below.
    Default,
    /// `terminal`: the terminal's own default, bypassing the pane's palette.
    Terminal,
    /// `black` … `white` (0–7) and `brightblack` … `brightwhite` (8–15, tmux prints 90–97).
    Basic(u8),
    /// `colour0` … `colour255`.
    Indexed(u8),
    /// `#rrggbb`.
    Rgb(u8, u8, u8),
}

impl Colour {
    pub const DEFAULT: Colour = Colour::Default;

    /// `default` or `terminal`: not drawn with a colour of its own.
    pub fn is_default(self) -> bool {
        matches!(self, Colour::Default | Colour::Terminal)
    }

    /// The palette index behind a basic or indexed colour.
    pub fn palette_index(self) -> Option<u8> {
        match self {
            Colour::Basic(n) | Colour::Indexed(n) => Some(n),
            _ => None,
        }
    }

    /// The colour as RGB, for basic and indexed ones too; `None` for those that have none.
    pub fn to_rgb(self) -> Option<(u8, u8, u8)> {
        match self {
            Colour::Rgb(r, g, b) => Some((r, g, b)),
            Colour::Basic(n) | Colour::Indexed(n) => Some(palette_rgb(n)),
            Colour::None | Colour::Default | Colour::Terminal => None,
        }
    }

    /// An RGB colour as the nearest of the 256; others stay.
    pub fn to_256(self) -> Colour {
        match self {
            Colour::Rgb(r, g, b) => Colour::Indexed(nearest_256(r, g, b)),
            other => other,
        }
    }

    /// The nearest of 16 to one of the 256.
    pub fn index_to_16(index: u8) -> u8 {
        let digit = char::from(TO_16.as_bytes()[usize::from(index)]);
        digit.to_digit(16).expect("the table holds hexadecimal digits") as u8
    }
}

/// The nearest of 16 colours to each of 256, a hexadecimal digit each.
const TO_16: &str = "\
    0123456789abcdef0444cc2644cc2264cc2226ccaaaaecaaaaae1544cc3844cc\
    2264cc2226ccaaaaecaaaaae1154cc1154cc3384cc2226ccaaaaecaaaaae1115\
    cc1115cc1115cc3337ccaaaaecaaaaae9999dc9999dc9999dc9999dcbbbb7caa\
    aaae99999d99999d99999d99999d99999dbbbbbf000000888888777777ffffff";

/// Levels of a channel in the 6×6×6 cube.
const CUBE: [u8; 6] = [0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff];

/// xterm's default palette.
fn palette_rgb(n: u8) -> (u8, u8, u8) {
    match n {
        7 => (0xc0, 0xc0, 0xc0),
        8 => (0x80, 0x80, 0x80),
        0..=15 => {
            let on = if n < 8 { 0x80 } else { 0xff };
            let level = |bit: u8| if n & bit != 0 { on } else { 0 };
            (level(1), level(2), level(4))
        }
        16..=231 => {
            let n = usize::from(n - 16);
            (CUBE[n / 36], CUBE[n / 6 % 6], CUBE[n % 6])
        }
        _ => {
            let grey = 8 + 10 * (n - 232);
            (grey, grey, grey)
        }
    }
}

/// The nearest of the cube and the greys.
fn nearest_256(r: u8, g: u8, b: u8) -> u8 {
    let step = |v: u8| match v {
        0..48 => 0u8,
        48..114 => 1,
        _ => (v - 35) / 40,
    };
    let (qr, qg, qb) = (step(r), step(g), step(b));
    let cube = (CUBE[usize::from(qr)], CUBE[usize::from(qg)], CUBE[usize::from(qb)]);
    let index = 16 + 36 * qr + 6 * qg + qb;
    if cube == (r, g, b) {
        return index;
    }
    let average = (i32::from(r) + i32::from(g) + i32::from(b)) / 3;
    let grey_index = if average > 238 { 23 } else { (average - 3) / 10 };
    let grey = (8 + 10 * grey_index) as u8;
    let distance = |(x, y, z): (u8, u8, u8)| {
        [(x, r), (y, g), (z, b)].iter().map(|&(p, q)| (i32::from(p) - i32::from(q)).pow(2)).sum::<i32>()
    };
    if distance((grey, grey, grey)) < distance(cube) { 232 + grey_index as u8 } else { index }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_down() {
        let check = |rgb: (u8, u8, u8), expect: u8| {
            assert_eq!(Colour::Rgb(rgb.0, rgb.1, rgb.2).to_256(), Colour::Indexed(expect), "{rgb:?}");
        };
        check((0, 0, 0), 16);
        check((255, 255, 255), 231);
        check((1, 2, 3), 16);
        check((128, 128, 128), 244);
        check((255, 100, 10), 202);
        for n in 16..=255u8 {
            let (r, g, b) = Colour::Indexed(n).to_rgb().expect("has one");
            let back = Colour::Rgb(r, g, b).to_256();
            assert_eq!(back.palette_index().and_then(|i| Colour::Indexed(i).to_rgb()), Some((r, g, b)));
        }
        assert_eq!(Colour::Basic(9).to_rgb(), Some((255, 0, 0)));
        assert_eq!(Colour::index_to_16(196), 9);
        assert_eq!(TO_16.len(), 256);
    }
}
