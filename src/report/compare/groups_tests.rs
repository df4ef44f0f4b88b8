//! What stands side by side, what is said of it, and what is marked.

use super::super::super::sample::{not_applicable, quantiles, refuse, report, run_with};
use super::super::compare;
use super::super::comparison::Comparison;
use super::super::tests::{QUIET, marked, side};
use super::*;

fn of(name: &str, runs: Vec<RunReport>) -> Side {
    Side { name: name.into(), reports: vec![report(runs)] }
}

fn value<'a>(comparison: &'a Comparison, figure: &str, side: usize) -> &'a Value {
    let figure = comparison.groups[0].figures.iter().find(|it| it.figure == figure).unwrap();
    &figure.sides[side]
}

fn labelled(label: &str) -> RunReport {
    run_with(|run| run.label = label.into())
}

#[test]
fn runs_of_one_name_stand_side_by_side_and_what_was_not_run_nowhere() {
    let a = of("a", vec![labelled("redis"), not_applicable(), labelled("amqp"), labelled("redis")]);
    let b = of("b", vec![labelled("mine"), labelled("redis"), not_applicable()]);
    let comparison = compare(&[a, b]);
    let groups: Vec<_> = comparison.groups.iter().map(|it| (it.name.as_str(), &it.runs[..])).collect();
    assert_eq!(groups, [("redis", &[2, 1][..]), ("amqp", &[1, 0]), ("mine", &[0, 1])]);
    let varied = run_with(|run| run.params = [("rate".into(), 100.into())].into());
    let varied = &compare(&[of("a", vec![varied])]).groups[0];
    assert_eq!((varied.name.as_str(), varied.label.as_str()), ("redis rate=100", "redis"));
    assert_eq!(varied.params["rate"], 100);
}

#[test]
fn a_side_has_its_difference_and_its_ratio_to_the_first() {
    let lost = |lost: u64| run_with(|run| run.debts.as_mut().unwrap().lost = lost);
    let comparison = compare(&[of("a", vec![lost(200)]), of("b", vec![lost(300)]), of("c", vec![lost(200)])]);
    let [first, second, third] = [0, 1, 2].map(|side| value(&comparison, "lost", side));
    assert_eq!(
        (first.value, first.difference, first.ratio, first.direction),
        (Some(200.0), None, None, None)
    );
    let expected = (Some(300.0), Some(100.0), Some(1.5), Some(Direction::Worse));
    assert_eq!((second.value, second.difference, second.ratio, second.direction), expected);
    assert_eq!(
        (third.difference, third.ratio, third.direction),
        (Some(0.0), Some(1.0), Some(Direction::Same))
    );
    // One run on each side says nothing about chance.
    assert_eq!((first.p, second.p, second.beyond_noise), (None, None, false));
    let comparison = compare(&[of("a", vec![lost(0)]), of("b", vec![lost(300)])]);
    let over_nothing = value(&comparison, "lost", 1);
    assert_eq!((over_nothing.difference, over_nothing.ratio), (Some(300.0), None));
}

#[test]
fn a_direction_is_better_only_where_a_user_wants_it() {
    let both = |better| [-1.0, 0.0, 1.0].map(|difference| direction(better, difference));
    assert_eq!(both(Better::Lower), [Direction::Better, Direction::Same, Direction::Worse]);
    assert_eq!(both(Better::Higher), [Direction::Worse, Direction::Same, Direction::Better]);
    assert_eq!(both(Better::Neither), [Direction::NoJudgement, Direction::Same, Direction::NoJudgement]);
}

#[test]
fn an_inconclusive_run_on_either_side_takes_the_mark() {
    let doubled = QUIET.map(|p99| 2 * p99);
    let doubtful = |name, p99: &[u64]| {
        let mut side = side(name, p99);
        side.reports[0].runs[4].verdict = Verdict::Inconclusive;
        side
    };
    assert_eq!(marked(&compare(&[side("a", &QUIET), side("b", &doubled)])).len(), 1);
    assert_eq!(marked(&compare(&[doubtful("a", &QUIET), side("b", &doubled)])), []);
    assert_eq!(marked(&compare(&[side("a", &QUIET), doubtful("b", &doubled)])), []);
}

#[test]
fn sides_of_unequal_size_are_told_apart_as_soon_as_their_number_allows() {
    let few = compare(&[side("a", &QUIET[..2]), side("b", &QUIET.map(|p99| 2 * p99))]);
    // The two extreme ways are 2 of 21.
    assert_eq!(value(&few, "p99", 1).p.map(|p| (p * 1e6).round()), Some(95_238.0));
    assert_eq!(
        (marked(&few), few.groups[0].no_noise_known.as_deref()),
        (vec![], Some("too few runs (2 and 5) to tell a difference from noise; repeat with --runs 5"),)
    );
    // The two extreme ways are 2 of 210, and one side that is large enough is enough.
    let six = [2_001, 2_002, 2_003, 2_004, 2_005, 2_006];
    let enough = compare(&[side("a", &QUIET[..4]), side("b", &six), side("c", &QUIET[..1])]);
    assert_eq!(enough.groups[0].no_noise_known, None);
    assert_eq!(value(&enough, "p99", 1).p.map(|p| (p * 1e6).round()), Some(9_524.0));
    assert!(value(&enough, "p99", 1).beyond_noise && !value(&enough, "p99", 2).beyond_noise);
}

#[test]
fn what_a_reader_must_know_of_a_side_is_said() {
    let old = |runs: usize| side("b", &QUIET[..runs]).reports.remove(0).runs;
    let warned = |change: &dyn Fn(&mut [RunReport]), runs: usize| {
        let mut changed = old(runs);
        change(&mut changed);
        compare(&[side("a", &QUIET[..runs]), of("b", changed)]).warnings
    };
    assert_eq!(
        warned(&|runs| runs[1].partial = true, 3),
        ["redis: a run in b was interrupted, and its counts are of a part of it only"]
    );
    assert_eq!(
        warned(&|runs| runs[2].harness_limited = true, 3),
        ["redis: the load generator was late in b, so that its latency is an upper bound"]
    );
    // A run without a distribution still has its own quantiles.
    let bare = |runs: &mut [RunReport]| runs[0].distributions.latency = None;
    assert_eq!(warned(&bare, 1), Vec::<String>::new());
    for runs in [2, 3] {
        assert_eq!(
            warned(&bare, runs),
            [
                "redis: a run in b is of an older version and has no distribution, so that its quantiles cannot be \
                 pooled"
            ]
        );
    }
    // A run that delivered nothing has no distribution, and lacks none.
    let nothing = |runs: &mut [RunReport]| {
        (runs[0].latency_us, runs[0].distributions.latency) = (None, None);
    };
    assert_eq!(warned(&nothing, 2), Vec::<String>::new());
}

#[test]
fn only_a_latency_that_fell_beside_a_share_on_time_that_fell_looks_faster() {
    let run = |refused: u64, p50: u64, p99: u64| {
        let mut run = run_with(|run| run.latency_us = quantiles(p50, p99, 9_000));
        refuse(&mut run, refused);
        run
    };
    let fast = |refused, p50, p99| {
        let sides = [of("a", vec![run(100, 350, 1_200)]), of("b", vec![run(refused, p50, p99)])];
        !compare(&sides).warnings.is_empty()
    };
    assert!(fast(200, 300, 1_200) && fast(200, 350, 1_100) && fast(200, 300, 1_300));
    assert!(!fast(200, 350, 1_200) && !fast(200, 400, 1_300));
    assert!(!fast(100, 300, 1_100) && !fast(50, 300, 1_100));
}
