//! The way of a message from the publisher to the nodes, and the answer back, as the processes traced them. What passes
//! a broker is seen at both sides of it, and put between them.

use super::canvas::{Canvas, Key, Stroke};
use super::diagram::Carries;
use super::scene::Scene;
use super::seen::{self, middle};
use super::traces::{Event, Step, Traced};
use ledger::Testimony;
use scenario::End;

/// The facts with which the way begins.
pub(super) struct Start<'a> {
    pub(super) testimony: &'a Testimony,
    pub(super) traced: &'a Traced,
    pub(super) scene: &'a Scene<'a>,
    /// The number of the publisher's node.
    pub(super) node: usize,
    pub(super) sent: i64,
}

/// Draws the way. Gives the nodes that had the message, each with the moment from which it had it, and whether that was
/// seen.
pub(super) fn draw(canvas: &mut Canvas, start: &Start<'_>) -> Vec<(usize, i64, bool)> {
    let Start { testimony, traced, scene, node, sent } = start;
    start.came_in(canvas);
    start.answered(canvas);
    let handed = traced.first(*node, Step::BusOut).map(|event| event.at);
    match handed {
        Some(handed) if scene.has_broker() => start.over_the_broker(canvas, handed),
        Some(handed) => start.straight(canvas, handed),
        None => {}
    }
    let known = |node: &usize| Some((*node, traced.brought(*node)?, true));
    let mut had: Vec<_> = canvas.nodes().iter().filter_map(known).collect();
    // A client may have the message from a node that did not trace it: the file lacks what was noted in the last
    // moments.
    let has = |node: usize| testimony.fates.iter().any(|fate| fate.receipts.iter().any(|it| it.node == node));
    for (node, at, seen) in seen::nodes(testimony, *node, *sent) {
        if has(node) && had.iter().all(|(known, ..)| *known != node) {
            had.push((node, at, seen));
        }
    }
    had
}

