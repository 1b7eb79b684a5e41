//! Handling of keys: overlays and prompts first, then the key tables, then the mode or program in the
//! pane. Used by typing and by `send-keys`.

use crate::base::key_report;
use crate::base::{ClientId, Key, KeyCode, KeyFlags, MouseKind, NamedKey, PaneId};
use crate::model::client::Theme;
use crate::model::events::EventKind;
use crate::model::key_tables::Binding;
use crate::model::mode::{ModeTarget, OverlayResult, PromptResult};
use crate::model::pane::PaneFlags;
use crate::model::queue::{self, ItemContext, ItemId, KeyEvent, QueueState, StateFlags};
use crate::model::{ClientFlags, Cx, FindState, Server};
use crate::options::opt;
use crate::syntax::table::CommandFlags;
use crate::terminal::{NoEncoding, encode_mouse, write_key};
use crate::view;

/// A key, with the bytes that it was decoded from (for pasting).
#[derive(Clone, Debug, Default)]
pub(crate) struct InputEvent {
    pub event: KeyEvent,
    pub bytes: Vec<u8>,
}

/// Handles a key of an attached client. Overlays and prompts get it now, since the queue may be waiting
/// for them; otherwise it is queued behind the commands of earlier keys.
pub(crate) fn handle_key(cx: &mut Cx<'_>, id: ClientId, input: InputEvent) {
    let Some(client) = cx.server.client(id) else { return };
    if client.session.is_none() || !client.accepts_input() {
        return;
    }
    let key = input.event.key;
    match key.code {
        KeyCode::Named(NamedKey::LightTheme) => return report_theme(cx, id, Theme::Light),
        KeyCode::Named(NamedKey::DarkTheme) => return report_theme(cx, id, Theme::Dark),
        _ => {}
    }
    if !client.flags.contains(ClientFlags::READONLY) && !offer_to_client(cx, id, &input) {
        note_press(cx, id, &input.event, false);
        return;
    }
    let state = QueueState::new(FindState::default(), input.event, StateFlags::empty());
    let items = cx.server.queues.step(&state, queue::Step::Key(input.event, input.bytes));
    cx.server.queues.append(Some(id), items);
}

/// Handles a key when its item in the queue runs.
pub(super) fn dispatch(cx: &mut Cx<'_>, id: ClientId, item: &ItemContext, input: InputEvent) {
    Dispatch::new(id, item.id, input).run(cx);
}

/// Starts the timer for another click. When it runs out after two clicks, they are handled as a double
/// click.
fn wait_for_click(cx: &mut Cx<'_>, id: ClientId) {
    let Some(client) = cx.server.clients.get_mut(&id) else { return };
    if !std::mem::take(&mut client.mouse.click_pending) {
        return;
    }
    let timer = cx.host.timer(
        view::mouse::CLICK_TIMEOUT_MS,
        Box::new(move |cx| {
            if let Some(event) = view::mouse::click_timed_out(cx, id) {
                handle_key(cx, id, InputEvent { event, bytes: Vec::new() });
            }
        }),
    );
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.mouse.click_timer = Some(timer);
    }
}

/// Records whether a key reached a program, which then gets the release too.
fn note_press(cx: &mut Cx<'_>, id: ClientId, event: &KeyEvent, reached: bool) {
    if let Some(report) = event.report.filter(|_| !event.is_release())
        && let Some(client) = cx.server.clients.get_mut(&id)
    {
        client.note_press(report.number, reached);
    }
}

/// Releases and modifiers by themselves are not for messages and prompts. Returns true if the panes may
/// get the key.
fn offer_for_programs(cx: &mut Cx<'_>, id: ClientId, event: &KeyEvent) -> bool {
    let Some(client) = cx.server.client(id) else { return false };
    let taken = client.prompt.is_some() || client.message.as_ref().is_some_and(|m| m.ignore_keys);
    view::overlay::key(cx, id, event).is_none() && !taken
}

/// Offers a key to the message, overlay and prompt of a client. Returns true if none of them took it.
fn offer_to_client(cx: &mut Cx<'_>, id: ClientId, input: &InputEvent) -> bool {
    if input.event.is_for_programs() {
        return offer_for_programs(cx, id, &input.event);
    }
    let event = as_shown(&input.event);
    if let Some(message) = cx.server.client(id).and_then(|c| c.message.as_ref()) {
        if message.ignore_keys {
            return false;
        }
        view::message::clear(cx, id);
    }
    match view::overlay::key(cx, id, &event) {
        Some(OverlayResult::Keep | OverlayResult::Close) => return false,
        Some(OverlayResult::Pass | OverlayResult::CloseAndPass) | None => {}
    }
    !matches!(
        view::prompt::key(cx, id, event.key, &event.mouse),
        Some(PromptResult::Keep | PromptResult::Close)
    )
}

