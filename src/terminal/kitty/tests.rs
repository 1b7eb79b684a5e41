//! Key events in, bytes out, according to the protocol's specification: the tests are named after
//! its sections, and use kitty's own examples.

use super::*;

const MODS: &[(&str, ReportMods)] = &[
    ("shift", ReportMods::SHIFT),
    ("alt", ReportMods::ALT),
    ("ctrl", ReportMods::CTRL),
    ("super", ReportMods::SUPER),
    ("hyper", ReportMods::HYPER),
    ("meta", ReportMods::META),
    ("caps", ReportMods::CAPS_LOCK),
    ("num", ReportMods::NUM_LOCK),
];

const KEYS: &[(&str, u32)] = &[
    ("Escape", number::ESCAPE),
    ("Enter", number::ENTER),
    ("Tab", number::TAB),
    ("Backspace", number::BACKSPACE),
    ("Insert", number::INSERT),
    ("Delete", number::DELETE),
    ("Left", number::LEFT),
    ("Right", number::RIGHT),
    ("Up", number::UP),
    ("Down", number::DOWN),
    ("PageUp", number::PAGE_UP),
    ("PageDown", number::PAGE_DOWN),
    ("Home", number::HOME),
    ("End", number::END),
    ("F1", number::F1),
    ("F2", 57365),
    ("F3", 57366),
    ("F4", 57367),
    ("F5", 57368),
    ("F12", number::F12),
    ("F13", 57376),
    ("F35", 57398),
    ("Menu", number::MENU),
    ("CapsLock", 57358),
    ("KP0", 57399),
    ("KPEnter", 57414),
    ("KPLeft", 57417),
    ("KPPageUp", 57421),
    ("KPBegin", number::KP_BEGIN),
    ("MediaPlay", 57428),
    ("LeftShift", 57441),
    ("IsoLevel5Shift", number::LAST),
];

/// Parses `ctrl+shift+a`, `Up:release`, `e=é` (a key and its text), `с@c` (a key, and the key at
/// the same place of a US keyboard).
fn event(text: &str) -> KeyReport {
    let (text, action) = match text.split_once(':') {
        Some((text, "repeat")) => (text, KeyAction::Repeat),
        Some((text, "release")) => (text, KeyAction::Release),
        _ => (text, KeyAction::Press),
    };
    let mut report = KeyReport { action, ..KeyReport::default() };
    let mut parts: Vec<&str> = text.split('+').collect();
    let name = parts.pop().expect("a key");
    for part in parts {
        report.mods |= MODS.iter().find(|(known, _)| *known == part).expect("a modifier").1;
    }
    if let Some((_, number)) = KEYS.iter().find(|(known, _)| *known == name) {
        report.number = *number;
        return report;
    }
    let mut chars = name.chars();
    let c = chars.next().expect("a character");
    let shifted = if c == '1' { '!' } else { c.to_ascii_uppercase() };
    report.number = u32::from(c);
    if report.mods.contains(ReportMods::SHIFT) && shifted != c {
        report.shifted = u32::from(shifted);
    }
    let makes_text = (report.mods - ReportMods::SHIFT - ReportMods::LOCKS).is_empty();
    if makes_text && action != KeyAction::Release {
        report.text = Some(if report.shifted == 0 { c } else { shifted });
    }
    match (chars.next(), chars.next()) {
        (Some('='), text) => report.text = text,
        (Some('@'), base) => report.base = base.map_or(0, u32::from),
        _ => {}
    }
    report
}

/// Encoding of an event: `-` for nothing, `legacy`, or the bytes with `CSI` for `ESC [`.
fn encoded(event_text: &str, flags: u8) -> String {
    match encode(&event(event_text), KeyboardFlags::from_bits_retain(flags)) {
        Encoded::Nothing => "-".to_owned(),
        Encoded::AsEver => "legacy".to_owned(),
        Encoded::Bytes(bytes) => bytes.replace("\x1b[", "CSI "),
    }
}

#[track_caller]
fn check(flags: u8, cases: &[(&str, &str)]) {
    for (event, expect) in cases {
        assert_eq!(encoded(event, flags), *expect, "{event} with flags {flags}");
    }
}

