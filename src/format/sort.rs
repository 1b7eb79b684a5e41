//! Orders for lists of sessions, windows, panes, clients and buffers: `-O` and `-r` of the
//! list commands, loops in formats, and choosers.
//!
//! tmux's rules: equal entries are ordered by name, a reversed order reverses that too, and a missing
//! order (no `-O`) is not reversed. Entries that are still equal keep the order in which they were found.

use std::cmp::Ordering;

use crate::base::clock::Now;
use crate::base::{ClientId, PaneId, SessionId};
use crate::model::{Client, ClientFlags, Pane, Server, Session, Window};

use super::vars::pane::z_index;
use super::vars::screen;

/// The key that a list is sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Order {
    Activity,
    Creation,
    Index,
    Modifier,
    Name,
    /// Unsorted: the order in which entries are found.
    Given,
    Size,
    Z,
    /// Only for `choose-usage`.
    Memory,
    Cpu,
    Processes,
    History,
}

impl Order {
    /// The keys of `choose-usage`.
    pub(crate) const OF_USAGE: &'static [Self] = &[Self::Memory, Self::Cpu, Self::Processes, Self::History];

    /// Parses the word given to `choose-usage -O`.
    pub(crate) fn parse_usage(text: &str) -> Option<Self> {
        Self::OF_USAGE.iter().copied().find(|order| order.name().eq_ignore_ascii_case(text))
    }

    /// Parses the word given with `-O`, ignoring case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "activity" => Self::Activity,
            "creation" => Self::Creation,
            "index" | "key" => Self::Index,
            "modifier" => Self::Modifier,
            "name" | "title" => Self::Name,
            "order" => Self::Given,
            "size" => Self::Size,
            "z" => Self::Z,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Creation => "creation",
            Self::Index => "index",
            Self::Modifier => "modifier",
            Self::Name => "name",
            Self::Given => "order",
            Self::Size => "size",
            Self::Z => "z",
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Processes => "processes",
            Self::History => "history",
        }
    }
}

/// An order and its direction. Without an order, the direction has no effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Sort {
    pub order: Option<Order>,
    pub reversed: bool,
}

impl Sort {
    fn apply<T>(self, list: &mut [T], compare: impl Fn(&T, &T, Order) -> Ordering) {
        match self.order {
            None => {}
            Some(Order::Given) if self.reversed => list.reverse(),
            Some(Order::Given) => {}
            Some(order) => list.sort_by(|a, b| {
                let result = compare(a, b, order);
                if self.reversed { result.reverse() } else { result }
            }),
        }
    }
}

/// Compares two objects by the time when they were made, or by that of their last activity, the latest
/// first; equal in any other order.
fn compare_times(order: Order, created: [Now; 2], activity: [Now; 2]) -> Ordering {
    match order {
        Order::Creation => created[0].wall_us.cmp(&created[1].wall_us),
        Order::Activity => activity[1].wall_us.cmp(&activity[0].wall_us),
        _ => Ordering::Equal,
    }
}

/// All sessions; unsorted, they are in the order of their names.
pub(crate) fn sessions(server: &Server, sort: Sort) -> Vec<SessionId> {
    let mut list: Vec<&Session> =
        server.sessions_by_name().into_iter().filter_map(|id| server.session(id)).collect();
    sort.apply(&mut list, |a, b, order| {
        let result = match order {
            Order::Index => a.id.cmp(&b.id),
            _ => compare_times(order, [a.created, b.created], [a.activity, b.activity]),
        };
        result.then_with(|| a.name.cmp(&b.name))
    });
    list.into_iter().map(|session| session.id).collect()
}

fn cells(size: crate::base::Size) -> u64 {
    u64::from(size.cols) * u64::from(size.rows)
}

fn compare_windows(a: (i32, &Window), b: (i32, &Window), order: Order) -> Ordering {
    let ((index_a, a), (index_b, b)) = (a, b);
    let result = match order {
        Order::Index => index_a.cmp(&index_b),
        Order::Size => cells(a.size).cmp(&cells(b.size)),
        _ => compare_times(order, [a.created, b.created], [a.activity, b.activity]),
    };
    result.then_with(|| a.name.cmp(&b.name))
}

