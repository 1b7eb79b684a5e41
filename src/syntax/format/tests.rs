//! What the trees of formats look like.

use super::read::parse;
use super::*;

/// Writes a tree with its nodes in brackets: `{form operands}`, modifiers before it.
fn show(format: &Format) -> String {
    match &format.body {
        Body::Plain => format!("{:?}", &*format.text),
        Body::Unread => format!("later{:?}", &*format.text),
        Body::Pieces(pieces) => pieces.iter().map(piece).collect::<Vec<_>>().join(" "),
    }
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => format!("{text:?}"),
        Piece::Escaped(c) => format!("#{c}"),
        Piece::Style(start) => format!("style{}", start.len() - 1),
        Piece::Job(command) => format!("job({})", show(command)),
        Piece::Alias(letter, variable) => format!("{letter}={}", replacement(variable)),
        Piece::Replace(of) => replacement(of),
    }
}

fn replacement(of: &Replacement) -> String {
    let mut parts: Vec<String> = of.discarded.iter().map(|arg| format!("lost:{}", show(arg))).collect();
    for modifier in &of.modifiers {
        let args: Vec<String> = modifier.args.iter().map(show).collect();
        parts.push(format!("{}({})", modifier.name, args.join(" ")));
    }
    parts.push(form(&of.form));
    format!("{{{}}}", parts.join(" "))
}

fn pair(pair: &Pair) -> String {
    pair.as_ref().map_or("none".to_owned(), |both| format!("{} | {}", show(&both.0), show(&both.1)))
}

fn operands(operands: &Operands) -> String {
    operands.iter().map(|operand| show(&operand)).collect::<Vec<_>>().join(" | ")
}

fn form(form: &Form) -> String {
    match form {
        Form::Ask(name) => format!("ask {name:?}"),
        Form::Frame(frames) => format!("frame {frames:?}"),
        Form::Literal(_, value) => format!("literal {value:?}"),
        Form::Character(of) => format!("character {}", show(of)),
        Form::Colour(of) => format!("colour {}", show(of)),
        Form::Options(body) => format!("options {}", show(body)),
        Form::Environment(body) => format!("environment {}", show(body)),
        Form::Loop { over, each, current } => {
            let current = current.as_ref().map_or(String::new(), |current| format!(" | {}", show(current)));
            format!("{over:?} {}{current}", show(each))
        }
        Form::Named { name, otherwise } => {
            let otherwise =
                otherwise.as_ref().map_or(String::new(), |other| format!(" or {}", self::form(other)));
            format!("named {}{otherwise}", show(name))
        }
        Form::Search(term) => format!("search {}", show(term)),
        Form::Repeat(_, of) => format!("repeat {}", pair(of)),
        Form::Not { twice, of } => format!("{} {}", if *twice { "not-not" } else { "not" }, show(of)),
        Form::Join { and, operands: of } => format!("{} {}", if *and { "and" } else { "or" }, operands(of)),
        Form::Compare(_, of) => format!("compare {}", pair(of)),
        Form::Choose(of) => format!("choose {}", operands(of)),
        Form::Expression(of) => format!("expression {}", pair(of)),
        Form::Inner(of) => format!("inner {}", show(of)),
        Form::Variable(name) => (**name).to_owned(),
    }
}

fn check(text: &str, expect: &str) {
    assert_eq!(show(&parse(text).0), expect, "{text}");
}

#[test]
fn pieces_of_a_text() {
    check("plain, } text", r#""plain, } text""#);
    check("a#{b}c#Sd", r#""a" {b} "c" S={session_name} "d""#);
    check("#,##}#}#q #é", r###"#, ## "}" #} "#q #é""###);
    check("#(a #(b) c)d", r#"job("a " job("b") " c") "d""#);
    check("##[a ###[b] #[fg=#{c}]", r#"style2 "a " style3 "b] " style1 "fg=" {c} "]""#);
    // In a style, `#X` is text.
    check("#[fg=#S]#S", r##"style1 "fg=#S]" S={session_name}"##);
}

#[test]
fn text_behind_a_malformed_piece_is_lost() {
    check("a#", r#""a""#);
    check("a#{b", r#""a""#);
    check("a#(b", r#""a""#);
    check("#[a#{b]c", r#"style1 "a""#);
}

#[test]
fn modifiers_decide_the_form() {
    check("#{n;=/5/#{a}:@b}", r#"{n() =("5" {a}) @b}"#);
    check("#{l:a#,#{b#,}}", r##"{l() literal "a,#{b#,}"}"##);
    check("#{?a,#{b},c,d}", r#"{choose "a" | {b} | "c" | "d"}"#);
    check("#{?#{a,b},}", r#"{choose {a,b} | ""}"#);
    check("#{==:a,b,c}#{==:a}", r#"{==() compare "a" | "b,c"} {==() compare none}"#);
    check(
        "#{&&:a,b,c}#{!!:a}#{!;!!:a}",
        r#"{&&() and "a" | "b" | "c"} {!!() not-not "a"} {!() !!() not "a"}"#,
    );
    check("#{W:a,b,c}#{L:a,b}", r#"{W() Windows "a" | "b,c"} {L() Clients "a,b"}"#);
    check("#{e|+|f:1,2}#{e:1,2}", r#"{e("+" "f") expression "1" | "2"} {e() 1,2}"#);
    check("#{E:#{a}b}#{E:a}", r#"{E() inner {a} "b"} {E() a}"#);
    // The first in a fixed order counts, whatever the order in which they are written.
    check("#{==;l;C;a:x}", r#"{==() l() C() a() literal "x"}"#);
}

#[test]
fn arguments_without_a_colon_behind_them_are_expanded_for_nothing() {
    check("#{s/#{a}/b/}", r#"{lost:{a} lost:"b" inner "s/" {a} "/b/"}"#);
    check("#{pane_id;x}", r#"{lost:"ane_id" pane_id;x}"#);
}

#[test]
fn names_may_be_asked_for_only_after_an_expansion() {
    check("#{N:a}#{N/s:b}", r#"{N() named "a"} {N("s") named "b"}"#);
    check("#{N/x:?a,b}", r#"{N("x") choose "a" | "b"}"#);
    check("#{N/#{x}:?#{a},b}", r##"{N({x}) named "?" {a} ",b" or choose later"#{a}" | "b"}"##);
}

/// Deep and long formats are read when they are expanded, so that a tree stays small.
#[test]
fn a_tree_is_limited() {
    let deep = |levels: usize| format!("{}x{}", "#{E:".repeat(levels), "}".repeat(levels));
    assert!(!show(&parse(&deep(16)).0).contains("later"));
    assert!(show(&parse(&deep(17)).0).contains(r##"later"#{E:x}""##));
    let long = "#,".repeat(MAX_TEXT);
    assert!(matches!(parse(&long).0.body, Body::Unread));
    assert_eq!(Pieces::new(Part::new(&long)).count(), MAX_TEXT);
    let (format, nodes) = parse(&format!("#{{?{}}}", "1,".repeat(MAX_TEXT / 2)));
    assert!(matches!(format.body, Body::Unread) && nodes == 1);
    let nested = "#{N/#{x}:".repeat(16) + &"}".repeat(16);
    assert!(parse(&nested).1 < 2000, "{}", parse(&nested).1);
}
