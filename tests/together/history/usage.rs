//! Wrong inputs: one sentence, a hint, and nothing is harmed.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use super::place;
use crate::support::history::{PATIENCE, Place, ids};
use crate::support::process::{Running, program, pubsub_lab};

/// A broker that is not needed: nothing listens there.
const NOWHERE: &str = "amqp://user:secret@127.0.0.1:9";

/// A service that ends by itself: its exit code and what it said.
fn run(place: &Place, flags: &[&str]) -> (i32, Running) {
    let mut command = Command::new(program());
    command.args(place.args(flags));
    ended(command)
}

fn ended(command: Command) -> (i32, Running) {
    let mut running = Running::start(command);
    (running.ended_within(PATIENCE).code().unwrap(), running)
}

/// The exit code and the two lines.
fn refused((code, running): (i32, Running)) -> (i32, String, String) {
    assert!(running.out().is_empty(), "{}", running.everything());
    match &running.err()[..] {
        [error, hint] if error.starts_with("error: ") && hint.starts_with("hint: ") => {
            (code, error.clone(), hint.clone())
        }
        _ => panic!("{}", running.everything()),
    }
}

#[test]
fn a_file_that_is_something_else_is_left_alone() {
    let place = Place::new(NOWHERE.into());
    fs::create_dir_all(&place.db).unwrap();
    let (code, error, hint) = refused(run(&place, &[]));
    assert_eq!(code, 2);
    assert!(error.contains("is a directory") && hint.contains("--db"), "{error}\n{hint}");
    fs::remove_dir(&place.db).unwrap();
    let long = "no database\n".repeat(1_000);
    for text in ["x", "hello, I am a letter", &long] {
        fs::write(&place.db, text).unwrap();
        let (code, error, _) = refused(run(&place, &[]));
        assert_eq!(code, 2);
        assert!(error.contains("is no SQLite database"), "{error}");
        assert_eq!(fs::read_to_string(&place.db).unwrap(), text);
    }
    fs::remove_file(&place.db).unwrap();
    place.sqlite().execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").unwrap();
    let before = fs::read(&place.db).unwrap();
    let (code, error, _) = refused(run(&place, &[]));
    assert_eq!(code, 2);
    assert!(error.contains("another program"), "{error}");
    assert_eq!(fs::read(&place.db).unwrap(), before);
    assert_eq!(fs::read_dir(place.db.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let place = place();
    let publisher = place.publisher().await;
    let mut history = place.start(&[]);
    publisher.say("r", &ids("m", 0..3)).await;
    publisher.fenced(&history).await;
    history.running.signal(nix::sys::signal::Signal::SIGTERM);
    history.running.ended_within(std::time::Duration::from_secs(3));
    let sqlite = place.sqlite();
    sqlite.execute_batch("PRAGMA user_version = 2").unwrap();
    let (code, error, hint) = refused(run(&place, &[]));
    assert_eq!(code, 2);
    assert!(error.contains("has schema 2, this version reads schema 1"), "{error}");
    assert!(hint.contains("--db"), "{hint}");
    sqlite.execute_batch("PRAGMA user_version = 1").unwrap();
    let history = place.start(&[]);
    history.holds("r", &ids("m", 0..3)).await;
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new(NOWHERE.into());
    let db = place.db.display().to_string();
    let command = pubsub_lab(&["history", "--listen", &address, "--db", &db]);
    let (code, error, hint) = refused(ended(command));
    assert_eq!(code, 4);
    assert!(error.contains(&address) && hint.contains("--listen"), "{error}\n{hint}");
    assert!(!place.db.exists());
}

#[test]
fn a_url_that_is_none_is_named_without_its_password() {
    for (url, part) in [
        (
            "http://user:secret@host",
            "`http://***@host` is not the URL of a RabbitMQ: it does not begin with `amqp://`",
        ),
        ("nonsense", "`nonsense` is not the URL"),
        ("amqps://user:secret@host", "TLS"),
    ] {
        let place = Place::new(url.into());
        let (code, error, hint) = refused(run(&place, &[]));
        assert_eq!(code, 2);
        assert!(error.contains(part) && !error.contains("secret"), "{error}");
        assert!(hint.contains("amqp://"), "{hint}");
        assert!(!place.db.exists());
    }
}

#[test]
fn a_namespace_that_is_none_for_a_node_is_none_here() {
    for (namespace, part) in [
        ("", "`` is no namespace: it is empty"),
        ("amq.chat", "`amq.chat` is no namespace: names that begin with `amq.` are RabbitMQ's own"),
        ("a\tb", "`a\\tb` is no namespace: it has control characters"),
        (&"x".repeat(201), "x` is no namespace: it is too long"),
    ] {
        let mut place = Place::new(NOWHERE.into());
        place.namespace = namespace.into();
        let (code, error, hint) = refused(run(&place, &[]));
        assert_eq!(code, 2);
        assert!(error.ends_with(part), "{error}");
        assert!(hint.contains("--namespace") && hint.contains("1 to 200 bytes"), "{hint}");
        assert!(!place.db.exists());
    }
}

#[tokio::test]
async fn the_longest_namespace_and_a_url_that_ends_in_a_slash_are_taken() {
    let mut place = place();
    place.namespace = format!("{:x<200}", place.namespace);
    let publisher = place.publisher().await;
    place.url.push('/');
    let history = place.start(&[]);
    publisher.say("r", &ids("m", 0..3)).await;
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 0..3)).await;
}

#[test]
fn bounds_that_are_none_are_refused() {
    let place = Place::new(NOWHERE.into());
    for wrong in ["0", "0s", "many", "-3"] {
        let (code, running) = run(&place, &[&format!("--keep={wrong}")]);
        assert_eq!(code, 2, "{wrong}");
        assert!(running.err().join("\n").contains("--keep"), "{}", running.everything());
    }
}

#[tokio::test]
async fn without_a_broker_it_lives_says_why_and_answers() {
    let place = Place::new(NOWHERE.into());
    let history = place.start(&[]);
    history.ready_says("RabbitMQ at amqp://***@127.0.0.1:9 cannot be reached").await;
    assert_eq!(history.get("/healthz").await.status, 200);
    assert_eq!(history.messages("/rooms/r/messages").await, (vec![], false));
    let said = history.running.err().join("\n");
    assert!(!said.contains("secret"), "{said}");
}

#[tokio::test]
async fn wrong_credentials_and_a_queue_of_another_kind_are_named() {
    let mut place = place();
    let publisher = place.publisher().await;
    publisher.delete_queue().await;
    publisher.declare_another_queue().await;
    let history = place.start(&[]);
    history.ready_says("refuses").await;
    history.ready_says("x-max-length").await;
    place.url = place.url.replace("://", "://nobody:secret@");
    let history = place.start(&[]);
    history.ready_says("refuses").await;
    assert!(!history.get("/readyz").await.body.contains("secret"));
}

#[test]
fn the_help_tells_what_it_is() {
    let help = ended(pubsub_lab(&["history", "--help"])).1.out().join("\n");
    for part in [
        "--keep",
        "--db",
        "--listen",
        "--namespace",
        "PREFIX.history",
        "Examples:",
        "pubsub-lab history --db",
    ] {
        assert!(help.contains(part), "{part}\n{help}");
    }
}
