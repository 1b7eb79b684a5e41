//! Options as `show-options` lists them.

use crate::syntax::escape::escape;

use super::table::{self, OptionEntry};
use super::{Options, Value};

/// How to list.
#[derive(Clone, Copy, Default, Debug)]
pub struct Listing {
    /// Values without names.
    pub values_only: bool,
    /// The value is inherited: its name gets an asterisk.
    pub inherited: bool,
}

/// The lines for one option: one, or one for each element of an array; with `index`, only
/// that element, whether or not it is there.
pub fn lines(name: &str, value: &Value, index: Option<u32>, listing: Listing) -> Vec<String> {
    let entry = table::find(name);
    let Value::Array(items) = value else {
        let shown = index.map_or_else(|| name.to_string(), |index| format!("{name}[{index}]"));
        return vec![line(&shown, &value.to_text(entry, false), entry, listing)];
    };
    let element = |index: u32| {
        line(&format!("{name}[{index}]"), &value.element_text(entry, Some(index), false), entry, listing)
    };
    match index {
        Some(index) => vec![element(index)],
        None if items.is_empty() && listing.values_only => Vec::new(),
        None if items.is_empty() => vec![name.to_string()],
        None => items.keys().map(|&index| element(index)).collect(),
    }
}

fn line(name: &str, text: &str, entry: Option<&OptionEntry>, listing: Listing) -> String {
    if listing.values_only {
        return text.to_string();
    }
    let mark = if listing.inherited { "*" } else { "" };
    let shown = if entry.is_none_or(OptionEntry::is_string) { escape(text) } else { text.to_string() };
    format!("{name}{mark} {shown}")
}

/// What of a level a whole listing shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    Options,
    /// Options and hooks.
    Both,
    Hooks,
}

/// All lines of a level: user options first, then the table's order. `parents` are the levels
/// above whose values are listed too where this level has none. Ours are left out.
pub fn listing(
    level: &Options,
    parents: Option<&super::Chain<'_>>,
    scope: super::Scope,
    which: Which,
    values_only: bool,
) -> Vec<String> {
    let mut out = Vec::new();
    let own = Listing { values_only, inherited: false };
    if which != Which::Hooks {
        for (name, value) in level.iter().filter(|(name, _)| table::find(name).is_none()) {
            out.extend(lines(name, value, None, own));
        }
    }
    for entry in table::all() {
        let wanted = match which {
            Which::Options => !entry.is_hook,
            Which::Both => true,
            Which::Hooks => entry.is_hook,
        };
        if !wanted || entry.ours || !entry.scope.contains(scope) {
            continue;
        }
        if let Some(value) = level.get(entry.name) {
            out.extend(lines(entry.name, value, None, own));
        } else if let Some(value) = parents.and_then(|chain| chain.get(entry.name)) {
            let inherited = Listing { values_only, inherited: true };
            let empty = value.elements().next().is_none() && matches!(value, Value::Array(_));
            if empty && !values_only {
                // tmux: only here does an empty array that is inherited get its asterisk.
                out.push(format!("{}*", entry.name));
            } else {
                out.extend(lines(entry.name, value, None, inherited));
            }
        }
    }
    out
}
