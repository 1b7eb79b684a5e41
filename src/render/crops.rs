//! Parts of pictures (`x`, `y`, `w`, `h` of a placement), and pictures with an offset in their first cell
//! (`X`, `Y`), as pictures of their own, since a placement that terminals show by placeholders is of a whole
//! picture and fills its cells. They are made beside the loop; until then the
//! cells are blank.

use std::sync::{Arc, OnceLock, Weak};

use crate::terminal::graphics::{Clip, Picture};

/// Most parts kept for a terminal; beyond it, one that is in view now stays blank.
const MAX_PARTS: usize = 256;

/// The part; `None` if it could not be made.
type Slot = Arc<OnceLock<Option<Arc<Picture>>>>;

struct Crop {
    of: Weak<Picture>,
    serial: u64,
    clip: Clip,
    slot: Slot,
    frame: u64,
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
        self.list.push(Crop { of: of.clone(), serial, clip, slot: slot.clone(), frame });
        self.wanted.push(Box::new(move || {
            let made = of.upgrade().and_then(|picture| picture.clip(clip)).map(Arc::new);
            // Nobody else sets it.
            let _ = slot.set(made);
        }));
        None
    }

    pub(super) fn take_wanted(&mut self) -> Vec<Making> {
        std::mem::take(&mut self.wanted)
    }
}
