//! Schedules with surges: by hand, and for any rates and moments.

use proptest::prelude::*;

use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn surge(from: u64, until: u64, factor: f64) -> Surge {
    Surge { from: ms(from), until: ms(until), factor }
}

fn due_ms(tempo: &Tempo, messages: usize) -> Vec<u128> {
    (0..messages).map(|n| tempo.due(n).as_millis()).collect()
}

#[test]
fn within_a_surge_messages_come_so_much_closer() {
    let tempo = Tempo::new(10.0, &[surge(200, 400, 4.0)]);
    let due = due_ms(&tempo, 13);
    assert_eq!(due, [0, 100, 200, 225, 250, 275, 300, 325, 350, 375, 400, 500, 600]);
    assert_eq!([ms(199), ms(200), ms(600)].map(|end| tempo.count(end)), [2, 2, 12]);
    assert_eq!([ms(199), ms(200), ms(600)].map(|at| tempo.due_by(at, 13)), [2, 3, 13]);
    assert_eq!(tempo.due_by(ms(600), 5), 5);
}

#[test]
fn surges_that_overlap_multiply_and_a_factor_below_one_is_a_lull() {
    let tempo = Tempo::new(10.0, &[surge(0, 300, 2.0), surge(200, 300, 5.0), surge(300, 500, 0.5)]);
    let due = due_ms(&tempo, 17);
    assert_eq!(due, [0, 50, 100, 150, 200, 210, 220, 230, 240, 250, 260, 270, 280, 290, 300, 500, 600]);
}

#[test]
fn what_a_surge_begins_in_part_it_ends() {
    // At ten messages a second message 1 is due after 100 ms: at 50 ms half of that is over, and the rest takes 5 ms.
    let tempo = Tempo::new(10.0, &[surge(50, 1_000, 10.0)]);
    assert_eq!(due_ms(&tempo, 4), [0, 55, 65, 75]);
}

#[test]
fn a_surge_of_no_length_or_beyond_the_end_changes_nothing() {
    let plain = Tempo::new(7.0, &[]);
    let tempo = Tempo::new(7.0, &[surge(500, 500, 9.0), surge(900, 300, 9.0), surge(90_000, 95_000, 9.0)]);
    assert_eq!(due_ms(&tempo, 100), due_ms(&plain, 100));
    let endless = Surge { from: ms(1_000), until: Duration::MAX, factor: 10.0 };
    assert_eq!(Tempo::new(10.0, &[endless]).count(ms(3_000)), 210);
}

#[test]
fn the_surges_of_a_run_are_those_among_its_faults() {
    use scenario::Target;
    let fault = |action, target| Fault { at: ms(200), duration: Some(ms(300)), action, target };
    let faults = [
        fault(Action::Kill, Target::Broker),
        fault(Action::Surge(kinds::Surge { factor: 4.0 }), Target::Load),
        fault(Action::Storm, Target::Node(0)),
    ];
    assert_eq!(Surge::among(&faults), [surge(200, 500, 4.0)]);
}

fn surges() -> impl Strategy<Value = Vec<Surge>> {
    let one = (0..9_000_000_000u64, 0..3_000_000_000u64, 1..80u32).prop_map(|(from, length, factor)| Surge {
        from: Duration::from_nanos(from),
        until: Duration::from_nanos(from + length),
        factor: f64::from(factor) / 8.0,
    });
    prop::collection::vec(one, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_surges_the_formula_is_what_it_was(rate in 0.01..1e6f64, n in 0..10_000_000usize, ms in 0..90_000u64) {
        let (tempo, length) = (Tempo::new(rate, &[]), Duration::from_millis(ms));
        prop_assert_eq!(tempo.due(n), Duration::from_nanos((n as f64 * 1e9 / rate).round() as u64));
        prop_assert_eq!(tempo.count(length), (rate * length.as_secs_f64()).round() as usize);
    }

    #[test]
    fn later_messages_are_never_due_before_earlier_ones(rate in 0.1..2_000f64, surges in surges()) {
        let tempo = Tempo::new(rate, &surges);
        let due: Vec<_> = (0..5_000).map(|n| tempo.due(n)).collect();
        prop_assert!(due.is_sorted());
        for n in [0, 1, 17, 2_500, 4_999] {
            // All messages that are due at the same nanosecond are due by it.
            let by = due.iter().filter(|at| **at <= due[n]).count();
            prop_assert_eq!(tempo.due_by(due[n], 5_000), by);
            prop_assert!(by > n);
            if let Some(before) = due[n].checked_sub(Duration::from_nanos(1)) {
                prop_assert!(tempo.due_by(before, 5_000) <= n);
            }
        }
    }

    #[test]
    fn each_stretch_has_its_rate_times_its_factors_times_its_length(rate in 0.1..2_000f64, surges in surges()) {
        let tempo = Tempo::new(rate, &surges);
        // The expected number is a slow, obvious sum over stretches of a hundredth of a second, each cut where a surge
        // begins or ends.
        let mut cuts: Vec<_> = surges.iter().flat_map(|surge| [surge.from, surge.until]).collect();
        cuts.extend((0..=1_300).map(|n| ms(n * 10)));
        cuts.sort();
        let mut messages = 0.0;
        for pair in cuts.windows(2) {
            let middle = pair[0] + (pair[1] - pair[0]) / 2;
            let factors = surges.iter().filter(|surge| surge.from <= middle && middle < surge.until);
            messages += rate * factors.map(|surge| surge.factor).product::<f64>() * (pair[1] - pair[0]).as_secs_f64();
            let count = tempo.count(pair[1]) as f64;
            prop_assert!((count - messages).abs() < 0.501, "{} is not {} at {:?}", count, messages, pair[1]);
        }
        let all = tempo.count(ms(13_000));
        let by = tempo.due_by(ms(13_000), usize::MAX >> 12);
        prop_assert!(by.abs_diff(all) <= 1, "{} are due and {} are counted", by, all);
    }
}
