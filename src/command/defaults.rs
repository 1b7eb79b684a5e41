//! The state of a server before any configuration: options that depend on the environment, and the
//! default key bindings.

use std::sync::Arc;

use crate::base::Key;
use crate::model::key_tables::{Binding, Bound};
use crate::model::{Host, Server};
use crate::options::{Value, opt};
use crate::syntax::args::ArgValue;
use crate::syntax::command::CommandList;
use crate::syntax::parse::NoContext;
use crate::syntax::{CommandId, Origin, ParseFlags, parse_config};

/// The default bindings, in scopemux's command language.
const BINDINGS: &str = include_str!("../../conf/default.conf");

/// Shell if the environment names none that can be used.
const DEFAULT_SHELL: &str = "/bin/sh";

/// Sets options from the environment and binds the default keys.
pub(crate) fn apply(server: &mut Server, host: &dyn Host) {
    let usable =
        |shell: &String| shell.starts_with('/') && !shell.ends_with("/tmux") && host.is_executable(shell);
    let shell = server.environ.get("SHELL").map(str::to_owned).filter(usable);
    let shell = shell.or_else(|| host.login_shell().filter(usable));
    server
        .options
        .session
        .set_string(opt::DEFAULT_SHELL.name(), shell.unwrap_or_else(|| DEFAULT_SHELL.to_owned()));
    let editor = server.environ.get("VISUAL").or_else(|| server.environ.get("EDITOR")).map(str::to_owned);
    if let Some(editor) = editor {
        let program = editor.rsplit('/').next().unwrap_or_default();
        // Both options have the choices `emacs` and `vi`.
        let keys = Value::Choice(usize::from(program.contains("vi")));
        server.options.session.set(opt::STATUS_KEYS.name(), keys.clone());
        server.options.window.set(opt::MODE_KEYS.name(), keys);
        server.options.server.set_string(opt::EDITOR.name(), editor);
    }
    server.update_width_rules();
    bind_default_keys(server);
}

/// Binds the default keys, and stores the bindings as the defaults.
pub(crate) fn bind_default_keys(server: &mut Server) {
    for line in BINDINGS.lines().filter(|line| line.starts_with("bind-key ")) {
        let (table, binding) = bound_by(line).expect("the default bindings are tested");
        server.key_tables.add(table, binding);
    }
    for table in server.key_tables.tables.values_mut() {
        table.defaults.clone_from(&table.bindings);
    }
}

/// The binding that a line of the default ones makes: `bind-key [-r] -T table [-N 'note'] key {…}`. Reads
/// only these lines; a test compares it with the grammar.
fn bound_by(line: &'static str) -> Option<(&'static str, Binding)> {
    let rest = line.strip_prefix("bind-key ")?;
    let (repeat, rest) = rest.strip_prefix("-r ").map_or((false, rest), |rest| (true, rest));
    let (table, rest) = rest.strip_prefix("-T ")?.split_once(' ')?;
    let (note, rest) = match rest.strip_prefix("-N '") {
        Some(rest) => rest.split_once("' ").map(|(note, rest)| (Some(note.to_owned()), rest))?,
        None => (None, rest),
    };
    let (key, _) = rest.split_once(" {")?;
    let quoted = || key.strip_prefix('\'')?.strip_suffix('\'');
    let key = Key::parse(key.strip_prefix('\\').or_else(quoted).unwrap_or(key))?.identity();
    Some((table, Binding { key, commands: Bound::from_line(line, commands), note, repeat }))
}

/// The commands of a line of the default bindings.
fn commands(line: &str) -> Arc<CommandList> {
    let (_, binding) = parsed(line).expect("the default bindings are tested");
    binding.commands.list().clone()
}

/// A line of the default bindings, parsed by the grammar.
fn parsed(line: &str) -> Option<(String, Binding)> {
    let origin = Origin { flags: ParseFlags::ONE_GROUP, ..Origin::default() };
    let list = parse_config(line, &origin, &mut NoContext).result.ok()?;
    let args = &list.iter().find(|invocation| invocation.id == CommandId::BindKey)?.args;
    let key = Key::parse(args.value(0)?.as_str()?)?.identity();
    let ArgValue::Commands(commands) = args.value(1)? else { return None };
    let (note, repeat) = (args.get('N').map(str::to_owned), args.has('r'));
    Some((args.get('T')?.to_owned(), Binding { key, commands: commands.clone().into(), note, repeat }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::escape::escape;

    /// A binding as text, without group numbers, which differ from one parse to the next.
    fn told(binding: &Binding) -> String {
        let text = format!("{binding:?}");
        let mut parts = text.split("Group { id: ");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |told, part| {
            told + "Group { " + part.trim_start_matches(|c: char| c.is_ascii_digit())
        })
    }

    /// Every line is read as by the grammar, and the file holds only such lines and comments.
    #[test]
    fn lines_of_default_bindings_are_read_as_by_the_grammar() {
        let mut lines = 0;
        for line in BINDINGS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (table, binding) = bound_by(line).unwrap_or_else(|| panic!("{line}"));
            let (expected_table, expected) = parsed(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(table, expected_table, "{line}");
            assert_eq!(told(&binding), told(&expected), "{line}");
            lines += 1;
        }
        let origin = Origin { flags: ParseFlags::ONE_GROUP, ..Origin::default() };
        let whole = parse_config(BINDINGS, &origin, &mut NoContext).result.unwrap();
        assert_eq!(whole.iter().count(), lines);
    }

    /// Each table as `list-keys` of tmux prints it, without the padding.
    #[test]
    fn default_bindings_are_those_of_tmux() {
        let mut server = Server::default();
        bind_default_keys(&mut server);
        let recorded = [
            ("prefix", include_str!("../../compat-tests/fixtures/list-keys-prefix.txt")),
            ("root", include_str!("../../compat-tests/fixtures/list-keys-root.txt")),
            ("copy-mode", include_str!("../../compat-tests/fixtures/list-keys-copy-mode.txt")),
            ("copy-mode-vi", include_str!("../../compat-tests/fixtures/list-keys-copy-mode-vi.txt")),
        ];
        for (name, listing) in recorded {
            let mut bindings: Vec<&Binding> = server.key_tables.tables[name].bindings.values().collect();
            bindings.sort_by_key(|binding| binding.key.sort_code());
            let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            let listed: Vec<String> = bindings
                .iter()
                .map(|binding| {
                    let repeat = if binding.repeat { "-r " } else { "" };
                    let key = escape(&binding.key.name(false));
                    let commands = binding.commands.print_flat(true);
                    squeeze(&format!("bind-key {repeat}-T {name} {key} {commands}"))
                })
                .collect();
            let recorded: Vec<String> = listing.lines().map(squeeze).collect();
            assert_eq!(listed, recorded);
        }
        assert_eq!(server.key_tables.tables.len(), 4);
    }
}
