//! Terminals from capability lists, features and overrides.

use super::*;

fn caps(list: &[&str]) -> Vec<String> {
    list.iter().map(|c| (*c).to_owned()).collect()
}

const XTERM: &[&str] =
    &["clear=\x1b[H\x1b[2J", "cup=\x1b[%i%p1%d;%p2%dH", "am=1", "colors=256", "bel=$<5>\x07"];

fn build(name: &str, overrides: &[&str], colorterm: Option<&str>) -> (Term, Features) {
    let features_option = caps(&["xterm*:clipboard:ccolour:cstyle:focus:title", "screen*:title"]);
    let overrides = caps(overrides);
    let options = TermOptions { features: &features_option, overrides: &overrides };
    let mut features = Features::default();
    let term = Term::new(name, &caps(XTERM), &mut features, &options, colorterm).expect("usable");
    (term, features)
}

#[test]
fn features_follow_name_environment_and_capabilities() {
    let check = |name: &str, overrides: &[&str], colorterm, expect: &str| {
        assert_eq!(build(name, overrides, colorterm).1.to_string(), expect, "{name} {overrides:?}");
    };
    // Recorded: a client on TERM=xterm-256color with the default options.
    check("xterm-256color", &[], None, "bpaste,ccolour,clipboard,cstyle,focus,title");
    check("xterm", &[], Some("truecolor"), "bpaste,ccolour,clipboard,cstyle,focus,RGB,title");
    check("vt220", &["vt*:Tc"], Some("xterm-256"), "256,bpaste,focus,RGB,title");
    check("foot", &["x*:Tc"], None, "bpaste,focus,title");
}

#[test]
fn overrides_change_capabilities() {
    let (term, _) = build("xterm", &["*:Ms=\\E]52;;%p2%s\\a:am@:smxx=a::b:U8=0", "linux*:clear@"], None);
    assert_eq!(term.text(Cap::MS), b"\x1b]52;;%p2%s\x07");
    assert_eq!(term.text(Cap::SMXX), b"a:b");
    assert_eq!(term.text(Cap::BEL), b"\x07");
    assert!(term.flags.no_auto_margin && term.needs_acs(true));
    assert_eq!(term.acs(b'q'), Some(b'-'));
    let mut out = Vec::new();
    term.put_numbers(Cap::CUP, &[3, 4], &mut out);
    term.put_numbers(Cap::CUP, &[3, -1], &mut out);
    assert_eq!(out, b"\x1b[4;5H");
}

#[test]
fn a_terminal_that_cannot_be_used_is_refused() {
    let mut features = Features::default();
    let got = Term::new("dumb", &caps(&["bel=\x07"]), &mut features, &TermOptions::default(), None);
    assert_eq!(got.err().as_deref(), Some("terminal does not support clear"));
    let got = Term::new("x", &caps(&["clear=x"]), &mut features, &TermOptions::default(), None);
    assert_eq!(got.err().as_deref(), Some("terminal does not support cup"));
}

#[test]
fn late_features_apply_once() {
    let (mut term, mut features) = build("xterm", &[], None);
    assert!(!term.update_features(features, &[]));
    features.add_secondary_attributes(&[u32::from('T'), 0, 0]);
    assert!(term.update_features(features, &[]));
    assert!(term.flags.rgb && term.has(Cap::HLS));
    assert!(!term.update_features(features, &[]));
}

#[test]
fn describes_itself() {
    let (term, _) = build("xterm", &[], None);
    let lines: Vec<String> = term.describe().collect();
    assert_eq!(lines[0], "   0: acsc: [missing]");
    assert_eq!(lines[1], "   1: am: (flag) true");
    assert!(lines.iter().any(|l| l.ends_with(": clear: (string) \\033[H\\033[2J")));
}

#[test]
fn escapes_decode() {
    let check = |text: &str, expect: Option<&[u8]>| assert_eq!(unvis(text.as_bytes()).as_deref(), expect);
    check("\\E[\\061\\\\", Some(b"\x1b[1\\"));
    check("\\M-a\\^C\\M^?", Some(b"\xe1\x03\xff"));
    check("\\q", None);
    check("\\33x", Some(b"\x1bx"));
}
