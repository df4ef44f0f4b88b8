//! What is broken by hand in a cluster that stands, and how it is put right again: each order of somebody at a prompt
//! becomes a fault that holds until it is healed.

mod health;
mod target;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::error::LabError;
use super::links::HeldCondition;
use scenario::{Action, Condition, End, Fault, Link, Target};
use target::{end_of, ends};

pub use health::Health;

/// How long a process that was asked to end is waited for.
const LAST_BREATH: Duration = Duration::from_secs(15);
/// How long what was ordered back may take to serve before the prompt comes back without it: a RabbitMQ boots for long.
const BOOT: Duration = Duration::from_secs(60);
/// How long they may take to show that they serve, once nobody waits for them any more.
const ONE_LOOK: Duration = Duration::from_millis(100);
/// How long the others may take to serve again then.
const SETTLE: Duration = Duration::from_secs(30);

/// What is broken by hand in one cluster at this moment.
#[derive(Debug, Default)]
pub struct Standing {
    paused: BTreeSet<End>,
    /// The processes that were struck down by hand; a container tells nobody else that it does not run.
    down: BTreeSet<End>,
    held: Vec<HeldFault>,
    /// Cancelled when whoever gave the order that is under way does not want to wait for anybody any more.
    impatience: CancellationToken,
}

/// A condition that holds on a link until it is healed.
#[derive(Debug)]
struct HeldFault {
    condition: Condition,
    link: Link,
    holds: Vec<HeldCondition>,
}

/// What became of an order to break something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    /// The fault holds.
    Holds,
    /// The target was asked to end, and takes its time.
    Ending,
}

/// What became of an order to put something right.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovery {
    /// What is right again: `the broker`, `cut node 1 <-> broker`.
    pub healed: Vec<String>,
    /// The time until what was ordered was there again.
    pub back: Duration,
    /// The time until everybody served who could; `None` if nobody else had to come back.
    pub settled: Option<Duration>,
    /// The processes that run and do not serve yet.
    pub waiting: Vec<String>,
}

impl Standing {
    /// Begins an order. Once the token is cancelled, the order waits for nobody any more, and says who does not serve.
    pub fn begin(&mut self) -> CancellationToken {
        self.impatience = CancellationToken::new();
        self.impatience.clone()
    }

    /// Breaks something. The fault holds until it is healed.
    ///
    /// # Errors
    /// When there is no such target, or it is in no state to be struck; nothing has happened then.
    pub async fn strike(
        &mut self,
        cluster: &Cluster,
        action: &Action,
        target: &Target,
    ) -> Result<Struck, LabError> {
        cluster.has_standing(target)?;
        match (action, target) {
            (Action::Link(condition), Target::Link(link)) => self.hold(cluster, *condition, *link),
            (Action::Kill | Action::Stop | Action::Pause, _) => {
                self.strike_down(cluster, action, target).await
            }
            _ => Err(LabError::usage(format!("`{action}` is for the clients of a bench"))
                .hint("strike a process or a link")),
        }
    }

    async fn strike_down(
        &mut self,
        cluster: &Cluster,
        action: &Action,
        target: &Target,
    ) -> Result<Struck, LabError> {
        let running: Vec<End> =
            ends(cluster, target).into_iter().filter(|end| !self.is_down(cluster, *end)).collect();
        if running.is_empty() {
            let message = format!("{} not running", is(target));
            return Err(LabError::usage(message).hint(format!("`start {target}` brings it back")));
        }
        let pauses = *action == Action::Pause;
        if pauses && running.iter().all(|end| self.paused.contains(end)) {
            let message = format!("{} paused already", is(target));
            return Err(LabError::usage(message).hint(format!("`cont {target}` lets it go on")));
        }
        cluster.apply(&lasting(action.clone(), target.clone())).await?;
        for end in &running {
            if pauses {
                self.paused.insert(*end);
            } else {
                self.paused.remove(end);
                self.down.insert(*end);
            }
        }
        if *action != Action::Stop {
            return Ok(Struck::Holds);
        }
        let ended = join_all(running.iter().filter_map(|end| cluster.service(*end)).map(|it| it.ended()));
        tokio::select! {
            biased;
            _ = ended => Ok(Struck::Holds),
            () = self.impatience.cancelled() => Ok(Struck::Ending),
            () = tokio::time::sleep(LAST_BREATH) => Ok(Struck::Ending),
        }
    }

