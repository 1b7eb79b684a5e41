//! `choose-usage`: what panes use of memory, processor, processes and disk, largest first, and
//! what closed panes have left running. It is looked at anew each second while it shows.

use std::collections::HashMap;

use super::draw::{draw_screen, put_text};
use super::keys::{ask, confirm};
use super::{Outcome, Pressed, Source, Tree, TreeMode, run_command, with_source};
use crate::base::{CellStyle, Key, KeyCode, PaneId, Point, Size, Surface};
use crate::format::Scope;
use crate::format::sort::Order;
use crate::model::host::LeftScope;
use crate::model::{Cx, FindState};
use crate::syntax::args::Args;
use crate::view::prompt::PromptType;

const NAME: &str = "usage-mode";
const COMMAND: &str = "switch-client -Zt '%%'";
const FORMAT: &str = concat!(
    "#{p-9:usage_memory} #{p-6:usage_cpu} #{p-5:usage_pids} #{p-9:usage_history}  ",
    "#{?usage_left,left by %#{usage_pane},#{session_name}:#{window_index}.#{pane_index} ",
    "#{pane_current_command}#{?#{&&:#{pane_oom_kills},#{!=:#{pane_oom_kills},0}},",
    " (out of memory: #{pane_oom_kills}),}}",
);
/// Milliseconds between looks.
const LOOK_MS: u64 = 1000;
/// Processes of a left scope that its preview lists.
const MAX_LISTED: usize = 200;

/// A line: a pane, or what a closed one has left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    Pane(PaneId),
    Left(LeftScope),
}

/// What one of them used when it was looked at.
#[derive(Clone, Copy, Default, Debug)]
struct Sample {
    memory: u64,
    cpu_usec: u64,
    /// Tenths of a percent of one processor since the look before.
    cpu_permille: u64,
    pids: u64,
    history: u64,
}

pub struct UsageList {
    format: String,
    key_format: Option<String>,
    command: String,
    /// What was seen last, by tag.
    seen: HashMap<u64, (Item, Sample)>,
    seen_ms: Option<u64>,
}

impl UsageList {
    pub fn new(args: &Args) -> Self {
        Self {
            format: args.get('F').unwrap_or(FORMAT).to_owned(),
            key_format: args.get('K').map(str::to_owned),
            command: args.string(0).unwrap_or_else(|| COMMAND.to_owned()),
            seen: HashMap::new(),
            seen_ms: None,
        }
    }

    /// Looks at everything, unless that was done a moment ago.
    fn look(&mut self, cx: &Cx<'_>) {
        let now = cx.now.mono_ms;
        let since = self.seen_ms.map(|at| now.saturating_sub(at));
        if since.is_some_and(|ms| ms < LOOK_MS) && self.is_complete(cx) {
            return;
        }
        self.seen_ms = Some(now);
        let mut seen = HashMap::new();
        let panes = cx.server.panes.keys().map(|&pane| {
            let number = |name| cx.host.usage(Some(pane), name).and_then(|n| n.parse().ok()).unwrap_or(0);
            let sample = Sample {
                memory: number("pane_memory"),
                cpu_usec: number("pane_cpu_usec"),
                pids: number("pane_pids"),
                history: number("history_disk_bytes"),
                cpu_permille: 0,
            };
            (Item::Pane(pane), sample)
        });
        let left = cx.host.left_scopes().into_iter().map(|left| {
            let pids = left.pids.len() as u64;
            let sample = Sample { memory: left.memory, cpu_usec: left.cpu_usec, pids, ..Sample::default() };
            (Item::Left(left), sample)
        });
        for (item, mut sample) in panes.chain(left) {
            let tag = tag(&item);
            if let (Some((_, before)), Some(ms @ 1..)) = (self.seen.get(&tag), since) {
                sample.cpu_permille = sample.cpu_usec.saturating_sub(before.cpu_usec) / ms;
            }
            seen.insert(tag, (item, sample));
        }
        self.seen = seen;
    }

    /// Whether the panes are those that were seen.
    fn is_complete(&self, cx: &Cx<'_>) -> bool {
        let panes = self.seen.values().filter(|(item, _)| matches!(item, Item::Pane(_))).count();
        panes == cx.server.panes.len()
            && cx.server.panes.keys().all(|&pane| self.seen.contains_key(&tag(&Item::Pane(pane))))
    }

    fn sample(&self, item: &Item) -> Sample {
        self.seen.get(&tag(item)).map(|(_, sample)| *sample).unwrap_or_default()
    }

    /// Everything that was seen, in an order: the largest first, and of equals the oldest.
    fn sorted(&self, order: Option<Order>, reversed: bool) -> Vec<Item> {
        let mut all: Vec<&(Item, Sample)> = self.seen.values().collect();
        all.sort_by_key(|(item, _)| tag(item));
        let key = |sample: &Sample| match order {
            Some(Order::Cpu) => sample.cpu_permille,
            Some(Order::Processes) => sample.pids,
            Some(Order::History) => sample.history,
            _ => sample.memory,
        };
        all.sort_by_key(|(_, sample)| std::cmp::Reverse(key(sample)));
        if reversed {
            all.reverse();
        }
        all.into_iter().map(|(item, _)| item.clone()).collect()
    }

