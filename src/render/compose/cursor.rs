//! Position and look of a client's cursor, and the mouse events that its terminal reports.

use super::chrome::Chrome;
use super::subject::Subject;
use crate::base::{Colour, PaneId, Point, Size};
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::options::opt;
use crate::render::frame::{CursorLook, CursorShape, Frame, MouseTracking};
use crate::terminal::{self, KeyboardFlags, Modes, Terminal};
use crate::view::prompt::LinePrompt;

/// Sets the cursor. `prompt` is the prompt's position for it; `overlay` is `Some` while there is an
/// overlay: true if the overlay shows its cursor.
pub(super) fn place(
    cx: &mut Cx<'_>,
    subject: &Subject,
    chrome: &Chrome,
    prompt: Option<Point>,
    overlay: Option<bool>,
    frame: &mut Frame,
) {
    let Some(c) = cx.server.client(subject.client) else { return };
    let says_something = c.message.is_some();
    let mut program_mouse = MouseTracking::Off;
    if let Some(at) = prompt {
        // A menu of completions leaves the cursor in the prompt.
        frame.surface.cursor = at;
        frame.surface.cursor_visible = !says_something && overlay.unwrap_or(true);
        frame.cursor = prompt_look(cx, subject);
    } else if let Some(visible) = overlay {
        frame.surface.cursor_visible = visible && !says_something;
    } else {
        program_mouse = pane_cursor(cx, subject, chrome, frame);
        frame.surface.cursor_visible &= !says_something;
    }
    frame.mouse = mouse(cx, subject, overlay.is_some(), program_mouse);
    frame.keyboard = keyboard(cx, subject, prompt.is_some()).map(|flags| flags.bits());
}

/// Key reports that the terminal must send, in kitty's protocol: those that bindings need, and
/// those that the program with the focus asked for.
fn keyboard(cx: &Cx<'_>, subject: &Subject, prompt: bool) -> Option<KeyboardFlags> {
    if !cx.server.kitty_keys() {
        return None;
    }
    let overlay = cx.server.client(subject.client).and_then(|c| c.overlay.as_ref());
    let program = match overlay {
        Some(overlay) => overlay.keyboard_flags(),
        None if prompt => KeyboardFlags::empty(),
        None => {
            let pane = cx.server.pane(subject.active).filter(|pane| pane.modes.is_empty());
            pane.map(|pane| pane.terminal.lock().keyboard_flags()).unwrap_or_default()
        }
    };
    let mut flags = program | KeyboardFlags::DISAMBIGUATE | KeyboardFlags::ALTERNATES;
    // If keys are reported instead of text, the report must include the text.
    flags.set(KeyboardFlags::TEXT, flags.contains(KeyboardFlags::ALL_KEYS));
    Some(flags)
}

/// Look of a prompt's cursor, from its options.
fn prompt_look(cx: &mut Cx<'_>, subject: &Subject) -> CursorLook {
    let level = OptionScope::Session(subject.session);
    let prompt = cx.server.clients.get_mut(&subject.client).and_then(|c| c.prompt.as_mut());
    let command =
        prompt.and_then(|p| p.as_any().downcast_mut::<LinePrompt>()).is_some_and(|p| p.is_command_mode());
    let name = if command { opt::PROMPT_COMMAND_CURSOR_STYLE } else { opt::PROMPT_CURSOR_STYLE };
    let style = cx.server.option(level, name);
    let (shape, blinking) = match style {
        "blinking-block" => (CursorShape::Block, true),
        "block" => (CursorShape::Block, false),
        "blinking-underline" => (CursorShape::Underline, true),
        "underline" => (CursorShape::Underline, false),
        "blinking-bar" => (CursorShape::Bar, true),
        "bar" => (CursorShape::Bar, false),
        _ => (CursorShape::Default, false),
    };
    let colour =
        Colour::parse(&cx.server.option_text(level, opt::PROMPT_CURSOR_COLOUR)).unwrap_or(Colour::None);
    CursorLook { shape, blinking, very_visible: false, colour }
}

