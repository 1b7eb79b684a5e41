//! Commands in; answers, cells and stored data out.

use super::store::MAX_PANE_BYTES;
use super::*;
use crate::base::placeholder::PartReader;
use crate::base::{Point, Size};
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};

fn terminal(cols: u32, rows: u32) -> Terminal {
    let config = TerminalConfig {
        kitty_graphics: KittyGraphics::On,
        cell_pixels: (10, 20),
        ..TerminalConfig::default()
    };
    Terminal::new(Size::new(cols, rows), config, Box::new(MemoryHistory::new(100, cols)))
}

/// Feeds commands and returns the answers.
fn ask(terminal: &mut Terminal, commands: &str) -> String {
    for command in commands.split('\n') {
        terminal.feed(format!("\x1b_G{command}\x1b\\").as_bytes());
    }
    String::from_utf8(terminal.take_replies()).expect("text").replace("\x1b_G", "").replace("\x1b\\", "|")
}

/// Rows of the screen: for each cell `.`, or row and column of the part in it.
fn shown(terminal: &Terminal) -> Vec<String> {
    (0..terminal.size().rows)
        .map(|y| {
            let mut reader = PartReader::default();
            let cells = (0..terminal.size().cols).map(|x| terminal.cell(x, y));
            let text = cells.map(|cell| match reader.read(&cell) {
                Some(part) => format!("{}{}", part.row, part.col),
                None => ".".to_owned(),
            });
            text.collect::<String>().trim_end_matches('.').to_owned()
        })
        .collect()
}

fn ids(terminal: &Terminal) -> Vec<u32> {
    terminal.pictures().entries().iter().map(|entry| entry.id).collect()
}

/// Base64 of a picture of 1×1 pixels (24 bits).
const DOT: &str = "AAAA";

#[test]
fn a_question_is_answered_and_keeps_nothing() {
    let mut t = terminal(10, 4);
    assert_eq!(ask(&mut t, "i=31,s=1,v=1,a=q,t=d,f=24;AAAA"), "i=31;OK|");
    assert_eq!(ask(&mut t, "i=31,s=1,v=2,a=q,t=d,f=24;AAAA"), "i=31;ENODATA:not enough data: 3 of 6 bytes|");
    assert_eq!(ask(&mut t, "i=1,a=q,f=24,s=1,v=1;A*"), "i=1;EINVAL:the payload is no base64|");
    assert_eq!(ask(&mut t, "i=1,a=q,f=100;AAAA"), "i=1;EBADPNG:this is no PNG|");
    assert_eq!(ask(&mut t, "i=1,a=q,f=7;AAAA"), "i=1;EINVAL:unknown format 7|");
    assert_eq!(ask(&mut t, "i=1,a=q,f=24;AAAA"), "i=1;EINVAL:the image has no width or height|");
    assert_eq!(ask(&mut t, "i=1,I=2;"), "i=1,I=2;EINVAL:an id and a number were given|");
    assert!(t.pictures().is_empty());
}

#[test]
fn compressed_data_is_looked_into() {
    let mut t = terminal(10, 4);
    let packed = |data: &[u8]| {
        let data = pixels::deflate(data).expect("it can be packed");
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, data)
    };
    let rgb = packed(&[1, 2, 3, 4, 5, 6]);
    assert_eq!(ask(&mut t, &format!("i=1,f=24,s=2,v=1,o=z;{rgb}")), "i=1;OK|");
    assert_eq!(
        ask(&mut t, &format!("i=1,f=24,s=2,v=2,o=z;{rgb}")),
        "i=1;ENODATA:not enough data: 6 of 12 bytes|"
    );
    let damaged = "i=1;EINVAL:the data cannot be decompressed|";
    assert_eq!(ask(&mut t, "i=1,f=24,s=2,v=1,o=z;AAAA"), damaged);
    assert_eq!(ask(&mut t, "i=1,f=24,s=2,v=1,o=z,q=1;AAAA"), damaged);
    assert_eq!(ask(&mut t, "i=1,f=24,s=2,v=1,o=z,q=2;AAAA"), "");
    assert_eq!(ask(&mut t, "i=1,f=24,s=2,v=1,o=y;AAAA"), "i=1;EINVAL:unknown compression|");
    // The size of a PNG is in it, compressed or not.
    let png = pixels::tests::png(25, 30, png::ColorType::Grayscale, &[0; 25 * 30]);
    assert_eq!(ask(&mut t, &format!("a=T,i=2,f=100,o=z,q=1;{}", packed(&png))), "");
    let place = t.pictures().get(2).expect("an entry").placements[0];
    assert_eq!((place.cols, place.rows), (3, 2));
    assert_eq!(ask(&mut t, &format!("i=2,f=100,o=z;{rgb}")), "i=2;EBADPNG:this is no PNG|");
}

