//! A private server of a test, driven by one control client: in emulation, a process for each
//! command would take longer than everything else together.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::super::{LONG, until};

/// Time between polls of a screen.
const POLL: Duration = Duration::from_millis(10);

pub(super) struct Mux {
    pub program: PathBuf,
    pub dir: tempfile::TempDir,
    pub env: Vec<(&'static str, String)>,
    control: Option<Control>,
}

/// A control client that is attached.
struct Control {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    /// Lines outside answers, without panes' output.
    news: Vec<String>,
    /// Panes that have printed something.
    printed: HashSet<String>,
}

impl Mux {
    /// Makes a server that is not yet started.
    pub(super) fn new() -> Self {
        let built = || std::env::current_exe().ok()?.parent()?.parent().map(|dir| dir.join("scopemux"));
        let program = std::env::var_os("SCOPEMUX_PROGRAM").map(PathBuf::from).or_else(built);
        let program = program.expect("this test is in a directory");
        let dir = tempfile::tempdir().unwrap();
        let units = std::env::var("SCOPEMUX_SCOPES").is_ok_and(|expected| expected == "units");
        let it = Self { program, dir, env: Vec::new(), control: None };
        it.configure(if units { "set-option -s containment units\n" } else { "" });
        it
    }

    /// Writes the configuration that the server reads at start.
    pub(super) fn configure(&self, lines: &str) {
        // `/bin/sh` starts quickly.
        let lines = format!("set-option -g default-shell /bin/sh\n{lines}");
        std::fs::write(self.dir.path().join("config"), lines).unwrap();
    }

    /// Starts a server with one session, and its control client.
    pub(super) fn start() -> Self {
        let mut it = Self::new();
        it.begin(&[]);
        it
    }

    /// Starts the server with one session, prefixing its command line with `before`.
    pub(super) fn begin(&mut self, before: &[&str]) {
        let size = ["-x", "80", "-y", "24", "sh"];
        let out = self.command(before).args(["new-session", "-d"]).args(size).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        self.attach();
    }

    fn command(&self, before: &[&str]) -> Command {
        let mut words: Vec<String> = before.iter().map(|s| (*s).to_owned()).collect();
        words.push(self.program.display().to_string());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(["-L", "t", "-f"]).arg(self.dir.path().join("config"));
        command.stdin(Stdio::null());
        command.env("TMUX_TMPDIR", self.dir.path()).env("XDG_STATE_HOME", self.dir.path());
        command
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .env_remove("TMUX_PANE")
            .envs(self.env.iter().map(|(k, v)| (k, v)));
        command
    }

