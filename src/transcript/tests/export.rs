//! Exports by steps.

use super::*;
use crate::base::PaneId;

#[test]
fn exports_are_whole_and_show_notes_between_lines() {
    let store = store_on(&FaultyDisk::default());
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 3);
    history.handle().annotate(0, "killed");
    push_lines(&mut history, 3, 5000);
    let mut view = history.pin();
    let notes = history.handle().annotations();
    let mut export = Exporter::new(&mut view, Form::Text, 0, u64::MAX, notes);
    let mut out = String::new();
    while export.step(&mut view, 1000, &mut out) {}
    let mut want = lines(0, 5000);
    want.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
    let shown: Vec<&str> = out.lines().collect();
    assert!(shown[3].starts_with("-- 19") && shown[3].ends_with(": killed --"), "{}", shown[3]);
    assert_eq!([&shown[..3], &shown[4..]].concat(), want);
    for form in [Form::Ansi, Form::Html, Form::Cast, Form::Markdown] {
        let (mut export, mut out) = (Exporter::new(&mut view, form, 10, 20, Vec::new()), String::new());
        while export.step(&mut view, 3, &mut out) {}
        assert!(out.contains("line 10 ") && !out.contains("line 9 ") && !out.contains("line 20 "), "{out}");
    }
}

#[test]
fn markdown_holds_lines_that_end_blocks_of_code() {
    let store = store_on(&FaultyDisk::default());
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    let push = |history: &mut PaneHistory, text: &str| history.push(&text_row(text), &Links::new());
    push(&mut history, "one");
    history.handle().annotate(0, "killed");
    push(&mut history, "`````");
    push(&mut history, "# two");
    let mut view = history.pin();
    let (notes, mut out) = (history.handle().annotations(), String::new());
    let mut export = Exporter::new(&mut view, Form::Markdown, 0, u64::MAX, notes);
    while export.step(&mut view, 1, &mut out) {}
    let out: Vec<&str> = out.lines().collect();
    let note = out[4];
    assert!(note.starts_with("> 19") && note.ends_with(": killed"), "{note}");
    let fence = "`````";
    let expect =
        [fence, "one", fence, "", note, "", fence, fence, "", "    `````", "", fence, "# two", fence];
    assert_eq!(out, expect);
    assert_eq!(export.progress(), (3, 3));
}
