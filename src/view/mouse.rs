//! Finds what a mouse report at a client hit, and makes clicks, double clicks and drags of reports.

use crate::base::{
    ClientId, Key, KeyCode, Mods, MouseEvent, MouseKey, MouseKind, MouseLocation, NamedKey, PaneId, WindowId,
};
use crate::model::client::{RangeKind, StatusRange};
use crate::model::layout::BorderStatus;
use crate::model::option_access::OptionScope;
use crate::model::queue::KeyEvent;
use crate::model::window::WindowFlags;
use crate::model::{ClientFlags, Cx, Server};
use crate::options::opt;

/// Longest time between clicks that make a double or triple click, in milliseconds.
pub(crate) const CLICK_TIMEOUT_MS: u64 = 300;

/// Bits of a raw button byte that identify the button.
pub(crate) fn buttons(b: u32) -> u32 {
    b & 0xc3
}

pub(crate) fn is_release(b: u32) -> bool {
    buttons(b) == 3
}

pub(crate) fn is_drag(b: u32) -> bool {
    b & 0x20 != 0
}

pub(crate) fn is_wheel(b: u32) -> bool {
    matches!(buttons(b), 64 | 65)
}

/// Number of a button in key names; 0 for none.
fn button_number(b: u32) -> u8 {
    match buttons(b) {
        0 => 1,
        1 => 2,
        2 => 3,
        66 => 6,
        67 => 7,
        128 => 8,
        129 => 9,
        130 => 10,
        131 => 11,
        _ => 0,
    }
}

/// One kind of event, where it counts as having happened, and its raw button.
struct Report {
    kind: MouseKind,
    x: u32,
    y: u32,
    b: u32,
    ignore: bool,
}

/// Makes a key of a raw report and fills in what the mouse hit. `None`: nothing to do.
pub(crate) fn classify(cx: &mut Cx<'_>, client: ClientId, event: &mut KeyEvent) -> Option<Key> {
    let mut report = report_of(cx.server, client, event)?;
    let m = &mut event.mouse;
    let c = cx.server.client(client)?;
    m.session = c.session;
    m.window = None;
    m.pane = None;
    m.ignore = report.ignore;
    let mut held = 0;
    let location = locate(cx.server, client, &report, m, &mut held)?;
    count_clicks(cx, client, &mut report, m, location);
    end_drag(cx, client, &mut report, m);
    follow_focus(cx, &report, m, location);
    let mut key = None;
    if report.kind == MouseKind::Drag && drag_begins(cx, client, &report, m, location, held) {
        key = Some(KeyCode::Named(NamedKey::Dragging));
    }
    let code = key.unwrap_or(KeyCode::Mouse(MouseKey {
        kind: report.kind,
        button: if report.kind == MouseKind::Move { 0 } else { button_number(report.b) },
        location,
    }));
    let mut mods = Mods::empty();
    mods.set(Mods::META, report.b & 8 != 0);
    mods.set(Mods::CTRL, report.b & 16 != 0);
    mods.set(Mods::SHIFT, report.b & 4 != 0);
    Some(Key::new(code, mods))
}

/// Kind of event of a raw report, from this report and the one before.
fn report_of(server: &mut Server, client: ClientId, event: &KeyEvent) -> Option<Report> {
    let m = &event.mouse;
    let c = server.clients.get_mut(&client)?;
    let here = |kind: MouseKind, b: u32| Some(Report { kind, x: m.x, y: m.y, b, ignore: false });
    if event.key.code == KeyCode::Named(NamedKey::DoubleClickEnd) {
        return here(MouseKind::DoubleClick, m.b).map(|report| Report { ignore: true, ..report });
    }
    let moved = match m.sgr_type {
        Some(_) => is_drag(m.sgr_b) && is_release(m.sgr_b),
        None => is_drag(m.b) && is_release(m.b) && is_release(m.last_b),
    };
    if moved {
        return here(MouseKind::Move, 0);
    }
    if is_drag(m.b) {
        if c.mouse.drag_button == 0 {
            let report =
                Report { kind: MouseKind::Drag, x: m.last_x, y: m.last_y, b: m.last_b, ignore: false };
            return Some(report);
        }
        if m.x == m.last_x && m.y == m.last_y {
            return None;
        }
        return here(MouseKind::Drag, m.b);
    }
    if is_wheel(m.b) {
        let up = buttons(m.b) == 64;
        return here(if up { MouseKind::WheelUp } else { MouseKind::WheelDown }, m.b);
    }
    if is_release(m.b) {
        let released = if m.sgr_type == Some('m') { m.sgr_b } else { m.last_b };
        return here(MouseKind::Up, released);
    }
    if c.flags.contains(ClientFlags::DOUBLE_CLICK) {
        c.flags.remove(ClientFlags::DOUBLE_CLICK);
        c.flags.insert(ClientFlags::TRIPLE_CLICK);
        return here(MouseKind::SecondClick, m.b);
    }
    if c.flags.contains(ClientFlags::TRIPLE_CLICK) {
        c.flags.remove(ClientFlags::TRIPLE_CLICK);
        return here(MouseKind::TripleClick, m.b);
    }
    c.flags.insert(ClientFlags::DOUBLE_CLICK);
    here(MouseKind::Down, m.b)
}

