//! Width of styled text, and trimming and padding it. Styles have no columns and are kept; `##` shows as
//! one `#`.

use crate::base::text::{beyond_unicode, stray_byte};
use crate::base::width::char_width;

use crate::syntax::format::scan::skip;

/// A piece of styled text.
enum Piece<'a> {
    /// A run of `run` hashes, of which `shown` are visible.
    Hashes { run: usize, shown: u32 },
    /// A complete `#[…]`.
    Style(&'a str),
    /// A style without an end: the rest of the text is ignored.
    Unterminated,
    /// A printable character with its combining ones, and its columns.
    Text(&'a str, u32),
}

/// Walks styled text piece by piece, without characters that cannot be shown.
struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        if self.rest.starts_with("#[") {
            let Some(end) = skip(&self.rest[2..], b"]") else {
                self.rest = "";
                return Some(Piece::Unterminated);
            };
            let (style, rest) = self.rest.split_at(2 + end + 1);
            self.rest = rest;
            return Some(Piece::Style(style));
        }
        if self.rest.starts_with('#') {
            return Some(self.hashes());
        }
        if let Some(whole) = beyond_unicode(self.rest) {
            self.rest = &self.rest[whole.len()..];
            return Some(Piece::Text(whole, 1));
        }
        let c = self.rest.chars().next()?;
        let (text, rest) = self.rest.split_at(c.len_utf8());
        self.rest = rest;
        match columns(c) {
            Some(width) => Some(Piece::Text(text, width)),
            None => self.next(),
        }
    }
}

impl<'a> Pieces<'a> {
    /// Takes a run of `#`. Before a `[`, the last one of an odd run begins a style and is left.
    fn hashes(&mut self) -> Piece<'a> {
        let run = self.rest.bytes().take_while(|&b| b == b'#').count();
        let before_style = self.rest.as_bytes().get(run) == Some(&b'[');
        let shown = if before_style { run / 2 } else { run.div_ceil(2) };
        let taken = if before_style && run % 2 == 1 { run - 1 } else { run };
        self.rest = &self.rest[taken..];
        Piece::Hashes { run, shown: shown as u32 }
    }
}

/// Columns of a character; `None` for control characters and invalid bytes, which are not shown.
pub(super) fn columns(c: char) -> Option<u32> {
    if stray_byte(c).is_some() { None } else { char_width(c).map(u32::from) }
}

/// Columns of styled text when drawn; 0 when a style in it has no end.
pub(crate) fn width(text: &str) -> u32 {
    let mut width = 0;
    for piece in (Pieces { rest: text }) {
        match piece {
            Piece::Hashes { shown, .. } => width += shown,
            Piece::Style(_) => {}
            Piece::Unterminated => return 0,
            Piece::Text(_, columns) => width += columns,
        }
    }
    width
}

/// Writes `count` visible hashes: a single one as it was, others escaped.
fn push_hashes(out: &mut String, run: usize, count: u32) {
    match (run, count) {
        (_, 0) => {}
        (1, _) => out.push('#'),
        _ => (0..2 * count).for_each(|_| out.push('#')),
    }
}

/// The first `limit` columns.
pub(crate) fn trim_left(text: &str, limit: u32) -> String {
    let mut out = String::with_capacity(text.len());
    let mut width = 0;
    let mut pieces = Pieces { rest: text };
    // tmux: keeps a style directly behind `#`s even when these fill the last column.
    let mut after_hashes = false;
    while (width < limit || (after_hashes && pieces.rest.starts_with("#[")))
        && let Some(piece) = pieces.next()
    {
        after_hashes = matches!(piece, Piece::Hashes { .. });
        match piece {
            Piece::Hashes { run, shown } => {
                let shown = shown.min(limit - width);
                push_hashes(&mut out, run, shown);
                width += shown;
            }
            Piece::Style(style) => out.push_str(style),
            Piece::Unterminated => break,
            Piece::Text(text, columns) => {
                if width + columns <= limit {
                    out.push_str(text);
                }
                width += columns;
            }
        }
    }
    out
}

/// The last `limit` columns.
pub(crate) fn trim_right(text: &str, limit: u32) -> String {
    let total = width(text);
    if total <= limit {
        return text.to_owned();
    }
    let skipped = total - limit;
    let mut out = String::with_capacity(text.len());
    let mut width = 0;
    for piece in (Pieces { rest: text }) {
        match piece {
            Piece::Hashes { run, shown } => {
                let hidden = skipped.saturating_sub(width).min(shown);
                push_hashes(&mut out, run, shown - hidden);
                width += shown;
            }
            Piece::Style(style) => out.push_str(style),
            Piece::Unterminated => break,
            Piece::Text(text, columns) => {
                if width >= skipped {
                    out.push_str(text);
                }
                width += columns;
            }
        }
    }
    out
}

/// Pads the text with blanks (before it for a negative width) to a number of columns. Styles count with
/// the characters of their source.
pub(super) fn pad(text: String, width: i64) -> String {
    let mut used = 0;
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let beyond = beyond_unicode(rest);
        used += beyond.map_or_else(|| columns(c).unwrap_or(0), |_| 1);
        rest = &rest[beyond.map_or(c.len_utf8(), str::len)..];
    }
    let missing = (width.unsigned_abs() as usize).saturating_sub(used as usize);
    let blanks = " ".repeat(missing);
    if width > 0 { text + &blanks } else { blanks + &text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_take_no_columns() {
        let check = |text: &str, expect: u32| assert_eq!(width(text), expect, "{text}");
        check("#[fg=red]hello#[default]world", 10);
        check("##[x", 3);
        check("###[x]y", 2);
        check("a##b###", 5);
        check("日本#[x", 0);
        check("a\tb", 2);
    }

    #[test]
    fn trimming_keeps_styles() {
        assert_eq!(trim_left("#[fg=red]hello#[default]world", 3), "#[fg=red]hel");
        assert_eq!(trim_right("#[fg=red]hello#[default]world", 5), "#[fg=red]#[default]world");
        assert_eq!(trim_left("日本語", 3), "日");
        assert_eq!(trim_left("日本語", 4), "日本");
        assert_eq!(trim_right("a日本", 3), "本");
        assert_eq!(pad("42".into(), 4), "42  ");
        assert_eq!(pad("日".into(), -4), "  日");
        let beyond = crate::base::text::from_bytes(b"\xf4\x90\x80\x80");
        assert_eq!((width(&beyond), trim_left(&beyond, 1)), (1, beyond.clone()));
        assert_eq!(pad(beyond.clone(), 2), beyond + " ");
    }
}
