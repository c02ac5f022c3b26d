//! Warnings on their way out: each one once, and never more than a few.

use std::collections::{HashSet, VecDeque};

use crate::events::Warning;

/// What nobody fetches is not kept for ever.
const MAX_WAITING: usize = 64;
/// Beyond this many different ones, old ones may be told again.
const MAX_REMEMBERED: usize = 256;

/// Most interceptors have nothing to warn of.
#[derive(Default)]
pub(super) struct WarningLog(Option<Box<Warnings>>);

#[derive(Default)]
struct Warnings {
    waiting: VecDeque<Warning>,
    told: HashSet<Warning>,
}

impl WarningLog {
    pub(super) fn extend(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        for warning in warnings {
            let Warnings { waiting, told } = &mut **self.0.get_or_insert_default();
            if told.len() >= MAX_REMEMBERED {
                told.clear();
            }
            if told.insert(warning.clone()) {
                waiting.truncate(MAX_WAITING - 1);
                waiting.push_back(warning);
            }
        }
    }

    pub(super) fn take(&mut self) -> Vec<Warning> {
        self.0.as_mut().map_or_else(Vec::new, |warnings| warnings.waiting.drain(..).collect())
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
        assert!(log.take().len() <= MAX_WAITING);
        assert!(log.0.unwrap().told.len() <= MAX_REMEMBERED);
    }
}
