//! Style strings such as `fg=red,bold,align=left`: parsing onto a `Style`, and printing.

use std::fmt;

use crate::base::number::parse_number;
use crate::base::{Attrs, CellStyle, Colour};

/// Longest part of a style between delimiters, in bytes; longer is an error.
const MAX_PART: usize = 255;
/// Longest name in `range=user|NAME`, in bytes; longer names are cut.
const MAX_RANGE_NAME: usize = 15;

/// Alignment of text on a status line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Align {
    #[default]
    Default,
    Left,
    Centre,
    Right,
    AbsoluteCentre,
}

/// Parts of the list of windows on a status line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum List {
    #[default]
    Off,
    On,
    Focus,
    LeftMarker,
    RightMarker,
}

/// Target of mouse events on a stretch of a status line.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Range {
    #[default]
    None,
    Left,
    Right,
    /// `control|N`, N from 0 to 9.
    Control(u8),
    Pane(u32),
    Window(u32),
    Session(u32),
    User(String),
}

/// Effect of a style on the default style.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum DefaultKind {
    #[default]
    Base,
    Push,
    Pop,
    Set,
}

/// Width in cells or percent (for menus, popups, scrollbars).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Width {
    Cells(u32),
    Percent(u8),
}

/// A style with all settings of a style string.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Style {
    pub cell: CellStyle,
    /// `ignore`: other styles in the format are ignored.
    pub ignore: bool,
    pub fill: Colour,
    pub align: Align,
    pub list: List,
    pub range: Range,
    pub width: Option<Width>,
    pub pad: Option<u32>,
    pub default: DefaultKind,
    /// Darkening of the colours, in percent (`window-style`).
    pub dim: u8,
    /// URI of the link of text in this style; empty: no link.
    pub link: String,
}

impl Default for Style {
    fn default() -> Self {
        Style::from_cell(CellStyle::DEFAULT)
    }
}

/// The string is not a valid style.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadStyle;

const DELIMITERS: [char; 3] = [' ', ',', '\n'];

impl Style {
    pub fn from_cell(cell: CellStyle) -> Self {
        Style {
            cell,
            ignore: false,
            fill: Colour::DEFAULT,
            align: Align::Default,
            list: List::Off,
            range: Range::None,
            width: None,
            pad: None,
            default: DefaultKind::Base,
            dim: 0,
            link: String::new(),
        }
    }

    /// Adds the settings of a style string to this style; `base` is the style for `default`. On an
    /// error the style stays unchanged.
    pub fn parse_onto(&mut self, base: &CellStyle, text: &str) -> Result<(), BadStyle> {
        let mut style = self.clone();
        for part in text.split(DELIMITERS).filter(|part| !part.is_empty()) {
            style.add_part(base, part)?;
        }
        *self = style;
        Ok(())
    }

    /// Parses a style string as a complete style.
    pub fn parse(text: &str) -> Result<Style, BadStyle> {
        let mut style = Style::default();
        style.parse_onto(&CellStyle::DEFAULT, text)?;
        Ok(style)
    }

    fn add_part(&mut self, base: &CellStyle, part: &str) -> Result<(), BadStyle> {
        if part.len() > MAX_PART {
            return Err(BadStyle);
        }
        let lower = part.to_ascii_lowercase();
        match lower.as_str() {
            "default" => {
                self.cell = CellStyle { link: self.cell.link, ..*base };
                self.link.clear();
            }
            "nolink" => self.link.clear(),
            "ignore" => self.ignore = true,
            "noignore" => self.ignore = false,
            "push-default" => self.default = DefaultKind::Push,
            "pop-default" => self.default = DefaultKind::Pop,
            "set-default" => self.default = DefaultKind::Set,
            "nolist" => self.list = List::Off,
            "norange" => self.range = Range::None,
            "noalign" => self.align = Align::Default,
            "none" => self.cell.attrs = Attrs::empty(),
            _ => match lower.split_once('=') {
                Some((name, value)) => self.add_setting(base, name, value, part)?,
                None => self.add_attributes(&lower, part)?,
            },
        }
        Ok(())
    }

