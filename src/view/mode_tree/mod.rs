//! Choosers: modes that show a tree of things to choose from, with a preview of the current
//! one.
//!
//! `TreeMode` is the mode; its items and the keys other than movement come from a `Source`:
//! sessions, windows and panes (`windows`), paste buffers (`buffers`), clients (`clients`),
//! resources that panes use (`usage`), transcripts (`transcripts`), options and keys (`customize`),
//! lines of a search (`found`).

pub(crate) mod buffers;
pub(crate) mod clients;
pub(crate) mod commands;
pub(crate) mod customize;
mod draw;
pub(crate) mod found;
mod help;
mod keys;
mod page;
pub(crate) mod saved;
pub(crate) mod transcripts;
mod tree;
pub(crate) mod usage;
pub(crate) mod windows;

use crate::base::{CellStyle, ClientId, Key, PaneId, Point, Size, Surface};
use crate::format::Objects;
use crate::format::draw::draw as draw_format;
use crate::format::sort::Order;
use crate::model::mode::{ModeResult, ModeTarget, PaneMode};
use crate::model::option_access::OptionScope;
use crate::model::queue::{KeyEvent, QueueState, StateFlags};
use crate::model::window::WindowFlags;
use crate::model::{Cx, FindState};
use crate::options::opt;
use crate::syntax::args::Args;
use crate::syntax::template::{Text, ValueKind, fill_all};

use super::{message, modes, style};
pub(crate) use tree::{Preview, Tree};

/// Result of a key in a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Stay,
    /// Build the tree again.
    Rebuild,
    /// Leave the mode.
    Finish,
}

/// Supplier of a tree's items; see the module comment.
pub(crate) trait Source: Send + Sized + 'static {
    type Item: Clone + Send;

    fn name(&self) -> &'static str;
    /// Settings of the list as text for the next server; `None` if the list ends with this server.
    fn save(&self) -> Option<String> {
        None
    }
    /// Adds the items that pass the filter. May return the tag of the item to make current.
    fn build(
        &mut self,
        cx: &Cx<'_>,
        pane: PaneId,
        tree: &mut Tree<Self::Item>,
        filter: Option<&str>,
    ) -> Option<u64>;
    fn draw(&mut self, cx: &Cx<'_>, item: &Self::Item, surface: &mut Surface, at: Point, size: Size);
    /// Key that chooses an item by its line; by default digits and `M-a` to `M-z`.
    fn key_of(&self, _cx: &Cx<'_>, _item: &Self::Item, line: usize) -> Option<Key> {
        default_key(line)
    }
    /// Reports whether an item matches a search; `None`: compare the item's name.
    fn fits(&self, _cx: &Cx<'_>, _item: &Self::Item, _text: &str, _ignore_case: bool) -> Option<bool> {
        None
    }
    /// Swaps two items. True if they were swapped.
    fn swap(&mut self, _cx: &mut Cx<'_>, _a: &Self::Item, _b: &Self::Item, _sort: Option<Order>) -> bool {
        false
    }
    fn orders(&self) -> &'static [Order] {
        &[]
    }
    /// Lines above the list. `text_at`: column where the items' texts start.
    fn heading(&self, _text_at: u32) -> Vec<String> {
        Vec::new()
    }
    fn heading_rows(&self) -> u32 {
        0
    }
    /// Rows of the preview, if fixed regardless of the mode's size.
    fn preview_rows(&self) -> Option<usize> {
        None
    }
    /// Items of the menu: name (empty: a separator line) and key.
    fn menu(&self) -> &'static [(&'static str, Key)];
    /// Lines of help (keys, text), the word for an item, and the width of the window.
    fn help(&self) -> (&'static [(&'static str, &'static str)], &'static str, u32);
    /// Handles a key other than movement. `x` in `with`: column of a mouse event in the preview.
    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<Self::Item>, with: &Pressed) -> Outcome;
    /// Called when another item became current.
    fn moved(&mut self) {}
    /// True if the list is empty and stays so: the mode ends.
    fn is_over(&self, _cx: &Cx<'_>) -> bool {
        false
    }
}

/// "Tag All" in the menu of a chooser: tmux has the bare byte there, which is shown as `[DC4]`
/// and is not the key `C-t` that tags all.
const MENU_TAG_ALL: Key = Key::char('\x14');

/// A key, with its client and the place where it was pressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pressed {
    pub pane: PaneId,
    pub client: Option<ClientId>,
    pub key: Key,
    /// Column of a mouse event in the preview.
    pub x: Option<u32>,
    /// True if the client pressed the key; false if a command sent it or the menu chose it.
    pub by_hand: bool,
}

