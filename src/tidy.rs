//! The rules of the house as tests: imports go down the floors only, every file states its purpose,
//! unsafe code is in one room, and the table of packages in `docs/architecture.md` is true.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor. A room may import its own floor and those below it.
const FLOORS: &[(&str, u8)] = &[
    ("base", 0),
    ("sys", 0),
    ("reactor", 0),
    ("syntax", 1),
    ("terminal", 1),
    ("transcript", 1),
    ("containment", 1),
    ("protocol", 1),
    ("outer", 1),
    ("options", 2),
    ("model", 2),
    ("format", 3),
    ("view", 4),
    ("command", 5),
    ("render", 5),
    ("control", 5),
    ("server", 6),
];

/// Rooms beside the floors, with all that they may import.
const SIDE: &[(&str, &[&str])] = &[
    ("client", &["base", "sys", "protocol", "reactor", "client", "keeper"]),
    ("keeper", &["base", "sys", "protocol", "keeper"]),
];

pub(crate) fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("source directory is readable") {
        let path = entry.expect("directory entry is readable").path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// A file without its comments and tests.
pub(crate) fn code(text: &str) -> String {
    let tests =
        regex::Regex::new(r"#\[cfg\(test\)\]\n(?:pub(?:\([^)]*\))? )?mod tests \{").expect("a pattern");
    let text = tests.split(text).next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

fn allowed(from: &str, to: &str) -> bool {
    if let Some((_, rooms)) = SIDE.iter().find(|(name, _)| *name == from) {
        return rooms.contains(&to);
    }
    match (floor(from), floor(to)) {
        (Some(from), Some(to)) => to <= from,
        _ => true,
    }
}

#[test]
fn imports_go_down_and_files_say_what_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("source file is readable");
        let short = file.strip_prefix(&root).expect("below src").display().to_string();
        if !text.starts_with("//!") {
            wrong.push(format!("{short}: does not open with a //! line"));
        }
        let room = short.split(['/', '.']).next().unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for part in code.split("crate::").skip(1) {
                let end = part.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(part.len());
                if !allowed(room, &part[..end]) {
                    wrong.push(format!("{short}:{}: {room} imports {}", number + 1, &part[..end]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Words by which a room could allow itself unsafe code again, in a list of lints with their level.
fn allows_unsafe(code: &str) -> bool {
    ["allow(", "expect(", "warn("].iter().any(|level| {
        let lists = code.split(level).skip(1).filter_map(|rest| rest.split_once(')'));
        lists.into_iter().any(|(lints, _)| lints.contains("unsafe_code"))
    })
}

#[test]
fn only_sys_has_unsafe_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.retain(|file| !file.ends_with("tidy.rs"));
    let text = |file: &Path| fs::read_to_string(file).expect("source file is readable");
    let allowing: Vec<&PathBuf> = files.iter().filter(|file| allows_unsafe(&text(file))).collect();
    let lib = root.join("lib.rs");
    assert_eq!(allowing, [&lib], "the crate denies unsafe code, and src/sys alone is allowed it");
    let text = text(&lib);
    assert!(text.contains("#![deny(unsafe_code)]") && text.matches("unsafe_code").count() == 2);
    let (_, allowed) = text.split_once("#[allow(unsafe_code)]").expect("a room is allowed it");
    assert_eq!(allowed.lines().nth(1), Some("mod sys;"));
}

/// Names in a section of Cargo.toml.
fn packages(manifest: &str, section: &str) -> BTreeSet<String> {
    let lines = manifest.lines().skip_while(|line| *line != section).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
}

/// The packages of each row of a table with the columns package, what it does and in which files or
/// folders, and these places from the top of the repository.
fn package_rows(page: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let lines = page.lines().skip_while(|line| !line.starts_with("| package |")).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let place = |text: &str| match text.starts_with("fuzz/") {
        true => text.to_owned(),
        false => format!("src/{text}"),
    };
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let names = cells[0].split(", ").map(str::to_owned).collect();
        (names, cells[2].split('`').filter(|text| !text.trim().is_empty()).map(place).collect())
    })
    .collect()
}

/// True if a file's code contains a path into a package. One that imports something else of that name does
/// not count.
fn uses_package(code: &str, package: &str) -> bool {
    let imports = |path: String| code.contains(&path);
    let namesake = imports(format!("::{package};")) && !imports(format!("{package}::{package};"));
    !namesake && code.lines().any(|line| uses(line, package))
}

/// True if a line of code contains a path that begins with a package's name. `regex::bytes::Regex` does
/// not use the package `bytes`.
fn uses(line: &str, package: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(&format!("{package}::")).any(|(at, _)| {
        let before = code[..at].trim_end_matches('{');
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn the_table_of_packages_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| fs::read_to_string(path).expect("the file is readable");
    let manifest = read(&root.join("Cargo.toml"));
    let wanted = packages(&manifest, "[dependencies]");
    let for_tests = packages(&manifest, "[dev-dependencies]");
    let rows = package_rows(&read(&root.join("docs/architecture.md")));
    let named: BTreeSet<String> = rows.iter().flat_map(|(names, _)| names.clone()).collect();
    assert!(wanted.is_subset(&named), "not in the table: {:?}", wanted.difference(&named));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    files.retain(|file| !file.ends_with("tests.rs") && !file.ends_with("tidy.rs"));
    let short = |file: &PathBuf| file.strip_prefix(root).expect("below the top").display().to_string();
    let mut codes: Vec<(String, String)> =
        files.iter().map(|file| (short(file), code(&read(file)))).collect();
    codes.retain(|(file, _)| !file.contains("/tests/") && file != "src/circles.rs");
    let users = |name: &String| -> Vec<&String> {
        let package = name.replace('-', "_");
        codes.iter().filter(|(_, code)| uses_package(code, &package)).map(|(file, _)| file).collect()
    };
    let mut wrong = Vec::new();
    for (names, places) in &rows {
        if names.iter().all(|name| for_tests.contains(name)) {
            assert!(places.iter().all(|place| root.join(place).exists()), "{places:?}");
            continue;
        }
        let users: BTreeSet<&String> = names.iter().flat_map(users).collect();
        let is_in = |file: &&String, place: &String| file.starts_with(place.as_str());
        let idle = places.iter().filter(|place| !users.iter().any(|file| is_in(file, place)));
        wrong.extend(idle.map(|place| format!("{place} does not use {names:?}")));
        let others = users.iter().filter(|file| !places.iter().any(|place| is_in(file, place)));
        wrong.extend(others.map(|file| format!("{file} uses {names:?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_use_of_a_package_is_told_from_its_namesakes() {
    for line in ["use bytes::Bytes;", "fn f(b: &bytes::Bytes) {", "#[derive(bytes::X)]"] {
        assert!(uses(line, "bytes"), "{line}");
    }
    for line in
        ["use regex::bytes::Regex;", "use regex::{bytes::Regex, X};", "// bytes::Bytes", "my_bytes::f()"]
    {
        assert!(!uses(line, "bytes"), "{line}");
    }
}
