//! Each sentence, word by word.

use super::super::sample::*;
use super::*;
use crate::RunReport;
use ledger::{Debts, Messages, Verdict};

fn said_of(run: RunReport) -> String {
    sentences(&report(vec![run])).remove(0)
}

fn debts(change: impl FnOnce(&mut Debts)) -> RunReport {
    run_with(|run| change(run.debts.as_mut().unwrap()))
}

#[test]
fn nothing_lost() {
    let fast = "Half of the deliveries took at most 0.35 ms, 99 of 100 at most 1.2 ms.";
    assert_eq!(said_of(run_with(|_| {})), format!("redis: all 2,000 messages reached everyone. {fast}"));
    let struck = run_with(|run| run.faults = vec![fault("pause = 'node 1'", 1_000, Some(2_000))]);
    let expected = format!(
        "redis: all 2,000 messages reached everyone. Nothing was lost or more than a second late. {fast}"
    );
    assert_eq!(said_of(struck), expected);
}

#[test]
fn refused_while_the_broker_was_away() {
    assert_eq!(
        said_of(redis()),
        "redis: lost 15,090 of 60,000 deliveries (25.2%). 503 of 2,000 messages were refused while \
         the broker was away (5.0 s); what was acknowledged reached everyone. All was well again 212 \
         ms after the broker's restart began; 31 ms of that was the boot itself."
    );
    let one = run_with(|run| {
        refuse(run, 1);
        run.times.impact_ms = Some(0);
        run.faults = vec![fault("kill = 'node 0'", 1_000, None)];
    });
    assert_eq!(
        said_of(one),
        "redis: lost 30 of 60,000 deliveries (0.1%). 1 of 2,000 messages was refused after node 0 \
         was killed; what was acknowledged reached everyone. The fault was never healed."
    );
    let unhealed = run_with(|run| {
        refuse(run, 700);
        run.times.impact_ms = Some(6_990);
        run.faults = vec![fault("pause = 'node *'", 13_000, None)];
    });
    assert_eq!(
        said_of(unhealed),
        "redis: lost 21,000 of 60,000 deliveries (35%). 700 of 2,000 messages were refused after the \
         nodes were paused; what was acknowledged reached everyone. The fault was never healed, and \
         the harm went on for 7.0 s."
    );
    let half = run_with(|run| {
        refuse(run, 700);
        run.times.impact_ms = Some(6_990);
        let broker = fault("kill = 'broker'", 13_000, Some(14_000));
        run.faults = vec![broker, fault("kill = 'node 1'", 13_000, None)];
    });
    let said = said_of(half);
    assert!(said.ends_with("One of the faults was never healed, and the harm went on for 7.0 s."), "{said}");
}

#[test]
fn lost_though_acknowledged() {
    let lost = run_with(|run| {
        let debts = run.debts.as_mut().unwrap();
        (debts.delivered, debts.lost, debts.lost_handed, debts.lost_confirmed) = (59_958, 42, 30, 12);
        debts.on_time = 59_958;
        run.times.impact_ms = Some(0);
    });
    assert_eq!(
        said_of(lost),
        "redis: lost 42 of 60,000 deliveries (0.1%). All 2,000 messages had been acknowledged; 12 of \
         the lost deliveries were of messages that had been confirmed, which is a broken promise. \
         Half of the deliveries took at most 0.35 ms, 99 of 100 at most 1.2 ms."
    );
    let one = run_with(|run| {
        let debts = run.debts.as_mut().unwrap();
        (debts.delivered, debts.lost, debts.lost_handed) = (59_999, 1, 1);
        debts.on_time = 59_999;
        run.times.impact_ms = Some(900);
        run.times.recovery_ms = Some(0);
        run.faults = vec![fault("pause = 'broker'", 1_000, Some(6_000))];
    });
    assert_eq!(
        said_of(one),
        "redis: lost 1 of 60,000 deliveries (less than 0.1%). All 2,000 messages had been \
         acknowledged. Nothing more was lost or late once the broker was resumed."
    );
}

