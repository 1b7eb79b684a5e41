//! Notes about a pane: events (an OOM kill, lost lines) with time and line. They are stored beside
//! the transcript and never in it.
//!
//! On disk: one note a line, `crc time line text`, the text with `\` and newline escaped; `crc` is
//! the checksum (CRC-32, eight hexadecimal digits) of the rest.

use std::collections::VecDeque;

/// Notes kept per pane; beyond it, the oldest is dropped.
const MAX_NOTES: usize = 256;
/// Notes written to the file of one pane; later ones stay in memory only.
const MAX_WRITTEN: u32 = 4096;
/// Longest text of a note, in bytes.
const MAX_TEXT: usize = 1024;

/// Digits of a checksum.
const SUM_DIGITS: usize = 8;

/// One note.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Seconds since the Unix epoch.
    pub time: i64,
    /// Number of the line that was printed next.
    pub line: u64,
    pub text: String,
}

impl Note {
    pub(super) fn encode(&self) -> Vec<u8> {
        let text = self.text.replace('\\', "\\\\").replace('\n', "\\n");
        let note = format!("{} {} {text}", self.time, self.line);
        format!("{:08x} {note}\n", crc32fast::hash(note.as_bytes())).into_bytes()
    }

    fn decode(text: &str) -> Option<Self> {
        let (sum, note) = text.split_once(' ')?;
        if sum.len() == SUM_DIGITS {
            return (sum == format!("{:08x}", crc32fast::hash(note.as_bytes())))
                .then(|| Self::decode_bare(note))?;
        }
        // Earlier versions wrote no checksum; their times have more digits.
        (sum.len() > SUM_DIGITS).then(|| Self::decode_bare(text))?
    }

    fn decode_bare(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (time, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let mut out = String::new();
        let mut chars = parts.next()?.chars();
        while let Some(c) = chars.next() {
            out.push(match c {
                '\\' if chars.next()? == 'n' => '\n',
                '\\' => '\\',
                c => c,
            });
        }
        Some(Self { time, line, text: out })
    }
}

/// A pane's newest notes.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    kept: VecDeque<Note>,
    written: u32,
}

impl Notes {
    /// Adds a note. True if it may be written to the file too.
    pub(super) fn add(&mut self, mut note: Note) -> bool {
        let cut = (0..=MAX_TEXT.min(note.text.len())).rev().find(|&at| note.text.is_char_boundary(at));
        note.text.truncate(cut.unwrap_or(0));
        if self.kept.len() >= MAX_NOTES {
            self.kept.pop_front();
        }
        self.kept.push_back(note);
        self.written += 1;
        self.written <= MAX_WRITTEN
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Note> {
        self.kept.iter()
    }

    /// Reads a file of notes; skips invalid lines.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let mut notes = Self::default();
        let text = String::from_utf8_lossy(bytes);
        text.lines().filter_map(Note::decode).for_each(|note| {
            notes.add(note);
        });
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_survive_their_file_and_are_bounded() {
        let note = Note { time: 5, line: 7, text: "killed \\ a\nb".to_owned() };
        let notes = Notes::decode(&[&note.encode()[..], b"junk\n"].concat());
        assert_eq!(notes.all().collect::<Vec<_>>(), [&note]);
        let mut notes = Notes::default();
        for n in 0..5000 {
            assert_eq!(notes.add(Note { time: n, ..note.clone() }), n < 4096);
        }
        assert_eq!(notes.all().count(), MAX_NOTES);
    }
}
