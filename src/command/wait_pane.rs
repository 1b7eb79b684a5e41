//! `wait-pane`: returns when a pane prints something, is quiet, ends, prompts, or when the command that
//! was sent to it has ended. The pump calls it when it has fed the pane, so nothing polls.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::base::PaneId;
use crate::model::events::Keep;
use crate::model::host::ExitStatus;
use crate::model::waits::{News, WaitId, Waiter};
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::terminal::{CommandMarks, MAX_ROWS_BACK};

use super::command_output::row_of;
use super::saved_wait::{self, WaitKind};
use super::wait_match::{Hit, Matcher};
use super::{json, output};

/// Milliseconds to wait, without `-T`, for a mark before the shell counts as one that sets none.
const NO_MARKS_MS: u64 = 5000;
/// Exit status when a shell sets no marks, so that the answer is unknown.
const NO_MARKS_STATUS: i32 = 2;
/// Numbers of a wait's timers.
const TIME_OUT: u32 = 0;
const QUIET: u32 = 1;
const NO_MARKS: u32 = 2;

/// The condition to wait for.
#[derive(Serialize, Deserialize)]
enum Goal {
    Match(Box<Matcher>),
    Quiet {
        idle_ms: u64,
        since_ms: u64,
    },
    Exit,
    Prompt,
    /// The end of a command that was sent when the marks were these.
    Command(CommandMarks),
}

/// State of a wait.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    item: ItemContext,
    pane: PaneId,
    goal: Goal,
    as_json: bool,
    /// The shell has set a mark.
    marked: bool,
}

pub(super) fn wait_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(pane) = item.target.pane else { return Exec::Error };
    if item.client.is_none() {
        return output::error(cx, item, "not able to wait");
    }
    if "cmpqx".chars().filter(|flag| args.has(*flag)).count() != 1 {
        return output::error(cx, item, "one of -c, -m, -p, -q and -x must be given");
    }
    let time_out = match time_out(args) {
        Ok(time_out) => time_out,
        Err(message) => return output::error(cx, item, &message),
    };
    let goal = match goal(cx, pane, args) {
        Ok(goal) => goal,
        Err(message) => return output::error(cx, item, &message),
    };
    let marks = cx.server.pane(pane).map(|pane| pane.terminal.lock().marks()).unwrap_or_default();
    let marked = marks.marked;
    let mut waiting = Waiting { item: item.waiting(), pane, goal, as_json: args.has('j'), marked };
    if waiting.begin(cx, &marks) {
        return Exec::Normal;
    }
    let idle_ms = if let Goal::Quiet { idle_ms, .. } = waiting.goal { Some(idle_ms) } else { None };
    let prints = waiting.as_json || matches!(waiting.goal, Goal::Match(_) | Goal::Exit);
    let wants_marks = matches!(waiting.goal, Goal::Prompt | Goal::Command(_)) && !marked;
    let Some(id) = cx.watch_pane(pane, Box::new(waiting)) else {
        return output::error(cx, item, "too many waits");
    };
    if let Some(ms) = time_out {
        cx.tell_later(pane, id, ms, TIME_OUT);
    } else if wants_marks {
        cx.tell_later(pane, id, NO_MARKS_MS, NO_MARKS);
    }
    if let Some(ms) = idle_ms {
        cx.tell_later(pane, id, ms, QUIET);
    }
    if prints {
        output::prepare(cx, item);
    }
    Exec::Wait
}

/// The value of `-T`, in milliseconds.
pub(super) fn time_out(args: &Args) -> Result<Option<u64>, String> {
    let Some(text) = args.get('T') else { return Ok(None) };
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok(Some((seconds * 1000.0).ceil() as u64)),
        _ => Err(format!("invalid time: {text}")),
    }
}

