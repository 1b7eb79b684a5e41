//! The headless harness: a whole server in a test, without programs, without waiting and without the time.
//!
//! The server is real, from the protocol to the bytes for a terminal. What surrounds it is moved by hand:
//!
//! - `keeper`: programs are started by none; the test prints for them and ends them
//! - `viewer`: attached clients, whose terminals are our own emulator
//! - `link`: the client's side of the protocol; `keys`: keys by name; `caps`: what the terminals can do
//! - the clock stands still until a test says that time passes (`Headless::passes`)
//!
//! After each step the server takes as many turns as it has something to do, so that a test needs no
//! patience: what it sees then is what there is.

mod caps;
mod keeper;
mod keys;
mod link;
mod tests;
mod viewer;

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::SndBuf;
use tempfile::TempDir;

use crate::base::clock::Now;
use crate::base::{ClientId, Size};
use crate::model::host::TerminalHost;
use crate::protocol::ClientFlags;
use crate::protocol::custody::ServerStart;

use super::clock::Clock;
use super::runtime::Runtime;
use super::tty::QUERY_TIMEOUT_MS;
use super::world::Surroundings;
use keeper::Keeper;
use link::{Identity, Link};
use viewer::Viewer;

/// Time of the server's start: a Monday in January 2026, at noon in Greenwich but for the time that
/// `Headless::start` takes.
const START: Now = Now { wall_us: 1_767_614_395_000_000, mono_ms: 1 };
/// Time that passes before each key, in milliseconds: more than `assume-paste-time`, since keys are typed, and
/// as much as `escape-time`, so that Escape is a key of its own.
const KEY_MS: u64 = 10;
/// Turns after which the server has to have come to rest.
const MOST_TURNS: usize = 10_000;
/// Bytes that a client in control mode takes before it reads, about.
const CONTROL_BUFFER: usize = 4096;
/// Longest wait for work beside the loop, in milliseconds.
const PATIENCE_MS: u16 = 60_000;

/// What is different from the defaults: nothing is on the screen that depends on the machine or its time
/// zone, nothing is saved, and as there are no programs, they name no window and are not contained.
const CONFIG: &str = "set -s containment none
set -s restore-save off
set -g default-shell /bin/sh
set -g automatic-rename off
set -g status-right ''
set -g copy-mode-position-format '[#{scroll_position}/#{history_size}]'
";

/// See the module comment.
pub(super) struct Headless {
    runtime: Runtime,
    keeper: Keeper,
    viewers: Vec<Viewer>,
    /// Command clients that have not ended.
    waiting: Vec<Link>,
    /// True once the server has ended.
    over: bool,
    dir: TempDir,
}

/// What a command printed, and its status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// A program of a pane or job.
pub(super) struct Program<'a> {
    mux: &'a mut Headless,
    token: u64,
}

/// A client in control mode.
pub(super) struct Control {
    link: Link,
    input: UnixStream,
    output: UnixStream,
    /// What it printed and the test has not taken.
    text: String,
}

/// A command that has not ended.
pub(super) struct Pending(usize);

impl Headless {
    /// A server with one session of one pane, and a client of this size that shows it. It is noon.
    pub(super) fn start(cols: u32, rows: u32) -> Self {
        let mut mux = Self::serve();
        mux.attach(cols, rows, "new-session");
        // The terminal does not say what it can do. While the server waits for that, Escape may be the
        // beginning of an answer.
        mux.passes(QUERY_TIMEOUT_MS);
        mux
    }

