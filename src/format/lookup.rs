//! Looking up names in formats: an option, a variable, an added variable, or the environment, in this
//! order; and turning the value into text.

use crate::base::WindowId;
use crate::base::posix::{local_time, strftime};
use crate::model::Server;
use crate::options::{ArrayKey, Value as OptionValue, names::split_index, table};
use crate::syntax::command::Invocation;

use super::modifiers::{Flags, number};
use super::scope::Scope;
use super::vars::{self, Value};

/// Longest time made by `#{t/f/…}`, in bytes.
const MAX_TIME_BYTES: usize = 511;

/// The name of a command, for `#{command}`.
pub(super) fn command_name(command: &Invocation) -> String {
    command.id.name().to_owned()
}

/// User options set on a window itself.
pub(super) fn user_options(server: &Server, window: WindowId) -> Vec<(String, String)> {
    let Some(window) = server.window(window) else { return Vec::new() };
    let own = window.options.iter().filter(|(name, _)| name.starts_with('@'));
    own.map(|(name, value)| (name.to_owned(), value.to_text(None, true))).collect()
}

/// The value of a name, with the modifiers for variables applied. `None`: no such name.
pub(super) fn find(scope: &Scope<'_>, name: &str, flags: Flags, time_format: Option<&str>) -> Option<String> {
    let value = match option(scope, name) {
        Some(value) => Some(Value::Text(value)),
        None => match vars::find(name) {
            Some(getter) => getter(scope),
            None => scope.added(name).or_else(|| environment(scope, name, flags)),
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
        let age = scope.now().secs() - secs;
        if flags.contains(Flags::RELATIVE) {
            return relative_time(age);
        }
        if flags.contains(Flags::DIFFERENCE) {
            return Some(age.to_string());
        }
        return Some(print_time(scope, secs, flags, time_format));
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
fn option(scope: &Scope<'_>, name: &str) -> Option<String> {
    // The containment in force, not the option: the variable of this name takes precedence.
    if name == "containment" {
        return None;
    }
    let (name, index) = split_index(name)?;
    let global = &scope.server().options;
    let value = global
        .server
        .named(name)
        .or_else(|| scope.pane_options()?.named(name))
        .or_else(|| scope.window_options()?.named(name))
        .or_else(|| global.window.named(name))
        .or_else(|| scope.session_options()?.named(name))
        .or_else(|| global.session.named(name))?;
    // tmux: 3.7c has only numbers as keys; its main branch has other keys for arrays.
    if matches!(index, Some(ArrayKey::Name(_))) && !matches!(value, OptionValue::Array(_)) {
        return None;
    }
    Some(value.element_text(table::find(name), index.as_ref(), true))
}

/// A variable of the session's or the global environment. Never found if a time is wanted.
fn environment(scope: &Scope<'_>, name: &str, flags: Flags) -> Option<Value> {
    if flags.contains(Flags::TIME) {
        return None;
    }
    let session = scope.session().and_then(|session| session.environ.variable(name));
    let entry = session.or_else(|| scope.server().environ.variable(name))?;
    Some(Value::Text(entry.value.clone()?))
}

fn print_time(scope: &Scope<'_>, secs: i64, flags: Flags, format: Option<&str>) -> String {
    if flags.contains(Flags::PRETTY) {
        return pretty_time(secs, scope.now().secs(), false);
    }
    match format {
        Some(format) => {
            let text = strftime(format, secs);
            if text.len() > MAX_TIME_BYTES { String::new() } else { text }
        }
        None => strftime("%a %b %e %H:%M:%S %Y", secs),
    }
}

/// A time, shortened by its age: the time of day, the day, the day and month, or the month and year.
pub(super) fn pretty_time(secs: i64, now: i64, seconds: bool) -> String {
    const DAY: i64 = 24 * 3600;
    let now = now.max(secs);
    let age = now - secs;
    let (today, day) = (local_time(now), local_time(secs));
    let format = if age < DAY {
        if seconds { "%H:%M:%S" } else { "%H:%M" }
    } else if (day.tm_year, day.tm_mon) == (today.tm_year, today.tm_mon) || age < 28 * DAY {
        "%a%d"
    } else if (day.tm_year == today.tm_year && day.tm_mon < today.tm_mon)
        || (day.tm_year == today.tm_year - 1 && day.tm_mon > today.tm_mon)
    {
        "%d%b"
    } else {
        "%h%y"
    };
    strftime(format, secs)
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

/// An age in its two largest units, as in `3h20m`; `None` for a time in the future.
fn relative_time(age: i64) -> Option<String> {
    let units = [(age / 86400, 'd'), (age % 86400 / 3600, 'h'), (age % 3600 / 60, 'm'), (age % 60, 's')];
    if age <= 0 {
        return (age == 0).then(|| "0s".to_owned());
    }
    let first = units.iter().position(|(count, _)| *count != 0)?;
    let shown = units[first..].iter().take(2).filter(|(count, _)| *count != 0);
    Some(shown.map(|(count, unit)| format!("{count}{unit}")).collect())
}

/// Quotes in single quotes, for a shell.
pub(super) fn quote_single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Puts a backslash before each character that is special for a shell.
fn quote_shell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "|&;<>()$`\\\"'*?[# =%".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
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

    #[test]
    fn old_times_are_short() {
        const DAY: i64 = 24 * 3600;
        // 2015-10-25 09:25:02 UTC.
        let then = 1_445_765_102;
        assert_eq!(pretty_time(then, then + 800 * DAY, false), "Oct15");
        assert_eq!(pretty_time(then, then + 40 * DAY, false), "25Oct");
        assert_eq!(pretty_time(then, then + 2 * DAY, false), "Sun25");
    }
}
