//! The status lines of a client, and the message or prompt over them.

use super::blanks::{self, Erasing};
use super::subject::Subject;
use crate::base::{Cell, CellStyle, Colour, Point, Size, Surface};
use crate::format::Objects;
use crate::model::Cx;
use crate::model::client::StatusRange;
use crate::model::option_access::OptionScope;
use crate::options::opt;
use crate::render::frame::{Frame, FrameLinks};
use crate::view::{self, style};

/// Draws expanded text with styles onto `width` columns of a row.
pub(super) fn draw_format(
    surface: &mut Surface,
    at: Point,
    width: u32,
    style: CellStyle,
    text: &str,
) -> Vec<StatusRange> {
    crate::format::draw::draw(surface, at.x, at.y, width, style, text)
}

/// Like `draw_format`, with the links of styles.
fn draw_linked(
    surface: &mut Surface,
    row: u32,
    (x, width): (u32, u32),
    style: CellStyle,
    text: &str,
    links: &mut FrameLinks,
) -> Vec<StatusRange> {
    let mut link = |uri: &str| links.of_style(uri);
    crate::format::draw::draw_linked(surface, Point::new(x, row), width, style, text, &mut link)
}

/// The status lines of the last frames.
#[derive(Default)]
pub(super) struct Kept {
    /// Lines as last made, without message and prompt, which may have been for another size.
    lines: Option<Surface>,
    /// The same lines as they were last composed into frames, with the terminal's erasing.
    settled: Option<(Erasing, Surface)>,
}

impl Kept {
    /// The lines that a message or prompt is drawn over, cut or filled up to a size.
    fn fitted(&self, size: Size) -> Surface {
        let mut lines = Surface::new(size);
        if let Some(old) = &self.lines {
            let common = Size::new(old.size().cols.min(size.cols), old.size().rows.min(size.rows));
            lines.blit(old, Point::default(), common, Point::default());
        }
        lines
    }
}

/// Draws the status lines; returns the cursor's position if there is a prompt. The cached lines are
/// made again if `refresh` is set and no message or prompt covers them.
pub(super) fn draw(
    cx: &mut Cx<'_>,
    subject: &Subject,
    kept: &mut Kept,
    refresh: bool,
    links: &mut FrameLinks,
    frame: &mut Frame,
) -> Option<Point> {
    let (message, prompt, overlaid) = {
        let c = cx.server.client(subject.client)?;
        (c.message.is_some(), c.prompt.is_some(), c.overlay.as_ref().is_some_and(|o| o.covers_part()))
    };
    if subject.covered_rows == 0 {
        return None;
    }
    let size = Size::new(subject.size.cols, subject.covered_rows);
    let top = if subject.status_top { 0 } else { subject.size.rows - subject.covered_rows };
    let missing = kept.lines.as_ref().is_none_or(|k| k.size() != size);
    if !message && !prompt && (missing || refresh) {
        *kept = Kept { lines: Some(status_lines(cx, subject, size, links)), settled: None };
    }
    let bare = !message && !prompt && !overlaid;
    if bare
        && let Some((erasing, lines)) = &kept.settled
        && *erasing == subject.erasing
    {
        (top..top + size.rows).for_each(|y| frame.descent.note(y));
        frame.surface.share_rows(lines, top);
        return None;
    }
    let mut lines = kept.fitted(size);
    let mut cursor = None;
    let row = message_row(cx, subject);
    if message {
        draw_message(cx, subject, row, &mut lines, links);
    } else if prompt {
        cursor = draw_prompt(cx, subject, row, &mut lines);
    }
    if !overlaid {
        (0..size.rows).for_each(|y| blanks::settle(&mut lines, y, subject.ground(0, Colour::Default)));
    }
    (top..top + size.rows).for_each(|y| frame.descent.note(y));
    frame.surface.blit(&lines, Point::default(), size, Point::new(0, top));
    if bare {
        kept.settled = Some((subject.erasing, frame.surface.shared_rows(top, size.rows)));
    }
    cursor.map(|x| Point::new(x, top + row))
}

