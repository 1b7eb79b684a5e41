//! The parameters of a control sequence.

use smallvec::SmallVec;

/// Parameters a sequence may have, less one; with more it is ignored.
const MAX: usize = 24;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Param {
    Missing,
    Number(i32),
    /// Several numbers joined by colons.
    Joined(SmallVec<[Option<i32>; 8]>),
    /// Joined numbers that make no sense.
    Bad,
}

/// Parsed parameters.
#[derive(Clone, Default, Debug)]
pub struct Params {
    list: Vec<Param>,
}

/// Numbers in one parameter joined by colons, less one; with more it is ignored.
const MAX_JOINED: usize = 8;

fn number(text: &[u8]) -> Option<i32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn joined(text: &[u8]) -> Param {
    let mut numbers = SmallVec::new();
    for part in text.split(|&b| b == b':') {
        numbers.push(match part {
            [] => None,
            digits => match number(digits) {
                Some(value) => Some(value),
                None => return Param::Bad,
            },
        });
        if numbers.len() == MAX_JOINED {
            return Param::Bad;
        }
    }
    Param::Joined(numbers)
}

impl Params {
    /// Parses `1;2:3;…`; false if the sequence is to be ignored.
    pub fn parse(&mut self, text: &[u8]) -> bool {
        self.list.clear();
        if text.is_empty() {
            return true;
        }
        for part in text.split(|&b| b == b';') {
            self.list.push(if part.is_empty() {
                Param::Missing
            } else if part.contains(&b':') {
                joined(part)
            } else {
                match number(part) {
                    Some(value) => Param::Number(value),
                    None => return false,
                }
            });
            if self.list.len() == MAX {
                return false;
            }
        }
        true
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A number of at least `least`, or `default` where there is none; -1 for joined ones.
    pub fn get(&self, index: usize, least: i32, default: i32) -> i32 {
        match self.list.get(index) {
            None | Some(Param::Missing) => default,
            Some(Param::Number(value)) => (*value).max(least),
            Some(Param::Joined(_) | Param::Bad) => -1,
        }
    }

    /// A count of at least 1; `None` for joined numbers.
    pub fn count(&self, index: usize) -> Option<u32> {
        u32::try_from(self.get(index, 1, 1)).ok()
    }

    /// Whether a parameter is joined by colons.
    pub fn is_joined(&self, index: usize) -> bool {
        matches!(self.list.get(index), Some(Param::Joined(_) | Param::Bad))
    }

    /// The numbers of a joined parameter; empty if it makes no sense.
    pub fn joined(&self, index: usize) -> &[Option<i32>] {
        match self.list.get(index) {
            Some(Param::Joined(numbers)) => numbers,
            _ => &[],
        }
    }
}
