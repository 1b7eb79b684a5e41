//! `list-sessions`, `list-windows`, `list-panes`, `list-clients`, `list-buffers`: a line for
//! each, in a format (`-F`), for those that match a filter (`-f`), in an order (`-O`, `-r`).

use crate::format::Objects;
use crate::format::sort::{self, Order, Sort};
use crate::model::{Cx, Exec, ItemContext, Session};
use crate::syntax::args::Args;

use super::json::{self, Keys};
use super::output::{can_step, error, print};

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

/// The default format of a pane, after its place.
const PANE: &str = concat!(
    "[#{pane_width}x#{pane_height}#{?pane_floating_flag, #{pane_x}#,#{pane_y}#,#{pane_z}}] ",
    "[history #{history_size}/#{history_limit}, #{history_bytes} bytes] #{pane_id}",
    "#{?pane_active, (active),}#{?pane_dead, (dead),}",
);

/// Options of a listing: `-F`, `-f`, `-j`, `-O` and `-r`.
struct Listing {
    template: String,
    /// Keys of the objects for `-j`. With `line_too`, objects also hold the line of `-F`.
    json: Option<Keys>,
    line_too: bool,
    filter: Option<String>,
    sort: Sort,
}

impl Listing {
    fn parse(args: &Args, template: &str, keys: Keys) -> Result<Self, &'static str> {
        let order = args.get('O').map(|order| Order::parse(order).ok_or("invalid sort order"));
        Ok(Self {
            template: args.get('F').unwrap_or(template).to_owned(),
            json: args.has('j').then_some(keys),
            line_too: args.has('F'),
            filter: args.get('f').map(str::to_owned),
            sort: Sort { order: order.transpose()?, reversed: args.has('r') },
        })
    }

    /// The line or object of one entry, unless the filter leaves it out.
    fn line(&self, objects: &Objects<'_>) -> Option<String> {
        if self.filter.as_deref().is_some_and(|filter| !objects.is_true(filter)) {
            return None;
        }
        let Some(keys) = self.json else { return Some(objects.expand(&self.template)) };
        let mut object = json::object(objects, &[keys]);
        if self.line_too {
            object.insert("line".to_owned(), json::string(&objects.expand(&self.template)));
        }
        Some(serde_json::Value::Object(object).to_string())
    }
}

/// Lines made at a time: a longer list is made over several turns, so that others are served meanwhile.
const STEP: usize = 250;

/// Makes what the formats of one entry are expanded for; `None` when it is gone.
type About<K> = for<'a> fn(Objects<'a>, &K) -> Option<Objects<'a>>;

/// A list that is being made.
struct Making<K> {
    listing: Listing,
    left: std::vec::IntoIter<K>,
    about: About<K>,
    /// Objects for `-j`, printed together at the end.
    objects: Vec<String>,
}

impl<K> Making<K> {
    /// Makes and prints at most `most` lines. Returns false when there are no more.
    fn step(&mut self, cx: &mut Cx<'_>, item: &ItemContext, most: usize) -> bool {
        let mut lines = Vec::new();
        {
            let base = Objects::new(cx.server, cx.host, cx.now).item(item);
            for key in self.left.by_ref().take(most) {
                lines
                    .extend((self.about)(base.clone(), &key).and_then(|objects| self.listing.line(&objects)));
            }
        }
        match self.listing.json {
            Some(_) => self.objects.append(&mut lines),
            None => lines.iter().for_each(|line| print(cx, item, line)),
        }
        let more = self.left.len() > 0;
        if !more && self.listing.json.is_some() {
            json::print_array(cx, item, &self.objects);
        }
        more
    }
}

/// Prints a list. A control client and a view mode get all of it at once: between guards, or in view when
/// the command ends.
fn print_all<K: Send + 'static>(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    listing: Listing,
    keys: Vec<K>,
    about: About<K>,
) -> Exec {
    let mut making = Making { listing, left: keys.into_iter(), about, objects: Vec::new() };
    let most = if can_step(cx, item) { STEP } else { usize::MAX };
    if !making.step(cx, item, most) {
        return Exec::Normal;
    }
    next_turn(cx, making, item.clone());
    Exec::Wait
}

/// Continues with a list in the next turn.
fn next_turn<K: Send + 'static>(cx: &mut Cx<'_>, mut making: Making<K>, item: ItemContext) {
    let step = move |cx: &mut Cx<'_>| match making.step(cx, &item, STEP) {
        true => next_turn(cx, making, item),
        false => cx.server.queues.resume(item.id),
    };
    cx.host.background(Box::new(move || Box::new(step)));
}

pub(crate) fn list_buffers(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let listing = match Listing::parse(args, BUFFER, json::BUFFER) {
        Ok(listing) => listing,
        Err(cause) => return error(cx, item, cause),
    };
    let names = sort::buffers(cx.server, listing.sort);
    print_all(cx, item, listing, names, |objects, name: &String| {
        let exists = objects.server().buffers.by_name.contains_key(name);
        exists.then(|| objects.with_buffer(name))
    })
}

pub(crate) fn list_clients(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let listing = match Listing::parse(args, CLIENT, json::CLIENT) {
        Ok(listing) => listing,
        Err(cause) => return error(cx, item, cause),
    };
    let wanted = item.target.session.filter(|_| args.has('t'));
    let mut clients = Vec::new();
    for (number, id) in sort::clients(cx.server, listing.sort).into_iter().enumerate() {
        let session = cx.server.client(id).and_then(|client| client.session);
        if session.is_some() && (wanted.is_none() || session == wanted) {
            clients.push((number, id));
        }
    }
    print_all(cx, item, listing, clients, |objects, &(number, id)| {
        objects.server().client(id)?;
        Some(objects.add("line", number.to_string()).client(Some(id)))
    })
}

pub(crate) fn list_sessions(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let listing = match Listing::parse(args, SESSION, json::SESSION) {
        Ok(listing) => listing,
        Err(cause) => return error(cx, item, cause),
    };
    let sessions = sort::sessions(cx.server, listing.sort).into_iter().enumerate().collect();
    print_all(cx, item, listing, sessions, |objects, &(number, id): &(usize, _)| {
        objects.server().session(id)?;
        Some(objects.add("line", number.to_string()).with_session(id))
    })
}

pub(crate) fn list_windows(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
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
    // tmux: the variable `line` is the count of lines.
    let count = links.len();
    let links = links.into_iter().map(|(session, index)| (count, session, index)).collect();
    print_all(cx, item, listing, links, |objects, &(count, session, index): &(usize, _, i32)| {
        objects.server().winlink_window(session, index)?;
        Some(objects.add("line", count.to_string()).with_winlink(session, index))
    })
}

pub(crate) fn list_panes(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
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
    let mut all = Vec::new();
    for (session, index) in links {
        let window = server.winlink_window(session, index).and_then(|id| server.window(id));
        let Some(window) = window else { continue };
        // tmux: sorts the panes of each window separately, and `line` is their count.
        let panes = sort::panes_of(server, window, listing.sort);
        all.extend(panes.iter().map(|&pane| (panes.len(), session, index, pane)));
    }
    print_all(cx, item, listing, all, |objects, &(count, session, index, pane): &(usize, _, i32, _)| {
        objects.server().pane(pane)?;
        Some(objects.add("line", count.to_string()).with_pane_at(session, index, pane))
    })
}
