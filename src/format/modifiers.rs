//! Modifiers: the part before the colon in `#{mods:what}`, parsed into a plan.

use crate::base::text::to_bytes;

use super::expand::Expander;
use super::scan::{skip, strip_escapes};
use super::sort::{Order, Sort};

/// Maximum number of columns for padding and trimming.
const MAX_WIDTH: i64 = 10_000;

/// Modifiers that are valid without arguments.
const PLAIN: &[u8] = b"labcdnwETSWPOVL!<>A";
/// Modifiers that may have arguments.
const WITH_ARGUMENTS: &[u8] = b"ImCLNPSOVst=pReqWcA";
/// Modifiers of two characters; they have no arguments.
const DOUBLE: &[&str] = &["||", "&&", "!!", "!=", "==", "<=", ">="];

/// One modifier as written, its arguments expanded.
#[derive(Debug)]
pub(super) struct Modifier<'k> {
    pub name: &'k str,
    pub args: Vec<String>,
}

impl Modifier<'_> {
    /// True if the first argument contains a letter.
    pub(super) fn has(&self, letter: char) -> bool {
        self.args.first().is_some_and(|arg| arg.contains(letter))
    }
}

fn ends_modifier(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b';' | b':'))
}

/// Parses the modifiers of a key; the rest is their subject. A key that is not a list of modifiers ending
/// in `:` has none.
pub(super) fn parse<'k>(expander: &mut Expander<'_, '_>, key: &'k str) -> (Vec<Modifier<'k>>, &'k str) {
    let bytes = key.as_bytes();
    let mut list = Vec::new();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b':' {
        if bytes[at] == b';' {
            at += 1;
        }
        let Some(&first) = bytes.get(at) else { break };
        if PLAIN.contains(&first) && ends_modifier(bytes.get(at + 1)) {
            list.push(Modifier { name: &key[at..at + 1], args: Vec::new() });
            at += 1;
            continue;
        }
        let double = key.get(at..at + 2).filter(|two| DOUBLE.contains(two));
        if let Some(name) = double
            && ends_modifier(bytes.get(at + 2))
        {
            list.push(Modifier { name, args: Vec::new() });
            at += 2;
            continue;
        }
        if !WITH_ARGUMENTS.contains(&first) {
            break;
        }
        let Some((args, next)) = arguments(expander, key, at) else { break };
        list.push(Modifier { name: &key[at..at + 1], args });
        at = next;
    }
    match key[at.min(key.len())..].strip_prefix(':') {
        Some(rest) => (list, rest),
        None => (Vec::new(), key),
    }
}

/// The arguments of the modifier at `at`, and the position of their end. `None` when they have no end.
fn arguments(expander: &mut Expander<'_, '_>, key: &str, at: usize) -> Option<(Vec<String>, usize)> {
    let bytes = key.as_bytes();
    let wrapper = match bytes.get(at + 1) {
        None => return None,
        Some(b';' | b':') => return Some((Vec::new(), at + 1)),
        // One argument without a separator.
        Some(byte) if !byte.is_ascii_punctuation() || *byte == b'-' => {
            let end = at + 1 + skip(&key[at + 1..], b":;")?;
            return Some((vec![expander.expand(&colons(&key[at + 1..end]))], end));
        }
        Some(&byte) => byte,
    };
    let ends = [wrapper, b';', b':'];
    let mut args = Vec::new();
    let mut cursor = at + 1;
    loop {
        if bytes.get(cursor) == Some(&wrapper) && ends_modifier(bytes.get(cursor + 1)) {
            cursor += 1;
            break;
        }
        let Some(length) = skip(&key[cursor + 1..], &ends) else { break };
        args.push(expander.expand(&colons(&key[cursor + 1..cursor + 1 + length])));
        cursor += 1 + length;
        if ends_modifier(bytes.get(cursor)) {
            break;
        }
    }
    Some((args, cursor))
}

