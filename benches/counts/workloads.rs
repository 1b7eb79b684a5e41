//! Output of programs, by kind: the same bytes on every machine.

/// A small random number generator (xorshift), so that the inputs need no crate.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

/// Columns and rows of the panes that show the output.
pub(crate) const COLS: u32 = 120;
pub(crate) const ROWS: u32 = 40;

/// Repeats a piece up to `bytes` bytes.
fn fill(bytes: usize, mut piece: impl FnMut(&mut Numbers, &mut String)) -> Vec<u8> {
    let (mut numbers, mut out) = (Numbers::new(), String::new());
    while out.len() < bytes {
        piece(&mut numbers, &mut out);
    }
    out.into_bytes()
}

/// Log lines.
pub(crate) fn plain(bytes: usize) -> Vec<u8> {
    fill(bytes, |n, out| {
        let level = n.pick(&["INFO ", "DEBUG", "WARN ", "ERROR"]);
        let message = n.pick(&["request completed", "cache miss", "slow query detected", "GET"]);
        let (id, user, status) = (n.below(1 << 32), n.below(99_991), n.below(400) + 200);
        let line = format!(
            "2026-03-14T12:{:02}:{:02}.{:03}Z {level} [http.server-{}] {message} id={id:08x} \
             path=/api/v1/users/{user} status={status} bytes={}\r\n",
            n.below(60),
            n.below(60),
            n.below(1000),
            n.below(31),
            n.below(65_536)
        );
        out.push_str(&line);
    })
}

/// Listings, diagnostics and highlighted source.
pub(crate) fn colour(bytes: usize) -> Vec<u8> {
    const WORDS: &[&str] = &["buffer", "history", "window_pane", "grid", "let", "match", "cursor", "impl"];
    fill(bytes, |n, out| {
        let word = n.pick(WORDS);
        let (size, line) = (n.below(1 << 22), n.below(2000));
        out.push_str(&format!(
            "-rw-r--r-- 1 root root {size:8} Mar 12 10:22 \x1b[0m\x1b[01;34m{word}.rs\x1b[0m\r\n"
        ));
        out.push_str(&format!("\x1b[0m\x1b[1m\x1b[38;5;12m{line:4}\x1b[0m\x1b[0m \x1b[0m\x1b[1m\x1b[38;5;12m|\x1b[0m     let {word} = {size};\x1b[0m\r\n"));
        out.push_str(&format!("\x1b[38;2;130;137;151m{line:5}\x1b[0m "));
        for _ in 0..7 {
            let colour = n.pick(&["197;134;192", "86;156;214", "156;220;254", "206;145;120"]);
            out.push_str(&format!("\x1b[38;2;{colour}m{}\x1b[0m ", n.pick(WORDS)));
        }
        out.push_str("\r\n");
    })
}

/// Chinese, Japanese and Korean text with emoji and accents.
pub(crate) fn cjk(bytes: usize) -> Vec<u8> {
    const WORDS: &[&str] = &[
        "日本語中文",
        "漢字仮名交",
        "じり文終端多重",
        "化器履歴圧縮転写",
        "터미널멀티",
        "플렉서기록",
        "的一是在不",
        "了有和",
        "😀",
        "🚀",
        "✅",
        "⚠️",
        "👩‍💻",
        "🇯🇵",
        "👍🏽",
        "naïve",
        "e\u{301}tude",
        "Здравствуй",
        "─┼─",
        "→",
        "id=1f3a",
    ];
    fill(bytes, |n, out| {
        for _ in 0..4 + n.below(7) {
            out.push_str(n.pick(WORDS));
            out.push(' ');
        }
        out.push_str("\r\n");
    })
}

/// Lines much longer than the pane is wide.
pub(crate) fn long(bytes: usize) -> Vec<u8> {
    fill(bytes, |n, out| {
        for _ in 0..100 + n.below(900) {
            let (id, tag) = (n.below(1 << 32), n.below(99));
            out.push_str(&format!("{{\"id\":{id},\"tags\":[\"a\",\"x{tag}\"],\"ok\":true}},"));
        }
        out.push_str("\r\n");
    })
}

/// Lines of one character.
pub(crate) fn short(bytes: usize) -> Vec<u8> {
    fill(bytes, |_, out| out.push_str("y\r\n"))
}

