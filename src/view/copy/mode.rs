//! Copy mode and view mode as modes of a pane.

use std::sync::Arc;

use crate::base::commands::CommandRecord;
use crate::base::history::Row;
use crate::base::links::{Hyperlink, Links};
use crate::base::{LinkId, PaneId, Size, Surface};
use crate::format::Objects;
use crate::format::draw::draw as draw_format;
use crate::model::host::TimerId;
use crate::model::mode::{CapturedRows, ModeResult, ModeTarget, PaneMode, TextAt};
use crate::model::option_access::OptionScope;
use crate::model::queue::{ItemId, KeyEvent};
use crate::model::{ClientFlags, Cx};
use crate::options::opt;
use crate::syntax::args::Args;
use crate::transcript::TranscriptView;
use crate::view::style;

use super::ahead::Waiting;
use super::backing::{Backing, Source};
use super::commands::{self, Action, Call, Effect};
use super::draw::Styles;
use super::lines::ViewLines;
use super::saved::{SavedCopy, SavedView};
use super::search::Direction;
use super::state::{CopyState, LineNumbers, Settings};

/// Copy mode (of a pane's contents) or view mode (of a command's output).
pub(crate) struct CopyMode {
    pub state: CopyState,
    /// Pane whose contents are shown; with `copy-mode -s` not the pane that the mode covers.
    source: PaneId,
    /// True if the mode shows what full-screen programs drew, not the pane's history.
    pub(super) alternate: bool,
    surface: Surface,
    /// Output of commands, in view mode.
    pub(super) lines: Option<ViewLines>,
    /// True for a view mode until a line is printed or a command runs: tmux draws the position
    /// indicator only then.
    untouched: bool,
    /// Scrolls while a drag is held at an edge.
    pub(super) drag_timer: Option<TimerId>,
    /// Continues a search that did not end within one slice.
    search_timer: Option<TimerId>,
    /// A selection of very many rows is being copied; see `ahead`.
    pub(super) copying: Option<Arc<Waiting>>,
    /// Commands that wait for the end of that search or copying, at most one for each queue.
    waiting: Vec<ItemId>,
}

/// Pause between slices of a long search, in milliseconds.
const SEARCH_PAUSE_MS: u64 = 1;

impl CopyMode {
    pub(crate) const COPY: &'static str = "copy-mode";
    pub(crate) const VIEW: &'static str = "view-mode";
    pub(crate) const TRANSCRIPT: &'static str = "transcript-mode";

    /// Copy mode for a pane, showing `source`.
    pub(crate) fn copy(cx: &mut Cx<'_>, pane: PaneId, source: PaneId) -> Option<Self> {
        let size = cx.server.pane(pane)?.size;
        let settings = settings(cx, pane, None);
        let (back, x, y) = backing_of(cx, source, size, source != pane, false)?;
        let mut state = CopyState::new(back, settings);
        state.commands = commands_of(cx, source);
        state.enter_at(x, y);
        Some(Self::new(cx, pane, source, state, None))
    }

    /// Copy mode for a transcript that no pane has open, already laid out for the pane, at its end.
    pub(crate) fn transcript(cx: &mut Cx<'_>, pane: PaneId, view: TranscriptView) -> Option<Self> {
        let size = cx.server.pane(pane)?.size;
        let (history, links) = (Some(Box::new(view) as _), Links::new());
        let back = Backing::new(Source { history, rows: Vec::new(), links, size, pullable: 0 });
        let last = back.last();
        let mut state = CopyState::new(back, settings(cx, pane, None));
        state.view_mode = true;
        state.enter_at(0, last);
        Some(Self::new(cx, pane, pane, state, None))
    }

    /// An empty view mode.
    pub(crate) fn view(cx: &mut Cx<'_>, pane: PaneId) -> Option<Self> {
        let size = cx.server.pane(pane)?.size;
        let settings = settings(cx, pane, None);
        let lines = ViewLines::new(size, cx.server.width_rules.clone());
        let mut state = CopyState::new(lines.backing(), settings);
        state.view_mode = true;
        state.line_numbers = false;
        Some(Self::new(cx, pane, pane, state, Some(lines)))
    }

