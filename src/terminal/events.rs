//! Output of a terminal for the server: events, coalesced and bounded, and replies for the pty.

use std::collections::VecDeque;

use super::marks::{CommandMarks, Mark};

/// Bytes of replies queued for a program that does not read them; further ones are dropped.
const MAX_REPLY_BYTES: usize = 64 << 10;
/// Events queued for the server; further ones are dropped.
const MAX_EVENTS: usize = 256;
/// Shell marks queued for the server, which takes them after each slice of output: as many as fit
/// in one slice, so that none is dropped.
const MAX_MARKS: usize = 4096;
/// Bytes of passthrough and clipboard data queued for the server.
const MAX_EVENT_BYTES: usize = 8 << 20;
/// Replies held back behind an unanswered query.
const MAX_HELD: usize = 256;

/// Terminator of a query's string, which its answer repeats.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum StringEnd {
    Bel,
    St,
}

impl StringEnd {
    pub fn text(self) -> &'static str {
        match self {
            StringEnd::Bel => "\x07",
            StringEnd::St => "\x1b\\",
        }
    }
}

/// An event in a terminal. Each kind without data is queued at most once between two calls of
/// `take_events`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TerminalEvent {
    Bell,
    /// The title changed to this one. Each change counts, as in tmux; of more than fit, the newest do.
    Title(String),
    /// The working directory that the program reported changed (`Terminal::path`).
    Path,
    /// `ESC k name ESC \`: rename the window; empty: back to automatic naming.
    Name(String),
    /// Set the clipboard: selections (letters of OSC 52) and data.
    ClipboardSet {
        selections: String,
        data: Vec<u8>,
    },
    /// The program asks for the newest paste buffer: answer with
    /// `Terminal::reply_clipboard`.
    ClipboardBuffer {
        selection: Option<char>,
        end: StringEnd,
    },
    /// Ask a client's terminal for its clipboard and answer with `Terminal::answer_clipboard`.
    ClipboardQuery {
        selection: Option<char>,
    },
    /// Ask a client's terminal for a palette entry and answer with `Terminal::answer_palette`.
    PaletteQuery {
        index: u8,
    },
    /// Bytes for the outer terminal; `always`: even while the pane is not visible.
    Passthrough {
        data: Vec<u8>,
        always: bool,
    },
    /// Colours of the palette, default foreground or background changed.
    Palette,
    /// The background changed, and with it perhaps the theme.
    Background,
    Progress,
    /// Synchronized output began: hold drawing, and call `Terminal::end_sync` after a second.
    SyncStart,
    SyncEnd,
    /// The alternate screen was entered or left.
    Alternate,
    /// The program turned reports of theme changes on or off.
    ThemeUpdates,
    /// Images were added or removed.
    Images,
    /// Pictures were transmitted or deleted (`Terminal::pictures`).
    Pictures,
    /// The program wants to notify the user.
    Notification(super::notifications::Notification),
    /// The shell marked a prompt, a command or its output. With the state of all marks up to this
    /// one.
    Mark(Mark, Box<CommandMarks>),
}

/// Time for which an unanswered query holds back later replies, in milliseconds.
pub(crate) const QUERY_MS: u64 = 500;

enum Held {
    /// Query to the client for a palette colour; the answer goes to the program.
    Palette {
        index: u8,
        end: StringEnd,
    },
    Clipboard {
        end: StringEnd,
    },
    Reply(Vec<u8>),
}

/// The queues of one terminal.
#[derive(Default)]
pub(crate) struct Outbox {
    replies: Vec<u8>,
    events: VecDeque<TerminalEvent>,
    event_bytes: usize,
    /// Count of marks among the events.
    marks: usize,
    held: VecDeque<(u64, Held)>,
    /// Time of the last `set_clock`, in monotonic milliseconds.
    pub now_ms: u64,
}

impl Outbox {
    /// Sends a reply, or holds it back while an earlier query waits for the client.
    pub(crate) fn reply(&mut self, bytes: &[u8]) {
        if self.held.is_empty() {
            self.reply_now(bytes);
        } else if self.held.len() < MAX_HELD {
            self.held.push_back((self.now_ms, Held::Reply(bytes.to_vec())));
        }
    }

    pub(crate) fn reply_now(&mut self, bytes: &[u8]) {
        if self.replies.len() + bytes.len() <= MAX_REPLY_BYTES {
            self.replies.extend_from_slice(bytes);
        }
    }

