//! The rules of the house as tests: imports go down the floors only, every file states its purpose, and
//! every package in Cargo.toml is used.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor. A room may import its own floor and those below it.
const FLOORS: &[(&str, u8)] = &[
    ("base", 0),
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
    ("client", &["base", "protocol", "reactor", "client", "keeper"]),
    ("keeper", &["base", "protocol", "keeper"]),
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

/// Names in a section of Cargo.toml, in the form of Rust identifiers.
fn packages(manifest: &str, section: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != section).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once(" = ")?.0.replace('-', "_"))).collect()
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
fn every_package_has_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("Cargo.toml is readable");
    let packages = packages(&manifest, "[dependencies]");
    assert!(packages.iter().any(|name| name == "unicode_width"), "{packages:?}");
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let texts: Vec<String> =
        files.iter().map(|file| fs::read_to_string(file).expect("source file is readable")).collect();
    let is_used = |name: &String| texts.iter().any(|text| text.lines().any(|line| uses(line, name)));
    let idle: Vec<&String> = packages.iter().filter(|name| !is_used(name)).collect();
    assert!(idle.is_empty(), "in Cargo.toml, and used by no file of src/: {idle:?}");
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
