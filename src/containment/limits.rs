//! The limits of a pane, one row for each: the option that sets it and how systemd and both versions of
//! the kernel's interface spell it. A new limit is a row here and an option of that name.

use std::ops::{Index, IndexMut};

/// A limit of a pane; its number is its place in `LIMITS`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Bytes of swap.
    Swap,
    /// Bytes of memory; beyond it the kernel kills processes of the pane.
    Memory,
    /// Processes and threads.
    Pids,
    /// Share of the processor, 1 to 10000; the default of groups is 100.
    Cpu,
    /// Share of disks, 1 to 10000; the default of groups is 100.
    Io,
}

/// What a limit counts, and so what its percentages are of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    Memory,
    Tasks,
    Weight,
}

/// A file of a group, and the text to write for a value. `None` is no limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knob {
    pub file: &'static str,
    pub text: fn(Option<u64>) -> String,
}

/// A file of a group of version 1.
#[derive(Clone, Copy, Debug)]
pub(super) enum Version1 {
    Knob {
        controller: &'static str,
        knob: Knob,
    },
    /// Version 1 limits memory, and memory and swap together: `v1` writes both limits in their order.
    WithMemory,
}

#[derive(Clone, Copy, Debug)]
pub struct LimitRow {
    pub limit: Limit,
    /// Option of a pane.
    pub option: &'static str,
    pub amount: Amount,
    pub(super) v1: Version1,
    pub(super) v2: Knob,
    /// Property of a systemd scope; the largest number is no limit.
    pub(super) property: &'static str,
}

/// In the order in which they are written: of the limits of memory and swap, memory last.
pub const LIMITS: [LimitRow; 5] = [
    LimitRow {
        limit: Limit::Swap,
        option: "pane-swap-max",
        amount: Amount::Memory,
        v1: Version1::WithMemory,
        v2: Knob { file: "memory.swap.max", text: or_max },
        property: "MemorySwapMax",
    },
    LimitRow {
        limit: Limit::Memory,
        option: "pane-memory-max",
        amount: Amount::Memory,
        v1: Version1::WithMemory,
        v2: Knob { file: "memory.max", text: or_max },
        property: "MemoryMax",
    },
    LimitRow {
        limit: Limit::Pids,
        option: "pane-pids-max",
        amount: Amount::Tasks,
        v1: Version1::Knob { controller: "pids", knob: Knob { file: "pids.max", text: or_max } },
        v2: Knob { file: "pids.max", text: or_max },
        property: "TasksMax",
    },
    LimitRow {
        limit: Limit::Cpu,
        option: "pane-cpu-weight",
        amount: Amount::Weight,
        v1: Version1::Knob { controller: "cpu", knob: Knob { file: "cpu.shares", text: shares } },
        v2: Knob { file: "cpu.weight", text: |value| weight(value).to_string() },
        property: "CPUWeight",
    },
    LimitRow {
        limit: Limit::Io,
        option: "pane-io-weight",
        amount: Amount::Weight,
        v1: Version1::Knob { controller: "blkio", knob: Knob { file: "blkio.weight", text: disk_weight } },
        v2: Knob { file: "io.weight", text: |value| format!("default {}", weight(value)) },
        property: "IOWeight",
    },
];

impl LimitRow {
    /// Reports whether a new group of the kernel has this value.
    pub(super) fn is_default(&self, value: Option<u64>) -> bool {
        match self.amount {
            Amount::Weight => weight(value) == DEFAULT_WEIGHT,
            Amount::Memory | Amount::Tasks => value.is_none(),
        }
    }

    /// The number that systemd gets.
    pub(super) fn number(&self, value: Option<u64>) -> u64 {
        match self.amount {
            Amount::Weight => weight(value),
            Amount::Memory | Amount::Tasks => value.unwrap_or(u64::MAX),
        }
    }
}

fn or_max(value: Option<u64>) -> String {
    value.map_or("max".to_owned(), |n| n.to_string())
}

/// A weight as systemd and version 2 have it.
fn weight(value: Option<u64>) -> u64 {
    value.unwrap_or(DEFAULT_WEIGHT).clamp(1, 10_000)
}

/// Version 1 counts 1024 shares for a weight of 100.
fn shares(value: Option<u64>) -> String {
    (weight(value) * 1024 / DEFAULT_WEIGHT).max(2).to_string()
}

