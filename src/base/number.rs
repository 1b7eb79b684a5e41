//! Numbers and percentages in arguments, option values and styles, with tmux's words for errors.

/// Parses a decimal number like tmux: leading white space and a sign are allowed, trailing text is not.
/// Errors: `invalid`, `too small`, `too large`.
pub(crate) fn parse_number(text: &str, min: i64, max: i64) -> Result<i64, &'static str> {
    if min > max {
        return Err("invalid");
    }
    let trimmed = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let (negative, digits) = match trimmed.as_bytes() {
        [b'-', ..] => (true, &trimmed[1..]),
        [b'+', ..] => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("invalid");
    }
    // Beyond 64 bits, the sign decides which limit was crossed.
    let value = digits.bytes().try_fold(0i64, |value, digit| {
        let digit = i64::from(digit - b'0');
        let value = value.checked_mul(10)?;
        if negative { value.checked_sub(digit) } else { value.checked_add(digit) }
    });
    match value {
        Some(value) if value < min => Err("too small"),
        Some(value) if value > max => Err("too large"),
        Some(value) => Ok(value),
        None if negative => Err("too small"),
        None => Err("too large"),
    }
}

/// Appends a number in decimal digits, as sequences of colours have them.
#[inline]
pub(crate) fn push_decimal(number: u8, out: &mut String) {
    if number >= 100 {
        out.push(char::from(b'0' + number / 100));
    }
    if number >= 10 {
        out.push(char::from(b'0' + number / 10 % 10));
    }
    out.push(char::from(b'0' + number % 10));
}

/// A number from `min` to `max`, or `N%` of `whole` (N from 0 to 100), which must also fall
/// between `min` and `max`. Errors as for `parse_number`, and `empty`.
pub(crate) fn parse_percentage(text: &str, min: i64, max: i64, whole: i64) -> Result<i64, &'static str> {
    if text.is_empty() {
        return Err("empty");
    }
    let Some(percent) = text.strip_suffix('%') else {
        return parse_number(text, min, max);
    };
    let value = whole.saturating_mul(parse_number(percent, 0, 100)?) / 100;
    if value < min {
        Err("too small")
    } else if value > max {
        Err("too large")
    } else {
        Ok(value)
    }
}

/// Parses a number like `sscanf("%u")` and returns the rest of the text: leading white space and a sign
/// are allowed, a negative number wraps, and one that is too large becomes the largest.
pub(crate) fn scan_unsigned(text: &str) -> Option<(u32, &str)> {
    let trimmed = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let unsigned = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
    let end = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
    let (digits, rest) = unsigned.split_at(end);
    if digits.is_empty() {
        return None;
    }
    let value = digits.parse::<u64>().map_or(u32::MAX, |value| value as u32);
    Some((if trimmed.starts_with('-') { value.wrapping_neg() } else { value }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scanning_takes_what_it_can() {
        assert_eq!(scan_unsigned("12x5"), Some((12, "x5")));
        assert_eq!(scan_unsigned(" +7"), Some((7, "")));
        assert_eq!(scan_unsigned("-1:"), Some((u32::MAX, ":")));
        assert_eq!(scan_unsigned("x"), None);
        assert_eq!(scan_unsigned("- 1"), None);
    }

    #[test]
    fn numbers_and_their_errors() {
        let check = |text: &str, expect| assert_eq!(parse_number(text, -5, 100), expect, "{text:?}");
        check("7", Ok(7));
        check(" +7", Ok(7));
        check("-5", Ok(-5));
        check("-6", Err("too small"));
        check("101", Err("too large"));
        check("99999999999999999999", Err("too large"));
        check("-99999999999999999999", Err("too small"));
        check("7 ", Err("invalid"));
        check("", Err("invalid"));
        check("-", Err("invalid"));
        check("0x1", Err("invalid"));
        assert_eq!(parse_percentage("50%", 1, 100, 80), Ok(40));
        assert_eq!(parse_percentage("101%", 1, 100, 80), Err("too large"));
        assert_eq!(parse_percentage("1%", 1, 100, 80), Err("too small"));
        assert_eq!(parse_percentage("", 1, 100, 80), Err("empty"));
        assert_eq!(parse_percentage("12", 1, 100, 80), Ok(12));
    }
}
