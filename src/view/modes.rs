//! The stack of modes on a pane: entering and leaving them, and who gets keys and commands.

use crate::base::PaneId;
use crate::model::Cx;
use crate::model::mode::{CapturedRows, ModeEntry, ModeResult, ModeTarget, PaneMode};
use crate::model::pane::PaneFlags;
use crate::model::queue::{ItemId, KeyEvent};
use crate::syntax::args::Args;

use super::clock::ClockMode;
use super::copy::CopyMode;
use super::mode_tree::buffers::Buffers;
use super::mode_tree::clients::Clients;
use super::mode_tree::customize::Customize;
use super::mode_tree::saved;
use super::mode_tree::usage::{self, UsageList};
use super::mode_tree::windows::Windows;

/// Result of trying to enter a mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entered {
    /// The mode is on top already; nothing changed.
    Already,
    /// The mode was further down, and is on top now.
    Raised,
    /// The pane does not have the mode: `push` a new one.
    Absent,
}

/// Brings a mode of the pane to the top, if it has it.
pub fn raise(cx: &mut Cx<'_>, pane: PaneId, name: &str) -> Entered {
    let Some(p) = cx.server.panes.get_mut(&pane) else { return Entered::Already };
    match p.modes.iter().position(|entry| entry.mode.name() == name) {
        Some(0) => Entered::Already,
        Some(at) => {
            let before = p.mode_name();
            let entry = p.modes.remove(at);
            p.modes.insert(0, entry);
            changed(cx, pane);
            cx.server.notify_mode(pane, before, Some(name), true);
            Entered::Raised
        }
        None => Entered::Absent,
    }
}

/// Puts a new mode on top.
pub fn push(cx: &mut Cx<'_>, pane: PaneId, mode: Box<dyn PaneMode>) {
    let Some(p) = cx.server.panes.get_mut(&pane) else { return };
    let (before, name) = (p.mode_name(), mode.name());
    p.modes.insert(0, ModeEntry { mode, prefix: 1, size: p.size });
    changed(cx, pane);
    cx.server.notify_mode(pane, before, Some(name), true);
}

/// Puts a mode back on top that another server saved (`PaneMode::save`).
pub fn restore(cx: &mut Cx<'_>, pane: PaneId, name: &str, prefix: u32, saved: &str) {
    match name {
        CopyMode::COPY => {
            if let Some(mode) = CopyMode::restore(cx, pane, saved) {
                put_back(cx, pane, Box::new(mode), prefix);
            }
        }
        CopyMode::VIEW => {
            if let Some(mode) = CopyMode::restore_view(cx, pane, saved) {
                put_back(cx, pane, Box::new(mode), prefix);
            }
        }
        ClockMode::NAME => {
            let mode = ClockMode::new(cx, pane);
            put_back(cx, pane, Box::new(mode), prefix);
        }
        Windows::NAME => saved::restore::<Windows>(cx, pane, prefix, saved),
        Buffers::NAME => saved::restore::<Buffers>(cx, pane, prefix, saved),
        Clients::NAME => saved::restore::<Clients>(cx, pane, prefix, saved),
        Customize::NAME => saved::restore::<Customize>(cx, pane, prefix, saved),
        UsageList::NAME => {
            saved::restore::<UsageList>(cx, pane, prefix, saved);
            usage::begin_following(cx);
        }
        _ => saved::unzoom(cx, pane, saved),
    }
}

/// Puts a mode on top that the pane already had under the previous server, without firing events.
pub(super) fn put_back(cx: &mut Cx<'_>, pane: PaneId, mode: Box<dyn PaneMode>, prefix: u32) {
    if let Some(p) = cx.server.panes.get_mut(&pane) {
        p.modes.insert(0, ModeEntry { mode, prefix, size: p.size });
    }
}

/// Leaves the top mode.
pub fn pop(cx: &mut Cx<'_>, pane: PaneId) {
    let Some(p) = cx.server.panes.get_mut(&pane) else { return };
    if p.modes.is_empty() {
        return;
    }
    let mut entry = p.modes.remove(0);
    if p.modes.is_empty() {
        p.flags -= PaneFlags::UNSEEN_CHANGES;
    }
    entry.mode.close(&mut cx.reborrow(), pane);
    changed(cx, pane);
    let now = cx.server.pane(pane).and_then(|p| p.mode_name());
    cx.server.notify_mode(pane, Some(entry.mode.name()), now, false);
}

/// Leaves all modes.
pub fn pop_all(cx: &mut Cx<'_>, pane: PaneId) {
    while cx.server.pane(pane).is_some_and(|p| !p.modes.is_empty()) {
        pop(cx, pane);
    }
}

/// Updates everything that depends on which mode is on top.
fn changed(cx: &mut Cx<'_>, pane: PaneId) {
    let Some(p) = cx.server.panes.get_mut(&pane) else { return };
    p.flags |= PaneFlags::REDRAW | PaneFlags::CHANGED;
    let window = p.window;
    cx.fix_panes(window, None);
    cx.server.redraw_window(window);
    cx.server.status_window(window);
}

