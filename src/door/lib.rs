//! The door of everything that listens for HTTP: how it listens and accepts, for how long a connection may take its
//! time, and whose requests are answered.
//!
//! | file | what it is |
//! |---|---|
//! | `listen`, `accept` | a port, and the connections that come to it |
//! | `http` | how long and how much a connection may speak HTTP |
//! | `callers` | whose requests are answered, by `Host` and `Origin` |
//! | `turned_away` | what the log says of those whose requests are not |

mod accept;
mod callers;
mod http;
mod listen;
mod turned_away;

pub use accept::accept;
pub use callers::{Callers, guard};
pub use http::connections;
pub use listen::listen;
pub use turned_away::TurnedAway;
