//! `choose-tree`: sessions, windows and panes.

use super::draw::{draw_screen, draw_vertical, put_text};
use super::keys::{ask, confirm};
use super::{Outcome, Pressed, Source, Tree, run_command, with_source};
use crate::base::{
    Cell, CellStyle, Key, KeyCode, MouseKind, NamedKey, PaneId, Point, SessionId, Size, Surface, WindowId,
};
use crate::format::sort::{self, Order};
use crate::format::{self, Objects, TREE_MODE_FORMAT};
use crate::model::option_access::OptionScope;
use crate::model::{Cx, FindState, Marked, Server};
use crate::options::opt;
use crate::syntax::args::Args;
use crate::view::boxes::{BoxLines, draw_box};
use crate::view::prompt::PromptType;
use crate::view::style;

const COMMAND: &str = "switch-client -Zt '%%'";

/// Columns that a preview of one of several windows or panes needs.
const PREVIEW_COLS: u32 = 24;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    Session(SessionId),
    Window(SessionId, i32),
    Pane(SessionId, i32, PaneId),
}

impl Item {
    fn tag(self) -> u64 {
        match self {
            Item::Session(session) => 1 << 62 | u64::from(session.0),
            Item::Window(session, index) => {
                2 << 62 | u64::from(session.0) << 32 >> 2 | u64::from(index as u32)
            }
            Item::Pane(_, _, pane) => 3 << 62 | u64::from(pane.0),
        }
    }

    /// Target of the item, if its object still exists.
    fn state(self, server: &Server) -> Option<FindState> {
        let state = match self {
            Item::Session(session) => FindState::from_session(server, session),
            Item::Window(session, index) => FindState::from_winlink(server, session, index),
            Item::Pane(session, index, pane) => FindState::from_winlink_pane(server, session, index, pane),
        };
        state.is_valid(server).then_some(state)
    }

    /// Target as text for commands.
    fn target(self, server: &Server) -> Option<String> {
        self.state(server)?;
        Some(match self {
            Item::Session(session) => format!("={}:", server.session(session)?.name),
            Item::Window(session, index) => format!("={}:{index}.", server.session(session)?.name),
            Item::Pane(session, index, pane) => format!("={}:{index}.{pane}", server.session(session)?.name),
        })
    }
}

/// Current item and expansion when the mode is entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
enum Start {
    Session,
    Window,
    Pane,
    /// The mode was entered before.
    Over,
}

/// Previews of several windows or panes side by side, as last drawn.
#[derive(Clone, Copy, Debug, Default)]
struct Strip {
    left: Option<u32>,
    right: Option<u32>,
    start: usize,
    end: usize,
    each: u32,
}

#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Windows {
    format: String,
    key_format: Option<String>,
    command: String,
    squash_groups: bool,
    accept: bool,
    state: FindState,
    start: Start,
    /// Number of previews scrolled out on the left.
    scrolled: i64,
    #[serde(skip)]
    strip: Strip,
}

impl Windows {
    pub(crate) const NAME: &'static str = "tree-mode";

    pub(crate) fn new(args: &Args, state: FindState) -> Self {
        let start = match () {
            () if args.has('s') => Start::Session,
            () if args.has('w') => Start::Window,
            () => Start::Pane,
        };
        Self {
            format: args.get('F').unwrap_or(TREE_MODE_FORMAT).to_owned(),
            key_format: args.get('K').map(str::to_owned),
            command: args.string(0).unwrap_or_else(|| COMMAND.to_owned()),
            squash_groups: !args.has('G'),
            accept: args.has('y'),
            state,
            start,
            scrolled: 0,
            strip: Strip::default(),
        }
    }

    fn passes(cx: &Cx<'_>, at: (SessionId, i32, PaneId), filter: Option<&str>) -> bool {
        let Some(filter) = filter else { return true };
        let objects = Objects::new(cx.server, cx.host, cx.now).with_pane_at(at.0, at.1, at.2);
        objects.is_true(filter)
    }

