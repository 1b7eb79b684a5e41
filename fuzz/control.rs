//! Lines of a control client, and output of its panes meanwhile: the answer to each command is
//! between its own guards, every other line begins with `%`, and the output of a pane can be
//! decoded byte for byte.

use scopemux::testing::base::ClientId;
use scopemux::testing::command::queue;
use scopemux::testing::control;
use scopemux::testing::model::{Client, ClientFlags};

use crate::input::Rng;
use crate::scenes::{NOW, World};

const CONTROL: ClientId = ClientId(90);
/// Lines and outputs of an input that are used.
const STEPS: usize = 60;
/// First byte of a piece of input that is output of the pane, not a line.
const PRINTED: u8 = 0;

const LINES: &[&str] = &[
    "display-message -p x",
    "display-message -p '#{pane_id}'",
    "list-panes",
    "nosuch",
    "display-message -p '",
    "{",
    "if-shell -F 1 { display-message -p a } { display-message -p b }",
    "refresh-client -C 80,24",
    "refresh-client -A %0:pause",
    "refresh-client -A %0:continue",
    "refresh-client -A %0:off",
    "refresh-client -A %0:on",
    "refresh-client -B name:%0:#{pane_title}",
    "refresh-client -f pause-after=1",
    "refresh-client -f no-output",
    "refresh-client -f !no-output",
    "new-window -d",
    "kill-window -t :1",
    "rename-window é",
    "set-buffer x ; list-buffers",
    "display-message -p a ; nosuch ; display-message -p b",
    "display-message -p '%end 1 1 1'",
    "wait-for -S x",
    "copy-mode",
    " ",
    "#",
];

pub(crate) fn generate(rng: &mut Rng) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..1 + rng.below(20) {
        if rng.below(3) == 0 {
            out.push(PRINTED);
            out.extend((0..rng.below(20)).map(|_| rng.pick(b"ab\\\r\x1b\x7f\xc3\xa9 ")));
        } else if rng.below(12) == 0 {
            out.extend((0..rng.below(30)).map(|_| rng.next() as u8));
        } else {
            out.extend_from_slice(rng.pick(LINES).as_bytes());
        }
        out.push(b'\n');
    }
    out
}

/// Decodes a backslash and three octal digits to one byte.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        if let (b'\\', [a, b, c, after @ ..]) = (first, tail) {
            out.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
            rest = after;
            continue;
        }
        assert!(*first >= 0x20, "byte {first} is not escaped");
        out.push(*first);
        rest = tail;
    }
    out
}

pub(crate) fn check(input: &[u8]) {
    let mut world = World::new(0);
    let mut client = Client::new(CONTROL, NOW);
    client.name = "control".to_owned();
    client.session = Some(world.session);
    client.flags |= ClientFlags::CONTROL | ClientFlags::IDENTIFIED | ClientFlags::ATTACHED;
    world.server.clients.insert(CONTROL, client);
    control::start(&mut world.cx(), CONTROL);
    let pane = *world.server.panes.keys().next().expect("a window has a pane");
    let mut printed = Vec::new();
    for piece in input.split(|byte| *byte == b'\n').take(STEPS) {
        let mut cx = world.cx();
        match piece {
            [PRINTED, bytes @ ..] => {
                control::pane_output(&mut cx, pane, bytes);
                printed.extend_from_slice(bytes);
            }
            _ => control::line(&mut cx, CONTROL, &String::from_utf8_lossy(piece)),
        }
        while queue::run(&mut cx) {}
        control::settle(&mut cx);
        if world.server.sessions.is_empty() {
            return;
        }
    }
    look_at(&world.host.controlled, &printed);
}

fn look_at(written: &[u8], printed: &[u8]) {
    let mut open: Option<Vec<u8>> = None;
    let mut seen = Vec::new();
    for line in written.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let rest = line.get(word.len()..).unwrap_or_default();
        match (&open, word) {
            (None, b"%begin") => open = Some(rest.to_vec()),
            (Some(begun), b"%end" | b"%error") if begun.as_slice() == rest => open = None,
            // An answer may contain any text.
            (Some(_), _) => {}
            (None, b"%output") => {
                let text = rest.splitn(3, |byte| *byte == b' ').nth(2).unwrap_or_default();
                seen.extend(unescape(text));
            }
            (None, b"%extended-output") => {
                let at = rest.windows(3).position(|three| three == b" : ").expect("a colon") + 3;
                seen.extend(unescape(&rest[at..]));
            }
            (None, _) => assert!(line.starts_with(b"%"), "{:?} is no answer", String::from_utf8_lossy(line)),
        }
    }
    assert!(
        open.is_none() || printed.is_empty() || seen.len() <= printed.len(),
        "more came than was printed"
    );
    // Output that a client refused (`no-output`, `off`) is missing in pieces; all other output is
    // there.
    let mut rest = printed;
    for byte in seen {
        let at = rest
            .iter()
            .position(|other| *other == byte)
            .expect("a byte that was not printed, or out of order");
        rest = &rest[at + 1..];
    }
}
