//! A mistyped word gets the nearest one in the hint.

use super::{run, text};

#[track_caller]
fn hinted(args: &[&str], error: &str, hint: &str) {
    let output = run(args);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(text(&output.stdout), "");
    assert!(said.starts_with(&format!("error: {error}")), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with(&format!("hint: {hint}")), "{said}");
}

#[test]
fn a_scenario() {
    let error = "no scenario is called `broker-dwon`";
    for args in [&["bench", "--scenario", "broker-dwon"][..], &["scenarios", "show", "broker-dwon"]] {
        hinted(args, error, "did you mean `broker-down`? ");
    }
}

#[test]
fn a_pattern() {
    hinted(&["run", "rediss"], "invalid value 'rediss' for '<PATTERN>'", "did you mean `redis`? ");
    hinted(&["node", "zeromp"], "invalid value 'zeromp' for '<PATTERN>'", "did you mean `zeromq`? ");
    let bench = |pattern| ["bench", "--scenario", "steady", "--pattern", pattern];
    hinted(&bench("rediss"), "--pattern rediss: no such pattern", "did you mean `redis`? ");
    hinted(&bench("redis,zeromp"), "--pattern zeromp: no such pattern", "did you mean `zeromq`? ");
    hinted(&bench("kafka"), "--pattern kafka: no such pattern", "give patterns separated by commas");
}

#[test]
fn a_subcommand_and_a_flag() {
    hinted(&["bnech"], "unrecognized subcommand 'bnech'", "did you mean `bench`? ");
    // Of several that are near it is the nearest.
    hinted(&["nod"], "unrecognized subcommand 'nod'", "did you mean `node`? ");
    hinted(&["doctro"], "unrecognized subcommand 'doctro'", "did you mean `doctor`? ");
    let help = "did you mean `--scenario`? Else see `pubsub-lab bench --help`";
    hinted(&["bench", "--scenaro", "steady"], "unexpected argument '--scenaro' found", help);
    hinted(
        &["bench"],
        "the following required arguments were not provided:",
        "`pubsub-lab scenarios` lists them: `--scenario steady` is one. Else see `pubsub-lab bench --help`",
    );
    hinted(
        &["doctor", "--format", "jsn"],
        "invalid value 'jsn' for '--format <FORMAT>'",
        "did you mean `json`? ",
    );
    hinted(&["xyzzy"], "unrecognized subcommand 'xyzzy'", "see `pubsub-lab --help`");
}

#[test]
fn a_product_leads_to_its_pattern() {
    let run = |word, pattern| {
        let hint = format!("did you mean `{pattern}`? Else see `pubsub-lab run --help`");
        hinted(&["run", word], &format!("invalid value '{word}' for '<PATTERN>'"), &hint);
        let hint = format!("did you mean `{pattern}`? ");
        hinted(&["bench", "-s", "steady", "-p", word], &format!("--pattern {word}: no such pattern"), &hint);
    };
    for (word, pattern) in [("rabbitmq", "amqp"), ("rabbit", "amqp"), ("zmq", "zeromq"), ("RabbitMQ", "amqp")]
    {
        run(word, pattern);
    }
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("my.toml");
    std::fs::write(&file, "title = \"x\"\npatterns = [\"rabbitmq\"]\n").unwrap();
    let output = super::run(&["scenarios", "check", file.to_str().unwrap()]);
    assert!(text(&output.stderr).contains("\nhint: did you mean `amqp`?"), "{}", text(&output.stderr));
}

#[test]
fn a_wrong_value_leads_to_the_help_of_its_command() {
    for (args, command) in [
        (&["run", "kafka"][..], "run"),
        (&["-q", "run", "redis", "--nodes", "0"], "run"),
        (&["bench", "-s", "steady", "--runs", "many"], "bench"),
        (&["doctor", "--format", "sculpture"], "doctor"),
    ] {
        hinted(args, "invalid value ", &format!("see `pubsub-lab {command} --help`"));
    }
}

#[test]
fn no_word_at_all_shows_the_help() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Usage: pubsub-lab"));
}
