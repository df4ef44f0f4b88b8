//! What publishers are told about the rooms that the node wants, and whose confirmation is waited for.

use futures_util::FutureExt;
use futures_util::future::join;

use super::*;
use crate::samples::room;

/// A SUBSCRIBE command of ZMTP 3.1, as it stands on the wire.
fn subscribe(name: &str) -> Vec<u8> {
    let mut out = BytesMut::new();
    zmtp::put_subscribe(&mut out, true, format!("{name}\n").as_bytes());
    out.to_vec()
}

fn cancel(name: &str) -> Vec<u8> {
    let mut out = BytesMut::new();
    zmtp::put_cancel(&mut out, true, format!("{name}\n").as_bytes());
    out.to_vec()
}

fn ping(changes: u64) -> Vec<u8> {
    let mut out = BytesMut::new();
    zmtp::put_ping(&mut out, changes);
    out.to_vec()
}

/// The bytes that a publisher is sent now, and the number of changes that it then knows.
fn news(listing: &Listing) -> Option<(Vec<u8>, u64)> {
    listing.news().map(|(bytes, changes)| (bytes.to_vec(), changes))
}

/// The name of a peer.
fn node() -> Option<NodeId> {
    Some("a node".into())
}

fn is_peer(node: &NodeId) -> bool {
    node.ends_with(" node")
}

fn wanting(name: &str) -> Arc<Interest> {
    let interest = Arc::<Interest>::default();
    interest.change(&room(name), true).unwrap();
    interest
}

#[test]
fn a_publisher_is_told_of_every_room_and_asked_once_to_confirm() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    assert_eq!(news(&listing), Some(([subscribe("a"), ping(1)].concat(), 1)));
    assert_eq!(news(&listing), None);
    interest.change(&room("b"), true).unwrap();
    assert!(listing.woken().now_or_never().is_some());
    assert_eq!(news(&listing), Some(([subscribe("b"), ping(2)].concat(), 2)));
    interest.change(&room("a"), false).unwrap();
    assert_eq!(news(&listing), Some(([cancel("a"), ping(3)].concat(), 3)));
    assert_eq!(news(&listing), None);
}

#[test]
fn a_publisher_that_knew_no_room_is_asked_to_confirm_that_it_is_listed() {
    let interest = Arc::<Interest>::default();
    let listing = interest.list(true, node());
    assert_eq!(interest.unconfirmed(is_peer).len(), 1);
    assert_eq!(news(&listing), Some((ping(1), 1)));
    listing.pong(&1_u64.to_be_bytes());
    assert!(interest.unconfirmed(is_peer).is_empty());
}

#[test]
fn a_room_that_changed_and_changed_back_is_not_told() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    news(&listing);
    for wanted in [false, true] {
        interest.change(&room("a"), wanted).unwrap();
    }
    for wanted in [true, false] {
        interest.change(&room("b"), wanted).unwrap();
    }
    assert_eq!(news(&listing), Some((ping(5), 5)), "there were four changes more, and nothing to do");
}

#[test]
fn a_change_that_is_none_is_no_news() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    news(&listing);
    interest.change(&room("a"), true).unwrap();
    interest.change(&room("never wanted"), false).unwrap();
    assert_eq!(news(&listing), None);
}

#[test]
fn a_subscription_is_confirmed_by_the_pong_of_a_ping_that_came_after_it() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    news(&listing);
    let mut missing = interest.unconfirmed(is_peer);
    interest.change(&room("b"), true).unwrap();
    news(&listing);
    let mut later = interest.unconfirmed(is_peer);
    assert!(missing[0].resolved().now_or_never().is_none());
    listing.pong(&1_u64.to_be_bytes());
    assert!(missing[0].resolved().now_or_never().is_some());
    assert!(later[0].resolved().now_or_never().is_none());
    listing.pong(b"no number");
    assert!(later[0].resolved().now_or_never().is_none());
    listing.pong(&2_u64.to_be_bytes());
    assert!(later[0].resolved().now_or_never().is_some());
    // An old PONG takes nothing back.
    listing.pong(&1_u64.to_be_bytes());
    assert!(interest.unconfirmed(is_peer).is_empty());
}

#[tokio::test]
async fn whoever_waits_for_a_confirmation_is_woken_by_it() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    news(&listing);
    let mut missing = interest.unconfirmed(is_peer);
    join(missing[0].resolved(), async { listing.pong(&1_u64.to_be_bytes()) }).await;
    assert!(interest.unconfirmed(is_peer).is_empty());
}

