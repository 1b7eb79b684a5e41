//! Description of the current option or key in customize mode.

use crate::base::width::clusters;
use crate::base::{Cell, CellStyle, Colour, Key, Point, Size, Surface};
use crate::format::Objects;
use crate::model::option_access::OptionScope;
use crate::model::{Cx, FindState};
use crate::options::{ArrayKey, Kind, OptionEntry, Scope, Value, table};
use crate::view::style;

/// Text written row by row, broken at spaces.
pub(super) struct Page<'a> {
    surface: &'a mut Surface,
    at: Point,
    size: Size,
    col: u32,
    row: u32,
}

impl<'a> Page<'a> {
    pub(super) fn new(surface: &'a mut Surface, at: Point, size: Size) -> Self {
        Self { surface, at, size, col: 0, row: 0 }
    }

    fn next_row(&mut self) {
        (self.col, self.row) = (0, self.row + 1);
    }

    /// Leaves a row empty; `None` after the last row.
    fn skip(&mut self) -> Option<()> {
        self.next_row();
        (self.row + 1 < self.size.rows).then_some(())
    }

    /// Writes text and moves to the next row, or stays on this row if `more` text follows. `None`
    /// without room for the text or for the text that follows.
    fn write(&mut self, text: &str, more: bool, look: CellStyle) -> Option<()> {
        let cells: Vec<Cell> = clusters(text).map(|cell| Cell { style: look, ..cell }).collect();
        let mut rest = &cells[..];
        loop {
            let (line, next) = self.break_off(rest);
            for cell in line {
                self.surface.put(self.at.x + self.col, self.at.y + self.row, cell.clone());
                self.col += u32::from(cell.width);
            }
            rest = next;
            if rest.is_empty() || self.row + 1 >= self.size.rows {
                break;
            }
            self.next_row();
        }
        let ends_row = !more || self.col == self.size.cols;
        if !rest.is_empty() || (self.row + 1 >= self.size.rows && ends_row) {
            return None;
        }
        if ends_row {
            self.next_row();
        }
        Some(())
    }

    /// Splits cells into those that fit on the row and the rest.
    fn break_off<'c>(&self, cells: &'c [Cell]) -> (&'c [Cell], &'c [Cell]) {
        let is_space = |cell: &Cell| cell.glyph.as_char() == Some(' ');
        let mut col = self.col;
        let fits = |cell: &&Cell| {
            col += u32::from(cell.width);
            col <= self.size.cols
        };
        let end = cells.iter().take_while(fits).count();
        match cells.get(end) {
            None => (cells, &[]),
            Some(cell) if is_space(cell) => (&cells[..end], &cells[end + 1..]),
            Some(_) => match cells[..end].iter().rposition(is_space).filter(|at| *at > 0) {
                Some(at) => (&cells[..at], &cells[at + 1..]),
                None => cells.split_at(end),
            },
        }
    }

    fn plain(&mut self, text: &str) -> Option<()> {
        self.write(text, false, CellStyle::DEFAULT)
    }
}

/// Kind of an option: whether servers, sessions, windows or panes have it.
fn kind_text(entry: Option<&OptionEntry>) -> &'static str {
    let Some(entry) = entry else { return "user" };
    let has = |scope| entry.scope.contains(scope);
    match () {
        () if has(Scope::WINDOW) && has(Scope::PANE) => "window and pane",
        () if has(Scope::WINDOW) => "window",
        () if has(Scope::SESSION) => "session",
        () => "server",
    }
}

/// Draws an option on a level. `None` if not all of it had room.
pub(super) fn draw_option(
    cx: &Cx<'_>,
    page: &mut Page<'_>,
    state: &FindState,
    level: OptionScope,
    name: &str,
    index: Option<&ArrayKey>,
) -> Option<()> {
    let entry = table::find(name);
    let value = cx.server.chain(level).named(name)?;
    let array = entry.is_some_and(OptionEntry::is_array);
    let about = entry.map(|entry| entry.about).filter(|about| !about.is_empty());
    page.plain(about.unwrap_or("This option doesn't have a description."))?;
    page.skip()?;
    page.plain(&format!("This is a {} option.", kind_text(entry)))?;
    match index {
        Some(index) if array => page.plain(&format!("This is an array option, index {index}."))?,
        _ if array => return page.plain("This is an array option."),
        _ => {}
    }
    page.skip()?;
    let unit = entry.and_then(|e| e.unit).map(|unit| format!(" {unit}")).unwrap_or_default();
    let text = value.element_text(entry, index, false);
    page.plain(&format!("Option value: {text}{unit}"))?;
    draw_meaning(cx, page, level, name, &text)?;
    let default = entry.filter(|_| index.is_none()).map(|e| Value::initial(e).to_text(entry, false));
    if let Some(default) = default.filter(|default| *default != text) {
        page.plain(&format!("The default is: {default}{unit}"))?;
    }
    page.next_row();
    if page.row >= page.size.rows || array {
        return None;
    }
    draw_above(cx, page, state, level, name, &unit)
}

