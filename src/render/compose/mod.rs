//! Builds a client's frame from the model: panes, the borders between them, status lines, and modes
//! and overlays that cover them.
//!
//! The client's `Composer` caches parts that are expensive to compute and seldom change (borders,
//! border status lines, styles, the status line). It computes them again when the client is marked
//! for it, or when the layout has changed. Of the panes, only changed rows are copied; a frame is
//! composed on the previous one.

mod blanks;
mod border_chars;
mod borders;
mod chrome;
mod cursor;
mod kept;
mod offset;
mod panes;
mod pictures;
mod seen;
mod status;

use crate::base::{ClientId, Colour, PaneId, Point, Rect, SessionId, Size, Surface, WindowId, guard};
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::options::opt;

use super::frame::{Frame, FrameLinks};
use super::pictures::FramePictures;
use chrome::Chrome;
use seen::Seen;

pub use blanks::Erasing;
pub use offset::View;

/// Longest side of a frame in cells, which is tmux's limit for windows. Cells of a terminal beyond
/// it stay blank.
const MAX_SIDE: u32 = 10_000;

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
    chrome: Option<Chrome>,
    status: status::Kept,
    /// Panes whose rows stay as they are in the last frame: a later frame shows their new output.
    /// The caller sets it for each frame.
    pub held: Vec<PaneId>,
    /// Rows of the last frame that wrap, if some pane is held.
    wrapped: Vec<bool>,
    /// The last frame, its subject, and the pane rows in it.
    last: Option<Frame>,
    subject: Option<Subject>,
    kept: kept::KeptPanes,
    /// True if an overlay was drawn over the panes of the last frame.
    overdrawn: bool,
    /// Frames composed so far.
    frames: u64,
    /// Buffer for one row of a pane, reused to avoid allocations.
    scratch: Surface,
}

/// Objects that a frame shows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Subject {
    pub client: ClientId,
    pub session: SessionId,
    /// Index of the current winlink.
    pub index: i32,
    pub window: WindowId,
    /// Pane that receives this client's input.
    pub active: PaneId,
    /// Size of the client's terminal.
    pub size: Size,
    /// Rows of the terminal that status lines take from the window.
    pub status_rows: u32,
    /// Rows that status lines, message or prompt cover: at least one while there is a message or
    /// prompt.
    pub covered_rows: u32,
    /// The rows of both counts are at the top.
    pub status_top: bool,
    pub view: View,
    pub erasing: Erasing,
}

impl Subject {
    /// First row of the window on the terminal.
    pub(super) fn top(&self) -> u32 {
        if self.status_top { self.status_rows } else { 0 }
    }

    /// Row of the terminal below the last one of the window.
    pub(super) fn bottom(&self) -> u32 {
        if self.status_top { self.size.rows } else { self.size.rows.saturating_sub(self.status_rows) }
    }

    /// Background a row is composed on: its left column on the terminal, and the pane's colour.
    fn ground(&self, left: i32, bg: Colour) -> blanks::Ground {
        blanks::Ground { erasing: self.erasing, left, cols: self.size.cols, bg }
    }

    /// The part of a box of the window that is on the terminal, if any.
    pub(super) fn seen(&self, x: i32, y: i32, size: Size) -> Option<Seen> {
        // tmux: beside a window that fits on the terminal nothing of a floating pane is drawn; beside one
        // that is too high for it a floating pane continues to the right of the window. Nothing is drawn
        // below a window.
        let cols = self.size.cols.min(self.view.size.cols);
        let rows = self.view.size.rows.min(self.view.rows_left).min(self.bottom() - self.top());
        let room = Size::new(cols, rows);
        Seen::new(Rect { x: x - self.view.x as i32, y: y - self.view.y as i32, size }, room, self.top())
    }

    /// Position on the terminal of a cell of the window, if the cell is there.
    pub(super) fn place(&self, x: i32, y: i32) -> Option<Point> {
        self.seen(x, y, Size::new(1, 1)).map(|seen| seen.at)
    }
}

/// Parts that may differ from the previous frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// Contents of panes.
    Panes,
    /// The cursor. Pane contents are not updated.
    Cursor,
    /// The cursor and the status lines.
    Status,
    /// Everything: cached borders and status lines are computed again.
    All,
}

