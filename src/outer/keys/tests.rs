//! Bytes in, events out.

use super::*;
use crate::base::KeyAction;
use crate::outer::{Features, TermOptions};

fn decoder() -> Decoder {
    let caps =
        ["clear=\x1b[H\x1b[2J", "cup=\x1b[%i%p1%d;%p2%dH", "kf1=\x1bOP", "kcuu1=\x1bOA", "kcbt=\x1b[Z"];
    let caps: Vec<String> = caps.iter().map(|c| (*c).to_owned()).collect();
    let term =
        Term::new("xterm", &caps, &mut Features::default(), &TermOptions::default(), None).expect("usable");
    let mut decoder = Decoder::new(&term, [(7, &b"\x1b[777~"[..])], Some(0x7f));
    decoder.give_up_replies();
    decoder
}

/// A short form of a key: `C-M-S-` and its name, `!` when the sequence implies Meta, `^` for a cursor
/// key, `#` for a keypad key.
fn show(event: &InputEvent) -> String {
    let InputEvent::Key { key, mouse, .. } = event else { return format!("{event:?}") };
    if let Some(m) = mouse {
        return format!("mouse {},{} b{} {}{}", m.x, m.y, m.b, m.sgr_type, m.sgr_b);
    }
    let mut out = String::new();
    for (flag, text) in [(Mods::CTRL, "C-"), (Mods::META, "M-"), (Mods::SHIFT, "S-")] {
        if key.mods.contains(flag) {
            out.push_str(text);
        }
    }
    out.push_str(&match key.code {
        KeyCode::Char(c) if c > ' ' && c != '\x7f' => c.to_string(),
        KeyCode::Char(c) => format!("0x{:02x}", c as u32),
        KeyCode::Named(name) => format!("{name:?}"),
        other => format!("{other:?}"),
    });
    for (flag, text) in [(KeyFlags::IMPLIED_META, "!"), (KeyFlags::CURSOR, "^"), (KeyFlags::KEYPAD, "#")] {
        if key.flags.contains(flag) {
            out.push_str(text);
        }
    }
    out
}

/// All events of some bytes, then those after the timer has run out.
fn decode(decoder: &mut Decoder, bytes: &[u8]) -> String {
    decoder.push(bytes);
    let mut out = Vec::new();
    while let Some(event) = decoder.next(0, 10) {
        out.push(show(&event));
    }
    if decoder.deadline().is_some() {
        out.push("…".to_owned());
        while let Some(event) = decoder.next(1_000_000, 10) {
            out.push(show(&event));
        }
        while let Some(event) = decoder.flush() {
            out.push(show(&event));
        }
    }
    out.join(" ")
}

fn check(bytes: &[u8], expect: &str) {
    assert_eq!(decode(&mut decoder(), bytes), expect, "{:?}", bytes.escape_ascii().to_string());
}

#[test]
fn plain_and_control_keys() {
    check(b"aZ~ \x01\x1f\x00\r\t\x7f\n", "a Z ~ 0x20 C-a C-_ C-0x20 0x0d 0x09 BSpace C-j");
    check("é日".as_bytes(), "é 日");
    check(b"\xc3", "…");
    check(b"\xffa\xc3b", "a b");
    check(b"\x1b", "… 0x1b");
    check(b"\x1bx\x1b\x7f\x1b\x01\x1b\xc3\xa9", "M-x M-BSpace C-M-a M-é");
    check(b"\x1b\x1b", "M-0x1b");
}

#[test]
fn sequences() {
    check(b"\x1b[A\x1bOA\x1b[1;5A\x1bOa\x1b[a", "Up^ Up^ C-Up C-Up S-Up");
    check(b"\x1b\x1b[A\x1b[1;3D\x1b\x1b[1;3D", "M-Up^ M-Left! 0x1b M-Left!");
    check(b"\x1bOP\x1b[11~\x1b[24^\x1b[23@\x1b[Z", "F1 F1 C-F12 C-S-F11 BTab");
    check(b"\x1bOv\x1bOM\x1bO", "Kp6# KpEnter# M-O");
    check(b"\x1b[777~\x1b[I\x1b[O\x1b[?997;1n", "User(7) FocusIn FocusOut DarkTheme");
    check(b"\x1b[1;5Z\x1b[1;9P\x1b[3;2~", "C-S-0x09 M-F1! S-Delete");
    check(b"\x1b[200~a\x1b[201~", "PasteStart! a PasteEnd!");
    check(b"\x1b[1;5", "… M-[ 1 ; 5");
}

