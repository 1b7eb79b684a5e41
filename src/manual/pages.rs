//! The manual as a list of pieces, and the output of that list as an mdoc page and as Markdown.

use super::rows::{self, Command};
use super::{CHAPTERS, COMMANDS, COPY_MODE, FORMATS, HOOKS};
use crate::options;

/// A piece of the manual.
enum Piece {
    Chapter(String),
    Text(String),
    /// Shown unchanged.
    Literal(String),
    /// Terms with their descriptions.
    Terms(Vec<(String, String)>),
    /// A command: its name, usage, text and flags.
    Entry {
        name: String,
        usage: String,
        about: String,
        flags: Vec<(String, String)>,
    },
}

fn mark(ours: bool) -> &'static str {
    if ours { " [scopemux]" } else { "" }
}

fn pieces() -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for line in CHAPTERS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(title) = line.strip_prefix("= ") {
            out.push(Piece::Chapter(title.to_owned()));
        } else if let Some(table) = line.strip_prefix('@') {
            out.extend(table_pieces(table));
        } else if let Some(literal) = line.strip_prefix("    ") {
            out.push(Piece::Literal(literal.to_owned()));
        } else if line.starts_with('-') {
            let end = line
                .match_indices(' ')
                .find(|(at, _)| line[at + 1..].starts_with(|c: char| c.is_ascii_uppercase()));
            let at = end.map_or(line.len(), |(at, _)| at);
            let term = (line[..at].to_owned(), line[at..].trim_start().to_owned());
            match out.last_mut() {
                Some(Piece::Terms(terms)) => terms.push(term),
                _ => out.push(Piece::Terms(vec![term])),
            }
        } else {
            out.push(Piece::Text(line.to_owned()));
        }
    }
    out
}

fn table_pieces(table: &str) -> Vec<Piece> {
    match table {
        "commands" => commands(),
        "keys" => vec![Piece::Terms(keys())],
        "copy_mode" => vec![Piece::Terms(terms(COPY_MODE, |_| false))],
        "options" => vec![Piece::Terms(option_terms())],
        "after" => {
            let after = rows::hooks().filter_map(|hook| hook.strip_prefix("after-"));
            vec![Piece::Text(after.collect::<Vec<_>>().join(", ") + ".")]
        }
        "hooks" => vec![Piece::Terms(terms(HOOKS, |name| {
            options::table::find(name).is_some_and(|entry| entry.ours)
        }))],
        "formats" => vec![Piece::Terms(terms(FORMATS, crate::format::is_our_variable))],
        table => panic!("a table that is not known: {table}"),
    }
}

fn terms(text: &str, ours: fn(&str) -> bool) -> Vec<(String, String)> {
    rows::lines(text).map(|(name, about)| (name.to_owned(), format!("{about}{}", mark(ours(name))))).collect()
}

fn commands() -> Vec<Piece> {
    let texts = rows::command_rows(COMMANDS);
    let piece = |text: &Command<'_>| {
        let entry = rows::commands().find(|entry| entry.name == text.name).expect("a command of the table");
        let alias = entry.alias.map_or(String::new(), |alias| format!(" (alias {alias})"));
        Piece::Entry {
            name: entry.name.to_owned(),
            usage: entry.usage.trim().to_owned(),
            about: format!("{}{alias}{}", text.about, mark(entry.ours)),
            flags: text.flags.iter().map(|(flag, about)| (format!("-{flag}"), (*about).to_owned())).collect(),
        }
    };
    texts.iter().map(piece).collect()
}

/// The keys of the prefix table with their notes, from the default configuration.
fn keys() -> Vec<(String, String)> {
    let lines = include_str!("../../conf/default.conf").lines();
    let key = |line: &str| {
        let rest = line
            .strip_prefix("bind-key -T prefix -N '")
            .or(line.strip_prefix("bind-key -r -T prefix -N '"))?;
        let (note, rest) = rest.split_once("' ")?;
        let key = rest.split(' ').next()?.trim_start_matches('\\');
        Some((key.to_owned(), note.to_owned() + "."))
    };
    lines.filter_map(key).collect()
}

fn option_terms() -> Vec<(String, String)> {
    let term = |entry: &options::OptionEntry| {
        let about = entry.about;
        let default = rows::default(entry).map_or(String::new(), |text| format!("; default {text}"));
        let text = format!(
            "{about} ({}; {}{default}){}",
            rows::values(entry),
            rows::levels(entry),
            mark(entry.ours)
        );
        (entry.name.to_owned(), text)
    };
    rows::options().map(term).collect()
}

/// Escapes text for an mdoc line, so that no part of it is read as a request or an escape.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