/// Composes a client's next frame; `None` for a client that shows nothing.
pub fn compose(cx: &mut Cx<'_>, client: ClientId, extent: Extent, composer: &mut Composer) -> Option<Frame> {
    let subject = subject(cx, client, composer.erasing)?;
    if let Some(c) = cx.server.clients.get_mut(&client) {
        c.view = (subject.view.x, subject.view.y, subject.view.size, subject.view.bigger);
        // tmux: a position that a client panned to is clipped at the window's edge for good, and
        // forgotten once the client shows the whole window, or another one.
        let moved = c.pan.is_some_and(|(window, ..)| window == subject.window) && subject.view.bigger;
        c.pan = moved.then_some((subject.window, subject.view.x, subject.view.y));
    }
    let layout = chrome::layout(cx, &subject)?;
    let stale = extent == Extent::All || composer.chrome.as_ref().is_none_or(|c| !c.fits(&layout, &subject));
    let mut chrome = match composer.chrome.take().filter(|_| !stale) {
        Some(chrome) => chrome,
        None => Chrome::new(cx, &subject, layout),
    };
    let mut frame = composer.next_frame(&subject, stale);
    let frozen = matches!(extent, Extent::Cursor | Extent::Status) && frame.descent.parent.is_some();
    let styled = if frozen {
        panes::Styled::default()
    } else {
        chrome.find_sliders(cx, &subject, &mut frame.descent);
        panes::find_changed(cx, &subject, &chrome, composer, &mut frame)
    };
    let held = panes::held_rows(&subject, &chrome, &styled, &frame);
    frame.clear_changed(chrome.ground());
    composer.pictures.sixels.begin_frame(&frame);
    chrome.draw_lines(&subject, &mut frame);
    panes::draw(cx, &subject, &chrome, &styled, composer, &mut frame);
    composer.pictures.sixels.end_frame(&mut frame);
    held.into_iter().for_each(|row| row.put_back(&mut frame));
    chrome.draw_scrollbars(&subject, &mut frame);
    let refresh = stale || extent == Extent::Status;
    let prompt = status::draw(cx, &subject, &mut composer.status, refresh, &mut composer.links, &mut frame);
    let overlaid = cx.server.client(client).and_then(|c| c.overlay.as_ref()).map(|o| o.covers_part());
    frame.covered = overlaid == Some(true);
    let covered = overlay(cx, client, &mut frame.surface);
    // It is not known which cells an overlay drew over, so draw everything again.
    composer.overdrawn = overlaid.is_some();
    if composer.overdrawn {
        frame.descent.changed.fill(true);
    }
    cursor::place(cx, &subject, &chrome, prompt, covered, &mut frame);
    titles(cx, &subject, &mut frame);
    composer.chrome = Some(chrome);
    Some(frame)
}

impl Composer {
    /// Takes the frame to compose on: the last one if it is still valid.
    fn next_frame(&mut self, subject: &Subject, stale: bool) -> Frame {
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

/// Draws the overlay, if there is one. `Some(true)` if it shows the cursor.
fn overlay(cx: &mut Cx<'_>, client: ClientId, surface: &mut Surface) -> Option<bool> {
    let mut overlay = cx.server.clients.get_mut(&client)?.overlay.take()?;
    surface.cursor_visible = false;
    let drawn = guard::run(|| "an overlay".to_owned(), || overlay.draw(cx, client, surface));
    let visible = surface.cursor_visible;
    let c = cx.server.clients.get_mut(&client)?;
    if c.overlay.is_none() {
        c.overlay = Some(overlay);
    }
    if drawn.is_none() {
        crate::view::overlay::clear(cx, client);
    }
    Some(visible)
}

/// Size of the part of a terminal that is drawn on.
pub fn drawn_size(size: Size) -> Size {
    Size::new(size.cols.min(MAX_SIDE), size.rows.min(MAX_SIDE))
}

fn subject(cx: &mut Cx<'_>, client: ClientId, erasing: Erasing) -> Option<Subject> {
    let server = &*cx.server;
    let c = server.client(client)?;
    let session = c.session?;
    let s = server.session(session)?;
    let window = server.winlink_window(session, s.current)?;
    let active = server.client_pane(c)?;
    let size = drawn_size(c.size);
    if size.cols == 0 || size.rows == 0 {
        return None;
    }
    let shown = server.status_lines(c);
    let speaks = c.message.is_some() || c.prompt.is_some();
    let status_rows = shown.min(size.rows);
    let covered_rows = shown.max(u32::from(speaks)).min(size.rows);
    let top = server.option_text(OptionScope::Session(session), opt::STATUS_POSITION) == "top";
    let mut subject = Subject {
        client,
        session,
        index: s.current,
        window,
        active,
        size,
        status_rows,
        covered_rows,
        status_top: covered_rows != 0 && top,
        view: View::default(),
        erasing,
    };
    let shown_cursor = cursor::of_pane(cx, active).filter(|(_, visible)| *visible).map(|(at, _)| at);
    subject.view = offset::view(cx.server, &subject, shown, shown_cursor)?;
    Some(subject)
}

/// Sets title, path and progress of the terminal itself.
fn titles(cx: &Cx<'_>, subject: &Subject, frame: &mut Frame) {
    let server = &*cx.server;
    let active = server.window(subject.window).and_then(|w| server.pane(w.active));
    let titled = server.option(OptionScope::Session(subject.session), opt::SET_TITLES);
    if let Some(pane) = active {
        let terminal = pane.terminal.lock();
        let progress = terminal.progress();
        frame.progress.state = progress.state as u8;
        frame.progress.percent = progress.percent;
        frame.path = titled.then(|| terminal.path().to_owned());
    }
    if titled {
        frame.title = server.client(subject.client).map(|c| c.title.clone());
    }
}

#[cfg(test)]
mod tests;
