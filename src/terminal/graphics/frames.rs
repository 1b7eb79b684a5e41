//! The frames of an animation, as a terminal composes them from a picture and the steps about it.
//!
//! A terminal that shows a part of a picture gets that part of each frame. The steps do not have it: they
//! may be about other pixels, or copy from them.

use super::control::Control;
use super::load::shape;
use super::pixels::Pixels;
use super::store::{Picture, Step};

/// Most bytes of composed frames of one animation, four for each pixel; what comes after them is left
/// out.
const MAX_FRAMES_BYTES: usize = 16 << 20;

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// Nothing, since terminals refuse it.
    Nothing,
    /// Something about the animation, not about pixels.
    Played,
    /// A new frame was added at the end.
    Added,
    /// The frame with this number (the picture itself is 1) has other pixels.
    Changed(u32),
    /// There is no room for it.
    Full,
}

/// See the module comment.
pub(crate) struct Frames(Vec<Pixels>);

impl Frames {
    /// `None` if the picture cannot be decoded, or is too large.
    pub(crate) fn new(picture: &Picture) -> Option<Self> {
        let root = Pixels::decode(&picture.shape, picture.data.bytes())?;
        (root.rgba.len() <= MAX_FRAMES_BYTES).then(|| Self(vec![root]))
    }

    /// The frame that was added last, or one by its number.
    pub(crate) fn frame(&self, change: Change) -> Option<&Pixels> {
        match change {
            Change::Added => self.0.last(),
            Change::Changed(number) => self.numbered(number),
            Change::Nothing | Change::Played | Change::Full => None,
        }
    }

