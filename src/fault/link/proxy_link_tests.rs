//! Which conditions hold in which direction, and what is counted.

use super::*;
use scenario::kinds;

const RATE: Condition = Condition::Throttle(kinds::Throttle { bytes_per_second: 1_000 });

fn conditions(link: &ProxyLink, direction: Flow) -> Vec<Condition> {
    link.in_force(direction).0.into_iter().map(|(_, condition)| condition).collect()
}

#[test]
fn a_condition_holds_on_its_way_until_it_is_healed() {
    use Condition::{Blackhole, Cut};
    let link = ProxyLink::new(7);
    assert_eq!(link.seed(), 7);
    let forward = link.apply(Blackhole, Way::Forward);
    let back = link.apply(RATE, Way::Back);
    let both = link.apply(Condition::Limit(kinds::Limit { bytes: 5 }), Way::Both);
    assert_eq!(conditions(&link, Flow::Forward), [Blackhole, Condition::Limit(kinds::Limit { bytes: 5 })]);
    assert_eq!(conditions(&link, Flow::Back), [RATE, Condition::Limit(kinds::Limit { bytes: 5 })]);
    assert_eq!([forward, back, both], [ConditionHold(1), ConditionHold(2), ConditionHold(3)]);
    assert_eq!(link.in_force(Flow::Back).0[0].0, back);
    link.heal(both);
    link.heal(both);
    assert_eq!(conditions(&link, Flow::Forward), [Blackhole]);
    link.heal(forward);
    assert_eq!(conditions(&link, Flow::Forward), []);
    assert_eq!(conditions(&link, Flow::Back), [RATE]);
    // A cut ends both directions, whichever way is given.
    link.apply(Cut, Way::Forward);
    assert_eq!(conditions(&link, Flow::Back), [RATE, Cut]);
    assert_eq!(conditions(&link, Flow::Forward), [Cut]);
}

#[test]
fn each_direction_has_a_bandwidth_of_its_own_while_a_throttle_holds() {
    let link = ProxyLink::new(1);
    let bucket = |direction| link.in_force(direction).1;
    assert!(bucket(Flow::Forward).is_none() && bucket(Flow::Back).is_none());
    let back = link.apply(RATE, Way::Back);
    assert!(bucket(Flow::Forward).is_none());
    let first = bucket(Flow::Back).unwrap();
    link.apply(RATE, Way::Both);
    assert!(Arc::ptr_eq(&first, &bucket(Flow::Back).unwrap()), "the rate is the same");
    assert!(!Arc::ptr_eq(&first, &bucket(Flow::Forward).unwrap()));
    link.heal(back);
    assert!(Arc::ptr_eq(&first, &bucket(Flow::Back).unwrap()));
    link.apply(Condition::Throttle(kinds::Throttle { bytes_per_second: 10 }), Way::Both);
    assert!(!Arc::ptr_eq(&first, &bucket(Flow::Back).unwrap()), "the lowest rate holds");
}

#[test]
fn every_change_rings_and_proxies_have_numbers() {
    let link = ProxyLink::new(1);
    let ((one, mut hears), (other, also)) = (watch::channel(()), watch::channel(()));
    assert_eq!([link.join(one), link.join(other)], [1, 2]);
    let hold = link.apply(Condition::Cut, Way::Both);
    assert!(hears.has_changed().unwrap() && also.has_changed().unwrap());
    hears.borrow_and_update();
    link.heal(hold);
    assert!(hears.has_changed().unwrap());
    drop(hears);
    link.heal(hold);
    assert_eq!(link.state().bells.len(), 1, "who has ended hears no more");
}

#[test]
fn bytes_count_by_their_direction() {
    let link = ProxyLink::new(1);
    link.counters().passed(Flow::Forward, 30);
    link.counters().passed(Flow::Forward, 4);
    link.counters().passed(Flow::Back, 5);
    link.counters().limited.fetch_add(2, Ordering::Relaxed);
    let expected = LinkCounts { bytes_forward: 34, bytes_back: 5, limited: 2, ..LinkCounts::default() };
    assert_eq!(link.counts(), expected);
    assert_eq!(link.clone().counts(), expected, "a clone is the same link");
    let counters = link.counters();
    for (counter, by) in [
        (&counters.accepted, 1),
        (&counters.refused, 2),
        (&counters.reset, 3),
        (&counters.port_taken, 4),
        (&counters.held_back, 5),
    ] {
        counter.store(by, Ordering::Relaxed);
    }
    let expected = LinkCounts { accepted: 1, refused: 2, reset: 3, port_taken: 4, held_back: 5, ..expected };
    assert_eq!(link.counts(), expected);
}

#[test]
fn the_opposite_of_forward_is_back() {
    assert_eq!(Flow::Forward.opposite(), Flow::Back);
    assert_eq!(Flow::Back.opposite(), Flow::Forward);
}
