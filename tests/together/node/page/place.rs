//! The buttons by which a reader sees recovery happen: disconnect, connect, and another node.

use nix::sys::signal::Signal;

use super::super::presence::{Cluster, redis_node};
use super::{ENTER, SAID, STATE, TEXTS, in_peace, online};
use crate::support::browser::Browser;
use crate::support::process::PATIENCE;

/// The address of the node, out of the sentence that says how things stand.
const NODE: &str =
    "return /at ([0-9.:]+[0-9])/.exec(document.getElementById('standing').textContent)?.[1] ?? ''";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_disconnects_is_away_until_connecting_again() {
    let cluster = Cluster::local().await;
    let page = format!("http://{}/", cluster.nodes[0].address);
    let browser = Browser::start().await;
    let (one, other) = (browser.open(&page).await, browser.open(&page).await);
    online(&[&one, &other], 2).await;
    let press = "document.getElementById('connection').click()";
    one.run(press).await;
    one.until(STATE, "offline").await;
    one.until("return document.getElementById('status-text').textContent", "disconnected").await;
    online(&[&other], 1).await;
    one.type_into("#text", &format!("meanwhile{ENTER}")).await;
    other.type_into("#text", &format!("unheard{ENTER}")).await;
    other.until(TEXTS, vec!["unheard"]).await;
    one.run(press).await;
    online(&[&one, &other], 2).await;
    let back = "You had closed the connection from T to T (L); what was said meanwhile is not shown.";
    one.until(SAID, vec![back]).await;
    other.until(TEXTS, vec!["unheard", "meanwhile"]).await;
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_goes_to_another_node_by_hand_and_back_by_itself() {
    let mut cluster = Cluster::redis(1, &[]).await;
    let first = cluster.nodes[0].address;
    let origin = format!("http://{first}");
    let url = cluster.redis.as_ref().unwrap().url();
    cluster.nodes.push(redis_node(&url, &["--allow-origin", &origin]));
    // This one takes no page of another.
    cluster.nodes.push(redis_node(&url, &[]));
    let (second, third) = (cluster.nodes[1].address, cluster.nodes[2].address);
    let browser = Browser::start().await;
    let one = browser.open(&format!("{origin}/")).await;
    let other = browser.open(&format!("{origin}/")).await;
    online(&[&one, &other], 2).await;
    let own = one.run("return sessionStorage.getItem('pubsub-lab.self')").await;

    let go = async |address: String| {
        one.run(
            "document.getElementById('places').open = true; document.getElementById('address').value = ''",
        )
        .await;
        one.type_into("#address", &format!("{address}{ENTER}")).await;
    };
    go(second.to_string()).await;
    one.until(NODE, second.to_string()).await;
    online(&[&one, &other], 2).await;
    assert_eq!(one.run("return sessionStorage.getItem('pubsub-lab.self')").await, own, "the same person");
    let moved = "You are at another node now. The change took L; what was said meanwhile is not shown.";
    one.until(SAID, vec![moved]).await;
    one.type_into("#text", &format!("from there{ENTER}")).await;
    other.until(TEXTS, vec!["from there"]).await;

    // The node dies and stays away: the page goes back to the other that it knows.
    cluster.nodes[1].running.signal(Signal::SIGKILL);
    cluster.nodes[1].running.ended_within(PATIENCE);
    one.until(NODE, first.to_string()).await;
    online(&[&one, &other], 2).await;
    let says = |line: String| {
        format!(
            "return [...document.querySelectorAll('#log .system')].some((line) => line.textContent.startsWith('{line}'))"
        )
    };
    one.until(&says(format!("The node stays away: the page goes to {first}.")), true).await;

    // A node that does not let the page in: it says so, and the page is back where it was.
    go(third.to_string()).await;
    one.until(&says(format!("{third} does not answer this page.")), true).await;
    one.until(NODE, first.to_string()).await;
    online(&[&one, &other], 2).await;
    in_peace(browser).await;
}
