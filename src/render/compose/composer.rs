//! What a client's frames have in common: the caches from which the next one is composed.

use super::blanks::Erasing;
use super::chrome::Chrome;
use super::kept::KeptPanes;
use super::status;
use super::subject::Subject;
use crate::base::{PaneId, Surface};
use crate::render::frame::{Frame, FrameLinks};
use crate::render::pictures::FramePictures;

/// State of a client's last frame, from which the next one is composed.
#[derive(Default)]
pub struct Composer {
    /// Hyperlinks, with the numbers that the client's terminal knows.
    pub links: FrameLinks,
    /// Pictures, with the ids that the client's terminal knows.
    pub pictures: FramePictures,
    /// On this terminal bold does not make the first eight colours bright (`Nobr`).
    pub no_bright: bool,
    pub erasing: Erasing,
    pub(super) chrome: Option<Chrome>,
    pub(super) status: status::Kept,
    /// Panes whose rows stay as they are in the last frame: a later frame shows their new output.
    /// The caller sets it for each frame.
    pub held: Vec<PaneId>,
    /// Rows of the last frame that wrap, if some pane is held.
    pub(super) wrapped: Vec<bool>,
    /// The last frame, its subject, and the pane rows in it.
    pub(super) last: Option<Frame>,
    pub(super) subject: Option<Subject>,
    pub(super) kept: KeptPanes,
    /// True if an overlay was drawn over the panes of the last frame.
    pub(super) overdrawn: bool,
    /// Frames composed so far.
    pub(super) frames: u64,
    /// Buffer for one row of a pane, reused to avoid allocations.
    pub(super) scratch: Surface,
}

impl Composer {
    /// Takes the frame to compose on: the last one if it is still valid.
    pub(super) fn next_frame(&mut self, subject: &Subject, stale: bool) -> Frame {
        let usable = !stale && !self.overdrawn && self.subject == Some(*subject);
        self.subject = Some(*subject);
        self.frames += 1;
        self.pictures.begin_frame();
        let last = self.last.take().filter(|last| usable && last.surface.size() == subject.size);
        match last {
            Some(mut frame) => {
                if !self.held.is_empty() {
                    self.wrapped.clone_from(&frame.wrapped);
                }
                frame.succeed(self.frames);
                frame
            }
            None => {
                let mut frame = Frame::new(subject.size);
                frame.descent.number = self.frames;
                frame
            }
        }
    }

    /// Drops all cached state, because composing a frame was interrupted.
    pub fn restart(&mut self) {
        let (no_bright, erasing) = (self.no_bright, self.erasing);
        let pictures = std::mem::take(&mut self.pictures);
        *self = Self { no_bright, erasing, pictures, frames: self.frames, ..Self::default() };
    }

    /// Takes a drawn frame back, to compose the next one on it.
    pub fn reuse(&mut self, frame: Frame) {
        self.last = Some(frame);
    }
}
