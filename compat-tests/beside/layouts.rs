//! Random layout commands, given to the program and to a real tmux beside it.
//!
//! `SCOPEMUX_BESIDE=/path/to/tmux cargo test --test recorded layouts [SECONDS [SEED]]` has two
//! control clients on two sessions make, split, size, zoom, swap, move, link and kill panes and
//! windows, and compares after each command what it answers and how everything lies. A difference
//! is reduced and printed as a case, which can be added to `cases/` and recorded.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::super::server::Server;
use super::pipe::Client;
use super::{Rng, WORKERS};

/// Commands of one scene.
const STEPS: usize = 120;
/// How long a difference is made smaller.
const REDUCING: Duration = Duration::from_secs(60);
/// Panes of one server, above which none is made.
const PANES: usize = 22;
/// How everything lies.
const LIST: &str = "list-panes -a -F '#{session_name} #{window_index} #{window_id} #{pane_id} #{pane_left},#{pane_top} \
    #{pane_width}x#{pane_height} in #{window_width}x#{window_height} #{window_layout} #{window_visible_layout} \
    #{window_flags} #{pane_active} #{pane_at_top}#{pane_at_bottom}#{pane_at_left}#{pane_at_right} \
    #{pane_floating_flag}'";

/// One of the two programs, with its clients.
struct Side {
    clients: [Client; 2],
    server: Server,
}

impl Side {
    fn start(binary: &Path) -> Option<Self> {
        let server = Server::new(binary);
        let first = Client::start(&server, "k", (80, 24))?;
        let second = Client::start(&server, "l", (50, 15))?;
        Some(Self { clients: [first, second], server })
    }

    /// Gives a line to a client. `None`: the server is gone.
    fn ask(&mut self, step: &Step) -> Option<String> {
        self.clients[step.client].ask(&step.line)
    }

    fn lives(&self) -> bool {
        self.server.tmux(&["list-sessions"]).status == Some(0)
    }

    fn look(&mut self) -> Option<String> {
        self.clients[0].ask(LIST)
    }
}

#[derive(Clone, Debug)]
struct Step {
    client: usize,
    line: String,
}

/// What the generator knows of the server: ids in the order of the listing, and layouts seen.
#[derive(Default)]
struct Known {
    panes: Vec<String>,
    windows: Vec<String>,
    layouts: Vec<String>,
}

impl Known {
    fn learn(&mut self, list: &str) {
        self.panes.clear();
        self.windows.clear();
        for line in list.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let [_, _, window, pane, _, _, _, _, layout, ..] = fields[..] else { continue };
            self.panes.push(pane.to_owned());
            self.windows.push(window.to_owned());
            if !self.layouts.iter().any(|known| known == layout) {
                self.layouts.push(layout.to_owned());
            }
        }
    }

    fn pane(&self, rng: &mut Rng) -> String {
        self.panes[rng.below(self.panes.len() as u64) as usize].clone()
    }

    fn window(&self, rng: &mut Rng) -> String {
        self.windows[rng.below(self.windows.len() as u64) as usize].clone()
    }

    /// A layout that was seen, often with other numbers.
    fn layout(&self, rng: &mut Rng) -> String {
        let seen = &self.layouts[rng.below(self.layouts.len() as u64) as usize];
        let body = seen.split_once(',').map_or("", |(_, body)| body);
        let mut out = String::new();
        for c in body.chars() {
            match c {
                '0'..='9' if rng.one_in(25) => out.push(char::from(b'0' + rng.below(10) as u8)),
                c => out.push(c),
            }
        }
        let sum = out.bytes().fold(0u16, |sum, byte| sum.rotate_right(1).wrapping_add(u16::from(byte)));
        format!("{sum:04x},{out}")
    }
}

