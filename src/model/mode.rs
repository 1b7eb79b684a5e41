//! Traits, implemented by the `view` floor, of what covers a pane or a client: modes (copy mode,
//! choosers, clock), overlays (menus, popups, display-panes), prompts, drags.
//!
//! While one of these runs, it is taken out of its owner, so that it may change the model freely.
//! Afterwards it is put back if its owner still exists.

use serde::{Deserialize, Serialize};

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
    /// Repeat count typed before a command (1 when none was typed).
    pub prefix: u32,
    /// The size that the mode was given last.
    pub size: Size,
}

/// Copy of a mode's rows.
pub struct CapturedRows {
    pub rows: Box<dyn HistoryView>,
    /// Count of rows above the screen, and of all rows.
    pub above: u64,
    pub all: u64,
}

/// A mode that covers one pane.
pub trait PaneMode: Send {
    /// `copy-mode`, `view-mode`, `tree-mode`, `clock-mode`, …: `#{pane_mode}`.
    fn name(&self) -> &'static str;
    /// Key table consulted for keys, if it uses one.
    fn key_table(&self, cx: &mut Cx<'_>, pane: PaneId) -> Option<String>;
    /// The surface to show now. Called when drawing; must be cheap when nothing changed.
    fn draw(&mut self, cx: &mut Cx<'_>, pane: PaneId) -> &Surface;
    fn resize(&mut self, cx: &mut Cx<'_>, pane: PaneId, size: Size);
    /// Handles a key that no table of the mode bound.
    fn key(&mut self, cx: &mut Cx<'_>, pane: PaneId, target: &ModeTarget, event: &KeyEvent) -> ModeResult;
    /// True if the mode takes `send-keys -X`.
    fn takes_commands(&self) -> bool {
        false
    }
    /// Runs a command of `send-keys -X`.
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
    /// The error of the last command, if it failed.
    fn take_failure(&mut self) -> Option<&'static str> {
        None
    }
    /// True if this is only the placeholder of a mode that is running.
    fn is_busy(&self) -> bool {
        false
    }
    /// Adds the mode's format variables for the pane that it covers.
    fn formats(&self, _add: &mut dyn FnMut(&str, String)) {}
    /// The word, line or hyperlink (`what`) shown at a cell, for mouse variables.
    fn text_at(&self, _what: TextAt, _x: u32, _y: u32) -> Option<String> {
        None
    }
    /// Called when time passed or the model changed (clock ticks, tree refreshes).
    fn update(&mut self, cx: &mut Cx<'_>, pane: PaneId) -> ModeResult;
    /// Rows that `capture-pane -M` sees.
    fn captured(&self) -> Option<CapturedRows> {
        None
    }
    /// The hyperlink behind a link id of the surface's cells.
    fn link(&self, _id: LinkId) -> Option<Hyperlink> {
        None
    }
    /// The first row shown, and the count of rows above the screen (for the scrollbar).
    fn scrolled(&self) -> Option<(u64, u64)> {
        None
    }
    /// The mode's state as text for the next server; `None` if the mode ends with this one.
    fn save(&self) -> Option<String> {
        None
    }
    /// Adds a line (view mode).
    fn add_line(&mut self, _line: &str, _parse_styles: bool, _now_secs: i64) {}
    /// Returns true if the last command still works beside the loop (a long search). Then the item is
    /// resumed when the work is done or the mode is closed.
    fn wait(&mut self, _item: ItemId) -> bool {
        false
    }
    /// Called before the mode is removed.
    fn close(&mut self, cx: &mut Cx<'_>, pane: PaneId);
    /// The mode's own type, for the room that implements it.
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

/// Kind of text to take from a place on a mode's screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextAt {
    Word,
    Line,
    Hyperlink,
}

/// The client and target of a key or command of a mode.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModeTarget {
    pub client: Option<ClientId>,
    pub state: FindState,
    /// A key that the client pressed, not one that a command sent.
    pub pressed: bool,
}

/// Action for the caller after a key, command or update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModeResult {
    Nothing,
    Redraw,
    /// Remove the mode from the pane.
    Close,
}

/// A menu, popup or the like that covers a client's terminal or a part of it.
pub trait Overlay: Send {
    /// Draws itself over the composed frame.
    fn draw(&mut self, cx: &mut Cx<'_>, client: ClientId, frame: &mut Surface);
    fn key(&mut self, cx: &mut Cx<'_>, client: ClientId, event: &KeyEvent) -> OverlayResult;
    fn resize(&mut self, cx: &mut Cx<'_>, client: ClientId) -> OverlayResult;
    /// True if the overlay covers only a part of the terminal and the rest is still drawn.
    fn covers_part(&self) -> bool {
        true
    }
    /// Flags of kitty's keyboard protocol that the program below the overlay asked for. Without any, it
    /// gets no key releases and no modifiers by themselves.
    fn keyboard_flags(&self) -> KeyboardFlags {
        KeyboardFlags::empty()
    }
    fn close(&mut self, cx: &mut Cx<'_>, client: ClientId);
    /// The overlay's state for a server that takes over the client; `None` if it cannot be passed on.
    fn save(&mut self) -> Option<SavedOverlay> {
        None
    }
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

/// State of an overlay that travels to another server with its client.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedOverlay {
    pub kind: OverlayKind,
    pub body: serde_json::Value,
}

impl SavedOverlay {
    pub(crate) fn new(kind: OverlayKind, state: &impl Serialize) -> Option<Self> {
        Some(Self { kind, body: serde_json::to_value(state).ok()? })
    }
}

/// Kinds of overlay that can travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum OverlayKind {
    Menu,
    Popup,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OverlayResult {
    Keep,
    Close,
    /// Close, and pass the key to what is below.
    CloseAndPass,
    /// Keep the overlay, and pass the key to what is below.
    Pass,
}

/// A prompt in a client's status line.
pub trait Prompt: Send {
    /// Draws the line (one row) and places the cursor.
    fn draw(&mut self, cx: &mut Cx<'_>, client: ClientId, line: &mut Surface);
    fn key(&mut self, cx: &mut Cx<'_>, client: ClientId, key: Key, mouse: &MouseEvent) -> PromptResult;
    /// Called when the prompt is closed from outside (another prompt, detach).
    fn close(&mut self, cx: &mut Cx<'_>, client: ClientId);
    /// The command item that waits for the prompt, if any.
    fn waiting_item(&self) -> Option<ItemId>;
    /// True if output of panes is held back while the prompt is open.
    fn freezes(&self) -> bool;
    /// The prompt's state as text for the next server; `None` if the prompt ends with this one.
    fn save(&self) -> Option<String> {
        None
    }
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PromptResult {
    Keep,
    Close,
    /// Not used: the key is passed on.
    Pass,
}

/// A mouse drag in progress.
pub trait Drag: Send {
    fn update(&mut self, cx: &mut Cx<'_>, client: ClientId, mouse: &MouseEvent);
    fn release(&mut self, cx: &mut Cx<'_>, client: ClientId, mouse: &MouseEvent);
}

/// Placeholder for a mode that is running, so that the pane still counts as being in it.
pub(crate) struct BusyMode {
    name: &'static str,
    surface: Surface,
}

impl BusyMode {
    pub(crate) fn new(name: &'static str) -> Self {
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
