//! The command queues: one for each client and one for commands without a client. This file holds the
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

/// Id of an item, with which it is resumed after a wait.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ItemId(pub u64);

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    pub struct StateFlags: u8 {
        /// The binding of the key that ran this repeats.
        const REPEAT = 0x1;
        /// From a control client: output is wrapped in `%begin` and `%end`.
        const CONTROL = 0x2;
        /// Run no hooks (already inside one).
        const NOHOOKS = 0x4;
    }
}

/// The key (or mouse event) that led to a command.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct KeyEvent {
    pub key: Key,
    pub mouse: MouseEvent,
    /// Report of the key by kitty's keyboard protocol.
    #[serde(default)]
    pub report: Option<KeyReport>,
}

impl KeyEvent {
    /// True if the key was released.
    pub fn is_release(&self) -> bool {
        self.report.is_some_and(|report| report.action == KeyAction::Release)
    }

    /// True if only programs handle the event: a release, or a modifier by itself.
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

/// State that the commands of one list share: their origin. Commands that change the current target
/// (`new-session`, `switch-client`, …) change it, hence a mutex.
#[derive(Debug, Default)]
pub struct QueueState {
    /// Number that identifies the state when it is serialized.
    number: StateNumber,
    pub flags: StateFlags,
    pub event: KeyEvent,
    /// The current session, window and pane, used for targets that are not given.
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

    /// A copy for a nested list (a hook, an `if-shell`).
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

/// A serialized `QueueState`; written at each place that refers to it.
#[derive(Serialize, Deserialize)]
struct StateRecord {
    number: u64,
    flags: StateFlags,
    event: KeyEvent,
    current: FindState,
    formats: Vec<(String, String)>,
}

thread_local! {
    /// The states read since `forget_read_states`, by their serialized numbers: items that shared a state
    /// share it again.
    static READ: RefCell<BTreeMap<u64, Arc<QueueState>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Called before and after the state of another server is read.
pub fn forget_read_states() {
    READ.with(|read| read.borrow_mut().clear());
}

/// Serialization of shared states.
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

/// Serialization of a command as text.
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

    /// Serialization of an optional command as text.
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

/// Result of running an item.
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

/// Work of an item that is not a command, as data, so that the next server can do it: every item that may
/// wait behind a command for long is one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// Nothing: the work is done.
    Nothing,
    /// The client's command has ended.
    ClientDone,
    /// Runs the default command for a client that gave none.
    DefaultCommand,
    /// An error of the command line.
    Refuse(String),
    /// A line of a control client that cannot be run.
    RefuseLine(String),
    /// An error that is shown to the client.
    ShowError(String),
    /// A key, and its bytes as received.
    Key(KeyEvent, Vec<u8>),
    /// All commands of a file have run.
    Sourced,
}

/// Work of an item.
pub enum ItemKind {
    Command(Arc<Invocation>),
    Step(Step),
    Callback(ItemCallback),
    Notify(Box<Notification>),
}

/// One entry of a queue.
pub struct Item {
    pub id: ItemId,
    /// When one item of a group fails, the rest of the group is dropped; 0 is no group.
    pub group: u64,
    pub kind: ItemKind,
    pub client: Option<ClientId>,
    pub state: Arc<QueueState>,
    /// The item waits for work beside the loop, not for programs or people: a client does not
    /// leave before that is done.
    pub working: bool,
    /// The item was resumed (maybe before the queue saw it wait).
    pub resumed: bool,
    /// The item was started, waited and was resumed.
    pub started: bool,
}

/// Data of the running item that its command can use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ItemContext {
    pub id: ItemId,
    pub group: u64,
    /// The client whose queue this is. In the queue without a client (hooks of events, the
    /// configuration), it is the client used last while the command runs.
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
    /// A copy for use after the item has waited: it has no substitute client.
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
    /// Count of items refused since the last report (see `MAX_ITEMS`).
    pub refused: u64,
    /// Count of commands and notifications that ran: each may have changed any state.
    pub ran: u64,
    /// The queue that had more to run when the last turn was over.
    pub cut: Option<Option<ClientId>>,
    /// A command of a hook runs in the global queue: nothing is notified meanwhile.
    pub silent: bool,
}

impl Queues {
    /// Maximum number of items in all queues: far more than any file of commands, and a few hundred
    /// megabytes. A list that does not fit is refused as a whole, with an error to its sender and in the
    /// message log.
    pub const MAX_ITEMS: usize = 4_000_000;

    /// Number by which single items may exceed that, since the items that end a client or a wait must not
    /// fail.
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
            working: false,
            resumed: false,
            started: false,
        }
    }

    /// Makes items of a command list. Each group of the list becomes a group of items.
    pub fn commands(&mut self, list: &CommandList, state: &Arc<QueueState>) -> Items {
        let mut out = Vec::new();
        for group in &list.groups {
            for invocation in &group.commands {
                out.push(self.item(ItemKind::Command(invocation.clone()), group.id, state));
            }
        }
        Items(out)
    }

    /// Makes an item that calls a function.
    pub fn callback(&mut self, state: &Arc<QueueState>, callback: ItemCallback) -> Items {
        Items(vec![self.item(ItemKind::Callback(callback), 0, state)])
    }

    /// Makes an item that does a step.
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

    /// Appends to a client's queue (or to the global one). Returns the last item's id; `None` when
    /// `items` is empty or does not fit.
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

    /// Queues commands behind an item, with its state; without one, at the end of a client's queue.
    pub fn run_behind(&mut self, item: Option<&ItemContext>, client: Option<ClientId>, list: &CommandList) {
        match item {
            Some(item) => {
                let items = self.commands(list, &item.state);
                self.insert_after(item.id, item.client, items);
            }
            None => {
                let items = self.commands(list, &Arc::default());
                self.append(client, items);
            }
        }
    }

    /// Inserts directly behind an item, in the item's queue; at the end of `client`'s queue if the item
    /// is gone. Returns the last inserted item's id, for inserting more behind it.
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

    /// Resumes a waiting item, which then counts as done.
    pub fn resume(&mut self, id: ItemId) {
        for queue in self.queues.values_mut() {
            if let Some(item) = queue.items.iter_mut().find(|i| i.id == id) {
                item.resumed = true;
                return;
            }
        }
    }

    /// The client whose queue holds an item (`Some(None)`: the queue without a client); `None`: the item
    /// is gone.
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

    /// Removes a client's queue.
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
