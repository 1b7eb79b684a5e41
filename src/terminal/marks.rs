//! Shell marks (OSC 133): the places where prompts, commands and their output begin and end.

use serde::{Deserialize, Serialize};

use super::events::TerminalEvent;
use super::screen::Screen;
use crate::base::commands::{CommandRecord, LinePlace};
use crate::base::history::RowFlags;

/// The object that begins or ends at a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MarkKind {
    /// `A` and `N`: the shell prompts.
    Prompt,
    /// `P`: a prompt, or with `k=s` a further line of one; fires no event.
    PromptPart { second: bool },
    /// `B` and `I`: the typed command begins.
    Command,
    /// `C`: the command starts, and its output begins.
    Output,
    /// `D`: the command has ended.
    End { status: u8 },
}

/// A mark and its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mark {
    pub kind: MarkKind,
    /// The logical line, counted from the pane's beginning like the transcript's lines; `None` on
    /// the alternate screen, whose lines are not numbered.
    pub line: Option<u64>,
    /// Rows of the screen between the line's first row and the mark, at the width of that moment.
    pub row: u32,
    pub col: u32,
    /// Seconds since the Unix epoch.
    pub time: i64,
}

/// The newest mark of each kind, and the state of the command that follows from them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CommandMarks {
    pub prompt: Option<Mark>,
    pub command: Option<Mark>,
    /// Start of the newest command's output.
    pub output: Option<Mark>,
    /// End of that output; `None` while the command runs.
    pub end: Option<Mark>,
    /// True between `C` and `D`.
    pub running: bool,
    /// Status of the newest command that ended, until another one starts.
    pub status: Option<u8>,
    /// Counts all `D` marks, so that a waiting command can tell a new end from an old one.
    pub ends: u64,
    /// Counts the prompts; a redrawn prompt counts once.
    #[serde(default)]
    pub prompts: u64,
    /// True if the shell waits for a command: none has run since the newest prompt.
    #[serde(default)]
    pub at_prompt: bool,
    /// True if the present program has set a mark; the others may be of the one before.
    #[serde(default)]
    pub marked: bool,
}

impl CommandMarks {
    fn take(&mut self, mark: Mark) {
        self.marked = true;
        match mark.kind {
            MarkKind::Prompt => {
                // A shell that redraws its prompt does so on the same line.
                let again = self.at_prompt && self.prompt.is_some_and(|old| old.line == mark.line);
                self.prompts += u64::from(!again);
                self.prompt = Some(mark);
                // A shell that marks the start of typing is not ready before that mark.
                self.at_prompt = self.command.is_none();
            }
            MarkKind::PromptPart { .. } => {}
            MarkKind::Command => {
                self.command = Some(mark);
                self.at_prompt = true;
            }
            MarkKind::Output => {
                self.output = Some(mark);
                (self.end, self.running, self.status) = (None, true, None);
                self.at_prompt = false;
            }
            MarkKind::End { status } => {
                self.end = Some(mark);
                (self.running, self.status) = (false, Some(status));
                self.ends += 1;
                self.at_prompt = false;
            }
        }
    }

    /// Prepares for marks of another program. Times and status stay, as in tmux.
    pub(super) fn change_program(&mut self) {
        (self.command, self.at_prompt, self.marked) = (None, false, false);
    }

    /// True if the program is a shell that marks its prompts, and waits for a command or prepares to.
    pub fn is_between_commands(&self) -> bool {
        self.marked && self.command.is_some() && !self.running
    }

    /// Seconds that the newest command has been running, or ran; `None` before the first.
    pub fn duration(&self, now: i64) -> Option<i64> {
        let start = self.output?.time;
        let end = if self.running { now } else { self.end.map_or(0, |mark| mark.time) };
        Some((end - start).max(0))
    }
}

/// Flags of rows that have marks.
pub(super) const MARKS: RowFlags = RowFlags::START_PROMPT
    .union(RowFlags::SECOND_PROMPT)
    .union(RowFlags::START_COMMAND)
    .union(RowFlags::START_OUTPUT)
    .union(RowFlags::END_OUTPUT);

