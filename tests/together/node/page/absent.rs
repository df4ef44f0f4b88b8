//! What the page says of a time in which it may have missed something.

use serde_json::json;

use super::{ENTER, SAID, STATE, TEXTS, go, in_peace, node, node_of, online};
use crate::support::browser::Browser;
use crate::support::redis::RedisServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_only_reads_sees_its_broker_die_and_draws_the_gap() {
    let mut redis = RedisServer::start();
    let (_server, address) = node_of(&["redis", "--listen", "127.0.0.1:0", "--broker", &redis.url()]);
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{address}/")).await;
    online(&[&window], 1).await;

    // Nobody speaks: the node tells the page by itself.
    redis.kill();
    window.until(STATE, "broker").await;
    window.until("return document.getElementById('status-text').textContent", "broker away").await;
    assert_eq!(window.run(SAID).await, json!([]));
    // Who comes now is told at once.
    let newcomer = browser.open(&format!("http://{address}/#other")).await;
    newcomer.until(STATE, "broker").await;

    redis.restart();
    online(&[&window, &newcomer], 1).await;
    let missing = format!("{SAID}.map((line) => [line.includes('T to T'), line.includes('may be missing')])");
    window.until(&missing, json!([[true, true]])).await;
    // The newcomer was not there before, and misses nothing.
    assert_eq!(newcomer.run(&missing).await, json!([]));
    window.type_into("#text", &format!("it is back{ENTER}")).await;
    window.until(TEXTS, vec!["it is back"]).await;
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_was_left_is_as_it_was_and_says_what_is_not_shown() {
    let (_server, address) = node("127.0.0.1:0");
    let browser = Browser::start().await;
    let page = format!("http://{address}/");
    let (one, other) = (browser.open(&page).await, browser.open(&page).await);
    online(&[&one, &other], 2).await;
    one.type_into("#text", &format!("before{ENTER}")).await;
    other.until(TEXTS, vec!["before"]).await;

    go(&one, "elsewhere").await;
    assert_eq!(one.run(TEXTS).await, json!([]));
    one.run("document.querySelector('[data-room=lobby] .leave').click()").await;
    online(&[&other], 1).await;
    one.type_into("#text", &format!("here{ENTER}")).await;
    one.until(TEXTS, vec!["here"]).await;
    other.type_into("#text", &format!("missed{ENTER}")).await;
    other.until(TEXTS, vec!["before", "missed"]).await;

    go(&one, "lobby").await;
    let away = "You were elsewhere from T to T (L); what was said meanwhile is not shown.";
    one.until(SAID, vec![away]).await;
    other.type_into("#text", &format!("after{ENTER}")).await;
    one.until(TEXTS, vec!["before", "after"]).await;
    let last =
        "return [...document.querySelectorAll('#log li:not(.presence)')].map((line) => line.className)";
    assert_eq!(one.run(last).await, json!(["message own mine seen", "system divider warning", "message"]));
    go(&one, "elsewhere").await;
    one.until(TEXTS, vec!["here"]).await;
    in_peace(browser).await;
}
