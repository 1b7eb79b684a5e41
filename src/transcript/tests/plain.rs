//! Plain text gives the same history by the fast path as by the general one.

use proptest::prelude::*;

use super::*;
use crate::base::PaneId;
use crate::base::history::RowFlags;
use crate::transcript::layout::usual_size;

const WIDTH: u32 = 10;

#[derive(Clone, Debug)]
enum Step {
    /// Columns of text, true if the row is wrapped, and columns that exist beyond the usual.
    Row(u32, bool, u32),
    /// Rows of one line, so many columns in all.
    Line(u32),
    /// A row with flags, which is never plain.
    Marked(u32, bool),
    Pop,
    Width(u32),
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..=WIDTH, any::<bool>(), prop_oneof![5 => Just(0), 1 => 1..3u32])
            .prop_map(|(cols, wrapped, more)| Step::Row(cols, wrapped, more)),
        4 => Just(Step::Row(WIDTH, true, 0)),
        1 => (0..=WIDTH, any::<bool>()).prop_map(|(cols, wrapped)| Step::Marked(cols, wrapped)),
        4 => (1..4 * WIDTH).prop_map(Step::Line),
        2 => Just(Step::Pop),
        1 => (3..14u32).prop_map(Step::Width),
        1 => Just(Step::Flush),
    ]
}

/// Executes a step; `short`: rows may use the fast path.
fn take(history: &mut PaneHistory, step: &Step, width: &mut u32, short: bool) -> Option<Row> {
    let mut links = Links::new();
    match *step {
        Step::Row(cols, wrapped, more) => {
            let cols = cols.min(*width);
            let size = usual_size(cols, *width) + more;
            let text = "abcdefghijklmn"[..cols as usize].to_owned();
            if !(short && history.push_plain(text.as_bytes(), size, wrapped, 7)) {
                let mut row = Row { size, time: 7, ..text_row(&text) };
                row.flags.set(RowFlags::WRAPPED, wrapped);
                history.push(&row, &links);
            }
        }
        Step::Line(cols) => {
            let text: String = "abcdefghijklm".chars().cycle().take(cols as usize).collect();
            if !(short && history.push_plain_line(text.as_bytes(), *width, 7)) {
                let mut rows = text.as_bytes().chunks(*width as usize).peekable();
                while let Some(piece) = rows.next() {
                    let text = std::str::from_utf8(piece).unwrap();
                    let size = usual_size(text.len() as u32, *width);
                    let mut row = Row { size, time: 7, ..text_row(text) };
                    row.flags.set(RowFlags::WRAPPED, rows.peek().is_some());
                    history.push(&row, &links);
                }
            }
        }
        Step::Marked(cols, wrapped) => {
            let mut row = Row { time: 7, ..text_row(&"m".repeat(cols.min(*width) as usize)) };
            row.flags = RowFlags::START_PROMPT;
            row.flags.set(RowFlags::WRAPPED, wrapped);
            history.push(&row, &links);
        }
        Step::Pop => return history.pop(&mut links),
        Step::Width(cols) => {
            *width = cols;
            history.set_width(cols);
        }
        Step::Flush => _ = history.flush(),
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_short_way_leads_to_the_same_place(steps in proptest::collection::vec(step(), 1..60)) {
        let store = store_on(&FaultyDisk::default());
        let open = |n| store.open_pane(PaneId(n), PaneInfo::default(), CAP, WIDTH);
        let (mut short, mut long) = (open(1), open(2));
        let (mut a, mut b) = (WIDTH, WIDTH);
        for step in &steps {
            prop_assert_eq!(take(&mut short, step, &mut a, true), take(&mut long, step, &mut b, false));
        }
        let mut saved = [Vec::new(), Vec::new()];
        for width in [a, 4, 13] {
            short.set_width(width);
            long.set_width(width);
            prop_assert_eq!(short.rows(), long.rows());
            let mut links = Links::new();
            for n in 0..short.rows() {
                prop_assert_eq!(short.row(n, &mut links), long.row(n, &mut links), "row {} of {}", n, width);
            }
        }
        short.flush_all();
        long.flush_all();
        for (history, saved) in [&mut short, &mut long].into_iter().zip(&mut saved) {
            let blocks: Vec<_> = history.pane.list.lock().blocks().cloned().collect();
            for block in blocks {
                let header = block.header(0);
                saved.push((header.lines, header.widest, header.extra_rows, header.empty_tails));
            }
        }
        prop_assert_eq!(&saved[0], &saved[1]);
    }
}
