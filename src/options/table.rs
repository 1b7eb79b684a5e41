//! Every option and hook: name, type, scope, limits and default. The order is tmux's, which shows in
//! listings and decides which abbreviations are ambiguous.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::base::{Colour, Key};

use super::key::OptionKey;

bitflags::bitflags! {
    /// The levels of an option. Options of panes can be set on windows too.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Scope: u8 {
        const SERVER = 0x1;
        const SESSION = 0x2;
        const WINDOW = 0x4;
        const PANE = 0x8;
    }
}

/// The type of an option's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    String,
    Number {
        min: i64,
        max: i64,
    },
    Key,
    Colour,
    Flag,
    Choice(&'static [&'static str]),
    Command,
    /// A limit in bytes: `64M`, or a number of KiB (see `size::ByteCap`).
    ByteCap,
    /// Bytes or a percentage of what the host has (see `size::MemoryLimit`).
    MemoryLimit,
    /// A length of time: `30s`, `12h`, `7d`, `forever`, `0` (see `size::Keep`).
    Keep,
}

/// The initial value of an option.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Initial {
    Text(&'static str),
    /// Elements of an array.
    List(&'static [&'static str]),
    Number(i64),
    Key(Key),
    Colour(Colour),
    Flag(bool),
    Choice(usize),
}

/// What follows from a change of an option, besides what follows from every change
/// (`command::option_effects`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing else: the option is read when it is needed.
    Nothing,
    /// Windows with automatic names are named again.
    Names,
    /// Clients use the key table of their sessions.
    KeyTable,
    /// Times of silence start again.
    Silence,
    /// Styles of panes are read again, and programs that asked get a report of their colours.
    PaneStyles,
    /// Panes are laid out again.
    PaneSizes,
    /// Widths of characters are read again.
    CharacterWidths,
    /// Status lines are drawn at once.
    StatusTime,
    /// Histories get new limits.
    HistoryLimit,
    /// Limits of panes and of their transcripts are applied at once.
    Limits,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OptionEntry {
    pub name: &'static str,
    pub kind: Kind,
    pub scope: Scope,
    pub initial: Initial,
    /// Set for arrays: a string is split at any of these characters, or used whole if there are none.
    pub array: Option<&'static str>,
    pub is_hook: bool,
    /// Strings must be styles; `-a` appends with a comma.
    pub is_style: bool,
    /// Strings must match this glob.
    pub pattern: Option<&'static str>,
    pub unit: Option<&'static str>,
    pub effect: Effect,
    /// Not in tmux: found only by its full name, and left out of whole listings.
    pub ours: bool,
}

impl OptionEntry {
    const fn new(name: &'static str, scope: Scope, kind: Kind, initial: Initial) -> Self {
        OptionEntry {
            name,
            kind,
            scope,
            initial,
            array: None,
            is_hook: false,
            is_style: false,
            pattern: None,
            unit: None,
            effect: Effect::Nothing,
            ours: false,
        }
    }

    const fn defaults(self, list: &'static [&'static str]) -> Self {
        OptionEntry { initial: Initial::List(list), ..self }
    }

    const fn style(self) -> Self {
        OptionEntry { is_style: true, ..self }
    }

    const fn pattern(self, pattern: &'static str) -> Self {
        OptionEntry { pattern: Some(pattern), ..self }
    }

    const fn unit(self, unit: &'static str) -> Self {
        OptionEntry { unit: Some(unit), ..self }
    }

    const fn effect(self, effect: Effect) -> Self {
        OptionEntry { effect, ..self }
    }

    const fn ours(self) -> Self {
        OptionEntry { ours: true, ..self }
    }

    /// True if values are stored and printed as strings.
    pub fn is_string(&self) -> bool {
        matches!(self.kind, Kind::String | Kind::ByteCap | Kind::MemoryLimit | Kind::Keep)
    }

    pub fn is_array(&self) -> bool {
        self.array.is_some()
    }

    /// The choices, if it has any.
    pub fn choices(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Choice(choices) => choices,
            _ => &[],
        }
    }
}

const INT_MAX: i64 = 2147483647;
const UINT_MAX: i64 = 4294967295;
const SHORT_MAX: i64 = 32767;

const SERVER: Scope = Scope::SERVER;
const SESSION: Scope = Scope::SESSION;
const WINDOW: Scope = Scope::WINDOW;
const PANE: Scope = Scope::WINDOW.union(Scope::PANE);

const fn string(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::String, Initial::Text(initial))
}

/// An array of strings, split at any of the separators.
const fn texts(
    name: &'static str,
    scope: Scope,
    initial: &'static str,
    separators: &'static str,
) -> OptionEntry {
    OptionEntry { array: Some(separators), ..string(name, scope, initial) }
}

/// An array of colours.
const fn colours(name: &'static str, scope: Scope, separators: &'static str) -> OptionEntry {
    OptionEntry { array: Some(separators), ..colour(name, scope, Colour::None) }
}

const fn byte_cap(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::ByteCap, Initial::Text(initial))
}

const fn memory_limit(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::MemoryLimit, Initial::Text(initial))
}

const fn keep(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Keep, Initial::Text(initial))
}

const fn number(name: &'static str, scope: Scope, min: i64, max: i64, initial: i64) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Number { min, max }, Initial::Number(initial))
}

