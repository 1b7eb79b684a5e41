//! The commands of copy mode (`send-keys -X`): one table row each, and functions that change the
//! state. Effects on the world (buffers, clipboard, jobs) are returned as `Effect`s.

use std::sync::Arc;

use super::outputs;
use super::search::Direction;
use super::state::{CopyState, CursorDrag, JumpKind, LineSelection, Recentre, SelectBy};
use crate::base::Glyph;

/// Action of the mode after a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    Nothing,
    Cancel,
}

/// Cases in which a command clears the marks of a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Clear {
    Always,
    Never,
    EmacsOnly,
}

/// Effect that a command has outside of the mode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// Put text in a new buffer (with this name prefix) and on the clipboard.
    Copy { text: Arc<String>, prefix: Option<String>, buffer: bool, clipboard: bool },
    /// Append text to the newest buffer.
    Append(String),
    /// Pipe text into a command (`None`: the one of `copy-command`).
    Pipe { text: Arc<String>, command: Option<String> },
    /// Save the output of the command under the cursor to a file.
    Save { path: String },
    /// Read the pane's contents again.
    Refresh,
    /// Show what full-screen programs drew, or the pane's history again.
    Alternate,
    /// Begin a mouse drag.
    StartDrag,
    /// Scroll to where the mouse holds the scrollbar's slider.
    ScrollToMouse { exit: bool },
}

/// A command with its arguments.
pub(crate) struct Call<'a> {
    /// Flags given, each a letter.
    pub flags: &'a str,
    pub args: &'a [String],
    pub count: u32,
    /// True if there is a session to copy for.
    pub session: bool,
    /// True if a mouse event ran the command.
    pub mouse: bool,
    pub effects: &'a mut Vec<Effect>,
}

impl Call<'_> {
    fn arg(&self, index: usize) -> Option<&str> {
        self.args.get(index).map(String::as_str)
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }
}

