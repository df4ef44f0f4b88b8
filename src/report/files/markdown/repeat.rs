//! What it takes to run a report's bench again.

use serde_json::Value;

use super::super::super::Report;

/// The command line, for a shell.
pub(super) fn command(report: &Report) -> String {
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
        words.extend(word(key).map(|value| format!("--{key} {}", quoted(value))));
    }
    words.extend(list("urls").iter().map(|url| format!("--url {}", quoted(url))));
    words.extend(list("node_flags").iter().map(|flag| format!("--node-flag={}", quoted(flag))));
    words.join(" ")
}

/// The word as a shell takes it.
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
    let mut scenario = report.scenario.clone();
    if let Some(scenario) = scenario.as_object_mut() {
        // The name is the file's, not in it.
        scenario.remove("name");
    }
    // What is no scenario, as of another version, is shown as it stands.
    toml::to_string(&scenario).unwrap_or_else(|_| format!("{scenario:#}"))
}

#[cfg(test)]
mod tests {
    use super::super::super::super::sample::report;
    use super::*;

    #[test]
    fn a_command_says_all_that_the_report_keeps() {
        let mut report = report(vec![]);
        report.bench = Some(serde_json::json!({
            "patterns": ["redis", "amqp"], "node_flags": ["--hwm=100"], "server": "node it's.js {port}",
            "label": "mine", "broker": "redis"
        }));
        let expected = "pubsub-lab bench --scenario scenario.toml --seed 42 --pattern redis,amqp \
                        --server 'node it'\\''s.js {port}' --label mine --broker redis --node-flag=--hwm=100";
        assert_eq!(command(&report), expected);
    }
}
