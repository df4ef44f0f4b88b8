//! Faults: whom they strike, when, and which of them contradict each other.

use super::*;

/// The hint of an error about a target that needs a broker.
fn those_with_a_broker(have: &str) -> String {
    let with = Pattern::ALL.into_iter().filter(|pattern| pattern.has_broker());
    format!("of the patterns, {} {have}", words::list(with.map(Pattern::name)))
}

/// A fault with these lines in its `[[fault]]`.
fn fault(lines: &str) -> String {
    format!("[[fault]]\n{lines}\n")
}

fn faults(all: &[&str]) -> String {
    all.iter().map(|lines| fault(lines)).collect()
}

#[track_caller]
fn taken(text: &str) {
    if let Err(error) = overridden(text, &[]) {
        panic!("{error}\n{text}");
    }
}

#[test]
fn a_target_is_one_of_the_words_and_is_there() {
    let targets = "a target is \"broker\", \"history\", \"node 0\" to \"node 2\", \"node *\" or \"node any\"";
    for wrong in ["node", "redis", "50%", "history 1"] {
        let file = fault(&format!("at = \"1s\"\nkill = ¦\"{wrong}\""));
        refused_at(&file, &format!("`{wrong}` is no target"), targets);
    }
    taken(&fault("at = \"1s\"\nkill = \"node 2\""));
    refused_at(
        &fault("at = \"1s\"\nkill = ¦\"node 3\""),
        "`kill node 3` names a node that is not there: of 3, the last is node 2",
        "nodes count from 0",
    );
    for link in ["node 3 -> broker", "broker -> node 3"] {
        refused_at(
            &fault(&format!("at = \"1s\"\nblackhole = ¦\"{link}\"")),
            &format!("`blackhole {link}` names a node that is not there: of 3, the last is node 2"),
            "nodes count from 0",
        );
    }
    refused(
        &fault("at = \"1s\"\nslow = \"subscriber 29\"\nbytes_per_second = 100"),
        &[("subscribers", "29")],
        "--subscribers 29: the fault `slow subscriber 29 to 100 bytes/s` (s.toml:3:8) names a subscriber that is \
         not there: of 29, the last is subscriber 28",
    );
}

#[test]
fn what_no_pattern_of_the_scenario_has_is_not_struck() {
    refused_at(
        &format!("patterns = [\"local\", \"zeromq\"]\n{}", fault("at = \"1s\"\npause = ¦\"broker\"")),
        "`pause broker` strikes what no pattern of this scenario has",
        &those_with_a_broker("have a broker"),
    );
    refused_at(
        &format!("patterns = [\"local\", \"redis\"]\n{}", fault("at = \"1s\"\nkill = ¦\"history\"")),
        "`kill history` strikes what no pattern of this scenario has",
        "of the patterns, `amqp` has a history",
    );
    refused_at(
        &format!("patterns = [\"local\"]\n{}", fault("at = \"1s\"\ncut = ¦\"node 1 <-> broker\"")),
        "`cut node 1 <-> broker` strikes what no pattern of this scenario has",
        &those_with_a_broker("have such a link"),
    );
    refused_at(
        &format!("patterns = [\"zeromq\"]\n{}", fault("at = \"1s\"\npartition = ¦[[\"broker\"]]")),
        "`partition broker` strikes what no pattern of this scenario has",
        &those_with_a_broker("have links that it parts"),
    );
    refused_at(
        &fault("at = \"1s\"\nkill = \"broker\"\npatterns = ¦[\"zeromq\"]"),
        "`kill broker` strikes what none of its own `patterns` has",
        &those_with_a_broker("have a broker"),
    );
    refused_at(
        &format!(
            "patterns = [\"redis\", \"zeromq\"]\n{}",
            fault("at = \"1s\"\nkill = \"node 1\"\npatterns = ¦[\"amqp\"]")
        ),
        "`kill node 1` is for `amqp` alone, and the scenario runs `redis` and `zeromq`",
        "let the fault's `patterns` name some of `redis` and `zeromq`, or the scenario's `amqp` too",
    );
}

