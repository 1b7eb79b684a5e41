//! Layout of styled text, as recorded from status lines of tmux 3.7c.

use super::*;
use crate::base::Size;

fn check(width: u32, text: &str, expect: &str) {
    let mut surface = Surface::new(Size::new(width, 1));
    draw(&mut surface, 0, 0, width, CellStyle::DEFAULT, text);
    assert_eq!(surface.row_text(0), expect.trim_end(), "{text}");
}

#[test]
fn sections_are_aligned_and_trimmed() {
    check(10, "abc#[align=right]xyz", "abc    xyz");
    check(10, "#[align=centre]mid", "    mid");
    check(10, "abc#[align=right]vwxyz#[align=centre]mid", "abcmivwxyz");
    check(5, "abcd#[align=right]xyz", "abcdz");
    check(12, "a##b###[fg=red]c##[x]", "a#b#c#[x]");
    check(8, "ab#[unterminated", "");
    check(3, "日本", "日");
}

#[test]
fn lists_keep_their_focus() {
    let list = |focus: &str| {
        format!("L#[list=on align=left]#[list=left-marker]<#[list=right-marker]>#[list=on]{focus}#[nolist]R")
    };
    check(20, &list("one two three"), "Lone two threeR");
    check(9, &list("aaa bbb #[list=focus]ccc#[list=on] ddd"), "L< ccc >R");
}

#[test]
fn ranges_follow_their_text() {
    let mut surface = Surface::new(Size::new(10, 1));
    let text = "#[align=right]#[range=window|3]abc#[norange]d";
    let ranges = draw(&mut surface, 0, 0, 10, CellStyle::DEFAULT, text);
    assert_eq!(ranges, [StatusRange { start: 6, end: 10, kind: RangeKind::Window(3) }]);
}

#[test]
fn styles_are_taken_out_of_a_text() {
    let check = |text: &str, expect: &str| assert_eq!(without_styles(text), expect);
    check("a#[fg=red]b#[default]c", "abc");
    check("a##[b]", "a##[b]");
    check("###[dim]x", "##x");
    check("#[unterminated", "#[unterminated");
}
