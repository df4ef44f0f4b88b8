//! The state of two connections as one health, for buses that publish and listen over one connection each.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::Health;

/// The reason why a closed bus is down.
pub(super) const CLOSED: &str = "the bus is closed";

/// One of the two connections.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Publisher,
    Subscriber,
}

/// The health of a bus, which is up only when both connections are.
pub(super) struct Status {
    /// Why each connection is down; `None` if it is up.
    parts: Mutex<[Option<String>; 2]>,
    health: watch::Sender<Health>,
    /// The name of the broker, for the log.
    over: &'static str,
}

impl Status {
    pub(super) fn new(over: &'static str, reason: String) -> Self {
        Self {
            parts: Mutex::new([Some(reason.clone()), Some(reason.clone())]),
            health: watch::Sender::new(Health::Down(reason)),
            over,
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    pub(super) fn set_up(&self, part: Part) {
        self.set(part, None);
    }

    pub(super) fn set_down(&self, part: Part, reason: &str) {
        self.set(part, Some(reason.into()));
    }

    fn set(&self, part: Part, reason: Option<String>) {
        // The lock is held until the watchers know, so that news of the two connections cannot overtake each other.
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts[part as usize] = reason;
        let now = match parts.iter().flatten().next() {
            Some(reason) => Health::Down(reason.clone()),
            None => Health::Up,
        };
        let over = self.over;
        self.health.send_if_modified(|health| {
            if *health == now {
                return false;
            }
            match (&*health, &now) {
                (Health::Down(_), Health::Up) => tracing::info!("the {over} bus is up"),
                (_, Health::Down(reason)) if reason == CLOSED => tracing::debug!("the {over} bus is closed"),
                (_, Health::Down(reason)) => tracing::warn!("the {over} bus is down: {reason}"),
                (Health::Up, Health::Up) => {}
            }
            *health = now;
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(reason: &str) -> Health {
        Health::Down(reason.into())
    }

    #[test]
    fn a_bus_is_up_only_while_both_connections_are() {
        let status = Status::new("test", "connecting".into());
        let health = status.watch();
        assert_eq!(*health.borrow(), down("connecting"));
        status.set_up(Part::Subscriber);
        assert_eq!(*health.borrow(), down("connecting"));
        status.set_up(Part::Publisher);
        assert_eq!(*health.borrow(), Health::Up);
        status.set_down(Part::Subscriber, "lost");
        assert_eq!(*health.borrow(), down("lost"));
        status.set_up(Part::Publisher);
        assert_eq!(*health.borrow(), down("lost"));
        status.set_up(Part::Subscriber);
        assert_eq!(*health.borrow(), Health::Up);
    }

    #[test]
    fn the_publishers_reason_stands_before_the_subscribers() {
        let status = Status::new("test", "connecting".into());
        let health = status.watch();
        status.set_down(Part::Subscriber, "no subscriber");
        assert_eq!(*health.borrow(), down("connecting"));
        status.set_down(Part::Publisher, "no publisher");
        assert_eq!(*health.borrow(), down("no publisher"));
        status.set_up(Part::Publisher);
        assert_eq!(*health.borrow(), down("no subscriber"));
    }

    #[test]
    fn whoever_watches_is_woken_by_news_alone() {
        let status = Status::new("test", "connecting".into());
        let mut health = status.watch();
        status.set_up(Part::Publisher);
        status.set_down(Part::Publisher, "connecting");
        assert!(!health.has_changed().unwrap());
        status.set_down(Part::Publisher, "lost");
        assert!(health.has_changed().unwrap());
        health.mark_unchanged();
        status.set_down(Part::Publisher, "lost");
        assert!(!health.has_changed().unwrap());
    }
}
