//! The command line: tmux's options, usage text and error messages.

use crate::protocol::{ClientFlags, features};

/// The options of tmux's parser. `d`, `q` and `U` are left over from older versions: `q` is accepted and
/// does nothing, the other two print the usage.
const OPTIONS: &str = "2c:CDdf:hlL:NqS:T:uUvV";

/// A parsed command line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Arguments {
    pub flags: ClientFlags,
    /// Bits of `protocol::features::NAMES`, from `-2` and `-T`.
    pub features: u32,
    /// `-c`: run this with the default shell instead of attaching.
    pub shell_command: Option<String>,
    /// `-f`, in order; empty when the default files apply.
    pub config_files: Vec<String>,
    /// `-L`.
    pub socket_name: Option<String>,
    /// `-S`.
    pub socket_path: Option<String>,
    /// Count of `-v`.
    pub log_level: u8,
    /// The command and its arguments.
    pub command: Vec<String>,
}

/// The action for a command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Parsed {
    Run(Box<Arguments>),
    /// Print to standard output and exit with status 0.
    Print(String),
    /// `-VV`: print a report for bugs.
    About,
    /// Print to standard error and exit with status 1.
    Fail(String),
}

/// The usage text. It always says `tmux`, whatever the program's name is.
const USAGE: &str = "usage: tmux [-2CDhlNuVv] [-c shell-command] [-f file] [-L socket-name]\n            \
                     [-S socket-path] [-T features] [command [flags]]\n";

/// Parses `argv`, whose first element is the program's name. `version` is what `-V` prints.
pub(super) fn parse(argv: &[String], version: &str) -> Parsed {
    let fail = |complaint: &str| match complaint {
        "" => Parsed::Fail(USAGE.to_owned()),
        _ => Parsed::Fail(format!("tmux: {complaint}\n{USAGE}")),
    };
    let mut arguments = Arguments::default();
    if argv.first().is_some_and(|name| name.starts_with('-')) {
        arguments.flags |= ClientFlags::LOGIN;
    }
    let mut words = argv.iter().skip(1).peekable();
    while let Some(word) = words.next_if(|word| word.len() > 1 && word.starts_with('-')) {
        if word == "--" {
            break;
        }
        let mut letters = word[1..].chars();
        while let Some(letter) = letters.next() {
            let Some(takes_value) = option(letter) else {
                return fail(&format!("unknown option -- {letter}"));
            };
            let value = match letters.as_str() {
                _ if !takes_value => String::new(),
                "" => match words.next() {
                    Some(next) => next.clone(),
                    None => return fail(&format!("option requires an argument -- {letter}")),
                },
                rest => rest.to_owned(),
            };
            match letter {
                'h' => return Parsed::Print(USAGE.to_owned()),
                'V' if letters.as_str().starts_with('V') => return Parsed::About,
                'V' => return Parsed::Print(format!("{version}\n")),
                'd' | 'U' => return fail(""),
                _ => arguments.apply(letter, value),
            }
            if takes_value {
                break;
            }
        }
    }
    arguments.command = words.cloned().collect();
    let alone = arguments.shell_command.is_some() || arguments.flags.contains(ClientFlags::NO_FORK);
    if alone && !arguments.command.is_empty() {
        return fail("");
    }
    Parsed::Run(Box::new(arguments))
}

/// True if the option takes a value; `None` when there is no such option.
fn option(letter: char) -> Option<bool> {
    let at = OPTIONS.find(letter).filter(|_| letter != ':')?;
    Some(OPTIONS[at + 1..].starts_with(':'))
}

impl Arguments {
    fn apply(&mut self, letter: char, value: String) {
        match letter {
            '2' => self.features = features::add(self.features, "256"),
            'c' => self.shell_command = Some(value),
            'C' if self.flags.contains(ClientFlags::CONTROL) => self.flags |= ClientFlags::CONTROL_CONTROL,
            'C' => self.flags |= ClientFlags::CONTROL,
            'D' => self.flags |= ClientFlags::NO_FORK,
            'f' => self.config_files.push(value),
            'l' => self.flags |= ClientFlags::LOGIN,
            'L' => self.socket_name = Some(value),
            'N' => self.flags |= ClientFlags::NO_START_SERVER,
            'S' => self.socket_path = Some(value),
            'T' => self.features = features::add(self.features, &value),
            'u' => self.flags |= ClientFlags::UTF8,
            'v' => self.log_level = self.log_level.saturating_add(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: Result<&str, String>) {
        let argv: Vec<String> = std::iter::once("/usr/bin/tmux")
            .chain(line.split(' ').filter(|word| !word.is_empty()))
            .map(str::to_owned)
            .collect();
        let got = match parse(&argv, "tmux 3.7c") {
            Parsed::Run(a) => Ok(format!(
                "{:#x} {:#x} {:?} {:?} {:?} {:?} {} {:?}",
                a.flags,
                a.features,
                a.shell_command,
                a.config_files,
                a.socket_name,
                a.socket_path,
                a.log_level,
                a.command
            )),
            Parsed::Print(text) | Parsed::Fail(text) => Err(text),
            Parsed::About => Err("about".to_owned()),
        };
        assert_eq!(got, expect.map(str::to_owned), "{line}");
    }

    #[test]
    fn command_lines() {
        check("", Ok("0x0 0x0 None [] None None 0 []"));
        check("-2CCuL x ls -F y", Ok("0x16000 0x1 None [] Some(\"x\") None 0 [\"ls\", \"-F\", \"y\"]"));
        check("-f a -fb -vv -S/s", Ok("0x0 0x0 None [\"a\", \"b\"] None Some(\"/s\") 2 []"));
        check("-T 256:rgb,nosuch,title -q -- -x", Ok("0x0 0x8001 None [] None None 0 [\"-x\"]"));
        check("- x", Ok("0x0 0x0 None [] None None 0 [\"-\", \"x\"]"));
        check("-c id -lN", Ok("0x1002 0x0 Some(\"id\") [] None None 0 []"));
        check("-hV", Err(USAGE.into()));
        check("-2V", Err("tmux 3.7c\n".into()));
        check("-VV", Err("about".into()));
        check("-Z", Err(format!("tmux: unknown option -- Z\n{USAGE}")));
        check("--help", Err(format!("tmux: unknown option -- -\n{USAGE}")));
        check("-S", Err(format!("tmux: option requires an argument -- S\n{USAGE}")));
        check("-d", Err(USAGE.into()));
        check("-c id ls", Err(USAGE.into()));
        check("-D ls", Err(USAGE.into()));
    }
}
