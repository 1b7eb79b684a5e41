//! Moving the cursor in few bytes, and the scroll region and margins that limit movement.

use crate::outer::{Cap, Term};
use crate::render::tty::Tty;

/// Moves to a cell.
pub(in crate::render) fn move_to(tty: &mut Tty, term: &Term, x: u32, y: u32, out: &mut Vec<u8>) {
    let (cols, rows) = (tty.size.cols, tty.size.rows);
    if cols == 0 || rows == 0 {
        return;
    }
    let (x, y) = (x.min(cols - 1), y.min(rows - 1));
    if tty.cursor == Some((x, y)) {
        return;
    }
    let relative = match tty.cursor {
        // Just past the end of a row terminals differ: only absolute movement is safe.
        Some((from_x, from_y)) if from_x < cols => nearby(tty, term, (from_x, from_y), (x, y), out),
        _ => false,
    };
    if !relative {
        term.put_numbers(Cap::CUP, &[y as i32, x as i32], out);
    }
    tty.cursor = Some((x, y));
}

/// Tries the short ways; false if none applies.
fn nearby(tty: &Tty, term: &Term, from: (u32, u32), to: (u32, u32), out: &mut Vec<u8>) -> bool {
    let (top, bottom) = tty.region.unwrap_or((0, tty.size.rows - 1));
    // A carriage return moves to column 0 only if the left margin is there.
    let left_edge = !term.flags.margins || tty.margins.is_some_and(|(left, _)| left == 0);
    if to == (0, 0) && term.has(Cap::HOME) {
        term.put(Cap::HOME, out);
        return true;
    }
    if to.0 == 0 && to.1 == from.1 + 1 && from.1 != bottom && left_edge {
        out.extend_from_slice(b"\r\n");
        return true;
    }
    if to.1 == from.1 {
        if to.0 == 0 && left_edge {
            out.push(b'\r');
            return true;
        }
        return along_row(term, from.0, to.0, out);
    }
    to.0 == from.0 && along_column(term, (top, bottom), from.1, to.1, out)
}

fn along_row(term: &Term, from: u32, to: u32, out: &mut Vec<u8>) -> bool {
    let distance = from.abs_diff(to);
    let left = to < from;
    let one = if left { Cap::CUB1 } else { Cap::CUF1 };
    if distance == 1 && term.has(one) {
        term.put(one, out);
        return true;
    }
    if distance > to && term.has(Cap::HPA) {
        term.put_numbers(Cap::HPA, &[to as i32], out);
        return true;
    }
    let many = if left { Cap::CUB } else { Cap::CUF };
    // Relative movement stops at margins.
    if term.flags.margins || !term.has(many) {
        return false;
    }
    if left && distance == 2 && term.has(Cap::CUB1) {
        term.put(Cap::CUB1, out);
        term.put(Cap::CUB1, out);
    } else {
        term.put_numbers(many, &[distance as i32], out);
    }
    true
}

fn along_column(term: &Term, region: (u32, u32), from: u32, to: u32, out: &mut Vec<u8>) -> bool {
    let distance = from.abs_diff(to);
    let up = to < from;
    let edge = if up { region.0 } else { region.1 };
    let one = if up { Cap::CUU1 } else { Cap::CUD1 };
    if distance == 1 && from != edge && term.has(one) {
        term.put(one, out);
        return true;
    }
    // Relative movement stops at the edge of the region when it starts inside.
    let crosses = if up { from >= edge && to < edge } else { from <= edge && to > edge };
    if distance > to || crosses {
        let absolute = term.has(Cap::VPA);
        if absolute {
            term.put_numbers(Cap::VPA, &[to as i32], out);
        }
        return absolute;
    }
    let many = if up { Cap::CUU } else { Cap::CUD };
    let known = term.has(many);
    if known {
        term.put_numbers(many, &[distance as i32], out);
    }
    known
}

/// Sets the scroll region, rows inclusive.
pub(in crate::render) fn region(tty: &mut Tty, term: &Term, top: u32, bottom: u32, out: &mut Vec<u8>) {
    if tty.region == Some((top, bottom)) || !term.has(Cap::CSR) {
        return;
    }
    // PuTTY keeps its pending wrap when the region is set: leave the last column first.
    if let Some((x, y)) = tty.cursor
        && x >= tty.size.cols
    {
        move_to(tty, term, 0, y, out);
    }
    term.put_numbers(Cap::CSR, &[top as i32, bottom as i32], out);
    tty.region = Some((top, bottom));
    tty.cursor = None;
}

pub(in crate::render) fn region_off(tty: &mut Tty, term: &Term, out: &mut Vec<u8>) {
    region(tty, term, 0, tty.size.rows.max(1) - 1, out);
}

/// Sets the margins, columns inclusive.
pub(in crate::render) fn margins(tty: &mut Tty, term: &Term, left: u32, right: u32, out: &mut Vec<u8>) {
    if !term.flags.margins || tty.margins == Some((left, right)) {
        return;
    }
    if left == 0 && right + 1 == tty.size.cols {
        term.put(Cap::CLMG, out);
    } else {
        term.put_numbers(Cap::CMG, &[left as i32, right as i32], out);
    }
    tty.margins = Some((left, right));
    tty.cursor = None;
}

pub(in crate::render) fn margins_off(tty: &mut Tty, term: &Term, out: &mut Vec<u8>) {
    margins(tty, term, 0, tty.size.cols.max(1) - 1, out);
}
