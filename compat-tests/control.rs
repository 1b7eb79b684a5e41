//! A control client of a case: sends lines, and normalizes the client's output so that runs can be
//! compared.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};

use super::server::{Changes, PATIENCE, Server};

/// Longest wait for the guard of a line.
const GUARD_PATIENCE: Duration = Duration::from_secs(2);

/// A running client.
pub(crate) struct Control {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    text: Vec<u8>,
    ended: bool,
}

impl Control {
    /// Starts a client and waits until its first command is answered.
    pub(crate) fn start(server: &Server, flag: &str, args: &[String], env: &Changes) -> Self {
        let mut child = server.spawn_control(flag, args, env);
        let output = child.stdout.take().expect("a pipe");
        fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a pipe's flags");
        let mut control = Self { input: child.stdin.take(), child, output, text: Vec::new(), ended: false };
        control.see("%begin ");
        control.settle(server);
        control
    }

    /// Sends a line and reads its output. A command that starts a program begins when the keeper
    /// has one ready, on a busy machine after other answers: wait for its guard, or later lines
    /// would come in another order. A line without a guard (a comment, or one behind a command that
    /// waits) costs the whole wait.
    pub(crate) fn line(&mut self, server: &Server, line: &[u8]) {
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

    /// Reads until some text has come, or the client has ended. Panics if neither happens.
    pub(crate) fn see(&mut self, text: &str) {
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

    /// Reads all output so far: once the server has answered a later client, its lines for this one
    /// are in the pipe. If the server is gone, the client ends, and its output is complete.
    pub(crate) fn settle(&mut self, server: &Server) {
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

    /// Waits for `count` lines, for the client's end, or for the end of patience.
    pub(crate) fn expect_lines(&mut self, server: &Server, count: usize) {
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

    /// Closes the input and waits for the client's end; returns all its lines.
    pub(crate) fn finish(mut self, server: &Server) -> Vec<String> {
        drop(self.input.take());
        self.child.wait().expect("the client ends");
        normal_lines(&server.normal(&self.text))
    }
}

/// Normalizes lines: guards are numbered from 1 and lose their time, ages are removed, and output
/// of one pane in several lines is joined.
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
