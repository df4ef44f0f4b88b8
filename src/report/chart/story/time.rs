//! The time of a story, from above to below. A long wait in which nothing happens is cut out, and seen to be.

use crate::chart::axis::even;

/// The height of a cut, in the picture's units.
const CUT: i32 = 44;
/// The most waits that are cut out.
const MOST_CUTS: usize = 4;
/// The least height of a stretch between two cuts, in the picture's units.
const LOWEST: i32 = 56;
/// Moments that are no further apart than this count as one, in microseconds.
const AT_ONCE_US: u64 = 30;
/// The least distance between two marks, in the picture's units.
const APART: i32 = 44;

/// A stretch of time without a cut, and where it lies on the sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    from_us: i64,
    to_us: i64,
    top: i32,
    bottom: i32,
}

/// The place of each moment on the sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Times {
    stretches: Vec<Stretch>,
}

impl Times {
    /// Lays the time from the first of these moments to the last between `top` and about `bottom`.
    pub(super) fn new(mut moments: Vec<i64>, top: i32, bottom: i32) -> Self {
        moments.sort_unstable();
        moments.dedup();
        let (Some(first), Some(last)) = (moments.first().copied(), moments.last().copied()) else {
            return Self { stretches: vec![Stretch { from_us: 0, to_us: 1, top, bottom }] };
        };
        let cuts = cuts(&moments);
        let kept = last.abs_diff(first) - cuts.iter().map(|(from, to)| to.abs_diff(*from)).sum::<u64>();
        // There is room before the first and after the last moment, so that nothing happens at the very edge.
        let shortest = cuts.iter().map(|(from, to)| to.abs_diff(*from)).min().unwrap_or(u64::MAX);
        let room = i64::try_from((kept / 12).min(shortest / 3)).unwrap_or(0).max(1);
        let starts = std::iter::once(first).chain(cuts.iter().map(|(_, to)| *to));
        let ends = cuts.iter().map(|(from, _)| *from).chain([last]);
        let bounds: Vec<_> = starts.zip(ends).map(|(from, to)| (from - room, to + room)).collect();
        let whole = bounds.iter().map(|(from, to)| to.abs_diff(*from)).sum::<u64>().max(1) as f64;
        let height = bottom - top - CUT * cuts.len() as i32 - LOWEST * bounds.len() as i32;
        let mut at = top;
        let stretches = bounds.into_iter().map(|(from_us, to_us)| {
            let share = to_us.abs_diff(from_us) as f64 / whole;
            let stretch = Stretch {
                from_us,
                to_us,
                top: at,
                bottom: at + LOWEST + (share * f64::from(height.max(0))) as i32,
            };
            at = stretch.bottom + CUT;
            stretch
        });
        Self { stretches: stretches.collect() }
    }

    /// The place of a moment, from above.
    pub(super) fn at(&self, us: i64) -> i32 {
        for stretch in &self.stretches {
            if us <= stretch.to_us {
                let share = (us.max(stretch.from_us) - stretch.from_us) as f64
                    / (stretch.to_us - stretch.from_us) as f64;
                return stretch.top + (share * f64::from(stretch.bottom - stretch.top)).round() as i32;
            }
        }
        self.bottom()
    }

    /// Whether a moment lies on the sheet.
    pub(super) fn holds(&self, us: i64) -> bool {
        let first = self.stretches.first().map_or(i64::MAX, |stretch| stretch.from_us);
        (first..=self.stretches.last().map_or(i64::MIN, |stretch| stretch.to_us)).contains(&us)
    }

    /// The place of the last moment, and a little more.
    pub(super) fn bottom(&self) -> i32 {
        self.stretches.last().map_or(0, |stretch| stretch.bottom)
    }

    /// The places of the cuts: from and to.
    pub(super) fn cuts(&self) -> impl Iterator<Item = (i32, i32)> {
        self.stretches.windows(2).map(|two| (two[0].bottom, two[1].top))
    }

