//! Copy mode by command: the shell's marks (OSC 133) tell where the commands above and below the
//! cursor are. Their output can be selected, copied, piped, saved and folded.

use std::sync::Arc;

use super::commands::{Action, Call, Effect};
use super::selection::Copying;
use super::state::{CopyState, Spot};
use crate::base::Colour;
use crate::base::commands::CommandRecord;
use crate::base::text::into_bytes;
use crate::model::host::Content;

/// Most text of one command that is copied or piped, in bytes: of more, nothing is, with an error. It can
/// be saved.
const MAX_TEXT: usize = 64 << 20;

/// The error for more text than that.
const TOO_LONG: &str = "the output is too long to copy; save-command-output writes it to a file";

/// Rows of a command: of its prompt and of its output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Extent {
    pub prompt: usize,
    pub start: Spot,
    /// Last cell of the output, or the one behind it; before `start` if there is no output.
    pub end: Spot,
    pub empty: bool,
}

impl CopyState {
    /// Rows of a command at the current layout.
    pub(super) fn extent(&self, record: &CommandRecord) -> Option<Extent> {
        let row = |line: u64, below: u32| Some(self.back.row_of_line(line)? + below as usize);
        let start = Spot { x: record.start.col as usize, y: row(record.start.line, record.start.row)? };
        let prompt = row(record.first_line(), 0)?.min(start.y);
        let last = match record.end {
            Some(end) => Spot { x: end.col as usize, y: row(end.line, end.row)? },
            None => {
                let used = (start.y..=self.back.last()).rev().find(|y| self.back.length(*y) > 0);
                used.map_or(start, |y| Spot { x: self.back.length(y), y })
            }
        };
        let empty = (last.y, last.x) <= (start.y, start.x);
        let end = match last {
            Spot { x: 0, y } if y > start.y => Spot { x: self.back.length(y - 1), y: y - 1 },
            other => other,
        };
        Some(Extent { prompt, start, end, empty })
    }

    /// Index of the command that a row belongs to: a command ranges from its prompt to the next
    /// one's.
    pub(super) fn command_at(&self, y: usize) -> Option<usize> {
        let line = self.back.line_of_row(y)?;
        self.commands.partition_point(|record| record.first_line() <= line).checked_sub(1)
    }

    /// What is to be copied of the output of the command under the cursor, even if it is folded, by the
    /// numbers of rows with nothing folded. The inner `None`: it printed nothing.
    fn output_here(&mut self) -> Option<Option<Copying>> {
        let y = self.back.real_row(self.row());
        self.without_folds(|state| {
            let extent = state.extent(state.commands.get(state.command_at(y)?)?)?;
            Some((!extent.empty).then(|| Copying::between(extent.start, extent.end, state.back.cols)))
        })
    }

