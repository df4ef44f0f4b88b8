//! A RabbitMQ that cannot be had, or does not start: the user is told why.

use std::time::Duration;

use pubsub_lab::lab::product::rabbitmq;

use super::BOOT;
use super::lab::Lab;

#[test]
fn a_rabbitmq_that_does_not_start_says_why() {
    // One that is none.
    let mut lab = Lab::with_server("#!/bin/sh\necho no such luck >&2; exit 3\n");
    assert_eq!(lab.exit_code(), Some(4));
    lab.running.err_line("error: rabbitmq ended before it was ready: exit code 3");
    lab.running.err_line("  | no such luck");
    lab.assert_nothing_left(&[], Duration::ZERO);
    // A real one with a broken configuration.
    let server = rabbitmq::PROGRAM.find().unwrap().expect("these tests need RabbitMQ; see `make setup`");
    let script = format!(
        "#!/bin/sh\necho 'listeners.tcp.1 = nowhere' > \"$RABBITMQ_CONFIG_FILE\"\nexec '{}'\n",
        server.display()
    );
    let mut lab = Lab::with_server(&script);
    assert_eq!(lab.running.ended_within(BOOT).code(), Some(4));
    lab.running.err_line("error: rabbitmq ended before it was ready: exit code 1");
    lab.running.err_line("  | \"nowhere\" cannot be converted");
    let words = lab.running.err().iter().filter(|line| line.starts_with("  | ")).count();
    assert_eq!(words, 1, "{}", lab.running.everything());
    lab.assert_nothing_left(&[], Duration::ZERO);
}

#[test]
fn without_a_rabbitmq_there_is_an_install_line() {
    let empty = tempfile::tempdir().unwrap();
    let mut lab = Lab::with(&[], |command| {
        command.env("PATH", empty.path()).env("PUBSUB_LAB_RABBITMQ_SERVER", "");
    });
    assert_eq!(lab.exit_code(), Some(4));
    let err = lab.running.everything();
    assert!(err.contains("error: the pattern amqp needs a RabbitMQ server"), "{err}");
    assert!(err.contains("hint: install ") && err.contains("--broker amqp://"), "{err}");
    assert!(
        err.contains("apt-get install rabbitmq-server") || err.contains("brew install rabbitmq"),
        "{err}"
    );
    lab.assert_nothing_left(&[], Duration::ZERO);

    let mut lab = Lab::with(&[], |command| {
        command.env("PUBSUB_LAB_RABBITMQ_SERVER", "/nonexistent/rabbitmq");
    });
    assert_eq!(lab.exit_code(), Some(4));
    lab.running
        .err_line("error: PUBSUB_LAB_RABBITMQ_SERVER is /nonexistent/rabbitmq, which is not a program");
}
