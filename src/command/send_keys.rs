//! `send-keys` and `send-prefix`.

use crate::base::{Key, KeyFlags, Mods};
use crate::model::mode::ModeTarget;
use crate::model::queue::{ItemId, KeyEvent};
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::options::opt;
use crate::syntax::args::Args;
use crate::terminal::is_typed_as_it_is;
use crate::view;

use super::input::{self, InputEvent};
use super::output;

/// Maximum number of keys sent by one command: repeat count times keys; more is an error.
const MAX_KEYS: u64 = 1 << 20;

pub(super) fn send_prefix(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if let Some(refused) = refuse_read_only(cx, item, args) {
        return refused;
    }
    let Some(session) = item.target.session else { return Exec::Error };
    let name = if args.has('2') { opt::PREFIX2 } else { opt::PREFIX };
    let key = cx.server.session_options(session).get(name);
    Sender { item, args, after: item.id }.key(cx, key);
    Exec::Normal
}

fn refuse_read_only(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Option<Exec> {
    let target = item.target_client.and_then(|id| cx.server.client(id));
    let types = !args.has('X') && target.is_some_and(|c| c.flags.contains(ClientFlags::READONLY));
    // tmux: looks at the target client alone, and lets everybody copy and pipe.
    let reader = cx.server.is_asked_by_reader(item);
    let refused = types || (reader && !(args.has('X') && only_looks(args)));
    refused.then(|| output::error(cx, item, "client is read-only"))
}

/// Whether a command of a mode leaves nothing behind: no buffer, no file, no program.
fn only_looks(args: &Args) -> bool {
    let leaves = ["copy", "pipe", "append", "save"];
    args.string(0).is_some_and(|name| !leaves.iter().any(|word| name.contains(word)))
}

pub(super) fn send_keys(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if let Some(refused) = refuse_read_only(cx, item, args) {
        return refused;
    }
    let Some(pane) = item.target.pane else { return Exec::Error };
    let mode = ModeTarget { client: item.target_client, state: item.target, pressed: false };
    let in_mode = cx.server.pane(pane).is_some_and(|p| !p.modes.is_empty());
    let mut repeat = 1;
    if args.has('N') {
        match output::expanded_number(cx, item, args, 'N', 1, i64::from(u32::MAX)) {
            Ok(number) => repeat = number as u64,
            Err(cause) => return output::error(cx, item, &format!("repeat count {cause}")),
        }
        if in_mode
            && (args.has('X') || args.count() == 0)
            && !view::modes::set_prefix(cx, pane, repeat as u32)
        {
            return output::error(cx, item, "not in a mode");
        }
    }
    if args.has('X') {
        if !in_mode || !view::modes::command(cx, pane, &mode, args, &item.state.event) {
            return output::error(cx, item, "not in a mode");
        }
        if let Some(error) = view::modes::failure(cx, pane) {
            return output::error(cx, item, error);
        }
        let waits = !is_typed_search(cx, item, args) && view::modes::wait(cx, pane, item.id);
        return if waits { Exec::Wait } else { Exec::Normal };
    }
    if args.has('M') {
        return send_mouse(cx, item);
    }
    if args.has('R') {
        cx.server.reset_pane(pane);
    }
    let mut sender = Sender { item, args, after: item.id };
    if args.count() == 0 {
        if !args.has('N') && !args.has('R') {
            sender.key(cx, item.state.event.key);
        }
        return Exec::Normal;
    }
    let values = args.to_vector();
    if repeat > MAX_KEYS / values.len() as u64 {
        return output::error(cx, item, "too many keys");
    }
    for _ in 0..repeat {
        for value in &values {
            sender.string(cx, value);
        }
    }
    match input::take_refused(cx) {
        Some(text) => output::error(cx, item, &text),
        None => Exec::Normal,
    }
}

/// True for the search of a prompt in which somebody is typing: the next character cancels it, so nothing
/// waits for it.
fn is_typed_search(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> bool {
    let client = item.client.and_then(|id| cx.server.client(id));
    let attached = client.is_some_and(|c| c.session.is_some() && !c.flags.contains(ClientFlags::CONTROL));
    attached && args.string(0).is_some_and(|name| name.ends_with("-incremental"))
}

/// `-M`: sends the mouse event that ran this command to the event's pane.
fn send_mouse(cx: &mut Cx<'_>, item: &ItemContext) -> Exec {
    let mouse = item.state.event.mouse;
    let Some(found) = cx.server.find_from_mouse(&mouse) else {
        return output::error(cx, item, "no mouse target");
    };
    let (Some(pane), Some(key)) = (found.pane, mouse.key) else {
        return output::error(cx, item, "no mouse target");
    };
    let target = ModeTarget { client: item.target_client, state: found, pressed: true };
    input::pane_key(cx, pane, &target, &KeyEvent { key, mouse, ..KeyEvent::default() });
    Exec::Normal
}

/// Sends keys in order; commands that are bound to keys of a mode are queued in the same order.
struct Sender<'a> {
    item: &'a ItemContext,
    args: &'a Args,
    after: ItemId,
}

impl Sender<'_> {
    /// Sends one argument: a key's name, a hexadecimal byte, or text.
    fn string(&mut self, cx: &mut Cx<'_>, value: &str) {
        if self.args.has('H') {
            let digits = value.trim_start().trim_start_matches("0x").trim_start_matches("0X");
            if let Ok(byte) = u8::from_str_radix(digits, 16) {
                let key = Key { flags: KeyFlags::LITERAL, ..Key::char(char::from(byte)) };
                self.key(cx, key);
            }
            return;
        }
        if !self.args.has('l')
            && let Some(key) = self.named(cx, value)
            && key.identity() != Key::NONE
            && key.identity() != Key::UNKNOWN
            && self.key(cx, key)
        {
            return;
        }
        let mut rest = value;
        while let Some(c) = rest.chars().next() {
            let plain = rest.find(|c| !is_typed_as_it_is(c)).unwrap_or(rest.len());
            if plain > 0 && self.text(cx, &rest[..plain]) {
                rest = &rest[plain..];
            } else {
                self.key(cx, Key::new(crate::base::KeyCode::Char(c), Mods::empty()));
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    /// The key that a word names. Key names that tmux does not know count as text, unless kitty's
    /// keyboard protocol is enabled by options.
    fn named(&self, cx: &Cx<'_>, word: &str) -> Option<Key> {
        Key::parse(word).or_else(|| if cx.server.kitty_keys() { Key::parse_ours(word) } else { None })
    }

    /// Sends characters as bytes, all at once. Returns false if they have to be sent as keys.
    fn text(&mut self, cx: &mut Cx<'_>, text: &str) -> bool {
        let Some(pane) = self.item.target.pane else { return true };
        if self.args.has('K') || view::modes::key_table(cx, pane).is_some() {
            return false;
        }
        input::pane_text(cx, pane, text);
        true
    }

    /// Sends one key. Returns false when it cannot be sent to the pane.
    fn key(&mut self, cx: &mut Cx<'_>, key: Key) -> bool {
        let Some(pane) = self.item.target.pane else { return true };
        if self.args.has('K') {
            if let Some(client) = self.item.target_client {
                let key = Key { flags: key.flags | KeyFlags::SENT, ..key };
                let event = KeyEvent { key, ..KeyEvent::default() };
                input::handle_key(cx, client, InputEvent { event, bytes: Vec::new() });
            }
            return true;
        }
        let target = self.item.target;
        let Some(table) = view::modes::key_table(cx, pane) else {
            let event = KeyEvent { key, ..KeyEvent::default() };
            let target = ModeTarget { client: self.item.target_client, state: target, pressed: false };
            return input::pane_key(cx, pane, &target, &event);
        };
        if let Some(binding) = cx.server.key_tables.get(&table, key).cloned() {
            let client = self.item.target_client;
            let event = KeyEvent::default();
            if let Some(last) = input::dispatch_binding(cx, &binding, Some(self.after), client, event, target)
            {
                self.after = last;
            }
        }
        true
    }
}
