//! Text form of recorded cases: the steps, and tmux's results, in a form for people.
//!
//! ```text
//! case set-buffer -b x abc; list-buffers
//! on base
//! tmux set-buffer -b x abc
//! tmux list-buffers
//!   > x: 3 bytes: "abc"
//! ```
//!
//! An unindented line is a step; the lines below it that are indented by two blanks belong to it:
//! first its input, then its result. A word is bare, or a JSON string if it contains blanks, quotes
//! or control characters. Lines of text escape control characters, backslashes and a blank at the
//! end as `\u{HEX}`. `quietly` before a step means that its result is not compared.
//!
//! | step | its result |
//! | --- | --- |
//! | `tmux WORDS` (a command), `program WORDS` (a whole command line) | `status N` unless 0, `> ` and `! ` lines of output and errors (`>\|`, `!\|`: without a newline at the end) |
//! | `put TEXT [in PANE]`, `write TEXT [in PANE]`, `get PANE` | `reply TEXT`, nothing, `got TEXT` |
//! | `attach CLIENT COLSxROWS [WORDS]`, `type TEXTS`, `mouse GESTURES`, `resize CLIENT COLSxROWS`, `detach CLIENT` | nothing |
//! | `screen CLIENT [rows=0,-1] [cursor]` | `\|row\|` lines, `cursor X Y [hidden]` |
//! | `control FLAG WORDS` with `< ` lines, `see TEXT`, `do STEP` | `= ` lines |
//! | `until WORDS` with `is TEXT` | `> ` lines |
//! | `file PATH` with `< ` lines | nothing |

use serde_json::{Map, Value, json};

use super::Case;

const INDENT: &str = "  ";

/// Reports whether a step has a result.
pub(crate) fn has_result(step: &Value) -> bool {
    let silent = ["write", "file", "attach", "type", "mouse", "resize", "detach"];
    !step["quiet"].as_bool().unwrap_or(false) && !silent.iter().any(|name| step.get(name).is_some())
}

/// A case as text, with its results.
pub(crate) fn print(case: &Case, results: &[Value]) -> String {
    let mut out = format!("case {}\non {}\n", case.id, case.fx);
    let mut results = results.iter();
    for step in &case.steps {
        out.push_str(&print_step(step));
        if has_result(step) {
            out.push_str(&print_result(results.next().unwrap_or(&Value::Null)));
        }
    }
    out
}

fn is_bare(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| !c.is_control() && !c.is_whitespace() && c != '"')
}

fn word(text: &str) -> String {
    if is_bare(text) { text.to_owned() } else { json!(text).to_string() }
}

fn words(value: &Value) -> String {
    let items: Vec<String> = match value {
        Value::Array(items) => items.iter().map(|item| word(item.as_str().unwrap_or_default())).collect(),
        value => vec![word(value.as_str().unwrap_or_default())],
    };
    items.iter().map(|item| format!(" {item}")).collect()
}

fn escape_row(row: &str) -> String {
    let mut out = String::new();
    for c in row.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

fn escape(line: &str) -> String {
    let mut out = escape_row(line);
    if out.ends_with(' ') {
        out.truncate(out.len() - 1);
        out.push_str("\\u{20}");
    }
    out
}

fn unescape(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        if let Some(code) = tail.strip_prefix("u{") {
            let end = code.find('}').expect("an escape ends");
            let number = u32::from_str_radix(&code[..end], 16).expect("an escape is a number");
            out.push(char::from_u32(number).expect("an escape is a character"));
            rest = &code[end + 1..];
        } else {
            out.push('\\');
            rest = &tail[1..];
        }
    }
    out + rest
}

/// Lines of text below a step; `mark` starts each, and `mark|` one without a newline.
fn print_text(mark: char, text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => out.push_str(&format!("{INDENT}{mark} {}\n", escape(line))),
            None => out.push_str(&format!("{INDENT}{mark}| {}\n", escape(line))),
        }
    }
    out
}