    /// The text of the output under the cursor; an error if it has more than `most` bytes.
    fn output_text(&mut self, most: usize) -> Option<Result<String, &'static str>> {
        let Some(mut copying) = self.output_here()? else { return Some(Ok(String::new())) };
        let mut reader = self.back.reader();
        let mut out = String::new();
        while let Some(piece) = copying.piece(&mut reader) {
            out.push_str(&piece);
            if out.len() > most {
                return Some(Err(TOO_LONG));
            }
        }
        Some(Ok(out))
    }

    /// The output under the cursor, of any length, for a file: read piece by piece as it is written.
    pub(super) fn output_pieces(&mut self) -> Option<Content> {
        let Some(mut copying) = self.output_here()? else { return Some(Content::Bytes(Vec::new())) };
        let mut reader = self.back.reader();
        Some(Content::Made(Box::new(move || copying.piece(&mut reader).map(into_bytes))))
    }

    /// Selects the output of the command under the cursor. False if there is none.
    fn select_output(&mut self) -> bool {
        let found = self.command_at(self.row()).and_then(|at| self.extent(&self.commands[at]));
        let Some(extent) = found.filter(|extent| !extent.empty) else { return false };
        self.clear_selection();
        self.show_cell(extent.start.x, extent.start.y);
        self.rectangle = false;
        self.start_selection();
        let last = extent.end.x.saturating_sub(usize::from(self.settings.vi));
        self.scroll_to(last, extent.end.y, false);
        true
    }

    /// Puts the cursor at the beginning of a logical line, which is shown if it was folded.
    pub(crate) fn show_line(&mut self, line: u64) {
        if let Some(real) = self.without_folds(|state| state.back.row_of_line(line)) {
            let y = self.show_unfolded(real);
            self.show_cell(0, y);
        }
    }

    /// Goes to the next or previous command that failed.
    fn go_to_failed(&mut self, down: bool) {
        let line = self.back.line_of_row(self.row()).unwrap_or(0);
        let wanted = |record: &&CommandRecord| match down {
            true => record.failed() && record.first_line() > line,
            false => record.failed() && record.first_line() < line,
        };
        let found = match down {
            true => self.commands.iter().find(wanted),
            false => self.commands.iter().rev().find(wanted),
        };
        if let Some(extent) = found.and_then(|record| self.extent(record)) {
            self.show_cell(0, extent.prompt);
        }
    }

    /// Status that the number column shows in a row: of the command that begins there.
    pub(super) fn status_of_row(&self, y: usize) -> Option<Status> {
        let record = self.commands.get(self.command_at(y)?)?;
        let first = self.back.row_of_line(record.first_line())?;
        (first == y).then_some(match (record.status, record.end) {
            (Some(status), _) => Status::Ended(status),
            (None, Some(_)) => Status::Unknown,
            (None, None) => Status::Running,
        })
    }

    /// Folds the output of the command under the cursor, or unfolds it.
    fn toggle_fold(&mut self) {
        let y = self.row();
        if self.back.unfold(y) {
            return self.folded(y);
        }
        let found = self.command_at(y).and_then(|at| self.extent(&self.commands[at]));
        let Some(extent) = found.filter(|extent| !extent.empty) else { return };
        self.back.fold(extent.start.y, extent.end.y);
        self.folded(extent.start.y);
    }

    fn fold_all(&mut self, on: bool) {
        let prompt = self.command_at(self.row()).map(|at| self.commands[at].first_line());
        self.unfold_all();
        if on {
            for at in (0..self.commands.len()).rev() {
                let Some(extent) = self.extent(&self.commands[at]).filter(|extent| !extent.empty) else {
                    continue;
                };
                self.back.fold(extent.start.y, extent.end.y);
            }
        }
        let y = prompt.and_then(|line| self.back.row_of_line(line)).unwrap_or_else(|| self.back.last());
        self.folded(y);
    }

    /// Updates the state after rows were folded or unfolded; the cursor moves to row `y`.
    fn folded(&mut self, y: usize) {
        self.clear_selection();
        self.clear_marks();
        self.show_cell(0, y.min(self.back.last()));
    }
}

/// Result of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    Running,
    Unknown,
    Ended(u8),
}

impl Status {
    /// Text and colour in the number column.
    pub(super) fn text(self) -> (String, Colour) {
        match self {
            Self::Running => ("...".to_owned(), Colour::Basic(3)),
            Self::Unknown => ("?".to_owned(), Colour::Default),
            Self::Ended(0) => ("0".to_owned(), Colour::Basic(2)),
            Self::Ended(status) => (status.to_string(), Colour::Basic(1)),
        }
    }
}

pub(super) fn select(s: &mut CopyState, _: &mut Call<'_>) -> Action {
    s.select_output();
    Action::Nothing
}

pub(super) fn failed(s: &mut CopyState, call: &Call<'_>, down: bool) -> Action {
    (0..call.count.min(s.commands.len() as u32)).for_each(|_| s.go_to_failed(down));
    Action::Nothing
}

pub(super) fn fold(s: &mut CopyState, _: &mut Call<'_>) -> Action {
    s.toggle_fold();
    Action::Nothing
}

pub(super) fn fold_all(s: &mut CopyState, on: bool) -> Action {
    s.fold_all(on);
    Action::Nothing
}

/// Copies the output of the command under the cursor, or with `pipe` pipes it into a command.
pub(super) fn copy(s: &mut CopyState, call: &mut Call<'_>, pipe: bool, action: Action) -> Action {
    copy_within(s, call, pipe, action, MAX_TEXT)
}

