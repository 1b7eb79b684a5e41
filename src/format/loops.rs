//! Loops: `#{S:…}` over sessions, `#{W:…}` over windows, `#{P:…}` over panes, `#{L:…}` over
//! clients. `#{W:all,current}` uses its second format for the current one.

use crate::base::SessionId;
use crate::model::{Session, Window};

use super::expand::{Expander, overlay};
use super::modifiers::{Flags, Plan};
use super::scan::split_comma;
use super::scope::{JobTag, Scope};
use super::{lookup, sort};

/// The two formats of a loop: one for each entry, and an optional one for the current entry.
struct Bodies<'t> {
    each: &'t str,
    current: Option<&'t str>,
}

impl<'t> Bodies<'t> {
    fn parse(text: &'t str) -> Self {
        match split_comma(text) {
            Some((each, current)) => Self { each, current: Some(current) },
            None => Self { each: text, current: None },
        }
    }

    fn pick(&self, is_current: bool) -> &'t str {
        self.current.filter(|_| is_current).unwrap_or(self.each)
    }
}

/// Runs the loop that a plan asks for; `None` when there is nothing to loop over.
pub(super) fn run(ex: &mut Expander<'_, '_>, plan: &Plan<'_>, subject: &str) -> Option<String> {
    if plan.flags.contains(Flags::SESSIONS) {
        return Some(sessions(ex, plan, subject));
    }
    if plan.flags.contains(Flags::WINDOWS) {
        let Some(session) = ex.scope.session() else {
            ex.log(|| "window loop but no session".to_owned());
            return None;
        };
        return Some(windows(ex, plan, session, subject));
    }
    if plan.flags.contains(Flags::PANES) {
        let Some(window) = ex.scope.window() else {
            ex.log(|| "pane loop but no window".to_owned());
            return None;
        };
        return Some(panes(ex, plan, window, subject));
    }
    Some(clients(ex, plan, subject))
}

fn expand_in<'a>(ex: &Expander<'_, 'a>, scope: &Scope<'a>, body: &str) -> String {
    let mut inner =
        Expander { scope, shared: ex.shared, depth: ex.depth, time: ex.time, no_jobs: ex.no_jobs };
    inner.expand(body)
}

fn sessions(ex: &Expander<'_, '_>, plan: &Plan<'_>, subject: &str) -> String {
    let bodies = Bodies::parse(subject);
    let scope = ex.scope;
    let current = scope.the_client().and_then(|client| client.session);
    let all = sort::sessions(scope.server(), plan.sort);
    overlay(&mut ex.shared.lists.borrow_mut().sessions, &all);
    let mut out = String::new();
    for at in 0..all.len() {
        let id = ex.shared.lists.borrow().sessions[at];
        ex.log(|| format!("session loop: {id}"));
        let turn = scope.fresh(JobTag::None, at + 1 == all.len());
        let turn = turn.client(scope.client_id()).with_session(id);
        out += &expand_in(ex, &turn, bodies.pick(current == Some(id)));
    }
    out
}

fn windows(ex: &Expander<'_, '_>, plan: &Plan<'_>, session: &Session, subject: &str) -> String {
    let bodies = Bodies::parse(subject);
    let (scope, server) = (ex.scope, ex.scope.server());
    let all: Vec<_> =
        sort::winlinks_of(server, session, plan.sort).iter().map(|&index| (session.id, index)).collect();
    overlay(&mut ex.shared.lists.borrow_mut().winlinks, &all);
    let current = (session.id, session.current);
    let mut out = String::new();
    for at in 0..all.len() {
        let (before, here, after) = {
            let list = &ex.shared.lists.borrow().winlinks[..all.len()];
            (at.checked_sub(1).map(|before| list[before]), list[at], list.get(at + 1).copied())
        };
        let Some(window) = server.winlink_window(here.0, here.1) else { continue };
        ex.log(|| format!("window loop: {} {window}", here.1));
        let mut turn = scope.fresh(JobTag::Window(window), at + 1 == all.len());
        turn = turn.client(scope.client_id()).with_foreign_winlink(session.id, here);
        turn = turn.add("window_after_active", flag(before == Some(current)));
        turn = turn.add("window_before_active", flag(after == Some(current)));
        if let Some(next) = after {
            turn = add_neighbour(turn, next, current, "next");
        }
        if let Some(previous) = before {
            turn = add_neighbour(turn, previous, current, "prev");
        }
        out += &expand_in(ex, &turn, bodies.pick(here == current));
    }
    out
}

fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

/// Adds variables about the previous or next window of a loop, with its user options.
fn add_neighbour<'a>(
    mut scope: Scope<'a>,
    link: (SessionId, i32),
    current: (SessionId, i32),
    prefix: &str,
) -> Scope<'a> {
    let Some(window) = scope.server().winlink_window(link.0, link.1) else { return scope };
    scope = scope.add(&format!("{prefix}_window_index"), link.1.to_string());
    scope = scope.add(&format!("{prefix}_window_active"), flag(link == current));
    for (name, value) in lookup::user_options(scope.server(), window) {
        scope = scope.add(&format!("{prefix}_{name}"), value);
    }
    scope
}

fn panes(ex: &Expander<'_, '_>, plan: &Plan<'_>, window: &Window, subject: &str) -> String {
    let bodies = Bodies::parse(subject);
    let scope = ex.scope;
    let all = sort::panes_of(scope.server(), window, plan.sort);
    overlay(&mut ex.shared.lists.borrow_mut().panes, &all);
    let mut out = String::new();
    for at in 0..all.len() {
        let id = ex.shared.lists.borrow().panes[at];
        ex.log(|| format!("pane loop: {id}"));
        let turn = scope.fresh(JobTag::Pane(id), at + 1 == all.len()).client(scope.client_id());
        let turn = match scope.winlink() {
            Some((session, index, _)) => turn.with_pane_at(session.id, index, id),
            None => turn.with_pane(id),
        };
        out += &expand_in(ex, &turn, bodies.pick(id == window.active));
    }
    out
}

fn clients(ex: &Expander<'_, '_>, plan: &Plan<'_>, subject: &str) -> String {
    let scope = ex.scope;
    let all = sort::clients(scope.server(), plan.sort);
    let place: Option<(SessionId, i32)> = scope.winlink().map(|(session, index, _)| (session.id, index));
    overlay(&mut ex.shared.lists.borrow_mut().clients, &all);
    let mut out = String::new();
    for at in 0..all.len() {
        let id = ex.shared.lists.borrow().clients[at];
        if let Some(client) = scope.server().client(id) {
            ex.log(|| format!("client loop: {}", client.name));
        }
        let mut turn = scope.fresh(JobTag::None, at + 1 == all.len());
        turn = turn.owner(Some(id)).client(Some(id));
        turn = match (place, scope.pane()) {
            (Some((session, index)), Some(pane)) => turn.with_pane_at(session, index, pane.id),
            (Some((session, index)), None) => turn.with_winlink(session, index),
            _ => turn,
        };
        out += &expand_in(ex, &turn, subject);
    }
    out
}
