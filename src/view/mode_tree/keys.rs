//! Keys and mouse events that all choosers share, their menu, search and filter prompts.

use super::{Outcome, Pressed, Preview, Source, TreeMode, with_source};
use crate::base::{
    ClientId, Key, KeyCode, Mods, MouseEvent, MouseKind, MouseLocation, NamedKey, PaneId, Point,
};
use crate::format::Objects;
use crate::model::Cx;
use crate::model::mode::{ModeResult, ModeTarget};
use crate::model::queue::KeyEvent;
use crate::view::menu::{self, ItemRequest, Menu};
use crate::view::prompt::{self, Next, PromptFlags, PromptType, Request};

/// The menu outside of the list.
const OUTSIDE_MENU: &[(&str, Key)] = &[
    ("Scroll Left", Key::char('<')),
    ("Scroll Right", Key::char('>')),
    ("", Key::NONE),
    ("Cancel", Key::char('q')),
];

/// Part of a chooser that a mouse event hit.
enum Under {
    /// Handled already, or no effect.
    Nothing,
    /// The preview: the source handles the event.
    Preview(u32),
    /// A line that is current now and was chosen.
    Chosen,
}

impl<S: Source> TreeMode<S> {
    pub(super) fn pressed(
        &mut self,
        cx: &mut Cx<'_>,
        pane: PaneId,
        target: &ModeTarget,
        event: &KeyEvent,
    ) -> ModeResult {
        if self.source.is_over(cx) {
            return ModeResult::Close;
        }
        let before = self.tree.current_tag();
        let mut with = Pressed {
            pane,
            client: target.client,
            key: event.key.identity(),
            x: None,
            by_hand: target.pressed,
        };
        let mut finished = false;
        if self.tree.lines.is_empty() {
            return ModeResult::Close;
        }
        if with.key.is_mouse() {
            match self.mouse(cx, &with, &event.mouse) {
                Under::Nothing => return ModeResult::Redraw,
                Under::Preview(x) => with.x = Some(x),
                Under::Chosen => with.key = Key::ENTER,
            }
        } else if let Some(line) = self.line_of_key(with.key) {
            self.tree.current = line;
            with.key = Key::ENTER;
        } else {
            finished = self.move_by_key(cx, &with);
        }
        if self.tree.current_tag() != before {
            self.source.moved();
        }
        let outcome = self.source.key(cx, &mut self.tree, &with);
        if finished || outcome == Outcome::Finish || self.source.is_over(cx) {
            return ModeResult::Close;
        }
        if outcome == Outcome::Rebuild {
            self.build(cx, pane);
        }
        ModeResult::Redraw
    }

    fn line_of_key(&self, key: Key) -> Option<usize> {
        self.tree.lines.iter().position(|line| self.tree.nodes[line.node].key == Some(key))
    }

    fn mouse(&mut self, cx: &mut Cx<'_>, with: &Pressed, mouse: &MouseEvent) -> Under {
        let Some((x, y)) = cx.server.mouse_at(with.pane, mouse, false) else { return Under::Nothing };
        let KeyCode::Mouse(m) = with.key.code else { return Under::Nothing };
        if m.location != MouseLocation::Pane || !with.key.mods.is_empty() {
            return Under::Nothing;
        }
        let third = m.kind == MouseKind::Down && m.button == 3;
        let first = m.kind == MouseKind::Down && m.button == 1;
        let double = m.kind == MouseKind::DoubleClick && m.button == 1;
        let heading = self.heading_rows();
        if y < heading {
            return Under::Nothing;
        }
        let y = y - heading;
        let at = Point::new(x, y);
        if x > self.tree.size.cols || y as usize > self.tree.height {
            if third {
                self.open_menu(cx, with, at, true);
            }
            return if self.tree.preview == Preview::Off { Under::Nothing } else { Under::Preview(x) };
        }
        let line = self.tree.offset + y as usize;
        if line < self.tree.lines.len() && (first || third || double) {
            self.tree.current = line;
        }
        if third {
            self.open_menu(cx, with, at, false);
        }
        if double && line < self.tree.lines.len() { Under::Chosen } else { Under::Nothing }
    }

    /// Handles keys that move the current line. True if the mode must end.
    fn move_by_key(&mut self, cx: &mut Cx<'_>, with: &Pressed) -> bool {
        let key = with.key;
        let meta = |c: char| Key::char(c).with(Mods::META);
        let ctrl = |c: char| key == Key::ctrl(c);
        match key.code {
            _ if ctrl('[') || ctrl('g') => return true,
            _ if ctrl('h') => self.show_help(cx, with.client),
            _ if ctrl('p') => self.tree.up(true),
            _ if ctrl('n') => drop(self.tree.down(true)),
            _ if ctrl('b') => self.page(false),
            _ if ctrl('f') => self.page(true),
            _ if ctrl('t') => self.tree.tag_all(),
            _ if ctrl('s') => self.ask_search(cx, with),
            _ if key == meta('-') => self.expand_all(cx, with.pane, false),
            _ if key == meta('+') => self.expand_all(cx, with.pane, true),
            KeyCode::Named(NamedKey::Up) if key.mods == Mods::SHIFT => self.swap(cx, with.pane, false),
            KeyCode::Named(NamedKey::Down) if key.mods == Mods::SHIFT => self.swap(cx, with.pane, true),
            _ if !key.mods.is_empty() => {}
            KeyCode::Named(named) => self.named_key(cx, with, named),
            KeyCode::Char(c) => return self.letter(cx, with, c),
            _ => {}
        }
        false
    }

