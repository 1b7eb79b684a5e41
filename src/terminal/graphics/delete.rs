//! Deleting placements and pictures (`a=d`).

use super::control::Control;
use super::store::{Entry, Pictures, Placement};
use crate::terminal::TerminalEvent;
use crate::terminal::screen::Screen;

impl Screen {
    /// Executes a delete command. A capital letter frees the data of pictures, too.
    pub(super) fn delete_pictures(&mut self, control: &Control) {
        self.stop_loading();
        let letter = control.letter(b'd', b'a');
        let free = letter.is_ascii_uppercase();
        let id = control.get(b'p');
        let named = move |place: &Placement| id == 0 || place.id == id;
        let (x, y, z) = (control.get(b'x'), control.get(b'y'), control.signed(b'z'));
        match letter.to_ascii_lowercase() {
            b'i' | b'n' => {
                let picture = match self.graphics.pictures.of_command(control) {
                    Some(entry) => entry.id,
                    None => return,
                };
                let this = move |entry: &Entry| entry.id == picture;
                self.stop_showing(|pictures| match free && id == 0 {
                    true => pictures.forget(this),
                    false => pictures.remove(free, |entry, place| this(entry) && named(place)),
                });
            }
            b'r' => {
                let within = move |entry: &Entry| (x..=y).contains(&entry.id);
                self.stop_showing(|pictures| match free {
                    true => pictures.forget(within),
                    false => pictures.remove(false, |entry, _| within(entry)),
                });
            }
            b'f' => {
                if let Some(picture) = self.graphics.pictures.of_command(control).map(|entry| entry.id) {
                    self.graphics.pictures.drop_steps(picture);
                }
            }
            b'a' => self.delete_at(free, |_, _| true, |_| true),
            b'c' => {
                let (x, y) = (self.cx.min(self.cols() - 1), self.cy);
                self.delete_at(free, move |px, py| (px, py) == (x, y), |_| true);
            }
            b'p' => self.delete_at(free, move |px, py| (px + 1, py + 1) == (x, y), |_| true),
            b'q' => {
                self.delete_at(free, move |px, py| (px + 1, py + 1) == (x, y), move |place| place.z == z);
            }
            b'x' => self.delete_at(free, move |px, _| px + 1 == x, |_| true),
            b'y' => self.delete_at(free, move |_, py| py + 1 == y, |_| true),
            b'z' => self.delete_at(free, |_, _| true, move |place| place.z == z),
            _ => {}
        }
    }

    /// Deletes placements with cells at the given positions on the screen; virtual ones have none.
    fn delete_at(&mut self, free: bool, at: impl Fn(u32, u32) -> bool, is: impl Fn(&Placement) -> bool) {
        let parts = self.parts_on_screen().into_iter().filter(|(x, y, _)| at(*x, *y));
        let mut found: Vec<(u32, u32)> = parts.map(|(.., part)| (part.picture, part.placement)).collect();
        found.sort_unstable();
        found.dedup();
        self.stop_showing(|pictures| {
            pictures.remove(free, |entry, place| {
                !place.is_virtual && is(place) && found.binary_search(&(entry.id, place.number)).is_ok()
            })
        });
    }

    /// Removes entries from the store, and their cells from the screen.
    pub(super) fn stop_showing(&mut self, remove: impl FnOnce(&mut Pictures) -> Vec<(u32, u32)>) {
        let gone = remove(&mut self.graphics.pictures);
        self.outbox.event(TerminalEvent::Pictures);
        self.erase_parts(&gone);
    }
}
