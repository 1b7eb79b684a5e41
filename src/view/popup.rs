//! Popups: a program in a terminal of its own, in a box over a client.

use serde::{Deserialize, Serialize};

use crate::base::blob::Blob;
use crate::base::{Cell, CellStyle, ClientId, Colour, Key, LinkId, MouseEvent, Point, Size, Surface};
use crate::format::Objects;
use crate::model::Cx;
use crate::model::host::{AtExit, ExitStatus, JobDone, JobId, JobInput, JobOutput, JobReads, JobRequest};
use crate::model::kept::Purpose;
use crate::model::layout::Axis;
use crate::model::mode::{Overlay, OverlayKind, OverlayResult, SavedOverlay};
use crate::model::queue::{ItemId, KeyEvent};
use crate::options::opt;
use crate::terminal::{KeyboardFlags, MemoryHistory, Terminal, TerminalConfig, encode_key, encode_mouse};

use super::boxes::{BoxLines, draw_box};
use super::menu::{self, ItemRequest, Menu, MenuPart, replace_colours, window_level};
use super::{editor, mouse, overlay, style};

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    pub(crate) struct PopupFlags: u8 {
        /// Closes when its program ends.
        const CLOSE_ON_EXIT = 0x1;
        /// Closes when its program ends with status 0.
        const CLOSE_ON_SUCCESS = 0x2;
        /// Any key closes it once its program has ended.
        const CLOSE_ON_KEY = 0x4;
        /// Opened by the server itself (an editor): its menu makes no panes.
        const INTERNAL = 0x8;
    }
}

/// SIGTERM and SIGHUP.
const TERMINATE: i32 = 15;
const HANGUP: i32 = 1;

/// A buffer that is being edited in a popup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Edited {
    /// File with its text, for the editor.
    pub path: String,
    pub buffer: String,
    /// The buffer's order number: another buffer of that name has another one.
    pub order: u64,
}

/// Options of a new popup.
#[derive(Default)]
pub(crate) struct Request {
    pub flags: PopupFlags,
    pub lines: Option<BoxLines>,
    pub at: Point,
    /// Size including the box.
    pub size: Size,
    pub title: String,
    pub style: Option<String>,
    pub border_style: Option<String>,
    /// A shell command, or program and arguments.
    pub command: Option<String>,
    pub argv: Vec<String>,
    pub shell: String,
    pub cwd: String,
    pub environ: Vec<(String, String)>,
    /// The command that waits for the popup to close.
    pub item: Option<ItemId>,
    /// Client whose command opened the popup; if it has no session, it exits with the program's
    /// status.
    pub owner: Option<ClientId>,
    /// The buffer that gets the text when the program has ended with status 0.
    pub edited: Option<Edited>,
}

/// Change that a mouse drag makes to the popup.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Dragging {
    Off,
    Move,
    Size,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Popup {
    flags: PopupFlags,
    title: String,
    styles: [Option<String>; 2],
    lines: BoxLines,
    #[serde(skip, default = "no_terminal")]
    terminal: Terminal,
    #[serde(skip)]
    job: Option<JobId>,
    /// Exit status; 128 + SIGHUP until the program has ended.
    status: i32,
    item: Option<ItemId>,
    owner: Option<ClientId>,
    edited: Option<Edited>,
    menu: Option<MenuPart>,
    at: Point,
    size: Size,
    /// Position and size to return to when there is room again.
    wanted_at: Point,
    wanted_size: Size,
    dragging: Dragging,
    /// Cell of the popup that the mouse holds.
    held: Point,
    last_mouse_b: u32,
    last_mouse: Point,
}

/// A popup for another server.
#[derive(Serialize, Deserialize)]
struct Saved<P> {
    popup: P,
    /// The program's terminal, as in a checkpoint.
    screen: Blob,
}

/// A terminal that stands in while the popup's own has moved to a pane or is not loaded yet.
fn no_terminal() -> Terminal {
    Terminal::new(Size::new(1, 1), TerminalConfig::default(), Box::new(MemoryHistory::new(0, 1)))
}

