//! The tables compared with tmux's listings, and setting options to every kind of value.

use super::print::{Listing, Which, listing, shown};
use super::*;

fn lines(name: &str, value: &Value, index: Option<&ArrayKey>, listing: Listing) -> Vec<String> {
    shown(name, value, index, listing).iter().map(|shown| shown.line(listing.values_only)).collect()
}

#[test]
fn listings_are_those_of_tmux() {
    let check = |scope: Scope, which: Which, recorded: &str| {
        let level = Options::defaults(scope);
        let listed = listing(&level, None, scope, which, false);
        let listed = listed.iter().map(|shown| shown.line(false)).collect::<Vec<_>>().join("\n");
        for (ours, theirs) in listed.lines().zip(recorded.lines()) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(listed.lines().count(), recorded.lines().count());
    };
    check(Scope::SERVER, Which::Options, include_str!("../../compat-tests/fixtures/show-options-s.txt"));
    check(Scope::SESSION, Which::Options, include_str!("../../compat-tests/fixtures/show-options-g.txt"));
    check(Scope::WINDOW, Which::Options, include_str!("../../compat-tests/fixtures/show-options-gw.txt"));
    check(Scope::SESSION, Which::Hooks, include_str!("../../compat-tests/fixtures/show-hooks-g.txt"));
    check(Scope::WINDOW, Which::Hooks, include_str!("../../compat-tests/fixtures/show-hooks-gw.txt"));
}

/// Sets an option on a global level (appends if the value starts with `+=`), and returns its listing or
/// the error.
fn set_and_show(name: &str, value: Option<&str>) -> String {
    let mut level = Options::defaults(Scope::all());
    let name = match parse_name(name) {
        Ok(name) => name,
        Err(error) => return error.message(name),
    };
    let append = value.is_some_and(|value| value.starts_with("+="));
    let value = value.map(|value| value.trim_start_matches("+="));
    let given = value.map(|text| Given { usable_shell: text == "/bin/sh", ..Given::text(text) });
    let result = match table::find(&name.name) {
        None => {
            level.assign_user(&name.name, value.unwrap_or_default(), append);
            Ok(())
        }
        Some(entry) if entry.is_array() => {
            level.assign_array(entry, name.index.as_ref(), &given.expect("arrays need a value"), append)
        }
        Some(entry) => {
            let current = level.named(&name.name).cloned();
            level.assign(entry, given.as_ref(), append, current.as_ref())
        }
    };
    if let Err(error) = result {
        return error;
    }
    lines(&name.name, level.named(&name.name).expect("was set"), name.index.as_ref(), Listing::default())
        .join("\n")
}

#[test]
fn values_of_every_kind() {
    let check = |name: &str, value: Option<&str>, expect: &str| {
        assert_eq!(set_and_show(name, value), expect, "{name} {value:?}");
    };
    check("escape-time", Some("5"), "escape-time 5");
    check("escape-time", Some("-1"), "value is too small: -1");
    check("escape-time", Some("x"), "value is invalid: x");
    check("escape-time", None, "empty value");
    check("mouse", None, "mouse on");
    check("mouse", Some(""), "mouse on");
    check("mouse", Some("YES"), "mouse on");
    check("mouse", Some("maybe"), "bad value: maybe");
    check("status", None, "status off");
    check("status", Some("3"), "status 3");
    check("status", Some("9"), "unknown value: 9");
    check("prefix", Some("c-A"), "prefix C-A");
    check("prefix", Some("nokey"), "bad key: nokey");
    check("status-bg", Some("color7"), "status-bg colour7");
    check("status-bg", Some("nocolour"), "bad colour: nocolour");
    check("default-shell", Some("/nonexistent"), "not a suitable shell: /nonexistent");
    check("default-size", Some("80x"), "value is invalid: 80x");
    check("mode-style", Some("fg=bogus"), "invalid style: fg=bogus");
    check("mode-style", Some("fg=#{x}"), "mode-style \"fg=#{x}\"");
    check("mode-style", Some("+=bold"), "mode-style noattr,bg=yellow,fg=black,bold");
    check("status-left", Some("+=x y"), "status-left \"[#{session_name}] x y\"");
    check("default-client-command", Some("ls"), "default-client-command list-sessions");
    check("default-client-command", Some("nosuch"), "unknown command: nosuch");
    check("user-keys", Some("a,b"), "user-keys[0] a\nuser-keys[1] b");
    check("user-keys[3]", Some("x,y"), "user-keys[3] x,y");
    check("pane-colours[1]", Some("red"), "pane-colours[1] red");
    check("pane-colours", Some("5=default"), "bad colour: 5=default");
    check("alert-bell", Some("display 'a b' ; ls"), "alert-bell[0] display-message \"a b\" ; list-sessions");
    check("@x", Some("it's"), "@x \"it's\"");
    check("st", Some("x"), "ambiguous option: st");
    check("nosuch", Some("x"), "invalid option: nosuch");
    check("history-limit", Some("5000"), "history-limit 5000");
    check("history-limit", Some("2G"), "history-limit 2G");
    check("history-limit", Some("99999999999"), "value is too large: 99999999999");
    check("pane-memory-max", Some("120%"), "value is too large: 120%");
}

