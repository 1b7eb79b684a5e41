//! Events of groups: one descriptor for the server's loop, behind which are an inotify instance for the
//! groups' event files and the descriptors of backends.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::group::Group;
use crate::base::PaneId;

/// See the module comment.
pub(super) struct Watch {
    epoll: Epoll,
    inotify: Inotify,
    files: HashMap<WatchDescriptor, PaneId>,
    /// Notifiers of version 1 groups, by pane.
    notifiers: HashMap<PaneId, EventFd>,
    /// Panes to check again soon, with the count of checks left.
    again: HashMap<PaneId, u32>,
    timer: TimerFd,
    /// Panes that the next call reports in any case.
    suspects: Vec<PaneId>,
}

/// Version 1 notifies before the kernel kills: the counters are then checked again, at most this many
/// times, with this many milliseconds between checks.
const LOOKS: u32 = 100;
const LOOK_MS: i64 = 20;
/// `epoll` data of the timer.
const TIMER: u64 = u64::MAX - 2;

/// `epoll` data of the inotify descriptor; panes use their number.
const INOTIFY: u64 = u64::MAX;
/// `epoll` data of the descriptor that a backend added.
const OTHER: u64 = u64::MAX - 1;

impl Watch {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        epoll.add(inotify.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, INOTIFY))?;
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        epoll.add(timer.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, TIMER))?;
        let (files, notifiers, again) = (HashMap::new(), HashMap::new(), HashMap::new());
        Ok(Self { epoll, inotify, files, notifiers, again, timer, suspects: Vec::new() })
    }

    /// Readable when `changed` has a result.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    /// Also wakes the loop for a descriptor of the backend.
    pub(super) fn add_other(&self, fd: impl AsFd) -> io::Result<()> {
        Ok(self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, OTHER))?)
    }

    /// Watches a file of a pane's group. Reading event files causes no event.
    pub(super) fn file(&mut self, pane: PaneId, file: &Path) -> io::Result<()> {
        let wd = self.inotify.add_watch(file, AddWatchFlags::IN_MODIFY)?;
        self.files.insert(wd, pane);
        Ok(())
    }

    /// Asks for a notification when a version 1 memory group runs out of memory.
    pub(super) fn oom_v1(&mut self, pane: PaneId, group: &Group) -> io::Result<()> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        let control: File = OpenOptions::new().read(true).open(group.dir.join("memory.oom_control"))?;
        group.write(
            "cgroup.event_control",
            &format!("{} {}", event.as_fd().as_raw_fd(), control.as_raw_fd()),
        )?;
        self.epoll.add(event.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, u64::from(pane.0)))?;
        self.notifiers.insert(pane, event);
        Ok(())
    }

    /// Makes the next call of `changed` return this pane.
    pub(super) fn suspect(&mut self, pane: PaneId) {
        self.suspects.push(pane);
    }

    /// Stops the repeated checks of a pane whose counter has risen.
    pub(super) fn settled(&mut self, pane: PaneId) {
        self.again.remove(&pane);
    }

    pub(super) fn forget(&mut self, pane: PaneId) {
        self.again.remove(&pane);
        let gone: Vec<WatchDescriptor> =
            self.files.iter().filter(|(_, p)| **p == pane).map(|(wd, _)| *wd).collect();
        for wd in gone {
            self.files.remove(&wd);
            // The kernel may have dropped the watch with the group.
            let _ = self.inotify.rm_watch(wd);
        }
        if let Some(event) = self.notifiers.remove(&pane) {
            let _ = self.epoll.delete(event.as_fd());
        }
    }

    /// Panes whose groups had an event since the last call. Never blocks.
    pub(super) fn changed(&mut self) -> Vec<PaneId> {
        let mut panes = std::mem::take(&mut self.suspects);
        while let Ok(events) = self.inotify.read_events() {
            panes.extend(events.iter().filter_map(|event| self.files.get(&event.wd)));
        }
        for (pane, event) in &self.notifiers {
            if event.read().is_ok() {
                panes.push(*pane);
                self.again.insert(*pane, LOOKS);
            }
        }
        if self.timer.wait().is_ok() {
            panes.extend(self.again.keys());
            self.again.values_mut().for_each(|left| *left -= 1);
            self.again.retain(|_, left| *left > 0);
        }
        if !self.again.is_empty() {
            let soon = Expiration::OneShot(TimeSpec::milliseconds(LOOK_MS));
            // If the timer fails, the pane's next event reports this kill too.
            let _ = self.timer.set(soon, TimerSetTimeFlags::empty());
        }
        panes.sort();
        panes.dedup();
        panes
    }
}
