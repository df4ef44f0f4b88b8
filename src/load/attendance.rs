//! Which subscribers leave and join on purpose, at which fault, and how each of them learns of it.

use std::collections::HashMap;
use std::time::Duration;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::sync::watch;
use tokio::time::timeout;

use scenario::{Action, Fault, Target, share_of};

/// The random stream of this choice. Clients have the streams from 0 on.
const STREAM: u64 = u64::MAX;

/// Where a subscriber is, and where it is to be. The fault and the subscriber both change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SeatState {
    /// The subscriber is to be there, and is not subscribed yet.
    Expected,
    /// The subscriber is there and subscribed.
    Taken,
    /// The subscriber was told to leave, and has not left yet.
    Leaving,
    /// The subscriber has left, or has not come yet.
    Away,
}

/// The subscribers that leave and join on purpose.
#[derive(Debug)]
pub(super) struct Attendance {
    /// For each fault, by its place in the scenario: the subscribers that it concerns. The list is empty for a fault
    /// that strikes processes.
    groups: Vec<Vec<usize>>,
    /// The seats of the subscribers that some fault concerns. All others are always to be there.
    seats: HashMap<usize, watch::Sender<SeatState>>,
}

impl Attendance {
    /// Chooses the subscribers for each fault. The same seed chooses the same ones. Those for which `played` is false are
    /// others' concern.
    pub(super) fn new(
        faults: &[Fault],
        subscribers: usize,
        seed: u64,
        played: impl Fn(usize) -> bool,
    ) -> Self {
        let mut groups = choose(faults, subscribers, seed);
        groups.iter_mut().for_each(|group| group.retain(|subscriber| played(*subscriber)));
        let seat = |fault: &Fault| match fault.action {
            Action::Join => SeatState::Away,
            _ => SeatState::Expected,
        };
        let of_group = |(fault, group): (&Fault, &Vec<usize>)| {
            let seat = seat(fault);
            group.iter().map(move |s| (*s, watch::Sender::new(seat))).collect::<Vec<_>>()
        };
        let seats = faults.iter().zip(&groups).flat_map(of_group).collect();
        Self { groups, seats }
    }

    /// The subscribers that are away now, in no order.
    pub(super) fn away(&self) -> Vec<usize> {
        self.seats.keys().copied().filter(|subscriber| self.is_away(*subscriber)).collect()
    }

    /// Whether this subscriber is away on purpose.
    pub(super) fn is_away(&self, subscriber: usize) -> bool {
        self.seats.get(&subscriber).is_some_and(|seat| *seat.borrow() == SeatState::Away)
    }

    /// Resolves when this subscriber is to be there.
    pub(super) async fn wanted(&self, subscriber: usize) {
        if let Some(seat) = self.seats.get(&subscriber) {
            let _ = seat.subscribe().wait_for(|seat| *seat != SeatState::Away).await;
        }
    }

    /// Resolves when this subscriber is to leave.
    pub(super) async fn unwanted(&self, subscriber: usize) {
        match self.seats.get(&subscriber) {
            Some(seat) => {
                let _ = seat.subscribe().wait_for(|seat| *seat == SeatState::Leaving).await;
            }
            None => std::future::pending().await,
        }
    }

    /// Records that this subscriber is subscribed.
    pub(super) fn subscribed(&self, subscriber: usize) {
        self.turn_seat(subscriber, SeatState::Expected, SeatState::Taken);
    }

    /// Records that this subscriber lost its connection, and looks for another.
    pub(super) fn lost(&self, subscriber: usize) {
        self.turn_seat(subscriber, SeatState::Taken, SeatState::Expected);
    }

    /// Records that this subscriber has left as it was told.
    pub(super) fn left(&self, subscriber: usize) {
        self.turn_seat(subscriber, SeatState::Leaving, SeatState::Away);
    }

    fn turn_seat(&self, subscriber: usize, from: SeatState, to: SeatState) {
        if let Some(seat) = self.seats.get(&subscriber) {
            seat.send_if_modified(|seat| {
                let turns = *seat == from;
                if turns {
                    *seat = to;
                }
                turns
            });
        }
    }

    /// Tells the subscribers of a fault to leave. Gives `false` if they take longer than `limit` to do so.
    pub(super) async fn dismiss(&self, fault: usize, limit: Duration) -> bool {
        self.turn_seats(fault, |seat| seat != SeatState::Away, SeatState::Leaving);
        self.all(fault, SeatState::Away, limit).await
    }

    /// Tells the subscribers of a fault to come. Gives their number.
    pub(super) fn call(&self, fault: usize) -> usize {
        self.turn_seats(fault, |seat| seat == SeatState::Away, SeatState::Expected)
    }

