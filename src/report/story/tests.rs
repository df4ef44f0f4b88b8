//! Stories from literal lines of traces.

use std::time::Duration;

use super::*;
use ledger::{Answer, Fate, FaultTimes, Plan, Receipt, Testimonies, Testimony};
use scenario::{Action, Condition, End, Fault, Link, Pattern, Target};

/// The Unix second at which the load began.
const BEGAN: &str = "1700000000";

/// A cluster of two nodes and one publisher, and what its processes wrote.
struct TracedCluster {
    logs: tempfile::TempDir,
    pattern: Option<Pattern>,
    traced: bool,
    times: Vec<FaultTimes>,
}

fn cluster(pattern: Pattern) -> TracedCluster {
    let (logs, pattern) = (tempfile::tempdir().unwrap(), Some(pattern));
    TracedCluster { logs, pattern, traced: true, times: Vec::new() }
}

/// The testimony of the message that is told: number 7, due after 70 ms.
fn testimony(fates: Vec<Fate>) -> Testimony {
    let (sent_us, answered_us) = (Some(70_010), Some(70_900));
    let answer = Some(Answer::Handed);
    Testimony { n: 7, node: Some(0), due_us: 70_000, sent_us, answer, answered_us, fates }
}

/// The fate of a subscriber's debt; the subscriber is on node s mod 2.
fn fate(s: usize, receipts: &[(i64, bool)]) -> Fate {
    let node = s % 2;
    let receipt = |(at_us, replay): &(i64, bool)| Receipt { at_us: *at_us, node, replay: *replay };
    let received = !receipts.is_empty();
    let receipts = receipts.iter().map(receipt).collect();
    Fate { subscriber: s, node, online: true, has_path: true, received, receipts }
}

impl TracedCluster {
    /// Appends lines to a trace, each as the microseconds after the load began and the rest.
    fn write(self, file: &str, lines: &[(u64, &str)]) -> Self {
        let lines: String =
            lines.iter().map(|(at, rest)| format!("{{\"at_us\":{BEGAN}{at:06},{rest}}}\n")).collect();
        std::fs::write(self.logs.path().join(file), lines + "{\"at_us\":17000").unwrap();
        self
    }

    fn struck(mut self, action: Action, target: Target, from: u64, until: u64) -> Self {
        let (begin, heal_begin) = (Duration::from_micros(from), Duration::from_micros(until));
        let fault = Fault { at: begin, duration: Some(heal_begin - begin), action, target };
        let what = fault.to_string();
        let (heal_begin, healed) = (Some(heal_begin), Some(heal_begin));
        let planned = Some(fault);
        self.times.push(FaultTimes { what, begin, heal_begin, healed, deliberate: false, planned });
        self
    }

    fn tell(&self, testimony: Testimony) -> Story {
        let plan = Plan {
            publishers: 1,
            subscribers: 40,
            nodes: 2,
            rooms: 1,
            rate: 100.0,
            surges: vec![],
            messages: 100,
            crosses_nodes: true,
        };
        let sources = Sources {
            plan: &plan,
            pattern: self.pattern,
            times: &self.times,
            traces: self.traced.then_some(self.logs.path()),
            began: Began::at(1_700_000_000_000_000),
        };
        let told = Testimonies { first_lost: Some(testimony), ..Testimonies::default() };
        tell(&sources, &told).remove(0)
    }
}

/// The arrows of a story, each as `from -> to leaves..arrives what, traced, note`.
fn arrows(story: &Story) -> Vec<String> {
    let name = |lane: usize| story.lanes[lane].name.as_str();
    let arrow = |arrow: &Arrow| {
        let arrives = arrow.arrives_us.map_or("-".into(), |at| at.to_string());
        let carries = format!("{:?}", arrow.carries).to_lowercase();
        let traced = if arrow.traced { "" } else { " inferred" };
        let note = arrow.note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
        let (from, to) = (name(arrow.from), name(arrow.to));
        format!("{from} -> {to} {}..{arrives} {carries}{traced}{note}", arrow.leaves_us)
    };
    story.arrows.iter().map(arrow).collect()
}

