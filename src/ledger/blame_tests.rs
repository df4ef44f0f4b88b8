//! Which moments are to blame for which figure: each has moments of its own here, so that none is taken for another.

use super::Answer::Handed;
use super::Arrival::Live;
use super::stage_for_tests::{begun, figure, ms, plan, send};
use super::*;
use scenario::{Bound, Count};

/// A run in which every kind of moment falls into another second.
fn each_at_its_own_second() -> Settled {
    let mut settled = begun(plan(1, 0)).settle(&[], ms(0));
    let at = |span: &mut span::Span, second: u64| span.include(second * 1_000_000_000);
    let moments = &mut settled.moments;
    let lost = [
        Count::Lost,
        Count::LostConfirmed,
        Count::LostHanded,
        Count::LostRefused,
        Count::LostUnknown,
        Count::LostNoPath,
        Count::LostOnline,
        Count::LostOffline,
    ];
    lost.into_iter().zip(1..).for_each(|(count, second)| at(&mut moments.at[count], second));
    let messages = [Count::Refused, Count::Unknown, Count::Unsent];
    messages.into_iter().zip(11..).for_each(|(count, second)| at(&mut moments.at[count], second));
    at(&mut moments.at[Count::Recovered], 21);
    at(&mut moments.at[Count::RefusedButDelivered], 22);
    at(&mut moments.harm, 23);
    at(&mut moments.ready, 24);
    at(&mut moments.at[Count::StoppedPaths], 25);
    let receipts = [
        Count::Duplicates,
        Count::Reordered,
        Count::ReplayReordered,
        Count::Unexpected,
        Count::Corrupted,
        Count::Foreign,
    ];
    receipts.into_iter().zip(31..).for_each(|(count, second)| at(&mut moments.at[count], second));
    at(&mut moments.late, 37);
    moments.service.include(1, 38_000_000_000);
    moments.recovered.include(1, 39_000_000_000);
    settled
}

/// The seconds from which to which a figure whose value is 5 went wrong.
fn seconds(settled: &Settled, name: &str, bound: Bound) -> Option<(u64, u64)> {
    settled.went_wrong(figure(name), 5.0, bound).map(|(from, to)| (from.as_secs(), to.as_secs()))
}

#[test]
fn too_much_of_a_figure_is_blamed_on_its_own_moments() {
    let settled = each_at_its_own_second();
    let blamed = [
        ("lost", 1, 13),
        ("lost_share", 1, 13),
        ("lost_confirmed", 2, 13),
        ("lost_handed", 3, 13),
        ("lost_refused", 4, 13),
        ("lost_unknown", 5, 13),
        ("lost_no_path", 6, 6),
        ("lost_online", 7, 13),
        ("lost_offline", 8, 13),
        ("refused", 11, 11),
        ("unknown", 12, 12),
        ("unsent", 13, 13),
        ("unsent_debts", 13, 13),
        ("recovered", 21, 21),
        ("refused_but_delivered", 22, 22),
        ("impact", 23, 23),
        ("recovery", 23, 23),
        ("ready", 24, 24),
        ("stopped_paths", 25, 25),
        ("duplicates", 31, 31),
        ("reordered", 32, 32),
        ("replay_reordered", 33, 33),
        ("unexpected", 34, 34),
        ("corrupted", 35, 35),
        ("foreign", 36, 36),
        ("service_p50", 38, 38),
        ("service_max", 38, 38),
        ("recovered_p999", 39, 39),
    ];
    for (figure, from, to) in blamed {
        assert_eq!(seconds(&settled, figure, Bound::AtMost(4.0)), Some((from, to)), "{figure}");
    }
    for figure in ["due", "sent", "acked", "owed", "delivered", "on_time", "unverified_paths", "loop_lag_max"]
    {
        assert_eq!(seconds(&settled, figure, Bound::AtMost(4.0)), None, "{figure}");
    }
}

#[test]
fn too_little_of_a_figure_is_blamed_on_what_it_lacks() {
    let settled = each_at_its_own_second();
    let blamed = [
        ("sent", 13, 13),
        ("acked", 11, 13),
        ("delivered", 1, 21),
        ("recovered", 1, 37),
        ("on_time", 1, 37),
        ("impact", 23, 23),
        ("ready", 24, 24),
    ];
    for (figure, from, to) in blamed {
        assert_eq!(seconds(&settled, figure, Bound::AtLeast(6.0)), Some((from, to)), "{figure}");
    }
    for figure in
        ["due", "owed", "lost", "lost_online", "unsent", "duplicates", "service_max", "recovered_p50"]
    {
        assert_eq!(seconds(&settled, figure, Bound::AtLeast(6.0)), None, "{figure}");
    }
}

