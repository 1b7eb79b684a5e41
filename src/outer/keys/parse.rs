//! Result of parsing a sequence of which only the start may have arrived.

/// Result of parsing one kind of sequence.
pub(super) enum Parse<T> {
    /// Not this kind.
    No,
    /// Could become this kind with more bytes.
    Partial,
    /// A complete sequence of this many bytes, with its value.
    Yes(T, usize),
    /// A sequence of this kind, to be ignored.
    Discard(usize),
}
