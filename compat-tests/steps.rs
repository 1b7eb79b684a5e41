//! The steps of a case.

use serde_json::{Value, json};

use super::control::Control;
use super::server::{Output, Server};

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|v| v.as_str().unwrap_or_default().to_owned()).collect()
}

/// Does one step. `Some`: its result, for steps that have one.
pub fn run(server: &mut Server, step: &Value) -> Option<Value> {
    let result = perform(server, step);
    result.filter(|_| !step["quiet"].as_bool().unwrap_or(false))
}

fn perform(server: &mut Server, step: &Value) -> Option<Value> {
    let stdin = server.bytes(step["stdin"].as_str().unwrap_or_default());
    if let Some(command) = step.get("cmd") {
        let mut args: Vec<String> = ["-L", "t", "-f", "/dev/null"].map(str::to_owned).to_vec();
        args.extend(texts(command));
        let output = server.run(&args, &stdin, &[]);
        return Some(output_value(server, &output));
    }
    if let Some(line) = step.get("cli") {
        let env: Vec<(String, Option<String>)> = step["env"]
            .as_object()
            .map(|vars| vars.iter().map(|(k, v)| (k.clone(), v.as_str().map(str::to_owned))).collect())
            .unwrap_or_default();
        let output = server.run(&texts(line), &stdin, &env);
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
        return Some(json!({ "lines": control(server, step, lines) }));
    }
    if let Some(path) = step["file"].as_str() {
        server.write_file(path, step["data"].as_str().unwrap_or_default());
        return None;
    }
    panic!("a step that is not known: {step}");
}

/// A control client is given lines one after another. Between them, other steps are done, and
/// `{"see": TEXT}` waits for what comes by itself.
fn control(server: &mut Server, step: &Value, lines: &[Value]) -> Vec<String> {
    let args = if step["args"].is_null() { vec!["attach-session".to_owned()] } else { texts(&step["args"]) };
    let mut client = Control::start(server, step["flag"].as_str().unwrap_or("-C"), &args);
    for line in lines {
        if let Some(text) = line.as_str() {
            client.line(server, &server.bytes(text));
        } else if let Some(text) = line["see"].as_str() {
            client.see(text);
        } else {
            run(server, line);
            client.settle(server);
        }
    }
    client.finish(server)
}

fn output_value(server: &Server, output: &Output) -> Value {
    let mut value = json!({ "rc": output.status, "out": server.normal(&output.out) });
    if !output.err.is_empty() {
        value["err"] = json!(server.normal(&output.err));
    }
    value
}
