//! `customize-mode`: options and key bindings, shown and changed.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::keys::{ask, confirm};
use super::page::{self, Page};
use super::{Outcome, Pressed, Source, Tree, with_source};
use crate::base::{Key, KeyCode, NamedKey, PaneId, Point, Size, Surface};
use crate::format::Objects;
use crate::model::key_tables::Binding;
use crate::model::option_access::OptionScope;
use crate::model::queue::{KeyEvent, QueueState, StateFlags};
use crate::model::{Cx, FindState};
use crate::options::{ArrayKey, Kind, OptionEntry, Scope, table};
use crate::syntax::args::Args;
use crate::view::message;
use crate::view::prompt::PromptType;

const FORMAT: &str = concat!(
    "#{?is_option,",
    "#{?option_is_global,,#[reverse](#{option_scope})#[default] }",
    "#[ignore]",
    "#{option_value}#{?option_unit, #{option_unit},}",
    ",",
    "#{key}",
    "}",
);

/// Rows of the current item's description.
const INFO_ROWS: usize = 12;

/// A part of a key binding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) enum Part {
    Whole,
    Command,
    Note,
    Repeat,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Item {
    Group,
    Option { level: OptionScope, name: String, index: Option<ArrayKey> },
    Key { table: String, key: Key, part: Part },
}

#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Customize {
    format: String,
    accept: bool,
    hide_global: bool,
    state: FindState,
}

