//! Variables about a session and its group.

use super::{Table, Value, flag, list, text};
use crate::base::{ClientId, SessionId};
use crate::format::scope::Scope;
use crate::model::session::{SessionGroup, WinlinkFlags};
use crate::model::{Client, Session};

pub(super) const TABLE: Table = &[
    ("active_window_index", |scope| text(scope.session()?.current)),
    ("last_window_index", |scope| text(scope.session()?.winlinks.keys().next_back()?)),
    ("session_active", |scope| {
        let (session, client) = (scope.session()?, scope.the_client()?);
        flag(client.session == Some(session.id))
    }),
    ("session_activity", |scope| Some(Value::Time(scope.session()?.activity.secs()))),
    // tmux: activity and silence are flags of the scope's winlink, a bell that of the first winlink.
    ("session_activity_flag", |scope| winlink_flag(scope, WinlinkFlags::ACTIVITY)),
    ("session_alert", |scope| text(alert(scope.session()?))),
    ("session_alerts", |scope| text(alerts(scope.session()?))),
    ("session_attached", |scope| text(scope.session()?.attached)),
    ("session_attached_list", |scope| {
        let id = scope.session()?.id;
        list(clients(scope).filter(|c| c.session == Some(id)).map(|c| c.name.clone()))
    }),
    ("session_bell_flag", |scope| {
        let first = scope.session()?.winlinks.values().next()?;
        flag(first.flags.contains(WinlinkFlags::BELL))
    }),
    ("session_created", |scope| Some(Value::Time(scope.session()?.created.secs()))),
    ("session_group", |scope| text(&group(scope)?.name)),
    ("session_group_attached", |scope| text(group_attached(scope)?)),
    ("session_group_attached_list", |scope| {
        let group = group(scope)?;
        let member = |c: &&Client| c.session.is_some_and(|s| group.sessions.contains(&s));
        list(clients(scope).filter(member).map(|c| c.name.clone()))
    }),
    ("session_group_list", |scope| {
        let sessions = group(scope)?.sessions.iter();
        list(sessions.filter_map(|&id| session_name(scope, id)))
    }),
    ("session_group_many_attached", |scope| flag(group_attached(scope)? > 1)),
    ("session_group_size", |scope| text(group(scope)?.sessions.len())),
    ("session_grouped", |scope| {
        scope.session()?;
        flag(group(scope).is_some())
    }),
    ("session_id", |scope| text(scope.session()?.id)),
    ("session_last_attached", |scope| Some(Value::Time(scope.session()?.last_attached.secs()))),
    ("session_many_attached", |scope| flag(scope.session()?.attached > 1)),
    ("session_marked", |scope| {
        let id = scope.session()?.id;
        flag(scope.server().valid_mark().is_some_and(|marked| marked.session == id))
    }),
    ("session_name", |scope| text(&scope.session()?.name)),
    ("session_path", |scope| text(&scope.session()?.cwd)),
    ("session_silence_flag", |scope| winlink_flag(scope, WinlinkFlags::SILENCE)),
    ("session_stack", |scope| {
        let session = scope.session()?;
        list(std::iter::once(&session.current).chain(&session.last).map(i32::to_string))
    }),
    ("session_windows", |scope| text(scope.session()?.winlinks.len())),
];

fn winlink_flag(scope: &Scope<'_>, wanted: WinlinkFlags) -> Option<Value> {
    scope.session()?.winlinks.values().next()?;
    flag(scope.winlink()?.2.flags.contains(wanted))
}

/// Clients in the order in which they connected.
pub(super) fn clients<'a>(scope: &Scope<'a>) -> impl Iterator<Item = &'a Client> + use<'a> {
    let clients: &'a std::collections::BTreeMap<ClientId, Client> = &scope.server().clients;
    clients.values()
}

pub(super) fn session_name(scope: &Scope<'_>, id: SessionId) -> Option<String> {
    scope.server().session(id).map(|session| session.name.clone())
}

fn group<'a>(scope: &Scope<'a>) -> Option<&'a SessionGroup> {
    scope.server().groups.get(scope.session()?.group.as_ref()?)
}

fn group_attached(scope: &Scope<'_>) -> Option<u32> {
    let sessions = group(scope)?.sessions.iter();
    Some(sessions.filter_map(|&id| scope.server().session(id)).map(|s| s.attached).sum())
}

const ALERTS: [(WinlinkFlags, char); 4] = [
    (WinlinkFlags::ACTIVITY, '#'),
    (WinlinkFlags::BELL, '!'),
    (WinlinkFlags::SILENCE, '~'),
    (WinlinkFlags::NOTIFIED, '@'),
];

/// One character for each kind of alert in the session, in the order of winlinks.
fn alert(session: &Session) -> String {
    let mut out = String::new();
    for link in session.winlinks.values() {
        for (flag, sign) in ALERTS {
            if link.flags.contains(flag) && !out.contains(sign) {
                out.push(sign);
            }
        }
    }
    out
}

/// Windows with alerts: their indexes and kinds of alert.
fn alerts(session: &Session) -> String {
    let alerted = session.winlinks.iter().filter(|(_, link)| link.flags.intersects(WinlinkFlags::ALERTS));
    let entry = |(index, link): (&i32, &crate::model::Winlink)| {
        let signs = ALERTS.iter().filter(|(flag, _)| link.flags.contains(*flag));
        format!("{index}{}", signs.map(|(_, sign)| *sign).collect::<String>())
    };
    alerted.map(entry).collect::<Vec<_>>().join(",")
}
