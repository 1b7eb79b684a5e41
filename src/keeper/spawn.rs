//! Forking: daemons, panes with a terminal, jobs with a socket. A keeper has one thread, so its children
//! may do anything (`sys::fork`).

use super::limits::FileLimits;
use crate::base::text::to_bytes;
use crate::protocol::custody::{Pty, Spawn, Stdio};
use crate::sys::exec::is_script;
use crate::sys::fork::{end_without_descriptors, fork, fork_into, quit};
use crate::sys::{signals, tty};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open, openat};
use nix::pty::{Winsize, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::Mode;
use nix::sys::termios::{InputFlags, SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};
use nix::unistd::{chdir, dup2_stderr, dup2_stdin, dup2_stdout, pipe2, read, setsid, write};
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
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

/// Forks twice; returns `true` in the new session leader, `false` in the original process. The working
/// directory stays, the standard streams are redirected to /dev/null.
pub(crate) fn daemonize() -> nix::Result<bool> {
    if fork()?.is_some() {
        return Ok(false);
    }
    if !matches!(fork(), Ok(None)) {
        quit(0);
    }
    let _ = setsid();
    silence();
    Ok(true)
}

/// Redirects the standard streams to /dev/null, as far as that can be done.
pub(super) fn silence() {
    if let Ok(null) = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()) {
        let _ = dup2_stdin(&null).and_then(|()| dup2_stdout(&null)).and_then(|()| dup2_stderr(&null));
    }
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
            Err(_) => fork().map(|pid| (pid, false)),
        },
        _ => fork().map(|pid| (pid, true)),
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
    let name = ptsname_r(&master)?;
    let slave = open(name.as_str(), flags, Mode::empty())?;
    let size = Winsize { ws_row: pty.rows, ws_col: pty.cols, ws_xpixel: pty.xpixel, ws_ypixel: pty.ypixel };
    tty::set_window_size(slave.as_fd(), &size)?;
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
    Ok((master.into(), name, Streams { files: vec![slave], places: [0; 3], leads: true }))
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
        let _ = tty::control(stdin.as_fd());
    }
    if dup2_stdin(stdin).and_then(|()| dup2_stdout(stdout)).and_then(|()| dup2_stderr(stderr)).is_err() {
        quit(1);
    }
    if let Some(adj) = spawn.oom_score_adj {
        let _ = std::fs::write("/proc/self/oom_score_adj", adj.to_string());
    }
    RESET.into_iter().for_each(signals::reset);
    [Signal::SIGTTIN, Signal::SIGTTOU].into_iter().for_each(signals::ignore);
    let cwd = enter_directory(spawn);
    end_without_descriptors(|| {
        inherited.files.into_iter().for_each(FileLimits::give_back);
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&inherited.mask), None);
        execute(spawn, cwd);
    })
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

#[cfg(test)]
mod tests;