#[test]
fn a_placement_may_show_a_part_of_its_picture() {
    let mut t = terminal(10, 4);
    ask(&mut t, &format!("i=1,f=24,s=20,v=40,q=1;{}", "AAAA".repeat(20 * 40)));
    for (command, region, size) in [
        ("c=1", None, (1, 1)),
        ("x=10", Some((10, 0, 10, 40)), (1, 2)),
        ("x=5,y=10,w=10,h=20", Some((5, 10, 10, 20)), (1, 1)),
        ("x=15,y=30,w=100,h=100", Some((15, 30, 5, 10)), (1, 1)),
        ("w=20,h=40", None, (2, 2)),
        ("y=39,c=4,r=2", Some((0, 39, 20, 1)), (4, 2)),
    ] {
        ask(&mut t, &format!("a=p,i=1,p=1,C=1,q=1,{command}"));
        let place = t.pictures().get(1).expect("an entry").placements[0];
        assert_eq!((place.region, (place.cols, place.rows)), (region, size), "{command}");
    }
}

#[test]
fn an_offset_in_the_first_cell_is_a_margin() {
    let mut t = terminal(10, 4);
    ask(&mut t, &format!("i=1,f=24,s=20,v=40,q=1;{}", "AAAA".repeat(20 * 40)));
    for (command, size, inset) in [
        ("X=5", (3, 2), Some((5, 0, 30, 40))),
        ("X=5,Y=30", (3, 3), Some((5, 19, 30, 60))),
        ("X=5,Y=10,c=2,r=2", (2, 2), Some((7, 13, 27, 53))),
        ("x=10,X=5", (2, 2), Some((5, 0, 20, 40))),
        ("X=5,U=1", (3, 2), None),
        ("X=0", (2, 2), None),
    ] {
        ask(&mut t, &format!("a=p,i=1,p=1,C=1,q=1,{command}"));
        let place = t.pictures().get(1).expect("an entry").placements[0];
        let of = |i: pixels::Inset| (i.left, i.top, i.width, i.height);
        assert_eq!(((place.cols, place.rows), place.inset.map(of)), (size, inset), "{command}");
    }
    // An animation is shown, without the offset.
    ask(&mut t, "a=p,i=1,p=1,C=1,q=1,X=5");
    let clip = |t: &Terminal| {
        let entry = t.pictures().get(1).expect("an entry");
        entry.placements[0].clip(entry)
    };
    assert!(!clip(&t).is_whole());
    ask(&mut t, "a=f,i=1,f=24,s=1,v=1,q=1;AAAA");
    assert!(clip(&t).is_whole());
}

#[test]
fn answers_are_as_quiet_as_the_program_wants() {
    let mut t = terminal(10, 4);
    for (quiet, ok, bad) in [
        ("", "i=3;OK|", "i=9;ENOENT:there is no image with id 9 and number 0|"),
        (",q=1", "", "i=9;ENOENT:there is no image with id 9 and number 0|"),
        (",q=2", "", ""),
    ] {
        assert_eq!(ask(&mut t, &format!("i=3,s=1,v=1,f=24{quiet};{DOT}")), ok);
        assert_eq!(ask(&mut t, &format!("a=p,i=9{quiet}")), bad);
    }
    // A picture without a name gets no answer.
    assert_eq!(ask(&mut t, &format!("a=T,s=1,v=1,f=24;{DOT}")), "");
    assert_eq!(ids(&t), [3, 0xf000_0000]);
}

#[test]
fn numbers_get_ids_and_the_newest_is_meant() {
    let mut t = terminal(10, 4);
    let new = format!("I=13,s=1,v=1,f=24;{DOT}");
    assert_eq!(ask(&mut t, &format!("{new}\n{new}")), "i=1,I=13;OK|i=2,I=13;OK|");
    assert_eq!(ask(&mut t, "a=p,I=13,p=5"), "i=2,I=13,p=5;OK|");
    ask(&mut t, "a=d,d=N,I=13");
    assert_eq!(ids(&t), [1]);
}

