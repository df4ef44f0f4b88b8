//! Random conditions, struck and healed at random: not a byte lost, doubled or out of order.

use std::time::Duration;

use pubsub_lab::fault::link::{ConditionHold, ProxyLink, Way};
use pubsub_lab::scenario::{Condition, kinds};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::sleep;

use crate::support::link_rig::*;

const EACH_WAY: usize = 10 * 1024 * 1024;

async fn write(mut to: OwnedWriteHalf, bytes: Vec<u8>) {
    for chunk in bytes.chunks(7_919) {
        to.write_all(chunk).await.unwrap();
    }
    to.shutdown().await.unwrap();
}

async fn read(mut from: OwnedReadHalf, expected: Vec<u8>) {
    let mut got = Vec::new();
    from.read_to_end(&mut got).await.unwrap();
    assert_eq!(difference(&got, &expected), None);
}

/// Up to where they are the same, and how long they are; nothing if they do not differ.
fn difference(got: &[u8], expected: &[u8]) -> Option<(usize, usize, usize)> {
    let same = got.iter().zip(expected).take_while(|(a, b)| a == b).count();
    (got != expected).then_some((same, got.len(), expected.len()))
}

#[test]
fn control_a_lost_a_doubled_and_a_displaced_byte_are_found() {
    let expected = noise(1_000, 1);
    assert_eq!(difference(&expected, &expected), None);
    let (mut lost, mut doubled, mut displaced) = (expected.clone(), expected.clone(), expected.clone());
    lost.remove(999);
    doubled.insert(500, expected[500]);
    let other = (1..1_000).find(|at| expected[*at] != expected[0]).unwrap();
    displaced.swap(0, other);
    for wrong in [lost, doubled, displaced] {
        assert!(difference(&wrong, &expected).is_some());
    }
}

fn draw(chance: &mut ChaCha8Rng) -> (Condition, Way) {
    let mut below = |bound| u64::from(chance.next_u32()) % bound;
    let condition = match below(4) {
        0 => Condition::Blackhole,
        1 => {
            let by = below(60);
            Condition::Delay(kinds::Delay { by: ms(by), jitter: ms(below(by + 1)) })
        }
        2 => Condition::Throttle(kinds::Throttle { bytes_per_second: 200_000 + below(20_000_000) }),
        _ => Condition::Slice(kinds::Slice { bytes: 1_000 + below(30_000), pause: ms(below(4)) }),
    };
    (condition, [Way::Forward, Way::Back, Way::Both][below(3) as usize])
}

/// Strikes and heals, on two links, for ever.
async fn storm(links: [ProxyLink; 2], seed: u64) {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut holds: Vec<(usize, ConditionHold)> = Vec::new();
    loop {
        let at = chance.next_u32() as usize;
        if holds.len() >= 4 || (at.is_multiple_of(3) && !holds.is_empty()) {
            let (link, hold) = holds.swap_remove(at % holds.len());
            links[link].heal(hold);
        } else {
            let (condition, way) = draw(&mut chance);
            holds.push((at % 2, links[at % 2].apply(condition, way)));
        }
        sleep(Duration::from_millis(u64::from(chance.next_u32()) % 12)).await;
    }
}

async fn survives(seed: u64) {
    let links = [ProxyLink::new(seed), ProxyLink::new(seed + 1)];
    let rig = Rig::new(vec![(links[0].clone(), false), (links[1].clone(), true)]).await;
    let (client, server) = rig.pair().await;
    let (there, back) = (noise(EACH_WAY, seed), noise(EACH_WAY, seed + 1));
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let tasks = rig.tasks.clone();
    let begin = std::time::Instant::now();
    let all = async {
        let (a, b, c, d) = tokio::join!(
            tasks.spawn(write(client_writes, there.clone())),
            tasks.spawn(write(server_writes, back.clone())),
            tasks.spawn(read(server_reads, there)),
            tasks.spawn(read(client_reads, back)),
        );
        a.and(b).and(c).and(d).unwrap();
    };
    tokio::select! {
        () = storm(links.clone(), seed) => unreachable!(),
        ended = tokio::time::timeout(Duration::from_secs(120), all) => ended.expect("it comes to its end"),
    }
    println!("seed {seed}: {:?}, {:?}", begin.elapsed(), links[0].counts());
    assert_eq!(links[0].counts().bytes_forward, EACH_WAY as u64);
    assert_eq!(links[1].counts().bytes_forward, EACH_WAY as u64, "reversed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_megabytes_pass_whatever_is_struck_and_healed() {
    tokio::join!(survives(1), survives(20));
}

#[tokio::test]
async fn and_on_one_thread() {
    survives(300).await;
}
