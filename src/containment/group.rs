//! One cgroup directory of either version: reading and writing its files, listing and killing its
//! processes, removing it.

use std::collections::HashSet;
use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sys::attribute;

/// Maximum number of groups below a pane's own that are read (programs in a pane may make some).
const MAX_SUBGROUPS: usize = 1024;
/// Maximum number of rounds of killing processes, if the kernel cannot kill a whole group.
const KILL_ROUNDS: usize = 64;

/// Prefix of the names of servers' groups.
pub(super) const PREFIX: &str = "scopemux-";
/// Maximum number of attempts to lock a group that others remove meanwhile.
const HOLD_ROUNDS: usize = 16;
/// Maximum number of dead servers' groups that one start removes, and of groups that it checks.
const MAX_DEAD: usize = 8;
const MAX_LOOKED_AT: usize = 256;

/// Attribute that excludes a group from systemd-oomd (`ManagedOOMPreference=omit`).
const SPARE: &CStr = c"user.oomd_omit";

/// The number after a name in a file of `name number` lines.
pub(super) fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

/// See the module comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Group {
    pub dir: PathBuf,
}

impl Group {
    pub(super) fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    pub(super) fn child(&self, name: &str) -> Self {
        Self::new(self.dir.join(name).into_boxed_path())
    }

    pub(super) fn has(&self, file: &str) -> bool {
        self.dir.join(file).exists()
    }

    pub(super) fn read(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(self.dir.join(file))
    }

    /// The number in a file; `None` for `max`.
    pub(super) fn number(&self, file: &str) -> Option<u64> {
        self.read(file).ok()?.trim().parse().ok()
    }

    pub(super) fn field(&self, file: &str, name: &str) -> Option<u64> {
        field(&self.read(file).ok()?, name)
    }

