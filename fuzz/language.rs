//! Texts from users: commands, formats, styles and layouts. Each is accepted or refused, never with
//! a panic, and an accepted text prints as a text with the same meaning.

use scopemux::testing::base::{CellStyle, PaneId};
use scopemux::testing::format::Objects;
use scopemux::testing::model::layout::{Layout, checksum};
use scopemux::testing::syntax::parse::{NoContext, Origin, parse_string};
use scopemux::testing::syntax::style::Style;

use crate::input::Rng;
use crate::scenes::{self, World};

const COMMANDS: &[&str] = &[
    "set -g @a b",
    "bind-key x ",
    "display-message ",
    "if-shell -F 1 { ",
    " } ",
    "{",
    "}",
    ";",
    "\\;",
    "\n",
    "'",
    "\"",
    "$HOME",
    "${x}",
    "~",
    "#{pane_id}",
    "# comment\n",
    "%if 1\n",
    "%endif\n",
    "%else\n",
    "A=b\n",
    "%hidden C=d\n",
    "\\u00e9",
    "\\U0001f600",
    "\\e",
    "\\101",
    "\\t",
    "\t",
    "new-window ",
    "-t :1 ",
    "command-prompt -p 'a,b' \"",
    "split-window 'x y'",
    " ",
    "é",
    "\\\n",
    "a b",
    "send-keys -l 'it'\\''s'",
    "%% %1 %%%",
    "-- ",
    "''",
    "\"\\\"\"",
    "confirm-before { kill-server ; ",
];
const FORMATS: &[&str] = &[
    "#{",
    "}",
    "#{?",
    ",",
    ":",
    "#{==:",
    "#{&&:",
    "#{||:",
    "#{=5:",
    "#{=-3:",
    "#{=/9/x:",
    "#{p8:",
    "#{p-8:",
    "#{s/a/b/:",
    "#{s|(.)|\\1\\1|:",
    "#{e|+|:",
    "#{e|/|f|2:",
    "#{e|m:",
    "#{m:",
    "#{m/r:",
    "#{m/z:",
    "#{C:",
    "#{t:",
    "#{t/f/%H:",
    "#{t/p:",
    "#{q:",
    "#{q/e:",
    "#{q/h:",
    "#{E:",
    "#{T:",
    "#{l:",
    "#{n:",
    "#{w:",
    "#{a:",
    "#{b:",
    "#{d:",
    "#{c:",
    "#{N/s:",
    "#{N/w:",
    "#{R:",
    "#{S:",
    "#{W:",
    "#{P:",
    "#{L:",
    "#{S/t:",
    "#{W/n:",
    "#{!:",
    "#{!!:",
    "#{<:",
    "#{>=:",
    "#{U:",
    "#{O:",
    "#{V:",
    "#{A:",
    "session_name",
    "version",
    "pid",
    "host",
    "window_layout",
    "pane_id",
    "#[fg=red]",
    "#[",
    "]",
    "#,",
    "##",
    "#}",
    "#(",
    ")",
    "#S",
    "#H",
    "%H:%M",
    "%",
    "1",
    "0",
    "-1",
    "99999999999",
    "é",
    "日",
    "*",
    "\\",
    "/",
    "x",
    ";",
    " ",
    "'",
    "\"",
];
const STYLES: &[&str] = &[
    "fg=",
    "bg=",
    "us=",
    "fill=",
    "red",
    "colour123",
    "#ff0000",
    "#ff",
    "default",
    "terminal",
    "none",
    "bold",
    "nobold",
    "dim,",
    "underscore",
    "curly-underscore",
    "align=left",
    "list=on",
    "range=user|x",
    "range=window|3",
    "range=pane|%1",
    "range=",
    "push-default",
    "width=50%",
    "width=",
    "pad=3",
    ",",
    " ",
    "=",
    "noattr",
    "acs",
    "brightred",
    "colour999",
    "é",
    "ignore",
    "set-default",
    "nolist",
    "themeblue",
    "link=",
    "\n",
    "99999999999",
];

fn join(pieces: &[&str], rng: &mut Rng) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..1 + rng.below(14) {
        if rng.below(20) == 0 {
            out.push(rng.next() as u8);
            continue;
        }
        out.extend_from_slice(rng.pick(pieces).as_bytes());
    }
    out
}

pub(crate) fn generate_commands(rng: &mut Rng) -> Vec<u8> {
    join(COMMANDS, rng)
}

