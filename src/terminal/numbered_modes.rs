//! The modes that programs switch by number, as one table: a row defines the effect of setting and
//! clearing (`CSI h`, `CSI l`), and the answer to a query (`CSI $ p`). Rows whose number has a `?`
//! in the sequence are private.
//!
//! The state of a mode is a flag of `Modes` or another part of the screen; `save` saves both for
//! the next server, so a row need not.

use super::events::TerminalEvent;
use super::modes::{CursorShape, Modes};
use super::params::Params;
use super::screen::Screen;

/// One mode.
struct Mode {
    private: bool,
    number: i32,
    /// True if tmux does not have it: it then exists only with the option `more-modes` on.
    ours: bool,
    switch: Switch,
    report: Report,
}

/// Effect of setting (`true`) and clearing a mode.
enum Switch {
    Flag(Modes),
    Act(fn(&mut Screen, bool)),
}

/// Answer to a query for a mode.
enum Report {
    Flag(Modes),
    Ask(fn(&Screen) -> bool),
    AlwaysReset,
    AlwaysSet,
    /// The answer for a mode that does not exist.
    Unknown,
}

/// A private mode that is only a flag.
const fn flag(number: i32, flag: Modes) -> Mode {
    Mode { private: true, number, ours: false, switch: Switch::Flag(flag), report: Report::Flag(flag) }
}

const fn private(number: i32, act: fn(&mut Screen, bool), report: Report) -> Mode {
    Mode { private: true, number, ours: false, switch: Switch::Act(act), report }
}

const fn ours(number: i32, act: fn(&mut Screen, bool), report: Report) -> Mode {
    Mode { ours: true, ..private(number, act, report) }
}

/// A mode that other terminals have and that cannot be switched here: always set or always reset.
const fn fixed(private: bool, number: i32, on: bool) -> Mode {
    let report = if on { Report::AlwaysSet } else { Report::AlwaysReset };
    Mode { private, number, ours: true, switch: Switch::Act(|_, _| {}), report }
}

const fn ansi(number: i32, switch: Switch, report: Report) -> Mode {
    Mode { private: false, number, ours: false, switch, report }
}

const MODES: &[Mode] = &[
    ansi(4, Switch::Flag(Modes::INSERT), Report::Flag(Modes::INSERT)),
    ansi(34, Switch::Act(|s, on| s.modes.set(Modes::CURSOR_VERY_VISIBLE, !on)), Report::Unknown),
    flag(1, Modes::KCURSOR),
    private(3, |s, _| s.column_mode(), Report::AlwaysReset),
    private(6, Screen::origin_mode, Report::Flag(Modes::ORIGIN)),
    flag(7, Modes::WRAP),
    private(12, Screen::blinking_mode, Report::Ask(Screen::blinks)),
    flag(25, Modes::CURSOR),
    private(47, |s, on| s.alternate_mode(on, false), Report::Ask(Screen::is_alternate)),
    private(1000, |s, on| s.mouse_mode(Modes::MOUSE_STANDARD, on), Report::Flag(Modes::MOUSE_STANDARD)),
    // tmux: it can be cleared, which ends all mouse reports, but not set.
    private(1001, |s, on| s.mouse_mode(Modes::ALL_MOUSE & s.modes, on), Report::Unknown),
    private(1002, |s, on| s.mouse_mode(Modes::MOUSE_BUTTON, on), Report::Flag(Modes::MOUSE_BUTTON)),
    private(1003, |s, on| s.mouse_mode(Modes::MOUSE_ALL, on), Report::Flag(Modes::MOUSE_ALL)),
    flag(1004, Modes::FOCUSON),
    flag(1005, Modes::MOUSE_UTF8),
    flag(1006, Modes::MOUSE_SGR),
    private(1047, |s, on| s.alternate_mode(on, false), Report::Ask(Screen::is_alternate)),
    private(1049, |s, on| s.alternate_mode(on, true), Report::Ask(Screen::is_alternate)),
    flag(2004, Modes::BRACKETPASTE),
    private(2026, Screen::sync_mode, Report::Flag(Modes::SYNC)),
    private(2031, Screen::theme_mode, Report::Flag(Modes::THEME_UPDATES)),
    // Keyboard lock, local echo, and line feeds that return the carriage.
    fixed(false, 2, false),
    fixed(false, 12, true),
    fixed(false, 20, false),
    // VT52, smooth scrolling, reverse video, and repeated keys.
    fixed(true, 2, true),
    fixed(true, 4, false),
    fixed(true, 5, false),
    fixed(true, 8, true),
    // Mouse reports of X10, 132 columns, wrapping back, and margins at the sides.
    fixed(true, 9, false),
    fixed(true, 40, false),
    fixed(true, 45, false),
    ours(66, |s, on| s.modes.set(Modes::KKEYPAD, on), Report::Flag(Modes::KKEYPAD)),
    fixed(true, 67, false),
    fixed(true, 69, false),
    // The wheel as arrow keys, and mouse reports of urxvt and in pixels.
    fixed(true, 1007, false),
    fixed(true, 1015, false),
    fixed(true, 1016, false),
    // The width of clusters as programs see it, which cannot be switched off.
    ours(2027, |_, _| {}, Report::AlwaysSet),
    ours(2048, Screen::size_mode, Report::Flag(Modes::SIZE_REPORTS)),
];

