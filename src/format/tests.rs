//! Formats in a small server, with expectations recorded from tmux 3.7c.

use super::objects::Objects;
use crate::base::clock::Now;
use crate::base::{ClientId, SessionId, Size};
use crate::model::queue::{ItemId, KeyEvent, QueueState, StateFlags};
use crate::model::sessions::NewSession;
use crate::model::spawn::{Spawn, SpawnFlags};
use crate::model::test_host::TestHost;
use crate::model::{Client, ClientFlags, Cx, FindState, ItemContext, Server};
use crate::options::{Environ, Options};

const NOW: Now = Now { wall_us: 1_700_000_000_000_000, mono_ms: 0 };

const USER_OPTIONS: &[(&str, &str)] = &[
    ("@user", "uservalue"),
    ("@num", "42"),
    ("@empty", ""),
    ("@zero", "0"),
    ("@one", "1"),
    ("@path", "/usr/local/share/file.txt"),
    ("@sp", "a b  c"),
    ("@abc", "abcdefghijklmnopqrstuvwxyz"),
    ("@mix", "abABabXYZ"),
    ("@wide", "日本語テキスト"),
    ("@uni", "é→ü"),
    ("@fmt", "#{session_name}/#{@num}"),
    ("@hash", "a#b##c#{d}"),
    ("@styled", "#[fg=red]hello#[default]world"),
    ("@time", "1445765102"),
];

/// Sessions `alpha` with windows 0 (`one`), 1 (`two`), 5 (`three four`), and `beta`.
fn fixture() -> (Server, TestHost, SessionId) {
    let (mut server, mut host) = (Server::default(), TestHost::default());
    server.options.server = Options::defaults(crate::options::Scope::SERVER);
    server.options.session = Options::defaults(crate::options::Scope::SESSION);
    server.options.window = Options::defaults(crate::options::Scope::WINDOW);
    for (name, value) in USER_OPTIONS {
        server.options.session.set_string(name, *value);
    }
    server.environ.set("GVAR", "gvalue");
    server.config_done = true;
    let mut cx = Cx { server: &mut server, host: &mut host, now: NOW };
    let mut alpha = None;
    for (session, windows) in
        [("alpha", &[(0, "one"), (1, "two"), (5, "three four")][..]), ("beta", &[(0, "uno")])]
    {
        let id = cx.create_session(NewSession {
            name: Some(session.to_owned()),
            prefix: None,
            cwd: "/tmp".to_owned(),
            environ: Environ::default(),
            options: Options::new(),
            control_chars: None,
        });
        alpha = alpha.or(Some(id));
        for (index, name) in windows {
            let flags = if *index == 0 { SpawnFlags::empty() } else { SpawnFlags::DETACHED };
            let name = Some((*name).to_owned());
            let spawn = Spawn { index: Some(*index), name, flags, ..Spawn::new(id) };
            cx.spawn_window(spawn).expect("nothing to fail");
        }
    }
    let alpha = alpha.expect("made above");
    server.sessions.get_mut(&alpha).expect("made above").options.set_string("@sess", "alphasess");
    for window in server.windows.values_mut() {
        window.size = Size::new(80, 24);
    }
    (server, host, alpha)
}

fn check(cases: &[(&str, &str)]) {
    let (server, host, alpha) = fixture();
    let state = FindState::from_session(&server, alpha);
    let objects = Objects::new(&server, &host, NOW).state(&state);
    for (format, expect) in cases {
        assert_eq!(objects.expand_time(format), *expect, "{format}");
    }
}

#[test]
fn plain_text_aliases_and_names() {
    check(&[
        ("#S:#I:#W.#P #D", "alpha:0:one.0 %0"),
        ("#h#", "host"),
        ("####", "##"),
        ("#}#,", "},"),
        ("#{ #{} #{nosuch} #{session_name #{session_name}} #{{session_name}}", "   session_name alpha "),
        ("#{#{@fmt}}", "#{session_name}/#{@num}"),
        ("#{E:#{@fmt}}", "alpha/42"),
        ("#{@sess}#{GVAR}#{prefix}#{window-size}", "alphasessgvalueC-blatest"),
        ("#{status-left}", "[#{session_name}] "),
        ("#{T:status-left}", "[alpha] "),
        ("#{command-alias[0]}", "split-pane=split-window"),
        ("#[fg=red]x#[fg=red", "#[fg=red]x#[fg=red"),
        ("##[x] ###S", "##[x] #alpha"),
        ("#{==:a}lost", ""),
        ("%Y", "2023"),
        ("#{window_flags}#{version}", "*3.7c"),
    ]);
}

#[test]
fn conditions_and_operators() {
    check(&[
        ("#{?@one,yes,no}#{?nosuch,yes,no}", "yesno"),
        ("#{?0,yes}", ""),
        ("#{?0,a,1,b,c}", "c"),
        ("#{?1,,x}", "x"),
        ("#{?00,a,b}", "b"),
        ("#{?#{==:a,b},1,2}", "2"),
        ("#{?0,a,0,c,0,e,f}", "f"),
        ("#{<=:b,a}#{!=:a,b}#{==:#{@num},42}", "011"),
        ("#{&&:,1}#{&&:}#{||:0,0,1}#{||:}#{!:abc}#{!!:abc}", "001001"),
        ("#{m:b*,abc}#{m:[a-b]bc,abc}#{m/ri:B,abc}#{m/r:^$,}", "0111"),
        ("#{e|-:5,3} #{e|/:10,3} #{e|/:10,0} #{e|%:10,3}", "2 3 -9223372036854775808 1"),
        ("#{e|+|f:1.5,2.25} #{e|/|f|0:1,3} #{e|/|f:1,0} #{e|-|f|1:1,3}", "3.75 0 inf -2.0"),
        ("#{e|/|f:0,0} #{e|+|f:nan,1} #{e|*|f:0x10,2}", "-nan nan 32.00"),
        ("#{e|+:1,} #{e|+:1} #{e|+|f|-1:1,2} #{e|+||3:1,2}", "1  3.000000 3.000"),
        ("#{N/w:two}#{N/w:x}#{N/s:beta}#{N/s:x}", "1010"),
    ]);
}