/// A key in the form that modes, prompts and menus know: unlike kitty's protocol, they do not distinguish
/// C-i from Tab.
fn as_shown(event: &KeyEvent) -> KeyEvent {
    match event.report {
        Some(_) => KeyEvent { key: key_report::plain(event.key), ..*event },
        None => *event,
    }
}

fn report_theme(cx: &mut Cx<'_>, id: ClientId, theme: Theme) {
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.theme = Some(theme);
        let name = match theme {
            Theme::Light => EventKind::ClientLightTheme,
            Theme::Dark => EventKind::ClientDarkTheme,
        };
        cx.server.notify_client(name, id);
        cx.host.tty_query_colours(id);
    }
}

/// State of one key while it is looked up.
struct Dispatch {
    client: ClientId,
    item: ItemId,
    input: InputEvent,
    key: Key,
    target: FindState,
    /// Name of the table tried first, and of the one tried now.
    first: String,
    table: String,
    /// The client was repeating when the key arrived.
    was_repeating: bool,
}

/// The next step of handling a key.
enum Step {
    Done,
    /// Send it to the pane.
    Forward,
    /// Send its bytes to the pane, as a paste.
    Paste,
    /// Look it up in the tables.
    Tables,
}

impl Dispatch {
    fn new(client: ClientId, item: ItemId, input: InputEvent) -> Self {
        let key = input.event.key;
        Self {
            client,
            item,
            input,
            key,
            target: FindState::default(),
            first: String::new(),
            table: String::new(),
            was_repeating: false,
        }
    }

    fn run(mut self, cx: &mut Cx<'_>) {
        let Some(session) =
            cx.server.client(self.client).filter(|c| c.accepts_input()).and_then(|c| c.session)
        else {
            return;
        };
        if self.input.event.is_for_programs() {
            return self.tell_program(cx);
        }
        cx.server.touch_client(self.client, cx.now);
        note_press(cx, self.client, &self.input.event, false);
        match self.classify(cx) {
            Step::Done => {}
            Step::Forward => self.forward(cx),
            Step::Paste => self.paste(cx),
            Step::Tables => self.search_tables(cx),
        }
        if self.key.code != KeyCode::Named(NamedKey::FocusOut) && cx.server.session(session).is_some() {
            cx.server.update_latest(self.client);
        }
    }

    /// Sends a release, or a modifier by itself, to the pane's program; bindings and modes do not get it.
    fn tell_program(&self, cx: &mut Cx<'_>) {
        let event = self.input.event;
        let Some(report) = event.report else { return };
        let client = cx.server.clients.get_mut(&self.client);
        let withheld = client.is_none_or(|c| event.is_release() && c.was_withheld(report.number));
        if withheld || has_flag(cx, self.client, ClientFlags::READONLY) {
            return;
        }
        let state = FindState::from_client(cx.server, self.client);
        let Some(pane) = state.pane else { return };
        let by_hand = ModeTarget { client: Some(self.client), state, pressed: true };
        pane_key(cx, pane, &by_hand, &event);
    }

    /// Finds out which mouse key an event is, and the pane that it belongs to.
    fn classify(&mut self, cx: &mut Cx<'_>) -> Step {
        self.input.event.mouse.valid = false;
        let raw = matches!(self.key.code, KeyCode::Named(NamedKey::Mouse | NamedKey::DoubleClickEnd));
        if raw {
            if has_flag(cx, self.client, ClientFlags::READONLY) {
                return Step::Done;
            }
            let key = view::mouse::classify(cx, self.client, &mut self.input.event);
            wait_for_click(cx, self.client);
            let Some(key) = key else { return Step::Done };
            self.key = key;
            self.input.event.mouse.valid = true;
            self.input.event.mouse.key = Some(key);
            if key.code == KeyCode::Named(NamedKey::Dragging) {
                view::mouse::drag(cx, self.client, &self.input.event.mouse);
                return Step::Done;
            }
            self.input.event.key = key;
        }
        let by_mouse =
            if self.key.is_mouse() { cx.server.find_from_mouse(&self.input.event.mouse) } else { None };
        self.target = by_mouse.unwrap_or_else(|| FindState::from_client(cx.server, self.client));
        let Some(session) = cx.server.client(self.client).and_then(|c| c.session) else { return Step::Done };
        if self.key.is_mouse() && !cx.server.session_options(session).get(opt::MOUSE) {
            return Step::Forward;
        }
        if self.bracket_paste(cx) || (self.may_be_pasted() && assume_paste(cx, self.client)) {
            return Step::Paste;
        }
        Step::Tables
    }

