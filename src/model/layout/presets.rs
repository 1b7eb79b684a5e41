//! Named layouts: even, main and tiled arrangements.

use crate::base::number::parse_percentage;
use crate::base::{PaneId, Size};

use super::{Axis, CellKind, Layout, LayoutCell, PANE_MINIMUM, Rules};

/// Preset names in the order that `next-layout` walks them.
pub(crate) const PRESETS: &[&str] = &[
    "even-horizontal",
    "even-vertical",
    "main-horizontal",
    "main-horizontal-mirrored",
    "main-vertical",
    "main-vertical-mirrored",
    "tiled",
];

/// Window options that presets read.
#[derive(Clone, Debug, Default)]
pub struct PresetOptions {
    pub main_height: String,
    pub main_width: String,
    pub other_height: String,
    pub other_width: String,
    /// `tiled-layout-max-columns`, 0: no limit.
    pub max_columns: u32,
}

/// Index of a preset by its name or a unique prefix.
pub(crate) fn preset_lookup(name: &str) -> Option<usize> {
    if let Some(exact) = PRESETS.iter().position(|p| *p == name) {
        return Some(exact);
    }
    let mut found = PRESETS.iter().enumerate().filter(|(_, p)| p.starts_with(name)).map(|(i, _)| i);
    match (found.next(), found.next()) {
        (Some(index), None) => Some(index),
        _ => None,
    }
}

impl Layout {
    /// Builds preset number `preset` for the panes of a window of a given size; `None` when there is
    /// nothing to arrange. `tiled` is the number of panes that do not float.
    ///
    /// tmux: floating panes are not counted, but are arranged with the others and become tiled; with a
    /// main pane and one other, all further panes are left without a cell.
    pub fn preset(
        preset: usize,
        panes: &[PaneId],
        tiled: u32,
        window: Size,
        options: &PresetOptions,
        rules: &Rules,
    ) -> Option<Layout> {
        if tiled <= 1 {
            return None;
        }
        let mut layout = match preset {
            0 => even(panes, tiled, window, Axis::LeftRight, rules),
            1 => even(panes, tiled, window, Axis::TopBottom, rules),
            2 => main(panes, tiled, window, options, Axis::TopBottom, false, rules),
            3 => main(panes, tiled, window, options, Axis::TopBottom, true, rules),
            4 => main(panes, tiled, window, options, Axis::LeftRight, false, rules),
            5 => main(panes, tiled, window, options, Axis::LeftRight, true, rules),
            _ => tile(panes, tiled, window, options.max_columns, rules),
        };
        layout.fix_offsets();
        Some(layout)
    }

    fn with_root(kind: CellKind, size: Size) -> (Layout, usize) {
        let mut layout = Layout::default();
        let root = layout.add(LayoutCell { kind, ..LayoutCell::leaf(None, size, 0, 0) });
        layout.root = Some(root);
        (layout, root)
    }
}

/// Cells that `count` panes of the minimum size need in a row, or `window` if that is more.
fn room(count: u32, window: u32) -> u32 {
    (count * (PANE_MINIMUM + 1) - 1).max(window)
}

fn even(panes: &[PaneId], tiled: u32, window: Size, axis: Axis, rules: &Rules) -> Layout {
    let size = match axis {
        Axis::LeftRight => Size::new(room(tiled, window.cols), window.rows),
        Axis::TopBottom => Size::new(window.cols, room(tiled, window.rows)),
    };
    let (mut layout, root) = Layout::with_root(axis.into(), size);
    for &pane in panes {
        layout.add_leaf(root, Some(pane), window);
    }
    layout.spread_cell(root, rules);
    layout
}

