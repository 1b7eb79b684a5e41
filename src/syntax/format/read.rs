//! Reading a format's text into its tree.

use super::modifiers::{self, Kind, Modifier};
use super::part::Part;
use super::scan::{skip, unescape};
use super::tree::{Body, Form, Format, Operands, Over, Pair, Piece, Replacement, split_commas};

/// Longest text in bytes that becomes a tree. A longer one is expanded piece by piece as it is read, so
/// that a tree never needs more than a few hundred kilobytes.
pub(crate) const MAX_TEXT: usize = 8 << 10;

/// Levels of formats inside formats in one tree; deeper ones are read when they are expanded. It limits
/// the time for reading, since each level is searched for its end.
const MAX_LEVELS: usize = 16;

/// The variables behind `#X`.
const ALIASES: &[(u8, &str)] = &[
    (b'D', "pane_id"),
    (b'F', "window_flags"),
    (b'H', "host"),
    (b'I', "window_index"),
    (b'P', "pane_index"),
    (b'S', "session_name"),
    (b'T', "pane_title"),
    (b'W', "window_name"),
    (b'h', "host_short"),
];

/// Reads a whole text. Also returns the number of nodes that were made.
pub(crate) fn parse(text: &str) -> (Format, usize) {
    let mut reader = Reader { level: 0, nodes: 0 };
    let format = reader.format(Part::new(text));
    (format, reader.nodes)
}

/// Makes nodes, and counts them.
struct Reader {
    level: usize,
    nodes: usize,
}

/// The pieces of a text, read one by one.
pub(crate) struct Pieces {
    text: Part,
    at: usize,
    /// Position of the `]` that ends the style last begun. Before it, `#X` is no alias.
    style_end: Option<usize>,
    ended: bool,
    reader: Reader,
}

impl Pieces {
    /// For a text that is not to become a tree.
    pub(crate) fn new(text: Part) -> Self {
        Self::read_by(text, Reader { level: 0, nodes: 0 })
    }

    fn read_by(text: Part, reader: Reader) -> Self {
        Self { text, at: 0, style_end: None, ended: false, reader }
    }

    /// The piece at the `#` at `hash`; `None` when it is malformed.
    fn piece(&mut self, hash: usize) -> Option<Piece> {
        let bytes = self.text.as_bytes();
        let next = *bytes.get(hash + 1)?;
        self.at = hash + 2;
        Some(match next {
            b'(' => {
                let command = self.until(hash + 2 + matching_bracket(&self.text[hash + 2..])?);
                Piece::Job(self.reader.format(command))
            }
            b'{' => {
                let key = self.until(hash + skip(&self.text[hash..], b"}")?);
                Piece::Replace(Box::new(self.reader.replacement(key)))
            }
            b'#' | b'[' => {
                let run = bytes[hash..].iter().take_while(|&&b| b == b'#').count();
                if bytes.get(hash + run) != Some(&b'[') {
                    return Some(Piece::Escaped('#'));
                }
                self.style_end = skip(&self.text[hash..], b"]").map(|end| hash + end);
                self.at = hash + run + 1;
                Piece::Style(self.text.slice(hash..self.at))
            }
            b'}' | b',' => Piece::Escaped(char::from(next)),
            letter => {
                let name = self.alias(letter).expect("what is no alias is text");
                Piece::Alias(char::from(letter), Box::new(Replacement::variable(Part::new(name))))
            }
        })
    }

    /// The text from the current position to `end`; behind it, reading continues.
    fn until(&mut self, end: usize) -> Part {
        let part = self.text.slice(self.at..end);
        self.at = end + 1;
        part
    }