#[test]
fn chunks_make_one_picture() {
    let mut t = terminal(10, 4);
    assert_eq!(ask(&mut t, "a=T,i=7,f=24,s=2,v=1,q=0,m=1;AAAA\nm=1;\nm=0;AAAA"), "i=7;OK|");
    assert_eq!(t.pictures().get(7).map(|entry| entry.picture.data.bytes().len()), Some(6));
    assert_eq!(shown(&t)[0], "00");
    // An unfinished picture of a program that died does not spoil the next program's picture.
    assert_eq!(ask(&mut t, "i=8,f=24,s=2,v=1,m=1;AAAA\ni=9,f=24,s=1,v=1;AAAA"), "i=9;OK|");
    // An unfinished picture neither shows nor gets an answer, and deleting drops it.
    assert_eq!(ask(&mut t, "i=8,f=24,s=1,v=1,m=1;AA\na=d\nm=0;AA"), "");
    assert_eq!(ids(&t), [7, 9]);
}

#[test]
fn pictures_at_the_cursor_become_cells() {
    let mut t = terminal(10, 4);
    t.feed(b"ab");
    assert_eq!(ask(&mut t, "a=T,i=1,f=24,s=1,v=1,c=3,r=2,q=1;AAAA"), "");
    assert_eq!(shown(&t), ["..000102", "..101112", "", ""]);
    assert_eq!(t.cursor(), Point::new(5, 1));
    assert!(t.row(0).text.starts_with("ab\u{10eeee}"));
    // At its own size: 25 by 30 pixels in cells of 10 by 20.
    ask(&mut t, &format!("a=T,C=1,i=2,f=24,s=25,v=30;{}", "AAAA".repeat(25 * 30)));
    assert_eq!(shown(&t)[1..3], ["..101112000102".to_owned(), ".....101112".to_owned()]);
    assert_eq!(t.cursor(), Point::new(5, 1));
    // One side is computed from the other: 25×30 in 5 columns of 10 is 60 pixels high.
    ask(&mut t, "a=p,i=2,c=5,C=1");
    assert_eq!(t.pictures().get(2).map(|e| (e.placements[1].cols, e.placements[1].rows)), Some((5, 3)));
}

#[test]
fn a_picture_scrolls_as_text_does_and_is_cut_at_the_edge() {
    let mut t = terminal(4, 2);
    t.feed(b"\r\n ");
    ask(&mut t, "a=T,i=1,f=24,s=1,v=1,c=9,r=3;AAAA");
    assert_eq!(shown(&t), [".202122", ""]);
    assert_eq!((t.history_rows(), t.cursor()), (3, Point::new(0, 1)));
    let row = t.history_row(2).expect("a row of history");
    assert_eq!(row.text.matches('\u{10eeee}').count(), 3);
    // Without moving the cursor nothing scrolls.
    ask(&mut t, "a=p,i=1,c=1,r=3,C=1");
    assert_eq!(shown(&t), [".202122", "00"]);
}

#[test]
fn a_picture_is_cut_at_the_border_of_a_narrow_pane_and_text_beside_it_wraps() {
    let mut t = terminal(10, 6);
    t.feed(b"12345678\r\n");
    ask(&mut t, "a=T,q=2,i=1,f=24,s=1,v=1,c=8,r=2;AAAA");
    t.feed(b"x\r\n");
    t.resize(Size::new(5, 6));
    assert_eq!(shown(&t), ["", "0001020304", "1011121314", "", "", ""]);
    assert_eq!((t.history_rows(), t.row(0).text.as_str()), (1, "678"));
    assert_eq!(t.cursor(), Point::new(0, 3));
    t.resize(Size::new(10, 6));
    assert_eq!(shown(&t)[1..3], ["0001020304050607", "1011121314151617"]);
    assert_eq!((t.row(0).text.as_str(), t.cursor()), ("12345678", Point::new(0, 3)));
    // The same in the history, and with the cursor beside the picture.
    t.feed(b"\r\n\r\n\r\n\r\n\r\n");
    ask(&mut t, "a=p,q=2,i=1,c=8,r=1");
    let rows = t.history_rows();
    t.resize(Size::new(5, 6));
    assert_eq!(t.history_rows(), rows + 1, "the row of text");
    let row = t.history_row(2).expect("a row of history");
    assert_eq!(row.text.matches('\u{10eeee}').count(), 8);
    assert_eq!(t.cursor(), Point::new(5, 5));
    t.resize(Size::new(10, 6));
    assert_eq!(t.history_rows(), rows);
    assert_eq!(shown(&t)[5], "0001020304050607");
    // What is erased up to the border is erased behind it too.
    t.resize(Size::new(5, 6));
    t.feed(b"\x1b[6;3H\x1b[K");
    t.resize(Size::new(10, 6));
    assert_eq!(shown(&t)[5], "0001");
    // A program's own placeholders are text.
    t.feed("\r\n\x1b[38;5;1m".as_bytes());
    t.feed("\u{10eeee}\u{305}\u{305}".repeat(8).as_bytes());
    t.resize(Size::new(5, 6));
    assert_eq!(t.row(5).text.matches('\u{10eeee}').count(), 3);
}