const fn key(name: &'static str, scope: Scope, initial: Key) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Key, Initial::Key(initial))
}

const fn colour(name: &'static str, scope: Scope, initial: Colour) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Colour, Initial::Colour(initial))
}

const fn flag(name: &'static str, scope: Scope, initial: bool) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Flag, Initial::Flag(initial))
}

const fn choice(
    name: &'static str,
    scope: Scope,
    choices: &'static [&'static str],
    initial: usize,
) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Choice(choices), Initial::Choice(initial))
}

const fn command(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Command, Initial::Text(initial))
}

const fn hook(name: &'static str, scope: Scope) -> OptionEntry {
    let entry = OptionEntry::new(name, scope, Kind::Command, Initial::Text(""));
    OptionEntry { is_hook: true, array: Some(""), ..entry }
}

const CURSOR_STYLES: &[&str] =
    &["default", "blinking-block", "block", "blinking-underline", "underline", "blinking-bar", "bar"];

/// The three lines of `status-format`: windows, panes, sessions.
const STATUS_FORMATS: &[&str] = &[
    concat!(
        "#[align=left range=left #{E:status-left-style}]#[push-default]#{T;=/#",
        "{status-left-length}:status-left}#[pop-default]#[norange default]#[list=on align=#",
        "{status-justify}]#[list=left-marker]<#[list=right-marker]>#[list=on]#{W:#[",
        "range=window|#{window_index} #{E:window-status-style}#{?#{&&:#{window_last_flag},#",
        "{!=:#{E:window-status-last-style},default}}, #{E:window-status-last-style},}#{?#{&&:#",
        "{window_bell_flag},#{!=:#{E:window-status-bell-style},default}}, #",
        "{E:window-status-bell-style},#{?#{&&:#{||:#{window_activity_flag},#",
        "{window_silence_flag}},#{!=:#{E:window-status-activity-style},default}}, #",
        "{E:window-status-activity-style},}}]#[push-default]#{T:window-status-format}#[",
        "pop-default]#[norange default]#{?loop_last_flag,,#{E:window-status-separator}},#[",
        "range=window|#{window_index} list=focus #{?#{!=:#{E:window-status-current-style},",
        "default},#{E:window-status-current-style},#{E:window-status-style}}#{?#{&&:#",
        "{window_last_flag},#{!=:#{E:window-status-last-style},default}}, #",
        "{E:window-status-last-style},}#{?#{&&:#{window_bell_flag},#{!=:#",
        "{E:window-status-bell-style},default}}, #{E:window-status-bell-style},#{?#{&&:#{||:#",
        "{window_activity_flag},#{window_silence_flag}},#{!=:#",
        "{E:window-status-activity-style},default}}, #{E:window-status-activity-style},}}]#[",
        "push-default]#{T:window-status-current-format}#[pop-default]#[",
        "norange list=on default]#{?loop_last_flag,,#{E:window-status-separator}}}#[",
        "nolist align=right range=right #{E:status-right-style}]#[push-default]#{T;=/#",
        "{status-right-length}:status-right}#[pop-default]#[norange default]",
    ),
    concat!(
        "#[align=left]#{R: ,#{n:#{session_name}}}P: #[norange default]#[list=on align=#",
        "{status-justify}]#[list=left-marker]<#[list=right-marker]>#[list=on]#{P:#[range=pane|",
        "#{pane_id} #{E:pane-status-style}]#[push-default]#{T:window-pane-status-format}#[",
        "pop-default]#[norange list=on default]  ,#[range=pane|#{pane_id} list=focus #{?#{!=:#",
        "{E:pane-status-current-style},default},#{E:pane-status-current-style},#",
        "{E:pane-status-style}}]#[push-default]#{T:window-pane-current-status-format}#[",
        "pop-default]#[norange list=on default] }",
    ),
    concat!(
        "#[align=left]#{R: ,#{n:#{session_name}}}S: #[norange default]#[list=on align=#",
        "{status-justify}]#[list=left-marker]<#[list=right-marker]>#[list=on]#{S:#[",
        "range=session|#{session_id} #{E:session-status-style}]#[push-default]#S#",
        "{session_alert}#[pop-default]#[norange list=on default]  ,#[range=session|#",
        "{session_id} list=focus #{?#{!=:#{E:session-status-current-style},default},#",
        "{E:session-status-current-style},#{E:session-status-style}}]#[push-default]#S*#",
        "{session_alert}#[pop-default]#[norange list=on default] }",
    ),
];

/// The default of `command-alias`, which clients use too.
pub(crate) const COMMAND_ALIASES: &str = concat!(
    "split-pane=split-window,splitp=split-window,server-info=show-messages -JT,",
    "info=show-messages -JT,choose-window=choose-tree -w,",
    "choose-session=choose-tree -s",
);

impl<T> OptionKey<T> {
    /// The option's row.
    pub fn entry(self) -> &'static OptionEntry {
        entry(self.place())
    }

    /// The option's name.
    pub fn name(self) -> &'static str {
        self.entry().name
    }
}

impl<T> std::fmt::Debug for OptionKey<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}

