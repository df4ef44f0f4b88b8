//! An HTTP/1.1 connection of a subscriber: requests one after another, and their answers.
//!
//! The library's connection is a future of its own. It is polled here, together with whatever waits for it, so that it
//! needs no task and ends with whoever owns it.

use std::borrow::Cow;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use super::address::ServerAddress;
use super::codec::Inbound;
use super::ending::Ending;
use super::refusal::Refusal;
use super::stream::{CountedStream, Reins};

/// The longest answer that is read, in bytes: a thousand messages of the greatest length take about as much.
const LONGEST: usize = 32 << 20;

/// One connection to a node.
#[derive(Debug)]
pub(super) struct HttpConnection {
    /// The node's name and port, for the header `Host`.
    host: String,
    sender: SendRequest<String>,
    /// `None` once it has ended.
    connection: Option<Box<Connection<TokioIo<CountedStream>, String>>>,
    reins: Arc<Reins>,
}

impl HttpConnection {
    /// Connects to a node. The kernel keeps about `receive_buffer` bytes that nobody has read, or as many as it likes.
    pub(super) async fn open(
        node: &ServerAddress,
        receive_buffer: Option<u32>,
        from: Option<IpAddr>,
        reins: Arc<Reins>,
    ) -> Result<Self, Refusal> {
        let stream = CountedStream::new(node.stream(receive_buffer, from).await?, Some(reins.clone()));
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| opening(&error))?;
        Ok(Self { host: node.host_and_port(), sender, connection: Some(Box::new(connection)), reins })
    }

    /// What can be done to the connection's stream.
    pub(super) fn reins(&self) -> &Reins {
        &self.reins
    }

    /// Asks for a path, and gives the head of the answer if it is `200 OK`.
    pub(super) async fn get(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response<Incoming>, Ending> {
        let mut request = Request::get(path).header(HOST, &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(String::new()).map_err(|error| Ending::Refused(error.to_string()))?;
        self.reins.requests();
        let Self { sender, connection, .. } = self;
        let asking = async {
            sender.ready().await?;
            sender.send_request(request).await
        };
        let answer = drive(connection, asking).await?;
        match answer.status() {
            StatusCode::OK => Ok(answer),
            status => {
                let body = self.read(answer.into_body()).await?;
                Err(Ending::Refused(refusal(status, &String::from_utf8_lossy(&body))))
            }
        }
    }

    /// Reads the whole body of an answer.
    pub(super) async fn read(&mut self, mut body: Incoming) -> Result<Bytes, Ending> {
        let mut whole = Vec::new();
        while let Some(part) = self.part(&mut body).await? {
            if whole.is_empty() && body.is_end_stream() {
                return Ok(part);
            }
            if whole.len() + part.len() > LONGEST {
                return Err(broken(format!("an answer of over {LONGEST} bytes")));
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole.into())
    }

    /// Waits for the next part of the body of an answer; `None` at its end.
    pub(super) async fn part(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, Ending> {
        loop {
            let next = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx).map(Option::transpose));
            match drive(&mut self.connection, next).await? {
                None => return Ok(None),
                // What is no data is a trailer.
                Some(frame) => match frame.into_data() {
                    Ok(data) => return Ok(Some(data)),
                    Err(_) => continue,
                },
            }
        }
    }

    /// Resolves when the connection ends, and gives how.
    pub(super) async fn ended(&mut self) -> Ending {
        let never = std::future::pending::<hyper::Result<()>>();
        match drive(&mut self.connection, never).await {
            Err(ending) => ending,
            Ok(()) => Ending::Cut,
        }
    }
}

/// Polls the connection and what waits for it, until the latter is ready or the connection has ended.
async fn drive<T>(
    connection: &mut Option<Box<Connection<TokioIo<CountedStream>, String>>>,
    work: impl Future<Output = hyper::Result<T>>,
) -> Result<T, Ending> {
    let mut work = pin!(work);
    poll_fn(|cx: &mut Context<'_>| {
        let mut ending = connection.is_none().then_some(Ending::Cut);
        if let Some(open) = connection
            && let Poll::Ready(ended) = Pin::new(&mut **open).poll(cx)
        {
            *connection = None;
            ending = Some(ended.map_or_else(|error| Ending::of_http(&error), |()| Ending::Cut));
        }
        // Whatever has come before the end is taken before the end is told.
        match work.as_mut().poll(cx) {
            Poll::Ready(Ok(value)) => Poll::Ready(Ok(value)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(match ending {
                Some(ending @ (Ending::Failed(_) | Ending::Broken { .. })) => ending,
                _ => Ending::of_http(&error),
            })),
            Poll::Pending => ending.map_or(Poll::Pending, |ending| Poll::Ready(Err(ending))),
        }
    })
    .await
}

fn opening(error: &hyper::Error) -> Refusal {
    Ending::of_http(error).refusal("answered")
}

/// The ending of a connection over which came what HTTP or the dialect does not allow.
pub(super) fn broken(how: String) -> Ending {
    Ending::Broken { protocol: "HTTP", how }
}

/// What a server says by an answer that is not `200 OK`.
fn refusal(status: StatusCode, body: &str) -> String {
    match Inbound::decode(body).filter(|frame| frame.kind == "error") {
        Some(error) => format!("HTTP {}: {} ({})", status.as_u16(), error.reason, error.code),
        None => format!("HTTP {status}"),
    }
}

/// The header that says which content is wanted.
pub(super) fn accept(content: &str) -> (&'static str, &str) {
    (ACCEPT.as_str(), content)
}

/// A value as it stands in the query of a URL.
pub(super) fn in_query(value: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if value.bytes().all(plain) {
        return Cow::Borrowed(value);
    }
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_nodes_own_words_where_it_gives_some() {
        let frame = r#"{"type":"error","code":"bus_down","reason":"Redis is away"}"#;
        let said = refusal(StatusCode::SERVICE_UNAVAILABLE, frame);
        assert_eq!(said, "HTTP 503: Redis is away (bus_down)");
        for other in ["", "<html>", r#"{"type":"message"}"#] {
            assert_eq!(refusal(StatusCode::NOT_FOUND, other), "HTTP 404 Not Found");
        }
    }

    #[test]
    fn a_value_of_a_query_is_no_part_of_its_form() {
        assert_eq!(in_query("s1.7-a_b~"), "s1.7-a_b~");
        assert_eq!(in_query("a&b=c d/é"), "a%26b%3Dc%20d%2F%C3%A9");
    }
}
