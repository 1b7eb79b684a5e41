//! A control client that takes commands and returns what they print: quicker than a process for each.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::super::server::{Output, PATIENCE, Server};

/// An answer that does not come in time.
pub(super) const UNANSWERED: &str = "error: nothing is answered";

/// A control client of one of the two programs.
pub(super) struct Client {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    unread: Vec<u8>,
    /// The process of the server, and whether it failed to answer.
    server: Option<i32>,
    hangs: bool,
}

impl Client {
    /// Starts one with a session of its own, and the server if there is none.
    pub(super) fn start(server: &Server, session: &str, (cols, rows): (u32, u32)) -> Option<Self> {
        let (cols, rows) = (cols.to_string(), rows.to_string());
        let args = ["new-session", "-s", session, "-x", &cols, "-y", &rows, "-n", "w", "exec sleep 9999"];
        let args = args.map(str::to_owned);
        let mut child = server.spawn_control("-C", &args, &[]);
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut client = Self { child, input, output, unread: Vec::new(), server: None, hangs: false };
        client.answer()?;
        client.server = client.ask("display-message -p '#{pid}'")?.trim().parse().ok();
        Some(client)
    }

    /// Gives a line of commands, and returns what comes of it. `None`: the client ended.
    pub(super) fn ask(&mut self, line: &str) -> Option<String> {
        self.input.write_all(format!("{line}\n").as_bytes()).ok()?;
        // Commands of one line have a guard each; those behind one that fails are not run.
        let mut all = String::new();
        for _ in line.split(" ; ") {
            let text = self.answer()?;
            all.push_str(&text);
            if text.starts_with("error: ") {
                break;
            }
        }
        Some(all)
    }

    /// The text between the next two guards, led by `error` if they are of an error.
    fn answer(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut inside = false;
        loop {
            let line = self.line()?;
            match line.split(' ').next() {
                Some("%begin") => inside = true,
                Some("%end") if inside => return Some(text),
                Some("%error") if inside => return Some(format!("error: {text}")),
                Some("%error") => {
                    self.hangs = true;
                    return Some(UNANSWERED.to_owned());
                }
                Some("%exit") => return None,
                _ if inside => text.push_str(&format!("{line}\n")),
                _ => {}
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.unread) {
                let line = String::from_utf8_lossy(&self.unread[..end]).into_owned();
                self.unread.drain(..=end);
                return Some(line);
            }
            let mut fds = [PollFd::new(self.output.as_fd(), PollFlags::POLLIN)];
            let ready = poll(&mut fds, 1000u16).is_ok_and(|n| n > 0);
            if !ready && Instant::now() > until {
                return Some("%error".to_owned());
            }
            let mut buffer = [0; 16384];
            match if ready { self.output.read(&mut buffer) } else { continue } {
                Ok(0) | Err(_) => return None,
                Ok(len) => self.unread.extend_from_slice(&buffer[..len]),
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(server) = self.server.filter(|_| self.hangs) {
            kill(Pid::from_raw(server), Signal::SIGKILL).ok();
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Has a server take its commands by a control client, whose session is named `pipe`. One that ended or
/// does not answer gives nothing any more.
pub(super) fn shorten(server: &mut Server) {
    let Some(client) = Client::start(server, "pipe", (80, 24)) else { return };
    let client = RefCell::new(client);
    let gone = Cell::new(false);
    server.shortcut = Some(Box::new(move |words| {
        let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
        let answer = if gone.get() { None } else { client.borrow_mut().ask(&words.join(" ")) };
        let nothing = Output { status: None, out: Vec::new(), err: Vec::new() };
        let Some(text) = answer.filter(|text| !text.starts_with(UNANSWERED)) else {
            gone.set(true);
            return nothing;
        };
        let (status, out, err) = match text.strip_prefix("error: ") {
            Some(error) => (1, String::new(), error.to_owned()),
            None => (0, text, String::new()),
        };
        Output { status: Some(status), out: out.into_bytes(), err: err.into_bytes() }
    }));
}

/// A word of a command line; `;` stands between commands.
fn quote(word: &str) -> String {
    if word == ";" { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
