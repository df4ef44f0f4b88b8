//! What is asked over HTTP.

use std::time::{Duration, Instant};

use serde_json::json;

use super::place;
use crate::deployed::check_metrics;
use crate::support::history::{History, Place, Publisher, chat, header, ids};

/// A service and who speaks to it.
async fn started(place: &Place) -> (History, Publisher) {
    (place.start(&[]), place.publisher().await)
}

#[tokio::test]
async fn a_page_is_the_frames_as_they_were_published_oldest_first() {
    let place = place();
    let (history, publisher) = started(&place).await;
    publisher.all(&[chat("lobby", "s.1", "one \"and\" <b>"), chat("lobby", "s.2", "zwei \u{1F600}")]).await;
    publisher.fenced(&history).await;
    let message = |id: &str, text: &str| {
        json!({"type": "message", "room": "lobby", "id": id, "from": "Ada", "colour": "#123456", "text": text,
               "sent_at": 1_700_000_000_000_u64})
    };
    let wanted = json!({"room": "lobby", "more": false,
        "messages": [message("s.1", "one \"and\" <b>"), message("s.2", "zwei \u{1F600}")]});
    assert_eq!(history.json("/rooms/lobby/messages").await, (200, wanted));
    assert_eq!(
        history.get("/rooms/lobby/messages").await.body,
        "{\"room\":\"lobby\",\"messages\":[\
         {\"type\":\"message\",\"room\":\"lobby\",\"id\":\"s.1\",\"from\":\"Ada\",\"colour\":\"#123456\",\
         \"text\":\"one \\\"and\\\" <b>\",\"sent_at\":1700000000000},\
         {\"type\":\"message\",\"room\":\"lobby\",\"id\":\"s.2\",\"from\":\"Ada\",\"colour\":\"#123456\",\
         \"text\":\"zwei \u{1F600}\",\"sent_at\":1700000000000}],\"more\":false}"
    );
}

#[tokio::test]
async fn a_web_page_whose_name_leads_to_loopback_reads_no_room() {
    let place = place();
    let history = place.start(&["--allow-host", "history.example"]);
    let asked = async |head: &str| {
        let request = format!("GET /rooms/lobby/messages HTTP/1.1\r\n{head}\r\nconnection: close\r\n\r\n");
        history.request(&request).await.status
    };
    for mine in ["host: localhost", "host: 127.0.0.1:9100", "host: history.example:80"] {
        assert_eq!(asked(mine).await, 200, "{mine}");
    }
    for other in ["host: evil.example", "host: localhost\r\norigin: http://evil.example"] {
        assert_eq!(asked(other).await, 403, "{other}");
    }
}

#[tokio::test]
async fn pages_go_both_ways() {
    let place = place();
    let (history, publisher) = started(&place).await;
    publisher.say("r", &ids("m", 0..120)).await;
    publisher.fenced(&history).await;
    let page = async |query: &str| history.messages(&format!("/rooms/r/messages{query}")).await;
    assert_eq!(page("").await, (ids("m", 70..120), true));
    assert_eq!(page("?limit=1000").await, (ids("m", 0..120), false));
    assert_eq!(page("?limit=120").await, (ids("m", 0..120), false));
    assert_eq!(page("?limit=119").await, (ids("m", 1..120), true));
    assert_eq!(page("?before=m.70&limit=10").await, (ids("m", 60..70), true));
    assert_eq!(page("?before=m.10").await, (ids("m", 0..10), false));
    assert_eq!(page("?before=m.0").await, (vec![], false));
    assert_eq!(page("?after=m.10&limit=10").await, (ids("m", 11..21), true));
    assert_eq!(page("?after=m.110").await, (ids("m", 111..120), false));
    assert_eq!(page("?after=m.119").await, (vec![], false));
    assert_eq!(page("?after=m.10&before=m.20").await, (ids("m", 11..20), false));
    assert_eq!(page("?after=m.10&before=m.20&limit=3").await, (ids("m", 11..14), true));
    assert_eq!(page("?after=m.20&before=m.10").await, (vec![], false));
}