/// Opens a popup over a client. False if it does not fit or its program cannot be started.
pub(crate) fn open(cx: &mut Cx<'_>, client: ClientId, request: Request) -> bool {
    let Some(c) = cx.server.client(client) else { return false };
    let (client_size, level) = (c.size, window_level(cx, client));
    let lines = request.lines.unwrap_or_else(|| {
        BoxLines::parse(&cx.server.option_text(level, opt::POPUP_BORDER_LINES)).unwrap_or_default()
    });
    let least = if lines == BoxLines::None { 1 } else { 3 };
    let size = request.size;
    if size.cols < least || size.rows < least || client_size.cols < size.cols || client_size.rows < size.rows
    {
        return false;
    }
    let inner = inner_size(lines, size);
    let (output, done) = callbacks(client);
    let job = JobRequest {
        command: request.command,
        argv: request.argv,
        shell: request.shell,
        cwd: request.cwd,
        environ: request.environ,
        input: JobInput::Open,
        reads: JobReads::StdoutAndStderr,
        pty: Some(inner),
        at_exit: AtExit::Leave,
        output: Some(output),
        done: Some(done),
        kept: Some(Purpose::Popup { client: Some(client) }),
    };
    overlay::clear(cx, client);
    let Ok(job) = cx.host.run_job(job) else { return false };
    let config = terminal_config(cx);
    let popup = Popup {
        flags: request.flags,
        title: request.title,
        styles: [request.style, request.border_style],
        lines,
        terminal: Terminal::new(inner, config, Box::new(MemoryHistory::new(0, inner.cols))),
        job: Some(job),
        status: 128 + HANGUP,
        item: request.item,
        owner: request.owner,
        edited: request.edited,
        menu: None,
        at: request.at,
        size,
        wanted_at: request.at,
        wanted_size: size,
        dragging: Dragging::Off,
        held: Point::default(),
        last_mouse_b: 0,
        last_mouse: Point::default(),
    };
    overlay::open(cx, client, Box::new(popup), 0);
    true
}

/// The callbacks of the program in a client's popup.
pub(crate) fn callbacks(client: ClientId) -> (JobOutput, JobDone) {
    (
        Box::new(move |cx, bytes| fed(cx, client, bytes)),
        Box::new(move |cx, result| ended(cx, client, result.status)),
    )
}

fn terminal_config(cx: &Cx<'_>) -> TerminalConfig {
    TerminalConfig {
        pane: false,
        widths: cx.server.width_rules.clone(),
        kitty_keys: cx.server.kitty_keys(),
        ..TerminalConfig::default()
    }
}

/// Opens a popup of the previous server over its client, with its program (`None`: it has ended).
pub(crate) fn load(
    cx: &mut Cx<'_>,
    client: ClientId,
    saved: serde_json::Value,
    job: Option<JobId>,
) -> Option<()> {
    let Saved::<Popup> { popup, screen } = serde_json::from_value(saved).ok()?;
    let terminal = Terminal::load(&screen.0, terminal_config(cx), Box::new(MemoryHistory::new(0, 1))).ok()?;
    overlay::open(cx, client, Box::new(Popup { terminal, job, ..popup }), 0);
    set_timer(cx, client);
    Some(())
}

/// Size of a popup's contents inside its box; `None` if there is no room for a cell.
fn inner_room(lines: BoxLines, size: Size) -> Option<Size> {
    if lines == BoxLines::None {
        return Some(size);
    }
    (size.cols > 2 && size.rows > 2).then(|| Size::new(size.cols - 2, size.rows - 2))
}

fn inner_size(lines: BoxLines, size: Size) -> Size {
    inner_room(lines, size)
        .unwrap_or_else(|| Size::new(size.cols.saturating_sub(2).max(1), size.rows.saturating_sub(2).max(1)))
}

/// The popup of a client, if its overlay is one.
pub(crate) fn of_client<'a>(cx: &'a mut Cx<'_>, client: ClientId) -> Option<&'a mut Popup> {
    cx.server.clients.get_mut(&client)?.overlay.as_mut()?.as_any().downcast_mut()
}

