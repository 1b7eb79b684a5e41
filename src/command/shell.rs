//! `run-shell` and `if-shell`: run programs, and commands after them.

use std::sync::Arc;

use crate::base::text;
use crate::format::Objects;
use crate::model::host::{AtExit, ExitStatus, JobDone, JobInput, JobReads, JobRequest, JobResult};
use crate::model::kept::{Listener, Purpose};
use crate::model::{Cx, Delayed, DelayedWork, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::syntax::command::CommandList;
use crate::syntax::parse::NoContext;
use crate::syntax::{Origin, parse_string};
use crate::view;

use super::template::Template;
use super::{output, place};

/// A job of a command: `/bin/sh -c`, in the directory of the client or session.
pub(crate) fn job(cx: &Cx<'_>, item: &ItemContext, command: String) -> JobRequest {
    let cwd = place::working_directory(cx, item.client, item.target);
    request(command, cwd, cx.server.job_environ(item.target.session))
}

fn request(command: String, cwd: String, environ: Vec<(String, String)>) -> JobRequest {
    JobRequest {
        command: Some(command),
        argv: Vec::new(),
        shell: "/bin/sh".to_owned(),
        cwd,
        environ,
        input: JobInput::Bytes(Vec::new()),
        reads: JobReads::Stdout,
        pty: None,
        at_exit: AtExit::Wait,
        output: None,
        done: None,
        kept: None,
    }
}

/// What `run-shell` reads of a job: its errors too with `-E`.
fn reads(stderr: bool) -> JobReads {
    if stderr { JobReads::StdoutAndStderr } else { JobReads::Stdout }
}

/// A job that a command waits for keeps the server running.
fn at_exit(waited_for: bool) -> AtExit {
    if waited_for { AtExit::Wait } else { AtExit::Leave }
}

/// Maximum number of output lines of jobs that are kept until there is a pane; further ones are dropped,
/// as all are in tmux.
const MAX_EARLY: usize = 10_000;

/// Shows the output of jobs from before the first pane, in that pane.
pub(crate) fn show_early_lines(cx: &mut Cx<'_>) {
    if cx.server.early_lines.is_empty() {
        return;
    }
    if let Some(pane) = cx.server.find_from_nothing().and_then(|found| found.pane) {
        for line in std::mem::take(&mut cx.server.early_lines) {
            view::modes::add_view_line(cx, pane, &line, true);
        }
    } else if cx.server.queues.is_empty() {
        // No session is going to be made.
        cx.server.early_lines.clear();
    }
}

/// Reports of a job to its listener.
trait Tell {
    fn print(&self, cx: &mut Cx<'_>, line: &str);
    fn fail(&self, cx: &mut Cx<'_>, text: &str);
    /// Runs commands behind the waiting item, or at the end of the client's queue.
    fn run(&self, cx: &mut Cx<'_>, list: &CommandList);
    fn resume(&self, cx: &mut Cx<'_>);
}

impl Tell for Listener {
    fn print(&self, cx: &mut Cx<'_>, line: &str) {
        if self.gone {
            return;
        }
        let pane = self.pane.filter(|id| cx.server.pane(*id).is_some());
        match (pane, &self.item) {
            (None, Some(item)) => output::print(cx, item, line),
            (pane, _) => {
                let pane = pane.or_else(|| cx.server.find_from_nothing().and_then(|found| found.pane));
                match pane {
                    Some(pane) => view::modes::add_view_line(cx, pane, line, true),
                    // tmux: drops output that no pane can show; but a job of its configuration cannot end
                    // before the session of the same command line is made.
                    None if !cx.server.queues.is_empty() && cx.server.early_lines.len() < MAX_EARLY => {
                        cx.server.early_lines.push(line.to_owned());
                    }
                    None => {}
                }
            }
        }
    }

    fn fail(&self, cx: &mut Cx<'_>, text: &str) {
        match (&self.item, self.client) {
            (Some(item), _) => {
                output::error(cx, item, text);
            }
            (None, Some(client)) => view::message::show_error(cx, client, text),
            (None, None) => {}
        }
    }

    fn run(&self, cx: &mut Cx<'_>, list: &CommandList) {
        if self.gone {
            return;
        }
        cx.server.queues.run_behind(self.item.as_ref(), self.client, list);
    }

    fn resume(&self, cx: &mut Cx<'_>) {
        if let Some(item) = &self.item {
            cx.server.queues.resume(item.id);
        }
    }
}

pub(crate) fn run_shell(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let delay_ms = match args.get('d') {
        Some(text) => match parse_seconds(text) {
            Some(seconds) => Some((seconds.max(0.0) * 1000.0) as u64),
            None => return output::error(cx, item, &format!("invalid delay time: {text}")),
        },
        None if args.count() == 0 => return Exec::Normal,
        None => None,
    };
    let wait = !args.has('b');
    let listener = Listener {
        item: wait.then(|| item.waiting()),
        client: if wait { item.client } else { item.target_client },
        pane: if args.has('t') { item.target.pane } else { None },
        gone: false,
    };
    let work = if args.has('C') {
        if args.count() == 0 {
            None
        } else {
            Some(Work::Commands(Template::new(cx, item, args, 0, None, true)))
        }
    } else {
        args.string(0).map(|command| {
            let mut objects = Objects::new(cx.server, cx.host, cx.now).item(item).state(&item.target);
            objects = objects.client(item.target_client);
            for (index, value) in args.to_vector().into_iter().enumerate().skip(1) {
                objects = objects.add(&index.to_string(), value);
            }
            let mut request = job(cx, item, objects.expand(&command));
            if let Some(cwd) = args.get('c') {
                request.cwd = cwd.to_owned();
            }
            request.reads = reads(args.has('E'));
            request.at_exit = at_exit(wait);
            Work::Shell(Box::new(request))
        })
    };
    match delay_ms {
        Some(ms) => {
            let number = note_delayed(cx, ms, &listener, work.as_ref());
            let run = move |cx: &mut Cx<'_>| {
                let delayed = &mut cx.server.delayed;
                if delayed.remove(&number).is_some() || cx.server.waiting_delayed.remove(&number).is_some() {
                    start(cx, listener, work);
                }
            };
            cx.host.timer(ms, Box::new(run));
        }
        None => start(cx, listener, work),
    }
    if wait { Exec::Wait } else { Exec::Normal }
}

/// The work of a delayed `run-shell`.
enum Work {
    Commands(Template),
    Shell(Box<JobRequest>),
}

/// Records delayed work, so that the next server does it if this one ends before. Returns its number.
fn note_delayed(cx: &mut Cx<'_>, ms: u64, listener: &Listener, work: Option<&Work>) -> u64 {
    let work = match work {
        None => DelayedWork::Nothing,
        Some(Work::Commands(Template::Parsed(list))) => DelayedWork::Commands(list.print_kept()),
        Some(Work::Commands(Template::Text(text, _))) => DelayedWork::Commands(text.clone()),
        Some(Work::Shell(request)) => DelayedWork::Shell {
            command: request.command.clone().unwrap_or_default(),
            cwd: request.cwd.clone(),
            environ: request.environ.clone(),
            stderr: request.reads == JobReads::StdoutAndStderr,
        },
    };
    let server = &mut *cx.server;
    let last = server.delayed.keys().next_back().max(server.waiting_delayed.keys().next_back());
    let number = last.map_or(0, |last| last + 1);
    let delayed = Delayed { due_ms: cx.now.mono_ms + ms, pane: listener.pane, work };
    match listener.item {
        None => drop(server.delayed.insert(number, delayed)),
        Some(_) => drop(server.waiting_delayed.insert(number, (listener.clone(), delayed))),
    }
    number
}

/// Starts timers for the delayed work of an earlier server.
pub(crate) fn wait_for_delayed(cx: &mut Cx<'_>) {
    let now_ms = cx.now.mono_ms;
    let waited_for = cx.server.waiting_delayed.iter().map(|(number, (_, delayed))| (number, delayed));
    let waiting = cx.server.delayed.iter().chain(waited_for);
    let waiting = waiting.map(|(number, delayed)| (*number, delayed.due_ms));
    for (number, due_ms) in waiting.collect::<Vec<_>>() {
        cx.host.timer(due_ms.saturating_sub(now_ms), Box::new(move |cx| run_delayed(cx, number)));
    }
}

fn run_delayed(cx: &mut Cx<'_>, number: u64) {
    let alone = cx.server.delayed.remove(&number).map(|delayed| (Listener::default(), delayed));
    let found = alone.or_else(|| cx.server.waiting_delayed.remove(&number));
    let Some((listener, Delayed { due_ms: _, pane, work })) = found else { return };
    let listener = Listener { pane, ..listener };
    let work = match work {
        DelayedWork::Nothing => None,
        DelayedWork::Commands(text) => match parse_string(&text, &Origin::default(), &mut NoContext) {
            Ok(list) => Some(Work::Commands(Template::Parsed(Arc::new(list)))),
            Err(error) => {
                listener.fail(cx, &error);
                return listener.resume(cx);
            }
        },
        DelayedWork::Shell { command, cwd, environ, stderr } => {
            let (reads, at_exit) = (reads(stderr), at_exit(listener.item.is_some()));
            let request = request(command, cwd, environ);
            Some(Work::Shell(Box::new(JobRequest { reads, at_exit, ..request })))
        }
    };
    start(cx, listener, work);
}

fn start(cx: &mut Cx<'_>, listener: Listener, work: Option<Work>) {
    match work {
        None => listener.resume(cx),
        Some(Work::Commands(template)) => {
            match template.commands(cx, &[]) {
                Ok(list) => listener.run(cx, &list),
                Err(error) => listener.fail(cx, &error),
            }
            listener.resume(cx);
        }
        Some(Work::Shell(mut request)) => {
            let command = request.command.clone().unwrap_or_default();
            let failed = listener.clone();
            request.kept = Some(Purpose::RunShell { listener: listener.clone(), command: command.clone() });
            request.done = Some(run_shell_done(listener, command.clone()));
            if let Err(cause) = cx.host.run_job(*request) {
                failed.fail(cx, &not_run(&command, &cause));
                failed.resume(cx);
            }
        }
    }
}

/// Says that a command was not run. One that is itself too long is not shown, but why.
fn not_run(command: &str, cause: &str) -> String {
    /// Bytes of a command that is shown.
    const SHOWN: usize = 4096;
    format!("failed to run command: {}", if command.len() > SHOWN { cause } else { command })
}

/// The callback for the end of a `run-shell` job.
pub(super) fn run_shell_done(listener: Listener, command: String) -> JobDone {
    Box::new(move |cx, result| finish(cx, listener, &command, result))
}

/// The callback for the end of an `if-shell` job.
pub(super) fn if_shell_done(listener: Listener, yes: Template, no: Option<Template>) -> JobDone {
    Box::new(move |cx, result| {
        let chosen = if result.status == ExitStatus::Exited(0) { Some(yes) } else { no };
        match chosen.map(|template| template.commands(cx, &[])) {
            Some(Ok(list)) => listener.run(cx, &list),
            Some(Err(error)) => listener.fail(cx, &error),
            None => {}
        }
        listener.resume(cx);
    })
}

/// Maximum number of bytes of output that are printed on the loop; more is printed as fast as the client
/// takes it.
const FEW_BYTES: usize = 256 << 10;

/// Prints a job's output line by line, reports its exit status, and resumes the queue.
fn finish(cx: &mut Cx<'_>, listener: Listener, command: &str, result: JobResult) {
    let JobResult { output, cut, status } = result;
    let end = Ended { command: command.to_owned(), cut, status };
    match listener.item.clone().filter(|item| output::can_stream(cx, item)) {
        Some(item) if output.len() > FEW_BYTES && listener.pane.is_none() => {
            let done = Box::new(move |cx: &mut Cx<'_>, _| say_end(cx, &listener, &end));
            output::stream_text(cx, &item, output.into(), true, done);
        }
        _ => {
            let mut lines: Vec<&[u8]> = output.split(|b| *b == b'\n').collect();
            if lines.last().is_some_and(|last| last.is_empty()) {
                lines.pop();
            }
            for line in lines {
                listener.print(cx, &text::from_bytes(line));
            }
            say_end(cx, &listener, &end);
        }
    }
}

/// The end of a job.
struct Ended {
    command: String,
    /// The output was longer than the limit.
    cut: bool,
    status: ExitStatus,
}

fn say_end(cx: &mut Cx<'_>, listener: &Listener, end: &Ended) {
    let command = &end.command;
    let mut status = match end.status {
        ExitStatus::Exited(0) => 0,
        ExitStatus::Exited(code) => {
            listener.print(cx, &format!("'{command}' returned {code}"));
            code
        }
        ExitStatus::Signaled(signal) => {
            listener.print(cx, &format!("'{command}' terminated by signal {signal}"));
            signal + 128
        }
    };
    if end.cut {
        listener.fail(cx, &format!("'{command}' printed more than {} bytes", JobResult::MAX_OUTPUT));
        status = status.max(1);
    }
    if let Some(item) = &listener.item
        && let Some(client) = item.client.and_then(|id| cx.server.clients.get_mut(&id))
        && client.session.is_none()
    {
        client.exit_status = status;
    }
    listener.resume(cx);
}

/// Parses a whole decimal number as `strtod` does, with no text after it.
fn parse_seconds(text: &str) -> Option<f64> {
    if text.is_empty() {
        return Some(0.0);
    }
    text.trim_start().parse().ok().filter(|seconds: &f64| seconds.is_finite())
}

pub(crate) fn if_shell(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let condition = place::expand_target(cx, item, &args.string(0).unwrap_or_default());
    if args.has('F') {
        let index = if condition != "0" && !condition.is_empty() {
            1
        } else if args.count() == 3 {
            2
        } else {
            return Exec::Normal;
        };
        let template = Template::new(cx, item, args, index, None, false);
        return match template.commands(cx, &[]) {
            Ok(list) => {
                cx.server.queues.run_behind(Some(item), item.client, &list);
                Exec::Normal
            }
            Err(error) => output::error(cx, item, &error),
        };
    }
    let wait = !args.has('b');
    let listener = Listener {
        item: wait.then(|| item.waiting()),
        client: if wait { item.client } else { item.target_client },
        ..Listener::default()
    };
    let yes = Template::new(cx, item, args, 1, None, false);
    let no = (args.count() == 3).then(|| Template::new(cx, item, args, 2, None, false));
    let mut request = job(cx, item, condition.clone());
    // Its output is dropped.
    request.output = Some(Box::new(|_, _| {}));
    let (text, other) = (yes.save(), no.as_ref().map(Template::save));
    request.kept = Some(Purpose::IfShell { listener: listener.clone(), yes: text, no: other });
    request.done = Some(if_shell_done(listener, yes, no));
    if let Err(cause) = cx.host.run_job(request) {
        return output::error(cx, item, &not_run(&condition, &cause));
    }
    if wait { Exec::Wait } else { Exec::Normal }
}
