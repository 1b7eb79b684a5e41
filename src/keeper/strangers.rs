//! Children of a keeper that died. They have another parent now, so this keeper watches them from
//! outside; how they ended it learns where the kernel tells.

use super::spawn::{exit_of, watch_process};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Looks at a process that has ended and whose parent has not heard of it yet; then how it ended
/// counts as unknown. What starts a keeper in a container may never listen.
const LOOKS: u8 = 10;
/// Milliseconds between them.
pub(super) const LOOK_MS: u16 = 10;
/// The status of a child that ended in a way that nobody can know.
const UNKNOWN: i32 = 0;

struct Stranger {
    pid: i32,
    watched: OwnedFd,
    looks: u8,
}

/// By token.
#[derive(Default)]
pub(super) struct Strangers(BTreeMap<u64, Stranger>);

impl Strangers {
    /// Watches a process; false when it is gone already.
    pub(super) fn watch(&mut self, token: u64, pid: i32) -> bool {
        let Some(watched) = watch_process(pid) else { return false };
        self.0.insert(token, Stranger { pid, watched, looks: 0 });
        true
    }

    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.values().filter(|stranger| stranger.looks == 0).map(|stranger| stranger.watched.as_fd())
    }

    /// Whether one that has ended is to be looked at again soon.
    pub(super) fn look_soon(&self) -> bool {
        self.0.values().any(|stranger| stranger.looks > 0)
    }

    /// Those that have ended: token, process id, wait status.
    pub(super) fn take_ended(&mut self) -> Vec<(u64, i32, i32)> {
        let mut ended = Vec::new();
        self.0.retain(|token, stranger| {
            let status = match exit_of(&stranger.watched) {
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

/// Whether a process is gone, or waits for its parent to hear of its end.
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
        // Older kernels do not tell.
        assert!(ended == [(7, pid, 3 << 8)] || ended == [(7, pid, UNKNOWN)], "{ended:?}");
        assert!(!strangers.watch(8, pid));
    }
}