/// The text of a binding is all that the next server gets of it.
pub(crate) fn check_commands(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let parse = |text: &str| parse_string(text, &Origin::default(), &mut NoContext);
    let Ok(list) = parse(&text) else { return };
    let printed = list.print_kept();
    let again = parse(&printed).unwrap_or_else(|error| panic!("{text:?} prints as {printed:?}: {error}"));
    assert_eq!(again.print_kept(), printed, "{text:?}");
    assert_eq!(again.print_flat(false), list.print_flat(false), "{text:?} prints as {printed:?}");
}

pub(crate) fn generate_formats(rng: &mut Rng) -> Vec<u8> {
    join(FORMATS, rng)
}

pub(crate) fn check_formats(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut world = World::new(0);
    let cx = world.cx();
    // Panics are not caught here, unlike where formats are drawn.
    let objects = Objects::new(cx.server, cx.host, scenes::NOW);
    let (value, _) = objects.expand_time_verbose(&text);
    assert_eq!(objects.expand_time(&text), value, "{text:?}");
}

pub(crate) fn generate_styles(rng: &mut Rng) -> Vec<u8> {
    join(STYLES, rng)
}

/// A style is applied completely or not at all.
pub(crate) fn check_styles(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let mut style = Style::default();
    let _ = style.parse_onto(&CellStyle::DEFAULT, first);
    let before = style.clone();
    if style.parse_onto(&CellStyle::DEFAULT, second).is_err() {
        assert_eq!(style, before, "{text:?}");
    } else {
        assert!(Style::parse(second).is_ok(), "{second:?}");
    }
}

pub(crate) fn generate_layouts(rng: &mut Rng) -> Vec<u8> {
    fn cell(rng: &mut Rng, depth: usize, next: &mut u32, out: &mut String) {
        let (cols, rows) = (1 + rng.below(90), 1 + rng.below(40));
        out.push_str(&format!("{cols}x{rows},{},{}", rng.below(9), rng.below(9)));
        if depth == 0 || rng.below(2) == 0 {
            *next += 1;
            return out.push_str(&format!(",{next}"));
        }
        let (open, close) = rng.pick(&[('{', '}'), ('[', ']')]);
        out.push(open);
        for number in 0..1 + rng.below(3) {
            if number > 0 {
                out.push(',');
            }
            cell(rng, depth - 1, next, out);
        }
        out.push(close);
    }
    /// Checks that a cell's parts fill it, as in all accepted layouts.
    fn whole(
        rng: &mut Rng,
        (cols, rows): (usize, usize),
        (x, y): (usize, usize),
        depth: usize,
        out: &mut String,
    ) {
        out.push_str(&format!("{cols}x{rows},{x},{y}"));
        let across = rng.below(2) == 0;
        let length = if across { cols } else { rows };
        if depth == 0 || length < 3 || rng.below(3) == 0 {
            return out.push_str(",1");
        }
        let first = 1 + rng.below(length - 2);
        let rest = length - first - 1;
        let (open, close, sizes, at) = match across {
            true => ('{', '}', [(first, rows), (rest, rows)], (x + first + 1, y)),
            false => ('[', ']', [(cols, first), (cols, rest)], (x, y + first + 1)),
        };
        out.push(open);
        whole(rng, sizes[0], (x, y), depth - 1, out);
        out.push(',');
        whole(rng, sizes[1], at, depth - 1, out);
        out.push(close);
    }
    let (mut text, mut next) = (String::new(), 0);
    if rng.below(3) == 0 {
        cell(rng, 3, &mut next, &mut text);
    } else {
        let size = (1 + rng.below(90), 1 + rng.below(40));
        whole(rng, size, (0, 0), 4, &mut text);
    }
    if rng.below(6) == 0 {
        text.push_str("<10x5,3,3,1>");
    }
    text.into_bytes()
}

/// An accepted layout is consistent, and its text is a layout that prints the same.
pub(crate) fn check_layouts(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let text = format!("{:04x},{text}", checksum(&text));
    for count in [1, 3, 8] {
        let panes: Vec<PaneId> = (0..count).map(PaneId).collect();
        let Ok(layout) = Layout::parse(&text, &panes) else { continue };
        assert!(layout.is_sound(), "{text}");
        let Some(printed) = layout.print(&panes, &layout) else { continue };
        let held = layout.panes();
        let again = Layout::parse(&printed, &held)
            .unwrap_or_else(|error| panic!("{text} prints as {printed}: {error}"));
        assert_eq!(again.print(&held, &again).as_ref(), Some(&printed), "{text}");
    }
}
