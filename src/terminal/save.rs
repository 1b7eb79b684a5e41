//! A terminal as bytes, exactly, and back: the checkpoint for the next server. Values of options
//! are not included.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::alternate::Alternate;
use super::cells::{Mark, Packed};
use super::checksum::ChecksumRules;
use super::graphics::{Graphics, GraphicsRecord};
use super::grid::{Pullable, Saved};
use super::images::{Image, MAX_IMAGES};
use super::keyboard::Keyboard;
use super::line::Line;
use super::marked_rows::MarkedRows;
use super::marks::CommandMarks;
use super::modes::{CursorShape, Modes, Progress};
use super::palette::ProgramColours;
use super::parser::SavedParser;
use super::screen::{MAX_TITLES, Pen, SavedCursor, SavedScreen};
use super::{Terminal, TerminalConfig};
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::commands::CommandRecord;
use crate::base::history::{History, RowFlags};
use crate::base::links::Hyperlink;
use crate::base::{Cell, CellFlags, CellStyle, Colour, Glyph, LinkId, Size};

/// Largest accepted side of a screen.
const MAX_SIDE: u32 = 10_000;

/// Encoding of the count of rows that return to the screen: a number up to this one is the count
/// itself; above it, the number is `u64::MAX` less the count of rows that do not return.
const COUNTED: u64 = u64::MAX / 2;
/// Bytes of images and pictures that are saved; beyond it, only the newest.
const MAX_IMAGE_BYTES: usize = 2 << 20;

/// Everything except the lines.
#[derive(Serialize, Deserialize)]
struct State {
    size: Size,
    cx: u32,
    cy: u32,
    region: (u32, u32),
    modes: Modes,
    #[serde(default, skip_serializing_if = "Keyboard::is_unused")]
    keyboard: Keyboard,
    #[serde(default, skip_serializing_if = "ChecksumRules::is_empty")]
    checksum_rules: ChecksumRules,
    /// Columns with tab stops.
    tabs: Vec<u32>,
    pen: Pen,
    saved_cursor: SavedCursor,
    saved_screen: SavedScreen,
    last: Option<String>,
    title: String,
    titles: Vec<String>,
    path: String,
    cursor_shape: CursorShape,
    cursor_colour: Option<Colour>,
    progress: Progress,
    #[serde(default)]
    marks: CommandMarks,
    #[serde(default, skip_serializing_if = "MarkedRows::is_empty")]
    marked_rows: MarkedRows,
    #[serde(default)]
    command: Option<CommandRecord>,
    #[serde(default)]
    unkept: u64,
    #[serde(default)]
    graphics: GraphicsRecord,
    palette: ProgramColours,
    pullable: u64,
    tail_wrapped: Option<bool>,
    /// Size of the main screen while the alternate screen shows.
    saved_size: Option<Size>,
    parser: SavedParser,
    styles: Vec<CellStyle>,
    newest_link: u32,
    links: Vec<(u32, String, String)>,
}

impl Terminal {
    /// Reports whether anything but input changed the terminal since it was last saved: then
    /// replaying the input since does not restore the state.
    pub fn is_disturbed(&self) -> bool {
        self.disturbed
    }

    /// Reports whether the terminal must be saved before anyone learns of its change.
    pub fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    pub(super) fn disturb(&mut self) {
        self.disturbed = true;
        self.unsaved = true;
    }

    /// Appends the whole terminal to `out`, except the history.
    pub fn save(&mut self, out: &mut Vec<u8>) {
        self.disturbed = false;
        self.unsaved = false;
        let mut lines = Vec::new();
        let mut styles = Styles::default();
        let grid = &self.screen.grid;
        let saved = grid.saved.iter().flat_map(|saved| &saved.lines);
        for line in grid.lines.iter().chain(saved) {
            self.put_line(line, &mut styles, &mut lines);
        }
        let screen = &self.screen;
        let held = [screen.pen.style, screen.saved_cursor.pen.style, screen.saved_screen.style];
        let mut links: Vec<LinkId> = styles.all.iter().chain(&held).map(|style| style.link).collect();
        links.sort_by_key(|id| id.0);
        links.dedup();
        let link = |id: LinkId| grid.links.get(id).map(|link| (id.0, link.id.clone(), link.uri.clone()));
        let (parser, strings) = self.parser.save();
        let mut images = Vec::new();
        let mut left = MAX_IMAGE_BYTES;
        for list in [&screen.images.list, &screen.images.saved] {
            put_images(list, &mut left, &mut images);
        }
        let mut pictures = Vec::new();
        let graphics = screen.graphics.save(screen.takes_graphics(), left, &mut pictures);
        let state = State {
            size: grid.size,
            cx: screen.cx,
            cy: screen.cy,
            region: (screen.upper, screen.lower),
            modes: screen.modes,
            keyboard: screen.keyboard.clone(),
            checksum_rules: screen.checksum_rules,
            tabs: self.tabs(),
            pen: screen.pen,
            saved_cursor: screen.saved_cursor,
            saved_screen: screen.saved_screen,
            last: screen.last.as_ref().map(|glyph| {
                let mut text = String::new();
                glyph.push_to(&mut text);
                text
            }),
            title: screen.title.clone(),
            titles: screen.titles.iter().cloned().collect(),
            path: screen.path.clone(),
            cursor_shape: screen.cursor_shape,
            cursor_colour: screen.cursor_colour,
            progress: screen.progress,
            marks: screen.marks,
            marked_rows: screen.marked_rows.clone(),
            command: screen.command.as_deref().cloned(),
            unkept: grid.unkept,
            graphics,
            palette: screen.palette.program_part(),
            pullable: match grid.pullable {
                Pullable::Rows(rows) => rows.min(COUNTED),
                Pullable::AllBut(rows) => u64::MAX - rows.min(COUNTED),
            },
            tail_wrapped: grid.tail_wrapped,
            saved_size: grid.saved.as_ref().map(|saved| saved.size),
            parser,
            styles: styles.all,
            newest_link: grid.links.newest(),
            links: links.into_iter().filter_map(link).collect(),
        };
        let text = serde_json::to_vec(&state).unwrap_or_default();
        put_varint(out, text.len() as u64);
        out.extend(text);
        out.extend(lines);
        for string in strings {
            put_varint(out, string.len() as u64);
            out.extend_from_slice(string);
        }
        out.extend(images);
        out.extend(pictures);
        if let Some(alternate) = &self.screen.grid.alternate {
            alternate.save(out);
        }
    }

