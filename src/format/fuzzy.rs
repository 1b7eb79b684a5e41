//! Fuzzy matching (`#{m/p:…}`): the columns of a text that match a query. The query consists of groups
//! separated by `|`, one of which must match; of a group, all terms must match.

use crate::base::width::char_width;

use crate::syntax::format::scan::skip;

/// A visible character. Alignments are those of styles: left, centre, right, absolute centre.
struct Shown {
    text: char,
    width: usize,
    align: usize,
    /// Column within its alignment.
    offset: usize,
}

/// A term of a query.
struct Term {
    text: Vec<char>,
    inverse: bool,
    exact: bool,
    prefix: bool,
    suffix: bool,
}

/// The columns that match, of a text that is `width` columns wide; `None` without a match. A query of
/// only blanks and bars matches everything.
pub(super) fn columns(query: &str, text: &str, width: usize) -> Option<Vec<usize>> {
    if query.chars().all(|c| matches!(c, ' ' | '|')) {
        return Some(Vec::new());
    }
    let fold = !query.bytes().any(|b| b.is_ascii_uppercase());
    let (shown, widths) = scan(text);
    let mut best: Option<(i64, Vec<bool>)> = None;
    for group in query.split('|') {
        let mut matched = vec![false; shown.len()];
        let Some(score) = match_group(group, &shown, fold, &mut matched) else { continue };
        if best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, matched));
        }
    }
    let (_, matched) = best?;
    let [left, centre, right, absolute] = widths;
    let width = width.max(1).max(left + centre + right);
    let starts = [
        0,
        (left + (width - right - left) / 2).saturating_sub(centre / 2),
        width - right,
        width.saturating_sub(absolute) / 2,
    ];
    let found = shown.iter().zip(matched).filter(|(_, matched)| *matched);
    let mut columns: Vec<usize> = found
        .flat_map(|(c, _)| (0..c.width).map(|n| starts[c.align] + c.offset + n))
        .filter(|column| *column < width)
        .collect();
    columns.sort_unstable();
    columns.dedup();
    Some(columns)
}

/// The visible characters, and the width of each alignment. Styles have no columns.
fn scan(text: &str) -> (Vec<Shown>, [usize; 4]) {
    let (mut out, mut widths, mut align) = (Vec::new(), [0; 4], 0);
    let mut add = |c: char, align: usize| {
        let width = usize::from(char_width(c).unwrap_or(0));
        out.push(Shown { text: c, width, align, offset: widths[align] });
        widths[align] += width;
    };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c != '#' {
            rest = &rest[c.len_utf8()..];
            if !c.is_ascii_control() {
                add(c, align);
            }
            continue;
        }
        let run = rest.bytes().take_while(|b| *b == b'#').count();
        rest = &rest[run..];
        let style = rest.strip_prefix('[');
        let hashes = if style.is_some() { run / 2 } else { run.div_ceil(2) };
        (0..hashes).for_each(|_| add('#', align));
        let Some(style) = style else { continue };
        rest = style;
        if run % 2 == 0 {
            add('[', align);
            continue;
        }
        let Some(end) = skip(style, b"]") else { break };
        align = alignment(&style[..end]).unwrap_or(align);
        rest = &style[end + 1..];
    }
    (out, widths)
}

fn alignment(style: &str) -> Option<usize> {
    let words = style.split([' ', ',']).rev();
    words
        .filter_map(|word| match word {
            "noalign" | "align=left" => Some(0),
            "align=centre" => Some(1),
            "align=right" => Some(2),
            "align=absolute-centre" => Some(3),
            _ => None,
        })
        .next()
}

fn parse_term(text: &str) -> Option<Term> {
    let (inverse, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let quoted = text.strip_prefix('\'');
    let anchored = text.strip_prefix('^');
    let text = quoted.or(anchored).unwrap_or(text);
    if text.is_empty() {
        return None;
    }
    let ended = text.strip_suffix('$');
    let text = ended.unwrap_or(text);
    let (prefix, suffix) = (quoted.is_none() && anchored.is_some(), ended.is_some());
    let exact = inverse || quoted.is_some() || prefix || suffix;
    let text: Vec<char> = text.chars().collect();
    (!text.is_empty()).then_some(Term { text, inverse, exact, prefix, suffix })
}

/// The score of a group whose terms all match.
fn match_group(group: &str, shown: &[Shown], fold: bool, matched: &mut [bool]) -> Option<i64> {
    let (mut score, mut any) = (0, false);
    for text in group.split(' ').filter(|text| !text.is_empty()) {
        let term = parse_term(text)?;
        any = true;
        let found =
            if term.exact { match_exact(&term, shown, fold) } else { match_loose(&term, shown, fold) };
        match found {
            Some(_) if term.inverse => return None,
            None if !term.inverse => return None,
            None => {}
            Some((value, places)) => {
                score += value;
                places.into_iter().for_each(|at| matched[at] = true);
            }
        }
    }
    any.then_some(score)
}

fn equal(a: char, b: char, fold: bool) -> bool {
    a == b || (fold && a.eq_ignore_ascii_case(&b))
}

fn is_boundary(shown: &[Shown], at: usize) -> bool {
    " -_/.:".contains(shown[at].text)
}

/// Score of a match's position: at the start, at a word, or columns behind those.
fn start_value(shown: &[Shown], start: usize) -> i64 {
    match start {
        0 => 12,
        _ => (if is_boundary(shown, start - 1) { 8 } else { 0 }) - (start as i64).min(10),
    }
}

/// Matches the term's characters in a row, at the position with the best score.
fn match_exact(term: &Term, shown: &[Shown], fold: bool) -> Option<(i64, Vec<usize>)> {
    let (len, count) = (term.text.len(), shown.len());
    let last = count.checked_sub(len)?;
    let starts = match (term.prefix, term.suffix) {
        (true, true) if last != 0 => return None,
        (true, _) => 0..1,
        (false, true) => last..last + 1,
        (false, false) => 0..last + 1,
    };
    let matches = |start: &usize| {
        let window = &shown[*start..*start + len];
        window.iter().zip(&term.text).all(|(c, wanted)| equal(c.text, *wanted, fold))
    };
    let value = |start: usize| {
        let anchors = i64::from(term.prefix) * 200 + i64::from(term.suffix) * 100;
        let behind = if term.prefix || term.suffix { 0 } else { (count - start - len) as i64 };
        1000 + 6 * len as i64 + anchors + start_value(shown, start) - behind
    };
    let scored = starts.filter(matches).map(|start| (value(start), start));
    let (value, start) = scored.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some((value, (start..start + len).collect()))
}

/// Matches the term's characters in order, with gaps: the first match, made as short as possible.
fn match_loose(term: &Term, shown: &[Shown], fold: bool) -> Option<(i64, Vec<usize>)> {
    let mut places = Vec::with_capacity(term.text.len());
    let mut at = 0;
    for wanted in &term.text {
        at += shown.get(at..)?.iter().position(|c| equal(c.text, *wanted, fold))?;
        places.push(at);
        at += 1;
    }
    let mut end = at;
    for (place, wanted) in places.iter_mut().zip(&term.text).rev() {
        end = shown[..end].iter().rposition(|c| equal(c.text, *wanted, fold))?;
        *place = end;
    }
    let mut value = start_value(shown, places[0]);
    for pair in places.windows(2) {
        if pair[1] == pair[0] + 1 {
            value += 6;
        } else if is_boundary(shown, pair[1] - 1) {
            value += 8;
        }
    }
    let span = places[places.len() - 1] - places[0] + 1;
    Some((value - (span - places.len()) as i64, places))
}
