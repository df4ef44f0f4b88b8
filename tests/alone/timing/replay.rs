//! A client that comes again and again while messages pour in: each time the history has two seconds to catch up with
//! the broker.

use futures_util::future::join;
use tokio_util::sync::CancellationToken;

use crate::support::rabbitmq::RabbitMq;
use crate::waiting::replay::cluster::{Cluster, pour};
use crate::waiting::replay::reader::Reader;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_changes_nodes_thirty_times_while_messages_pour_in_misses_nothing_and_gets_nothing_twice() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, nodes) = (cluster.history(&[]).await, [cluster.node().await, cluster.node().await]);
    let stop = CancellationToken::new();
    let pouring =
        join(pour(&nodes[0], "r", "Ada", 150, stop.clone()), pour(&nodes[1], "r", "Bo", 150, stop.clone()));
    let walking = async {
        let mut reader = Reader::new("r");
        for visit in 0..=30 {
            let recovered = reader.come(&nodes[visit % 2]).await;
            assert_eq!(recovered, if visit == 0 { "none" } else { "all" }, "visit {visit}");
            reader.read(20).await;
            if visit < 30 {
                reader.go();
            }
        }
        stop.cancel();
        reader
    };
    let ((mut ada, mut bo), mut reader) = join(pouring, walking).await;
    // What was said before it first came is nobody's debt.
    let first = |texts: &std::collections::BTreeSet<String>, name: &str| {
        let heard =
            reader.texts.iter().filter_map(|text| text.strip_prefix(name)?.trim().parse::<u64>().ok());
        let first = heard.min().unwrap();
        texts
            .iter()
            .filter(|text| text[name.len()..].trim().parse::<u64>().unwrap() >= first)
            .cloned()
            .collect()
    };
    (ada, bo) = (first(&ada, "Ada"), first(&bo, "Bo"));
    ada.append(&mut bo);
    reader.until(&ada).await;
    assert_eq!(reader.texts, ada);
    assert!(!reader.recovered.is_empty(), "something was said while it was away");
    // What may have been under way as it left is brought again: a quarter of a second of the load, and not 500 messages.
    let again = reader.again as f64 / 30.0;
    println!("{again} messages again at each return");
    assert!(again > 0.0 && again < 150.0, "{again}");
    for node in &nodes {
        assert_eq!(node.metric("pubsub_lab_replay_dropped_frames_total").await, 0.0);
    }
    let replays =
        nodes[0].metric("pubsub_lab_replays_total").await + nodes[1].metric("pubsub_lab_replays_total").await;
    assert_eq!(replays, 30.0);
}