    fn put_line(&self, line: &Line, styles: &mut Styles, out: &mut Vec<u8>) {
        let cleared = line.cells.iter().rev().take_while(|cell| **cell == Packed::CLEARED).count();
        let mut cells = &line.cells[..line.cells.len() - cleared];
        out.push(line.flags.bits());
        put_varint(out, u64::from(line.used));
        put_varint(out, line.time as u64);
        put_varint(out, u64::from(line.len()));
        put_varint(out, cells.len() as u64);
        let tables = &self.screen.grid.tables;
        while let Some(&first) = cells.first() {
            let like = |c: &&Packed| (c.style, c.width, c.mark) == (first.style, first.width, first.mark);
            let count = cells.iter().take_while(like).count();
            put_varint(out, count as u64);
            put_varint(out, styles.index(first.style.0, tables.style(first.style)));
            out.extend([first.width, first.mark.bits()]);
            for cell in &cells[..count] {
                let number = super::cells::CellTables::glyph_number(*cell);
                put_varint(out, number);
                if number == 0 {
                    let mut text = Vec::new();
                    tables.push_text(*cell, &mut text);
                    put_varint(out, text.len() as u64);
                    out.extend(text);
                }
            }
            cells = &cells[count..];
        }
    }

    /// Loads the output of `save`, with a history that was saved at the same moment.
    pub fn load(saved: &[u8], config: TerminalConfig, history: Box<dyn History>) -> Result<Self, Malformed> {
        let mut input = Reader(saved);
        let len = usize::try_from(input.varint()?).map_err(|_| Malformed)?;
        let state: State = serde_json::from_slice(input.bytes(len)?).map_err(|_| Malformed)?;
        for size in [Some(state.size), state.saved_size].into_iter().flatten() {
            if !(1..=MAX_SIDE).contains(&size.cols) || !(1..=MAX_SIDE).contains(&size.rows) {
                return Err(Malformed);
            }
        }
        let mut terminal = Self::new(state.size, config, history);
        terminal.screen.grid.links.go_on_from(state.newest_link);
        for (id, name, uri) in state.links {
            let link = Hyperlink { id: name, uri };
            terminal.screen.grid.links.restore(LinkId(id), link);
        }
        let last_row = state.size.rows - 1;
        for y in 0..state.size.rows as usize {
            terminal.screen.grid.lines[y] = terminal.get_line(&state.styles, &mut input)?;
        }
        if let Some(size) = state.saved_size {
            let lines = (0..size.rows).map(|_| terminal.get_line(&state.styles, &mut input));
            let lines = lines.collect::<Result<_, _>>()?;
            terminal.screen.grid.saved = Some(Saved { lines, size });
        }
        let screen = &mut terminal.screen;
        (screen.cx, screen.cy) = (state.cx, state.cy.min(last_row));
        screen.lower = state.region.1.min(last_row);
        screen.upper = state.region.0.min(screen.lower);
        screen.modes = state.modes;
        screen.keyboard = state.keyboard.bounded();
        screen.checksum_rules = state.checksum_rules;
        for (x, stop) in screen.tabs.iter_mut().enumerate() {
            *stop = state.tabs.contains(&(x as u32));
        }
        screen.pen = state.pen;
        screen.saved_cursor = state.saved_cursor;
        screen.saved_screen = state.saved_screen;
        screen.last = state.last.map(|text| Glyph::from_text(&text));
        screen.title = state.title;
        screen.titles = state.titles.into_iter().take(MAX_TITLES).collect();
        screen.path = state.path;
        screen.cursor_shape = state.cursor_shape;
        screen.cursor_colour = state.cursor_colour;
        screen.progress = state.progress;
        screen.marks = state.marks;
        screen.marked_rows = state.marked_rows;
        screen.command = state.command.map(Box::new);
        screen.grid.unkept = state.unkept;
        screen.palette.set_program_part(state.palette);
        screen.grid.pullable = match state.pullable {
            rows @ ..=COUNTED => Pullable::Rows(rows),
            rows => Pullable::AllBut(u64::MAX - rows),
        };
        screen.grid.tail_wrapped = state.tail_wrapped;
        let mut string = || {
            let len = usize::try_from(input.varint()?).map_err(|_| Malformed)?;
            input.bytes(len)
        };
        let strings = [string()?, string()?];
        terminal.parser.load(state.parser, strings);
        let images = &mut terminal.screen.images;
        for (list, size) in [(&mut images.list, Some(state.size)), (&mut images.saved, state.saved_size)] {
            *list = get_images(&mut input, size)?;
        }
        terminal.screen.graphics = Graphics::load(state.graphics, &mut input)?;
        if !input.0.is_empty() {
            terminal.screen.grid.alternate = Some(Box::new(Alternate::load(&mut input)?));
        }
        terminal.fresh = false;
        Ok(terminal)
    }

