//! Line drawing: the alternative character set of terminfo, and its characters in UTF-8.

/// The UTF-8 character for a key of the alternative character set.
pub fn to_char(key: u8) -> Option<char> {
    Some(match key {
        b'+' => '→',
        b',' => '←',
        b'-' => '↑',
        b'.' => '↓',
        b'0' => '▮',
        b'`' => '◆',
        b'a' => '▒',
        b'b' => '␉',
        b'c' => '␌',
        b'd' => '␍',
        b'e' => '␊',
        b'f' => '°',
        b'g' => '±',
        b'h' => '␤',
        b'i' => '␋',
        b'j' => '┘',
        b'k' => '┐',
        b'l' => '┌',
        b'm' => '└',
        b'n' => '┼',
        b'o' => '⎺',
        b'p' => '⎻',
        b'q' => '─',
        b'r' => '⎼',
        b's' => '⎽',
        b't' => '├',
        b'u' => '┤',
        b'v' => '┴',
        b'w' => '┬',
        b'x' => '│',
        b'y' => '≤',
        b'z' => '≥',
        b'{' => 'π',
        b'|' => '≠',
        b'}' => '£',
        b'~' => '·',
        _ => return None,
    })
}

/// The key of the alternative character set that replaces a line drawing character on a terminal without
/// UTF-8.
pub fn from_char(c: char) -> Option<u8> {
    Some(match c {
        '·' => b'~',
        '─' | '━' | '═' => b'q',
        '│' | '┃' | '║' => b'x',
        // tmux: has the heavy upper corners mirrored, ┏ as k and ┓ as l.
        '┌' | '┓' | '╔' => b'l',
        '┐' | '┏' | '╗' => b'k',
        '└' | '┗' | '╚' => b'm',
        '┘' | '┛' | '╝' => b'j',
        '├' | '┣' | '╠' => b't',
        '┤' | '┫' | '╣' => b'u',
        // tmux: lacks the light ┬, and has only the heavy and double ones.
        '┳' | '╦' => b'w',
        '┴' | '┻' | '╩' => b'v',
        '┼' | '╋' | '╬' => b'n',
        _ => return None,
    })
}

/// The nearest ASCII characters, for terminals without `acsc`: pairs of key and character.
pub const ASCII_PAIRS: &[u8] = b"a#j+k+l+m+n+o-p-q-r-s-t+u+v+w+x|y<z>~.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_lines_go_there_and_back() {
        for key in b"jklmnqtuvx~" {
            let c = to_char(*key).expect("a line");
            assert_eq!(from_char(c), Some(*key), "{c}");
        }
        assert_eq!(from_char('┬'), None);
        assert_eq!(to_char(b'A'), None);
    }
}