    /// `part` is the whole setting in its original case, which the names of ranges keep.
    fn add_setting(&mut self, base: &CellStyle, name: &str, value: &str, part: &str) -> Result<(), BadStyle> {
        if name == "list" {
            self.list = match value {
                "on" => List::On,
                "focus" => List::Focus,
                "left-marker" => List::LeftMarker,
                "right-marker" => List::RightMarker,
                _ => return Err(BadStyle),
            };
            return Ok(());
        }
        if name == "link" {
            part["link=".len()..].clone_into(&mut self.link);
            return Ok(());
        }
        if value.is_empty() {
            return Err(BadStyle);
        }
        let colour = || Colour::parse(value).ok_or(BadStyle);
        let or_base = |colour: Colour, base: Colour| if colour == Colour::Default { base } else { colour };
        match name {
            "range" => return self.set_range(&part["range=".len()..]),
            "align" => {
                self.align = match value {
                    "left" => Align::Left,
                    "centre" => Align::Centre,
                    "right" => Align::Right,
                    "absolute-centre" => Align::AbsoluteCentre,
                    _ => return Err(BadStyle),
                };
            }
            "fill" => self.fill = colour()?,
            "fg" => self.cell.fg = or_base(colour()?, base.fg),
            "bg" => self.cell.bg = or_base(colour()?, base.bg),
            "us" => self.cell.us = or_base(colour()?, base.us),
            "width" => {
                let percent = value.strip_suffix('%').filter(|percent| !percent.is_empty());
                self.width = Some(match percent {
                    Some(percent) => Width::Percent(number(percent, 100)? as u8),
                    None => Width::Cells(number(value, u32::MAX)?),
                });
            }
            "dim" => self.dim = number(value.strip_suffix('%').unwrap_or(value), 100)? as u8,
            "pad" => self.pad = Some(number(value, u32::MAX)?),
            _ => return Err(BadStyle),
        }
        Ok(())
    }

    fn set_range(&mut self, value: &str) -> Result<(), BadStyle> {
        let (kind, argument) = match value.split_once('|') {
            Some((kind, argument)) => (kind, Some(argument)),
            None => (value, None),
        };
        if argument == Some("") {
            return Err(BadStyle);
        }
        let sigil = |sigil: char| argument.and_then(|a| a.strip_prefix(sigil)).ok_or(BadStyle);
        self.range = match (kind.to_ascii_lowercase().as_str(), argument) {
            ("left", None) => Range::Left,
            ("right", None) => Range::Right,
            ("left" | "right", Some(_)) => return Err(BadStyle),
            ("control", argument) => Range::Control(number(argument.ok_or(BadStyle)?, 9)? as u8),
            ("pane", _) => Range::Pane(number(sigil('%')?, u32::MAX)?),
            ("window", argument) => Range::Window(number(argument.ok_or(BadStyle)?, u32::MAX)?),
            ("session", _) => Range::Session(number(sigil('$')?, u32::MAX)?),
            ("user", argument) => Range::User(cut(argument.ok_or(BadStyle)?, MAX_RANGE_NAME)),
            // tmux: an unknown kind is no error and changes nothing.
            _ => return Ok(()),
        };
        Ok(())
    }

    fn add_attributes(&mut self, lower: &str, part: &str) -> Result<(), BadStyle> {
        if let Some(off) = lower.strip_prefix("no").filter(|off| !off.is_empty()) {
            if &part[2..] == "attr" {
                self.cell.attrs |= Attrs::NOATTR;
                return Ok(());
            }
            self.cell.attrs -= parse_attributes(off).ok_or(BadStyle)?;
            return Ok(());
        }
        self.cell.attrs |= parse_attributes(lower).ok_or(BadStyle)?;
        Ok(())
    }
}

fn number(text: &str, max: u32) -> Result<u32, BadStyle> {
    parse_number(text, 0, i64::from(max)).map(|value| value as u32).map_err(|_| BadStyle)
}

/// Cuts text to at most `max` bytes, never inside a character.
fn cut(text: &str, max: usize) -> String {
    text[..text.floor_char_boundary(max)].to_string()
}

/// Names of attributes in the order of printing; the second name is only parsed.
const ATTRIBUTES: &[(&str, Attrs)] = &[
    ("acs", Attrs::CHARSET),
    ("bright", Attrs::BRIGHT),
    ("dim", Attrs::DIM),
    ("underscore", Attrs::UNDERSCORE),
    ("blink", Attrs::BLINK),
    ("reverse", Attrs::REVERSE),
    ("hidden", Attrs::HIDDEN),
    ("italics", Attrs::ITALICS),
    ("strikethrough", Attrs::STRIKETHROUGH),
    ("double-underscore", Attrs::UNDERSCORE_DOUBLE),
    ("curly-underscore", Attrs::UNDERSCORE_CURLY),
    ("dotted-underscore", Attrs::UNDERSCORE_DOTTED),
    ("dashed-underscore", Attrs::UNDERSCORE_DASHED),
    ("overline", Attrs::OVERLINE),
];

/// Parses attributes joined by `|` (also spaces and commas, if the caller passes them); `default`
/// and `none` are not valid here.
pub fn parse_attributes(text: &str) -> Option<Attrs> {
    let delimiters = [' ', ',', '|'];
    if text.is_empty() || text.starts_with(delimiters) || text.ends_with(delimiters) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    if lower == "default" || lower == "none" {
        return Some(Attrs::empty());
    }
    let mut attrs = Attrs::empty();
    for name in lower.split(delimiters).filter(|name| !name.is_empty()) {
        attrs |= match name {
            "bold" => Attrs::BRIGHT,
            _ => ATTRIBUTES.iter().find(|(known, _)| *known == name)?.1,
        };
    }
    Some(attrs)
}

