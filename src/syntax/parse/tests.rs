//! Parsing and printing: expectations recorded from `source-file -n -v -`.

use std::collections::BTreeMap;

use super::*;

/// An environment of plain maps; conditions expand to themselves.
#[derive(Default)]
struct Surroundings {
    env: BTreeMap<String, String>,
}

impl ParseContext for Surroundings {
    fn getenv(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn home_of(&self, user: &str) -> Option<String> {
        (user == "root").then(|| "/root".to_string())
    }

    fn expand_condition(&mut self, format: &str) -> String {
        match format {
            "#{?1,#{l:1},0}" => "1".to_string(),
            _ => format.to_string(),
        }
    }

    fn alias(&self, name: &str) -> Option<String> {
        match name {
            "info" => Some("show-messages -JT".to_string()),
            "split-pane" => Some("split-window".to_string()),
            "two" => Some("display a ; display".to_string()),
            _ => None,
        }
    }

    fn set_env(&mut self, name: &str, value: &str, hidden: bool) {
        self.env.insert(name.to_string(), value.to_string());
        if hidden {
            self.env.insert(format!("hidden:{name}"), "yes".to_string());
        }
    }
}

/// Parses a file called `-` verbosely; returns the printed lines and the error, if any.
fn verbose(text: &str) -> String {
    let mut context = Surroundings::default();
    context.env.insert("HOME".to_string(), "@TMP@/home".to_string());
    let parsed = parse_config(text, &Origin::file("-", ParseFlags::VERBOSE), &mut context);
    let mut lines = parsed.printed;
    lines.extend(parsed.result.err());
    lines.join("\n")
}

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(verbose(text), expect, "{text:?}");
}

#[test]
fn words() {
    check("display -p a\\ b", "-:1: display-message -p \"a b\"");
    check("display -p \"a\\\\b\"", "-:1: display-message -p a\\\\b");
    check("display -p \"\\400\"\n", "-:1: invalid octal escape");
    check("display -p \"\\uD800\"\n", "-:1: invalid \\u argument");
    check("display -p $HOME\n", "-:1: display-message -p @TMP@/home");
    check("display -p ~root\n", "-:1: display-message -p /root");
    check("display -p ~nosuch\n", "-:1: syntax error");
    check("display -p a~ \"~\"'~'\n", "-:1: command display-message: too many arguments (need at most 1)");
    check("display -p \"~\"'~'\n", "-:1: display-message -p @TMP@/home~");
    check("display -p \"${NOSUCHVAR}\"", "-:1: display-message -p ''");
    check("display -p \"$\"\n", "-:1: display-message -p \\$");
    check("display -p \"\\$HOME\"", "-:1: display-message -p \"\\$HOME\"");
    check("display -p a\\; b", "-:1: command display-message: too many arguments (need at most 1)");
    check("display -p #a\n", "-:2: display-message -p");
    check("display -p \"unterminated\n", "-:2: display-message -p unterminated\\n");
    check("display -p a\\", "-:1: syntax error");
    check("display -p a\\\nb\n", "-:2: display-message -p ab");
    check("display -p 'a\n  # gone\n  #{b}'\n", "-:3: display-message -p \"a\\n\\n#{b}\"");
    check("display -p \"\\u4e16\\101\\e\"", "-:1: display-message -p 世A\\033");
    check("display -p %1 %", "-:1: command display-message: too many arguments (need at most 1)");
    check("  display -p a  ", "-:1: display-message -p a");
    check("\tdisplay -p a\r\ndisplay b\r\n", "-:1: display-message -p a\n-:2: display-message b");
}

#[test]
fn statements() {
    check("display a ; display b", "-:1: display-message a ; display-message b");
    check("display a ;;\n", "-:1: display-message a");
    check("display a\n  ;\ndisplay b\n", "-:2: syntax error");
    check("display -p a}b\n", "-:1: syntax error");
    check("A-B=c\n", "-:1: unknown command: A-B=c");
    check("A=b display $A", "-:1: display-message b");
    check("A=b\ndisplay $A", "-:2: display-message b");
    check("display a ; A=b", "");
    check("%hidden A=b\ndisplay $A", "-:2: display-message b");
    check("info\n", "-:1: show-messages -JT\n-:1: show-messages -JT");
    check(
        "two x\n",
        "-:1: display-message a ; display-message x\n-:1: display-message a ; display-message x",
    );
    check("nosuch", "-:1: unknown command: nosuch");
    check(
        "new -?",
        "-:1: usage: new-session [-AdDEPX] [-c start-directory] [-e environment] [-F format] [-f flags] [-n window-name] [-s session-name] [-t target-session] [-x width] [-y height] [shell-command [argument ...]]",
    );
}

