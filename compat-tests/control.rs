//! A control client of a case: it is given lines, and what it reads is put into a form in which
//! runs can be compared.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};

use super::server::{Changes, PATIENCE, Server};

/// How long the guard of a line is waited for.
const GUARD_PATIENCE: Duration = Duration::from_secs(2);

/// A running client.
pub struct Control {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    text: Vec<u8>,
    ended: bool,
}

impl Control {
    /// Starts one and waits until its first command is answered.
    pub fn start(server: &Server, flag: &str, args: &[String], env: &Changes) -> Self {
        let mut child = server.spawn_control(flag, args, env);
        let output = child.stdout.take().expect("a pipe");
        fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a pipe's flags");
        let mut control = Self { input: child.stdin.take(), child, output, text: Vec::new(), ended: false };
        control.see("%begin ");
        control.settle(server);
        control
    }

    /// Sends a line and reads all that comes of it at once. A command that starts a program begins
    /// when the keeper has one ready, on a busy machine later than others are answered: its guard
    /// is waited for, or what follows it would come in another order. A line without a guard (a
    /// comment, one behind a command that waits) costs that time.
    pub fn line(&mut self, server: &Server, line: &[u8]) {
        let before = self.guards();
        if let Some(input) = &mut self.input {
            input.write_all(&[line, b"\n"].concat()).ok();
        }
        self.settle(server);
        let until = Instant::now() + GUARD_PATIENCE;
        while self.guards() == before && !self.ended && !line.is_empty() && Instant::now() < until {
            let mut fds = [PollFd::new(self.output.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, 100u16).ok();
            self.settle(server);
        }
    }

    fn guards(&self) -> usize {
        memchr::memmem::find_iter(&self.text, b"%begin ").count()
    }

    /// Reads until some text has come, or the client has ended. Panics when neither happens.
    pub fn see(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.read();
            if memchr::memmem::find(&self.text, text.as_bytes()).is_some() {
                return;
            }
            if self.ended {
                return;
            }
            let in_time = Instant::now() < until;
            assert!(in_time, "no {text:?} in {:?}", String::from_utf8_lossy(&self.text));
            let mut fds = [PollFd::new(self.output.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, 1000u16).ok();
        }
    }

    /// What the server had to say is in the pipe once it has answered someone who came later. A
    /// server that is gone answers nobody: then the client ends, and has said all.
    pub fn settle(&mut self, server: &Server) {
        let answered = server.tmux(&["display-message", "-p", ""]).status == Some(0);
        self.read();
        let until = Instant::now() + PATIENCE;
        while !answered && !self.ended {
            assert!(Instant::now() < until, "the client of a server that is gone does not end");
            let mut fds = [PollFd::new(self.output.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, 1000u16).ok();
            self.read();
        }
    }

    /// Waits until that many lines have come, the client has ended, or patience is over.
    pub fn expect_lines(&mut self, server: &Server, count: usize) {
        let until = Instant::now() + PATIENCE;
        while !self.ended && Instant::now() < until {
            self.read();
            if normal_lines(&server.normal(&self.text)).len() >= count {
                return;
            }
            let mut fds = [PollFd::new(self.output.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, 1000u16).ok();
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            match self.output.read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(len) => {
                    self.text.extend_from_slice(&buffer[..len]);
                    continue;
                }
                Err(_) => {}
            }
            return;
        }
    }

    /// Closes the input and waits for the end; the lines that came before it.
    pub fn finish(mut self, server: &Server) -> Vec<String> {
        drop(self.input.take());
        self.child.wait().expect("the client ends");
        normal_lines(&server.normal(&self.text))
    }
}

/// Guards lose their time and are numbered from 1, ages are left out, what one pane printed in
/// pieces is one line.
fn normal_lines(text: &str) -> Vec<String> {
    let guard = regex::Regex::new(r"^%(begin|end|error) \d+ (\d+) (\d+)$").expect("a pattern");
    let age = regex::Regex::new(r"^(%extended-output %\d+) \d+ ").expect("a pattern");
    let output = regex::Regex::new(r"^(%output %\d+ |%extended-output %\d+ T : )").expect("a pattern");
    let mut numbers: Vec<String> = Vec::new();
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut line = age.replace(line, "$1 T ").into_owned();
        if let Some(found) = guard.captures(&line) {
            let number = found[2].to_owned();
            let at = numbers.iter().position(|n| *n == number).unwrap_or_else(|| {
                numbers.push(number);
                numbers.len() - 1
            });
            line = format!("%{} T {} {}", &found[1], at + 1, &found[3]);
        }
        let piece = output.find(&line).map(|found| found.as_str().to_owned());
        match (piece, out.last_mut()) {
            (Some(prefix), Some(last)) if last.starts_with(&prefix) => {
                last.push_str(&line[prefix.len()..]);
            }
            _ => out.push(line),
        }
    }
    out
}
