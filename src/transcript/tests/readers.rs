//! Readers that hold a place in a history while it is pushed to, cleared, trimmed, resized or
//! closed: each sees the contents at the time of pinning, and no place is ever out of bounds.

use proptest::prelude::*;

use super::*;
use crate::base::PaneId;
use crate::base::history::Seek;

/// An event between two reads.
#[derive(Clone, Debug)]
enum Event {
    Push(u32),
    PushLong(u32),
    Pop(u32),
    Clear,
    Flush,
    Width(u32),
    /// Another limit: 0 drops everything.
    Limit(u64),
    Pin,
    /// Read everything that is pinned.
    Look,
    /// Drop the oldest pin.
    Unpin,
    /// Empty the cache of decoded blocks.
    Cold,
    /// Close the pane and open another one.
    Close(bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (1u32..120).prop_map(Event::Push),
        1 => (1u32..800).prop_map(Event::PushLong),
        1 => (1u32..40).prop_map(Event::Pop),
        2 => Just(Event::Clear),
        3 => Just(Event::Flush),
        2 => (4u32..60).prop_map(Event::Width),
        1 => prop_oneof![Just(0u64), Just(8 << 10), Just(20 << 10), Just(CAP)].prop_map(Event::Limit),
        4 => Just(Event::Pin),
        4 => Just(Event::Look),
        1 => Just(Event::Unpin),
        1 => Just(Event::Cold),
        1 => any::<bool>().prop_map(Event::Close),
    ]
}

/// A reader with the contents it saw at first, and a search in progress.
struct Reader {
    view: TranscriptView,
    rows: Vec<String>,
    cursor: SearchCursor,
}

impl Reader {
    fn new(history: &mut PaneHistory, forward: bool) -> Self {
        let mut view = history.pin();
        let rows = all_text(&mut view);
        let from = if forward { 0 } else { u64::MAX };
        let cursor = SearchCursor::new(&mut view, from, forward);
        Self { view, rows, cursor }
    }

    /// Checks that all ways to read return the contents at first.
    fn look(&mut self) {
        assert_eq!(all_text(&mut self.view), self.rows);
        let (mut links, count) = (Links::new(), self.rows.len() as u64);
        for step in [1, 7, 300] {
            let (mut at, mut read) = (0, Vec::new());
            while at < count {
                let next = self.view.read(at..at + step, &mut links, &mut |row| {
                    read.push(row.text);
                    true
                });
                assert_eq!(next, (at + step).min(count));
                at = next;
            }
            assert_eq!(read, self.rows, "in steps of {step}");
        }
        let mut some = 0;
        let enough = self.view.read(0..count, &mut links, &mut |_| {
            some += 1;
            some < 3
        });
        assert_eq!(enough, count.min(3));
        let needle = Needle::new("line 1[0-9]* ", true, false).unwrap();
        while let Progress::Found(found) = self.cursor.step(&mut self.view, &needle, usize::MAX) {
            assert!(found.row < count, "{} of {count}", found.row);
        }
        let filter = prefilter("line", false, false).unwrap();
        for from in [0, 1, count / 2, count.saturating_sub(1), count, count + 1] {
            for forward in [true, false] {
                if let Seek::At(row) = self.view.seek(from, forward, &filter, usize::MAX) {
                    assert!(row < count, "{row} of {count}");
                }
            }
            self.view.line_number(from);
            self.view.row_of_number(from);
        }
    }
}

/// Reads the history itself, whose writer must have finished trimming.
fn live_look(store: &TranscriptStore, history: &mut PaneHistory) {
    assert!(store.settle(LONG));
    let rows = history.rows();
    let mut links = Links::new();
    for row in [0, rows / 2, rows.saturating_sub(1)] {
        assert_eq!(history.row(row, &mut links).is_some(), row < rows);
    }
    assert!(history.row(rows, &mut links).is_none());
    let mut view = history.pin();
    let filter = prefilter("nothing like it", false, false).unwrap();
    for from in [0, rows / 2, rows.saturating_sub(1)] {
        for forward in [true, false] {
            view.seek(from, forward, &filter, usize::MAX);
        }
    }
}

fn live(events: Vec<Event>) {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let open = |number| store.open_pane(PaneId(number), PaneInfo::default(), 20 << 10, 40);
    let (mut history, mut panes) = (open(0), 1);
    let (mut readers, links): (Vec<Reader>, _) = (Vec::new(), Links::new());
    let mut line = 0;
    for event in events {
        match event {
            Event::Push(count) => {
                push_lines(&mut history, line, line + u64::from(count));
                line += u64::from(count);
            }
            Event::PushLong(cols) => {
                let text = format!("line 1 {}", "世x".repeat(cols as usize));
                let mut row = text_row(&text);
                row.flags |= crate::base::history::RowFlags::WRAPPED;
                (0..3).for_each(|_| history.push(&row, &links));
            }
            Event::Pop(count) => (0..count).for_each(|_| drop(history.pop(&mut Links::new()))),
            Event::Clear => history.clear(),
            Event::Flush => {
                history.flush();
                assert!(store.settle(LONG));
            }
            Event::Width(cols) => {
                history.set_width(cols);
                if let Some(reader) = readers.first_mut() {
                    reader.view.set_width(cols);
                    reader.rows = all_text(&mut reader.view);
                    reader.cursor = SearchCursor::new(&mut reader.view, 0, true);
                }
            }
            Event::Limit(bytes) => history.set_limit(bytes),
            Event::Pin => readers.push(Reader::new(&mut history, readers.len() % 2 == 0)),
            Event::Look => readers.iter_mut().for_each(Reader::look),
            Event::Unpin => drop((!readers.is_empty()).then(|| readers.remove(0))),
            Event::Cold => store.shared.loader.cache.lock().clear(),
            Event::Close(keep) => {
                history.handle().close(keep.then_some(9));
                history = open(panes);
                panes += 1;
            }
        }
        live_look(&store, &mut history);
    }
    readers.iter_mut().for_each(Reader::look);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn readers_keep_what_they_pinned(events in prop::collection::vec(event(), 1..40)) {
        live(events);
    }
}

#[test]
fn a_history_that_was_cleared_is_searched() {
    live(vec![Event::Push(2000), Event::Flush, Event::Clear, Event::Push(3), Event::Pin, Event::Look]);
}

#[test]
fn a_line_of_any_length_is_read_in_pieces() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(0), PaneInfo::default(), CAP, 80);
    let (links, mut row) = (Links::new(), text_row(&"é".repeat(80)));
    row.flags |= crate::base::history::RowFlags::WRAPPED;
    (0..20_000).for_each(|_| history.push(&row, &links));
    let mut view = history.pin();
    view.set_width(33);
    let (mut links, mut at, mut chars) = (Links::new(), 0, 0);
    while at < view.rows() {
        at = view.read(at..at + 500, &mut links, &mut |row| {
            chars += row.text.chars().count();
            true
        });
    }
    assert_eq!(chars, 80 * 20_000);
}
