//! Finds text that every match of an extended regular expression contains, to exclude lines without
//! running the expression. `regex-syntax` parses the expression; expressions that POSIX reads
//! differently are not used.

use std::iter::Peekable;
use std::str::Chars;

use regex_syntax::hir::{Hir, HirKind};

/// Deepest nesting that is analysed, and most literals of one set.
const MAX_DEPTH: u32 = 64;
const MAX_LITERALS: usize = 64;

/// A set of literals, without blanks, such that any match contains at least one of them; `None` if
/// there is none.
pub(super) fn required(pattern: &str) -> Option<Vec<String>> {
    if !reads_alike(pattern) {
        return None;
    }
    let hir = regex_syntax::ParserBuilder::new().nest_limit(MAX_DEPTH).build().parse(pattern).ok()?;
    of(&hir).filter(|set| set.len() <= MAX_LITERALS && worth(set) > 0)
}

/// Quality of a set: a set whose shortest literal is long passes few lines.
fn worth(set: &[String]) -> usize {
    set.iter().map(String::len).min().unwrap_or(0)
}

fn of(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => None,
        HirKind::Literal(_) | HirKind::Concat(_) => best_of(hir),
        HirKind::Repetition(repetition) => (repetition.min > 0).then(|| of(&repetition.sub))?,
        HirKind::Capture(group) => of(&group.sub),
        // Each branch must have a literal.
        HirKind::Alternation(branches) => {
            let sets: Option<Vec<Vec<String>>> = branches.iter().map(of).collect();
            Some(sets?.concat())
        }
    }
}

/// The best set of a sequence: a contiguous text, or the set of one of its parts.
fn best_of(sequence: &Hir) -> Option<Vec<String>> {
    let parts = match sequence.kind() {
        HirKind::Concat(parts) => &parts[..],
        _ => std::slice::from_ref(sequence),
    };
    let mut best: Option<Vec<String>> = None;
    let mut offer = |set: Vec<String>| {
        if worth(&set) > best.as_deref().map_or(0, worth) {
            best = Some(set);
        }
    };
    let mut run = String::new();
    for part in parts {
        let text = match part.kind() {
            HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok(),
            _ => None,
        };
        if let Some(text) = text {
            run.push_str(text);
            continue;
        }
        // In a repetition, the first time ends the current text, and the last begins the next.
        let repeated = match part.kind() {
            HirKind::Repetition(repetition) if repetition.min > 0 => match repetition.sub.kind() {
                HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok(),
                _ => None,
            },
            _ => None,
        };
        run.push_str(repeated.unwrap_or_default());
        offer(vec![longest_word(&run).to_owned()]);
        run.clear();
        run.push_str(repeated.unwrap_or_default());
        of(part).into_iter().for_each(&mut offer);
    }
    offer(vec![longest_word(&run).to_owned()]);
    best
}

/// The longest part without a blank: cells that were never written contain none.
pub(super) fn longest_word(text: &str) -> &str {
    text.split([' ', '\t']).max_by_key(|word| word.len()).unwrap_or_default()
}

/// Reports whether the C library's POSIX expressions and `regex-syntax` read a pattern the same
/// way, if both accept it.
fn reads_alike(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let alike = match c {
            // Back references, buffer ends, and letters with a meaning in only one of them.
            '\\' => chars.next().is_some_and(|c| match c {
                'w' | 'W' | 's' | 'S' | 'b' | 'B' => true,
                c => c.is_ascii_punctuation() && !"`'".contains(c),
            }),
            // Flags, non-capturing groups, and lazy repetitions.
            '(' | '*' | '+' | '?' | '}' => next != Some('?'),
            '[' => bracket(&mut chars),
            _ => true,
        };
        if !alike {
            return false;
        }
    }
    true
}

/// Skips a bracket expression. True if it reads alike; see `reads_alike`.
fn bracket(chars: &mut Peekable<Chars>) -> bool {
    chars.next_if_eq(&'^');
    chars.next_if_eq(&']');
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match c {
            ']' => return true,
            '\\' => return false,
            '&' | '-' | '~' if next == Some(c) => return false,
            '[' if next == Some(':') => {
                chars.next();
                if !chars.by_ref().any(|c| c == ':') || chars.next() != Some(']') {
                    return false;
                }
            }
            '[' => return false,
            _ => {}
        }
    }
    false
}
