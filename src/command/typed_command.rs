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
    /// Chooses by the name of a program; `None` if it is not that of a shell.
    fn named(program: &str) -> Option<Self> {
        let name = program.rsplit('/').next().unwrap_or_default().trim_start_matches('-');
        Some(match name {
            "fish" => Self::Fish,
            "sh" | "dash" | "ash" | "ksh" | "ksh93" | "mksh" | "yash" | "busybox" => Self::Plain,
            "bash" | "zsh" => Self::Posix,
            _ => return None,
        })
    }

    /// The shell that reads what is typed: the nearest one among a program and its ancestors, each given
    /// by its arguments.
    pub(super) fn among(programs: &[Vec<String>]) -> Self {
        let shells = || programs.iter().filter_map(|args| Some((Self::named(args.first()?)?, args)));
        let reader = shells().find(|(_, args)| reads_terminal(args)).or_else(|| shells().next());
        reader.map_or(Self::Posix, |(shell, _)| shell)
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

/// True if a shell with these arguments reads commands from its terminal: it was given no command and no
/// script.
fn reads_terminal(args: &[String]) -> bool {
    let mut rest = args.iter().skip(1);
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--rcfile" | "--init-file" | "--init-command" | "-C" | "-o" | "+o" | "-O" | "+O" => {
                rest.next();
            }
            "--command" => return false,
            long if long.starts_with("--") => {}
            short if short.starts_with(['-', '+']) && !short.contains('c') => {}
            _ => return false,
        }
    }
    true
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

/// The first character of a command that cannot be typed, as text.
pub(super) fn control_character(command: &str) -> Option<String> {
    let control =
        command.trim_end_matches('\n').chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    control.map(|c| c.escape_default().to_string())
}

/// The bytes to type, including the final return.
pub(super) fn typed(line: &Line<'_>) -> Vec<u8> {
    let command = line.command.trim_end_matches('\n');
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
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(command: &str, shell: Shell, integrated: bool, bracketed: bool) -> String {
        let typed = typed(&Line { command, shell, integrated, bracketed });
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
    }

    #[test]
    fn the_nearest_shell_reads_what_is_typed() {
        let among = |programs: &[&str]| {
            let args = |line: &&str| line.split(' ').map(str::to_owned).collect();
            Shell::among(&programs.iter().map(args).collect::<Vec<_>>())
        };
        assert_eq!((among(&["-fish"]), among(&["/bin/dash -i"])), (Shell::Fish, Shell::Plain));
        assert_eq!(among(&["sleep 9", "make", "fish", "-bash"]), Shell::Fish);
        assert_eq!(among(&["sh -c make", "sh ./configure", "fish -i -C x", "-bash"]), Shell::Fish);
        assert_eq!(among(&["sh -ec make", "bash --rcfile x"]), Shell::Posix);
        assert_eq!(among(&["sh -c make"]), Shell::Plain);
        assert_eq!((among(&["ssh"]), among(&[])), (Shell::Posix, Shell::Posix));
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
        assert_eq!(control_character("a\tb\x1bc\n"), Some("\\u{1b}".to_owned()));
        assert_eq!(control_character("a\n\tb\n"), None);
    }
}
