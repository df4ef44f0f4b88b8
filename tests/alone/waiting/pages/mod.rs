//! Two pages that only read, on two nodes of a run, while a node is killed, paused and cut off, and the broker is
//! killed: nobody is named who is gone, the page says by itself what is away, and draws the gap when it returns.

use crate::support::browser::{Browser, Window};
use crate::support::prompted::Prompted;

const STATE: &str = "return document.getElementById('status').dataset.state";
const MEMBERS: &str = "return document.getElementById('members').textContent";
const NAME: &str = "return document.getElementById('name').value";
/// The people of the shown room.
const PEOPLE: &str =
    "return [...document.querySelectorAll('#people-list .from')].map((name) => name.textContent).toSorted()";
/// Whether the page says that something may be missing.
const GAP: &str = "return [...document.querySelectorAll('#log .system')]
    .some((line) => line.textContent.includes('may be missing'))";

/// What a pattern has that can be struck.
struct Struck {
    pattern: &'static str,
    /// The link whose cut parts the two nodes.
    link: &'static str,
    has_broker: bool,
    /// Whether a page that was there may have missed something while the broker was away.
    draws_gap: bool,
}

/// Both pages are online, and name both people.
async fn together(pages: [&Window<'_>; 2]) {
    // A page knows its name once it is welcomed.
    for page in pages {
        page.until(STATE, "online").await;
    }
    let mut names = vec![pages[0].run(NAME).await, pages[1].run(NAME).await];
    names.sort_by_key(ToString::to_string);
    for page in pages {
        page.until(MEMBERS, "2 here").await;
        page.until(PEOPLE, names.clone()).await;
    }
}

/// The page names nobody but its own reader.
async fn alone(page: &Window<'_>) {
    page.until(MEMBERS, "1 here").await;
    page.until(PEOPLE, vec![page.run(NAME).await]).await;
}

async fn two_readers_see_what_is_away(struck: Struck) {
    let Struck { pattern, link, has_broker, draws_gap } = struck;
    let run = Prompted::start(pattern, 2);
    let browser = Browser::start().await;
    let page = async |node: usize| browser.open(&format!("http://127.0.0.1:{}/", run.ports[node])).await;
    let (stays, struck) = (page(0).await, page(1).await);
    let both = [&stays, &struck];
    together(both).await;

    run.says("kill node 1", "node 1 was killed");
    struck.until(STATE, "offline").await;
    alone(&stays).await;
    run.order("start node 1");
    together(both).await;

    run.says("pause node 1", "node 1 was paused");
    struck.until(STATE, "silent").await;
    alone(&stays).await;
    run.order("cont node 1");
    together(both).await;

    run.order(&format!("cut {link}"));
    alone(&stays).await;
    run.order("heal");
    together(both).await;

    if has_broker {
        let before = stays.run(GAP).await;
        run.says("kill broker", "the broker was killed");
        for page in both {
            page.until(STATE, "broker").await;
        }
        assert_eq!(stays.run(GAP).await, before, "a gap is drawn when the broker is back");
        run.order("start broker");
        together(both).await;
        stays.until(GAP, draws_gap).await;
    }
    assert_eq!(browser.end(), []);
    let seen = run.processes();
    run.terminal.types("quit\r");
    assert_eq!(run.ends(&seen), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_redis() {
    let link = "node 1 <-> broker";
    two_readers_see_what_is_away(Struck { pattern: "redis", link, has_broker: true, draws_gap: true }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_zeromq() {
    let link = "node 0 <-> node 1";
    two_readers_see_what_is_away(Struck { pattern: "zeromq", link, has_broker: false, draws_gap: true })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_amqp() {
    let link = "node 1 <-> broker";
    two_readers_see_what_is_away(Struck { pattern: "amqp", link, has_broker: true, draws_gap: false }).await;
}
