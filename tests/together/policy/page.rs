//! The chat page, where a policy says who somebody is and where one may write.

use serde_json::json;

use super::{PolicyFile, SECRET};
use crate::support::browser::Browser;
use crate::support::chat_page::{NAME, STATE};
use crate::support::token::{claims, hs256};

/// What the page says between the messages.
const SAID: &str =
    "return [...document.querySelectorAll('#log .system')].map((line) => line.textContent).join(' ')";

#[tokio::test]
async fn the_page_takes_its_token_along_and_is_told_what_it_may_not() {
    let policy = PolicyFile::new(
        "[connect]\njwt = \"HS256\"\nsecret_file = \"secret.txt\"\n\
         [[rule]]\nname = \"quiet\"\nrooms = [\"lobby\"]\nwrite = []\nreason = \"nobody writes here\"\n",
    );
    let node = policy.node();
    let browser = Browser::start().await;
    let token = |name: &str| hs256(SECRET, &claims(name, 600));
    let page = browser.open(&format!("http://{}/?access_token={}", node.address, token("Ada"))).await;
    page.until(STATE, "online").await;
    assert_eq!(page.run(NAME).await, json!("Ada"));
    page.type_into("#text", "hi\u{e007}").await;
    let told = "return document.body.textContent.includes('nobody writes here')";
    page.until(told, true).await;
    // The same tab with another token is somebody else, whatever name it had before.
    page.visit(&format!("http://{}/?access_token={}", node.address, token("Bob"))).await;
    page.until(STATE, "online").await;
    assert_eq!(page.run(NAME).await, json!("Bob"));
    // Without a token nobody comes in, and the page says what may be the cause.
    page.visit(&format!("http://{}/", node.address)).await;
    page.until(&format!("{SAID}.includes('access_token')"), true).await;
}