    fn hold(&mut self, cluster: &Cluster, condition: Condition, link: Link) -> Result<Struck, LabError> {
        if self.held.iter().any(|held| held.link == link && held.condition == condition) {
            let what = named(condition, link);
            let message = format!("`{what}` holds already");
            return Err(LabError::usage(message).hint(format!("`heal {link}` takes it away")));
        }
        let holds = cluster.links().hold(link, condition);
        if holds.is_empty() {
            let message = format!("the link {link} cannot be broken: no proxy of the lab stands on it");
            let hint = "a broker over TLS has none, and a mesh of more than 20 nodes has none";
            return Err(LabError::usage(message).hint(hint));
        }
        // Another value of one condition takes the place of the former: two delays would add up.
        let former = |held: &HeldFault| held.link == link && held.condition.name() == condition.name();
        for former in self.held.extract_if(.., |held| former(held)) {
            former.heal();
        }
        self.held.push(HeldFault { condition, link, holds });
        Ok(Struck::Holds)
    }

    /// Starts what does not run.
    ///
    /// # Errors
    /// When all of it runs, or it cannot be started.
    pub async fn start(&mut self, cluster: &Cluster, target: &Target) -> Result<Recovery, LabError> {
        cluster.has_standing(target)?;
        let down: Vec<End> =
            ends(cluster, target).into_iter().filter(|end| self.is_down(cluster, *end)).collect();
        if down.is_empty() {
            let error = match ends(cluster, target).iter().any(|end| self.paused.contains(end)) {
                true => LabError::usage(format!("{} paused, and not stopped", is(target)))
                    .hint(format!("`cont {target}` lets it go on")),
                false => LabError::usage(format!("{} running already", is(target)))
                    .hint(format!("`kill {target}` or `stop {target}` ends it")),
            };
            return Err(error);
        }
        self.bring_back(cluster, &down, Vec::new(), Instant::now()).await
    }

    /// Lets what is paused go on.
    ///
    /// # Errors
    /// When nothing of it is paused.
    pub async fn go_on(&mut self, cluster: &Cluster, target: &Target) -> Result<Recovery, LabError> {
        cluster.has_standing(target)?;
        let paused: Vec<End> =
            ends(cluster, target).into_iter().filter(|end| self.paused.contains(end)).collect();
        if paused.is_empty() {
            let error = LabError::usage(format!("{} not paused", is(target)));
            return Err(match ends(cluster, target).iter().all(|end| self.is_down(cluster, *end)) {
                true => error.hint(format!("it does not run: `start {target}` brings it back")),
                false => error.hint(format!("`pause {target}` makes it stand still")),
            });
        }
        self.bring_back(cluster, &paused, Vec::new(), Instant::now()).await
    }

    /// Puts one process or link right, whatever is wrong with it.
    ///
    /// # Errors
    /// When nothing is wrong with it.
    pub async fn heal(&mut self, cluster: &Cluster, target: &Target) -> Result<Recovery, LabError> {
        cluster.has_standing(target)?;
        let begun = Instant::now();
        if let Target::Link(link) = target {
            let healed =
                self.release(|held| held.link == *link || !held.link.one_way && turned(held.link) == *link);
            if healed.is_empty() {
                let message = format!("nothing is broken on the link {link}");
                return Err(LabError::usage(message).hint(self.held_hint()));
            }
            return self.bring_back(cluster, &[], healed, begun).await;
        }
        let broken: Vec<End> =
            ends(cluster, target).into_iter().filter(|end| self.is_struck(cluster, *end)).collect();
        if broken.is_empty() {
            let message = format!("nothing is wrong with {}", called(target));
            return Err(LabError::usage(message).hint(self.held_hint()));
        }
        self.bring_back(cluster, &broken, Vec::new(), begun).await
    }

    /// Puts everything right.
    ///
    /// # Errors
    /// When nothing is broken, or something does not come back.
    pub async fn heal_all(&mut self, cluster: &Cluster) -> Result<Recovery, LabError> {
        let begun = Instant::now();
        let healed = self.release(|_| true);
        let all = cluster.ends().into_iter();
        let broken: Vec<End> = all.filter(|end| self.is_struck(cluster, *end)).collect();
        if healed.is_empty() && broken.is_empty() {
            return Err(LabError::usage("nothing is broken").hint("`help` says what can be"));
        }
        self.bring_back(cluster, &broken, healed, begun).await
    }

    /// The faults that hold on links, each as it was said.
    pub fn held(&self) -> Vec<String> {
        self.held.iter().map(|held| named(held.condition, held.link)).collect()
    }

    /// How each process is, in the order nodes, history, broker.
    pub async fn health(&self, cluster: &Cluster) -> Vec<(String, Health)> {
        join_all(cluster.ends().into_iter().map(async |end| {
            let health = match (self.is_down(cluster, end), self.paused.contains(&end)) {
                (true, _) => Health::Down,
                (false, true) => Health::Paused,
                (false, false) => cluster.health(end).await,
            };
            (end.to_string(), health)
        }))
        .await
    }

    /// Whether a process does not run.
    fn is_down(&self, cluster: &Cluster, end: End) -> bool {
        match cluster.service(end) {
            Some(service) => !service.is_running() || service.was_asked_to_end(),
            None => self.down.contains(&end),
        }
    }