#[test]
fn cells_of_a_program_mean_its_virtual_placement() {
    let mut t = terminal(10, 4);
    assert_eq!(ask(&mut t, "a=T,U=1,i=42,p=5,c=2,r=1,f=24,s=1,v=1;AAAA"), "i=42,p=5;OK|");
    assert_eq!(shown(&t), [""; 4]);
    t.feed("\x1b[38;5;42m\u{10eeee}\u{305}\u{305}\u{10eeee}\u{305}\u{30d}".as_bytes());
    assert_eq!(shown(&t)[0], "0001");
    let entry = t.pictures().get(42).expect("an entry");
    assert_eq!(entry.placement(0), entry.placement(5));
    // Deleting what is on the screen leaves virtual placements, and their cells belong to the
    // program.
    ask(&mut t, "a=d,d=A\na=d,d=p,x=1,y=1\na=d,d=z");
    assert_eq!((shown(&t)[0].as_str(), ids(&t)), ("0001", vec![42]));
    ask(&mut t, "a=d,d=i,i=42,p=5");
    assert_eq!(t.pictures().get(42).map(|entry| entry.placements.len()), Some(0));
    assert_eq!(shown(&t)[0], "0001");
}

#[test]
fn the_same_placement_moves() {
    let mut t = terminal(10, 3);
    ask(&mut t, "a=T,i=1,p=3,f=24,s=1,v=1,c=1,r=1;AAAA");
    t.feed(b"\x1b[3;5H");
    ask(&mut t, "a=p,i=1,p=3,c=2,r=1");
    assert_eq!(shown(&t), ["", "", "....0001"]);
    // Data that is sent again does not show until it is placed.
    ask(&mut t, "i=1,f=24,s=1,v=1;AAAA");
    assert_eq!(shown(&t), [""; 3]);
}

/// Four pictures: 1 and 2 (z = 5) in the first row, 3 in the second, 4 not shown.
fn gallery() -> Terminal {
    let mut t = terminal(10, 3);
    ask(&mut t, "a=T,i=1,f=24,s=1,v=1,c=1,r=1;AAAA\na=T,i=2,f=24,s=1,v=1,c=1,r=1,z=5;AAAA");
    t.feed(b"\x1b[2;1H");
    ask(&mut t, "a=T,i=3,p=9,f=24,s=1,v=1,c=1,r=1,C=1;AAAA\ni=4,f=24,s=1,v=1;AAAA");
    t
}

#[test]
fn every_kind_of_deleting() {
    let check = |command: &str, cells: [&str; 2], kept: &[u32]| {
        let mut t = gallery();
        ask(&mut t, &format!("a=d,{command}"));
        assert_eq!(shown(&t)[..2], cells, "{command}");
        assert_eq!(ids(&t), kept, "{command}");
    };
    let all = &[1, 2, 3, 4];
    check("", ["", ""], all);
    check("d=A", ["", ""], &[4]);
    check("d=i,i=3", ["0000", ""], all);
    check("d=I,i=3", ["0000", ""], &[1, 2, 4]);
    check("d=I,i=4", ["0000", "00"], &[1, 2, 3]);
    check("d=I,i=3,p=8", ["0000", "00"], all);
    check("d=i,i=3,p=9", ["0000", ""], all);
    check("d=c", ["0000", ""], all);
    check("d=C", ["0000", ""], &[1, 2, 4]);
    check("d=P,x=2,y=1", ["00", "00"], &[1, 3, 4]);
    check("d=q,x=2,y=1,z=4", ["0000", "00"], all);
    check("d=Q,x=2,y=1,z=5", ["00", "00"], &[1, 3, 4]);
    check("d=X,x=1", [".00", ""], &[2, 4]);
    check("d=y,y=1", ["", "00"], all);
    check("d=Z,z=5", ["00", "00"], &[1, 3, 4]);
    check("d=R,x=2,y=3", ["00", ""], &[1, 4]);
    check("d=r,x=2,y=3", ["00", ""], all);
    check("d=w", ["0000", "00"], all);
}

