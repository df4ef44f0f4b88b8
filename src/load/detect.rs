//! Finds out which dialect a server speaks by asking it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::address::ServerAddress;
use super::codec::{DIALECT, Inbound, Outbound};
use super::dialect::Dialect;
use super::socket::GOODBYE;

/// How long a server that claims to speak `pubsub-lab.v1` may take to show it.
const WELCOME: Duration = Duration::from_secs(1);

/// Which dialect the server at a URL speaks: `pubsub-lab.v1` if it selects that and answers a `hello` with a
/// `welcome`, and plain otherwise. Selecting alone proves nothing: there are libraries that select whatever is
/// offered. An error, in words, if no server answers within `limit`.
pub async fn detect(url: &str, limit: Duration) -> Result<Dialect, String> {
    let address = ServerAddress::parse(url).map_err(|error| error.to_string())?;
    let failed = |why: String| format!("{url}: {why}");
    let late = |_| format!("{url}: no answer within {limit:?}");
    let end = Instant::now() + limit;
    let stream = timeout_at(end, address.stream(None, None)).await.map_err(late)?;
    let mut stream = stream.map_err(|refusal| failed(refusal.why))?;
    let request = address.request(Some(DIALECT)).map_err(failed)?;
    match timeout_at(end, client_async(request, &mut stream)).await.map_err(late)? {
        // The library accepts the handshake only if the offered subprotocol was selected.
        Ok((mut socket, _)) => {
            let welcomed = timeout(WELCOME, welcomes(&mut socket)).await.unwrap_or(false);
            goodbye(socket).await;
            Ok(if welcomed { Dialect::V1 } else { Dialect::Plain })
        }
        // The library refused, but the server has opened its end and must see it closed.
        Err(Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_))) => {
            goodbye(WebSocketStream::from_raw_socket(&mut stream, Role::Client, None).await).await;
            Ok(Dialect::Plain)
        }
        Err(Error::Io(error)) => Err(failed(error.to_string())),
        // One such error is a server's refusal of the offered subprotocol.
        Err(_) => Ok(Dialect::Plain),
    }
}

/// Whether a server answers a `hello` as the dialect says. It may send other frames before.
async fn welcomes<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) -> bool {
    let hello = Outbound::hello("detect", None).encode();
    if socket.send(Message::text(hello)).await.is_err() {
        return false;
    }
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(frame) = message
            && Inbound::decode(&frame).is_some_and(|frame| frame.kind == "welcome")
        {
            return true;
        }
    }
    false
}

async fn goodbye<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>) {
    let _ = timeout(GOODBYE, socket.close(None)).await;
}
