//! Prompts in the status line: a line to edit, with completion and history, whose text goes to a
//! handler.

mod complete;
mod draw;
pub(crate) mod edit;
pub(crate) mod history;
mod saved;

use crate::base::text::from_bytes;
use crate::base::{ClientId, Key, MouseEvent, PaneId, Surface};
use crate::format::Objects;
use crate::model::events::EventKind;
use crate::model::mode::{Prompt, PromptResult};
use crate::model::option_access::OptionScope;
use crate::model::queue::{Exec, ItemId, QueueState};
use crate::model::{Cx, FindState};
use crate::options::opt;

use edit::{Edit, Line};
pub(crate) use history::PromptType;
pub(crate) use saved::load;

bitflags::bitflags! {
    /// Kinds of prompts.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
    pub struct PromptFlags: u8 {
        /// One character is the answer.
        const SINGLE = 0x1;
        /// Digits only; another key ends the prompt and is then looked up in the key tables.
        const NUMERIC = 0x2;
        /// The handler is called after each change.
        const INCREMENTAL = 0x4;
        /// The initial text is not a format.
        const NOFORMAT = 0x8;
        /// The name of one key is the answer.
        const KEY = 0x10;
        /// With `SINGLE`: answered with `y` at once.
        const ACCEPT = 0x20;
        /// Backspace in an empty prompt cancels it.
        const BSPACE_EXIT = 0x40;
        /// Panes keep drawing while the prompt is open.
        const NO_FREEZE = 0x80;
    }
}

/// Next action that a handler asks for.
pub(crate) enum Next {
    Close,
    Keep,
    /// Ask another question.
    Update {
        prompt: String,
        input: String,
    },
}

