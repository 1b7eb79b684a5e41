//! Variables of tmux's main branch. They can be used like those of 3.7c, but are never listed.

use super::row::{Table, flag, text};
use crate::format::objects::Objects;
use crate::format::quote::quote_single;
use crate::format::value::Value;
use crate::model::Pane;
use crate::options::{Chain, opt};
use crate::terminal::{CommandMarks, Modes};

pub(in crate::format) const TABLE: Table = &[
    ("client_colours", client_colours),
    ("pane_command_duration", |objects| text(marks(objects)?.duration(objects.now().secs())?)),
    ("pane_command_end_time", |objects| Some(Value::Time(marks(objects)?.end?.time))),
    ("pane_command_running", |objects| flag(marks(objects)?.running)),
    ("pane_command_start_time", |objects| Some(Value::Time(marks(objects)?.output?.time))),
    ("pane_command_status", |objects| text(marks(objects)?.status?)),
    ("pane_last_output_time", |objects| Some(Value::Time(objects.pane()?.lasting.last_output))),
    ("pane_last_prompt_time", |objects| Some(Value::Time(marks(objects)?.prompt?.time))),
    ("pane_modal_flag", |objects| objects.pane().and_then(|_| flag(false))),
    ("pane_private_modes", |objects| text(private_modes(objects.pane()?))),
    ("pane_start_command_list", |objects| {
        let words: Vec<String> = objects.pane()?.argv.iter().map(|word| quote_single(word)).collect();
        text(words.join(" "))
    }),
    ("pane_unzoomed_height", |objects| text(unzoomed(objects)?.1)),
    ("pane_unzoomed_width", |objects| text(unzoomed(objects)?.0)),
    ("window_manual_height", |objects| manual(objects, |window| window.manual_size.rows)),
    ("window_manual_width", |objects| manual(objects, |window| window.manual_size.cols)),
    // scopemux has no modal panes.
    ("window_modal_pane", |_| None),
];

fn marks(objects: &Objects<'_>) -> Option<CommandMarks> {
    Some(objects.pane()?.terminal.lock().marks())
}

/// Number of colours that the client's terminal shows.
fn client_colours(objects: &Objects<'_>) -> Option<Value> {
    const COLOURS_256: u32 = 0x1;
    const RGB: u32 = 0x10;
    let terminal = objects.host().describe_terminal(objects.client_id()?)?;
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
fn unzoomed(objects: &Objects<'_>) -> Option<(u32, u32)> {
    let pane = objects.pane()?;
    let layout = objects.server().window(pane.window)?.saved_layout.as_ref();
    let saved = layout.and_then(|layout| Some(layout.cell(layout.find(pane.id)?).size));
    let size = saved.unwrap_or(pane.size);
    Some((size.cols, size.rows))
}

/// The size set by `resize-window`, if it is in force.
fn manual(objects: &Objects<'_>, side: fn(&crate::model::Window) -> u32) -> Option<Value> {
    let window = objects.window()?;
    let options = Chain::new(&[&window.options, &objects.server().options.window]);
    match options.get(opt::WINDOW_SIZE) {
        "manual" => text(side(window)),
        _ => text(""),
    }
}
