//! The program: a tmux client, which starts keeper and server when there are none.

use scopemux::base::posix::choose_locale;
use scopemux::client::{self, Program};
use scopemux::keeper;
use scopemux::protocol::custody::ServerStart;
use scopemux::syntax::table::CommandFlags;
use scopemux::syntax::{ArgValue, Origin, ParseContext, parse_arguments};

/// What a client knows when it looks at its own command: the aliases that a new server has.
struct Defaults;

impl ParseContext for Defaults {
    fn getenv(&self, _: &str) -> Option<String> {
        None
    }

    fn home_of(&self, _: &str) -> Option<String> {
        None
    }

    fn expand_condition(&mut self, format: &str) -> String {
        format.to_owned()
    }

    fn alias(&self, name: &str) -> Option<String> {
        let aliases = DEFAULT_ALIASES.iter();
        aliases.clone().find(|(alias, _)| *alias == name).map(|(_, command)| (*command).to_owned())
    }

    fn set_env(&mut self, _: &str, _: &str, _: bool) {}
}

/// The default of `command-alias`.
const DEFAULT_ALIASES: [(&str, &str); 6] = [
    ("split-pane", "split-window"),
    ("splitp", "split-window"),
    ("server-info", "show-messages -JT"),
    ("info", "show-messages -JT"),
    ("choose-window", "choose-tree -w"),
    ("choose-session", "choose-tree -s"),
];

/// Whether arguments are commands of which one starts a server. Those that do not parse start
/// none: a running server is left to complain.
fn starts_server(argv: &[String]) -> bool {
    let values: Vec<ArgValue> = argv.iter().cloned().map(ArgValue::String).collect();
    parse_arguments(&values, &Origin::default(), &mut Defaults).is_ok_and(|list| {
        list.iter().any(|command| command.id.entry().flags.contains(CommandFlags::START_SERVER))
    })
}

fn server(start: ServerStart) -> ! {
    scopemux::server::run(start)
}

fn main() {
    if let Err(complaint) = choose_locale() {
        eprintln!("tmux: {complaint}");
        std::process::exit(1);
    }
    keeper::resume(server);
    let program = Program {
        version: "tmux 3.7c",
        own_version: concat!("scopemux ", env!("CARGO_PKG_VERSION")),
        starts_server,
        server,
    };
    std::process::exit(client::main(program))
}
