//! Notifications that programs ask for: OSC 9 (a text), OSC 777 (`notify;title;text`) and OSC 99 (a
//! list of keys and a text, which may come in pieces).

use super::events::TerminalEvent;
use super::screen::Screen;
use crate::base::text::from_bytes;
use base64::Engine;

/// Characters of a title or text that are kept; the rest is cut off and replaced by `…`.
const MAX_CHARS: usize = 1000;

/// A notification for the user.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notification {
    pub title: String,
    pub text: String,
}

/// Removes everything that a terminal could take for a command, or a program for a format.
fn clean(bytes: &[u8]) -> String {
    let text = from_bytes(bytes);
    let mut out: String = text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
    if text.chars().count() > MAX_CHARS {
        out.push('…');
    }
    out.replace("#(", "_(")
}

impl Screen {
    /// OSC 9 except progress.
    pub(super) fn osc_9(&mut self, text: &[u8]) {
        // `9;N` with a number are commands of ConEmu.
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_command = digits > 0 && matches!(text.get(digits), None | Some(b';'));
        if !is_command && !text.is_empty() {
            self.notify(Notification { title: String::new(), text: clean(text) });
        }
    }

    /// OSC 777.
    pub(super) fn osc_777(&mut self, text: &[u8]) {
        let Some(rest) = text.strip_prefix(b"notify;") else { return };
        let at = rest.iter().position(|byte| *byte == b';').unwrap_or(rest.len());
        let title = clean(&rest[..at]);
        let text = clean(rest.get(at + 1..).unwrap_or_default());
        self.notify(Notification { title, text });
    }

    /// OSC 99.
    pub(super) fn osc_99(&mut self, text: &[u8]) {
        let Some(at) = text.iter().position(|byte| *byte == b';') else { return };
        let (keys, payload) = (from_bytes(&text[..at]), &text[at + 1..]);
        let key = |name: &str| keys.split(':').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let decoded;
        let payload = match key("e") {
            Some("1") => match base64::engine::general_purpose::STANDARD.decode(payload) {
                Ok(bytes) => {
                    decoded = bytes;
                    &decoded[..]
                }
                Err(_) => return,
            },
            _ => payload,
        };
        let mut whole = self.unfinished_notification.take().unwrap_or_default();
        match key("p") {
            None | Some("title") => whole.title += &clean(payload),
            Some("body") => whole.text += &clean(payload),
            // Questions, icons and buttons.
            Some(_) => return self.unfinished_notification = Some(whole),
        }
        whole.title.truncate(whole.title.floor_char_boundary(4 * MAX_CHARS));
        whole.text.truncate(whole.text.floor_char_boundary(4 * MAX_CHARS));
        match key("d") {
            Some("0") => self.unfinished_notification = Some(whole),
            _ => self.notify(*whole),
        }
    }

    fn notify(&mut self, notification: Notification) {
        if self.config.pane && notification != Notification::default() {
            self.outbox.event(TerminalEvent::Notification(notification));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MemoryHistory, Terminal, TerminalConfig};
    use super::*;
    use crate::base::Size;

    fn told(bytes: &str) -> Vec<(String, String)> {
        let config = TerminalConfig { pane: true, ..TerminalConfig::default() };
        let mut terminal = Terminal::new(Size::new(10, 3), config, Box::new(MemoryHistory::new(10, 10)));
        terminal.feed(bytes.as_bytes());
        let events = terminal.take_events().into_iter();
        let told = events.filter_map(|event| match event {
            TerminalEvent::Notification(one) => Some((one.title, one.text)),
            _ => None,
        });
        told.collect()
    }

    #[test]
    fn programs_notify_in_three_ways() {
        let check = |bytes: &str, expect: &[(&str, &str)]| {
            let expect: Vec<_> = expect.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            assert_eq!(told(bytes), expect, "{bytes:?}");
        };
        check("\x1b]9;done\x07", &[("", "done")]);
        check("\x1b]9;4;1;50\x07\x1b]9;2\x07\x1b]9;\x07", &[]);
        check("\x1b]9;2 of 3\x07", &[("", "2 of 3")]);
        check("\x1b]777;notify;Build;done; ok\x1b\\", &[("Build", "done; ok")]);
        check("\x1b]777;precmd\x07", &[]);
        check("\x1b]99;;Hello\x1b\\", &[("Hello", "")]);
        check("\x1b]99;i=1:d=0;Hello\x1b\\\x1b]99;i=1:p=body;world\x1b\\", &[("Hello", "world")]);
        check("\x1b]99;e=1;SGk=\x1b\\", &[("Hi", "")]);
        check("\x1b]99;i=1:p=?;\x1b\\", &[]);
        check("\x1b]9;a\u{9b}b #(rm)\x07", &[("", "ab _(rm)")]);
    }

    #[test]
    fn long_texts_are_cut() {
        let text = told(&format!("\x1b]9;{}\x07", "x".repeat(5000))).remove(0).1;
        assert_eq!(text.chars().count(), MAX_CHARS + 1);
    }
}
