//! What one server hands over to the one in its place beside the state file's usual records:
//! clients with their connections and terminals, command queues, and what waits for whom. The
//! descriptors go over a socket; records name them by number.

use std::os::fd::{BorrowedFd, OwnedFd};

use base64::Engine;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::clock::Now;
use crate::base::{ClientId, Colour, Key, MouseEvent, MouseLocation, PaneId, SessionId, Size, WindowId};
use crate::control::ControlRecord;
use crate::model::client::{ClientWindow, Theme};
use crate::model::host::TimerId;
use crate::model::kept::Listener;
use crate::model::queue::ItemId;
use crate::model::queue_record::QueuesRecord;
use crate::model::{ClientFlags, Delayed, FormatJob, FormatJobKey, ItemContext};
use crate::options::Environ;

use super::peer::PeerRecord;

/// Bytes, which are written as text.
#[derive(Clone, Debug, Default)]
pub struct Blob(pub Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text);
        bytes.map(Self).map_err(serde::de::Error::custom)
    }
}

/// A descriptor, by its place among those that are passed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FdNumber(usize);

/// Descriptors on their way to the next server.
#[derive(Default)]
pub struct Passed(pub Vec<OwnedFd>);

impl Passed {
    pub fn put(&mut self, fd: BorrowedFd<'_>) -> std::io::Result<FdNumber> {
        self.0.push(fd.try_clone_to_owned()?);
        Ok(FdNumber(self.0.len() - 1))
    }
}

/// Descriptors that have come. Each is taken once.
pub struct Arrived(Vec<Option<OwnedFd>>);

impl Arrived {
    pub fn new(fds: Vec<OwnedFd>) -> Self {
        Self(fds.into_iter().map(Some).collect())
    }

    pub fn take(&mut self, number: FdNumber) -> Result<OwnedFd, String> {
        self.0.get_mut(number.0).and_then(Option::take).ok_or_else(|| "a descriptor is missing".to_owned())
    }
}

/// What there is one of.
#[derive(Serialize, Deserialize)]
pub struct Passage {
    /// The command that asked for the upgrade.
    pub asked: ItemContext,
    pub queues: QueuesRecord,
    pub next_client: u32,
    /// Of `wait-for`: who waits, and who waits for a lock.
    pub waiters: Vec<(String, Vec<ItemId>, Vec<ItemId>)>,
    pub delayed: Vec<(u64, Listener, Delayed)>,
    pub format_jobs: Vec<(FormatJobKey, FormatJob)>,
    pub source_depth: Vec<(Option<ClientId>, u32)>,
    pub palette_queries: Vec<(ClientId, u8, PaneId)>,
    /// What waits for programs, and for jobs by their tokens.
    pub typed: Vec<(PaneId, Blob)>,
    pub job_input: Vec<(u64, Blob)>,
}

/// A client.
#[derive(Serialize, Deserialize)]
pub struct ClientRecord {
    pub id: ClientId,
    pub name: String,
    pub pid: i32,
    pub uid: u32,
    pub user: String,
    pub tty: String,
    pub term_name: String,
    pub term_type: String,
    pub term_features: String,
    pub term_caps: Vec<String>,
    pub flags: ClientFlags,
    pub exit_status: i32,
    pub exit_message: Option<String>,
    pub cwd: String,
    pub environ: Environ,
    pub size: Size,
    pub cell_pixels: (u32, u32),
    pub session: Option<SessionId>,
    pub last_session: Option<SessionId>,
    pub created: Now,
    pub activity: Now,
    pub activity_order: u64,
    pub last_activity: Now,
    pub key_table: Option<String>,
    pub key_table_since_ms: u64,
    pub last_key: Option<Key>,
    /// When the time for repeating a key is over.
    pub repeat_due_ms: Option<u64>,
    pub message: Option<MessageRecord>,
    /// A prompt, as it saves itself.
    pub prompt: Option<String>,
    pub click: Option<(MouseEvent, Option<MouseLocation>)>,
    pub pan: Option<(WindowId, u32, u32)>,
    pub windows: Vec<(WindowId, ClientWindow)>,
    pub status_due_ms: u64,
    pub fg: Option<Colour>,
    pub bg: Option<Colour>,
    pub theme: Option<Theme>,
    pub pause_age_ms: u32,
    pub written: u64,
    pub discarded: u64,
    pub last_input_ms: u64,
    pub control: Option<ControlRecord>,
    pub waiting_item: Option<ItemId>,
    pub clipboard_panes: Vec<PaneId>,
    pub feature_bits: u32,
    pub brackets_pastes: bool,
    pub paste_since: i64,
    pub peer: PeerRecord,
}

/// A message in a client's status line.
#[derive(Serialize, Deserialize)]
pub struct MessageRecord {
    pub text: String,
    pub ignore_keys: bool,
    pub ignore_styles: bool,
    pub freezes: bool,
    pub due_ms: Option<u64>,
}

impl ClientRecord {
    /// All of a client but what goes with its peer and its control state, and what is drawn again.
    pub fn take(
        client: &crate::model::Client,
        due: impl Fn(TimerId) -> Option<u64>,
        control: Option<ControlRecord>,
        peer: PeerRecord,
    ) -> Self {
        let client = &client;
        Self {
            id: client.id,
            name: client.name.clone(),
            pid: client.pid,
            uid: client.uid,
            user: client.user.clone(),
            tty: client.tty.clone(),
            term_name: client.term_name.clone(),
            term_type: client.term_type.clone(),
            term_features: client.term_features.clone(),
            term_caps: client.term_caps.clone(),
            flags: client.flags,
            exit_status: client.exit_status,
            exit_message: client.exit_message.clone(),
            cwd: client.cwd.clone(),
            environ: client.environ.clone(),
            size: client.size,
            cell_pixels: client.cell_pixels,
            session: client.session,
            last_session: client.last_session,
            created: client.created,
            activity: client.activity,
            activity_order: client.activity_order,
            last_activity: client.last_activity,
            key_table: client.key_table.clone(),
            key_table_since_ms: client.key_table_since_ms,
            last_key: client.last_key,
            repeat_due_ms: client.repeat_timer.and_then(&due),
            message: client.message.as_ref().map(|message| MessageRecord {
                text: message.text.clone(),
                ignore_keys: message.ignore_keys,
                ignore_styles: message.ignore_styles,
                freezes: message.freezes,
                due_ms: message.timer.and_then(&due),
            }),
            prompt: client.prompt.as_ref().and_then(|prompt| prompt.save()),
            click: client.mouse.click.map(|click| (click, client.mouse.click_location)),
            pan: client.pan,
            windows: client.windows.iter().map(|(id, window)| (*id, *window)).collect(),
            status_due_ms: client.status_due_ms,
            fg: client.fg,
            bg: client.bg,
            theme: client.theme,
            pause_age_ms: client.pause_age_ms,
            written: client.written,
            discarded: client.discarded,
            last_input_ms: client.last_input_ms,
            control,
            waiting_item: client.waiting_item,
            clipboard_panes: client.clipboard_panes.clone(),
            feature_bits: client.feature_bits,
            brackets_pastes: client.brackets_pastes,
            paste_since: client.paste_since,
            peer,
        }
    }
}
