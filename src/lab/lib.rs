//! Puts a cluster together on this machine: a broker, nodes, and a warden that sees to it that nothing of it
//! outlives the lab.
//!
//! [`Cluster`] is what others use. Under it: a [`Service`](service::Service) is a process with a port that can
//! be started again, a [`Process`](process::Process) is one child under supervision, and the
//! [`Warden`](warden::Warden) ends all of them if the lab cannot.
//!
//! What is true of only one broker stands in its [`BrokerKind`](kind::BrokerKind) under `product`; everybody else goes
//! through the list in [`Product`].
//!
//! | file | what it is |
//! |---|---|
//! | `bench`, `planned`, `subject`, `trial`, `drain`, `interruption` | a bench: its runs, one after the other |
//! | `agent`, `barrier` | one of several agents of a load, and where they meet |
//! | `claim`, `saved` | the directory of a bench, and what is kept in it |
//! | `cluster`, `members`, `options`, `software`, `ways`, `roll` | a cluster: what it is made of, and where each finds the others |
//! | `base`, `warden`, `process`, `group`, `directory`, `logging` | what ends everything, and the processes under it |
//! | `service`, `managed`, `ports`, `probe`, `program` | a process with a port, and how to find and ask it |
//! | `broker`, `external`, `docker`, `product`, `kind`, `refusal` | the third-party servers |
//! | `strikes`, `links`, `link_report`, `shell` | the faults of a run, struck and healed |
//! | `standing` | what somebody breaks by hand in a cluster that stands, and puts right again |
//! | `cost` | what a run takes of this machine |
//! | `observer`, `progress`, `trace`, `clocks` | what is told to whoever watches, and the traces of the nodes |

mod agent;
mod barrier;
pub mod base;
mod bench;
pub mod broker;
mod claim;
mod clocks;
pub mod cluster;
mod cost;
pub mod directory;
pub mod docker;
mod drain;
pub mod error;
pub mod external;
pub mod group;
mod interruption;
pub mod kind;
pub mod link_report;
mod links;
pub mod logging;
pub mod managed;
mod members;
mod observer;
pub mod options;
mod planned;
pub mod ports;
pub mod probe;
pub mod process;
pub mod product;
pub mod program;
mod progress;
pub mod refusal;
mod roll;
mod saved;
pub mod service;
mod shell;
pub mod software;
mod standing;
mod strikes;
mod subject;
mod trace;
mod trial;
pub mod warden;
mod ways;

pub use agent::{AgentOptions, Meeting, Start};
pub use base::{Events, LabEvent};
pub use bench::{BenchOptions, bench};
pub use claim::{Claim, claim};
pub use cluster::Cluster;
pub use error::LabError;
pub use load::{Dialect, Template};
pub use observer::{Counts, Member, Note, Observer, Stage};
pub use options::ClusterOptions;
pub use product::Product;
pub use progress::Progress;
pub use saved::Measured;
pub use software::{Server, Software};
pub use standing::{Health, Recovery, Standing, Struck};
pub use subject::Subject;
pub use trace::Tracing;
pub use trial::join_parts;
pub use trial::share::{Played, play};
