//! `choose-commands`: the commands that ran in a pane, or in all panes, according to their shells'
//! marks (OSC 133): time, duration, status, place. Enter goes to the command in copy mode.

use super::draw::put_text;
use super::{Outcome, Pressed, Setup, Source, Tree, run_command};
use crate::base::commands::CommandRecord;
use crate::base::{CellStyle, Key, KeyCode, PaneId, Point, Size, Surface};
use crate::format::Objects;
use crate::format::sort::Order;
use crate::model::{Cx, FindState};
use crate::syntax::args::Args;
use crate::sys::time::strftime;
use crate::view::copy::{CopyMode, with_copy_mode};
use crate::view::mode_tree::found::about_pane;
use crate::view::modes::{self, Entered};

const NAME: &str = "commands-mode";
const FORMAT: &str = concat!(
    "#{command_when}  #{p9:command_time}  ",
    "#{?command_running,running,#{?command_failed,#[fg=red]failed #{p-3:command_status}#[default],",
    "ok        }}  #{command_text}#{?command_directory,  (#{command_directory}),}",
);

/// A command of a pane.
struct Ran {
    pane: PaneId,
    record: CommandRecord,
}

pub(crate) struct CommandList {
    /// If set, only commands of this pane are listed.
    only: Option<PaneId>,
    all: Vec<Ran>,
    format: Option<String>,
    key_format: Option<String>,
}

/// Duration in words for people: `340s` is `5m40s`.
fn duration_text(secs: i64) -> String {
    match secs {
        ..60 => format!("{secs}s"),
        60..3600 => format!("{}m{:02}s", secs / 60, secs % 60),
        _ => format!("{}h{:02}m", secs / 3600, secs / 60 % 60),
    }
}

impl CommandList {
    pub(crate) fn new(args: &Args, pane: PaneId) -> Self {
        Self {
            only: (!args.has('a')).then_some(pane),
            all: Vec::new(),
            format: args.get('F').map(str::to_owned),
            key_format: args.get('K').map(str::to_owned),
        }
    }

    fn read(&mut self, cx: &Cx<'_>) {
        let panes = cx.server.panes.values().filter(|pane| self.only.is_none_or(|only| only == pane.id));
        self.all = panes
            .flat_map(|pane| {
                let records = pane.terminal.lock().history().commands();
                records.into_iter().map(|record| Ran { pane: pane.id, record })
            })
            .collect();
    }

    fn objects<'a>(&self, cx: &'a Cx<'_>, ran: &Ran) -> Objects<'a> {
        let (record, now) = (&ran.record, cx.now.secs());
        let flag = |on: bool| u8::from(on).to_string();
        let objects = about_pane(cx.server, Objects::new(cx.server, cx.host, cx.now), ran.pane);
        objects
            .add("command_text", record.text.clone())
            .add("command_directory", record.directory.clone())
            .add("command_line", record.first_line().to_string())
            .add("command_started", record.started.to_string())
            .add("command_when", strftime("%Y-%m-%d %H:%M:%S", record.started))
            .add("command_duration", record.duration(now).to_string())
            .add("command_time", duration_text(record.duration(now)))
            .add("command_running", flag(record.end.is_none()))
            .add("command_failed", flag(record.failed()))
            .add("command_status", record.status.map_or_else(String::new, |status| status.to_string()))
    }

    /// Indexes of the commands in the order of the tree: newest first.
    fn sorted(&self, order: Option<Order>, reversed: bool) -> Vec<usize> {
        let mut items: Vec<usize> = (0..self.all.len()).collect();
        let newest = |ran: &Ran| std::cmp::Reverse((ran.record.started, ran.record.start.line));
        items.sort_by(|&a, &b| {
            let (a, b) = (&self.all[a], &self.all[b]);
            match order {
                Some(Order::Name) => a.record.text.cmp(&b.record.text).then(newest(a).cmp(&newest(b))),
                _ => newest(a).cmp(&newest(b)),
            }
        });
        if reversed {
            items.reverse();
        }
        items
    }
}

/// Moves to the next command in the list that failed; stays where it is if there is none.
fn to_failed(all: &[Ran], tree: &mut Tree<usize>, down: bool) {
    let failed = |line: &usize| {
        let node = tree.lines.get(*line).and_then(|line| all.get(tree.nodes[line.node].data));
        node.is_some_and(|ran| ran.record.failed())
    };
    let to = match down {
        true => (tree.current + 1..tree.lines.len()).find(failed),
        false => (0..tree.current).rev().find(failed),
    };
    // Line by line, so that the list scrolls with it.
    for _ in 0..to.map_or(0, |to| to.abs_diff(tree.current)) {
        match down {
            true => drop(tree.down(false)),
            false => tree.up(false),
        }
    }
}

