//! The keeper's state.

use super::deaths::{Death, Deaths};
use super::limits::FileLimits;
use super::spawn::{Inherited, Refusals, open_gate};
use super::strangers::Strangers;
use crate::protocol::ClientFlags;
use crate::protocol::custody::{Caller, Handle, HeldChild, Report, ServerStart};
use crate::protocol::ring::Ring;
use crate::sys::process::wait;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, killpg, sigprocmask};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// The data that every server of this keeper starts with.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub socket_path: String,
    pub config_files: Vec<String>,
    pub config_quiet: bool,
    pub flags: ClientFlags,
    pub log_level: u8,
    pub environment: Vec<(String, String)>,
}

/// The keeper's whole state.
pub(crate) struct Keeper {
    pub(super) template: Template,
    pub(super) listener: OwnedFd,
    pub(super) children: BTreeMap<u64, HeldChild>,
    pub(super) deposit: Option<OwnedFd>,
    /// By token: descriptors that release children from their gates.
    pub(super) gates: BTreeMap<u64, OwnedFd>,
    /// Made for the first child that enters groups by itself.
    pub(super) refusals: Option<Refusals>,
    /// The server's process id, if it is a child of this process.
    pub(super) server_pid: Option<i32>,
    /// The server's process has exited with status 0.
    pub(super) server_done: bool,
    /// Cgroups of the server, to be removed after its end.
    pub(super) groups: Vec<PathBuf>,
    pub(super) server: fn(ServerStart) -> !,
    pub(super) deaths: Deaths,
    /// Data about the running server, for its end.
    pub(super) life: Death,
    /// Clients for whom the server was started, until it has answered one.
    pub(super) callers: Vec<Caller>,
    /// Ring buffer of the last lines of the servers' logs.
    pub(super) log: Option<Ring>,
    /// Signal mask and file limit of children: those that this process started with.
    pub(super) inherited: Inherited,
    /// Children that an earlier keeper started.
    pub(super) strangers: Strangers,
    /// The connection of a server that ran before this keeper started.
    pub(super) adopted: Option<OwnedFd>,
    /// In the process of the next server: the channel to the old server.
    pub(super) channel: Option<OwnedFd>,
    /// The next server, until it is ready.
    pub(super) successor: Option<Successor>,
    /// Reports for the server, sent as soon as it is served.
    pub(super) untold: Vec<Report>,
}

/// The next server.
pub(super) struct Successor {
    pub pid: i32,
    /// The keeper's end of its socket pair, not read until the hand-over.
    pub socket: OwnedFd,
}

impl Keeper {
    /// Makes a keeper for a server that listens on this socket.
    pub(crate) fn new(template: Template, listener: OwnedFd, server: fn(ServerStart) -> !) -> Self {
        let mut mask = SigSet::empty();
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, None, Some(&mut mask));
        Self {
            template,
            listener,
            children: BTreeMap::new(),
            gates: BTreeMap::new(),
            refusals: None,
            deposit: None,
            server_pid: None,
            server_done: false,
            groups: Vec::new(),
            server,
            deaths: Deaths::default(),
            life: Death::default(),
            callers: Vec::new(),
            log: Ring::new().ok(),
            inherited: Inherited { mask, files: FileLimits::raise() },
            strangers: Strangers::default(),
            adopted: None,
            channel: None,
            successor: None,
            untold: Vec::new(),
        }
    }

    /// Notes the end of a child, and reports it.
    pub(super) fn child_ended(&mut self, token: u64, pid: i32, status: i32, handle: &mut Handle) {
        let Some(child) = self.children.get_mut(&token) else { return };
        child.status = Some(status);
        self.gates.remove(&token);
        if child.master.is_none() {
            self.children.remove(&token);
        }
        let _ = handle.send(Report::Exited { token, pid, status });
    }

    /// Collects children that have ended or stopped.
    pub(super) fn reap(&mut self, handle: &mut Handle) {
        while let Some((pid, status)) = wait_any() {
            if self.server_pid == Some(pid) {
                if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
                    self.server_pid = None;
                    self.life.status = Some(status);
                    self.server_done = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0;
                }
                continue;
            }
            if self.successor.as_ref().is_some_and(|next| next.pid == pid) && !libc::WIFSTOPPED(status) {
                self.successor = None;
                let _ = handle.send(Report::SuccessorEnded { status });
                continue;
            }
            if libc::WIFSTOPPED(status) {
                // tmux: continues the first process of a pane when it stops, unless it stopped because of
                // its terminal.
                if ![libc::SIGTTIN, libc::SIGTTOU].contains(&libc::WSTOPSIG(status)) {
                    let _ = killpg(Pid::from_raw(pid), Signal::SIGCONT);
                }
                continue;
            }
            let child = self.children.values().find(|child| child.pid == pid && child.status.is_none());
            if let Some(token) = child.map(|child| child.token) {
                self.child_ended(token, pid, status, handle);
            }
        }
    }

    /// Releases all children, since the server that would do it is gone.
    pub(super) fn open_all_gates(&mut self) {
        std::mem::take(&mut self.gates).values().for_each(open_gate);
    }

    /// Makes the server with this process id the current one.
    pub(super) fn serve_next(&mut self, pid: i32) {
        self.server_pid = Some(pid);
        self.server_done = false;
        self.life = Death::default();
        self.callers.clear();
    }
}

/// A child that has ended or stopped, and its status. It cannot take a child that `wait_for` waits for,
/// since only the keeper's loop calls it.
pub(super) fn wait_any() -> Option<(i32, i32)> {
    wait(-1, libc::WNOHANG | libc::WUNTRACED)
}

/// The status of one child that has ended; `Some(-1)` when there is no such child. With `now`, `None` if
/// the child still runs.
pub(super) fn wait_for(pid: i32, now: bool) -> Option<i32> {
    match wait(pid, if now { libc::WNOHANG } else { 0 }) {
        Some((_, status)) => Some(status),
        None if now && kill(Pid::from_raw(pid), None).is_ok() => None,
        None => Some(-1),
    }
}
