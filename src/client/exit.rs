//! The reason why a client ends, and its message.

/// The reason for ending; each has tmux's text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Reason {
    /// No message.
    #[default]
    None,
    Detached(String),
    DetachedHangup(String),
    LostTty,
    Terminated,
    LostServer,
    Exited,
    ServerExited,
    /// A message from the server.
    Message(String),
}

impl Reason {
    /// The text, without brackets; `None` when there is no message.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::None => return None,
            Self::Detached(session) => format!("detached (from session {session})"),
            Self::DetachedHangup(session) => format!("detached and SIGHUP (from session {session})"),
            Self::LostTty => "lost tty".to_owned(),
            Self::Terminated => "terminated".to_owned(),
            Self::LostServer => "server exited unexpectedly".to_owned(),
            Self::Exited => "exited".to_owned(),
            Self::ServerExited => "server exited".to_owned(),
            Self::Message(text) => text.clone(),
        })
    }
}
