//! People: who is here, how they are called, who types, and what two of them say to each other alone.

use serde_json::json;

use super::super::presence::Cluster;
use super::{ENTER, TEXTS, in_peace, online};
use crate::support::browser::Browser;
use crate::support::chat_page::{PEOPLE, TYPING, WHISPERS, call};

const BOX: &str = "return document.getElementById('text').value";

async fn people_see_each_other_and_whisper(cluster: Cluster) {
    let page = |node: usize| format!("http://{}/", cluster.nodes[node % cluster.nodes.len()].address);
    let browser = Browser::start().await;
    let (ada, bob, eve) =
        (browser.open(&page(0)).await, browser.open(&page(1)).await, browser.open(&page(1)).await);
    let all = [&ada, &bob, &eve];
    online(&all, 3).await;

    // Who is called otherwise is so for everybody, and a name is no markup.
    let harm = "<img src=x onerror='harm=1'>";
    call(&ada, "Ada").await;
    call(&bob, "Bob the 2nd").await;
    call(&eve, harm).await;
    for window in all {
        window.until(PEOPLE, vec![harm, "Ada", "Bob the 2nd"]).await;
        assert_eq!(window.run("return [document.images.length, window.harm ?? 0]").await, json!([0, 0]));
    }
    let renamed = "return [...document.querySelectorAll('#log .presence')].some((line) =>
        line.textContent.endsWith(' is Bob the 2nd now'))";
    ada.until(renamed, true).await;
    bob.run(
        "const box = document.getElementById('colour'); box.value = '#be185d';
        box.dispatchEvent(new Event('change'))",
    )
    .await;
    let colour = "return [...document.querySelectorAll('#people-list .from')]
        .find((name) => name.textContent.startsWith('Bob')).style.getPropertyValue('--author')";
    ada.until(colour, "#be185d").await;

    // The others see who types, and for how long.
    bob.type_into("#text", "hel").await;
    ada.until(TYPING, "Bob the 2nd is typing…").await;
    assert_eq!(bob.run(TYPING).await, "");
    ada.until(TYPING, "").await;
    bob.type_into("#text", &format!("lo{ENTER}")).await;
    ada.until(TEXTS, vec!["hello"]).await;

    // A whisper is for its two ends.
    ada.run(
        "[...document.querySelectorAll('.person')].find((person) =>
        person.textContent.startsWith('Bob')).click()",
    )
    .await;
    assert_eq!(ada.run(BOX).await, "@\"Bob the 2nd\" ");
    ada.type_into("#text", &format!("psst <b>{ENTER}")).await;
    ada.until(WHISPERS, json!(["Ada|to Bob the 2nd alone|psst <b>|"])).await;
    bob.until(WHISPERS, json!(["Ada|to you alone|psst <b>|"])).await;
    bob.type_into("#text", &format!("@Ada yes?{ENTER}")).await;
    ada.until(&format!("{WHISPERS}.at(-1)"), "Bob the 2nd|to you alone|yes?|").await;
    // To somebody who is not here it is not sent, and is not lost.
    ada.type_into("#text", &format!("@Nobody are you there{ENTER}")).await;
    let refused =
        "Ada|to Nobody alone|are you there|not sent: nobody called `Nobody` is here now Send again Edit";
    ada.until(&format!("{WHISPERS}.at(-1)"), refused).await;
    ada.run(
        "[...document.querySelectorAll('#log .again')].find((button) => button.textContent === 'Edit').click()",
    )
    .await;
    assert_eq!(ada.run(BOX).await, "@Nobody are you there");
    ada.run("document.getElementById('text').value = ''").await;

    // What comes after the whispers proves that Eve, on Bob's node, saw none of them.
    ada.type_into("#text", &format!("to all{ENTER}")).await;
    eve.until(&format!("{TEXTS}.at(-1)"), "to all").await;
    assert_eq!(eve.run(WHISPERS).await, json!([]));
    assert_eq!(eve.run("return document.body.innerText.includes('psst')").await, false);

    // To all but oneself: the others have it, and one's own line says so.
    ada.run("document.getElementById('audience').value = 'others'").await;
    ada.type_into("#text", &format!("not to me{ENTER}")).await;
    for window in [&bob, &eve] {
        window.until(&format!("{TEXTS}.at(-1)"), "not to me").await;
    }
    let own = "const line = [...document.querySelectorAll('#log .own')].at(-1);
        return [line.querySelector('.text').textContent, line.querySelector('.aside').textContent, line.dataset.kind]";
    ada.until(own, json!(["not to me", "to all others", "seen"])).await;
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_see_each_other_and_whisper_on_one_node() {
    people_see_each_other_and_whisper(Cluster::local().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_see_each_other_and_whisper_over_redis() {
    people_see_each_other_and_whisper(Cluster::redis(2, &[]).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_see_each_other_and_whisper_over_zeromq() {
    people_see_each_other_and_whisper(Cluster::zeromq(2).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_become_links_and_code_is_code() {
    let cluster = Cluster::local().await;
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{}/", cluster.nodes[0].address)).await;
    online(&[&window], 1).await;
    let text = "see https://example.org/a_(b)?c=1&d=<x>, not javascript:alert(1) or http://. `<b>` שלום";
    window.type_into("#text", &format!("{text}{ENTER}")).await;
    let shown = "return [...document.querySelectorAll('#log .text *')].map((made) =>
        [made.localName, made.textContent, made.getAttribute('href'), made.rel ?? ''].join('|'))";
    let link =
        "a|https://example.org/a_(b)?c=1&d=|https://example.org/a_(b)?c=1&d=|noopener noreferrer nofollow";
    window.until(shown, json!([link, "code|<b>||"])).await;
    in_peace(browser).await;
}
