//! `choose-transcripts`: the histories on disk, of panes and kept ones: command, time, size. From
//! here they are opened, saved, searched and removed.

use super::draw::{draw_screen, put_text};
use super::help::HELP_KEY;
use super::keys::{ask, confirm};
use super::{Outcome, Pressed, Setup, Source, Tree, run_command, with_source};
use crate::base::history::HistoryView;
use crate::base::{CellStyle, ClientId, Key, KeyCode, PaneId, Point, Size, Surface};
use crate::format::Objects;
use crate::format::sort::Order;
use crate::format::usage::size_text;
use crate::model::{Cx, FindState, Server};
use crate::syntax::args::Args;
use crate::sys::time::strftime;
use crate::transcript::Transcript;
use crate::view::copy::{CopyMode, with_copy_mode};
use crate::view::mode_tree::found::about_pane;
use crate::view::prompt::PromptType;
use crate::view::{message, modes};

const NAME: &str = "transcripts-mode";
const FORMAT: &str = concat!(
    "#{p-8:transcript_size}  #{transcript_when}  ",
    "#{p26:#{?transcript_live,in #{session_name}:#{window_index}.#{pane_index},#{transcript_kept}}}  ",
    "#{?transcript_error,(#{transcript_error}) ,}#{transcript_command}",
);
const HEADING: &str = "    SIZE  MADE              WHERE                       COMMAND";

/// A line of a transcript, and a column in it to go to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub number: u64,
    pub column: u32,
    /// True if the line is one that full-screen programs drew.
    pub alternate: bool,
}

/// Objects about one transcript, and about its pane if that still exists.
pub(crate) fn objects_of<'a>(server: &Server, objects: Objects<'a>, one: &Transcript) -> Objects<'a> {
    let objects = if one.live { about_pane(server, objects, PaneId(one.info.pane)) } else { objects };
    let made = one.info.created_us / 1_000_000;
    let kept = match one.keep_until {
        _ if one.live => String::new(),
        None => "left by a server that died".to_owned(),
        Some(i64::MAX) => "kept until removed".to_owned(),
        Some(until) => strftime("kept until %Y-%m-%d %H:%M", until),
    };
    objects
        .add("transcript_name", one.key.clone())
        .add("transcript_pane", format!("%{}", one.info.pane))
        .add("transcript_live", u8::from(one.live).to_string())
        .add("transcript_bytes", one.bytes.to_string())
        .add("transcript_size", size_text(one.bytes))
        .add("transcript_command", one.info.command.clone())
        .add("transcript_created", made.to_string())
        .add("transcript_when", strftime("%Y-%m-%d %H:%M", made))
        .add("transcript_kept", kept)
        .add("transcript_keep_until", one.keep_until.map_or_else(String::new, |until| until.to_string()))
        .add("transcript_error", one.error.clone().unwrap_or_default())
}

/// Shows a kept transcript in copy mode on a pane, at a place or else at its end.
pub(crate) fn open_kept(
    cx: &mut Cx<'_>,
    pane: PaneId,
    client: Option<ClientId>,
    key: String,
    at: Option<Place>,
) {
    let (Some(store), Some(size)) = (cx.host.transcripts(), cx.server.pane(pane).map(|p| p.size)) else {
        return;
    };
    cx.host.background(Box::new(move || {
        let read = match at.is_some_and(|place| place.alternate) {
            true => store.read_alternate(&key),
            false => store.read(&key),
        };
        let read = read.map(|(mut view, _)| {
            view.set_width(size.cols);
            // Count the rows here, on a thread, and not in a turn of the server.
            view.rows();
            let row = at.map(|place| view.row_of_number(place.number));
            (view, row)
        });
        Box::new(move |cx: &mut Cx<'_>| match read {
            Ok((view, row)) => {
                let Some(mode) = CopyMode::transcript(cx, pane, view) else { return };
                modes::push(cx, pane, Box::new(mode));
                if let (Some(row), Some(place)) = (row, at) {
                    let column = place.column as usize;
                    with_copy_mode(cx, pane, |_, mode| mode.state.show_cell(column, row as usize));
                }
            }
            Err(error) => {
                let text = format!("Can't read transcript: {key}: {error}");
                client.into_iter().for_each(|client| message::show_error(cx, client, &text));
            }
        })
    }));
}

