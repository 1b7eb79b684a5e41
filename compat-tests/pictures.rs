//! Pictures by kitty's protocol, from a program in a pane to a terminal that knows the protocol: an
//! emulator that parses the protocol in the client's output, and the cells that show parts of
//! pictures.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use scopemux::testing::base::{Colour, Surface};

use super::recovery::{kill, show, until};
use super::screen::Outer;
use super::server::{PATIENCE, Server};

/// Kitty's diacritics for 0 to 9.
const DIACRITICS: [char; 10] = [
    '\u{305}', '\u{30d}', '\u{30e}', '\u{310}', '\u{312}', '\u{33d}', '\u{33e}', '\u{33f}', '\u{346}',
    '\u{34a}',
];
const PLACEHOLDER: char = '\u{10eeee}';

/// Two numbers: column and row of a cell, row and column of a part, or ids of picture and
/// placement.
type Pair = (u32, u32);

/// A picture that the terminal has.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Picture {
    keys: BTreeMap<char, String>,
    data: Vec<u8>,
    /// Columns and rows of virtual placements, by their ids.
    places: BTreeMap<u32, (u32, u32)>,
    /// Commands of its animation, without ids.
    steps: Vec<String>,
}

/// Pictures of a terminal that received these bytes.
fn pictures(written: &[u8]) -> BTreeMap<u32, Picture> {
    let mut all: BTreeMap<u32, Picture> = BTreeMap::new();
    let mut loading: Option<(BTreeMap<char, String>, Vec<u8>)> = None;
    let text = String::from_utf8_lossy(written);
    for piece in text.split("\x1b_G").skip(1) {
        // An incomplete command is parsed once the rest has come.
        let Some((command, _)) = piece.split_once("\x1b\\") else { break };
        let (control, payload) = command.split_once(';').unwrap_or((command, ""));
        assert!(payload.len() <= 4096, "a chunk of {} bytes", payload.len());
        let pairs = control.split(',').filter_map(|pair| pair.split_once('='));
        let mut keys: BTreeMap<char, String> =
            pairs.map(|(key, value)| (key.chars().next().expect("a key"), value.to_owned())).collect();
        let mut data = STANDARD.decode(payload).expect("base64");
        let more = keys.remove(&'m').is_some_and(|more| more == "1");
        let number =
            |keys: &BTreeMap<char, String>, key| keys.get(&key).map_or(0, |n| n.parse().expect("a number"));
        if keys.get(&'a').is_some_and(|action| action == "d") {
            loading = None;
            assert_eq!(keys[&'d'], "I", "{control}");
            all.remove(&number(&keys, 'i'));
            continue;
        }
        if let Some((first, before)) = loading.take() {
            assert!(!keys.contains_key(&'i'), "a new picture in the middle of another: {control}");
            data = [before, data].concat();
            keys = first;
        }
        if more {
            loading = Some((keys, data));
            continue;
        }
        assert_eq!(keys.remove(&'q').as_deref(), Some("2"), "{control}");
        let id: u32 = number(&keys, 'i');
        let picture = match keys[&'a'].as_str() {
            "t" => {
                all.insert(id, Picture { keys, data, ..Picture::default() });
                continue;
            }
            _ => all.get_mut(&id).unwrap_or_else(|| panic!("no picture {id} for {control}")),
        };
        match keys[&'a'].as_str() {
            "p" => {
                assert_eq!(keys[&'U'], "1", "{control}");
                picture.places.insert(number(&keys, 'p'), (number(&keys, 'c'), number(&keys, 'r')));
            }
            _ => picture.steps.push(control.replace(&format!("i={id},q=2,"), "")),
        }
    }
    all
}

fn number_in(colour: Colour) -> u32 {
    match colour {
        Colour::Rgb(r, g, b) => u32::from_be_bytes([0, r, g, b]),
        other => panic!("a picture's colour is {other:?}"),
    }
}

