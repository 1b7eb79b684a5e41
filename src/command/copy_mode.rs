//! `copy-mode` and `clock-mode`.

use crate::model::mode::ModeResult;
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::view::clock::ClockMode;
use crate::view::copy::{CopyMode, with_copy_mode};
use crate::view::modes::{self, Entered};

pub(crate) fn clock_mode(cx: &mut Cx<'_>, item: &ItemContext, _: &Args) -> Exec {
    let Some(pane) = item.target.pane else { return Exec::Error };
    if modes::raise(cx, pane, ClockMode::NAME) == Entered::Absent {
        let mode = ClockMode::new(cx, pane);
        modes::push(cx, pane, Box::new(mode));
    }
    Exec::Normal
}

pub(crate) fn copy_mode(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(mut pane) = item.target.pane else { return Exec::Error };
    if args.has('q') {
        modes::pop_all(cx, pane);
        return Exec::Normal;
    }
    let event = item.state.event;
    let client = item.client;
    if args.has('M') {
        let Some((session, _, hit)) = cx.server.mouse_pane(&event.mouse) else { return Exec::Normal };
        if client.and_then(|id| cx.server.client(id)).and_then(|c| c.session) != Some(session) {
            return Exec::Normal;
        }
        pane = hit;
    }
    if args.has('A') && !CopyMode::has_alternate(cx, pane) {
        return super::output::error(cx, item, super::history_range::NO_ALTERNATE);
    }
    let source = if args.has('s') { item.source.pane.unwrap_or(pane) } else { pane };
    let entered = modes::raise(cx, pane, CopyMode::COPY);
    if entered == Entered::Absent {
        let Some(mut mode) = CopyMode::copy(cx, pane, source) else { return Exec::Error };
        mode.show_alternate(cx, pane, args.has('A'));
        mode.state.scroll_exit = args.has('e');
        mode.state.hide_position = args.has('H');
        modes::push(cx, pane, Box::new(mode));
    }
    let closes = with_copy_mode(cx, pane, |cx, mode| {
        if args.has('A') && entered != Entered::Absent {
            mode.show_alternate(cx, pane, true);
        }
        mode.state.line_numbers = !event.key.is_mouse() && !mode.state.view_mode;
        if entered != Entered::Already && args.has('M') {
            mode.start_drag(cx, pane, client, &event.mouse);
        }
        if args.has('u') {
            mode.state.page_up(false);
        }
        if args.has('d') && mode.state.page_down(false, args.has('e')) {
            return true;
        }
        args.has('S') && mode.scroll_to_mouse(cx, pane, client, &event.mouse, args.has('e'))
    });
    let result = if closes == Some(true) { ModeResult::Close } else { ModeResult::Redraw };
    modes::settle_result(cx, pane, result);
    Exec::Normal
}
