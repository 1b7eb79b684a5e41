//! The protocol between a server and the one that will replace it, over a private socket pair. The old
//! one keeps everything until the new one has said that it is ready.
//!
//! ```text
//! new → old  Hello       it runs, and reads this format of state
//! old → new  Passed…     descriptors, in the order of their numbers
//!            State       a file of records (docs/snapshot-format.md), and how many were passed
//! new → old  Progress…   it is at work
//!            Ready       everything is loaded; or Failed, and why
//! old → new  Commit      the old one changes nothing from here on
//! ```

use super::custody::{Parcel, put_text, text};
use crate::base::codec::{Malformed, Reader, put_varint};
use std::os::fd::OwnedFd;

/// Format of the state that is handed over. A program with another format is refused.
pub(crate) const FORMAT: u64 = 1;

/// From the old server to the new one.
#[derive(Debug)]
pub(crate) enum ToNew {
    Passed { fd: OwnedFd },
    State { passed: u64, file: OwnedFd },
    Commit,
}

/// From the new server to the old one.
#[derive(Debug)]
pub(crate) enum ToOld {
    Hello {
        format: u64,
        name: String,
    },
    Progress,
    /// With its process id.
    Ready {
        pid: u64,
    },
    Failed {
        why: String,
    },
}

impl Parcel for ToNew {
    fn pack(self) -> (u8, Vec<u8>, Option<OwnedFd>) {
        let mut out = Vec::new();
        match self {
            Self::Passed { fd } => (1, out, Some(fd)),
            Self::State { passed, file } => {
                put_varint(&mut out, passed);
                (2, out, Some(file))
            }
            Self::Commit => (3, out, None),
        }
    }

    fn unpack(kind: u8, mut body: Reader<'_>, fd: Option<OwnedFd>) -> Result<Option<Self>, Malformed> {
        Ok(Some(match kind {
            1 => Self::Passed { fd: fd.ok_or(Malformed)? },
            2 => Self::State { passed: body.varint()?, file: fd.ok_or(Malformed)? },
            3 => Self::Commit,
            _ => return Ok(None),
        }))
    }
}

impl Parcel for ToOld {
    fn pack(self) -> (u8, Vec<u8>, Option<OwnedFd>) {
        let mut out = Vec::new();
        let kind = match self {
            Self::Hello { format, name } => {
                put_varint(&mut out, format);
                put_text(&mut out, &name);
                1
            }
            Self::Progress => 2,
            Self::Ready { pid } => {
                put_varint(&mut out, pid);
                3
            }
            Self::Failed { why } => {
                put_text(&mut out, &why);
                4
            }
        };
        (kind, out, None)
    }

    fn unpack(kind: u8, mut body: Reader<'_>, _: Option<OwnedFd>) -> Result<Option<Self>, Malformed> {
        Ok(Some(match kind {
            1 => Self::Hello { format: body.varint()?, name: text(&mut body)? },
            2 => Self::Progress,
            3 => Self::Ready { pid: body.varint()? },
            4 => Self::Failed { why: text(&mut body)? },
            _ => return Ok(None),
        }))
    }
}
