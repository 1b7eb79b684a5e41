//! The variables of formats, one table for each kind of object. A row is a name and a function that
//! returns the value for some objects, or `None`.

use std::collections::HashMap;
use std::sync::OnceLock;

mod buffer;
mod client;
mod main_branch;
mod mouse;
mod ours;
pub(super) mod pane;
mod row;
pub(super) mod screen;
pub(super) mod server;
mod session;
mod terminal;
mod window;

use row::{Getter, Table};

/// tmux's own variables.
const TABLES: &[Table] = &[
    buffer::TABLE,
    client::TABLE,
    mouse::TABLE,
    pane::TABLE,
    server::TABLE,
    session::TABLE,
    terminal::TABLE,
    window::TABLE,
];

/// Finds a variable by its exact name.
pub(super) fn find(name: &str) -> Option<Getter> {
    static BY_NAME: OnceLock<HashMap<&'static str, Getter>> = OnceLock::new();
    let by_name = BY_NAME.get_or_init(|| {
        let tables = TABLES.iter().chain([&ours::TABLE, &main_branch::TABLE]);
        tables.flat_map(|table| table.iter().copied()).collect()
    });
    by_name.get(name).copied()
}

/// tmux's own variables in the order of their names.
pub(super) fn all() -> Vec<(&'static str, Getter)> {
    let mut rows: Vec<_> = TABLES.iter().flat_map(|table| table.iter().copied()).collect();
    rows.sort_unstable_by_key(|(name, _)| *name);
    rows
}

/// The variables that only scopemux has.
#[cfg(test)]
pub(super) fn ours() -> impl Iterator<Item = &'static (&'static str, Getter)> {
    ours::TABLE.iter().chain(main_branch::TABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_names_are_unique() {
        for table in TABLES.iter().chain([&ours::TABLE, &main_branch::TABLE]) {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0), "{:?}", table[0].0);
        }
        let all = all();
        assert!(all.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(all.len(), 195);
    }
}
