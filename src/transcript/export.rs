//! A transcript as a file for people and other programs: plain text, text with escape sequences,
//! HTML, Markdown, or an asciinema recording. Works in bounded steps.

use std::collections::VecDeque;
use std::fmt::Write;

use super::notes::Note;
use super::view::TranscriptView;
use crate::base::history::{HistoryView, Piece, RowFlags, RowRef};
use crate::base::links::{Hyperlink, Links};
use crate::base::number::push_decimal;
use crate::base::text::push_text;
use crate::base::{Attrs, CellStyle, Colour};

/// Format of the output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Characters only; wrapped rows joined.
    Text,
    /// Characters, SGR and OSC 8; wrapped rows joined.
    Ansi,
    /// A page with one `pre`, dark on a screen and light on paper.
    Html,
    /// Blocks of code, with the notes between them.
    Markdown,
    /// asciinema's format, version 2: one event a row, at the time it left the screen.
    Cast,
}

impl Form {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "text" => Self::Text,
            "ansi" => Self::Ansi,
            "html" => Self::Html,
            "markdown" => Self::Markdown,
            "cast" => Self::Cast,
            _ => return None,
        })
    }
}

/// See the module comment.
pub struct Exporter {
    form: Form,
    cols: u32,
    row: u64,
    end: u64,
    links: Links,
    notes: VecDeque<Note>,
    /// Number of the next row's line.
    line: u64,
    started: bool,
    /// Times of the first row and of the newest event in seconds, for recordings.
    epoch: Option<i64>,
    last_at: i64,
    /// First row, to compute `share`.
    start: u64,
    /// True if a note was written and more lines follow: a block of code must be opened first.
    fence_due: bool,
}

impl Exporter {
    /// Exports the rows `from..to`. Notes are inserted before their lines; without notes, the
    /// output is only what was printed.
    pub fn new(view: &mut TranscriptView, form: Form, from: u64, to: u64, notes: Vec<Note>) -> Self {
        let end = to.min(view.rows());
        let line = view.line_number(from);
        let notes = notes.into_iter().filter(|note| note.line >= line).collect();
        let cols = view.newest.lay().width;
        Self {
            form,
            cols,
            row: from,
            end,
            links: Links::new(),
            notes,
            line,
            started: false,
            epoch: None,
            last_at: 0,
            start: from,
            fence_due: false,
        }
    }

    /// Rows done, and rows in total.
    pub fn progress(&self) -> (u64, u64) {
        (self.row.saturating_sub(self.start), self.end.saturating_sub(self.start))
    }

    /// Appends rows until `out` has `bytes` more; false when that was all.
    pub fn step(&mut self, view: &mut TranscriptView, bytes: usize, out: &mut String) -> bool {
        if !std::mem::replace(&mut self.started, true) {
            self.open(view, out);
        }
        let enough = out.len().saturating_add(bytes);
        let mut links = std::mem::take(&mut self.links);
        self.row = view.scan(self.row..self.end, &mut links, &mut |row, links| {
            self.note(self.line, out);
            self.put(row, links, out);
            if !row.flags.contains(RowFlags::WRAPPED) {
                self.line += 1;
            }
            out.len() < enough
        });
        self.links = links;
        if self.row < self.end && out.len() >= enough {
            return true;
        }
        self.note(u64::MAX, out);
        match self.form {
            Form::Html => out.push_str("</pre></body></html>\n"),
            Form::Markdown if !self.fence_due => fence(out),
            _ => {}
        }
        false
    }

    fn open(&mut self, view: &mut TranscriptView, out: &mut String) {
        // Rows that never left the screen have no time.
        self.epoch = view.row(self.row, &mut self.links).map(|row| row.time).filter(|time| *time != 0);
        match self.form {
            Form::Html => html_head(out),
            Form::Markdown => self.fence_due = true,
            Form::Cast => {
                let mut head = serde_json::json!({ "version": 2, "width": self.cols, "height": 24 });
                if let Some(first) = self.epoch {
                    head["timestamp"] = first.into();
                }
                let _ = writeln!(out, "{head}");
            }
            Form::Text | Form::Ansi => {}
        }
    }

    /// Inserts the notes that belong before a line.
    fn note(&mut self, line: u64, out: &mut String) {
        while self.notes.front().is_some_and(|note| note.line <= line) {
            let Some(note) = self.notes.pop_front() else { return };
            let when = crate::sys::time::strftime("%Y-%m-%d %H:%M:%S", note.time);
            let text = format!("-- {when}: {} --", note.text.replace('\n', " "));
            match self.form {
                Form::Text | Form::Ansi => {
                    let _ = writeln!(out, "{text}");
                }
                Form::Html => {
                    out.push_str("<i>");
                    escape_html(&text, out);
                    out.push_str("</i>\n");
                }
                Form::Markdown => {
                    if !std::mem::replace(&mut self.fence_due, true) {
                        fence(out);
                    }
                    let _ = writeln!(out, "\n> {when}: {}\n", note.text.replace('\n', " "));
                }
                Form::Cast => {
                    let at = self.seconds(note.time);
                    let _ = writeln!(out, "{}", serde_json::json!([at as f64, "m", text]));
                }
            }
        }
    }

