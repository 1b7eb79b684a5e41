//! Saved sessions on a disk where each call in turn fails, is torn, or is the last one before the
//! machine stops.

use super::*;
use crate::base::{PaneId, SessionId};
use crate::server::saved::{SavedPane, SavedSession};
use crate::transcript::fault::{Fault, FaultyDisk};

/// The text that `serve` writes at the end.
const TEXT: &[u8] = b"text 2, later, at last";

fn files(disk: &FaultyDisk) -> Files {
    Files::new(Arc::new(disk.clone()), PathBuf::from("/state"))
}

/// Saved state of a server that began at `life`, with `number` sessions.
fn saved(life: i64, number: u32) -> Saved {
    let session = |id| SavedSession { id: SessionId(id), name: format!("s{id}"), ..Default::default() };
    let pane = SavedPane { id: PaneId(1), history: Some(format!("pane-1-{life:x}")), ..Default::default() };
    Saved { life, sessions: (0..number).map(session).collect(), panes: vec![pane], ..Saved::default() }
}

/// Actions of one server: it writes its sessions and the text of a pane, twice.
fn serve(files: &mut Files, life: i64) -> io::Result<()> {
    files.begin(life);
    for number in [1, 2] {
        let saved = saved(life, number);
        files.write(&serde_json::to_vec(&saved)?)?;
        let name = format!("pane-1-{life:x}");
        files.write_text(&name, format!("text {number}").as_bytes())?;
        files.append_text(&name, b", later")?;
        files.append_text(&name, b", at last")?;
        files.keep_texts(&texts(&saved))?;
    }
    Ok(())
}

/// Findings of the next server: life and count of the sessions, and the pane's text.
fn found(disk: &FaultyDisk, life: i64) -> Option<(i64, usize, Option<Vec<u8>>)> {
    let mut files = files(disk);
    files.begin(life);
    let left = files.left().expect("what is there is whole")?;
    let text = files.read_text(left.panes[0].history.as_ref()?).expect("what is there is whole");
    Some((left.life, left.sessions.len(), text.map(|parts| parts.concat())))
}

#[test]
fn the_next_server_finds_what_was_written_last() {
    let disk = FaultyDisk::default();
    serve(&mut files(&disk), 1).unwrap();
    assert_eq!(found(&disk.copy(), 2), Some((1, 2, Some(TEXT.to_vec()))));
    // A server that took over continues with the same life, and nothing is left to restore.
    let mut same = files(&disk);
    same.begin(1);
    assert!(same.left().unwrap().is_none());
    serve(&mut same, 1).unwrap();
    // Another server begins with nothing, and ends without having written anything.
    let mut other = files(&disk);
    other.end().unwrap();
    assert_eq!(found(&disk.copy(), 2), Some((1, 2, Some(TEXT.to_vec()))));
    // Or it ends on purpose: its own state does not come back, the earlier state still can.
    let mut other = files(&disk);
    serve(&mut other, 2).unwrap();
    other.end().unwrap();
    assert_eq!(found(&disk.copy(), 3), Some((1, 2, Some(TEXT.to_vec()))));
    let names = disk.names();
    assert!(names.iter().all(|name| !name.ends_with("pane-1-2")), "{names:?}");
    // Once restored, the state is removed.
    other.forget_left().unwrap();
    assert_eq!(found(&disk, 3), None);
}

#[test]
fn each_call_that_fails_once_costs_one_writing_at_most() {
    let calls = {
        let disk = FaultyDisk::default();
        serve(&mut files(&disk), 1).unwrap();
        disk.changes()
    };
    assert!(calls > 15, "{calls} calls");
    for at in 0..calls {
        for fault in [Fault::Errno(libc::EIO), Fault::Errno(libc::ENOSPC), Fault::Short] {
            let disk = FaultyDisk::default();
            let mut files = files(&disk);
            disk.fail(at, fault, false);
            let failed = serve(&mut files, 1).is_err();
            // At that moment, the files are intact.
            let now = found(&disk.copy(), 2);
            assert!(now.is_none_or(|(life, sessions, _)| life == 1 && sessions > 0), "call {at}, {fault:?}");
            assert!(failed || at == 0, "call {at}, {fault:?} is told");
            // Writing works again.
            serve(&mut files, 1).unwrap();
            assert_eq!(found(&disk, 2), Some((1, 2, Some(TEXT.to_vec()))), "call {at}, {fault:?}");
        }
    }
}

#[test]
fn wherever_the_machine_stops_the_last_sound_state_is_there() {
    let calls = {
        let disk = FaultyDisk::default();
        serve(&mut files(&disk), 1).unwrap();
        let before = disk.changes();
        serve(&mut files(&disk), 2).unwrap();
        (before, disk.changes())
    };
    let mut seen = BTreeSet::new();
    for at in calls.0..calls.1 {
        let disk = FaultyDisk::default();
        serve(&mut files(&disk), 1).unwrap();
        disk.fail(at - calls.0, Fault::Crash, false);
        assert!(serve(&mut files(&disk), 2).is_err(), "call {at}");
        disk.heal();
        let (life, sessions, text) = found(&disk, 3).expect("something whole is always there");
        let text = text.map(|text| String::from_utf8(text).expect("it is ASCII"));
        let is_sound = |text: &str| {
            let older = ["text 1", "text 2"].iter().any(|older| text.starts_with(older));
            older && ["", ", later", ", later, at last"].contains(&&text[6..])
        };
        assert!(text.as_deref().is_none_or(is_sound), "call {at}: {text:?}");
        assert!(
            life == 2 || text.as_deref().is_some_and(|text| text.as_bytes() == TEXT),
            "call {at}: {text:?}"
        );
        seen.insert((life, sessions));
        // A start never fails, and the next server writes as usual.
        serve(&mut files(&disk), 4).unwrap();
        assert_eq!(found(&disk, 5).map(|(life, sessions, _)| (life, sessions)), Some((4, 2)));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(1, 2), (2, 1), (2, 2)]);
}

#[test]
fn a_damaged_file_is_never_believed() {
    let disk = FaultyDisk::default();
    serve(&mut files(&disk), 1).unwrap();
    let whole = disk.files()[&PathBuf::from("/state/sessions")].clone();
    for at in 0..whole.len() {
        for cut in [false, true] {
            let disk = disk.copy();
            disk.damage(|path, bytes| {
                if path.ends_with("sessions") {
                    match cut {
                        true => bytes.truncate(at),
                        false => bytes[at] ^= 0x10,
                    }
                }
            });
            let mut files = files(&disk);
            let said = files.begin(2);
            assert!(said.len() == 1 && said[0].contains("is damaged, kept as"), "byte {at}: {said:?}");
            // The previous version is used, and the damaged one is kept.
            assert_eq!(files.left().unwrap().map(|left| left.sessions.len()), Some(1), "byte {at}");
            assert!(disk.names().contains(&"/state/sessions.bad".to_owned()));
        }
    }
}
