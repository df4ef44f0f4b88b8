//! What RabbitMQ's own tools show, and who hears whom.

use lapin::options::BasicGetOptions;
use pubsub_lab::bus::amqp::{AmqpBus, LiveQueue};
use pubsub_lab::bus::{Bus, BusError, Level, PublishOutcome};
use pubsub_lab::wire::{Envelope, Kind};
use tokio::time::timeout;

use super::network::{Condition, Network};
use crate::support::amqp_bus::{
    PATIENCE, client, confirmed, envelope, id, is_down, is_up, namespace, nobody_listens, options, room,
    start, subscribe,
};
use crate::support::rabbitmq::RabbitMq;

#[tokio::test]
async fn what_rabbitmq_holds_is_readable_and_durable() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let bus = start(options(&url, &ns));
    is_up(&bus).await;
    confirmed(&bus, "a room", "s.1").await;
    let channel = client(&url).await.create_channel().await.unwrap();
    let history = format!("{ns}.history");
    let message = channel
        .basic_get(history.as_str().into(), BasicGetOptions::default())
        .await
        .unwrap()
        .unwrap()
        .delivery;
    assert!(message.data.starts_with(b"1 chat s.1 s - a room\n{\"type\":\"message\""));
    // No binding can be taken away from the way through the default exchange.
    assert_eq!((message.exchange.as_str(), message.routing_key.as_str()), ("", history.as_str()));
    let properties = message.properties;
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "s.1");
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "text/plain");
    assert_eq!(properties.app_id().as_ref().unwrap().as_str(), "pubsub-lab");
}

#[tokio::test]
async fn two_namespaces_do_not_hear_each_other() {
    let url = RabbitMq::shared().url();
    let (one, two) = (start(options(&url, &namespace())), start(options(&url, &namespace())));
    let (mut heard_one, mut heard_two) = (one.events().unwrap(), two.events().unwrap());
    for bus in [&one, &two] {
        subscribe(bus, "lobby").await;
        is_up(bus).await;
    }
    confirmed(&one, "lobby", "one").await;
    confirmed(&two, "lobby", "two").await;
    assert_eq!(id(&mut heard_one).await, "one");
    assert_eq!(id(&mut heard_two).await, "two");
    for bus in [one, two] {
        bus.close().await;
    }
    assert!(heard_one.recv().await.is_none() && heard_two.recv().await.is_none());
}

#[tokio::test]
async fn a_room_hears_its_own_messages_whatever_its_name_means_to_rabbitmq() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let (speaker, listener) = (start(options(&url, &ns)), start(options(&url, &ns)));
    let mut events = listener.events().unwrap();
    let long = |first: char| format!("{first}{}", "\u{1F600}".repeat(63));
    let long_wanted = long('\u{1F601}');
    let wanted = ["*", "a.*", "#", "a.#.b", "%2A", "two words", ".", "..", &long_wanted];
    let long_other = long('\u{1F602}');
    let others = ["a", "a.b", "a.c.b", "%", "%23", "a.x", "two", "two.words", "...", &long_other];
    for name in wanted {
        subscribe(&listener, name).await;
    }
    is_up(&listener).await;
    is_up(&speaker).await;
    for name in others.iter().chain(&wanted) {
        confirmed(&speaker, name, &name.replace(' ', "_")).await;
    }
    for name in wanted {
        assert_eq!(
            id(&mut events).await,
            name.replace(' ', "_"),
            "in order, and none of the others before it"
        );
    }
    // Of two rooms that share a routing key, one goes and the other stays.
    subscribe(&listener, &long_other).await;
    listener.unsubscribe(room(&long_wanted)).await.unwrap();
    confirmed(&speaker, &long_wanted, "unheard").await;
    confirmed(&speaker, &long_other, "heard").await;
    assert_eq!(id(&mut events).await, "heard");
    for bus in [speaker, listener] {
        bus.close().await;
    }
}

