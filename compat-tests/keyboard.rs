//! Kitty's keyboard protocol from end to end: a program in a pane that reads bytes, and an outer
//! terminal that speaks the protocol.

use std::path::Path;

use serde_json::json;

use super::recovery::{kill, until};
use super::screen::Outer;
use super::server::Server;

/// Flags that bindings need: disambiguated keys, with alternates.
const OURS: u8 = 1 | 4;

/// A server with two windows whose programs are idle, and with the options on.
fn server() -> Server {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec sleep 1000"]);
    server.tmux(&["new-window", "-d", "exec sleep 1000"]);
    server.tmux(&["set-option", "-s", "extended-keys", "on"]);
    server.tmux(&["set-option", "-s", "extended-keys-format", "kitty"]);
    server
}

fn attach(server: &Server) -> Outer {
    Outer::attach(server, &json!({ "kitty": true }), &["attach-session".to_owned()])
}

/// Types on the outer terminal; compares the bytes that the program in a pane reads.
#[track_caller]
fn check(server: &mut Server, outer: &mut Outer, pane: &str, typed: &str, expect: &str) {
    // The pane's terminal must be raw before anything is typed.
    server.tty(pane);
    outer.type_only(typed.as_bytes());
    reads(server, pane, expect);
}

/// The program in a pane reads exactly these bytes next.
#[track_caller]
fn reads(server: &mut Server, pane: &str, expect: &str) {
    let before = server.tty(pane).read_until(expect.as_bytes());
    assert_eq!(String::from_utf8_lossy(&before), "", "before {expect:?}");
}

#[test]
fn a_program_gets_what_it_asked_for_and_others_what_they_always_got() {
    let mut server = server();
    let mut outer = attach(&server);
    outer.until_keyboard(OURS);
    // The program has not set any flags yet.
    let typed = "\x1b[13;2ux\x1b[97;5u\x1b[27u\x1b[127;3u\x1b[1;129A\x1b[9;2u.";
    check(&mut server, &mut outer, ":0", typed, "\rx\x01\x1b\x1b\x7f\x1b[A\x1b[Z.");
    server.tty(":0").write(b"\x1b[>1u\x1b[?u");
    reads(&mut server, ":0", "\x1b[?1u");
    assert_eq!(server.ask(&["display-message", "-p", "#{pane_key_mode}"]), "Kitty 1\n");
    let typed = "\rx\x1b[13;2u\x1b[97;5u\x1b[27u\x1b[13;5u\x1b[97:65;6u.";
    let expect = "\rx\x1b[13;2u\x1b[97;5u\x1b[27u\x1b[13;5u\x1b[97;6u.";
    check(&mut server, &mut outer, ":0", typed, expect);
    // The terminal must report the keys that the program asks for.
    server.tty(":0").write(b"\x1b[>31u");
    outer.until_keyboard(31);
    let all = "\x1b[57441;2u\x1b[97:65;2;65u\x1b[97:65;2:3u\x1b[57441;1:3u\x1b[13u\x1b[13;1:3u\x1b[1;1:2A";
    check(&mut server, &mut outer, ":0", all, all);
    server.tmux(&["select-window", "-t", ":1"]);
    outer.until_keyboard(OURS);
    check(&mut server, &mut outer, ":1", "\x1b[13;2u\x1b[0;;26085:26412u.", "\r日本.");
    assert_eq!(server.ask(&["display-message", "-p", "-t", ":1", "#{pane_key_mode}"]), "VT10x\n");
    // A program that asked for fewer flags gets fewer reports.
    server.tmux(&["select-window", "-t", ":0"]);
    outer.until_keyboard(31);
    server.tmux(&["set-option", "-w", "synchronize-panes", "on"]);
    server.tmux(&["split-window", "-d", "exec sleep 1000"]);
    let shared = "\x1b[97:65;2;65u\x1b[97:65;2:3u\x1b[57442;5u\x1b[99;5u\x1b[46;;46u";
    check(&mut server, &mut outer, ":0.1", shared, "A\x03.");
}

#[test]
fn bindings_see_keys_and_releases_reach_nobody_else() {
    let mut server = server();
    let mut outer = attach(&server);
    outer.until_keyboard(OURS);
    for (key, name) in [("S-Enter", "a"), ("C-Enter", "b"), ("Super-x", "c"), ("M-!", "d"), ("C-Tab", "e")] {
        server.tmux(&["bind-key", "-n", key, "set-option", "-ag", "@hit", name]);
    }
    server.tmux(&["bind-key", "C-c", "set-option", "-ag", "@hit", "prefix"]);
    server.tmux(&["set-option", "-g", "@hit", ""]);
    server.tty(":0").write(b"\x1b[>31u");
    outer.until_keyboard(31);
    let typed = "\x1b[13;2u\x1b[13;2:3u\x1b[13;5u\x1b[13;5:3u\x1b[120;9u\x1b[120;9:3u\x1b[49:33;4u\x1b[9;5u";
    check(&mut server, &mut outer, ":0", &format!("{typed}\x1b[122;;122u"), "\x1b[122;;122u");
    assert_eq!(server.ask(&["show-options", "-gv", "@hit"]), "abcde\n");
    // A prefix stays in effect while a modifier is pressed and keys are released; on keyboards of
    // other languages the prefix is the key at the same place.
    server.tmux(&["set-option", "-g", "@hit", ""]);
    let typed = "\x1b[57442;5u\x1b[1080::98;5u\x1b[1080::98;5:3u\x1b[57441;2u\x1b[99;5u\x1b[99;5:3u";
    let expect = "\x1b[57442;5u\x1b[57441;2u\x1b[122;;122u";
    check(&mut server, &mut outer, ":0", &format!("{typed}\x1b[122;;122u"), expect);
    assert_eq!(server.ask(&["show-options", "-gv", "@hit"]), "prefix\n");
    // Keys typed at a prompt are text, whichever flags the program below has set.
    server.tmux(&["bind-key", "-n", "Super-p", "command-prompt", "set-option -g @hit '%%'"]);
    outer.type_only(b"\x1b[112;9u\x1b[112;9:3u");
    outer.until_keyboard(OURS);
    outer.type_only("x\x1b[0;;233u\x1b[109;5u".as_bytes());
    until(&server, &["show-options", "-gv", "@hit"], |hit| hit == "xé\n");
}

