//! The identification that a client sends to the server before its command, in tmux's order.

use super::place;
use crate::base::terminfo::Entry;
use crate::base::text::{from_bytes, to_bytes};
use crate::protocol::imsg::MAX_PAYLOAD;
use crate::protocol::{ClientFlags, Connection, Message, ProtocolError};
use nix::unistd::{getpid, isatty, ttyname};
use std::env;
use std::io::{stdin, stdout};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The client's terminal and working directory.
pub(super) struct Identity {
    term: String,
    tty_name: String,
    cwd: String,
    capabilities: Vec<Vec<u8>>,
}

impl Identity {
    /// Reads standard input and the environment. The error is a message for a terminal without a usable
    /// terminfo entry.
    pub(super) fn gather() -> Result<Self, String> {
        let tty_name =
            ttyname(stdin()).map(|path| from_bytes(path.as_os_str().as_bytes())).unwrap_or_default();
        let term = place::var("TERM").unwrap_or_default();
        let cwd = place::working_directory().or_else(place::home).unwrap_or_else(|| "/".to_owned());
        let capabilities = if isatty(stdin()).unwrap_or(false) && !term.is_empty() {
            Entry::load(&term, place::var).map_err(|error| error.to_string())?.list()
        } else {
            Vec::new()
        };
        Ok(Self { term, tty_name, cwd, capabilities })
    }

    /// Queues the identify messages.
    pub(super) fn send(
        self,
        connection: &mut Connection,
        flags: ClientFlags,
        features: u32,
    ) -> Result<(), ProtocolError> {
        let flags = flags | ClientFlags::CONFIRMS_WRITES;
        // tmux sends its flags in two messages, for servers that know only the narrower type.
        connection.send(Message::IdentifyLongFlags(flags.bits()))?;
        connection.send(Message::IdentifyLongFlags(flags.bits()))?;
        connection.send(Message::IdentifyTerm(self.term))?;
        connection.send(Message::IdentifyFeatures(features))?;
        connection.send(Message::IdentifyTtyName(self.tty_name))?;
        connection.send(Message::IdentifyCwd(self.cwd))?;
        for capability in self.capabilities {
            connection.send(Message::IdentifyTerminfo(from_bytes(&capability)))?;
        }
        connection.send(Message::IdentifyStdin(duplicate(stdin())))?;
        connection.send(Message::IdentifyStdout(duplicate(stdout())))?;
        connection.send(Message::IdentifyClientPid(getpid().as_raw()))?;
        for (name, value) in env::vars_os() {
            let pair = from_bytes(&[&name.into_vec()[..], b"=", &value.into_vec()].concat());
            if to_bytes(&pair).len() < MAX_PAYLOAD {
                connection.send(Message::IdentifyEnviron(pair))?;
            }
        }
        connection.send(Message::IdentifyDone)
    }
}

fn duplicate(stream: impl AsFd) -> Option<OwnedFd> {
    stream.as_fd().try_clone_to_owned().ok()
}
