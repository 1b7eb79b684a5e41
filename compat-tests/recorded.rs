//! Replays cases that were recorded from tmux 3.7c against this program: one named test for each
//! case, each with its own server.
//!
//! `cases/*.case` holds them as text (`case_file` describes it). `cargo test NAME` runs those whose
//! name contains NAME and prints the steps of one that fails, with tmux's result and ours. Results
//! of tmux are never written by hand: `SCOPEMUX_RECORD=/path/to/tmux cargo test --test recorded
//! [NAME]` runs the same steps with that program and writes its results down.

mod beside;
mod case_file;
mod control;
mod screen;
mod server;
mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

use case_file::{has_result, parse, print, print_result};
use server::Server;
use steps::{Fixtures, fixtures, root};

/// Tests that run at once: they spend most of their time waiting for screens.
const THREADS: usize = 4;

/// One recorded case.
#[derive(Clone, PartialEq, Debug)]
struct Case {
    id: String,
    /// Name of the fixture: steps that run before.
    fx: String,
    steps: Vec<Value>,
    /// Expected results, of the steps that have one.
    exp: Vec<Value>,
}

/// The files of cases, in order.
fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("cases")).expect("there are cases");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a directory entry").path()).collect();
    files.sort();
    files
}

fn load(path: &Path) -> Vec<Case> {
    parse(&fs::read_to_string(path).expect("cases are readable"))
}

/// Name of a case's test: file name and case name.
fn name(path: &Path, case: &Case) -> String {
    format!("{}: {}", path.file_stem().unwrap_or_default().to_string_lossy(), case.id)
}

/// Runs the steps of a case on a new server. A step that waits for a screen is given the recorded
/// one.
fn results(binary: &Path, fixtures: &Fixtures, case: &Case, record: bool) -> Vec<Value> {
    let mut server = Server::new(binary);
    for step in &fixtures[&case.fx] {
        steps::run(&mut server, step, None);
    }
    let mut wanted = case.exp.iter();
    let run = |step| {
        let wanted = if has_result(step) { wanted.next() } else { None };
        steps::run(&mut server, step, wanted.filter(|_| !record))
    };
    case.steps.iter().filter_map(run).collect()
}

fn check(binary: &Path, fixtures: &Fixtures, case: &Case) -> Result<(), Failed> {
    let got = results(binary, fixtures, case, false);
    if got == case.exp { Ok(()) } else { Err(Failed::from(difference(case, &got))) }
}

/// A case as in its file; our result is added below a result that differs.
fn difference(case: &Case, got: &[Value]) -> String {
    let mut out = String::from("\n");
    let mut number = 0;
    for step in &case.steps {
        let one = Case { steps: vec![step.clone()], ..case.clone() };
        let printed = print(&one, &case.exp[number.min(case.exp.len())..]);
        out.push_str(printed.splitn(3, '\n').nth(2).unwrap_or_default());
        if has_result(step) {
            if case.exp.get(number) != got.get(number) {
                out.push_str("-- tmux gave what stands above, this came:\n");
                out.push_str(&print_result(got.get(number).unwrap_or(&Value::Null)));
                out.push_str("--\n");
            }
            number += 1;
        }
    }
    out
}

/// Records the cases whose names contain the filter.
fn record(binary: &Path, filter: Option<&str>) {
    let fixtures = fixtures();
    let files = std::sync::Mutex::new(files().into_iter());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(path) = files.lock().expect("not poisoned").next() else { break };
                    let mut cases = load(&path);
                    for case in &mut cases {
                        if filter.is_none_or(|filter| name(&path, case).contains(filter)) {
                            case.exp = results(binary, &fixtures, case, true);
                        }
                    }
                    fs::write(&path, text(&cases)).expect("cases are writable");
                }
            });
        }
    });
}

fn text(cases: &[Case]) -> String {
    let all: Vec<String> = cases.iter().map(|case| print(case, &case.exp)).collect();
    all.join("\n")
}

/// Parsing and printing a file loses nothing, and every file is as `record` would write it.
fn files_are_canonical() -> Result<(), Failed> {
    for path in files() {
        let written = fs::read_to_string(&path).expect("cases are readable");
        if text(&parse(&written)) != written {
            return Err(format!("{} is not as recording writes it", path.display()).into());
        }
    }
    Ok(())
}

/// Every name belongs to one case only, so that the case can run alone.
fn names_are_unique(names: &[String]) -> Result<(), Failed> {
    let mut seen = std::collections::BTreeSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(format!("two cases are named {twice:?}").into()),
        None => Ok(()),
    }
}

/// Random screens (or, with the word `layouts`, layouts alone) beside a real tmux, for some seconds
/// from a seed, or so many scenes; or the cases of a file, named behind the word `play`.
/// `SCOPEMUX_PROGRAM` names another build of this program, for one that is faster.
fn beside(tmux: &Path) -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse().ok());
    let (seconds, seed) = (numbers.next().unwrap_or(60), numbers.next().unwrap_or(1));
    let ours = std::env::var_os("SCOPEMUX_PROGRAM").map(PathBuf::from);
    let ours = ours.unwrap_or_else(|| env!("CARGO_BIN_EXE_scopemux").into());
    let layouts = std::env::args().any(|arg| arg == "layouts");
    let file = std::env::args().skip_while(|arg| arg != "play").nth(1);
    let same = if let Some(file) = file {
        beside::play_cases(&ours, tmux, &load(Path::new(&file)))
    } else if layouts {
        beside::layouts::run(&ours, tmux, seconds, seed)
    } else {
        beside::run(&ours, tmux, seconds, seed, numbers.next().unwrap_or(u64::MAX))
    };
    if same { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn main() -> ExitCode {
    if let Some(tmux) = std::env::var_os("SCOPEMUX_BESIDE") {
        return beside(Path::new(&tmux));
    }
    let mut args = Arguments::from_args();
    if let Some(binary) = std::env::var_os("SCOPEMUX_RECORD") {
        record(Path::new(&binary), args.filter.as_deref());
        return ExitCode::SUCCESS;
    }
    args.test_threads.get_or_insert(THREADS);
    let binary = Path::new(env!("CARGO_BIN_EXE_scopemux"));
    let fixtures: &'static Fixtures = Box::leak(Box::new(fixtures()));
    let mut trials = vec![Trial::test("files: as recording writes them", files_are_canonical)];
    let mut names = Vec::new();
    for path in files() {
        for case in load(&path) {
            names.push(name(&path, &case));
            let run = move || check(binary, fixtures, &case);
            trials.push(Trial::test(names[names.len() - 1].clone(), run));
        }
    }
    // Cases that wait for screens take longest, so they start first.
    trials.sort_by_key(|trial| !trial.name().starts_with("screens"));
    trials.push(Trial::test("files: each name once", move || names_are_unique(&names)));
    libtest_mimic::run(&args, trials).exit_code()
}
