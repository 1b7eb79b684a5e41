//! A colour as tmux's language knows it: default, terminal default, one of 16 basic ones, one
//! of 256, or RGB. "colour1" and "red" are different values because they print back apart.

use serde::{Deserialize, Serialize};

/// A colour. `Copy`, 8 bytes, comparable; see the module comment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Colour {
    /// No colour was given (prints `none`; used for cursor and palette entries).
    None,
    /// `default`: whatever lies below.
    Default,
    /// `terminal`: the terminal's own default, bypassing the pane's palette.
    Terminal,
    /// `black` … `white` (0–7) and `brightblack` … `brightwhite` (8–15, tmux prints 90–97).
    Basic(u8),
    /// `colour0` … `colour255`.
    Indexed(u8),
    /// `#rrggbb`.
    Rgb(u8, u8, u8),
}

impl Colour {
    pub const DEFAULT: Colour = Colour::Default;

    /// `default` or `terminal`: not drawn with a colour of its own.
    pub fn is_default(self) -> bool {
        matches!(self, Colour::Default | Colour::Terminal)
    }

    /// The palette index behind a basic or indexed colour.
    pub fn palette_index(self) -> Option<u8> {
        match self {
            Colour::Basic(n) | Colour::Indexed(n) => Some(n),
            _ => None,
        }
    }
}
