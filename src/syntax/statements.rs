//! Statements of the command language: turns words into commands with unparsed arguments.
//!
//! Conditions, assignments and line numbers take effect while words are read, so the parser looks
//! ahead by a word only where tmux's own parser must.

use std::sync::Arc;

use super::command::CommandList;
use super::context::ParseContext;
use super::lexer::{Joined, Lexer, Token};

/// Longest `NAME=value` in bytes.
const MAX_ASSIGNMENT: usize = 16384;
/// Deepest nesting of blocks and conditions; beyond it, parsing fails with tmux's message.
const MAX_DEPTH: usize = 250;

/// A command before its name is looked up.
#[derive(Debug, Default)]
pub(super) struct RawCommand {
    pub line: u32,
    pub arguments: Vec<RawArgument>,
}

#[derive(Debug)]
pub(super) enum RawArgument {
    String(String),
    Block(Vec<RawCommand>),
    Parsed(Arc<CommandList>),
}

/// An error message and its line.
pub(super) type StatementError = (u32, String);

/// Parses a whole text; `line` is the number of its first line, and is set to that of its last.
pub(super) fn parse_statements(
    text: &str,
    line: &mut u32,
    parse_only: bool,
    context: &mut dyn ParseContext,
) -> Result<Vec<RawCommand>, StatementError> {
    let joined = Joined::new(text);
    let lexer = Lexer::new(&joined, *line);
    let mut parser = Statements { lexer, peeked: None, scopes: Vec::new(), depth: 0, parse_only, context };
    let result = parser.all();
    *line = parser.lexer.line;
    result
}

struct Statements<'t, 'c> {
    lexer: Lexer<'t>,
    peeked: Option<Token>,
    /// For each open condition, outermost first, true if it holds.
    scopes: Vec<bool>,
    depth: usize,
    parse_only: bool,
    context: &'c mut dyn ParseContext,
}

type Commands = Vec<RawCommand>;
type Parsed<T> = Result<T, StatementError>;

impl Statements<'_, '_> {
    fn peek(&mut self) -> &Token {
        let (lexer, context) = (&mut self.lexer, &mut *self.context);
        self.peeked.get_or_insert_with(|| lexer.next(context))
    }

    fn take(&mut self) -> Token {
        self.peek();
        self.peeked.take().expect("just peeked")
    }

    fn fail<T>(&mut self, message: &str) -> Parsed<T> {
        Err(self.lexer.error.take().unwrap_or_else(|| (self.lexer.line, message.to_string())))
    }

    fn expect(&mut self, token: Token) -> Parsed<()> {
        if *self.peek() == token {
            self.take();
            return Ok(());
        }
        self.fail("syntax error")
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { self.fail("memory exhausted") } else { Ok(()) }
    }

    /// Reports whether the innermost condition holds. tmux: the outer ones are not checked; the
    /// commands that they hide are dropped when they end.
    fn live(&self) -> bool {
        self.scopes.last().copied().unwrap_or(true)
    }

    fn all(&mut self) -> Parsed<Commands> {
        let mut commands = Vec::new();
        while *self.peek() != Token::End {
            commands.extend(self.statement()?);
            self.expect(Token::Newline)?;
        }
        Ok(commands)
    }

    /// Parses statements with a newline after each, at least one, up to a directive.
    fn lines(&mut self) -> Parsed<Commands> {
        let mut commands = Vec::new();
        loop {
            commands.extend(self.statement()?);
            self.expect(Token::Newline)?;
            if matches!(self.peek(), Token::Elif | Token::Else | Token::Endif) {
                return Ok(commands);
            }
        }
    }

    /// Parses the inside of `{ }` and the closing brace.
    fn block(&mut self) -> Parsed<Commands> {
        self.deeper()?;
        let mut commands = Vec::new();
        loop {
            commands.extend(self.statement()?);
            match self.take() {
                Token::Newline => (),
                Token::Close => break,
                _ => return self.fail("syntax error"),
            }
        }
        self.depth -= 1;
        Ok(commands)
    }

    fn statement(&mut self) -> Parsed<Commands> {
        let commands = match self.peek() {
            Token::Newline | Token::Close => return Ok(Vec::new()),
            Token::Hidden => {
                self.take();
                let Token::Assignment(text) = self.peek().clone() else {
                    return self.fail("syntax error");
                };
                self.take();
                self.assign(&text, true)?;
                return Ok(Vec::new());
            }
            Token::If => {
                let holds = self.open_condition()?;
                if *self.peek() == Token::Newline {
                    self.take();
                    self.condition(holds, true)?
                } else {
                    let first = self.condition(holds, false)?;
                    self.more_commands(first)?
                }
            }
            _ => {
                let first = self.first_command()?;
                self.more_commands(first)?
            }
        };
        Ok(if self.live() { commands } else { Vec::new() })
    }

