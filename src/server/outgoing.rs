//! Output queued for one stream of a client: bytes, and texts that are made piece by piece as the
//! client reads them, so that an answer of any size needs little memory.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::model::host::{Content, FileDone, Maker};

/// Bytes of printed output queued for one client. Beyond it printing fails, and so does its
/// command. Texts that are made as the client reads them do not count.
pub(super) const MAX_PRINTED: usize = 1 << 30;

enum Part {
    Bytes(VecDeque<u8>),
    Shared(Bytes),
    Made(Maker),
    /// A piece of a text is being made beside the loop.
    Making,
    /// Callback for when everything before it was written to the client.
    Done(FileDone),
}

/// Next step of a stream.
pub(super) enum Next {
    /// Nothing to do for now.
    Nothing,
    Data(Bytes),
    /// Make the next piece, then pass it to `made`.
    Make(Maker),
    Done(FileDone),
}

/// See the module comment.
#[derive(Default)]
pub(super) struct Outgoing {
    parts: VecDeque<Part>,
    /// Total bytes in `Part::Bytes`.
    bytes: usize,
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Reports whether something can be taken now.
    pub(super) fn is_due(&self) -> bool {
        self.parts.front().is_some_and(|part| !matches!(part, Part::Making))
    }

    /// Adds printed bytes. False: too much is queued, nothing was added.
    pub(super) fn print(&mut self, bytes: &[u8]) -> bool {
        if self.bytes + bytes.len() > MAX_PRINTED {
            return false;
        }
        self.bytes += bytes.len();
        match self.parts.back_mut() {
            Some(Part::Bytes(last)) => last.extend(bytes),
            _ => self.parts.push_back(Part::Bytes(bytes.iter().copied().collect())),
        }
        true
    }

    /// Bytes in the queue, without those of long texts.
    pub(super) fn waiting(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, content: Content) {
        match content {
            Content::Bytes(bytes) => {
                self.bytes += bytes.len();
                self.parts.push_back(Part::Bytes(bytes.into()));
            }
            Content::Shared(bytes) => self.parts.push_back(Part::Shared(bytes)),
            Content::Made(maker) => self.parts.push_back(Part::Made(maker)),
        }
    }

    /// Adds a callback for when everything added so far was written to the client.
    pub(super) fn push_done(&mut self, done: FileDone) {
        self.parts.push_back(Part::Done(done));
    }

    /// Takes at most `max` bytes.
    pub(super) fn next(&mut self, max: usize) -> Next {
        loop {
            match self.parts.front_mut() {
                None | Some(Part::Making) => return Next::Nothing,
                Some(Part::Bytes(bytes)) => {
                    let piece: Vec<u8> = bytes.drain(..bytes.len().min(max)).collect();
                    self.bytes -= piece.len();
                    if bytes.is_empty() {
                        self.parts.pop_front();
                    }
                    if !piece.is_empty() {
                        return Next::Data(piece.into());
                    }
                }
                Some(Part::Shared(bytes)) => {
                    let piece = bytes.split_to(bytes.len().min(max));
                    if bytes.is_empty() {
                        self.parts.pop_front();
                    }
                    if !piece.is_empty() {
                        return Next::Data(piece);
                    }
                }
                Some(Part::Made(_)) => {
                    if let Some(Part::Made(maker)) = self.parts.pop_front() {
                        self.parts.push_front(Part::Making);
                        return Next::Make(maker);
                    }
                }
                Some(Part::Done(_)) => {
                    if let Some(Part::Done(done)) = self.parts.pop_front() {
                        return Next::Done(done);
                    }
                }
            }
        }
    }

    /// Adds a finished piece; without a maker it was the last one.
    pub(super) fn made(&mut self, maker: Option<Maker>, piece: Vec<u8>) {
        if matches!(self.parts.front(), Some(Part::Making)) {
            self.parts.pop_front();
        }
        if let Some(maker) = maker {
            self.parts.push_front(Part::Made(maker));
        }
        if !piece.is_empty() {
            self.parts.push_front(Part::Shared(piece.into()));
        }
    }

