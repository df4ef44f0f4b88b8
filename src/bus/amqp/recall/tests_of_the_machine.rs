//! The client of the history, tested against a small server that answers whatever a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;

use super::*;

/// How long the history may take to commit a fence in these tests.
const TIME: Duration = Duration::from_secs(2);

/// Answers each connection with the next of these answers, then hangs up. Gives the server's URL and the requests
/// that it receives.
fn server(answers: Vec<Vec<u8>>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (heard, questions) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut tcp, _) = listener.accept().unwrap();
            heard.send(question(&tcp)).ok();
            // An error means that the client has read enough and hung up.
            tcp.write_all(&answer).ok();
            if answer.is_empty() {
                // The server says nothing until the client gives up.
                tcp.read_exact(&mut [0]).ok();
            }
        }
    });
    (url, questions)
}

/// The path of the request on a connection.
fn question(tcp: &TcpStream) -> String {
    let mut lines = BufReader::new(tcp).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
    first.trim_start_matches("GET ").trim_end_matches(" HTTP/1.1").to_owned()
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

fn fence() -> Vec<u8> {
    http("200 OK", "", r#"{"seq":17}"#)
}

fn page(headers: &str, ids: &[&str]) -> Vec<u8> {
    let lines: String =
        ids.iter().map(|id| format!("1 chat s.{id} s - my room\n{{\"id\":\"s.{id}\"}}\n")).collect();
    http("200 OK", headers, &lines)
}

async fn ask(url: &str) -> Result<Replay, BusError> {
    let room = Room::parse("my room").unwrap();
    Recall::new(url).unwrap().replay(room, ReplayStart::after("s.0"), "f/1".into(), TIME, false).await
}

/// The ids of the messages of a replay, and whether the replay ended without an error.
async fn all(replay: Replay) -> (Vec<String>, bool) {
    let items: Vec<_> = replay.messages.collect().await;
    let well = items.iter().all(Result::is_ok);
    assert!(
        well || items.iter().position(Result::is_err) == Some(items.len() - 1),
        "a failure is the last item"
    );
    (items.into_iter().flatten().map(|envelope| envelope.id.to_string()).collect(), well)
}

/// The reason why a history with these answers could not be asked.
async fn why(answers: Vec<Vec<u8>>) -> String {
    let (url, _questions) = server(answers);
    match ask(&url).await {
        Err(BusError::History(reason)) => reason,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("an answer"),
    }
}

#[tokio::test]
async fn asks_page_by_page() {
    let pages = [page("pubsub-lab-found: true\r\npubsub-lab-next: 9\r\n", &["1", "2"]), page("", &["3"])];
    let (url, questions) = server([vec![fence()], pages.to_vec()].concat());
    let replay = ask(&url).await.unwrap();
    assert!(replay.complete);
    assert_eq!(all(replay).await, (vec!["s.1".into(), "s.2".into(), "s.3".into()], true));
    let asked: Vec<_> = questions.iter().collect();
    let (path, wait) = asked[0].split_once("?wait_ms=").unwrap();
    assert_eq!(path, "/fences/f%2F1");
    assert!((1_000..2_000).contains(&wait.parse::<u64>().unwrap()), "{wait}");
    assert_eq!(
        asked[1..],
        [
            "/rooms/my%20room/envelopes?after=s.0&margin=500&until=17&limit=500",
            "/rooms/my%20room/envelopes?from=9&until=17&limit=500",
        ]
    );
}

#[tokio::test]
async fn asks_for_the_last_messages_and_says_what_was_heard() {
    let room = Room::parse("r").unwrap();
    for (after, heard, expected) in [
        (None, None, "last=50"),
        (Some("a".into()), None, "after=a&margin=500&last=50"),
        (Some("a".into()), Some("b/1".into()), "after=a&margin=500&heard=b%2F1&last=50"),
    ] {
        let (url, questions) = server(vec![fence(), page("pubsub-lab-found: true\r\n", &[])]);
        let start = ReplayStart { after, last: 50, heard };
        let asked = Recall::new(&url).unwrap().replay(room.clone(), start, "f".into(), TIME, false).await;
        assert!(asked.unwrap().complete);
        let path = format!("/rooms/r/envelopes?{expected}&until=17&limit=500");
        assert_eq!(questions.iter().last(), Some(path));
    }
}

#[tokio::test]
async fn an_unknown_message_is_no_complete_replay() {
    for headers in ["pubsub-lab-found: false\r\n", ""] {
        let (url, _questions) = server(vec![fence(), page(headers, &["1"])]);
        let replay = ask(&url).await.unwrap();
        assert!(!replay.complete);
        assert_eq!(all(replay).await, (vec!["s.1".into()], true));
    }
}

#[tokio::test]
async fn what_was_trimmed_meanwhile_is_named_at_the_end() {
    let next = |next: u64| format!("pubsub-lab-found: {}\r\npubsub-lab-next: {next}\r\n", next != 12);
    let pages = vec![page(&next(9), &["1"]), page(&next(12), &["2"]), page("", &["3"])];
    let (url, _questions) = server([vec![fence()], pages].concat());
    let replay = ask(&url).await.unwrap();
    assert!(replay.complete);
    assert_eq!(all(replay).await, (vec!["s.1".into(), "s.2".into(), "s.3".into()], false));
}

#[tokio::test]
async fn long_pages_are_asked_for_again_with_fewer_messages() {
    let long = http("200 OK", "", &"x".repeat(PAGE_BYTES + 1));
    let (url, questions) = server(vec![fence(), long, page("pubsub-lab-found: true\r\n", &["1"])]);
    assert_eq!(all(ask(&url).await.unwrap()).await, (vec!["s.1".into()], true));
    assert!(questions.iter().last().unwrap().ends_with("&limit=62"));
    let endless = http("200 OK", "", &"x".repeat(MESSAGE_BYTES + 1));
    let longer = vec![endless; 5];
    assert!(why([vec![fence()], longer].concat()).await.contains("too long"));
}

#[tokio::test]
async fn a_failure_in_the_middle_is_the_last_item() {
    let first = page("pubsub-lab-found: true\r\npubsub-lab-next: 9\r\n", &["1", "2"]);
    for second in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n1 chat s.3 s - my room\n{}\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n1 cha".to_vec(),
        http("200 OK", "", "1 chat s.3 s - my room\n{}"),
        http("200 OK", "", "1 chat s.3 s - my room\n"),
        http("200 OK", "", "1 chat s.3 s - other room\n{}\n"),
        http("200 OK", "", "1 presence s.3 s - my room\n{}\n"),
        http("200 OK", "", "\n\n\n"),
        http("200 OK", "pubsub-lab-next: 9\r\n", ""),
        http("200 OK", "pubsub-lab-next: 18\r\n", ""),
        http("500 Internal Server Error", "", ""),
        b"\0\xff\0\xff".to_vec(),
        Vec::new(),
    ] {
        let said = String::from_utf8_lossy(&second).into_owned();
        let (url, _questions) = server(vec![fence(), first.clone(), second]);
        let replay = ask(&url).await.unwrap();
        assert!(replay.complete);
        assert_eq!(all(replay).await, (vec!["s.1".into(), "s.2".into()], false), "{said:?}");
    }
}

#[tokio::test]
async fn a_hostile_answer_is_a_failure() {
    let header = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(10 << 20)).into_bytes();
    let headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1_000)).into_bytes();
    let answers = [header, headers, b"SSH-2.0-OpenSSH\r\n".to_vec(), b"HTTP/1.1 200".to_vec()];
    // The client asks for a fence again as long as there is time, because the history may be about to start.
    let fences = answers.iter().map(|answer| why(vec![answer.clone(); 30]));
    let pages = answers.iter().map(|answer| why(vec![fence(), answer.clone()]));
    for reason in join_all(fences).await.into_iter().chain(join_all(pages).await) {
        assert!(!reason.is_empty());
    }
    for headers in ["pubsub-lab-found: perhaps\r\n", "pubsub-lab-next: -1\r\n", "pubsub-lab-next: 18\r\n"] {
        assert!(!why(vec![fence(), page(headers, &[])]).await.is_empty(), "{headers}");
    }
    for body in ["", "{}", r#"{"seq":-1}"#, r#"{"seq":1e99}"#, "seventeen"] {
        assert!(why(vec![http("200 OK", "", body)]).await.contains("garbled"), "{body}");
    }
}

#[tokio::test]
async fn a_fence_has_so_much_time_and_no_more() {
    let start = Instant::now();
    assert!(why(vec![Vec::new()]).await.contains("in time"));
    assert!(why(vec![http("404 Not Found", "", "")]).await.contains("caught up"));
    let recall = Recall::new("http://127.0.0.1:1").unwrap();
    let room = Room::parse("r").unwrap();
    // Nobody listens at this address.
    assert!(recall.replay(room, ReplayStart::after("a"), "f".into(), TIME, false).await.is_err());
    let took = start.elapsed();
    assert!((Duration::from_secs(3)..Duration::from_secs(6)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_history_that_comes_back_in_time_is_asked() {
    let (url, _questions) = server(vec![b"\0".to_vec(), fence(), page("pubsub-lab-found: true\r\n", &["1"])]);
    assert_eq!(all(ask(&url).await.unwrap()).await, (vec!["s.1".into()], true));
}
