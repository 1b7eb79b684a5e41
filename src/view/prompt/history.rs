//! History of the text entered in prompts, by type of prompt.

use crate::model::option_access::OptionScope;
use crate::model::{Cx, Server};
use crate::options::opt;

/// Kind of text that a prompt asks for: selects its history and its completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) enum PromptType {
    #[default]
    Command,
    Search,
    Target,
    WindowTarget,
}

impl PromptType {
    pub(crate) const ALL: [PromptType; 4] =
        [PromptType::Command, PromptType::Search, PromptType::Target, PromptType::WindowTarget];

    pub(crate) fn name(self) -> &'static str {
        match self {
            PromptType::Command => "command",
            PromptType::Search => "search",
            PromptType::Target => "target",
            PromptType::WindowTarget => "window-target",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Adds a line, unless it equals the newest one; drops the oldest lines beyond the limit.
pub(crate) fn add(server: &mut Server, kind: PromptType, line: &str) {
    let limit = server.option(OptionScope::Server, opt::PROMPT_HISTORY_LIMIT).max(0) as usize;
    let lines = &mut server.prompt_history[kind as usize];
    let new = lines.last().is_none_or(|last| last != line);
    if new {
        lines.push(line.to_owned());
    }
    let surplus = lines.len().saturating_sub(limit);
    lines.drain(..surplus);
}

/// File that keeps history between servers, if one is set.
pub(crate) fn file(cx: &Cx<'_>) -> Option<String> {
    let path = cx.server.option_text(OptionScope::Server, opt::HISTORY_FILE);
    if path.starts_with('/') {
        return Some(path);
    }
    let rest = path.strip_prefix('~').filter(|rest| rest.starts_with('/'))?;
    Some(cx.host.home() + rest)
}

/// Reads the lines of a history file: `type:line`, or a bare command.
pub(crate) fn load(server: &mut Server, text: &str) {
    for line in text.lines() {
        match line.split_once(':').and_then(|(kind, rest)| Some((PromptType::parse(kind)?, rest))) {
            Some((kind, rest)) => add(server, kind, rest),
            None => add(server, PromptType::Command, line),
        }
    }
}

/// Contents for the history file.
pub(crate) fn save(server: &Server) -> String {
    let mut out = String::new();
    for kind in PromptType::ALL {
        for line in &server.prompt_history[kind as usize] {
            out.push_str(&format!("{}:{line}\n", kind.name()));
        }
    }
    out
}
