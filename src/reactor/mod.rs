//! Waiting: one current-thread tokio runtime sleeps on an epoll set, on signals and on a timer. The
//! caller gets plain values and handles them outside the runtime, so that no other code is async. Tasks
//! of the runtime (D-Bus) run during the wait.

mod alarm;
mod poller;

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use tokio::runtime::Runtime;
use tokio::signal::unix::{self as streams, SignalKind};

use crate::sys::watched::Watched;

use alarm::Alarm;
pub(crate) use poller::{Interest, Poller, Ready, Token};

/// See the module comment.
pub(crate) struct Reactor {
    /// The epoll set; readable when one of its descriptors is ready.
    set: Watched,
    alarm: Alarm,
    signals: Vec<(Signal, streams::Signal)>,
    caught: VecDeque<Signal>,
    runtime: Arc<Runtime>,
    /// Waits in a row that found something ready, without a look at signals and tasks.
    hasty: u32,
}

/// Signals and tasks get on after this many waits at the latest, though a descriptor is always ready. To
/// look for them takes three system calls.
const MOST_HASTY: u32 = 8;

/// A runtime of this thread for descriptors, signals and timers. It starts no thread.
pub fn new_runtime() -> io::Result<Arc<Runtime>> {
    Ok(Arc::new(tokio::runtime::Builder::new_current_thread().enable_all().build()?))
}

impl Reactor {
    /// Makes a reactor that waits for the descriptors of a set.
    pub(crate) fn new<T: Token>(runtime: Arc<Runtime>, poller: &Poller<T>) -> io::Result<Self> {
        let _context = runtime.enter();
        let fd = poller.as_fd().try_clone_to_owned()?;
        let (set, alarm) = (Watched::new(fd, tokio::io::Interest::READABLE)?, Alarm::default());
        drop(_context);
        Ok(Self { set, alarm, signals: Vec::new(), caught: VecDeque::new(), runtime, hasty: 0 })
    }

    /// Catches these signals, and unblocks them if the parent process had blocked them.
    pub(crate) fn catch(&mut self, signals: &[Signal]) -> io::Result<()> {
        let _context = self.runtime.enter();
        for &signal in signals {
            self.signals.push((signal, streams::signal(SignalKind::from_raw(signal as i32))?));
        }
        let set: SigSet = signals.iter().copied().collect();
        Ok(sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&set), None)?)
    }

    /// The next signal that was caught. Several signals of a kind may be merged into one.
    pub(crate) fn next_signal(&mut self) -> Option<Signal> {
        self.caught.pop_front()
    }

    /// Waits until a descriptor is ready, a signal is caught or the time is over (`None`: no time limit),
    /// and puts the ready descriptors into `out`. The runtime's tasks run meanwhile; with a time of zero,
    /// or while descriptors are always ready, each of them does one step now and then.
    pub(crate) fn wait<T: Token>(
        &mut self,
        poller: &Poller<T>,
        timeout: Option<Duration>,
        out: &mut Vec<Ready<T>>,
    ) -> io::Result<()> {
        let Self { set, alarm, signals, caught, runtime, hasty } = self;
        poller.take(out)?;
        let nothing = out.is_empty();
        if !nothing && *hasty < MOST_HASTY {
            *hasty += 1;
            return Ok(());
        }
        *hasty = 0;
        runtime.block_on(async {
            if nothing {
                // Forget tokio's old readiness of the set. Tokio learns of newer events only while this
                // thread sleeps.
                std::future::poll_fn(|cx| {
                    if let Poll::Ready(Ok(mut guard)) = set.poll_read_ready(cx) {
                        guard.clear_ready();
                    }
                    Poll::Ready(())
                })
                .await;
            }
            if !nothing || timeout == Some(Duration::ZERO) {
                tokio::task::yield_now().await;
                std::future::poll_fn(|cx| Poll::Ready(catch(signals, caught, cx).is_ready())).await;
                return Ok(());
            }
            let until = timeout.map(|time| Instant::now() + time);
            loop {
                tokio::select! {
                    biased;
                    () = std::future::poll_fn(|cx| catch(signals, caught, cx)) => return Ok(()),
                    // The set is level-triggered; tokio only reports that it has new events. So read the
                    // set before tokio is asked again.
                    guard = set.readable() => {
                        let mut guard = guard?;
                        poller.take(out)?;
                        if !out.is_empty() {
                            return Ok(());
                        }
                        guard.clear_ready();
                    }
                    over = alarm.rings(until) => return over,
                }
            }
        })
    }
}

