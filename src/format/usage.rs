//! Display of resource use: sizes, shares of limits, bars and trends, and the columns of `choose-usage`.

use std::collections::BTreeMap;

use super::draw::without_styles;
use super::objects::Objects;
use super::sort::Order;
use crate::model::usage::{Sample, Seen, Subject, Trend, UsageBook};
use crate::model::{FindState, Server};

/// Shares of a limit in percent, from which they are shown as a warning or an alarm.
const WARNING: u64 = 70;
const ALARM: u64 = 90;
/// Characters of bars and of trends: in narrow panes (and for scripts), and in wide ones.
const NARROW: (usize, usize) = (6, 10);
const WIDE: (usize, usize) = (24, 24);

/// The end of each line: the pane or scope.
const WHO: &str = concat!(
    "#{?#{==:#{usage_kind},pane},#{session_name}:#{window_index}.#{pane_index} ",
    "#{?#{&&:#{pane_oom_kills},#{!=:#{pane_oom_kills},0}},#[fg=red]OOM:#{pane_oom_kills}#[default] ,}",
    "#{pane_current_command},",
    "#{usage_name}}",
);
// A column is padded before it is coloured, since padding counts the characters of styles.
const SMALL: &str = concat!(
    "#{p-7:usage_memory} #[fg=#{usage_memory_colour}]#{p-4:usage_memory_share}#[default] ",
    "#{p-6:usage_cpu}  ",
);
const MIDDLE: &str = concat!(
    "#{p-7:usage_memory} #{usage_memory_bar}#[fg=#{usage_memory_colour}]#{p-5:usage_memory_share}#[default] ",
    "#{p-6:usage_cpu} #[fg=#{usage_pids_colour}]#{p-4:usage_pids}#[default] ",
    "#{p-7:usage_history} #{usage_memory_trend}  ",
);
const LARGE: &str = concat!(
    "#{p-7:usage_memory} #{usage_memory_bar}#[fg=#{usage_memory_colour}]#{p-5:usage_memory_share}#[default] ",
    "#{p-7:usage_memory_max} #{p-7:usage_memory_peak} #{p-6:usage_cpu} ",
    "#[fg=#{usage_pids_colour}]#{p-5:usage_pids}#[default] #{p-7:usage_history} ",
    "#[fg=#{usage_history_colour}]#{p-5:usage_history_share}#[default]  ",
    "#{usage_memory_trend}  #{usage_cpu_trend}  ",
);
const SMALL_HEAD: &str = " MEMORY   OF    CPU  PANE";
const MIDDLE_HEAD: &str = " MEMORY OF LIMIT       CPU PIDS    DISK IN 5 MIN    PANE";
const LARGE_HEAD: &str = concat!(
    " MEMORY OF LIMIT                        LIMIT    PEAK    CPU PROCS    DISK    OF",
    "  MEMORY, 5 MINUTES         CPU, 5 MINUTES            PANE",
);

/// Layout of the lines for a pane's width.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Layout {
    Small,
    Middle,
    Large,
    /// For scripts: without styles.
    Plain,
}

impl Layout {
    pub(crate) fn of(cols: u32) -> Self {
        match cols {
            0..72 => Self::Small,
            72..150 => Self::Middle,
            _ => Self::Large,
        }
    }

    /// Names of the columns.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Small => SMALL_HEAD,
            Self::Middle | Self::Plain => MIDDLE_HEAD,
            Self::Large => LARGE_HEAD,
        }
    }

    pub(crate) fn format(self) -> String {
        let columns = match self {
            Self::Small => SMALL,
            Self::Middle | Self::Plain => MIDDLE,
            Self::Large => LARGE,
        };
        let format = format!("{columns}{WHO}");
        if self == Self::Plain { without_styles(&format) } else { format }
    }

    fn lengths(self) -> (usize, usize) {
        if self == Self::Large { WIDE } else { NARROW }
    }
}