/// A run of two hundred subscribers and a message in each slice. All receipts take 10 ms except in slice 1, where a
/// third takes 50 ms; in slice 2, where all do; and in slices 3 and 4, where one takes 100 ms. What is sent in slice 5
/// never comes.
fn slices_of_many_kinds() -> Settled {
    let mut ledger = begun(plan(200, 6));
    (0..6).for_each(|n| send(&mut ledger, n, Handed));
    for n in 0..5 {
        for s in 0..200 {
            let latency = match n {
                1 if s < 66 => 50,
                2 => 50,
                3 | 4 if s == 0 => 100,
                _ => 10,
            };
            ledger.received(s, n, Live, ms(n as u64 * 100 + latency));
        }
    }
    ledger.settle(&[], ms(9_000))
}

#[test]
fn each_quantile_is_looked_for_in_the_slices_where_it_is_wrong() {
    let settled = slices_of_many_kinds();
    let over = |name, value, bound| {
        let when = settled.went_wrong(figure(name), value, bound);
        when.map(|(from, to)| (from.as_millis(), to.as_millis()))
    };
    let most = Bound::AtMost(20.0);
    assert_eq!(over("p50", 30.0, most), Some((200, 300)));
    assert_eq!([over("p90", 30.0, most), over("p99", 30.0, most)], [Some((100, 300)); 2]);
    assert_eq!(over("p999", 30.0, most), Some((100, 500)));
    assert_eq!(over("max", 100.0, most), Some((300, 400)), "the first of two that are the longest");
    // Where nothing came there is no latency that could be too short.
    assert_eq!(over("p999", 30.0, Bound::AtLeast(60.0)), Some((0, 300)));
    assert_eq!(over("p50", 30.0, Bound::AtLeast(40.0)), Some((0, 500)));
    assert_eq!(over("p50", 5.0, Bound::AtLeast(9.0)), None, "no slice is that short");
    // Only the slices on the side of the bound on which the whole is wrong are blamed.
    assert_eq!(over("p999", 70.0, Bound::Between(15.0, 60.0)), Some((300, 500)));
    assert_eq!(over("p999", 12.0, Bound::Between(15.0, 60.0)), Some((0, 100)));
    // No slice is over the bound: the one with the longest latency is blamed.
    assert_eq!(over("p99", 110.0, Bound::AtMost(105.0)), Some((300, 400)));
}

#[test]
fn each_way_to_be_lost_has_the_due_times_of_what_was_lost_that_way() {
    use super::Answer::{Confirmed, Refused, Unknown};
    let mut ledger = begun(Plan { crosses_nodes: false, ..plan(1, 40) });
    ledger.closed(0, ms(2_950));
    // The subscriber comes back on another node than the publisher's: from message 33 on it has no path.
    ledger.subscribed(0, 1, ms(3_250));
    let lost = [7, 12, 20, 22, 30, 31, 32, 35, 36];
    for n in 0..40 {
        let answer = match n {
            7 => Confirmed,
            12 => Refused,
            20 => Unknown,
            _ => Handed,
        };
        send(&mut ledger, n, answer);
        if !lost.contains(&n) {
            ledger.received(0, n, Live, ms(n as u64 * 100 + 1));
        }
    }
    let settled = ledger.settle(&[], ms(9_000));
    let when = |name| {
        let when = settled.went_wrong(figure(name), 9.0, Bound::AtMost(0.0));
        when.map(|(from, to)| (from.as_millis(), to.as_millis()))
    };
    assert_eq!(when("lost"), Some((700, 3_600)));
    assert_eq!(when("lost_confirmed"), Some((700, 700)));
    assert_eq!(when("lost_refused"), Some((1_200, 1_200)));
    assert_eq!(when("lost_unknown"), Some((2_000, 2_000)));
    assert_eq!(when("lost_handed"), Some((2_200, 3_600)));
    assert_eq!(when("lost_offline"), Some((3_000, 3_200)));
    assert_eq!(when("lost_online"), Some((700, 3_600)));
    assert_eq!(when("lost_no_path"), Some((3_500, 3_600)));
    let debts = settled.debts;
    assert_eq!(
        [debts.lost_confirmed, debts.lost_refused, debts.lost_unknown, debts.lost_handed],
        [1, 1, 1, 6]
    );
    assert_eq!([debts.lost, debts.lost_no_path, debts.lost_online, debts.lost_offline], [9, 2, 6, 3]);
}

#[test]
fn a_stopped_path_is_blamed_from_its_stop_to_the_end_of_the_schedule() {
    let mut ledger = begun(plan(1, 40));
    for n in 0..40 {
        send(&mut ledger, n, Handed);
        if n < 16 {
            ledger.received(0, n, Live, ms(n as u64 * 100 + 1));
        }
    }
    let settled = ledger.settle(&[], ms(9_000));
    let when = settled.went_wrong(figure("stopped_paths"), 1.0, Bound::AtMost(0.0));
    assert_eq!(when.map(|(from, to)| (from.as_millis(), to.as_millis())), Some((1_600, 3_900)));
}
