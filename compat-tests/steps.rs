//! The steps of a case, and the fixtures: steps that run before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::control::Control;
use super::screen::Outer;
use super::server::{Output, PATIENCE, Server};

pub(crate) type Fixtures = BTreeMap<String, Vec<Value>>;

/// The directory of these tests.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("compat-tests")
}

/// The fixtures by name.
pub(crate) fn fixtures() -> Fixtures {
    let text = std::fs::read_to_string(root().join("fixtures.json")).expect("fixtures are readable");
    let all: BTreeMap<String, Value> = serde_json::from_str(&text).expect("fixtures are JSON");
    all.into_iter().map(|(name, f)| (name, f["steps"].as_array().cloned().unwrap_or_default())).collect()
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|v| v.as_str().unwrap_or_default().to_owned()).collect()
}

/// Runs one step. `Some`: its result, for steps that have one. `wanted` is the expected result, for
/// steps that wait for it; without it, they wait until nothing more comes.
pub(crate) fn run(server: &mut Server, step: &Value, wanted: Option<&Value>) -> Option<Value> {
    let result = perform(server, step, wanted);
    result.filter(|_| !step["quiet"].as_bool().unwrap_or(false))
}

/// Changes that a step makes to the environment.
fn environment(step: &Value) -> Vec<(String, Option<String>)> {
    let changes = step["env"].as_object().into_iter().flatten();
    changes.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect()
}

/// One text, or several that are sent one after another.
fn pieces(value: &Value) -> Vec<String> {
    value.as_str().map_or_else(|| texts(value), |text| vec![text.to_owned()])
}

/// Runs a step of an attached client (`client` names it, default `c`).
fn on_screen(server: &mut Server, step: &Value, wanted: Option<&Value>) -> Option<Value> {
    if let Some(name) = step["attach"].as_str() {
        let args =
            if step["args"].is_null() { vec!["attach-session".to_owned()] } else { texts(&step["args"]) };
        let outer = Outer::attach(server, step, &args);
        server.outers.insert(name.to_owned(), outer);
        return None;
    }
    let named = ["resize", "screen", "detach"].iter().find_map(|key| step[key].as_str());
    let name = named.or(step["client"].as_str()).unwrap_or("c").to_owned();
    let mut outer = server.outers.remove(&name).expect("a client that was attached");
    let mut result = None;
    if step.get("detach").is_some() {
        return None;
    } else if let Some(keys) = step.get("type") {
        for keys in pieces(keys) {
            outer.keys(server, &server.bytes(&keys));
        }
    } else if let Some(gestures) = step.get("mouse") {
        for gesture in pieces(gestures) {
            outer.mouse(server, &gesture);
        }
    } else if step.get("resize").is_some() {
        outer.resize(server, step);
    } else {
        result = Some(outer.screen(server, step, wanted));
    }
    server.outers.insert(name, outer);
    result
}

fn perform(server: &mut Server, step: &Value, wanted: Option<&Value>) -> Option<Value> {
    let stdin = server.bytes(step["stdin"].as_str().unwrap_or_default());
    if let Some(command) = step.get("cmd") {
        let mut args: Vec<String> = ["-L", "t", "-f", "/dev/null"].map(str::to_owned).to_vec();
        args.extend(texts(command));
        let output = server.run(&args, &stdin, &[]);
        return Some(output_value(server, &output));
    }
    if let Some(line) = step.get("cli") {
        let output = server.run(&texts(line), &stdin, &environment(step));
        return Some(output_value(server, &output));
    }
    let pane = step["pane"].as_str().unwrap_or_default();
    if let Some(data) = step["put"].as_str() {
        let mut data = server.bytes(data);
        data.extend_from_slice(b"\x1b\\\x1b[5n");
        let tty = server.tty(pane);
        tty.write(&data);
        let reply = tty.read_until(b"\x1b[0n");
        return Some(json!({ "reply": server.normal(&reply) }));
    }
    if let Some(data) = step["write"].as_str() {
        let data = server.bytes(data);
        server.tty(pane).write(&data);
        server.settle();
        return None;
    }
    if let Some(pane) = step["get"].as_str() {
        server.tty(pane);
        server.send_literal(pane, "<END>");
        let got = server.tty(pane).read_until(b"<END>");
        return Some(json!({ "got": server.normal(&got) }));
    }
    if let Some(lines) = step["control"].as_array() {
        return Some(json!({ "lines": control(server, step, lines, wanted) }));
    }
    if ["attach", "type", "mouse", "resize", "screen", "detach"].iter().any(|name| step.get(name).is_some()) {
        return on_screen(server, step, wanted);
    }
    if step.get("until").is_some() {
        return Some(json!({ "out": until(server, step) }));
    }
    if let Some(path) = step["file"].as_str() {
        server.write_file(path, step["data"].as_str().unwrap_or_default());
        return None;
    }
    panic!("a step that is not known: {step}");
}

/// Sends lines to a control client one after another. Other steps may run between them, and
/// `{"see": TEXT}` waits for unsolicited output.
fn control(server: &mut Server, step: &Value, lines: &[Value], wanted: Option<&Value>) -> Vec<String> {
    let args = if step["args"].is_null() { vec!["attach-session".to_owned()] } else { texts(&step["args"]) };
    let flag = step["flag"].as_str().unwrap_or("-C");
    let mut client = Control::start(server, flag, &args, &environment(step));
    for line in lines {
        if let Some(text) = line.as_str() {
            client.line(server, &server.bytes(text));
        } else if let Some(text) = line["see"].as_str() {
            client.see(text);
        } else {
            run(server, line, None);
            client.settle(server);
        }
    }
    // A client that ends by itself prints its last line late.
    let wanted = wanted.and_then(|value| value["lines"].as_array()).map_or(0, Vec::len);
    client.expect_lines(server, wanted);
    client.finish(server)
}

/// Repeats a command until its output is as wanted. Panics if that does not happen.
fn until(server: &mut Server, step: &Value) -> String {
    let args = texts(&step["until"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let end = Instant::now() + PATIENCE;
    loop {
        let out = server.normal(server.ask(&args).as_bytes());
        if step["is"] == out {
            return out;
        }
        assert!(Instant::now() < end, "{args:?} still prints {out:?}");
    }
}

fn output_value(server: &Server, output: &Output) -> Value {
    let mut value = json!({ "rc": output.status, "out": server.normal(&output.out) });
    if !output.err.is_empty() {
        value["err"] = json!(server.normal(&output.err));
    }
    value
}
