//! A random history of events, told to the ledger and to a slow, obvious model: lists of events, and each debt
//! looked up in them from scratch. Every count must agree.

#![allow(clippy::unwrap_used, reason = "the model is test code, outside of the functions marked as tests")]

mod figures;
mod history;
mod model;

use std::time::Duration;

use proptest::prelude::*;
use pubsub_lab::ledger::{Arrival, Ledger, Plan};

use figures::{expected, invariants, named, when};
use history::{absurd, dice, faults, history, plans, race, stopping};
use model::Model;

const BEGIN: Duration = Duration::from_millis(3_000);
const SECOND: Duration = Duration::from_secs(1);

/// A time in whole milliseconds, rounded to the nearest, half a millisecond up. In floating point, 4.8935 s would be less
/// than it is.
fn whole_ms(time: Duration) -> u64 {
    ((time.as_nanos() + 500_000) / 1_000_000) as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_find_the_same_paths_that_stopped(
        plan in plans(),
        messages in 40..80usize,
        stops in prop::collection::vec(20..120usize, 1..6),
        lost in prop::collection::vec(0..6u8, 0..50),
        refused in prop::collection::vec(0..40u8, 0..80),
        gone in prop::collection::vec((0..60usize, 0..30usize), 0..3),
        faults in prop::collection::vec(faults(), 0..2),
    ) {
        let plan = Plan { messages, rate: 6.0, surges: vec![], ..plan };
        let events = stopping(&plan, &stops, &lost, &refused, &gone);
        let mut ledger = Ledger::new(plan.clone());
        ledger.begin(BEGIN);
        events.iter().for_each(|event| event.tell(&mut ledger));
        let settled = ledger.settle(&faults, BEGIN + Duration::from_secs(60));
        let model = Model { plan: &plan, events: &events };
        prop_assert_eq!(&settled.stopped_paths, &model.stopped(&faults));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_and_a_slow_obvious_model_agree(
        plan in plans(),
        dice in prop::collection::vec(dice(), 0..160),
        swaps in prop::collection::vec(any::<bool>(), 0..400),
        faults in prop::collection::vec(faults(), 0..3),
        rest in 0..3_000u64,
    ) {
        let (mut events, now) = history(&plan, &dice);
        race(&mut events, &plan, &swaps);
        let mut ledger = Ledger::new(plan.clone());
        ledger.begin(BEGIN);
        for (told, event) in events.iter().enumerate() {
            event.tell(&mut ledger);
            // The running figures, every now and then: after each event it would take minutes.
            if told % 32 == 20 {
                let model = Model { plan: &plan, events: &events[..=told] };
                let progress = ledger.progress(now);
                prop_assert_eq!((ledger.outstanding(), progress.missing), model.waiting(now));
                prop_assert_eq!(progress.owed, model.debts().len() as u64);
            }
        }
        let ended = now + Duration::from_millis(rest);
        let model = Model { plan: &plan, events: &events };
        let settled = ledger.settle(&faults, ended);
        invariants(&settled);
        prop_assert_eq!(named(&settled), expected(&model, &faults, ended));
        // To three digits: by when the last of what came by replay only came after its intended time.
        let by_replay = model.recovered_us().into_iter().max();
        let longest = by_replay.map(|us| settled.recovered.highest_equivalent(us));
        prop_assert_eq!((!settled.recovered.is_empty()).then(|| settled.recovered.max()), longest);
        prop_assert_eq!(&settled.unverified_paths, &model.unverified());
        prop_assert_eq!(&settled.stopped_paths, &model.stopped(&faults));
        let ms = |(from, to): (Duration, Duration)| (from.as_millis() as u64, to.as_millis() as u64);
        let spans = [
            model.due_span(|s, n| model.is_lost(s, n) && !model.has_path(s, n)).map(ms),
            model.due_span(|s, n| model.fate(s, n).by(Arrival::Live).is_empty() && !model.is_lost(s, n)).map(ms),
            model.due_span(|s, n| !model.is_lost(s, n) && model.answer(n).0 == "refused").map(ms),
        ];
        prop_assert_eq!(when(&settled, &["lost_no_path", "recovered", "refused_but_delivered"]), spans);

        let progress = ledger.progress(ended);
        prop_assert_eq!((ledger.outstanding(), progress.missing), model.waiting(ended));
        prop_assert_eq!(progress.delivered, settled.debts.delivered);
        prop_assert_eq!(progress.recovered, settled.debts.recovered);
        let due = (0..plan.messages).filter(|n| model.intended(*n) <= ended).count();
        prop_assert_eq!(progress.due, due as u64);
    }

    #[test]
    fn no_history_however_absurd_breaks_the_sums(
        plan in plans(),
        events in prop::collection::vec(absurd(), 0..200),
        ended in 0..20_000u64,
    ) {
        let mut ledger = Ledger::new(plan);
        ledger.begin(BEGIN);
        events.iter().for_each(|event| event.tell(&mut ledger));
        invariants(&ledger.settle(&[], Duration::from_millis(ended)));
        let _ = ledger.progress(Duration::from_millis(ended));
    }
}
