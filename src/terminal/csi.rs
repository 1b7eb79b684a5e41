//! Control sequences, by final byte.

use super::config::{ExtendedKeys, Theme};
use super::keyboard::KeyboardFlags;
use super::modes::Modes;
use super::params::Params;
use super::screen::Screen;
use crate::base::Colour;

/// Version that XTVERSION reports and `#{version}` shows.
pub(crate) const VERSION: &str = "3.7c";

/// Colour registers reported to XTSMGRAPHICS.
const COLOUR_REGISTERS: u32 = 1024;

/// A position from a parameter that counts from 1.
fn place(number: i32) -> Option<u32> {
    u32::try_from(number).ok().map(|n| n - 1)
}

impl Screen {
    fn reply(&mut self, text: &str) {
        self.outbox.reply(text.as_bytes());
    }

    /// Executes a control sequence; false if it is unknown.
    pub(super) fn csi_command(&mut self, params: &Params, intermediates: &[u8], byte: u8) -> bool {
        match intermediates {
            [] => self.csi_plain(params, byte),
            _ => self.csi_private(params, intermediates, byte),
        }
    }

    fn csi_plain(&mut self, params: &Params, byte: u8) -> bool {
        let bg = self.pen.style.bg;
        let count = params.count(0);
        let first = params.get(0, 0, 0);
        match (byte, count) {
            (b'H' | b'f', _) => {
                let (row, column) = (place(params.get(0, 1, 1)), place(params.get(1, 1, 1)));
                if let (Some(y), Some(x)) = (row, column) {
                    self.address(Some(x), Some(y), true);
                }
            }
            (b'r', _) => {
                let rows = self.rows() as i32;
                let (upper, lower) = (place(params.get(0, 1, 1)), place(params.get(1, 1, rows)));
                if let (Some(upper), Some(lower)) = (upper, lower) {
                    self.set_region(upper, lower);
                }
            }
            (b'J', _) => self.erase_display(first, params),
            (b'K', _) => match first {
                0 => self.clear_end_of_line(bg),
                1 => self.clear_start_of_line(bg),
                2 => self.clear_line(bg),
                _ => {}
            },
            (b'c', _) if first == 0 => self.reply("\x1b[?1;2;4c"),
            (b'g', _) if first == 0 => self.set_tab(false),
            (b'g', _) if first == 3 => self.tabs.fill(false),
            (b'h' | b'l', _) => self.switch_modes(params, false, byte == b'h'),
            (b'm', _) => self.sgr(params),
            (b'n', _) if first == 5 => self.reply("\x1b[0n"),
            (b'n', _) if first == 6 => {
                let text = format!("\x1b[{};{}R", self.cy.wrapping_add(1), self.cx.wrapping_add(1));
                self.reply(&text);
            }
            (b'c' | b'g' | b'n', _) => {}
            (b's', _) => self.save_cursor(),
            (b't', _) => self.window_operation(params),
            (b'u', _) => self.restore_cursor(),
            (b'@'..=b'G' | b'L' | b'M' | b'P' | b'S' | b'T' | b'X' | b'Z' | b'`' | b'b' | b'd', None) => {}
            (_, count) => return self.csi_counted(byte, count.unwrap_or(1), bg),
        }
        true
    }

    /// Executes a sequence with one count; false if it is unknown.
    fn csi_counted(&mut self, byte: u8, count: u32, bg: Colour) -> bool {
        match byte {
            b'@' => self.insert_characters(count, bg),
            b'A' => self.cursor_up(count),
            b'B' => self.cursor_down(count),
            b'C' => self.cursor_right(count),
            b'D' => self.cursor_left(count),
            b'E' => {
                self.carriage_return();
                self.cursor_down(count);
            }
            b'F' => {
                self.carriage_return();
                self.cursor_up(count);
            }
            b'G' | b'`' => self.address(Some(count - 1), None, true),
            b'L' => self.insert_lines(count, bg),
            b'M' => self.delete_lines(count, bg),
            b'P' => self.delete_characters(count, bg),
            b'S' => self.scroll_up(count, bg),
            b'T' => self.scroll_down(count, bg),
            b'X' => self.erase_characters(count, bg),
            b'Z' => self.tab_back(count),
            b'b' => self.repeat(count),
            b'd' => self.address(None, Some(count - 1), true),
            _ => return false,
        }
        true
    }

    fn csi_private(&mut self, params: &Params, intermediates: &[u8], byte: u8) -> bool {
        let first = params.get(0, 0, 0);
        match (intermediates, byte) {
            (b"?", b'S') => self.graphics_attributes(params),
            (b">", b'c') => {
                if first == 0 {
                    self.reply("\x1b[>84;0;0c");
                }
            }
            (b"?", b'h' | b'l') => self.switch_modes(params, true, byte == b'h'),
            (b">", b'm') => self.set_extended_keys(first, params.get(1, 0, 0)),
            (b">", b'n') => {
                if first == 4 {
                    let always = self.config.extended_keys == ExtendedKeys::Always;
                    self.modes.remove(Modes::EXTENDED_KEYS);
                    self.modes.set(Modes::KEYS_EXTENDED, always);
                }
            }
            (b"?", b'n') => {
                if first == 996 {
                    self.report_theme();
                }
            }
            (b"$" | b"?$", b'p') => {
                let private = intermediates == b"?$";
                if first > 0 {
                    let (sign, state) = (if private { "?" } else { "" }, self.mode_state(private, first));
                    self.reply(&format!("\x1b[{sign}{first};{state}$y"));
                }
            }
            (b" ", b'q') => {
                if first != -1 {
                    self.set_cursor_style(first as u32);
                }
            }
            (b">", b'q') => {
                if first == 0 {
                    self.reply(&format!("\x1bP>|tmux {VERSION}\x1b\\"));
                }
            }
            (b"*", b'y') if self.config.allow_checksum => self.report_checksum(params),
            (b"#", b'y') if self.config.allow_checksum => self.set_checksum_rules(params),
            (b">" | b"<" | b"=" | b"?", b'u') if self.config.kitty_keys => {
                self.kitty_keyboard(intermediates[0], params);
            }
            _ => return false,
        }
        true
    }

