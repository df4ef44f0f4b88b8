//! A room in which ten thousand messages were said: the page shows them, and stays quick.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::chat_page::STATE;
use crate::support::client::Client;
use crate::support::node::Node;

const MESSAGES: usize = 10_000;
/// Number of messages that are sent before their answers are awaited.
const AT_ONCE: usize = 100;
/// The longest that half of the pictures may take, in milliseconds. A page that lays out everything for each message takes
/// hundreds.
const MEDIAN_MS: f64 = 100.0;
/// The last text of the log.
const LAST: &str =
    "return [...document.querySelectorAll('#log .message')].at(-1)?.querySelector('.text').textContent";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_do_not_slow_the_page() {
    let node = Node::start(&["--max-rate", "0"]);
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{}/", node.address)).await;
    window.until(STATE, "online").await;
    let mut client = Client::v1_in(&node, "lobby").await;
    for batch in (0..MESSAGES).collect::<Vec<_>>().chunks(AT_ONCE) {
        let frames: Vec<String> = batch.iter().map(|n| publish(*n)).collect();
        client.send_at_once(&frames.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for _ in batch {
            client.answer().await;
        }
    }
    client.publish("lobby", "the last one").await;
    window.until(LAST, "the last one").await;
    // While more is said: how long each picture takes.
    window
        .run(
            "window.frames = []; let before = performance.now();
             const look = (now) => {
                 window.frames.push(now - before); before = now; window.look = requestAnimationFrame(look);
             };
             window.look = requestAnimationFrame(look);",
        )
        .await;
    for n in 0..200 {
        client.publish("lobby", &format!("one more {n}")).await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    window.until(LAST, "one more 199").await;
    window.type_into("#text", "mine\u{e007}").await;
    window.until(LAST, "mine").await;
    let frames = window
        .run(
            "cancelAnimationFrame(window.look);
             const all = window.frames.toSorted((one, other) => one - other);
             const at = (share) => Math.round(all[Math.floor(all.length * share)] * 10) / 10;
             return [all.length, at(0.5), at(0.95), at(0.999)]",
        )
        .await;
    println!("frames with {MESSAGES} messages: number, p50, p95, max in ms: {frames}");
    let median = frames.get(1).and_then(Value::as_f64).unwrap();
    assert!(median < MEDIAN_MS, "{frames}");
    // Who scrolls up comes to the first of them, and by the button back to the last.
    window
        .run(
            "const log = document.getElementById('log');
             window.climb = setInterval(() => { log.scrollTop = log.scrollTop === 0 ? 1 : 0; }, 20);",
        )
        .await;
    let first = "return document.querySelector('#log .message .text').textContent.slice(0, 10)";
    window.until(first, "message 0,").await;
    window.run("clearInterval(window.climb); document.getElementById('newest').click()").await;
    window.until(LAST, "mine").await;
    assert_eq!(browser.end(), []);
}

/// The frame that says one of the messages.
fn publish(n: usize) -> String {
    let text = format!("message {n}, of which some are longer than others {}", "so ".repeat(n % 40));
    json!({ "type": "publish", "room": "lobby", "text": text }).to_string()
}
