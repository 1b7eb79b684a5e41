//! The end of a wait, from a timer descriptor. A timer of the runtime would wake the runtime each time that
//! it is set, which takes two system calls; this one is only set when it would ring too late.

use std::future::pending;
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::Interest;

use crate::sys::watched::Watched;

/// See the module comment.
#[derive(Default)]
pub(super) struct Alarm {
    /// The timer, and what is readable when it has rung; made when they are first needed.
    timer: Option<(TimerFd, Watched)>,
    /// When it rings next, if it does.
    due: Option<Instant>,
}

fn new_timer() -> io::Result<(TimerFd, Watched)> {
    let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
    let rung = Watched::new(timer.as_fd().try_clone_to_owned()?, Interest::READABLE)?;
    Ok((timer, rung))
}

impl Alarm {
    /// Waits until this time; `None`: for ever. It may be dropped and called again, within one runtime.
    pub(super) async fn rings(&mut self, until: Option<Instant>) -> io::Result<()> {
        let Some(until) = until else { return pending().await };
        let (timer, rung) = match &mut self.timer {
            Some(timer) => timer,
            none => none.insert(new_timer()?),
        };
        loop {
            let now = Instant::now();
            if now >= until {
                return Ok(());
            }
            if self.due.is_none_or(|due| due > until) {
                let left = TimeSpec::from_duration(until - now);
                timer.set(Expiration::OneShot(left), TimerSetTimeFlags::empty())?;
                self.due = Some(until);
            }
            rung.readable().await?.clear_ready();
            self.due = None;
        }
    }
}