    fn new(
        cx: &Cx<'_>,
        pane: PaneId,
        source: PaneId,
        mut state: CopyState,
        lines: Option<ViewLines>,
    ) -> Self {
        if let Some((text, regex)) = cx.server.pane(pane).and_then(|p| p.search.clone()) {
            state.search.kind = Direction::Up;
            state.search.regex = regex;
            state.search.text = Some(text.clone());
            state.search.last = Some((text, regex));
        }
        Self {
            state,
            source,
            alternate: false,
            surface: Surface::new(Size::default()),
            untouched: lines.is_some(),
            lines,
            drag_timer: None,
            search_timer: None,
            copying: None,
            waiting: Vec::new(),
        }
    }

    /// Moves lines that were added to a view mode into its backing.
    pub(super) fn take_lines(&mut self) {
        if let Some(lines) = &mut self.lines
            && lines.is_new()
        {
            let before = self.state.back.hsize;
            lines.move_to(&mut self.state.back);
            self.state.oy += self.state.back.hsize.saturating_sub(before);
            self.state.oy = self.state.oy.min(self.state.back.hsize);
        }
    }

    /// Runs before each command: reads current options and added lines.
    pub(super) fn prepare(&mut self, cx: &Cx<'_>, pane: PaneId, target: Option<&ModeTarget>) {
        self.state.settings = settings(cx, pane, target);
        self.state.search.last = cx.server.pane(pane).and_then(|p| p.search.clone());
        self.take_lines();
    }

