//! Screens as a user sees them: a client on a terminal of its own, parsed by this program's
//! emulator.
//!
//! Cells are compared, not bytes: two programs may draw the same screen differently.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::{Winsize, openpty};
use scopemux::testing::base::{Attrs, Cell, CellStyle, Colour, Point, Size, Surface};
use scopemux::testing::terminal::{MemoryHistory, Terminal, TerminalConfig};
use serde_json::{Value, json};

use super::server::{Changes, PATIENCE, Server};

/// A press this long after the last one is a separate click; tmux allows 0.3 s for a double click.
const CLICK: Duration = Duration::from_millis(350);

/// Silence after which a screen is recorded.
const QUIET: Duration = Duration::from_millis(450);

nix::ioctl_write_ptr_bad!(set_size, libc::TIOCSWINSZ, Winsize);

/// A client and its terminal. The terminal answers no queries, unless a step turns kitty's keyboard
/// protocol on (`kitty`).
pub(crate) struct Outer {
    child: Child,
    master: File,
    /// The path of its terminal, by which the server lists it.
    pub tty: String,
    terminal: Terminal,
    answers: bool,
    pressed: Option<Instant>,
    /// All output of the client.
    pub written: Vec<u8>,
}

fn winsize(cols: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 }
}

fn number(step: &Value, name: &str, default: u64) -> u16 {
    step[name].as_u64().unwrap_or(default) as u16
}

impl Outer {
    /// Attaches a client and waits until the server knows it.
    pub(crate) fn attach(server: &Server, step: &Value, args: &[String]) -> Self {
        let mut outer = Self::start(server, step, args);
        outer.until_listed(server, "#{client_tty}", "");
        outer
    }

    /// Runs the program in a terminal of its own.
    pub(crate) fn start(server: &Server, step: &Value, args: &[String]) -> Self {
        Self::start_with(server, step, args, &[])
    }

