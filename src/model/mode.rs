//! What covers a pane or a client, as traits that the `view` floor implements: modes (copy
//! mode, choosers, clock), overlays (menus, popups, display-panes), prompts, drags.
//!
//! While one of these runs, it is taken out of its owner, so that it may change the model
//! freely; if its owner is still there afterwards, it is put back.

use crate::base::history::HistoryView;
use crate::base::links::Hyperlink;
use crate::base::{ClientId, Key, LinkId, MouseEvent, PaneId, Size, Surface};
use crate::syntax::args::Args;
use crate::terminal::KeyboardFlags;

use super::queue::{ItemId, KeyEvent};
use super::{Cx, FindState};

/// A mode on a pane's stack.
pub struct ModeEntry {
    pub mode: Box<dyn PaneMode>,
    /// Repeat count typed before a command (1 when none).
    pub prefix: u32,
    /// The size it was last told of.
    pub size: Size,
}

/// Rows of a mode as they are at one moment.
pub struct CapturedRows {
    pub rows: Box<dyn HistoryView>,
    /// How many there are above the screen, and in all.
    pub above: u64,
    pub all: u64,
}

/// A mode that covers one pane.
pub trait PaneMode: Send {
    /// `copy-mode`, `view-mode`, `tree-mode`, `clock-mode`, …: `#{pane_mode}`.
    fn name(&self) -> &'static str;
    /// Key table consulted for keys, if it uses one.
    fn key_table(&self, cx: &mut Cx<'_>, pane: PaneId) -> Option<String>;
    /// What to show now. Called when drawing; must be cheap when nothing changed.
    fn draw(&mut self, cx: &mut Cx<'_>, pane: PaneId) -> &Surface;
    fn resize(&mut self, cx: &mut Cx<'_>, pane: PaneId, size: Size);
    /// A key that no table of the mode took.
    fn key(&mut self, cx: &mut Cx<'_>, pane: PaneId, target: &ModeTarget, event: &KeyEvent) -> ModeResult;
    /// Whether it takes `send-keys -X`.
    fn takes_commands(&self) -> bool {
        false
    }
    /// `send-keys -X`.
    fn command(
        &mut self,
        _cx: &mut Cx<'_>,
        _pane: PaneId,
        _target: &ModeTarget,
        _args: &Args,
        _event: &KeyEvent,
        _prefix: u32,
    ) -> ModeResult {
        ModeResult::Nothing
    }
    /// Whether it only keeps the place of a mode that is running.
    fn is_busy(&self) -> bool {
        false
    }
    /// Format variables of the mode, for the pane it covers.
    fn formats(&self, _add: &mut dyn FnMut(&str, String)) {}
    /// The word, line or hyperlink (`what`) that the mode shows at a cell, for mouse variables.
    fn text_at(&self, _what: TextAt, _x: u32, _y: u32) -> Option<String> {
        None
    }
    /// Time passed or the model changed (clock ticks, tree refreshes).
    fn update(&mut self, cx: &mut Cx<'_>, pane: PaneId) -> ModeResult;
    /// Rows that `capture-pane -M` sees.
    fn captured(&self) -> Option<CapturedRows> {
        None
    }
    /// What a link of its surface's cells stands for.
    fn link(&self, _id: LinkId) -> Option<Hyperlink> {
        None
    }
    /// First row shown, and rows above the screen (for the scrollbar).
    fn scrolled(&self) -> Option<(u64, u64)> {
        None
    }
    /// What a later server makes it again from; None for a mode that ends with this one.
    fn save(&self) -> Option<String> {
        None
    }
    /// Adds a line (view mode).
    fn add_line(&mut self, _line: &str, _parse_styles: bool, _now_secs: i64) {}
    /// Whether a command left work that goes on beside the turn (a long search). Then the item
    /// is resumed when that is done, or the mode is closed.
    fn wait(&mut self, _item: ItemId) -> bool {
        false
    }
    /// It is about to be removed.
    fn close(&mut self, cx: &mut Cx<'_>, pane: PaneId);
    /// The selection or mode-specific value behind `as_any` for the room's own use.
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

/// What to take from a place on a mode's screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextAt {
    Word,
    Line,
    Hyperlink,
}

/// For whom a mode's key or command is.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModeTarget {
    pub client: Option<ClientId>,
    pub state: FindState,
    /// A key that the client pressed, not one that a command sent.
    pub pressed: bool,
}

/// What a mode wants after a key, command or update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModeResult {
    Nothing,
    Redraw,
    /// Remove the mode from the pane.
    Close,
}

/// Something that covers (part of) a client's whole terminal.
pub trait Overlay: Send {
    /// Draws itself over the composed frame.
    fn draw(&mut self, cx: &mut Cx<'_>, client: ClientId, frame: &mut Surface);
    fn key(&mut self, cx: &mut Cx<'_>, client: ClientId, event: &KeyEvent) -> OverlayResult;
    fn resize(&mut self, cx: &mut Cx<'_>, client: ClientId) -> OverlayResult;
    /// Whether it covers a part only, and what is below is drawn around that.
    fn covers_part(&self) -> bool {
        true
    }
    /// What the program that gets its keys asked of kitty's keyboard protocol. Without one, it does
    /// not hear of keys that are let go, or of modifiers.
    fn keyboard_flags(&self) -> KeyboardFlags {
        KeyboardFlags::empty()
    }
    fn close(&mut self, cx: &mut Cx<'_>, client: ClientId);
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OverlayResult {
    Keep,
    Close,
    /// Close and let the key go on to whatever is below.
    CloseAndPass,
    /// Keep, and let the key go on to whatever is below.
    Pass,
}

/// A prompt in a client's status line.
pub trait Prompt: Send {
    /// Draws the line (one row) and places the cursor.
    fn draw(&mut self, cx: &mut Cx<'_>, client: ClientId, line: &mut Surface);
    fn key(&mut self, cx: &mut Cx<'_>, client: ClientId, key: Key, mouse: &MouseEvent) -> PromptResult;
    /// Closed from outside (another prompt, detach).
    fn close(&mut self, cx: &mut Cx<'_>, client: ClientId);
    /// The command item that waits for the prompt, if any.
    fn waiting_item(&self) -> Option<ItemId>;
    /// Whether what panes print is held back while it is open.
    fn freezes(&self) -> bool;
    /// What a later server makes it again from; None for a prompt that ends with this one.
    fn save(&self) -> Option<String> {
        None
    }
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PromptResult {
    Keep,
    Close,
    /// Not wanted: the key goes on.
    Pass,
}

/// A mouse drag in progress.
pub trait Drag: Send {
    fn update(&mut self, cx: &mut Cx<'_>, client: ClientId, mouse: &MouseEvent);
    fn release(&mut self, cx: &mut Cx<'_>, client: ClientId, mouse: &MouseEvent);
}

/// Keeps the place of a mode that is running, so that the pane counts as being in it.
pub struct BusyMode {
    name: &'static str,
    surface: Surface,
}

impl BusyMode {
    pub fn new(name: &'static str) -> Self {
        Self { name, surface: Surface::new(Size::default()) }
    }
}

impl PaneMode for BusyMode {
    fn name(&self) -> &'static str {
        self.name
    }

    fn key_table(&self, _: &mut Cx<'_>, _: PaneId) -> Option<String> {
        None
    }

    fn draw(&mut self, _: &mut Cx<'_>, _: PaneId) -> &Surface {
        &self.surface
    }

    fn resize(&mut self, _: &mut Cx<'_>, _: PaneId, _: Size) {}

    fn key(&mut self, _: &mut Cx<'_>, _: PaneId, _: &ModeTarget, _: &KeyEvent) -> ModeResult {
        ModeResult::Nothing
    }

    fn is_busy(&self) -> bool {
        true
    }

    fn update(&mut self, _: &mut Cx<'_>, _: PaneId) -> ModeResult {
        ModeResult::Nothing
    }

    fn close(&mut self, _: &mut Cx<'_>, _: PaneId) {}

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
