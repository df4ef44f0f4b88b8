//! Literal runs and stories for tests of pictures.

use crate::distribution::PercentilePoint;
use crate::sample::redis;
use crate::{Arrow, Carries, Choice, Encoded, IntervalReport, Lane, LaneKind, RunReport, Story};
use ledger::{Phase, Slice, micros_histogram};

/// A slice in which all 30 deliveries came.
pub(super) fn slice(at_ms: u64) -> Slice {
    Slice {
        at_ms,
        sent: 10,
        acked: 10,
        delivered: 300,
        late: Some(0),
        duplicates: Some(0),
        received: 300,
        online: Some(30),
        p50_us: Some(350),
        p99_us: Some(4_123),
        max_us: Some(5_120),
        spread_p50_us: Some(80),
        spread_max_us: Some(912),
        ..Slice::default()
    }
}

/// A slice in which all 30 deliveries were lost.
pub(super) fn lost(at_ms: u64) -> Slice {
    Slice {
        at_ms,
        sent: 10,
        refused: 10,
        late: Some(0),
        duplicates: Some(0),
        lost: 300,
        lost_by_node: vec![100, 120, 80],
        online: Some(30),
        ..Slice::default()
    }
}

/// The latencies of a second, each with its count.
pub(super) fn interval(at_ms: u64, values: &[(u64, u64)]) -> IntervalReport {
    let mut histogram = micros_histogram();
    values.iter().for_each(|(us, many)| histogram.saturating_record_n(*us, *many));
    IntervalReport { at_ms, length_ms: 1_000, phase: Phase::Steady, latency: Encoded::of(&histogram) }
}

/// A run of twenty seconds, in which the broker of redis was killed for five.
pub(super) fn killed() -> RunReport {
    let mut run = redis();
    let away = 5_000..10_000;
    run.timeline =
        (0..200).map(|i| if away.contains(&(i * 100)) { lost(i * 100) } else { slice(i * 100) }).collect();
    run.timeline[120].recovered = 7;
    // Somebody was away for a moment, and once somebody had to wait for longer than others.
    run.timeline[60].online = Some(29);
    run.timeline[110].spread_max_us = Some(20_912);
    let came = |i: u64| if away.contains(&(i * 1_000)) { 0 } else { 3_000 };
    run.intervals = (0..20).map(|i| interval(i * 1_000, &[(350, came(i))])).collect();
    let point = |percentile, value_us, count| PercentilePoint { percentile, value_us, count };
    run.percentiles.latency = vec![point(0.0, 0, 1), point(50.0, 350, 500), point(100.0, 5_120, 1_000)];
    run.percentiles.service = vec![point(0.0, 0, 1), point(50.0, 340, 500), point(100.0, 5_000, 1_000)];
    run.stories = vec![first_lost(), slowest()];
    run
}

fn lane(kind: LaneKind, name: &str, number: Option<u64>) -> Lane {
    Lane { kind, name: name.into(), number, node: None }
}

fn arrow(from: usize, to: usize, leaves_us: i64, arrives_us: Option<i64>, carries: Carries) -> Arrow {
    Arrow { from, to, leaves_us, arrives_us, carries, traced: true, note: None }
}

fn lanes() -> Vec<Lane> {
    vec![
        lane(LaneKind::Publisher, "publisher 1", Some(1)),
        lane(LaneKind::Node, "node 1", Some(1)),
        lane(LaneKind::Broker, "broker", None),
        lane(LaneKind::Node, "node 0", Some(0)),
        lane(LaneKind::Subscriber, "subscribers 0-29", Some(0)),
    ]
}

/// The story of a message that was refused, because the broker was away.
pub(super) fn first_lost() -> Story {
    let due_us = 5_020_000;
    Story {
        choice: Choice::FirstLost,
        number: 503,
        publisher: 1,
        seq: 167,
        node: Some(1),
        due_us,
        sent_us: Some(due_us + 120),
        answer: Some("refused".into()),
        owed: 30,
        received: 0,
        lost: 30,
        lanes: lanes(),
        arrows: vec![
            arrow(0, 1, due_us + 120, Some(due_us + 410), Carries::Message),
            arrow(1, 2, due_us + 450, None, Carries::Message),
            Arrow {
                note: Some("refused bus_down".into()),
                ..arrow(1, 0, due_us + 800, Some(due_us + 990), Carries::Refusal)
            },
        ],
    }
}

/// The story of a message that waited for the broker.
pub(super) fn slowest() -> Story {
    let due_us = 5_520_000;
    Story {
        choice: Choice::Slowest,
        number: 553,
        answer: Some("handed".into()),
        received: 30,
        lost: 0,
        due_us,
        sent_us: Some(due_us + 1_500),
        arrows: vec![
            arrow(0, 1, due_us + 1_500, Some(due_us + 1_700), Carries::Message),
            arrow(1, 2, 10_031_000, Some(10_031_400), Carries::Message),
            Arrow { traced: false, ..arrow(2, 3, 10_031_500, Some(10_032_000), Carries::Message) },
            arrow(2, 1, 10_031_500, Some(10_032_100), Carries::Ack),
            arrow(3, 4, 10_032_200, Some(10_033_000), Carries::Message),
        ],
        ..first_lost()
    }
}
