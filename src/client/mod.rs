//! The tmux client: reads its command line, finds or starts a server, sends a command, and then follows
//! the server's messages until it has to end.
//!
//! It starts no thread, and no runtime before it is connected, so that it can turn into a keeper
//! by forking.

mod about;
mod cli;
mod comeback;
mod control;
mod exit;
mod files;
mod identify;
mod links;
mod log;
mod place;
mod session;
mod signals;
mod socket;
mod start;
mod streams;
mod waiting;

use crate::base::text::{from_bytes, to_bytes};
use crate::protocol::imsg::{FdMarking, MAX_PAYLOAD};
use crate::protocol::message::{MAX_COMMAND, command_bytes};
use crate::protocol::{ClientFlags, Connection, Message};
use crate::sys::error::error_text;
use cli::{Arguments, Parsed};
use comeback::Comeback;
use control::RawTerminal;
use identify::Identity;
use log::Log;
use nix::sys::signal::{Signal, kill};
use session::{Afterwards, Outcome, Session};
use signals::Signals;
use socket::Reached;
pub(crate) use start::Program;
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use streams::{say, say_error, set_blocking, wait_for_empty_line};
use waiting::Waiting;

/// Maximum number of bytes queued for the server: an environment can be large.
const MAX_OUTPUT: usize = 64 * 1024 * 1024;
/// Maximum number of connections tried when servers that are about to end do not accept them:
/// `kill-server` followed by `new-session` may find the old server's socket for a moment.
const MAX_ATTEMPTS: usize = 3;

/// Commands of scopemux that may take long: C-c ends their client.
const STOPPABLE: [&str; 4] =
    ["save-transcript", "search-transcripts", "list-transcripts", "restore-sessions"];

/// Runs the client and returns its exit status. Does not return in a process that becomes a server.
pub(crate) fn main(program: Program) -> i32 {
    let argv: Vec<String> = env::args_os().map(|arg| from_bytes(&arg.into_vec())).collect();
    match cli::parse(&argv, program.version) {
        Parsed::About => {
            print!("{}", about::report(program.own_version, program.version));
            0
        }
        Parsed::Print(text) => {
            print!("{text}");
            0
        }
        Parsed::Fail(text) => {
            eprint!("{text}");
            1
        }
        Parsed::Run(arguments) => run(program, *arguments).unwrap_or_else(|complaint| {
            say_error(&complaint);
            1
        }),
    }
}

fn run(program: Program, mut arguments: Arguments) -> Result<i32, String> {
    if let Some((name, rest)) = arguments.command.split_first()
        && name == "install-links"
    {
        print!("{}", links::install(rest)?);
        return Ok(0);
    }
    if place::is_utf8() {
        arguments.flags |= ClientFlags::UTF8;
    }
    let path = socket_path(&mut arguments)?;
    let starts = arguments.shell_command.is_some()
        || arguments.command.is_empty()
        || (program.starts_server)(&arguments.command);
    if starts {
        arguments.flags |= ClientFlags::START_SERVER;
    }
    let mut log = Log::open(arguments.log_level);
    log.line(|| {
        format!("client started ({}): socket {path}, flags {:#x}", std::process::id(), arguments.flags)
    });
    // From here on signals are blocked until the client waits for a server; processes that it starts get
    // the old mask.
    let signals =
        Signals::take().map_err(|error| format!("signals: {}", crate::sys::error::strerror(error as i32)))?;
    let mut raw = None;
    let mut outcome = Outcome::default();
    let mut comeback = Comeback::new();
    let mut attempts = 0;
    let mut waiting = None;
    let mut came_back = false;
    while attempts < MAX_ATTEMPTS {
        attempts += 1;
        let (socket, marking) = match connect(program, &arguments, &path, &signals, waiting.is_none())? {
            Some(connected) => connected,
            None if came_back => return Err(format!("no server running on {path}")),
            None => return Err(start_over(&signals)),
        };
        if raw.is_none() && arguments.flags.contains(ClientFlags::CONTROL_CONTROL) {
            raw = Some(RawTerminal::enter()?);
        }
        let connection = introduce(&arguments, marking)?;
        if waiting.is_none() {
            waiting = Some(Waiting::new(&signals::CAUGHT).map_err(|error| error_text(&error))?);
        }
        let waiting = waiting.as_mut().expect("made above");
        let mut session = Session::new(socket, connection, waiting, arguments.flags, log);
        let command = arguments.command.first().map_or("", String::as_str);
        session.stoppable = STOPPABLE.contains(&command);
        (outcome, log) = session.run();
        if let Some(command) = comeback.command(&outcome, &path) {
            attempts = 0;
            came_back = true;
            arguments.command = command;
            arguments.flags |= ClientFlags::START_SERVER;
        } else if !outcome.untaken {
            break;
        }
    }
    Ok(finish(&arguments, outcome, &signals, raw.as_ref()))
}

/// Runs this program again in the same process; returns only when that fails.
fn start_over(signals: &Signals) -> String {
    signals.restore();
    let mut args = env::args_os();
    let name = args.next().unwrap_or_default();
    let error = Command::new("/proc/self/exe").arg0(name).args(args).exec();
    format!("execl failed: {}", error_text(&error))
}

/// The first messages to the server: identification and command.
fn introduce(arguments: &Arguments, marking: FdMarking) -> Result<Connection, String> {
    let identity = Identity::gather()?;
    let mut connection = Connection::new(marking);
    connection.set_max_output(MAX_OUTPUT);
    let sent = identity.send(&mut connection, arguments.flags, arguments.features);
    sent.map_err(|error| error.to_string())?;
    for message in first_command(arguments)? {
        connection.send(message).map_err(|_| "failed to send command".to_owned())?;
    }
    Ok(connection)
}

