//! `list-sessions`, `list-windows`, `list-panes`, `list-clients`, `list-buffers`: a line for
//! each, in a format (`-F`), for those that match a filter (`-f`), in an order (`-O`, `-r`).

use crate::format::Scope;
use crate::format::sort::{self, Order, Sort};
use crate::model::{Cx, Exec, ItemContext, Session};
use crate::syntax::args::Args;

use super::json::{self, Keys};
use super::output::{error, print};

const BUFFER: &str = "#{buffer_name}: #{buffer_size} bytes: \"#{buffer_sample}\"";

const CLIENT: &str = concat!(
    "#{client_name}: #{session_name} [#{client_width}x#{client_height} #{client_termname}] ",
    "#{?#{!=:#{client_uid},#{uid}},[user #{?client_user,#{client_user},#{client_uid},}] ,}",
    "#{?client_flags,(,}#{client_flags}#{?client_flags,),}",
);

const SESSION: &str = concat!(
    "#{session_name}: #{session_windows} windows (created #{t:session_created})",
    "#{?session_grouped, (group ,}#{session_group}#{?session_grouped,),}",
    "#{?session_attached, (attached),}",
);

const WINDOW: &str = concat!(
    "#{window_index}: #{window_name}#{window_raw_flags} (#{window_panes} panes) ",
    "[#{window_width}x#{window_height}] [layout #{window_layout}] #{window_id}",
    "#{?window_active, (active),}",
);

const WINDOW_OF_SESSION: &str = concat!(
    "#{session_name}:#{window_index}: #{window_name}#{window_raw_flags} (#{window_panes} panes) ",
    "[#{window_width}x#{window_height}] ",
);

/// What follows the pane's place.
const PANE: &str = concat!(
    "[#{pane_width}x#{pane_height}#{?pane_floating_flag, #{pane_x}#,#{pane_y}#,#{pane_z}}] ",
    "[history #{history_size}/#{history_limit}, #{history_bytes} bytes] #{pane_id}",
    "#{?pane_active, (active),}#{?pane_dead, (dead),}",
);

/// `-F`, `-f`, `-j`, `-O` and `-r`.
struct Listing<'a> {
    template: String,
    /// Keys of objects for `-j`, which have the line of `-F` too.
    json: Option<Keys>,
    line_too: bool,
    filter: Option<&'a str>,
    sort: Sort,
}

