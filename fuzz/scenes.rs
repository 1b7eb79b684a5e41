//! Several clients of any size, from 1x1, on one window: commands change the objects on and over it
//! (panes, floating ones, zoom, borders, status lines, scrollbars, modes, choosers, menus, popups,
//! prompts, sizes and pans), and each client is drawn after each command. A frame composed on the
//! previous one must equal a frame composed from nothing, and a terminal on which it is drawn must
//! show it.
//!
//! An input consists of the abilities of the clients' terminals, then steps of three bytes.

use scopemux::testing::base::clock::Now;
use scopemux::testing::base::{ClientId, SessionId, Size};
use scopemux::testing::command::queue;
use scopemux::testing::format::parse;
use scopemux::testing::model::find::FindState;
use scopemux::testing::model::queue::{QueueState, StateFlags};
use scopemux::testing::model::sessions::NewSession;
use scopemux::testing::model::spawn::Spawn;
use scopemux::testing::model::test_host::TestHost;
use scopemux::testing::model::{Client, ClientFlags, Cx, OptionScope, Server};
use scopemux::testing::options::{Environ, Options, Scope};
use scopemux::testing::render::compose::{Composer, Extent, compose};
use scopemux::testing::view::{modes, overlay};

use crate::drawing::Outside;
use crate::input::Rng;

pub(crate) const NOW: Now = Now { wall_us: 1_700_000_000_000_000, mono_ms: 0 };
const CLIENTS: u8 = 3;
/// Steps of an input that are used.
const STEPS: usize = 60;

/// Commands, in which `%P` stands for a pane, `%C` for a client, and `%X` and `%Y` for numbers from
/// 1.
const COMMANDS: &[&str] = &[
    "split-window -h -t :.%P",
    "split-window -v -t :.%P",
    "split-window -hbf -l %Y -t :.%P",
    "split-window -vZ -t :.%P",
    "new-pane -x %X -y %Y -X %Y -Y %X",
    "new-pane -x %Y -y %Y -X %X -Y %Y",
    "kill-pane -t :.%P",
    "resize-pane -Z -t :.%P",
    "resize-pane -x %X -t :.%P",
    "resize-pane -y %Y -t :.%P",
    "select-pane -t :.%P",
    "select-layout tiled",
    "select-layout main-vertical",
    "swap-pane -s :.%P -t :.%Y",
    "resize-window -x %X -y %Y",
    "set -g window-size largest",
    "set -g window-size smallest",
    "set -g window-size manual",
    "set -g window-size latest",
    "set -g status off",
    "set -g status on",
    "set -g status 5",
    "set -g status-position top",
    "set -g status-position bottom",
    "set -g pane-border-status top",
    "set -g pane-border-status bottom",
    "set -g pane-border-status off",
    "set -g pane-border-lines heavy",
    "set -g pane-border-lines number",
    "set -g pane-border-lines spaces",
    "set -g pane-border-indicators both",
    "set -g pane-scrollbars on",
    "set -g pane-scrollbars modal",
    "set -g pane-scrollbars-position left",
    "set -g pane-scrollbars-style 'width=%Y,pad=1'",
    "set -g pane-border-format '#[align=right]#{pane_width}世'",
    "set -g fill-character 世",
    "set -g window-active-style bg=blue",
    "set -g message-line 3",
    "set -g menu-border-lines none",
    "set -g mode-keys vi",
    "refresh-client -t c%C -L %X",
    "refresh-client -t c%C -R %X",
    "refresh-client -t c%C -D %Y",
    "refresh-client -t c%C -U %Y",
    "refresh-client -t c%C -c",
    "copy-mode -t :.%P",
    "copy-mode -u -t :.%P",
    "clock-mode -t :.%P",
    "choose-tree -t :.%P",
    "choose-buffer -t :.%P",
    "choose-client -Z -t :.%P",
    "customize-mode -t :.%P",
    "display-panes -b -d 0 -t c%C",
    "display-menu -c c%C -x %X -y %Y -T 世-title one 1 '' '' 'two 世' 2 ''",
    "display-menu -c c%C -x C -y C -- '' -off '' '' last l ''",
    "display-popup -c c%C -w %X -h %Y 'exec sleep 9'",
    "display-popup -c c%C -C",
    "display-message -c c%C -d 0 'a 世 message'",
    "command-prompt -b -t c%C -p '世?,then'",
    "command-prompt -b -t c%C -I 'some 世 input'",
    "confirm-before -b -t c%C 'kill-pane'",
    "list-keys",
    "set-buffer -b b%Y 'some 世 text'",
    "send-keys -K -c c%C q",
    "send-keys -K -c c%C Escape",
    "send-keys -K -c c%C Down",
    "send-keys -K -c c%C Up",
    "send-keys -K -c c%C Enter",
    "send-keys -K -c c%C v",
    "send-keys -K -c c%C x",
    "send-keys -K -c c%C PageDown",
    "send-keys -X -t :.%P cancel",
    "send-keys -X -t :.%P begin-selection",
    "send-keys -X -t :.%P search-backward e",
    "clear-history -t :.%P",
    "rotate-window",
];

const OUTPUT: &[&str] =
    &["a世b\r\n", "\x1b[44m \x1b[K", "\x1b[2J", "\x1b[3;5Hx", "\t|", "1\n2\n3\n", "\x1b[?25l", "é\u{301}👍🏽"];

pub(crate) fn generate(rng: &mut Rng) -> Vec<u8> {
    let mut input = vec![rng.next() as u8];
    for _ in 0..1 + rng.below(STEPS) {
        let what = rng.below(COMMANDS.len() + 40) as u8;
        input.extend([what, rng.next() as u8, rng.next() as u8]);
    }
    input
}

