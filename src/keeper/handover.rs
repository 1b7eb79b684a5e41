//! Replacing a keeper by a new program: its state is passed in a memory file and in descriptors that stay
//! open. The new keeper has the same process id, the same children, and a new server.

use super::limits::FileLimits;
use super::spawn::Inherited;
use super::state::{Keeper, Template};
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::text::to_bytes;
use crate::protocol::ClientFlags;
use crate::protocol::custody::{HeldChild, ServerStart, put_text, text};
use crate::protocol::ring::Ring;
use crate::sys::descriptors::adopt;
use crate::sys::fork::quit;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, Signal};
use std::env;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Environment variable for a keeper that executes a new program: the descriptor of its state.
pub(super) const RESUME_VARIABLE: &str = "SCOPEMUX_KEEPER";
/// Environment variable for a new program that will be the next server: the descriptors of its keeper's
/// state and of the channel to the old server.
pub(super) const SUCCESSOR_VARIABLE: &str = "SCOPEMUX_SUCCESSOR";

/// Replaces this process. Returns the error if that failed; nothing has changed then.
pub(super) fn become_program(keeper: &Keeper, program: &str) -> Errno {
    let Ok(state) = pack_into(keeper) else { return Errno::ENOSPC };
    let argv = env::args_os().filter_map(|arg| CString::new(arg.into_vec()).ok()).collect();
    let number = state.as_raw_fd().to_string();
    execute(keeper, program, argv, (RESUME_VARIABLE, &number), &state)
}

