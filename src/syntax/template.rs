//! Inserting values into templates: `%%`, `%1` and so on in the argument of `choose-tree`,
//! `command-prompt` and others. The resulting text is parsed as commands, so a value is escaped for
//! the quotes around it: a session whose name contains a quote stays a name.
//!
//! tmux 3.7c does not escape (a name can run commands); its main branch escapes `'` for `%%`.

use super::escape::escape;

/// Deepest nesting of quotes that is parsed: commands inside commands inside commands.
const MAX_LEVELS: usize = 8;

/// Source of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ValueKind {
    /// The user typed it, and may type more than one word if the template has no quotes.
    Typed,
    /// The name of an object: always one word.
    Name,
}

/// Kind of the filled text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Text {
    /// Commands, to be parsed.
    Commands,
    /// An argument that is already parsed. It may be parsed again later (`confirm-before`, a
    /// shell), so quotes around a value inside it count.
    Argument,
}

/// Inserts values into a template one after the other, as `%1`, `%2` and so on.
pub(crate) fn fill_all(template: &str, values: &[String], kind: ValueKind, text: Text) -> String {
    let mut filled = template.to_string();
    for (number, value) in (1..).zip(values) {
        filled = fill(&filled, value, number, kind, text);
    }
    filled
}

/// Inserts one value: at every `%N` where N is `number`, and at the first `%%`. If another `%`
/// follows (`%1%`, `%%%`), characters special inside double quotes are escaped.
fn fill(template: &str, value: &str, number: u32, kind: ValueKind, text: Text) -> String {
    let mut out = String::with_capacity(template.len() + value.len());
    let mut at = 0;
    let mut filled = false;
    while let Some(found) = template[at..].find('%') {
        out.push_str(&template[at..at + found]);
        let mark = at + found;
        let rest = &template[mark + 1..];
        let next = rest.chars().next();
        let numbered = next.and_then(|c| c.to_digit(10)).is_some_and(|d| d != 0 && d == number);
        if !numbered && (next != Some('%') || filled) {
            out.push('%');
            at = mark + 1;
            continue;
        }
        filled |= !numbered;
        let marked = rest[1..].starts_with('%');
        at = mark + if marked { 3 } else { 2 };
        let quotes = quotes(&template[..mark], &template[at..], text);
        out.push_str(&escaped(value, &quotes, Mark { marked, kind, text }));
    }
    out.push_str(&template[at..]);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Single,
    Double,
}

impl Quote {
    fn of(c: char) -> Option<Self> {
        match c {
            '\'' => Some(Quote::Single),
            '"' => Some(Quote::Double),
            _ => None,
        }
    }
}

/// Quotes around the place between two texts, outermost first.
fn quotes(before: &str, after: &str, text: Text) -> Vec<Quote> {
    let (mut before, mut after) = (before.to_string(), after.to_string());
    let mut quotes = Vec::new();
    while quotes.len() < MAX_LEVELS {
        let commands = text == Text::Commands && quotes.is_empty();
        let Some((quote, start)) = open_quote(&before, commands) else { break };
        let end = closing(&after, quote);
        if end.is_none() && !commands {
            break; // an apostrophe
        }
        quotes.push(quote);
        before = content(&before[start..], quote);
        after = content(&after[..end.unwrap_or(after.len())], quote);
    }
    quotes
}

/// The quote that is open at the end of a text, and the offset of its contents. `commands`: `#` at
/// the start of a word begins a comment.
fn open_quote(text: &str, commands: bool) -> Option<(Quote, usize)> {
    let mut chars = text.char_indices();
    let mut open = None;
    let mut word_starts = true;
    while let Some((at, c)) = chars.next() {
        match open {
            Some((Quote::Single, _)) if c == '\'' => open = None,
            Some((Quote::Double, _)) if c == '"' => open = None,
            Some((Quote::Single, _)) => {}
            _ if c == '\\' => drop(chars.next()),
            Some((Quote::Double, _)) => {}
            None if commands && c == '#' && word_starts && !text[at..].starts_with("#{") => {
                chars.by_ref().find(|(_, c)| *c == '\n')?;
            }
            None => open = Quote::of(c).map(|quote| (quote, at + 1)),
        }
        word_starts = open.is_none() && (c.is_whitespace() || matches!(c, ';' | '{' | '}' | '#'));
    }
    open
}

/// Offset at which the text after a place closes the quote around the place.
fn closing(text: &str, quote: Quote) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == Quote::Double => drop(chars.next()),
            _ if Quote::of(c) == Some(quote) => return Some(at),
            _ => {}
        }
    }
    None
}

