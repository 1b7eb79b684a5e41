//! Text of a prompt, and how keys edit it, with keys of emacs or of vi.

use crate::base::{Key, KeyCode, Mods, NamedKey};

/// Text being edited. `index` counts characters: the next one is inserted there.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Line {
    pub text: Vec<char>,
    pub index: usize,
    /// Text that the last kill of a word removed, to paste it back.
    pub saved: Option<Vec<char>>,
}

/// Most characters of a prompt's text; more are refused.
pub(crate) const MAX_CHARS: usize = 65_536;

/// Effect of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Edit {
    Nothing,
    Left,
    Right,
    Home,
    End,
    Complete,
    Backspace,
    Delete,
    KillLine,
    KillToEnd,
    KillWord,
    /// `vi`: to the start of the next word rather than behind this one. `whole`: only spaces
    /// separate words.
    ForwardWord {
        vi: bool,
        whole: bool,
    },
    EndWord {
        whole: bool,
    },
    BackwardWord {
        whole: bool,
    },
    Older,
    Newer,
    Paste,
    Transpose,
    Accept,
    Cancel,
    SearchBackward,
    SearchForward,
    Quote,
    Append(char),
}

fn ctrl(c: char) -> Key {
    Key::ctrl(c)
}

const fn named(name: NamedKey) -> Key {
    Key::named(name)
}

/// Keypad keys as the characters on them.
pub(crate) fn keypad(key: Key) -> Key {
    if !key.mods.is_empty() {
        return key;
    }
    let KeyCode::Named(name) = key.code else { return key };
    let c = match name {
        NamedKey::KpSlash => '/',
        NamedKey::KpStar => '*',
        NamedKey::KpMinus => '-',
        NamedKey::Kp7 => '7',
        NamedKey::Kp8 => '8',
        NamedKey::Kp9 => '9',
        NamedKey::KpPlus => '+',
        NamedKey::Kp4 => '4',
        NamedKey::Kp5 => '5',
        NamedKey::Kp6 => '6',
        NamedKey::Kp1 => '1',
        NamedKey::Kp2 => '2',
        NamedKey::Kp3 => '3',
        NamedKey::KpEnter => '\r',
        NamedKey::Kp0 => '0',
        NamedKey::KpPeriod => '.',
        _ => return key,
    };
    Key::char(c)
}

/// Character of a key that is typed as text.
pub(crate) fn typed(key: Key) -> Option<char> {
    match key.code {
        KeyCode::Char(c) if key.mods.is_empty() || !c.is_ascii() => Some(c),
        _ => None,
    }
}

/// Character of a key that is taken literally (`C-v`, one-key prompts).
pub(crate) fn literal(key: Key) -> Option<char> {
    match key.code {
        KeyCode::Named(NamedKey::BSpace) => Some('\x7f'),
        KeyCode::Char(c) if c.is_ascii() && key.mods.contains(Mods::CTRL) => Some(char::from(c as u8 & 0x1f)),
        KeyCode::Char(c) => Some(c),
        _ => None,
    }
}

/// Effect of a key with the keys of emacs.
pub(crate) fn emacs(key: Key) -> Edit {
    let meta = |c: char| Key::char(c).with(Mods::META);
    match key {
        k if k == named(NamedKey::Left) || k == ctrl('b') => Edit::Left,
        k if k == named(NamedKey::Right) || k == ctrl('f') => Edit::Right,
        k if k == named(NamedKey::Home) || k == ctrl('a') => Edit::Home,
        k if k == named(NamedKey::End) || k == ctrl('e') => Edit::End,
        k if k == Key::TAB => Edit::Complete,
        k if k == named(NamedKey::BSpace) || k == ctrl('h') => Edit::Backspace,
        k if k == named(NamedKey::Delete) || k == ctrl('d') => Edit::Delete,
        k if k == ctrl('u') => Edit::KillLine,
        k if k == ctrl('k') => Edit::KillToEnd,
        k if k == ctrl('w') => Edit::KillWord,
        k if k == named(NamedKey::Right).with(Mods::CTRL) || k == meta('f') => {
            Edit::ForwardWord { vi: false, whole: false }
        }
        k if k == named(NamedKey::Left).with(Mods::CTRL) || k == meta('b') => {
            Edit::BackwardWord { whole: false }
        }
        k if k == named(NamedKey::Up) || k == ctrl('p') => Edit::Older,
        k if k == named(NamedKey::Down) || k == ctrl('n') => Edit::Newer,
        k if k == ctrl('y') => Edit::Paste,
        k if k == ctrl('t') => Edit::Transpose,
        k if k == Key::ENTER || k == Key::char('\n') => Edit::Accept,
        k if k == Key::ESCAPE || k == ctrl('[') || k == ctrl('c') || k == ctrl('g') => Edit::Cancel,
        k if k == ctrl('r') => Edit::SearchBackward,
        k if k == ctrl('s') => Edit::SearchForward,
        k if k == ctrl('v') => Edit::Quote,
        k => typed(k).map_or(Edit::Nothing, Edit::Append),
    }
}