    /// A server that has just been started.
    pub(super) fn serve() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let file = |name: &str| dir.path().join(name).display().to_string();
        let listener = UnixListener::bind(file("socket")).expect("a socket");
        std::fs::write(file("conf"), CONFIG).expect("a file");
        let (keeper, socket) = Keeper::start();
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let start = ServerStart {
            keeper: socket,
            listener: listener.into(),
            socket_path: file("socket"),
            clients: Vec::new(),
            config_files: vec![file("conf")],
            config_quiet: false,
            flags: ClientFlags::empty(),
            log_level: 0,
            log: None,
            environment: vec![variable("SHELL", "/bin/sh"), variable("PATH", "/usr/bin:/bin")],
            recovered: None,
            birth: Vec::new(),
            before: None,
        };
        let surroundings =
            Surroundings { clock: Clock::by_hand(START), state: dir.path().join("state"), signals: &[] };
        let runtime = Runtime::new(start, surroundings).expect("a server");
        Self { runtime, keeper, viewers: Vec::new(), waiting: Vec::new(), over: false, dir }
    }

    /// Attaches a client of this size with a command; returns its number.
    pub(super) fn attach(&mut self, cols: u32, rows: u32, command: &str) -> usize {
        let path = self.path("socket");
        let viewer = Viewer::attach(&path, Size::new(cols, rows), ClientFlags::empty(), words(command));
        self.viewers.push(viewer);
        self.settle();
        self.viewers.len() - 1
    }

    /// Starts a client in control mode with a command.
    pub(super) fn control(&mut self, command: &str) -> Control {
        let (input, stdin) = UnixStream::pair().expect("a socket pair");
        let (output, stdout) = UnixStream::pair().expect("a socket pair");
        output.set_nonblocking(true).expect("a socket");
        // The server soon has to wait for a client that does not read.
        setsockopt(&stdout, SndBuf, &CONTROL_BUFFER).expect("a socket");
        let identity = Identity {
            flags: ClientFlags::CONTROL,
            tty: String::new(),
            stdin: Some(stdin.into()),
            stdout: Some(stdout.into()),
        };
        let link = Link::connect(&self.path("socket"), identity, words(command));
        let mut control = Control { link, input, output, text: String::new() };
        self.settle_with(&mut control);
        control
    }

    /// Path of a file in the directory of this test.
    pub(super) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Runs a command that succeeds without an error; returns what it printed.
    pub(super) fn run(&mut self, command: &str) -> String {
        let answer = self.command(command);
        assert!(answer.status == 0 && answer.err.is_empty(), "{command}: {answer:?}");
        answer.out
    }

    /// Runs a command that fails; returns its error.
    pub(super) fn fails(&mut self, command: &str) -> String {
        let answer = self.command(command);
        assert!(answer.status == 1 && answer.out.is_empty(), "{command}: {answer:?}");
        answer.err.trim_end().to_owned()
    }

    /// Runs a command in a client of its own, which has to end.
    pub(super) fn command(&mut self, command: &str) -> Answer {
        let pending = self.begin(command);
        self.answer(&pending).unwrap_or_else(|| panic!("{command}: has not ended"))
    }

    /// Starts a command that may wait.
    pub(super) fn begin(&mut self, command: &str) -> Pending {
        let link = Link::connect(&self.path("socket"), Identity::default(), words(command));
        self.waiting.push(link);
        self.settle();
        Pending(self.waiting.len() - 1)
    }

    /// The answer of a command that may have waited; `None` if it still does.
    pub(super) fn answer(&self, Pending(number): &Pending) -> Option<Answer> {
        let link = &self.waiting[*number];
        let status = link.status()?;
        Some(Answer { status, out: link.out.clone(), err: link.err.clone() })
    }

    /// Panics unless a command succeeds and prints these lines.
    pub(super) fn answers(&mut self, command: &str, lines: &[&str]) {
        assert_eq!(self.run(command).lines().collect::<Vec<_>>(), lines, "{command}");
    }

    /// Panics unless a command fails with this error.
    pub(super) fn refuses(&mut self, command: &str, error: &str) {
        assert_eq!(self.fails(command), error, "{command}");
    }

    /// Panics unless a format has this value for the current pane.
    pub(super) fn is(&mut self, format: &str, value: &str) {
        assert_eq!(self.value(format), value, "{format}");
    }

    /// Expands a format for the current pane.
    pub(super) fn value(&mut self, format: &str) -> String {
        self.run(&format!("display-message -p '{format}'")).trim_end_matches('\n').to_owned()
    }

    /// Presses keys in the first client: see `keys::bytes`.
    pub(super) fn keys(&mut self, keys: &str) {
        self.keys_of(0, keys);
    }

    /// Presses keys in a client.
    pub(super) fn keys_of(&mut self, client: usize, keys: &str) {
        for bytes in keys::bytes(keys) {
            self.passes(KEY_MS);
            self.viewers[client].press(&bytes);
            self.settle();
        }
    }

    /// Sends bytes from the first client's terminal at once, as a paste or a mouse does.
    pub(super) fn sends(&mut self, bytes: &str) {
        self.viewers[0].press(bytes.as_bytes());
        self.settle();
    }

    /// Gives the first client's terminal another size.
    pub(super) fn resizes(&mut self, cols: u32, rows: u32) {
        self.viewers[0].resize(Size::new(cols, rows));
        self.settle();
    }

    /// An attached client.
    pub(super) fn client(&mut self, client: usize) -> &mut Viewer {
        &mut self.viewers[client]
    }

    /// The program of a pane, by the number of the pane.
    pub(super) fn pane(&mut self, id: u32) -> Program<'_> {
        Program { mux: self, token: u64::from(id) }
    }

    /// The job that runs a shell command.
    pub(super) fn job(&mut self, command: &str) -> Program<'_> {
        let running = self.keeper.running().into_iter();
        let mut found = running.filter(|token| self.keeper.argv(*token).last().is_some_and(|c| c == command));
        let token = found.next().unwrap_or_else(|| panic!("no job runs {command:?}"));
        drop(found);
        Program { mux: self, token }
    }

    /// Commands of the jobs that run, oldest first.
    pub(super) fn jobs(&self) -> Vec<String> {
        let jobs = self.keeper.running().into_iter().filter(|token| *token > u64::from(u32::MAX));
        jobs.filter_map(|token| self.keeper.argv(token).pop()).collect()
    }

    /// Lets no program start with this error, or lets them start again.
    pub(super) fn refuse_programs(&mut self, errno: Option<i32>) {
        self.keeper.refuse(errno);
    }

    /// Time passes, in milliseconds. The server wakes whenever it is due to.
    pub(super) fn passes(&mut self, ms: u64) {
        let end = self.runtime.world.clock.mono_ms() + ms;
        loop {
            self.settle();
            let now = self.runtime.world.clock.mono_ms();
            let wakes = self.runtime.timeout().unwrap_or(Duration::MAX).as_millis();
            let step = u64::try_from(wakes).unwrap_or(u64::MAX).min(end - now);
            if self.over || now == end {
                return;
            }
            self.runtime.world.clock.advance(step);
        }
    }

    /// What the first client's terminal shows: rows behind a `|`.
    pub(super) fn screen(&self) -> String {
        self.viewers[0].rows().join("\n")
    }

    /// Panics unless the first client's terminal shows these rows, each behind a `|`; what stands before it
    /// does not count, and `…` is as many empty rows as there is room for. A client that is drawn from the
    /// beginning must show them, too: what is drawn is what the server thinks.
    pub(super) fn shows(&mut self, rows: &str) {
        let shown = self.screen();
        let mut expect: Vec<&str> = rows.lines().map(str::trim).filter(|row| !row.is_empty()).collect();
        if let Some(at) = expect.iter().position(|row| *row == "…") {
            let missing = (shown.lines().count() + 1).saturating_sub(expect.len());
            expect.splice(at..=at, std::iter::repeat_n("|", missing));
        }
        let expect = expect.join("\n");
        assert!(shown == expect, "\nexpected\n{expect}\nshown\n{shown}\n");
        self.is_drawn_whole();
    }

    /// Panics if drawing the first client from the beginning changes what its terminal shows.
    pub(super) fn is_drawn_whole(&mut self) {
        let before = self.viewers[0].surface();
        let id = self.client_id(0);
        self.runtime.world.tty_invalidate(id);
        self.runtime.server.redraw_client(id);
        self.settle();
        let after = self.viewers[0].surface();
        for y in 0..before.size().rows {
            assert_eq!(before.row(y), after.row(y), "row {y}: {:?}", self.screen());
        }
    }

    /// Place of the cursor on the first client's terminal; `None` if it is hidden.
    pub(super) fn cursor(&self) -> Option<(u32, u32)> {
        self.viewers[0].cursor()
    }

    /// A row of the first client's terminal in which each change of style is written in braces.
    pub(super) fn styled_row(&self, y: u32) -> String {
        self.viewers[0].styled_row(y)
    }

    /// The server's number of a client.
    pub(super) fn client_id(&self, client: usize) -> ClientId {
        let tty = &self.viewers[client].tty;
        let client = self.runtime.server.clients.values().find(|client| client.tty == *tty);
        client.expect("the client is connected").id
    }

    /// True once the server has ended.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Lets the server take turns until it has nothing to do.
    fn settle(&mut self) {
        let mut ready = Vec::new();
        for _ in 0..MOST_TURNS {
            self.keeper.serve();
            let links = self.viewers.iter_mut().map(|viewer| &mut viewer.link).chain(&mut self.waiting);
            let spoke = links.map(Link::serve).filter(|spoke| *spoke).count() > 0;
            if self.over {
                return;
            }
            let world = &mut self.runtime.world;
            world.custody.watch(&world.poller);
            world.poller.take(&mut ready).expect("a set of descriptors");
            if !ready.is_empty() || self.runtime.timeout() == Some(Duration::ZERO) {
                self.over = self.runtime.turn(&ready);
                continue;
            }
            let drawn = self.viewers.iter_mut().map(Viewer::watch).filter(|drawn| *drawn).count() > 0;
            let is_idle = self.runtime.world.work.is_idle();
            if !is_idle {
                let mut fds = [PollFd::new(self.runtime.world.work.fd(), PollFlags::POLLIN)];
                let woken = poll(&mut fds, PollTimeout::from(PATIENCE_MS));
                assert!(woken.is_ok_and(|woken| woken > 0), "work beside the loop does not end");
            } else if !spoke && !drawn {
                return;
            }
        }
        panic!("the server does not come to rest");
    }

    /// `settle` with a client in control mode.
    fn settle_with(&mut self, control: &mut Control) {
        loop {
            self.settle();
            if !control.link.serve() && !control.read() {
                return;
            }
        }
    }
}

