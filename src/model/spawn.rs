//! Starting programs: in new windows, new panes and respawned ones, with their environment and directory.

use crate::base::{ClientId, PaneId, SessionId, WindowId};
use crate::options::{Environ, opt};
use crate::sys::exec;

use super::events::EventKind;
use super::host::SpawnRequest;
use super::layout::{CellId, Layout};
use super::option_access::OptionScope;
use super::pane::{Lasting, PaneFlags};
use super::waits::News;
use super::windows::NO_PANE;
use super::winlinks::NO_WINLINK;
use super::{Cx, Host, Pane, Server};

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct SpawnFlags: u16 {
        /// Replace the old program, even if it still runs.
        const KILL = 0x1;
        /// Do not make it current or active.
        const DETACHED = 0x2;
        const RESPAWN = 0x4;
        /// Left of or above the other pane.
        const BEFORE = 0x8;
        const NO_NOTIFY = 0x10;
        const FULL_SIZE = 0x20;
        /// No program.
        const EMPTY = 0x40;
        const ZOOM = 0x80;
        const FLOATING = 0x100;
        /// Keep the text on the screen.
        const KEEP_SCREEN = 0x200;
    }
}

/// The program to start, and its place.
#[derive(Clone, Debug)]
pub struct Spawn {
    pub session: SessionId,
    /// Client whose command this is: gives the directory, and PATH when it is not attached.
    pub client: Option<ClientId>,
    /// Session that gives the directory when the client gives none.
    pub cwd_session: Option<SessionId>,
    /// Client whose size a new window gets.
    pub size_client: Option<ClientId>,
    /// Index of a new window (`None`: the first free one), or of the one to respawn.
    pub index: Option<i32>,
    /// The window of a new pane, or the one to respawn.
    pub window: Option<WindowId>,
    /// Pane that is split or respawned.
    pub pane: Option<PaneId>,
    /// Layout cell made for the new pane.
    pub cell: Option<CellId>,
    /// Name of a new window; turns automatic renaming off.
    pub name: Option<String>,
    pub argv: Vec<String>,
    /// Additional variables, `NAME=value`.
    pub environ: Vec<String>,
    /// Directory asked for, with formats expanded.
    pub cwd: Option<String>,
    pub flags: SpawnFlags,
}

impl Spawn {
    pub fn new(session: SessionId) -> Self {
        Self {
            session,
            client: None,
            cwd_session: None,
            size_client: None,
            index: None,
            window: None,
            pane: None,
            cell: None,
            name: None,
            argv: Vec::new(),
            environ: Vec::new(),
            cwd: None,
            flags: SpawnFlags::empty(),
        }
    }
}

/// PATH when the environment has none.
const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// Shell when the configured one cannot be used.
const DEFAULT_SHELL: &str = "/bin/sh";

impl Server {
    /// Working directory of a program that a client starts.
    pub fn client_cwd(&self, client: Option<ClientId>, session: Option<SessionId>) -> Option<String> {
        if !self.config_done
            && let Some(first) = self.config_client.and_then(|id| self.client(id))
        {
            return Some(first.cwd.clone());
        }
        let client = client.and_then(|id| self.client(id));
        if let Some(c) = client
            && c.session.is_none()
            && !c.cwd.is_empty()
        {
            return Some(c.cwd.clone());
        }
        let session = session.or(client.and_then(|c| c.session));
        session.and_then(|id| self.session(id)).map(|s| s.cwd.clone())
    }

    /// The shell for programs started in a session (or in none).
    pub fn usable_shell(&self, host: &dyn Host, session: Option<SessionId>) -> String {
        usable_shell(self, host, session.map_or(OptionScope::GlobalSession, OptionScope::Session))
    }

    /// The environment of a job, as its program gets it.
    pub fn job_environ(&self, session: Option<SessionId>) -> Vec<(String, String)> {
        self.environ_for_session(session, self.config_done).pairs()
    }

    /// The environment of programs in a session (or in none): the global one, then the session's, then
    /// variables that describe our terminal (only with `terminal`) and `TMUX`.
    pub fn environ_for_session(&self, session: Option<SessionId>, terminal: bool) -> Environ {
        let mut environ = self.environ.clone();
        if let Some(s) = session.and_then(|id| self.session(id)) {
            environ.merge(&s.environ);
        }
        if terminal {
            environ.set("TERM", &self.option_text(OptionScope::Server, opt::DEFAULT_TERMINAL));
            environ.set("TERM_PROGRAM", "tmux");
            environ.set("TERM_PROGRAM_VERSION", crate::terminal::VERSION);
            environ.set("COLORTERM", "truecolor");
        }
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] {
            environ.clear(name);
        }
        let number = session.map_or(-1, |id| i64::from(id.0));
        environ.set("TMUX", &format!("{},{},{number}", self.socket_path, self.pid));
        environ
    }
}