#[test]
fn a_link_or_a_partition_that_needs_more_nodes_says_so() {
    let mesh = |nodes: u64, lines: &str| {
        format!(
            "patterns = [\"zeromq\"]\n[cluster]\nnodes = {nodes}\n{}",
            fault(&format!("at = \"1s\"\n{lines}"))
        )
    };
    refused_at(
        &mesh(1, "cut = ¦\"node any <-> node *\""),
        "`cut node any <-> node *` strikes nothing in a cluster of 1 node",
        "a link between nodes needs two of them: raise `nodes`",
    );
    let sides = "all nodes are on one side: name fewer of them, or raise `nodes`";
    refused_at(
        &mesh(1, "partition = ¦[[\"node 0\"]]"),
        "`partition node 0` parts nobody in a cluster of 1 node",
        sides,
    );
    refused_at(
        &mesh(2, "partition = ¦[\"node 0\", \"node 1\"]"),
        "`partition node 0, node 1` parts nobody in a cluster of 2 nodes",
        sides,
    );
    taken(&mesh(3, "partition = [\"node 0\", \"node 1\"]"));
    taken(&mesh(2, "cut = \"node any <-> node *\""));
    // Every node that there can be stands in one group.
    let all: Vec<_> = (0..64).map(|n| format!("\"node {n}\"")).collect();
    let group = format!("partition = ¦[{}, \"broker\", \"history\"]", all.join(", "));
    let error = overridden(&mesh(64, &group).replace('¦', ""), &[]).unwrap_err();
    assert!(error.to_string().ends_with("history` strikes what no pattern of this scenario has"), "{error}");
    assert_eq!(error.hint(), "no pattern has such a link");
}

#[test]
fn a_fault_begins_before_the_end_of_the_load_and_is_healed_by_then() {
    let hint = "lengthen `duration`, or let the fault be earlier";
    refused_at(
        &fault("at = ¦\"20s\"\nkill = \"broker\""),
        "`kill broker` begins at 20s, past the end of the load at 20s",
        hint,
    );
    taken(&fault("at = \"19999ms\"\nkill = \"broker\""));
    refused_at(
        &fault("at = \"15s\"\nfor = ¦\"5001ms\"\nkill = \"broker\""),
        "`kill broker` ends at 20s 1ms, past the end of the load at 20s",
        hint,
    );
    taken(&fault("at = \"15s\"\nfor = \"5s\"\nkill = \"broker\""));
    refused_at(
        &fault("between = ¦[\"1s\", \"20s\"]\nkill = \"broker\""),
        "`kill broker` begins at 20s, past the end of the load at 20s",
        hint,
    );
    refused_at(
        &fault("at = \"1s\"\nevery = \"4s\"\ntimes = ¦6\nfor = \"1s\"\nkill = \"node 0\""),
        "`kill node 0` begins at 21s, past the end of the load at 20s",
        hint,
    );
    refused_at(
        &fault("at = \"4s\"\nevery = \"4s\"\ntimes = 4\nfor = ¦\"4001ms\"\ncut = \"node 0 <-> broker\""),
        "`cut node 0 <-> broker` ends at 20s 1ms, past the end of the load at 20s",
        hint,
    );
    // A very late moment is refused as well, although the sum of two such durations is too long to exist.
    let late = "at = \"500000000000y\"\nfor = \"500000000000y\"\nevery = \"1s\"\nkill = \"broker\"";
    let error = overridden(&fault(late), &[]).unwrap_err();
    assert!(error.to_string().ends_with(", past the end of the load at 20s"), "{error}");
}

#[test]
fn a_share_is_somebody() {
    refused_at(
        &fault("at = \"1s\"\njoin = ¦\"3%\""),
        "`join 3% of the subscribers` is nobody: the subscribers are 30",
        "the smallest share is \"4%\"",
    );
    taken(&fault("at = \"1s\"\njoin = \"4%\""));
    let share = "a share is a whole percentage, \"1%\" to \"100%\"";
    for action in ["leave", "join"] {
        let file = fault(&format!("at = \"1s\"\n{action} = ¦\"half\""));
        refused_at(&file, "`half` is no share of the subscribers", share);
    }
    refused_at(
        &fault("at = \"1s\"\nslow = ¦\"101%\"\nbytes_per_second = 1"),
        "`101%` is no share of the subscribers",
        share,
    );
}

#[test]
fn somebody_is_there_from_the_beginning() {
    let hint = "let all that join be less than all";
    let what = |share: u8| {
        format!("`join {share}% of the subscribers` leaves nobody who is there from the beginning")
    };
    refused_at(&fault("at = \"1s\"\njoin = ¦\"100%\""), &what(100), hint);
    refused_at(&faults(&["at = \"1s\"\njoin = \"60%\"", "at = \"2s\"\njoin = ¦\"40%\""]), &what(40), hint);
    taken(&faults(&["at = \"1s\"\njoin = \"60%\"", "at = \"2s\"\njoin = \"39%\""]));
    // Nine subscribers join each time.
    refused_at(&fault("at = \"1s\"\nevery = \"2s\"\ntimes = 4\njoin = ¦\"30%\""), &what(30), hint);
    taken(&fault("at = \"1s\"\nevery = \"2s\"\ntimes = 3\njoin = \"30%\""));
}