/// The range at a column.
fn range_at(ranges: &[StatusRange], x: u32) -> Option<&RangeKind> {
    ranges.iter().find(|r| x >= r.start && x < r.end).map(|r| &r.kind)
}

/// Finds where an event is: on the status line, or somewhere in the window. Sets `held` to the rows
/// between a slider's first row and the event.
fn locate(
    server: &Server,
    client: ClientId,
    report: &Report,
    m: &mut MouseEvent,
    held: &mut i32,
) -> Option<MouseLocation> {
    let c = server.client(client)?;
    let lines = server.status_lines(c);
    let level = c.session.map_or(OptionScope::GlobalSession, OptionScope::Session);
    let at_top = server.option_text(level, opt::STATUS_POSITION) == "top";
    m.status_lines = lines;
    m.status_at = (lines > 0).then(|| if at_top { 0 } else { c.size.rows.saturating_sub(lines) });
    if let Some(first) = m.status_at
        && report.y >= first
        && report.y < first + lines
    {
        let row = (report.y - first) as usize;
        let ranges = c.status_ranges.get(row).map_or(&[][..], Vec::as_slice);
        return on_status_line(server, range_at(ranges, report.x), m);
    }
    if c.mouse.scrolling {
        let Some(pane) = c.mouse.last_pane.and_then(|id| server.pane(id)) else {
            return Some(MouseLocation::Nowhere);
        };
        m.pane = Some(pane.id);
        m.window = Some(pane.window);
        return Some(MouseLocation::ScrollbarSlider);
    }
    let y = match m.status_at {
        Some(0) if report.y >= lines => report.y - lines,
        Some(first) if first > 0 && report.y >= first => first - 1,
        _ => report.y,
    };
    let (ox, oy, size, _) = c.view;
    m.ox = ox;
    m.oy = oy;
    if report.x > size.cols || y > size.rows {
        return None;
    }
    let (x, y) = ((report.x + ox) as i32, (y + oy) as i32);
    let window = server.client_window(c)?;
    let dragged = c.mouse.last_pane.filter(|p| report.kind == MouseKind::Drag && server.pane(*p).is_some());
    let pane = dragged.or_else(|| server.pane_at(window, x, y))?;
    let mut location = in_window(server, window, pane, (x, y), held)?;
    if location == MouseLocation::Border
        && let Some(number) = border_control(server, pane, x, y)
    {
        location = MouseLocation::Control(number);
    }
    m.pane = Some(pane);
    m.window = server.pane(pane).map(|p| p.window);
    Some(location)
}

fn on_status_line(server: &Server, range: Option<&RangeKind>, m: &mut MouseEvent) -> Option<MouseLocation> {
    Some(match range {
        None => MouseLocation::StatusDefault,
        Some(RangeKind::Left) => MouseLocation::StatusLeft,
        Some(RangeKind::Right) => MouseLocation::StatusRight,
        Some(RangeKind::Control(number)) => MouseLocation::Control(*number),
        Some(RangeKind::User(_)) => MouseLocation::Status,
        Some(RangeKind::Pane(id)) => {
            m.pane = Some(server.pane(*id)?.id);
            MouseLocation::Status
        }
        Some(RangeKind::Window(index)) => {
            m.window = Some(server.winlink_window(m.session?, *index)?);
            MouseLocation::Status
        }
        Some(RangeKind::Session(id)) => {
            m.session = Some(server.session(*id)?.id);
            MouseLocation::Status
        }
    })
}

/// Padding and width of a pane's scrollbar, zero when it has none.
fn scrollbar(server: &Server, pane: PaneId) -> (i32, i32) {
    if !server.shows_scrollbar(pane) {
        return (0, 0);
    }
    let size = server.scrollbar_size(pane);
    (size.pad as i32, size.cols as i32)
}

