//! A tab that goes over to another connection, one that is duplicated, and one whose node stands still.

use std::cell::Cell;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use tokio::time::interval;

use super::{ENTER, NAME, SAID, STATE, TEXTS, in_peace, node, online};
use crate::support::browser::Browser;
use crate::support::client::Client;
use crate::support::node::Node;
use crate::support::path_proxy::{PathProxy, Upgrades};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_name_misses_nothing_that_is_said_meanwhile() {
    let (running, address) = node("127.0.0.1:0");
    let node = Node { running, address: address.parse().unwrap() };
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{address}/")).await;
    online(&[&window], 1).await;
    let mut client = Client::v1_in(&node, "lobby").await;
    online(&[&window], 2).await;

    let renamed = Cell::new(false);
    let names = ["Ada", "Bea", "Cleo"];
    let renames = async {
        for (n, name) in names.iter().enumerate() {
            window.run("document.getElementById('name').value = ''").await;
            window.type_into("#name", &format!("{name}{ENTER}")).await;
            let said: Vec<_> = names[..=n].iter().map(|name| format!("You are {name} now.")).collect();
            window.until(SAID, said).await;
        }
        renamed.set(true);
    };
    // Somebody speaks all the while.
    let speech = async {
        let mut pace = interval(Duration::from_millis(10));
        let mut said = Vec::new();
        while !renamed.get() {
            pace.tick().await;
            said.push(format!("{}", said.len()));
            client.publish("lobby", said.last().unwrap()).await;
        }
        said.push("the end".to_owned());
        client.publish("lobby", "the end").await;
        said
    };
    let ((), said) = tokio::join!(renames, speech);
    // The page shows the last 500 lines.
    let last = said.len().saturating_sub(400);
    window.until(&format!("{TEXTS}.slice({last})"), &said[last..]).await;
    assert_eq!(window.run(NAME).await, "Cleo");
    online(&[&window], 2).await;
    window.type_into("#text", &format!("as Cleo{ENTER}")).await;
    let own = "return [...document.querySelectorAll('#log .own.seen .from')].map((name) => name.textContent)";
    window.until(own, vec!["Cleo"]).await;
    in_peace(browser).await;
}

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
