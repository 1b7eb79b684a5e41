//! `#()` commands: their last output, which of them are wanted, and starting them.
//!
//! Expanding a format only records that a command is wanted and takes its last output. The server calls
//! `start_due` once a turn. A command runs at most once a second for each client and window that uses it;
//! each line of output becomes its value.

use std::collections::BTreeMap;

use crate::base::ClientId;
use crate::base::clock::Now;
use crate::base::text::from_bytes;
use crate::model::host::{AtExit, JobDone, JobId, JobInput, JobOutput, JobReads, JobRequest, JobResult};
use crate::model::kept::Purpose;
use crate::model::{Cx, FormatJob, FormatJobKey, Server};

use super::objects::{JobTag, Objects};

/// Seconds after which an unused command is removed.
const EXPIRE_SECS: i64 = 3600;
/// Maximum number of commands. Beyond it, those unused for longest that do not run are removed; if all
/// run, the value of a new command is an error.
const MAX_JOBS: usize = 10_000;
/// Longest line that becomes a value, in bytes. Instead of a longer one, the value is `<'…' line too
/// long>`.
const MAX_LINE_BYTES: usize = 16 << 20;
/// The shell that runs the commands.
const SHELL: &str = "/bin/sh";

/// Records that a command is wanted and returns its present value. `expanded` is the command with formats
/// expanded; if that has changed, the command is run again at once.
pub(super) fn output(objects: &Objects<'_>, command: &str, expanded: &str) -> String {
    let key = FormatJobKey {
        client: objects.job_owner(),
        tag: match objects.tag {
            JobTag::None => None,
            JobTag::Window(window) => Some(window.to_string()),
            JobTag::Pane(pane) => Some(pane.to_string()),
        },
        command: command.to_owned(),
    };
    let now = objects.now().secs();
    let mut jobs = objects.server().format_jobs.lock();
    if !jobs.contains_key(&key) && jobs.len() >= MAX_JOBS && !make_room(&mut jobs) {
        return format!("<'{command}' didn't start>");
    }
    let job = jobs.entry(key).or_default();
    let changed = job.expanded.as_deref() != Some(expanded);
    if changed {
        job.expanded = Some(expanded.to_owned());
    }
    if changed || objects.force || (!job.running && job.last != now) {
        job.wanted = true;
        job.last = now;
        job.updated = false;
    } else if job.running && now - job.last > 1 && job.output.is_none() {
        job.output = Some(format!("<'{command}' not ready>"));
    }
    job.status |= objects.status;
    job.output.clone().unwrap_or_default()
}

/// Removes a tenth of the commands, the least recently used first. Returns false when all of them run.
fn make_room(jobs: &mut BTreeMap<FormatJobKey, FormatJob>) -> bool {
    let idle = |job: &FormatJob| !job.running && !job.wanted;
    let mut ages: Vec<i64> = jobs.values().filter(|job| idle(job)).map(|job| job.last).collect();
    if ages.is_empty() {
        return false;
    }
    let most = (MAX_JOBS / 10).min(ages.len());
    ages.sort_unstable();
    let (newest, mut rest) = (ages[most - 1], most);
    jobs.retain(|_, job| {
        let goes = rest > 0 && idle(job) && job.last <= newest;
        rest -= usize::from(goes);
        !goes
    });
    true
}

/// Starts the commands that formats asked for since the last call.
pub(crate) fn start_due(cx: &mut Cx<'_>) {
    let wanted: Vec<FormatJobKey> = {
        let mut jobs = cx.server.format_jobs.lock();
        let due = |(key, job): (&FormatJobKey, &mut FormatJob)| {
            std::mem::take(&mut job.wanted).then(|| key.clone())
        };
        jobs.iter_mut().filter_map(due).collect()
    };
    for key in wanted {
        start(cx, key);
    }
}

