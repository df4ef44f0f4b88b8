//! What the three see of faults, and what becomes of what they say meanwhile.

use serde_json::json;

use super::{Pages, Pattern};
use crate::support::browser::Window;
use crate::support::chat_page::{SAID, STATE, say};
use crate::support::prompted::Prompted;

/// Whether the page says, once more than so many times before, that something may be missing.
const GAPS: &str = "return [...document.querySelectorAll('#log .system')]
    .filter((line) => line.textContent.includes('may be missing')).length";

/// The line of the message with this text.
fn line(text: &str) -> String {
    let find = "[...document.querySelectorAll('#log .message')].find((line) => line.querySelector('.text').textContent";
    format!("{find} === {})", json!(text))
}

/// What the page says under a message: `state|words`.
async fn is_marked(page: &Window<'_>, text: &str, state: &str, words: &str) {
    let kind = format!("return {}.dataset.kind", line(text));
    page.until(&kind, state).await;
    let note = format!("return {}.querySelector('.note').textContent.includes({})", line(text), json!(words));
    page.until(&note, true).await;
}

/// Presses the button under a message.
async fn sends_again(page: &Window<'_>, text: &str) {
    let button =
        "[...line.querySelectorAll('.again')].find((one) => one.textContent === 'Send again').click()";
    page.run(&format!("const line = {}; {button}", line(text))).await;
}

async fn gaps(page: &Window<'_>) -> i64 {
    page.run(GAPS).await.as_i64().unwrap()
}

pub async fn a_node_stands_still_and_dies(run: &Prompted, pages: &Pages<'_>, pattern: &Pattern) {
    let Pages { ada, bob, .. } = pages;
    run.says("pause node 1", "node 1 was paused");
    say(bob, "under way").await;
    pages.are_without_bob().await;
    bob.until(STATE, "silent").await;
    is_marked(bob, "under way", "silent", "no answer yet").await;

    // Nobody knows whether the node had read it. What is said without a connection waits for one.
    run.says("kill node 1", "node 1 was killed");
    bob.until(STATE, "offline").await;
    is_marked(bob, "under way", "unknown", "perhaps sent").await;
    say(bob, "not even tried").await;
    is_marked(bob, "not even tried", "waiting", "waits for the connection").await;
    say(ada, "while Bob is away").await;

    run.order("start node 1");
    pages.are_together().await;
    pages.show_once("not even tried").await;
    sends_again(bob, "under way").await;
    pages.show_once("under way").await;
    let (became, comes) = match pattern.remembers {
        true => ("one message came meanwhile", 1),
        false => ("what was said meanwhile is not shown", 0),
    };
    let back = format!("{SAID}.some((line) => line.startsWith('Back') && line.endsWith('; {became}.'))");
    bob.until(&back, true).await;
    assert_eq!(bob.run(&super::count("while Bob is away")).await, comes);
}

pub async fn the_link_between_the_nodes_is_cut(run: &Prompted, pages: &Pages<'_>, pattern: &Pattern) {
    let Pages { ada, bob, .. } = pages;
    let (of_ada, of_bob) = (gaps(ada).await, gaps(bob).await);
    run.order(&format!("cut {}", pattern.link));
    if pattern.has_broker {
        // Bob's node alone has no broker.
        bob.until(STATE, "broker").await;
        assert_eq!(ada.run(STATE).await, "online");
    }
    say(bob, "into the cut").await;
    if pattern.has_broker && !pattern.remembers {
        is_marked(bob, "into the cut", "refused", "not sent").await;
    }
    pages.are_without_bob().await;
    say(ada, "past the cut").await;
    run.order("heal");
    pages.are_together().await;
    if pattern.has_broker {
        if !pattern.remembers {
            sends_again(bob, "into the cut").await;
        }
        pages.show_once("into the cut").await;
    }
    if pattern.remembers {
        pages.show_once("past the cut").await;
        assert_eq!((gaps(ada).await, gaps(bob).await), (of_ada, of_bob), "nothing is missing");
        return;
    }
    bob.until(GAPS, of_bob + 1).await;
    if !pattern.has_broker {
        ada.until(GAPS, of_ada + 1).await;
    }
    assert_eq!(bob.run(&super::count("past the cut")).await, 0);
}

pub async fn the_broker_dies(run: &Prompted, pages: &Pages<'_>, pattern: &Pattern) {
    let Pages { ada, bob, .. } = pages;
    let before = (gaps(ada).await, gaps(bob).await);
    run.says("kill broker", "the broker was killed");
    for page in pages.all() {
        page.until(STATE, "broker").await;
    }
    say(ada, "without a broker").await;
    if !pattern.remembers {
        is_marked(ada, "without a broker", "refused", "not sent").await;
    }
    assert_eq!((gaps(ada).await, gaps(bob).await), before, "a gap is drawn when the broker is back");
    run.order("start broker");
    pages.are_together().await;
    if !pattern.remembers {
        sends_again(ada, "without a broker").await;
    }
    pages.show_once("without a broker").await;
    let more = i64::from(!pattern.remembers);
    ada.until(GAPS, before.0 + more).await;
    bob.until(GAPS, before.1 + more).await;
}