pub(crate) struct Transcripts {
    all: Vec<Transcript>,
    format: Option<String>,
    key_format: Option<String>,
}

/// Opens the list on a pane after the disk was read.
pub(crate) fn open(
    cx: &mut Cx<'_>,
    pane: PaneId,
    args: &Args,
    done: impl FnOnce(&mut Cx<'_>) + Send + 'static,
) {
    let Some(store) = cx.host.transcripts() else { return done(cx) };
    let format = args.get('F').map(str::to_owned);
    let key_format = args.get('K').map(str::to_owned);
    let setup = Setup::new(args);
    cx.host.background(Box::new(move || {
        let source = Transcripts { all: store.all(), format, key_format };
        Box::new(move |cx| {
            super::open(cx, pane, source, setup);
            done(cx);
        })
    }));
}

/// Reads the disk again for an open list.
fn look_again(cx: &mut Cx<'_>, pane: PaneId) {
    let Some(store) = cx.host.transcripts() else { return };
    cx.host.background(Box::new(move || {
        let all = store.all();
        Box::new(move |cx| {
            with_source::<Transcripts, _>(cx, pane, |cx, mode| {
                mode.source.all = all;
                mode.build(cx, pane);
            });
        })
    }));
}

impl Transcripts {
    fn objects<'a>(&self, cx: &'a Cx<'_>, item: usize) -> Objects<'a> {
        let base = Objects::new(cx.server, cx.host, cx.now);
        self.all.get(item).map_or_else(|| base.clone(), |one| objects_of(cx.server, base.clone(), one))
    }

    /// Target of a transcript in commands: the id of its pane, or its own name.
    fn target(one: &Transcript) -> String {
        if one.live { format!("-t %{}", one.info.pane) } else { format!("-k {}", one.key) }
    }

    fn go_to(cx: &mut Cx<'_>, with: &Pressed, one: &Transcript) -> Outcome {
        if !one.live {
            open_kept(cx, with.pane, with.client, one.key.clone(), None);
            return Outcome::Stay;
        }
        let template = "switch-client -Zt '%%' ; copy-mode -t '%%'";
        run_command(cx, with.client, FindState::default(), template, &format!("%{}", one.info.pane));
        Outcome::Finish
    }

    /// Shows a transcript in the user's pager, in a popup.
    fn page(cx: &mut Cx<'_>, with: &Pressed, one: &Transcript) {
        let socket = cx.server.socket_path.replace('\'', "'\\''");
        // Use the path of the running program, whatever its name.
        let command = format!(
            "/proc/{}/exe -S '{socket}' save-transcript -e {} | LESS=-R ${{PAGER:-less}}",
            cx.server.pid,
            Self::target(one)
        );
        run_command(cx, with.client, FindState::default(), "display-popup -E -w 90% -h 90% '%%'", &command);
    }

    /// Asks for a file and saves a transcript there, in the format of its extension.
    fn ask_save(cx: &mut Cx<'_>, with: &Pressed, one: &Transcript) {
        let (target, with) = (Self::target(one), *with);
        ask(cx, &with, "(save to) ", &format!("{}.txt", one.key), PromptType::Command, move |cx, path| {
            if path.is_empty() {
                return;
            }
            let form = match path.rsplit_once('.').map_or("", |(_, suffix)| suffix) {
                "html" => "html",
                "md" => "markdown",
                "cast" => "cast",
                "ansi" => "ansi",
                _ => "text",
            };
            let template = format!("save-transcript -F {form} {target} '%%'");
            run_command(cx, with.client, FindState::default(), &template, path);
        });
    }

    fn ask_search(cx: &mut Cx<'_>, with: &Pressed, one: &Transcript) {
        let (target, with) = (Self::target(one), *with);
        ask(cx, &with, "(search for) ", "", PromptType::Search, move |cx, pattern| {
            if !pattern.is_empty() {
                let template = format!("search-transcripts {target} -- '%%'");
                run_command(cx, with.client, FindState::default(), &template, pattern);
            }
        });
    }

    fn ask_remove(&self, cx: &mut Cx<'_>, with: &Pressed, items: &[usize]) {
        let chosen = items.iter().filter_map(|&item| self.all.get(item));
        let (live, kept): (Vec<_>, Vec<_>) = chosen.partition(|one| one.live);
        let bytes = size_text(kept.iter().map(|one| one.bytes).sum());
        let question = match (kept.as_slice(), live.as_slice()) {
            ([], []) => return,
            ([], _) => {
                let text = "It belongs to a pane: clear-history removes it";
                with.client.into_iter().for_each(|client| message::show_error(cx, client, text));
                return;
            }
            ([one], _) => format!("Remove {} ({bytes})? ", one.key),
            (many, _) => format!("Remove {} transcripts ({bytes})? ", many.len()),
        };
        let keys: Vec<String> = kept.iter().map(|one| one.key.clone()).collect();
        let with = *with;
        confirm(cx, &with, &question, false, move |cx| {
            let Some(store) = cx.host.transcripts() else { return };
            let keys = keys.clone();
            cx.host.background(Box::new(move || {
                let failed = keys.iter().find_map(|key| Some((key.clone(), store.remove(key).err()?)));
                Box::new(move |cx| {
                    if let (Some((key, error)), Some(client)) = (failed, with.client) {
                        message::show_error(cx, client, &format!("Can't remove {key}: {error}"));
                    }
                    look_again(cx, with.pane);
                })
            }));
        });
    }

    /// Indexes of the transcripts in the order of the tree.
    fn sorted(&self, order: Option<Order>, reversed: bool) -> Vec<usize> {
        let mut items: Vec<usize> = (0..self.all.len()).collect();
        items.sort_by(|&a, &b| {
            let (a, b) = (&self.all[a], &self.all[b]);
            match order {
                Some(Order::Name) => a.key.cmp(&b.key),
                Some(Order::Size) => b.bytes.cmp(&a.bytes).then_with(|| a.key.cmp(&b.key)),
                _ => b.info.created_us.cmp(&a.info.created_us).then_with(|| a.key.cmp(&b.key)),
            }
        });
        if reversed {
            items.reverse();
        }
        items
    }
}

impl Source for Transcripts {
    type Item = usize;

    fn name(&self) -> &'static str {
        NAME
    }

    fn build(&mut self, cx: &Cx<'_>, _: PaneId, tree: &mut Tree<usize>, filter: Option<&str>) -> Option<u64> {
        tree.align_names = true;
        let format = self.format.as_deref().unwrap_or(FORMAT);
        for item in self.sorted(tree.sort.order, tree.sort.reversed) {
            let objects = self.objects(cx, item);
            if filter.is_none_or(|filter| objects.is_true(filter)) {
                let one = &self.all[item];
                let tag = u64::from(crc32fast::hash(one.key.as_bytes()));
                tree.add(None, item, tag, format!("%{}", one.info.pane), Some(objects.expand(format)), true);
            }
        }
        None
    }

    fn heading(&self, text_at: u32) -> Vec<String> {
        let bytes = |live| self.all.iter().filter(|one| one.live == live).map(|one| one.bytes).sum();
        let count = self.all.iter().filter(|one| one.live).count();
        let names = if self.format.is_none() { HEADING } else { "" };
        vec![
            format!(
                "{count} of panes, {}; {} kept, {}",
                size_text(bytes(true)),
                self.all.len() - count,
                size_text(bytes(false))
            ),
            format!("#[dim,underscore]{HELP_KEY:<0$.0$}{names}", text_at as usize),
        ]
    }

    fn heading_rows(&self) -> u32 {
        2
    }

    fn draw(&mut self, cx: &Cx<'_>, item: &usize, surface: &mut Surface, at: Point, size: Size) {
        let Some(one) = self.all.get(*item) else { return };
        let pane = cx.server.pane(PaneId(one.info.pane)).filter(|_| one.live);
        if let Some(pane) = pane {
            draw_screen(surface, at, size, &pane.terminal.lock());
            return;
        }
        let objects = self.objects(cx, *item);
        let lines = [
            "#{transcript_name}",
            "command  #{transcript_command}",
            "made     #{transcript_when}, by the server with process id #{transcript_server}",
            "size     #{transcript_size} on disk",
            "         #{transcript_kept}",
            "#{?transcript_error,error    #{transcript_error},}",
        ];
        let objects = objects.add("transcript_server", one.info.server.to_string());
        for (y, line) in (0..size.rows).zip(lines) {
            put_text(surface, at.x, at.y + y, size.cols, &objects.expand(line), CellStyle::DEFAULT);
        }
    }

    fn key_of(&self, cx: &Cx<'_>, item: &usize, line: usize) -> Option<Key> {
        let Some(format) = &self.key_format else { return super::default_key(line) };
        Key::parse(&self.objects(cx, *item).add("line", line.to_string()).expand(format))
    }

    fn fits(&self, _: &Cx<'_>, item: &usize, text: &str, ignore_case: bool) -> Option<bool> {
        let one = self.all.get(*item)?;
        let line = format!("{} {}", one.key, one.info.command);
        Some(super::contains(&line, text, ignore_case))
    }

    fn orders(&self) -> &'static [Order] {
        &[Order::Creation, Order::Size, Order::Name]
    }

    fn menu(&self) -> &'static [(&'static str, Key)] {
        const MENU: &[(&str, Key)] = &[
            ("Open", Key::char('\r')),
            ("Pager", Key::char('p')),
            ("Save", Key::char('s')),
            ("Search", Key::char('S')),
            ("", Key::NONE),
            ("Tag", Key::char('t')),
            ("Tag All", Key::ctrl('t')),
            ("Tag None", Key::char('T')),
            ("", Key::NONE),
            ("Remove", Key::char('x')),
            ("Remove Tagged", Key::char('X')),
            ("", Key::NONE),
            ("Cancel", Key::char('q')),
        ];
        MENU
    }

    fn help(&self) -> (&'static [(&'static str, &'static str)], &'static str, u32) {
        const HELP: &[(&str, &str)] = &[
            ("Enter", "Open selected %1"),
            ("p", "Show selected %1 in $PAGER"),
            ("s", "Save selected %1"),
            ("S", "Search selected %1"),
            ("x", "Remove selected %1"),
            ("X", "Remove tagged %1s"),
        ];
        (HELP, "transcript", 44)
    }

    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<usize>, with: &Pressed) -> Outcome {
        let KeyCode::Char(letter) = with.key.code else { return Outcome::Stay };
        if !with.key.mods.is_empty() {
            return Outcome::Stay;
        }
        let current = tree.current_node().map(|node| node.data);
        let one = current.and_then(|item| self.all.get(item)).cloned();
        match (letter, one) {
            ('\r', Some(one)) => return Self::go_to(cx, with, &one),
            ('p', Some(one)) => Self::page(cx, with, &one),
            ('s', Some(one)) => Self::ask_save(cx, with, &one),
            ('S', Some(one)) => Self::ask_search(cx, with, &one),
            ('x', _) => self.ask_remove(cx, with, current.as_slice()),
            ('X', _) => {
                let tagged: Vec<usize> = tree.tagged().into_iter().map(|n| tree.nodes[n].data).collect();
                self.ask_remove(cx, with, &tagged);
            }
            _ => {}
        }
        Outcome::Stay
    }
}
