//! What the answers are made of, and how long one may be.

use std::sync::Arc;

use axum::extract::State;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::fences::Fences;
use crate::readers::Readers;
use crate::status::Status;
use trace::Trace;

/// The most messages in one answer.
pub(super) const LIMIT: usize = 1_000;

/// What the answers are made of.
pub struct Api {
    /// The file.
    pub readers: Readers,
    /// The fences.
    pub fences: Arc<Fences>,
    /// Whether it works.
    pub status: Arc<Status>,
    /// What `/metrics` shows.
    pub metrics: Option<PrometheusHandle>,
    /// Where each message was, and when.
    pub trace: Trace,
}

pub(super) type Context = State<Arc<Api>>;
