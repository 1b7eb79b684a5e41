//! The last lines of servers' logs, in a memory file. A keeper makes it and every server that it forks
//! writes to it, so that the next server can show the last lines of a dead one.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use nix::sys::memfd::{MFdFlags, memfd_create};

/// Maximum number of bytes of lines; the oldest are overwritten.
const BYTES: u64 = 64 << 10;
/// Longest line, in bytes; a longer one is cut.
const LINE: usize = 1024;
/// Bytes before the lines: the count of bytes ever written, and the count of servers that died.
const HEADER: u64 = 16;

/// See the module comment.
#[derive(Debug)]
pub(crate) struct Ring(File);

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Ring {
    pub(crate) fn new() -> io::Result<Self> {
        let file = memfd_create(c"scopemux-log", MFdFlags::MFD_CLOEXEC)?;
        Ok(Self(file.into()))
    }

    /// The ring in a file that was inherited from another program.
    pub(crate) fn of(file: OwnedFd) -> Self {
        Self(file.into())
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Adds a line. Newlines in it become spaces.
    pub(crate) fn push(&self, line: &str) -> io::Result<()> {
        let mut bytes: Vec<u8> = line.bytes().take(LINE).map(|b| if b == b'\n' { b' ' } else { b }).collect();
        bytes.push(b'\n');
        let written = self.number(0);
        let at = written % BYTES;
        let (first, rest) = bytes.split_at(bytes.len().min((BYTES - at) as usize));
        self.0.write_all_at(first, HEADER + at)?;
        self.0.write_all_at(rest, HEADER)?;
        self.0.write_all_at(&(written + bytes.len() as u64).to_le_bytes(), 0)
    }

    /// The lines, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let written = self.number(0);
        let mut bytes = vec![0; written.min(BYTES) as usize];
        if self.0.read_exact_at(&mut bytes, HEADER).is_err() {
            return Vec::new();
        }
        if written > BYTES {
            bytes.rotate_left((written % BYTES) as usize);
            // The oldest line was partly overwritten.
            let end = bytes.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1);
            bytes.drain(..end);
        }
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }

    /// Count of servers that wrote here and died.
    pub(crate) fn deaths(&self) -> u64 {
        self.number(8)
    }

    pub(crate) fn count_death(&self) -> io::Result<()> {
        self.0.write_all_at(&(self.deaths() + 1).to_le_bytes(), 8)
    }

    fn number(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, at).map_or(0, |()| u64::from_le_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_there_for_whoever_has_the_file() {
        let ring = Ring::new().unwrap();
        assert!(ring.lines().is_empty());
        ring.push("one\ntwo").unwrap();
        let next = ring.try_clone().unwrap();
        next.push("three").unwrap();
        next.count_death().unwrap();
        assert_eq!((ring.lines(), ring.deaths()), (vec!["one two".to_owned(), "three".to_owned()], 1));
    }

    #[test]
    fn the_oldest_lines_go_and_what_is_left_is_whole() {
        let ring = Ring::new().unwrap();
        (0..20_000).for_each(|n| ring.push(&format!("line {n:05}")).unwrap());
        let lines = ring.lines();
        assert_eq!(lines.last().map(String::as_str), Some("line 19999"));
        assert!(
            lines.len() as u64 >= BYTES / 11 - 2 && lines.iter().all(|line| line.len() == 10),
            "{lines:?}"
        );
        ring.push(&"x".repeat(5000)).unwrap();
        assert_eq!(ring.lines().last().map(String::len), Some(LINE));
    }
}
