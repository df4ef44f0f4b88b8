//! A server that does what it should, started by the lab as its nodes.

use super::{Servers, short};
use crate::support::report::conclusive;

#[test]
fn a_correct_server_stands_beside_a_pattern_in_one_table() {
    let servers = Servers::new();
    let args = ["--server", &servers.correct(), "--label", "mine", "--pattern", "local"];
    let ended = conclusive(&short(2, ""), &args);
    let run = ended.run("mine", 0);
    let brief = format!("{:#}", run.brief());
    assert_eq!(
        (&run["verdict"], &run["dialect"], &run["pattern"]),
        (&"valid".into(), &"plain".into(), &"mine".into())
    );
    // The plain dialect has no answers.
    assert_eq!(run.counts(["due", "sent", "unknown", "acked"]), [300, 300, 300, 0], "{brief}");
    let clean = run.counts(["owed", "delivered", "lost", "duplicates", "reordered", "foreign", "unexpected"]);
    assert_eq!(clean, [1_800, 1_800, 0, 0, 0, 0, 0], "{brief}");
    assert_eq!(run["debts"]["on_time"], 1.0, "{brief}");
    let local = ended.run("local", 0);
    assert_eq!((&local["verdict"], &local["dialect"]), (&"valid".into(), &"v1".into()));
    let table = ended.out().join("\n");
    assert!(table.contains("mine") && table.contains("local"), "{table}");
    assert!(table.contains("mine: all 300 messages"), "{table}");
    assert!(!table.contains("no certain answer"), "{table}");
}

#[test]
fn its_nodes_can_be_killed_and_come_back() {
    let servers = Servers::new();
    let fault = "[[fault]]\nat = \"500ms\"\nfor = \"1s\"\nkill = \"node 1\"\n[expect]\nduplicates = 0\ncorrupted = 0\n";
    // It takes as long as it takes until Node.js is up again.
    let scenario = short(2, fault).replace("\"3s\"", "\"5s\"");
    let ended = conclusive(&scenario, &["--server", &servers.correct()]);
    let run = ended.run("server", 0);
    let brief = format!("{:#}", run.brief());
    let (begin, heal_begin, healed) = run.fault("kill node 1");
    assert!(begin >= 500 && heal_begin >= 1_500 && healed > heal_begin, "{brief}");
    assert!(run.count("lost") > 0 && run.count("lost") < 900, "{brief}");
    // After that everybody hears everything again, on whichever node.
    let after = run.slices(healed + 500..5_000);
    assert!(after.len() >= 3, "{brief}");
    for slice in after {
        assert_eq!(slice["delivered"].as_u64().unwrap(), 6 * slice["sent"].as_u64().unwrap(), "{brief}");
    }
}

#[test]
fn a_link_between_its_nodes_can_be_broken() {
    let servers = Servers::new();
    let fault = "[[fault]]\nat = \"1s\"\nfor = \"1s\"\nblackhole = \"node 0 -> node 1\"\n";
    let ended = conclusive(&short(2, fault), &["--server", &servers.correct()]);
    let run = ended.run("server", 0);
    let brief = format!("{:#}", run.brief());
    // What crossed to node 1 in that second came late: its first part by all of it, and nothing is lost.
    assert_eq!(run.counts(["lost", "duplicates", "reordered"]), [0, 0, 0], "{brief}");
    let [link] = run["links"].as_array().unwrap().as_slice() else { panic!("{brief}") };
    assert_eq!(link["name"], "node 0 -> node 1", "{brief}");
    assert!(link["bytes_forward"].as_u64().unwrap() > 10_000, "{brief}");
    let (begin, heal_begin, _) = run.fault("blackhole node 0 -> node 1");
    assert!(run["latency_us"]["max"].as_u64().unwrap() > (heal_begin - begin - 50) * 1_000, "{brief}");
    assert!(run["proxy_us"]["proxied_p50"].as_u64().unwrap() > 0, "{brief}");
}

#[test]
fn the_broker_that_its_command_names_is_the_labs_to_kill() {
    let servers = Servers::new();
    let fault = "[[fault]]\nat = \"1s\"\nfor = \"500ms\"\nkill = \"broker\"\n";
    // It says where its Redis is, and needs it for nothing.
    let command = format!("echo broker at {{redis}}; {}", servers.correct());
    let ended = conclusive(&short(1, fault), &["--server", &command]);
    let run = ended.run("server", 0);
    assert_eq!(run.counts(["delivered", "lost"]), [1_800, 0], "{:#}", run.brief());
    assert!(run.fault("kill broker").2 >= 1_500);
    assert!(ended.report().json()["versions"]["redis"].is_string());
    let log = std::fs::read_to_string(ended.place.path().join("out/logs/server/node-0.log")).unwrap();
    assert!(log.contains("broker at redis://127.0.0.1:"), "{log}");
    // Without one it is not applicable.
    let ended = conclusive(&short(1, fault), &["--server", &servers.correct()]);
    assert_eq!(ended.report().run("server")["verdict"], "not_applicable");
}
