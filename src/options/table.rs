//! Every option and hook: name, type, scope, limits and default, in tmux's order, which shows
//! in listings and decides what is ambiguous.

use std::sync::OnceLock;

use crate::base::{Colour, Key};

bitflags::bitflags! {
    /// Which levels an option lives on. Options of panes live on windows too.
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
    /// A cap in bytes: `64M`, or a number of KiB (see `size::ByteCap`).
    ByteCap,
    /// Bytes or percent of what there is (see `size::MemoryLimit`).
    MemoryLimit,
    /// A length of time: `30s`, `12h`, `7d`, `forever`, `0` (see `size::Keep`).
    Keep,
}

/// The value an option starts with.
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

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OptionEntry {
    pub name: &'static str,
    pub kind: Kind,
    pub scope: Scope,
    pub initial: Initial,
    /// Values are kept by index; a string is split at any of these characters, or taken whole
    /// if there are none.
    pub array: Option<&'static str>,
    pub is_hook: bool,
    /// Strings must be styles; `-a` appends with a comma.
    pub is_style: bool,
    /// Strings must match this glob.
    pub pattern: Option<&'static str>,
    pub unit: Option<&'static str>,
    /// Not one of tmux's: matched by full name only, and not in whole listings.
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
            ours: false,
        }
    }

    const fn array(self, separators: &'static str) -> Self {
        OptionEntry { array: Some(separators), ..self }
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

    const fn ours(self) -> Self {
        OptionEntry { ours: true, ..self }
    }

    /// Whether values are kept and printed as strings.
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

const fn size(name: &'static str, scope: Scope, kind: Kind, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, kind, Initial::Text(initial))
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

/// The default of `command-alias`, which a client knows too.
pub const COMMAND_ALIASES: &str = concat!(
    "split-pane=split-window,splitp=split-window,server-info=show-messages -JT,",
    "info=show-messages -JT,choose-window=choose-tree -w,",
    "choose-session=choose-tree -s",
);

/// All options, then all hooks, in tmux's order; ours at the end.
#[rustfmt::skip]
static TABLE: &[OptionEntry] = {
    &[
        key("backspace", SERVER, Key::char('\x7f')),
        number("buffer-limit", SERVER, 1, INT_MAX, 50),
        string("command-alias", SERVER, COMMAND_ALIASES).array(","),
        string("codepoint-widths", SERVER, "").array(","),
        string("copy-command", SERVER, ""),
        colour("cursor-colour", PANE, Colour::None),
        choice("cursor-style", PANE, CURSOR_STYLES, 0),
        command("default-client-command", SERVER, "new-session"),
        string("default-terminal", SERVER, "tmux-256color"),
        string("editor", SERVER, "/usr/bin/vi"),
        number("escape-time", SERVER, 0, INT_MAX, 10).unit("milliseconds"),
        flag("exit-empty", SERVER, true),
        flag("exit-unattached", SERVER, false),
        choice("extended-keys", SERVER, &["off", "on", "always"], 0),
        choice("extended-keys-format", SERVER, &["csi-u", "xterm", "kitty"], 1),
        flag("focus-events", SERVER, false),
        choice("get-clipboard", SERVER, &["off", "buffer", "request", "both"], 1),
        string("history-file", SERVER, ""),
        number("input-buffer-size", SERVER, 1048576, UINT_MAX, 1048576),
        string("menu-style", WINDOW, "default").style(),
        string("menu-selected-style", WINDOW, "bg=yellow,fg=black").style(),
        string("menu-border-style", WINDOW, "default").style(),
        choice("menu-border-lines", WINDOW, &[
            "single", "double", "heavy", "simple", "rounded", "padded", "none",
        ], 0),
        number("message-limit", SERVER, 0, INT_MAX, 1000),
        number("prefix-timeout", SERVER, 0, INT_MAX, 0).unit("milliseconds"),
        number("prompt-history-limit", SERVER, 0, INT_MAX, 100),
        choice("set-clipboard", SERVER, &["off", "external", "on"], 1),
        string("terminal-overrides", SERVER, "linux*:AX@").array(","),
        string("terminal-features", SERVER, "xterm*:clipboard:ccolour:cstyle:focus:title,screen*:title,rxvt*:ignorefkeys").array(","),
        string("user-keys", SERVER, "").array(","),
        flag("variation-selector-always-wide", SERVER, true),
        choice("activity-action", SESSION, &["none", "any", "current", "other"], 3),
        number("assume-paste-time", SESSION, 0, INT_MAX, 1).unit("milliseconds"),
        number("base-index", SESSION, 0, INT_MAX, 0),
        choice("bell-action", SESSION, &["none", "any", "current", "other"], 1),
        string("default-command", SESSION, ""),
        string("default-shell", SESSION, "/bin/sh"),
        string("default-size", SESSION, "80x24").pattern("[0-9]*x[0-9]*"),
        choice("destroy-unattached", SESSION, &["off", "on", "keep-last", "keep-group"], 0),
        choice("detach-on-destroy", SESSION, &["off", "on", "no-detached", "previous", "next"], 1),
        colour("display-panes-active-colour", SESSION, Colour::Basic(1)),
        colour("display-panes-colour", SESSION, Colour::Basic(4)),
        number("display-panes-time", SESSION, 1, INT_MAX, 1000).unit("milliseconds"),
        number("display-time", SESSION, 0, INT_MAX, 750).unit("milliseconds"),
        flag("focus-follows-mouse", SESSION, false),
        size("history-limit", SESSION, Kind::ByteCap, "2000").unit("lines"),
        number("initial-repeat-time", SESSION, 0, 2000000, 0).unit("milliseconds"),
        string("key-table", SESSION, "root"),
        number("lock-after-time", SESSION, 0, INT_MAX, 0).unit("seconds"),
        string("lock-command", SESSION, "lock -np"),
        string("message-command-style", SESSION, "bg=black,fg=yellow,fill=black").style(),
        string("message-format", SESSION, "#[#{?#{command_prompt},#{E:message-command-style},#{E:message-style}}]#{message}"),
        choice("message-line", SESSION, &["0", "1", "2", "3", "4"], 0),
        string("message-style", SESSION, "bg=yellow,fg=black,fill=yellow").style(),
        flag("mouse", SESSION, false),
        key("prefix", SESSION, Key::ctrl('b')),
        key("prefix2", SESSION, Key::NONE),
        flag("renumber-windows", SESSION, false),
        number("repeat-time", SESSION, 0, 2000000, 500).unit("milliseconds"),
        flag("set-titles", SESSION, false),
        string("set-titles-string", SESSION, "#S:#I:#W - \"#T\" #{session_alerts}"),
        choice("silence-action", SESSION, &["none", "any", "current", "other"], 3),
        choice("status", SESSION, &["off", "on", "2", "3", "4", "5"], 1),
        colour("status-bg", SESSION, Colour::Default),
        colour("status-fg", SESSION, Colour::Default),
        string("status-format", SESSION, "").defaults(STATUS_FORMATS).array(" ,"),
        number("status-interval", SESSION, 0, INT_MAX, 15).unit("seconds"),
        choice("status-justify", SESSION, &["left", "centre", "right", "absolute-centre"], 0),
        choice("status-keys", SESSION, &["emacs", "vi"], 0),
        string("status-left", SESSION, "[#{session_name}] "),
        number("status-left-length", SESSION, 0, SHORT_MAX, 10),
        string("status-left-style", SESSION, "default").style(),
        choice("status-position", SESSION, &["top", "bottom"], 1),
        string("status-right", SESSION, concat!(
            "#{?window_bigger,[#{window_offset_x}#,#{window_offset_y}] ,}\"#",
            "{=21:pane_title}\" %H:%M %d-%b-%y",
        )),
        number("status-right-length", SESSION, 0, SHORT_MAX, 40),
        string("status-right-style", SESSION, "default").style(),
        string("status-style", SESSION, "bg=green,fg=black").style(),
        string("pane-status-current-style", WINDOW, "default").style(),
        string("pane-status-style", WINDOW, "default").style(),
        colour("prompt-cursor-colour", SESSION, Colour::None),
        choice("prompt-cursor-style", SESSION, CURSOR_STYLES, 0),
        choice("prompt-command-cursor-style", SESSION, CURSOR_STYLES, 0),
        string("session-status-current-style", WINDOW, "default").style(),
        string("session-status-style", WINDOW, "default").style(),
        string("update-environment", SESSION, concat!(
            "DISPLAY KRB5CCNAME MSYSTEM SSH_ASKPASS SSH_AUTH_SOCK SSH_AGENT_PID SSH_CONNECTION ",
            "WAYLAND_DISPLAY WINDOWID XAUTHORITY XDG_CURRENT_DESKTOP XDG_SESSION_DESKTOP ",
            "XDG_SESSION_TYPE",
        )).array(" ,"),
        choice("visual-activity", SESSION, &["off", "on", "both"], 0),
        choice("visual-bell", SESSION, &["off", "on", "both"], 0),
        choice("visual-silence", SESSION, &["off", "on", "both"], 0),
        string("word-separators", SESSION, "!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~"),
        flag("aggressive-resize", WINDOW, false),
        choice("allow-passthrough", PANE, &["off", "on", "all"], 0),
        flag("allow-rename", PANE, false),
        flag("allow-set-title", PANE, true),
        flag("alternate-screen", PANE, true),
        flag("automatic-rename", WINDOW, true),
        string("automatic-rename-format", WINDOW, "#{?pane_in_mode,[tmux],#{pane_current_command}}#{?pane_dead,[dead],}"),
        colour("clock-mode-colour", WINDOW, Colour::Basic(4)),
        choice("clock-mode-style", WINDOW, &["12", "24", "12-with-seconds", "24-with-seconds"], 1),
        string("copy-mode-match-style", WINDOW, "bg=cyan,fg=black").style(),
        string("copy-mode-current-match-style", WINDOW, "bg=magenta,fg=black").style(),
        string("copy-mode-mark-style", WINDOW, "bg=red,fg=black").style(),
        string("copy-mode-position-format", PANE, concat!(
            "#[align=right]#{t/p:top_line_time}#{?#{e|>:#{top_line_time},0}, ,}[#",
            "{copy_position}/#{copy_position_limit}]#{?search_timed_out, (timed out),#",
            "{?search_count, (#{search_count}#{?search_count_partial,+,} results),}}",
        )),
        string("copy-mode-position-style", WINDOW, "#{E:mode-style}").style(),
        string("copy-mode-selection-style", WINDOW, "#{E:mode-style}").style(),
        string("copy-mode-current-line-number-style", WINDOW, "fg=yellow").style(),
        string("copy-mode-line-number-style", WINDOW, "fg=white,dim").style(),
        choice("copy-mode-line-numbers", WINDOW, &["off", "default", "absolute", "relative", "hybrid"], 0),
        string("fill-character", WINDOW, ""),
        string("main-pane-height", WINDOW, "24"),
        string("main-pane-width", WINDOW, "80"),
        choice("mode-keys", WINDOW, &["emacs", "vi"], 0),
        string("mode-style", WINDOW, "noattr,bg=yellow,fg=black").style(),
        flag("monitor-activity", WINDOW, false),
        flag("monitor-bell", WINDOW, true),
        number("monitor-silence", WINDOW, 0, INT_MAX, 0),
        string("other-pane-height", WINDOW, "0"),
        string("other-pane-width", WINDOW, "0"),
        string("pane-active-border-style", PANE, "#{?pane_in_mode,fg=yellow,#{?synchronize-panes,fg=red,fg=green}}").style(),
        number("pane-base-index", WINDOW, 0, 65535, 0),
        string("pane-border-format", PANE, concat!(
            "#{?pane_active,#[reverse],}#{pane_index}#[default] \"#{pane_title}\"#{?#{mouse},#[",
            "align=right]#[range=control|8][#{?#{window_zoomed_flag},u,z}]#[norange]#[",
            "range=control|9][x]#[norange],}",
        )),
        choice("pane-border-indicators", WINDOW, &["off", "colour", "arrows", "both"], 1),
        choice("pane-border-lines", WINDOW, &[
            "single", "double", "heavy", "simple", "number", "spaces",
        ], 0),
        choice("pane-border-status", WINDOW, &["off", "top", "bottom"], 0),
        string("pane-border-style", PANE, "default").style(),
        colour("pane-colours", PANE, Colour::None).array(" ,"),
        choice("pane-scrollbars", WINDOW, &["off", "modal", "on"], 0),
        string("pane-scrollbars-style", PANE, "bg=black,fg=white,width=1,pad=0").style(),
        choice("pane-scrollbars-position", WINDOW, &["right", "left"], 0),
        string("popup-style", WINDOW, "default").style(),
        string("popup-border-style", WINDOW, "default").style(),
        choice("popup-border-lines", WINDOW, &[
            "single", "double", "heavy", "simple", "rounded", "padded", "none",
        ], 0),
        choice("remain-on-exit", PANE, &["off", "on", "failed", "key"], 0),
        string("remain-on-exit-format", PANE, concat!(
            "Pane is dead (#{?#{!=:#{pane_dead_status},},status #{pane_dead_status},}#{?#{!=:",
            "#{pane_dead_signal},},signal #{pane_dead_signal},}, #{t:pane_dead_time})",
        )),
        flag("scroll-on-clear", PANE, true),
        flag("synchronize-panes", PANE, false),
        number("tiled-layout-max-columns", WINDOW, 0, 65535, 0),
        string("tree-mode-preview-format", PANE, "#{?pane_format,#{pane_index}:#{pane_title},#{window_index}:#{window_name}}"),
        string("tree-mode-preview-style", WINDOW, concat!(
            "fg=#{?#{||:#{&&:#{pane_format},#{pane_active}},#{&&:#{window_format},#",
            "{window_active}}},#{display-panes-active-colour},#{display-panes-colour}}",
        )).style(),
        string("window-active-style", PANE, "default").style(),
        string("window-pane-current-status-format", WINDOW, "#P:[#T]#{?pane_flags,#{pane_flags}, }"),
        string("window-pane-status-format", WINDOW, "#P:[#T]#{?pane_flags,#{pane_flags}, }"),
        choice("window-size", WINDOW, &["largest", "smallest", "manual", "latest"], 3),
        string("window-style", PANE, "default").style(),
        string("window-status-activity-style", WINDOW, "reverse").style(),
        string("window-status-bell-style", WINDOW, "reverse").style(),
        string("window-status-current-format", WINDOW, "#I:#W#{?window_flags,#{window_flags}, }"),
        string("window-status-current-style", WINDOW, "default").style(),
        string("window-status-format", WINDOW, "#I:#W#{?window_flags,#{window_flags}, }"),
        string("window-status-last-style", WINDOW, "default").style(),
        string("window-status-separator", WINDOW, " "),
        string("window-status-style", WINDOW, "default").style(),
        flag("wrap-search", WINDOW, true),
        flag("xterm-keys", WINDOW, true),
        hook("after-bind-key", SESSION),
        hook("after-capture-pane", SESSION),
        hook("after-copy-mode", SESSION),
        hook("after-display-message", SESSION),
        hook("after-display-panes", SESSION),
        hook("after-kill-pane", SESSION),
        hook("after-list-buffers", SESSION),
        hook("after-list-clients", SESSION),
        hook("after-list-keys", SESSION),
        hook("after-list-panes", SESSION),
        hook("after-list-sessions", SESSION),
        hook("after-list-windows", SESSION),
        hook("after-load-buffer", SESSION),
        hook("after-lock-server", SESSION),
        hook("after-new-session", SESSION),
        hook("after-new-window", SESSION),
        hook("after-paste-buffer", SESSION),
        hook("after-pipe-pane", SESSION),
        hook("after-queue", SESSION),
        hook("after-refresh-client", SESSION),
        hook("after-rename-session", SESSION),
        hook("after-rename-window", SESSION),
        hook("after-resize-pane", SESSION),
        hook("after-resize-window", SESSION),
        hook("after-save-buffer", SESSION),
        hook("after-select-layout", SESSION),
        hook("after-select-pane", SESSION),
        hook("after-select-window", SESSION),
        hook("after-send-keys", SESSION),
        hook("after-set-buffer", SESSION),
        hook("after-set-environment", SESSION),
        hook("after-set-hook", SESSION),
        hook("after-set-option", SESSION),
        hook("after-show-environment", SESSION),
        hook("after-show-messages", SESSION),
        hook("after-show-options", SESSION),
        hook("after-split-window", SESSION),
        hook("after-unbind-key", SESSION),
        hook("alert-activity", SESSION),
        hook("alert-bell", SESSION),
        hook("alert-silence", SESSION),
        hook("client-active", SESSION),
        hook("client-attached", SESSION),
        hook("client-detached", SESSION),
        hook("client-focus-in", SESSION),
        hook("client-focus-out", SESSION),
        hook("client-resized", SESSION),
        hook("client-session-changed", SESSION),
        hook("client-light-theme", SESSION),
        hook("client-dark-theme", SESSION),
        hook("command-error", SESSION),
        hook("pane-died", PANE),
        hook("pane-exited", PANE),
        hook("pane-focus-in", PANE),
        hook("pane-focus-out", PANE),
        hook("pane-mode-changed", PANE),
        hook("pane-set-clipboard", PANE),
        hook("pane-title-changed", PANE),
        hook("session-closed", SESSION),
        hook("session-created", SESSION),
        hook("session-renamed", SESSION),
        hook("session-window-changed", SESSION),
        hook("window-layout-changed", WINDOW),
        hook("window-linked", SESSION),
        hook("window-pane-changed", WINDOW),
        hook("window-renamed", WINDOW),
        hook("window-resized", WINDOW),
        hook("window-unlinked", SESSION),

        // Ours.
        string("history-directory", SERVER, "").ours(),
        flag("history-disk", PANE, true).ours(),
        flag("copy-mode-command-status", WINDOW, false).ours(),
        choice("alternate-history", PANE, &["off", "scrolled", "frames"], 0).ours(),
        size("history-total-limit", SERVER, Kind::ByteCap, "16G").ours(),
        size("history-keep", SESSION, Kind::Keep, "0").ours(),
        flag("history-encrypt", SERVER, false).ours(),
        flag("restore-save", SERVER, true).ours(),
        flag("restore-on-start", SERVER, false).ours(),
        string("restore-programs", SERVER, "").array(" ,").ours(),
        choice("containment", SERVER, &["auto", "units", "cgroup", "none"], 0).ours(),
        size("pane-memory-max", PANE, Kind::MemoryLimit, "75%").ours(),
        size("pane-swap-max", PANE, Kind::MemoryLimit, "0").ours(),
        size("pane-pids-max", PANE, Kind::MemoryLimit, "10%").ours(),
        number("pane-cpu-weight", PANE, 1, 10000, 100).ours(),
        number("pane-io-weight", PANE, 1, 10000, 100).ours(),
        choice("pane-oom-policy", PANE, &["continue", "pane"], 0).ours(),
        size("panes-memory-max", SERVER, Kind::MemoryLimit, "90%").ours(),
        size("memory-backstop", SERVER, Kind::MemoryLimit, "4%").ours(),
        flag("pane-kill-scope", PANE, false).ours(),
        choice("notifications", PANE, &["off", "visible", "on"], 0).ours(),
        choice("kitty-graphics", PANE, &["off", "auto", "on"], 1).ours(),
        flag("allow-checksum", PANE, false).ours(),
        flag("more-modes", PANE, false).ours(),
        hook("pane-notification", PANE).ours(),
        hook("pane-oom", PANE).ours(),

        // Of tmux's main branch; hidden as ours are.
        hook("after-swap-window", SESSION).ours(),
        hook("client-closed", SESSION).ours(),
        hook("client-created", SESSION).ours(),
        hook("marked-pane-changed", SESSION).ours(),
        hook("session-added-to-group", SESSION).ours(),
        hook("session-removed-from-group", SESSION).ours(),
        hook("pane-activity", PANE).ours(),
        hook("pane-bell", PANE).ours(),
        hook("pane-command-finished", PANE).ours(),
        hook("pane-command-started", PANE).ours(),
        hook("pane-created", PANE).ours(),
        hook("pane-mode-entered", PANE).ours(),
        hook("pane-mode-exited", PANE).ours(),
        hook("pane-moved", PANE).ours(),
        hook("pane-prompt-closed", PANE).ours(),
        hook("pane-prompt-opened", PANE).ours(),
        hook("pane-resized", PANE).ours(),
        hook("pane-shell-prompt", PANE).ours(),
        hook("window-closed", WINDOW).ours(),
        hook("window-created", WINDOW).ours(),
        hook("window-unzoomed", WINDOW).ours(),
        hook("window-zoomed", WINDOW).ours(),
    ]
};

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
pub fn all() -> impl Iterator<Item = &'static OptionEntry> {
    TABLE.iter()
}

/// The name that the table knows an option by.
pub fn canonical(name: &str) -> &str {
    OTHER_NAMES.iter().find(|(other, _)| *other == name).map_or(name, |(_, known)| known)
}

/// The row of an option, by its exact name or another spelling of it.
pub fn find(name: &str) -> Option<&'static OptionEntry> {
    static SORTED: OnceLock<Vec<&'static OptionEntry>> = OnceLock::new();
    let sorted = SORTED.get_or_init(|| {
        let mut rows: Vec<_> = TABLE.iter().collect();
        rows.sort_by_key(|entry| entry.name);
        rows
    });
    let name = canonical(name);
    sorted.binary_search_by_key(&name, |entry| entry.name).ok().map(|at| sorted[at])
}