#[test]
fn disambiguate_escape_codes() {
    check(
        1,
        &[
            ("a", "a"),
            ("shift+a", "A"),
            ("a:repeat", "a"),
            ("a:release", "-"),
            ("Escape", "CSI 27u"),
            ("alt+[", "CSI 91;3u"),
            ("ctrl+c", "CSI 99;5u"),
            ("ctrl+alt+a", "CSI 97;7u"),
            ("shift+alt+a", "CSI 97;4u"),
            ("ctrl+shift+a", "CSI 97;6u"),
            ("ctrl+ ", "CSI 32;5u"),
            ("super+x", "CSI 120;9u"),
            ("hyper+x", "CSI 120;17u"),
            ("meta+x", "CSI 120;33u"),
            ("ctrl+num+x", "CSI 120;133u"),
            ("num+caps+x", "x"),
            // Typing in a shell is unchanged, unless modified.
            ("Enter", "legacy"),
            ("Tab", "legacy"),
            ("Backspace", "legacy"),
            ("num+caps+Enter", "legacy"),
            ("shift+Enter", "CSI 13;2u"),
            ("ctrl+Enter", "CSI 13;5u"),
            ("alt+Enter", "CSI 13;3u"),
            ("shift+Tab", "CSI 9;2u"),
            ("ctrl+shift+Tab", "CSI 9;6u"),
            ("ctrl+Backspace", "CSI 127;5u"),
            // Keypad keys without text have numbers of their own.
            ("KPEnter", "CSI 57414u"),
            ("KPLeft", "CSI 57417u"),
            ("ctrl+KPPageUp", "CSI 57421;5u"),
            ("KPBegin", "CSI E"),
            ("LeftShift", "-"),
            ("CapsLock", "-"),
        ],
    );
}

#[test]
fn functional_keys() {
    check(
        1,
        &[
            ("Up", "CSI A"),
            ("Down", "CSI B"),
            ("Right", "CSI C"),
            ("Left", "CSI D"),
            ("Home", "CSI H"),
            ("End", "CSI F"),
            ("ctrl+Up", "CSI 1;5A"),
            ("num+Up", "CSI 1;129A"),
            ("Insert", "CSI 2~"),
            ("Delete", "CSI 3~"),
            ("PageUp", "CSI 5~"),
            ("shift+PageDown", "CSI 6;2~"),
            ("F1", "CSI P"),
            ("F2", "CSI Q"),
            // Not `CSI R`, which reports the cursor's position.
            ("F3", "CSI 13~"),
            ("ctrl+F3", "CSI 13;5~"),
            ("F4", "CSI S"),
            ("shift+F4", "CSI 1;2S"),
            ("F5", "CSI 15~"),
            ("super+F12", "CSI 24;9~"),
            ("F13", "CSI 57376u"),
            ("shift+F35", "CSI 57398;2u"),
            ("Menu", "CSI 57363u"),
            ("MediaPlay", "CSI 57428u"),
        ],
    );
}

#[test]
fn report_event_types() {
    check(
        2,
        &[
            ("a", "a"),
            ("a:repeat", "a"),
            ("a:release", "CSI 97;1:3u"),
            ("shift+a:release", "CSI 97;2:3u"),
            ("ctrl+a", "legacy"),
            ("ctrl+a:repeat", "CSI 97;5:2u"),
            ("Escape", "legacy"),
            ("Escape:release", "CSI 27;1:3u"),
            ("Up", "CSI A"),
            ("Up:repeat", "CSI 1;1:2A"),
            ("Up:release", "CSI 1;1:3A"),
            ("F5:release", "CSI 15;1:3~"),
            ("KPLeft:release", "CSI 1;1:3D"),
            ("Backspace", "legacy"),
            ("Backspace:release", "-"),
        ],
    );
    check(
        3,
        &[
            ("Enter:release", "-"),
            ("num+caps+Tab:release", "-"),
            ("shift+Enter:release", "CSI 13;2:3u"),
            ("Enter:repeat", "legacy"),
            ("Escape:release", "CSI 27;1:3u"),
            ("LeftShift:release", "-"),
        ],
    );
    check(2 | 8, &[("Enter:release", "CSI 13;1:3u"), ("shift+LeftShift:repeat", "CSI 57441;2:2u")]);
}

#[test]
fn report_alternate_keys() {
    // This flag alone makes nothing an escape sequence.
    check(4, &[("a", "a"), ("shift+a", "A"), ("ctrl+a", "legacy"), ("ctrl+с@c", "legacy"), ("Up", "legacy")]);
    check(
        5,
        &[
            ("shift+a", "A"),
            ("ctrl+a", "CSI 97;5u"),
            ("ctrl+shift+a", "CSI 97:65;6u"),
            ("shift+alt+1", "CSI 49:33;4u"),
            ("ctrl+с@c", "CSI 1089::99;5u"),
            ("shift+Enter", "CSI 13;2u"),
        ],
    );
}

#[test]
fn report_all_keys_as_escape_codes() {
    check(
        8,
        &[
            ("a", "CSI 97u"),
            ("shift+a", "CSI 97;2u"),
            ("a:repeat", "CSI 97u"),
            ("caps+a", "CSI 97;65u"),
            ("ctrl+a", "CSI 97;5u"),
            ("Escape", "CSI 27u"),
            ("Enter", "CSI 13u"),
            ("ctrl+Enter", "CSI 13;5u"),
            ("Tab", "CSI 9u"),
            ("Backspace", "CSI 127u"),
            ("Up", "CSI A"),
            ("KP0", "CSI 57399u"),
            ("shift+LeftShift", "CSI 57441;2u"),
            ("CapsLock", "CSI 57358u"),
            ("IsoLevel5Shift", "CSI 57454u"),
        ],
    );
}

