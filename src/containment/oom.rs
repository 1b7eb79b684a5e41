//! The kernel's OOM killer: setting which processes it kills first when the whole host is out of memory,
//! and reading from its log which process it killed.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;

/// Points of `oom_score_adj` by which a pane's processes are more likely to be killed than the server
/// (1000 is the maximum).
pub const PANE_OOM_SCORE: i32 = 200;
/// The kernel's largest value.
const MAX_SCORE: i32 = 1000;

/// The value for a pane's processes: above the server's own. Raising needs no privilege.
pub fn pane_oom_score(server: i32) -> i32 {
    (server + PANE_OOM_SCORE).min(MAX_SCORE)
}

/// Raises a process's value to that of panes, unless it is already higher. `pid` may be `self`.
pub fn raise_oom_score(pid: &str) -> io::Result<()> {
    let read = |pid: &str| -> io::Result<i32> {
        let text = fs::read_to_string(format!("/proc/{pid}/oom_score_adj"))?;
        text.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
    };
    let wanted = pane_oom_score(read("self")?);
    if read(pid)? >= wanted {
        return Ok(());
    }
    fs::write(format!("/proc/{pid}/oom_score_adj"), wanted.to_string())
}

/// Maximum number of records of the kernel's log read at once; a log holds fewer.
const MAX_RECORDS: usize = 100_000;
/// Longest record, in bytes.
const MAX_RECORD: usize = 8192;
/// Maximum number of kills that are kept until they are asked for.
const MAX_KILLS: usize = 256;

/// The kernel's log since it was opened.
pub struct KernelLog {
    file: File,
    kills: Kills,
}

/// Records of kills that have not been returned yet, newest last.
#[derive(Default)]
struct Kills(VecDeque<String>);

impl KernelLog {
    /// Opens the log at its end; `None` if it cannot be read, as for most ordinary users.
    pub fn open() -> Option<Self> {
        let flags = libc::O_NONBLOCK | libc::O_CLOEXEC;
        let mut file = fs::OpenOptions::new().read(true).custom_flags(flags).open("/dev/kmsg").ok()?;
        file.seek(SeekFrom::End(0)).ok()?;
        Some(Self { file, kills: Kills::default() })
    }

    /// The process that the kernel killed last in a scope, by name and pid, unless it was returned
    /// before. Takes long if much was logged since the last call.
    pub fn killed_process(&mut self, scope: &str) -> Option<(String, i32)> {
        let mut record = [0; MAX_RECORD];
        for _ in 0..MAX_RECORDS {
            match self.file.read(&mut record) {
                Ok(length @ 1..) => self.kills.note(&String::from_utf8_lossy(&record[..length])),
                // Some records were overwritten before they were read.
                Err(e) if e.raw_os_error() == Some(libc::EPIPE) => {}
                _ => break,
            }
        }
        self.kills.take(scope)
    }
}

impl Kills {
    /// Takes the newest kill in a scope, and removes the older ones of that scope.
    fn take(&mut self, scope: &str) -> Option<(String, i32)> {
        let found = self.0.iter().rev().find_map(|record| killed_in(record, scope));
        self.0.retain(|record| killed_in(record, scope).is_none());
        found
    }

    fn note(&mut self, record: &str) {
        if record.contains(KILL) {
            self.0.push_back(record.to_owned());
            if self.0.len() > MAX_KILLS {
                self.0.pop_front();
            }
        }
    }
}

/// Marks the record of a kill.
const KILL: &str = "oom-kill:";

/// Name and pid of the process that a record says was killed in a scope.
fn killed_in(record: &str, scope: &str) -> Option<(String, i32)> {
    let line = record.split_once(KILL)?.1.lines().next()?;
    let field = |name: &str| line.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    // Mounts may show only a part of the hierarchy: the last three parts of the path are enough.
    let mut tail: Vec<&str> = scope.rsplit('/').take(3).collect();
    tail.reverse();
    let tail = tail.join("/");
    if scope.is_empty() || !format!("{}/", field("task_memcg")?).contains(&format!("{tail}/")) {
        return None;
    }
    Some((field("task")?.to_owned(), field("pid")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernels_log_names_who_was_killed() {
        let record = "6,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/a/x/panes/pane-3,\
                      task_memcg=/a/x/panes/pane-3,task=tail,pid=123,uid=0\n SUBSYSTEM=x\n";
        let check = |scope: &str, expect: Option<(&str, i32)>| {
            let expect = expect.map(|(name, pid)| (name.to_owned(), pid));
            assert_eq!(super::killed_in(record, scope), expect, "{scope}");
        };
        check("/a/x/panes/pane-3", Some(("tail", 123)));
        check("/a/y/panes/pane-3", None);
        check("/a/x/panes/pane-30", None);
        check("", None);
    }

    #[test]
    fn a_kill_is_told_once() {
        let mut log = super::Kills::default();
        let record = |pane: u32, pid: u32| {
            format!("6,1,2,-;oom-kill:task_memcg=/a/x/panes/pane-{pane},task=tail,pid={pid}\n")
        };
        log.note("6,1,2,-;usb 1-1: new device");
        [(3, 10), (3, 11), (4, 12)].iter().for_each(|&(pane, pid)| log.note(&record(pane, pid)));
        assert_eq!(log.take("/a/x/panes/pane-3"), Some(("tail".to_owned(), 11)));
        assert_eq!(log.take("/a/x/panes/pane-3"), None, "both were one report");
        assert_eq!(log.take("/a/x/panes/pane-4"), Some(("tail".to_owned(), 12)));
        (0..1000).for_each(|pid| log.note(&record(5, pid)));
        assert_eq!(log.0.len(), super::MAX_KILLS);
    }

    #[test]
    fn panes_go_before_the_server() {
        for server in [-500, 0, 200, 900, 1000] {
            let pane = super::pane_oom_score(server);
            assert!(pane <= 1000 && (pane > server || server == 1000), "{server}");
        }
    }
}
