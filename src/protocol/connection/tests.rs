//! The protocol tested with recorded bytes and with noise.

use super::*;
use proptest::prelude::*;
use std::fs::File;

fn fd() -> OwnedFd {
    File::open("/dev/null").unwrap().into()
}

fn frame(kind: u32, mark: u32, peer: u32, payload: &[u8]) -> Vec<u8> {
    let len = (HEADER_SIZE + payload.len()) as u32 | mark;
    let mut out = Vec::new();
    for word in [kind, len, peer, u32::MAX] {
        out.extend_from_slice(&word.to_ne_bytes());
    }
    out.extend_from_slice(payload);
    out
}

/// Decodes one frame: returns the message's debug form without descriptor numbers, or the error.
fn check(kind: u32, payload: &[u8], expect: &str) {
    let mut connection = Connection::default();
    connection.push_input(&frame(kind, 0, 8, payload), None).unwrap();
    let got = match connection.next_message() {
        Ok(Some(message)) => {
            let text = format!("{message:?}");
            if !text.starts_with("Other") && !text.starts_with("TooOld") {
                let (again, bytes, _) = message.encode();
                assert_eq!((again, &bytes[..]), (kind, payload), "{text}");
            }
            text
        }
        Ok(None) => "None".into(),
        Err(error) => error.to_string(),
    };
    assert_eq!(got, expect);
}

#[test]
fn messages_have_tmux_layouts() {
    check(111, &[0, 0, 1, 0x18, 0, 0, 0, 0], "IdentifyLongFlags(402718720)");
    check(101, b"screen\0", "IdentifyTerm(\"screen\")");
    check(101, b"screen", "bad payload of message 101");
    check(109, &[1, 128, 0, 0], "IdentifyFeatures(32769)");
    check(107, &[0x39, 0x30, 0, 0], "IdentifyClientPid(12345)");
    check(106, b"", "IdentifyDone");
    check(200, b"\x02\0\0\0ls\0\xff\0", "Command([\"ls\", \"\\u{10ffff}\"])");
    check(200, b"\0\0\0\0", "Command([])");
    check(200, b"\x01\0\0\0ls", "bad payload of message 200");
    check(208, b"", "Resize");
    check(208, b"x", "bad payload of message 208");
    check(209, b"", "Shell(None)");
    check(209, b"/bin/sh\0", "Shell(Some(\"/bin/sh\"))");
    check(203, b"", "Exit { status: None, message: None }");
    check(203, &[3, 0, 0, 0], "Exit { status: Some(3), message: None }");
    check(203, b"\x01\0\0\0no\0", "Exit { status: Some(1), message: Some(\"no\") }");
    check(203, b"\x01\0", "bad payload of message 203");
    check(217, b"ls\0/bin/sh\0", "Exec { command: \"ls\", shell: \"/bin/sh\" }");
    check(217, b"ls\0", "bad payload of message 217");
    check(300, b"\x03\0\0\0\xff\xff\xff\xff/x\0", "ReadOpen { stream: 3, fd: -1, path: Some(\"/x\") }");
    check(303, b"\x01\0\0\0\x01\0\0\0\0\0\0\0", "WriteOpen { stream: 1, fd: 1, flags: 0, path: None }");
    check(304, b"\x01\0\0\0hi", "Write { stream: 1, data: [104, 105] }");
    check(302, b"\x03\0\0\0\0\0\0\0", "ReadDone { stream: 3, error: 0 }");
    check(307, b"\x03\0\0\0", "ReadCancel { stream: 3 }");
    check(213, b"anything", "TooOld");
    check(999, b"anything", "Other(999)");
}

#[test]
fn a_command_that_does_not_add_up_is_too_long() {
    for payload in [&b"\x03\0\0\0ls\0"[..], b"\xff\xff\xff\xff", b"\xe9\x03\0\0ls\0", b"\x01\0\0\0"] {
        let message = Message::decode(200, payload, None, 8);
        assert!(matches!(message, Ok(Message::CommandTooLong)), "{payload:?}");
    }
}

