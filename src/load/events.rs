//! A stream of server-sent events, as a subscriber hears it.

use std::collections::VecDeque;

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::ending::Ending;
use super::http::{HttpConnection, accept, broken, in_query};
use super::line::Heard;
use super::stream::Reins;

const EVENT_STREAM: &str = "text/event-stream";
/// The longest line of a stream, and the most data of one event, in bytes.
const LONGEST: usize = 1 << 20;

/// A stream of events over a connection of its own.
#[derive(Debug)]
pub(super) struct EventStream {
    http: HttpConnection,
    body: Incoming,
    parser: Parser,
    heard: VecDeque<Heard>,
}

impl EventStream {
    /// Asks for the events of a room, those after an id if there is one.
    pub(super) async fn open(
        mut http: HttpConnection,
        path: String,
        after: Option<&str>,
    ) -> Result<Self, Ending> {
        // An id that no header can hold goes the other way that there is.
        let fits = |id: &&str| id.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let (header, query) = match after {
            Some(id) if fits(&id) => (Some(id), None),
            other => (None, other),
        };
        let sign = if path.contains('?') { '&' } else { '?' };
        let path = query.map_or(path.clone(), |id| format!("{path}{sign}after={}", in_query(id)));
        let headers: Vec<_> =
            std::iter::once(accept(EVENT_STREAM)).chain(header.map(|id| ("last-event-id", id))).collect();
        let answer = http.get(&path, &headers).await?;
        let content = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content = content.unwrap_or("no type").to_owned();
        if !content.starts_with(EVENT_STREAM) {
            return Err(Ending::Refused(format!("answered with {content} instead of a stream of events")));
        }
        let (parser, heard) = (Parser::default(), VecDeque::new());
        Ok(Self { http, body: answer.into_body(), parser, heard })
    }

    /// Waits for what comes next.
    pub(super) async fn next(&mut self) -> Result<Heard, Ending> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(heard);
            }
            match self.http.part(&mut self.body).await? {
                Some(part) => self.parser.read(&part, &mut self.heard)?,
                None => return Err(Ending::Over),
            }
        }
    }

    /// What can be done to the stream.
    pub(super) fn reins(&self) -> &Reins {
        self.http.reins()
    }

    /// Hangs up. What the node has sent before it knows of that still comes.
    pub(super) fn hang_up(&self) {
        self.http.reins().hang_up();
    }
}

/// Takes a stream apart into its events. A line ends with LF or CR LF; a lone CR, which the standard allows as well, ends
/// none.
#[derive(Debug, Default)]
struct Parser {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    data: String,
    id: Option<String>,
}

impl Parser {
    /// Reads a part of the stream, and adds what it completes.
    fn read(&mut self, mut part: &[u8], heard: &mut VecDeque<Heard>) -> Result<(), Ending> {
        while let Some(end) = part.iter().position(|byte| *byte == b'\n') {
            let (before, after) = (&part[..end], &part[end + 1..]);
            part = after;
            if self.line.is_empty() {
                self.line_of(before, heard);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(before);
                self.line_of(&line, heard);
                line.clear();
                self.line = line;
            }
        }
        self.line.extend_from_slice(part);
        match self.line.len().max(self.data.len()) > LONGEST {
            true => Err(broken(format!("an event of over {LONGEST} bytes"))),
            false => Ok(()),
        }
    }

    fn line_of(&mut self, line: &[u8], heard: &mut VecDeque<Heard>) {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        if line.is_empty() {
            return self.dispatch(heard);
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // The frame itself says which event it is. A line without a field's name is a comment.
            _ => {}
        }
    }

    /// Ends an event. One without data is none, but its id counts.
    fn dispatch(&mut self, heard: &mut VecDeque<Heard>) {
        let mut data = std::mem::take(&mut self.data);
        if data.pop().is_some() {
            heard.push_back(Heard::Frame(Utf8Bytes::from(data)));
        }
        heard.extend(self.id.take().map(Heard::Position));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(parts: &[&[u8]]) -> Vec<Heard> {
        let (mut parser, mut heard) = (Parser::default(), VecDeque::new());
        parts.iter().for_each(|part| parser.read(part, &mut heard).unwrap());
        heard.into()
    }

    fn frame(text: &str) -> Heard {
        Heard::Frame(Utf8Bytes::from(text.to_owned()))
    }

    #[test]
    fn each_event_is_its_data_and_the_id_after_which_a_stream_goes_on() {
        let stream = b"id: s1.7\ndata: {\"a\":1}\n\n:\n\nevent: subscribed\ndata:{\"b\":2}\r\n\r\n";
        let expected = vec![frame("{\"a\":1}"), Heard::Position("s1.7".into()), frame("{\"b\":2}")];
        assert_eq!(parsed(&[stream]), expected);
        // Wherever the stream is cut into parts, it says the same.
        for cut in 0..stream.len() {
            assert_eq!(parsed(&[&stream[..cut], &stream[cut..]]), expected, "{cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(parsed(&bytes), expected);
    }

    #[test]
    fn several_lines_of_data_are_one_text_and_what_is_not_ended_is_no_event() {
        assert_eq!(parsed(&[b"data: a\ndata:  b\ndata\n\n"]), [frame("a\n b\n")]);
        assert_eq!(parsed(&[b"retry: 5\nunknown: x\n\nid: 7\n\n"]), [Heard::Position("7".into())]);
        assert_eq!(parsed(&[b"data: lost\n"]), []);
    }

    #[test]
    fn an_event_without_an_end_is_not_kept_for_ever() {
        let (mut parser, mut heard) = (Parser::default(), VecDeque::new());
        let endless = (0..40).try_for_each(|_| parser.read(&[b'x'; 64 << 10], &mut heard));
        assert_eq!(endless, Err(broken(format!("an event of over {LONGEST} bytes"))));
    }
}
