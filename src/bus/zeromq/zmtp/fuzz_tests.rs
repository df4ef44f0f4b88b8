//! Whatever bytes a stranger sends: no panic, no end that never comes, and no more memory than is allowed.

use std::io::Cursor;

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::decode::{Decoder, Incoming, Terms, Traffic};
use super::encode::{put_cancel, put_message, put_ping, put_pong, put_ready, put_subscribe};
use super::handshake::{greeting, introduced, understand};

/// The longest message that is kept in these tests, in bytes.
const LONGEST: usize = 1_000;

struct Nothing;

impl Terms for Nothing {
    fn may_hold(&self, _bytes: usize) -> bool {
        true
    }

    fn may_take_its_time(&self) -> bool {
        false
    }
}

/// A greeting, an introduction and some traffic, as a peer sends them.
fn well_formed() -> Vec<u8> {
    let mut out = BytesMut::from(&greeting()[..]);
    put_ready(&mut out, &[("Socket-Type", "PUB"), ("X-Pubsub-Lab-Node", "0123456789abcdef")]);
    put_subscribe(&mut out, true, b"math\n");
    put_subscribe(&mut out, false, b"math\n");
    put_cancel(&mut out, true, b"math\n");
    put_ping(&mut out, 7);
    put_pong(&mut out, b"context");
    put_message(&mut out, &[b"math\n", b"s.1", b"1 chat s.1 s - math\nx"]);
    put_message(&mut out, &[b"math\n", b"s.2", &[b'x'; 600]]);
    put_message(&mut out, &[&[b'x'; 600], &[b'x'; 600]]);
    out.to_vec()
}

#[derive(Debug, Clone)]
enum Change {
    Byte(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize, usize),
    Length(Index, u64),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    let lengths =
        select(vec![0, 1, 255, 256, 999, 1_000, 1_001, 65_537, 64 << 20, 1 << 40, u64::MAX >> 1, u64::MAX]);
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (place(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (place(), 1..80_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (place(), 1..80_usize, 1..30_usize).prop_map(|(at, count, times)| Change::Repeat(at, count, times)),
        (place(), lengths).prop_map(|(at, length)| Change::Length(at, length)),
    ]
}

fn changed(changes: &[Change]) -> Vec<u8> {
    let mut bytes = well_formed();
    for change in changes {
        let span = |at: &Index, count: usize| {
            let at = at.index(bytes.len());
            at..(at + count).min(bytes.len())
        };
        match change {
            Change::Byte(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Change::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Remove(at, count) => {
                let span = span(at, *count);
                bytes.drain(span);
                bytes.push(0);
            }
            Change::Repeat(at, count, times) => {
                let span = span(at, *count);
                let more = bytes[span.clone()].repeat(*times);
                bytes.splice(span.start..span.start, more);
            }
            Change::Length(at, length) => {
                let at = at.index(bytes.len());
                let head = [&[2][..], &length.to_be_bytes()].concat();
                bytes.splice(at..at, head);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
    ) })]

    #[test]
    fn a_changed_stream_is_read_or_refused_and_holds_little(
        changes in vec(change(), 1..6),
        piece in 1..200_usize,
        behind_the_greeting in any::<bool>(),
    ) {
        let bytes = changed(&changes);
        // A change in the greeting ends most conversations, so half of the streams begin behind it.
        let bytes = if behind_the_greeting { bytes.get(64..).unwrap_or_default() } else { &bytes[..] };
        if let Some(first) = bytes.first_chunk() {
            let _ = understand(first);
        }
        let (mut decoder, mut buffer, mut read) = (Decoder::new(LONGEST), BytesMut::new(), 0);
        let mut refused = false;
        for piece in bytes.chunks(piece) {
            buffer.extend_from_slice(piece);
            loop {
                match decoder.decode(&mut buffer) {
                    Ok(Some(Traffic::Message(frames))) => {
                        read += 1;
                        prop_assert!(frames.iter().map(|frame| frame.len()).sum::<usize>() <= LONGEST);
                    }
                    Ok(Some(Traffic::Command(super::Command::Ready(properties)))) => {
                        read += 1;
                        let _ = introduced(properties);
                    }
                    Ok(Some(_)) => read += 1,
                    Ok(None) => break,
                    Err(reason) => {
                        prop_assert!(!reason.is_empty());
                        refused = true;
                        break;
                    }
                }
                prop_assert!(read <= bytes.len(), "each message takes a byte at least");
            }
            if refused {
                break;
            }
            // Commands may be longer than messages.
            prop_assert!(buffer.len() <= (64 << 10) + 200, "{} bytes wait", buffer.len());
        }
    }

    #[test]
    fn a_reader_comes_to_an_end(changes in vec(change(), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut read = Incoming::new(Cursor::new(changed(&changes)), LONGEST, Box::new(Nothing));
            if read.exactly::<64>(0xff).await.is_ok() {
                while read.next().await.is_ok() {}
            }
        });
    }
}

#[test]
fn control_what_is_not_changed_is_read() {
    let bytes = well_formed();
    assert_eq!(understand(bytes.first_chunk().unwrap()), Ok(true));
    let (mut decoder, mut buffer) = (Decoder::new(LONGEST), BytesMut::from(&bytes[64..]));
    let mut read = Vec::new();
    while let Some(traffic) = decoder.decode(&mut buffer).unwrap() {
        read.push(traffic);
    }
    assert_eq!((read.len(), buffer.len()), (9, 0), "{read:?}");
    assert_eq!(read.last(), Some(&Traffic::Oversize));
}
