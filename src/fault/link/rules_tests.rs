//! What several links mean for one direction of one connection.

use futures_util::FutureExt;
use scenario::{Condition, kinds};

use super::super::proxy_link::{LinkCounts, Way};
use super::*;

/// The rules of connection 9 over these links; the flag of each link says whether it is reversed.
fn rules(links: &[(&ProxyLink, bool)], direction: Flow) -> (Rules, watch::Sender<()>) {
    let (bell, ear) = watch::channel(());
    let attach = |(link, reversed): &(&ProxyLink, bool)| Attached {
        number: link.join(bell.clone()),
        link: (*link).clone(),
        reversed: *reversed,
    };
    (Rules::new(links.iter().map(attach).collect(), direction, 9, ear), bell)
}

#[test]
fn each_condition_alone_is_in_the_way() {
    for condition in [
        Condition::Cut,
        Condition::Blackhole,
        Condition::Delay(kinds::Delay { by: Duration::from_secs(1), jitter: Duration::ZERO }),
        Condition::Throttle(kinds::Throttle { bytes_per_second: 1 }),
        Condition::Slice(kinds::Slice { bytes: 1, pause: Duration::ZERO }),
        Condition::Limit(kinds::Limit { bytes: 1 }),
    ] {
        let link = ProxyLink::new(1);
        let (mut rules, _bell) = rules(&[(&link, false)], Flow::Forward);
        assert!(rules.is_clear());
        let hold = link.apply(condition, Way::Forward);
        assert!(rules.is_clear(), "not looked at yet");
        assert!(!rules.refresh());
        assert!(!rules.is_clear(), "{condition:?}");
        assert_eq!(
            (rules.cut, rules.black),
            (condition == Condition::Cut, condition == Condition::Blackhole)
        );
        link.heal(hold);
        let healed = matches!(condition, Condition::Delay(kinds::Delay { .. }));
        assert_eq!(rules.refresh(), healed, "{condition:?}");
        assert!(rules.is_clear());
        assert!(!rules.refresh(), "nothing has changed");
    }
}

#[test]
fn what_holds_already_holds_from_the_beginning() {
    let link = ProxyLink::new(1);
    link.apply(Condition::Blackhole, Way::Back);
    assert!(!rules(&[(&link, false)], Flow::Forward).0.black);
    assert!(rules(&[(&link, false)], Flow::Back).0.black);
    assert!(rules(&[(&link, true)], Flow::Forward).0.black, "its back is the proxy's forward");
}

#[test]
fn a_change_is_heard_until_it_is_looked_at() {
    let link = ProxyLink::new(1);
    let (mut rules, _bell) = rules(&[(&link, false)], Flow::Forward);
    assert!(rules.changed().now_or_never().is_none());
    link.apply(Condition::Cut, Way::Both);
    assert!(rules.changed().now_or_never().is_some());
    assert!(rules.changed().now_or_never().is_some());
    rules.refresh();
    assert!(rules.changed().now_or_never().is_none());
}

#[test]
fn all_lines_hold_and_all_count() {
    let (one, other) = (ProxyLink::new(1), ProxyLink::new(2));
    one.apply(Condition::Limit(kinds::Limit { bytes: 100 }), Way::Forward);
    other.apply(Condition::Limit(kinds::Limit { bytes: 60 }), Way::Back);
    let (mut rules, _bell) = rules(&[(&one, false), (&other, true)], Flow::Forward);
    assert_eq!(rules.left(), Some(60));
    rules.passed(50);
    assert_eq!(rules.left(), Some(10));
    rules.count(|counters| &counters.reset);
    rules.count(|counters| &counters.reset);
    assert_eq!(one.counts(), LinkCounts { bytes_forward: 50, reset: 2, ..LinkCounts::default() });
    assert_eq!(other.counts(), LinkCounts { bytes_back: 50, reset: 2, ..LinkCounts::default() });
}

#[test]
fn every_condition_connection_and_direction_has_a_seed_of_its_own() {
    let link = ProxyLink::new(0x0807_0605_0403_0201);
    let proxies: Vec<_> = (0..3).map(|_| rules(&[(&link, false)], Flow::Forward)).collect();
    let (back, _bell) = rules(&[(&link, false)], Flow::Back);
    let (reversed, _other) = rules(&[(&link, true)], Flow::Back);
    // A seed is made of the link's seed, the condition's number, the proxy's number with the link's direction, and the
    // connection.
    let expected = |path: u8| {
        let mut seed = [0; 32];
        seed[..9].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8, 77]);
        (seed[16], seed[24]) = (path, 9);
        seed
    };
    let seed = |rules: &Rules| rules.seed(&rules.links[0], 77);
    assert_eq!(seed(&proxies[0].0), expected(2), "the first proxy, forward");
    assert_eq!(seed(&proxies[2].0), expected(6), "the third");
    assert_eq!(seed(&back), expected(9), "the fourth, back");
    assert_eq!(seed(&reversed), expected(10), "the fifth, whose back is the link's forward");
}

#[test]
fn without_a_proxy_nothing_changes_any_more() {
    let (bell, ear) = watch::channel(());
    let rules = Rules::new(Vec::new().into(), Flow::Forward, 1, ear);
    drop(bell);
    assert!(rules.changed().now_or_never().is_none());
}

#[test]
fn a_throttle_takes_a_slot_only_for_what_all_others_allow() {
    let link = ProxyLink::new(1);
    let limit = link.apply(Condition::Limit(kinds::Limit { bytes: 7 }), Way::Both);
    link.apply(Condition::Throttle(kinds::Throttle { bytes_per_second: 1_000 }), Way::Both);
    let (mut rules, _bell) = rules(&[(&link, false)], Flow::Forward);
    let now = Instant::now() + Duration::from_secs(1);
    assert_eq!(rules.allow(500, now), Ok(7));
    link.heal(limit);
    rules.refresh();
    // The slot is for seven bytes, and it is taken.
    assert_eq!(rules.allow(500, now), Ok(7));
    rules.passed(7);
    assert_eq!(rules.allow(500, now), Ok(20));
}
