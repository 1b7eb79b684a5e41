//! Continues as what the environment says: a keeper that executed a new program, or the next server.

use super::handover::{RESUME_VARIABLE, SUCCESSOR_VARIABLE, unpack_from};
use super::spawn::IGNORED;
use super::state::wait_for;
use super::successor::say;
use crate::protocol::custody::ServerStart;
use crate::protocol::upgrade::{FORMAT, ToOld};
use crate::sys::descriptors::{adopt, leave};
use crate::sys::fork::quit;
use crate::sys::signals;
use nix::sys::signal::{SigmaskHow, Signal, kill, sigprocmask};
use nix::unistd::Pid;
use std::env;
use std::ffi::CString;
use std::os::fd::AsFd;

/// Milliseconds until an old server, whose connection was closed, is killed.
const OLD_SERVER_MS: u64 = 3000;

/// Continues as the keeper, or becomes the server, from the state that the environment names. Returns
/// when it names none.
pub(crate) fn resume(server: fn(ServerStart) -> !) {
    become_successor(server);
    let Some(number) = env::var(RESUME_VARIABLE).ok().and_then(|value| value.parse().ok()) else { return };
    let Some(fd) = adopt(number) else { return };
    let Ok(mut keeper) = unpack_from(fd, server) else { quit(1) };
    if let Some(socket) = keeper.adopted.take() {
        keeper.watch_strangers();
        keeper.run_with(socket)
    }
    if let Some(pid) = keeper.server_pid {
        end_old_server(pid);
    }
    IGNORED.into_iter().for_each(signals::reset);
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&keeper.inherited.mask), None);
    keeper.run_again()
}

/// Becomes the next server if the environment says so, else returns.
fn become_successor(server: fn(ServerStart) -> !) {
    let Ok(value) = env::var(SUCCESSOR_VARIABLE) else { return };
    let mut numbers = value.split(',').map_while(|number| number.parse::<i32>().ok());
    let (Some(state), Some(channel)) = (numbers.next(), numbers.next()) else { return };
    if numbers.next().is_none() {
        if let Some(channel) = adopt(channel) {
            let name = concat!("scopemux ", env!("CARGO_PKG_VERSION")).to_owned();
            say(channel.as_fd(), ToOld::Hello { format: FORMAT, name });
            // It is in the state too, which whoever continues from here adopts.
            let _ = leave(channel);
        }
        take_name(&value);
    }
    let Some(state) = adopt(state) else { quit(1) };
    let Ok(mut keeper) = unpack_from(state, server) else { quit(1) };
    match (keeper.adopted.take(), keeper.channel.take()) {
        (Some(socket), Some(channel)) => keeper.run_successor(socket, channel),
        _ => quit(1),
    }
}

/// Executes this program once more, with the command line of a server. Returns on failure.
fn take_name(value: &str) {
    let parent = format!("/proc/{}/cmdline", nix::unistd::getppid());
    let line = std::fs::read(parent).unwrap_or_default();
    let argv: Vec<CString> = line
        .strip_suffix(b"\0")
        .unwrap_or_default()
        .split(|byte| *byte == 0)
        .filter_map(|arg| CString::new(arg).ok())
        .collect();
    let vars = env::vars_os().filter(|(name, _)| name != SUCCESSOR_VARIABLE);
    let mut vars: Vec<CString> = vars
        .filter_map(|(name, value)| {
            use std::os::unix::ffi::OsStrExt;
            CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
        })
        .collect();
    vars.extend(CString::new(format!("{SUCCESSOR_VARIABLE}={value},1")));
    if !argv.is_empty() {
        let _ = nix::unistd::execve(c"/proc/self/exe", &argv, &vars);
    }
}

fn end_old_server(pid: i32) {
    let mut waited_ms = 0;
    while wait_for(pid, true).is_none() {
        if waited_ms >= OLD_SERVER_MS {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            let _ = wait_for(pid, false);
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
        waited_ms += 5;
    }
}
