//! When a difference is more than noise.
//!
//! Runs of the same thing differ, and their spread is the noise. Two sides are told apart by the exact two-sided
//! Mann-Whitney U test, which asks nothing of how the figures are distributed: were both sides the same, every way to
//! deal the pooled values out to the sides would be as likely as the one seen; `p` is the share of the ways that part
//! the sides at least as far. Ties count half, and the count of ways stays exact with them.
//!
//! A difference is marked if `p` is at most [`MARKED_BELOW`], 1%. That is strict, for a comparison has some thirty
//! figures, and of thirty figures that are all noise, 5% would mark one or two. The smallest `p` that 4 runs a side
//! can have is 2.9%: they mark nothing. With 5 a side it is 0.8%, when no two values of the sides overlap.
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

/// The most runs, both sides together, that are counted exactly in good time; nobody makes more.
const MOST: usize = 100;

/// The probability that chance alone parts two samples at least as far as these; `None` if one of them is empty, or if
/// there are too many values to count.
pub(super) fn chance(one: &[f64], other: &[f64]) -> Option<f64> {
    let all: Vec<f64> = one.iter().chain(other).copied().collect();
    if one.is_empty() || other.is_empty() || all.len() > MOST {
        return None;
    }
    let ranks = doubled_ranks(&all);
    let seen: usize = ranks[..one.len()].iter().sum();
    let ways = ways(&ranks, one.len());
    // The mean of the sum, times the number of all values, so that nothing is rounded.
    let total: usize = ranks.iter().sum();
    let centre = total * one.len();
    let apart = |sum: usize| (sum * all.len()).abs_diff(centre);
    let at_least = ways.iter().enumerate().filter(|(sum, _)| apart(*sum) >= apart(seen));
    Some(at_least.map(|(_, ways)| ways).sum::<f64>() / ways.iter().sum::<f64>())
}

/// The side on which the ranks lean: `Greater` if the other sample's values are mostly above this one's.
pub(super) fn leaning(one: &[f64], other: &[f64]) -> Ordering {
    let pairs = one.iter().flat_map(|before| other.iter().map(move |after| after.total_cmp(before) as i64));
    pairs.sum::<i64>().cmp(&0)
}

/// The smallest probability that this many runs can have: both ends of all the ways to deal them out. It is 1 if a side
/// has no runs.
pub(super) fn smallest(one: usize, other: usize) -> f64 {
    let ways = (1..=one).fold(1.0, |ways, i| ways * (other + i) as f64 / i as f64);
    (2.0 / ways).min(1.0)
}

/// Twice the rank of each value, counted from 1; equal values share the mean of their ranks.
fn doubled_ranks(values: &[f64]) -> Vec<usize> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        2 * below + equal + 1
    };
    values.iter().map(rank).collect()
}