/// All subjects, sorted: the largest first, and of equal ones the oldest first.
pub(crate) fn sorted(seen: &BTreeMap<u64, Seen>, order: Option<Order>, reversed: bool) -> Vec<&Seen> {
    let mut all: Vec<&Seen> = seen.values().collect();
    let key = |Seen { sample, .. }: &Seen| match order {
        Some(Order::Cpu) => Some(sample.cpu_permille),
        Some(Order::Processes) => sample.pids,
        Some(Order::History) => sample.history,
        _ => sample.memory,
    };
    all.sort_by_key(|seen| std::cmp::Reverse(key(seen)));
    if reversed {
        all.reverse();
    }
    all
}

/// The variables of one subject.
pub(crate) fn objects_of<'a>(server: &Server, base: Objects<'a>, seen: &Seen, layout: Layout) -> Objects<'a> {
    let objects = match &seen.subject {
        Subject::Pane(pane) => base
            .with_pane(*pane)
            .state(&FindState::from_pane(server, *pane))
            .add("usage_kind", "pane")
            .add("usage_name", pane.to_string())
            .add("usage_pane", pane.0.to_string()),
        Subject::Left(left) => base
            .add("usage_kind", "left")
            .add("usage_name", format!("left by {}", left.pane))
            .add("usage_left", "1")
            .add("usage_scope", left.name.clone())
            .add("usage_pane", left.pane.0.to_string()),
    };
    with_sample(objects, &seen.sample, &seen.trend, layout)
}

/// The variables of all panes together.
pub(crate) fn objects_of_total<'a>(base: Objects<'a>, book: &UsageBook, layout: Layout) -> Objects<'a> {
    let objects = base.add("usage_kind", "total").add("usage_name", "all panes");
    with_sample(objects, &book.total, &book.total_trend, layout)
}

/// The variables of the server itself.
pub(crate) fn objects_of_server<'a>(base: Objects<'a>, book: &UsageBook, layout: Layout) -> Objects<'a> {
    let sample = Sample { memory: book.server, ..Sample::default() };
    let objects = base.add("usage_kind", "server").add("usage_name", "server");
    with_sample(objects, &sample, &Trend::default(), layout)
        .add("usage_cpu", "-")
        .add("usage_cpu_permille", "")
}

/// Memory of the server itself, and the limits of all panes together.
pub(crate) fn server_line(book: &UsageBook) -> String {
    let limit = |what: &str, used, max: Option<u64>| {
        let share = share_text(share(used, max));
        max.map(|max| format!("{} {what} ({share})", size_text(max)))
    };
    let total = &book.total;
    let memory = limit("memory", total.memory, total.memory_max);
    let limits: Vec<String> =
        memory.into_iter().chain(limit("disk", total.history, total.history_max)).collect();
    let limits = if limits.is_empty() { "none".to_owned() } else { limits.join(", ") };
    let server = book.server.map_or_else(|| "-".to_owned(), size_text);
    format!("{server:>7} server; limits of all panes: {limits}")
}

/// Use of all panes together and its limits, short enough for a status line.
pub(crate) fn summary(total: &Sample) -> String {
    let part = |what: &str, used: Option<u64>, max: Option<u64>| {
        let used_text = used.map_or_else(|| "-".to_owned(), size_text);
        let of = max.map_or_else(String::new, |max| format!("/{}", size_text(max)));
        coloured(&format!("{what} {used_text}{of}"), share(used, max))
    };
    let memory = part("mem", total.memory, total.memory_max);
    format!("{memory} {}", part("disk", total.history, total.history_max))
}

