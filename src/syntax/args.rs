//! Reading the arguments of a command by its template, and asking for them.

pub(crate) use super::command::{ArgValue, Args};
use super::table::{CommandEntry, Positional};
use crate::base::number::{parse_number, parse_percentage};

/// Reason why arguments were refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ArgsError {
    /// `-?`: print the usage.
    Usage,
    /// Error text, without the command's name.
    Cause(String),
}

impl Args {
    /// Parses the arguments (without the command's name) by the command's row.
    pub fn parse(entry: &CommandEntry, arguments: &[ArgValue]) -> Result<Args, ArgsError> {
        let mut args = Args::default();
        let mut at = 0;
        while at < arguments.len() && args.parse_flags(entry.template, arguments, &mut at)? {}
        for value in &arguments[at..] {
            let is_string = matches!(value, ArgValue::String(_));
            if !is_string && !entry.positional.commands_allowed(&args) {
                let number = args.values.len() + 1;
                return Err(ArgsError::Cause(format!("argument {number} must be \"string\"")));
            }
            args.values.push(value.clone());
        }
        // tmux: with no arguments at all, not even a command's name is counted and the limits
        // do not apply; that cannot happen here, since a name was needed to find the entry.
        let without = entry.without.chars().any(|flag| args.has(flag));
        if args.values.len() < entry.min && !without {
            return Err(ArgsError::Cause(format!("too few arguments (need at least {})", entry.min)));
        }
        match entry.max {
            Some(max) if args.values.len() > max => {
                Err(ArgsError::Cause(format!("too many arguments (need at most {max})")))
            }
            _ => Ok(args),
        }
    }

    /// Parses one argument of flags; false after the last flag.
    fn parse_flags(
        &mut self,
        template: &str,
        arguments: &[ArgValue],
        at: &mut usize,
    ) -> Result<bool, ArgsError> {
        let Some(letters) = arguments[*at].as_str().and_then(|text| text.strip_prefix('-')) else {
            return Ok(false);
        };
        if letters.is_empty() {
            return Ok(false);
        }
        *at += 1;
        if letters == "-" {
            return Ok(false);
        }
        for (offset, letter) in letters.char_indices() {
            if letter == '?' {
                return Err(ArgsError::Usage);
            }
            if !letter.is_ascii_alphanumeric() {
                // tmux: works on bytes, so it names the first byte of a longer character.
                let shown = first_byte(letter);
                return Err(ArgsError::Cause(format!("invalid flag -{shown}")));
            }
            let Some(found) = template.find(letter) else {
                return Err(ArgsError::Cause(format!("unknown flag -{letter}")));
            };
            let after = &template[found + 1..];
            if !after.starts_with(':') {
                self.set_flag(letter, None, false);
                continue;
            }
            let rest = &letters[offset + 1..];
            return self.flag_value(letter, rest, after.starts_with("::"), arguments, at).map(|()| true);
        }
        Ok(true)
    }

    fn flag_value(
        &mut self,
        letter: char,
        rest: &str,
        optional: bool,
        arguments: &[ArgValue],
        at: &mut usize,
    ) -> Result<(), ArgsError> {
        if !rest.is_empty() {
            self.set_flag(letter, Some(rest.to_string()), false);
            return Ok(());
        }
        match arguments.get(*at) {
            Some(ArgValue::String(text)) => {
                self.set_flag(letter, Some(text.clone()), false);
                *at += 1;
                Ok(())
            }
            Some(ArgValue::Commands(_)) => {
                Err(ArgsError::Cause(format!("-{letter} argument must be a string")))
            }
            None if optional => {
                self.set_flag(letter, None, true);
                Ok(())
            }
            None => Err(ArgsError::Cause(format!("-{letter} expects an argument"))),
        }
    }

    /// Adds a flag, as if it had been given.
    pub fn set_flag(&mut self, letter: char, value: Option<String>, optional: bool) {
        let flag = self.flags.entry(letter).or_default();
        flag.optional |= optional && flag.count == 0;
        flag.count += 1;
        flag.values.extend(value);
    }

    /// Adds a positional argument, as if it had been given.
    pub fn push(&mut self, value: ArgValue) {
        self.values.push(value);
    }

    /// Reports whether a flag was given.
    pub fn has(&self, letter: char) -> bool {
        self.flags.contains_key(&letter)
    }

    /// Number of times a flag was given.
    pub fn times(&self, letter: char) -> u32 {
        self.flags.get(&letter).map_or(0, |flag| flag.count)
    }

