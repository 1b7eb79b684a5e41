//! The manual and the completions, generated from the program's tables. Texts are in files beside this
//! one, with an entry for each row of a table. Tests compare the texts with the tables, and the pages in
//! `docs/` and `conf/completions/` with the generated ones: `SCOPEMUX_WRITE_DOCS=1 cargo test manual`
//! writes the pages.

mod completions;
mod json;
mod pages;
mod rows;
mod shells;

use std::collections::BTreeSet;
use std::path::Path;

use rows::{Command, command_rows, lines};

const COMMANDS: &str = include_str!("commands.txt");
const CHAPTERS: &str = include_str!("chapters.txt");
const COPY_MODE: &str = include_str!("copy_mode.txt");
const FORMATS: &str = include_str!("formats.txt");
const HOOKS: &str = include_str!("hooks.txt");

/// Compares a page with the generated text, or writes it if the environment asks for that.
fn keep(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("SCOPEMUX_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file in the repository")).expect("a directory");
        std::fs::write(&path, text).expect("a page is written");
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{} is not what the tables give: SCOPEMUX_WRITE_DOCS=1 cargo test manual",
        path.display()
    );
}

/// Asserts that there are texts for all names of a table, and for no others.
fn same_names<'a>(what: &str, texts: impl Iterator<Item = &'a str>, table: impl Iterator<Item = &'a str>) {
    let (texts, table): (BTreeSet<_>, BTreeSet<_>) = (texts.collect(), table.collect());
    let missing: Vec<_> = table.difference(&texts).collect();
    let unknown: Vec<_> = texts.difference(&table).collect();
    assert!(missing.is_empty(), "{what} without a sentence: {missing:?}");
    assert!(unknown.is_empty(), "sentences for no {what}: {unknown:?}");
}

#[test]
fn the_manual_has_every_command_and_flag() {
    let texts: Vec<Command<'_>> = command_rows(COMMANDS);
    same_names("command", texts.iter().map(|c| c.name), rows::commands().map(|entry| entry.name));
    for entry in rows::commands() {
        let text = texts.iter().find(|c| c.name == entry.name).expect("compared above");
        let flags = || entry.template.chars().filter(|c| *c != ':');
        let wanted: BTreeSet<char> = flags().collect();
        let got: BTreeSet<char> = text.flags.iter().map(|(flag, _)| *flag).collect();
        assert_eq!(got, wanted, "flags of {}", entry.name);
    }
}

#[test]
fn the_manual_has_every_format_hook_and_command_of_copy_mode() {
    same_names("format", lines(FORMATS).map(|(name, _)| name), crate::format::variable_names());
    let hooks = rows::hooks().filter(|hook| !hook.starts_with("after-"));
    same_names("hook", lines(HOOKS).map(|(name, _)| name), hooks);
    let commands = crate::view::copy::commands::COMMANDS.iter().map(|entry| entry.name);
    same_names("command of copy mode", lines(COPY_MODE).map(|(name, _)| name), commands);
}

#[test]
fn manual_pages_are_what_the_tables_give() {
    keep("docs/scopemux.1", &pages::mdoc());
    keep("docs/manual.md", &pages::markdown());
}

#[test]
fn manual_completions_are_what_the_tables_give() {
    keep("conf/completions/scopemux.bash", &completions::bash());
    keep("conf/completions/_scopemux", &completions::zsh());
    keep("conf/completions/scopemux.fish", &completions::fish());
}