#[test]
fn who_joins_does_not_leave() {
    let hint = "who joins does not leave: lower one of the shares";
    let leave = |at: u8, share: &str| format!("at = \"{at}s\"\nfor = \"2s\"\nleave = {share}");
    let join = "at = \"1s\"\njoin = \"30%\"";
    let what = "`leave 80% of the subscribers` is 24 of 30 subscribers, and 9 of them join";
    refused_at(&faults(&[&leave(5, "¦\"80%\""), join]), what, hint);
    taken(&faults(&[&leave(5, "\"70%\""), join]));
    // The error names the largest of several shares, and the first of two that are as large.
    refused_at(&faults(&[&leave(5, "\"75%\""), &leave(9, "¦\"80%\""), join]), what, hint);
    refused_at(&faults(&[&leave(5, "¦\"80%\""), &leave(9, "\"75%\""), join]), what, hint);
    refused_at(&faults(&[&leave(5, "¦\"80%\""), &leave(9, "\"80%\""), join]), what, hint);
    // A subscriber that is slow may be one that joins.
    taken(&faults(&["at = \"5s\"\nslow = \"100%\"\nbytes_per_second = 10", join]));
}

#[test]
fn a_process_bears_one_fault_at_a_time() {
    let hint = "let the first be healed before the second strikes";
    refused_at(
        &faults(&["at = \"5s\"\nfor = \"5s\"\nkill = \"broker\"", "at = ¦\"7s\"\nkill = \"broker\""]),
        "`kill broker` at 7s strikes what is killed until 10s (s.toml:4:8)",
        hint,
    );
    // A fault may not strike at the moment of the healing either; the order in the file does not matter.
    refused_at(
        &faults(&["at = ¦\"10s\"\npause = \"node 1\"", "at = \"5s\"\nfor = \"5s\"\nstop = \"node *\""]),
        "`pause node 1` at 10s strikes what is stopped until 10s (s.toml:7:8)",
        hint,
    );
    taken(&faults(&["at = \"10001ms\"\npause = \"node 1\"", "at = \"5s\"\nfor = \"5s\"\nstop = \"node *\""]));
    refused_at(
        &faults(&["at = \"1s\"\npause = \"node 1\"", "at = ¦\"9s\"\nfor = \"1s\"\nkill = \"node 1\""]),
        "`kill node 1` at 9s strikes what is paused for good (s.toml:3:9)",
        hint,
    );
    refused_at(
        &fault("at = ¦\"1s\"\nevery = \"4s\"\nfor = \"5s\"\nkill = \"node any\""),
        "`kill node any` at 5s strikes what is killed until 6s (s.toml:5:8)",
        hint,
    );
    // The latest moment of the first fault counts, and the earliest of the second.
    refused_at(
        &faults(&[
            "between = [\"1s\", \"3s\"]\nfor = \"1s\"\nkill = \"broker\"",
            "between = ¦[\"4s\", \"9s\"]\nkill = \"broker\"",
        ]),
        "`kill broker` at 4s strikes what is killed until 4s (s.toml:4:8)",
        hint,
    );
    taken(&faults(&[
        "at = \"5s\"\nfor = \"5s\"\nkill = \"node 0\"",
        "at = \"6s\"\nfor = \"1s\"\nkill = \"node 1\"",
    ]));
}

#[test]
fn faults_of_different_patterns_or_of_links_may_overlap() {
    let kill = |pattern: &str| format!("at = \"5s\"\nkill = \"broker\"\npatterns = [\"{pattern}\"]");
    taken(&faults(&[&kill("redis"), &kill("amqp")]));
    let cut = "at = \"5s\"\nfor = \"2s\"\ncut = \"node 1 <-> broker\"";
    taken(&faults(&[cut, cut, "at = \"5s\"\nkill = \"broker\""]));
    taken(&faults(&["at = \"5s\"\nstorm = \"node 1\"", "at = \"5s\"\nkill = \"node 1\""]));
}

