//! The command queues: one for each client and one for commands without a client. This is the
//! data; `command::queue` runs it. Floors above append and insert items here.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::extra_keys;
use crate::base::{ClientId, Key, KeyAction, KeyReport, MouseEvent};
use crate::syntax::command::{CommandList, Invocation};
use crate::syntax::parse::NoContext;
use crate::syntax::{Origin, parse_string};
use crate::terminal::Pressed;

use super::Cx;
use super::find::FindState;
use super::notify::Notification;

/// Names an item while it waits, so that whoever finishes its work can resume it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ItemId(pub u64);

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    pub struct StateFlags: u8 {
        /// The key that ran this may repeat.
        const REPEAT = 0x1;
        /// From a control client: output is wrapped in `%begin` and `%end`.
        const CONTROL = 0x2;
        /// Do not run hooks (already inside one).
        const NOHOOKS = 0x4;
    }
}

/// The key (or mouse event) that led to a command.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct KeyEvent {
    pub key: Key,
    pub mouse: MouseEvent,
    /// What kitty's keyboard protocol told of the key.
    #[serde(default)]
    pub report: Option<KeyReport>,
}

impl KeyEvent {
    /// Whether the key was let go.
    pub fn is_release(&self) -> bool {
        self.report.is_some_and(|report| report.action == KeyAction::Release)
    }

    /// Whether only programs may want to know: a key that was let go, or a modifier by itself.
    pub fn is_for_programs(&self) -> bool {
        self.is_release() || self.report.is_some_and(|report| extra_keys::is_modifier(report.number))
    }

    /// The key as it was pressed, to be encoded for a program.
    pub fn pressed(&self) -> Pressed {
        Pressed { key: self.key, report: self.report }
    }
}

impl Default for KeyEvent {
    fn default() -> Self {
        Self { key: Key::NONE, mouse: MouseEvent::default(), report: None }
    }
}

/// What the commands of one list share: where they came from. Changed by commands that change
/// the current target (`new-session`, `switch-client`, …), hence a mutex.
#[derive(Debug, Default)]
pub struct QueueState {
    /// Tells it from all others of this server, where it is written down.
    number: StateNumber,
    pub flags: StateFlags,
    pub event: KeyEvent,
    /// The current session, window and pane for targets that are not given.
    pub current: parking_lot::Mutex<FindState>,
    /// Extra format variables (hook variables and the like), in order.
    pub formats: parking_lot::Mutex<Vec<(String, String)>>,
}

impl QueueState {
    pub fn new(current: FindState, event: KeyEvent, flags: StateFlags) -> Arc<Self> {
        Arc::new(Self {
            number: StateNumber::default(),
            flags,
            event,
            current: parking_lot::Mutex::new(current),
            formats: Default::default(),
        })
    }

    /// The same, as the start of a nested list (a hook, an `if-shell`): its own copy.
    pub fn copy(&self, extra: StateFlags) -> Arc<Self> {
        Arc::new(Self {
            number: StateNumber::default(),
            flags: self.flags | extra,
            event: self.event,
            current: parking_lot::Mutex::new(*self.current.lock()),
            formats: parking_lot::Mutex::new(self.formats.lock().clone()),
        })
    }

    pub fn add_format(&self, name: &str, value: impl Into<String>) {
        let mut formats = self.formats.lock();
        formats.retain(|(n, _)| n != name);
        formats.push((name.to_owned(), value.into()));
    }
}

#[derive(Debug)]
struct StateNumber(u64);

