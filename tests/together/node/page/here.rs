//! How many are here: what the page shows is what the node says.

use nix::sys::signal::Signal;
use serde_json::json;

use super::{ENTER, MEMBERS, NAME, SAID, STATE, TEXTS, in_peace, node, node_of, online};
use crate::support::browser::Browser;
use crate::support::process::PATIENCE;
use crate::support::redis::RedisServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_the_browser_puts_aside_is_not_here() {
    let (_server, address) = node("127.0.0.1:0");
    let browser = Browser::start().await;
    let page = format!("http://{address}/");
    let (one, other) = (browser.open(&page).await, browser.open(&page).await);
    online(&[&one, &other], 2).await;

    one.run("addEventListener('pageshow', (event) => { window.persisted = event.persisted; })").await;
    one.visit("about:blank").await;
    other.until(MEMBERS, "1 here").await;
    one.back().await;
    online(&[&one, &other], 2).await;
    assert_eq!(one.run("return window.persisted").await, true, "the page was in the cache");
    let aside = "The browser had put this page aside from T to T (L); what was said meanwhile is not shown.";
    one.until(SAID, vec![aside]).await;
    other.type_into("#text", &format!("once{ENTER}")).await;
    for window in [&one, &other] {
        window.until(TEXTS, vec!["once"]).await;
    }
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_of_one_person_are_one_and_both_hear() {
    let (_server, address) = node("127.0.0.1:0");
    let browser = Browser::start().await;
    let page = format!("http://{address}/");
    let (one, other) = (browser.open(&page).await, browser.open(&page).await);
    online(&[&one, &other], 2).await;

    // What is kept for the session goes with a duplicate.
    let twin = browser.opened_by(&one, "window.open(location.href)").await;
    twin.until(STATE, "online").await;
    assert_eq!(twin.run(NAME).await, one.run(NAME).await);
    online(&[&one, &other, &twin], 2).await;
    one.type_into("#text", &format!("from one{ENTER}")).await;
    twin.until(TEXTS, vec!["from one"]).await;
    twin.type_into("#text", &format!("from its twin{ENTER}")).await;
    let shown = "return [...document.querySelectorAll('#log .message')].map((line) => [
        line.querySelector('.text').textContent, line.classList.contains('own')])";
    for (window, own) in [(&one, true), (&twin, true), (&other, false)] {
        window.until(shown, json!([["from one", own], ["from its twin", own]])).await;
        window.until(MEMBERS, "2 here").await;
    }
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_of_a_killed_node_stays_here() {
    let redis = RedisServer::start();
    let start = || node_of(&["redis", "--listen", "127.0.0.1:0", "--broker", &redis.url()]);
    let ((mut doomed, first), (_server, second)) = (start(), start());
    let browser = Browser::start().await;
    let one = browser.open(&format!("http://{first}/")).await;
    let other = browser.open(&format!("http://{second}/")).await;
    online(&[&one, &other], 2).await;
    doomed.signal(Signal::SIGKILL);
    doomed.ended_within(PATIENCE);
    one.until(STATE, "offline").await;
    other.until(MEMBERS, "1 here").await;
    in_peace(browser).await;
}
