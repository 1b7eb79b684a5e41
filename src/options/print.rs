//! Listings of options, as by `show-options`.

use crate::syntax::escape::escape;

use super::array_key::ArrayKey;
use super::chain::Chain;
use super::entry::{OptionEntry, Scope};
use super::level::Options;
use super::table;
use super::value::Value;

/// Form of a listing.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Listing {
    /// Values without names.
    pub values_only: bool,
    /// The value is inherited: its name gets an asterisk.
    pub inherited: bool,
}

/// One line of a listing: an option, or an element of an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Shown {
    pub name: String,
    /// The element's key.
    pub index: Option<ArrayKey>,
    pub value: String,
    /// False for an empty array.
    pub has_value: bool,
    /// The value is inherited.
    pub inherited: bool,
    pub is_array: bool,
    pub is_string: bool,
    pub is_hook: bool,
    pub is_user: bool,
}

impl Shown {
    fn new(name: &str, value: &Value, inherited: bool) -> Self {
        let entry = table::find(name);
        Self {
            name: name.to_owned(),
            index: None,
            value: value.to_text(entry, false),
            has_value: true,
            inherited,
            is_array: matches!(value, Value::Array(_)),
            is_string: entry.is_none_or(OptionEntry::is_string),
            is_hook: entry.is_some_and(|entry| entry.is_hook),
            is_user: entry.is_none(),
        }
    }

    pub(crate) fn line(&self, values_only: bool) -> String {
        if values_only {
            return self.value.clone();
        }
        let index = self.index.as_ref().map(|index| format!("[{index}]")).unwrap_or_default();
        let mark = if self.inherited { "*" } else { "" };
        let value = match (self.has_value, self.is_string) {
            (false, _) => String::new(),
            (true, true) => format!(" {}", escape(&self.value)),
            (true, false) => format!(" {}", self.value),
        };
        format!("{}{index}{mark}{value}", self.name)
    }
}

/// The lines for one option: one, or one for each element of an array; with `index`, only that element,
/// even if it does not exist.
pub(crate) fn shown(name: &str, value: &Value, index: Option<&ArrayKey>, listing: Listing) -> Vec<Shown> {
    let whole = Shown::new(name, value, listing.inherited);
    let Value::Array(items) = value else {
        return vec![Shown { index: index.cloned(), ..whole }];
    };
    let element = |index: &ArrayKey| {
        let value = value.element_text(table::find(name), Some(index), false);
        Shown { index: Some(index.clone()), value, ..whole.clone() }
    };
    match index {
        Some(index) => vec![element(index)],
        None if items.is_empty() && listing.values_only => Vec::new(),
        None if items.is_empty() => vec![Shown { has_value: false, inherited: false, ..whole }],
        None => items.keys().map(element).collect(),
    }
}

/// The parts of a level that a whole listing shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    Options,
    /// Options and hooks.
    Both,
    Hooks,
}

/// All lines of a level: user options first, then in the table's order. `parents` are the levels above,
/// whose values are listed too if this level has none. Rows of scopemux are left out, except hooks that
/// are set.
pub(crate) fn listing(
    level: &Options,
    parents: Option<&Chain<'_>>,
    scope: Scope,
    which: Which,
    values_only: bool,
) -> Vec<Shown> {
    let mut out = Vec::new();
    let own = Listing { values_only, inherited: false };
    if which != Which::Hooks {
        for (name, value) in level.iter().filter(|(name, _)| table::find(name).is_none()) {
            out.extend(shown(name, value, None, own));
        }
    }
    for entry in table::all() {
        let wanted = match which {
            Which::Options => !entry.is_hook,
            Which::Both => true,
            Which::Hooks => entry.is_hook,
        };
        // Border lines of one pane (`new-pane -B`) are set on the pane, beyond the option's scope.
        if !wanted || !(entry.scope.contains(scope) || level.named(entry.name).is_some()) {
            continue;
        }
        let is_set = |value: &Value| value.elements().next().is_some();
        let hidden = entry.ours && !(entry.is_hook && level.named(entry.name).is_some_and(is_set));
        if hidden {
            continue;
        }
        if let Some(value) = level.named(entry.name) {
            out.extend(shown(entry.name, value, None, own));
        } else if let Some(value) = parents.and_then(|chain| chain.named(entry.name)) {
            let inherited = Listing { values_only, inherited: true };
            let empty = matches!(value, Value::Array(items) if items.is_empty());
            if empty && !values_only {
                // tmux: marks an inherited empty array with an asterisk only here.
                out.push(Shown { has_value: false, ..Shown::new(entry.name, value, true) });
            } else {
                out.extend(shown(entry.name, value, None, inherited));
            }
        }
    }
    out
}
