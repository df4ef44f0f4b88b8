//! Scenario files: those that are shipped, changed.

use pubsub_lab::scenario::{Overrides, Pattern, Scenario, ScenarioFile, Shipped};

use super::hunt::hunt;
use super::mutate;

#[test]
fn a_changed_scenario_is_valid_or_refused() {
    let corpus: Vec<String> = Shipped::all().into_iter().map(|shipped| shipped.text).collect();
    assert!(corpus.len() > 20);
    let valid = hunt(move |rng| mutate::text(&corpus, rng), String::clone, |text| judge(&text));
    assert!(
        valid > 0,
        "no changed scenario is valid: the changes are too wild to reach what comes after reading"
    );
}

/// All that `scenarios check` and the beginning of a bench do with a file.
fn judge(text: &str) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("changed.toml");
    std::fs::write(&path, text).unwrap();
    let name = path.to_str().unwrap();
    let variations = ScenarioFile::find(name).and_then(|file| file.variations(&Overrides::new()));
    let variations = match variations {
        Ok(variations) => variations,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    for variation in variations.iter().take(20) {
        plan(&variation.scenario);
    }
    true
}

fn plan(scenario: &Scenario) {
    let json = scenario.to_json();
    // What a report keeps of a scenario can be run again.
    let again = ScenarioFile::of_report(&json).and_then(|file| file.scenario(&Overrides::new()));
    let again = again.unwrap_or_else(|error| panic!("its own JSON is refused: {error}\n{json:#}"));
    assert_eq!(again.faults, scenario.faults, "{json:#}");
    for pattern in Pattern::ALL.into_iter().map(Some).chain([None]) {
        if let Some(pattern) = pattern {
            let _ = scenario.applies_to(pattern);
        }
        scenario.expectations_for(pattern).iter().for_each(|expect| drop(expect.to_string()));
        for fault in scenario.schedule(pattern, 7) {
            let _ = (fault.heals_at(), fault.what(), fault.meanwhile(), fault.onset(), fault.end());
        }
    }
}
