//! A path that stops is found; whatever looks like a stop and is none is not.

use super::Answer::{Handed, Refused};
use super::Arrival::Live;
use super::stage_for_tests::{begun, fault, ms};
use super::*;

/// A plan of two publishers, each with five messages a second, to three subscribers on two nodes, for ten seconds.
fn plan() -> Plan {
    let (publishers, subscribers, nodes, rooms, messages) = (2, 3, 2, 1, 100);
    let (rate, surges, crosses_nodes) = (10.0, vec![], true);
    Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes }
}

/// A run in which message n to subscriber s is lost if so said, and all else comes 5 ms later.
struct Run {
    ledger: Ledger,
    faults: Vec<FaultTimes>,
    /// The message that is refused.
    refused: Option<usize>,
}

impl Run {
    fn begun(plan: Plan) -> Self {
        Self { ledger: begun(plan), faults: vec![], refused: None }
    }

    fn loses(mut self, lost: impl Fn(usize, usize) -> bool) -> Self {
        let plan = self.ledger.plan().clone();
        for n in 0..plan.messages {
            self.ledger.sent(n, plan.publisher_node(plan.publisher(n)), ms(n as u64 * 100));
            self.ledger.answered(n, if self.refused == Some(n) { Refused } else { Handed });
            for s in plan.all_subscribers().filter(|s| !lost(n, *s)) {
                self.ledger.received(s, n, Live, ms(n as u64 * 100 + 5));
            }
        }
        self
    }

    fn fault(mut self, begin: u64, heal_begin: Option<u64>, healed: Option<u64>, deliberate: bool) -> Self {
        self.faults.push(FaultTimes { deliberate, ..fault(begin, heal_begin, healed) });
        self
    }

    /// The publisher, the subscriber and the time of each stopped path.
    fn stopped(&self) -> Vec<(usize, usize, u64)> {
        let settled = self.ledger.settle(&self.faults, ms(60_000));
        assert_eq!(
            settled.figure("stopped_paths"),
            Some(FigureValue::Count(settled.stopped_paths.len() as u64))
        );
        settled.stopped_paths.iter().map(|path| (path.publisher, path.subscriber, path.since_ms)).collect()
    }
}

/// Whether a message is lost because subscriber 1 is forgotten from message 32 on.
fn forgotten(n: usize, s: usize) -> bool {
    s == 1 && n >= 32
}

#[test]
fn a_client_that_is_forgotten_in_the_middle_is_named_with_every_path_to_it() {
    assert_eq!(Run::begun(plan()).loses(|_, _| false).stopped(), []);
    assert_eq!(Run::begun(plan()).loses(forgotten).stopped(), [(0, 1, 3_200), (1, 1, 3_300)]);
    // Here one path alone stops.
    let one = |n: usize, s: usize| n % 2 == 1 && forgotten(n, s);
    assert_eq!(Run::begun(plan()).loses(one).stopped(), [(1, 1, 3_300)]);
    // Stopped paths come by the time of the stop, then by their numbers.
    let two = |n: usize, s: usize| (s == 2 && n >= 20) || forgotten(n, s);
    let stopped = Run::begun(plan()).loses(two).stopped();
    assert_eq!(stopped, [(0, 2, 2_000), (1, 2, 2_100), (0, 1, 3_200), (1, 1, 3_300)]);
}

#[test]
fn the_stop_may_be_before_the_healing_that_did_not_help() {
    let healed = || Run::begun(plan()).fault(3_000, Some(5_000), Some(5_500), false);
    assert_eq!(healed().loses(forgotten).stopped(), [(0, 1, 3_200), (1, 1, 3_300)]);
    // Messages that are lost during the fault alone are the fault's loss.
    assert_eq!(healed().loses(|n, _| (30..55).contains(&n)).stopped(), []);
    // The path has a second more than the healing to come back: it does so with the message due at 6.4 s.
    assert_eq!(healed().loses(|n, _| (30..64).contains(&n)).stopped(), []);
}

#[test]
fn a_path_that_loses_some_all_the_time_has_not_stopped() {
    // Of each publisher's fifty messages every tenth comes, and nine are lost at the end, as often before.
    let lossy = |n: usize, s: usize| s == 1 && !(n / 2).is_multiple_of(10);
    assert_eq!(Run::begun(plan()).loses(lossy).stopped(), []);
    // Of the last seven seconds no message comes but these.
    let flaky = |n: usize, s: usize| forgotten(n, s) && n != 80 && n != 81;
    assert_eq!(Run::begun(plan()).loses(flaky).stopped(), []);
    // The path lost three messages in a row before, and then seventeen for good.
    let worse = |n: usize, s: usize| s == 1 && ((20..26).contains(&n) || n >= 66);
    assert_eq!(Run::begun(plan()).loses(worse).stopped(), [(0, 1, 6_600), (1, 1, 6_700)]);
    let until_the_last = |n: usize, s: usize| forgotten(n, s) && n < 98;
    assert_eq!(Run::begun(plan()).loses(until_the_last).stopped(), []);
}

