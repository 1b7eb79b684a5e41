//! Selecting layouts of windows: by name, the next or previous one, or by a layout string.

use crate::model::events::EventKind;
use crate::model::layout::{PRESETS, preset_lookup};
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;

use super::{output, place};

pub(crate) fn next_layout(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    arrange(cx, item, args, true, false)
}

pub(crate) fn previous_layout(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    arrange(cx, item, args, false, true)
}

pub(crate) fn select_layout(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    arrange(cx, item, args, args.has('n'), args.has('p'))
}

fn arrange(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, next: bool, previous: bool) -> Exec {
    let Some((_, _, window, pane)) = place::pane(&item.target) else { return Exec::Error };
    cx.unzoom_and_redraw(window);
    let text = cx.server.layout_text(window, true);
    let Some(w) = cx.server.windows.get_mut(&window) else { return Exec::Error };
    let old = std::mem::replace(&mut w.old_layout, text);
    let last = w.last_preset;
    let count = PRESETS.len();
    if next || previous {
        let preset = match (next, last) {
            (true, None) => 0,
            (true, Some(last)) => (last + 1) % count,
            (false, None) => count - 1,
            (false, Some(last)) => (last + count - 1) % count,
        };
        cx.apply_preset(window, preset);
    } else if args.has('E') {
        cx.spread_out(pane);
    } else {
        let given = args.string(0);
        let preset = match &given {
            _ if args.has('o') => None,
            Some(name) => preset_lookup(name),
            None => last,
        };
        let text = given.or_else(|| old.clone().filter(|_| args.has('o')));
        match (preset, text) {
            (Some(preset), _) => cx.apply_preset(window, preset),
            (None, None) => return Exec::Normal,
            (None, Some(text)) => {
                if let Err(error) = cx.apply_layout(window, &text) {
                    if let Some(w) = cx.server.windows.get_mut(&window) {
                        w.old_layout = old;
                    }
                    return output::error(cx, item, &format!("{error}: {text}"));
                }
            }
        }
    }
    cx.recalculate_sizes();
    cx.server.redraw_window(window);
    cx.server.notify_window(EventKind::WindowLayoutChanged, window);
    Exec::Normal
}
