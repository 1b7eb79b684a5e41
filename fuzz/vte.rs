//! A second opinion: the crate `vte` parses the same bytes as our parser, and both must find the
//! same commands. An input selects pieces for which tmux and `vte` have the same rules.
//! docs/architecture.md lists the rules that differ, and `different` has an example of each.

use std::sync::Once;

use ::vte::{Params, Perform};
use scopemux::testing::terminal::trace;

use crate::input::Rng;

/// Pieces that are used literally.
const PIECES: &[&str] = &[
    "a",
    "hello world",
    "日本語",
    "é",
    "\u{1f44d}\u{1f3fd}",
    "\r\n",
    "\t\u{8}",
    "\u{7}",
    "\x1b7",
    "\x1bM",
    "\x1b(0",
    "\x1b#8",
    "\x1b\x1b[m",
    "\x1b[1\x1b[2m",
    "\x1b[3\u{18}x",
    "\x1b[3\r;4H",
    "\x1b[1?m",
    "\x1b[$1m",
    "\x1b]0;title\u{7}",
    "\x1b]8;;http://a/\x1b\\",
    "\x1b]2;é日\x1b\\",
    "\x1b]4;1;red\u{7}",
];
const PREFIXES: &[&str] = &["", "", "", "?", ">", "="];
const INTERMEDIATES: &[&str] = &["", "", "", "$", " ", "!"];
const FINALS: &[u8] = b"ABCDEFGHJKLMPSTXZ@bcdfghlmnpqrstu~";
/// Parameters of one sequence: `vte` takes 32, tmux 23.
const MAX_PARAMETERS: usize = 16;

pub(crate) fn generate(rng: &mut Rng) -> Vec<u8> {
    (0..1 + rng.below(200)).map(|_| rng.next() as u8).collect()
}

/// Bytes that an input selects.
fn bytes(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut input = input.iter().map(|&byte| usize::from(byte));
    while let Some(choice) = input.next() {
        if let Some(piece) = PIECES.get(choice % (2 * PIECES.len())) {
            out.extend(piece.as_bytes());
            continue;
        }
        let mut pick = |of: usize| input.next().unwrap_or(0) % of;
        out.extend(b"\x1b[");
        out.extend(PREFIXES[pick(PREFIXES.len())].as_bytes());
        for n in 0..pick(MAX_PARAMETERS) {
            let joint = if n == 0 { "" } else { [";", ":"][usize::from(n % 3 == 2) * pick(2)] };
            let number = pick(256) * pick(3) * pick(2);
            // A missing number means 0 to both.
            let number = if number == 0 && joint != ":" { String::new() } else { number.to_string() };
            out.extend(format!("{joint}{number}").as_bytes());
        }
        out.extend(INTERMEDIATES[pick(INTERMEDIATES.len())].as_bytes());
        out.push(FINALS[pick(FINALS.len())]);
    }
    out
}

#[derive(Default)]
struct Trace(Vec<String>);

impl Perform for Trace {
    fn print(&mut self, c: char) {
        self.0.push(format!("print {c}"));
    }

    fn execute(&mut self, byte: u8) {
        self.0.push(format!("control {byte:02x}"));
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        if !ignore {
            self.0.push(format!("escape {}{}", intermediates.escape_ascii(), char::from(byte)));
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, last: char) {
        if ignore {
            return;
        }
        let joined = |group: &[u16]| group.iter().map(u16::to_string).collect::<Vec<_>>().join(":");
        let numbers = params.iter().map(joined).collect::<Vec<_>>().join(";");
        let marks = intermediates.escape_ascii().to_string().replace(' ', "space");
        self.0.push(format!("csi {marks} {numbers} {last}"));
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], bell_terminated: bool) {
        let end = if bell_terminated { "Bel" } else { "St" };
        self.0.push(format!("osc {} {end}", params.join(&b';').escape_ascii()));
    }
}

/// In `vte`, a sequence without parameters has one that is missing.
fn alike(command: &str) -> String {
    match command.split(' ').collect::<Vec<_>>()[..] {
        ["csi", marks, "", last] => format!("csi {marks} 0 {last}"),
        _ => command.to_owned(),
    }
}

/// The rules that differ, each with bytes of which the parsers make different commands.
fn different() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("24 parameters", [&b"\x1b["[..], &b"1;".repeat(23), b"1m"].concat()),
        ("64 bytes of parameters", [&b"\x1b["[..], &b"0".repeat(64), b"m"].concat()),
        ("numbers beyond 16 bits", b"\x1b[70000m".to_vec()),
        ("three intermediates", b"\x1b[ !$m".to_vec()),
        ("the end of a DCS", b"\x1bP1$r\x18x\x1b\\".to_vec()),
        ("ESC k", b"\x1bkname\x1b\\".to_vec()),
        ("APC", b"\x1b_title\x1b\\".to_vec()),
        // (How long an OSC may be differs only without vte's feature `std`, which vt100 wants.)
        ("8-bit controls", "\u{85}".as_bytes().to_vec()),
        ("DEL", b"\x7f".to_vec()),
        ("a character around a sequence", b"\xe6\x1b[m\x97\xa5".to_vec()),
        ("bytes that are no character", b"\xe6\xff\xff".to_vec()),
    ]
}

fn ours(bytes: &[u8]) -> Vec<String> {
    trace::commands(bytes).iter().map(|command| alike(command)).collect()
}

fn theirs(bytes: &[u8]) -> Vec<String> {
    let mut trace = Trace::default();
    let mut parser: ::vte::Parser = ::vte::Parser::default();
    parser.advance(&mut trace, bytes);
    trace.0
}

pub(crate) fn check(input: &[u8]) {
    static RULES: Once = Once::new();
    RULES.call_once(|| {
        for (rule, bytes) in different() {
            assert_ne!(ours(&bytes), theirs(&bytes), "{rule}: the parsers agree by now");
        }
    });
    let bytes = bytes(input);
    let (ours, theirs) = (ours(&bytes), theirs(&bytes));
    let at = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
    let at = at.unwrap_or(ours.len().min(theirs.len()));
    let shown = String::from_utf8_lossy(&bytes);
    assert_eq!(ours.get(at), theirs.get(at), "command {at} of {shown:?}");
}
