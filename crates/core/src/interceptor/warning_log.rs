//! Warnings on their way out: each one once, and never more than a few.

use std::collections::{HashSet, VecDeque};

use crate::events::Warning;

/// What nobody fetches is not kept for ever.
const MAX_WAITING: usize = 64;
/// Beyond this many different ones, old ones may be told again.
const MAX_REMEMBERED: usize = 256;

#[derive(Default)]
pub(super) struct WarningLog {
    waiting: VecDeque<Warning>,
    told: HashSet<Warning>,
}

impl WarningLog {
    pub(super) fn extend(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        for warning in warnings {
            if self.told.len() >= MAX_REMEMBERED {
                self.told.clear();
            }
            if self.told.insert(warning.clone()) {
                self.waiting.truncate(MAX_WAITING - 1);
                self.waiting.push_back(warning);
            }
        }
    }

    pub(super) fn take(&mut self) -> Vec<Warning> {
        self.waiting.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_told_once_and_the_log_is_bounded() {
        let mut log = WarningLog::default();
        let warning = |number: usize| Warning::new("W", number.to_string());
        log.extend([warning(1), warning(1)]);
        assert_eq!(log.take(), [warning(1)]);
        log.extend([warning(1)]);
        assert!(log.take().is_empty());
        log.extend((2..2000).map(warning));
        assert!(log.take().len() <= MAX_WAITING && log.told.len() <= MAX_REMEMBERED);
    }
}
