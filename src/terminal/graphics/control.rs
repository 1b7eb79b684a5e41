//! The control data of a graphics command: `key=value` pairs before the payload.

/// Longest control data, in bytes; a command with more is ignored.
const MAX_CONTROL: usize = 1024;

/// Keys and values of one command. A missing key has the value 0.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Control {
    /// Values by the key's letter, capitals first.
    values: [u32; 52],
}

impl Default for Control {
    fn default() -> Self {
        Self { values: [0; 52] }
    }
}

impl From<Control> for String {
    fn from(control: Control) -> Self {
        let keys: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').collect();
        control.text(&keys)
    }
}

impl TryFrom<String> for Control {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(text.as_bytes()).map(|(control, _)| control).ok_or("malformed control data")
    }
}

fn place(key: u8) -> Option<usize> {
    match key {
        b'A'..=b'Z' => Some(usize::from(key - b'A')),
        b'a'..=b'z' => Some(usize::from(key - b'a') + 26),
        _ => None,
    }
}

/// Value of a key: a letter or a number, which may be negative for some keys.
fn value(key: u8, text: &[u8]) -> Option<u32> {
    match (key, text) {
        (b'a' | b't' | b'o' | b'd', [letter]) if letter.is_ascii_alphabetic() => Some(u32::from(*letter)),
        (b'a' | b't' | b'o' | b'd', _) => None,
        (b'z' | b'H' | b'V', [b'-', digits @ ..]) => {
            let number: i64 = decimal(digits)?.into();
            i32::try_from(-number).ok().map(|number| number as u32)
        }
        _ => decimal(text),
    }
}

fn decimal(digits: &[u8]) -> Option<u32> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

impl Control {
    /// Splits a command (without its leading `G`) into control data and payload; `None` if it is
    /// malformed.
    pub fn parse(command: &[u8]) -> Option<(Self, &[u8])> {
        let end = command.iter().position(|byte| *byte == b';');
        let (text, payload) = match end {
            Some(end) => (&command[..end], &command[end + 1..]),
            None => (command, &b""[..]),
        };
        if text.len() > MAX_CONTROL {
            return None;
        }
        let mut control = Self::default();
        for pair in text.split(|byte| *byte == b',').filter(|pair| !pair.is_empty()) {
            let [key, b'=', text @ ..] = pair else { return None };
            control.values[place(*key)?] = value(*key, text)?;
        }
        Some((control, payload))
    }

    /// Value of a key.
    pub fn get(&self, key: u8) -> u32 {
        place(key).map_or(0, |at| self.values[at])
    }

    /// Value of a key that may be negative.
    pub fn signed(&self, key: u8) -> i32 {
        self.get(key) as i32
    }

    /// Value of a key, as a letter.
    pub fn letter(&self, key: u8, default: u8) -> u8 {
        u8::try_from(self.get(key)).ok().filter(|letter| *letter != 0).unwrap_or(default)
    }

    pub fn has(&self, key: u8) -> bool {
        self.get(key) != 0
    }

    pub fn set(&mut self, key: u8, value: u32) {
        if let Some(at) = place(key) {
            self.values[at] = value;
        }
    }

    /// The given keys in the form `,key=value`, for output.
    pub fn text(&self, keys: &[u8]) -> String {
        let given = keys.iter().filter(|key| self.has(**key));
        let pair = |key: &u8| match key {
            b'z' | b'H' | b'V' => format!(",{}={}", char::from(*key), self.signed(*key)),
            b'a' | b't' | b'o' | b'd' => {
                format!(",{}={}", char::from(*key), char::from(self.letter(*key, b'?')))
            }
            _ => format!(",{}={}", char::from(*key), self.get(*key)),
        };
        given.map(pair).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read() {
        let (control, payload) = Control::parse(b"a=T,f=24,i=4294967295,z=-7,,q=2;AAAA").expect("sound");
        assert_eq!((control.letter(b'a', b't'), control.get(b'f')), (b'T', 24));
        assert_eq!((control.get(b'i'), control.signed(b'z')), (u32::MAX, -7));
        assert_eq!((control.get(b'q'), payload), (2, &b"AAAA"[..]));
        assert_eq!(control.text(b"fzsa"), ",f=24,z=-7,a=T");
        assert_eq!(Control::try_from(String::from(control.clone())), Ok(control));
        assert_eq!(
            Control::parse(b"").map(|(control, payload)| (control, payload.len())),
            Some((Control::default(), 0))
        );
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let long = format!("i={}", "0".repeat(MAX_CONTROL));
        for bad in ["a", "a=", "a=TT", "i=-1", "i=4294967296", "1=2", "i=1x", "ab=1", "z=-2147483649", &long]
        {
            assert_eq!(Control::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
