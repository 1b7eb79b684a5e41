//! What the forms of `#{…}` do with expanded operands: comparisons, matches, arithmetic, searches,
//! substitutions, colours.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ffi::CString;

use crate::base::text::{from_bytes, to_bytes};
use crate::syntax::format::Kind;
use crate::sys::pattern::fnmatch;
use crate::sys::regex::Regex;

use super::fuzzy;
use super::number::{parse_float, print_float, settle_nan, truncate};
use super::plan::{Modifier, has};
use super::width::width;

/// Maximum number of decimal places of `#{e|…}`.
const MAX_PRECISION: i64 = 100;

pub(super) fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

/// True unless the text is empty or exactly `0`.
pub(crate) fn is_true(text: &str) -> bool {
    !text.is_empty() && text != "0"
}

/// A colour's name as six hexadecimal digits.
pub(super) fn colour(name: &str) -> Option<String> {
    let (r, g, b) = crate::base::Colour::parse(name)?.to_rgb()?;
    Some(format!("{r:02x}{g:02x}{b:02x}"))
}

/// The first of a pane's rows, counted from 1, that holds the text; 0 when none does.
pub(super) fn search(rows: &[String], modifier: &Modifier<'_>, term: &str) -> usize {
    let (regex, ignore_case) = (has(modifier, 'r'), has(modifier, 'i'));
    let found = if regex {
        let Some(regex) = Regex::new(&to_bytes(term), ignore_case) else { return 0 };
        rows.iter().position(|row| regex.is_match(&to_bytes(row)))
    } else {
        let pattern = format!("*{term}*");
        rows.iter().position(|row| fnmatch(&pattern, row, ignore_case))
    };
    found.map_or(0, |row| row + 1)
}

/// `#{==:a,b}` and the like: compares bytes.
pub(super) fn compare(kind: Kind, left: &str, right: &str) -> bool {
    let order = to_bytes(left).cmp(&to_bytes(right));
    match kind {
        Kind::Equal => order == Ordering::Equal,
        Kind::NotEqual => order != Ordering::Equal,
        Kind::Less => order == Ordering::Less,
        Kind::Greater => order == Ordering::Greater,
        Kind::LessOrEqual => order != Ordering::Greater,
        _ => order != Ordering::Less,
    }
}

/// `#{m:pattern,text}`: a glob, or with `r` a regular expression; `i` ignores case.
pub(super) fn matches(modifier: &Modifier<'_>, pattern: &str, text: &str) -> bool {
    let ignore_case = has(modifier, 'i');
    if has(modifier, 'r') {
        return Regex::new(&to_bytes(pattern), ignore_case)
            .is_some_and(|regex| regex.is_match(&to_bytes(text)));
    }
    fnmatch(pattern, text, ignore_case)
}

/// `#{m/p:query,text}`: the columns that match, separated by commas.
pub(super) fn fuzzy_columns(query: &str, text: &str) -> String {
    let found = fuzzy::columns(query, text, width(text) as usize);
    let columns: Vec<String> = found.into_iter().flatten().map(|column| column.to_string()).collect();
    columns.join(",")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulus,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" | "m" => Self::Modulus,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            ">" => Self::Greater,
            "<" => Self::Less,
            ">=" => Self::GreaterOrEqual,
            "<=" => Self::LessOrEqual,
            _ => return None,
        })
    }

    fn apply(self, left: f64, right: f64) -> f64 {
        let number = |value: f64| settle_nan(value, left, right);
        let truth = |value: bool| f64::from(u8::from(value));
        match self {
            Self::Add => number(left + right),
            Self::Subtract => number(left - right),
            Self::Multiply => number(left * right),
            Self::Divide => number(left / right),
            Self::Modulus => number(left % right),
            Self::Equal => truth((left - right).abs() < 1e-9),
            Self::NotEqual => truth((left - right).abs() > 1e-9),
            Self::Greater => truth(left > right),
            Self::Less => truth(left < right),
            Self::GreaterOrEqual => truth(left >= right),
            Self::LessOrEqual => truth(left <= right),
        }
    }
}

/// What `#{e|operator|f|precision:…}` asks for.
pub(super) struct Expression {
    operator: Operator,
    /// With fractions; otherwise operands and result are whole numbers.
    float: bool,
    precision: i64,
}