impl<'a> Listing<'a> {
    fn parse(args: &'a Args, template: &str, keys: Keys) -> Result<Self, &'static str> {
        let order = args.get('O').map(|order| Order::parse(order).ok_or("invalid sort order"));
        Ok(Self {
            template: args.get('F').unwrap_or(template).to_owned(),
            json: args.has('j').then_some(keys),
            line_too: args.has('F'),
            filter: args.get('f'),
            sort: Sort { order: order.transpose()?, reversed: args.has('r') },
        })
    }

    /// The line or object of one thing, unless the filter leaves it out.
    fn line(&self, scope: &Scope<'_>) -> Option<String> {
        if self.filter.is_some_and(|filter| !scope.is_true(filter)) {
            return None;
        }
        let Some(keys) = self.json else { return Some(scope.expand(&self.template)) };
        let mut object = json::object(scope, &[keys]);
        if self.line_too {
            object.insert("line".to_owned(), json::string(&scope.expand(&self.template)));
        }
        Some(serde_json::Value::Object(object).to_string())
    }
}

fn print_all(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, lines: &[String]) -> Exec {
    if args.has('j') {
        json::print_array(cx, item, lines);
    } else {
        lines.iter().for_each(|line| print(cx, item, line));
    }
    Exec::Normal
}

pub fn list_buffers(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let listing = match Listing::parse(args, BUFFER, json::BUFFER) {
        Ok(listing) => listing,
        Err(cause) => return error(cx, item, cause),
    };
    let base = Scope::new(cx.server, cx.host, cx.now).item(item);
    let names = sort::buffers(cx.server, listing.sort);
    let line = |name: &String| listing.line(&base.clone().with_buffer(name));
    let lines: Vec<String> = names.iter().filter_map(line).collect();
    print_all(cx, item, args, &lines)
}

pub fn list_clients(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let listing = match Listing::parse(args, CLIENT, json::CLIENT) {
        Ok(listing) => listing,
        Err(cause) => return error(cx, item, cause),
    };
    let wanted = item.target.session.filter(|_| args.has('t'));
    let base = Scope::new(cx.server, cx.host, cx.now).item(item);
    let mut lines = Vec::new();
    for (number, id) in sort::clients(cx.server, listing.sort).into_iter().enumerate() {
        let session = cx.server.client(id).and_then(|client| client.session);
        if session.is_none() || (wanted.is_some() && session != wanted) {
            continue;
        }
        let scope = base.clone().add("line", number.to_string()).client(Some(id));
        lines.extend(listing.line(&scope));
    }
    print_all(cx, item, args, &lines)
}

pub fn list_sessions(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let listing = match Listing::parse(args, SESSION, json::SESSION) {
        Ok(listing) => listing,
        Err(cause) => return error(cx, item, cause),
    };
    let base = Scope::new(cx.server, cx.host, cx.now).item(item);
    let mut lines = Vec::new();
    for (number, id) in sort::sessions(cx.server, listing.sort).into_iter().enumerate() {
        let scope = base.clone().add("line", number.to_string()).with_session(id);
        lines.extend(listing.line(&scope));
    }
    print_all(cx, item, args, &lines)
}

pub fn list_windows(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let template = if args.has('a') { WINDOW_OF_SESSION } else { WINDOW };
    let listing = match Listing::parse(args, template, json::WINDOW) {
        Ok(listing) => listing,
        Err(cause) => return error(cx, item, cause),
    };
    let server = &*cx.server;
    let links = if args.has('a') {
        sort::winlinks(server, listing.sort)
    } else {
        let session = item.target.session.and_then(|id| server.session(id));
        let links = session.map(|s| (s.id, sort::winlinks_of(server, s, listing.sort)));
        links.map_or_else(Vec::new, |(id, links)| links.into_iter().map(|index| (id, index)).collect())
    };
    let base = Scope::new(server, cx.host, cx.now).item(item);
    // tmux: the line number is the number of lines.
    let base = base.add("line", links.len().to_string());
    let line = |&(session, index): &(_, i32)| listing.line(&base.clone().with_winlink(session, index));
    let lines: Vec<String> = links.iter().filter_map(line).collect();
    print_all(cx, item, args, &lines)
}

pub fn list_panes(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let place = match () {
        () if args.has('a') => "#{session_name}:#{window_index}.#{pane_index}: ",
        () if args.has('s') => "#{window_index}.#{pane_index}: ",
        () => "#{pane_index}: ",
    };
    let listing = match Listing::parse(args, &format!("{place}{PANE}"), json::PANE) {
        Ok(listing) => listing,
        Err(cause) => return error(cx, item, cause),
    };
    let server = &*cx.server;
    let target = item.target.session.and_then(|id| server.session(id));
    let all_of =
        |session: &Session| -> Vec<_> { session.winlinks.keys().map(|&index| (session.id, index)).collect() };
    let links = if args.has('a') {
        let sessions = server.sessions_by_name().into_iter().filter_map(|id| server.session(id));
        sessions.flat_map(all_of).collect()
    } else if args.has('s') {
        target.map_or_else(Vec::new, all_of)
    } else {
        item.target.session.zip(item.target.winlink).into_iter().collect()
    };
    let base = Scope::new(server, cx.host, cx.now).item(item);
    let mut lines = Vec::new();
    for (session, index) in links {
        let window = server.winlink_window(session, index).and_then(|id| server.window(id));
        let Some(window) = window else { continue };
        // tmux: each window's panes are sorted by themselves, and the line number is how many.
        let panes = sort::panes_of(server, window, listing.sort);
        let base = base.clone().add("line", panes.len().to_string());
        let line = |&pane: &_| listing.line(&base.clone().with_pane_at(session, index, pane));
        lines.extend(panes.iter().filter_map(line));
    }
    print_all(cx, item, args, &lines)
}
