//! Layout strings: `checksum,WxH,X,Y{…}` with the panes' ids, read and printed.

use crate::base::{PaneId, Size};

use super::{Axis, CellId, CellKind, Layout, LayoutCell, Rules};

/// Longest layout string that is printed; a larger layout prints as nothing.
const MAX_TEXT: usize = 8191;

/// Deepest nesting of a layout string that is read.
const MAX_DEPTH: u32 = 256;

/// Reason why a layout string was not applied.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LayoutError {
    #[error("invalid layout")]
    Invalid,
    #[error("have {have} panes but need {need}")]
    Panes { have: u32, need: u32 },
    #[error("size mismatch after applying layout")]
    Mismatch,
}

/// The checksum of a layout string (of the text after the comma).
pub fn checksum(text: &str) -> u16 {
    text.bytes().fold(0u16, |sum, byte| {
        // tmux: adds signed characters.
        sum.rotate_right(1).wrapping_add(byte as i8 as u16)
    })
}

impl Layout {
    /// The layout as a string with its checksum; floating panes are listed again at the end, top first.
    /// `None` when it would be too long.
    ///
    /// tmux: decides by the present layout which panes float, so the layout behind a zoomed pane lists
    /// none.
    pub fn print(&self, z_order: &[PaneId], now: &Layout) -> Option<String> {
        let mut text = String::new();
        if let Some(root) = self.root {
            self.print_cell(root, &mut text);
        }
        let floating: Vec<CellId> =
            z_order.iter().map_while(|&pane| now.find(pane).filter(|&id| now.cell(id).floating)).collect();
        if !floating.is_empty() {
            text.push('<');
            for id in floating {
                now.print_cell(id, &mut text);
                text.push(',');
            }
            text.pop();
            text.push('>');
        }
        (text.len() <= MAX_TEXT).then(|| format!("{:04x},{text}", checksum(&text)))
    }

    fn print_cell(&self, id: CellId, out: &mut String) {
        let cell = self.cell(id);
        out.push_str(&format!("{}x{},{},{}", cell.size.cols, cell.size.rows, cell.x, cell.y));
        let (open, close) = match cell.kind {
            CellKind::Pane(Some(pane)) => return out.push_str(&format!(",{}", pane.0)),
            CellKind::Pane(None) => return,
            CellKind::LeftRight => ('{', '}'),
            CellKind::TopBottom => ('[', ']'),
        };
        out.push(open);
        for (index, &child) in cell.children.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            self.print_cell(child, out);
        }
        out.push(close);
    }

    /// Reads a layout string for a window with these panes, which are put into its cells in order;
    /// surplus cells are closed. Offsets are not fixed.
    pub fn parse(text: &str, panes: &[PaneId]) -> Result<Layout, LayoutError> {
        let (sum, text) = split_checksum(text).ok_or(LayoutError::Invalid)?;
        if sum != checksum(text) {
            return Err(LayoutError::Invalid);
        }
        let mut layout = Layout::default();
        let mut reader = Reader { text: text.as_bytes() };
        if reader.text.is_empty() {
            return Err(LayoutError::Panes { have: panes.len() as u32, need: 0 });
        }
        let root = reader.cell(&mut layout, None, 0).ok_or(LayoutError::Invalid)?;
        if !reader.text.is_empty() {
            return Err(LayoutError::Invalid);
        }
        layout.root = Some(root);
        layout.close_spare(panes.len())?;
        layout.correct_root_size();
        let root = layout.root.expect("closing spare cells leaves at least one");
        if !layout.fits(root) {
            return Err(LayoutError::Mismatch);
        }
        let mut leaves = Vec::new();
        layout.leaves(root, &mut leaves);
        for (&id, &pane) in leaves.iter().zip(panes) {
            layout.assign(id, pane);
        }
        Ok(layout)
    }

    /// Closes the bottom-right cells until there are as many cells as panes.
    fn close_spare(&mut self, panes: usize) -> Result<(), LayoutError> {
        loop {
            let root = self.root.expect("a layout being read has a root");
            let mut leaves = Vec::new();
            self.leaves(root, &mut leaves);
            if panes > leaves.len() {
                return Err(LayoutError::Panes { have: panes as u32, need: leaves.len() as u32 });
            }
            if panes == leaves.len() {
                return Ok(());
            }
            let last = *leaves.last().expect("there are more leaves than panes");
            self.remove(last, &Rules::default());
        }
    }

    /// Computes the root's size from its children, whatever the string says.
    fn correct_root_size(&mut self) {
        let Some(root) = self.root else { return };
        let sizes: Vec<Size> = self.cell(root).children.iter().map(|&c| self.cell(c).size).collect();
        let Some(last) = sizes.last() else { return };
        let sum = |axis: fn(&Size) -> u32| sizes.iter().fold(0u32, |n, s| n.wrapping_add(axis(s) + 1)) - 1;
        let size = if self.cell(root).runs(Axis::LeftRight) {
            Size::new(sum(|s| s.cols), last.rows)
        } else {
            Size::new(last.cols, sum(|s| s.rows))
        };
        self.cell_mut(root).size = size;
    }

    /// True if the sizes of children add up everywhere.
    fn fits(&self, id: CellId) -> bool {
        let cell = self.cell(id);
        let (axis, other) = match cell.kind {
            CellKind::Pane(_) => return true,
            CellKind::LeftRight => (Axis::LeftRight, Axis::TopBottom),
            CellKind::TopBottom => (Axis::TopBottom, Axis::LeftRight),
        };
        let mut sum = 0u32;
        for &child in &cell.children {
            if self.cell(child).along(other) != cell.along(other) || !self.fits(child) {
                return false;
            }
            sum = sum.wrapping_add(self.cell(child).along(axis)).wrapping_add(1);
        }
        sum.wrapping_sub(1) == cell.along(axis)
    }
}

