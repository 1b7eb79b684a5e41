//! Colours of tmux's language: default, terminal default, one of 16 basic ones, one of 256, or RGB.
//! "colour1" and "red" are different values because they are printed differently.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::parse_number;
use super::x11_colours::NAMES;

/// A colour. `Copy`, 8 bytes, comparable; see the module comment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Colour {
    /// No colour was given (prints `none`; used for cursor and palette entries).
    None,
    /// `default`: the inherited colour.
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

const BASIC: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "brightblack",
    "brightred",
    "brightgreen",
    "brightyellow",
    "brightblue",
    "brightmagenta",
    "brightcyan",
    "brightwhite",
];

/// The first 16 colours of the 256, as 0xrrggbb.
const ANSI: [u32; 16] = [
    0x000000, 0x800000, 0x008000, 0x808000, 0x000080, 0x800080, 0x008080, 0xc0c0c0, 0x808080, 0xff0000,
    0x00ff00, 0xffff00, 0x0000ff, 0xff00ff, 0x00ffff, 0xffffff,
];

/// The six levels of the colour cube.
const CUBE: [u8; 6] = [0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff];

/// Which of the 16 colours tmux shows for each of the 256, as hex digits.
const TO_16: &[u8; 256] = b"\
      0123456789abcdef0444cc2644cc2264cc2226ccaaaaecaaaaae1544cc3844cc\
      2264cc2226ccaaaaecaaaaae1154cc1154cc3384cc2226ccaaaaecaaaaae1115\
      cc1115cc1115cc3337ccaaaaecaaaaae9999dc9999dc9999dc9999dcbbbb7caa\
      aaae99999d99999d99999d99999d99999dbbbbbf000000888888777777ffffff";

impl Colour {
    pub const DEFAULT: Colour = Colour::Default;

    /// `default` or `terminal`: drawn without a colour of its own.
    pub fn is_default(self) -> bool {
        matches!(self, Colour::Default | Colour::Terminal)
    }

    /// The colour made darker by `percent`; colours without RGB values stay the same.
    pub fn dimmed(self, percent: u8) -> Self {
        if percent == 0 || matches!(self, Self::None | Self::Default | Self::Terminal) {
            return self;
        }
        let left = 100 - u32::from(percent.min(100));
        let part = |part: u8| (u32::from(part) * left / 100) as u8;
        self.to_rgb().map_or(self, |(r, g, b)| Self::Rgb(part(r), part(g), part(b)))
    }

    /// The palette index behind a basic or indexed colour.
    pub fn palette_index(self) -> Option<u8> {
        match self {
            Colour::Basic(n) | Colour::Indexed(n) => Some(n),
            _ => None,
        }
    }

