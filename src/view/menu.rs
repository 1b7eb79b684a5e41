//! Menus: a box of items over a client, chosen with keys or the mouse.

use serde::{Deserialize, Serialize};

use crate::base::{
    Attrs, Cell, CellStyle, ClientId, Key, KeyCode, MouseEvent, NamedKey, Point, Size, Surface,
};
use crate::format::{self, Objects};
use crate::model::mode::{Overlay, OverlayKind, OverlayResult, SavedOverlay};
use crate::model::option_access::OptionScope;
use crate::model::queue::{ItemId, KeyEvent, QueueState, StateFlags};
use crate::model::{Cx, FindState};
use crate::options::opt;
use crate::syntax::style::Style;

use super::boxes::{BoxLines, draw_box, draw_divider};
use super::{mouse, overlay, style};

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    pub(crate) struct MenuFlags: u8 {
        /// The mouse only closes it; a choice is made with keys from the start.
        const NOMOUSE = 0x1;
        /// Tab goes to the next item, and leaves the menu at the last one.
        const TAB = 0x2;
        /// Releasing the button outside does not close it.
        const STAYOPEN = 0x4;
    }
}

/// Most items that a menu holds; more are left out.
const MAX_ITEMS: usize = 1000;

/// One item as requested.
#[derive(Clone, Debug, Default)]
pub(crate) struct ItemRequest {
    /// A format; empty for a line.
    pub name: String,
    pub key: Option<Key>,
    /// A format; `None` when a callback gets the choice.
    pub command: Option<String>,
}

/// One item as it shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Item {
    /// Styled text; starts with `-` when it cannot be chosen. `None`: a line.
    name: Option<String>,
    key: Option<Key>,
    command: Option<String>,
}

impl Item {
    fn is_choosable(&self) -> bool {
        self.name.as_deref().is_some_and(|name| !name.starts_with('-'))
    }
}

/// Items and title.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Menu {
    title: String,
    items: Vec<Item>,
    width: u32,
}

/// Called with the index chosen, or `None` when it was closed without a choice.
pub(crate) type Choice = Box<dyn FnOnce(&mut Cx<'_>, ClientId, Option<usize>) + Send>;

/// Position and options of a menu.
#[derive(Default)]
pub(crate) struct Request {
    pub flags: MenuFlags,
    /// Index of the item that is current at first; only used with `NOMOUSE`.
    pub starting_choice: Option<usize>,
    pub at: Point,
    pub lines: Option<BoxLines>,
    pub style: Option<String>,
    pub selected_style: Option<String>,
    pub border_style: Option<String>,
    /// Target of the items' commands, and the event that they come from.
    pub state: FindState,
    pub event: KeyEvent,
    /// The command that waits for the menu.
    pub item: Option<ItemId>,
    pub choice: Option<Choice>,
}

impl Menu {
    pub(crate) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), items: Vec::new(), width: format::width(title) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Keys of the items, in order; lines have none.
    pub(crate) fn keys(&self) -> Vec<Key> {
        self.items.iter().map(|item| item.key.unwrap_or(Key::NONE)).collect()
    }

    /// Size with its box.
    pub(crate) fn size(&self) -> Size {
        Size::new(self.width + 4, self.items.len() as u32 + 2)
    }

    /// Adds an item with its formats expanded, unless its name expands to nothing. A line is not
    /// added at the start of the menu or after another line.
    pub(crate) fn add(&mut self, objects: &Objects<'_>, client_cols: u32, request: &ItemRequest) {
        if self.items.len() >= MAX_ITEMS {
            return;
        }
        if request.name.is_empty() {
            if self.items.last().is_some_and(|last| last.name.is_some()) {
                self.items.push(Item { name: None, key: None, command: None });
            }
            return;
        }
        let text = objects.expand(&request.name);
        if text.is_empty() {
            return;
        }
        let name = shown_name(&text, request.key, client_cols.saturating_sub(4) as usize);
        let width = format::width(&name) - u32::from(name.starts_with('-'));
        self.width = self.width.max(width);
        let command = request.command.as_deref().map(|command| objects.expand(command));
        self.items.push(Item { name: Some(name), key: request.key, command });
    }

    /// Adds an item that is not a format and has no command.
    pub(crate) fn add_plain(&mut self, client_cols: u32, text: &str, key: Key) {
        let name = shown_name(text, Some(key), client_cols.saturating_sub(4) as usize);
        self.width = self.width.max(format::width(&name));
        self.items.push(Item { name: Some(name), key: Some(key), command: None });
    }
}

