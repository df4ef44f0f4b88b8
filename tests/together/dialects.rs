//! The load generator against servers that are not ours, each with a framing of its own: what is sent, what is
//! read, what is counted.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::time::Duration;

use pubsub_lab::ledger::{Debts, Harness, Messages, Plan, Settled};
use pubsub_lab::load::{Dialect, LoadGenerator, Settings, Template, detect};
use tokio::time::timeout;

use crate::support::chat::{ChatServer, Manners};
use crate::support::load::{self, eventually, plan, until};
use crate::support::node::Node;
use crate::support::ports::Port;

const SECOND: Duration = Duration::from_secs(1);

fn settings(server: &ChatServer, dialect: Dialect, plan: Plan) -> Settings {
    load::settings(server.urls(), dialect, plan)
}

fn template(text: &str) -> Dialect {
    Dialect::Template(Template::parse("chat.toml", text).unwrap())
}

/// Of a run of [`plan`] without answers in which so many debts are lost. How many are on time is the machine's:
/// [`measure`] compares it with the latencies.
fn unanswered(lost: u64) -> (Messages, Debts) {
    let messages = Messages { due: 120, sent: 120, unknown: 120, ..Messages::default() };
    let delivered = 360 - lost;
    let (lost_unknown, lost_online, lost_silent) = (lost, lost, lost);
    (
        messages,
        Debts { owed: 360, delivered, lost, lost_unknown, lost_online, lost_silent, ..Debts::default() },
    )
}

/// Runs the whole load, and waits until the ledger holds exactly these counts.
async fn measure(
    server: &ChatServer,
    dialect: Dialect,
    plan: Plan,
    expected: (Messages, Debts),
) -> (Settled, Harness) {
    let load = LoadGenerator::start(settings(server, dialect, plan)).await.unwrap();
    let probes = if expected.1.delivered == 0 { Duration::from_millis(150) } else { SECOND * 10 };
    load.probe(probes).await;
    load.warm_up().await;
    load.begin();
    load.schedule_ended().await;
    let done = until(&load, |s| (s.messages, Debts { on_time: 0, ..s.debts }) == expected).await;
    assert_eq!(
        (done.counts.duplicates, done.counts.reordered, done.counts.unexpected, done.counts.corrupted),
        (0, 0, 0, 0)
    );
    let punctual = done.latency.count_between(0, 1_000_000);
    assert_eq!(done.debts.on_time_share(), Some(punctual as f64 / done.debts.owed as f64));
    (done, load.finish().await)
}

#[tokio::test]
async fn a_plain_server_is_told_bare_texts_and_found_without_fault() {
    let server = ChatServer::start(2, Manners::default()).await;
    let (done, harness) = measure(&server, Dialect::Plain, plan(2), unanswered(0)).await;
    assert_eq!((done.counts.foreign, done.latency.len(), &*harness.notes), (0, 360, &[][..]));
    assert_eq!(server.offers(), [""; 0], "no subprotocol");
    let heard = server.heard();
    let loads: Vec<_> = heard.iter().filter(|text| text.contains(".load.0.")).collect();
    assert_eq!(loads.len(), 120);
    assert!(heard.iter().all(|text| text.len() == 128 && text.as_bytes()[8] == b'.'), "{heard:?}");
    eventually("all say goodbye", || server.goodbyes() == 4).await;
}

#[tokio::test]
async fn control_what_a_plain_server_loses_is_lost() {
    let server = ChatServer::start(2, Manners { lose: Some(10), ..Manners::default() }).await;
    measure(&server, Dialect::Plain, plan(2), unanswered(36)).await;
}

#[tokio::test]
async fn without_answers_nothing_waits_for_them() {
    let server = ChatServer::start(1, Manners::default()).await;
    let load = LoadGenerator::start(settings(&server, Dialect::Plain, plan(1))).await.unwrap();
    assert!(!load.has_answers());
    load.finish().await;
}

#[tokio::test]
async fn binary_frames_are_read_as_text() {
    let server = ChatServer::start(1, Manners { binary: true, ..Manners::default() }).await;
    measure(&server, Dialect::Plain, plan(1), unanswered(0)).await;
}

#[tokio::test]
async fn a_greeting_is_no_message_and_a_text_of_another_run_is_foreign() {
    let stranger = "0badf00d.load.0.7.00000000 filler";
    let crc = crc32fast::hash(b"0badf00d.load.0.7 filler");
    let stranger = stranger.replace("00000000", &format!("{crc:08x}"));
    let greeting = Some("welcome, stranger".to_owned());
    let manners = Manners { greeting, invent: Some((30, stranger)), ..Manners::default() };
    let server = ChatServer::start(2, manners).await;
    let (done, harness) = measure(&server, Dialect::Plain, plan(2), unanswered(0)).await;
    assert_eq!(done.counts.foreign, 12, "four, at each of three");
    let note = "the server sent 3 frames that are no messages, the first: welcome, stranger";
    let example = format!("the first foreign text: 0badf00d.load.0.7.{crc:08x} filler");
    assert_eq!(harness.notes, [note, &example]);
}

