//! Shared by the commands that make panes: arguments of programs, titles, and the format of `-P`.

use crate::base::PaneId;
use crate::model::events::EventKind;
use crate::model::spawn::{Spawn, SpawnFlags};
use crate::model::{Cx, FindState, ItemContext};
use crate::syntax::args::Args;

use super::{output, place};

/// Default format of `-P`.
pub(super) const TEMPLATE: &str = "#{session_name}:#{window_index}.#{pane_index}";

/// Arguments that all commands that start programs share: directory, command, environment.
pub(super) fn spawn_for(cx: &Cx<'_>, item: &ItemContext, args: &Args, about: &FindState) -> Spawn {
    let session = item.target.session.expect("the target of a command that spawns has a session");
    let about = FindState { session: about.session, ..FindState::default() };
    Spawn {
        client: item.client,
        cwd_session: Some(session),
        argv: args.to_vector(),
        environ: args.all('e').to_vec(),
        cwd: args.get('c').map(|format| place::expand(cx, item, format, item.client, &about)),
        ..Spawn::new(session)
    }
}

/// Arguments of the commands that start a program in place of another one, at a window's index.
pub(super) fn respawn_for(cx: &Cx<'_>, item: &ItemContext, args: &Args, index: i32) -> Spawn {
    let mut flags = SpawnFlags::RESPAWN;
    flags.set(SpawnFlags::KILL, args.has('k'));
    flags.set(SpawnFlags::EMPTY, args.has('E'));
    Spawn { index: Some(index), flags, ..spawn_for(cx, item, args, &item.target) }
}

/// Prints what `-P` asks for about a pane that was made.
pub(super) fn print_made(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, state: &FindState) {
    if args.has('P') {
        let text = place::expand(cx, item, args.get('F').unwrap_or(TEMPLATE), item.target_client, state);
        output::print(cx, item, &text);
    }
}

/// Sets the title of a pane to an expanded format. A title that is not valid UTF-8 changes nothing.
pub(super) fn set_title(cx: &mut Cx<'_>, item: &ItemContext, pane: PaneId, format: &str) {
    let title = place::expand_target(cx, item, format);
    let Some(title) = crate::model::names::clean_name(&title, false) else { return };
    let Some(p) = cx.server.pane(pane) else { return };
    let window = p.window;
    p.terminal.lock().set_title(title.clone());
    let event = cx.server.pane_event(EventKind::PaneTitleChanged, pane);
    cx.server.notify(event.with("new_title", title));
    cx.server.redraw_window_borders(window);
    cx.server.status_window(window);
}
