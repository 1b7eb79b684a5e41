//! Numbers as the C library reads and prints them, for `#{e|…}`.

/// Reads a whole string as `strtod(3)` does: leading white space, a sign, decimal or hexadecimal with
/// exponents, `inf`, `nan`. An empty string is 0; `None` when text is left over.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    if text.is_empty() {
        return Some(0.0);
    }
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = parse_unsigned(&digits.to_ascii_lowercase())?;
    Some(if negative { -value } else { value })
}

fn parse_unsigned(text: &str) -> Option<f64> {
    if text == "inf" || text == "infinity" {
        return Some(f64::INFINITY);
    }
    if text == "nan" || text.strip_prefix("nan(").is_some_and(|rest| rest.ends_with(')')) {
        return Some(f64::from_bits(0x7ff8_0000_0000_0000));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return parse_hex(hex);
    }
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'.');
    let allowed = text.bytes().all(|b| b.is_ascii_digit() || b".e+-".contains(&b));
    if starts && allowed { text.parse().ok() } else { None }
}

fn parse_hex(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once('p') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0f64;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let scale = exponent.saturating_sub(4 * i32::try_from(fraction.len()).ok()?);
    Some(value * 2f64.powi(scale))
}

/// A double as a 64-bit integer, converted as on x86: a number that does not fit becomes the smallest
/// one.
pub(super) fn truncate(value: f64) -> i64 {
    if value.is_finite() && value < i64::MAX as f64 { value as i64 } else { i64::MIN }
}

/// Prints as `%.*f`; a negative precision means six places.
pub(super) fn print_float(value: f64, precision: i64) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_nan() {
        return format!("{sign}nan");
    }
    if value.is_infinite() {
        return format!("{sign}inf");
    }
    let places = usize::try_from(precision).unwrap_or(6);
    format!("{value:.places$}")
}

/// The not-a-number that results from two numbers: an operand's, else the processor's own, which is
/// negative.
pub(super) fn settle_nan(result: f64, left: f64, right: f64) -> f64 {
    match (result.is_nan(), left.is_nan(), right.is_nan()) {
        (false, _, _) => result,
        (_, true, _) => left,
        (_, _, true) => right,
        _ => f64::from_bits(0xfff8_0000_0000_0000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_strtod() {
        let check = |text: &str, expect: Option<f64>| assert_eq!(parse_float(text), expect, "{text:?}");
        check("", Some(0.0));
        check(" 2", Some(2.0));
        check(" ", None);
        check("1e3", Some(1000.0));
        check("1e", None);
        check(".5", Some(0.5));
        check("5.", Some(5.0));
        check(".", None);
        check("0x10", Some(16.0));
        check("0x1.8p1", Some(3.0));
        check("-inf", Some(f64::NEG_INFINITY));
        check("1x", None);
        assert_eq!(truncate(f64::INFINITY), i64::MIN);
        assert_eq!(print_float(0.5, 0), "0");
        assert_eq!(print_float(2.5, 0), "2");
        assert_eq!(print_float(3.0, -1), "3.000000");
    }
}