    /// Value of a flag; the last one if the flag was repeated.
    pub fn get(&self, letter: char) -> Option<&str> {
        self.flags.get(&letter)?.values.last().map(String::as_str)
    }

    /// All values of a repeatable flag, in order.
    pub fn all(&self, letter: char) -> &[String] {
        self.flags.get(&letter).map_or(&[], |flag| &flag.values)
    }

    /// Letters of the given flags, in alphabetical order.
    pub fn letters(&self) -> impl Iterator<Item = char> + '_ {
        self.flags.keys().copied()
    }

    /// Number of positional arguments.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    pub fn values(&self) -> &[ArgValue] {
        &self.values
    }

    pub fn value(&self, index: usize) -> Option<&ArgValue> {
        self.values.get(index)
    }

    /// A positional argument as text; commands are printed.
    pub fn string(&self, index: usize) -> Option<String> {
        self.values.get(index).map(ArgValue::to_text)
    }

    /// All positional arguments as text.
    pub fn to_vector(&self) -> Vec<String> {
        self.values.iter().map(ArgValue::to_text).collect()
    }

    /// A flag's value as a number. Errors: `missing`, `invalid`, `too small`, `too large`.
    pub fn number(&self, letter: char, min: i64, max: i64) -> Result<i64, &'static str> {
        parse_number(self.get(letter).ok_or("missing")?, min, max)
    }

    /// A flag's value as a number or a percentage of `whole`. Errors as `number`, and `empty`.
    pub fn percentage(&self, letter: char, min: i64, max: i64, whole: i64) -> Result<i64, &'static str> {
        if !self.has(letter) {
            return Err("missing");
        }
        parse_percentage(self.get(letter).unwrap_or(""), min, max, whole)
    }
}

impl Positional {
    /// Reports whether the next argument may be `{ commands }`, given the arguments before it.
    pub fn commands_allowed(self, args: &Args) -> bool {
        match self {
            Positional::Strings => false,
            Positional::CommandsOrString => true,
            Positional::If => matches!(args.count(), 1 | 2),
            Positional::OptionValue => args.count() == 1,
            Positional::Run => args.has('C'),
            Positional::Menu => menu_takes_command(args),
        }
    }
}

fn menu_takes_command(args: &Args) -> bool {
    let mut at = 0;
    while at < args.count() {
        let separator = args.string(at).is_some_and(|name| name.is_empty());
        if separator {
            at += 1;
            continue;
        }
        if args.count() == at + 2 {
            return true;
        }
        at += 3;
    }
    false
}

fn first_byte(letter: char) -> char {
    let byte = crate::base::text::to_bytes(letter.encode_utf8(&mut [0; 4]))[0];
    crate::base::text::from_bytes(&[byte]).chars().next().expect("a byte is a character")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::table::CommandId;

    fn check(line: &[&str], expect: Result<&str, &str>) {
        let entry = CommandId::find(line[0]).unwrap().entry();
        let arguments: Vec<ArgValue> =
            line[1..].iter().map(|text| ArgValue::String(text.to_string())).collect();
        let printed = match Args::parse(entry, &arguments) {
            Ok(args) => Ok(args.print()),
            Err(ArgsError::Usage) => Err("usage".to_string()),
            Err(ArgsError::Cause(cause)) => Err(cause),
        };
        assert_eq!(printed.as_deref().map_err(String::as_str), expect, "{line:?}");
    }

    #[test]
    fn reads_and_prints_back() {
        check(&["new", "-d", "-sx", "-x", "80", "-P"], Ok("-Pd -s x -x 80"));
        check(&["new", "-e", "A=1", "-e", "B=2"], Ok("-e A=1 -e B=2"));
        check(&["display", "-pp", "--", "-x"], Ok("-pp -x"));
        check(&["display", "-p", "-"], Ok("-p -"));
        check(&["bind", "x", "display", "-p"], Ok("x display -p"));
    }

    #[test]
    fn refuses_with_tmux_words() {
        check(&["display", "-~"], Err("invalid flag -~"));
        check(&["display", "-y"], Err("unknown flag -y"));
        check(&["display", "-t"], Err("-t expects an argument"));
        check(&["display", "-?"], Err("usage"));
        check(&["display", "a", "b"], Err("too many arguments (need at most 1)"));
        check(&["if", "a"], Err("too few arguments (need at least 2)"));
    }
}