/// True if a line contains a text that is searched for.
fn contains(line: &str, text: &str, ignore_case: bool) -> bool {
    match ignore_case {
        true => line.to_lowercase().contains(&text.to_lowercase()),
        false => line.contains(text),
    }
}

fn default_key(line: usize) -> Option<Key> {
    match line {
        0..=9 => Some(Key::char(char::from(b'0' + line as u8))),
        10..=35 => Some(Key::char(char::from(b'a' + (line - 10) as u8)).with(crate::base::Mods::META)),
        _ => None,
    }
}

/// Least rows of a list and its preview under a heading.
const LEAST_ROWS: u32 = 5;

/// Arguments that all choosers' commands have in common.
pub(crate) struct Setup {
    preview: Preview,
    order: Option<Order>,
    reversed: bool,
    filter: Option<String>,
    zoom: bool,
}

impl Setup {
    pub(crate) fn new(args: &Args) -> Self {
        Self {
            preview: match args.times('N') {
                0 => Preview::Normal,
                1 => Preview::Off,
                _ => Preview::Big,
            },
            order: args.get('O').and_then(|name| Order::parse(name).or_else(|| Order::parse_usage(name))),
            reversed: args.has('r'),
            filter: args.get('f').map(str::to_owned),
            zoom: args.has('Z'),
        }
    }

    /// Only a filter, as `find-window` has.
    pub(crate) fn filtered(filter: String, zoom: bool) -> Self {
        Self { preview: Preview::Normal, order: None, reversed: false, filter: Some(filter), zoom }
    }
}

/// A chooser on a pane.
pub(crate) struct TreeMode<S: Source> {
    source: S,
    tree: Tree<S::Item>,
    /// Size of the pane. The tree has fewer rows if the source has a heading.
    size: Size,
    surface: Surface,
    /// True if the mode zoomed the window, and must unzoom it in the end.
    zoomed: bool,
    /// Last drawing, to detect whether an update changed anything.
    drawn: Option<Surface>,
}

/// Opens a chooser on a pane, unless the pane has it already.
pub(crate) fn open<S: Source>(cx: &mut Cx<'_>, pane: PaneId, source: S, setup: Setup) {
    if modes::raise(cx, pane, source.name()) != modes::Entered::Absent {
        return;
    }
    let Some(p) = cx.server.pane(pane) else { return };
    let window = p.window;
    let mut tree = Tree::new(p.size);
    tree.preview = setup.preview;
    tree.filter = setup.filter;
    tree.orders = source.orders();
    tree.fixed_preview = source.preview_rows();
    tree.sort.order = setup.order.or(tree.orders.first().copied());
    tree.sort.reversed = setup.reversed;
    let was_zoomed = cx.server.window(window).is_some_and(|w| w.flags.contains(WindowFlags::ZOOMED));
    let zoomed = setup.zoom && !was_zoomed && cx.zoom(pane);
    if zoomed {
        cx.server.redraw_window(window);
    }
    let size = cx.server.pane(pane).map_or(tree.size, |p| p.size);
    let surface = Surface::new(Size::default());
    let mut mode = TreeMode { source, tree, size, surface, zoomed, drawn: None };
    mode.set_size(size);
    mode.build(cx, pane);
    modes::push(cx, pane, Box::new(mode));
}

