//! Borders as recorded from tmux: rows of the screen, active borders in braces.

use super::super::border_chars::{BorderLines, set_border};
use super::*;
use crate::base::{Cell, Glyph};
use crate::outer::acs;

fn pane(id: u32, x: i32, y: i32, cols: i32, rows: i32) -> PaneBox {
    PaneBox {
        id: PaneId(id),
        x,
        y,
        cols,
        rows,
        floating: false,
        framed: true,
        visible: true,
        bar_cols: 1,
        bar_shown: false,
        status_cols: 0,
    }
}

fn layout(size: (u32, u32), panes: Vec<PaneBox>, active: usize, two: Option<TwoPanes>) -> BorderLayout {
    BorderLayout {
        size: Size::new(size.0, size.1),
        first: panes.iter().map(|p| p.id).min().expect("there are panes"),
        panes,
        active,
        two_panes: two,
        status: PaneStatus::Off,
        indicators: Indicators { colour: true, arrows: false },
        bars_on: false,
        bars_left: false,
    }
}

/// A row as text, cells of the active border in braces.
fn row(layout: &BorderLayout, y: i32, cols: i32) -> String {
    let mut out = String::new();
    let mut in_active = false;
    for x in 0..cols {
        let (kind, owner) = layout.cell(x, y, 0);
        let inside = matches!(kind, CellKind::Inside | CellKind::Scrollbar);
        let active = &layout.panes[layout.active];
        let is_active = !inside
            && owner.is_some_and(|o| match layout.panes[o].floating {
                true => o == layout.active,
                false => layout.touches(active, x, y),
            });
        if is_active != in_active {
            out.push(if is_active { '{' } else { '}' });
            in_active = is_active;
        }
        let mut cell = Cell::BLANK;
        if !inside {
            set_border(&mut cell, BorderLines::Single, kind, None, None);
            if let Some(c) = cell.glyph.as_char().and_then(|c| acs::to_char(c as u8)) {
                cell.glyph = Glyph::Char(c);
            }
        }
        cell.glyph.push_to(&mut out);
    }
    if in_active {
        out.push('}');
    }
    out.trim_end().to_owned()
}

fn check(layout: &BorderLayout, cols: i32, rows: &[(i32, &str)]) {
    for (y, expect) in rows {
        assert_eq!(row(layout, *y, cols), *expect, "row {y}");
    }
}

#[test]
fn two_panes_share_their_border() {
    let stacked = vec![pane(1, 0, 6, 50, 5), pane(0, 0, 0, 50, 5)];
    let two = layout((50, 11), stacked.clone(), 0, Some(TwoPanes::Stacked));
    let shared = format!("{}{{{}}}", "─".repeat(26), "─".repeat(24));
    check(&two, 50, &[(5, &shared), (4, ""), (6, "")]);
    let mut arrows = layout((50, 11), stacked, 0, Some(TwoPanes::Stacked));
    arrows.indicators = Indicators { colour: false, arrows: true };
    assert_eq!(arrows.arrow(0, CellKind::LeftRight, (1, 5), (1, 5)), Some(Side::Top));
    assert_eq!(arrows.arrow(0, CellKind::LeftRight, (2, 5), (2, 5)), None);
    let side = vec![pane(1, 31, 0, 29, 9), pane(0, 0, 0, 30, 9)];
    let two = layout((60, 9), side, 0, Some(TwoPanes::SideBySide));
    let bar = format!("{}│", " ".repeat(30));
    let active = format!("{}{{│}}", " ".repeat(30));
    check(&two, 60, &[(0, &bar), (4, &bar), (5, &active), (8, &active)]);
}

#[test]
fn three_panes_join() {
    let panes = vec![pane(0, 0, 0, 40, 23), pane(1, 41, 0, 39, 11), pane(2, 41, 12, 39, 11)];
    let three = layout((80, 23), panes, 2, None);
    let left = " ".repeat(40);
    let upper = format!("{left}│");
    let joint = format!("{left}{{├{}}}", "─".repeat(39));
    let lower = format!("{left}{{│}}");
    check(&three, 80, &[(0, &upper), (10, &upper), (11, &joint), (12, &lower), (22, &lower)]);
}

#[test]
fn floating_panes_lie_above() {
    let mut float = pane(3, 5, 3, 20, 6);
    float.floating = true;
    let panes = vec![float, pane(0, 0, 0, 41, 23), pane(1, 42, 0, 38, 11), pane(2, 42, 12, 38, 11)];
    let floating = layout((80, 23), panes, 0, None);
    let line = "─".repeat(20);
    let top = format!("    {{┌{line}┐}}               │");
    let middle = format!("    {{│}}{}{{│}}               │", " ".repeat(20));
    let bottom = format!("    {{└{line}┘}}               │");
    check(&floating, 42, &[(2, &top), (3, &middle), (8, &middle), (9, &bottom)]);
    assert!(floating.is_covered(1, 4, 2) && floating.is_covered(1, 25, 9) && !floating.is_covered(1, 26, 9));
}

#[test]
fn a_window_smaller_than_the_terminal_has_an_edge() {
    let one = layout((5, 2), vec![pane(0, 0, 0, 5, 2)], 0, None);
    check(&one, 8, &[(0, "     │··"), (1, "     │··"), (2, "─────┘··"), (3, "········")]);
}
