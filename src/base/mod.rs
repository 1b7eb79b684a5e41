//! Floor 0: pure data that every room shares.
//!
//! Nothing here does I/O or reads a clock. Rooms above exchange these types with each other: ids,
//! geometry, colours, cells, surfaces, keys, text. Only `guard` keeps state outside of values: the panic
//! hook belongs to the process, and reports are kept in their thread.

pub mod cell;
pub mod clock;
pub mod codec;
pub mod colour;
pub mod commands;
pub mod exec;
pub mod extra_keys;
pub mod geometry;
pub mod guard;
pub mod history;
pub mod ids;
pub mod key;
pub mod key_names;
pub mod key_report;
pub mod links;
pub mod number;
pub mod placeholder;
pub mod posix;
pub mod surface;
pub mod terminfo;
pub mod text;
pub mod tracked;
pub mod vis;
pub mod width;
mod width_deviations;
mod x11_colours;

pub use cell::{Attrs, Cell, CellFlags, CellStyle, Glyph, LinkId};
pub use colour::Colour;
pub use geometry::{Point, Rect, Size};
pub use ids::{ClientId, PaneId, SessionId, WindowId};
pub use key::{Key, KeyCode, KeyFlags, Mods, MouseEvent, MouseKey, MouseKind, MouseLocation, NamedKey};
pub use key_report::{KeyAction, KeyReport};
pub use surface::Surface;
