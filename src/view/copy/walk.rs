//! Walking to the next paragraph or prompt. History may hold millions of rows and no match, so rows
//! are searched in slices, as in `search`.

use super::backing::Backing;
use super::search::SLICE_ROWS;
use super::state::CopyState;
use crate::base::history::RowFlags;

/// Goal of a walk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Goal {
    /// The blank row that ends a paragraph, or the last row there is.
    Blank,
    /// A row with a shell mark.
    Marked(RowFlags),
}

/// A walk that has not ended yet.
#[derive(Debug)]
pub(crate) struct Walk {
    goal: Goal,
    down: bool,
    /// Row searched last.
    y: usize,
    /// True if only blank rows were seen so far.
    in_gap: bool,
    /// Walks still to do, this one included.
    repeats: u32,
}

enum Step {
    Arrived,
    Nothing,
    More,
}

impl Walk {
    fn new(goal: Goal, down: bool, y: usize, repeats: u32) -> Self {
        Self { goal, down, y, in_gap: true, repeats }
    }

    fn step(&mut self, back: &Backing, budget: &mut usize) -> Step {
        while *budget > 0 {
            *budget -= 1;
            let at_end = if self.down { self.y >= back.last() } else { self.y == 0 };
            let next = if self.down { self.y + 1 } else { self.y.saturating_sub(1) };
            match self.goal {
                Goal::Blank => {
                    let blank = back.length(self.y) == 0;
                    self.in_gap &= blank;
                    if at_end || blank && !self.in_gap {
                        return Step::Arrived;
                    }
                    self.y = next;
                }
                Goal::Marked(_) if at_end => return Step::Nothing,
                Goal::Marked(mark) => {
                    self.y = next;
                    if back.line(self.y).flags.contains(mark) {
                        return Step::Arrived;
                    }
                }
            }
        }
        Step::More
    }
}

impl CopyState {
    /// Moves to the blank row behind (or before) the paragraph.
    pub(crate) fn goto_paragraph(&mut self, down: bool, repeats: u32) {
        if repeats > 0 {
            self.start_walk(Goal::Blank, down, repeats);
        }
    }

    /// Moves to the prompt (or start of output) above or below.
    pub(crate) fn goto_prompt(&mut self, down: bool, output: bool) {
        let mark = if output { RowFlags::START_OUTPUT } else { RowFlags::START_PROMPT };
        self.start_walk(Goal::Marked(mark), down, 1);
    }

    fn start_walk(&mut self, goal: Goal, down: bool, repeats: u32) {
        self.search.pending = None;
        self.go_on_walking(Walk::new(goal, down, self.row(), repeats));
    }

    /// Walks through one slice; the rest is left for `continue_search`.
    pub(super) fn go_on_walking(&mut self, mut walk: Walk) {
        self.walk = None;
        let mut budget = SLICE_ROWS;
        loop {
            match walk.step(&self.back, &mut budget) {
                Step::More => {
                    self.walk = Some(walk);
                    return;
                }
                Step::Nothing => return,
                Step::Arrived => self.arrive(&walk),
            }
            if walk.repeats <= 1 {
                return;
            }
            walk = Walk::new(walk.goal, walk.down, self.row(), walk.repeats - 1);
        }
    }

    fn arrive(&mut self, walk: &Walk) {
        let y = walk.y;
        if walk.goal == Goal::Blank {
            let x = if walk.down { self.back.length(y) } else { 0 };
            self.scroll_to(x, y, false);
            return;
        }
        let hsize = self.back.hsize;
        self.cx = 0;
        (self.cy, self.oy) = if y > hsize { (y - hsize, 0) } else { (0, hsize.saturating_sub(y)) };
        self.update_selection(false);
    }
}
