//! A host without effects, for unit tests and benches of the rooms above.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Cx;
use super::host::*;
use super::pane_limits::{PaneLimits, ServerLimits};
use super::queue::ItemContext;
use crate::base::history::History;
use crate::base::{ClientId, PaneId, Size};
use crate::terminal::Terminal;
use crate::terminal::graphics::Picture;
use crate::transcript::{PaneHandle, TranscriptStore};

type TimerCallback = Box<dyn FnOnce(&mut Cx<'_>) + Send>;

/// Records output to clients and timers; programs start and do nothing.
#[derive(Default)]
pub struct TestHost {
    pub written: Vec<u8>,
    /// Output to control clients.
    pub controlled: Vec<u8>,
    /// Timers that were set: delay in milliseconds, and callback.
    pub timers: Vec<(u64, TimerCallback)>,
    /// A manual clock: the milliseconds by which each reading advances it, and its value.
    pub clock_step_ms: u64,
    pub clock_ms: std::cell::Cell<u64>,
    /// Starting a program fails.
    pub forks_fail: bool,
}

impl PaneHost for TestHost {
    fn spawn_pane(&mut self, _pane: PaneId, _request: SpawnRequest) -> Result<Spawned, String> {
        match self.forks_fail {
            true => Err("Resource temporarily unavailable".to_owned()),
            false => Ok(Spawned { pid: 1, tty: String::new() }),
        }
    }
    fn pane_from_job(
        &mut self,
        _pane: PaneId,
        _job: JobId,
        _terminal: Arc<Mutex<Terminal>>,
    ) -> Result<Spawned, String> {
        Err("there are no jobs".to_owned())
    }
    fn pane_write(&mut self, _pane: PaneId, _bytes: &[u8]) -> bool {
        true
    }
    fn pane_paste(&mut self, _pane: PaneId, _maker: Maker) -> bool {
        true
    }
    fn pane_reply(&mut self, _pane: PaneId, _bytes: &[u8]) {}
    fn pane_watched(&mut self, _pane: PaneId, _watched: bool) {}
    fn pane_pause(&mut self, _pane: PaneId, _why: Hold) {}
    fn pane_resume(&mut self, _pane: PaneId, _why: Hold) {}
    fn pane_resize(&mut self, _pane: PaneId, _size: Size, _cell_pixels: (u32, u32)) {}
    fn pane_close(&mut self, _pane: PaneId) {}
    fn pane_command(&self, _pane: PaneId) -> Option<String> {
        Some("sleep".to_owned())
    }
    fn pane_cwd(&self, _pane: PaneId) -> Option<String> {
        None
    }
    fn pane_programs(&self, _pane: PaneId, _pid: i32) -> Vec<Vec<String>> {
        Vec::new()
    }
    fn pipe_pane(&mut self, _pane: PaneId, _pipe: Option<Pipe>) {}
    fn keep_pictures(&mut self, _pane: PaneId, _pictures: Vec<Arc<Picture>>) {}
}

impl HistoryHost for TestHost {
    fn open_history(&mut self, _pane: PaneId, _limit_bytes: u64) -> Box<dyn History> {
        Box::new(crate::terminal::MemoryHistory::new(2000, 80))
    }
    fn set_history_limit(&mut self, _pane: PaneId, _limit_bytes: u64) {}
    fn keeps_history(&self, _pane: PaneId) -> bool {
        false
    }
    fn history_cleared(&mut self, _pane: PaneId) {}
    fn hold_history(&mut self, _pane: PaneId, _history: PaneHandle) {}
    fn transcripts(&self) -> Option<Arc<TranscriptStore>> {
        None
    }
}

impl ScopeHost for TestHost {
    fn set_pane_limits(&mut self, _pane: PaneId, _limits: PaneLimits) {}
    fn set_server_limits(&mut self, _limits: ServerLimits) {}
    fn usage(&self, _pane: Option<PaneId>, _variable: &str) -> Option<String> {
        None
    }
    fn left_scopes(&self) -> Vec<LeftScope> {
        Vec::new()
    }
    fn end_left_scope(&mut self, _name: &str) {}
}

impl JobHost for TestHost {
    fn run_job(&mut self, _request: JobRequest) -> Result<JobId, String> {
        Err("no jobs here".to_owned())
    }
    fn job_write(&mut self, _job: JobId, _bytes: &[u8]) -> bool {
        true
    }
    fn job_close_stdin(&mut self, _job: JobId) {}
    fn job_resize(&mut self, _job: JobId, _size: Size) {}
    fn job_kill(&mut self, _job: JobId, _signal: i32) {}
    fn job_pid(&self, _job: JobId) -> Option<i32> {
        None
    }
    fn describe_jobs(&self) -> Vec<String> {
        Vec::new()
    }
}

impl LoopHost for TestHost {
    fn timer(&mut self, delay_ms: u64, callback: TimerCallback) -> TimerId {
        self.timers.push((delay_ms, callback));
        TimerId(0)
    }
    fn cancel_timer(&mut self, _timer: TimerId) {}
    fn background(&mut self, _work: Work) {}
    fn elapsed_ms(&self) -> u64 {
        self.clock_ms.set(self.clock_ms.get() + self.clock_step_ms);
        self.clock_ms.get()
    }
}

impl SavedHost for TestHost {
    fn restore_sessions(&mut self, _life: i64, _watch: RestoreWatch) {}
    fn note_restored(&mut self) {}
    fn save_sessions_again(&mut self) {}
}

impl ClientHost for TestHost {
    fn client_write(&mut self, _client: ClientId, _stream: Stream, bytes: &[u8]) -> bool {
        self.written.extend_from_slice(bytes);
        true
    }
    fn client_open_output(&mut self, _client: ClientId) {}
    fn client_stream(&mut self, _client: ClientId, _content: Content, _done: FileDone) {}
    fn stream_made(&mut self, _client: ClientId, _stream: i32, _maker: Option<Maker>, _piece: Vec<u8>) {}
    fn client_pending(&self, _client: ClientId) -> usize {
        0
    }
    fn client_terminal(&self, _pid: i32, _stream: Stream) -> Option<String> {
        None
    }
    fn client_message(&mut self, _client: ClientId, _message: ClientMessage) {}
    fn client_flags(&mut self, _client: ClientId) {}
    fn control_listen(&mut self, _client: ClientId) {}
    fn control_write(&mut self, _client: ClientId, bytes: &[u8]) {
        self.controlled.extend_from_slice(bytes);
    }
    fn control_pending(&self, _client: ClientId) -> usize {
        0
    }
}

impl TerminalHost for TestHost {
    fn tty_control_chars(&self, _client: ClientId) -> Option<Vec<u8>> {
        None
    }
    fn tty_open(&mut self, _client: ClientId, _setup: TtySetup) -> Result<(), String> {
        Ok(())
    }
    fn tty_stop(&mut self, _client: ClientId, _lock: bool) {}
    fn tty_send_requests(&mut self, _client: ClientId) {}
    fn tty_write(&mut self, _client: ClientId, _bytes: &[u8]) {}
    fn tty_invalidate(&mut self, _client: ClientId) {}
    fn tty_bell(&mut self, _client: ClientId) {}
    fn tty_notify(&mut self, _client: ClientId, _text: &str) -> bool {
        false
    }
    fn tty_set_clipboard(&mut self, _client: ClientId, _selection: &str, _data: &[u8]) {}
    fn tty_query_clipboard(&mut self, _client: ClientId) {}
    fn tty_query_palette(&mut self, _client: ClientId, _pane: PaneId, _index: u8) {}
    fn tty_query_colours(&mut self, _client: ClientId) {}
    fn describe_terminal(&self, _client: ClientId) -> Option<TerminalDescription> {
        None
    }
}

impl FileHost for TestHost {
    fn read_file(&mut self, _client: Option<ClientId>, _path: &str, _done: FileDone) {}
    fn write_file(
        &mut self,
        _client: Option<ClientId>,
        _path: &str,
        _append: bool,
        _content: Content,
        _done: FileDone,
    ) {
    }
    fn glob(&mut self, _pattern: &str) -> Vec<PathBuf> {
        Vec::new()
    }
    fn is_executable(&self, _path: &str) -> bool {
        true
    }
}

impl SystemHost for TestHost {
    fn home(&self) -> String {
        "/home/tester".to_owned()
    }
    fn home_of(&self, _user: &str) -> Option<String> {
        None
    }
    fn login_shell(&self) -> Option<String> {
        None
    }
    fn user_name(&self, _uid: u32) -> Option<String> {
        Some("tester".to_owned())
    }
    fn user_id(&self, _name: &str) -> Option<u32> {
        None
    }
    fn group_name(&self, _gid: u32) -> Option<String> {
        None
    }
    fn group_id(&self, _name: &str) -> Option<u32> {
        None
    }
    fn hostname(&self) -> String {
        "host.example".to_owned()
    }
    fn process_line(&self, _pid: i32) -> Option<String> {
        None
    }
    fn kill(&mut self, _pid: i32, _signal: i32) {}
}

impl ServerHost for TestHost {
    fn can_start(&self) -> Result<(), String> {
        Ok(())
    }
    fn is_ready_to_start(&mut self) -> bool {
        true
    }
    fn upgrade(
        &mut self,
        _program: Option<String>,
        _item: &ItemContext,
        _failed: Refused,
    ) -> Result<(), String> {
        Err("not supported".to_owned())
    }
    fn log_lines(&self) -> Vec<String> {
        Vec::new()
    }
    fn health(&self, _panes: usize, _clients: usize) -> String {
        String::new()
    }
    fn shutdown(&mut self) {}
}
