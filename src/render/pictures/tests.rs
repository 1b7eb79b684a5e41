//! Output for the terminal, and its order.

use super::*;
use crate::terminal::graphics::Pictures;
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig, config::KittyGraphics};

fn terminal(commands: &str) -> Terminal {
    let config = TerminalConfig { kitty_graphics: KittyGraphics::On, ..TerminalConfig::default() };
    let history = Box::new(MemoryHistory::new(10, 20));
    let mut terminal = Terminal::new(crate::base::Size::new(20, 4), config, history);
    feed(&mut terminal, commands);
    terminal
}

fn feed(terminal: &mut Terminal, commands: &str) {
    for command in commands.split('\n') {
        terminal.feed(format!("\x1b_G{command}\x1b\\").as_bytes());
    }
}

fn shown() -> FramePictures {
    FramePictures { enabled: true, ..FramePictures::new(0x4001) }
}

/// Shows the first part of a picture: its id on the terminal.
fn show(shown: &mut FramePictures, pictures: &Pictures, id: u32) -> Option<u32> {
    let entry = pictures.get(id).expect("a picture");
    let place = *entry.placements.first().expect("a placement");
    let part = Part { picture: id, placement: place.number, row: 0, col: 0 };
    shown.show(part, entry, &place).map(|part| part.picture)
}

fn written(shown: &mut FramePictures) -> Vec<String> {
    let mut out = Vec::new();
    shown.write(usize::MAX / 2, &mut out);
    let text = String::from_utf8(out).expect("text");
    text.split_terminator("\x1b\\").map(|command| command.trim_start_matches("\x1b_G").to_owned()).collect()
}

const ONE: &str = "a=T,U=1,i=1,p=3,c=2,r=1,f=24,s=1,v=1;AAAA";

#[test]
fn a_picture_is_given_once_and_shown_when_it_is_there() {
    let t = terminal(ONE);
    let mut shown = shown();
    assert_eq!(show(&mut shown, t.pictures(), 1), None);
    let expect = [
        "a=d,d=I,i=1073807360,q=2",
        "a=t,i=1073807361,q=2,f=24,s=1,v=1,m=0;AAAA",
        "a=p,U=1,i=1073807361,p=3,c=2,r=1,q=2",
    ];
    assert_eq!(written(&mut shown), expect);
    assert!(shown.has_news() && !shown.is_waiting());
    shown.begin_frame();
    assert_eq!(show(&mut shown, t.pictures(), 1), Some(0x4001_0001));
    assert!(!shown.has_news() && !shown.is_waiting());
}

#[test]
fn a_part_of_a_picture_is_given_as_a_picture_of_its_own() {
    use crate::terminal::graphics::Pixels;
    let mut t = terminal("a=T,i=1,C=1,x=1,w=1,c=2,r=1,f=24,s=2,v=1;AQIDBAUG\na=p,i=1,c=2,r=1,C=1");
    let mut shown = shown();
    let find = |shown: &mut FramePictures, t: &Terminal, at: usize| {
        let entry = t.pictures().get(1).expect("a picture");
        let place = entry.placements[at];
        let part = Part { picture: 1, placement: place.number, row: 0, col: 0 };
        shown.show(part, entry, &place).map(|part| part.picture)
    };
    t.feed(b"\x1b[3;1H");
    assert_eq!(find(&mut shown, &t, 0), None);
    assert!(!shown.is_waiting(), "it is being made");
    let wanted = shown.take_wanted();
    assert_eq!((wanted.len(), find(&mut shown, &t, 0)), (1, None));
    assert!(shown.take_wanted().is_empty(), "it is made once");
    wanted.into_iter().for_each(|making| making());
    assert_eq!(find(&mut shown, &t, 0), None);
    let sent = written(&mut shown);
    let data = sent[1].strip_prefix("a=t,i=1073807361,q=2,f=32,s=1,v=1,o=z,m=0;").expect("packed pixels");
    let data = STANDARD.decode(data).expect("base64");
    let shape = Shape { compressed: true, ..t.pictures().get(1).expect("a picture").picture.shape };
    let shape = Shape { format: crate::terminal::graphics::Format::Rgba, width: 1, ..shape };
    assert_eq!(Pixels::decode(&shape, &data).map(|pixels| pixels.rgba), Some(vec![4, 5, 6, 255]));
    let id = find(&mut shown, &t, 0);
    assert_eq!(id, Some(0x4001_0001));
    // It is freed with the picture.
    feed(&mut t, "a=d,d=I,i=1");
    (0..2).for_each(|_| shown.begin_frame());
    assert_eq!(written(&mut shown), ["a=d,d=I,i=1073807361,q=2"]);
}

