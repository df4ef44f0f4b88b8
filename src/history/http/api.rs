//! What the answers are made from, and how long an answer may be.

use std::sync::Arc;

use axum::extract::State;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::fences::Fences;
use crate::readers::Readers;
use crate::status::Status;
use trace::Trace;

/// Largest number of messages in one answer.
pub(super) const LIMIT: usize = 1_000;

/// What the answers are made from.
pub struct Api {
    /// The readers of the file.
    pub readers: Readers,
    /// The committed fences.
    pub fences: Arc<Fences>,
    /// Whether the service works at this moment.
    pub status: Arc<Status>,
    /// Renders what `/metrics` shows; `None` if there is nothing to show.
    pub metrics: Option<PrometheusHandle>,
    /// Trace handle for the messages that a replay reads.
    pub trace: Trace,
}

pub(super) type Context = State<Arc<Api>>;