    fn named_key(&mut self, cx: &mut Cx<'_>, with: &Pressed, named: NamedKey) {
        match named {
            NamedKey::F1 => self.show_help(cx, with.client),
            NamedKey::Up => self.tree.up(true),
            NamedKey::Down => drop(self.tree.down(true)),
            NamedKey::PageUp => self.page(false),
            NamedKey::PageDown => self.page(true),
            NamedKey::Home => self.tree.first(),
            NamedKey::End => self.tree.end(),
            NamedKey::Left => self.collapse(cx, with.pane),
            NamedKey::Right => self.unfold(cx, with.pane),
            _ => {}
        }
    }

    fn letter(&mut self, cx: &mut Cx<'_>, with: &Pressed, c: char) -> bool {
        match c {
            'q' | '\x1b' => return true,
            'k' => self.tree.up(true),
            'j' => drop(self.tree.down(true)),
            'K' => self.swap(cx, with.pane, false),
            'J' => self.swap(cx, with.pane, true),
            'g' => self.tree.first(),
            'G' => self.tree.end(),
            't' => {
                self.tree.toggle_tag(with.by_hand);
            }
            'T' => self.tree.untag_all(),
            'O' => {
                self.tree.next_order();
                self.build(cx, with.pane);
            }
            'r' => {
                self.tree.sort.reversed = !self.tree.sort.reversed;
                self.build(cx, with.pane);
            }
            'h' | '-' => self.collapse(cx, with.pane),
            'l' | '+' => self.unfold(cx, with.pane),
            '?' | '/' => self.ask_search(cx, with),
            'n' => {
                self.tree.search_down = true;
                self.search(cx, with.pane);
            }
            'N' => {
                self.tree.search_down = false;
                self.search(cx, with.pane);
            }
            'f' => self.ask_filter(cx, with),
            'v' => {
                self.tree.preview = match self.tree.preview {
                    Preview::Off => Preview::Big,
                    Preview::Normal => Preview::Off,
                    Preview::Big => Preview::Normal,
                };
                self.build(cx, with.pane);
            }
            _ => {}
        }
        false
    }

    fn page(&mut self, down: bool) {
        for _ in 0..self.tree.page() {
            if down && self.tree.current + 1 < self.tree.lines.len() {
                self.tree.down(true);
            } else if !down && self.tree.current > 0 {
                self.tree.up(true);
            }
        }
    }

    fn swap(&mut self, cx: &mut Cx<'_>, pane: PaneId, down: bool) {
        let (Some(from), Some(to)) = (self.tree.current_index(), self.tree.sibling_line(down)) else {
            return;
        };
        let a = self.tree.nodes[from].data.clone();
        let b = self.tree.nodes[self.tree.lines[to].node].data.clone();
        if self.source.swap(cx, &a, &b, self.tree.sort.order) {
            self.tree.current = to;
            self.build(cx, pane);
        }
    }

    fn collapse(&mut self, cx: &mut Cx<'_>, pane: PaneId) {
        let Some(line) = self.tree.current_line().copied() else { return };
        let node = &self.tree.nodes[line.node];
        let to = if line.flat || !node.expanded { node.parent } else { Some(line.node) };
        match to {
            None => self.tree.up(false),
            Some(to) => {
                self.tree.nodes[to].expanded = false;
                self.tree.current = self.tree.nodes[to].line;
                self.build(cx, pane);
            }
        }
    }

    fn unfold(&mut self, cx: &mut Cx<'_>, pane: PaneId) {
        let Some(line) = self.tree.current_line().copied() else { return };
        if line.flat || self.tree.nodes[line.node].expanded {
            self.tree.down(false);
        } else {
            self.tree.nodes[line.node].expanded = true;
            self.build(cx, pane);
        }
    }

    fn expand_all(&mut self, cx: &mut Cx<'_>, pane: PaneId, expanded: bool) {
        for root in self.tree.roots.clone() {
            self.tree.nodes[root].expanded = expanded;
        }
        self.build(cx, pane);
    }

    /// Moves to the next item that matches the search.
    fn search(&mut self, cx: &mut Cx<'_>, pane: PaneId) {
        let Some(text) = self.tree.search.clone() else { return };
        let ignore_case = !text.bytes().any(|b| b.is_ascii_uppercase());
        let by_name = |name: &str| {
            if ignore_case {
                name.to_ascii_lowercase().contains(&text.to_ascii_lowercase())
            } else {
                name.contains(&text)
            }
        };
        let source = &self.source;
        let found = self.tree.find(self.tree.search_down, |node| {
            source.fits(cx, &node.data, &text, ignore_case).unwrap_or_else(|| by_name(&node.name))
        });
        if let Some(found) = found {
            let tag = self.tree.nodes[found].tag;
            self.tree.reveal(found);
            self.build(cx, pane);
            self.tree.set_current(Some(tag));
        }
    }

