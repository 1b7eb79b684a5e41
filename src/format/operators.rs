//! The forms of `#{…}` other than variables: conditions, comparisons, matches, arithmetic, searches,
//! loops.

use std::cmp::Ordering;
use std::ffi::CString;

use crate::base::posix::{Regex, fnmatch};
use crate::base::text::{from_bytes, to_bytes};

use super::expand::Expander;
use super::modifiers::{Flags, Modifier, Plan, number};
use super::number::{parse_float, print_float, settle_nan, truncate};
use super::scan::{is_true, skip, split_comma};
use super::{fuzzy, lookup, loops, tables, terminals, vars};

/// Maximum number of repetitions of `#{R:…}`.
const MAX_REPEAT: i64 = 10_000;
/// Maximum number of decimal places of `#{e|…}`.
const MAX_PRECISION: i64 = 100;

fn flag(value: bool) -> String {
    if value { "1" } else { "0" }.to_owned()
}

/// Applies the main modifier to its subject, before trimming and the like. `None` when it is invalid,
/// which ends the expansion.
pub(super) fn evaluate(ex: &mut Expander<'_, '_>, plan: &Plan<'_>, subject: &str) -> Option<String> {
    let flags = plan.flags;
    if let Some(wanted) = plan.client {
        return Some(terminals::ask(ex.scope, wanted, subject));
    }
    if flags.contains(Flags::CYCLE) {
        return Some(terminals::frame(ex, subject, plan.frame_time + 1));
    }
    if flags.contains(Flags::LITERAL) {
        return Some(ex.literal(subject));
    }
    if flags.contains(Flags::CHARACTER) {
        let code = number(&ex.expand(subject), 32, 126);
        return Some(code.map_or_else(String::new, |code| char::from(code as u8).to_string()));
    }
    if flags.contains(Flags::COLOUR) {
        let name = ex.expand(subject);
        if flags.intersects(Flags::ESCAPE_FG | Flags::ESCAPE_BG) {
            let escape = terminals::escape(ex.scope, &name, flags.contains(Flags::ESCAPE_BG));
            return Some(escape.unwrap_or_default());
        }
        return Some(colour(&name).unwrap_or_default());
    }
    if flags.contains(Flags::OPTIONS) {
        return Some(tables::options(ex, plan.letters, subject));
    }
    if flags.contains(Flags::ENVIRONMENT) {
        return Some(tables::environment(ex, plan.letters, subject));
    }
    if flags.intersects(Flags::SESSIONS | Flags::WINDOWS | Flags::PANES | Flags::CLIENTS) {
        return loops::run(ex, plan, subject);
    }
    if flags.contains(Flags::WINDOW_NAME) {
        return window_name(ex, subject);
    }
    if flags.contains(Flags::SESSION_NAME) {
        let name = ex.expand(subject);
        return Some(flag(ex.scope.server().session_by_name(&name).is_some()));
    }
    if let Some(search) = plan.search {
        return Some(search_pane(ex, search, subject));
    }
    if flags.contains(Flags::REPEAT) {
        return repeat(ex, subject);
    }
    if flags.intersects(Flags::NOT | Flags::NOT_NOT) {
        let value = is_true(&ex.expand(subject));
        return Some(flag(value != flags.contains(Flags::NOT)));
    }
    if let Some(junction) = plan.junction {
        return Some(flag(join(ex, junction, subject)));
    }
    if let Some(modifier) = plan.compare {
        return compare(ex, modifier, subject);
    }
    if let Some(branches) = subject.strip_prefix('?') {
        return Some(choose(ex, plan, branches));
    }
    if let Some(expression) = plan.expression {
        return Some(arithmetic(ex, expression, subject).unwrap_or_default());
    }
    Some(variable(ex, plan, subject))
}

/// The value of a variable, or the expansion of a subject that contains a format.
fn variable(ex: &mut Expander<'_, '_>, plan: &Plan<'_>, subject: &str) -> String {
    if subject.contains("#{") {
        ex.log(|| format!("expanding inner format '{subject}'"));
        return ex.expand(subject);
    }
    match lookup::find(ex.scope, subject, plan.flags, plan.time_format.as_deref()) {
        Some(value) => {
            ex.log(|| format!("format '{subject}' found: {value}"));
            value
        }
        None => {
            ex.log(|| format!("format '{subject}' not found"));
            String::new()
        }
    }
}

/// A colour's name as six hexadecimal digits.
fn colour(name: &str) -> Option<String> {
    let (r, g, b) = crate::base::Colour::parse(name)?.to_rgb()?;
    Some(format!("{r:02x}{g:02x}{b:02x}"))
}

