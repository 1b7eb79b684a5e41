//! The program: a tmux client, which starts keeper and server when there are none.

use scopemux::client::{self, Program};
use scopemux::keeper;
use scopemux::protocol::custody::ServerStart;

/// Commands that a client starts a server for.
fn starts_server(argv: &[String]) -> bool {
    const STARTING: [&str; 12] = [
        "new-session",
        "new",
        "attach-session",
        "attach",
        "start-server",
        "start",
        "kill-server",
        "list-commands",
        "lscm",
        "list-keys",
        "lsk",
        "new-s",
    ];
    argv.split(|arg| arg == ";")
        .any(|words| words.first().is_some_and(|name| STARTING.contains(&name.as_str())))
}

fn server(_: ServerStart) -> ! {
    std::process::exit(1)
}

fn main() {
    keeper::resume(server);
    let program = Program {
        version: "tmux 3.7c",
        own_version: concat!("scopemux ", env!("CARGO_PKG_VERSION")),
        starts_server,
        server,
    };
    std::process::exit(client::main(program))
}
