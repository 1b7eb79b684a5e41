//! `list-usage`: the same as `choose-usage`, as lines for scripts: one for each pane, then left-over
//! scopes of closed panes, the server, and all panes together.

use crate::format::Objects;
use crate::format::sort::Order;
use crate::format::usage::{Layout, objects_of, objects_of_server, objects_of_total, sorted};
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;

use super::{json, output};

/// Milliseconds to wait for a second sample if there was none within `FRESH_MS`: use of processors is
/// measured between two samples.
const WAIT_MS: u64 = 250;
const FRESH_MS: u64 = 3000;

const LINE: &str = concat!(
    "#{usage_name}: ",
    "#{usage_memory}#{?usage_memory_max_bytes,/#{usage_memory_max},} memory, #{usage_cpu} cpu, ",
    "#{usage_pids} processes, ",
    "#{usage_history}#{?usage_history_max_bytes,/#{usage_history_max},} disk",
    "#{?#{==:#{usage_kind},pane},: #{session_name}:#{window_index}.#{pane_index} #{pane_current_command},}",
);

/// Options of the listing.
struct Wanted {
    order: Option<Order>,
    reversed: bool,
    template: String,
    filter: Option<String>,
    as_json: bool,
    /// With `-j`, `-F` was given: objects also hold its line.
    line_too: bool,
}

pub(super) fn list_usage(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let order = match args.get('O').map(|name| Order::parse_usage(name).ok_or("invalid sort order")) {
        Some(Err(cause)) => return output::error(cx, item, cause),
        order => order.and_then(Result::ok),
    };
    let wanted = Wanted {
        order,
        reversed: args.has('r'),
        template: args.get('F').unwrap_or(LINE).to_owned(),
        filter: args.get('f').map(str::to_owned),
        as_json: args.has('j'),
        line_too: args.has('F'),
    };
    let now_ms = cx.now.mono_ms;
    let mut book = cx.server.usage.lock();
    book.look(cx.server, cx.host, now_ms, WAIT_MS);
    let fresh = book.is_fresh(now_ms, FRESH_MS);
    drop(book);
    if fresh {
        print_all(cx, item, &wanted);
        return Exec::Normal;
    }
    let waiting = item.waiting();
    let done = move |cx: &mut Cx<'_>| {
        cx.server.usage.lock().look(cx.server, cx.host, cx.now.mono_ms, WAIT_MS);
        print_all(cx, &waiting, &wanted);
        cx.server.queues.resume(waiting.id);
    };
    cx.host.timer(WAIT_MS, Box::new(done));
    Exec::Wait
}

fn print_all(cx: &mut Cx<'_>, item: &ItemContext, wanted: &Wanted) {
    let mut lines = Vec::new();
    {
        let book = cx.server.usage.lock();
        let base = || Objects::new(cx.server, cx.host, cx.now).item(item);
        let layout = Layout::Plain;
        let each = sorted(&book.seen, wanted.order, wanted.reversed).into_iter();
        let all = each
            .map(|seen| objects_of(cx.server, base(), seen, layout))
            .chain([objects_of_server(base(), &book, layout), objects_of_total(base(), &book, layout)]);
        for (number, objects) in all.enumerate() {
            let objects = objects.add("line", number.to_string());
            if wanted.filter.as_ref().is_none_or(|filter| objects.is_true(filter)) {
                lines.push(line(&objects, wanted));
            }
        }
    }
    if wanted.as_json {
        return json::print_array(cx, item, &lines);
    }
    lines.iter().for_each(|line| output::print(cx, item, line));
}

/// The line or the object of one entry.
fn line(objects: &Objects<'_>, wanted: &Wanted) -> String {
    if !wanted.as_json {
        return objects.expand(&wanted.template);
    }
    let mut object = json::object(objects, &[json::USAGE]);
    if wanted.line_too {
        object.insert("line".to_owned(), json::string(&objects.expand(&wanted.template)));
    }
    serde_json::Value::Object(object).to_string()
}
