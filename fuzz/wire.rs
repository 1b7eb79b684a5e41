//! The protocol on a server's socket: the messages and the end do not depend on how the bytes are
//! split, and a parsed message is written as bytes that parse to the same message.

use scopemux::testing::protocol::{Connection, Message};

use crate::input::Rng;

/// Message types that clients and servers send, and some that nobody sends.
const KINDS: &[u32] = &[
    12, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 200, 201, 202, 203, 204, 205, 207, 208,
    209, 210, 211, 212, 213, 214, 215, 216, 217, 300, 301, 302, 303, 304, 305, 306, 307, 9, 999,
];

pub(crate) fn generate(rng: &mut Rng) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..1 + rng.below(4) {
        let payload: Vec<u8> = match rng.below(3) {
            0 => (0..rng.below(40)).map(|_| rng.pick(&[0, 1, 4, 65, 255])).collect(),
            1 => [&(1 + rng.below(3) as u32).to_ne_bytes()[..], b"new-window\0-d\0:1\0"].concat(),
            _ => [b"text".as_slice(), &vec![0; rng.below(3)]].concat(),
        };
        let length = match rng.below(12) {
            0 => rng.next() as u32,
            1 => (16 + payload.len() as u32) | 0x8000_0000,
            _ => 16 + payload.len() as u32,
        };
        let version = if rng.below(20) == 0 { rng.below(300) as u32 } else { 8 };
        for word in [rng.pick(KINDS), length, version, rng.below(3) as u32] {
            out.extend(word.to_ne_bytes());
        }
        out.extend(payload);
    }
    out
}

/// Messages in some bytes, and how the parser ends.
fn read(input: &[u8], part: usize) -> (Vec<String>, String) {
    let mut connection = Connection::default();
    let mut messages = Vec::new();
    for bytes in input.chunks(part) {
        if let Err(error) = connection.push_input(bytes, []) {
            return (messages, error.to_string());
        }
        loop {
            match connection.next_message() {
                Ok(Some(message)) => {
                    messages.push(format!("{message:?}"));
                    check_written(message);
                }
                Ok(None) => break,
                Err(error) => return (messages, error.to_string()),
            }
        }
    }
    (messages, String::new())
}

fn check_written(message: Message) {
    // It is written with this side's protocol version.
    if matches!(message, Message::Version { .. }) {
        return;
    }
    let text = format!("{message:?}");
    let (mut sender, mut receiver) = (Connection::default(), Connection::default());
    if sender.send(message).is_err() {
        return;
    }
    let (bytes, _, output) = sender.unread().expect("no descriptors were sent");
    assert!(bytes.is_empty());
    receiver.push_input(&output, []).expect("one message fits");
    let again =
        receiver.next_message().unwrap_or_else(|error| panic!("{text} is written as bytes that are {error}"));
    assert_eq!(again.map(|message| format!("{message:?}")), Some(text));
}

pub(crate) fn check(input: &[u8]) {
    let whole = read(input, input.len().max(1));
    assert_eq!(read(input, 1), whole);
    assert_eq!(read(input, 7), whole);
}