impl MarkKind {
    /// Parses the text after `133;`.
    fn parse(text: &[u8]) -> Option<Self> {
        Some(match text.first()? {
            b'A' | b'N' => Self::Prompt,
            b'P' => Self::PromptPart { second: is_second(text) },
            b'B' | b'I' => Self::Command,
            b'C' => Self::Output,
            b'D' => Self::End { status: status(text) },
            _ => return None,
        })
    }

    fn flag(self) -> RowFlags {
        match self {
            Self::Prompt | Self::PromptPart { second: false } => RowFlags::START_PROMPT,
            Self::PromptPart { second: true } => RowFlags::SECOND_PROMPT,
            Self::Command => RowFlags::START_COMMAND,
            Self::Output => RowFlags::START_OUTPUT,
            Self::End { .. } => RowFlags::END_OUTPUT,
        }
    }
}

/// tmux: only the first `;k=s` counts.
fn is_second(text: &[u8]) -> bool {
    let at = text.windows(4).position(|part| part == b";k=s");
    at.is_some_and(|at| matches!(text.get(at + 4), None | Some(b';')))
}

/// tmux: no number, or an option in its place, is 0; anything that is not a number up to 255 is
/// 255.
fn status(text: &[u8]) -> u8 {
    let Some(rest) = text.get(1..).and_then(|rest| rest.strip_prefix(b";")) else { return 0 };
    let number = rest.split(|b| *b == b';').next().unwrap_or_default();
    if number.is_empty() || number.contains(&b'=') {
        return 0;
    }
    let number = str::from_utf8(number).unwrap_or_default().trim_ascii_start();
    number.parse::<u8>().unwrap_or(255)
}

/// The byte that hexadecimal digits stand for.
fn hex_byte(digits: &[u8]) -> Option<u8> {
    let all = digits.iter().all(u8::is_ascii_hexdigit);
    u8::from_str_radix(str::from_utf8(digits).ok().filter(|_| all)?, 16).ok()
}

/// Decodes a value of OSC 633: `\\` is a backslash, `\x3b` the byte of that number.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        (out, rest) = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                out.push(b'\\');
                (out, after)
            }
            (b'\\', [b'x', high, low, after @ ..]) if hex_byte(&[*high, *low]).is_some() => {
                out.extend(hex_byte(&[*high, *low]));
                (out, after)
            }
            _ => {
                out.push(*first);
                (out, after)
            }
        };
    }
    out
}

/// Decodes a value in which `%3b` is the byte of that number.
fn from_url(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let byte = after.get(..2).filter(|_| *first == b'%').and_then(hex_byte);
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    out
}

/// A command line as one line of text: blanks and ends of lines become one blank each, and other
/// control characters are left out.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).collect()
}

impl Screen {
    /// OSC 133.
    pub(super) fn osc_mark(&mut self, text: &[u8]) {
        let Some(kind) = MarkKind::parse(text) else { return };
        // fish and the shell integration of kitty tell the command line so.
        if kind == MarkKind::Output
            && let Some(line) = text.split(|b| *b == b';').find_map(|key| key.strip_prefix(b"cmdline_url="))
        {
            self.command_line = Some(one_line(&String::from_utf8_lossy(&from_url(line))));
        }
        let (line, row) = self.line_number(self.cy);
        let mark = Mark { kind, line, row, col: self.cx, time: self.grid.now };
        if self.cy < self.rows() {
            let flags = &mut self.grid.line_mut(self.cy).flags;
            self.marked_rows.note(mark, !flags.intersects(MARKS));
            *flags |= kind.flag();
        }
        self.marks.take(mark);
        self.note_command(mark);
        self.outbox.event(TerminalEvent::Mark(mark, Box::new(self.marks)));
    }

