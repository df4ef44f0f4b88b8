//! The way of a message from what the clients saw alone, where no process traced it. Whatever happened at a node is put
//! between what is known.

use super::canvas::{Canvas, Key, Stroke};
use super::diagram::Carries;
use super::party::payment;
use ledger::{Answer, Testimony};

/// Draws the way. Gives the nodes that had the message, each with the moment from which it had it, and that this was
/// not seen.
pub(super) fn draw(
    canvas: &mut Canvas,
    testimony: &Testimony,
    node: usize,
    sent: i64,
) -> Vec<(usize, i64, bool)> {
    let (home, traced, note) = (Key::Node(node), false, None);
    let arrives = earliest_sign(testimony).map(|sign| middle(sent, sign));
    let message =
        |leaves, arrives| Stroke { leaves, arrives, carries: Carries::Message, traced, note: note.clone() };
    canvas.arrow(canvas.publisher(), home, message(sent, arrives));
    answered(canvas, testimony, node, sent);
    let had = nodes(testimony, node, sent);
    for (other, at, _) in had.iter().filter(|(other, ..)| *other != node) {
        canvas.arrow(home, Key::Node(*other), message(arrives.unwrap_or(sent), Some(*at)));
    }
    had
}

/// The first moment at which a client knew that the message had come to its node.
pub(super) fn earliest_sign(testimony: &Testimony) -> Option<i64> {
    let receipts = testimony.fates.iter().flat_map(|fate| &fate.receipts).map(|receipt| receipt.at_us);
    receipts.chain(testimony.answered_us).min()
}

/// Draws the answer, whose leaving nobody saw.
pub(super) fn answered(canvas: &mut Canvas, testimony: &Testimony, node: usize, sent: i64) {
    let Some(came) = testimony.answered_us else { return };
    let (carries, note) = match testimony.answer {
        Some(Answer::Refused) => (Carries::Refusal, Some("refused".to_owned())),
        Some(Answer::Unknown) => (Carries::Unknown, Some("unknown".to_owned())),
        _ => (Carries::Ack, None),
    };
    let leaves = middle(middle(sent, earliest_sign(testimony).unwrap_or(came)), came);
    let stroke = Stroke { leaves, arrives: Some(came), carries, traced: false, note };
    canvas.arrow(Key::Node(node), canvas.publisher(), stroke);
}

/// The nodes some of whose clients have the message: its way to another node takes half of the time to the first
/// receipt.
pub(super) fn nodes(testimony: &Testimony, node: usize, sent: i64) -> Vec<(usize, i64, bool)> {
    let came = middle(sent, earliest_sign(testimony).unwrap_or(sent));
    let mut nodes = vec![(node, came, false)];
    for receipt in testimony.fates.iter().filter_map(payment) {
        match nodes.iter_mut().find(|(known, ..)| *known == receipt.node) {
            Some((known, at, _)) if *known != node => *at = (*at).min(middle(came, receipt.at_us)),
            Some(_) => {}
            None => nodes.push((receipt.node, middle(came, receipt.at_us), false)),
        }
    }
    nodes
}

/// The moment halfway between two.
pub(super) fn middle(from: i64, to: i64) -> i64 {
    from + (to - from) / 2
}
