//! The door of everything that listens for HTTP: how it listens and accepts, for how long a connection may take its
//! time, and whose requests are answered.
//!
//! | file | what it is |
//! |---|---|
//! | `listen`, `accept` | a port, and the connections that come to it |
//! | `serve`, `places` | how many connections are served, and who makes room for whom |
//! | `http` | how a connection speaks HTTP |
//! | `query` | what a URL asks for after its question mark |
//! | `callers` | whose requests are answered, by `Host` and `Origin` |
//! | `turned_away` | what the log says of those whose requests are not |

mod accept;
mod callers;
mod http;
mod listen;
mod places;
mod query;
mod serve;
mod turned_away;

pub use callers::{Callers, guard};
pub use listen::listen;
pub use query::{Query, Wrong, decode};
pub use serve::{Bounds, ConnectionPermit, serve};
pub use turned_away::TurnedAway;
