//! Completions for bash, zsh and fish: commands and their flags, options and their choices from the
//! tables, targets from the running server. They work for the names `scopemux` and `tmux`.

use super::COMMANDS;
use super::rows;
use crate::options::Kind;

/// The way in which the value of a flag or an argument is completed.
#[derive(PartialEq)]
enum Value {
    Nothing,
    Session,
    Window,
    Pane,
    Client,
    Buffer,
    File,
    Directory,
    Table,
}

/// The kind of value of a command's flag, from the flag's letter and its name in the usage.
fn value(usage: &str, flag: char) -> Value {
    let name = usage.split_once(&format!("[-{flag} ")).map_or("", |(_, rest)| rest);
    let name = name.split(']').next().unwrap_or_default();
    match name {
        "target-session" => Value::Session,
        "target-window" | "src-window" | "dst-window" => Value::Window,
        "target-pane" | "src-pane" | "dst-pane" => Value::Pane,
        "target-client" => Value::Client,
        "buffer-name" => Value::Buffer,
        "working-directory" | "start-directory" => Value::Directory,
        "key-table" => Value::Table,
        _ => Value::Nothing,
    }
}

/// The command that lists the possible values.
fn listing(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Session => "list-sessions -F '#{session_name}'",
        Value::Window => "list-windows -a -F '#{session_name}:#{window_index}'",
        Value::Pane => "list-panes -a -F '#{session_name}:#{window_index}.#{pane_index}'",
        Value::Client => "list-clients -F '#{client_name}'",
        Value::Buffer => "list-buffers -F '#{buffer_name}'",
        Value::Table => "list-keys -F '#{key_table}'",
        Value::Nothing | Value::File | Value::Directory => return None,
    })
}

/// The kind of a command's arguments, if all have the same kind.
fn argument(name: &str) -> Value {
    match name {
        "source-file" | "load-buffer" | "save-buffer" | "save-transcript" => Value::File,
        _ => Value::Nothing,
    }
}

/// True if a command's first argument is an option or a hook.
fn takes_option(name: &str) -> bool {
    matches!(name, "set-option" | "show-options" | "set-window-option" | "show-window-options")
}

fn takes_hook(name: &str) -> bool {
    matches!(name, "set-hook" | "show-hooks")
}

fn flags(template: &str) -> Vec<char> {
    template.chars().filter(|c| *c != ':').collect()
}

fn names(aliases: bool) -> Vec<&'static str> {
    let both = rows::commands().flat_map(|c| [Some(c.name), c.alias.filter(|_| aliases)]);
    both.flatten().collect()
}

fn options() -> Vec<&'static str> {
    rows::options().map(|entry| entry.name).collect()
}

/// Options with few possible values, and those values.
fn choices() -> Vec<(&'static str, String)> {
    let of = |kind: Kind| match kind {
        Kind::Choice(all) => Some(all.join(" ")),
        Kind::Flag => Some("on off".to_owned()),
        _ => None,
    };
    rows::options().filter_map(|entry| Some((entry.name, of(entry.kind)?))).collect()
}

/// A shell pattern for a command's name and alias.
fn either(entry: &crate::syntax::table::CommandEntry) -> String {
    entry.alias.map_or(entry.name.to_owned(), |alias| format!("{}|{alias}", entry.name))
}

/// Flags of the program itself, which come before a command.
const PROGRAM_FLAGS: [(&str, &str); 15] = [
    ("-2", "Assume a terminal of 256 colours"),
    ("-C", "Control mode"),
    ("-c", "Run a command of the shell"),
    ("-D", "Be the server, in the foreground"),
    ("-f", "Configuration"),
    ("-h", "Usage"),
    ("-L", "Name of the socket"),
    ("-l", "Be a login shell"),
    ("-N", "Start no server"),
    ("-S", "Path of the socket"),
    ("-T", "Features of the terminal"),
    ("-u", "Assume a terminal of UTF-8"),
    ("-V", "Version"),
    ("-VV", "What a report of a fault needs"),
    ("-v", "Write logs"),
];

/// Cases of a shell that complete the values of flags: with `directory` where one is wanted, with what
/// `ask` makes of the name of a list where the server has one.
fn value_cases(directory: &str, ask: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    for entry in rows::commands() {
        for flag in flags(entry.template) {
            let value = value(entry.usage, flag);
            let action = match (&value, listing(&value)) {
                (_, Some(list)) => ask(list),
                (Value::Directory, _) => directory.to_owned(),
                _ => continue,
            };
            let patterns: Vec<String> = either(entry).split('|').map(|n| format!("{n}:-{flag}")).collect();
            out.push_str(&format!("    {}) {action}; return ;;\n", patterns.join("|")));
        }
    }
    out
}

fn program_flags() -> impl Iterator<Item = &'static str> {
    PROGRAM_FLAGS.iter().map(|(flag, _)| *flag)
}

