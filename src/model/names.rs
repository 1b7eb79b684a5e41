//! Names of sessions and windows: which are valid, how they are cleaned, and which name a window gets
//! from its command.

use crate::base::text::has_only_characters;
use crate::syntax::escape::{escape, visible};

/// True if a name is printable text: no control characters, no invalid UTF-8.
pub(crate) fn is_valid_name(name: &str) -> bool {
    name.chars().all(|c| (' '..='~').contains(&c) || !c.is_ascii()) && has_only_characters(name)
}

/// A name as it is stored, with ambiguous escapes doubled; `None` if it is not valid. In an untrusted
/// name, `#(` is replaced by `_(`, so that no command runs.
pub(crate) fn clean_name(name: &str, untrusted: bool) -> Option<String> {
    if !is_valid_name(name) {
        return None;
    }
    let cleaned = if untrusted { name.replace("#(", "_(") } else { name.to_owned() };
    Some(visible(&cleaned, false))
}

/// The name of a window for a command line: its program, without directory, arguments, quotes,
/// `exec` and leading dashes.
pub(crate) fn window_name_from_command(command: &str) -> String {
    let name = command.strip_prefix('"').unwrap_or(command);
    let name = name.split('"').next().unwrap_or_default();
    let name = name.strip_prefix("exec ").unwrap_or(name);
    let name = name.trim_start_matches([' ', '-']);
    let name = name.split(' ').next().unwrap_or_default();
    // tmux: tests bytes, and never cuts the first one.
    let wanted = |b: u8| b.is_ascii_alphanumeric() || b.is_ascii_punctuation();
    let end = name.bytes().rposition(wanted).map_or(1, |at| at + 1).min(name.len());
    let name = if name.is_char_boundary(end) { &name[..end] } else { name };
    let name = if name.starts_with('/') { base_name(name) } else { name };
    clean_name(name, false).unwrap_or_default()
}

/// The last part of a path, as `basename(3)`.
fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return "/";
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

/// A program and its arguments as one line that the parser reads back as the same arguments.
pub(crate) fn command_line(argv: &[String]) -> String {
    argv.iter().map(|arg| escape(arg)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_named_after_programs() {
        let check =
            |command: &str, name: &str| assert_eq!(window_name_from_command(command), name, "{command}");
        check("/bin/sh", "sh");
        check("exec sleep 99", "sleep");
        check("\"exec vim x\"", "vim");
        check("-bash", "bash");
        check("/", "/");
        check("", "");
        check("a\\b", "a\\\\b");
    }

    #[test]
    fn names_are_cleaned() {
        assert_eq!(clean_name("a\tb", false), None);
        assert_eq!(clean_name("x#(y)", true).as_deref(), Some("x_(y)"));
        assert_eq!(clean_name("a:b.c", false).as_deref(), Some("a:b.c"));
        assert!(!is_valid_name(&crate::base::text::from_bytes(b"\xff")));
        assert!(is_valid_name(&crate::base::text::from_bytes(b"\xf4\x90\x80\x80")));
    }
}