fn copy_within(s: &mut CopyState, call: &mut Call<'_>, pipe: bool, action: Action, most: usize) -> Action {
    let Some(text) = call.session.then(|| s.output_text(most)).flatten() else { return Action::Nothing };
    let text = match text {
        Ok(text) => Arc::new(text),
        Err(error) => {
            s.failure = Some(error);
            return Action::Nothing;
        }
    };
    let arg = |index: usize| call.args.get(index).cloned();
    let prefix = arg(usize::from(pipe));
    if pipe {
        let command = arg(0).filter(|command| !command.is_empty());
        call.effects.push(Effect::Pipe { text: text.clone(), command });
    }
    let (buffer, clipboard) = (!call.flags.contains('P'), !call.flags.contains('C'));
    call.effects.push(Effect::Copy { text, prefix, buffer, clipboard });
    action
}

/// Saves the output of the command under the cursor to a file.
pub(super) fn save(s: &mut CopyState, call: &mut Call<'_>) -> Action {
    if let (Some(_), Some(path)) = (s.output_here(), call.args.first()) {
        call.effects.push(Effect::Save { path: path.clone() });
    }
    Action::Nothing
}

#[cfg(test)]
mod tests {
    use super::super::backing::{Backing, Source};
    use super::super::state::Settings;
    use super::*;
    use crate::base::history::History;
    use crate::base::{PaneId, Size};
    use crate::terminal::{Terminal, TerminalConfig};
    use crate::transcript::{PaneInfo, StoreConfig, TranscriptStore};

    const SIZE: Size = Size { cols: 30, rows: 8 };

    fn shell(store: &TranscriptStore) -> Terminal {
        let history = store.open_pane(PaneId(1), PaneInfo::default(), 1 << 20, SIZE.cols);
        let mut terminal = Terminal::new(SIZE, TerminalConfig::default(), Box::new(history));
        terminal.feed(b"a line before\r\n");
        terminal
    }

    /// Runs a command in a shell that sets marks; `status`: it has ended.
    fn run(terminal: &mut Terminal, at: i64, name: &str, output: &str, status: Option<u8>) {
        terminal.set_now(at);
        let text = format!("\x1b]133;A\x07$ \x1b]133;B\x07{name}\r\n\x1b]133;C\x07{output}");
        terminal.feed(text.as_bytes());
        terminal.set_now(at + 5);
        status.into_iter().for_each(|status| terminal.feed(format!("\x1b]133;D;{status}\x07").as_bytes()));
        terminal.take_events();
    }

    fn state(terminal: &mut Terminal, status: bool) -> CopyState {
        let source = Source {
            history: Some(History::view(terminal.history())),
            rows: (0..terminal.size().rows).map(|y| terminal.row(y)).collect(),
            links: terminal.links().clone(),
            size: terminal.size(),
            pullable: 0,
        };
        let mut back = Backing::new(source);
        back.first_line = terminal.first_line();
        let mut state = CopyState::new(back, Settings { command_status: status, ..Settings::default() });
        state.commands = terminal.history().commands();
        let last = state.back.last();
        state.enter_at(0, last);
        state
    }

    fn many(n: usize) -> String {
        (0..n).map(|n| format!("output {n} that is longer than a row is\r\n")).collect()
    }

    fn three(terminal: &mut Terminal) {
        run(terminal, 10, "make all", &many(60), Some(2));
        run(terminal, 20, "true", "", Some(0));
        run(terminal, 30, "printf x", "x", Some(0));
        run(terminal, 40, "\r\n", "still\r\nruns", None);
    }

    fn joined(text: &str) -> String {
        text.replace("\r\n", "\n")
    }

