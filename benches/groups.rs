//! The measurements, in groups. Each runs one program once and passes its numbers to `add`.

use std::fs;
use std::time::Instant;

use super::mux::{Mux, Program};

/// Takes a number: name of the measurement, and value.
pub(crate) type Add<'a> = &'a mut dyn FnMut(&'static str, f64);
type Group = fn(&Program, &Scale, Add<'_>);

pub(crate) const GROUPS: &[(&str, Group)] = &[
    ("start", start),
    ("throughput", throughput),
    ("drawing", drawing),
    ("latency", latency),
    ("typing", typing),
    ("stalled", stalled),
    ("memory", memory),
    ("history", history),
    ("many", many),
    ("million", million),
    ("large", large),
    ("containment", containment),
];

/// Amounts of work.
pub(crate) struct Scale {
    pub rounds: usize,
    /// Bytes of a flood.
    bytes: usize,
    keys: usize,
    /// Clients that never read.
    stalled: usize,
    panes: usize,
    /// Lines of history.
    lines: usize,
    /// Panes with a long history each, and the lines of each history.
    long: (usize, usize),
    /// Lines of one very long history.
    million: usize,
    /// Bytes of log that one pane prints; only our server gets them.
    flood: u64,
}

impl Scale {
    pub(crate) const FULL: Self = Self {
        rounds: 5,
        bytes: 16 << 20,
        keys: 200,
        stalled: 1000,
        panes: 50,
        lines: 200_000,
        long: (100, 50_000),
        million: 1_000_000,
        flood: 10 << 30,
    };
    pub(crate) const TINY: Self = Self {
        rounds: 1,
        bytes: 64 << 10,
        keys: 3,
        stalled: 3,
        panes: 2,
        lines: 500,
        long: (2, 300),
        million: 2000,
        flood: 1 << 20,
    };
}

/// Keys that occur neither in escape sequences nor in the status line.
const KEYS: [u8; 4] = *b"{|}~";

/// Time to start a first session, and time of a short command after it.
fn start(program: &Program, scale: &Scale, add: Add<'_>) {
    let mux = Mux::new(program);
    add("new-session, ms", mux.time(&["new-session", "-d", "exec sleep 1000"]));
    add("list-sessions, ms", mux.time(&["list-sessions"]));
    let config = mux.dir().join("config");
    let line = |n| format!("set-option -g @option-{n} \"value #{{pane_id}} {n}\"\n");
    fs::write(&config, (0..scale.lines / 100).map(line).collect::<String>()).expect("a file is written");
    add("source-file, ms", mux.time(&["source-file", &config.to_string_lossy()]));
}

/// Rate of reading a pane's output, without and with a client.
fn throughput(program: &Program, scale: &Scale, add: Add<'_>) {
    let plain: fn(usize) -> String = |n| format!("{n:>8} the quick brown fox jumps over the lazy dog\r\n");
    let colour: fn(usize) -> String = |n| {
        let (a, b) = (31 + n % 7, n % 256);
        format!("\x1b[1;{a}m{n:>8}\x1b[0m the \x1b[38;5;{b}mquick\x1b[m brown \x1b[4mfox\x1b[24m é 日本\r\n")
    };
    let cases = [
        ("plain, server cpu ms/MiB", plain, false),
        ("colour, server cpu ms/MiB", colour, false),
        ("plain with client, cpu ms/MiB", plain, true),
        ("colour with client, cpu ms/MiB", colour, true),
    ];
    for (what, line, attached) in cases {
        let mux = Mux::new(program);
        let file = mux.dir().join("input");
        let mut input = String::new();
        let mut lines = 0..;
        while input.len() < scale.bytes {
            input.push_str(&lines.next().map(line).unwrap_or_default());
        }
        fs::write(&file, &input).expect("a file is written");
        let go = format!("dd bs=1 count=1 >/dev/null 2>&1; cat {}", file.display());
        let server = mux.start(&mux.until_read(&go));
        let drain = attached.then(|| {
            let mut client = mux.attach();
            client.settle();
            std::thread::spawn(move || {
                client.settle();
                client
            })
        });
        let before = server.cpu();
        mux.run(&["send-keys", "g"]);
        mux.run(&["wait-for", "done"]);
        add(what, (server.cpu() - before) / (input.len() as f64 / f64::from(1 << 20)));
        drop(drain.map(std::thread::JoinHandle::join));
    }
}

/// Output to a client's terminal while a pane scrolls, in KiB.
fn drawing(program: &Program, scale: &Scale, add: Add<'_>) {
    let plain: fn(usize) -> String = |n| format!("{n:>8} the quick brown fox jumps over the lazy dog\r\n");
    let colour: fn(usize) -> String =
        |n| format!("\x1b[1;{}m{n:>8}\x1b[0m the \x1b[38;5;{}mquick\x1b[m fox\r\n", 31 + n % 7, n % 256);
    let wrapped: fn(usize) -> String = |n| format!("{n:x}").repeat(60) + "\r\n";
    let cases = [
        ("plain lines, KiB", plain, ""),
        ("coloured lines, KiB", colour, ""),
        ("lines that wrap, KiB", wrapped, ""),
        ("one line at a time, KiB", plain, "; sleep 0.005"),
    ];
    for (what, line, pause) in cases {
        let mux = Mux::new(program);
        let file = mux.dir().join("input");
        // Slow enough that every line could be read, or as fast as possible.
        let lines = if pause.is_empty() { scale.lines / 10 } else { scale.lines / 1000 };
        fs::write(&file, (0..lines).map(line).collect::<String>()).expect("a file is written");
        let show = match pause {
            "" => format!("cat {}", file.display()),
            pause => format!("while read -r l; do echo \"$l\"{pause}; done <{}", file.display()),
        };
        mux.start(&mux.until_read(&format!("dd bs=1 count=1 >/dev/null 2>&1; {show}")));
        let mut client = mux.attach();
        client.settle();
        let before = client.received;
        mux.run(&["send-keys", "g"]);
        client.settle();
        mux.run(&["wait-for", "done"]);
        client.settle();
        add(what, (client.received - before) as f64 / 1024.0);
    }
}

/// Time from a key to its echo on the client's terminal.
fn latency(program: &Program, scale: &Scale, add: Add<'_>) {
    let cases: [(&str, Option<&[&str]>); 3] = [
        ("idle, ms", None),
        ("a hidden pane floods, ms", Some(&["new-window", "-d", "exec yes"])),
        ("a pane in view floods, ms", Some(&["split-window", "-d", "exec yes"])),
    ];
    for (what, flood) in cases {
        let mux = Mux::new(program);
        mux.start("exec cat");
        let mut client = mux.attach();
        client.settle();
        if let Some(flood) = flood {
            mux.run(flood);
        }
        let mut times: Vec<f64> = (0..scale.keys).map(|n| client.echo(KEYS[n % KEYS.len()])).collect();
        times.sort_by(f64::total_cmp);
        add(what, times[times.len() / 2]);
    }
}

/// Delay for a user in another session, caused by clients that never read the output of a flooding
/// pane.
fn stalled(program: &Program, scale: &Scale, add: Add<'_>) {
    super::mux::raise_limit();
    let mux = Mux::new(program);
    let server = mux.start("exec cat");
    mux.run(&["new-session", "-d", "-s", "flood", "-x", "80", "-y", "24", "exec yes 'a line of a flood'"]);
    let clients: Vec<_> = (0..scale.stalled).map(|_| mux.attach_to("flood")).collect();
    let count = || mux.run(&["list-clients", "-t", "flood", "-F", "x"]).lines().count();
    while count() < clients.len() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    add("memory with clients, MiB", server.rss());
    let mut client = mux.attach_to("0");
    client.settle();
    let echo = |n: usize| {
        std::thread::sleep(std::time::Duration::from_millis(4));
        client.echo(KEYS[n % KEYS.len()])
    };
    let mut times: Vec<f64> = (0..5 * scale.keys).map(echo).collect();
    times.sort_by(f64::total_cmp);
    add("key echo, ms", times[times.len() / 2]);
    add("key echo p99, ms", times[times.len() * 99 / 100]);
    add("memory after it, MiB", server.rss());
}

/// Delay for a user who types at an even pace, caused by other objects of the server: many panes
/// full of text, and large paste buffers.
fn typing(program: &Program, scale: &Scale, add: Add<'_>) {
    let mux = Mux::new(program);
    let file = mux.dir().join("copied");
    fs::write(&file, "x".repeat(scale.bytes / 5)).expect("a file is written");
    let server = mux.start("exec cat");
    mux.run(&["load-buffer", &file.to_string_lossy()]);
    for _ in 0..scale.panes {
        mux.run(&["new-window", "-d", "seq -f 'words that fill the line %.0f' 100; exec sleep 1000"]);
    }
    let mut client = mux.attach();
    client.settle();
    let (begin, cpu) = (Instant::now(), server.cpu());
    let echo = |n: usize| {
        std::thread::sleep(std::time::Duration::from_millis(4));
        client.echo(KEYS[n % KEYS.len()])
    };
    let mut times: Vec<f64> = (0..5 * scale.keys).map(echo).collect();
    add("server cpu, ms/s", (server.cpu() - cpu) / begin.elapsed().as_secs_f64());
    times.sort_by(f64::total_cmp);
    add("median key, ms", times[times.len() / 2]);
    add("one key in 500, ms", times[times.len() - 1 - times.len() / 500]);
}

/// Memory of a server with its panes and their history.
fn memory(program: &Program, scale: &Scale, add: Add<'_>) {
    let mux = Mux::new(program);
    let server = mux.start("exec sleep 1000");
    let one = server.rss();
    add("one pane, MiB", one);
    for _ in 0..scale.panes {
        mux.run(&["new-window", "-d", "exec sleep 1000"]);
    }
    add("each further pane, KiB", (server.rss() - one) * 1024.0 / scale.panes as f64);
    let before = server.rss();
    mux.run(&["set-option", "-g", "history-limit", &scale.lines.to_string()]);
    mux.run(&["new-window", &mux.until_read(&format!("seq {}", scale.lines))]);
    mux.run(&["wait-for", "done"]);
    add("history of a pane, MiB", server.rss() - before);
}

/// Operations that read a long history.
fn history(program: &Program, scale: &Scale, add: Add<'_>) {
    let mux = Mux::new(program);
    mux.run(&["new-session", "-d", "exec sleep 1000", ";", "set-option", "-g", "history-limit", "1000000"]);
    mux.run(&["new-window", &mux.until_read(&format!("seq -f 'line %.0f of many' {}", scale.lines))]);
    mux.run(&["wait-for", "done"]);
    let begin = Instant::now();
    let captured = mux.run(&["capture-pane", "-p", "-S", "-"]);
    add("capture all, ms", begin.elapsed().as_secs_f64() * 1e3);
    assert!(captured.contains("line 1 of many"), "the oldest line is kept");
    add("enter copy mode, ms", mux.time(&["copy-mode"]));
    add("to the top, ms", mux.time(&["send-keys", "-X", "history-top"]));
    let search = ["send-keys", "-X", "search-forward", "line 3.1 of"];
    add("search forward, ms", mux.time(&search));
    add("clear, ms", mux.time(&["send-keys", "-X", "cancel", ";", "clear-history"]));
}

/// Many panes with long histories of coloured lines of 200 columns, as build logs and agents
/// make them.
fn many(program: &Program, scale: &Scale, add: Add<'_>) {
    let (panes, lines) = scale.long;
    let mux = Mux::new(program);
    let file = mux.dir().join("input");
    let mut input = String::new();
    for n in 0..lines {
        for word in 0..20 {
            let colour = (n * 7 + word * 13) % 256;
            input.push_str(&format!("\x1b[38;5;{colour}m{:>9}\x1b[m ", (n * 31 + word) % 99_991));
        }
        input.push_str("\r\n");
    }
    fs::write(&file, &input).expect("a file is written");
    let server = mux.start("exec sleep 1000");
    mux.run(&["set-option", "-g", "history-limit", &lines.to_string(), ";", "resize-window", "-x", "200"]);
    let before = server.rss();
    for _ in 0..panes {
        mux.run(&["new-window", "-d", &mux.until_read(&format!("cat {}", file.display()))]);
        mux.run(&["wait-for", "done"]);
    }
    add("a pane with its history, MiB", (server.rss() - before) / panes as f64);
}

/// Operations that must not take longer with a million lines of history.
fn million(program: &Program, scale: &Scale, add: Add<'_>) {
    let mux = Mux::new(program);
    mux.start("exec sleep 1000");
    mux.run(&["set-option", "-g", "history-limit", "2000000"]);
    let lines = format!(
        "echo the only needle; seq -f 'line %.0f of very many lines that are kept' {}",
        scale.million
    );
    mux.run(&["new-window", &mux.until_read(&lines)]);
    mux.run(&["wait-for", "done"]);
    // The server resizes in its own time; the next request waits for it.
    let begin = Instant::now();
    mux.run(&["resize-window", "-x", "37", ";", "display-message", "-p", "#{window_width}"]);
    mux.run(&["display-message", "-p", ""]);
    add("narrower, and a command after, ms", begin.elapsed().as_secs_f64() * 1e3);
    mux.run(&["resize-window", "-x", "80"]);
    mux.run(&["copy-mode"]);
    let search = ["send-keys", "-X", "search-backward", "only ne+dle"];
    let begin = Instant::now();
    mux.run(&search);
    while mux.run(&["display-message", "-p", "#{search_present} #{copy_cursor_line}"]).trim()
        != "1 the only needle"
    {
        assert!(begin.elapsed().as_secs() < 120, "it is never found");
    }
    add("regex search to the top, ms", begin.elapsed().as_secs_f64() * 1e3);
}

/// Gigabytes of log under a limit of 1 GiB. A server that holds lines in memory is left out.
fn large(program: &Program, scale: &Scale, add: Add<'_>) {
    if program.name != "scopemux" {
        return;
    }
    let mux = Mux::new(program);
    let server = mux.start("exec sleep 1000");
    mux.run(&["set-option", "-g", "history-limit", "1G"]);
    let before = server.rss();
    // Lines with random parts: such a log compresses to a third.
    let script = "BEGIN { srand(1); while (size < limit) { line = sprintf(\"2026-11-28T12:%02d:%02d INFO \
        request %08x%08x from 10.%d.%d.%d took %d us\", n / 60 % 60, n % 60, rand() * 4294967296, \
        rand() * 4294967296, rand() * 256, rand() * 256, rand() * 256, rand() * 100000); \
        print line; size += length(line) + 1; n++ } print \"the end\" }";
    let file = mux.dir().join("program.awk");
    fs::write(&file, script).expect("a file is written");
    let flood = format!("awk -v limit={} -f {}", scale.flood, file.display());
    mux.run(&["new-window", &mux.until_read(&flood)]);
    let waiting = mux.spawn(&["wait-for", "done"]);
    let (mut rss, mut disk) = (before, 0.0f64);
    let ask = |format: &str| mux.run(&["display-message", "-p", format]).trim().to_owned();
    while !waiting.is_over() {
        rss = rss.max(server.rss());
        disk = disk.max(ask("#{history_disk_bytes}").parse().unwrap_or(0.0));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    add("server memory at most above, MiB", rss - before);
    add("disk at most, MiB", disk / f64::from(1 << 20));
    mux.run(&["copy-mode"]);
    add("to the oldest line, ms", mux.time(&["send-keys", "-X", "history-top"]));
    assert!(ask("#{copy_cursor_line}").contains("request") || scale.flood < 2 << 20);
    add("to the newest line, ms", mux.time(&["send-keys", "-X", "history-bottom"]));
    let begin = Instant::now();
    mux.run(&["send-keys", "-X", "search-backward", "no such thi+ng"]);
    add("next command while searching, ms", mux.time(&["display-message", "-p", ""]));
    add("search given up, ms", mux.time(&["send-keys", "-X", "cancel"]));
    assert_eq!(ask("#{pane_in_mode}"), "0");
    add("search, begun and given up, ms", begin.elapsed().as_secs_f64() * 1e3);
}

/// Time from a request for a pane to the first word of its program, without a scope and with the
/// best backend of this host. Both servers take turns.
fn containment(program: &Program, scale: &Scale, add: Add<'_>) {
    const BACKENDS: [&str; 2] = ["none", "auto"];
    let start = |backend: &str| {
        let mux = Mux::new(program);
        let session = ["new-session", "-d", "exec sleep 1000"];
        // The real tmux has no such option, and behaves like our `none`.
        let option = ["set-option", "-s", "containment", backend, ";"];
        mux.run(&[if program.name == "tmux" { &[] } else { &option[..] }, &session[..]].concat());
        mux
    };
    let servers = if program.name == "tmux" { &BACKENDS[..1] } else { &BACKENDS[..] };
    let servers: Vec<Mux> = servers.iter().map(|backend| start(backend)).collect();
    let mut times = vec![Vec::new(); servers.len()];
    for _ in 0..scale.panes {
        for (mux, times) in servers.iter().zip(&mut times) {
            times.push(mux.time_to_first_word());
        }
    }
    let medians = times.iter_mut().map(|times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    let medians: Vec<f64> = medians.collect();
    add("pane start without a group, ms", medians[0]);
    if let [without, with] = medians[..] {
        add("pane start in a group, ms", with);
        add("a group costs, ms", with - without);
    }
}
