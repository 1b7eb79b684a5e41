//! `bind-key`, `unbind-key` and `list-keys`.

use crate::base::width::text_width;
use crate::base::{ClientId, Key};
use crate::format::sort::Order;
use crate::format::{Objects, parse};
use crate::model::key_tables::{Binding, KeyTable};
use crate::model::option_access::OptionScope;
use crate::model::{Cx, Exec, ItemContext};
use crate::options::opt;
use crate::syntax::args::{ArgValue, Args};
use crate::view::message;

use super::{json, output};

/// Default format of `list-keys`.
const LIST_TEMPLATE: &str = concat!(
    "#{?notes_only,#{key_prefix} #{p|#{key_string_width}:key_string} ",
    "#{?key_note,#{key_note},#{key_command}},",
    "bind-key #{?key_has_repeat,#{?key_repeat,-r,  },} -T #{p|#{key_table_width}:key_table} ",
    "#{p|#{key_string_width}:#{q|a:key_string}} #{key_command}}",
);

fn table_name(args: &Args) -> &str {
    args.get('T').unwrap_or(if args.has('n') { "root" } else { "prefix" })
}

/// A key that can be bound.
fn bindable(name: &str) -> Option<Key> {
    Key::parse_ours(name).filter(|key| *key != Key::NONE)
}

/// `bind-key`.
pub(crate) fn bind(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let name = args.string(0).unwrap_or_default();
    let Some(key) = bindable(&name) else {
        return output::error(cx, item, &format!("unknown key: {name}"));
    };
    let (table, note, repeat) = (table_name(args), args.get('N').map(str::to_owned), args.has('r'));
    let commands = match args.values() {
        [] | [_] => {
            amend(cx.server.key_tables.tables.entry(table.to_owned()).or_default(), key, note, repeat);
            return Exec::Normal;
        }
        [_, ArgValue::Commands(list)] => Ok(list.clone()),
        [_, ArgValue::String(text)] => parse::commands(cx, text),
        [_, values @ ..] => parse::values_as_commands(cx, values),
    };
    match commands {
        Ok(commands) => {
            let commands = commands.into();
            cx.server.key_tables.add(table, Binding { key: key.identity(), commands, note, repeat });
            Exec::Normal
        }
        Err(error) => output::error(cx, item, &error),
    }
}

/// Changes the note and repeat flag of an existing binding.
fn amend(table: &mut KeyTable, key: Key, note: Option<String>, repeat: bool) {
    if let Some(binding) = table.bindings.get_mut(&key.identity()) {
        binding.repeat |= repeat;
        if note.is_some() {
            binding.note = note;
        }
    }
}

/// `unbind-key`.
pub(crate) fn unbind(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match remove(cx, args) {
        Ok(()) => Exec::Normal,
        Err(_) if args.has('q') => Exec::Error,
        Err(error) => output::error(cx, item, &error),
    }
}

fn remove(cx: &mut Cx<'_>, args: &Args) -> Result<(), String> {
    let table = table_name(args);
    let there = |cx: &Cx<'_>| {
        let found = cx.server.key_tables.tables.contains_key(table);
        if found { Ok(()) } else { Err(format!("table {table} doesn't exist")) }
    };
    if args.has('a') {
        if args.count() > 0 {
            return Err("key given with -a".to_owned());
        }
        there(cx)?;
        remove_table(cx, table);
        return Ok(());
    }
    let name = args.string(0).ok_or("missing key")?;
    let key = bindable(&name).ok_or_else(|| format!("unknown key: {name}"))?;
    if args.has('T') {
        there(cx)?;
    }
    cx.server.key_tables.remove(table, key);
    Ok(())
}

/// Removes a whole table; clients that use it return to their default one.
fn remove_table(cx: &mut Cx<'_>, table: &str) {
    cx.server.key_tables.tables.remove(table);
    // A client that used it has its default table now, which may have the same name: make that one again.
    let clients: Vec<ClientId> = cx.server.clients.keys().copied().collect();
    for client in clients {
        if cx.server.client_key_table(client) == table {
            cx.server.set_key_table(client, None, cx.now);
        }
    }
}

/// A binding and its table, as a row of the listing.
#[derive(Clone)]
struct Listed {
    table: String,
    binding: Binding,
}

/// `list-keys`.
pub(crate) fn list(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match selected(cx, args) {
        Ok(listed) => print(cx, item, args, &listed),
        Err(error) => output::error(cx, item, &error),
    }
}

fn table_rows(cx: &Cx<'_>, name: &str) -> Vec<Listed> {
    let bindings = cx.server.key_tables.tables.get(name).map(|table| table.bindings.values());
    let rows = bindings.into_iter().flatten();
    let mut rows: Vec<Listed> =
        rows.map(|binding| Listed { table: name.to_owned(), binding: binding.clone() }).collect();
    rows.sort_by_key(|row| row.binding.key.sort_code());
    rows
}

