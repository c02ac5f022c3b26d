//! Cells that tell whoever keeps a header outside the core to look again.
//!
//! A reader remembers a cell's value with what it was given, and compares the two before it uses
//! that once more: one load instead of a call. The cells are a fixed number of integers, shared by
//! all sources in turn: two sources in one cell cost a look too many, never one too few.

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

const CELLS: usize = 1024;

static EPOCHS: [AtomicI32; CELLS] = [const { AtomicI32::new(0) }; CELLS];

/// All of them, for readers that load them without a call.
#[must_use]
pub fn epochs() -> &'static [AtomicI32] {
    &EPOCHS
}

/// One of the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochCell(usize);

impl EpochCell {
    /// The next one in turn.
    pub(crate) fn assign() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed) % CELLS)
    }

    /// What was handed out under this cell may be out of date.
    pub(crate) fn advance(self) {
        // Release: who sees the new value also finds, by the source's lock, what has changed.
        EPOCHS[self.0].fetch_add(1, Ordering::Release);
    }

    pub(crate) fn index(self) -> usize {
        self.0
    }

    pub(crate) fn value(self) -> i32 {
        EPOCHS[self.0].load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_a_cell_changes_its_value_and_the_cells_go_round() {
        let first = EpochCell::assign();
        let before = first.value();
        first.advance();
        assert_ne!(first.value(), before);
        assert!((0..2 * CELLS).all(|_| EpochCell::assign().index() < CELLS));
    }
}