const IN: &str = r#""step":"in","id":"ab.7","room":"room-0""#;
const BUS_OUT: &str = r#""step":"bus_out","id":"ab.7","room":"room-0""#;
const ACK: &str = r#""step":"bus_ack","id":"ab.7""#;
const BUS_IN: &str = r#""step":"bus_in","id":"ab.7","room":"room-0""#;
const OUT: &str = r#""until_us":1700000000099999,"step":"out","id":"ab.7","room":"room-0","clients":3"#;

#[test]
fn an_ordinary_message_goes_over_the_broker_to_everybody() {
    let home = [(70_100, IN), (70_200, BUS_OUT), (70_600, ACK), (70_500, BUS_IN), (70_520, OUT)];
    let cluster = cluster(Pattern::Redis).write("node-0.trace", &home);
    let cluster = cluster.write("node-1.trace", &[(70_440, BUS_IN), (70_460, OUT)]);
    let fates = vec![fate(0, &[(70_700, false)]), fate(1, &[(70_650, false)])];
    let story = cluster.tell(testimony(fates));
    let lanes: Vec<_> = story.lanes.iter().map(|lane| (lane.kind, lane.name.as_str(), lane.number)).collect();
    assert_eq!(
        lanes,
        [
            (LaneKind::Publisher, "publisher 0", Some(0)),
            (LaneKind::Node, "node 0", Some(0)),
            (LaneKind::Broker, "broker", None),
            (LaneKind::Node, "node 1", Some(1)),
            (LaneKind::Subscriber, "subscriber 0", Some(0)),
            (LaneKind::Subscriber, "subscriber 1", Some(1)),
        ]
    );
    let expected = [
        "publisher 0 -> node 0 70010..70100 message",
        "node 0 -> broker 70200..70320 message inferred",
        "broker -> node 1 70320..70440 message inferred",
        "broker -> node 0 70320..70500 message inferred",
        "broker -> node 0 70320..70600 ack inferred",
        "node 1 -> subscriber 1 70460..70650 message",
        "node 0 -> subscriber 0 70520..70700 message",
        "node 0 -> publisher 0 70600..70900 ack",
    ];
    assert_eq!(arrows(&story), expected);
    assert_eq!((story.owed, story.received, story.lost), (2, 2, 0));
    assert_eq!((story.answer.as_deref(), story.seq, story.node), (Some("handed"), 7, Some(0)));
}

#[test]
fn a_refused_message_ends_on_the_way_to_the_broker() {
    let refused = r#""step":"bus_refused","id":"ab.7","why":"bus_down""#;
    let cluster = cluster(Pattern::Redis).struck(Action::Kill, Target::Broker, 50_000, 90_000);
    let cluster = cluster.write("node-0.trace", &[(70_100, IN), (70_200, BUS_OUT), (70_300, refused)]);
    let refused = Testimony { answer: Some(Answer::Refused), ..testimony(vec![fate(0, &[]), fate(1, &[])]) };
    let story = cluster.tell(refused);
    let expected = [
        "publisher 0 -> node 0 70010..70100 message",
        "node 0 -> broker 70200..- message inferred (bus_down)",
        "node 0 -> publisher 0 70300..70900 refusal (refused bus_down)",
    ];
    assert_eq!(arrows(&story), expected);
    assert_eq!((story.choice, story.lost), (Choice::FirstLost, 2));
}

#[test]
fn an_unknown_answer_is_told_as_that_traced_or_not() {
    let unknown = r#""step":"bus_unknown","id":"ab.7""#;
    let asked = || Testimony { answer: Some(Answer::Unknown), ..testimony(vec![fate(0, &[])]) };
    let traced = cluster(Pattern::Redis);
    let traced = traced.write("node-0.trace", &[(70_100, IN), (70_200, BUS_OUT), (70_800, unknown)]);
    let expected = "node 0 -> publisher 0 70800..70900 unknown (unknown)";
    assert!(arrows(&traced.tell(asked())).contains(&expected.into()));
    let untraced = TracedCluster { traced: false, ..cluster(Pattern::Redis) };
    let expected = "node 0 -> publisher 0 70677..70900 unknown inferred (unknown)";
    assert!(arrows(&untraced.tell(asked())).contains(&expected.into()));
}

