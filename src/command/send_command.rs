//! `send-command`: types a command into a pane's shell, waits for its end, prints its output and exits
//! with its status. Marks of the shell (OSC 133) delimit the output; for a shell that sets none, the
//! typed line sets them around the command.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use crate::base::PaneId;
use crate::model::events::Keep;
use crate::model::host::ExitStatus;
use crate::model::pane::PaneFlags;
use crate::model::waits::{News, WaitId, Waiter};
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::terminal::{CommandMarks, Mark, MarkKind, Modes};

use super::command_output::{Span, output_of};
use super::saved_wait::{self, WaitKind};
use super::typed_command::{Line, Shell, control_character, typed};
use super::wait_pane::{fail, set_status, time_out};
use super::{json, output};

/// Milliseconds to wait for the shell's prompt before the command is typed anyway.
const PROMPT_WAIT_MS: u64 = 500;
/// The same while a new program has printed nothing, or the line that was typed last has not begun to run.
const START_WAIT_MS: u64 = 3000;
/// Numbers of timers.
const TIME_OUT: u32 = 0;
const TYPE: u32 = 1;

/// Output at the end.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Wanted {
    Output,
    Status,
    Json,
}

/// State of a command that was sent.
#[derive(Serialize, Deserialize)]
pub(super) struct Sending {
    item: ItemContext,
    pane: PaneId,
    wanted: Wanted,
    /// The command, until it is typed.
    command: Option<String>,
    /// Another command that was sent to this pane has not ended.
    #[serde(default)]
    queued: bool,
    /// The shell sets marks; otherwise the typed line does.
    integrated: bool,
    /// The shell was at its prompt since the line was typed, so its next mark belongs to the command.
    ready: bool,
    /// Start of the output.
    start: Option<Mark>,
    /// Start of the output if the shell never marks it: below the typed line.
    below: Option<Mark>,
    status: u8,
}

pub(super) fn send_command(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(id) = item.target.pane else { return Exec::Error };
    if item.client.is_none() {
        return output::error(cx, item, "not able to wait");
    }
    let time_out = match time_out(args) {
        Ok(time_out) => time_out,
        Err(message) => return output::error(cx, item, &message),
    };
    let command = args.string(0).unwrap_or_default();
    if !cx.server.pane(id).is_some_and(super::input::takes_input) {
        return output::error(cx, item, &format!("pane {id}: it takes no input"));
    }
    if let Some(control) = control_character(&command) {
        return output::error(cx, item, &format!("control character in the command: {control}"));
    }
    let wanted = match () {
        () if args.has('j') => Wanted::Json,
        () if args.has('o') => Wanted::Status,
        () => Wanted::Output,
    };
    let mut sending = Sending {
        item: item.waiting(),
        pane: id,
        wanted,
        command: Some(command),
        queued: cx.server.waits.is_held(id),
        integrated: false,
        ready: false,
        start: None,
        below: None,
        status: 0,
    };
    let delay_ms = match sending.begin(cx) {
        Ok(delay_ms) => delay_ms,
        Err(cause) => return output::error(cx, item, &cause),
    };
    let Some(wait) = cx.watch_pane(id, Box::new(sending)) else {
        return output::error(cx, item, "too many waits");
    };
    if let Some(ms) = delay_ms {
        cx.tell_later(id, wait, ms, TYPE);
    }
    if let Some(ms) = time_out {
        cx.tell_later(id, wait, ms, TIME_OUT);
    }
    if wanted != Wanted::Status {
        output::prepare(cx, item);
    }
    Exec::Wait
}

impl Waiter for Sending {
    fn hear(&mut self, cx: &mut Cx<'_>, id: WaitId, news: &News<'_>) -> Keep {
        match news {
            News::Free => self.hear_free(cx, id),
            _ => self.hear_news(cx, news),
        }
    }

    fn holds_pane(&self) -> bool {
        !self.queued
    }

    fn save(&self) -> String {
        saved_wait::write(WaitKind::Sending, self)
    }
}