/// Effect of a key with the keys of vi. `command`: true in vi's command mode; updated.
pub(crate) fn vi(key: Key, command: &mut bool, line: &mut Line) -> Edit {
    if *command {
        return vi_command(key, command);
    }
    if key == Key::ESCAPE || key == ctrl('[') {
        *command = true;
        line.index = line.index.saturating_sub(1);
        return Edit::Nothing;
    }
    // Keys of emacs that vi's insert mode has too; others are text.
    let kept = match key.code {
        KeyCode::Char(c) if key.mods == Mods::CTRL => "aceghknptuvwy".contains(c),
        KeyCode::Char(c) if key.mods.is_empty() => matches!(c, '\t' | '\r' | '\n'),
        KeyCode::Named(NamedKey::Left | NamedKey::Right) => key.mods.is_empty() || key.mods == Mods::CTRL,
        KeyCode::Named(
            NamedKey::BSpace
            | NamedKey::Delete
            | NamedKey::Down
            | NamedKey::Up
            | NamedKey::End
            | NamedKey::Home,
        ) => key.mods.is_empty(),
        _ => false,
    };
    if kept { emacs(key) } else { typed(key).map_or(Edit::Nothing, Edit::Append) }
}

fn vi_command(key: Key, command: &mut bool) -> Edit {
    let letter = match key.code {
        KeyCode::Char(c) if key.mods.is_empty() => c,
        KeyCode::Char('h' | 'c') if key.mods == Mods::CTRL => return emacs(key),
        KeyCode::Named(NamedKey::BSpace) if key.mods.is_empty() => return Edit::Left,
        KeyCode::Named(
            NamedKey::Delete | NamedKey::Down | NamedKey::Left | NamedKey::Right | NamedKey::Up,
        ) if key.mods.is_empty() => return emacs(key),
        _ => return Edit::Nothing,
    };
    if matches!(letter, 'A' | 'I' | 'C' | 's' | 'a' | 'S' | 'i') {
        *command = false;
    }
    match letter {
        'A' | '$' => Edit::End,
        'I' | '0' | '^' => Edit::Home,
        'C' | 'D' => Edit::KillToEnd,
        'X' => Edit::Backspace,
        'b' => Edit::BackwardWord { whole: false },
        'B' => Edit::BackwardWord { whole: true },
        'd' | 'S' => Edit::KillLine,
        'e' => Edit::EndWord { whole: false },
        'E' => Edit::EndWord { whole: true },
        'w' => Edit::ForwardWord { vi: true, whole: false },
        'W' => Edit::ForwardWord { vi: true, whole: true },
        'p' => Edit::Paste,
        'q' => Edit::Cancel,
        's' | 'x' => Edit::Delete,
        'j' => Edit::Newer,
        'h' => Edit::Left,
        'a' | 'l' => Edit::Right,
        'k' => Edit::Older,
        '\r' | '\n' => Edit::Accept,
        _ => Edit::Nothing,
    }
}

impl Line {
    pub(crate) fn new(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        Self { index: text.len(), text, saved: None }
    }

    pub(crate) fn set(&mut self, text: &str) {
        self.text = text.chars().collect();
        self.index = self.text.len();
    }

    pub(crate) fn to_text(&self) -> String {
        self.text.iter().collect()
    }

    pub(crate) fn is_space(&self, at: usize) -> bool {
        self.text.get(at) == Some(&' ')
    }

    fn is_in(&self, set: &str, at: usize) -> bool {
        self.text.get(at).is_some_and(|c| c.is_ascii() && set.contains(*c))
    }

    pub(crate) fn insert(&mut self, c: char) {
        if self.text.len() < MAX_CHARS {
            self.text.insert(self.index, c);
            self.index += 1;
        }
    }

    pub(crate) fn backspace(&mut self) -> bool {
        if self.index == 0 {
            return false;
        }
        self.index -= 1;
        self.text.remove(self.index);
        true
    }

    pub(crate) fn delete(&mut self) -> bool {
        if self.index == self.text.len() {
            return false;
        }
        self.text.remove(self.index);
        true
    }

    pub(crate) fn kill_to_end(&mut self) -> bool {
        let any = self.index < self.text.len();
        self.text.truncate(self.index);
        any
    }