    fn add_session(&self, cx: &Cx<'_>, tree: &mut Tree<Item>, session: SessionId, filter: Option<&str>) {
        let Some(s) = cx.server.session(session) else { return };
        let text = Objects::new(cx.server, cx.host, cx.now).with_session(session).expand(&self.format);
        let item = Item::Session(session);
        let expanded = self.start != Start::Session;
        let Some(index) = tree.add(None, item, item.tag(), s.name.clone(), Some(text), expanded) else {
            return;
        };
        let mut any = false;
        for link in sort::winlinks_of(cx.server, s, tree.sort) {
            any |= self.add_window(cx, tree, index, session, link, filter);
        }
        if !any {
            tree.remove_from(index);
        }
    }

    fn add_window(
        &self,
        cx: &Cx<'_>,
        tree: &mut Tree<Item>,
        parent: usize,
        session: SessionId,
        link: i32,
        filter: Option<&str>,
    ) -> bool {
        let window = cx.server.winlink_window(session, link).and_then(|id| cx.server.window(id));
        let Some(w) = window else { return false };
        let only = w.panes.first().filter(|_| w.panes.len() == 1);
        if w.panes.is_empty() || only.is_some_and(|&p| !Self::passes(cx, (session, link, p), filter)) {
            return false;
        }
        let text = Objects::new(cx.server, cx.host, cx.now).with_winlink(session, link).expand(&self.format);
        let item = Item::Window(session, link);
        let expanded = !matches!(self.start, Start::Session | Start::Window);
        let Some(index) = tree.add(Some(parent), item, item.tag(), link.to_string(), Some(text), expanded)
        else {
            return false;
        };
        tree.nodes[index].align_right = true;
        for pane in sort::panes_of(cx.server, w, tree.sort) {
            if !Self::passes(cx, (session, link, pane), filter) {
                continue;
            }
            let objects = Objects::new(cx.server, cx.host, cx.now).with_pane_at(session, link, pane);
            let text = objects.expand(&self.format);
            let item = Item::Pane(session, link, pane);
            let name = cx.server.pane_index(pane).unwrap_or(0).to_string();
            if let Some(added) = tree.add(Some(index), item, item.tag(), name, Some(text), true) {
                tree.nodes[added].align_right = true;
            }
        }
        true
    }

    /// Tag of the current item when the mode is entered.
    fn first_tag(&mut self, server: &Server) -> Option<u64> {
        let state = self.state;
        let (session, link) = (state.session?, state.winlink?);
        let start = std::mem::replace(&mut self.start, Start::Over);
        let item = match start {
            Start::Over => return None,
            Start::Session => Item::Session(session),
            Start::Window => Item::Window(session, link),
            Start::Pane => {
                let panes = state.window.and_then(|w| server.window(w)).map_or(0, |w| w.panes.len());
                match state.pane.filter(|_| panes != 1) {
                    Some(pane) => Item::Pane(session, link, pane),
                    None => Item::Window(session, link),
                }
            }
        };
        Some(item.tag())
    }

    /// Reports whether all sessions are left out of the list.
    fn squashes(&self, server: &Server, last: Option<SessionId>) -> bool {
        // tmux: the session that sorts last decides for all of them.
        let group_of = |id: SessionId| server.session(id).and_then(|s| s.group.clone());
        let Some(last) = last.filter(|_| self.squash_groups) else { return false };
        let Some(group) = group_of(last) else { return false };
        if self.state.session.and_then(group_of).as_ref() == Some(&group) {
            return self.state.session != Some(last);
        }
        server.groups.get(&group).and_then(|g| g.sessions.first()) != Some(&last)
    }

