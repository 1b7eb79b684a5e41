//! Compiled terminfo entries: finding and reading them, and listing them as the `name=value` strings that
//! a client sends to its server. Formats: term(5), the legacy one with 16-bit numbers and the one with
//! 32-bit numbers, both with the extended section.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes; ncurses itself stops at 32 KiB.
const MAX_ENTRY: u64 = 64 * 1024;
/// Directories searched after those that the environment names.
const DIRECTORIES: [&str; 4] = ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo"];

/// The type of a capability's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Text,
    Number,
    Flag,
}

use Kind::{Flag, Number, Text};

/// Reasons why a terminal has no usable entry.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum TerminfoError {
    #[error("can't use hardcopy terminal: {0}")]
    Hardcopy(String),
    #[error("missing or unsuitable terminal: {0}")]
    Missing(String),
    #[error("can't find terminfo database")]
    NoDatabase,
}

/// One terminal's entry.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Entry {
    flags: Vec<bool>,
    numbers: Vec<Option<i32>>,
    strings: Vec<Option<Vec<u8>>>,
    extended: HashMap<Vec<u8>, Extended>,
}

/// A value of the extended section.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Extended {
    Flag(bool),
    Number(Option<i32>),
    Text(Option<Vec<u8>>),
}

/// Standard capabilities that this file uses itself: their positions in terminfo's tables.
const GENERIC: usize = 6;
const HARDCOPY: usize = 7;
const CLEAR: usize = 5;
const CURSOR_ADDRESS: usize = 10;
const CURSOR_DOWN: usize = 11;
const CURSOR_HOME: usize = 12;

impl Entry {
    /// Finds and reads the entry of a terminal. `env` looks up an environment variable.
    pub(crate) fn load(name: &str, env: impl Fn(&str) -> Option<String>) -> Result<Self, TerminfoError> {
        let directories = search_path(env);
        if !directories.iter().any(|dir| dir.is_dir()) {
            return Err(TerminfoError::NoDatabase);
        }
        let missing = || TerminfoError::Missing(name.to_owned());
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(missing());
        }
        let found = directories.iter().find_map(|dir| read_from(dir, name)).ok_or_else(missing)?;
        let entry = Self::parse(&found).ok_or_else(missing)?;
        if entry.flag(GENERIC) && !entry.is_usable() {
            return Err(missing());
        }
        if entry.flag(GENERIC) || entry.flag(HARDCOPY) {
            return Err(TerminfoError::Hardcopy(name.to_owned()));
        }
        Ok(entry)
    }

    fn flag(&self, place: usize) -> bool {
        self.flags.get(place).copied().unwrap_or(false)
    }

    /// True for an entry that is not generic, or that is marked so by mistake: it can clear the screen
    /// and move the cursor.
    fn is_usable(&self) -> bool {
        let has = |place: usize| self.strings.get(place).is_some_and(Option::is_some);
        (has(CURSOR_ADDRESS) || has(CURSOR_DOWN) && has(CURSOR_HOME)) && has(CLEAR)
    }

    /// Reads a compiled entry.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut input = Input { bytes, at: 0 };
        let wide = match input.number(2)? {
            0o432 => false,
            0o1036 => true,
            _ => return None,
        };
        let [names, flags, numbers, offsets, table] = input.sizes()?;
        input.take(names)?;
        let mut entry = Self { flags: input.flags(flags)?, ..Self::default() };
        input.align();
        entry.numbers = input.numbers(numbers, wide)?;
        let offsets = input.numbers(offsets, false)?;
        let table = input.take(table)?;
        entry.strings = offsets.iter().map(|offset| text_at(table, *offset)).collect();
        // If the extended section is broken, the rest is still used.
        entry.extended = input.extended(wide).unwrap_or_default();
        Some(entry)
    }

    /// Every capability that tmux knows and this entry has, as `name=value` in tmux's order.
    pub(crate) fn list(&self) -> Vec<Vec<u8>> {
        CAPABILITIES
            .iter()
            .filter_map(|&(name, kind, place)| {
                let value = self.value(name, kind, usize::try_from(place).ok())?;
                Some([name.as_bytes(), b"=", &value].concat())
            })
            .collect()
    }

    fn value(&self, name: &str, kind: Kind, place: Option<usize>) -> Option<Vec<u8>> {
        let number = |n: i32| n.to_string().into_bytes();
        match (kind, place) {
            (Text, Some(place)) => self.strings.get(place)?.clone(),
            (Number, Some(place)) => self.numbers.get(place)?.map(number),
            (Flag, Some(place)) => Some(vec![if self.flag(place) { b'1' } else { b'0' }]),
            (_, None) => match (kind, self.extended.get(name.as_bytes())?) {
                (Text, Extended::Text(text)) => text.clone(),
                (Number, Extended::Number(value)) => value.map(number),
                (Flag, Extended::Flag(set)) => Some(vec![if *set { b'1' } else { b'0' }]),
                _ => None,
            },
        }
    }
}

