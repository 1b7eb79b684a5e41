//! `refresh-client`: redrawing, moving the view, client flags, and requests of control clients.

use crate::base::number::{parse_number, scan_unsigned};
use crate::base::{ClientId, PaneId, Size, WindowId};
use crate::control;
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;

use super::output;

/// Smallest and largest size of a window, in cells.
const SIZES: std::ops::RangeInclusive<u32> = 1..=10_000;

/// Maximum number of windows (existing or not) to which one client may give a size; more are refused with
/// an error.
const MAX_WINDOWS: usize = 10_000;

pub(crate) fn refresh_client(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(id) = item.target_client else { return Exec::Error };
    if ['c', 'L', 'R', 'U', 'D'].into_iter().any(|flag| args.has(flag)) {
        return pan(cx, item, args, id);
    }
    if args.has('l') {
        cx.host.tty_query_clipboard(id);
        return Exec::Normal;
    }
    for flags in [args.get('F'), args.get('f')].into_iter().flatten() {
        set_flags(cx, id, flags);
    }
    if let Some(report) = args.get('r') {
        report_colours(cx, report);
    }
    let is_control = cx.server.client(id).is_some_and(|c| c.flags.contains(ClientFlags::CONTROL));
    if (args.has('A') || args.has('B') || args.has('C')) && !is_control {
        return output::error(cx, item, "not a control client");
    }
    if args.has('A') {
        for value in args.all('A') {
            if let Some((pane, state)) = pane_and_rest(value)
                && cx.server.pane(pane).is_some()
            {
                control::set_pane_state(cx, id, pane, state);
            }
        }
        return Exec::Normal;
    }
    if args.has('B') {
        for value in args.all('B') {
            if !control::subscribe(cx, id, value) {
                return output::error(cx, item, "too many subscriptions");
            }
        }
        return Exec::Normal;
    }
    if let Some(size) = args.get('C') {
        return match control_size(cx, id, size) {
            Ok(()) => Exec::Normal,
            Err(message) => output::error(cx, item, message),
        };
    }
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.status_forced = true;
    }
    cx.server.redraw_status(id);
    if !args.has('S') {
        cx.host.tty_invalidate(id);
        cx.server.redraw_client(id);
    }
    Exec::Normal
}

/// Parses `%7:rest`.
fn pane_and_rest(value: &str) -> Option<(PaneId, &str)> {
    let (pane, rest) = value.split_once(':')?;
    let (pane, _) = scan_unsigned(pane.strip_prefix('%')?)?;
    Some((PaneId(pane), rest))
}

/// Moves the view of a client whose window is larger than its terminal.
fn pan(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, id: ClientId) -> Exec {
    let by = match args.string(0).map(|text| parse_number(&text, 1, i64::from(i32::MAX))) {
        None => 1,
        Some(Ok(number)) => number as u32,
        Some(Err(cause)) => return output::error(cx, item, &format!("adjustment {cause}")),
    };
    let Some(window) = cx.server.client(id).and_then(|c| c.session).and_then(|s| cx.server.current_window(s))
    else {
        return Exec::Normal;
    };
    let Some(size) = cx.server.window(window).map(|w| w.size) else { return Exec::Normal };
    let Some(client) = cx.server.clients.get_mut(&id) else { return Exec::Normal };
    if args.has('c') {
        client.pan = None;
    } else {
        let (ox, oy, shown, _) = client.view;
        let (mut x, mut y) = match client.pan {
            Some((w, x, y)) if w == window => (x, y),
            _ => (ox, oy),
        };
        let (max_x, max_y) = (size.cols.saturating_sub(shown.cols), size.rows.saturating_sub(shown.rows));
        if args.has('L') {
            x = x.saturating_sub(by);
        } else if args.has('R') {
            x = x.saturating_add(by).min(max_x);
        } else if args.has('U') {
            y = y.saturating_sub(by);
        } else if args.has('D') {
            y = y.saturating_add(by).min(max_y);
        }
        client.pan = Some((window, x, y));
    }
    cx.server.redraw_client(id);
    Exec::Normal
}

