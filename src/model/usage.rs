//! Resource use of panes at the last sample: of each pane, of all together, and the trend of both over
//! five minutes. Nothing is sampled while nobody asks.

use std::collections::{BTreeMap, VecDeque};

use super::Server;
use super::host::{Host, LeftScope};
use crate::base::PaneId;

/// Milliseconds per point of a trend, and maximum number of points: five minutes.
const STEP_MS: u64 = 5000;
const STEPS: u64 = 60;

/// A pane, or the left-over scope of a closed one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    Pane(PaneId),
    Left(LeftScope),
}

impl Subject {
    /// Number that identifies the subject from one sample to the next.
    pub fn tag(&self) -> u64 {
        match self {
            Self::Pane(pane) => u64::from(pane.0),
            // There are few left-over scopes, so a hash of the name is unique enough.
            Self::Left(left) => 1 << 32 | u64::from(crc32fast::hash(left.name.as_bytes())),
        }
    }
}

/// One sample. `None`: unknown; for a limit: there is none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Sample {
    pub memory: Option<u64>,
    pub memory_max: Option<u64>,
    pub memory_peak: Option<u64>,
    pub cpu_usec: u64,
    /// Use of processors since the sample before, in tenths of a percent of one processor.
    pub cpu_permille: u64,
    pub pids: Option<u64>,
    pub pids_max: Option<u64>,
    /// Bytes of transcript on disk.
    pub history: Option<u64>,
    pub history_max: Option<u64>,
}

/// Trend of memory and processor: step, maximum memory, maximum processor; oldest first.
#[derive(Clone, Default, Debug)]
pub struct Trend(VecDeque<(u64, u64, u64)>);

impl Trend {
    fn note(&mut self, now_ms: u64, sample: &Sample) {
        let (step, memory) = (now_ms / STEP_MS, sample.memory.unwrap_or(0));
        match self.0.back_mut() {
            Some(last) if last.0 == step => {
                *last = (step, last.1.max(memory), last.2.max(sample.cpu_permille));
            }
            _ => self.0.push_back((step, memory, sample.cpu_permille)),
        }
        while self.0.front().is_some_and(|point| point.0 + STEPS <= step) {
            self.0.pop_front();
        }
    }

    /// The last five minutes in `count` parts, newest last: memory in bytes and processor in tenths of a
    /// percent. `None`: no sample was taken then.
    pub fn parts(&self, count: usize) -> Vec<Option<(u64, u64)>> {
        let mut parts = vec![None; count];
        let Some(&(newest, ..)) = self.0.back() else { return parts };
        for &(step, memory, cpu) in &self.0 {
            let age = (newest - step).min(STEPS - 1) as usize;
            let part = &mut parts[count - 1 - age * count / STEPS as usize];
            let (most_memory, most_cpu) = part.unwrap_or((0, 0));
            *part = Some((memory.max(most_memory), cpu.max(most_cpu)));
        }
        parts
    }
}

/// The last sample of one subject, and its trend.
#[derive(Clone, Debug)]
pub struct Seen {
    pub subject: Subject,
    pub sample: Sample,
    pub trend: Trend,
}

/// See the module comment.
#[derive(Default)]
pub struct UsageBook {
    /// By tag: one entry for each pane and each left-over scope.
    pub seen: BTreeMap<u64, Seen>,
    /// Sum of all of them.
    pub total: Sample,
    pub total_trend: Trend,
    /// Memory of the server itself in bytes.
    pub server: Option<u64>,
    seen_ms: Option<u64>,
    /// Milliseconds between the last two samples: the time that `cpu_permille` covers.
    between_ms: Option<u64>,
    /// True while a timer samples repeatedly; it stops at `follow_until_ms` unless somebody asks again.
    pub followed: bool,
    pub follow_until_ms: u64,
}

impl UsageBook {
    /// Milliseconds since the last sample.
    pub fn age_ms(&self, now_ms: u64) -> Option<u64> {
        self.seen_ms.map(|at| now_ms.saturating_sub(at))
    }

    /// True if the last two samples are recent: then `cpu_permille` is known and current.
    pub fn is_fresh(&self, now_ms: u64, within_ms: u64) -> bool {
        let is_short = |ms: Option<u64>| ms.is_some_and(|ms| ms < within_ms);
        is_short(self.age_ms(now_ms)) && is_short(self.between_ms)
    }