    /// `start` with changes to the environment.
    pub(crate) fn start_with(server: &Server, step: &Value, args: &[String], env: &Changes) -> Self {
        let (cols, rows) = (number(step, "cols", 80), number(step, "rows", 24));
        let pty = openpty(&winsize(cols, rows), None).expect("a terminal");
        fcntl(&pty.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a terminal's flags");
        let name = nix::unistd::ttyname(&pty.slave).expect("a terminal's name");
        let child = spawn(server, args, &pty.slave, env);
        drop(pty.slave);
        let size = Size::new(u32::from(cols), u32::from(rows));
        let history = Box::new(MemoryHistory::new(0, size.cols));
        let answers = step["kitty"].as_bool() == Some(true);
        let config = TerminalConfig { kitty_keys: answers, ..TerminalConfig::default() };
        let terminal = Terminal::new(size, config, history);
        Self {
            child,
            master: File::from(pty.master),
            tty: name.to_string_lossy().into_owned(),
            terminal,
            answers,
            pressed: None,
            written: Vec::new(),
        }
    }

    /// Waits until the program has ended; returns its status.
    #[allow(dead_code, reason = "one of the two test targets that hold this file needs it")]
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("our child") {
                self.read(Duration::ZERO);
                return status.code();
            }
            self.read(Duration::from_millis(20));
        }
        panic!("the program still runs")
    }

    /// Waits until the server lists this client with a property.
    fn until_listed(&mut self, server: &Server, format: &str, value: &str) {
        let until = Instant::now() + PATIENCE;
        let line = format!("{}{value}", self.tty);
        while !server.ask(&["list-clients", "-F", format]).lines().any(|listed| listed == line)
            && Instant::now() < until
        {
            self.read(Duration::from_millis(5));
        }
    }

    /// Takes in what was drawn; false when nothing came for so long.
    fn read(&mut self, wait: Duration) -> bool {
        let mut fds = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, wait.as_millis() as u16).ok();
        let mut buffer = [0; 16384];
        let mut some = false;
        while let Ok(len @ 1..) = self.master.read(&mut buffer) {
            self.terminal.feed(&buffer[..len]);
            self.written.extend_from_slice(&buffer[..len]);
            some = true;
        }
        let replies = self.terminal.take_replies();
        if self.answers {
            self.type_only(&replies);
        }
        self.terminal.take_events();
        some
    }

    /// Types, and waits until the server has read it.
    pub(crate) fn keys(&mut self, server: &Server, data: &[u8]) {
        self.type_only(data);
        server.settle();
        self.read(Duration::ZERO);
    }

    /// Types, without any other request to the server.
    pub(crate) fn type_only(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            match self.master.write(data) {
                Ok(len) => data = &data[len..],
                Err(_) => _ = self.read(Duration::from_millis(5)),
            }
        }
    }

    /// One gesture: `press|release|drag|click|double|triple|up|down|move [C-|M-|S-]BUTTON X Y`.
    pub(crate) fn mouse(&mut self, server: &Server, gesture: &str) {
        let words: Vec<&str> = gesture.split(' ').collect();
        let (button, modifiers) = words[1].rsplit_once('-').map_or((words[1], ""), |(m, b)| (b, m));
        let mut code = button.parse::<u32>().expect("a button") - 1;
        for (letter, bit) in [('S', 4), ('M', 8), ('C', 16)] {
            code += if modifiers.contains(letter) { bit } else { 0 };
        }
        let at = |i: usize| words[i].parse::<u32>().expect("a place") + 1;
        let (x, y) = (at(2), at(3));
        let sgr = |code: u32, end: char| format!("\x1b[<{code};{x};{y}{end}");
        let click = sgr(code, 'M') + &sgr(code, 'm');
        let text = match words[0] {
            "press" => sgr(code, 'M'),
            "release" => sgr(code, 'm'),
            "drag" => sgr(code + 32, 'M'),
            "move" => sgr(code + 35, 'M'),
            "click" => click,
            "double" => click.repeat(2),
            "triple" => click.repeat(3),
            "up" => sgr(code + 64, 'M'),
            "down" => sgr(code + 65, 'M'),
            other => panic!("a gesture that is not known: {other}"),
        };
        if matches!(words[0], "press" | "click" | "double" | "triple") {
            // A user who wants a single click waits as long.
            while let Some(left) = self.pressed.and_then(|at| CLICK.checked_sub(at.elapsed())) {
                self.read(left);
            }
            self.pressed = Some(Instant::now());
        }
        self.keys(server, text.as_bytes());
    }

    pub(crate) fn resize(&mut self, server: &Server, step: &Value) {
        let (cols, rows) = (number(step, "cols", 80), number(step, "rows", 24));
        self.read(Duration::ZERO);
        self.terminal.resize(Size::new(u32::from(cols), u32::from(rows)));
        // SAFETY: the descriptor is that of a terminal, and the size outlives the call.
        unsafe { set_size(std::os::fd::AsRawFd::as_raw_fd(&self.master), &winsize(cols, rows)) }.ok();
        // The client hears of it by a signal, and then tells the server.
        let format = "#{client_tty} #{client_width}x#{client_height}";
        self.until_listed(server, format, &format!(" {cols}x{rows}"));
    }

    /// The screen once it equals `wanted`, or as it is when patience ends. Without `wanted`: once
    /// nothing was drawn for some time.
    pub(crate) fn screen(&mut self, server: &Server, step: &Value, wanted: Option<&Value>) -> Value {
        server.settle();
        server.settle();
        let Some(wanted) = wanted else {
            while self.read(QUIET) {}
            return self.shown(server, step);
        };
        let until = Instant::now() + PATIENCE;
        self.read(Duration::ZERO);
        loop {
            let shown = self.shown(server, step);
            if shown == *wanted || Instant::now() > until {
                return shown;
            }
            self.read(Duration::from_millis(50));
        }
    }

    /// Waits until the terminal got these flags of kitty's keyboard protocol.
    #[allow(dead_code, reason = "one of the two test targets that hold this file needs it")]
    pub(crate) fn until_keyboard(&mut self, flags: u8) {
        let until = Instant::now() + PATIENCE;
        while self.terminal.keyboard_flags().bits() != flags {
            let now = self.terminal.keyboard_flags();
            assert!(Instant::now() < until, "{now:?} rather than {flags}");
            self.read(Duration::from_millis(5));
        }
    }

    /// Flags that a client that ended left on the alternate screen.
    #[allow(dead_code, reason = "one of the two test targets that hold this file needs it")]
    pub(crate) fn keyboard_left(&mut self) -> u8 {
        self.terminal.feed(b"\x1b[?1049h");
        self.terminal.keyboard_flags().bits()
    }

    /// The screen as it is after a wait, which ends when something is drawn.
    #[allow(dead_code, reason = "one of the two test targets that hold this file needs it")]
    pub(crate) fn shown_after(&mut self, server: &Server, wait: Duration) -> Value {
        self.read(wait);
        self.shown(server, &Value::Null)
    }

    /// The cells that the terminal shows now.
    fn cells_now(&self) -> Surface {
        let mut surface = Surface::new(self.terminal.size());
        self.terminal.draw(&mut surface, Point::new(0, 0));
        surface
    }

    /// The cells that the terminal shows, once nothing more comes for a moment.
    #[allow(dead_code, reason = "one of the two test targets that hold this file needs it")]
    pub(crate) fn cells(&mut self) -> Surface {
        while self.read(Duration::from_millis(100)) {}
        self.cells_now()
    }

    /// Waits until bytes have come, and drops all output up to them.
    #[allow(dead_code, reason = "one of the two test targets that hold this file needs it")]
    pub(crate) fn until_sent(&mut self, bytes: &[u8]) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.written.windows(bytes.len()).position(|part| part == bytes) {
                self.written.drain(..at + bytes.len());
                return;
            }
            let sent = String::from_utf8_lossy(&self.written);
            assert!(Instant::now() < until, "no {:?} in {sent:?}", String::from_utf8_lossy(bytes));
            self.read(Duration::from_millis(50));
        }
    }

    /// Waits until some text is on the screen.
    #[allow(dead_code, reason = "one of the two test targets that hold this file needs it")]
    pub(crate) fn until_shows(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let surface = self.cells_now();
            let rows: Vec<String> = (0..surface.size().rows).map(|y| surface.row_text(y)).collect();
            if rows.iter().any(|row| row.contains(text)) {
                return;
            }
            assert!(Instant::now() < until, "no {text:?} in {rows:#?}");
            self.read(Duration::from_millis(50));
        }
    }

    fn shown(&self, server: &Server, step: &Value) -> Value {
        let surface = self.cells_now();
        let rows: Vec<String> = (0..surface.size().rows).map(|y| row(server, surface.row(y))).collect();
        let cursor = json!([surface.cursor.x, surface.cursor.y, surface.cursor_visible]);
        if let Some(only) = step["only"].as_array() {
            let place = |n: i64| if n < 0 { rows.len() as i64 + n } else { n } as usize;
            let rows: Vec<_> = only.iter().map(|n| &rows[place(n.as_i64().expect("a row"))]).collect();
            return match step["cursor"].as_bool() {
                Some(true) => json!({ "rows": rows, "cursor": cursor }),
                _ => json!({ "rows": rows }),
            };
        }
        json!({ "rows": rows, "cursor": cursor })
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(server: &Server, args: &[String], slave: &OwnedFd, env: &Changes) -> Child {
    use std::os::unix::process::CommandExt;
    let end = || Stdio::from(slave.try_clone().expect("a descriptor"));
    let all: Vec<String> =
        ["-L", "t", "-f", "/dev/null"].iter().map(|a| (*a).to_owned()).chain(args.iter().cloned()).collect();
    let mut command = server.command(&all);
    server.change(&mut command, env);
    command.stdin(end()).stdout(end()).stderr(end());
    // SAFETY: both calls are allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            nix::unistd::setsid()?;
            if libc::ioctl(0, libc::TIOCSCTTY, 0) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    command.spawn().expect("the program runs")
}

/// A row as text; a change of style is written in braces.
fn row(server: &Server, cells: &[Cell]) -> String {
    let blank = |cell: &Cell| cell.glyph.as_char() == Some(' ') && cell.style == CellStyle::DEFAULT;
    let len = cells.iter().rposition(|cell| !blank(cell)).map_or(0, |at| at + 1);
    let mut text = String::new();
    let mut style = CellStyle::DEFAULT;
    for cell in cells[..len].iter().filter(|cell| !cell.is_padding()) {
        if cell.style != style {
            style = cell.style;
            text.push_str(&format!("{{{}}}", describe(&style)));
        }
        cell.glyph.push_to(&mut text);
    }
    let longer = terminal_digits(&text).saturating_sub(1);
    let mut text = clock(&server.normal(text.as_bytes()));
    if text.contains("/dev/pts/N") {
        // A terminal's name is longer on a machine with more terminals, and the rest of its row is
        // shorter.
        text.truncate(text.trim_end_matches(' ').len());
        if let Some(line) = text.find("──") {
            text.insert_str(line, &"─".repeat(longer));
        }
    }
    text
}

/// Count of digits in the name of a terminal in a text, if there is one.
fn terminal_digits(text: &str) -> usize {
    let number = text.split_once("/dev/pts/").map_or("", |(_, number)| number);
    number.bytes().take_while(u8::is_ascii_digit).count()
}

fn describe(style: &CellStyle) -> String {
    let mut words: Vec<String> = Vec::new();
    for (name, attr) in style.attrs.iter_names() {
        if attr != Attrs::CHARSET {
            words.push(name.to_lowercase());
        }
    }
    for (name, colour) in [("fg", style.fg), ("bg", style.bg), ("us", style.us)] {
        match colour {
            Colour::Rgb(r, g, b) => words.push(format!("{name}=#{r:02x}{g:02x}{b:02x}")),
            colour => words.extend(colour.palette_index().map(|n| format!("{name}={n}"))),
        }
    }
    words.join(" ")
}

/// Replaces times and dates by letters of the same length.
fn clock(text: &str) -> String {
    static PATTERN: std::sync::OnceLock<regex::Regex> = std::sync::OnceLock::new();
    let time = r"\b\d\d:\d\d(:\d\d)?\b( \d\d-[A-Z][a-z][a-z]-\d\d\b)?";
    let date = r"\b[A-Z][a-z][a-z] [A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d \d{4}\b";
    let pattern =
        PATTERN.get_or_init(|| regex::Regex::new(&format!("{date}|{time}")).expect("a fixed pattern"));
    pattern.replace_all(text, |found: &regex::Captures| "T".repeat(found[0].len())).into_owned()
}
