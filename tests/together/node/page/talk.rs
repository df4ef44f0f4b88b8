//! Two people talk: names, texts that stay texts, and a node that dies and comes back.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{ENTER, NAME, SAID, STATE, complaints, in_peace, node, online};
use crate::support::browser::{Browser, Window};
use crate::support::process::PATIENCE;

/// Every message: its writer, its text, and whether it is its reader's own.
const MESSAGES: &str = "return [...document.querySelectorAll('#log .message')].map((line) => [
    line.querySelector('.from').textContent, line.querySelector('.text').textContent,
    line.classList.contains('own') && line.dataset.kind !== 'seen' ? 'under way' : '' ].join('|'))";
/// What markup would have left behind.
const HARM: &str =
    "return [document.querySelectorAll('#log b, #log img, #log script').length, window.harm ?? null]";

/// Waits until all of these windows show exactly these messages: `writer|text|`.
async fn shown(windows: &[&Window<'_>], messages: &[String]) {
    for window in windows {
        window.until(MESSAGES, messages).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_windows_talk_and_outlive_their_node() {
    let (mut server, address) = node("127.0.0.1:0");
    let page = format!("http://{address}/");
    let browser = Browser::start().await;
    let (one, other) = (browser.open(&page).await, browser.open(&page).await);
    online(&[&one, &other], 2).await;

    // Each has a name, and can choose another.
    let (guest, guessed) = (name(&one).await, name(&other).await);
    assert!(!guest.is_empty() && guest != guessed, "{guest} {guessed}");
    one.run("document.getElementById('name').value = ''").await;
    one.type_into("#name", &format!("Ada{ENTER}")).await;
    one.until(NAME, "Ada").await;
    online(&[&one, &other], 2).await;
    one.until(SAID, vec!["You are Ada now."]).await;

    // Enter sends; what was sent is seen by both, under its writer's name.
    one.type_into("#text", &format!("hello there{ENTER}")).await;
    let mut said = vec!["Ada|hello there|".to_owned()];
    shown(&[&one, &other], &said).await;
    assert_eq!(one.run("return document.getElementById('text').value").await, "");

    // Text stays text.
    let markup = ["<b>x</b>", "<img src=x onerror=\"window.harm = 1\">", "<script>window.harm = 1</script>"];
    for text in markup {
        other.type_into("#text", &format!("{text}{ENTER}")).await;
        said.push(format!("{guessed}|{text}|"));
    }
    shown(&[&one, &other], &said).await;
    for window in [&one, &other] {
        assert_eq!(window.run(HARM).await, json!([0, null]));
    }
    assert_eq!(complaints(&browser).await, Vec::<Value>::new());
    // What a page complains about would be found.
    for window in [&one, &other] {
        window.run("console.error('a control')").await;
    }
    assert_eq!(complaints(&browser).await.len(), 2);

    // The node dies: the page says so, and keeps what is written meanwhile.
    server.signal(Signal::SIGKILL);
    server.ended_within(PATIENCE);
    for window in [&one, &other] {
        window.until(STATE, "offline").await;
    }
    one.until("return document.getElementById('status-text').textContent", "reconnecting").await;
    one.type_into("#text", &format!("written meanwhile{ENTER}")).await;

    // It is back: so are they, by themselves and under their names, and messages flow.
    let (_server, _) = node(&address);
    online(&[&one, &other], 2).await;
    assert_eq!([name(&one).await, name(&other).await], ["Ada".to_owned(), guessed.clone()]);
    // What waited went out when its writer was back; whether the other was back before, nobody promised.
    let waited = format!("{MESSAGES}.filter((message) => message.endsWith('written meanwhile|'))");
    one.until(&waited, vec!["Ada|written meanwhile|"]).await;
    other.type_into("#text", &format!("welcome back{ENTER}")).await;
    said.push(format!("{guessed}|welcome back|"));
    let others = format!("{MESSAGES}.filter((message) => !message.endsWith('written meanwhile|'))");
    for window in [&one, &other] {
        window.until(&others, said.clone()).await;
    }
    in_peace(browser).await;
}

async fn name(window: &Window<'_>) -> String {
    window.run(NAME).await.as_str().unwrap().to_owned()
}
