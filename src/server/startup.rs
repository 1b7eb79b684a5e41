//! From the keeper's hand-over to the first turn, and from the last turn to the end.

use nix::sys::signal::Signal;

use crate::base::{ClientId, PaneId};
use crate::command::restore_sessions::{restore, summary};
use crate::command::source_file;
use crate::model::option_access::OptionScope;
use crate::model::queue::Exec;
use crate::model::{Cx, Server};
use crate::protocol::ClientFlags as WireFlags;
use crate::protocol::custody::ServerStart;
use crate::view::prompt::history;

use super::birth::Birth;
use super::clock::Clock;
use super::command_line::CommandLine;
use super::custody::Custody;
use super::door::Door;
use super::histories;
use super::log;
use super::runtime::Runtime;
use super::token::{Poller, Token};
use super::world::{Surroundings, World};
use crate::options::opt;
use crate::reactor::{self, Interest, Reactor};
use crate::sys::{heap, signals};

/// Signals that the server catches.
pub(super) const SIGNALS: [Signal; 6] =
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGCHLD, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGHUP];

/// Size from which on memory returns to the kernel when it is freed, in bytes. Blocks of history come and
/// go between small long-lived objects; by default glibc keeps the holes.
const RETURNED_BYTES: i32 = 128 << 10;

/// Runs a server until it ends, then ends the process.
pub(crate) fn run(mut start: ServerStart) -> ! {
    log::start(start.log_level, start.log.take());
    heap::return_buffers(RETURNED_BYTES);
    let surroundings =
        Surroundings { clock: Clock::new(), state: histories::default_directory(), signals: &SIGNALS };
    let status = match Runtime::new(start, surroundings) {
        Ok(mut runtime) => {
            crate::base::guard::note_places();
            let result = runtime.run();
            if let Err(error) = &result {
                tracing::error!("the server ends: {error}");
            }
            runtime.finish();
            i32::from(result.is_err())
        }
        Err(error) => {
            tracing::error!("the server cannot start: {error}");
            1
        }
    };
    std::process::exit(status)
}

impl Runtime {
    pub(super) fn new(mut start: ServerStart, surroundings: Surroundings) -> std::io::Result<Self> {
        let poller = Poller::new()?;
        let tasks = reactor::new_runtime()?;
        let mut reactor = Reactor::new(tasks.clone(), &poller)?;
        // A write to a closed pipe is an error value.
        signals::ignore(Signal::SIGPIPE);
        reactor.catch(surroundings.signals)?;
        let custody = Custody::new(start.keeper)?;
        poller.add(custody.fd(), Token::Keeper, Interest::READ)?;
        super::jobs::set_nonblocking(&start.listener)?;
        let door = Door::new(start.listener);
        door.watch(&poller)?;
        let world = World::new(poller, custody, &start.socket_path, tasks, surroundings)?;
        if start.flags.contains(WireFlags::NO_FORK) {
            // If its keeper dies, the keeper's children become children of the server.
            nix::sys::prctl::set_child_subreaper(true).ok();
        }
        let mut runtime = Runtime {
            server: Server::default(),
            world,
            door,
            reactor,
            unattached_dirty: false,
            pacing: Default::default(),
            queue_busy: false,
            deadlines: Default::default(),
            command_line: CommandLine {
                config_files: start.config_files,
                config_quiet: start.config_quiet,
                foreground: start.flags.contains(WireFlags::NO_FORK),
            },
            deposits: super::snapshot::Deposits::new(),
            rest: super::rest::Rest::default(),
            ran: 0,
            birth: Birth::new(start.birth),
            logout_told: start.recovered.is_some(),
            before: None,
        };
        runtime.tick();
        runtime.prepare(&start.socket_path, start.environment);
        tracing::debug!(
            "server started ({}): version {}, socket {}, protocol {}",
            runtime.server.pid,
            crate::terminal::VERSION,
            start.socket_path,
            crate::protocol::PROTOCOL_VERSION
        );
        if let Some(channel) = start.before {
            let recovered = start.recovered.unwrap_or_default();
            runtime.before = Some(runtime.succeed(channel, recovered));
            runtime.cx().apply_limits();
        } else if let Some(recovered) = start.recovered {
            if !recovered.upgrade {
                log::count_death();
                tracing::warn!("the server before died; without: {:?}", recovered.left_out);
                let callers = std::mem::take(&mut start.clients);
                runtime.door.let_wait(callers);
            }
            if !runtime.restore(recovered) {
                runtime.finish();
                std::process::exit(0);
            }
            runtime.cx().apply_limits();
        } else if runtime.command_line.foreground {
            runtime.load_config(None);
        }
        let mut early = Vec::new();
        if let Some(served) = runtime.door.end_wait() {
            early = served.callers;
            runtime.world.saw_recovery = served.saw_line;
        }
        early.into_iter().chain(start.clients).for_each(|caller| runtime.accept_caller(caller));
        Ok(runtime)
    }

    /// Sets options, environment and key tables to their state before any configuration.
    fn prepare(&mut self, socket_path: &str, environment: Vec<(String, String)>) {
        let server = &mut self.server;
        server.pid = nix::unistd::getpid().as_raw();
        server.uid = nix::unistd::getuid().as_raw();
        server.socket_path = socket_path.to_owned();
        server.start_time = self.world.now;
        server.config_files.clone_from(&self.command_line.config_files);
        for (name, value) in environment {
            server.environ.set(&name, &value);
        }
        crate::command::defaults::apply(server, &self.world);
        let named = server.environ.get("SHELL").unwrap_or_default();
        if !super::proc::is_shell(named)
            && let Some(shell) = super::proc::login_shell()
        {
            server.set_option(OptionScope::GlobalSession, opt::DEFAULT_SHELL, &shell);
        }
        if self.command_line.foreground {
            server.set_option(OptionScope::Server, opt::EXIT_EMPTY, "off");
        }
    }

