//! Events from a client's terminal.

use smallvec::SmallVec;

use super::mouse::MouseReport;
use crate::base::{Colour, Key, KeyReport};
use crate::outer::features::Features;

/// An event from the terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InputEvent {
    /// A key, or (`NamedKey::Mouse`) a mouse report; with its bytes as received.
    Key {
        key: Key,
        mouse: Option<MouseReport>,
        /// Report of the key by kitty's keyboard protocol.
        report: Option<KeyReport>,
        bytes: SmallVec<[u8; 16]>,
    },
    /// OSC 52: the clipboard's name, if exactly one was given, and its decoded contents.
    Clipboard {
        clip: Option<char>,
        data: Vec<u8>,
    },
    /// Features found in device attributes; the terminal must be set up again even if there are none.
    Features(Features),
    /// XTVERSION: the terminal's own name, and its known features.
    Version {
        name: String,
        features: Features,
    },
    /// OSC 10 and 11: the terminal's colours; `None` when the reply was invalid.
    Foreground(Option<Colour>),
    Background(Option<Colour>),
    /// OSC 4: one colour of the palette.
    Palette {
        index: u8,
        colour: Colour,
    },
    /// The size in cells, in reply to `CSI 18 t`.
    WindowCells {
        cols: u32,
        rows: u32,
    },
    /// The size in pixels, in reply to `CSI 14 t`.
    WindowPixels {
        width: u32,
        height: u32,
    },
}