#[test]
fn extended_keys() {
    check(b"\x1b[97;5u\x1b[27;5;97~\x1b[65;2u\x1b[9;2u", "C-a C-a A BTab");
    check(b"\x1b[127;8u\x1b[27;1;98~\x1b[26085;1u\x1b[9;9u", "C-M-S-BSpace! b 日 M-0x09!");
    check(b"\x1b[5u", "M-[ 5 u");
    check(b"\x1b[55296;5u", "M-[ 5 5 2 9 6 ; 5 u");
}

#[test]
fn mouse_reports() {
    check(b"\x1b[<0;10;5M\x1b[<0;10;5m", "mouse 9,4 b0 M0 mouse 9,4 b3 m0");
    check(b"\x1b[M !!\x1b[M\x01!!x", "mouse 0,0 b0  0 x");
    check(b"\x1b[<64;1;1m\x1b[<0;0;1Mx", "x");
    check(b"\x1b[<0;1", "… M-[ < 0 ; 1");
    check(b"\x1b[<0;1;1x", "M-[ < 0 ; 1 ; 1 x");
}

#[test]
fn replies_are_taken_once() {
    let mut d = decoder();
    d.awaiting = Awaiting { primary: true, secondary: true, version: true, ..Awaiting::default() };
    let got = decode(&mut d, b"\x1b[?62;4;52c\x1b[>84;0;0c\x1bP>|XTerm(380)\x1b\\\x1b[?62c");
    let mut features = Features::default();
    features.add("sixel,clipboard", ",");
    assert!(got.starts_with(&format!("{:?} Features(", InputEvent::Features(features))), "{got}");
    assert!(got.contains("Version { name: \"XTerm(380)\""), "{got}");
    assert!(got.ends_with("M-[ ? 6 2 c"), "{got}");
    check(b"\x1b]11;rgb:1010/2020/3030\x1b\\x", "Background(Some(Rgb(16, 32, 48))) x");
    check(b"\x1b]10;nonsense\x07", "Foreground(None)");
    check(b"\x1b]4;5;#010203\x07", "Palette { index: 5, colour: Rgb(1, 2, 3) }");
    check(b"\x1b]52;c;aGk=\x07", "Clipboard { clip: Some('c'), data: [104, 105] }");
    let mut d = decoder();
    d.expect_window_size();
    assert_eq!(
        decode(&mut d, b"\x1b[8;24;80t\x1b[4;480;800t"),
        "WindowCells { cols: 80, rows: 24 } WindowPixels { width: 800, height: 480 }"
    );
    check(b"\x1b[8;24;80t", "M-[ 8 ; 2 4 ; 8 0 t");
    check(b"\x1b]0;x\x07", "M-] 0 ; x C-g");
}

#[test]
fn numbers_beyond_unicode_are_keys() {
    check(b"\x1b[1114112;1u\x1b[2147483647;2u", "Beyond(1114112) Beyond(2147483647)");
    check(b"\x1b[1114112;7u", "C-M-Beyond(1114112)!");
}

#[test]
fn any_split_decodes_alike() {
    let all: &[u8] = b"a\x1b[1;5A\x1b[<0;10;5Mx\xc3\xa9\x1bOP\x1b[97;5u\x1b[200~q\x1b[201~";
    let whole = decode(&mut decoder(), all);
    for cut in 0..all.len() {
        let mut d = decoder();
        let mut out = Vec::new();
        for part in [&all[..cut], &all[cut..]] {
            d.push(part);
            out.extend(std::iter::from_fn(|| d.next(0, 10)).map(|e| show(&e)));
        }
        // A cut directly after `ESC O` looks like M-O.
        if all[..cut].ends_with(b"\x1bO") {
            continue;
        }
        assert_eq!(out.join(" "), whole, "cut at {cut}");
    }
}

#[test]
fn waits_longer_for_replies() {
    let mut d = decoder();
    d.push(b"\x1b");
    assert_eq!(d.next(100, 10), None);
    assert_eq!(d.deadline(), Some(110));
    let mut d = decoder();
    d.expect_colours();
    d.push(b"\x1b");
    assert_eq!(d.next(100, 10), None);
    assert_eq!(d.deadline(), Some(600));
    assert!(d.next(600, 10).is_some());
}

fn kitty_decoder() -> Decoder {
    let mut decoder = decoder();
    decoder.speaks_kitty = true;
    decoder
}

/// Checks keys by their names in scopemux, with their actions and text.
#[track_caller]
fn check_kitty(bytes: &str, expect: &str) {
    let mut decoder = kitty_decoder();
    decoder.push(bytes.as_bytes());
    let mut out = Vec::new();
    while let Some(InputEvent::Key { key, report, .. }) = decoder.next(0, 10) {
        let mut shown = key.name(false);
        if let Some(report) = report {
            shown.push_str(match report.action {
                KeyAction::Press => "",
                KeyAction::Repeat => ":repeat",
                KeyAction::Release => ":release",
            });
            report.text.iter().for_each(|c| shown.push_str(&format!("={c}")));
        }
        out.push(shown);
    }
    assert_eq!(out.join(" "), expect, "{bytes:?}");
}