#[test]
fn both_markings_bring_descriptors_and_are_answered_in_kind() {
    for mark in [0x8000_0000, 0x0001_0000] {
        let mut connection = Connection::new(FdMarking::TopBit);
        connection.push_input(&frame(104, mark, 8, b""), [fd()]).unwrap();
        let message = connection.next_message().unwrap();
        assert!(matches!(message, Some(Message::IdentifyStdin(Some(_)))));
        connection.send(Message::IdentifyStdout(Some(fd()))).unwrap();
        let (bytes, passed) = connection.output().unwrap();
        assert!(passed.is_some());
        assert_eq!(bytes, frame(110, mark, 8, b""));
    }
}

#[test]
fn descriptors_end_a_run_of_output() {
    let mut connection = Connection::default();
    connection.send(Message::IdentifyTerm("x".into())).unwrap();
    connection.send(Message::IdentifyStdin(Some(fd()))).unwrap();
    connection.send(Message::IdentifyDone).unwrap();
    let mut runs = Vec::new();
    while let Some((bytes, fd)) = connection.output() {
        runs.push((bytes.len(), fd.is_some()));
        let len = bytes.len();
        connection.wrote(len);
    }
    assert_eq!(runs, [(18, false), (32, true)]);
    assert_eq!(connection.output_len(), 0);
}

#[test]
fn limits_hold() {
    let mut connection = Connection::default();
    assert_eq!(connection.push_input(&vec![0; MAX_INPUT + 1], None), Err(ProtocolError::InputFull));
    let flood = (0..=MAX_PENDING_FDS).map(|_| fd());
    assert_eq!(connection.push_input(b"", flood), Err(ProtocolError::TooManyFds));
    connection.set_max_output(40);
    assert_eq!(connection.send(Message::Resize), Ok(()));
    assert_eq!(connection.send(Message::Resize), Ok(()));
    assert_eq!(connection.send(Message::Resize), Err(ProtocolError::OutputFull));
    let data = vec![0; super::super::message::MAX_FILE_CHUNK + 1];
    assert_eq!(connection.send(Message::Write { stream: 3, data }), Err(ProtocolError::TooLong));
}

#[test]
fn another_version_is_refused_unless_it_says_so() {
    let mut connection = Connection::default();
    connection.push_input(&frame(200, 0, 7, b""), None).unwrap();
    assert_eq!(connection.next_message().unwrap_err(), ProtocolError::Version(7));
    let mut connection = Connection::default();
    connection.push_input(&frame(12, 0, 7, b""), None).unwrap();
    assert!(matches!(connection.next_message(), Ok(Some(Message::Version { peer: 7 }))));
}

/// Adds pieces of input and takes every message, until an error.
fn drive<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Option<ProtocolError>) {
    let mut connection = Connection::default();
    let mut seen = Vec::new();
    for piece in pieces {
        if let Err(error) = connection.push_input(piece, None) {
            return (seen, Some(error));
        }
        loop {
            match connection.next_message() {
                Ok(Some(message)) => seen.push(format!("{message:?}")),
                Ok(None) => break,
                Err(error) => return (seen, Some(error)),
            }
        }
    }
    (seen, None)
}

proptest! {
    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..4096), cut in 1usize..64) {
        drive(bytes.chunks(cut));
    }

    #[test]
    fn near_messages_never_panic_and_splits_do_not_matter(
        frames in proptest::collection::vec(
            ((98u32..115).prop_union(198u32..220).or(298u32..309), prop_oneof![8 => Just(8u32), 1 => 0u32..300],
             proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..40)), 0..20),
        cut in 1usize..50,
    ) {
        let bytes: Vec<u8> =
            frames.iter().flat_map(|(kind, peer, payload)| frame(*kind, 0, *peer, payload)).collect();
        prop_assert_eq!(drive(bytes.chunks(cut)), drive([&bytes[..]]));
    }
}
