//! Words of the command language: the grammar splits the text, and this file expands words
//! (escapes, variables, home directories) at the moment the parser asks for them.

use std::borrow::Cow;

use pest::Parser;
use pest::iterators::{Pair, Pairs};

use super::context::ParseContext;
use crate::base::text::from_bytes;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/command.pest"]
struct Grammar;

/// Longest name of a variable or user, in bytes.
const MAX_NAME: usize = 1022;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token {
    Newline,
    Semicolon,
    Open,
    Close,
    Hidden,
    If,
    Elif,
    Else,
    Endif,
    /// A bare `#{…}` after a condition.
    Format(String),
    Word(String),
    /// A word of the form `NAME=value`.
    Assignment(String),
    /// Invalid text; `Lexer::error` may hold a message.
    Error,
    End,
}

/// Kind of quotes around the current place, which decides whether `~` is expanded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Start,
    None,
    Single,
    Double,
}

/// Tokens of one text, in order; the last is a newline even if the text does not end with one.
pub(super) struct Lexer<'t> {
    lexemes: Pairs<'t, Rule>,
    /// Offsets where lines were joined, in order, and how many of them were counted so far.
    joins: &'t [usize],
    joins_seen: usize,
    pub line: u32,
    /// True if the newline just read is to be counted with the next token.
    at_newline: bool,
    ended: bool,
    /// The first error, with its line.
    pub error: Option<(u32, String)>,
}

/// Text with lines joined, and the offsets of the joins.
pub(super) struct Joined<'a> {
    text: Cow<'a, str>,
    joins: Vec<usize>,
}

impl<'a> Joined<'a> {
    /// Removes each backslash-newline whose backslash is not itself escaped.
    pub(super) fn new(text: &'a str) -> Self {
        if !text.contains("\\\n") {
            return Joined { text: Cow::Borrowed(text), joins: Vec::new() };
        }
        let (mut out, mut joins, mut run) = (String::with_capacity(text.len()), Vec::new(), 0);
        for c in text.chars() {
            match c {
                '\\' => {
                    run += 1;
                    out.push(c);
                }
                '\n' if run % 2 == 1 => {
                    // The joined parts form one run of backslashes.
                    run -= 1;
                    out.pop();
                    joins.push(out.len());
                }
                _ => {
                    run = 0;
                    out.push(c);
                }
            }
        }
        Joined { text: Cow::Owned(out), joins }
    }
}

impl<'t> Lexer<'t> {
    pub(super) fn new(source: &'t Joined<'_>, line: u32) -> Self {
        let file = Grammar::parse(Rule::file, &source.text)
            .ok()
            .and_then(|mut pairs| pairs.next())
            .expect("the grammar accepts any text");
        Lexer {
            lexemes: file.into_inner(),
            joins: &source.joins,
            joins_seen: 0,
            line,
            at_newline: false,
            ended: false,
            error: None,
        }
    }

    /// Reads one token, expanding it; counts lines as tmux does.
    pub(super) fn next(&mut self, context: &mut dyn ParseContext) -> Token {
        if std::mem::take(&mut self.at_newline) {
            self.line += 1;
        }
        loop {
            let Some(lexeme) = self.lexemes.next() else {
                return if std::mem::replace(&mut self.ended, true) { Token::End } else { Token::Newline };
            };
            let (rule, end) = (lexeme.as_rule(), lexeme.as_span().end());
            self.count_joins(lexeme.as_span().start() + 1);
            let token = match rule {
                Rule::comment => {
                    if !lexeme.as_str().ends_with('\n') {
                        continue;
                    }
                    self.count_joins(end);
                    self.line += 1;
                    return Token::Newline;
                }
                Rule::EOI => continue,
                Rule::newline => {
                    self.at_newline = true;
                    Token::Newline
                }
                Rule::semicolon => Token::Semicolon,
                Rule::open => Token::Open,
                Rule::close => Token::Close,
                Rule::percent_word => Token::Word(lexeme.as_str().to_string()),
                Rule::directive => directive(lexeme.as_str()),
                Rule::format => Token::Format(lexeme.as_str().to_string()),
                Rule::word => self.word(lexeme, context),
                _ => Token::Error,
            };
            // For a word, the character after it has been read too.
            let read_on = matches!(rule, Rule::word | Rule::percent_word | Rule::directive);
            self.count_joins(if read_on { end + 1 } else { end });
            return token;
        }
    }

    fn count_joins(&mut self, before: usize) {
        while self.joins.get(self.joins_seen).is_some_and(|&at| at < before) {
            self.joins_seen += 1;
            self.line += 1;
        }
    }

    fn fail(&mut self, message: &str) -> Option<()> {
        if self.error.is_none() {
            self.error = Some((self.line, message.to_string()));
        }
        None
    }

    fn word(&mut self, word: Pair<'t, Rule>, context: &mut dyn ParseContext) -> Token {
        let mut expansion = Expansion { lexer: self, context, out: Vec::new(), last: Quote::Start };
        if expansion.pieces(word.into_inner(), Quote::None).is_none() {
            return Token::Error;
        }
        let mut bytes = expansion.out;
        // tmux: strings end at a NUL.
        if let Some(nul) = bytes.iter().position(|&b| b == 0) {
            bytes.truncate(nul);
        }
        let text = from_bytes(&bytes);
        if is_assignment(&text) { Token::Assignment(text) } else { Token::Word(text) }
    }
}