#[test]
fn blocks() {
    check("display -p { a ; b }\n", "-:1: ambiguous command: b, could be: bind-key, break-pane");
    check(
        "if -F 1 { display -p x }\n",
        "-:1: display-message -p x\n-:1: if-shell -F 1 { display-message -p x }",
    );
    check("if -F 1 { display -p x\n", "-:2: syntax error");
    check(
        "bind x {\n  if -F 1 {\n    display \"a b\"\n  }\n}\n",
        "-:3: display-message \"a b\"\n-:3: if-shell -F 1 { display-message \"a b\" }\n\
         -:3: bind-key x { if-shell -F 1 { display-message \"a b\" } }",
    );
    check("{ display }", "-:1: syntax error");
    let deep = format!("{}{}", "if -F 1 { ".repeat(5000), "}".repeat(5000));
    check(&deep, "-:1: memory exhausted");
}

#[test]
fn conditions() {
    check("%if 0 display -p a %endif", "");
    check("%if 1\n%endif\n", "-:2: syntax error");
    check("%endif\n", "-:1: syntax error");
    check("display -p a %endif\n", "-:1: syntax error");
    check("%if 0\ndisplay -p a\n%else\ndisplay -p b\n%endif\n", "-:4: display-message -p b");
    check("%if 0\n%if 1\ndisplay a\n%endif\n%else\ndisplay b\n%endif\n", "-:6: display-message b");
    check("%if 0\n\"unterminated\n%endif", "-:3: syntax error");
    check("%if 1\n%else\n%elif 1\n%endif", "-:2: syntax error");
    check(
        "%if 1 display a ; display b %elif 1 display c %endif",
        "-:1: display-message a ; display-message b",
    );
    check("%if #{?1,#{l:1},0} display a %endif", "-:1: display-message a");
    check("%if #{?1 display a %endif", "-:1: syntax error");
    check("%error x", "-:1: syntax error");
}

#[test]
fn arguments() {
    let check = |words: &[&str], expect: &str| {
        let values: Vec<ArgValue> = words.iter().map(|word| ArgValue::String(word.to_string())).collect();
        let parsed = parse_arguments(&values, &Origin::default(), &mut NoContext);
        let text = parsed.map(|list| list.print()).unwrap_or_else(|error| error);
        assert_eq!(text, expect, "{words:?}");
    };
    check(&["display", "a;", "display", "b"], "display-message a ; display-message b");
    check(&["display", "a", ";", "display", "b;"], "display-message a ; display-message b");
    check(&["display", "a\\;"], "display-message \"a;\"");
    check(&[";", ";"], "");
    check(&["bind", "x", "display", "$HOME"], "bind-key x display \"\\$HOME\"");
}

proptest::proptest! {
    /// Printed commands parse to commands that print the same.
    #[test]
    fn printing_is_stable(words in proptest::collection::vec("[ -~\u{e9}\n\u{1b}]{0,8}", 1..5), two: bool) {
        // tmux: text in single quotes is escaped too, and so reads back changed.
        let words: Vec<String> =
            words.iter().map(|w| if w.contains('"') { w.replace(['\\', '\n', '\u{1b}'], "") } else { w.clone() }).collect();
        let mut values = vec![ArgValue::String("set-buffer".to_string())];
        let mut bind = vec![ArgValue::String("bind-key".to_string()), ArgValue::String("--".to_string())];
        bind.extend(words.iter().map(|word| ArgValue::String(format!("x{word}x"))));
        values.push(ArgValue::String("--".to_string()));
        values.push(ArgValue::String(format!("x{}x", words[0])));
        if two {
            values.push(ArgValue::String(";".to_string()));
            values.extend(bind);
        }
        let list = parse_arguments(&values, &Origin::default(), &mut NoContext).unwrap();
        let printed = list.print();
        let again = parse_string(&printed, &Origin::default(), &mut NoContext).unwrap();
        proptest::prop_assert_eq!(again.print(), printed);
    }
}
