//! Each lesson, word by word, and none where the figures show nothing of the kind.

use super::super::sample::{fault, run_with};
use super::*;
use ledger::Slice;

fn taught(run: &RunReport) -> String {
    lesson(run, &run.messages.unwrap(), &run.debts.unwrap())
}

/// A run over a pattern that was split for five seconds.
fn split(pattern: &str, what: &str, change: impl FnOnce(&mut Debts, &mut Messages)) -> RunReport {
    run_with(|run| {
        run.pattern = pattern.into();
        run.faults = vec![fault(what, 5_000, Some(10_000))];
        run.latency_us.as_mut().unwrap().max = 5_100_000;
        change(run.debts.as_mut().unwrap(), run.messages.as_mut().unwrap());
    })
}

/// Makes this many of the deliveries late and this many lost.
fn of(debts: &mut Debts, late: u64, lost: u64) {
    (debts.delivered, debts.lost, debts.lost_handed, debts.lost_online) = (60_000 - lost, lost, lost, lost);
    debts.on_time = 60_000 - lost - late;
}

#[test]
fn two_halves_of_zeromq() {
    let what = "partition = [['node 0'], ['node 1', 'node 2']]";
    let slices = |run: &mut RunReport| {
        let slice = |n: u64| Slice { at_ms: n * 100, sent: 10, received: n, ..Slice::default() };
        run.timeline = (0..200).map(slice).collect();
    };
    let mut late = split("zeromq", what, |debts, _| of(debts, 6_600, 0));
    slices(&mut late);
    // The deliveries are those of 6.0 s to 10.0 s, in each slice as many as its number: 60 + 61 + ... + 99.
    assert_eq!(
        taught(&late),
        "Those who could still hear each other went on among themselves (3,180 deliveries meanwhile). What should \
         have crossed waited in buffers and high-water-mark queues, and came late, after 5.1 s at most."
    );
    let both = split("zeromq", what, |debts, _| of(debts, 6_600, 67));
    assert_eq!(
        taught(&both),
        "What should have crossed waited in buffers and high-water-mark queues: a part of it came late, after 5.1 s at \
         most, a part was dropped."
    );
    assert_eq!(
        taught(&split("zeromq", what, |debts, _| of(debts, 0, 67))),
        "What should have crossed was dropped."
    );
}

#[test]
fn a_split_that_never_healed_lasts_until_the_last_message() {
    let mut run = split("zeromq", "partition = ['node 0']", |debts, _| of(debts, 0, 67));
    run.faults[0].heal_begin_ms = None;
    let slice = |n: u64| {
        let sent = if n < 150 { 10 } else { 0 };
        Slice { at_ms: n * 100, sent, received: n, ..Slice::default() }
    };
    run.timeline = (0..200).map(slice).collect();
    // The deliveries are those of 6.0 s to 14.9 s, in each slice as many as its number: 60 + 61 + ... + 148.
    assert_eq!(
        taught(&run),
        "Those who could still hear each other went on among themselves (9,256 deliveries meanwhile). What should \
         have crossed was dropped."
    );
}

#[test]
fn half_open_to_redis() {
    let what = "blackhole = 'node 1 <-> broker'";
    let lost = "What Redis took and could not pass on was lost, and nobody noticed: neither who sent it nor who \
                missed it.";
    let uncertain = "Some messages got no certain answer: a node that is cut off notices only when its calls or its \
                     heartbeat time out";
    let both = split("redis", what, |debts, messages| {
        (messages.unknown, messages.refused) = (12, 100);
        of(debts, 0, 4_000);
    });
    assert_eq!(taught(&both), format!("{uncertain}, and refuses from then on. {lost}"));
    let unknown = split("redis", what, |_, messages| messages.unknown = 12);
    assert_eq!(taught(&unknown), format!("{uncertain}."));
    let refused = split("redis", "partition = ['node 1']", |_, messages| messages.refused = 12);
    assert_eq!(taught(&refused), "The node that was cut off knew it, and refused.");
    assert_eq!(taught(&split("redis", what, |debts, _| of(debts, 0, 1))), lost);
    // Subscribers that were offline prove nothing about the broker.
    let offline = split("redis", what, |debts, _| {
        of(debts, 0, 9);
        (debts.lost_online, debts.lost_offline) = (0, 9);
    });
    assert_eq!(taught(&offline), "");
    // Subscribers to whom the pattern has no way prove nothing about the broker either.
    let no_path = split("redis", what, |debts, _| {
        of(debts, 0, 9);
        debts.lost_no_path = 9;
    });
    assert_eq!(taught(&no_path), "");
}

#[test]
fn amqp_keeps_what_cannot_pass() {
    let what = "partition = [['node 0'], ['broker', 'node 1', 'node 2']]";
    assert_eq!(
        taught(&split("amqp", what, |debts, _| of(debts, 6_600, 0))),
        "Nothing was lost: what could not pass waited in an outbox or a queue, and came late, after 5.1 s at most."
    );
    let replayed = split("amqp", what, |debts, _| {
        of(debts, 0, 0);
        (debts.delivered, debts.recovered, debts.on_time) = (59_000, 1_000, 59_000);
    });
    assert_eq!(
        taught(&replayed),
        "Nothing was lost: what could not pass waited in an outbox or a queue, and came by replay."
    );
    let mut lost = replayed.clone();
    let debts = lost.debts.as_mut().unwrap();
    (debts.delivered, debts.lost) = (58_900, 100);
    (debts.on_time, debts.lost_unknown) = (54_000, 100);
    assert_eq!(
        taught(&lost),
        "What could not pass waited in an outbox or a queue, and came late, after 5.1 s at most or by replay."
    );
}

#[test]
fn nothing_is_taught_that_the_figures_do_not_show() {
    for pattern in ["zeromq", "redis", "amqp"] {
        let silent = split(pattern, "partition = ['node 0']", |_, _| {});
        assert_eq!(taught(&silent), "", "nothing was late or lost over {pattern}");
        // Another fault has another lesson, and a link of clients is none of the pattern's.
        for other in ["cut = 'node 1 <-> broker'", "kill = 'broker'", "blackhole = 'client * <-> node 1'"] {
            let run = split(pattern, other, |debts, messages| {
                of(debts, 6_600, 67);
                messages.unknown = 9;
            });
            assert_eq!(taught(&run), "", "{pattern} {other}");
        }
        let mut beside = split(pattern, "partition = ['node 0']", |debts, _| of(debts, 6_600, 67));
        assert_ne!(taught(&beside), "");
        beside.faults.push(fault("kill = 'node 1'", 9_000, Some(9_500)));
        assert_eq!(taught(&beside), "", "two causes, and who can tell them apart");
    }
    assert_eq!(taught(&split("mine", "partition = ['node 0']", |debts, _| of(debts, 6_600, 67))), "");
}