type Run = fn(&mut CopyState, &mut Call<'_>) -> Action;

/// One command.
pub(crate) struct Entry {
    pub name: &'static str,
    /// Flags that the command takes.
    pub flags: &'static str,
    /// Fewest and most arguments.
    pub args: (usize, usize),
    /// True if a read-only client may use it.
    pub readonly: bool,
    pub clear: Clear,
    /// True if the arguments are expanded as formats before it runs.
    pub expand: bool,
    pub run: Run,
}

const fn entry(name: &'static str, readonly: bool, clear: Clear, run: Run) -> Entry {
    Entry { name, flags: "", args: (0, 0), readonly, clear, expand: false, run }
}

const fn moves(name: &'static str, run: Run) -> Entry {
    entry(name, true, Clear::EmacsOnly, run)
}

const fn acts(name: &'static str, run: Run) -> Entry {
    entry(name, false, Clear::Always, run)
}

const fn views(name: &'static str, run: Run) -> Entry {
    entry(name, true, Clear::Always, run)
}

const fn copies(name: &'static str, most: usize, clear: Clear, run: Run) -> Entry {
    Entry { name, flags: "CP", args: (0, most), readonly: false, clear, expand: true, run }
}

const fn pipes(name: &'static str, clear: Clear, run: Run) -> Entry {
    Entry { flags: "", ..copies(name, 1, clear, run) }
}

const fn jumps(name: &'static str, run: Run) -> Entry {
    Entry { args: (1, 1), ..entry(name, false, Clear::EmacsOnly, run) }
}

const fn searches(name: &'static str, fewest: usize, run: Run) -> Entry {
    Entry { args: (fewest, 1), ..acts(name, run) }
}

/// All commands.
pub(crate) static COMMANDS: &[Entry] = &[
    views("alternate-history", |_, c| effect(c, Effect::Alternate)),
    acts("append-selection", |s, c| append(s, c, Action::Nothing)),
    acts("append-selection-and-cancel", |s, c| append(s, c, Action::Cancel)),
    views("back-to-indentation", |s, _| done(|| s.back_to_indentation())),
    acts("begin-selection", begin_selection),
    copies("copy-command-output", 1, Clear::Always, |s, c| outputs::copy(s, c, false, Action::Nothing)),
    copies("copy-command-output-and-cancel", 1, Clear::Always, |s, c| {
        outputs::copy(s, c, false, Action::Cancel)
    }),
    copies("copy-pipe-command-output", 2, Clear::Always, |s, c| outputs::copy(s, c, true, Action::Nothing)),
    copies("copy-pipe-command-output-and-cancel", 2, Clear::Always, |s, c| {
        outputs::copy(s, c, true, Action::Cancel)
    }),
    views("fold-all-commands", |s, _| outputs::fold_all(s, true)),
    views("next-failed-command", |s, c| outputs::failed(s, c, true)),
    views("previous-failed-command", |s, c| outputs::failed(s, c, false)),
    Entry { args: (1, 1), expand: true, ..acts("save-command-output", outputs::save) },
    acts("select-command-output", outputs::select),
    views("toggle-command-fold", outputs::fold),
    views("unfold-all-commands", |s, _| outputs::fold_all(s, false)),
    moves("bottom-line", |s, _| to_view_row(s, s.rows() - 1)),
    views("cancel", |_, _| Action::Cancel),
    acts("clear-selection", |s, _| done(|| s.clear_selection())),
    copies("copy-end-of-line", 1, Clear::Always, |s, c| copy_line(s, c, true, false, false)),
    copies("copy-end-of-line-and-cancel", 1, Clear::Always, |s, c| copy_line(s, c, true, false, true)),
    copies("copy-pipe-end-of-line", 2, Clear::Always, |s, c| copy_line(s, c, true, true, false)),
    copies("copy-pipe-end-of-line-and-cancel", 2, Clear::Always, |s, c| copy_line(s, c, true, true, true)),
    copies("copy-line", 1, Clear::Always, |s, c| copy_line(s, c, false, false, false)),
    copies("copy-line-and-cancel", 1, Clear::Always, |s, c| copy_line(s, c, false, false, true)),
    copies("copy-pipe-line", 2, Clear::Always, |s, c| copy_line(s, c, false, true, false)),
    copies("copy-pipe-line-and-cancel", 2, Clear::Always, |s, c| copy_line(s, c, false, true, true)),
    copies("copy-pipe-no-clear", 2, Clear::Never, copy_pipe),
    copies("copy-pipe", 2, Clear::Always, |s, c| cleared(s, c, copy_pipe, Action::Nothing)),
    copies("copy-pipe-and-cancel", 2, Clear::Always, |s, c| cleared(s, c, copy_pipe, Action::Cancel)),
    copies("copy-selection-no-clear", 1, Clear::Never, copy_selection),
    copies("copy-selection", 1, Clear::Always, |s, c| cleared(s, c, copy_selection, Action::Nothing)),
    copies("copy-selection-and-cancel", 1, Clear::Always, |s, c| {
        cleared(s, c, copy_selection, Action::Cancel)
    }),
    moves("cursor-down", |s, c| times(c, || s.cursor_down(false))),
    views("cursor-down-and-cancel", cursor_down_and_cancel),
    moves("cursor-left", |s, c| times(c, || s.cursor_left())),
    moves("cursor-right", |s, c| times(c, || s.cursor_right())),
    moves("cursor-up", |s, c| times(c, || s.cursor_up(false))),
    moves("cursor-centre-vertical", |s, _| centre(s, s.cx, s.rows() / 2)),
    moves("cursor-centre-horizontal", |s, _| centre(s, s.back.cols / 2, s.cy)),
    moves("end-of-line", |s, _| done(|| s.end_of_line())),
    Entry { args: (1, 1), ..moves("goto-line", |s, c| done(|| s.goto_line(c.arg(0).unwrap_or_default()))) },
    moves("halfpage-down", |s, c| page_down(s, c, true, s.scroll_exit)),
    views("halfpage-down-and-cancel", |s, c| page_down(s, c, true, true)),
    moves("halfpage-up", |s, c| times(c, || s.page_up(true))),
    moves("history-bottom", history_bottom),
    moves("history-top", history_top),
    entry("jump-again", false, Clear::EmacsOnly, |s, c| jump_again(s, c, false)),
    jumps("jump-backward", |s, c| jump(s, c, JumpKind::Backward)),
    jumps("jump-forward", |s, c| jump(s, c, JumpKind::Forward)),
    entry("jump-reverse", false, Clear::EmacsOnly, |s, c| jump_again(s, c, true)),
    jumps("jump-to-backward", |s, c| jump(s, c, JumpKind::ToBackward)),
    jumps("jump-to-forward", |s, c| jump(s, c, JumpKind::ToForward)),
    views("jump-to-mark", |s, _| done(|| s.jump_to_mark())),
    Entry { flags: "o", ..views("next-prompt", |s, c| done(|| s.goto_prompt(true, c.has('o')))) },
    Entry { flags: "o", ..views("previous-prompt", |s, c| done(|| s.goto_prompt(false, c.has('o')))) },
    moves("middle-line", |s, _| to_view_row(s, (s.rows() - 1) / 2)),
    views("next-matching-bracket", |s, c| {
        let _ = (0..c.count).all(|_| s.next_bracket(c.count));
        Action::Nothing
    }),
    moves("next-paragraph", |s, c| done(|| s.goto_paragraph(true, c.count))),
    moves("next-space", |s, c| times(c, || s.next_word(""))),
    moves("next-space-end", |s, c| times(c, || s.next_word_end("", false))),
    moves("next-word", |s, c| by_words(s, c, |s, sep| s.next_word(sep))),
    moves("next-word-end", |s, c| by_words(s, c, |s, sep| s.next_word_end(sep, false))),
    entry("other-end", false, Clear::EmacsOnly, other_end),
    moves("page-down", |s, c| page_down(s, c, false, s.scroll_exit)),
    views("page-down-and-cancel", |s, c| page_down(s, c, false, true)),
    moves("page-up", |s, c| times(c, || s.page_up(false))),
    pipes("pipe-no-clear", Clear::Never, pipe),
    pipes("pipe", Clear::Always, |s, c| cleared(s, c, pipe, Action::Nothing)),
    pipes("pipe-and-cancel", Clear::Always, |s, c| cleared(s, c, pipe, Action::Cancel)),
    views("previous-matching-bracket", |s, c| times(c, || s.previous_bracket())),
    moves("previous-paragraph", |s, c| done(|| s.goto_paragraph(false, c.count))),
    moves("previous-space", |s, c| times(c, || s.previous_word("", true))),
    moves("previous-word", |s, c| by_words(s, c, |s, sep| s.previous_word(sep, true))),
    views("recentre-top-bottom", recentre),
    acts("rectangle-on", |s, _| rectangle(s, true)),
    acts("rectangle-off", |s, _| rectangle(s, false)),
    acts("rectangle-toggle", |s, _| rectangle(s, !s.rectangle)),
    views("refresh-from-pane", |_, c| effect(c, Effect::Refresh)),
    views("scroll-bottom", |s, _| scroll_cursor_to(s, s.rows() - 1)),
    moves("scroll-down", |s, c| scroll_down(s, c, s.scroll_exit)),
    views("scroll-down-and-cancel", |s, c| scroll_down(s, c, true)),
    acts("scroll-exit-on", |s, _| done(|| s.scroll_exit = true)),
    acts("scroll-exit-off", |s, _| done(|| s.scroll_exit = false)),
    acts("scroll-exit-toggle", |s, _| done(|| s.scroll_exit = !s.scroll_exit)),
    views("scroll-middle", |s, _| scroll_cursor_to(s, (s.rows() - 1) / 2)),
    Entry {
        flags: "e",
        ..moves("scroll-to-mouse", |_, c| {
            let exit = c.has('e');
            effect(c, Effect::ScrollToMouse { exit })
        })
    },
    views("scroll-top", |s, _| scroll_cursor_to(s, 0)),
    moves("scroll-up", |s, c| times(c, || s.cursor_up(true))),
    acts("search-again", |s, c| search_again(s, c, false)),
    searches("search-backward", 0, |s, c| search(s, c, Direction::Up, true)),
    searches("search-backward-text", 0, |s, c| search(s, c, Direction::Up, false)),
    searches("search-backward-incremental", 1, |s, c| search_incremental(s, c, Direction::Up)),
    searches("search-forward", 0, |s, c| search(s, c, Direction::Down, true)),
    searches("search-forward-text", 0, |s, c| search(s, c, Direction::Down, false)),
    searches("search-forward-incremental", 1, |s, c| search_incremental(s, c, Direction::Down)),
    acts("search-reverse", |s, c| search_again(s, c, true)),
    acts("select-line", |s, c| done(|| s.select_line(c.count))),
    acts("select-word", |s, _| done(|| s.select_word())),
    Entry { args: (0, 1), ..acts("selection-mode", selection_mode) },
    views("set-mark", set_mark),
    moves("start-of-line", |s, _| done(|| s.start_of_line())),
    acts("stop-selection", stop_selection),
    entry("toggle-position", true, Clear::Never, |s, _| done(|| s.hide_position = !s.hide_position)),
    moves("top-line", |s, _| to_view_row(s, 0)),
];

fn done(run: impl FnOnce()) -> Action {
    run();
    Action::Nothing
}

/// Upper bound of a command's repeat count. No motion has an effect after as many repeats as the
/// longest history has rows.
const MAX_REPEATS: u32 = 10_000_000;

fn times(call: &Call<'_>, mut run: impl FnMut()) -> Action {
    (0..call.count.min(MAX_REPEATS)).for_each(|_| run());
    Action::Nothing
}

fn by_words(s: &mut CopyState, call: &Call<'_>, mut run: impl FnMut(&mut CopyState, &str)) -> Action {
    let separators = s.settings.separators.clone();
    times(call, || run(s, &separators))
}

fn effect(call: &mut Call<'_>, effect: Effect) -> Action {
    call.effects.push(effect);
    Action::Nothing
}

fn cleared(s: &mut CopyState, call: &mut Call<'_>, run: Run, action: Action) -> Action {
    run(s, call);
    s.clear_selection();
    action
}

fn append(s: &mut CopyState, call: &mut Call<'_>, action: Action) -> Action {
    if call.session
        && let Some(text) = s.selected_text()
    {
        call.effects.push(Effect::Append(text));
    }
    s.clear_selection();
    action
}

fn begin_selection(s: &mut CopyState, call: &mut Call<'_>) -> Action {
    if call.mouse {
        return effect(call, Effect::StartDrag);
    }
    s.line_selection = LineSelection::None;
    s.select_by = SelectBy::Char;
    s.start_selection();
    Action::Nothing
}

fn stop_selection(s: &mut CopyState, _: &mut Call<'_>) -> Action {
    s.drag = CursorDrag::None;
    s.line_selection = LineSelection::None;
    s.select_by = SelectBy::Char;
    Action::Nothing
}

fn to_view_row(s: &mut CopyState, cy: usize) -> Action {
    (s.cx, s.cy) = (0, cy);
    s.update_selection(false);
    Action::Nothing
}

fn centre(s: &mut CopyState, x: usize, cy: usize) -> Action {
    s.set_cursor(x, cy);
    s.update_selection(false);
    Action::Nothing
}

/// Copies `text` as the flags say.
fn copy_text(call: &mut Call<'_>, text: Arc<String>, prefix: Option<String>) {
    let (buffer, clipboard) = (!call.has('P'), !call.has('C'));
    call.effects.push(Effect::Copy { text, prefix, buffer, clipboard });
}

fn copy_selection(s: &mut CopyState, call: &mut Call<'_>) -> Action {
    if call.session
        && let Some(text) = s.selected_text()
    {
        let prefix = call.arg(0).map(str::to_owned);
        copy_text(call, Arc::new(text), prefix);
    }
    Action::Nothing
}

/// Effects of a command that copies the selection, after its mode may have ended. `text` is the selection;
/// `name` is the command's name without suffixes such as `-and-cancel`.
pub(super) fn copied(name: &str, flags: &str, args: &[String], text: String) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut call = Call { flags, args, count: 1, session: true, mouse: false, effects: &mut effects };
    let arg = |index: usize| args.get(index).cloned();
    match name {
        "append-selection" => call.effects.push(Effect::Append(text)),
        "copy-selection" => copy_text(&mut call, Arc::new(text), arg(0)),
        _ => {
            let text = pipe_given(&mut call, Some(Arc::new(text)));
            if let Some(text) = text.filter(|_| name == "copy-pipe") {
                copy_text(&mut call, text, arg(1));
            }
        }
    }
    effects
}