const OPTIONS: &[&[&str]] = &[
    &["pane-border-status", "off", "top", "bottom"],
    &["pane-scrollbars", "off", "on", "modal"],
    &["pane-scrollbars-position", "left", "right"],
    &["pane-scrollbars-style", "width=1", "width=3,pad=1", "width=2,pad=2"],
    &["main-pane-height", "1", "5", "30%", "24", "100"],
    &["main-pane-width", "1", "10", "60%", "80", "200"],
    &["other-pane-height", "0", "3", "50%", "40"],
    &["other-pane-width", "0", "7", "20%", "90"],
    &["tiled-layout-max-columns", "0", "1", "2", "3"],
    &["window-size", "largest", "smallest", "latest", "manual"],
    &["aggressive-resize", "on", "off"],
];

fn option(rng: &mut Rng, known: &Known) -> String {
    let row = OPTIONS[rng.below(OPTIONS.len() as u64) as usize];
    let value = rng.pick(&row[1..]);
    match rng.below(3) {
        // tmux keeps the style of the window in which a pane was made.
        _ if row[0] == "pane-scrollbars-style" => format!("set-option -g {} {value}", row[0]),
        0 => format!("set-option -w -t {} {} {value}", known.window(rng), row[0]),
        1 => format!("set-option -wu -t {} {}", known.window(rng), row[0]),
        _ => format!("set-option -g {} {value}", row[0]),
    }
}

fn making(rng: &mut Rng, known: &Known) -> String {
    let pane = known.pane(rng);
    match rng.below(12) {
        0 => format!("new-window -d -t {}: 'exec sleep 9999'", rng.pick(&["k", "l"])),
        1 => format!(
            "new-pane {} -t {pane} -x {} -y {} 'exec sleep 9999'",
            rng.pick(&["-d", "", "-d -X 3 -Y 2", "-d -X 40 -Y 20", "-d -X 0 -Y 0"]),
            1 + rng.below(60),
            1 + rng.below(30)
        ),
        2 => format!("break-pane {} -s {pane} -t {}:", rng.pick(&["-d", ""]), rng.pick(&["k", "l"])),
        _ => {
            let size = rng.pick(&["", "", "", "-l 1", "-l 5", "-l 50%", "-l 20%", "-l 100", "-l 30"]);
            let how = rng.pick(&["-h", "-v", "-h -b", "-v -b", "-h -f", "-v -f", "-h -b -f", "-v -b -f"]);
            let more = rng.pick(&["-d", "-d", "-d", "", "-Z", "-d -Z"]);
            format!("split-window {how} {more} {size} -t {pane} 'exec sleep 9999'")
        }
    }
}

fn sizing(rng: &mut Rng, known: &Known) -> String {
    let (pane, window) = (known.pane(rng), known.window(rng));
    match rng.below(12) {
        0..4 => {
            format!("resize-pane -t {pane} {} {}", rng.pick(&["-U", "-D", "-L", "-R"]), 1 + rng.below(20))
        }
        4 => format!("resize-pane -t {pane} -x {} -y {}", rng.below(80), rng.below(40)),
        5 => format!(
            "resize-pane -t {pane} {} {}",
            rng.pick(&["-x", "-y"]),
            rng.pick(&["1", "10", "30%", "100%"])
        ),
        6 | 7 => format!("resize-pane -Z -t {pane}"),
        8 | 9 => format!("resize-window -t {window} -x {} -y {}", 1 + rng.below(120), 1 + rng.below(50)),
        10 => {
            format!("resize-window -t {window} {}", rng.pick(&["-A", "-a", "-L 7", "-R 9", "-U 4", "-D 3"]))
        }
        _ => format!("refresh-client -C {}x{}", 1 + rng.below(120), 1 + rng.below(50)),
    }
}

