//! The way of a message from the nodes to the subscribers.

use super::canvas::{Canvas, Key, Stroke};
use super::diagram::Carries;
use super::party::{Became, Party, payment};
use super::scene::Scene;
use super::traces::{Event, Step};
use ledger::{Answer, Receipt, Testimony};
use scenario::End;

/// Draws the way. `had` holds the nodes that had the message, each with the moment from which it had it, and whether
/// that was seen.
pub(super) fn draw(
    canvas: &mut Canvas,
    parties: &[Party<'_>],
    testimony: &Testimony,
    scene: &Scene<'_>,
    had: &[(usize, i64, bool)],
) {
    for (i, party) in parties.iter().enumerate() {
        let at_node = had.iter().find(|(node, ..)| *node == party.node).map(|(_, at, _)| *at);
        let strokes = match party.became {
            Became::Lost => {
                let away = || away(canvas, party, testimony, had);
                lost(party, scene, at_node.or_else(away)).into_iter().collect()
            }
            Became::Live | Became::Replayed => received(party, scene, at_node),
        };
        for stroke in strokes {
            canvas.arrow(Key::Node(party.node), Key::Party(i), stroke);
        }
    }
}

/// The arrows of a party that received the message: one, or for a group the first and the last.
fn received(party: &Party<'_>, scene: &Scene<'_>, at_node: Option<i64>) -> Vec<Stroke> {
    let mut receipts: Vec<Receipt> = party.fates.iter().filter_map(|fate| payment(fate)).collect();
    receipts.sort_by_key(|receipt| receipt.at_us);
    let count = receipts.len();
    let stroke = |receipt: &Receipt, note: Option<String>| {
        let written = written(scene, receipt);
        Stroke {
            leaves: written.or(at_node).unwrap_or(receipt.at_us),
            arrives: Some(receipt.at_us),
            carries: if receipt.replay { Carries::Replay } else { Carries::Message },
            traced: written.is_some(),
            note,
        }
    };
    match receipts.as_slice() {
        [] => Vec::new(),
        [one] => vec![stroke(one, None)],
        [first, .., last] => vec![
            stroke(first, Some(format!("first of {count}"))),
            stroke(last, Some(format!("last of {count}"))),
        ],
    }
}

/// The moment at which a node wrote what a client received: the last one before the receipt.
fn written(scene: &Scene<'_>, receipt: &Receipt) -> Option<i64> {
    let wrote = |event: &&Event| match event.step {
        Step::Out => true,
        Step::Replay => receipt.replay,
        _ => false,
    };
    let events = scene.traced?.node(receipt.node);
    let before = events.iter().rev().filter(wrote).find(|event| event.at <= receipt.at_us);
    before.or_else(|| events.iter().find(wrote)).map(|event| event.at)
}

/// The arrow to a party that lost the message. Where the node had the message, it ends on the way to the party; where
/// the node did not have it, it has ended before.
fn lost(party: &Party<'_>, scene: &Scene<'_>, at_node: Option<i64>) -> Option<Stroke> {
    let out = scene.traced.and_then(|traced| traced.first(party.node, Step::Out));
    let leaves = out.map(|event| event.at).or(at_node)?;
    let offline = is_offline(party).then(|| "offline".to_owned());
    let note = out
        .and_then(|event| event.why.clone())
        .or(offline)
        .or_else(|| scene.outages.between(End::Node(party.node), End::Clients, leaves));
    Some(Stroke { leaves, arrives: None, carries: Carries::Message, traced: out.is_some(), note })
}

/// The moment at which a node without any clients would have had the message for these subscribers, who were offline.
/// The message ends before them, unless it has ended on the way to their node.
fn away(
    canvas: &Canvas,
    party: &Party<'_>,
    testimony: &Testimony,
    had: &[(usize, i64, bool)],
) -> Option<i64> {
    let home = testimony.node.map(Key::Node);
    let before = [Some(Key::Node(party.node)), Some(Key::Broker), home];
    if !is_offline(party) || before.into_iter().flatten().any(|key| canvas.ended(key)) {
        return None;
    }
    let passed_on = matches!(testimony.answer, Some(Answer::Handed | Answer::Confirmed));
    had.iter().map(|(_, at, _)| *at).min().or(testimony.answered_us.filter(|_| passed_on))
}

fn is_offline(party: &Party<'_>) -> bool {
    party.fates.iter().all(|fate| !fate.online)
}
