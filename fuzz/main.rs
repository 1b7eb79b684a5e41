//! Fuzzing without a nightly compiler. Each target takes bytes and panics if a property is
//! violated; inputs are the corpus (`fuzz/corpus/TARGET/`), mutations of it, and inputs generated
//! by the target's grammar.
//!
//! `cargo test` runs the corpus and a few hundred inputs that are always the same. `cargo test
//! --release --test fuzz -- TARGET SECONDS [SEED]` runs a target for long; a failing input is
//! reduced and saved in `target/tmp/fuzz/`. `-- TARGET FILE` runs one input. An input that revealed
//! a bug is added to the corpus, under a name that says what it does.
//!
//! A further target is a file here with `check` and `generate`, and a line in `TARGETS`.

mod control;
mod drawing;
mod foreign;
mod input;
mod keys;
mod language;
mod scenes;
mod snapshot;
mod terminal;
mod transcript;
mod vte;
mod wire;

use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use input::Rng;

/// Generated inputs under `cargo test`.
const SHORT_RUN: u64 = 150;
/// Time after which an input counts as hanging: it is saved, and the program ends.
const HANG: Duration = Duration::from_secs(60);
/// Attempts at reducing a failing input.
const REDUCTIONS: usize = 4000;

struct Target {
    name: &'static str,
    /// Panics if the input violates a property.
    check: fn(&[u8]),
    /// Generates an input.
    generate: fn(&mut Rng) -> Vec<u8>,
}

const TARGETS: &[Target] = &[
    Target { name: "terminal", check: terminal::check, generate: terminal::generate },
    Target { name: "keys", check: keys::check, generate: keys::generate },
    Target { name: "drawing", check: drawing::check, generate: drawing::generate },
    Target { name: "snapshot", check: snapshot::check, generate: snapshot::generate },
    Target { name: "vte", check: vte::check, generate: vte::generate },
    Target { name: "transcript", check: transcript::check, generate: transcript::generate },
    Target { name: "commands", check: language::check_commands, generate: language::generate_commands },
    Target { name: "formats", check: language::check_formats, generate: language::generate_formats },
    Target { name: "styles", check: language::check_styles, generate: language::generate_styles },
    Target { name: "layouts", check: language::check_layouts, generate: language::generate_layouts },
    Target { name: "wire", check: wire::check, generate: wire::generate },
    Target { name: "control", check: control::check, generate: control::generate },
];

fn main() {
    // Flags are cargo's own, meant for the usual test harness.
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let Some(target) = args.first().and_then(|name| TARGETS.iter().find(|t| t.name == name)) else {
        // A word that is not the name of a target is cargo's filter for all tests.
        let wanted = |target: &&Target| args.first().is_none_or(|word| target.name.contains(word.as_str()));
        TARGETS.iter().filter(wanted).for_each(|target| {
            run(target, SHORT_RUN, None, 1);
        });
        return;
    };
    let seed = args.get(2).and_then(|n| n.parse().ok()).unwrap_or(u64::from(std::process::id()));
    match args.get(1).map(|arg| (arg, arg.parse())) {
        Some((_, Ok(seconds))) => {
            let end = Instant::now() + Duration::from_secs(seconds);
            let done = run(target, u64::MAX, Some(end), seed);
            println!("fuzz {}: {done} inputs from seed {seed}, no finding", target.name);
        }
        Some((file, Err(_))) => (target.check)(&std::fs::read(file).expect("the input is readable")),
        None => {
            run(target, SHORT_RUN, None, 1);
        }
    }
}

/// Runs the corpus, then further inputs up to `count` or until the time is over.
fn run(target: &Target, count: u64, end: Option<Instant>, seed: u64) -> u64 {
    let corpus = corpus(target);
    let watch = Watch::start(target.name);
    for input in &corpus {
        attempt(target, input, &watch);
    }
    let mut rng = Rng::new(seed);
    for done in 0..count {
        if end.is_some_and(|end| Instant::now() >= end) {
            return done;
        }
        let mut input = (target.generate)(&mut rng);
        if !corpus.is_empty() && rng.below(3) == 0 {
            input = input::mutate(&corpus[rng.below(corpus.len())], &input, &mut rng);
        }
        attempt(target, &input, &watch);
    }
    count
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir).into_iter().flatten().map(|e| e.expect("readable").path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("readable")).collect()
}

/// Checks one input; a failing one is reduced and saved, and fails the run.
fn attempt(target: &Target, input: &[u8], watch: &Watch) {
    watch.begins(input);
    let failed = panic::catch_unwind(|| (target.check)(input)).is_err();
    watch.ends();
    if !failed {
        return;
    }
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let small = reduce(input, |tried| {
        watch.begins(tried);
        panic::catch_unwind(|| (target.check)(tried)).is_err()
    });
    panic::set_hook(hook);
    let path = keep(target.name, &small);
    eprintln!("fuzz {}: {} bytes fail, kept in {}", target.name, small.len(), path.display());
    (target.check)(&small);
    unreachable!("it failed a moment ago");
}

/// Removes pieces of an input while it still fails.
fn reduce(input: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut small = input.to_vec();
    let mut piece = (small.len() / 2).max(1);
    let mut tries = 0;
    while tries < REDUCTIONS {
        let mut at = 0;
        let before = small.len();
        while at < small.len() && tries < REDUCTIONS {
            let mut shorter = small.clone();
            shorter.drain(at..(at + piece).min(small.len()));
            tries += 1;
            if fails(&shorter) { small = shorter } else { at += piece }
        }
        match piece {
            1 if small.len() == before => break,
            _ => piece = (piece / 2).max(1),
        }
    }
    small
}

fn keep(target: &str, input: &[u8]) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&dir).expect("the target directory is writable");
    let hash =
        input.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    let path = dir.join(format!("{target}-{hash:016x}"));
    std::fs::write(&path, input).expect("the target directory is writable");
    path
}

/// Notices inputs that hang.
struct Watch {
    input: Arc<Mutex<(Option<Instant>, Vec<u8>)>>,
}

impl Watch {
    fn start(target: &'static str) -> Self {
        static WATCHES: AtomicU64 = AtomicU64::new(0);
        let watch = Watch { input: Arc::default() };
        let input = watch.input.clone();
        let name = format!("watch-{}", WATCHES.fetch_add(1, Ordering::Relaxed));
        let look = move || {
            loop {
                std::thread::park_timeout(HANG / 4);
                let now = input.lock().expect("no panic while it is held");
                if now.0.is_some_and(|since| since.elapsed() > HANG) {
                    eprintln!("fuzz {target}: hangs, kept in {}", keep(target, &now.1).display());
                    std::process::exit(1);
                }
            }
        };
        std::thread::Builder::new().name(name).spawn(look).expect("a thread can be started");
        watch
    }

    fn begins(&self, input: &[u8]) {
        let mut now = self.input.lock().expect("no panic while it is held");
        now.0 = Some(Instant::now());
        now.1.clear();
        now.1.extend_from_slice(input);
    }

    fn ends(&self) {
        self.input.lock().expect("no panic while it is held").0 = None;
    }
}
