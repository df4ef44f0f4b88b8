//! The page under a path of a proxy, and the page whose WebSocket is refused.

use super::{ENTER, SAID, STATE, TEXTS, in_peace, node, online};
use crate::support::browser::Browser;
use crate::support::path_proxy::{PathProxy, Upgrades};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_under_a_path_finds_its_socket_there() {
    let (_server, address) = node("127.0.0.1:0");
    let proxy = PathProxy::start(address.parse().unwrap(), Upgrades::Passed).await;
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{}/lab/", proxy.address)).await;
    online(&[&window], 1).await;
    window.type_into("#text", &format!("under a path{ENTER}")).await;
    window.until(TEXTS, vec!["under a path"]).await;
    in_peace(browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_whose_socket_is_refused_says_where_the_cause_stands() {
    let (server, address) = node("127.0.0.1:0");
    let proxy = PathProxy::start(address.parse().unwrap(), Upgrades::Forgotten).await;
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{}/lab/", proxy.address)).await;
    window.until(STATE, "offline").await;
    let first = format!("{SAID}[0]?.split(':')[0]");
    window.until(&first, "The node answers, but refuses the WebSocket").await;
    // The log has what the page promises of it.
    server.err_line("turned away");
    in_peace(browser).await;
}