#[tokio::test]
async fn signals_reach_the_others_and_are_kept_by_nobody() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let bus = start(options(&url, &ns));
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    let signal = |id: &str| Envelope { kind: Kind::Presence, ..envelope("lobby", id) };
    assert_eq!(bus.publish(signal("1")).await, PublishOutcome::Ack(Level::Handed));
    // The same id again is no second copy: nobody publishes a signal again.
    assert_eq!(bus.publish(signal("1")).await, PublishOutcome::Ack(Level::Handed));
    assert_eq!([id(&mut events).await, id(&mut events).await], ["1", "1"]);
    let channel = client(&url).await.create_channel().await.unwrap();
    let history = format!("{ns}.history");
    let kept = channel.basic_get(history.into(), BasicGetOptions::default()).await.unwrap();
    assert!(kept.is_none_or(|kept| !kept.delivery.data.starts_with(b"1 presence")));
    bus.close().await;
}

#[tokio::test]
async fn a_closed_bus_takes_its_queue_along_and_a_dropped_one_ends() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let bus = start(options(&url, &ns));
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    bus.close().await;
    nobody_listens(&client(&url).await, &ns, "lobby").await;

    let bus = start(options(&url, &ns));
    let mut events = bus.events().unwrap();
    is_up(&bus).await;
    drop(bus);
    assert!(timeout(PATIENCE, events.recv()).await.expect("the events end").is_none());
}

#[tokio::test]
async fn what_is_no_url_and_no_namespace_is_an_error_at_once() {
    for url in ["", "amqp:guest:secret@x", "http://:secret@x", "amqp://:secret@x:y", "amqps://:secret@x"] {
        let Err(BusError::Setup(error)) = AmqpBus::start(options(url, "ns")) else {
            panic!("`{url}` was taken")
        };
        assert!(!error.contains("secret"), "{error}");
    }
    for namespace in ["", "amq.x", "a\nb", &"x".repeat(201)] {
        let result = AmqpBus::start(options("amqp://127.0.0.1", namespace));
        assert!(matches!(result, Err(BusError::Setup(_))), "`{namespace}` was taken");
    }
}

#[tokio::test]
async fn a_wrong_password_is_named_and_never_shown() {
    let at = format!("127.0.0.1:{}", RabbitMq::shared().port());
    let url = format!("amqp://guest:wrongsecret@{at}");
    assert!(!format!("{:?}", options(&url, "ns")).contains("wrongsecret"));
    let bus = start(options(&url, &namespace()));
    let reason = is_down(&bus, "refuses").await;
    assert!(reason.starts_with(&format!("RabbitMQ at amqp://***@{at} refuses: ACCESS_REFUSED")), "{reason}");
    assert!(!reason.contains("wrongsecret"));
    is_down(&start(options(&format!("amqp://{at}/nowhere"), &namespace())), "nowhere").await;
}

#[tokio::test]
async fn the_textbooks_queue_is_gone_with_its_connection() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let network = Network::to(RabbitMq::shared().port()).await;
    let speaker = start(options(&url, &ns));
    let mut exclusive = options(&network.url(), &ns);
    exclusive.live_queue = LiveQueue::Exclusive;
    let bus = start(exclusive);
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    is_up(&speaker).await;
    confirmed(&speaker, "lobby", "before").await;
    assert_eq!(id(&mut events).await, "before");
    network.set(Condition::Cut);
    is_down(&bus, "").await;
    // RabbitMQ hears of the cut a moment later.
    nobody_listens(&client(&url).await, &ns, "lobby").await;
    confirmed(&speaker, "lobby", "missed").await;
    network.set(Condition::Whole);
    is_up(&bus).await;
    confirmed(&speaker, "lobby", "after").await;
    assert_eq!(id(&mut events).await, "after", "confirmed, and yet it reached nobody");
    for bus in [speaker, bus] {
        bus.close().await;
    }
}
