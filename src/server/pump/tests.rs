//! The order in which panes are read, and how much of each at once.

use std::os::unix::net::UnixStream;

use super::*;
use crate::terminal::{MemoryHistory, TerminalConfig};

const FLOODS: PaneId = PaneId(1);
const TYPED: PaneId = PaneId(2);

/// A pump with two panes, and the other ends of their terminals.
fn two_panes() -> (Pump, Poller, [UnixStream; 2]) {
    panes([FLOODS, TYPED])
}

fn panes<const COUNT: usize>(ids: [PaneId; COUNT]) -> (Pump, Poller, [UnixStream; COUNT]) {
    let (mut pump, poller) = (Pump { now_ms: 5000, ..Pump::default() }, Poller::new().unwrap());
    let ends = ids.map(|pane| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let history = Box::new(MemoryHistory::new(10, 20));
        let terminal = Terminal::new(Size::new(80, 24), TerminalConfig::default(), history);
        pump.add(&poller, pane, ours.into(), Arc::new(Mutex::new(terminal))).unwrap();
        theirs
    });
    (pump, poller, ends)
}

#[test]
fn much_is_parsed_at_once_where_that_is_fast() {
    let (fast, slow) = (PIECE_TIME / 10, 2 * PIECE_TIME);
    let mut piece = *PIECE.start();
    assert_eq!(next_piece(piece, piece - 1, fast), piece, "there was no more of it");
    for _ in 0..10 {
        piece = next_piece(piece, piece, fast);
    }
    assert_eq!(piece, *PIECE.end());
    assert_eq!(next_piece(piece, piece, PIECE_TIME), piece);
    for _ in 0..10 {
        piece = next_piece(piece, piece, slow);
    }
    assert_eq!(piece, *PIECE.start());
}

#[test]
fn pieces_are_small_for_a_while_after_somebody_typed() {
    let (mut pump, _, _) = two_panes();
    assert!(pump.is_calm());
    pump.hurry();
    assert!(!pump.is_calm());
    pump.now_ms += FAST_MS;
    assert!(pump.is_calm());
    pump.note_asked();
    assert!(!pump.is_calm(), "a script that sends keys waits as well");
}

#[test]
fn a_pane_that_does_not_flood_is_read_before_anybody_looks_at_it() {
    let (mut pump, poller, [mut prints, mut typed]) = two_panes();
    let wanted = |_| false;
    for _ in 0..3 {
        pump.hurry();
        pump.push(TYPED, b"k", Some(5000));
        pump.flush_written(&poller);
        typed.read_exact(&mut [0]).unwrap();
        prints.write_all(b"printed").unwrap();
        pump.note_ready(FLOODS);
        let slices = pump.turn_fast(&poller, &wanted);
        assert_eq!(slices.iter().map(|slice| (slice.pane, slice.len)).collect::<Vec<_>>(), [(FLOODS, 7)]);
    }
}

#[test]
fn a_pane_that_floods_gets_no_more_than_its_slice_and_waits_for_whoever_types() {
    let (mut pump, poller, [mut floods, mut typed]) = two_panes();
    floods.set_nonblocking(true).unwrap();
    let mut flood = || while floods.write(&[b'x'; 4096]).is_ok() {};
    let wanted = |_| false;
    flood();
    pump.note_ready(FLOODS);
    // Without a typing user: a whole slice.
    let slice = pump.turn_bulk(&poller, &wanted).unwrap();
    assert!(slice.pane == FLOODS && slice.len > 0 && slice.len <= SLICE.bytes, "{}", slice.len);
    assert!(pump.is_busy(), "there is more");
    // A key: for a moment nothing else is read, and then little.
    pump.hurry();
    pump.push(TYPED, b"k", Some(5000));
    pump.flush_written(&poller);
    assert!(pump.turn_bulk(&poller, &wanted).is_none());
    typed.read_exact(&mut [0]).unwrap();
    assert!(!pump.is_busy(), "the program with the key has the processor");
    pump.now_ms = pump.pause_due_ms().unwrap();
    let slice = pump.turn_bulk(&poller, &wanted).unwrap();
    assert!(slice.pane == FLOODS && slice.len <= READ, "{}", slice.len);
    assert_eq!(pump.pause_due_ms(), None);
    // The answer is read before more of the flood, although the flood was ready first.
    typed.write_all(b"k").unwrap();
    pump.note_ready(TYPED);
    let slices = pump.turn_fast(&poller, &wanted);
    assert_eq!(slices.iter().map(|slice| (slice.pane, slice.len)).collect::<Vec<_>>(), [(TYPED, 1)]);
    assert!(pump.turn_bulk(&poller, &wanted).is_none(), "the answer is drawn first");
    assert!(pump.turn_bulk(&poller, &wanted).is_some(), "but nobody waits for ever");
    // A user who types all the time does not stop the flood.
    let read = (0..20).filter(|_| {
        pump.hurry();
        flood();
        pump.turn_bulk(&poller, &wanted).is_some()
    });
    assert_eq!(read.count(), 10);
}

