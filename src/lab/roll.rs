//! The members of a cluster, by the names that the observer uses.

use super::cluster::Cluster;
use super::observer::Member;
use super::subject::Subject;

/// What the observer calls the broker, whichever product it is.
const BROKER: &str = "broker";

/// Every member of a cluster that the lab started.
pub(super) fn members_of(cluster: &Cluster) -> Vec<Member> {
    let nodes = (0..cluster.node_ids().len()).map(|n| Member { name: format!("node {n}"), ours: true });
    let broker = cluster.broker().map(|broker| Member { name: BROKER.into(), ours: !broker.is_external() });
    let history = cluster.history().map(|history| Member { name: history.name().into(), ours: true });
    nodes.chain(broker).chain(history).collect()
}

/// The members of a cluster that runs already; the lab does not know how they are.
pub(super) fn members_at(urls: &[String]) -> Vec<Member> {
    (0..urls.len()).map(|n| Member { name: format!("node {n}"), ours: false }).collect()
}

/// The name of the member whose process has this name.
pub(super) fn members_name<'a>(subject: &Subject, process: &'a str) -> &'a str {
    match subject.product() {
        Some(product) if product.word() == process || process == "docker" => BROKER,
        _ => process,
    }
}
