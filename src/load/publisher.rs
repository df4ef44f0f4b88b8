//! A client that publishes: it takes orders from the schedule, hands them over for writing, and tells the ledger what
//! its node answers.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{Sink, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::coop::has_budget_remaining;
use tokio::time::{Instant, Sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::backlog::{Backlog, SendOrder, Turn};
use super::codec::Inbound;
use super::dial::Caller;
use super::dialect::{Dialect, MessageParts};
use super::ending::Ending;
use super::introduction::Introduction;
use super::run::{Lifeline, LoadRun, room_name};
use super::socket::{Socket, frame_of, say_goodbye};
use super::text::TextKind;
use ledger::{Answer, Event};

/// The most messages that are handed over before they are flushed. One write then carries many, and when a connection
/// dies no more than these are in doubt.
const BATCH: usize = 64;

/// How long to wait for the end of a broken connection.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Connects, publishes what the schedule orders, and reconnects, until it is cancelled.
pub(super) async fn publish(
    run: Arc<LoadRun>,
    number: usize,
    mut orders: mpsc::Receiver<SendOrder>,
    cancel: CancellationToken,
) {
    let name = format!("pub-{number}");
    let _lifeline = Lifeline { health: &run.health, client: &name, cancel: &cancel };
    let mut route = run.dialer.route(Caller {
        name: name.clone(),
        client: number,
        home: run.plan.publisher_node(number),
        rooms: (0..run.plan.rooms).map(room_name).collect(),
        publishes: true,
        tap: None,
    });
    let introduction = Introduction { reins: None };
    let mut talk = Talk::new(&run, number, &name);
    // The socket is kept outside of the loop, so that it can be closed politely when publishing is cancelled.
    let mut socket = None;
    let publishing = async {
        loop {
            let connected = {
                let mut connecting = pin!(route.connect(&run, &introduction));
                loop {
                    // The schedule does not wait for a connection, and its queue must not overflow, so orders are
                    // taken while connecting.
                    tokio::select! {
                        connected = &mut connecting => break connected,
                        Some(order) = orders.recv() => talk.backlog.push(order),
                    }
                }
            };
            let open = socket.insert(connected);
            talk.begin(route.node());
            run.roster.publisher_online(number, route.node(), run.clock.now());
            run.storms.arrived(number, route.node());
            let ending = tokio::select! {
                biased;
                () = run.storms.struck(number) => None,
                ending = poll_fn(|cx| talk.poll(open, &mut orders, cx)) => Some(ending),
            };
            run.roster.offline(number, run.clock.now());
            run.storms.lost(number);
            match ending {
                None => {
                    talk.end(open);
                    drop(socket.take());
                    route.rush();
                }
                Some(ending) => {
                    let goodbye = talk.last_words(open).await;
                    run.disconnected(number, &goodbye.unwrap_or(ending));
                    talk.end(open);
                    say_goodbye(socket.take()).await;
                }
            }
        }
    };
    cancel.run_until_cancelled(publishing).await;
    say_goodbye(socket).await;
}

/// The conversation of one publisher over one connection after another.
struct Talk<'a> {
    run: &'a LoadRun,
    number: usize,
    name: &'a str,
    node: usize,
    backlog: Backlog,
    /// The messages that were sent again, each with whether one of its attempts was acknowledged.
    repeated: HashMap<usize, bool>,
    /// Messages that were handed over for writing, and are not known yet to have left this process.
    batch: Vec<Turn>,
    /// Number of bytes that the kernel had taken when the batch began. If it is still the same when the connection
    /// fails, nothing of the batch was sent.
    written_before_batch: u64,
    /// Since when a message could have been handed over: since the welcome, or since the end of the latest time in
    /// which the node's side took no bytes.
    usable_since: Duration,
    blocked: bool,
    /// Wakes the task when unanswered messages are to be sent again.
    alarm: Pin<Box<Sleep>>,
}