impl Cx<'_> {
    /// Working directory of a program that a client starts; the home directory by default.
    pub fn client_cwd(&self, client: Option<ClientId>, session: Option<SessionId>) -> String {
        self.server.client_cwd(client, session).unwrap_or_else(|| self.host.home())
    }

    /// Makes a window in a session, or respawns one. Returns its index.
    pub fn spawn_window(&mut self, mut spawn: Spawn) -> Result<i32, String> {
        self.host.can_start().map_err(|cause| format!("fork failed: {cause}"))?;
        self.check_length(&spawn).map_err(|cause| format!("fork failed: {cause}"))?;
        let session = spawn.session;
        let index = if spawn.flags.contains(SpawnFlags::RESPAWN) {
            self.respawn_window(&mut spawn)?
        } else {
            self.new_window(&mut spawn)?
        };
        spawn.flags |= SpawnFlags::NO_NOTIFY;
        let window = spawn.window;
        let name = spawn.name.take();
        let flags = spawn.flags;
        if let Err(cause) = self.spawn_pane(spawn) {
            if !flags.contains(SpawnFlags::RESPAWN) {
                self.remove_winlink(session, index);
            }
            return Err(cause);
        }
        if let Some(window) = window
            && !flags.contains(SpawnFlags::RESPAWN)
        {
            self.name_new_window(window, name);
        }
        if !flags.contains(SpawnFlags::DETACHED) {
            self.select_winlink(session, Some(index));
        }
        if let Some(window) = window
            && !flags.contains(SpawnFlags::RESPAWN)
        {
            self.server.notify_window(EventKind::WindowCreated, window);
            self.server.notify_session_window(EventKind::WindowLinked, session, window);
        }
        self.synchronize_group_from(session);
        Ok(index)
    }

    fn name_new_window(&mut self, window: WindowId, name: Option<String>) {
        let given = name.is_some();
        let name = name.unwrap_or_else(|| self.server.default_window_name(window));
        if given {
            self.server.set_option(OptionScope::Window(window), opt::AUTOMATIC_RENAME, "off");
        }
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.name = name;
        }
    }

    /// Links a new empty window for a new pane.
    fn new_window(&mut self, spawn: &mut Spawn) -> Result<i32, String> {
        let session = spawn.session;
        if let Some(index) = spawn.index
            && self.server.winlink_window(session, index).is_some()
        {
            if !spawn.flags.contains(SpawnFlags::KILL) {
                return Err(format!("index {index} in use"));
            }
            if self.clear_index(session, index) {
                spawn.flags -= SpawnFlags::DETACHED;
            }
        }
        let (size, pixels) = self.default_window_size(spawn.size_client, session, None, None);
        let window = self.create_window(size, pixels);
        let Some(index) = self.server.add_winlink(session, spawn.index, window) else {
            self.drop_window(window);
            return Err(format!("couldn't add window {}", spawn.index.unwrap_or(NO_WINLINK)));
        };
        if let Some(s) = self.server.sessions.get_mut(&session)
            && s.current == NO_WINLINK
        {
            s.current = index;
        }
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.latest = spawn.size_client;
        }
        spawn.window = Some(window);
        Ok(index)
    }

    /// Removes all but the first pane of a window, which fills it, for a new program.
    fn respawn_window(&mut self, spawn: &mut Spawn) -> Result<i32, String> {
        let index = spawn.index.unwrap_or(NO_WINLINK);
        let gone = || "window is gone".to_owned();
        let window = self.server.winlink_window(spawn.session, index).ok_or_else(gone)?;
        let w = self.server.window(window).ok_or_else(gone)?;
        let running = |p: &PaneId| self.server.pane(*p).is_some_and(Pane::has_terminal);
        if !spawn.flags.contains(SpawnFlags::KILL) && w.panes.iter().any(running) {
            let name = self.server.session(spawn.session).map_or("", |s| &s.name);
            return Err(format!("window {name}:{index} still active"));
        }
        let first = *w.panes.first().ok_or_else(gone)?;
        let w = self.server.windows.get_mut(&window).ok_or_else(gone)?;
        let others: Vec<PaneId> = w.panes.drain(1..).collect();
        let size = w.size;
        w.last_panes.clear();
        w.z_order = vec![first];
        w.layout = Layout::single(first, size);
        w.active = NO_PANE;
        for pane in others {
            self.destroy_pane_object(pane);
        }
        self.fix_panes(window, None);
        self.set_active_pane(window, first, false);
        spawn.pane = Some(first);
        spawn.window = Some(window);
        Ok(index)
    }

    /// Working directory of a new program: the one asked for, relative to the client's.
    fn spawn_cwd(&self, spawn: &Spawn) -> Option<String> {
        let base = || self.client_cwd(spawn.client, spawn.cwd_session);
        match &spawn.cwd {
            Some(cwd) if cwd.starts_with('/') => Some(cwd.clone()),
            Some(cwd) if cwd.is_empty() => Some(base()),
            Some(cwd) => Some(format!("{}/{cwd}", base())),
            None if spawn.flags.contains(SpawnFlags::RESPAWN) => None,
            None => Some(base()),
        }
    }

    /// Starts a program in a new pane (in `spawn.cell`, or filling its window), or respawns a pane.
    pub fn spawn_pane(&mut self, spawn: Spawn) -> Result<PaneId, String> {
        let respawn = spawn.flags.contains(SpawnFlags::RESPAWN);
        let window = spawn.window.ok_or("no window for a pane")?;
        // Checked before anything is replaced.
        self.host.can_start().map_err(|cause| format!("fork failed: {cause}"))?;
        self.check_length(&spawn).map_err(|cause| format!("fork failed: {cause}"))?;
        let cwd = self.spawn_cwd(&spawn);
        let pane = if respawn { self.clear_for_respawn(&spawn)? } else { self.add_pane(&spawn, window) };
        self.set_pane_command(pane, &spawn, cwd);
        let environ = self.pane_environ(pane, &spawn);
        let empty = spawn.flags.contains(SpawnFlags::EMPTY);
        if let Some(p) = self.server.panes.get_mut(&pane) {
            p.flags.set(PaneFlags::EMPTY, empty);
        }
        if empty {
            self.set_empty_terminal(pane);
        }
        let request = self.spawn_request(spawn.session, pane, environ, empty);
        self.apply_pane_limits(pane);
        match self.host.spawn_pane(pane, request) {
            Ok(spawned) => {
                if let Some(p) = self.server.panes.get_mut(&pane) {
                    p.pid = (!empty).then_some(spawned.pid);
                    p.tty = spawned.tty;
                    p.flags -= PaneFlags::EXITED | PaneFlags::CLOSED;
                    p.flags |= PaneFlags::SILENT;
                    self.server.starting_panes.push(pane);
                }
            }
            Err(cause) => {
                if !respawn {
                    self.close_cell(pane);
                    self.remove_pane(pane);
                } else if let Some(p) = self.server.panes.get_mut(&pane) {
                    // The pane stays without a program, and can be respawned.
                    p.flags |= PaneFlags::CLOSED;
                }
                return Err(format!("fork failed: {cause}"));
            }
        }
        self.server.notify_pane_created(spawn.session, pane, empty, respawn);
        if respawn {
            return Ok(pane);
        }
        let notify = !spawn.flags.contains(SpawnFlags::NO_NOTIFY);
        let no_active = self.server.window(window).is_some_and(|w| !w.panes.contains(&w.active));
        if !spawn.flags.contains(SpawnFlags::DETACHED) || no_active {
            self.set_active_pane(window, pane, notify);
        }
        if notify {
            self.server.notify_window(EventKind::WindowLayoutChanged, window);
        }
        Ok(pane)
    }

    fn spawn_request(&self, session: SessionId, pane: PaneId, environ: Environ, empty: bool) -> SpawnRequest {
        let p = self.server.pane(pane).expect("the pane was just made");
        SpawnRequest {
            argv: p.argv.clone(),
            shell: p.shell.clone(),
            cwd: p.cwd.clone(),
            environ: environ.pairs(),
            size: p.size,
            cell_pixels: self.server.window(p.window).map_or((0, 0), |w| w.cell_pixels),
            erase: self.server.backspace_byte(),
            control_chars: self.server.session(session).and_then(|s| s.control_chars.clone()),
            terminal: Some(p.terminal.clone()),
            empty,
        }
    }

    fn clear_for_respawn(&mut self, spawn: &Spawn) -> Result<PaneId, String> {
        let pane = spawn.pane.ok_or("no pane to start again")?;
        let running = self.server.pane(pane).is_some_and(Pane::has_terminal);
        if running && !spawn.flags.contains(SpawnFlags::KILL) {
            let name = self.server.session(spawn.session).map_or("", |s| &s.name);
            let index = spawn.index.unwrap_or(NO_WINLINK);
            let number = self.server.pane_index(pane).unwrap_or(0);
            return Err(format!("pane {name}:{index}.{number} still active"));
        }
        if running {
            self.tell_waiters(pane, &News::Gone);
            self.host.pane_close(pane);
        }
        self.reset_modes(pane);
        if !spawn.flags.contains(SpawnFlags::KEEP_SCREEN) {
            self.restart_terminal(pane);
        }
        if let Some(p) = self.server.panes.get_mut(&pane) {
            p.flags -= PaneFlags::STATUS_READY | PaneFlags::STATUS_DRAWN;
            p.pid = None;
            p.status = None;
        }
        Ok(pane)
    }

    /// Makes a pane in its window's lists and layout.
    pub(super) fn add_pane(&mut self, spawn: &Spawn, window: WindowId) -> PaneId {
        let pane = self.create_pane(window, spawn.session);
        let flags = spawn.flags;
        if let Some(w) = self.server.windows.get_mut(&window) {
            let other = spawn.pane.filter(|_| spawn.cell.is_some()).unwrap_or(w.active);
            let at = w.panes.iter().position(|p| *p == other).unwrap_or(0);
            let full = flags.contains(SpawnFlags::FULL_SIZE);
            let place = if w.panes.is_empty() || (flags.contains(SpawnFlags::BEFORE) && full) {
                0
            } else if flags.contains(SpawnFlags::BEFORE) {
                at
            } else if full || flags.contains(SpawnFlags::FLOATING) {
                w.panes.len()
            } else {
                at + 1
            };
            w.panes.insert(place, pane);
            let top = if flags.contains(SpawnFlags::FLOATING) { 0 } else { w.z_order.len() };
            w.z_order.insert(top, pane);
        }
        match spawn.cell {
            None => {
                if let Some(w) = self.server.windows.get_mut(&window) {
                    w.layout = Layout::single(pane, w.size);
                }
                self.fix_panes(window, None);
            }
            Some(cell) => self.assign_cell(window, cell, pane, flags.contains(SpawnFlags::ZOOM)),
        }
        pane
    }

    fn create_pane(&mut self, window: WindowId, session: SessionId) -> PaneId {
        let id = PaneId(self.server.next_pane);
        self.server.next_pane += 1;
        let size = self.server.window(window).map_or(Default::default(), |w| w.size);
        let limit = self.server.chain(OptionScope::Session(session)).get(opt::HISTORY_LIMIT);
        let terminal = self.new_terminal(id, size, limit);
        let pane = Pane {
            id,
            window,
            active_point: 0,
            options: Default::default(),
            size,
            x: 0,
            y: 0,
            flags: PaneFlags::STYLE_CHANGED,
            argv: Vec::new(),
            shell: String::new(),
            cwd: String::new(),
            pid: None,
            tty: String::new(),
            status: None,
            dead_time: Default::default(),
            terminal,
            modes: Vec::new(),
            search: None,
            pipe: None,
            control_fg: None,
            control_bg: None,
            announced_theme: None,
            border_style: None,
            active_border_style: None,
            slider: (0, 0),
            border_ranges: Vec::new(),
            lasting: Lasting::default(),
            notification: String::new(),
        };
        self.server.panes.insert(id, pane);
        self.configure_terminal(id);
        id
    }

    /// Stores command, directory and shell in the pane, for a respawn.
    fn set_pane_command(&mut self, pane: PaneId, spawn: &Spawn, cwd: Option<String>) {
        let respawn = spawn.flags.contains(SpawnFlags::RESPAWN);
        let scope = OptionScope::Session(spawn.session);
        let mut argv = spawn.argv.clone();
        if argv.is_empty() && !respawn {
            let command = self.server.option_text(scope, opt::DEFAULT_COMMAND);
            argv.extend(Some(command).filter(|c| !c.is_empty()));
        }
        let shell = (!respawn).then(|| self.default_shell(scope));
        let Some(p) = self.server.panes.get_mut(&pane) else { return };
        if let Some(cwd) = cwd {
            p.cwd = cwd;
        }
        if !argv.is_empty() {
            p.argv = argv;
        }
        if let Some(shell) = shell {
            p.shell = shell;
        }
    }

    /// `default-shell` if it can be used, else the fallback.
    pub fn default_shell(&self, scope: OptionScope) -> String {
        usable_shell(self.server, self.host, scope)
    }

    /// Refuses a command line or environment that the kernel does not accept, before the old program or its
    /// pane is replaced.
    ///
    /// tmux: makes a pane that ends at once, and says nothing.
    fn check_length(&self, spawn: &Spawn) -> Result<(), String> {
        if spawn.flags.contains(SpawnFlags::EMPTY) {
            return Ok(());
        }
        let pane = spawn.pane.filter(|_| spawn.flags.contains(SpawnFlags::RESPAWN));
        let default;
        let argv = if !spawn.argv.is_empty() {
            &spawn.argv
        } else if let Some(p) = pane.and_then(|id| self.server.pane(id)) {
            &p.argv
        } else {
            default = [self.server.option_text(OptionScope::Session(spawn.session), opt::DEFAULT_COMMAND)];
            &default[..]
        };
        let mut environ = self.pane_environ(pane.unwrap_or(NO_PANE), spawn);
        // The keeper sets `PWD` to the directory in which the program starts.
        environ.clear("PWD");
        let pairs = environ.pairs();
        let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let argv = match argv {
            [command] if exec::is_script(command) => &[],
            argv => argv,
        };
        exec::check(argv.iter().map(String::as_str), pairs)
    }

    fn pane_environ(&self, pane: PaneId, spawn: &Spawn) -> Environ {
        let mut environ = self.server.environ_for_session(Some(spawn.session), true);
        for pair in &spawn.environ {
            environ.put(pair, false);
        }
        environ.set("TMUX_PANE", &pane.to_string());
        let client = spawn.client.and_then(|id| self.server.client(id));
        if let Some(path) = client.filter(|c| c.session.is_none()).and_then(|c| c.environ.get("PATH")) {
            environ.set("PATH", path);
        }
        if environ.get("PATH").is_none() {
            environ.set("PATH", DEFAULT_PATH);
        }
        if let Some(p) = self.server.pane(pane) {
            environ.set("SHELL", &p.shell);
            environ.set("PWD", &p.cwd);
        }
        environ
    }
}

