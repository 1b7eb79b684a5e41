//! Catches panics, so that one ends only the drawing of one client, the output of one pane, one command,
//! or one format. Each of these runs in `run`, which reports a panic for the server's log.
//!
//! Reports are kept in their thread until the server takes them, because code that panics may have no
//! access to the server's state.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};

/// Maximum number of reports until the server takes them; further ones are only logged.
const MAX_REPORTS: usize = 64;

thread_local! {
    static REPORTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// Source location of the thread's last panic.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
    /// Nesting depth of the thread's guards.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Installs a panic hook that records the location of each panic. Panics inside a guard print nothing.
pub(crate) fn note_places() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        PLACE.with(|known| *known.borrow_mut() = place);
        if DEPTH.with(Cell::get) == 0 {
            before(info);
        }
    }));
}

/// Runs `work`. Returns `None` when it panicked; the report contains the text of `what`. A value that was
/// taken out of its owner at that time is lost; all others stay as the panic left them.
pub(crate) fn run<T>(what: impl FnOnce() -> String, work: impl FnOnce() -> T) -> Option<T> {
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    result.map_err(|payload| report(&what(), &*payload)).ok()
}

fn report(what: &str, payload: &(dyn std::any::Any + Send)) {
    let said = payload.downcast_ref::<&str>().copied();
    let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default();
    let place = PLACE.with(|place| std::mem::take(&mut *place.borrow_mut()));
    tracing::error!("panic in {what} at {place}: {said}");
    REPORTS.with(|reports| {
        let mut reports = reports.borrow_mut();
        if reports.len() < MAX_REPORTS {
            reports.push(format!("internal error in {what} at {place}: {said}"));
        }
    });
}

/// Takes the reports of this thread since the last call.
pub(crate) fn take_reports() -> Vec<String> {
    REPORTS.with(|reports| std::mem::take(&mut *reports.borrow_mut()))
}

/// For tests: panics when the text contains the name of this place and the value of the environment
/// variable `SCOPEMUX_PANIC`, as in `draw-X`. Does nothing in release builds.
#[cfg(debug_assertions)]
pub(crate) fn trip(place: &str, text: &[u8]) {
    static MARK: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("SCOPEMUX_PANIC").ok().filter(|mark| !mark.is_empty()));
    if let Some(mark) = &*MARK
        && let wanted = format!("{place}-{mark}")
        && text.windows(wanted.len()).any(|part| part == wanted.as_bytes())
    {
        panic!("a test asked for it");
    }
}

#[cfg(not(debug_assertions))]
pub(crate) fn trip(_: &str, _: &[u8]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_reported_and_ends_nothing_else() {
        assert_eq!(run(|| "this".to_owned(), || 1 + 1), Some(2));
        assert_eq!(take_reports(), Vec::<String>::new());
        assert_eq!(run(|| "a test".to_owned(), || panic!("so")), None::<()>);
        let reports = take_reports();
        assert!(reports[0].starts_with("internal error in a test at ") && reports[0].ends_with(": so"));
    }
}