#[test]
fn who_is_away_does_not_leave_again() {
    let hint = "let them come back first";
    let leave = "at = \"5s\"\nfor = \"2s\"\nleave = \"20%\"";
    refused_at(
        &faults(&[leave, "at = ¦\"6s\"\nleave = \"20%\""]),
        "`leave 20% of the subscribers` at 6s begins while others are away until 7s (s.toml:4:9)",
        hint,
    );
    refused_at(
        &faults(&["at = \"1s\"\nleave = \"20%\"", "at = ¦\"6s\"\nleave = \"20%\""]),
        "`leave 20% of the subscribers` at 6s begins while others are away for good (s.toml:3:9)",
        hint,
    );
    let join = "at = \"1s\"\njoin = \"20%\"";
    taken(&faults(&[join, join, leave, "at = \"8s\"\nleave = \"60%\"", "at = \"5s\"\nkill = \"node *\""]));
}

#[test]
fn a_fault_is_one_action_at_one_moment() {
    // Their names and their order are held where the list is.
    let (last, others) = ACTIONS.split_last().unwrap();
    let actions = format!("the actions are `{}` and `{last}`", others.join("`, `"));
    refused_at(
        "[load]\n\n¦[[fault]]\nat = \"1s\"\n",
        "a [[fault]] needs an action",
        &format!("{actions}, such as kill = \"broker\""),
    );
    refused_at(
        &fault("at = \"1s\"\npause = \"node 0\"\n¦kill = \"node 1\""),
        "one [[fault]] cannot `pause` and `kill`",
        "give each action a [[fault]] of its own; they may overlap",
    );
    refused_at(
        "[[fault]]\nat = \"1s\"\nkill = \"node 0\"\n\n¦[[fault]]\nkill = \"node 1\"\n",
        "a [[fault]] needs `at`",
        "at = \"5s\" is five seconds after the measured load began",
    );
    refused_at(
        &fault("at = \"1s\"\n¦between = [\"1s\", \"2s\"]\nkill = \"node 0\""),
        "one [[fault]] cannot have `at` and `between`",
        "`at` is a moment, `between` lets the seed choose one",
    );
    for between in ["[\"3s\", \"2s\"]", "[\"3s\", \"3s\"]", "[\"3s\"]", "[\"1s\", \"2s\", \"3s\"]", "[]"] {
        refused_at(
            &fault(&format!("between = ¦{between}\nkill = \"node 0\"")),
            "`between` must be two durations, the earlier first",
            "write two durations such as [\"3s\", \"8s\"]",
        );
    }
    refused_at(
        &fault("between = ¦\"3s\"\nkill = \"node 0\""),
        "`between` must be two durations such as [\"3s\", \"8s\"], not text",
        "write it like between = [\"3s\", \"8s\"]",
    );
    refused_at(
        &fault("at = \"1s\"\n¦times = 3\nkill = \"node 0\""),
        "`times` needs `every`",
        "every = \"5s\" is the time from one strike to the next",
    );
    refused_at(
        &fault("at = \"1s\"\nfor = ¦\"0s\"\nkill = \"node 0\""),
        "`for` must be more than 0",
        "leave `for` out for a fault that is never healed",
    );
}

#[test]
fn no_duration_of_a_fault_is_longer_than_a_day() {
    for huge in ["25h", "86400001ms", "5000000y"] {
        for (key, lines) in [
            ("every", format!("at = \"1s\"\nevery = ¦\"{huge}\"\nkill = \"broker\"")),
            ("by", format!("at = \"1s\"\nfor = \"1s\"\ndelay = \"node 0 <-> broker\"\nby = ¦\"{huge}\"")),
            (
                "gap",
                format!(
                    "at = \"1s\"\nfor = \"1s\"\nslice = \"node 0 <-> broker\"\nbytes = 1\ngap = ¦\"{huge}\""
                ),
            ),
        ] {
            refused_at(&fault(&lines), &format!("`{key}` must be at most 24h"), "no load lasts longer");
        }
        let between = fault(&format!("between = [\"1s\", \"{huge}\"]\nevery = \"1s\"\nkill = \"broker\""));
        let error = overridden(&between, &[]).unwrap_err().to_string();
        assert!(error.contains("must be at most 24h"), "{error}");
    }
    let overflow = fault("at = \"1s\"\nevery = ¦\"99999999999999999999s\"\nkill = \"broker\"");
    refused_at(&overflow, "`every` must be a duration such as \"2s\" or \"100ms\"", "24h is the longest");
}
