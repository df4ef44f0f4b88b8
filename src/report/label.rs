//! The names of runs.

use serde_json::Value;

use super::{Report, RunReport};

/// How the runs of one report are named: each repetition has its number where there are several.
#[derive(Clone, Copy)]
pub(super) struct Names {
    repeated: bool,
}

impl Names {
    pub(super) fn of_all(report: &Report) -> Self {
        Self { repeated: report.runs.iter().any(|run| run.repeat > 1) }
    }

    /// Whether there are several repetitions of one thing.
    pub(super) fn are_numbered(self) -> bool {
        self.repeated
    }

    /// The label of a run alone: `redis #2`.
    pub(super) fn of(self, run: &RunReport) -> String {
        run.label.clone() + &self.number(run)
    }

    /// The subject and the parameters of a run: `redis rate=100 #2`.
    pub(super) fn whole(self, run: &RunReport) -> String {
        label(run) + &self.number(run)
    }

    /// The repetition of a run, ` #2`; nothing where there is only one, and for what was not run at all.
    fn number(self, run: &RunReport) -> String {
        if self.repeated && run.was_made() { format!(" #{}", run.repeat) } else { String::new() }
    }
}

/// Whom a run is about, `redis`: its label without the parameters, should they stand in it.
pub(super) fn subject(run: &RunReport) -> &str {
    let mut label = run.label.as_str();
    while let Some((rest, word)) = label.rsplit_once(' ') {
        match word.split_once('=') {
            Some((key, _)) if run.params.contains_key(key) => label = rest.trim_end(),
            _ => break,
        }
    }
    label
}

/// Whom a run is about, whichever way its subscribers heard: `redis` of `redis, sse`.
pub(super) fn column(run: &RunReport) -> String {
    let name = subject(run);
    let transport = run.transport.as_deref().unwrap_or_default();
    let heard = format!(", {transport}");
    name.strip_suffix(&heard).unwrap_or(name).to_owned()
}

/// The subject and the parameters of a run: `redis rate=100`.
pub(super) fn label(run: &RunReport) -> String {
    let mut label = subject(run).to_owned();
    for (key, value) in &run.params {
        label += &format!(" {key}={}", bare(value));
    }
    label
}

/// A parameter's value, as the file writes it.
pub(super) fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{not_applicable, report, run_with};
    use super::*;

    #[test]
    fn repetitions_are_numbered_where_there_are_several() {
        let repeat = |repeat| run_with(|run| run.repeat = repeat);
        let names = |runs: Vec<RunReport>| {
            let report = report(runs);
            let names = Names::of_all(&report);
            report.runs.iter().map(|run| names.of(run)).collect::<Vec<_>>()
        };
        assert_eq!(names(vec![repeat(1)]), ["redis"]);
        assert_eq!(names(vec![repeat(1), repeat(2), not_applicable()]), ["redis #1", "redis #2", "zeromq"]);
        let mut varied = repeat(2);
        varied.params = [("rate".into(), 100.into())].into();
        assert_eq!(Names { repeated: true }.whole(&varied), "redis rate=100 #2");
    }

    #[test]
    fn the_parameters_stand_in_the_label_once() {
        let run = |label: &str| {
            run_with(|run| {
                run.label = label.into();
                run.params = [("rate".into(), 100.into()), ("nodes".into(), 3.into())].into();
            })
        };
        for name in ["redis", "redis rate=100", "redis rate=100 nodes=3"] {
            assert_eq!(
                (subject(&run(name)), label(&run(name)).as_str()),
                ("redis", "redis nodes=3 rate=100")
            );
        }
        // A suffix that is no parameter is a part of the name.
        assert_eq!(subject(&run("my server v=2")), "my server v=2");
        assert_eq!(label(&run_with(|_| {})), "redis");
    }
}
