//! A tree of items shown as lines: expanded, tagged and current items, searching. The tree is
//! rebuilt when its items change; items are recognized by their tags.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::base::{Key, Size};
use crate::format::sort::{Order, Sort};

/// Size of a preview.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) enum Preview {
    Off,
    #[default]
    Normal,
    Big,
}

/// One item. `parent` and `children` are indexes of nodes.
#[derive(Clone, Debug)]
pub(crate) struct Node<T> {
    pub parent: Option<usize>,
    pub children: Vec<usize>,
    pub data: T,
    pub tag: u64,
    pub name: String,
    pub text: Option<String>,
    pub expanded: bool,
    pub tagged: bool,
    /// Its preview is that of its parent item.
    pub as_parent: bool,
    pub no_tag: bool,
    /// Names at its level are right-aligned.
    pub align_right: bool,
    pub key: Option<Key>,
    pub line: usize,
}

/// A line of the list, in view or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub node: usize,
    pub depth: usize,
    /// True if it is the last of its siblings.
    pub last: bool,
    /// True if none of its siblings has children.
    pub flat: bool,
}

/// Most nodes of a tree; more are left out.
const MAX_NODES: usize = 50_000;

#[derive(Debug)]
pub(crate) struct Tree<T> {
    pub nodes: Vec<Node<T>>,
    pub roots: Vec<usize>,
    pub lines: Vec<Line>,
    /// Tagged and expanded state by tag, from before the rebuild.
    saved: HashMap<u64, (bool, bool)>,
    /// Tag of the item that was current under the previous server.
    wanted: Option<u64>,
    pub max_depth: usize,
    pub size: Size,
    /// Lines of the list; the rest of the rows is for the preview. `ALL` until a preview with a
    /// fixed height has room.
    pub height: usize,
    pub offset: usize,
    pub current: usize,
    pub preview: Preview,
    /// Rows of the preview, if the kind of tree fixes them.
    pub fixed_preview: Option<usize>,
    pub search: Option<String>,
    pub search_down: bool,
    pub filter: Option<String>,
    pub no_matches: bool,
    pub sort: Sort,
    pub orders: &'static [Order],
    /// Names are right-aligned, so that all texts start in one column.
    pub align_names: bool,
    /// The text of the current line is drawn without its own styles.
    pub plain_current: bool,
}

/// Most nodes whose state is saved for the next server; later nodes get the default state.
const MAX_SAVED: usize = 2000;

/// State of a tree that the next server needs; see `saved.rs`.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedTree {
    /// Nodes with children or a tag: tag, tagged, expanded.
    nodes: Vec<(u64, bool, bool)>,
    current: Option<u64>,
    preview: Preview,
    search: Option<String>,
    search_down: bool,
    filter: Option<String>,
    sort: Sort,
}

/// Height of a list with all lines drawn.
const ALL: usize = u32::MAX as usize;

impl<T> Tree<T> {
    pub(crate) fn new(size: Size) -> Self {
        Self {
            nodes: Vec::new(),
            roots: Vec::new(),
            lines: Vec::new(),
            saved: HashMap::new(),
            wanted: None,
            max_depth: 0,
            size,
            height: ALL,
            offset: 0,
            current: 0,
            preview: Preview::Normal,
            fixed_preview: None,
            search: None,
            search_down: true,
            filter: None,
            no_matches: false,
            sort: Sort::default(),
            orders: &[],
            align_names: false,
            plain_current: false,
        }
    }

    pub(super) fn save(&self) -> SavedTree {
        let Self {
            nodes,
            preview,
            search,
            search_down,
            filter,
            sort,
            // Rebuilt.
            roots: _,
            lines: _,
            saved: _,
            wanted: _,
            max_depth: _,
            size: _,
            height: _,
            offset: _,
            current: _,
            no_matches: _,
            // Set by the source.
            fixed_preview: _,
            orders: _,
            align_names: _,
            plain_current: _,
        } = self;
        let kept = nodes.iter().filter(|node| node.tagged || !node.children.is_empty());
        SavedTree {
            nodes: kept.map(|node| (node.tag, node.tagged, node.expanded)).take(MAX_SAVED).collect(),
            current: self.current_tag(),
            preview: *preview,
            search: search.clone(),
            search_down: *search_down,
            filter: filter.clone(),
            sort: *sort,
        }
    }

    /// Takes the state that another server saved; it is applied when the tree is built.
    pub(super) fn take_up(&mut self, saved: SavedTree) {
        let SavedTree { nodes, current, preview, search, search_down, filter, sort } = saved;
        self.saved = nodes.into_iter().map(|(tag, tagged, expanded)| (tag, (tagged, expanded))).collect();
        (self.wanted, self.preview) = (current, preview);
        (self.search, self.search_down, self.filter, self.sort) = (search, search_down, filter, sort);
    }

