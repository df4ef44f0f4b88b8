//! The chat page, when it was away.

use serde_json::json;

use super::cluster::{Cluster, kill, say};
use crate::support::browser::Browser;
use crate::support::chat_page::STATE;
use crate::support::rabbitmq::RabbitMq;

/// The messages and what introduces them.
const SHOWN: &str = "return [...document.querySelectorAll('#log .message .text, #log .divider')]
    .map((line) => line.textContent).filter((line) => !/^(Back|You|you came|One)/.test(line))";
const LAST: &str = "return document.querySelector('#log li:last-child').textContent
    .replace(/after [0-9]+ s; /, '').replace('Back; ', 'Back ')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_shows_what_was_said_while_its_node_was_down() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let history = cluster.history(&[]).await;
    let (node, other) = (cluster.node().await, cluster.node().await);
    let listen = node.address.to_string();
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{listen}/")).await;
    window.until(STATE, "online").await;
    say(&other, "lobby", "seen", 2).await;
    window.until(SHOWN, json!(["seen 0", "seen 1"])).await;

    kill(node);
    window.until(STATE, "offline").await;
    say(&other, "lobby", "missed", 2).await;
    let node = cluster.node_at(&listen).await;
    window.until(LAST, "Back 2 messages came meanwhile.").await;
    let mut shown = vec!["seen 0", "seen 1", "while you were away", "missed 0", "missed 1"];
    assert_eq!(window.run(SHOWN).await, json!(shown));

    // Loaded again, it shows what it had, and what came since.
    window.run("location.reload()").await;
    shown.retain(|line| !line.starts_with("while"));
    shown.insert(0, "earlier messages");
    window.until(SHOWN, json!(shown)).await;

    // Without its history it says so, and asks again by itself.
    kill(history);
    kill(node);
    window.until(STATE, "offline").await;
    say(&other, "lobby", "more", 1).await;
    let _node = cluster.node_at(&listen).await;
    window.until(LAST, "Back the history does not answer, and will be asked again.").await;
    let _history = cluster.history(&[]).await;
    window.until(LAST, "One message came meanwhile.").await;
    shown.extend(["while you were away", "more 0"]);
    assert_eq!(window.run(SHOWN).await, json!(shown));

    // Another name asks the history nothing.
    window.run("document.getElementById('name').value = ''").await;
    window.type_into("#name", "Ada\u{e007}").await;
    window.until("return document.querySelector('#log li:last-child').textContent", "You are Ada now.").await;
    assert_eq!(window.run(SHOWN).await, json!(shown));

    // Who comes for the first time sees what was said before.
    let newcomer = browser.open(&format!("http://{listen}/")).await;
    shown.retain(|line| !line.starts_with("while"));
    newcomer.until(SHOWN, json!(shown)).await;
    let last =
        "return document.querySelector('#log .divider:last-of-type')?.textContent.replace(/ [0-9:]+.*/, '')";
    newcomer.until(last, "you came at").await;
    assert_eq!(browser.end(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_sees_its_broker_die_and_claims_no_gap_where_nothing_is_missing() {
    let mut rabbit = RabbitMq::start();
    let cluster = Cluster::new(rabbit.url());
    let (_history, node) = (cluster.history(&[]).await, cluster.node().await);
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{}/", node.address)).await;
    window.until(STATE, "online").await;

    rabbit.kill();
    window.until(STATE, "broker").await;
    window.type_into("#text", "kept meanwhile\u{e007}").await;
    rabbit.restart();
    window.until(STATE, "online").await;
    // What the node kept for the broker comes now, and so late that the page says so.
    let notes = "return [...document.querySelectorAll('#log .message.seen')].map((line) => [
        line.querySelector('.text').textContent, line.querySelector('.note')?.textContent.replace(/[0-9]+ s/, 'L')])";
    window.until(notes, json!([["kept meanwhile", "came L late"]])).await;
    let said = "return [...document.querySelectorAll('#log .divider')].map((line) => line.textContent.split(' from ')[0])";
    assert_eq!(window.run(said).await, json!(["no broker"]));
    assert_eq!(window.run("return document.body.innerText.includes('missing')").await, false);
    assert_eq!(browser.end(), []);
}
