//! The number of columns of a character, and the characters that share a cell.
//!
//! Widths come from the crate `unicode-width`, except where glibc in C.UTF-8 or tmux 3.7c differs
//! (`width_deviations`); the options `codepoint-widths` and `variation-selector-always-wide` change them
//! (`WidthRules`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use unicode_width::UnicodeWidthChar;

use super::cell::{Cell, CellFlags, CellStyle, Glyph};
use super::width_deviations::DEVIATIONS;

/// A user's corrections, from the options `codepoint-widths` and
/// `variation-selector-always-wide`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WidthRules {
    /// Code point → columns (0–2).
    pub overrides: BTreeMap<u32, u8>,
    /// U+FE0F makes the character before it two columns wide.
    pub variation_selector_always_wide: bool,
}

impl Default for WidthRules {
    fn default() -> Self {
        Self { overrides: BTreeMap::new(), variation_selector_always_wide: true }
    }
}

impl WidthRules {
    /// Columns of one character; `None` for control characters.
    #[inline]
    pub fn char_width(&self, c: char) -> Option<u8> {
        if !self.overrides.is_empty()
            && !c.is_ascii()
            && let Some(&width) = self.overrides.get(&(c as u32))
        {
            return Some(width);
        }
        char_width(c)
    }

    /// Columns of a character beyond ASCII that has a cell of its own, whatever character is before it.
    /// `None` for all others.
    #[inline]
    pub(crate) fn apart_width(&self, c: char) -> Option<u8> {
        if c.is_ascii() {
            return None;
        }
        if self.overrides.is_empty() {
            let entry = entry(c as u32);
            return (1..=2).contains(&entry).then_some(entry);
        }
        self.char_width(c).filter(|width| *width > 0 && !may_join(c))
    }
}

/// Columns of one character under the built-in rules; `None` for ASCII control characters.
#[inline]
pub(crate) fn char_width(c: char) -> Option<u8> {
    let code = c as u32;
    if code < 0x80 {
        return (' '..='~').contains(&c).then_some(1);
    }
    Some(entry(code) & !JOINS)
}

/// Bit in an entry of a page, beside the width: `may_join`.
const JOINS: u8 = 0x80;

/// The entry of a character beyond ASCII.
#[inline]
fn entry(code: u32) -> u8 {
    page(code)[code as usize % PAGE]
}

/// Code points on one page of widths.
const PAGE: usize = 256;
type Page = [u8; PAGE];

/// The page with the width of a character beyond ASCII. A page is computed on first use: no session uses
/// all of Unicode, and all pages would take 1.1 million look-ups.
#[inline]
fn page(code: u32) -> &'static Page {
    const PAGES: usize = (char::MAX as usize + 1) / PAGE;
    static WIDTHS: [OnceLock<Box<Page>>; PAGES] = [const { OnceLock::new() }; PAGES];
    WIDTHS[code as usize / PAGE].get_or_init(|| {
        let first = code / PAGE as u32 * PAGE as u32;
        Box::new(std::array::from_fn(|at| {
            let code = first + at as u32;
            let joins = char::from_u32(code).is_some_and(may_join);
            measured_width(code) | if joins { JOINS } else { 0 }
        }))
    })
}

/// The width of a code point beyond ASCII, from the crate and the table of deviations.
fn measured_width(code: u32) -> u8 {
    let after = DEVIATIONS.partition_point(|&(first, ..)| first <= code);
    if let Some(&(_, last, width)) = DEVIATIONS[..after].last()
        && code <= last
    {
        return width;
    }
    char::from_u32(code).and_then(UnicodeWidthChar::width).unwrap_or(0) as u8
}

/// Columns of a whole string; control characters have none.
pub(crate) fn text_width(text: &str) -> u32 {
    text.chars().filter_map(char_width).map(u32::from).sum()
}

/// Text for a reader that takes only ASCII: each other character becomes as many `_` as it has columns.
pub(crate) fn sanitize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if (' '..='~').contains(&c) {
            out.push(c);
        } else {
            let width = if c.is_ascii() { 1 } else { char_width(c).unwrap_or(1) };
            out.extend(std::iter::repeat_n('_', usize::from(width)));
        }
    }
    out
}

/// Says how a character is combined with the text before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Joining {
    /// It gets a cell of its own.
    Apart,
    /// It is appended to the cell before it, which becomes two columns wide if `wide`.
    Joined { wide: bool },
    /// It cannot stand alone and there is no cell to join: it is dropped.
    Dropped,
}

