//! Every figure of a run by its name. Each has a value of its own here, so that none is taken for another.

use super::histogram::micros_histogram;
use super::stage_for_tests::{begun, ms, plan};
use super::*;

fn each_its_own_number() -> Settled {
    let settled = begun(plan(1, 0)).settle(&[], ms(0));
    let path = |subscriber| Path { publisher: 0, subscriber };
    Settled {
        messages: Messages { due: 1, sent: 2, unsent: 3, acked: 4, refused: 5, unknown: 6 },
        debts: Debts {
            owed: 7,
            delivered: 8,
            recovered: 9,
            lost: 10,
            on_time: Some(0.5),
            lost_confirmed: 11,
            lost_handed: 12,
            lost_refused: 13,
            lost_unknown: 14,
            lost_no_path: 15,
            lost_online: 16,
            lost_offline: 17,
        },
        unsent_debts: 18,
        duplicates: 19,
        reordered: 20,
        replay_reordered: 21,
        refused_but_delivered: 22,
        unexpected: 23,
        corrupted: 24,
        foreign: 25,
        unverified_paths: (0..26).map(path).collect(),
        stopped_paths: vec![StoppedPath { publisher: 0, subscriber: 0, since_ms: 0 }; 27],
        ..settled
    }
}

#[test]
fn every_count_is_found_by_its_name() {
    let settled = each_its_own_number();
    let names = [
        "due",
        "sent",
        "unsent",
        "acked",
        "refused",
        "unknown",
        "owed",
        "delivered",
        "recovered",
        "lost",
        "lost_confirmed",
        "lost_handed",
        "lost_refused",
        "lost_unknown",
        "lost_no_path",
        "lost_online",
        "lost_offline",
        "unsent_debts",
        "duplicates",
        "reordered",
        "replay_reordered",
        "refused_but_delivered",
        "unexpected",
        "corrupted",
        "foreign",
        "unverified_paths",
        "stopped_paths",
    ];
    for (name, count) in names.into_iter().zip(1..) {
        assert_eq!(settled.figure(name), Some(Figure::Count(count)), "{name}");
    }
    assert_eq!(settled.figure("on_time"), Some(Figure::Share(0.5)));
    assert_eq!(settled.figure("lost_share"), Some(Figure::Share(10.0 / 7.0)));
    assert_eq!(settled.figure("loser"), None);
}

#[test]
fn without_a_debt_there_is_no_share() {
    let mut settled = each_its_own_number();
    (settled.debts.owed, settled.debts.lost, settled.debts.on_time) = (0, 0, None);
    assert_eq!((settled.figure("lost_share"), settled.figure("on_time")), (None, None));
    settled.debts.owed = 4;
    assert_eq!(settled.figure("lost_share"), Some(Figure::Share(0.0)));
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
    (settled.impact_ms, settled.recovery_ms, settled.ready_ms) = (Some(31), Some(32), Some(33));
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
        assert_eq!(settled.figure(name), Some(Figure::Millis(ms)), "{name}");
    }
    assert_eq!(settled.figure("publish_delay_p50"), None, "that is the harness's");
    settled.timeline.clear();
    assert_eq!((settled.longest_us(), settled.widest_us()), (None, None));
}