/// Text of an item, cut to `most` columns, with its key on the right where there is room.
fn shown_name(text: &str, key: Option<Key>, most: usize) -> String {
    let mut most = most;
    let named = |key: &Key| *key != Key::NONE && *key != Key::UNKNOWN;
    let mut key = key.filter(|k| !text.starts_with('-') && named(k)).map(|k| k.name(false));
    if let Some(name) = &key {
        let taken = name.len() + 3;
        if taken <= most / 4 {
            most -= taken;
        } else if taken >= most || text.len() >= most - taken {
            key = None;
        }
    }
    let cut = text.len() > most;
    if cut {
        most = most.saturating_sub(1);
    }
    let trimmed = format::trim_right(text, most as u32);
    let suffix = if cut { ">" } else { "" };
    match key {
        Some(key) => format!("{trimmed}{suffix}#[default] #[align=right]({key})"),
        None => format!("{trimmed}{suffix}"),
    }
}

/// A menu that is open: an overlay of its own, or part of one.
#[derive(Serialize, Deserialize)]
pub(crate) struct MenuPart {
    menu: Menu,
    flags: MenuFlags,
    at: Point,
    lines: BoxLines,
    styles: [Option<String>; 3],
    choice: Option<usize>,
    /// Index of the item that was chosen.
    picked: Option<usize>,
    state: FindState,
    event: KeyEvent,
    item: Option<ItemId>,
    /// A menu that has one is not passed to another server.
    #[serde(skip)]
    callback: Option<Choice>,
}

/// Shows a menu over a client. False if it does not fit.
pub(crate) fn open(cx: &mut Cx<'_>, client: ClientId, menu: Menu, request: Request) -> bool {
    let Some(prepared) = MenuPart::new(cx, client, menu, request) else { return false };
    overlay::open(cx, client, Box::new(prepared), 0);
    true
}

/// Opens a menu of the previous server over its client.
pub(crate) fn load(cx: &mut Cx<'_>, client: ClientId, saved: serde_json::Value) -> Option<()> {
    let menu: MenuPart = serde_json::from_value(saved).ok()?;
    overlay::open(cx, client, Box::new(menu), 0);
    Some(())
}

impl MenuPart {
    /// Makes a menu to draw and give keys to; `None` if it does not fit.
    pub(crate) fn new(cx: &Cx<'_>, client: ClientId, menu: Menu, request: Request) -> Option<Self> {
        let c = cx.server.client(client)?;
        let size = menu.size();
        if c.size.cols < size.cols || c.size.rows < size.rows || menu.is_empty() {
            return None;
        }
        let at =
            Point::new(request.at.x.min(c.size.cols - size.cols), request.at.y.min(c.size.rows - size.rows));
        let lines = request.lines.unwrap_or_else(|| {
            let level = window_level(cx, client);
            BoxLines::parse(&cx.server.option_text(level, opt::MENU_BORDER_LINES)).unwrap_or_default()
        });
        let mut this = Self {
            menu,
            flags: request.flags,
            at,
            lines,
            styles: [request.style, request.selected_style, request.border_style],
            choice: None,
            picked: None,
            state: request.state,
            event: request.event,
            item: request.item,
            callback: request.choice,
        };
        if this.flags.contains(MenuFlags::NOMOUSE)
            && let Some(start) = request.starting_choice
        {
            this.choice = this.nearest_choice(start);
        }
        Some(this)
    }

    /// The key of the item that was chosen.
    pub(crate) fn chosen_key(&self) -> Option<Key> {
        self.menu.items.get(self.picked?)?.key
    }

    /// Index of the first choosable item from `start` on, wrapping to the first item. If `start` is
    /// behind the last item, the last choosable one.
    fn nearest_choice(&self, start: usize) -> Option<usize> {
        let count = self.menu.items.len();
        let choosable = |&index: &usize| self.menu.items[index].is_choosable();
        if start >= count {
            (0..count).rev().find(choosable)
        } else {
            (start..count).chain(0..start).find(choosable)
        }
    }

    fn move_choice(&mut self, down: bool) {
        let count = self.menu.items.len();
        let old = self.choice.unwrap_or(0);
        loop {
            let next = match (self.choice, down) {
                (None, true) => 0,
                (Some(at), true) if at == count - 1 => 0,
                (Some(at), true) => at + 1,
                (None | Some(0), false) => count - 1,
                (Some(at), false) => at - 1,
            };
            self.choice = Some(next);
            if next == old || self.menu.items[next].is_choosable() {
                return;
            }
        }
    }

