//! `display-menu`.

use crate::base::{Key, Point};
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::view::boxes::BoxLines;
use crate::view::menu::{self, ItemRequest, Menu, MenuFlags, Request};
use crate::view::place::{Placing, place};

use super::output::error;

/// Box lines given with `-b`. Error: the message for an invalid value of `option`.
pub(super) fn lines(args: &Args, option: &str) -> Result<Option<BoxLines>, String> {
    match args.get('b') {
        None => Ok(None),
        Some(name) => match BoxLines::parse(name) {
            Some(lines) => Ok(Some(lines)),
            None => Err(format!("{option} unknown value: {name}")),
        },
    }
}

/// Reads the items of the command line: name, key and command in turn; an empty name is a separator.
fn items(values: &[String]) -> Result<Vec<ItemRequest>, &'static str> {
    let mut out = Vec::new();
    let mut values = values.iter();
    while let Some(name) = values.next() {
        if name.is_empty() {
            out.push(ItemRequest::default());
            continue;
        }
        let (Some(key), Some(command)) = (values.next(), values.next()) else {
            return Err("not enough arguments");
        };
        let key = Key::parse(key);
        out.push(ItemRequest { name: name.clone(), key, command: Some(command.clone()) });
    }
    Ok(out)
}

pub(crate) fn display_menu(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(client) = item.target_client else { return Exec::Error };
    let Some(c) = cx.server.client(client) else { return Exec::Error };
    if c.overlay.is_some() {
        return Exec::Normal;
    }
    let cols = c.size.cols;
    let starting_choice = match args.get('C') {
        Some("-") => None,
        Some(_) => match args.number('C', 0, i64::from(u32::MAX)) {
            Ok(choice) => Some(choice as usize),
            Err(cause) => return error(cx, item, &format!("starting choice {cause}")),
        },
        None => Some(0),
    };
    let requests = match items(&args.to_vector()) {
        Ok(requests) => requests,
        Err(message) => return error(cx, item, message),
    };
    let objects = super::place::objects(cx, item);
    let mut list = Menu::new(&objects.expand(args.get('T').unwrap_or("")));
    requests.iter().for_each(|request| list.add(&objects, cols, request));
    if list.is_empty() {
        return Exec::Normal;
    }
    let placing = Placing { item, client, x: args.get('x'), y: args.get('y'), size: list.size() };
    let Some(at) = place(cx, &placing) else { return Exec::Normal };
    let lines = match lines(args, "menu-border-lines") {
        Ok(lines) => lines,
        Err(message) => return error(cx, item, &message),
    };
    let mut flags = MenuFlags::empty();
    flags.set(MenuFlags::STAYOPEN, args.has('O'));
    flags.set(MenuFlags::NOMOUSE, !item.state.event.mouse.valid && !args.has('M'));
    let own = |letter: char| args.get(letter).map(str::to_owned);
    let request = Request {
        flags,
        starting_choice,
        at,
        lines,
        style: own('s'),
        selected_style: own('H'),
        border_style: own('S'),
        state: item.target,
        event: item.state.event,
        item: Some(item.id),
        choice: None,
    };
    if menu::open(cx, client, list, request) { Exec::Wait } else { Exec::Normal }
}

/// The top-left corner of a box of a given size, placed by `-x` and `-y`.
pub(super) fn corner(cx: &Cx<'_>, item: &ItemContext, args: &Args, size: crate::base::Size) -> Option<Point> {
    let client = item.target_client?;
    place(cx, &Placing { item, client, x: args.get('x'), y: args.get('y'), size })
}
