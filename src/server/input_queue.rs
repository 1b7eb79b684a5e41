//! Input queued for a pane's program: bytes, and pastes that are converted to bytes piece by piece
//! as the program reads them.

use std::collections::VecDeque;

use crate::model::host::Maker;

/// Bytes of input queued for one program, without pastes. More is refused, and the sender gets an
/// error.
pub(super) const MAX_INPUT: usize = 64 << 20;
/// Pastes queued for one program. More are refused with an error. A paste shares the data of its
/// buffer, so that it costs little until its turn comes.
pub(super) const MAX_PASTES: usize = 1024;

enum Part {
    Bytes(VecDeque<u8>),
    Paste(Maker),
}

/// See the module comment.
#[derive(Default)]
pub(super) struct InputQueue {
    parts: VecDeque<Part>,
    bytes: usize,
    pastes: usize,
}

impl InputQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Bytes in the queue, without those of pastes.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.bytes + bytes <= MAX_INPUT
    }

    /// Adds bytes. The caller has checked the limit, or limits itself.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.bytes += bytes.len();
        match self.parts.back_mut() {
            Some(Part::Bytes(last)) => last.extend(bytes),
            _ => self.parts.push_back(Part::Bytes(bytes.iter().copied().collect())),
        }
    }

    /// Adds a paste. False: too many are queued.
    pub(super) fn push_paste(&mut self, maker: Maker) -> bool {
        if self.pastes == MAX_PASTES {
            return false;
        }
        self.pastes += 1;
        self.parts.push_back(Part::Paste(maker));
        true
    }

    /// The next bytes to write; `None` when all is written.
    pub(super) fn front(&mut self) -> Option<&[u8]> {
        while let Some(Part::Paste(maker)) = self.parts.front_mut() {
            match maker() {
                Some(piece) if piece.is_empty() => {}
                Some(piece) => {
                    self.bytes += piece.len();
                    self.parts.push_front(Part::Bytes(piece.into()));
                }
                None => {
                    self.parts.pop_front();
                    self.pastes -= 1;
                }
            }
        }
        match self.parts.front()? {
            Part::Bytes(bytes) => Some(bytes.as_slices().0),
            Part::Paste(_) => None,
        }
    }

    /// Removes the first `len` bytes of `front`, which were written.
    pub(super) fn wrote(&mut self, len: usize) {
        if let Some(Part::Bytes(bytes)) = self.parts.front_mut() {
            bytes.drain(..len);
            self.bytes -= len;
            if bytes.is_empty() {
                self.parts.pop_front();
            }
        }
    }

    /// The whole queue with pastes converted to bytes; `None` if that is more than `max`.
    pub(super) fn record(&mut self, max: usize) -> Option<Vec<u8>> {
        let mut all = VecDeque::new();
        while let Some(part) = self.parts.pop_front() {
            match part {
                Part::Bytes(bytes) => all.extend(bytes),
                Part::Paste(mut maker) if all.len() < max => {
                    self.pastes -= 1;
                    while let Some(piece) = maker() {
                        all.extend(piece);
                    }
                }
                paste => {
                    self.parts.push_front(paste);
                    break;
                }
            }
        }
        let whole = self.parts.is_empty() && all.len() <= max;
        if !all.is_empty() {
            self.parts.push_front(Part::Bytes(all));
        }
        self.bytes =
            self.parts.iter().map(|part| if let Part::Bytes(bytes) = part { bytes.len() } else { 0 }).sum();
        match self.parts.front() {
            Some(Part::Bytes(bytes)) if whole => Some(bytes.iter().copied().collect()),
            None => Some(Vec::new()),
            _ => None,
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paste(text: &'static str) -> Maker {
        let mut pieces = text.as_bytes().chunks(3);
        Box::new(move || pieces.next().map(<[u8]>::to_vec))
    }

    fn take_all(queue: &mut InputQueue, step: usize) -> String {
        let mut out = Vec::new();
        while let Some(front) = queue.front() {
            let len = front.len().min(step);
            out.extend_from_slice(&front[..len]);
            queue.wrote(len);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bytes_and_pastes_keep_their_order() {
        for step in [1, 2, 100] {
            let mut queue = InputQueue::default();
            queue.push(b"ab");
            assert!(queue.push_paste(paste("12345678")));
            queue.push(b"cd");
            assert!(queue.push_paste(paste("")));
            queue.push(b"ef");
            assert_eq!(queue.len(), 6);
            assert_eq!(take_all(&mut queue, step), "ab12345678cdef");
            assert!(queue.is_empty() && queue.bytes == 0);
        }
    }

    #[test]
    fn limits_refuse() {
        let mut queue = InputQueue::default();
        assert!(queue.has_room(MAX_INPUT) && !queue.has_room(MAX_INPUT + 1));
        for _ in 0..MAX_PASTES {
            assert!(queue.push_paste(paste("x")));
        }
        assert!(!queue.push_paste(paste("x")));
        assert_eq!(take_all(&mut queue, 1).len(), MAX_PASTES);
        assert!(queue.push_paste(paste("x")));
    }
}