/// Encodes a code point as the C library does: also values beyond Unicode, in up to six bytes; no
/// surrogates.
fn encode(code: u32) -> Option<Vec<u8>> {
    if let Some(c) = char::from_u32(code) {
        return Some(c.encode_utf8(&mut [0; 4]).as_bytes().to_vec());
    }
    let (lead, tails) = match code {
        0x11_0000..=0x1f_ffff => (0xf0, 3),
        0x20_0000..=0x3ff_ffff => (0xf8, 4),
        0x400_0000..=0x7fff_ffff => (0xfc, 5),
        _ => return None,
    };
    let part = |at: u32| (code >> (6 * at)) as u8;
    let first = lead | part(tails);
    Some(std::iter::once(first).chain((0..tails).rev().map(|at| 0x80 | (part(at) & 0x3f))).collect())
}

fn directive(word: &str) -> Token {
    match word {
        "%hidden" => Token::Hidden,
        "%if" => Token::If,
        "%elif" => Token::Elif,
        "%else" => Token::Else,
        "%endif" => Token::Endif,
        _ => Token::Error,
    }
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// A word being built. It holds bytes, because several octal escapes may form one character.
struct Expansion<'l, 't, 'c> {
    lexer: &'l mut Lexer<'t>,
    context: &'c mut dyn ParseContext,
    out: Vec<u8>,
    /// Kind of quotes around the last character.
    last: Quote,
}

impl<'t> Expansion<'_, 't, '_> {
    /// `None` on an error; the lexer has the message, if there is one.
    fn pieces(&mut self, pieces: Pairs<'t, Rule>, quote: Quote) -> Option<()> {
        for piece in pieces {
            match piece.as_rule() {
                Rule::single => self.pieces(piece.into_inner(), Quote::Single)?,
                Rule::double => self.pieces(piece.into_inner(), Quote::Double)?,
                Rule::fold => {
                    self.lexer.line += 1;
                    self.out.push(b'\n');
                }
                rule => {
                    match rule {
                        Rule::tilde if self.last != quote => self.tilde(piece)?,
                        Rule::escape => self.escape(piece)?,
                        Rule::variable => self.variable(piece)?,
                        _ => self.push(piece.as_str()),
                    }
                    self.last = quote;
                }
            }
        }
        Some(())
    }

    fn push(&mut self, text: &str) {
        self.out.extend(crate::base::text::to_bytes(text));
    }

    fn tilde(&mut self, piece: Pair<'t, Rule>) -> Option<()> {
        let name = &piece.as_str()[1..];
        if name.len() > MAX_NAME {
            return self.lexer.fail("user name is too long");
        }
        let home = match name {
            "" => self.context.getenv("HOME").filter(|home| !home.is_empty()),
            _ => None,
        };
        let home = home.or_else(|| self.context.home_of(name))?;
        self.push(&home);
        Some(())
    }

    fn variable(&mut self, piece: Pair<'t, Rule>) -> Option<()> {
        self.lexer.count_joins(piece.as_span().end() + 1);
        let Some(name) = piece.into_inner().next() else {
            self.out.push(b'$');
            return Some(());
        };
        match name.as_rule() {
            Rule::EOI => None,
            Rule::bad_braced => self.lexer.fail("invalid environment variable"),
            _ if name.as_str().len() > MAX_NAME => self.lexer.fail("environment variable is too long"),
            _ => {
                if let Some(value) = self.context.getenv(name.as_str()) {
                    self.push(&value);
                }
                Some(())
            }
        }
    }

    fn escape(&mut self, piece: Pair<'t, Rule>) -> Option<()> {
        let escape = piece.into_inner().next()?;
        let text = escape.as_str();
        match escape.as_rule() {
            Rule::octal => {
                let byte = u8::from_str_radix(text, 8).expect("three octal digits up to 377");
                self.out.push(byte);
            }
            Rule::bad_octal => return self.lexer.fail("invalid octal escape"),
            Rule::unicode => {
                let code = u32::from_str_radix(&text[1..], 16).expect("hex digits");
                let Some(bytes) = encode(code) else {
                    return self.lexer.fail(&format!("invalid \\{} argument", &text[..1]));
                };
                self.out.extend(bytes);
            }
            Rule::cut_unicode => return None,
            Rule::bad_unicode => return self.lexer.fail(&format!("invalid \\{text} argument")),
            _ => match text {
                "a" => self.out.push(7),
                "b" => self.out.push(8),
                "e" => self.out.push(0x1b),
                "f" => self.out.push(0x0c),
                "s" => self.out.push(b' '),
                "v" => self.out.push(0x0b),
                "r" => self.out.push(b'\r'),
                "n" => self.out.push(b'\n'),
                "t" => self.out.push(b'\t'),
                _ => self.push(text),
            },
        }
        Some(())
    }
}
