//! Every figure of a run by its name. Each has a value of its own here, so that none is taken for another.

use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};

use super::Answer::{Confirmed, Handed, Refused, Unknown};
use super::Arrival::{Live, Replay};
use super::histogram::micros_histogram;
use super::stage_for_tests::{begun, ms, plan, send};
use super::*;
use scenario::{Bound, Count, Figure};

/// The name of each count with a number of its own, counted from 1.
fn numbered() -> impl Iterator<Item = (&'static str, u64)> {
    Count::ALL.iter().map(|count| Figure::Count(*count).name()).zip(1..)
}

/// A record in which each field has this many times the number of its name.
fn record<'a, T: Deserialize<'a>>(times: u64) -> T {
    let fields = numbered().map(|(name, number)| (name, number * times));
    T::deserialize(MapDeserializer::<_, Error>::new(fields)).unwrap()
}

fn each_its_own_number() -> Settled {
    let settled = begun(plan(1, 0)).settle(&[], ms(0));
    let path = |subscriber| Path { publisher: 0, subscriber };
    let number = |name: &str| numbered().find(|(known, _)| *known == name).unwrap().1 as usize;
    Settled {
        messages: record(1),
        debts: Debts { on_time: 3, ..record(1) },
        counts: record(1),
        unverified_paths: (0..number("unverified_paths")).map(path).collect(),
        stopped_paths: vec![
            StoppedPath { publisher: 0, subscriber: 0, since_ms: 0 };
            number("stopped_paths")
        ],
        ..settled
    }
}

#[test]
fn every_count_is_found_by_its_name() {
    let settled = each_its_own_number();
    for (name, count) in numbered() {
        assert_eq!(settled.figure(name), Some(FigureValue::Count(count)), "{name}");
    }
    let Debts { owed, lost, .. } = settled.debts;
    assert_eq!(settled.figure("on_time"), Some(FigureValue::Share { part: 3, whole: owed }));
    assert_eq!(settled.figure("lost_share"), Some(FigureValue::Share { part: lost, whole: owed }));
    assert_eq!(settled.figure("loser"), None);
}

#[test]
fn without_a_debt_there_is_no_share() {
    let mut settled = each_its_own_number();
    (settled.debts.owed, settled.debts.lost, settled.debts.on_time) = (0, 0, 0);
    assert_eq!((settled.figure("lost_share"), settled.figure("on_time")), (None, None));
    settled.debts.owed = 4;
    assert_eq!(settled.figure("lost_share"), Some(FigureValue::Share { part: 0, whole: 4 }));
}

#[test]
fn every_time_is_found_by_its_name_in_milliseconds() {
    let mut settled = each_its_own_number();
    let lasting = |us: u64| {
        let mut histogram = micros_histogram();
        histogram.saturating_record(us);
        histogram
    };
    (settled.latency, settled.service) = (lasting(1_000), lasting(500));
    (settled.recovered, settled.fan_out) = (lasting(1_500), lasting(250));
    (settled.times.impact_ms, settled.times.recovery_ms, settled.times.ready_ms) =
        (Some(31), Some(32), Some(33));
    let slice = |max_us, spread_max_us| Slice { max_us, spread_max_us, ..Slice::default() };
    settled.timeline = vec![slice(Some(9), None), slice(Some(5_000), Some(4_000)), slice(None, Some(8))];
    assert_eq!((settled.longest_us(), settled.widest_us()), (Some(5_000), Some(4_000)));
    let expected = [
        ("impact_ms", 31.0),
        ("recovery", 32.0),
        ("ready_ms", 33.0),
        ("p50", 1.0),
        ("max_us", 1.0),
        ("service_p99", 0.5),
        ("recovered_p90_ms", 1.5),
        ("fan_out_max", 0.25),
    ];
    for (name, ms) in expected {
        assert_eq!(settled.figure(name).map(FigureValue::value), Some(ms), "{name}");
    }
    assert_eq!(settled.figure("publish_delay_p50"), None, "that is the harness's");
    settled.timeline.clear();
    assert_eq!((settled.longest_us(), settled.widest_us()), (None, None));
}

