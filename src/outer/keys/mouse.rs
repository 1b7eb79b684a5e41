//! Mouse reports: the X10 form (`CSI M` and three bytes) and the SGR form (`CSI < b ; x ; y`
//! and `M` or `m`).

use super::parse::Parse;

/// A mouse report, with the position of the one before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MouseReport {
    /// Position in cells from 0.
    pub x: u32,
    pub y: u32,
    /// Button and modifier bits as in X10's byte, minus 32; an SGR release has 3 here.
    pub b: u32,
    pub last_x: u32,
    pub last_y: u32,
    pub last_b: u32,
    /// The final byte of the SGR form (`M` or `m`), or a space for the X10 form.
    pub sgr_type: char,
    /// The button number of the SGR form.
    pub sgr_b: u32,
}

/// The report before.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct MouseState {
    x: u32,
    y: u32,
    b: u32,
}

pub(super) fn parse(bytes: &[u8], state: &mut MouseState) -> Parse<MouseReport> {
    let parsed = match bytes {
        [_] | [_, b'['] => return Parse::Partial,
        [_, b'[', b'M', rest @ ..] => x10(rest),
        [_, b'[', b'<', rest @ ..] => sgr(rest),
        _ => return Parse::No,
    };
    match parsed {
        Parse::Yes(mut report, size) => {
            (report.last_x, report.last_y, report.last_b) = (state.x, state.y, state.b);
            *state = MouseState { x: report.x, y: report.y, b: report.b };
            Parse::Yes(report, size + 3)
        }
        Parse::Discard(size) => Parse::Discard(size + 3),
        other => other,
    }
}

fn x10(rest: &[u8]) -> Parse<MouseReport> {
    let [b, x, y, ..] = *rest else { return Parse::Partial };
    if b < 0x20 || x < 0x21 || y < 0x21 {
        return Parse::Discard(3);
    }
    let report = MouseReport {
        x: u32::from(x - 0x21),
        y: u32::from(y - 0x21),
        b: u32::from(b - 0x20),
        sgr_type: ' ',
        ..MouseReport::default()
    };
    Parse::Yes(report, 3)
}

fn sgr(rest: &[u8]) -> Parse<MouseReport> {
    let mut fields = [0u32; 3];
    let mut field = 0;
    for (n, &byte) in rest.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                fields[field] = fields[field].wrapping_mul(10).wrapping_add(u32::from(byte - b'0'));
            }
            b';' if field < 2 => field += 1,
            b'M' | b'm' if field == 2 => return sgr_report(fields, byte, n + 1),
            _ => return Parse::No,
        }
    }
    Parse::Partial
}

fn sgr_report([b, x, y]: [u32; 3], last: u8, size: usize) -> Parse<MouseReport> {
    let release = last == b'm';
    let wheel = matches!(b & 0b1100_0011, 64 | 65);
    // Some terminals (PuTTY 0.63) send releases for the wheel; programs do not expect them.
    if x < 1 || y < 1 || (release && wheel) {
        return Parse::Discard(size);
    }
    let report = MouseReport {
        x: x - 1,
        y: y - 1,
        b: if release { 3 } else { b },
        sgr_type: char::from(last),
        sgr_b: b,
        ..MouseReport::default()
    };
    Parse::Yes(report, size)
}