fn start(cx: &mut Cx<'_>, key: FormatJobKey) {
    let (command, old) = {
        let mut jobs = cx.server.format_jobs.lock();
        let Some(job) = jobs.get_mut(&key) else { return };
        job.generation += 1;
        job.partial.clear();
        (job.expanded.clone().unwrap_or_default(), job.id.take())
    };
    if let Some(old) = old {
        cx.host.job_kill(old, libc::SIGTERM);
    }
    let generation = cx.server.format_jobs.lock().get(&key).map_or(0, |job| job.generation);
    let request = request(cx, &key, command, generation);
    let result = cx.host.run_job(request);
    let mut jobs = cx.server.format_jobs.lock();
    let Some(job) = jobs.get_mut(&key) else { return };
    match result {
        Ok(id) => {
            job.id = Some(id);
            job.running = true;
        }
        Err(_) => {
            job.running = false;
            job.output = Some(format!("<'{}' didn't start>", key.command));
        }
    }
}

fn request(cx: &mut Cx<'_>, key: &FormatJobKey, command: String, generation: u64) -> JobRequest {
    let (output, done) = callbacks(key, generation);
    JobRequest {
        command: Some(command),
        argv: Vec::new(),
        shell: SHELL.to_owned(),
        cwd: cx.client_cwd(key.client, None),
        environ: cx.server.environ_for_session(None, cx.server.config_done).pairs(),
        input: JobInput::Bytes(Vec::new()),
        reads: JobReads::Stdout,
        pty: None,
        at_exit: AtExit::Leave,
        output: Some(output),
        done: Some(done),
        kept: Some(Purpose::Format { key: key.clone(), generation }),
    }
}

/// The callbacks of a run of a command.
pub(crate) fn callbacks(key: &FormatJobKey, generation: u64) -> (JobOutput, JobDone) {
    let (for_output, for_done) = (key.clone(), key.clone());
    (
        Box::new(move |cx, bytes| printed(cx, &for_output, generation, bytes)),
        Box::new(move |cx, result| finished(cx, &for_done, generation, &result)),
    )
}

/// Continues a run that an earlier server started.
pub(crate) fn go_on(server: &Server, key: &FormatJobKey, generation: u64, id: JobId, now: Now) {
    let mut jobs = server.format_jobs.lock();
    let job = jobs.entry(key.clone()).or_default();
    (job.running, job.id, job.generation, job.last) = (true, Some(id), generation, now.secs());
}

/// Called with output: its last complete line is the value.
fn printed(cx: &mut Cx<'_>, key: &FormatJobKey, generation: u64, bytes: &[u8]) {
    let now = cx.now.secs();
    let redraw = {
        let mut jobs = cx.server.format_jobs.lock();
        let Some(job) = jobs.get_mut(key).filter(|job| job.generation == generation) else { return };
        let Some(line) = take_last_line(&mut job.partial, bytes) else { return };
        job.updated = true;
        job.output = Some(value(key, &line));
        let redraw = job.status && job.last != now;
        if redraw {
            job.last = now;
        }
        redraw
    };
    if redraw {
        redraw_status(cx, key);
    }
}

/// Adds output, removes all complete lines and returns the last one. The rest is kept, cut one byte above
/// the limit for lines. tmux: carriage returns end lines too, and several ends in a row count as one.
fn take_last_line(partial: &mut Vec<u8>, bytes: &[u8]) -> Option<Vec<u8>> {
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
    partial.extend_from_slice(bytes);
    let fresh = partial.len() - bytes.len();
    let line = partial[fresh..].iter().rposition(ends).map(|at| {
        let end = fresh + at + 1;
        let line = &partial[..end];
        let len = line.iter().rposition(|byte| !ends(byte)).map_or(0, |last| last + 1);
        let start = line[..len].iter().rposition(ends).map_or(0, |at| at + 1);
        let line = line[start..len.min(start + MAX_LINE_BYTES + 1)].to_vec();
        partial.drain(..end);
        line
    });
    partial.truncate(MAX_LINE_BYTES + 1);
    line
}