impl Screen {
    fn numbered_mode(&self, private: bool, number: i32) -> Option<&'static Mode> {
        let found = MODES.iter().find(|mode| mode.private == private && mode.number == number);
        found.filter(|mode| !mode.ours || self.config.more_modes)
    }

    /// Sets or clears all modes of a sequence.
    pub(super) fn switch_modes(&mut self, params: &Params, private: bool, on: bool) {
        for index in 0..params.len() {
            match self.numbered_mode(private, params.get(index, 0, -1)).map(|mode| &mode.switch) {
                Some(Switch::Flag(flag)) => self.modes.set(*flag, on),
                Some(Switch::Act(act)) => act(self, on),
                None => {}
            }
        }
    }

    /// DECRQM: 1 set, 2 reset, 3 always set, 4 always reset, 0 unknown.
    pub(super) fn mode_state(&self, private: bool, number: i32) -> u8 {
        let on = match self.numbered_mode(private, number).map(|mode| &mode.report) {
            Some(Report::Flag(flag)) => self.modes.contains(*flag),
            Some(Report::Ask(ask)) => ask(self),
            Some(Report::AlwaysReset) => return 4,
            Some(Report::AlwaysSet) => return 3,
            Some(Report::Unknown) | None => return 0,
        };
        if on { 1 } else { 2 }
    }

    /// DECCOLM only clears: the width is always the pane's.
    fn column_mode(&mut self) {
        self.address(Some(0), Some(0), true);
        self.clear_screen(self.pen.style.bg);
    }

    fn origin_mode(&mut self, on: bool) {
        self.modes.set(Modes::ORIGIN, on);
        self.address(Some(0), Some(0), true);
    }

    fn blinking_mode(&mut self, on: bool) {
        self.modes.set(Modes::CURSOR_BLINKING, on);
        self.modes.insert(Modes::CURSOR_BLINKING_SET);
    }

    fn blinks(&self) -> bool {
        let chosen =
            self.cursor_shape != CursorShape::Default || self.modes.contains(Modes::CURSOR_BLINKING_SET);
        match chosen {
            true => self.modes.contains(Modes::CURSOR_BLINKING),
            false => matches!(self.config.cursor_style, 1 | 3 | 5),
        }
    }

    /// At most one kind of mouse report is on; clearing any kind turns all off.
    fn mouse_mode(&mut self, mode: Modes, on: bool) {
        self.modes.remove(Modes::ALL_MOUSE);
        self.modes.set(mode, on);
    }

    fn alternate_mode(&mut self, on: bool, with_cursor: bool) {
        match on {
            true => self.alternate_on(with_cursor),
            false => self.alternate_off(with_cursor),
        }
    }

    fn is_alternate(&self) -> bool {
        self.grid.saved.is_some()
    }

    fn sync_mode(&mut self, on: bool) {
        match on {
            true if self.config.pane => {
                self.modes.insert(Modes::SYNC);
                self.outbox.event(TerminalEvent::SyncStart);
            }
            true => {}
            false => self.end_sync(),
        }
    }

    pub(super) fn end_sync(&mut self) {
        self.modes.remove(Modes::SYNC);
        if self.config.pane {
            self.outbox.event(TerminalEvent::SyncEnd);
        }
    }

    /// Reports the size to the program now, and again after each change.
    fn size_mode(&mut self, on: bool) {
        self.modes.set(Modes::SIZE_REPORTS, on);
        self.told_size = None;
        self.report_size();
    }

    /// Reports the size to a program that asked for it, unless it has this size already.
    pub(super) fn report_size(&mut self) {
        let (size, pixels) = (self.size(), self.config.cell_pixels);
        let wanted = self.config.more_modes && self.modes.contains(Modes::SIZE_REPORTS);
        if !wanted || self.told_size == Some((size, pixels)) {
            return;
        }
        self.told_size = Some((size, pixels));
        let (height, width) = (size.rows * pixels.1, size.cols * pixels.0);
        self.outbox.reply(format!("\x1b[48;{};{};{height};{width}t", size.rows, size.cols).as_bytes());
    }

    fn theme_mode(&mut self, on: bool) {
        self.modes.set(Modes::THEME_UPDATES, on);
        self.outbox.event(TerminalEvent::ThemeUpdates);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Size;
    use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};

    fn more_modes() -> TerminalConfig {
        TerminalConfig { more_modes: true, cell_pixels: (8, 16), ..TerminalConfig::default() }
    }

    #[test]
    fn modes_that_tmux_does_not_have_are_there_by_an_option() {
        // Recorded from tmux 3.7c.
        let history = Box::new(MemoryHistory::new(0, 10));
        let mut terminal = Terminal::new(Size::new(10, 4), TerminalConfig::default(), history);
        terminal.feed(b"\x1b[?2048$p\x1b[?2048h\x1b[?2048$p\x1b[?2027$p");
        assert_eq!(terminal.take_replies(), b"\x1b[?2048;0$y\x1b[?2048;0$y\x1b[?2027;0$y");
    }

    #[test]
    fn a_program_that_asks_for_a_mode_learns_whether_it_can_be_switched() {
        let ask = |config: TerminalConfig, mode: &str, before: &str| {
            let mut terminal = Terminal::new(Size::new(10, 4), config, Box::new(MemoryHistory::new(0, 10)));
            terminal.feed(format!("{before}\x1b[{mode}$p").as_bytes());
            String::from_utf8(terminal.take_replies()).expect("ASCII")
        };
        let list = [
            ("2", 4),
            ("12", 3),
            ("20", 4),
            ("?2", 3),
            ("?4", 4),
            ("?5", 4),
            ("?8", 3),
            ("?9", 4),
            ("?40", 4),
            ("?45", 4),
            ("?67", 4),
            ("?69", 4),
            ("?1007", 4),
            ("?1015", 4),
            ("?1016", 4),
            ("?2027", 3),
        ];
        for (mode, state) in list {
            for before in ["", "h", "l"] {
                let before = if before.is_empty() { String::new() } else { format!("\x1b[{mode}{before}") };
                assert_eq!(ask(more_modes(), mode, &before), format!("\x1b[{mode};{state}$y"));
                // Recorded from tmux 3.7c.
                assert_eq!(ask(TerminalConfig::default(), mode, &before), format!("\x1b[{mode};0$y"));
            }
        }
        for (mode, before, state) in [
            ("?66", "", 2),
            ("?66", "\x1b=", 1),
            ("?66", "\x1b[?66h", 1),
            ("?66", "\x1b=\x1b[?66l", 2),
            ("?7777", "", 0),
        ] {
            assert_eq!(ask(more_modes(), mode, before), format!("\x1b[{mode};{state}$y"), "{before:?}");
        }
    }

    #[test]
    fn every_mode_has_one_row() {
        for (n, mode) in MODES.iter().enumerate() {
            let same = |other: &Mode| (other.private, other.number) == (mode.private, mode.number);
            assert!(!MODES[n + 1..].iter().any(same), "{}", mode.number);
        }
    }

    #[test]
    fn a_mode_that_is_set_says_so_until_it_is_cleared() {
        let fixed =
            |report: &Report| matches!(report, Report::AlwaysReset | Report::AlwaysSet | Report::Unknown);
        for mode in MODES.iter().filter(|mode| !fixed(&mode.report)) {
            let history = Box::new(MemoryHistory::new(0, 10));
            let mut terminal = Terminal::new(Size::new(10, 4), more_modes(), history);
            let (sign, number) = (if mode.private { "?" } else { "" }, mode.number);
            for (switch, state) in [("h", 1), ("l", 2)] {
                terminal.feed(format!("\x1b[{sign}{number}{switch}\x1b[{sign}{number}$p").as_bytes());
                let answer = String::from_utf8_lossy(&terminal.take_replies()).into_owned();
                assert!(answer.ends_with(&format!("\x1b[{sign}{number};{state}$y")), "{answer:?}");
            }
        }
    }

    #[test]
    fn a_program_is_told_of_its_size_when_it_asks_and_when_that_changes() {
        let history = Box::new(MemoryHistory::new(0, 10));
        let config = more_modes();
        let mut terminal = Terminal::new(Size::new(10, 4), config.clone(), history);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("ASCII");
        terminal.feed(b"\x1b[?2048$p\x1b[?2048h\x1b[?2048$p");
        assert_eq!(text(terminal.take_replies()), "\x1b[?2048;2$y\x1b[48;4;10;64;80t\x1b[?2048;1$y");
        assert_eq!(text(terminal.size_report()), "");
        terminal.resize(Size::new(12, 5));
        assert_eq!(text(terminal.size_report()), "\x1b[48;5;12;80;96t");
        assert_eq!(text(terminal.size_report()), "");
        terminal.configure(&TerminalConfig { cell_pixels: (10, 20), ..config });
        assert_eq!(text(terminal.size_report()), "\x1b[48;5;12;100;120t");
        terminal.feed(b"\x1b[?2048h");
        assert_eq!(text(terminal.take_replies()), "\x1b[48;5;12;100;120t");
        terminal.feed(b"\x1b[?2048l");
        terminal.resize(Size::new(9, 5));
        assert_eq!(text(terminal.size_report()), "");
    }

    #[test]
    fn widths_are_those_of_clusters_whatever_a_program_says() {
        let mut terminal = Terminal::new(Size::new(40, 4), more_modes(), Box::new(MemoryHistory::new(0, 40)));
        terminal.feed(b"\x1b[?2027l\x1b[?2027$p");
        assert_eq!(terminal.take_replies(), b"\x1b[?2027;3$y");
        for cluster in ["👨‍👩‍👧", "🇩🇪", "👍🏽", "❤\u{fe0f}"] {
            terminal.feed(format!("\r{cluster}").as_bytes());
            assert_eq!(terminal.cursor().x, 2, "{cluster}");
        }
    }

    #[test]
    fn clearing_highlight_reports_ends_all_mouse_reports() {
        let history = Box::new(MemoryHistory::new(0, 10));
        let mut terminal = Terminal::new(Size::new(10, 4), TerminalConfig::default(), history);
        terminal.feed(b"\x1b[?1003h\x1b[?1001h");
        assert!(terminal.modes().contains(Modes::MOUSE_ALL), "setting it does nothing");
        terminal.feed(b"\x1b[?1001l");
        assert!(!terminal.modes().intersects(Modes::ALL_MOUSE));
    }
}