    fn scope<'a>(&self, cx: &'a Cx<'_>, item: &Item) -> Scope<'a> {
        let sample = self.sample(item);
        let scope = Scope::new(cx.server, cx.host, cx.now);
        let scope = match item {
            Item::Pane(pane) => scope.with_pane(*pane).state(&FindState::from_pane(cx.server, *pane)),
            Item::Left(left) => scope
                .add("usage_left", "1")
                .add("usage_scope", left.name.clone())
                .add("usage_pane", left.pane.0.to_string()),
        };
        scope
            .add("usage_memory", size_text(sample.memory))
            .add("usage_memory_bytes", sample.memory.to_string())
            .add("usage_cpu", format!("{}.{}%", sample.cpu_permille / 10, sample.cpu_permille % 10))
            .add("usage_pids", sample.pids.to_string())
            .add("usage_history", size_text(sample.history))
            .add("usage_history_bytes", sample.history.to_string())
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

    /// Asks for a limit of a pane and sets it.
    fn ask_limit(cx: &mut Cx<'_>, with: &Pressed, pane: PaneId, option: &'static str) {
        let now = cx.server.option_text(crate::model::option_access::OptionScope::Pane(pane), option);
        let with = *with;
        ask(cx, &with, &format!("({option}) "), &now, PromptType::Command, move |cx, text| {
            if !text.is_empty() {
                let command = format!("set-option -p -t {pane} {option} '%%'");
                run_command(cx, with.client, FindState::default(), &command, text);
            }
        });
    }
}

fn tag(item: &Item) -> u64 {
    match item {
        Item::Pane(pane) => u64::from(pane.0),
        // Names of scopes are few: a hash is as good as a number.
        Item::Left(left) => 1 << 32 | u64::from(crc32fast::hash(left.name.as_bytes())),
    }
}

/// Bytes as people read them.
fn size_text(bytes: u64) -> String {
    let tenths = |shift: u32| (bytes >> (shift - 4)) * 10 / 16;
    let unit = |shift: u32, name: &str| format!("{}.{}{name}", tenths(shift) / 10, tenths(shift) % 10);
    match bytes {
        0..1024 => format!("{bytes}B"),
        1024..0x10_0000 => unit(10, "K"),
        0x10_0000..0x4000_0000 => unit(20, "M"),
        _ => unit(30, "G"),
    }
}

/// Opens the list on a pane, and lets it follow what changes.
pub fn open(cx: &mut Cx<'_>, pane: PaneId, source: UsageList, setup: super::Setup) {
    super::open(cx, pane, source, setup);
    follow(cx, pane);
}

fn follow(cx: &mut Cx<'_>, pane: PaneId) {
    let shows = cx.server.pane(pane).is_some_and(|p| p.modes.iter().any(|entry| entry.mode.name() == NAME));
    if shows {
        let again = move |cx: &mut Cx<'_>| {
            look_again(cx, pane);
            follow(cx, pane);
        };
        cx.host.timer(LOOK_MS, Box::new(again));
    }
}

fn look_again(cx: &mut Cx<'_>, pane: PaneId) {
    with_source::<UsageList, _>(cx, pane, |cx, mode: &mut TreeMode<UsageList>| mode.build(cx, pane));
}

impl Source for UsageList {
    type Item = Item;

    fn name(&self) -> &'static str {
        NAME
    }

    fn build(&mut self, cx: &Cx<'_>, _: PaneId, tree: &mut Tree<Item>, filter: Option<&str>) -> Option<u64> {
        self.look(cx);
        for item in self.sorted(tree.sort.order, tree.sort.reversed) {
            let scope = self.scope(cx, &item);
            if filter.is_none_or(|filter| scope.is_true(filter)) {
                let name = match &item {
                    Item::Pane(pane) => pane.to_string(),
                    Item::Left(left) => left.name.rsplit('/').next().unwrap_or_default().to_owned(),
                };
                let text = scope.expand(&self.format);
                drop(scope);
                tree.add(None, item.clone(), tag(&item), name, Some(text), true);
            }
        }
        None
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
        Key::parse(&self.scope(cx, item).add("line", line.to_string()).expand(format))
    }

    fn fits(&self, cx: &Cx<'_>, item: &Item, text: &str, ignore_case: bool) -> Option<bool> {
        let line = self.scope(cx, item).expand(&self.format);
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
        (HELP, "pane", 0)
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
            ('m', Some(Item::Pane(pane))) => Self::ask_limit(cx, with, pane, "pane-memory-max"),
            ('p', Some(Item::Pane(pane))) => Self::ask_limit(cx, with, pane, "pane-pids-max"),
            ('c', Some(Item::Pane(pane))) => Self::ask_limit(cx, with, pane, "pane-cpu-weight"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let check = |bytes: u64, expect: &str| assert_eq!(size_text(bytes), expect);
        check(0, "0B");
        check(1023, "1023B");
        check(1536, "1.5K");
        check(64 << 20, "64.0M");
        check(5 << 29, "2.5G");
    }

    #[test]
    fn the_largest_comes_first() {
        let mut list = UsageList::new(&Args::default());
        let samples = [(1, 10, 7, 2), (2, 30, 1, 2), (3, 20, 9, 1)];
        for (pane, memory, cpu_permille, pids) in samples {
            let item = Item::Pane(PaneId(pane));
            let sample = Sample { memory, cpu_permille, pids, ..Sample::default() };
            list.seen.insert(tag(&item), (item, sample));
        }
        let check = |order: Order, reversed: bool, expect: [u32; 3]| {
            let expect: Vec<Item> = expect.iter().map(|&n| Item::Pane(PaneId(n))).collect();
            assert_eq!(list.sorted(Some(order), reversed), expect, "{order:?}");
        };
        check(Order::Memory, false, [2, 3, 1]);
        check(Order::Cpu, false, [3, 1, 2]);
        check(Order::Processes, false, [1, 2, 3]);
        check(Order::Memory, true, [1, 3, 2]);
    }
}