#[test]
fn uncertain_and_unsent() {
    let uncertain = |lost_unknown| {
        run_with(|run| {
            refuse(run, 10);
            let messages = run.messages.as_mut().unwrap();
            (messages.due, messages.unsent, messages.acked, messages.unknown) = (2_001, 1, 1_988, 2);
            let debts = run.debts.as_mut().unwrap();
            debts.lost += lost_unknown;
            debts.lost_unknown = lost_unknown;
            run.times.impact_ms = Some(1_500);
            run.faults =
                vec![fault("kill = 'node 0'", 0, Some(10)), fault("kill = 'node 1'", 20, Some(1_030))];
            run.times.recovery_ms = Some(1_250);
        })
    };
    let said = |lost: &str| {
        format!(
            "redis: lost {lost} of 60,000 deliveries (0.5%), and 1 of 2,001 messages was never sent. 10 of 2,001 messages \
             were refused and 2 got no certain answer during the 2 faults; what was acknowledged reached everyone; "
        )
    };
    let end = ". All was well again 1.2 s after node 1's restart began.";
    assert_eq!(said_of(uncertain(0)), format!("{}the uncertain ones arrived all the same{end}", said("300")));
    assert_eq!(
        said_of(uncertain(1)),
        format!("{}of the uncertain ones, 1 delivery was lost{end}", said("301"))
    );
    assert_eq!(
        said_of(uncertain(31)),
        format!("{}of the uncertain ones, 31 deliveries were lost{end}", said("331").replace("0.5", "0.6"))
    );
}

#[test]
fn nothing_acknowledged() {
    let run = run_with(|run| {
        refuse(run, 2_000);
        (run.latency_us, run.times.impact_ms) = (None, Some(20_000));
    });
    let expected = "redis: lost all 60,000 deliveries. 2,000 of 2,000 messages were refused; nothing was \
         acknowledged. From the first harmed message to the last it took 20.0 s.";
    assert_eq!(said_of(run), expected);
}

#[test]
fn clients_of_other_nodes_were_never_reachable() {
    assert_eq!(
        said_of(local()),
        "local: all 2,000 messages reached everyone on their publishers' own nodes; clients of other nodes were \
         never reachable (40,000 of 60,000 deliveries). Half of the deliveries took at most 0.35 ms, 99 of 100 at \
         most 1.2 ms."
    );
}

#[test]
fn late_replayed_copied_and_out_of_order() {
    assert_eq!(
        said_of(amqp()),
        "amqp: all 2,000 messages reached everyone. 33,528 deliveries (55.9%) came more than a \
         second late, the slowest after 12.1 s. 600 deliveries came by replay and 12 extra copies \
         arrived. All was well again 7.5 s after the broker's restart began; 6.1 s of that was the \
         boot itself."
    );
    let odd = run_with(|run| {
        (run.counts.duplicates, run.counts.reordered, run.counts.refused_but_delivered) =
            (Some(1), Some(1), Some(3));
        run.latency_us = None;
    });
    assert_eq!(
        said_of(odd),
        "redis: all 2,000 messages reached everyone. 3 deliveries came though the message had been refused, 1 \
         extra copy arrived and 1 delivery came out of order."
    );
}

#[test]
fn a_verdict_adds_its_reasons() {
    let why = |all: &[&str]| all.iter().map(|why| (*why).to_owned()).collect::<Vec<_>>();
    let mut violated = redis();
    (violated.verdict, violated.why) = (Verdict::Violated, why(&["lost is 15,090, expected 0"]));
    assert!(said_of(violated).ends_with(" the boot itself. Violated: lost is 15,090, expected 0."));
    let mut noted = redis();
    noted.why = why(&["a", "b", "c", "d", "e"]);
    assert!(said_of(noted.clone()).ends_with(" the boot itself. Note: a; b; c; and 2 more."));
    (noted.verdict, noted.why) =
        (Verdict::Inconclusive, why(&["subscriber 3 could not connect", "lost is 3, expected 0"]));
    let expected = "redis: inconclusive, because subscriber 3 could not connect. Its figures prove nothing.";
    assert_eq!(said_of(noted), expected);
}

#[test]
fn not_applicable_is_not_run() {
    assert_eq!(said_of(not_applicable()), "zeromq: was not run, because zeromq has no broker.");
    let silent = RunReport { why: vec![], ..not_applicable() };
    assert_eq!(said_of(silent), "zeromq: was not run, because what the fault strikes does not exist there.");
}

#[test]
fn latency_that_the_harness_limited_is_between_two_moments() {
    let limited = run_with(|run| run.harness_limited = true);
    assert!(said_of(limited.clone()).ends_with(
        "Half of the deliveries took at most 0.35 ms, 99 of 100 at most 1.2 ms; the load generator itself was late, and \
         measured from the actual send these are 0.34 ms and 1.2 ms."
    ), "{}", said_of(limited));
}