#[test]
fn levels_inherit_and_survive_saving() {
    let mut global = Options::defaults(Scope::SESSION);
    let mut session = Options::new();
    let cap = |global: &Options, session: &Options| Chain::new(&[session, global]).get(opt::HISTORY_LIMIT);
    assert_eq!(cap(&global, &session), 64 << 20);
    session.set_string("history-limit", "2000");
    assert_eq!(cap(&global, &session), 2000 << 10);
    session.unset("history-limit");
    global.set_string("history-limit", "2000");
    assert_eq!(cap(&global, &session), 2000 << 10);
    global.unset("history-limit");
    assert_eq!(cap(&global, &session), 64 << 20);
    session.set("mouse", Value::Flag(true));
    let chain = Chain::new(&[&session, &global]);
    assert!(chain.get(opt::MOUSE));
    assert_eq!(chain.get(opt::STATUS_JUSTIFY), "left");
    assert_eq!(chain.strings(opt::UPDATE_ENVIRONMENT).next(), Some("DISPLAY"));
    let saved = serde_json::to_string(&global).unwrap();
    let back: Options = serde_json::from_str(&saved).unwrap();
    let all = |level: &Options| listing(level, None, Scope::SESSION, Which::Both, false);
    assert_eq!(all(&back), all(&global));
}

#[test]
fn every_key_has_the_name_and_the_kind_of_its_row() {
    let names = table::keys().map(|(key, entry)| (key.to_lowercase().replace('_', "-"), entry));
    let mut count = 0;
    for (key, entry) in names {
        assert_eq!(key, entry.name);
        count += 1;
    }
    assert_eq!(count, table::all().count());
    // A level finds a value by key that was set by name, even in another spelling.
    let mut level = Options::new();
    level.set("display-panes-color", Value::Colour(crate::base::Colour::Basic(3)));
    assert!(matches!(level.own(opt::DISPLAY_PANES_COLOUR), Some(Value::Colour(_))));
    level.set_string("@own", "x");
    let names: Vec<&str> = level.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["@own", "display-panes-colour"]);
    let text = serde_json::to_string(&level).expect("options can be written");
    let read: Options = serde_json::from_str(&text).expect("and read");
    assert_eq!(read.named("@own").and_then(Value::as_str), Some("x"));
    assert!(read.own(opt::DISPLAY_PANES_COLOUR).is_some());
}

#[test]
fn every_option_has_a_sentence() {
    for entry in table::all() {
        assert_eq!(entry.about.is_empty(), entry.is_hook, "{}", entry.name);
        assert!(entry.is_hook || entry.about.ends_with('.'), "{}", entry.name);
    }
}
