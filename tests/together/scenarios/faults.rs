//! Faults of processes and subscribers: what is refused, where, and with which hint.

use pubsub_lab::scenario::ACTIONS;

use super::{check, refused, succeeded, those_with_a_broker};

#[test]
fn fault_targets() {
    refused(
        "[[fault]]\nat = \"1s\"\nkill = ¦\"node 7\"\n",
        "`kill node 7` names a node that is not there: of 3, the last is node 2",
        "nodes count from 0",
    );
    let targets = "a target is \"broker\", \"history\", \"node 0\" to \"node 2\", \"node *\" or \"node any\"";
    refused("[[fault]]\nat = \"1s\"\nkill = ¦\"node\"\n", "`node` is no target", targets);
    refused("[[fault]]\nat = \"1s\"\nstop = ¦\"redis\"\n", "`redis` is no target", targets);
    refused(
        "patterns = [\"local\", \"zeromq\"]\n[[fault]]\nat = \"1s\"\npause = ¦\"broker\"\n",
        "`pause broker` strikes what no pattern of this scenario has",
        &those_with_a_broker("have a broker"),
    );
    refused(
        "patterns = [\"local\", \"redis\"]\n[[fault]]\nat = \"1s\"\nkill = ¦\"history\"\n",
        "`kill history` strikes what no pattern of this scenario has",
        "of the patterns, `amqp` has a history",
    );
    refused("[[fault]]\nat = \"1s\"\nkill = ¦\"50%\"\n", "`50%` is no target", targets);
    refused("[[fault]]\nat = \"1s\"\npause = ¦\"history 1\"\n", "`history 1` is no target", targets);
    let summary = succeeded(&check("[[fault]]\nat = \"1s\"\nfor = \"1s\"\nkill = \"history\"\n"));
    assert!(summary.contains("  pattern   redis (not run: redis has no history to kill)\n"), "{summary}");
    assert!(summary.contains("  pattern   amqp\n"), "{summary}");
    assert!(summary.contains("  fault     kill history at 1s for 1s\n"), "{summary}");
}

#[test]
fn shares_of_the_subscribers() {
    let share = "a share is a whole percentage, \"1%\" to \"100%\"";
    for wrong in ["0%", "101%", "half", "50", "", "-5%", "12.5%", "broker"] {
        for action in ["leave", "join"] {
            let file = format!("[[fault]]\nat = \"1s\"\n{action} = ¦\"{wrong}\"\n");
            refused(&file, &format!("`{wrong}` is no share of the subscribers"), share);
        }
    }
    refused(
        "[[fault]]\nat = \"1s\"\nleave = ¦50\n",
        "`leave` must be text in quotes, not a whole number",
        "write it like leave = \"50%\"",
    );
    refused(
        "[[fault]]\nat = \"1s\"\njoin = ¦\"3%\"\n",
        "`join 3% of the subscribers` is nobody: the subscribers are 30",
        "the smallest share is \"4%\"",
    );
    refused(
        "[[fault]]\nat = \"1s\"\njoin = \"30%\"\n¦for = \"2s\"\n",
        "`join` takes no `for`: who has joined stays",
        "use `leave` for subscribers that go away and come back",
    );
    refused(
        "[[fault]]\nat = \"1s\"\nleave = \"30%\"\nfor = ¦\"0s\"\n",
        "`for` must be more than 0",
        "leave `for` out for a fault that is never healed",
    );
    let summary = succeeded(&check(
        "[[fault]]\nat = \"1s\"\njoin = \"30%\"\n[[fault]]\nat = \"2s\"\nfor = \"1s\"\nleave = \"50%\"\n\
         [[fault]]\nat = \"9s\"\nleave = \"4%\"\n",
    ));
    for row in [
        "join 30% of the subscribers (9) at 1s\n",
        "leave 50% of the subscribers (15) at 2s for 1s\n",
        "leave 4% of the subscribers (1) at 9s for good\n",
    ] {
        assert!(summary.contains(&format!("  fault     {row}")), "{summary}");
    }
}

