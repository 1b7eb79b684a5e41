//! Searches by steps.

use super::*;
use crate::base::PaneId;
use crate::base::history::{RowFlags, Seek};

#[test]
fn searches_find_every_match_in_both_directions_and_can_be_interrupted() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 20);
    push_lines(&mut history, 0, 16_000);
    let mut row = text_row("needle at the very ");
    row.flags = RowFlags::WRAPPED;
    history.push(&row, &Links::new());
    let mut view = history.pin();
    let rows = view.rows();
    let all = all_text(&mut view);
    let check = |view: &mut TranscriptView, pattern: &str, is_regex: bool, want: Vec<u64>| {
        let needle = Needle::new(pattern, is_regex, false).unwrap();
        for forward in [true, false] {
            let mut cursor = SearchCursor::new(view, if forward { 0 } else { rows }, forward);
            let (mut found, mut pauses) = (Vec::new(), 0);
            loop {
                match cursor.step(view, &needle, 32 << 10) {
                    Progress::Found(f) => found.extend(f.hits.iter().map(|hit| hit.row)),
                    Progress::More => pauses += 1,
                    Progress::Done => break,
                }
            }
            if !forward {
                found.reverse();
            }
            assert!(found == want, "{pattern}: {} and {} rows", found.len(), want.len());
            assert!(pauses > 3);
        }
    };
    let rows_with =
        |text: &str| -> Vec<u64> { (0..rows).filter(|&n| all[n as usize].contains(text)).collect() };
    check(&mut view, "line 777 ", false, rows_with("line 777 "));
    let posix = regex::Regex::new("ne 15[0-9]{3} ").unwrap();
    let want = (0..rows).filter(|&n| posix.is_match(&all[n as usize])).collect();
    check(&mut view, "ne 15[0-9]{3} ", true, want);
    check(&mut view, "needle", false, vec![rows - 1]);
    let filter = prefilter("line 15000", false, false).unwrap();
    let mut at = view.seek(0, true, &filter, usize::MAX);
    assert_eq!(at, Seek::At(rows_with("line 15000")[0]));
    at = view.seek(rows - 1, false, &filter, 1);
    while let Seek::More(row) = at {
        at = view.seek(row, false, &filter, 1);
    }
    let last = rows_with("line 15000")[0];
    assert!(matches!(at, Seek::At(row) if row >= last && row < last + 4), "{at:?}");
    assert_eq!(view.seek(0, true, &prefilter("nowhere", false, true).unwrap(), usize::MAX), Seek::End);
}