/// Shows a command to a client: its pane in copy mode, at the prompt.
fn go_to(cx: &mut Cx<'_>, with: &Pressed, pane: PaneId, line: u64) -> Outcome {
    if cx.server.pane(pane).is_none() {
        return Outcome::Stay;
    }
    run_command(cx, with.client, FindState::default(), "switch-client -Zt '%%'", &format!("%{}", pane.0));
    if modes::raise(cx, pane, CopyMode::COPY) == Entered::Absent {
        let Some(mode) = CopyMode::copy(cx, pane, pane) else { return Outcome::Finish };
        modes::push(cx, pane, Box::new(mode));
    }
    with_copy_mode(cx, pane, |_, mode| mode.state.show_line(line));
    Outcome::Finish
}

impl Source for CommandList {
    type Item = usize;

    fn name(&self) -> &'static str {
        NAME
    }

    fn build(&mut self, cx: &Cx<'_>, _: PaneId, tree: &mut Tree<usize>, filter: Option<&str>) -> Option<u64> {
        tree.align_names = true;
        self.read(cx);
        let format = self.format.clone().unwrap_or_else(|| FORMAT.to_owned());
        for item in self.sorted(tree.sort.order, tree.sort.reversed) {
            let ran = &self.all[item];
            let objects = self.objects(cx, ran);
            if filter.is_none_or(|filter| objects.is_true(filter)) {
                let tag = u64::from(ran.pane.0) << 40 | (ran.record.start.line & 0xff_ffff_ffff);
                let name = objects.expand("#{session_name}:#{window_index}.#{pane_index}");
                tree.add(None, item, tag, name, Some(objects.expand(&format)), true);
            }
        }
        None
    }

    fn draw(&mut self, cx: &Cx<'_>, item: &usize, surface: &mut Surface, at: Point, size: Size) {
        let Some(ran) = self.all.get(*item) else { return };
        let Some(pane) = cx.server.pane(ran.pane) else { return };
        let mut terminal = pane.terminal.lock();
        let first = terminal.first_line();
        let line = ran.record.first_line();
        let history = terminal.history_rows();
        let top = match first {
            Some(first) if line >= first => {
                let rows = terminal.size().rows;
                history + u64::from((0..rows).find(|y| terminal.line_in_row(*y) >= line).unwrap_or(rows))
            }
            _ => terminal.history().view().row_of_line(line).unwrap_or(history),
        };
        for y in 0..size.rows {
            let row = top + u64::from(y);
            let text = match row.checked_sub(history) {
                None => terminal.history_row(row).map(|row| row.text),
                Some(y) if y < u64::from(terminal.size().rows) => Some(terminal.row(y as u32).text),
                Some(_) => None,
            };
            let Some(text) = text else { return };
            put_text(surface, at.x, at.y + y, size.cols, &text, CellStyle::DEFAULT);
        }
    }

    fn key_of(&self, cx: &Cx<'_>, item: &usize, line: usize) -> Option<Key> {
        let Some(format) = &self.key_format else { return super::default_key(line) };
        Key::parse(&self.objects(cx, self.all.get(*item)?).add("line", line.to_string()).expand(format))
    }

    fn fits(&self, _: &Cx<'_>, item: &usize, text: &str, ignore_case: bool) -> Option<bool> {
        let record = &self.all.get(*item)?.record;
        let line = format!("{} {}", record.text, record.directory);
        Some(super::contains(&line, text, ignore_case))
    }

    fn orders(&self) -> &'static [Order] {
        &[Order::Creation, Order::Name]
    }

    fn menu(&self) -> &'static [(&'static str, Key)] {
        const MENU: &[(&str, Key)] = &[("Go To", Key::char('\r')), ("Cancel", Key::char('q'))];
        MENU
    }

    fn help(&self) -> (&'static [(&'static str, &'static str)], &'static str, u32) {
        const HELP: &[(&str, &str)] = &[
            ("Enter", "Go to selected %1"),
            ("e", "Next %1 that failed"),
            ("E", "Previous %1 that failed"),
            ("f", "Enter a filter"),
        ];
        (HELP, "command", 0)
    }

    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<usize>, with: &Pressed) -> Outcome {
        let current = tree.current_node().and_then(|node| self.all.get(node.data));
        match (with.key.code, current.map(|ran| (ran.pane, ran.record.first_line()))) {
            (KeyCode::Char('\r'), Some((pane, line))) => go_to(cx, with, pane, line),
            (KeyCode::Char(letter @ ('e' | 'E')), _) => {
                to_failed(&self.all, tree, letter == 'e');
                Outcome::Stay
            }
            _ => Outcome::Stay,
        }
    }
}

/// Opens the list on a pane. False if there is no command to list.
pub(crate) fn open(cx: &mut Cx<'_>, pane: PaneId, args: &Args) -> bool {
    let mut list = CommandList::new(args, pane);
    list.read(cx);
    let any = !list.all.is_empty();
    if any {
        super::open(cx, pane, list, Setup::new(args));
    }
    any
}
