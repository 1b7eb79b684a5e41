//! Typed ids. tmux's ids are monotonic, never reused while a server lives, and visible to
//! users (`$1`, `@2`, `%3`), so they are the keys of every table in the model.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $sigil:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($sigil, "{}"), self.0)
            }
        }

        impl $name {
            /// Parses the printed form, sigil included. Anything else is `None`.
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($sigil)?;
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                digits.parse().ok().map(Self)
            }
        }
    };
}

id!(
    /// A session, printed `$1`.
    SessionId, "$"
);
id!(
    /// A window, printed `@2`.
    WindowId, "@"
);
id!(
    /// A pane, printed `%3`.
    PaneId, "%"
);
id!(
    /// A connected client. tmux has no printed form for it (names are ttys or `client-PID`).
    ClientId, "client#"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses() {
        assert_eq!(PaneId(7).to_string(), "%7");
        assert_eq!(PaneId::parse("%7"), Some(PaneId(7)));
        assert_eq!(SessionId::parse("$0"), Some(SessionId(0)));
        for bad in ["", "%", "%x", "%-1", "7", "%99999999999"] {
            assert_eq!(PaneId::parse(bad), None, "{bad}");
        }
    }
}
