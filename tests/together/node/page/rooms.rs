//! Several rooms at once: a list with what is unread, deep links, and how one leaves.

use serde_json::json;

use super::super::presence::Cluster;
use super::{ENTER, STATE, TEXTS, go, in_peace, online};
use crate::support::browser::Browser;

/// Each room of the list with what is unread there.
const ROOMS: &str = "return [...document.querySelectorAll('#rooms-list li')].map((line) =>
    [line.querySelector('.room-name').textContent, line.querySelector('.unread')?.textContent ?? ''].join('|'))";
const TITLE: &str = "return document.title";

async fn rooms_are_heard_together(cluster: Cluster) {
    let page = |node: usize, room: &str| {
        format!("http://{}/{room}", cluster.nodes[node % cluster.nodes.len()].address)
    };
    let browser = Browser::start().await;
    let one = browser.open(&page(0, "")).await;
    let other = browser.open(&page(1, "#math")).await;
    // As wide as the list of rooms needs to stand beside the messages.
    one.resize(1280, 800).await;
    online(&[&one, &other], 1).await;
    assert_eq!([one.run(ROOMS).await, other.run(ROOMS).await], [json!(["lobby|"]), json!(["math|"])]);

    one.type_into("#room", &format!("math{ENTER}")).await;
    online(&[&one, &other], 2).await;
    one.until(ROOMS, json!(["lobby|", "math|"])).await;
    go(&other, "lobby").await;
    online(&[&other], 2).await;
    for text in ["first", "second"] {
        other.type_into("#text", &format!("{text}{ENTER}")).await;
    }
    // What is said elsewhere is counted, and not shown here.
    one.until(ROOMS, json!(["lobby|2", "math|"])).await;
    one.until(TITLE, "(2) math · pubsub-lab").await;
    assert_eq!(one.run(TEXTS).await, json!([]));
    one.run("document.querySelector('[data-room=lobby] a').click()").await;
    one.until(TEXTS, vec!["first", "second"]).await;
    one.until(ROOMS, json!(["lobby|", "math|"])).await;
    one.until(TITLE, "lobby · pubsub-lab").await;
    other.until(ROOMS, json!(["math|", "lobby|"])).await;

    // A room may have any name, and a name is no markup.
    let name = "<img src=x onerror=\"window.harm=1\">";
    one.type_into("#room", &format!("{name}{ENTER}")).await;
    one.until(ROOMS, json!(["lobby|", "math|", format!("{name}|")])).await;
    one.until(STATE, "online").await;
    one.until("return document.getElementById('room-title').textContent", name).await;
    assert_eq!(one.run("return [document.images.length, window.harm ?? 0]").await, json!([0, 0]));
    one.run("document.querySelector('[aria-current] ~ .leave').click()").await;
    one.until(ROOMS, json!(["lobby|", "math|"])).await;
    one.until(TITLE, "math · pubsub-lab").await;

    // Loaded again, the page is in its rooms again and shows the one that it showed.
    let title = one.run("document.title = 'before'; location.reload(); return document.title").await;
    assert_eq!(title, "before");
    one.until(TITLE, "math · pubsub-lab").await;
    one.until(ROOMS, json!(["lobby|", "math|"])).await;
    online(&[&one], 2).await;
    // Who leaves a room is not there any more, and hears nothing of it.
    one.run("document.querySelector('[data-room=math] .leave').click()").await;
    go(&other, "math").await;
    online(&[&other], 1).await;
    other.type_into("#text", &format!("unheard{ENTER}")).await;
    other.until(TEXTS, vec!["unheard"]).await;
    go(&other, "lobby").await;
    other.type_into("#text", &format!("heard{ENTER}")).await;
    one.until(&format!("{TEXTS}.at(-1)"), "heard").await;
    assert_eq!(one.run(ROOMS).await, json!(["lobby|"]));
    // The last room cannot be left.
    assert_eq!(one.run("return document.querySelectorAll('.leave:not([hidden])').length").await, 0);
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_are_heard_together_on_one_node() {
    rooms_are_heard_together(Cluster::local().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_are_heard_together_over_redis() {
    rooms_are_heard_together(Cluster::redis(2, &[]).await).await;
}
