//! Facts about the host: its cgroup hierarchies, this process's groups in them, and the memory. Read
//! below a root directory, so that tests can use a made-up host.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The systemd slice that panes are in.
pub(super) const SLICE: &str = "scopemux.slice";
/// Maximum number of bytes read from a file of `/proc`; the rest is ignored.
const MAX_FILE: u64 = 4 << 20;
/// Bytes that are enough for most of these files.
const USUAL_FILE: usize = 8 << 10;

/// The root directory of the host's files: `/` except in tests.
#[derive(Clone, Debug)]
pub struct Host {
    pub root: PathBuf,
    /// The cgroup mounts, read on first use: they do not change while a host runs.
    mounts: Arc<OnceLock<Vec<Mount>>>,
}

impl Default for Host {
    fn default() -> Self {
        Self::at(PathBuf::from("/"))
    }
}

/// One mounted cgroup hierarchy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    pub dir: PathBuf,
    /// The part of the hierarchy that the mount shows.
    pub shown: String,
    /// Controllers of a version 1 hierarchy; empty for the unified one (v2).
    pub controllers: Vec<String>,
}

impl Host {
    pub fn at(root: PathBuf) -> Self {
        Self { root, mounts: Arc::default() }
    }

    /// A file as text. Files of `/proc` report no length, and a read with a small buffer makes the kernel
    /// generate them again.
    pub fn read(&self, path: &str) -> Option<String> {
        let file = File::open(self.root.join(path.trim_start_matches('/'))).ok()?;
        let mut bytes = Vec::with_capacity(USUAL_FILE);
        file.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
        String::from_utf8(bytes).ok()
    }

    fn number(&self, path: &str) -> Option<u64> {
        self.read(path)?.trim().parse().ok()
    }

    /// All cgroup mounts.
    pub fn mounts(&self) -> &[Mount] {
        self.mounts.get_or_init(|| {
            let text = self.read("proc/self/mountinfo").unwrap_or_default();
            text.lines().filter_map(|line| self.mount(line)).collect()
        })
    }

    /// `36 35 98:0 /shown /dir options - type source super-options`
    fn mount(&self, line: &str) -> Option<Mount> {
        let (head, tail) = line.split_once(" - ")?;
        let head: Vec<&str> = head.split(' ').collect();
        let mut tail = tail.split(' ');
        let controllers = match tail.next()? {
            "cgroup2" => Vec::new(),
            "cgroup" => {
                tail.nth(1)?.split(',').filter(|c| !["rw", "ro"].contains(c)).map(str::to_owned).collect()
            }
            _ => return None,
        };
        let dir = self.root.join(unescape(head.get(4)?).trim_start_matches('/'));
        Some(Mount { dir, shown: unescape(head.get(3)?), controllers })
    }

