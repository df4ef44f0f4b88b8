//! Parsing as a whole: defaults, overrides, and what the effective scenario says of itself.

#[path = "actions_tests.rs"]
mod actions;
#[path = "fault_words_tests.rs"]
mod fault_words;
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
#[path = "shipped_tests.rs"]
mod shipped;
#[path = "size_tests.rs"]
mod size;
#[path = "values_tests.rs"]
mod values;

use std::time::Duration;

use serde_json::json;

use super::*;

fn overridden(text: &str, flags: &[(&'static str, &str)]) -> Result<Scenario, InputError> {
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
        presence: false,
        transports: vec![Transport::Ws],
        poll_every: Duration::from_secs(2),
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
        ("presence", "true"),
        ("transport", "ws"),
        ("poll_every", "500ms"),
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
            "presence": true, "warm_up": "0s", "duration": "1m 30s", "drain": "1s", "connect_timeout": "3s",
            "reconnect_min": "10ms", "reconnect_max": "20ms",
        },
        "fault": [], "expect": {},
    });
    assert_eq!(json, expected);
}

#[test]
fn transports_stand_in_the_effective_scenario_unless_they_are_web_sockets() {
    let load = |flags: &[(&'static str, &str)]| {
        let json = overridden("", flags).unwrap().to_json();
        [json["load"]["transport"].clone(), json["load"]["poll_every"].clone()]
    };
    assert_eq!(load(&[]), [json!(null), json!(null)]);
    assert_eq!(load(&[("transport", "sse"), ("poll_every", "1s")]), [json!("sse"), json!(null)]);
    assert_eq!(load(&[("transport", "ws, poll")]), [json!(["ws", "poll"]), json!("2s")]);
}

#[test]
fn transports_that_cannot_be_are_refused() {
    refused("", &[("transport", "ws,mqtt")], "--transport ws,mqtt: `transport` cannot be `mqtt`");
    refused("", &[("transport", "")], "--transport : `transport` cannot be ``");
    refused(
        "[load]\npresence = true\n",
        &[("transport", "ws,sse")],
        "--transport ws,sse: who watches `presence` listens over a WebSocket, and `transport` names `sse`",
    );
    refused_at(
        "[load]\ndrain = \"1s\"\ntransport = [\"ws\", \"poll\"]\npoll_every = ¦\"2s\"\n",
        "`poll_every` (2s) is longer than `drain` (1s), so that the last messages would not be asked for",
        "lower `poll_every`, or raise `drain`",
    );
    // What asks for nothing at intervals may have any interval.
    assert!(overridden("[load]\ndrain = \"1s\"\ntransport = \"long-poll\"\n", &[]).is_ok());
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
fn a_share_that_an_override_broke_names_the_flag_and_the_fault() {
    let leave = "[[fault]]\nat = \"1s\"\nleave = \"10%\"\n";
    refused(
        leave,
        &[("subscribers", "9")],
        "--subscribers 9: the fault `leave 10% of the subscribers` (s.toml:3:9) is nobody: the subscribers are 9",
    );
    assert!(overridden(leave, &[("subscribers", "10")]).is_ok());
    // All subscribers may leave; all but one may join.
    assert!(overridden(&leave.replace("10%", "100%"), &[]).is_ok());
    assert!(overridden(&leave.replace("leave", "join").replace("10%", "99%"), &[]).is_ok());
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
fn windows_line_ends_and_a_byte_order_mark_are_no_obstacle() {
    let scenario = parsed("\u{feff}title = \"t\"\r\n[load]\r\nrate = 5\r\n");
    assert_eq!((scenario.title.as_str(), scenario.load.rate), ("t", 5.0));
    refused(
        "title = \"t\"\r\n[load]\r\nrate = 0\r\n",
        &[],
        "s.toml:3:8: `rate` must be more than 0 and at most 1000000 messages a second",
    );
}
