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
mod composer;
mod cursor;
mod dim;
mod kept;
mod offset;
mod panes;
mod pictures;
mod seen;
mod status;
mod subject;

use crate::base::{ClientId, Size, Surface, guard};
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::options::opt;

use super::frame::Frame;
use chrome::Chrome;
use subject::Subject;

pub use blanks::Erasing;
pub use composer::Composer;
pub use subject::View;

/// Longest side of a frame in cells, which is tmux's limit for windows. Cells of a terminal beyond
/// it stay blank.
const MAX_SIDE: u32 = 10_000;

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
