//! Containment on a real kernel. Does nothing unless `SCOPEMUX_SCOPES` names the expected backend
//! (`delegated`, `units`, `cgroup1`): the tests make groups and kill their own processes in them.
//! `compat-tests/vm/scopes` runs them in virtual machines.

#[path = "scopes/program.rs"]
mod program;

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use scopemux::testing::base::PaneId;
use scopemux::testing::containment::*;

const MB: u64 = 1 << 20;
/// Emulation is ten times slower than real hardware, and the machine may be busy.
pub const LONG: Duration = Duration::from_secs(120);

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(job) = args.iter().position(|a| a == "--job") {
        return be(&args[job + 1]);
    }
    let Ok(expected) = std::env::var("SCOPEMUX_SCOPES") else {
        println!("scopes: skipped (SCOPEMUX_SCOPES is not set)");
        return;
    };
    // This comes first, because the other tests move this process into a group of its own.
    program::all(&expected);
    let choice = if expected == "units" { Choice::Units } else { Choice::Cgroup };
    let pids = vec![std::process::id() as i32];
    let host = Host::default();
    let label = format!("test-{}", pids[0]);
    let starting = Starting::begin(Settings {
        choice,
        label,
        pids,
        host,
        tasks: scopemux::testing::reactor::new_runtime().expect("a runtime"),
    });
    let base = starting.memory_base();
    let Found { backend: mut it, message, .. } = starting.finish(LONG);
    println!("containment: {} (percentages of {base} bytes) {message:?}", it.status());
    assert!(it.status().to_string().starts_with(&expected), "expected {expected}: {message:?}");
    hog_dies_alone(&mut *it);
    bystander_in_the_same_scope_lives(&mut *it);
    forks_stop_at_the_limit(&mut *it);
    killing_reaches_daemons(&mut *it);
    limits_change_live(&mut *it);
    all_panes_together_are_bounded(&mut *it);
    assert_eq!(it.sweep(), []);
    println!("scopes: all passed");
}

/// Acts as a pane's process.
fn be(job: &str) {
    let _ = std::io::stdin().read_line(&mut String::new());
    match job {
        "idle" => loop {
            std::thread::sleep(Duration::from_secs(1000));
        },
        "hog" => {
            let mut held = Vec::new();
            loop {
                held.push(vec![1u8; 1 << 20]);
            }
        }
        "forks" => {
            let me = std::env::current_exe().unwrap();
            for _ in 0..200 {
                if Command::new(&me).args(["--job", "idle"]).stdin(Stdio::piped()).spawn().is_err() {
                    break;
                }
            }
            std::thread::sleep(Duration::from_secs(1000));
        }
        "daemons" => {
            for _ in 0..5 {
                let script =
                    "trap '' TERM HUP; setsid sh -c 'trap \"\" TERM HUP; sleep 1000 & sleep 1000 & wait' &";
                let _ = Command::new("sh").args(["-c", script]).status();
            }
        }
        other => panic!("{other}"),
    }
}

/// Starts a job in a scope as the keeper does, and lets it run.
fn start(it: &mut dyn Containment, scope: &mut dyn PaneScope, job: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--job", job]).stdin(Stdio::piped());
    let target = scope.spawn_target().unwrap();
    let files = match &target {
        SpawnTarget::Group { procs, dir } => {
            assert!(dir.as_fd().try_clone_to_owned().is_ok());
            vec![procs.clone()]
        }
        SpawnTarget::Enter { dirs } => dirs.iter().map(|dir| dir.join("tasks")).collect(),
        _ => Vec::new(),
    };
    // SAFETY: the hook only opens and writes files.
    unsafe {
        command.pre_exec(move || files.iter().try_for_each(|file| std::fs::write(file, "0")));
    }
    let child = command.spawn().unwrap();
    if matches!(target, SpawnTarget::Attach) {
        scope.attach(&[child.id() as i32]);
        let attached = wait_for(it, |event| matches!(event, Event::Attached { .. }));
        assert!(matches!(&attached, Event::Attached { result: Ok(()), .. }), "{attached:?}");
    }
    child.stdin.as_ref().unwrap().write_all(b"\n").unwrap();
    child
}

/// Waits for the first event that fits; prints and skips others.
fn wait_for(it: &mut dyn Containment, fits: impl Fn(&Event) -> bool) -> Event {
    let end = Instant::now() + LONG;
    while Instant::now() < end {
        for event in it.events() {
            if fits(&event) {
                return event;
            }
            println!("  passed over: {event:?}");
        }
        let fd: OwnedFd = it.events_fd().unwrap().try_clone_to_owned().unwrap();
        let _ = poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)], PollTimeout::from(1000u16));
    }
    panic!("nothing came");
}

pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < end, "{what} never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn limits(memory: u64) -> Limits {
    let none = Limits::default();
    none.with(Limit::Memory, Some(memory)).with(Limit::Swap, Some(0)).with(Limit::Pids, Some(64))
}

fn end(it: &mut dyn Containment, pane: u32, mut scope: Box<dyn PaneScope>, children: Vec<Child>) {
    scope.kill().unwrap();
    for mut child in children {
        child.wait().unwrap();
    }
    until("an empty scope", || scope.is_empty());
    it.forget(PaneId(pane));
    until("removal", || scope.remove().unwrap());
}

