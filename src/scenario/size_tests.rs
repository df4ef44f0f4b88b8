//! How large a run may be: its messages, with what a surge adds, and its deliveries.

use super::*;

const SMALLER: &str = "lower `rate`, shorten `duration`, or take fewer `subscribers` a room";

fn is_taken(text: &str) -> bool {
    overridden(text, &[]).is_ok()
}

/// A load of three seconds at this rate, with these faults.
fn surging(rate: &str, faults: &[&str]) -> String {
    let faults: String = faults.iter().map(|fault| format!("[[fault]]\n{fault}\n")).collect();
    format!("[load]\nduration = \"3s\"\nrate = {rate}\n{faults}")
}

#[track_caller]
fn too_many(text: &str, messages: u64) {
    let what = format!("{messages} messages are more than one run can hold (20000000)");
    refused_at(text, &what, SMALLER);
}

#[test]
fn a_run_holds_twenty_million_messages_and_no_more() {
    // The load sends a million messages per second for twenty seconds.
    assert!(is_taken("[load]\nrate = 1e6\n"));
    too_many("[load]\nrate = ¦1e6\nduration = \"20001ms\"\n", 20_001_000);
    too_many("[load]\nduration = \"20001ms\"\n[matrix]\nrate = [¦1000000]\n", 20_001_000);
}

#[test]
fn a_run_counts_two_thousand_million_deliveries_and_no_more() {
    // The load sends 200,000 messages, each to a fifth of 50,000 subscribers.
    assert!(is_taken("[load]\nrate = 1e4\nsubscribers = 50_000\nrooms = 5\n"));
    refused_at(
        "[load]\nrate = ¦1e4\nsubscribers = 50_000\nrooms = 4\n",
        "2500000000 deliveries are more than one run can count (2000000000)",
        SMALLER,
    );
}

#[test]
fn surges_count_as_often_as_they_are_more() {
    // The load sends 300 messages by itself; in one of its three seconds both surges hold, which makes 2,000 times
    // 1,000 times as many.
    let both = ["at = \"1s\"\nfor = \"1s\"\nsurge = 2000", "at = \"1s\"\nfor = \"1s\"\nsurge = 1000"];
    too_many(&surging("¦100", &both), 200_000_200);
    assert!(is_taken(&surging("100", &both[..1])));
    // In the first and the third second the rate is ten thousand times as high, in the second it is the load's own.
    let apart = ["at = \"0s\"\nfor = \"1s\"\nsurge = 10_000", "at = \"2s\"\nfor = \"1s\"\nsurge = 10_000"];
    too_many(&surging("¦1001", &apart), 20_021_001);
}

#[test]
fn a_surge_that_is_less_takes_nothing_off() {
    let both = ["at = \"0s\"\nfor = \"3s\"\nsurge = 0.5", "at = \"0s\"\nfor = \"3s\"\nsurge = 10"];
    too_many(&surging("¦1e6", &both), 30_000_000);
}

#[test]
fn where_the_seed_chooses_the_moment_of_a_surge_all_of_the_time_counts() {
    // The surge begins somewhere from 0.5 s on and is over at 2 s: 1.5 s count at twenty times the rate, 1.5 s at the
    // rate.
    let fault = "between = [\"500ms\", \"1s\"]\nfor = \"1s\"\nsurge = 20";
    too_many(&surging("¦1e6", &[fault]), 31_500_000);
}