    /// The whole queue as bytes; `None` if a part is not made yet or has a waiter.
    pub(super) fn record(&self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => out.extend(bytes),
                Part::Shared(bytes) => out.extend_from_slice(bytes),
                Part::Made(_) | Part::Making | Part::Done(_) => return None,
            }
        }
        Some(out)
    }

    /// Makes all texts at once, up to `max` bytes, and returns the callbacks of their waiters,
    /// which need not wait any longer.
    pub(super) fn make_all(&mut self, max: usize) -> Vec<FileDone> {
        let mut done = Vec::new();
        for mut part in std::mem::take(&mut self.parts) {
            if let Part::Made(maker) = &mut part
                && self.bytes < max
            {
                let mut made = VecDeque::new();
                let ended = loop {
                    match maker() {
                        Some(piece) => made.extend(piece),
                        None => break true,
                    }
                    if self.bytes + made.len() >= max {
                        break false;
                    }
                };
                self.bytes += made.len();
                self.parts.push_back(Part::Bytes(made));
                if ended {
                    continue;
                }
            }
            match part {
                Part::Done(of)
                    if self.parts.iter().all(|part| matches!(part, Part::Bytes(_) | Part::Shared(_))) =>
                {
                    done.push(of);
                }
                part => self.parts.push_back(part),
            }
        }
        done
    }

    /// Empties the queue; returns the callbacks of waiters.
    pub(super) fn clear(&mut self) -> Vec<FileDone> {
        self.bytes = 0;
        let parts = std::mem::take(&mut self.parts);
        parts
            .into_iter()
            .filter_map(|part| if let Part::Done(done) = part { Some(done) } else { None })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything in order, pieces that had to be made in brackets.
    fn take_all(out: &mut Outgoing, max: usize) -> String {
        let mut text = String::new();
        loop {
            match out.next(max) {
                Next::Nothing => return text,
                Next::Data(data) => {
                    assert!(data.len() <= max && !data.is_empty());
                    text.push_str(std::str::from_utf8(&data).unwrap());
                }
                Next::Make(mut maker) => {
                    assert!(!out.is_due() && matches!(out.next(max), Next::Nothing));
                    let piece = maker();
                    let left = piece.is_some().then_some(maker);
                    out.made(left, piece.unwrap_or_default());
                }
                Next::Done(_) => text.push('!'),
            }
        }
    }

    #[test]
    fn parts_come_in_order_whatever_their_kind() {
        for max in [1, 2, 3, 100] {
            let mut out = Outgoing::default();
            let mut pieces = ["made ", "", "in pieces"].into_iter();
            assert!(out.print(b"one ") && out.print(b"two "));
            out.push(Content::Shared(b"shared ".to_vec().into()));
            out.push(Content::Shared(Vec::new().into()));
            out.push(Content::Made(Box::new(move || pieces.next().map(|p| p.as_bytes().to_vec()))));
            out.push_done(Box::new(|_, _| {}));
            out.push(Content::Bytes(b" bytes".to_vec()));
            out.push(Content::Bytes(Vec::new()));
            assert!(out.print(b" end"));
            assert_eq!(take_all(&mut out, max), "one two shared made in pieces! bytes end");
            assert!(out.is_empty() && out.bytes == 0);
        }
    }

    #[test]
    fn printing_has_a_limit_and_what_is_made_has_none() {
        let mut out = Outgoing { bytes: MAX_PRINTED - 1, ..Outgoing::default() };
        assert!(!out.print(b"xy") && out.is_empty());
        out.push(Content::Made(Box::new(|| None)));
        assert!(out.print(b"x") && !out.print(b"x"));
        assert_eq!(out.clear().len(), 0);
        assert!(out.is_empty());
    }
}