    fn may_be_pasted(&self) -> bool {
        !self.key.is_mouse()
            && !matches!(self.key.code, KeyCode::Named(NamedKey::FocusIn | NamedKey::FocusOut))
            && !self.key.flags.contains(KeyFlags::SENT)
            && self.input.event.report.is_none()
    }

    /// Tracks the start and end of a bracketed paste. Returns true if the key is inside one.
    fn bracket_paste(&self, cx: &mut Cx<'_>) -> bool {
        let now = cx.now.secs();
        let Some(client) = cx.server.clients.get_mut(&self.client) else { return false };
        match self.key.code {
            KeyCode::Named(NamedKey::PasteStart) => {
                client.flags.insert(ClientFlags::BRACKET_PASTING);
                client.paste_since = now;
                false
            }
            KeyCode::Named(NamedKey::PasteEnd) => {
                client.flags.remove(ClientFlags::BRACKET_PASTING);
                false
            }
            _ => client.flags.contains(ClientFlags::BRACKET_PASTING),
        }
    }

    fn search_tables(&mut self, cx: &mut Cx<'_>) {
        let default = cx.server.default_key_table(self.client);
        self.table = cx.server.client_key_table(self.client);
        if self.table == default
            && let Some(pane) = self.target.pane
            && let Some(table) = view::modes::key_table(cx, pane)
        {
            self.table = table;
        }
        self.first.clone_from(&self.table);
        self.was_repeating = has_flag(cx, self.client, ClientFlags::REPEAT);
        // Each round either ends or changes to another table; there are at most three.
        for _ in 0..8 {
            if self.enter_prefix(cx) {
                return;
            }
            match self.try_table(cx, &default) {
                Some(Step::Forward) => return self.forward(cx),
                Some(_) => return,
                None => {}
            }
        }
    }

    /// Other names under which a key may be bound, when kitty's keyboard protocol reported details.
    fn names(&self) -> Vec<Key> {
        self.input.event.report.map(|report| report.names()).unwrap_or_default()
    }

    /// Switches to the prefix table, from any other one, if this is the prefix key. Returns true if it
    /// did.
    fn enter_prefix(&self, cx: &mut Cx<'_>) -> bool {
        let Some(session) = cx.server.client(self.client).and_then(|c| c.session) else { return true };
        let key = self.key.identity();
        let options = cx.server.session_options(session);
        let prefixes = [options.get(opt::PREFIX), options.get(opt::PREFIX2)];
        drop(options);
        let is_prefix = prefixes
            .iter()
            .any(|prefix| prefix.identity() == key || self.names().contains(&prefix.identity()));
        if !is_prefix || self.table == "prefix" {
            return false;
        }
        cx.server.set_key_table(self.client, Some("prefix"), cx.now);
        cx.server.redraw_status(self.client);
        true
    }

    /// Looks the key up in the current table. `None`: the table changed, try again.
    fn try_table(&mut self, cx: &mut Cx<'_>, default: &str) -> Option<Step> {
        let tables = &cx.server.key_tables;
        let binding = match self.input.event.report {
            Some(_) => self.names().iter().find_map(|name| tables.get(&self.table, *name)).cloned(),
            None => tables.get(&self.table, self.key).cloned(),
        };
        if self.prefix_timed_out(cx, binding.as_ref()) {
            self.back_to_default(cx);
            self.first.clone_from(&self.table);
            return None;
        }
        let binding = binding.or_else(|| cx.server.key_tables.get(&self.table, Key::ANY).cloned());
        let repeating = has_flag(cx, self.client, ClientFlags::REPEAT);
        if let Some(binding) = binding {
            if repeating && !binding.repeat {
                self.back_to_default(cx);
                self.first.clone_from(&self.table);
                set_flag(cx, self.client, ClientFlags::REPEAT, false);
                return None;
            }
            self.fire(cx, &binding);
            return Some(Step::Done);
        }
        if self.is_plain_motion() {
            return Some(Step::Forward);
        }
        if self.table != default || repeating {
            self.back_to_default(cx);
            if repeating {
                self.first.clone_from(&self.table);
            }
            set_flag(cx, self.client, ClientFlags::REPEAT, false);
            return None;
        }
        if self.first != self.table && !self.was_repeating {
            self.back_to_default(cx);
            return Some(Step::Done);
        }
        Some(Step::Forward)
    }

