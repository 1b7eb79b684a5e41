//! Parcels are transmitted unchanged, whole and in pieces; damaged ones are refused.

use super::*;
use proptest::prelude::*;
use std::fs::File;

fn spawn() -> Spawn {
    let pty = Pty {
        cols: 80,
        rows: 24,
        xpixel: 640,
        ypixel: 0,
        control_chars: Some(vec![3, 28]),
        erase: Some(8),
        transient: true,
    };
    Spawn {
        token: 300,
        program: "/bin/sh".into(),
        argv: vec!["-sh".into(), String::new()],
        env: vec![("A".into(), "b=c".into()), ("STRAY".into(), from_bytes(b"\xff"))],
        cwd: Some("/tmp".into()),
        home: None,
        stdio: Stdio::Pty(pty),
        cgroup: Some(File::open("/dev/null").unwrap().into()),
        oom_score_adj: Some(-17),
        held: true,
        gated: true,
        groups: vec!["/sys/fs/cgroup/memory/a".into(), "/sys/fs/cgroup/pids/a".into()],
    }
}

fn requests() -> Vec<Request> {
    let null = || File::open("/dev/null").unwrap().into();
    let stdio = Stdio::Socket { stdin: true, stdout: true, stderr: false };
    vec![
        Request::Spawn(Box::new(spawn())),
        Request::Spawn(Box::new(Spawn { stdio, cgroup: None, oom_score_adj: None, cwd: None, ..spawn() })),
        Request::Signal { token: 1, signal: 15, group: true },
        Request::Release { token: u64::MAX },
        Request::Open { token: 9 },
        Request::Deposit { snapshot: null() },
        Request::Listener { listener: null() },
        Request::HandOver,
        Request::Abandon,
        Request::Goodbye { groups: vec!["/sys/fs/cgroup/memory/a".into()] },
    ]
}

/// Debug form without descriptor numbers.
fn shown(request: &Request) -> String {
    let text = format!("{request:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("fd: ") {
        out.push_str(&rest[..at]);
        rest = rest[at + 4..].trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out + rest
}

#[test]
fn requests_survive_in_pieces() {
    let (mut one, mut other) = (Handle::default(), Handle::default());
    let expect: Vec<String> = requests().iter().map(shown).collect();
    requests().into_iter().for_each(|request| one.send(request).unwrap());
    let mut got = Vec::new();
    while let Some((bytes, fd)) = one.output() {
        let piece = bytes[..bytes.len().min(7)].to_vec();
        let fd = fd.map(|fd| fd.try_clone_to_owned().unwrap());
        one.wrote(piece.len());
        other.push_input(&piece, fd);
        while let Some(request) = other.next_parcel::<Request>().unwrap() {
            got.push(shown(&request));
        }
    }
    assert_eq!(got, expect);
}

#[test]
fn reports_survive() {
    let mut one = Handle::default();
    one.send(Report::Exited { token: 7, pid: 9, status: 0x8b }).unwrap();
    one.send(Report::SpawnFailed { token: 7, errno: 2 }).unwrap();
    one.send(Report::NotContained { token: 7 }).unwrap();
    let mut other = Handle::default();
    while let Some((bytes, _)) = one.output() {
        let bytes = bytes.to_vec();
        one.wrote(bytes.len());
        other.push_input(&bytes, None);
    }
    assert!(matches!(other.next_parcel(), Ok(Some(Report::Exited { token: 7, pid: 9, status: 0x8b }))));
    assert!(matches!(other.next_parcel(), Ok(Some(Report::SpawnFailed { token: 7, errno: 2 }))));
    assert!(matches!(other.next_parcel(), Ok(Some(Report::NotContained { token: 7 }))));
    assert!(matches!(other.next_parcel::<Report>(), Ok(None)));
}

proptest! {
    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut handle = Handle::default();
        handle.push_input(&bytes, None);
        while let Ok(Some(_)) = handle.next_parcel::<Request>() {}
        let body = [&((bytes.len() as u32) + 2).to_le_bytes()[..], &[1, 0], &bytes].concat();
        let mut handle = Handle::default();
        handle.push_input(&body, None);
        while let Ok(Some(_)) = handle.next_parcel::<Request>() {}
    }
}

#[test]
fn a_request_of_an_older_server_names_no_groups() {
    let (_, mut body, _) = Request::Spawn(Box::new(Spawn { groups: Vec::new(), ..spawn() })).pack();
    assert_eq!((body.pop(), body.pop()), (Some(1), Some(0)), "held, the number of groups");
    let Ok(Some(Request::Spawn(it))) = Request::unpack(1, Reader(&body), None) else { panic!("a request") };
    assert_eq!((it.token, it.gated, it.groups, it.held), (300, true, Vec::new(), false));
}