/// Calls a function on a chooser that is on top of a pane, and redraws it.
pub(crate) fn with_source<S: Source, R>(
    cx: &mut Cx<'_>,
    pane: PaneId,
    run: impl FnOnce(&mut Cx<'_>, &mut TreeMode<S>) -> R,
) -> Option<R> {
    let result = modes::with_top(cx, pane, |cx, entry| {
        let mode = entry.mode.as_any().downcast_mut::<TreeMode<S>>()?;
        Some(run(cx, mode))
    })
    .flatten();
    if result.is_some() {
        modes::settle_result(cx, pane, ModeResult::Redraw);
    }
    result
}

/// Runs a template, with a name filled in, as a command of a client.
pub(crate) fn run_command(
    cx: &mut Cx<'_>,
    client: Option<ClientId>,
    state: FindState,
    template: &str,
    name: &str,
) {
    let text = fill_all(template, &[name.to_owned()], ValueKind::Name, Text::Commands);
    if text.is_empty() {
        return;
    }
    match crate::format::parse::commands(cx, &text) {
        Ok(list) => {
            let state = QueueState::new(state, KeyEvent::default(), StateFlags::empty());
            let items = cx.server.queues.commands(&list, &state);
            cx.server.queues.append(client, items);
        }
        Err(error) => {
            let Some(client) = client else { return };
            let mut chars = error.chars();
            let first = chars.next().map(|c| c.to_ascii_uppercase());
            let text: String = first.into_iter().chain(chars).collect();
            message::show_error(cx, client, &text);
        }
    }
}

impl<S: Source> TreeMode<S> {
    /// Rebuilds the tree; the current item stays current.
    pub(crate) fn build(&mut self, cx: &Cx<'_>, pane: PaneId) {
        let tag = self.tree.current_tag();
        self.tree.begin();
        let filter = self.tree.filter.clone();
        let mut wanted = self.source.build(cx, pane, &mut self.tree, filter.as_deref());
        self.tree.no_matches = self.tree.nodes.is_empty();
        if self.tree.no_matches {
            wanted = self.source.build(cx, pane, &mut self.tree, None);
        }
        self.tree.finish(wanted.or(tag));
        for line in 0..self.tree.lines.len() {
            let node = self.tree.lines[line].node;
            let key = self.source.key_of(cx, &self.tree.nodes[node].data, line);
            self.tree.nodes[node].key = key.filter(|k| *k != Key::UNKNOWN && *k != Key::NONE);
        }
    }

    fn set_size(&mut self, size: Size) {
        self.size = size;
        self.tree.size = Size::new(size.cols, size.rows - self.heading_rows());
    }

    /// Rows of the heading, if there is room for it.
    fn heading_rows(&self) -> u32 {
        let rows = self.source.heading_rows();
        if self.size.rows >= rows + LEAST_ROWS { rows } else { 0 }
    }

    fn paint(&mut self, cx: &Cx<'_>, pane: PaneId) {
        let rows = self.heading_rows();
        if rows == 0 {
            let mut surface = std::mem::take(&mut self.surface);
            self.paint_tree(cx, pane, &mut surface);
            self.surface = surface;
            return;
        }
        let mut tree = Surface::new(self.tree.size);
        self.paint_tree(cx, pane, &mut tree);
        self.surface.resize(self.size);
        self.surface.clear(CellStyle::DEFAULT);
        for (row, line) in (0..rows).zip(self.source.heading(self.tree.text_column())) {
            draw_format(&mut self.surface, 0, row, self.size.cols, CellStyle::DEFAULT, &line);
        }
        self.surface.blit(&tree, Point::default(), self.tree.size, Point::new(0, rows));
        self.surface.cursor = Point::new(0, tree.cursor.y + rows);
        self.surface.cursor_visible = false;
    }

    fn paint_tree(&mut self, cx: &Cx<'_>, pane: PaneId, surface: &mut Surface) {
        surface.resize(self.tree.size);
        surface.clear(CellStyle::DEFAULT);
        if self.tree.lines.is_empty() {
            return;
        }
        let window = cx.server.pane(pane).map(|p| OptionScope::Window(p.window));
        let level = window.unwrap_or(OptionScope::GlobalWindow);
        let objects = Objects::new(cx.server, cx.host, cx.now).with_pane(pane);
        let mode = style::of_option(cx.server, level, opt::MODE_STYLE, &objects);
        self.tree.draw_lines(surface, mode);
        if let Some((at, size, index)) = self.tree.draw_preview_box(surface, mode) {
            let item = self.tree.nodes[index].data.clone();
            self.source.draw(cx, &item, surface, at, size);
        }
        let row = self.tree.current.saturating_sub(self.tree.offset) as u32;
        surface.cursor = Point::new(0, row);
        surface.cursor_visible = false;
    }
}

impl<S: Source> PaneMode for TreeMode<S> {
    fn name(&self) -> &'static str {
        self.source.name()
    }

    fn key_table(&self, _: &mut Cx<'_>, _: PaneId) -> Option<String> {
        None
    }

    fn draw(&mut self, cx: &mut Cx<'_>, pane: PaneId) -> &Surface {
        self.paint(cx, pane);
        &self.surface
    }

    fn resize(&mut self, cx: &mut Cx<'_>, pane: PaneId, size: Size) {
        self.set_size(size);
        self.build(cx, pane);
    }

    fn key(&mut self, cx: &mut Cx<'_>, pane: PaneId, target: &ModeTarget, event: &KeyEvent) -> ModeResult {
        self.pressed(cx, pane, target, event)
    }

    fn update(&mut self, cx: &mut Cx<'_>, pane: PaneId) -> ModeResult {
        self.build(cx, pane);
        self.paint(cx, pane);
        let changed = self.drawn.as_ref() != Some(&self.surface);
        if changed {
            self.drawn = Some(self.surface.clone());
            return ModeResult::Redraw;
        }
        ModeResult::Nothing
    }

    fn save(&self) -> Option<String> {
        self.saved()
    }

    fn close(&mut self, cx: &mut Cx<'_>, pane: PaneId) {
        if self.zoomed
            && let Some(window) = cx.server.pane(pane).map(|p| p.window)
        {
            cx.unzoom_and_redraw(window);
        }
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
