//! The ways to balance.

use std::collections::BTreeSet;

use super::project::{Project, chat, get, guest, wait_until};
use crate::support::client::{Client, V1};

#[tokio::test]
async fn ip_hash_puts_everybody_behind_one_address_onto_one_node() {
    let project = Project::new("ip-hash", &["local"]).with("BALANCE", "ip_hash");
    project.start(&[]).await;
    project.balances(4);
    let mut nodes = BTreeSet::new();
    let mut clients = Vec::new();
    for _ in 0..8 {
        let (client, node) = guest("somebody").await;
        nodes.insert(node);
        clients.push(client);
    }
    assert_eq!(nodes.len(), 1, "{nodes:?}");
}

#[tokio::test]
async fn a_cookie_leads_a_browser_to_the_same_node_each_time() {
    let project = Project::new("cookie", &["local"]).with("BALANCE", "cookie");
    project.start(&[]).await;
    project.balances(4);
    let mut nodes = BTreeSet::new();
    for _ in 0..16 {
        let page = get("/").await;
        let cookie = page.lines().find_map(|line| line.strip_prefix("Set-Cookie: ")).expect("a cookie");
        let cookie = cookie.split(';').next().unwrap();
        let mut seen = BTreeSet::new();
        for _ in 0..3 {
            let mut client = Client::at(chat(), &[V1, ("cookie", cookie)]).await.unwrap();
            seen.insert(client.hello("browser").await["node"].as_str().unwrap().to_owned());
        }
        assert_eq!(seen.len(), 1, "one browser on {seen:?}");
        nodes.extend(seen);
    }
    assert!(nodes.len() > 1, "browsers are spread");
}

#[tokio::test]
async fn an_unknown_way_is_refused_with_those_that_there_are() {
    let project = Project::new("unknown", &[]).with("BALANCE", "by_luck");
    project.compose(&["up", "--detach", "--no-build"]);
    wait_until("a refusal", || {
        let log = project.compose(&["logs", "balancer"]);
        log.contains("error: no way to balance is called 'by_luck'")
            && log.contains("set BALANCE to one of these: cookie ip_hash least_conn")
    });
}