    /// True for mouse motion, which does not end a prefix and is only reported because a program asked
    /// for it.
    fn is_plain_motion(&self) -> bool {
        use crate::base::MouseLocation as L;
        matches!(self.key.code, KeyCode::Mouse(m) if m.kind == MouseKind::Move
            && matches!(m.location, L::Pane | L::Status | L::StatusLeft | L::StatusRight | L::StatusDefault | L::Border))
    }

    fn prefix_timed_out(&self, cx: &Cx<'_>, binding: Option<&Binding>) -> bool {
        let timeout = cx.server.server_options().get(opt::PREFIX_TIMEOUT);
        let Some(client) = cx.server.client(self.client) else { return false };
        if timeout <= 0
            || self.table != "prefix"
            || cx.now.mono_ms.saturating_sub(client.key_table_since_ms) <= timeout as u64
        {
            return false;
        }
        let repeats = client.flags.contains(ClientFlags::REPEAT) && binding.is_some_and(|b| b.repeat);
        !repeats
    }

    fn back_to_default(&mut self, cx: &mut Cx<'_>) {
        cx.server.set_key_table(self.client, None, cx.now);
        self.table = cx.server.client_key_table(self.client);
        cx.server.redraw_status(self.client);
    }

    /// Runs a binding, and keeps or leaves the table depending on repeat.
    fn fire(&mut self, cx: &mut Cx<'_>, binding: &Binding) {
        let repeat_ms = self.repeat_time(cx, binding);
        if let Some(timer) = cx.server.clients.get_mut(&self.client).and_then(|c| c.repeat_timer.take()) {
            cx.host.cancel_timer(timer);
        }
        if repeat_ms > 0 {
            set_flag(cx, self.client, ClientFlags::REPEAT, true);
            let id = self.client;
            let timer = cx.host.timer(repeat_ms, Box::new(move |cx| end_repeat(cx, id)));
            if let Some(client) = cx.server.clients.get_mut(&id) {
                client.last_key = Some(binding.key);
                client.repeat_timer = Some(timer);
            }
        } else {
            set_flag(cx, self.client, ClientFlags::REPEAT, false);
            cx.server.set_key_table(self.client, None, cx.now);
        }
        cx.server.redraw_status(self.client);
        dispatch_binding(cx, binding, Some(self.item), Some(self.client), self.input.event, self.target);
    }

    fn repeat_time(&self, cx: &Cx<'_>, binding: &Binding) -> u64 {
        let Some(client) = cx.server.client(self.client) else { return 0 };
        let Some(session) = client.session else { return 0 };
        if !binding.repeat {
            return 0;
        }
        let options = cx.server.session_options(session);
        let repeat = options.get(opt::REPEAT_TIME);
        if repeat == 0 {
            return 0;
        }
        let initial = options.get(opt::INITIAL_REPEAT_TIME);
        let starts = !client.flags.contains(ClientFlags::REPEAT) || client.last_key != Some(binding.key);
        let ms = if starts && initial != 0 { initial } else { repeat };
        ms.max(0) as u64
    }

    /// Sends the key to the pane's mode or program.
    fn forward(&mut self, cx: &mut Cx<'_>) {
        let Some(pane) = self.target.pane else { return };
        let exited = cx.server.pane(pane).is_some_and(|p| p.flags.contains(PaneFlags::EXITED));
        if exited
            && !self.key.is_mouse()
            && !self.key.is_paste()
            && cx.server.pane_options(pane).get(opt::REMAIN_ON_EXIT) == "key"
        {
            cx.server.end_remain_on_exit(pane);
            cx.destroy_pane(pane, false);
            return;
        }
        if !has_flag(cx, self.client, ClientFlags::READONLY) {
            let event = KeyEvent { key: self.key, ..self.input.event };
            let by_hand = ModeTarget { client: Some(self.client), state: self.target, pressed: true };
            let program = cx.server.pane(pane).is_some_and(|p| p.modes.is_empty());
            note_press(cx, self.client, &event, program);
            pane_key(cx, pane, &by_hand, &event);
            self.say_refused(cx);
        }
    }

