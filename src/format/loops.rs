//! Loops: `#{S:…}` over sessions, `#{W:…}` over windows, `#{P:…}` over panes, `#{L:…}` over
//! clients. `#{W:all,current}` uses its second format for the current one.

use crate::base::SessionId;
use crate::model::{Session, Window};

use super::expand::Expander;
use super::modifiers::{Flags, Plan};
use super::scan::split_comma;
use super::scope::{JobTag, Scope};
use super::{lookup, sort};

/// The two formats of a loop: for each, and for the current one where that is given.
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
    let mut out = String::new();
    for (at, &id) in all.iter().enumerate() {
        ex.log(|| format!("session loop: {id}"));
        let turn = scope.fresh(JobTag::None, at + 1 == all.len());
        let turn = turn.client(scope.client_id()).with_session(id);
        out += &expand_in(ex, &turn, bodies.pick(current == Some(id)));
    }
    out
}

fn windows(ex: &Expander<'_, '_>, plan: &Plan<'_>, session: &Session, subject: &str) -> String {
    let bodies = Bodies::parse(subject);
    let scope = ex.scope;
    let all = sort::winlinks_of(scope.server(), session, plan.sort);
    let is_current = |at: Option<usize>| at.and_then(|at| all.get(at)) == Some(&session.current);
    let mut out = String::new();
    for (at, &index) in all.iter().enumerate() {
        let Some(link) = session.winlinks.get(&index) else { continue };
        ex.log(|| format!("window loop: {index} {}", link.window));
        let mut turn = scope.fresh(JobTag::Window(link.window), at + 1 == all.len());
        turn = turn.client(scope.client_id()).with_winlink(session.id, index);
        let (before, after) = (at.checked_sub(1), Some(at + 1));
        turn = turn.add("window_after_active", flag(is_current(before)));
        turn = turn.add("window_before_active", flag(is_current(after)));
        if let Some(&next) = all.get(at + 1) {
            turn = add_neighbour(turn, session, next, "next");
        }
        if let Some(&previous) = before.and_then(|before| all.get(before)) {
            turn = add_neighbour(turn, session, previous, "prev");
        }
        out += &expand_in(ex, &turn, bodies.pick(index == session.current));
    }
    out
}

fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

/// Variables about the window before or after in a loop, its user options among them.
fn add_neighbour<'a>(mut scope: Scope<'a>, session: &Session, index: i32, prefix: &str) -> Scope<'a> {
    let Some(link) = session.winlinks.get(&index) else { return scope };
    scope = scope.add(&format!("{prefix}_window_index"), index.to_string());
    scope = scope.add(&format!("{prefix}_window_active"), flag(index == session.current));
    for (name, value) in lookup::user_options(scope.server(), link.window) {
        scope = scope.add(&format!("{prefix}_{name}"), value);
    }
    scope
}

fn panes(ex: &Expander<'_, '_>, plan: &Plan<'_>, window: &Window, subject: &str) -> String {
    let bodies = Bodies::parse(subject);
    let scope = ex.scope;
    let all = sort::panes_of(scope.server(), window, plan.sort);
    let mut out = String::new();
    for (at, &id) in all.iter().enumerate() {
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
    let mut out = String::new();
    for (at, &id) in all.iter().enumerate() {
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
