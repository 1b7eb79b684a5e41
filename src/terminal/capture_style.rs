//! Styles of captured text: the sequences that turn one style into the next, and hyperlinks.

use crate::base::links::Links;
use crate::base::number::push_decimal;
use crate::base::{Attrs, CellStyle, Colour};

/// Longest hyperlink printed, in bytes with what surrounds it.
const MAX_LINK_BYTES: usize = 8192;

/// Writes changes of style.
#[derive(Clone, Debug)]
pub(super) struct Styler {
    /// Escape sequences are made visible.
    octal: bool,
    last: CellStyle,
}

impl Styler {
    pub(super) fn new(octal: bool) -> Self {
        Self { octal, last: CellStyle::DEFAULT }
    }

    /// The sequences that turn the last style into `style`, which has no link.
    pub(super) fn change_to(&mut self, style: &CellStyle, out: &mut String) {
        if *style != self.last {
            self.push_change(style, out);
            self.last = *style;
        }
    }

    /// The same for a style that may have a link. `in_link`: a link is open.
    pub(super) fn change_with_link(
        &mut self,
        style: &CellStyle,
        links: &Links,
        in_link: &mut bool,
        out: &mut String,
    ) {
        if *style == self.last {
            return;
        }
        self.push_change(style, out);
        let before = std::mem::replace(&mut self.last, *style).link;
        if style.link == before {
            return;
        }
        match links.get(style.link) {
            Some(link) => *in_link = self.push_link(&link.id, &link.uri, out),
            None if *in_link => {
                self.push_link("", "", out);
                *in_link = false;
            }
            None => {}
        }
    }

    fn push_change(&self, style: &CellStyle, out: &mut String) {
        let last = &self.last;
        let mut attrs = last.attrs;
        let gone = (last.attrs - style.attrs).intersects(PRINTED)
            || (last.us != Colour::DEFAULT && style.us == Colour::DEFAULT);
        if gone {
            attrs &= Attrs::CHARSET;
        }
        let more = style.attrs - attrs;
        if gone || more.intersects(PRINTED) {
            self.escape(out);
            let mut before = "[";
            if gone {
                out.push_str("[0");
                before = ";";
            }
            for (attr, code) in ATTRIBUTES {
                if more.contains(attr) {
                    out.push_str(before);
                    out.push_str(code);
                    before = ";";
                }
            }
            out.push('m');
        }
        for (ground, new, old) in [(38, style.fg, last.fg), (48, style.bg, last.bg), (58, style.us, last.us)]
        {
            let unchanged = !gone && new == old;
            let reset = gone && new == Colour::Default;
            if !unchanged && !reset {
                self.push_colour(ground, new, out);
            }
        }
        match (style.attrs.contains(Attrs::CHARSET), attrs.contains(Attrs::CHARSET)) {
            (true, false) => out.push_str(if self.octal { "\\016" } else { "\x0e" }),
            (false, true) => out.push_str(if self.octal { "\\017" } else { "\x0f" }),
            _ => {}
        }
    }

    /// The sequence of a colour, where there is one.
    fn push_colour(&self, ground: u8, colour: Colour, out: &mut String) {
        let (first, more): (u8, &[u8]) = match colour {
            Colour::Indexed(index) => (ground, &[5, index]),
            Colour::Rgb(r, g, b) => (ground, &[2, r, g, b]),
            _ if ground == 58 => return,
            Colour::Default => (ground + 1, &[]),
            Colour::Basic(n @ 0..=7) => (ground - 8 + n, &[]),
            Colour::Basic(n @ 8..=15) => (ground + 52 + n - 8, &[]),
            _ => return,
        };
        self.escape(out);
        out.push('[');
        push_decimal(first, out);
        for number in more {
            out.push(';');
            push_decimal(*number, out);
        }
        out.push('m');
    }

    fn escape(&self, out: &mut String) {
        out.push_str(if self.octal { "\\033" } else { "\x1b" });
    }

    /// Opens a link, or closes it with an empty one; false if it is too long.
    pub(super) fn push_link(&self, id: &str, uri: &str, out: &mut String) -> bool {
        if uri.len() + id.len() + 17 >= MAX_LINK_BYTES {
            return false;
        }
        self.escape(out);
        out.push_str("]8;");
        if !id.is_empty() {
            out.push_str("id=");
            out.push_str(id);
        }
        out.push(';');
        out.push_str(uri);
        self.escape(out);
        out.push_str(if self.octal { "\\\\" } else { "\\" });
        true
    }
}

/// Attributes and their SGR codes, in the order they are printed.
const ATTRIBUTES: [(Attrs, &str); 13] = [
    (Attrs::BRIGHT, "1"),
    (Attrs::DIM, "2"),
    (Attrs::ITALICS, "3"),
    (Attrs::UNDERSCORE, "4"),
    (Attrs::BLINK, "5"),
    (Attrs::REVERSE, "7"),
    (Attrs::HIDDEN, "8"),
    (Attrs::STRIKETHROUGH, "9"),
    (Attrs::UNDERSCORE_DOUBLE, "4:2"),
    (Attrs::UNDERSCORE_CURLY, "4:3"),
    (Attrs::UNDERSCORE_DOTTED, "4:4"),
    (Attrs::UNDERSCORE_DASHED, "4:5"),
    // tmux: printed like the underlines, as 5:3 rather than 53.
    (Attrs::OVERLINE, "5:3"),
];

/// Those attributes.
const PRINTED: Attrs = Attrs::all().difference(Attrs::CHARSET.union(Attrs::NOATTR));