/// A server with a session and clients.
pub(crate) struct World {
    pub server: Server,
    pub host: TestHost,
    pub session: SessionId,
    outsides: Vec<Outside>,
}

impl World {
    pub(crate) fn new(extras: u8) -> Self {
        let (mut server, mut host) = (Server::default(), TestHost::default());
        server.options.server = Options::defaults(Scope::SERVER);
        server.options.session = Options::defaults(Scope::SESSION);
        server.options.window = Options::defaults(Scope::WINDOW);
        server.config_done = true;
        server.set_named_option(OptionScope::GlobalSession, "status-right", "");
        let mut cx = Cx { server: &mut server, host: &mut host, now: NOW };
        let session = cx.create_session(NewSession {
            name: Some("s".to_owned()),
            prefix: None,
            cwd: "/".to_owned(),
            environ: Environ::default(),
            options: Options::new(),
            control_chars: None,
        });
        cx.spawn_window(Spawn { name: Some("w0".to_owned()), ..Spawn::new(session) })
            .expect("nothing to fail");
        server.update_status_cache(session);
        let mut outsides = Vec::new();
        for number in 0..u32::from(CLIENTS) {
            let id = ClientId(number + 1);
            let mut client = Client::new(id, NOW);
            client.name = format!("c{number}");
            client.session = Some(session);
            client.size = Size::new(1 + 12 * number, 1 + 5 * number);
            client.flags |= ClientFlags::TERMINAL | ClientFlags::IDENTIFIED | ClientFlags::ATTACHED;
            outsides.push(Outside::new(extras, client.size));
            server.clients.insert(id, client);
        }
        Self { server, host, session, outsides }
    }

    pub(crate) fn cx(&mut self) -> Cx<'_> {
        Cx { server: &mut self.server, host: &mut self.host, now: NOW }
    }

    fn run(&mut self, client: ClientId, text: &str) {
        let mut cx = self.cx();
        let list = parse::commands(&mut cx, text).expect("commands of the table can be read");
        let state = QueueState::new(FindState::default(), Default::default(), StateFlags::empty());
        let items = cx.server.queues.commands(&list, &state);
        cx.server.queues.append(Some(client), items);
        // An item that waits for time or for programs waits forever here.
        while queue::run(&mut cx) {}
        cx.server.queues.queues.remove(&Some(client));
    }

    fn step(&mut self, [what, a, b]: [u8; 3]) {
        let number = a % CLIENTS;
        let client = ClientId(1 + u32::from(number));
        match usize::from(what) {
            n if n < COMMANDS.len() => {
                let text = COMMANDS[n]
                    .replace("%P", &(a % 6).to_string())
                    .replace("%C", &number.to_string())
                    .replace("%X", &(1 + u32::from(b) % 70).to_string())
                    .replace("%Y", &(1 + u32::from(a ^ b) % 23).to_string());
                self.run(client, &text);
            }
            n if n % 2 == 0 => {
                let size = Size::new(1 + u32::from(b) % 75, 1 + u32::from(a / 3) % 30);
                self.server.clients.get_mut(&client).expect("there").size = size;
                self.outsides[usize::from(number)].resize(size);
                self.cx().recalculate_sizes();
                overlay::resize(&mut self.cx(), client);
            }
            _ => {
                let window = self.server.current_window(self.session);
                let panes =
                    window.and_then(|w| self.server.window(w)).map(|w| w.panes.clone()).unwrap_or_default();
                let pane =
                    panes.get(usize::from(a) % panes.len().max(1)).and_then(|id| self.server.pane(*id));
                if let Some(pane) = pane {
                    pane.terminal.lock().feed(OUTPUT[usize::from(b) % OUTPUT.len()].as_bytes());
                }
            }
        }
        self.server.update_status_cache(self.session);
    }

    /// Draws all clients as a turn does.
    fn draw(&mut self) {
        let mut cx = self.cx();
        cx.recalculate_sizes();
        cx.apply_sizes();
        modes::update_all(&mut cx);
        for number in 0..u32::from(CLIENTS) {
            let id = ClientId(number + 1);
            let mut composer = std::mem::take(&mut self.outsides[number as usize].composer);
            let frame = compose(&mut self.cx(), id, Extent::All, &mut composer);
            let fresh = compose(&mut self.cx(), id, Extent::All, &mut Composer::default());
            let outside = &mut self.outsides[number as usize];
            outside.composer = composer;
            let Some(frame) = frame else { continue };
            let fresh = fresh.expect("a client that shows something");
            // Status lines beside a message or prompt are cached from before it.
            let says = self.server.client(id).is_some_and(|c| c.message.is_some() || c.prompt.is_some());
            let rows = 0..if says { 0 } else { frame.surface.size().rows };
            for y in rows {
                let same = fresh.surface.row(y) == frame.surface.row(y);
                assert!(
                    same,
                    "row {y} of client {number}: {:?}, fresh {:?}",
                    frame.surface.row_text(y),
                    fresh.surface.row_text(y)
                );
            }
            outside.draw(frame);
        }
    }
}

pub(crate) fn check(input: &[u8]) {
    let Some((&extras, steps)) = input.split_first() else { return };
    let mut world = World::new(extras);
    for step in steps.chunks_exact(3).take(STEPS) {
        world.step([step[0], step[1], step[2]]);
        if world.server.sessions.is_empty() {
            return;
        }
        world.draw();
    }
}
