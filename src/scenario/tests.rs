//! Parsing as a whole: defaults, overrides, and what the effective scenario says of itself.

#[path = "actions_tests.rs"]
mod actions;
#[path = "faults_tests.rs"]
mod faults;
#[path = "json_tests.rs"]
mod json;
#[path = "matrix_tests.rs"]
mod matrix;
#[path = "scenario_tests.rs"]
mod scenario;
#[path = "schedule_tests.rs"]
mod schedule;
#[path = "size_tests.rs"]
mod size;
#[path = "values_tests.rs"]
mod values;

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn overridden(text: &str, flags: &[(&'static str, &str)]) -> Result<Scenario, ScenarioError> {
    let overrides = flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Scenario::parse("s.toml", text, &overrides)
}

fn parsed(text: &str) -> Scenario {
    overridden(text, &[]).unwrap()
}

#[track_caller]
fn refused(text: &str, flags: &[(&'static str, &str)], message: &str) {
    assert_eq!(overridden(text, flags).unwrap_err().to_string(), message);
}

/// Asserts that a file is refused with this message at the mark `¦`, and with this hint.
#[track_caller]
fn refused_at(marked: &str, message: &str, hint: &str) {
    let (before, after) = marked.split_once('¦').unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    let error = overridden(&format!("{before}{after}"), &[]).unwrap_err();
    assert_eq!(error.to_string(), format!("s.toml:{line}:{column}: {message}"), "{marked}");
    assert_eq!(error.hint(), hint, "{marked}");
}

const BROKER_DOWN: &str = "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nkill = \"broker\"\n";

#[test]
fn an_empty_file_is_the_default_of_everything() {
    let scenario = parsed("");
    assert_eq!(scenario.name, "s");
    assert_eq!(scenario.title, "s");
    assert_eq!(scenario.patterns, Pattern::ALL);
    assert_eq!(scenario.cluster, Cluster { nodes: 3 });
    let expected = Load {
        publishers: 3,
        subscribers: 30,
        rate: 100.0,
        payload: 128,
        rooms: 1,
        resend: false,
        warm_up: Duration::from_secs(2),
        duration: Duration::from_secs(20),
        drain: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(2),
        reconnect_min: Duration::from_millis(100),
        reconnect_max: Duration::from_secs(1),
    };
    assert_eq!(scenario.load, expected);
    assert!(scenario.faults.is_empty() && scenario.expect.is_empty());
}

#[test]
fn every_field_can_be_overridden() {
    let flags = [
        ("nodes", "4"),
        ("publishers", "5"),
        ("subscribers", "40"),
        ("rate", "2.5"),
        ("payload", "64"),
        ("rooms", "2"),
        ("resend", "true"),
        ("warm_up", "0s"),
        ("duration", "1m 30s"),
        ("drain", "1s"),
        ("connect_timeout", "3s"),
        ("reconnect_min", "10ms"),
        ("reconnect_max", "20ms"),
    ];
    let fields: Vec<_> = CLUSTER_FIELDS.iter().chain(LOAD_FIELDS).map(|field| field.key).collect();
    assert_eq!(flags.map(|(key, _)| key).to_vec(), fields, "none is left out");
    let json = overridden("title = \"t\"\n[load]\nrate = 7\n", &flags).unwrap().to_json();
    let expected = json!({
        "name": "s", "title": "t", "patterns": Pattern::ALL.map(Pattern::name),
        "cluster": {"nodes": 4},
        "load": {
            "publishers": 5, "subscribers": 40, "rate": 2.5, "payload": 64, "rooms": 2, "resend": true,
            "warm_up": "0s", "duration": "1m 30s", "drain": "1s", "connect_timeout": "3s",
            "reconnect_min": "10ms", "reconnect_max": "20ms",
        },
        "fault": [], "expect": {},
    });
    assert_eq!(json, expected);
}

#[test]
fn an_overridden_value_is_judged_like_the_files_and_names_its_flag() {
    refused(
        "",
        &[("rate", "0")],
        "--rate 0: `rate` must be more than 0 and at most 1000000 messages a second",
    );
    refused("", &[("nodes", "many")], "--nodes many: `nodes` must be a whole number from 1 to 64");
    refused("", &[("warm_up", "2")], "--warm-up 2: `warm_up` must be a duration such as \"2s\" or \"100ms\"");
    refused("", &[("resend", "yes")], "--resend yes: `resend` must be true or false");
    refused("", &[("colour", "red")], "--colour red: no field of a scenario");
    refused(
        "[load]\nreconnect_max = \"1s\"\n",
        &[("reconnect_min", "2s")],
        "--reconnect-min 2s: `reconnect_min` (2s) is longer than `reconnect_max` (1s)",
    );
    refused(
        "[load]\nrooms = 10\n",
        &[("subscribers", "3")],
        "--subscribers 3: with 3 subscribers over 3 nodes, nobody listens in 9 of 10 rooms",
    );
}

#[test]
fn a_fault_that_an_override_broke_names_the_flag_and_the_fault() {
    refused(
        BROKER_DOWN,
        &[("duration", "8s")],
        "--duration 8s: the fault `kill broker` (s.toml:3:7) ends at 10s, past the end of the load at 8s",
    );
    refused(
        BROKER_DOWN,
        &[("duration", "5s")],
        "--duration 5s: the fault `kill broker` (s.toml:2:6) begins at 5s, past the end of the load at 5s",
    );
    refused(
        "[[fault]]\nat = \"1s\"\nkill = \"node 2\"\n",
        &[("nodes", "2")],
        "--nodes 2: the fault `kill node 2` (s.toml:3:8) names a node that is not there: of 2, the last is node 1",
    );
    assert!(overridden(BROKER_DOWN, &[("duration", "10s")]).is_ok());
}

#[test]
fn leaving_and_joining_stand_in_the_json_as_in_the_file() {
    let text = "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nleave = \" 50 %\"\n\
                [[fault]]\nat = \"1s\"\njoin = \"30%\"\n[[fault]]\nat = \"12s\"\nstop = \"history\"\n";
    let scenario = parsed(text);
    let faults = json!([
        {"at": "5s", "for": "5s", "leave": "50%"},
        {"at": "1s", "join": "30%"},
        {"at": "12s", "stop": "history"},
    ]);
    assert_eq!(scenario.to_json()["fault"], faults);
    let words: Vec<_> = scenario.faults.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["leave 50% of the subscribers", "join 30% of the subscribers", "stop history"]);
}

#[test]
fn a_share_that_an_override_broke_names_the_flag_and_the_fault() {
    let leave = "[[fault]]\nat = \"1s\"\nleave = \"10%\"\n";
    refused(
        leave,
        &[("subscribers", "9")],
        "--subscribers 9: the fault `leave 10% of the subscribers` (s.toml:3:9) is nobody: the subscribers are 9",
    );
    assert!(overridden(leave, &[("subscribers", "10")]).is_ok());
    // All may leave; all but one may join.
    assert!(overridden(&leave.replace("10%", "100%"), &[]).is_ok());
    assert!(overridden(&leave.replace("leave", "join").replace("10%", "99%"), &[]).is_ok());
}

#[test]
fn faults_and_expectations_stand_in_the_json_as_in_the_file() {
    let text = format!(
        "{BROKER_DOWN}[[fault]]\nat = \"12s\"\npause = \"node *\"\n\
         [expect]\nlost = 0\non_time = \">= 0.5\"\n[expect.redis]\nrecovery_ms = \"< 2s\"\n"
    );
    let json = parsed(&text).to_json();
    let faults = json!([{"at": "5s", "for": "5s", "kill": "broker"}, {"at": "12s", "pause": "node *"}]);
    assert_eq!(json["fault"], faults);
    let expect = json!({"lost": 0, "on_time": ">= 0.5", "redis": {"recovery_ms": "< 2000"}});
    assert_eq!(json["expect"], expect);
}

#[test]
fn what_is_expected_of_one_pattern_replaces_what_is_expected_of_all() {
    let scenario = parsed(
        "[expect]\nduplicates = 0\nlost = 0\n[expect.redis]\nlost = \"< 100\"\nreordered = 0\n[expect.amqp]\nowed = 1\n",
    );
    let of = |pattern| -> Vec<String> {
        scenario.expectations_for(Some(pattern)).iter().map(ToString::to_string).collect()
    };
    assert_eq!(of(Pattern::Local), ["duplicates = 0", "lost = 0"]);
    assert_eq!(of(Pattern::Redis), ["duplicates = 0", "lost < 100", "reordered = 0"]);
    assert_eq!(of(Pattern::Amqp), ["duplicates = 0", "lost = 0", "owed = 1"]);
}

#[test]
fn a_broker_fault_applies_where_there_is_a_broker() {
    let scenario = parsed(&format!("[[fault]]\nat = \"1s\"\nkill = \"node 0\"\n{BROKER_DOWN}"));
    assert_eq!(scenario.applies_to(Pattern::Redis), Ok(()));
    assert_eq!(scenario.applies_to(Pattern::Amqp), Ok(()));
    assert_eq!(scenario.applies_to(Pattern::Local), Err("local has no broker to kill".into()));
    assert_eq!(scenario.applies_to(Pattern::Zeromq), Err("zeromq has no broker to kill".into()));
    assert_eq!(parsed("").applies_to(Pattern::Local), Ok(()));
}

#[test]
fn a_fault_that_strikes_nothing_is_refused_or_applies_to_nobody() {
    let cut = "[cluster]\nnodes = 1\n[[fault]]\nat = \"1s\"\ncut = \"node * <-> node *\"\n";
    let zeromq = format!("patterns = [\"zeromq\"]\n{cut}");
    refused(&zeromq, &[], "s.toml:6:7: `cut node * <-> node *` strikes nothing in a cluster of 1 node");
    refused(
        &zeromq.replace("= 1\n", "= 3\n"),
        &[("nodes", "1")],
        "--nodes 1: the fault `cut node * <-> node *` (s.toml:6:7) strikes nothing in a cluster of 1 node",
    );
    assert!(overridden(&zeromq, &[("nodes", "2")]).is_ok());
    // The one node is parted from its broker, and in a mesh from nobody.
    let alone = parsed("[cluster]\nnodes = 1\n[[fault]]\nat = \"1s\"\npartition = [\"node 0\"]\n");
    assert_eq!(alone.applies_to(Pattern::Redis), Ok(()));
    assert_eq!(alone.applies_to(Pattern::Zeromq), Err("the partition parts nobody in zeromq".into()));
    assert_eq!(alone.applies_to(Pattern::Local), Err("local has no links between nodes".into()));
}

#[test]
fn a_fault_whose_own_patterns_are_the_mistake_names_them() {
    let fault = "[[fault]]\nat = \"1s\"\nkill = \"node 1\"\npatterns = [\"amqp\"]\n";
    refused(
        &format!("patterns = [\"redis\", \"zeromq\"]\n{fault}"),
        &[],
        "s.toml:5:12: `kill node 1` is for `amqp` alone, and the scenario runs `redis` and `zeromq`",
    );
    refused(
        &fault.replace("node 1", "broker").replace("amqp", "local"),
        &[],
        "s.toml:4:12: `kill broker` strikes what none of its own `patterns` has",
    );
}

#[test]
fn a_search_goes_upwards() {
    let search = "[matrix]\nrate = [200, 50]\nuntil = \"violated\"\n";
    refused(search, &[], "s.toml:2:14: a search goes upwards, and 50 comes after 200");
    // What a flag gives is not varied; without `until` every order is fine.
    assert!(overridden(search, &[("rate", "7")]).is_ok());
    assert_eq!(parsed("[matrix]\nrate = [200, 50]\n").matrix.count(), 2);
}

#[test]
fn a_node_that_is_drawn_for_a_link_is_not_its_other_end() {
    let scenario = parsed("[[fault]]\nat = \"1s\"\ncut = \"node any <-> node 1\"\n");
    let drawn = |seed| match scenario.schedule(Some(Pattern::Zeromq), seed)[0].target {
        Target::Link(link) => link.from,
        _ => End::Node(1),
    };
    let drawn: std::collections::BTreeSet<_> = (0..50).map(drawn).collect();
    assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [End::Node(0), End::Node(2)]);
}

#[test]
fn a_history_fault_applies_where_there_is_history_and_leaving_everywhere() {
    let scenario =
        parsed("[[fault]]\nat = \"1s\"\nleave = \"50%\"\n[[fault]]\nat = \"1s\"\npause = \"history\"\n");
    assert_eq!(scenario.applies_to(Pattern::Amqp), Ok(()));
    assert_eq!(scenario.applies_to(Pattern::Redis), Err("redis has no history to pause".into()));
    let leave = parsed("[[fault]]\nat = \"1s\"\nleave = \"50%\"\n");
    assert!(Pattern::ALL.into_iter().all(|pattern| leave.applies_to(pattern).is_ok()));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_no_obstacle() {
    let scenario = parsed("\u{feff}title = \"t\"\r\n[load]\r\nrate = 5\r\n");
    assert_eq!((scenario.title.as_str(), scenario.load.rate), ("t", 5.0));
    refused(
        "title = \"t\"\r\n[load]\r\nrate = 0\r\n",
        &[],
        "s.toml:3:8: `rate` must be more than 0 and at most 1000000 messages a second",
    );
}

/// The shipped scenarios, and the patterns that they are for.
/// All that carry a message from node to node.
const CROSSING: [Pattern; 3] = [Pattern::Redis, Pattern::Zeromq, Pattern::Amqp];

const SHIPPED: [(&str, &[Pattern]); 24] = [
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
];

/// What a report shows is the scenario itself: run again, it is the same.
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
fn the_seed_draws_the_schedule_and_nothing_else_does() {
    let text = "[[fault]]\nbetween = [\"1s\", \"3s\"]\nevery = \"4s\"\nfor = \"500ms\"\nkill = \"node any\"\n\
                [[fault]]\nbetween = [\"1s\", \"9s\"]\nslow = \"subscriber any\"\nbytes_per_second = 9\n\
                [[fault]]\nbetween = [\"1s\", \"9s\"]\ncut = \"node any <-> broker\"\npatterns = [\"redis\"]\n";
    let scenario = parsed(text);
    let drawn = |pattern, seed| scenario.schedule(Some(pattern), seed);
    let redis = drawn(Pattern::Redis, 7);
    assert_eq!(redis, drawn(Pattern::Redis, 7));
    assert_ne!(redis, drawn(Pattern::Redis, 8));
    assert_eq!(redis.len(), 5 + 1 + 1);
    assert!(redis.is_sorted_by_key(|fault| fault.at));
    // Another pattern has the same, but for what is not for it.
    let mut others = redis.clone();
    others.retain(|fault| !matches!(fault.target, Target::Link(_)));
    assert_eq!(drawn(Pattern::Zeromq, 7), others);
    for seed in 0..200 {
        let faults = drawn(Pattern::Zeromq, seed);
        let kills = faults.iter().filter(|fault| fault.action == Action::Kill).enumerate();
        for (n, fault) in kills {
            let window = Duration::from_secs(1 + 4 * n as u64)..=Duration::from_secs(3 + 4 * n as u64);
            assert!(window.contains(&fault.at), "{fault:?}");
            assert!(matches!(fault.target, Target::Node(0..3)), "{fault:?}");
        }
        assert!(faults.iter().any(|fault| matches!(fault.target, Target::Subscriber(0..30))));
    }
}

#[test]
fn every_shipped_scenario_is_valid_and_opens_with_two_lines_of_advice() {
    let all = Shipped::all();
    let names: Vec<_> = all.iter().map(|shipped| shipped.name.as_str()).collect();
    assert_eq!(names, SHIPPED.map(|(name, _)| name));
    for (shipped, (_, patterns)) in all.iter().zip(SHIPPED) {
        let scenario = Scenario::load(&shipped.name, &Overrides::new()).unwrap();
        assert_eq!(scenario.name, shipped.name);
        assert_eq!(scenario.patterns, patterns, "{}", shipped.name);
        assert!(!scenario.expect.is_empty(), "{} expects nothing", shipped.name);
        let lines: Vec<_> = shipped.text.lines().take(3).collect();
        assert!(lines[0].starts_with("# Watch for ") && lines[1].starts_with("# "), "{lines:?}");
        assert!(lines[2].starts_with("title = "), "{lines:?}");
        assert!(shipped.text.lines().all(|line| line.chars().count() <= 120), "{}", shipped.name);
    }
}

/// Something a careless writer could make of a shipped file: a stretch of it replaced.
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
