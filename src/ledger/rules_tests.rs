//! The documented rules, worked out by hand: who is where, what is due when, and who is owed what.
//!
//! Nothing here asks the code for a room, a node or a time: every expectation is a number that was written down from
//! the rule. Subscriber `i` is on node `i mod nodes`, in room `floor(i / nodes) mod rooms`. Message `n` is of publisher
//! `n mod P`, in room `floor(n / P) mod rooms`, and due `n / rate` seconds after the load begins.

use std::time::Duration;

use super::Answer::{Confirmed, Handed, Unknown};
use super::Arrival::Live;
use super::stage_for_tests::{begun, ms, plan, send};
use super::*;

/// A plan of these clients, nodes and rooms; the other numbers do not matter for where a client is.
fn spread(publishers: usize, subscribers: usize, nodes: usize, rooms: usize) -> Plan {
    Plan { publishers, nodes, rooms, ..plan(subscribers, 12) }
}

/// The node of each subscriber, and the room of each.
fn places(plan: &Plan) -> (Vec<usize>, Vec<usize>) {
    let all = 0..plan.subscribers;
    (all.clone().map(|s| plan.subscriber_node(s)).collect(), all.map(|s| plan.subscriber_room(s)).collect())
}

fn for_each_message(plan: &Plan, figure: impl Fn(&Plan, usize) -> usize) -> Vec<usize> {
    (0..plan.messages).map(|n| figure(plan, n)).collect()
}

