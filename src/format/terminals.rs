//! Formats for a client's terminal: its features, colours as escape sequences, frames of animations.

use crate::base::Colour;

use super::objects::Objects;
use super::plan::{Modifier, has};

/// Length of the shortest frame in milliseconds.
pub(crate) const FRAME_MS: u64 = 100;

/// `#{I/f:…}`, `#{I/c:…}`, `#{I/e:…}`: 1 if the client's terminal has a feature or a capability, else 0;
/// or a variable of the client's environment.
pub(super) fn ask(objects: &Objects<'_>, wanted: &Modifier<'_>, name: &str) -> String {
    let Some(client) = objects.the_client().filter(|client| client.session.is_some()) else {
        return String::new();
    };
    let Some(terminal) = objects.host().describe_terminal(client.id) else { return String::new() };
    let flag = |on: bool| u8::from(on).to_string();
    if has(wanted, 'e') {
        return client.environ.get(name).unwrap_or_default().to_owned();
    }
    if has(wanted, 'f') {
        return flag(client.term_features.split(',').any(|feature| feature.eq_ignore_ascii_case(name)));
    }
    let has_value = |line: &String| {
        let parts = line.trim_start().split_once(": ").and_then(|(_, rest)| rest.split_once(": "));
        parts.is_some_and(|(known, value)| known == name && value != "[missing]")
    };
    flag(has(wanted, 'c') && terminal.capabilities.iter().any(has_value))
}

/// `#{c/f:…}`, `#{c/b:…}`: the escape sequence for a colour as foreground or background, reduced to the
/// colours of the client's terminal.
pub(super) fn escape(objects: &Objects<'_>, name: &str, background: bool) -> Option<String> {
    const COLOURS_256: u32 = 0x1;
    const RGB: u32 = 0x10;
    if name.eq_ignore_ascii_case("none") {
        return Some("\x1b[0m".to_owned());
    }
    let terminal = objects.the_client().and_then(|client| objects.host().describe_terminal(client.id));
    let flags = terminal.map_or(COLOURS_256 | RGB, |terminal| terminal.flags);
    let mut colour = Colour::parse(name)?;
    if flags & RGB == 0
        && let Colour::Rgb(..) = colour
    {
        colour = colour.to_256();
    }
    if flags & COLOURS_256 == 0
        && let Colour::Indexed(index) = colour
    {
        colour = Colour::Basic(Colour::index_to_16(index));
    }
    let base = if background { 40 } else { 30 };
    Some(match colour {
        Colour::None => return None,
        Colour::Default | Colour::Terminal => format!("\x1b[{}m", base + 9),
        Colour::Basic(index @ 0..=7) => format!("\x1b[{}m", base + i32::from(index)),
        Colour::Basic(index) => format!("\x1b[{}m", base + 60 + i32::from(index) - 8),
        Colour::Indexed(index) => format!("\x1b[{};5;{index}m", base + 8),
        Colour::Rgb(r, g, b) => format!("\x1b[{};2;{r};{g};{b}m", base + 8),
    })
}

/// `#{A/n:a,b,c}`: one of the frames of an animated status line, each shown for n tenths of a second.
/// Empty outside of status lines.
pub(super) fn frame(objects: &Objects<'_>, frames: &str, tenths: u64) -> String {
    if !objects.status || frames.is_empty() {
        return String::new();
    }
    let frames: Vec<&str> = frames.split(',').collect();
    if frames.len() > 1
        && let Some(client) = objects.client_id()
    {
        objects.server().animated.lock().insert(client);
    }
    let number = objects.now().mono_ms / (tenths * FRAME_MS);
    frames[(number % frames.len() as u64) as usize].to_owned()
}