/// Cells that show parts of pictures: column and row, ids of the picture and of the placement, row
/// and column of the part.
fn parts(surface: &Surface) -> Vec<(Pair, Pair, Pair)> {
    let mut found = Vec::new();
    for (x, y) in (0..surface.size().rows).flat_map(|y| (0..surface.size().cols).map(move |x| (x, y))) {
        let cell = surface.get(x, y);
        let mut text = String::new();
        cell.glyph.push_to(&mut text);
        let Some(marks) = text.strip_prefix(PLACEHOLDER) else { continue };
        // The emulator knows the diacritics for all values of a byte; these tests use small values,
        // except for the highest byte of ids.
        let mut marks = marks.chars();
        let mut number = || {
            DIACRITICS
                .iter()
                .position(|mark| Some(*mark) == marks.clone().next())
                .map(|n| (marks.next(), n as u32).1)
        };
        let (row, col) = (number().expect("a row"), number().expect("a column"));
        found.push(((x, y), (number_in(cell.style.fg), number_in(cell.style.us)), (row, col)));
    }
    found
}

/// Waits for a state of the terminal; returns the closure's value.
#[track_caller]
fn until_shown<T>(
    outer: &mut Outer,
    mut wanted: impl FnMut(&BTreeMap<u32, Picture>, &Surface) -> Option<T>,
) -> T {
    let since = Instant::now();
    loop {
        let surface = outer.cells();
        let pictures = pictures(&outer.written);
        if let Some(found) = wanted(&pictures, &surface) {
            return found;
        }
        let rows: Vec<String> = (0..surface.size().rows).map(|y| surface.row_text(y)).collect();
        assert!(since.elapsed() < PATIENCE, "{:?} {rows:#?}", pictures.keys());
    }
}

/// The picture with this data, once all of `cells` (column, row, part), and no other cells, show
/// parts of it.
#[track_caller]
fn shows(outer: &mut Outer, data: &[u8], cells: &[(Pair, Pair)]) -> Picture {
    until_shown(outer, |pictures, surface| {
        let (id, picture) = pictures.iter().find(|(_, picture)| picture.data == data)?;
        let of_it = parts(surface).into_iter().filter(|(_, (low, _), _)| *low == id & 0xff_ffff);
        let shown: Vec<_> = of_it.collect();
        let there: Vec<_> = shown.iter().map(|(at, _, part)| (*at, *part)).collect();
        let placed = shown.iter().all(|(_, (_, place), _)| picture.places.contains_key(place));
        (there == cells && placed).then(|| picture.clone())
    })
}

/// Cells and parts of a picture of `cols` by `rows` whose first cell is `at`.
fn block(at: Pair, cols: u32, rows: u32) -> Vec<(Pair, Pair)> {
    (0..rows).flat_map(|row| (0..cols).map(move |col| ((at.0 + col, at.1 + row), (row, col)))).collect()
}

fn attach(server: &Server, cols: u32, rows: u32) -> Outer {
    let step = serde_json::json!({ "cols": cols, "rows": rows });
    Outer::attach(server, &step, &["attach-session".to_owned()])
}

/// A server with a session of 40×12 whose clients' terminals know the protocol.
fn with_pictures(program: &str) -> Server {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "40", "-y", "11", program]);
    server.tmux(&["set-option", "-as", "terminal-features", "xterm*:kittygraphics"]);
    server
}

/// Pixels of a picture of this size, 24 bits each, different for each `seed`.
fn pixels(seed: u8, width: usize, height: usize) -> Vec<u8> {
    (0..width * height * 3).map(|n| (n as u8).wrapping_mul(31) ^ seed).collect()
}