#[test]
fn a_flood_that_the_server_keeps_up_with_makes_way_for_a_key_too() {
    let (mut pump, poller, [mut floods, mut typed]) = two_panes();
    pump.now_ms = 5000;
    let line = [b'x'; 1 << 10];
    // More than anyone can read, in pieces that are read to their end.
    let pace = |pump: &mut Pump, floods: &mut UnixStream| {
        floods.write_all(&line).unwrap();
        pump.note_ready(FLOODS);
        pump.turn_fast(&poller, &|_| false).pop().map(|slice| slice.pace)
    };
    while pace(&mut pump, &mut floods) != Some(Pace::Flood) {}
    pump.hurry();
    pump.push(TYPED, b"k", Some(pump.now_ms));
    pump.flush_written(&poller);
    typed.read_exact(&mut [0]).unwrap();
    assert_eq!(pace(&mut pump, &mut floods), None, "the program with the key has the processor");
    typed.write_all(b"k").unwrap();
    pump.note_ready(TYPED);
    assert_eq!(read_first(&mut pump, &poller), [(TYPED, 1)]);
    pump.turn_bulk(&poller, &|_| false);
    assert_eq!(read_first(&mut pump, &poller), [(FLOODS, line.len())], "the answer is there");
    // A pane that flooded some time ago is no flood.
    pump.now_ms += 10_000;
    pump.push(TYPED, b"k", Some(pump.now_ms));
    assert_ne!(pace(&mut pump, &mut floods), None);
}

/// The panes that a turn reads first, in order, and how much of each.
fn read_first(pump: &mut Pump, poller: &Poller) -> Vec<(PaneId, usize)> {
    let slices = pump.turn_fast(poller, &|_| false);
    slices.iter().map(|slice| (slice.pane, slice.len)).collect()
}

#[test]
fn what_a_command_waits_for_is_read_first_and_its_answer_before_the_next_slice_of_a_flood() {
    const PRINTS: PaneId = PaneId(3);
    const AWAITED: PaneId = PaneId(4);
    let (mut pump, poller, [mut floods, mut prints, mut awaited]) = panes([FLOODS, PRINTS, AWAITED]);
    let wanted = |_| false;
    floods.set_nonblocking(true).unwrap();
    let mut flood = || while floods.write(&[b'x'; 4096]).is_ok() {};
    flood();
    pump.note_ready(FLOODS);
    pump.turn_bulk(&poller, &wanted).unwrap();
    pump.set_watched(AWAITED, true);
    assert!(pump.turn_bulk(&poller, &wanted).is_none() && pump.turn_bulk(&poller, &wanted).is_some());
    pump.now_ms += FAST_MS;
    assert!(pump.is_calm(), "nobody typed of late, and what is awaited is silent");
    // The pane that is awaited comes last and is read first, behind it the one that prints little.
    flood();
    prints.write_all(b"printed").unwrap();
    awaited.write_all(b"match").unwrap();
    [PRINTS, AWAITED].into_iter().for_each(|pane| pump.note_ready(pane));
    assert_eq!(read_first(&mut pump, &poller), [(AWAITED, 5), (PRINTS, 7)]);
    assert!(!pump.is_calm(), "more of what is awaited may come: pieces of the flood are small");
    // The pump learns of the match before it reads the flood.
    pump.set_watched(AWAITED, false);
    assert!(pump.turn_bulk(&poller, &wanted).is_none(), "the answer is written first");
    assert!(read_first(&mut pump, &poller).is_empty());
    assert_eq!(pump.turn_bulk(&poller, &wanted).map(|slice| slice.pane), Some(FLOODS));
    // Answers in each turn do not stop the flood, but it gets little.
    for _ in 0..10 {
        flood();
        pump.set_watched(AWAITED, false);
        assert!(pump.turn_bulk(&poller, &wanted).is_none());
        pump.set_watched(AWAITED, false);
        let slice = pump.turn_bulk(&poller, &wanted).unwrap();
        assert!(slice.len > 0 && slice.len <= READ, "{}", slice.len);
    }
}

#[test]
fn a_pane_that_floods_is_not_read_first_because_a_command_waits_for_it() {
    let (mut pump, poller, [mut floods, mut typed]) = two_panes();
    floods.set_nonblocking(true).unwrap();
    while floods.write(&[b'x'; 4096]).is_ok() {}
    pump.set_watched(FLOODS, true);
    pump.turn_bulk(&poller, &|_| false);
    pump.note_ready(FLOODS);
    pump.turn_bulk(&poller, &|_| false).unwrap();
    typed.write_all(b"k").unwrap();
    pump.note_ready(TYPED);
    assert_eq!(read_first(&mut pump, &poller), [(TYPED, 1)]);
}