#[test]
fn subscribers_fill_the_nodes_first_and_then_the_next_room() {
    let (nodes, rooms) = places(&spread(1, 12, 3, 2));
    assert_eq!(nodes, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_eq!(rooms, [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]);
    let (nodes, rooms) = places(&spread(1, 8, 2, 3));
    assert_eq!(nodes, [0, 1, 0, 1, 0, 1, 0, 1]);
    assert_eq!(rooms, [0, 0, 1, 1, 2, 2, 0, 0]);
    let (nodes, rooms) = places(&spread(1, 6, 1, 4));
    assert_eq!(nodes, [0, 0, 0, 0, 0, 0]);
    assert_eq!(rooms, [0, 1, 2, 3, 0, 1]);
    let (nodes, rooms) = places(&spread(1, 5, 4, 1));
    assert_eq!(nodes, [0, 1, 2, 3, 0]);
    assert_eq!(rooms, [0, 0, 0, 0, 0]);
}

#[test]
fn publishers_are_spread_over_the_nodes() {
    let nodes = |nodes| {
        let plan = spread(5, 1, nodes, 1);
        [0, 1, 2, 3, 4].map(|publisher| plan.publisher_node(publisher))
    };
    assert_eq!(nodes(3), [0, 1, 2, 0, 1]);
    assert_eq!(nodes(2), [0, 1, 0, 1, 0]);
    assert_eq!(nodes(1), [0, 0, 0, 0, 0]);
}

#[test]
fn publishers_take_turns_and_each_round_of_them_is_of_the_next_room() {
    let plan = spread(3, 1, 1, 2);
    assert_eq!(for_each_message(&plan, Plan::publisher), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_eq!(for_each_message(&plan, Plan::seq), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    assert_eq!(for_each_message(&plan, Plan::room), [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]);
    assert_eq!(for_each_message(&plan, Plan::place), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]);
    let one = spread(1, 1, 1, 3);
    assert_eq!(for_each_message(&one, Plan::room), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_eq!(for_each_message(&one, Plan::place), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    let lone_room = spread(2, 1, 1, 1);
    assert_eq!(for_each_message(&lone_room, Plan::room), [0; 12]);
    assert_eq!(for_each_message(&lone_room, Plan::place), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
}

#[test]
fn a_load_that_ends_within_a_round_leaves_rooms_of_different_sizes() {
    let sizes = |messages| {
        let plan = Plan { messages, ..spread(3, 1, 1, 2) };
        [0, 1].map(|room| plan.room_messages(room))
    };
    assert_eq!(sizes(12), [6, 6]);
    assert_eq!(sizes(11), [6, 5]);
    assert_eq!(sizes(7), [4, 3]);
    assert_eq!(sizes(2), [2, 0]);
}

#[test]
fn a_publishers_own_number_names_one_message_of_the_load() {
    let plan = Plan { messages: 11, ..spread(3, 1, 1, 2) };
    assert_eq!(plan.message(0, 0), Some(0));
    assert_eq!(plan.message(1, 2), Some(7));
    assert_eq!(plan.message(1, 3), Some(10), "the last");
    assert_eq!(plan.message(2, 3), None, "the load has eleven");
    assert_eq!(plan.message(3, 0), None, "there are three publishers");
    assert_eq!(plan.message(0, usize::MAX), None);
}

#[test]
fn a_path_is_within_a_node_or_across_where_the_pattern_crosses() {
    let paths = |crosses_nodes| {
        let plan = Plan { crosses_nodes, ..plan(4, 1) };
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(from, to)| plan.has_path(from, to))
    };
    assert_eq!(paths(true), [true, true, true, true]);
    assert_eq!(paths(false), [true, false, false, true]);
}

#[test]
fn messages_are_due_at_their_number_divided_by_the_rate() {
    let due = |rate: f64| {
        let plan = Plan { rate, ..plan(1, 10) };
        [0, 1, 2, 3, 9].map(|n| plan.due(n).as_nanos())
    };
    assert_eq!(due(4.0), [0, 250_000_000, 500_000_000, 750_000_000, 2_250_000_000]);
    assert_eq!(due(3.0), [0, 333_333_333, 666_666_667, 1_000_000_000, 3_000_000_000]);
    assert_eq!(due(0.5), [0, 2_000_000_000, 4_000_000_000, 6_000_000_000, 18_000_000_000]);
    assert_eq!(due(1_000.0), [0, 1_000_000, 2_000_000, 3_000_000, 9_000_000]);
    let by = |ms| Plan { rate: 4.0, ..plan(1, 10) }.due_by(Duration::from_millis(ms));
    assert_eq!([by(0), by(249), by(250), by(999), by(1_000), by(2_249), by(2_250)], [1, 1, 2, 4, 5, 9, 10]);
    assert_eq!(Plan::count(4.0, &[], Duration::from_millis(2_500)), 10);
}

#[test]
fn a_surge_draws_its_messages_together_and_moves_those_after_it() {
    let surge = Surge { from: Duration::from_secs(1), until: Duration::from_secs(2), factor: 5.0 };
    let plan = Plan { surges: vec![surge], ..plan(1, 80) };
    let due = [0, 9, 10, 11, 12, 59, 60, 61, 70].map(|n| plan.due(n).as_millis());
    assert_eq!(due, [0, 900, 1_000, 1_020, 1_040, 1_980, 2_000, 2_100, 3_000]);
    assert_eq!(Plan::count(10.0, &plan.surges, Duration::from_secs(3)), 70);
}

#[test]
fn a_message_that_is_sent_late_moves_neither_its_own_due_time_nor_the_next() {
    let mut ledger = begun(plan(1, 3));
    ledger.sent(0, 0, ms(700));
    ledger.received(0, 0, Live, ms(701));
    ledger.sent(1, 0, ms(702));
    ledger.received(0, 1, Live, ms(703));
    let timeline = ledger.settle(&[], ms(9_000)).timeline;
    let late: Vec<_> = timeline.iter().map(|slice| slice.max_us).collect();
    // Messages 0 and 1 are due after 0 and 100 ms.
    assert_eq!(late[..3], [Some(701_000), Some(603_000), None]);
    assert_eq!([0, 1, 2].map(|i| timeline[i].sent), [1, 1, 0]);
}

/// The debts of each subscriber in the order of its room's messages: `+` is owed and has a path, `-` is owed without a
/// path, and `.` is not owed.
fn debts(ledger: &Ledger) -> Vec<String> {
    let sign = |debt: &debt::Debt| match (debt.owed(), debt.has_path()) {
        (true, true) => '+',
        (true, false) => '-',
        (false, _) => '.',
    };
    ledger.subscribers.iter().map(|subscriber| subscriber.debts.iter().map(sign).collect()).collect()
}

#[test]
fn a_message_is_owed_to_who_is_in_its_room_and_to_nobody_else() {
    // Subscribers 0 and 1 are in room 0, subscribers 2 and 3 in room 1; so are messages 0, 2, 4 and 1, 3.
    let mut ledger = begun(Plan { rooms: 2, ..plan(4, 5) });
    assert_eq!(debts(&ledger), ["...", "...", "..", ".."]);
    send(&mut ledger, 0, Handed);
    assert_eq!(
        (debts(&ledger), ledger.outstanding()),
        (["+..", "+..", "..", ".."].map(String::from).into(), 2)
    );
    send(&mut ledger, 3, Handed);
    assert_eq!(debts(&ledger), ["+..", "+..", ".+", ".+"]);
    send(&mut ledger, 4, Handed);
    assert_eq!(debts(&ledger), ["+.+", "+.+", ".+", ".+"]);
    assert_eq!((ledger.outstanding(), ledger.settle(&[], ms(9_000)).debts.owed), (6, 6));
}

#[test]
fn without_a_crossing_only_who_is_on_the_senders_node_has_a_path() {
    // Publisher 0 is on node 0 and publisher 1 on node 1, as are subscribers 0 and 1.
    let mut ledger = begun(Plan { publishers: 2, crosses_nodes: false, ..plan(2, 4) });
    (0..4).for_each(|n| ledger.sent(n, n % 2, ms(n as u64 * 100)));
    assert_eq!(debts(&ledger), ["+-+-", "-+-+"]);
    let debts = ledger.settle(&[], ms(9_000)).debts;
    assert_eq!((debts.owed, debts.lost_no_path, ledger.outstanding()), (8, 4, 4));
}

#[test]
fn a_debt_begins_with_the_first_subscribed_and_absences_change_nothing() {
    let mut ledger = Ledger::new(plan(3, 6));
    ledger.begin(ms(0));
    ledger.subscribed(0, 0, ms(0));
    ledger.subscribed(1, 1, ms(200));
    // Subscriber 0 is offline from here until the end, and is owed the messages all the same; subscriber 2 never comes.
    ledger.closed(0, ms(250));
    (0..5).for_each(|n| ledger.sent(n, 0, ms(n as u64 * 100)));
    assert_eq!(debts(&ledger), ["+++++.", "..+++.", "......"]);
    let settled = ledger.settle(&[], ms(9_000));
    assert_eq!((settled.debts.owed, settled.debts.lost_offline), (8, 2));
    // The unsent message 5 would have been owed to both subscribers that came.
    assert_eq!((settled.messages.unsent, settled.counts.unsent_debts), (1, 2));
}

#[test]
fn who_is_told_to_be_elsewhere_later_loses_the_path_it_seemed_to_have() {
    let mut ledger = begun(Plan { crosses_nodes: false, ..plan(1, 3) });
    (0..3).for_each(|n| ledger.sent(n, 0, ms(n as u64 * 100)));
    assert_eq!((debts(&ledger), ledger.outstanding()), (vec!["+++".to_owned()], 3));
    // The subscriber was on node 1 from 100 ms on.
    ledger.subscribed(0, 1, ms(100));
    assert_eq!((debts(&ledger), ledger.outstanding()), (vec!["+--".to_owned()], 1));
    assert_eq!(ledger.progress(ms(9_000)).missing, 1);
    ledger.subscribed(0, 0, ms(200));
    assert_eq!((debts(&ledger), ledger.outstanding()), (vec!["+-+".to_owned()], 2));
    assert_eq!((ledger.progress(ms(9_000)).missing, ledger.progress(ms(9_000)).owed), (2, 3));
}

#[test]
fn a_message_is_unanswered_from_its_sending_to_its_first_answer() {
    let mut ledger = begun(plan(1, 6));
    assert_eq!(ledger.unanswered(), 0);
    (0..3).for_each(|n| ledger.sent(n, 0, ms(n as u64 * 100)));
    assert_eq!(ledger.unanswered(), 3);
    ledger.answered(0, Handed);
    assert_eq!(ledger.unanswered(), 2);
    ledger.answered(0, Confirmed);
    assert_eq!(ledger.unanswered(), 2, "answered once already");
    ledger.answered(5, Handed);
    assert_eq!(ledger.unanswered(), 2, "not sent yet");
    ledger.sent(5, 0, ms(500));
    assert_eq!(ledger.unanswered(), 2, "answered before its sending was told");
    ledger.answered_at(1, Unknown, ms(600));
    ledger.answered_at(2, Unknown, ms(600));
    assert_eq!(ledger.unanswered(), 0);
    // Message 2 is sent again, which is no second sending.
    ledger.sent(2, 0, ms(700));
    assert_eq!(ledger.unanswered(), 0);
}

#[test]
fn who_is_told_to_have_come_earlier_is_owed_what_its_room_was_sent_since() {
    // Subscriber 0 is in room 0, as are messages 0, 2 and 4; subscriber 1 in room 1.
    let mut ledger = Ledger::new(Plan { nodes: 1, rooms: 2, ..plan(2, 6) });
    ledger.begin(ms(0));
    (0..4).for_each(|n| ledger.sent(n, 0, ms(n as u64 * 100)));
    assert_eq!((debts(&ledger), ledger.outstanding()), (vec!["...".to_owned(); 2], 0));
    ledger.subscribed(0, 0, ms(50));
    assert_eq!((debts(&ledger), ledger.outstanding()), (vec![".+.".to_owned(), "...".to_owned()], 1));
    // A message that was sent at the very moment is owed.
    ledger.subscribed(1, 0, ms(300));
    assert_eq!((debts(&ledger), ledger.outstanding()), (vec![".+.".to_owned(), ".+.".to_owned()], 2));
    // After the latest sending there is nothing to add.
    ledger.sent(4, 0, ms(400));
    assert_eq!(debts(&ledger), [".++", ".+."]);
    assert_eq!(ledger.settle(&[], ms(9_000)).debts.owed, 3);
}

#[test]
fn what_a_client_tells_that_no_plan_has_changes_nothing_but_the_unexpected() {
    let mut ledger = begun(plan(1, 2));
    ledger.sent(2, 0, ms(0));
    ledger.answered_at(2, Handed, ms(0));
    ledger.subscribed(1, 0, ms(0));
    ledger.closed(1, ms(0));
    ledger.left(1, ms(0));
    ledger.received(1, 0, Live, ms(0));
    ledger.received(0, 2, Live, ms(0));
    let settled = ledger.settle(&[], ms(0));
    assert_eq!((settled.messages.sent, settled.debts.owed, settled.counts.unexpected), (0, 0, 2));
    assert_eq!((ledger.plan().subscribers, ledger.unanswered(), ledger.outstanding()), (1, 0, 0));
}