    /// kitty's keyboard protocol: pushes, pops, sets and reports the flags of this screen.
    fn kitty_keyboard(&mut self, what: u8, params: &Params) {
        let (first, how) = (params.get(0, 0, 0), params.get(1, 0, 1));
        if first < 0 || how < 0 {
            return;
        }
        let alternate = self.grid.saved.is_some();
        let flags = KeyboardFlags::from_bits_truncate(first as u8);
        match what {
            b'>' => self.keyboard.stack(alternate).push(flags),
            b'<' => self.keyboard.stack(alternate).pop(params.get(0, 0, 1) as u32),
            b'=' => self.keyboard.stack(alternate).set(flags, how),
            _ => {
                let flags = self.keyboard.current(alternate);
                self.reply(&format!("\x1b[?{}u", flags.bits()));
            }
        }
    }

    fn erase_display(&mut self, what: i32, params: &Params) {
        let bg = self.pen.style.bg;
        match what {
            0 => self.clear_end_of_screen(bg),
            1 => self.clear_start_of_screen(bg),
            2 => self.clear_screen(bg),
            3 if params.get(1, 0, 0) == 0 => self.grid.clear_history(),
            _ => {}
        }
    }

    /// modifyOtherKeys.
    fn set_extended_keys(&mut self, resource: i32, value: i32) {
        let option = self.config.extended_keys;
        if resource != 4 || option == ExtendedKeys::Off {
            return;
        }
        self.modes.remove(Modes::EXTENDED_KEYS);
        if value == 2 {
            self.modes.insert(Modes::KEYS_EXTENDED_2);
        } else if value == 1 || option == ExtendedKeys::Always {
            self.modes.insert(Modes::KEYS_EXTENDED);
        }
    }

    fn graphics_attributes(&mut self, params: &Params) {
        if params.len() > 3 {
            return;
        }
        let (item, action) = (params.get(0, 0, 0), params.get(1, 0, 0));
        let value = params.get(2, 0, 0);
        if item == 1 && matches!(action, 1 | 2 | 4) {
            self.reply(&format!("\x1b[?{item};0;{COLOUR_REGISTERS}S"));
        } else {
            self.reply(&format!("\x1b[?{item};3;{value}S"));
        }
    }

    /// XTWINOPS: sizes, and the title stack.
    fn window_operation(&mut self, params: &Params) {
        let (cols, rows) = (self.cols(), self.rows());
        let (cell_width, cell_height) = self.config.cell_pixels;
        let mut index = 0;
        loop {
            let operation = params.get(index, 0, -1);
            let arguments = match operation {
                -1 => return,
                3 | 4 | 8 => 2,
                9 | 10 | 22 | 23 => 1,
                _ => 0,
            };
            let complete = (1..=arguments).all(|n| params.get(index + n, 0, -1) != -1);
            if !complete {
                return;
            }
            let title = matches!(params.get(index + 1, 0, -1), 0 | 2);
            match operation {
                14 if self.config.pane => {
                    self.reply(&format!("\x1b[4;{};{}t", rows * cell_height, cols * cell_width));
                }
                15 if self.config.pane => {
                    self.reply(&format!("\x1b[5;{};{}t", rows * cell_height, cols * cell_width));
                }
                16 if self.config.pane => self.reply(&format!("\x1b[6;{cell_height};{cell_width}t")),
                18 => self.reply(&format!("\x1b[8;{rows};{cols}t")),
                19 => self.reply(&format!("\x1b[9;{rows};{cols}t")),
                22 if title => self.push_title(),
                23 if title => self.pop_title(),
                _ => {}
            }
            index += 1 + arguments;
        }
    }
}

impl Screen {
    /// The theme of the background colour, or else the one that clients report.
    pub(super) fn theme(&self) -> Option<Theme> {
        let background = self.palette.bg.or(self.config.background);
        match background.and_then(Colour::is_light) {
            Some(true) => Some(Theme::Light),
            Some(false) => Some(Theme::Dark),
            None => self.config.theme,
        }
    }

    /// Reports the theme to the program (DSR 996).
    fn report_theme(&mut self) {
        match self.theme().filter(|_| self.config.pane) {
            Some(Theme::Dark) => self.outbox.reply_now(b"\x1b[?997;1n"),
            Some(Theme::Light) => self.outbox.reply_now(b"\x1b[?997;2n"),
            None => {}
        }
    }
}
