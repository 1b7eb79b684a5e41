//! What a mouse report at a client hits, and clicks, double clicks and drags made of them.

/// Bits of a raw button byte that say which button.
pub fn buttons(b: u32) -> u32 {
    b & 0xc3
}

pub fn is_release(b: u32) -> bool {
    buttons(b) == 3
}

pub fn is_drag(b: u32) -> bool {
    b & 0x20 != 0
}

pub fn is_wheel(b: u32) -> bool {
    matches!(buttons(b), 64 | 65)
}