#[test]
fn a_stranger_cannot_confirm_what_was_never_asked() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    news(&listing);
    listing.pong(&u64::MAX.to_be_bytes());
    assert!(interest.unconfirmed(is_peer).is_empty());
    interest.change(&room("b"), true).unwrap();
    assert_eq!(interest.unconfirmed(is_peer).len(), 1);
}

#[test]
fn a_peer_without_commands_has_confirmed_what_was_written() {
    let interest = wanting("a");
    let listing = interest.list(false, node());
    let (bytes, changes) = news(&listing).unwrap();
    assert_eq!(bytes, b"\x00\x03\x01a\n", "a message and no command, and no PING");
    assert_eq!(interest.unconfirmed(is_peer).len(), 1);
    listing.written(changes);
    assert!(interest.unconfirmed(is_peer).is_empty());
}

#[test]
fn what_is_written_to_a_peer_with_commands_is_not_confirmed_by_that() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    let (_, changes) = news(&listing).unwrap();
    listing.written(changes);
    assert_eq!(interest.unconfirmed(is_peer).len(), 1);
}

#[test]
fn one_that_had_its_time_is_not_waited_for_until_it_confirms_something() {
    let interest = wanting("a");
    let (silent, well) = (interest.list(true, node()), interest.list(true, Some("another node".into())));
    news(&silent);
    news(&well);
    let missing = interest.unconfirmed(is_peer);
    assert_eq!(missing.len(), 2);
    well.pong(&1_u64.to_be_bytes());
    interest.give_up_on(&missing, is_peer);
    interest.change(&room("b"), true).unwrap();
    assert_eq!(interest.unconfirmed(is_peer).len(), 1, "the one that is well is waited for");
    news(&silent);
    silent.pong(&1_u64.to_be_bytes());
    assert_eq!(interest.unconfirmed(is_peer).len(), 2);
}

#[test]
fn a_stranger_is_told_and_never_waited_for() {
    let interest = wanting("a");
    for name in [None, Some("a stranger".into())] {
        let listing = interest.list(true, name);
        assert_eq!(news(&listing), Some(([subscribe("a"), ping(1)].concat(), 1)));
        assert!(interest.unconfirmed(is_peer).is_empty());
    }
}

#[test]
fn a_stranger_under_a_peers_name_holds_nobody_up_while_the_peer_is_well() {
    let interest = wanting("a");
    let (peer, stranger) = (interest.list(true, node()), interest.list(true, node()));
    news(&peer);
    news(&stranger);
    let mut missing = interest.unconfirmed(is_peer);
    assert_eq!(missing.len(), 1);
    peer.pong(&1_u64.to_be_bytes());
    assert!(missing[0].resolved().now_or_never().is_some());
    assert!(interest.unconfirmed(is_peer).is_empty());
    // When the peer is gone, the stranger costs one delay, and none again by coming again.
    drop(peer);
    interest.change(&room("b"), true).unwrap();
    interest.give_up_on(&interest.unconfirmed(is_peer), is_peer);
    drop(stranger);
    let _again = interest.list(true, node());
    assert!(interest.unconfirmed(is_peer).is_empty());
}

#[test]
fn what_was_asked_is_open_until_it_is_confirmed() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    assert_eq!(listing.asked(), None);
    news(&listing);
    assert_eq!(listing.asked(), Some(1));
    listing.pong(&1_u64.to_be_bytes());
    assert!(listing.asked().is_none() && listing.has_confirmed(1) && !listing.has_confirmed(2));
}

#[test]
fn a_connection_that_ends_is_waited_for_no_longer() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    let mut missing = interest.unconfirmed(is_peer);
    drop(listing);
    assert!(missing[0].resolved().now_or_never().is_some());
    assert!(interest.unconfirmed(is_peer).is_empty());
    // The next publisher is told of everything anew.
    assert_eq!(news(&interest.list(true, node())), Some(([subscribe("a"), ping(1)].concat(), 1)));
}

#[test]
fn a_ping_is_answered_before_the_news_and_the_last_one_alone() {
    let interest = wanting("a");
    let listing = interest.list(true, node());
    listing.ping("1".into());
    listing.ping("2".into());
    assert!(listing.woken().now_or_never().is_some());
    let mut pong = BytesMut::new();
    zmtp::put_pong(&mut pong, b"2");
    assert_eq!(news(&listing), Some(([pong.to_vec(), subscribe("a"), ping(1)].concat(), 1)));
    assert_eq!(news(&listing), None);
}

#[test]
fn a_closed_bus_wants_nothing_more() {
    let interest = wanting("a");
    assert!(interest.wants(&room("a")) && !interest.is_closed());
    interest.close();
    assert!(!interest.wants(&room("a")) && interest.is_closed());
    assert_eq!(interest.change(&room("b"), true), Err(BusError::Closed));
}