    /// Sends an answer that may be large, such as the clipboard.
    pub(crate) fn reply_large(&mut self, bytes: &[u8]) {
        if self.replies.len() + bytes.len() <= MAX_EVENT_BYTES {
            self.replies.extend_from_slice(bytes);
        }
    }

    pub(crate) fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    pub(crate) fn has_passthrough(&self) -> bool {
        self.events.iter().any(|event| matches!(event, TerminalEvent::Passthrough { .. }))
    }

    pub(crate) fn event(&mut self, event: TerminalEvent) {
        let bytes = match &event {
            TerminalEvent::Passthrough { data, .. } | TerminalEvent::ClipboardSet { data, .. } => data.len(),
            TerminalEvent::Name(_) => {
                self.events.retain(|old| !matches!(old, TerminalEvent::Name(_)));
                0
            }
            TerminalEvent::Title(title) => {
                if self.events.len() - self.marks >= MAX_EVENTS
                    && let Some(at) =
                        self.events.iter().position(|old| matches!(old, TerminalEvent::Title(_)))
                    && let Some(TerminalEvent::Title(old)) = self.events.remove(at)
                {
                    self.event_bytes -= old.len();
                }
                title.len()
            }
            TerminalEvent::Notification(_)
            | TerminalEvent::ClipboardBuffer { .. }
            | TerminalEvent::ClipboardQuery { .. }
            | TerminalEvent::PaletteQuery { .. } => 0,
            TerminalEvent::Mark(..) => {
                if self.marks < MAX_MARKS {
                    self.marks += 1;
                    self.events.push_back(event);
                }
                return;
            }
            plain => {
                self.events.retain(|old| old != plain);
                0
            }
        };
        if self.events.len() - self.marks < MAX_EVENTS && self.event_bytes + bytes <= MAX_EVENT_BYTES {
            self.event_bytes += bytes;
            self.events.push_back(event);
        }
    }

    pub(crate) fn take_events(&mut self) -> Vec<TerminalEvent> {
        self.event_bytes = 0;
        self.marks = 0;
        self.events.drain(..).collect()
    }

    pub(crate) fn ask_palette(&mut self, index: u8, end: StringEnd) {
        if self.held.len() < MAX_HELD {
            self.held.push_back((self.now_ms, Held::Palette { index, end }));
            self.event(TerminalEvent::PaletteQuery { index });
        }
    }

    pub(crate) fn ask_clipboard(&mut self, selection: Option<char>, end: StringEnd) {
        if self.held.len() < MAX_HELD {
            self.held.push_back((self.now_ms, Held::Clipboard { end }));
            self.event(TerminalEvent::ClipboardQuery { selection });
        }
    }

    /// Time of the oldest query that waits for a client.
    pub(crate) fn oldest_query_ms(&self) -> Option<u64> {
        self.held.front().map(|(since, _)| *since)
    }

    /// Answers the first query that `matches`: drops queries before it and sends the replies held
    /// before it. Returns the terminator of the query's string.
    fn answer(&mut self, matches: impl Fn(&Held) -> bool) -> Option<StringEnd> {
        let at = self.held.iter().position(|(_, held)| matches(held))?;
        for (_, held) in self.held.drain(..at).collect::<Vec<_>>() {
            if let Held::Reply(bytes) = held {
                self.reply_now(&bytes);
            }
        }
        match self.held.pop_front()?.1 {
            Held::Palette { end, .. } | Held::Clipboard { end } => Some(end),
            _ => None,
        }
    }

    pub(crate) fn answer_palette(&mut self, index: u8) -> Option<StringEnd> {
        self.answer(|held| matches!(held, Held::Palette { index: asked, .. } if *asked == index))
    }

    pub(crate) fn answer_clipboard(&mut self) -> Option<StringEnd> {
        self.answer(|held| matches!(held, Held::Clipboard { .. }))
    }

    /// Sends the held replies up to the next unanswered query.
    pub(crate) fn release(&mut self) {
        while let Some((_, Held::Reply(_))) = self.held.front() {
            if let Some((_, Held::Reply(bytes))) = self.held.pop_front() {
                self.reply_now(&bytes);
            }
        }
    }

    /// Drops queries that no client answered in time, and sends the replies of the same age.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        while self.held.front().is_some_and(|(since, _)| since + QUERY_MS <= now_ms) {
            if let Some((_, Held::Reply(bytes))) = self.held.pop_front() {
                self.reply_now(&bytes);
            }
        }
    }

    /// Drops all queries; replies held behind them are sent when they expire.
    pub(crate) fn forget_queries(&mut self) {
        self.held.retain(|(_, held)| matches!(held, Held::Reply(_)));
    }
}