    /// The variable for a letter behind a `#` just before the current position.
    fn alias(&self, letter: u8) -> Option<&'static str> {
        let in_style = self.style_end.is_some_and(|end| self.at <= end);
        let found = ALIASES.iter().find(|(known, _)| *known == letter).filter(|_| !in_style);
        found.map(|(_, name)| *name)
    }

    /// Position of the next `#` that is not a mere character.
    fn next_hash(&mut self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut from = self.at;
        loop {
            let hash = from + memchr::memchr(b'#', &bytes[from..])?;
            self.at = hash + 2;
            match bytes.get(hash + 1) {
                None | Some(b'(' | b'{' | b'[' | b'#' | b'}' | b',') => return Some(hash),
                Some(&letter) if self.alias(letter).is_some() => return Some(hash),
                Some(_) => from = hash + 1,
            }
        }
    }
}

impl Iterator for Pieces {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.ended || self.at >= self.text.len() {
            return None;
        }
        self.reader.nodes += 1;
        let start = self.at;
        let hash = self.next_hash();
        let end = hash.unwrap_or(self.text.len());
        if end > start {
            self.at = end;
            return Some(Piece::Text(self.text.slice(start..end)));
        }
        let piece = self.piece(hash?);
        self.ended = piece.is_none();
        piece
    }
}

/// Position of the `)` that closes an already open bracket.
fn matching_bracket(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.bytes().position(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

impl Replacement {
    /// A name without modifiers.
    fn variable(name: Part) -> Self {
        let form = Form::Variable(name.clone());
        Self { key: name, modifiers: Box::default(), discarded: Box::default(), form }
    }
}

/// Modifiers that compare the operands of a subject.
fn compares(kind: Kind) -> bool {
    use Kind::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Match, NotEqual};
    matches!(kind, Match | Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual)
}

/// Makes the form of a subject that is expanded as a whole.
type FormOf = fn(Format) -> Form;

/// What is known without an expansion.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    No,
    Unknown,
    Yes,
}

/// Does `N` ask for a window or a session? It does without an argument, and with `w` or `s` in it.
fn asks_for_name(modifier: &Modifier<Format>) -> Certainty {
    match modifier.args.first() {
        None => Certainty::Yes,
        Some(letters) if letters.has_times || !matches!(letters.body, Body::Plain) => Certainty::Unknown,
        Some(letters) if letters.text.contains(['w', 's']) => Certainty::Yes,
        Some(_) => Certainty::No,
    }
}

impl Reader {
    fn format(&mut self, text: Part) -> Format {
        self.nodes += 1;
        if text.len() > MAX_TEXT || self.level == MAX_LEVELS || !text.contains('#') {
            return Format::unread(text);
        }
        let has_times = text.contains('%');
        let reader = Reader { level: self.level + 1, nodes: self.nodes };
        let mut pieces = Pieces::read_by(text.clone(), reader);
        let body = Body::Pieces(pieces.by_ref().collect());
        self.nodes = pieces.reader.nodes;
        Format { text, body, has_times }
    }

    fn replacement(&mut self, key: Part) -> Replacement {
        let read = modifiers::read(&key);
        let parsed = |reader: &mut Self, m: Modifier<Part>| {
            reader.nodes += 1;
            let args = m.args.into_iter().map(|arg| reader.format(arg)).collect();
            Modifier { kind: m.kind, name: m.name, args }
        };
        let modifiers: Vec<_> = read.list.into_iter().map(|m| parsed(self, m)).collect();
        match read.subject {
            Some(subject) => {
                let form = self.form(&modifiers, &subject);
                Replacement { key, modifiers: modifiers.into(), discarded: Box::default(), form }
            }
            None => {
                let form = self.form(&[], &key);
                let discarded = modifiers.into_iter().flat_map(|m| m.args).collect();
                Replacement { key, modifiers: Box::default(), discarded, form }
            }
        }
    }