/// Handles output of a popup's program.
fn fed(cx: &mut Cx<'_>, client: ClientId, bytes: &[u8]) {
    let now_ms = cx.now.mono_ms;
    let Some(popup) = of_client(cx, client) else { return };
    popup.terminal.set_clock(now_ms);
    popup.terminal.feed(bytes);
    let _ = popup.terminal.take_events();
    let (replies, job) = (popup.terminal.take_replies(), popup.job);
    if let Some(job) = job.filter(|_| !replies.is_empty()) {
        cx.host.job_write(job, &replies);
    }
    set_timer(cx, client);
    cx.server.redraw_client(client);
}

/// Waits for the time-out of a sequence that a popup's program has begun, if there is one.
fn set_timer(cx: &mut Cx<'_>, client: ClientId) {
    let now_ms = cx.now.mono_ms;
    if let Some(due_ms) = of_client(cx, client).and_then(|popup| popup.terminal.next_timeout()) {
        cx.host.timer(due_ms.saturating_sub(now_ms), Box::new(move |cx| timed_out(cx, client)));
    }
}

/// Ends a string sequence of a popup's program that was open for too long.
fn timed_out(cx: &mut Cx<'_>, client: ClientId) {
    let now_ms = cx.now.mono_ms;
    let Some(popup) = of_client(cx, client) else { return };
    popup.terminal.time_out(now_ms);
    set_timer(cx, client);
}

/// Handles the end of a popup's program.
fn ended(cx: &mut Cx<'_>, client: ClientId, status: ExitStatus) {
    let Some(popup) = of_client(cx, client) else { return };
    popup.status = match status {
        ExitStatus::Exited(code) => code,
        ExitStatus::Signaled(signal) => signal,
    };
    popup.job = None;
    let closes = popup.flags.contains(PopupFlags::CLOSE_ON_EXIT)
        || (popup.flags.contains(PopupFlags::CLOSE_ON_SUCCESS) && popup.status == 0);
    if closes {
        overlay::clear(cx, client);
    }
}

/// Changes that `display-popup` makes to an open popup; `None` leaves a value unchanged.
#[derive(Default)]
pub(crate) struct Changes {
    pub title: Option<String>,
    pub style: Option<String>,
    pub border_style: Option<String>,
    pub lines: Option<BoxLines>,
    pub flags: Option<PopupFlags>,
}

/// Changes the popup of a client.
pub(crate) fn modify(cx: &mut Cx<'_>, client: ClientId, changes: Changes) {
    let Some(popup) = of_client(cx, client) else { return };
    if let Some(title) = changes.title {
        popup.title = title;
    }
    let [style, border] = &mut popup.styles;
    *style = changes.style.or(style.take());
    *border = changes.border_style.or(border.take());
    popup.flags = changes.flags.unwrap_or(popup.flags);
    let resized = changes.lines.is_some_and(|lines| {
        let old = std::mem::replace(&mut popup.lines, lines);
        (old == BoxLines::None) != (lines == BoxLines::None)
    });
    if resized {
        let (inner, job) = (inner_size(popup.lines, popup.size), popup.job);
        popup.terminal.resize(inner);
        if let Some(job) = job {
            cx.host.job_resize(job, inner);
        }
    }
    cx.server.redraw_client(client);
}

/// Items of a popup's menu: name, key.
const MENU: &[(&str, char)] = &[
    ("Close", 'q'),
    ("#{?buffer_name,Paste #[underscore]#{buffer_name},}", 'p'),
    ("", ' '),
    ("Fill Space", 'F'),
    ("Centre", 'C'),
    ("", ' '),
    ("To Horizontal Pane", 'h'),
    ("To Vertical Pane", 'v'),
];
const INTERNAL_MENU: &[(&str, char)] = &[("Close", 'q'), ("", ' '), ("Fill Space", 'F'), ("Centre", 'C')];

impl Popup {
    fn resize_terminal(&mut self, cx: &mut Cx<'_>) {
        let Some(inner) = inner_room(self.lines, self.size) else { return };
        // tmux: lines are cut and not wrapped, as on an alternate screen.
        self.terminal.resize_cut(inner);
        if let Some(job) = self.job {
            cx.host.job_resize(job, inner);
        }
    }

