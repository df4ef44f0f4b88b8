//! The facts that a report keeps so that its bench can be run again, and how they are read back. URLs of brokers are
//! not kept, and URLs of nodes without names, passwords and parameters: a report is handed on.

use std::path::Path;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::subjects::SubjectArgs;
use super::trace::TraceChoice;
use crate::failure::{Failure, USAGE};
use crate::node_flags::NodeFlags;
use crate::output::word_of;
use address::{HIDDEN, SafeUrl};
use lab::{Dialect, Product, Software, Subject};
use report::Report;
use scenario::ScenarioFile;

/// The facts that go into the report.
pub(super) fn keep(
    subjects: &[Subject],
    node_flags: &[String],
    dialect: Option<&Dialect>,
    template: Option<&str>,
    runs: u32,
    trace: TraceChoice,
) -> Value {
    let patterns: Vec<_> =
        subjects.iter().filter_map(|subject| subject.pattern()).map(|pattern| pattern.name()).collect();
    let mut kept = json!({ "patterns": patterns, "node_flags": node_flags });
    for subject in subjects {
        match subject {
            Subject::Cluster(Software::Pattern(_)) => {}
            Subject::Cluster(Software::Server(server)) => {
                kept["server"] = server.command.as_str().into();
                kept["label"] = server.label.as_str().into();
                kept["broker"] = server.broker.map(Product::word).into();
            }
            Subject::Attached { label, urls } => {
                let shown = urls.iter().map(|url| SafeUrl::new(url).to_string());
                kept["urls"] = shown.collect::<Vec<_>>().into();
                kept["label"] = label.as_str().into();
            }
        }
    }
    if let Some(dialect) = dialect {
        kept["dialect"] = dialect.to_string().into();
    }
    if runs > 1 {
        kept["runs"] = runs.into();
    }
    if trace != TraceChoice::Auto {
        kept["trace"] = word_of(trace).into();
    }
    if let Some(template) = template {
        kept["template"] = template.into();
    }
    kept
}

/// A report whose bench is to be run again.
pub(crate) struct Again {
    report: Report,
    kept: Value,
}

impl Again {
    /// Reads the report in a directory.
    pub(super) fn read(dir: &Path) -> Result<Self, Failure> {
        let report = Report::read(dir)
            .map_err(|error| Failure::new(USAGE, format!("--repeat: {error}"), error.hint()))?;
        let Some(kept) = report.bench.clone().filter(Value::is_object) else {
            let message = format!("--repeat: the report in {} does not say how it was made", dir.display());
            return Err(Failure::new(
                USAGE,
                message,
                "it is of an older version: run its scenario with `--scenario`",
            ));
        };
        Ok(Self { report, kept })
    }

    /// The effective scenario of the report.
    pub(super) fn scenario(&self) -> Result<ScenarioFile, Failure> {
        Ok(ScenarioFile::of_report(&self.report.scenario)?)
    }

    /// The seed of the report.
    pub(super) fn seed(&self) -> u64 {
        self.report.seed
    }

    /// Number of times that each run of the report was made.
    pub(super) fn runs(&self) -> Option<u32> {
        self.kept["runs"].as_u64().and_then(|runs| u32::try_from(runs).ok()).filter(|runs| *runs > 0)
    }

    /// Whether the nodes of the report's bench wrote traces.
    pub(super) fn trace(&self) -> Option<TraceChoice> {
        TraceChoice::from_str(self.kept["trace"].as_str()?, false).ok()
    }

    /// The flags of the nodes of the report's bench.
    pub(super) fn node_flags(&self) -> NodeFlags {
        NodeFlags::new(strings(&self.kept["node_flags"]))
    }

    /// Completes the arguments: whatever is not given anew is as it was in the report's bench.
    ///
    /// # Errors
    /// When a URL of the report's bench had something in it that is not kept.
    pub(super) fn complete(&self, args: &mut SubjectArgs) -> Result<(), Failure> {
        let kept = |key: &str| self.kept[key].as_str().map(str::to_owned);
        let urls = strings(&self.kept["urls"]);
        let others = args.server.is_some() || !args.urls.is_empty() && urls.is_empty();
        if !args.pattern.is_empty() || others {
            return Ok(());
        }
        if args.urls.is_empty() {
            if let Some(url) = urls.iter().find(|url| url.contains(HIDDEN)) {
                let message =
                    format!("--repeat: the report keeps the URL {url} without what may be secret in it");
                return Err(Failure::new(USAGE, message, "give every `--url` again, beside `--repeat`"));
            }
            args.urls = urls;
        }
        args.pattern = strings(&self.kept["patterns"]);
        args.server = kept("server");
        args.label = args.label.take().or(kept("label"));
        args.brokers.extend(kept("broker").filter(|_| args.brokers.is_empty()));
        // A dialect that is given anew has a file of its own.
        if args.dialect.is_none() {
            (args.dialect, args.template) = (kept("dialect"), kept("template"));
        }
        Ok(())
    }
}

fn strings(value: &Value) -> Vec<String> {
    let words = value.as_array().into_iter().flatten();
    words.filter_map(Value::as_str).map(str::to_owned).collect()
}
