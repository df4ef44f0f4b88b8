//! A recorder of metrics that a unit test reads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// The counters and gauges of one test, by their names.
#[derive(Default)]
pub(crate) struct Meter(Mutex<HashMap<String, Arc<AtomicU64>>>);

impl Meter {
    /// Makes something whose counters register themselves with this meter.
    pub(crate) fn around<T>(&self, make: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(self, make)
    }

    /// What a counter of the buses shows: `dropped` is `pubsub_lab_bus_dropped_total`.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.read(&format!("pubsub_lab_bus_{name}_total"))
    }

    /// What a gauge of the buses shows: `peers` is `pubsub_lab_bus_peers`.
    pub(crate) fn gauge(&self, name: &str) -> f64 {
        f64::from_bits(self.read(&format!("pubsub_lab_bus_{name}")))
    }

    fn read(&self, name: &str) -> u64 {
        self.0.lock().unwrap()[name].load(Ordering::Relaxed)
    }

    fn place(&self, key: &Key) -> Arc<AtomicU64> {
        Arc::clone(self.0.lock().unwrap().entry(key.name().to_owned()).or_default())
    }
}

impl Recorder for Meter {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.place(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.place(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