#[tokio::test]
async fn no_room_leaks_into_another_whatever_its_name() {
    let place = place();
    let (history, publisher) = started(&place).await;
    let rooms = [
        ("math", "math"),
        ("maths", "maths"),
        ("two words", "two%20words"),
        ("a/b", "a%2Fb"),
        ("a", "a"),
        ("München \u{1F600}", "M%C3%BCnchen%20%F0%9F%98%80"),
        ("50% #*?&+=", "50%25%20%23%2A%3F%26+%3D"),
        ("math.*", "math.*"),
        ("..", ".."),
        ("' OR 1=1 --", "'%20OR%201%3D1%20--"),
    ];
    for (n, (room, _)) in rooms.iter().enumerate() {
        publisher.say(room, &[format!("{n}.a+b/%"), format!("{n}.2")]).await;
    }
    publisher.fenced(&history).await;
    for (n, (room, path)) in rooms.iter().enumerate() {
        let (status, page) = history.json(&format!("/rooms/{path}/messages")).await;
        assert_eq!((status, &page["room"]), (200, &json!(room)), "{room}");
        let (ids, _) = history.messages(&format!("/rooms/{path}/messages?after={n}.a+b/%25")).await;
        assert_eq!(ids, [format!("{n}.2")], "{room}");
        let (replayed, found, _) = history.replay(path, &format!("after={n}.2&margin=9")).await;
        assert_eq!((replayed, found), (vec![format!("{n}.a+b/%"), format!("{n}.2")], true), "{room}");
    }
    let nothing = json!({"room": "nobody was here", "messages": [], "more": false});
    assert_eq!(history.json("/rooms/nobody%20was%20here/messages").await, (200, nothing));
    assert_eq!(history.replay("nobody", "from=0").await, (vec![], true, 1));
    assert_eq!(history.replay("nobody", "after=x").await, (vec![], false, 1));
}

