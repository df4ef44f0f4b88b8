//! How late each debt of one subscriber was that came first by replay. It may still come live, and is then not of the
//! distribution of what was recovered, so the times are kept apart until the end.

/// Number of debts in a page. Replays bring messages in a row, so that few pages are begun for a handful of debts.
const PAGE: usize = 1_024;

/// For the debts of one subscriber that came first by replay, how late the replay was, in microseconds. Takes nothing
/// without a replay, and four bytes a debt at the most.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    pages: Vec<Option<Box<[u32]>>>,
}

impl Replayed {
    /// Records that the debt at this place came by replay, this many microseconds after its intended send time. More than
    /// an hour counts as an hour in the end, so that four bytes are enough.
    pub(super) fn record(&mut self, place: usize, late_us: u64) {
        let (page, rest) = (place / PAGE, place % PAGE);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| vec![0; PAGE].into());
        page[rest] = u32::try_from(late_us).unwrap_or(u32::MAX);
    }

    /// How late the replay of the debt at this place was, in microseconds; 0 if none was recorded.
    pub(super) fn late_us(&self, place: usize) -> u64 {
        let page = self.pages.get(place / PAGE).and_then(Option::as_ref);
        page.map_or(0, |page| u64::from(page[place % PAGE]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_own_time_and_pages_are_begun_where_something_is() {
        let mut replayed = Replayed::default();
        assert_eq!(replayed.late_us(5_000), 0);
        for (place, late) in [(0, 7), (1_023, 8), (1_024, 9), (5_000, u64::MAX)] {
            replayed.record(place, late);
        }
        let late = [0, 1, 1_023, 1_024, 5_000, 9_000].map(|place| replayed.late_us(place));
        assert_eq!(late, [7, 0, 8, 9, u64::from(u32::MAX), 0]);
        let begun: Vec<_> = replayed.pages.iter().map(Option::is_some).collect();
        assert_eq!(begun, [true, true, false, false, true]);
    }
}
