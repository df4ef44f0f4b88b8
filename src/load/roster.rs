//! Who is connected, and to which node; and who is out, since when and why.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::health::printable;
use super::locked_out::LockedOut;
use super::refusal::Refusal;
use super::troubles::Troubles;
use ledger::Plan;

/// Who is connected, and to which node. A subscriber counts once its room is subscribed.
#[derive(Debug)]
pub(super) struct Roster {
    heads: watch::Sender<Heads>,
    publisher_nodes: Vec<AtomicUsize>,
    subscriber_nodes: Vec<AtomicUsize>,
    /// How each client stands, publishers first.
    clients: Mutex<Vec<Standing>>,
    /// The failures to connect, to be named when a run cannot start.
    troubles: Mutex<Troubles>,
}

#[derive(Debug, Clone, Copy)]
struct Heads {
    /// Number of clients that are to be there: all except those that are away on purpose.
    expected: usize,
    online: usize,
}

/// How long a client has to be connected until it counts as let in. A server may open every connection and close it at
/// once.
const STEADY: Duration = Duration::from_millis(100);
/// Number of shorter connections in a row after which a client that is connected for the moment counts as locked out.
const BRIEF: u32 = 3;
/// How long a client may be out that is let in again and again: a server may end every connection after a while.
const PASSING: Duration = Duration::from_secs(5);

/// How a client stands. Moments are since the run's zero.
#[derive(Debug, Clone, Default)]
struct Standing {
    place: Place,
    /// Since when the client has not been connected for as long as [`STEADY`].
    unsteady_since: Duration,
    /// Number of connections since then.
    stays: u32,
    /// The latest refusal, or how the latest connection ended; `None` if neither has come yet.
    refusal: Option<Refusal>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// The client is to be there and is not.
    #[default]
    Out,
    /// The client is connected since this moment.
    In(Duration),
    /// The client is away on purpose.
    Away,
}

impl Standing {
    fn is_locked_out(&self, now: Duration) -> bool {
        match self.place {
            Place::Out => true,
            Place::In(since) => self.stays >= BRIEF && now.saturating_sub(since) < STEADY,
            Place::Away => false,
        }
    }

    /// Whether the client is connected, or was for a while since that moment and has lost its connection just now.
    fn is_back(&self, since: Duration, now: Duration) -> bool {
        let passing = self.unsteady_since > since && now.saturating_sub(self.unsteady_since) < PASSING;
        !self.is_locked_out(now) || passing
    }
}

impl Roster {
    /// A roster of clients of which none is connected yet. Each is on its first node, and `away` subscribers are away
    /// on purpose. Clients for which `played` is false, given their number among the publishers or among the
    /// subscribers, are never waited for.
    pub(super) fn new(plan: &Plan, away: &[usize], played: impl Fn(usize) -> bool) -> Self {
        let at = |node| AtomicUsize::new(node);
        let mut clients = vec![Standing::default(); plan.publishers + plan.subscribers];
        away.iter().for_each(|subscriber| clients[plan.publishers + subscriber].place = Place::Away);
        for (client, standing) in clients.iter_mut().enumerate() {
            if !played(client.checked_sub(plan.publishers).unwrap_or(client)) {
                standing.place = Place::Away;
            }
        }
        let expected = clients.iter().filter(|standing| standing.place != Place::Away).count();
        Self {
            heads: watch::Sender::new(Heads { expected, online: 0 }),
            publisher_nodes: (0..plan.publishers).map(|p| at(plan.publisher_node(p))).collect(),
            subscriber_nodes: plan.all_subscribers().map(|s| at(plan.subscriber_node(s))).collect(),
            clients: Mutex::new(clients),
            troubles: Mutex::default(),
        }
    }

    /// Records that a publisher can publish from this instant, on this node.
    pub(super) fn publisher_online(&self, publisher: usize, node: usize, at: Duration) {
        self.publisher_nodes[publisher].store(node, Ordering::Relaxed);
        self.arrived(publisher, at);
    }