fn hog_dies_alone(it: &mut dyn Containment) {
    let mut hog_scope = it.open(PaneId(1), &limits(64 * MB)).unwrap();
    let mut idle_scope = it.open(PaneId(2), &limits(64 * MB)).unwrap();
    let mut idle = start(it, &mut *idle_scope, "idle");
    let mut hog = start(it, &mut *hog_scope, "hog");
    let event = wait_for(it, |event| matches!(event, Event::OomKill { .. }));
    println!("hog: {event:?}");
    let fits = matches!(event, Event::OomKill { pane: PaneId(1), kills: 1.., cause: OomCause::Pane });
    assert!(fits, "{event:?}");
    assert_eq!(hog.wait().unwrap().signal(), Some(9));
    assert!(idle.try_wait().unwrap().is_none(), "the neighbour was hurt");
    let usage = idle_scope.usage();
    assert_eq!((usage.memory_max, usage.pids, usage.oom_kills), (Some(64 * MB), Some(1), Some(0)));
    // In a unit, this test's process arrives after its exec, so its memory is charged elsewhere.
    let charged = it.status().backend != Backend::Units;
    assert!(
        (usage.memory.unwrap() > 0 || !charged) && usage.memory_peak.is_none_or(|n| n > 0 || !charged),
        "{usage:?}"
    );
    println!(
        "idle pane {}: {usage:?} {:?}",
        idle_scope.name(),
        load_of(PaneId(2), &*idle_scope, Standing::default())
    );
    assert_eq!(idle_scope.pids(), [idle.id() as i32]);
    end(it, 1, hog_scope, Vec::new());
    end(it, 2, idle_scope, vec![idle]);
}

fn bystander_in_the_same_scope_lives(it: &mut dyn Containment) {
    let mut scope = it.open(PaneId(3), &limits(64 * MB)).unwrap();
    let mut shell = Command::new("sh");
    let me = std::env::current_exe().unwrap();
    shell.args(["-c", "read x; \"$0\" --job hog </dev/null; read y", me.to_str().unwrap()]);
    let procs = match scope.spawn_target().unwrap() {
        SpawnTarget::Group { procs, .. } => vec![procs],
        SpawnTarget::Enter { dirs } => dirs.iter().map(|dir| dir.join("tasks")).collect(),
        _ => Vec::new(),
    };
    let attach = procs.is_empty();
    // SAFETY: the hook only opens and writes files.
    unsafe {
        shell.pre_exec(move || procs.iter().try_for_each(|file| std::fs::write(file, "0")));
    }
    let mut shell = shell.stdin(Stdio::piped()).spawn().unwrap();
    if attach {
        scope.attach(&[shell.id() as i32]);
        wait_for(it, |event| matches!(event, Event::Attached { .. }));
    }
    shell.stdin.as_ref().unwrap().write_all(b"\n").unwrap();
    wait_for(it, |event| matches!(event, Event::OomKill { pane: PaneId(3), .. }));
    // The shell reaches its second read, and ends by itself.
    shell.stdin.as_ref().unwrap().write_all(b"\n").unwrap();
    let status = shell.wait().unwrap();
    assert_eq!(status.signal(), None, "the shell died with the hog");
    end(it, 3, scope, Vec::new());
}

fn forks_stop_at_the_limit(it: &mut dyn Containment) {
    let mut scope = it.open(PaneId(4), &limits(256 * MB).with(Limit::Pids, Some(8))).unwrap();
    let child = start(it, &mut *scope, "forks");
    if it.status().backend == Backend::V1 {
        // In version 1 groups, newer kernels count but send no event.
        until("the limit", || scope.usage().pids == Some(8));
    } else {
        let event = wait_for(it, |event| matches!(event, Event::PidsLimit { .. }));
        println!("forks: {event:?} {:?}", scope.usage().pids);
    }
    assert!(scope.pids().len() <= 8);
    end(it, 4, scope, vec![child]);
}

fn killing_reaches_daemons(it: &mut dyn Containment) {
    let mut scope = it.open(PaneId(5), &limits(256 * MB)).unwrap();
    let mut child = start(it, &mut *scope, "daemons");
    child.wait().unwrap();
    until("daemons", || scope.pids().len() >= 15);
    it.forget(PaneId(5));
    if !scope.name().ends_with(".scope") {
        let strays = it.sweep();
        assert_eq!((strays.len(), strays[0].pids.len()), (1, scope.pids().len()), "{strays:?}");
        let again = it.open(PaneId(5), &limits(MB)).unwrap();
        assert_ne!(again.name(), scope.name());
        it.forget(PaneId(5));
        scope = it.adopt(PaneId(5), &scope.name()).unwrap();
    }
    scope.kill().unwrap();
    until("the end of all daemons", || scope.pids().is_empty());
    end(it, 5, scope, Vec::new());
    it.sweep();
}

fn limits_change_live(it: &mut dyn Containment) {
    let mut scope = it.open(PaneId(6), &limits(512 * MB)).unwrap();
    let child = start(it, &mut *scope, "idle");
    scope.set_limits(&limits(0).with(Limit::Memory, None).with(Limit::Pids, None)).unwrap();
    until("no limit", || scope.usage().memory_max.is_none());
    scope.set_limits(&limits(100 * MB).with(Limit::Cpu, Some(50))).unwrap();
    until("a limit", || scope.usage().memory_max == Some(100 * MB));
    end(it, 6, scope, vec![child]);
}

fn all_panes_together_are_bounded(it: &mut dyn Containment) {
    let mut scope = it.open(PaneId(7), &limits(512 * MB)).unwrap();
    it.set_panes_memory_max(Some(48 * MB)).unwrap();
    let mut hog = start(it, &mut *scope, "hog");
    let event = wait_for(it, |event| matches!(event, Event::OomKill { .. }));
    println!("all together: {event:?}");
    assert_eq!(hog.wait().unwrap().signal(), Some(9));
    it.set_panes_memory_max(None).unwrap();
    end(it, 7, scope, Vec::new());
}
