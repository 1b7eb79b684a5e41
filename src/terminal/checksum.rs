//! DECRQCRA: a checksum of a rectangle of the screen, computed as xterm does, for programs that
//! test terminals. It lets a program read the screen, so an option must allow it.

use super::cells::Packed;
use super::params::Params;
use super::screen::Screen;
use crate::base::{Attrs, Cell};

bitflags::bitflags! {
    /// Rules of the sum (XTCHECKSUM): each flag turns off a rule of DEC's terminals.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
    pub struct ChecksumRules: u8 {
        /// The sum is not negated.
        const POSITIVE = 1;
        /// Bold, underline, blinking and reverse are not counted.
        const NO_ATTRIBUTES = 2;
        /// Blanks at the ends of lines are counted.
        const BLANKS = 4;
        /// Cells that were never written are not counted.
        const NO_EMPTY = 8;
        /// Characters count with all their bits and their combining characters.
        const WHOLE = 16;
        /// Characters count with eight bits rather than seven.
        const EIGHT_BITS = 32;
    }
}

/// Weight of each attribute in a cell's number.
const WEIGHTS: &[(Attrs, u32)] =
    &[(Attrs::UNDERSCORE, 0x10), (Attrs::REVERSE, 0x20), (Attrs::BLINK, 0x40), (Attrs::BRIGHT, 0x80)];

impl Screen {
    /// XTCHECKSUM: `CSI rules # y`.
    pub(super) fn set_checksum_rules(&mut self, params: &Params) {
        if let Ok(rules) = u8::try_from(params.get(0, 0, 0)) {
            self.checksum_rules = ChecksumRules::from_bits_truncate(rules);
        }
    }

    /// DECRQCRA: `CSI id ; page ; top ; left ; bottom ; right * y`.
    pub(super) fn report_checksum(&mut self, params: &Params) {
        let id = params.get(0, 0, 0);
        let (rows, cols) = (self.rows() as i32, self.cols() as i32);
        let (first, last) = self.addressed_rows();
        let place = |index, default: i32| params.get(index, 1, default).clamp(1, 1 << 16) as u32 - 1;
        let top = (first + place(2, 1)).min(last);
        let bottom = (first + place(4, rows)).min(last);
        let (left, right) = (place(3, 1), place(5, cols).min(cols as u32 - 1));
        if id < 0 || bottom < top || right < left {
            return;
        }
        let sum = (top..=bottom).fold(0u32, |sum, y| sum.wrapping_add(self.row_sum(y, left, right)));
        let positive = self.checksum_rules.contains(ChecksumRules::POSITIVE);
        let sum = if positive { sum } else { sum.wrapping_neg() };
        self.outbox.reply(format!("\x1bP{id}!~{:04X}\x1b\\", sum & 0xffff).as_bytes());
    }

    fn row_sum(&self, y: u32, left: u32, right: u32) -> u32 {
        let rules = self.checksum_rules;
        let Some(line) = self.grid.lines.get(y as usize) else { return 0 };
        let (mut sum, mut blanks) = (0u32, 0u32);
        for x in left..=right {
            let cell = self.grid.tables.unpack(line.get(x));
            let empty = x >= line.len() || line.get(x) == Packed::CLEARED;
            if cell.is_padding() || (empty && rules.contains(ChecksumRules::NO_EMPTY)) {
                continue;
            }
            let weight = cell_weight(&cell, rules);
            if weight == u32::from(b' ') && !rules.contains(ChecksumRules::BLANKS) {
                blanks += weight;
            } else {
                sum = sum.wrapping_add(weight + std::mem::take(&mut blanks));
            }
        }
        sum
    }
}

fn cell_weight(cell: &Cell, rules: ChecksumRules) -> u32 {
    let mut text = String::new();
    cell.glyph.push_text_to(&mut text);
    let mut chars = text.chars().map(u32::from);
    let mut weight = match rules.contains(ChecksumRules::WHOLE) {
        true => chars.fold(0, u32::wrapping_add),
        false => {
            let mask = if rules.contains(ChecksumRules::EIGHT_BITS) { 0xff } else { 0x7f };
            chars.next().unwrap_or(0) & mask
        }
    };
    if !rules.contains(ChecksumRules::NO_ATTRIBUTES) {
        for (attr, more) in WEIGHTS {
            weight += if cell.style.attrs.contains(*attr) { *more } else { 0 };
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use crate::base::Size;
    use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};

    fn answer(allowed: bool, bytes: &str) -> String {
        let config = TerminalConfig { allow_checksum: allowed, ..TerminalConfig::default() };
        let mut terminal = Terminal::new(Size::new(10, 4), config, Box::new(MemoryHistory::new(0, 10)));
        terminal.feed(bytes.replace("CSI ", "\x1b[").as_bytes());
        String::from_utf8_lossy(&terminal.take_replies()).replace('\x1b', "^[")
    }

    #[track_caller]
    fn check(bytes: &str, expect: u32) {
        assert_eq!(answer(true, bytes), format!("^[P7!~{expect:04X}^[\\"), "{bytes:?}");
    }

    #[test]
    fn a_checksum_is_the_negated_sum_of_what_was_written() {
        check("abCSI 7;1;1;1;4;10*y", 0x10000 - 0x61 - 0x62);
        check("abCSI 7*y", 0x10000 - 0x61 - 0x62);
        check("abCSI 7;1;1;2;1;2*y", 0x10000 - 0x62);
        check("a bCSI 7*y", 0x10000 - 0x61 - 0x20 - 0x62);
        check("a  CSI 7*y", 0x10000 - 0x61);
        check("CSI 4maCSI 7*y", 0x10000 - 0x61 - 0x10);
        check("CSI 1;7maCSI 7*y", 0x10000 - 0x61 - 0x80 - 0x20);
        check("éCSI 7*y", 0x10000 - 0x69);
        check("CSI 7*y", 0);
    }

    #[test]
    fn a_program_chooses_how_the_sum_is_made() {
        check("CSI 1#yabCSI 7*y", 0xc3);
        check("CSI 3#yCSI 1maCSI 7*y", 0x61);
        check("CSI 7#yCSI 7;1;1;1;1;1*y", 0x20);
        check("CSI 15#yCSI 7;1;1;1;1;1*y", 0);
        check("CSI 15#y CSI 7;1;1;1;1;1*y", 0x20);
        check("CSI 33#yéCSI 7*y", 0xe9);
        check("CSI 17#y日CSI 7*y", 0x65e5);
        check("CSI 17#ye\u{301}CSI 7*y", 0x365 + 1);
    }

    #[test]
    fn rows_count_from_the_region_in_origin_mode() {
        check("CSI 1#yabCSI 2;3rCSI ?6hcCSI 7;1;1;1;1;10*y", 0x63);
    }

    #[test]
    fn nothing_is_told_unless_the_option_allows_it() {
        assert_eq!(answer(false, "abCSI 7*y"), "");
        assert_eq!(answer(true, "abCSI 7;1;3;1;2;1*y"), "");
    }
}
