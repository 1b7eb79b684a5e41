//! State of a client's terminal after drawing, and questions to it. All output is appended to one
//! buffer, so that a frame is one write.

use base64::Engine;

use super::frame::{CursorLook, FrameImage, MouseTracking, Progress};
use crate::base::{CellStyle, Size, Surface};
use crate::outer::{Cap, Term};

/// Modes of the terminal that frames set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Modes {
    pub cursor_visible: bool,
    pub look: CursorLook,
    pub mouse: MouseTracking,
}

/// Server options that affect every terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TtyOptions {
    /// `extended-keys` is not off.
    pub extended_keys: bool,
    /// `focus-events` is on.
    pub focus_events: bool,
    /// `default-terminal` is `screen` or begins with `screen-`: italics are shown as standout.
    pub italics_as_standout: bool,
}

/// The state of a client's terminal; see the module comment.
#[derive(Clone, Debug)]
pub struct Tty {
    pub(super) size: Size,
    pub(super) utf8: bool,
    pub options: TtyOptions,
    pub(super) started: bool,
    /// Position of the cursor; the column may be one past the last. `None`: not known.
    pub(super) cursor: Option<(u32, u32)>,
    /// Rows of the scroll region, and columns of the margins, both inclusive.
    pub(super) region: Option<(u32, u32)>,
    pub(super) margins: Option<(u32, u32)>,
    /// Current style of the terminal, colours converted.
    pub(super) pen: CellStyle,
    /// The style last requested, from which `pen` was converted.
    pub(super) wanted: CellStyle,
    /// `None` when not known.
    pub(super) modes: Option<Modes>,
    /// The cursor style and colour that were set and must be reset at the end.
    pub(super) look_set: CursorLook,
    /// Contents of the terminal; `None` if not known.
    pub(super) shown: Option<Surface>,
    /// Number of the frame that the terminal shows; 0 if none.
    pub(super) shown_number: u64,
    /// Rows in which the terminal may differ from that frame.
    pub(super) disturbed: Vec<u32>,
    /// Images drawn on it.
    pub(super) images: Vec<FrameImage>,
    /// Width and height of a cell in pixels; 0 when not known.
    pub cell_pixels: (u32, u32),
    pub(super) title: Option<String>,
    pub(super) path: Option<String>,
    pub(super) progress: Progress,
    pub(super) keyboard: Keyboard,
}

/// State of kitty's keyboard protocol on the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Keyboard {
    /// Flags in force; `None`: the protocol is off.
    pub(super) flags: Option<u8>,
    /// True if the protocol was on at any time since the start.
    pub(super) used: bool,
}

impl Keyboard {
    pub fn is_on(self) -> bool {
        self.flags.is_some()
    }
}

impl Tty {
    /// A terminal that has not been started. `utf8`: it takes UTF-8.
    pub fn new(size: Size, utf8: bool, options: TtyOptions) -> Self {
        Self {
            size,
            utf8,
            options,
            started: false,
            cursor: None,
            region: None,
            margins: None,
            pen: CellStyle::DEFAULT,
            wanted: CellStyle::DEFAULT,
            modes: None,
            look_set: CursorLook::default(),
            shown: None,
            shown_number: 0,
            disturbed: Vec::new(),
            images: Vec::new(),
            cell_pixels: (0, 0),
            title: None,
            path: None,
            progress: Progress::default(),
            keyboard: Keyboard::default(),
        }
    }

    pub fn keyboard(&self) -> Keyboard {
        self.keyboard
    }

    /// Asks if the terminal knows kitty's keyboard protocol; true if it is of a kind that may
    /// answer.
    pub fn request_keyboard(&self, term: &Term, out: &mut Vec<u8>) -> bool {
        let asks = self.started && term.flags.vt100_like && !term.has(Cap::ENKK);
        if asks {
            out.extend_from_slice(b"\x1b[?u");
        }
        asks
    }

    pub fn is_started(&self) -> bool {
        self.started
    }

    pub fn size(&self) -> Size {
        self.size
    }

    /// The cursor style and colour that were set and must be reset at the end.
    pub fn look_set(&self) -> CursorLook {
        self.look_set
    }

    /// Continues with a terminal that another server started; the next frame draws everything.
    pub fn take_up(&mut self, look_set: CursorLook, keyboard: Keyboard) {
        self.started = true;
        self.keyboard = keyboard;
        self.look_set = look_set;
    }

    /// Asks a started terminal for its attributes and version; `have` tells which of primary
    /// attributes, secondary attributes and version are known. True if replies are expected.
    pub fn request_attributes(&self, term: &Term, have: (bool, bool, bool), out: &mut Vec<u8>) -> bool {
        if !self.started || !term.flags.vt100_like {
            return false;
        }
        for (known, question) in [(have.0, "\x1b[c"), (have.1, "\x1b[>c"), (have.2, "\x1b[>q")] {
            if !known {
                out.extend_from_slice(question.as_bytes());
            }
        }
        self.request_colours(term, out)
    }

    /// Asks for the terminal's colours; true if it is of a kind that answers.
    pub fn request_colours(&self, term: &Term, out: &mut Vec<u8>) -> bool {
        let asks = self.started && term.flags.vt100_like;
        if asks {
            out.extend_from_slice(b"\x1b]10;?\x1b\\\x1b]11;?\x1b\\");
        }
        asks
    }

    /// Asks for the size in cells and pixels (if the system does not know the pixels). True if a
    /// reply is expected.
    pub fn request_size(&self, term: &Term, out: &mut Vec<u8>) -> bool {
        let asks = self.started && term.flags.vt100_like;
        if asks {
            out.extend_from_slice(b"\x1b[18t\x1b[14t");
        }
        asks
    }

    /// Puts data on the terminal's clipboard.
    pub fn set_clipboard(&self, selection: &str, data: &[u8], term: &Term, out: &mut Vec<u8>) {
        if self.started && term.has(Cap::MS) {
            let encoded = base64::engine::general_purpose::STANDARD.encode(data);
            term.put_texts(Cap::MS, &[selection.as_bytes(), encoded.as_bytes()], out);
        }
    }

    /// Asks the terminal for its clipboard.
    pub fn query_clipboard(&self, term: &Term, out: &mut Vec<u8>) {
        if self.started {
            term.put_texts(Cap::MS, &[b"", b"?"], out);
        }
    }

    /// Rings the bell.
    pub fn bell(&self, term: &Term, out: &mut Vec<u8>) {
        if self.started {
            term.put(Cap::BEL, out);
        }
    }
}