/// Splits off the checksum. The number takes four characters, in whatever form it is written.
fn split_checksum(text: &str) -> Option<(u16, &str)> {
    let (head, rest) = text.split_at_checked(4)?;
    let rest = rest.strip_prefix(',')?;
    let head = head.trim_start();
    let (negative, digits) = match head.as_bytes().first()? {
        b'-' => (true, &head[1..]),
        b'+' => (false, &head[1..]),
        _ => (false, head),
    };
    let digits = digits.strip_prefix("0x").or(digits.strip_prefix("0X")).unwrap_or(digits);
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let value = u16::from_str_radix(digits, 16).ok()?;
    Some((if negative { value.wrapping_neg() } else { value }, rest))
}

struct Reader<'a> {
    text: &'a [u8],
}

impl Reader<'_> {
    /// A decimal number; one that is too large is converted as by the C library.
    fn number(&mut self) -> Option<u64> {
        let len = self.text.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.text.split_at(len);
        self.text = rest;
        let add = |n: u64, digit: &u8| n.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
        (len > 0).then(|| digits.iter().fold(0, add))
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.text = self.text.strip_prefix(&[byte])?;
        Some(())
    }

    /// `WxH,X,Y` and a pane id, which is ignored.
    fn place(&mut self) -> Option<LayoutCell> {
        let cols = self.number()? as u32;
        self.expect(b'x')?;
        let rows = self.number()? as u32;
        self.expect(b',')?;
        let x = self.number()?;
        self.expect(b',')?;
        let y = self.number()?;
        let before_id = self.text;
        if self.expect(b',').is_some() {
            self.number();
            if self.text.first() == Some(&b'x') {
                self.text = before_id;
            }
        }
        let offset = |n: u64| i64::try_from(n).unwrap_or(i64::MAX) as i32;
        Some(LayoutCell::leaf(None, Size::new(cols, rows), offset(x), offset(y)))
    }

    fn cell(&mut self, layout: &mut Layout, parent: Option<CellId>, depth: u32) -> Option<CellId> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut cell = self.place()?;
        cell.parent = parent;
        let (kind, close) = match self.text.first() {
            None | Some(b',' | b'}' | b']' | b'>') => return Some(layout.add(cell)),
            Some(b'{') => (CellKind::LeftRight, b'}'),
            Some(b'[') => (CellKind::TopBottom, b']'),
            Some(_) => return None,
        };
        cell.kind = kind;
        let id = layout.add(cell);
        loop {
            self.text = &self.text[1..];
            let child = self.cell(layout, Some(id), depth + 1)?;
            layout.cell_mut(id).children.push(child);
            if self.text.first() != Some(&b',') {
                break;
            }
        }
        self.expect(close)?;
        Some(id)
    }
}
