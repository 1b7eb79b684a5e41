//! Subscriptions (`refresh-client -B name:what:format`): a format is watched, and the client
//! is told when its value changes, at most once a second.

use std::collections::BTreeMap;

use crate::base::number::scan_unsigned;
use crate::base::{ClientId, PaneId, SessionId, WindowId};
use crate::format::Scope;
use crate::model::Cx;

use super::queue::with_state;
use super::write;

/// Subscriptions of one client at most; more are refused with an error.
const MAX: usize = 1000;
const INTERVAL_MS: u64 = 1000;

/// What a format is expanded for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Session,
    Pane(PaneId),
    AllPanes,
    Window(WindowId),
    AllWindows,
}

struct Subscription {
    what: What,
    format: String,
    /// Values told last, by where they were expanded.
    last: BTreeMap<(i32, Option<PaneId>), String>,
}

/// A client's subscriptions by name.
#[derive(Default)]
pub struct Subscriptions {
    by_name: BTreeMap<String, Subscription>,
    ticking: bool,
}

/// Takes `name:what:format`; `name` alone ends one. False: there are too many.
pub fn subscribe(cx: &mut Cx<'_>, id: ClientId, value: &str) -> bool {
    let Some((name, rest)) = value.split_once(':') else {
        with_state(cx, id, |_, state| state.subscriptions.by_name.remove(value));
        return true;
    };
    let Some((what, format)) = rest.split_once(':') else { return true };
    let what = parse_what(what);
    let start = with_state(cx, id, |_, state| {
        let subscriptions = &mut state.subscriptions;
        if subscriptions.by_name.len() >= MAX && !subscriptions.by_name.contains_key(name) {
            return None;
        }
        let new = Subscription { what, format: format.to_owned(), last: BTreeMap::new() };
        subscriptions.by_name.insert(name.to_owned(), new);
        Some(!std::mem::replace(&mut subscriptions.ticking, true))
    });
    let Some(start) = start else { return true };
    if start == Some(true) {
        cx.host.timer(INTERVAL_MS, Box::new(move |cx| tick(cx, id)));
    }
    start.is_some()
}

fn parse_what(text: &str) -> What {
    match text {
        "%*" => What::AllPanes,
        "@*" => What::AllWindows,
        _ => {
            // tmux: what follows the number does not matter.
            let number = |sign| text.strip_prefix(sign).and_then(scan_unsigned).map(|(number, _)| number);
            let pane = number('%').map(|id| What::Pane(PaneId(id)));
            pane.or_else(|| number('@').map(|id| What::Window(WindowId(id)))).unwrap_or(What::Session)
        }
    }
}

/// Expands all formats and tells of those that changed.
fn tick(cx: &mut Cx<'_>, id: ClientId) {
    let lines = with_state(cx, id, |cx, state| {
        if state.subscriptions.by_name.is_empty() {
            state.subscriptions.ticking = false;
            return None;
        }
        let Some(session) = cx.server.client(id).and_then(|c| c.session) else { return Some(Vec::new()) };
        let mut lines = Vec::new();
        for (name, subscription) in &mut state.subscriptions.by_name {
            changes(cx, id, session, name, subscription, &mut lines);
        }
        Some(lines)
    });
    let Some(Some(lines)) = lines else { return };
    lines.iter().for_each(|line| write(cx, id, line));
    cx.host.timer(INTERVAL_MS, Box::new(move |cx| tick(cx, id)));
}

fn changes(
    cx: &Cx<'_>,
    id: ClientId,
    session: SessionId,
    name: &str,
    subscription: &mut Subscription,
    out: &mut Vec<String>,
) {
    let scope = || Scope::new(cx.server, cx.host, cx.now).client(Some(id));
    let mut tell = |place: String, key: (i32, Option<PaneId>), value: String| {
        if subscription.last.get(&key) != Some(&value) {
            out.push(format!("%subscription-changed {name} {session} {place} : {value}"));
            subscription.last.insert(key, value);
        }
    };
    let format = &subscription.format;
    if subscription.what == What::Session {
        tell("- - -".to_owned(), (-1, None), scope().expand(format));
        return;
    }
    let Some(winlinks) = cx.server.session(session).map(|s| &s.winlinks) else { return };
    for (&index, winlink) in winlinks {
        let Some(window) = cx.server.window(winlink.window) else { continue };
        let wanted = match subscription.what {
            What::AllWindows => true,
            What::Window(w) => w == window.id,
            _ => false,
        };
        if wanted {
            let value = scope().with_winlink(session, index).expand(format);
            tell(format!("{} {index} -", window.id), (index, None), value);
        }
        for &pane in &window.panes {
            let wanted = subscription.what == What::AllPanes || subscription.what == What::Pane(pane);
            if wanted {
                let value = scope().with_pane_at(session, index, pane).expand(format);
                tell(format!("{} {index} {pane}", window.id), (index, Some(pane)), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_watched() {
        assert_eq!(parse_what("%*"), What::AllPanes);
        assert_eq!(parse_what("%3"), What::Pane(PaneId(3)));
        assert_eq!(parse_what("@*"), What::AllWindows);
        assert_eq!(parse_what("@0"), What::Window(WindowId(0)));
        assert_eq!(parse_what("@0x"), What::Window(WindowId(0)));
        assert_eq!(parse_what(""), What::Session);
    }
}