impl<'a> Talk<'a> {
    fn new(run: &'a LoadRun, number: usize, name: &'a str) -> Self {
        Self {
            run,
            number,
            name,
            node: 0,
            backlog: Backlog::new(run.resend),
            repeated: HashMap::new(),
            batch: Vec::with_capacity(BATCH),
            written_before_batch: 0,
            usable_since: Duration::ZERO,
            blocked: false,
            alarm: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }

    /// Records that a connection is usable.
    fn begin(&mut self, node: usize) {
        self.node = node;
        self.usable_since = self.run.clock.now();
        self.blocked = false;
    }

    /// Reads the last answers of a broken connection: one that takes no more may still hold answers that came before
    /// it broke. Gives the goodbye, if the server said one.
    async fn last_words(&mut self, socket: &mut Socket) -> Option<Ending> {
        let mut goodbye = None;
        let hear = async {
            while let Some(Ok(message)) = socket.next().await {
                self.read_frame(&message);
                if let Message::Close(why) = message {
                    goodbye = Some(Ending::Closed(why));
                }
            }
        };
        // If the end of the stream has not come within this time, it is not coming.
        let _ = timeout(LAST_WORDS, hear).await;
        goodbye
    }

    /// Records that the connection is lost.
    fn end(&mut self, socket: &Socket) {
        if socket.get_ref().written() == self.written_before_batch {
            self.backlog.put_back(&self.batch);
            let load = |turn: &&Turn| turn.order.kind == TextKind::Load && !turn.again;
            let back = self.batch.iter().filter(load).count();
            self.run.waiting.send_modify(|waiting| *waiting += back);
        }
        self.batch.clear();
        self.backlog.disconnected();
    }

    /// Resolves when the connection is lost, and gives how it ended.
    fn poll(
        &mut self,
        socket: &mut Socket,
        orders: &mut mpsc::Receiver<SendOrder>,
        cx: &mut Context<'_>,
    ) -> Poll<Ending> {
        // Reading comes first, so that a connection that is known to be closed takes no message.
        while let Poll::Ready(message) = Pin::new(&mut *socket).poll_next(cx) {
            match message {
                Some(Ok(Message::Close(why))) => return Poll::Ready(Ending::Closed(why)),
                Some(Ok(message)) => self.read_frame(&message),
                Some(Err(error)) => return Poll::Ready(Ending::of(&error)),
                None => return Poll::Ready(Ending::Cut),
            }
        }
        while let Poll::Ready(Some(order)) = orders.poll_recv(cx) {
            self.backlog.push(order);
        }
        self.poll_alarm(cx);
        loop {
            if let Poll::Ready(Err(ending)) = self.poll_hand_over(socket, cx) {
                return Poll::Ready(ending);
            }
            // The messages that were just handed over have an instant for their next turn as well.
            self.poll_alarm(cx);
            // Every message has left, or waits for the node's side to take bytes.
            if self.backlog.is_empty() || !self.batch.is_empty() {
                return Poll::Pending;
            }
        }
    }

    /// Gives turns to messages that have been unanswered for too long, and sleeps until the next such instant.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) {
        while let Some(at) = self.backlog.next_turn() {
            let now = self.run.clock.now();
            if at > now {
                self.alarm.as_mut().reset(Instant::now() + (at - now));
                if self.alarm.as_mut().poll(cx).is_pending() {
                    return;
                }
            }
            self.backlog.wake(at.max(now));
        }
    }

    /// Hands the backlog over, batch by batch. A batch must have left before the next one begins.
    fn poll_hand_over(&mut self, socket: &mut Socket, cx: &mut Context<'_>) -> Poll<Result<(), Ending>> {
        loop {
            if !self.batch.is_empty() {
                let flushed = Pin::new(&mut *socket).poll_flush(cx);
                // If the runtime only wants other tasks to have a turn, the lateness is our own and the node's side
                // is not blocked.
                self.blocked |= flushed.is_pending() && has_budget_remaining();
                ready!(flushed).map_err(|error| Ending::of(&error))?;
                self.batch.clear();
                if std::mem::take(&mut self.blocked) {
                    self.usable_since = self.run.clock.now();
                }
            }
            if self.backlog.is_empty() {
                return Poll::Ready(Ok(()));
            }
            // A connection that is known to be dead gets no message: a write that fails at once has sent nothing.
            if socket.get_ref().has_failed() {
                return Poll::Ready(Err(Ending::reset()));
            }
            self.written_before_batch = socket.get_ref().written();
            while self.batch.len() < BATCH {
                match Pin::new(&mut *socket).poll_ready(cx) {
                    Poll::Ready(ready) => ready.map_err(|error| Ending::of(&error))?,
                    Poll::Pending => break,
                }
                let Some(turn) = self.backlog.next(self.run.clock.now()) else { break };
                self.batch.push(turn);
                let frame = self.frame(turn.order);
                self.sent(turn);
                Pin::new(&mut *socket).start_send(frame).map_err(|error| Ending::of(&error))?;
            }
        }
    }

