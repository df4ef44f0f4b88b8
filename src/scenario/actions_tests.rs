//! Actions: what each key of the file becomes, the keys that belong to it, and how often it strikes.

use super::*;
use crate::kinds::{Delay, Limit, Run, Slice, Slow, Surge, Throttle};

/// A fault at 1 s with these further lines.
fn fault(lines: &str) -> String {
    format!("[[fault]]\nat = \"1s\"\n{lines}\n")
}

fn plan(lines: &str) -> FaultPlan {
    parsed(&fault(lines)).faults.remove(0)
}

const BROKER_AND_NODE_1: Link = Link { from: End::Node(1), to: End::Broker, one_way: false };

#[test]
fn every_action_is_read_as_what_it_says() {
    let link = Target::Link(BROKER_AND_NODE_1);
    let ms = Duration::from_millis;
    let delay = |jitter| Action::Link(Condition::Delay(Delay { by: ms(100), jitter: ms(jitter) }));
    let run = |heal: Option<&str>| Action::Run(Run { command: "echo x".into(), heal: heal.map(Into::into) });
    let groups = |all: &[&[End]]| Target::Groups(all.iter().map(|group| group.to_vec()).collect());
    for (lines, action, target) in [
        ("kill = \"broker\"", Action::Kill, Target::Broker),
        ("stop = \"history\"", Action::Stop, Target::History),
        ("pause = \"node any\"", Action::Pause, Target::AnyNode),
        ("leave = \"50%\"", Action::Leave, Target::Subscribers(50)),
        ("join = \"30%\"", Action::Join, Target::Subscribers(30)),
        ("cut = \"node 1 <-> broker\"", Action::Link(Condition::Cut), link.clone()),
        ("blackhole = \"node 1 <-> broker\"", Action::Link(Condition::Blackhole), link.clone()),
        ("delay = \"node 1 <-> broker\"\nby = \"100ms\"", delay(0), link.clone()),
        ("delay = \"node 1 <-> broker\"\nby = \"100ms\"\njitter = \"100ms\"", delay(100), link.clone()),
        (
            "throttle = \"node 1 <-> broker\"\nbytes_per_second = 5",
            Action::Link(Condition::Throttle(Throttle { bytes_per_second: 5 })),
            link.clone(),
        ),
        (
            "slice = \"node 1 <-> broker\"\nbytes = 7\ngap = \"3ms\"",
            Action::Link(Condition::Slice(Slice { bytes: 7, pause: ms(3) })),
            link.clone(),
        ),
        (
            "limit = \"node 1 <-> broker\"\nbytes = 9",
            Action::Link(Condition::Limit(Limit { bytes: 9 })),
            link,
        ),
        ("partition = [\"node 0\", \"broker\"]", Action::Partition, groups(&[&[End::Node(0), End::Broker]])),
        (
            "partition = [[\"node 0\"], [\"node 2\", \"history\"]]",
            Action::Partition,
            groups(&[&[End::Node(0)], &[End::Node(2), End::History]]),
        ),
        (
            "slow = \"subscriber any\"\nbytes_per_second = 5",
            Action::Slow(Slow { bytes_per_second: 5 }),
            Target::AnySubscriber,
        ),
        (
            "slow = \"10%\"\nbytes_per_second = 5",
            Action::Slow(Slow { bytes_per_second: 5 }),
            Target::Subscribers(10),
        ),
        ("storm = \"node *\"", Action::Storm, Target::AllNodes),
        ("surge = 0.5\nfor = \"1s\"", Action::Surge(Surge { factor: 0.5 }), Target::Load),
        ("surge = 0x10\nfor = \"1s\"", Action::Surge(Surge { factor: 16.0 }), Target::Load),
        ("surge = 10_000\nfor = \"1s\"", Action::Surge(Surge { factor: 10_000.0 }), Target::Load),
        ("run = \"echo x\"", run(None), Target::Unknown),
        ("run = \"echo x\"\nheal = \"echo y\"\nfor = \"1s\"", run(Some("echo y")), Target::Unknown),
    ] {
        let read = plan(lines);
        assert_eq!((read.action, read.target), (action, target), "{lines}");
        assert_eq!(
            (read.moment, read.every, read.times, read.patterns),
            (Moment::At(ms(1_000)), None, 1, None)
        );
    }
    assert_eq!(plan("kill = \"broker\"\nfor = \"2s\"").duration, Some(Duration::from_secs(2)));
    assert_eq!(plan("kill = \"broker\"").duration, None);
    let own = plan("kill = \"node 1\"\npatterns = [\"amqp\", \"local\"]").patterns;
    assert_eq!(own, Some(vec![Pattern::Amqp, Pattern::Local]));
}