    /// Styles of the popup's contents and of its box. Only colours count.
    fn looks(&self, cx: &Cx<'_>, client: ClientId) -> [CellStyle; 2] {
        let objects = Objects::new(cx.server, cx.host, cx.now).client(Some(client));
        let level = window_level(cx, client);
        let mut looks = [opt::POPUP_STYLE, opt::POPUP_BORDER_STYLE]
            .map(|key| style::of_option(cx.server, level, key, &objects));
        for (look, own) in looks.iter_mut().zip(&self.styles) {
            replace_colours(look, own.as_deref());
            look.attrs = crate::base::Attrs::empty();
        }
        looks
    }

    fn open_menu(&mut self, cx: &Cx<'_>, client: ClientId, m: &MouseEvent) {
        let Some(c) = cx.server.client(client) else { return };
        let items = if self.flags.contains(PopupFlags::INTERNAL) { INTERNAL_MENU } else { MENU };
        let objects = Objects::new(cx.server, cx.host, cx.now).client(Some(client));
        let mut list = Menu::new("");
        for (name, key) in items {
            let request = ItemRequest { name: (*name).to_owned(), key: Some(Key::char(*key)), command: None };
            list.add(&objects, c.size.cols, &request);
        }
        let x = m.x.saturating_sub(list.size().cols / 2);
        let request = menu::Request { at: Point::new(x, m.y), ..menu::Request::default() };
        self.menu = MenuPart::new(cx, client, list, request);
    }

    /// Writes input to the program; shows a message if the program takes no more.
    fn write(&self, cx: &mut Cx<'_>, client: ClientId, job: JobId, bytes: &[u8]) {
        if !cx.host.job_write(job, bytes) {
            super::message::show_error(cx, client, "too much input waiting: popup");
        }
    }

    /// Runs the chosen menu item. True if the popup must close.
    fn chosen(&mut self, cx: &mut Cx<'_>, client: ClientId, key: Option<Key>) -> bool {
        let Some(c) = cx.server.client(client) else { return false };
        let full = c.size;
        let Some(crate::base::KeyCode::Char(letter)) = key.map(|k| k.code) else { return false };
        match letter {
            'q' => return true,
            'p' => {
                if let (Some(job), Some(data)) = (self.job, cx.server.buffers.top().map(|b| b.data.clone())) {
                    self.write(cx, client, job, &data);
                }
            }
            'F' => {
                self.size = full;
                self.at = Point::default();
                self.resize_terminal(cx);
            }
            'C' => {
                self.at.x = (full.cols / 2).saturating_sub(self.size.cols / 2);
                self.at.y = (full.rows / 2).saturating_sub(self.size.rows / 2);
            }
            'h' => return self.make_pane(cx, client, Axis::LeftRight),
            'v' => return self.make_pane(cx, client, Axis::TopBottom),
            _ => {}
        }
        false
    }

    /// Turns the popup's program into a pane beside the active one. True if the popup must close.
    fn make_pane(&mut self, cx: &mut Cx<'_>, client: ClientId, axis: Axis) -> bool {
        let Some(session) = cx.server.client(client).and_then(|c| c.session) else { return false };
        let terminal = std::mem::replace(&mut self.terminal, no_terminal());
        match cx.pane_from_job(session, axis, self.job, terminal) {
            Ok(_) => {
                self.job = None;
                true
            }
            Err(terminal) => {
                self.terminal = *terminal;
                false
            }
        }
    }

    fn drag(&mut self, cx: &mut Cx<'_>, client: ClientId, m: &MouseEvent) {
        let Some(c) = cx.server.client(client) else { return };
        let full = c.size;
        if !mouse::is_drag(m.b) {
            self.dragging = Dragging::Off;
        } else if self.dragging == Dragging::Move {
            let x = m.x.saturating_sub(self.held.x).min(full.cols - self.size.cols);
            let y = m.y.saturating_sub(self.held.y).min(full.rows - self.size.rows);
            self.at = Point::new(x, y);
            self.held = Point::new(m.x.saturating_sub(x), m.y.saturating_sub(y));
            self.wanted_at = self.at;
        } else {
            let least = if self.lines == BoxLines::None { 1 } else { 3 };
            if m.x < self.at.x + least || m.y < self.at.y + least {
                return;
            }
            self.size = Size::new(m.x - self.at.x, m.y - self.at.y);
            self.wanted_size = self.size;
            self.resize_terminal(cx);
        }
    }

