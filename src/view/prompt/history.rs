//! What was entered in prompts before, by type of prompt.

use crate::model::option_access::OptionScope;
use crate::model::{Cx, Server};
use crate::options::opt;

/// What a prompt asks for: decides its history and how it completes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum PromptType {
    #[default]
    Command,
    Search,
    Target,
    WindowTarget,
}

impl PromptType {
    pub const ALL: [PromptType; 4] =
        [PromptType::Command, PromptType::Search, PromptType::Target, PromptType::WindowTarget];

    pub fn name(self) -> &'static str {
        match self {
            PromptType::Command => "command",
            PromptType::Search => "search",
            PromptType::Target => "target",
            PromptType::WindowTarget => "window-target",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Adds a line, unless it is the newest already; the oldest go beyond the limit.
pub fn add(server: &mut Server, kind: PromptType, line: &str) {
    let limit = server.option(OptionScope::Server, opt::PROMPT_HISTORY_LIMIT).max(0) as usize;
    let lines = &mut server.prompt_history[kind as usize];
    let new = lines.last().is_none_or(|last| last != line);
    if new {
        lines.push(line.to_owned());
    }
    let surplus = lines.len().saturating_sub(limit);
    lines.drain(..surplus);
}

/// The file that keeps history between servers, if there is one.
pub fn file(cx: &Cx<'_>) -> Option<String> {
    let path = cx.server.option_text(OptionScope::Server, opt::HISTORY_FILE);
    if path.starts_with('/') {
        return Some(path);
    }
    let rest = path.strip_prefix('~').filter(|rest| rest.starts_with('/'))?;
    Some(cx.host.home() + rest)
}

/// Takes over the lines of a history file: `type:line`, or a command on its own.
pub fn load(server: &mut Server, text: &str) {
    for line in text.lines() {
        match line.split_once(':').and_then(|(kind, rest)| Some((PromptType::parse(kind)?, rest))) {
            Some((kind, rest)) => add(server, kind, rest),
            None => add(server, PromptType::Command, line),
        }
    }
}

/// The contents of the history file.
pub fn save(server: &Server) -> String {
    let mut out = String::new();
    for kind in PromptType::ALL {
        for line in &server.prompt_history[kind as usize] {
            out.push_str(&format!("{}:{line}\n", kind.name()));
        }
    }
    out
}