    /// The frame that publishes a message.
    fn frame(&self, order: SendOrder) -> Message {
        let run = self.run;
        let text = run.texts.write(order.kind, self.number, order.seq);
        let id = match (order.kind, &run.dialect) {
            (TextKind::Load, _) => order.number.to_string(),
            (kind, Dialect::V1) => format!("{kind}-{}", order.seq),
            // Other servers may want numbers as ids, and no number twice from any client.
            (TextKind::Probe, _) => (run.plan.messages + 2 * order.number).to_string(),
            (TextKind::Warm, _) => (run.plan.messages + 2 * order.number + 1).to_string(),
        };
        let room = room_name(order.room);
        Message::text(run.dialect.publish(&MessageParts {
            text: &text,
            room: &room,
            id: &id,
            name: self.name,
        }))
    }

    /// Records a message as sent. This happens before the hand-over, because a receipt may come faster than the
    /// hand-over returns.
    fn sent(&mut self, Turn { order, again }: Turn) {
        let run = self.run;
        if order.kind != TextKind::Load {
            let reached = |s| run.reaches(self.number, s);
            run.rehearsal.sent(order.kind, self.number, order.seq, order.room, reached);
        } else if again {
            self.repeated.entry(order.number).or_insert(false);
        } else {
            let now = run.clock.now();
            run.tell(&Event::Sent { n: order.number, node: self.node }, now);
            run.waiting.send_modify(|waiting| *waiting -= 1);
            run.health.publish_delay(now.saturating_sub(order.due.max(self.usable_since)));
        }
    }

    /// Reads a frame. Only answers matter to a publisher.
    fn read_frame(&mut self, message: &Message) {
        match (&self.run.dialect, message) {
            (Dialect::V1, message) => {
                if let Some(frame) = frame_of(message) {
                    self.read_v1_answer(&frame);
                }
            }
            (Dialect::Template(template), message) if self.run.dialect.has_answers() => {
                let number = frame_of(message).and_then(|frame| template.acked(&template.read(&frame)));
                // The frame may be the answer to another client: some servers send answers to everybody.
                if let Some(number) = number.filter(|number| self.is_mine(*number)) {
                    self.record_answer(number, Answer::Handed);
                }
            }
            _ => {}
        }
    }

    /// Whether a message of the measured load is from this client.
    fn is_mine(&self, number: usize) -> bool {
        number < self.run.plan.messages && self.run.plan.publisher(number) == self.number
    }

    /// Reads an answer of `pubsub-lab.v1`, if the frame is one.
    fn read_v1_answer(&mut self, frame: &str) {
        let health = &self.run.health;
        let Some(frame) = Inbound::decode(frame) else {
            return health.remark("a node sent a publisher a frame that is not of the dialect", 1);
        };
        // The ids of probes and warm-up messages are not numbers.
        let number = frame.id.parse::<usize>();
        let cause = |what: &str| match &number {
            Ok(_) => health.cause(what),
            Err(_) => health.early_cause(what),
        };
        let answer = match (&*frame.kind, &*frame.level) {
            ("ack", "confirmed") => Answer::Confirmed,
            ("ack", "handed") => Answer::Handed,
            ("refused", _) => {
                cause(&with_reason("a node refused a message", &frame.code, &frame.reason));
                Answer::Refused
            }
            ("unknown", _) => {
                let what = "a node could not tell whether a message went out";
                cause(&with_reason(what, "", &frame.reason));
                Answer::Unknown
            }
            ("error", _) => {
                return health.cause(&format!("a node answered a publisher with an error: {}", frame.reason));
            }
            ("ack", level) => {
                return health.remark(&format!("a node acknowledged a message with level {level:?}"), 1);
            }
            _ => return,
        };
        let Ok(number) = number else { return };
        if !self.is_mine(number) {
            return health.remark("a node answered a message that this client did not send", 1);
        }
        self.record_answer(number, answer);
    }

    /// Records the answer to a message.
    fn record_answer(&mut self, number: usize, answer: Answer) {
        if !matches!(answer, Answer::Unknown) {
            self.backlog.settled(number);
        }
        let answer = match (self.repeated.get_mut(&number), answer) {
            (None, answer) => answer,
            (Some(taken), Answer::Confirmed | Answer::Handed) => {
                *taken = true;
                answer
            }
            // Each attempt has its own answer, so that of another one contradicts nothing.
            (Some(true), _) => return,
            // The first attempt had no certain answer, and no later attempt can take that back.
            (Some(false), _) => Answer::Unknown,
        };
        let at = self.run.clock.now();
        self.run.tell(&Event::Answered { n: number, answer }, at);
    }
}

/// A clause with the code and the reason that a node gave, as far as it gave them.
fn with_reason(what: &str, code: &str, reason: &str) -> String {
    let words = [what, code, reason];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(": ")
}
