use std::time::Instant;

use pubsub_lab::fault::link::added_latency;

use crate::support::link_rig::ms;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_proxy_adds_is_measured_quickly_and_is_small() {
    let begin = Instant::now();
    let added = added_latency().await.unwrap();
    let took = begin.elapsed();
    println!(
        "{added:?} in {took:?}: {:.2} times direct",
        added.proxied_p50.as_secs_f64() / added.direct_p50.as_secs_f64()
    );
    assert!(added.direct_p50 > ms(0) && added.direct_p50 <= added.direct_p99, "{added:?}");
    assert_eq!(added.one_way, added.proxied_p50.saturating_sub(added.direct_p50) / 2);
    assert!(took < ms(1_000), "{took:?}");
    // Two hops more: it is there to be measured.
    assert!(added.proxied_p50 > added.direct_p50 && added.one_way < ms(5), "{added:?}");
}