/// Pipes the selection; without one, the command gets no input.
fn pipe_text(s: &mut CopyState, call: &mut Call<'_>) -> Option<Arc<String>> {
    let text = s.selected_text().map(Arc::new);
    pipe_given(call, text)
}

fn pipe_given(call: &mut Call<'_>, text: Option<Arc<String>>) -> Option<Arc<String>> {
    let command = call.arg(0).filter(|c| call.session && !c.is_empty()).map(str::to_owned);
    call.effects.push(Effect::Pipe { text: text.clone().unwrap_or_default(), command });
    text
}

fn copy_pipe(s: &mut CopyState, call: &mut Call<'_>) -> Action {
    if let Some(text) = pipe_text(s, call) {
        let prefix = call.arg(1).map(str::to_owned);
        copy_text(call, text, prefix);
    }
    Action::Nothing
}

fn pipe(s: &mut CopyState, call: &mut Call<'_>) -> Action {
    pipe_text(s, call);
    Action::Nothing
}

/// Copies lines from the cursor (or from the start of its line) to the end of one.
fn copy_line(s: &mut CopyState, call: &mut Call<'_>, from_cursor: bool, pipe: bool, cancel: bool) -> Action {
    let old = (s.cx, s.cy, s.oy);
    if !from_cursor {
        s.select_by = SelectBy::Char;
        s.start_of_line();
    }
    s.start_selection();
    for _ in 1..call.count.min(MAX_REPEATS) {
        s.cursor_down(false);
    }
    s.end_of_line();
    if call.session {
        if pipe {
            copy_pipe(s, call);
        } else {
            copy_selection(s, call);
        }
        if cancel {
            return Action::Cancel;
        }
    }
    s.clear_selection();
    (s.cx, s.cy, s.oy) = old;
    Action::Nothing
}

