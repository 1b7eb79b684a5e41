//! Variables about a client.

use super::{Table, Value, flag, text};
use crate::base::clock::Now;
use crate::format::scope::Scope;
use crate::model::client::Theme;
use crate::model::{Client, ClientFlags};
use crate::options::{Chain, opt};

pub(super) const TABLE: Table = &[
    ("client_activity", |scope| time(scope.the_client()?.activity)),
    ("client_cell_height", |scope| text(on_terminal(scope)?.cell_pixels.1)),
    ("client_cell_width", |scope| text(on_terminal(scope)?.cell_pixels.0)),
    ("client_control_mode", |scope| has(scope, ClientFlags::CONTROL)),
    ("client_created", |scope| time(scope.the_client()?.created)),
    ("client_discarded", |scope| text(scope.the_client()?.discarded)),
    ("client_flags", |scope| text(flags(scope.the_client()?))),
    ("client_height", |scope| text(on_terminal(scope)?.size.rows)),
    ("client_key_table", key_table),
    ("client_last_session", |scope| text(&scope.server().session(scope.the_client()?.last_session?)?.name)),
    ("client_name", |scope| text(&scope.the_client()?.name)),
    ("client_pid", |scope| text(scope.the_client()?.pid)),
    ("client_prefix", |scope| flag(in_other_table(scope, scope.the_client()?))),
    ("client_readonly", |scope| has(scope, ClientFlags::READONLY)),
    ("client_session", |scope| text(&scope.server().session(scope.the_client()?.session?)?.name)),
    ("client_termfeatures", |scope| text(&scope.the_client()?.term_features)),
    ("client_termname", |scope| text(&scope.the_client()?.term_name)),
    ("client_termtype", |scope| text(&scope.the_client()?.term_type)),
    ("client_theme", |scope| match scope.the_client()?.theme? {
        Theme::Dark => text("dark"),
        Theme::Light => text("light"),
    }),
    ("client_tty", |scope| text(&scope.the_client()?.tty)),
    ("client_uid", |scope| text(scope.the_client()?.uid)),
    ("client_user", user),
    ("client_utf8", |scope| has(scope, ClientFlags::UTF8)),
    ("client_width", |scope| text(scope.the_client()?.size.cols)),
    ("client_written", |scope| text(scope.the_client()?.written)),
];

fn time(time: Now) -> Option<Value> {
    Some(Value::Time(time.secs()))
}

fn has(scope: &Scope<'_>, flags: ClientFlags) -> Option<Value> {
    flag(scope.the_client()?.flags.contains(flags))
}

/// The client, if it has a terminal.
fn on_terminal<'a>(scope: &Scope<'a>) -> Option<&'a Client> {
    scope.the_client().filter(|client| is_started(client))
}

pub(super) fn is_started(client: &Client) -> bool {
    client.flags.contains(ClientFlags::TERMINAL | ClientFlags::ATTACHED)
        && !client.flags.contains(ClientFlags::CONTROL)
}

/// The key table that the client uses by default.
fn default_table(scope: &Scope<'_>, client: &Client) -> String {
    let Some(session) = client.session.and_then(|id| scope.server().session(id)) else {
        return "root".to_owned();
    };
    let options = Chain::new(&[&session.options, &scope.server().options.session]);
    match options.get(opt::KEY_TABLE) {
        "" => "root".to_owned(),
        table => table.to_owned(),
    }
}

fn key_table(scope: &Scope<'_>) -> Option<Value> {
    let client = scope.the_client()?;
    text(client.key_table.clone().unwrap_or_else(|| default_table(scope, client)))
}

/// True if a key table other than the default is in use, as after the prefix key.
fn in_other_table(scope: &Scope<'_>, client: &Client) -> bool {
    client.key_table.as_ref().is_some_and(|table| *table != default_table(scope, client))
}

fn user(scope: &Scope<'_>) -> Option<Value> {
    let client = scope.the_client()?;
    if client.user.is_empty() {
        return text(scope.host().user_name(client.uid)?);
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