    /// Records that a subscriber is subscribed from this instant, on this node.
    pub(super) fn subscriber_online(&self, subscriber: usize, node: usize, at: Duration) {
        self.subscriber_nodes[subscriber].store(node, Ordering::Relaxed);
        self.arrived(self.publisher_nodes.len() + subscriber, at);
    }

    fn arrived(&self, client: usize, at: Duration) {
        let standing = &mut self.clients()[client];
        standing.place = Place::In(at);
        standing.stays += 1;
        self.heads.send_modify(|heads| heads.online += 1);
    }

    /// Records that a client that was online no longer is, from this instant.
    pub(super) fn offline(&self, client: usize, at: Duration) {
        let standing = &mut self.clients()[client];
        if let Place::In(since) = standing.place
            && at.saturating_sub(since) >= STEADY
        {
            (standing.unsteady_since, standing.stays) = (at, 0);
        }
        (standing.place, standing.refusal) = (Place::Out, None);
        self.heads.send_modify(|heads| heads.online -= 1);
    }

    /// Records that a client that was away on purpose is to be there from this instant.
    pub(super) fn wanted(&self, client: usize, at: Duration) {
        let standing = &mut self.clients()[client];
        if standing.place == Place::Away {
            *standing = Standing { unsteady_since: at, ..Standing::default() };
        }
    }

    /// Records that a subscriber, online or not, is now away on purpose.
    pub(super) fn away(&self, subscriber: usize, was_online: bool) {
        self.clients()[self.publisher_nodes.len() + subscriber].place = Place::Away;
        self.heads.send_modify(|heads| {
            heads.expected -= 1;
            heads.online -= usize::from(was_online);
        });
    }

    /// Records that `more` further subscribers are to be there.
    pub(super) fn expect(&self, more: usize) {
        self.heads.send_modify(|heads| heads.expected += more);
    }

    /// The node to which a publisher is, or was last, connected.
    pub(super) fn publisher_node(&self, publisher: usize) -> usize {
        self.publisher_nodes[publisher].load(Ordering::Relaxed)
    }

    /// The node to which a subscriber is, or was last, connected.
    pub(super) fn subscriber_node(&self, subscriber: usize) -> usize {
        self.subscriber_nodes[subscriber].load(Ordering::Relaxed)
    }

    /// Number of clients that are to be there.
    pub(super) fn expected(&self) -> usize {
        self.heads.borrow().expected
    }

    /// Number of clients that are online now.
    pub(super) fn online(&self) -> usize {
        self.heads.borrow().online
    }

    /// Records that an attempt of a client to connect has failed at this place: `node 0 at ws://127.0.0.1:8080`.
    pub(super) fn refused(&self, client: usize, place: &str, refusal: &Refusal) {
        let why = printable(&refusal.why);
        self.troubles().failed(place, &why);
        self.waiting(client, Refusal { why, own: refusal.own });
    }

    /// Records why a client is out, or what it waits for.
    pub(super) fn waiting(&self, client: usize, for_what: Refusal) {
        self.clients()[client].refusal = Some(for_what);
    }

    /// Records a frame that a client received before its connection was usable.
    pub(super) fn overheard(&self, frame: &str) {
        self.troubles().overheard(frame);
    }

    /// The failures to connect, as the end of a sentence; empty if there was none.
    pub(super) fn troubles_so_far(&self) -> String {
        self.troubles().to_string()
    }

