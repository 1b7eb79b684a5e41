//! systemd over D-Bus, in tasks that run while the server waits. Requests and answers are queued, and a
//! descriptor wakes the loop: no turn of the server ever waits for the bus.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::eventfd::{EfdFlags, EventFd};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, Semaphore, mpsc};
use zbus::wire::Variant;
use zbus::{Connection, connection};

use super::group::Group;
use super::host::{Host, SLICE};

/// Maximum time for an answer; later systemd counts as broken.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);
/// Maximum time for the server's own scope, which is waited for in the background: a host that has just
/// booted, or is swapping, answers late.
const START_DEADLINE: Duration = Duration::from_secs(120);
/// First and longest time between checks of where a process is, after systemd said that it moves the
/// process; many panes may wait while systemd is busy.
const LOOK: Duration = Duration::from_millis(1);
const LONGEST_LOOK: Duration = Duration::from_millis(32);
/// Time between checks for processes that end while systemd moves them, and maximum number of checks; it
/// is also the time for systemd to remove a scope by itself.
const TIDY_LOOK: Duration = Duration::from_secs(1);
const TIDY_LOOKS: usize = 60;
/// Maximum number of queued requests; more are refused at once.
const MAX_REQUESTS: usize = 256;
/// Maximum number of requests sent to systemd at the same time: panes that are opened together wait
/// together.
const MAX_AT_ONCE: usize = 32;

/// The value of a property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Number(u64),
    Flag(bool),
    Text(String),
    Texts(Vec<String>),
}

pub(super) type Properties = Vec<(&'static str, Value)>;

/// A request to systemd.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Request {
    /// Makes a transient scope of running processes and waits until they are in it. If the scope exists,
    /// the processes are moved below `join` in it (only possible in delegated units).
    Scope { unit: String, pids: Vec<i32>, properties: Properties, join: Option<&'static str> },
    /// Sets properties until the unit ends.
    Set { unit: String, properties: Properties },
    /// Moves running processes into the group `below` of a delegated unit (a path from the unit's group).
    Move { unit: String, below: String, pids: Vec<i32> },
    /// Stops a unit that has no processes.
    Stop { unit: String },
    /// Tests whether systemd answers, by asking for a unit that exists.
    Probe { unit: String },
}

impl Request {
    fn deadline(&self) -> Duration {
        match self {
            Self::Scope { join: Some(_), .. } => START_DEADLINE,
            _ => DEADLINE,
        }
    }
}

/// The answer to the request with this token.
#[derive(Debug)]
pub(super) struct Answer {
    pub token: u64,
    pub result: Result<(), String>,
}

/// See the module comment. The tasks end when this is dropped.
pub(super) struct Bus {
    requests: mpsc::Sender<(u64, Request)>,
    answers: mpsc::UnboundedReceiver<Answer>,
    wake: Arc<EventFd>,
    tasks: Arc<Runtime>,
}

impl Bus {
    /// Starts the tasks. `system`: connect to the system's manager instead of the user's.
    pub(super) fn start(tasks: Arc<Runtime>, host: Host, system: bool) -> io::Result<Self> {
        let (requests, mut incoming) = mpsc::channel::<(u64, Request)>(MAX_REQUESTS);
        // Bounded by the number of requests, since each has one answer.
        let (outgoing, answers) = mpsc::unbounded_channel();
        let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let bell = wake.clone();
        let work = async move {
            let manager = Arc::new(Manager { host, system, connection: Mutex::default() });
            let slots = Arc::new(Semaphore::new(MAX_AT_ONCE));
            while let Some((token, request)) = incoming.recv().await {
                // Calls are sent in the order of their requests, and systemd handles them in that order.
                let Ok(slot) = slots.clone().acquire_owned().await else { return };
                let (manager, outgoing, bell) = (manager.clone(), outgoing.clone(), bell.clone());
                tokio::spawn(async move {
                    let result = manager.answer(&request).await;
                    drop(slot);
                    // The receiver may be gone.
                    if outgoing.send(Answer { token, result }).is_ok() {
                        let _ = bell.write(1);
                    }
                    manager.tidy(&request).await;
                });
            }
        };
        tasks.spawn(work);
        Ok(Self { requests, answers, wake, tasks })
    }

    /// Makes a bus that has answered.
    #[cfg(test)]
    pub(super) fn answered(answer: Answer) -> Self {
        let (outgoing, answers) = mpsc::unbounded_channel();
        outgoing.send(answer).unwrap();
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK).unwrap();
        let tasks = crate::reactor::new_runtime().unwrap();
        Self { requests: mpsc::channel(1).0, answers, wake: Arc::new(wake), tasks }
    }

    /// Queues a request. `answers` or `wait` returns its answer with the same token.
    pub(super) fn ask(&self, token: u64, request: Request) -> Result<(), String> {
        self.requests.try_send((token, request)).map_err(|_| "too many requests to systemd wait".to_owned())
    }

    /// Readable when there are answers.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Takes the answers received. Never blocks.
    pub(super) fn answers(&mut self) -> Vec<Answer> {
        let _ = self.wake.read();
        std::iter::from_fn(|| self.answers.try_recv().ok()).collect()
    }

    /// Waits for the next answer; only for start-up.
    pub(super) fn wait(&mut self, limit: Duration) -> Option<Answer> {
        let answers = &mut self.answers;
        let answer = self.tasks.block_on(async { tokio::time::timeout(limit, answers.recv()).await });
        let answer = answer.ok()??;
        // Cleared only now: an answer that arrives when the wait ends must wake the loop.
        let _ = self.wake.read();
        Some(answer)
    }
}