/// Commands that transmit data, in chunks.
fn transmit(control: &str, data: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(data);
    let chunks: Vec<&[u8]> = text.as_bytes().chunks(4096).collect();
    let mut out = Vec::new();
    for (n, chunk) in chunks.iter().enumerate() {
        let more = u8::from(n + 1 < chunks.len());
        let control = if n == 0 { format!("{control},") } else { String::new() };
        out.extend(format!("\x1b_G{control}m={more};").bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\x1b\\");
    }
    out
}

#[test]
fn a_program_that_asks_is_answered_and_its_picture_is_shown() {
    let mut server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "40", "-y", "11", "exec sleep 1000"]);
    // Without a client that knows the protocol nobody answers, and the string is a title as in
    // tmux.
    const QUESTION: &[u8] = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c";
    server.tty("").write(QUESTION);
    let answer = server.tty("").read_until(b"c");
    assert!(!answer.windows(2).any(|pair| pair == b"_G"), "{}", answer.escape_ascii());
    assert_eq!(server.ask(&["display-message", "-p", "#{pane_title}"]), "Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\n");
    // The terminal identifies itself as kitty.
    let mut outer = attach(&server, 40, 12);
    outer.type_only(b"\x1bP>|kitty(0.42.0)\x1b\\");
    until(&server, &["list-clients", "-F", "#{client_termfeatures}"], |features| {
        features.contains("kittygraphics")
    });
    server.tty("").write(QUESTION);
    let answer = server.tty("").read_until(b"c");
    assert!(answer.starts_with(b"\x1b_Gi=31;OK\x1b\\\x1b["), "{}", answer.escape_ascii());
    // Three cells of 16×32 by two, in several chunks.
    let data = pixels(1, 48, 64);
    server.tty("").write(b"\x1b[2;3H");
    server.tty("").write(&transmit("a=T,f=24,s=48,v=64,i=5", &data));
    assert_eq!(server.tty("").read_until(b"\x1b\\"), b"\x1b_Gi=5;OK");
    let picture = shows(&mut outer, &data, &block((2, 1), 3, 2));
    assert_eq!(picture.places.values().collect::<Vec<_>>(), [&(3, 2)]);
    assert_eq!(picture.keys[&'f'], "24");
    assert_eq!(server.ask(&["display-message", "-p", "#{cursor_x},#{cursor_y}"]), "5,2\n");
    // A deleted picture disappears from the screen, and its data from the terminal.
    server.tty("").write(b"\x1b_Ga=d,d=I,i=5\x1b\\");
    until_shown(&mut outer, |pictures, surface| {
        (pictures.is_empty() && parts(surface).is_empty()).then_some(())
    });
}

