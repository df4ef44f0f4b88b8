//! What every bus promises, as one suite: a function a promise (`promises.rs`), called for each bus.
//!
//! To add a bus, implement [`Cluster`] for it and add a line to the end of this file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod promises;
use std::sync::atomic::{AtomicUsize, Ordering};

use pubsub_lab::bus::amqp::{AmqpBus, AmqpOptions};
use pubsub_lab::bus::local::LocalBus;
use pubsub_lab::bus::redis::{RedisBus, RedisOptions};
use pubsub_lab::bus::zeromq::{ZeromqBus, ZeromqOptions};
use pubsub_lab::bus::{Bus, Level};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::support::amqp_bus;
use crate::support::rabbitmq::RabbitMq;
use crate::support::redis::RedisServer;
use crate::support::zeromq_bus::Addresses;

/// Where the buses of one test meet.
trait Cluster {
    /// How far an `ack` of this bus goes.
    const LEVEL: Level = Level::Handed;

    /// Whether messages wait: for a broker that is away, and for a node that does not read.
    const KEEPS: bool = false;

    /// A cluster whose broker may be killed.
    fn mortal(self) -> Self
    where
        Self: Sized,
    {
        self
    }

    /// Another node's bus. It holds `queue` events that the node has not read.
    fn bus(&self, queue: usize) -> Box<dyn Bus>;

    /// Kills the broker. False if there is none.
    fn kill_broker(&mut self) -> bool {
        false
    }

    /// Starts it again.
    fn restart_broker(&mut self) {}
}

struct Local;

impl Cluster for Local {
    fn bus(&self, queue: usize) -> Box<dyn Bus> {
        Box::new(LocalBus::new(queue))
    }
}

struct Redis(RedisServer);

impl Cluster for Redis {
    fn bus(&self, queue: usize) -> Box<dyn Bus> {
        let options = RedisOptions { url: self.0.url(), queue, ..RedisOptions::default() };
        Box::new(RedisBus::start(options).unwrap())
    }

    fn kill_broker(&mut self) -> bool {
        self.0.kill();
        true
    }

    fn restart_broker(&mut self) {
        self.0.restart();
    }
}

/// The addresses of a mesh, and how many of its nodes are there.
struct Zeromq(Addresses, AtomicUsize);

impl Cluster for Zeromq {
    fn bus(&self, queue: usize) -> Box<dyn Bus> {
        let options = self.0.options(self.1.fetch_add(1, Ordering::Relaxed));
        let starting = ZeromqBus::start(ZeromqOptions { queue, ..options });
        Box::new(block_in_place(|| Handle::current().block_on(starting)).unwrap())
    }
}

/// RabbitMQ takes long to start: all but one of the promises share one.
struct Amqp {
    own: Option<RabbitMq>,
    namespace: String,
}

impl Amqp {
    fn shared() -> Self {
        Self { own: None, namespace: amqp_bus::namespace() }
    }
}

impl Cluster for Amqp {
    const LEVEL: Level = Level::Confirmed;
    const KEEPS: bool = true;

    fn mortal(self) -> Self {
        Self { own: Some(RabbitMq::start()), ..self }
    }

    fn bus(&self, queue: usize) -> Box<dyn Bus> {
        let url = self.own.as_ref().map_or_else(|| RabbitMq::shared().url(), RabbitMq::url);
        let options = AmqpOptions { url, namespace: self.namespace.clone(), queue, ..AmqpOptions::default() };
        Box::new(AmqpBus::start(options).unwrap())
    }

    fn kill_broker(&mut self) -> bool {
        self.own.as_mut().map(RabbitMq::kill).is_some()
    }

    fn restart_broker(&mut self) {
        self.own.as_mut().map(RabbitMq::restart).unwrap();
    }
}

macro_rules! keeps_the_contract {
    ($bus:ident, $cluster:expr, $($promise:ident),+ $(,)?) => {
        mod $bus {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                promises::$promise($cluster).await;
            })+
        }
    };
    ($($bus:ident: $cluster:expr;)+) => {
        $(keeps_the_contract!(
            $bus,
            $cluster,
            a_node_gets_its_own_messages,
            where_messages_are_counted_their_numbers_have_no_hole,
            one_publishers_messages_keep_their_order,
            only_rooms_that_the_node_wants_arrive,
            the_last_word_on_a_room_counts,
            nodes_hear_each_other_if_the_bus_crosses_them,
            a_resolved_subscribe_is_effective,
            the_events_have_one_receiver,
            a_reader_that_does_not_read_loses_named_messages,
            nothing_goes_through_a_closed_bus,
        );)+
    };
}

keeps_the_contract! {
    local: Local;
    redis: Redis(RedisServer::start());
    zeromq: Zeromq(Addresses::new(4), AtomicUsize::new(0));
    amqp: Amqp::shared();
}

/// What only patterns with a broker promise.
mod broker {
    use super::*;

    keeps_the_contract!(redis, Redis(RedisServer::start()), a_dead_broker_refuses_at_once_and_comes_back);
    keeps_the_contract!(amqp, Amqp::shared(), a_dead_broker_refuses_at_once_and_comes_back);
}
