//! One HTTP question to the history service: one connection, one answer, both under a deadline and a bound.

use std::fmt::Write;
use std::pin::pin;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::BusError;

/// The most bytes of the head of an answer.
const HEAD_BYTES: usize = 16 << 10;

/// The address of a history service, as `HOST:PORT`.
#[derive(Debug, Clone)]
pub(super) struct Host(std::sync::Arc<str>);

/// The answer of a history service.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body; `None` if it has too many bytes.
    pub(super) body: Option<Bytes>,
}

/// The reason why there is no answer, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HistoryFailure(pub(super) String);

impl From<HistoryFailure> for BusError {
    fn from(HistoryFailure(reason): HistoryFailure) -> Self {
        Self::History(reason)
    }
}

impl Answer {
    /// The answer itself if its status is 200, else the failure.
    pub(super) fn ok(self) -> Result<Self, HistoryFailure> {
        if self.status == 200 {
            Ok(self)
        } else {
            Err(HistoryFailure(format!("it answered {}", self.status)))
        }
    }

    /// The body of the answer, or the failure that it is too long.
    pub(super) fn body(&self) -> Result<&Bytes, HistoryFailure> {
        self.body.as_ref().ok_or_else(|| HistoryFailure("its answer is too long".into()))
    }
}

impl Host {
    /// Reads the host and port of `http://HOST:PORT`, with or without a slash at the end.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let authority = url.strip_prefix("http://")?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = authority.rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host_is_one = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            }
        };
        let port_is_one =
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
        (host_is_one && port_is_one).then(|| Self(authority.into()))
    }

    /// The answer to a GET request, with a body of at most `bytes` bytes.
    pub(super) async fn get(
        &self,
        path: &str,
        bytes: usize,
        deadline: Instant,
    ) -> Result<Answer, HistoryFailure> {
        // The future is boxed because it holds hyper's whole connection.
        let exchange = Box::pin(self.exchange(path, bytes));
        timeout_at(deadline, exchange)
            .await
            .map_err(|_| HistoryFailure("it does not answer in time".into()))?
    }

    async fn exchange(&self, path: &str, bytes: usize) -> Result<Answer, HistoryFailure> {
        let tcp = TcpStream::connect(&*self.0).await.map_err(|error| HistoryFailure(error.to_string()))?;
        // A question is one small write whose answer is awaited, so it must not wait in the kernel.
        let _ = tcp.set_nodelay(true);
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES)
            .handshake(TokioIo::new(tcp))
            .await
            .map_err(failed)?;
        let request = Request::get(path)
            .header(HOST, &*self.0)
            .header(CONNECTION, "close")
            .body(Body::empty())
            .map_err(|error| HistoryFailure(error.to_string()))?;
        let mut answer = pin!(async move {
            let response = sender.send_request(request).await.map_err(failed)?;
            let (head, body) = response.into_parts();
            let body = read(Body::new(body), bytes).await?;
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
        });
        // The connection is driven here and not by a task of its own, so whoever stops asking closes it.
        tokio::select! {
            answer = &mut answer => answer,
            ended = connection => {
                ended.map_err(failed)?;
                answer.await
            }
        }
    }
}

/// Reads a body; gives `None` if it has more than `bytes` bytes.
async fn read(body: Body, bytes: usize) -> Result<Option<Bytes>, HistoryFailure> {
    match to_bytes(body, bytes).await {
        Ok(body) => Ok(Some(body)),
        Err(error) => {
            // The error comes either from the bound or from the connection; its sources tell which.
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                if let Some(error) = cause.downcast_ref::<hyper::Error>() {
                    return Err(HistoryFailure(error.to_string()));
                }
                source = cause.source();
            }
            Ok(None)
        }
    }
}

fn failed(error: hyper::Error) -> HistoryFailure {
    HistoryFailure(format!("it does not answer as a server does: {error}"))
}

/// Encodes a text as one segment of a path, or one value of a query.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
