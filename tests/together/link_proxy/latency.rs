use std::time::{Duration, Instant};

use pubsub_lab::fault::link::{Added, added_latency};

use super::rig::ms;

/// How often it is measured: on busy cores so few rounds may say anything, a timer or a delayed acknowledgement shows
/// each time.
const TRIES: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_proxy_adds_is_measured_quickly_and_is_small() {
    let mut measured = Vec::new();
    while measured.len() < TRIES {
        let begin = Instant::now();
        let added = added_latency().await.unwrap();
        let took = begin.elapsed();
        println!(
            "{added:?} in {took:?}: {:.2} times direct",
            added.proxied_p50.as_secs_f64() / added.direct_p50.as_secs_f64()
        );
        assert!(added.direct_p50 > ms(0) && added.direct_p50 <= added.direct_p99, "{added:?}");
        assert_eq!(added.one_way, added.proxied_p50.saturating_sub(added.direct_p50) / 2);
        if is_quick_and_small(&added, took) {
            return;
        }
        measured.push((added, took));
    }
    panic!("{measured:?}");
}

fn is_quick_and_small(added: &Added, took: Duration) -> bool {
    // Two hops more: it is there to be measured.
    took < ms(1_000) && added.proxied_p50 > added.direct_p50 && added.one_way < ms(5)
}