    /// Shows a message that input was refused.
    fn say_refused(&self, cx: &mut Cx<'_>) {
        if let Some(text) = take_refused(cx) {
            view::message::show_error(cx, self.client, &text);
        }
    }

    fn paste(&mut self, cx: &mut Cx<'_>) {
        if has_flag(cx, self.client, ClientFlags::READONLY) || self.input.bytes.is_empty() {
            return;
        }
        if let Some(pane) = self.target.pane {
            pane_paste(cx, pane, self.key, &self.input.bytes);
            self.say_refused(cx);
        }
        self.key = Key::NONE;
    }
}

/// Queues the commands of a binding behind an item (or at the end of a client's queue).
pub(crate) fn dispatch_binding(
    cx: &mut Cx<'_>,
    binding: &Binding,
    after: Option<ItemId>,
    client: Option<ClientId>,
    event: KeyEvent,
    target: FindState,
) -> Option<ItemId> {
    let read_only = client.is_some_and(|c| has_flag(cx, c, ClientFlags::READONLY));
    let allowed = !read_only || binding.commands.all_have(CommandFlags::READ_ONLY);
    let mut flags = StateFlags::empty();
    flags.set(StateFlags::REPEAT, binding.repeat);
    let state = QueueState::new(target, event, flags);
    let items = if allowed {
        cx.server.queues.commands(binding.commands.list(), &state)
    } else {
        cx.server.queues.step(&state, queue::Step::Refuse("client is read-only".to_owned()))
    };
    match after {
        Some(after) => cx.server.queues.insert_after(after, client, items),
        None => cx.server.queues.append(client, items),
    }
}

/// Ends repeat after `delay_ms`: the server before had started it.
pub(crate) fn repeat_until(cx: &mut Cx<'_>, id: ClientId, delay_ms: u64) {
    let timer = cx.host.timer(delay_ms, Box::new(move |cx| end_repeat(cx, id)));
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.repeat_timer = Some(timer);
    }
}

fn end_repeat(cx: &mut Cx<'_>, id: ClientId) {
    if has_flag(cx, id, ClientFlags::REPEAT) {
        cx.server.set_key_table(id, None, cx.now);
        set_flag(cx, id, ClientFlags::REPEAT, false);
        cx.server.redraw_status(id);
    }
}

/// True if keys come faster than a person types: they count as pasted if the terminal does not bracket
/// pastes.
fn assume_paste(cx: &mut Cx<'_>, id: ClientId) -> bool {
    let now = cx.now.secs();
    let Some(client) = cx.server.clients.get_mut(&id) else { return false };
    let Some(session) = client.session else { return false };
    if client.flags.contains(ClientFlags::BRACKET_PASTING) || client.brackets_pastes {
        return false;
    }
    let gap_us = client.activity.wall_us - client.last_activity.wall_us;
    let limit_ms = cx.server.session_options(session).get(opt::ASSUME_PASTE_TIME);
    if limit_ms == 0 {
        return false;
    }
    let Some(client) = cx.server.clients.get_mut(&id) else { return false };
    if gap_us < limit_ms * 1000 {
        if client.flags.contains(ClientFlags::ASSUME_PASTING) {
            return true;
        }
        client.flags.insert(ClientFlags::ASSUME_PASTING);
        client.paste_since = now;
        return false;
    }
    client.flags.remove(ClientFlags::ASSUME_PASTING);
    false
}

/// Sends a key to a pane: to its mode if it has one, else to its program. Returns false when the key
/// cannot be encoded.
pub(crate) fn pane_key(cx: &mut Cx<'_>, pane: PaneId, target: &ModeTarget, event: &KeyEvent) -> bool {
    // A mouse key that was given by name has no position.
    if event.key.is_mouse() && !event.mouse.valid {
        return false;
    }
    let Some(p) = cx.server.pane(pane) else { return false };
    if !p.modes.is_empty() {
        if target.client.is_some() && !event.is_for_programs() {
            let event = as_shown(event);
            let event = KeyEvent { key: event.key.identity(), ..event };
            view::modes::key(cx, pane, target, &event);
        }
        return true;
    }
    if !takes_input(p) {
        return true;
    }
    let mut bytes = Vec::new();
    let encoded = encode(cx.server, pane, event, &mut bytes);
    // The bytes encoded before the failure are sent as well.
    write_to(cx, pane, &bytes);
    if encoded.is_err() {
        return false;
    }
    if !event.key.is_mouse() {
        for other in synchronized(cx, pane) {
            let mut bytes = Vec::new();
            let _ = encode(cx.server, other, event, &mut bytes);
            write_to(cx, other, &bytes);
        }
    }
    true
}