    /// Removes all items, but keeps the expanded and tagged state by tag.
    pub(crate) fn begin(&mut self) {
        if !self.nodes.is_empty() {
            self.saved = self.nodes.iter().map(|n| (n.tag, (n.tagged, n.expanded))).collect();
        }
        self.clear();
    }

    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
        self.roots.clear();
    }

    /// Adds an item below another one. `expanded` applies unless the state is known from before.
    /// `None` beyond the limit of nodes.
    pub(crate) fn add(
        &mut self,
        parent: Option<usize>,
        data: T,
        tag: u64,
        name: String,
        text: Option<String>,
        expanded: bool,
    ) -> Option<usize> {
        if self.nodes.len() >= MAX_NODES {
            return None;
        }
        let parent_open = parent.is_none_or(|p| self.nodes[p].expanded);
        let (tagged, expanded) = match self.saved.get(&tag) {
            Some(&(tagged, expanded)) => (tagged && parent_open, expanded),
            None => (false, expanded),
        };
        let index = self.nodes.len();
        self.nodes.push(Node {
            parent,
            children: Vec::new(),
            data,
            tag,
            name,
            text,
            expanded,
            tagged,
            as_parent: false,
            no_tag: false,
            align_right: self.align_names,
            key: None,
            line: 0,
        });
        match parent {
            Some(parent) => self.nodes[parent].children.push(index),
            None => self.roots.push(index),
        }
        Some(index)
    }

    /// Removes the item that was added last, with its children.
    pub(crate) fn remove_from(&mut self, index: usize) {
        let parent = self.nodes[index].parent;
        self.nodes.truncate(index);
        match parent {
            Some(parent) => self.nodes[parent].children.retain(|&child| child < index),
            None => self.roots.retain(|&root| root < index),
        }
    }

    /// Makes the lines of the added items; the item `tag` becomes current.
    pub(crate) fn finish(&mut self, tag: Option<u64>) {
        self.saved.clear();
        self.lines.clear();
        self.max_depth = 0;
        let roots = self.roots.clone();
        self.add_lines(&roots, 0);
        let tag = self
            .wanted
            .take()
            .or(tag)
            .or_else(|| self.lines.get(self.current).map(|l| self.nodes[l.node].tag));
        self.set_current(tag);
        self.set_height();
        self.keep_current_visible();
    }

    fn add_lines(&mut self, nodes: &[usize], depth: usize) {
        self.max_depth = self.max_depth.max(depth);
        let flat = nodes.iter().all(|&n| self.nodes[n].children.is_empty());
        for (at, &node) in nodes.iter().enumerate() {
            self.nodes[node].line = self.lines.len();
            self.lines.push(Line { node, depth, last: at + 1 == nodes.len(), flat });
            if self.nodes[node].expanded {
                let children = self.nodes[node].children.clone();
                self.add_lines(&children, depth + 1);
            }
        }
    }

    fn set_height(&mut self) {
        let rows = self.size.rows as usize;
        let height = match (self.preview, self.fixed_preview) {
            (Preview::Off, _) => rows,
            (_, Some(fixed)) if fixed < rows => rows - fixed,
            (_, Some(_)) => self.height,
            (Preview::Normal, None) => {
                let two_thirds = rows / 3 * 2;
                let height = if two_thirds > self.lines.len() { rows / 2 } else { two_thirds };
                if height < 10 { rows } else { height }
            }
            (Preview::Big, None) => (rows / 4).min(self.lines.len()).max(2),
        };
        // tmux: a list that is higher than the screen stays so; its last lines share the last row.
        let left = if height == ALL { Some(rows) } else { rows.checked_sub(height) };
        self.height = if left.is_some_and(|left| left < 2) { rows } else { height }.max(1);
    }

    /// Lines of a page. tmux: 0 until a preview with a fixed height had room.
    pub(crate) fn page(&self) -> usize {
        if self.height == ALL { 0 } else { self.height }
    }

    fn keep_current_visible(&mut self) {
        if self.current > self.height - 1 {
            self.offset = self.current + 1 - self.height;
        }
    }

    fn line_of_tag(&self, tag: u64) -> Option<usize> {
        self.lines.iter().position(|line| self.nodes[line.node].tag == tag)
    }

    /// Makes the item with a tag current; without it, clamps to the existing lines. True if the
    /// item was found.
    pub(crate) fn set_current(&mut self, tag: Option<u64>) -> bool {
        let found = tag.and_then(|tag| self.line_of_tag(tag));
        if found.is_none() && self.current < self.lines.len() {
            return false;
        }
        if let Some(line) = found.or(self.lines.len().checked_sub(1)) {
            self.current = line;
            self.offset = (self.current + 1).saturating_sub(self.height);
        }
        found.is_some()
    }

    /// Expands an item. True if it was not expanded.
    pub(crate) fn expand(&mut self, tag: u64) -> bool {
        let Some(line) = self.line_of_tag(tag) else { return false };
        let node = &mut self.nodes[self.lines[line].node];
        !std::mem::replace(&mut node.expanded, true)
    }

    pub(crate) fn current_line(&self) -> Option<&Line> {
        self.lines.get(self.current)
    }

    pub(crate) fn current_node(&self) -> Option<&Node<T>> {
        self.current_line().map(|line| &self.nodes[line.node])
    }

    pub(crate) fn current_index(&self) -> Option<usize> {
        self.current_line().map(|line| line.node)
    }

    pub(crate) fn current_tag(&self) -> Option<u64> {
        self.current_node().map(|node| node.tag)
    }

    pub(crate) fn up(&mut self, wrap: bool) {
        if self.lines.is_empty() {
            return;
        }
        if self.current > 0 {
            self.current -= 1;
            if self.current < self.offset {
                self.offset -= 1;
            }
        } else if wrap {
            self.current = self.lines.len() - 1;
            if self.lines.len() >= self.height {
                self.offset = self.lines.len() - self.height;
            }
        }
    }

    /// Moves to the next line. False if there is none.
    pub(crate) fn down(&mut self, wrap: bool) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        if self.current + 1 < self.lines.len() {
            self.current += 1;
            if self.current > self.offset + self.height - 1 {
                self.offset += 1;
            }
        } else if wrap {
            self.current = 0;
            self.offset = 0;
        } else {
            return false;
        }
        true
    }

    pub(crate) fn first(&mut self) {
        self.current = 0;
        self.offset = 0;
    }

    pub(crate) fn end(&mut self) {
        self.current = self.lines.len().saturating_sub(1);
        self.offset = (self.current + 1).saturating_sub(self.height);
    }

    /// Nearest line at the depth of the current one, with the same parent.
    pub(crate) fn sibling_line(&self, down: bool) -> Option<usize> {
        let depth = self.current_line()?.depth;
        let mut at = self.current;
        loop {
            at = if down { at + 1 } else { at.checked_sub(1)? };
            let line = self.lines.get(at)?;
            if line.depth <= depth {
                return (line.depth == depth).then_some(at);
            }
        }
    }

    pub(crate) fn tagged(&self) -> Vec<usize> {
        self.lines.iter().map(|l| l.node).filter(|&n| self.nodes[n].tagged).collect()
    }

    /// Toggles the tag of the current item; a parent and its children are never both tagged.
    /// `go_on`: the next line becomes the current one.
    pub(crate) fn toggle_tag(&mut self, go_on: bool) {
        let Some(at) = self.current_index() else { return };
        if self.nodes[at].no_tag {
            return;
        }
        if self.nodes[at].tagged {
            self.nodes[at].tagged = false;
        } else {
            self.untag_relatives(at);
            self.nodes[at].tagged = true;
        }
        if go_on {
            self.down(false);
        }
    }

    fn untag_relatives(&mut self, at: usize) {
        let mut parent = self.nodes[at].parent;
        while let Some(p) = parent {
            self.nodes[p].tagged = false;
            parent = self.nodes[p].parent;
        }
        let mut below = self.nodes[at].children.clone();
        while let Some(child) = below.pop() {
            self.nodes[child].tagged = false;
            below.extend_from_slice(&self.nodes[child].children);
        }
    }

    pub(crate) fn untag_all(&mut self) {
        for line in &self.lines {
            self.nodes[line.node].tagged = false;
        }
    }

    /// Tags all top-level items that can be tagged.
    pub(crate) fn tag_all(&mut self) {
        for line in self.lines.clone() {
            let node = &self.nodes[line.node];
            let tagged = match node.parent {
                None => !node.no_tag,
                Some(parent) => self.nodes[parent].no_tag,
            };
            self.nodes[line.node].tagged = tagged;
        }
    }

    /// Next (or previous) matching item in the order of the tree, wrapping around.
    pub(crate) fn find(&self, down: bool, fits: impl Fn(&Node<T>) -> bool) -> Option<usize> {
        let mut order = Vec::with_capacity(self.nodes.len());
        self.walk(&self.roots, &mut order);
        let at = order.iter().position(|&n| Some(n) == self.current_index())?;
        let count = order.len();
        let step = |by: usize| if down { (at + by) % count } else { (at + count - by) % count };
        (1..count).map(|by| order[step(by)]).find(|&n| fits(&self.nodes[n]))
    }

    fn walk(&self, nodes: &[usize], out: &mut Vec<usize>) {
        for &node in nodes {
            out.push(node);
            self.walk(&self.nodes[node].children, out);
        }
    }

    /// Expands all ancestors of an item.
    pub(crate) fn reveal(&mut self, node: usize) {
        let mut parent = self.nodes[node].parent;
        while let Some(p) = parent {
            self.nodes[p].expanded = true;
            parent = self.nodes[p].parent;
        }
    }

    pub(crate) fn next_order(&mut self) {
        if self.orders.is_empty() {
            return;
        }
        let at = self.orders.iter().position(|order| Some(*order) == self.sort.order);
        let next = at.map_or(0, |at| (at + 1) % self.orders.len());
        self.sort.order = Some(self.orders[next]);
    }
}
