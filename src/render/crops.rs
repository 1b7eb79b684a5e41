//! Parts of pictures (`x`, `y`, `w`, `h` of a placement), and pictures with an offset in their first cell
//! (`X`, `Y`), as pictures of their own, since a placement that terminals show by placeholders is of a whole
//! picture and fills its cells. They are made beside the loop; until then the
//! cells are blank. So are the frames of their animations, which come later.

use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use crate::terminal::graphics::{Change, Clip, Frames, Picture, Step};

/// Most parts kept for a terminal; beyond it, one that is in view now stays blank.
const MAX_PARTS: usize = 256;

/// Most parts of animations that are shown animated on a terminal; others show the first frame.
const MAX_ANIMATED: usize = 4;

/// The part; `None` if it could not be made.
type Slot = Arc<OnceLock<Option<Arc<Picture>>>>;

struct Crop {
    of: Weak<Picture>,
    serial: u64,
    clip: Clip,
    slot: Slot,
    frame: u64,
    animation: Option<Animation>,
}

/// The animation of a part.
#[derive(Default)]
struct Animation {
    made: Arc<Mutex<Made>>,
    /// Number of the last step of the picture that was given to the work beside the loop.
    given: u64,
}

#[derive(Default)]
struct Made {
    frames: Option<Frames>,
    /// True if there is no room for more.
    ended: bool,
    steps: Vec<Step>,
    /// Number of the last step that was taken.
    taken: u64,
}

impl Made {
    fn take(&mut self, picture: &Picture, clip: Clip, steps: &[Step]) {
        if self.frames.is_none() {
            self.frames = Frames::new(picture);
        }
        let Some(frames) = &mut self.frames else { return self.ended = true };
        for step in steps.iter().filter(|_| !self.ended) {
            let change = frames.take(step);
            let frame = frames.frame(change).map(|frame| frame.clone().clip(clip));
            match change {
                Change::Nothing => continue,
                Change::Full => return self.ended = true,
                Change::Played | Change::Added => {}
                Change::Changed(_) => {
                    let same = |old: &Step| old.action == b'f' && old.control.get(b'r') == change_of(change);
                    // All of the frame is given again.
                    self.steps.retain(|old| !same(old));
                }
            }
            match step.of_part(change, frame) {
                Some(step) => self.steps.push(step),
                None => return self.ended = true,
            }
        }
    }
}

/// Number of the frame that was changed.
fn change_of(change: Change) -> u32 {
    if let Change::Changed(number) = change { number } else { 0 }
}

/// Work to be done beside the loop.
pub(crate) type Making = Box<dyn FnOnce() + Send>;

/// See the module comment.
#[derive(Default)]
pub(super) struct Crops {
    list: Vec<Crop>,
    wanted: Vec<Making>,
    frame: u64,
}

impl Crops {
    /// Drops parts of pictures that are gone, and those that no frame shows if there are many.
    pub(super) fn begin_frame(&mut self) {
        let (last, many) = (self.frame, self.list.len() >= MAX_PARTS);
        self.list.retain(|crop| crop.of.strong_count() > 0 && (!many || crop.frame == last));
        self.frame += 1;
    }

    /// What a placement shows of a picture, once it is made.
    pub(super) fn get(&mut self, picture: &Arc<Picture>, clip: Clip) -> Option<Arc<Picture>> {
        let same = |crop: &&mut Crop| crop.serial == picture.serial && crop.clip == clip;
        if let Some(crop) = self.list.iter_mut().find(same) {
            crop.frame = self.frame;
            return crop.slot.get().cloned().flatten();
        }
        if self.list.len() >= MAX_PARTS {
            return None;
        }
        let slot = Slot::default();
        let (of, serial, frame) = (Arc::downgrade(picture), picture.serial, self.frame);
        let animation = None;
        self.list.push(Crop { of: of.clone(), serial, clip, slot: slot.clone(), frame, animation });
        self.wanted.push(Box::new(move || {
            let made = of.upgrade().and_then(|picture| picture.clip(clip)).map(Arc::new);
            // Nobody else sets it.
            let _ = slot.set(made);
        }));
        None
    }

    /// The steps of a part's animation that are made; others are made beside the loop. `steps` are those of
    /// the picture.
    pub(super) fn steps(&mut self, picture: &Arc<Picture>, clip: Clip, steps: &[Step]) -> Vec<Step> {
        let Some(newest) = steps.last().map(|step| step.number) else { return Vec::new() };
        let animated = self.list.iter().filter(|crop| crop.animation.is_some()).count();
        let same = |crop: &&mut Crop| crop.serial == picture.serial && crop.clip == clip;
        let Some(crop) = self.list.iter_mut().find(same) else { return Vec::new() };
        if crop.animation.is_none() && animated >= MAX_ANIMATED {
            return Vec::new();
        }
        let animation = crop.animation.get_or_insert_default();
        // Not made now, if they are being made.
        let Some(made) = animation.made.try_lock() else { return Vec::new() };
        if animation.given < newest && animation.given == made.taken && !made.ended {
            let new: Vec<Step> = steps.iter().filter(|step| step.number > animation.given).cloned().collect();
            animation.given = newest;
            let (of, made) = (crop.of.clone(), animation.made.clone());
            self.wanted.push(Box::new(move || {
                let mut made = made.lock();
                if let Some(picture) = of.upgrade() {
                    made.take(&picture, clip, &new);
                }
                made.taken = newest;
            }));
        }
        made.steps.clone()
    }

    pub(super) fn take_wanted(&mut self) -> Vec<Making> {
        std::mem::take(&mut self.wanted)
    }
}