    /// Path of a process in a hierarchy: that of a controller, or the unified one for `None`.
    pub fn path_of(&self, pid: &str, controller: Option<&str>) -> Option<String> {
        let text = self.read(&format!("proc/{pid}/cgroup"))?;
        text.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (_, names, path) = (parts.next()?, parts.next()?, parts.next()?);
            let fits = match controller {
                None => names.is_empty(),
                Some(name) => names.split(',').any(|n| n == name),
            };
            fits.then(|| path.to_owned())
        })
    }

    /// A process, its descendants, and the members of its session if it leads one; the process is first.
    pub fn family(&self, pid: i32) -> Vec<i32> {
        let entries = fs::read_dir(self.root.join("proc")).into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let relations: Vec<(i32, i32, i32)> = pids
            .filter_map(|pid| {
                // `pid (name) state parent group session`; the name may contain any characters.
                let text = self.read(&format!("proc/{pid}/stat"))?;
                let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(1);
                let parent = fields.next()?.parse().ok()?;
                Some((pid, parent, fields.nth(1)?.parse().ok()?))
            })
            .collect();
        let mut family = vec![pid];
        let mut next = 0;
        while let Some(&member) = family.get(next) {
            next += 1;
            for &(other, parent, session) in &relations {
                if (parent == member || session == pid) && !family.contains(&other) {
                    family.push(other);
                }
            }
        }
        family
    }

    /// This process's directory in a hierarchy.
    pub fn own_dir(&self, controller: Option<&str>) -> Option<PathBuf> {
        self.dir_of("self", controller)
    }

    /// The directory of a slice of the systemd manager that this process runs under, if it exists.
    pub fn slice_dir(&self, slice: &str) -> Option<PathBuf> {
        self.own_dir(None)?.ancestors().map(|dir| dir.join(slice)).find(|dir| dir.is_dir())
    }

    /// A process's directory in a hierarchy.
    pub fn dir_of(&self, pid: &str, controller: Option<&str>) -> Option<PathBuf> {
        let mounts = self.mounts();
        let mount = mounts.iter().find(|m| match controller {
            None => m.controllers.is_empty(),
            Some(name) => m.controllers.iter().any(|c| c == name),
        })?;
        let path = self.path_of(pid, controller)?;
        let below = path.strip_prefix(mount.shown.trim_end_matches('/')).unwrap_or(&path);
        if below.split('/').any(|part| part == "..") {
            return None;
        }
        Some(mount.dir.join(below.trim_start_matches('/')))
    }

    /// True if the unified hierarchy has the memory controller (false on a hybrid host).
    pub fn is_unified(&self) -> bool {
        let mounts = self.mounts();
        let v2 = mounts.iter().find(|m| m.controllers.is_empty());
        let v1_memory = mounts.iter().any(|m| m.controllers.iter().any(|c| c == "memory"));
        v2.is_some() && !v1_memory
    }

    /// Address of the bus for systemd; `None`: taken from the environment.
    pub(super) fn bus(&self) -> Option<String> {
        (self.root != Path::new("/")).then(|| format!("unix:path={}", self.root.join("bus").display()))
    }

    pub fn has_systemd(&self) -> bool {
        self.root.join("run/systemd/system").is_dir()
    }

    /// A field of `/proc/meminfo` in bytes.
    pub fn meminfo(&self, field: &str) -> Option<u64> {
        let text = self.read("proc/meminfo")?;
        let line = text.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'))?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kib * 1024)
    }

    /// The memory that percentages refer to: RAM, or the limit of the cgroup that this process was
    /// started in if that is less. Call it before any process is moved.
    pub fn memory_base(&self) -> u64 {
        let ram = self.meminfo("MemTotal").unwrap_or(u64::MAX);
        let limits = if self.is_unified() {
            let (top, own) = (self.mounts().iter().find(|m| m.controllers.is_empty()), self.own_dir(None));
            let top = top.map(|m| m.dir.clone()).unwrap_or_default();
            let dirs: Vec<PathBuf> = own
                .iter()
                .flat_map(|d| d.ancestors())
                .take_while(|d| d.starts_with(&top))
                .map(Path::to_owned)
                .collect();
            dirs.iter()
                .filter_map(|dir| fs::read_to_string(dir.join("memory.max")).ok()?.trim().parse().ok())
                .min()
        } else {
            let stat =
                self.own_dir(Some("memory")).and_then(|dir| fs::read_to_string(dir.join("memory.stat")).ok());
            stat.and_then(|s| super::group::field(&s, "hierarchical_memory_limit"))
        };
        limits.unwrap_or(u64::MAX).min(ram)
    }

    /// The count of processes that percentages refer to: the kernel's limit.
    pub fn pids_base(&self) -> u64 {
        let limit = |name| self.number(&format!("proc/sys/kernel/{name}")).unwrap_or(32768);
        limit("pid_max").min(limit("threads-max"))
    }
}

/// Undoes the octal escapes of mountinfo.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('\\') {
        out.push_str(head);
        match tail.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &tail[3..];
            }
            None => {
                out.push('\\');
                rest = tail;
            }
        }
    }
    out + rest
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A made-up host; the directory is removed with the value.
    pub(in super::super) fn made_up(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let host = Host::at(dir.path().to_owned());
        (dir, host)
    }

    const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn percentages_are_of_the_smaller_of_memory_and_the_starting_limit() {
        let check = |max: &str, above: &str, expect: u64| {
            let (_dir, host) = made_up(&[
                ("proc/self/mountinfo", V2),
                ("proc/self/cgroup", "0::/a/b\n"),
                ("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 5 kB\n"),
                ("sys/fs/cgroup/a/b/memory.max", max),
                ("sys/fs/cgroup/a/memory.max", above),
            ]);
            assert!(host.is_unified());
            assert_eq!(host.memory_base(), expect);
        };
        check("max\n", "max\n", 1_024_000);
        check("5000\n", "max\n", 5000);
        check("5000\n", "4000\n", 4000);
        check("max\n", "9000000000\n", 1_024_000);
    }

    #[test]
    fn a_family_is_what_a_process_started() {
        let (_dir, host) = made_up(&[
            ("proc/10/stat", "10 (sh) S 1 10 10 0"),
            ("proc/11/stat", "11 (a) b) S 10 11 10 0"),
            ("proc/12/stat", "12 (x) S 11 12 12 0"),
            ("proc/13/stat", "13 (orphan) S 1 11 10 0"),
            ("proc/20/stat", "20 (other) S 1 20 20 0"),
        ]);
        let mut family = host.family(10);
        assert_eq!(family[0], 10);
        family.sort();
        assert_eq!(family, [10, 11, 12, 13]);
    }

    #[test]
    fn hybrid_hosts_are_known_for_what_they_are() {
        let (dir, host) = made_up(&[
            (
                "proc/self/mountinfo",
                "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                 33 31 0:30 /x /sys/fs/cgroup/a\\040b rw - cgroup cgroup rw,pids\n\
                 34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
            ),
            ("proc/self/cgroup", "4:memory:/m\n8:pids:/x/y\n0::/\n"),
            ("proc/meminfo", "MemTotal: 4 kB\n"),
            ("sys/fs/cgroup/memory/m/memory.stat", "cache 0\nhierarchical_memory_limit 2048\n"),
        ]);
        assert!(!host.is_unified());
        assert_eq!(host.own_dir(Some("pids")), Some(dir.path().join("sys/fs/cgroup/a b/y")));
        assert_eq!(host.own_dir(Some("cpu")), None);
        assert_eq!(host.memory_base(), 2048);
    }
}
