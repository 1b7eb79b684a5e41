//! Forking: daemons, panes with a terminal, jobs with a socket. All unsafe code of the keeper is in this
//! file and relies on the keeper having a single thread.

use super::limits::FileLimits;
use crate::base::text::to_bytes;
use crate::protocol::custody::{Pty, Spawn, Stdio};
use crate::sys::exec::is_script;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl, open, openat};
use nix::libc;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction, sigprocmask};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::Mode;
use nix::sys::termios::{InputFlags, SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};
use nix::unistd::{
    ForkResult, chdir, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2, read, setsid, write,
};
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// `PATH` of a child whose environment has none.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Signals that get their default action in every child.
const RESET: [Signal; 11] = [
    Signal::SIGPIPE,
    Signal::SIGTSTP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGHUP,
    Signal::SIGCHLD,
    Signal::SIGCONT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
];
/// Signals that a keeper ignores; it ends when its server says so. The last two stay ignored in children.
///
/// tmux: programs in panes start with SIGTTIN and SIGTTOU ignored.
pub(super) const IGNORED: [Signal; 10] = [
    Signal::SIGPIPE,
    Signal::SIGTSTP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGHUP,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
];

/// A child that was started.
pub(super) struct Started {
    pub pid: i32,
    pub tty: String,
    /// The pty's master or our end of the socket.
    pub fd: OwnedFd,
    /// False if it could not be moved to its cgroup; a child that enters groups by itself says so later
    /// (`Refusals`).
    pub contained: bool,
    /// The gate that holds the child until `open_gate`.
    pub gate: Option<OwnedFd>,
}

/// Takes over a descriptor that was passed to this process by number; `None` if it is not open.
pub(crate) fn adopt(number: i32) -> Option<OwnedFd> {
    // SAFETY: the caller names a descriptor that was passed to this process for it alone; a
    // borrowed number that is not open only makes fcntl fail.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl(borrowed, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).ok()?;
    // SAFETY: as above; it was just seen to be open.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Sets the action of a signal to ignore or to the default.
pub(super) fn dispose(signal: Signal, ignore: bool) {
    let handler = if ignore { SigHandler::SigIgn } else { SigHandler::SigDfl };
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: only SIG_DFL and SIG_IGN are ever installed, so no handler can run.
    let _ = unsafe { sigaction(signal, &action) };
}

/// Forks twice; returns `true` in the new session leader, `false` in the original process. The working
/// directory stays, the standard streams are redirected to /dev/null.
pub(crate) fn daemonize() -> nix::Result<bool> {
    if fork_here()?.is_some() {
        return Ok(false);
    }
    if !matches!(fork_here(), Ok(None)) {
        quit(0);
    }
    let _ = setsid();
    if let Ok(null) = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()) {
        let _ = dup2_stdin(&null).and_then(|()| dup2_stdout(&null)).and_then(|()| dup2_stderr(&null));
    }
    Ok(true)
}

/// Forks: the child's process id, or `None` in the child.
pub(super) fn fork_here() -> nix::Result<Option<i32>> {
    // SAFETY: client and keeper have a single thread, so the child may do anything.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(Some(child.as_raw())),
        ForkResult::Child => Ok(None),
    }
}

/// Ends a forked child without running its parent's exit handlers.
pub(super) fn quit(status: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(status) }
}

/// The child's side of its standard streams.
struct Streams {
    files: Vec<OwnedFd>,
    /// For the streams 0, 1 and 2: places in `files`.
    places: [usize; 3],
    /// The first is a terminal, which becomes the controlling one.
    leads: bool,
}

/// A pipe on which children say that they could not enter their version 1 groups: one for all children,
/// and those that could say nothing, so that none of them wakes the keeper.
pub(super) struct Refusals {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Refusals {
    pub(super) fn new() -> nix::Result<Self> {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        Ok(Self { reader, writer })
    }

    /// Readable when `take` has a result.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }

    /// Called in a child.
    fn say(&self, token: u64) {
        // The pipe takes some thousand of them at once; a child beyond that is not reported.
        let _ = write(&self.writer, &token.to_ne_bytes());
    }

