//! Polls and streams of events against a server whose every answer is said here.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::address::ServerAddress;
use super::super::events::EventStream;
use super::super::stream::Reins;
use super::super::traffic::Traffic;
use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
const M1: &str = r#"{"type":"message","id":"a"}"#;
const M2: &str = r#"{"type":"message","id":"b"}"#;
const GAP: &str = r#"{"type":"gap","room":"r","since":5,"reason":"why"}"#;

/// A server of one connection.
struct Server(TcpListener);

impl Server {
    async fn new() -> (Self, ServerAddress) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        (Self(listener), ServerAddress::parse(&url).unwrap())
    }

    /// Answers one request after another. Gives the head of each, and the stream, so that it stays open.
    async fn answering(self, answers: &[String]) -> (Vec<String>, TcpStream) {
        let (mut stream, _) = self.0.accept().await.unwrap();
        let mut heads = Vec::new();
        for answer in answers {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            heads.push(String::from_utf8(head).unwrap());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        (heads, stream)
    }
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn answer(messages: &[&str], notices: &[&str], next: &str, recovered: &str) -> String {
    let [messages, notices] = [messages, notices].map(|frames| frames.join(","));
    let body = format!(
        r#"{{"room":"r","messages":[{messages}],"notices":[{notices}],"next":"{next}","recovered":"{recovered}"}}"#
    );
    http("200 OK", &body)
}

async fn connected(node: &ServerAddress) -> HttpConnection {
    HttpConnection::open(node, None, None, Reins::new(Traffic::new(1).meter(0))).await.unwrap()
}

fn polled(frame: &str, replay: bool) -> Heard {
    Heard::Polled { frame: frame.to_owned().into(), replay }
}

fn place(place: &str) -> Heard {
    Heard::Position(place.to_owned())
}

/// The first lines of requests.
fn lines(heads: &[String]) -> Vec<&str> {
    heads.iter().map(|head| head.lines().next().unwrap()).collect()
}

#[tokio::test]
async fn each_request_goes_on_where_the_last_answer_ended() {
    let (server, node) = Server::new().await;
    let script = [
        answer(&[M1], &[], "a@1", "none"),
        answer(&[], &[], "a@1", "all"),
        answer(&[M2], &[GAP], "b/2", "part"),
        http("503 Service Unavailable", r#"{"type":"error","code":"full","reason":"too many"}"#),
    ];
    let asking = async {
        let http = connected(&node).await;
        let rhythm = Rhythm::Waiting(Duration::from_millis(2_500));
        let mut polls = Polls::open(http, node.path("/m"), None, rhythm, PATIENCE).await.unwrap();
        let mut heard = Vec::new();
        let ending = loop {
            match polls.next().await {
                Ok(next) => heard.push(next),
                Err(ending) => break ending,
            }
        };
        (heard, ending)
    };
    let ((heads, _open), (heard, ending)) = tokio::join!(server.answering(&script), asking);
    assert_eq!(
        lines(&heads),
        [
            "GET /m?last=1 HTTP/1.1",
            "GET /m?after=a%401&wait=2.5 HTTP/1.1",
            "GET /m?after=a%401&wait=2.5 HTTP/1.1",
            "GET /m?after=b%2F2&wait=2.5 HTTP/1.1",
        ]
    );
    let none = Heard::Confirmed { recovered: "none".into() };
    let gap = Heard::Frame(GAP.into());
    let first = [polled(M1, true), none, place("a@1"), place("a@1")];
    let rest = [gap, Heard::Incomplete, polled(M2, false), place("b/2")];
    assert_eq!(heard, [&first[..], &rest].concat());
    assert_eq!(ending, Ending::Refused("HTTP 503: too many (full)".into()));
}

#[tokio::test]
async fn what_was_missed_comes_in_as_many_answers_as_it_needs() {
    let (server, node) = Server::new().await;
    let script = [
        answer(&[M1; FULL], &[], "x", "part"),
        answer(&[M2], &[], "y", "all"),
        answer(&[M1], &[], "z", "all"),
    ];
    let asking = async {
        let every = Duration::from_millis(100);
        let rhythm = Rhythm::Every { every, phase: 0.5 };
        let http = connected(&node).await;
        let begun = Instant::now();
        let mut polls = Polls::open(http, node.path("/m"), Some("w"), rhythm, PATIENCE).await.unwrap();
        for _ in 0..FULL {
            assert_eq!(polls.next().await, Ok(polled(M1, true)));
        }
        let mut rest = Vec::new();
        while rest.last() != Some(&place("z")) {
            rest.push(polls.next().await.unwrap());
        }
        assert!(begun.elapsed() >= every.mul_f64(0.5), "the third was not due at once");
        rest
    };
    let ((heads, _open), rest) = tokio::join!(server.answering(&script), asking);
    assert_eq!(
        lines(&heads),
        ["GET /m?after=w HTTP/1.1", "GET /m?after=x HTTP/1.1", "GET /m?after=y HTTP/1.1"]
    );
    let part = Heard::Confirmed { recovered: "part".into() };
    assert_eq!(rest, [place("x"), polled(M2, true), part, place("y"), polled(M1, false), place("z")]);
}

#[tokio::test]
async fn a_connection_that_ends_between_two_requests_is_lost_at_once() {
    let (server, node) = Server::new().await;
    let script = [answer(&[], &[], "a", "none")];
    let asking = async {
        let rhythm = Rhythm::Every { every: Duration::from_secs(600), phase: 1.0 };
        let http = connected(&node).await;
        let mut polls = Polls::open(http, node.path("/m"), None, rhythm, PATIENCE).await.unwrap();
        while polls.next().await.unwrap() != place("a") {}
        polls.next().await
    };
    let ending = async { drop(server.answering(&script).await) };
    let ((), lost) = tokio::join!(ending, asking);
    assert_eq!(lost, Err(Ending::Cut));
}

#[tokio::test]
async fn an_answer_that_does_not_come_or_cannot_be_read_is_a_lost_connection() {
    let patience = Duration::from_millis(50);
    for (said, expected) in [
        (String::new(), Ending::Unanswered(patience)),
        (http("200 OK", "[]"), broken("an answer to a poll that cannot be read".into())),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".into(), Ending::Unanswered(patience)),
    ] {
        let (server, node) = Server::new().await;
        let asking = async {
            let http = connected(&node).await;
            Polls::open(http, node.path("/m"), None, Rhythm::Waiting(PATIENCE), patience).await.map(drop)
        };
        let script = [said];
        let ((_heads, _open), lost) = tokio::join!(server.answering(&script), asking);
        match (lost.unwrap_err(), expected) {
            (Ending::Broken { how, .. }, Ending::Broken { how: begin, .. }) => {
                assert!(how.starts_with(&begin), "{how}");
            }
            (lost, expected) => assert_eq!(lost, expected),
        }
    }
}

#[tokio::test]
async fn a_stream_is_asked_for_with_the_last_id_and_ends_when_it_ends() {
    let (server, node) = Server::new().await;
    let events = format!("id: b\ndata: {M2}\n\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let script = [format!("{head}{:x}\r\n{events}\r\n0\r\n\r\n", events.len())];
    let listening = async {
        let http = connected(&node).await;
        let mut stream = EventStream::open(http, node.path("/e"), Some("a")).await.unwrap();
        let heard = [stream.next().await.unwrap(), stream.next().await.unwrap()];
        (heard, stream.next().await)
    };
    let ((heads, _open), (heard, end)) = tokio::join!(server.answering(&script), listening);
    assert_eq!(heard, [Heard::Frame(M2.into()), place("b")]);
    assert_eq!(end, Err(Ending::Over));
    assert_eq!(lines(&heads), ["GET /e HTTP/1.1"]);
    assert!(heads[0].contains("\r\nlast-event-id: a\r\n"), "{heads:?}");
    assert!(heads[0].contains("\r\naccept: text/event-stream\r\n"), "{heads:?}");
}

#[tokio::test]
async fn what_is_no_stream_of_events_is_refused() {
    let (server, node) = Server::new().await;
    let script = ["HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n".to_owned()];
    let listening = async {
        let http = connected(&node).await;
        EventStream::open(http, node.path("/e"), None).await.map(drop)
    };
    let (_, refused) = tokio::join!(server.answering(&script), listening);
    let why = "answered with text/html instead of a stream of events";
    assert_eq!(refused, Err(Ending::Refused(why.into())));
}
