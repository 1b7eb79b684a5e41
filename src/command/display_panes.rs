//! `display-panes`.

use crate::base::{ClientId, PaneId};
use crate::model::option_access::OptionScope;
use crate::model::{Cx, Exec, ItemContext};
use crate::options::opt;
use crate::syntax::args::Args;
use crate::view::display_panes::{Chosen, DisplayPanes};
use crate::view::{message, overlay};

use super::output::error;
use super::template::Template;

pub(crate) fn display_panes(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(client) = item.target_client else { return Exec::Error };
    let Some(c) = cx.server.client(client).filter(|c| c.overlay.is_none()) else { return Exec::Normal };
    let level = c.session.map_or(OptionScope::GlobalSession, OptionScope::Session);
    let delay = if args.has('d') {
        match args.number('d', 0, i64::from(u32::MAX)) {
            Ok(delay) => delay as u64,
            Err(cause) => return error(cx, item, &format!("delay {cause}")),
        }
    } else {
        cx.server.option(level, opt::DISPLAY_PANES_TIME).max(0) as u64
    };
    let waits = !args.has('b');
    let template = Template::new(cx, item, args, 0, Some("select-pane -t \"%%%\""), false);
    let waiting = waits.then(|| item.waiting());
    let chosen: Chosen = Box::new(move |cx: &mut Cx<'_>, client: ClientId, pane: PaneId| {
        match template.commands(cx, &[pane.to_string()]) {
            Ok(list) => cx.server.queues.run_behind(waiting.as_ref(), Some(client), &list),
            Err(message) => message::queue_error(cx, client, message),
        }
    });
    let overlay = DisplayPanes { item: waits.then_some(item.id), chosen: (!args.has('N')).then_some(chosen) };
    overlay::open(cx, client, Box::new(overlay), delay);
    if waits { Exec::Wait } else { Exec::Normal }
}
