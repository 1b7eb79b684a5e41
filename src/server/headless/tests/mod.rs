//! Tests of the rooms of floors 2 to 6 with a whole server: (before, keys, after). Where they say what tmux
//! 3.7c does, they have been compared with it, step by step.

mod choosers;
mod commands;
mod control;
mod copy_mode;
mod overlays;
mod programs;
mod screens;
mod timers;

use super::words;

#[test]
fn words_are_between_blanks_and_quotes_hold_them_together() {
    assert_eq!(words("a  'b c' \"\" d'e'"), ["a", "b c", "", "de"]);
}
