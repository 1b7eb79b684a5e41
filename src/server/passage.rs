//! The data of an upgrade, beside the usual records of the state file: clients with their
//! connections and terminals, command queues, and waits. The descriptors are passed over a socket;
//! records refer to them by number.

use std::os::fd::{BorrowedFd, OwnedFd};

use serde::{Deserialize, Serialize};

use crate::base::blob::Blob;
use crate::base::clock::Now;
use crate::base::{ClientId, Colour, Key, MouseEvent, MouseLocation, PaneId, SessionId, Size, WindowId};
use crate::control::ControlRecord;
use crate::model::client::{ClientWindow, MouseState, StatusMessage, Theme};
use crate::model::host::TimerId;
use crate::model::kept::Listener;
use crate::model::mode::SavedOverlay;
use crate::model::queue::ItemId;
use crate::model::queue_record::QueuesRecord;
use crate::model::waits::{SavedLooks, SavedWait};
use crate::model::{Client, ClientFlags, Delayed, FormatJob, FormatJobKey, ItemContext};
use crate::options::Environ;

use super::peer::PeerRecord;

/// A descriptor, by its index among the passed ones.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct FdNumber(usize);

/// Descriptors to pass to the next server.
#[derive(Default)]
pub(super) struct Passed(pub Vec<OwnedFd>);

impl Passed {
    pub(super) fn put(&mut self, fd: BorrowedFd<'_>) -> std::io::Result<FdNumber> {
        self.0.push(fd.try_clone_to_owned()?);
        Ok(FdNumber(self.0.len() - 1))
    }
}

/// Received descriptors. Each is taken once.
pub(super) struct Arrived(Vec<Option<OwnedFd>>);

impl Arrived {
    pub(super) fn new(fds: Vec<OwnedFd>) -> Self {
        Self(fds.into_iter().map(Some).collect())
    }

    pub(super) fn take(&mut self, number: FdNumber) -> Result<OwnedFd, String> {
        self.0.get_mut(number.0).and_then(Option::take).ok_or_else(|| "a descriptor is missing".to_owned())
    }
}

/// State that exists once per server.
#[derive(Serialize, Deserialize)]
pub(super) struct Passage {
    /// The command that asked for the upgrade.
    pub asked: ItemContext,
    pub queues: QueuesRecord,
    pub next_client: u32,
    /// Of `wait-for`: items that wait for a channel, and for its lock.
    pub waiters: Vec<(String, Vec<ItemId>, Vec<ItemId>)>,
    /// Items that wait for something in a pane, and their knowledge of panes.
    #[serde(default)]
    pub waits: Vec<SavedWait>,
    #[serde(default)]
    pub looks: SavedLooks,
    /// Waits for events.
    #[serde(default)]
    pub event_waits: Vec<String>,
    pub delayed: Vec<(u64, Listener, Delayed)>,
    pub format_jobs: Vec<(FormatJobKey, FormatJob)>,
    pub source_depth: Vec<(Option<ClientId>, u32)>,
    pub palette_queries: Vec<(ClientId, u8, PaneId)>,
    /// Input queued for programs, and for jobs by token.
    pub typed: Vec<(PaneId, Blob)>,
    pub job_input: Vec<(u64, Blob)>,
}

