//! Notifications as lines of control mode.

use crate::base::{ClientId, WindowId};
use crate::format::Objects;
use crate::model::notify::Notification;
use crate::model::{Client, ClientFlags, Cx};

use super::queue::write_line;

/// Format of the line for a changed layout of a window.
const LAYOUT: &str =
    "%layout-change #{window_id} #{window_layout} #{window_visible_layout} #{window_raw_flags}";

/// Maximum number of bytes queued for a client that exits, beyond which it gets no more notifications.
const MOST_WHEN_LEAVING: usize = 4096;

/// Sends a notification to all control clients, if control mode has a line for it.
pub(crate) fn notify(cx: &mut Cx<'_>, notification: &Notification) {
    // More lines would delay the exit of a client that does not read. (As on tmux's main branch; 3.7c
    // waits for the client.)
    let reads = |c: &Client| {
        !c.flags.contains(ClientFlags::EXIT) || cx.host.control_pending(c.id) < MOST_WHEN_LEAVING
    };
    let clients: Vec<ClientId> =
        cx.server.clients.values().filter(|c| c.control.is_some() && reads(c)).map(|c| c.id).collect();
    if clients.is_empty() {
        return;
    }
    for id in clients {
        if let Some(line) = words(cx, id, notification) {
            write_line(cx, id, &line);
        }
    }
}

/// True if a client's session has a window; `None` without a session.
fn has_window(cx: &Cx<'_>, id: ClientId, window: WindowId) -> Option<bool> {
    let session = cx.server.session(cx.server.client(id)?.session?)?;
    Some(session.winlinks.values().any(|wl| wl.window == window))
}

fn words(cx: &Cx<'_>, id: ClientId, n: &Notification) -> Option<String> {
    let about_window = |verb: &str, rest: String| {
        let window = n.window?;
        let prefix = if has_window(cx, id, window)? { "" } else { "unlinked-" };
        Some(format!("%{prefix}window-{verb} {window}{rest}"))
    };
    match n.kind.name() {
        "pane-mode-changed" => Some(format!("%pane-mode-changed {}", n.pane?)),
        "window-layout-changed" => layout(cx, id, n.window?),
        "window-pane-changed" => {
            let id = n.window?;
            let active = match cx.server.window(id) {
                Some(window) => window.active,
                None => n.gone.as_ref()?.active?,
            };
            Some(format!("%window-pane-changed {id} {active}"))
        }
        "window-unlinked" => about_window("close", String::new()),
        "window-linked" => about_window("add", String::new()),
        "window-renamed" => {
            let window = cx.server.window(n.window?);
            let name = window.map_or_else(|| Some(&n.gone.as_ref()?.name), |w| Some(&w.name))?;
            about_window("renamed", format!(" {name}"))
        }
        "client-session-changed" => session_changed(cx, id, n.client?),
        "client-detached" => {
            let name = n.formats.iter().find(|(name, _)| name == "hook_client")?;
            Some(format!("%client-detached {}", name.1))
        }
        "session-renamed" => {
            let id = n.session?;
            let name =
                cx.server.session(id).map_or_else(|| Some(&n.gone.as_ref()?.name), |s| Some(&s.name))?;
            Some(format!("%session-renamed {id} {name}"))
        }
        "session-created" | "session-closed" => Some("%sessions-changed".to_owned()),
        "session-window-changed" => {
            let session = n.session?;
            Some(format!("%session-window-changed {session} {}", cx.server.current_window(session)?))
        }
        "paste-buffer-changed" => Some(format!("%paste-buffer-changed {}", n.buffer.as_ref()?)),
        "paste-buffer-deleted" => Some(format!("%paste-buffer-deleted {}", n.buffer.as_ref()?)),
        "pane-oom" => Some(format!("%pane-oom {}", n.pane?)),
        _ => None,
    }
}

fn layout(cx: &Cx<'_>, id: ClientId, window: WindowId) -> Option<String> {
    if !has_window(cx, id, window)? {
        return None;
    }
    let w = cx.server.window(window)?;
    w.layout.root?;
    let (session, index) = *w.winlinks.first()?;
    Some(Objects::new(cx.server, cx.host, cx.now).with_winlink(session, index).expand(LAYOUT))
}

fn session_changed(cx: &Cx<'_>, id: ClientId, changed: ClientId) -> Option<String> {
    cx.server.client(id)?.session?;
    let client = cx.server.client(changed)?;
    let session = cx.server.session(client.session?)?;
    Some(if changed == id {
        format!("%session-changed {} {}", session.id, session.name)
    } else {
        format!("%client-session-changed {} {} {}", client.name, session.id, session.name)
    })
}