fn print_step(step: &Value) -> String {
    let quiet = if step["quiet"].as_bool() == Some(true) { "quietly " } else { "" };
    let text = |key: &str| step[key].as_str().unwrap_or_default();
    let size = format!("{}x{}", step["cols"], step["rows"]);
    let place = if text("pane").is_empty() { String::new() } else { format!(" in {}", word(text("pane"))) };
    let who = step["client"].as_str().map_or(String::new(), |name| format!("@{name}"));
    let has = |key: &str| step.get(key).is_some();
    let mut below = String::new();
    let line = if has("cmd") {
        format!("tmux{}", words(&step["cmd"]))
    } else if has("cli") {
        format!("program{}", words(&step["cli"]))
    } else if has("put") {
        format!("put {}{place}", word(text("put")))
    } else if has("write") {
        format!("write {}{place}", word(text("write")))
    } else if has("get") {
        format!("get {}", word(text("get")))
    } else if has("attach") {
        let args = if has("args") { words(&step["args"]) } else { String::new() };
        format!("attach {} {size}{args}", word(text("attach")))
    } else if has("resize") {
        format!("resize {} {size}", word(text("resize")))
    } else if has("detach") {
        format!("detach {}", word(text("detach")))
    } else if has("type") {
        format!("type{who}{}", words(&step["type"]))
    } else if has("mouse") {
        format!("mouse{who}{}", words(&step["mouse"]))
    } else if has("screen") {
        let rows: Vec<String> = step["only"].as_array().into_iter().flatten().map(Value::to_string).collect();
        let rows = if rows.is_empty() { String::new() } else { format!(" rows={}", rows.join(",")) };
        let cursor = if step["cursor"].as_bool() == Some(true) { " cursor" } else { "" };
        format!("screen {}{rows}{cursor}", word(text("screen")))
    } else if has("control") {
        below = print_control(step);
        let args = if has("args") { words(&step["args"]) } else { String::new() };
        format!("control {}{args}", step["flag"].as_str().unwrap_or("-C"))
    } else if has("until") {
        below = format!("{INDENT}is {}\n", json!(text("is")));
        format!("until{}", words(&step["until"]))
    } else {
        below = print_text('<', text("data"));
        format!("file {}", word(text("file")))
    };
    below.push_str(&print_text('<', text("stdin")));
    for (name, value) in step["env"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or(String::new(), |value| format!(" {}", word(value)));
        below.push_str(&format!("{INDENT}env {name}{value}\n"));
    }
    format!("{quiet}{line}\n{below}")
}

fn print_control(step: &Value) -> String {
    let lines = step["control"].as_array().into_iter().flatten();
    let print = |line: &Value| match (line.as_str(), line["see"].as_str()) {
        (Some(text), _) => format!("{INDENT}< {}\n", escape(text)),
        (_, Some(text)) => format!("{INDENT}see {}\n", word(text)),
        _ => format!("{INDENT}do {}\n", print_step(line).trim_end().replace('\n', &format!("\n{INDENT}"))),
    };
    lines.map(print).collect()
}

/// A result, as the lines below its step.
pub(crate) fn print_result(result: &Value) -> String {
    let mut out = String::new();
    if let Some(status) = result.get("rc").filter(|status| **status != json!(0)) {
        out.push_str(&format!("{INDENT}status {status}\n"));
    }
    for (mark, key) in [('>', "out"), ('!', "err")] {
        out.push_str(&print_text(mark, result[key].as_str().unwrap_or_default()));
    }
    for key in ["reply", "got"] {
        if let Some(text) = result[key].as_str().filter(|text| !text.is_empty()) {
            out.push_str(&format!("{INDENT}{key} {}\n", json!(text)));
        }
    }
    for line in result["lines"].as_array().into_iter().flatten() {
        out.push_str(&format!("{INDENT}= {}\n", escape(line.as_str().unwrap_or_default())));
    }
    for row in result["rows"].as_array().into_iter().flatten() {
        out.push_str(&format!("{INDENT}|{}|\n", escape_row(row.as_str().unwrap_or_default())));
    }
    if let Some(cursor) = result["cursor"].as_array() {
        let hidden = if cursor[2] == json!(true) { "" } else { " hidden" };
        out.push_str(&format!("{INDENT}cursor {} {}{hidden}\n", cursor[0], cursor[1]));
    }
    out
}

