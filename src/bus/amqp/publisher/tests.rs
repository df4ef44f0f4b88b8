//! What RabbitMQ's answers mean for the messages, and how each kind of message is published.

use lapin::message::{BasicReturnMessage, Delivery};
use lapin::protocol::{AMQPError, AMQPErrorKind, AMQPSoftError};
use lapin::{ChannelState, ErrorKind};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::amqp::server::AmqpServer;
use crate::meter::Meter;
use crate::samples::{any_moment, chat, presence, room};
use crate::{Counters, Health, Receipt};
use wire::Envelope;

struct Stage {
    publisher: Publisher,
    meter: Meter,
    now: Instant,
}

impl Stage {
    fn new() -> Self {
        let (meter, now) = (Meter::default(), any_moment());
        let counters = Arc::new(meter.around(Counters::register));
        let outbox = Arc::new(Outbox::new(10, Duration::from_secs(60), counters));
        outbox.open(now);
        let status = Arc::new(Status::new("AMQP", "connecting".into()));
        let server = Arc::new(AmqpServer::parse("amqp://127.0.0.1", Names::new("ns"), "p").unwrap());
        let stop = CancellationToken::new();
        let dialer = Dialer::new("publisher", &server, &Arc::default(), &outbox.recent, &stop);
        let publisher = Publisher { dialer, outbox, status, history_refused: AtomicBool::new(false) };
        Self { publisher, meter, now }
    }

    /// A message that was given to the connection, and the receipt that its sender holds.
    fn sent(&self, envelope: &Envelope) -> (Job, Receipt) {
        let receipt = self.publisher.outbox.publish(envelope, self.now);
        let mut job = self.publisher.outbox.take(1).remove(0);
        job.written = true;
        (job, receipt)
    }

    /// The consequences of one confirm: the outcome that the sender gets, whether the message is to be published
    /// again, and why the connection is of no more use.
    fn settle(
        &self,
        envelope: &Envelope,
        confirm: Confirm,
    ) -> (Option<PublishOutcome>, bool, Option<String>) {
        self.settle_copies(envelope, ack(), confirm)
    }

    /// The same for a message whose copy for the history has a confirm of its own.
    fn settle_copies(
        &self,
        envelope: &Envelope,
        history: Confirm,
        confirm: Confirm,
    ) -> (Option<PublishOutcome>, bool, Option<String>) {
        let (job, receipt) = self.sent(envelope);
        let landed = vec![(Cargo::HistoryCopy, history), (Cargo::Message(Some(job)), confirm)];
        let (again, failed) = self.publisher.settle(landed);
        (receipt.now_or_never(), !again.is_empty(), failed)
    }
}

fn ack() -> Confirm {
    Ok(Confirmation::Ack(None))
}

fn nack() -> Confirm {
    Ok(Confirmation::Nack(None))
}

/// A confirm that brings back a message which led nowhere.
fn returned(id: Option<&str>) -> Confirm {
    let mut delivery = Delivery::mock(0, "ns".into(), "r".into(), false, Vec::new());
    if let Some(id) = id {
        delivery.properties = BasicProperties::default().with_message_id(id.into());
    }
    Ok(Confirmation::Ack(Some(BasicReturnMessage {
        delivery,
        reply_code: 312,
        reply_text: "NO_ROUTE".into(),
    })))
}

fn missing() -> Confirm {
    let error =
        AMQPError::new(AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND), "NOT_FOUND - no exchange".into());
    Err(ErrorKind::ProtocolError(error).into())
}

fn dead() -> Confirm {
    Err(ErrorKind::InvalidChannelState(ChannelState::Closed, "publish").into())
}

#[test]
fn a_confirmed_chat_message_is_written_down_and_a_signal_only_handed_over() {
    let stage = Stage::new();
    let confirmed = (Some(PublishOutcome::Ack(Level::Confirmed)), false, None);
    assert_eq!(stage.settle(&chat("r", "1"), ack()), confirmed);
    assert_eq!(
        stage.settle(&presence("r", "2"), ack()),
        (Some(PublishOutcome::Ack(Level::Handed)), false, None)
    );
    assert_eq!(stage.meter.count("published"), 2);
}

#[test]
fn a_full_history_leaves_the_message_unknown_and_refuses_what_comes_next() {
    let stage = Stage::new();
    let (outcome, again, failed) = stage.settle_copies(&chat("r", "1"), nack(), ack());
    assert!(
        matches!(&outcome, Some(PublishOutcome::Unknown { reason }) if reason.contains("history is full"))
    );
    assert!(!again && failed.is_none());
    let next = stage.publisher.outbox.publish(&chat("r", "2"), stage.now).now_or_never();
    assert!(matches!(next, Some(PublishOutcome::Refused { code: "rejected", .. })), "{next:?}");
}