fn with_sample<'a>(objects: Objects<'a>, sample: &Sample, trend: &Trend, layout: Layout) -> Objects<'a> {
    let size = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), size_text);
    let bytes = |bytes: Option<u64>| bytes.map_or_else(String::new, |bytes| bytes.to_string());
    let shown = |text: String| if layout == Layout::Plain { without_styles(&text) } else { text };
    let memory = share(sample.memory, sample.memory_max);
    let pids = share(sample.pids, sample.pids_max);
    let history = share(sample.history, sample.history_max);
    let (bar, points) = layout.lengths();
    let parts = trend.parts(points);
    let most_memory = parts.iter().flatten().map(|part| part.0).max().unwrap_or(0);
    // The trend of processors has a scale of at least one processor.
    let most_cpu = parts.iter().flatten().map(|part| part.1).fold(1000, u64::max);
    let line = |value: fn((u64, u64)) -> u64, most| {
        trend_text(&parts.iter().map(|part| part.map(value)).collect::<Vec<_>>(), most)
    };
    objects
        .add("usage_memory", size(sample.memory))
        .add("usage_memory_bytes", bytes(sample.memory))
        .add("usage_memory_max", size(sample.memory_max))
        .add("usage_memory_max_bytes", bytes(sample.memory_max))
        .add("usage_memory_peak", size(sample.memory_peak))
        .add("usage_memory_peak_bytes", bytes(sample.memory_peak))
        .add("usage_memory_share", percentage(memory))
        .add("usage_memory_colour", high_colour(memory))
        .add("usage_memory_bar", shown(bar_text(memory, bar)))
        .add("usage_memory_trend", line(|part| part.0, most_memory))
        .add("usage_cpu", format!("{}.{}%", sample.cpu_permille / 10, sample.cpu_permille % 10))
        .add("usage_cpu_permille", sample.cpu_permille.to_string())
        .add("usage_cpu_trend", line(|part| part.1, most_cpu))
        .add("usage_pids", sample.pids.map_or_else(|| "-".to_owned(), |n| n.to_string()))
        .add("usage_pids_colour", high_colour(pids))
        .add("usage_pids_max", bytes(sample.pids_max))
        .add("usage_history", size(sample.history))
        .add("usage_history_bytes", bytes(sample.history))
        .add("usage_history_max", size(sample.history_max))
        .add("usage_history_max_bytes", bytes(sample.history_max))
        .add("usage_history_share", percentage(history))
        .add("usage_history_colour", high_colour(history))
}

/// Percentage of a limit, at most 999.
pub(crate) fn share(used: Option<u64>, limit: Option<u64>) -> Option<u64> {
    let (used, limit) = (used?, limit.filter(|limit| *limit > 0)?);
    Some((u128::from(used) * 100 / u128::from(limit)).min(999) as u64)
}

fn colour(share: Option<u64>) -> &'static str {
    match share {
        Some(WARNING..ALARM) => "yellow",
        Some(ALARM..) => "red",
        _ => "green",
    }
}

/// A text that is coloured when a share of a limit is high.
fn coloured(text: &str, share: Option<u64>) -> String {
    match share {
        Some(WARNING..) => format!("#[fg={}]{text}#[default]", colour(share)),
        _ => text.to_owned(),
    }
}

/// The colour of a number: that of its share of a limit if the share is high.
fn high_colour(share: Option<u64>) -> &'static str {
    share.filter(|share| *share >= WARNING).map_or("default", |share| colour(Some(share)))
}

fn percentage(share: Option<u64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{share}%"))
}

fn share_text(share: Option<u64>) -> String {
    coloured(&percentage(share), share)
}

/// A bar of `width` characters, in steps of an eighth of a character.
fn bar_text(share: Option<u64>, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let Some(share) = share else { return " ".repeat(width) };
    let eighths = (share.min(100) as usize * width * 8).div_ceil(100);
    let mut bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
    let rest = "·".repeat(width - eighths.div_ceil(8));
    bar = format!("#[fg={}]{bar}#[default]#[dim]{rest}#[default]", colour(Some(share)));
    bar
}

/// Values as a line of small bars; blanks where there is no sample.
fn trend_text(values: &[Option<u64>], most: u64) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |value: u64| BARS[(u128::from(value) * 7 / u128::from(most.max(1))).min(7) as usize];
    values.iter().map(|value| value.map_or(' ', bar)).collect()
}