    fn get_line(&mut self, styles: &[CellStyle], input: &mut Reader) -> Result<Line, Malformed> {
        let number = |input: &mut Reader| u32::try_from(input.varint()?).map_err(|_| Malformed);
        let flags = RowFlags::from_bits_truncate(input.u8()?);
        let (used, time) = (number(input)?, input.varint()? as i64);
        let (len, count) = (number(input)?, number(input)? as usize);
        if len > MAX_SIDE || count > len as usize || used > 2 * MAX_SIDE {
            return Err(Malformed);
        }
        let grid = &mut self.screen.grid;
        let mut line = Line { cells: Vec::with_capacity(len as usize), used, flags, time };
        while line.cells.len() < count {
            let alike = number(input)? as usize;
            let style = *styles.get(number(input)? as usize).ok_or(Malformed)?;
            let (width, mark) = (input.u8()?, Mark::from_bits_truncate(input.u8()?));
            let style_id = grid.style_id(&style);
            if alike == 0 || line.cells.len() + alike > count {
                return Err(Malformed);
            }
            for _ in 0..alike {
                let cell = match number(input)? {
                    0 => {
                        let len = number(input)? as usize;
                        let text = std::str::from_utf8(input.bytes(len)?).map_err(|_| Malformed)?;
                        let flags = CellFlags::empty();
                        let glyph = Glyph::from_text(text);
                        grid.pack(&Cell { glyph, width, flags, style }).with(width, mark)
                    }
                    number => {
                        let c = char::from_u32(number - 1).ok_or(Malformed)?;
                        Packed::char(c, style_id, width, mark)
                    }
                };
                line.cells.push(cell);
            }
        }
        line.cells.resize(len as usize, Packed::CLEARED);
        Ok(line)
    }
}

/// Images, oldest first: `count (x y columns rows top length data)*`.
fn put_images(list: &VecDeque<Image>, left: &mut usize, out: &mut Vec<u8>) {
    let fits = |image: &&Image| {
        let fits = image.data.len() <= *left;
        *left = if fits { *left - image.data.len() } else { 0 };
        fits
    };
    let kept: Vec<&Image> = list.iter().rev().take_while(fits).collect();
    put_varint(out, kept.len() as u64);
    for image in kept.into_iter().rev() {
        for number in [image.x, image.y, image.cols, image.rows, image.top] {
            put_varint(out, u64::from(number));
        }
        put_varint(out, image.data.len() as u64);
        out.extend_from_slice(&image.data);
    }
}

/// Images of a screen; none if none were saved. Images outside the screen are left out.
fn get_images(input: &mut Reader, size: Option<Size>) -> Result<VecDeque<Image>, Malformed> {
    let mut list = VecDeque::new();
    if input.0.is_empty() {
        return Ok(list);
    }
    for _ in 0..input.varint()?.min(MAX_IMAGES as u64) {
        let mut number = || u32::try_from(input.varint()?).ok().filter(|n| *n <= MAX_SIDE).ok_or(Malformed);
        let (x, y, cols, rows, top) = (number()?, number()?, number()?, number()?, number()?);
        let len = usize::try_from(input.varint()?).map_err(|_| Malformed)?;
        let image = Image { x, y, cols, rows, top, data: input.bytes(len)?.into() };
        if size.is_some_and(|size| x <= size.cols && y < size.rows) {
            list.push_back(image);
        }
    }
    Ok(list)
}

/// Styles in order of first use, renumbered: the terminal's own table may hold thousands of old
/// ones.
#[derive(Default)]
struct Styles {
    all: Vec<CellStyle>,
    known: std::collections::HashMap<u16, u64>,
    last: Option<(u16, u64)>,
}

impl Styles {
    fn index(&mut self, id: u16, style: &CellStyle) -> u64 {
        if let Some((_, index)) = self.last.filter(|(last, _)| *last == id) {
            return index;
        }
        let index = *self.known.entry(id).or_insert_with(|| {
            self.all.push(*style);
            self.all.len() as u64 - 1
        });
        self.last = Some((id, index));
        index
    }
}