#[test]
fn a_signal_that_rabbitmq_did_not_take_says_nothing_of_the_history() {
    let stage = Stage::new();
    let (outcome, again, failed) = stage.settle(&presence("r", "1"), nack());
    assert!(matches!(outcome, Some(PublishOutcome::Unknown { .. })) && !again && failed.is_none());
    assert!(stage.publisher.outbox.publish(&chat("r", "2"), stage.now).now_or_never().is_none());
}

#[test]
fn a_message_that_led_nowhere_is_published_again_over_another_connection() {
    let stage = Stage::new();
    let (outcome, again, failed) = stage.settle(&chat("r", "1"), returned(Some("1")));
    assert_eq!((outcome, again), (None, true));
    assert_eq!(failed.as_deref(), Some("the history's queue was deleted there"));
}

#[test]
fn a_returned_message_may_come_with_the_confirm_of_another() {
    let stage = Stage::new();
    let [(first, first_told), (second, second_told)] = ["1", "2"].map(|id| stage.sent(&chat("r", id)));
    let landed =
        vec![(Cargo::Message(Some(first)), ack()), (Cargo::Message(Some(second)), returned(Some("1")))];
    let (again, failed) = stage.publisher.settle(landed);
    assert_eq!(again.iter().map(|job| &*job.id).collect::<Vec<_>>(), ["1"]);
    assert!(failed.is_some());
    assert_eq!(first_told.now_or_never(), None);
    assert_eq!(second_told.now_or_never(), Some(PublishOutcome::Ack(Level::Confirmed)));
}

#[test]
fn what_the_history_refused_is_known_though_the_other_copy_lands_later() {
    let stage = Stage::new();
    let (job, receipt) = stage.sent(&chat("r", "1"));
    stage.publisher.settle(vec![(Cargo::HistoryCopy, nack())]);
    stage.publisher.settle(vec![(Cargo::Message(Some(job)), ack())]);
    assert!(matches!(receipt.now_or_never(), Some(PublishOutcome::Unknown { .. })));
    assert_eq!(stage.settle(&presence("r", "2"), ack()).0, Some(PublishOutcome::Ack(Level::Handed)));
}

#[test]
fn a_returned_copy_without_an_id_may_be_anybodys() {
    let stage = Stage::new();
    let [(first, first_told), (second, _)] = ["1", "2"].map(|id| stage.sent(&chat("r", id)));
    let landed = vec![(Cargo::Message(Some(first)), ack()), (Cargo::Message(Some(second)), returned(None))];
    let (again, failed) = stage.publisher.settle(landed);
    assert_eq!((again.len(), failed.is_some(), first_told.now_or_never()), (2, true, None));
}

#[test]
fn after_a_loss_what_was_confirmed_goes_to_the_history_again_before_all_others() {
    let stage = Stage::new();
    for id in ["1", "2"] {
        stage.settle(&chat("r", id), ack());
    }
    stage.publisher.outbox.publish_again(stage.now);
    assert!(stage.publisher.outbox.take(9).is_empty(), "nothing was lost");
    drop(stage.publisher.outbox.publish(&chat("r", "3"), stage.now));
    stage.publisher.outbox.recent.record_loss();
    stage.publisher.outbox.publish_again(stage.now);
    let jobs = stage.publisher.outbox.take(9);
    let ids: Vec<_> = jobs.iter().map(|job| (&*job.id, job.target == Target::Again)).collect();
    assert_eq!(ids, [("1", true), ("2", true), ("3", false)]);
    // One that does not get there is no reason to forget the others.
    stage.publisher.outbox.put_back(jobs, "lost");
    assert_eq!(stage.publisher.outbox.recent.take_due(stage.now).map_or(0, |again| again.messages.len()), 2);
    assert_eq!(stage.meter.count("unknown") + stage.meter.count("refused"), 0);
}

#[test]
fn a_failed_confirm_keeps_the_message_and_the_first_reason_is_told() {
    let stage = Stage::new();
    let [(first, first_told), (second, second_told), (third, third_told)] =
        ["1", "2", "3"].map(|id| stage.sent(&chat("r", id)));
    let landed = vec![
        (Cargo::Message(Some(first)), ack()),
        (Cargo::Message(Some(second)), missing()),
        (Cargo::Message(Some(third)), dead()),
    ];
    let (again, failed) = stage.publisher.settle(landed);
    assert_eq!(again.iter().map(|job| &*job.id).collect::<Vec<_>>(), ["2", "3"]);
    assert_eq!(failed.as_deref(), Some("NOT_FOUND - no exchange"));
    assert_eq!(first_told.now_or_never(), Some(PublishOutcome::Ack(Level::Confirmed)));
    assert_eq!((second_told.now_or_never(), third_told.now_or_never()), (None, None));
}

