//! Whether the service works at this moment, and if not, why. `/readyz` shows it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use metrics::{Gauge, describe_gauge, gauge};

/// The state of the two things that a history needs, with the reasons why they are away.
pub struct Status {
    broker: Part,
    database: Part,
    going: AtomicBool,
}

struct Part {
    /// Why the database or the broker is away; `None` while it works.
    trouble: Mutex<Option<String>>,
    up: Gauge,
}

impl Part {
    fn set(&self, trouble: Option<String>) -> bool {
        self.up.set(u8::from(trouble.is_none()));
        let mut now = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *now != trouble;
        *now = trouble;
        changed
    }

    fn get(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Status {
    /// A status in which the broker is not connected yet and the database is taken to be well.
    pub fn new() -> Self {
        describe_gauge!("pubsub_lab_history_broker_up", "1 while the queue is consumed.");
        describe_gauge!("pubsub_lab_history_database_up", "1 while the database takes what is written.");
        let part = |name: &'static str| Part { trouble: Mutex::new(None), up: gauge!(name) };
        let status = Self {
            broker: part("pubsub_lab_history_broker_up"),
            database: part("pubsub_lab_history_database_up"),
            going: AtomicBool::new(false),
        };
        status.broker.set(Some("the broker is not connected yet".into()));
        status.database.set(None);
        status
    }

    /// Records that the queue is consumed.
    pub fn broker_up(&self) {
        self.broker.set(None);
    }

    /// Records that the queue is not consumed, for this reason. Gives true if that is news.
    pub fn broker_down(&self, why: &str) -> bool {
        self.broker.set(Some(why.to_owned()))
    }

    /// Records that the database takes what is written. Gives true if that is news.
    pub fn database_up(&self) -> bool {
        self.database.set(None)
    }

    /// Records that the database does not take what is written, for this reason. Gives true if that is news.
    pub fn database_down(&self, why: &str) -> bool {
        self.database.set(Some(why.to_owned()))
    }

    /// Records that the service is ending.
    pub fn going_away(&self) {
        self.going.store(true, Ordering::Relaxed);
    }

    /// The reasons why the service is not ready; empty if it is.
    pub fn troubles(&self) -> Vec<String> {
        let going = self.going.load(Ordering::Relaxed).then(|| "the service is going away".to_owned());
        [going, self.broker.get(), self.database.get()].into_iter().flatten().collect()
    }
}
