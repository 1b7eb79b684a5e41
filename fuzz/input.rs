//! Random numbers, and the pieces that inputs for terminals are made of.

/// A small random number generator (xorshift); the seed determines all numbers.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 33) % limit as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// An input of the corpus with some changes, or spliced with another input.
pub(crate) fn mutate(base: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut out = base.to_vec();
    for _ in 0..1 + rng.below(8) {
        let at = rng.below(out.len() + 1);
        match rng.below(5) {
            0 if at < out.len() => out[at] = rng.next() as u8,
            1 if at < out.len() => drop(out.remove(at)),
            2 => out.insert(at, rng.next() as u8),
            3 => {
                let from = rng.below(other.len() + 1);
                let piece = &other[from..(from + rng.below(40)).min(other.len())];
                out.splice(at..at, piece.iter().copied());
            }
            _ => {
                let to = (at + rng.below(40)).min(out.len());
                let piece = out[at..to].to_vec();
                out.splice(at..at, piece);
            }
        }
    }
    out
}

const TEXT: &[&str] = &[
    "a",
    "hello",
    "word ",
    "  ",
    "0123456789",
    "tail.",
    "lqkx",
    "日",
    "本語",
    "한글",
    "👍",
    "e\u{301}",
    "\u{301}",
    "\u{200d}",
    "\u{fe0f}",
    "❤\u{fe0f}",
    "\u{1100}\u{1161}\u{11a8}",
    "👨\u{200d}👩\u{200d}👧",
    "🇩🇪",
    "🇫",
    "🏽",
    "─│",
    "½",
    "\u{ad}",
    "\u{2028}",
    "\r\n",
    "\n",
    "\r",
    "\x08",
    "\t",
    "\x0e",
    "\x0f",
    "\x07",
    "\x0b",
];

const FINAL: &[u8] = b"ABCDEFGHJKLMPSTXZ@`abcdefghilmnpqrstux";

