//! Setting attributes, colours and hyperlinks, converted to what the terminal can show.

use crate::base::{Attrs, CellStyle, Colour, LinkId};
use crate::outer::{Cap, Term};
use crate::render::frame::FrameLinks;
use crate::render::tty::Tty;

/// Switches the terminal to a style.
pub(super) fn set(tty: &mut Tty, term: &Term, links: &FrameLinks, wanted: CellStyle, out: &mut Vec<u8>) {
    if tty.wanted == wanted {
        return;
    }
    let style = convert(term, wanted);
    let lost = tty.pen.attrs - style.attrs;
    if !lost.is_empty() {
        reset(tty, term, out);
    }
    colours(tty, term, &style, out);
    attributes(tty, term, style.attrs, out);
    link(tty, term, links, style.link, out);
    tty.wanted = wanted;
}

/// Switches the terminal to a background for erasing; the foreground, which is invisible then,
/// stays as it is.
pub(super) fn set_background(tty: &mut Tty, term: &Term, links: &FrameLinks, bg: Colour, out: &mut Vec<u8>) {
    let plain = CellStyle { bg, ..CellStyle::DEFAULT };
    let same = |style: &CellStyle| CellStyle { fg: Colour::Default, ..*style } == plain;
    if !same(&tty.wanted) {
        set(tty, term, links, plain, out);
    }
}

/// Resets all attributes and colours.
pub(in crate::render) fn reset(tty: &mut Tty, term: &Term, out: &mut Vec<u8>) {
    tty.wanted = CellStyle::DEFAULT;
    if tty.pen == CellStyle::DEFAULT {
        return;
    }
    if tty.pen.link != LinkId(0) {
        term.put_texts(Cap::HLS, &[b"", b""], out);
    }
    if tty.pen.attrs.contains(Attrs::CHARSET) {
        term.put(Cap::RMACS, out);
    }
    term.put(Cap::SGR0, out);
    tty.pen = CellStyle::DEFAULT;
}

/// Converts a style to one that this terminal can show.
fn convert(term: &Term, mut style: CellStyle) -> CellStyle {
    if !term.has(Cap::SETAB) {
        // Without background colours, reverse video is the best substitute.
        if style.attrs.contains(Attrs::REVERSE) {
            if style.fg != Colour::Basic(7) && !style.fg.is_default() {
                style.attrs -= Attrs::REVERSE;
            }
        } else if style.bg != Colour::Basic(0) && !style.bg.is_default() {
            style.attrs |= Attrs::REVERSE;
        }
    }
    let bg = style.bg;
    (style.fg, style.attrs) = foreground(term, style.fg, bg, style.attrs);
    style.bg = background(term, bg);
    style.us = underline(term, style.us);
    style
}

/// Number of colours of the terminal.
fn depth(term: &Term) -> i32 {
    if term.flags.colours_256 { 256 } else { term.number(Cap::COLORS) }
}

/// Replaces RGB by a palette colour if the terminal has no RGB; uses one name for the terminal's
/// default.
fn reduced(term: &Term, colour: Colour) -> Colour {
    match colour {
        Colour::Rgb(..) if !term.flags.rgb => colour.to_256(),
        Colour::None | Colour::Terminal => Colour::Default,
        other => other,
    }
}

fn foreground(term: &Term, fg: Colour, bg: Colour, attrs: Attrs) -> (Colour, Attrs) {
    let depth = depth(term);
    match reduced(term, fg) {
        Colour::Indexed(n) if depth < 256 => {
            let fg = match Colour::index_to_16(n) {
                dark @ 0..8 => dark,
                bright if depth >= 16 => bright,
                // Black on black or white on white would be invisible.
                8 if bg == Colour::Basic(0) => 7,
                15 if bg == Colour::Basic(7) => 0,
                bright => bright - 8,
            };
            (Colour::Basic(fg), attrs)
        }
        Colour::Basic(n) if n >= 8 && depth < 16 => (Colour::Basic(n - 8), attrs | Attrs::BRIGHT),
        other => (other, attrs),
    }
}

fn background(term: &Term, bg: Colour) -> Colour {
    let depth = depth(term);
    match reduced(term, bg) {
        Colour::Indexed(n) if depth < 256 => match Colour::index_to_16(n) {
            bright @ 8.. if depth < 16 => Colour::Basic(bright - 8),
            other => Colour::Basic(other),
        },
        Colour::Basic(n) if n >= 8 && depth < 16 => Colour::Basic(n - 8),
        other => other,
    }
}

fn underline(term: &Term, us: Colour) -> Colour {
    match us {
        Colour::None | Colour::Terminal => Colour::Default,
        _ if term.has(Cap::SETULC1) => us,
        _ => us.to_rgb().map_or(Colour::Default, |(r, g, b)| Colour::Rgb(r, g, b)),
    }
}

