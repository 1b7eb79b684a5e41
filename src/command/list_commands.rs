//! `list-commands`.

use crate::format::Objects;
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::syntax::table::{self, CommandEntry, CommandId};

use super::{json, output};

const LIST_TEMPLATE: &str =
    "#{command_list_name}#{?command_list_alias, (#{command_list_alias}),} #{command_list_usage}";

/// `list-commands`. The whole list has only tmux's commands; those of scopemux are listed when they are
/// named.
pub(crate) fn list(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let entries: Vec<&CommandEntry> = match args.string(0) {
        None => table::ALL.iter().map(|id| id.entry()).filter(|entry| !entry.ours).collect(),
        Some(name) => match CommandId::find(&name) {
            Ok(id) => vec![id.entry()],
            Err(error) => return output::error(cx, item, &error),
        },
    };
    let template = args.get('F').unwrap_or(LIST_TEMPLATE);
    let mut lines = Vec::new();
    for entry in entries {
        let objects = Objects::new(cx.server, &*cx.host, cx.now)
            .item(item)
            .client(None)
            .add("command_list_name", entry.name)
            .add("command_list_alias", entry.alias.unwrap_or_default())
            .add("command_list_usage", entry.usage);
        if args.has('j') {
            lines.push(serde_json::Value::Object(json::object(&objects, &[json::COMMAND])).to_string());
            continue;
        }
        let line = objects.expand(template);
        if !line.is_empty() {
            output::print(cx, item, &line);
        }
    }
    if args.has('j') {
        json::print_array(cx, item, &lines);
    }
    Exec::Normal
}