    /// Seconds since the first row. They never decrease, even if the clock was set back.
    fn seconds(&mut self, time: i64) -> i64 {
        if time == 0 {
            return self.last_at;
        }
        let epoch = *self.epoch.get_or_insert(time);
        self.last_at = self.last_at.max(time - epoch);
        self.last_at
    }

    fn put(&mut self, row: RowRef<'_>, links: &Links, out: &mut String) {
        let wrapped = row.flags.contains(RowFlags::WRAPPED);
        if std::mem::take(&mut self.fence_due) {
            fence(out);
        }
        match self.form {
            Form::Text => put_text(row, out),
            Form::Ansi => put_ansi(row, links, out),
            Form::Html => put_html(row, links, out),
            Form::Markdown => {
                // Put a line that would end the block of code into a block with another fence.
                let start = out.len();
                put_text(row, out);
                if out[start..].trim_start().starts_with(FENCE) {
                    let line = out.split_off(start);
                    fence(out);
                    let end = if wrapped { "\n" } else { "" };
                    let _ = write!(out, "\n    {line}\n\n{FENCE}{end}");
                }
            }
            Form::Cast => {
                let mut text = String::new();
                put_ansi(row, links, &mut text);
                if !wrapped {
                    text.push_str("\r\n");
                }
                let at = self.seconds(row.time);
                let _ = writeln!(out, "{}", serde_json::json!([at as f64, "o", text]));
                return;
            }
        }
        if !wrapped {
            out.push('\n');
        }
    }
}

impl TranscriptView {
    /// Number of the line that contains a row, counted from the pane's beginning.
    pub fn line_number(&mut self, row: u64) -> u64 {
        let Some((at, _)) = self.line_of(row) else { return self.newest.open.end_line() };
        let first = match self.list.get(at.block) {
            Some(sealed) => sealed.first_line,
            None if at.block == self.list.len() => self.newest.open.first_line,
            None => self.newest.open.end_line(),
        };
        first + u64::from(at.line)
    }
}

/// The pieces of a row, run by run, each with the style of its run.
fn pieces<'a>(row: RowRef<'a>) -> impl Iterator<Item = (CellStyle, Piece<'a>)> {
    row.pieces(u32::MAX).map(|(run, piece)| (run.style, piece))
}

fn push_piece(piece: Piece<'_>, out: &mut String) {
    match piece {
        Piece::Cluster("") => out.push(' '),
        Piece::Text(text) | Piece::Cluster(text) => push_text(text, out),
        Piece::Tab => out.push('\t'),
        Piece::Blanks(count) => out.extend(std::iter::repeat_n(' ', count as usize)),
    }
}

fn put_text(row: RowRef<'_>, out: &mut String) {
    let start = out.len();
    pieces(row).for_each(|(_, piece)| push_piece(piece, out));
    if !row.flags.contains(RowFlags::WRAPPED) {
        let end = out[start..].trim_end_matches(' ').len();
        out.truncate(start + end);
    }
}

fn put_ansi(row: RowRef<'_>, links: &Links, out: &mut String) {
    let mut last = CellStyle::DEFAULT;
    for (style, piece) in pieces(row) {
        if style != last {
            // Links are no part of SGR.
            let plain = CellStyle { link: last.link, ..style } == last;
            if !plain {
                sgr(&style, out);
            }
            if style.link != last.link {
                osc8(links.get(style.link), out);
            }
            last = style;
        }
        push_piece(piece, out);
    }
    if last != CellStyle::DEFAULT {
        if last.link.0 != 0 {
            osc8(None, out);
        }
        out.push_str("\x1b[0m");
    }
}

fn osc8(link: Option<&Hyperlink>, out: &mut String) {
    match link {
        Some(link) if !link.id.is_empty() => {
            let _ = write!(out, "\x1b]8;id={};{}\x1b\\", link.id, link.uri);
        }
        Some(link) => {
            let _ = write!(out, "\x1b]8;;{}\x1b\\", link.uri);
        }
        None => out.push_str("\x1b]8;;\x1b\\"),
    }
}

