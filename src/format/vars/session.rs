//! Variables about a session and its group.

use super::row::{Table, flag, list, text};
use crate::base::{ClientId, SessionId};
use crate::format::objects::Objects;
use crate::format::value::Value;
use crate::model::session::{SessionGroup, WinlinkFlags};
use crate::model::{Client, Session};

pub(super) const TABLE: Table = &[
    ("active_window_index", |objects| text(objects.session()?.current)),
    ("last_window_index", |objects| text(objects.session()?.winlinks.keys().next_back()?)),
    ("session_active", |objects| {
        let (session, client) = (objects.session()?, objects.the_client()?);
        flag(client.session == Some(session.id))
    }),
    ("session_activity", |objects| Some(Value::Time(objects.session()?.activity.secs()))),
    // tmux: activity and silence are flags of the winlink itself, a bell that of the first winlink.
    ("session_activity_flag", |objects| winlink_flag(objects, WinlinkFlags::ACTIVITY)),
    ("session_alert", |objects| text(alert(objects.session()?))),
    ("session_alerts", |objects| text(alerts(objects.session()?))),
    ("session_attached", |objects| text(objects.session()?.attached)),
    ("session_attached_list", |objects| {
        let id = objects.session()?.id;
        list(clients(objects).filter(|c| c.session == Some(id)).map(|c| c.name.clone()))
    }),
    ("session_bell_flag", |objects| {
        let first = objects.session()?.winlinks.values().next()?;
        flag(first.flags.contains(WinlinkFlags::BELL))
    }),
    ("session_created", |objects| Some(Value::Time(objects.session()?.created.secs()))),
    ("session_group", |objects| text(&group(objects)?.name)),
    ("session_group_attached", |objects| text(group_attached(objects)?)),
    ("session_group_attached_list", |objects| {
        let group = group(objects)?;
        let member = |c: &&Client| c.session.is_some_and(|s| group.sessions.contains(&s));
        list(clients(objects).filter(member).map(|c| c.name.clone()))
    }),
    ("session_group_list", |objects| {
        let sessions = group(objects)?.sessions.iter();
        list(sessions.filter_map(|&id| session_name(objects, id)))
    }),
    ("session_group_many_attached", |objects| flag(group_attached(objects)? > 1)),
    ("session_group_size", |objects| text(group(objects)?.sessions.len())),
    ("session_grouped", |objects| {
        objects.session()?;
        flag(group(objects).is_some())
    }),
    ("session_id", |objects| text(objects.session()?.id)),
    ("session_last_attached", |objects| Some(Value::Time(objects.session()?.last_attached.secs()))),
    ("session_many_attached", |objects| flag(objects.session()?.attached > 1)),
    ("session_marked", |objects| {
        let id = objects.session()?.id;
        flag(objects.server().valid_mark().is_some_and(|marked| marked.session == id))
    }),
    ("session_name", |objects| text(&objects.session()?.name)),
    ("session_path", |objects| text(&objects.session()?.cwd)),
    ("session_silence_flag", |objects| winlink_flag(objects, WinlinkFlags::SILENCE)),
    ("session_stack", |objects| {
        let session = objects.session()?;
        list(std::iter::once(&session.current).chain(&session.last).map(i32::to_string))
    }),
    ("session_windows", |objects| text(objects.session()?.winlinks.len())),
];

fn winlink_flag(objects: &Objects<'_>, wanted: WinlinkFlags) -> Option<Value> {
    objects.session()?.winlinks.values().next()?;
    flag(objects.winlink()?.2.flags.contains(wanted))
}

/// Clients in the order in which they connected.
pub(super) fn clients<'a>(objects: &Objects<'a>) -> impl Iterator<Item = &'a Client> + use<'a> {
    let clients: &'a std::collections::BTreeMap<ClientId, Client> = &objects.server().clients;
    clients.values()
}

pub(super) fn session_name(objects: &Objects<'_>, id: SessionId) -> Option<String> {
    objects.server().session(id).map(|session| session.name.clone())
}

fn group<'a>(objects: &Objects<'a>) -> Option<&'a SessionGroup> {
    objects.server().groups.get(objects.session()?.group.as_ref()?)
}

fn group_attached(objects: &Objects<'_>) -> Option<u32> {
    let sessions = group(objects)?.sessions.iter();
    Some(sessions.filter_map(|&id| objects.server().session(id)).map(|s| s.attached).sum())
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