#[test]
fn a_fault_is_called_by_what_it_does_to_whom() {
    for (lines, what) in [
        ("kill = \"node 1\"", "kill node 1"),
        ("pause = \"node any\"", "pause node any"),
        ("blackhole = \"node 1 -> broker\"", "blackhole node 1 -> broker"),
        ("delay = \"node 1 <-> broker\"\nby = \"100ms\"", "delay node 1 <-> broker by 100ms"),
        (
            "delay = \"node 1 <-> broker\"\nby = \"1s\"\njitter = \"20ms\"",
            "delay node 1 <-> broker by 1s +- 20ms",
        ),
        ("throttle = \"node * <-> broker\"\nbytes_per_second = 5", "throttle node * <-> broker to 5 bytes/s"),
        (
            "slice = \"client * <-> node any\"\nbytes = 7\ngap = \"3ms\"",
            "slice client * <-> node any into 7 bytes with pauses of 3ms",
        ),
        ("limit = \"broker <-> history\"\nbytes = 9", "limit broker <-> history to 9 bytes"),
        ("partition = [[\"node 0\"], [\"node 1\", \"broker\"]]", "partition node 0 | node 1, broker"),
        ("slow = \"subscriber 3\"\nbytes_per_second = 5", "slow subscriber 3 to 5 bytes/s"),
        ("storm = \"node *\"", "storm node *"),
        ("surge = 2.5\nfor = \"1s\"", "surge x 2.5"),
        ("run = \"echo x\"", "run `echo x`"),
    ] {
        assert_eq!(plan(lines).to_string(), what);
        assert_eq!(plan(lines).what(), what);
    }
    let scenario = parsed(&fault("kill = \"node any\""));
    let struck = scenario.schedule(None, 1).remove(0);
    assert!(["kill node 0", "kill node 1", "kill node 2"].contains(&struck.what().as_str()), "{struck}");
    assert_eq!(struck.to_string(), struck.what());
}

#[test]
fn a_link_is_one_that_a_cluster_has() {
    let forms = "\"node 1 <-> broker\", \"node 0 -> node 2\", \"client * <-> node 1\", \"node * <-> history\" and \
                 \"history <-> broker\" are links";
    refused_at(&fault("cut = ¦\"broker\""), "`broker` is no link", forms);
    refused_at(
        &fault("cut = ¦\"node 1 <-> node 1\""),
        "`node 1 <-> node 1` is a link that no cluster has",
        forms,
    );
    refused_at(
        &fault("cut = ¦\"node 1 -> broker\""),
        "`node 1 -> broker` cannot be cut one way: a reset ends both",
        "write `<->`, or take `blackhole` for one way",
    );
}

#[test]
fn each_action_has_its_own_keys() {
    refused_at(
        &fault("¦delay = \"node 1 <-> broker\""),
        "`delay` needs `by`",
        "write it like by = \"100ms\"",
    );
    refused_at(
        &fault("¦slice = \"node 1 <-> broker\"\nbytes = 5"),
        "`slice` needs `gap`",
        "write it like gap = \"10ms\"",
    );
    for (line, what, hint) in [
        ("by = \"1s\"", "`cut` takes no `by`", "`by` belongs to `delay`"),
        ("bytes = 5", "`cut` takes no `bytes`", "`bytes` belongs to `slice` and `limit`"),
        (
            "bytes_per_second = 5",
            "`cut` takes no `bytes_per_second`",
            "`bytes_per_second` belongs to `throttle` and `slow`",
        ),
        ("heal = \"true\"", "`cut` takes no `heal`", "`heal` belongs to `run`"),
    ] {
        refused_at(&fault(&format!("cut = \"node 1 <-> broker\"\n¦{line}")), what, hint);
    }
    refused_at(
        &fault("limit = \"node 1 <-> broker\"\nbytes = 5\n¦gap = \"1s\""),
        "`limit` takes no `gap`",
        "`gap` belongs to `slice`",
    );
    refused_at(
        &fault("delay = \"node 1 <-> broker\"\nby = \"1s\"\njitter = ¦\"1001ms\""),
        "`jitter` is more than `by`",
        "no chunk leaves before it came: lower `jitter`",
    );
    let rate = "`bytes_per_second` must be a whole number from 1 to 1099511627776";
    for wrong in ["0", "1.5", "-1"] {
        refused_at(
            &fault(&format!("throttle = \"node 1 <-> broker\"\nbytes_per_second = ¦{wrong}")),
            rate,
            "write it like bytes_per_second = 10000",
        );
    }
    refused_at(
        &fault("limit = \"node 1 <-> broker\"\nbytes = ¦true"),
        "`bytes` must be a whole number, not true or false",
        "write it like bytes = 1000",
    );
}