const ZERO_WIDTH_JOINER: char = '\u{200d}';
const EMOJI_SELECTOR: char = '\u{fe0f}';
const HANGUL_FILLER: char = '\u{3164}';

/// Decides whether `next`, of width `width`, joins the cell whose text is `before` (`None`: the
/// start of the line, or a cell that cannot be joined).
pub(crate) fn joining(before: Option<&str>, next: char, width: u8, rules: &WidthRules) -> Joining {
    // Fast path for most text: ASCII never joins.
    if next.is_ascii() {
        return Joining::Apart;
    }
    if next == HANGUL_FILLER {
        return Joining::Dropped;
    }
    let mut wide = next == EMOJI_SELECTOR && rules.variation_selector_always_wide;
    let zero = width == 0 || next == ZERO_WIDTH_JOINER || next == EMOJI_SELECTOR;
    let Some(before) = before else {
        return if zero { Joining::Dropped } else { Joining::Apart };
    };
    if !zero {
        match jamo_joining(before, next) {
            Some(true) => {}
            Some(false) => return Joining::Dropped,
            None if is_leading_jamo(next) => return Joining::Apart,
            None if combines(before, next) => wide = true,
            None if before.ends_with(ZERO_WIDTH_JOINER) => {}
            None => return Joining::Apart,
        }
    }
    if before.len() + next.len_utf8() > Glyph::MAX_BYTES {
        return Joining::Apart;
    }
    Joining::Joined { wide }
}

/// Says how `count` blanks that are written as one cell (a tab) are combined with the text before.
pub(crate) fn joining_blanks(before: Option<&str>, count: usize) -> Joining {
    match before {
        Some(text) if text.ends_with(ZERO_WIDTH_JOINER) && text.len() + count <= Glyph::MAX_BYTES => {
            Joining::Joined { wide: false }
        }
        _ => Joining::Apart,
    }
}

/// True if a character that has columns of its own may join the cell before it when that cell is a single
/// character. All others stand alone.
#[inline]
pub fn may_join(c: char) -> bool {
    matches!(c as u32,
        0x1100..=0x11ff | 0x200d | 0x3164 | 0xa960..=0xa97c | 0xd7b0..=0xd7fb | 0xfe0f
        | 0x1f1e6..=0x1f1ff | 0x1f3fb..=0x1f3ff | 0x1f44b..=0x1f6b6 | 0x1f926..=0x1f9df)
}

/// True if a terminal may show `next`, of width `width`, as part of the cell before it, although they are
/// separate in a pane. A terminal joins adjacent characters even if the cursor was moved in between, and
/// by its own rules: those of tmux, or the grapheme clusters of UAX #29, where a skin tone extends any
/// character (GB9) and a leading jamo joins jamo and syllables (GB6).
pub(crate) fn joins_outside(before: &Glyph, next: char, width: u8) -> bool {
    if next.is_ascii() {
        return false;
    }
    if is_tone(next) {
        return true;
    }
    let single = before.as_char();
    if !may_join(next) && single.is_some_and(|c| c != ZERO_WIDTH_JOINER && !is_leading_jamo(c)) {
        return false;
    }
    let mut text = String::new();
    before.push_to(&mut text);
    if single.is_none() {
        // The blanks of a joined tab are not written.
        text.truncate(text.trim_end_matches(' ').len());
    }
    let after_leading = text.chars().next_back().is_some_and(is_leading_jamo);
    after_leading && (is_leading_jamo(next) || is_syllable(next))
        || joining(Some(&text), next, width, &DEFAULT_RULES) != Joining::Apart
}

/// True if terminals may disagree about a cell: on its width, or on whether it joins the cell before it.
/// They may then differ from the cell before to the cell after it, but not elsewhere.
pub(crate) fn is_unsure(row: &[Cell], x: usize) -> bool {
    let cell = &row[x];
    match &cell.glyph {
        _ if cell.is_padding() => false,
        Glyph::Char(c) if c.is_ascii() => false,
        Glyph::Char(c) => {
            let before = row[..x].iter().rev().find(|cell| !cell.is_padding());
            before.is_some_and(|before| joins_outside(&before.glyph, *c, cell.width))
        }
        Glyph::Cluster(_) => true,
    }
}

/// True if column `x` of a row may look different depending on the column before: it holds the rest of a
/// wide character, or one of the two cells is unsure.
pub(crate) fn is_tied(row: &[Cell], x: usize) -> bool {
    let Some(first) = row[..x].iter().rposition(|cell| !cell.is_padding()) else { return x > 0 };
    row[x].is_padding() || is_unsure(row, x) || is_unsure(row, first)
}

