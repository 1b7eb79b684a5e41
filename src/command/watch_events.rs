//! `watch-events`: prints a line for each event as it happens. For a slow reader, events are dropped and
//! their count is printed; the queue is bounded.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::format::Objects;
use crate::model::events::{Datum, Event, EventKind, EventName, Keep, OnEvent, SubscriptionId};
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::options::table;
use crate::syntax::args::Args;

use super::saved_wait::{self, WaitKind};
use super::wait_pane::{fail, time_out};
use super::{json, output};

/// Maximum number of bytes queued for a reader; beyond it, events are counted instead of printed.
const MAX_WAITING: usize = 1 << 20;
/// Milliseconds between checks of a reader that is behind.
const BEHIND_MS: u64 = 50;

/// One watcher.
#[derive(Serialize, Deserialize)]
pub(super) struct Watching {
    item: ItemContext,
    /// Names of the events to print; empty: all except those caused by output.
    names: Vec<EventName>,
    template: Option<String>,
    filter: Option<String>,
    as_json: bool,
    /// Count of events still to print, if there is a limit.
    left: Option<u64>,
    /// Count of events that were dropped because the reader was behind.
    missed: u64,
    /// When the time limit ends (monotonic ms).
    until_ms: Option<u64>,
    over: bool,
}

/// A watcher as an entry in the list of subscribers.
struct Watcher(Arc<Mutex<Watching>>);

impl OnEvent for Watcher {
    fn hear(&mut self, cx: &mut Cx<'_>, event: &Event) -> Keep {
        hear(&self.0, cx, event)
    }

    fn save(&self) -> Option<String> {
        Some(saved_wait::write(WaitKind::Watch, &*self.0.lock()))
    }
}

pub(super) fn watch_events(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if !output::can_stream(cx, item) {
        return output::error(cx, item, "not able to wait");
    }
    let time_out = match time_out(args) {
        Ok(time_out) => time_out,
        Err(message) => return output::error(cx, item, &message),
    };
    let left = match args.get('n').map(|text| text.parse::<u64>().ok().filter(|count| *count > 0)) {
        Some(None) => return output::error(cx, item, "invalid count"),
        left => left.flatten(),
    };
    let mut names = Vec::new();
    for name in args.all('e') {
        let name = EventName::new(name);
        if let EventName::Other(text) = &name
            && !is_fired(text)
        {
            return output::error(cx, item, &format!("unknown event: {text}"));
        }
        names.push(name);
    }
    let watching = Watching {
        item: item.waiting(),
        names,
        template: args.get('F').map(str::to_owned),
        filter: args.get('f').map(str::to_owned),
        as_json: args.has('j'),
        left,
        missed: 0,
        until_ms: time_out.map(|ms| cx.now.mono_ms + ms),
        over: false,
    };
    begin(cx, watching);
    Exec::Wait
}

/// Starts to watch.
pub(super) fn begin(cx: &mut Cx<'_>, watching: Watching) {
    let (until_ms, behind) = (watching.until_ms, watching.missed > 0);
    let watching = Arc::new(Mutex::new(watching));
    let id = cx.server.subscribe(None, Box::new(Watcher(watching.clone())));
    if behind {
        look_again(watching.clone(), cx);
    }
    if let Some(until_ms) = until_ms {
        let left = until_ms.saturating_sub(cx.now.mono_ms);
        cx.host.timer(left, Box::new(move |cx| give_up(&watching, cx, id)));
    }
}

/// True if an event of this name, which has no `EventKind`, can happen: one of a command that has a hook,
/// or one of users and monitors, which begin with `@`.
fn is_fired(name: &str) -> bool {
    // tmux: the hook `after-queue` is in the table but never runs.
    let of_command = |name| name != "after-queue" && table::find(name).is_some_and(|entry| entry.is_hook);
    name.strip_prefix('@').is_some_and(|rest| !rest.is_empty()) || of_command(name)
}

fn give_up(watching: &Arc<Mutex<Watching>>, cx: &mut Cx<'_>, id: SubscriptionId) {
    let mut watching = watching.lock();
    if std::mem::replace(&mut watching.over, true) {
        return;
    }
    cx.server.unsubscribe(id);
    if watching.left.is_some() {
        fail(cx, &watching.item, 1, "timed out");
    }
    cx.server.queues.resume(watching.item.id);
}

fn hear(watching: &Arc<Mutex<Watching>>, cx: &mut Cx<'_>, event: &Event) -> Keep {
    let mut it = watching.lock();
    if it.over || it.item.client.is_none_or(|id| cx.server.client(id).is_none()) {
        it.over = true;
        return Keep::Ended;
    }
    if !it.wants(event) {
        return Keep::On;
    }
    if it.missed > 0 || waiting(cx, &it.item) > MAX_WAITING {
        it.missed += 1;
        if it.missed == 1 {
            look_again(watching.clone(), cx);
        }
        return Keep::On;
    }
    let Some(line) = it.line(cx, event) else { return Keep::On };
    output::print(cx, &it.item, &line);
    it.left = it.left.map(|left| left - 1);
    if it.left != Some(0) {
        return Keep::On;
    }
    it.over = true;
    cx.server.queues.resume(it.item.id);
    Keep::Ended
}