    fn attach(&mut self) {
        let mut command = self.command(&[]);
        command.args(["-C", "attach-session"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let mut control = Control { child, input, lines, news: Vec::new(), printed: HashSet::new() };
        control.answer().expect("attached");
        self.control = Some(control);
    }

    fn control(&mut self) -> &mut Control {
        self.control.as_mut().expect("begun")
    }

    /// Runs commands (separated by `;`); returns their output.
    pub(super) fn run(&mut self, args: &[&str]) -> String {
        let control = self.control();
        let commands: Vec<&[&str]> = args.split(|arg| *arg == ";").collect();
        let lines: String = commands.iter().map(|words| line_of(words)).collect();
        control.input.write_all(lines.as_bytes()).unwrap();
        let answers = commands.iter().map(|words| match control.answer() {
            Ok(text) => text,
            Err(text) => panic!("{words:?}: {text}"),
        });
        answers.collect::<String>().trim_end().to_owned()
    }

    /// Waits until the expected backend is active: systemd may answer only after the first pane
    /// gave up waiting.
    pub(super) fn until_contained(&mut self) {
        let expected = std::env::var("SCOPEMUX_SCOPES").unwrap();
        let began = Instant::now();
        loop {
            let now = self.show("%0", "#{containment}");
            if now.starts_with(&expected) {
                return;
            }
            let mut log =
                || self.run(&["show-messages"]).lines().rev().take(20).collect::<Vec<_>>().join("\n");
            assert!(began.elapsed() < LONG, "{expected} never came, but {now}: {}", log());
            std::thread::sleep(POLL);
        }
    }

    /// A format's value for a pane.
    pub(super) fn show(&mut self, pane: &str, format: &str) -> String {
        self.run(&["display-message", "-p", "-t", pane, format])
    }

    pub(super) fn number(&mut self, pane: &str, name: &str) -> u64 {
        self.show(pane, &format!("#{{{name}}}")).parse().unwrap_or(0)
    }

    /// Opens a window with a shell; returns its pane.
    pub(super) fn pane(&mut self, limit: &str) -> String {
        let pane = self.run(&["new-window", "-d", "-P", "-F", "#{pane_id}", "sh"]);
        self.run(&["set-option", "-p", "-t", &pane, "pane-memory-max", limit]);
        pane
    }

    pub(super) fn type_line(&mut self, pane: &str, line: &str) {
        self.run(&["send-keys", "-t", pane, "-l", line, ";", "send-keys", "-t", pane, "Enter"]);
    }

    /// Reports whether a line of a pane begins with `line`. Text typed before the shell was ready
    /// is echoed before the prompt, and its output follows the prompt on the same line.
    pub(super) fn shows(&mut self, pane: &str, line: &str) -> bool {
        let begins = |shown: &str| shown.trim_start_matches(['#', '$', ' ']).starts_with(line);
        self.run(&["capture-pane", "-p", "-t", pane]).lines().any(begins)
    }

    /// Waits until a pane's shell prompts for a command.
    pub(super) fn until_begun(&mut self, pane: &str) {
        until("a prompt", || !self.run(&["capture-pane", "-p", "-t", pane]).trim().is_empty());
    }

    /// Waits until a pane shows a line that begins with `line`.
    pub(super) fn until_shows(&mut self, pane: &str, line: &str) {
        let began = Instant::now();
        while !self.shows(pane, line) {
            let mut screen = || self.run(&["capture-pane", "-p", "-t", pane]);
            assert!(began.elapsed() < LONG, "{line:?} never came in pane {pane}: {}", screen());
            std::thread::sleep(POLL);
        }
    }

    /// Checks that a shell still runs commands.
    pub(super) fn answers(&mut self, pane: &str, word: &str) {
        let began = Instant::now();
        self.type_line(pane, &format!("echo {word}$((1+1))"));
        self.until_shows(pane, &format!("{word}2"));
        println!("    pane {pane} answered after {} ms", began.elapsed().as_millis());
    }

    /// Time from sending a key to a pane until its echo.
    pub(super) fn echo(&mut self, pane: &str) -> Duration {
        let began = Instant::now();
        let control = self.control();
        control.printed.remove(pane);
        control.input.write_all(line_of(&["send-keys", "-t", pane, "x"]).as_bytes()).unwrap();
        let (mut answered, mut echo) = (false, None);
        while !answered || echo.is_none() {
            if control.outside().starts_with("%begin ") {
                control.rest_of_answer().expect("a key is sent");
                answered = true;
            }
            if echo.is_none() && control.printed.contains(pane) {
                echo = Some(began.elapsed());
            }
        }
        echo.unwrap_or_default()
    }

    /// Opens a window whose program prints; times from the request to the server's answer, and to
    /// the first output.
    pub(super) fn start_pane(&mut self) -> (Duration, Duration) {
        let began = Instant::now();
        let pane = self.run(&["new-window", "-d", "-P", "-F", "#{pane_id}", "echo up; exec sleep 1000"]);
        let answer = began.elapsed();
        let control = self.control();
        while !control.printed.contains(&pane) {
            control.outside();
        }
        let word = began.elapsed();
        self.run(&["kill-pane", "-t", &pane]);
        (answer, word)
    }

    pub(super) fn lives(&mut self, pane: &str) -> bool {
        self.run(&["list-panes", "-a", "-F", "#{pane_id}"]).lines().any(|id| id == pane)
    }

    /// Notifications since the last call.
    pub(super) fn news(&mut self) -> Vec<String> {
        self.run(&["display-message", "-p", ""]);
        std::mem::take(&mut self.control().news)
    }

    pub(super) fn server(&mut self) -> i32 {
        self.run(&["display-message", "-p", "#{pid}"]).parse().unwrap()
    }

    /// Ends the server.
    pub(super) fn end(mut self) {
        let mut control = self.control.take().expect("begun");
        control.input.write_all(b"kill-server\n").unwrap();
        while control.lines.recv_timeout(LONG).is_ok() {}
        control.child.wait().unwrap();
    }
}

impl Drop for Mux {
    /// Cleans up when a test fails.
    fn drop(&mut self) {
        if self.control.is_some() {
            self.command(&["timeout", "20"]).arg("kill-server").stderr(Stdio::null()).status().ok();
        }
    }
}

impl Control {
    fn line(&self) -> String {
        self.lines.recv_timeout(LONG).expect("a line of the control client")
    }

    /// Next line outside an answer; notifications are stored.
    fn outside(&mut self) -> String {
        let line = self.line();
        match line.split(' ').next().unwrap_or_default() {
            "%output" => drop(self.printed.insert(line.split(' ').nth(1).unwrap_or_default().to_owned())),
            "%begin" => {}
            _ => self.news.push(line.clone()),
        }
        line
    }

    /// Next answer: output of a command, or its error.
    fn answer(&mut self) -> Result<String, String> {
        while !self.outside().starts_with("%begin ") {}
        self.rest_of_answer()
    }

    fn rest_of_answer(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            let line = self.line();
            if line.starts_with("%end ") {
                return Ok(text);
            }
            if line.starts_with("%error ") {
                return Err(text);
            }
            text += &line;
            text.push('\n');
        }
    }
}

/// A command as a line of tmux's language.
fn line_of(words: &[&str]) -> String {
    let quoted = words.iter().map(|word| format!("'{}' ", word.replace('\'', "'\\''")));
    quoted.collect::<String>() + "\n"
}

/// The directory of a process's group in the unified hierarchy.
pub(super) fn group_of(pid: &str) -> PathBuf {
    let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let path = text.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    Path::new("/sys/fs/cgroup").join(path)
}

/// Weight of the processor that a process has in a pane's group; 100 is the default.
pub(super) fn weight_of(pid: &str) -> Option<u64> {
    let number = |path: PathBuf| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let of_cpu = |line: &str| {
        let (controllers, path) = line.split_once(':')?.1.split_once(":/")?;
        controllers.split(',').any(|controller| controller == "cpu").then(|| path.to_owned())
    };
    let Some(path) = text.lines().find_map(of_cpu) else { return number(group_of(pid).join("cpu.weight")) };
    let group = Path::new("/sys/fs/cgroup/cpu").join(path);
    let is_of_a_pane = group.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pane-"));
    number(group.join("cpu.shares")).filter(|_| is_of_a_pane).map(|shares| shares * 100 / 1024)
}

/// State and parent of a process.
fn state_of(pid: i32) -> Option<(char, i32)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

pub(super) fn parent_of(pid: i32) -> i32 {
    state_of(pid).expect("it runs").1
}

/// Number of child processes of a process, including zombies.
pub(super) fn children_of(parent: i32) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| state_of(*pid).is_some_and(|(_, of)| of == parent)).count()
}

pub(super) fn lives(pid: &str) -> bool {
    pid.parse().ok().and_then(state_of).is_some_and(|(state, _)| state != 'Z')
}