#[test]
fn report_associated_text() {
    check(
        8 | 16,
        &[
            ("a", "CSI 97;;97u"),
            ("shift+a", "CSI 97;2;65u"),
            ("e=é", "CSI 101;;233u"),
            ("ctrl+a", "CSI 97;5u"),
            ("Enter", "CSI 13u"),
        ],
    );
    check(31, &[("shift+a:repeat", "CSI 97:65;2:2;65u"), ("shift+a:release", "CSI 97:65;2:3u")]);
    // Without the previous flag, this one has no effect.
    check(16, &[("a", "a"), ("ctrl+a", "legacy")]);
    check(17, &[("a", "a"), ("ctrl+a", "CSI 97;5u")]);
    let pure = KeyReport { text: Some('å'), ..KeyReport::default() };
    let bytes = |flags: u8| encode(&pure, KeyboardFlags::from_bits_retain(flags));
    assert_eq!(bytes(24), Encoded::Bytes("\x1b[0;;229u".to_owned()));
    assert_eq!(bytes(1), Encoded::Bytes("å".to_owned()));
}

#[test]
fn programs_that_asked_for_nothing_get_what_they_always_got() {
    let plain = |text: &str| {
        let report = event(text);
        match encode_plain(&report, report.key()) {
            Encoded::Nothing => "-".to_owned(),
            Encoded::AsEver => "legacy".to_owned(),
            Encoded::Bytes(bytes) => bytes.replace("\x1b[", "CSI "),
        }
    };
    for (event, expect) in [
        ("a", "legacy"),
        ("shift+Enter", "legacy"),
        ("shift+Backspace", "legacy"),
        ("ctrl+Backspace", "\x08"),
        ("ctrl+alt+num+Backspace", "\x1b\x08"),
        ("a:repeat", "legacy"),
        ("a:release", "-"),
        ("LeftShift", "-"),
        ("num+ctrl+a", "legacy"),
        ("KPEnter", "legacy"),
        ("super+x", "CSI 120;9u"),
        ("super+num+Up", "CSI 1;9A"),
        ("shift+F13", "CSI 57376;2u"),
        ("Menu", "CSI 29~"),
    ] {
        assert_eq!(plain(event), expect, "{event}");
    }
}

mod programs {
    //! The protocol as a program sees it: its requests and the answers.

    use crate::base::{Key, Size};
    use crate::terminal::{KeyEncodeOptions, MemoryHistory, Terminal, TerminalConfig, encode_key};

    fn terminal(kitty_keys: bool) -> Terminal {
        let config = TerminalConfig { kitty_keys, ..TerminalConfig::default() };
        Terminal::new(Size::new(20, 4), config, Box::new(MemoryHistory::new(10, 20)))
    }

    fn answer(terminal: &mut Terminal, bytes: &str) -> String {
        terminal.feed(bytes.as_bytes());
        String::from_utf8_lossy(&terminal.take_replies()).replace("\x1b[", "CSI ")
    }

    #[track_caller]
    fn check(terminal: &mut Terminal, written: &str, expect: &str) {
        let written = written.replace("CSI ", "\x1b[");
        assert_eq!(answer(terminal, &format!("{written}\x1b[?u")), format!("CSI ?{expect}u"), "{written}");
    }

    #[test]
    fn flags_are_set_pushed_popped_and_told() {
        let t = &mut terminal(true);
        check(t, "", "0");
        check(t, "CSI =5u", "5");
        check(t, "CSI =2;2u", "7");
        check(t, "CSI =1;3u", "6");
        check(t, "CSI =8;1u", "8");
        check(t, "CSI =8;4u", "8");
        check(t, "CSI >1u", "1");
        check(t, "CSI >u", "0");
        check(t, "CSI >31u", "31");
        check(t, "CSI <u", "0");
        check(t, "CSI <2u", "8");
        check(t, "CSI <0u", "8");
        check(t, "CSI <u", "0");
        check(t, "CSI <9u", "0");
        // Unknown bits are not reported back.
        check(t, "CSI =225u", "1");
    }

    #[test]
    fn a_full_stack_loses_its_oldest_flags() {
        let t = &mut terminal(true);
        check(t, "CSI =16u", "16");
        for flags in 1..=7 {
            check(t, &format!("CSI >{flags}u"), &flags.to_string());
        }
        check(t, "CSI <7u", "16");
        for flags in 1..=8 {
            check(t, &format!("CSI >{flags}u"), &flags.to_string());
        }
        check(t, "CSI <7u", "1");
        check(t, "CSI <u", "0");
        t.feed("\x1b[>1u".repeat(100_000).as_bytes());
        check(t, "CSI <8u", "0");
    }