/// The socket of `-S`, else `-L`, else `$TMUX`, else the default name.
fn socket_path(arguments: &mut Arguments) -> Result<String, String> {
    if let Some(path) = arguments.socket_path.take() {
        return Ok(path);
    }
    if arguments.socket_name.is_none() {
        let inherited = place::var("TMUX").unwrap_or_default();
        let path = inherited.split(',').next().unwrap_or_default();
        if !path.is_empty() {
            return Ok(path.to_owned());
        }
    }
    arguments.flags |= ClientFlags::DEFAULT_SOCKET;
    place::socket_path(arguments.socket_name.as_deref().unwrap_or("default"))
}

/// Connects to a server, which is started if there is none. `None`: a server must be started, but this
/// process must not fork (`may_fork`).
fn connect(
    program: Program,
    arguments: &Arguments,
    path: &str,
    signals: &Signals,
    may_fork: bool,
) -> Result<Option<(OwnedFd, FdMarking)>, String> {
    let start = |listener, lock| {
        let socket = start::start(program, arguments, path, signals, listener, lock)?;
        Ok(Some((socket, FdMarking::TopBit)))
    };
    if may_fork && let Some(listener) = start::activated_listener() {
        return start(Some(listener), None);
    }
    let flags = arguments.flags;
    let may_start =
        flags.contains(ClientFlags::START_SERVER) && !flags.contains(ClientFlags::NO_START_SERVER);
    match socket::reach(path, may_start) {
        Ok(Reached::Connected(stream)) => {
            // Only for a terminal or a control client does the server need the descriptors.
            let matters =
                flags.contains(ClientFlags::CONTROL) || nix::unistd::isatty(io::stdin()).unwrap_or(false);
            let marking = if matters { socket::marking_of(&stream, path) } else { FdMarking::TopBit };
            Ok(Some((stream.into(), marking)))
        }
        Ok(Reached::StartServer(lock)) if may_fork => start(None, lock),
        Ok(Reached::StartServer(_)) => Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::ECONNREFUSED) => {
            Err(format!("no server running on {path}"))
        }
        Err(error) => Err(format!("error connecting to {path} ({})", error_text(&error))),
    }
}

/// The messages with the command. A command that does not fit into one message is sent in pieces, which a
/// server of scopemux joins and one of tmux ignores: it then says `command too long`, as tmux's client
/// would.
fn first_command(arguments: &Arguments) -> Result<Vec<Message>, String> {
    if arguments.shell_command.is_some() {
        return Ok(vec![Message::Shell(None)]);
    }
    let size: usize = arguments.command.iter().map(|arg| to_bytes(arg).len() + 1).sum();
    if size + 4 <= MAX_PAYLOAD {
        return Ok(vec![Message::Command(arguments.command.clone())]);
    }
    if size > MAX_COMMAND {
        return Err("command too long".to_owned());
    }
    let bytes = command_bytes(&arguments.command);
    let pieces = bytes.chunks(MAX_PAYLOAD).map(|piece| Message::CommandPiece(piece.to_vec()));
    Ok(pieces.chain([Message::CommandTooLong]).collect())
}

/// Prints the last message, and executes the command that replaces the process, if any.
fn finish(arguments: &Arguments, outcome: Outcome, signals: &Signals, raw: Option<&RawTerminal>) -> i32 {
    match outcome.afterwards {
        Afterwards::Exec { command, shell } => {
            if let Some(raw) = raw {
                raw.leave();
            }
            return become_shell(outcome.flags, signals, &shell, &command);
        }
        Afterwards::Shell(shell) => {
            let command = arguments.shell_command.as_deref().unwrap_or_default();
            return become_shell(outcome.flags, signals, &shell, command);
        }
        Afterwards::Exit | Afterwards::HangUpParent => {}
    }
    set_blocking();
    let said = outcome.reason.text();
    if outcome.attached {
        if let Some(text) = said {
            say(&format!("[{text}]\n"));
        }
        let parent = nix::unistd::getppid();
        if outcome.afterwards == Afterwards::HangUpParent && parent.as_raw() > 1 {
            let _ = kill(parent, Signal::SIGHUP);
        }
    } else if outcome.flags.contains(ClientFlags::CONTROL) {
        say(&said.map_or("%exit\n".to_owned(), |text| format!("%exit {text}\n")));
        if outcome.flags.contains(ClientFlags::CONTROL_WAIT_EXIT) {
            wait_for_empty_line();
        }
        if let Some(raw) = raw {
            say("\x1b\\");
            raw.leave();
        }
    } else if let Some(text) = said {
        say_error(&text);
    }
    outcome.status
}

/// Replaces this process by a shell that runs a command; returns only when that fails.
fn become_shell(flags: ClientFlags, signals: &Signals, shell: &str, command: &str) -> i32 {
    let os = |text: &str| OsString::from_vec(to_bytes(text));
    let name = shell.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(shell);
    let login = if flags.contains(ClientFlags::LOGIN) { "-" } else { "" };
    signals.restore();
    set_blocking();
    let error = Command::new(os(shell))
        .arg0(os(&format!("{login}{name}")))
        .arg("-c")
        .arg(os(command))
        .env("SHELL", os(shell))
        .exec();
    say_error(&format!("execl failed: {}", error_text(&error)));
    1
}