/// An argument with its colons unescaped. tmux: 3.7c keeps the `#`, so that no argument can have a colon;
/// its main branch removes it.
fn colons(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("#:") {
        return text.into();
    }
    let (mut out, mut depth, mut rest) = (String::new(), 0i32, text);
    while let Some(c) = rest.chars().next() {
        match rest.get(..2) {
            Some("#:") if depth == 0 => rest = &rest[1..],
            Some(two @ ("##" | "#," | "#}")) => {
                out.push_str(two);
                rest = &rest[2..];
                continue;
            }
            Some("#{") => depth += 1,
            _ => depth -= i32::from(c == '}'),
        }
        let c = rest.chars().next().expect("there is a character");
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out.into()
}

bitflags::bitflags! {
    /// Modifiers without arguments.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub(super) struct Flags: u32 {
        const TIME = 0x1;
        const BASENAME = 0x2;
        const DIRNAME = 0x4;
        const QUOTE_SHELL = 0x8;
        const LITERAL = 0x10;
        const EXPAND = 0x20;
        const EXPAND_TIME = 0x40;
        const SESSIONS = 0x80;
        const WINDOWS = 0x100;
        const PANES = 0x200;
        const PRETTY = 0x400;
        const LENGTH = 0x800;
        const WIDTH = 0x1000;
        const QUOTE_STYLE = 0x2000;
        const WINDOW_NAME = 0x4000;
        const SESSION_NAME = 0x8000;
        const CHARACTER = 0x1_0000;
        const COLOUR = 0x2_0000;
        const CLIENTS = 0x4_0000;
        const NOT = 0x8_0000;
        const NOT_NOT = 0x10_0000;
        const REPEAT = 0x20_0000;
        const QUOTE_ARGUMENTS = 0x40_0000;
        const RELATIVE = 0x80_0000;
        const DIFFERENCE = 0x100_0000;
        const QUOTE_SINGLE = 0x200_0000;
        const ESCAPE_FG = 0x400_0000;
        const ESCAPE_BG = 0x800_0000;
        const OPTIONS = 0x1000_0000;
        const ENVIRONMENT = 0x2000_0000;
        const CYCLE = 0x4000_0000;
    }
}

/// The combined effect of modifiers. Of several modifiers of the same kind, the last counts.
#[derive(Default)]
pub(super) struct Plan<'m> {
    pub flags: Flags,
    /// Columns to keep: from the left, or from the right when negative; 0 keeps all.
    pub limit: i64,
    pub marker: Option<&'m str>,
    /// Columns to pad to: after the text, or before it when negative.
    pub pad: i64,
    pub compare: Option<&'m Modifier<'m>>,
    pub search: Option<&'m Modifier<'m>>,
    pub expression: Option<&'m Modifier<'m>>,
    /// `||` or `&&`.
    pub junction: Option<&'m str>,
    pub substitutions: Vec<&'m Modifier<'m>>,
    pub time_format: Option<String>,
    pub sort: Sort,
    /// `I`: the query to the client's terminal.
    pub client: Option<&'m Modifier<'m>>,
    /// Letters of `O` and `V`.
    pub letters: &'m str,
    /// Tenths of a second for which a frame of `A` is shown, minus 1.
    pub frame_time: u64,
}