impl Program<'_> {
    /// Prints, as it is.
    pub(super) fn prints(self, text: &str) {
        let Self { mux, token } = self;
        mux.keeper.print(token, text.as_bytes(), || panic!("the test prints more than the server takes"));
        mux.settle();
    }

    /// What was typed, pasted or sent to it since it was last asked.
    pub(super) fn received(self) -> String {
        String::from_utf8_lossy(&self.mux.keeper.received(self.token)).into_owned()
    }

    /// Ends with an exit status.
    pub(super) fn exits(self, status: i32) {
        self.ends(status << 8);
    }

    /// Is ended by a signal.
    pub(super) fn dies_of(self, signal: i32) {
        self.ends(signal);
    }

    fn ends(self, status: i32) {
        self.mux.keeper.end(self.token, status);
        self.mux.settle();
    }
}

impl Control {
    /// Sends a line; returns the lines that came since the last call.
    pub(super) fn sends(&mut self, mux: &mut Headless, line: &str) -> Vec<String> {
        self.input.write_all(format!("{line}\n").as_bytes()).expect("the client reads");
        self.lines(mux)
    }

    /// The lines that came since the last call. The times and numbers of guards are left out.
    pub(super) fn lines(&mut self, mux: &mut Headless) -> Vec<String> {
        mux.settle_with(self);
        let text = std::mem::take(&mut self.text);
        text.lines().map(without_numbers).collect()
    }

    /// Panics unless these lines came since the last call.
    pub(super) fn says(&mut self, mux: &mut Headless, lines: &[&str]) {
        assert_eq!(self.lines(mux), lines);
    }

    /// Panics unless these lines come after a line that is sent.
    pub(super) fn answers(&mut self, mux: &mut Headless, line: &str, lines: &[&str]) {
        assert_eq!(self.sends(mux, line), lines, "{line}");
    }

    /// True once the client has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.link.ended
    }

    /// Reads what the server wrote. True if there was something.
    fn read(&mut self) -> bool {
        let mut bytes = Vec::new();
        // It ends with an error, since there is no more for now.
        self.output.read_to_end(&mut bytes).ok();
        self.text += &String::from_utf8_lossy(&bytes);
        !bytes.is_empty()
    }
}

/// A line without time and number, if it is a guard of a command.
fn without_numbers(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        [guard @ ("%begin" | "%end" | "%error"), _, _, flags] => format!("{guard} {flags}"),
        _ => line.to_owned(),
    }
}

/// The words of a command line: blanks separate them, except between quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
