//! Why a broker that the user brings cannot be used: among others, when it takes too long.

use std::time::Duration;

/// How long one step of a talk with a broker may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Why a broker cannot be used. No text in it holds a password.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The URL is none that the nodes can use.
    Url(String),
    /// Whoever is there, if anybody, does not serve us.
    Unusable { why: String, hint: Option<&'static str> },
}

impl Refusal {
    pub(super) fn unusable(why: impl Into<String>) -> Self {
        Self::Unusable { why: why.into(), hint: None }
    }
}
