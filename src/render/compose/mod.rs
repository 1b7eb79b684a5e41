//! Builds a client's frame from the model: panes, the borders between them, status lines, and
//! what covers them.
//!
//! What is costly to work out and changes rarely (borders, border status lines, styles, the
//! status line) is kept in the `Composer` of the client and made anew when the client is
//! marked for it, or when the layout turns out to be another. Of the panes, only rows that
//! changed are copied; the frame is composed on the one before.

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

/// Longest side of a frame in cells, which is that of windows in tmux. Cells of a terminal beyond it
/// stay blank.
const MAX_SIDE: u32 = 10_000;

/// What is kept of a client's last frame.
#[derive(Default)]
pub struct Composer {
    /// Hyperlinks as the client's terminal knows them.
    pub links: FrameLinks,
    /// Pictures as the client's terminal knows them.
    pub pictures: FramePictures,
    /// On this terminal bold does not make the first eight colours bright (`Nobr`).
    pub no_bright: bool,
    pub erasing: Erasing,
    chrome: Option<Chrome>,
    status: status::Kept,
    /// Panes whose rows stay as they are in the last frame: what they print now waits for a
    /// later one. The caller sets it for each frame.
    pub held: Vec<PaneId>,
    /// Which rows of the last frame wrap, when some pane is held.
    wrapped: Vec<bool>,
    /// The last frame, what it was about, and the rows of panes in it.
    last: Option<Frame>,
    subject: Option<Subject>,
    kept: kept::KeptPanes,
    /// Something was drawn over the panes of the last frame.
    overdrawn: bool,
    /// Frames composed so far.
    frames: u64,
    /// A line for one row of a pane, kept for its memory.
    scratch: Surface,
}

/// Which things a frame is about.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Subject {
    pub client: ClientId,
    pub session: SessionId,
    /// Index of the current winlink.
    pub index: i32,
    pub window: WindowId,
    /// The pane that gets this client's input.
    pub active: PaneId,
    /// The client's terminal.
    pub size: Size,
    /// Rows of the terminal that status lines take from the window.
    pub status_rows: u32,
    /// Rows that status lines, message or prompt cover: one at least while something is said.
    pub covered_rows: u32,
    /// Both are at the top.
    pub status_top: bool,
    pub view: View,
    pub erasing: Erasing,
}

impl Subject {
    /// Row of the terminal at which the window starts.
    pub fn top(&self) -> u32 {
        if self.status_top { self.status_rows } else { 0 }
    }

    /// Row of the terminal below the last one of the window.
    pub fn bottom(&self) -> u32 {
        if self.status_top { self.size.rows } else { self.size.rows.saturating_sub(self.status_rows) }
    }

    /// What a row lies on that starts at a column of the terminal.
    fn ground(&self, left: i32, bg: Colour) -> blanks::Ground {
        blanks::Ground { erasing: self.erasing, left, cols: self.size.cols, bg }
    }

    /// The part of a box of the window that is on the terminal, if any of it is.
    pub fn seen(&self, x: i32, y: i32, size: Size) -> Option<Seen> {
        let room = Size::new(self.size.cols, self.bottom() - self.top());
        Seen::new(Rect { x: x - self.view.x as i32, y: y - self.view.y as i32, size }, room, self.top())
    }

    /// Where a cell of the window is on the terminal, if it is there at all.
    pub fn place(&self, x: i32, y: i32) -> Option<Point> {
        self.seen(x, y, Size::new(1, 1)).map(|seen| seen.at)
    }
}

/// How much of a frame may be different from the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// What panes show.
    Panes,
    /// The cursor. Panes stay as they are, whatever they printed since.
    Cursor,
    /// The cursor and the status lines.
    Status,
    /// Everything: what is kept of borders and status lines is made again.
    All,
}

/// Composes what a client should show now; `None` for a client that shows nothing.
pub fn compose(cx: &mut Cx<'_>, client: ClientId, extent: Extent, composer: &mut Composer) -> Option<Frame> {
    let subject = subject(cx, client, composer.erasing)?;
    if let Some(c) = cx.server.clients.get_mut(&client) {
        c.view = (subject.view.x, subject.view.y, subject.view.size, subject.view.bigger);
        // tmux: a place that a client moved to is cut at the window's edge for good, and forgotten
        // once the client shows all of the window, or another one.
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
    chrome.draw_lines(&subject, &mut frame);
    panes::draw(cx, &subject, &chrome, &styled, composer, &mut frame);
    held.into_iter().for_each(|row| row.put_back(&mut frame));
    chrome.draw_scrollbars(&subject, &mut frame);
    let refresh = stale || extent == Extent::Status;
    let prompt = status::draw(cx, &subject, &mut composer.status, refresh, &mut composer.links, &mut frame);
    let overlaid = cx.server.client(client).and_then(|c| c.overlay.as_ref()).map(|o| o.covers_part());
    frame.covered = overlaid == Some(true);
    let covered = overlay(cx, client, &mut frame.surface);
    // What an overlay drew over the panes and their borders is not told apart: all is drawn again.
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
    /// The frame to compose: the last one, where it is of use.
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

    /// Forgets everything that was kept: composing a frame did not come to its end.
    pub fn restart(&mut self) {
        let (no_bright, erasing) = (self.no_bright, self.erasing);
        let pictures = std::mem::take(&mut self.pictures);
        *self = Self { no_bright, erasing, pictures, frames: self.frames, ..Self::default() };
    }

    /// Takes a frame back once it was drawn, for the next one to be composed on.
    pub fn reuse(&mut self, frame: Frame) {
        self.last = Some(frame);
    }
}

/// Draws the overlay, if there is one, and says whether it wants the cursor shown.
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

/// The part of a terminal that is drawn on.
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

/// Title, path and progress for the terminal itself.
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