#[derive(PartialEq, Eq)]
enum Jamo {
    Leading,
    Vowel,
    Trailing,
}

fn jamo(c: char) -> Option<Jamo> {
    match c {
        '\u{1100}'..='\u{115f}' | '\u{a960}'..='\u{a97c}' => Some(Jamo::Leading),
        '\u{1160}'..='\u{11a7}' | '\u{d7b0}'..='\u{d7c6}' => Some(Jamo::Vowel),
        '\u{11a8}'..='\u{11ff}' | '\u{d7cb}'..='\u{d7fb}' => Some(Jamo::Trailing),
        _ => None,
    }
}

/// True for a Hangul syllable of one code point.
fn is_syllable(c: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&c)
}

fn is_leading_jamo(c: char) -> bool {
    jamo(c) == Some(Jamo::Leading)
}

/// True if a vowel or trailing jamo completes the text before it; `None` for other characters.
fn jamo_joining(before: &str, next: char) -> Option<bool> {
    let wants = match jamo(next)? {
        Jamo::Leading => return None,
        Jamo::Vowel => Jamo::Leading,
        Jamo::Trailing => Jamo::Vowel,
    };
    Some(before.chars().next_back().and_then(jamo) == Some(wants))
}

/// True for two regional indicators (a flag), and for people with a skin tone.
fn combines(before: &str, next: char) -> bool {
    let first = before.chars().next().unwrap_or(' ');
    if is_regional(first) && is_regional(next) {
        return before.chars().filter(|&c| is_regional(c)).count() == 1;
    }
    // tmux: accepts the tone first as well.
    (takes_tone(first) && is_tone(next)) || (takes_tone(next) && is_tone(first))
}