#[test]
fn placeholders_that_a_program_prints_show_its_picture_wherever_they_are() {
    let mut server = with_pictures("exec sleep 1000");
    let mut outer = attach(&server, 40, 12);
    let data = pixels(2, 8, 8);
    server.tty("").write(&transmit("a=T,U=1,q=2,f=24,s=8,v=8,i=42,c=4,r=2", &data));
    // The last cell of a row has no diacritics: it follows the cell before it.
    let row = |mark: char| {
        let cells: String = DIACRITICS[..3].iter().map(|col| format!("{PLACEHOLDER}{mark}{col}")).collect();
        format!("\x1b[38;5;42m{cells}{PLACEHOLDER}\x1b[39m\r\n")
    };
    let rows = format!("\x1b[2J\x1b[3;1H{}{}", row(DIACRITICS[0]), row(DIACRITICS[1]));
    server.tty("").write(rows.as_bytes());
    let before = shows(&mut outer, &data, &block((0, 2), 4, 2));
    // The pane's contents are the characters that the program printed.
    let captured = server.ask(&["capture-pane", "-p"]);
    let last = format!("{PLACEHOLDER}{}{}{PLACEHOLDER}", DIACRITICS[1], DIACRITICS[2]);
    assert!(captured.contains(&last), "{captured:?}");
    // Another pane left of it: the picture moves, and is not transmitted again.
    server.tmux(&["split-window", "-d", "-h", "-b", "-l", "10", "exec sleep 1000"]);
    assert_eq!(shows(&mut outer, &data, &block((11, 2), 4, 2)), before);
    // A narrow pane cuts the picture off; then the pane gets its width back.
    server.tmux(&["resize-pane", "-t", ":.0", "-x", "37"]);
    let narrow = [[(0, 0), (0, 1)], [(0, 2), (0, 3)], [(1, 0), (1, 1)], [(1, 2), (1, 3)]];
    // The blank rows above have moved to the history, as in tmux.
    let places = (0..4).flat_map(|y| [(38, y), (39, y)]);
    let cells: Vec<_> = places.zip(narrow.into_iter().flatten()).collect();
    shows(&mut outer, &data, &cells);
    server.tmux(&["kill-pane", "-t", ":.0"]);
    server.tty("").write(rows.as_bytes());
    shows(&mut outer, &data, &block((0, 2), 4, 2));
    let sent = outer.written.windows(5).filter(|bytes| bytes == b"_Ga=t").count();
    assert_eq!(sent, 1, "the data is sent once");
    // The terminal of a client that detaches frees the picture, and the next client's receives it.
    server.tmux(&["detach-client"]);
    until_shown(&mut outer, |pictures, _| pictures.is_empty().then_some(()));
    drop(outer);
    let mut outer = attach(&server, 40, 12);
    shows(&mut outer, &data, &block((0, 2), 4, 2));
    // The picture scrolls away with its lines, and copy mode shows it there.
    server.tmux(&["clear-history"]);
    server.tty("").write("\x1b[11;1H".as_bytes());
    server.tty("").write("\r\n".repeat(20).as_bytes());
    until_shown(&mut outer, |_, surface| parts(surface).is_empty().then_some(()));
    server.tmux(&["copy-mode"]);
    server.tmux(&["send-keys", "-X", "history-top"]);
    shows(&mut outer, &data, &block((0, 2), 4, 2));
}

#[test]
fn a_narrow_pane_cuts_pictures_and_wraps_text() {
    let mut server = with_pictures("exec sleep 1000");
    let mut outer = attach(&server, 40, 12);
    let data = pixels(11, 16, 16);
    server.tty("").write(b"eight co\r\n");
    server.tty("").write(&transmit("a=T,q=2,f=24,s=16,v=16,c=10,r=3,i=5", &data));
    shows(&mut outer, &data, &block((0, 1), 10, 3));
    server.tmux(&["split-window", "-h", "-d", "-l", "33", "exec sleep 1000"]);
    // All that is seen of it is cut at the border: the first six columns.
    let cut = |top: u32| -> Vec<(Pair, Pair)> {
        block((0, top), 10, 3).into_iter().filter(|((x, _), _)| *x < 6).collect()
    };
    shows(&mut outer, &data, &cut(1));
    assert!(outer.cells().row_text(0).starts_with("co"));
    // In the history too, in copy mode and after a server that died, and whole where there is room.
    server.tty("").write("\r\n".repeat(20).as_bytes());
    until_shown(&mut outer, |_, surface| parts(surface).is_empty().then_some(()));
    server.tmux(&["copy-mode", "-t", ":.0"]);
    server.tmux(&["send-keys", "-t", ":.0", "-X", "history-top"]);
    shows(&mut outer, &data, &cut(2));
    kill(&server);
    outer.written.clear();
    shows(&mut outer, &data, &cut(2));
    server.tmux(&["send-keys", "-t", ":.0", "-X", "cancel"]);
    server.tmux(&["kill-pane", "-t", ":.1"]);
    server.tmux(&["copy-mode", "-t", ":.0"]);
    server.tmux(&["send-keys", "-t", ":.0", "-X", "history-top"]);
    shows(&mut outer, &data, &block((0, 1), 10, 3));
}

