//! Counts of instructions on the hot paths, which do not depend on the load of the machine:
//!
//!     .ci/counts                 # counts, beside the committed baseline
//!     .ci/counts feed            # only the paths whose names contain this
//!     .ci/counts --save          # writes the baseline
//!
//! The exit status is 1 if a path takes more than 3 % more than in `baseline.txt`, or is not in it.
//! Each path runs in its own process under valgrind's callgrind, which counts only inside `counted`
//! and on that thread. `cargo test` runs every path once without counting, so that none breaks
//! unnoticed.
//!
//! `gungraun` (once `iai-callgrind`) counts in the same way, but keeps its baselines as callgrind's
//! files in `target/` and needs a runner of the same version installed beside cargo; here, the
//! repository needs one number for each path.

mod paths;
mod scene;
mod workloads;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;

use paths::PATHS;

/// Increase over the baseline from which a path counts as slower, in percent. Seeds of hash tables
/// move a count by less than 0.5 %.
const TOLERANCE: f64 = 3.0;
/// Paths that are counted at once.
const JOBS: usize = 2;
/// Variable with the path that this process runs.
const PATH_VARIABLE: &str = "SCOPEMUX_COUNTED_PATH";
/// Variable with the baseline's first line, which `.ci/counts` passes: the tools that the counts
/// depend on.
const TOOLS_VARIABLE: &str = "SCOPEMUX_COUNTS_TOOLS";

fn baseline_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/counts/baseline.txt")
}

fn main() -> ExitCode {
    if let Ok(wanted) = std::env::var(PATH_VARIABLE) {
        let path = PATHS.iter().find(|(name, _)| *name == wanted).expect("a path that exists");
        path.1(&mut counted);
        return ExitCode::SUCCESS;
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let names: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|part| name.contains(part.as_str()));
    let chosen: Vec<_> = PATHS.iter().filter(|(name, _)| wanted(name)).collect();
    if !has("--bench") {
        chosen.iter().for_each(|(_, path)| path(&mut |work| work()));
        return ExitCode::SUCCESS;
    }
    if std::env::var_os(TOOLS_VARIABLE).is_none() {
        println!("counts: `.ci/counts` runs them");
        return ExitCode::SUCCESS;
    }
    let names: Vec<&'static str> = chosen.iter().map(|(name, _)| *name).collect();
    let counts = count_all(names);
    let before = baseline();
    let failed = compare(&counts, &before);
    if has("--save") {
        save(before, &counts);
        return ExitCode::SUCCESS;
    }
    failed
}

/// Reads the committed counts.
fn baseline() -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(baseline_file()).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.filter_map(|(name, count)| Some((name.to_owned(), count.parse().ok()?))).collect()
}

/// Writes the baseline: the new counts, and the old ones of paths not counted now.
fn save(mut all: BTreeMap<String, u64>, counts: &BTreeMap<&str, u64>) {
    all.retain(|name, _| PATHS.iter().any(|(path, _)| path == name));
    all.extend(counts.iter().map(|(name, count)| ((*name).to_owned(), *count)));
    let tools = std::env::var(TOOLS_VARIABLE).unwrap_or_default();
    let lines: String = all.iter().map(|(name, count)| format!("{name} {count}\n")).collect();
    std::fs::write(baseline_file(), format!("# {tools}\n{lines}")).expect("the baseline can be written");
}

/// Prints all counts; fails if one exceeds its baseline by too much.
fn compare(counts: &BTreeMap<&str, u64>, baseline: &BTreeMap<String, u64>) -> ExitCode {
    let (mut slower, mut unknown) = (Vec::new(), Vec::new());
    println!("{:<20} {:>14} {:>14} {:>10}", "path", "baseline", "now", "change");
    for (name, count) in counts {
        let Some(before) = baseline.get(*name) else {
            println!("{name:<20} {:>14} {count:>14}", "-");
            unknown.push(*name);
            continue;
        };
        let growth = (*count as f64 / *before as f64 - 1.0) * 100.0;
        println!("{name:<20} {before:>14} {count:>14} {growth:>+8.2} %");
        if growth > TOLERANCE {
            slower.push(*name);
        }
    }
    if slower.is_empty() && unknown.is_empty() {
        return ExitCode::SUCCESS;
    }
    if !slower.is_empty() {
        eprintln!("counts: more than {TOLERANCE} % over the baseline: {}", slower.join(", "));
    }
    if !unknown.is_empty() {
        eprintln!("counts: not in the baseline: {}", unknown.join(", "));
    }
    eprintln!(
        "counts: see where instructions go with `.ci/counts --where {}`. If the change is worth \
         them, run `.ci/counts --save` and commit benches/counts/baseline.txt with the reason.",
        slower.first().or(unknown.first()).unwrap_or(&"NAME")
    );
    ExitCode::FAILURE
}

/// Runs the part that callgrind counts.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}

fn count_all(mut names: Vec<&'static str>) -> BTreeMap<&'static str, u64> {
    names.reverse();
    let (left, counts) = (Mutex::new(names), Mutex::new(BTreeMap::new()));
    let next = || left.lock().expect("no thread panics with it").pop();
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while let Some(name) = next() {
                    let count = count(name);
                    counts.lock().expect("no thread panics with it").insert(name, count);
                }
            });
        }
    });
    counts.into_inner().expect("no thread panics with it")
}

/// Runs one path under callgrind and reads the total.
fn count(name: &str) -> u64 {
    let dir = tempfile::tempdir().expect("a directory for callgrind's counts");
    let out = dir.path().join(name);
    let program = std::env::current_exe().expect("a program knows its path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counts::counted*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .env_clear()
        .env(PATH_VARIABLE, name)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("valgrind is installed");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&out).expect("callgrind writes its counts");
    // Directory that keeps callgrind's files.
    if let Some(kept) = std::env::var_os("SCOPEMUX_COUNTS_DIR") {
        std::fs::copy(&out, Path::new(&kept).join(name)).expect("the counts can be kept");
    }
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = total.and_then(|total| total.trim().parse().ok()).expect("callgrind gives a total");
    assert!(total > 0, "{name}: callgrind did not see `counted`");
    total
}
