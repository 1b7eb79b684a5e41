//! The last task of a keeper: removing the cgroups of its server. They can be removed only when their
//! processes have ended, which happens because the keeper closes the terminals.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Maximum time to wait for the processes in a group. A job that lives longer keeps its group, which is
/// removed when another server starts.
const DYING: Duration = Duration::from_secs(3);
/// Milliseconds between checks of groups with processes that are not the keeper's children.
pub(super) const LOOK_MS: u16 = 50;

/// Removes groups as soon as they are empty. `wait` blocks until it makes sense to try again.
pub(super) fn remove(mut groups: Vec<PathBuf>, mut wait: impl FnMut()) {
    let deadline = Instant::now() + DYING;
    loop {
        groups.retain(|group| !remove_unheld(group));
        if groups.is_empty() || Instant::now() >= deadline {
            return;
        }
        wait();
    }
}

/// Removes a group and the empty ones below it, unless a server has locked it or (with version 2) its
/// parent. Returns true if the group is gone.
fn remove_unheld(group: &Path) -> bool {
    let Ok(file) = File::open(group) else { return !group.exists() };
    let above = group.parent().and_then(|above| File::open(above).ok());
    let unheld = |file: &File| file.try_lock().is_ok();
    unheld(&file) && above.as_ref().is_none_or(unheld) && remove_tree(group)
}

fn remove_tree(group: &Path) -> bool {
    let entries = fs::read_dir(group).into_iter().flatten().flatten();
    let below = entries.filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()));
    for entry in below {
        remove_tree(&entry.path());
    }
    fs::remove_dir(group).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_go_when_they_are_empty_and_no_server_holds_them() {
        let dir = tempfile::tempdir().unwrap();
        let group = dir.path().join("group");
        fs::create_dir_all(group.join("pane-0/of-its-own")).unwrap();
        fs::create_dir_all(group.join("pane-1")).unwrap();
        let held = File::open(&group).unwrap();
        held.lock_shared().unwrap();
        assert!(!remove_unheld(&group) && !remove_unheld(&group.join("pane-1")));
        assert!(group.join("pane-1").exists());
        drop(held);
        // A process in a group blocks the removal of its directory; here a file does.
        let process = group.join("pane-0/of-its-own/process");
        fs::write(&process, "").unwrap();
        assert!(!remove_unheld(&group));
        assert!(!group.join("pane-1").exists());
        fs::remove_file(&process).unwrap();
        assert!(remove_unheld(&group) && !group.exists());
        assert!(remove_unheld(&group), "it is gone");
    }

    #[test]
    fn a_group_that_is_in_use_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let group = dir.path().join("group");
        fs::create_dir(&group).unwrap();
        let held = File::open(&group).unwrap();
        held.lock_shared().unwrap();
        let mut held = Some(held);
        remove(vec![group.clone()], || drop(held.take()));
        assert!(held.is_none() && !group.exists());
    }
}
