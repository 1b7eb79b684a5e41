//! `choose-buffer`: paste buffers.

use super::draw::put_text;
use super::{Outcome, Pressed, Source, Tree, run_command};
use crate::base::text::{c_escape, from_bytes};
use crate::base::{CellStyle, Key, KeyCode, PaneId, Point, Size, Surface};
use crate::format::sort::{self, Order};
use crate::format::{BUFFER_MODE_FORMAT, Objects};
use crate::model::{Cx, FindState};
use crate::syntax::args::Args;
use crate::view::editor;

const COMMAND: &str = "paste-buffer -p -b '%%'";

/// Bytes of a buffer that a search reads.
const MAX_SEARCHED: usize = 4 << 20;

#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Buffers {
    format: String,
    key_format: Option<String>,
    command: String,
    state: FindState,
}

impl Buffers {
    pub(crate) const NAME: &'static str = "buffer-mode";

    pub(crate) fn new(args: &Args, state: FindState) -> Self {
        Self {
            format: args.get('F').unwrap_or(BUFFER_MODE_FORMAT).to_owned(),
            key_format: args.get('K').map(str::to_owned),
            command: args.string(0).unwrap_or_else(|| COMMAND.to_owned()),
            state,
        }
    }

    fn objects<'a>(&self, cx: &'a Cx<'_>, name: &str) -> Objects<'a> {
        let objects = Objects::new(cx.server, cx.host, cx.now);
        let objects = if self.state.is_valid(cx.server) { objects.state(&self.state) } else { objects };
        objects.with_buffer(name)
    }

    fn paste(&self, cx: &mut Cx<'_>, with: &Pressed, name: &str) {
        if cx.server.buffers.get(name).is_some() {
            run_command(cx, with.client, FindState::default(), &self.command, name);
        }
    }

    /// Deletes a buffer; the item next to it becomes the current one.
    fn delete(cx: &mut Cx<'_>, tree: &mut Tree<String>, name: &str) {
        if tree.current_node().is_some_and(|node| node.data == name) && !tree.down(false) {
            tree.up(false);
        }
        cx.server.delete_buffer(name);
    }
}

/// Text of a buffer's line, with control characters shown as escapes.
fn visible(line: &[u8]) -> String {
    let mut out = String::new();
    for c in from_bytes(line).chars() {
        match c {
            c if let Some(escape) = c_escape(c) => out.push_str(escape),
            '\0' => out.push_str("\\0"),
            c if c.is_ascii_control() => out.push_str(&format!("\\{:03o}", c as u32)),
            c => match crate::base::text::stray_byte(c) {
                Some(byte) => out.push_str(&format!("\\{byte:03o}")),
                None => out.push(c),
            },
        }
    }
    out
}

impl Source for Buffers {
    type Item = String;

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
        tree: &mut Tree<String>,
        filter: Option<&str>,
    ) -> Option<u64> {
        for name in sort::buffers(cx.server, tree.sort) {
            let Some(buffer) = cx.server.buffers.get(&name) else { continue };
            let objects = self.objects(cx, &name);
            if filter.is_some_and(|filter| !objects.is_true(filter)) {
                continue;
            }
            let text = objects.expand(&self.format);
            tree.add(None, name.clone(), buffer.order, name, Some(text), true);
        }
        None
    }

    fn draw(&mut self, cx: &Cx<'_>, item: &String, surface: &mut Surface, at: Point, size: Size) {
        let Some(buffer) = cx.server.buffers.get(item) else { return };
        for (y, line) in buffer.data.split(|&b| b == b'\n').take(size.rows as usize).enumerate() {
            // Cut the line to what can show at most, even if each byte becomes an escape.
            let line = &line[..line.len().min(size.cols as usize * 8)];
            put_text(surface, at.x, at.y + y as u32, size.cols, &visible(line), CellStyle::DEFAULT);
        }
    }

    fn key_of(&self, cx: &Cx<'_>, item: &String, line: usize) -> Option<Key> {
        let Some(format) = &self.key_format else { return super::default_key(line) };
        Key::parse(&self.objects(cx, item).add("line", line.to_string()).expand(format))
    }

    fn fits(&self, cx: &Cx<'_>, item: &String, text: &str, ignore_case: bool) -> Option<bool> {
        let buffer = cx.server.buffers.get(item)?;
        let has = |bytes: &[u8]| {
            let wanted = text.as_bytes();
            !wanted.is_empty()
                && bytes.windows(wanted.len()).any(|window| {
                    if ignore_case { window.eq_ignore_ascii_case(wanted) } else { window == wanted }
                })
        };
        Some(has(item.as_bytes()) || has(&buffer.data[..buffer.data.len().min(MAX_SEARCHED)]))
    }

    fn orders(&self) -> &'static [Order] {
        &[Order::Creation, Order::Name, Order::Size]
    }

    fn menu(&self) -> &'static [(&'static str, Key)] {
        const MENU: &[(&str, Key)] = &[
            ("Paste", Key::char('p')),
            ("Paste Tagged", Key::char('P')),
            ("", Key::NONE),
            ("Tag", Key::char('t')),
            ("Tag All", super::MENU_TAG_ALL),
            ("Tag None", Key::char('T')),
            ("", Key::NONE),
            ("Delete", Key::char('d')),
            ("Delete Tagged", Key::char('D')),
            ("", Key::NONE),
            ("Cancel", Key::char('q')),
        ];
        MENU
    }

    fn help(&self) -> (&'static [(&'static str, &'static str)], &'static str, u32) {
        const HELP: &[(&str, &str)] = &[
            ("Enter", "Paste selected %1"),
            ("p", "Paste selected %1"),
            ("P", "Paste tagged %1s"),
            ("d", "Delete selected %1"),
            ("D", "Delete tagged %1s"),
            ("e", "Open %1 in editor"),
            ("f", "Enter a filter"),
        ];
        (HELP, "buffer", 0)
    }

    fn is_over(&self, cx: &Cx<'_>) -> bool {
        cx.server.buffers.by_name.is_empty()
    }

    fn key(&mut self, cx: &mut Cx<'_>, tree: &mut Tree<String>, with: &Pressed) -> Outcome {
        let KeyCode::Char(letter) = with.key.code else { return Outcome::Stay };
        let current = tree.current_node().map(|node| node.data.clone());
        let tagged: Vec<String> = tree.tagged().into_iter().map(|n| tree.nodes[n].data.clone()).collect();
        match (letter, current) {
            _ if !with.key.mods.is_empty() => Outcome::Stay,
            ('e', Some(name)) => {
                if let Some(client) = with.client {
                    editor::edit(cx, client, &name);
                }
                Outcome::Stay
            }
            ('d', Some(name)) => {
                Self::delete(cx, tree, &name);
                Outcome::Rebuild
            }
            ('D', _) => {
                tagged.iter().for_each(|name| Self::delete(cx, tree, name));
                Outcome::Rebuild
            }
            ('P', _) => {
                tagged.iter().for_each(|name| self.paste(cx, with, name));
                Outcome::Finish
            }
            ('p' | '\r', Some(name)) => {
                self.paste(cx, with, &name);
                Outcome::Finish
            }
            _ => Outcome::Stay,
        }
    }
}