fn cursor_down_and_cancel(s: &mut CopyState, call: &mut Call<'_>) -> Action {
    let cy = s.cy;
    times(call, || s.cursor_down(false));
    if cy == s.cy && s.oy == 0 { Action::Cancel } else { Action::Nothing }
}

fn page_down(s: &mut CopyState, call: &mut Call<'_>, half: bool, exit: bool) -> Action {
    let ended = (0..call.count.min(MAX_REPEATS)).any(|_| s.page_down(half, exit));
    if ended { Action::Cancel } else { Action::Nothing }
}

fn scroll_down(s: &mut CopyState, call: &mut Call<'_>, exit: bool) -> Action {
    times(call, || s.cursor_down(true));
    if exit && s.oy == 0 { Action::Cancel } else { Action::Nothing }
}

/// Scrolls so that the cursor's row reaches a row of the view, if it can.
fn scroll_cursor_to(s: &mut CopyState, to: usize) -> Action {
    let above = s.back.hsize.saturating_sub(s.oy);
    if s.cy > to && s.oy >= s.cy - to {
        let delta = s.cy - to;
        s.scroll_up(delta);
        s.cy -= delta;
    } else if s.cy < to && above >= to - s.cy {
        let delta = to - s.cy;
        s.scroll_down(delta);
        s.cy += delta;
    }
    s.update_selection(false);
    Action::Nothing
}