/// SGR numbers of attributes.
const ATTRS: [(Attrs, &str); 13] = [
    (Attrs::BRIGHT, "1"),
    (Attrs::DIM, "2"),
    (Attrs::ITALICS, "3"),
    (Attrs::UNDERSCORE, "4"),
    (Attrs::UNDERSCORE_DOUBLE, "4:2"),
    (Attrs::UNDERSCORE_CURLY, "4:3"),
    (Attrs::UNDERSCORE_DOTTED, "4:4"),
    (Attrs::UNDERSCORE_DASHED, "4:5"),
    (Attrs::BLINK, "5"),
    (Attrs::REVERSE, "7"),
    (Attrs::HIDDEN, "8"),
    (Attrs::STRIKETHROUGH, "9"),
    (Attrs::OVERLINE, "53"),
];

fn sgr(style: &CellStyle, out: &mut String) {
    out.push_str("\x1b[0");
    for (attr, code) in ATTRS {
        if style.attrs.contains(attr) {
            out.push(';');
            out.push_str(code);
        }
    }
    let numbers = |separator: char, all: &[u8], out: &mut String| {
        for number in all {
            out.push(separator);
            push_decimal(*number, out);
        }
    };
    for (colour, basic, bright, extended) in [(style.fg, 30, 90, 38), (style.bg, 40, 100, 48)] {
        match colour {
            Colour::Basic(n @ 0..=7) => numbers(';', &[basic + n], out),
            Colour::Basic(n) => numbers(';', &[(bright - 8) + n], out),
            Colour::Indexed(n) => numbers(';', &[extended, 5, n], out),
            Colour::Rgb(r, g, b) => numbers(';', &[extended, 2, r, g, b], out),
            _ => {}
        }
    }
    match style.us {
        Colour::Basic(n) | Colour::Indexed(n) => {
            out.push_str(";58");
            numbers(':', &[5, n], out);
        }
        Colour::Rgb(r, g, b) => {
            out.push_str(";58:2:");
            numbers(':', &[r, g, b], out);
        }
        _ => {}
    }
    out.push('m');
}

/// Fence of a block of code.
const FENCE: &str = "`````";

fn fence(out: &mut String) {
    out.push_str(FENCE);
    out.push('\n');
}

/// Style of a page. Palette colours have names, so that print can use darker ones.
const HTML_STYLE: &str = "body{background:var(--bg);color:var(--fg)}\
pre{font:14px/1.25 ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace;tab-size:8}\
i{color:#888}a{color:inherit}\n\
@page{margin:15mm}\n\
@media print{pre{font-size:8pt;white-space:pre-wrap;overflow-wrap:anywhere}\
span{-webkit-print-color-adjust:exact;print-color-adjust:exact}\
span,a{break-inside:avoid}\n";

fn html_head(out: &mut String) {
    out.push_str("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\"><title>transcript</title>\n<style>");
    let palette = |out: &mut String, (bg, fg): (&str, &str), colours: &[(u8, u8, u8); 16]| {
        let _ = write!(out, ":root{{--bg:{bg};--fg:{fg}");
        for (number, (r, g, b)) in colours.iter().enumerate() {
            let _ = write!(out, ";--c{number}:#{r:02x}{g:02x}{b:02x}");
        }
        out.push_str("}\n");
    };
    palette(out, ("#000", "#ccc"), &BASIC);
    out.push_str(HTML_STYLE);
    palette(out, ("#fff", "#000"), &PAPER);
    out.push_str("}</style></head><body><pre>\n");
}

