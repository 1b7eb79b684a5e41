//! The keeper's reaction to servers that die: it starts the next one at once, unless several die in a
//! row. Then it waits until a client asks for a server, and has that one leave out the data that others
//! died of.

use crate::protocol::custody::Part;
use nix::libc;
use nix::sys::signal::Signal;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Number of servers that may die within `WINDOW` before the keeper stops restarting them by itself.
const MAX_RESTARTS: usize = 5;
const WINDOW: Duration = Duration::from_secs(30);
/// Time that the keeper waits when one more server was killed by SIGKILL before it had answered a client;
/// doubled each time. A client that connects ends the wait.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Data to leave out, one stage after the other, when the cause of deaths is unknown.
const STAGES: [&[Part]; 4] =
    [&[Part::Logs], &[Part::Checkpoints], &[Part::Settings], &[Part::Checkpoints, Part::Settings]];

/// Data about the end of a server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Death {
    /// Its wait status; `None` if unknown.
    pub(super) status: Option<i32>,
    /// It had answered a client.
    pub(super) answered: bool,
    /// The part of the last server's data that it was loading.
    pub(super) taking: Option<Part>,
}

/// The keeper's next step after a death.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    Start,
    /// Start after this time, or when a client connects.
    StartAfter(Duration),
    /// Start when a client asks for a server.
    Hold,
}

/// State about recent deaths.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    recent: VecDeque<Instant>,
    /// True if a recent death was not a SIGKILL.
    crashed: bool,
    last: Death,
    /// The part that the last server may have died of.
    suspect: Option<Part>,
    left_out: Vec<Part>,
    /// Count of the `STAGES` that were tried.
    stage: usize,
    /// Set when a client asked for a server: the count of servers that have died since.
    asked: Option<usize>,
    wait: Duration,
}

impl Deaths {
    /// Records a death, and returns the next step.
    pub(super) fn note(&mut self, death: Death, now: Instant) -> Next {
        // The status is unknown only if the server was not a child: somebody had killed its keeper.
        let killed = death.status.is_none_or(|s| libc::WIFSIGNALED(s) && libc::WTERMSIG(s) == libc::SIGKILL);
        if killed && death.answered {
            // Somebody killed a healthy server.
            *self = Self::default();
            return Next::Start;
        }
        let before = self.recent.back().copied();
        if before.is_none_or(|then| now.duration_since(then) >= WINDOW) {
            *self = Self { left_out: std::mem::take(&mut self.left_out), ..Self::default() };
            if death.answered {
                self.left_out.clear();
            }
        }
        self.recent.retain(|then| now.duration_since(*then) < WINDOW);
        self.recent.push_back(now);
        self.crashed |= !killed;
        self.last = death;
        if let Some(asked) = self.asked {
            return self.after_asked(death, killed, asked);
        }
        self.find_cause(death, killed);
        match self.recent.len() <= MAX_RESTARTS {
            true => Next::Start,
            false if self.crashed => Next::Hold,
            false => {
                self.wait = (self.wait * 2).clamp(FIRST_WAIT, LONGEST_WAIT);
                Next::StartAfter(self.wait)
            }
        }
    }

    /// If two servers in a row die at the same part, that part is the cause.
    fn find_cause(&mut self, death: Death, killed: bool) {
        let part = death.taking.filter(|part| *part != Part::Whole && !death.answered && !killed);
        if part.is_some() && self.suspect == part {
            self.left_out.extend(part);
            self.suspect = None;
        } else {
            self.suspect = part;
        }
    }

    /// The first server that a client asked for loads everything; each later one leaves out more.
    fn after_asked(&mut self, death: Death, killed: bool, asked: usize) -> Next {
        self.asked = Some(asked + 1);
        if killed && asked < MAX_RESTARTS {
            // Somebody killed it from outside: no screen and no setting is the cause.
            return Next::Start;
        }
        match death.taking.filter(|part| *part != Part::Whole && !death.answered) {
            Some(part) if !self.left_out.contains(&part) => self.left_out.push(part),
            _ if self.stage < STAGES.len() => {
                let stage = STAGES[self.stage];
                self.stage += 1;
                self.left_out.retain(|part| matches!(part, Part::Checkpoint(_) | Part::Log(_)));
                self.left_out.extend(stage);
            }
            _ => return Next::Hold,
        }
        // A client that this server had answered has lost its connection.
        if death.answered { Next::Hold } else { Next::Start }
    }

    /// Records that a client asked for a server, which is started now.
    pub(super) fn asked(&mut self) {
        self.asked = Some(0);
    }

    /// Parts that the next server has to leave out.
    pub(super) fn left_out(&self) -> &[Part] {
        &self.left_out
    }

