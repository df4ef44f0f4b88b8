//! The subjects from which something is expected.

use crate::Pattern;

/// The subjects from which something is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Every subject: `[expect]`.
    All,
    /// Our chat over one pattern: `[expect.redis]`.
    Pattern(Pattern),
    /// A server that is none of our patterns: `[expect.server]`.
    Server,
}

impl Whose {
    /// The word for a server in `[expect.server]`.
    pub const SERVER: &str = "server";

    /// The name of the table within `[expect]`; `None` for `[expect]` itself.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Whose::All => None,
            Whose::Pattern(pattern) => Some(pattern.name()),
            Whose::Server => Some(Self::SERVER),
        }
    }

    /// The subjects of the table with this name within `[expect]`.
    pub fn named(name: &str) -> Option<Whose> {
        match name {
            Self::SERVER => Some(Whose::Server),
            _ => Pattern::named(name).map(Whose::Pattern),
        }
    }
}
