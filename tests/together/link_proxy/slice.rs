use std::time::{Duration, Instant};

use pubsub_lab::fault::link::{ProxyLink, Way};
use pubsub_lab::scenario::{Condition, kinds};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::support::link_rig::*;

fn slice(bytes: u64, pause: u64) -> Condition {
    Condition::Slice(kinds::Slice { bytes, pause: ms(pause) })
}

/// Sends so many bytes at once. Says in which pieces they come, and when.
async fn pieces(len: usize, from: &mut TcpStream, to: &mut TcpStream) -> Vec<(usize, Duration)> {
    let (noise, begin) = (noise(len, 1), Instant::now());
    send(from, &noise).await;
    let (mut got, mut pieces, mut chunk) = (Vec::<u8>::new(), Vec::new(), vec![0; 65_536]);
    while got.len() < len {
        let read = soon(to.read(&mut chunk)).await.unwrap();
        got.extend(&chunk[..read]);
        pieces.push((read, begin.elapsed()));
    }
    assert!(got == noise);
    pieces
}

#[tokio::test]
async fn pieces_of_at_most_so_many_bytes_with_pauses_between() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    assert_eq!(pieces(95, &mut client, &mut server).await.len(), 1, "control");
    link.apply(slice(10, 30), Way::Forward);
    let cut = pieces(95, &mut client, &mut server).await;
    assert_eq!(cut.iter().map(|(len, _)| *len).collect::<Vec<_>>(), [10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
    let took = cut.last().unwrap().1;
    assert!((ms(9 * 30)..ms(9 * 30 + 400)).contains(&took), "{took:?}");
    assert_eq!(pieces(95, &mut server, &mut client).await.len(), 1, "the other way");
}

#[tokio::test]
async fn the_smallest_piece_and_the_longest_pause_hold_and_each_is_healed_on_its_own() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let small = link.apply(slice(10, 20), Way::Both);
    let slow = link.apply(slice(20, 50), Way::Both);
    let both = pieces(60, &mut client, &mut server).await;
    assert!(both.len() == 6 && both[5].1 >= ms(250), "{both:?}");
    tokio::time::sleep(ms(50)).await;
    link.heal(small);
    let one = pieces(60, &mut client, &mut server).await;
    assert!(one.len() == 3 && one[2].1 >= ms(100), "{one:?}");
    link.heal(slow);
    assert_eq!(pieces(60, &mut client, &mut server).await.len(), 1);
}

#[tokio::test]
async fn healed_in_a_pause_the_rest_passes_at_once() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let hold = link.apply(slice(10, 20_000), Way::Both);
    let noise = noise(1_000, 1);
    let begin = Instant::now();
    send(&mut client, &noise).await;
    expect(&mut server, &noise[..10], begin).await;
    is_silent(&server).await;
    link.heal(hold);
    let after = expect(&mut server, &noise[10..], begin).await;
    assert!(after < ms(10_000), "{after:?}");
}