/// Expands and draws all status lines.
fn status_lines(cx: &mut Cx<'_>, subject: &Subject, size: Size, links: &mut FrameLinks) -> Surface {
    let mut surface = Surface::new(size);
    let server = &*cx.server;
    let Some(client) = server.client(subject.client) else { return surface };
    let shown = server.status_lines(client);
    let level = OptionScope::Session(subject.session);
    let objects = Objects::new(server, cx.host, cx.now)
        .owner(Some(subject.client))
        .client(Some(subject.client))
        .for_status(client.status_forced);
    let mut style = style::of_option(server, level, opt::STATUS_STYLE, &objects);
    for (key, colour) in [(opt::STATUS_FG, &mut style.fg), (opt::STATUS_BG, &mut style.bg)] {
        let own = server.option(level, key);
        if !own.is_default() {
            *colour = own;
        }
    }
    let formats: Vec<(u32, String)> = server
        .chain(level)
        .array(opt::STATUS_FORMAT)
        .filter_map(|(n, v)| Some((n.number()?, v.to_text(None, false))))
        .collect();
    let mut all = Vec::new();
    for row in 0..shown.min(size.rows) {
        surface.fill(0, row, size.cols, 1, &Cell { style, ..Cell::BLANK });
        let ranges = match formats.iter().find(|(n, _)| *n == row) {
            Some((_, format)) => {
                let text = objects.expand_time(format);
                draw_linked(&mut surface, row, (0, size.cols), style, &text, links)
            }
            None => Vec::new(),
        };
        all.push(ranges);
    }
    if let Some(c) = cx.server.clients.get_mut(&subject.client) {
        c.status_ranges = all;
        c.status_forced = false;
    }
    surface
}

/// Row of messages and prompts, counted within the status lines.
fn message_row(cx: &Cx<'_>, subject: &Subject) -> u32 {
    let server = &*cx.server;
    let lines = server.client(subject.client).map_or(0, |c| server.status_lines(c));
    let wanted = server.option_number(OptionScope::Session(subject.session), opt::MESSAGE_LINE).max(0) as u32;
    wanted.min(lines.saturating_sub(1)).min(subject.covered_rows.saturating_sub(1))
}

fn draw_message(cx: &Cx<'_>, subject: &Subject, row: u32, lines: &mut Surface, links: &mut FrameLinks) {
    let server = &*cx.server;
    let Some(message) = server.client(subject.client).and_then(|c| c.message.as_ref()) else { return };
    let level = OptionScope::Session(subject.session);
    let text = if message.ignore_styles { message.text.replace('#', "##") } else { message.text.clone() };
    let objects = Objects::new(server, cx.host, cx.now)
        .client(Some(subject.client))
        .add("message", text)
        .add("command_prompt", "0");
    let style = style::whole_of_option(server, level, opt::MESSAGE_STYLE, &objects);
    let (x, width) = view::message::area(&style, lines.size().cols);
    let expanded = objects.expand_time(&server.option_text(level, opt::MESSAGE_FORMAT));
    draw_linked(lines, row, (x, width), style.cell, &expanded, links);
}

/// Lets the prompt draw its row; returns the cursor's column.
fn draw_prompt(cx: &mut Cx<'_>, subject: &Subject, row: u32, lines: &mut Surface) -> Option<u32> {
    let cols = lines.size().cols;
    let mut line = Surface::new(Size::new(cols, 1));
    line.blit(lines, Point::new(0, row), Size::new(cols, 1), Point::default());
    let mut prompt = cx.server.clients.get_mut(&subject.client)?.prompt.take()?;
    prompt.draw(cx, subject.client, &mut line);
    let c = cx.server.clients.get_mut(&subject.client)?;
    if c.prompt.is_none() {
        c.prompt = Some(prompt);
    }
    lines.blit(&line, Point::default(), Size::new(cols, 1), Point::new(0, row));
    Some(line.cursor.x)
}
