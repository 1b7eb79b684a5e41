//! Children of a keeper that died. Their parent is another process now, so this keeper watches them from
//! outside; their exit status is known only if the kernel reports it.

use crate::sys::process::Process;
use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};

/// Maximum number of checks for the exit status of a process that has ended but was not collected by its
/// parent; then the status is unknown. In a container the first process may never collect it.
const LOOKS: u8 = 10;
/// Milliseconds between these checks.
pub(super) const LOOK_MS: u16 = 10;
/// The status of a child whose exit status is unknown.
const UNKNOWN: i32 = 0;

struct Stranger {
    pid: i32,
    watched: Process,
    looks: u8,
}

/// Watched processes by token.
#[derive(Default)]
pub(super) struct Strangers(BTreeMap<u64, Stranger>);

impl Strangers {
    /// Watches a process; returns false if it is gone already.
    pub(super) fn watch(&mut self, token: u64, pid: i32) -> bool {
        let Some(watched) = Process::watch(pid) else { return false };
        self.0.insert(token, Stranger { pid, watched, looks: 0 });
        true
    }

    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.values().filter(|stranger| stranger.looks == 0).map(|stranger| stranger.watched.as_fd())
    }

    /// True if a process that has ended has to be checked again soon.
    pub(super) fn look_soon(&self) -> bool {
        self.0.values().any(|stranger| stranger.looks > 0)
    }

    /// Takes those that have ended: token, process id, wait status.
    pub(super) fn take_ended(&mut self) -> Vec<(u64, i32, i32)> {
        let mut ended = Vec::new();
        self.0.retain(|token, stranger| {
            let status = match stranger.watched.status() {
                Some(status) => status,
                None if !has_ended(stranger.pid) => return true,
                None if stranger.looks < LOOKS => {
                    stranger.looks += 1;
                    return true;
                }
                None => UNKNOWN,
            };
            ended.push((*token, stranger.pid, status));
            false
        });
        ended
    }
}

/// True if a process is gone, or waits to be collected by its parent.
fn has_ended(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|fields| fields.trim_start().chars().next());
    matches!(state, None | Some('Z' | 'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_another_process_is_noticed() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "read x; exit 3"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id() as i32;
        let mut strangers = Strangers::default();
        assert!(strangers.watch(7, pid));
        assert_eq!(strangers.take_ended(), []);
        drop(child.stdin.take());
        child.wait().unwrap();
        let ended: Vec<_> = (0..=LOOKS).flat_map(|_| strangers.take_ended()).collect();
        // Older kernels do not report it.
        assert!(ended == [(7, pid, 3 << 8)] || ended == [(7, pid, UNKNOWN)], "{ended:?}");
        assert!(!strangers.watch(8, pid));
    }
}