    /// Reads `red`, `colour12`, `#ff0000`, an X11 name, or a number as in SGR (0–7, 90–97).
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix('#').filter(|hex| hex.len() == 6) {
            return parse_hex(hex, 2).map(|[r, g, b]| Colour::Rgb(r as u8, g as u8, b as u8));
        }
        let lower = text.to_ascii_lowercase();
        for prefix in ["colour", "color"] {
            if lower.starts_with(prefix) {
                let index = parse_number(&text[prefix.len()..], 0, 255).ok()?;
                return Some(Colour::Indexed(index as u8));
            }
        }
        match lower.as_str() {
            "default" => return Some(Colour::Default),
            "terminal" => return Some(Colour::Terminal),
            _ => (),
        }
        if let Some(index) = BASIC.iter().position(|&name| name == lower) {
            return Some(Colour::Basic(index as u8));
        }
        match text.as_bytes() {
            [digit @ b'0'..=b'7'] => Some(Colour::Basic(digit - b'0')),
            [b'9', digit @ b'0'..=b'7'] => Some(Colour::Basic(8 + digit - b'0')),
            _ => by_name(&lower),
        }
    }

    /// Reads a colour as in an OSC sequence: `rgb:rr/gg/bb`, `#rrggbb`, twice as many digits,
    /// `r,g,b`, `cmy:c/m/y`, `cmyk:c/m/y/k`, or an X11 name.
    pub fn parse_x11(text: &str) -> Option<Self> {
        let rgb = |parts: [u32; 3]| Some(Colour::Rgb(parts[0] as u8, parts[1] as u8, parts[2] as u8));
        let slashed = text.strip_prefix("rgb:").map(|parts| parts.replace('/', ""));
        let hex = slashed.as_deref().or_else(|| text.strip_prefix('#'));
        if let Some(hex) = hex {
            match (text.len(), hex.len()) {
                (12, 6) | (7, 6) => {
                    if let Some(parts) = parse_hex(hex, 2) {
                        return rgb(parts);
                    }
                }
                (18, 12) | (13, 12) => {
                    if let Some(parts) = parse_hex(hex, 4) {
                        return rgb(parts.map(|part| part >> 8));
                    }
                }
                _ => (),
            }
        }
        if let Some(parts) = parse_decimals(text) {
            return rgb(parts);
        }
        if let Some(colour) = parse_cmyk(text) {
            return Some(colour);
        }
        by_name(&text.trim_matches(' ').to_ascii_lowercase())
    }

    /// The RGB values of a colour, if it has any.
    pub fn to_rgb(self) -> Option<(u8, u8, u8)> {
        match self {
            Colour::Rgb(r, g, b) => Some((r, g, b)),
            Colour::Basic(n) | Colour::Indexed(n) => Some(index_to_rgb(n)),
            Colour::None | Colour::Default | Colour::Terminal => None,
        }
    }

    /// True if a background of this colour makes a light theme; `None` if that is unknown.
    pub fn is_light(self) -> Option<bool> {
        match self {
            // tmux: basic white is light and basic and bright black are dark, whatever their brightness.
            Colour::Basic(0 | 8) => Some(false),
            Colour::Basic(7 | 15) => Some(true),
            _ => self.to_rgb().map(|(r, g, b)| u32::from(r) + u32::from(g) + u32::from(b) > 382),
        }
    }

    /// An RGB colour as the nearest of the 256; other colours stay the same.
    pub fn to_256(self) -> Colour {
        match self {
            Colour::Rgb(r, g, b) => Colour::Indexed(Colour::nearest_index(r, g, b)),
            other => other,
        }
    }

    /// The nearest of the 256 colours to an RGB value: from the cube, or a grey if that is nearer.
    pub fn nearest_index(r: u8, g: u8, b: u8) -> u8 {
        let level = |v: u8| match v {
            0..48 => 0usize,
            48..114 => 1,
            _ => (usize::from(v) - 35) / 40,
        };
        let (qr, qg, qb) = (level(r), level(g), level(b));
        let cube = (CUBE[qr], CUBE[qg], CUBE[qb]);
        let index = (16 + 36 * qr + 6 * qg + qb) as u8;
        if cube == (r, g, b) {
            return index;
        }
        let average = (i32::from(r) + i32::from(g) + i32::from(b)) / 3;
        let step = if average > 238 { 23 } else { (average - 3) / 10 };
        let grey = (8 + 10 * step) as u8;
        if distance((grey, grey, grey), (r, g, b)) < distance(cube, (r, g, b)) {
            (232 + step) as u8
        } else {
            index
        }
    }

    /// Which of the 16 colours tmux shows for one of the 256.
    pub fn index_to_16(index: u8) -> u8 {
        let digit = TO_16[usize::from(index)];
        if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Colour::None => f.write_str("none"),
            Colour::Default => f.write_str("default"),
            Colour::Terminal => f.write_str("terminal"),
            Colour::Basic(n) => f.write_str(BASIC.get(usize::from(*n)).copied().unwrap_or("invalid")),
            Colour::Indexed(n) => write!(f, "colour{n}"),
            Colour::Rgb(r, g, b) => write!(f, "#{r:02x}{g:02x}{b:02x}"),
        }
    }
}