impl<'m> Plan<'m> {
    pub(super) fn new(list: &'m [Modifier<'m>]) -> Self {
        let mut plan = Plan::default();
        list.iter().for_each(|modifier| plan.add(modifier));
        plan
    }

    fn add(&mut self, modifier: &'m Modifier<'m>) {
        let args = &modifier.args;
        match modifier.name {
            "m" | "<" | ">" | "==" | "!=" | ">=" | "<=" => self.compare = Some(modifier),
            "||" | "&&" => self.junction = Some(modifier.name),
            "!" => self.flags |= Flags::NOT,
            "!!" => self.flags |= Flags::NOT_NOT,
            "C" => self.search = Some(modifier),
            "s" if args.len() >= 2 => self.substitutions.push(modifier),
            "=" if !args.is_empty() => {
                self.limit = columns(&args[0]);
                if let Some(marker) = args.get(1) {
                    self.marker = Some(marker);
                }
            }
            "p" if !args.is_empty() => self.pad = columns(&args[0]),
            "e" if (1..=3).contains(&args.len()) => self.expression = Some(modifier),
            "l" => self.flags |= Flags::LITERAL,
            "a" => self.flags |= Flags::CHARACTER,
            "b" => self.flags |= Flags::BASENAME,
            "c" => {
                self.flags |= Flags::COLOUR;
                self.flags.set(Flags::ESCAPE_FG, self.flags.contains(Flags::ESCAPE_FG) || modifier.has('f'));
                self.flags.set(Flags::ESCAPE_BG, self.flags.contains(Flags::ESCAPE_BG) || modifier.has('b'));
            }
            "I" if !args.is_empty() => self.client = Some(modifier),
            "A" => {
                self.flags |= Flags::CYCLE;
                self.frame_time = args.first().and_then(|arg| number(arg, 1, 100)).unwrap_or(1) as u64 - 1;
            }
            "O" | "V" => {
                self.flags |= if modifier.name == "O" { Flags::OPTIONS } else { Flags::ENVIRONMENT };
                if let [letters] = args.as_slice() {
                    self.letters = letters;
                }
            }
            "d" => self.flags |= Flags::DIRNAME,
            "n" => self.flags |= Flags::LENGTH,
            "w" => self.flags |= Flags::WIDTH,
            "E" => self.flags |= Flags::EXPAND,
            "T" => self.flags |= Flags::EXPAND_TIME,
            "R" => self.flags |= Flags::REPEAT,
            "t" => self.add_time(modifier),
            "q" if args.is_empty() => self.flags |= Flags::QUOTE_SHELL,
            "q" if modifier.has('e') || modifier.has('h') => self.flags |= Flags::QUOTE_STYLE,
            "q" if modifier.has('s') => self.flags |= Flags::QUOTE_SINGLE,
            "q" if modifier.has('a') => self.flags |= Flags::QUOTE_ARGUMENTS,
            "N" if args.is_empty() || modifier.has('w') => self.flags |= Flags::WINDOW_NAME,
            "N" if modifier.has('s') => self.flags |= Flags::SESSION_NAME,
            "S" => self.add_loop(Flags::SESSIONS, modifier, Order::Index),
            "W" => self.add_loop(Flags::WINDOWS, modifier, Order::Given),
            "L" => self.add_loop(Flags::CLIENTS, modifier, Order::Given),
            "P" => {
                self.flags |= Flags::PANES;
                let order = match modifier {
                    m if m.has('i') => Order::Index,
                    m if m.has('z') => Order::Z,
                    _ => Order::Creation,
                };
                self.sort = Sort { order: Some(order), reversed: modifier.has('r') };
            }
            _ => {}
        }
    }

    fn add_time(&mut self, modifier: &Modifier<'_>) {
        self.flags |= Flags::TIME;
        if modifier.has('p') {
            self.flags |= Flags::PRETTY;
        } else if modifier.has('r') {
            self.flags |= Flags::RELATIVE;
        } else if modifier.has('d') {
            self.flags |= Flags::DIFFERENCE;
        } else if modifier.has('f')
            && let Some(format) = modifier.args.get(1)
        {
            self.time_format = Some(strip_escapes(format));
        }
    }

    /// Adds a loop. Its order: `n` by name, `t` by time of activity, otherwise the natural one.
    fn add_loop(&mut self, flag: Flags, modifier: &Modifier<'_>, natural: Order) {
        self.flags |= flag;
        let order = match modifier {
            m if m.has('i') => natural,
            m if m.has('n') => Order::Name,
            m if m.has('t') => Order::Activity,
            _ => natural,
        };
        self.sort = Sort { order: Some(order), reversed: modifier.has('r') };
    }
}

/// Parses a number of columns; invalid and too large numbers count as 0.
fn columns(text: &str) -> i64 {
    number(text, -MAX_WIDTH, MAX_WIDTH).unwrap_or(0)
}

/// A decimal number in a range, with tmux's tolerance for leading white space and a sign.
pub(super) fn number(text: &str, min: i64, max: i64) -> Option<i64> {
    crate::base::number::parse_number(text, min, max).ok()
}

/// Length of a text in bytes, as written.
pub(super) fn byte_length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { to_bytes(text).len() }
}
