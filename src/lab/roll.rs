//! Who runs, as the observer calls them.

use super::cluster::Cluster;
use super::observer::Member;
use super::subject::Subject;

/// The broker, whichever it is.
const BROKER: &str = "broker";

/// Everything that makes a cluster.
pub(super) fn members_of(cluster: &Cluster) -> Vec<Member> {
    let nodes = (0..cluster.node_ids().len()).map(|n| Member { name: format!("node {n}"), ours: true });
    let broker = cluster.broker().map(|broker| Member { name: BROKER.into(), ours: !broker.is_external() });
    let history = cluster.history().map(|history| Member { name: history.name().into(), ours: true });
    nodes.chain(broker).chain(history).collect()
}

/// Nodes that already run, of which nobody knows how they are.
pub(super) fn members_at(urls: &[String]) -> Vec<Member> {
    (0..urls.len()).map(|n| Member { name: format!("node {n}"), ours: false }).collect()
}

/// What the member is called whose process has this name.
pub(super) fn members_name<'a>(subject: &Subject, process: &'a str) -> &'a str {
    match subject.product() {
        Some(product) if product.word() == process || process == "docker" => BROKER,
        _ => process,
    }
}