    /// Moves the choice by five choosable items, or to the first or last item.
    fn page(&mut self, down: bool) {
        let last = self.menu.items.len() - 1;
        let at = self.choice;
        let mut to = at.unwrap_or(0);
        if down && at.is_none_or(|at| at + 5 <= last) && last >= 5 {
            // Without a choice, the first step only arrives at the first item.
            let mut left = if at.is_none() { 4 } else { 5 };
            while left > 0 && to < last {
                to += 1;
                left -= usize::from(to != last && self.menu.items[to].is_choosable());
            }
        } else if down {
            to = last;
        } else if to < 6 {
            to = 0;
        } else {
            let mut left = 5;
            while left > 0 && to > 0 {
                to -= 1;
                left -= usize::from(to != 0 && self.menu.items[to].is_choosable());
            }
        }
        if down {
            while to > 0 && !self.menu.items[to].is_choosable() {
                to -= 1;
            }
        }
        self.choice = Some(to);
    }

    fn choose_end(&mut self, last: bool) {
        let items = &self.menu.items;
        let found = if last {
            items.iter().rposition(Item::is_choosable)
        } else {
            items.iter().position(Item::is_choosable)
        };
        self.choice = found.or(self.choice);
    }

    fn mouse(&mut self, cx: &mut Cx<'_>, client: ClientId, m: &MouseEvent) -> OverlayResult {
        if self.flags.contains(MenuFlags::NOMOUSE) {
            return if mouse::buttons(m.b) == 0 { OverlayResult::Keep } else { OverlayResult::Close };
        }
        let size = self.menu.size();
        let stays = self.flags.contains(MenuFlags::STAYOPEN);
        let rows = self.menu.items.len() as u32;
        let outside =
            m.x < self.at.x || m.x > self.at.x + size.cols || m.y < self.at.y + 1 || m.y > self.at.y + rows;
        let pressed = !mouse::is_release(m.b) && !mouse::is_wheel(m.b) && !mouse::is_drag(m.b);
        if outside {
            let closes = if stays { pressed } else { mouse::is_release(m.b) };
            self.choice = None;
            return if closes { OverlayResult::Close } else { OverlayResult::Keep };
        }
        let chooses =
            if stays { !mouse::is_wheel(m.b) && !mouse::is_drag(m.b) } else { mouse::is_release(m.b) };
        if chooses {
            return self.choose(cx, client);
        }
        self.choice = Some((m.y - self.at.y - 1) as usize);
        OverlayResult::Keep
    }

    /// Runs the chosen item.
    fn choose(&mut self, cx: &mut Cx<'_>, client: ClientId) -> OverlayResult {
        let Some(index) = self.choice else { return OverlayResult::Close };
        let item = &self.menu.items[index];
        if !item.is_choosable() {
            let stays = self.flags.contains(MenuFlags::STAYOPEN);
            return if stays { OverlayResult::Keep } else { OverlayResult::Close };
        }
        self.picked = Some(index);
        if let Some(callback) = self.callback.take() {
            callback(cx, client, Some(index));
            return OverlayResult::Close;
        }
        let Some(command) = item.command.clone() else { return OverlayResult::Close };
        match format::parse::commands(cx, &command) {
            Ok(list) => {
                let state = QueueState::new(self.state, self.event, StateFlags::empty());
                let items = cx.server.queues.commands(&list, &state);
                cx.server.queues.append(Some(client), items);
            }
            Err(error) => super::message::queue_error(cx, client, error),
        }
        OverlayResult::Close
    }

    /// The three styles: menu, selected item, border. Strings given with the menu replace the
    /// colours.
    fn looks(&self, cx: &Cx<'_>, client: ClientId) -> [CellStyle; 3] {
        let objects = Objects::new(cx.server, cx.host, cx.now).client(Some(client));
        let level = window_level(cx, client);
        let keys = [opt::MENU_STYLE, opt::MENU_SELECTED_STYLE, opt::MENU_BORDER_STYLE];
        let mut looks = keys.map(|key| style::of_option(cx.server, level, key, &objects));
        for (look, own) in looks.iter_mut().zip(&self.styles) {
            replace_colours(look, own.as_deref());
        }
        looks
    }
}

/// Replaces the colours of a style by those of a style string, where that has some.
pub(crate) fn replace_colours(look: &mut CellStyle, own: Option<&str>) {
    let Some(own) = own else { return };
    let mut parsed = Style::default();
    if parsed.parse_onto(look, own).is_ok() {
        look.fg = parsed.cell.fg;
        look.bg = parsed.cell.bg;
    }
}

/// Option level of the window that a client shows.
pub(crate) fn window_level(cx: &Cx<'_>, client: ClientId) -> OptionScope {
    let window = cx.server.client(client).and_then(|c| cx.server.client_window(c));
    window.map_or(OptionScope::GlobalWindow, OptionScope::Window)
}

