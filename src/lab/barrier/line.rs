//! A connection over which values go as lines of JSON.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The longest line, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A connection over which values go as lines of JSON.
#[derive(Debug)]
pub(super) struct Line {
    stream: BufReader<TcpStream>,
}

impl Line {
    /// Speaks over this stream.
    pub(super) fn new(stream: TcpStream) -> Self {
        // Without it a question for the time would wait for an answer to the one before it.
        let _ = stream.set_nodelay(true);
        Self { stream: BufReader::new(stream) }
    }

    /// Says something.
    pub(super) async fn say(&mut self, what: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string(what)?;
        text.push('\n');
        self.stream.get_mut().write_all(text.as_bytes()).await
    }

    /// Hears what is said next.
    pub(super) async fn hear<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let mut text = String::new();
        (&mut self.stream).take(LONGEST).read_line(&mut text).await?;
        match text.ends_with('\n') {
            true => Ok(serde_json::from_str(&text)?),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
