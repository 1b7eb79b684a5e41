//! Variables about the state of a pane's terminal: cursor, modes, history, title.

use super::row::{Table, flag, list, text};
use super::screen;
use crate::format::objects::Objects;
use crate::format::value::Value;
use crate::options::opt;
use crate::terminal::{CursorShape, Modes, ProgressState};

pub(super) const TABLE: Table = &[
    ("alternate_on", |objects| flag(facts(objects)?.alternate)),
    ("alternate_saved_x", |objects| text(facts(objects)?.saved_cursor.0)),
    ("alternate_saved_y", |objects| text(facts(objects)?.saved_cursor.1)),
    ("bracket_paste_flag", |objects| shown_mode(objects, Modes::BRACKETPASTE)),
    ("cursor_blinking", |objects| shown_mode(objects, Modes::CURSOR_BLINKING)),
    ("cursor_character", |objects| text(facts(objects)?.cursor_character?)),
    ("cursor_colour", |objects| text(facts(objects)?.cursor_colour)),
    ("cursor_flag", |objects| mode(objects, Modes::CURSOR)),
    ("cursor_shape", |objects| match facts(objects)?.cursor_shape {
        CursorShape::Default => text("default"),
        CursorShape::Block => text("block"),
        CursorShape::Underline => text("underline"),
        CursorShape::Bar => text("bar"),
    }),
    ("cursor_very_visible", |objects| shown_mode(objects, Modes::CURSOR_VERY_VISIBLE)),
    ("cursor_x", |objects| text(facts(objects)?.cursor.x)),
    ("cursor_y", |objects| text(facts(objects)?.cursor.y)),
    ("history_all_bytes", |objects| text(screen::Memory::of(objects.pane()?).describe())),
    ("history_bytes", |objects| text(screen::Memory::of(objects.pane()?).bytes())),
    ("history_limit", |objects| text(objects.session_options()?.text(opt::HISTORY_LIMIT))),
    ("history_size", |objects| text(objects.pane()?.terminal.lock().history_rows())),
    ("insert_flag", |objects| mode(objects, Modes::INSERT)),
    ("keypad_cursor_flag", |objects| mode(objects, Modes::KCURSOR)),
    ("keypad_flag", |objects| mode(objects, Modes::KKEYPAD)),
    ("mouse_all_flag", |objects| mode(objects, Modes::MOUSE_ALL)),
    ("mouse_any_flag", |objects| mode(objects, Modes::ALL_MOUSE)),
    ("mouse_button_flag", |objects| mode(objects, Modes::MOUSE_BUTTON)),
    ("mouse_sgr_flag", |objects| mode(objects, Modes::MOUSE_SGR)),
    ("mouse_standard_flag", |objects| mode(objects, Modes::MOUSE_STANDARD)),
    ("mouse_utf8_flag", |objects| mode(objects, Modes::MOUSE_UTF8)),
    ("origin_flag", |objects| mode(objects, Modes::ORIGIN)),
    ("pane_key_mode", key_mode),
    ("pane_path", |objects| text(facts(objects)?.path)),
    ("pane_pb_progress", |objects| text(facts(objects)?.progress.percent)),
    ("pane_pb_state", |objects| match facts(objects)?.progress.state {
        ProgressState::Hidden => text("hidden"),
        ProgressState::Normal => text("normal"),
        ProgressState::Error => text("error"),
        ProgressState::Indeterminate => text("indeterminate"),
        ProgressState::Paused => text("paused"),
    }),
    ("pane_tabs", |objects| list(facts(objects)?.tabs.iter().map(u32::to_string))),
    ("pane_title", |objects| text(screen::title(objects.pane()?))),
    ("scroll_region_lower", |objects| text(facts(objects)?.region.1)),
    ("scroll_region_upper", |objects| text(facts(objects)?.region.0)),
    ("synchronized_output_flag", |objects| mode(objects, Modes::SYNC)),
    ("wrap_flag", |objects| mode(objects, Modes::WRAP)),
];

fn facts(objects: &Objects<'_>) -> Option<screen::Facts> {
    Some(screen::Facts::of(objects.pane()?))
}

fn mode(objects: &Objects<'_>, wanted: Modes) -> Option<Value> {
    flag(facts(objects)?.modes.intersects(wanted))
}

/// Modes of the visible screen: a mode that covers the pane has a screen of its own.
fn shown_modes(objects: &Objects<'_>) -> Option<Modes> {
    let pane = objects.pane()?;
    if pane.modes.is_empty() {
        return Some(screen::Facts::of(pane).modes);
    }
    Some(Modes::CURSOR | Modes::WRAP)
}

/// The encoding of keys for the program. `Kitty` and the flags exist only in scopemux, for a program that
/// asked for kitty's keyboard protocol, which options must allow.
fn key_mode(objects: &Objects<'_>) -> Option<Value> {
    let pane = objects.pane()?;
    let kitty = pane.terminal.lock().keyboard_flags();
    if pane.modes.is_empty() && !kitty.is_empty() {
        return text(format!("Kitty {}", kitty.bits()));
    }
    match shown_modes(objects)? & Modes::EXTENDED_KEYS {
        Modes::KEYS_EXTENDED => text("Ext 1"),
        Modes::KEYS_EXTENDED_2 => text("Ext 2"),
        _ => text("VT10x"),
    }
}

fn shown_mode(objects: &Objects<'_>, wanted: Modes) -> Option<Value> {
    flag(shown_modes(objects)?.intersects(wanted))
}
