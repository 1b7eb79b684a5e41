//! The parameters of a control sequence.

/// A sequence with this many parameters or more is ignored.
const MAX: usize = 24;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Param {
    Missing,
    Number(i32),
    /// Several numbers joined by colons: their start in `joined`, and their count.
    Joined(u8, u8),
    /// Joined numbers that are invalid.
    Bad,
}

/// Parsed parameters.
#[derive(Clone, Default, Debug)]
pub(super) struct Params {
    list: Vec<Param>,
    joined: Vec<Option<i32>>,
}

/// A sequence with a parameter of this many joined numbers or more is ignored.
const MAX_JOINED: usize = 8;

/// Digits of which any number fits in 31 bits.
const SAFE_DIGITS: u32 = 9;

/// A number of only digits that fits in 31 bits.
fn number(text: &[u8]) -> Option<i32> {
    text.iter().try_fold(0i32, |n, &b| {
        let digit = b.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        n.checked_mul(10)?.checked_add(i32::from(digit))
    })
}

impl Params {
    fn parse_joined(&mut self, text: &[u8]) -> Param {
        let start = self.joined.len();
        for part in text.split(|&b| b == b':') {
            let value = number(part).filter(|_| !part.is_empty());
            if value.is_none() && !part.is_empty() {
                return Param::Bad;
            }
            self.joined.push(value);
            if self.joined.len() - start == MAX_JOINED {
                return Param::Bad;
            }
        }
        Param::Joined(start as u8, (self.joined.len() - start) as u8)
    }

    /// Parses `1;2:3;…`; false if the sequence must be ignored.
    pub(super) fn parse(&mut self, text: &[u8]) -> bool {
        self.list.clear();
        self.joined.clear();
        if text.is_empty() {
            return true;
        }
        for part in text.split(|&b| b == b';') {
            let param = match number(part) {
                _ if part.is_empty() => Param::Missing,
                Some(value) => Param::Number(value),
                None if part.contains(&b':') => self.parse_joined(part),
                None => return false,
            };
            self.list.push(param);
            if self.list.len() == MAX {
                return false;
            }
        }
        true
    }

    /// Parses leading digits and semicolons and returns their length; `None` if only the full rules
    /// (`parse`) apply.
    pub(super) fn parse_plain(&mut self, text: &[u8]) -> Option<usize> {
        self.list.clear();
        self.joined.clear();
        let (mut number, mut digits) = (0i32, 0);
        for (at, &byte) in text.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                number = number.wrapping_mul(10).wrapping_add(i32::from(digit));
                digits += 1;
                continue;
            }
            let param = match digits {
                0 => Param::Missing,
                1..=SAFE_DIGITS => Param::Number(number),
                _ => return None,
            };
            if byte == b';' {
                self.list.push(param);
                (number, digits) = (0, 0);
                continue;
            }
            if at > 0 {
                self.list.push(param);
            }
            return (self.list.len() < MAX).then_some(at);
        }
        None
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A number of at least `least`, or `default` if it is missing; -1 for joined numbers.
    pub(super) fn get(&self, index: usize, least: i32, default: i32) -> i32 {
        match self.list.get(index) {
            None | Some(Param::Missing) => default,
            Some(Param::Number(value)) => (*value).max(least),
            Some(Param::Joined(..) | Param::Bad) => -1,
        }
    }

    /// A count of at least 1; `None` for joined numbers.
    pub(super) fn count(&self, index: usize) -> Option<u32> {
        u32::try_from(self.get(index, 1, 1)).ok()
    }

    /// Reports whether a parameter is joined by colons.
    pub(super) fn is_joined(&self, index: usize) -> bool {
        matches!(self.list.get(index), Some(Param::Joined(..) | Param::Bad))
    }

    /// The numbers of a joined parameter; empty if it is invalid.
    pub(super) fn joined(&self, index: usize) -> &[Option<i32>] {
        match self.list.get(index) {
            Some(&Param::Joined(start, count)) => &self.joined[usize::from(start)..][..usize::from(count)],
            _ => &[],
        }
    }
}