/// Bytes in a readable unit.
pub(crate) fn size_text(bytes: u64) -> String {
    let tenths = |shift: u32| (bytes >> (shift - 4)) * 10 / 16;
    let unit = |shift: u32, name: &str| format!("{}.{}{name}", tenths(shift) / 10, tenths(shift) % 10);
    match bytes {
        0..1024 => format!("{bytes}B"),
        1024..0x10_0000 => unit(10, "K"),
        0x10_0000..0x4000_0000 => unit(20, "M"),
        0x4000_0000..0x100_0000_0000 => unit(30, "G"),
        _ => unit(40, "T"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PaneId;

    #[test]
    fn sizes_are_short() {
        let check = |bytes: u64, expect: &str| assert_eq!(size_text(bytes), expect);
        check(0, "0B");
        check(1023, "1023B");
        check(1536, "1.5K");
        check(64 << 20, "64.0M");
        check(5 << 29, "2.5G");
        check(3 << 40, "3.0T");
    }

    #[test]
    fn shares_are_bars_in_colours() {
        assert_eq!(share(Some(3), Some(4)), Some(75));
        assert_eq!(share(Some(3), Some(0)), None);
        assert_eq!(share(Some(u64::MAX), Some(1)), Some(999));
        let check = |share, expect: &str| assert_eq!(bar_text(share, 4), expect);
        check(None, "    ");
        check(Some(0), "#[fg=green]#[default]#[dim]····#[default]");
        check(Some(1), "#[fg=green]▏#[default]#[dim]···#[default]");
        check(Some(75), "#[fg=yellow]███#[default]#[dim]·#[default]");
        check(Some(150), "#[fg=red]████#[default]#[dim]#[default]");
        assert_eq!(share_text(Some(95)), "#[fg=red]95%#[default]");
        assert_eq!(share_text(Some(5)), "5%");
    }

    #[test]
    fn a_trend_goes_from_the_least_bar_to_the_highest() {
        assert_eq!(trend_text(&[None, Some(0), Some(50), Some(100)], 100), " ▁▄█");
        assert_eq!(trend_text(&[Some(0)], 0), "▁");
    }

    #[test]
    fn headings_end_where_their_columns_end() {
        for (layout, width) in [(Layout::Small, 21), (Layout::Middle, 52), (Layout::Large, 134)] {
            let head = layout.heading();
            assert_eq!(head.find("PANE"), Some(width), "{head}");
        }
    }

    #[test]
    fn columns_stand_below_each_other_in_every_colour() {
        let (server, host) = (Server::default(), crate::model::test_host::TestHost::default());
        for layout in [Layout::Small, Layout::Middle, Layout::Large, Layout::Plain] {
            let line = |used: u64| {
                let objects = Objects::new(&server, &host, Default::default()).add("usage_name", "NAME");
                let some = Some(used);
                let sample = Sample {
                    memory: some,
                    memory_max: Some(100),
                    pids: some,
                    pids_max: Some(100),
                    history: some,
                    history_max: Some(100),
                    ..Sample::default()
                };
                let objects = with_sample(objects, &sample, &Trend::default(), layout);
                let text = without_styles(&objects.expand(&layout.format()));
                text.chars().take_while(|c| *c != 'N').count()
            };
            let widths = [5, 75, 95].map(line);
            assert!(widths.iter().all(|width| *width == widths[0]), "{layout:?}: {widths:?}");
        }
    }

    #[test]
    fn the_largest_comes_first() {
        let mut seen = BTreeMap::new();
        let samples = [(1, Some(10), 7, 2), (2, Some(30), 1, 2), (3, Some(20), 9, 1), (4, None, 0, 0)];
        for (pane, memory, cpu_permille, pids) in samples {
            let subject = Subject::Pane(PaneId(pane));
            let sample = Sample { memory, cpu_permille, pids: Some(pids), ..Sample::default() };
            seen.insert(subject.tag(), Seen { subject, sample, trend: Trend::default() });
        }
        let check = |order: Order, reversed: bool, expect: [u64; 4]| {
            let got: Vec<u64> =
                sorted(&seen, Some(order), reversed).iter().map(|s| s.subject.tag()).collect();
            assert_eq!(got, expect, "{order:?}");
        };
        check(Order::Memory, false, [2, 3, 1, 4]);
        check(Order::Cpu, false, [3, 1, 2, 4]);
        check(Order::Processes, false, [1, 2, 3, 4]);
        check(Order::Memory, true, [4, 1, 3, 2]);
    }
}
