//! Floor 4: what covers a pane or a client: copy mode, choosers, clock, prompts, menus,
//! popups, messages; and what a mouse event at a client hits.

pub mod copy;