    /// Runs after each command: stores the search in the pane, and schedules the rest of a long
    /// search.
    pub(super) fn finish(&mut self, cx: &mut Cx<'_>, pane: PaneId) {
        if let Some(p) = cx.server.panes.get_mut(&pane) {
            p.search.clone_from(&self.state.search.last);
        }
        if !self.state.is_searching() {
            if self.copying.is_none() {
                self.resume_waiting(cx);
            }
        } else if self.search_timer.is_none() {
            let next = Box::new(move |cx: &mut Cx<'_>| continue_search(cx, pane));
            self.search_timer = Some(cx.host.timer(SEARCH_PAUSE_MS, next));
        }
    }

    /// Lets commands wait for a copy that continues without the mode, if there is one.
    fn leave_copying(&mut self) {
        if let Some(copying) = self.copying.take() {
            copying.lock().append(&mut self.waiting);
        }
    }

    fn resume_waiting(&mut self, cx: &mut Cx<'_>) {
        self.waiting.drain(..).for_each(|item| cx.server.queues.resume(item));
    }

    pub(super) fn take_waiting(&mut self) -> Vec<ItemId> {
        std::mem::take(&mut self.waiting)
    }

    /// Runs `send-keys -X` with its words; see `commands`.
    fn run(
        &mut self,
        cx: &mut Cx<'_>,
        pane: PaneId,
        target: &ModeTarget,
        args: &Args,
        event: &KeyEvent,
        prefix: u32,
    ) -> ModeResult {
        let words = args.to_vector();
        let Some(name) = words.first() else { return ModeResult::Nothing };
        let mouse = event.mouse.valid;
        if mouse && !crate::view::mouse::is_wheel(event.mouse.b) {
            self.move_to_mouse(cx, pane, &event.mouse);
        }
        let entry = commands::lookup(name);
        let readonly = target.client.and_then(|id| cx.server.client(id));
        if entry.is_some_and(|e| !e.readonly)
            && let Some(client) = readonly.filter(|c| c.flags.contains(ClientFlags::READONLY))
        {
            let id = client.id;
            crate::view::message::show(cx, id, "client is read-only", crate::view::message::Options::error());
            return ModeResult::Nothing;
        }
        if self.copy_ahead(cx, pane, (name, args), target, event) {
            return ModeResult::Nothing;
        }
        let mut effects = Vec::new();
        let parsed = entry.and_then(|e| commands::parse(e, &words[1..]).map(|(f, a)| (e, f, a)));
        let action = match parsed {
            Some((entry, flags, given)) => {
                let given: Vec<String> =
                    given.iter().map(|text| self.expand(cx, pane, target, entry, args, text)).collect();
                let mut call = Call {
                    flags: &flags,
                    args: &given,
                    count: prefix,
                    session: target.state.session.is_some(),
                    mouse,
                    effects: &mut effects,
                };
                self.state.run(name, Some((entry, &mut call)))
            }
            None => self.state.run(name, None),
        };
        self.state.ahead = None;
        let ended = self.perform(cx, pane, target, event, effects);
        if action == Action::Cancel || ended { ModeResult::Close } else { ModeResult::Redraw }
    }

    /// The flags and arguments of a command that copies, as it takes them.
    pub(super) fn given(
        &self,
        cx: &Cx<'_>,
        pane: PaneId,
        target: &ModeTarget,
        args: &Args,
    ) -> Option<(String, Vec<String>)> {
        let words = args.to_vector();
        let entry = commands::lookup(words.first()?)?;
        let (flags, given) = commands::parse(entry, &words[1..])?;
        let given = given.iter().map(|text| self.expand(cx, pane, target, entry, args, text)).collect();
        Some((flags, given))
    }

    /// Expands an argument's formats, if the command takes formats.
    fn expand(
        &self,
        cx: &Cx<'_>,
        pane: PaneId,
        target: &ModeTarget,
        entry: &commands::Entry,
        args: &Args,
        text: &str,
    ) -> String {
        let search = entry.name.starts_with("search-") && args.has('F');
        if !entry.expand && !search {
            return text.to_owned();
        }
        let objects = if search {
            Objects::new(cx.server, cx.host, cx.now).with_pane(pane)
        } else {
            Objects::new(cx.server, cx.host, cx.now).client(target.client).state(&target.state)
        };
        self.with_formats(objects).expand(text)
    }

    /// Adds this mode's variables: the pane does not have the mode while it runs.
    fn with_formats<'a>(&self, mut objects: Objects<'a>) -> Objects<'a> {
        objects = objects.add("pane_in_mode", "1").add("pane_mode", self.name());
        let mut added = Vec::new();
        self.state.formats(&mut |name, value| added.push((name.to_owned(), value)));
        added.into_iter().fold(objects, |objects, (name, value)| objects.add(&name, value))
    }

    /// Performs the effects of commands. True if the mode must end.
    fn perform(
        &mut self,
        cx: &mut Cx<'_>,
        pane: PaneId,
        target: &ModeTarget,
        event: &KeyEvent,
        effects: Vec<Effect>,
    ) -> bool {
        let mut ended = false;
        for effect in effects {
            match effect {
                Effect::Refresh => self.refresh(cx, pane),
                Effect::Alternate => self.show_alternate(cx, pane, !self.alternate),
                Effect::StartDrag => self.start_drag(cx, pane, target.client, &event.mouse),
                Effect::ScrollToMouse { exit } => {
                    ended |= self.scroll_to_mouse(cx, pane, target.client, &event.mouse, exit);
                }
                Effect::Save { path } => {
                    if let Some(content) = self.state.output_pieces() {
                        super::effects::save(cx, target, content, &path);
                    }
                }
                Effect::Copy { .. } | Effect::Append(_) | Effect::Pipe { .. } => {
                    super::effects::perform(cx, pane, target, effect);
                }
            }
        }
        ended
    }

    fn refresh(&mut self, cx: &mut Cx<'_>, pane: PaneId) {
        if self.state.view_mode {
            return;
        }
        let size = Size::new(self.state.back.cols as u32, self.state.back.rows as u32);
        if let Some((back, ..)) = backing_of(cx, self.source, size, self.source != pane, self.alternate) {
            self.state.replace(back);
            if !self.alternate {
                self.state.commands = commands_of(cx, self.source);
            }
        }
    }

    /// Reports whether the pane kept rows of full-screen programs.
    pub(crate) fn has_alternate(cx: &Cx<'_>, pane: PaneId) -> bool {
        cx.server.pane(pane).is_some_and(|p| p.terminal.lock().alternate_history().is_some())
    }

    /// Shows what full-screen programs drew, or the pane's history again, from its end.
    pub(crate) fn show_alternate(&mut self, cx: &mut Cx<'_>, pane: PaneId, on: bool) {
        if self.state.view_mode || on == self.alternate {
            return;
        }
        let size = Size::new(self.state.back.cols as u32, self.state.back.rows as u32);
        if let Some((back, x, y)) = backing_of(cx, self.source, size, self.source != pane, on) {
            self.alternate = on;
            self.state.commands = if on { Vec::new() } else { commands_of(cx, self.source) };
            self.state.replace(back);
            self.state.enter_at(x, y);
        }
    }

    fn styles(&self, cx: &Cx<'_>, pane: PaneId, objects: &Objects<'_>) -> Styles {
        let window = cx.server.pane(pane).map(|p| OptionScope::Window(p.window));
        let at = window.unwrap_or(OptionScope::GlobalWindow);
        let style = |key| style::of_option(cx.server, at, key, objects);
        let mut styles = Styles {
            position: style(opt::COPY_MODE_POSITION_STYLE),
            matched: style(opt::COPY_MODE_MATCH_STYLE),
            current: style(opt::COPY_MODE_CURRENT_MATCH_STYLE),
            mark: style(opt::COPY_MODE_MARK_STYLE),
            selection: style(opt::COPY_MODE_SELECTION_STYLE),
            ..Styles::default()
        };
        if self.state.number_width() != 0 {
            styles.number = style(opt::COPY_MODE_LINE_NUMBER_STYLE);
            styles.current_number = style(opt::COPY_MODE_CURRENT_LINE_NUMBER_STYLE);
        }
        styles
    }

    /// Draws the position indicator over the first row.
    fn draw_position(&mut self, cx: &Cx<'_>, pane: PaneId, objects: &Objects<'_>, styles: &Styles) {
        if self.state.rows() < 2 || self.state.hide_position || self.untouched {
            return;
        }
        let window = cx.server.pane(pane).map(|p| OptionScope::Window(p.window));
        let at = window.unwrap_or(OptionScope::GlobalWindow);
        let text = objects.expand(&cx.server.option_text(at, opt::COPY_MODE_POSITION_FORMAT));
        if !text.is_empty() {
            let (x, width) = (self.state.number_width() as u32, self.state.text_cols() as u32);
            draw_format(&mut self.surface, x, 0, width, styles.position, &text);
        }
    }
}