impl Overlay for MenuPart {
    fn draw(&mut self, cx: &mut Cx<'_>, client: ClientId, frame: &mut Surface) {
        let [look, selected, border] = self.looks(cx, client);
        let (size, width) = (self.menu.size(), self.menu.width);
        let mut s = Surface::new(size);
        draw_box(&mut s, (0, 0), (size.cols, size.rows), self.lines, border, Some(&self.menu.title));
        for (index, item) in self.menu.items.iter().enumerate() {
            let y = index as u32 + 1;
            let Some(name) = item.name.as_deref() else {
                draw_divider(&mut s, 0, y, size.cols, self.lines, border);
                continue;
            };
            let chosen = self.choice == Some(index) && item.is_choosable();
            let style = if chosen { selected } else { look };
            s.fill(1, y, width + 2, 1, &Cell { style, ..Cell::BLANK });
            match name.strip_prefix('-') {
                Some(name) => {
                    let mut dim = style;
                    dim.attrs |= Attrs::DIM;
                    format::draw::draw(&mut s, 2, y, width, dim, name);
                }
                None => drop(format::draw::draw(&mut s, 2, y, width, style, name)),
            }
        }
        frame.blit(&s, Point::default(), size, self.at);
        // tmux: items without room below are drawn on the last row; the box's bottom line comes
        // last.
        let last = frame.size().rows.saturating_sub(1);
        if self.at.y + size.rows > last + 1 {
            let bottom = Point::new(0, size.rows - 1);
            frame.blit(&s, bottom, Size::new(size.cols, 1), Point::new(self.at.x, last));
        }
        let row = self.choice.map_or(0, |choice| choice as u32 + 1);
        frame.cursor = Point::new(self.at.x + 2, self.at.y + row);
        frame.cursor_visible = false;
    }

    fn key(&mut self, cx: &mut Cx<'_>, client: ClientId, event: &KeyEvent) -> OverlayResult {
        let key = event.key.identity();
        if key.is_mouse() {
            return self.mouse(cx, client, &event.mouse);
        }
        let hit = self.menu.items.iter().position(|item| item.is_choosable() && item.key == Some(key));
        if let Some(index) = hit {
            self.choice = Some(index);
            return self.choose(cx, client);
        }
        let tab = self.flags.contains(MenuFlags::TAB);
        let last = self.menu.items.len() - 1;
        let ctrl = |c: char| key == Key::ctrl(c);
        match key.code {
            _ if ctrl('b') => self.page(false),
            _ if ctrl('[') || ctrl('c') || ctrl('g') => return OverlayResult::Close,
            _ if !key.mods.is_empty() => {}
            KeyCode::Named(NamedKey::BTab | NamedKey::Up) | KeyCode::Char('k') => self.move_choice(false),
            KeyCode::Named(NamedKey::BSpace) if tab => return OverlayResult::Close,
            KeyCode::Char('\t') if tab && self.choice == Some(last) => return OverlayResult::Close,
            KeyCode::Char('\t') if tab => self.move_choice(true),
            KeyCode::Named(NamedKey::Down) | KeyCode::Char('j') => self.move_choice(true),
            KeyCode::Named(NamedKey::PageUp) => self.page(false),
            KeyCode::Named(NamedKey::PageDown) => self.page(true),
            KeyCode::Named(NamedKey::Home) | KeyCode::Char('g') => self.choose_end(false),
            KeyCode::Named(NamedKey::End) | KeyCode::Char('G') => self.choose_end(true),
            KeyCode::Char('\r') => return self.choose(cx, client),
            KeyCode::Char('\x1b' | 'q') => return OverlayResult::Close,
            _ => {}
        }
        OverlayResult::Keep
    }

    fn resize(&mut self, cx: &mut Cx<'_>, client: ClientId) -> OverlayResult {
        if let Some(c) = cx.server.client(client) {
            let size = self.menu.size();
            self.at.x = self.at.x.min(c.size.cols.saturating_sub(size.cols));
            self.at.y = self.at.y.min(c.size.rows.saturating_sub(size.rows));
        }
        OverlayResult::Keep
    }

    fn close(&mut self, cx: &mut Cx<'_>, client: ClientId) {
        if let Some(item) = self.item.take() {
            cx.server.queues.resume(item);
        }
        if let Some(callback) = self.callback.take() {
            callback(cx, client, None);
        }
    }

    fn save(&mut self) -> Option<SavedOverlay> {
        match self.callback {
            Some(_) => None,
            None => SavedOverlay::new(OverlayKind::Menu, self),
        }
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