    /// The token of a child that could not enter all of its groups, once.
    pub(super) fn take(&self) -> Option<u64> {
        let mut token = [0; 8];
        (read(&self.reader, &mut token) == Ok(token.len())).then(|| u64::from_ne_bytes(token))
    }
}

/// Settings of the process that started the keeper, for children.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inherited {
    pub mask: SigSet,
    /// `None`: the limit was not changed.
    pub files: Option<FileLimits>,
}

/// Starts a child. `refusals` is where it says that it could not enter its version 1 groups.
pub(super) fn spawn(
    spawn: Spawn,
    inherited: &Inherited,
    refusals: Option<&Refusals>,
) -> nix::Result<Started> {
    let (fd, tty, streams) = match &spawn.stdio {
        Stdio::Pty(pty) => open_pty(pty)?,
        Stdio::Socket { stdin, stdout, stderr } => open_socket([*stdin, *stdout, *stderr])?,
    };
    // The child executes its program only when it is in its cgroup, since memory stays charged to the
    // group that first touched it: it enters groups of version 1 by itself, and waits at the gate if the
    // keeper may have to move it.
    let may_be_moved = spawn.cgroup.is_some() && spawn.groups.is_empty();
    let gate = (spawn.gated || may_be_moved).then(|| pipe2(OFlag::O_CLOEXEC)).transpose()?;
    let (pid, inside) = fork_blocked(&spawn)?;
    let Some(pid) = pid else {
        if spawn.groups.iter().filter(|dir| !enter(dir)).count() > 0
            && let Some(refusals) = refusals
        {
            refusals.say(spawn.token);
        }
        if let Some((reader, writer)) = gate {
            drop(writer);
            let _ = read(&reader, &mut [0; 1]);
        }
        become_child(&spawn, &streams, inherited);
    };
    let contained = match &spawn.cgroup {
        Some(cgroup) if !inside => move_into(cgroup.as_fd(), pid),
        _ => true,
    };
    let gate = gate.map(|(_, writer)| writer);
    let gate = match gate {
        Some(gate) if !spawn.gated => {
            open_gate(&gate);
            None
        }
        gate => gate,
    };
    Ok(Started { pid, tty, fd, contained, gate })
}

/// Forks with every signal blocked, and leaves them blocked in the child: the keeper ignores most
/// signals, so one that arrived before the child has set its own actions would be lost. Also returns true
/// if the child is in its cgroup already, or needs no cgroup.
fn fork_blocked(spawn: &Spawn) -> nix::Result<(Option<i32>, bool)> {
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), Some(&mut before))?;
    let forked = match &spawn.cgroup {
        Some(cgroup) if spawn.groups.is_empty() => match fork_into(cgroup.as_fd()) {
            Ok(pid) => Ok((pid, true)),
            Err(Errno::EAGAIN | Errno::ENOMEM) => Err(Errno::EAGAIN),
            Err(_) => fork_here().map(|pid| (pid, false)),
        },
        _ => fork_here().map(|pid| (pid, true)),
    };
    if !matches!(forked, Ok((None, _))) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
    }
    forked
}

/// Releases a gated child.
pub(super) fn open_gate(gate: &OwnedFd) {
    // A child that was killed at its gate does not read this.
    let _ = write(gate, b"x");
}

/// Forks with the child in a cgroup from its first instruction.
fn fork_into(cgroup: BorrowedFd<'_>) -> nix::Result<Option<i32>> {
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
    // SAFETY: clone_args is plain numbers, for which zero is valid.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = CLONE_INTO_CGROUP;
    args.exit_signal = libc::SIGCHLD as u64;
    args.cgroup = cgroup.as_raw_fd() as u64;
    // SAFETY: without CLONE_VM this is a fork; the process has one thread, so the child finds
    // every lock free. The arguments outlive the call.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &args, size_of::<libc::clone_args>()) };
    match Errno::result(pid)? {
        0 => Ok(None),
        pid => Ok(Some(pid as i32)),
    }
}

/// Enters a version 1 cgroup. A thread that moves itself does not wait; moving another process takes a
/// grace period of the kernel (RCU), some milliseconds. Returns true on success.
fn enter(dir: &str) -> bool {
    let tasks = to_bytes(&format!("{dir}/tasks"));
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    open(OsStr::from_bytes(&tasks), flags, Mode::empty()).and_then(|file| write(&file, b"0")).is_ok()
}

fn move_into(cgroup: BorrowedFd<'_>, pid: i32) -> bool {
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let Ok(procs) = openat(cgroup, "cgroup.procs", flags, Mode::empty()) else { return false };
    write(&procs, pid.to_string().as_bytes()).is_ok()
}

