//! Variables about a client.

use super::row::{Table, flag, text};
use crate::base::clock::Now;
use crate::format::objects::Objects;
use crate::format::value::Value;
use crate::model::client::Theme;
use crate::model::{Client, ClientFlags};
use crate::options::{Chain, opt};

pub(super) const TABLE: Table = &[
    ("client_activity", |objects| time(objects.the_client()?.activity)),
    ("client_cell_height", |objects| text(on_terminal(objects)?.cell_pixels.1)),
    ("client_cell_width", |objects| text(on_terminal(objects)?.cell_pixels.0)),
    ("client_control_mode", |objects| has(objects, ClientFlags::CONTROL)),
    ("client_created", |objects| time(objects.the_client()?.created)),
    ("client_discarded", |objects| text(objects.the_client()?.discarded)),
    ("client_flags", |objects| text(flags(objects.the_client()?))),
    ("client_height", |objects| text(on_terminal(objects)?.size.rows)),
    ("client_key_table", key_table),
    ("client_last_session", |objects| {
        text(&objects.server().session(objects.the_client()?.last_session?)?.name)
    }),
    ("client_name", |objects| text(&objects.the_client()?.name)),
    ("client_pid", |objects| text(objects.the_client()?.pid)),
    ("client_prefix", |objects| flag(in_other_table(objects, objects.the_client()?))),
    ("client_readonly", |objects| has(objects, ClientFlags::READONLY)),
    ("client_session", |objects| text(&objects.server().session(objects.the_client()?.session?)?.name)),
    ("client_termfeatures", |objects| text(&objects.the_client()?.term_features)),
    ("client_termname", |objects| text(&objects.the_client()?.term_name)),
    ("client_termtype", |objects| text(&objects.the_client()?.term_type)),
    ("client_theme", |objects| match objects.the_client()?.theme? {
        Theme::Dark => text("dark"),
        Theme::Light => text("light"),
    }),
    ("client_tty", |objects| text(&objects.the_client()?.tty)),
    ("client_uid", |objects| text(objects.the_client()?.uid)),
    ("client_user", user),
    ("client_utf8", |objects| has(objects, ClientFlags::UTF8)),
    ("client_width", |objects| text(objects.the_client()?.size.cols)),
    ("client_written", |objects| text(objects.the_client()?.written)),
];

fn time(time: Now) -> Option<Value> {
    Some(Value::Time(time.secs()))
}

fn has(objects: &Objects<'_>, flags: ClientFlags) -> Option<Value> {
    flag(objects.the_client()?.flags.contains(flags))
}

/// The client, if it has a terminal.
fn on_terminal<'a>(objects: &Objects<'a>) -> Option<&'a Client> {
    objects.the_client().filter(|client| is_started(client))
}

pub(super) fn is_started(client: &Client) -> bool {
    client.flags.contains(ClientFlags::TERMINAL | ClientFlags::ATTACHED)
        && !client.flags.contains(ClientFlags::CONTROL)
}

/// The key table that the client uses by default.
fn default_table(objects: &Objects<'_>, client: &Client) -> String {
    let Some(session) = client.session.and_then(|id| objects.server().session(id)) else {
        return "root".to_owned();
    };
    let options = Chain::new(&[&session.options, &objects.server().options.session]);
    match options.get(opt::KEY_TABLE) {
        "" => "root".to_owned(),
        table => table.to_owned(),
    }
}

fn key_table(objects: &Objects<'_>) -> Option<Value> {
    let client = objects.the_client()?;
    text(client.key_table.clone().unwrap_or_else(|| default_table(objects, client)))
}

/// True if a key table other than the default is in use, as after the prefix key.
fn in_other_table(objects: &Objects<'_>, client: &Client) -> bool {
    client.key_table.as_ref().is_some_and(|table| *table != default_table(objects, client))
}

fn user(objects: &Objects<'_>) -> Option<Value> {
    let client = objects.the_client()?;
    if client.user.is_empty() {
        return text(objects.host().user_name(client.uid)?);
    }
    text(&client.user)
}

/// Flags of a client, comma-separated.
pub(super) fn flags(client: &Client) -> String {
    const NAMES: &[(ClientFlags, &str)] = &[
        (ClientFlags::ATTACHED, "attached"),
        (ClientFlags::FOCUSED, "focused"),
        (ClientFlags::CONTROL, "control-mode"),
        (ClientFlags::IGNORE_SIZE, "ignore-size"),
        (ClientFlags::NO_DETACH_ON_DESTROY, "no-detach-on-destroy"),
        (ClientFlags::CONTROL_NO_OUTPUT, "no-output"),
        (ClientFlags::CONTROL_WAIT_EXIT, "wait-exit"),
        (ClientFlags::CONTROL_PAUSE_AFTER, "pause-after"),
        (ClientFlags::READONLY, "read-only"),
        (ClientFlags::ACTIVE_PANE, "active-pane"),
        (ClientFlags::SUSPENDED, "suspended"),
        (ClientFlags::UTF8, "UTF-8"),
    ];
    let name = |&(flag, name): &(ClientFlags, &str)| match flag {
        _ if !client.flags.contains(flag) => None,
        ClientFlags::CONTROL_PAUSE_AFTER => Some(format!("{name}={}", client.pause_age_ms / 1000)),
        _ => Some(name.to_owned()),
    };
    NAMES.iter().filter_map(name).collect::<Vec<_>>().join(",")
}