/// Escapes text for a macro's argument.
fn argument(text: &str) -> String {
    let words = roff(text).replace('"', "\\(dq");
    // A single punctuation character would not be read as the macro's argument.
    let escape = if text.chars().all(|c| c.is_ascii_punctuation()) { "\\&" } else { "" };
    format!("\"{escape}{words}\"")
}

/// Longest line of the mdoc page in bytes, unless a word is longer.
const LINE: usize = 78;

/// Breaks paragraphs of an mdoc page: one line per sentence, and no long lines.
fn sentences(text: &str) -> String {
    let mut out = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let ends = line.ends_with(['.', ';', ':', '?']) && word.starts_with(|c: char| c.is_uppercase());
        if ends || (!line.is_empty() && roff(&line).len() + 1 + roff(word).len() > LINE) {
            out.push_str(&(roff(&std::mem::take(&mut line)) + "\n"));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    out + &roff(&line) + "\n"
}

fn mdoc_terms(terms: &[(String, String)], out: &mut String) {
    out.push_str(".Bl -tag -width Ds\n");
    for (term, about) in terms {
        out.push_str(&format!(".It Sy {}\n{}", argument(term), sentences(about)));
    }
    out.push_str(".El\n");
}

pub(super) fn mdoc() -> String {
    let mut out = String::from(concat!(
        ".\\\" Made from the tables of the program: SCOPEMUX_WRITE_DOCS=1 cargo test manual\n",
        ".Dd November 29, 2026\n.Dt SCOPEMUX 1\n.Os\n.Sh NAME\n.Nm scopemux\n",
        ".Nd terminal multiplexer with a scope for each pane and history on disk\n",
        ".Sh SYNOPSIS\n.Nm\n.Op Fl 2CDhlNuVv\n.Op Fl c Ar shell-command\n.Op Fl f Ar file\n",
        ".Op Fl L Ar socket-name\n.Op Fl S Ar socket-path\n.Op Fl T Ar features\n.Op Ar command Op Ar flags\n",
    ));
    let mut after_heading = false;
    for piece in pieces() {
        let heading = matches!(piece, Piece::Chapter(_));
        match piece {
            Piece::Chapter(title) => out.push_str(&format!(".Sh {title}\n")),
            Piece::Text(text) => {
                if !after_heading {
                    out.push_str(".Pp\n");
                }
                out.push_str(&sentences(&text));
            }
            Piece::Literal(text) => {
                out.push_str(&format!(".Bd -literal -offset indent\n{}\n.Ed\n", roff(&text)))
            }
            Piece::Terms(terms) => mdoc_terms(&terms, &mut out),
            Piece::Entry { name, usage, about, flags } => {
                out.push_str(&format!(".Ss {}\n", roff(&name)));
                if !usage.is_empty() {
                    out.push_str(&format!(".Li {}\n.Pp\n", argument(&format!("{name} {usage}"))));
                }
                out.push_str(&sentences(&about));
                if !flags.is_empty() {
                    mdoc_terms(&flags, &mut out);
                }
            }
        }
        after_heading = heading;
    }
    out
}

/// Escapes text for a Markdown page.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '_' | '<' | '>' | '[' | ']' | '|' | '#' | '`' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

pub(super) fn markdown() -> String {
    let mut out = String::from(concat!(
        "<!-- Made from the tables of the program: SCOPEMUX_WRITE_DOCS=1 cargo test manual -->\n",
        "# scopemux(1)\n\n",
        "    scopemux [-2CDhlNuVv] [-c shell-command] [-f file] [-L socket-name] [-S socket-path]\n",
        "             [-T features] [command [flags]]\n",
    ));
    for piece in pieces() {
        out.push('\n');
        match piece {
            Piece::Chapter(title) => {
                out.push_str(&format!("## {}\n", title[..1].to_owned() + &title[1..].to_lowercase()))
            }
            Piece::Text(text) => out.push_str(&(plain(&text) + "\n")),
            Piece::Literal(text) => out.push_str(&format!("    {text}\n")),
            Piece::Terms(terms) => list(&terms, &mut out),
            Piece::Entry { name, usage, about, flags } => {
                out.push_str(&format!(
                    "### {name}\n\n    {}\n\n{}\n",
                    format!("{name} {usage}").trim(),
                    plain(&about)
                ));
                if !flags.is_empty() {
                    out.push('\n');
                    list(&flags, &mut out);
                }
            }
        }
    }
    out
}

fn list(terms: &[(String, String)], out: &mut String) {
    for (term, about) in terms {
        out.push_str(&format!("- {}: {}\n", code(term), plain(about)));
    }
}
