//! Rooms that become wanted and unwanted, over connections that come and go.

use futures_util::FutureExt;

use super::*;
use crate::samples::room;

type Answer = BoxFuture<Result<(), BusError>>;

/// The answer that is there now; `None` if there is none yet.
fn now(answer: &mut Answer) -> Option<Result<(), BusError>> {
    answer.now_or_never()
}

/// The rooms to subscribe and to unsubscribe now, by name.
fn take(interest: &Interest) -> (Vec<String>, Vec<String>) {
    let names = |rooms: Vec<Room>| {
        let mut names: Vec<_> = rooms.iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    let Work { subscribe, unsubscribe } = interest.take();
    (names(subscribe), names(unsubscribe))
}

fn rooms(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// A connected interest in one room, which the broker has confirmed.
fn listening(name: &str) -> Interest {
    let interest = Interest::default();
    interest.connected();
    let mut answer = interest.subscribe(room(name));
    assert_eq!(take(&interest), (rooms(&[name]), vec![]));
    interest.confirmed(&room(name), true);
    assert_eq!(now(&mut answer), Some(Ok(())));
    interest
}

#[test]
fn a_subscribe_is_answered_once_the_broker_has_confirmed_it() {
    let interest = Interest::default();
    interest.connected();
    let mut answer = interest.subscribe(room("r"));
    assert!(interest.wants(&room("r")));
    assert_eq!(now(&mut answer), None);
    assert_eq!(take(&interest), (rooms(&["r"]), vec![]));
    assert_eq!(now(&mut answer), None, "the command is only under way");
    interest.confirmed(&room("r"), true);
    assert_eq!(now(&mut answer), Some(Ok(())));
    assert_eq!(now(&mut interest.subscribe(room("r"))), Some(Ok(())), "known already");
    assert_eq!(take(&interest), (vec![], vec![]));
}

#[test]
fn whoever_listens_is_woken_by_a_change() {
    let interest = Interest::default();
    interest.connected();
    assert!(interest.changed().now_or_never().is_none());
    drop(interest.subscribe(room("r")));
    assert!(interest.changed().now_or_never().is_some());
    assert!(interest.changed().now_or_never().is_none());
    take(&interest);
    drop(interest.unsubscribe(room("r")));
    assert!(interest.changed().now_or_never().is_some());
}

#[test]
fn an_outage_keeps_what_is_wanted_and_who_waits_for_it() {
    let interest = listening("old");
    let mut under_way = interest.subscribe(room("under way"));
    take(&interest);
    interest.disconnected();
    let mut meanwhile = interest.subscribe(room("meanwhile"));
    let mut again = interest.subscribe(room("old"));
    assert_eq!(take(&interest), (vec![], vec![]), "nobody is there to tell");
    interest.connected();
    assert_eq!(take(&interest), (rooms(&["meanwhile", "old", "under way"]), vec![]));
    for answer in [&mut under_way, &mut meanwhile, &mut again] {
        assert_eq!(now(answer), None);
    }
    for (name, answer) in [("under way", &mut under_way), ("meanwhile", &mut meanwhile), ("old", &mut again)]
    {
        interest.confirmed(&room(name), true);
        assert_eq!(now(answer), Some(Ok(())), "{name}");
    }
}

#[test]
fn what_is_left_during_an_outage_is_not_subscribed_again() {
    let interest = listening("r");
    interest.disconnected();
    assert_eq!(now(&mut interest.unsubscribe(room("r"))), Some(Ok(())), "the subscription is gone anyway");
    assert!(!interest.wants(&room("r")));
    let mut given_up = interest.subscribe(room("other"));
    assert_eq!(now(&mut interest.unsubscribe(room("other"))), Some(Ok(())));
    assert_eq!(now(&mut given_up), Some(Ok(())), "nobody waits for a room that is left");
    interest.connected();
    assert_eq!(take(&interest), (vec![], vec![]));
}

#[test]
fn an_unsubscribe_that_was_under_way_ends_with_the_connection() {
    let interest = listening("r");
    let mut answer = interest.unsubscribe(room("r"));
    assert!(!interest.wants(&room("r")));
    assert_eq!(take(&interest), (vec![], rooms(&["r"])));
    assert_eq!(now(&mut answer), None);
    interest.disconnected();
    assert_eq!(now(&mut answer), Some(Ok(())));
    interest.connected();
    assert_eq!(take(&interest), (vec![], vec![]));
}

#[test]
fn a_confirmed_unsubscribe_is_answered_and_the_room_forgotten() {
    let interest = listening("r");
    let mut answer = interest.unsubscribe(room("r"));
    take(&interest);
    interest.confirmed(&room("r"), false);
    assert_eq!(now(&mut answer), Some(Ok(())));
    assert!(interest.lock().entries.is_empty());
    assert_eq!(now(&mut interest.unsubscribe(room("r"))), Some(Ok(())), "it was never wanted");
}

#[test]
fn a_room_that_is_wanted_again_while_it_is_left_is_subscribed_after_that() {
    let interest = listening("r");
    let mut left = interest.unsubscribe(room("r"));
    assert_eq!(take(&interest), (vec![], rooms(&["r"])));
    let mut wanted = interest.subscribe(room("r"));
    interest.confirmed(&room("r"), false);
    assert_eq!((now(&mut left), now(&mut wanted)), (Some(Ok(())), None));
    assert_eq!(take(&interest), (rooms(&["r"]), vec![]));
    interest.confirmed(&room("r"), true);
    assert_eq!(now(&mut wanted), Some(Ok(())));
}

#[test]
fn a_room_that_is_left_while_it_is_subscribed_is_unsubscribed_after_that() {
    let interest = Interest::default();
    interest.connected();
    let mut wanted = interest.subscribe(room("r"));
    take(&interest);
    let mut left = interest.unsubscribe(room("r"));
    interest.confirmed(&room("r"), true);
    assert_eq!((now(&mut wanted), now(&mut left)), (Some(Ok(())), None));
    assert_eq!(take(&interest), (vec![], rooms(&["r"])));
    interest.confirmed(&room("r"), false);
    assert_eq!(now(&mut left), Some(Ok(())));
    assert!(interest.lock().entries.is_empty());
}

#[test]
fn what_was_changed_and_changed_back_needs_no_command() {
    let interest = listening("r");
    let (mut left, mut wanted) = (interest.unsubscribe(room("r")), interest.subscribe(room("r")));
    let (mut new, mut gone) = (interest.subscribe(room("new")), interest.unsubscribe(room("new")));
    assert_eq!(take(&interest), (vec![], vec![]));
    for answer in [&mut left, &mut wanted, &mut new, &mut gone] {
        assert_eq!(now(answer), Some(Ok(())));
    }
    assert!(interest.wants(&room("r")));
    assert!(!interest.lock().entries.contains_key(&room("new")));
}

#[test]
fn a_refusal_is_told_to_those_who_asked() {
    let interest = Interest::default();
    interest.connected();
    let mut answer = interest.subscribe(room("secret"));
    take(&interest);
    assert!(interest.refused(&room("secret"), "NOPERM"));
    assert_eq!(now(&mut answer), Some(Err(BusError::Refused("NOPERM".into()))));
    assert!(!interest.wants(&room("secret")));
    interest.disconnected();
    interest.connected();
    assert_eq!(take(&interest), (vec![], vec![]), "it is not asked for again");
}

#[test]
fn a_refusal_of_what_the_node_counts_on_is_no_answer() {
    let interest = listening("r");
    interest.disconnected();
    interest.connected();
    take(&interest);
    assert!(!interest.refused(&room("r"), "NOPERM"));
    assert!(interest.wants(&room("r")));
    assert!(interest.refused(&room("never wanted"), "NOPERM"));
}

#[test]
fn who_asked_after_the_refused_command_was_sent_is_not_answered_by_it() {
    let interest = Interest::default();
    interest.connected();
    let mut first = interest.subscribe(room("r"));
    take(&interest);
    let mut second = interest.subscribe(room("r"));
    assert!(interest.refused(&room("r"), "NOPERM"));
    assert_eq!(now(&mut first), Some(Err(BusError::Refused("NOPERM".into()))));
    assert_eq!(now(&mut second), None);
    assert_eq!(take(&interest), (rooms(&["r"]), vec![]));
    interest.confirmed(&room("r"), true);
    assert_eq!(now(&mut second), Some(Ok(())));
}

#[test]
fn a_closed_bus_answers_everybody() {
    let interest = listening("r");
    let mut waiting = interest.subscribe(room("waiting"));
    let mut left = interest.unsubscribe(room("r"));
    interest.close();
    let closed = || Some(Err(BusError::Closed));
    assert_eq!((now(&mut waiting), now(&mut left)), (closed(), closed()));
    assert_eq!(now(&mut interest.subscribe(room("r"))), closed());
    assert_eq!(now(&mut interest.unsubscribe(room("r"))), closed());
    assert!(!interest.wants(&room("r")));
}

#[test]
fn those_who_gave_up_waiting_do_not_pile_up() {
    let interest = Interest::default();
    for _ in 0..10_000 {
        drop(interest.subscribe(room("r")));
    }
    let most = interest.lock().entries[&room("r")].waiting.len();
    assert!(most < 100, "{most}");
}