/// A client.
#[derive(Serialize, Deserialize)]
pub(super) struct ClientRecord {
    pub id: ClientId,
    pub name: String,
    pub pid: i32,
    pub uid: u32,
    #[serde(default)]
    pub gid: Option<u32>,
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
    #[serde(default)]
    pub withheld: Vec<u32>,
    /// Time at which the repetition of a key ends.
    pub repeat_due_ms: Option<u64>,
    pub message: Option<MessageRecord>,
    /// A prompt in its saved form.
    pub prompt: Option<String>,
    /// A menu or popup.
    #[serde(default)]
    pub overlay: Option<SavedOverlay>,
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
pub(super) struct MessageRecord {
    pub text: String,
    pub ignore_keys: bool,
    pub ignore_styles: bool,
    pub freezes: bool,
    pub due_ms: Option<u64>,
}

impl MessageRecord {
    fn take(message: &StatusMessage, due: impl Fn(TimerId) -> Option<u64>) -> Self {
        let StatusMessage { text, ignore_keys, ignore_styles, freezes, timer } = message.clone();
        Self { text, ignore_keys, ignore_styles, freezes, due_ms: timer.and_then(due) }
    }
}

impl ClientRecord {
    /// Record of a client, with what other rooms saved of it, except everything that is drawn again.
    pub(super) fn take(
        client: &Client,
        due: impl Fn(TimerId) -> Option<u64>,
        control: Option<ControlRecord>,
        overlay: Option<SavedOverlay>,
        peer: PeerRecord,
    ) -> Self {
        // A new field must be listed here: either it is passed to the next server, or the next
        // server can restore it.
        let Client {
            id,
            name,
            pid,
            uid,
            gid,
            user,
            tty,
            term_name,
            term_type,
            term_features,
            term_caps,
            flags,
            exit_status,
            exit_message,
            cwd,
            environ,
            size,
            cell_pixels,
            session,
            last_session,
            created,
            activity,
            activity_order,
            last_activity,
            key_table,
            key_table_since_ms,
            last_key,
            withheld,
            repeat_timer,
            message,
            prompt,
            mouse,
            pan,
            windows,
            status_due_ms,
            fg,
            bg,
            theme,
            pause_age_ms,
            written,
            discarded,
            last_input_ms,
            waiting_item,
            clipboard_panes,
            feature_bits,
            brackets_pastes,
            paste_since,
            // Saved by their own rooms. An overlay with a timer is closed before an upgrade.
            control: _,
            overlay: _,
            overlay_timer: _,
            // Restored when the client is drawn, which happens at once.
            animated: _,
            title: _,
            view: _,
            status_ranges: _,
            status_dirty: _,
            status_forced: _,
        } = client;
        let MouseState {
            click,
            click_location,
            // The next click restarts the wait.
            click_timer: _,
            click_pending: _,
            // A drag restarts with the next movement.
            drag_button: _,
            drag: _,
            last_pane: _,
            scrolling: _,
            slider_offset: _,
        } = mouse;
        Self {
            id: *id,
            name: name.clone(),
            pid: *pid,
            uid: *uid,
            gid: *gid,
            user: user.clone(),
            tty: tty.clone(),
            term_name: term_name.clone(),
            term_type: term_type.clone(),
            term_features: term_features.clone(),
            term_caps: term_caps.clone(),
            flags: *flags,
            exit_status: *exit_status,
            exit_message: exit_message.clone(),
            cwd: cwd.clone(),
            environ: environ.clone(),
            size: *size,
            cell_pixels: *cell_pixels,
            session: *session,
            last_session: *last_session,
            created: *created,
            activity: *activity,
            activity_order: *activity_order,
            last_activity: *last_activity,
            key_table: key_table.clone(),
            key_table_since_ms: *key_table_since_ms,
            last_key: *last_key,
            withheld: withheld.clone(),
            repeat_due_ms: repeat_timer.and_then(&due),
            message: message.as_ref().map(|message| MessageRecord::take(message, &due)),
            prompt: prompt.as_ref().and_then(|prompt| prompt.save()),
            overlay,
            click: click.map(|click| (click, *click_location)),
            pan: *pan,
            windows: windows.iter().map(|(id, window)| (*id, *window)).collect(),
            status_due_ms: *status_due_ms,
            fg: *fg,
            bg: *bg,
            theme: *theme,
            pause_age_ms: *pause_age_ms,
            written: *written,
            discarded: *discarded,
            last_input_ms: *last_input_ms,
            control,
            waiting_item: *waiting_item,
            clipboard_panes: clipboard_panes.clone(),
            feature_bits: *feature_bits,
            brackets_pastes: *brackets_pastes,
            paste_since: *paste_since,
            peer,
        }
    }
}