impl Expression {
    /// The error explains which argument is invalid.
    pub(super) fn parse(args: &[Cow<'_, str>]) -> Result<Self, String> {
        let operator = Operator::parse(&args[0])
            .ok_or_else(|| format!("expression has no valid operator: '{}'", args[0]))?;
        let float = args.get(1).is_some_and(|flags| flags.contains('f'));
        let precision = match args.get(2) {
            None => 2 * i64::from(float),
            Some(text) => crate::base::number::parse_number(text, -MAX_PRECISION, MAX_PRECISION)
                .map_err(|error| format!("expression precision {error}: {text}"))?,
        };
        Ok(Self { operator, float, precision })
    }

    /// An operand; `None` when the text is no number.
    pub(super) fn operand(&self, text: &str) -> Option<f64> {
        parse_float(text).map(|value| self.round(value))
    }

    pub(super) fn print(&self, value: f64) -> String {
        print_float(value, self.precision)
    }

    pub(super) fn apply(&self, left: f64, right: f64) -> String {
        self.print(self.round(self.operator.apply(left, right)))
    }

    fn round(&self, value: f64) -> f64 {
        if self.float { value } else { truncate(value) as f64 }
    }
}

/// `#{s/pattern/with/flags:…}`: replaces every match; `\N` stands for group N. A pattern that is not a
/// regular expression changes nothing. `None`: nothing changes. `spend` returns false when no more bytes
/// may be searched.
pub(super) fn substitute(
    modifier: &Modifier<'_>,
    text: &str,
    pattern: &str,
    with: &str,
    spend: impl Fn(usize) -> bool,
) -> Option<String> {
    if text.is_empty() || pattern.is_empty() {
        return None;
    }
    let ignore_case = modifier.args.get(2).is_some_and(|flags| flags.contains('i'));
    let regex = Regex::new(&to_bytes(pattern), ignore_case)?;
    let text_bytes = CString::new(to_bytes(text)).ok()?;
    let substitution = Substitution { regex, with: to_bytes(with), anchored: pattern.starts_with('^') };
    Some(from_bytes(&substitution.run(&text_bytes, spend)))
}

struct Substitution {
    regex: Regex,
    with: Vec<u8>,
    /// The pattern can match only at the start: at most one replacement.
    anchored: bool,
}

impl Substitution {
    fn run(&self, text: &CString, spend: impl Fn(usize) -> bool) -> Vec<u8> {
        let bytes = text.as_bytes();
        let with_nul = text.as_c_str();
        let mut out = Vec::with_capacity(bytes.len());
        let (mut start, mut last, mut after_empty) = (0, 0, false);
        while start <= bytes.len() {
            let tail = &with_nul.to_bytes_with_nul()[start..];
            let tail = std::ffi::CStr::from_bytes_with_nul(tail).expect("the tail of a C string is one");
            let found = self.regex.find(tail, 9, false).filter(|_| spend(bytes.len() - start));
            let Some(groups) = found else {
                out.extend_from_slice(&bytes[start..]);
                break;
            };
            let (from, to) = groups[0].expect("group 0 is the whole match");
            let at = start + from;
            out.extend_from_slice(&bytes[last..at]);
            // An empty match directly behind the last match is skipped once.
            let passed = !after_empty && at == last && from == to;
            last = start + to;
            start += to;
            if passed {
                start += 1;
            } else {
                self.push_replacement(&mut out, tail.to_bytes(), &groups);
            }
            after_empty = passed;
            if self.anchored {
                out.extend_from_slice(bytes.get(start..).unwrap_or_default());
                break;
            }
        }
        out
    }

    fn push_replacement(&self, out: &mut Vec<u8>, text: &[u8], groups: &[Option<(usize, usize)>]) {
        let mut with = self.with.iter().copied();
        while let Some(byte) = with.next() {
            let escaped = if byte == b'\\' { with.next() } else { None };
            let group = escaped.filter(u8::is_ascii_digit).map(|digit| usize::from(digit - b'0'));
            match group.and_then(|group| groups.get(group).copied().flatten()) {
                Some((from, to)) if from != to => out.extend_from_slice(&text[from..to]),
                _ => out.push(escaped.unwrap_or(byte)),
            }
        }
    }
}
