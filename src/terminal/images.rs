//! Images that programs draw (sixel): their positions and data.

use std::collections::VecDeque;
use std::sync::Arc;

use super::events::TerminalEvent;
use super::screen::Screen;

/// Images kept per screen; beyond it, the oldest is dropped.
pub(super) const MAX_IMAGES: usize = 20;

/// An image on the screen: its place and size in cells, and its sixel data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    pub x: u32,
    pub y: u32,
    pub cols: u32,
    pub rows: u32,
    /// Rows of cells cut off at the top of the data.
    pub top: u32,
    /// The body of the sixel sequence, from `q` on.
    pub data: Arc<[u8]>,
}

/// The images of a screen, and those of the one behind the alternate screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Images {
    pub list: VecDeque<Image>,
    pub saved: VecDeque<Image>,
}

impl Screen {
    pub(super) fn add_image(&mut self, image: Image) {
        if self.images.list.len() >= MAX_IMAGES {
            self.images.list.pop_front();
        }
        self.images.list.push_back(image);
        self.outbox.event(TerminalEvent::Images);
    }

    fn keep_images(&mut self, keep: impl FnMut(&Image) -> bool) {
        if self.images.list.is_empty() {
            return;
        }
        let before = self.images.list.len();
        self.images.list.retain(keep);
        if self.images.list.len() != before {
            self.outbox.event(TerminalEvent::Images);
        }
    }

    /// Removes every image.
    pub(super) fn drop_all_images(&mut self) {
        self.keep_images(|_| false);
    }

    /// Removes images that touch some rows.
    pub(super) fn drop_images(&mut self, y: u32, rows: u32) {
        self.keep_images(|image| y >= image.y + image.rows || y + rows <= image.y);
    }

    /// Removes images that touch an area.
    pub(super) fn drop_images_in(&mut self, x: u32, y: u32, cols: u32, rows: u32) {
        self.keep_images(|image| {
            let apart_y = y >= image.y + image.rows || y + rows <= image.y;
            apart_y || x >= image.x + image.cols || x + cols <= image.x
        });
    }

    /// Moves images up with the lines; parts above the screen are cut off.
    pub(super) fn scroll_images(&mut self, lines: u32) {
        if self.images.list.is_empty() {
            return;
        }
        self.keep_images(|image| image.y + image.rows > lines);
        for image in &mut self.images.list {
            let cut = lines.saturating_sub(image.y);
            image.y = image.y.saturating_sub(lines);
            image.rows -= cut;
            image.top += cut;
        }
        self.outbox.event(TerminalEvent::Images);
    }
}
