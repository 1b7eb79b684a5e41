//! Tests of the room at its façade: against a model, under faults, after crashes.

mod alternate;
mod caps;
mod damage;
mod encryption;
mod export;
mod faults;
mod kept;
mod lines;
mod lost;
mod model;
mod plain;
mod readers;
mod search;
mod trouble;
mod widths;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::fault::FaultyDisk;
use super::*;
use crate::base::history::{History, HistoryView, Row};
use crate::base::links::Links;
use crate::base::{Cell, width};

pub(super) const LONG: Duration = Duration::from_secs(20);
pub(super) const CAP: u64 = 64 << 20;

pub(super) fn store_on(disk: &FaultyDisk) -> TranscriptStore {
    let config = StoreConfig { storage: Arc::new(disk.clone()), ..StoreConfig::new(PathBuf::from("/t")) };
    TranscriptStore::new(config).unwrap()
}

pub(super) fn text_row(text: &str) -> Row {
    width::clusters(text).collect::<Vec<Cell>>().iter().collect()
}

pub(super) fn all_text(view: &mut dyn HistoryView) -> Vec<String> {
    let mut links = Links::new();
    (0..view.rows()).map(|n| view.row(n, &mut links).unwrap().text).collect()
}

pub(super) fn push_lines(history: &mut PaneHistory, from: u64, to: u64) {
    let links = Links::new();
    for n in from..to {
        history.push(&text_row(&format!("line {n} {}", "x".repeat((n % 50) as usize))), &links);
    }
}

pub(super) fn lines(from: u64, to: u64) -> Vec<String> {
    (from..to).map(|n| format!("line {n} {}", "x".repeat((n % 50) as usize))).collect()
}
