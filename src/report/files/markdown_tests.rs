//! The file as a whole.

use super::super::super::sample::*;
use super::*;
use crate::PlannedFault;
use ledger::{Outcome, Verdict};

#[test]
fn the_page_says_what_a_reviewer_asks() {
    let mut run = redis();
    (run.label, run.verdict) = ("a|<b>".into(), Verdict::Violated);
    run.outcomes = vec![Outcome {
        expectation: "lost = 0".into(),
        figure: "lost".into(),
        value: Some(15_090.0),
        met: false,
        why: Some("lost is 15090, expected 0".into()),
        from_ms: None,
        to_ms: None,
    }];
    let page = markdown(&report(vec![run, not_applicable()]));
    for part in [
        "## pubsub-lab: broker-down\n",
        "- **violated (1 of 1 not met)** a\\|&lt;b&gt;: lost 15,090 of 60,000 deliveries (25.2%). 503 of 2,000 messages",
        "|  | a\\|&lt;b&gt; | zeromq |",
        "| refused | 503 | - |",
        "| a\\|&lt;b&gt; | kill broker | 5.0 s | 10.0 s | 10.0 s |",
        "- a\\|&lt;b&gt;: `lost = 0`: lost is 15090, expected 0\n",
        "2 cores, 7859 MiB, linux x86_64. redis 7.0.15. Seed 42.",
        "pubsub-lab bench --scenario scenario.toml --seed 42",
        "<details>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("<b>"), "{page}");
    let header = page.lines().find(|line| line.starts_with("|  | a")).unwrap();
    let row = page.lines().find(|line| line.starts_with("| sent")).unwrap();
    assert_eq!(header.matches(" | ").count(), row.matches(" | ").count());
}

#[test]
fn an_interruption_is_no_fault_for_good() {
    let mut run = redis();
    run.faults = vec![fault("kill = 'broker'", 5_000, None)];
    let page = |run: &RunReport| markdown(&report(vec![run.clone()]));
    assert!(page(&run).contains("| kill broker | 5.0 s | never | never |"), "{}", page(&run));
    run.partial = true;
    assert!(page(&run).contains("| kill broker | 5.0 s | never | never |"), "{}", page(&run));
    run.faults = vec![fault("kill = 'broker'\nfor = '5s'", 5_000, None)];
    assert!(page(&run).contains("| kill broker | 5.0 s | not yet | not yet |"), "{}", page(&run));
    run.partial = false;
    assert!(page(&run).contains("| kill broker | 5.0 s | never | never |"), "{}", page(&run));
}

#[test]
fn an_interruption_is_no_fault_for_good_in_an_older_report() {
    let mut run = redis();
    run.partial = true;
    run.faults = vec![untold("kill broker", 5_000, None)];
    let planned = |what: &str, heal_ms| PlannedFault { what: what.into(), at_ms: 5_000, heal_ms };
    let at = |at_ms, heal_ms| PlannedFault { at_ms, ..planned("kill broker", heal_ms) };
    let page = |schedule| {
        let mut run = run.clone();
        run.schedule = schedule;
        markdown(&report(vec![run]))
    };
    for (schedule, not) in [
        (vec![planned("kill broker", Some(10_000))], "not yet"),
        (vec![planned("kill broker", None)], "never"),
        (vec![planned("kill node 1", Some(10_000))], "never"),
        (vec![at(1_000, Some(2_000)), planned("kill broker", None), at(9_000, Some(9_500))], "never"),
        (vec![at(1_000, None), planned("kill broker", Some(10_000)), at(9_000, None)], "not yet"),
    ] {
        let page = page(schedule);
        assert!(page.contains(&format!("| kill broker | 5.0 s | {not} | {not} |")), "{page}");
    }
}

#[test]
fn two_equal_faults_are_two() {
    let mut run = redis();
    run.partial = true;
    run.faults = vec![
        fault("kill = 'node 1'\nfor = '1s'", 1_000, Some(2_000)),
        fault("kill = 'node 1'", 5_000, None),
        fault("kill = 'node 1'\nfor = '9s'", 6_000, None),
    ];
    let page = markdown(&report(vec![run]));
    for row in [
        "| kill node 1 | 1.0 s | 2.0 s | 2.0 s |",
        "| kill node 1 | 5.0 s | never | never |",
        "| kill node 1 | 6.0 s | not yet | not yet |",
    ] {
        assert!(page.contains(row), "{row}: {page}");
    }
}
