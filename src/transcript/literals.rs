//! Text that every match of an extended regular expression holds, for ruling lines out without
//! the expression itself. `regex-syntax` reads the expression; what POSIX reads otherwise than
//! it does is not looked into.

use std::iter::Peekable;
use std::str::Chars;

use regex_syntax::hir::{Hir, HirKind};

/// Deepest nesting looked into, and most literals of one set.
const MAX_DEPTH: u32 = 64;
const MAX_LITERALS: usize = 64;

/// A set of literals of which any match holds at least one, none with a blank in it; `None` when
/// there is none.
pub(super) fn required(pattern: &str) -> Option<Vec<String>> {
    if !reads_alike(pattern) {
        return None;
    }
    let hir = regex_syntax::ParserBuilder::new().nest_limit(MAX_DEPTH).build().parse(pattern).ok()?;
    of(&hir).filter(|set| set.len() <= MAX_LITERALS && worth(set) > 0)
}

/// How good a set is: a long shortest literal passes few lines.
fn worth(set: &[String]) -> usize {
    set.iter().map(String::len).min().unwrap_or(0)
}

fn of(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => None,
        HirKind::Literal(_) | HirKind::Concat(_) => best_of(hir),
        HirKind::Repetition(repetition) => (repetition.min > 0).then(|| of(&repetition.sub))?,
        HirKind::Capture(group) => of(&group.sub),
        // Each branch has to have its own.
        HirKind::Alternation(branches) => {
            let sets: Option<Vec<Vec<String>>> = branches.iter().map(of).collect();
            Some(sets?.concat())
        }
    }
}

/// The best set of a sequence: text that stands in one piece, or what one of its parts requires.
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
        // Of something that is repeated, the first time ends the run, and the last begins one.
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

/// The longest part without a blank: cells that were never written have none.
pub(super) fn longest_word(text: &str) -> &str {
    text.split([' ', '\t']).max_by_key(|word| word.len()).unwrap_or_default()
}

/// Whether POSIX, as the C library has it, and `regex-syntax` read a pattern the same way, if
/// both take it.
fn reads_alike(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let alike = match c {
            // Back references, ends of the buffer, and letters that mean something in one only.
            '\\' => chars.next().is_some_and(|c| match c {
                'w' | 'W' | 's' | 'S' | 'b' | 'B' => true,
                c => c.is_ascii_punctuation() && !"`'".contains(c),
            }),
            // Flags and groups that capture nothing; repetitions that take as little as they can.
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

/// Passes over a bracket expression; see `reads_alike`.
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