    /// The form that modifiers give a subject. Of several, the first in this order counts.
    fn form(&mut self, modifiers: &[Modifier<Format>], subject: &Part) -> Form {
        let with = |kind| modifiers.iter().filter(move |m| m.kind == kind);
        let has = |kind| with(kind).next().is_some();
        if with(Kind::Ask).any(|m| !m.args.is_empty()) {
            return Form::Ask(subject.clone());
        }
        if has(Kind::Cycle) {
            return Form::Frame(subject.clone());
        }
        if has(Kind::Literal) {
            return Form::Literal(subject.clone(), unescape(subject).into());
        }
        let whole: [(Kind, FormOf); 4] = [
            (Kind::Character, Form::Character),
            (Kind::Colour, Form::Colour),
            (Kind::Options, Form::Options),
            (Kind::Environment, Form::Environment),
        ];
        if let Some((_, form)) = whole.iter().find(|(kind, _)| has(*kind)) {
            return form(self.format(subject.clone()));
        }
        let loops = [
            (Kind::Sessions, Over::Sessions),
            (Kind::Windows, Over::Windows),
            (Kind::Panes, Over::Panes),
            (Kind::Clients, Over::Clients),
        ];
        if let Some((_, over)) = loops.iter().find(|(kind, _)| has(*kind)) {
            return self.looped(*over, subject);
        }
        match with(Kind::Named).map(asks_for_name).max() {
            None | Some(Certainty::No) => self.operation(modifiers, subject),
            Some(Certainty::Yes) => Form::Named { name: self.format(subject.clone()), otherwise: None },
            Some(Certainty::Unknown) => {
                let name = self.format(subject.clone());
                // A subject must not be read twice on each level, so the second time is left for later.
                let level = std::mem::replace(&mut self.level, MAX_LEVELS);
                let otherwise = Some(Box::new(self.operation(modifiers, subject)));
                self.level = level;
                Form::Named { name, otherwise }
            }
        }
    }

    /// The same for the remaining modifiers, conditions and variables.
    fn operation(&mut self, modifiers: &[Modifier<Format>], subject: &Part) -> Form {
        let has = |kind| modifiers.iter().any(|m| m.kind == kind);
        if has(Kind::Search) {
            return Form::Search(self.format(subject.clone()));
        }
        if has(Kind::Repeat) {
            return Form::Repeat(subject.clone(), self.pair(subject));
        }
        if has(Kind::Not) || has(Kind::NotNot) {
            return Form::Not { twice: !has(Kind::Not), of: self.format(subject.clone()) };
        }
        let mut newest = modifiers.iter().rev();
        if let Some(join) = newest.find(|m| matches!(m.kind, Kind::And | Kind::Or)) {
            return Form::Join { and: join.kind == Kind::And, operands: self.operands(subject.clone()) };
        }
        if modifiers.iter().any(|m| compares(m.kind)) {
            return Form::Compare(subject.clone(), self.pair(subject));
        }
        if subject.starts_with('?') {
            return Form::Choose(self.operands(subject.tail(1)));
        }
        if modifiers.iter().any(|m| m.kind == Kind::Expression && (1..=3).contains(&m.args.len())) {
            return Form::Expression(self.pair(subject));
        }
        if subject.contains("#{") {
            return Form::Inner(self.format(subject.clone()));
        }
        Form::Variable(subject.clone())
    }

    fn looped(&mut self, over: Over, subject: &Part) -> Form {
        let comma = if over == Over::Clients { None } else { skip(subject, b",") };
        let each = self.format(subject.slice(0..comma.unwrap_or(subject.len())));
        let current = comma.map(|at| self.format(subject.tail(at + 1)));
        Form::Loop { over, each, current }
    }

    fn pair(&mut self, subject: &Part) -> Pair {
        let comma = skip(subject, b",")?;
        Some(Box::new((self.format(subject.slice(0..comma)), self.format(subject.tail(comma + 1)))))
    }

    fn operands(&mut self, text: Part) -> Operands {
        let is_short = text.len() <= MAX_TEXT;
        let read = is_short.then(|| split_commas(&text).map(|part| self.format(part)).collect());
        Operands { text, read }
    }
}