fn goal(cx: &mut Cx<'_>, id: PaneId, args: &Args) -> Result<Goal, String> {
    if let Some(text) = args.get('q') {
        let idle_ms = text.parse::<u64>().ok().filter(|ms| *ms > 0);
        let idle_ms = idle_ms.ok_or_else(|| format!("invalid time: {text}"))?;
        return Ok(Goal::Quiet { idle_ms, since_ms: cx.now.mono_ms });
    }
    let pane = cx.server.pane(id).ok_or("no pane")?;
    let mut terminal = pane.terminal.lock();
    if let Some(pattern) = args.get('m') {
        let since = match (args.get('S'), args.has('a')) {
            (Some(place), _) => Some(super::line_marks::line(place, &terminal)?),
            (None, true) => Some(super::line_marks::line("@last-command", &terminal).unwrap_or(0)),
            (None, false) => None,
        };
        if let Some(line) = since
            && terminal.history_rows() - row_of(&mut terminal, line, 0).min(terminal.history_rows())
                > MAX_ROWS_BACK
        {
            return Err(format!(
                "more than {MAX_ROWS_BACK} rows since there (search-transcripts finds what is older)"
            ));
        }
        let matcher = Matcher::new(pattern, &mut terminal, since);
        let matcher = matcher.ok_or_else(|| format!("invalid pattern: {pattern}"))?;
        return Ok(Goal::Match(Box::new(matcher)));
    }
    let marks = terminal.marks();
    let entered = cx.server.waits.entered(id).copied();
    Ok(match () {
        () if args.has('x') => Goal::Exit,
        () if args.has('p') => Goal::Prompt,
        () => Goal::Command(entered.unwrap_or(marks)),
    })
}

impl Waiter for Waiting {
    fn hear(&mut self, cx: &mut Cx<'_>, id: WaitId, news: &News<'_>) -> Keep {
        if self.item.client.is_none_or(|id| cx.server.client(id).is_none()) {
            return Keep::Ended;
        }
        if !self.is_over(cx, id, news) {
            return Keep::On;
        }
        cx.server.queues.resume(self.item.id);
        Keep::Ended
    }

    fn save(&self) -> String {
        saved_wait::write(WaitKind::Pane, self)
    }
}

impl Waiting {
    /// Returns true if the wait is over at once; then its result was printed.
    fn begin(&mut self, cx: &mut Cx<'_>, marks: &CommandMarks) -> bool {
        let Some(pane) = cx.server.pane(self.pane) else { return false };
        let status = pane.status;
        if !pane.has_terminal() {
            match (&self.goal, status) {
                (Goal::Exit, Some(status)) => self.exited(cx, status),
                (Goal::Exit | Goal::Quiet { .. }, _) => {}
                _ => drop(self.fail(cx, 1, "its program has ended")),
            }
            return true;
        }
        match &mut self.goal {
            Goal::Match(matcher) => {
                let terminal = pane.terminal.clone();
                let hit = matcher.look(&mut terminal.lock(), true);
                hit.map(|hit| self.found(cx, &hit)).is_some()
            }
            Goal::Prompt => self.prompts(cx, marks),
            Goal::Command(_) => self.ended(cx, marks),
            _ => false,
        }
    }

    /// True if the shell has prompted since the last line was typed.
    fn prompts(&self, cx: &Cx<'_>, marks: &CommandMarks) -> bool {
        let entered = cx.server.waits.entered(self.pane);
        marks.at_prompt && entered.is_none_or(|then| marks.prompts > then.prompts)
    }

    /// Returns true if the command has ended, and then sets its status.
    fn ended(&self, cx: &mut Cx<'_>, marks: &CommandMarks) -> bool {
        let Goal::Command(then) = &self.goal else { return false };
        let ended = marks.ends > then.ends || marks.prompts > then.prompts && !marks.running;
        if ended {
            let status = if marks.ends > then.ends { marks.status.unwrap_or(0) } else { 0 };
            self.say_status(cx, i32::from(status));
        }
        ended
    }

