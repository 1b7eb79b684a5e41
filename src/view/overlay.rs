//! Overlays, which cover a client's whole terminal: opening and closing them, and passing them
//! keys.

use crate::base::ClientId;
use crate::model::Cx;
use crate::model::mode::{Overlay, OverlayResult};
use crate::model::queue::KeyEvent;

/// Puts an overlay on a client, in place of the one there. With a delay (milliseconds) it closes by
/// itself.
pub fn open(cx: &mut Cx<'_>, client: ClientId, overlay: Box<dyn Overlay>, delay_ms: u64) {
    clear(cx, client);
    let timer =
        (delay_ms > 0).then(|| cx.host.timer(delay_ms, Box::new(move |cx: &mut Cx<'_>| clear(cx, client))));
    if let Some(c) = cx.server.clients.get_mut(&client) {
        c.overlay = Some(overlay);
        c.overlay_timer = timer;
        cx.server.redraw_client(client);
    }
}

/// Closes a client's overlay.
pub fn clear(cx: &mut Cx<'_>, client: ClientId) {
    let Some(c) = cx.server.clients.get_mut(&client) else { return };
    let (overlay, timer) = (c.overlay.take(), c.overlay_timer.take());
    if let Some(timer) = timer {
        cx.host.cancel_timer(timer);
    }
    if let Some(mut overlay) = overlay {
        overlay.close(cx, client);
        cx.server.redraw_client(client);
    }
}

/// Calls a function on a client's overlay, which is taken out of the client meanwhile. If the
/// function opened another overlay, that one stays and the old one is closed.
fn with<R>(
    cx: &mut Cx<'_>,
    client: ClientId,
    run: impl FnOnce(&mut Cx<'_>, &mut dyn Overlay) -> (R, bool),
) -> Option<R> {
    let mut overlay = cx.server.clients.get_mut(&client)?.overlay.take()?;
    let (result, ends) = run(cx, overlay.as_mut());
    let replaced = cx.server.client(client).is_none_or(|c| c.overlay.is_some());
    if replaced {
        overlay.close(cx, client);
    } else if let Some(c) = cx.server.clients.get_mut(&client) {
        c.overlay = Some(overlay);
        if ends {
            clear(cx, client);
        } else {
            cx.server.redraw_client(client);
        }
    }
    Some(result)
}

/// Passes a key to the overlay. `None` without one.
pub fn key(cx: &mut Cx<'_>, client: ClientId, event: &KeyEvent) -> Option<OverlayResult> {
    with(cx, client, |cx, overlay| {
        if event.is_for_programs() && overlay.keyboard_flags().is_empty() {
            return (OverlayResult::Keep, false);
        }
        let result = overlay.key(cx, client, event);
        (result, matches!(result, OverlayResult::Close | OverlayResult::CloseAndPass))
    })
}

/// Tells the overlay that the client's terminal changed size.
pub fn resize(cx: &mut Cx<'_>, client: ClientId) {
    with(cx, client, |cx, overlay| {
        let result = overlay.resize(cx, client);
        ((), matches!(result, OverlayResult::Close | OverlayResult::CloseAndPass))
    });
}
