//! Rows of a pane's history that commands get with `-S` and `-E`, and how they are written.

use crate::model::{Cx, ItemContext};
use crate::syntax::args::Args;
use crate::terminal::CaptureOptions;

use super::output;

/// Error when there is no output of full-screen programs.
pub(super) const NO_ALTERNATE: &str = "nothing is kept of full-screen programs";

/// How rows are written, from the flags of `capture-pane`.
pub(super) fn options_of(args: &Args) -> CaptureOptions {
    CaptureOptions {
        sequences: args.has('e'),
        octal: args.has('C'),
        join: args.has('J'),
        trailing: args.has('N'),
        written: args.has('T'),
        numbers: args.has('L'),
        flags: args.has('F'),
        hyperlinks: args.has('H'),
    }
}

/// First and last row as given: `-` is the oldest or newest row, a number counts from the first visible
/// row.
#[derive(Clone, Copy)]
pub(super) struct Range {
    start: Bound,
    end: Bound,
}

#[derive(Clone, Copy)]
enum Bound {
    Default,
    Dash,
    Row(i64),
}

impl Range {
    pub(super) fn new(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> Result<Self, String> {
        let place = |flag: char| {
            let place = args.get(flag).filter(|place| place.starts_with('@'))?;
            let mut terminal = item.target.pane.and_then(|id| cx.server.pane(id))?.terminal.lock();
            Some(super::line_marks::row(place, flag == 'E', &mut terminal))
        };
        let (start, end) = (place('S').transpose()?, place('E').transpose()?);
        let bound = |flag: char, place: Option<Option<i64>>| match (args.get(flag), place) {
            (_, Some(row)) => row.map_or(Bound::Default, Bound::Row),
            (None, _) => Bound::Default,
            (Some("-"), _) => Bound::Dash,
            (Some(_), _) => {
                let max = i64::from(i16::MAX);
                match output::expanded_number(cx, item, args, flag, i64::from(i32::MIN), max) {
                    Ok(number) => Bound::Row(number),
                    // tmux: text that is not a number counts as not given.
                    Err(_) => Bound::Default,
                }
            }
        };
        Ok(Self { start: bound('S', start), end: bound('E', end) })
    }

    /// All rows, if no start was given.
    pub(super) fn or_all(self) -> Self {
        match self.start {
            Bound::Default => Self { start: Bound::Dash, ..self },
            _ => self,
        }
    }

    /// Row numbers from the oldest, both included.
    pub(super) fn resolve(self, history: u64, visible: u64) -> (u64, u64) {
        let last = (history + visible).saturating_sub(1);
        let row = |bound: Bound, default: u64, dash: u64| match bound {
            Bound::Default => default,
            Bound::Dash => dash,
            Bound::Row(n) => history.saturating_add_signed(n).min(last),
        };
        let top = row(self.start, history.min(last), 0);
        let bottom = row(self.end, last, last);
        (top.min(bottom), top.max(bottom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_from_the_first_visible_row() {
        let check = |start, end, expect| {
            assert_eq!(Range { start, end }.resolve(100, 24), expect);
        };
        check(Bound::Default, Bound::Default, (100, 123));
        check(Bound::Dash, Bound::Dash, (0, 123));
        check(Bound::Row(-5), Bound::Row(2), (95, 102));
        check(Bound::Row(-500), Bound::Row(500), (0, 123));
        check(Bound::Row(10), Bound::Row(5), (105, 110));
    }
}