#[test]
fn the_terminal_is_left_as_it_was_found() {
    let server = server();
    let mut outer = attach(&server);
    outer.until_keyboard(OURS);
    server.tmux(&["set-option", "-s", "extended-keys-format", "xterm"]);
    outer.until_keyboard(0);
    server.tmux(&["set-option", "-s", "extended-keys-format", "kitty"]);
    outer.until_keyboard(OURS);
    server.tmux(&["detach-client"]);
    outer.until_keyboard(0);
    assert_eq!(outer.keyboard_left(), 0);
    // A terminal that does not know the protocol gets no flags.
    let plain = Outer::attach(&server, &json!({}), &["attach-session".to_owned()]);
    assert_eq!(server.ask(&["list-clients", "-F", "#{client_termfeatures}"]).matches("kittykeys").count(), 0);
    drop(plain);
}

#[test]
fn another_server_goes_on_with_the_flags() {
    let mut server = server();
    let mut outer = attach(&server);
    outer.until_keyboard(OURS);
    server.tty(":0").write(b"\x1b[>3u\x1b[>9u");
    outer.until_keyboard(OURS | 9 | 16);
    let upgraded = server.tmux(&["upgrade-server"]);
    assert_eq!(upgraded.status, Some(0), "{}", String::from_utf8_lossy(&upgraded.err));
    check(&mut server, &mut outer, ":0", "\x1b[97;;97u", "\x1b[97u");
    kill(&server);
    until(&server, &["list-clients", "-F", "#{client_session}"], |clients| !clients.is_empty());
    outer.until_keyboard(OURS | 9 | 16);
    check(&mut server, &mut outer, ":0", "\x1b[97;;97u", "\x1b[97u");
    server.tty(":0").write(b"\x1b[<u\x1b[?u");
    reads(&mut server, ":0", "\x1b[?3u");
    outer.until_keyboard(OURS | 2);
    server.tmux(&["detach-client"]);
    outer.until_keyboard(0);
    assert_eq!(outer.keyboard_left(), 0);
}

#[test]
fn nothing_of_it_is_there_by_default() {
    let mut server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec sleep 1000"]);
    let mut outer = attach(&server);
    server.tty("").write(b"\x1b[>1u\x1b[?u\x1b[=1u\x1b[<u\x1b[5n");
    reads(&mut server, "", "\x1b[0n");
    assert_eq!(server.ask(&["display-message", "-p", "#{pane_key_mode}"]), "VT10x\n");
    check(&mut server, &mut outer, "", "\x01\r.", "\x01\r.");
    outer.until_keyboard(0);
    // Here, key names that tmux does not have are sent as text.
    server.tmux(&["send-keys", "Menu", "F13", "Super-x", "."]);
    reads(&mut server, "", "MenuF13Super-x.");
    assert_eq!(server.ask(&["list-clients", "-F", "#{client_termfeatures}"]).matches("kittykeys").count(), 0);
}

/// What kitty sends for the same keys, by its flags: `kitty-keys.tsv`.
fn of_kitty(flags: u8) -> String {
    let text = include_str!("kitty-keys.tsv");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{flags}\t"))).expect("its flags");
    let escapes = [("\\e", "\x1b"), ("\\r", "\r"), ("\\t", "\t"), ("\\x7f", "\x7f")];
    let escapes = escapes.into_iter().chain([("\\x08", "\x08"), ("\\x01", "\x01"), ("\\0", "\0")]);
    escapes.fold(line.to_owned(), |line, (from, to)| line.replace(from, to))
}

#[test]
fn a_program_reads_what_it_would_read_in_kitty_itself() {
    let mut server = server();
    let mut outer = attach(&server);
    outer.until_keyboard(OURS);
    // Without flags, Control-Shift-a, Home and Super-Enter are what they are here for all programs.
    let plain = of_kitty(0).replace("\x1b[97;6u", "\x01").replace("\x1b[H", "\x1b[1~");
    let plain = plain.replace("\x1b!\r", "\x1b!\x1b[13;9u");
    check(&mut server, &mut outer, ":0", &of_kitty(OURS), &plain);
    for flags in [1, 3, 5, 9, 31] {
        server.tty(":0").write(format!("\x1b[>{flags}u").as_bytes());
        // With all keys as sequences, their text is needed too.
        let outside = OURS | flags | (flags & 8) << 1;
        outer.until_keyboard(outside);
        check(&mut server, &mut outer, ":0", &of_kitty(outside), &of_kitty(flags));
    }
}