/// Called with the final text and `done` (`None`: cancelled), and with each change of an
/// incremental prompt: `=`, `+` or `-` and the text.
pub(crate) type Handler = Box<dyn FnMut(&mut Cx<'_>, ClientId, Option<&str>, bool) -> Next + Send>;

/// Parameters of a new prompt.
pub(crate) struct Request {
    /// Shown before the text; a format.
    pub prompt: String,
    /// Initial text; a format unless `NOFORMAT`.
    pub input: String,
    pub kind: PromptType,
    pub flags: PromptFlags,
    /// Pane of the prompt, whose events report it (`command-prompt -P`).
    pub pane: Option<PaneId>,
    /// Target of formats; the client's own state if `None`.
    pub state: Option<FindState>,
    /// The command that waits for the answer.
    pub item: Option<ItemId>,
    pub handler: Handler,
    /// Saves the handler's parameters for the next server.
    pub saver: Option<Saver>,
}

/// See `Request::saver`.
pub(crate) type Saver = Box<dyn Fn() -> Option<String> + Send>;

/// A prompt that is open.
pub(crate) struct LinePrompt {
    prompt: String,
    line: Line,
    /// Text that an incremental search starts from when its own is empty.
    last: String,
    history_index: usize,
    /// Column of the cursor when the input last had room.
    cursor_x: u32,
    kind: PromptType,
    flags: PromptFlags,
    pane: Option<PaneId>,
    quote_next: bool,
    /// True in vi's command mode.
    command: bool,
    state: Option<FindState>,
    item: Option<ItemId>,
    handler: Handler,
    saver: Option<Saver>,
}

/// Objects for a prompt's formats.
fn objects<'a>(cx: &'a Cx<'_>, client: ClientId, state: Option<&FindState>) -> Objects<'a> {
    let objects = Objects::new(cx.server, cx.host, cx.now).client(Some(client));
    match state.filter(|s| s.is_valid(cx.server)) {
        Some(state) => objects.state(state),
        None => objects,
    }
}

/// Opens a prompt on a client, replacing any open prompt.
pub(crate) fn open(cx: &mut Cx<'_>, client: ClientId, request: Request) {
    super::overlay::clear(cx, client);
    super::message::clear(cx, client);
    close(cx, client);
    let Request { prompt, input, kind, flags, pane, state, item, handler, saver } = request;
    let input = if flags.contains(PromptFlags::NOFORMAT) {
        input
    } else {
        objects(cx, client, state.as_ref()).expand_time(&input)
    };
    let incremental = flags.contains(PromptFlags::INCREMENTAL);
    let (line, last) =
        if incremental { (Line::default(), input) } else { (Line::new(&input), String::new()) };
    let open = LinePrompt {
        prompt,
        line,
        last,
        cursor_x: 0,
        history_index: 0,
        kind,
        flags,
        pane,
        quote_next: false,
        command: false,
        state,
        item,
        handler,
        saver,
    };
    let Some(c) = cx.server.clients.get_mut(&client) else { return };
    c.prompt = Some(Box::new(open));
    cx.server.status_client(client);
    notify(cx, EventKind::PanePromptOpened, pane, kind);
    if incremental {
        with(cx, client, |cx, prompt| prompt.call(cx, client, Some("="), false));
    }
    if flags.contains(PromptFlags::SINGLE | PromptFlags::ACCEPT) {
        let accept = cx.server.queues.callback(
            &QueueState::new(FindState::default(), Default::default(), Default::default()),
            Box::new(move |cx, _| {
                with(cx, client, |cx, prompt| {
                    prompt.call(cx, client, Some("y"), true);
                    PromptResult::Close
                });
                Exec::Normal
            }),
        );
        cx.server.queues.append(Some(client), accept);
    }
}

/// Closes a client's prompt without an answer.
pub(crate) fn close(cx: &mut Cx<'_>, client: ClientId) {
    if let Some(mut prompt) = cx.server.clients.get_mut(&client).and_then(|c| c.prompt.take()) {
        prompt.close(cx, client);
        cx.server.redraw_client(client);
        let line = prompt.as_any().downcast_mut::<LinePrompt>();
        if let Some((pane, kind)) = line.map(|line| (line.pane, line.kind)) {
            notify(cx, EventKind::PanePromptClosed, pane, kind);
        }
    }
}

/// Fires an event for a prompt that belongs to a pane.
fn notify(cx: &mut Cx<'_>, event: EventKind, pane: Option<PaneId>, kind: PromptType) {
    let Some(pane) = pane.filter(|pane| cx.server.pane(*pane).is_some()) else { return };
    let event = cx.server.pane_event(event, pane).with("prompt_type", kind.name());
    cx.server.notify(event);
}

/// Calls a function on a client's prompt, which is taken out of the client meanwhile. If the
/// function opened another prompt, that one stays and the old one is dropped.
fn with(
    cx: &mut Cx<'_>,
    client: ClientId,
    run: impl FnOnce(&mut Cx<'_>, &mut LinePrompt) -> PromptResult,
) -> Option<PromptResult> {
    let mut prompt = cx.server.clients.get_mut(&client)?.prompt.take()?;
    let (result, about) = match prompt.as_any().downcast_mut::<LinePrompt>() {
        Some(line) => (run(cx, line), Some((line.pane, line.kind))),
        None => (PromptResult::Keep, None),
    };
    if let Some(c) = cx.server.clients.get_mut(&client)
        && c.prompt.is_none()
        && result == PromptResult::Keep
    {
        c.prompt = Some(prompt);
        cx.server.status_client(client);
    } else {
        cx.server.redraw_client(client);
        if let Some((pane, kind)) = about {
            notify(cx, EventKind::PanePromptClosed, pane, kind);
        }
    }
    Some(result)
}

/// Passes a key to the prompt. `None` without one; `Pass`: the prompt ended and the key is still to
/// be handled.
pub(crate) fn key(cx: &mut Cx<'_>, client: ClientId, key: Key, mouse: &MouseEvent) -> Option<PromptResult> {
    with(cx, client, |cx, prompt| prompt.key(cx, client, key, mouse))
}

/// Reads the prompts' history of earlier servers (`history-file`).
pub(crate) fn load_history(cx: &mut Cx<'_>) {
    let Some(path) = history::file(cx) else { return };
    let done = Box::new(|cx: &mut Cx<'_>, data: Result<Vec<u8>, _>| {
        if let Ok(data) = data {
            history::load(cx.server, &from_bytes(&data));
        }
    });
    cx.host.read_file(None, &path, done);
}

impl LinePrompt {
    /// True in vi's command mode.
    pub(crate) fn is_command_mode(&self) -> bool {
        self.command
    }

    /// Calls the handler with text and performs its next action.
    fn call(&mut self, cx: &mut Cx<'_>, client: ClientId, text: Option<&str>, done: bool) -> PromptResult {
        match (self.handler)(cx, client, text, done) {
            Next::Close if done => PromptResult::Close,
            Next::Close | Next::Keep => PromptResult::Keep,
            Next::Update { prompt, input } => {
                let input = objects(cx, client, self.state.as_ref()).expand_time(&input);
                self.prompt = prompt;
                self.line.set(&input);
                self.history_index = 0;
                PromptResult::Keep
            }
        }
    }

    /// Calls the handler of an incremental prompt after the text changed.
    fn changed(&mut self, cx: &mut Cx<'_>, client: ClientId, prefix: char) -> PromptResult {
        if self.flags.contains(PromptFlags::INCREMENTAL) {
            let text = format!("{prefix}{}", self.line.to_text());
            return self.call(cx, client, Some(&text), false);
        }
        PromptResult::Keep
    }

    fn append(&mut self, cx: &mut Cx<'_>, client: ClientId, c: char) -> PromptResult {
        self.line.insert(c);
        if self.flags.contains(PromptFlags::SINGLE) {
            if self.line.text.len() != 1 {
                return PromptResult::Close;
            }
            let text = self.line.to_text();
            return self.call(cx, client, Some(&text), true);
        }
        self.changed(cx, client, '=')
    }

    fn apply(&mut self, cx: &mut Cx<'_>, client: ClientId, edit: Edit) -> PromptResult {
        let session = cx.server.client(client).and_then(|c| c.session);
        let at = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        let separators = |whole: bool| {
            if whole { String::new() } else { cx.server.option_text(at, opt::WORD_SEPARATORS) }
        };
        let size = self.line.text.len();
        let changed = match edit {
            Edit::Nothing => false,
            Edit::Append(c) => return self.append(cx, client, c),
            Edit::Left => {
                self.line.index = self.line.index.saturating_sub(1);
                false
            }
            Edit::Right => {
                self.line.index = (self.line.index + 1).min(size);
                false
            }
            Edit::Home => {
                self.line.index = 0;
                false
            }
            Edit::End => {
                self.line.index = size;
                false
            }
            Edit::Complete => self.complete(cx, client),
            Edit::Backspace if size == 0 && self.flags.contains(PromptFlags::BSPACE_EXIT) => {
                return self.call(cx, client, None, true);
            }
            Edit::Backspace => self.line.backspace(),
            Edit::Delete => self.line.delete(),
            Edit::KillLine => {
                self.line.set("");
                true
            }
            Edit::KillToEnd => self.line.kill_to_end(),
            Edit::KillWord => {
                let set = separators(false);
                self.line.kill_word(&set);
                true
            }
            Edit::ForwardWord { vi, whole } => {
                let set = separators(whole);
                self.line.forward_word(&set, vi);
                true
            }
            Edit::EndWord { whole } => {
                let set = separators(whole);
                self.line.end_word(&set);
                true
            }
            Edit::BackwardWord { whole } => {
                let set = separators(whole);
                self.line.backward_word(&set);
                true
            }
            Edit::Older => self.older(cx),
            Edit::Newer => self.newer(cx),
            Edit::Paste => {
                let buffer = cx.server.buffers.top().map(|b| from_bytes(&b.data));
                self.line.paste(buffer.as_deref())
            }
            Edit::Transpose => self.line.transpose(),
            Edit::Accept => return self.accept(cx, client),
            Edit::Cancel => return self.call(cx, client, None, true),
            Edit::SearchBackward => return self.search(cx, client, '-'),
            Edit::SearchForward => return self.search(cx, client, '+'),
            Edit::Quote => {
                self.quote_next = true;
                false
            }
        };
        if changed { self.changed(cx, client, '=') } else { PromptResult::Keep }
    }

    fn older(&mut self, cx: &Cx<'_>) -> bool {
        let lines = &cx.server.prompt_history[self.kind as usize];
        if self.history_index >= lines.len() {
            return false;
        }
        self.history_index += 1;
        self.line.set(&lines[lines.len() - self.history_index]);
        true
    }

    fn newer(&mut self, cx: &Cx<'_>) -> bool {
        let lines = &cx.server.prompt_history[self.kind as usize];
        self.history_index = self.history_index.min(lines.len()).saturating_sub(1);
        let line = match self.history_index {
            0 => "",
            index => lines[lines.len() - index].as_str(),
        };
        self.line.set(line);
        true
    }

    fn accept(&mut self, cx: &mut Cx<'_>, client: ClientId) -> PromptResult {
        let text = self.line.to_text();
        if !text.is_empty() {
            history::add(cx.server, self.kind, &text);
        }
        self.call(cx, client, Some(&text), true)
    }

    /// `C-r` and `C-s` of an incremental search: searches again, or for the last text if there is
    /// none.
    fn search(&mut self, cx: &mut Cx<'_>, client: ClientId, direction: char) -> PromptResult {
        if !self.flags.contains(PromptFlags::INCREMENTAL) {
            return PromptResult::Keep;
        }
        if !self.line.text.is_empty() {
            return self.changed(cx, client, direction);
        }
        let last = self.last.clone();
        self.line.set(&last);
        self.changed(cx, client, '=')
    }
}

impl Prompt for LinePrompt {
    fn freezes(&self) -> bool {
        !self.flags.intersects(PromptFlags::INCREMENTAL | PromptFlags::NO_FREEZE)
    }

    fn draw(&mut self, cx: &mut Cx<'_>, client: ClientId, line: &mut Surface) {
        self.draw_line(cx, client, line);
    }

    fn key(&mut self, cx: &mut Cx<'_>, client: ClientId, key: Key, _: &MouseEvent) -> PromptResult {
        if self.flags.contains(PromptFlags::KEY) {
            let name = key.name(false);
            self.call(cx, client, Some(&name), true);
            return PromptResult::Close;
        }
        let key = edit::keypad(key.identity());
        if self.flags.contains(PromptFlags::NUMERIC) {
            if let Some(c) = edit::typed(key).filter(char::is_ascii_digit) {
                return self.append(cx, client, c);
            }
            let text = self.line.to_text();
            self.call(cx, client, Some(&text), true);
            return PromptResult::Pass;
        }
        if self.flags.contains(PromptFlags::SINGLE) || self.quote_next {
            let Some(c) = edit::literal(key) else { return PromptResult::Keep };
            self.quote_next = false;
            return self.append(cx, client, c);
        }
        let session = cx.server.client(client).and_then(|c| c.session);
        let at = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        let edit = if cx.server.option_text(at, opt::STATUS_KEYS) == "vi" {
            edit::vi(key, &mut self.command, &mut self.line)
        } else {
            edit::emacs(key)
        };
        self.apply(cx, client, edit)
    }

    fn close(&mut self, cx: &mut Cx<'_>, _: ClientId) {
        // Resume the command that waits for an answer, since none will come.
        if let Some(item) = self.item.take() {
            cx.server.queues.resume(item);
        }
    }

    fn waiting_item(&self) -> Option<ItemId> {
        self.item
    }

    fn save(&self) -> Option<String> {
        self.write_down()
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
