//! The program: a tmux client, which starts keeper and server when there are none. This is the only file
//! that uses client, keeper and server together.

use crate::client::{self, Program};
use crate::keeper;
use crate::options::COMMAND_ALIASES;
use crate::protocol::custody::ServerStart;
use crate::syntax::table::CommandFlags;
use crate::syntax::{ArgValue, Origin, ParseContext, parse_arguments};
use crate::sys::locale::choose_locale;

/// Defaults for a client that parses its own command: the aliases of a new server.
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
        let mut aliases = COMMAND_ALIASES.split(',').filter_map(|alias| alias.split_once('='));
        aliases.find(|(alias, _)| *alias == name).map(|(_, command)| command.to_owned())
    }

    fn set_env(&mut self, _: &str, _: &str, _: bool) {}
}

/// True if the arguments are commands of which one starts a server. False if they cannot be parsed: a
/// running server reports the error.
fn starts_server(argv: &[String]) -> bool {
    let values: Vec<ArgValue> = argv.iter().cloned().map(ArgValue::String).collect();
    parse_arguments(&values, &Origin::default(), &mut Defaults).is_ok_and(|list| {
        list.iter().any(|command| command.id.entry().flags.contains(CommandFlags::START_SERVER))
    })
}

fn server(start: ServerStart) -> ! {
    crate::server::run(start)
}

/// Runs the program and returns its exit status.
pub fn main() -> i32 {
    if let Err(complaint) = choose_locale() {
        eprintln!("tmux: {complaint}");
        return 1;
    }
    keeper::resume(server);
    let program = Program {
        version: "tmux 3.7c",
        own_version: concat!("scopemux ", env!("CARGO_PKG_VERSION")),
        starts_server,
        server,
    };
    client::main(program)
}