/// Words of a line.
fn split(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = line.trim_start_matches(' ');
    while !rest.is_empty() {
        let end = if rest.starts_with('"') {
            let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            out.push(strings.next().expect("a word").expect("a quoted word is JSON"));
            strings.byte_offset()
        } else {
            let end = rest.find(' ').unwrap_or(rest.len());
            out.push(rest[..end].to_owned());
            end
        };
        rest = rest[end..].trim_start_matches(' ');
    }
    out
}

/// All cases of a file.
pub(crate) fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(id) = line.strip_prefix("case ") {
            cases.push(Case { id: id.to_owned(), fx: String::new(), steps: Vec::new(), exp: Vec::new() });
            continue;
        }
        let case = cases.last_mut().expect("a case begins with its name");
        if let Some(fixture) = line.strip_prefix("on ") {
            case.fx = fixture.to_owned();
            continue;
        }
        let below = lines[at..].iter().take_while(|line| line.starts_with(INDENT)).count();
        let mut below: Vec<&str> = lines[at..at + below].iter().map(|line| &line[INDENT.len()..]).collect();
        at += below.len();
        let step = parse_step(line, &mut below);
        if has_result(&step) {
            case.exp.push(parse_result(&step, &below));
        }
        case.steps.push(step);
    }
    cases
}

/// Parses a step, and removes its input from the lines below it.
fn parse_step(line: &str, below: &mut Vec<&str>) -> Value {
    let (quiet, line) = line.strip_prefix("quietly ").map_or((false, line), |rest| (true, rest));
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (verb, client) = verb.split_once('@').map_or((verb, None), |(verb, name)| (verb, Some(name)));
    let mut words = split(rest);
    let mut step = Map::new();
    let listed = |words: &[String]| json!(words);
    match verb {
        "tmux" => drop(step.insert("cmd".into(), listed(&words))),
        "program" => drop(step.insert("cli".into(), listed(&words))),
        "until" => drop(step.insert("until".into(), listed(&words))),
        "type" | "mouse" => {
            let all = if words.len() == 1 { json!(words[0]) } else { listed(&words) };
            step.insert(verb.into(), all);
        }
        "put" | "write" => {
            step.insert(verb.into(), json!(words[0]));
            words.get(2).map(|pane| step.insert("pane".into(), json!(pane)));
        }
        "get" | "detach" | "file" => drop(step.insert(verb.into(), json!(words[0]))),
        "attach" | "resize" => {
            let (cols, rows) = words[1].split_once('x').expect("a size");
            step.insert(verb.into(), json!(words[0]));
            step.insert("cols".into(), json!(cols.parse::<u32>().expect("columns")));
            step.insert("rows".into(), json!(rows.parse::<u32>().expect("rows")));
            if words.len() > 2 {
                step.insert("args".into(), listed(&words.split_off(2)));
            }
        }
        "screen" => parse_screen(&words, &mut step),
        "control" => {
            let args = words.split_off(1);
            step.insert("flag".into(), json!(words[0]));
            if !args.is_empty() {
                step.insert("args".into(), listed(&args));
            }
            step.insert("control".into(), json!(parse_control(below)));
        }
        verb => panic!("a step that is not known: {verb}"),
    }
    client.map(|name| step.insert("client".into(), json!(name)));
    if quiet {
        step.insert("quiet".into(), json!(true));
    }
    take_input(verb, below, &mut step);
    Value::Object(step)
}

fn parse_screen(words: &[String], step: &mut Map<String, Value>) {
    step.insert("screen".into(), json!(words[0]));
    for word in &words[1..] {
        match word.strip_prefix("rows=") {
            Some(rows) => {
                let rows: Vec<i64> = rows.split(',').map(|row| row.parse().expect("a row")).collect();
                step.insert("only".into(), json!(rows));
            }
            None => drop(step.insert("cursor".into(), json!(true))),
        }
    }
}

