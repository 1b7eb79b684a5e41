//! The evaluator: walks a format and replaces `#{…}`, `#(…)` and single-letter aliases.
//! Styles (`#[…]`) are left for drawing.

use std::cell::{Cell, RefCell};

use crate::base::posix::strftime;
use crate::base::{ClientId, PaneId, SessionId};
use crate::model::Host;

use super::modifiers::{self, Flags, Modifier, Plan};
use super::scan::{skip, unescape};
use super::{Scope, jobs, operators, width};

/// Maximum depth of formats inside formats; deeper ones are empty. (tmux 3.7c's limit)
const MAX_DEPTH: u32 = 100;

/// Maximum time of one expansion in ms; the rest of the format is empty. (tmux 3.7c's limit)
const MAX_MS: u64 = 100;

/// Steps between two readings of the clock.
const CLOCK_STEPS: u32 = 16;

/// Maximum number of bytes that one expansion reads, makes and searches; the rest of the format is empty.
/// It limits the memory that can be filled within `MAX_MS`.
const MAX_WORK: u64 = 16 << 20;

/// Maximum number of lines of explanation for `display-message -v`; later ones are dropped.
const MAX_LOG_LINES: usize = 10_000;

/// The variables behind `#X`.
const ALIASES: &[(u8, &str)] = &[
    (b'D', "pane_id"),
    (b'F', "window_flags"),
    (b'H', "host"),
    (b'I', "window_index"),
    (b'P', "pane_index"),
    (b'S', "session_name"),
    (b'T', "pane_title"),
    (b'W', "window_name"),
    (b'h', "host_short"),
];

/// State that all parts of one expansion share.
pub(super) struct Shared {
    /// Start of the expansion, by the host's clock.
    started_ms: u64,
    steps: Cell<u32>,
    work: Cell<u64>,
    /// The time or work allowed is used up.
    stopped: Cell<bool>,
    /// Explanations, if they are wanted.
    log: Option<RefCell<Vec<String>>>,
    pub lists: RefCell<Lists>,
}

/// The lists that the loops of one expansion walk. tmux: has one list of each kind, so a loop inside
/// another of its kind sorts the outer loop's list again.
#[derive(Default)]
pub(super) struct Lists {
    pub sessions: Vec<SessionId>,
    /// Session and index.
    pub winlinks: Vec<(SessionId, i32)>,
    pub panes: Vec<PaneId>,
    pub clients: Vec<ClientId>,
}

/// Overwrites the start of a list by another one; further entries stay.
pub(super) fn overlay<T: Copy>(list: &mut Vec<T>, new: &[T]) {
    list.splice(..new.len().min(list.len()), new.iter().copied());
}

impl Shared {
    /// `verbose`: collect explanations.
    pub(super) fn new(host: &dyn Host, verbose: bool) -> Self {
        Self {
            started_ms: host.elapsed_ms(),
            steps: Cell::default(),
            work: Cell::default(),
            stopped: Cell::default(),
            log: verbose.then(RefCell::default),
            lists: RefCell::default(),
        }
    }

    pub(super) fn into_log(self) -> Vec<String> {
        self.log.map(RefCell::into_inner).unwrap_or_default()
    }
}

/// Evaluates formats in one scope. Loops make an expander for each object.
pub(super) struct Expander<'s, 'a> {
    pub scope: &'s Scope<'a>,
    pub shared: &'s Shared,
    pub depth: u32,
    /// Pass text through `strftime`.
    pub time: bool,
    /// Replace `#()` by nothing.
    pub no_jobs: bool,
}

impl<'s, 'a> Expander<'s, 'a> {
    pub(super) fn new(scope: &'s Scope<'a>, shared: &'s Shared, time: bool) -> Self {
        Self { scope, shared, depth: 0, time, no_jobs: false }
    }

    /// A copy for another scope, at the same depth.
    pub(super) fn in_scope<'t>(&self, scope: &'t Scope<'a>) -> Expander<'t, 'a>
    where
        's: 't,
    {
        Expander { scope, shared: self.shared, depth: self.depth, time: self.time, no_jobs: self.no_jobs }
    }

