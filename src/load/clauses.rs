//! Clauses that come again and again, each with its number.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The most different clauses that are kept, because a server can make up any number of reasons. **Full: a new one is
/// dropped**, and those that are known are counted on.
const MOST: usize = 20;

/// How often each clause came.
#[derive(Debug, Default)]
pub(super) struct Clauses(BTreeMap<String, u64>);

impl Clauses {
    /// Records that a clause came so many times more.
    pub(super) fn add(&mut self, what: String, times: u64) {
        if let Some(count) = self.0.get_mut(&what) {
            *count += times;
        } else if self.0.len() < MOST {
            self.0.insert(what, times);
        }
    }

    /// Each clause with its number, the most frequent first.
    pub(super) fn by_number(&self) -> Vec<(&str, u64)> {
        let mut counted: Vec<_> = self.0.iter().map(|(what, times)| (what.as_str(), *times)).collect();
        counted.sort_by_key(|(_, times)| Reverse(*times));
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_stands_first_and_of_too_many_the_first_are_counted() {
        let mut clauses = Clauses::default();
        (0..MOST + 5).for_each(|n| clauses.add(format!("{n:02}"), 1));
        clauses.add("07".into(), 2);
        clauses.add(format!("{:02}", MOST + 1), 9);
        let counted = clauses.by_number();
        assert_eq!((counted.len(), counted[0], counted[1]), (MOST, ("07", 3), ("00", 1)));
    }
}
