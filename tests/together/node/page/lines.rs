//! The lines of the log: times, lateness, order, marks that pile up, and old lines.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{STATE, TEXTS, in_peace, node, node_of, online};
use crate::support::browser::{Browser, Window};
use crate::support::client::Client;
use crate::support::node::{Node, PATIENCE};
use crate::support::redis::RedisServer;

/// Each message with what is said below it.
const NOTES: &str = "return [...document.querySelectorAll('#log .message')].map((line) => [
    line.querySelector('.text').textContent, line.querySelector('.note')?.textContent ?? ''])";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_came_late_or_out_of_order_says_so() {
    let redis = RedisServer::start();
    let (running, address) = node_of(&["redis", "--listen", "127.0.0.1:0", "--broker", &redis.url()]);
    let node = Node { running, address: address.parse().unwrap() };
    let broker = redis::Client::open(redis.url()).unwrap();
    let mut listener = broker.get_async_pubsub().await.unwrap();
    listener.psubscribe("*").await.unwrap();

    // What goes over the channel, to be said again with another time.
    let mut client = Client::v1_in(&node, "lobby").await;
    client.publish("lobby", "a model").await;
    let (channel, model) = {
        let mut messages = listener.on_message();
        loop {
            let message = timeout(PATIENCE, messages.next()).await.unwrap().unwrap();
            let payload: String = message.get_payload().unwrap();
            if payload.contains("a model") {
                break (message.get_channel_name().to_owned(), payload);
            }
        }
    };
    let frame: Value = serde_json::from_str(model.split_once('\n').unwrap().1).unwrap();
    let (id, sent_at) = (frame["id"].as_str().unwrap(), frame["sent_at"].as_u64().unwrap());
    let mut publisher = broker.get_multiplexed_async_connection().await.unwrap();
    let mut said = 0;
    let mut say = async |text: &str, earlier: Duration| {
        said += 1;
        let earlier = now() - earlier.as_millis() as u64;
        let envelope = model
            .replace(id, &format!("{id}x{said}"))
            .replace(&format!("\"sent_at\":{sent_at}"), &format!("\"sent_at\":{earlier}"))
            .replace("a model", text);
        redis::cmd("PUBLISH").arg(&channel).arg(envelope).exec_async(&mut publisher).await.unwrap();
    };

    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{address}/")).await;
    window.until(STATE, "online").await;
    // The page has asked its node for the time.
    let asked = "return performance.getEntriesByType('resource').some(({name, responseEnd}) =>
        name.endsWith('/healthz') && responseEnd > 0)";
    window.until(asked, true).await;
    say("long ago", Duration::from_secs(60)).await;
    say("now", Duration::ZERO).await;
    say("longer ago", Duration::from_secs(120)).await;
    // Late by minutes: to the second such a line may say one more, on a busy machine.
    let notes = format!("{NOTES}.map(([text, note]) => [text, note.replace(/came [0-9]+ s late/, 'late')])");
    let shown = json!([["long ago", "late"], ["now", ""], ["longer ago", "late, out of order"]]);
    window.until(&notes, shown).await;

    // A time of day has seconds.
    let times = "return [...document.querySelectorAll('#log time')].map((time) =>
        /[0-9]+:[0-9]{2}:[0-9]{2}/.test(time.textContent))";
    assert_eq!(window.run(times).await, json!([true, true, true]));
    in_peace(browser).await;
}

/// Now, in Unix milliseconds.
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_that_pile_up_stay_in_their_own_line() {
    let (running, address) = node("127.0.0.1:0");
    let node = Node { running, address: address.parse().unwrap() };
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{address}/")).await;
    online(&[&window], 1).await;
    let mut client = Client::v1_in(&node, "lobby").await;
    client.publish("lobby", "a calm line").await;
    window.until(TEXTS, vec!["a calm line"]).await;
    // A line that has just come may still be painted. Its frame has no whole number of pixels, so it is left out.
    let mut calm = window.picture("#log .message .text").await;
    let steady = async {
        loop {
            let next = window.picture("#log .message .text").await;
            if std::mem::replace(&mut calm, next.clone()) == next {
                break;
            }
        }
    };
    tokio::time::timeout(crate::support::process::PATIENCE, steady).await.expect("a line that stands still");
    let wild = format!("a{}", "\u{0302}\u{0301}\u{030b}\u{0306}".repeat(40));
    client.publish("lobby", &wild).await;
    window.until(TEXTS, vec!["a calm line", &wild]).await;
    // The time that passes changes nothing in the picture: it shows when the line was said. What the marks would paint
    // there stays, and what moves for a moment because a line came does not.
    let clean = async { while calm != window.picture("#log .message .text").await {} };
    let clean = tokio::time::timeout(crate::support::process::PATIENCE, clean).await;
    clean.expect("a picture without the marks of another line");
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_lines_go_and_what_is_being_read_stays() {
    let (running, address) = node("127.0.0.1:0");
    let node = Node { running, address: address.parse().unwrap() };
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{address}/")).await;
    online(&[&window], 1).await;
    let mut client = Client::v1_in(&node, "lobby").await;
    say(&window, &mut client, "line", 600).await;
    let count = "return document.getElementById('log').childElementCount";
    window.until(count, 500).await;

    // At the very top, and in the middle.
    for (place, top) in [("top", "0"), ("middle", "log.scrollHeight / 2")] {
        let read = format!(
            "const log = document.getElementById('log'); window.scrolled = false;
             log.addEventListener('scroll', () => {{ window.scrolled = true; }}, {{ once: true }}); log.scrollTop = {top};
             window.read = [...log.children].find((line) => line.getBoundingClientRect().top > 200);
             return window.read.getBoundingClientRect().top"
        );
        let before = window.run(&read).await;
        window.until("return window.scrolled", true).await;
        say(&window, &mut client, place, 60).await;
        let after =
            window.run("return window.read.isConnected && window.read.getBoundingClientRect().top").await;
        // A browser scrolls by whole pixels, and lines are no whole number of pixels high.
        let moved = (after.as_f64().unwrap() - before.as_f64().unwrap()).abs();
        assert!(moved < 1.0, "the reader at the {place} lost the place by {moved} pixels");
    }
    // At the end again, the old lines go.
    window.run("document.getElementById('newest').click()").await;
    window.until(count, 500).await;
    in_peace(browser).await;
}

/// Lets a client say so many texts, and waits until the page shows the last one.
async fn say(window: &Window<'_>, client: &mut Client, name: &str, count: usize) {
    for n in 0..count {
        client.publish("lobby", &format!("{name} {n}")).await;
    }
    let last = "return [...document.querySelectorAll('#log .text')].at(-1)?.textContent";
    window.until(last, format!("{name} {}", count - 1)).await;
}
