//! `pubsub-lab health`: a hidden subcommand that asks a service whether it is well. An image that holds nothing but this
//! program has no `curl` for its health check.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;

use super::failure::{ENVIRONMENT, Failure};
use super::output::announce;

/// How long one question may take, from the connection to the answer.
const ANSWER: Duration = Duration::from_secs(2);
/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(200);
/// The most bytes that are read of an answer.
const LONGEST: u64 = 4096;

/// Flags of `pubsub-lab health`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pubsub-lab health http://127.0.0.1:8080/healthz
  pubsub-lab health http://127.0.0.1:8080/readyz --within 30s --say 'the chat is ready'")]
pub struct HealthArgs {
    /// What to ask: `/healthz` of a node or a history says that it lives, `/readyz` also that its broker answers
    #[arg(value_name = "URL", value_parser = Question::parse)]
    question: Question,

    /// How long to ask again when the answer is no
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = node::at_most_a_day)]
    within: Duration,

    /// What to print when the answer is yes
    #[arg(long, value_name = "TEXT")]
    say: Option<String>,

    /// What to advise when the answer is no
    #[arg(long, value_name = "TEXT", default_value = "see the log of that service")]
    hint: String,
}

/// What is asked of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    /// Host and port.
    place: String,
    path: String,
}

impl Question {
    /// Reads a URL. The error is a clause for people.
    fn parse(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("http://").ok_or("only http:// is asked")?;
        let (place, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let has_port = place.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
        });
        if !has_port || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("give a URL like http://127.0.0.1:8080/healthz".into());
        }
        Ok(Self { place: place.to_owned(), path: path.to_owned() })
    }

    /// Asks once. The error says what was answered instead of yes, or why nothing was.
    fn ask(&self) -> Result<(), String> {
        let answer = self.answer().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => format!("no answer within {ANSWER:?}"),
            _ => error.to_string(),
        })?;
        verdict(&answer)
    }

    fn answer(&self) -> io::Result<String> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "nobody has that name");
        for address in self.place.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, ANSWER) {
                Ok(tcp) => return self.exchange(tcp),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn exchange(&self, mut tcp: TcpStream) -> io::Result<String> {
        tcp.set_read_timeout(Some(ANSWER))?;
        tcp.set_write_timeout(Some(ANSWER))?;
        let Self { place, path } = self;
        write!(tcp, "GET {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        tcp.take(LONGEST).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// Whether an answer is yes. The error says what it is instead: its status, and the first line of its text.
fn verdict(answer: &str) -> Result<(), String> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.lines().next().and_then(|line| line.strip_prefix("HTTP/1.")?.split_once(' '));
    match status {
        Some((_, status)) if status.starts_with("200") => Ok(()),
        Some((_, status)) => {
            let said = body.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('<'));
            Err(said.map_or(status.to_owned(), |said| format!("{status}: {said}")))
        }
        None => Err("the answer is not HTTP".into()),
    }
}

/// Asks until the answer is yes or the time is over, and gives the exit code.
pub fn run(args: HealthArgs) -> Result<u8, Failure> {
    let HealthArgs { question, within, say, hint } = args;
    let asked = Instant::now();
    loop {
        match question.ask() {
            Ok(()) => break,
            Err(_) if asked.elapsed() < within => sleep(PAUSE),
            Err(why) => {
                let Question { place, path } = &question;
                return Err(Failure::new(
                    ENVIRONMENT,
                    format!("http://{place}{path} is not well: {why}"),
                    hint,
                ));
            }
        }
    }
    if let Some(text) = say {
        announce(format_args!("{text}"));
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_a_host_a_port_and_a_path() {
        let read = |url| Question::parse(url).map(|it| (it.place, it.path));
        let of = |place: &str, path: &str| Ok((place.to_owned(), path.to_owned()));
        assert_eq!(read("http://127.0.0.1:8080/healthz"), of("127.0.0.1:8080", "/healthz"));
        assert_eq!(read("http://[::1]:80"), of("[::1]:80", "/"));
        for wrong in ["https://a:1/", "a:1", "http://a/", "http://:1/", "http://a:/", "http://a:1/ x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_200_is_yes() {
        assert_eq!(verdict("HTTP/1.1 200 OK\r\n\r\nready\n"), Ok(()));
        let down = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 1\r\n\r\nthe bus is down: gone\n";
        assert_eq!(verdict(down), Err("503 Service Unavailable: the bus is down: gone".into()));
        assert_eq!(verdict("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>\r\n"), Err("502 Bad Gateway".into()));
        assert_eq!(verdict("SSH-2.0-x\r\n"), Err("the answer is not HTTP".into()));
    }
}