fn history_bottom(s: &mut CopyState, _: &mut Call<'_>) -> Action {
    if s.line_selection == LineSelection::RightLeft && s.row() == s.end.y {
        s.other_end();
    }
    s.cy = s.rows() - 1;
    s.cx = s.limit(s.back.hsize + s.cy, false);
    s.oy = 0;
    s.refresh_marks();
    s.update_selection(false);
    Action::Nothing
}

fn history_top(s: &mut CopyState, _: &mut Call<'_>) -> Action {
    if s.line_selection == LineSelection::LeftRight && s.row() == s.start.y {
        s.other_end();
    }
    (s.cx, s.cy) = (0, 0);
    s.oy = s.back.hsize;
    s.refresh_marks();
    s.update_selection(false);
    Action::Nothing
}

fn jump(s: &mut CopyState, call: &mut Call<'_>, kind: JumpKind) -> Action {
    if let Some(wanted) = call.arg(0).and_then(|a| a.chars().next()) {
        s.jump = Some((kind, Glyph::Char(wanted)));
        return jump_again(s, call, false);
    }
    Action::Nothing
}

fn jump_again(s: &mut CopyState, call: &mut Call<'_>, reverse: bool) -> Action {
    let Some((kind, wanted)) = s.jump.clone() else { return Action::Nothing };
    let kind = match kind {
        _ if !reverse => kind,
        JumpKind::Forward => JumpKind::Backward,
        JumpKind::Backward => JumpKind::Forward,
        JumpKind::ToForward => JumpKind::ToBackward,
        JumpKind::ToBackward => JumpKind::ToForward,
    };
    times(call, || s.jump(kind, &wanted))
}