pub(super) fn bash() -> String {
    let mut out = String::from(concat!(
        "# Completion of scopemux, and of tmux, for bash. Made from the tables of the program.\n",
        "_scopemux_ask() {\n",
        "    local program=${COMP_WORDS[0]}\n",
        "    [[ -z ${BASH_ALIASES[$program]-} ]] && type -P -- \"$program\" >/dev/null || program=scopemux\n",
        "    command \"$program\" \"${_scopemux_socket[@]}\" \"$@\" 2>/dev/null | sort -u\n",
        "}\n",
        "_scopemux() {\n",
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= at=1 word IFS=$'\\n'\n",
        "    local -a _scopemux_socket=()\n",
        "    COMPREPLY=()\n",
        "    # The command is the first word that is no flag of the program itself.\n",
        "    while ((at < COMP_CWORD)); do\n",
        "        word=${COMP_WORDS[at]}\n",
        "        case $word in\n",
        "        -L|-S) _scopemux_socket+=(\"$word\" \"${COMP_WORDS[at+1]}\"); ((at++)) ;;\n",
        "        -f|-c|-T) ((at++)) ;;\n",
        "        -*) ;;\n",
        "        *) cmd=$word; break ;;\n",
        "        esac\n",
        "        ((at++))\n",
        "    done\n",
        "    # Commands after a semicolon begin again.\n",
        "    for ((; at < COMP_CWORD; at++)); do\n",
        "        case ${COMP_WORDS[at]} in ';'|'\\;') cmd=${COMP_WORDS[at+1]} ;; esac\n",
        "    done\n",
        "    [[ $prev == ';' || $prev == '\\;' ]] && cmd=\n",
    ));
    let words = |list: &[&str]| list.join("\\n");
    out.push_str(&format!(
        "    if [[ -z $cmd ]]; then\n        case $prev in\n        -f) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n        esac\n        \
         COMPREPLY=($(compgen -W $'{}' -- \"$cur\")); return\n    fi\n    \
         [[ $cmd == install-links ]] && {{ COMPREPLY=($(compgen -d -- \"$cur\")); return; }}\n",
        words(&[names(true), vec!["install-links"], program_flags().collect()].concat())
    ));
    out.push_str("    case $cmd:$prev in\n");
    out.push_str(&value_cases("COMPREPLY=($(compgen -d -- \"$cur\"))", |list| {
        format!("COMPREPLY=($(compgen -W \"$(_scopemux_ask {list})\" -- \"$cur\"))")
    }));
    for (name, values) in choices() {
        out.push_str(&format!(
            "    set*:{name}) COMPREPLY=($(compgen -W $'{}' -- \"$cur\")); return ;;\n",
            values.replace(' ', "\\n")
        ));
    }
    out.push_str("    esac\n    case $cmd in\n");
    for entry in rows::commands() {
        let list: Vec<String> = flags(entry.template).iter().map(|flag| format!("-{flag}")).collect();
        let mut all: Vec<&str> = list.iter().map(String::as_str).collect();
        if takes_option(entry.name) {
            all.extend(options());
        }
        let hooks: Vec<&str> = rows::hooks().collect();
        if takes_hook(entry.name) {
            all.extend(hooks);
        }
        let files = if argument(entry.name) == Value::File { " $(compgen -f -- \"$cur\")" } else { "" };
        out.push_str(&format!(
            "    {}) COMPREPLY=($(compgen -W $'{}' -- \"$cur\"){files}) ;;\n",
            either(entry),
            words(&all)
        ));
    }
    out + "    esac\n}\ncomplete -o default -F _scopemux scopemux tmux\n"
}

/// Text for single quotes of a Bourne-like shell.
fn quoted(text: &str) -> String {
    text.replace('\'', "'\\''")
}