    /// Expands and evaluates the condition after `%if` or `%elif`.
    fn judge(&mut self) -> Parsed<bool> {
        match self.take() {
            Token::Format(text) | Token::Word(text) => {
                let value = self.context.expand_condition(&text);
                Ok(!value.is_empty() && value != "0")
            }
            _ => self.fail("syntax error"),
        }
    }

    fn open_condition(&mut self) -> Parsed<bool> {
        self.take();
        let holds = self.judge()?;
        self.scopes.push(holds);
        Ok(holds)
    }

    /// Parses the branches of a condition and its `%endif`; returns the commands of the first
    /// branch that holds. `lines`: branches are whole lines rather than part of one.
    fn condition(&mut self, holds: bool, lines: bool) -> Parsed<Commands> {
        self.deeper()?;
        let mut chosen = None;
        let first = self.branch(lines)?;
        if holds {
            chosen = Some(first);
        }
        loop {
            match self.take() {
                Token::Elif => {
                    let holds = self.judge()?;
                    *self.scopes.last_mut().expect("inside a condition") = holds;
                    if lines {
                        self.expect(Token::Newline)?;
                    }
                    let commands = self.branch(lines)?;
                    if holds && chosen.is_none() {
                        chosen = Some(commands);
                    }
                }
                Token::Else => {
                    let scope = self.scopes.last_mut().expect("inside a condition");
                    // tmux: negates the condition of the branch just before, so an assignment here
                    // is made even if an earlier branch held.
                    *scope = !*scope;
                    if lines {
                        self.expect(Token::Newline)?;
                    }
                    let commands = self.branch(lines)?;
                    chosen.get_or_insert(commands);
                    if *self.peek() != Token::Endif {
                        return self.fail("syntax error");
                    }
                }
                Token::Endif => break,
                _ => return self.fail("syntax error"),
            }
        }
        self.scopes.pop();
        self.depth -= 1;
        Ok(chosen.unwrap_or_default())
    }

    fn branch(&mut self, lines: bool) -> Parsed<Commands> {
        if lines {
            return self.lines();
        }
        let first = if *self.peek() == Token::If {
            let holds = self.open_condition()?;
            self.condition(holds, false)?
        } else {
            self.first_command()?
        };
        self.more_commands(first)
    }

    fn first_command(&mut self) -> Parsed<Commands> {
        let command = self.command()?;
        Ok(if command.arguments.is_empty() || !self.live() { Vec::new() } else { vec![command] })
    }

    /// Parses the commands after a semicolon on the same line.
    fn more_commands(&mut self, mut commands: Commands) -> Parsed<Commands> {
        while *self.peek() == Token::Semicolon {
            self.take();
            match self.peek() {
                Token::If => {
                    let holds = self.open_condition()?;
                    commands.extend(self.condition(holds, false)?);
                }
                Token::Word(_) | Token::Assignment(_) => {
                    let command = self.command()?;
                    if command.arguments.is_empty() || !self.live() {
                        // tmux: a lone assignment after a semicolon drops the commands before it.
                        commands.clear();
                    } else {
                        commands.push(command);
                    }
                }
                _ => (),
            }
        }
        Ok(commands)
    }

    /// Parses assignment, name and arguments; the arguments are empty after only an assignment.
    fn command(&mut self) -> Parsed<RawCommand> {
        let mut first = self.take();
        if let Token::Assignment(text) = &first {
            let text = text.clone();
            self.assign(&text, false)?;
            if !matches!(self.peek(), Token::Word(_)) {
                return Ok(RawCommand { line: self.lexer.line, arguments: Vec::new() });
            }
            first = self.take();
        }
        let Token::Word(name) = first else {
            return self.fail("syntax error");
        };
        let mut arguments = vec![RawArgument::String(name)];
        loop {
            match self.peek() {
                Token::Word(_) | Token::Assignment(_) => match self.take() {
                    Token::Word(text) | Token::Assignment(text) => {
                        arguments.push(RawArgument::String(text));
                    }
                    _ => unreachable!("just peeked"),
                },
                Token::Open => {
                    self.take();
                    arguments.push(RawArgument::Block(self.block()?));
                }
                _ => break,
            }
        }
        Ok(RawCommand { line: self.lexer.line, arguments })
    }

    fn assign(&mut self, text: &str, hidden: bool) -> Parsed<()> {
        if text.len() > MAX_ASSIGNMENT {
            return self.fail("environment variable is too long");
        }
        if !self.parse_only
            && self.scopes.iter().all(|&holds| holds)
            && let Some((name, value)) = text.split_once('=')
        {
            self.context.set_env(name, value, hidden);
        }
        Ok(())
    }
}
