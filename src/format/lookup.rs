//! Looking up names in formats: an option, a variable, an added variable, or the environment, in this
//! order; and turning the value into text.

use crate::options::{ArrayKey, Value as OptionValue, names::split_index, table};
use crate::sys::time::strftime;

use super::objects::Objects;
use super::plan::{Flags, number};
use super::quote::{quote_shell, quote_single};
use super::times::{pretty_time, relative_time};
use super::value::Value;
use super::vars;

/// Longest time made by `#{t/f/…}`, in bytes.
const MAX_TIME_BYTES: usize = 511;

/// The value of a name, with the modifiers for variables applied. `None`: no such name.
pub(super) fn find(
    objects: &Objects<'_>,
    name: &str,
    flags: Flags,
    time_format: Option<&str>,
) -> Option<String> {
    let value = match option(objects, name) {
        Some(value) => Some(Value::Text(value)),
        None => match vars::find(name) {
            Some(getter) => getter(objects),
            None => objects.added(name).or_else(|| environment(objects, name, flags)),
        },
    };
    // tmux: a time of 0 counts as no value.
    let value = value.filter(|value| *value != Value::Time(0))?;
    if flags.contains(Flags::TIME) {
        let secs = match value {
            Value::Time(secs) => secs,
            Value::Text(text) => number(&text, 0, i64::MAX)?,
        };
        if secs == 0 {
            return None;
        }
        let age = objects.now().secs() - secs;
        if flags.contains(Flags::RELATIVE) {
            return relative_time(age);
        }
        if flags.contains(Flags::DIFFERENCE) {
            return Some(age.to_string());
        }
        return Some(print_time(objects, secs, flags, time_format));
    }
    let mut text = value.to_text();
    if flags.contains(Flags::BASENAME) {
        text = base_name(&text).to_owned();
    }
    if flags.contains(Flags::DIRNAME) {
        text = dir_name(&text).to_owned();
    }
    if flags.contains(Flags::QUOTE_SHELL) {
        text = quote_shell(&text);
    }
    if flags.contains(Flags::QUOTE_STYLE) {
        text = text.replace('#', "##");
    }
    if flags.contains(Flags::QUOTE_ARGUMENTS) {
        text = crate::syntax::escape::escape(&text);
    }
    if flags.contains(Flags::QUOTE_SINGLE) {
        text = quote_single(&text);
    }
    Some(text)
}

/// An option of any level: server, pane, window, session; `name[index]` is one of an array.
fn option(objects: &Objects<'_>, name: &str) -> Option<String> {
    // The containment in force, not the option: the variable of this name takes precedence.
    if name == "containment" {
        return None;
    }
    let (name, index) = split_index(name)?;
    // Most names are of variables: they need not be looked for on each level.
    if !name.starts_with('@') && table::find(name).is_none() {
        return None;
    }
    let global = &objects.server().options;
    let value = global
        .server
        .named(name)
        .or_else(|| objects.pane_options()?.named(name))
        .or_else(|| objects.window_options()?.named(name))
        .or_else(|| global.window.named(name))
        .or_else(|| objects.session_options()?.named(name))
        .or_else(|| global.session.named(name))?;
    // tmux: 3.7c has only numbers as keys; its main branch has other keys for arrays.
    if matches!(index, Some(ArrayKey::Name(_))) && !matches!(value, OptionValue::Array(_)) {
        return None;
    }
    Some(value.element_text(table::find(name), index.as_ref(), true))
}

/// A variable of the session's or the global environment. Never found if a time is wanted.
fn environment(objects: &Objects<'_>, name: &str, flags: Flags) -> Option<Value> {
    if flags.contains(Flags::TIME) {
        return None;
    }
    let session = objects.session().and_then(|session| session.environ.variable(name));
    let entry = session.or_else(|| objects.server().environ.variable(name))?;
    Some(Value::Text(entry.value.clone()?))
}

fn print_time(objects: &Objects<'_>, secs: i64, flags: Flags, format: Option<&str>) -> String {
    if flags.contains(Flags::PRETTY) {
        return pretty_time(secs, objects.now().secs());
    }
    match format {
        Some(format) => {
            let text = strftime(format, secs);
            if text.len() > MAX_TIME_BYTES { String::new() } else { text }
        }
        None => strftime("%a %b %e %H:%M:%S %Y", secs),
    }
}

/// The last part of a path, as `basename(3)`.
fn base_name(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed.rsplit('/').next().unwrap_or(trimmed) }
}

/// All but the last part of a path, as `dirname(3)`.
fn dir_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return if path.starts_with('/') { "/" } else { "." };
    }
    match trimmed.rfind('/') {
        None => ".",
        Some(at) => {
            let parent = trimmed[..at].trim_end_matches('/');
            if parent.is_empty() { "/" } else { parent }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_as_libc_does() {
        let check = |path: &str, dir: &str, base: &str| {
            assert_eq!((dir_name(path), base_name(path)), (dir, base), "{path}");
        };
        check("", ".", ".");
        check("/", "/", "/");
        check("//", "/", "/");
        check("/a", "/", "a");
        check("a", ".", "a");
        check("/a/b/", "/a", "b");
        check("/a//b", "/a", "b");
    }
}
