//! Selections of very many rows are copied beside the loop: the command that copies begins it, its
//! item waits, and the command runs again once the text is there. If the mode is closed meanwhile, only
//! what was selected is copied.

use std::sync::Arc;

use parking_lot::Mutex;

use super::mode::CopyMode;
use super::selection::Copying;
use super::state::CopyState;
use super::{commands, effects};
use crate::base::PaneId;
use crate::base::history::HistoryView;
use crate::base::links::Links;
use crate::model::Cx;
use crate::model::mode::{ModeTarget, PaneMode};
use crate::model::queue::{ItemId, KeyEvent};
use crate::syntax::args::Args;

/// Rows from which on this is done; fewer are copied at once.
const MANY_ROWS: usize = if cfg!(test) { 64 } else { 4096 };

/// The name of a command without what it does besides copying.
fn base_name(name: &str) -> &str {
    name.strip_suffix("-and-cancel").or_else(|| name.strip_suffix("-no-clear")).unwrap_or(name)
}

/// Commands that take the selection.
fn takes_selection(name: &str) -> bool {
    matches!(base_name(name), "append-selection" | "copy-selection" | "copy-pipe" | "pipe")
}

/// Commands that wait for a copying whose mode is closed.
pub(super) type Waiting = Mutex<Vec<ItemId>>;

/// A command to be run again.
struct Again {
    of: Arc<Waiting>,
    target: ModeTarget,
    args: Args,
    /// Its flags and arguments when it began, for a mode that is closed meanwhile.
    given: Option<(String, Vec<String>)>,
    event: KeyEvent,
}

impl CopyState {
    /// The selection as something that another thread can read, if it has very many rows.
    fn long_selection(&self) -> Option<(Copying, impl HistoryView + use<>)> {
        let copying = self.copying().filter(|copying| copying.rows().len() > MANY_ROWS)?;
        Some((copying, self.back.reader()))
    }
}

impl CopyMode {
    /// Begins to copy beside the loop, if a command has to wait for that.
    pub(super) fn copy_ahead(
        &mut self,
        cx: &mut Cx<'_>,
        pane: PaneId,
        (name, args): (&str, &Args),
        target: &ModeTarget,
        event: &KeyEvent,
    ) -> bool {
        if self.state.ahead.is_some() || target.state.session.is_none() || !takes_selection(name) {
            return false;
        }
        let Some((mut copying, mut reader)) = self.state.long_selection() else { return false };
        let of = Arc::new(Waiting::default());
        self.copying = Some(of.clone());
        let given = self.given(cx, pane, target, args);
        let again = Again { of, target: *target, args: args.clone(), given, event: *event };
        cx.host.background(Box::new(move || {
            let rows = copying.rows();
            reader.scan(rows.start as u64..rows.end as u64, &mut Links::new(), &mut |row, _| {
                copying.take(row);
                true
            });
            let text = copying.text();
            Box::new(move |cx| run_again(cx, pane, &again, text))
        }));
        true
    }
}

/// Runs the command whose text is there now.
fn run_again(cx: &mut Cx<'_>, pane: PaneId, again: &Again, text: Option<String>) {
    let is_it =
        |mode: &CopyMode| mode.copying.as_ref().is_some_and(|copying| Arc::ptr_eq(copying, &again.of));
    let mut text = Some(text);
    let result = crate::view::modes::with_top(cx, pane, |cx, entry| {
        let mode = entry.mode.as_any().downcast_mut::<CopyMode>().filter(|mode| is_it(mode))?;
        mode.copying = None;
        mode.state.ahead = text.take();
        Some(mode.command(cx, pane, &again.target, &again.args, &again.event, 1))
    });
    if let Some(result) = result.flatten() {
        return crate::view::modes::settle_result(cx, pane, result);
    }
    // tmux: copies before anything else happens, so the copy is made without the mode.
    if let (Some((flags, given)), Some(text)) = (&again.given, text.take().flatten()) {
        let name = again.args.to_vector().first().cloned().unwrap_or_default();
        for effect in commands::copied(base_name(&name), flags, given, text) {
            effects::perform(cx, pane, &again.target, effect);
        }
    }
    let covered = cx.server.panes.get_mut(&pane).and_then(|p| {
        let mut modes = p.modes.iter_mut().filter_map(|entry| entry.mode.as_any().downcast_mut::<CopyMode>());
        modes.find(|mode| is_it(mode))
    });
    let mut waiting = std::mem::take(&mut *again.of.lock());
    if let Some(mode) = covered {
        mode.copying = None;
        waiting.append(&mut mode.take_waiting());
    }
    waiting.into_iter().for_each(|item| cx.server.queues.resume(item));
}

#[cfg(test)]
mod tests {
    use super::super::tests::long_state;
    use super::*;

    #[test]
    fn a_selection_read_elsewhere_is_the_selection() {
        for vi in [false, true] {
            for rectangle in [false, true] {
                let mut state = long_state(vi);
                let (top, bottom) = (0, state.back.last());
                state.set_cursor(3, 0);
                state.oy = state.back.hsize - top;
                state.start_selection();
                state.set_rectangle(rectangle);
                state.oy = 0;
                state.set_cursor(7, state.back.rows - 1);
                state.update_selection(false);
                let (mut copying, mut reader) = state.long_selection().expect("a long one");
                assert_eq!(copying.rows(), top..bottom + 1);
                reader.scan(top as u64..bottom as u64 + 1, &mut Links::new(), &mut |row, _| {
                    copying.take(row);
                    true
                });
                let text = copying.text();
                let cells = state.back.line(2).text(state.back.cols);
                assert!(rectangle || text.as_ref().is_some_and(|text| text.contains(&cells)), "{text:?}");
                assert_eq!(text, state.selected_text(), "vi {vi}, rectangle {rectangle}");
            }
        }
    }
}
