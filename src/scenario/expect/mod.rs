//! What a run must show: bounds on figures of the report.
//!
//! | file | what it is |
//! |---|---|
//! | `expectation` | one bound on one figure |
//! | `whose` | of whom it is expected |
//! | `bound` | what a figure must be, as numbers and as text |
//! | `read` | from `[expect]` of the file to expectations |

mod bound;
mod expectation;
mod read;
mod whose;

pub use bound::Bound;
pub use expectation::Expectation;
pub(super) use read::read;
pub use whose::Whose;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
