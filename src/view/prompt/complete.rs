//! Completing the word at the cursor of a prompt.

use super::{LinePrompt, PromptType};
use crate::base::width::text_width;
use crate::base::{ClientId, Key, Point, SessionId};
use crate::format::Objects;
use crate::model::mode::PromptResult;
use crate::model::option_access::OptionScope;
use crate::model::{Cx, Server};
use crate::options::opt;
use crate::options::table as option_table;
use crate::syntax::table as command_table;
use crate::view::{menu, message, style};

/// Most items in a menu of completions.
const MENU_ITEMS: usize = 10;
/// A word longer than this many bytes is not completed.
const MAX_WORD: usize = 63;

const LAYOUTS: [&str; 7] = [
    "even-horizontal",
    "even-vertical",
    "main-horizontal",
    "main-horizontal-mirrored",
    "main-vertical",
    "main-vertical-mirrored",
    "tiled",
];

/// Possible completions of a word.
enum Completion {
    /// Nothing matches, or a menu shows the choices.
    Nothing,
    Text(String),
}

/// Names that start with `word`: commands, and options and layouts unless `at_start`.
fn names(server: &Server, word: &str, at_start: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if name.starts_with(word) && !out.iter().any(|n| n == name) {
            out.push(name.to_owned());
        }
    };
    for entry in command_table::ALL.iter().map(|id| id.entry()).filter(|entry| !entry.ours) {
        add(entry.name);
        entry.alias.into_iter().for_each(&mut add);
    }
    let options = server.chain(OptionScope::Server);
    for alias in options.strings(opt::COMMAND_ALIAS) {
        if let Some((name, _)) = alias.split_once('=') {
            add(name);
        }
    }
    if !at_start {
        option_table::all().filter(|entry| !entry.ours).for_each(|entry| add(entry.name));
        LAYOUTS.into_iter().for_each(add);
    }
    out
}

/// Longest common prefix.
fn common_prefix(list: &[String]) -> Option<String> {
    let first = list.first()?;
    let mut length = first.len();
    for other in &list[1..] {
        let same = first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        length = length.min(same);
    }
    while !first.is_char_boundary(length) {
        length -= 1;
    }
    Some(first[..length].to_owned())
}

/// Sessions whose names start with `word` (or whose ids do, after `$`), as targets.
fn sessions(server: &Server, word: &str) -> Vec<String> {
    let mut out = Vec::new();
    for id in server.sessions_by_name() {
        let Some(session) = server.session(id) else { continue };
        if session.name.starts_with(word) {
            out.push(format!("{}:", session.name));
        } else if let Some(digits) = word.strip_prefix('$')
            && id.0.to_string().starts_with(digits)
        {
            out.push(format!("${}:", id.0));
        }
    }
    out
}

impl LinePrompt {
    /// Completes the word at the cursor. True if the text changed.
    pub(super) fn complete(&mut self, cx: &mut Cx<'_>, client: ClientId) -> bool {
        let Some((first, last)) = self.word_bounds() else { return false };
        let word: String = self.line.text[first..last].iter().collect();
        if word.len() > MAX_WORD {
            return false;
        }
        match self.completion(cx, client, &word, first) {
            Completion::Text(text) => {
                self.replace_word(&text);
                true
            }
            Completion::Nothing => false,
        }
    }

    /// Bounds of the word at or before the cursor.
    fn word_bounds(&self) -> Option<(usize, usize)> {
        let line = &self.line;
        let (at, size) = (line.index.saturating_sub(1), line.text.len());
        let mut first = at;
        while first > 0 && !line.is_space(first) {
            first -= 1;
        }
        while first < size && line.is_space(first) {
            first += 1;
        }
        let mut last = at;
        while last < size && !line.is_space(last) {
            last += 1;
        }
        while last > 0 && line.is_space(last) {
            last -= 1;
        }
        if last < size {
            last += 1;
        }
        (last >= first).then_some((first, last))
    }

    fn replace_word(&mut self, text: &str) {
        let Some((first, last)) = self.word_bounds() else { return };
        let new: Vec<char> = text.chars().collect();
        self.line.index = first + new.len();
        self.line.text.splice(first..last, new);
    }

    fn completion(&self, cx: &mut Cx<'_>, client: ClientId, word: &str, offset: usize) -> Completion {
        let target = matches!(self.kind, PromptType::Target | PromptType::WindowTarget);
        if word.is_empty() && !target {
            return Completion::Nothing;
        }
        let flagged = word.starts_with("-t") || word.starts_with("-s");
        if !target && !flagged {
            let list = names(cx.server, word, offset == 0);
            let out = match list.as_slice() {
                [] => None,
                [only] => Some(format!("{only} ")),
                _ => common_prefix(&list),
            };
            return self.settle(cx, client, word, out, list, offset, None);
        }
        let (text, flag, offset) =
            if target { (word, None, offset) } else { (&word[2..], word[1..].chars().next(), offset + 2) };
        if self.kind == PromptType::WindowTarget {
            let session = cx.server.client(client).and_then(|c| c.session);
            let out = session.and_then(|s| self.windows(cx, client, s, text, offset, None));
            return self.settle(cx, client, word, out, Vec::new(), offset, flag);
        }
        let Some((name, window)) = text.split_once(':') else {
            let list = sessions(cx.server, text);
            let out = common_prefix(&list).map(|out| with_flag(flag, &out));
            return self.settle(cx, client, word, out, list, offset, flag);
        };
        if window.contains('.') {
            return Completion::Nothing;
        }
        let session = if name.is_empty() {
            cx.server.client(client).and_then(|c| c.session)
        } else {
            cx.server.session_by_name(name)
        };
        let out = session.and_then(|s| self.windows(cx, client, s, window, offset, flag));
        self.settle(cx, client, word, out, Vec::new(), offset, flag)
    }

