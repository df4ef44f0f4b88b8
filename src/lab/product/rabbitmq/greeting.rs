//! The greeting of an AMQP 0-9-1 server: the frame `Connection.Start`, which says who it is before anybody logs in.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::ToSocketAddrs;

use crate::probe::{PATIENCE, fetch_answer_at};

/// The protocol header, which a client sends first.
const HEADER: &[u8] = b"AMQP\0\0\x09\x01";
/// Number of bytes of a frame before its payload: type, channel and length.
const FRAME_HEAD: usize = 7;
/// How the payload of `Connection.Start` on channel 0 begins: class 10, method 10, protocol 0-9.
const START: &[u8] = &[0, 10, 0, 10, 0, 9];

/// What an AMQP server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The name of the product: `RabbitMQ`, or `unknown`.
    pub product: String,
    /// The version of the server, or `unknown`.
    pub version: String,
    /// The name of the server's cluster, which RabbitMQ makes of its node name. Empty if the server does not say it.
    pub cluster: String,
}

impl Greeting {
    /// Reads the frame; `None` if it is another frame than `Connection.Start`.
    fn parse(frame: &[u8]) -> Option<Self> {
        let payload = frame.strip_prefix(&[1, 0, 0])?.get(4..)?.strip_prefix(START)?;
        let mut greeting =
            Self { product: "unknown".into(), version: "unknown".into(), cluster: String::new() };
        let mut fields = Reader(payload).long()?;
        while !fields.0.is_empty() {
            let name = fields.short()?;
            let kind = fields.byte()?;
            let place = match name {
                b"product" => Some(&mut greeting.product),
                b"version" => Some(&mut greeting.version),
                b"cluster_name" => Some(&mut greeting.cluster),
                _ => None,
            };
            match (kind, place) {
                (b'S', Some(place)) => *place = fields.long()?.text(),
                (b'S' | b'F', _) => {
                    fields.long()?;
                }
                (b't', _) => {
                    fields.byte()?;
                }
                // RabbitMQ sends no other types here. What was read so far stands.
                _ => break,
            }
        }
        Some(greeting)
    }
}

/// The greeting of the AMQP server on this loopback port. An error until the server is ready.
pub async fn amqp_greeting(port: u16) -> io::Result<Greeting> {
    greeting_of(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE).await
}

/// The greeting of the AMQP server at this address.
pub async fn greeting_of(address: impl ToSocketAddrs, patience: Duration) -> io::Result<Greeting> {
    let answer = fetch_answer_at(address, HEADER, is_complete, patience).await?;
    Greeting::parse(&answer).ok_or_else(|| {
        let why = if answer.is_empty() { "it closes the connection" } else { "not an answer of AMQP 0-9-1" };
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

/// Whether the answer holds a whole frame, or something that is no frame.
fn is_complete(answer: &[u8]) -> bool {
    match answer {
        [] => false,
        [1, _, _, length @ ..] => length.first_chunk().is_some_and(|length| {
            // One byte marks the end of a frame.
            answer.len() > FRAME_HEAD + u32::from_be_bytes(*length) as usize
        }),
        [1, ..] => false,
        _ => true,
    }
}

/// The bytes of a frame that are still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// Reads a short string.
    fn short(&mut self) -> Option<&'a [u8]> {
        let length = self.byte()?;
        self.take(length.into())
    }

    /// Reads a long string or a table.
    fn long(&mut self) -> Option<Reader<'a>> {
        let length = u32::from_be_bytes(*self.take(4)?.first_chunk()?);
        self.take(length as usize).map(Reader)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&self) -> String {
        // The text is shown to people, so it has no control characters and a bounded length.
        String::from_utf8_lossy(self.0).chars().filter(|c| !c.is_control()).take(100).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The `Connection.Start` of a RabbitMQ 3.10, with fewer capabilities.
    fn start() -> Vec<u8> {
        let long = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
        let short = |text: &str| [&[text.len() as u8][..], text.as_bytes()].concat();
        let text = |name: &str, value: &str| [short(name), vec![b'S'], long(value.as_bytes())].concat();
        let capability = [short("basic.nack"), b"t\x01".to_vec()].concat();
        let table = [
            [short("capabilities"), vec![b'F'], long(&capability)].concat(),
            text("cluster_name", "lab20123@host"),
            text("product", "RabbitMQ"),
            text("version", "3.10.8"),
        ]
        .concat();
        let payload = [START, &long(&table), &long(b"AMQPLAIN PLAIN"), &long(b"en_US")].concat();
        [&[1, 0, 0][..], &long(&payload), &[0xce]].concat()
    }

    #[test]
    fn the_frame_says_who_it_is() {
        let expected = Greeting {
            product: "RabbitMQ".into(),
            version: "3.10.8".into(),
            cluster: "lab20123@host".into(),
        };
        assert_eq!(Greeting::parse(&start()), Some(expected));
    }

    #[test]
    fn a_frame_is_whole_at_its_last_byte_only() {
        let frame = start();
        assert!(is_complete(&frame));
        for length in 0..frame.len() {
            assert!(!is_complete(&frame[..length]), "{length}");
            // Half a table may say something already; reading it must neither make anything up nor fail.
            Greeting::parse(&frame[..length]);
        }
        assert!(is_complete(b"HTTP/1.1 400"));
        assert_eq!(Greeting::parse(b"HTTP/1.1 400 Bad Request"), None);
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;
    use crate::probe::tests_of_the_machine::answer_once;

    #[tokio::test]
    async fn who_speaks_another_language_does_not_greet() {
        let error = amqp_greeting(answer_once(b"AMQP\0\0\x09\x01")).await.unwrap_err();
        assert_eq!(error.to_string(), "not an answer of AMQP 0-9-1");
        let error = amqp_greeting(answer_once(b"")).await.unwrap_err();
        assert_eq!(error.to_string(), "it closes the connection");
    }
}
