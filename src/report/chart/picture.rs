//! A picture as those who show it get it.

/// A picture, and what to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The id of the picture, unique in the report: `latency`, `story-redis-1-first-lost`.
    pub id: String,
    /// The heading of the picture.
    pub title: String,
    /// What the picture shows, in plain sentences.
    pub caption: String,
    /// The drawing: a whole `<svg>` with a view box and without a size, in colours of [`COLOURS`](super::COLOURS)
    /// alone.
    pub svg: String,
}

impl Picture {
    /// The height of the drawing, in its own units; 0 if the drawing has no view box.
    pub fn height(&self) -> i32 {
        let size = self.svg.split_once("viewBox=\"0 0 ").and_then(|(_, rest)| rest.split_once('"'));
        let height = size.and_then(|(size, _)| size.split_once(' ')?.1.parse().ok());
        height.unwrap_or(0)
    }
}