    fn ask_search(&mut self, cx: &mut Cx<'_>, with: &Pressed) {
        self.tree.search_down = true;
        let pane = with.pane;
        ask(cx, with, "(search) ", "", PromptType::Search, move |cx, text| {
            with_source::<S, _>(cx, pane, |cx, mode| {
                mode.tree.search = Some(text.to_owned()).filter(|t| !t.is_empty());
                mode.search(cx, pane);
            });
        });
    }

    fn ask_filter(&mut self, cx: &mut Cx<'_>, with: &Pressed) {
        let pane = with.pane;
        let old = self.tree.filter.clone().unwrap_or_default();
        ask(cx, with, "(filter) ", &old, PromptType::Search, move |cx, text| {
            with_source::<S, _>(cx, pane, |cx, mode| {
                mode.tree.filter = Some(text.to_owned()).filter(|t| !t.is_empty());
                mode.build(cx, pane);
            });
        });
    }

    fn open_menu(&mut self, cx: &mut Cx<'_>, with: &Pressed, at: Point, outside: bool) {
        let Some(client) = with.client else { return };
        let Some(cols) = cx.server.client(client).map(|c| c.size.cols) else { return };
        let wanted = self.tree.offset + at.y as usize;
        let line = if wanted < self.tree.lines.len() { wanted } else { self.tree.current };
        let name = &self.tree.nodes[self.tree.lines[line].node].name;
        let (items, title) = if outside {
            (OUTSIDE_MENU, String::new())
        } else {
            (self.source.menu(), format!("#[align=centre]{name}"))
        };
        let objects = Objects::new(cx.server, cx.host, cx.now).client(Some(client));
        let mut list = Menu::new(&title);
        for (name, key) in items {
            let request = ItemRequest { name: (*name).to_owned(), key: Some(*key), command: None };
            list.add(&objects, cols, &request);
        }
        let keys: Vec<Key> = list.keys();
        let x = at.x.saturating_sub(list.size().cols / 2);
        let pane = with.pane;
        let choice = move |cx: &mut Cx<'_>, client: ClientId, index: Option<usize>| {
            let Some(key) = index.and_then(|index| keys.get(index)).copied() else { return };
            let result = with_source::<S, _>(cx, pane, |cx, mode| {
                let name = mode.source.name();
                if line >= mode.tree.lines.len() {
                    return (name, ModeResult::Nothing);
                }
                mode.tree.current = line;
                let target = ModeTarget { client: Some(client), ..ModeTarget::default() };
                (name, mode.pressed(cx, pane, &target, &KeyEvent { key, ..KeyEvent::default() }))
            });
            if let Some((name, result)) = result {
                crate::view::modes::settle_key(cx, pane, name, result);
            }
        };
        let request = menu::Request {
            at: Point::new(x, at.y + self.heading_rows()),
            choice: Some(Box::new(choice)),
            ..menu::Request::default()
        };
        menu::open(cx, client, list, request);
    }
}

/// Prompts for a line of text.
pub(super) fn ask(
    cx: &mut Cx<'_>,
    with: &Pressed,
    question: &str,
    input: &str,
    kind: PromptType,
    answered: impl Fn(&mut Cx<'_>, &str) + Send + 'static,
) {
    ask_with(cx, with, question, input, kind, PromptFlags::empty(), answered);
}

/// Asks for confirmation; with `accept` the answer is yes at once.
pub(super) fn confirm(
    cx: &mut Cx<'_>,
    with: &Pressed,
    question: &str,
    accept: bool,
    confirmed: impl Fn(&mut Cx<'_>) + Send + 'static,
) {
    let mut flags = PromptFlags::SINGLE;
    flags.set(PromptFlags::ACCEPT, accept);
    ask_with(cx, with, question, "", PromptType::Command, flags, move |cx, text| {
        if text.eq_ignore_ascii_case("y") {
            confirmed(cx);
        }
    });
}

fn ask_with(
    cx: &mut Cx<'_>,
    with: &Pressed,
    question: &str,
    input: &str,
    kind: PromptType,
    flags: PromptFlags,
    answered: impl Fn(&mut Cx<'_>, &str) + Send + 'static,
) {
    let Some(client) = with.client else { return };
    let handler = move |cx: &mut Cx<'_>, _: ClientId, text: Option<&str>, _: bool| {
        answered(cx, text.unwrap_or(""));
        Next::Close
    };
    let request = Request {
        prompt: question.to_owned(),
        input: input.to_owned(),
        kind,
        flags: flags | PromptFlags::NOFORMAT,
        pane: None,
        state: None,
        item: None,
        handler: Box::new(handler),
        saver: None,
    };
    prompt::open(cx, client, request);
}
