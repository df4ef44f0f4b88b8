//! How a node asks the history service for past messages, and the names that both sides use. They speak HTTP, because
//! a replay is a question with an answer.
//!
//! `GET /fences/{id}?wait_ms=2000` answers 200 `{"seq":17}` once the fence with this id is committed (everything
//! that the queue held before it has a `seq` up to that), else 404 when the time is up.
//!
//! `GET /rooms/{room}/envelopes?after=ID&margin=500&until=SEQ&limit=500` answers with the envelopes of the room as
//! they were published, oldest first, each as two lines: header, frame. It begins before `after` by the messages that
//! may have been under way with it (all of them for a node that says `unsettled=1`), at most `margin` and none of
//! them stored over a minute before it, and ends at `until`. For such a node it begins no later than where the
//! history came back to the broker within that minute. With `heard=ID`, the last message that the node was brought,
//! it begins before that one instead if that was earlier. Headers: [`FOUND`] is `true` if the history knows `after`
//! (if not: the newest messages it holds, up to a bound). With `last=N` beside `after`, or in its place, the answer
//! holds the newest N messages in any case. [`NEXT`] is the `seq` from which the next page goes on (`from=SEQ` in
//! place of `after` and `margin`), absent on the last page. On a page that goes on, [`FOUND`] is `false` if a part of
//! what was to come has been trimmed meanwhile.

mod page;
mod question;
#[cfg(test)]
mod tests_of_the_machine;

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::{BoxFuture, BusError, Replay, ReplayStart};
use page::Page;
use question::{Answer, HistoryFailure, Host, encoded};
use wire::{Envelope, Room};

pub use page::{FOUND, NEXT};

/// How much earlier than its deadline the history is to answer that a fence has not come, so that its answer still
/// arrives in time.
const FENCE_SPARE: Duration = Duration::from_millis(100);
/// The pause before a history that cannot be reached is tried again.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one page may take, from the connection to its last byte.
const PAGE_TIME: Duration = Duration::from_secs(5);
/// The most messages before `after` that are fetched too, because queues order the messages of different publishers
/// differently. The history fetches those that may have been under way with `after`, which are mostly far fewer.
const MARGIN: usize = 500;
/// Number of messages in one page, unless they are very long.
const PAGE_MESSAGES: usize = 500;
/// The most bytes of a page. A page with more is requested again with fewer messages.
const PAGE_BYTES: usize = 8 << 20;
/// The most bytes of a page that holds a single message.
const MESSAGE_BYTES: usize = 32 << 20;
/// A place beyond every message that the history holds.
const NOW: u64 = i64::MAX as u64;
/// The most bytes of the answer about a fence.
const FENCE_BYTES: usize = 1 << 10;

/// A client of one history service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recall {
    host: Host,
}

impl Recall {
    /// A client of the history service at `http://HOST:PORT`.
    ///
    /// # Errors
    /// When the URL has any other form.
    pub fn new(url: &str) -> Result<Self, BusError> {
        // The error does not name the URL, because it may hold a password.
        let wrong = || BusError::Setup("the address of the history service is no http://HOST:PORT".into());
        Host::parse(url).map(|host| Self { host }).ok_or_else(wrong)
    }

    /// The messages of a room from `start` on, up to a fence: a control envelope with the id `fence_id`
    /// that goes to the history's queue, and that the broker has confirmed.
    ///
    /// `unsettled` says that this node's own queue may still bring what others have had for long: the replay then begins
    /// as far back as it may. The history has `within` to commit the fence, and five seconds for each page of messages. If a page fails, the
    /// error is the stream's last item.
    ///
    /// # Errors
    /// When the fence is not committed in time, or the first page cannot be fetched.
    pub fn replay(
        &self,
        room: Room,
        start: ReplayStart,
        fence_id: String,
        within: Duration,
        unsettled: bool,
    ) -> BoxFuture<Result<Replay, BusError>> {
        let host = self.host.clone();
        Box::pin(async move {
            let until = committed(&host, &fence_id, Instant::now() + within).await?;
            Pages::replay(host, room, Begin::At { start, unsettled }, until).await
        })
    }

    /// The messages of a room after the message `after` that the history holds at this moment. What RabbitMQ has and
    /// the history has not stored yet is not among them.
    ///
    /// # Errors
    /// When the first page cannot be fetched.
    pub(super) async fn now(&self, room: Room, after: String) -> Result<Replay, BusError> {
        let begin = Begin::At { start: ReplayStart::after(after), unsettled: false };
        Pages::replay(self.host.clone(), room, begin, NOW).await
    }
}

/// Waits until a fence is committed, and gives its `seq`.
async fn committed(host: &Host, id: &str, deadline: Instant) -> Result<u64, BusError> {
    #[derive(Deserialize)]
    struct Committed {
        seq: u64,
    }
    loop {
        let wait = deadline.saturating_duration_since(Instant::now()).saturating_sub(FENCE_SPARE);
        let path = format!("/fences/{}?wait_ms={}", encoded(id), wait.as_millis());
        let failure = match host.get(&path, FENCE_BYTES, deadline).await {
            Ok(Answer { status: 404, .. }) => {
                return Err(HistoryFailure("it has not caught up with the broker in time".into()).into());
            }
            Ok(answer) => {
                let committed = serde_json::from_slice::<Committed>(answer.ok()?.body()?);
                return committed
                    .map(|committed| committed.seq)
                    .map_err(|_| HistoryFailure("its answer about a fence is garbled".into()).into());
            }
            Err(failure) => failure,
        };
        // A history that cannot be reached may be about to start again, so it is tried until the deadline.
        if Instant::now() + PAUSE >= deadline {
            return Err(failure.into());
        }
        sleep(PAUSE).await;
    }
}

