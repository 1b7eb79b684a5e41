//! The decoder of a client's keys: it accepts any bytes, split in any way, invents none, and its
//! buffer is empty after its timer ran out. (The keys may depend on the split, as in tmux: the
//! decoder waits for the rest of a sequence only if it begins like one of the kinds that wait.)

use scopemux::testing::outer::{Decoder, Features, InputEvent, Term, TermOptions};

use crate::input::Rng;

const PIECES: &[&str] = &[
    "a",
    "é",
    "日",
    "\x1b",
    "\x1b[",
    "\x1bO",
    "\x1bOA",
    "\x1b[A",
    "\x1b[1;5A",
    "\x1b[1;2P",
    "\x1b[15~",
    "\x1b[15;6~",
    "\x1b[27;5;9~",
    "\x1b[97;5u",
    "\x1b[1114112;5u",
    "\x1b[97:65;2:1u",
    "\x1b[200~",
    "\x1b[201~",
    "\x1b[I",
    "\x1b[O",
    "\x1b[M !!",
    "\x1b[M",
    "\x1b[<0;1;1M",
    "\x1b[<0;1;1m",
    "\x1b[<64;999;999M",
    "\x1b[?1;2c",
    "\x1b[?62;4c",
    "\x1b[>41;330;0c",
    "\x1bP>|tmux 3.7c\x1b\\",
    "\x1bP>|",
    "\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
    "\x1b]11;#000000\x07",
    "\x1b]52;c;aGk=\x07",
    "\x1b]52;;",
    "\x1b]4;1;rgb:1/2/3\x07",
    "\x1b[8;24;80t",
    "\x1b[4;600;800t",
    "\x1b[?997;1n",
    "\x1b\x1b",
    "\x1b\x1b[A",
    "\x1ba",
    "\x1b\r",
    "\0",
    "\x01",
    "\x7f",
    "\x1b\x7f",
    "\x1b[777~",
    "\x1b[7",
    "\r",
    "\t",
];

pub(crate) fn generate(rng: &mut Rng) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..1 + rng.below(12) {
        if rng.below(12) == 0 {
            (0..1 + rng.below(5)).for_each(|_| out.push(rng.next() as u8));
            continue;
        }
        let piece = rng.pick(PIECES).as_bytes();
        let end = if rng.below(6) == 0 { rng.below(piece.len() + 1) } else { piece.len() };
        out.extend_from_slice(&piece[..end]);
    }
    out
}

fn decoder(awaits: bool) -> Decoder {
    let caps = [
        "clear=\x1b[H\x1b[2J",
        "cup=\x1b[%i%p1%d;%p2%dH",
        "kf1=\x1bOP",
        "kcuu1=\x1bOA",
        "kcbt=\x1b[Z",
        "kdch1=\x1b[3~",
    ];
    let caps: Vec<String> = caps.iter().map(|c| (*c).to_owned()).collect();
    let term =
        Term::new("xterm", &caps, &mut Features::default(), &TermOptions::default(), None).expect("usable");
    let mut decoder = Decoder::new(&term, [(7, &b"\x1b[777~"[..])], Some(0x7f));
    decoder.expect_colours();
    decoder.expect_window_size();
    if !awaits {
        decoder.give_up_replies();
    }
    decoder
}

/// Decodes an input in parts of `part` bytes, and then lets the timer run out.
fn decode(input: &[u8], part: usize, awaits: bool) {
    let mut decoder = decoder(awaits);
    let mut keys = 0;
    let mut take = |event: InputEvent| {
        if let InputEvent::Key { bytes, .. } = &event {
            assert!(!bytes.is_empty(), "a key without bytes");
            keys += bytes.len();
        }
        assert!(keys <= input.len(), "more keys than bytes");
    };
    for bytes in input.chunks(part) {
        decoder.push(bytes);
        while let Some(event) = decoder.next(0, 10) {
            take(event);
        }
    }
    // Every flush consumes at least a byte, so there are at most as many as bytes.
    for _ in 0..=input.len() {
        while let Some(event) = decoder.flush() {
            take(event);
        }
    }
    assert!(decoder.flush().is_none(), "something is left for ever");
}

pub(crate) fn check(input: &[u8]) {
    for awaits in [false, true] {
        for part in [usize::MAX, 3, 1] {
            decode(input, part, awaits);
        }
    }
}