/// Version 1 has 10 to 1000, with 500 as the default.
fn disk_weight(value: Option<u64>) -> String {
    weight(value).saturating_mul(5).clamp(10, 1000).to_string()
}

const DEFAULT_WEIGHT: u64 = 100;

/// Limits of one pane. `None`: no limit, or the default weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    values: [Option<u64>; LIMITS.len()],
    /// True if running out of memory kills all of the pane, not only its largest process.
    pub oom_ends_pane: bool,
}

impl Limits {
    /// No limits, with what happens when memory runs out.
    pub fn new(oom_ends_pane: bool) -> Self {
        Self { oom_ends_pane, ..Self::default() }
    }

    /// The limits with one of them changed.
    pub fn with(mut self, limit: Limit, value: Option<u64>) -> Self {
        self[limit] = value;
        self
    }
}

impl Index<Limit> for Limits {
    type Output = Option<u64>;

    fn index(&self, limit: Limit) -> &Option<u64> {
        &self.values[limit as usize]
    }
}

impl IndexMut<Limit> for Limits {
    fn index_mut(&mut self, limit: Limit) -> &mut Option<u64> {
        &mut self.values[limit as usize]
    }
}

/// Present resource use of a pane. `None`: not known on this host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Bytes.
    pub memory: Option<u64>,
    pub memory_peak: Option<u64>,
    /// The limit in force, from the kernel.
    pub memory_max: Option<u64>,
    pub swap: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
    /// Microseconds of processor time so far.
    pub cpu_usec: Option<u64>,
    /// Tasks killed by the kernel because memory ran out. One kill can count several tasks.
    pub oom_kills: Option<u64>,
}

/// An amount as options write it: `512M`, `75%` (of `base`), plain bytes, `0`; `max`,
/// `infinity` and `none` mean no limit. Suffixes `K M G T` count in 1024s, with or without a
/// trailing `B` or `iB`. Anything else is an error.
pub fn parse_amount(text: &str, base: u64) -> Result<Option<u64>, BadAmount> {
    let text = text.trim();
    if ["max", "infinity", "none"].contains(&text) {
        return Ok(None);
    }
    if let Some(number) = text.strip_suffix('%') {
        let percent: f64 = number.trim().parse().map_err(|_| BadAmount)?;
        if !(0.0..=100.0).contains(&percent) {
            return Err(BadAmount);
        }
        return Ok(Some((base as f64 * percent / 100.0) as u64));
    }
    let digits = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let (number, suffix) = text.split_at(digits);
    let suffix = suffix.trim().to_ascii_uppercase();
    let suffix = suffix.strip_suffix("IB").or_else(|| suffix.strip_suffix('B')).unwrap_or(&suffix);
    let shift = match suffix {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(BadAmount),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift).map(Some).ok_or(BadAmount);
    }
    let number: f64 = number.parse().map_err(|_| BadAmount)?;
    let bytes = number * (1u64 << shift) as f64;
    if bytes < u64::MAX as f64 { Ok(Some(bytes as u64)) } else { Err(BadAmount) }
}

/// The text is not an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an amount of bytes or a percentage")]
pub struct BadAmount;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_their_names() {
        for (at, row) in LIMITS.iter().enumerate() {
            assert_eq!(row.limit as usize, at, "{}", row.option);
        }
        let place = |limit: Limit| LIMITS.iter().position(|row| row.limit == limit);
        assert!(place(Limit::Swap) < place(Limit::Memory));
    }

    #[test]
    fn amounts() {
        let check = |text: &str, expect: Result<Option<u64>, BadAmount>| {
            assert_eq!(parse_amount(text, 1000), expect, "{text}");
        };
        check("75%", Ok(Some(750)));
        check("0", Ok(Some(0)));
        check("64M", Ok(Some(64 << 20)));
        check("64MiB", Ok(Some(64 << 20)));
        check("1.5k", Ok(Some(1536)));
        check("2 G", Ok(Some(2 << 30)));
        check("max", Ok(None));
        for bad in ["", "%", "-1", "101%", "x", "5X", "99999999999T", "1..2"] {
            check(bad, Err(BadAmount));
        }
    }
}
