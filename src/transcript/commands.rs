//! The commands that ran in a pane, beside its transcript: start and end of each one's output, time
//! and status. They survive scrolling, since they refer to logical lines by number.
//!
//! On disk: the file `commands`, one command a line, `crc json`, where `crc` is the checksum
//! (CRC-32, eight hexadecimal digits) of the rest. A later line for the same place replaces an
//! earlier one.

use std::collections::VecDeque;

use crate::base::commands::CommandRecord;

/// Name of the file.
pub(super) const FILE: &str = "commands";
/// Most commands kept for a pane; older ones are dropped.
const MAX_COMMANDS: usize = 1024;
/// Bytes appended to the file before it is rewritten as a whole.
const MAX_APPENDED: usize = 400 << 10;
/// Commands in a journal: those that may not be on disk yet.
const JOURNALLED: usize = 16;
const SUM_DIGITS: usize = 8;

/// A pane's newest commands, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Commands {
    kept: VecDeque<CommandRecord>,
    appended: usize,
}

/// Change of the file after a command was added.
pub(super) enum Written {
    Append(Vec<u8>),
    Whole(Vec<u8>),
}

fn encode(record: &CommandRecord) -> Vec<u8> {
    let json = serde_json::to_string(record).unwrap_or_default();
    format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes())).into_bytes()
}

fn decode(line: &str) -> Option<CommandRecord> {
    let (sum, json) = line.split_once(' ').filter(|(sum, _)| sum.len() == SUM_DIGITS)?;
    (sum == format!("{:08x}", crc32fast::hash(json.as_bytes()))).then(|| serde_json::from_str(json).ok())?
}

impl Commands {
    /// Adds a command, or its result. Returns `None` for one that still runs.
    pub(super) fn add(&mut self, record: &CommandRecord, bare: bool) -> Option<Written> {
        // Lines that are printed again after a crash add their commands again.
        while self.kept.back().is_some_and(|last| last.start.line >= record.start.line) {
            self.kept.pop_back();
        }
        if self.kept.len() >= MAX_COMMANDS {
            self.kept.pop_front();
        }
        self.kept.push_back(record.clone());
        record.end?;
        let line = |record: &CommandRecord| match bare {
            true => {
                encode(&CommandRecord { text: String::new(), directory: String::new(), ..record.clone() })
            }
            false => encode(record),
        };
        let bytes = line(record);
        self.appended += bytes.len();
        if self.appended <= MAX_APPENDED {
            return Some(Written::Append(bytes));
        }
        self.appended = 0;
        Some(Written::Whole(self.kept.iter().flat_map(line).collect()))
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &CommandRecord> {
        self.kept.iter()
    }

    /// The newest commands, for a journal.
    pub(super) fn newest(&self) -> Vec<CommandRecord> {
        self.kept.iter().skip(self.kept.len().saturating_sub(JOURNALLED)).cloned().collect()
    }

    /// Removes all commands. True if there were any.
    pub(super) fn clear(&mut self) -> bool {
        self.appended = 0;
        !std::mem::take(&mut self.kept).is_empty()
    }

    /// Removes the commands of lines from `line` on, which will be printed again.
    pub(super) fn cut(&mut self, line: u64) {
        self.kept.retain(|record| record.start.line < line);
    }

    /// Reads the file; skips invalid lines.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let mut commands = Self::default();
        let text = String::from_utf8_lossy(bytes);
        text.lines().filter_map(decode).for_each(|record| drop(commands.add(&record, false)));
        commands.appended = bytes.len();
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::commands::LinePlace;

    fn record(line: u64, status: u8) -> CommandRecord {
        let place = |line| LinePlace { line, ..LinePlace::default() };
        CommandRecord {
            start: place(line),
            end: Some(place(line + 1)),
            status: Some(status),
            text: "make \"all\"\n".to_owned(),
            ..CommandRecord::default()
        }
    }

    #[test]
    fn commands_survive_their_file_and_are_bounded() {
        let mut commands = Commands::default();
        let mut file = Vec::new();
        for line in 0..5000 {
            match commands.add(&record(line, (line % 3) as u8), false) {
                Some(Written::Append(bytes)) => file.extend(bytes),
                Some(Written::Whole(bytes)) => file = bytes,
                None => panic!("it has ended"),
            }
            assert!(file.len() <= 1 << 20);
        }
        file.extend(b"junk\n00000000 {}\n");
        let read = Commands::decode(&file);
        assert!(read.all().eq(commands.all()));
        assert_eq!(read.all().count(), MAX_COMMANDS);
        assert_eq!(read.all().next_back(), Some(&record(4999, 1)));
    }

    #[test]
    fn a_command_at_the_same_place_replaces_what_was_there() {
        let mut commands = Commands::default();
        [record(3, 0), record(9, 0), record(5, 7)]
            .iter()
            .for_each(|record| drop(commands.add(record, false)));
        assert_eq!(
            commands.all().map(|r| (r.start.line, r.status)).collect::<Vec<_>>(),
            [(3, Some(0)), (5, Some(7))]
        );
    }
}
