//! Time limits of panes' terminals, as timers of the server: a string without an end is dropped after
//! five seconds, and an unanswered query delays later answers by at most half a second.

use crate::base::PaneId;

use super::Cx;

/// Sets a timer for a pane's terminal if it waits for something new.
pub(crate) fn watch(cx: &mut Cx<'_>, id: PaneId) {
    let Some(pane) = cx.server.panes.get(&id) else { return };
    let Some(due_ms) = pane.terminal.lock().next_timeout() else { return };
    let delay_ms = due_ms.saturating_sub(cx.now.mono_ms);
    cx.host.timer(delay_ms, Box::new(move |cx| time_out(cx, id)));
}

fn time_out(cx: &mut Cx<'_>, id: PaneId) {
    let Some(pane) = cx.server.panes.get(&id) else { return };
    let mut terminal = pane.terminal.lock();
    terminal.time_out(cx.now.mono_ms);
    let replies = terminal.take_replies();
    drop(terminal);
    if !replies.is_empty() {
        cx.host.pane_reply(id, &replies);
    }
    watch(cx, id);
}

/// Feeds a pane's terminal bytes that did not come from its program.
pub(crate) fn feed(cx: &mut Cx<'_>, id: PaneId, bytes: &[u8]) {
    let Some(pane) = cx.server.panes.get(&id) else { return };
    let mut terminal = pane.terminal.lock();
    terminal.set_clock(cx.now.mono_ms);
    terminal.feed(bytes);
    drop(terminal);
    watch(cx, id);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Now;
    use crate::model::Server;
    use crate::model::sessions::NewSession;
    use crate::model::spawn::Spawn;
    use crate::model::test_host::TestHost;
    use crate::options::{Environ, Options};

    #[test]
    fn a_pane_shows_output_again_after_an_unfinished_string() {
        let (mut server, mut host) = (Server::default(), TestHost::default());
        server.options.server = Options::defaults(crate::options::Scope::SERVER);
        server.options.session = Options::defaults(crate::options::Scope::SESSION);
        server.options.window = Options::defaults(crate::options::Scope::WINDOW);
        let at = |mono_ms| Now { wall_us: 0, mono_ms };
        let mut cx = Cx { server: &mut server, host: &mut host, now: at(1) };
        let session = cx.create_session(NewSession {
            name: None,
            prefix: None,
            cwd: "/".to_owned(),
            environ: Environ::default(),
            options: Options::new(),
            control_chars: None,
        });
        cx.spawn_window(Spawn::new(session)).expect("nothing to fail");
        let pane = *cx.server.panes.keys().next().expect("one pane");
        feed(&mut cx, pane, b"\x1b]0;abc");
        let timers = std::mem::take(&mut host.timers);
        assert_eq!(timers.iter().map(|(delay, _)| *delay).collect::<Vec<_>>(), [5000]);
        for (_, callback) in timers {
            callback(&mut Cx { server: &mut server, host: &mut host, now: at(5001) });
        }
        let mut cx = Cx { server: &mut server, host: &mut host, now: at(5002) };
        feed(&mut cx, pane, b"visible");
        assert_eq!(cx.server.panes[&pane].terminal.lock().row(0).text, "visible");
        assert!(host.timers.is_empty());
    }
}
