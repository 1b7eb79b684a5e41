//! Messages in the status line of a client.

use crate::base::ClientId;
use crate::model::client::StatusMessage;
use crate::model::option_access::OptionScope;
use crate::model::queue::{KeyEvent, QueueState, StateFlags, Step};
use crate::model::{Cx, FindState};
use crate::options::opt;
use crate::syntax::style::{Align, Style, Width};

/// Options of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Milliseconds; `None`: what `display-time` says; 0: until a key is pressed.
    pub delay_ms: Option<u64>,
    /// `#[…]` in the text is shown as it is.
    pub ignore_styles: bool,
    /// Keys do not end the message; they are dropped while it shows.
    pub ignore_keys: bool,
    /// Panes keep drawing while the message shows (`display-message -C`); else their output is held
    /// back.
    pub no_freeze: bool,
}

impl Options {
    /// Options of an error message: shown for `display-time`, styles ignored.
    pub(crate) fn error() -> Self {
        Self { ignore_styles: true, ..Self::default() }
    }
}

/// First column and width of the part of a status line that messages and prompts take, from
/// `message-style`.
pub(crate) fn area(style: &Style, cols: u32) -> (u32, u32) {
    let width = match style.width {
        Some(Width::Percent(percent)) => cols * u32::from(percent) / 100,
        Some(Width::Cells(cells)) => cells,
        None => cols,
    };
    let width = if width == 0 || width > cols { cols } else { width };
    let x = match style.align {
        Align::Centre | Align::AbsoluteCentre => (cols - width) / 2,
        Align::Right => cols - width,
        Align::Default | Align::Left => 0,
    };
    (x, width)
}

/// Shows a message in place of the one that shows now, and logs it.
pub(crate) fn show(cx: &mut Cx<'_>, client: ClientId, text: &str, options: Options) {
    clear(cx, client);
    let Some(c) = cx.server.client(client) else { return };
    let (name, session) = (c.name.clone(), c.session);
    log(cx, format!("{name} message: {text}"));
    let default = || {
        let at = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        cx.server.option(at, opt::DISPLAY_TIME).max(0) as u64
    };
    let delay = options.delay_ms.unwrap_or_else(default);
    let timer = (delay > 0).then(|| cx.host.timer(delay, Box::new(move |cx: &mut Cx<'_>| clear(cx, client))));
    if let Some(c) = cx.server.clients.get_mut(&client) {
        c.message = Some(StatusMessage {
            text: text.to_owned(),
            ignore_keys: options.ignore_keys && delay > 0,
            ignore_styles: options.ignore_styles,
            freezes: !options.no_freeze,
            timer,
        });
    }
    cx.server.status_client(client);
}

/// Shows an error of something that the client started.
pub(crate) fn show_error(cx: &mut Cx<'_>, client: ClientId, text: &str) {
    show(cx, client, text, Options::error());
}

/// Adds to the message log.
pub(crate) fn log(cx: &mut Cx<'_>, text: String) {
    let limit = cx.server.option(OptionScope::Server, opt::MESSAGE_LIMIT).max(0) as usize;
    cx.server.messages.add(cx.now.secs(), text, limit);
}

/// Removes the message.
pub(crate) fn clear(cx: &mut Cx<'_>, client: ClientId) {
    let Some(message) = cx.server.clients.get_mut(&client).and_then(|c| c.message.take()) else { return };
    if let Some(timer) = message.timer {
        cx.host.cancel_timer(timer);
    }
    cx.server.redraw_client(client);
}

/// Queues an error message behind the client's queued commands.
pub(crate) fn queue_error(cx: &mut Cx<'_>, client: ClientId, text: String) {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    let text: String = first.into_iter().chain(chars).collect();
    let state = QueueState::new(FindState::default(), KeyEvent::default(), StateFlags::empty());
    let items = cx.server.queues.step(&state, Step::ShowError(text));
    cx.server.queues.append(Some(client), items);
}