const WHOLE: &[&str] = &[
    "\x1b7",
    "\x1b8",
    "\x1bM",
    "\x1bD",
    "\x1bE",
    "\x1bH",
    "\x1bc",
    "\x1b=",
    "\x1b>",
    "\x1b#8",
    "\x1b(0",
    "\x1b(B",
    "\x1b)0",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[?47h",
    "\x1b[?47l",
    "\x1b[?6h",
    "\x1b[?6l",
    "\x1b[?7l",
    "\x1b[?7h",
    "\x1b[4h",
    "\x1b[4l",
    "\x1b[?2026h",
    "\x1b[?2026l",
    "\x1b[?3h",
    "\x1b[?1000h",
    "\x1b[?1006h",
    "\x1b[?2004h",
    "\x1b[2;4r",
    "\x1b[r",
    "\x1b[3J",
    "\x1b[2J",
    "\x1b[!p",
    "\x1b[>c",
    "\x1b[c",
    "\x1b[>q",
    "\x1b[?u",
    "\x1bP$qm\x1b\\",
    "\x1bP$qr\x1b\\",
    "\x1bPtmux;\x1b\x1b[31m\x1b\\",
    "\x1bPq#1;2;100;0;0#1~~-~~\x1b\\",
    "\x1bP0;0;0q\"1;1;9999;9999~\x1b\\",
    "\x1bPq!99999~\x1b\\",
    "\x1bktitle\x1b\\",
    "\x1b_apc\x1b\\",
    "\x1b_Ga=T,f=24,s=1,v=1,c=3,r=2;AAAA\x1b\\",
    "\x1b_Ga=T,i=1,p=2,f=24,s=40,v=1,C=1,z=-3,o=z;AAAA\x1b\\",
    "\x1b_Gi=1,f=24,s=1,v=2,m=1;AAAA\x1b\\",
    "\x1b_Gm=0;AAAA\x1b\\",
    "\x1b_Ga=T,U=1,i=42,c=4,r=4,f=24,s=1,v=1;AAAA\x1b\\",
    "\x1b_GI=9,f=100;AAAA\x1b\\",
    "\x1b_Gt=f,i=7,f=24,s=1,v=1;L3RtcC9h\x1b\\",
    "\x1b_Ga=p,i=1,c=9,r=300\x1b\\",
    "\x1b_Ga=f,i=1,r=1,X=1,f=24,s=1,v=1;AAAA\x1b\\",
    "\x1b_Ga=a,i=1,s=3\x1b\\",
    "\x1b_Ga=d\x1b\\",
    "\x1b_Ga=d,d=X,x=3\x1b\\",
    "\x1b_Ga=d,d=I,i=1\x1b\\",
    "\x1b[38;5;42m\u{10eeee}\u{305}\u{305}\u{10eeee}\u{305}\u{30d}\u{10eeee}",
    "\x1b^pm\x1b\\",
    "\x1b]0;title\x07",
    "\x1b]2;t\x1b\\",
    "\x1b]4;1;?\x07",
    "\x1b]4;1;red\x07",
    "\x1b]10;?\x07",
    "\x1b]11;#102030\x07",
    "\x1b]12;?\x07",
    "\x1b]104\x07",
    "\x1b]112\x07",
    "\x1b]52;c;aGk=\x07",
    "\x1b]52;c;?\x07",
    "\x1b]8;;http://e.x/\x07",
    "\x1b]8;;\x07",
    "\x1b]8;id=a;http://e.x/\x07",
    "\x1b]9;4;1;50\x07",
    "\x1b]133;A\x07",
    "\x1b]7;file:///x\x07",
    "\x1b]0;unfinished",
    "\x1bPunfinished",
    "\x1b[",
    "\x1b",
    "\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20m",
];

const STYLES: &[&str] = &[
    "",
    "0",
    "1",
    "2",
    "3",
    "4",
    "4:3",
    "5",
    "7",
    "8",
    "9",
    "21",
    "22",
    "24",
    "27",
    "31",
    "42",
    "39",
    "49",
    "53",
    "91",
    "102",
    "38;5;9",
    "48;5;200",
    "38;2;1;2;3",
    "48;2;9;8;7",
    "48:2::9:8:7",
    "58;5;3",
    "58:2::1:2:3",
    "59",
];

/// Output as a program might write it, of `pieces` pieces.
pub(crate) fn output(rng: &mut Rng, pieces: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..pieces {
        match rng.below(100) {
            0..40 => {
                let text = rng.pick(TEXT);
                (0..rng.pick(&[1, 1, 1, 2, 7])).for_each(|_| out.extend_from_slice(text.as_bytes()));
            }
            40..52 => {
                let style: Vec<&str> = (0..1 + rng.below(3)).map(|_| rng.pick(STYLES)).collect();
                out.extend_from_slice(format!("\x1b[{}m", style.join(";")).as_bytes());
            }
            52..80 => csi(rng, &mut out),
            80..97 => out.extend_from_slice(rng.pick(WHOLE).as_bytes()),
            _ => (0..1 + rng.below(4)).for_each(|_| out.push(rng.next() as u8)),
        }
    }
    out
}

fn csi(rng: &mut Rng, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[");
    out.extend_from_slice(rng.pick(&["", "", "", "", "?", ">", "="]).as_bytes());
    for n in 0..rng.below(3) {
        if n > 0 {
            out.push(b';');
        }
        let number = rng.pick(&[
            "",
            "0",
            "1",
            "2",
            "3",
            "4",
            "5",
            "8",
            "12",
            "24",
            "99",
            "65536",
            "99999999",
            "4294967297",
        ]);
        out.extend_from_slice(number.as_bytes());
    }
    if rng.below(20) == 0 {
        out.push(rng.pick(b" $!\"'"));
    }
    out.push(rng.pick(FINAL));
}
