//! Random layouts, drawn for clients of any size by the program and by a real tmux.
//!
//! `SCOPEMUX_BESIDE=/path/to/tmux cargo test --test recorded [SECONDS [SEED [SCENES]]]` generates
//! windows of panes, options, modes, menus and popups, attaches clients from 1x1 upwards, and compares
//! their screens. A difference is reduced and printed as a case, which can be added to `cases/` and
//! recorded.
//!
//! With the words `play FILE` it plays the cases of a file instead, comparing after each step.
//!
//! tmux leaves cells on a terminal that it should have drawn again, and a part of a window in view
//! whose cursor has moved out of it by a reflow. So a screen that differs is compared once more after
//! tmux alone was asked to look for the cursor and to draw everything (`refresh-client -c`, then
//! without flags), and counted as drawn again if it looks the same then. Clients act at the same time,
//! so a scene that differs is played once more; one that does not differ again is counted as unsteady.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Case;
use super::case_file::print;
use super::server::Server;
use super::steps;

pub(crate) mod layouts;
mod pipe;

/// How long two screens may differ before it is a difference: messages stay for a while.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a view that tmux draws wrongly may differ.
const DRAWING: Duration = Duration::from_millis(300);
/// How long a screen may differ before tmux is asked to draw all of it.
const REDRAWING: Duration = Duration::from_secs(2);
/// How long a difference is made smaller.
const REDUCING: Duration = Duration::from_secs(30);
/// Clients of one scene, and the number of sizes that each of them gets at its end.
const CLIENTS: usize = 4;
const SIZES: usize = 7;
/// Columns and rows for all of a menu, and more columns than a small popup has.
const LEAST: (u64, u64) = (31, 8);
/// Scenes at once: most of their time goes into waiting.
const WORKERS: usize = 6;

/// Random numbers (xorshift), determined by the seed.
struct Rng(u64);

