//! The command that runs a bench again.

use std::path::Path;

use super::Report;

/// The command that repeats the bench of a report that lies in this directory.
pub fn repeat_command(report: &Report, dir: &Path) -> String {
    if report.bench.is_some() {
        return format!("pubsub-lab bench --repeat {}", quoted(&dir.display().to_string()));
    }
    // An older report does not say how it was made.
    let name = report.scenario["name"].as_str().unwrap_or("scenario.toml");
    format!("pubsub-lab bench --scenario {} --seed {}", quoted(name), report.seed)
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
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
}