/// Moves received signals to `caught`. Ready if there were any.
fn catch(
    signals: &mut [(Signal, streams::Signal)],
    caught: &mut VecDeque<Signal>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    for (signal, stream) in signals {
        while stream.poll_recv(cx) == Poll::Ready(Some(())) {
            caught.push_back(*signal);
        }
    }
    if caught.is_empty() { Poll::Pending } else { Poll::Ready(()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct Number(u64);

    impl Token for Number {
        fn pack(self) -> u64 {
            self.0
        }

        fn unpack(data: u64) -> Option<Self> {
            Some(Self(data))
        }
    }

    fn reactor() -> (Reactor, Poller<Number>) {
        let poller = Poller::new().unwrap();
        (Reactor::new(new_runtime().unwrap(), &poller).unwrap(), poller)
    }

    fn ready(out: &[Ready<Number>]) -> Vec<u64> {
        out.iter().map(|ready| ready.token.0).collect()
    }

    #[test]
    fn a_descriptor_is_ready_until_it_is_read_and_again_when_more_comes() {
        let (mut reactor, poller) = reactor();
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        poller.add(ours.as_fd(), Number(7), Interest::READ).unwrap();
        let mut out = Vec::new();
        for _ in 0..3 {
            theirs.write_all(b"x").unwrap();
            for _ in 0..3 {
                reactor.wait(&poller, None, &mut out).unwrap();
                assert_eq!(ready(&out), [7], "what is not read stays ready");
            }
            io::Read::read_exact(&mut ours, &mut [0]).unwrap();
            reactor.wait(&poller, Some(Duration::from_millis(1)), &mut out).unwrap();
            assert!(out.is_empty());
        }
    }

    #[test]
    fn a_wait_ends_when_its_time_is_over_and_not_when_that_of_an_earlier_one_is() {
        let (mut reactor, poller) = reactor();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        poller.add(ours.as_fd(), Number(1), Interest::READ).unwrap();
        let mut out = Vec::new();
        // The timer of this wait may still be running in the next ones.
        let sender = std::thread::spawn(move || theirs.write_all(b"x").map(|()| theirs));
        reactor.wait(&poller, Some(Duration::from_millis(60)), &mut out).unwrap();
        let _theirs = sender.join().unwrap().unwrap();
        poller.remove(ours.as_fd());
        for ms in [100, 1, 70, 2] {
            let began = Instant::now();
            reactor.wait(&poller, Some(Duration::from_millis(ms)), &mut out).unwrap();
            assert!(out.is_empty() && began.elapsed() >= Duration::from_millis(ms), "{ms} ms");
        }
    }

    #[test]
    fn a_change_of_interest_is_seen_by_the_next_wait() {
        let (mut reactor, poller) = reactor();
        let (ours, _theirs) = UnixStream::pair().unwrap();
        poller.add(ours.as_fd(), Number(1), Interest::READ).unwrap();
        let mut out = Vec::new();
        reactor.wait(&poller, Some(Duration::from_millis(1)), &mut out).unwrap();
        assert!(out.is_empty());
        poller.set(ours.as_fd(), Number(1), Interest::WRITE).unwrap();
        reactor.wait(&poller, None, &mut out).unwrap();
        assert_eq!(ready(&out), [1]);
        assert!(out[0].writable && !out[0].readable);
    }

    #[test]
    fn a_file_is_always_ready() {
        let (mut reactor, poller) = reactor();
        let file = tempfile::tempfile().unwrap();
        poller.add(file.as_fd(), Number(2), Interest::READ).unwrap();
        let mut out = Vec::new();
        reactor.wait(&poller, None, &mut out).unwrap();
        assert_eq!(ready(&out), [2]);
        poller.remove(file.as_fd());
        reactor.wait(&poller, Some(Duration::ZERO), &mut out).unwrap();
        assert!(out.is_empty());
    }

    #[test]
    fn signals_and_tasks_get_on_though_a_descriptor_is_always_ready() {
        let (mut reactor, poller) = reactor();
        let (ours, _theirs) = UnixStream::pair().unwrap();
        poller.add(ours.as_fd(), Number(3), Interest::WRITE).unwrap();
        reactor.catch(&[Signal::SIGWINCH]).unwrap();
        let (sent, mut heard) = tokio::sync::mpsc::unbounded_channel();
        reactor.runtime.spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            sent.send(()).ok();
        });
        nix::sys::signal::kill(nix::unistd::getpid(), Signal::SIGWINCH).unwrap();
        let (mut out, mut signal, mut task) = (Vec::new(), None, false);
        let until = Instant::now() + Duration::from_secs(60);
        while signal.is_none() || !task {
            assert!(Instant::now() < until, "{signal:?} {task}");
            reactor.wait(&poller, None, &mut out).unwrap();
            assert_eq!(ready(&out), [3]);
            signal = signal.or_else(|| reactor.next_signal());
            task |= heard.try_recv().is_ok();
        }
        assert_eq!(signal, Some(Signal::SIGWINCH));
    }

    #[test]
    fn a_signal_ends_a_wait() {
        let (mut reactor, poller) = reactor();
        reactor.catch(&[Signal::SIGURG]).unwrap();
        nix::sys::signal::kill(nix::unistd::getpid(), Signal::SIGURG).unwrap();
        let mut out = Vec::new();
        reactor.wait(&poller, None, &mut out).unwrap();
        assert!(out.is_empty());
        assert_eq!(reactor.next_signal(), Some(Signal::SIGURG));
        assert_eq!(reactor.next_signal(), None);
    }
}
