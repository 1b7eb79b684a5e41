//! Kitty's graphics protocol (`ESC _ G … ESC \`): what programs transmit, and where they want it.
//!
//! A picture that is to be shown at the cursor becomes cells: placeholders, as programs print them
//! themselves for a picture with a virtual placement (`U=1`). So a picture scrolls, is cut, copied
//! and kept in the history as text is, and whoever draws the pane finds in each cell which part of
//! which picture it shows (`base::placeholder`).
//!
//! | file | holds |
//! |---|---|
//! | `control` | keys and values of a command |
//! | `store` | pictures, placements, animations, and how much there may be |
//! | `load` | taking data in, in chunks, and what it must be |
//! | `place` | placements as cells |
//! | `delete` | the kinds of deleting |
//! | `save` | all of it for the server after this one |

mod control;
mod delete;
mod load;
mod place;
mod save;
mod store;

pub use control::Control;
pub use load::{Request, Source};
pub use save::GraphicsRecord;
pub use store::{Data, Entry, MAX_PANE_BYTES, Picture, Pictures, Placement, Shape, Step};

use super::config::KittyGraphics;
use super::screen::Screen;
use load::Loading;

/// Why a command failed: the protocol's name for it, and a text.
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

/// What a terminal holds of pictures.
#[derive(Default)]
pub struct Graphics {
    pub pictures: Pictures,
    loading: Option<Loading>,
    /// A command whose data is in a file that is yet to be read; the next one comes after that.
    waiting: Option<(Control, Request)>,
    /// The program has used the protocol: it is not stopped when the last client that knows it
    /// leaves.
    pub used: bool,
}

impl Screen {
    /// Whether the program may use the protocol; if not, its commands are what other strings of
    /// their kind are.
    pub(super) fn takes_graphics(&self) -> bool {
        self.config.pane
            && match self.config.kitty_graphics {
                KittyGraphics::Off => false,
                KittyGraphics::Used => self.graphics.used,
                KittyGraphics::On => true,
            }
    }

    /// A command, without the `G` it begins with. One that is malformed is ignored, as by kitty.
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

    /// Tells the program what came of a command, if it wants to know: for which picture, or why
    /// not.
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

/// Whether a command says which picture it is about.
fn names_one(control: &Control) -> bool {
    control.has(b'i') || control.has(b'I')
}

#[cfg(test)]
mod tests;