fn is_regional(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

fn is_tone(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

/// True for emoji of people and hands that tmux 3.7c joins with a skin tone.
fn takes_tone(c: char) -> bool {
    matches!(c as u32,
        0x1f44b..=0x1f450 | 0x1f466..=0x1f469 | 0x1f46e | 0x1f470..=0x1f478 | 0x1f47c
        | 0x1f481..=0x1f483 | 0x1f485..=0x1f487 | 0x1f4aa | 0x1f575 | 0x1f57a | 0x1f590
        | 0x1f595 | 0x1f596 | 0x1f645..=0x1f647 | 0x1f64b..=0x1f64f | 0x1f6b4..=0x1f6b6
        | 0x1f926 | 0x1f937..=0x1f939 | 0x1f93d | 0x1f93e | 0x1f9b5 | 0x1f9b6 | 0x1f9b8
        | 0x1f9b9 | 0x1f9cd..=0x1f9cf | 0x1f9d1..=0x1f9df)
}

/// Splits text into cells in the default style: each base character with those that join it.
/// Control characters are dropped.
pub(crate) fn clusters(text: &str) -> impl Iterator<Item = Cell> + '_ {
    clusters_with(text, &DEFAULT_RULES)
}

static DEFAULT_RULES: WidthRules =
    WidthRules { overrides: BTreeMap::new(), variation_selector_always_wide: true };

/// `clusters` under a user's width rules.
pub(crate) fn clusters_with<'a>(text: &'a str, rules: &'a WidthRules) -> impl Iterator<Item = Cell> + 'a {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start, first) = rest.next()?;
            let Some(mut width) = rules.char_width(first) else { continue };
            if joining(None, first, width, rules) == Joining::Dropped {
                continue;
            }
            let mut end = start + first.len_utf8();
            let mut cluster: Option<String> = None;
            while let Some(&(at, next)) = rest.peek() {
                let Some(next_width) = rules.char_width(next) else { break };
                let before = cluster.as_deref().unwrap_or(&text[start..end]);
                match joining(Some(before), next, next_width, rules) {
                    Joining::Apart => break,
                    Joining::Dropped => {}
                    Joining::Joined { wide } => {
                        cluster.get_or_insert_with(|| text[start..end].to_owned()).push(next);
                        width = if wide { 2 } else { width };
                    }
                }
                end = at + next.len_utf8();
                rest.next();
            }
            let glyph = cluster.map_or(Glyph::Char(first), |text| Glyph::Cluster(text.into()));
            let width = width.max(1);
            return Some(Cell { glyph, width, flags: CellFlags::empty(), style: CellStyle::DEFAULT });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells of a text as `text:width`, separated by bars.
    #[track_caller]
    fn check(text: &str, expect: &str) {
        let cells: Vec<String> = clusters(text)
            .map(|cell| {
                let mut out = String::new();
                cell.glyph.push_to(&mut out);
                format!("{out}:{}", cell.width)
            })
            .collect();
        assert_eq!(cells.join("|"), expect, "for {text:?}");
    }

    #[test]
    fn characters_join_as_they_do_in_tmux() {
        check("ab", "a:1|b:1");
        check("世a", "世:2|a:1");
        check("e\u{301}x", "e\u{301}:1|x:1");
        check("\u{301}x", "x:1");
        check("\u{1f1e9}\u{1f1ea}\u{1f1eb}", "\u{1f1e9}\u{1f1ea}:2|\u{1f1eb}:1");
        check("\u{1f44d}\u{1f3fd}", "\u{1f44d}\u{1f3fd}:2");
        check("\u{1f468}\u{200d}\u{1f469}", "\u{1f468}\u{200d}\u{1f469}:2");
        check("\u{2764}\u{fe0f}", "\u{2764}\u{fe0f}:2");
        check("\u{1100}\u{1161}\u{11a8}", "\u{1100}\u{1161}\u{11a8}:2");
        check("x\u{1161}", "x\u{1161}:1");
        check("a\u{3164}b", "a:1|b:1");
    }

    #[test]
    fn terminals_join_by_the_rules_of_tmux_or_of_unicode() {
        let joins = |before: &str, next: char| {
            let mut chars = before.chars();
            let glyph = match (chars.next(), chars.next()) {
                (Some(c), None) => Glyph::Char(c),
                _ => Glyph::Cluster(before.into()),
            };
            joins_outside(&glyph, next, char_width(next).unwrap_or(0))
        };
        for (before, next) in [
            ("\u{1f44d}", '\u{1f3fd}'), // a hand and its tone
            ("\u{1f3fd}", '\u{1f44d}'), // the reverse, in tmux
            ("\u{270c}", '\u{1f3fd}'),  // a hand that tmux does not know
            ("a", '\u{1f3fd}'),
            ("\u{1f1e9}", '\u{1f1ea}'),
            ("\u{1f468}\u{200d}", '\u{1f680}'),
            ("\u{1100}", '\u{1100}'),
            ("\u{1100}", '가'),
        ] {
            assert!(joins(before, next), "{before:?} {next:?}");
        }
        for (before, next) in [
            ("\u{1f3fd}", 'a'),
            ("\u{1f3fd}", '\u{1f680}'), // no hand
            ("\u{1f1e9}\u{1f1ea}", '\u{1f1eb}'),
            ("\u{1f468}", '\u{1f680}'),
            ("가", '\u{1100}'),
            ("가", '나'),
            ("日", '本'),
            ("é", 'é'),
        ] {
            assert!(!joins(before, next), "{before:?} {next:?}");
        }
    }

    #[test]
    fn deviations_are_sorted_and_needed() {
        assert!(DEVIATIONS.windows(2).all(|pair| pair[0].1 < pair[1].0));
        for &(first, last, width) in DEVIATIONS {
            for c in (first..=last).filter_map(char::from_u32) {
                assert_ne!(UnicodeWidthChar::width(c), Some(usize::from(width)), "{c:?}");
                assert_eq!(char_width(c), Some(width));
            }
        }
    }

    #[test]
    fn characters_that_stand_apart_have_columns_and_join_nothing() {
        let own = WidthRules { overrides: BTreeMap::from([(0x65e5, 0), (0xe9, 2)]), ..DEFAULT_RULES.clone() };
        for c in ('\0'..='\u{3ffff}').step_by(7).chain(['日', 'é', '\u{200d}', '👍', '\u{301}', 'a']) {
            for rules in [&DEFAULT_RULES, &own] {
                let width = rules.char_width(c).filter(|width| *width > 0);
                let apart = !c.is_ascii() && !may_join(c);
                assert_eq!(rules.apart_width(c), width.filter(|_| apart), "{c:?}");
            }
        }
    }

    #[test]
    fn widths_are_those_of_glibc_and_tmux() {
        assert_eq!(char_width('\u{e9}'), Some(1));
        assert_eq!(char_width('\u{301}'), Some(0));
        assert_eq!(char_width('\u{4e16}'), Some(2));
        assert_eq!(char_width('\u{10ffff}'), Some(1));
        // The crate gives 0, glibc 1.
        assert_eq!(char_width('\u{ad}'), Some(1));
        // An emoji that tmux has in its own table.
        assert_eq!(char_width('\u{270c}'), Some(2));
        assert_eq!(char_width('\u{85}'), Some(0));
        assert_eq!(char_width('\u{7f}'), None);
    }
}
