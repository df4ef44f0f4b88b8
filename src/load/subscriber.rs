//! A client that listens: it tells the ledger when it was online and what it received.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::dial::{Caller, Route};
use super::dialect::Dialect;
use super::ending::Ending;
use super::line::{Line, Subscription};
use super::observer::{NAME, Observer};
use super::refusal::Refusal;
use super::run::{Lifeline, LoadRun, room_name};
use super::socket::GOODBYE;
use ledger::Event;

/// Connects, subscribes, listens, reconnects, and is away when it is told to be, until it is cancelled.
pub(super) async fn listen(run: Arc<LoadRun>, number: usize, cancel: CancellationToken) {
    let name = format!("{NAME}{number}");
    let _lifeline = Lifeline { health: &run.health, client: &name, cancel: &cancel };
    let client = run.plan.publishers + number;
    let mut route = run.dialer.route(Caller {
        name: name.clone(),
        client,
        home: run.plan.subscriber_node(number),
        rooms: vec![room_name(run.plan.subscriber_room(number))],
        publishes: false,
        tap: run.slowness.tap(number),
    });
    let mut ear = Ear::new(&run, number);
    // The line is kept outside of the loop, so that it can be closed politely when listening is cancelled.
    let mut line = None;
    let listening = async {
        loop {
            run.attendance.wanted(number).await;
            run.roster.wanted(client, run.clock.now());
            let staying = async {
                loop {
                    let open = line.insert(route.connect(&run, &ear.subscription()).await);
                    tokio::select! {
                        biased;
                        () = run.storms.struck(client) => {
                            ear.closed(run.clock.now());
                            drop(line.take());
                            route.rush();
                        }
                        () = ear.listen(open, &route) => say_goodbye(line.take()).await,
                    }
                }
            };
            tokio::select! {
                biased;
                () = run.attendance.unwanted(number) => {}
                () = staying => {}
            }
            run.storms.left(client);
            ear.leave(line.take()).await;
            route.leave(&run.dialer);
            run.attendance.left(number);
        }
    };
    cancel.run_until_cancelled(listening).await;
    say_goodbye(line).await;
}

async fn say_goodbye(line: Option<Line>) {
    if let Some(line) = line {
        line.say_goodbye().await;
    }
}

/// The listening side of one subscriber over one connection after another.
pub(super) struct Ear<'a> {
    pub(super) run: &'a LoadRun,
    pub(super) number: usize,
    /// The number of the subscriber among all clients.
    pub(super) client: usize,
    pub(super) room: usize,
    pub(super) room_name: String,
    pub(super) node: usize,
    /// Whether the present connection's subscription is confirmed.
    pub(super) subscribed: bool,
    /// Number of subscriptions so far. Each of them may bring a replay of its own.
    pub(super) round: u32,
    /// The id of the last message received, or the place that the server gave, after which a replay is to go on.
    pub(super) after: String,
    /// Whether the present subscription asked for a replay.
    pub(super) asked: bool,
    /// What this subscriber asks as an observer of its room; `None` if it observes nothing.
    pub(super) observer: Option<Observer>,
}

/// Why a client stopped reading from a connection.
enum End {
    /// What was waited for has come.
    Enough,
    /// The connection was ended, and not by the load.
    Ended(Ending),
    /// This connection will never be subscribed.
    Refused(Refusal),
}

impl<'a> Ear<'a> {
    fn new(run: &'a LoadRun, number: usize) -> Self {
        let room = run.plan.subscriber_room(number);
        Self {
            run,
            number,
            client: run.plan.publishers + number,
            room,
            room_name: room_name(room),
            node: 0,
            subscribed: false,
            round: 0,
            after: String::new(),
            asked: false,
            observer: Observer::of(run, number),
        }
    }

