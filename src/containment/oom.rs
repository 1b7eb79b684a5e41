//! Telling the kernel whom to take first when the whole host is out of memory.

use std::fs;
use std::io;

/// How much more likely than the server a pane's processes are to be killed, in
/// `oom_score_adj` points (1000 is everything).
pub const PANE_OOM_SCORE: i32 = 200;
/// The kernel's largest value.
const MAX_SCORE: i32 = 1000;

/// The value for a pane's processes: above the server's own. Raising needs no privilege.
pub fn pane_oom_score(server: i32) -> i32 {
    (server + PANE_OOM_SCORE).min(MAX_SCORE)
}

/// Raises a process's value to that of panes, unless it is higher already. `pid` may be `self`.
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

#[cfg(test)]
mod tests {
    #[test]
    fn panes_go_before_the_server() {
        for server in [-500, 0, 200, 900, 1000] {
            let pane = super::pane_oom_score(server);
            assert!(pane <= 1000 && (pane > server || server == 1000), "{server}");
        }
    }
}