#[test]
fn what_was_never_healed_excuses_everything() {
    let run =
        |heal_begin, healed| Run::begun(plan()).fault(3_000, heal_begin, healed, false).loses(forgotten);
    assert_eq!(run(None, None).stopped(), []);
    assert_eq!(run(Some(5_000), None).stopped(), [], "it was never ready");
    // A fault that heals by itself, as a storm does, has no moment at which its healing starts.
    assert_eq!(run(None, Some(3_100)).stopped().len(), 2);
    // A fault that is never healed excuses everything, even if another fault was healed.
    let two = run(Some(5_000), Some(5_100)).fault(6_000, None, None, false);
    assert_eq!(two.stopped(), []);
    // A subscriber that leaves for good excuses nobody else.
    assert_eq!(run(Some(5_000), Some(5_100)).fault(1_000, None, None, true).stopped().len(), 2);
}

#[test]
fn the_last_healing_counts_and_too_short_a_rest_proves_nothing() {
    let healed_at = |healed| {
        let run = Run::begun(plan()).fault(1_000, Some(1_500), Some(1_600), false);
        run.fault(3_000, Some(5_000), Some(healed), false).loses(forgotten).stopped().len()
    };
    // The last messages of publisher 0 are due at 9.4, 9.6 and 9.8 s: less than a second.
    assert_eq!([healed_at(7_600), healed_at(8_400), healed_at(9_900)], [2, 0, 0]);
    // Few messages in a long time prove nothing either: here each publisher has one in five seconds.
    let slow = Plan { rate: 0.4, messages: 4, ..plan() };
    let mut run = Run::begun(slow);
    (0..4).for_each(|n| run.ledger.sent(n, 0, ms(n as u64 * 2_500)));
    assert_eq!(run.stopped(), []);
}

#[test]
fn who_was_not_there_or_away_on_purpose_was_not_forgotten() {
    let absent = |leaves: fn(&mut Ledger)| {
        let mut run = Run::begun(plan());
        leaves(&mut run.ledger);
        run.loses(forgotten).stopped()
    };
    assert_eq!(absent(|ledger| ledger.closed(1, ms(3_100))), []);
    assert_eq!(absent(|ledger| ledger.left(1, ms(3_100))), []);
    assert_eq!(absent(|ledger| ledger.closed(1, ms(9_000))), [], "at the end, for a while");
    assert_eq!(absent(|ledger| ledger.closed(2, ms(3_100))).len(), 2, "that was another");
    // A subscriber that is back and hears nothing for long enough was forgotten, and had been when it went.
    let back = absent(|ledger| {
        ledger.closed(1, ms(5_000));
        ledger.subscribed(1, 0, ms(6_000));
    });
    assert_eq!(back, [(0, 1, 3_200), (1, 1, 3_300)]);
    let back_for_a_moment = absent(|ledger| {
        ledger.closed(1, ms(3_100));
        ledger.subscribed(1, 0, ms(8_950));
    });
    assert_eq!(back_for_a_moment, []);
}

#[test]
fn a_refusal_a_path_that_is_not_there_and_one_that_never_worked_are_told_elsewhere() {
    let refused = Run { refused: Some(90), ..Run::begun(plan()) };
    assert_eq!(refused.loses(forgotten).stopped(), [(1, 1, 3_300)], "publisher 0 was told");

    // Publisher 0 and subscribers 0 and 2 are on node 0.
    let local = Run::begun(Plan { crosses_nodes: false, ..plan() });
    assert_eq!(local.loses(|n, s| n % 2 != s % 2).stopped(), []);
    let local = Run::begun(Plan { crosses_nodes: false, ..plan() });
    assert_eq!(local.loses(|n, s| n % 2 != s % 2 || forgotten(n, s)).stopped(), [(1, 1, 3_300)]);

    let mut unverified = Run::begun(plan());
    unverified.ledger.unverified_path(0, 1);
    assert_eq!(unverified.loses(|_, s| s == 1).stopped(), [(1, 1, 100)]);
}

#[test]
fn a_path_that_still_brings_old_messages_is_slow_and_has_not_stopped() {
    // From message 32 on every receipt is slow: at the end message 31 is what comes.
    let mut run = Run::begun(plan()).loses(|n, s| s == 1 && n >= 30);
    run.ledger.received(1, 30, Live, ms(20_000));
    run.ledger.received(1, 31, Live, ms(9_700));
    assert_eq!(run.stopped(), [(1, 1, 3_300)], "the last of publisher 1 was due at 9.9 s");
}
