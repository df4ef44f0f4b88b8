//! The scenarios within the binary: each is valid, and no change to one does worse than cause an error.

use proptest::prelude::*;

use super::*;

/// The patterns that carry a message from node to node.
const CROSSING: [Pattern; 3] = [Pattern::Redis, Pattern::Zeromq, Pattern::Amqp];

/// The shipped scenarios, and the patterns that they are for.
const SHIPPED: [(&str, &[Pattern]); 26] = [
    ("broker-down", &Pattern::ALL),
    ("broker-pause", &Pattern::ALL),
    ("burst", &Pattern::ALL),
    ("everything-down", &[Pattern::Amqp]),
    ("fan-out", &Pattern::ALL),
    ("flaky-link", &CROSSING),
    ("half-open", &Pattern::ALL),
    ("history-down", &[Pattern::Amqp]),
    ("late-joiner", &Pattern::ALL),
    ("node-down", &Pattern::ALL),
    ("node-pause", &Pattern::ALL),
    ("partition", &Pattern::ALL),
    ("peer-down", &[Pattern::Zeromq]),
    ("presence", &Pattern::ALL),
    ("reconnect-storm", &Pattern::ALL),
    ("rolling-restart", &Pattern::ALL),
    ("saturation", &Pattern::ALL),
    ("slow-broker", &[Pattern::Redis, Pattern::Amqp]),
    ("slow-consumer", &Pattern::ALL),
    ("slow-joiner", &Pattern::ALL),
    ("soak", &CROSSING),
    ("split-brain", &[Pattern::Zeromq]),
    ("steady", &Pattern::ALL),
    ("subscriber-away", &Pattern::ALL),
    ("surge", &Pattern::ALL),
    ("transports", &[Pattern::Local]),
];

/// The scenario that a report shows is the scenario itself: a second run of it shows the same.
#[test]
fn the_effective_scenario_of_a_report_is_a_file_again() {
    for shipped in Shipped::all() {
        let file = ScenarioFile::find(&shipped.name).unwrap();
        let shown = file.scenario(&Overrides::new()).unwrap();
        let again = ScenarioFile::of_report(&shown.to_json()).unwrap();
        assert_eq!(again.scenario(&Overrides::new()).unwrap().to_json(), shown.to_json(), "{}", shipped.name);
        let variations = |file: &ScenarioFile| file.variations(&Overrides::new()).unwrap();
        assert_eq!(variations(&again).len(), variations(&file).len());
    }
}

#[test]
fn every_shipped_scenario_is_valid_and_says_what_to_watch_for() {
    let all = Shipped::all();
    let names: Vec<_> = all.iter().map(|shipped| shipped.name.as_str()).collect();
    assert_eq!(names, SHIPPED.map(|(name, _)| name));
    for (shipped, (_, patterns)) in all.iter().zip(SHIPPED) {
        let scenario = Scenario::load(&shipped.name, &Overrides::new()).unwrap();
        assert_eq!(scenario.name, shipped.name);
        assert_eq!(scenario.patterns, patterns, "{}", shipped.name);
        assert!(!scenario.expect.is_empty(), "{} expects nothing", shipped.name);
        assert!(shipped.text.starts_with("title = "), "{}", shipped.name);
        let watch = scenario.watch.unwrap();
        assert!(watch.starts_with("Watch for ") && watch.ends_with(['.', '?', ')']), "{watch}");
        assert!(!watch.contains("  "), "{watch}");
        assert!(shipped.text.lines().all(|line| line.chars().count() <= 120), "{}", shipped.name);
    }
}

/// A mistake that a careless writer could make in a shipped file: a stretch of it is replaced.
fn mangled() -> impl Strategy<Value = String> {
    let texts: Vec<String> = Shipped::all().into_iter().map(|shipped| shipped.text).collect();
    let pieces =
        prop_oneof!["\\PC{0,6}", "[0-9]{1,20}", "[\\[\\]\"=.#\n-]{1,4}", Just("[[fault]]\n".to_owned())];
    (prop::sample::select(texts), any::<prop::sample::Index>(), 0..40_usize, pieces).prop_map(
        |(text, at, length, piece)| {
            let chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len());
            let rest = chars.len().min(at + length);
            chars[..at].iter().chain(&piece.chars().collect::<Vec<_>>()).chain(&chars[rest..]).collect()
        },
    )
}

proptest! {
    #[test]
    fn any_text_is_a_scenario_or_an_error_with_a_place(text in mangled()) {
        if let Err(error) = overridden(&text, &[]) {
            let message = error.to_string();
            let place = message.strip_prefix("s.toml:").and_then(|rest| {
                let (line, rest) = rest.split_once(':')?;
                let (column, what) = rest.split_once(": ")?;
                Some((line.parse::<usize>().ok()?, column.parse::<usize>().ok()?, what))
            });
            let Some((line, column, what)) = place else { panic!("no place in {message:?}") };
            prop_assert!(line >= 1 && line <= text.matches('\n').count() + 1);
            prop_assert!(!error.hint().is_empty());
            prop_assert!(column >= 1 && !what.is_empty() && !message.contains('\n'));
        }
    }
}