/// `default-shell` if it can be used, else the fallback.
fn usable_shell(server: &Server, host: &dyn Host, scope: OptionScope) -> String {
    let shell = server.option_text(scope, opt::DEFAULT_SHELL);
    if is_usable_shell(host, &shell) { shell } else { DEFAULT_SHELL.to_owned() }
}

/// True for the absolute path of an executable other than scopemux itself.
pub fn is_usable_shell(host: &dyn Host, shell: &str) -> bool {
    let name = shell.rsplit('/').next().unwrap_or_default();
    shell.starts_with('/') && !matches!(name, "tmux" | "scopemux") && host.is_executable(shell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Now;
    use crate::model::sessions::NewSession;
    use crate::model::test_host::TestHost;
    use crate::options::{Environ, Options, Scope};

    #[test]
    fn a_pane_whose_program_cannot_be_started_again_can_be_later() {
        let (mut server, mut host) = (Server::default(), TestHost::default());
        server.options.server = Options::defaults(Scope::SERVER);
        server.options.session = Options::defaults(Scope::SESSION);
        server.options.window = Options::defaults(Scope::WINDOW);
        let mut cx = Cx { server: &mut server, host: &mut host, now: Now::default() };
        let session = cx.create_session(NewSession {
            name: None,
            prefix: None,
            cwd: "/".to_owned(),
            environ: Environ::default(),
            options: Options::new(),
            control_chars: None,
        });
        cx.spawn_window(Spawn::new(session)).expect("nothing to fail");
        let (&pane, p) = cx.server.panes.iter_mut().next().expect("one pane");
        p.tty = "/dev/pts/1".to_owned();
        let window = p.window;
        let again = |flags| Spawn {
            index: Some(0),
            window: Some(window),
            pane: Some(pane),
            flags: SpawnFlags::RESPAWN | flags,
            ..Spawn::new(session)
        };
        host.forks_fail = true;
        let mut cx = Cx { server: &mut server, host: &mut host, now: Now::default() };
        let refused = cx.spawn_pane(again(SpawnFlags::KILL));
        assert_eq!(refused, Err("fork failed: Resource temporarily unavailable".to_owned()));
        host.forks_fail = false;
        let mut cx = Cx { server: &mut server, host: &mut host, now: Now::default() };
        assert_eq!(cx.spawn_pane(again(SpawnFlags::empty())), Ok(pane));
        assert!(!cx.server.panes[&pane].flags.contains(PaneFlags::CLOSED));
    }
}
