//! The parser's commands as text, for the fuzz target that compares another parser.

use super::events::StringEnd;
use super::params::Params;
use super::parser::{Commands, Parser};

/// The commands in some bytes, one line each.
pub fn commands(bytes: &[u8]) -> Vec<String> {
    let mut trace = Trace::default();
    // The caller generates the input and knows how long its strings are.
    Parser::new(usize::MAX).advance(bytes, &mut trace);
    trace.0
}

#[derive(Default)]
struct Trace(Vec<String>);

impl Commands for Trace {
    fn print_ascii(&mut self, text: &[u8]) {
        self.0.extend(text.iter().map(|&byte| format!("print {}", char::from(byte))));
    }

    fn print_char(&mut self, c: char, _replacement: bool) {
        self.0.push(format!("print {c}"));
    }

    fn print_chars(&mut self, text: &str) {
        self.0.extend(text.chars().map(|c| format!("print {c}")));
    }

    fn non_ascii(&mut self) {}

    fn control(&mut self, byte: u8) {
        self.0.push(format!("control {byte:02x}"));
    }

    fn escape(&mut self, intermediates: &[u8], byte: u8) {
        self.0.push(format!("escape {}{}", intermediates.escape_ascii(), char::from(byte)));
    }

    fn csi(&mut self, params: &Params, intermediates: &[u8], byte: u8) {
        let numbers: Vec<String> = (0..params.len())
            .map(|index| match params.joined(index) {
                [] => params.get(index, 0, 0).to_string(),
                joined => {
                    let parts = joined.iter().map(|number| number.unwrap_or(0).to_string());
                    parts.collect::<Vec<_>>().join(":")
                }
            })
            .collect();
        let (numbers, last) = (numbers.join(";"), char::from(byte));
        let marks = intermediates.escape_ascii().to_string().replace(' ', "space");
        self.0.push(format!("csi {marks} {numbers} {last}"));
    }

    fn string_begins(&mut self) {}

    fn dcs(&mut self, params: &[u8], intermediates: &[u8], data: &[u8]) {
        let (params, marks) = (params.escape_ascii(), intermediates.escape_ascii());
        self.0.push(format!("dcs {marks} {params} {}", data.escape_ascii()));
    }

    fn osc(&mut self, data: &[u8], end: StringEnd) {
        self.0.push(format!("osc {} {end:?}", data.escape_ascii()));
    }

    fn apc(&mut self, data: &[u8]) {
        self.0.push(format!("apc {}", data.escape_ascii()));
    }

    fn rename(&mut self, data: &[u8]) {
        self.0.push(format!("rename {}", data.escape_ascii()));
    }
}