    /// The marks of the time: the place of each, and its milliseconds since a moment.
    pub(super) fn marks(&self, since_us: i64) -> Vec<(i32, String)> {
        let mut marks = Vec::new();
        for stretch in &self.stretches {
            let ms = |us: i64| (us - since_us) as f64 / 1_000.0;
            let many = ((stretch.bottom - stretch.top) / APART).max(1) as usize;
            let (low, high) = (ms(stretch.from_us), ms(stretch.to_us));
            // A short stretch may have no round number in it at first.
            let round = [many, many * 2, many * 4].map(|many| even(low, high, many));
            let found = round.into_iter().find(|marks| !marks.is_empty()).unwrap_or_default();
            let place = |at: f64| (at * 1_000.0).round() as i64 + since_us;
            marks.extend(found.into_iter().map(|(at, word)| (self.at(place(at)), word)));
        }
        marks
    }
}

/// The waits to cut out: together most of the time, and each far longer than any wait that stays. Moments within a few
/// microseconds count as one: what a process does at once is no stretch worth to be seen.
fn cuts(moments: &[i64]) -> Vec<(i64, i64)> {
    let mut apart = moments.to_vec();
    apart.dedup_by(|later, earlier| later.abs_diff(*earlier) < AT_ONCE_US);
    let mut waits: Vec<_> = apart.windows(2).map(|two| (two[0], two[1])).collect();
    let length = |wait: &(i64, i64)| wait.1.abs_diff(wait.0);
    waits.sort_by_key(|wait| std::cmp::Reverse(length(wait)));
    let sum = |waits: &[(i64, i64)]| waits.iter().map(length).fold(0, u64::saturating_add);
    let stands_out = |many: &usize| {
        let Some((cut, stay)) = waits.split_at_checked(*many) else { return false };
        let (Some(shortest), Some(longest)) = (cut.last(), stay.first()) else { return false };
        length(shortest) / 4 > length(longest) && sum(cut) / 6 > sum(&waits) / 10
    };
    let many = (1..=MOST_CUTS).rev().find(stands_out).unwrap_or(0);
    waits.truncate(many);
    waits.sort_unstable();
    waits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_seconds_of_waiting_do_not_hide_the_milliseconds_at_both_ends() {
        let times = Times::new(vec![0, 300, 700, 5_000_000, 5_000_400], 0, 500);
        let cuts: Vec<_> = times.cuts().collect();
        assert_eq!(cuts.len(), 1);
        assert!(times.at(700) - times.at(0) > 100 && times.at(700) < cuts[0].0, "{times:?}");
        assert!(
            times.at(5_000_400) - times.at(5_000_000) > 50 && times.at(5_000_000) > cuts[0].1,
            "{times:?}"
        );
        let words: Vec<_> = times.marks(0).into_iter().map(|(_, word)| word).collect();
        assert!(words.contains(&"0".into()) && words.contains(&"5,000.2".into()), "{words:?}");
    }

    #[test]
    fn what_happens_at_once_makes_no_wait_stand_out() {
        let times = Times::new(vec![0, 157, 159, 370, 371, 480, 590], 0, 500);
        assert_eq!(times.cuts().count(), 0, "{times:?}");
    }

    #[test]
    fn a_wait_with_a_moment_in_it_is_cut_out_twice() {
        let times = Times::new(vec![0, 80, 410, 4_480_000, 10_060_000, 10_060_900, 10_062_400], 0, 500);
        assert_eq!(times.cuts().count(), 2);
        assert!(times.at(410) - times.at(80) > 10, "{times:?}");
    }

    #[test]
    fn one_moment_two_and_an_even_course_need_no_cut() {
        for moments in
            [vec![], vec![7], vec![0, 5_000_000], vec![-100, 0, 100, 200], vec![i64::MIN / 4, i64::MAX / 4]]
        {
            let times = Times::new(moments.clone(), 10, 400);
            assert_eq!(times.cuts().count(), 0, "{moments:?}");
            for moment in moments {
                assert!((10..=400).contains(&times.at(moment)), "{times:?}");
            }
        }
    }
}