/// Finds which part of a pane (or of the borders around it) is at a position in its window.
fn in_window(
    server: &Server,
    window: WindowId,
    pane: PaneId,
    (x, y): (i32, i32),
    held: &mut i32,
) -> Option<MouseLocation> {
    let p = server.pane(pane)?;
    let (pad, width) = scrollbar(server, pane);
    let left = server.scrollbars_left(window);
    let (right, bottom) = (p.x + p.size.cols as i32, p.y + p.size.rows as i32);
    let status = server.border_status(window);
    let status_row = match status {
        BorderStatus::Top => p.y - 1,
        BorderStatus::Bottom => bottom,
        BorderStatus::Off => -1,
    };
    let in_rows = (status != BorderStatus::Off && y != status_row && y != bottom)
        || (p.y == 0 && y < p.size.rows as i32)
        || (y >= p.y && y < bottom);
    let in_cols = if left { x < right - pad - width } else { x < right + pad + width };
    if !(in_rows && in_cols) {
        return Some(on_border(server, window, pane, (x, y)));
    }
    let on_bar = if left {
        x >= p.x - pad - width && x < p.x - pad
    } else {
        x >= right + pad && x < right + pad + width
    };
    if on_bar {
        let top = p.y + p.slider.0 as i32;
        return Some(if y < top {
            MouseLocation::ScrollbarUp
        } else if y < top + p.slider.1 as i32 {
            *held = y - top;
            MouseLocation::ScrollbarSlider
        } else {
            MouseLocation::ScrollbarDown
        });
    }
    let border_left = p.x - 1 - if left { pad + width } else { 0 };
    let floating_border = server.is_floating(pane) && (x == border_left || y == p.y - 1 || y == bottom);
    Some(if floating_border { MouseLocation::Border } else { MouseLocation::Pane })
}

/// Returns `Border` if a position that is in no pane is on a border, else `Nowhere`.
fn on_border(server: &Server, window: WindowId, hit: PaneId, (x, y): (i32, i32)) -> MouseLocation {
    let Some(w) = server.window(window) else { return MouseLocation::Nowhere };
    let zoomed = w.flags.contains(WindowFlags::ZOOMED);
    let left_bars = server.scrollbars_left(window);
    let floating = server.is_floating(hit);
    let found = w.panes.iter().filter_map(|id| server.pane(*id)).any(|p| {
        if zoomed && !p.flags.contains(crate::model::pane::PaneFlags::ZOOMED) {
            return false;
        }
        let (pad, width) = scrollbar(server, p.id);
        let bar = pad + width;
        let (right, bottom) = (p.x + p.size.cols as i32, p.y + p.size.rows as i32);
        let border_left = p.x - 1 - if left_bars { bar } else { 0 };
        let border_right = right + if left_bars { 0 } else { bar };
        let beside = y >= p.y - 1 && y <= bottom && (x == border_right || (floating && x == border_left));
        let above_or_below = x >= border_left && x <= right && (y == bottom || y == p.y - 1);
        beside || above_or_below
    });
    if found { MouseLocation::Border } else { MouseLocation::Nowhere }
}

/// The control range of a pane's border status line at a position.
fn border_control(server: &Server, pane: PaneId, x: i32, y: i32) -> Option<u8> {
    let p = server.pane(pane)?;
    let row = match server.border_status(p.window) {
        BorderStatus::Top => p.y - 1,
        BorderStatus::Bottom => p.y + p.size.rows as i32,
        BorderStatus::Off => return None,
    };
    // The line starts two columns into the pane.
    let column = u32::try_from(x - p.x - 2).ok().filter(|_| y == row)?;
    match range_at(&p.border_ranges, column)? {
        RangeKind::Control(number) => Some(*number),
        _ => None,
    }
}