/// Position of the cursor in a pane, or in the mode that covers it; true if it is visible.
pub(super) fn of_pane(cx: &mut Cx<'_>, id: PaneId) -> Option<(Point, bool)> {
    let pane = cx.server.panes.get_mut(&id)?;
    if pane.modes.is_empty() {
        let terminal = pane.terminal.lock();
        return Some((terminal.cursor(), terminal.cursor_visible()));
    }
    let mut entry = pane.modes.remove(0);
    let surface = entry.mode.draw(cx, id);
    let found = (surface.cursor, surface.cursor_visible);
    if let Some(pane) = cx.server.panes.get_mut(&id) {
        pane.modes.insert(0, entry);
    }
    Some(found)
}

/// Sets the cursor of the active pane; returns the mouse mode of its program.
fn pane_cursor(cx: &mut Cx<'_>, subject: &Subject, chrome: &Chrome, frame: &mut Frame) -> MouseTracking {
    let Some(pane) = cx.server.panes.get_mut(&subject.active) else { return MouseTracking::Off };
    let offset = (pane.x, pane.y);
    let mut tracking = MouseTracking::Off;
    if pane.modes.is_empty() {
        let terminal = pane.terminal.lock();
        tracking = tracking_of(terminal.modes());
        frame.cursor = look_of(&terminal);
    }
    let Some((at, visible)) = of_pane(cx, subject.active) else { return tracking };
    let (x, y) = (offset.0 + at.x as i32, offset.1 + at.y as i32);
    let (left, top) = (subject.view.x as i32, subject.view.y as i32);
    let (right, bottom) = (left + subject.view.size.cols as i32, top + subject.view.size.rows as i32);
    frame.surface.cursor = Point::default();
    frame.surface.cursor_visible = false;
    if (left..=right).contains(&x) && (top..=bottom).contains(&y) {
        // tmux: behind the last column of the window (a wrap is pending) the cursor is hidden; and
        // panes that cover it are searched as if the window were not scrolled.
        let (x, y) = (x - left, y - top);
        let window = cx.server.window(subject.window).map_or(Size::default(), |w| w.size);
        let outside = x as u32 >= window.cols || y as u32 >= window.rows;
        let covered = outside || chrome.layout.is_covered(chrome.layout.active, x, y);
        frame.surface.cursor = Point::new(x as u32, y as u32 + subject.top());
        frame.surface.cursor_visible = visible && !covered;
    }
    tracking
}

fn tracking_of(modes: Modes) -> MouseTracking {
    if modes.contains(Modes::MOUSE_ALL) {
        MouseTracking::All
    } else if modes.contains(Modes::MOUSE_BUTTON) {
        MouseTracking::Button
    } else if modes.contains(Modes::MOUSE_STANDARD) {
        MouseTracking::Standard
    } else {
        MouseTracking::Off
    }
}

fn look_of(terminal: &Terminal) -> CursorLook {
    let (shape, blinking) = terminal.cursor_style();
    let colour = terminal.cursor_colour().or(terminal.config().cursor_colour);
    CursorLook {
        shape: match shape {
            terminal::CursorShape::Default => CursorShape::Default,
            terminal::CursorShape::Block => CursorShape::Block,
            terminal::CursorShape::Underline => CursorShape::Underline,
            terminal::CursorShape::Bar => CursorShape::Bar,
        },
        blinking,
        very_visible: terminal.modes().contains(Modes::CURSOR_VERY_VISIBLE),
        colour: colour.unwrap_or(Colour::None),
    }
}

/// Mouse events that the terminal must report. With the option `mouse` on, drags are always
/// reported; plain movement only if a program or `focus-follows-mouse` needs it.
fn mouse(cx: &Cx<'_>, subject: &Subject, covered: bool, program: MouseTracking) -> MouseTracking {
    let server = &*cx.server;
    let level = OptionScope::Session(subject.session);
    if !server.option(level, opt::MOUSE) {
        return program;
    }
    let wants_all = || {
        let panes = server.window(subject.window).map(|w| w.panes.as_slice()).unwrap_or_default();
        panes
            .iter()
            .filter_map(|&p| server.pane(p))
            .any(|p| p.modes.is_empty() && p.terminal.lock().modes().contains(Modes::MOUSE_ALL))
    };
    if server.option(level, opt::FOCUS_FOLLOWS_MOUSE) || (!covered && wants_all()) {
        MouseTracking::All
    } else {
        MouseTracking::Button
    }
}