fn arranging(rng: &mut Rng, known: &Known) -> String {
    let (pane, window) = (known.pane(rng), known.window(rng));
    match rng.below(12) {
        0..4 => format!(
            "select-layout -t {window} {}",
            rng.pick(&[
                "tiled",
                "even-vertical",
                "even-horizontal",
                "main-vertical",
                "main-horizontal",
                "main-horizontal-mirrored",
                "main-vertical-mirrored"
            ])
        ),
        4 | 5 => format!("select-layout -t {pane} {}", rng.pick(&["-E", "-n", "-p", "-o", ""])),
        6 => format!("select-layout -t {window} '{}'", known.layout(rng)),
        7 => format!("swap-pane {} -s {pane} -t {}", rng.pick(&["-d", "-d -Z", "", "-Z"]), known.pane(rng)),
        8 => format!("swap-pane {} -t {pane}", rng.pick(&["-U", "-D", "-d -U", "-Z -D"])),
        9 | 10 => format!(
            "{} {} {} -s {pane} -t {}",
            rng.pick(&["join-pane", "move-pane"]),
            rng.pick(&["-d", ""]),
            rng.pick(&["", "-h", "-b", "-f", "-h -b", "-h -f -l 4", "-l 50%", "-v -l 90"]),
            known.pane(rng)
        ),
        _ => format!("rotate-window {} -t {window}", rng.pick(&["", "-D", "-U", "-Z"])),
    }
}

fn others(rng: &mut Rng, known: &Known) -> String {
    let (pane, window) = (known.pane(rng), known.window(rng));
    let session = rng.pick(&["k", "l"]);
    match rng.below(16) {
        0..5 if known.panes.len() > 3 => format!("kill-pane {} -t {pane}", rng.pick(&["", "", "", "", "-a"])),
        5 => format!("swap-window -d -s {window} -t {}", known.window(rng)),
        6 | 7 => format!("link-window -d -s {window} -t {session}:"),
        8 => format!("unlink-window -t {session}:{}", 1 + rng.below(4)),
        9 => format!("move-window -d -s {window} -t {session}:"),
        10 | 11 => format!("select-window -t {session}:{}", rng.below(5)),
        12 => format!("select-pane {} -t {pane}", rng.pick(&["", "", "-L", "-R", "-U", "-D", "-Z"])),
        13 => format!("respawn-pane -k -t {pane} 'exec sleep 9999'"),
        14 => format!("last-pane {} -t {window}", rng.pick(&["", "-Z"])),
        _ => format!("set-option -g status {}", rng.pick(&["on", "off", "2", "5"])),
    }
}

fn step(rng: &mut Rng, known: &Known) -> Step {
    let mut line = || match rng.below(20) {
        0..4 if known.panes.len() < PANES => making(rng, known),
        0..9 => sizing(rng, known),
        9..14 => arranging(rng, known),
        14 | 15 => option(rng, known),
        _ => others(rng, known),
    };
    let mut text = line();
    // Both before the loop looks at sizes. tmux takes a window with news for linked, and unlinks it.
    if text.len() % 7 == 0 && !text.starts_with("unlink") {
        text = format!("{} ; {text}", line());
    }
    Step { client: usize::from(rng.one_in(4)), line: text }
}

/// Two answers that differ, and after which step.
struct Difference {
    step: usize,
    tmux: String,
    ours: String,
}

enum End {
    /// Nothing differs, also when the last pane of a session was killed.
    Same,
    /// tmux ended by itself.
    TmuxDied,
    Differs(Difference),
}

/// Gives both programs one step, and compares. The listing that both agree on.
fn compare(sides: &mut [Side; 2], step: &Step, at: usize) -> Result<String, End> {
    let mut last = String::new();
    for look in [false, true] {
        let [ours, tmux] = sides.each_mut().map(|side| if look { side.look() } else { side.ask(step) });
        // A client ends with its session, sooner or later after the answer.
        let (ours, tmux) = match (ours, tmux) {
            (None, None) => return Err(End::Same),
            (_, None) if !sides[1].lives() => return Err(End::TmuxDied),
            (ours, None) if ours.is_some() && sides[0].look().is_none() => return Err(End::Same),
            (None, tmux) if tmux.is_some() && sides[1].look().is_none() => return Err(End::Same),
            (ours, tmux) => (ours, tmux),
        };
        let [ours, tmux] = [ours, tmux].map(|answer| answer.unwrap_or_else(|| "the client ended".to_owned()));
        if ours != tmux {
            return Err(End::Differs(Difference { step: at, tmux, ours }));
        }
        last = tmux;
    }
    Ok(last)
}

fn start(ours: &Path, tmux: &Path) -> Option<[Side; 2]> {
    Some([Side::start(ours)?, Side::start(tmux)?])
}

