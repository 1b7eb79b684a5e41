//! A window: its panes, their layout, and its other state.

use crate::base::clock::Now;
use crate::base::{ClientId, PaneId, SessionId, Size, WindowId};
use crate::options::Options;

use super::layout::Layout;

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct WindowFlags: u8 {
        const BELL = 0x1;
        const ACTIVITY = 0x2;
        const SILENCE = 0x4;
        const ZOOMED = 0x8;
        const WAS_ZOOMED = 0x10;
        const RESIZE = 0x20;
        const ALERTS = 0x7;
    }
}

pub struct Window {
    pub id: WindowId,
    pub name: String,
    /// Panes in index order.
    pub panes: Vec<PaneId>,
    pub active: PaneId,
    /// Panes that were active before, newest first.
    pub last_panes: Vec<PaneId>,
    /// Stacking order, top first: floating panes before tiled ones.
    pub z_order: Vec<PaneId>,
    pub layout: Layout,
    /// The layout from before a zoom.
    pub saved_layout: Option<Layout>,
    /// Layout string from before the last change, for `select-layout -o`.
    pub old_layout: Option<String>,
    /// Index of the last preset used, for `next-layout`.
    pub last_preset: Option<usize>,
    pub size: Size,
    /// Size asked for with `resize-window` (`window-size manual`).
    pub manual_size: Size,
    /// Pixels of a cell: width, height.
    pub cell_pixels: (u32, u32),
    /// New size that `apply_sizes` has to apply.
    pub new_size: Size,
    pub new_cell_pixels: (u32, u32),
    /// Position of the last new floating pane.
    pub last_new_pane: (u32, u32),
    pub flags: WindowFlags,
    pub options: Options,
    /// Sessions and indexes that show this window.
    pub winlinks: Vec<(SessionId, i32)>,
    pub created: Now,
    pub activity: Now,
    /// Automatic rename: when the name was last computed, and whether a check is due.
    pub name_time_ms: u64,
    pub name_check_due: bool,
    /// The client that used it last (`window-size latest`).
    pub latest: Option<ClientId>,
    /// The window has alerts that have to be processed.
    pub alerts_queued: bool,
    /// Time at which silence is reported (monotonic ms), if monitored.
    pub silence_due_ms: Option<u64>,
}
