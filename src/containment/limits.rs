//! Limits and resource use of a pane, as plain numbers.

/// Limits of one pane. `None`: unlimited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of memory; beyond it the kernel kills processes of the pane.
    pub memory_max: Option<u64>,
    /// Bytes of swap.
    pub swap_max: Option<u64>,
    /// Processes and threads.
    pub pids_max: Option<u64>,
    /// Share of the processor, 1–10000; the default of groups is 100.
    pub cpu_weight: u32,
    /// Share of disks, 1–10000.
    pub io_weight: u32,
    /// True if running out of memory kills all of the pane, not only its largest process.
    pub oom_ends_pane: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_max: None,
            swap_max: None,
            pids_max: None,
            cpu_weight: 100,
            io_weight: 100,
            oom_ends_pane: false,
        }
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
