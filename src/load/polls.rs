//! Requests that ask a node again and again what is new in a room.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::ending::Ending;
use super::http::{HttpConnection, accept, broken, in_query};
use super::line::Heard;
use super::stream::Reins;

/// The most messages of one answer. After so many there may be more, which is asked for at once.
const FULL: usize = 1_000;

/// When a subscriber asks again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rhythm {
    /// At once. The node may wait this long until it has something to say.
    Waiting(Duration),
    /// At an interval.
    Every {
        /// The interval.
        every: Duration,
        /// Which part of an interval passes until the second request, 0 to 1: it spreads the subscribers out.
        phase: f64,
    },
}

/// A connection over which a subscriber asks again and again.
#[derive(Debug)]
pub(super) struct Polls {
    http: HttpConnection,
    path: String,
    /// The message or the place after which the next answer is to go on.
    after: Option<String>,
    rhythm: Rhythm,
    /// How long an answer may take, beyond the time that the node may wait.
    patience: Duration,
    /// When the next request is due.
    next: Instant,
    /// Whether answers still bring what was missed before this connection.
    catching_up: bool,
    /// How much of what was missed the answers have brought: the worst word of them.
    recovered: String,
    /// Whether the subscriber has hung up.
    gone: bool,
    heard: VecDeque<Heard>,
}

/// An answer. Messages and notices are frames of `pubsub-lab.v1`.
#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    messages: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    notices: Vec<&'a RawValue>,
    next: String,
    recovered: String,
}

impl Polls {
    /// Asks for the messages of a room, those after a message or a place if there is one, and takes the first answer. An
    /// answer takes no longer than this patience, beyond what it may wait.
    pub(super) async fn open(
        http: HttpConnection,
        path: String,
        after: Option<&str>,
        rhythm: Rhythm,
        patience: Duration,
    ) -> Result<Self, Ending> {
        let mut polls = Self {
            http,
            path,
            after: after.map(str::to_owned),
            rhythm,
            patience,
            next: Instant::now(),
            catching_up: true,
            recovered: String::new(),
            gone: false,
            heard: VecDeque::new(),
        };
        let begun = Instant::now();
        polls.ask(None).await?;
        if let Rhythm::Every { every, phase } = rhythm {
            polls.next = begun + every.mul_f64(phase);
        }
        Ok(polls)
    }

    /// Waits for what comes next.
    pub(super) async fn next(&mut self) -> Result<Heard, Ending> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(heard);
            }
            if self.gone {
                return Err(Ending::Cut);
            }
            match self.rhythm {
                _ if self.catching_up => self.ask(None).await?,
                Rhythm::Waiting(wait) => self.ask(Some(wait)).await?,
                Rhythm::Every { every, .. } => {
                    let due = self.next;
                    tokio::select! {
                        biased;
                        ending = self.http.ended() => return Err(ending),
                        () = sleep_until(due) => {}
                    }
                    // The interval is from request to request. Who is late does not make up for what was left out.
                    self.next = due.max(Instant::now().checked_sub(every).unwrap_or(due)) + every;
                    self.ask(None).await?;
                }
            }
        }
    }

    /// What can be done to the stream.
    pub(super) fn reins(&self) -> &Reins {
        self.http.reins()
    }

    /// Asks no more. What is not heard yet will be asked for again over another connection.
    pub(super) fn hang_up(&mut self) {
        self.gone = true;
        self.heard.clear();
    }

    /// Asks once. With `wait`, the node may wait that long until it has something to say.
    async fn ask(&mut self, wait: Option<Duration>) -> Result<(), Ending> {
        let path = self.path_of(wait);
        let limit = self.patience + wait.unwrap_or_default();
        let http = &mut self.http;
        let asking = async {
            let answer = http.get(&path, &[accept("application/json")]).await?;
            http.read(answer.into_body()).await
        };
        let body = timeout(limit, asking).await.map_err(|_| Ending::Unanswered(limit))??;
        let answer: Answer<'_> = serde_json::from_slice(&body)
            .map_err(|error| broken(format!("an answer to a poll that cannot be read: {error}")))?;
        self.take(answer);
        Ok(())
    }

    fn path_of(&self, wait: Option<Duration>) -> String {
        // Who has nothing to go on from wants to know the place and no messages, of which there may be many.
        let asked = match &self.after {
            Some(after) => format!("after={}", in_query(after)),
            None => "last=1".to_owned(),
        };
        let wait = wait.map(|wait| format!("&wait={}", wait.as_secs_f64())).unwrap_or_default();
        let sign = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{sign}{asked}{wait}", self.path)
    }

    /// Takes an answer. What tells of a hole comes before the messages behind it.
    fn take(&mut self, answer: Answer<'_>) {
        let frame = |raw: &RawValue| Utf8Bytes::from(raw.get().to_owned());
        let is_full = answer.messages.len() >= FULL;
        let replay = self.catching_up;
        self.heard.extend(answer.notices.into_iter().map(|raw| Heard::Frame(frame(raw))));
        if !replay && answer.recovered != "all" {
            self.heard.push_back(Heard::Incomplete);
        }
        let messages = answer.messages.into_iter();
        self.heard.extend(messages.map(|raw| Heard::Polled { frame: frame(raw), replay }));
        if replay {
            if self.recovered.is_empty() || self.recovered == "all" {
                self.recovered = answer.recovered;
            }
            if !is_full {
                self.catching_up = false;
                self.heard.push_back(Heard::Confirmed { recovered: std::mem::take(&mut self.recovered) });
            }
        }
        // An answer that is full is followed by the next one at once.
        if is_full {
            self.next = Instant::now();
        }
        self.heard.push_back(Heard::Position(answer.next.clone()));
        self.after = Some(answer.next);
    }
}

#[cfg(test)]
mod tests_of_the_machine;