/// Parses the lines for a control client. A step between them may have indented lines of its own.
fn parse_control(below: &mut Vec<&str>) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut rest = Vec::new();
    let all = std::mem::take(below);
    let mut all = all.into_iter().peekable();
    while let Some(line) = all.next() {
        if let Some(text) = line.strip_prefix("< ") {
            lines.push(json!(unescape(text)));
        } else if let Some(text) = line.strip_prefix("see ") {
            lines.push(json!({ "see": split(text)[0] }));
        } else if let Some(step) = line.strip_prefix("do ") {
            let mut inner = Vec::new();
            while let Some(line) = all.peek().and_then(|line| line.strip_prefix(INDENT)) {
                inner.push(line);
                all.next();
            }
            lines.push(parse_step(step, &mut inner));
        } else {
            rest.push(line);
        }
    }
    *below = rest;
    lines
}

/// Parses standard input or a file's data, the environment, and the text that `until` waits for.
fn take_input(verb: &str, below: &mut Vec<&str>, step: &mut Map<String, Value>) {
    let mut input = String::new();
    let mut env = Map::new();
    below.retain(|line| {
        if take_text(line, '<', &mut input) {
            return false;
        }
        let words = line.strip_prefix("env ").map(split);
        if let Some(words) = &words {
            env.insert(words[0].clone(), words.get(1).map_or(Value::Null, |value| json!(value)));
        } else if let Some(text) = line.strip_prefix("is ").filter(|_| verb == "until") {
            step.insert("is".into(), json!(split(text)[0]));
            return false;
        }
        words.is_none()
    });
    if verb == "file" {
        step.insert("data".into(), json!(input));
    } else if !input.is_empty() {
        step.insert("stdin".into(), json!(input));
    }
    if !env.is_empty() {
        step.insert("env".into(), Value::Object(env));
    }
}

/// Appends a line of text that starts with `mark`. False if it does not.
fn take_text(line: &str, mark: char, text: &mut String) -> bool {
    let Some(rest) = line.strip_prefix(mark) else { return false };
    match rest.strip_prefix("| ") {
        Some(line) => text.push_str(&unescape(line)),
        None => *text += &(unescape(rest.strip_prefix(' ').unwrap_or(rest)) + "\n"),
    }
    true
}

fn parse_result(step: &Value, below: &[&str]) -> Value {
    let (mut out, mut err) = (String::new(), String::new());
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    let (mut status, mut cursor, mut said) = (json!(0), Value::Null, json!(""));
    for line in below {
        if take_text(line, '>', &mut out) || take_text(line, '!', &mut err) {
        } else if let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) {
            rows.push(json!(unescape(row)));
        } else if let Some(text) = line.strip_prefix('=') {
            lines.push(json!(unescape(text.strip_prefix(' ').unwrap_or(text))));
        } else if let Some(code) = line.strip_prefix("status ") {
            status = serde_json::from_str(code).expect("a status");
        } else if let Some(place) = line.strip_prefix("cursor ") {
            let words = split(place);
            let number = |n: usize| words[n].parse::<u32>().expect("a cell");
            cursor = json!([number(0), number(1), words.len() < 3]);
        } else if let Some(text) = line.strip_prefix("reply ").or(line.strip_prefix("got ")) {
            said = json!(split(text)[0]);
        } else {
            panic!("a result that is not known: {line}");
        }
    }
    if step.get("screen").is_some() {
        return match cursor {
            Value::Null => json!({ "rows": rows }),
            cursor => json!({ "rows": rows, "cursor": cursor }),
        };
    }
    if step.get("control").is_some() {
        return json!({ "lines": lines });
    }
    for (verb, key) in [("put", "reply"), ("get", "got")] {
        if step.get(verb).is_some() {
            return json!({ key: said });
        }
    }
    if step.get("until").is_some() {
        return json!({ "out": out });
    }
    let mut result = json!({ "rc": status, "out": out });
    if !err.is_empty() {
        result["err"] = json!(err);
    }
    result
}