impl Sending {
    /// Types the line if the shell is ready for it. Otherwise returns the milliseconds after which it is
    /// typed anyway. Error: why it cannot be typed.
    fn begin(&mut self, cx: &mut Cx<'_>) -> Result<Option<u64>, String> {
        let Some(pane) = cx.server.pane(self.pane).filter(|_| !self.queued) else { return Ok(None) };
        let marks = pane.terminal.lock().marks();
        self.integrated = marks.is_between_commands();
        // Which shell a new program becomes, and if it sets marks, is known when it prompts.
        let starting = pane.flags.contains(PaneFlags::SILENT);
        // The line that was typed last has not begun to run.
        let unread = self.integrated && cx.server.waits.entered(self.pane) == Some(&marks);
        if starting || unread {
            return Ok(Some(START_WAIT_MS));
        }
        if self.integrated && !marks.at_prompt {
            return Ok(Some(PROMPT_WAIT_MS));
        }
        self.ready = self.integrated;
        self.enter(cx).map(|()| None)
    }

    /// Types the line. Error: why it cannot be typed.
    fn enter(&mut self, cx: &mut Cx<'_>) -> Result<(), String> {
        let Some(command) = self.command.take() else { return Ok(()) };
        let Some(pane) = cx.server.pane(self.pane) else { return Ok(()) };
        let bracketed = {
            let terminal = pane.terminal.lock();
            let line = terminal.first_line().map(|_| terminal.line_in_row(terminal.cursor().y) + 1);
            let kind = MarkKind::Output;
            self.below = Some(Mark { kind, line, row: 0, col: 0, time: cx.now.secs() });
            terminal.modes().contains(Modes::BRACKETPASTE)
        };
        let programs = cx.host.pane_programs(self.pane, pane.pid.unwrap_or(0));
        let shell = Shell::among(&programs);
        let text = typed(&Line { command: &command, shell, integrated: self.integrated, bracketed });
        cx.server.note_input(self.pane, &text);
        match cx.host.pane_write(self.pane, &text) {
            true => Ok(()),
            false => Err(format!("too much input waiting: {}", self.pane)),
        }
    }

    fn hear_news(&mut self, cx: &mut Cx<'_>, news: &News<'_>) -> Keep {
        if self.item.client.is_none_or(|id| cx.server.client(id).is_none()) {
            return Keep::Ended;
        }
        match *news {
            News::Printed { whole } => return self.hear_output(cx, whole),
            News::Mark(mark, marks) => return self.hear_mark(cx, mark, marks),
            News::Late(TYPE) => return self.type_now(cx),
            News::Late(_) => self.give_up(cx, 1, "timed out"),
            News::Free => return Keep::On,
            News::Gone => self.give_up(cx, 1, "it is gone"),
            News::Exited(ExitStatus::Exited(status)) => {
                self.give_up(cx, status, &format!("its program has ended with status {status}"));
            }
            News::Exited(ExitStatus::Signaled(signal)) => {
                self.give_up(cx, 128 + signal, &format!("its program was ended by signal {signal}"));
            }
        }
        Keep::Ended
    }

    /// Called when a command that was sent before has ended.
    fn hear_free(&mut self, cx: &mut Cx<'_>, id: WaitId) -> Keep {
        let Some(pane) = cx.server.pane(self.pane) else { return Keep::On };
        if !self.queued || cx.server.waits.is_held(self.pane) || !pane.has_terminal() {
            return Keep::On;
        }
        if self.item.client.is_none_or(|id| cx.server.client(id).is_none()) {
            return Keep::Ended;
        }
        if !super::input::takes_input(pane) {
            let cause = format!("pane {}: it takes no input", self.pane);
            return self.refuse(cx, &cause);
        }
        self.queued = false;
        match self.begin(cx) {
            Ok(None) => Keep::On,
            Ok(Some(ms)) => {
                cx.tell_later(self.pane, id, ms, TYPE);
                Keep::On
            }
            Err(cause) => self.refuse(cx, &cause),
        }
    }

    fn refuse(&self, cx: &mut Cx<'_>, cause: &str) -> Keep {
        fail(cx, &self.item, 1, cause);
        cx.server.queues.resume(self.item.id);
        Keep::Ended
    }

    fn type_now(&mut self, cx: &mut Cx<'_>) -> Keep {
        match self.enter(cx) {
            Ok(()) => Keep::On,
            Err(cause) => self.refuse(cx, &cause),
        }
    }