/// Where a page begins.
#[derive(Debug, Clone)]
enum Begin {
    At { start: ReplayStart, unsettled: bool },
    From(u64),
}

/// The pages of one replay, one at a time.
struct Pages {
    host: Host,
    room: Room,
    until: u64,
    /// Number of messages to ask for in the next page.
    messages: usize,
    /// Where the next page begins; `None` after the last page, or after a failure.
    next: Option<Begin>,
    /// Whether a part of the replay was trimmed between two pages. The rest is replayed all the same.
    trimmed: bool,
    /// The messages left of the current page.
    here: VecDeque<Envelope>,
}

impl Pages {
    /// A replay from `begin` up to the place `until`.
    async fn replay(host: Host, room: Room, begin: Begin, until: u64) -> Result<Replay, BusError> {
        let mut pages = Self {
            host,
            room,
            until,
            messages: PAGE_MESSAGES,
            next: Some(begin),
            trimmed: false,
            here: VecDeque::new(),
        };
        let complete = pages.turn().await?;
        let messages = stream::unfold(pages, |mut pages| async move {
            let item = pages.message().await?;
            Some((item, pages))
        });
        Ok(Replay { complete, messages: messages.boxed() })
    }

    /// The next message. After a failure there is none: the error is the last item.
    async fn message(&mut self) -> Option<Result<Envelope, BusError>> {
        loop {
            if let Some(envelope) = self.here.pop_front() {
                return Some(Ok(envelope));
            }
            if self.next.is_none() {
                let trimmed = std::mem::take(&mut self.trimmed);
                return trimmed
                    .then(|| Err(HistoryFailure("it trimmed a part while it told it".into()).into()));
            }
            match self.turn().await {
                Ok(found) => self.trimmed |= !found,
                Err(error) => {
                    (self.next, self.trimmed) = (None, false);
                    return Some(Err(error));
                }
            }
        }
    }

    /// Fetches the next page. Gives true if `after` is known (first page), or if nothing was trimmed since the
    /// previous page.
    async fn turn(&mut self) -> Result<bool, BusError> {
        let Some(begin) = self.next.clone() else { return Ok(true) };
        let page = self.fetch(&begin).await?;
        self.next = match page.next {
            // The next page must begin later than this one and not beyond the fence: otherwise the replay could go on
            // for ever.
            Some(next) if next <= self.until && !matches!(begin, Begin::From(before) if next <= before) => {
                Some(Begin::From(next))
            }
            Some(_) => return Err(HistoryFailure("its pages lead nowhere".into()).into()),
            None => None,
        };
        self.here = page.envelopes;
        Ok(page.found.unwrap_or(matches!(begin, Begin::From(_))))
    }

    async fn fetch(&mut self, begin: &Begin) -> Result<Page, BusError> {
        let deadline = Instant::now() + PAGE_TIME;
        loop {
            let bytes = if self.messages == 1 { MESSAGE_BYTES } else { PAGE_BYTES };
            let answer = self.host.get(&self.path(begin), bytes, deadline).await?.ok()?;
            if answer.body.is_none() && self.messages > 1 {
                self.messages = (self.messages / 8).max(1);
                continue;
            }
            return Ok(Page::read(&self.room, &answer)?);
        }
    }

    fn path(&self, begin: &Begin) -> String {
        let begin = match begin {
            Begin::At { start: ReplayStart { after: None, last, .. }, .. } => format!("last={last}"),
            Begin::At { start: ReplayStart { after: Some(id), last, heard }, unsettled } => {
                let unsettled = if *unsettled { "&unsettled=1" } else { "" };
                let last = if *last > 0 { format!("&last={last}") } else { String::new() };
                let heard = heard.as_ref().map(|heard| format!("&heard={}", encoded(heard)));
                let heard = heard.unwrap_or_default();
                format!("after={}&margin={MARGIN}{heard}{unsettled}{last}", encoded(id))
            }
            Begin::From(seq) => format!("from={seq}"),
        };
        let (room, until, limit) = (encoded(self.room.as_str()), self.until, self.messages);
        format!("/rooms/{room}/envelopes?{begin}&until={until}&limit={limit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_address_is_one() {
        for good in ["http://127.0.0.1:9100", "http://history:9100/", "http://[::1]:9100"] {
            assert!(Recall::new(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "127.0.0.1:9100",
            "https://h:1",
            "http://h",
            "http://:1",
            "http://h:0",
            "http://h:65536",
            "http://h:+1",
            "http://h:1/path",
            "http://user:secret@h:1",
            "http://h h:1",
            "http://[h]:1",
            "http://h\r\n:1",
        ] {
            assert!(matches!(Recall::new(wrong), Err(BusError::Setup(_))), "{wrong}");
        }
    }
}