    fn numbered(&self, number: u32) -> Option<&Pixels> {
        self.0.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Executes the next step.
    pub(crate) fn take(&mut self, step: &Step) -> Change {
        let done = match (step.action, &step.data) {
            (b'f', Some(data)) => self.transmitted(&step.control, data.bytes()),
            (b'c', _) => self.composed(&step.control),
            (b'a', _) => Some(Change::Played),
            _ => None,
        };
        done.unwrap_or(Change::Nothing)
    }

    /// A rectangle that was transmitted, for an existing frame (`r`) or a new one.
    fn transmitted(&mut self, control: &Control, data: &[u8]) -> Option<Change> {
        let part = Pixels::decode(&shape(control, data).ok()?, data)?;
        let number = control.get(b'r');
        let change = match self.numbered(number) {
            Some(_) => Change::Changed(number),
            None => {
                let root = self.0.first()?;
                if (self.0.len() + 1).saturating_mul(root.rgba.len()) > MAX_FRAMES_BYTES {
                    return Some(Change::Full);
                }
                let base = match control.get(b'c') {
                    0 => Pixels::filled(root.width, root.height, control.get(b'Y').to_be_bytes()),
                    number => self.numbered(number)?.clone(),
                };
                self.0.push(base);
                Change::Added
            }
        };
        let at = if change == Change::Added { self.0.len() - 1 } else { number as usize - 1 };
        self.0[at].lay(&part, (control.get(b'x'), control.get(b'y')), control.get(b'X') == 1);
        Some(change)
    }

    /// A rectangle of one frame (`r`, at `X` and `Y`) is laid over another (`c`, at `x` and `y`).
    fn composed(&mut self, control: &Control) -> Option<Change> {
        let (from, to) = (control.get(b'r'), control.get(b'c'));
        let (source, _) = (self.numbered(from)?, self.numbered(to)?);
        let side = |key: u8, whole: u32| if control.has(key) { control.get(key) } else { whole };
        let (width, height) = (side(b'w', source.width), side(b'h', source.height));
        let is_inside = |x: u8, y: u8| {
            let end = |at: u8, len: u32| control.get(at).checked_add(len);
            end(x, width).is_some_and(|end| end <= source.width)
                && end(y, height).is_some_and(|end| end <= source.height)
        };
        let near = |a: u8, b: u8, len: u32| control.get(a).abs_diff(control.get(b)) < len;
        let overlaps = from == to && near(b'x', b'X', width) && near(b'y', b'Y', height);
        if !is_inside(b'x', b'y') || !is_inside(b'X', b'Y') || overlaps {
            return None;
        }
        let part = source.cut((control.get(b'X'), control.get(b'Y'), width, height));
        let at = (control.get(b'x'), control.get(b'y'));
        self.0[to as usize - 1].lay(&part, at, control.get(b'C') == 1);
        Some(Change::Changed(to))
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::{Data, Format, Shape};
    use super::*;
    use std::sync::Arc;

    fn picture(width: u32, height: u32) -> Picture {
        let shape = Shape { format: Format::Rgb, width, height, compressed: false, unpacked: 0 };
        let bytes: Vec<u8> = (1..=width * height).flat_map(|n| [n as u8, 0, 0]).collect();
        Picture::new(shape, Data::new(bytes.into()).expect("room"))
    }

    /// Red of each pixel of the frame that the command changed.
    fn taken(frames: &mut Frames, command: &str, rgba: &[[u8; 4]]) -> (Change, Vec<u8>) {
        let (control, _) = Control::parse(command.as_bytes()).expect("sound");
        let data = (!rgba.is_empty()).then(|| Arc::new(Data::new(rgba.concat().into()).expect("room")));
        let step = Step { number: 1, action: control.letter(b'a', b'?'), control, data };
        let change = frames.take(&step);
        let reds = frames.frame(change).map(|frame| frame.rgba.chunks(4).map(|pixel| pixel[0]).collect());
        (change, reds.unwrap_or_default())
    }

    #[test]
    fn rectangles_lie_on_a_colour_on_another_frame_or_on_the_frame_itself() {
        let mut frames = Frames::new(&picture(3, 2)).expect("pixels");
        let dot = [[9, 9, 9, 255]];
        let mut check = |command: &str, rgba: &[[u8; 4]], change, reds: &[u8]| {
            assert_eq!(taken(&mut frames, command, rgba), (change, reds.to_vec()), "{command}");
        };
        check("a=f,s=1,v=1,x=1,y=1", &dot, Change::Added, &[0, 0, 0, 0, 9, 0]);
        check("a=f,s=1,v=1,x=2,Y=83886335", &dot, Change::Added, &[5, 5, 9, 5, 5, 5]);
        check("a=f,s=1,v=1,c=1", &dot, Change::Added, &[9, 2, 3, 4, 5, 6]);
        check("a=f,s=1,v=1,x=2,y=1,r=4", &dot, Change::Changed(4), &[9, 2, 3, 4, 5, 9]);
        // What is transparent changes nothing, unless it replaces what is there.
        check("a=f,s=1,v=1,r=4", &[[7, 7, 7, 0]], Change::Changed(4), &[9, 2, 3, 4, 5, 9]);
        check("a=f,s=1,v=1,r=4", &[[49, 0, 0, 128]], Change::Changed(4), &[29, 2, 3, 4, 5, 9]);
        check("a=f,s=1,v=1,r=4,X=1", &[[7, 7, 7, 0]], Change::Changed(4), &[7, 2, 3, 4, 5, 9]);
        // Beyond the last frame there is a new one; what is outside is cut off.
        check("a=f,s=2,v=1,r=9,x=2,y=1", &[[1; 4], [2; 4]], Change::Added, &[0, 0, 0, 0, 0, 1]);
        check("a=f,s=1,v=1,c=9", &dot, Change::Nothing, &[]);
        check("a=f,s=2,v=1,c=1", &dot, Change::Nothing, &[]);
        check("a=a,s=3", &[], Change::Played, &[]);
    }

    #[test]
    fn a_rectangle_of_one_frame_is_laid_over_another() {
        let mut frames = Frames::new(&picture(3, 2)).expect("pixels");
        taken(&mut frames, "a=f,s=1,v=1", &[[9, 9, 9, 255]]);
        let mut check = |command: &str, change, reds: &[u8]| {
            assert_eq!(taken(&mut frames, command, &[]), (change, reds.to_vec()), "{command}");
        };
        check("a=c,r=1,c=2,w=2,h=1,X=1,Y=1,x=0,y=0,C=1", Change::Changed(2), &[5, 6, 0, 0, 0, 0]);
        check("a=c,r=2,c=1,w=1,h=2,x=2", Change::Changed(1), &[1, 2, 5, 4, 5, 6]);
        check("a=c,r=1,c=2", Change::Changed(2), &[1, 2, 5, 4, 5, 6]);
        for refused in
            ["r=3,c=1", "r=1,c=3", "r=1,c=2,w=2,x=2", "r=1,c=1,w=2,h=2,x=1", "r=1,c=2,w=3,X=4294967295"]
        {
            check(&format!("a=c,{refused}"), Change::Nothing, &[]);
        }
    }

    #[test]
    fn frames_are_bounded() {
        let bytes = vec![0; 1000 * 1000 * 3];
        let shape = Shape { format: Format::Rgb, width: 1000, height: 1000, compressed: false, unpacked: 0 };
        let mut frames =
            Frames::new(&Picture::new(shape, Data::new(bytes.into()).expect("room"))).expect("pixels");
        for _ in 0..3 {
            assert_eq!(taken(&mut frames, "a=f,s=1,v=1", &[[1; 4]]).0, Change::Added);
        }
        assert_eq!(taken(&mut frames, "a=f,s=1,v=1", &[[1; 4]]).0, Change::Full);
        assert_eq!(taken(&mut frames, "a=f,s=1,v=1,r=2", &[[1; 4]]).0, Change::Changed(2));
    }
}
