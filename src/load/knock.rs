//! Asks a server whether it opens a WebSocket at all, before anything is measured.

use std::time::Duration;

use tokio::time::timeout;

use super::address::ServerAddress;
use super::codec::DIALECT;
use super::error::LoadError;
use super::refusal::Refusal;
use super::socket::say_goodbye;

/// Opens a WebSocket at a node's URL and closes it again, in at most `limit` for each of two attempts: some servers open
/// one only with our subprotocol, and others only without.
///
/// # Errors
/// When the URL cannot be used, and when nobody opens a WebSocket there.
pub async fn knock(url: &str, limit: Duration) -> Result<(), LoadError> {
    let address = ServerAddress::parse(url)?;
    let closed = |why: String| LoadError::Closed { url: address.shown().to_string(), why };
    let mut why = String::new();
    for subprotocol in [None, Some(DIALECT)] {
        match timeout(limit, address.open(subprotocol, None, None, None)).await {
            Ok(Ok(socket)) => {
                say_goodbye(Some(socket)).await;
                return Ok(());
            }
            Ok(Err(Refusal { why: refused, .. })) => why = refused,
            // Who says nothing to one attempt says nothing to another.
            Err(_) => return Err(closed(format!("no answer within {limit:?}"))),
        }
    }
    Err(closed(why))
}
