//! `display-message`: a format, expanded, shown in the status line or printed.

use crate::format::Objects;
use crate::model::pane::PaneFlags;
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::view::message;

use super::json;
use super::output::{control_line, error, print};

const TEMPLATE: &str = concat!(
    "[#{session_name}] #{window_index}:#{window_name}, current pane #{pane_index} ",
    "- (%H:%M %d-%b-%y)",
);

pub(crate) fn display_message(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if args.has('I') {
        return start_input(cx, item);
    }
    if args.has('F') && args.count() != 0 {
        return error(cx, item, "only one of -F or argument must be given");
    }
    let delay_ms = match args.get('d').map(|_| args.number('d', 0, i64::from(u32::MAX))) {
        Some(Err(cause)) => return error(cx, item, &format!("delay {cause}")),
        Some(Ok(delay)) => Some(delay as u64),
        None => None,
    };
    let template = args.string(0).or_else(|| args.get('F').map(str::to_owned));
    let template = template.unwrap_or_else(|| TEMPLATE.to_owned());
    let objects = Objects::new(cx.server, cx.host, cx.now).item(item);
    let objects = objects.client(about(cx, item)).state(&item.target);
    if args.has('j') {
        let keys = [json::SERVER, json::SESSION, json::WINDOW, json::PANE];
        let mut object = json::object(&objects, &keys);
        if objects.has_client() {
            object.extend(json::object(&objects, &[json::CLIENT]));
        }
        if args.count() != 0 || args.has('F') {
            object.insert("message".to_owned(), json::string(&objects.expand_time(&template)));
        }
        json::print(cx, item, object);
        return Exec::Normal;
    }
    if args.has('a') {
        let mut lines = Vec::new();
        objects.each(|name, value| lines.push(format!("{name}={value}")));
        for line in lines {
            print(cx, item, &line);
        }
        return Exec::Normal;
    }
    let (text, log) = match () {
        () if args.has('l') => (template, Vec::new()),
        () if args.has('v') => objects.expand_time_verbose(&template),
        () => (objects.expand_time(&template), Vec::new()),
    };
    for line in log {
        print(cx, item, &line);
    }
    show(cx, item, args, delay_ms, &text)
}

/// The client that the format is expanded for: the one to show it on if its session is the target's, else
/// the best one of that session.
fn about(cx: &Cx<'_>, item: &ItemContext) -> Option<crate::base::ClientId> {
    let session = item.target.session;
    let target =
        item.target_client.filter(|&id| cx.server.client(id).is_some_and(|client| client.session == session));
    target.or_else(|| cx.server.best_client(session?))
}

fn show(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, delay_ms: Option<u64>, text: &str) -> Exec {
    let target = item.target_client.and_then(|id| cx.server.client(id));
    if item.client.is_none() {
        error(cx, item, text);
    } else if args.has('p') {
        print(cx, item, text);
    } else if let Some(client) = target {
        let id = client.id;
        if client.flags.contains(ClientFlags::CONTROL) {
            control_line(cx, id, &format!("%message {text}"));
        } else {
            let options = message::Options {
                delay_ms,
                ignore_styles: false,
                ignore_keys: args.has('N'),
                no_freeze: args.has('C'),
            };
            message::show(cx, id, text, options);
        }
    }
    Exec::Normal
}

/// `-I`: sends the client's standard input to an empty pane.
pub(crate) fn start_input(cx: &mut Cx<'_>, item: &ItemContext) -> Exec {
    let Some(pane) = item.target.pane.and_then(|id| cx.server.pane(id)) else { return Exec::Normal };
    let id = pane.id;
    if !pane.flags.contains(PaneFlags::EMPTY) {
        return error(cx, item, "pane is not empty");
    }
    let Some(client) = item.client.and_then(|id| cx.server.client(id)) else { return Exec::Normal };
    if client.session.is_some() || client.flags.intersects(ClientFlags::DEAD | ClientFlags::EXITED) {
        return Exec::Normal;
    }
    let (client, waiting) = (client.id, item.id);
    cx.host.read_file(
        Some(client),
        "-",
        Box::new(move |cx, result| {
            if let (Ok(bytes), Some(pane)) = (result, cx.server.pane(id)) {
                let (id, window) = (pane.id, pane.window);
                crate::model::timeouts::feed(cx, id, &bytes);
                cx.server.redraw_window(window);
            }
            cx.server.queues.resume(waiting);
        }),
    );
    Exec::Wait
}