/// Makes the table, and a typed key for each of its rows (`opt`).
macro_rules! table {
    ($($key:ident = $make:ident($($argument:tt)*) $(.$more:ident($($value:tt)*))*,)*) => {
        /// The position of each row.
        #[allow(dead_code, non_camel_case_types, clippy::upper_case_acronyms)]
        enum Place { $($key),* }

        static TABLE: &[OptionEntry] = &[$($make($($argument)*)$(.$more($($value)*))*),*];

        /// Each key as written in the source, with its row.
        #[cfg(test)]
        pub(crate) fn keys() -> impl Iterator<Item = (&'static str, &'static OptionEntry)> {
            [$(stringify!($key)),*].into_iter().zip(TABLE)
        }

        /// A key for each row: its name in capitals. Some options are only read by formats.
        #[allow(dead_code)]
        pub(crate) mod opt {
            use crate::options::key::{OptionKey, of};
            use crate::options::table::Place;

            $(pub(crate) const $key: OptionKey<of::$make> = OptionKey::at(Place::$key as u16);)*
        }
    };
}

// All options, then all hooks, in tmux's order; those of scopemux at the end.
#[rustfmt::skip]
table! {
    BACKSPACE = key("backspace", SERVER, Key::char('\x7f')),
    BUFFER_LIMIT = number("buffer-limit", SERVER, 1, INT_MAX, 50),
    COMMAND_ALIAS = texts("command-alias", SERVER, COMMAND_ALIASES, ","),
    CODEPOINT_WIDTHS = texts("codepoint-widths", SERVER, "", ",").effect(Effect::CharacterWidths),
    COPY_COMMAND = string("copy-command", SERVER, ""),
    CURSOR_COLOUR = colour("cursor-colour", PANE, Colour::None),
    CURSOR_STYLE = choice("cursor-style", PANE, CURSOR_STYLES, 0),
    DEFAULT_CLIENT_COMMAND = command("default-client-command", SERVER, "new-session"),
    DEFAULT_TERMINAL = string("default-terminal", SERVER, "tmux-256color"),
    EDITOR = string("editor", SERVER, "/usr/bin/vi"),
    ESCAPE_TIME = number("escape-time", SERVER, 0, INT_MAX, 10).unit("milliseconds"),
    EXIT_EMPTY = flag("exit-empty", SERVER, true),
    EXIT_UNATTACHED = flag("exit-unattached", SERVER, false),
    EXTENDED_KEYS = choice("extended-keys", SERVER, &["off", "on", "always"], 0),
    EXTENDED_KEYS_FORMAT = choice("extended-keys-format", SERVER, &["csi-u", "xterm", "kitty"], 1),
    FOCUS_EVENTS = flag("focus-events", SERVER, false),
    GET_CLIPBOARD = choice("get-clipboard", SERVER, &["off", "buffer", "request", "both"], 1),
    HISTORY_FILE = string("history-file", SERVER, ""),
    INPUT_BUFFER_SIZE = number("input-buffer-size", SERVER, 1048576, UINT_MAX, 1048576),
    MENU_STYLE = string("menu-style", WINDOW, "default").style(),
    MENU_SELECTED_STYLE = string("menu-selected-style", WINDOW, "bg=yellow,fg=black").style(),
    MENU_BORDER_STYLE = string("menu-border-style", WINDOW, "default").style(),
    MENU_BORDER_LINES = choice("menu-border-lines", WINDOW, &[
        "single", "double", "heavy", "simple", "rounded", "padded", "none",
    ], 0),
    MESSAGE_LIMIT = number("message-limit", SERVER, 0, INT_MAX, 1000),
    PREFIX_TIMEOUT = number("prefix-timeout", SERVER, 0, INT_MAX, 0).unit("milliseconds"),
    PROMPT_HISTORY_LIMIT = number("prompt-history-limit", SERVER, 0, INT_MAX, 100),
    SET_CLIPBOARD = choice("set-clipboard", SERVER, &["off", "external", "on"], 1),
    TERMINAL_OVERRIDES = texts("terminal-overrides", SERVER, "linux*:AX@", ","),
    TERMINAL_FEATURES = texts("terminal-features", SERVER, "xterm*:clipboard:ccolour:cstyle:focus:title,screen*:title,rxvt*:ignorefkeys", ","),
    USER_KEYS = texts("user-keys", SERVER, "", ","),
    VARIATION_SELECTOR_ALWAYS_WIDE = flag("variation-selector-always-wide", SERVER, true).effect(Effect::CharacterWidths),
    ACTIVITY_ACTION = choice("activity-action", SESSION, &["none", "any", "current", "other"], 3),
    ASSUME_PASTE_TIME = number("assume-paste-time", SESSION, 0, INT_MAX, 1).unit("milliseconds"),
    BASE_INDEX = number("base-index", SESSION, 0, INT_MAX, 0),
    BELL_ACTION = choice("bell-action", SESSION, &["none", "any", "current", "other"], 1),
    DEFAULT_COMMAND = string("default-command", SESSION, ""),
    DEFAULT_SHELL = string("default-shell", SESSION, "/bin/sh"),
    DEFAULT_SIZE = string("default-size", SESSION, "80x24").pattern("[0-9]*x[0-9]*"),
    DESTROY_UNATTACHED = choice("destroy-unattached", SESSION, &["off", "on", "keep-last", "keep-group"], 0),
    DETACH_ON_DESTROY = choice("detach-on-destroy", SESSION, &["off", "on", "no-detached", "previous", "next"], 1),
    DISPLAY_PANES_ACTIVE_COLOUR = colour("display-panes-active-colour", SESSION, Colour::Basic(1)),
    DISPLAY_PANES_COLOUR = colour("display-panes-colour", SESSION, Colour::Basic(4)),
    DISPLAY_PANES_TIME = number("display-panes-time", SESSION, 1, INT_MAX, 1000).unit("milliseconds"),
    DISPLAY_TIME = number("display-time", SESSION, 0, INT_MAX, 750).unit("milliseconds"),
    FOCUS_FOLLOWS_MOUSE = flag("focus-follows-mouse", SESSION, false),
    HISTORY_LIMIT = byte_cap("history-limit", SESSION, "2000").unit("lines").effect(Effect::HistoryLimit),
    INITIAL_REPEAT_TIME = number("initial-repeat-time", SESSION, 0, 2000000, 0).unit("milliseconds"),
    KEY_TABLE = string("key-table", SESSION, "root").effect(Effect::KeyTable),
    LOCK_AFTER_TIME = number("lock-after-time", SESSION, 0, INT_MAX, 0).unit("seconds"),
    LOCK_COMMAND = string("lock-command", SESSION, "lock -np"),
    MESSAGE_COMMAND_STYLE = string("message-command-style", SESSION, "bg=black,fg=yellow,fill=black").style(),
    MESSAGE_FORMAT = string("message-format", SESSION, "#[#{?#{command_prompt},#{E:message-command-style},#{E:message-style}}]#{message}"),
    MESSAGE_LINE = choice("message-line", SESSION, &["0", "1", "2", "3", "4"], 0),
    MESSAGE_STYLE = string("message-style", SESSION, "bg=yellow,fg=black,fill=yellow").style(),
    MOUSE = flag("mouse", SESSION, false),
    PREFIX = key("prefix", SESSION, Key::ctrl('b')),
    PREFIX2 = key("prefix2", SESSION, Key::NONE),
    RENUMBER_WINDOWS = flag("renumber-windows", SESSION, false),
    REPEAT_TIME = number("repeat-time", SESSION, 0, 2000000, 500).unit("milliseconds"),
    SET_TITLES = flag("set-titles", SESSION, false),
    SET_TITLES_STRING = string("set-titles-string", SESSION, "#S:#I:#W - \"#T\" #{session_alerts}"),
    SILENCE_ACTION = choice("silence-action", SESSION, &["none", "any", "current", "other"], 3),
    STATUS = choice("status", SESSION, &["off", "on", "2", "3", "4", "5"], 1).effect(Effect::StatusTime),
    STATUS_BG = colour("status-bg", SESSION, Colour::Default),
    STATUS_FG = colour("status-fg", SESSION, Colour::Default),
    STATUS_FORMAT = texts("status-format", SESSION, "", " ,").defaults(STATUS_FORMATS),
    STATUS_INTERVAL = number("status-interval", SESSION, 0, INT_MAX, 15).unit("seconds").effect(Effect::StatusTime),
    STATUS_JUSTIFY = choice("status-justify", SESSION, &["left", "centre", "right", "absolute-centre"], 0),
    STATUS_KEYS = choice("status-keys", SESSION, &["emacs", "vi"], 0),
    STATUS_LEFT = string("status-left", SESSION, "[#{session_name}] "),
    STATUS_LEFT_LENGTH = number("status-left-length", SESSION, 0, SHORT_MAX, 10),
    STATUS_LEFT_STYLE = string("status-left-style", SESSION, "default").style(),
    STATUS_POSITION = choice("status-position", SESSION, &["top", "bottom"], 1),
    STATUS_RIGHT = string("status-right", SESSION, concat!(
        "#{?window_bigger,[#{window_offset_x}#,#{window_offset_y}] ,}\"#",
        "{=21:pane_title}\" %H:%M %d-%b-%y",
    )),
    STATUS_RIGHT_LENGTH = number("status-right-length", SESSION, 0, SHORT_MAX, 40),
    STATUS_RIGHT_STYLE = string("status-right-style", SESSION, "default").style(),
    STATUS_STYLE = string("status-style", SESSION, "bg=green,fg=black").style(),
    PANE_STATUS_CURRENT_STYLE = string("pane-status-current-style", WINDOW, "default").style(),
    PANE_STATUS_STYLE = string("pane-status-style", WINDOW, "default").style(),
    PROMPT_CURSOR_COLOUR = colour("prompt-cursor-colour", SESSION, Colour::None),
    PROMPT_CURSOR_STYLE = choice("prompt-cursor-style", SESSION, CURSOR_STYLES, 0),
    PROMPT_COMMAND_CURSOR_STYLE = choice("prompt-command-cursor-style", SESSION, CURSOR_STYLES, 0),
    SESSION_STATUS_CURRENT_STYLE = string("session-status-current-style", WINDOW, "default").style(),
    SESSION_STATUS_STYLE = string("session-status-style", WINDOW, "default").style(),
    UPDATE_ENVIRONMENT = texts("update-environment", SESSION, concat!(
        "DISPLAY KRB5CCNAME MSYSTEM SSH_ASKPASS SSH_AUTH_SOCK SSH_AGENT_PID SSH_CONNECTION ",
        "WAYLAND_DISPLAY WINDOWID XAUTHORITY XDG_CURRENT_DESKTOP XDG_SESSION_DESKTOP ",
        "XDG_SESSION_TYPE",
    ), " ,"),
    VISUAL_ACTIVITY = choice("visual-activity", SESSION, &["off", "on", "both"], 0),
    VISUAL_BELL = choice("visual-bell", SESSION, &["off", "on", "both"], 0),
    VISUAL_SILENCE = choice("visual-silence", SESSION, &["off", "on", "both"], 0),
    WORD_SEPARATORS = string("word-separators", SESSION, "!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~"),
    AGGRESSIVE_RESIZE = flag("aggressive-resize", WINDOW, false),
    ALLOW_PASSTHROUGH = choice("allow-passthrough", PANE, &["off", "on", "all"], 0),
    ALLOW_RENAME = flag("allow-rename", PANE, false),
    ALLOW_SET_TITLE = flag("allow-set-title", PANE, true),
    ALTERNATE_SCREEN = flag("alternate-screen", PANE, true),
    AUTOMATIC_RENAME = flag("automatic-rename", WINDOW, true).effect(Effect::Names),
    AUTOMATIC_RENAME_FORMAT = string("automatic-rename-format", WINDOW, "#{?pane_in_mode,[tmux],#{pane_current_command}}#{?pane_dead,[dead],}"),
    CLOCK_MODE_COLOUR = colour("clock-mode-colour", WINDOW, Colour::Basic(4)),
    CLOCK_MODE_STYLE = choice("clock-mode-style", WINDOW, &["12", "24", "12-with-seconds", "24-with-seconds"], 1),
    COPY_MODE_MATCH_STYLE = string("copy-mode-match-style", WINDOW, "bg=cyan,fg=black").style(),
    COPY_MODE_CURRENT_MATCH_STYLE = string("copy-mode-current-match-style", WINDOW, "bg=magenta,fg=black").style(),
    COPY_MODE_MARK_STYLE = string("copy-mode-mark-style", WINDOW, "bg=red,fg=black").style(),
    COPY_MODE_POSITION_FORMAT = string("copy-mode-position-format", PANE, concat!(
        "#[align=right]#{t/p:top_line_time}#{?#{e|>:#{top_line_time},0}, ,}[#",
        "{copy_position}/#{copy_position_limit}]#{?search_timed_out, (timed out),#",
        "{?search_count, (#{search_count}#{?search_count_partial,+,} results),}}",
    )),
    COPY_MODE_POSITION_STYLE = string("copy-mode-position-style", WINDOW, "#{E:mode-style}").style(),
    COPY_MODE_SELECTION_STYLE = string("copy-mode-selection-style", WINDOW, "#{E:mode-style}").style(),
    COPY_MODE_CURRENT_LINE_NUMBER_STYLE = string("copy-mode-current-line-number-style", WINDOW, "fg=yellow").style(),
    COPY_MODE_LINE_NUMBER_STYLE = string("copy-mode-line-number-style", WINDOW, "fg=white,dim").style(),
    COPY_MODE_LINE_NUMBERS = choice("copy-mode-line-numbers", WINDOW, &["off", "default", "absolute", "relative", "hybrid"], 0),
    FILL_CHARACTER = string("fill-character", WINDOW, ""),
    MAIN_PANE_HEIGHT = string("main-pane-height", WINDOW, "24"),
    MAIN_PANE_WIDTH = string("main-pane-width", WINDOW, "80"),
    MODE_KEYS = choice("mode-keys", WINDOW, &["emacs", "vi"], 0),
    MODE_STYLE = string("mode-style", WINDOW, "noattr,bg=yellow,fg=black").style(),
    MONITOR_ACTIVITY = flag("monitor-activity", WINDOW, false),
    MONITOR_BELL = flag("monitor-bell", WINDOW, true),
    MONITOR_SILENCE = number("monitor-silence", WINDOW, 0, INT_MAX, 0).effect(Effect::Silence),
    OTHER_PANE_HEIGHT = string("other-pane-height", WINDOW, "0"),
    OTHER_PANE_WIDTH = string("other-pane-width", WINDOW, "0"),
    PANE_ACTIVE_BORDER_STYLE = string("pane-active-border-style", PANE, "#{?pane_in_mode,fg=yellow,#{?synchronize-panes,fg=red,fg=green}}").style(),
    PANE_BASE_INDEX = number("pane-base-index", WINDOW, 0, 65535, 0),
    PANE_BORDER_FORMAT = string("pane-border-format", PANE, concat!(
        "#{?pane_active,#[reverse],}#{pane_index}#[default] \"#{pane_title}\"#{?#{mouse},#[",
        "align=right]#[range=control|8][#{?#{window_zoomed_flag},u,z}]#[norange]#[",
        "range=control|9][x]#[norange],}",
    )),
    PANE_BORDER_INDICATORS = choice("pane-border-indicators", WINDOW, &["off", "colour", "arrows", "both"], 1),
    PANE_BORDER_LINES = choice("pane-border-lines", WINDOW, &[
        "single", "double", "heavy", "simple", "number", "spaces",
    ], 0),
    PANE_BORDER_STATUS = choice("pane-border-status", WINDOW, &["off", "top", "bottom"], 0).effect(Effect::PaneSizes),
    PANE_BORDER_STYLE = string("pane-border-style", PANE, "default").style(),
    PANE_COLOURS = colours("pane-colours", PANE, " ,"),
    PANE_SCROLLBARS = choice("pane-scrollbars", WINDOW, &["off", "modal", "on"], 0).effect(Effect::PaneSizes),
    PANE_SCROLLBARS_STYLE = string("pane-scrollbars-style", PANE, "bg=black,fg=white,width=1,pad=0").style().effect(Effect::PaneSizes),
    PANE_SCROLLBARS_POSITION = choice("pane-scrollbars-position", WINDOW, &["right", "left"], 0).effect(Effect::PaneSizes),
    POPUP_STYLE = string("popup-style", WINDOW, "default").style(),
    POPUP_BORDER_STYLE = string("popup-border-style", WINDOW, "default").style(),
    POPUP_BORDER_LINES = choice("popup-border-lines", WINDOW, &[
        "single", "double", "heavy", "simple", "rounded", "padded", "none",
    ], 0),
    REMAIN_ON_EXIT = choice("remain-on-exit", PANE, &["off", "on", "failed", "key"], 0),
    REMAIN_ON_EXIT_FORMAT = string("remain-on-exit-format", PANE, concat!(
        "Pane is dead (#{?#{!=:#{pane_dead_status},},status #{pane_dead_status},}#{?#{!=:",
        "#{pane_dead_signal},},signal #{pane_dead_signal},}, #{t:pane_dead_time})",
    )),
    SCROLL_ON_CLEAR = flag("scroll-on-clear", PANE, true),
    SYNCHRONIZE_PANES = flag("synchronize-panes", PANE, false),
    TILED_LAYOUT_MAX_COLUMNS = number("tiled-layout-max-columns", WINDOW, 0, 65535, 0),
    TREE_MODE_PREVIEW_FORMAT = string("tree-mode-preview-format", PANE, "#{?pane_format,#{pane_index}:#{pane_title},#{window_index}:#{window_name}}"),
    TREE_MODE_PREVIEW_STYLE = string("tree-mode-preview-style", WINDOW, concat!(
        "fg=#{?#{||:#{&&:#{pane_format},#{pane_active}},#{&&:#{window_format},#",
        "{window_active}}},#{display-panes-active-colour},#{display-panes-colour}}",
    )).style(),
    WINDOW_ACTIVE_STYLE = string("window-active-style", PANE, "default").style().effect(Effect::PaneStyles),
    WINDOW_PANE_CURRENT_STATUS_FORMAT = string("window-pane-current-status-format", WINDOW, "#P:[#T]#{?pane_flags,#{pane_flags}, }"),
    WINDOW_PANE_STATUS_FORMAT = string("window-pane-status-format", WINDOW, "#P:[#T]#{?pane_flags,#{pane_flags}, }"),
    WINDOW_SIZE = choice("window-size", WINDOW, &["largest", "smallest", "manual", "latest"], 3),
    WINDOW_STYLE = string("window-style", PANE, "default").style().effect(Effect::PaneStyles),
    WINDOW_STATUS_ACTIVITY_STYLE = string("window-status-activity-style", WINDOW, "reverse").style(),
    WINDOW_STATUS_BELL_STYLE = string("window-status-bell-style", WINDOW, "reverse").style(),
    WINDOW_STATUS_CURRENT_FORMAT = string("window-status-current-format", WINDOW, "#I:#W#{?window_flags,#{window_flags}, }"),
    WINDOW_STATUS_CURRENT_STYLE = string("window-status-current-style", WINDOW, "default").style(),
    WINDOW_STATUS_FORMAT = string("window-status-format", WINDOW, "#I:#W#{?window_flags,#{window_flags}, }"),
    WINDOW_STATUS_LAST_STYLE = string("window-status-last-style", WINDOW, "default").style(),
    WINDOW_STATUS_SEPARATOR = string("window-status-separator", WINDOW, " "),
    WINDOW_STATUS_STYLE = string("window-status-style", WINDOW, "default").style(),
    WRAP_SEARCH = flag("wrap-search", WINDOW, true),
    XTERM_KEYS = flag("xterm-keys", WINDOW, true),
    AFTER_BIND_KEY = hook("after-bind-key", SESSION),
    AFTER_CAPTURE_PANE = hook("after-capture-pane", SESSION),
    AFTER_COPY_MODE = hook("after-copy-mode", SESSION),
    AFTER_DISPLAY_MESSAGE = hook("after-display-message", SESSION),
    AFTER_DISPLAY_PANES = hook("after-display-panes", SESSION),
    AFTER_KILL_PANE = hook("after-kill-pane", SESSION),
    AFTER_LIST_BUFFERS = hook("after-list-buffers", SESSION),
    AFTER_LIST_CLIENTS = hook("after-list-clients", SESSION),
    AFTER_LIST_KEYS = hook("after-list-keys", SESSION),
    AFTER_LIST_PANES = hook("after-list-panes", SESSION),
    AFTER_LIST_SESSIONS = hook("after-list-sessions", SESSION),
    AFTER_LIST_WINDOWS = hook("after-list-windows", SESSION),
    AFTER_LOAD_BUFFER = hook("after-load-buffer", SESSION),
    AFTER_LOCK_SERVER = hook("after-lock-server", SESSION),
    AFTER_NEW_SESSION = hook("after-new-session", SESSION),
    AFTER_NEW_WINDOW = hook("after-new-window", SESSION),
    AFTER_PASTE_BUFFER = hook("after-paste-buffer", SESSION),
    AFTER_PIPE_PANE = hook("after-pipe-pane", SESSION),
    AFTER_QUEUE = hook("after-queue", SESSION),
    AFTER_REFRESH_CLIENT = hook("after-refresh-client", SESSION),
    AFTER_RENAME_SESSION = hook("after-rename-session", SESSION),
    AFTER_RENAME_WINDOW = hook("after-rename-window", SESSION),
    AFTER_RESIZE_PANE = hook("after-resize-pane", SESSION),
    AFTER_RESIZE_WINDOW = hook("after-resize-window", SESSION),
    AFTER_SAVE_BUFFER = hook("after-save-buffer", SESSION),
    AFTER_SELECT_LAYOUT = hook("after-select-layout", SESSION),
    AFTER_SELECT_PANE = hook("after-select-pane", SESSION),
    AFTER_SELECT_WINDOW = hook("after-select-window", SESSION),
    AFTER_SEND_KEYS = hook("after-send-keys", SESSION),
    AFTER_SET_BUFFER = hook("after-set-buffer", SESSION),
    AFTER_SET_ENVIRONMENT = hook("after-set-environment", SESSION),
    AFTER_SET_HOOK = hook("after-set-hook", SESSION),
    AFTER_SET_OPTION = hook("after-set-option", SESSION),
    AFTER_SHOW_ENVIRONMENT = hook("after-show-environment", SESSION),
    AFTER_SHOW_MESSAGES = hook("after-show-messages", SESSION),
    AFTER_SHOW_OPTIONS = hook("after-show-options", SESSION),
    AFTER_SPLIT_WINDOW = hook("after-split-window", SESSION),
    AFTER_UNBIND_KEY = hook("after-unbind-key", SESSION),
    ALERT_ACTIVITY = hook("alert-activity", SESSION),
    ALERT_BELL = hook("alert-bell", SESSION),
    ALERT_SILENCE = hook("alert-silence", SESSION),
    CLIENT_ACTIVE = hook("client-active", SESSION),
    CLIENT_ATTACHED = hook("client-attached", SESSION),
    CLIENT_DETACHED = hook("client-detached", SESSION),
    CLIENT_FOCUS_IN = hook("client-focus-in", SESSION),
    CLIENT_FOCUS_OUT = hook("client-focus-out", SESSION),
    CLIENT_RESIZED = hook("client-resized", SESSION),
    CLIENT_SESSION_CHANGED = hook("client-session-changed", SESSION),
    CLIENT_LIGHT_THEME = hook("client-light-theme", SESSION),
    CLIENT_DARK_THEME = hook("client-dark-theme", SESSION),
    COMMAND_ERROR = hook("command-error", SESSION),
    PANE_DIED = hook("pane-died", PANE),
    PANE_EXITED = hook("pane-exited", PANE),
    PANE_FOCUS_IN = hook("pane-focus-in", PANE),
    PANE_FOCUS_OUT = hook("pane-focus-out", PANE),
    PANE_MODE_CHANGED = hook("pane-mode-changed", PANE),
    PANE_SET_CLIPBOARD = hook("pane-set-clipboard", PANE),
    PANE_TITLE_CHANGED = hook("pane-title-changed", PANE),
    SESSION_CLOSED = hook("session-closed", SESSION),
    SESSION_CREATED = hook("session-created", SESSION),
    SESSION_RENAMED = hook("session-renamed", SESSION),
    SESSION_WINDOW_CHANGED = hook("session-window-changed", SESSION),
    WINDOW_LAYOUT_CHANGED = hook("window-layout-changed", WINDOW),
    WINDOW_LINKED = hook("window-linked", SESSION),
    WINDOW_PANE_CHANGED = hook("window-pane-changed", WINDOW),
    WINDOW_RENAMED = hook("window-renamed", WINDOW),
    WINDOW_RESIZED = hook("window-resized", WINDOW),
    WINDOW_UNLINKED = hook("window-unlinked", SESSION),

    // Only in scopemux.
    HISTORY_DIRECTORY = string("history-directory", SERVER, "").effect(Effect::Limits).ours(),
    HISTORY_DISK = flag("history-disk", PANE, true).effect(Effect::Limits).ours(),
    COPY_MODE_COMMAND_STATUS = flag("copy-mode-command-status", WINDOW, false).ours(),
    ALTERNATE_HISTORY = choice("alternate-history", PANE, &["off", "scrolled", "frames"], 0).ours(),
    HISTORY_TOTAL_LIMIT = byte_cap("history-total-limit", SERVER, "16G").effect(Effect::Limits).ours(),
    HISTORY_KEEP = keep("history-keep", SESSION, "0").effect(Effect::Limits).ours(),
    HISTORY_ENCRYPT = flag("history-encrypt", SERVER, false).effect(Effect::Limits).ours(),
    RESTORE_SAVE = flag("restore-save", SERVER, true).ours(),
    RESTORE_ON_START = flag("restore-on-start", SERVER, false).ours(),
    RESTORE_PROGRAMS = texts("restore-programs", SERVER, "", " ,").ours(),
    CONTAINMENT = choice("containment", SERVER, &["auto", "units", "cgroup", "none"], 0).effect(Effect::Limits).ours(),
    PANE_MEMORY_MAX = memory_limit("pane-memory-max", PANE, "75%").effect(Effect::Limits).ours(),
    PANE_SWAP_MAX = memory_limit("pane-swap-max", PANE, "0").effect(Effect::Limits).ours(),
    PANE_PIDS_MAX = memory_limit("pane-pids-max", PANE, "10%").effect(Effect::Limits).ours(),
    PANE_CPU_WEIGHT = number("pane-cpu-weight", PANE, 1, 10000, 100).effect(Effect::Limits).ours(),
    PANE_IO_WEIGHT = number("pane-io-weight", PANE, 1, 10000, 100).effect(Effect::Limits).ours(),
    PANE_OOM_POLICY = choice("pane-oom-policy", PANE, &["continue", "pane"], 0).effect(Effect::Limits).ours(),
    PANES_MEMORY_MAX = memory_limit("panes-memory-max", SERVER, "90%").effect(Effect::Limits).ours(),
    MEMORY_BACKSTOP = memory_limit("memory-backstop", SERVER, "4%").effect(Effect::Limits).ours(),
    PANE_KILL_SCOPE = flag("pane-kill-scope", PANE, false).effect(Effect::Limits).ours(),
    NOTIFICATIONS = choice("notifications", PANE, &["off", "visible", "on"], 0).ours(),
    KITTY_GRAPHICS = choice("kitty-graphics", PANE, &["off", "auto", "on"], 1).ours(),
    ALLOW_CHECKSUM = flag("allow-checksum", PANE, false).ours(),
    MORE_MODES = flag("more-modes", PANE, false).ours(),
    PANE_NOTIFICATION = hook("pane-notification", PANE).ours(),
    PANE_OOM = hook("pane-oom", PANE).ours(),

    // From tmux's main branch; left out of listings like those of scopemux.
    AFTER_SWAP_WINDOW = hook("after-swap-window", SESSION).ours(),
    CLIENT_CLOSED = hook("client-closed", SESSION).ours(),
    CLIENT_CREATED = hook("client-created", SESSION).ours(),
    MARKED_PANE_CHANGED = hook("marked-pane-changed", SESSION).ours(),
    SESSION_ADDED_TO_GROUP = hook("session-added-to-group", SESSION).ours(),
    SESSION_REMOVED_FROM_GROUP = hook("session-removed-from-group", SESSION).ours(),
    PANE_ACTIVITY = hook("pane-activity", PANE).ours(),
    PANE_BELL = hook("pane-bell", PANE).ours(),
    PANE_COMMAND_FINISHED = hook("pane-command-finished", PANE).ours(),
    PANE_COMMAND_STARTED = hook("pane-command-started", PANE).ours(),
    PANE_CREATED = hook("pane-created", PANE).ours(),
    PANE_MODE_ENTERED = hook("pane-mode-entered", PANE).ours(),
    PANE_MODE_EXITED = hook("pane-mode-exited", PANE).ours(),
    PANE_MOVED = hook("pane-moved", PANE).ours(),
    PANE_PROMPT_CLOSED = hook("pane-prompt-closed", PANE).ours(),
    PANE_PROMPT_OPENED = hook("pane-prompt-opened", PANE).ours(),
    PANE_RESIZED = hook("pane-resized", PANE).ours(),
    PANE_SHELL_PROMPT = hook("pane-shell-prompt", PANE).ours(),
    WINDOW_CLOSED = hook("window-closed", WINDOW).ours(),
    WINDOW_CREATED = hook("window-created", WINDOW).ours(),
    WINDOW_UNZOOMED = hook("window-unzoomed", WINDOW).ours(),
    WINDOW_ZOOMED = hook("window-zoomed", WINDOW).ours(),
}