/// Sets client flags from a comma-separated list; `!` clears one. tmux: a client cannot make itself
/// writable again.
pub(crate) fn set_flags(cx: &mut Cx<'_>, id: ClientId, list: &str) {
    for word in list.split(',') {
        let (not, name) = word.strip_prefix('!').map_or((false, word), |name| (true, name));
        let Some(client) = cx.server.client(id) else { return };
        let control = client.flags.contains(ClientFlags::CONTROL);
        let was_read_only = client.flags.contains(ClientFlags::READONLY);
        let flag = match name {
            "read-only" => ClientFlags::READONLY,
            "ignore-size" => ClientFlags::IGNORE_SIZE,
            "active-pane" => ClientFlags::ACTIVE_PANE,
            "no-detach-on-destroy" => ClientFlags::NO_DETACH_ON_DESTROY,
            _ if control => match control::flag(cx, id, name) {
                Some(flag) => flag,
                None => continue,
            },
            _ => continue,
        };
        let Some(client) = cx.server.clients.get_mut(&id) else { return };
        if !not {
            client.flags.insert(flag);
        } else if !(was_read_only && flag == ClientFlags::READONLY) {
            client.flags.remove(flag);
        }
        if flag == ClientFlags::CONTROL_NO_OUTPUT {
            control::reset_offsets(cx, id);
        }
    }
    cx.host.client_flags(id);
    cx.server.sizes_dirty = true;
}

/// `-r %pane:report`: a control client passes on its terminal's answer to a colour query.
fn report_colours(cx: &mut Cx<'_>, value: &str) {
    let Some((pane, report)) = pane_and_rest(value) else { return };
    let (fg, bg) = crate::outer::keys::colour_report(report.as_bytes());
    if let Some(pane) = cx.server.panes.get_mut(&pane) {
        pane.control_fg = fg.or(pane.control_fg);
        pane.control_bg = bg.or(pane.control_bg);
    }
}

/// `-C`: the size of a control client, or of one window for it.
fn control_size(cx: &mut Cx<'_>, id: ClientId, text: &str) -> Result<(), &'static str> {
    let fits = |size: Size| {
        let fits = SIZES.contains(&size.cols) && SIZES.contains(&size.rows);
        fits.then_some(size).ok_or("size too small or too big")
    };
    let window = text.strip_prefix('@').and_then(scan_unsigned);
    if let Some((window, rest)) = window
        && let window = WindowId(window)
        && let Some(size) = rest.strip_prefix(':').and_then(|rest| parse_size(rest, 'x'))
    {
        let size = fits(size)?;
        let Some(client) = cx.server.clients.get_mut(&id) else { return Ok(()) };
        if client.windows.len() >= MAX_WINDOWS && !client.windows.contains_key(&window) {
            return Err("too many windows");
        }
        client.windows.entry(window).or_default().size = size;
        client.flags.insert(ClientFlags::SIZE_CHANGED);
    } else if let Some((window, _)) = window {
        // tmux: ignores text after the window, and only clears a size that was given before.
        let known = cx.server.clients.get_mut(&id).and_then(|c| c.windows.get_mut(&WindowId(window)));
        let Some(known) = known else { return Ok(()) };
        known.size = Size::default();
    } else {
        let size = parse_size(text, ',').or_else(|| parse_size(text, 'x')).ok_or("bad size argument")?;
        let size = fits(size)?;
        let Some(client) = cx.server.clients.get_mut(&id) else { return Ok(()) };
        client.size = size;
        client.flags.insert(ClientFlags::SIZE_CHANGED);
    }
    cx.server.sizes_dirty = true;
    cx.recalculate_sizes_now(true);
    Ok(())
}

/// Parses `80x24`; text after it is ignored, as `sscanf` does.
fn parse_size(text: &str, separator: char) -> Option<Size> {
    let (cols, rest) = scan_unsigned(text)?;
    let (rows, _) = scan_unsigned(rest.strip_prefix(separator)?)?;
    Some(Size::new(cols, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_control_clients_write_them() {
        assert_eq!(parse_size("80,24", ','), Some(Size::new(80, 24)));
        assert_eq!(parse_size("80x24x", 'x'), Some(Size::new(80, 24)));
        assert_eq!(parse_size("80x", 'x'), None);
        assert_eq!(parse_size(" 80, 24", ','), Some(Size::new(80, 24)));
        assert_eq!(parse_size("80 x24", 'x'), None);
    }
}
