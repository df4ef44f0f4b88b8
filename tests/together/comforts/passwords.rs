//! No password of a broker is shown, and none need stand where `ps` shows it.

use super::{pubsub_lab, text};
use crate::support::ports::Port;

#[test]
fn a_password_in_a_parameter_is_not_shown() {
    let socket = "unix:///nowhere.sock?db=1&pass=s3@cret";
    for (args, shown) in [
        (&["run", "redis", "--broker", socket][..], "unix:///nowhere.sock?***"),
        (
            &["bench", "-s", "steady", "-p", "redis", "--broker", socket, "--out", "out"],
            "unix:///nowhere.sock?***",
        ),
        (&["node", "redis", "--broker", "http://me:s3?@cret@host"], "http://***"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let output = pubsub_lab(args).current_dir(place.path()).output().unwrap();
        let said = text(&output.stderr) + &text(&output.stdout);
        assert!(said.contains(shown) && !said.contains("cret"), "{args:?}: {said}");
    }
}

#[test]
fn the_broker_may_come_from_the_environment() {
    let port = Port::free();
    let nobody = format!("redis://:s3cret@127.0.0.1:{}", port.number());
    for args in [&["run", "redis"][..], &["bench", "-s", "steady", "-p", "redis,local", "--out", "out"]] {
        let place = tempfile::tempdir().unwrap();
        let mut command = pubsub_lab(args);
        let output = command.current_dir(place.path()).env("PUBSUB_LAB_BROKER", &nobody).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains("the broker at redis://***@127.0.0.1:") && !said.contains("s3cret"), "{said}");
        assert!(said.contains(", from PUBSUB_LAB_BROKER\n"), "{said}");
    }
}

#[test]
fn a_variable_for_another_product_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let mut command =
        pubsub_lab(&["-q", "bench", "-s", "steady", "-p", "local", "--duration", "1s", "--out", "out"]);
    command.current_dir(place.path()).env("PUBSUB_LAB_BROKER", "amqp://me:s3cret@nowhere");
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}
