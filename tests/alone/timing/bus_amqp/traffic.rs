//! Two nodes, of which one publishes 200 messages a second and the other listens.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pubsub_lab::bus::amqp::{AmqpBus, AmqpOptions};
use pubsub_lab::bus::{Bus, BusEvent, Level, PublishOutcome};
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::amqp_bus::{PATIENCE, envelope, is_up, start, subscribe};

pub struct Traffic {
    pub listener: AmqpBus,
    pub speaker: Arc<AmqpBus>,
    tasks: TaskTracker,
    stop: CancellationToken,
    sent: mpsc::UnboundedReceiver<(u64, Instant, PublishOutcome)>,
    heard: mpsc::UnboundedReceiver<(u64, Instant)>,
}

/// What became of it.
pub struct Told {
    /// When each was published, and its answer.
    pub sent: HashMap<u64, (Instant, PublishOutcome)>,
    /// In the order of the listener.
    pub heard: Vec<(u64, Instant)>,
}

impl Traffic {
    pub async fn start(speaker: AmqpOptions, listener: AmqpOptions) -> Self {
        let (speaker, listener) = (Arc::new(start(speaker)), start(listener));
        is_up(&speaker).await;
        subscribe(&listener, "lobby").await;
        is_up(&listener).await;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (sent_tx, sent) = mpsc::unbounded_channel();
        let (heard_tx, heard) = mpsc::unbounded_channel();
        let mut events = listener.events().unwrap();
        tasks.spawn(async move {
            while let Some(event) = events.recv().await {
                let BusEvent::Envelope(envelope) = event else { panic!("{event:?}") };
                let _ = heard_tx.send((envelope.id.parse().unwrap(), Instant::now()));
            }
        });
        let (stopped, answers, bus) = (stop.clone(), tasks.clone(), Arc::clone(&speaker));
        tasks.spawn(async move {
            let mut beat = interval(Duration::from_millis(5));
            for n in 0u64.. {
                tokio::select! { () = stopped.cancelled() => return, _ = beat.tick() => {} }
                let began = Instant::now();
                let receipt = bus.publish(envelope("lobby", &n.to_string()));
                let sent_tx = sent_tx.clone();
                answers.spawn(async move {
                    let outcome = receipt.await;
                    let _ = sent_tx.send((n, began, outcome));
                });
            }
        });
        Self { listener, speaker, tasks, stop, sent, heard }
    }

    /// Stops publishing, waits until every confirmed message is heard, and tells.
    pub async fn end(mut self) -> Told {
        self.stop.cancel();
        let mut sent = HashMap::new();
        let mut owed = HashSet::new();
        while let Some((n, began, outcome)) = timeout(PATIENCE, self.sent.recv()).await.expect("no answer") {
            if outcome == PublishOutcome::Ack(Level::Confirmed) {
                owed.insert(n);
            }
            sent.insert(n, (began, outcome));
        }
        let mut heard = Vec::new();
        while let Ok((n, at)) = self.heard.try_recv() {
            owed.remove(&n);
            heard.push((n, at));
        }
        while !owed.is_empty() {
            let next = timeout(PATIENCE, self.heard.recv()).await;
            let (n, at) = next.unwrap_or_else(|_| panic!("confirmed, not heard: {owed:?}")).unwrap();
            owed.remove(&n);
            heard.push((n, at));
        }
        self.speaker.close().await;
        self.listener.close().await;
        self.tasks.close();
        timeout(PATIENCE, self.tasks.wait()).await.unwrap();
        while let Ok(late) = self.heard.try_recv() {
            heard.push(late);
        }
        Told { sent, heard }
    }
}

impl Told {
    /// Nothing twice, nothing out of order, nothing that was refused.
    pub fn check(&self) {
        for pair in self.heard.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} was heard before {}", pair[0].0, pair[1].0);
        }
        for (n, _) in &self.heard {
            let (_, outcome) = &self.sent[n];
            assert!(!matches!(outcome, PublishOutcome::Refused { .. }), "{n} was heard: {outcome:?}");
        }
    }

    /// From a moment to the first message that was heard after it.
    pub fn flow_after(&self, moment: Instant) -> Duration {
        let after = self.heard.iter().map(|(_, at)| *at).filter(|at| *at >= moment);
        after.min().expect("nothing was heard any more").duration_since(moment)
    }
}
