//! Timers, by a clock that is moved by hand. Those of the first tests are as in tmux 3.7c.

use crate::protocol::Message;
use crate::server::headless::Headless;

#[test]
fn a_prefix_and_its_key_may_come_at_once() {
    let mut mux = Headless::start(40, 8);
    mux.keys(r#"C-b ""#);
    mux.answers("list-panes -F '#{pane_height}'", &["3", "3"]);
    mux.sends("\x02\x1b[1;5A");
    mux.answers("list-panes -F '#{pane_height}'", &["2", "4"]);
}

#[test]
fn keys_repeat_within_repeat_time() {
    let mut mux = Headless::start(40, 8);
    mux.run("bind-key -r R resize-pane -L 1");
    mux.keys("C-b %");
    mux.keys("C-b R");
    mux.passes(300);
    mux.keys("R");
    mux.answers("list-panes -F '#{pane_width}'", &["18", "21"]);
    mux.passes(700);
    mux.keys("R");
    assert_eq!(mux.pane(1).received(), "R");
    mux.answers("list-panes -F '#{pane_width}'", &["18", "21"]);
}

#[test]
fn escape_waits_for_the_rest_of_a_key() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -s escape-time 400");
    mux.run("bind-key -n M-x rename-window meta");
    mux.run("bind-key -n Escape rename-window escape");
    mux.sends("\x1b");
    mux.sends("x");
    mux.is("#W", "meta");
    mux.sends("\x1b");
    mux.is("#W", "meta");
    mux.passes(500);
    mux.is("#W", "escape");
    assert_eq!(mux.pane(0).received(), "");
}

#[test]
fn a_prefix_is_forgotten_after_its_time() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -s prefix-timeout 300");
    mux.keys("C-b");
    mux.passes(500);
    mux.keys("c");
    assert_eq!(mux.pane(0).received(), "c");
    mux.answers("list-windows -F '#I'", &["0"]);
    mux.keys("C-b c");
    mux.answers("list-windows -F '#I'", &["0", "1"]);
}

#[test]
fn silence_is_seen_in_another_window() {
    let mut mux = Headless::start(40, 8);
    mux.keys("C-b c");
    mux.run("set-option -w -t :0 monitor-silence 2");
    mux.passes(1000);
    mux.shows(
        "
        …
        |[0] 0:sh- 1:sh*
    ",
    );
    mux.passes(1500);
    mux.shows(
        "
        …
        |[0] 0:sh~- 1:sh*
    ",
    );
    mux.keys("C-b l");
    mux.shows(
        "
        …
        |[0] 0:sh* 1:sh-
    ",
    );
}

#[test]
fn activity_and_bells_are_seen_in_another_window() {
    let mut mux = Headless::start(40, 8);
    mux.keys("C-b c");
    mux.run("set-option -w -t :0 monitor-activity on");
    mux.pane(0).prints("x");
    mux.shows(
        "
        …
        |[0] 0:sh#- 1:sh*
    ",
    );
    mux.keys("C-b c");
    mux.pane(1).prints("\x07");
    mux.shows(
        "
        …
        |[0] 0:sh# 1:sh!- 2:sh*
    ",
    );
    mux.keys("C-b 1");
    mux.shows(
        "
        …
        |[0] 0:sh# 1:sh* 2:sh-
    ",
    );
}

#[test]
fn a_visual_alert_is_a_message() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -g visual-activity on");
    mux.keys("C-b c");
    mux.run("set-option -w -t :0 monitor-activity on");
    mux.pane(0).prints("x");
    mux.shows(
        "
        …
        |Activity in window 0
    ",
    );
    mux.passes(1000);
    mux.shows(
        "
        …
        |[0] 0:sh#- 1:sh*
    ",
    );
}

#[test]
fn the_status_line_is_drawn_every_interval() {
    let mut mux = Headless::start(40, 4);
    mux.run("set-option -g status-left '%S '");
    mux.run("set-option -g status-interval 5");
    for (passes, shows) in [(0, "00"), (4999, "00"), (1, "05"), (4999, "05"), (1, "10"), (20_000, "30")] {
        mux.passes(passes);
        mux.shows(&format!("…\n|{shows} 0:sh*"));
    }
    mux.run("set-option -g status-interval 0");
    mux.passes(60_000);
    assert_eq!(mux.screen().lines().last(), Some("|30 0:sh*"));
}