fn open_pty(pty: &Pty) -> nix::Result<(OwnedFd, String, Streams)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags | OFlag::O_NONBLOCK)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let tty = ptsname_r(&master)?;
    let slave = open(tty.as_str(), flags, Mode::empty())?;
    let size =
        libc::winsize { ws_row: pty.rows, ws_col: pty.cols, ws_xpixel: pty.xpixel, ws_ypixel: pty.ypixel };
    // SAFETY: the descriptor is open and the structure is what TIOCSWINSZ reads.
    Errno::result(unsafe { libc::ioctl(slave.as_raw_fd(), libc::TIOCSWINSZ, &size) })?;
    if pty.control_chars.is_some() || pty.erase.is_some() {
        let mut settings = tcgetattr(&slave)?;
        if let Some(chars) = &pty.control_chars {
            let len = chars.len().min(settings.control_chars.len());
            settings.control_chars[..len].copy_from_slice(&chars[..len]);
        }
        if let Some(erase) = pty.erase {
            settings.control_chars[SpecialCharacterIndices::VERASE as usize] = erase;
            settings.input_flags |= InputFlags::IUTF8;
        }
        tcsetattr(&slave, SetArg::TCSANOW, &settings)?;
    }
    // SAFETY: the master gives up its descriptor here and the new owner is the only one.
    let master = unsafe { OwnedFd::from_raw_fd(master.into_raw_fd()) };
    Ok((master, tty, Streams { files: vec![slave], places: [0; 3], leads: true }))
}

fn open_socket(wanted: [bool; 3]) -> nix::Result<(OwnedFd, String, Streams)> {
    let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)?;
    let null = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
    set_nonblocking(&ours)?;
    let places = wanted.map(|wanted| usize::from(!wanted));
    Ok((ours, String::new(), Streams { files: vec![theirs, null], places, leads: false }))
}

fn set_nonblocking(fd: &OwnedFd) -> nix::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map(drop)
}

/// Runs in the child until it executes its program.
fn become_child(spawn: &Spawn, streams: &Streams, inherited: &Inherited) -> ! {
    let [stdin, stdout, stderr] = streams.places.map(|place| &streams.files[place]);
    if streams.leads {
        let _ = setsid();
        // SAFETY: the descriptor is open; TIOCSCTTY takes a number.
        unsafe { libc::ioctl(stdin.as_raw_fd(), libc::TIOCSCTTY, 0) };
    }
    if dup2_stdin(stdin).and_then(|()| dup2_stdout(stdout)).and_then(|()| dup2_stderr(stderr)).is_err() {
        quit(1);
    }
    if let Some(adj) = spawn.oom_score_adj {
        let _ = std::fs::write("/proc/self/oom_score_adj", adj.to_string());
    }
    RESET.into_iter().for_each(|signal| dispose(signal, false));
    [Signal::SIGTTIN, Signal::SIGTTOU].into_iter().for_each(|signal| dispose(signal, true));
    let cwd = enter_directory(spawn);
    // SAFETY: closes every descriptor from 3 on; nothing in this child uses one any more.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    inherited.files.into_iter().for_each(FileLimits::give_back);
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&inherited.mask), None);
    execute(spawn, cwd);
    quit(1)
}

/// Enters the start directory: the wanted one, the home directory, or the root.
fn enter_directory(spawn: &Spawn) -> Option<String> {
    let wanted = spawn.cwd.as_deref()?;
    let places = [Some(wanted), spawn.home.as_deref(), Some("/")];
    let enter = |dir: &&str| chdir(OsStr::from_bytes(&to_bytes(dir))).is_ok();
    places.into_iter().flatten().find(enter).map(str::to_owned)
}