pub(super) fn zsh() -> String {
    let texts = rows::command_rows(COMMANDS);
    let mut out = String::from(concat!(
        "#compdef scopemux tmux\n",
        "# Completion of scopemux, and of tmux, for zsh. Made from the tables of the program.\n",
        "_scopemux_ask() {\n    local -a all\n    all=(${(f)\"$(command ${${commands[$service]:+$service}:-scopemux} $_scopemux_socket \"$@\" 2>/dev/null | sort -u)\"})\n",
        "    compadd -a all\n}\n_scopemux() {\n    local cmd= word at=2\n    local -a _scopemux_socket\n",
        "    while ((at < CURRENT)); do\n        word=$words[at]\n        case $word in\n",
        "        -L|-S) _scopemux_socket+=($word $words[at+1]); ((at++)) ;;\n        -f|-c|-T) ((at++)) ;;\n",
        "        -*) ;;\n        *) cmd=$word; break ;;\n        esac\n        ((at++))\n    done\n",
        "    local prev=$words[CURRENT-1]\n    if [[ -z $cmd ]]; then\n",
        "        [[ $prev == -f ]] && { _files; return }\n        local -a commands=(\n",
    ));
    for text in &texts {
        let about = text.about.split(['.', ':']).next().unwrap_or_default();
        out.push_str(&format!("            '{}:{}'\n", text.name, quoted(about)));
    }
    out.push_str("            'install-links:Make a link named tmux in a directory'\n        )\n");
    out.push_str("        local -a flags=(\n");
    for (flag, about) in PROGRAM_FLAGS {
        out.push_str(&format!("            '{flag}:{}'\n", quoted(about)));
    }
    out.push_str(
        "        )\n        _describe command commands\n        _describe -o flag flags\n        return\n    fi\n    \
         [[ $cmd == install-links ]] && { _files -/; return }\n    case $cmd:$prev in\n",
    );
    out.push_str(&value_cases("_files -/", |list| format!("_scopemux_ask {list}")));
    for (name, values) in choices() {
        out.push_str(&format!("    set*:{name}) compadd -- {values}; return ;;\n"));
    }
    out.push_str("    esac\n    case $cmd in\n");
    for entry in rows::commands() {
        let text = texts.iter().find(|text| text.name == entry.name).expect("each command has its text");
        out.push_str(&format!("    {})\n        local -a flags=(\n", either(entry)));
        for (flag, about) in &text.flags {
            out.push_str(&format!("            '-{flag}:{}'\n", quoted(&about.replace(':', "\\:"))));
        }
        out.push_str("        )\n        _describe -o flag flags\n");
        if takes_option(entry.name) {
            out.push_str(&format!("        compadd -- {}\n", options().join(" ")));
        }
        if takes_hook(entry.name) {
            out.push_str(&format!("        compadd -- {}\n", rows::hooks().collect::<Vec<_>>().join(" ")));
        }
        if argument(entry.name) == Value::File {
            out.push_str("        _files\n");
        }
        out.push_str("        ;;\n");
    }
    out + "    esac\n}\n_scopemux \"$@\"\n"
}

/// Text for single quotes of fish.
fn fish_quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

pub(super) fn fish() -> String {
    let texts = rows::command_rows(COMMANDS);
    let mut out = String::from(concat!(
        "# Completion of scopemux, and of tmux, for fish. Made from the tables of the program.\n",
        "function __scopemux_ask\n    set -l words (commandline -opc)\n    set -l socket\n",
        "    for at in (seq (count $words))\n        contains -- $words[$at] -L -S; and set -a socket $words[$at] $words[(math $at + 1)]\n    end\n",
        "    set -l program $words[1]\n",
        "    functions -q $program; or not command -q $program; and set program scopemux\n",
        "    command $program $socket $argv 2>/dev/null | sort -u\nend\n",
        "function __scopemux_none\n    not __fish_seen_subcommand_from ",
    ));
    out.push_str(&(names(true).join(" ") + " install-links\nend\n"));
    out.push_str("for program in scopemux tmux\n    complete -c $program -f\n");
    for (flag, about) in PROGRAM_FLAGS {
        let kind = if flag.len() > 2 { "-o" } else { "-s" };
        let takes = if ["-c", "-f", "-L", "-S", "-T"].contains(&flag) { " -r" } else { "" };
        let name = &flag[1..];
        out.push_str(&format!(
            "    complete -c $program {kind} {name}{takes} -n __scopemux_none -d '{}'\n",
            fish_quoted(about)
        ));
    }
    out.push_str("    complete -c $program -n __scopemux_none -a install-links -d 'Make a link named tmux in a directory'\n    complete -c $program -n '__fish_seen_subcommand_from install-links' -x -a '(__fish_complete_directories)'\n");
    for entry in rows::commands() {
        let text = texts.iter().find(|text| text.name == entry.name).expect("each command has its text");
        let about = fish_quoted(text.about.split(['.', ':']).next().unwrap_or_default());
        out.push_str(&format!(
            "    complete -c $program -n __scopemux_none -a {} -d '{about}'\n",
            entry.name
        ));
        let seen = format!("'__fish_seen_subcommand_from {}'", either(entry).replace('|', " "));
        for (flag, about) in &text.flags {
            let value = value(entry.usage, *flag);
            let takes = entry.template.contains(&format!("{flag}:"));
            let from = match (&value, listing(&value)) {
                (_, Some(list)) => format!(" -x -a \"(__scopemux_ask {list})\""),
                (Value::Directory, _) => " -x -a '(__fish_complete_directories)'".to_owned(),
                _ if takes => " -x".to_owned(),
                _ => String::new(),
            };
            out.push_str(&format!(
                "    complete -c $program -n {seen} -s {flag}{from} -d '{}'\n",
                fish_quoted(about)
            ));
        }
        if takes_option(entry.name) {
            out.push_str(&format!("    complete -c $program -n {seen} -a '{}'\n", options().join(" ")));
        }
        if takes_hook(entry.name) {
            let hooks: Vec<&str> = rows::hooks().collect();
            out.push_str(&format!("    complete -c $program -n {seen} -a '{}'\n", hooks.join(" ")));
        }
        if argument(entry.name) == Value::File {
            out.push_str(&format!("    complete -c $program -n {seen} -F\n"));
        }
    }
    for (name, values) in choices() {
        out.push_str(&format!(
            "    complete -c $program -n '__fish_seen_subcommand_from {name}' -a '{values}'\n"
        ));
    }
    out + "end\n"
}
