//! The line that `send-command` types, so that a shell runs exactly the given command: quoted if it has
//! several lines, and between marks if the shell sets none.

/// Maximum number of bytes of a line that is typed, not pasted: a terminal without line editing takes no
/// more than 4095.
const MAX_TYPED: usize = 3000;

/// The syntax of a shell for quoting and for the status of the last command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shell {
    Fish,
    Posix,
    /// Aborts the line when `eval` fails, unless it is called as `command eval`.
    Plain,
}

impl Shell {
    /// Chooses by the name of the program.
    pub(super) fn of(program: &str) -> Self {
        let name = program.rsplit('/').next().unwrap_or_default().trim_start_matches('-');
        match name {
            "fish" => Self::Fish,
            "sh" | "dash" | "ash" | "ksh" | "ksh93" | "mksh" | "yash" | "busybox" => Self::Plain,
            _ => Self::Posix,
        }
    }

    fn eval(self) -> &'static str {
        match self {
            Self::Plain => "command eval",
            Self::Fish | Self::Posix => "eval",
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Fish => "$status",
            Self::Posix | Self::Plain => "$?",
        }
    }

    /// Quotes `text`; with `split`, in lines of at most `MAX_TYPED` bytes.
    fn quote(self, text: &str, split: bool) -> String {
        let mut out = String::from("'");
        let mut len = 0;
        for c in text.chars() {
            match (self, c) {
                (Self::Posix | Self::Plain, '\'') => out.push_str("'\\''"),
                (Self::Fish, '\'' | '\\') => out.extend(['\\', c]),
                // A typed tab would start completion.
                (Self::Posix | Self::Plain, '\t') => out.push_str("'\"$(printf '\\t')\"'"),
                (Self::Fish, '\t') => out.push_str("'\\t'"),
                _ => out.push(c),
            }
            len = if c == '\n' { 0 } else { len + c.len_utf8() };
            if split && len >= MAX_TYPED / 4 {
                out.push_str("'\\\n'");
                len = 0;
            }
        }
        out.push('\'');
        out
    }
}

/// The command to type, and the shell that it is for.
pub(super) struct Line<'a> {
    pub command: &'a str,
    pub shell: Shell,
    /// The shell sets marks.
    pub integrated: bool,
    /// The shell accepts bracketed pastes.
    pub bracketed: bool,
}

/// True if a command is certainly complete, so that no shell prompts for more of it.
fn is_whole(command: &str) -> bool {
    const OPENING: [&str; 18] = [
        "if", "then", "for", "while", "until", "case", "select", "function", "do", "repeat", "foreach",
        "begin", "switch", "coproc", "time", "and", "or", "not",
    ];
    let plain = |c: char| c.is_ascii_alphanumeric() || " _./:=@%+,-".contains(c);
    let first = command.split(' ').next().unwrap_or_default();
    !first.is_empty() && !OPENING.contains(&first) && command.chars().all(plain)
}

/// The bytes to type, including the final return.
pub(super) fn typed(line: &Line<'_>) -> Result<Vec<u8>, String> {
    let command = line.command.trim_end_matches('\n');
    if let Some(control) = command.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(format!("control character in the command: {}", control.escape_default()));
    }
    let split = !line.bracketed && command.lines().any(|line| line.len() > MAX_TYPED);
    let mut text = command.to_owned();
    if !line.integrated || !is_whole(command) || split {
        let quoted = line.shell.quote(command, split);
        text = match line.integrated {
            true => format!("{} {quoted}", line.shell.eval()),
            false => format!(
                " printf '\\033]133;C\\007'; {} {quoted}; printf '\\033]133;D;%s\\007' {}",
                line.shell.eval(),
                line.shell.status()
            ),
        };
    }
    let mut out = Vec::new();
    if line.bracketed {
        out.extend_from_slice(b"\x1b[200~");
        out.extend_from_slice(&crate::base::text::to_bytes(&text));
        out.extend_from_slice(b"\x1b[201~");
    } else {
        for byte in crate::base::text::to_bytes(&text) {
            match byte {
                b'\n' => out.push(b'\r'),
                _ => out.push(byte),
            }
        }
    }
    out.push(b'\r');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(command: &str, shell: Shell, integrated: bool, bracketed: bool) -> String {
        let typed = typed(&Line { command, shell, integrated, bracketed }).unwrap();
        String::from_utf8(typed).unwrap()
    }

    #[test]
    fn a_shell_with_marks_gets_the_command_as_it_is() {
        assert_eq!(line("git log -1", Shell::Posix, true, false), "git log -1\r");
        assert_eq!(line("ls\n", Shell::Posix, true, true), "\x1b[200~ls\x1b[201~\r");
    }

    #[test]
    fn what_a_shell_might_ask_more_for_is_quoted() {
        for command in ["if true", "a | b", "echo 'a", "# none", "", "a\\", "echo $x"] {
            let text = line(command, Shell::Posix, true, false);
            assert!(text.starts_with("eval '"), "{text}");
        }
        assert_eq!(line("a\tb", Shell::Posix, true, false), "eval 'a'\"$(printf '\\t')\"'b'\r");
        assert_eq!(line("a\tb", Shell::Fish, true, false), "eval 'a'\\t'b'\r");
    }

    #[test]
    fn several_lines_are_one_command() {
        assert_eq!(line("a\nb 'c'", Shell::Posix, true, false), "eval 'a\rb '\\''c'\\'''\r");
        assert_eq!(line("a\nb 'c\\'", Shell::Fish, true, false), "eval 'a\rb \\'c\\\\\\''\r");
    }

    #[test]
    fn a_shell_without_marks_gets_them() {
        let expect = " printf '\\033]133;C\\007'; eval 'ls'; printf '\\033]133;D;%s\\007' $?\r";
        assert_eq!(line("ls", Shell::Posix, false, false), expect);
        assert_eq!(line("ls", Shell::Fish, false, false), expect.replace("$?", "$status"));
        assert_eq!(line("ls", Shell::Plain, false, false), expect.replace("eval", "command eval"));
        assert_eq!((Shell::of("-fish"), Shell::of("/bin/dash")), (Shell::Fish, Shell::Plain));
    }

    #[test]
    fn long_lines_are_cut_for_a_terminal_that_takes_4095_bytes() {
        let text = line(&"x'".repeat(9000), Shell::Posix, true, false);
        assert!(text.split('\r').all(|line| line.len() < 4095));
        let back = text.replace("'\\\r'", "").replace("'\\''", "'");
        assert_eq!(back, format!("eval '{}'\r", "x'".repeat(9000)));
    }

    #[test]
    fn control_characters_are_refused() {
        let refused =
            typed(&Line { command: "a\x1bb", shell: Shell::Posix, integrated: true, bracketed: true });
        assert_eq!(refused, Err("control character in the command: \\u{1b}".to_owned()));
    }
}
