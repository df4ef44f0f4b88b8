//! One accepted connection and its dialled twin, from the dial to the end of both.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::conditions::reset;
use super::pump::{Over, Pump, PumpSide};
use super::rules::Rules;

/// How long a connection that a limit has closed still takes, and throws away, what its sides send: a socket
/// that is closed with bytes unread is reset, and the reset would overtake what is still to be delivered.
const FAREWELL: Duration = Duration::from_secs(2);

/// A connection that a proxy has accepted.
#[derive(Debug)]
pub(super) struct ProxiedConnection {
    pub(super) client: TcpStream,
    /// The host and port to dial.
    pub(super) upstream: Arc<str>,
    pub(super) forward: Rules,
    pub(super) back: Rules,
}

/// The result of a dial.
enum Dialled {
    Open(TcpStream),
    Refused,
    Cut,
    /// The client was reset before the upstream answered.
    Gone,
}

impl ProxiedConnection {
    /// Dials the upstream, and passes bytes until both sides have ended.
    pub(super) async fn run(mut self) {
        // An error means that the client has ended already.
        let _ = self.client.set_nodelay(true);
        match self.dial().await {
            Dialled::Open(upstream) => self.carry(upstream).await,
            Dialled::Refused => {
                self.forward.count(|counters| &counters.refused);
                reset(self.client);
            }
            Dialled::Cut => {
                self.forward.count(|counters| &counters.reset);
                reset(self.client);
            }
            Dialled::Gone => {}
        }
    }

    /// Dials when both ways are free: in a blackhole neither the call nor its answer passes.
    async fn dial(&mut self) -> Dialled {
        loop {
            self.refresh();
            if self.forward.cut {
                return Dialled::Cut;
            }
            if !self.forward.black && !self.back.black {
                break;
            }
            self.forward.changed().await;
        }
        if matches!(self.client.take_error(), Ok(Some(_)) | Err(_)) {
            return Dialled::Gone;
        }
        let upstream = Arc::clone(&self.upstream);
        let mut connect = std::pin::pin!(connect(&upstream));
        loop {
            tokio::select! {
                dialled = &mut connect => return match dialled {
                    Ok(stream) => Dialled::Open(stream),
                    Err(_) => Dialled::Refused,
                },
                () = self.forward.changed() => {
                    self.refresh();
                    if self.forward.cut {
                        return Dialled::Cut;
                    }
                }
            }
        }
    }

    fn refresh(&mut self) {
        self.forward.refresh();
        self.back.refresh();
    }

    async fn carry(mut self, upstream: TcpStream) {
        let (client, upstream) = (PumpSide::new(self.client), PumpSide::new(upstream));
        let (there, here) = (CancellationToken::new(), CancellationToken::new());
        let ended = tokio::try_join!(
            Pump::new(&client, &upstream, &mut self.forward).run(&there, &here),
            Pump::new(&upstream, &client, &mut self.back).run(&here, &there),
        );
        match ended {
            Ok(_) => return,
            Err(Over::Reset) => {}
            Err(Over::Cut) => self.forward.count(|counters| &counters.reset),
            Err(Over::Limit) => {
                self.forward.count(|counters| &counters.limited);
                let (forward, back) = tokio::join!(
                    farewell(&upstream.stream, &mut self.forward),
                    farewell(&client.stream, &mut self.back)
                );
                if forward.is_ok() && back.is_ok() {
                    return;
                }
                self.forward.count(|counters| &counters.reset);
            }
        }
        reset(client.stream);
        reset(upstream.stream);
    }
}

/// Tells one side that the connection has ended, as soon as anything may pass in that direction, and waits for the
/// side's own end.
async fn farewell(to: &TcpStream, rules: &mut Rules) -> Result<(), Over> {
    loop {
        rules.refresh();
        if rules.cut {
            return Err(Over::Cut);
        }
        if !rules.black {
            break;
        }
        rules.changed().await;
    }
    // An error here means that the side has ended already.
    let _ = SockRef::from(to).shutdown(Shutdown::Write);
    let _ = timeout(FAREWELL, discard(to)).await;
    Ok(())
}

/// Reads and throws away what a side still sends, until the side ends.
async fn discard(from: &TcpStream) {
    let mut chunk = [0; 1024];
    while from.readable().await.is_ok() {
        match from.try_read(&mut chunk) {
            Ok(1..) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => return,
        }
    }
}

/// Dials one address of the upstream after the other. If this is dropped when the upstream has already answered, the
/// upstream sees a reset.
async fn connect(upstream: &str) -> io::Result<TcpStream> {
    let mut failure = ErrorKind::AddrNotAvailable.into();
    for address in lookup_host(upstream).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_zero_linger()?;
        match socket.connect(address).await {
            Ok(stream) if !is_to_itself(&stream) => {
                SockRef::from(&stream).set_linger(None)?;
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(_) => failure = ErrorKind::ConnectionRefused.into(),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Whether the kernel chose the port of a dead upstream for our own end, and connected the socket with itself.
fn is_to_itself(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(local), Ok(peer)) if local == peer)
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    const WHILE: Duration = Duration::from_millis(60);

    /// The two ends of one connection.
    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let one = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (one, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn what_a_side_still_sends_is_thrown_away_until_it_ends() {
        let (mut one, other) = pair().await;
        let mut discarded = std::pin::pin!(discard(&other));
        assert!(timeout(WHILE, &mut discarded).await.is_err(), "nothing came, and no end");
        for bytes in [&[1][..], &[2; 5_000]] {
            one.write_all(bytes).await.unwrap();
            assert!(timeout(WHILE, &mut discarded).await.is_err(), "bytes are no end");
        }
        drop(one);
        timeout(FAREWELL, discarded).await.unwrap();
        assert_eq!(other.try_read(&mut [0]).unwrap(), 0, "all of it was taken");
    }

    #[tokio::test]
    async fn a_port_that_connected_with_itself_is_no_upstream() {
        let (one, other) = pair().await;
        assert!(!is_to_itself(&one) && !is_to_itself(&other));
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let itself = socket.local_addr().unwrap();
        assert!(is_to_itself(&socket.connect(itself).await.unwrap()));
    }
}
