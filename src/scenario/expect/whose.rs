//! Of whom something is expected.

use crate::Pattern;

/// Of whom something is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Of everybody: `[expect]`.
    All,
    /// Of a pattern: `[expect.redis]`.
    Pattern(Pattern),
    /// Of a server that is none of our patterns: `[expect.server]`.
    Server,
}

impl Whose {
    /// The word of `[expect.server]`.
    pub const SERVER: &str = "server";

    /// The table's name within `[expect]`; `None` for `[expect]` itself.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Whose::All => None,
            Whose::Pattern(pattern) => Some(pattern.name()),
            Whose::Server => Some(Self::SERVER),
        }
    }

    /// Whose table has this name.
    pub fn named(name: &str) -> Option<Whose> {
        match name {
            Self::SERVER => Some(Whose::Server),
            _ => Pattern::named(name).map(Whose::Pattern),
        }
    }
}
