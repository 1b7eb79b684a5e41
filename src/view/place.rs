//! Placement of menus and popups: the letters and formats of `-x` and `-y`.

use crate::base::{ClientId, Point, Size};
use crate::format::Objects;
use crate::model::client::RangeKind;
use crate::model::option_access::OptionScope;
use crate::model::{Cx, ItemContext};
use crate::options::opt;

/// An object to place, and the client it is for.
pub(crate) struct Placing<'a> {
    pub item: &'a ItemContext,
    pub client: ClientId,
    pub x: Option<&'a str>,
    pub y: Option<&'a str>,
    pub size: Size,
}

/// The letters of `-x` and `-y`, and the formats they stand for.
const X_LETTERS: &[(&str, &str)] = &[
    ("C", "#{popup_centre_x}"),
    ("R", "#{popup_pane_right}"),
    ("P", "#{popup_pane_left}"),
    ("M", "#{popup_mouse_centre_x}"),
    ("W", "#{popup_window_status_line_x}"),
];
const Y_LETTERS: &[(&str, &str)] = &[
    ("C", "#{popup_centre_y}"),
    ("P", "#{popup_pane_bottom}"),
    ("M", "#{popup_mouse_top}"),
    ("S", "#{popup_status_line_y}"),
    ("W", "#{popup_window_status_line_y}"),
];

fn format_of<'a>(given: Option<&'a str>, letters: &[(&str, &'static str)]) -> &'a str {
    let given = given.unwrap_or("C");
    letters.iter().find(|(letter, _)| *letter == given).map_or(given, |(_, format)| *format)
}

/// Leading number of a text, as `strtol` reads it.
fn leading_number(text: &str) -> i64 {
    let text = text.trim_start();
    let end = text
        .char_indices()
        .find(|(index, c)| !(c.is_ascii_digit() || (*index == 0 && matches!(c, '-' | '+'))))
        .map_or(text.len(), |(index, _)| index);
    text[..end].parse().unwrap_or(0)
}

/// Top left corner of the object; `None` if it does not fit on the client at all.
pub(crate) fn place(cx: &Cx<'_>, placing: &Placing<'_>) -> Option<Point> {
    let client = cx.server.client(placing.client)?;
    let (cols, rows) = (i64::from(client.size.cols), i64::from(client.size.rows));
    let (w, h) = (i64::from(placing.size.cols), i64::from(placing.size.rows));
    if w > cols || h > rows {
        return None;
    }
    let mut objects = Objects::new(cx.server, cx.host, cx.now)
        .item(placing.item)
        .client(placing.item.target_client)
        .state(&placing.item.target);
    for (name, value) in variables(cx, placing) {
        objects = objects.add(name, value.to_string());
    }
    let x = leading_number(&objects.expand(format_of(placing.x, X_LETTERS)));
    let y = leading_number(&objects.expand(format_of(placing.y, Y_LETTERS)));
    let x = if x + w >= cols { cols - w } else { x };
    let y = (y - h).max(0);
    let y = if y + h >= rows { rows - h } else { y };
    Some(Point::new(x.max(0) as u32, y.max(0) as u32))
}

/// tmux: differences are unsigned, so that a negative one is a huge number.
fn unsigned(n: i64) -> i64 {
    if n < 0 { n + (1 << 32) } else { n }
}

fn variables(cx: &Cx<'_>, placing: &Placing<'_>) -> Vec<(&'static str, i64)> {
    let mut out = Vec::new();
    let Some(client) = cx.server.client(placing.client) else { return out };
    let (cols, rows) = (i64::from(client.size.cols), i64::from(client.size.rows));
    let (w, h) = (i64::from(placing.size.cols), i64::from(placing.size.rows));
    let mouse = placing.item.state.event.mouse;
    let (mouse_x, mouse_y) = (i64::from(mouse.x), i64::from(mouse.y));
    if mouse.valid {
        out.extend([("popup_mouse_x", mouse_x), ("popup_mouse_y", mouse_y)]);
    }
    let top = status_variables(cx, placing, h, &mut out);
    out.extend([("popup_width", w), ("popup_height", h)]);
    out.push(("popup_centre_x", ((cols - 1) / 2 - w / 2).max(0)));
    let centre_y = (rows - 1) / 2 + h / 2;
    out.push(("popup_centre_y", if centre_y >= rows { rows - h } else { centre_y }));
    if mouse.valid {
        out.push(("popup_mouse_centre_x", (mouse_x - w / 2).max(0)));
        let centre = unsigned(mouse_y - h / 2);
        out.push(("popup_mouse_centre_y", if centre + h >= rows { rows - h } else { centre }));
        out.push(("popup_mouse_top", (mouse_y + h).min(rows - 1)));
        out.push(("popup_mouse_bottom", unsigned(mouse_y - h)));
    }
    if let Some(pane) = placing.item.target.pane.and_then(|id| cx.server.pane(id)) {
        let (ox, oy) = (i64::from(client.view.0), i64::from(client.view.1));
        let (x, y) = (i64::from(pane.x), i64::from(pane.y));
        let pane_top = unsigned(top + y - oy + h);
        out.push(("popup_pane_top", if pane_top >= rows { rows - h } else { pane_top }));
        out.push(("popup_pane_bottom", unsigned(top + y + i64::from(pane.size.rows) - oy)));
        out.push(("popup_pane_left", unsigned(x - ox)));
        out.push(("popup_pane_right", (x + i64::from(pane.size.cols) - ox - w).max(0)));
    }
    out
}

/// Adds variables about the status line; returns the rows that it takes at the top.
fn status_variables(cx: &Cx<'_>, placing: &Placing<'_>, h: i64, out: &mut Vec<(&'static str, i64)>) -> i64 {
    let Some(client) = cx.server.client(placing.client) else { return 0 };
    let lines = i64::from(cx.server.status_lines(client));
    if lines == 0 {
        return 0;
    }
    let rows = i64::from(client.size.rows);
    let level = client.session.map_or(OptionScope::GlobalSession, OptionScope::Session);
    let at_top = cx.server.option_text(level, opt::STATUS_POSITION) == "top";
    let index = placing.item.target.winlink;
    let found = client.status_ranges.iter().take(lines as usize).enumerate().find_map(|(line, ranges)| {
        let range = ranges.iter().find(|r| matches!(r.kind, RangeKind::Window(at) if Some(at) == index))?;
        Some((line as i64, i64::from(range.start)))
    });
    if let Some((line, start)) = found {
        out.push(("popup_window_status_line_x", start));
        out.push(("popup_window_status_line_y", if at_top { line + 1 + h } else { rows - lines + line }));
    }
    out.push(("popup_status_line_y", if at_top { lines + h } else { rows - lines }));
    if at_top { lines } else { 0 }
}
