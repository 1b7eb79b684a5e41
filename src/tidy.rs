//! The rules of the house as tests: imports go down the floors only, every file states its purpose,
//! unsafe code is in one room, no logic is written twice, and the table of packages in
//! `docs/architecture.md` is true.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use regex::Regex;

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
    let tests = Regex::new(r"#\[cfg\(test\)\]\n(?:pub(?:\([^)]*\))? )?mod tests \{").expect("a pattern");
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

/// True for a line that only declares or lists something: two rooms may declare alike.
fn declares(line: &str) -> bool {
    static ALIKE: OnceLock<Regex> = OnceLock::new();
    let alike = ALIKE.get_or_init(|| {
        let patterns = [
            // Items.
            r"(?:pub(?:\([a-z]+\))? )?(?:async |const |unsafe |extern )*(?:fn|struct|enum|trait|impl|const|static|type|mod|use)\b.*",
            // Attributes, fields, arguments, and what a function returns.
            r"#.*|(?:pub(?:\([a-z]+\))? )?\w+: [^=(]*,|\) ->.*|&(?:mut )?self,",
            // Elements of a list: names, variants, numbers, rows of texts.
            r#"&?(?:mut )?\w+,?|[A-Z]\w*\([\w:<>, ]*\),|["\w:.& ]+(?:\(\))?,|\+ \w+|\(?"[^"]*".*,"#,
            // The end of whatever began above.
            r"[\[\](){};,?]*",
        ];
        Regex::new(&format!("^(?:{})$", patterns.join("|"))).expect("a pattern")
    });
    alike.is_match(line) && !line.contains("=>")
}

/// A line in which each local variable has the same name. Texts stay.
fn without_names(line: &str) -> String {
    const WORDS: &[&str] = &[
        "as", "break", "continue", "else", "false", "for", "if", "in", "let", "loop", "match", "move", "mut",
        "ref", "return", "self", "super", "true", "while",
    ];
    static WORD: OnceLock<Regex> = OnceLock::new();
    let word = WORD.get_or_init(|| {
        Regex::new(r#""(?:\\.|[^"\\])*"|'(?:\\[^']*|[^'\\])'|\b[a-z_]\w*\b"#).expect("a pattern")
    });
    let mut out = String::new();
    let mut end = 0;
    for found in word.find_iter(line) {
        out.push_str(&line[end..found.start()]);
        let (before, after) = (&line[..found.start()], &line[found.end()..]);
        let is_path = before.ends_with(['.', ':']) || after.starts_with(['(', '!', ':']);
        let stays = is_path || found.as_str().starts_with(['"', '\'']) || WORDS.contains(&found.as_str());
        out.push_str(if stays { found.as_str() } else { "$" });
        end = found.end();
    }
    out + &line[end..]
}

/// The lines of a file that do something, as they are compared, with their numbers.
fn logic(code: &str) -> Vec<(usize, String)> {
    let mut imports = false;
    let mut out = Vec::new();
    for (number, line) in (1..).zip(code.lines().map(str::trim)) {
        imports |=
            line.starts_with("use ") || line.starts_with("pub use ") || line.starts_with("pub(crate) use ");
        if !imports && !declares(line) {
            out.push((number, without_names(line)));
        }
        imports &= !line.ends_with(';');
    }
    out
}

/// Five lines of logic are six or more with their braces and their function's name.
const ALIKE: usize = 5;

#[test]
fn no_six_lines_are_written_twice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.retain(|file| {
        !file.ends_with("tests.rs") && !file.components().any(|part| part.as_os_str() == "tests")
    });
    let mut places: HashMap<Vec<String>, (PathBuf, usize)> = HashMap::new();
    let mut twice = Vec::new();
    for file in files {
        let lines = logic(&code(&fs::read_to_string(&file).expect("source file is readable")));
        for (at, window) in lines.windows(ALIKE).enumerate() {
            let texts = window.iter().map(|(_, text)| text.clone()).collect();
            let (other, before) = places.entry(texts).or_insert_with(|| (file.clone(), at));
            // A run of lines that are alike overlaps with itself.
            if *other != file || at >= *before + ALIKE {
                let short = file.strip_prefix(&root).expect("below src");
                twice.push(format!("{}:{} is in {}", short.display(), window[0].0, other.display()));
            }
        }
    }
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}

#[test]
fn logic_is_compared_without_names_of_variables() {
    let lines = |text: &str| logic(text).into_iter().map(|(_, line)| line).collect::<Vec<_>>();
    let one = "fn f() {\n    let width = area.cols / 2;\n    name: Name,\n    g(width)\n}";
    let other = "pub(crate) fn h() {\n    let w = all.cols / 2;\n    kind,\n    g(w)\n}";
    assert_eq!(lines(one), lines(other));
    assert_eq!(lines(one), ["let $ = $.cols / 2;", "g($)"]);
    assert_ne!(lines(one), lines(&one.replace("g(", "k(")));
    assert_eq!(lines("use a::{\n    b,\n    c(),\n};\n    'x' => a,"), ["'x' => $,"]);
}