/// Directories to search, in ncurses' order.
fn search_path(env: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = Vec::new();
    directories.extend(env("TERMINFO").filter(|dir| !dir.is_empty()).map(PathBuf::from));
    directories.extend(env("HOME").map(|home| Path::new(&home).join(".terminfo")));
    for dir in env("TERMINFO_DIRS").unwrap_or_default().split(':').filter(|dir| !dir.is_empty()) {
        directories.push(PathBuf::from(dir));
    }
    directories.extend(DIRECTORIES.map(PathBuf::from));
    directories
}

/// Entries are in a directory named by their first letter, or on some file systems by its code in hex.
fn read_from(dir: &Path, name: &str) -> Option<Vec<u8>> {
    let first = name.chars().next()?;
    [first.to_string(), format!("{:x}", name.as_bytes()[0])].iter().find_map(|letter| {
        let path = dir.join(letter).join(name);
        let size = fs::metadata(&path).ok()?.len();
        if size > MAX_ENTRY { None } else { fs::read(path).ok() }
    })
}

fn text_at(table: &[u8], offset: Option<i32>) -> Option<Vec<u8>> {
    let rest = table.get(usize::try_from(offset?).ok()?..)?;
    let end = rest.iter().position(|&b| b == 0)?;
    Some(rest[..end].to_vec())
}

/// A cursor over an entry's bytes.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(taken)
    }

    /// A signed little-endian number of 2 or 4 bytes.
    fn number(&mut self, width: usize) -> Option<i32> {
        match *self.take(width)? {
            [a, b] => Some(i32::from(i16::from_le_bytes([a, b]))),
            [a, b, c, d] => Some(i32::from_le_bytes([a, b, c, d])),
            _ => None,
        }
    }

    fn sizes(&mut self) -> Option<[usize; 5]> {
        let mut sizes = [0; 5];
        for size in &mut sizes {
            *size = usize::try_from(self.number(2)?).ok()?;
        }
        Some(sizes)
    }

    fn align(&mut self) {
        self.at += self.at % 2;
    }

    fn flags(&mut self, count: usize) -> Option<Vec<bool>> {
        Some(self.take(count)?.iter().map(|&byte| byte == 1).collect())
    }

    /// Numbers; a negative one is absent or cancelled.
    fn numbers(&mut self, count: usize, wide: bool) -> Option<Vec<Option<i32>>> {
        let width = if wide { 4 } else { 2 };
        (0..count).map(|_| self.number(width).map(|n| (n >= 0).then_some(n))).collect()
    }

    /// The extended section: values, then their names, which follow the strings in one table.
    fn extended(&mut self, wide: bool) -> Option<HashMap<Vec<u8>, Extended>> {
        self.align();
        let [flags, numbers, strings, _, table] = self.sizes()?;
        let mut values: Vec<Extended> = self.flags(flags)?.into_iter().map(Extended::Flag).collect();
        self.align();
        values.extend(self.numbers(numbers, wide)?.into_iter().map(Extended::Number));
        let offsets = self.numbers(strings, false)?;
        let names = self.numbers(flags + numbers + strings, false)?;
        let table = self.take(table)?;
        let mut texts_end = 0;
        for &offset in &offsets {
            let text = text_at(table, offset);
            if let (Some(text), Some(offset)) = (&text, offset) {
                texts_end = texts_end.max(offset as usize + text.len() + 1);
            }
            values.push(Extended::Text(text));
        }
        let table = table.get(texts_end..)?;
        Some(
            names
                .into_iter()
                .zip(values)
                .filter_map(|(at, value)| Some((text_at(table, at)?, value)))
                .collect(),
        )
    }
}