#[test]
fn one_message_is_the_only_one() {
    let only = |run: &mut RunReport| {
        run.messages = Some(Messages { due: 1, sent: 1, acked: 1, ..Messages::default() });
        run.latency_us = None;
    };
    assert_eq!(said_of(run_with(only)), "redis: the only message reached everyone.");
    let mut lost = debts(|debts| *debts = Debts { owed: 1, lost: 1, lost_handed: 1, ..Debts::default() });
    only(&mut lost);
    assert_eq!(said_of(lost), "redis: lost 1 of 1 delivery (100%). The message had been acknowledged.");
}

/// A run in which half of the subscribers were away for five seconds.
fn left(change: impl FnOnce(&mut Debts)) -> RunReport {
    let mut run = debts(change);
    run.faults = vec![fault("leave = '50%'", 5_000, Some(10_000))];
    run
}

#[test]
fn who_was_away_missed_it_and_nobody_was_harmed() {
    let fast = "Half of the deliveries took at most 0.35 ms, 99 of 100 at most 1.2 ms.";
    let missed = left(|debts| {
        (debts.delivered, debts.lost) = (52_500, 7_500);
        (debts.lost_handed, debts.lost_offline, debts.on_time) = (7_500, 7_500, 52_500);
    });
    let expected = format!(
        "redis: lost 7,500 of 60,000 deliveries (12.5%), all of them to subscribers that were away on purpose. All 2,000 \
         messages had been acknowledged. Nobody who stayed lost anything, or waited for more than a second. {fast}"
    );
    assert_eq!(said_of(missed.clone()), expected);
    // Some had not received what was on its way as they left.
    let mut leaving = missed;
    leaving.debts.as_mut().unwrap().lost_offline = 7_485;
    let begin = "redis: lost 7,500 of 60,000 deliveries (12.5%), all of them to subscribers that left on purpose: 7,485 \
                 while they were away, and 15 on their way as they left. ";
    assert!(said_of(leaving.clone()).starts_with(begin), "{}", said_of(leaving));
    let replayed = left(|debts| {
        (debts.delivered, debts.recovered, debts.on_time) = (52_500, 7_500, 52_500);
    });
    let expected = format!(
        "redis: all 2,000 messages reached everyone. 7,500 deliveries came by replay. Nothing was lost, and only \
         who was away had to wait. {fast}"
    );
    assert_eq!(said_of(replayed), expected);
    let nothing = left(|_| {});
    let expected = format!(
        "redis: all 2,000 messages reached everyone. Nothing was lost or more than a second late. {fast}"
    );
    assert_eq!(said_of(nothing), expected);
}

#[test]
fn a_fault_beside_a_leave_is_the_one_that_was_healed() {
    let mut run = redis();
    run.faults.push(fault("leave = '50%'", 1_000, Some(15_000)));
    run.faults.push(fault("join = '10%'", 16_000, None));
    assert_eq!(said_of(run), said_of(redis()));
    // A join is not a fault that was never healed either.
    let mut joined = redis();
    (joined.faults, joined.times.recovery_ms) = (vec![fault("join = '10%'", 5_000, None)], None);
    assert_eq!(
        said_of(joined),
        "redis: lost 15,090 of 60,000 deliveries (25.2%). 503 of 2,000 messages were refused; what \
         was acknowledged reached everyone. From the first harmed message to the last it took 5.0 s."
    );
}

#[test]
fn an_ack_of_zeromq_is_no_delivery() {
    let mut run = debts(|debts| {
        (debts.delivered, debts.lost, debts.lost_handed) = (59_000, 1_000, 1_000);
        debts.on_time = 59_000;
        (debts.lost_online, debts.lost_offline) = (900, 100);
    });
    (run.label, run.pattern, run.times.impact_ms) = ("zeromq".into(), "zeromq".into(), Some(5_000));
    run.faults = vec![fault("kill = 'node 1'", 5_000, Some(10_000))];
    run.times.recovery_ms = Some(0);
    assert_eq!(
        said_of(run),
        "zeromq: lost 1,000 of 60,000 deliveries (1.7%), 100 of them to subscribers that were \
         offline. All 2,000 messages had been acknowledged; an ack of zeromq says only that its \
         sockets took the message. Nothing more was lost or late once node 1's restart began."
    );
}