#[test]
fn shares_that_do_not_hold_together() {
    let faults =
        |all: &[&str]| -> String { all.iter().map(|fault| format!("[[fault]]\n{fault}\n")).collect() };
    let (join, leave) = ("at = \"1s\"\njoin", "at = \"5s\"\nfor = \"2s\"\nleave");
    refused(
        &faults(&[&format!("{join} = \"60%\""), &format!("{join} = ¦\"40%\"")]),
        "`join 40% of the subscribers` leaves nobody who is there from the beginning",
        "let all that join be less than all",
    );
    refused(
        &faults(&[&format!("{leave} = ¦\"80%\""), &format!("{join} = \"30%\"")]),
        "`leave 80% of the subscribers` is 24 of 30 subscribers, and 9 of them join",
        "who joins does not leave: lower one of the shares",
    );
    let overlap = "let them come back first";
    refused(
        &faults(&[&format!("{leave} = \"20%\""), "at = ¦\"6s\"\nleave = \"20%\""]),
        "`leave 20% of the subscribers` at 6s begins while others are away until 7s (s.toml:4:9)",
        overlap,
    );
    refused(
        &faults(&["at = \"1s\"\nleave = \"20%\"", "at = ¦\"6s\"\nleave = \"20%\""]),
        "`leave 20% of the subscribers` at 6s begins while others are away for good (s.toml:3:9)",
        overlap,
    );
    // Joins meet nobody; a leave after another is back, and beside a killed node, is fine.
    succeeded(&check(&faults(&[
        &format!("{join} = \"20%\""),
        &format!("{join} = \"20%\""),
        &format!("{leave} = \"60%\""),
        "at = \"8s\"\nleave = \"60%\"",
        "at = \"5s\"\nfor = \"2s\"\nkill = \"node *\"",
    ])));
}

#[test]
fn faults_that_do_not_hold_together() {
    // Their names and their order are held where the list is.
    let (last, others) = ACTIONS.split_last().unwrap();
    let actions = format!("the actions are `{}` and `{last}`", others.join("`, `"));
    refused(
        "[load]\n\n¦[[fault]]\nat = \"1s\"\n",
        "a [[fault]] needs an action",
        &format!("{actions}, such as kill = \"broker\""),
    );
    refused(
        "[[fault]]\nat = \"1s\"\nkill = \"node 0\"\n¦pause = \"node 1\"\n",
        "one [[fault]] cannot `kill` and `pause`",
        "give each action a [[fault]] of its own; they may overlap",
    );
    refused(
        "[[fault]]\nat = \"1s\"\nkill = \"node 0\"\n\n¦[[fault]]\nkill = \"node 1\"\n",
        "a [[fault]] needs `at`",
        "at = \"5s\" is five seconds after the measured load began",
    );
}

#[test]
fn faults_past_the_end() {
    let hint = "lengthen `duration`, or let the fault be earlier";
    refused(
        "[[fault]]\nat = ¦\"20s\"\nkill = \"broker\"\n",
        "`kill broker` begins at 20s, past the end of the load at 20s",
        hint,
    );
    refused(
        "[[fault]]\nat = \"15s\"\nfor = ¦\"5001ms\"\nkill = \"broker\"\n",
        "`kill broker` ends at 20s 1ms, past the end of the load at 20s",
        hint,
    );
    succeeded(&check("[[fault]]\nat = \"15s\"\nfor = \"5s\"\nkill = \"broker\"\n"));
}

