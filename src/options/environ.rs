//! Environments: variables with values, or marked as removed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::tracked::Tracked;
use crate::sys::pattern::fnmatch;

/// A variable of an environment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Variable {
    /// `None`: removed, also from environments that this one is merged into.
    pub value: Option<String>,
    /// For formats only; programs do not get it.
    pub hidden: bool,
}

/// An environment, by name.
#[derive(Default, Clone, Debug, Serialize, Deserialize)]
pub struct Environ {
    variables: Tracked<BTreeMap<String, Variable>>,
}

impl Environ {
    /// The stamp changes with every change of a variable; see `Tracked`.
    pub fn stamp(&self) -> u64 {
        self.variables.stamp()
    }

    /// True if no variable is set or marked as removed.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// The value of a variable, if it has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.value.as_deref()
    }

    /// The variable, which may be marked as removed.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// All variables in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.set_with(name, value, false);
    }

    pub fn set_hidden(&mut self, name: &str, value: &str) {
        self.set_with(name, value, true);
    }

    fn set_with(&mut self, name: &str, value: &str, hidden: bool) {
        self.variables.insert(name.to_owned(), Variable { value: Some(value.to_owned()), hidden });
    }

    /// Sets a variable from `NAME=value`; text without `=` is ignored.
    pub fn put(&mut self, pair: &str, hidden: bool) {
        if let Some((name, value)) = pair.split_once('=') {
            self.set_with(name, value, hidden);
        }
    }

    /// Marks a variable as removed.
    pub fn clear(&mut self, name: &str) {
        self.variables.entry(name.to_owned()).or_default().value = None;
    }

    /// Deletes the entry of a variable.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// Applies the set and removed variables of another environment.
    pub fn merge(&mut self, from: &Environ) {
        for (name, variable) in from.variables.iter() {
            match &variable.value {
                Some(value) => self.set_with(name, value, variable.hidden),
                None => self.clear(name),
            }
        }
    }

    /// Copies variables that match patterns (`update-environment`) from a client's environment. A pattern
    /// without a match is marked as removed.
    pub fn update<'a>(&mut self, patterns: impl IntoIterator<Item = &'a str>, from: &Environ) {
        for pattern in patterns {
            let mut found = false;
            for (name, variable) in from.variables.iter() {
                if fnmatch(pattern, name, false) {
                    self.set(name, variable.value.as_deref().unwrap_or_default());
                    found = true;
                }
            }
            if !found {
                self.clear(pattern);
            }
        }
    }

    /// The variables that a program gets, in the order of names.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let given = |variable: &&Variable| !variable.hidden;
        self.variables
            .iter()
            .filter(|(name, variable)| !name.is_empty() && given(variable))
            .filter_map(|(name, variable)| Some((name.clone(), variable.value.clone()?)))
            .collect()
    }
}

impl Variable {
    /// The line that `show-environment` prints; with `shell`, the command of `show-environment -s`.
    pub fn line(&self, name: &str, shell: bool) -> String {
        match (&self.value, shell) {
            (Some(value), false) => format!("{name}={value}"),
            (None, false) => format!("-{name}"),
            (None, true) => format!("unset {name};"),
            (Some(value), true) => {
                let mut escaped = String::with_capacity(value.len());
                for c in value.chars() {
                    if matches!(c, '$' | '`' | '"' | '\\') {
                        escaped.push('\\');
                    }
                    escaped.push(c);
                }
                format!("{name}=\"{escaped}\"; export {name};")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_variables_stay_removed_in_merges() {
        let mut global = Environ::default();
        global.set("A", "1");
        global.set("B", "2");
        let mut session = Environ::default();
        session.clear("A");
        session.set_hidden("C", "3");
        global.merge(&session);
        assert_eq!(global.pairs(), [("B".to_owned(), "2".to_owned())]);
        assert_eq!(global.get("C"), Some("3"));
        session.update(["B*", "D"], &global);
        assert_eq!(session.get("B"), Some("2"));
        assert_eq!(session.variable("D"), Some(&Variable::default()));
        assert_eq!(session.variable("D").unwrap().line("D", false), "-D");
        session.set("S", "a\"$`\\");
        assert_eq!(session.variable("S").unwrap().line("S", true), "S=\"a\\\"\\$\\`\\\\\"; export S;");
    }
}
