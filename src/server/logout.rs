//! Detects whether a logout would end the server: it runs below the user's manager, which ends with
//! the user's last session unless the user lingers. The first client that attaches gets a message
//! once.

use std::path::Path;

use crate::base::ClientId;
use crate::view;

use super::runtime::Runtime;

const ADVICE: &str = "a logout ends this server: loginctl enable-linger keeps it";
/// Directory with a file for each user that lingers.
const LINGERING: &str = "/var/lib/systemd/linger";

/// Reports whether a process in these groups (`/proc/self/cgroup`) belongs to a user's manager.
fn is_below_manager(groups: &str, uid: u32) -> bool {
    let manager = format!("user@{uid}.service");
    let systemd = |line: &&str| line.starts_with("0::") || line.contains(":name=systemd:");
    groups.lines().filter(systemd).any(|line| line.split('/').any(|part| part == manager))
}

/// Reports whether a logout would end this process.
fn ends_with_logout() -> bool {
    let uid = nix::unistd::getuid();
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let user = nix::unistd::User::from_uid(uid).ok().flatten();
    // Root's manager ends as well, but a machine used only by root has no logout.
    !uid.is_root()
        && is_below_manager(&groups, uid.as_raw())
        && user.is_some_and(|user| !Path::new(LINGERING).join(user.name).exists())
}

impl Runtime {
    /// Shows the warning to the first client that attaches.
    pub(super) fn warn_of_logout(&mut self) {
        if self.logout_told {
            return;
        }
        let shows = |id: &ClientId| self.world.peers.get(id).is_some_and(|peer| peer.tty.is_some());
        let attached = self.server.clients.values().filter(|client| client.session.is_some());
        let Some(client) = attached.map(|client| client.id).find(shows) else { return };
        if ends_with_logout() {
            view::message::show_error(&mut self.cx(), client, ADVICE);
        } else if self.world.scopes.is_waiting() {
            // systemd may still move this process below the user's manager: check again later.
            return;
        }
        self.logout_told = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_manager_is_known_by_its_group() {
        let check =
            |groups: &str, expect: bool| assert_eq!(is_below_manager(groups, 1000), expect, "{groups}");
        check("0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope\n", true);
        check("1:name=systemd:/user.slice/user-1000.slice/user@1000.service/x.scope\n0::/\n", true);
        check("0::/user.slice/user-1000.slice/session-3.scope\n", false);
        check("0::/user.slice/user-1000.slice/user@1001.service/app.slice\n", false);
        check("4:memory:/user@1000.service\n0::/init.scope\n", false);
    }
}
