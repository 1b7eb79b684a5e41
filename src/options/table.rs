//! Every option and hook: name, type, scope, limits, default, effect and a sentence. The order is tmux's,
//! which shows in listings and decides which abbreviations are ambiguous.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::base::{Colour, Key};

use super::entry::{
    Effect, INT_MAX, OptionEntry, PANE, SERVER, SESSION, SHORT_MAX, UINT_MAX, WINDOW, byte_cap, choice,
    colour, colours, command, flag, hook, keep, key, memory_limit, number, string, texts,
};
use super::key::OptionKey;

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

/// Makes the table, and a typed key for each of its rows (`opt`). A row of an option ends with `=>` and a
/// sentence about it; those of hooks are in `manual/hooks.txt`.
macro_rules! table {
    ($($key:ident = $make:ident($($argument:tt)*) $(.$more:ident($($value:tt)*))* $(=> $about:literal)?,)*) => {
        /// The position of each row.
        #[allow(dead_code, non_camel_case_types, clippy::upper_case_acronyms)]
        enum Place { $($key),* }

        static TABLE: &[OptionEntry] =
            &[$($make($($argument)*)$(.$more($($value)*))*$(.about($about))?),*];

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
    BACKSPACE = key("backspace", SERVER, Key::char('\x7f'))
        => "What the terminal's backspace key is taken to be.",
    BUFFER_LIMIT = number("buffer-limit", SERVER, 1, INT_MAX, 50)
        => "How many paste buffers without a name are kept; beyond that the oldest is dropped.",
    COMMAND_ALIAS = texts("command-alias", SERVER, COMMAND_ALIASES, ",")
        => "Names that stand for commands, each as name=command.",
    CODEPOINT_WIDTHS = texts("codepoint-widths", SERVER, "", ",").effect(Effect::CharacterWidths)
        => "Columns that given characters or ranges take, each as character=width.",
    COPY_COMMAND = string("copy-command", SERVER, "")
        => "Shell command that copy-pipe runs when it is given none.",
    CURSOR_COLOUR = colour("cursor-colour", PANE, Colour::None)
        => "Colour of the cursor where the program sets none.",
    CURSOR_STYLE = choice("cursor-style", PANE, CURSOR_STYLES, 0)
        => "Shape of the cursor where the program sets none.",
    DEFAULT_CLIENT_COMMAND = command("default-client-command", SERVER, "new-session")
        => "What runs when the program is started without a command.",
    DEFAULT_TERMINAL = string("default-terminal", SERVER, "tmux-256color")
        => "TERM for programs in new panes.",
    EDITOR = string("editor", SERVER, "/usr/bin/vi")
        => "Program that edits paste buffers.",
    ESCAPE_TIME = number("escape-time", SERVER, 0, INT_MAX, 10).unit("milliseconds")
        => "How long to wait after Escape for the rest of a key that the terminal sends in pieces.",
    EXIT_EMPTY = flag("exit-empty", SERVER, true)
        => "End the server when its last session is gone.",
    EXIT_UNATTACHED = flag("exit-unattached", SERVER, false)
        => "End the server when its last client has left.",
    EXTENDED_KEYS = choice("extended-keys", SERVER, &["off", "on", "always"], 0)
        => "Whether programs may ask for keys with modifiers that plain terminals cannot tell apart.",
    EXTENDED_KEYS_FORMAT = choice("extended-keys-format", SERVER, &["csi-u", "xterm", "kitty"], 1)
        => "How such keys are written to programs that asked for them; kitty also has programs and terminals use kitty's keyboard protocol.",
    FOCUS_EVENTS = flag("focus-events", SERVER, false)
        => "Tell programs that ask for it when their pane gains or loses focus.",
    GET_CLIPBOARD = choice("get-clipboard", SERVER, &["off", "buffer", "request", "both"], 1)
        => "What to do when a program asks what the clipboard holds.",
    HISTORY_FILE = string("history-file", SERVER, "")
        => "File that keeps what was entered at prompts; empty for none.",
    INPUT_BUFFER_SIZE = number("input-buffer-size", SERVER, 1048576, UINT_MAX, 1048576)
        => "Longest escape sequence that a program may send.",
    MENU_STYLE = string("menu-style", WINDOW, "default").style()
        => "Style of menus.",
    MENU_SELECTED_STYLE = string("menu-selected-style", WINDOW, "bg=yellow,fg=black").style()
        => "Style of the item that is chosen in a menu.",
    MENU_BORDER_STYLE = string("menu-border-style", WINDOW, "default").style()
        => "Style of the border of menus.",
    MENU_BORDER_LINES = choice("menu-border-lines", WINDOW, &[
        "single", "double", "heavy", "simple", "rounded", "padded", "none",
    ], 0)
        => "Lines that menu borders are made of.",
    MESSAGE_LIMIT = number("message-limit", SERVER, 0, INT_MAX, 1000)
        => "How many messages show-messages remembers for each server.",
    PREFIX_TIMEOUT = number("prefix-timeout", SERVER, 0, INT_MAX, 0).unit("milliseconds")
        => "How long a prefix key waits for the key after it; 0 waits for ever.",
    PROMPT_HISTORY_LIMIT = number("prompt-history-limit", SERVER, 0, INT_MAX, 100)
        => "How many lines each kind of prompt remembers.",
    SET_CLIPBOARD = choice("set-clipboard", SERVER, &["off", "external", "on"], 1)
        => "Whether copied text goes to the terminal's clipboard, and whether programs may set it.",
    TERMINAL_OVERRIDES = texts("terminal-overrides", SERVER, "linux*:AX@", ",")
        => "Capabilities that differ from what terminfo says, for terminals whose name fits.",
    TERMINAL_FEATURES = texts("terminal-features", SERVER, "xterm*:clipboard:ccolour:cstyle:focus:title,screen*:title,rxvt*:ignorefkeys", ",")
        => "Features that terminals have, for those whose name fits.",
    USER_KEYS = texts("user-keys", SERVER, "", ",")
        => "Escape sequences that are keys of their own: User0, User1 and so on.",
    VARIATION_SELECTOR_ALWAYS_WIDE = flag("variation-selector-always-wide", SERVER, true).effect(Effect::CharacterWidths)
        => "Characters followed by variation selector 16 take two columns.",
    ACTIVITY_ACTION = choice("activity-action", SESSION, &["none", "any", "current", "other"], 3)
        => "Which windows an activity alert is shown for.",
    ASSUME_PASTE_TIME = number("assume-paste-time", SESSION, 0, INT_MAX, 1).unit("milliseconds")
        => "Keys that come faster than this are taken as pasted, and bindings are not tried.",
    BASE_INDEX = number("base-index", SESSION, 0, INT_MAX, 0)
        => "Number given to the first window of a session.",
    BELL_ACTION = choice("bell-action", SESSION, &["none", "any", "current", "other"], 1)
        => "Which windows a bell is passed on for.",
    DEFAULT_COMMAND = string("default-command", SESSION, "")
        => "Shell command for new panes; empty starts a login shell.",
    DEFAULT_SHELL = string("default-shell", SESSION, "/bin/sh")
        => "Shell for new panes.",
    DEFAULT_SIZE = string("default-size", SESSION, "80x24").pattern("[0-9]*x[0-9]*")
        => "Size of windows in sessions that no client is attached to.",
    DESTROY_UNATTACHED = choice("destroy-unattached", SESSION, &["off", "on", "keep-last", "keep-group"], 0)
        => "What becomes of a session when its last client leaves.",
    DETACH_ON_DESTROY = choice("detach-on-destroy", SESSION, &["off", "on", "no-detached", "previous", "next"], 1)
        => "What a client does when its session is destroyed.",
    DISPLAY_PANES_ACTIVE_COLOUR = colour("display-panes-active-colour", SESSION, Colour::Basic(1))
        => "What colour display-panes gives the active pane's number.",
    DISPLAY_PANES_COLOUR = colour("display-panes-colour", SESSION, Colour::Basic(4))
        => "What colour display-panes gives the other panes' numbers.",
    DISPLAY_PANES_TIME = number("display-panes-time", SESSION, 1, INT_MAX, 1000).unit("milliseconds")
        => "How long display-panes shows its numbers.",
    DISPLAY_TIME = number("display-time", SESSION, 0, INT_MAX, 750).unit("milliseconds")
        => "How long messages stay; 0 until a key is pressed.",
    FOCUS_FOLLOWS_MOUSE = flag("focus-follows-mouse", SESSION, false)
        => "The pane under the mouse becomes the active one.",
    HISTORY_LIMIT = byte_cap("history-limit", SESSION, "2000").unit("lines").effect(Effect::HistoryLimit)
        => "How much history a pane keeps: bytes on disk such as 64M, or a number of lines.",
    INITIAL_REPEAT_TIME = number("initial-repeat-time", SESSION, 0, 2000000, 0).unit("milliseconds")
        => "How long the first press of a repeatable key waits for the next; 0 as long as repeat-time.",
    KEY_TABLE = string("key-table", SESSION, "root").effect(Effect::KeyTable)
        => "Key table that is looked at first.",
    LOCK_AFTER_TIME = number("lock-after-time", SESSION, 0, INT_MAX, 0).unit("seconds")
        => "Lock after so long without a key; 0 never.",
    LOCK_COMMAND = string("lock-command", SESSION, "lock -np")
        => "What locks a client: a shell command.",
    MESSAGE_COMMAND_STYLE = string("message-command-style", SESSION, "bg=black,fg=yellow,fill=black").style()
        => "Style of the command prompt in vi command mode.",
    MESSAGE_FORMAT = string("message-format", SESSION, "#[#{?#{command_prompt},#{E:message-command-style},#{E:message-style}}]#{message}")
        => "How messages are shown.",
    MESSAGE_LINE = choice("message-line", SESSION, &["0", "1", "2", "3", "4"], 0)
        => "Status line that messages and prompts appear on, from 0.",
    MESSAGE_STYLE = string("message-style", SESSION, "bg=yellow,fg=black,fill=yellow").style()
        => "Style of messages and of the command prompt.",
    MOUSE = flag("mouse", SESSION, false)
        => "Take mouse events, and bind keys to them.",
    PREFIX = key("prefix", SESSION, Key::ctrl('b'))
        => "Key that begins a binding of the prefix table.",
    PREFIX2 = key("prefix2", SESSION, Key::NONE)
        => "Another prefix key.",
    RENUMBER_WINDOWS = flag("renumber-windows", SESSION, false)
        => "Close gaps in window numbers when a window is closed.",
    REPEAT_TIME = number("repeat-time", SESSION, 0, 2000000, 500).unit("milliseconds")
        => "How long a repeatable key may be pressed again without the prefix.",
    SET_TITLES = flag("set-titles", SESSION, false)
        => "Set the title of the client's terminal.",
    SET_TITLES_STRING = string("set-titles-string", SESSION, "#S:#I:#W - \"#T\" #{session_alerts}")
        => "The title that set-titles sets.",
    SILENCE_ACTION = choice("silence-action", SESSION, &["none", "any", "current", "other"], 3)
        => "Which windows a silence alert is shown for.",
    STATUS = choice("status", SESSION, &["off", "on", "2", "3", "4", "5"], 1).effect(Effect::StatusTime)
        => "Rows that the status line takes, or off.",
    STATUS_BG = colour("status-bg", SESSION, Colour::Default)
        => "Background of the status line; status-style is the newer way.",
    STATUS_FG = colour("status-fg", SESSION, Colour::Default)
        => "Foreground of the status line; status-style is the newer way.",
    STATUS_FORMAT = texts("status-format", SESSION, "", " ,").defaults(STATUS_FORMATS)
        => "What each row of the status line shows.",
    STATUS_INTERVAL = number("status-interval", SESSION, 0, INT_MAX, 15).unit("seconds").effect(Effect::StatusTime)
        => "Redraw the status line this often; 0 only when something changes.",
    STATUS_JUSTIFY = choice("status-justify", SESSION, &["left", "centre", "right", "absolute-centre"], 0)
        => "Where the window list stands in the status line.",
    STATUS_KEYS = choice("status-keys", SESSION, &["emacs", "vi"], 0)
        => "Keys of the command prompt.",
    STATUS_LEFT = string("status-left", SESSION, "[#{session_name}] ")
        => "What stands at the left of the status line.",
    STATUS_LEFT_LENGTH = number("status-left-length", SESSION, 0, SHORT_MAX, 10)
        => "Columns that the left part may take.",
    STATUS_LEFT_STYLE = string("status-left-style", SESSION, "default").style()
        => "Style of the left part.",
    STATUS_POSITION = choice("status-position", SESSION, &["top", "bottom"], 1)
        => "Whether the status line is above or below the window.",
    STATUS_RIGHT = string("status-right", SESSION, concat!(
        "#{?window_bigger,[#{window_offset_x}#,#{window_offset_y}] ,}\"#",
        "{=21:pane_title}\" %H:%M %d-%b-%y",
    ))
        => "What stands at the right of the status line.",
    STATUS_RIGHT_LENGTH = number("status-right-length", SESSION, 0, SHORT_MAX, 40)
        => "Columns that the right part may take.",
    STATUS_RIGHT_STYLE = string("status-right-style", SESSION, "default").style()
        => "Style of the right part.",
    STATUS_STYLE = string("status-style", SESSION, "bg=green,fg=black").style()
        => "How the status line looks.",
    PANE_STATUS_CURRENT_STYLE = string("pane-status-current-style", WINDOW, "default").style()
        => "Style of the active pane in the status line's list of panes.",
    PANE_STATUS_STYLE = string("pane-status-style", WINDOW, "default").style()
        => "Style of the other panes in the status line's list of panes.",
    PROMPT_CURSOR_COLOUR = colour("prompt-cursor-colour", SESSION, Colour::None)
        => "Cursor colour while a prompt is open.",
    PROMPT_CURSOR_STYLE = choice("prompt-cursor-style", SESSION, CURSOR_STYLES, 0)
        => "Cursor shape while a prompt is open.",
    PROMPT_COMMAND_CURSOR_STYLE = choice("prompt-command-cursor-style", SESSION, CURSOR_STYLES, 0)
        => "Cursor shape while a prompt is in vi command mode.",
    SESSION_STATUS_CURRENT_STYLE = string("session-status-current-style", WINDOW, "default").style()
        => "Style of the current session in the status line's list of sessions.",
    SESSION_STATUS_STYLE = string("session-status-style", WINDOW, "default").style()
        => "Style of the other sessions in the status line's list of sessions.",
    UPDATE_ENVIRONMENT = texts("update-environment", SESSION, concat!(
        "DISPLAY KRB5CCNAME MSYSTEM SSH_ASKPASS SSH_AUTH_SOCK SSH_AGENT_PID SSH_CONNECTION ",
        "WAYLAND_DISPLAY WINDOWID XAUTHORITY XDG_CURRENT_DESKTOP XDG_SESSION_DESKTOP ",
        "XDG_SESSION_TYPE",
    ), " ,")
        => "Variables that a session takes over from the client that creates or attaches to it.",
    VISUAL_ACTIVITY = choice("visual-activity", SESSION, &["off", "on", "both"], 0)
        => "Show activity as a message, a bell or both.",
    VISUAL_BELL = choice("visual-bell", SESSION, &["off", "on", "both"], 0)
        => "Show a bell as a message, a bell or both.",
    VISUAL_SILENCE = choice("visual-silence", SESSION, &["off", "on", "both"], 0)
        => "Show silence as a message, a bell or both.",
    WORD_SEPARATORS = string("word-separators", SESSION, "!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~")
        => "Characters that end a word when copying.",
    AGGRESSIVE_RESIZE = flag("aggressive-resize", WINDOW, false)
        => "Size a window by those clients only that look at it now.",
    ALLOW_PASSTHROUGH = choice("allow-passthrough", PANE, &["off", "on", "all"], 0)
        => "Let programs write to the terminal around the server.",
    ALLOW_RENAME = flag("allow-rename", PANE, false)
        => "Let programs name their window by an escape sequence.",
    ALLOW_SET_TITLE = flag("allow-set-title", PANE, true)
        => "Let programs set the title of their pane by an escape sequence.",
    ALTERNATE_SCREEN = flag("alternate-screen", PANE, true)
        => "Let programs use the alternate screen.",
    AUTOMATIC_RENAME = flag("automatic-rename", WINDOW, true).effect(Effect::Names)
        => "Name the window after what runs in it.",
    AUTOMATIC_RENAME_FORMAT = string("automatic-rename-format", WINDOW, "#{?pane_in_mode,[tmux],#{pane_current_command}}#{?pane_dead,[dead],}")
        => "The name that automatic-rename gives.",
    CLOCK_MODE_COLOUR = colour("clock-mode-colour", WINDOW, Colour::Basic(4))
        => "Colour of the clock.",
    CLOCK_MODE_STYLE = choice("clock-mode-style", WINDOW, &["12", "24", "12-with-seconds", "24-with-seconds"], 1)
        => "Hours and seconds that the clock shows.",
    COPY_MODE_MATCH_STYLE = string("copy-mode-match-style", WINDOW, "bg=cyan,fg=black").style()
        => "Style of matches of a search.",
    COPY_MODE_CURRENT_MATCH_STYLE = string("copy-mode-current-match-style", WINDOW, "bg=magenta,fg=black").style()
        => "Style of the match under the cursor.",
    COPY_MODE_MARK_STYLE = string("copy-mode-mark-style", WINDOW, "bg=red,fg=black").style()
        => "Style of the line that holds the mark.",
    COPY_MODE_POSITION_FORMAT = string("copy-mode-position-format", PANE, concat!(
        "#[align=right]#{t/p:top_line_time}#{?#{e|>:#{top_line_time},0}, ,}[#",
        "{copy_position}/#{copy_position_limit}]#{?search_timed_out, (timed out),#",
        "{?search_count, (#{search_count}#{?search_count_partial,+,} results),}}",
    ))
        => "What the position indicator shows.",
    COPY_MODE_POSITION_STYLE = string("copy-mode-position-style", WINDOW, "#{E:mode-style}").style()
        => "Style of the position indicator.",
    COPY_MODE_SELECTION_STYLE = string("copy-mode-selection-style", WINDOW, "#{E:mode-style}").style()
        => "Style of selected text.",
    COPY_MODE_CURRENT_LINE_NUMBER_STYLE = string("copy-mode-current-line-number-style", WINDOW, "fg=yellow").style()
        => "Style of the number of the cursor's line.",
    COPY_MODE_LINE_NUMBER_STYLE = string("copy-mode-line-number-style", WINDOW, "fg=white,dim").style()
        => "Style of the numbers of other lines.",
    COPY_MODE_LINE_NUMBERS = choice("copy-mode-line-numbers", WINDOW, &["off", "default", "absolute", "relative", "hybrid"], 0)
        => "Whether lines are numbered, and counted from where.",
    FILL_CHARACTER = string("fill-character", WINDOW, "")
        => "Character shown where a client is larger than the window.",
    MAIN_PANE_HEIGHT = string("main-pane-height", WINDOW, "24")
        => "Rows of the main pane in layouts that have one above or below.",
    MAIN_PANE_WIDTH = string("main-pane-width", WINDOW, "80")
        => "Columns of the main pane in layouts that have one at a side.",
    MODE_KEYS = choice("mode-keys", WINDOW, &["emacs", "vi"], 0)
        => "Keys of copy mode and choosers.",
    MODE_STYLE = string("mode-style", WINDOW, "noattr,bg=yellow,fg=black").style()
        => "Style of the chosen line in modes.",
    MONITOR_ACTIVITY = flag("monitor-activity", WINDOW, false)
        => "Raise an alert when something is printed in the window.",
    MONITOR_BELL = flag("monitor-bell", WINDOW, true)
        => "Raise an alert when a bell rings in the window.",
    MONITOR_SILENCE = number("monitor-silence", WINDOW, 0, INT_MAX, 0).effect(Effect::Silence)
        => "Raise an alert after so long without output; 0 never.",
    OTHER_PANE_HEIGHT = string("other-pane-height", WINDOW, "0")
        => "Rows of the other panes in layouts that have a main pane above or below; 0 for what is left.",
    OTHER_PANE_WIDTH = string("other-pane-width", WINDOW, "0")
        => "Columns of the other panes in layouts that have a main pane at a side; 0 for what is left.",
    PANE_ACTIVE_BORDER_STYLE = string("pane-active-border-style", PANE, "#{?pane_in_mode,fg=yellow,#{?synchronize-panes,fg=red,fg=green}}").style()
        => "Style of the border of the active pane.",
    PANE_BASE_INDEX = number("pane-base-index", WINDOW, 0, 65535, 0)
        => "Number given to the first pane of a window.",
    PANE_BORDER_FORMAT = string("pane-border-format", PANE, concat!(
        "#{?pane_active,#[reverse],}#{pane_index}#[default] \"#{pane_title}\"#{?#{mouse},#[",
        "align=right]#[range=control|8][#{?#{window_zoomed_flag},u,z}]#[norange]#[",
        "range=control|9][x]#[norange],}",
    ))
        => "What the status line in a pane's border shows.",
    PANE_BORDER_INDICATORS = choice("pane-border-indicators", WINDOW, &["off", "colour", "arrows", "both"], 1)
        => "How borders point at the active pane.",
    PANE_BORDER_LINES = choice("pane-border-lines", WINDOW, &[
        "single", "double", "heavy", "simple", "number", "spaces",
    ], 0)
        => "Lines that pane borders are made of.",
    PANE_BORDER_STATUS = choice("pane-border-status", WINDOW, &["off", "top", "bottom"], 0).effect(Effect::PaneSizes)
        => "Whether panes have a status line in their border, and where.",
    PANE_BORDER_STYLE = string("pane-border-style", PANE, "default").style()
        => "Style of the borders of other panes.",
    PANE_COLOURS = colours("pane-colours", PANE, " ,")
        => "The palette that a pane begins with.",
    PANE_SCROLLBARS = choice("pane-scrollbars", WINDOW, &["off", "modal", "on"], 0).effect(Effect::PaneSizes)
        => "Whether panes have scrollbars: always, only in a mode, or never.",
    PANE_SCROLLBARS_STYLE = string("pane-scrollbars-style", PANE, "bg=black,fg=white,width=1,pad=0").style().effect(Effect::PaneSizes)
        => "Style, width and padding of scrollbars.",
    PANE_SCROLLBARS_POSITION = choice("pane-scrollbars-position", WINDOW, &["right", "left"], 0).effect(Effect::PaneSizes)
        => "Side of the pane that scrollbars are on.",
    POPUP_STYLE = string("popup-style", WINDOW, "default").style()
        => "Style of popups.",
    POPUP_BORDER_STYLE = string("popup-border-style", WINDOW, "default").style()
        => "Style of the border of popups.",
    POPUP_BORDER_LINES = choice("popup-border-lines", WINDOW, &[
        "single", "double", "heavy", "simple", "rounded", "padded", "none",
    ], 0)
        => "Lines that popup borders are made of.",
    REMAIN_ON_EXIT = choice("remain-on-exit", PANE, &["off", "on", "failed", "key"], 0)
        => "Keep a pane when its program ends.",
    REMAIN_ON_EXIT_FORMAT = string("remain-on-exit-format", PANE, concat!(
        "Pane is dead (#{?#{!=:#{pane_dead_status},},status #{pane_dead_status},}#{?#{!=:",
        "#{pane_dead_signal},},signal #{pane_dead_signal},}, #{t:pane_dead_time})",
    ))
        => "What such a pane shows at its foot.",
    SCROLL_ON_CLEAR = flag("scroll-on-clear", PANE, true)
        => "Move the screen to the history when a program clears it.",
    SYNCHRONIZE_PANES = flag("synchronize-panes", PANE, false)
        => "Send what is typed to all panes of the window that have this set.",
    TILED_LAYOUT_MAX_COLUMNS = number("tiled-layout-max-columns", WINDOW, 0, 65535, 0)
        => "Most columns that the tiled layout makes; 0 for no limit.",
    TREE_MODE_PREVIEW_FORMAT = string("tree-mode-preview-format", PANE, "#{?pane_format,#{pane_index}:#{pane_title},#{window_index}:#{window_name}}")
        => "Label of each preview of a chooser.",
    TREE_MODE_PREVIEW_STYLE = string("tree-mode-preview-style", WINDOW, concat!(
        "fg=#{?#{||:#{&&:#{pane_format},#{pane_active}},#{&&:#{window_format},#",
        "{window_active}}},#{display-panes-active-colour},#{display-panes-colour}}",
    )).style()
        => "Style of the labels of a chooser's previews.",
    WINDOW_ACTIVE_STYLE = string("window-active-style", PANE, "default").style().effect(Effect::PaneStyles)
        => "Style that the active pane begins with.",
    WINDOW_PANE_CURRENT_STATUS_FORMAT = string("window-pane-current-status-format", WINDOW, "#P:[#T]#{?pane_flags,#{pane_flags}, }")
        => "The active pane in the status line's list of panes.",
    WINDOW_PANE_STATUS_FORMAT = string("window-pane-status-format", WINDOW, "#P:[#T]#{?pane_flags,#{pane_flags}, }")
        => "The other panes in the status line's list of panes.",
    WINDOW_SIZE = choice("window-size", WINDOW, &["largest", "smallest", "manual", "latest"], 3)
        => "Which client a window takes its size from.",
    WINDOW_STYLE = string("window-style", PANE, "default").style().effect(Effect::PaneStyles)
        => "Style that panes begin with.",
    WINDOW_STATUS_ACTIVITY_STYLE = string("window-status-activity-style", WINDOW, "reverse").style()
        => "Style of windows in the status line that had activity.",
    WINDOW_STATUS_BELL_STYLE = string("window-status-bell-style", WINDOW, "reverse").style()
        => "Style of windows in the status line that rang the bell.",
    WINDOW_STATUS_CURRENT_FORMAT = string("window-status-current-format", WINDOW, "#I:#W#{?window_flags,#{window_flags}, }")
        => "How the status line names the current window.",
    WINDOW_STATUS_CURRENT_STYLE = string("window-status-current-style", WINDOW, "default").style()
        => "How the current window looks in the status line.",
    WINDOW_STATUS_FORMAT = string("window-status-format", WINDOW, "#I:#W#{?window_flags,#{window_flags}, }")
        => "How the status line names the other windows.",
    WINDOW_STATUS_LAST_STYLE = string("window-status-last-style", WINDOW, "default").style()
        => "How the window that was current before looks in the status line.",
    WINDOW_STATUS_SEPARATOR = string("window-status-separator", WINDOW, " ")
        => "What stands between windows in the status line.",
    WINDOW_STATUS_STYLE = string("window-status-style", WINDOW, "default").style()
        => "Style of the other windows in the status line.",
    WRAP_SEARCH = flag("wrap-search", WINDOW, true)
        => "Searches continue from the other end.",
    XTERM_KEYS = flag("xterm-keys", WINDOW, true)
        => "Has no effect: keys are always sent as xterm does.",
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
    HISTORY_DIRECTORY = string("history-directory", SERVER, "").effect(Effect::Limits).ours()
        => "Directory that history on disk is kept in.",
    HISTORY_DISK = flag("history-disk", PANE, true).effect(Effect::Limits).ours()
        => "Write lines to the disk; off keeps the newest ones in memory only.",
    COPY_MODE_COMMAND_STATUS = flag("copy-mode-command-status", WINDOW, false).ours()
        => "Show the exit status of each command in a column of copy mode, where a shell sets marks.",
    ALTERNATE_HISTORY = choice("alternate-history", PANE, &["off", "scrolled", "frames"], 0).ours()
        => "Keep what full-screen programs draw: lines that scroll off the top, or also what the screen shows.",
    HISTORY_TOTAL_LIMIT = byte_cap("history-total-limit", SERVER, "16G").effect(Effect::Limits).ours()
        => "How many bytes of history all panes may keep together.",
    HISTORY_KEEP = keep("history-keep", SESSION, "0").effect(Effect::Limits).ours()
        => "How long the history of a closed pane is kept.",
    HISTORY_ENCRYPT = flag("history-encrypt", SERVER, false).effect(Effect::Limits).ours()
        => "Encrypt history on disk.",
    RESTORE_SAVE = flag("restore-save", SERVER, true).ours()
        => "Keep sessions on disk for restore-sessions.",
    RESTORE_ON_START = flag("restore-on-start", SERVER, false).ours()
        => "Restore saved sessions when the server starts.",
    RESTORE_PROGRAMS = texts("restore-programs", SERVER, "", " ,").ours()
        => "Programs that restore-sessions starts again; * for all.",
    CONTAINMENT = choice("containment", SERVER, &["auto", "units", "cgroup", "none"], 0).effect(Effect::Limits).ours()
        => "How panes are contained: in scopes of systemd (units), in groups that the server makes (cgroup), in whatever there is (auto), or not at all (none).",
    PANE_MEMORY_MAX = memory_limit("pane-memory-max", PANE, "75%").effect(Effect::Limits).ours()
        => "How much memory the programs of a pane may use.",
    PANE_SWAP_MAX = memory_limit("pane-swap-max", PANE, "0").effect(Effect::Limits).ours()
        => "How much swap the programs of a pane may use.",
    PANE_PIDS_MAX = memory_limit("pane-pids-max", PANE, "10%").effect(Effect::Limits).ours()
        => "How many processes a pane may have.",
    PANE_CPU_WEIGHT = number("pane-cpu-weight", PANE, 1, 10000, 100).effect(Effect::Limits).ours()
        => "Share of the processor that a pane gets.",
    PANE_IO_WEIGHT = number("pane-io-weight", PANE, 1, 10000, 100).effect(Effect::Limits).ours()
        => "Share of the disk that a pane gets.",
    PANE_OOM_POLICY = choice("pane-oom-policy", PANE, &["continue", "pane"], 0).effect(Effect::Limits).ours()
        => "What becomes of a pane when memory ran out in it.",
    PANES_MEMORY_MAX = memory_limit("panes-memory-max", SERVER, "90%").effect(Effect::Limits).ours()
        => "How much memory all panes may use together.",
    MEMORY_BACKSTOP = memory_limit("memory-backstop", SERVER, "4%").effect(Effect::Limits).ours()
        => "When less memory than this is available, a program of the largest pane is ended.",
    PANE_KILL_SCOPE = flag("pane-kill-scope", PANE, false).effect(Effect::Limits).ours()
        => "End everything that a pane began when the pane is closed.",
    NOTIFICATIONS = choice("notifications", PANE, &["off", "visible", "on"], 0).ours()
        => "Which clients are told what programs notify: none, those that show the pane, all of its session.",
    KITTY_GRAPHICS = choice("kitty-graphics", PANE, &["off", "auto", "on"], 1).ours()
        => "Whether programs may show pictures by kitty's protocol: never, where the terminal of a client knows it, or always.",
    ALLOW_CHECKSUM = flag("allow-checksum", PANE, false).ours()
        => "Answer programs that ask for checksums of the screen, which lets them read it.",
    MORE_MODES = flag("more-modes", PANE, false).ours()
        => "Give programs modes that tmux does not have: sizes in band (2048) and widths of clusters (2027).",
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