struct Manager {
    host: Host,
    system: bool,
    connection: Mutex<Option<Connection>>,
}

const NAME: &str = "org.freedesktop.systemd1";
const PATH: &str = "/org/freedesktop/systemd1";
const INTERFACE: &str = "org.freedesktop.systemd1.Manager";

/// A failed call: the D-Bus name of the error and its text.
struct Failure {
    name: String,
    text: String,
}

impl From<zbus::Error> for Failure {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, text, _) => {
                Self { name: name.to_string(), text: text.unwrap_or_else(|| name.to_string()) }
            }
            other => Self { name: String::new(), text: other.to_string() },
        }
    }
}

fn variants(properties: &Properties) -> Vec<(&'static str, Variant<'_>)> {
    let variant = |value: &Value| match value {
        Value::Number(n) => Variant::from(*n),
        Value::Flag(b) => Variant::from(*b),
        Value::Text(t) => Variant::from(t.clone()),
        Value::Texts(t) => Variant::from(t.clone()),
    };
    properties.iter().map(|(name, value)| (*name, variant(value))).collect()
}

/// Process ids in the type of D-Bus.
fn numbers(pids: &[i32]) -> Vec<u32> {
    pids.iter().map(|&pid| pid as u32).collect()
}

impl Manager {
    async fn connection(&self) -> Result<Connection, Failure> {
        let mut kept = self.connection.lock().await;
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        let builder = match self.host.bus() {
            Some(address) => connection::Builder::address(address.as_str()),
            None if self.system => connection::Builder::system(),
            None => connection::Builder::session(),
        };
        let connection = builder.build().await?;
        *kept = Some(connection.clone());
        Ok(connection)
    }

    async fn answer(&self, request: &Request) -> Result<(), String> {
        let limit = request.deadline();
        let late = || Err(format!("systemd did not answer within {} s", limit.as_secs()));
        let done = tokio::time::timeout(limit, self.perform(request)).await;
        let result = done.unwrap_or_else(|_| late());
        // If another task holds the lock, it is already making a new connection.
        if result.is_err()
            && let Ok(mut kept) = self.connection.try_lock()
        {
            *kept = None;
        }
        result
    }

    async fn call<B>(&self, method: &str, body: &B) -> Result<(), Failure>
    where
        B: serde::Serialize + zbus::wire::DynamicType + Sync,
    {
        let connection = self.connection().await?;
        connection.call_method(Some(NAME), PATH, Some(INTERFACE), method, body).await?;
        Ok(())
    }