#[test]
fn a_terminal_that_knows_only_sixel_gets_sixel() {
    let mut server = with_pictures("exec sleep 1000");
    server.tmux(&["set-option", "-p", "kitty-graphics", "on"]);
    server.tmux(&["set-option", "-s", "terminal-features", "xterm*:sixel"]);
    let mut outer = attach(&server, 40, 12);
    // Cells count as 8 by 16 pixels where the terminal does not say. The left half is red, the right blue.
    let row: Vec<u8> = [[255, 0, 0].repeat(80), [0, 0, 255].repeat(80)].concat();
    server.tty("").write(&transmit("a=T,q=2,C=1,f=24,s=160,v=32,c=20,r=2,i=5", &row.repeat(32)));
    outer.until_sent(b"\x1bP0;1;0q\"1;1;160;32#0;2;100;0;0#1;2;0;0;100#0!80~$#1!80?!80~-");
    assert!(outer.cells().row_text(0).trim().is_empty(), "no box of text");
    // In a narrow pane it is cut.
    server.tmux(&["split-window", "-h", "-d", "-l", "25", "exec sleep 1000"]);
    outer.until_sent(b"\x1bP0;1;0q\"1;1;112;32#0;2;100;0;0#1;2;0;0;100#0!80~$#1!80?!32~-");
    server.tmux(&["kill-pane", "-t", ":.1"]);
    outer.until_sent(b"\x1bP0;1;0q\"1;1;160;32");
    // A part, packed: the blue half.
    let part = "a=p,q=2,C=1,x=80,w=80,c=10,r=2,i=5";
    server.tty("").write(format!("\x1b[5;3H\x1b_G{part}\x1b\\").as_bytes());
    outer.until_sent(b"\x1b[5;3H");
    outer.until_sent(b"\x1bP0;1;0q\"1;1;80;32#0;2;0;0;100#0!80~-");
    // What cannot be decoded is a box.
    server
        .tty("")
        .write(&transmit("a=T,q=2,f=100,c=20,r=2,i=6", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01"));
    outer.until_shows("IMAGE (20x2)++++++++");
}

#[test]
fn a_terminal_without_pictures_shows_a_box() {
    let mut server = with_pictures("exec sleep 1000");
    server.tmux(&["set-option", "-p", "kitty-graphics", "on"]);
    server.tmux(&["set-option", "-s", "terminal-features", ""]);
    let mut outer = attach(&server, 40, 12);
    server.tty("").write(&transmit("a=T,q=2,f=24,s=8,v=8,c=20,r=2", &pixels(3, 8, 8)));
    outer.until_shows("IMAGE (20x2)++++++++");
    // A placeholder of an unknown picture stays as it is.
    server
        .tty("")
        .write(format!("\x1b[1;1H\x1b[2J\x1b[38;5;9m{PLACEHOLDER}{0}{0}", DIACRITICS[0]).as_bytes());
    outer.until_shows(&format!("{PLACEHOLDER}{0}{0}", DIACRITICS[0]));
    server.tmux(&["set-option", "-p", "kitty-graphics", "off"]);
    server.tty("").write(b"\x1b_Ga=d\x1b\\");
    until(&server, &["display-message", "-p", "#{pane_title}"], |title| title == "Ga=d\n");
}

#[test]
fn a_large_picture_arrives_whole_between_frames() {
    let mut server = with_pictures("exec cat");
    let mut outer = attach(&server, 40, 12);
    // 432 KiB, 576 in base64: many slices.
    let data = pixels(4, 384, 384);
    server.tty("").write(&transmit("a=T,q=2,f=24,s=384,v=384,c=4,r=2", &data));
    server.tty("").write(b"typed");
    outer.until_shows("typed");
    shows(&mut outer, &data, &block((0, 0), 4, 2));
}

#[test]
fn animations_are_passed_on() {
    let mut server = with_pictures("exec sleep 1000");
    let mut outer = attach(&server, 40, 12);
    let data = pixels(5, 8, 8);
    server.tty("").write(&transmit("a=T,q=2,f=24,s=8,v=8,c=4,r=2,i=7", &data));
    shows(&mut outer, &data, &block((0, 0), 4, 2));
    server.tty("").write(&transmit("a=f,q=2,f=24,s=8,v=8,i=7,z=50", &pixels(6, 8, 8)));
    server.tty("").write(b"\x1b_Ga=a,i=7,s=3,v=1\x1b\\");
    let steps = until_shown(&mut outer, |pictures, _| {
        let picture = pictures.values().find(|picture| picture.data == data)?;
        (picture.steps.len() == 2).then(|| picture.steps.clone())
    });
    assert_eq!(steps, ["a=f,f=24,s=8,v=8,z=50,m=0", "a=a,s=3,v=1"]);
}

/// Bytes of a program: a picture of 8×8 pixels, a frame with a rectangle on it, an edit of that frame in
/// chunks, a copy of a rectangle of it, a gap, and the order to play.
fn animation(shown: &str) -> Vec<u8> {
    let mut bytes = transmit(&format!("a=T,q=2,f=24,s=8,v=8,c=4,r=2,i=7{shown}"), &pixels(5, 8, 8));
    bytes.extend(transmit("a=f,q=2,f=24,x=2,y=1,s=4,v=3,c=1,z=50,i=7", &pixels(6, 4, 3)));
    let (first, rest) = (STANDARD.encode([9; 60]), STANDARD.encode([8; 36]));
    let edit = "a=f,q=2,f=24,x=4,s=4,v=8,r=2,X=1,i=7,m=1";
    bytes.extend(format!("\x1b_G{edit};{first}\x1b\\\x1b_Ga=f,m=0;{rest}\x1b\\").bytes());
    bytes.extend(b"\x1b_Ga=f,q=2,f=24,s=1,v=1,Y=4278190335,z=-1,i=7;AAAA\x1b\\");
    bytes.extend(b"\x1b_Ga=c,q=2,i=7,r=2,c=3,w=2,h=2,x=1,y=1,X=4,Y=5,C=1\x1b\\");
    bytes.extend(b"\x1b_Ga=a,i=7,r=1,z=40\x1b\\\x1b_Ga=a,i=7,s=3,v=1\x1b\\");
    bytes
}

#[test]
fn rectangles_of_frames_arrive_as_they_were_sent_on_every_terminal() {
    let mut server = with_pictures("exec sleep 1000");
    let mut outer = attach(&server, 40, 12);
    server.tty("").write(&animation(""));
    let expect = [
        "a=f,f=24,s=4,v=3,x=2,y=1,c=1,z=50,m=0",
        "a=f,f=24,s=4,v=8,x=4,r=2,X=1,m=0",
        "a=f,f=24,s=1,v=1,z=-1,Y=4278190335,m=0",
        "a=c,r=2,c=3,x=1,y=1,w=2,h=2,X=4,Y=5,C=1",
        "a=a,r=1,z=40",
        "a=a,s=3,v=1",
    ];
    let data = pixels(5, 8, 8);
    let arrive = |outer: &mut Outer| {
        let steps = until_shown(outer, |pictures, _| {
            let picture = pictures.values().find(|picture| picture.data == data)?;
            (picture.steps.len() == expect.len()).then(|| picture.steps.clone())
        });
        assert_eq!(steps, expect);
    };
    arrive(&mut outer);
    // The same on a terminal that comes later, and under the next server.
    server.tmux(&["detach-client"]);
    outer = attach(&server, 40, 12);
    arrive(&mut outer);
    kill(&server);
    outer.written.clear();
    arrive(&mut outer);
}

#[test]
fn a_part_of_an_animation_is_played_too() {
    let mut server = with_pictures("exec sleep 1000");
    let mut outer = attach(&server, 40, 12);
    // The right half.
    server.tty("").write(&animation(",x=4,w=4"));
    let picture = until_shown(&mut outer, |pictures, surface| {
        let picture = pictures.values().find(|picture| picture.steps.len() == 6)?;
        (parts(surface).len() == 8).then(|| picture.clone())
    });
    assert_eq!((picture.keys[&'s'].as_str(), picture.keys[&'v'].as_str()), ("4", "8"));
    let shape = "a=f,f=32,s=4,v=8,o=z";
    let steps = [
        format!("{shape},z=50,X=1,m=0"),
        format!("{shape},r=2,X=1,m=0"),
        format!("{shape},z=-1,X=1,m=0"),
        format!("{shape},r=3,X=1,m=0"),
        "a=a,r=1,z=40".to_owned(),
        "a=a,s=3,v=1".to_owned(),
    ];
    assert_eq!(picture.steps, steps);
}

#[test]
fn a_killed_server_shows_its_pictures_again() {
    let mut server = with_pictures("exec sleep 1000");
    let mut outer = attach(&server, 40, 12);
    let data = pixels(7, 64, 64);
    server.tty("").write(&transmit("a=T,q=2,f=24,s=64,v=64,c=4,r=2,i=7", &data));
    shows(&mut outer, &data, &block((0, 0), 4, 2));
    kill(&server);
    // The client reconnects by itself; the picture is transmitted to its terminal again.
    outer.written.clear();
    shows(&mut outer, &data, &block((0, 0), 4, 2));
}

#[test]
fn pictures_in_files_are_read_before_what_comes_next() {
    let mut server = with_pictures("exec sleep 1000");
    let mut outer = attach(&server, 40, 12);
    let dir = tempfile::Builder::new().prefix("tty-graphics-protocol").tempdir().expect("a directory");
    let data = pixels(8, 16, 16);
    let path = dir.path().join("picture");
    std::fs::write(&path, &data).expect("a file");
    let name = |path: &Path| STANDARD.encode(path.as_os_str().as_encoded_bytes());
    // All in one write: the commands behind one wait for its file.
    let none = name(&dir.path().join("none"));
    let text = format!(
        "\x1b_Gt=t,f=24,s=16,v=16,i=3;{}\x1b\\\x1b_Ga=p,i=3,c=2,r=1\x1b\\|\x1b_Gt=f,f=24,s=1,v=1,i=4;{none}\x1b\\\x1b[c",
        name(&path)
    );
    server.tty("").write(text.as_bytes());
    let answer = server.tty("").read_until(b"c");
    let expect = b"\x1b_Gi=3;OK\x1b\\\x1b_Gi=3;OK\x1b\\\x1b_Gi=4;ENOENT:the file cannot be read\x1b\\\x1b[?";
    assert!(answer.starts_with(expect), "{}", answer.escape_ascii());
    shows(&mut outer, &data, &block((0, 0), 2, 1));
    outer.until_shows("|");
    assert!(!path.exists(), "a temporary file is removed");
}

/// Files with pictures below a directory.
fn picture_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => found.extend(picture_files(&entry.path())),
            false if entry.file_name().to_string_lossy().starts_with("picture-") => found.push(entry.path()),
            false => {}
        }
    }
    found
}

