//! Keys that only kitty's keyboard protocol reports: their numbers, all in Unicode's private use area,
//! and their names in scopemux. tmux 3.7c knows none of these names.

/// Number and name. The numbers are from the protocol's table of functional keys.
const NAMES: &[(u16, &str)] = &[
    (57358, "CapsLock"),
    (57359, "ScrollLock"),
    (57360, "NumLock"),
    (57361, "PrintScreen"),
    (57362, "Pause"),
    (57363, "Menu"),
    (57376, "F13"),
    (57377, "F14"),
    (57378, "F15"),
    (57379, "F16"),
    (57380, "F17"),
    (57381, "F18"),
    (57382, "F19"),
    (57383, "F20"),
    (57384, "F21"),
    (57385, "F22"),
    (57386, "F23"),
    (57387, "F24"),
    (57388, "F25"),
    (57389, "F26"),
    (57390, "F27"),
    (57391, "F28"),
    (57392, "F29"),
    (57393, "F30"),
    (57394, "F31"),
    (57395, "F32"),
    (57396, "F33"),
    (57397, "F34"),
    (57398, "F35"),
    (57415, "KP="),
    (57416, "KP,"),
    (57417, "KPLeft"),
    (57418, "KPRight"),
    (57419, "KPUp"),
    (57420, "KPDown"),
    (57421, "KPPageUp"),
    (57422, "KPPageDown"),
    (57423, "KPHome"),
    (57424, "KPEnd"),
    (57425, "KPInsert"),
    (57426, "KPDelete"),
    (57427, "KPBegin"),
    (57428, "MediaPlay"),
    (57429, "MediaPause"),
    (57430, "MediaPlayPause"),
    (57431, "MediaReverse"),
    (57432, "MediaStop"),
    (57433, "MediaFastForward"),
    (57434, "MediaRewind"),
    (57435, "MediaNext"),
    (57436, "MediaPrevious"),
    (57437, "MediaRecord"),
    (57438, "VolumeDown"),
    (57439, "VolumeUp"),
    (57440, "VolumeMute"),
    (57441, "LeftShift"),
    (57442, "LeftControl"),
    (57443, "LeftAlt"),
    (57444, "LeftSuper"),
    (57445, "LeftHyper"),
    (57446, "LeftMeta"),
    (57447, "RightShift"),
    (57448, "RightControl"),
    (57449, "RightAlt"),
    (57450, "RightSuper"),
    (57451, "RightHyper"),
    (57452, "RightMeta"),
    (57453, "IsoLevel3Shift"),
    (57454, "IsoLevel5Shift"),
];

/// True for a key that modifies others or locks: reported only to programs that ask for all keys.
pub(crate) fn is_modifier(number: u32) -> bool {
    matches!(number, 57358..=57360 | 57441..=57454)
}

/// The name of a key; `None` if the number belongs to no key.
pub(crate) fn name(number: u16) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// The number of a key by its name, ignoring case.
pub(crate) fn number(name: &str) -> Option<u16> {
    NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(number, _)| *number)
}