/// The number of ways in which `chosen` of the ranks have each sum.
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
        // When the samples are completely apart, `p` is 2 of 20, of 70 and of 252 ways.
        assert_eq!(p(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 0.1);
        assert_eq!(p(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]), 0.028_571);
        assert_eq!(p(&[6.0, 7.0, 8.0, 9.0, 10.0], &[1.0, 2.0, 3.0, 4.0, 5.0]), 0.007_937);
        // Here U is 1, with five values on each side.
        assert_eq!(p(&[1.0, 2.0, 3.0, 4.0, 6.0], &[5.0, 7.0, 8.0, 9.0, 10.0]), 0.015_873);
        // One value that is another on one side only says next to nothing; equal sides say nothing at all.
        assert_eq!(p(&[0.0; 5], &[0.0; 5]), 1.0);
        assert_eq!(p(&[0.0; 5], &[0.0, 0.0, 0.0, 0.0, 9.0]), 1.0);
        assert_eq!(p(&[0.0; 5], &[9.0; 5]), 0.007_937);
        assert_eq!([chance(&[], &[1.0]), chance(&[1.0], &[])], [None, None]);
        assert_eq!(chance(&[1.0; 60], &[2.0; 60]), None);
    }

    #[test]
    fn sides_of_unequal_size_have_the_probabilities_of_their_own_tables() {
        // Of the ranks 1, 2 and 3 one falls to the first side: 1 and 3 are as far from the middle.
        assert_eq!(p(&[1.0], &[2.0, 3.0]), 0.666_667);
        assert_eq!(p(&[2.0], &[1.0, 3.0]), 1.0);
        // Two of five values can be chosen in 10 ways, whose sums are 3, 4, 5, 5, 6, 6, 7, 7, 8 and 9; their mean is 6.
        for (one, other, expected) in [
            ([1.0, 2.0], [3.0, 4.0, 5.0], 0.2),
            ([1.0, 3.0], [2.0, 4.0, 5.0], 0.4),
            ([1.0, 4.0], [2.0, 3.0, 5.0], 0.8),
            ([2.0, 4.0], [1.0, 3.0, 5.0], 1.0),
            ([2.0, 5.0], [1.0, 3.0, 4.0], 0.8),
            ([4.0, 5.0], [1.0, 2.0, 3.0], 0.2),
        ] {
            assert_eq!([p(&one, &other), p(&other, &one)], [expected; 2], "{one:?}");
        }
        // With three and four values, U = 0, 1, 2 and 3 have 1, 1, 2 and 3 of 35 ways, at either end.
        assert_eq!(p(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0, 7.0]), 0.057_143);
        assert_eq!(p(&[1.0, 2.0, 4.0], &[3.0, 5.0, 6.0, 7.0]), 0.114_286);
        assert_eq!(p(&[1.0, 2.0, 5.0], &[3.0, 4.0, 6.0, 7.0]), 0.228_571);
        assert_eq!(p(&[7.0, 5.0, 3.0], &[6.0, 4.0, 2.0, 1.0]), 0.4);
        // Two and eight values that are completely apart have 2 of 45 ways.
        assert_eq!(p(&[1.0, 2.0], &[3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]), 0.044_444);
    }

    #[test]
    fn equal_values_share_their_ranks() {
        // The ranks are 1, 2.5, 2.5 and 4, so that the six sums are 3.5, 3.5, 5, 5, 6.5 and 6.5.
        assert_eq!(p(&[1.0, 2.0], &[2.0, 3.0]), 0.666_667);
        assert_eq!(p(&[2.0, 2.0], &[1.0, 3.0]), 1.0);
        // The ranks are 2, 2, 2, 4.5 and 4.5: of ten sums three are 4, six are 6.5 and one is 9, and their mean is 6.
        // The ends are not equally far from it, so that the sides are not alike either.
        assert_eq!(p(&[1.0, 1.0], &[1.0, 2.0, 2.0]), 0.4);
        assert_eq!(p(&[1.0, 2.0], &[1.0, 1.0, 2.0]), 1.0);
        assert_eq!(p(&[2.0, 2.0], &[1.0, 1.0, 1.0]), 0.1);
        assert_eq!(doubled_ranks(&[3.0, 1.0, 1.0, 2.0, 1.0, 3.0]), [11, 4, 4, 8, 4, 11]);
    }

    #[test]
    fn the_ranks_lean_where_most_pairs_do() {
        assert_eq!(leaning(&[1.0, 2.0, 9.0], &[3.0, 4.0]), Ordering::Greater);
        assert_eq!(leaning(&[3.0, 4.0], &[1.0, 2.0, 9.0]), Ordering::Less);
        assert_eq!(leaning(&[1.0, 3.0], &[2.0, 2.0]), Ordering::Equal);
        assert_eq!(leaning(&[1.0], &[]), Ordering::Equal);
    }

    #[test]
    fn five_a_side_are_enough_and_four_are_not() {
        assert!(
            smallest(4, 4) > MARKED_BELOW && smallest(5, 5) <= MARKED_BELOW && smallest(4, 6) <= MARKED_BELOW
        );
        assert_eq!([smallest(1, 1), smallest(0, 3), smallest(3, 0), smallest(3, 3)], [1.0, 1.0, 1.0, 0.1]);
        // There are 10, 45 and 35 ways, and as many from the other side.
        let unequal = [smallest(2, 3), smallest(2, 8), smallest(3, 4)];
        assert_eq!(unequal, [2.0 / 10.0, 2.0 / 45.0, 2.0 / 35.0]);
        assert_eq!(
            [smallest(3, 2), smallest(8, 2), smallest(4, 3)].map(|p| (p * 1e9).round()),
            unequal.map(|p| (p * 1e9).round())
        );
    }

    #[test]
    fn many_runs_are_counted_in_good_time() {
        let one: Vec<_> = (0..50).map(f64::from).collect();
        let other: Vec<_> = (0..50).map(|value| f64::from(value) + 0.5).collect();
        assert!((0.8..1.0).contains(&chance(&one, &other).unwrap()));
    }
}