/// Waits until `count` pictures are on disk.
#[track_caller]
fn until_stored(server: &Server, count: usize) {
    let since = Instant::now();
    loop {
        let files = picture_files(&server.home());
        // A file that is being written has another name.
        if files.iter().filter(|file| file.extension().is_none()).count() == count {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "{files:?}");
        server.settle();
    }
}

#[test]
fn large_pictures_are_files_that_outlive_the_server_and_not_the_picture() {
    let mut server = with_pictures("exec sleep 1000");
    let mut outer = attach(&server, 40, 12);
    let data = pixels(9, 256, 256);
    server.tty("").write(&transmit("a=T,q=2,f=24,s=256,v=256,c=4,r=2,i=7", &data));
    until_stored(&server, 1);
    // The picture is in the history when the server is killed.
    show(&mut server, "", "\r\n".repeat(30).as_bytes());
    // The server dies with files that its last checkpoint does not refer to.
    let file = picture_files(&server.home()).pop().expect("it is stored");
    let orphan = file.with_file_name("picture-0123456789abcdef01234567-9");
    let unfinished = orphan.with_extension("new");
    std::fs::write(&orphan, b"data").expect("a file");
    std::fs::write(&unfinished, b"da").expect("a file");
    kill(&server);
    drop(outer);
    outer = attach(&server, 40, 12);
    let since = Instant::now();
    while unfinished.exists() || orphan.exists() {
        assert!(since.elapsed() < PATIENCE, "{:?}", picture_files(&server.home()));
        server.settle();
    }
    assert!(file.exists());
    server.tmux(&["copy-mode"]);
    server.tmux(&["send-keys", "-X", "history-top"]);
    shows(&mut outer, &data, &block((0, 0), 4, 2));
    server.tty("").write(b"\x1b_Ga=d,d=I,i=7\x1b\\");
    until_stored(&server, 0);
}

