//! Moving, linking and swapping windows.

use crate::model::option_access::OptionScope;
use crate::model::{Cx, Exec, ItemContext};
use crate::options::opt;
use crate::syntax::args::Args;
use crate::syntax::table::{FindFlags, FindKind, FindSpec};

use super::{output, place};

pub(crate) fn move_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if args.has('r') {
        return renumber(cx, item, args);
    }
    link(cx, item, args, true)
}

pub(crate) fn link_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    link(cx, item, args, false)
}

/// `move-window -r`: numbers a session's windows without gaps.
fn renumber(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let spec = FindSpec { flag: 't', kind: FindKind::Session, flags: FindFlags::QUIET };
    let Ok(target) = cx.server.find_target(item, args.get('t'), spec) else { return Exec::Error };
    if let Some(session) = target.session {
        cx.server.renumber_windows(session);
        cx.recalculate_sizes();
        cx.server.status_session(session);
    }
    Exec::Normal
}

fn link(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, unlink: bool) -> Exec {
    let spec = FindSpec { flag: 't', kind: FindKind::Window, flags: FindFlags::WINDOW_INDEX };
    let target = match cx.server.find_target(item, args.get('t'), spec) {
        Ok(target) => target,
        Err(None) => return Exec::Error,
        Err(Some(message)) => return output::error(cx, item, &message),
    };
    let (Some(src), Some(dst)) = (place::winlink(&item.source), target.session) else { return Exec::Error };
    let Some(window) = cx.server.winlink_window(src.0, src.1) else { return Exec::Error };
    let mut src = src;
    let mut index = target.index;
    let before = args.has('b');
    if args.has('a') || before {
        let Some(at) = target.winlink.or(cx.server.session(dst).map(|s| s.current)) else {
            return Exec::Error;
        };
        let Some(free) = cx.server.shuffle_up(dst, at, before) else { return Exec::Error };
        index = Some(free);
        if src.0 == dst && src.1 >= free {
            // The source was shifted too.
            src.1 += i32::from(cx.server.winlink_window(dst, src.1) != Some(window));
        }
    }
    if let Err(message) = cx.link_window(src, (dst, index), args.has('k'), !args.has('d')) {
        return output::error(cx, item, &message);
    }
    if unlink {
        cx.unlink_window(src.0, src.1);
    }
    if !args.has('s') && cx.server.option(OptionScope::Session(src.0), opt::RENUMBER_WINDOWS) {
        cx.server.renumber_windows(src.0);
    }
    cx.recalculate_sizes();
    Exec::Normal
}

pub(crate) fn swap_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let (Some(src), Some(dst)) = (place::winlink(&item.source), place::winlink(&item.target)) else {
        return Exec::Error;
    };
    let group = |session| cx.server.session(session).and_then(|s| s.group.as_ref());
    if src.0 != dst.0 && group(src.0).is_some() && group(src.0) == group(dst.0) {
        return output::error(cx, item, "can't move window, sessions are grouped");
    }
    if !cx.server.swap_winlinks(src, dst) {
        return Exec::Normal;
    }
    if args.has('d') {
        cx.select_winlink(dst.0, Some(dst.1));
        if src.0 != dst.0 {
            cx.select_winlink(src.0, Some(src.1));
        }
    }
    cx.synchronize_group_from(src.0);
    cx.server.redraw_session_group(src.0);
    if src.0 != dst.0 {
        cx.synchronize_group_from(dst.0);
        cx.server.redraw_session_group(dst.0);
    }
    cx.recalculate_sizes();
    Exec::Normal
}