#[test]
fn a_part_of_an_animation_is_given_frame_by_frame() {
    use crate::terminal::graphics::{Format, Pixels};
    // Two pixels, of which the second is shown. A frame that changes the first, one that changes the second,
    // a copy of the first of them over the second, and the order to play.
    let mut t = terminal("a=T,i=1,C=1,x=1,w=1,c=2,r=1,f=24,s=2,v=1;AQIDBAUG");
    feed(&mut t, "a=f,i=1,c=1,f=24,s=1,v=1,z=40;CQkJ\na=f,i=1,c=1,x=1,f=24,s=1,v=1,z=50;CAgI");
    feed(&mut t, "a=c,i=1,r=2,c=3,w=1,h=1,x=1\na=a,i=1,s=3,v=1");
    let mut shown = shown();
    // Each time what was wanted is made, and the next frame drawn.
    for _ in 0..3 {
        shown.begin_frame();
        show(&mut shown, t.pictures(), 1);
        shown.take_wanted().into_iter().for_each(|making| making());
    }
    let pixel = |command: &str| {
        let (control, data) = command.split_once(';').expect("data");
        let shape = Shape { format: Format::Rgba, width: 1, height: 1, compressed: true, unpacked: 0 };
        let pixels = Pixels::decode(&shape, &STANDARD.decode(data).expect("base64")).expect("pixels");
        (control.replace("i=1073807361,q=2,", ""), pixels.rgba[0])
    };
    show(&mut shown, t.pictures(), 1);
    let sent = written(&mut shown);
    let made: Vec<_> = sent[3..6].iter().map(|command| pixel(command)).collect();
    let shape = "f=32,s=1,v=1,o=z";
    assert_eq!(
        made,
        [
            (format!("a=f,{shape},z=40,X=1,m=0"), 4),
            (format!("a=f,{shape},z=50,X=1,m=0"), 8),
            (format!("a=f,{shape},r=3,X=1,m=0"), 9),
        ]
    );
    assert_eq!(sent[6..], ["i=1073807361,q=2,a=a,s=3,v=1"]);
    // What comes later is made of what is there.
    feed(&mut t, "a=f,i=1,c=3,f=24,s=1,v=1;AQEB");
    for _ in 0..2 {
        shown.begin_frame();
        assert!(show(&mut shown, t.pictures(), 1).is_some());
        shown.take_wanted().into_iter().for_each(|making| making());
    }
    let sent = written(&mut shown);
    assert_eq!(
        sent.iter().map(|command| pixel(command)).collect::<Vec<_>>(),
        [(format!("a=f,{shape},X=1,m=0"), 9)]
    );
}