/// Sizes of the main pane and of the others along the axis that separates them.
fn main_sizes(whole: u32, main: &str, other: &str, fallback: u32) -> (u32, u32) {
    let limit = i64::from(whole);
    let main = parse_percentage(main, 0, limit, limit).map_or(fallback, |n| n as u32);
    if main + PANE_MINIMUM >= whole {
        let main = if whole <= PANE_MINIMUM * 2 { PANE_MINIMUM } else { whole - PANE_MINIMUM };
        return (main, PANE_MINIMUM);
    }
    match parse_percentage(other, 0, limit, limit) {
        Ok(other) if other > 0 && whole - other as u32 >= main => (whole - other as u32, other as u32),
        _ => (main, whole - main),
    }
}

fn main(
    panes: &[PaneId],
    tiled: u32,
    window: Size,
    options: &PresetOptions,
    axis: Axis,
    mirrored: bool,
    rules: &Rules,
) -> Layout {
    let others = tiled - 1;
    let sized = |along: u32, across: u32| match axis {
        Axis::LeftRight => Size::new(along, across),
        Axis::TopBottom => Size::new(across, along),
    };
    let (main, other, across, crossing) = match axis {
        Axis::TopBottom => {
            let sizes =
                main_sizes(window.rows.wrapping_sub(1), &options.main_height, &options.other_height, 24);
            (sizes.0, sizes.1, room(others, window.cols), CellKind::LeftRight)
        }
        Axis::LeftRight => {
            let sizes =
                main_sizes(window.cols.wrapping_sub(1), &options.main_width, &options.other_width, 80);
            (sizes.0, sizes.1, room(others, window.rows), CellKind::TopBottom)
        }
    };
    let (mut layout, root) = Layout::with_root(axis.into(), sized(main + other + 1, across));
    let first = panes.first().copied();
    if !mirrored {
        layout.add_leaf(root, first, sized(main, across));
    }
    let side = layout.add_leaf(root, panes.get(1).copied(), sized(other, across));
    if others > 1 {
        layout.cell_mut(side).kind = crossing;
        for &pane in &panes[1..] {
            layout.add_leaf(side, Some(pane), sized(other, PANE_MINIMUM));
        }
    }
    if mirrored {
        layout.add_leaf(root, first, sized(main, across));
    }
    if others > 1 {
        layout.spread_cell(side, rules);
    }
    layout
}

fn tile(panes: &[PaneId], tiled: u32, window: Size, max_columns: u32, rules: &Rules) -> Layout {
    let (mut rows, mut columns) = (1, 1);
    while rows * columns < tiled {
        rows += 1;
        if rows * columns < tiled && (max_columns == 0 || columns < max_columns) {
            columns += 1;
        }
    }
    let width = (window.cols.saturating_sub(columns - 1) / columns).max(PANE_MINIMUM);
    let height = (window.rows.saturating_sub(rows - 1) / rows).max(PANE_MINIMUM);
    let size =
        Size::new(((width + 1) * columns - 1).max(window.cols), ((height + 1) * rows - 1).max(window.rows));
    let (mut layout, root) = Layout::with_root(CellKind::TopBottom, size);
    let mut left = panes.iter().copied().peekable();
    for row in 0..rows {
        if left.peek().is_none() {
            break;
        }
        let line = layout.add_leaf(root, None, Size::new(window.cols, height));
        if tiled.wrapping_sub(row * columns) == 1 || columns == 1 {
            layout.cell_mut(line).kind = CellKind::Pane(left.next());
            continue;
        }
        layout.cell_mut(line).kind = CellKind::LeftRight;
        let mut count = 0;
        while count < columns
            && let Some(pane) = left.next()
        {
            layout.add_leaf(line, Some(pane), Size::new(width, height));
            count += 1;
        }
        let used = count * (width + 1) - 1;
        if window.cols > used
            && let Some(&last) = layout.cell(line).children.last()
        {
            layout.adjust(last, Axis::LeftRight, (window.cols - used) as i32, rules);
        }
    }
    let used = rows * height + rows - 1;
    if window.rows > used
        && let Some(&last) = layout.cell(root).children.last()
    {
        layout.adjust(last, Axis::TopBottom, (window.rows - used) as i32, rules);
    }
    layout
}
