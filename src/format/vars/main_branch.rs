//! Variables of tmux's main branch. They can be used like those of 3.7c, but are never listed.

use super::{Table, Value, flag, text};
use crate::format::lookup::quote_single;
use crate::format::scope::Scope;
use crate::model::Pane;
use crate::options::{Chain, opt};
use crate::terminal::{CommandMarks, Modes};

pub(in crate::format) const TABLE: Table = &[
    ("client_colours", client_colours),
    ("pane_command_duration", |scope| text(marks(scope)?.duration(scope.now().secs())?)),
    ("pane_command_end_time", |scope| Some(Value::Time(marks(scope)?.end?.time))),
    ("pane_command_running", |scope| flag(marks(scope)?.running)),
    ("pane_command_start_time", |scope| Some(Value::Time(marks(scope)?.output?.time))),
    ("pane_command_status", |scope| text(marks(scope)?.status?)),
    ("pane_last_output_time", |scope| Some(Value::Time(scope.pane()?.last_output))),
    ("pane_last_prompt_time", |scope| Some(Value::Time(marks(scope)?.prompt?.time))),
    ("pane_modal_flag", |scope| scope.pane().and_then(|_| flag(false))),
    ("pane_private_modes", |scope| text(private_modes(scope.pane()?))),
    ("pane_start_command_list", |scope| {
        let words: Vec<String> = scope.pane()?.argv.iter().map(|word| quote_single(word)).collect();
        text(words.join(" "))
    }),
    ("pane_unzoomed_height", |scope| text(unzoomed(scope)?.1)),
    ("pane_unzoomed_width", |scope| text(unzoomed(scope)?.0)),
    ("window_manual_height", |scope| manual(scope, |window| window.manual_size.rows)),
    ("window_manual_width", |scope| manual(scope, |window| window.manual_size.cols)),
    // scopemux has no modal panes.
    ("window_modal_pane", |_| None),
];

fn marks(scope: &Scope<'_>) -> Option<CommandMarks> {
    Some(scope.pane()?.terminal.lock().marks())
}

/// Number of colours that the client's terminal shows.
fn client_colours(scope: &Scope<'_>) -> Option<Value> {
    const COLOURS_256: u32 = 0x1;
    const RGB: u32 = 0x10;
    let terminal = scope.host().describe_terminal(scope.client_id()?)?;
    let number = |line: &String| line.split_once(": colors: (number) ")?.1.parse::<i32>().ok();
    text(match terminal.flags {
        flags if flags & RGB != 0 => 16_777_216,
        flags if flags & COLOURS_256 != 0 => 256,
        _ => match terminal.capabilities.iter().find_map(number).unwrap_or(0) {
            ..8 => 2,
            8..16 => 8,
            _ => 16,
        },
    })
}

/// Numbers of the modes that a program has set with `CSI ? … h`.
fn private_modes(pane: &Pane) -> String {
    const NUMBERS: [(Modes, &str); 14] = [
        (Modes::KCURSOR, "1"),
        (Modes::ORIGIN, "6"),
        (Modes::WRAP, "7"),
        (Modes::CURSOR_BLINKING, "12"),
        (Modes::CURSOR, "25"),
        (Modes::MOUSE_STANDARD, "1000"),
        (Modes::MOUSE_BUTTON, "1002"),
        (Modes::MOUSE_ALL, "1003"),
        (Modes::FOCUSON, "1004"),
        (Modes::MOUSE_UTF8, "1005"),
        (Modes::MOUSE_SGR, "1006"),
        (Modes::BRACKETPASTE, "2004"),
        (Modes::SYNC, "2026"),
        (Modes::THEME_UPDATES, "2031"),
    ];
    let modes = pane.terminal_modes();
    let chosen = modes.contains(Modes::CURSOR_BLINKING_SET);
    let set = NUMBERS.iter().filter(|(mode, _)| modes.contains(*mode));
    let shown = set.filter(|(mode, _)| *mode != Modes::CURSOR_BLINKING || chosen);
    shown.map(|(_, number)| *number).collect::<Vec<_>>().join(",")
}

/// The size that the pane has when its window is not zoomed.
fn unzoomed(scope: &Scope<'_>) -> Option<(u32, u32)> {
    let pane = scope.pane()?;
    let layout = scope.server().window(pane.window)?.saved_layout.as_ref();
    let saved = layout.and_then(|layout| Some(layout.cell(layout.find(pane.id)?).size));
    let size = saved.unwrap_or(pane.size);
    Some((size.cols, size.rows))
}

/// The size set by `resize-window`, if it is in force.
fn manual(scope: &Scope<'_>, side: fn(&crate::model::Window) -> u32) -> Option<Value> {
    let window = scope.window()?;
    let options = Chain::new(&[&window.options, &scope.server().options.window]);
    match options.get(opt::WINDOW_SIZE) {
        "manual" => text(side(window)),
        _ => text(""),
    }
}
