//! Errors of connections.

/// Reason why a connection ends. Only this peer is affected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProtocolError {
    #[error("bad message length {0:#x}")]
    Length(u32),
    #[error("bad payload of message {0}")]
    Payload(u32),
    /// The peer has another version: answer with `Message::Version`, flush, close.
    #[error("protocol version {0}, not 8")]
    Version(u8),
    #[error("too many file descriptors")]
    TooManyFds,
    #[error("too much input waiting")]
    InputFull,
    #[error("too much output waiting")]
    OutputFull,
    #[error("message too long")]
    TooLong,
}
