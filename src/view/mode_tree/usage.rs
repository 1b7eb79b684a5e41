//! `choose-usage`: memory, processor, processes and disk of the panes, largest first, and of
//! processes that closed panes left running, under a line of totals. Updated each second while it
//! shows.

use std::collections::BTreeMap;

use super::draw::{draw_screen, put_text};
use super::help::HELP_KEY;
use super::keys::{ask, confirm};
use super::{Outcome, Pressed, Source, Tree, TreeMode, run_command, with_source};
use crate::base::{CellStyle, Key, KeyCode, PaneId, Point, Size, Surface};
use crate::format::Objects;
use crate::format::sort::Order;
use crate::format::usage::{Layout, objects_of, objects_of_total, server_line, sorted};
use crate::model::usage::{Seen, Subject};
use crate::model::{Cx, FindState, Pane};
use crate::options::{OptionKey, opt};
use crate::syntax::args::Args;
use crate::view::prompt::PromptType;

const NAME: &str = "usage-mode";
const COMMAND: &str = "switch-client -Zt '%%'";
/// Milliseconds between updates while the list shows, and for a while after, so that the trend is
/// there when it is opened again.
const LOOK_MS: u64 = 1000;
const SLOW_LOOK_MS: u64 = 5000;
const FOLLOW_MS: u64 = 600_000;
/// Processes of a left scope that its preview lists.
const MAX_LISTED: usize = 200;

type Item = Subject;

#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct UsageList {
    format: Option<String>,
    key_format: Option<String>,
    command: String,
    /// Last values, by tag.
    #[serde(skip)]
    seen: BTreeMap<u64, Seen>,
    layout: Layout,
    /// Lines of totals: all panes, and the server.
    #[serde(skip)]
    totals: [String; 2],
}

impl UsageList {
    pub(crate) const NAME: &'static str = NAME;

    pub(crate) fn new(args: &Args) -> Self {
        Self {
            format: args.get('F').map(str::to_owned),
            key_format: args.get('K').map(str::to_owned),
            command: args.string(0).unwrap_or_else(|| COMMAND.to_owned()),
            seen: BTreeMap::new(),
            layout: Layout::Middle,
            totals: Default::default(),
        }
    }

    /// Reads all values, unless they were read a moment ago.
    fn look(&mut self, cx: &Cx<'_>, cols: u32) {
        self.layout = Layout::of(cols);
        let mut book = cx.server.usage.lock();
        book.look(cx.server, cx.host, cx.now.mono_ms, LOOK_MS);
        self.seen = book.seen.clone();
        let base = Objects::new(cx.server, cx.host, cx.now);
        let format = self.layout.format();
        self.totals = [objects_of_total(base, &book, self.layout).expand(&format), server_line(&book)];
    }

    fn format(&self) -> String {
        self.format.clone().unwrap_or_else(|| self.layout.format())
    }

    fn objects<'a>(&self, cx: &'a Cx<'_>, item: &Item) -> Objects<'a> {
        let base = Objects::new(cx.server, cx.host, cx.now);
        match self.seen.get(&item.tag()) {
            Some(seen) => objects_of(cx.server, base, seen, self.layout),
            None => base,
        }
    }

    fn end(cx: &mut Cx<'_>, with: &Pressed, item: &Item) {
        match item {
            Item::Pane(pane) => {
                run_command(cx, with.client, FindState::default(), &format!("kill-pane -t {pane}"), "");
            }
            Item::Left(left) => cx.host.end_left_scope(&left.name),
        }
    }

    fn ask_end(cx: &mut Cx<'_>, with: &Pressed, items: Vec<Item>) {
        let question = match items.as_slice() {
            [] => return,
            [Item::Pane(pane)] => format!("Kill pane {pane}? "),
            [Item::Left(left)] => format!("Kill {} processes left by %{}? ", left.pids.len(), left.pane.0),
            many => format!("Kill {} tagged? ", many.len()),
        };
        let with = *with;
        confirm(cx, &with, &question, false, move |cx| {
            items.iter().for_each(|item| Self::end(cx, &with, item));
            look_again(cx, with.pane);
        });
    }

    /// Asks for a limit of a pane and sets the limit.
    fn ask_limit<T>(cx: &mut Cx<'_>, with: &Pressed, pane: PaneId, key: OptionKey<T>) {
        let option = key.name();
        let now = cx.server.option_text(crate::model::option_access::OptionScope::Pane(pane), key);
        let with = *with;
        ask(cx, &with, &format!("({option}) "), &now, PromptType::Command, move |cx, text| {
            if !text.is_empty() {
                let command = format!("set-option -p -t {pane} {option} '%%'");
                run_command(cx, with.client, FindState::default(), &command, text);
            }
        });
    }
}

/// Opens the list on a pane, and starts the updates.
pub(crate) fn open(cx: &mut Cx<'_>, pane: PaneId, source: UsageList, setup: super::Setup) {
    super::open(cx, pane, source, setup);
    begin_following(cx);
}

/// Starts the periodic updates, unless they run already.
pub(crate) fn begin_following(cx: &mut Cx<'_>) {
    let book = cx.server.usage.get_mut();
    if !std::mem::replace(&mut book.followed, true) {
        follow(cx);
    }
}

/// Updates all open lists periodically; with none open, updates are slower and end after a while.
fn follow(cx: &mut Cx<'_>) {
    let shows = |p: &Pane| p.modes.iter().any(|entry| entry.mode.name() == NAME);
    let showing: Vec<PaneId> = cx.server.panes.values().filter(|p| shows(p)).map(|p| p.id).collect();
    let now_ms = cx.now.mono_ms;
    let mut book = cx.server.usage.lock();
    book.look(cx.server, cx.host, now_ms, LOOK_MS);
    if !showing.is_empty() {
        book.follow_until_ms = now_ms + FOLLOW_MS;
    }
    book.followed = now_ms < book.follow_until_ms;
    let goes_on = book.followed;
    drop(book);
    if goes_on {
        let wait_ms = if showing.is_empty() { SLOW_LOOK_MS } else { LOOK_MS };
        cx.host.timer(wait_ms, Box::new(follow));
    }
    showing.into_iter().for_each(|pane| look_again(cx, pane));
}