fn window_name(ex: &mut Expander<'_, '_>, subject: &str) -> Option<String> {
    let Some(session) = ex.scope.session() else {
        ex.log(|| "window name but no session".to_owned());
        return None;
    };
    let name = ex.expand(subject);
    let server = ex.scope.server();
    let mut windows = session.winlinks.values().filter_map(|link| server.window(link.window));
    Some(flag(windows.any(|window| window.name == name)))
}

/// The first row of the pane, counted from 1, that holds the text; 0 when none does.
fn search_pane(ex: &mut Expander<'_, '_>, modifier: &Modifier<'_>, subject: &str) -> String {
    let term = ex.expand(subject);
    let Some(pane) = ex.scope.pane() else {
        ex.log(|| format!("search '{term}' but no pane"));
        return flag(false);
    };
    ex.log(|| format!("search '{term}' pane {}", pane.id));
    let rows = vars::screen::visible_rows(pane);
    if !ex.spend(rows.iter().map(String::len).sum()) {
        return flag(false);
    }
    let (regex, ignore_case) = (modifier.has('r'), modifier.has('i'));
    let found = if regex {
        let Some(regex) = Regex::new(&to_bytes(&term), ignore_case) else { return flag(false) };
        rows.iter().position(|row| regex.is_match(&to_bytes(row)))
    } else {
        let pattern = format!("*{term}*");
        rows.iter().position(|row| fnmatch(&pattern, row, ignore_case))
    };
    found.map_or(0, |row| row + 1).to_string()
}

fn repeat(ex: &mut Expander<'_, '_>, subject: &str) -> Option<String> {
    let Some((text, count)) = split_comma(subject) else {
        ex.log(|| format!("repeat syntax error: {subject}"));
        return None;
    };
    let text = ex.expand(text);
    let count = number(&ex.expand(count), 1, MAX_REPEAT).unwrap_or(0) as usize;
    if !ex.spend(text.len() * count) {
        return None;
    }
    Some(text.repeat(count))
}

/// `#{&&:…}` and `#{||:…}`; stops expanding operands when the result is known.
fn join(ex: &mut Expander<'_, '_>, junction: &str, subject: &str) -> bool {
    let and = junction == "&&";
    let mut rest = Some(subject);
    while let Some(text) = rest {
        let (operand, after) = match split_comma(text) {
            Some((operand, after)) => (operand, Some(after)),
            None => (text, None),
        };
        let value = ex.expand(operand);
        ex.log(|| format!("operator {junction} has operand: {value}"));
        if is_true(&value) != and {
            return !and;
        }
        rest = after;
    }
    and
}

