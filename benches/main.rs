//! Benches of the whole program, compared with the real tmux if one is given:
//!
//!     SCOPEMUX_BENCH_TMUX=/path/to/tmux cargo bench             # or: cargo bench -- /path/to/tmux
//!     cargo bench -- /path/to/tmux latency                      # only the groups whose names hold this
//!     cargo bench -- /path/to/tmux large 1                      # one round, not five
//!
//! Programs take turns within every round and medians are shown, so that a busy machine disturbs
//! both alike; `cpu` is the server's processor time, which a busy machine hardly changes.
//! `cargo test` runs one tiny round, so that the benches do not rot; it measures nothing.

mod groups;
mod mux;

use std::collections::BTreeMap;
use std::path::PathBuf;

use groups::{GROUPS, Scale};
use mux::Program;

/// Variable with the path of the real tmux.
const TMUX_VARIABLE: &str = "SCOPEMUX_BENCH_TMUX";

/// Samples by measurement, then by program.
type Samples = BTreeMap<&'static str, BTreeMap<&'static str, Vec<f64>>>;

fn main() {
    // Cargo passes `--bench` when it runs benches, and nothing when it runs tests.
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let measured = arguments.iter().any(|argument| argument == "--bench");
    arguments.retain(|argument| !argument.starts_with("--"));
    let mut scale = if measured { Scale::FULL } else { Scale::TINY };

    let ours = PathBuf::from(env!("CARGO_BIN_EXE_scopemux"));
    let mut programs = vec![Program { name: "scopemux", path: ours }];
    let given = arguments.iter().position(|argument| argument.contains('/')).map(|at| arguments.remove(at));
    if let Some(at) = arguments.iter().position(|argument| argument.parse::<usize>().is_ok()) {
        scale.rounds = arguments.remove(at).parse().expect("a number");
    }
    match given.or_else(|| std::env::var(TMUX_VARIABLE).ok()) {
        Some(path) => programs.push(Program { name: "tmux", path: path.into() }),
        None => println!("no real tmux to compare with: set {TMUX_VARIABLE}"),
    }

    for (name, group) in GROUPS {
        if !arguments.is_empty() && !arguments.iter().any(|wanted| name.contains(wanted.as_str())) {
            continue;
        }
        let mut samples = Samples::new();
        for round in 0..scale.rounds {
            // Every second round runs in reverse order: the program that goes first has the colder
            // caches.
            let order: Vec<&Program> =
                if round % 2 == 0 { programs.iter().collect() } else { programs.iter().rev().collect() };
            for program in order {
                group(program, &scale, &mut |what, value| {
                    samples.entry(what).or_default().entry(program.name).or_default().push(value);
                });
            }
        }
        print(name, &samples);
    }
}

/// Prints one line for each measurement: medians, and ours as a multiple of tmux's.
fn print(group: &str, samples: &Samples) {
    for (what, by_program) in samples {
        let ours = by_program.get("scopemux").map(|values| median(values));
        let theirs = by_program.get("tmux").map(|values| median(values));
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        let ratio = match (ours, theirs) {
            (Some(ours), Some(theirs)) if theirs > 0.0 => format!("{:.2}x", ours / theirs),
            _ => "-".to_owned(),
        };
        println!("{group:<11} {what:<34} {:>12} {:>12} {ratio:>8}", number(ours), number(theirs));
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
