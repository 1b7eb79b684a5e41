//! Cache of decoded blocks, within a budget of bytes for the whole server. The least recently used
//! block is dropped first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::block::Block;

/// See the module comment.
#[derive(Debug)]
pub(super) struct Cache {
    budget: usize,
    used: usize,
    clock: u64,
    blocks: HashMap<u64, (u64, usize, Arc<Block>)>,
    by_age: BTreeMap<u64, u64>,
}

impl Cache {
    pub(super) fn new(budget: usize) -> Self {
        Self { budget, used: 0, clock: 0, blocks: HashMap::new(), by_age: BTreeMap::new() }
    }

    pub(super) fn get(&mut self, id: u64) -> Option<Arc<Block>> {
        let (age, _, block) = self.blocks.get_mut(&id)?;
        // Rows are mostly read in order.
        if *age == self.clock {
            return Some(block.clone());
        }
        self.clock += 1;
        self.by_age.remove(age);
        *age = self.clock;
        self.by_age.insert(self.clock, id);
        Some(block.clone())
    }

    /// Caches a block, unless it alone exceeds the budget.
    pub(super) fn put(&mut self, block: Arc<Block>) {
        let (id, bytes) = (block.id, block.memory());
        self.remove(id);
        if bytes > self.budget {
            return;
        }
        while self.used + bytes > self.budget {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.remove(oldest);
        }
        self.clock += 1;
        self.used += bytes;
        self.by_age.insert(self.clock, id);
        self.blocks.insert(id, (self.clock, bytes, block));
    }

    pub(super) fn remove(&mut self, id: u64) {
        if let Some((age, bytes, _)) = self.blocks.remove(&id) {
            self.used -= bytes;
            self.by_age.remove(&age);
        }
    }

    pub(super) fn used(&self) -> usize {
        self.used
    }

    #[cfg(test)]
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.budget);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_used_goes_first_and_the_budget_holds() {
        let bytes = Block::new(0, 0, 0).memory();
        let mut cache = Cache::new(3 * bytes);
        for id in 0..3 {
            cache.put(Arc::new(Block::new(id, 0, 0)));
        }
        assert!(cache.get(0).is_some());
        cache.put(Arc::new(Block::new(3, 0, 0)));
        assert_eq!(cache.len(), 3);
        assert!(cache.get(1).is_none() && cache.get(0).is_some());
        cache.remove(0);
        assert_eq!(cache.used(), 2 * bytes);
    }
}