/// Writes a keeper's state to a memory file.
pub(super) fn pack_into(keeper: &Keeper) -> nix::Result<File> {
    let mut file = File::from(memfd_create(c"keeper", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(&pack(keeper)).and_then(|()| file.rewind()).map_err(|_| Errno::ENOSPC)?;
    Ok(file)
}

/// Executes a program that inherits the keeper's descriptors. Returns the error if that failed.
pub(super) fn execute(
    keeper: &Keeper,
    program: &str,
    argv: Vec<CString>,
    (variable, value): (&str, &str),
    state: &File,
) -> Errno {
    let set = |flags: FdFlag| {
        let masters = keeper.children.values().filter_map(|child| child.master.as_ref());
        let journals = keeper.children.values().filter_map(|child| child.journal.as_ref());
        let single = [&keeper.deposit, &keeper.adopted, &keeper.channel].into_iter().flatten();
        let fds = [state.as_fd(), keeper.listener.as_fd()]
            .into_iter()
            .chain(single.chain(masters).chain(journals).map(AsFd::as_fd))
            .chain(keeper.log.as_ref().map(AsFd::as_fd));
        for fd in fds {
            fcntl(fd, FcntlArg::F_SETFD(flags))?;
        }
        Ok(())
    };
    if let Err(error) = set(FdFlag::empty()) {
        return error;
    }
    let ours = |name: &std::ffi::OsStr| name == RESUME_VARIABLE || name == SUCCESSOR_VARIABLE;
    let vars = env::vars_os().filter(|(name, _)| !ours(name));
    let mut vars: Vec<CString> = vars
        .filter_map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok())
        .collect();
    vars.extend(CString::new(format!("{variable}={value}")));
    let error = match CString::new(to_bytes(program)) {
        Ok(program) => match nix::unistd::execve(&program, &argv, &vars) {
            Err(error) => error,
            Ok(never) => match never {},
        },
        Err(_) => Errno::EINVAL,
    };
    let _ = set(FdFlag::FD_CLOEXEC);
    error
}

/// Reads a keeper's state from a file.
pub(super) fn unpack_from(state: OwnedFd, server: fn(ServerStart) -> !) -> io::Result<Keeper> {
    let mut bytes = Vec::new();
    File::from(state).read_to_end(&mut bytes)?;
    unpack(&bytes, server).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn put_fd(out: &mut Vec<u8>, fd: Option<&OwnedFd>) {
    put_varint(out, fd.map_or(0, |fd| fd.as_raw_fd() as u64 + 1));
}

fn fd(input: &mut Reader<'_>) -> Result<Option<OwnedFd>, Malformed> {
    match input.varint()? {
        0 => Ok(None),
        number => adopt(number as i32 - 1).map(Some).ok_or(Malformed),
    }
}

fn put_template(out: &mut Vec<u8>, template: &Template) {
    put_text(out, &template.socket_path);
    put_varint(out, template.config_files.len() as u64);
    template.config_files.iter().for_each(|file| put_text(out, file));
    out.push(u8::from(template.config_quiet));
    put_varint(out, template.flags.bits());
    out.push(template.log_level);
    put_varint(out, template.environment.len() as u64);
    for (name, value) in &template.environment {
        put_text(out, name);
        put_text(out, value);
    }
}

fn template(input: &mut Reader<'_>) -> Result<Template, Malformed> {
    let socket_path = text(input)?;
    let config_files = (0..input.varint()?).map(|_| text(input)).collect::<Result<_, _>>()?;
    let config_quiet = input.u8()? != 0;
    let flags = ClientFlags::from_bits_retain(input.varint()?);
    let log_level = input.u8()?;
    let environment =
        (0..input.varint()?).map(|_| Ok((text(input)?, text(input)?))).collect::<Result<_, Malformed>>()?;
    Ok(Template { socket_path, config_files, config_quiet, flags, log_level, environment })
}

fn put_mask(out: &mut Vec<u8>, mask: &SigSet) {
    let blocked: Vec<i32> = mask.iter().map(|signal| signal as i32).collect();
    put_varint(out, blocked.len() as u64);
    out.extend(blocked.iter().map(|&signal| signal as u8));
}

fn mask(input: &mut Reader<'_>) -> Result<SigSet, Malformed> {
    let count = input.varint()?;
    (0..count).map(|_| Signal::try_from(i32::from(input.u8()?)).map_err(|_| Malformed)).collect()
}

fn put_limits(out: &mut Vec<u8>, files: Option<FileLimits>) {
    put_varint(out, files.map_or(0, |files| files.soft));
    put_varint(out, files.map_or(0, |files| files.hard));
}

fn limits(input: &mut Reader<'_>) -> Result<Option<FileLimits>, Malformed> {
    let (soft, hard) = (input.varint()?, input.varint()?);
    Ok(Some(FileLimits { soft, hard }).filter(|files| files.hard > 0))
}

/// Data that a server needs to start another keeper.
pub(super) fn pack_birth(keeper: &Keeper) -> Vec<u8> {
    let mut out = Vec::new();
    put_template(&mut out, &keeper.template);
    put_mask(&mut out, &keeper.inherited.mask);
    put_limits(&mut out, keeper.inherited.files);
    out
}

/// Called by a server whose keeper died: starts another one, which gets this end of the socket pair.
pub(crate) fn replace(birth: &[u8], listener: OwnedFd, socket: OwnedFd) -> io::Result<()> {
    fn never(_: ServerStart) -> ! {
        quit(1)
    }
    let input = &mut Reader(birth);
    let read = template(input).and_then(|template| Ok((template, mask(input)?, limits(input)?)));
    let Ok((template, mask, files)) = read else { return Err(io::ErrorKind::InvalidData.into()) };
    let mut keeper = Keeper::new(template, listener, never);
    keeper.inherited = Inherited { mask, files };
    keeper.adopted = Some(socket);
    keeper.server_pid = Some(std::process::id() as i32);
    let mut state = File::from(memfd_create(c"keeper", MFdFlags::MFD_CLOEXEC)?);
    state.write_all(&pack(&keeper))?;
    state.rewind()?;
    let passed = [
        Some(state.as_fd()),
        Some(keeper.listener.as_fd()),
        keeper.adopted.as_ref().map(AsFd::as_fd),
        keeper.log.as_ref().map(AsFd::as_fd),
    ];
    for fd in passed.into_iter().flatten() {
        fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
    }
    let mut args = env::args_os();
    let mut command = Command::new("/proc/self/exe");
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    command.args(args).env_remove(SUCCESSOR_VARIABLE).env(RESUME_VARIABLE, state.as_raw_fd().to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Its end is collected by the server, like that of all other children.
    command.spawn().map(drop)
}

fn pack(keeper: &Keeper) -> Vec<u8> {
    let mut out = Vec::new();
    put_template(&mut out, &keeper.template);
    put_fd(&mut out, Some(&keeper.listener));
    put_fd(&mut out, keeper.deposit.as_ref());
    put_varint(&mut out, keeper.server_pid.unwrap_or(0) as u64);
    put_mask(&mut out, &keeper.inherited.mask);
    put_varint(&mut out, keeper.children.len() as u64);
    for child in keeper.children.values() {
        put_varint(&mut out, child.token);
        put_varint(&mut out, child.pid as u64);
        put_text(&mut out, &child.tty);
        put_fd(&mut out, child.master.as_ref());
        put_varint(&mut out, child.status.map_or(0, |status| status as u64 + 1));
    }
    // Written last, so that a program without journals can read the part that it knows.
    for child in keeper.children.values() {
        put_fd(&mut out, child.journal.as_ref());
    }
    put_limits(&mut out, keeper.inherited.files);
    put_fd(&mut out, keeper.adopted.as_ref());
    put_fd(&mut out, keeper.channel.as_ref());
    let log = keeper.log.as_ref().map(|log| log.as_fd().as_raw_fd() as u64 + 1);
    put_varint(&mut out, log.unwrap_or(0));
    out
}

fn unpack(state: &[u8], server: fn(ServerStart) -> !) -> Result<Keeper, Malformed> {
    let input = &mut Reader(state);
    let template = template(input)?;
    let listener = fd(input)?.ok_or(Malformed)?;
    let mut keeper = Keeper::new(template, listener, server);
    keeper.deposit = fd(input)?;
    keeper.server_pid = Some(input.varint()? as i32).filter(|pid| *pid != 0);
    keeper.inherited.mask = mask(input)?;
    for _ in 0..input.varint()? {
        let (token, pid, tty) = (input.varint()?, input.varint()? as i32, text(input)?);
        let master = fd(input)?;
        let status = input.varint()?.checked_sub(1).map(|status| status as i32);
        keeper.children.insert(token, HeldChild { token, pid, tty, master, journal: None, status });
    }
    for child in keeper.children.values_mut().filter(|_| !input.0.is_empty()) {
        child.journal = fd(input)?;
    }
    // The present limit is not the original one: this process raised it as its last program.
    if !input.0.is_empty() {
        keeper.inherited.files = limits(input)?;
    }
    if !input.0.is_empty() {
        keeper.adopted = fd(input)?;
    }
    if !input.0.is_empty() {
        keeper.channel = fd(input)?;
        keeper.log = fd(input)?.map(Ring::of).or(keeper.log);
    }
    Ok(keeper)
}