/// Counts clicks in a row: a click elsewhere starts a new count, and each click but the third waits
/// for another.
fn count_clicks(
    cx: &mut Cx<'_>,
    client: ClientId,
    report: &mut Report,
    m: &MouseEvent,
    location: MouseLocation,
) {
    if !matches!(report.kind, MouseKind::Down | MouseKind::SecondClick | MouseKind::TripleClick) {
        return;
    }
    let Some(c) = cx.server.clients.get_mut(&client) else { return };
    let timer = c.mouse.click_timer.take();
    let same = c.mouse.click.is_some_and(|last| last.b == m.b && last.pane == m.pane)
        && c.mouse.click_location == Some(location);
    if report.kind != MouseKind::Down && !same {
        report.kind = MouseKind::Down;
        c.flags.remove(ClientFlags::TRIPLE_CLICK);
        c.flags.insert(ClientFlags::DOUBLE_CLICK);
    }
    if report.kind != MouseKind::TripleClick {
        c.mouse.click = Some(*m);
        c.mouse.click_location = Some(location);
        c.mouse.click_pending = true;
    }
    if let Some(timer) = timer {
        cx.host.cancel_timer(timer);
    }
}

/// Ends the wait for another click. Returns the event of a double click, if it was one.
pub(crate) fn click_timed_out(cx: &mut Cx<'_>, client: ClientId) -> Option<KeyEvent> {
    let c = cx.server.clients.get_mut(&client)?;
    c.mouse.click_timer = None;
    let double = c.flags.contains(ClientFlags::TRIPLE_CLICK);
    c.flags.remove(ClientFlags::DOUBLE_CLICK | ClientFlags::TRIPLE_CLICK);
    let mouse = c.mouse.click.filter(|_| double)?;
    Some(KeyEvent { key: Key::named(NamedKey::DoubleClickEnd), mouse, ..KeyEvent::default() })
}

/// Ends a drag on any event that is not part of one.
fn end_drag(cx: &mut Cx<'_>, client: ClientId, report: &mut Report, m: &MouseEvent) {
    let goes_on = matches!(
        report.kind,
        MouseKind::Drag
            | MouseKind::WheelUp
            | MouseKind::WheelDown
            | MouseKind::DoubleClick
            | MouseKind::TripleClick
    );
    let Some(c) = cx.server.clients.get_mut(&client) else { return };
    if goes_on || c.mouse.drag_button == 0 {
        return;
    }
    c.mouse.scrolling = false;
    c.mouse.drag_button = 0;
    c.mouse.slider_offset = -1;
    c.mouse.last_pane = None;
    report.kind = MouseKind::DragEnd;
    if let Some(mut drag) = c.mouse.drag.take() {
        drag.release(cx, client, m);
    }
}

/// `focus-follows-mouse`: a pane that the mouse moves over becomes the active one.
fn follow_focus(cx: &mut Cx<'_>, report: &Report, m: &MouseEvent, location: MouseLocation) {
    if report.kind != MouseKind::Move || location != MouseLocation::Pane {
        return;
    }
    let (Some(session), Some(pane), Some(window)) = (m.session, m.pane, m.window) else { return };
    if cx.server.option(OptionScope::Session(session), opt::FOCUS_FOLLOWS_MOUSE)
        && cx.set_active_pane(window, pane, true)
    {
        cx.server.redraw_window(window);
        cx.server.status_window(window);
    }
}

/// Records the start or continuation of a drag. True if a handler is following it.
fn drag_begins(
    cx: &mut Cx<'_>,
    client: ClientId,
    report: &Report,
    m: &MouseEvent,
    location: MouseLocation,
    held: i32,
) -> bool {
    let window = cx.server.client(client).and_then(|c| cx.server.client_window(c));
    let lines = if m.status_at == Some(0) { m.status_lines } else { 0 };
    let (x, y) = ((report.x + m.ox) as i32, report.y.saturating_sub(lines) as i32 + m.oy as i32);
    let under = window.and_then(|w| cx.server.pane_at(w, x, y));
    let Some(c) = cx.server.clients.get_mut(&client) else { return false };
    let told = c.mouse.drag.is_some();
    c.mouse.drag_button = buttons(report.b) + 1;
    if c.mouse.last_pane.is_none() {
        c.mouse.last_pane = under;
    }
    if !c.mouse.scrolling && location == MouseLocation::ScrollbarSlider {
        c.mouse.scrolling = true;
        c.mouse.slider_offset = held + lines as i32;
    }
    told
}

/// Passes the mouse event to the handler of the drag in progress.
pub(crate) fn drag(cx: &mut Cx<'_>, client: ClientId, mouse: &MouseEvent) {
    let Some(mut drag) = cx.server.clients.get_mut(&client).and_then(|c| c.mouse.drag.take()) else { return };
    drag.update(cx, client, mouse);
    if let Some(c) = cx.server.clients.get_mut(&client).filter(|c| c.mouse.drag.is_none()) {
        c.mouse.drag = Some(drag);
    }
}