#[test]
fn a_node_that_was_killed_gets_nothing_and_the_fault_is_named() {
    let home = [(70_100, IN), (70_200, BUS_OUT), (70_210, BUS_IN), (70_220, OUT), (70_300, ACK)];
    let cluster = cluster(Pattern::Zeromq).struck(Action::Kill, Target::Node(1), 60_000, 90_000);
    let story =
        cluster.write("node-0.trace", &home).tell(testimony(vec![fate(0, &[(70_400, false)]), fate(1, &[])]));
    let expected = [
        "publisher 0 -> node 0 70010..70100 message",
        "node 0 -> node 1 70200..- message inferred (kill node 1)",
        "node 0 -> subscriber 0 70220..70400 message",
        "node 0 -> publisher 0 70300..70900 ack",
    ];
    assert_eq!(arrows(&story), expected);
}

#[test]
fn what_a_dead_node_missed_is_replayed_at_another_and_the_dead_one_has_its_line() {
    let cluster = cluster(Pattern::Amqp).struck(Action::Kill, Target::Node(1), 60_000, 90_000);
    let replay = r#""step":"replay","id":"ab.7","room":"room-0""#;
    let to_one = format!(r#"{replay},"clients":1"#);
    let home = [(70_100, IN), (70_200, BUS_OUT), (70_500, BUS_IN), (70_520, OUT), (70_600, ACK)];
    let home = [&home[..], &[(80_000, to_one.as_str())]].concat();
    let stored = r#""step":"stored","id":"ab.7","room":"room-0""#;
    let cluster =
        cluster.write("node-0.trace", &home).write("history.trace", &[(70_640, stored), (79_000, replay)]);
    // The subscriber was on node 1, and came back to node 0.
    let back = Receipt { at_us: 80_300, node: 0, replay: true };
    let moved = Fate { online: false, received: true, receipts: vec![back], ..fate(1, &[]) };
    let story = cluster.tell(testimony(vec![fate(0, &[(70_700, false)]), moved]));
    let arrows = arrows(&story);
    for expected in [
        "broker -> node 1 70350..- message inferred (kill node 1)",
        "history -> node 0 79000..80000 replay",
        "node 0 -> subscriber 1 80000..80300 replay",
    ] {
        assert!(arrows.contains(&expected.into()), "{expected}: {arrows:#?}");
    }
    assert!(!arrows.iter().any(|arrow| arrow.starts_with("node 1 ->")), "{arrows:#?}");
    let of: Vec<_> = story.lanes.iter().map(|lane| (lane.name.as_str(), lane.node)).collect();
    assert!(of.contains(&("node 1", None)) && of.contains(&("subscriber 1", Some(0))), "{of:?}");
}

#[test]
fn a_full_outbox_is_named_where_it_dropped() {
    let dropped =
        r#""step":"out","id":"ab.7","room":"room-0","clients":0,"why":"dropped for 1: outbox full""#;
    let home = [(70_100, IN), (70_200, BUS_OUT), (70_210, BUS_IN), (70_220, dropped), (70_300, ACK)];
    let story = cluster(Pattern::Local).write("node-0.trace", &home).tell(testimony(vec![fate(0, &[])]));
    assert!(
        arrows(&story)
            .contains(&"node 0 -> subscriber 0 70220..- message (dropped for 1: outbox full)".into())
    );
    assert!(story.lanes.iter().all(|lane| lane.kind != LaneKind::Broker));
}

#[test]
fn what_waited_for_the_broker_and_what_was_replayed() {
    let cluster = cluster(Pattern::Amqp).struck(Action::Kill, Target::Broker, 60_000, 80_000);
    let home = [(70_100, IN), (70_200, BUS_OUT), (81_000, BUS_IN), (81_010, OUT), (81_100, ACK)];
    let replay = r#""step":"replay","id":"ab.7","room":"room-0","clients":1"#;
    let cluster = cluster.write("node-0.trace", &home).write("node-1.trace", &[(95_000, replay)]);
    let stored = r#""step":"stored","id":"ab.7","room":"room-0""#;
    let told = r#""step":"replay","id":"ab.7","room":"room-0""#;
    let cluster = cluster.write("history.trace", &[(81_200, stored), (94_000, told)]);
    let fates = vec![fate(0, &[(81_300, false)]), fate(1, &[(95_300, true)])];
    let answered =
        Testimony { answer: Some(Answer::Confirmed), answered_us: Some(81_500), ..testimony(fates) };
    let story = cluster.tell(answered);
    let expected = [
        "publisher 0 -> node 0 70010..70100 message",
        "node 0 -> broker 70200..80500 message inferred (waited for the broker)",
        "broker -> node 0 80500..81000 message inferred",
        "broker -> node 0 80500..81100 ack inferred",
        "broker -> history 80500..81200 message inferred",
        "broker -> node 1 80500..- message inferred",
        "node 0 -> subscriber 0 81010..81300 message",
        "node 0 -> publisher 0 81100..81500 ack",
        "history -> node 1 94000..95000 replay",
        "node 1 -> subscriber 1 95000..95300 replay",
    ];
    assert_eq!(arrows(&story), expected);
    assert_eq!(story.arrows.last().unwrap().carries, Carries::Replay);
}

/// A cluster in which something was broken when the message was sent, and healed later.
fn parted(pattern: Pattern, action: Action, target: Target) -> TracedCluster {
    cluster(pattern).struck(action, target, 60_000, 80_000)
}

#[test]
fn what_a_partition_kept_from_the_broker_waited_at_its_node() {
    let groups = Target::Groups(vec![vec![End::Node(0)], vec![End::Node(1)]]);
    let link = |text| Target::Link(Link::parse(text).unwrap());
    let faults = [
        (Action::Partition, groups),
        (Action::Link(Condition::Blackhole), link("node 0 <-> broker")),
        (Action::Link(Condition::Cut), link("node 0 -> broker")),
    ];
    for (action, target) in faults {
        let cluster = parted(Pattern::Redis, action, target.clone());
        let cluster = cluster.write("node-0.trace", &[(70_100, IN), (70_200, BUS_OUT)]);
        let cluster = cluster.write("node-1.trace", &[(84_000, BUS_IN), (84_010, OUT)]);
        let story = cluster.tell(testimony(vec![fate(1, &[(84_200, false)])]));
        let arrows = arrows(&story);
        let to_broker = "node 0 -> broker 70200..82000 message inferred (waited for the link)";
        let to_node = "broker -> node 1 82000..84000 message inferred";
        assert!(
            arrows.contains(&to_broker.into()) && arrows.contains(&to_node.into()),
            "{target}: {arrows:?}"
        );
    }
}

#[test]
fn what_a_blackhole_kept_from_a_node_had_come_to_the_broker_before() {
    let link = Target::Link(Link::parse("broker -> node *").unwrap());
    let cluster = parted(Pattern::Redis, Action::Link(Condition::Blackhole), link);
    let cluster = cluster.write("node-0.trace", &[(70_100, IN), (70_200, BUS_OUT)]);
    let cluster = cluster.write("node-1.trace", &[(84_000, BUS_IN), (84_010, OUT)]);
    let arrows = arrows(&cluster.tell(testimony(vec![fate(1, &[(84_200, false)])])));
    let expected = [
        "node 0 -> broker 70200..70200 message inferred",
        "broker -> node 1 70200..84000 message inferred (waited for the link)",
    ];
    assert!(expected.iter().all(|arrow| arrows.contains(&(*arrow).into())), "{arrows:?}");
}

#[test]
fn what_passed_before_the_link_broke_is_at_the_broker_before() {
    let link = Target::Link(Link::parse("node 0 <-> broker").unwrap());
    let cluster = cluster(Pattern::Redis).struck(Action::Link(Condition::Blackhole), link, 70_300, 90_000);
    let cluster = cluster.write("node-0.trace", &[(70_100, IN), (70_200, BUS_OUT)]);
    let cluster = cluster.write("node-1.trace", &[(70_900, BUS_IN), (70_910, OUT)]);
    let arrows = arrows(&cluster.tell(testimony(vec![fate(1, &[(71_000, false)])])));
    assert!(arrows.contains(&"node 0 -> broker 70200..70250 message inferred".into()), "{arrows:?}");
}

#[test]
fn a_message_for_clients_that_are_cut_off_ends_before_them_and_not_between_healthy_nodes() {
    let link = Target::Link(Link::parse("node 1 <-> client *").unwrap());
    let cut = |pattern| cluster(pattern).struck(Action::Link(Condition::Cut), link.clone(), 60_000, 90_000);
    let fates = || vec![fate(0, &[(70_700, false)]), Fate { online: false, ..fate(1, &[]) }];
    let home = [(70_100, IN), (70_200, BUS_OUT), (70_500, BUS_IN), (70_520, OUT), (70_600, ACK)];
    for pattern in [Pattern::Zeromq, Pattern::Redis] {
        let story = cut(pattern).write("node-0.trace", &home).tell(testimony(fates()));
        let arrows = arrows(&story);
        let ended: Vec<_> = arrows.iter().filter(|arrow| arrow.contains("..- ")).collect();
        assert_eq!(ended, ["node 1 -> subscriber 1 70500..- message inferred (offline)"], "{pattern:?}");
    }
    // A storm drops clients and is no reason for a stop between servers either; a dead node is a reason.
    let storm = cluster(Pattern::Zeromq).struck(Action::Storm, Target::Node(1), 60_000, 90_000);
    let arrows_of =
        |cluster: TracedCluster| arrows(&cluster.write("node-0.trace", &home).tell(testimony(fates())));
    assert!(!arrows_of(storm).iter().any(|arrow| arrow.starts_with("node 0 -> node 1")));
    let killed = arrows_of(cluster(Pattern::Zeromq).struck(Action::Kill, Target::Node(1), 60_000, 90_000));
    let ended: Vec<_> = killed.iter().filter(|arrow| arrow.contains("..- ")).collect();
    assert_eq!(ended, ["node 0 -> node 1 70200..- message inferred (kill node 1)"]);
}

#[test]
fn without_a_trace_the_way_is_inferred_from_what_the_clients_saw() {
    let cluster = TracedCluster { traced: false, pattern: None, ..cluster(Pattern::Redis) };
    let story =
        cluster.tell(testimony(vec![fate(0, &[(70_810, false)]), fate(1, &[(71_210, false)]), fate(3, &[])]));
    let expected = [
        "publisher 0 -> node 0 70010..70410 message inferred",
        "node 0 -> node 1 70410..70810 message inferred",
        "node 0 -> subscriber 0 70410..70810 message inferred",
        "node 0 -> publisher 0 70655..70900 ack inferred",
        "node 1 -> subscriber 1 70810..71210 message inferred",
        "node 1 -> subscriber 3 70810..- message inferred",
    ];
    assert_eq!(arrows(&story), expected);
}

#[test]
fn lines_of_others_are_not_taken_for_it() {
    // These lines hold another message's number, a room of somebody else's, another run, and something that is no line.
    let lines = [
        (70_100, r#""step":"in","id":"ab.17","room":"room-0""#),
        (70_100, r#""step":"in","id":"ab.7","room":"room-1""#),
        (70_100, r#""step":"in","id":"ab.warm-7","room":"room-0""#),
        (70_100, r#""step":"in","id":"ab.7","#),
    ];
    let cluster = cluster(Pattern::Redis).write("node-0.trace", &lines);
    let other = format!("{{\"at_us\":1600000000070100,{IN}}}\n");
    std::fs::write(cluster.logs.path().join("node-1.trace"), other).unwrap();
    let story = cluster.tell(Testimony { answer: None, answered_us: None, ..testimony(vec![fate(0, &[])]) });
    assert_eq!(arrows(&story), ["publisher 0 -> node 0 70010..- message inferred"]);
}

#[test]
fn many_subscribers_share_lines_by_node_and_fate() {
    let fates = (0..40).map(|s| fate(s, if s < 20 { &[] } else { &[(71_000, false)] })).collect();
    let cluster = TracedCluster { traced: false, ..cluster(Pattern::Redis) };
    let story = cluster.tell(testimony(fates));
    let names: Vec<_> = story.lanes.iter().skip(2).map(|lane| lane.name.as_str()).collect();
    let expected = [
        "node 1",
        "10 subscribers of node 0",
        "10 subscribers of node 0",
        "10 subscribers of node 1",
        "9 subscribers of node 1",
        "subscriber 39",
    ];
    assert_eq!(names, expected);
    assert!(story.lanes.len() <= 12);
}
