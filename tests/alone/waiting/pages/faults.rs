//! What the three see of faults, and what becomes of what they say meanwhile.

use serde_json::json;

use super::{Pages, Pattern};
use crate::support::browser::Window;
use crate::support::chat_page::{SAID, STATE, say};
use crate::support::prompted::Prompted;

/// How often the page says that something may be missing.
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

/// The page waits for the answer to a message, and says so, be it at once or after a while.
async fn is_unanswered(page: &Window<'_>, text: &str) {
    let waits = format!(
        "const {{dataset, textContent}} = {};
         return ['sending', 'silent'].includes(dataset.kind) && /sending|no answer yet/.test(textContent)",
        line(text)
    );
    page.until(&waits, true).await;
}

/// Presses the button under a message.
async fn sends_again(page: &Window<'_>, text: &str) {
    let button =
        "[...line.querySelectorAll('.again')].find((one) => one.textContent === 'Send again').click()";
    page.run(&format!("const line = {}; {button}", line(text))).await;
}

/// All have a message once, and its writer's page asks nothing more about it.
async fn arrived(pages: &Pages<'_>, writer: &Window<'_>, text: &str) {
    pages.show_once(text).await;
    let settled = format!(
        "const line = {}; return line.classList.contains('seen') && !line.querySelector('.again')",
        line(text)
    );
    writer.until(&settled, true).await;
}

async fn gaps(page: &Window<'_>) -> i64 {
    page.run(GAPS).await.as_i64().unwrap()
}

/// The page says once more that something may be missing. On a busy machine a broker may seem away for a moment of its own.
async fn says_gap_after(page: &Window<'_>, before: i64) {
    page.until(&format!("{GAPS} > {before}"), true).await;
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
    arrived(pages, bob, "not even tried").await;
    sends_again(bob, "under way").await;
    arrived(pages, bob, "under way").await;
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
        ada.until(STATE, "online").await;
    }
    say(bob, "into the cut").await;
    match (pattern.has_broker, pattern.remembers) {
        (true, true) => is_unanswered(bob, "into the cut").await,
        (true, false) => is_marked(bob, "into the cut", "refused", "not sent").await,
        // Nobody notices a link that is cut.
        (false, _) => {}
    }
    pages.are_without_bob().await;
    say(ada, "past the cut").await;
    run.order("heal");
    pages.are_together().await;
    if pattern.has_broker {
        if !pattern.remembers {
            sends_again(bob, "into the cut").await;
        }
        arrived(pages, bob, "into the cut").await;
    }
    if pattern.remembers {
        pages.show_once("past the cut").await;
        assert_eq!((gaps(ada).await, gaps(bob).await), (of_ada, of_bob), "nothing is missing");
        return;
    }
    says_gap_after(bob, of_bob).await;
    if !pattern.has_broker {
        says_gap_after(ada, of_ada).await;
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
    match pattern.remembers {
        true => is_unanswered(ada, "without a broker").await,
        false => is_marked(ada, "without a broker", "refused", "not sent").await,
    }
    assert_eq!((gaps(ada).await, gaps(bob).await), before, "a gap is drawn when the broker is back");
    run.order("start broker");
    pages.are_together().await;
    if !pattern.remembers {
        sends_again(ada, "without a broker").await;
    }
    arrived(pages, ada, "without a broker").await;
    if pattern.remembers {
        assert_eq!((gaps(ada).await, gaps(bob).await), before, "nothing is missing");
        return;
    }
    says_gap_after(ada, before.0).await;
    says_gap_after(bob, before.1).await;
}
