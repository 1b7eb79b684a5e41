//! Bytes in, events out.

use super::*;
use crate::outer::TermOptions;

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

/// A key in short: `C-M-S-` and its name, `!` when the sequence implies Meta, `^` for a cursor
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

/// Everything decoded at once, then the rest after the timer.
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
        // A cut just behind `ESC O` cannot be told from M-O.
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
