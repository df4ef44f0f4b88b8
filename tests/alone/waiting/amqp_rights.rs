//! A user of RabbitMQ who lacks rights is told which, before anything starts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::time::{Duration, Instant};

use crate::support::rabbitmq::RabbitMq;
use pubsub_lab::lab::{Product, broker::Broker};

#[tokio::test]
async fn the_rights_that_a_user_of_rabbitmq_lacks_are_named_at_once() {
    let rabbit = RabbitMq::start();
    rabbit.control(&["add_user", "limited", "s3cret"]);
    let url = format!("amqp://limited:s3cret@127.0.0.1:{}", rabbit.port());
    let all = "^pubsub-lab.*";
    for (rights, missing) in [
        (["", "", ""], "configure, write and read"),
        (["", all, all], "configure"),
        ([all, "", all], "write"),
        ([all, all, "^theirs"], "read"),
    ] {
        rabbit.control(&["set_permissions", "limited", rights[0], rights[1], rights[2]]);
        let began = Instant::now();
        let error = Broker::check(Product::named("amqp").unwrap(), Some(&url), &[]).await.unwrap_err();
        // It takes some milliseconds; a busy machine may take longer, but nobody waits for a time-out.
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        let why =
            format!("cannot be used: its user has no right to {missing} pubsub-lab* in the virtual host /");
        assert!(error.message.ends_with(&why), "{error}");
        assert_eq!(error.exit, 4);
        let hint = error.hint.clone().unwrap();
        assert!(hint.contains("rabbitmqctl set_permissions -p / USER '^pubsub-lab.*'"), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    // The line of the hint is enough.
    rabbit.control(&["set_permissions", "limited", all, all, all]);
    Broker::check(Product::named("amqp").unwrap(), Some(&url), &[]).await.unwrap();
}
