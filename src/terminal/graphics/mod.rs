//! Kitty's graphics protocol (`ESC _ G … ESC \`): the pictures that programs transmit, and their
//! placements.
//!
//! A picture that is shown at the cursor becomes cells: placeholders, like those that programs
//! print themselves for a picture with a virtual placement (`U=1`). So a picture scrolls, is cut,
//! copied and kept in the history like text, and code that draws the pane reads in each cell which
//! part of which picture to show (`base::placeholder`).
//!
//! | file | holds |
//! |---|---|
//! | `control` | keys and values of a command |
//! | `store` | pictures, placements, animations, and their limits |
//! | `load` | receiving data, in chunks, and checking it |
//! | `pixels` | pictures decoded |
//! | `frames` | frames of animations, composed |
//! | `place` | placements as cells |
//! | `delete` | the kinds of deleting |
//! | `save` | all of it for the next server |

mod control;
mod delete;
mod frames;
mod load;
mod pixels;
mod place;
mod save;
mod store;

pub(crate) use control::Control;
pub(crate) use frames::{Change, Frames};
pub(crate) use load::{Request, Source};
pub(crate) use pixels::{Clip, Pixels};
pub(crate) use save::GraphicsRecord;
#[cfg(test)]
pub(crate) use store::Format;
pub(crate) use store::{Data, Entry, MAX_PANE_BYTES, Picture, Pictures, Placement, Shape, Step};

use super::config::KittyGraphics;
use super::screen::Screen;
use load::Loading;

/// Error of a command: the protocol's name for it, and a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    pub code: &'static str,
    pub text: String,
}

impl Failure {
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    fn no_picture(control: &Control) -> Self {
        let (id, number) = (control.get(b'i'), control.get(b'I'));
        Self::new("ENOENT", format!("there is no image with id {id} and number {number}"))
    }
}

/// Graphics state of a terminal.
#[derive(Default)]
pub(crate) struct Graphics {
    pub pictures: Pictures,
    loading: Option<Box<Loading>>,
    /// Command whose data is in a file that must be read first; the next command comes after it.
    waiting: Option<Box<(Control, Request)>>,
    /// True once the program has used the protocol: it then keeps working after the last client
    /// that knows it detaches.
    pub used: bool,
    /// Oldest line of the history when placements of lines that left it were last looked for.
    oldest_line: u64,
}

impl Screen {
    /// Reports whether the program may use the protocol; if not, its commands are treated like
    /// other strings of their kind.
    pub(super) fn takes_graphics(&self) -> bool {
        self.config.pane
            && match self.config.kitty_graphics {
                KittyGraphics::Off => false,
                KittyGraphics::Used => self.graphics.used,
                KittyGraphics::On => true,
            }
    }

    /// Handles a command without its leading `G`. A malformed one is ignored, as by kitty.
    pub(super) fn graphics_command(&mut self, command: &[u8]) {
        let Some((control, payload)) = Control::parse(command) else { return };
        self.graphics.used = true;
        if control.has(b'i') && control.has(b'I') {
            let failure = Failure::new("EINVAL", "an id and a number were given");
            return self.answer(&control, Err(failure));
        }
        let action = control.letter(b'a', b't');
        if matches!(action, b'f' | b'p' | b'a' | b'c') && !self.is_continued(&control) && !names_one(&control)
        {
            return;
        }
        match action {
            b't' | b'T' | b'q' | b'f' => self.load(control, payload),
            b'p' => {
                let id = self.graphics.pictures.of_command(&control).map(|entry| entry.id);
                let put = id.ok_or_else(|| Failure::no_picture(&control));
                let put = put.and_then(|id| self.put_picture(id, &control).map(|()| id));
                self.answer(&control, put);
            }
            b'd' => self.delete_pictures(&control),
            b'a' | b'c' => {
                let id = self.graphics.pictures.of_command(&control).map(|entry| entry.id);
                let done = id.ok_or_else(|| Failure::no_picture(&control));
                let done = done.and_then(|id| self.add_step(id, action, &control, None).map(|()| id));
                if action == b'c' || done.is_err() {
                    self.answer(&control, done);
                }
            }
            _ => {}
        }
    }

    /// Adds a step to the animation of a picture.
    fn add_step(
        &mut self,
        id: u32,
        action: u8,
        control: &Control,
        data: Option<bytes::Bytes>,
    ) -> Result<(), Failure> {
        let added = self.graphics.pictures.add_step(id, action, control, data);
        added.then_some(()).ok_or_else(|| Failure::new("ENOSPC", "no room for more of this animation"))
    }

    /// Answers a command, if the program asked for an answer: the picture's id, or the error.
    fn answer(&mut self, control: &Control, result: Result<u32, Failure>) {
        let quiet = control.get(b'q');
        if !names_one(control) || quiet > 1 || (quiet == 1 && result.is_ok()) {
            return;
        }
        let id = result.as_ref().map_or(control.get(b'i'), |id| *id);
        let mut text = String::from("\x1b_G");
        let mut named = Control::default();
        named.set(b'i', id);
        [b'I', b'p'].into_iter().for_each(|key| named.set(key, control.get(key)));
        if matches!(control.letter(b'a', b't'), b'f' | b'a') {
            named.set(b'r', control.get(b'r'));
        }
        text.push_str(named.text(b"iIpr").trim_start_matches(','));
        match result {
            Ok(_) => text.push_str(";OK"),
            Err(failure) => text.push_str(&format!(";{}:{}", failure.code, failure.text)),
        }
        text.push_str("\x1b\\");
        self.outbox.reply(text.as_bytes());
    }
}

/// Reports whether a command identifies a picture.
fn names_one(control: &Control) -> bool {
    control.has(b'i') || control.has(b'I')
}

#[cfg(test)]
mod tests;