#[test]
fn an_exchange_that_is_gone_is_noted_and_a_dead_channel_is_not() {
    let stage = Stage::new();
    stage.settle(&chat("r", "1"), dead());
    assert_eq!(stage.publisher.dialer.losses.count(), 0);
    stage.settle(&chat("r", "2"), missing());
    assert_eq!(stage.publisher.dialer.losses.count(), 1);
}

#[test]
fn a_confirm_of_what_was_answered_meanwhile_tells_nobody() {
    let stage = Stage::new();
    let (again, failed) = stage.publisher.settle(vec![
        (Cargo::Message(None), ack()),
        (Cargo::Message(None), nack()),
        (Cargo::Message(None), returned(None)),
    ]);
    assert!(again.is_empty() && failed.is_some());
    assert_eq!(stage.meter.count("published") + stage.meter.count("unknown"), 0);
}

#[test]
fn a_lost_connection_keeps_chat_and_a_closed_bus_answers_it() {
    let mut stage = Stage::new();
    let receipt = stage.publisher.outbox.publish(&chat("r", "1"), stage.now);
    stage.publisher.report_down("lost");
    assert_eq!(*stage.publisher.status.watch().borrow(), Health::Down("lost".into()));
    let mut receipt = std::pin::pin!(receipt);
    assert_eq!(receipt.as_mut().now_or_never(), None);
    stage.publisher.dialer.stop.cancel();
    stage.publisher.report_down(CLOSED);
    assert_eq!(receipt.now_or_never(), Some(PublishOutcome::bus_down(CLOSED)));
}

/// How the one message that waits is published.
fn way_of(publish: impl FnOnce(&Outbox, Instant) -> Receipt) -> Way {
    let stage = Stage::new();
    drop(publish(&stage.publisher.outbox, stage.now));
    way(&stage.publisher.outbox.take(1)[0], &Names::new("ns"))
}

/// The exchange, routing key, type and delivery mode of a message, and whether it is mandatory.
fn shown(way: &Way) -> (&str, &str, &str, u8, bool) {
    let kind = way.properties.kind().as_ref().unwrap().as_str();
    let mode = way.properties.delivery_mode().unwrap();
    (way.exchange.as_str(), way.key.as_str(), kind, mode, way.options.mandatory)
}

#[test]
fn each_kind_of_message_has_its_way() {
    let said = way_of(|outbox, now| outbox.publish(&chat("math.*", "1"), now));
    assert_eq!(shown(&said), ("ns", "math.%2A", "chat", PERSISTENT, false));
    let kept = to_history("1", "chat", &Names::new("ns"));
    assert_eq!(shown(&kept), ("", "ns.history", "chat", PERSISTENT, true));
    assert_eq!(kept.properties.message_id().as_ref().unwrap().as_str(), "1");
    let again = way_of(|outbox, now| outbox.add(Target::Again, &chat("r", "1"), now));
    assert_eq!(shown(&again), ("", "ns.history", "chat", PERSISTENT, true));
    assert_eq!(said.properties.message_id().as_ref().unwrap().as_str(), "1");
    assert!(said.properties.expiration().is_none());
    let came = way_of(|outbox, now| outbox.publish(&presence("r", "1"), now));
    assert_eq!(shown(&came), ("ns.signals", "r", "signal", TRANSIENT, false));
    let fence = way_of(|outbox, now| outbox.fence(&chat("$fence", "1"), now));
    assert_eq!(shown(&fence), ("", "ns.history", "fence", PERSISTENT, true));
    for (through_chat, exchange) in [(true, "ns"), (false, "ns.signals")] {
        let target = Target::Canary { room: room("$canary.p"), chat: through_chat };
        let canary = way_of(|outbox, now| outbox.add(target, &chat("$canary.p", "1"), now));
        assert_eq!(shown(&canary), (exchange, "$canary.p", "canary", TRANSIENT, false));
        assert_eq!(canary.properties.expiration().as_ref().unwrap().as_str(), "10000");
    }
}

#[test]
fn an_id_that_amqp_cannot_carry_stands_in_the_envelope_alone() {
    let long = "i".repeat(300);
    let way = way_of(|outbox, now| outbox.publish(&chat("r", &long), now));
    assert!(way.properties.message_id().is_none());
}