/// Options of copy mode, read for a command's session or else the pane's.
fn settings(cx: &Cx<'_>, pane: PaneId, target: Option<&ModeTarget>) -> Settings {
    let server = &*cx.server;
    let window = server.pane(pane).map(|p| OptionScope::Window(p.window));
    let at = window.unwrap_or(OptionScope::GlobalWindow);
    let session = target.and_then(|t| t.state.session).map(OptionScope::Session);
    let global = server.option_text(OptionScope::GlobalSession, opt::WORD_SEPARATORS);
    Settings {
        vi: server.option_text(at, opt::MODE_KEYS) == "vi",
        wrap_search: server.option(at, opt::WRAP_SEARCH),
        command_status: server.option(at, opt::COPY_MODE_COMMAND_STATUS),
        line_numbers: LineNumbers::from_choice(&server.option_text(at, opt::COPY_MODE_LINE_NUMBERS)),
        separators: session.map_or_else(|| global.clone(), |s| server.option_text(s, opt::WORD_SEPARATORS)),
        format_separators: global,
    }
}

/// The commands that ran in a pane.
fn commands_of(cx: &Cx<'_>, pane: PaneId) -> Vec<CommandRecord> {
    cx.server.pane(pane).map_or_else(Vec::new, |pane| pane.terminal.lock().history().commands())
}