fn escape_html(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

fn put_html(row: RowRef<'_>, links: &Links, out: &mut String) {
    let mut open: Option<CellStyle> = None;
    let close = |open: &Option<CellStyle>, out: &mut String| {
        if let Some(style) = open {
            out.push_str(if links.get(style.link).is_some() { "</a></span>" } else { "</span>" });
        }
    };
    let mut text = String::new();
    for (style, piece) in pieces(row) {
        let style = (style != CellStyle::DEFAULT).then_some(style);
        if style != open {
            close(&open, out);
            if let Some(style) = &style {
                let _ = write!(out, "<span style=\"{}\">", css(style));
                if let Some(link) = links.get(style.link) {
                    out.push_str("<a href=\"");
                    escape_html(&safe_uri(&link.uri), out);
                    out.push_str("\">");
                }
            }
            open = style;
        }
        text.clear();
        push_piece(piece, &mut text);
        escape_html(&text, out);
    }
    close(&open, out);
}

/// A link that is allowed in a page: a program's output must not run code in the page.
fn safe_uri(uri: &str) -> String {
    let safe = ["http://", "https://", "ftp://", "file://", "mailto:"];
    if safe.iter().any(|scheme| uri.starts_with(scheme)) { uri.to_owned() } else { "#".to_owned() }
}

fn css(style: &CellStyle) -> String {
    let mut out = String::new();
    let (mut fg, mut bg) = (css_colour(style.fg), css_colour(style.bg));
    if bg.is_some() {
        // Text with a background of its own keeps its colour in print too.
        let fixed = |colour, other: &str| rgb(colour).map_or_else(|| other.to_owned(), hex);
        (fg, bg) = (Some(fixed(style.fg, "#ccc")), Some(fixed(style.bg, "#000")));
    }
    if style.attrs.contains(Attrs::REVERSE) {
        let named = |name: &str| Some(format!("var(--{name})"));
        (fg, bg) = (bg.or_else(|| named("bg")), fg.or_else(|| named("fg")));
    }
    for (name, colour) in [("color", fg), ("background", bg)] {
        if let Some(colour) = colour {
            let _ = write!(out, "{name}:{colour};");
        }
    }
    let lines = [
        (Attrs::ANY_UNDERSCORE, "underline"),
        (Attrs::STRIKETHROUGH, "line-through"),
        (Attrs::OVERLINE, "overline"),
    ];
    let lines: Vec<&str> =
        lines.iter().filter(|(a, _)| style.attrs.intersects(*a)).map(|(_, n)| *n).collect();
    if !lines.is_empty() {
        let _ = write!(out, "text-decoration:{};", lines.join(" "));
    }
    for (attr, rule) in [
        (Attrs::BRIGHT, "font-weight:bold;"),
        (Attrs::DIM, "opacity:.6;"),
        (Attrs::ITALICS, "font-style:italic;"),
        (Attrs::HIDDEN, "visibility:hidden;"),
    ] {
        if style.attrs.contains(attr) {
            out.push_str(rule);
        }
    }
    out
}

fn css_colour(colour: Colour) -> Option<String> {
    if let Colour::Basic(n) | Colour::Indexed(n @ 0..=15) = colour {
        return Some(format!("var(--c{n})"));
    }
    rgb(colour).map(hex)
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The same for paper: light colours become dark enough to be readable on white, dark ones light.
const PAPER: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (0xa8, 0, 0),
    (0, 0x78, 0),
    (0x7d, 0x5f, 0),
    (0, 0, 0xb0),
    (0x90, 0, 0x90),
    (0, 0x70, 0x78),
    (0x60, 0x60, 0x60),
    (0x50, 0x50, 0x50),
    (0xd0, 0, 0),
    (0, 0x90, 0),
    (0x90, 0x70, 0),
    (0x30, 0x30, 0xe0),
    (0xb0, 0, 0xb0),
    (0, 0x88, 0x90),
    (0x30, 0x30, 0x30),
];

/// xterm's colours for the first sixteen.
const BASIC: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (0xcd, 0, 0),
    (0, 0xcd, 0),
    (0xcd, 0xcd, 0),
    (0, 0, 0xee),
    (0xcd, 0, 0xcd),
    (0, 0xcd, 0xcd),
    (0xe5, 0xe5, 0xe5),
    (0x7f, 0x7f, 0x7f),
    (0xff, 0, 0),
    (0, 0xff, 0),
    (0xff, 0xff, 0),
    (0x5c, 0x5c, 0xff),
    (0xff, 0, 0xff),
    (0, 0xff, 0xff),
    (0xff, 0xff, 0xff),
];

fn rgb(colour: Colour) -> Option<(u8, u8, u8)> {
    match colour {
        Colour::Rgb(r, g, b) => Some((r, g, b)),
        Colour::Basic(n) | Colour::Indexed(n @ 0..=15) => BASIC.get(usize::from(n)).copied(),
        Colour::Indexed(n @ 16..=231) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = n - 16;
            Some((level(n / 36), level(n / 6 % 6), level(n % 6)))
        }
        Colour::Indexed(n) => {
            let grey = 8 + 10 * (n - 232);
            Some((grey, grey, grey))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::width::clusters;

    #[test]
    fn rows_in_each_form() {
        let mut cells: Vec<crate::base::Cell> = clusters("a<b ").collect();
        cells[1].style = CellStyle { fg: Colour::Basic(9), attrs: Attrs::BRIGHT, ..CellStyle::DEFAULT };
        let row: crate::base::history::Row = cells.iter().collect();
        let check = |put: &dyn Fn(&mut String), expect: &str| {
            let mut out = String::new();
            put(&mut out);
            assert_eq!(out, expect);
        };
        let links = Links::new();
        check(&|out| put_text(row.by_ref(), out), "a<b");
        check(&|out| put_ansi(row.by_ref(), &links, out), "a\x1b[0;1;91m<\x1b[0mb ");
        check(
            &|out| put_html(row.by_ref(), &links, out),
            "a<span style=\"color:var(--c9);font-weight:bold;\">&lt;</span>b ",
        );
        assert_eq!(safe_uri("javascript:alert(1)"), "#");
        assert_eq!(rgb(Colour::Indexed(196)), Some((255, 0, 0)));
        assert_eq!(rgb(Colour::Indexed(255)), Some((238, 238, 238)));
    }
}
