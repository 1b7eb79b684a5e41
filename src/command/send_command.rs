//! `send-command`: types a command into a pane's shell, waits for its end, prints its output and exits
//! with its status. Marks of the shell (OSC 133) delimit the output; for a shell that sets none, the
//! typed line sets them around the command.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use crate::base::PaneId;
use crate::model::events::Keep;
use crate::model::host::ExitStatus;
use crate::model::waits::{News, WaitId, Waiter};
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::terminal::{CommandMarks, Mark, MarkKind, Modes};

use super::command_output::{Span, output_of};
use super::typed_command::{Line, Shell, typed};
use super::wait_pane::{fail, set_status, time_out};
use super::{json, output, waiters};

/// Milliseconds to wait for the shell's prompt before the command is typed anyway.
const PROMPT_WAIT_MS: u64 = 500;
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
    /// Text that still has to be typed.
    text: Option<Vec<u8>>,
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
    let Some(pane) = cx.server.pane(id).filter(|pane| super::input::takes_input(pane)) else {
        return output::error(cx, item, &format!("pane {id}: it takes no input"));
    };
    let (marks, bracketed) = {
        let terminal = pane.terminal.lock();
        (terminal.marks(), terminal.modes().contains(Modes::BRACKETPASTE))
    };
    let integrated = marks.command.is_some() && !marks.running;
    let shell = Shell::of(cx.host.pane_command(id).as_deref().unwrap_or_default());
    let text = match typed(&Line { command: &command, shell, integrated, bracketed }) {
        Ok(text) => text,
        Err(message) => return output::error(cx, item, &message),
    };
    let wanted = match () {
        () if args.has('j') => Wanted::Json,
        () if args.has('o') => Wanted::Status,
        () => Wanted::Output,
    };
    let ready = !integrated || marks.at_prompt;
    let mut sending = Sending {
        item: item.waiting(),
        pane: id,
        wanted,
        text: Some(text),
        integrated,
        ready: integrated && ready,
        start: None,
        below: None,
        status: 0,
    };
    if ready && !sending.enter(cx) {
        return output::error(cx, item, &format!("too much input waiting: {id}"));
    }
    let Some(wait) = cx.watch_pane(id, Box::new(sending)) else {
        return output::error(cx, item, "too many waits");
    };
    if !ready {
        cx.tell_later(id, wait, PROMPT_WAIT_MS, TYPE);
    }
    if let Some(ms) = time_out {
        cx.tell_later(id, wait, ms, TIME_OUT);
    }
    Exec::Wait
}

impl Waiter for Sending {
    fn hear(&mut self, cx: &mut Cx<'_>, _: WaitId, news: &News<'_>) -> Keep {
        self.hear_news(cx, news)
    }

    fn save(&self) -> String {
        waiters::SavedRef::Sending(self).write()
    }
}

impl Sending {
    /// Types the line. Returns false if the pane has no room for it.
    fn enter(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(text) = self.text.take() else { return true };
        if let Some(pane) = cx.server.pane(self.pane) {
            let terminal = pane.terminal.lock();
            let line = terminal.first_line().map(|_| terminal.line_in_row(terminal.cursor().y) + 1);
            let kind = MarkKind::Output;
            self.below = Some(Mark { kind, line, row: 0, col: 0, time: cx.now.secs() });
        }
        cx.server.note_input(self.pane, &text);
        cx.host.pane_write(self.pane, &text)
    }

    fn hear_news(&mut self, cx: &mut Cx<'_>, news: &News<'_>) -> Keep {
        if self.item.client.is_none_or(|id| cx.server.client(id).is_none()) {
            return Keep::Ended;
        }
        match *news {
            News::Printed { .. } => return Keep::On,
            News::Mark(mark, marks) => return self.hear_mark(cx, mark, marks),
            News::Late(TYPE) => return self.type_now(cx),
            News::Late(_) => self.give_up(cx, 1, "timed out"),
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

    fn type_now(&mut self, cx: &mut Cx<'_>) -> Keep {
        if self.enter(cx) {
            return Keep::On;
        }
        fail(cx, &self.item, 1, &format!("too much input waiting: {}", self.pane));
        cx.server.queues.resume(self.item.id);
        Keep::Ended
    }

    fn hear_mark(&mut self, cx: &mut Cx<'_>, mark: &Mark, marks: &CommandMarks) -> Keep {
        if self.text.is_some() {
            self.ready |= marks.at_prompt;
            return if marks.at_prompt { self.type_now(cx) } else { Keep::On };
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