impl Default for StateNumber {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A `QueueState` as it is written down, wherever it is referred to.
#[derive(Serialize, Deserialize)]
struct StateRecord {
    number: u64,
    flags: StateFlags,
    event: KeyEvent,
    current: FindState,
    formats: Vec<(String, String)>,
}

thread_local! {
    /// The states that were read since `forget_read_states`, by the numbers that they had when
    /// they were written: what shared one shares one again.
    static READ: RefCell<BTreeMap<u64, Arc<QueueState>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Begins or ends the reading of what one server has written.
pub fn forget_read_states() {
    READ.with(|read| read.borrow_mut().clear());
}

/// How shared states are written and read.
pub mod shared_state {
    use super::*;

    pub fn serialize<S: Serializer>(state: &Arc<QueueState>, out: S) -> Result<S::Ok, S::Error> {
        let record = StateRecord {
            number: state.number.0,
            flags: state.flags,
            event: state.event,
            current: *state.current.lock(),
            formats: state.formats.lock().clone(),
        };
        record.serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Arc<QueueState>, D::Error> {
        let StateRecord { number, flags, event, current, formats } = StateRecord::deserialize(input)?;
        let make = || {
            let state = QueueState::new(current, event, flags);
            *state.formats.lock() = formats;
            state
        };
        Ok(READ.with(|read| read.borrow_mut().entry(number).or_insert_with(make).clone()))
    }
}

/// How a command is written, as text, and read.
pub mod as_text {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Text {
        command: String,
        file: Option<String>,
        line: u32,
    }

    fn write(invocation: &Invocation) -> Text {
        let file = invocation.file.as_deref().map(str::to_owned);
        Text { command: invocation.print_kept(), file, line: invocation.line }
    }

    fn read<E: serde::de::Error>(text: Text) -> Result<Arc<Invocation>, E> {
        let list = parse_string(&text.command, &Origin::default(), &mut NoContext)
            .map_err(serde::de::Error::custom)?;
        let first = list.iter().next().ok_or_else(|| serde::de::Error::custom("no command"))?;
        let file = text.file.map(Arc::from);
        Ok(Arc::new(Invocation { file, line: text.line, ..Invocation::clone(first) }))
    }

    pub fn serialize<S: Serializer>(command: &Arc<Invocation>, out: S) -> Result<S::Ok, S::Error> {
        write(command).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Arc<Invocation>, D::Error> {
        read(Text::deserialize(input)?)
    }

    /// The same for one that may be missing.
    pub mod optional {
        use super::*;

        pub fn serialize<S: Serializer>(
            command: &Option<Arc<Invocation>>,
            out: S,
        ) -> Result<S::Ok, S::Error> {
            command.as_deref().map(write).serialize(out)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Arc<Invocation>>, D::Error> {
            Option::<Text>::deserialize(input)?.map(read).transpose()
        }
    }
}

/// What became of an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exec {
    /// Done. (tmux: CMD_RETURN_NORMAL)
    Normal,
    /// Failed: the rest of its group is dropped.
    Error,
    /// Not finished: the queue stops here until `Queues::resume`.
    Wait,
    /// Done, and the rest of its group is dropped without an error.
    Stop,
}

pub type ItemCallback = Box<dyn FnOnce(&mut Cx<'_>, &ItemContext) -> Exec + Send>;

/// What an item does that is no command, as data: whatever waits behind a command for long is
/// one, so that a server that takes over can do it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// It is done already.
    Nothing,
    /// The client's command is through.
    ClientDone,
    /// A client without a command gets the default one.
    DefaultCommand,
    /// An error of the command line.
    Refuse(String),
    /// A line of a control client that cannot be run.
    RefuseLine(String),
    /// An error that is shown to the client.
    ShowError(String),
    /// A key, and the bytes that it came as.
    Key(KeyEvent, Vec<u8>),
    /// All of a file's commands have run.
    Sourced,
}

/// What an item does.
pub enum ItemKind {
    Command(Arc<Invocation>),
    Step(Step),
    Callback(ItemCallback),
    Notify(Box<Notification>),
}

/// One entry of a queue.
pub struct Item {
    pub id: ItemId,
    /// Items of one group fall together when one fails; 0 is no group.
    pub group: u64,
    pub kind: ItemKind,
    pub client: Option<ClientId>,
    pub state: Arc<QueueState>,
    /// Waiting for `Queues::resume`.
    pub waiting: bool,
    /// Resumed (may be before the queue noticed that it waits).
    pub resumed: bool,
    /// Started already (it waited and was resumed).
    pub started: bool,
}

/// What a running command knows of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ItemContext {
    pub id: ItemId,
    pub group: u64,
    /// The client whose queue this is. In the queue without a client (hooks of events, the
    /// configuration), the client used last stands in while the command runs.
    pub client: Option<ClientId>,
    /// The client whose queue this is; `None` for the queue without a client.
    pub queue_client: Option<ClientId>,
    /// The client the command acts on (`-t`/`-c` client, or a default).
    pub target_client: Option<ClientId>,
    pub source: FindState,
    pub target: FindState,
    #[serde(with = "shared_state")]
    pub state: Arc<QueueState>,
    /// The command, when the item is one.
    #[serde(with = "as_text::optional")]
    pub command: Option<Arc<Invocation>>,
}

impl ItemContext {
    /// The same for what comes later, while the item waits: no client stands in any more.
    pub fn waiting(&self) -> Self {
        Self { client: self.queue_client, ..self.clone() }
    }

    /// The current state: defaults for targets that were not given.
    pub fn current(&self) -> FindState {
        *self.state.current.lock()
    }

    pub fn set_current(&self, current: FindState) {
        *self.state.current.lock() = current;
    }
}

/// A queue of items.
#[derive(Default)]
pub struct Queue {
    pub items: VecDeque<Item>,
}

/// A list of items to put in a queue, in order.
#[derive(Default)]
pub struct Items(pub Vec<Item>);

/// All queues. `None` is the global one.
#[derive(Default)]
pub struct Queues {
    pub queues: BTreeMap<Option<ClientId>, Queue>,
    pub(super) next_item: u64,
    /// Items refused since somebody was told (see `MAX_ITEMS`).
    pub refused: u64,
    /// Commands and notifications that ran: each may have changed any of the state.
    pub ran: u64,
    /// A hook's command of the global queue is running: nothing that it does is notified.
    pub silent: bool,
}

impl Queues {
    /// Items held by all queues at most: far more than any file of commands, and a few hundred
    /// megabytes. A list that does not fit is refused whole, which an error tells whoever
    /// queued it, and the message log.
    pub const MAX_ITEMS: usize = 4_000_000;

    /// Single items may exceed that by so many: what ends a client or a wait must not fail.
    const MAX_SINGLE: usize = 1_000_000;

    fn refuses(&mut self, items: &Items) -> bool {
        let more = if items.0.len() == 1 { Self::MAX_SINGLE } else { 0 };
        let refuses = self.len() + items.0.len() > Self::MAX_ITEMS + more;
        if refuses {
            self.refused += items.0.len() as u64;
        }
        refuses
    }

    fn next_id(&mut self) -> ItemId {
        self.next_item += 1;
        ItemId(self.next_item)
    }

    fn item(&mut self, kind: ItemKind, group: u64, state: &Arc<QueueState>) -> Item {
        Item {
            id: self.next_id(),
            group,
            kind,
            client: None,
            state: state.clone(),
            waiting: false,
            resumed: false,
            started: false,
        }
    }

    /// Items for a command list. Each group of the list becomes a group of items.
    pub fn commands(&mut self, list: &CommandList, state: &Arc<QueueState>) -> Items {
        let mut out = Vec::new();
        for group in &list.groups {
            for invocation in &group.commands {
                out.push(self.item(ItemKind::Command(invocation.clone()), group.id, state));
            }
        }
        Items(out)
    }

    /// An item that calls back.
    pub fn callback(&mut self, state: &Arc<QueueState>, callback: ItemCallback) -> Items {
        Items(vec![self.item(ItemKind::Callback(callback), 0, state)])
    }

    /// An item that does what a step says.
    pub fn step(&mut self, state: &Arc<QueueState>, step: Step) -> Items {
        Items(vec![self.item(ItemKind::Step(step), 0, state)])
    }

    pub fn notification(&mut self, notification: Notification) -> Items {
        let state = Arc::new(QueueState::default());
        Items(vec![self.item(ItemKind::Notify(Box::new(notification)), 0, &state)])
    }

    /// The notifications that were not delivered yet.
    pub fn notifications_mut(&mut self) -> impl Iterator<Item = &mut Notification> {
        let items = self.queues.get_mut(&None).into_iter().flat_map(|queue| queue.items.iter_mut());
        items.filter_map(|item| match &mut item.kind {
            ItemKind::Notify(notification) => Some(&mut **notification),
            _ => None,
        })
    }

    /// Adds at the end of a client's queue (or of the global one). Returns the last item's id;
    /// `None` when there is none, or no room.
    pub fn append(&mut self, client: Option<ClientId>, items: Items) -> Option<ItemId> {
        if self.refuses(&items) {
            return None;
        }
        let queue = self.queues.entry(client).or_default();
        for mut item in items.0 {
            item.client = client;
            queue.items.push_back(item);
        }
        queue.items.back().map(|i| i.id)
    }

    /// Inserts right behind an item of any queue (in that queue); at its end if it is gone.
    /// Returns the last inserted item's id, for inserting more behind it.
    pub fn insert_after(&mut self, after: ItemId, client: Option<ClientId>, items: Items) -> Option<ItemId> {
        if self.refuses(&items) {
            return None;
        }
        let found = self
            .queues
            .iter()
            .find_map(|(c, q)| q.items.iter().position(|i| i.id == after).map(|at| (*c, at)));
        let Some((owner, at)) = found else { return self.append(client, items) };
        let queue = self.queues.entry(owner).or_default();
        let mut last = None;
        for (offset, mut item) in items.0.into_iter().enumerate() {
            item.client = owner;
            last = Some(item.id);
            queue.items.insert(at + 1 + offset, item);
        }
        last
    }

    /// Lets a waiting item go on (it counts as done).
    pub fn resume(&mut self, id: ItemId) {
        for queue in self.queues.values_mut() {
            if let Some(item) = queue.items.iter_mut().find(|i| i.id == id) {
                item.resumed = true;
                return;
            }
        }
    }

    /// Whose queue has an item (`Some(None)`: the one without a client); `None`: it is gone.
    pub fn owner(&self, id: ItemId) -> Option<Option<ClientId>> {
        let has = |queue: &Queue| queue.items.iter().any(|item| item.id == id);
        self.queues.iter().find(|(_, queue)| has(queue)).map(|(client, _)| *client)
    }

    /// Drops the items of a group that follow an item in its queue.
    pub fn drop_group_after(&mut self, client: Option<ClientId>, group: u64) {
        if group != 0
            && let Some(queue) = self.queues.get_mut(&client)
        {
            let mut first = true;
            queue.items.retain(|i| std::mem::take(&mut first) || i.group != group);
        }
    }

    /// Forgets a client's queue.
    pub fn remove_client(&mut self, client: ClientId) {
        self.queues.remove(&Some(client));
    }

    pub fn len(&self) -> usize {
        self.queues.values().map(|q| q.items.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