fn look_again(cx: &mut Cx<'_>, pane: PaneId) {
    with_source::<UsageList, _>(cx, pane, |cx, mode: &mut TreeMode<UsageList>| mode.build(cx, pane));
}

impl Source for UsageList {
    type Item = Item;

    fn name(&self) -> &'static str {
        NAME
    }

    fn save(&self) -> Option<String> {
        super::saved::source_text(self)
    }

    fn build(&mut self, cx: &Cx<'_>, _: PaneId, tree: &mut Tree<Item>, filter: Option<&str>) -> Option<u64> {
        self.look(cx, tree.size.cols);
        tree.align_names = true;
        tree.plain_current = true;
        let format = self.format();
        for seen in sorted(&self.seen, tree.sort.order, tree.sort.reversed) {
            let item = &seen.subject;
            let objects = self.objects(cx, item);
            if filter.is_none_or(|filter| objects.is_true(filter)) {
                let name = match item {
                    Item::Pane(pane) => pane.to_string(),
                    Item::Left(left) => left.name.rsplit('/').next().unwrap_or_default().to_owned(),
                };
                let text = objects.expand(&format);
                drop(objects);
                tree.add(None, item.clone(), item.tag(), name, Some(text), true);
            }
        }
        None
    }

    fn heading(&self, text_at: u32) -> Vec<String> {
        let indent = " ".repeat(text_at as usize);
        let [total, server] = &self.totals;
        let names = if self.format.is_none() { self.layout.heading() } else { "" };
        vec![
            format!("#[dim,underscore]{HELP_KEY:<0$.0$}{names}", text_at as usize),
            format!("{indent}{total}"),
            format!("{indent}{server}"),
        ]
    }

    fn heading_rows(&self) -> u32 {
        3
    }

    fn draw(&mut self, cx: &Cx<'_>, item: &Item, surface: &mut Surface, at: Point, size: Size) {
        match item {
            Item::Pane(pane) => {
                if let Some(p) = cx.server.pane(*pane) {
                    draw_screen(surface, at, size, &p.terminal.lock());
                }
            }
            Item::Left(left) => {
                let commands = left.pids.iter().take(MAX_LISTED).map(|&pid| (pid, cx.host.process_line(pid)));
                for (y, (pid, command)) in commands.take(size.rows as usize).enumerate() {
                    let text = format!("{pid:>8} {}", command.unwrap_or_default());
                    put_text(surface, at.x, at.y + y as u32, size.cols, &text, CellStyle::DEFAULT);
                }
            }
        }
    }

    fn key_of(&self, cx: &Cx<'_>, item: &Item, line: usize) -> Option<Key> {
        let Some(format) = &self.key_format else { return super::default_key(line) };
        Key::parse(&self.objects(cx, item).add("line", line.to_string()).expand(format))
    }

    fn fits(&self, cx: &Cx<'_>, item: &Item, text: &str, ignore_case: bool) -> Option<bool> {
        let line = self.objects(cx, item).expand(&self.format());
        Some(if ignore_case {
            line.to_ascii_lowercase().contains(&text.to_ascii_lowercase())
        } else {
            line.contains(text)
        })
    }

    fn orders(&self) -> &'static [Order] {
        Order::OF_USAGE
    }

    fn menu(&self) -> &'static [(&'static str, Key)] {
        const MENU: &[(&str, Key)] = &[
            ("Select", Key::ENTER),
            ("Limit Memory", Key::char('m')),
            ("Limit Processes", Key::char('p')),
            ("Processor Share", Key::char('c')),
            ("", Key::NONE),
            ("Tag", Key::char('t')),
            ("Tag All", Key::ctrl('t')),
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
            ("Enter", "Go to selected %1"),
            ("m", "Limit memory of selected %1"),
            ("p", "Limit processes of selected %1"),
            ("c", "Set processor share of selected %1"),
            ("x", "Kill selected %1"),
            ("X", "Kill tagged %1s"),
            ("f", "Enter a filter"),
        ];
        (HELP, "pane", 54)
    }

    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<Item>, with: &Pressed) -> Outcome {
        let KeyCode::Char(letter) = with.key.code else { return Outcome::Stay };
        if !with.key.mods.is_empty() {
            return Outcome::Stay;
        }
        let current = tree.current_node().map(|node| node.data.clone());
        match (letter, current) {
            ('\r', Some(Item::Pane(pane))) => {
                run_command(cx, with.client, FindState::default(), &self.command, &pane.to_string());
                return Outcome::Finish;
            }
            ('m', Some(Item::Pane(pane))) => Self::ask_limit(cx, with, pane, opt::PANE_MEMORY_MAX),
            ('p', Some(Item::Pane(pane))) => Self::ask_limit(cx, with, pane, opt::PANE_PIDS_MAX),
            ('c', Some(Item::Pane(pane))) => Self::ask_limit(cx, with, pane, opt::PANE_CPU_WEIGHT),
            ('x', Some(item)) => Self::ask_end(cx, with, vec![item]),
            ('X', _) => {
                let tagged = tree.tagged().into_iter().map(|n| tree.nodes[n].data.clone()).collect();
                Self::ask_end(cx, with, tagged);
            }
            _ => {}
        }
        Outcome::Stay
    }
}
