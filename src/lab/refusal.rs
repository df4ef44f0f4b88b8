//! Why a broker that the user brings cannot be used, for example because it takes too long.

use std::time::Duration;

/// How long one step of a conversation with a broker may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// How a user name or a password with special characters is written in a URL.
pub(super) const ESCAPED: &str =
    "in a user name or a password, write @ as %40, : as %3A, / as %2F, # as %23, ? as %3F and % as %25";

/// Why a broker cannot be used. No text in here holds a password.
#[derive(Debug, PartialEq, Eq)]
pub enum BrokerRefusal {
    /// The nodes cannot use the URL, for this reason.
    Url(String),
    /// Whoever listens at the URL, if anybody, does not serve us.
    Unusable {
        /// The reason, a clause for people.
        why: String,
        /// What the user can do, where that is not to start the broker.
        hint: Option<String>,
    },
}

impl BrokerRefusal {
    /// A refusal for this reason, with the hint to start the broker, as if nobody were there.
    pub fn unusable(why: impl Into<String>) -> Self {
        Self::Unusable { why: why.into(), hint: None }
    }

    /// A refusal for this reason, with what the user can do about it.
    pub fn with_hint(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unusable { why: why.into(), hint: Some(hint.into()) }
    }
}