    #[test]
    fn commands_are_known_with_what_was_typed_and_when() {
        let dir = tempfile::tempdir().unwrap();
        let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
        let mut terminal = shell(&store);
        three(&mut terminal);
        let all = terminal.history().commands();
        let known: Vec<_> = all.iter().map(|r| (r.text.as_str(), r.status, r.started, r.ended)).collect();
        let expect = [
            ("make all", Some(2), 10, Some(15)),
            ("true", Some(0), 20, Some(25)),
            ("printf x", Some(0), 30, Some(35)),
            ("", None, 40, None),
        ];
        assert_eq!(known, expect);
        // The next server knows the commands too.
        let (mut saved, mut screen) = (Vec::new(), Vec::new());
        terminal.history().save(&mut saved);
        terminal.save(&mut screen);
        std::mem::forget(terminal);
        let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
        let history = store.resume(&saved, 1 << 20).unwrap();
        let mut terminal = Terminal::load(&screen, TerminalConfig::default(), Box::new(history)).unwrap();
        assert_eq!(terminal.history().commands(), all);
        terminal.set_now(50);
        terminal.feed(b"\r\n\x1b]133;D;9\x07");
        let last = terminal.history().commands().pop().unwrap();
        assert_eq!((last.started, last.ended, last.status), (40, Some(50), Some(9)));
    }

    #[test]
    fn the_output_under_the_cursor_is_found_at_any_width_and_in_history() {
        let dir = tempfile::tempdir().unwrap();
        let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
        let mut terminal = shell(&store);
        three(&mut terminal);
        let outputs = [joined(&many(60)), String::new(), "x".to_owned(), "still\nruns".to_owned()];
        for cols in [30, 17, 80] {
            let mut state = state(&mut terminal, false);
            state.resize(cols, 8);
            assert_eq!(state.command_at(0), None, "before the first");
            for (at, expect) in outputs.iter().enumerate() {
                let extent = state.extent(&state.commands[at]).unwrap();
                for y in [extent.prompt, extent.start.y] {
                    state.show_cell(0, y);
                    let text = state.output_text(MAX_TEXT).unwrap().unwrap();
                    if state.command_at(y) == Some(at) {
                        assert_eq!(text.trim_end(), expect.trim_end(), "{cols} {at} {y}");
                    }
                }
                assert_eq!(state.command_at(extent.prompt), Some(at), "{cols}");
            }
        }
    }

    #[test]
    fn failed_commands_are_gone_to_and_shown() {
        let dir = tempfile::tempdir().unwrap();
        let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
        let mut terminal = shell(&store);
        three(&mut terminal);
        run(&mut terminal, 60, "false", "", Some(1));
        let mut state = state(&mut terminal, true);
        let line = |state: &CopyState| state.back.line(state.row()).text(30);
        state.go_to_failed(false);
        state.go_to_failed(false);
        assert_eq!((line(&state).as_str(), state.command_at(state.row())), ("$ make all", Some(0)));
        assert_eq!(state.status_of_row(state.row()), Some(Status::Ended(2)));
        assert_eq!(state.status_of_row(state.row() + 1), None);
        assert_eq!((state.number_width(), state.text_cols()), (4, 26));
        state.go_to_failed(true);
        assert!(line(&state).ends_with("$ false"), "{}", line(&state));
        state.go_to_failed(true);
        assert!(line(&state).ends_with("$ false"));
    }