/// Executes the program; returns only on failure.
fn execute(spawn: &Spawn, cwd: Option<String>) {
    let c_string = |text: &str| CString::new(to_bytes(text)).unwrap_or_default();
    let argv = script_argv(&spawn.argv).unwrap_or_else(|| spawn.argv.clone());
    let argv: Vec<CString> = argv.iter().map(|arg| c_string(arg)).collect();
    let mut pairs: Vec<(&str, &str)> =
        spawn.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if let Some(cwd) = &cwd {
        pairs.retain(|(name, _)| *name != "PWD");
        pairs.push(("PWD", cwd));
    }
    let env: Vec<CString> = pairs.iter().map(|(name, value)| c_string(&format!("{name}={value}"))).collect();
    if spawn.program.contains('/') {
        let _ = try_execute(&c_string(&spawn.program), &argv, &env);
        return;
    }
    let path = pairs.iter().find(|(name, _)| *name == "PATH").map_or(DEFAULT_PATH, |(_, value)| value);
    for dir in path.split(':') {
        let dir = if dir.is_empty() { "." } else { dir };
        match try_execute(&c_string(&format!("{dir}/{}", spawn.program)), &argv, &env) {
            Errno::ENOENT
            | Errno::ENOTDIR
            | Errno::EACCES
            | Errno::ESTALE
            | Errno::ENODEV
            | Errno::ETIMEDOUT => {}
            _ => return,
        }
    }
}

/// The arguments by which a shell runs a command that is too long for one: it reads it from a memory file.
/// `None` if the command is short or the file cannot be made.
fn script_argv(argv: &[String]) -> Option<Vec<String>> {
    let [name, flag, command] = argv else { return None };
    if flag != "-c" || !is_script(command) {
        return None;
    }
    let mut script = File::from(memfd_create(c"command", MFdFlags::empty()).ok()?);
    let fd = script.as_raw_fd();
    // The shell opens the file again to read it, and does not hand this descriptor to its programs.
    let (read, close) = match name.as_str() {
        "fish" => (".", String::new()),
        "csh" | "tcsh" => ("source", String::new()),
        _ => (".", format!("exec {fd}<&-; ")),
    };
    script.write_all(close.as_bytes()).and_then(|()| script.write_all(&to_bytes(command))).ok()?;
    // It is closed by the program that is executed.
    let _ = script.into_raw_fd();
    Some(vec![name.clone(), flag.clone(), format!("{read} /dev/fd/{fd}")])
}

/// Executes a file. As in execvp(3), an executable of unknown format is run as a shell script.
fn try_execute(file: &CString, argv: &[CString], env: &[CString]) -> Errno {
    let Err(error) = nix::unistd::execve(file, argv, env);
    if error == Errno::ENOEXEC {
        let shell = c"/bin/sh".to_owned();
        let args: Vec<CString> =
            [shell.clone(), file.clone()].into_iter().chain(argv.iter().skip(1).cloned()).collect();
        let Err(error) = nix::unistd::execve(&shell, &args, env);
        return error;
    }
    error
}

/// waitpid(2): a child and its raw status; `None` when there is nothing to report.
pub(super) fn wait(pid: i32, flags: i32) -> Option<(i32, i32)> {
    let mut status = 0;
    loop {
        // SAFETY: the status is writable for the call.
        let found = unsafe { libc::waitpid(pid, &mut status, flags) };
        match Errno::result(found) {
            Ok(found) if found > 0 => return Some((found, status)),
            Err(Errno::EINTR) => {}
            _ => return None,
        }
    }
}

/// A descriptor that becomes readable when this process ends, whoever is its parent.
pub(super) fn watch_process(pid: i32) -> Option<OwnedFd> {
    // SAFETY: pidfd_open takes two numbers; a new descriptor is closed on exec.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = Errno::result(fd).ok()? as i32;
    // SAFETY: the kernel has just made this descriptor for this process.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The wait status of a watched process, once its parent has collected it. Kernels before 6.15 do not
/// report it.
pub(super) fn exit_of(watched: &OwnedFd) -> Option<i32> {
    /// The first version of `struct pidfd_info`: a mask, a cgroup, eleven ids, and the exit code.
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        mask: u64,
        cgroup: u64,
        ids: [u32; 11],
        exit_code: i32,
    }
    const INFO_EXIT: u64 = 1 << 3;
    nix::ioctl_readwrite!(pidfd_get_info, 0xff, 11, Info);
    let mut info = Info { mask: INFO_EXIT, ..Info::default() };
    // SAFETY: the descriptor is open, and the structure has the size that is in the number of
    // the call; the kernel writes no more than that.
    unsafe { pidfd_get_info(watched.as_raw_fd(), &mut info) }.ok()?;
    (info.mask & INFO_EXIT != 0).then_some(info.exit_code)
}

#[cfg(test)]
mod tests;
