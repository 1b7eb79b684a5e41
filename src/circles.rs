//! Tests that there are no circles: no room imports, directly or by others, a room that imports it, and in
//! the rooms of a list no file does so either. So each file can be read after those that it imports, and
//! changed without those.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::tidy::{code, sources};

/// Rooms, or folders of rooms, whose files are free of circles.
const ROOMS: &[&str] = &[
    "base",
    "client",
    "command",
    "containment",
    "control",
    "format",
    "keeper",
    "options",
    "outer",
    "protocol",
    "reactor",
    "render",
    "syntax",
    "sys",
    "transcript",
];

/// Files of `src/` by the path of their module, as in `format::vars::pane`.
type Modules = BTreeMap<String, String>;

/// For each module, or each room, those that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// The code of all modules, without comments and tests.
fn modules() -> Modules {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let module = |file: &Path| {
        let short = file.strip_prefix(&root).expect("below src").with_extension("");
        let path = short.display().to_string().replace('/', "::");
        path.strip_suffix("::mod").map_or(path.clone(), str::to_owned)
    };
    let text = |file: &Path| fs::read_to_string(file).expect("a source file is readable");
    let is_test = |file: &Path| {
        file.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
    };
    let all = files.iter().filter(|file| !is_test(file.strip_prefix(&root).expect("below src")));
    all.map(|file| (module(file), code(&text(file)))).collect()
}

/// Paths that a `use` tree stands for: `a::{b, c::d as e}` is `a::b` and `a::c::d`.
fn flatten(tree: &str, before: &str, out: &mut Vec<String>) {
    let (mut depth, mut start) = (0, 0);
    let mut parts = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    for part in parts.into_iter().map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('{') {
            Some((path, inner)) => {
                let inner = inner.trim_end().strip_suffix('}').expect("braces are balanced");
                flatten(inner, &format!("{before}{path}"), out);
            }
            None => out.push(format!("{before}{}", part.split(" as ").next().unwrap_or_default())),
        }
    }
}

/// All paths in a file: of its `use` items, and those in its code that begin with the name of a module.
fn paths(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    let statement = regex::Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);").expect("a pattern");
    for found in statement.captures_iter(code) {
        flatten(&found[1], "", &mut out);
    }
    let path = regex::Regex::new(r"[\w:]*\w::\w+").expect("a pattern");
    let visibility = regex::Regex::new(r"pub\([^)]*\)").expect("a pattern");
    let rest = statement.replace_all(code, "");
    let rest = visibility.replace_all(&rest, "");
    out.extend(path.find_iter(&rest).map(|found| found.as_str().to_owned()));
    out
}

/// The module that a path in `from` leads to.
fn resolve(path: &str, from: &str, modules: &Modules) -> Option<String> {
    let mut names = path.split("::").peekable();
    let mut at: Vec<&str> = Vec::new();
    match *names.peek()? {
        "crate" => {
            names.next();
        }
        "super" => {
            at = from.split("::").collect();
            while names.next_if_eq(&"super").is_some() {
                at.pop();
            }
        }
        first => {
            at = from.split("::").collect();
            names.next_if_eq(&"self");
            // Only a child is known without its parents' names.
            if first != "self" && !modules.contains_key(&format!("{from}::{first}")) {
                return None;
            }
        }
    }
    for name in names {
        at.push(name);
        if !modules.contains_key(&at.join("::")) {
            at.pop();
            break;
        }
    }
    Some(at.join("::")).filter(|to| to != from && modules.contains_key(to))
}

/// For each module of a room, those of the room that it imports.
fn imports(room: &str, modules: &Modules) -> Imports {
    let room = room.replace('/', "::");
    let is_in = |module: &String| *module == room || module.starts_with(&format!("{room}::"));
    let of = |(from, code): (&String, &String)| {
        let to = paths(code).into_iter().filter_map(|path| resolve(&path, from, modules));
        (from.clone(), to.filter(is_in).collect())
    };
    modules.iter().filter(|(module, _)| is_in(module)).map(of).collect()
}

/// For each room, or file beside the rooms, those that its files import.
fn imports_of_rooms(modules: &Modules) -> Imports {
    let room = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
    let mut out = Imports::new();
    for (from, code) in modules {
        let to = paths(code).into_iter().filter_map(|path| resolve(&path, from, modules));
        let others = to.map(|module| room(&module)).filter(|to| *to != room(from));
        out.entry(room(from)).or_default().extend(others);
    }
    out
}

/// Modules that import each other, all of one circle or of several that touch: those which nothing outside
/// of circles imports or which import nothing else are taken away until only circles are left.
fn circle(mut imports: Imports) -> Vec<String> {
    loop {
        let imported: BTreeSet<&String> = imports.values().flatten().collect();
        let is_free =
            |(module, to): &(&String, &BTreeSet<String>)| to.is_empty() || !imported.contains(module);
        let free: BTreeSet<String> = imports.iter().filter(is_free).map(|(m, _)| m.clone()).collect();
        if free.is_empty() {
            return imports.into_keys().collect();
        }
        imports.retain(|module, _| !free.contains(module));
        imports.values_mut().for_each(|to| to.retain(|module| !free.contains(module)));
    }
}

#[test]
fn no_file_of_a_room_imports_itself_by_others() {
    let modules = modules();
    for room in ROOMS {
        let imports = imports(room, &modules);
        assert!(imports.values().any(|to| !to.is_empty()), "{room} has no imports");
        let circle = circle(imports);
        assert!(circle.is_empty(), "src/{room}: these import each other: {}", circle.join(" "));
    }
}

#[test]
fn no_room_imports_itself_by_others() {
    let imports = imports_of_rooms(&modules());
    assert!(imports["server"].contains("base") && imports["client"].contains("keeper"), "{imports:?}");
    let circle = circle(imports);
    assert!(circle.is_empty(), "these rooms import each other: {}", circle.join(" "));
}

#[test]
fn imports_are_found_and_circles_too() {
    let room = |files: &[(&str, &str)]| -> Modules {
        files.iter().map(|(module, text)| ((*module).to_owned(), code(text))).collect()
    };
    let check = |files: &[(&str, &str)], expect: &[&str]| {
        assert_eq!(circle(imports("a", &room(files))), expect);
    };
    check(&[("a", "pub use b::B;"), ("a::b", "use super::c::C;"), ("a::c", "// super::b::B")], &[]);
    check(
        &[("a", ""), ("a::b", "use super::{x, c::{C, D}};"), ("a::c", "fn f() { super::b::g() }")],
        &["a::b", "a::c"],
    );
    check(&[("a", "mod b;\nfn f() { b::g() }"), ("a::b", "use crate::a::f;")], &["a", "a::b"]);
    check(&[("a", "use b::X;"), ("a::b", "#[cfg(test)]\nmod tests { use crate::a::f; }")], &[]);
    check(&[("a", "#[cfg(test)]\nmod tests;\nuse b::X;"), ("a::b", "use super::X;")], &["a", "a::b"]);
    check(&[("a", ""), ("a::b", "use super::c as d;"), ("a::c", "use super::b as e;")], &["a::b", "a::c"]);
    let rooms = room(&[("a", ""), ("a::b", "use crate::c::X;"), ("c", ""), ("c::d", "crate::a::b::f()")]);
    assert_eq!(circle(imports_of_rooms(&rooms)), ["a", "c"]);
}
