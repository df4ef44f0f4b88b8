//! One pump by itself, over sockets of this machine: which bytes wait, which are lost, and how a side ends.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::super::proxy_link::{Flow, ProxyLink};
use super::super::rules::Attached;
use super::*;

/// One side of a connection, and the socket of its other end.
async fn side() -> (PumpSide, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (PumpSide::new(listener.accept().await.unwrap().0), one)
}

#[tokio::test]
async fn a_side_is_gone_when_a_write_found_it_out() {
    let (side, _other) = side().await;
    assert!(!side.is_gone());
    side.gone.store(true, Ordering::Relaxed);
    assert!(side.is_gone());
}

#[tokio::test]
async fn a_side_is_gone_when_it_was_reset_and_not_when_it_ended() {
    let (side, other) = side().await;
    other.set_zero_linger().unwrap();
    drop(other);
    side.stream.readable().await.unwrap();
    let begin = Instant::now();
    while !side.is_gone() {
        assert!(begin.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (side, other) = self::side().await;
    drop(other);
    side.stream.readable().await.unwrap();
    assert_eq!(side.stream.try_read(&mut [0]).unwrap(), 0);
    assert!(!side.is_gone());
}

/// The rules of a connection without links.
fn rules() -> (Rules, watch::Sender<()>) {
    rules_of(Vec::new())
}

fn rules_of(links: Vec<Attached>) -> (Rules, watch::Sender<()>) {
    let (bell, ear) = watch::channel(());
    (Rules::new(links.into(), Flow::Forward, 1, ear), bell)
}

/// A side whose other end was reset, as the next read or write finds out.
async fn lost() -> PumpSide {
    let (side, other) = side().await;
    other.set_zero_linger().unwrap();
    drop(other);
    side.stream.ready(Interest::ERROR).await.unwrap();
    side
}

#[tokio::test]
async fn what_the_other_side_does_not_take_now_waits() {
    let ((from, _sender), (to, _receiver), (mut rules, _bell)) = (side().await, side().await, rules());
    to.stream.writable().await.unwrap();
    while to.stream.try_write(&[0; 65_536]).is_ok() {}
    let mut pump = Pump::new(&from, &to, &mut rules);
    assert!(pump.take(b"abc").is_ok());
    assert_eq!(pump.queue.due(Instant::now()), 3);
    assert!(matches!(pump.write(), Ok(Wrote::Blocked)));
    assert_eq!(pump.queue.due(Instant::now()), 3);
}

#[tokio::test]
async fn a_side_that_is_gone_takes_nothing_and_gives_a_reset() {
    let ((there, _other), (mut rules, _bell)) = (side().await, rules());
    let gone = lost().await;
    assert!(matches!(Pump::new(&there, &gone, &mut rules).take(b"abc"), Err(PumpStop::Deaf)));
    let gone = lost().await;
    let mut pump = Pump::new(&there, &gone, &mut rules);
    pump.queue.push(b"abc", Instant::now(), Duration::ZERO);
    assert!(matches!(pump.write(), Err(PumpStop::Deaf)));
    let gone = lost().await;
    let mut pump = Pump::new(&gone, &there, &mut rules);
    assert!(matches!(pump.read(), Ok(true)));
    assert_eq!(pump.queue.end_due(Instant::now()), Some(QueueEnd::Reset));
}

#[tokio::test]
async fn a_sender_is_held_back_once_for_as_long_as_the_queue_is_full() {
    let ((from, _sender), (to, _receiver), link) = (side().await, side().await, ProxyLink::new(1));
    let (mut rules, _bell) = rules_of(vec![Attached { link: link.clone(), reversed: false, number: 1 }]);
    let mut pump = Pump::new(&from, &to, &mut rules);
    assert!(matches!(pump.read(), Ok(false)));
    assert_eq!(link.counts().held_back, 0);
    for times in [1, 2] {
        pump.queue.push(&[0; 65_536], Instant::now(), Duration::ZERO);
        pump.queue.due(Instant::now());
        for _ in 0..3 {
            assert!(matches!(pump.read(), Ok(false)));
            assert_eq!(link.counts().held_back, times);
        }
        pump.queue.passed(65_536);
        assert!(matches!(pump.read(), Ok(false)));
        assert_eq!(link.counts().held_back, times);
    }
}

#[tokio::test]
async fn an_end_is_no_reset() {
    let ((from, sender), (to, _receiver), (mut rules, _bell)) = (side().await, side().await, rules());
    drop(sender);
    from.stream.readable().await.unwrap();
    let mut pump = Pump::new(&from, &to, &mut rules);
    assert!(matches!(pump.read(), Ok(true)));
    assert_eq!(pump.queue.end_due(Instant::now()), Some(QueueEnd::Finished));
    assert!(matches!(pump.read(), Ok(false)), "nothing comes after the end");
}

#[test]
fn a_socket_that_is_not_ready_is_no_loss() {
    assert!(is_transient(&ErrorKind::WouldBlock.into()) && is_transient(&ErrorKind::Interrupted.into()));
    assert!(
        !is_transient(&ErrorKind::ConnectionReset.into()) && !is_transient(&ErrorKind::BrokenPipe.into())
    );
}
