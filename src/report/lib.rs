//! What a bench leaves behind: `report.json` and the files beside it, a table, and a plain sentence for each run; and
//! what several of them say together.
//!
//! Everything here is derived from the ledger's figures; nothing is counted again.
//!
//! | file | what it is |
//! |---|---|
//! | `run`, `debts`, `quantiles`, `distribution`, `fault_report`, `link`, `host` | what `report.json` says of a run; `schema` is derived from it |
//! | `file`, `files`, `atomic`, `merge` | the files of a report: read, written, pooled |
//! | `joined` | what is particular to a run that several agents played |
//! | `cost` | what a run took of its machine, in words |
//! | `table`, `column`, `cells`, `grid`, `label`, `latency`, `numbers` | the table |
//! | `sentences`, `run_words`, `headline`, `fault_words`, `lesson`, `answers`, `interrupted`, `notices`, `payers`, `presence`, `why`, `verdict_words`, `phrases` | what happened, in plain words |
//! | `overview` | many reports in one table: the grid |
//! | `compare`, `curve` | several reports, or the runs of a matrix, side by side |
//! | `chart`, `page`, `story` | pictures, the page, and the way of one message |
//! | `junit`, `command` | the report for CI servers, and the command that runs it again |

mod answers;
mod atomic;
mod cells;
pub mod chart;
mod clean;
mod column;
mod command;
mod compare;
mod cost;
mod curve;
mod debts;
mod distribution;
mod fault_report;
mod fault_words;
mod file;
mod files;
mod grid;
mod headline;
mod host;
mod interrupted;
mod joined;
mod junit;
mod label;
mod latency;
mod lesson;
mod link;
mod merge;
mod notices;
mod numbers;
mod overview;
mod page;
mod payers;
mod phrases;
mod presence;
mod quantiles;
mod run;
mod run_words;
mod schema;
mod sentences;
pub mod story;
mod table;
mod verdict_words;
mod why;

#[cfg(test)]
mod sample;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use clean::clean;
pub use command::repeat_command;
pub use compare::{Comparison, Side, compare};
pub use distribution::{
    Distributions, Encoded, IntervalReport, PercentilePoint, Percentiles, curve as percentile_curve,
};
pub use fault_report::{FaultReport, PlannedFault};
pub use file::{REPORT_FILE, ReportError};
pub use files::{
    HGRM_FILE, HLOG_FILE, HTML_FILE, MARKDOWN_FILE, TIMELINE_FILE, file_in_the_way, hgrm, hlog, markdown,
    timeline_csv,
};
pub use host::Host;
pub use joined::{AgentReport, CrossLatency, JoinedReport};
pub use junit::junit;
pub use link::{LinkReport, ProxyReport};
pub use merge::{MERGED_HLOG, MERGED_JSON, Merged, merge};
pub use overview::{Harm, OVERVIEW_FILES, OVERVIEW_PAGE, Overview, OverviewSource, overview};
pub use page::page;
pub use quantiles::Quantiles;
pub use run::RunReport;
pub use schema::json_schema;
pub use sentences::sentences;
pub use story::{Arrow, Carries, Choice, Lane, LaneKind, Story};
pub use table::table;

use ledger::Verdict;

/// The version of the report's format. Fields are only ever added; the version counts up if a field changes its
/// meaning.
pub const SCHEMA: u32 = 1;

/// The exit code of a bench that was interrupted, as shells count SIGINT.
const INTERRUPTED: u8 = 130;
/// The exit code of a bench whose faults strike nothing that the chosen patterns have. It proves nothing, so that it is no
/// success.
const NOTHING_RUN: u8 = 2;

/// Everything one bench found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The effective scenario, overrides included.
    pub scenario: serde_json::Value,
    /// The seed of every random choice.
    pub seed: u64,
    /// The versions of this program and of each broker, by name.
    pub versions: BTreeMap<String, String>,
    /// The machine that the bench ran on.
    pub host: Host,
    /// What it takes to repeat the bench beside the scenario and the seed.
    #[serde(default)]
    pub bench: Option<serde_json::Value>,
    /// Whether the bench ended before its time. Its last run may then be partial, and others may be missing.
    #[serde(default)]
    pub interrupted: bool,
    /// The runs that had not begun when the bench ended before its time, as tables call them.
    #[serde(default)]
    pub not_run: Vec<String>,
    /// The runs, in the order in which they ran: one for each pattern, variation and repetition.
    pub runs: Vec<RunReport>,
}

impl Report {
    /// The exit code of a bench: 130 if it was interrupted, else 1 if a conclusive run is violated, else 3 if a run is
    /// inconclusive, else 2 if nothing was run, else 0. A run that ended a search counts for neither violation nor doubt.
    pub fn exit_code(&self) -> u8 {
        let any = |verdict| self.runs.iter().any(|run| run.verdict == verdict && !run.sought);
        if self.interrupted {
            INTERRUPTED
        } else if any(Verdict::Violated) {
            1
        } else if any(Verdict::Inconclusive) {
            3
        } else if self.runs.iter().any(RunReport::was_made) && !self.runs.iter().any(RunReport::is_unmeasured)
        {
            0
        } else {
            NOTHING_RUN
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample::{not_applicable, report, run_with};

    #[test]
    fn a_violation_outranks_what_is_inconclusive_and_both_outrank_success_which_takes_a_run() {
        let run = |verdict| run_with(|run| run.verdict = verdict);
        let code = |runs: Vec<RunReport>| report(runs).exit_code();
        assert_eq!([code(vec![]), code(vec![not_applicable(), not_applicable()])], [2, 2]);
        assert_eq!(code(vec![run(Verdict::Valid), not_applicable()]), 0);
        // A server that was spoken to and not understood is no success, whatever stands beside it.
        let unmeasured = || RunReport { dialect: Some("plain".into()), ..not_applicable() };
        assert_eq!(code(vec![run(Verdict::Valid), unmeasured()]), 2);
        assert_eq!(code(vec![run(Verdict::Inconclusive), unmeasured()]), 3);
        assert_eq!(code(vec![run(Verdict::Valid), run(Verdict::Inconclusive)]), 3);
        assert_eq!(code(vec![run(Verdict::Inconclusive), run(Verdict::Violated), run(Verdict::Valid)]), 1);
        // A run that was cut short has neither failed nor succeeded.
        let cut = Report { interrupted: true, ..report(vec![run(Verdict::Violated)]) };
        assert_eq!(cut.exit_code(), 130);
        // A violation that a search looked for is no failure, and hides none.
        let sought = |verdict| RunReport { sought: true, ..run(verdict) };
        assert_eq!(code(vec![run(Verdict::Valid), sought(Verdict::Violated)]), 0);
        assert_eq!(code(vec![sought(Verdict::Inconclusive)]), 0);
        assert_eq!(code(vec![run(Verdict::Violated), sought(Verdict::Violated)]), 1);
        assert_eq!(code(vec![sought(Verdict::Violated), run(Verdict::Inconclusive)]), 3);
    }
}