    /// Waits until all subscribers of a fault are subscribed. Gives `false` if that takes longer than `limit`.
    pub(super) async fn seated(&self, fault: usize, limit: Duration) -> bool {
        self.all(fault, SeatState::Taken, limit).await
    }

    fn turn_seats(&self, fault: usize, whom: impl Fn(SeatState) -> bool, to: SeatState) -> usize {
        let told = |seat: &&watch::Sender<SeatState>| {
            seat.send_if_modified(|seat| {
                let concerns = whom(*seat);
                if concerns {
                    *seat = to;
                }
                concerns
            })
        };
        self.group(fault).filter(told).count()
    }

    async fn all(&self, fault: usize, wanted: SeatState, limit: Duration) -> bool {
        let each = async {
            for seat in self.group(fault) {
                let _ = seat.subscribe().wait_for(|seat| *seat == wanted).await;
            }
        };
        timeout(limit, each).await.is_ok()
    }

    fn group(&self, fault: usize) -> impl Iterator<Item = &watch::Sender<SeatState>> {
        self.groups.get(fault).into_iter().flatten().filter_map(|s| self.seats.get(s))
    }
}

/// Chooses the subscribers that each fault concerns. A subscriber that joins is in one group only; each `leave` draws
/// anew from all the others.
fn choose(faults: &[Fault], subscribers: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(STREAM);
    let mut others: Vec<usize> = (0..subscribers).collect();
    others.shuffle(&mut random);
    let mut groups = vec![Vec::new(); faults.len()];
    let share = |fault: &Fault| match fault.target {
        Target::Subscribers(percent) => share_of(percent, subscribers),
        _ => 0,
    };
    let of = |action: Action| faults.iter().enumerate().filter(move |(_, fault)| fault.action == action);
    for (i, fault) in of(Action::Join) {
        groups[i] = others.split_off(others.len().saturating_sub(share(fault)));
    }
    for (i, fault) in of(Action::Leave) {
        others.shuffle(&mut random);
        groups[i] = others.iter().take(share(fault)).copied().collect();
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn fault(action: Action, percent: u8) -> Fault {
        let target = if action.is_deliberate() { Target::Subscribers(percent) } else { Target::Broker };
        Fault { at: Duration::ZERO, duration: None, action, target }
    }

    fn groups(seed: u64) -> Vec<Vec<usize>> {
        let faults = [
            fault(Action::Leave, 50),
            fault(Action::Join, 20),
            fault(Action::Kill, 0),
            fault(Action::Join, 10),
            fault(Action::Leave, 50),
        ];
        choose(&faults, 30, seed)
    }

    #[test]
    fn the_seed_chooses_and_who_joins_does_nothing_else() {
        let chosen = groups(7);
        assert_eq!(chosen, groups(7));
        assert_ne!(chosen, groups(8));
        assert_eq!(chosen.iter().map(Vec::len).collect::<Vec<_>>(), [15, 6, 0, 3, 15]);
        assert_ne!(chosen[0], chosen[4], "each leave draws anew");
        let mut joining = [&chosen[1][..], &chosen[3]].concat();
        joining.sort_unstable();
        joining.dedup();
        assert_eq!(joining.len(), 9, "each joins once");
        assert!(joining.iter().all(|s| !chosen[0].contains(s) && !chosen[4].contains(s)));
        let mut leaving = chosen[0].clone();
        leaving.sort_unstable();
        leaving.dedup();
        assert_eq!(leaving.len(), 15);
    }

    #[tokio::test]
    async fn who_is_told_comes_and_leaves_and_nobody_else() {
        let attendance =
            Attendance::new(&[fault(Action::Join, 50), fault(Action::Leave, 50)], 4, 1, |_| true);
        let (joins, leaves) = (attendance.groups[0].clone(), attendance.groups[1].clone());
        assert_eq!((attendance.away().len(), attendance.is_away(joins[0])), (2, true));
        assert_eq!(attendance.call(0), 2);
        assert_eq!(attendance.call(0), 0, "they are on their way");
        assert!(!attendance.seated(0, Duration::ZERO).await);
        for s in &joins {
            attendance.wanted(*s).await;
            attendance.subscribed(*s);
        }
        assert!(attendance.seated(0, SECOND).await);
        // One subscriber that is told to leave has no connection at that moment.
        attendance.subscribed(leaves[0]);
        attendance.lost(leaves[0]);
        let leaving = async {
            for s in &leaves {
                attendance.unwanted(*s).await;
                attendance.subscribed(*s);
                attendance.left(*s);
            }
        };
        assert!(tokio::join!(attendance.dismiss(1, SECOND), leaving).0);
        assert_eq!((attendance.away().len(), attendance.is_away(joins[0])), (2, false));
    }
}
