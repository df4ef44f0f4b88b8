//! Subscribers that share a line of the diagram: those of one node and one fate.

use std::collections::BTreeMap;

use ledger::{Fate, Receipt};

/// The most lines of a diagram.
pub(super) const MOST: usize = 12;

/// The ways in which a debt can have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Became {
    Lost,
    Live,
    Replayed,
}

/// Subscribers of one node and one fate, in their order.
#[derive(Debug, Clone)]
pub(super) struct Party<'a> {
    pub(super) node: usize,
    pub(super) became: Became,
    pub(super) fates: Vec<&'a Fate>,
}

/// The receipt by which a debt was paid: the first live one, else the first.
pub(super) fn payment(fate: &Fate) -> Option<Receipt> {
    let live = fate.receipts.iter().find(|receipt| !receipt.replay);
    live.or(fate.receipts.first()).copied()
}

impl<'a> Party<'a> {
    /// Groups everybody who was owed the message and could have it, except those of whose receipt nothing is known.
    pub(super) fn of(fates: &'a [Fate]) -> Vec<Self> {
        let mut parties: BTreeMap<(Became, usize), Vec<&Fate>> = BTreeMap::new();
        for fate in fates {
            let key = match payment(fate) {
                Some(Receipt { node, replay: true, .. }) => (Became::Replayed, node),
                Some(Receipt { node, .. }) => (Became::Live, node),
                None if fate.received || !fate.has_path => continue,
                None => (Became::Lost, fate.node),
            };
            parties.entry(key).or_default().push(fate);
        }
        let party = |((became, node), fates)| Party { node, became, fates };
        parties.into_iter().map(party).collect()
    }

    /// The name of the party, as a reader sees it.
    pub(super) fn name(&self) -> String {
        let numbers: Vec<usize> = self.fates.iter().map(|fate| fate.subscriber).collect();
        match (numbers.first(), numbers.last()) {
            (Some(first), Some(last)) if first == last => format!("subscriber {first}"),
            (Some(first), Some(last)) if last - first + 1 == numbers.len() => {
                format!("subscribers {first}-{last}")
            }
            (Some(_), Some(_)) => format!("{} subscribers of node {}", numbers.len(), self.node),
            _ => String::new(),
        }
    }

    /// The number of the party's first subscriber.
    pub(super) fn number(&self) -> usize {
        self.fates.first().map_or(0, |fate| fate.subscriber)
    }

    /// The lateness of the party's slowest live receipt, and the place of its subscriber in the party.
    fn slowest(&self) -> Option<(i64, usize)> {
        let receipts = self.fates.iter().enumerate().filter_map(|(i, fate)| Some((payment(fate)?.at_us, i)));
        receipts.max().filter(|_| self.became == Became::Live)
    }
}

/// Chooses the parties that get a line: first those who lost the message, then those of the publisher's node. The
/// slowest subscriber gets a line of its own, and so do two who would share one, where there is room. `fixed` lines are
/// taken.
pub(super) fn choose(mut parties: Vec<Party<'_>>, home: Option<usize>, fixed: usize) -> Vec<Party<'_>> {
    parties.sort_by_key(|party| (party.became != Became::Lost, Some(party.node) != home, party.node));
    let mut nodes: Vec<usize> = home.into_iter().collect();
    // The publisher's node is among the fixed lines.
    let mut room = MOST.saturating_sub(fixed);
    parties.retain(|party| {
        let cost = 1 + usize::from(!nodes.contains(&party.node));
        let fits = cost <= room;
        if fits {
            room -= cost;
            nodes.push(party.node);
        }
        fits
    });
    let slowest = parties.iter().enumerate().filter_map(|(i, party)| Some((party.slowest()?, i))).max();
    if let Some(((_, place), i)) = slowest.filter(|_| room > 0)
        && parties[i].fates.len() > 1
    {
        let fate = parties[i].fates.remove(place);
        parties.push(Party { fates: vec![fate], ..parties[i].clone() });
        room -= 1;
    }
    for i in 0..parties.len() {
        if room > 0 && parties[i].fates.len() == 2 {
            let fates = parties[i].fates.split_off(1);
            parties.push(Party { fates, ..parties[i].clone() });
            room -= 1;
        }
    }
    parties.sort_by_key(|party| (Some(party.node) != home, party.node, party.number()));
    parties
}