/// Prints attributes as tmux does, with commas; `none` if there are none.
pub fn print_attributes(attrs: Attrs) -> String {
    if attrs.is_empty() {
        return "none".to_string();
    }
    let mut names: Vec<&str> =
        ATTRIBUTES.iter().filter(|(_, attr)| attrs.contains(*attr)).map(|(name, _)| *name).collect();
    if attrs.contains(Attrs::NOATTR) {
        names.push("noattr");
    }
    names.join(",")
}

impl fmt::Display for Style {
    /// Prints only the differences from the default style; `default` if there are none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        match self.list {
            List::Off => (),
            List::On => parts.push("list=on".to_string()),
            List::Focus => parts.push("list=focus".to_string()),
            List::LeftMarker => parts.push("list=left-marker".to_string()),
            List::RightMarker => parts.push("list=right-marker".to_string()),
        }
        match &self.range {
            Range::None => (),
            Range::Left => parts.push("range=left".to_string()),
            Range::Right => parts.push("range=right".to_string()),
            // tmux: has no name for it here and repeats the text it printed last, the list if any.
            Range::Control(_) => {
                let before = parts.last().and_then(|list| list.strip_prefix("list=")).unwrap_or("");
                parts.push(format!("range={before}"));
            }
            Range::Pane(n) => parts.push(format!("range=pane|%{n}")),
            Range::Window(n) => parts.push(format!("range=window|{n}")),
            Range::Session(n) => parts.push(format!("range=session|${n}")),
            Range::User(name) => parts.push(format!("range=user|{name}")),
        }
        match self.align {
            Align::Default => (),
            Align::Left => parts.push("align=left".to_string()),
            Align::Centre => parts.push("align=centre".to_string()),
            Align::Right => parts.push("align=right".to_string()),
            Align::AbsoluteCentre => parts.push("align=absolute-centre".to_string()),
        }
        match self.default {
            DefaultKind::Base => (),
            DefaultKind::Push => parts.push("push-default".to_string()),
            DefaultKind::Pop => parts.push("pop-default".to_string()),
            DefaultKind::Set => parts.push("set-default".to_string()),
        }
        if self.fill != Colour::Default {
            parts.push(format!("fill={}", self.fill));
        }
        if self.dim != 0 {
            parts.push(format!("dim={}%", self.dim));
        }
        let colours = [("fg", self.cell.fg), ("bg", self.cell.bg), ("us", self.cell.us)];
        for (name, colour) in colours {
            if colour != Colour::Default {
                parts.push(format!("{name}={colour}"));
            }
        }
        if !self.cell.attrs.is_empty() {
            parts.push(print_attributes(self.cell.attrs));
        }
        match self.width {
            None => (),
            Some(Width::Cells(n)) => parts.push(format!("width={n}")),
            Some(Width::Percent(n)) => parts.push(format!("width={n}%")),
        }
        if let Some(pad) = self.pad {
            parts.push(format!("pad={pad}"));
        }
        if !self.link.is_empty() {
            parts.push(format!("link={}", self.link));
        }
        if parts.is_empty() { f.write_str("default") } else { f.write_str(&parts.join(",")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(Style::parse(text).ok().map(|s| s.to_string()).as_deref(), expect, "{text:?}");
        };
        check("", Some("default"));
        check("fg=red bg=BLUE,,bold", Some("fg=red,bg=blue,bright"));
        check("bold|italics,nobold", Some("italics"));
        check("noattr,us=colour5", Some("us=colour5,noattr"));
        check("NOattr,noATTR", None);
        check("fg=", None);
        check("fg=red,fg=default", Some("default"));
        check("list=on,range=window|3,align=centre", Some("list=on,range=window|3,align=centre"));
        check("range=session|$0,push-default", Some("range=session|$0,push-default"));
        check("range=user|averyveryverylongname", Some("range=user|averyveryverylo"));
        check("range=pane|3", None);
        check("range=nonsense|3", Some("default"));
        check("width=50%,pad=2", Some("width=50%,pad=2"));
        check("width=101%", None);
        check("fill=bogus", None);
        check("nocurly-underscore", Some("default"));
        check("dim=40,fill=red,bg=blue", Some("fill=red,dim=40%,bg=blue"));
        check("dim=40%,dim=0", Some("default"));
        check("dim=101", None);
        check("dim=", None);
        check("dim=%", None);
        check("dim", Some("dim"));
        check("link=https://Example.org/?a=b,bold", Some("bright,link=https://Example.org/?a=b"));
        check("link=x,link=", Some("default"));
        check("link=x,nolink", Some("default"));
        check("link=x,default", Some("default"));
        check("noLINK", Some("default"));
        check("bogus", None);
        check("none=x", None);
    }
}