/// Makes up a scene while it is played.
fn play(ours: &Path, tmux: &Path, rng: &mut Rng) -> (Vec<Step>, End) {
    let mut sides = start(ours, tmux).expect("both start");
    let mut known = Known::default();
    known.learn(&sides[1].look().unwrap_or_default());
    let mut steps = Vec::new();
    for at in 0..STEPS {
        let next = step(rng, &known);
        steps.push(next);
        match compare(&mut sides, &steps[at], at) {
            Ok(list) if list.is_empty() => break,
            Ok(list) => known.learn(&list),
            Err(end) => return (steps, end),
        }
    }
    (steps, End::Same)
}

fn replay(ours: &Path, tmux: &Path, steps: &[Step]) -> Option<Difference> {
    let mut sides = start(ours, tmux)?;
    for (at, step) in steps.iter().enumerate() {
        match compare(&mut sides, step, at) {
            Ok(_) => {}
            Err(End::Differs(found)) => return Some(found),
            Err(_) => return None,
        }
    }
    None
}

/// Leaves out steps, many at once and then one by one, as long as the two still differ.
fn reduce(ours: &Path, tmux: &Path, mut steps: Vec<Step>, mut found: Difference) -> (Vec<Step>, Difference) {
    let until = Instant::now() + REDUCING;
    steps.truncate(found.step + 1);
    let mut size = steps.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at + size < steps.len() && Instant::now() < until {
            let fewer: Vec<Step> = [&steps[..at], &steps[at + size..]].concat();
            match replay(ours, tmux, &fewer) {
                Some(still) => {
                    steps = fewer;
                    steps.truncate(still.step + 1);
                    found = still;
                }
                None => at += size,
            }
        }
        size /= 2;
    }
    (steps, found)
}

fn report(seed: u64, steps: &[Step], found: &Difference) {
    let lines: String = steps.iter().map(|step| format!("  {} < {}\n", step.client, step.line)).collect();
    let [tmux, ours] = [&found.tmux, &found.ours].map(|text| text.lines().collect::<Vec<_>>());
    let mut differing = String::new();
    for at in 0..tmux.len().max(ours.len()) {
        let [tmux, ours] = [&tmux, &ours].map(|lines| lines.get(at).copied().unwrap_or_default());
        if tmux != ours {
            differing.push_str(&format!("  tmux {tmux}\n  ours {ours}\n"));
        }
    }
    println!("DIFFERENCE (scene {seed})\n{lines}{differing}");
}

/// Runs scenes for some seconds. True: no difference.
pub(crate) fn run(ours: &Path, tmux: &Path, seconds: u64, seed: u64) -> bool {
    let end = Instant::now() + Duration::from_secs(seconds);
    let next = AtomicU64::new(seed);
    let [steps, differences, deaths] = [const { AtomicU64::new(0) }; 3];
    let work = || {
        while Instant::now() < end {
            let number = next.fetch_add(1, Relaxed);
            let (played, end) = play(ours, tmux, &mut Rng::of(number));
            steps.fetch_add(played.len() as u64, Relaxed);
            match end {
                End::Same => {}
                End::TmuxDied => {
                    deaths.fetch_add(1, Relaxed);
                    let last: Vec<&str> =
                        played.iter().rev().take(1).map(|step| step.line.as_str()).collect();
                    println!("tmux died (scene {number}) of {last:?}");
                }
                End::Differs(found) => {
                    differences.fetch_add(1, Relaxed);
                    let (steps, found) = reduce(ours, tmux, played, found);
                    report(number, &steps, &found);
                }
            }
        }
    };
    std::thread::scope(|scope| (0..WORKERS).for_each(|_| drop(scope.spawn(work))));
    let [steps, differences, deaths] = [&steps, &differences, &deaths].map(|count| count.load(Relaxed));
    let last = next.load(Relaxed) - 1;
    println!(
        "{steps} commands in scenes {seed} to {last}, {differences} differences, {deaths} ended by a death of tmux"
    );
    differences == 0
}
