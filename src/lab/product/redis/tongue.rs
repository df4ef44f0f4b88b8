//! What listens at an address, asked without a Redis client: a client speaks first, and what the server says before it
//! closes is lost then.

use std::sync::Arc;
use std::time::Duration;

use redis::{ConnectionAddr, RedisError};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::probe::fetch_answer_at;

/// How long an answer to such a question may take. Whoever has something to say has said it by then.
const PATIENCE: Duration = Duration::from_millis(500);
/// The types of the TLS records with which a server answers a client's hello: an alert, or its own hello.
const TLS_ANSWERS: [u8; 2] = [0x15, 0x16];

/// What a server was found to say or to speak.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tongue {
    /// The error line that the server sends unasked before it closes, without the `-`.
    pub(super) turned_away: Option<String>,
    /// Whether the URL says no TLS and the server speaks it.
    pub(super) wants_tls: bool,
    /// Whether the URL says TLS and the server speaks Redis without it.
    pub(super) wants_plain: bool,
}

impl Tongue {
    /// Asks a server with which the talk ended in this error. An error of Redis itself leaves no question.
    pub(super) async fn asked(address: &ConnectionAddr, error: &RedisError) -> Self {
        let (host, port, tls) = match address {
            ConnectionAddr::Tcp(host, port) => (host.as_str(), *port, false),
            ConnectionAddr::TcpTls { host, port, .. } => (host.as_str(), *port, true),
            _ => return Self::default(),
        };
        if error.code().is_some() || error.is_connection_refusal() {
            return Self::default();
        }
        let line = |answer: &[u8]| answer.contains(&b'\n');
        let ask = async |request: &[u8]| {
            fetch_answer_at((host, port), request, line, PATIENCE).await.unwrap_or_default()
        };
        let unasked = ask(b"").await;
        if let Some(said) =
            String::from_utf8_lossy(&unasked).lines().next().and_then(|line| line.strip_prefix('-'))
        {
            return Self { turned_away: Some(said.trim_end().to_owned()), ..Self::default() };
        }
        if tls {
            let answer = ask(b"PING\r\n").await;
            return Self { wants_plain: matches!(answer.first(), Some(b'+' | b'-')), ..Self::default() };
        }
        let enough = |answer: &[u8]| !answer.is_empty();
        let Some(hello) = hello(host) else { return Self::default() };
        let answer = fetch_answer_at((host, port), &hello, enough, PATIENCE).await.unwrap_or_default();
        Self { wants_tls: answer.first().is_some_and(|first| TLS_ANSWERS.contains(first)), ..Self::default() }
    }
}

/// The first bytes of a client that speaks TLS.
fn hello(host: &str) -> Option<Vec<u8>> {
    let config = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let mut client = ClientConnection::new(Arc::new(config), name).ok()?;
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).ok()?;
    Some(bytes)
}