    /// Draws several screens side by side, as many as fit.
    fn draw_strip(
        &mut self,
        cx: &Cx<'_>,
        surface: &mut Surface,
        (at, size): (Point, Size),
        (all, current): (&[(OptionScope, PaneId, Objects<'_>)], usize),
    ) {
        let (total, sx) = (all.len(), size.cols);
        if total == 0 {
            return;
        }
        let roomy = sx / total as u32 >= PREVIEW_COLS;
        let visible = if roomy { total } else { ((sx / PREVIEW_COLS) as usize).max(1) };
        let (start, end) = if current < visible {
            (0, visible)
        } else if current >= total - visible {
            (total - visible, total)
        } else {
            (current - visible / 2, current - visible / 2 + visible)
        };
        self.scrolled = self.scrolled.clamp(-(start as i64), (total - end) as i64);
        let (start, end) = ((start as i64 + self.scrolled) as usize, (end as i64 + self.scrolled) as usize);
        let (mut left, mut right) = (start != 0, end != total);
        if (left && right && sx <= 6) || ((left || right) && sx <= 3) {
            (left, right) = (false, false);
        }
        let room = sx - 3 * (u32::from(left) + u32::from(right));
        let each = room / visible as u32;
        let remaining = room - visible as u32 * each;
        if each == 0 {
            return;
        }
        let middle = at.y + size.rows / 2;
        self.strip =
            Strip { left: left.then_some(at.x + 2), right: right.then_some(at.x + sx - 3), start, end, each };
        if left {
            draw_vertical(surface, at.x + 2, at.y, size.rows);
            put_text(surface, at.x, middle, 1, "<", CellStyle::DEFAULT);
        }
        if right {
            draw_vertical(surface, at.x + sx - 3, at.y, size.rows);
            put_text(surface, at.x + sx - 1, middle, 1, ">", CellStyle::DEFAULT);
        }
        for (i, (level, pane, objects)) in all.iter().enumerate().take(end).skip(start) {
            let x = at.x + 3 * u32::from(left) + (i - start) as u32 * each;
            let width = if i == end - 1 { each + remaining } else { each - 1 };
            let place = (Point::new(x, at.y), Size::new(width, size.rows));
            draw_pane(cx, surface, place.0, place.1, *pane);
            draw_label(cx, surface, place, *level, objects);
            if i != end - 1 {
                draw_vertical(surface, x + width, at.y, size.rows);
            }
        }
    }

    /// Handles a click in the preview: scrolls, or goes to the window or pane under the mouse.
    fn click(&mut self, cx: &Cx<'_>, tree: &mut Tree<Item>, with: &Pressed) -> Option<char> {
        let KeyCode::Mouse(m) = with.key.code else { return None };
        let x = with.x.filter(|_| m.kind == MouseKind::Down && m.button == 1)?;
        if self.strip.left.is_some_and(|left| x <= left) {
            return Some('<');
        }
        if self.strip.right.is_some_and(|right| x >= right) {
            return Some('>');
        }
        let x = x.saturating_sub(self.strip.left.unwrap_or(1));
        let mut at = self.strip.start;
        if x != 0 && self.strip.end != 0 {
            at = (at + (x / self.strip.each.max(1)) as usize).min(self.strip.end - 1);
        }
        let item = tree.current_node()?.data;
        let tag = match item {
            Item::Session(session) => {
                let s = cx.server.session(session)?;
                s.winlinks.keys().nth(at).map(|&link| Item::Window(session, link).tag())
            }
            Item::Window(session, link) => {
                let window = cx.server.winlink_window(session, link)?;
                let pane = cx.server.window(window)?.panes.get(at).copied();
                pane.map(|pane| Item::Pane(session, link, pane).tag())
            }
            Item::Pane(..) => return None,
        };
        tree.expand(item.tag());
        let keep: Vec<_> = tree.nodes.iter().map(|n| n.tag).collect();
        if let Some(tag) = tag.filter(|tag| keep.contains(tag)) {
            self.show(cx, tree, with.pane, tag);
        }
        Some('\r')
    }

    /// Rebuilds the lines and goes to a tag.
    fn show(&mut self, cx: &Cx<'_>, tree: &mut Tree<Item>, pane: PaneId, tag: u64) {
        tree.begin();
        let filter = tree.filter.clone();
        self.build(cx, pane, tree, filter.as_deref());
        tree.finish(Some(tag));
    }

    fn ask_kill(&self, cx: &mut Cx<'_>, with: &Pressed, item: Item) {
        let question = match item {
            Item::Session(session) => {
                cx.server.session(session).map(|s| format!("Kill session {}? ", s.name))
            }
            Item::Window(_, link) => item.state(cx.server).map(|_| format!("Kill window {link}? ")),
            Item::Pane(_, _, pane) => cx.server.pane_index(pane).map(|index| format!("Kill pane {index}? ")),
        };
        if let Some(question) = question {
            let client = with.client;
            confirm(cx, with, &question, self.accept, move |cx| kill(cx, client, item));
        }
    }

    fn ask_kill_tagged(&self, cx: &mut Cx<'_>, tree: &Tree<Item>, with: &Pressed) {
        let items: Vec<Item> = tree.tagged().into_iter().map(|n| tree.nodes[n].data).collect();
        if items.is_empty() {
            return;
        }
        let question = format!("Kill {} tagged? ", items.len());
        let client = with.client;
        confirm(cx, with, &question, self.accept, move |cx| {
            items.iter().for_each(|&item| kill(cx, client, item));
        });
    }

    fn ask_command(&self, cx: &mut Cx<'_>, tree: &Tree<Item>, with: &Pressed) {
        let tagged = tree.tagged();
        let question =
            if tagged.is_empty() { "(current) ".to_owned() } else { format!("({} tagged) ", tagged.len()) };
        let (pane, client) = (with.pane, with.client);
        ask(cx, with, &question, "", PromptType::Command, move |cx, text| {
            if text.is_empty() {
                return;
            }
            let items = with_source::<Windows, _>(cx, pane, |_, mode| {
                let tagged = mode.tree.tagged();
                let all =
                    if tagged.is_empty() { mode.tree.current_index().into_iter().collect() } else { tagged };
                all.into_iter().map(|n| mode.tree.nodes[n].data).collect::<Vec<Item>>()
            });
            for item in items.unwrap_or_default() {
                if let (Some(target), Some(state)) = (item.target(cx.server), item.state(cx.server)) {
                    run_command(cx, client, state, text, &target);
                }
            }
        });
    }

    fn mark(cx: &mut Cx<'_>, item: Option<Item>) {
        cx.server.marked = item.and_then(|item| item.state(cx.server)).and_then(|state| {
            Some(Marked {
                session: state.session?,
                link: (state.session?, state.winlink?),
                window: state.window?,
                pane: state.pane?,
            })
        });
    }
}

/// Kills a session, window or pane.
fn kill(cx: &mut Cx<'_>, client: Option<crate::base::ClientId>, item: Item) {
    let command = match item {
        Item::Session(session) => format!("kill-session -t '{session}'"),
        Item::Window(session, link) => match cx.server.winlink_window(session, link) {
            Some(window) => format!("kill-window -t {window}"),
            None => return,
        },
        Item::Pane(_, _, pane) => format!("kill-pane -t {pane}"),
    };
    run_command(cx, client, FindState::default(), &command, "");
}

fn draw_pane(cx: &Cx<'_>, surface: &mut Surface, at: Point, size: Size, pane: PaneId) {
    if let Some(p) = cx.server.pane(pane) {
        draw_screen(surface, at, size, &p.terminal.lock());
    }
}

/// Draws the label (`tree-mode-preview-format`) in the middle of a preview.
fn draw_label(
    cx: &Cx<'_>,
    surface: &mut Surface,
    (at, size): (Point, Size),
    level: OptionScope,
    objects: &Objects<'_>,
) {
    let text = objects.expand(&cx.server.option_text(level, opt::TREE_MODE_PREVIEW_FORMAT));
    if text.is_empty() || size.cols < 5 || size.rows < 3 {
        return;
    }
    let look = style::of_option(cx.server, level, opt::TREE_MODE_PREVIEW_STYLE, objects);
    let room = size.cols - 4;
    let text = if format::width(&text) > room { format::trim_left(&text, room) } else { text };
    let width = format::width(&text);
    if width == 0 {
        return;
    }
    let (x, y) = (at.x + size.cols.saturating_sub(width).div_ceil(2), at.y + size.rows.div_ceil(2));
    let corner = (x.saturating_sub(2), y - 1);
    draw_box(surface, corner, (width + 4, 3), BoxLines::Single, CellStyle::DEFAULT, None);
    surface.fill(x - 1, y, width + 2, 1, &Cell::BLANK);
    format::draw::draw(surface, x, y, width, look, &text);
}

impl Source for Windows {
    type Item = Item;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn save(&self) -> Option<String> {
        super::saved::source_text(self)
    }

    fn build(&mut self, cx: &Cx<'_>, _: PaneId, tree: &mut Tree<Item>, filter: Option<&str>) -> Option<u64> {
        let sessions = sort::sessions(cx.server, tree.sort);
        if !self.squashes(cx.server, sessions.last().copied()) {
            sessions.into_iter().for_each(|session| self.add_session(cx, tree, session, filter));
        }
        if tree.nodes.is_empty() && filter.is_some() {
            return None;
        }
        self.first_tag(cx.server)
    }

    fn draw(&mut self, cx: &Cx<'_>, item: &Item, surface: &mut Surface, at: Point, size: Size) {
        let objects = || Objects::new(cx.server, cx.host, cx.now);
        self.strip = Strip::default();
        match *item {
            Item::Session(session) => {
                let Some(s) = cx.server.session(session) else { return };
                let window = |w: WindowId| cx.server.window(w).map(|w| w.active);
                let all: Vec<_> = s
                    .winlinks
                    .iter()
                    .filter_map(|(&link, l)| {
                        let objects = objects().with_winlink(session, link);
                        Some((OptionScope::Window(l.window), window(l.window)?, objects))
                    })
                    .collect();
                let current = s.winlinks.keys().position(|&link| link == s.current).unwrap_or(0);
                self.draw_strip(cx, surface, (at, size), (&all, current));
            }
            Item::Window(session, link) => {
                let window = cx.server.winlink_window(session, link).and_then(|w| cx.server.window(w));
                let Some(w) = window else { return };
                let all: Vec<_> = w
                    .panes
                    .iter()
                    .map(|&p| (OptionScope::Pane(p), p, objects().with_pane_at(session, link, p)))
                    .collect();
                let current = w.panes.iter().position(|&p| p == w.active).unwrap_or(0);
                self.draw_strip(cx, surface, (at, size), (&all, current));
            }
            Item::Pane(_, _, pane) => draw_pane(cx, surface, at, size, pane),
        }
    }

    fn key_of(&self, cx: &Cx<'_>, item: &Item, line: usize) -> Option<Key> {
        let Some(format) = &self.key_format else { return super::default_key(line) };
        let objects = Objects::new(cx.server, cx.host, cx.now);
        let objects = match *item {
            Item::Session(session) => objects.with_session(session),
            Item::Window(session, link) => objects.with_winlink(session, link),
            Item::Pane(session, link, pane) => objects.with_pane_at(session, link, pane),
        };
        Key::parse(&objects.add("line", line.to_string()).expand(format))
    }

    fn fits(&self, cx: &Cx<'_>, item: &Item, text: &str, ignore_case: bool) -> Option<bool> {
        let name = match *item {
            Item::Session(session) => cx.server.session(session).map(|s| s.name.clone()),
            Item::Window(session, link) => {
                let window = cx.server.winlink_window(session, link);
                window.and_then(|w| cx.server.window(w)).map(|w| w.name.clone())
            }
            Item::Pane(_, _, pane) => cx.host.pane_command(pane),
        };
        let name = name.unwrap_or_default();
        Some(if ignore_case {
            name.to_ascii_lowercase().contains(&text.to_ascii_lowercase())
        } else {
            name.contains(text)
        })
    }

    fn swap(&mut self, cx: &mut Cx<'_>, a: &Item, b: &Item, order: Option<Order>) -> bool {
        let (Item::Window(session, from), Item::Window(other, to)) = (*a, *b) else { return false };
        if session != other {
            return false;
        }
        let window = |link: i32| cx.server.winlink_window(session, link).and_then(|w| cx.server.window(w));
        let (Some(first), Some(second)) = (window(from), window(to)) else { return false };
        // Swapping indexes moves the lines only if they are sorted by index.
        let places = match order {
            Some(Order::Index) | None => true,
            Some(Order::Name) => first.name == second.name,
            Some(Order::Activity) => {
                first.activity.wall_us == second.activity.wall_us && first.name == second.name
            }
            Some(_) => first.name == second.name,
        };
        places && cx.swap_windows_of(session, from, to)
    }

    fn orders(&self) -> &'static [Order] {
        &[Order::Index, Order::Name, Order::Activity, Order::Z]
    }

    fn menu(&self) -> &'static [(&'static str, Key)] {
        const MENU: &[(&str, Key)] = &[
            ("Select", Key::ENTER),
            ("Expand", Key::named(NamedKey::Right)),
            ("Mark", Key::char('m')),
            ("", Key::NONE),
            ("Tag", Key::char('t')),
            ("Tag All", super::MENU_TAG_ALL),
            ("Tag None", Key::char('T')),
            ("", Key::NONE),
            ("Kill", Key::char('x')),
            ("Kill Tagged", Key::char('X')),
            ("", Key::NONE),
            ("Cancel", Key::char('q')),
        ];
        MENU
    }

