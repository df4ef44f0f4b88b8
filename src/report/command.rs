//! The command that runs a report's bench again.

use std::path::Path;

use serde_json::Value;

use super::Report;
use scenario::ScenarioFile;

/// The command that repeats the bench of a report that lies in this directory.
pub fn repeat_command(report: &Report, dir: &Path) -> String {
    if report.bench.is_some() {
        return format!("pubsub-lab bench --repeat {}", quoted(&dir.display().to_string()));
    }
    // An older report does not say how it was made.
    let name = report.scenario["name"].as_str().unwrap_or("scenario.toml");
    format!("pubsub-lab bench --scenario {} --seed {}", quoted(name), report.seed)
}

/// The command that repeats the bench without the report, with [`scenario_file`] as `scenario.toml` and what
/// [`template_file`] gives as `dialect.toml`.
pub(super) fn command_alone(report: &Report) -> String {
    let mut words =
        vec!["pubsub-lab bench --scenario scenario.toml".to_owned(), format!("--seed {}", report.seed)];
    let kept = report.bench.as_ref().unwrap_or(&Value::Null);
    let word = |key: &str| kept.get(key).and_then(Value::as_str);
    let list = |key: &str| {
        let values = kept.get(key).and_then(Value::as_array).into_iter().flatten();
        values.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    let patterns = list("patterns");
    if !patterns.is_empty() {
        words.push(format!("--pattern {}", patterns.join(",")));
    }
    for key in ["server", "label", "dialect", "broker"] {
        let value =
            if key == "dialect" && word("template").is_some() { Some("dialect.toml") } else { word(key) };
        words.extend(value.map(|value| format!("--{key} {}", quoted(value))));
    }
    words.extend(list("urls").iter().map(|url| format!("--url {}", quoted(url))));
    words.extend(list("node_flags").iter().map(|flag| format!("--node-flag={}", quoted(flag))));
    words.extend(kept.get("runs").and_then(Value::as_u64).map(|runs| format!("--runs {runs}")));
    words.extend(word("trace").map(|choice| format!("--trace {choice}")));
    words.join(" ")
}

/// The template of the dialect, if the bench had a dialect from a file.
pub(super) fn template_file(report: &Report) -> Option<&str> {
    report.bench.as_ref()?.get("template")?.as_str()
}

/// The word in the quotes that a shell needs.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The effective scenario, as a file that `bench --scenario` reads.
pub(super) fn scenario_file(report: &Report) -> String {
    match ScenarioFile::of_report(&report.scenario) {
        Ok(file) => file.text().to_owned(),
        // What is no scenario here, because it comes from another version, is shown as it stands.
        Err(_) => format!("{:#}", report.scenario),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::report;
    use super::*;

    #[test]
    fn a_directory_stays_one_word() {
        let mut report = report(vec![]);
        let command = |report: &Report, dir: &str| repeat_command(report, Path::new(dir));
        assert_eq!(command(&report, "runs/x"), "pubsub-lab bench --scenario broker-down --seed 42");
        report.bench = Some(serde_json::json!({}));
        assert_eq!(command(&report, "runs/x"), "pubsub-lab bench --repeat runs/x");
        assert_eq!(command(&report, "my runs/x's"), r"pubsub-lab bench --repeat 'my runs/x'\''s'");
    }

    #[test]
    fn a_command_says_all_that_the_report_keeps() {
        let mut report = report(vec![]);
        report.bench = Some(serde_json::json!({
            "patterns": ["redis", "amqp"], "node_flags": ["--hwm=100"], "server": "node it's.js {port}",
            "label": "mine", "broker": "redis", "dialect": "my words.toml", "template": "send = \"x\"",
            "runs": 5, "trace": "on"
        }));
        let expected = "pubsub-lab bench --scenario scenario.toml --seed 42 --pattern redis,amqp \
                        --server 'node it'\\''s.js {port}' --label mine --dialect dialect.toml --broker redis --node-flag=--hwm=100 \
                        --runs 5 --trace on";
        assert_eq!(command_alone(&report), expected);
    }
}
