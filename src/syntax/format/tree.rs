//! The nodes of a format's tree.

use std::borrow::Cow;

use super::modifiers::Modifier;
use super::part::Part;
use super::scan::skip;

/// A format: a text and what it consists of.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub text: Part,
    pub body: Body,
    /// The text has a `%`, so that `strftime` may change it before it is read.
    pub has_times: bool,
}

/// What a format consists of.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// No `#`: the text stands for itself.
    Plain,
    Pieces(Box<[Piece]>),
    /// Too long, or too deep in another format, to be part of its tree: read when it is expanded.
    Unread,
}

impl Format {
    /// A format that is read when it is expanded, if there is anything to read.
    pub(super) fn unread(text: Part) -> Self {
        let body = if text.contains('#') { Body::Unread } else { Body::Plain };
        Self { has_times: text.contains('%'), text, body }
    }
}

/// One piece of a format. Text behind a malformed piece is lost, so the list of pieces ends there.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// Text that stands for itself.
    Text(Part),
    /// The character behind a `#`.
    Escaped(char),
    /// The hashes and the bracket that begin a style. Styles are left for drawing.
    Style(Part),
    /// The command of `#(…)`.
    Job(Format),
    /// `#X`, which stands for a variable.
    Alias(char, Box<Replacement>),
    /// `#{…}`.
    Replace(Box<Replacement>),
}

/// `#{…}`: something that has a value.
#[derive(Clone, Debug)]
pub(crate) struct Replacement {
    /// The text between the braces.
    pub key: Part,
    pub modifiers: Box<[Modifier<Format>]>,
    /// Arguments of what would be modifiers if a colon followed. tmux: expands them all the same.
    pub discarded: Box<[Format]>,
    pub form: Form,
}

/// Operands at the first comma that is not nested: the text before it, and all behind it. `None` when
/// there is no comma.
pub(crate) type Pair = Option<Box<(Format, Format)>>;

/// What gives a replacement its value, before it is trimmed and the like. The modifiers decide it.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// `#{I/c:name}`: a question about the client's terminal.
    Ask(Part),
    /// `#{A:a,b,c}`: one frame of an animation.
    Frame(Part),
    /// `#{l:…}`: the text as written, and its value.
    Literal(Part, Box<str>),
    /// `#{a:…}`: the character of a number.
    Character(Format),
    /// `#{c:…}`: a colour.
    Colour(Format),
    /// `#{O:…}`: a loop over options.
    Options(Format),
    /// `#{V:…}`: a loop over environment variables.
    Environment(Format),
    /// `#{S:…}`, `#{W:…}`, `#{P:…}`: a format for each object, and one for the current object.
    Loop { over: Over, each: Format, current: Option<Format> },
    /// `#{N/w:…}`, `#{N/s:…}`: is there a window or session of this name? `otherwise` is for letters that
    /// mean neither, which is known when the modifier's argument has been expanded.
    Named { name: Format, otherwise: Option<Box<Form>> },
    /// `#{C:…}`: the row of the pane that holds a text.
    Search(Format),
    /// `#{R:text,count}`. The text is that of both operands.
    Repeat(Part, Pair),
    /// `#{!:…}`, `#{!!:…}`.
    Not { twice: bool, of: Format },
    /// `#{&&:…}`, `#{||:…}`.
    Join { and: bool, operands: Operands },
    /// `#{==:a,b}` and the like, `#{m:pattern,text}`. The text is that of both operands.
    Compare(Part, Pair),
    /// `#{?condition,value,…,otherwise}`.
    Choose(Operands),
    /// `#{e|+:a,b}`.
    Expression(Pair),
    /// A subject that contains formats and has no modifier that uses it otherwise.
    Inner(Format),
    /// The name of a variable or option.
    Variable(Part),
}

/// What a loop walks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Over {
    Sessions,
    Windows,
    Panes,
    Clients,
}

/// Any number of operands, separated by commas.
#[derive(Clone, Debug)]
pub(crate) struct Operands {
    pub text: Part,
    /// `None` when the text is too long to be part of the tree: the operands are then cut one by one.
    pub(super) read: Option<Box<[Format]>>,
}

impl Operands {
    /// Each operand in turn.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Cow<'_, Format>> {
        let read = self.read.as_deref();
        let cut = read.is_none().then(|| split_commas(&self.text));
        let cut = cut.into_iter().flatten().map(|part| Cow::Owned(Format::unread(part)));
        read.unwrap_or_default().iter().map(Cow::Borrowed).chain(cut)
    }
}

/// Splits at the commas that are not nested.
pub(super) fn split_commas(text: &Part) -> impl Iterator<Item = Part> {
    let mut rest = Some(text.clone());
    std::iter::from_fn(move || {
        let text = rest.take()?;
        match skip(&text, b",") {
            Some(at) => {
                rest = Some(text.tail(at + 1));
                Some(text.slice(0..at))
            }
            None => Some(text),
        }
    })
}