    /// Counts work; returns false when the allowed work or time is used up.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let shared = self.shared;
        if shared.stopped.get() {
            return false;
        }
        shared.work.set(shared.work.get().saturating_add(bytes as u64 + 1));
        shared.steps.set(shared.steps.get() + 1);
        if shared.steps.get() >= CLOCK_STEPS {
            shared.steps.set(0);
            let spent_ms = self.scope.host().elapsed_ms().saturating_sub(shared.started_ms);
            if spent_ms >= MAX_MS {
                self.log(|| format!("reached time limit ({spent_ms})"));
                shared.stopped.set(true);
            }
        }
        if shared.work.get() > MAX_WORK {
            shared.stopped.set(true);
        }
        !shared.stopped.get()
    }

    /// Adds an explanation, indented by depth.
    pub(super) fn log(&self, text: impl FnOnce() -> String) {
        if let Some(log) = &self.shared.log
            && log.borrow().len() < MAX_LOG_LINES
        {
            let indent = " ".repeat((self.depth as usize).min(10));
            log.borrow_mut().push(format!("#{indent}{}", text()));
        }
    }

    /// Expands a format.
    pub(super) fn expand(&mut self, format: &str) -> String {
        if format.is_empty() || !self.spend(format.len()) {
            return String::new();
        }
        if self.depth == MAX_DEPTH {
            self.log(|| format!("reached loop limit ({MAX_DEPTH})"));
            return String::new();
        }
        self.depth += 1;
        self.log(|| format!("expanding format: {format}"));
        let timed;
        let mut text = format;
        if self.time && format.contains('%') {
            timed = strftime(format, self.scope.now().secs());
            if timed.is_empty() {
                // tmux: leaves the depth increased here.
                self.log(|| "format is too long".to_owned());
                return String::new();
            }
            if timed != format {
                self.log(|| format!("after time expanded: {timed}"));
            }
            text = &timed;
        }
        let mut out = String::with_capacity(text.len());
        self.walk(text, &mut out);
        self.log(|| format!("result is: {out}"));
        self.depth -= 1;
        out
    }

    /// Copies text and replaces each `#…`. Text after a malformed one is lost.
    fn walk(&mut self, text: &str, out: &mut String) {
        let bytes = text.as_bytes();
        let mut at = 0;
        let mut style_end = None;
        while let Some(hash) = text[at..].find('#').map(|found| at + found) {
            out.push_str(&text[at..hash]);
            let Some(&next) = bytes.get(hash + 1) else { return };
            at = hash + 2;
            match next {
                b'(' => {
                    let Some(end) = matching_bracket(&text[at..]).map(|end| at + end) else { return };
                    out.push_str(&self.job(&text[at..end]));
                    at = end + 1;
                }
                b'{' => {
                    let Some(end) = skip(&text[hash..], b"}").map(|end| hash + end) else { return };
                    self.log(|| format!("found #{{}}: {}", &text[at..end]));
                    let Some(value) = self.replace(&text[at..end]) else { return };
                    out.push_str(&value);
                    at = end + 1;
                }
                b'[' | b'#' => {
                    let run = bytes[hash..].iter().take_while(|&&b| b == b'#').count();
                    if bytes.get(hash + run) == Some(&b'[') {
                        style_end = skip(&text[hash..], b"]").map(|end| hash + end);
                        self.log(|| format!("found #*{run}["));
                        at = hash + run + 1;
                        out.push_str(&text[hash..at]);
                    } else {
                        self.push_escaped(next, out);
                    }
                }
                b'}' | b',' => self.push_escaped(next, out),
                _ => {
                    let alias = ALIASES.iter().find(|(letter, _)| *letter == next);
                    let in_style = style_end.is_some_and(|end| at <= end);
                    let Some((_, name)) = alias.filter(|_| !in_style) else {
                        out.push('#');
                        at = hash + 1;
                        let length = text[at..].chars().next().map_or(0, char::len_utf8);
                        out.push_str(&text[at..at + length]);
                        at += length;
                        continue;
                    };
                    self.log(|| format!("found #{}: {name}", next as char));
                    let Some(value) = self.replace(name) else { return };
                    out.push_str(&value);
                }
            }
        }
        out.push_str(&text[at..]);
    }

    fn push_escaped(&self, escaped: u8, out: &mut String) {
        self.log(|| format!("found #{}", escaped as char));
        out.push(escaped as char);
    }

    fn job(&mut self, command: &str) -> String {
        self.log(|| format!("found #(): {command}"));
        if self.no_jobs || !self.scope.runs_jobs() {
            self.log(|| "#() is disabled".to_owned());
            return String::new();
        }
        let mut inner = Expander { no_jobs: true, time: false, ..self.in_scope(self.scope) };
        let expanded = inner.expand(command);
        let output = jobs::output(self.scope, command, &expanded);
        let result = inner.expand(&output);
        self.log(|| format!("#() result: {result}"));
        result
    }

    /// The value between `#{` and `}`; `None` ends the whole expansion.
    fn replace(&mut self, key: &str) -> Option<String> {
        let (list, subject) = modifiers::parse(self, key);
        self.log_modifiers(&list);
        let plan = Plan::new(&list);
        let value = match operators::evaluate(self, &plan, subject) {
            Some(value) => value,
            None => {
                self.log(|| format!("failed {key}"));
                return None;
            }
        };
        let value = self.finish(&plan, value);
        self.log(|| format!("replaced '{key}' with '{value}'"));
        // Counts as work, but the value is kept even if the limit is reached.
        self.spend(value.len());
        Some(value)
    }

    fn log_modifiers(&self, list: &[Modifier<'_>]) {
        for (number, modifier) in list.iter().enumerate() {
            self.log(|| format!("modifier {number} is {}", modifier.name));
            for (index, arg) in modifier.args.iter().enumerate() {
                self.log(|| format!("modifier {number} argument {index}: {arg}"));
            }
        }
    }

    /// Applies the modifiers that change a complete value, in tmux's fixed order.
    fn finish(&mut self, plan: &Plan<'_>, mut value: String) -> String {
        if plan.flags.contains(Flags::EXPAND) {
            value = self.expand(&value);
        } else if plan.flags.contains(Flags::EXPAND_TIME) {
            let mut timed = Expander { time: true, ..self.in_scope(self.scope) };
            value = timed.expand(&value);
        }
        for modifier in &plan.substitutions {
            let pattern = self.expand(&modifier.args[0]);
            let with = self.expand(&modifier.args[1]);
            value = operators::substitute(self, modifier, &value, &pattern, &with);
            self.log(|| format!("substitute '{pattern}' to '{with}': {value}"));
        }
        if plan.limit != 0 {
            value = trim(plan, value);
            self.log(|| format!("applied length limit {}: {value}", plan.limit));
        }
        if plan.pad != 0 {
            value = width::pad(value, plan.pad);
            self.log(|| format!("applied padding width {}: {value}", plan.pad));
        }
        if plan.flags.contains(Flags::LENGTH) {
            value = modifiers::byte_length(&value).to_string();
            self.log(|| format!("replacing with length: {value}"));
        }
        if plan.flags.contains(Flags::WIDTH) {
            value = width(&value).to_string();
            self.log(|| format!("replacing with width: {value}"));
        }
        value
    }

    /// `#{l:…}`.
    pub(super) fn literal(&self, text: &str) -> String {
        self.log(|| format!("literal string is '{text}'"));
        unescape(text)
    }
}

/// Cuts a value to the plan's limit, and adds the plan's marker if anything was cut.
fn trim(plan: &Plan<'_>, value: String) -> String {
    let columns = plan.limit.unsigned_abs() as u32;
    let from_left = plan.limit > 0;
    let cut = if from_left { width::trim_left(&value, columns) } else { width::trim_right(&value, columns) };
    match plan.marker {
        Some(marker) if cut != value => {
            if from_left {
                cut + marker
            } else {
                format!("{marker}{cut}")
            }
        }
        _ => cut,
    }
}

/// Position of the `)` that closes an already open bracket.
fn matching_bracket(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.bytes().position(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}
