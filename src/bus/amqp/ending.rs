//! A connection, or an attempt at one, that ends when it is dropped.

use std::sync::{Arc, Mutex, PoisonError};

use socket2::Socket;

/// Ends a connection, or an attempt at one, when it is dropped, whatever the library and the broker make of it.
///
/// The library says goodbye and waits for an answer, and a hung broker gives none. Its thread and socket would stay,
/// and so would the consumer at a broker that recovers, and it would take messages that nobody reads.
#[derive(Default)]
pub(crate) struct Ending(Arc<Mutex<Held>>);

#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    Connected(Socket),
    /// The connection was dropped. If the library is still connecting, its socket is closed as soon as it is open.
    Ended,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let held = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Held::Connected(socket) = std::mem::replace(held, Held::Ended) {
            shut(&socket);
        }
    }
}

/// The library's end of an [`Ending`], for the thread in which it connects.
pub(super) struct Hold(Arc<Mutex<Held>>);

impl Ending {
    /// The handle through which the library reports its socket.
    pub(super) fn hold(&self) -> Hold {
        Hold(Arc::clone(&self.0))
    }
}

impl Hold {
    /// Reports that the socket is open. If the connection is no longer wanted, the socket is shut down at once.
    pub(super) fn opened(&self, socket: Socket) {
        let held = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held {
            Held::Ended => shut(&socket),
            Held::Nothing | Held::Connected(_) => *held = Held::Connected(socket),
        }
    }
}

fn shut(socket: &Socket) {
    // An error means that the connection has ended already.
    let _ = socket.shutdown(std::net::Shutdown::Both);
}

#[cfg(test)]
mod tests_of_the_machine {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::*;

    /// The two ends of a TCP connection.
    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        far.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        (near.into(), far)
    }

    #[test]
    fn a_socket_ends_with_it_though_the_library_keeps_its_own() {
        let (near, mut far) = pair();
        let _kept_by_the_library = near.try_clone().unwrap();
        let ending = Ending::default();
        ending.hold().opened(near);
        drop(ending);
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_socket_that_opens_too_late_ends_at_once() {
        let (near, mut far) = pair();
        let _kept_by_the_library = near.try_clone().unwrap();
        let ending = Ending::default();
        let hold = ending.hold();
        drop(ending);
        hold.opened(near);
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
    }
}