#[test]
fn animations_are_kept_in_order() {
    let mut t = terminal(10, 3);
    ask(&mut t, "i=1,f=24,s=1,v=1;AAAA");
    assert_eq!(ask(&mut t, "a=f,i=1,f=24,s=1,v=1,z=40,m=1;AAAA\na=f,m=0;"), "i=1;OK|");
    assert_eq!(
        ask(&mut t, "a=f,i=1,f=24,s=2,v=1;AAAAAAAA"),
        "i=1;EINVAL:the frame is larger than the image|"
    );
    assert_eq!(ask(&mut t, "a=c,i=1,r=1,c=2"), "i=1;OK|");
    // Animation commands get no answer, unless their picture or frame does not exist.
    assert_eq!(ask(&mut t, "a=a,i=1,s=3\na=a,i=1,s=1\na=a,i=1,r=2,z=9"), "");
    assert_eq!(ask(&mut t, "a=a,i=2,s=3"), "i=2;ENOENT:there is no image with id 2 and number 0|");
    let entry = t.pictures().get(1).expect("an entry");
    let steps: Vec<_> = entry.steps.iter().map(|s| (s.number, s.action, s.control.text(b"srzc"))).collect();
    let expect = [(1, b'f', ",s=1,z=40"), (2, b'c', ",r=1,c=2"), (4, b'a', ",s=1"), (5, b'a', ",r=2,z=9")];
    assert_eq!(steps, expect.map(|(n, action, text)| (n, action, text.to_owned())));
    // A step that undoes another replaces it, unless something was copied from it meanwhile.
    let numbers = |t: &Terminal| -> Vec<u64> {
        t.pictures().get(1).expect("an entry").steps.iter().map(|step| step.number).collect()
    };
    let edit = "a=f,i=1,r=2,X=1,f=24,s=1,v=1,q=1;AAAA";
    ask(&mut t, &format!("{edit}\n{edit}\na=f,i=1,c=2,f=24,s=1,v=1,q=1;AAAA\n{edit}\n{edit}"));
    assert_eq!(numbers(&t), [1, 2, 4, 5, 7, 8, 10]);
    ask(&mut t, &format!("a=c,i=1,r=2,c=1,q=1\n{edit}\na=f,i=1,c=1,f=24,s=1,v=1,q=1;AAAA\n{edit}"));
    assert_eq!(numbers(&t), [1, 2, 4, 5, 7, 8, 10, 11, 13, 14]);
    let entry = t.pictures().get(1).expect("an entry");
    let serial = entry.picture.serial;
    ask(&mut t, "a=d,d=f,i=1");
    let entry = t.pictures().get(1).expect("an entry");
    assert!(entry.steps.is_empty() && entry.picture.serial != serial);
}