#[test]
fn what_a_surge_a_storm_and_a_command_may_be() {
    refused_at(&fault("¦surge = 10"), "`surge` needs `for`", "for = \"2s\" is how long the rate is another");
    for wrong in ["0", "0.0", "-1", "10001", "10000.5", "nan", "99999999999999999999"] {
        refused_at(
            &fault(&format!("surge = ¦{wrong}\nfor = \"1s\"")),
            "`surge` must be more than 0 and at most 10000",
            "surge = 10 is ten times the rate",
        );
    }
    refused_at(
        &fault("surge = ¦\"10\"\nfor = \"1s\""),
        "`surge` must be a number: the rate, times this, not text",
        "write it like surge = 10",
    );
    for service in ["broker", "history"] {
        refused_at(
            &fault(&format!("storm = ¦\"{service}\"")),
            "`storm` is about the clients of a node",
            "storm = \"node 1\", or \"node *\"",
        );
    }
    refused_at(
        &fault("storm = \"node 1\"\n¦for = \"1s\""),
        "`storm` takes no `for`: who drops comes back at once",
        "use `cut` for clients that stay away",
    );
    refused_at(
        &fault("join = \"30%\"\n¦for = \"2s\""),
        "`join` takes no `for`: who has joined stays",
        "use `leave` for subscribers that go away and come back",
    );
    refused_at(
        &fault("run = \"true\"\n¦heal = \"true\""),
        "`heal` needs `for`",
        "for = \"5s\" says when the fault is healed",
    );
    for wrong in ["\"\"", "\" \"", "\"a\\u0000b\""] {
        refused_at(
            &fault(&format!("run = ¦{wrong}")),
            "`run` must be a shell command",
            "run = \"docker pause my-broker\"",
        );
    }
}

#[test]
fn who_is_slow_is_a_subscriber() {
    refused_at(
        &fault("slow = ¦\"node 1\"\nbytes_per_second = 100"),
        "`node 1` is no subscriber",
        "\"subscriber 3\", \"subscriber any\" and \"10%\" are subscribers",
    );
    refused_at(
        &fault("slow = ¦\"subscriber 30\"\nbytes_per_second = 100"),
        "`slow subscriber 30 to 100 bytes/s` names a subscriber that is not there: of 30, the last is subscriber 29",
        "subscribers count from 0",
    );
    assert_eq!(plan("slow = \"subscriber 29\"\nbytes_per_second = 100").target, Target::Subscriber(29));
}