impl Start<'_> {
    fn reply(&self) -> Option<&Event> {
        let reply = |event: &&Event| matches!(event.step, Step::BusAck | Step::BusRefused | Step::BusUnknown);
        // The answer that holds may not be the first.
        self.traced.node(self.node).iter().rev().find(reply)
    }

    /// Draws the way from the publisher to its node, and to others if the message was sent again there.
    fn came_in(&self, canvas: &mut Canvas) {
        let (publisher, home) = (canvas.publisher(), Key::Node(self.node));
        let stroke = |leaves, arrives, traced, note| {
            let carries = Carries::Message;
            Stroke { leaves, arrives, carries, traced, note }
        };
        let came = self.traced.first(self.node, Step::In).map(|event| event.at);
        let arrives =
            came.or_else(|| seen::earliest_sign(self.testimony).map(|sign| middle(self.sent, sign)));
        let why = || self.scene.outages.between(End::Clients, End::Node(self.node), self.sent);
        let note = if arrives.is_none() { why() } else { None };
        canvas.arrow(publisher, home, stroke(self.sent, arrives, came.is_some(), note));
        for node in canvas.nodes() {
            let again = self.traced.node(node).iter().filter(|event| event.step == Step::In);
            for event in again.skip(usize::from(node == self.node)) {
                let note = Some("sent again".to_owned());
                canvas.arrow(publisher, Key::Node(node), stroke(event.at, Some(event.at), false, note));
            }
        }
    }

    fn answered(&self, canvas: &mut Canvas) {
        let came = self.testimony.answered_us;
        let (leaves, carries, note) = match self.reply() {
            Some(Event { at, step: Step::BusRefused, why }) => {
                let note = why.as_ref().map_or("refused".to_owned(), |why| format!("refused {why}"));
                (*at, Carries::Refusal, Some(note))
            }
            Some(Event { at, step: Step::BusUnknown, .. }) => (*at, Carries::Unknown, Some("unknown".into())),
            Some(Event { at, .. }) => (*at, Carries::Ack, None),
            None => return seen::answered(canvas, self.testimony, self.node, self.sent),
        };
        let stroke = Stroke { leaves, arrives: came, carries, traced: came.is_some(), note };
        canvas.arrow(Key::Node(self.node), canvas.publisher(), stroke);
    }

    /// Draws the way from node to node.
    fn straight(&self, canvas: &mut Canvas, handed: i64) {
        for node in self.others(canvas) {
            self.bring(canvas, Key::Node(self.node), End::Node(self.node), node, handed);
        }
    }

    fn others(&self, canvas: &Canvas) -> Vec<usize> {
        canvas.nodes().into_iter().filter(|node| *node != self.node).collect()
    }

    /// Draws the way to the broker and on from it.
    fn over_the_broker(&self, canvas: &mut Canvas, handed: i64) {
        let home = Key::Node(self.node);
        let (message, traced) = (Carries::Message, false);
        let reply = self.reply();
        let taken = reply.filter(|event| event.step == Step::BusAck).map(|event| event.at);
        let stored =
            self.traced.history.iter().find(|event| event.step == Step::Stored).map(|event| event.at);
        let brought = |node| Some((End::Node(node), self.traced.brought(node)?));
        let signs: Vec<(End, i64)> = (0..self.traced.nodes.len())
            .filter_map(brought)
            .chain(stored.map(|at| (End::History, at)))
            .chain(taken.map(|at| (End::Node(self.node), at)))
            .collect();
        let outages = self.scene.outages;
        let (here, broker) = (End::Node(self.node), End::Broker);
        let Some(sign) = signs.iter().map(|(_, at)| *at).min() else {
            let note = match reply {
                Some(Event { step: Step::BusRefused, why, .. }) => why.clone(),
                _ => outages.between(here, broker, handed),
            };
            let stroke = Stroke { leaves: handed, arrives: None, carries: message, traced, note };
            return canvas.arrow(home, Key::Broker, stroke);
        };
        // A message that waited for a broker that was away, or out of reach, came to it after the wait.
        let passage = outages.passage(here, broker, handed, sign);
        // The message was at the broker before each sign of it. Where a sign waited on its way back, it was there
        // before that wait.
        let before_wait = |(place, at): &(End, i64)| {
            outages.passage(broker, *place, passage.earliest, *at).stopped.unwrap_or(*at)
        };
        let sign = signs.iter().map(before_wait).min().unwrap_or(sign).min(passage.latest);
        let there = middle(passage.earliest, sign.max(passage.earliest));
        let (arrives, note) = (Some(there), passage.waited);
        let stroke = Stroke { leaves: handed, arrives, carries: message, traced, note };
        canvas.arrow(home, Key::Broker, stroke);
        if taken.is_some() {
            let stroke = Stroke { leaves: there, arrives: taken, carries: Carries::Ack, traced, note: None };
            canvas.arrow(Key::Broker, home, stroke);
        }
        for node in canvas.nodes() {
            self.bring(canvas, Key::Broker, End::Broker, node, there);
        }
        let why = || outages.between(End::Broker, End::History, there);
        let late = || "not stored when the run ended".to_owned();
        let note = if stored.is_none() { Some(why().unwrap_or_else(late)) } else { None };
        let stroke = Stroke { leaves: there, arrives: stored, carries: message, traced, note };
        canvas.arrow(Key::Broker, Key::History, stroke);
        let replayed = |node: &usize| {
            let mut receipts = self.testimony.fates.iter().flat_map(|fate| &fate.receipts);
            receipts.any(|receipt| receipt.replay && receipt.node == *node)
        };
        // A replay begins a little before what is asked for; a replay that nobody lacked is no part of the story.
        for node in canvas.nodes().into_iter().filter(replayed) {
            self.replay(canvas, node);
        }
    }

    /// Draws the way to a node that had the message from the bus, or should have had it for somebody who lost it.
    fn bring(&self, canvas: &mut Canvas, from: Key, place: End, node: usize, leaves: i64) {
        let arrives = self.traced.brought(node);
        let lacks = |online: bool| {
            self.testimony.fates.iter().any(|fate| {
                let late = fate.receipts.first().is_some_and(|receipt| receipt.replay);
                fate.node == node && fate.online == online && fate.has_path && (!fate.received || late)
            })
        };
        let outages = self.scene.outages;
        let to = End::Node(node);
        // A node whose clients are all away has asked the bus for nothing: it lacks only what was kept from it.
        let should = lacks(true) || (lacks(false) && outages.stopped(place, to, leaves));
        if arrives.is_none() && !should {
            return;
        }
        let why = || outages.between(place, to, leaves);
        let note = arrives.map_or_else(why, |came| outages.passage(place, to, leaves, came).waited);
        let traced = arrives.is_some() && place != End::Broker;
        let stroke = Stroke { leaves, arrives, carries: Carries::Message, traced, note };
        canvas.arrow(from, Key::Node(node), stroke);
    }

    /// Draws the way from the history to a node: for one client, or for all of them.
    fn replay(&self, canvas: &mut Canvas, node: usize) {
        let filled = |event: &Event| event.step == Step::BusIn && event.why.is_some();
        let told = |event: &&Event| event.step == Step::Replay || filled(event);
        let Some(event) = self.traced.node(node).iter().find(told) else { return };
        let asked = self.traced.history.iter().rev();
        let asked = asked.filter(|event| event.step == Step::Replay).find(|asked| asked.at <= event.at);
        let stroke = Stroke {
            leaves: asked.map_or(event.at, |asked| asked.at),
            arrives: Some(event.at),
            carries: Carries::Replay,
            traced: asked.is_some(),
            note: filled(event).then(|| "fills a gap".to_owned()),
        };
        canvas.arrow(Key::History, Key::Node(node), stroke);
    }
}