    /// Handles a mouse event. `None`: the event is for the program.
    fn mouse(&mut self, cx: &mut Cx<'_>, client: ClientId, m: &MouseEvent) -> Option<OverlayResult> {
        if self.dragging != Dragging::Off {
            self.drag(cx, client, m);
            return Some(self.note_mouse(m));
        }
        let (right, bottom) = (self.at.x + self.size.cols - 1, self.at.y + self.size.rows - 1);
        let third = mouse::buttons(m.b) == 2;
        if m.x < self.at.x || m.x > right || m.y < self.at.y || m.y > bottom {
            if third {
                self.open_menu(cx, client, m);
                self.note_mouse(m);
            }
            return Some(OverlayResult::Keep);
        }
        let boxed = self.lines != BoxLines::None;
        let on_border = boxed && (m.x == self.at.x || m.x == right || m.y == self.at.y || m.y == bottom);
        let modifiers = m.b & (4 | 8 | 16);
        if modifiers == 0 && third && boxed && (m.x == self.at.x || (m.y == self.at.y && m.x != right)) {
            self.open_menu(cx, client, m);
            return Some(self.note_mouse(m));
        }
        if modifiers == 8 || (on_border && !mouse::is_drag(self.last_mouse_b)) {
            if mouse::is_drag(m.b) {
                match mouse::buttons(self.last_mouse_b) {
                    0 => self.dragging = Dragging::Move,
                    2 => self.dragging = Dragging::Size,
                    _ => {}
                }
                self.held = Point::new(
                    self.last_mouse.x.saturating_sub(self.at.x),
                    self.last_mouse.y.saturating_sub(self.at.y),
                );
            }
            return Some(self.note_mouse(m));
        }
        None
    }

    fn note_mouse(&mut self, m: &MouseEvent) -> OverlayResult {
        self.last_mouse = Point::new(m.x, m.y);
        self.last_mouse_b = m.b;
        OverlayResult::Keep
    }

    /// Passes a key to the popup's menu.
    fn menu_key(&mut self, cx: &mut Cx<'_>, client: ClientId, event: &KeyEvent) -> OverlayResult {
        let Some(mut part) = self.menu.take() else { return OverlayResult::Keep };
        match part.key(cx, client, event) {
            OverlayResult::Keep | OverlayResult::Pass => self.menu = Some(part),
            OverlayResult::Close | OverlayResult::CloseAndPass => {
                let key = part.chosen_key();
                if self.chosen(cx, client, key) {
                    return OverlayResult::Close;
                }
            }
        }
        OverlayResult::Keep
    }
}

impl Overlay for Popup {
    fn draw(&mut self, cx: &mut Cx<'_>, client: ClientId, frame: &mut Surface) {
        let [look, border] = self.looks(cx, client);
        let mut s = Surface::new(self.size);
        let boxed = self.lines != BoxLines::None;
        let mut inner = Surface::new(self.terminal.size());
        self.terminal.draw(&mut inner, Point::default());
        let palette = self.terminal.palette();
        let colour = |colour: Colour, own: Colour| {
            if colour == Colour::Default { own } else { palette.resolve(colour) }
        };
        let offset = u32::from(boxed);
        s.fill(0, 0, self.size.cols, self.size.rows, &Cell { style: look, ..Cell::BLANK });
        // tmux: without room for a cell in its box, a popup is blank.
        let room = inner_room(self.lines, self.size);
        if boxed && room.is_some() {
            let size = (self.size.cols, self.size.rows);
            draw_box(&mut s, (0, 0), size, self.lines, border, Some(&self.title));
        }
        let room = room.unwrap_or(Size::new(0, 0));
        for y in 0..inner.size().rows.min(room.rows) {
            for x in 0..inner.size().cols.min(room.cols) {
                let mut cell = inner.get(x, y).clone();
                cell.style.fg = colour(cell.style.fg, look.fg);
                cell.style.bg = colour(cell.style.bg, look.bg);
                cell.style.link = LinkId(0);
                s.set_raw(x + offset, y + offset, cell);
            }
        }
        frame.blit(&s, Point::default(), self.size, self.at);
        // tmux: a cursor that stands behind the last column stands on the border.
        let cursor = self.terminal.cursor();
        frame.cursor = Point::new(self.at.x + offset + cursor.x, self.at.y + offset + cursor.y);
        frame.cursor_visible = inner.cursor_visible;
        if let Some(part) = &mut self.menu {
            part.draw(cx, client, frame);
        }
    }

