//! Each figure says where in time it went wrong. Each is fed what it counts, at known moments, beside a run without it.

use std::time::Duration;

use super::Answer::{Handed, Refused, Unknown};
use super::Arrival::{Live, Replay};
use super::*;
use scenario::{Bound, Expectation, Whose};

/// Milliseconds from the run's zero until the measured load begins, so that a mistaken zero shows.
const BEGIN: u64 = 5_000;

fn ms(since_begin: u64) -> Duration {
    Duration::from_millis(BEGIN + since_begin)
}

/// A ledger of ten messages a second to one subscriber, for four seconds.
fn begun() -> Ledger {
    let (publishers, subscribers, nodes, rooms, messages) = (1, 1, 1, 1, 40);
    let (rate, surges, crosses_nodes) = (10.0, vec![], true);
    let plan = Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes };
    let mut ledger = Ledger::new(plan);
    ledger.subscribed(0, 0, Duration::from_millis(1_000));
    ledger.begin(ms(0));
    ledger
}

/// Sends all messages but these, each when it is due, and answers them.
fn send_all_but(ledger: &mut Ledger, unsent: &[usize]) {
    for n in (0..40).filter(|n| !unsent.contains(n)) {
        ledger.sent(n, 0, ms(n as u64 * 100));
        ledger.answered(n, Handed);
    }
}

/// Receives all messages 5 ms after they are due, except these.
fn receive_all_but(ledger: &mut Ledger, lost: &[usize]) {
    for n in (0..40).filter(|n| !lost.contains(n)) {
        ledger.received(0, n, Live, ms(n as u64 * 100 + 5));
    }
}

/// The time from which to which a figure that breaks its bound did so.
fn when(ledger: &Ledger, figure: &str, bound: Bound) -> Option<(u64, u64)> {
    when_healed(ledger, &[], figure, bound)
}

fn when_healed(ledger: &Ledger, faults: &[FaultTimes], figure: &str, bound: Bound) -> Option<(u64, u64)> {
    let settled = ledger.settle(faults, ms(60_000));
    let expectation = Expectation { whose: Whose::All, figure: figure.into(), bound };
    let outcome = &judge(&settled, &Harness::default(), &[expectation]).outcomes[0];
    assert_eq!(outcome.met, outcome.why.is_none(), "{figure}");
    outcome.from_ms.zip(outcome.to_ms)
}

const NONE: Bound = Bound::Equal(0.0);

/// Every count that should be 0.
const BAD: [&str; 20] = [
    "lost",
    "lost_confirmed",
    "lost_handed",
    "lost_refused",
    "lost_unknown",
    "lost_no_path",
    "lost_online",
    "lost_offline",
    "lost_share",
    "unsent",
    "unsent_debts",
    "refused",
    "unknown",
    "duplicates",
    "reordered",
    "replay_reordered",
    "unexpected",
    "corrupted",
    "foreign",
    "refused_but_delivered",
];

#[test]
fn where_nothing_went_wrong_there_is_no_moment() {
    let mut ledger = begun();
    send_all_but(&mut ledger, &[]);
    receive_all_but(&mut ledger, &[]);
    assert_eq!(BAD.map(|figure| when(&ledger, figure, NONE)), [None; 20]);
    assert_eq!(when(&ledger, "on_time", Bound::AtLeast(1.0)), None);
}

#[test]
fn lost_debts_have_their_intended_times_each_kind_its_own() {
    let mut ledger = begun();
    send_all_but(&mut ledger, &[12, 30]);
    for (n, answer) in [(12, Refused), (30, Unknown)] {
        ledger.sent(n, 0, ms(n as u64 * 100));
        ledger.answered(n, answer);
    }
    receive_all_but(&mut ledger, &[7, 12, 30]);
    let lost = |figure| when(&ledger, figure, NONE);
    assert_eq!([lost("lost"), lost("lost_online"), lost("lost_share")], [Some((700, 3_000)); 3]);
    assert_eq!(lost("lost_handed"), Some((700, 700)));
    assert_eq!([lost("lost_refused"), lost("refused")], [Some((1_200, 1_200)); 2]);
    assert_eq!([lost("lost_unknown"), lost("unknown")], [Some((3_000, 3_000)); 2]);
    assert_eq!([lost("lost_offline"), lost("lost_confirmed"), lost("lost_no_path")], [None; 3]);
    assert_eq!(when(&ledger, "acked", Bound::AtLeast(40.0)), Some((1_200, 3_000)));
}

#[test]
fn what_was_never_sent_counts_where_it_was_due() {
    let mut ledger = begun();
    send_all_but(&mut ledger, &[3, 20]);
    receive_all_but(&mut ledger, &[3, 10, 20]);
    for figure in ["lost", "unsent", "unsent_debts"] {
        assert_eq!(when(&ledger, figure, NONE), Some((300, 2_000)), "{figure}");
    }
    assert_eq!(when(&ledger, "sent", Bound::AtLeast(40.0)), Some((300, 2_000)));
    // Without the unsent messages the lost ones of this run would be at one moment.
    assert_eq!(when(&ledger, "lost_no_path", Bound::Above(0.0)), None);
}