fn other_end(s: &mut CopyState, call: &mut Call<'_>) -> Action {
    s.select_by = SelectBy::Char;
    if !call.count.is_multiple_of(2) {
        s.other_end();
    }
    Action::Nothing
}

fn rectangle(s: &mut CopyState, on: bool) -> Action {
    s.line_selection = LineSelection::None;
    s.set_rectangle(on);
    Action::Nothing
}

fn selection_mode(s: &mut CopyState, call: &mut Call<'_>) -> Action {
    let mode = call.arg(0).unwrap_or("char").to_ascii_lowercase();
    match mode.as_str() {
        "char" | "c" => s.select_by = SelectBy::Char,
        "word" | "w" => {
            s.separators = Some(s.settings.separators.clone());
            s.select_by = SelectBy::Word;
        }
        "line" | "l" => s.select_by = SelectBy::Line,
        _ => {}
    }
    Action::Nothing
}

fn set_mark(s: &mut CopyState, _: &mut Call<'_>) -> Action {
    s.mark = s.cursor();
    s.show_mark = true;
    Action::Nothing
}

/// Puts the cursor's row in the middle, at the top and at the bottom in turn.
fn recentre(s: &mut CopyState, _: &mut Call<'_>) -> Action {
    let (cy, oy, last) = (s.cy, s.oy, s.rows() - 1);
    let middle = last / 2;
    if s.recentre_row != s.row() {
        s.recentre = Recentre::Middle;
        s.recentre_row = s.row();
    }
    let target = match s.recentre {
        Recentre::Middle => middle,
        Recentre::Top => 0,
        Recentre::Bottom => last,
    };
    s.recentre = match s.recentre {
        Recentre::Middle => Recentre::Top,
        Recentre::Top => Recentre::Bottom,
        Recentre::Bottom => Recentre::Middle,
    };
    if cy < target {
        s.scroll_down(target - cy);
    } else {
        s.scroll_up(cy - target);
    }
    s.cy = (cy + s.oy).saturating_sub(oy).min(last);
    s.update_selection(false);
    Action::Nothing
}

