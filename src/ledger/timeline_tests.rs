//! The slices of a run, where their edges are.

use super::*;

/// A timeline of three slices: the last message is due in the third.
fn timeline() -> Timeline {
    Timeline::new(Some(2 * SLICE))
}

fn received(timeline: &Timeline) -> Vec<u64> {
    timeline.slices(0).iter().map(|slice| slice.received).collect()
}

#[test]
fn a_slice_begins_with_its_first_nanosecond() {
    assert_eq!([0, SLICE - 1, SLICE, 7 * SLICE + 1].map(slice_of), [0, 0, 1, 7]);
    assert_eq!([Timeline::new(None), Timeline::new(Some(0)), timeline()].map(|it| it.len()), [0, 1, 3]);
}

#[test]
fn receipts_make_slices_of_their_own_and_in_any_order() {
    let mut timeline = timeline();
    for since_begin in [5 * SLICE, 2 * SLICE, 2 * SLICE, 5 * SLICE + 1, 0] {
        timeline.received(since_begin);
    }
    assert_eq!(received(&timeline), [1, 0, 2, 0, 0, 2]);
    assert_eq!(timeline.len(), 3, "the load has no more");
}

#[test]
fn what_comes_after_a_day_is_not_worth_a_slice() {
    let mut timeline = timeline();
    timeline.received(MOST_SLICES as u64 * SLICE);
    timeline.received(u64::MAX);
    assert_eq!(timeline.received.len(), 0);
    timeline.received(MOST_SLICES as u64 * SLICE - 1);
    assert_eq!(timeline.received.len(), MOST_SLICES);
    assert_eq!(timeline.received.last(), Some(&1));
}

#[test]
fn what_came_late_or_again_is_counted_where_its_message_was_due() {
    let mut timeline = timeline();
    timeline.late(SLICE);
    (0..3).for_each(|_| timeline.duplicate(2 * SLICE));
    timeline.late(9 * SLICE);
    let counts: Vec<_> = timeline.slices(0).iter().map(|slice| (slice.late, slice.duplicates)).collect();
    assert_eq!(counts, []);
    let counts: Vec<_> = timeline.slices(4).iter().map(|slice| (slice.late, slice.duplicates)).collect();
    let some = |late, duplicates| (Some(late), Some(duplicates));
    assert_eq!(counts, [some(0, 0), some(1, 0), some(0, 3), some(0, 0)]);
}

#[test]
fn a_slice_has_the_quantiles_of_its_latencies_and_the_true_longest() {
    let mut timeline = timeline();
    let scale = micros_histogram();
    (0..2).for_each(|_| timeline.sent(SLICE));
    timeline.sent(9 * SLICE);
    for latency in 1..=200 {
        timeline.delivered(SLICE, latency, latency, latency);
    }
    // To a histogram 10,007 and 10,003 are the same, as 10,000 rounded down.
    timeline.delivered(2 * SLICE, 10_003, scale.lowest_equivalent(10_003), 9_000);
    timeline.delivered(9 * SLICE, 1, 1, 1);
    let slices = timeline.slices(0);
    let expected = Slice {
        at_ms: 100,
        sent: 2,
        delivered: 200,
        late: Some(0),
        duplicates: Some(0),
        p50_us: Some(100),
        p99_us: Some(198),
        max_us: Some(200),
        ..Slice::default()
    };
    assert_eq!((slices.len(), &slices[1]), (2, &expected), "nothing was sent in the third");
    let all = timeline.slices(4);
    assert_eq!((all.len(), all[3].at_ms, all[0].max_us), (4, 300, None));
    assert_eq!([all[2].p50_us, all[2].p99_us, all[2].max_us], [Some(10_003); 3]);
    assert_eq!(timeline.longest_us(), [0, 200, 10_003]);
    let p99 = [0, 1, 2, 3].map(|slice| timeline.p99_us(slice, &scale));
    assert_eq!(p99, [None, Some(198), Some(10_003), None]);
    let mut whole = micros_histogram();
    (0..9).for_each(|slice| timeline.add_to(slice, &mut whole));
    assert_eq!(whole.len(), 201);
}
