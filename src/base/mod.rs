//! Floor 0: pure data that every room shares.
//!
//! Nothing here does I/O or reads a clock. Rooms above exchange these types with each other: ids,
//! geometry, colours, cells, surfaces, keys, text. Only `guard` keeps state outside of values: the panic
//! hook belongs to the process, and reports are kept in their thread.

pub(crate) mod blob;
pub(crate) mod boxed;
pub(crate) mod cell;
pub(crate) mod clock;
pub(crate) mod codec;
pub(crate) mod colour;
pub(crate) mod commands;
pub(crate) mod extra_keys;
pub(crate) mod geometry;
pub(crate) mod guard;
pub(crate) mod history;
pub(crate) mod ids;
pub(crate) mod key;
pub(crate) mod key_names;
pub(crate) mod key_report;
pub(crate) mod links;
pub(crate) mod number;
pub(crate) mod placeholder;
pub(crate) mod surface;
pub(crate) mod terminfo;
pub(crate) mod text;
pub(crate) mod tracked;
pub(crate) mod vis;
pub(crate) mod width;
mod width_deviations;
mod x11_colours;

pub(crate) use boxed::BoxedMap;
pub(crate) use cell::Glyph;
pub use cell::{Attrs, Cell, CellFlags, CellStyle, LinkId};
pub use colour::Colour;
pub use geometry::{Point, Rect, Size};
pub(crate) use ids::WindowId;
pub use ids::{ClientId, PaneId, SessionId};
pub(crate) use key::{
    Key, KeyCode, KeyFlags, Mods, MouseEvent, MouseKey, MouseKind, MouseLocation, NamedKey,
};
pub(crate) use key_report::{KeyAction, KeyReport};
pub use surface::Surface;