#[test]
fn history_has_its_words() {
    let run = run_with(|run| {
        refuse(run, 503);
        (run.times.impact_ms, run.times.recovery_ms) = (Some(5_012), Some(212));
        run.faults = vec![fault("kill = 'history'", 5_000, Some(10_000))];
    });
    assert_eq!(
        said_of(run),
        "redis: lost 15,090 of 60,000 deliveries (25.2%). 503 of 2,000 messages were refused while \
         the history service was away (5.0 s); what was acknowledged reached everyone. All was well \
         again 212 ms after the history service's restart began."
    );
}

/// A run against a server of the plain dialect: every message is unknown.
fn plain(change: impl FnOnce(&mut Messages, &mut Debts)) -> RunReport {
    run_with(|run| {
        (run.label, run.pattern, run.dialect) = ("mine".into(), "mine".into(), Some("plain".into()));
        let (messages, debts) = (run.messages.as_mut().unwrap(), run.debts.as_mut().unwrap());
        (messages.acked, messages.unknown) = (0, 2_000);
        change(messages, debts);
        run.latency_us = None;
    })
}

#[test]
fn a_dialect_without_answers_leaves_nothing_uncertain() {
    let silent = "The dialect has no answers, so that no sender learned of it.";
    assert_eq!(said_of(plain(|_, _| {})), "mine: all 2,000 messages reached everyone.");
    let lose = |debts: &mut Debts| {
        (debts.delivered, debts.lost, debts.lost_unknown, debts.lost_online) = (59_900, 100, 100, 100);
        debts.on_time = 59_900;
    };
    let lost = plain(|_, debts| lose(debts));
    let some = "mine: lost 100 of 60,000 deliveries (0.2%)";
    assert_eq!(said_of(lost.clone()), format!("{some}. {silent}"));
    let offline = plain(|_, debts| {
        lose(debts);
        (debts.lost_online, debts.lost_offline) = (0, 100);
    });
    assert_eq!(said_of(offline), format!("{some}, all of them to subscribers that were offline. {silent}"));
    // A dialect that has answers, and got none, is another matter.
    let expected = format!(
        "{some}. 2,000 of 2,000 messages got no certain answer; nothing was acknowledged; of the uncertain ones, 100 \
         deliveries were lost."
    );
    assert_eq!(said_of(RunReport { dialect: Some("v1".into()), ..lost.clone() }), expected);
    assert_eq!(said_of(RunReport { dialect: None, ..lost }), expected);
}

#[test]
fn what_was_never_sent_stands_first_and_nobody_says_when() {
    let unsent = |unsent: u64| {
        plain(|messages, debts| {
            let sent = 600 - unsent;
            let more = Messages { sent, unknown: sent, unsent, ..Messages::default() };
            *messages = Messages { due: 600, ..more };
            *debts = Debts { owed: sent * 30, delivered: sent * 30, on_time: sent * 30, ..Debts::default() };
        })
    };
    let struck = |mut run: RunReport, recovery_ms| {
        run.faults = vec![fault("kill = 'broker'", 2_000, Some(4_000))];
        (run.times.impact_ms, run.times.recovery_ms) = (Some(3_990), recovery_ms);
        run.times.not_recovered = recovery_ms.is_none();
        said_of(run)
    };
    let mut healed_later = unsent(399);
    healed_later.faults = vec![fault("kill = 'broker'", 2_000, Some(9_000))];
    healed_later.times.impact_ms = Some(3_990);
    assert_eq!(
        said_of(healed_later),
        "mine: 399 of 600 messages were never sent; what was sent reached everyone. The load had ended when the broker's \
         restart began, so nothing shows whether all was well again."
    );
    assert_eq!(
        struck(unsent(399), None),
        "mine: 399 of 600 messages were never sent; what was sent reached everyone. It was not well again before the \
         load ended."
    );
    assert_eq!(
        struck(unsent(1), Some(70)),
        "mine: 1 of 600 messages was never sent; what was sent reached everyone. All was well again 70 ms after the \
         broker's restart began."
    );
    assert_eq!(
        struck(unsent(600), None),
        "mine: none of the 600 messages was ever sent. It was not well again before \
         the load ended."
    );
    // Without harm that anybody knows of, nobody says that nothing was lost.
    let mut unharmed = unsent(399);
    unharmed.faults = vec![fault("kill = 'broker'", 2_000, Some(4_000))];
    assert_eq!(
        said_of(unharmed),
        "mine: 399 of 600 messages were never sent; what was sent reached everyone."
    );
}

