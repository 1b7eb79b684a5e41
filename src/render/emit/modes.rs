//! Terminal modes that a frame needs: the cursor's visibility, shape and colour, and mouse reports.

use crate::base::Colour;
use crate::outer::{Cap, Term};
use crate::render::frame::{CursorLook, CursorShape, Frame, MouseTracking};
use crate::render::tty::{Modes, Tty};

/// Hides the cursor during large updates.
pub(super) fn hide_cursor(tty: &mut Tty, term: &Term, out: &mut Vec<u8>) {
    match &mut tty.modes {
        Some(modes) if modes.cursor_visible => {
            term.put(Cap::CIVIS, out);
            modes.cursor_visible = false;
        }
        Some(_) => {}
        None => term.put(Cap::CIVIS, out),
    }
}

/// Sets the modes that the frame needs.
pub(super) fn update(tty: &mut Tty, term: &Term, frame: &Frame, out: &mut Vec<u8>) {
    let visible = frame.surface.cursor_visible;
    let wanted = Modes { cursor_visible: visible, look: frame.cursor, mouse: frame.mouse };
    let known = tty.modes;
    colour(tty, term, frame.cursor.colour, out);
    if !visible {
        if known.is_none_or(|m| m.cursor_visible) {
            term.put(Cap::CIVIS, out);
        }
    } else {
        let plain = CursorLook { colour: Colour::None, ..wanted.look };
        let before = known.filter(|m| m.cursor_visible);
        let same_look = CursorLook { colour: Colour::None, ..tty.look_set } == plain;
        if before.is_none() || !same_look {
            term.put(Cap::CNORM, out);
            shape(tty, term, wanted.look, out);
        }
    }
    if known.is_none_or(|m| m.mouse != wanted.mouse) && term.has(Cap::KMOUS) {
        mouse(wanted.mouse, out);
    }
    tty.modes = Some(wanted);
}

fn colour(tty: &mut Tty, term: &Term, colour: Colour, out: &mut Vec<u8>) {
    let wanted = colour.to_rgb();
    if wanted == tty.look_set.colour.to_rgb() {
        return;
    }
    match wanted {
        None => {
            term.put(Cap::CR, out);
            tty.look_set.colour = Colour::None;
        }
        Some((r, g, b)) => {
            term.put_texts(Cap::CS, &[format!("rgb:{r:02x}/{g:02x}/{b:02x}").as_bytes()], out);
            tty.look_set.colour = Colour::Rgb(r, g, b);
        }
    }
}

fn shape(tty: &mut Tty, term: &Term, look: CursorLook, out: &mut Vec<u8>) {
    let number = match look.shape {
        CursorShape::Default => {
            if tty.look_set.shape != CursorShape::Default {
                reset_shape(term, out);
            }
            if look.blinking || look.very_visible {
                term.put(Cap::CVVIS, out);
            }
            None
        }
        CursorShape::Block => Some(2),
        CursorShape::Underline => Some(4),
        CursorShape::Bar => Some(6),
    };
    if let Some(steady) = number {
        if term.has(Cap::SS) {
            term.put_numbers(Cap::SS, &[steady - i32::from(look.blinking)], out);
        } else if look.blinking {
            term.put(Cap::CVVIS, out);
        }
    }
    tty.look_set = CursorLook { colour: tty.look_set.colour, ..look };
}

fn reset_shape(term: &Term, out: &mut Vec<u8>) {
    if term.has(Cap::SE) {
        term.put(Cap::SE, out);
    } else {
        term.put_numbers(Cap::SS, &[0], out);
    }
}

/// Resets the cursor's shape and colour, if they were set.
pub(in crate::render) fn restore_cursor(tty: &mut Tty, term: &Term, out: &mut Vec<u8>) {
    if tty.look_set.shape != CursorShape::Default {
        reset_shape(term, out);
    }
    if tty.look_set.colour != Colour::None {
        term.put(Cap::CR, out);
    }
    tty.look_set = CursorLook::default();
}

/// Terminals differ in how the mouse modes combine: clear all, then set the wanted ones.
fn mouse(tracking: MouseTracking, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[?1006l\x1b[?1000l\x1b[?1002l\x1b[?1003l");
    if tracking != MouseTracking::Off {
        out.extend_from_slice(b"\x1b[?1006h");
    }
    out.extend_from_slice(match tracking {
        MouseTracking::Off => b"",
        MouseTracking::Standard => b"\x1b[?1000h",
        MouseTracking::Button => b"\x1b[?1000h\x1b[?1002h",
        MouseTracking::All => b"\x1b[?1000h\x1b[?1002h\x1b[?1003h",
    });
}
