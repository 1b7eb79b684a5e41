//! Places in a pane's lines that stay where they are: `@last-command`, `@last-prompt`, and `@` with
//! the number of a line, which never shifts.

use crate::terminal::{Mark, Terminal};

/// The number of the line that a place names.
pub(super) fn line(place: &str, terminal: &mut Terminal) -> Result<u64, String> {
    let marks = terminal.marks();
    let of_mark = |mark: Option<Mark>, what: &str| {
        mark.and_then(|mark| mark.line).ok_or_else(|| format!("no {what} is marked in the pane"))
    };
    match place {
        "@last-command" => of_mark(marks.output, "command"),
        "@last-prompt" => of_mark(marks.prompt, "prompt"),
        _ => {
            let number = place.strip_prefix('@').and_then(|number| number.parse().ok());
            number.ok_or_else(|| format!("invalid place: {place}"))
        }
    }
}