#[tokio::test]
async fn nonsense_is_refused_in_a_sentence() {
    let place = place();
    let (history, publisher) = started(&place).await;
    publisher.say("r", &["r.1".into()]).await;
    publisher.say("other", &["o.1".into()]).await;
    publisher.fenced(&history).await;
    for (path, status, part) in [
        ("/rooms/r/messages?before=none", 404, "`none`"),
        ("/rooms/r/messages?after=o.1", 404, "the room `r` has no message `o.1`"),
        ("/rooms/r/messages?limit=0", 400, "1 to 1000"),
        ("/rooms/r/messages?limit=1001", 400, "1 to 1000"),
        ("/rooms/r/messages?limit=ten", 400, "`limit`"),
        ("/rooms/r/messages?after=", 400, "`after` is empty"),
        ("/rooms/r/messages?afters=r.1", 400, "`afters`"),
        ("/rooms/r/messages?limit=1&limit=2", 400, "twice"),
        ("/rooms/r/messages?after=%ff", 400, "UTF-8"),
        ("/rooms/r/envelopes", 400, "either `after` or `from`"),
        ("/rooms/r/envelopes?after=r.1&from=1", 400, "either `after` or `from`"),
        ("/rooms/r/envelopes?from=1&margin=1", 400, "`margin`"),
        ("/rooms/r/envelopes?from=-1", 400, "`from`"),
        ("/rooms/r/envelopes?from=1&last=5", 400, "`last`"),
        ("/rooms/r/envelopes?last=0", 400, "`last` is a number from 1 to 1000"),
        ("/rooms/r/envelopes?from=1&until=9223372036854775808", 400, "`until`"),
        ("/fences/none", 404, "`none`"),
        ("/fences/none?wait_ms=30001", 400, "30000"),
        ("/nothing", 404, "nothing here"),
    ] {
        let (got, why) = history.refusal(path).await;
        assert_eq!(got, status, "{path}: {why}");
        assert!(why.contains(part), "{path}: {why}");
    }
    assert_eq!(history.get("/rooms/%ff/messages").await.status, 400);
    let post = format!("POST /fences/x HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", history.address);
    assert_eq!(history.request(&post).await.status, 405);
    assert!(history.get("/").await.body.contains("GET /rooms/{room}/messages"));
    assert_eq!(history.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_replay_begins_a_little_before_and_ends_at_the_fence() {
    let place = place();
    let (history, publisher) = started(&place).await;
    publisher.say("r", &ids("m", 0..50)).await;
    publisher.say("other", &ids("o", 0..50)).await;
    publisher.say("r", &ids("m", 50..100)).await;
    let until = publisher.fenced(&history).await;
    publisher.say("r", &ids("m", 100..110)).await;
    publisher.fenced(&history).await;
    let replay = async |query: &str| history.replay("r", query).await;
    assert_eq!(replay(&format!("after=m.55&margin=10&until={until}")).await, (ids("m", 45..100), true, 1));
    assert_eq!(replay(&format!("after=m.55&margin=0&until={until}")).await, (ids("m", 55..100), true, 1));
    assert_eq!(replay("after=m.5&margin=500").await, (ids("m", 0..110), true, 1));
    assert_eq!(replay(&format!("after=m.55&margin=10&until={until}&limit=9")).await.0, ids("m", 45..100));
    assert_eq!(replay(&format!("after=m.55&margin=10&until={until}&limit=11")).await.2, 5);
    // The newest ones, whatever they come after.
    assert_eq!(replay(&format!("last=7&until={until}")).await, (ids("m", 93..100), true, 1));
    assert_eq!(replay("last=1000").await, (ids("m", 0..110), true, 1));
    assert_eq!(replay("after=m.108&margin=0&last=7").await, (ids("m", 103..110), true, 1));
    assert_eq!(replay("after=m.55&margin=0&last=7").await, (ids("m", 55..110), true, 1));
    assert_eq!(history.replay("nobody", "last=7").await, (vec![], true, 1));
    assert_eq!(
        replay(&format!("after=nobody&margin=10&until={until}&limit=30")).await,
        (ids("m", 0..100), false, 4)
    );
    assert_eq!(
        replay("after=o.3").await,
        (ids("m", 0..110), false, 1),
        "an id of another room is unknown here"
    );
    let first = history.get("/rooms/r/envelopes?after=m.0&margin=0&limit=1").await;
    assert_eq!(header(&first, "pubsub-lab-next"), Some("2"));
    let wanted = chat("r", "m.0", "some text").encode();
    assert_eq!(first.body.as_bytes(), [&wanted[..], b"\n"].concat());
    // The margin is also one of time.
    let older = "UPDATE messages SET stored_at = stored_at - 60500 WHERE room = 'r' AND seq < \
                 (SELECT seq FROM messages WHERE id = 'm.50')";
    assert_eq!(place.sqlite().execute(older, []).unwrap(), 50);
    assert_eq!(replay(&format!("after=m.55&margin=10&until={until}")).await.0, ids("m", 50..100));
    assert_eq!(replay(&format!("after=m.45&margin=10&until={until}")).await.0, ids("m", 35..100));
}

#[tokio::test]
async fn a_replay_begins_with_what_may_have_been_under_way() {
    let place = place();
    let (history, publisher) = started(&place).await;
    publisher.say("r", &ids("m", 0..600)).await;
    publisher.fenced(&history).await;
    let first = async |after: usize| {
        let (replayed, found, _) =
            history.replay("r", &format!("after=m.{after}&margin=500&limit=1000")).await;
        assert!(found);
        replayed[0].clone()
    };
    // Stored at these intervals, in milliseconds: as many as came within 250 ms, at most the margin. A longer time than
    // 20 ms may be one in which the broker or the history stood still.
    for (interval, expected) in [(10, "m.525"), (2, "m.425"), (0, "m.50"), (20, "m.538"), (300, "m.538")] {
        let spaced = format!("UPDATE messages SET stored_at = 1700000000000 + seq * {interval}");
        place.sqlite().execute(&spaced, []).unwrap();
        assert_eq!(first(550).await, expected, "every {interval} ms");
    }
    // A message whose second copy came later than `after`, or hardly before it, may have come to the client's node by
    // that copy alone.
    publisher.say("r", &["m.200".into()]).await;
    publisher.say("r", &ids("m", 600..700)).await;
    publisher.fenced(&history).await;
    place.sqlite().execute("UPDATE messages SET stored_at = 1700000000000 + seq * 10", []).unwrap();
    for (after, expected) in
        [(150, "m.125"), (210, "m.185"), (230, "m.200"), (550, "m.200"), (610, "m.200"), (650, "m.625")]
    {
        assert_eq!(first(after).await, expected, "after m.{after}");
    }
    // However far it is, the margin is the most.
    let (replayed, ..) = history.replay("r", "after=m.550&margin=100&limit=1000").await;
    assert_eq!(replayed[0], "m.525");
    // A node that was without a connection lately does not know what its queue still brings.
    let (replayed, ..) = history.replay("r", "after=m.550&margin=500&unsettled=1&limit=1000").await;
    assert_eq!(replayed[0], "m.50");
    // One that lags behind brings what came after the last message that it heard, however many those are. What it heard
    // later than `after`, or the history does not know, changes nothing.
    for (heard, expected) in [("m.20", "m.0"), ("m.40", "m.15"), ("m.560", "m.200"), ("nobody", "m.200")] {
        let asked = format!("after=m.550&margin=500&heard={heard}&limit=1000");
        assert_eq!(history.replay("r", &asked).await.0[0], expected, "heard {heard}");
    }
}

#[tokio::test]
async fn a_replay_over_a_lost_connection_begins_where_the_history_came_back() {
    let place = place();
    let (history, publisher) = started(&place).await;
    publisher.say("r", &ids("m", 0..300)).await;
    publisher.fenced(&history).await;
    drop(history);
    let history = place.start(&[]);
    publisher.say("r", &ids("m", 300..1_000)).await;
    publisher.fenced(&history).await;
    place.sqlite().execute("UPDATE messages SET stored_at = 1700000000000 + seq * 10", []).unwrap();
    for (after, expected) in [(400, "m.300"), (790, "m.300"), (810, "m.785")] {
        let (replayed, found, _) = history.replay("r", &format!("after=m.{after}&limit=1000")).await;
        assert!(found);
        assert_eq!(replayed[0], expected, "after m.{after}");
    }
    // A node that was away as well may bring all that came since, whatever it heard last: the broker may have lost that,
    // or brought it to the history once more, behind what the node has not heard.
    for (heard, expected) in [("m.930", "m.300"), ("nobody", "m.300"), ("m.960", "m.300"), ("m.250", "m.240")]
    {
        let asked = format!("after=m.950&margin=10&heard={heard}&unsettled=1&limit=1000");
        assert_eq!(history.replay("r", &asked).await.0[0], expected, "heard {heard}");
    }
}

#[tokio::test]
async fn long_messages_come_in_pages_of_bounded_size() {
    let place = place();
    let (history, publisher) = started(&place).await;
    let text = "x".repeat(1024 * 1024);
    let envelopes: Vec<_> = ids("m", 0..12).iter().map(|id| chat("r", id, &text)).collect();
    publisher.all(&envelopes).await;
    publisher.fenced(&history).await;
    let (page, more) = history.messages("/rooms/r/messages?limit=12").await;
    assert_eq!((page, more), (ids("m", 10..12), true));
    let (page, more) = history.messages("/rooms/r/messages?limit=12&after=m.0").await;
    assert_eq!((page, more), (ids("m", 1..3), true));
    assert_eq!(history.replay("r", "from=0").await, (ids("m", 0..12), true, 6));
}

#[tokio::test]
async fn a_fence_is_waited_for_and_not_polled() {
    let place = place();
    let (history, publisher) = started(&place).await;
    let start = Instant::now();
    assert_eq!(history.get("/fences/late?wait_ms=300").await.status, 404);
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(publisher.fenced(&history).await, 0, "nothing was before it");
    let (seq, ()) = tokio::join!(history.fence("late"), async {
        publisher.say("r", &ids("m", 0..3)).await;
        publisher.fence("late").await;
        publisher.say("r", &ids("m", 3..5)).await;
    });
    assert_eq!(seq, 3);
    assert_eq!(history.fence("late").await, 3, "it is remembered");
}

#[tokio::test]
async fn everything_confirmed_before_a_fence_is_before_it_in_the_history() {
    let place = place();
    let (history, publisher) = started(&place).await;
    let other = place.publisher().await;
    let stream = async {
        for n in 0..20 {
            other.say("r", &ids("other", n * 100..n * 100 + 100)).await;
        }
    };
    let fences = async {
        for n in 0..20 {
            publisher.say("r", &ids("mine", n * 10..n * 10 + 10)).await;
            let until = publisher.fenced(&history).await;
            let (held, ..) = history.replay("r", &format!("from=0&until={until}&limit=1000")).await;
            let mine: Vec<_> = held.into_iter().filter(|id| id.starts_with("mine")).collect();
            assert_eq!(mine, ids("mine", 0..n * 10 + 10));
        }
    };
    tokio::join!(stream, fences);
}

#[tokio::test]
async fn what_cannot_be_understood_is_counted_and_does_not_stay_in_the_way() {
    let place = place();
    let (history, publisher) = started(&place).await;
    let garbled: [&[u8]; 5] =
        [b"", b"hello", &[0xff; 100], b"1 chat s.1 s - r\nno json", b"1 chat s.2 s - r\n{\n}"];
    for body in garbled {
        publisher.raw(body).await;
    }
    publisher.raw(b"1 presence p1 s - r\n{}").await;
    publisher.raw(b"1 control c1 s - $else\n").await;
    publisher.say("r", &["m.0".into()]).await;
    assert_eq!(publisher.fenced(&history).await, 1);
    history.metric_is("pubsub_lab_history_garbled_total", 5.0).await;
    history.metric_is("pubsub_lab_history_ignored_total", 2.0).await;
    history.metric_is("pubsub_lab_history_stored_total", 1.0).await;
    let warnings = history.running.err().iter().filter(|line| line.contains("cannot be understood")).count();
    assert_eq!(warnings, 1, "a flood of nonsense is no flood in the log");
    assert_eq!(publisher.queue_ready().await, 0);
}

#[tokio::test]
async fn the_metrics_move() {
    let place = place();
    let (history, publisher) = started(&place).await;
    publisher.say("r", &ids("m", 0..7)).await;
    publisher.say("r", &ids("m", 0..3)).await;
    publisher.fenced(&history).await;
    for (name, value) in [
        ("stored_total", 7.0),
        ("duplicates_total", 3.0),
        ("fences_total", 1.0),
        ("messages", 7.0),
        ("write_failures_total", 0.0),
        ("trimmed_total", 0.0),
        ("reconnects_total", 0.0),
        ("broker_up", 1.0),
        ("database_up", 1.0),
    ] {
        history.metric_is(&format!("pubsub_lab_history_{name}"), value).await;
    }
    assert!(history.metric("pubsub_lab_history_seq").await >= 7.0);
    assert!(history.metric("pubsub_lab_history_batches_total").await >= 1.0);
    assert!(history.metric("pubsub_lab_history_last_batch_size").await >= 1.0);
    let oldest = history.metric("pubsub_lab_history_oldest_timestamp_seconds").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 60.0..=now).contains(&oldest), "{oldest} is not just before {now}");
}