/// Indexes of a session's winlinks; unsorted, they ascend.
pub(crate) fn winlinks_of(server: &Server, session: &Session, sort: Sort) -> Vec<i32> {
    let link = |(&index, link): (&i32, &crate::model::Winlink)| Some((index, server.window(link.window)?));
    let mut list: Vec<(i32, &Window)> = session.winlinks.iter().filter_map(link).collect();
    sort.apply(&mut list, |a, b, order| compare_windows(*a, *b, order));
    list.into_iter().map(|(index, _)| index).collect()
}

/// Winlinks of all sessions; unsorted, session by session.
pub(crate) fn winlinks(server: &Server, sort: Sort) -> Vec<(SessionId, i32)> {
    let mut list: Vec<(SessionId, i32, &Window)> = Vec::new();
    for session in server.sessions_by_name().into_iter().filter_map(|id| server.session(id)) {
        for (&index, link) in &session.winlinks {
            if let Some(window) = server.window(link.window) {
                list.push((session.id, index, window));
            }
        }
    }
    sort.apply(&mut list, |a, b, order| compare_windows((a.1, a.2), (b.1, b.2), order));
    list.into_iter().map(|(session, index, _)| (session, index)).collect()
}

// tmux: the title belongs to the screen that the pane shows; screens of modes have none.
fn shown_title(pane: &Pane) -> String {
    if pane.modes.is_empty() { screen::title(pane) } else { String::new() }
}

fn sort_panes(server: &Server, ids: impl IntoIterator<Item = PaneId>, sort: Sort) -> Vec<PaneId> {
    let mut list: Vec<(&Pane, String)> =
        ids.into_iter().filter_map(|id| server.pane(id)).map(|pane| (pane, shown_title(pane))).collect();
    let place = |ids: &[PaneId], id: PaneId| ids.iter().position(|&other| other == id);
    let window = |pane: &Pane| server.window(pane.window);
    sort.apply(&mut list, |(a, title_a), (b, title_b), order| {
        let result = match order {
            Order::Activity => a.active_point.cmp(&b.active_point),
            Order::Creation => a.id.cmp(&b.id),
            Order::Size => cells(a.size).cmp(&cells(b.size)),
            Order::Index => {
                let index = |pane: &Pane| window(pane).and_then(|w| place(&w.panes, pane.id));
                index(a).cmp(&index(b))
            }
            Order::Z => z_index(server, a).cmp(&z_index(server, b)),
            _ => Ordering::Equal,
        };
        result.then_with(|| title_a.cmp(title_b))
    });
    list.into_iter().map(|(pane, _)| pane.id).collect()
}

/// A window's panes; unsorted, in the order of their indexes.
pub(crate) fn panes_of(server: &Server, window: &Window, sort: Sort) -> Vec<PaneId> {
    sort_panes(server, window.panes.iter().copied(), sort)
}

/// Clients attached to a session; unsorted, in the order in which they connected.
pub(crate) fn clients(server: &Server, sort: Sort) -> Vec<ClientId> {
    let gone = ClientFlags::DEAD | ClientFlags::SUSPENDED | ClientFlags::EXIT;
    let attached = |c: &&Client| c.flags.contains(ClientFlags::ATTACHED) && !c.flags.intersects(gone);
    let mut list: Vec<&Client> = server.clients.values().filter(attached).collect();
    sort.apply(&mut list, |a, b, order| {
        let result = match order {
            Order::Size => a.size.cols.cmp(&b.size.cols).then(a.size.rows.cmp(&b.size.rows)),
            _ => compare_times(order, [a.created, b.created], [a.activity, b.activity]),
        };
        result.then_with(|| a.name.cmp(&b.name))
    });
    list.into_iter().map(|client| client.id).collect()
}

/// Names of all paste buffers; unsorted, the newest comes first.
pub(crate) fn buffers(server: &Server, sort: Sort) -> Vec<String> {
    let mut list: Vec<_> = server.buffers.by_name.values().collect();
    list.sort_by_key(|buffer| std::cmp::Reverse(buffer.order));
    sort.apply(&mut list, |a, b, order| {
        let result = match order {
            Order::Creation => b.order.cmp(&a.order),
            Order::Size => a.data.len().cmp(&b.data.len()),
            _ => Ordering::Equal,
        };
        result.then_with(|| a.name.cmp(&b.name))
    });
    list.into_iter().map(|buffer| buffer.name.clone()).collect()
}