#[test]
fn clients_are_locked_when_nobody_types_for_a_while() {
    let mut mux = Headless::start(40, 4);
    mux.run("set-option -g lock-command 'lock it'");
    mux.run("set-option -g lock-after-time 5");
    mux.passes(4000);
    mux.keys("a");
    mux.passes(4999);
    assert!(mux.client(0).link.told.is_empty());
    mux.passes(1);
    assert_eq!(mux.client(0).link.told, ["lock lock it"]);
    // The terminal is the lock program's.
    mux.keys("b");
    assert_eq!(mux.pane(0).received(), "a");
    mux.client(0).link.send(Message::Unlock);
    mux.keys("c");
    assert!(mux.pane(0).received().ends_with('c'));
    mux.shows("…\n|[0] 0:sh*");
}

#[test]
fn a_window_is_named_twice_a_second_at_most() {
    let mut mux = Headless::start(40, 4);
    mux.run("set-option -g automatic-rename-format '#{pane_title}'");
    mux.run("set-option -w automatic-rename on");
    mux.passes(1000);
    mux.pane(0).prints("\x1b]2;one\x1b\\");
    mux.shows("…\n|[0] 0:one*");
    mux.passes(100);
    mux.pane(0).prints("\x1b]2;two\x1b\\");
    mux.pane(0).prints("\x1b]2;three\x1b\\");
    mux.passes(399);
    mux.shows("…\n|[0] 0:one*");
    mux.passes(1);
    mux.shows("…\n|[0] 0:three*");
}

#[test]
fn messages_and_numbers_of_panes_stay_as_long_as_the_options_say() {
    let mut mux = Headless::start(40, 4);
    mux.run("set-option -g display-time 300");
    mux.run("set-option -g display-panes-time 400");
    mux.run("display-message hello");
    mux.passes(299);
    mux.shows("…\n|hello");
    mux.passes(1);
    mux.shows("…\n|[0] 0:sh*");
    mux.keys("C-b q");
    mux.passes(399);
    mux.shows("|\n|                   0\n|\n|[0] 0:sh*");
    mux.passes(1);
    mux.shows("…\n|[0] 0:sh*");
}

#[test]
fn the_clock_of_a_pane_changes_with_the_minute() {
    let mut mux = Headless::start(40, 8);
    mux.run("set-option -g status off");
    mux.keys("C-b t");
    let (before, typed_ms) = (mux.screen(), 20);
    mux.passes(59_999 - typed_ms);
    assert_eq!(mux.screen(), before);
    mux.passes(1001);
    assert_ne!(mux.screen(), before);
    mux.is_drawn_whole();
    let before = mux.screen();
    mux.passes(58_999);
    assert_eq!(mux.screen(), before);
    mux.keys("q");
    mux.shows("…");
}

#[test]
fn a_key_repeats_until_the_time_is_over_and_no_longer() {
    let mut mux = Headless::start(40, 8);
    mux.run("bind-key -r R resize-pane -L 1");
    mux.keys("C-b % C-b R");
    mux.is("#{pane_width}", "20");
    // A key takes ten milliseconds.
    mux.passes(489);
    mux.keys("R");
    mux.is("#{pane_width}", "21");
    mux.passes(491);
    mux.keys("R");
    mux.is("#{pane_width}", "21");
    assert_eq!(mux.pane(1).received(), "R");
}

#[test]
fn silence_begins_again_with_each_output() {
    let mut mux = Headless::start(40, 4);
    mux.keys("C-b c");
    mux.run("set-option -w -t :0 monitor-silence 3");
    mux.passes(2999);
    mux.shows("…\n|[0] 0:sh- 1:sh*");
    mux.pane(0).prints("x");
    mux.passes(2999);
    mux.shows("…\n|[0] 0:sh- 1:sh*");
    mux.passes(1);
    mux.shows("…\n|[0] 0:sh~- 1:sh*");
}

#[test]
fn jobs_of_formats_run_once_an_interval() {
    let mut mux = Headless::start(40, 4);
    mux.run("set-option -g status-interval 2");
    mux.run("set-option -g status-left '#(weather)|'");
    assert_eq!(mux.jobs(), ["weather"]);
    mux.job("weather").prints("sunny\n");
    mux.job("weather").exits(0);
    mux.shows("…\n|sunny|0:sh*");
    mux.passes(1999);
    assert!(mux.jobs().is_empty());
    mux.passes(1);
    assert_eq!(mux.jobs(), ["weather"]);
    mux.shows("…\n|sunny|0:sh*");
    mux.job("weather").prints("rain\n");
    mux.job("weather").exits(0);
    mux.shows("…\n|rain|0:sh*");
}

#[test]
fn a_command_is_run_after_a_delay() {
    let mut mux = Headless::start(40, 4);
    let late = mux.begin("run-shell -d 2 late");
    mux.passes(1999);
    assert!(mux.jobs().is_empty() && mux.answer(&late).is_none());
    mux.passes(1);
    assert_eq!(mux.jobs(), ["late"]);
    mux.job("late").exits(0);
    assert_eq!(mux.answer(&late).map(|answer| answer.status), Some(0));
}