#[test]
fn modifiers() {
    check(&[
        ("#{a:98}#{a:31}#{c:colour196}#{c:terminal}", "bff0000"),
        ("#{=-5:@abc} #{=/5/...:@abc} #{=/26/...:@abc}", "vwxyz abcde... abcdefghijklmnopqrstuvwxyz"),
        ("#{=4:@wide} #{=-5:@styled}", "日本 #[fg=red]#[default]world"),
        ("#{p-4:@num}#{p4:@num}|#{p20:@styled}|", "  4242  |#[fg=red]hello#[default]world|"),
        ("#{n:@wide} #{w:@styled} #{w:#{l:日本}}", "21 10 4"),
        ("#{R:#{@num},2}#{R:a,-1}", "4242"),
        ("#{t:@time}", "Sun Oct 25 09:25:02 2015"),
        ("#{t/f/%%%%Y:@time}#{t/p:@num}#{t:@empty}", "2015Jan70"),
        ("#{b:@path} #{d:@path} #{b;d:@path} #{b:@empty}", "file.txt /usr/local/share . ."),
        ("#{q/h:@hash} #{q/a:@empty}", "a##b####c##{d} ''"),
        ("#{s/./-/:@mix} #{s/ /_/:@sp} #{s//x/:@mix}", "--------- a_b__c abABabXYZ"),
        ("#{s/a/b/;=3:@mix} #{s/(.)B/\\1-/i:@mix}", "bbA a-A-a-XYZ"),
        ("#{l:a#,b} #{;@num}#{m}", "a,b "),
    ]);
}

#[test]
fn loops() {
    check(&[
        ("#{W:#{window_index} ,[#{window_index}] }", "[0] 1 5 "),
        ("#{W/nr:#{window_name};}", "two;three four;one;"),
        ("#{W:#{loop_last_flag}#{window_after_active}#{next_window_index} }", "001 015 10 "),
        ("#{S:#{session_name} }#{S/r:#{session_name} }", "alpha beta beta alpha "),
        ("#{P:#{pane_id}}", "%0"),
    ]);
}

#[test]
fn nothing_hangs_or_grows() {
    let (server, host, alpha) = fixture();
    let objects = Objects::new(&server, &host, NOW).with_session(alpha);
    assert_eq!(objects.expand("#{n:#{R:#{R:a,1000},1000}}"), "1000000");
    assert_eq!(objects.expand("#{R:#{R:#{R:a,10000},10000},10000}"), "");
    let deep = format!("{}x{}", "#{E:".repeat(500), "}".repeat(500));
    assert_eq!(objects.expand(&deep), "");
    let again = objects.clone().add("loop", "#{E:loop}#{E:loop}");
    assert_eq!(again.expand("#{E:loop}"), "");
}

/// Formats from a read-only client run no programs; formats of a hook that it triggers do, since they
/// belong to the owner.
#[test]
fn formats_of_a_client_that_may_only_read_run_no_programs() {
    let (mut server, host, _) = fixture();
    let reader = ClientId(7);
    let mut client = Client::new(reader, NOW);
    client.flags |= ClientFlags::READONLY;
    server.clients.insert(reader, client);
    server.clients.insert(ClientId(8), Client::new(ClientId(8), NOW));
    let jobs = |client: u32, flags: StateFlags| {
        let state = QueueState::new(FindState::default(), KeyEvent::default(), flags);
        let client = Some(ClientId(client));
        let item = ItemContext {
            id: ItemId(1),
            group: 0,
            client,
            queue_client: client,
            target_client: None,
            source: FindState::default(),
            target: FindState::default(),
            state,
            command: None,
        };
        let objects = Objects::new(&server, &host, NOW).item(&item);
        assert_eq!(objects.expand("<#(true)#{S:#(false)}#{E:#{l:#(id)}}>"), "<>");
        std::mem::take(&mut *server.format_jobs.lock()).len()
    };
    assert_eq!(jobs(7, StateFlags::empty()), 0);
    assert_eq!(jobs(7, StateFlags::NOHOOKS), 3);
    assert_eq!(jobs(8, StateFlags::empty()), 3);
}

/// An expansion that takes too long ends with its text so far, as in tmux after 100 ms.
#[test]
fn an_expansion_stops_after_its_time() {
    let (server, mut host, alpha) = fixture();
    host.clock_step_ms = 1;
    let objects = Objects::new(&server, &host, NOW).with_session(alpha);
    let text = objects.expand("a#{W:#{W:#{W:#{W:#{W:#{W:#{W:#{W:x}}}}}}}}b");
    let (full, most) = (3usize.pow(8), 16 * 100);
    assert!(text.starts_with("axx") && text.ends_with("xb"), "{text}");
    assert!(text.len() > 100 && text.len() < most.min(full), "{}", text.len());
}
