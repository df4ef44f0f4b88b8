//! Sentences about generated ledgers: none of them contradicts another, or a figure.
//!
//! Each ledger has moods of its own (how much is lost, late, refused, never sent, replayed, ...), drawn from a seed. What a
//! sentence claims is then looked up in the figures of the same run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::RunReport;
use super::super::numbers::span;
use super::super::sample::{fault, report};
use super::*;
use ledger::{Answer, Arrival, FaultTimes, Harness, Ledger, Plan, Verdict, grouped, judge};
use scenario::{Bound, Expectation, Whose};

/// Number of ledgers.
const LEDGERS: u64 = 500;
/// When the measured load begins, since the run's zero.
const BEGIN: Duration = Duration::from_secs(5);

/// Dice that fall the same way for the same seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // The mixing function of SplitMix64: each seed, however near, has a sequence of its own.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// How often something happens in this ledger: mostly never.
    fn mood(&mut self) -> u64 {
        [0, 0, 0, 3, 30, 100][self.below(6) as usize]
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// An event and when it is, in milliseconds since the load began.
type Event = (i64, Box<dyn FnOnce(&mut Ledger, Duration)>);

/// A run with random evidence.
fn run(seed: u64) -> RunReport {
    let mut dice = Dice(seed);
    let crosses_nodes = !dice.percent(15);
    let (publishers, nodes, rooms, rate) = (1 + dice.below(3) as usize, 1 + dice.below(3) as usize, 1, 20.0);
    let (subscribers, messages) = (1 + dice.below(6) as usize, 1 + dice.below(90) as usize);
    let plan = Plan { publishers, subscribers, nodes, rooms, rate, surges: vec![], messages, crosses_nodes };
    let plain = dice.percent(25);
    let faults = faults(&mut dice);
    let [unsent, refused, unknown, lost, late] = [(); 5].map(|()| dice.mood());
    // Notices have dice of their own, so that they change nothing of what else happens.
    let mut notices = Dice(seed + 1_000_000);
    let told = notices.mood();
    let [replayed, doubled, confirmed, replay_first, held_again] = [(); 5].map(|()| dice.mood());
    // What goes wrong goes wrong everywhere, or only while the first fault lasts.
    let bounded = dice.percent(60).then(|| faults.first()).flatten().map(|fault| {
        let end = fault.healed.map_or(u64::MAX, |end| end.as_millis() as u64);
        (fault.begin.as_millis() as u64, end)
    });
    let mut events: Vec<Event> = Vec::new();
    for s in 0..subscribers {
        let node = plan.subscriber_node(s);
        events.push((-4_000, Box::new(move |ledger, at| ledger.subscribed(s, node, at))));
        for fault in faults.iter().filter(|fault| fault.deliberate) {
            if dice.percent(50) {
                let (away, back) =
                    (fault.begin.as_millis() as i64, fault.healed.map(|at| at.as_millis() as i64));
                events.push((away, Box::new(move |ledger, at| ledger.left(s, at))));
                if let Some(back) = back {
                    events.push((back, Box::new(move |ledger, at| ledger.subscribed(s, node, at))));
                }
            }
        }
        if notices.percent(told) {
            for _ in 0..notices.below(4) {
                let since = ms(5_000 + notices.below(4_000));
                let at = notices.below(6_000) as i64;
                match notices.percent(50) {
                    true => events.push((at, Box::new(move |ledger, at| ledger.noticed(s, at)))),
                    false => {
                        events.push((at, Box::new(move |ledger, at| ledger.noticed_since(s, since, at))))
                    }
                }
            }
        }
        if dice.percent(10) {
            let at = dice.below(3_000) as i64;
            events.push((at, Box::new(move |ledger, at| ledger.closed(s, at))));
            events.push((at + 500, Box::new(move |ledger, at| ledger.subscribed(s, node, at))));
        }
    }
    for n in 0..messages {
        let due = plan.due(n).as_millis() as u64;
        let hit = bounded.is_none_or(|(from, to)| (from..to).contains(&due));
        if hit && dice.percent(unsent) {
            continue;
        }
        let (sent, node) = (due as i64 + dice.below(3) as i64, plan.publisher_node(plan.publisher(n)));
        events.push((sent, Box::new(move |ledger, at| ledger.sent(n, node, at))));
        let answer = match () {
            () if plain => None,
            () if hit && dice.percent(refused) => Some(Answer::Refused),
            () if hit && dice.percent(unknown) => Some(Answer::Unknown),
            () if dice.percent(confirmed) => Some(Answer::Confirmed),
            () => Some(Answer::Handed),
        };
        if let Some(answer) = answer {
            events.push((sent + 1, Box::new(move |ledger, _| ledger.answered(n, answer))));
        }
        let refused = answer == Some(Answer::Refused) && !dice.percent(5);
        for s in 0..subscribers {
            let path = plan.has_path(node, plan.subscriber_node(s));
            if !path || refused || hit && dice.percent(lost) {
                continue;
            }
            let delay =
                if hit && dice.percent(late) { 1_001 + dice.below(3_000) } else { 1 + dice.below(300) };
            let at = sent + delay as i64;
            let by_replay = hit && dice.percent(replayed);
            let live = move |ledger: &mut Ledger, at: Duration| ledger.received(s, n, Arrival::Live, at);
            let replay = move |ledger: &mut Ledger, at: Duration| {
                ledger.received(s, n, Arrival::Replay { round: 1 }, at);
            };
            if by_replay {
                events.push((at, Box::new(replay)));
            } else {
                events.push((at, Box::new(live)));
            }
            if dice.percent(replay_first / 3) {
                events.push((sent + 2, Box::new(replay)));
            }
            if dice.percent(doubled / 3) {
                events.push((at + 5, Box::new(live)));
            }
            if dice.percent(held_again / 3) {
                events.push((at + 7, Box::new(replay)));
            }
        }
    }
    events.sort_by_key(|(at, _)| *at);
    let mut ledger = Ledger::new(plan);
    ledger.begin(BEGIN);
    for (at, event) in events {
        event(&mut ledger, ms((5_000 + at).max(0) as u64));
    }
    let settled = ledger.settle(&faults, BEGIN + ms(20_000));
    let pattern = if crosses_nodes { ["redis", "zeromq", "amqp"][dice.below(3) as usize] } else { "local" };
    let expectation = |figure: &str, bound| Expectation { whose: Whose::All, figure: figure.into(), bound };
    let expectations = [expectation("lost", Bound::Equal(0.0)), expectation("on_time", Bound::AtLeast(0.5))];
    let answers = dice.percent(30).then(|| "a node refused a message: rejected: no (9 times)".to_owned());
    let harness = Harness { causes: answers.into_iter().collect(), ..Harness::default() };
    let judgement = judge(&settled, &harness, &expectations[..dice.below(3) as usize]);
    let made = RunReport::new("a-1", "a", pattern, &settled, &judgement, &harness, &faults);
    RunReport { dialect: Some(if plain { "plain" } else { "v1" }.into()), ..made }
}

/// No fault, one or two: of the broker, of the subscribers, healed or not.
fn faults(dice: &mut Dice) -> Vec<FaultTimes> {
    let mut faults = Vec::new();
    for _ in 0..dice.below(3) {
        let deliberate = dice.percent(40);
        let lines = if deliberate { "leave = '50%'" } else { "kill = 'broker'" };
        let begin = dice.below(2_500);
        let heal_begin = (!dice.percent(20)).then(|| begin + 100 + dice.below(1_500));
        let planned = fault(lines, begin, heal_begin).planned;
        let healed = heal_begin.map(|at| ms(at + dice.below(400)));
        let (begin, heal_begin) = (ms(begin), heal_begin.map(ms));
        let what = planned.as_ref().map(|fault| fault.what()).unwrap_or_default();
        faults.push(FaultTimes { what, begin, heal_begin, healed, deliberate, planned });
    }
    faults
}

/// The number that stands right before a phrase, in each place where the phrase stands.
fn before(text: &str, phrase: &str) -> Vec<u64> {
    let number = |at: usize| {
        let word = text[..at].rsplit([' ', '(']).next().unwrap_or_default();
        word.replace(',', "").parse().ok()
    };
    text.match_indices(phrase).filter_map(|(at, _)| number(at)).collect()
}

/// Looks up every claim of a text in the figures of its run. Gives the claims that were made.
fn check(run: &RunReport, text: &str) -> Vec<&'static str> {
    let (messages, debts, times) = (run.messages.unwrap(), run.debts.unwrap(), run.times);
    let lost_acked = debts.lost_confirmed + debts.lost_handed - debts.lost_no_path;
    let plural = |count: u64, one: &str, many: &str| {
        format!("{} {}", grouped(count), if count == 1 { one } else { many })
    };
    let deliveries = |count| plural(count, "delivery", "deliveries");
    let of_messages = plural(messages.due, "message", "messages");
    let after = |ms: u64| run.timeline.iter().filter(move |slice| slice.at_ms >= ms);
    let heal = run.faults.iter().filter_map(|fault| fault.heal_begin_ms).max();
    let struck_alone =
        debts.lost_no_path == 0 && run.faults.iter().all(|fault| !fault.what.contains("leave"));
    let mut made = Vec::new();
    // A phrase, and what must hold wherever it stands.
    let mut claim = |phrase: &'static str, holds: bool| {
        if text.contains(phrase) {
            assert!(
                holds,
                "`{phrase}` is not true: {text}\n{debts:?} {messages:?} {times:?} {:?}",
                run.faults
            );
            made.push(phrase);
        }
    };
    let (lost, unsent, late) = (debts.lost_over_paths(), messages.unsent, debts.late());
    claim(" messages reached everyone", lost == 0 && unsent == 0);
    claim("the only message reached everyone", lost == 0 && unsent == 0 && messages.due == 1);
    claim("what was sent reached everyone", lost == 0 && unsent > 0 && messages.sent > 0);
    claim("what was acknowledged reached everyone", lost_acked == 0 && messages.acked > 0);
    claim("on its publisher's own node", debts.lost_no_path > 0 && messages.sent == 1);
    claim("on their publishers' own nodes", debts.lost_no_path > 0 && messages.sent > 1);
    claim("never reachable", debts.lost_no_path > 0);
    let silent = debts.lost_silent - debts.lost_no_path;
    claim("Their subscribers know: ", lost > 1 && silent == 0 && debts.lost_told == lost);
    claim("Its subscriber knows: ", lost == 1 && silent == 0 && debts.lost_told == 1);
    claim("Their subscribers do not know: ", lost > 1 && silent == lost && debts.lost_told == 0);
    claim("Its subscriber does not know: ", lost == 1 && silent == 1 && debts.lost_told == 0);
    claim("a: lost ", lost > 0);
    claim("a: lost all ", lost == debts.owed - debts.lost_no_path && unsent == 0 || unsent > 0);
    claim("never sent", unsent > 0);
    claim("was ever sent", unsent > 0 && messages.sent == 0);
    claim("Nothing was lost", debts.lost == 0 && unsent == 0);
    claim("Nothing was lost or more than a second late", times.impact_ms.is_none() && late == 0);
    claim("nobody waited for more than a second", times.impact_ms.is_none());
    claim("only who was away had to wait", times.impact_ms.is_none());
    claim("Nobody who stayed lost anything", times.impact_ms.is_none() && debts.lost > 0);
    claim("away on purpose", times.impact_ms.is_none() && debts.lost_offline == debts.lost);
    claim("left on purpose", times.impact_ms.is_none() && debts.lost_offline < debts.lost);
    claim("all of them to subscribers that were offline", debts.lost_offline == debts.lost);
    claim("Nothing more was lost", heal.is_some_and(|heal| after(heal + 100).all(|slice| slice.lost == 0)));
    claim("For those who stayed, nothing more", times.recovery_ms == Some(0));
    let well = times.recovery_ms.zip(heal).map(|(recovery, heal)| heal + recovery + 100);
    let all_well = well.is_some_and(|well| after(well).all(|slice| slice.lost == 0));
    claim("All was well again", times.recovery_ms > Some(0) && (all_well || !struck_alone));
    claim("not well again", times.impact_ms.is_some() && times.recovery_ms.is_none() && times.not_recovered);
    let saw_heal = heal.is_some_and(|heal| after(heal).any(|slice| slice.sent > 0));
    claim("nothing shows whether all was well again", times.recovery_ms.is_none() && !saw_heal);
    claim("the harm went on", times.impact_ms.is_some());
    claim("nothing was acknowledged", messages.acked == 0);
    claim("had been acknowledged", messages.acked == messages.sent);
    claim("broken promise", debts.lost_confirmed > 0);
    claim("arrived all the same", debts.lost_unknown == 0 && messages.unknown > 0);
    claim("The dialect has no answers", messages.acked + messages.refused == 0);
    claim("Violated: ", run.verdict == Verdict::Violated);
    claim("Likely cause: a node refused", run.verdict == Verdict::Violated);
    claim("Note: a node refused", run.verdict == Verdict::Valid);
    let of_payers = run.payers.iter().fold((0, 0), |sum, payer| (sum.0 + payer.lost, sum.1 + payer.late));
    claim(
        "everyone else received everything within a second",
        of_payers == (debts.lost, late) && debts.recovered == 0 && unsent == 0,
    );
    claim("Apart from ", !run.payers.is_empty() && of_payers != (debts.lost, late));
    let window = run.faults.iter().find(|fault| fault.what == "kill broker");
    let outside = window.map_or(0, |fault| {
        let end = fault.healed_ms.map_or(u64::MAX, |end| end + 1_100);
        let out = |at: u64| at + 1_100 < fault.begin_ms || at > end;
        run.timeline.iter().filter(|slice| out(slice.at_ms)).map(|slice| slice.refused + slice.unknown).sum()
    });
    claim("while the broker was away", outside == 0);
    // A phrase with its number, and the figure that the number must be.
    let numbers: [(&'static str, u64); 11] = [
        (if silent == 1 { " was lost in silence" } else { " were lost in silence" }, silent),
        (" came by replay", debts.recovered),
        (" came again by replay", run.counts.held_again.unwrap()),
        (" extra cop", run.counts.duplicates.unwrap()),
        (" came out of order", run.counts.reordered.unwrap()),
        (" came though the message had been refused", run.counts.refused_but_delivered.unwrap()),
        (" messages had been acknowledged", messages.acked),
        (" messages that were sent had been acknowledged", messages.acked),
        (" of the lost deliveries w", debts.lost_confirmed),
        (" while they were away", debts.lost_offline),
        (" on their way as they left", lost.saturating_sub(debts.lost_offline)),
    ];
    for (phrase, figure) in numbers {
        // Where a noun stands between, it is a delivery.
        let found = [phrase.to_owned(), format!(" deliveries{phrase}"), format!(" delivery{phrase}")];
        let all: Vec<u64> = found.iter().flat_map(|phrase| before(text, phrase)).collect();
        assert!(all.iter().all(|number| *number == figure), "{phrase} {figure}: {text}");
        assert_eq!(text.contains(phrase), !all.is_empty(), "{phrase} without a number: {text}");
        if !all.is_empty() {
            made.push(phrase);
        }
    }
    // Whole clauses that are said exactly when they are true.
    let owed = deliveries(debts.owed - debts.lost_no_path);
    let clauses: [(bool, &'static str, String); 6] = [
        (lost > 0 && messages.sent > 0, "lost of", format!("lost {} of {owed}", grouped(lost))),
        (unsent > 0 && messages.sent > 0, "unsent of", format!("{} of {of_messages} w", grouped(unsent))),
        (messages.refused > 0, "refused of", format!("{} of {of_messages} w", grouped(messages.refused))),
        (late > 0, "late", format!("{} (", deliveries(late))),
        (
            text.contains("of what was acknowledged, "),
            "acked of",
            format!(
                "of what was acknowledged, {} of {} w",
                grouped(lost_acked),
                deliveries(debts.acked_debts)
            ),
        ),
        (
            text.contains("the slowest after"),
            "slowest",
            format!("the slowest after {}.", span(run.latency_us.map_or(0, |us| us.max))),
        ),
    ];
    for (expected, name, clause) in clauses {
        let all = format!("lost all {owed}");
        let said = text.contains(&clause) || name == "lost of" && text.contains(&all);
        assert!(said || !expected, "{name}: `{clause}` is missing: {text}\n{debts:?} {messages:?}");
        if expected {
            made.push(name);
        }
    }
    made
}

#[test]
fn no_sentence_contradicts_another_or_a_figure() {
    let mut claims: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..LEDGERS {
        let run = run(seed);
        if run.verdict == Verdict::Inconclusive {
            continue;
        }
        let text = sentences(&report(vec![run.clone()])).remove(0);
        for claim in check(&run, &text) {
            *claims.entry(claim).or_default() += 1;
        }
    }
    // A claim that no ledger leads to would be checked by nobody.
    let rare = [
        "the only message reached everyone",
        "what was sent reached everyone",
        "what was acknowledged reached everyone",
        "never reachable",
        "a: lost ",
        "a: lost all ",
        "Their subscribers know: ",
        "Their subscribers do not know: ",
        " were lost in silence",
        "was ever sent",
        "Nothing was lost or more than a second late",
        "only who was away had to wait",
        "Nobody who stayed lost anything",
        "away on purpose",
        "left on purpose",
        "Nothing more was lost",
        "All was well again",
        "the harm went on",
        "nothing was acknowledged",
        "had been acknowledged",
        "broken promise",
        "arrived all the same",
        "The dialect has no answers",
        "while the broker was away",
        "Violated: ",
        "not well again",
        "nothing shows whether all was well again",
        "Likely cause: a node refused",
        "Note: a node refused",
        "everyone else received everything within a second",
        "Apart from ",
        " came again by replay",
        "acked of",
        "slowest",
        " came by replay",
        " extra cop",
        " came though the message had been refused",
    ];
    let missing: Vec<_> = rare.iter().filter(|claim| !claims.contains_key(*claim)).collect();
    assert!(missing.is_empty(), "never said: {missing:?}; said: {claims:#?}");
}

#[test]
fn control_a_false_sentence_is_found() {
    let lossy =
        (0..LEDGERS).map(run).find(|run| run.debts.is_some_and(|debts| debts.lost_over_paths() > 0)).unwrap();
    let truth = sentences(&report(vec![lossy.clone()])).remove(0);
    check(&lossy, &truth);
    let found = |text: String| std::panic::catch_unwind(|| check(&lossy, &text)).is_err();
    for lie in [
        "Nothing was lost.",
        "Nothing was lost or more than a second late.",
        "999 deliveries came by replay.",
    ] {
        assert!(found(format!("{truth} {lie}")), "{lie}");
    }
    assert!(found(truth.replacen("a: lost ", "a: lost 1", 1)), "{truth}");
}
