//! An attached client: its terminal is our own emulator, on the other end of a pty.
//!
//! What is written to one end of a pty arrives at the other some microseconds later, by another thread of
//! the kernel. So nothing is read by time: keys have arrived when the kernel says that they can be read, and
//! a mark that is written behind the server's output says that all of it has come.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

use crate::base::{Attrs, Cell, CellStyle, Point, Size, Surface};
use crate::protocol::{ClientFlags, Message};
use crate::server::proc;
use crate::sys::tty;
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig, TerminalEvent};

use super::link::{Identity, Link};

/// Written behind the output of a server, to see that all of it has come.
const MARK: &[u8] = b"\x1b_all of it has come\x1b\\";

/// See the module comment.
pub(in crate::server) struct Viewer {
    pub link: Link,
    master: File,
    /// A copy of the end that the server has.
    slave: File,
    terminal: Terminal,
    /// Count of bells since it was last taken.
    pub bells: usize,
    /// Name of its terminal.
    pub tty: String,
}

impl Viewer {
    /// Connects with a terminal of this size.
    pub(super) fn attach(path: &str, size: Size, flags: ClientFlags, argv: Vec<String>) -> Self {
        let pty = openpty(&winsize(size), None).expect("a terminal");
        let mut raw = tcgetattr(&pty.slave).expect("a terminal");
        cfmakeraw(&mut raw);
        tcsetattr(&pty.slave, SetArg::TCSANOW, &raw).expect("a terminal");
        fcntl(&pty.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a descriptor");
        let tty = nix::unistd::ttyname(&pty.slave).expect("a name").display().to_string();
        let end = || Some(pty.slave.try_clone().expect("a descriptor"));
        let identity = Identity { flags, tty: tty.clone(), stdin: end(), stdout: end() };
        let history = Box::new(MemoryHistory::new(0, size.cols));
        Self {
            link: Link::connect(path, identity, argv),
            master: pty.master.into(),
            slave: pty.slave.into(),
            terminal: Terminal::new(size, TerminalConfig::default(), history),
            bells: 0,
            tty,
        }
    }

    /// Sends bytes as a keyboard does, and waits until the server can read them.
    pub(super) fn press(&mut self, bytes: &[u8]) {
        self.master.write_all(bytes).expect("the terminal takes keys");
        while tty::readable_bytes(self.slave.as_fd()).expect("a terminal") < bytes.len() {
            std::thread::yield_now();
        }
    }

    /// Gives the terminal another size.
    pub(super) fn resize(&mut self, size: Size) {
        self.terminal.resize(size);
        proc::set_window_size(self.slave.as_fd(), size, (0, 0));
        self.link.send(Message::Resize);
    }

    /// Takes in all that the server has drawn. True if there was something.
    pub(super) fn watch(&mut self) -> bool {
        let mut drawn = Vec::new();
        let mut mark = MARK;
        while !drawn.ends_with(MARK) {
            mark = &mark[self.slave.write(mark).unwrap_or(0)..];
            let mut fds = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::NONE).ok();
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = self.master.read(&mut buffer) {
                drawn.extend_from_slice(&buffer[..len]);
            }
        }
        drawn.truncate(drawn.len() - MARK.len());
        self.terminal.feed(&drawn);
        self.terminal.take_replies();
        let events = self.terminal.take_events();
        self.bells += events.iter().filter(|event| **event == TerminalEvent::Bell).count();
        !drawn.is_empty()
    }

    /// What the terminal shows.
    pub(super) fn surface(&self) -> Surface {
        let mut surface = Surface::new(self.terminal.size());
        self.terminal.draw(&mut surface, Point::new(0, 0));
        surface
    }

    /// The rows as text, each behind a `|` and without the blanks at its end.
    pub(super) fn rows(&self) -> Vec<String> {
        let surface = self.surface();
        (0..surface.size().rows).map(|y| format!("|{}", surface.row_text(y).trim_end())).collect()
    }

    /// A row as text in which each change of style is written in braces.
    pub(super) fn styled_row(&self, y: u32) -> String {
        let surface = self.surface();
        let mut style = CellStyle::DEFAULT;
        let mut text = String::new();
        for cell in surface.row(y).iter().filter(|cell| !cell.is_padding()) {
            push(&mut text, cell, &mut style);
        }
        text.trim_end().to_owned()
    }

    /// Place of the cursor; `None` if it is hidden.
    pub(super) fn cursor(&self) -> Option<(u32, u32)> {
        let at = self.terminal.cursor();
        self.terminal.cursor_visible().then_some((at.x, at.y))
    }
}

fn push(text: &mut String, cell: &Cell, style: &mut CellStyle) {
    if cell.style != *style {
        *style = cell.style;
        let names = cell.style.attrs.iter_names().filter(|(_, attr)| *attr != Attrs::CHARSET);
        let mut words: Vec<String> = names.map(|(name, _)| name.to_lowercase()).collect();
        for (name, colour) in [("fg", style.fg), ("bg", style.bg)] {
            words.extend(colour.palette_index().map(|n| format!("{name}={n}")));
        }
        text.push_str(&format!("{{{}}}", words.join(" ")));
    }
    cell.glyph.push_to(text);
}

fn winsize(size: Size) -> Winsize {
    Winsize { ws_row: size.rows as u16, ws_col: size.cols as u16, ws_xpixel: 0, ws_ypixel: 0 }
}