    #[test]
    fn each_screen_has_its_own_stack() {
        let t = &mut terminal(true);
        check(t, "CSI >1u", "1");
        check(t, "CSI ?1049h", "0");
        check(t, "CSI >15u", "15");
        check(t, "CSI ?1049l", "1");
        check(t, "CSI ?1049h", "15");
        check(t, "CSI <u", "0");
        check(t, "CSI ?1049l", "1");
    }

    #[test]
    fn a_reset_and_another_program_forget_the_flags() {
        for reset in [
            |t: &mut Terminal| t.feed(b"\x1bc"),
            Terminal::reset,
            Terminal::restart,
            |t: &mut Terminal| t.outlive_program(""),
        ] {
            let t = &mut terminal(true);
            check(t, "CSI >1uCSI ?1049hCSI >3u", "3");
            reset(t);
            check(t, "CSI ?1049l", "0");
            check(t, "CSI ?1049h", "0");
        }
    }

    #[test]
    fn nothing_is_answered_unless_options_allow_it() {
        let t = &mut terminal(false);
        assert_eq!(answer(t, "\x1b[>1u\x1b[?u\x1b[=1;1u\x1b[?u\x1b[<u"), "");
        let t = &mut terminal(true);
        check(t, "CSI >1u", "1");
        t.configure(&TerminalConfig::default());
        assert!(t.keyboard_flags().is_empty());
        assert_eq!(answer(t, "\x1b[?u"), "");
        t.configure(&TerminalConfig { kitty_keys: true, ..TerminalConfig::default() });
        check(t, "", "1");
    }

    #[test]
    fn a_saved_terminal_has_its_flags() {
        let t = &mut terminal(true);
        check(t, "CSI >1uCSI >3uCSI ?1049hCSI >9u", "9");
        let mut saved = Vec::new();
        t.save(&mut saved);
        let config = TerminalConfig { kitty_keys: true, ..TerminalConfig::default() };
        let loaded = Terminal::load(&saved, config, Box::new(MemoryHistory::new(10, 20)));
        let t = &mut loaded.unwrap_or_else(|_| panic!("what was saved"));
        check(t, "", "9");
        check(t, "CSI ?1049l", "3");
        check(t, "CSI <u", "1");
    }

    #[test]
    fn keys_of_commands_are_encoded_too() {
        let t = &mut terminal(true);
        let sent = |t: &Terminal, name: &str| {
            let options = KeyEncodeOptions { kitty: t.keyboard_flags(), ..KeyEncodeOptions::default() };
            let key = Key::parse_ours(name).expect("a key");
            String::from_utf8_lossy(&encode_key(key.into(), t.modes(), &options)).replace('\x1b', "^[")
        };
        let cases = [
            ("a", "a", "a", "^[[97;;97u"),
            ("A", "A", "A", "^[[97;2;65u"),
            ("C-a", "\x01", "^[[97;5u", "^[[97;5u"),
            ("Enter", "\r", "\r", "^[[13u"),
            ("S-Enter", "\r", "^[[13;2u", "^[[13;2u"),
            ("C-Tab", "\t", "^[[9;5u", "^[[9;5u"),
            ("BTab", "^[[Z", "^[[9;2u", "^[[9;2u"),
            ("BSpace", "\x7f", "\x7f", "^[[127u"),
            ("Escape", "^[", "^[[27u", "^[[27u"),
            ("M-!", "^[!", "^[[33;3u", "^[[33;3u"),
            ("Up", "^[[A", "^[[A", "^[[A"),
            ("C-M-Up", "^[[1;7A", "^[[1;7A", "^[[1;7A"),
            ("F3", "^[OR", "^[[13~", "^[[13~"),
            ("KPEnter", "\n", "^[[57414u", "^[[57414u"),
            ("Super-x", "^[[120;9u", "^[[120;9u", "^[[120;9u"),
            ("F13", "^[[57376u", "^[[57376u", "^[[57376u"),
            ("é", "é", "é", "^[[233;;233u"),
            ("\u{e065}", "\u{e065}", "\u{e065}", "^[[0;;57445u"),
        ];
        for (name, legacy, disambiguated, all) in cases {
            assert_eq!(sent(t, name), legacy, "{name}");
            t.feed(b"\x1b[>1u");
            assert_eq!(sent(t, name), disambiguated, "{name}");
            t.feed(b"\x1b[>24u");
            assert_eq!(sent(t, name), all, "{name}");
            t.feed(b"\x1b[<2u");
        }
    }
}