#[test]
fn what_is_odd_about_a_receipt_has_the_time_of_the_receipt() {
    let mut ledger = begun();
    send_all_but(&mut ledger, &[39]);
    receive_all_but(&mut ledger, &[5, 6, 39]);
    ledger.received(0, 4, Live, ms(4_100));
    ledger.received(0, 4, Live, ms(4_300));
    ledger.received(0, 5, Live, ms(4_400));
    ledger.received(0, 8, Replay { round: 0 }, ms(4_450));
    ledger.received(0, 7, Replay { round: 0 }, ms(4_500));
    // Message 39 is never sent, and is told as if it had been.
    ledger.received(0, 39, Live, ms(4_600));
    ledger.unexpected(0, ms(1_000));
    ledger.corrupted(0, ms(1_100));
    ledger.corrupted(0, ms(1_900));
    ledger.foreign(0, Duration::from_millis(10));
    let odd = |figure| when(&ledger, figure, NONE);
    assert_eq!(odd("duplicates"), Some((4_100, 4_300)));
    assert_eq!((odd("reordered"), odd("replay_reordered")), (Some((4_400, 4_400)), Some((4_500, 4_500))));
    assert_eq!((odd("unexpected"), odd("corrupted")), (Some((1_000, 4_600)), Some((1_100, 1_900))));
    assert_eq!(odd("foreign"), None, "before the load began");
}

#[test]
fn too_few_on_time_is_where_debts_were_late_replayed_or_lost() {
    let mut ledger = begun();
    send_all_but(&mut ledger, &[20]);
    ledger.sent(20, 0, ms(2_000));
    ledger.answered(20, Refused);
    receive_all_but(&mut ledger, &[10, 20, 30]);
    ledger.received(0, 10, Live, ms(2_500));
    ledger.received(0, 20, Replay { round: 0 }, ms(2_600));
    let few = |figure| when(&ledger, figure, Bound::AtLeast(40.0));
    assert_eq!(when(&ledger, "on_time", Bound::AtLeast(0.99)), Some((1_000, 3_000)));
    assert_eq!((few("delivered"), few("recovered")), (Some((2_000, 3_000)), Some((1_000, 3_000))));
    assert_eq!(when(&ledger, "recovered", NONE), Some((2_000, 2_000)));
    assert_eq!(when(&ledger, "refused_but_delivered", NONE), Some((2_000, 2_000)));
    assert_eq!(when(&ledger, "recovered_max", Bound::Below(600.0)), Some((2_000, 2_000)));
    assert_eq!(when(&ledger, "impact", Bound::Below(5.0)), Some((1_000, 3_000)));
}

#[test]
fn latency_is_blamed_on_the_slices_that_break_the_bound() {
    let mut ledger = begun();
    send_all_but(&mut ledger, &[]);
    let slow = [11, 12, 25];
    receive_all_but(&mut ledger, &slow);
    for (n, latency) in slow.into_iter().zip([300, 100, 200]) {
        ledger.received(0, n, Live, ms(n as u64 * 100 + latency));
    }
    let over = |figure, ms| when(&ledger, figure, Bound::AtMost(ms));
    assert_eq!(over("p50", 4.0), Some((0, 4_000)), "all of them");
    assert_eq!(over("p99_ms", 50.0), Some((1_100, 2_600)));
    assert_eq!(over("p90_us", 4_000.0), Some((0, 4_000)));
    assert_eq!(over("p999", 150.0), Some((1_100, 2_600)));
    assert_eq!(over("max", 50.0), Some((1_100, 1_200)), "the longest alone");
    assert_eq!(over("service_max", 50.0), Some((1_100, 1_100)));
    assert_eq!(when(&ledger, "p50", Bound::AtLeast(9.0)), Some((0, 4_000)));
    assert_eq!(when(&ledger, "p50", Bound::Between(50.0, 60.0)), Some((0, 4_000)));
    assert_eq!(over("p99", 400.0), None, "it is met");
}

#[test]
fn recovery_and_ready_run_to_the_end_of_harm_and_of_healing() {
    let mut ledger = begun();
    send_all_but(&mut ledger, &[]);
    receive_all_but(&mut ledger, &[5, 6, 7]);
    let at = Duration::from_millis;
    let what = "kill broker".into();
    let (heal_begin, healed) = (Some(at(600)), Some(at(650)));
    let kill = [FaultTimes { what, begin: at(450), heal_begin, healed, deliberate: false, planned: None }];
    assert_eq!(when_healed(&ledger, &kill, "recovery", NONE), Some((500, 700)));
    assert_eq!(when_healed(&ledger, &kill, "ready_ms", NONE), Some((600, 650)));
    assert_eq!(when(&ledger, "ready_ms", NONE), None, "nothing was healed");
}

#[test]
fn recipients_far_apart_are_where_their_messages_were_due() {
    let (publishers, subscribers, nodes, rooms, messages) = (1, 2, 1, 1, 40);
    let (rate, surges, crosses_nodes) = (10.0, vec![], true);
    let mut ledger =
        Ledger::new(Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes });
    (0..2).for_each(|s| ledger.subscribed(s, 0, Duration::from_millis(1_000)));
    ledger.begin(ms(0));
    send_all_but(&mut ledger, &[]);
    receive_all_but(&mut ledger, &[]);
    for n in 0..40 {
        let apart = if [12, 20].contains(&n) { 80 } else { 10 };
        ledger.received(1, n, Live, ms(n as u64 * 100 + 5 + apart));
    }
    let figure = |name: &str| ledger.settle(&[], ms(60_000)).figure(name);
    assert_eq!(figure("fan_out_max_ms"), Some(FigureValue::Micros(80_000)));
    assert!(matches!(figure("fan_out_p50"), Some(FigureValue::Micros(us)) if (10_000..10_100).contains(&us)));
    assert_eq!(when(&ledger, "fan_out_max", Bound::AtMost(50.0)), Some((1_200, 2_100)));
    assert_eq!(when(&ledger, "fan_out_max", Bound::AtMost(80.0)), None);
}