/// Other spellings of option names.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("display-panes-color", "display-panes-colour"),
    ("display-panes-active-color", "display-panes-active-colour"),
    ("clock-mode-color", "clock-mode-colour"),
    ("cursor-color", "cursor-colour"),
    ("prompt-cursor-color", "prompt-cursor-colour"),
    ("pane-colors", "pane-colours"),
];

/// Every row, in order.
pub(crate) fn all() -> impl Iterator<Item = &'static OptionEntry> {
    TABLE.iter()
}

/// The table's name of an option.
pub(crate) fn canonical(name: &str) -> &str {
    OTHER_NAMES.iter().find(|(other, _)| *other == name).map_or(name, |(_, known)| known)
}

/// The row of an option, by its exact name or another spelling.
pub(crate) fn find(name: &str) -> Option<&'static OptionEntry> {
    place(name).map(entry)
}

/// The position of an option's row, by its exact name or another spelling.
pub(super) fn place(name: &str) -> Option<u16> {
    if name.starts_with('@') {
        return None;
    }
    static BY_NAME: OnceLock<HashMap<&'static str, u16>> = OnceLock::new();
    let by_name = BY_NAME.get_or_init(|| {
        let rows = TABLE.iter().map(|entry| entry.name).zip(0..);
        rows.chain(OTHER_NAMES.iter().filter_map(|(other, known)| {
            let at = TABLE.iter().position(|entry| entry.name == *known)?;
            Some((*other, at as u16))
        }))
        .collect()
    });
    by_name.get(name).copied()
}

/// The row at a position.
pub(super) fn entry(place: u16) -> &'static OptionEntry {
    &TABLE[usize::from(place)]
}
