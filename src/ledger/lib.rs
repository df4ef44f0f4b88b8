//! What the load generator knows: who was owed which message, and what became of each debt.
//!
//! Pure: events in, counts and a verdict out. No tokio, no clock, no sockets. Every time is a
//! [`Duration`](std::time::Duration) since the run's own zero.
//!
//! A message makes one debt for each subscriber of its room, if it was sent at or after that subscriber's first
//! `subscribed`. At the end a debt is *delivered* (received live), *recovered* (received only by replay) or
//! *lost*. What the words leave open is decided so:
//!
//! - The events of one client come in their order of time; those of different clients may be told in any order.
//!   So a receipt may be told before the sending. What was never sent by the end was *unexpected*.
//! - A message that was sent before a subscriber's first `subscribed` is not owed to it. Receiving it is neither
//!   a delivery nor an error, and whatever comes before the first `subscribed` counts nowhere.
//! - Each further copy is a duplicate: three live copies are two duplicates.
//! - A debt that is received by replay first and live later is delivered. Its latency counts from the live
//!   receipt, its harm from the first one; it is counted as live again.
//! - Of the copies of a debt, one that comes live again or again within one replay is a duplicate; one that another
//!   replay brings though the debt is paid is held again. No copy is both.
//! - A loss is told if a notice covers it. `lagged`, and an absence that does not end with `recovered: all`, cover the
//!   hole in which they stand, publisher by publisher; `gap` covers the time that it names. What has no path is lost in
//!   silence.
//! - An acknowledgement is never taken back. A later answer that contradicts it is only noted.
//! - What comes before the measured load begins is only noted.
//! - A lost debt without a path counts as `lost_handed` whatever its message's answer was: nobody promised it.
//! - Online and path are looked at when the message was first sent; a resend changes neither. Of a message that was
//!   never sent they are looked at when it was due, as if it had come from the node on which its publisher starts.
//! - A debt whose message was sent while its subscriber was away on purpose, or whose subscriber left on purpose
//!   within a second of the intended send time, is in every count, and in no harm.
//! - A path that carries nothing from some moment to the end of the schedule, and has no excuse, has stopped; that
//!   violates, whatever was expected. What excuses it stands in `stopped`.
//! - Where in time a count went wrong: at the intended times of messages and debts, at the receipts of what is odd
//!   about a receipt.
//!
//! # The files
//!
//! Each group of files needs only the groups above it.
//!
//! | file | what it is |
//! |---|---|
//! | `time`, `span`, `histogram`, `sparse` | times in nanoseconds, from when to when, and distributions |
//! | `message`, `arrival` | what a node answered, and how a message came: live or by replay |
//! | `before_load` | what came before the measured load |
//! | `path`, `fault_times` | a publisher and a subscriber of it, and when a fault struck and was healed |
//! | `disconnects` | connections that the load did not end, and which of them a fault explains |
//! | `tempo`, `plan` | when each message is due; who publishes it, where, and who is to hear it |
//! | `debt`, `replayed` | one debt in a byte, and how late those were that came first by replay |
//! | `notices` | what told a subscriber that it may have missed something |
//! | `presence`, `subscriber` | where a subscriber was, and all that it is owed |
//! | `figure_value`, `counts`, `single_times` | the value of a figure, the counts of a run, and its single times |
//! | `people`, `people_list` | what an observer is told of the people in its room, and what it believes |
//! | `whereabouts`, `settling` | where a subscriber is by its own knowledge; for how long lists were wrong after faults |
//! | `presence_figures`, `observers` | the figures of who is said to be there, and those who watch it |
//! | `shares` | which agent of several played a client |
//! | `traffic` | what passed between the subscribers and their nodes |
//! | `run_cost` | the processor time and the memory that a run took |
//! | `source` | how figures are read |
//! | `tally` | the counts that events change |
//! | `early`, `fan_out`, `timeline` | receipts told too early, recipients of a message, slices |
//! | `witness`, `moments` | the receipts that are kept, and the moments at which something went wrong |
//! | `harm` | from when to when harm was done, and whether it reached the last messages due |
//! | `ledger` | [`Ledger`]: all of this for one run |
//! | `account` | what an event changes: a debt comes to be, or is paid |
//! | `record` | the events themselves: sendings, answers, presence and receipts |
//! | `event` | every such event as a value, to be written down and told again |
//! | `progress` | how a run stands while it lasts |
//! | `stopped`, `phase`, `testimony` | paths that stopped; steady, fault and recovery; three messages as they went |
//! | `payers`, `apart` | the few subscribers that lost something or had it late; nodes that do not hear each other |
//! | `settled` | every figure of a run |
//! | `chronicle`, `settle` | the end of a run: its course, and what became of each debt |
//! | `blame` | the moments to blame for a figure that does not keep its bound |
//! | `harness`, `outcome`, `reasons` | how the load generator itself did, what became of an expectation, and why a verdict is as it is |
//! | `expected`, `judge` | each expectation held against a run, and the verdict |

mod account;
mod apart;
mod arrival;
mod before_load;
mod blame;
mod chronicle;
mod counts;
mod debt;
mod disconnects;
mod early;
mod event;
mod expected;
mod fan_out;
mod fault_times;
mod figure_value;
mod harm;
mod harness;
mod histogram;
mod judge;
mod ledger;
mod message;
mod moments;
mod notices;
mod observers;
mod outcome;
mod path;
mod payers;
mod people;
mod people_list;
mod phase;
mod plan;
mod presence;
mod presence_figures;
mod progress;
mod reasons;
mod record;
mod replayed;
mod run_cost;
mod settle;
mod settled;
mod settling;
mod shares;
mod single_times;
mod source;
mod span;
mod sparse;
mod stopped;
mod subscriber;
mod tally;
mod tempo;
mod testimony;
mod time;
mod timeline;
mod traffic;
mod whereabouts;
mod witness;

#[cfg(test)]
mod account_tests;
#[cfg(test)]
mod answers_tests;
#[cfg(test)]
mod blame_tests;
#[cfg(test)]
mod chronicle_tests;
#[cfg(test)]
mod copies_tests;
#[cfg(test)]
mod expected_tests;
#[cfg(test)]
mod harm_tests;
#[cfg(test)]
mod moments_tests;
#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod settle_tests;
#[cfg(test)]
mod settled_tests;
#[cfg(test)]
mod stage_for_tests;
#[cfg(test)]
mod stopped_tests;
#[cfg(test)]
mod testimony_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod witness_tests;

pub use arrival::Arrival;
pub use before_load::BeforeLoad;
pub use counts::{Counts, Debts, Messages};
pub use disconnects::Disconnect;
pub use event::Event;
pub use fault_times::FaultTimes;
pub use figure_value::{FigureValue, grouped};
pub use harness::Harness;
pub use histogram::micros_histogram;
pub use judge::{Judgement, Verdict, judge};
pub use ledger::Ledger;
pub use message::{Answer, Contradictions};
pub use outcome::Outcome;
pub use path::Path;
pub use payers::Payer;
pub use people::{PeopleNews, Person};
pub use phase::{Interval, Phase};
pub use plan::Plan;
pub use presence_figures::PresenceFigures;
pub use progress::Progress;
pub use reasons::Reasons;
pub use run_cost::{CostSample, PartCost, RunCost};
pub use settled::Settled;
pub use single_times::SingleTimes;
pub use source::FigureSource;
pub use stopped::StoppedPath;
pub use tempo::{Surge, Tempo};
pub use testimony::{Fate, Receipt, Testimonies, Testimony};
pub use time::ON_TIME;
pub use timeline::Slice;
pub use traffic::TrafficFigures;