    /// Loads the configuration; the client that caused the start waits for it.
    pub(super) fn load_config(&mut self, client: Option<ClientId>) {
        if std::mem::replace(&mut self.server.config_started, true) {
            return;
        }
        let files = self.command_line.config_files.clone();
        let quiet = self.command_line.config_quiet;
        let mut cx = self.cx();
        if let Some(id) = client {
            let state = std::sync::Arc::default();
            let wait = |cx: &mut Cx<'_>, item: &crate::model::ItemContext| {
                if cx.server.config_done {
                    return Exec::Normal;
                }
                cx.server.config_item = Some(item.id);
                Exec::Wait
            };
            let items = cx.server.queues.callback(&state, Box::new(wait));
            cx.server.queues.append(Some(id), items);
            cx.server.config_client = Some(id);
        }
        for file in &files {
            source_file::load_config(&mut cx, file, quiet);
        }
        let state = std::sync::Arc::default();
        let items = cx.server.queues.callback(&state, Box::new(|cx, _| config_loaded(cx)));
        cx.server.queues.append(None, items);
    }

    /// Handles the caught signals. True if there were any.
    pub(super) fn take_signals(&mut self) -> bool {
        let mut some = false;
        while let Some(signal) = self.reactor.next_signal() {
            some = true;
            match signal {
                Signal::SIGINT => self.begin_exit(),
                Signal::SIGTERM => {
                    if !self.server.exiting {
                        self.save_for_good();
                    }
                    self.begin_exit();
                }
                Signal::SIGUSR1 => self.remake_socket(),
                Signal::SIGCHLD => self.collect_children(),
                Signal::SIGUSR2 => log::toggle(),
                _ => {}
            }
        }
        some
    }

    /// SIGUSR1: the socket was removed; make a new one.
    fn remake_socket(&mut self) {
        let Ok(listener) = super::proc::listen(&self.server.socket_path) else { return };
        if let Ok(copy) = listener.try_clone() {
            self.world.custody.new_listener(copy);
        }
        self.door.replace(&self.world.poller, listener);
    }

    pub(super) fn read_keeper(&mut self) {
        self.world.custody.receive();
        if self.world.custody.lost {
            self.world.poller.remove(self.world.custody.fd());
            self.replace_keeper();
        }
    }

    /// Passes ends that the keeper reported, in this turn or the one before, to jobs and panes.
    pub(super) fn note_ended(&mut self) {
        if self.world.custody.lost {
            self.replace_keeper();
        }
        while let Some((token, started)) = self.world.custody.take_started() {
            self.world.jobs.started(&self.world.poller, token, started);
        }
        for pane in self.world.custody.take_uncontained() {
            self.world.scopes.not_moved(pane);
        }
        while let Some((pid, status)) = self.world.custody.take_ended() {
            self.process_ended(pid, status);
            self.world.scopes.tidy(self.world.now.mono_ms);
        }
    }

    /// Reads the pending events of a pane's scope before the pane is removed.
    pub(super) fn hear_scope(&mut self, pane: PaneId) {
        self.world.scopes.suspect(pane);
        self.read_scopes();
    }

    pub(super) fn read_scopes(&mut self) {
        let reports = self.world.scopes.events(&self.world.poller, self.world.now.mono_ms);
        self.world.open_gates();
        for mut report in reports {
            report.mark(&mut self.cx());
            let Some(log) = self.world.scopes.log().filter(|_| report.scope.is_some()) else {
                report.tell(&mut self.cx());
                continue;
            };
            self.world.work.begin(Box::new(move || {
                report.name_killed(&mut log.lock());
                Box::new(move |cx| report.tell(cx))
            }));
        }
    }

    /// Writes the prompt history to the file that `history-file` names.
    fn save_prompt_history(&mut self) {
        let cx = self.cx();
        if let Some(path) = history::file(&cx) {
            std::fs::write(path, history::save(cx.server)).ok();
        }
    }

    /// Last actions of a server.
    fn finish(&mut self) {
        for (_, job) in self.world.jobs.iter().filter(|(_, job)| job.pid > 0) {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(job.pid), Signal::SIGTERM).ok();
        }
        self.save_prompt_history();
        self.end_saved();
        self.world.custody.goodbye(&self.world.scopes.left_groups());
        // tmux: the socket's file stays, so that later clients report that no server is running.
    }
}

/// Called when all configuration files have been read and run. The waiting client also waits for
/// restored sessions.
fn config_loaded(cx: &mut Cx<'_>) -> Exec {
    if cx.server.config_done {
        return Exec::Normal;
    }
    if !cx.server.server_options().get(opt::RESTORE_ON_START) {
        return begin_service(cx);
    }
    let client = cx.server.config_client;
    restore(cx, client, |cx, result| {
        let lines = match result {
            Ok(restored) => [restored.warnings.clone(), vec![summary(&restored)]].concat(),
            Err(why) => vec![format!("restore-on-start: {why}")],
        };
        let now = cx.now;
        lines.into_iter().for_each(|line| cx.server.add_message(now, line));
        begin_service(cx);
    });
    Exec::Normal
}

fn begin_service(cx: &mut Cx<'_>) -> Exec {
    cx.server.config_done = true;
    source_file::show_config_errors(cx, None);
    if let Some(item) = cx.server.config_item.take() {
        cx.server.queues.resume(item);
    }
    crate::view::prompt::load_history(cx);
    Exec::Normal
}