#[test]
fn relative_placements_are_beside_their_parent_and_go_with_it() {
    let mut t = terminal(10, 4);
    t.feed(b"\x1b[2;3H");
    ask(&mut t, "a=T,i=1,p=7,f=24,s=1,v=1,c=1,r=1,q=1;AAAA\ni=2,f=24,s=1,v=1,q=1;AAAA");
    let cursor = t.cursor();
    assert_eq!(ask(&mut t, "a=p,i=2,p=1,P=1,Q=7,H=2,V=1,c=2,r=1"), "i=2,p=1;OK|");
    assert_eq!(shown(&t), ["", "..00", "....0001", ""]);
    assert_eq!(t.cursor(), cursor, "the cursor stays");
    // Up and to the left, beyond the edge; relative to one that is relative.
    assert_eq!(ask(&mut t, "a=p,i=2,p=3,P=2,Q=1,H=-5,V=-3,c=3,r=2"), "i=2,p=3;OK|");
    assert_eq!(shown(&t)[0], "1112");
    // They scroll with it, and without it on the screen there is no place for another.
    t.feed(b"\x1b[4;1H\n");
    assert_eq!(shown(&t), ["..00", "....0001", "", ""]);
    for (command, answer) in [
        ("i=2,p=5,P=9", "i=2,p=5;ENOPARENT:there is no placement 0 of an image with id 9|"),
        ("i=2,p=5,P=1,Q=8", "i=2,p=5;ENOPARENT:there is no placement 8 of an image with id 1|"),
        ("i=2,p=1,P=2,Q=3", "i=2,p=1;ECYCLE:the placement would be its own parent|"),
        ("i=2,p=1,P=2,Q=1", "i=2,p=1;ECYCLE:the placement would be its own parent|"),
        ("i=2,p=5,P=1,U=1", "i=2,p=5;EINVAL:a virtual placement cannot be relative|"),
        ("i=2,p=5,P=9,q=2", ""),
    ] {
        assert_eq!(ask(&mut t, &format!("a=p,{command}")), answer, "{command}");
    }
    for depth in 10..17 {
        let parent = if depth == 10 { "P=1,Q=7,H=3".to_owned() } else { format!("P=2,Q={}", depth - 1) };
        assert_eq!(ask(&mut t, &format!("a=p,i=2,p={depth},{parent},c=1,r=1,q=1")), "");
    }
    assert_eq!(
        ask(&mut t, "a=p,i=2,p=17,P=2,Q=16,q=1\na=p,i=2,p=18,P=2,Q=17,q=1"),
        "i=2,p=18;ETOODEEP:more than 8 placements are above it|"
    );
    assert_eq!(shown(&t)[..2], ["..00..00", "....0001"]);
    // One that covers its parent leaves room for more.
    assert_eq!(ask(&mut t, "a=p,i=2,p=30,P=1,Q=7,c=1,r=1,q=1\na=p,i=2,p=31,P=1,Q=7,H=-1,c=1,r=1,q=1"), "");
    assert_eq!(shown(&t)[0], ".000..00".replace(".000", ".0000"));
    ask(&mut t, "a=d,d=i,i=2,p=30\na=d,d=i,i=2,p=31");
    // It moves, and they with it.
    t.feed(b"\x1b[3;2H");
    ask(&mut t, "a=p,i=1,p=7,c=1,r=1,C=1,q=1");
    assert_eq!(shown(&t), ["02", "12", ".00..00", "...0001"]);
    ask(&mut t, "a=d,d=i,i=1,p=7");
    assert_eq!(shown(&t), [""; 4]);
    assert!(t.pictures().entries().iter().all(|entry| entry.placements.is_empty()));
}

#[test]
fn placements_go_with_their_lines() {
    let count =
        |t: &Terminal| t.pictures().entries().iter().map(|entry| entry.placements.len()).sum::<usize>();
    let put = |t: &mut Terminal| ask(t, "a=T,f=24,s=1,v=1,c=1,r=1,q=2;AAAA");
    let scrolled = || {
        let mut t = terminal(10, 3);
        put(&mut t);
        t.feed("\r\nx".repeat(20).as_bytes());
        t
    };
    let mut t = scrolled();
    assert_eq!((count(&t), ids(&t).len()), (1, 1), "it is in the history");
    t.clear_history();
    assert_eq!((count(&t), ids(&t).len()), (0, 0));
    // Trimmed.
    let mut t = scrolled();
    t.feed("\r\nx".repeat(200).as_bytes());
    assert_eq!((count(&t), ids(&t).len()), (0, 0));
    // Erased or written over on the screen; a picture with an id stays without its placement.
    // What clears the screen moves the lines to the history.
    for (erase, left) in [("\x1b[2J", 3), ("\x1b[H\x1b[K", 1), ("\x1b[Hx", 2), ("\x1b[H\x1b[M", 1)] {
        let mut t = terminal(10, 3);
        ask(&mut t, "a=T,i=5,f=24,s=1,v=1,c=1,r=1;AAAA");
        t.feed(b"\x1b[H\x1b[C");
        put(&mut t);
        t.feed(erase.as_bytes());
        t.feed(b"\x1b[3;3H");
        put(&mut t);
        assert_eq!((count(&t), t.pictures().get(5).is_some()), (left, true), "{erase:?}");
    }
    // On the alternate screen, until it is left; those of the main screen stay behind it.
    let mut t = scrolled();
    put(&mut t);
    t.feed(b"\x1b[?1049h");
    put(&mut t);
    put(&mut t);
    assert_eq!(count(&t), 4);
    t.feed(b"\x1b[?1049l");
    assert_eq!(count(&t), 2);
}

