//! The answer to a command as a text of any size, written as fast as the control client takes it: bytes
//! that are present, or made piece by piece on another thread.

use bytes::Bytes;

use crate::base::ClientId;
use crate::model::Cx;
use crate::model::host::{Content, FileDone, Maker};

/// Bytes written at a time.
const PIECE: usize = 16 << 10;

/// Called with the maker, unless it has come to its end, and with the piece that it made.
pub(super) type Made = fn(&mut Cx<'_>, ClientId, Option<Maker>, Vec<u8>);

/// See the module comment.
pub(super) struct Text {
    /// Bytes that are present but not written yet.
    bytes: Bytes,
    maker: Option<Maker>,
    /// A piece is being made.
    making: bool,
    done: Option<FileDone>,
}

/// The next step of writing a text.
pub(super) enum Next {
    Write(Bytes),
    /// Wait for the call of the function that `next` was given.
    Wait,
    /// All has been written.
    End(FileDone),
}

impl Text {
    pub(super) fn new(content: Content, done: FileDone) -> Self {
        let (bytes, maker) = match content {
            Content::Bytes(bytes) => (bytes.into(), None),
            Content::Shared(bytes) => (bytes, None),
            Content::Made(maker) => (Bytes::new(), Some(maker)),
        };
        Self { bytes, maker, making: false, done: Some(done) }
    }

    /// The next step for a client. If a piece has to be made first, `made` is called afterwards.
    pub(super) fn next(&mut self, cx: &mut Cx<'_>, client: ClientId, made: Made) -> Next {
        if !self.bytes.is_empty() {
            return Next::Write(self.bytes.split_to(self.bytes.len().min(PIECE)));
        }
        if let Some(mut maker) = self.maker.take() {
            self.making = true;
            cx.host.background(Box::new(move || {
                let piece = maker();
                let left = piece.is_some().then_some(maker);
                Box::new(move |cx| made(cx, client, left, piece.unwrap_or_default()))
            }));
        }
        if self.making {
            return Next::Wait;
        }
        Next::End(self.done.take().unwrap_or_else(|| Box::new(|_, _| {})))
    }

    pub(super) fn made(&mut self, maker: Option<Maker>, piece: Vec<u8>) {
        self.making = false;
        self.maker = maker;
        self.bytes = piece.into();
    }
}