/// Reads a pane's contents at a size, and the cursor's position in them. `trim`: without the empty
/// rows at the end of the screen. `alternate`: reads what full-screen programs drew.
fn backing_of(
    cx: &mut Cx<'_>,
    source: PaneId,
    size: Size,
    trim: bool,
    alternate: bool,
) -> Option<(Backing, usize, usize)> {
    let terminal = cx.server.pane(source)?.terminal.clone();
    let mut terminal = terminal.lock();
    let own = terminal.size();
    let cursor = terminal.cursor();
    let mut rows: Vec<Row> = (0..own.rows).map(|y| terminal.row(y)).collect();
    if trim {
        while rows.len() > 1 && rows.last().is_some_and(|row| row.runs.is_empty()) {
            rows.pop();
        }
    }
    let (history, pullable) = if alternate {
        let kept = terminal.alternate_history()?.0;
        if !terminal.alternate_on() {
            // No full-screen program runs now, so the screen has none of its output.
            rows.clear();
        }
        (kept, 0)
    } else {
        (terminal.history().view(), terminal.pullable_rows())
    };
    let own = Size::new(own.cols, if alternate { own.rows } else { rows.len() as u32 });
    let source =
        Source { history: Some(history), links: terminal.links().clone(), size: own, pullable, rows };
    let mut back = Backing::new(source);
    back.first_line = terminal.first_line().filter(|_| !alternate);
    let last = back.rows - 1;
    let outside = cursor.y as usize > last || (alternate && !terminal.alternate_on());
    let (mut x, mut y) =
        if outside { (0, back.hsize + last) } else { (cursor.x as usize, back.hsize + cursor.y as usize) };
    let reflows = own.cols != size.cols;
    let position = reflows.then(|| back.logical_position(x, y));
    back.resize(size.cols as usize, size.rows as usize);
    if let Some(position) = position {
        (x, y) = back.cell_position(position);
    }
    let y = y.min(back.last());
    Some((back, x, y))
}

