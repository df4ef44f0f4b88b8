//! Three people in the pages of two nodes of a run, over each pattern: they talk, and then a link is cut, a node stands
//! still and dies, and the broker is killed. Each page says by itself what is away, nobody is named who is gone, what was
//! not sent is marked and goes out again under its id, and what may be missing is said.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod faults;
mod talk;

use serde_json::json;

use crate::support::browser::{Browser, Window};
use crate::support::chat_page::{MEMBERS, PEOPLE, STATE, call, complaints};
use crate::support::prompted::Prompted;

/// The names of the three, as pages sort them. A name is no markup.
const NAMES: [&str; 3] = ["Ada", BOB, "Cyd"];
const BOB: &str = "Bob <b>";

/// What a pattern has that can be struck, and what a page then says.
struct Pattern {
    name: &'static str,
    /// The link whose cut parts the two nodes.
    link: &'static str,
    /// Whether the end of that link is a broker, which can be killed.
    has_broker: bool,
    /// Whether what was said while somebody was away comes later; otherwise the page says that it may be missing.
    remembers: bool,
}

/// The pages: Ada and Cyd are on node 0, which stays, and Bob is on node 1.
struct Pages<'a> {
    ada: Window<'a>,
    bob: Window<'a>,
    cyd: Window<'a>,
}

impl Pages<'_> {
    fn all(&self) -> [&Window<'_>; 3] {
        [&self.ada, &self.bob, &self.cyd]
    }

    /// All are online, and name all three.
    async fn are_together(&self) {
        for page in self.all() {
            page.until(STATE, "online").await;
            page.until(MEMBERS, "3 here").await;
            page.until(PEOPLE, NAMES.to_vec()).await;
        }
    }

    /// The pages of node 0 name nobody but their own two.
    async fn are_without_bob(&self) {
        for page in [&self.ada, &self.cyd] {
            page.until(MEMBERS, "2 here").await;
            page.until(PEOPLE, vec!["Ada", "Cyd"]).await;
        }
    }

    /// Every page shows a message once.
    async fn show_once(&self, text: &str) {
        for page in self.all() {
            page.until(&count(text), 1).await;
        }
    }
}

/// A script that counts the messages with this text.
fn count(text: &str) -> String {
    format!(
        "return [...document.querySelectorAll('#log .message .text')].filter((text) => text.textContent === {}).length",
        json!(text)
    )
}

async fn people_talk_through_every_fault(pattern: Pattern) {
    let run = Prompted::start(pattern.name, 2);
    let browser = Browser::start().await;
    let page = async |node: usize| browser.open(&format!("http://127.0.0.1:{}/", run.ports[node])).await;
    let pages = Pages { ada: page(0).await, bob: page(1).await, cyd: page(0).await };
    for (page, name) in pages.all().into_iter().zip(NAMES) {
        page.until(STATE, "online").await;
        call(page, name).await;
    }
    pages.are_together().await;
    talk::in_rooms_and_alone(&pages).await;
    // By now each node has heard of the other's numbers, by which it sees what a cut takes away.
    faults::the_link_between_the_nodes_is_cut(&run, &pages, &pattern).await;
    faults::a_node_stands_still_and_dies(&run, &pages, &pattern).await;
    if pattern.has_broker {
        faults::the_broker_dies(&run, &pages, &pattern).await;
    }
    assert_eq!(complaints(&browser).await, [json!(null); 0]);
    // What the policy of the page forbids would be found.
    pages
        .ada
        .run("document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/x.png' }))")
        .await;
    pages.ada.until("return document.images.length", 1).await;
    let forbidden = complaints(&browser).await;
    assert!(format!("{forbidden:?}").contains("Content Security Policy"), "{forbidden:?}");
    assert_eq!(browser.end(), []);
    let seen = run.processes();
    run.terminal.types("quit\r");
    assert_eq!(run.ends(&seen), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_redis() {
    let (link, has_broker, remembers) = ("node 1 <-> broker", true, false);
    people_talk_through_every_fault(Pattern { name: "redis", link, has_broker, remembers }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_zeromq() {
    let (link, has_broker, remembers) = ("node 0 <-> node 1", false, false);
    people_talk_through_every_fault(Pattern { name: "zeromq", link, has_broker, remembers }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_amqp() {
    let (link, has_broker, remembers) = ("node 1 <-> broker", true, true);
    people_talk_through_every_fault(Pattern { name: "amqp", link, has_broker, remembers }).await;
}
