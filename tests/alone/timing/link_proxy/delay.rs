use std::time::{Duration, Instant};

use pubsub_lab::fault::link::{ProxyLink, Way};
use pubsub_lab::scenario::{Condition, kinds};
use tokio::time::sleep;

use crate::support::link_rig::*;

fn delay(by: u64, jitter: u64) -> Condition {
    Condition::Delay(kinds::Delay { by: ms(by), jitter: ms(jitter) })
}

#[tokio::test]
async fn ten_chunks_leave_after_100_ms_and_not_after_100_to_1000() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    assert!(trip(&mut client, &mut server).await < ms(80), "control: without the delay");
    link.apply(delay(100, 0), Way::Both);
    let begin = Instant::now();
    let mut sent = Vec::new();
    for chunk in 0..10_u8 {
        sent.push(begin.elapsed());
        send(&mut client, &[chunk; 100]).await;
        sleep(ms(5)).await;
    }
    let mut took = Vec::new();
    for chunk in 0..10_u8 {
        let after = expect(&mut server, &[chunk; 100], begin).await;
        took.push(after - sent[usize::from(chunk)]);
    }
    assert!(took.iter().all(|took| *took >= ms(100)), "{took:?}");
    // One delay after the other would make the last of them take almost a second.
    assert!(took[9] < ms(300), "{took:?}");
}

#[tokio::test]
async fn each_way_by_itself() {
    for (way, of_client, of_server) in [(Way::Forward, 100, 0), (Way::Back, 0, 100), (Way::Both, 100, 100)] {
        let link = ProxyLink::new(1);
        let rig = Rig::on(&link).await;
        let (mut client, mut server) = rig.pair().await;
        link.apply(delay(100, 0), way);
        let (there, back) = (trip(&mut client, &mut server).await, trip(&mut server, &mut client).await);
        for (took, by) in [(there, of_client), (back, of_server)] {
            assert!((ms(by)..ms(by + 90)).contains(&took), "{way:?}: {took:?} for {by}");
        }
    }
}

#[tokio::test]
async fn delays_add_up_and_each_is_healed_on_its_own() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let short = link.apply(delay(100, 0), Way::Both);
    let long = link.apply(delay(250, 0), Way::Forward);
    for (healed, by) in [(None, 350), (Some(short), 250), (Some(long), 0)] {
        healed.into_iter().for_each(|hold| link.heal(hold));
        let took = trip(&mut client, &mut server).await;
        assert!((ms(by)..ms(by + 90)).contains(&took), "{took:?} for {by}");
    }
}

#[tokio::test]
async fn what_is_on_its_way_when_it_is_healed_leaves_at_once_in_order() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let hold = link.apply(delay(20_000, 0), Way::Both);
    let begin = Instant::now();
    send(&mut client, b"long ago, ").await;
    is_silent(&server).await;
    link.heal(hold);
    send(&mut client, b"and now").await;
    let after = expect(&mut server, b"long ago, and now", begin).await;
    assert!(after < ms(10_000), "{after:?}");
}

#[tokio::test]
async fn when_one_of_two_is_healed_what_is_on_its_way_waits_no_longer_than_for_the_other() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let long = link.apply(delay(20_000, 0), Way::Both);
    link.apply(delay(300, 0), Way::Both);
    let begin = Instant::now();
    send(&mut client, b"one").await;
    is_silent(&server).await;
    link.heal(long);
    send(&mut client, b"two").await;
    let one = expect(&mut server, b"one", begin).await;
    assert!((ms(300)..ms(5_000)).contains(&one), "{one:?}");
    let two = expect(&mut server, b"two", begin).await;
    assert!((ms(450)..ms(5_000)).contains(&two), "{two:?}");
}

#[tokio::test]
async fn an_end_is_delayed_too_and_so_is_a_reset() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    link.apply(delay(150, 0), Way::Both);
    for resets in [false, true] {
        let (client, mut server) = rig.pair().await;
        let begin = Instant::now();
        if resets {
            reset(client)
        } else {
            drop(client)
        }
        let (got, ended) = rest(&mut server).await;
        let after = begin.elapsed();
        assert!((ms(150)..ms(1_000)).contains(&after), "{after:?}");
        assert_eq!((got.len(), is_reset(&ended)), (0, resets));
    }
}

/// What 20 chunks of one connection took.
async fn with_jitter(seed: u64) -> Vec<Duration> {
    let link = ProxyLink::new(seed);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    link.apply(delay(60, 50), Way::Both);
    let mut took = Vec::new();
    for _ in 0..20 {
        took.push(once(&mut client, &mut server).await);
    }
    took
}

#[tokio::test]
async fn jitter_comes_from_the_seed() {
    let (one, again, other) = tokio::join!(with_jitter(7), with_jitter(7), with_jitter(8));
    let mut sorted = one.clone();
    sorted.sort();
    assert!(sorted[0] >= ms(10), "{sorted:?}");
    // A busy machine holds up one or two.
    let third_longest = sorted[sorted.len() - 3];
    assert!(third_longest < ms(200), "{sorted:?}");
    assert!(third_longest - sorted[0] > ms(40), "{sorted:?}");
    let apart = |other: &[Duration]| {
        let mut apart: Vec<_> = one.iter().zip(other).map(|(a, b)| a.abs_diff(*b)).collect();
        apart.sort();
        apart[apart.len() / 2]
    };
    assert!(apart(&again) < ms(10), "the same seed: {one:?} {again:?}");
    assert!(apart(&other) > ms(15), "another seed: {one:?} {other:?}");
}

#[tokio::test]
async fn jitter_changes_no_order() {
    let link = ProxyLink::new(3);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    link.apply(delay(50, 50), Way::Both);
    let noise = noise(200 * 50, 3);
    for chunk in noise.chunks(50) {
        send(&mut client, chunk).await;
        sleep(ms(1)).await;
    }
    expect(&mut server, &noise, Instant::now()).await;
}

#[tokio::test]
async fn a_second_of_delay_holds_megabytes_without_holding_back_the_sender() {
    let link = ProxyLink::new(3);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    link.apply(delay(1_000, 0), Way::Both);
    let noise = noise(4 * 1024 * 1024, 3);
    let begin = Instant::now();
    let sending = async {
        send(&mut client, &noise).await;
        // Once the first of it is due, the receiver may be the one that holds it back.
        (begin.elapsed(), link.counts().held_back)
    };
    let ((sent, held_back), after) = tokio::join!(sending, expect(&mut server, &noise, begin));
    assert!(sent < ms(1_000), "{sent:?}");
    assert_eq!(held_back, 0);
    assert!((ms(1_000)..ms(3_000)).contains(&after), "{after:?}");
}