/// Draws the meaning of a value: its expansion, the other possible values, a sample of its look.
fn draw_meaning(cx: &Cx<'_>, page: &mut Page<'_>, level: OptionScope, name: &str, text: &str) -> Option<()> {
    let entry = table::find(name);
    let objects = Objects::new(cx.server, cx.host, cx.now);
    if entry.is_none_or(|e| e.kind == Kind::String) {
        let expanded = objects.expand(text);
        if expanded != text {
            page.plain(&format!("This expands to: {expanded}"))?;
        }
    }
    match entry.map(|e| e.kind) {
        Some(Kind::Choice(choices)) => {
            page.plain(&format!("Available values are: {}", choices.join(", ")))?;
        }
        Some(Kind::Colour) => {
            let own = cx.server.chain(level).named(name);
            let fg = if let Some(Value::Colour(colour)) = own { *colour } else { Colour::Default };
            let look = CellStyle { fg, ..CellStyle::DEFAULT };
            page.write("This is a colour option: ", true, CellStyle::DEFAULT)?;
            page.write("EXAMPLE", false, look)?;
        }
        _ => {}
    }
    if entry.is_some_and(|e| e.is_style) {
        page.write("This is a style option: ", true, CellStyle::DEFAULT)?;
        page.write("EXAMPLE", false, style::parse(&cx.server.named_option_text(level, name), &objects).cell)?;
    }
    Some(())
}

/// Draws the values of an option on the levels above.
fn draw_above(
    cx: &Cx<'_>,
    page: &mut Page<'_>,
    state: &FindState,
    level: OptionScope,
    name: &str,
    unit: &str,
) -> Option<()> {
    let on = |level: OptionScope| {
        let value = cx.server.chain(level).named_here(name);
        value.map(|value| value.element_text(table::find(name), None, false))
    };
    if let OptionScope::Pane(_) = level
        && let Some(text) = state.window.and_then(|window| on(OptionScope::Window(window)))
    {
        let window = state.winlink.unwrap_or(0);
        page.plain(&format!("Window value (from window {window}): {text}{unit}"))?;
    }
    let global = match level {
        OptionScope::Pane(_) | OptionScope::Window(_) => OptionScope::GlobalWindow,
        OptionScope::Session(_) => OptionScope::GlobalSession,
        _ => return Some(()),
    };
    match on(global) {
        Some(text) => page.plain(&format!("Global value: {text}{unit}")),
        None => Some(()),
    }
}

/// Draws a key of a table. `None` if not all of it had room.
pub(super) fn draw_key(cx: &Cx<'_>, page: &mut Page<'_>, table: &str, key: Key) -> Option<()> {
    let binding = cx.server.key_tables.get(table, key)?;
    let note = binding.note.as_deref().unwrap_or("There is no note for this key.");
    let period = if note.is_empty() || note.ends_with('.') { "" } else { "." };
    page.plain(&format!("{note}{period}"))?;
    page.skip()?;
    page.plain(&format!("This key is in the {table} table."))?;
    page.plain(if binding.repeat { "This key does repeat." } else { "This key does not repeat." })?;
    page.skip()?;
    let command = binding.commands.print();
    page.plain(&format!("Command: {command}"))?;
    let default = cx.server.key_tables.tables.get(table).and_then(|t| t.defaults.get(&key.identity()));
    match default.map(|d| d.commands.print()).filter(|d| *d != command) {
        Some(default) => page.plain(&format!("The default is: {default}")),
        None => Some(()),
    }
}
