//! What a picture is, for whoever shows it.

/// One picture, and what to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Unique in the report: `latency`, `story-redis-1-first-lost`.
    pub id: String,
    /// A heading.
    pub title: String,
    /// What it shows, in plain sentences.
    pub caption: String,
    /// A whole `<svg>` with a view box and without a size, in colours of [`COLOURS`](super::COLOURS) alone.
    pub svg: String,
}