/// The capabilities that a client sends, in tmux's order: name, type, and the position in terminfo's own
/// table, or -1 for extended ones.
const CAPABILITIES: &[(&str, Kind, i16)] = &[
    ("acsc", Text, 146),
    ("am", Flag, 1),
    ("AX", Flag, -1),
    ("bce", Flag, 28),
    ("bel", Text, 1),
    ("Bidi", Text, -1),
    ("blink", Text, 26),
    ("bold", Text, 27),
    ("civis", Text, 13),
    ("clear", Text, 5),
    ("Clmg", Text, -1),
    ("Cmg", Text, -1),
    ("cnorm", Text, 16),
    ("colors", Number, 13),
    ("Cr", Text, -1),
    ("Cs", Text, -1),
    ("csr", Text, 3),
    ("cub", Text, 111),
    ("cub1", Text, 14),
    ("cud", Text, 107),
    ("cud1", Text, 11),
    ("cuf", Text, 112),
    ("cuf1", Text, 17),
    ("cup", Text, 10),
    ("cuu", Text, 114),
    ("cuu1", Text, 19),
    ("cvvis", Text, 20),
    ("dch", Text, 105),
    ("dch1", Text, 21),
    ("dim", Text, 30),
    ("dl", Text, 106),
    ("dl1", Text, 22),
    ("Dsbp", Text, -1),
    ("Dseks", Text, -1),
    ("Dsfcs", Text, -1),
    ("Dsmg", Text, -1),
    ("E3", Text, -1),
    ("ech", Text, 37),
    ("ed", Text, 7),
    ("el", Text, 6),
    ("el1", Text, 269),
    ("enacs", Text, 155),
    ("Enbp", Text, -1),
    ("Eneks", Text, -1),
    ("Enfcs", Text, -1),
    ("Enmg", Text, -1),
    ("fsl", Text, 47),
    ("Hls", Text, -1),
    ("home", Text, 12),
    ("hpa", Text, 8),
    ("ich", Text, 108),
    ("ich1", Text, 52),
    ("il", Text, 110),
    ("il1", Text, 53),
    ("indn", Text, 109),
    ("invis", Text, 32),
    ("kcbt", Text, 148),
    ("kcub1", Text, 79),
    ("kcud1", Text, 61),
    ("kcuf1", Text, 83),
    ("kcuu1", Text, 87),
    ("kDC", Text, 191),
    ("kDC3", Text, -1),
    ("kDC4", Text, -1),
    ("kDC5", Text, -1),
    ("kDC6", Text, -1),
    ("kDC7", Text, -1),
    ("kdch1", Text, 59),
    ("kDN", Text, -1),
    ("kDN3", Text, -1),
    ("kDN4", Text, -1),
    ("kDN5", Text, -1),
    ("kDN6", Text, -1),
    ("kDN7", Text, -1),
    ("kend", Text, 164),
    ("kEND", Text, 194),
    ("kEND3", Text, -1),
    ("kEND4", Text, -1),
    ("kEND5", Text, -1),
    ("kEND6", Text, -1),
    ("kEND7", Text, -1),
    ("kf1", Text, 66),
    ("kf10", Text, 67),
    ("kf11", Text, 216),
    ("kf12", Text, 217),
    ("kf13", Text, 218),
    ("kf14", Text, 219),
    ("kf15", Text, 220),
    ("kf16", Text, 221),
    ("kf17", Text, 222),
    ("kf18", Text, 223),
    ("kf19", Text, 224),
    ("kf2", Text, 68),
    ("kf20", Text, 225),
    ("kf21", Text, 226),
    ("kf22", Text, 227),
    ("kf23", Text, 228),
    ("kf24", Text, 229),
    ("kf25", Text, 230),
    ("kf26", Text, 231),
    ("kf27", Text, 232),
    ("kf28", Text, 233),
    ("kf29", Text, 234),
    ("kf3", Text, 69),
    ("kf30", Text, 235),
    ("kf31", Text, 236),
    ("kf32", Text, 237),
    ("kf33", Text, 238),
    ("kf34", Text, 239),
    ("kf35", Text, 240),
    ("kf36", Text, 241),
    ("kf37", Text, 242),
    ("kf38", Text, 243),
    ("kf39", Text, 244),
    ("kf4", Text, 70),
    ("kf40", Text, 245),
    ("kf41", Text, 246),
    ("kf42", Text, 247),
    ("kf43", Text, 248),
    ("kf44", Text, 249),
    ("kf45", Text, 250),
    ("kf46", Text, 251),
    ("kf47", Text, 252),
    ("kf48", Text, 253),
    ("kf49", Text, 254),
    ("kf5", Text, 71),
    ("kf50", Text, 255),
    ("kf51", Text, 256),
    ("kf52", Text, 257),
    ("kf53", Text, 258),
    ("kf54", Text, 259),
    ("kf55", Text, 260),
    ("kf56", Text, 261),
    ("kf57", Text, 262),
    ("kf58", Text, 263),
    ("kf59", Text, 264),
    ("kf6", Text, 72),
    ("kf60", Text, 265),
    ("kf61", Text, 266),
    ("kf62", Text, 267),
    ("kf63", Text, 268),
    ("kf7", Text, 73),
    ("kf8", Text, 74),
    ("kf9", Text, 75),
    ("kHOM", Text, 199),
    ("kHOM3", Text, -1),
    ("kHOM4", Text, -1),
    ("kHOM5", Text, -1),
    ("kHOM6", Text, -1),
    ("kHOM7", Text, -1),
    ("khome", Text, 76),
    ("kIC", Text, 200),
    ("kIC3", Text, -1),
    ("kIC4", Text, -1),
    ("kIC5", Text, -1),
    ("kIC6", Text, -1),
    ("kIC7", Text, -1),
    ("kich1", Text, 77),
    ("kind", Text, 84),
    ("kLFT", Text, 201),
    ("kLFT3", Text, -1),
    ("kLFT4", Text, -1),
    ("kLFT5", Text, -1),
    ("kLFT6", Text, -1),
    ("kLFT7", Text, -1),
    ("kmous", Text, 355),
    ("knp", Text, 81),
    ("kNXT", Text, 204),
    ("kNXT3", Text, -1),
    ("kNXT4", Text, -1),
    ("kNXT5", Text, -1),
    ("kNXT6", Text, -1),
    ("kNXT7", Text, -1),
    ("kpp", Text, 82),
    ("kPRV", Text, 206),
    ("kPRV3", Text, -1),
    ("kPRV4", Text, -1),
    ("kPRV5", Text, -1),
    ("kPRV6", Text, -1),
    ("kPRV7", Text, -1),
    ("kri", Text, 85),
    ("kRIT", Text, 210),
    ("kRIT3", Text, -1),
    ("kRIT4", Text, -1),
    ("kRIT5", Text, -1),
    ("kRIT6", Text, -1),
    ("kRIT7", Text, -1),
    ("kUP", Text, -1),
    ("kUP3", Text, -1),
    ("kUP4", Text, -1),
    ("kUP5", Text, -1),
    ("kUP6", Text, -1),
    ("kUP7", Text, -1),
    ("Ms", Text, -1),
    ("Nobr", Text, -1),
    ("ol", Text, -1),
    ("op", Text, 297),
    ("Rect", Text, -1),
    ("rev", Text, 34),
    ("RGB", Flag, -1),
    ("ri", Text, 130),
    ("rin", Text, 113),
    ("rmacs", Text, 38),
    ("rmcup", Text, 40),
    ("rmkx", Text, 88),
    ("Se", Text, -1),
    ("setab", Text, 360),
    ("setaf", Text, 359),
    ("setal", Text, -1),
    ("setrgbb", Text, -1),
    ("setrgbf", Text, -1),
    ("Setulc", Text, -1),
    ("Setulc1", Text, -1),
    ("sgr0", Text, 39),
    ("sitm", Text, 311),
    ("smacs", Text, 25),
    ("smcup", Text, 28),
    ("smkx", Text, 89),
    ("Smol", Text, -1),
    ("smso", Text, 35),
    ("smul", Text, 36),
    ("Smulx", Text, -1),
    ("smxx", Text, -1),
    ("Spb", Text, -1),
    ("Sxl", Flag, -1),
    ("Ss", Text, -1),
    ("Swd", Text, -1),
    ("Sync", Text, -1),
    ("Tc", Flag, -1),
    ("tsl", Text, 135),
    ("U8", Number, -1),
    ("vpa", Text, 127),
    ("XT", Flag, -1),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A legacy entry with `am`, `colors=8`, `bel` and the extended flag `AX` and string `E3`.
    fn sample() -> Vec<u8> {
        let mut out = Vec::new();
        let short = |out: &mut Vec<u8>, n: i16| out.extend_from_slice(&n.to_le_bytes());
        for n in [0o432, 2, 2, 14, 2, 2] {
            short(&mut out, n);
        }
        out.extend_from_slice(b"x\0\0\x01");
        (0..13).for_each(|_| short(&mut out, -1));
        short(&mut out, 8);
        for n in [-1, 0] {
            short(&mut out, n);
        }
        out.extend_from_slice(b"\x07\0");
        for n in [1, 0, 1, 3, 10] {
            short(&mut out, n);
        }
        out.extend_from_slice(b"\x01\0");
        for n in [0, 0, 3] {
            short(&mut out, n);
        }
        out.extend_from_slice(b"\x1b[3\0AX\0E3\0");
        out
    }

    #[test]
    fn entries_are_listed_as_tmux_sends_them() {
        let entry = Entry::parse(&sample()).expect("valid");
        let listed: Vec<String> =
            entry.list().iter().map(|cap| String::from_utf8_lossy(cap).into_owned()).collect();
        assert_eq!(listed, ["am=1", "AX=1", "bce=0", "bel=\x07", "colors=8", "E3=\x1b[3"]);
    }

    #[test]
    fn any_cut_or_change_is_survived() {
        let whole = sample();
        for end in 0..whole.len() {
            let _ = Entry::parse(&whole[..end]);
            let mut changed = whole.clone();
            changed[end] = 0x7f;
            if let Some(entry) = Entry::parse(&changed) {
                entry.list();
            }
        }
    }

    #[test]
    fn terminals_without_an_entry_have_tmux_errors() {
        let none = |_: &str| None;
        let load = |name: &str| Entry::load(name, none).map_err(|error| error.to_string());
        assert_eq!(load("no/such"), Err("missing or unsuitable terminal: no/such".into()));
        assert_eq!(load("nosuchterm"), Err("missing or unsuitable terminal: nosuchterm".into()));
    }
}