#[test]
fn every_amount_is_found_by_its_name_in_the_unit_that_the_name_says() {
    let mut settled = each_its_own_number();
    let amount = |settled: &Settled, name| settled.figure(name).map(FigureValue::value);
    assert_eq!((amount(&settled, "rss_mib"), amount(&settled, "cpu_us_per_delivery")), (None, None));
    let cost = RunCost { cpu_us_per_delivery: Some(8.25), rss_mib: 41.5, ..RunCost::default() };
    settled.cost = Some(cost);
    let found = ["cpu_us_per_delivery", "rss_mib", "rss_mib_us", "rss"].map(|name| amount(&settled, name));
    assert_eq!(found, [Some(8.25), Some(41.5), None, None]);
}

#[test]
fn every_count_is_summed() {
    assert_eq!(record::<Messages>(1) + record(2), record(3));
    assert_eq!(record::<Debts>(1) + record(2), record(3));
    let counts = |times| Counts::<Option<u64>>::from(record::<Counts>(times));
    assert_eq!(counts(1) + counts(2), counts(3));
    let on_time = |on_time| Debts { on_time, ..record(1) };
    assert_eq!((on_time(4) + on_time(5)).on_time, 9);
    // What only one of them has is taken from it.
    assert_eq!((counts(1) + Counts::default(), Counts::default() + counts(1)), (counts(1), counts(1)));
}

/// A run in which everything happens that is counted.
fn everything_happens() -> Settled {
    let mut ledger = begun(Plan { crosses_nodes: false, ..plan(3, 40) });
    // Subscriber 1 is on another node than the publisher and has no path. The last two messages are never sent.
    ledger.unverified_path(0, 1);
    for n in 0..38 {
        let answer = match n {
            1 => Refused,
            2 => Unknown,
            3 => Confirmed,
            _ => Handed,
        };
        send(&mut ledger, n, answer);
    }
    // A disorder and a further copy, then the path to subscriber 0 stops.
    for n in [0, 4, 5, 5, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] {
        ledger.received(0, n, Live, ms(1_600));
    }
    // Subscriber 2 gets a message that was refused, then loses its connection while message 10 is sent.
    ledger.received(2, 1, Live, ms(150));
    ledger.closed(2, ms(950));
    ledger.subscribed(2, 0, ms(1_050));
    for n in [4, 6, 5, 6] {
        ledger.received(2, n, Replay { round: 0 }, ms(1_060));
    }
    // What was replayed comes live, too, and another replay brings over the same connection what it held.
    ledger.received(2, 4, Live, ms(1_070));
    (11..38).for_each(|n| ledger.received(2, n, Live, ms(n as u64 * 100 + 1)));
    ledger.received(2, 11, Replay { round: 1 }, ms(3_900));
    ledger.unexpected(2, ms(3_000));
    ledger.corrupted(2, ms(3_000));
    ledger.foreign(2, ms(3_000));
    ledger.disconnected("a connection was reset", ms(3_000));
    ledger.settle(&[], ms(9_000))
}

#[test]
fn every_count_counts_and_says_when_it_did() {
    let settled = everything_happens();
    for count in Count::ALL {
        let value = settled.count(*count).unwrap_or(0);
        assert!(value > 0, "nothing counts {count:?}");
        let when = settled.went_wrong(Figure::Count(*count), value as f64, Bound::AtMost(0.0));
        // Too many of what was asked for and of what went well is nobody's fault, and a path that never worked has no
        // moment.
        let blameless =
            [Count::Due, Count::Sent, Count::Acked, Count::Owed, Count::Delivered, Count::UnverifiedPaths];
        assert_eq!(when.is_none(), blameless.contains(count), "{count:?} says no moment");
    }
}
