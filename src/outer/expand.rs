//! Expansion of parameterised terminfo strings (the language of `tparm`): a small stack machine.
//! Invariants: it never panics, it always ends, and its output is bounded.

/// Maximum number of bytes of one expansion, at which it is cut; text parameters (clipboard contents) are
/// not cut.
const MAX_OUTPUT: usize = 8192;
/// Depth of the stack; pushes beyond it are dropped.
const MAX_STACK: usize = 20;

/// One parameter of an expansion.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Param<'a> {
    Number(i32),
    Text(&'a [u8]),
}

/// A value on the stack.
#[derive(Clone, Copy)]
enum Value<'a> {
    Number(i32),
    Text(&'a [u8]),
}

impl Value<'_> {
    fn number(self) -> i32 {
        match self {
            Value::Number(n) => n,
            Value::Text(_) => 0,
        }
    }
}

/// Format of a number: `%[[:]flags][width[.precision]]`.
#[derive(Clone, Copy, Default)]
struct Spec {
    minus: bool,
    plus: bool,
    alternate: bool,
    space: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

struct Machine<'a, 'o> {
    source: &'a [u8],
    at: usize,
    params: [Value<'a>; 9],
    stack: smallvec::SmallVec<[Value<'a>; MAX_STACK]>,
    variables: [Value<'a>; 52],
    out: &'o mut Vec<u8>,
    /// Length of `out` at which the expansion is cut.
    limit: usize,
}

/// Appends the expansion of `source` with the given parameters. A string that uses more parameters than
/// are given expands to nothing, as in ncurses; so does one that prints a number as text.
pub(crate) fn expand_into(source: &[u8], params: &[Param<'_>], out: &mut Vec<u8>) {
    if !source.contains(&b'%') {
        out.extend_from_slice(source);
        return;
    }
    if highest_parameter(source) > params.len() {
        return;
    }
    let mut slots = [Value::Number(0); 9];
    for (slot, param) in slots.iter_mut().zip(params) {
        *slot = match *param {
            Param::Number(n) => Value::Number(n),
            Param::Text(text) => Value::Text(text),
        };
    }
    let limit = out.len() + MAX_OUTPUT;
    Machine {
        source,
        at: 0,
        params: slots,
        stack: smallvec::SmallVec::new(),
        variables: [Value::Number(0); 52],
        out,
        limit,
    }
    .run();
}

/// The largest N of the `%pN` in a string.
fn highest_parameter(source: &[u8]) -> usize {
    source
        .windows(3)
        .filter(|w| w[0] == b'%' && w[1] == b'p' && w[2].is_ascii_digit())
        .map(|w| usize::from(w[2] - b'0'))
        .max()
        .unwrap_or(0)
}

impl<'a> Machine<'a, '_> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.source.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn push(&mut self, value: Value<'a>) {
        if self.stack.len() < MAX_STACK {
            self.stack.push(value);
        }
    }

    fn pop(&mut self) -> i32 {
        self.pop_value().number()
    }

    fn pop_value(&mut self) -> Value<'a> {
        self.stack.pop().unwrap_or(Value::Number(0))
    }

    fn run(&mut self) {
        while self.out.len() < self.limit {
            match self.next() {
                None => return,
                Some(b'%') => self.operation(),
                Some(byte) => self.out.push(byte),
            }
        }
    }

    fn operation(&mut self) {
        let Some(byte) = self.next() else { return };
        match byte {
            b'%' => self.out.push(b'%'),
            b'p' => {
                let index = self.next().map_or(0, |d| usize::from(d.wrapping_sub(b'1')));
                let value = self.params.get(index).copied().unwrap_or(Value::Number(0));
                self.push(value);
            }
            b'P' => {
                let value = self.pop_value();
                if let Some(slot) = self.next().and_then(variable) {
                    self.variables[slot] = value;
                }
            }
            b'g' => {
                if let Some(slot) = self.next().and_then(variable) {
                    self.push(self.variables[slot]);
                }
            }
            b'\'' => {
                let value = self.next().map_or(0, i32::from);
                self.push(Value::Number(value));
                self.next();
            }
            b'{' => self.constant(),
            b'l' => {
                let len = match self.pop_value() {
                    Value::Text(text) => text.len() as i32,
                    Value::Number(_) => 0,
                };
                self.push(Value::Number(len));
            }
            b'i' => {
                for slot in &mut self.params[..2] {
                    if let Value::Number(n) = slot {
                        *n = n.wrapping_add(1);
                    }
                }
            }
            b'?' | b';' => {}
            b't' => {
                if self.pop() == 0 {
                    self.skip(true);
                }
            }
            b'e' => self.skip(false),
            b'c' => {
                let byte = self.pop() as u8;
                // A NUL would end the string on output, so 0x80 is sent instead.
                self.out.push(if byte == 0 { 0x80 } else { byte });
            }
            b'!' => {
                let value = self.pop();
                self.push(Value::Number(i32::from(value == 0)));
            }
            b'~' => {
                let value = self.pop();
                self.push(Value::Number(!value));
            }
            b'+' | b'-' | b'*' | b'/' | b'm' | b'&' | b'|' | b'^' | b'=' | b'<' | b'>' | b'A' | b'O' => {
                // `%-` and `%+` are operators; only `%:-` starts a format.
                self.binary(byte);
            }
            _ => {
                self.at -= 1;
                self.print();
            }
        }
    }

    fn constant(&mut self) {
        let mut value = 0i32;
        let mut negative = false;
        while let Some(byte) = self.next() {
            match byte {
                b'-' => negative = true,
                b'0'..=b'9' => value = value.wrapping_mul(10).wrapping_add(i32::from(byte - b'0')),
                _ => break,
            }
        }
        self.push(Value::Number(if negative { value.wrapping_neg() } else { value }));
    }

    fn binary(&mut self, operator: u8) {
        let (b, a) = (self.pop(), self.pop());
        let value = match operator {
            b'+' => a.wrapping_add(b),
            b'-' => a.wrapping_sub(b),
            b'*' => a.wrapping_mul(b),
            b'/' => a.checked_div(b).unwrap_or(0),
            b'm' => a.checked_rem(b).unwrap_or(0),
            b'&' => a & b,
            b'|' => a | b,
            b'^' => a ^ b,
            b'=' => i32::from(a == b),
            b'<' => i32::from(a < b),
            b'>' => i32::from(a > b),
            b'A' => i32::from(a != 0 && b != 0),
            _ => i32::from(a != 0 || b != 0),
        };
        self.push(Value::Number(value));
    }

    /// Skips to the matching `%e` (if allowed) or `%;`.
    fn skip(&mut self, stop_at_else: bool) {
        let mut depth = 0usize;
        while let Some(byte) = self.next() {
            if byte != b'%' {
                continue;
            }
            match self.next() {
                Some(b'?') => depth += 1,
                Some(b';') if depth == 0 => return,
                Some(b';') => depth -= 1,
                Some(b'e') if depth == 0 && stop_at_else => return,
                Some(b'\'') => {
                    self.next();
                    self.next();
                }
                _ => {}
            }
        }
    }

    fn print(&mut self) {
        let mut spec = Spec::default();
        while let Some(byte) = self.next() {
            match byte {
                b':' => {}
                b'-' => spec.minus = true,
                b'+' => spec.plus = true,
                b'#' => spec.alternate = true,
                b' ' => spec.space = true,
                b'0' if spec.width == 0 && spec.precision.is_none() => spec.zero = true,
                b'.' => spec.precision = Some(0),
                b'0'..=b'9' => {
                    let digit = usize::from(byte - b'0');
                    let field = spec.precision.as_mut().unwrap_or(&mut spec.width);
                    *field = (*field * 10 + digit).min(MAX_OUTPUT);
                }
                b'd' | b'o' | b'x' | b'X' => {
                    let value = self.pop();
                    return self.number(&spec, byte, value);
                }
                b's' => {
                    let value = self.pop_value();
                    return self.text(&spec, value);
                }
                _ => return,
            }
        }
    }

    fn number(&mut self, spec: &Spec, conversion: u8, value: i32) {
        let mut digits = match conversion {
            b'd' => value.unsigned_abs().to_string(),
            b'o' => format!("{value:o}"),
            b'x' => format!("{value:x}"),
            _ => format!("{value:X}"),
        };
        if let Some(precision) = spec.precision {
            while digits.len() < precision {
                digits.insert(0, '0');
            }
        }
        let sign = match conversion {
            b'd' if value < 0 => "-",
            b'd' if spec.plus => "+",
            b'd' if spec.space => " ",
            b'o' if spec.alternate => "0",
            b'x' if spec.alternate => "0x",
            b'X' if spec.alternate => "0X",
            _ => "",
        };
        if spec.zero && !spec.minus && spec.precision.is_none() {
            while digits.len() + sign.len() < spec.width {
                digits.insert(0, '0');
            }
        }
        self.padded(spec, format!("{sign}{digits}").as_bytes());
    }

    fn text(&mut self, spec: &Spec, value: Value<'_>) {
        let Value::Text(text) = value else { return };
        let shown = spec.precision.map_or(text, |p| &text[..p.min(text.len())]);
        self.padded(spec, shown);
    }

    fn padded(&mut self, spec: &Spec, text: &[u8]) {
        let fill = spec.width.saturating_sub(text.len());
        if !spec.minus {
            self.out.resize(self.out.len() + fill, b' ');
        }
        self.out.extend_from_slice(text);
        if spec.minus {
            self.out.resize(self.out.len() + fill, b' ');
        }
    }
}

/// The slot of a variable: `a`–`z` (per expansion) and `A`–`Z` (other programs keep them between
/// expansions; no drawing depends on that).
fn variable(name: u8) -> Option<usize> {
    match name {
        b'a'..=b'z' => Some(usize::from(name - b'a')),
        b'A'..=b'Z' => Some(usize::from(name - b'A') + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, params: &[Param<'_>], expect: &str) {
        let mut got = Vec::new();
        expand_into(source.as_bytes(), params, &mut got);
        assert_eq!(String::from_utf8_lossy(&got), expect, "{source}");
    }

    #[test]
    fn expands_as_tparm() {
        use Param::{Number as N, Text as T};
        check("\x1b[%i%p1%d;%p2%dH", &[N(4), N(0)], "\x1b[5;1H");
        let setaf = "\x1b[%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m";
        check(setaf, &[N(1)], "\x1b[31m");
        check(setaf, &[N(9)], "\x1b[91m");
        check(setaf, &[N(200)], "\x1b[38;5;200m");
        let hls = "\x1b]8;%?%p1%l%tid=%p1%s%;;%p2%s\x1b\\";
        check(hls, &[T(b""), T(b"http://x")], "\x1b]8;;http://x\x1b\\");
        check(hls, &[T(b"7"), T(b"u")], "\x1b]8;id=7;u\x1b\\");
        let sync = "\x1b[?2026%?%p1%{1}%-%tl%eh%;";
        check(sync, &[N(1)], "\x1b[?2026h");
        check(sync, &[N(2)], "\x1b[?2026l");
        check("%p1%03d|%p1%:-4d|%p1%x", &[N(11)], "011|11  |b");
        check("a%%b%p1%c", &[N(65)], "a%bA");
        check("%p1%p2%+%d", &[N(1), N(2)], "3");
        let us = "\x1b[58::2::%p1%{65536}%/%d::%p1%{256}%/%{255}%&%d::%p1%{255}%&%d%;m";
        check(us, &[N(0x010203)], "\x1b[58::2::1::2::3m");
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        check("\x1b[%p2%d", &[Param::Number(1)], "");
        check("%p1%s", &[Param::Number(1)], "");
        check("%", &[], "");
        check("%p1%99999d", &[Param::Number(1)], &format!("{:>8192}", 1));
        check("%{5}%{0}%/%d", &[], "0");
    }
}