#[test]
fn a_group_has_nodes_and_services_and_each_once() {
    let form = "a list of groups such as [[\"node 0\"], [\"node 1\", \"node 2\"]]";
    let like = "write it like partition = [[\"node 0\"], [\"node 1\", \"node 2\"]]";
    refused_at(&fault("partition = ¦\"node 0\""), &format!("`partition` must be {form}, not text"), like);
    refused_at(
        &fault("partition = [[\"node 0\"], ¦\"node 1\"]"),
        &format!("`partition` must be {form}, not text"),
        like,
    );
    refused_at(
        &fault("partition = [[\"node 0\"], [¦5]]"),
        "`partition` must be text in quotes, not a whole number",
        like,
    );
    refused_at(
        &fault("partition = [[\"node 0\"], [\"node 1\", ¦\"node 0\"]]"),
        "`node 0` is in two groups",
        "name each once",
    );
    for wrong in ["node *", "node any", "client *", "5"] {
        refused_at(
            &fault(&format!("partition = [[¦\"{wrong}\"]]")),
            &format!("`{wrong}` cannot be in a group"),
            "a group has \"node 0\", \"broker\" and \"history\"",
        );
    }
    for wrong in ["[[\"node 0\"], []]", "[[], [\"node 0\"]]", "[]"] {
        refused_at(
            &fault(&format!("partition = ¦{wrong}")),
            "`partition` has an empty group",
            &format!("write {form}"),
        );
    }
    refused_at(&fault("partition = [[¦\"node 3\"]]"), "`node 3` is not there", "the last is node 2");
}

/// Number of times that a fault strikes in a load of 20 s.
fn times(at: &str, every: &str, rest: &str) -> usize {
    let cut = "cut = \"node 1 <-> broker\"";
    let scenario = parsed(&format!("[[fault]]\nat = \"{at}\"\nevery = \"{every}\"\n{cut}\n{rest}\n"));
    assert_eq!(scenario.schedule(None, 1).len(), scenario.faults[0].times);
    scenario.faults[0].times
}

#[test]
fn without_a_number_it_strikes_as_often_as_the_load_has_room() {
    assert_eq!(times("1s", "5s", ""), 4, "at 1, 6, 11 and 16 s");
    assert_eq!(times("0s", "5s", ""), 4, "not at the very end");
    assert_eq!(times("1ms", "5s", ""), 4);
    assert_eq!(times("19999ms", "1ms", ""), 1);
    assert_eq!(times("4999ms", "5s", ""), 4, "the last at 19.999 s");
    assert_eq!(times("0s", "5s", "for = \"5s\""), 4, "healed at the very end");
    assert_eq!(times("1s", "5s", "for = \"4s\""), 4);
    assert_eq!(times("1s", "5s", "for = \"4001ms\""), 3);
    assert_eq!(times("1s", "1m", ""), 1);
    assert_eq!(times("1s", "5s", "times = 2"), 2);
    let drawn =
        parsed("[[fault]]\nbetween = [\"1s\", \"5s\"]\nevery = \"5s\"\nkill = \"node 1\"\nfor = \"500ms\"\n");
    assert_eq!(drawn.faults[0].times, 3, "the latest moment counts: 5, 10 and 15 s");
    assert_eq!(drawn.faults[0].every, Some(Duration::from_secs(5)));
}

#[test]
fn it_strikes_ten_thousand_times_at_most() {
    let every = |duration: &str, rest: &str| {
        format!(
            "[load]\nduration = \"{duration}\"\n[[fault]]\nat = ¦\"0s\"\nevery = \"1ms\"\nrun = \"true\"\n{rest}"
        )
    };
    refused_at(&every("20s", ""), "the fault would strike 20000 times", "at most 10000: lengthen `every`");
    refused_at(
        &every("10001ms", ""),
        "the fault would strike 10001 times",
        "at most 10000: lengthen `every`",
    );
    assert_eq!(parsed(&every("10s", "").replace('¦', "")).faults[0].times, 10_000);
    assert_eq!(parsed(&every("10s", "for = \"1ms\"\n").replace('¦', "")).faults[0].times, 10_000);
    refused_at(
        &every("10001ms", "for = \"1ms\"\n"),
        "the fault would strike 10001 times",
        "at most 10000: lengthen `every`",
    );
}

#[test]
fn from_one_time_to_the_next_a_millisecond_passes_at_least() {
    refused_at(
        "[[fault]]\nat = \"1s\"\nevery = ¦\"999us\"\ntimes = 2\nkill = \"node 1\"\n",
        "`every` must be at least 1ms",
        "write it like every = \"5s\"",
    );
    assert_eq!(times("1s", "1ms", "times = 2"), 2);
    refused_at(
        "[[fault]]\nat = ¦\"20s\"\nevery = \"5s\"\nkill = \"broker\"\n",
        "`kill broker` begins at 20s, past the end of the load at 20s",
        "lengthen `duration`, or let the fault be earlier",
    );
}