#[test]
fn keys_of_kittys_protocol() {
    check_kitty("a\r\t\x7f\x1b[A\x1bOA", "a Enter Tab BSpace Up Up");
    check_kitty("\x1b[97;5u\x1b[97:65;6u\x1b[97;3u", "C-a C-S-A M-a");
    check_kitty("\x1b[13;2u\x1b[13;5u\x1b[9;5u\x1b[9;2u\x1b[127;5u", "S-Enter C-Enter C-Tab BTab C-BSpace");
    check_kitty("\x1b[27u\x1b[27;5u\x1b[32;5u", "Escape C-Escape C-Space");
    check_kitty("\x1b[P\x1b[Q\x1b[13~\x1b[S\x1bOP\x1b[1;2P", "F1 F2 F3 F4 F1 S-F1");
    check_kitty("\x1b[120;9u\x1b[120;17u\x1b[120;33u", "Super-x Hyper-x KMeta-x");
    check_kitty("\x1b[1;129A\x1b[1;5P\x1b[13;2~\x1b[1;9H", "Up C-F1 S-F3 Super-Home");
    check_kitty("\x1b[2;5~\x1b[3;2~\x1b[5;1:2~\x1b[1;1:3B", "C-IC S-DC PPage:repeat Down:release");
    check_kitty("\x1b[57376u\x1b[57399;;48u\x1b[57414u\x1b[57417;5u", "F13 0=0 Enter C-Left");
    check_kitty("\x1b[57441;2u\x1b[57441;1:3u", "S-LeftShift LeftShift:release");
    check_kitty("\x1b[97;;97u\x1b[97:65;2;65u\x1b[101;;233u\x1b[0;;229u", "a=a A=A é=é å=å");
    check_kitty("\x1b[97;1:1u\x1b[97;1:2u\x1b[97;1:3u", "a a:repeat a:release");
    check_kitty("\x1b[1089::99;5u\x1b[49:33;4u", "C-c M-!");
    // A text of several characters becomes one key event per character.
    check_kitty("\x1b[0;;26085:26412u\x1b[97;2:2;65:66u", "日=日 本=本 A=A B:repeat=B");
    // Other sequences are decoded as without the protocol.
    check_kitty("\x1b[200~x\x1b[201~\x1b[777~", "PasteStart x PasteEnd User7");
    check_kitty("\x1b[27;5;97~", "C-a");
    check_kitty("\x1b[0u\x1b[97;5u", "C-a");
}

#[test]
fn a_terminal_that_does_not_speak_kittys_protocol_is_read_as_ever() {
    check(b"\x1b[97;9u\x1b[13;2u", "M-a! S-0x0d");
    check(b"\x1b[97u", "M-[ 9 7 u");
}

#[test]
fn a_terminal_says_that_it_speaks_kittys_protocol() {
    let ask = |reply: &[u8]| {
        let mut d = decoder();
        d.expect_keyboard();
        decode(&mut d, reply)
    };
    let mut features = Features::default();
    features.add("kittykeys", ",");
    let yes = format!("{:?}", InputEvent::Features(features));
    assert_eq!(ask(b"\x1b[97;9u\x1b[?0ux"), format!("a {yes} x"), "Super is not shown here");
    assert_eq!(ask(b"\x1b[?31u\x1b[?0u"), format!("{yes} M-[ ? 0 u"));
    // The wait for a terminal that does not answer ends.
    let mut d = decoder();
    d.expect_keyboard();
    d.give_up_replies();
    assert_eq!(decode(&mut d, b"\x1b[?0u"), "M-[ ? 0 u");
}

#[test]
fn a_key_of_kittys_protocol_may_come_in_pieces() {
    let bytes = b"\x1b[97:65;2:2;65:66ux";
    let mut whole = kitty_decoder();
    let expect = decode(&mut whole, bytes);
    for cut in 1..bytes.len() {
        let mut d = kitty_decoder();
        let mut out = Vec::new();
        for part in [&bytes[..cut], &bytes[cut..]] {
            d.push(part);
            out.extend(std::iter::from_fn(|| d.next(0, 10)).map(|e| show(&e)));
        }
        assert_eq!(out.join(" "), expect, "cut at {cut}");
    }
    let mut long = kitty_decoder();
    let text: Vec<String> = (0..3000).map(|_| "65".to_owned()).collect();
    let got = decode(&mut long, format!("\x1b[0;;{}ux", text.join(":")).as_bytes());
    assert!(got.contains("M-[ 0 ; ; 6 5 :") && got.ends_with("u x"), "too long to be a key");
}
