//! What a run costs: processor time and memory of the processes that the lab has started, ours and other people's.

use serde_json::Value;

use crate::support::report::{Run, conclusive, short};

/// Takes memory and processor time when it is told to, and says how much time that was by a clock of its own.
const BURNER: &str = "
import os, sys, time
while not os.path.exists(sys.argv[1]): time.sleep(0.05)
held = b'x' * (150 << 20)
while time.process_time() < 1.0: pass
print('burnt', time.process_time(), flush=True)
time.sleep(600)
";

/// The load of [`short`] on one node.
fn alone(more: &str) -> String {
    short(more).replace("nodes = 3", "nodes = 1")
}

fn mib(of: &Value) -> f64 {
    of.as_f64().unwrap_or_else(|| panic!("{of} is a number of MiB"))
}

/// The sum of a field of all looks at the processes.
fn sum(run: &Run, field: &str) -> u64 {
    let looks = run["cost"]["timeline"].as_array().unwrap();
    looks.iter().map(|look| look[field].as_u64().unwrap()).sum()
}

#[test]
fn every_run_says_what_its_nodes_and_its_broker_took() {
    let ended = conclusive(&short("[expect]\nrss_mib = \"1 .. 2000\"\n"), &["--pattern", "redis,local"]);
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
    let run = ended.run("redis", 0);
    let cost = &run["cost"];
    let brief = format!("{cost:#}");
    for part in ["nodes", "broker"] {
        assert!(cost[part]["cpu_us"].as_u64().unwrap() > 1_000, "{part}: {brief}");
        let (rest, most) = (mib(&cost[part]["rss_rest_mib"]), mib(&cost[part]["rss_max_mib"]));
        assert!(1.0 < rest && rest <= most && most < 1_000.0, "{part}: {brief}");
        let counted = sum(&run, &format!("{part}_cpu_us"));
        let whole = cost[part]["cpu_us"].as_u64().unwrap();
        assert!(whole.abs_diff(counted) < 1_000, "{part}: its looks come to {counted}: {brief}");
    }
    assert_eq!(cost["history"], Value::Null, "{brief}");
    let cpu_us = cost["nodes"]["cpu_us"].as_u64().unwrap() + cost["broker"]["cpu_us"].as_u64().unwrap();
    let per_delivery = cpu_us as f64 / (run.count("delivered") + run.count("recovered")) as f64;
    assert!((cost["cpu_us_per_delivery"].as_f64().unwrap() - per_delivery).abs() < 0.01, "{brief}");
    assert!(mib(&cost["rss_mib"]) >= mib(&cost["nodes"]["rss_rest_mib"]), "{brief}");
    // A look every 200 ms through three seconds of load; and to look is cheap.
    let (samples, sampling_us) = (cost["samples"].as_u64().unwrap(), cost["sampling_us"].as_u64().unwrap());
    assert!(samples >= 10 && (1..samples * 10_000).contains(&sampling_us), "{brief}");
    // Without a broker there is none to measure.
    assert_eq!(ended.run("local", 0)["cost"]["broker"], Value::Null);
    let table = ended.out().join("\n");
    assert!(table.contains("CPU") && table.contains("mem"), "{table}");
    let out = ended.place.path().join("out");
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("What it cost"));
    let csv = std::fs::read_to_string(out.join("timeline.csv")).unwrap();
    let column = csv.lines().next().unwrap().split(',').position(|name| name == "broker_rss_mib").unwrap();
    let filled =
        csv.lines().skip(1).filter(|line| line.split(',').nth(column).is_some_and(|it| !it.is_empty()));
    assert!(filled.count() >= 5, "{csv}");
}

#[test]
fn a_server_that_burns_time_and_takes_memory_is_found_out_and_so_is_what_it_has_started() {
    let place = tempfile::tempdir().unwrap();
    let (burner, go) = (place.path().join("burner.py"), place.path().join("go"));
    std::fs::write(&burner, BURNER).unwrap();
    let server = place.path().join("correct.js");
    std::fs::write(&server, include_str!("../theirs/servers/correct.js")).unwrap();
    let command =
        format!("python3 {} {} & exec node {} {{port}}", burner.display(), go.display(), server.display());
    let fault = format!("[[fault]]\nat = \"500ms\"\nrun = \"touch {}\"\n", go.display());
    let load = alone(&fault).replace("\"3s\"", "\"6s\"");
    let ended = crate::support::report::conclusive_after(&load, &["--server", &command], |_| {
        // A bench that is run again begins without it.
        std::fs::remove_file(&go).ok();
    });
    let run = ended.report().run("server");
    let nodes = &run["cost"]["nodes"];
    let log = std::fs::read_to_string(ended.place.path().join("out/logs/server/node-0.log")).unwrap();
    let burnt = log.lines().find_map(|line| line.strip_prefix("burnt ")).unwrap_or_else(|| panic!("{log}"));
    let burnt_us = (burnt.parse::<f64>().unwrap() * 1e6) as u64;
    // The burner took a little before it was told to, and the server itself takes some time.
    let cpu_us = nodes["cpu_us"].as_u64().unwrap();
    assert!(cpu_us + 100_000 > burnt_us && cpu_us < burnt_us + 1_500_000, "{burnt_us} of {nodes:#}");
    let taken = mib(&nodes["rss_max_mib"]) - mib(&nodes["rss_rest_mib"]);
    assert!((145.0..250.0).contains(&taken), "{nodes:#}");
}

#[test]
fn a_bound_that_is_too_small_is_violated_with_the_value() {
    let expected = "[expect]\nrss_mib = \"<= 0.5\"\ncpu_us_per_delivery = \"< 0.01\"\nlost = 0\n";
    let ended = conclusive(&alone(expected), &["--pattern", "local"]);
    assert_eq!(ended.code, Some(1), "{}", ended.everything());
    let run = ended.run("local", 1);
    let why = run.why().join("\n");
    assert!(why.contains("rss_mib is ") && why.contains(", expected at most 0.5"), "{why}");
    assert!(why.contains("cpu_us_per_delivery is ") && why.contains(", expected less than 0.01"), "{why}");
    assert_eq!(run.why().len(), 2, "{why}");
}

#[test]
fn a_node_that_is_killed_and_started_again_goes_on_counting() {
    let fault = "[[fault]]\nat = \"1s\"\nfor = \"500ms\"\nkill = \"node 0\"\n";
    let ended = conclusive(&alone(fault), &["--pattern", "local"]);
    let run = ended.report().run("local");
    let looks = run["cost"]["timeline"].as_array().unwrap();
    let brief = format!("{:#}", run["cost"]);
    let held = |look: &&Value| mib(&look["nodes_rss_mib"]) > 1.0;
    let (began, _, healed) = run.fault("kill node 0");
    let of = |from: u64, to: u64| {
        looks.iter().filter(move |look| (from..to).contains(&look["at_ms"].as_u64().unwrap()))
    };
    assert!(of(0, began.saturating_sub(100)).all(|look| held(&look)), "{brief}");
    assert!(of(began + 50, began + 300).all(|look| !held(&look)), "{brief}");
    assert!(of(healed + 50, u64::MAX).all(|look| held(&look)), "{brief}");
    let after: u64 = of(healed + 50, u64::MAX).map(|look| look["nodes_cpu_us"].as_u64().unwrap()).sum();
    assert!(after > 0, "{brief}");
}