    fn is_struck(&self, cluster: &Cluster, end: End) -> bool {
        self.is_down(cluster, end) || self.paused.contains(&end)
    }

    /// Takes away these conditions. Gives their names.
    fn release(&mut self, which: impl Fn(&HeldFault) -> bool) -> Vec<String> {
        let released: Vec<HeldFault> = self.held.extract_if(.., |held| which(held)).collect();
        let names = released.iter().map(|held| named(held.condition, held.link)).collect();
        released.into_iter().for_each(HeldFault::heal);
        names
    }

    fn held_hint(&self) -> String {
        match &self.held().join("`, `")[..] {
            "" => "`status` says what is broken".into(),
            held => format!("what holds is `{held}`; `heal` alone puts everything right"),
        }
    }

    /// Brings these processes back, the broker first, and waits for everybody who can serve.
    async fn bring_back(
        &mut self,
        cluster: &Cluster,
        struck: &[End],
        mut healed: Vec<String>,
        begun: Instant,
    ) -> Result<Recovery, LabError> {
        let (first, then): (Vec<End>, Vec<End>) = struck.iter().partition(|end| **end == End::Broker);
        for ends in [first, then] {
            let returning = ends.into_iter().map(|end| {
                let is_paused = self.paused.contains(&end);
                async move { (end, cluster.bring_back(end, is_paused).await) }
            });
            for (end, returned) in join_all(returning).await {
                returned?;
                self.paused.remove(&end);
                self.down.remove(&end);
                healed.push(called(&end_of(end)));
            }
        }
        let able = |end: &End| match *end {
            // A node whose broker is away cannot serve, and neither can one that is cut off.
            End::Node(n) => !self.is_struck(cluster, End::Broker) && !self.is_parted(cluster, n),
            End::History => !self.is_struck(cluster, End::Broker),
            _ => true,
        };
        let awaited: Vec<End> = struck.iter().copied().filter(&able).collect();
        let mut waiting = self.not_ready_within(cluster, &awaited, BOOT).await?;
        let back = begun.elapsed();
        let others = cluster.ends().into_iter().filter(|end| !struck.contains(end) && *end != End::Broker);
        let others: Vec<End> = others.filter(|end| !self.is_struck(cluster, *end) && able(end)).collect();
        waiting.extend(self.not_ready_within(cluster, &others, SETTLE).await?);
        let unable = struck.iter().filter(|end| !able(end)).map(|end| called(&end_of(*end)));
        let settled = (!others.is_empty() && waiting.is_empty()).then(|| begun.elapsed());
        waiting.extend(unable);
        Ok(Recovery { healed, back, settled, waiting })
    }

    /// The names of those of these processes that do not serve in time, or when whoever gave the order waits no longer.
    async fn not_ready_within(
        &self,
        cluster: &Cluster,
        ends: &[End],
        limit: Duration,
    ) -> Result<Vec<String>, LabError> {
        tokio::select! {
            biased;
            waiting = cluster.not_ready_within(ends, limit) => waiting,
            () = self.impatience.cancelled() => cluster.not_ready_within(ends, ONE_LOOK).await,
        }
    }

    /// Whether a fault keeps this node from its broker. A slow link keeps it from nobody, and a node serves without the
    /// other nodes.
    fn is_parted(&self, cluster: &Cluster, node: usize) -> bool {
        let parts = |held: &&HeldFault| {
            let of_broker = [held.link.from, held.link.to].contains(&End::Broker);
            of_broker && matches!(held.condition, Condition::Cut | Condition::Blackhole)
        };
        let mut parted = self.held.iter().filter(parts);
        parted.any(|held| cluster.links().concerned(&Target::Link(held.link)).contains(&node))
    }
}

impl HeldFault {
    fn heal(self) {
        self.holds.into_iter().for_each(HeldCondition::heal);
    }
}

/// A fault that holds until somebody heals it.
fn lasting(action: Action, target: Target) -> Fault {
    Fault { at: Duration::ZERO, duration: None, action, target }
}

/// The fault as it was said: `delay node 1 <-> broker by 100ms`.
fn named(condition: Condition, link: Link) -> String {
    lasting(Action::Link(condition), Target::Link(link)).what()
}

/// The same link, named from its other end.
fn turned(link: Link) -> Link {
    Link { from: link.to, to: link.from, ..link }
}

/// A target in a sentence.
fn called(target: &Target) -> String {
    match target {
        Target::Broker => "the broker".into(),
        Target::History => "the history".into(),
        Target::AllNodes => "all nodes".into(),
        one => one.to_string(),
    }
}

/// How a sentence on a target begins: `node 1 is`, `all nodes are`.
fn is(target: &Target) -> String {
    format!("{} {}", called(target), if *target == Target::AllNodes { "are" } else { "is" })
}
