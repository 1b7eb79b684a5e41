//! The handlers of answers to `command-prompt` and `confirm-before`, in a form that can be serialized for
//! the next server.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::base::ClientId;
use crate::model::kept::CommandText;
use crate::model::{Cx, ItemContext};
use crate::view::prompt::{Handler, Next, Saver};

use super::template::Template;

/// See the module comment.
pub(crate) enum Asked {
    Command(CommandAsk),
    Confirm(ConfirmAsk),
}

/// State of a `command-prompt`.
pub(crate) struct CommandAsk {
    /// The command, if it waits for the answers.
    pub waiting: Option<ItemContext>,
    pub template: Template,
    pub answers: Vec<String>,
    /// The next questions, each with its initial text.
    pub rest: Vec<(String, String)>,
    pub incremental: bool,
}

/// State of a `confirm-before`.
pub(crate) struct ConfirmAsk {
    pub waiting: Option<ItemContext>,
    /// The key that means yes.
    pub key: char,
    pub default_yes: bool,
    pub commands: Template,
}

#[derive(Serialize, Deserialize)]
enum AskedRecord {
    Command {
        waiting: Option<ItemContext>,
        template: CommandText,
        answers: Vec<String>,
        rest: Vec<(String, String)>,
        incremental: bool,
    },
    Confirm {
        waiting: Option<ItemContext>,
        key: char,
        default_yes: bool,
        commands: CommandText,
    },
}

/// A prompt's handler of answers, and the function that serializes it.
pub(crate) fn handle(asked: Asked) -> (Handler, Saver) {
    let asked = Arc::new(Mutex::new(asked));
    let saved = asked.clone();
    let handler: Handler = Box::new(move |cx, client, text, done| match &mut *asked.lock() {
        Asked::Command(ask) => ask.answer(cx, client, text, done),
        Asked::Confirm(ask) => ask.answer(cx, client, text),
    });
    (handler, Box::new(move || saved.lock().save()))
}

/// The same, made from serialized text.
pub(crate) fn load(saved: &str) -> Option<(Handler, Saver)> {
    Some(handle(match serde_json::from_str(saved).ok()? {
        AskedRecord::Command { waiting, template, answers, rest, incremental } => {
            let template = Template::load(template);
            Asked::Command(CommandAsk { waiting, template, answers, rest, incremental })
        }
        AskedRecord::Confirm { waiting, key, default_yes, commands } => {
            let commands = Template::load(commands);
            Asked::Confirm(ConfirmAsk { waiting, key, default_yes, commands })
        }
    }))
}

impl Asked {
    fn save(&self) -> Option<String> {
        let record = match self {
            Self::Command(ask) => AskedRecord::Command {
                waiting: ask.waiting.clone(),
                template: ask.template.save(),
                answers: ask.answers.clone(),
                rest: ask.rest.clone(),
                incremental: ask.incremental,
            },
            Self::Confirm(ask) => AskedRecord::Confirm {
                waiting: ask.waiting.clone(),
                key: ask.key,
                default_yes: ask.default_yes,
                commands: ask.commands.save(),
            },
        };
        serde_json::to_string(&record).ok()
    }
}

impl CommandAsk {
    fn answer(&mut self, cx: &mut Cx<'_>, client: ClientId, text: Option<&str>, done: bool) -> Next {
        let resume = |cx: &mut Cx<'_>, waiting: &Option<ItemContext>| {
            if let Some(item) = waiting {
                cx.server.queues.resume(item.id);
            }
            Next::Close
        };
        let Some(text) = text else { return resume(cx, &self.waiting) };
        if done && self.incremental {
            return resume(cx, &self.waiting);
        }
        self.answers.push(text.to_owned());
        if done && !self.rest.is_empty() {
            let (prompt, input) = self.rest.remove(0);
            return Next::Update { prompt, input };
        }
        match self.template.commands(cx, &self.answers) {
            Ok(list) => cx.server.queues.run_behind(self.waiting.as_ref(), Some(client), &list),
            Err(message) => crate::view::message::queue_error(cx, client, message),
        }
        if done {
            return resume(cx, &self.waiting);
        }
        self.answers.pop();
        Next::Keep
    }
}

impl ConfirmAsk {
    fn answer(&mut self, cx: &mut Cx<'_>, client: ClientId, text: Option<&str>) -> Next {
        let first = text.and_then(|text| text.chars().next());
        let yes = first == Some(self.key) || (self.default_yes && first == Some('\r'));
        if yes && let Ok(list) = self.commands.commands(cx, &[]) {
            cx.server.queues.run_behind(self.waiting.as_ref(), Some(client), &list);
        }
        if let Some(item) = &self.waiting {
            let owner = item.client.and_then(|id| cx.server.clients.get_mut(&id));
            if let Some(owner) = owner.filter(|c| c.session.is_none()) {
                owner.exit_status = i32::from(!yes);
            }
            cx.server.queues.resume(item.id);
        }
        Next::Close
    }
}
