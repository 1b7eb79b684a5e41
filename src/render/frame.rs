//! A frame: all that a client's terminal should show at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::links::{Hyperlink, Links};
use crate::base::{Colour, LinkId, PaneId, Point, Rect, Size, Surface};

/// The shape of a cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum CursorShape {
    /// The terminal's own shape.
    #[default]
    Default,
    Block,
    Underline,
    Bar,
}

/// Look of the cursor; the surface holds its position and visibility.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CursorLook {
    pub shape: CursorShape,
    pub blinking: bool,
    /// "Very visible": a terminal without shapes shows it as blinking.
    pub very_visible: bool,
    /// `Colour::None` for the terminal's own.
    pub colour: Colour,
}

impl Default for CursorLook {
    fn default() -> Self {
        Self { shape: CursorShape::Default, blinking: false, very_visible: false, colour: Colour::None }
    }
}

/// Mouse events that the terminal must report.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum MouseTracking {
    #[default]
    Off,
    /// Presses and releases.
    Standard,
    /// Drags too.
    Button,
    /// Every movement.
    All,
}

/// OSC 9;4 progress: state and percentage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    pub state: u8,
    pub percent: u8,
}

/// An image (sixel) on the terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameImage {
    /// Cells that the image covers.
    pub rect: Rect,
    /// Rows of cells to cut off at the top of the data.
    pub top: u32,
    /// The body of the sixel sequence, from `q` on.
    pub data: Arc<[u8]>,
}

/// Rows in which a frame may differ from the previous frame. A drawer that shows the previous frame
/// needs to compare only these.
#[derive(Clone, Debug)]
pub struct Descent {
    /// Number of this frame and of the previous one; 0 and `None` for frames composed from nothing.
    pub number: u64,
    pub parent: Option<u64>,
    /// For each row, true if it may differ.
    pub changed: Vec<bool>,
}

impl Descent {
    /// Reports whether row `y` may differ.
    pub fn has(&self, y: u32) -> bool {
        self.changed.get(y as usize).copied().unwrap_or(true)
    }

    /// Marks row `y`, which may be outside, as possibly different.
    pub fn note(&mut self, y: u32) {
        if let Some(changed) = self.changed.get_mut(y as usize) {
            *changed = true;
        }
    }
}

/// Everything to show; see the module comment. Cells are final: palettes, default styles and
/// selections have been applied, links belong to the client's `FrameLinks`.
#[derive(Clone, Debug)]
pub struct Frame {
    pub surface: Surface,
    /// True if row n continues in row n + 1 (one long line wrapped at the right edge).
    pub wrapped: Vec<bool>,
    pub cursor: CursorLook,
    pub mouse: MouseTracking,
    /// Flags of kitty's keyboard protocol to set on the terminal, if it knows the protocol.
    pub keyboard: Option<u8>,
    /// Rectangles whose contents may have scrolled since the last frame (panes).
    pub regions: Vec<Rect>,
    pub title: Option<String>,
    /// The working directory, as a URL (OSC 7).
    pub path: Option<String>,
    pub progress: Progress,
    pub images: Vec<FrameImage>,
    /// The rows that differ from the previous frame.
    pub descent: Descent,
    /// True if a menu or popup covers a part of it. Blanks are then written, never erased.
    pub covered: bool,
}

impl Frame {
    pub fn new(size: Size) -> Self {
        Self {
            surface: Surface::new(size),
            wrapped: vec![false; size.rows as usize],
            cursor: CursorLook::default(),
            mouse: MouseTracking::Off,
            keyboard: None,
            regions: Vec::new(),
            title: None,
            path: None,
            progress: Progress::default(),
            images: Vec::new(),
            descent: Descent { number: 0, parent: None, changed: vec![true; size.rows as usize] },
            covered: false,
        }
    }

    /// Turns it into the next frame, to compose on its own contents: nothing has changed so far.
    pub fn succeed(&mut self, number: u64) {
        self.descent.parent = Some(self.descent.number);
        self.descent.number = number;
        self.descent.changed.fill(false);
        self.wrapped.fill(false);
        self.surface.cursor_visible = false;
        self.surface.cursor = Point::default();
        self.cursor = CursorLook::default();
        self.mouse = MouseTracking::Off;
        self.keyboard = None;
        self.regions.clear();
        self.images.clear();
        (self.title, self.path, self.progress) = (None, None, Progress::default());
        self.covered = false;
    }

    /// Resets the rows to compose to the ground below all panes.
    pub fn clear_changed(&mut self, ground: &Surface) {
        for (y, _) in self.descent.changed.iter().enumerate().filter(|(_, changed)| **changed) {
            self.surface.share_row(y as u32, ground);
        }
    }

    /// Reports whether row `y` is composed again.
    pub fn is_changed(&self, y: u32) -> bool {
        self.descent.has(y)
    }

    /// Reports whether the line of row `y` continues in the next row.
    pub fn is_wrapped(&self, y: u32) -> bool {
        self.wrapped.get(y as usize).copied().unwrap_or(false)
    }
}

/// The hyperlinks of a client's frames. Each pane numbers its own links; here each link gets a
/// number that stays the same from frame to frame.
#[derive(Clone, Debug, Default)]
pub struct FrameLinks {
    links: Links,
    known: HashMap<(PaneId, LinkId), LinkId>,
}

impl FrameLinks {
    /// The client's number for a pane's link.
    pub fn intern(&mut self, pane: PaneId, id: LinkId, table: &Links) -> LinkId {
        if id.0 == 0 {
            return id;
        }
        let Some(link) = table.get(id) else { return LinkId(0) };
        if let Some(&known) = self.known.get(&(pane, id))
            && self.links.get(known).is_some_and(|l| l.uri == link.uri)
        {
            return known;
        }
        if self.known.len() >= Links::MAX {
            self.known.clear();
        }
        let new = self.links.intern(&link.id, &link.uri);
        self.known.insert((pane, id), new);
        new
    }

    /// The client's number for a style's link, which gets an `id=` of its own.
    pub fn of_style(&mut self, uri: &str) -> LinkId {
        self.links.intern(uri, uri)
    }

    pub fn get(&self, id: LinkId) -> Option<&Hyperlink> {
        self.links.get(id)
    }
}
