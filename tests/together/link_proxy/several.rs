//! Several links, reversed links, several conditions.

use std::time::Instant;

use pubsub_lab::fault::link::{ProxyLink, Way};
use pubsub_lab::scenario::{Condition, kinds};

use crate::support::link_rig::*;

const BLACK: Condition = Condition::Blackhole;

#[tokio::test]
async fn of_a_reversed_line_forward_is_the_way_back() {
    let link = ProxyLink::new(1);
    let dialled_here = Rig::on(&link).await;
    let dialled_there = Rig::new(vec![(link.clone(), true)]).await;
    let (mut here_1, mut there_1) = dialled_here.pair().await;
    let (mut there_2, mut here_2) = dialled_there.pair().await;
    let hold = link.apply(BLACK, Way::Forward);
    for (here, there) in [(&mut here_1, &mut there_1), (&mut here_2, &mut there_2)] {
        passes(there, here).await;
        send(here, b"held").await;
        is_silent(there).await;
    }
    link.heal(hold);
    for there in [&mut there_1, &mut there_2] {
        expect(there, b"held", Instant::now()).await;
    }
    until("counted", async || link.counts().bytes_forward == 8 && link.counts().bytes_back == 12).await;
    assert_eq!(link.counts().accepted, 2);
}

#[tokio::test]
async fn a_byte_passes_if_all_lines_let_it() {
    let (all, one) = (ProxyLink::new(1), ProxyLink::new(2));
    let rig = Rig::new(vec![(all.clone(), false), (one.clone(), false)]).await;
    let free = Rig::on(&one).await;
    let (mut client, mut server) = rig.pair().await;
    let (mut free_client, mut free_server) = free.pair().await;
    // Both links count their holds from one: they are not to be mixed up.
    let (of_all, of_one) = (all.apply(BLACK, Way::Both), one.apply(BLACK, Way::Forward));
    send(&mut client, b"held").await;
    one.heal(of_one);
    is_silent(&server).await;
    passes(&mut free_client, &mut free_server).await;
    all.heal(of_all);
    expect(&mut server, b"held", Instant::now()).await;
}

#[tokio::test]
async fn delays_of_all_lines_add_up() {
    let (all, one) = (ProxyLink::new(1), ProxyLink::new(1));
    let rig = Rig::new(vec![(all.clone(), false), (one.clone(), true)]).await;
    let (mut client, mut server) = rig.pair().await;
    let delay = |by| Condition::Delay(kinds::Delay { by: ms(by), jitter: ms(0) });
    all.apply(delay(100), Way::Both);
    one.apply(delay(150), Way::Back);
    let there = trip(&mut client, &mut server).await;
    assert!((ms(250)..ms(400)).contains(&there), "{there:?}");
    let back = trip(&mut server, &mut client).await;
    assert!((ms(100)..ms(200)).contains(&back), "{back:?}");
}

#[tokio::test]
async fn the_lowest_throttle_of_each_line_holds_for_all_of_its_proxies() {
    let (all, one) = (ProxyLink::new(1), ProxyLink::new(2));
    let slow = Rig::new(vec![(all.clone(), false), (one.clone(), false)]).await;
    let other = Rig::on(&all).await;
    let (mut client, mut server) = slow.pair().await;
    let (mut other_client, mut other_server) = other.pair().await;
    all.apply(Condition::Throttle(kinds::Throttle { bytes_per_second: 200_000 }), Way::Both);
    one.apply(Condition::Throttle(kinds::Throttle { bytes_per_second: 50_000 }), Way::Both);
    let (few, many) = (noise(20_000, 1), noise(80_000, 2));
    let begin = Instant::now();
    let (_, _, of_slow, of_other) = tokio::join!(
        send(&mut client, &few),
        send(&mut other_client, &many),
        expect(&mut server, &few, begin),
        expect(&mut other_server, &many, begin)
    );
    // 20,000 at 50,000 a second; and 100,000 at 200,000 a second for both together.
    assert!((ms(345)..ms(800)).contains(&of_slow), "{of_slow:?}");
    assert!((ms(445)..ms(900)).contains(&of_other), "{of_other:?}");
}

#[tokio::test]
async fn conditions_of_all_kinds_hold_together() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    link.apply(Condition::Delay(kinds::Delay { by: ms(200), jitter: ms(0) }), Way::Both);
    link.apply(Condition::Slice(kinds::Slice { bytes: 100, pause: ms(20) }), Way::Both);
    link.apply(Condition::Limit(kinds::Limit { bytes: 1_000 }), Way::Both);
    let black = link.apply(BLACK, Way::Forward);
    let noise = noise(1_500, 1);
    let begin = Instant::now();
    send(&mut client, &noise).await;
    is_silent(&server).await;
    link.heal(black);
    let (got, ended) = rest(&mut server).await;
    let after = begin.elapsed();
    assert!(got == noise[..1_000] && ended.is_ok(), "{} {ended:?}", got.len());
    // Read only after the blackhole, then the delay, then nine pauses.
    assert!((ms(150 + 200 + 9 * 20)..ms(2_000)).contains(&after), "{after:?}");
}
