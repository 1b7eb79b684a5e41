//! Modifiers: the part before the colon in `#{mods:subject}`.

use super::part::Part;
use super::scan::skip;

/// What a modifier does. Those that compare or loop say over what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Match,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Not,
    NotNot,
    Ask,
    Basename,
    Character,
    Clients,
    Colour,
    Cycle,
    Dirname,
    Environment,
    Expand,
    ExpandTime,
    Expression,
    Length,
    Limit,
    Literal,
    Named,
    Options,
    Pad,
    Panes,
    Quote,
    Repeat,
    Search,
    Sessions,
    Substitute,
    Time,
    Width,
    Windows,
}

/// Each modifier as it is written, and whether it may have arguments.
const MODIFIERS: &[(&str, Kind, bool)] = &[
    ("==", Kind::Equal, false),
    ("!=", Kind::NotEqual, false),
    ("<=", Kind::LessOrEqual, false),
    (">=", Kind::GreaterOrEqual, false),
    ("&&", Kind::And, false),
    ("||", Kind::Or, false),
    ("!!", Kind::NotNot, false),
    ("!", Kind::Not, false),
    ("<", Kind::Less, false),
    (">", Kind::Greater, false),
    ("=", Kind::Limit, true),
    ("A", Kind::Cycle, true),
    ("C", Kind::Search, true),
    ("E", Kind::Expand, false),
    ("I", Kind::Ask, true),
    ("L", Kind::Clients, true),
    ("N", Kind::Named, true),
    ("O", Kind::Options, true),
    ("P", Kind::Panes, true),
    ("R", Kind::Repeat, true),
    ("S", Kind::Sessions, true),
    ("T", Kind::ExpandTime, false),
    ("V", Kind::Environment, true),
    ("W", Kind::Windows, true),
    ("a", Kind::Character, false),
    ("b", Kind::Basename, false),
    ("c", Kind::Colour, true),
    ("d", Kind::Dirname, false),
    ("e", Kind::Expression, true),
    ("l", Kind::Literal, false),
    ("m", Kind::Match, true),
    ("n", Kind::Length, false),
    ("p", Kind::Pad, true),
    ("q", Kind::Quote, true),
    ("s", Kind::Substitute, true),
    ("t", Kind::Time, true),
    ("w", Kind::Width, false),
];

/// A modifier and its arguments: as read, formats; in an expansion, their values.
#[derive(Clone, Debug)]
pub(crate) struct Modifier<A> {
    pub kind: Kind,
    pub name: &'static str,
    pub args: Vec<A>,
}

/// What was read of a key.
pub(super) struct Read {
    pub list: Vec<Modifier<Part>>,
    /// The text after the colon; `None` if the list does not end with one, so that the key has no
    /// modifiers.
    pub subject: Option<Part>,
}

fn ends_modifier(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b';' | b':'))
}

/// Reads the modifiers of a key.
pub(super) fn read(key: &Part) -> Read {
    let bytes = key.as_bytes();
    let mut list = Vec::new();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b':' {
        if bytes[at] == b';' {
            at += 1;
        }
        let Some((modifier, end)) = one(key, at) else { break };
        list.push(modifier);
        at = end;
    }
    let subject = (bytes.get(at) == Some(&b':')).then(|| key.tail(at + 1));
    Read { list, subject }
}

/// The modifier at `at`, and its end.
fn one(key: &Part, at: usize) -> Option<(Modifier<Part>, usize)> {
    let rest = &key.as_bytes()[at..];
    let is_here = |(name, _, takes): &&(&'static str, Kind, bool)| {
        let alone = || *takes || ends_modifier(rest.get(name.len()));
        rest.starts_with(name.as_bytes()) && alone()
    };
    let &(name, kind, takes) = MODIFIERS.iter().find(is_here)?;
    let (args, end) = if takes { arguments(key, at)? } else { (Vec::new(), at + name.len()) };
    Some((Modifier { kind, name, args }, end))
}

/// The arguments of the modifier at `at`, and the position of their end. `None` when they have no end.
fn arguments(key: &Part, at: usize) -> Option<(Vec<Part>, usize)> {
    let bytes = key.as_bytes();
    let wrapper = match bytes.get(at + 1) {
        None => return None,
        Some(b';' | b':') => return Some((Vec::new(), at + 1)),
        // One argument without a separator.
        Some(byte) if !byte.is_ascii_punctuation() || *byte == b'-' => {
            let end = at + 1 + skip(&key[at + 1..], b":;")?;
            return Some((vec![colons(key.slice(at + 1..end))], end));
        }
        Some(&byte) => byte,
    };
    let ends = [wrapper, b';', b':'];
    let mut args = Vec::new();
    let mut cursor = at + 1;
    loop {
        if bytes.get(cursor) == Some(&wrapper) && ends_modifier(bytes.get(cursor + 1)) {
            cursor += 1;
            break;
        }
        let Some(length) = skip(&key[cursor + 1..], &ends) else { break };
        args.push(colons(key.slice(cursor + 1..cursor + 1 + length)));
        cursor += 1 + length;
        if ends_modifier(bytes.get(cursor)) {
            break;
        }
    }
    Some((args, cursor))
}

/// An argument with its colons unescaped. tmux: 3.7c keeps the `#`, so that no argument can have a colon;
/// its main branch removes it.
fn colons(part: Part) -> Part {
    if !part.contains("#:") {
        return part;
    }
    let (mut out, mut depth, mut rest) = (String::new(), 0i32, &*part);
    while let Some(c) = rest.chars().next() {
        match rest.get(..2) {
            Some("#:") if depth == 0 => rest = &rest[1..],
            Some(two @ ("##" | "#," | "#}")) => {
                out.push_str(two);
                rest = &rest[2..];
                continue;
            }
            Some("#{") => depth += 1,
            _ => depth -= i32::from(c == '}'),
        }
        let c = rest.chars().next().expect("there is a character");
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    Part::new(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modifiers of a key as `name(arguments)`, and its subject.
    fn check(key: &str, modifiers: &str, subject: Option<&str>) {
        let read = read(&Part::new(key));
        let texts: Vec<String> = read.list.iter().map(|m| format!("{}{:?}", m.name, m.args)).collect();
        assert_eq!(texts.join(" "), modifiers, "{key}");
        assert_eq!(read.subject.as_deref(), subject, "{key}");
    }

    #[test]
    fn modifiers_end_with_a_colon() {
        check("session_name", "", None);
        check("n;w:a", "n[] w[]", Some("a"));
        check("==:a,b", "==[]", Some("a,b"));
        check("!:a", "![]", Some("a"));
        check("!!:a", "!![]", Some("a"));
        check(":a", "", Some("a"));
        check(";@num", "", None);
        check("nx:a", "", None);
        // tmux: a name that begins with the letter of a modifier is its argument.
        check("session_name:a", r#"s["ession_name"]"#, Some("a"));
        check("pane_id;x", r#"p["ane_id"]"#, None);
    }

    #[test]
    fn arguments_are_separated_by_their_first_character() {
        check("=5:a", r#"=["5"]"#, Some("a"));
        check("=-5:a", r#"=["-5"]"#, Some("a"));
        check("=/5/...:a", r#"=["5", "..."]"#, Some("a"));
        check("=/5/.../:a", r#"=["5", "..."]"#, Some("a"));
        check("s|a|#{b|c}|i;n:x", r##"s["a", "#{b|c}", "i"] n[]"##, Some("x"));
        check("s/#:/#,/:x", r##"s[":", "#,"]"##, Some("x"));
        check("s/a/b", r#"s["a"]"#, None);
    }
}
