//! Replays cases that were recorded by running tmux 3.7c, against the program as it is built.
//!
//! `cases/*.jsonl` holds one case a line: a fixture, steps, and what tmux gave for each step.
//! Nobody writes by hand what tmux does: `SCOPEMUX_RECORD=/path/to/tmux cargo test --test
//! compat` runs the same steps with that program and writes down what it gives.
//! `SCOPEMUX_CASES=FILE` takes one file of cases only.

mod about;
mod control;
mod flood;
mod keeper;
mod kept;
mod limits;
mod panics;
mod recordings;
mod recovery;
mod screen;
mod server;
mod steps;
mod streams;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use server::Server;

/// One recorded case.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Case {
    id: String,
    cat: String,
    fx: String,
    /// Must have a server of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    iso: bool,
    steps: Vec<Value>,
    exp: Vec<Value>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("compat-tests")
}

fn fixtures() -> BTreeMap<String, Vec<Value>> {
    let text = fs::read_to_string(root().join("fixtures.json")).expect("fixtures are readable");
    let all: BTreeMap<String, Value> = serde_json::from_str(&text).expect("fixtures are JSON");
    all.into_iter().map(|(name, f)| (name, f["steps"].as_array().cloned().unwrap_or_default())).collect()
}

fn load(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).expect("cases are readable");
    text.lines().map(|line| serde_json::from_str(line).expect("a case is one line of JSON")).collect()
}

/// Runs cases one after another; those of one fixture share a server until something goes wrong.
struct Runner<'a> {
    binary: &'a Path,
    fixtures: &'a BTreeMap<String, Vec<Value>>,
    server: Option<(String, Server)>,
}

impl Runner<'_> {
    fn results(&mut self, case: &Case, record: bool) -> Vec<Value> {
        let shared = self.server.take().filter(|(name, _)| *name == case.fx && !case.iso);
        let mut server = shared.map_or_else(
            || {
                let mut server = Server::new(self.binary);
                for step in &self.fixtures[&case.fx] {
                    steps::run(&mut server, step, None);
                }
                server
            },
            |(_, server)| server,
        );
        let mut wanted = case.exp.iter();
        let mut run = |step| {
            let wanted = if steps::has_result(step) { wanted.next() } else { None };
            steps::run(&mut server, step, wanted.filter(|_| !record))
        };
        let results = case.steps.iter().filter_map(&mut run).collect();
        if !case.iso {
            self.server = Some((case.fx.clone(), server));
        }
        results
    }

    /// The results, from a fresh server if they are not what is expected.
    fn check(&mut self, case: &Case) -> Result<(), String> {
        if self.results(case, false) == case.exp {
            return Ok(());
        }
        self.server = None;
        let got = self.results(case, false);
        if got == case.exp {
            return Ok(());
        }
        self.server = None;
        let steps = serde_json::to_string(&case.steps).expect("steps are JSON");
        Err(format!("{}: {steps}\n  want {}\n  got  {}", case.id, json!(case.exp), json!(got)))
    }
}

/// Runs the cases of one file and gathers what differs.
fn run_file(path: &Path, binary: &Path, record: bool) -> (usize, Vec<String>) {
    let fixtures = fixtures();
    let mut cases = load(path);
    let mut runner = Runner { binary, fixtures: &fixtures, server: None };
    let mut failed = Vec::new();
    for case in &mut cases {
        if record {
            case.exp = runner.results(case, true);
        } else if let Err(difference) = runner.check(case) {
            failed.push(difference);
        }
    }
    if record {
        let lines: Vec<String> =
            cases.iter().map(|c| serde_json::to_string(c).expect("a case is JSON")).collect();
        fs::write(path, lines.join("\n") + "\n").expect("cases are writable");
    }
    (cases.len(), failed)
}

#[test]
fn recorded_cases_of_tmux_are_reproduced() {
    let recorder = std::env::var_os("SCOPEMUX_RECORD").map(PathBuf::from);
    let binary = recorder.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_scopemux")));
    let chosen = std::env::var_os("SCOPEMUX_CASES").map(|file| vec![PathBuf::from(file)]);
    let all = chosen.is_none();
    let mut files = chosen.unwrap_or_else(|| {
        let entries = fs::read_dir(root().join("cases")).expect("there are cases");
        entries.map(|entry| entry.expect("a directory entry").path()).collect()
    });
    // Those that wait for screens take longest.
    files.sort_by_key(|path| (!path.to_string_lossy().contains("screens"), path.clone()));
    let queue = Mutex::new(files.into_iter());
    let outcome = Mutex::new((0, Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(file) = queue.lock().expect("not poisoned").next() else { break };
                    let (count, failed) = run_file(&file, &binary, recorder.is_some());
                    let mut outcome = outcome.lock().expect("not poisoned");
                    outcome.0 += count;
                    outcome.1.extend(failed);
                }
            });
        }
    });
    let (count, failed) = outcome.into_inner().expect("not poisoned");
    assert!(!all || count >= 150, "only {count} cases");
    assert!(failed.is_empty(), "{} of {count} differ:\n{}", failed.len(), failed.join("\n"));
}