    /// Types the command if a new program has printed all of a prompt without marks.
    fn hear_output(&mut self, cx: &mut Cx<'_>, whole: bool) -> Keep {
        let marked = || cx.server.pane(self.pane).is_some_and(|pane| pane.terminal.lock().marks().marked);
        if self.command.is_none() || self.queued || self.integrated || !whole || marked() {
            return Keep::On;
        }
        self.type_now(cx)
    }

    fn hear_mark(&mut self, cx: &mut Cx<'_>, mark: &Mark, marks: &CommandMarks) -> Keep {
        if self.queued {
            return Keep::On;
        }
        if self.command.is_some() {
            self.integrated |= marks.is_between_commands();
            self.ready |= self.integrated && marks.at_prompt;
            return if self.ready { self.type_now(cx) } else { Keep::On };
        }
        match mark.kind {
            // The shell's own mark comes before the one that the line sets.
            MarkKind::Output if !self.integrated || self.start.is_none() => self.start = Some(*mark),
            MarkKind::End { status } if self.start.is_some() => {
                self.status = status;
                return self.end(cx, mark);
            }
            // The command did not run, since it is empty or has a syntax error.
            MarkKind::End { status } if self.integrated && self.ready => {
                self.status = status;
                self.start = self.below;
                return self.end(cx, mark);
            }
            // A prompt above that line is only the old one drawn again.
            MarkKind::Prompt
                if self.integrated
                    && self.start.is_none()
                    && mark.line >= self.below.and_then(|below| below.line) =>
            {
                if !std::mem::replace(&mut self.ready, true) {
                    return Keep::On;
                }
                self.start = self.below;
                return self.end(cx, mark);
            }
            _ => {}
        }
        Keep::On
    }

    /// Called when the command has ended and the cursor is at the end of its output.
    fn end(&mut self, cx: &mut Cx<'_>, end: &Mark) -> Keep {
        let status = i32::from(self.status);
        set_status(cx, &self.item, status);
        self.print(cx, end, Some(status));
        Keep::Ended
    }

    /// Called when the wait fails before the command's end: prints the output so far, and then the
    /// reason.
    fn give_up(&mut self, cx: &mut Cx<'_>, status: i32, why: &str) {
        fail(cx, &self.item, status, &format!("pane {}: {why}", self.pane));
        let end = cx.server.pane(self.pane).map(|pane| {
            let terminal = pane.terminal.lock();
            let at = terminal.cursor();
            let line = terminal.first_line().map(|_| terminal.line_in_row(at.y));
            Mark { kind: MarkKind::Output, line, row: 0, col: at.x, time: cx.now.secs() }
        });
        match end.filter(|_| self.start.is_some()) {
            Some(end) => self.print(cx, &end, None),
            None => cx.server.queues.resume(self.item.id),
        }
    }

    /// Prints the text between the start of the output and the cursor, and ends the wait.
    fn print(&mut self, cx: &mut Cx<'_>, end: &Mark, status: Option<i32>) {
        let (item, id) = (self.item.clone(), self.item.id);
        let span = Span { start: self.start, col: end.col };
        let Some(text) = (self.wanted != Wanted::Status).then(|| output_of(cx, self.pane, span)).flatten()
        else {
            cx.server.queues.resume(id);
            return;
        };
        if self.wanted == Wanted::Output {
            return text.print(cx, &item);
        }
        let line = self.start.and_then(|mark| mark.line);
        let duration = self.start.map(|mark| end.time - mark.time);
        cx.host.background(Box::new(move || {
            let (text, whole) = text.gather();
            let text = crate::base::text::from_bytes(&text);
            Box::new(move |cx| {
                let object = [
                    ("status", json!(status)),
                    ("line", json!(line)),
                    ("duration", json!(duration)),
                    ("output", json::string(&text)),
                    ("whole", json!(whole)),
                ];
                let object: Map<_, _> =
                    object.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                let line = json::for_client(cx, &item, serde_json::Value::Object(object).to_string());
                let done = Box::new(move |cx: &mut Cx<'_>, _| cx.server.queues.resume(id));
                output::stream_text(cx, &item, Bytes::from(line + "\n"), true, done);
            })
        }));
    }
}
