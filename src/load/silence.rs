//! A probe in which no message reached anybody.

/// No path at all has worked in the probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Number of paths that were probed.
    pub paths: usize,
    /// The first frame that came and holds no message, shortened; `None` if no frame came at all.
    pub strange: Option<String>,
}
