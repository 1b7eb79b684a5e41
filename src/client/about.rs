//! Output of `-VV`: the program's version, and facts about this machine for a bug report. Needs no server
//! and starts none.

use std::path::Path;

use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, TMPFS_MAGIC, statfs};
use nix::unistd::{AccessFlags, access};

use crate::base::terminfo::Entry;

/// The commit that was built, if known at build time.
const COMMIT: Option<&str> = option_env!("SCOPEMUX_COMMIT");

/// The lines of `-VV`: the first is `own_version`.
pub(super) fn report(own_version: &str, version: &str) -> String {
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    let term = std::env::var("TERM").unwrap_or_default();
    let lines = [
        own_version.to_owned(),
        format!("equals: {version}"),
        format!("build: {build}, {}, commit {}", std::env::consts::ARCH, COMMIT.unwrap_or("not known")),
        format!("kernel: {}", kernel()),
        format!("cgroups: {}", cgroups()),
        format!("systemd: {}", if Path::new("/run/systemd/system").exists() { "yes" } else { "no" }),
        format!("history: {}", history()),
        format!("terminal: {term}, {}", terminfo(&term)),
        format!(
            "locale: {}",
            if super::place::is_utf8() { "UTF-8" } else { "not UTF-8; export LC_ALL=C.UTF-8" }
        ),
    ];
    lines.join("\n") + "\n"
}

fn kernel() -> String {
    nix::sys::utsname::uname().map_or_else(
        |error| error.to_string(),
        |name| format!("{} {}", name.sysname().to_string_lossy(), name.release().to_string_lossy()),
    )
}

/// The cgroups available for panes. `#{containment}` shows those that a server uses.
fn cgroups() -> String {
    let Ok(mounted) = statfs("/sys/fs/cgroup") else { return "none; panes are not contained".to_owned() };
    match mounted.filesystem_type() {
        CGROUP2_SUPER_MAGIC => {
            let path = own_group().unwrap_or_default();
            let file = format!("/sys/fs/cgroup{path}/cgroup.controllers");
            let controllers = std::fs::read_to_string(file).unwrap_or_default();
            format!("version 2, {} with {}", if path.is_empty() { "/" } else { &path }, controllers.trim())
        }
        TMPFS_MAGIC => "version 1".to_owned(),
        _ => "none; panes are not contained".to_owned(),
    }
}

/// The version 2 cgroup of this process.
fn own_group() -> Option<String> {
    let text = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(line.trim_end_matches('/').to_owned())
}

/// The default directory of transcripts, and whether it is writable.
fn history() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| value.starts_with('/'));
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| format!("{home}/.local/state")));
    let Some(state) = state else { return "no home directory; set HOME, or history-directory".to_owned() };
    let path = format!("{state}/scopemux");
    let there = Path::new(&path).ancestors().find(|dir| dir.exists());
    match there.map(|dir| (dir, access(dir, AccessFlags::W_OK | AccessFlags::X_OK))) {
        Some((dir, Err(error))) => {
            let why = crate::sys::error::strerror(error as i32);
            format!("{path}; {}: {why}; set history-directory to another place", dir.display())
        }
        _ => path,
    }
}

fn terminfo(term: &str) -> String {
    match Entry::load(term, |name| std::env::var(name).ok()) {
        Ok(_) => "known to terminfo".to_owned(),
        Err(error) => format!("{error}; install ncurses-term, or set TERM=xterm-256color"),
    }
}