#[test]
fn contradictory_faults() {
    let hint = "let the first be healed before the second strikes";
    let two = |first: &str, second: &str| format!("[[fault]]\n{first}\n[[fault]]\n{second}\n");
    refused(
        &two("at = \"5s\"\nfor = \"5s\"\nkill = \"broker\"", "at = ¦\"7s\"\nkill = \"broker\""),
        "`kill broker` at 7s strikes what is killed until 10s (s.toml:4:8)",
        hint,
    );
    refused(
        &two("at = ¦\"10s\"\npause = \"node 1\"", "at = \"5s\"\nfor = \"5s\"\nstop = \"node *\""),
        "`pause node 1` at 10s strikes what is stopped until 10s (s.toml:7:8)",
        hint,
    );
    refused(
        &two("at = \"1s\"\npause = \"node 1\"", "at = ¦\"9s\"\nfor = \"1s\"\nkill = \"node 1\""),
        "`kill node 1` at 9s strikes what is paused for good (s.toml:3:9)",
        hint,
    );
    succeeded(&check(&two(
        "at = \"5s\"\nfor = \"5s\"\nkill = \"node 0\"",
        "at = \"6s\"\nfor = \"1s\"\nkill = \"node 1\"",
    )));
    succeeded(&check(&two(
        "at = \"5s\"\nfor = \"1s\"\nkill = \"node 0\"",
        "at = \"7s\"\nfor = \"1s\"\nkill = \"node 0\"",
    )));
}

#[test]
fn repetition_and_chance() {
    let fault = |lines: &str| format!("[[fault]]\n{lines}\n");
    refused(
        &fault("at = \"1s\"\n¦times = 3\nkill = \"node 0\""),
        "`times` needs `every`",
        "every = \"5s\" is the time from one strike to the next",
    );
    refused(
        &fault("at = \"1s\"\n¦between = [\"1s\", \"2s\"]\nkill = \"node 0\""),
        "one [[fault]] cannot have `at` and `between`",
        "`at` is a moment, `between` lets the seed choose one",
    );
    refused(
        &fault("between = ¦[\"3s\", \"2s\"]\nkill = \"node 0\""),
        "`between` must be two durations, the earlier first",
        "write two durations such as [\"3s\", \"8s\"]",
    );
    refused(
        &fault("at = \"1s\"\nevery = \"4s\"\ntimes = ¦6\nfor = \"1s\"\nkill = \"node 0\""),
        "`kill node 0` begins at 21s, past the end of the load at 20s",
        "lengthen `duration`, or let the fault be earlier",
    );
    // It would strike again before it is healed; whichever node is drawn, it may be the same one.
    refused(
        &fault("at = ¦\"1s\"\nevery = \"4s\"\nfor = \"5s\"\nkill = \"node any\""),
        "`kill node any` at 5s strikes what is killed until 6s (s.toml:5:8)",
        "let the first be healed before the second strikes",
    );
    let summary = succeeded(&check(&fault(
        "between = [\"1s\", \"2s\"]\nevery = \"5s\"\nfor = \"1s\"\nkill = \"node any\"",
    )));
    let row = "  fault     kill node any between 1s and 2s, 4 times every 5s for 1s\n";
    assert!(summary.contains(row), "{summary}");
}

#[test]
fn a_fault_for_some_patterns() {
    let summary = succeeded(&check(
        "[[fault]]\nat = \"1s\"\nkill = \"broker\"\npatterns = [\"redis\"]\n\
         [[fault]]\nat = \"1s\"\nkill = \"node 0\"\npatterns = [\"zeromq\"]\n",
    ));
    assert!(
        summary.contains("  pattern   local (not run: no fault of the scenario is for local)\n"),
        "{summary}"
    );
    assert!(summary.contains("  pattern   redis\n  pattern   zeromq\n"), "{summary}");
    refused(
        "[[fault]]\nat = \"1s\"\nkill = \"broker\"\npatterns = ¦[\"zeromq\"]\n",
        "`kill broker` strikes what none of its own `patterns` has",
        &those_with_a_broker("have a broker"),
    );
    refused(
        "patterns = [\"redis\", \"zeromq\"]\n[[fault]]\nat = \"1s\"\nkill = \"node 1\"\npatterns = ¦[\"amqp\"]\n",
        "`kill node 1` is for `amqp` alone, and the scenario runs `redis` and `zeromq`",
        "let the fault's `patterns` name some of `redis` and `zeromq`, or the scenario's `amqp` too",
    );
}