    fn is_over(&mut self, cx: &mut Cx<'_>, id: WaitId, news: &News<'_>) -> bool {
        match (news, &mut self.goal) {
            (News::Printed { whole }, Goal::Match(matcher)) => {
                let Some(pane) = cx.server.pane(self.pane) else { return false };
                let hit = matcher.look(&mut pane.terminal.lock(), *whole);
                hit.map(|hit| self.found(cx, &hit)).is_some()
            }
            (News::Printed { .. }, Goal::Quiet { since_ms, .. }) => {
                *since_ms = cx.now.mono_ms;
                false
            }
            (News::Printed { .. }, _) => false,
            (News::Mark(_, marks), goal) => {
                self.marked = true;
                match goal {
                    Goal::Prompt => self.prompts(cx, marks),
                    Goal::Command(_) => self.ended(cx, marks),
                    _ => false,
                }
            }
            (News::Exited(status), Goal::Exit) => {
                self.exited(cx, *status);
                true
            }
            (News::Exited(_) | News::Gone, Goal::Exit | Goal::Quiet { .. }) => true,
            (News::Exited(_), _) => self.fail(cx, 1, "its program has ended"),
            (News::Gone, _) => self.fail(cx, 1, "it is gone"),
            (News::Free, _) => false,
            (News::Late(what), _) => self.late(cx, id, *what),
        }
    }

    fn late(&mut self, cx: &mut Cx<'_>, id: WaitId, what: u32) -> bool {
        match &self.goal {
            Goal::Quiet { idle_ms, since_ms } if what == QUIET => {
                let left = (since_ms + idle_ms).saturating_sub(cx.now.mono_ms);
                if left > 0 {
                    cx.tell_later(self.pane, id, left, QUIET);
                }
                left == 0
            }
            Goal::Prompt | Goal::Command(_) if !self.marked => {
                self.fail(cx, NO_MARKS_STATUS, "its shell marks no prompts and commands (OSC 133)")
            }
            _ if what == TIME_OUT => self.fail(cx, 1, "timed out"),
            _ => false,
        }
    }

    fn fail(&self, cx: &mut Cx<'_>, status: i32, why: &str) -> bool {
        fail(cx, &self.item, status, &format!("pane {}: {why}", self.pane));
        true
    }

    fn say_status(&self, cx: &mut Cx<'_>, status: i32) {
        if self.as_json {
            json::print(cx, &self.item, Map::from_iter([("status".to_owned(), json!(status))]));
        }
        set_status(cx, &self.item, status);
    }

    fn exited(&self, cx: &mut Cx<'_>, status: ExitStatus) {
        let (name, number) = match status {
            ExitStatus::Exited(code) => ("status", code),
            ExitStatus::Signaled(signal) => ("signal", signal),
        };
        match self.as_json {
            true => json::print(cx, &self.item, Map::from_iter([(name.to_owned(), json!(number))])),
            false => output::print(cx, &self.item, &format!("{name} {number}")),
        }
    }

    fn found(&self, cx: &mut Cx<'_>, hit: &Hit) {
        if self.as_json {
            let group = |group: &Option<String>| group.as_deref().map_or(Value::Null, json::string);
            let object = [
                ("line", json!(hit.line)),
                ("text", json::string(&hit.text)),
                ("match", json::string(&hit.matched)),
                ("groups", hit.groups.iter().map(group).collect()),
            ];
            let object = object.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            return json::print(cx, &self.item, object);
        }
        let line = hit.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
        output::print(cx, &self.item, &format!("{line}:{}", hit.matched));
    }
}

/// Fails with a status, and drops the rest of the command line.
pub(super) fn fail(cx: &mut Cx<'_>, item: &ItemContext, status: i32, why: &str) {
    output::error(cx, item, why);
    set_status(cx, item, status);
    cx.server.queues.drop_group_after(item.queue_client, item.group);
}

/// Sets the exit status of a client without a session; a control client gets it as a line.
pub(super) fn set_status(cx: &mut Cx<'_>, item: &ItemContext, status: i32) {
    let Some(client) = item.client.and_then(|id| cx.server.clients.get_mut(&id)) else { return };
    if client.flags.contains(crate::model::ClientFlags::CONTROL) {
        if status != 0 {
            output::print(cx, item, &format!("status {status}"));
        }
    } else if client.session.is_none() {
        client.exit_status = status;
    }
}