    fn help(&self) -> (&'static [(&'static str, &'static str)], &'static str, u32) {
        const HELP: &[(&str, &str)] = &[
            ("Enter", "Choose selected item"),
            ("S-Up", "Swap current and previous window"),
            ("S-Down", "Swap current and next window"),
            ("x", "Kill selected item"),
            ("X", "Kill tagged items"),
            ("<", "Scroll previews left"),
            (">", "Scroll previews right"),
            ("m", "Set the marked pane"),
            ("M", "Clear the marked pane"),
            (":", "Run a command for each tagged item"),
            ("f", "Enter a format"),
            ("H", "Jump to the starting pane"),
        ];
        (HELP, "item", 51)
    }

    fn moved(&mut self) {
        self.scrolled = 0;
    }

    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<Item>, with: &Pressed) -> Outcome {
        let letter = if with.key.is_mouse() {
            self.click(cx, tree, with)
        } else {
            match with.key.code {
                KeyCode::Char(c) if with.key.mods.is_empty() => Some(c),
                _ => None,
            }
        };
        let item = tree.current_node().map(|node| node.data);
        match letter {
            Some('<') => self.scrolled -= 1,
            Some('>') => self.scrolled += 1,
            Some('H') => {
                let (Some(session), Some(link)) = (self.state.session, self.state.winlink) else {
                    return Outcome::Stay;
                };
                let window = Item::Window(session, link).tag();
                for tag in [Item::Session(session).tag(), window] {
                    if tree.expand(tag) {
                        let current = tree.current_tag();
                        self.show(cx, tree, with.pane, current.unwrap_or(tag));
                    }
                }
                if !tree.set_current(Some(Item::Pane(session, link, with.pane).tag())) {
                    tree.set_current(Some(window));
                }
            }
            Some('m') => {
                Self::mark(cx, item);
                return Outcome::Rebuild;
            }
            Some('M') => {
                Self::mark(cx, None);
                return Outcome::Rebuild;
            }
            Some('x') => {
                if let Some(item) = item {
                    self.ask_kill(cx, with, item);
                }
            }
            Some('X') => self.ask_kill_tagged(cx, tree, with),
            Some(':') => self.ask_command(cx, tree, with),
            Some('\r') => {
                if let Some(target) = item.and_then(|item| item.target(cx.server)) {
                    run_command(cx, with.client, FindState::default(), &self.command, &target);
                }
                return Outcome::Finish;
            }
            _ => {}
        }
        Outcome::Stay
    }
}
