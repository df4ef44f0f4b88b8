//! Who a tab is, over its connections.

use nix::sys::signal::Signal;
use serde_json::json;

use super::{SAID, STATE, in_peace, node_of, online};
use crate::support::browser::Browser;
use crate::support::process::PATIENCE;
use crate::support::redis::RedisServer;

/// The token that the tab keeps, and the public id of the session that it is now.
const TOKEN: &str = "return sessionStorage.getItem('pubsub-lab.session')";
const SELF: &str = "return sessionStorage.getItem('pubsub-lab.self')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_whose_session_nobody_can_look_up_is_itself_again_later() {
    let redis = RedisServer::start();
    let start = |listen: &str| {
        node_of(&["redis", "--listen", listen, "--broker", &redis.url(), "--sessions", "redis"])
    };
    let (mut server, address) = start("127.0.0.1:0");
    let page = format!("http://{address}/");
    let browser = Browser::start().await;
    let window = browser.open(&page).await;
    online(&[&window], 1).await;
    let (token, id) = (window.run(TOKEN).await, window.run(SELF).await);
    assert!(token.is_string() && id.is_string(), "{token} {id}");

    server.signal(Signal::SIGKILL);
    server.ended_within(PATIENCE);
    redis.pause();
    let (_server, _) = start(&address);
    let told = format!("{SAID}.filter((line) => line.includes('cannot be looked up')).length > 0");
    window.until(&told, true).await;
    // It goes on as somebody else, and does not forget who it was.
    window.until(&format!("{SELF} !== '{}'", id.as_str().unwrap()), true).await;
    assert_eq!(window.run(TOKEN).await, token);
    redis.resume();
    window.until(STATE, "online").await;
    assert_eq!(window.run(TOKEN).await, token);

    window.visit(&page).await;
    window.until(SELF, id).await;
    online(&[&window], 1).await;
    assert_eq!(window.run(SAID).await, json!([]));
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_whose_session_is_worth_nothing_goes_on_with_the_new_one() {
    let (_server, address) = node_of(&["local", "--listen", "127.0.0.1:0"]);
    let page = format!("http://{address}/");
    let browser = Browser::start().await;
    let window = browser.open(&page).await;
    online(&[&window], 1).await;
    window.run("sessionStorage.setItem('pubsub-lab.session', 'nonsense')").await;
    window.visit(&page).await;
    online(&[&window], 1).await;
    let token = "this is no session token, or one of another version. You go on as a new one";
    window.until(SAID, vec![token]).await;
    let id = window.run(SELF).await;
    window.visit(&page).await;
    online(&[&window], 1).await;
    assert_eq!((window.run(SELF).await, window.run(SAID).await), (id, json!([])));
    in_peace(browser).await;
}
