//! The table, character by character: it is for eyes, so look at it.

use super::super::sample::*;
use super::*;
use ledger::Verdict;

fn of(runs: Vec<RunReport>, width: usize) -> String {
    format!("\n{}", table(&report(runs), width))
}

fn four() -> Vec<RunReport> {
    vec![local(), redis(), not_applicable(), amqp()]
}

fn five() -> Vec<RunReport> {
    four().into_iter().chain([RunReport { outcomes: vec![outcome("lost = 0", true)], ..redis() }]).collect()
}

#[test]
fn many_runs_have_a_row_each_on_a_wide_terminal() {
    let expected = "
                                 un-             on  deliv-  recov-          of it   of it  dupli-  reor-     p50       p99     max  impact  recov-
         sent  acked  refused  known    owed   time    ered    ered    lost  conf.  handed   cates  dered      ms        ms      ms      ms  ery ms     met          verdict
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
local   2,000  2,000        0      0  60,000  33.3%  20,000       0  40,000      0  40,000       0      0    0.35       1.2     5.1       -       -       -  no expectations
redis   2,000  1,497      503      0  60,000  74.8%  44,910       0  15,090      0       0       0      0  (0.35)     (1.2)     5.1   5,012     212       -  no expectations
zeromq      -      -        -      -       -      -       -       -       -      -       -       -      -       -         -       -       -       -       -          not run
amqp    2,000  2,000        0      0  60,000  43.1%  59,400     600       0      0       0      12      0   (2.2)  (11,480)  12,100  12,600   7,480       -  no expectations
redis   2,000  1,497      503      0  60,000  74.8%  44,910       0  15,090      0       0       0      0  (0.35)     (1.2)     5.1   5,012     212  1 of 1      as expected
";
    assert_eq!(of(five(), 190), expected);
}

#[test]
fn many_runs_still_have_a_row_each_in_130_columns() {
    let expected = "
                     re-   un-           on deliv-  re-        of it  of it       reor-    p50      p99    max   imp. recov.
        sent acked fused known   owed  time   ered cov.   lost conf.  hand. dupl. dered     ms       ms     ms     ms     ms    met         verdict
───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
local  2,000 2,000     0     0 60,000 33.3% 20,000    0 40,000     0 40,000     0     0   0.35      1.2    5.1      -      -      - no expectations
redis  2,000 1,497   503     0 60,000 74.8% 44,910    0 15,090     0      0     0     0 (0.35)    (1.2)    5.1  5,012    212      - no expectations
zeromq     -     -     -     -      -     -      -    -      -     -      -     -     -      -        -      -      -      -      -         not run
amqp   2,000 2,000     0     0 60,000 43.1% 59,400  600      0     0      0    12     0  (2.2) (11,480) 12,100 12,600  7,480      - no expectations
redis  2,000 1,497   503     0 60,000 74.8% 44,910    0 15,090     0      0     0     0 (0.35)    (1.2)    5.1  5,012    212 1 of 1     as expected
";
    assert_eq!(of(five(), 150), expected);
}

#[test]
fn a_few_runs_have_a_column_each_however_wide_the_terminal() {
    let expected = "
                          local         redis   zeromq          amqp
────────────────────────────────────────────────────────────────────
sent                      2,000         2,000        -         2,000
acked                     2,000         1,497        -         2,000
refused                       0           503        -             0
unknown                       0             0        -             0
owed                     60,000        60,000        -        60,000
on time                   33.3%         74.8%        -         43.1%
delivered                20,000        44,910        -        59,400
recovered                     0             0        -           600
lost                     40,000        15,090        -             0
  of it confirmed             0             0        -             0
  of it handed           40,000             0        -             0
duplicates                    0             0        -            12
reordered                     0             0        -             0
steady p50 (ms)            0.35        (0.35)        -         (2.2)
steady p99 (ms)             1.2         (1.2)        -      (11,480)
longest (ms)                5.1           5.1        -        12,100
impact (ms)                   -         5,012        -        12,600
recovery (ms)                 -           212        -         7,480
verdict                      no            no  not run            no
                   expectations  expectations           expectations
";
    assert_eq!(of(four(), 80), expected);
    assert_eq!(of(four(), 300), expected);
    let many = of(five(), 130);
    assert!(many.contains("\nsent "), "one column short of a row a run: {many}");
}

#[test]
fn what_does_not_fit_side_by_side_stands_below() {
    let table = of(four(), 45);
    assert!(table.lines().all(|line| line.chars().count() <= 45), "{table}");
    let names: Vec<_> =
        table.lines().filter(|line| line.starts_with(' ') && !line.contains("of it")).collect();
    let names: Vec<Vec<_>> = names.iter().map(|line| line.split_whitespace().collect()).collect();
    let names: Vec<_> = names.into_iter().filter(|names| names[0] != "expectations").collect();
    assert_eq!(names, [vec!["local", "redis"], vec!["zeromq", "amqp"]]);
    // The width is too small for even one run: the table is as narrow as it gets.
    assert_eq!(table.matches("verdict").count(), 2);
    assert_eq!(of(four(), 3).matches("verdict").count(), 4);
}

#[test]
fn on_time_stands_before_any_latency_and_what_the_harness_limited_is_an_interval() {
    let mut limited = redis();
    (limited.harness_limited, limited.verdict) = (true, Verdict::Inconclusive);
    let table = of(vec![limited], 80);
    let line = |name: &str| table.lines().position(|line| line.starts_with(name)).unwrap();
    assert!(line("on time") < line("steady p50"));
    for limited in ["(0.34-0.35)", "(1.2)", "5.0-5.1", "inconclusive"] {
        assert!(table.contains(limited), "{table}");
    }
    assert!(!table.contains('*'), "{table}");
}

#[test]
fn a_run_that_delivered_nothing_has_no_latency() {
    let silent = run_with(|run| run.latency_us = None);
    let table = of(vec![silent], 80);
    let last = |name: &str| {
        table.lines().find(|line| line.starts_with(name)).and_then(|line| line.split(' ').next_back())
    };
    assert_eq!([last("steady p50"), last("longest"), last("sent")], [Some("-"), Some("-"), Some("2,000")]);
}

#[test]
fn what_was_never_sent_has_a_row_where_there_is_any() {
    let unsent = run_with(|run| {
        let messages = run.messages.as_mut().unwrap();
        (messages.sent, messages.unsent, messages.acked) = (1_960, 40, 1_960);
    });
    let narrow = of(vec![unsent.clone(), amqp()], 80);
    assert!(narrow.contains("\nunsent                       40             0\n"), "{narrow}");
    let wide = of(vec![unsent; 5], 170);
    let lines: Vec<_> = wide.lines().skip(1).collect();
    assert!(lines[1].trim_start().starts_with("sent  unsent  acked"), "{wide}");
    assert!(lines[3].starts_with("redis  1,960      40  1,960"), "{wide}");
    assert!(!of(four(), 80).contains("unsent"));
}
