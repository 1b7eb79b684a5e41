//! Commands given as an argument and run later: `{ … }` is already parsed; a string is parsed when it is
//! run, after `%1` and `%%` are replaced.

use std::sync::Arc;

use crate::format::parse::Source;
use crate::model::kept::CommandText;
use crate::model::{Cx, ItemContext};
use crate::syntax::args::{ArgValue, Args};
use crate::syntax::command::CommandList;
use crate::syntax::parse::NoContext;
use crate::syntax::template::{Text, ValueKind, fill_all};
use crate::syntax::{Origin, parse_string};

use super::place;

/// An argument that holds commands.
#[derive(Clone, Debug)]
pub(crate) enum Template {
    Parsed(Arc<CommandList>),
    /// Text, and the source position of the command that has it as an argument.
    Text(String, Source),
}

impl Template {
    /// The argument at `index`, or a default command. `expand`: the string is a format.
    pub(crate) fn new(
        cx: &Cx<'_>,
        item: &ItemContext,
        args: &Args,
        index: usize,
        default: Option<&str>,
        expand: bool,
    ) -> Self {
        let text = match args.value(index) {
            Some(ArgValue::Commands(list)) => return Template::Parsed(list.clone()),
            Some(ArgValue::String(text)) => text.as_str(),
            None => default.unwrap_or_default(),
        };
        if !expand {
            return Template::Text(text.to_owned(), Source::of(item));
        }
        let objects = place::objects(cx, item);
        Template::Text(objects.expand(text), Source::of(item))
    }

    /// The template as text, for the next server.
    pub(crate) fn save(&self) -> CommandText {
        match self {
            Template::Parsed(list) => CommandText {
                text: list.print_kept(),
                parsed: true,
                file: None,
                line: 0,
                client: None,
                state: Default::default(),
            },
            Template::Text(text, source) => source.save(text.clone()),
        }
    }

    /// Loads the text of `save`. Commands that cannot be parsed only report their error when they are
    /// run.
    pub(crate) fn load(saved: CommandText) -> Self {
        if saved.parsed
            && let Ok(list) = parse_string(&saved.text, &Origin::default(), &mut NoContext)
        {
            return Template::Parsed(Arc::new(list));
        }
        let (text, source) = Source::load(saved);
        Template::Text(text, source)
    }

    /// The commands, with the values inserted. The error is the parser's message.
    pub(crate) fn commands(&self, cx: &mut Cx<'_>, values: &[String]) -> Result<Arc<CommandList>, String> {
        match self {
            Template::Parsed(list) if values.is_empty() => Ok(list.clone()),
            Template::Parsed(list) => Ok(Arc::new(list.filled(values))),
            Template::Text(text, source) => {
                let filled = fill_all(text, values, ValueKind::Typed, Text::Commands);
                source.commands(cx, &filled)
            }
        }
    }
}
