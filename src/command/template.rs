//! Commands given as an argument, parsed when they are needed: `{ … }` is parsed already, a
//! string may have `%1` and `%%` filled in first.

use std::sync::Arc;

use crate::format::Scope;
use crate::format::parse::Source;
use crate::model::kept::CommandText;
use crate::model::{Cx, ItemContext};
use crate::syntax::args::{ArgValue, Args};
use crate::syntax::command::CommandList;
use crate::syntax::parse::NoContext;
use crate::syntax::template::{Text, ValueKind, fill_all};
use crate::syntax::{Origin, parse_string};

/// An argument that holds commands.
#[derive(Clone, Debug)]
pub enum Template {
    Parsed(Arc<CommandList>),
    /// Text, and where the command stood that it is an argument of.
    Text(String, Source),
}

impl Template {
    /// The argument at `index`, or a default command. `expand`: the string is a format.
    pub fn new(
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
        let scope =
            Scope::new(cx.server, cx.host, cx.now).item(item).client(item.target_client).state(&item.target);
        Template::Text(scope.expand(text), Source::of(item))
    }

    /// As text, for a later server.
    pub fn save(&self) -> CommandText {
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

    /// What `save` wrote. Commands that do not parse do nothing but say so when they are needed.
    pub fn load(saved: CommandText) -> Self {
        if saved.parsed
            && let Ok(list) = parse_string(&saved.text, &Origin::default(), &mut NoContext)
        {
            return Template::Parsed(Arc::new(list));
        }
        let (text, source) = Source::load(saved);
        Template::Text(text, source)
    }

    /// The commands, with the values filled in. The error is the parser's message.
    pub fn commands(&self, cx: &mut Cx<'_>, values: &[String]) -> Result<Arc<CommandList>, String> {
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
