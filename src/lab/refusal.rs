//! Why a broker that the user brings cannot be used: among others, when it takes too long.

use std::time::Duration;

/// How long one step of a talk with a broker may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Why a broker cannot be used. No text in it holds a password.
#[derive(Debug)]
pub enum Refusal {
    /// The URL is none that the nodes can use.
    Url(String),
    /// Whoever is there, if anybody, does not serve us.
    Unusable {
        /// A clause for people.
        why: String,
        /// What to do, where that is not to start it.
        hint: Option<&'static str>,
    },
}

impl Refusal {
    /// It is as if nobody were there.
    pub fn unusable(why: impl Into<String>) -> Self {
        Self::Unusable { why: why.into(), hint: None }
    }
}
