//! A tab that is duplicated, and one whose node stands still.

use nix::sys::signal::Signal;
use serde_json::json;

use super::{ENTER, STATE, TEXTS, in_peace, node, online};
use crate::support::browser::Browser;
use crate::support::path_proxy::{PathProxy, Upgrades};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_unsent_stays_with_its_tab_and_not_with_a_duplicate() {
    let (_server, address) = node("127.0.0.1:0");
    // A page that is loaded and never gets its socket keeps what is written.
    let proxy = PathProxy::start(address.parse().unwrap(), Upgrades::Forgotten).await;
    let browser = Browser::start().await;
    let one = browser.open(&format!("http://{}/lab/", proxy.address)).await;
    one.until(STATE, "offline").await;
    one.type_into("#text", &format!("unsent{ENTER}")).await;
    one.until(TEXTS, vec!["unsent"]).await;

    let twin = browser.opened_by(&one, "window.open(location.href)").await;
    twin.until(STATE, "offline").await;
    assert_eq!(twin.run(TEXTS).await, json!([]), "both would send it");
    // A page that is loaded again is no duplicate.
    one.run("window.before = true; location.reload()").await;
    one.until("return window.before ?? document.getElementById('status')?.dataset.state", "offline").await;
    one.until(TEXTS, vec!["unsent"]).await;
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_says_that_its_node_stands_still() {
    let (server, address) = node("127.0.0.1:0");
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{address}/")).await;
    online(&[&window], 1).await;
    server.signal(Signal::SIGSTOP);
    window.until(STATE, "silent").await;
    // As narrow as a phone: the words stay in one line.
    window.resize(360, 740).await;
    let lines = "document.body.style.width = '360px'; const words = document.getElementById('status-text');
        return [words.textContent, words.getClientRects().length, words.offsetHeight < 30]";
    assert_eq!(window.run(lines).await, json!(["node silent", 1, true]));
    server.signal(Signal::SIGCONT);
    online(&[&window], 1).await;
    in_peace(browser).await;
}