fn search(s: &mut CopyState, call: &mut Call<'_>, direction: Direction, regex: bool) -> Action {
    let Some(text) = call.arg(0).filter(|t| !t.is_empty()) else { return Action::Nothing };
    s.search.text = Some(text.to_owned());
    s.search.kind = direction;
    s.search.regex = regex;
    s.search.timed_out = false;
    s.find(direction == Direction::Down, regex, call.count);
    Action::Nothing
}

fn search_again(s: &mut CopyState, call: &mut Call<'_>, reverse: bool) -> Action {
    if s.search.kind != Direction::None {
        let down = (s.search.kind == Direction::Down) != reverse;
        s.find(down, s.search.regex, call.count);
    }
    Action::Nothing
}

/// Searches while the prompt's text is typed. The argument starts with the kind of change: `=` if
/// the text changed, `+` and `-` for the next and previous match.
fn search_incremental(s: &mut CopyState, call: &mut Call<'_>, default: Direction) -> Action {
    let argument = call.arg(0).unwrap_or_default();
    let mut chars = argument.chars();
    let Some(prefix) = chars.next() else { return Action::Nothing };
    let text = chars.as_str();
    s.search.timed_out = false;
    match s.search.origin {
        None => s.search.origin = Some((s.cx, s.cy, s.oy)),
        Some((cx, cy, oy)) if s.search.text.as_deref().is_some_and(|old| old != text) => {
            (s.cx, s.cy, s.oy) = (cx, cy, oy);
            s.cx = s.limit(s.row(), false);
        }
        Some(_) => {}
    }
    if text.is_empty() {
        s.clear_marks();
        return Action::Nothing;
    }
    let direction = match prefix {
        '=' => default,
        '-' => Direction::Up,
        '+' => Direction::Down,
        _ => return Action::Nothing,
    };
    s.search.kind = direction;
    s.search.regex = false;
    s.search.text = Some(text.to_owned());
    if !s.find(direction == Direction::Down, false, 1) {
        s.clear_marks();
    }
    Action::Nothing
}

/// Flags and arguments of a command, or `None` if it does not take them.
pub(crate) fn parse<'a>(entry: &Entry, given: &'a [String]) -> Option<(String, &'a [String])> {
    let (mut flags, mut at) = (String::new(), 0);
    while let Some(letters) = given.get(at).and_then(|g| g.strip_prefix('-')).filter(|l| !l.is_empty()) {
        at += 1;
        if letters == "-" {
            break;
        }
        if !letters.chars().all(|c| entry.flags.contains(c)) {
            return None;
        }
        flags.push_str(letters);
    }
    let args = &given[at..];
    (entry.args.0..=entry.args.1).contains(&args.len()).then_some((flags, args))
}

/// The entry of a command.
pub(crate) fn lookup(name: &str) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| entry.name == name)
}

impl CopyState {
    /// Runs a command (with its arguments expanded). An unknown one, or one with the wrong
    /// arguments, does nothing.
    pub(crate) fn run(&mut self, name: &str, call: Option<(&Entry, &mut Call<'_>)>) -> Action {
        let (mut action, mut clear) = (Action::Nothing, Clear::Never);
        if let Some((entry, call)) = call {
            clear = entry.clear;
            action = (entry.run)(self, call);
        }
        let clears = clear == Clear::Always || (clear == Clear::EmacsOnly && !self.settings.vi);
        if !name.starts_with("search-") && self.search.marks.is_some() && clears {
            self.clear_marks();
            self.search.origin = None;
        }
        action
    }
}