    /// The clients that are to be there and are not, or not for longer than a moment, publishers first.
    pub(super) fn locked_out(&self, now: Duration) -> Vec<LockedOut> {
        let publishers = self.publisher_nodes.len();
        let name = |client: usize| match client.checked_sub(publishers) {
            None => format!("publisher {client}"),
            Some(subscriber) => format!("subscriber {subscriber}"),
        };
        let locked_out = |(client, standing): (usize, &Standing)| {
            let refusal = standing.refusal.clone();
            standing.is_locked_out(now).then(|| LockedOut {
                client: name(client),
                out: now.saturating_sub(standing.unsteady_since),
                own: refusal.as_ref().is_none_or(|refusal| refusal.own),
                refusal: refusal.map_or("it has not tried yet".to_owned(), |refusal| refusal.why),
            })
        };
        self.clients().iter().enumerate().filter_map(locked_out).collect()
    }

    /// Whether every client that is to be there is connected, or was since that moment and lost its connection again.
    pub(super) fn are_all_back(&self, since: Duration, now: Duration) -> bool {
        self.clients().iter().all(|standing| standing.is_back(since, now))
    }

    /// Waits until every client that is to be there is online. Gives `false` if that takes longer than `limit`.
    pub(super) async fn all_online(&self, limit: Duration) -> bool {
        let mut heads = self.heads.subscribe();
        let all = heads.wait_for(|heads| heads.online == heads.expected);
        tokio::time::timeout(limit, all).await.is_ok_and(|all| all.is_ok())
    }

    fn clients(&self) -> MutexGuard<'_, Vec<Standing>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster() -> Roster {
        let plan = Plan {
            publishers: 1,
            subscribers: 3,
            nodes: 1,
            rooms: 1,
            rate: 1.0,
            surges: vec![],
            messages: 1,
            crosses_nodes: true,
        };
        Roster::new(&plan, &[1], |_| true)
    }

    #[test]
    fn who_is_out_is_named_with_the_time_and_the_latest_refusal() {
        let (roster, second) = (roster(), Duration::from_secs(1));
        assert_eq!(roster.expected(), 3, "one is away on purpose");
        roster.publisher_online(0, 0, Duration::ZERO);
        roster.subscriber_online(0, 0, Duration::ZERO);
        roster.subscriber_online(2, 0, Duration::ZERO);
        assert_eq!(roster.locked_out(second), []);
        roster.offline(3, second * 2);
        for why in ["HTTP 503", "HTTP 403"] {
            roster.refused(3, "node 0", &Refusal::of_server(why));
        }
        let out = roster.locked_out(second * 12);
        let expected = LockedOut {
            client: "subscriber 2".to_owned(),
            out: second * 10,
            refusal: "HTTP 403".to_owned(),
            own: false,
        };
        assert_eq!(out, [expected]);
        roster.away(2, false);
        assert_eq!(roster.locked_out(second * 13), []);
    }

    #[test]
    fn who_is_let_in_for_a_moment_again_and_again_is_locked_out() {
        let (roster, ms) = (roster(), Duration::from_millis);
        for client in [0, 2] {
            roster.subscriber_online(client, 0, ms(0));
        }
        roster.publisher_online(0, 0, ms(0));
        roster.offline(1, ms(5_000));
        assert!(!roster.are_all_back(ms(5_010), ms(5_020)), "it has not come back yet");
        for moment in [5_100, 5_200, 5_300] {
            roster.subscriber_online(0, 0, ms(moment));
            roster.offline(1, ms(moment + 10));
            roster.waiting(1, Refusal::of_server("a server closed a connection with 4001"));
        }
        roster.subscriber_online(0, 0, ms(5_400));
        let out = roster.locked_out(ms(5_410));
        assert_eq!((out.len(), &*out[0].client, out[0].out, out[0].own), (1, "subscriber 0", ms(410), false));
        assert_eq!(roster.locked_out(ms(5_500)), [], "it stays");
        assert!(roster.are_all_back(ms(5_010), ms(5_500)));
        // It was let in for a second, and will be again.
        roster.offline(1, ms(6_400));
        assert!(roster.are_all_back(ms(5_010), ms(6_450)));
        assert!(!roster.are_all_back(ms(5_010), ms(11_400)), "or will not");
    }
}