    /// OSC 633, which shells of VS Code send: marks as in OSC 133, the command line, and the
    /// directory. Its other letters differ from OSC 133.
    pub(super) fn osc_633(&mut self, text: &[u8]) {
        match text {
            [b'A'..=b'D'] | [b'A'..=b'D', b';', ..] => self.osc_mark(text),
            _ => {
                if let Some(path) = text.strip_prefix(b"P;Cwd=") {
                    self.set_directory(&unescape(path));
                } else if let Some(line) = text.strip_prefix(b"E;") {
                    // A nonce, which proves to VS Code who sent it, may follow.
                    let line = line.split(|byte| *byte == b';').next().unwrap_or_default();
                    self.command_line = Some(one_line(&String::from_utf8_lossy(&unescape(line))));
                }
            }
        }
    }

    /// OSC 1337 of iTerm2, the parts that shells use: the directory, and a mark to return to.
    pub(super) fn osc_1337(&mut self, text: &[u8]) {
        if let Some(path) = text.strip_prefix(b"CurrentDir=") {
            self.set_directory(path);
        } else if text == b"SetMark" && self.cy < self.rows() {
            self.grid.line_mut(self.cy).flags |= RowFlags::START_PROMPT;
        }
    }

    /// Sets the working directory, like OSC 7.
    fn set_directory(&mut self, path: &[u8]) {
        if !self.config.pane || !path.starts_with(b"/") {
            return;
        }
        let mut url = "file://".to_owned();
        for &byte in path {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                    url.push(char::from(byte));
                }
                _ => url.push_str(&format!("%{byte:02X}")),
            }
        }
        self.path = url;
        self.outbox.event(TerminalEvent::Path);
    }

    /// Records a command in the history when it begins and when it ends. For a shell without end
    /// marks, the next prompt ends the command.
    fn note_command(&mut self, mark: Mark) {
        let told = match mark.kind {
            MarkKind::Prompt | MarkKind::Output => self.command_line.take(),
            _ => None,
        };
        let Some(line) = mark.line else { return };
        let place = LinePlace { line, row: mark.row, col: mark.col };
        match mark.kind {
            MarkKind::Output => {
                let cut = |text: &str| text[..text.floor_char_boundary(CommandRecord::MAX_TEXT)].to_owned();
                let prompt =
                    self.marks.prompt.and_then(|prompt| prompt.line).filter(|prompt| *prompt <= line);
                let record = CommandRecord {
                    prompt,
                    start: place,
                    started: mark.time,
                    directory: cut(&self.path),
                    // The screen may show more than what was typed, such as suggestions.
                    text: cut(&told.unwrap_or_else(|| self.typed_text())),
                    ..CommandRecord::default()
                };
                self.grid.history.note_command(&record);
                self.command = Some(Box::new(record));
            }
            MarkKind::End { .. } | MarkKind::Prompt => {
                let Some(mut record) = self.command.take() else { return };
                (record.end, record.ended) = (Some(place.max(record.start)), Some(mark.time));
                if let MarkKind::End { status } = mark.kind {
                    record.status = Some(status);
                }
                self.grid.history.note_command(&record);
            }
            MarkKind::Command | MarkKind::PromptPart { .. } => {}
        }
    }

    /// Text on the screen between the mark of the typed command and the cursor.
    fn typed_text(&mut self) -> String {
        let Some(Mark { line: Some(line), row, col, .. }) = self.marks.command else { return String::new() };
        let end = self.cy.min(self.rows());
        let Some(first) = (0..=end).find(|y| self.line_number(*y) == (Some(line), row)) else {
            return String::new();
        };
        let mut text = Vec::new();
        for y in first..=end {
            let cells = &self.grid.line(y.min(self.rows() - 1)).cells;
            let from = if y == first { col as usize } else { 0 };
            let to = if y == end { self.cx as usize } else { cells.len() };
            for cell in cells.iter().take(to).skip(from).filter(|cell| !cell.is_padding()) {
                self.grid.tables.push_text(*cell, &mut text);
            }
            if !self.grid.line(y.min(self.rows() - 1)).flags.contains(RowFlags::WRAPPED) {
                text.push(b' ');
            }
        }
        one_line(&String::from_utf8_lossy(&text))
    }

    /// The logical line of a row of the screen, and the count of its rows above on the screen.
    fn line_number(&mut self, y: u32) -> (Option<u64>, u32) {
        let above = y.min(self.rows());
        let wrapped = |y: &u32| self.grid.line(*y).flags.contains(RowFlags::WRAPPED);
        let row = (0..above).rev().take_while(wrapped).count() as u32;
        if self.grid.saved.is_some() {
            return (None, row);
        }
        let ended = (0..above).filter(|y| !wrapped(y)).count() as u64;
        (Some(self.grid.history.next_line() + self.grid.unkept + ended), row)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MemoryHistory, Terminal, TerminalConfig};
    use super::*;
    use crate::base::Size;

    fn terminal(limit: usize) -> Terminal {
        let size = Size::new(10, 3);
        let config = TerminalConfig { pane: true, ..TerminalConfig::default() };
        Terminal::new(size, config, Box::new(MemoryHistory::new(limit, size.cols)))
    }

    fn fed(limit: usize, bytes: &str) -> CommandMarks {
        let mut terminal = terminal(limit);
        terminal.set_now(7);
        terminal.feed(bytes.as_bytes());
        terminal.marks()
    }

    #[test]
    fn an_exit_status_is_read_as_tmux_does() {
        let cases = [
            ("D", 0),
            ("D;", 0),
            ("D;0", 0),
            ("D;7", 7),
            ("D;255", 255),
            ("D;256", 255),
            ("D;-1", 255),
            ("D;x", 255),
            ("D;=1", 0),
            ("D;aid=3", 0),
            ("D;3;aid=7", 3),
            ("D;;3", 0),
            ("Dx", 0),
        ];
        for (text, expect) in cases {
            assert_eq!(status(text.as_bytes()), expect, "{text}");
        }
    }

    #[test]
    fn marks_say_whether_a_command_runs_and_how_it_ended() {
        let marks = fed(100, "\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x07");
        assert!(marks.running && marks.status.is_none());
        assert_eq!(marks.duration(9), Some(2));
        let marks = fed(100, "\x1b]133;C\x07out\r\n\x1b]133;D;3\x07");
        assert!(!marks.running);
        assert_eq!((marks.status, marks.ends, marks.duration(99)), (Some(3), 1, Some(0)));
    }

    #[test]
    fn marks_of_vs_code_are_read_as_those_of_osc_133() {
        let marks = fed(100, "\x1b]633;A\x07$ \x1b]633;B\x07ls\x1b]633;E;ls\x07\r\n\x1b]633;C\x07");
        assert!(marks.running && marks.prompt.is_some() && marks.command.is_some());
        let marks = fed(100, "\x1b]633;C\x07out\r\n\x1b]633;D;3\x07\x1b]633;P;Task=1\x07\x1b]633;I\x07");
        assert_eq!((marks.running, marks.status, marks.ends), (false, Some(3), 1));
        assert_eq!((marks.prompt, marks.command), (None, None));
    }

    #[test]
    fn a_command_line_that_the_shell_tells_is_the_text_of_its_command() {
        let text = |bytes: &str| {
            let mut terminal = terminal(100);
            terminal.feed(bytes.as_bytes());
            terminal.screen.command.as_ref().map(|record| record.text.clone())
        };
        let check = |line: &str, expect: &str| {
            let told = format!("\x1b]633;A\x07$ \x1b]633;B\x07ls\x1b]633;E;{line}\x07\r\n\x1b]633;C\x07");
            assert_eq!(text(&told).as_deref(), Some(expect), "{line}");
        };
        check("git log", "git log");
        check("echo a\\x3b b;0f3e-nonce", "echo a; b");
        check("for i in 1\\x0ado\\x0a  x\\x0adone;", "for i in 1 do x done");
        check("printf '\\\\x41\\x1b[m\\x07'", "printf '\\x41[m'");
        check("\\x2", "\\x2");
        check("\\x+1", "\\x+1");
        check("ü \\xc3\\xbc", "ü ü");
        let long = "x".repeat(300);
        check(&long, &long[..CommandRecord::MAX_TEXT]);
        // Without one, and for a line of an earlier prompt, it is what the screen shows.
        assert_eq!(text("\x1b]633;B\x07ls\r\n\x1b]633;C\x07").as_deref(), Some("ls"));
        let old = "\x1b]633;E;old\x07\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x07";
        assert_eq!(text(old).as_deref(), Some("ls"));
        // A shell that marks nothing but the start of output may tell it too.
        assert_eq!(text("\x1b]633;E;make\x07\x1b]133;C\x07").as_deref(), Some("make"));
        // fish and kitty tell it with the mark itself.
        let check = |told: &str, expect: &str| {
            let bytes = format!("\x1b]133;B\x07ls\r\n\x1b]133;C;{told}\x07");
            assert_eq!(text(&bytes).as_deref(), Some(expect), "{told}");
        };
        check("cmdline_url=git%20log%3b%0a%C3%BC", "git log; ü");
        check("aid=1;cmdline_url=100%;x=1", "100%");
        check("cmdline_url=%2", "%2");
        check("cmdline_url=%+1%zz", "%+1%zz");
        check("cmdline=ls", "ls");
    }

    #[test]
    fn directories_come_in_three_ways() {
        let path = |bytes: &str| {
            let mut terminal = terminal(0);
            terminal.feed(bytes.as_bytes());
            terminal.path().to_owned()
        };
        assert_eq!(path("\x1b]633;P;Cwd=/a b/\\x3bc\\\\d\x07"), "file:///a%20b/%3Bc%5Cd");
        assert_eq!(path("\x1b]1337;CurrentDir=/home/ü\x07"), "file:///home/%C3%BC");
        assert_eq!(path("\x1b]1337;RemoteHost=me@there\x07\x1b]1337;File=x:y\x07"), "");
        assert_eq!(path("\x1b]633;P;Cwd=C:\\\\x\x07\x1b]1337;CurrentDir=x\x07"), "");
    }

    #[test]
    fn a_mark_of_iterm_is_a_place_to_go_to_and_nothing_else() {
        let mut terminal = terminal(0);
        terminal.feed(b"\x1b]1337;SetMark\x07x");
        assert!(terminal.row(0).flags.contains(RowFlags::START_PROMPT));
        assert_eq!(terminal.marks(), CommandMarks::default());
    }

    #[test]
    fn lines_of_marks_do_not_shift_when_rows_scroll_away() {
        let long = "0123456789abc\r\n"; // two rows, one line
        for limit in [0, 2, 100] {
            let mut terminal = terminal(limit);
            terminal.feed(format!("{long}x\r\ny\r\n\x1b]133;A\x07").as_bytes());
            let first = terminal.marks().prompt.and_then(|mark| mark.line);
            assert_eq!(first, Some(3), "limit {limit}");
            terminal.feed(b"\r\n\r\n\r\n\x1b]133;A\x07");
            assert_eq!(terminal.marks().prompt.and_then(|mark| mark.line), Some(6), "limit {limit}");
        }
    }

    #[test]
    fn a_mark_in_a_wrapped_line_says_its_row_and_the_alternate_screen_has_no_lines() {
        let marks = fed(100, "0123456789abc\x1b]133;C\x07");
        let output = marks.output.expect("a mark");
        assert_eq!((output.line, output.row, output.col), (Some(0), 1, 3));
        let marks = fed(100, "\x1b[?1049h\x1b]133;C\x07");
        assert_eq!(marks.output.expect("a mark").line, None);
    }

    #[test]
    fn every_mark_of_a_slice_is_told() {
        let mut terminal = terminal(100);
        terminal.feed("\x1b]133;D\x07".repeat(2048).as_bytes());
        assert_eq!(terminal.take_events().len(), 2048);
        assert_eq!(terminal.marks().ends, 2048);
    }
}
