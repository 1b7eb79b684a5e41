//! Parsing commands on a running server: the command language uses the server's environment, aliases and
//! formats.

use std::sync::Arc;

use crate::base::ClientId;
use crate::model::kept::CommandText;
use crate::model::option_access::OptionScope;
use crate::model::{Cx, FindState, ItemContext};
use crate::options::opt;
use crate::syntax::table::FindFlags;
use crate::syntax::{
    ArgValue, CommandList, Origin, ParseContext, Parsed, parse_arguments, parse_config, parse_string,
};

use super::objects::Objects;

/// The parts of a server that the command language uses.
struct Surroundings<'c, 'a> {
    cx: &'c mut Cx<'a>,
    /// The item whose target is used for formats after `%if`.
    item: Option<&'c ItemContext>,
    client: Option<ClientId>,
    state: FindState,
    /// Assignments change nothing.
    reads_only: bool,
}

impl ParseContext for Surroundings<'_, '_> {
    fn getenv(&self, name: &str) -> Option<String> {
        self.cx.server.environ.get(name).map(str::to_owned)
    }

    fn home_of(&self, user: &str) -> Option<String> {
        self.cx.host.home_of(user)
    }

    fn expand_condition(&mut self, format: &str) -> String {
        let state = if self.state.is_valid(self.cx.server) {
            self.state
        } else {
            FindState::current_for(self.cx.server, self.client, FindFlags::empty()).unwrap_or_default()
        };
        let mut objects = Objects::new(self.cx.server, &*self.cx.host, self.cx.now).no_jobs();
        if let Some(item) = self.item {
            objects = objects.item(item);
        }
        objects.client(self.client).state(&state).expand(format)
    }

    fn alias(&self, name: &str) -> Option<String> {
        self.cx
            .server
            .chain(OptionScope::Server)
            .strings(opt::COMMAND_ALIAS)
            .filter_map(|alias| alias.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, commands)| commands.to_owned())
    }

    fn set_env(&mut self, name: &str, value: &str, hidden: bool) {
        if self.reads_only {
            return;
        }
        if hidden {
            self.cx.server.environ.set_hidden(name, value);
        } else {
            self.cx.server.environ.set(name, value);
        }
    }
}

fn surroundings<'c, 'a>(cx: &'c mut Cx<'a>) -> Surroundings<'c, 'a> {
    Surroundings { cx, item: None, client: None, state: FindState::default(), reads_only: false }
}

/// Parses a string as one group of commands. The error is the parser's message.
pub fn commands(cx: &mut Cx<'_>, text: &str) -> Result<Arc<CommandList>, String> {
    parse_string(text, &Origin::default(), &mut surroundings(cx)).map(Arc::new)
}

/// The same from somebody who may change nothing: assignments, which are made as they are read,
/// are left out.
pub fn reading_commands(cx: &mut Cx<'_>, text: &str) -> Result<Arc<CommandList>, String> {
    let mut context = Surroundings { reads_only: true, ..surroundings(cx) };
    parse_string(text, &Origin::default(), &mut context).map(Arc::new)
}

/// The origin of a string of commands: the running command that has it as an argument. Errors name the
/// place of that command, and conditions use its target.
#[derive(Clone, Debug)]
pub struct Source {
    origin: Origin,
    client: Option<ClientId>,
    state: FindState,
}

impl Source {
    pub fn of(item: &ItemContext) -> Self {
        let mut origin = Origin::default();
        if let Some(command) = &item.command {
            origin.file.clone_from(&command.file);
            origin.line = command.line;
        }
        Source { origin, client: item.target_client, state: item.target }
    }

    /// The string with its origin, for the next server.
    pub fn save(&self, text: String) -> CommandText {
        let Source { origin, client, state } = self;
        let file = origin.file.as_deref().map(str::to_owned);
        CommandText { text, parsed: false, file, line: origin.line, client: *client, state: *state }
    }

    pub fn load(saved: CommandText) -> (String, Self) {
        let CommandText { text, parsed: _, file, line, client, state } = saved;
        let origin = Origin { file: file.map(Arc::from), line, ..Origin::default() };
        (text, Source { origin, client, state })
    }

    /// Parses a string as one group.
    pub fn commands(&self, cx: &mut Cx<'_>, text: &str) -> Result<Arc<CommandList>, String> {
        let mut context = Surroundings { client: self.client, state: self.state, ..surroundings(cx) };
        parse_string(text, &self.origin, &mut context).map(Arc::new)
    }
}

/// Parses commands from arguments as a client sends them.
pub fn arguments(cx: &mut Cx<'_>, argv: &[String]) -> Result<Arc<CommandList>, String> {
    let values: Vec<ArgValue> = argv.iter().cloned().map(ArgValue::String).collect();
    values_as_commands(cx, &values)
}

/// Parses commands from arguments, some of which may be parsed already.
pub fn values_as_commands(cx: &mut Cx<'_>, values: &[ArgValue]) -> Result<Arc<CommandList>, String> {
    parse_arguments(values, &Origin::default(), &mut surroundings(cx)).map(Arc::new)
}

/// Parses the text of a configuration file.
pub fn config(
    cx: &mut Cx<'_>,
    text: &str,
    origin: &Origin,
    item: Option<&ItemContext>,
    client: Option<ClientId>,
) -> Parsed {
    parse_config(text, origin, &mut Surroundings { item, client, ..surroundings(cx) })
}