/// Full-screen programs that redraw everything.
pub(crate) fn redraw(bytes: usize) -> Vec<u8> {
    let mut frame = 0;
    let mut all = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J".to_vec();
    all.extend(fill(bytes, |n, out| {
        frame += 1;
        out.push_str("\x1b[H");
        for y in 1..=ROWS {
            let (shade, load) = (n.below(8) + 30, n.below(1000));
            out.push_str(&format!(
                "\x1b[{y};1H{:7} root      \x1b[31m{:3}\x1b[0m   0 {load:5}M S \x1b[{shade}m{:4}\x1b[0m \
                 \x1b[1mpostgres: checkpointer {frame}\x1b[m\x1b[K",
                1000 + y * 37,
                n.below(40),
                n.below(100)
            ));
        }
    }));
    all
}

/// Steps of full-screen programs, 20 a second: each draws for ten seconds. Pages that replace each
/// other, with the screen cleared before and without; an agent that redraws most of the screen; a
/// spinner; and a pager that scrolls.
pub(crate) fn full_screen() -> Vec<Vec<u8>> {
    const STEPS: usize = 200;
    let mut numbers = Numbers::new();
    let rows: Vec<String> = (0..1000)
        .map(|n| {
            let (size, load) = (numbers.below(1 << 22), numbers.below(1000));
            format!("\x1b[31m{n:5}\x1b[m {size:8} root {load:5}M the text of row {n}\x1b[K")
        })
        .collect();
    let page = |from: usize, count: usize| -> String {
        let row = |y: usize| format!("\x1b[{};1H{}", y + 1, rows[(from + y) % rows.len()]);
        (0..count).map(row).collect()
    };
    let full = ROWS as usize;
    let step = |n: usize| match n / STEPS {
        0 => page(n * 7, full),
        1 => format!("\x1b[H\x1b[2J{}", page(n * 7, full)),
        2 => format!("\x1b[?2026h{}\x1b[38;1H{} tokens\x1b[K\x1b[?2026l", page(n / 20, full - 5), n * 37),
        3 => format!("\x1b[3;1H{} Working ({n} tokens)\x1b[K", ["|", "/", "-"][n % 3]),
        _ => format!("\x1b[1;39r\x1b[39;1H\r\n{}\x1b[r\x1b[40;1H:{n}\x1b[K", rows[n % rows.len()]),
    };
    let start = std::iter::once(b"\x1b[?1049h\x1b[H\x1b[2J".to_vec());
    start.chain((0..5 * STEPS).map(|n| step(n).into_bytes())).chain([b"\x1b[?1049l".to_vec()]).collect()
}

/// Programs that redraw the bottom of the screen in synchronized updates.
pub(crate) fn sync(bytes: usize) -> Vec<u8> {
    const WORDS: &[&str] = &["the", "server", "keeps", "a", "transcript", "`grid.rs`", "cargo", "passes"];
    let mut frame = 0;
    fill(bytes, |n, out| {
        out.push_str("\x1b[?2026h\x1b[?25l");
        if frame > 0 {
            out.push_str(&"\x1b[2K\x1b[1A".repeat(6));
            out.push_str("\x1b[2K\x1b[G");
        }
        frame += 1;
        if frame % 5 == 0 {
            out.push_str(&format!("\x1b[38;2;{};180;120m●\x1b[39m done {frame}\r\n", n.below(155) + 100));
        }
        for _ in 0..3 {
            let (a, b) = (n.pick(WORDS), n.pick(WORDS));
            out.push_str(&format!("  \x1b[38;5;{}m{a} {b}\x1b[39m\r\n", 240 + n.below(10)));
        }
        let rule = "─".repeat(COLS as usize - 2);
        out.push_str(&format!("\x1b[38;2;136;136;136m╭{rule}╮\x1b[39m\r\n"));
        out.push_str(&format!(
            "\x1b[38;2;136;136;136m│\x1b[39m > {frame:<113}\x1b[38;2;136;136;136m│\x1b[39m\r\n"
        ));
        out.push_str(&format!("\x1b[38;2;136;136;136m╰{rule}╯\x1b[39m\r\n  ? for shortcuts"));
        out.push_str("\x1b[?25h\x1b[?2026l");
    })
}
