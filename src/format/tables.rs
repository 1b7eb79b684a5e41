//! The turns of loops over tables: `#{O:…}` over options, `#{V:…}` over environments.

use crate::options::{ArrayKey, Options, Value as OptionValue, table};

use super::objects::Objects;

/// The variables of one turn of a loop.
pub(super) type Row = Vec<(&'static str, String)>;

/// The level of options that the letters of a loop select.
fn level<'a>(objects: &Objects<'a>, letters: &str) -> Option<&'a Options> {
    let (server, has) = (objects.server(), |letter| letters.contains(letter));
    let global = has('g');
    if has('v') {
        Some(&server.options.server)
    } else if has('w') {
        if global { Some(&server.options.window) } else { objects.window().map(|w| &w.options) }
    } else if has('s') {
        if global { Some(&server.options.session) } else { objects.session().map(|s| &s.options) }
    } else if has('p') {
        if global { None } else { objects.pane().map(|p| &p.options) }
    } else {
        global.then_some(&server.options.session)
    }
}

/// `#{O:…}`, `#{O/gw:…}`: options of a level; elements of arrays one by one.
pub(super) fn options(objects: &Objects<'_>, letters: &str) -> Vec<Row> {
    let letters = if letters.is_empty() { "s" } else { letters };
    let Some(level) = level(objects, letters) else { return Vec::new() };
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
    rows
}

/// `#{V:…}`, `#{V/g:…}`, `#{V/c:…}`: variables of the session's, the global or the client's environment.
pub(super) fn environment(objects: &Objects<'_>, letters: &str) -> Vec<Row> {
    let environ = match letters {
        "" | "s" => objects.session().map(|session| &session.environ),
        "g" => Some(&objects.server().environ),
        "c" => objects.job_owner().and_then(|id| objects.server().client(id)).map(|client| &client.environ),
        _ => None,
    };
    let Some(environ) = environ else { return Vec::new() };
    let flag = |on: bool| u8::from(on).to_string();
    let row = |(name, variable): (&str, &crate::options::Variable)| {
        vec![
            ("environ_name", name.to_owned()),
            ("environ_value", variable.value.clone().unwrap_or_default()),
            ("environ_hidden", flag(variable.hidden)),
            ("environ_removed", flag(variable.value.is_none())),
        ]
    };
    environ.iter().map(row).collect()
}
