//! Text that a match of an extended regular expression must hold, for ruling lines out
//! without the expression itself.

use std::iter::Peekable;
use std::str::Chars;

/// Deepest nesting of groups looked into, and most pieces of one set.
const MAX_DEPTH: usize = 32;
const MAX_PIECES: usize = 64;

/// A set of pieces of which any match holds at least one; `None` when there is none.
pub(super) fn required(pattern: &str) -> Option<Vec<String>> {
    let mut chars = pattern.chars().peekable();
    let set = alternatives(&mut chars, 0)?;
    // Left over: a bracket too many.
    chars.next().is_none().then_some(set)
}

/// How good a set is: a long shortest piece passes few lines.
fn worth(set: &[String]) -> usize {
    set.iter().map(String::len).min().unwrap_or(0)
}

/// Branches up to a closing bracket or the end: each has to have its piece.
fn alternatives(chars: &mut Peekable<Chars>, depth: usize) -> Option<Vec<String>> {
    let mut all = Some(Vec::new());
    loop {
        let set = branch(chars, depth);
        all = all.zip(set).map(|(mut all, set)| {
            all.extend(set);
            all
        });
        if chars.next_if_eq(&'|').is_none() {
            return all.filter(|all| all.len() <= MAX_PIECES);
        }
    }
}

/// The best set of one branch: a run of ordinary characters, or that of a group.
struct Best {
    set: Option<Vec<String>>,
    run: String,
}

impl Best {
    fn offer(&mut self, set: Vec<String>) {
        if self.set.as_ref().is_none_or(|best| worth(&set) > worth(best)) {
            self.set = Some(set);
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if !run.is_empty() {
            self.offer(vec![run]);
        }
    }
}

fn branch(chars: &mut Peekable<Chars>, depth: usize) -> Option<Vec<String>> {
    let mut best = Best { set: None, run: String::new() };
    while let Some(c) = chars.next_if(|&c| c != '|' && (c != ')' || depth == 0)) {
        match c {
            '(' => {
                best.end_run();
                if depth == MAX_DEPTH {
                    chars.by_ref().for_each(drop);
                    return None;
                }
                let set = alternatives(chars, depth + 1);
                chars.next_if_eq(&')')?;
                if let (Some(set), false) = (set, may_be_left_out(chars)) {
                    best.offer(set);
                }
            }
            '[' => {
                best.end_run();
                skip_bracket(chars);
                may_be_left_out(chars);
            }
            '*' | '?' | '+' | '{' => {
                // With nothing before it, or after another one: no text of its own.
                best.end_run();
                if c == '{' {
                    chars.by_ref().find(|&c| c == '}');
                }
            }
            '.' | '^' | '$' | ')' | ' ' | '\t' => {
                best.end_run();
                may_be_left_out(chars);
            }
            '\\' => match chars.next() {
                Some(c) if c.is_ascii_punctuation() && !"<>`'".contains(c) => single(&mut best, c, chars),
                _ => {
                    best.end_run();
                    may_be_left_out(chars);
                }
            },
            c => single(&mut best, c, chars),
        }
    }
    best.end_run();
    best.set
}

/// One ordinary character, which a repetition may follow.
fn single(best: &mut Best, c: char, chars: &mut Peekable<Chars>) {
    let repeats = chars.peek().is_some_and(|c| "*?+{".contains(*c));
    if !may_be_left_out(chars) {
        best.run.push(c);
    }
    if repeats {
        best.end_run();
    }
}

/// Passes over repetitions: whether they allow for none.
fn may_be_left_out(chars: &mut Peekable<Chars>) -> bool {
    let mut none = false;
    while let Some(c) = chars.next_if(|c| "*?+{".contains(*c)) {
        none |= c != '+';
        if c == '{' {
            chars.by_ref().find(|&c| c == '}');
        }
    }
    none
}

fn skip_bracket(chars: &mut Peekable<Chars>) {
    chars.next_if_eq(&'^');
    chars.next_if_eq(&']');
    while let Some(c) = chars.next() {
        match c {
            ']' => return,
            '[' if matches!(chars.peek(), Some(':' | '.' | '=')) => {
                let kind = chars.next();
                while let Some(c) = chars.next() {
                    if Some(c) == kind && chars.next_if_eq(&']').is_some() {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
}
