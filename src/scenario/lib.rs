//! The scenario file: cluster, load, faults and expectations. Typed, validated, defaulted; no I/O beyond
//! reading it.
//!
//! `parse` goes from text to a [`Scenario`] by way of `section` (one table of the file), `values` (what each
//! value of cluster and load may be), `fault` and `expect`; `check` judges what only the whole can tell. Every
//! error knows its line and column, or the flag that caused it. The load room reads the files of dialects with the same
//! `section` and `error`.
//!
//! | file | what it is |
//! |---|---|
//! | `scenario`, `cluster`, `load`, `pattern`, `transport` | what a scenario is once it is read |
//! | `fault`, `expect`, `matrix` | what breaks, what must hold, what is varied |
//! | `fields` | the table of keys that the file, the flags and the schema share |
//! | `figure`, `figures` | what a figure of a run is, and the table of them all |
//! | `quick` | a shortened scenario |
//! | `parse`, `section`, `values`, `patterns`, `share` | from text to a scenario |
//! | `check` | whether its parts fit each other |
//! | `error`, `example`, `words` | what is wrong, where, and what to write instead; a file's text with its places |
//! | `written` | how numbers and durations are written |
//! | `json`, `schema` | the effective scenario as the report shows it; the schema of the file |
//! | `shipped` | the scenarios within the binary, and how one is found |

mod check;
mod cluster;
mod error;
mod example;
mod expect;
mod fault;
mod fields;
mod figure;
mod figures;
mod json;
mod load;
mod matrix;
mod parse;
mod pattern;
mod patterns;
mod quick;
mod scenario;
mod schema;
mod section;
mod share;
mod shipped;
#[cfg(test)]
mod tests;
mod transport;
mod values;
mod words;
mod written;

pub use cluster::Cluster;
pub use error::{Complaint, InputError, Source};
pub use expect::{Bound, Expectation, Whose};
pub use fault::{
    ACTIONS, Action, Condition, End, Fault, FaultPlan, Link, Moment, SPOKEN, Target, kinds, parts, side,
    spoken_example, spoken_fault, spoken_keys, spoken_link, spoken_process,
};
pub use fields::{CLUSTER_FIELDS, Field, LOAD_FIELDS, Overrides};
pub use figure::{Better, Figure, FigureKind, Heading, figure_kind, figure_names};
pub use figures::{Cost, Count, Distribution, Presence, Quantile, Share, Time, Traffic};
pub use load::Load;
pub use matrix::{MATRIX_FIELDS, Matrix};
pub use pattern::{Held, Pattern};
pub use scenario::{Scenario, Variation};
pub use schema::json_schema;
pub use section::{FileValue, Section};
pub use share::share_of;
pub use shipped::{ScenarioFile, Shipped};
pub use transport::Transport;
pub use words::{listed, nearest, suggestion, suggestion_within};
pub use written::grouped;