/// The value for a line of output. tmux: it ends at a NUL.
fn value(key: &FormatJobKey, line: &[u8]) -> String {
    if line.len() > MAX_LINE_BYTES {
        return format!("<'{}' line too long>", key.command);
    }
    let end = line.iter().position(|&byte| byte == 0).unwrap_or(line.len());
    from_bytes(&line[..end])
}

/// Called when the command ended: an unfinished last line counts, and without any output the value is
/// empty.
fn finished(cx: &mut Cx<'_>, key: &FormatJobKey, generation: u64, result: &JobResult) {
    let redraw = {
        let mut jobs = cx.server.format_jobs.lock();
        let Some(job) = jobs.get_mut(key).filter(|job| job.generation == generation) else { return };
        job.running = false;
        job.id = None;
        let rest = match take_last_line(&mut job.partial, &result.output) {
            Some(line) => line,
            None => std::mem::take(&mut job.partial),
        };
        if !rest.is_empty() || !job.updated {
            job.output = Some(value(key, &rest));
        }
        std::mem::take(&mut job.status)
    };
    if redraw {
        redraw_status(cx, key);
    }
}

fn redraw_status(cx: &mut Cx<'_>, key: &FormatJobKey) {
    if let Some(client) = key.client.and_then(|id| cx.server.clients.get_mut(&id)) {
        client.status_dirty = true;
    }
}

/// Removes commands that have been unused for an hour. Call this now and then.
pub(crate) fn tidy(server: &Server, now: Now) {
    let expired = |job: &FormatJob| job.last <= now.secs() && now.secs() - job.last >= EXPIRE_SECS;
    server.format_jobs.lock().retain(|_, job| job.running || !expired(job));
}

/// Removes the commands of a client that is gone, and ends those that run.
pub(crate) fn forget_client(cx: &mut Cx<'_>, client: ClientId) {
    let mut running = Vec::new();
    cx.server.format_jobs.lock().retain(|key, job| {
        let keep = key.client != Some(client);
        if !keep {
            running.extend(job.id);
        }
        keep
    });
    for job in running {
        cx.host.job_kill(job, libc::SIGTERM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_used_least_make_room() {
        let key = |n: i64| FormatJobKey { client: None, tag: None, command: n.to_string() };
        let job = |n: i64| FormatJob { last: n, running: n < 5, ..FormatJob::default() };
        let mut jobs: BTreeMap<_, _> = (0..10_000).map(|n| (key(n), job(n))).collect();
        assert!(make_room(&mut jobs));
        assert_eq!(jobs.len(), 9_000);
        assert!(jobs.contains_key(&key(4)) && jobs.contains_key(&key(1005)));
        assert!(!jobs.contains_key(&key(5)) && !jobs.contains_key(&key(1004)));
        jobs.values_mut().for_each(|job| job.running = true);
        assert!(!make_room(&mut jobs));
    }

    #[test]
    fn the_last_complete_line_counts() {
        let check = |text: &str, line: Option<&str>, rest: &str| {
            let mut partial = Vec::new();
            assert_eq!(
                take_last_line(&mut partial, text.as_bytes()).as_deref(),
                line.map(str::as_bytes),
                "{text:?}"
            );
            assert_eq!(partial, rest.as_bytes(), "{text:?}");
        };
        check("a\nb\nc", Some("b"), "c");
        check("abc", None, "abc");
        check("\n", Some(""), "");
        check("a\n\n", Some("a"), "");
        check("a\rb\r\nc", Some("b"), "c");
    }

    #[test]
    fn a_line_is_whole_or_no_value() {
        let key = FormatJobKey { client: None, tag: None, command: "x".to_owned() };
        let mut partial = Vec::new();
        assert_eq!(take_last_line(&mut partial, &vec![b'a'; MAX_LINE_BYTES]), None);
        let line = take_last_line(&mut partial.clone(), b"\n").expect("a line");
        assert_eq!(value(&key, &line).len(), MAX_LINE_BYTES);
        let line = take_last_line(&mut partial, b"aaa\n").expect("a line");
        assert_eq!(value(&key, &line), "<'x' line too long>");
        assert_eq!(value(&key, b"a\0b"), "a");
    }
}
