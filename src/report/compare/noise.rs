//! When a difference is more than noise.
//!
//! Runs of the same thing differ, and their spread is the noise. Two sides are told apart by the exact two-sided
//! Mann-Whitney U test, which asks nothing of how the figures are distributed: were both sides the same, every way to
//! deal the pooled values out to the sides would be as likely as the one seen; `p` is the share of the ways that part
//! the sides at least as far. Ties count half, and the count of ways stays exact with them.
//!
//! A difference is marked if `p` is at most [`MARKED_BELOW`], 1 %. That is strict, for a comparison has some thirty
//! figures, and of thirty figures that are all noise, 5 % would mark one or two. The smallest `p` that 4 runs a side
//! can have is 2.9 %: they mark nothing. With 5 a side it is 0.8 %, when no two values of the sides overlap.
//!
//! A figure that is pooled (a quantile of all runs together) may go one way because of a single run, and the runs the
//! other: then nothing is marked. Neither is a figure that some of the runs do not have, as no impact where nobody was
//! harmed: what is left of them is no fair sample.
//!
//! The mark says that the sides differ, not why: the spread within a side knows nothing of a machine that was busier on
//! another day.

use std::cmp::Ordering;

/// The probability up to which a difference is marked.
pub const MARKED_BELOW: f64 = 0.01;

/// More runs than this, both sides together, are not counted exactly in good time; nobody makes them.
const MOST: usize = 100;

/// The probability that chance alone parts two samples at least as far as these; `None` if one is empty, or if there
/// are too many to count.
pub(super) fn chance(one: &[f64], other: &[f64]) -> Option<f64> {
    let all: Vec<f64> = one.iter().chain(other).copied().collect();
    if one.is_empty() || other.is_empty() || all.len() > MOST {
        return None;
    }
    let ranks = doubled_ranks(&all);
    let seen: usize = ranks[..one.len()].iter().sum();
    let ways = ways(&ranks, one.len());
    // What the sum is on average, times the number of all values, so that nothing is rounded.
    let total: usize = ranks.iter().sum();
    let centre = total * one.len();
    let apart = |sum: usize| (sum * all.len()).abs_diff(centre);
    let at_least = ways.iter().enumerate().filter(|(sum, _)| apart(*sum) >= apart(seen));
    Some(at_least.map(|(_, ways)| ways).sum::<f64>() / ways.iter().sum::<f64>())
}

/// Which way the ranks lean: `Greater` if the other sample's values are mostly above this one's.
pub(super) fn leaning(one: &[f64], other: &[f64]) -> Ordering {
    let pairs = one.iter().flat_map(|before| other.iter().map(move |after| after.total_cmp(before) as i64));
    pairs.sum::<i64>().cmp(&0)
}

/// The smallest probability that so many runs can have.
pub(super) fn smallest(one: usize, other: usize) -> f64 {
    let ways = (1..=one).fold(1.0, |ways, i| ways * (other + i) as f64 / i as f64);
    if one == 0 || other == 0 { 1.0 } else { (2.0 / ways).min(1.0) }
}

/// Twice the rank of each value, counted from 1; equal values share the mean of theirs.
fn doubled_ranks(values: &[f64]) -> Vec<usize> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        2 * below + equal + 1
    };
    values.iter().map(rank).collect()
}

/// In how many ways so many of the ranks have each sum.
fn ways(ranks: &[usize], chosen: usize) -> Vec<f64> {
    let total: usize = ranks.iter().sum();
    let mut ways = vec![vec![0.0; total + 1]; chosen + 1];
    ways[0][0] = 1.0;
    for (i, rank) in ranks.iter().enumerate() {
        for many in (1..=chosen.min(i + 1)).rev() {
            let (fewer, more) = ways.split_at_mut(many);
            for sum in *rank..=total {
                more[0][sum] += fewer[many - 1][sum - rank];
            }
        }
    }
    ways.swap_remove(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(one: &[f64], other: &[f64]) -> f64 {
        (chance(one, other).unwrap() * 1e6).round() / 1e6
    }

    #[test]
    fn the_probabilities_are_those_of_the_tables() {
        // Complete separation: 2 of 20, of 70 and of 252 ways.
        assert_eq!(p(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 0.1);
        assert_eq!(p(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]), 0.028_571);
        assert_eq!(p(&[6.0, 7.0, 8.0, 9.0, 10.0], &[1.0, 2.0, 3.0, 4.0, 5.0]), 0.007_937);
        // U = 1 with five a side.
        assert_eq!(p(&[1.0, 2.0, 3.0, 4.0, 6.0], &[5.0, 7.0, 8.0, 9.0, 10.0]), 0.015_873);
        // One value of another on one side only says next to nothing; equal sides say nothing at all.
        assert_eq!(p(&[0.0; 5], &[0.0; 5]), 1.0);
        assert_eq!(p(&[0.0; 5], &[0.0, 0.0, 0.0, 0.0, 9.0]), 1.0);
        assert_eq!(p(&[0.0; 5], &[9.0; 5]), 0.007_937);
        assert_eq!(chance(&[], &[1.0]), None);
        assert_eq!(chance(&[1.0; 60], &[2.0; 60]), None);
    }

    #[test]
    fn five_a_side_are_enough_and_four_are_not() {
        assert!(
            smallest(4, 4) > MARKED_BELOW && smallest(5, 5) <= MARKED_BELOW && smallest(4, 6) <= MARKED_BELOW
        );
        assert_eq!([smallest(1, 1), smallest(0, 3), smallest(3, 3)], [1.0, 1.0, 0.1]);
    }

    #[test]
    fn many_runs_are_counted_in_good_time() {
        let one: Vec<_> = (0..50).map(f64::from).collect();
        let other: Vec<_> = (0..50).map(|value| f64::from(value) + 0.5).collect();
        assert!((0.8..1.0).contains(&chance(&one, &other).unwrap()));
    }
}