#[tokio::test]
async fn a_thousand_idle_connections_keep_nobody_out() {
    let place = place();
    let publisher = place.publisher().await;
    let history = place.start(&[]);
    publisher.say("r", &ids("m", 0..50)).await;
    publisher.fenced(&history).await;
    let mut idle = Vec::new();
    for _ in 0..1_100 {
        idle.push(tokio::net::TcpStream::connect(history.address).await.unwrap());
    }
    let began = Instant::now();
    for probe in ["/readyz", "/healthz", "/metrics"] {
        assert_eq!(history.get(probe).await.status, 200, "{probe}");
    }
    check_metrics(&history.get("/metrics").await.body);
    assert_eq!(history.replay("r", "after=m.0&margin=0").await.0.len(), 50);
    // Those that say nothing are let go after ten seconds, and nobody waits for that.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(idle);
}

#[tokio::test]
async fn probes_are_answered_while_as_many_ask_as_may() {
    use tokio::io::AsyncWriteExt;

    let place = place();
    let history = place.start(&[]);
    history.ready_says("").await;
    let waits = format!("GET /fences/none?wait_ms=30000 HTTP/1.1\r\nhost: {}\r\n\r\n", history.address);
    let mut asking = Vec::new();
    for _ in 0..1_100 {
        let mut tcp = tokio::net::TcpStream::connect(history.address).await.unwrap();
        tcp.write_all(waits.as_bytes()).await.unwrap();
        asking.push(tcp);
    }
    let began = Instant::now();
    for probe in ["/readyz", "/healthz", "/metrics"] {
        assert_eq!(history.get(probe).await.status, 200, "{probe}");
    }
    assert!(began.elapsed() < Duration::from_secs(15), "those that ask wait for 30 s: {:?}", began.elapsed());
    // Whoever is in line has its turn when others are gone.
    drop(asking);
    assert_eq!(history.get("/rooms/r/messages").await.status, 200);
}