/// What kitty 0.26's `icat`, timg 1.4 and chafa 1.12 print for `senders/picture.png`, in cells of 11×23 pixels;
/// `PATH` stands for the file's name.
fn sent_by(name: &str, path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(super::steps::root().join("senders").join(name)).expect("recorded bytes");
    let path = STANDARD.encode(path.as_os_str().as_encoded_bytes());
    String::from_utf8(bytes).expect("text").replace("PATH", &path).into_bytes()
}

/// The data of the last picture that commands transmit inline.
fn data_in(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let payloads =
        text.split("\x1b_G").skip(1).filter_map(|piece| piece.split_once("\x1b\\")?.0.split_once(';'));
    // A sender may end a piece anywhere, also within four letters, and need not clear the bits that are left.
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let lenient = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    let (mut data, mut letters) = (Vec::new(), String::new());
    for (_, payload) in payloads {
        letters.push_str(payload);
        if letters.len().is_multiple_of(4) {
            data.extend(lenient.decode(&letters).expect("base64"));
            letters.clear();
        }
    }
    data
}

#[test]
fn pictures_of_real_senders_stay_where_they_are_whatever_happens_around_them() {
    let path = super::steps::root().join("senders/picture.png");
    for (name, cols) in [("icat", 2), ("timg", 2), ("chafa", 1)] {
        let mut server = with_pictures("exec sleep 1000");
        let mut outer = attach(&server, 40, 12);
        let bytes = sent_by(name, &path);
        let data = if name == "icat" { std::fs::read(&path).expect("a file") } else { data_in(&bytes) };
        let cells = block((0, 0), cols, 2);
        let at = |col: u32, row: u32| block((col, row), cols, 2);
        server.tty("").write(b"\x1b[H\x1b[J");
        server.tty("").write(&bytes);
        if name == "icat" {
            // Its questions: pictures inline, and in files.
            assert_eq!(server.tty("").read_until(b"i=2;OK\x1b\\"), b"\x1b_Gi=1;OK\x1b\\\x1b_G");
        }
        shows(&mut outer, &data, &cells);
        server.tmux(&["split-window", "-d", "-h", "-b", "-l", "10", "exec sleep 1000"]);
        shows(&mut outer, &data, &at(11, 0));
        server.tmux(&["resize-pane", "-t", ":.0", "-x", "20"]);
        shows(&mut outer, &data, &at(21, 0));
        server.tmux(&["kill-pane", "-t", ":.0"]);
        shows(&mut outer, &data, &cells);
        server.tmux(&["detach-client"]);
        until_shown(&mut outer, |pictures, _| pictures.is_empty().then_some(()));
        outer = attach(&server, 40, 12);
        shows(&mut outer, &data, &cells);
        server.tty("").write("\r\n".repeat(30).as_bytes());
        until_shown(&mut outer, |_, surface| parts(surface).is_empty().then_some(()));
        server.tmux(&["copy-mode"]);
        server.tmux(&["send-keys", "-X", "history-top"]);
        shows(&mut outer, &data, &cells);
        kill(&server);
        outer.written.clear();
        shows(&mut outer, &data, &cells);
    }
}
