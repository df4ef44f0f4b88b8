//! What a run is called.

use serde_json::Value;

use super::RunReport;

/// Whom a run is about: its label without the parameters, should they stand in it: `redis`.
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

/// The subject and the parameters: `redis rate=100`.
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
    use super::super::sample::run_with;
    use super::*;

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
        // What is no parameter is a part of the name.
        assert_eq!(subject(&run("my server v=2")), "my server v=2");
        assert_eq!(label(&run_with(|_| {})), "redis");
    }
}
