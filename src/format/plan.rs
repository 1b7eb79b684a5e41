//! What the modifiers of `#{mods:subject}` ask for, once their arguments are expanded.

use std::borrow::Cow;

use crate::base::text::to_bytes;
use crate::syntax::format::scan::strip_escapes;
use crate::syntax::format::{self, Kind};

use super::sort::{Order, Sort};

/// Maximum number of columns for padding and trimming.
const MAX_WIDTH: i64 = 10_000;

/// A modifier with the values of its arguments.
pub(super) type Modifier<'m> = format::Modifier<Cow<'m, str>>;

/// True if the first argument contains a letter.
pub(super) fn has(modifier: &Modifier<'_>, letter: char) -> bool {
    modifier.args.first().is_some_and(|arg| arg.contains(letter))
}

bitflags::bitflags! {
    /// Modifiers that change a value, or say what kind of value is wanted.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub(super) struct Flags: u32 {
        const TIME = 0x1;
        const BASENAME = 0x2;
        const DIRNAME = 0x4;
        const QUOTE_SHELL = 0x8;
        const EXPAND = 0x10;
        const EXPAND_TIME = 0x20;
        const PRETTY = 0x40;
        const LENGTH = 0x80;
        const WIDTH = 0x100;
        const QUOTE_STYLE = 0x200;
        const WINDOW_NAME = 0x400;
        const SESSION_NAME = 0x800;
        const QUOTE_ARGUMENTS = 0x1000;
        const RELATIVE = 0x2000;
        const DIFFERENCE = 0x4000;
        const QUOTE_SINGLE = 0x8000;
        const ESCAPE_FG = 0x1_0000;
        const ESCAPE_BG = 0x2_0000;
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
        let has = |letter| has(modifier, letter);
        match modifier.kind {
            Kind::Match
            | Kind::Equal
            | Kind::NotEqual
            | Kind::Less
            | Kind::LessOrEqual
            | Kind::Greater
            | Kind::GreaterOrEqual => self.compare = Some(modifier),
            Kind::Search => self.search = Some(modifier),
            Kind::Substitute if args.len() >= 2 => self.substitutions.push(modifier),
            Kind::Limit if !args.is_empty() => {
                self.limit = columns(&args[0]);
                if let Some(marker) = args.get(1) {
                    self.marker = Some(marker);
                }
            }
            Kind::Pad if !args.is_empty() => self.pad = columns(&args[0]),
            Kind::Expression if (1..=3).contains(&args.len()) => self.expression = Some(modifier),
            Kind::Basename => self.flags |= Flags::BASENAME,
            Kind::Colour => {
                self.flags.set(Flags::ESCAPE_FG, self.flags.contains(Flags::ESCAPE_FG) || has('f'));
                self.flags.set(Flags::ESCAPE_BG, self.flags.contains(Flags::ESCAPE_BG) || has('b'));
            }
            Kind::Ask if !args.is_empty() => self.client = Some(modifier),
            Kind::Cycle => {
                self.frame_time = args.first().and_then(|arg| number(arg, 1, 100)).unwrap_or(1) as u64 - 1;
            }
            Kind::Options | Kind::Environment => {
                if let [letters] = args.as_slice() {
                    self.letters = letters;
                }
            }
            Kind::Dirname => self.flags |= Flags::DIRNAME,
            Kind::Length => self.flags |= Flags::LENGTH,
            Kind::Width => self.flags |= Flags::WIDTH,
            Kind::Expand => self.flags |= Flags::EXPAND,
            Kind::ExpandTime => self.flags |= Flags::EXPAND_TIME,
            Kind::Time => self.add_time(modifier),
            Kind::Quote if args.is_empty() => self.flags |= Flags::QUOTE_SHELL,
            Kind::Quote if has('e') || has('h') => self.flags |= Flags::QUOTE_STYLE,
            Kind::Quote if has('s') => self.flags |= Flags::QUOTE_SINGLE,
            Kind::Quote if has('a') => self.flags |= Flags::QUOTE_ARGUMENTS,
            Kind::Named if args.is_empty() || has('w') => self.flags |= Flags::WINDOW_NAME,
            Kind::Named if has('s') => self.flags |= Flags::SESSION_NAME,
            Kind::Sessions => self.sort_by(modifier, Order::Index),
            Kind::Windows | Kind::Clients => self.sort_by(modifier, Order::Given),
            Kind::Panes => {
                let order = match () {
                    () if has('i') => Order::Index,
                    () if has('z') => Order::Z,
                    () => Order::Creation,
                };
                self.sort = Sort { order: Some(order), reversed: has('r') };
            }
            _ => {}
        }
    }

    fn add_time(&mut self, modifier: &Modifier<'_>) {
        self.flags |= Flags::TIME;
        if has(modifier, 'p') {
            self.flags |= Flags::PRETTY;
        } else if has(modifier, 'r') {
            self.flags |= Flags::RELATIVE;
        } else if has(modifier, 'd') {
            self.flags |= Flags::DIFFERENCE;
        } else if has(modifier, 'f')
            && let Some(format) = modifier.args.get(1)
        {
            self.time_format = Some(strip_escapes(format));
        }
    }

    /// The order of a loop: `n` by name, `t` by time of activity, otherwise the natural one.
    fn sort_by(&mut self, modifier: &Modifier<'_>, natural: Order) {
        let order = match () {
            () if has(modifier, 'i') => natural,
            () if has(modifier, 'n') => Order::Name,
            () if has(modifier, 't') => Order::Activity,
            () => natural,
        };
        self.sort = Sort { order: Some(order), reversed: has(modifier, 'r') };
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
