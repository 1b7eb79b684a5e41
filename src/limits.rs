//! Tests that every limit is documented: the table in `docs/limits.md` has a row for each constant of the
//! source that limits a quantity, with its value and the behaviour at the limit.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::tidy::sources;

/// A constant's file, name and value in the source.
type Limit = (String, String, String);

/// Name and value of `const NAME: TYPE = VALUE;`, if the name is that of a limit.
fn limit_of(line: &str) -> Option<(String, String)> {
    let line = line.trim_start();
    let at = line.find("const ")?;
    let before = line[..at].trim();
    if !(before.is_empty() || before.starts_with("pub")) {
        return None;
    }
    let (name, rest) = line[at + "const ".len()..].split_once(':')?;
    let value = rest.split_once(" = ")?.1.trim_end().strip_suffix(';')?;
    let numeric = value.chars().next().is_some_and(|c| c.is_ascii_alphanumeric()) && !value.contains('"');
    let is_limit = name.split('_').any(|word| matches!(word, "MAX" | "LIMIT"));
    (is_limit && numeric).then(|| (name.to_owned(), value.to_owned()))
}

fn in_source() -> BTreeSet<Limit> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut out = BTreeSet::new();
    for file in files {
        let short = file.strip_prefix(root).expect("below the root").display().to_string();
        if short.ends_with("tests.rs") || short.contains("/tests/") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file is readable");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        out.extend(code.lines().filter_map(limit_of).map(|(name, value)| (short.clone(), name, value)));
    }
    out
}

fn in_table() -> BTreeSet<Limit> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md");
    let text = fs::read_to_string(path).expect("docs/limits.md is readable");
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let mut cell = || Some(cells.next()?.trim_matches('`').to_owned());
        Some((cell()?, cell()?, cell()?))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn every_limit_is_written_down() {
    let (source, table) = (in_source(), in_table());
    assert!(source.len() > 100, "limits are found");
    let list = |limits: Vec<&Limit>| -> String {
        limits.iter().map(|(file, name, value)| format!("| `{file}` | `{name}` | `{value}` |\n")).collect()
    };
    let missing = list(source.difference(&table).collect());
    let stale = list(table.difference(&source).collect());
    assert!(
        missing.is_empty() && stale.is_empty(),
        "docs/limits.md must say what happens at these limits:\n{missing}and these rows are out of date:\n{stale}"
    );
}

#[test]
fn limits_are_known_by_their_names() {
    let check = |line: &str, expect: Option<(&str, &str)>| {
        let expect = expect.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(limit_of(line), expect, "{line}");
    };
    check("const MAX_LINE: usize = 1 << 20;", Some(("MAX_LINE", "1 << 20")));
    check("    pub const MAX: u64 = 7;", Some(("MAX", "7")));
    check("pub(super) const LINE_MAX: u64 = A - B;", Some(("LINE_MAX", "A - B")));
    check("const DELIMITERS: [char; 1] = [' '];", None);
    check("const HISTORY_LIMIT: &str = \"history-limit\";", None);
    check("// const MAX: u64 = 7;", None);
}