#[tokio::test]
async fn what_stands_before_a_text_is_a_templates_to_say() {
    let manners = Manners { prefix: "Ada: ".to_owned(), ..Manners::default() };
    let server = ChatServer::start(1, manners.clone()).await;
    let dialect = template("publish = '{text}'\nprefix = ': '");
    measure(&server, dialect, plan(1), unanswered(0)).await;
    // Without it nothing is guessed: the run proves nothing, and shows why.
    let server = ChatServer::start(1, manners).await;
    let (done, harness) = measure(&server, Dialect::Plain, plan(1), unanswered(360)).await;
    assert_eq!((done.counts.foreign, done.unverified_paths.len()), (0, 3));
    let problem = &harness.problems[0];
    assert!(problem.contains("cannot be taken apart") && problem.contains("the first: Ada: "), "{problem}");
}

const JSON: &str = r#"
connect = ['{"op":"join","room":"{room}","name":"{name}"}']
publish = '{"op":"say","room":"{room}","id":{id},"text":{text_json}}'
text = "/payload/text"
ready = { pointer = "/op", equals = "joined" }
ack = { pointer = "/op", equals = "ack", id = "/id" }
subprotocol = "chat.v2"
"#;

fn json(doorkeeper: bool) -> Manners {
    Manners { json: true, selects: Some("chat.v2"), doorkeeper, ..Manners::default() }
}

#[tokio::test]
async fn a_server_that_speaks_json_is_spoken_to_by_a_template() {
    let server = ChatServer::start(2, json(false)).await;
    let two_rooms = Plan { publishers: 2, subscribers: 8, rooms: 2, ..plan(2) };
    let messages = Messages { due: 120, sent: 120, acked: 120, ..Messages::default() };
    let debts = Debts { owed: 480, delivered: 480, acked_debts: 480, ..Debts::default() };
    let (done, harness) = measure(&server, template(JSON), two_rooms, (messages, debts)).await;
    assert_eq!((done.counts.foreign, &*harness.notes), (0, &[][..]));
    assert!(server.offers().iter().all(|offer| offer == "chat.v2"));
    let heard = server.heard();
    let of = |part: &str| heard.iter().filter(|frame| frame.contains(part)).count();
    assert_eq!((of(r#""name":"pub-0""#), of(r#""name":"sub-7""#)), (2, 1), "a publisher enters both rooms");
    let join = r#"{"op":"join","room":"room-1","name":"sub-7"}"#;
    assert!(heard.iter().any(|frame| frame == join), "{:?}", &heard[..10]);
}

#[tokio::test]
async fn control_what_such_a_server_loses_though_it_acknowledged_it_is_lost() {
    let server = ChatServer::start(1, Manners { lose: Some(10), ..json(false) }).await;
    let messages = Messages { due: 120, sent: 120, acked: 120, ..Messages::default() };
    let (_, mut debts) = unanswered(36);
    (debts.lost_unknown, debts.lost_handed, debts.acked_debts) = (0, 36, 360);
    measure(&server, template(JSON), plan(1), (messages, debts)).await;
}

#[tokio::test]
async fn who_is_to_be_told_that_he_is_in_waits_for_it() {
    let server = ChatServer::start(1, json(true)).await;
    let mut start = Box::pin(LoadGenerator::start(settings(&server, template(JSON), plan(1))));
    let waiting = async {
        eventually("everybody asks to be let in", || server.heard().len() == 4).await;
    };
    tokio::select! {
        _ = &mut start => unreachable!("nobody was let in"),
        () = waiting => {}
    }
    assert!(timeout(Duration::from_millis(100), &mut start).await.is_err(), "nobody was let in");
    server.let_in();
    let load = timeout(SECOND * 10, start).await.unwrap().unwrap();
    assert!(load.has_answers());
    load.finish().await;
}

#[tokio::test]
async fn only_who_shows_it_speaks_our_dialect() {
    let node = Node::start(&[]);
    let url = format!("ws://{}", node.address);
    assert_eq!(detect(&url, SECOND * 10).await, Ok(Dialect::V1));
    let greeting = Some("hello".to_owned());
    for manners in [
        Manners::default(),
        Manners { greeting: greeting.clone(), ..Manners::default() },
        Manners { greeting, selects_anything: true, ..Manners::default() },
        Manners { selects_anything: true, ..Manners::default() },
        json(false),
    ] {
        let what = format!("{manners:?}");
        // A server that takes what we send for JSON of its own would fail on our `hello`.
        let server = ChatServer::start(1, manners).await;
        assert_eq!(detect(&server.urls()[0], SECOND * 10).await, Ok(Dialect::Plain), "{what}");
        eventually("it is closed politely", || server.goodbyes() == 1).await;
        assert_eq!(server.offers(), ["pubsub-lab.v1"]);
    }
}

#[tokio::test]
async fn where_no_server_is_nothing_is_detected() {
    let nobody = Port::free();
    let gone = format!("ws://127.0.0.1:{}", nobody.number());
    let error = detect(&gone, SECOND).await.unwrap_err();
    assert!(error.starts_with(&format!("{gone}: ")), "{error}");
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", mute.local_addr().unwrap());
    let error = detect(&url, Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(error, format!("{url}: no answer within 50ms"));
    assert!(detect("http://127.0.0.1:1", SECOND).await.is_err());
}