fn index_to_rgb(index: u8) -> (u8, u8, u8) {
    match index {
        0..16 => {
            let [_, r, g, b] = ANSI[usize::from(index)].to_be_bytes();
            (r, g, b)
        }
        16..232 => {
            let n = usize::from(index) - 16;
            (CUBE[n / 36], CUBE[n / 6 % 6], CUBE[n % 6])
        }
        _ => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i32 {
    let square = |x: u8, y: u8| (i32::from(x) - i32::from(y)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

/// Three numbers of `digits` hex digits each.
fn parse_hex(hex: &str, digits: usize) -> Option<[u32; 3]> {
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) || hex.len() != digits * 3 {
        return None;
    }
    let part = |n: usize| u32::from_str_radix(&hex[n * digits..(n + 1) * digits], 16).ok();
    Some([part(0)?, part(1)?, part(2)?])
}

/// `r,g,b` at the start of the text; only the low byte of each counts.
fn parse_decimals(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.splitn(3, ',');
    let mut whole = || parts.next()?.trim_start().parse::<i32>().ok();
    let (r, g) = (whole()?, whole()?);
    let last = text.splitn(3, ',').nth(2)?.trim_start();
    let digits = last.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(last.len());
    let b = last[..digits].parse::<i32>().ok()?;
    Some([r, g, b].map(|part| part as u32 & 0xff))
}

fn parse_cmyk(text: &str) -> Option<Colour> {
    let (parts, wanted) = match text.strip_prefix("cmyk:") {
        Some(parts) => (parts, 4),
        None => (text.strip_prefix("cmy:")?, 3),
    };
    let values: Vec<f64> = parts.split('/').map(str::parse).collect::<Result<_, _>>().ok()?;
    if values.len() != wanted || !values.iter().all(|v| (0.0..=1.0).contains(v)) {
        return None;
    }
    let black = values.get(3).copied().unwrap_or(0.0);
    let part = |n: usize| ((1.0 - values[n]) * (1.0 - black) * 255.0) as u8;
    Some(Colour::Rgb(part(0), part(1), part(2)))
}

/// An X11 name in lower case. `grey` and `gray` take a percentage.
fn by_name(name: &str) -> Option<Colour> {
    if let Some(percent) = name.strip_prefix("grey").or_else(|| name.strip_prefix("gray")) {
        if percent.is_empty() {
            return Some(Colour::Rgb(0xbe, 0xbe, 0xbe));
        }
        let level = (2.55 * parse_number(percent, 0, 100).ok()? as f64).round() as u8;
        return Some(Colour::Rgb(level, level, level));
    }
    let found = NAMES.binary_search_by_key(&name, |&(known, _)| known).ok()?;
    let [_, r, g, b] = NAMES[found].1.to_be_bytes();
    Some(Colour::Rgb(r, g, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints_back() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(Colour::parse(text).map(|c| c.to_string()).as_deref(), expect, "{text:?}");
        };
        check("black", Some("black"));
        check("BrightRed", Some("brightred"));
        check("97", Some("brightwhite"));
        check("8", None);
        check("colour15", Some("colour15"));
        check("COLOR255", Some("colour255"));
        check("colour256", None);
        check("#FFffaa", Some("#ffffaa"));
        check("##ffffff", None);
        check("antiquewhite4", Some("#8b8378"));
        check("crimson", Some("#dc143c"));
        check("LightGreen", Some("#90ee90"));
        check("red1", Some("#ff0000"));
        check("grey50", Some("#7f7f7f"));
        check("grey101", None);
        check("red ", None);
        check("default", Some("default"));
        check("none", None);
    }

    #[test]
    fn converts_between_palettes() {
        assert_eq!(Colour::Indexed(254).to_rgb(), Some((0xe4, 0xe4, 0xe4)));
        assert_eq!(Colour::nearest_index(0x5f, 0x87, 0xff), 69);
        assert_eq!(Colour::nearest_index(0x12, 0x13, 0x12), 233);
        assert_eq!(Colour::nearest_index(1, 2, 3), 16);
        for n in 16..=255u8 {
            let (r, g, b) = Colour::Indexed(n).to_rgb().expect("has one");
            assert_eq!(Colour::Rgb(r, g, b).to_256().to_rgb(), Some((r, g, b)));
        }
        assert_eq!(Colour::index_to_16(196), 9);
        assert_eq!(Colour::parse_x11("rgb:ffff/8080/0000"), Some(Colour::Rgb(255, 128, 0)));
        assert_eq!(Colour::parse_x11("1,2,3"), Some(Colour::Rgb(1, 2, 3)));
        assert_eq!(Colour::parse_x11("cmy:0/1/0"), Some(Colour::Rgb(255, 0, 255)));
        assert_eq!(Colour::parse_x11(" navy "), Some(Colour::Rgb(0, 0, 128)));
    }
}