    /// How the next line is opened.
    fn subscription(&self) -> Subscription<'_> {
        Subscription { number: self.number, room: &self.room_name, after: self.last_place() }
    }

    /// The place after which a replay is to go on; `None` before anything was received.
    fn last_place(&self) -> Option<&str> {
        (!self.after.is_empty()).then_some(&*self.after)
    }

    /// Subscribes, and listens until the connection is lost.
    async fn listen(&mut self, line: &mut Line, route: &Route) {
        self.node = route.node();
        self.round += 1;
        let run = self.run;
        run.tell(&Event::Connected { s: self.number }, run.clock.now());
        self.observer.iter_mut().for_each(Observer::begin);
        let end = match &run.dialect {
            Dialect::V1 => {
                let after = self.last_place();
                let asked = after.is_some() && route.keeps_history();
                let unanswered = format!("node {} has not answered its `subscribe` yet", self.node);
                run.roster.waiting(self.client, Refusal::of_server(unanswered));
                let subscribed = line.subscribe(&self.room_name, after).await;
                self.asked = asked;
                match subscribed {
                    Ok(()) => self.hear(line, |_| false).await,
                    Err(ending) => End::Ended(ending),
                }
            }
            Dialect::Template(template) if template.waits() => {
                let limit = run.dialer.patience();
                let ready = timeout(limit, self.hear(line, |subscriber| subscriber.subscribed)).await;
                match ready {
                    Ok(_) if self.subscribed => self.hear(line, |_| false).await,
                    Ok(end) => end,
                    Err(_) => {
                        let late = format!("no frame that matches `ready` within {limit:?}");
                        End::Refused(Refusal::of_server(late))
                    }
                }
            }
            // In these dialects everybody who is connected is in the room.
            Dialect::Plain | Dialect::Template(_) => {
                self.subscribe(false, run.clock.now());
                self.hear(line, |_| false).await
            }
        };
        self.ended(end);
    }

    /// Records how a connection ended over which this subscriber listened, or wanted to.
    fn ended(&mut self, end: End) {
        let run = self.run;
        let place = format!("node {}", self.node);
        let was_subscribed = self.subscribed;
        self.closed(run.clock.now());
        match end {
            End::Ended(ending) if was_subscribed => run.disconnected(self.client, &ending),
            End::Ended(ending) => {
                run.roster.refused(self.client, &place, &ending.refusal("confirmed the subscription"));
            }
            End::Refused(refusal) => run.roster.refused(self.client, &place, &refusal),
            End::Enough => {}
        }
    }

    /// Hears what comes until `enough` says so, or the connection is lost.
    async fn hear(&mut self, line: &mut Line, enough: impl Fn(&Self) -> bool) -> End {
        while !enough(self) {
            let heard = match line.next().await {
                Ok(heard) => heard,
                Err(ending) => return End::Ended(ending),
            };
            if let ControlFlow::Break(refusal) = self.received(&heard, self.run.clock.now()) {
                return End::Refused(refusal);
            }
            if let Some(question) = self.observer.as_mut().and_then(Observer::question)
                && let Err(ending) = line.send(question).await
            {
                return End::Ended(ending);
            }
        }
        End::Enough
    }

    /// Records that the subscription holds from this instant, and whether the server said that with it this subscriber has
    /// everything that it missed.
    pub(super) fn subscribe(&mut self, with_all: bool, at: Duration) {
        let run = self.run;
        self.subscribed = true;
        run.tell(&Event::Subscribed { s: self.number, node: self.node, all: with_all }, at);
        run.roster.subscriber_online(self.number, self.node, at);
        run.attendance.subscribed(self.number);
        run.storms.arrived(self.client, self.node);
    }

    /// Goes offline on purpose. The node is told at once; the frames that it had sent before are still read.
    async fn leave(&mut self, line: Option<Line>) {
        let run = self.run;
        run.tell(&Event::Left { s: self.number }, run.clock.now());
        run.roster.away(self.number, std::mem::take(&mut self.subscribed));
        let Some(mut line) = line else { return };
        let goodbye = async {
            line.hang_up().await;
            while let Ok(heard) = line.next().await {
                self.overheard(&heard, run.clock.now());
            }
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }

    /// Records that the connection was lost at this instant.
    fn closed(&mut self, at: Duration) {
        if std::mem::take(&mut self.subscribed) {
            self.run.tell(&Event::Closed { s: self.number }, at);
            self.run.roster.offline(self.client, at);
            self.run.attendance.lost(self.number);
        }
        self.run.storms.lost(self.client);
    }
}