    /// Inserts a completion that adds characters; else shows the list as a menu.
    #[expect(clippy::too_many_arguments)]
    fn settle(
        &self,
        cx: &mut Cx<'_>,
        client: ClientId,
        word: &str,
        out: Option<String>,
        mut list: Vec<String>,
        offset: usize,
        flag: Option<char>,
    ) -> Completion {
        if let Some(out) = out.filter(|out| out != word) {
            return Completion::Text(out);
        }
        list.sort();
        if list.len() > 1 {
            let start = list.len().saturating_sub(self.menu_height(cx, client).unwrap_or(0));
            let shown = list.split_off(start);
            let labels = shown.clone();
            self.show_menu(cx, client, labels, shown, offset, flag);
        }
        Completion::Nothing
    }

    /// Windows of a session whose index starts with `word`: the only one, or a menu.
    fn windows(
        &self,
        cx: &mut Cx<'_>,
        client: ClientId,
        session: SessionId,
        word: &str,
        offset: usize,
        flag: Option<char>,
    ) -> Option<String> {
        let height = self.menu_height(cx, client)?;
        let s = cx.server.session(session)?;
        let (mut labels, mut values) = (Vec::new(), Vec::new());
        for (index, link) in &s.winlinks {
            if !index.to_string().starts_with(word) || values.len() >= height {
                continue;
            }
            let name = cx.server.window(link.window).map_or("", |w| w.name.as_str());
            if self.kind == PromptType::WindowTarget {
                labels.push(format!("{index} ({name})"));
                values.push(index.to_string());
            } else {
                labels.push(format!("{}:{index} ({name})", s.name));
                values.push(format!("{}:{index}", s.name));
            }
        }
        match values.as_slice() {
            [] => None,
            [only] => Some(with_flag(flag, only)),
            _ => {
                self.show_menu(cx, client, labels, values, offset, flag);
                None
            }
        }
    }

    /// Rows that a menu may have, if there is room for a menu.
    fn menu_height(&self, cx: &Cx<'_>, client: ClientId) -> Option<usize> {
        let c = cx.server.client(client)?;
        let rows = c.size.rows.checked_sub(cx.server.status_lines(c)).filter(|rows| *rows >= 3)?;
        Some((rows as usize - 2).min(MENU_ITEMS))
    }

    fn show_menu(
        &self,
        cx: &mut Cx<'_>,
        client: ClientId,
        labels: Vec<String>,
        values: Vec<String>,
        offset: usize,
        flag: Option<char>,
    ) {
        let Some(c) = cx.server.client(client) else { return };
        let (size, lines) = (c.size, cx.server.status_lines(c));
        let level = c.session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        let mut list = menu::Menu::new("");
        for (index, label) in labels.iter().enumerate() {
            let key = char::from_u32(u32::from('0') + index as u32).unwrap_or('0');
            list.add_plain(size.cols, label, Key::char(key));
        }
        let objects = Objects::new(cx.server, cx.host, cx.now).client(Some(client));
        let whole = style::whole_of_option(cx.server, level, opt::MESSAGE_STYLE, &objects);
        let (area, _) = message::area(&whole, size.cols);
        let y = if cx.server.option_text(level, opt::STATUS_POSITION) == "top" {
            lines
        } else {
            size.rows.saturating_sub(3 + labels.len() as u32)
        };
        let x = (offset as u32 + text_width(self.prompt_text()) + area).saturating_sub(2);
        let request = menu::Request {
            flags: menu::MenuFlags::NOMOUSE | menu::MenuFlags::TAB,
            starting_choice: Some(0),
            at: Point::new(x, y),
            choice: Some(Box::new(move |cx, client, index| {
                if let Some(value) = index.and_then(|index| values.get(index)) {
                    let text = with_flag(flag, value);
                    super::with(cx, client, |_, prompt| {
                        prompt.take_completion(&text);
                        PromptResult::Keep
                    });
                }
            })),
            ..menu::Request::default()
        };
        menu::open(cx, client, list, request);
    }

    fn take_completion(&mut self, text: &str) {
        if self.kind == PromptType::WindowTarget {
            self.line.set(text);
        } else {
            self.replace_word(text);
        }
    }
}

/// A value as typed behind `-t` or `-s`.
fn with_flag(flag: Option<char>, value: &str) -> String {
    match flag {
        Some(flag) => format!("-{flag}{value}"),
        None => value.to_owned(),
    }
}