/// Contents of quotes, as the parser passes them on.
fn content(text: &str, quote: Quote) -> String {
    if quote == Quote::Single {
        return text.to_string();
    }
    let mut chars = text.chars();
    let mut out = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// A placeholder in a template.
#[derive(Clone, Copy)]
struct Mark {
    /// True if another `%` asks for escapes of double quotes.
    marked: bool,
    kind: ValueKind,
    text: Text,
}

/// A value escaped for the quotes around it.
fn escaped(value: &str, quotes: &[Quote], mark: Mark) -> String {
    let mut value = value.to_string();
    if mark.marked && !quotes.contains(&Quote::Double) {
        value = with_backslashes(&value, "\"\\$;~");
    }
    if quotes.is_empty() && !mark.marked && mark.kind == ValueKind::Name && mark.text == Text::Commands {
        return word(value);
    }
    for (level, quote) in quotes.iter().enumerate().rev() {
        let outermost = level == 0 && mark.text == Text::Commands;
        value = match quote {
            Quote::Single => value.replace('\'', "'\\''"),
            Quote::Double if mark.marked => with_backslashes(&value, "\"\\$;~"),
            Quote::Double if mark.kind == ValueKind::Name && outermost => with_backslashes(&value, "\"\\$;~"),
            // A further level inside may be for a shell, where a name must not run anything either.
            Quote::Double if mark.kind == ValueKind::Name => with_backslashes(&value, "\"\\$`"),
            Quote::Double if quotes.len() > 1 => with_backslashes(&value, "\"\\"),
            Quote::Double => closed(&value),
        };
    }
    value
}

/// A name outside of quotes, as one word.
fn word(value: String) -> String {
    let plain = |c: char| c.is_alphanumeric() || "=:.%@/_+-,".contains(c);
    if value.chars().all(plain) { value } else { escape(&value) }
}

fn with_backslashes(value: &str, special: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Typed text inside double quotes: its escapes and variables work, but it does not end the quotes.
fn closed(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push(c);
                out.push(chars.next().unwrap_or('\\'));
            }
            '"' => out.push_str("\\\""),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, value: &str, kind: ValueKind, text: Text, expect: &str) {
        assert_eq!(fill(template, value, 1, kind, text), expect, "{template:?} with {value:?}");
    }

    #[test]
    fn templates_fill_once_or_by_number() {
        let typed = |template: &str, expect: &str| {
            check(template, "a\"b", ValueKind::Typed, Text::Commands, expect);
        };
        typed("x %% %%", "x a\"b %%");
        typed("%1 %1 %2", "a\"b a\"b %2");
        typed("'%1%' %%%", "'a\\\"b' a\\\"b");
        typed("100% %", "100% %");
        typed("\"%%\"", "\"a\\\"b\"");
        typed("# it's\nx %%", "# it's\nx a\"b");
    }

    #[test]
    fn a_name_stays_inside_its_quotes() {
        let name = "a'; b \"$X\\";
        let commands = |template: &str, expect: &str| {
            check(template, name, ValueKind::Name, Text::Commands, expect);
        };
        commands("x '%%'", "x 'a'\\''; b \"$X\\'");
        commands("x '%1'", "x 'a'\\''; b \"$X\\'");
        commands("x \"%%\"", "x \"a'\\; b \\\"\\$X\\\\\"");
        commands("x \"y '%%'\"", "x \"y 'a'\\\\''\\; b \\\"\\$X\\\\'\"");
        commands("x %%", "x \"a'; b \\\"\\$X\\\\\"");
        check("x %%", "=a:1.%2", ValueKind::Name, Text::Commands, "x =a:1.%2");
        check("it's %%", name, ValueKind::Name, Text::Argument, "it's a'; b \"$X\\");
        check("y '%%'", name, ValueKind::Name, Text::Argument, "y 'a'\\''; b \"$X\\'");
    }

    #[test]
    fn typed_text_keeps_its_words_and_escapes() {
        let typed = |template: &str, value: &str, expect: &str| {
            check(template, value, ValueKind::Typed, Text::Commands, expect);
        };
        typed("%%", "new-window 'a b'", "new-window 'a b'");
        typed("x \"%%\"", "$HOME\\n", "x \"$HOME\\n\"");
        typed("x \"%%\"", "a\" ; y \"", "x \"a\\\" ; y \\\"\"");
        typed("x \"%%\"", "a\\", "x \"a\\\\\"");
        typed("x '%%'", "it's", "x 'it'\\''s'");
    }
}