    /// Message for clients while no server runs.
    pub(super) fn line(&self) -> String {
        let how = match self.last.status {
            Some(status) if libc::WIFSIGNALED(status) => match Signal::try_from(libc::WTERMSIG(status)) {
                Ok(signal) => format!(", the last of {signal}"),
                Err(_) => String::new(),
            },
            Some(status) => format!(", the last with status {}", libc::WEXITSTATUS(status)),
            None => String::new(),
        };
        format!(
            "{} servers died one after the other{how}; what runs in panes goes on and is kept: \
             attach-session starts a server again, kill-server ends all",
            self.recent.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGV: Death = Death { status: Some(libc::SIGSEGV), answered: false, taking: None };
    const KILL: Death = Death { status: Some(libc::SIGKILL), answered: false, taking: None };

    fn after(deaths: &mut Deaths, death: Death, times: usize) -> Vec<Next> {
        let now = Instant::now();
        (0..times).map(|_| deaths.note(death, now)).collect()
    }

    #[test]
    fn a_healthy_server_may_be_killed_for_ever() {
        let mut deaths = Deaths::default();
        assert_eq!(after(&mut deaths, Death { answered: true, ..KILL }, 100), [Next::Start; 100]);
        let next = after(&mut deaths, KILL, 8);
        assert_eq!(next[..5], [Next::Start; 5]);
        let waits = [1, 2, 4].map(|seconds| Next::StartAfter(Duration::from_secs(seconds)));
        assert_eq!(next[5..], waits);
    }

    #[test]
    fn crashes_in_a_row_stop_it_and_time_heals() {
        for answered in [false, true] {
            let mut deaths = Deaths::default();
            let next = after(&mut deaths, Death { answered, ..SEGV }, 6);
            assert_eq!(next, [[Next::Start; 5].as_slice(), &[Next::Hold]].concat());
            assert!(deaths.line().starts_with("6 servers died one after the other, the last of SIGSEGV;"));
            assert_eq!(deaths.note(SEGV, Instant::now() + WINDOW), Next::Start);
        }
    }

    #[test]
    fn what_two_servers_died_of_is_left_out() {
        let mut deaths = Deaths::default();
        let death = |part| Death { taking: Some(part), ..SEGV };
        after(&mut deaths, death(Part::Log(3)), 1);
        after(&mut deaths, death(Part::Settings), 1);
        assert_eq!(deaths.left_out(), []);
        after(&mut deaths, death(Part::Settings), 1);
        assert_eq!(deaths.left_out(), [Part::Settings]);
        // Killed twice at the same part from outside: no cause is found.
        let mut deaths = Deaths::default();
        after(&mut deaths, Death { taking: Some(Part::Log(3)), ..KILL }, 3);
        assert_eq!(deaths.left_out(), []);
    }

    #[test]
    fn who_asks_gets_a_server_without_what_the_others_died_of() {
        let mut deaths = Deaths::default();
        after(&mut deaths, SEGV, 6);
        deaths.asked();
        // Everything is loaded at first.
        assert_eq!(deaths.left_out(), []);
        assert_eq!(after(&mut deaths, Death { taking: Some(Part::Log(3)), ..SEGV }, 1), [Next::Start]);
        assert_eq!(deaths.left_out(), [Part::Log(3)]);
        let unknown = Death { taking: Some(Part::Whole), ..SEGV };
        for stage in STAGES {
            assert_eq!(after(&mut deaths, unknown, 1), [Next::Start]);
            assert_eq!(deaths.left_out(), [&[Part::Log(3)], stage].concat());
        }
        assert_eq!(after(&mut deaths, unknown, 1), [Next::Hold]);
        // If killed from outside, nothing is left out until it happens too often.
        let mut deaths = Deaths::default();
        after(&mut deaths, SEGV, 6);
        deaths.asked();
        let killed = Death { taking: Some(Part::Checkpoint(3)), ..KILL };
        assert_eq!(after(&mut deaths, killed, MAX_RESTARTS), [Next::Start; MAX_RESTARTS]);
        assert_eq!(deaths.left_out(), []);
        assert_eq!(after(&mut deaths, killed, 1), [Next::Start]);
        assert_eq!(deaths.left_out(), [Part::Checkpoint(3)]);
        // The client of a server that had answered must ask again.
        let mut deaths = Deaths::default();
        after(&mut deaths, SEGV, 6);
        deaths.asked();
        assert_eq!(after(&mut deaths, Death { answered: true, ..SEGV }, 1), [Next::Hold]);
        assert_eq!(deaths.left_out(), STAGES[0]);
    }
}