    async fn perform(&self, request: &Request) -> Result<(), String> {
        match request {
            Request::Scope { unit, pids, properties, join } => {
                let pids = if join.is_some() { pids.clone() } else { self.running(pids)? };
                self.scope(unit, &pids, properties, *join).await.map_err(|f| f.text)?;
                self.arrived(unit, &pids).await;
                Ok(())
            }
            Request::Set { unit, properties } => {
                let body = (unit.as_str(), true, variants(properties));
                self.call("SetUnitProperties", &body).await.map_err(|f| f.text)
            }
            Request::Move { unit, below, pids } => {
                let body = (unit.as_str(), below.as_str(), numbers(pids));
                self.call("AttachProcessesToUnit", &body).await.map_err(|f| f.text)
            }
            Request::Stop { unit } => {
                self.call("StopUnit", &(unit.as_str(), "fail")).await.map_err(|f| f.text)
            }
            Request::Probe { unit } => self.call("GetUnit", &unit.as_str()).await.map_err(|f| f.text),
        }
    }

    /// The processes that have not ended while their request was queued: with one that is gone, systemd
    /// would refuse all, and retries cost time when many panes come and go.
    fn running(&self, pids: &[i32]) -> Result<Vec<i32>, String> {
        let runs = |pid: &i32| self.host.path_of(&pid.to_string(), None).is_some();
        let running: Vec<i32> = pids.iter().copied().filter(runs).collect();
        if running.is_empty() { Err("the process is gone".to_owned()) } else { Ok(running) }
    }

    /// Stops a scope that no process entered. systemd believes that it has moved processes which end at
    /// that moment, or which are zombies; as nothing ever ends in their scope, it would stay.
    async fn tidy(&self, request: &Request) {
        let Request::Scope { unit, pids, join: None, .. } = request else { return };
        let inside = |path: String| path.split('/').any(|part| part == unit);
        let places = || pids.iter().map(|pid| self.host.path_of(&pid.to_string(), None));
        for _ in 0..TIDY_LOOKS {
            if places().flatten().any(inside) {
                return;
            }
            let gone = places().all(|place| place.is_none());
            tokio::time::sleep(TIDY_LOOK).await;
            if !gone {
                continue;
            }
            let group = self.host.slice_dir(SLICE).map(|slice| Group::new(slice.join(unit)));
            if group.is_some_and(|group| group.dir.exists() && group.is_empty()) {
                let stop = Request::Stop { unit: unit.clone() };
                let _ = self.answer(&stop).await;
            }
            return;
        }
    }

    async fn scope(
        &self,
        unit: &str,
        pids: &[i32],
        properties: &Properties,
        join: Option<&str>,
    ) -> Result<(), Failure> {
        let mut properties = properties.clone();
        loop {
            match self.start(unit, pids, &properties).await {
                Err(failure) if failure.name.ends_with(".UnitExists") && join.is_some() => {
                    let below = format!("/{}", join.unwrap_or_default());
                    let body = (unit, below.as_str(), numbers(pids));
                    return self.call("AttachProcessesToUnit", &body).await;
                }
                // Older versions of systemd know OOMPolicy only for services; then a kill may stop the
                // scope.
                Err(failure) if failure.text.contains("OOMPolicy") => {
                    let before = properties.len();
                    properties.retain(|(name, _)| *name != "OOMPolicy");
                    if properties.len() == before {
                        return Err(failure);
                    }
                }
                other => return other,
            }
        }
    }

    async fn start(&self, unit: &str, pids: &[i32], properties: &Properties) -> Result<(), Failure> {
        let mut all = variants(properties);
        all.push(("PIDs", Variant::from(numbers(pids))));
        let none: Vec<(&str, Vec<(&str, Variant<'_>)>)> = Vec::new();
        self.call("StartTransientUnit", &(unit, "fail", all, none)).await
    }

    /// Waits until the processes are in the unit, since systemd answers before it moves them.
    async fn arrived(&self, unit: &str, pids: &[i32]) {
        let mut look = LOOK;
        for pid in pids {
            loop {
                match self.host.path_of(&pid.to_string(), None) {
                    Some(path) if !path.split('/').any(|part| part == unit) => {}
                    _ => break,
                }
                tokio::time::sleep(look).await;
                look = LONGEST_LOOK.min(look * 2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_comes_just_as_nobody_waits_any_more_wakes_the_loop() {
        let mut bus = Bus::answered(Answer { token: 1, result: Ok(()) });
        assert!(bus.wait(Duration::ZERO).is_some());
        // This answer arrived just after `wait` had returned.
        bus.wake.write(1).unwrap();
        assert!(bus.wait(Duration::ZERO).is_none());
        assert_eq!(bus.wake.read(), Ok(1));
    }
}