#[test]
fn a_share_has_its_own_base() {
    let acked = |acked_debts| {
        let mut run = redis();
        let debts = run.debts.as_mut().unwrap();
        (debts.lost, debts.lost_handed, debts.delivered) = (15_130, 40, 44_870);
        (debts.on_time, debts.lost_online, debts.acked_debts) = (44_870, 15_130, acked_debts);
        said_of(run)
    };
    let begin = "redis: lost 15,130 of 60,000 deliveries (25.2%). 503 of 2,000 messages were refused while the broker \
                 was away (5.0 s); of what was acknowledged, ";
    assert!(
        acked(44_910).starts_with(&format!("{begin}40 of 44,910 deliveries were lost. ")),
        "{}",
        acked(44_910)
    );
    // An older report does not know the base, and no other takes its place.
    assert!(acked(0).starts_with(&format!("{begin}40 deliveries were lost. ")), "{}", acked(0));
}

#[test]
fn what_was_refused_at_another_time_was_not_refused_while_the_broker_was_away() {
    let refused_at = |at_ms| {
        let mut run = redis();
        run.timeline = vec![ledger::Slice { at_ms, refused: 503, ..ledger::Slice::default() }];
        said_of(run)
    };
    assert!(
        refused_at(7_000).contains("were refused while the broker was away (5.0 s);"),
        "{}",
        refused_at(7_000)
    );
    assert!(refused_at(1_000).contains("were refused; what was acknowledged"), "{}", refused_at(1_000));
    assert!(refused_at(14_000).contains("were refused; what was acknowledged"), "{}", refused_at(14_000));
}

#[test]
fn latency_is_of_the_steady_phase() {
    let mut run = amqp();
    run.phases_us = [(ledger::Phase::Steady, quantiles(840, 1_900, 3_000).unwrap())].into();
    let end = "In the steady phase, half of the deliveries took at most 0.84 ms, 99 of 100 at most 1.9 ms";
    assert!(said_of(run.clone()).ends_with(&format!("{end}.")), "{}", said_of(run.clone()));
    run.harness_limited = true;
    let late = "; the load generator itself was late, so that these are upper bounds.";
    assert!(said_of(run.clone()).ends_with(&format!("{end}{late}")), "{}", said_of(run));
}

#[test]
fn more_load_is_nothing_to_heal() {
    let mut run = redis();
    run.faults = vec![fault("slow = 'subscriber 3'\nbytes_per_second = 1000", 5_000, None)];
    run.times.recovery_ms = None;
    assert_eq!(
        said_of(run.clone()),
        "redis: lost 15,090 of 60,000 deliveries (25.2%). 503 of 2,000 messages were refused after \
         subscriber 3 began to read only 1,000 bytes a second; what was acknowledged reached \
         everyone. From the first harmed message to the last it took 5.0 s."
    );
    run.faults.push(fault("storm = 'node 1'", 9_000, Some(9_000)));
    run.times.recovery_ms = Some(40);
    assert!(said_of(run).ends_with("All was well again 40 ms after the clients of node 1 had dropped."));
}

#[test]
fn a_split_has_its_lesson_beside_its_figures() {
    let mut run = redis();
    (run.label, run.pattern) = ("zeromq".into(), "zeromq".into());
    run.messages.as_mut().unwrap().acked = 2_000;
    run.messages.as_mut().unwrap().refused = 0;
    let debts = run.debts.as_mut().unwrap();
    (debts.lost, debts.lost_handed, debts.lost_refused, debts.lost_online) = (67, 67, 0, 67);
    (debts.delivered, debts.on_time) = (59_933, 53_333);
    run.faults = vec![fault("partition = ['node 0']", 5_000, Some(10_000))];
    assert_eq!(
        said_of(run),
        "zeromq: lost 67 of 60,000 deliveries (0.1%). All 2,000 messages had been acknowledged; an \
         ack of zeromq says only that its sockets took the message. 6,600 deliveries (11%) came more \
         than a second late. What should have crossed waited in buffers and high-water-mark queues: a \
         part of it came late, after 5.1 ms at most, a part was dropped. All was well again 212 ms \
         after the partition was healed."
    );
}