    fn keyboard_flags(&self) -> KeyboardFlags {
        match self.job {
            Some(_) if self.menu.is_none() => self.terminal.keyboard_flags(),
            _ => KeyboardFlags::empty(),
        }
    }

    fn key(&mut self, cx: &mut Cx<'_>, client: ClientId, event: &KeyEvent) -> OverlayResult {
        if self.menu.is_some() {
            return self.menu_key(cx, client, event);
        }
        let key = event.key;
        if key.is_mouse()
            && let Some(result) = self.mouse(cx, client, &event.mouse)
        {
            return result;
        }
        let stays = self.flags.intersects(PopupFlags::CLOSE_ON_EXIT | PopupFlags::CLOSE_ON_SUCCESS);
        let plain = key.identity();
        let pressed = !event.is_for_programs();
        if pressed && (!stays || self.job.is_none()) && (plain == Key::ESCAPE || plain == Key::ctrl('c')) {
            return OverlayResult::Close;
        }
        let Some(job) = self.job else {
            let any = self.flags.contains(PopupFlags::CLOSE_ON_KEY)
                && pressed
                && !key.is_mouse()
                && !key.is_paste();
            return if any { OverlayResult::Close } else { OverlayResult::Keep };
        };
        let modes = self.terminal.modes();
        let bytes = if key.is_mouse() {
            let offset = u32::from(self.lines != BoxLines::None);
            let x = event.mouse.x.saturating_sub(self.at.x + offset);
            let y = event.mouse.y.saturating_sub(self.at.y + offset);
            encode_mouse(&event.mouse, x, y, modes)
        } else {
            encode_key(event.pressed(), modes, &cx.server.key_encoding(&self.terminal))
        };
        if !bytes.is_empty() {
            self.write(cx, client, job, &bytes);
        }
        OverlayResult::Keep
    }

    fn resize(&mut self, cx: &mut Cx<'_>, client: ClientId) -> OverlayResult {
        self.menu = None;
        let Some(full) = cx.server.client(client).map(|c| c.size) else { return OverlayResult::Close };
        self.size = Size::new(self.wanted_size.cols.min(full.cols), self.wanted_size.rows.min(full.rows));
        self.at = Point::new(
            self.wanted_at.x.min(full.cols - self.size.cols),
            self.wanted_at.y.min(full.rows - self.size.rows),
        );
        self.resize_terminal(cx);
        OverlayResult::Keep
    }

    fn close(&mut self, cx: &mut Cx<'_>, _: ClientId) {
        if let Some(job) = self.job.take() {
            cx.host.job_kill(job, TERMINATE);
        }
        if let Some(edited) = self.edited.take() {
            editor::closed(cx, edited, self.status);
        }
        if let Some(item) = self.item.take() {
            let owner = self.owner.and_then(|id| cx.server.clients.get_mut(&id));
            if let Some(owner) = owner.filter(|c| c.session.is_none()) {
                owner.exit_status = self.status;
            }
            cx.server.queues.resume(item);
        }
    }

    fn save(&mut self) -> Option<SavedOverlay> {
        let mut screen = Vec::new();
        self.terminal.save(&mut screen);
        SavedOverlay::new(OverlayKind::Popup, &Saved { popup: &*self, screen: Blob(screen) })
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
