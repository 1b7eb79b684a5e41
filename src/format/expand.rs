//! Expanding formats for `Objects`, and their variables.

use crate::base::guard;

use super::evaluate::Evaluator;
use super::objects::Objects;
use super::operators::is_true;
use super::run::Run;
use super::vars;

impl Objects<'_> {
    /// Expands a format.
    pub fn expand(&self, format: &str) -> String {
        self.guarded(format, false)
    }

    /// Expands a format, passing it through `strftime` first.
    pub fn expand_time(&self, format: &str) -> String {
        self.guarded(format, true)
    }

    /// Expands a format; if that panics, the result is empty.
    fn guarded(&self, format: &str, time: bool) -> String {
        let expand = || {
            guard::trip("format", format.as_bytes());
            Evaluator::new(self, &Run::new(self.host(), false), time).expand_text(format)
        };
        guard::run(|| format!("the format {format:.200}"), expand).unwrap_or_default()
    }

    /// Like `expand_time`, with explanations of each step.
    pub fn expand_time_verbose(&self, format: &str) -> (String, Vec<String>) {
        let run = Run::new(self.host(), true);
        let value = Evaluator::new(self, &run, true).expand_text(format);
        (value, run.into_log())
    }

    /// True if a format expands to a text other than nothing and `0`.
    pub fn is_true(&self, format: &str) -> bool {
        is_true(&self.expand(format))
    }

    /// The value of one variable as text; `None` if it has none.
    pub fn variable(&self, name: &str) -> Option<String> {
        let value = match vars::find(name) {
            Some(getter) => getter(self),
            None => self.added(name),
        };
        value.map(|value| value.to_text())
    }

    /// Visits all variables that have a value, by name: tmux's own first, then added ones.
    pub fn each(&self, mut visit: impl FnMut(&str, &str)) {
        for (name, getter) in vars::all() {
            if let Some(value) = getter(self) {
                visit(name, &value.to_text());
            }
        }
        for (name, value) in self.all_added() {
            visit(&name, &value.to_text());
        }
    }
}