/// Prints how many events a reader missed, once it has caught up.
fn look_again(watching: Arc<Mutex<Watching>>, cx: &mut Cx<'_>) {
    let look = move |cx: &mut Cx<'_>| {
        let mut it = watching.lock();
        if it.over || it.item.client.is_none_or(|id| cx.server.client(id).is_none()) {
            return;
        }
        if waiting(cx, &it.item) > MAX_WAITING / 2 {
            drop(it);
            return look_again(watching, cx);
        }
        let missed = std::mem::take(&mut it.missed);
        let line = match it.as_json {
            true => json!({"event": "gap", "count": missed}).to_string(),
            false => format!("gap count={missed}"),
        };
        output::print(cx, &it.item, &line);
    };
    cx.host.timer(BEHIND_MS, Box::new(look));
}

/// Bytes queued for the item's reader.
fn waiting(cx: &Cx<'_>, item: &ItemContext) -> usize {
    let Some(client) = item.client.and_then(|id| cx.server.client(id)) else { return 0 };
    match client.flags.contains(ClientFlags::CONTROL) {
        true => cx.host.control_pending(client.id),
        false => cx.host.client_pending(client.id),
    }
}

impl Watching {
    fn wants(&self, event: &Event) -> bool {
        match self.names.is_empty() {
            // A reader in a pane would otherwise cause an event with each line that it prints.
            true => event.name != EventName::Kind(EventKind::PaneActivity),
            false => self.names.contains(&event.name),
        }
    }

    /// The line for an event, unless the filter leaves it out.
    fn line(&self, cx: &Cx<'_>, event: &Event) -> Option<String> {
        let mut objects = Objects::new(cx.server, cx.host, cx.now).item(&self.item).state(&event.target);
        objects = objects.add("hook", event.name.as_str());
        for (name, value) in event.payload.formats("hook_") {
            objects = objects.add(&name, value);
        }
        if self.filter.as_ref().is_some_and(|filter| !objects.is_true(filter)) {
            return None;
        }
        if self.as_json {
            let object = object(event, cx.now.wall_us, self.template.as_ref().map(|t| objects.expand(t)));
            return Some(json::for_client(cx, &self.item, Value::Object(object).to_string()));
        }
        Some(match &self.template {
            Some(template) => objects.expand(template),
            None => plain(event),
        })
    }
}

/// Formats `name key=value …`; blanks and the like in values are escaped as in C.
fn plain(event: &Event) -> String {
    let mut out = event.name.as_str().to_owned();
    for (name, value) in event.payload.formats("").into_iter().filter(|(name, _)| name != "event") {
        let value = value.replace('\\', "\\\\").replace(' ', "\\ ").replace('\n', "\\n");
        out.push_str(&format!(" {name}={value}"));
    }
    out
}

fn object(event: &Event, wall_us: i64, line: Option<String>) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in event.payload.iter() {
        let shown = match value {
            Datum::Number(number) | Datum::Time(number) => json!(number),
            other => json::string(&other.to_string()),
        };
        object.insert(name.to_owned(), shown);
        if let Datum::Session(_, text) | Datum::Window(_, text) = value {
            object.insert(format!("{name}_name"), json::string(text));
        }
    }
    object.insert("event".to_owned(), json::string(event.name.as_str()));
    object.insert("event_time".to_owned(), json!(wall_us as f64 / 1e6));
    if let Some(line) = line {
        object.insert("text".to_owned(), json::string(&line));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PaneId;
    use crate::model::events::Payload;

    #[test]
    fn only_events_that_can_happen_are_watched() {
        for name in ["@mine", "after-new-window", "after-swap-window", "command-error"] {
            assert!(is_fired(name), "{name}");
        }
        for name in ["after-new-windw", "after-queue", "alert-bel", "client-attachd", "cat", "a", "@", ""] {
            assert!(!is_fired(name), "{name}");
        }
    }

    #[test]
    fn a_line_has_the_name_and_all_that_is_known() {
        let mut payload = Payload::default();
        payload.set("event", "@mine");
        payload.set("pane", PaneId(3));
        payload.set("text", "a b\n");
        payload.set("number", 7);
        let event = Event { name: EventName::new("@mine"), target: Default::default(), payload };
        assert_eq!(plain(&event), "@mine number=7 pane=%3 text=a\\ b\\n");
        let object = Value::Object(object(&event, 1_500_000, None));
        let expect = json!({"event": "@mine", "event_time": 1.5, "number": 7, "pane": "%3", "text": "a b\n"});
        assert_eq!(object, expect);
    }
}