/// Calls a function on the top mode, after telling the mode the pane's size. `None` without a mode.
pub fn with_top<R>(
    cx: &mut Cx<'_>,
    pane: PaneId,
    run: impl FnOnce(&mut Cx<'_>, &mut ModeEntry) -> R,
) -> Option<R> {
    let size = cx.server.pane(pane)?.size;
    cx.with_top_mode(pane, |cx, entry| {
        if entry.size != size {
            entry.size = size;
            entry.mode.resize(cx, pane, size);
        }
        run(cx, entry)
    })
}

/// Redraws the pane or leaves the mode, as the mode's result demands.
pub fn settle_result(cx: &mut Cx<'_>, pane: PaneId, result: ModeResult) {
    match result {
        ModeResult::Nothing => {}
        ModeResult::Redraw => redraw(cx, pane),
        ModeResult::Close => pop(cx, pane),
    }
}

/// Handles a mode's result after a key. To leave, it finds the mode by name: the key may have put
/// another mode on top, which stays.
pub fn settle_key(cx: &mut Cx<'_>, pane: PaneId, name: &str, result: ModeResult) {
    let place = cx.server.pane(pane).and_then(|p| p.modes.iter().position(|entry| entry.mode.name() == name));
    match (result, place) {
        (ModeResult::Close, Some(at)) if at > 0 => {
            let entry = cx.server.panes.get_mut(&pane).map(|p| p.modes.remove(at));
            if let Some(mut entry) = entry {
                entry.mode.close(&mut cx.reborrow(), pane);
            }
        }
        (result, _) => settle_result(cx, pane, result),
    }
}

fn redraw(cx: &mut Cx<'_>, pane: PaneId) {
    if let Some(p) = cx.server.panes.get_mut(&pane) {
        p.flags |= PaneFlags::REDRAW;
        let window = p.window;
        cx.server.redraw_window_panes(window);
    }
}

/// The key table of the top mode, if it uses one.
pub fn key_table(cx: &mut Cx<'_>, pane: PaneId) -> Option<String> {
    with_top(cx, pane, |cx, entry| entry.mode.key_table(cx, pane)).flatten()
}

/// Passes a key that no key table took to the top mode. False without a mode.
pub fn key(cx: &mut Cx<'_>, pane: PaneId, target: &ModeTarget, event: &KeyEvent) -> bool {
    let result = with_top(cx, pane, |cx, entry| (entry.mode.name(), entry.mode.key(cx, pane, target, event)));
    if let Some((name, result)) = result {
        settle_key(cx, pane, name, result);
    }
    result.is_some()
}

/// Sets the repeat count for the next command. False if the top mode takes no commands.
pub fn set_prefix(cx: &mut Cx<'_>, pane: PaneId, prefix: u32) -> bool {
    with_top(cx, pane, |_, entry| {
        let takes = entry.mode.takes_commands();
        if takes {
            entry.prefix = prefix;
        }
        takes
    })
    .unwrap_or(false)
}

/// `send-keys -X`. False if the top mode takes no commands.
pub fn command(cx: &mut Cx<'_>, pane: PaneId, target: &ModeTarget, args: &Args, event: &KeyEvent) -> bool {
    let result = with_top(cx, pane, |cx, entry| {
        if !entry.mode.takes_commands() {
            return None;
        }
        // A call without a command leaves the count for the next command.
        let prefix = if args.count() == 0 { entry.prefix } else { std::mem::replace(&mut entry.prefix, 1) };
        Some(entry.mode.command(cx, pane, target, args, event, prefix))
    });
    match result.flatten() {
        Some(result) => {
            settle_result(cx, pane, result);
            true
        }
        None => false,
    }
}

/// The error of the last command of the top mode, if it failed.
pub fn failure(cx: &mut Cx<'_>, pane: PaneId) -> Option<&'static str> {
    with_top(cx, pane, |_, entry| entry.mode.take_failure()).flatten()
}

/// Reports whether an item must wait for unfinished work of the top mode.
pub fn wait(cx: &mut Cx<'_>, pane: PaneId, item: ItemId) -> bool {
    with_top(cx, pane, |_, entry| entry.mode.wait(item)).unwrap_or(false)
}

/// Rows of the top mode as `capture-pane -M` sees them.
pub fn captured(cx: &mut Cx<'_>, pane: PaneId) -> Option<CapturedRows> {
    with_top(cx, pane, |_, entry| entry.mode.captured()).flatten()
}

/// Updates the top modes of all panes at the end of a turn: sizes, lists, the time.
pub fn update_all(cx: &mut Cx<'_>) {
    let panes: Vec<PaneId> = cx.server.panes.values().filter(|p| !p.modes.is_empty()).map(|p| p.id).collect();
    for pane in panes {
        if let Some(result) = with_top(cx, pane, |cx, entry| entry.mode.update(cx, pane)) {
            settle_result(cx, pane, result);
        }
    }
}

/// Puts the view mode of a pane on top, adding an empty one if the pane has none.
pub fn enter_view(cx: &mut Cx<'_>, pane: PaneId) {
    let on_top = cx
        .server
        .pane(pane)
        .is_some_and(|p| p.modes.first().is_some_and(|entry| entry.mode.name() == CopyMode::VIEW));
    if !on_top && raise(cx, pane, CopyMode::VIEW) == Entered::Absent {
        let Some(mode) = CopyMode::view(cx, pane) else { return };
        push(cx, pane, Box::new(mode));
    }
}

/// Adds a line of output to the view mode of a pane, entering it if it is not on top.
/// `parse`: the line may hold escape sequences.
pub fn add_view_line(cx: &mut Cx<'_>, pane: PaneId, line: &str, parse: bool) {
    enter_view(cx, pane);
    with_top(cx, pane, |cx, entry| entry.mode.add_line(line, parse, cx.now.secs()));
    if cx.server.printed_panes.last() != Some(&pane) {
        cx.server.printed_panes.push(pane);
    }
    redraw(cx, pane);
}

/// Moves added lines into view modes' rows, so that all readers see them, drawn or not. Runs once
/// for all output of a command, since each run costs a copy of the screen.
pub fn take_printed(cx: &mut Cx<'_>) {
    for pane in std::mem::take(&mut cx.server.printed_panes) {
        with_top(cx, pane, |cx, entry| {
            if entry.mode.name() == CopyMode::VIEW {
                entry.mode.update(cx, pane);
            }
        });
    }
}
