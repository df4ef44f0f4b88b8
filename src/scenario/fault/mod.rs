//! Faults: what is done, to what, and when. A [`FaultPlan`] is one `[[fault]]` of the file; a [`Fault`] is one
//! time that it strikes, with everything drawn that was left to the seed.
//!
//! | file | what it is |
//! |---|---|
//! | `plan` | a fault as the file plans it, and as it strikes once |
//! | `kinds` | what is done: a file for each kind of fault, and the list of them |
//! | `kind` | what every kind says of itself |
//! | `target`, `link` | to what |
//! | `groups` | who stands with whom in a partition |
//! | `place` | where it strikes, in plain words |
//! | `read`, `reader` | from one `[[fault]]` of the file, or from a line that is said, to a plan or an action |
//! | `json` | and back to its keys |
//! | `schedule` | from plans to faults: every repetition, and what the seed chooses |

mod groups;
mod json;
mod kind;
pub mod kinds;
mod link;
mod place;
mod plan;
mod read;
mod reader;
mod schedule;
mod target;

pub use groups::{parts, side};
pub(super) use kind::{Form, Lasts};
pub use kinds::{ACTIONS, Action, Condition};
pub(super) use kinds::{KINDS, example};
pub use link::{End, Link};
pub use plan::{Fault, FaultPlan, Moment};
pub(super) use read::{COMMON, Placed, read};
pub use read::{SPOKEN, spoken_example, spoken_fault, spoken_keys, spoken_link, spoken_process};
pub use target::Target;
