//! Layouts before and after, as recorded from tmux 3.7c.

use crate::base::{PaneId, Size};

use super::{Axis, Layout, LayoutError, PresetOptions, Rules, SplitPlace, preset_lookup};

const TWO: &str = "9295,80x24,0,0[80x11,0,0,0,80x12,0,12,1]";
const THREE: &str = "1bb6,80x24,0,0{26x24,0,0,0,26x24,27,0,2,26x24,54,0,1}";

enum Change<'a> {
    Preset(&'a str),
    PresetWith(&'a str, PresetOptions),
    Split(u32, SplitPlace),
    Remove(u32),
    Border(u32, Axis, i32),
    To(u32, Axis, u32),
    Window(u32, u32),
    Nothing,
}

use Axis::{LeftRight, TopBottom};
use Change::*;

fn options(main: &str, other: &str) -> PresetOptions {
    PresetOptions {
        main_height: main.to_owned(),
        main_width: main.to_owned(),
        other_height: other.to_owned(),
        other_width: other.to_owned(),
        max_columns: 0,
    }
}

fn read(text: &str) -> Layout {
    let ids: Vec<PaneId> = pane_ids(text).into_iter().map(PaneId).collect();
    let mut layout = Layout::parse(text, &ids).expect("recorded layouts are valid");
    layout.fix_offsets();
    layout
}

/// Pane ids in the order in which they occur: numbers before a separator that are not sizes.
fn pane_ids(text: &str) -> Vec<u32> {
    let fields: Vec<&str> = text.split([',', '{', '}', '[', ']']).filter(|f| !f.is_empty()).collect();
    let mut ids = Vec::new();
    for at in 0..fields.len() {
        let next_is_cell = fields.get(at + 1).is_none_or(|next| next.contains('x'));
        let is_id = at >= 4 && next_is_cell && fields[at - 3].contains('x');
        ids.extend(fields[at].parse::<u32>().ok().filter(|_| is_id));
    }
    ids
}

fn check(before: &str, change: Change<'_>, after: &str) {
    let rules = Rules::default();
    let mut layout = read(before);
    let panes = layout.panes();
    let size = layout.size();
    let plain = PresetOptions {
        main_height: "24".to_owned(),
        main_width: "80".to_owned(),
        other_height: "0".to_owned(),
        other_width: "0".to_owned(),
        max_columns: 0,
    };
    let preset = |name: &str, options: &PresetOptions| {
        let number = preset_lookup(name).expect("a preset");
        let mut sorted = panes.clone();
        sorted.sort_by_key(|p| if p.0 == 0 { 0 } else { u32::MAX - p.0 });
        Layout::preset(number, &sorted, panes.len() as u32, size, options, &rules).expect("panes to arrange")
    };
    match change {
        Preset(name) => layout = preset(name, &plain),
        PresetWith(name, options) => layout = preset(name, &options),
        Split(pane, place) => {
            let cell = layout.split(PaneId(pane), place, &rules).expect("room");
            layout.assign(cell, PaneId(panes.len() as u32));
        }
        Remove(pane) => {
            let cell = layout.find(PaneId(pane)).expect("the pane is there");
            layout.remove(cell, &rules);
            layout.fix_offsets();
        }
        Border(pane, axis, change) => {
            layout.resize_pane(PaneId(pane), axis, change, true, &rules);
        }
        To(pane, axis, size) => {
            layout.resize_pane_to(PaneId(pane), axis, size, &rules);
        }
        Window(cols, rows) => layout.resize(Size::new(cols, rows), &rules),
        Nothing => {}
    }
    assert_eq!(layout.print(&[], &layout).as_deref(), Some(after));
}

#[test]
fn presets_arrange_as_recorded() {
    check(THREE, Preset("even-horizontal"), THREE);
    check(THREE, Preset("even-v"), "837e,80x24,0,0[80x8,0,0,0,80x7,0,9,2,80x7,0,17,1]");
    check(
        THREE,
        Preset("main-horizontal"),
        "99a5,80x24,0,0[80x22,0,0,0,80x1,0,23{40x1,0,23,2,39x1,41,23,1}]",
    );
    check(THREE, Preset("main-horizontal-m"), "2905,80x24,0,0[80x1,0,0{40x1,0,0,2,39x1,41,0,1},80x22,0,2,0]");
    check(THREE, Preset("main-vertical"), "8466,80x24,0,0{78x24,0,0,0,1x24,79,0[1x12,79,0,2,1x11,79,13,1]}");
    check(
        THREE,
        Preset("main-vertical-mirrored"),
        "3785,80x24,0,0{1x24,0,0[1x12,0,0,2,1x11,0,13,1],78x24,2,0,0}",
    );
    check(TWO, PresetWith("main-horizontal", options("5", "0")), "bb05,80x24,0,0[80x5,0,0,0,80x18,0,6,1]");
    check(TWO, PresetWith("main-vertical", options("5", "0")), "1903,80x24,0,0{5x24,0,0,0,74x24,6,0,1}");
    assert_eq!(preset_lookup("main-h"), None);
    assert_eq!(preset_lookup("main-horizontal"), Some(2));
    assert_eq!(preset_lookup("tiled "), None);
}

#[test]
fn splits_go_where_recorded() {
    let one = "b25d,80x24,0,0,0";
    let place = SplitPlace { axis: TopBottom, size: None, before: false, full: false };
    check(one, Split(0, place), "c195,80x24,0,0[80x12,0,0,0,80x11,0,13,1]");
    check(one, Split(0, SplitPlace { before: true, ..place }), "4199,80x24,0,0[80x12,0,0,1,80x11,0,13,0]");
    check(one, Split(0, SplitPlace { full: true, ..place }), "c195,80x24,0,0[80x12,0,0,0,80x11,0,13,1]");
    let four = "b1d5,80x24,0,0[80x11,0,0{39x11,0,0,0,40x11,40,0,3},80x12,0,12{39x12,0,12,2,40x12,40,12,1}]";
    check(
        four,
        Split(0, SplitPlace { axis: LeftRight, ..place }),
        "ee20,80x24,0,0[80x11,0,0{19x11,0,0,0,19x11,20,0,4,40x11,40,0,3},80x12,0,12{39x12,0,12,2,40x12,40,12,1}]",
    );
    let mut layout = read("b25d,80x24,0,0,0");
    let too_small = SplitPlace { size: Some(5), ..place };
    layout.cell_mut(0).size.rows = 2;
    assert_eq!(layout.split(PaneId(0), too_small, &Rules::default()), None);
}

#[test]
fn windows_and_borders_resize_as_recorded() {
    let main = "e862,80x24,0,0[80x22,0,0,0,80x1,0,23{20x1,0,23,4,19x1,21,23,3,19x1,41,23,2,19x1,61,23,1}]";
    let large =
        "576d,100x50,0,0[100x35,0,0,0,100x14,0,36{25x14,0,36,4,24x14,26,36,3,24x14,51,36,2,24x14,76,36,1}]";
    check(main, Window(100, 50), large);
    check(large, Window(80, 24), main);
    check(TWO, Remove(1), "b25d,80x24,0,0,0");
    check(TWO, Border(0, TopBottom, 3), "409f,80x24,0,0[80x14,0,0,0,80x9,0,15,1]");
    check(TWO, Border(0, LeftRight, 3), TWO);
    check(TWO, To(1, TopBottom, 5), "3ca0,80x24,0,0[80x18,0,0,0,80x5,0,19,1]");
    check(TWO, Nothing, TWO);
}

#[test]
fn bad_layout_strings_are_refused() {
    let check = |text: &str, panes: u32, expect: LayoutError| {
        let ids: Vec<PaneId> = (0..panes).map(PaneId).collect();
        assert_eq!(Layout::parse(text, &ids).err(), Some(expect), "{text}");
    };
    check("tiled", 1, LayoutError::Invalid);
    check("0000,80x24,0,0,0", 1, LayoutError::Invalid);
    check("b25d,80x24,0,0,0", 2, LayoutError::Panes { have: 2, need: 1 });
    check("b25", 1, LayoutError::Invalid);
    let bad = "80x24,0,0[80x11,0,0,0,70x12,0,12,1]";
    check(&format!("{:04x},{bad}", super::text::checksum(bad)), 2, LayoutError::Mismatch);
    let deep = format!("{}80x24,0,0,0{}", "80x24,0,0[".repeat(300), "]".repeat(300));
    check(&format!("{:04x},{deep}", super::text::checksum(&deep)), 1, LayoutError::Invalid);
}
