//! Names of lines in a pane that keep their meaning: `@last-command`, `@last-prompt`, and `@` with a line
//! number, which never shifts.

use crate::terminal::{Mark, Terminal};

use super::command_output::row_of;

fn of_mark(mark: Option<Mark>, what: &str) -> Result<(u64, u32), String> {
    let place = mark.and_then(|mark| Some((mark.line?, mark.row)));
    place.ok_or_else(|| format!("no {what} is marked in the pane"))
}

fn number(place: &str) -> Result<u64, String> {
    let number = place.strip_prefix('@').and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("invalid place: {place}"))
}

/// The number of the line that a name stands for.
pub(super) fn line(place: &str, terminal: &Terminal) -> Result<u64, String> {
    let marks = terminal.marks();
    match place {
        "@last-command" => Ok(of_mark(marks.output, "command")?.0),
        "@last-prompt" => Ok(of_mark(marks.prompt, "prompt")?.0),
        _ => number(place),
    }
}

/// The row of a name, relative to the first row of the screen: the first row of its lines, or the last
/// (`is_end`). `None`: the end of a command that still runs.
pub(super) fn row(place: &str, is_end: bool, terminal: &mut Terminal) -> Result<Option<i64>, String> {
    let marks = terminal.marks();
    let (line, below, back) = match place {
        "@last-command" if is_end => {
            of_mark(marks.output, "command")?;
            let Some(end) = marks.end else { return Ok(None) };
            let (line, below) = of_mark(Some(end), "command")?;
            (line, below, i64::from(end.col == 0))
        }
        "@last-command" => {
            let (line, below) = of_mark(marks.output, "command")?;
            (line, below, 0)
        }
        "@last-prompt" => {
            let (line, below) = of_mark(marks.prompt, "prompt")?;
            (line, below, 0)
        }
        _ => (number(place)?, 0, 0),
    };
    let history = terminal.history_rows() as i64;
    Ok(Some(row_of(terminal, line, below) as i64 - history - back))
}
