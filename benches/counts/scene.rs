//! A server with a session and a client in memory, to draw frames and run commands in.

use std::sync::Arc;

use scopemux::testing::base::clock::Now;
use scopemux::testing::base::{ClientId, PaneId, Size};
use scopemux::testing::command::queue;
use scopemux::testing::format::Objects;
use scopemux::testing::model::find::FindState;
use scopemux::testing::model::queue::{KeyEvent, QueueState, StateFlags};
use scopemux::testing::model::sessions::NewSession;
use scopemux::testing::model::spawn::Spawn;
use scopemux::testing::model::test_host::TestHost;
use scopemux::testing::model::{Client, ClientFlags, Cx, Server};
use scopemux::testing::options::{Environ, Options, Scope as OptionsOf};
use scopemux::testing::outer::{Features, Term, TermOptions};
use scopemux::testing::render::compose::{Composer, Extent, compose};
use scopemux::testing::render::diff::{DiffCaps, diff};
use scopemux::testing::render::emit::emit;
use scopemux::testing::render::tty::{Tty, TtyOptions};
use scopemux::testing::syntax::parse::{NoContext, Origin, parse_string};

use super::paths::{Counted, SLICE};
use super::workloads::{self, COLS, ROWS};

/// Number of frames drawn and of commands run.
const TIMES: usize = 50;

/// A server with a session of one pane, and a client that shows it.
struct Scene {
    server: Server,
    host: TestHost,
    pane: PaneId,
    state: FindState,
}

const CLIENT: ClientId = ClientId(1);
const NOW: Now = Now { wall_us: 1_700_000_000_000_000, mono_ms: 1 };

impl Scene {
    fn new() -> Self {
        let (mut server, mut host) = (Server::default(), TestHost::default());
        server.options.server = Options::defaults(OptionsOf::SERVER);
        server.options.session = Options::defaults(OptionsOf::SESSION);
        server.options.window = Options::defaults(OptionsOf::WINDOW);
        server.config_done = true;
        let mut cx = Cx { server: &mut server, host: &mut host, now: NOW };
        let session = cx.create_session(NewSession {
            name: Some("s".to_owned()),
            prefix: None,
            cwd: "/".to_owned(),
            environ: Environ::default(),
            options: Options::new(),
            control_chars: None,
        });
        cx.spawn_window(Spawn { name: Some("w".to_owned()), ..Spawn::new(session) })
            .expect("nothing to fail");
        server.update_status_cache(session);
        let mut client = Client::new(CLIENT, NOW);
        client.session = Some(session);
        client.size = Size::new(COLS, ROWS);
        client.flags |= ClientFlags::TERMINAL;
        server.clients.insert(CLIENT, client);
        let pane = *server.panes.keys().next().expect("one pane");
        let state = FindState::from_session(&server, session);
        Self { server, host, pane, state }
    }

    fn cx(&mut self) -> Cx<'_> {
        Cx { server: &mut self.server, host: &mut self.host, now: NOW }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.server.panes[&self.pane].terminal.lock().feed(bytes);
    }
}

const CAPS: &[&str] = &[
    "am=1",
    "clear=\x1b[H\x1b[2J",
    "cup=\x1b[%i%p1%d;%p2%dH",
    "sgr0=\x1b[m",
    "bold=\x1b[1m",
    "setaf=\x1b[38;5;%p1%dm",
    "setab=\x1b[48;5;%p1%dm",
    "colors=256",
    "op=\x1b[39;49m",
    "el=\x1b[K",
    "csr=\x1b[%i%p1%d;%p2%dr",
];

/// Step of a frame that is counted.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Compose,
    Diff,
    Emit,
}

/// Frames of a pane that prints: one line for each frame, or its whole screen.
fn frames(all: bool, step: Step, counted: Counted<'_>) {
    let mut scene = Scene::new();
    let caps: Vec<String> = CAPS.iter().map(|cap| (*cap).to_owned()).collect();
    let term = Term::new("counts", &caps, &mut Features::default(), &TermOptions::default(), None)
        .expect("enough capabilities");
    let mut tty = Tty::new(Size::new(COLS, ROWS), true, TtyOptions::default());
    let mut out = Vec::new();
    tty.start(&term, &mut out);
    let screens = workloads::redraw(4 * SLICE);
    let mut screens = screens.chunks(SLICE / 4).cycle();
    let mut composer = Composer::default();
    let mut shown = None;
    for n in 0..=TIMES {
        if all || n == 0 {
            scene.feed(screens.next().expect("a cycle has no end"));
        }
        scene.feed(format!("\x1b[5;1H\x1b[31mline {n}\x1b[m of {TIMES}").as_bytes());
        let extent = if all { Extent::All } else { Extent::Panes };
        let mut part = |of: Step, work: &mut dyn FnMut()| match of == step && n > 0 {
            true => counted(work),
            false => work(),
        };
        let mut frame = None;
        part(Step::Compose, &mut || frame = compose(&mut scene.cx(), CLIENT, extent, &mut composer));
        let frame = frame.expect("attached");
        let mut ops = Vec::new();
        part(Step::Diff, &mut || ops = diff(shown.as_mut(), &frame, None, &DiffCaps::of(&term)));
        out.clear();
        part(Step::Emit, &mut || emit(&ops, &frame, &composer.links, &term, &mut tty, &mut out));
        assert!(!out.is_empty());
        shown = Some(frame.surface.clone());
        composer.reuse(frame);
    }
}

pub(crate) fn compose_all(counted: Counted<'_>) {
    frames(true, Step::Compose, counted);
}

pub(crate) fn compose_line(counted: Counted<'_>) {
    frames(false, Step::Compose, counted);
}

pub(crate) fn diff_all(counted: Counted<'_>) {
    frames(true, Step::Diff, counted);
}

pub(crate) fn diff_line(counted: Counted<'_>) {
    frames(false, Step::Diff, counted);
}

pub(crate) fn emit_all(counted: Counted<'_>) {
    frames(true, Step::Emit, counted);
}

pub(crate) fn emit_line(counted: Counted<'_>) {
    frames(false, Step::Emit, counted);
}

pub(crate) fn format(counted: Counted<'_>) {
    const FORMAT: &str = "#{?window_zoomed_flag,Z,}#{session_name}:#I.#P #{=21:pane_title} \
                          #{e|+|:#{window_width},1} #{s/a/b/:pane_current_command}#{?client_prefix,^,}";
    let scene = Scene::new();
    let state = scene.state;
    counted(&mut || {
        for _ in 0..TIMES {
            let expanded = Objects::new(&scene.server, &scene.host, NOW).state(&state).expand(FORMAT);
            assert!(!expanded.is_empty());
        }
    });
}

pub(crate) fn command(counted: Counted<'_>) {
    let mut scene = Scene::new();
    let text = "set-option -g @a b ; rename-window x ; select-pane -T title";
    counted(&mut || {
        for _ in 0..TIMES {
            let list = parse_string(text, &Origin::default(), &mut NoContext).expect("commands");
            let state: Arc<QueueState> =
                QueueState::new(scene.state, KeyEvent::default(), StateFlags::empty());
            let items = scene.server.queues.commands(&list, &state);
            scene.server.queues.append(None, items);
            queue::run(&mut scene.cx());
        }
    });
}
