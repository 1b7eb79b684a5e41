//! Terminal features as in the identify message: a bit per feature, in the order of tmux 3.7c's own list
//! (other versions order some of them differently and do not translate).

/// Feature names; the index is the bit.
pub(crate) const NAMES: [&str; 21] = [
    "256",
    "bpaste",
    "ccolour",
    "clipboard",
    "hyperlinks",
    "cstyle",
    "extkeys",
    "focus",
    "ignorefkeys",
    "margins",
    "mouse",
    "osc7",
    "overline",
    "progressbar",
    "rectfill",
    "RGB",
    "sixel",
    "strikethrough",
    "sync",
    "title",
    "usstyle",
];

/// Adds the features in a list (`256,RGB` or `256:RGB`) to a bit set. Case is ignored; an unknown name
/// ends the list, as in tmux.
pub(crate) fn add(bits: u32, list: &str) -> u32 {
    let mut bits = bits;
    for name in list.split([':', ',']) {
        match NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)) {
            Some(bit) => bits |= 1 << bit,
            None => break,
        }
    }
    bits
}