    #[test]
    fn output_is_folded_and_shown_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
        let mut terminal = shell(&store);
        three(&mut terminal);
        let mut state = state(&mut terminal, false);
        let texts = |state: &CopyState| -> Vec<String> {
            (0..=state.back.last()).map(|y| state.back.line(y).text(30)).collect()
        };
        let before = texts(&state);
        state.show_line(state.commands[0].first_line());
        state.toggle_fold();
        let folded = texts(&state);
        assert_eq!(folded[..4], ["a line before", "$ make all", "··· 120 lines ···", "$ true"]);
        assert_eq!(folded.len(), before.len() - 119);
        assert_eq!(state.row(), 2, "the cursor is on the fold");
        assert_eq!(state.output_text(MAX_TEXT), Some(Ok(joined(&many(60)))), "what is folded is copied");
        assert_eq!(texts(&state), folded);
        state.toggle_fold();
        assert_eq!(texts(&state), before);
        state.fold_all(true);
        assert!(texts(&state).contains(&"··· 120 lines ···".to_owned()));
        state.resize(30, 9);
        assert!(!texts(&state).contains(&"··· 120 lines ···".to_owned()));
    }

    /// The outputs of three commands, of which the last two are folded, and the cursor at the top.
    fn folded(terminal: &mut Terminal) -> CopyState {
        run(terminal, 10, "one", "apple pie\r\npear\r\n", Some(0));
        run(terminal, 20, "two", "plum\r\nan apple\r\nApple\r\n", Some(0));
        run(terminal, 30, "three", "cherry\r\napple tart\r\n", Some(0));
        let mut state = state(terminal, false);
        for at in [1, 2] {
            state.show_line(state.commands[at].first_line());
            state.toggle_fold();
        }
        state.show_cell(0, 0);
        state
    }

    #[test]
    fn a_search_finds_folded_text_and_unfolds_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
        for (down, regex, text, expect) in [
            (true, false, "apple", &["apple pie", "an apple", "Apple", "apple tart", "apple pie"][..]),
            (false, false, "apple", &["apple tart", "Apple", "an apple", "apple pie", "apple tart"]),
            (true, true, "^app.*rt", &["apple tart", "apple tart"]),
            (false, true, "^a.* .*e", &["an apple", "apple pie", "a line before", "an apple"]),
        ] {
            let mut terminal = shell(&store);
            let mut state = folded(&mut terminal);
            state.settings.wrap_search = true;
            let folds =
                |state: &CopyState| (0..=state.back.last()).filter(|y| state.back.is_fold(*y)).count();
            assert_eq!(folds(&state), 2);
            state.search.text = Some(text.to_owned());
            for (n, expect) in expect.iter().enumerate() {
                assert!(state.find(down, regex, 1), "{text} {n}");
                assert_eq!(state.back.line(state.row()).text(30), *expect, "{down} {text} {n}");
            }
            if regex {
                assert_eq!(folds(&state), 1, "other output stays folded");
            } else {
                assert_eq!((folds(&state), state.search.count), (0, Some(4)));
            }
        }
    }

    #[test]
    fn matches_in_folds_count_and_the_row_that_stands_for_them_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
        let mut terminal = shell(&store);
        let mut state = folded(&mut terminal);
        for (text, count) in [("apple", 4), ("line", 1)] {
            (state.search.text, state.search.count) = (Some(text.to_owned()), None);
            state.mark_matches(false, false);
            assert_eq!(state.search.count, Some(count), "{text}");
            let marks = state.search.marks.clone().unwrap();
            let marked = (0..8).filter(|y| marks[y * 30..(y + 1) * 30].iter().any(|mark| *mark != 0));
            assert_eq!(marked.count(), 1, "{text}: what is folded is not in view");
        }
    }

    #[test]
    fn a_selection_over_folds_is_copied_with_what_is_folded() {
        let dir = tempfile::tempdir().unwrap();
        let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
        let mut terminal = shell(&store);
        let mut state = folded(&mut terminal);
        state.show_line(state.commands[0].first_line());
        state.start_selection();
        state.show_line(state.commands[2].first_line());
        state.update_selection(false);
        let text = state.selected_text().unwrap();
        assert_eq!(text, "$ one\napple pie\npear\n$ two\nplum\nan apple\nApple\n");
        // A selection that a search extends keeps where it began.
        state.search.text = Some("tart".to_owned());
        assert!(state.find(true, false, 1));
        state.update_selection(false);
        assert!(state.selected_text().unwrap().ends_with("Apple\n$ three\ncherry\napple tart"));
    }

    #[test]
    fn output_that_is_too_long_to_copy_is_refused_and_saved_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
        let mut terminal = shell(&store);
        run(&mut terminal, 10, "long", &many(2000), Some(0));
        let most = 64 << 10;
        let mut state = state(&mut terminal, false);
        state.show_line(state.commands[0].first_line());
        assert_eq!(state.output_text(most), Some(Err(TOO_LONG)));
        let mut effects = Vec::new();
        let mut call =
            Call { flags: "", args: &[], count: 1, session: true, mouse: false, effects: &mut effects };
        let done = copy_within(&mut state, &mut call, false, Action::Cancel, most);
        assert_eq!((done, state.failure.take()), (Action::Nothing, Some(TOO_LONG)));
        assert!(effects.is_empty(), "nothing is copied in part");
        let Some(Content::Made(mut maker)) = state.output_pieces() else { panic!("it is long") };
        let mut saved = Vec::new();
        while let Some(piece) = maker() {
            saved.extend(piece);
        }
        assert!(saved == joined(&many(2000)).into_bytes());
    }
}
