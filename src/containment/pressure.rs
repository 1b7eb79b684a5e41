//! Notification by the kernel that tasks wait for memory, as a descriptor for a loop.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use nix::sys::eventfd::{EfdFlags, EventFd};
use tokio::io::Interest;
use tokio::runtime::Runtime;

use crate::sys::watched::Watched;

/// Fires when tasks have waited for 150 ms within 2 s. Since 6.5, windows that are multiples of 2 s are
/// open to every user.
const STALLS: &[u8] = b"some 150000 2000000\0";

/// A trigger on the whole host's memory pressure.
///
/// The kernel forgets that a trigger fired as soon as somebody polls it. The loop's set is nested in
/// tokio's, which polls it twice, the second time without an event. So the trigger is in tokio's own set,
/// and a task hands its events on through a descriptor that stays readable.
pub struct Pressure(Arc<EventFd>);

impl Pressure {
    /// Makes the trigger; `tasks` runs while the loop waits. Fails if an ordinary user may not have one.
    pub(crate) fn new(tasks: &Runtime) -> io::Result<Self> {
        Self::of("/proc/pressure/memory", STALLS, tasks)
    }

    fn of(file: &str, stalls: &[u8], tasks: &Runtime) -> io::Result<Self> {
        let mut trigger = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(file)?;
        trigger.write_all(stalls)?;
        let fired = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let _context = tasks.enter();
        let trigger = Watched::new(trigger.into(), Interest::PRIORITY)?;
        tasks.spawn(pass_on(trigger, Arc::downgrade(&fired)));
        Ok(Self(fired))
    }

    /// Readable when the trigger has fired since `clear`.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    pub(crate) fn clear(&self) {
        // An error means that it has not fired.
        self.0.read().ok();
    }
}

/// Passes each event of the trigger on, as long as somebody waits for them.
async fn pass_on(trigger: Watched, fired: std::sync::Weak<EventFd>) {
    while let Ok(mut ready) = trigger.ready(Interest::PRIORITY).await {
        ready.clear_ready();
        let Some(fired) = fired.upgrade() else { return };
        fired.write(1).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::reactor::{self, Poller, Reactor, Token};

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct Fired;

    impl Token for Fired {
        fn pack(self) -> u64 {
            0
        }

        fn unpack(_: u64) -> Option<Self> {
            Some(Self)
        }
    }

    /// The processor's trigger is the same thing, and a test can make it fire.
    #[test]
    fn a_loop_hears_of_pressure_each_time() {
        let tasks = reactor::new_runtime().unwrap();
        let Ok(pressure) = Pressure::of("/proc/pressure/cpu", b"some 1000 2000000\0", &tasks) else {
            eprintln!("skipped: this kernel has no pressure triggers");
            return;
        };
        let poller = Poller::new().unwrap();
        let mut reactor = Reactor::new(tasks, &poller).unwrap();
        poller.add(pressure.fd(), Fired, reactor::Interest::READ).unwrap();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            for _ in 0..2 * cores {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            let until = Instant::now() + Duration::from_secs(60);
            let mut out = Vec::new();
            for _ in 0..2 {
                out.clear();
                while out.is_empty() && Instant::now() < until {
                    reactor.wait(&poller, Some(Duration::from_secs(1)), &mut out).unwrap();
                }
                pressure.clear();
            }
            over.store(true, Ordering::Relaxed);
            assert!(!out.is_empty(), "the trigger did not fire");
        });
    }
}
