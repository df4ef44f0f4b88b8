//! The links of one cluster that its scenario breaks: a proxy on each of their connections, and on no other connection.
//! In a cluster that is broken by hand every connection has one, because nobody knows what will be broken.
//!
//! A *path* is what one process dials: `node 1` its broker, `node 0` the socket of `node 2`, clients a node. A
//! link of the scenario concerns one path or several, and what goes from one of its ends to the other may go
//! forward on one path and back on another.

use std::cmp::Ordering;
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::error::LabError;
use super::ports;
use fault::link::{Added, ConditionHold, LinkCounts, Proxy, ProxyLink, Way, added_latency};
use scenario::{Action, Condition, End, Fault, Link, Target, side};

/// The links of one cluster that are proxied.
#[derive(Debug)]
pub struct Links {
    links: Vec<Named>,
    nodes: usize,
    seed: u64,
    /// Every path, if each is proxied, so that any of them may be broken later. The paths of clients are not among them.
    every: Option<Mutex<Vec<Path>>>,
    /// Each proxy, with the guard that ends it.
    proxies: Mutex<Vec<(Proxy, DropGuard)>>,
    tasks: TaskTracker,
    cancel: CancellationToken,
    _end: DropGuard,
}

/// One link or partition of the scenario, and what all its proxies share.
#[derive(Debug)]
struct Named {
    target: Target,
    link: ProxyLink,
}

/// What one process dials, with a link of its own.
#[derive(Debug)]
struct Path {
    dialer: End,
    listener: End,
    link: ProxyLink,
}

/// How a link of the scenario lies on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// The first end of the link dials.
    Along,
    /// The second end of the link dials.
    Against,
    /// Either end may be the one that dials, as in `node * <-> node *`.
    Either,
}

/// What the proxies of a link have seen.
#[derive(Debug, Clone)]
pub struct LinkSeen {
    /// The name of the link, as the scenario words it.
    pub name: String,
    /// What the proxies of the link counted.
    pub counts: LinkCounts,
}

impl Links {
    /// The links that these faults name. The seed reaches their jitter.
    pub fn of(faults: &[Fault], nodes: usize, seed: u64) -> Self {
        let mut links: Vec<Named> = Vec::new();
        for fault in faults {
            if matches!(fault.target, Target::Link(_) | Target::Groups(_))
                && !links.iter().any(|named| named.target == fault.target)
            {
                let link = ProxyLink::new(seed.wrapping_add(links.len() as u64));
                links.push(Named { target: fault.target.clone(), link });
            }
        }
        let cancel = CancellationToken::new();
        let _end = cancel.clone().drop_guard();
        Self {
            links,
            nodes,
            seed,
            every: None,
            proxies: Mutex::default(),
            tasks: TaskTracker::new(),
            cancel,
            _end,
        }
    }

    /// Every link between the processes of a cluster, so that any of them may be broken later. The seed reaches their
    /// jitter.
    pub fn every(nodes: usize, seed: u64) -> Self {
        Self { every: Some(Mutex::default()), ..Self::of(&[], nodes, seed) }
    }

