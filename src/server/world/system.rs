//! The world: files, users and processes of the machine.

use std::path::PathBuf;

use crate::base::ClientId;
use crate::model::host::{Content, FileDone, FileHost, SystemHost};

use super::World;
use crate::server::{files, proc};
use crate::sys::pattern;

impl FileHost for World {
    fn read_file(&mut self, client: Option<ClientId>, path: &str, done: FileDone) {
        files::read(self, client, path, done);
    }

    fn write_file(
        &mut self,
        client: Option<ClientId>,
        path: &str,
        append: bool,
        content: Content,
        done: FileDone,
    ) {
        files::write(self, client, path, append, content, done);
    }

    fn glob(&mut self, pattern: &str) -> Vec<PathBuf> {
        pattern::glob(pattern)
    }

    fn is_executable(&self, path: &str) -> bool {
        nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
    }
}

impl SystemHost for World {
    fn home(&self) -> String {
        proc::home()
    }

    fn home_of(&self, user: &str) -> Option<String> {
        if user.is_empty() {
            return Some(self.home());
        }
        let user = nix::unistd::User::from_name(user).ok().flatten()?;
        Some(user.dir.to_string_lossy().into_owned())
    }

    fn login_shell(&self) -> Option<String> {
        let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten()?;
        Some(user.shell.to_string_lossy().into_owned())
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        nix::unistd::User::from_uid(uid.into()).ok().flatten().map(|user| user.name)
    }

    fn user_id(&self, name: &str) -> Option<u32> {
        nix::unistd::User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
    }

    fn group_name(&self, gid: u32) -> Option<String> {
        nix::unistd::Group::from_gid(gid.into()).ok().flatten().map(|group| group.name)
    }

    fn group_id(&self, name: &str) -> Option<u32> {
        nix::unistd::Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
    }

    fn hostname(&self) -> String {
        nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn process_line(&self, pid: i32) -> Option<String> {
        proc::command_line(pid)
    }

    fn kill(&mut self, pid: i32, signal: i32) {
        if pid != 0
            && let Ok(signal) = nix::sys::signal::Signal::try_from(signal)
        {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).ok();
        }
    }
}