fn tag(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn is_global(level: OptionScope) -> bool {
    matches!(level, OptionScope::Server | OptionScope::GlobalSession | OptionScope::GlobalWindow)
}

impl Customize {
    pub(crate) const NAME: &'static str = "options-mode";

    pub(crate) fn new(args: &Args, state: FindState) -> Self {
        Self {
            format: args.get('F').unwrap_or(FORMAT).to_owned(),
            accept: args.has('y'),
            hide_global: false,
            state,
        }
    }

    fn state(&self, cx: &Cx<'_>, pane: PaneId) -> FindState {
        if self.state.is_valid(cx.server) { self.state } else { FindState::from_pane(cx.server, pane) }
    }

    fn objects<'a>(cx: &'a Cx<'_>, state: &FindState, is_option: bool) -> Objects<'a> {
        let (option, key) = if is_option { ("1", "0") } else { ("0", "1") };
        Objects::new(cx.server, cx.host, cx.now).state(state).add("is_option", option).add("is_key", key)
    }

    /// Adds the options of up to three levels, the global one first.
    fn add_options(
        &self,
        cx: &Cx<'_>,
        tree: &mut Tree<Item>,
        state: &FindState,
        (title, levels): (&str, &[OptionScope]),
        filter: Option<&str>,
    ) {
        let Some(top) = tree.add(None, Item::Group, tag(("group", title)), title.to_owned(), None, false)
        else {
            return;
        };
        tree.nodes[top].no_tag = true;
        let own = |level: OptionScope, name: &str| cx.server.chain(level).named_here(name).is_some();
        let owner =
            |name: &str| levels.iter().rev().copied().find(|&level| own(level, name)).unwrap_or(levels[0]);
        let mut users: Vec<String> = Vec::new();
        for &level in levels {
            for (name, _) in cx.server.level(level).into_iter().flat_map(|options| options.iter()) {
                if name.starts_with('@') && !users.iter().any(|n| n == name) {
                    users.push(name.to_owned());
                }
            }
        }
        let mut names: Vec<&str> = table::all()
            .filter(|entry| !entry.is_hook && !entry.ours)
            .filter(|entry| own(levels[0], entry.name))
            .map(|entry| entry.name)
            .collect();
        names.sort_unstable();
        for name in users.iter().map(String::as_str).chain(names) {
            self.add_option(cx, tree, state, top, owner(name), name, filter);
        }
    }

    #[expect(clippy::too_many_arguments)]
    fn add_option(
        &self,
        cx: &Cx<'_>,
        tree: &mut Tree<Item>,
        state: &FindState,
        top: usize,
        level: OptionScope,
        name: &str,
        filter: Option<&str>,
    ) {
        let entry = table::find(name);
        let array = entry.is_some_and(OptionEntry::is_array);
        if self.hide_global && is_global(level) {
            return;
        }
        let chain = cx.server.chain(level);
        let Some(value) = chain.named(name) else { return };
        let flag = |on: bool| if on { "1" } else { "0" };
        let mut objects = Self::objects(cx, state, true)
            .add("option_name", name)
            .add("option_is_global", flag(is_global(level)))
            .add("option_is_array", flag(array))
            .add("option_scope", scope_text(cx, state, level))
            .add("option_unit", entry.and_then(|e| e.unit).unwrap_or(""));
        if !array {
            objects = objects.add("option_value", value.to_text(entry, false));
        }
        if filter.is_some_and(|filter| !objects.is_true(filter)) {
            return;
        }
        let item = Item::Option { level, name: name.to_owned(), index: None };
        let text = (!array).then(|| objects.expand(&self.format));
        let Some(at) = tree.add(Some(top), item, tag(("option", name)), name.to_owned(), text, false) else {
            return;
        };
        for (index, value) in value.elements().filter(|_| array) {
            let label = format!("{name}[{index}]");
            let objects = objects
                .clone()
                .add("option_name", label.clone())
                .add("option_value", value.to_text(entry, false));
            let item = Item::Option { level, name: name.to_owned(), index: Some(index.clone()) };
            tree.add(
                Some(at),
                item,
                tag(("option", name, index)),
                label,
                Some(objects.expand(&self.format)),
                true,
            );
        }
    }

    fn add_table(
        &self,
        cx: &Cx<'_>,
        tree: &mut Tree<Item>,
        state: &FindState,
        name: &str,
        filter: Option<&str>,
    ) {
        let Some(keys) = cx.server.key_tables.tables.get(name).filter(|t| !t.bindings.is_empty()) else {
            return;
        };
        let title = format!("Key Table - {name}");
        let Some(top) = tree.add(None, Item::Group, tag(("table", name)), title, None, false) else { return };
        tree.nodes[top].no_tag = true;
        for (key, binding) in &keys.bindings {
            let shown = key.name(false);
            let objects = Self::objects(cx, state, false)
                .add("key", shown.clone())
                .add("key_note", binding.note.clone().unwrap_or_default());
            if filter.is_some_and(|filter| !objects.is_true(filter)) {
                continue;
            }
            let item = |part| Item::Key { table: name.to_owned(), key: *key, part };
            let label = objects.expand(&self.format);
            let whole = tag(("key", name, &shown));
            let Some(at) = tree.add(Some(top), item(Part::Whole), whole, label, None, false) else { return };
            let note = binding.note.as_ref().map(|note| format!("#[ignore]{note}")).unwrap_or_default();
            let repeat = if binding.repeat { "on" } else { "off" };
            let parts = [
                (Part::Command, "Command", format!("#[ignore]{}", binding.commands.print())),
                (Part::Note, "Note", note),
                (Part::Repeat, "Repeat", repeat.to_owned()),
            ];
            for (part, label, text) in parts {
                let tag = tag(("key", name, &shown, part));
                if let Some(added) = tree.add(Some(at), item(part), tag, label.to_owned(), Some(text), true) {
                    tree.nodes[added].as_parent = true;
                    tree.nodes[added].no_tag = true;
                }
            }
        }
    }

    /// Level to set an option on: the global one, or that of the window (pane) or session.
    fn target_level(state: &FindState, level: OptionScope, global: bool, pane: bool) -> OptionScope {
        match (level, global) {
            (OptionScope::Server, _) => OptionScope::Server,
            (OptionScope::Session(_) | OptionScope::GlobalSession, true) => OptionScope::GlobalSession,
            (OptionScope::Session(_) | OptionScope::GlobalSession, false) => {
                state.session.map_or(level, OptionScope::Session)
            }
            (_, true) => OptionScope::GlobalWindow,
            (_, false) if pane => state.pane.map_or(level, OptionScope::Pane),
            (_, false) => state.window.map_or(level, OptionScope::Window),
        }
    }

    fn set_option(&self, cx: &mut Cx<'_>, with: &Pressed, item: &Item, global: bool, pane: bool) {
        let Item::Option { level, name, index } = item else { return };
        let state = self.state(cx, with.pane);
        let entry = table::find(name);
        let array = entry.is_some_and(OptionEntry::is_array);
        let pane = pane && entry.is_none_or(|e| e.scope.contains(Scope::PANE));
        let to = if array { *level } else { Self::target_level(&state, *level, global, pane) };
        let client = with.client;
        match entry.map(|e| e.kind) {
            Some(Kind::Flag) => {
                let value = if cx.server.chain(to).named_number(name) != 0 { "off" } else { "on" };
                set(cx, client, to, name, Some(value));
            }
            Some(Kind::Choice(choices)) => {
                let next = (cx.server.chain(to).named_number(name) as usize + 1) % choices.len();
                set(cx, client, to, name, Some(choices[next]));
            }
            _ => self.ask_value(cx, with, (to, name, index.as_ref()), array),
        }
    }

    /// Asks for the new value of an option, or of an element of one.
    fn ask_value(
        &self,
        cx: &mut Cx<'_>,
        with: &Pressed,
        (to, name, index): (OptionScope, &str, Option<&ArrayKey>),
        array: bool,
    ) {
        let (client, state) = (with.client, self.state(cx, with.pane));
        let entry = table::find(name);
        let value = cx.server.chain(to).named(name);
        let text = value.filter(|_| !array || index.is_some());
        let text = text.map(|v| v.element_text(entry, index, false)).unwrap_or_default();
        let free = (0..)
            .map(ArrayKey::Number)
            .find(|key| value.is_none_or(|v| v.elements().all(|(at, _)| at != key)));
        let place = scope_text(cx, &state, to);
        let space = match () {
            () if !place.is_empty() => ", for ",
            () if to != OptionScope::Server => ", global",
            () => "",
        };
        let label = match index {
            _ if !array => name.to_owned(),
            Some(index) => format!("{name}[{index}]"),
            None => format!("{name}[+]"),
        };
        let target = match index.cloned().or(free).filter(|_| array) {
            Some(key) => format!("{name}[{key}]"),
            None => name.to_owned(),
        };
        let question = format!("({label}{space}{place}) ");
        ask(cx, with, &question, &text, PromptType::Command, move |cx, text| {
            if !text.is_empty() {
                set(cx, client, to, &target, Some(text));
            }
        });
    }

    fn set_key(&self, cx: &mut Cx<'_>, with: &Pressed, item: &Item) {
        let Item::Key { table, key, part } = item.clone() else { return };
        let Some(binding) = cx.server.key_tables.get(&table, key) else { return };
        let question = format!("({}) ", key.name(false));
        let (client, pane) = (with.client, with.pane);
        match part {
            Part::Whole => {}
            Part::Repeat => change_binding(cx, &table, key, |binding| binding.repeat = !binding.repeat),
            Part::Note => {
                let note = binding.note.clone().unwrap_or_default();
                ask(cx, with, &question, &note, PromptType::Command, move |cx, text| {
                    if !text.is_empty() {
                        change_binding(cx, &table, key, |binding| binding.note = Some(text.to_owned()));
                        with_source::<Customize, _>(cx, pane, |cx, mode| mode.build(cx, pane));
                    }
                });
            }
            Part::Command => {
                let command = binding.commands.print();
                ask(cx, with, &question, &command, PromptType::Command, move |cx, text| {
                    if text.is_empty() {
                        return;
                    }
                    match crate::format::parse::commands(cx, text) {
                        Ok(list) => {
                            change_binding(cx, &table, key, |binding| binding.commands = list.clone().into())
                        }
                        Err(error) => {
                            client.into_iter().for_each(|c| message::queue_error(cx, c, error.clone()))
                        }
                    }
                    with_source::<Customize, _>(cx, pane, |cx, mode| mode.build(cx, pane));
                });
            }
        }
    }

    /// Asks for confirmation, then unsets (or resets to the default) the current item or the tagged
    /// ones.
    fn ask_change(&self, cx: &mut Cx<'_>, with: &Pressed, items: Vec<Item>, question: &str, reset: bool) {
        let client = with.client;
        confirm(cx, with, question, self.accept, move |cx| {
            for item in &items {
                change(cx, client, item, reset);
            }
        });
    }
}

fn change_binding(cx: &mut Cx<'_>, table: &str, key: Key, change: impl FnOnce(&mut Binding)) {
    let table = cx.server.key_tables.tables.get_mut(table);
    if let Some(binding) = table.and_then(|t| t.bindings.get_mut(&key.identity())) {
        change(binding);
    }
}

/// Unsets an item or resets it to its default.
fn change(cx: &mut Cx<'_>, client: Option<crate::base::ClientId>, item: &Item, reset: bool) {
    match item {
        Item::Group => {}
        Item::Option { level, name, index: None } => set(cx, client, *level, name, None),
        Item::Option { level, name, index: Some(index) } => {
            if !reset {
                set(cx, client, *level, &format!("{name}[{index}]"), None);
            }
        }
        Item::Key { table, key, .. } => {
            let default = cx.server.key_tables.tables.get(table).and_then(|t| t.defaults.get(key)).cloned();
            match default.filter(|_| reset) {
                Some(binding) => cx.server.key_tables.add(table, binding),
                None => cx.server.key_tables.remove(table, *key),
            }
        }
    }
}

/// Sets (or unsets) an option by running the command that does so, so that all effects of the
/// change happen.
fn set(
    cx: &mut Cx<'_>,
    client: Option<crate::base::ClientId>,
    level: OptionScope,
    name: &str,
    value: Option<&str>,
) {
    let mut argv = vec!["set-option".to_owned()];
    let (flags, target) = match level {
        OptionScope::Server => ("-s", None),
        OptionScope::GlobalSession => ("-g", None),
        OptionScope::GlobalWindow => ("-gw", None),
        OptionScope::Session(id) => ("-q", Some(id.to_string())),
        OptionScope::Window(id) => ("-w", Some(id.to_string())),
        OptionScope::Pane(id) => ("-p", Some(id.to_string())),
    };
    argv.push(flags.to_owned());
    argv.extend(target.into_iter().flat_map(|target| ["-t".to_owned(), target]));
    if value.is_none() {
        argv.push("-u".to_owned());
    }
    argv.extend(["--".to_owned(), name.to_owned()]);
    argv.extend(value.map(str::to_owned));
    match crate::format::parse::arguments(cx, &argv) {
        Ok(list) => {
            let state = QueueState::new(FindState::default(), KeyEvent::default(), StateFlags::empty());
            let items = cx.server.queues.commands(&list, &state);
            cx.server.queues.append(client, items);
        }
        Err(error) => client.into_iter().for_each(|c| message::queue_error(cx, c, error.clone())),
    }
}

/// Name of a level's object; empty for global levels.
fn scope_text(cx: &Cx<'_>, state: &FindState, level: OptionScope) -> String {
    match level {
        OptionScope::Pane(id) => format!("pane {}", cx.server.pane_index(id).unwrap_or(0)),
        OptionScope::Session(id) => {
            format!("session {}", cx.server.session(id).map_or("", |s| s.name.as_str()))
        }
        OptionScope::Window(_) => format!("window {}", state.winlink.unwrap_or(0)),
        _ => String::new(),
    }
}

impl Source for Customize {
    type Item = Item;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn save(&self) -> Option<String> {
        super::saved::source_text(self)
    }

    fn build(
        &mut self,
        cx: &Cx<'_>,
        pane: PaneId,
        tree: &mut Tree<Item>,
        filter: Option<&str>,
    ) -> Option<u64> {
        let state = self.state(cx, pane);
        let own = |first: OptionScope, more: [Option<OptionScope>; 2]| {
            std::iter::once(first).chain(more.into_iter().flatten()).collect::<Vec<_>>()
        };
        let groups = [
            ("Server Options", own(OptionScope::Server, [None, None])),
            (
                "Session Options",
                own(OptionScope::GlobalSession, [state.session.map(OptionScope::Session), None]),
            ),
            (
                "Window & Pane Options",
                own(
                    OptionScope::GlobalWindow,
                    [state.window.map(OptionScope::Window), state.pane.map(OptionScope::Pane)],
                ),
            ),
        ];
        for (title, levels) in &groups {
            self.add_options(cx, tree, &state, (title, levels), filter);
        }
        for name in cx.server.key_tables.tables.keys() {
            self.add_table(cx, tree, &state, name, filter);
        }
        None
    }

    fn draw(&mut self, cx: &Cx<'_>, item: &Item, surface: &mut Surface, at: Point, size: Size) {
        let mut page = Page::new(surface, at, size);
        match item {
            Item::Group => {}
            Item::Option { level, name, index } => {
                page::draw_option(cx, &mut page, &self.state, *level, name, index.as_ref());
            }
            Item::Key { table, key, .. } => {
                page::draw_key(cx, &mut page, table, *key);
            }
        }
    }

    fn preview_rows(&self) -> Option<usize> {
        Some(INFO_ROWS)
    }

    fn menu(&self) -> &'static [(&'static str, Key)] {
        const MENU: &[(&str, Key)] = &[
            ("Select", Key::ENTER),
            ("Expand", Key::named(NamedKey::Right)),
            ("", Key::NONE),
            ("Tag", Key::char('t')),
            ("Tag All", super::MENU_TAG_ALL),
            ("Tag None", Key::char('T')),
            ("", Key::NONE),
            ("Cancel", Key::char('q')),
        ];
        MENU
    }

    fn help(&self) -> (&'static [(&'static str, &'static str)], &'static str, u32) {
        const HELP: &[(&str, &str)] = &[
            ("Enter, s", "Set %1 value"),
            ("S", "Set global %1 value"),
            ("w", "Set window %1 value"),
            ("d", "Set to default value"),
            ("D", "Set tagged %1s to default value"),
            ("u", "Unset an %1"),
            ("U", "Unset tagged %1s"),
            ("f", "Enter a filter"),
            ("v", "Toggle information"),
        ];
        (HELP, "option", 52)
    }

    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<Item>, with: &Pressed) -> Outcome {
        let KeyCode::Char(letter) = with.key.code else { return Outcome::Stay };
        let Some(item) = tree.current_node().map(|node| node.data.clone()) else { return Outcome::Stay };
        if !with.key.mods.is_empty() {
            return Outcome::Stay;
        }
        let tagged = || tree.tagged().into_iter().map(|n| tree.nodes[n].data.clone()).collect::<Vec<_>>();
        let label = match &item {
            Item::Group => None,
            Item::Option { name, index, .. } => Some((name.clone(), index.clone())),
            Item::Key { key, .. } => Some((key.name(false), None)),
        };
        match (letter, label) {
            ('\r' | 's', Some(_)) => {
                self.set_key(cx, with, &item);
                self.set_option(cx, with, &item, false, true);
                return Outcome::Rebuild;
            }
            ('w', Some(_)) => self.set_option(cx, with, &item, false, false),
            ('S' | 'W', Some(_)) => self.set_option(cx, with, &item, true, false),
            ('d', Some((name, None))) => {
                self.ask_change(cx, with, vec![item], &format!("Reset {name} to default? "), true);
            }
            ('u', Some((name, index))) => {
                let label = index.map_or(name.clone(), |index| format!("{name}[{index}]"));
                self.ask_change(cx, with, vec![item], &format!("Unset {label}? "), false);
            }
            ('D' | 'U', _) => {
                let (items, reset) = (tagged(), letter == 'D');
                if !items.is_empty() {
                    let count = items.len();
                    let question = if reset {
                        format!("Reset {count} tagged to default? ")
                    } else {
                        format!("Unset {count} tagged? ")
                    };
                    self.ask_change(cx, with, items, &question, reset);
                }
            }
            ('H', _) => self.hide_global = !self.hide_global,
            _ => return Outcome::Stay,
        }
        Outcome::Rebuild
    }
}