#[test]
fn without_a_client_that_knows_it_the_string_is_a_title() {
    let mut t =
        Terminal::new(Size::new(10, 2), TerminalConfig::default(), Box::new(MemoryHistory::new(9, 10)));
    assert_eq!(ask(&mut t, "i=1,a=q,f=24,s=1,v=1;AAAA"), "");
    assert_eq!(t.title(), "Gi=1,a=q,f=24,s=1,v=1;AAAA");
    // Once used, the protocol keeps working when the client leaves.
    let config = |kitty_graphics| TerminalConfig { kitty_graphics, ..TerminalConfig::default() };
    t.configure(&config(KittyGraphics::Used));
    assert_eq!(ask(&mut t, "i=1,a=q,f=24,s=1,v=1;AAAA"), "");
    t.configure(&config(KittyGraphics::On));
    assert_eq!(ask(&mut t, "i=1,a=q,f=24,s=1,v=1;AAAA"), "i=1;OK|");
    t.configure(&config(KittyGraphics::Used));
    assert_eq!(ask(&mut t, "i=1,a=q,f=24,s=1,v=1;AAAA"), "i=1;OK|");
}

#[test]
fn old_pictures_make_room_for_new_ones() {
    let mut t = terminal(10, 3);
    let (side, half) = (3300, "A".repeat(3300 * 3300 * 4));
    let send = |t: &mut Terminal, id: u32| {
        let chunks: Vec<&str> =
            (0..half.len()).step_by(1 << 19).map(|at| &half[at..half.len().min(at + (1 << 19))]).collect();
        ask(t, &format!("i={id},f=24,s={side},v={side},m=1;"));
        chunks.iter().for_each(|chunk| assert_eq!(ask(t, &format!("m=1;{chunk}")), ""));
        ask(t, "m=0;")
    };
    assert_eq!(send(&mut t, 1), "i=1;OK|");
    ask(&mut t, "a=p,i=1,c=1,r=1");
    assert_eq!(send(&mut t, 2), "i=2;OK|");
    // The third replaces the one without a placement.
    assert_eq!(send(&mut t, 3), "i=3;OK|");
    assert_eq!(ids(&t), [1, 3]);
    assert!(t.pictures().len() <= MAX_PANE_BYTES);
    assert_eq!(ask(&mut t, &format!("i=4,f=24,s=9999,v=9999,m=1;{}", "AAAA")), "");
}

#[test]
fn pictures_are_saved_with_all_that_belongs_to_them() {
    let mut t = gallery();
    ask(&mut t, "a=f,i=3,f=24,s=1,v=1,z=40;BBBB\na=a,i=3,s=3\na=T,i=9,f=24,s=2,v=1,c=1,r=1,m=1;AAAA");
    let mut saved = Vec::new();
    t.save(&mut saved);
    let history = Box::new(MemoryHistory::new(100, 10));
    let mut new = Terminal::load(&saved, t.config().clone(), history).expect("as saved");
    assert_eq!((shown(&new), ids(&new)), (shown(&t), ids(&t)));
    for (new, old) in new.pictures().entries().iter().zip(t.pictures().entries()) {
        assert_eq!((&new.placements, new.picture.data.bytes()), (&old.placements, old.picture.data.bytes()));
        assert_eq!(new.steps.len(), old.steps.len());
    }
    // The missing chunk, and a placement that replaces an older one.
    new.feed(b"\x1b[3;1H");
    assert_eq!(ask(&mut new, "m=0;AAAA\na=p,i=3,p=9,c=2,r=1"), "i=9;OK|i=3,p=9;OK|");
    assert_eq!(shown(&new), ["0000", "", "000001"]);
    // Data beyond a checkpoint's limit is left out, and the server keeps running.
    let side = 900;
    ask(&mut t, &format!("i=8,f=24,s={side},v={side},m=1;"));
    (0..4).for_each(|_| _ = ask(&mut t, &format!("m=1;{}", "A".repeat(side * side))));
    ask(&mut t, "m=0;");
    assert!(t.pictures().get(8).is_some());
    saved.clear();
    t.save(&mut saved);
    let new = Terminal::load(&saved, t.config().clone(), Box::new(MemoryHistory::new(100, 10)));
    assert_eq!(ids(&new.expect("as saved")), [1, 2, 3, 4]);
}