fn colours(tty: &mut Tty, term: &Term, style: &CellStyle, out: &mut Vec<u8>) {
    let unchanged = |pen: &CellStyle| pen.fg == style.fg && pen.bg == style.bg && pen.us == style.us;
    if unchanged(&tty.pen) {
        return;
    }
    let fewer = |now: Colour, then: Colour| now == Colour::Default && then != Colour::Default;
    if fewer(style.fg, tty.pen.fg) || fewer(style.bg, tty.pen.bg) {
        // AX: the default colours can be set one at a time; otherwise only all together.
        if term.flag(Cap::AX) {
            if fewer(style.fg, tty.pen.fg) {
                out.extend_from_slice(b"\x1b[39m");
                tty.pen.fg = Colour::Default;
            }
            if fewer(style.bg, tty.pen.bg) {
                out.extend_from_slice(b"\x1b[49m");
                tty.pen.bg = Colour::Default;
            }
        } else {
            reset(tty, term, out);
        }
    }
    let bright = |c: Colour| matches!(c, Colour::Basic(8..));
    if style.fg != tty.pen.fg {
        // Some terminals do not switch from a bright colour to another one correctly.
        if bright(tty.pen.fg) && !bright(style.fg) {
            reset(tty, term, out);
        }
        put_colour(term, style.fg, (Cap::SETAF, Cap::SETRGBF), 90, out);
        tty.pen.fg = style.fg;
    }
    if style.bg != tty.pen.bg {
        put_colour(term, style.bg, (Cap::SETAB, Cap::SETRGBB), 100, out);
        tty.pen.bg = style.bg;
    }
    if style.us != tty.pen.us {
        put_underline(term, style.us, out);
        tty.pen.us = style.us;
    }
}

/// Sets a foreground or background; `bright` is the SGR number of the first bright colour.
fn put_colour(term: &Term, colour: Colour, (indexed, rgb): (Cap, Cap), bright: u8, out: &mut Vec<u8>) {
    match colour {
        Colour::Rgb(r, g, b) => term.put_numbers(rgb, &[i32::from(r), i32::from(g), i32::from(b)], out),
        Colour::Basic(n @ 8..=15) if term.flags.colours_256 => {
            out.extend_from_slice(format!("\x1b[{}m", n - 8 + bright).as_bytes());
        }
        Colour::Basic(n) | Colour::Indexed(n) => term.put_numbers(indexed, &[i32::from(n)], out),
        Colour::None | Colour::Default | Colour::Terminal => {}
    }
}

fn put_underline(term: &Term, colour: Colour, out: &mut Vec<u8>) {
    match colour {
        Colour::Rgb(r, g, b) => {
            let value = i32::from(r) << 16 | i32::from(g) << 8 | i32::from(b);
            if term.has(Cap::SETULC) {
                term.put_numbers(Cap::SETULC, &[value], out);
            } else if term.has(Cap::SETAL) && term.has(Cap::RGB) {
                term.put_numbers(Cap::SETAL, &[value], out);
            }
        }
        Colour::Basic(n) | Colour::Indexed(n) => {
            term.put_numbers(Cap::SETULC1, &[i32::from(n)], out);
        }
        Colour::None | Colour::Default | Colour::Terminal => term.put(Cap::OL, out),
    }
}

fn attributes(tty: &mut Tty, term: &Term, attrs: Attrs, out: &mut Vec<u8>) {
    let new = attrs - tty.pen.attrs;
    tty.pen.attrs = attrs;
    if new.is_empty() {
        return;
    }
    let put = |attr: Attrs, cap: Cap, out: &mut Vec<u8>| {
        if new.contains(attr) {
            term.put(cap, out);
        }
    };
    put(Attrs::BRIGHT, Cap::BOLD, out);
    put(Attrs::DIM, Cap::DIM, out);
    if new.contains(Attrs::ITALICS) {
        let italics = term.has(Cap::SITM) && !tty.options.italics_as_standout;
        term.put(if italics { Cap::SITM } else { Cap::SMSO }, out);
    }
    let styles = [
        Attrs::UNDERSCORE,
        Attrs::UNDERSCORE_DOUBLE,
        Attrs::UNDERSCORE_CURLY,
        Attrs::UNDERSCORE_DOTTED,
        Attrs::UNDERSCORE_DASHED,
    ];
    match styles.iter().position(|&s| new.contains(s)) {
        Some(0) => term.put(Cap::SMUL, out),
        Some(n) => term.put_numbers(Cap::SMULX, &[n as i32 + 1], out),
        None => {}
    }
    put(Attrs::BLINK, Cap::BLINK, out);
    put(Attrs::REVERSE, if term.has(Cap::REV) { Cap::REV } else { Cap::SMSO }, out);
    put(Attrs::HIDDEN, Cap::INVIS, out);
    put(Attrs::STRIKETHROUGH, Cap::SMXX, out);
    put(Attrs::OVERLINE, Cap::SMOL, out);
    put(Attrs::CHARSET, Cap::SMACS, out);
}

fn link(tty: &mut Tty, term: &Term, links: &FrameLinks, link: LinkId, out: &mut Vec<u8>) {
    if tty.pen.link == link {
        return;
    }
    tty.pen.link = link;
    match links.get(link) {
        Some(known) => {
            let id = format!("tmux{:X}", link.0);
            term.put_texts(Cap::HLS, &[id.as_bytes(), known.uri.as_bytes()], out);
        }
        None => term.put_texts(Cap::HLS, &[b"", b""], out),
    }
}