fn compare(ex: &mut Expander<'_, '_>, modifier: &Modifier<'_>, subject: &str) -> Option<String> {
    let name = modifier.name;
    let Some((left, right)) = split_comma(subject) else {
        ex.log(|| format!("compare {name} syntax error: {subject}"));
        return None;
    };
    let (left, right) = (ex.expand(left), ex.expand(right));
    ex.log(|| format!("compare {name} left is: {left}"));
    ex.log(|| format!("compare {name} right is: {right}"));
    // tmux: the main branch also has `z`, which returns 1 or 0; 3.7c treats it as a plain match.
    if name == "m" && modifier.has('p') {
        ex.spend(left.len() * right.len());
        let found = fuzzy::columns(&left, &right, super::width(&right) as usize);
        let columns: Vec<String> = found.into_iter().flatten().map(|column| column.to_string()).collect();
        return Some(columns.join(","));
    }
    if name == "m" {
        ex.spend(left.len() + right.len());
        return Some(flag(matches(modifier, &left, &right)));
    }
    let order = to_bytes(&left).cmp(&to_bytes(&right));
    Some(flag(match name {
        "==" => order == Ordering::Equal,
        "!=" => order != Ordering::Equal,
        "<" => order == Ordering::Less,
        ">" => order == Ordering::Greater,
        "<=" => order != Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}

/// `#{m:pattern,text}`: a glob, or with `r` a regular expression; `i` ignores case.
fn matches(modifier: &Modifier<'_>, pattern: &str, text: &str) -> bool {
    let ignore_case = modifier.has('i');
    if modifier.has('r') {
        return Regex::new(&to_bytes(pattern), ignore_case)
            .is_some_and(|regex| regex.is_match(&to_bytes(text)));
    }
    fnmatch(pattern, text, ignore_case)
}

/// `#{?condition,value,condition,value,…,otherwise}`.
fn choose(ex: &mut Expander<'_, '_>, plan: &Plan<'_>, branches: &str) -> String {
    let mut rest = branches;
    loop {
        let Some((condition, after)) = split_comma(rest) else {
            ex.log(|| format!("no condition matched in '{branches}'; using last arg"));
            return ex.expand(rest);
        };
        ex.log(|| format!("condition is: {condition}"));
        let holds = condition_holds(ex, plan, condition);
        let end = skip(after, b",");
        if holds {
            ex.log(|| format!("condition '{condition}' is true"));
            return ex.expand(&after[..end.unwrap_or(after.len())]);
        }
        ex.log(|| format!("condition '{condition}' is false"));
        let Some(end) = end else {
            ex.log(|| format!("no condition matched in '{branches}'; using empty string"));
            return String::new();
        };
        rest = &after[end + 1..];
    }
}

/// A condition is the name of a variable, else a format; a format that expands to itself is false.
fn condition_holds(ex: &mut Expander<'_, '_>, plan: &Plan<'_>, condition: &str) -> bool {
    if let Some(value) = lookup::find(ex.scope, condition, plan.flags, plan.time_format.as_deref()) {
        ex.log(|| format!("condition '{condition}' found: {value}"));
        return is_true(&value);
    }
    let value = ex.expand(condition);
    if value == condition {
        ex.log(|| format!("condition '{condition}' not found; assuming false"));
        return false;
    }
    is_true(&value)
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

/// `#{e|operator|f|precision:left,right}`. `None` if it is invalid.
fn arithmetic(ex: &mut Expander<'_, '_>, modifier: &Modifier<'_>, subject: &str) -> Option<String> {
    let args = &modifier.args;
    let Some(operator) = Operator::parse(&args[0]) else {
        ex.log(|| format!("expression has no valid operator: '{}'", args[0]));
        return None;
    };
    let float = args.get(1).is_some_and(|flags| flags.contains('f'));
    let mut precision = if float { 2 } else { 0 };
    if let Some(text) = args.get(2) {
        match crate::base::number::parse_number(text, -MAX_PRECISION, MAX_PRECISION) {
            Ok(value) => precision = value,
            Err(error) => {
                ex.log(|| format!("expression precision {error}: {text}"));
                return None;
            }
        }
    }
    let Some((left, right)) = split_comma(subject) else {
        ex.log(|| "expression syntax error".to_owned());
        return None;
    };
    let (left, right) = (ex.expand(left), ex.expand(right));
    let (left, right) = (operand(ex, "left", &left)?, operand(ex, "right", &right)?);
    let whole = |value: f64| if float { value } else { truncate(value) as f64 };
    let (left, right) = (whole(left), whole(right));
    ex.log(|| format!("expression left side is: {}", print_float(left, precision)));
    ex.log(|| format!("expression right side is: {}", print_float(right, precision)));
    let value = print_float(whole(operator.apply(left, right)), precision);
    ex.log(|| format!("expression result is {value}"));
    Some(value)
}

fn operand(ex: &Expander<'_, '_>, side: &str, text: &str) -> Option<f64> {
    let value = parse_float(text);
    if value.is_none() {
        ex.log(|| format!("expression {side} side is invalid: {text}"));
    }
    value
}

/// `#{s/pattern/with/flags:…}`: replaces every match; `\N` stands for group N. A pattern that is not a
/// regular expression changes nothing.
pub(super) fn substitute(
    ex: &Expander<'_, '_>,
    modifier: &Modifier<'_>,
    text: &str,
    pattern: &str,
    with: &str,
) -> String {
    if text.is_empty() || pattern.is_empty() {
        return text.to_owned();
    }
    let ignore_case = modifier.args.get(2).is_some_and(|flags| flags.contains('i'));
    let Some(regex) = Regex::new(&to_bytes(pattern), ignore_case) else { return text.to_owned() };
    let Ok(text_bytes) = CString::new(to_bytes(text)) else { return text.to_owned() };
    let substitution = Substitution { regex, with: to_bytes(with), anchored: pattern.starts_with('^') };
    from_bytes(&substitution.run(ex, &text_bytes))
}

struct Substitution {
    regex: Regex,
    with: Vec<u8>,
    /// The pattern can match only at the start: at most one replacement.
    anchored: bool,
}

impl Substitution {
    fn run(&self, ex: &Expander<'_, '_>, text: &CString) -> Vec<u8> {
        let bytes = text.as_bytes();
        let with_nul = text.as_c_str();
        let mut out = Vec::with_capacity(bytes.len());
        let (mut start, mut last, mut after_empty) = (0, 0, false);
        while start <= bytes.len() {
            let tail = &with_nul.to_bytes_with_nul()[start..];
            let tail = std::ffi::CStr::from_bytes_with_nul(tail).expect("the tail of a C string is one");
            let found = self.regex.find(tail, 9, false).filter(|_| ex.spend(bytes.len() - start));
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
