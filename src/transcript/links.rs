//! Links of blocks in the tables of their readers.

use std::collections::HashMap;

use super::block::Block;
use crate::base::LinkId;
use crate::base::history::Run;
use crate::base::links::Links;

/// Links of blocks that are already in the reader's table: (block, link) → id. Without the cache, a
/// link without an `id=` would become a new one at each read of its row.
#[derive(Clone, Debug, Default)]
pub(super) struct LinkCache {
    known: HashMap<(u64, u32), LinkId>,
}

impl LinkCache {
    pub(super) fn note(&mut self, block: u64, index: u32, id: LinkId) {
        if self.known.len() >= Links::MAX {
            self.known.clear();
        }
        self.known.insert((block, index), id);
    }

    /// Replaces a block's own link ids by ids in the reader's table.
    pub(super) fn translate(&mut self, runs: &mut [Run], block: &Block, links: &mut Links) {
        for run in runs.iter_mut().filter(|run| run.style.link.0 != 0) {
            let index = run.style.link.0 - 1;
            run.style.link = block.link(index).map_or(LinkId(0), |link| {
                let known = self.known.get(&(block.id, index)).copied();
                if let Some(id) = known.filter(|&id| links.get(id) == Some(link)) {
                    return id;
                }
                let id = links.intern(&link.id, &link.uri);
                self.note(block.id, index, id);
                id
            });
        }
    }
}