#[test]
fn a_picture_with_an_offset_lies_on_a_canvas_of_its_cells() {
    use crate::terminal::graphics::{Format, Pixels};
    // Cells of 16 by 32 pixels.
    let t = terminal("a=T,i=1,C=1,X=3,Y=2,f=24,s=2,v=1;AQIDBAUG");
    let mut shown = shown();
    assert_eq!(show(&mut shown, t.pictures(), 1), None);
    shown.take_wanted().into_iter().for_each(|making| making());
    assert_eq!(show(&mut shown, t.pictures(), 1), None);
    let sent = written(&mut shown);
    let data = sent[1].strip_prefix("a=t,i=1073807361,q=2,f=32,s=16,v=32,o=z,m=0;").expect("packed pixels");
    let shape = Shape { format: Format::Rgba, width: 16, height: 32, compressed: true, unpacked: 0 };
    let pixels = Pixels::decode(&shape, &STANDARD.decode(data).expect("base64")).expect("pixels");
    let drawn = (0..32).flat_map(|y| (0..16).map(move |x| (x, y))).filter(|(x, y)| pixels.at(*x, *y)[3] > 0);
    assert_eq!(drawn.collect::<Vec<_>>(), [(3, 2), (4, 2)]);
    assert_eq!(pixels.at(4, 2), [4, 5, 6, 255]);
    assert_eq!(sent[2], "a=p,U=1,i=1073807361,p=8388608,c=1,r=1,q=2");
}

#[test]
fn much_data_goes_in_chunks() {
    let side = 60; // 10800 bytes
    let t = terminal(&format!("a=T,U=1,i=9,c=1,r=1,f=24,s={side},v={side};{}", "AAAA".repeat(side * side)));
    let mut shown = shown();
    show(&mut shown, t.pictures(), 9);
    let mut out = Vec::new();
    shown.write(5000, &mut out);
    assert!(out.len() < 10_000 && shown.is_waiting() && !shown.has_news());
    // Other commands of the protocol come between pictures.
    shown.finish_sending(&mut out);
    let text = String::from_utf8(out).expect("text");
    let chunks: Vec<&str> = text.split_terminator("\x1b\\").collect();
    let heads: Vec<&str> =
        chunks.iter().filter_map(|chunk| chunk.split_once(';')).map(|(head, _)| head).collect();
    assert_eq!(heads[1..], ["\x1b_Gm=1", "\x1b_Gm=1", "\x1b_Gm=0"]);
    assert!(heads[0].ends_with("s=60,v=60,m=1"));
    assert!(chunks.iter().all(|chunk| chunk.split_once(';').is_none_or(|(_, data)| data.len() <= 4096)));
    assert_eq!(written(&mut shown), ["a=p,U=1,i=1073807361,p=8388608,c=1,r=1,q=2"]);
}

#[test]
fn what_is_gone_is_freed_and_what_is_new_is_given() {
    let mut t = terminal(ONE);
    let mut shown = shown();
    show(&mut shown, t.pictures(), 1);
    written(&mut shown);
    feed(&mut t, "a=f,i=1,f=24,s=1,v=1,z=40;AAAA\na=a,i=1,s=3");
    shown.begin_frame();
    assert!(show(&mut shown, t.pictures(), 1).is_some());
    let steps = ["i=1073807361,q=2,a=f,f=24,s=1,v=1,z=40,m=0;AAAA", "i=1073807361,q=2,a=a,s=3"];
    assert_eq!(written(&mut shown), steps);
    // The same id with other data is another picture; the old one is freed.
    feed(&mut t, ONE);
    shown.begin_frame();
    assert_eq!(show(&mut shown, t.pictures(), 1), None);
    let text = written(&mut shown);
    assert_eq!(text[0], "a=d,d=I,i=1073807361,q=2");
    assert!(text.iter().any(|command| command.starts_with("a=t,i=1073807362")), "{text:?}");
    let mut out = Vec::new();
    shown.stop(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), "\x1b_Ga=d,d=I,i=1073807362,q=2\x1b\\");
    assert_eq!(show(&mut shown, t.pictures(), 1), None, "a terminal that was given back knows nothing");
}

#[test]
fn a_picture_that_is_deleted_while_it_is_given_is_given_up() {
    let mut t = terminal(&format!("a=T,U=1,i=9,c=1,r=1,f=24,s=60,v=60;{}", "AAAA".repeat(3600)));
    let mut shown = shown();
    show(&mut shown, t.pictures(), 9);
    shown.write(5000, &mut Vec::new());
    feed(&mut t, "a=d,d=I,i=9");
    shown.begin_frame();
    assert_eq!(written(&mut shown), ["a=d,d=I,i=1073807361,q=2"]);
}
