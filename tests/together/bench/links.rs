//! What is counted when links break, clients are slow or drop all at once, and the load surges.

use serde_json::Value;

use crate::support::report::{Run, conclusive, short};

/// A short run of one pattern with one fault that begins after a second.
fn run(pattern: &str, fault: &str) -> Run {
    let fault = format!("[[fault]]\nat = \"1s\"\n{fault}\n");
    conclusive(&format!("patterns = [\"{pattern}\"]\n{}", short(&fault)), &[]).run(pattern, 0)
}

/// Whether a slice's messages all reached all twelve.
fn whole(slice: &&Value) -> bool {
    let [sent, delivered] = ["sent", "delivered"].map(|key| slice[key].as_u64().unwrap());
    sent > 0 && delivered == sent * 12
}

fn link<'a>(run: &'a Run, name: &str) -> &'a Value {
    let links = run["links"].as_array().unwrap();
    links.iter().find(|link| link["name"] == name).unwrap_or_else(|| panic!("{name}: {:#}", run.brief()))
}

#[test]
fn a_cut_link_costs_its_node_the_outage_and_nobody_else() {
    let run = run("redis", "for = \"1s\"\ncut = \"node 1 <-> broker\"");
    let brief = format!("{:#}", run.brief());
    run.assert_clean();
    let (begin, heal_begin, healed) = run.fault("cut node 1 <-> broker");
    // A third of the hundred messages of that second comes from the node's own publisher, and is refused.
    let refused = (heal_begin - begin) / 30 - 8..=(healed - begin) / 30 + 8;
    assert!(refused.contains(&run.count("refused")), "{refused:?}: {brief}");
    // What the others sent did not reach its four subscribers.
    let lost = run.count("lost") - run.count("lost_refused") - run.count("lost_unknown");
    let missed = (heal_begin - begin - 200) / 15 * 4..=(healed - begin + 200) / 15 * 4;
    assert!(missed.contains(&lost), "{lost} of {missed:?}: {brief}");
    assert!(run.slices(healed + 300..3_000).iter().all(whole), "{brief}");
    let link = link(&run, "node 1 <-> broker");
    assert!(link["reset"].as_u64().unwrap() >= 2, "{brief}");
    assert!(link["bytes_forward"].as_u64().unwrap() > 1_000 && link["bytes_back"].as_u64().unwrap() > 1_000);
    assert!(run["proxy_us"]["one_way"].is_u64(), "{brief}");
}

#[test]
fn a_slow_link_is_slow_by_what_it_says_and_only_then() {
    let run = run("redis", "for = \"1500ms\"\ndelay = \"node * <-> broker\"\nby = \"60ms\"");
    let brief = format!("{:#}", run.brief());
    run.assert_clean();
    assert_eq!(run.counts(["delivered", "lost"]), [3_600, 0], "{brief}");
    let median = |slice: &&Value| slice["p50_us"].as_u64().unwrap();
    // To the broker and from there: twice the delay.
    let (begin, heal_begin, _) = run.fault("delay node * <-> broker by 60ms");
    let during = run.slices(begin + 100..heal_begin - 200);
    assert!(during.len() >= 10 && during.iter().all(|slice| median(slice) >= 118_000), "{during:?}");
    let before = run.slices(0..800);
    // A busy machine may be slow for a moment, but not most of the time.
    let quick = before.iter().filter(|slice| median(slice) < 60_000).count();
    assert!(quick * 2 > before.len(), "{before:?}");
}

#[test]
fn one_way_is_one_way() {
    // Whatever node 0 says to node 1 is late; what node 1 says to node 0 is not.
    let run = run("zeromq", "for = \"1s\"\nblackhole = \"node 0 -> node 1\"");
    let brief = format!("{:#}", run.brief());
    run.assert_clean();
    assert_eq!(run.counts(["delivered", "lost"]), [3_600, 0], "{brief}");
    // A third of that second's messages, to the four of node 1.
    let late = run.slices(1_000..1_900).iter().map(|slice| slice["delivered"].as_u64().unwrap()).sum::<u64>();
    assert!(late > 0, "{brief}");
    assert!(run["latency_us"]["max"].as_u64().unwrap() > 800_000, "{brief}");
    assert!(run["latency_us"]["p90"].as_u64().unwrap() < 800_000, "{brief}");
    let link = link(&run, "node 0 -> node 1");
    assert!(link["bytes_forward"].as_u64().unwrap() > link["bytes_back"].as_u64().unwrap() / 2, "{brief}");
}

#[test]
fn a_slow_subscriber_is_late_and_the_others_are_not() {
    let run = run("local", "for = \"1s\"\nslow = \"subscriber 4\"\nbytes_per_second = 500");
    let brief = format!("{:#}", run.brief());
    run.assert_clean();
    assert_eq!(run.count("lost"), run.count("lost_no_path"), "{brief}");
    assert!(run["latency_us"]["max"].as_u64().unwrap() > 500_000, "{brief}");
    assert!(run["latency_us"]["p50"].as_u64().unwrap() < 100_000, "{brief}");
}

#[test]
fn a_storm_drops_the_clients_of_one_node_and_they_come_back() {
    let run = run("redis", "storm = \"node 1\"");
    let brief = format!("{:#}", run.brief());
    run.assert_clean();
    let (begin, heal_begin, healed) = run.fault("storm node 1");
    assert!(begin == heal_begin && healed >= begin && healed < begin + 2_000, "{brief}");
    // The four of that node may miss what is said while they are away, and no other does.
    assert!(run.count("lost") <= (healed - begin + 100) / 10 * 4, "{brief}");
    assert!(run.slices(healed + 100..3_000).iter().all(whole), "{brief}");
    // The control: its publisher's connection dropped too, so that each of the five was opened twice.
    assert_eq!(run["faults"].as_array().unwrap().len(), 1);
}

#[test]
fn a_surge_is_in_the_schedule() {
    let run = run("local", "for = \"1s\"\nsurge = 3");
    let brief = format!("{:#}", run.brief());
    assert_eq!(run.counts(["due", "sent"]), [500, 500], "{brief}");
    let sent =
        |within| run.slices(within).iter().map(|slice| slice["sent"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(sent(0..1_000), [10; 10], "{brief}");
    assert_eq!(sent(1_000..2_000), [30; 10], "{brief}");
    assert_eq!(sent(2_000..3_000), [10; 10], "{brief}");
}

#[test]
fn who_was_slow_and_is_healed_keeps_up_again() {
    let scenario = "title = \"Stopped, then slow\"
patterns = [\"local\"]
[cluster]
nodes = 1
[load]
publishers = 2
subscribers = 4
rate = 100
payload = 1000
reconnect_max = \"100ms\"
duration = \"5s\"
warm_up = \"300ms\"
drain = \"2s\"
[[fault]]
at = \"500ms\"
for = \"500ms\"
limit = \"client * <-> node 0\"
bytes = 0
[[fault]]
at = \"1500ms\"
for = \"1s\"
slow = \"subscriber 3\"
bytes_per_second = 50000
";
    let run = conclusive(scenario, &[]).run("local", 0);
    run.assert_clean();
    // The first fault drops all clients at once; what is on its way then, or said before a subscriber is back, is lost.
    // They try often, so that all are back half a second after the heal, also of a late one.
    assert!(run.slices(1_500..5_000).iter().all(|slice| slice["lost"] == 0), "{:#}", run.brief());
}