    /// Whether no link is proxied.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.every.is_none()
    }

    /// Whether every link is proxied that can be: none is named that must be.
    pub fn is_every(&self) -> bool {
        self.every.is_some()
    }

    /// The address at which one process finds another that listens at `upstream`: that of a proxy that stands in
    /// between. `None` where nothing stands in between.
    pub async fn place(&self, dialer: End, listener: End, upstream: &str) -> Result<Option<u16>, LabError> {
        let lies = |named: &Named| {
            self.lie(&named.target, dialer, listener).map(|lie| (named.link.clone(), lie == Lie::Against))
        };
        let mut links: Vec<_> = self.links.iter().filter_map(lies).collect();
        if let Some(every) = self.every.as_ref().filter(|_| dialer != End::Clients) {
            let mut paths = every.lock().unwrap_or_else(PoisonError::into_inner);
            let link = ProxyLink::new(self.seed.wrapping_add(paths.len() as u64));
            links.push((link.clone(), false));
            paths.push(Path { dialer, listener, link });
        }
        if links.is_empty() {
            return Ok(None);
        }
        // The port lies outside the range of outgoing connections: a cut closes it, and nobody is to get it meanwhile.
        let port = ports::free(1)?.first().copied().unwrap_or(0);
        let cancel = self.cancel.child_token();
        let started = Proxy::start(port, upstream.to_owned(), links, &self.tasks, &cancel).await;
        let proxy = started.map_err(|error| {
            LabError::environment(format!("the link {dialer} <-> {listener} cannot be proxied: {error}"))
        })?;
        let port = proxy.port();
        self.proxies.lock().unwrap_or_else(PoisonError::into_inner).push((proxy, cancel.drop_guard()));
        Ok(Some(port))
    }

    fn lie(&self, target: &Target, dialer: End, listener: End) -> Option<Lie> {
        match target {
            Target::Link(link) => match (link.leads(dialer, listener), link.leads(listener, dialer)) {
                (true, true) => Some(Lie::Either),
                (true, false) => Some(Lie::Along),
                (false, true) => Some(Lie::Against),
                (false, false) => None,
            },
            Target::Groups(_) if dialer == End::Clients => None,
            Target::Groups(groups) => {
                // Forward means from the group that stands first in the file, whoever dials.
                match side(groups, dialer).cmp(&side(groups, listener)) {
                    Ordering::Less => Some(Lie::Along),
                    Ordering::Equal => None,
                    Ordering::Greater => Some(Lie::Against),
                }
            }
            _ => None,
        }
    }

    /// Puts a fault's condition on its link. `None` if the fault strikes no link.
    pub fn strike(&self, fault: &Fault) -> Option<HeldCondition> {
        let named = self.links.iter().find(|named| named.target == fault.target)?;
        let (condition, way) = match (&fault.action, &fault.target) {
            (Action::Link(condition), Target::Link(link)) => (*condition, way(*link)),
            (Action::Partition, _) => (Condition::Blackhole, Way::Both),
            _ => return None,
        };
        Some(HeldCondition { link: named.link.clone(), hold: named.link.apply(condition, way) })
    }

    /// Puts a condition on every path that the link concerns, on each by itself. Empty if none of them is proxied.
    pub fn hold(&self, link: Link, condition: Condition) -> Vec<HeldCondition> {
        let Some(every) = &self.every else { return Vec::new() };
        let paths = every.lock().unwrap_or_else(PoisonError::into_inner);
        let target = Target::Link(link);
        let concerned =
            paths.iter().filter_map(|path| Some((path, self.lie(&target, path.dialer, path.listener)?)));
        let hold = |(path, lie): (&Path, Lie)| {
            let way = match (way(link), lie) {
                (Way::Forward, Lie::Against) => Way::Back,
                (Way::Forward, Lie::Either) => Way::Both,
                (way, _) => way,
            };
            HeldCondition { link: path.link.clone(), hold: path.link.apply(condition, way) }
        };
        concerned.map(hold).collect()
    }

    /// The nodes that a fault on a link or a partition concerns.
    pub fn concerned(&self, target: &Target) -> Vec<usize> {
        let named = |ends: &[End]| {
            (0..self.nodes).filter(|n| ends.iter().any(|end| end.means(End::Node(*n)))).collect()
        };
        match target {
            Target::Link(link) if link.from == End::Clients || link.to == End::Clients => Vec::new(),
            Target::Link(link) => named(&[link.from, link.to]),
            Target::Groups(_) => (0..self.nodes).collect(),
            _ => Vec::new(),
        }
    }

    /// What the proxies of each link have seen so far, in the order of the scenario.
    pub fn seen(&self) -> Vec<LinkSeen> {
        let seen = |named: &Named| LinkSeen { name: named.target.to_string(), counts: named.link.counts() };
        self.links.iter().map(seen).collect()
    }

    /// The latency that a proxy itself adds on this machine now; `None` where no link is proxied.
    pub async fn added_latency(&self) -> Result<Option<Added>, LabError> {
        if self.is_empty() {
            return Ok(None);
        }
        added_latency().await.map(Some).map_err(|error| {
            LabError::environment(format!("the latency of the link proxy cannot be measured: {error}"))
        })
    }

    /// Forgets the paths, so that others can be placed: nobody has used these.
    pub fn clear(&self) {
        self.proxies.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(every) = &self.every {
            every.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

/// A condition that holds on a link.
#[derive(Debug)]
pub struct HeldCondition {
    link: ProxyLink,
    hold: ConditionHold,
}

impl HeldCondition {
    /// Takes the condition away from the link.
    pub fn heal(self) {
        self.link.heal(self.hold);
    }
}

fn way(link: Link) -> Way {
    match link {
        Link { one_way: false, .. } => Way::Both,
        // A link from every node to every node concerns both ways of each path.
        Link { from: End::AllNodes, to: End::AllNodes, .. } => Way::Both,
        _ => Way::Forward,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_lies_along_one_path_and_against_another() {
        let links = Links::of(&[], 3, 1);
        let lie = |text: &str, dialer, listener| {
            links.lie(&Target::Link(Link::parse(text).unwrap()), dialer, listener)
        };
        let node = End::Node;
        assert_eq!(lie("node 0 -> node 2", node(0), node(2)), Some(Lie::Along));
        assert_eq!(lie("node 0 -> node 2", node(2), node(0)), Some(Lie::Against));
        assert_eq!(lie("node 0 -> node 2", node(1), node(0)), None);
        assert_eq!(lie("broker -> node *", node(1), End::Broker), Some(Lie::Against));
        assert_eq!(lie("node * <-> node *", node(1), node(0)), Some(Lie::Either));
        assert_eq!(lie("node 1 <-> node *", node(1), node(0)), Some(Lie::Along));
        assert_eq!(lie("node 1 <-> node *", node(0), node(1)), Some(Lie::Against));
        assert_eq!(lie("client * <-> node 1", End::Clients, node(1)), Some(Lie::Along));
        assert_eq!(lie("client * <-> node 1", End::Clients, node(2)), None);
        let groups = Target::Groups(vec![vec![node(0)], vec![node(1), node(2)]]);
        let part = |dialer, listener| links.lie(&groups, dialer, listener);
        assert_eq!([part(node(0), node(1)), part(node(1), node(0))], [Some(Lie::Along), Some(Lie::Against)]);
        assert_eq!([part(node(1), node(2)), part(node(0), End::Broker)], [None, Some(Lie::Along)]);
        assert_eq!([part(End::Clients, node(0)), part(End::History, End::Broker)], [None, None]);
    }
    #[test]
    fn only_what_is_parted_is_proxied_and_forward_is_from_the_first_group() {
        use End::{Broker, History};
        let node = End::Node;
        let lies = |groups: &[&[End]], ways: &[(End, End)]| -> Vec<Option<Lie>> {
            let target = Target::Groups(groups.iter().map(|group| group.to_vec()).collect());
            let links = Links::of(&[], 5, 1);
            ways.iter().map(|(dialer, listener)| links.lie(&target, *dialer, *listener)).collect()
        };
        // The paths of a cluster of amqp: every node dials its broker and its history, and the history dials the
        // broker.
        let star: Vec<_> =
            (0..3).flat_map(|n| [(node(n), Broker), (node(n), History)]).chain([(History, Broker)]).collect();
        let (along, against) = (Some(Lie::Along), Some(Lie::Against));
        let first = |lie| [lie, lie, None, None, None, None, None];
        assert_eq!(lies(&[&[node(0)]], &star), first(along));
        assert_eq!(lies(&[&[node(0)], &[Broker]], &star), first(along));
        assert_eq!(lies(&[&[Broker], &[node(0)]], &star), first(against));
        // The paths of a mesh of five nodes; two groups part it in two.
        let mesh: Vec<_> = (0..5).flat_map(|one| (0..one).map(move |two| (node(one), node(two)))).collect();
        let parted = lies(&[&[node(0)], &[node(1)]], &mesh);
        for ((dialer, listener), lie) in mesh.iter().zip(parted) {
            assert_eq!(lie, (*listener == node(0)).then_some(Lie::Against), "{dialer} to {listener}");
        }
    }
}
