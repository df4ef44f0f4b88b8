//! Where spans go: the address of a collector, and the thread that sends them there over HTTP.

use std::fmt;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HOST};
use axum::http::{Request, StatusCode, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::line::{TraceLine, unix_us};
use super::otlp::{self, Source};
use super::outlet::{Outlet, Sink};
use super::spans::{OpenSpans, Span};

/// The path under which collectors take spans, where the URL names none.
const PATH: &str = "/v1/traces";
/// How long a collector may take for one request. Steps wait in the queue meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);

/// The address of a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    /// The host and the port.
    authority: String,
    /// The path of the requests.
    path: String,
}

/// A URL that is no collector's, as a clause for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorError(&'static str);

/// What the sending thread owns.
struct CollectorSink {
    runtime: Runtime,
    collector: Collector,
    source: Source,
    open: OpenSpans,
    /// Whether the log already says that the collector takes nothing.
    complained: bool,
}

impl std::str::FromStr for Collector {
    type Err = CollectorError;

    fn from_str(url: &str) -> Result<Self, CollectorError> {
        let uri: Uri = url.parse().map_err(|_| CollectorError("it is no URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(CollectorError("spans are sent over http alone, to a collector that is near"));
            }
            _ => return Err(CollectorError("it does not begin with http://")),
        }
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or(CollectorError("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(CollectorError("it holds a password, which would not be sent"));
        }
        let path = match uri.path_and_query().map_or("", |path| path.as_str()) {
            "" | "/" => PATH,
            path => path,
        };
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self { authority: format!("{}:{port}", authority.host()), path: path.to_owned() })
    }
}

impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

impl fmt::Display for CollectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for CollectorError {}

impl Outlet {
    /// Starts the thread that sends spans to a collector, which need not be there yet.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn collector(collector: Collector, source: Source) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Self::start(CollectorSink {
            runtime,
            collector,
            source,
            open: OpenSpans::default(),
            complained: false,
        })
    }
}

impl CollectorSink {
    /// Sends spans, and says in the log when the collector begins or ceases to take none. Gives whether it took them.
    fn send(&mut self, spans: &[Span]) -> bool {
        if spans.is_empty() {
            return true;
        }
        let body = otlp::body(&self.source, spans).to_string();
        let sent = self.runtime.block_on(async {
            timeout(PATIENCE, self.collector.post(body))
                .await
                .unwrap_or_else(|_| Err(format!("it does not answer within {PATIENCE:?}")))
        });
        let fails = sent.is_err();
        if std::mem::replace(&mut self.complained, fails) != fails {
            match sent {
                Ok(()) => tracing::info!("the collector {} takes spans again", self.collector),
                Err(why) => {
                    tracing::warn!("spans are dropped, the collector {} takes none: {why}", self.collector)
                }
            }
        }
        !fails
    }
}

impl Collector {
    async fn post(&self, body: String) -> Result<(), String> {
        let tcp = TcpStream::connect(&self.authority).await.map_err(|error| error.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(tcp)).await.map_err(|error| error.to_string())?;
        let request = Request::post(&self.path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "close")
            .body(Body::from(body))
            .map_err(|error| error.to_string())?;
        let mut answer = pin!(async move {
            let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
            match answer.status() {
                status if status.is_success() => Ok(()),
                StatusCode::NOT_FOUND => {
                    Err("it answers 404: is the path that of OTLP over HTTP?".to_owned())
                }
                status => Err(format!("it answers {status}")),
            }
        });
        // The connection is driven here, so that it ends with the request.
        tokio::select! {
            answer = &mut answer => answer,
            ended = connection => {
                ended.map_err(|error| error.to_string())?;
                answer.await
            }
        }
    }
}

impl Sink for CollectorSink {
    const GATHER: Duration = Duration::from_millis(200);
    const DROPPED: &'static str = "pubsub_lab_otlp_dropped_steps_total";
    const DROPPED_MEANS: &'static str =
        "Steps of messages that were not exported because the collector was too slow or away.";

    fn take(&mut self, lines: &[TraceLine]) -> u64 {
        let mut spans: Vec<_> = lines.iter().filter_map(|line| self.open.step(line)).collect();
        spans.extend(self.open.overdue(unix_us()));
        if self.send(&spans) { 0 } else { lines.len() as u64 }
    }

    fn end(&mut self, _dropped: u64) {
        let rest = self.open.all();
        self.send(&rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_otlp_is_filled_in_and_another_is_kept() {
        let shown = |url: &str| url.parse::<Collector>().unwrap().to_string();
        assert_eq!(shown("http://127.0.0.1:4318"), "http://127.0.0.1:4318/v1/traces");
        assert_eq!(shown("http://[::1]:4318/"), "http://[::1]:4318/v1/traces");
        assert_eq!(shown("http://tempo/otlp/v1/traces"), "http://tempo:80/otlp/v1/traces");
    }

    #[test]
    fn what_is_no_address_of_a_collector_is_told_why() {
        for (url, why) in [
            ("https://collector:4318", "over http alone"),
            ("grpc://collector:4317", "does not begin with http://"),
            ("127.0.0.1:4318", "does not begin with http://"),
            ("http://", "no URL"),
            ("http://me:secret@collector:4318", "password"),
        ] {
            let error = url.parse::<Collector>().unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}