/// Calls a function on the copy or view mode on top of a pane, which is taken out of the pane
/// meanwhile.
pub(crate) fn with_copy_mode<R>(
    cx: &mut Cx<'_>,
    pane: PaneId,
    run: impl FnOnce(&mut Cx<'_>, &mut CopyMode) -> R,
) -> Option<R> {
    crate::view::modes::with_top(cx, pane, |cx, entry| {
        let mode = entry.mode.as_any().downcast_mut::<CopyMode>()?;
        mode.prepare(cx, pane, None);
        let result = run(cx, mode);
        mode.finish(cx, pane);
        Some(result)
    })
    .flatten()
}

fn continue_search(cx: &mut Cx<'_>, pane: PaneId) {
    let result = with_copy_mode(cx, pane, |_, mode| {
        mode.search_timer = None;
        mode.state.continue_search();
        ModeResult::Redraw
    });
    match result {
        Some(result) => crate::view::modes::settle_result(cx, pane, result),
        None => continue_covered_search(cx, pane),
    }
}

/// Like `continue_search`, for a copy mode that another mode covers.
fn continue_covered_search(cx: &mut Cx<'_>, pane: PaneId) {
    let Some(p) = cx.server.panes.get_mut(&pane) else { return };
    let Some(mode) = p.modes.iter_mut().find_map(|entry| entry.mode.as_any().downcast_mut::<CopyMode>())
    else {
        return;
    };
    mode.search_timer = None;
    if mode.state.continue_search() {
        let next = Box::new(move |cx: &mut Cx<'_>| continue_search(cx, pane));
        mode.search_timer = Some(cx.host.timer(SEARCH_PAUSE_MS, next));
        return;
    }
    if mode.copying.is_none() {
        mode.take_waiting().into_iter().for_each(|item| cx.server.queues.resume(item));
    }
}

impl PaneMode for CopyMode {
    fn name(&self) -> &'static str {
        match (self.state.view_mode, &self.lines) {
            (false, _) => Self::COPY,
            (true, Some(_)) => Self::VIEW,
            (true, None) => Self::TRANSCRIPT,
        }
    }

    fn key_table(&self, cx: &mut Cx<'_>, pane: PaneId) -> Option<String> {
        let vi = settings(cx, pane, None).vi;
        Some(if vi { "copy-mode-vi" } else { "copy-mode" }.to_owned())
    }

    fn draw(&mut self, cx: &mut Cx<'_>, pane: PaneId) -> &Surface {
        self.prepare(cx, pane, None);
        let objects = self.with_formats(Objects::new(cx.server, cx.host, cx.now).with_pane(pane));
        let styles = self.styles(cx, pane, &objects);
        self.state.draw(&mut self.surface, &styles);
        self.draw_position(cx, pane, &objects, &styles);
        self.state.draw_end(&mut self.surface);
        self.state.draw_selection(&mut self.surface, &styles);
        &self.surface
    }

    fn resize(&mut self, cx: &mut Cx<'_>, pane: PaneId, size: Size) {
        self.prepare(cx, pane, None);
        self.untouched = false;
        let before = (self.state.back.hsize, self.state.back.cols);
        self.state.resize(size.cols as usize, size.rows as usize);
        if let Some(lines) = &mut self.lines {
            lines.resize(size, &self.state.back, before);
        }
    }

    fn key(&mut self, _: &mut Cx<'_>, _: PaneId, _: &ModeTarget, _: &KeyEvent) -> ModeResult {
        ModeResult::Nothing
    }

    fn takes_commands(&self) -> bool {
        true
    }

    fn command(
        &mut self,
        cx: &mut Cx<'_>,
        pane: PaneId,
        target: &ModeTarget,
        args: &Args,
        event: &KeyEvent,
        prefix: u32,
    ) -> ModeResult {
        self.prepare(cx, pane, Some(target));
        self.untouched = false;
        let result = self.run(cx, pane, target, args, event, prefix);
        self.finish(cx, pane);
        result
    }

    fn take_failure(&mut self) -> Option<&'static str> {
        self.state.failure.take()
    }

    fn formats(&self, add: &mut dyn FnMut(&str, String)) {
        self.state.formats(add);
    }

    fn text_at(&self, what: TextAt, x: u32, y: u32) -> Option<String> {
        let (x, y) = (x as usize, y as usize);
        Some(match what {
            TextAt::Word => self.state.word_in_view(x, y),
            TextAt::Line => self.state.line_in_view(y),
            TextAt::Hyperlink => self.state.link_in_view(x, y),
        })
    }

    fn update(&mut self, _: &mut Cx<'_>, _: PaneId) -> ModeResult {
        if self.lines.as_ref().is_some_and(ViewLines::is_new) {
            self.take_lines();
            return ModeResult::Redraw;
        }
        ModeResult::Nothing
    }

    fn add_line(&mut self, line: &str, parse: bool, now_secs: i64) {
        if let Some(lines) = &mut self.lines {
            lines.add(line, parse, now_secs);
            self.untouched = false;
        }
    }

    fn save(&self) -> Option<String> {
        let place = SavedCopy::take(&self.state, self.source, self.alternate);
        match &self.lines {
            Some(lines) => SavedView::text(lines, place),
            // A transcript that no pane has open cannot be opened again by the next server.
            None if self.state.view_mode => None,
            None => serde_json::to_string(&place).ok(),
        }
    }

    fn captured(&self) -> Option<CapturedRows> {
        let back = &self.state.back;
        let (above, last) = back.unfolded();
        Some(CapturedRows { above: above as u64, all: last as u64 + 1, rows: Box::new(back.reader()) })
    }

    fn link(&self, id: LinkId) -> Option<Hyperlink> {
        self.state.back.link(id)
    }

    fn scrolled(&self) -> Option<(u64, u64)> {
        let back = &self.state.back;
        Some((self.state.top() as u64, back.hsize as u64))
    }

    fn wait(&mut self, item: ItemId) -> bool {
        let waits = self.state.is_searching() || self.copying.is_some();
        if waits {
            self.waiting.push(item);
        }
        waits
    }

    fn close(&mut self, cx: &mut Cx<'_>, _: PaneId) {
        self.leave_copying();
        self.resume_waiting(cx);
        for timer in [self.drag_timer.take(), self.search_timer.take()].into_iter().flatten() {
            cx.host.cancel_timer(timer);
        }
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
