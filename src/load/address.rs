//! The address of a node, and how a connection to it is made.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::error::LoadError;
use super::refusal::Refusal;
use super::socket::Socket;
use super::stream::{CountedStream, Reins};
use address::SafeUrl;

/// Initial size of a connection's read buffer, in bytes. The library's 128 KiB for each connection would be 1.3 GB
/// for ten thousand clients.
const READ_BUFFER: usize = 8 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;

/// The address of a node.
#[derive(Debug)]
pub(super) struct ServerAddress {
    url: String,
    host: String,
    port: u16,
    /// What stands before the path of each HTTP request: that of the URL, without the end that means its WebSocket.
    prefix: String,
    /// The URL's own parameters, which go with each HTTP request.
    query: Option<String>,
}

impl ServerAddress {
    /// Reads a URL such as `ws://127.0.0.1:8080`.
    pub(super) fn parse(url: &str) -> Result<Self, LoadError> {
        let wrong = || LoadError::Url(SafeUrl::new(url).to_string());
        let request = url.into_client_request().map_err(|_| wrong())?;
        let uri = request.uri();
        let host = uri.host().filter(|_| uri.scheme_str() == Some("ws")).ok_or_else(wrong)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let path = uri.path().trim_end_matches('/');
        let prefix = path.strip_suffix("/ws").unwrap_or(path).to_owned();
        let query = uri.query().map(str::to_owned);
        Ok(Self { url: url.to_owned(), host, port: uri.port_u16().unwrap_or(80), prefix, query })
    }

    /// The host and the port, as the header `Host` has them.
    pub(super) fn host_and_port(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// The path of an HTTP request on this server, with the URL's own parameters.
    pub(super) fn path(&self, path: &str) -> String {
        match &self.query {
            Some(query) => format!("{}{path}?{query}", self.prefix),
            None => format!("{}{path}", self.prefix),
        }
    }

    /// The URL as it may be shown: without a name, a password or parameters.
    pub(super) fn shown(&self) -> SafeUrl<'_> {
        SafeUrl::new(&self.url)
    }

    /// The request that opens a WebSocket and offers this subprotocol.
    pub(super) fn request(&self, subprotocol: Option<&str>) -> Result<Request, String> {
        let mut request = self.url.as_str().into_client_request().map_err(|e| e.to_string())?;
        if let Some(name) = subprotocol {
            let name = HeaderValue::from_str(name).map_err(|e| e.to_string())?;
            request.headers_mut().insert("sec-websocket-protocol", name);
        }
        Ok(request)
    }

    /// Makes a TCP connection. The kernel keeps about `receive_buffer` bytes that nobody has read, or as many as it
    /// likes if that is `None`. It is made from the address `from`, if there is one.
    pub(super) async fn stream(
        &self,
        receive_buffer: Option<u32>,
        from: Option<IpAddr>,
    ) -> Result<TcpStream, Refusal> {
        let to = (self.host.as_str(), self.port);
        let connected = match (receive_buffer, from) {
            (None, None) => TcpStream::connect(to).await,
            _ => connect_as(to, receive_buffer, from).await,
        };
        let stream = connected?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Opens a WebSocket over a stream.
    pub(super) async fn open(
        &self,
        subprotocol: Option<&str>,
        receive_buffer: Option<u32>,
        from: Option<IpAddr>,
        reins: Option<Arc<Reins>>,
    ) -> Result<Socket, Refusal> {
        let stream = CountedStream::new(self.stream(receive_buffer, from).await?, reins.clone());
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(WRITE_BUFFER);
        let request = self.request(subprotocol).map_err(Refusal::of_server)?;
        // It is an HTTP request until it is answered.
        reins.iter().for_each(|reins| reins.requests());
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
        Ok(socket)
    }
}

/// The largest segment that the other side may send into a small buffer, in bytes: that of an Ethernet. On a loopback
/// segments are as large as the window lets them be, so that the sender's kernel, once it was stopped, may go on by
/// its timers alone: a subscriber stayed at 60 kB/s when nothing slowed it any more.
const SEGMENT: u32 = 1460;

/// Connects with settings of the socket that have to be made before.
///
/// The sizes of the buffer and of the segments are set before the connection begins, because the other side is told
/// of them then.
async fn connect_as(
    to: (&str, u16),
    receive_buffer: Option<u32>,
    from: Option<IpAddr>,
) -> io::Result<TcpStream> {
    let mut latest = io::Error::from(io::ErrorKind::NotFound);
    for address in lookup_host(to).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
            SockRef::from(&socket).set_tcp_mss(SEGMENT)?;
        }
        if let Some(from) = from {
            if from.is_ipv4() != address.is_ipv4() {
                continue;
            }
            socket.bind(SocketAddr::new(from, 0))?;
        }
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => latest = error,
        }
    }
    Err(latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let node = ServerAddress::parse("ws://127.0.0.1:8080").unwrap();
        assert_eq!((&*node.host, node.port), ("127.0.0.1", 8080));
        let node = ServerAddress::parse("ws://[::1]:81/ws").unwrap();
        assert_eq!((&*node.host, node.port), ("::1", 81));
        for wrong in ["", "127.0.0.1:8080", "http://127.0.0.1:8080", "wss://127.0.0.1:1", "ws://"] {
            assert!(ServerAddress::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn http_requests_go_beside_the_web_socket() {
        for (url, host, path) in [
            ("ws://127.0.0.1:8080", "127.0.0.1:8080", "/api/rooms/r/events"),
            ("ws://127.0.0.1:8080/ws", "127.0.0.1:8080", "/api/rooms/r/events"),
            ("ws://[::1]:81/chat/ws/", "[::1]:81", "/chat/api/rooms/r/events"),
            ("ws://chat/a?access_token=t", "chat:80", "/a/api/rooms/r/events?access_token=t"),
        ] {
            let node = ServerAddress::parse(url).unwrap();
            assert_eq!((&*node.host_and_port(), &*node.path("/api/rooms/r/events")), (host, path), "{url}");
        }
    }

    #[test]
    fn the_request_offers_what_the_dialect_says() {
        let node = ServerAddress::parse("ws://127.0.0.1:8080/chat").unwrap();
        let request = node.request(Some("pubsub-lab.v1")).unwrap();
        assert_eq!(request.headers()["sec-websocket-protocol"], "pubsub-lab.v1");
        assert_eq!(request.uri().path(), "/chat");
        assert!(!node.request(None).unwrap().headers().contains_key("sec-websocket-protocol"));
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use tokio::net::TcpListener;

    use super::super::slow::RECEIVE_BUFFER;
    use super::*;

    #[tokio::test]
    async fn a_narrow_connection_is_sent_segments_that_fit_its_window() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = ("127.0.0.1", listener.local_addr().unwrap().port());
        let (reader, sender) = tokio::join!(connect_as(to, Some(RECEIVE_BUFFER), None), listener.accept());
        let (_reader, (sender, _)) = (reader.unwrap(), sender.unwrap());
        let segment = SockRef::from(&sender).tcp_mss().unwrap();
        assert!(segment <= SEGMENT, "{segment}");
    }
}
