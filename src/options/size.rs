//! Typed sizes and times in options: they are stored as written, and parsed when read.

use crate::base::number::parse_number;

/// Largest bare number, as in tmux.
const MAX_LINES: i64 = 2147483647;

const KIB: u64 = 1024;

/// The default of `history-limit`. It is printed like tmux's, so that scripts see no difference, but more
/// is kept.
const UNTOUCHED_HISTORY: &str = "2000";
const UNTOUCHED_HISTORY_BYTES: u64 = 64 * KIB * KIB;

/// A limit in bytes: `64M`, `2G`, or a bare number, which stands for that many lines and means that many
/// KiB. Suffixes `B K M G T`, powers of 1024, in either case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct ByteCap {
    pub bytes: u64,
}

impl ByteCap {
    /// Errors in tmux's words for numbers: `invalid`, `too small`, `too large`.
    pub(crate) fn parse(text: &str) -> Result<ByteCap, &'static str> {
        match bytes_with_suffix(text) {
            Some(bytes) => bytes.map(|bytes| ByteCap { bytes }),
            None => {
                let lines = parse_number(text, 0, MAX_LINES)?;
                Ok(ByteCap { bytes: lines as u64 * KIB })
            }
        }
    }

    /// The meaning of the default `history-limit`, which is more than its printed value.
    pub(crate) fn untouched(text: &str) -> Option<ByteCap> {
        (text == UNTOUCHED_HISTORY).then_some(ByteCap { bytes: UNTOUCHED_HISTORY_BYTES })
    }
}

/// A limit in bytes (or tasks), or as a percentage of what the host has.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum MemoryLimit {
    /// Bytes, or tasks for a limit of processes.
    Absolute(u64),
    /// 0 to 100.
    Percent(u8),
    /// `max` or `none`: no limit.
    None,
}

impl MemoryLimit {
    pub fn parse(text: &str) -> Result<MemoryLimit, &'static str> {
        if text.eq_ignore_ascii_case("max") || text.eq_ignore_ascii_case("none") {
            return Ok(MemoryLimit::None);
        }
        if let Some(percent) = text.strip_suffix('%') {
            return parse_number(percent, 0, 100).map(|percent| MemoryLimit::Percent(percent as u8));
        }
        match bytes_with_suffix(text) {
            Some(bytes) => bytes.map(MemoryLimit::Absolute),
            None => parse_number(text, 0, i64::MAX).map(|bytes| MemoryLimit::Absolute(bytes as u64)),
        }
    }

    /// The limit if the host has `whole`; `None` is no limit.
    pub fn of(self, whole: u64) -> Option<u64> {
        match self {
            MemoryLimit::Absolute(bytes) => Some(bytes),
            MemoryLimit::Percent(percent) => Some((u128::from(whole) * u128::from(percent) / 100) as u64),
            MemoryLimit::None => None,
        }
    }
}

/// A count of bytes in the largest of the units M and K that it fills, as a message shows a limit.
pub(crate) fn short_bytes(bytes: u64) -> String {
    match bytes {
        0x10_0000.. => format!("{}M", bytes >> 20),
        0x400.. => format!("{}K", bytes >> 10),
        _ => bytes.to_string(),
    }
}

/// Time for which data is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Seconds; 0 means that it is not kept.
    Seconds(u64),
    Forever,
}

impl Keep {
    /// Parses seconds, or with a suffix minutes, hours, days or weeks; or `forever`.
    pub fn parse(text: &str) -> Result<Keep, &'static str> {
        if text.eq_ignore_ascii_case("forever") {
            return Ok(Keep::Forever);
        }
        let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86400), ('w', 604800)];
        let lower = text.to_ascii_lowercase();
        let found = units.iter().find_map(|&(suffix, unit)| lower.strip_suffix(suffix).map(|n| (n, unit)));
        let (digits, unit) = found.unwrap_or((&lower, 1));
        let seconds = parse_number(digits, 0, MAX_LINES)? as u64;
        Ok(Keep::Seconds(seconds * unit))
    }
}

/// Parses digits with a suffix as bytes; `None` without a suffix.
fn bytes_with_suffix(text: &str) -> Option<Result<u64, &'static str>> {
    let suffix = text.chars().last()?.to_ascii_uppercase();
    let shift = match suffix {
        'B' => 0,
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Err("invalid"));
    }
    let bytes = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(1 << shift));
    Some(bytes.filter(|&bytes| i64::try_from(bytes).is_ok()).ok_or("too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_the_largest_unit_that_they_fill() {
        let shown = [0, 1, 1023, 1 << 10, (1 << 20) - 1, 1 << 20, 5 << 30].map(short_bytes);
        assert_eq!(shown, ["0", "1", "1023", "1K", "1023K", "1M", "5120M"]);
    }

    #[test]
    fn sizes_are_read() {
        let cap = |text: &str| ByteCap::parse(text).map(|cap| cap.bytes);
        assert_eq!(cap("64M"), Ok(64 << 20));
        assert_eq!(cap("2g"), Ok(2 << 30));
        assert_eq!(cap("50000"), Ok(50000 << 10));
        assert_eq!(cap("0"), Ok(0));
        assert_eq!(cap("-1"), Err("too small"));
        assert_eq!(cap("9999999999"), Err("too large"));
        assert_eq!(cap("x"), Err("invalid"));
        assert_eq!(cap("xM"), Err("invalid"));
        assert_eq!(cap("99999999999999T"), Err("too large"));
        assert_eq!(MemoryLimit::parse("75%").unwrap().of(1000), Some(750));
        assert_eq!(MemoryLimit::parse("1K").unwrap().of(1000), Some(1024));
        assert_eq!(MemoryLimit::parse("max").unwrap().of(1000), None);
        assert_eq!(MemoryLimit::parse("101%"), Err("too large"));
        assert_eq!(Keep::parse("7d"), Ok(Keep::Seconds(604800)));
        assert_eq!(Keep::parse("forever"), Ok(Keep::Forever));
        assert_eq!(Keep::parse("often"), Err("invalid"));
    }
}