/// Appends the bytes of a key or mouse event as the pane's program expects them.
fn encode(server: &Server, pane: PaneId, event: &KeyEvent, out: &mut Vec<u8>) -> Result<(), NoEncoding> {
    if event.key.is_mouse() {
        out.extend(encode_mouse_event(server, pane, event).ok_or(NoEncoding)?);
        return Ok(());
    }
    let Some(p) = server.pane(pane) else { return Ok(()) };
    let terminal = p.terminal.lock();
    let (options, modes) = (server.key_encoding(&terminal), terminal.modes());
    drop(terminal);
    write_key(event.pressed(), modes, &options, out)
}

/// The bytes of a mouse event; `None` when the pane's program did not ask for it.
fn encode_mouse_event(server: &Server, pane: PaneId, event: &KeyEvent) -> Option<Vec<u8>> {
    let modes = server.pane(pane)?.terminal.lock().modes();
    let mouse = &event.mouse;
    if mouse.ignore || !server.is_pane_visible(pane) {
        return None;
    }
    let (x, y) = server.mouse_at(pane, mouse, false)?;
    Some(encode_mouse(mouse, x, y, modes))
}

/// Sends pasted bytes to a pane's program.
pub(crate) fn pane_paste(cx: &mut Cx<'_>, pane: PaneId, key: Key, bytes: &[u8]) {
    let Some(p) = cx.server.pane(pane) else { return };
    if !p.modes.is_empty() || !takes_input(p) {
        return;
    }
    if key.is_paste() && !p.terminal.lock().modes().contains(crate::terminal::Modes::BRACKETPASTE) {
        return;
    }
    write_to(cx, pane, bytes);
    for other in synchronized(cx, pane) {
        write_to(cx, other, bytes);
    }
}

/// Sends characters that `is_typed_as_it_is` to a pane's program, as `pane_key` would one by one.
pub(crate) fn pane_text(cx: &mut Cx<'_>, pane: PaneId, text: &str) {
    if !cx.server.pane(pane).is_some_and(takes_input) {
        return;
    }
    let bytes = crate::base::text::to_bytes(text);
    write_to(cx, pane, &bytes);
    for other in synchronized(cx, pane) {
        write_to(cx, other, &bytes);
    }
}

/// Queues bytes for a pane's program; if they do not fit, `take_refused` reports it.
fn write_to(cx: &mut Cx<'_>, pane: PaneId, bytes: &[u8]) {
    cx.server.note_input(pane, bytes);
    if !cx.host.pane_write(pane, bytes) {
        cx.server.input_refused = Some(pane);
    }
}

/// A message if input was refused since the last call.
pub(crate) fn take_refused(cx: &mut Cx<'_>) -> Option<String> {
    cx.server.input_refused.take().map(|pane| format!("too much input waiting: {pane}"))
}

/// True if a pane has a program that gets input.
pub(super) fn takes_input(pane: &crate::model::Pane) -> bool {
    pane.has_terminal() && !pane.flags.contains(PaneFlags::INPUT_OFF)
}

/// Other panes of the window that get the same input (`synchronize-panes`).
fn synchronized(cx: &Cx<'_>, pane: PaneId) -> Vec<PaneId> {
    if !cx.server.pane_options(pane).get(opt::SYNCHRONIZE_PANES) {
        return Vec::new();
    }
    let Some(window) = cx.server.pane(pane).and_then(|p| cx.server.window(p.window)) else {
        return Vec::new();
    };
    let gets = |id: &PaneId| {
        *id != pane
            && cx.server.pane(*id).is_some_and(|p| p.modes.is_empty() && takes_input(p))
            && cx.server.is_pane_visible(*id)
            && cx.server.pane_options(*id).get(opt::SYNCHRONIZE_PANES)
    };
    window.panes.iter().copied().filter(gets).collect()
}

fn has_flag(cx: &Cx<'_>, id: ClientId, flag: ClientFlags) -> bool {
    cx.server.client(id).is_some_and(|c| c.flags.contains(flag))
}

fn set_flag(cx: &mut Cx<'_>, id: ClientId, flag: ClientFlags, on: bool) {
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.flags.set(flag, on);
    }
}