fn selected(cx: &Cx<'_>, args: &Args) -> Result<Vec<Listed>, String> {
    let only = match args.string(0) {
        Some(name) => Some(Key::parse_ours(&name).ok_or_else(|| format!("invalid key: {name}"))?.identity()),
        None => None,
    };
    let order = args.get('O').map(|order| Order::parse(order).ok_or("invalid sort order")).transpose()?;
    let sorted = |rows: Vec<Listed>| sort(rows, order, args.has('r'));
    let notes_only = args.has('N');
    let mut rows = match args.get('T') {
        Some(table) if cx.server.key_tables.tables.contains_key(table) => sorted(table_rows(cx, table)),
        Some(table) => return Err(format!("table {table} doesn't exist")),
        None if notes_only => {
            ["prefix", "root"].iter().flat_map(|table| sorted(table_rows(cx, table))).collect()
        }
        None => {
            let mut names: Vec<&String> = cx.server.key_tables.tables.keys().collect();
            names.sort();
            sorted(names.into_iter().flat_map(|name| table_rows(cx, name)).collect())
        }
    };
    rows.retain(|row| only.is_none_or(|key| key == row.binding.key));
    if notes_only && !args.has('a') {
        rows.retain(|row| row.binding.note.is_some());
    }
    if args.has('1') {
        rows.truncate(1);
    }
    Ok(rows)
}

/// Sorts like tmux, whose comparison is not an order: equal keys of one table compare as greater, and
/// only the low 32 bits of keys are compared. The result depends on the algorithm, which is the C
/// library's merge sort.
fn sort(rows: Vec<Listed>, order: Option<Order>, reversed: bool) -> Vec<Listed> {
    let mut rows = rows;
    let order = match order {
        None => return rows,
        Some(Order::Given) => {
            if reversed {
                rows.reverse();
            }
            return rows;
        }
        Some(order) => order,
    };
    let greater = |a: &Listed, b: &Listed| {
        let same_table = i32::from(a.table.eq_ignore_ascii_case(&b.table));
        let mut result = match order {
            // tmux: keeps 32 bits of a 64-bit difference, so modifiers are lost.
            Order::Index => {
                (a.binding.key.sort_code() as u32).wrapping_sub(b.binding.key.sort_code() as u32) as i32
            }
            _ => 0,
        };
        if result == 0 {
            result = same_table;
        }
        if reversed { result < 0 } else { result > 0 }
    };
    merge_sort(rows, &greater)
}

/// A top-down merge sort: the first half is the shorter one, and its element is taken unless it is
/// greater.
fn merge_sort<T>(mut items: Vec<T>, greater: &impl Fn(&T, &T) -> bool) -> Vec<T> {
    if items.len() < 2 {
        return items;
    }
    let second = items.split_off(items.len() / 2);
    let mut left = merge_sort(items, greater).into_iter().peekable();
    let mut right = merge_sort(second, greater).into_iter().peekable();
    let mut out = Vec::new();
    loop {
        let from_right = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => greater(a, b),
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => return out,
        };
        out.extend(if from_right { right.next() } else { left.next() });
    }
}

fn print(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, rows: &[Listed]) -> Exec {
    let prefix = match args.get('P') {
        Some(prefix) => prefix.to_owned(),
        None => match cx.server.chain(OptionScope::GlobalSession).get(opt::PREFIX) {
            Key::NONE => String::new(),
            key => key.name(false),
        },
    };
    let template = args.get('F').unwrap_or(LIST_TEMPLATE);
    let key_width = rows.iter().map(|row| text_width(&row.binding.key.name(false))).max().unwrap_or(0);
    let table_width = rows.iter().map(|row| text_width(&row.table)).max().unwrap_or(0);
    let has_repeat = rows.iter().any(|row| row.binding.repeat);
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let objects = Objects::new(cx.server, &*cx.host, cx.now).item(item).client(None);
        let objects = objects
            .add("notes_only", flag(args.has('N')))
            .add("key_has_repeat", flag(has_repeat))
            .add("key_string_width", key_width.to_string())
            .add("key_table_width", table_width.to_string())
            .add("key_repeat", flag(row.binding.repeat))
            .add("key_note", row.binding.note.clone().unwrap_or_default())
            .add("key_prefix", prefix.clone())
            .add("key_table", row.table.clone())
            .add("key_string", row.binding.key.name(false))
            .add("key_command", row.binding.commands.print_flat(true));
        lines.push(match args.has('j') {
            true => serde_json::Value::Object(json::object(&objects, &[json::KEY])).to_string(),
            false => objects.expand(template),
        });
    }
    if args.has('j') {
        json::print_array(cx, item, &lines);
        return Exec::Normal;
    }
    let single = rows.len() == 1;
    for line in lines {
        if single {
            // tmux: a single line is shown in the status line, even without an attached client.
            match item.target_client {
                Some(client) => message::show(cx, client, &line, message::Options::error()),
                None => message::log(cx, format!("message: {line}")),
            }
        } else if !line.is_empty() {
            output::print(cx, item, &line);
        }
    }
    Exec::Normal
}

fn flag(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}
