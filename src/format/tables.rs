//! Loops over tables: `#{O:…}` over options, `#{V:…}` over environments.

use crate::options::{ArrayKey, Options, Value as OptionValue, table};

use super::expand::Expander;
use super::scope::Scope;

/// Expands `body` once for each row; a row holds the variables for it.
fn each_row(ex: &Expander<'_, '_>, body: &str, rows: Vec<Vec<(&'static str, String)>>) -> String {
    let scope = ex.scope;
    let mut out = String::new();
    let count = rows.len();
    for (index, row) in rows.into_iter().enumerate() {
        if !ex.spend(body.len()) {
            break;
        }
        let mut turn = scope.clone();
        turn.last_in_loop = index + 1 == count;
        turn = turn.add("loop_index", index.to_string());
        for (name, value) in row {
            turn = turn.add(name, value);
        }
        out += &ex.in_scope(&turn).expand(body);
    }
    out
}

/// The level of options that the letters of a loop select.
fn level<'a>(scope: &Scope<'a>, letters: &str) -> Option<&'a Options> {
    let (server, has) = (scope.server(), |letter| letters.contains(letter));
    let global = has('g');
    if has('v') {
        Some(&server.options.server)
    } else if has('w') {
        if global { Some(&server.options.window) } else { scope.window().map(|w| &w.options) }
    } else if has('s') {
        if global { Some(&server.options.session) } else { scope.session().map(|s| &s.options) }
    } else if has('p') {
        if global { None } else { scope.pane().map(|p| &p.options) }
    } else {
        global.then_some(&server.options.session)
    }
}

/// `#{O:…}`, `#{O/gw:…}`: options of a level; elements of arrays one by one.
pub(super) fn options(ex: &Expander<'_, '_>, letters: &str, body: &str) -> String {
    let letters = if letters.is_empty() { "s" } else { letters };
    let Some(level) = level(ex.scope, letters) else { return String::new() };
    let flag = |on: bool| u8::from(on).to_string();
    let mut rows = Vec::new();
    for (name, value) in level.iter() {
        let entry = table::find(name);
        let count = value.elements().count();
        if entry.is_some_and(|entry| entry.ours) && (count == 0 || !matches!(value, OptionValue::Array(_))) {
            continue;
        }
        let row = |text: String, index: Option<&ArrayKey>, first: bool, last: bool| {
            let index = index.map(ArrayKey::to_string).unwrap_or_default();
            vec![
                ("option_name", name.to_owned()),
                ("option_value", text),
                ("option_is_array", flag(matches!(value, OptionValue::Array(_)))),
                ("option_array_key", index.clone()),
                ("option_array_index", index),
                ("option_array_first", flag(first)),
                ("option_array_last", flag(last)),
                ("option_array_count", count.to_string()),
                ("option_is_hook", flag(entry.is_some_and(|entry| entry.is_hook))),
                ("option_is_user", flag(entry.is_none())),
            ]
        };
        if count == 0 {
            let array = matches!(value, OptionValue::Array(_));
            rows.push(row(value.to_text(entry, false), None, array, array));
        }
        for (number, (index, element)) in value.elements().enumerate() {
            let text = element.to_text(entry, false);
            rows.push(row(text, Some(index), number == 0, number + 1 == count));
        }
    }
    each_row(ex, body, rows)
}

/// `#{V:…}`, `#{V/g:…}`, `#{V/c:…}`: variables of the session's, the global or the client's environment.
pub(super) fn environment(ex: &Expander<'_, '_>, letters: &str, body: &str) -> String {
    let scope = ex.scope;
    let environ = match letters {
        "" | "s" => scope.session().map(|session| &session.environ),
        "g" => Some(&scope.server().environ),
        "c" => scope.job_owner().and_then(|id| scope.server().client(id)).map(|client| &client.environ),
        _ => None,
    };
    let Some(environ) = environ else { return String::new() };
    let flag = |on: bool| u8::from(on).to_string();
    let row = |(name, variable): (&str, &crate::options::Variable)| {
        vec![
            ("environ_name", name.to_owned()),
            ("environ_value", variable.value.clone().unwrap_or_default()),
            ("environ_hidden", flag(variable.hidden)),
            ("environ_removed", flag(variable.value.is_none())),
        ]
    };
    each_row(ex, body, environ.iter().map(row).collect())
}