    /// Start of the word before the cursor.
    fn word_start(&self, separators: &str) -> usize {
        let mut at = self.index;
        while at != 0 {
            at -= 1;
            if !self.is_space(at) {
                break;
            }
        }
        let class = self.is_in(separators, at);
        while at != 0 {
            at -= 1;
            if self.is_space(at) || self.is_in(separators, at) != class {
                return at + 1;
            }
        }
        at
    }

    pub(crate) fn backward_word(&mut self, separators: &str) {
        self.index = self.word_start(separators);
    }

    pub(crate) fn kill_word(&mut self, separators: &str) {
        let start = self.word_start(separators);
        self.saved = Some(self.text.drain(start..self.index).collect());
        self.index = start;
    }

    pub(crate) fn forward_word(&mut self, separators: &str, vi: bool) {
        let (mut at, size) = (self.index, self.text.len());
        while !vi && self.is_space(at) {
            at += 1;
        }
        if at < size {
            let class = self.is_in(separators, at) && !self.is_space(at);
            loop {
                at += 1;
                if self.is_space(at) {
                    while vi && self.is_space(at) {
                        at += 1;
                    }
                    break;
                }
                if at >= size || self.is_in(separators, at) != class {
                    break;
                }
            }
        }
        self.index = at.min(size);
    }

    pub(crate) fn end_word(&mut self, separators: &str) {
        let (mut at, size) = (self.index, self.text.len());
        if at == size {
            return;
        }
        loop {
            at += 1;
            if at == size {
                self.index = at;
                return;
            }
            if !self.is_space(at) {
                break;
            }
        }
        let class = self.is_in(separators, at);
        loop {
            at += 1;
            if at == size || self.is_space(at) || self.is_in(separators, at) != class {
                break;
            }
        }
        self.index = at - 1;
    }

    /// Swaps the characters before and at the cursor (at the end of the text: the last two), and
    /// moves behind them. False if there are no two.
    pub(crate) fn transpose(&mut self) -> bool {
        let at = (self.index + 1).min(self.text.len());
        if at < 2 {
            return false;
        }
        self.text.swap(at - 2, at - 1);
        self.index = at;
        true
    }

    /// Inserts the killed text, or else a paste buffer's text up to its first control character.
    /// False if there is neither.
    pub(crate) fn paste(&mut self, buffer: Option<&str>) -> bool {
        let text: Vec<char> = match (&self.saved, buffer) {
            (Some(saved), _) => saved.clone(),
            (None, Some(text)) => text.chars().take_while(|c| !c.is_control()).collect(),
            (None, None) => return false,
        };
        text.into_iter().for_each(|c| self.insert(c));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &[Key], vi_keys: bool, expect: &str) {
        let (mut line, mut command) = (Line::default(), false);
        for &key in keys {
            let edit = if vi_keys { vi(key, &mut command, &mut line) } else { emacs(key) };
            match edit {
                Edit::Append(c) => line.insert(c),
                Edit::Left => line.index = line.index.saturating_sub(1),
                Edit::Home => line.index = 0,
                Edit::Delete => drop(line.delete()),
                Edit::KillWord => line.kill_word("-"),
                Edit::BackwardWord { whole } => line.backward_word(if whole { "" } else { "-" }),
                Edit::ForwardWord { vi, whole } => line.forward_word(if whole { "" } else { "-" }, vi),
                Edit::EndWord { whole } => line.end_word(if whole { "" } else { "-" }),
                Edit::Paste => drop(line.paste(None)),
                Edit::Transpose => drop(line.transpose()),
                _ => {}
            }
        }
        let text = line.to_text();
        let (left, right): (String, String) =
            (text.chars().take(line.index).collect(), text.chars().skip(line.index).collect());
        assert_eq!(format!("{left}|{right}"), expect);
    }

    fn typed_keys(text: &str) -> Vec<Key> {
        text.chars().map(Key::char).collect()
    }

    #[test]
    fn edits_words() {
        let mut keys = typed_keys("one two-three");
        keys.push(Key::ctrl('w'));
        check(&keys, false, "one two-|");
        keys.push(Key::ctrl('y'));
        check(&keys, false, "one two-three|");
        keys.extend([Key::char('b').with(Mods::META); 2]);
        check(&keys, false, "one two|-three");
        keys.push(Key::ctrl('t'));
        check(&keys, false, "one tw-o|three");
    }

    #[test]
    fn vi_has_a_command_mode() {
        let mut keys = typed_keys("ab-cd ef");
        keys.push(Key::ESCAPE);
        check(&keys, true, "ab-cd e|f");
        keys.extend(typed_keys("0wx"));
        check(&keys, true, "ab|cd ef");
        keys.extend(typed_keys("e"));
        check(&keys, true, "abc|d ef");
        keys.extend(typed_keys("Wix"));
        check(&keys, true, "abcd x|ef");
    }
}
