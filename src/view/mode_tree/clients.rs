//! `choose-client`: attached clients.

use super::draw::draw_screen;
use super::{Outcome, Pressed, Source, Tree, run_command};
use crate::base::{Cell, CellFlags, CellStyle, ClientId, Key, KeyCode, PaneId, Point, Size, Surface};
use crate::format::draw::draw as draw_format;
use crate::format::sort::{self, Order, Sort};
use crate::format::{CLIENT_MODE_FORMAT, Objects};
use crate::model::option_access::OptionScope;
use crate::model::{Cx, FindState};
use crate::options::opt;
use crate::syntax::args::Args;
use crate::view::boxes::{BoxLines, Part, cell};
use crate::view::style;

const COMMAND: &str = "detach-client -t '%%'";

#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Clients {
    format: String,
    key_format: Option<String>,
    command: String,
}

impl Clients {
    pub(crate) const NAME: &'static str = "client-mode";

    pub(crate) fn new(args: &Args) -> Self {
        Self {
            format: args.get('F').unwrap_or(CLIENT_MODE_FORMAT).to_owned(),
            key_format: args.get('K').map(str::to_owned),
            command: args.string(0).unwrap_or_else(|| COMMAND.to_owned()),
        }
    }

    /// Detaches (`d`), detaches and kills (`x`) or suspends (`z`) a client.
    fn let_go(cx: &mut Cx<'_>, tree: &mut Tree<ClientId>, with: &Pressed, id: ClientId, letter: char) {
        if tree.current_node().is_some_and(|node| node.data == id) {
            tree.down(false);
        }
        let Some(name) = cx.server.client(id).map(|c| c.name.clone()) else { return };
        let command = match letter {
            'x' => "detach-client -P -t '%%'",
            'z' => "suspend-client -t '%%'",
            _ => "detach-client -t '%%'",
        };
        run_command(cx, with.client, FindState::default(), command, &name);
    }
}

/// Draws the status lines that a client shows.
fn status_lines(cx: &Cx<'_>, client: ClientId, lines: u32) -> Option<Surface> {
    let c = cx.server.client(client)?;
    let level = OptionScope::Session(c.session?);
    let objects =
        Objects::new(cx.server, cx.host, cx.now).owner(Some(client)).client(Some(client)).for_status(false);
    let look = style::of_option(cx.server, level, opt::STATUS_STYLE, &objects);
    let mut surface = Surface::new(Size::new(c.size.cols, lines));
    surface.fill(0, 0, c.size.cols, lines, &Cell { style: look, ..Cell::BLANK });
    let formats: Vec<(u32, String)> = cx
        .server
        .chain(level)
        .array(opt::STATUS_FORMAT)
        .filter_map(|(index, value)| Some((index.number()?, value.as_str()?.to_owned())))
        .collect();
    for (row, format) in formats.into_iter().filter(|(row, _)| *row < lines) {
        draw_format(&mut surface, 0, row, c.size.cols, look, &objects.expand_time(&format));
    }
    Some(surface)
}

impl Source for Clients {
    type Item = ClientId;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn save(&self) -> Option<String> {
        super::saved::source_text(self)
    }

    fn build(
        &mut self,
        cx: &Cx<'_>,
        _: PaneId,
        tree: &mut Tree<ClientId>,
        filter: Option<&str>,
    ) -> Option<u64> {
        for id in sort::clients(cx.server, tree.sort) {
            let Some(c) = cx.server.client(id).filter(|c| c.session.is_some()) else { continue };
            let objects = Objects::new(cx.server, cx.host, cx.now).client(Some(id));
            if filter.is_none_or(|filter| objects.is_true(filter)) {
                let text = objects.expand(&self.format);
                tree.add(None, id, u64::from(id.0), c.name.clone(), Some(text), true);
            }
        }
        None
    }

    fn draw(&mut self, cx: &Cx<'_>, item: &ClientId, surface: &mut Surface, at: Point, size: Size) {
        let Some(c) = cx.server.client(*item) else { return };
        let Some(pane) = cx.server.client_window(c).and_then(|w| cx.server.window(w)).map(|w| w.active)
        else {
            return;
        };
        let lines = cx.server.status_lines(c);
        let lines = if lines >= size.rows { 0 } else { lines };
        let level = c.session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        let top = if cx.server.option_text(level, opt::STATUS_POSITION) == "top" { lines } else { 0 };
        let room = Size::new(size.cols, size.rows.saturating_sub(2 + lines));
        if let Some(p) = cx.server.pane(pane) {
            draw_screen(surface, Point::new(at.x, at.y + top), room, &p.terminal.lock());
        }
        let rule = if top != 0 { 2 } else { size.rows.saturating_sub(1 + lines) };
        let horizontal = cell(BoxLines::Single, Part::Horizontal, CellStyle::DEFAULT);
        // Unlike the lines of a box, this one takes the pane's colours.
        let horizontal = Cell { flags: CellFlags::empty(), ..horizontal };
        surface.fill(at.x, at.y + rule, size.cols, 1, &horizontal);
        if let Some(status) = status_lines(cx, *item, lines) {
            let y = if top != 0 { at.y } else { at.y + size.rows - lines };
            surface.blit(&status, Point::default(), Size::new(size.cols, lines), Point::new(at.x, y));
        }
    }

    fn key_of(&self, cx: &Cx<'_>, item: &ClientId, line: usize) -> Option<Key> {
        let Some(format) = &self.key_format else { return super::default_key(line) };
        let objects = Objects::new(cx.server, cx.host, cx.now).client(Some(*item));
        Key::parse(&objects.add("line", line.to_string()).expand(format))
    }

    fn orders(&self) -> &'static [Order] {
        &[Order::Name, Order::Size, Order::Creation, Order::Activity]
    }

    fn menu(&self) -> &'static [(&'static str, Key)] {
        const MENU: &[(&str, Key)] = &[
            ("Detach", Key::char('d')),
            ("Detach Tagged", Key::char('D')),
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
            ("Enter", "Choose selected %1"),
            ("d", "Detach selected %1"),
            ("D", "Detach tagged %1s"),
            ("x", "Detach selected %1"),
            ("X", "Detach tagged %1s"),
            ("z", "Suspend selected %1"),
            ("Z", "Suspend tagged %1s"),
            ("f", "Enter a filter"),
        ];
        (HELP, "client", 0)
    }

    fn is_over(&self, cx: &Cx<'_>) -> bool {
        sort::clients(cx.server, Sort::default()).is_empty()
    }

    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<ClientId>, with: &Pressed) -> Outcome {
        let KeyCode::Char(letter) = with.key.code else { return Outcome::Stay };
        let current = tree.current_node().map(|node| node.data);
        match (letter, current) {
            _ if !with.key.mods.is_empty() => Outcome::Stay,
            ('d' | 'x' | 'z', Some(id)) => {
                Self::let_go(cx, tree, with, id, letter);
                Outcome::Rebuild
            }
            ('D' | 'X' | 'Z', _) => {
                let tagged: Vec<ClientId> = tree.tagged().into_iter().map(|n| tree.nodes[n].data).collect();
                tagged
                    .into_iter()
                    .for_each(|id| Self::let_go(cx, tree, with, id, letter.to_ascii_lowercase()));
                Outcome::Rebuild
            }
            ('\r', Some(id)) => {
                let tty = cx.server.client(id).map(|c| c.tty.clone()).unwrap_or_default();
                run_command(cx, with.client, FindState::default(), &self.command, &tty);
                Outcome::Finish
            }
            _ => Outcome::Stay,
        }
    }
}
