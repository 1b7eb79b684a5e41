//! A frame: everything that a client's terminal should show at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::links::{Hyperlink, Links};
use crate::base::{Colour, LinkId, PaneId, Point, Rect, Size, Surface};

/// The shape of a cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum CursorShape {
    /// Whatever the terminal's own is.
    #[default]
    Default,
    Block,
    Underline,
    Bar,
}

/// How the cursor looks; where it is and whether it shows is the surface's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CursorLook {
    pub shape: CursorShape,
    pub blinking: bool,
    /// "Very visible", which a terminal shows as blinking when it has no shapes.
    pub very_visible: bool,
    /// `Colour::None` for the terminal's own.
    pub colour: Colour,
}

impl Default for CursorLook {
    fn default() -> Self {
        Self { shape: CursorShape::Default, blinking: false, very_visible: false, colour: Colour::None }
    }
}

/// Which mouse events the terminal should report.
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
    /// Cells that it covers.
    pub rect: Rect,
    /// Rows of cells cut off at the top of the data.
    pub top: u32,
    /// The body of the sixel sequence, from `q` on.
    pub data: Arc<[u8]>,
}

/// Which rows a frame may have different from the frame before: to find what to draw, only
/// these have to be looked at, by who shows that frame.
#[derive(Clone, Debug)]
pub struct Descent {
    /// Numbers of this frame and of the one before; 0 and `None` for frames of their own.
    pub number: u64,
    pub parent: Option<u64>,
    /// For each row, whether it may be different.
    pub changed: Vec<bool>,
}

impl Descent {
    /// Whether row `y` may be different.
    pub fn has(&self, y: u32) -> bool {
        self.changed.get(y as usize).copied().unwrap_or(true)
    }

    /// Row `y` may be different; nothing outside.
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
    /// Row n goes on in row n + 1 (one long line wrapped at the right edge).
    pub wrapped: Vec<bool>,
    pub cursor: CursorLook,
    pub mouse: MouseTracking,
    /// Flags of kitty's keyboard protocol that the terminal is to use, if it speaks that.
    pub keyboard: Option<u8>,
    /// Parts that may have scrolled since the frame before (panes).
    pub regions: Vec<Rect>,
    pub title: Option<String>,
    /// The working directory, as a URL (OSC 7).
    pub path: Option<String>,
    pub progress: Progress,
    pub images: Vec<FrameImage>,
    /// How it came of the frame before.
    pub descent: Descent,
    /// A menu or popup lies over it. It shows in how blanks are drawn: they are written then,
    /// never erased.
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

    /// Makes it the next frame, to be composed on what it shows: nothing has changed so far.
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

    /// Takes over the rows that are composed anew from what lies below all panes.
    pub fn clear_changed(&mut self, ground: &Surface) {
        for (y, _) in self.descent.changed.iter().enumerate().filter(|(_, changed)| **changed) {
            self.surface.share_row(y as u32, ground);
        }
    }

    /// Whether row `y` is composed anew.
    pub fn is_changed(&self, y: u32) -> bool {
        self.descent.has(y)
    }

    /// Whether the line of row `y` continues in the next row.
    pub fn is_wrapped(&self, y: u32) -> bool {
        self.wrapped.get(y as usize).copied().unwrap_or(false)
    }
}

/// The hyperlinks of a client's frames. Panes number their links by themselves; here each gets
/// a number that stays the same from frame to frame.
#[derive(Clone, Debug, Default)]
pub struct FrameLinks {
    links: Links,
    known: HashMap<(PaneId, LinkId), LinkId>,
}

impl FrameLinks {
    /// The client's number for a link of a pane.
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

    /// The client's number for a link of a style, which is its own `id=`.
    pub fn of_style(&mut self, uri: &str) -> LinkId {
        self.links.intern(uri, uri)
    }

    pub fn get(&self, id: LinkId) -> Option<&Hyperlink> {
        self.links.get(id)
    }
}