    /// Samples all subjects, unless that was done less than `fresh_ms` ago and there is no new pane.
    pub fn look(&mut self, server: &Server, host: &dyn Host, now_ms: u64, fresh_ms: u64) {
        let since = self.age_ms(now_ms);
        let is_known = |pane: &PaneId| self.seen.contains_key(&Subject::Pane(*pane).tag());
        if since.is_some_and(|ms| ms < fresh_ms) && server.panes.keys().all(is_known) {
            let is_there = |seen: &Seen| match &seen.subject {
                Subject::Pane(pane) => server.panes.contains_key(pane),
                Subject::Left(_) => true,
            };
            self.seen.retain(|_, seen| is_there(seen));
            return;
        }
        self.seen_ms = Some(now_ms);
        self.between_ms = since;
        let panes = server.panes.keys().map(|&pane| (Subject::Pane(pane), sample_pane(host, pane)));
        let left = host.left_scopes().into_iter().map(|left| {
            let sample = Sample {
                memory: Some(left.memory),
                cpu_usec: left.cpu_usec,
                pids: Some(left.pids.len() as u64),
                ..Sample::default()
            };
            (Subject::Left(left), sample)
        });
        let mut seen = BTreeMap::new();
        for (subject, mut sample) in panes.chain(left) {
            let tag = subject.tag();
            let before = self.seen.remove(&tag);
            if let (Some(before), Some(ms @ 1..)) = (&before, since) {
                let used = sample.cpu_usec.saturating_sub(before.sample.cpu_usec);
                sample.cpu_permille = used / ms;
            }
            let mut trend = before.map(|before| before.trend).unwrap_or_default();
            trend.note(now_ms, &sample);
            seen.insert(tag, Seen { subject, sample, trend });
        }
        self.seen = seen;
        self.total = total(host, self.seen.values().map(|seen| &seen.sample));
        self.total_trend.note(now_ms, &self.total);
        self.server = number(host, None, "server_rss");
    }
}

fn number(host: &dyn Host, pane: Option<PaneId>, name: &str) -> Option<u64> {
    host.usage(pane, name).and_then(|text| text.parse().ok())
}

fn sample_pane(host: &dyn Host, pane: PaneId) -> Sample {
    let number = |name| number(host, Some(pane), name);
    Sample {
        memory: number("pane_memory"),
        memory_max: number("pane_memory_max"),
        memory_peak: number("pane_memory_peak"),
        cpu_usec: number("pane_cpu_usec").unwrap_or(0),
        cpu_permille: 0,
        pids: number("pane_pids"),
        pids_max: number("pane_pids_max"),
        history: number("history_disk_bytes"),
        history_max: number("history_disk_max"),
    }
}

/// Current use of all panes, computed from as few readings of each as possible.
pub(crate) fn totals(server: &Server, host: &dyn Host) -> Sample {
    let of_pane = |pane: &PaneId| {
        let number = |name| number(host, Some(*pane), name);
        Sample { memory: number("pane_memory"), history_max: number("history_disk_max"), ..Sample::default() }
    };
    let samples: Vec<Sample> = server.panes.keys().map(of_pane).collect();
    total(host, samples.iter())
}

/// The sum of samples, or the kernel's count of all panes together if it has one.
fn total<'a>(host: &dyn Host, samples: impl Iterator<Item = &'a Sample>) -> Sample {
    let add = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
    };
    let mut sum = Sample::default();
    for sample in samples {
        sum.memory = add(sum.memory, sample.memory);
        sum.cpu_permille += sample.cpu_permille;
        sum.pids = add(sum.pids, sample.pids);
        sum.history = add(sum.history, sample.history);
        sum.history_max = add(sum.history_max, sample.history_max);
    }
    sum.memory = number(host, None, "panes_memory").or(sum.memory);
    sum.memory_max = number(host, None, "panes_memory_max");
    sum.history = number(host, None, "history_disk_bytes").or(sum.history);
    let limit = number(host, None, "history_disk_max");
    sum.history_max = limit.into_iter().chain(sum.history_max).min();
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_five_minutes_in_parts() {
        let mut trend = Trend::default();
        let at = |memory| Sample { memory: Some(memory), ..Sample::default() };
        for (seconds, memory) in [(0, 1), (299, 7), (300, 5), (301, 9), (302, 3)] {
            trend.note(seconds * 1000, &at(memory));
        }
        // The maximum of a step is kept, points older than five minutes are dropped, and steps without a
        // sample are `None`.
        let memory: Vec<_> = trend.parts(4).into_iter().map(|part| part.map(|(memory, _)| memory)).collect();
        assert_eq!(memory, [None, None, None, Some(9)]);
        let memory: Vec<_> = trend.parts(60).into_iter().map(|part| part.map(|(memory, _)| memory)).collect();
        assert_eq!(memory[57..], [None, Some(7), Some(9)]);
        trend.note(900_000, &at(2));
        assert_eq!(trend.parts(2), [None, Some((2, 0))]);
    }
}