impl Rng {
    /// Of a scene with a number.
    fn of(number: u64) -> Self {
        Self(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

fn tmux(words: &[&str]) -> Value {
    json!({ "cmd": words })
}

fn line(text: &str) -> Value {
    let words: Vec<&str> = text.split(' ').collect();
    tmux(&words)
}

/// Length of a client's side: often tiny, usually ordinary.
fn side(rng: &mut Rng, usual: u64) -> u64 {
    match rng.below(10) {
        0..3 => 1 + rng.below(4),
        3..6 => 1 + rng.below(usual / 2),
        _ => usual / 2 + rng.below(usual),
    }
}

fn size(rng: &mut Rng) -> (u64, u64) {
    (side(rng, 80), side(rng, 24))
}

fn pane(rng: &mut Rng) -> String {
    format!("w:.{}", rng.below(6))
}

fn program(rng: &mut Rng) -> String {
    let text = rng.pick(&[
        "seq 1 40",
        "printf 'left\\\\tright\\\\n'; seq -s ' ' 1 99",
        "printf '\\\\033[44mblue\\\\033[K\\\\nmore'",
        "printf '日本語 wide 漢字\\\\n'; seq 1 3",
        "printf '\\\\033[7mreverse\\\\033[0m \\\\033[4munder\\\\n'",
        ":",
    ]);
    format!("{text}; exec sleep 9999")
}

fn layout_step(rng: &mut Rng) -> Value {
    let target = pane(rng);
    match rng.below(12) {
        0..5 => {
            let mut words = vec!["split-window", rng.pick(&["-h", "-v"]), "-t", &target];
            words.extend([rng.pick(&["-d", "-Z", "-b", "-f"])].iter().filter(|_| rng.one_in(3)));
            let len = format!("{}", 1 + rng.below(30));
            if rng.one_in(4) {
                words.extend(["-l", &len]);
            }
            let program = program(rng);
            words.push(&program);
            tmux(&words)
        }
        5 => {
            let n: Vec<String> = [60, 20, 90, 26].iter().map(|max| rng.below(*max).to_string()).collect();
            let program = program(rng);
            let mut words = vec!["new-pane", "-t", &target];
            if !rng.one_in(4) {
                words.extend(["-x", &n[0], "-y", &n[1], "-X", &n[2], "-Y", &n[3]]);
            }
            words.push(&program);
            tmux(&words)
        }
        6 => line(&format!(
            "resize-pane -t {target} {} {}",
            rng.pick(&["-L", "-R", "-U", "-D", "-x", "-y"]),
            1 + rng.below(20)
        )),
        7 => line(&format!("resize-pane -Z -t {target}")),
        8 => line(&format!(
            "select-layout -t w: {}",
            rng.pick(&[
                "even-horizontal",
                "even-vertical",
                "main-horizontal",
                "main-vertical",
                "tiled",
                "main-vertical-mirrored"
            ])
        )),
        9 => line(&format!("swap-pane -s {} -t {target}", pane(rng))),
        10 => line(&format!("kill-pane -t {target}")),
        _ => line(&format!("select-pane {} {target}", rng.pick(&["-t", "-t", "-m -t", "-e -t"]))),
    }
}

const OPTIONS: &[&[&str]] = &[
    &["pane-border-status", "off", "top", "bottom"],
    &["pane-border-lines", "single", "double", "heavy", "simple", "number", "spaces"],
    &["pane-border-indicators", "off", "colour", "arrows", "both"],
    &["pane-scrollbars", "off", "on", "modal"],
    &["pane-scrollbars-position", "left", "right"],
    // Of a wider bar tmux draws the first column only, and leaves in the others what was there.
    &["pane-scrollbars-style", "default", "fg=red,bg=blue", "bg=green"],
    &["status", "off", "on", "2", "3", "5"],
    &["status-position", "top", "bottom"],
    &["status-justify", "left", "right", "centre", "absolute-centre"],
    &["window-size", "largest", "smallest", "latest", "manual"],
    &["pane-border-style", "default", "fg=red", "bg=blue"],
    &["pane-active-border-style", "default", "fg=green,bold"],
    &["window-active-style", "default", "bg=colour17"],
    &["window-style", "default", "fg=colour240"],
    &["pane-border-format", "#{pane_index}", "#[align=right]#{pane_width}x#{pane_height}", ""],
    &["fill-character", "", "~", "·"],
    &["mode-keys", "vi", "emacs"],
    &["synchronize-panes", "on", "off"],
    &["popup-border-lines", "single", "rounded", "none", "padded"],
    &["menu-border-lines", "single", "double", "none", "padded"],
    &["message-line", "0", "1", "3"],
];

fn option_step(rng: &mut Rng) -> Value {
    let row = OPTIONS[rng.below(OPTIONS.len() as u64) as usize];
    tmux(&["set-option", "-g", row[0], rng.pick(&row[1..])])
}

fn client(rng: &mut Rng) -> String {
    format!("c{}", rng.below(CLIENTS as u64))
}

fn client_step(rng: &mut Rng) -> Value {
    let name = client(rng);
    let (cols, rows) = size(rng);
    match rng.below(3) {
        0 => json!({ "client": name, "type": rng.pick(&["\u{2}n", "\u{2}z", "\u{2}o", "\u{2};"]) }),
        1 => line(&format!("resize-window -t w: -x {} -y {}", cols * 2, rows * 2)),
        _ => json!({ "resize": name, "cols": cols, "rows": rows }),
    }
}

/// Objects that cover panes or the status line of one client, opened by keys bound to their
/// commands.
const OVERLAYS: &[&[&str]] = &[
    &[
        "display-menu",
        "-x",
        "0",
        "-y",
        "0",
        "-T",
        "title",
        "one",
        "1",
        "",
        "",
        "two",
        "2",
        "",
        "-disabled",
        "",
        "",
    ],
    &["display-menu", "-x", "R", "-y", "S", "-T", "a long title of a menu", "an entry that is long", "l", ""],
    &["display-menu", "-x", "C", "-y", "C", "", "一二三", "q", "", "b", "", ""],
    &["display-popup", "-w", "30", "-h", "8", "seq 1 30; exec sleep 9999"],
    &["display-popup", "-w", "100%", "-h", "100%", "echo all; exec sleep 9999"],
    &["display-popup", "-x", "3", "-y", "4", "-w", "3", "-h", "3", "-T", "pop", "echo x; exec sleep 9999"],
    &["display-popup", "-B", "-w", "50%", "-h", "50%", "echo half; exec sleep 9999"],
    &["display-panes", "-d", "0"],
    &["command-prompt", "-p", "a prompt:", "display-message %%"],
    &["command-prompt", "-I", "some text that is there", "display-message %%"],
    &["confirm-before", "-p", "really (y/n)?", "display-message yes"],
    &["display-message", "-d", "0", "a message of some length that covers the status line"],
    &["choose-tree", "-w"],
    &["choose-tree", "-Zs"],
    &["choose-buffer"],
    &["choose-client", "-O", "creation"],
    &["customize-mode"],
    &["copy-mode"],
    &["copy-mode", "-u"],
    &["clock-mode"],
    &["list-keys", "-N"],
];

fn overlay_step(rng: &mut Rng) -> Value {
    let name = client(rng);
    match rng.below(4) {
        0 => {
            json!({ "client": name, "type": rng.pick(&["q", "\u{1b}", "\u{1b}[A", "\u{1b}[B", "\r", "j", "k", "v", "G", "g", "\u{1b}[6~", " "]) })
        }
        _ => {
            json!({ "client": name, "type": format!("\u{2}{}", key_of(rng.below(OVERLAYS.len() as u64) as usize)) })
        }
    }
}

/// The key that opens an overlay.
fn key_of(overlay: usize) -> char {
    char::from(b'A' + overlay as u8)
}

fn setup(rng: &mut Rng) -> Vec<Value> {
    let mut steps = vec![
        tmux(&["new-session", "-d", "-s", "w", "-n", "w", "-x", "80", "-y", "24", &program(rng)]),
        line("set-option -g status-right end"),
        line("set-option -g status-interval 0"),
        line("set-option -g escape-time 10"),
        // tmux draws a position up to the old width only if its pane grew.
        tmux(&["set-option", "-g", "copy-mode-position-format", ""]),
        line("set-buffer -b first some-text"),
        line("set-buffer -b second other-text"),
    ];
    for (n, overlay) in OVERLAYS.iter().enumerate() {
        let key = key_of(n).to_string();
        steps.push(tmux(&[&["bind-key", key.as_str()], *overlay].concat()));
    }
    // One server start, and one call for all keys.
    let mut words: Vec<Value> = Vec::new();
    for step in steps {
        if !words.is_empty() {
            words.push(json!(";"));
        }
        words.extend(step["cmd"].as_array().cloned().unwrap_or_default());
    }
    vec![json!({ "cmd": words, "quiet": true })]
}

/// The steps of one scene. A step `{"look": true}` compares what all clients show.
fn scene(rng: &mut Rng) -> Vec<Value> {
    let mut steps = setup(rng);
    for n in 0..CLIENTS {
        let (cols, rows) = size(rng);
        let args = ["attach-session", "-t", "w"];
        steps.push(json!({ "attach": format!("c{n}"), "cols": cols, "rows": rows, "args": args }));
    }
    let overlays = rng.one_in(2);
    for _ in 0..4 + rng.below(12) {
        steps.push(match rng.below(10) {
            0..4 => layout_step(rng),
            4..6 => option_step(rng),
            6..8 => client_step(rng),
            _ if overlays => overlay_step(rng),
            _ => layout_step(rng),
        });
        if rng.one_in(3) {
            steps.push(json!({ "look": true }));
        }
    }
    // A menu or a pane's number that has no room is drawn by tmux beyond the terminal's last row, and a
    // line that continues below a popup as wide as the terminal in the wrong row.
    let has_menu = steps.iter().any(|step| {
        step["type"]
            .as_str()
            .and_then(|keys| keys.strip_prefix('\u{2}'))
            .is_some_and(|key| "ABCDFGH".contains(key))
    });
    let least = if has_menu { LEAST } else { (1, 1) };
    for step in &mut steps {
        for (side, least) in [("cols", least.0), ("rows", least.1)] {
            if let Some(cells) = step[side].as_u64() {
                step[side] = json!(cells.max(least));
            }
        }
    }
    // With the status line at the top tmux takes a row more for covered by a menu or popup than is.
    if overlays {
        steps.retain(|step| {
            !step["cmd"].as_array().is_some_and(|words| words.iter().any(|word| word == "status-position"))
        });
    }
    for _ in 0..SIZES {
        for n in 0..CLIENTS {
            let (cols, rows) = size(rng);
            let (cols, rows) = (cols.max(least.0), rows.max(least.1));
            steps.push(json!({ "resize": format!("c{n}"), "cols": cols, "rows": rows }));
        }
        steps.push(json!({ "look": true }));
    }
    steps
}

/// What a client shows after a wait, which ends when something is drawn.
fn shown(server: &mut Server, name: &str, wait: Duration) -> Value {
    let mut outer = server.outers.remove(name).expect("a client that is attached");
    let screen = outer.shown_after(server, wait);
    server.outers.insert(name.to_owned(), outer);
    screen
}

/// Rows are the same; of those with a terminal's name, which is longer here or there, the beginning.
fn are_same_rows(ours: &Value, tmux: &Value) -> bool {
    let [ours, tmux] = [ours, tmux].map(|rows| rows.as_array().map_or(&[][..], Vec::as_slice));
    let same = |(ours, tmux): (&Value, &Value)| {
        let [ours, tmux] = [ours, tmux].map(|row| row.as_str().unwrap_or_default());
        let named = ours.contains("/dev/pts/N") && tmux.contains("/dev/pts/N");
        ours == tmux || named && (ours.starts_with(tmux) || tmux.starts_with(ours))
    };
    ours.len() == tmux.len() && ours.iter().zip(tmux).all(same)
}

/// The cells of a row with their styles; blanks without their foreground, which is not seen.
fn seen_cells(row: &str) -> Vec<(char, String)> {
    let mut cells = Vec::new();
    let mut style = String::new();
    let mut chars = row.chars();
    while let Some(c) = chars.next() {
        if c == '{' {
            style = chars.by_ref().take_while(|c| *c != '}').collect();
            continue;
        }
        let plain = c == ' ' && !["reverse", "under", "strike"].iter().any(|name| style.contains(name));
        let words = style.split(' ').filter(|word| !plain || word.starts_with("bg="));
        cells.push((c, words.collect::<Vec<_>>().join(" ")));
    }
    let len = cells.iter().rposition(|cell| *cell != (' ', String::new())).map_or(0, |last| last + 1);
    cells.truncate(len);
    cells
}

/// True if two screens look the same.
fn looks_same(ours: &Value, tmux: &Value) -> bool {
    let seen = |screen: &Value| -> Vec<_> {
        screen["rows"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|row| seen_cells(row.as_str().unwrap_or_default()))
            .collect()
    };
    let hidden = |screen: &Value| screen["cursor"][2] == false;
    seen(ours) == seen(tmux) && (ours["cursor"] == tmux["cursor"] || hidden(ours) && hidden(tmux))
}

/// True if two screens are equal, ignoring the position of a hidden cursor.
fn is_same(ours: &Value, tmux: &Value) -> bool {
    let hidden = |screen: &Value| screen["cursor"][2] == false;
    are_same_rows(&ours["rows"], &tmux["rows"])
        && (ours["cursor"] == tmux["cursor"] || hidden(ours) && hidden(tmux))
}

/// Waits until the programs of all panes have printed what they print.
fn until_quiet(server: &Server) {
    let until = Instant::now() + PATIENCE;
    let sleeps = || {
        let names = server.ask(&["list-panes", "-a", "-F", "#{pane_current_command}"]);
        names.lines().all(|name| name == "sleep")
    };
    while !sleeps() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a client sees its window from another column than the first. There tmux takes columns of
/// the terminal for those of the window when it looks for what covers a pane, a border or the cursor,
/// and draws scrollbars too far right: it draws what is not there. With another row than the first it
/// leaves out scrollbars of panes that begin too far down, and what was there before stays; so it does
/// at the right end of a pane's status line in a window that is larger than the client. This is not
/// followed.
fn is_panned(tmux: &Server, tty: &str) -> bool {
    let format = "#{client_tty} #{window_offset_x}#{?#{==:#{pane-scrollbars},off},,#{window_offset_y}}\
                  #{?#{==:#{pane-border-status},off},,#{window_bigger}}";
    let clients = tmux.ask(&["list-clients", "-F", format]);
    let offset = clients.lines().find_map(|line| line.strip_prefix(tty)).unwrap_or_default();
    !offset.trim().chars().all(|c| c == '0')
}

/// Two results that differ, and the step after which they do.
struct Difference {
    step: usize,
    what: String,
    tmux: Value,
    ours: Value,
}

/// Counts of what was compared.
#[derive(Default)]
struct Counts {
    screens: u64,
    /// Screens of clients that see their window from another column, which differ.
    panned: u64,
    /// Screens that are the same once tmux draws all of them.
    redrawn: u64,
}

/// Compares what all clients show.
fn look(sides: &mut [Server; 2], counts: &mut Counts) -> Option<(String, Value, Value)> {
    sides.iter().for_each(Server::settle);
    let names: Vec<String> = sides[0].outers.keys().cloned().collect();
    for name in names {
        counts.screens += 1;
        let since = Instant::now();
        let mut wait = Duration::ZERO;
        let mut redrawn = false;
        loop {
            let [ours, tmux] = sides.each_mut().map(|side| shown(side, &name, wait));
            if is_same(&ours, &tmux) || redrawn && looks_same(&ours, &tmux) {
                counts.redrawn += u64::from(redrawn);
                break;
            }
            wait = Duration::from_millis(10);
            if since.elapsed() > DRAWING && is_panned(&sides[1], &sides[1].outers[&name].tty) {
                counts.panned += 1;
                break;
            }
            if since.elapsed() > REDRAWING && !redrawn {
                redrawn = true;
                let tty = sides[1].outers[&name].tty.as_str();
                sides[1].ask(&["refresh-client", "-c", "-t", tty]);
                sides[1].ask(&["refresh-client", "-t", tty]);
            }
            if since.elapsed() > PATIENCE {
                return Some((name, tmux, ours));
            }
        }
    }
    None
}

/// Does a step. What it gives, for commands.
fn perform(server: &mut Server, step: &Value) -> Option<Value> {
    let Some(words) = step["cmd"].as_array() else { return steps::run(server, step, None) };
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    let output = server.tmux(&words);
    let [out, err] = [&output.out, &output.err].map(|text| server.normal(text));
    Some(json!({ "rc": output.status, "out": out, "err": err }))
}

/// Plays steps on both programs, and stops at the first difference.
fn play(ours: &Path, tmux: &Path, steps: &[Value], counts: &mut Counts) -> Option<Difference> {
    let mut sides = [Server::new(ours), Server::new(tmux)];
    sides.iter_mut().for_each(pipe::shorten);
    for (n, step) in steps.iter().enumerate() {
        if step.get("look").is_none() {
            let results = sides.each_mut().map(|server| perform(server, step));
            let sessions = sides[1].ask(&["list-sessions", "-F", "#{session_name}"]);
            if sessions.is_empty() {
                println!("tmux died of {step}");
            }
            // The last pane was killed, or tmux died.
            if !sessions.lines().any(|name| name == "w") {
                return None;
            }
            if results[0] != results[1] {
                let [ours, tmux] = results.map(Option::unwrap_or_default);
                return Some(Difference { step: n, what: "result".to_owned(), tmux, ours });
            }
            if step.get("cmd").is_some() {
                sides.iter().for_each(until_quiet);
            }
            continue;
        }
        if let Some((what, tmux, ours)) = look(&mut sides, counts) {
            return Some(Difference { step: n, what, tmux, ours });
        }
    }
    None
}

/// The steps without one of them; removing a client's step also removes later steps of that client.
fn without(steps: &[Value], at: usize) -> Vec<Value> {
    let gone = steps[at]["attach"].as_str();
    let of_gone = |step: &Value| {
        gone.is_some_and(|name| ["resize", "client"].iter().any(|key| step[key].as_str() == Some(name)))
    };
    let kept = steps.iter().enumerate().filter(|(n, step)| *n != at && !of_gone(step));
    kept.map(|(_, step)| step.clone()).collect()
}

/// Removes steps while the two programs still differ.
fn reduce(ours: &Path, tmux: &Path, steps: Vec<Value>, found: Difference) -> (Vec<Value>, Difference) {
    let (mut steps, mut found) = (steps, found);
    steps.truncate(found.step + 1);
    let mut at = steps.len().saturating_sub(1);
    let until = Instant::now() + REDUCING;
    while at > 1 && Instant::now() < until {
        at -= 1;
        let mut fewer = without(&steps, at);
        if let Some(still) = play(ours, tmux, &fewer, &mut Counts::default()) {
            fewer.truncate(still.step + 1);
            at = at.min(fewer.len() - 1);
            (steps, found) = (fewer, still);
        }
    }
    (steps, found)
}

fn rows(value: &Value) -> String {
    match value["rows"].as_array() {
        Some(rows) => {
            let rows: String =
                rows.iter().map(|row| format!("  |{}|\n", row.as_str().unwrap_or_default())).collect();
            format!("{rows}  cursor {}\n", value["cursor"])
        }
        None => format!("  {value}\n"),
    }
}

fn report(seed: u64, steps: &[Value], found: &Difference) {
    let shown = steps.iter().filter(|step| step.get("look").is_none()).cloned();
    let case =
        Case { id: format!("seed {seed}"), fx: "none".to_owned(), steps: shown.collect(), exp: Vec::new() };
    println!(
        "{}\nDIFFERENCE of {} (scene {seed})\n-- tmux:\n{}-- ours:\n{}",
        print(&case, &[]),
        found.what,
        rows(&found.tmux),
        rows(&found.ours)
    );
}

/// Plays cases on both programs, comparing screens after each step. True if there was no difference.
pub(crate) fn play_cases(ours: &Path, tmux: &Path, cases: &[Case]) -> bool {
    let mut same = true;
    for case in cases {
        let watched = |step: &Value| {
            [Some(step.clone()), step.get("attach").is_none().then(|| json!({ "look": true }))]
        };
        let steps: Vec<Value> = case.steps.iter().flat_map(watched).flatten().collect();
        let mut counts = Counts::default();
        let found = play(ours, tmux, &steps, &mut counts);
        println!(
            "{}: {} screens, of which tmux had to draw {} again",
            case.id, counts.screens, counts.redrawn
        );
        if let Some(found) = found {
            same = false;
            report(0, &steps[..=found.step], &found);
        }
    }
    same
}

/// Sums over all workers.
#[derive(Default)]
struct Total {
    scenes: AtomicU64,
    screens: AtomicU64,
    panned: AtomicU64,
    redrawn: AtomicU64,
    /// Scenes of which at least 20 screens are the same.
    full: AtomicU64,
    differences: AtomicU64,
    /// Scenes that differ only once.
    unsteady: AtomicU64,
}

/// Runs one scene after another until the time is over or a number is reached.
fn work(ours: &Path, tmux: &Path, end: (Instant, u64), next: &AtomicU64, total: &Total) {
    while Instant::now() < end.0 {
        let number = next.fetch_add(1, Relaxed);
        if number >= end.1 {
            break;
        }
        let mut rng = Rng::of(number);
        let steps = scene(&mut rng);
        let mut counts = Counts::default();
        let found = play(ours, tmux, &steps, &mut counts);
        total.full.fetch_add(u64::from(found.is_none() && counts.screens - counts.panned >= 20), Relaxed);
        let again = found.and_then(|found| {
            println!("scene {number} differs after {}, once", steps[found.step]);
            let again = play(ours, tmux, &steps, &mut Counts::default());
            total.unsteady.fetch_add(u64::from(again.is_none()), Relaxed);
            again
        });
        if let Some(found) = again {
            let (steps, found) = reduce(ours, tmux, steps, found);
            report(number, &steps, &found);
            total.differences.fetch_add(1, Relaxed);
        }
        total.screens.fetch_add(counts.screens, Relaxed);
        total.panned.fetch_add(counts.panned, Relaxed);
        total.redrawn.fetch_add(counts.redrawn, Relaxed);
        total.scenes.fetch_add(1, Relaxed);
    }
}

/// Runs scenes for some seconds, or as many as there shall be. True if there was no difference.
pub(crate) fn run(ours: &Path, tmux: &Path, seconds: u64, seed: u64, scenes: u64) -> bool {
    let end = (Instant::now() + Duration::from_secs(seconds), seed.saturating_add(scenes));
    let (next, total) = (AtomicU64::new(seed), Total::default());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| work(ours, tmux, end, &next, &total));
        }
    });
    let count = |of: &AtomicU64| of.load(Relaxed);
    println!(
        "{} scenes from {seed}, of {} at least 20 screens are the same; {} screens, of which tmux had to draw {} \
         again and {} are panned and differ; {} differences, {} more that were not there again",
        count(&total.scenes),
        count(&total.full),
        count(&total.screens),
        count(&total.redrawn),
        count(&total.panned),
        count(&total.differences),
        count(&total.unsteady)
    );
    count(&total.differences) == 0
}
