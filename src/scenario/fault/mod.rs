//! Faults: what is done, to what, and when. A [`FaultPlan`] is one `[[fault]]` of the file; a [`Fault`] is one
//! time that it strikes, with everything drawn that was left to the seed.
//!
//! | file | what it is |
//! |---|---|
//! | `plan` | a fault as the file plans it, and as it strikes once |
//! | `action` | what is done |
//! | `target`, `link` | to what |
//! | `groups` | who stands with whom in a partition |
//! | `read` | from one `[[fault]]` of the file to a plan |
//! | `schedule` | from plans to faults: every repetition, and what the seed chooses |

mod action;
mod groups;
mod link;
mod plan;
mod read;
mod schedule;
mod target;

pub use action::{ACTIONS, Action, Condition};
pub use groups::{parts, side};
pub use link::{End, Link};
pub use plan::{Fault, FaultPlan, Moment};
pub(super) use read::{COMMON, OWN, Placed, read};
pub use target::Target;
