//! Variables about the state of a pane's terminal: cursor, modes, history, title.

use super::{Table, Value, flag, screen, text};
use crate::format::scope::Scope;
use crate::options::opt;
use crate::terminal::{CursorShape, Modes, ProgressState};

pub(super) const TABLE: Table = &[
    ("alternate_on", |scope| flag(facts(scope)?.alternate)),
    ("alternate_saved_x", |scope| text(facts(scope)?.saved_cursor.0)),
    ("alternate_saved_y", |scope| text(facts(scope)?.saved_cursor.1)),
    ("bracket_paste_flag", |scope| shown_mode(scope, Modes::BRACKETPASTE)),
    ("cursor_blinking", |scope| shown_mode(scope, Modes::CURSOR_BLINKING)),
    ("cursor_character", |scope| text(facts(scope)?.cursor_character?)),
    ("cursor_colour", |scope| text(facts(scope)?.cursor_colour)),
    ("cursor_flag", |scope| mode(scope, Modes::CURSOR)),
    ("cursor_shape", |scope| match facts(scope)?.cursor_shape {
        CursorShape::Default => text("default"),
        CursorShape::Block => text("block"),
        CursorShape::Underline => text("underline"),
        CursorShape::Bar => text("bar"),
    }),
    ("cursor_very_visible", |scope| shown_mode(scope, Modes::CURSOR_VERY_VISIBLE)),
    ("cursor_x", |scope| text(facts(scope)?.cursor.x)),
    ("cursor_y", |scope| text(facts(scope)?.cursor.y)),
    ("history_all_bytes", |scope| text(screen::Memory::of(scope.pane()?).describe())),
    ("history_bytes", |scope| text(screen::Memory::of(scope.pane()?).bytes())),
    ("history_limit", |scope| text(scope.session_options()?.text(opt::HISTORY_LIMIT))),
    ("history_size", |scope| text(scope.pane()?.terminal.lock().history_rows())),
    ("insert_flag", |scope| mode(scope, Modes::INSERT)),
    ("keypad_cursor_flag", |scope| mode(scope, Modes::KCURSOR)),
    ("keypad_flag", |scope| mode(scope, Modes::KKEYPAD)),
    ("mouse_all_flag", |scope| mode(scope, Modes::MOUSE_ALL)),
    ("mouse_any_flag", |scope| mode(scope, Modes::ALL_MOUSE)),
    ("mouse_button_flag", |scope| mode(scope, Modes::MOUSE_BUTTON)),
    ("mouse_sgr_flag", |scope| mode(scope, Modes::MOUSE_SGR)),
    ("mouse_standard_flag", |scope| mode(scope, Modes::MOUSE_STANDARD)),
    ("mouse_utf8_flag", |scope| mode(scope, Modes::MOUSE_UTF8)),
    ("origin_flag", |scope| mode(scope, Modes::ORIGIN)),
    ("pane_key_mode", key_mode),
    ("pane_path", |scope| text(facts(scope)?.path)),
    ("pane_pb_progress", |scope| text(facts(scope)?.progress.percent)),
    ("pane_pb_state", |scope| match facts(scope)?.progress.state {
        ProgressState::Hidden => text("hidden"),
        ProgressState::Normal => text("normal"),
        ProgressState::Error => text("error"),
        ProgressState::Indeterminate => text("indeterminate"),
        ProgressState::Paused => text("paused"),
    }),
    ("pane_tabs", |scope| super::list(facts(scope)?.tabs.iter().map(u32::to_string))),
    ("pane_title", |scope| text(screen::title(scope.pane()?))),
    ("scroll_region_lower", |scope| text(facts(scope)?.region.1)),
    ("scroll_region_upper", |scope| text(facts(scope)?.region.0)),
    ("synchronized_output_flag", |scope| mode(scope, Modes::SYNC)),
    ("wrap_flag", |scope| mode(scope, Modes::WRAP)),
];

fn facts(scope: &Scope<'_>) -> Option<screen::Facts> {
    Some(screen::Facts::of(scope.pane()?))
}

fn mode(scope: &Scope<'_>, wanted: Modes) -> Option<Value> {
    flag(facts(scope)?.modes.intersects(wanted))
}

/// Modes of the visible screen: a mode that covers the pane has a screen of its own.
fn shown_modes(scope: &Scope<'_>) -> Option<Modes> {
    let pane = scope.pane()?;
    if pane.modes.is_empty() {
        return Some(screen::Facts::of(pane).modes);
    }
    Some(Modes::CURSOR | Modes::WRAP)
}

/// The encoding of keys for the program. `Kitty` and the flags exist only in scopemux, for a program that
/// asked for kitty's keyboard protocol, which options must allow.
fn key_mode(scope: &Scope<'_>) -> Option<Value> {
    let pane = scope.pane()?;
    let kitty = pane.terminal.lock().keyboard_flags();
    if pane.modes.is_empty() && !kitty.is_empty() {
        return text(format!("Kitty {}", kitty.bits()));
    }
    match shown_modes(scope)? & Modes::EXTENDED_KEYS {
        Modes::KEYS_EXTENDED => text("Ext 1"),
        Modes::KEYS_EXTENDED_2 => text("Ext 2"),
        _ => text("VT10x"),
    }
}

fn shown_mode(scope: &Scope<'_>, wanted: Modes) -> Option<Value> {
    flag(shown_modes(scope)?.intersects(wanted))
}