    /// Writes in one call, as these files require. Never creates a file.
    pub(super) fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let path = self.dir.join(file);
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        let mut open = OpenOptions::new().write(true).open(&path).map_err(named)?;
        open.write_all(text.as_bytes()).map_err(named)
    }

    /// Writes a file that not all kernels have; without it, nothing happens.
    pub(super) fn write_if_any(&self, file: &str, text: &str) -> io::Result<()> {
        match self.write(file, text) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            written => written,
        }
    }

    /// Writes a number, or `max` for `None`.
    pub(super) fn write_limit(&self, file: &str, limit: Option<u64>) -> io::Result<()> {
        self.write(file, &limit.map_or("max".to_owned(), |n| n.to_string()))
    }

    pub(super) fn make(&self) -> io::Result<()> {
        fs::create_dir(&self.dir)
    }

    /// Makes and locks the group: while the file is open, `remove_dead` of other servers skips it.
    pub(super) fn hold(&self) -> io::Result<File> {
        for _ in 0..HOLD_ROUNDS {
            match self.make() {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
                _ => {}
            }
            let Ok(file) = File::open(&self.dir) else { continue };
            file.lock_shared()?;
            // Another server may have removed it before it was locked.
            if self.dir.metadata().is_ok_and(|now| file.metadata().is_ok_and(|m| m.ino() == now.ino())) {
                return Ok(file);
            }
        }
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    /// Removes the groups below this one whose names begin with `prefix` and that are neither locked by a
    /// server nor contain processes. Only a few, since the user is waiting; each start begins at a
    /// different group, so that the groups of many living servers do not hide dead ones.
    pub(super) fn remove_dead(&self, prefix: &str) {
        self.remove_dead_from(prefix, std::process::id() as usize);
    }

    fn remove_dead_from(&self, prefix: &str, start: usize) {
        let mut groups = self.children();
        groups.retain(|group| group.name().starts_with(prefix));
        let start = start.checked_rem(groups.len()).unwrap_or(0);
        groups.rotate_left(start);
        let looked_at = groups.into_iter().take(MAX_LOOKED_AT);
        looked_at.filter(Self::remove_unheld).take(MAX_DEAD).for_each(drop);
    }

    /// Removes the group if no server has locked it and it has no processes. Returns true if it is gone.
    pub(super) fn remove_unheld(&self) -> bool {
        let Ok(file) = File::open(&self.dir) else { return false };
        file.try_lock().is_ok() && self.pids().is_empty() && self.remove().unwrap_or(false)
    }

    /// Opens the directory, for `clone3(CLONE_INTO_CGROUP)`.
    pub(super) fn open(&self) -> io::Result<OwnedFd> {
        let flags = libc::O_DIRECTORY | libc::O_CLOEXEC;
        Ok(OpenOptions::new().read(true).custom_flags(flags).open(&self.dir).map(|f: File| f)?.into())
    }

    /// Asks systemd-oomd to spare the group. It does so if the group and the monitored one belong to the
    /// same user, or if root owns the group.
    pub(super) fn spare(&self) -> io::Result<()> {
        attribute::set(&self.dir, SPARE, b"1")
    }

    pub(super) fn procs_file(&self) -> PathBuf {
        self.dir.join("cgroup.procs")
    }

    pub(super) fn adopt(&self, pid: i32) -> io::Result<()> {
        self.write("cgroup.procs", &pid.to_string())
    }

    /// The group and all below it, parents first.
    pub(super) fn tree(&self) -> Vec<Group> {
        let mut all = vec![self.clone()];
        let mut next = 0;
        while let Some(group) = all.get(next).cloned() {
            next += 1;
            all.extend(group.children().into_iter().take(MAX_SUBGROUPS.saturating_sub(all.len())));
        }
        all
    }

    pub(super) fn children(&self) -> Vec<Group> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut dirs: Vec<PathBuf> =
            entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()).collect();
        dirs.sort();
        dirs.into_iter().map(Group::new).collect()
    }

    /// The path for users, relative to the cgroup mount.
    pub(super) fn path(&self) -> String {
        let path = self.dir.to_string_lossy();
        path.strip_prefix("/sys/fs/cgroup").unwrap_or(&path).to_owned()
    }

    pub(super) fn name(&self) -> String {
        self.dir.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned())
    }

    /// Processes in the group itself.
    pub(super) fn own_pids(&self) -> Vec<i32> {
        let procs = self.read("cgroup.procs").unwrap_or_default();
        procs.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Processes in the group and below it.
    pub(super) fn pids(&self) -> Vec<i32> {
        self.tree().iter().flat_map(Self::own_pids).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        match self.field("cgroup.events", "populated") {
            Some(populated) => populated == 0,
            None => self.pids().is_empty(),
        }
    }

    /// Kills every process in the group and below it, all at once if the kernel supports it.
    pub(super) fn kill(&self) -> io::Result<()> {
        if self.has("cgroup.kill") && self.write("cgroup.kill", "1").is_ok() {
            return Ok(());
        }
        let mut killed = HashSet::new();
        for _ in 0..KILL_ROUNDS {
            let fresh: Vec<i32> =
                self.pids().into_iter().filter(|&pid| pid > 1 && killed.insert(pid)).collect();
            if fresh.is_empty() {
                return Ok(());
            }
            for pid in fresh {
                // A process that is gone is no failure; its children are found in the next round.
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
        Err(io::Error::other(format!("{}: processes keep appearing", self.dir.display())))
    }

    /// Removes the group and the empty ones below it. Returns false while there are processes.
    pub(super) fn remove(&self) -> io::Result<bool> {
        if !self.dir.exists() {
            return Ok(true);
        }
        for group in self.tree().iter().rev() {
            match fs::remove_dir(&group.dir) {
                Err(e) if e.raw_os_error() == Some(libc::EBUSY) => return Ok(false),
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(true)
    }

    /// True if this process may make groups in it and move processes there.
    pub(super) fn is_writable(&self) -> bool {
        use nix::unistd::{AccessFlags, eaccess};
        let may = |path: &Path| eaccess(path, AccessFlags::W_OK).is_ok();
        may(&self.dir) && may(&self.procs_file())
    }
}

#[cfg(test)]
mod tests {
    use super::super::host::tests::made_up;
    use super::*;

    #[test]
    fn groups_of_dead_servers_go_and_those_that_are_held_or_used_stay() {
        let (dir, _) = made_up(&[("x-used/cgroup.procs", "12\n"), ("other/a", "")]);
        let parent = Group::new(dir.path());
        let held = parent.child("x-held").hold().unwrap();
        fs::create_dir_all(dir.path().join("x-dead/pane-1")).unwrap();
        let names = || parent.children().iter().map(Group::name).collect::<Vec<_>>();
        parent.remove_dead("x-");
        assert_eq!(names(), ["other", "x-held", "x-used"]);
        drop(held);
        parent.remove_dead("x-");
        assert_eq!(names(), ["other", "x-used"]);
    }

    #[test]
    fn servers_that_live_do_not_hide_dead_groups() {
        let (dir, _) = made_up(&[]);
        let parent = Group::new(dir.path());
        let held: Vec<_> =
            (0..MAX_LOOKED_AT).map(|n| parent.child(&format!("x-{n:04}")).hold().unwrap()).collect();
        let dead = parent.child("x-dead");
        dead.make().unwrap();
        parent.remove_dead_from("x-", 0);
        assert!(dead.dir.exists());
        parent.remove_dead_from("x-", 1 + 2 * (MAX_LOOKED_AT + 1));
        assert!(!dead.dir.exists());
        assert_eq!(parent.children().len(), held.len());
    }
}
