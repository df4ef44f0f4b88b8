//! Passwords, databases and the rights of a user.

use super::{assert_refused, assert_unusable, checked, checked_for, with_login};
use crate::support::redis::RedisServer;

#[tokio::test]
async fn a_password_that_is_missing_or_wrong_is_told_with_how_to_write_it() {
    // Each of these letters means something else in a URL.
    let redis = RedisServer::builder().password("s3cret@a:b/c").start();
    let url = redis.url();
    let form = "redis://user:password@host";
    assert_refused(&url, "it wants a password, and the URL has none", &[form, "@ as %40"]).await;
    let why = "it does not accept the user name or the password";
    for login in [":s3cret", "somebody:s3cret", ":s3cret@a:b"] {
        assert_refused(&with_login(&url, login), why, &[form, "@ as %40, : as %3A, / as %2F"]).await;
    }
    // Written as the URL is often written first, and as the hint says.
    let error = checked(&with_login(&url, ":s3cret@a:b/c")).await.unwrap_err();
    assert_eq!(error.exit, 2, "{error}");
    assert!(error.hint.as_ref().unwrap().contains("@ as %40, : as %3A, / as %2F"), "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
    checked(&with_login(&url, ":s3cret%40a%3Ab%2Fc")).await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let redis = RedisServer::start();
    checked(&format!("{}/15", redis.url())).await.unwrap();
    let url = format!("{}/99", redis.url());
    assert_refused(&url, "it has no database 99", &["leave the number at the end of the URL out"]).await;
}

#[tokio::test]
async fn the_rights_that_a_user_lacks_are_named_with_the_line_that_gives_them() {
    let user = |name: &'static str, rights: &[&'static str]| -> Vec<&'static str> {
        [&[name, "on", ">s3cret"], rights].concat()
    };
    let redis = RedisServer::builder()
        .directive("user", &user("mute", &["&*", "+@all", "-publish"]))
        .directive("user", &user("deaf", &["&*", "+@all", "-subscribe"]))
        .directive("user", &user("still", &["&*", "+@all", "-ping"]))
        .directive("user", &user("elsewhere", &["resetchannels", "&theirs*", "+@all"]))
        .directive("user", &user("nothing", &["resetchannels", "-@all"]))
        .directive("user", &user("homeless", &["&*", "+@all", "-select"]))
        .directive(
            "user",
            &user("enough", &["&pubsub-lab*", "-@all", "+ping", "+subscribe", "+unsubscribe", "+publish"]),
        )
        .start();
    let url = |name: &str| with_login(&redis.url(), &format!("{name}:s3cret"));
    for (name, why, hint) in [
        ("mute", "its user has no right to PUBLISH", "`ACL SETUSER NAME +publish '&pubsub-lab*'`"),
        ("deaf", "its user has no right to SUBSCRIBE", "`ACL SETUSER NAME +subscribe '&pubsub-lab*'`"),
        ("still", "its user has no right to PING", "`ACL SETUSER NAME +ping`"),
        (
            "elsewhere",
            "its user has no right to SUBSCRIBE and PUBLISH on the lab's channels",
            "`ACL SETUSER NAME '&pubsub-lab*'`",
        ),
        (
            "nothing",
            "its user has no right to PING, SUBSCRIBE, UNSUBSCRIBE and PUBLISH",
            "`ACL SETUSER NAME +ping +subscribe +unsubscribe +publish '&pubsub-lab*'`",
        ),
    ] {
        assert_refused(&url(name), why, &[hint]).await;
    }
    let number = format!("{}/1", url("homeless"));
    assert_refused(&number, "its user has no right to SELECT a database", &["leave the number"]).await;
    // The line of the last hint is enough.
    checked(&url("enough")).await.unwrap();
}

#[tokio::test]
async fn nodes_that_keep_their_sessions_in_redis_need_a_user_who_may_touch_the_keys() {
    let bus = ["on", ">s3cret", "&pubsub-lab*", "-@all", "+ping", "+subscribe", "+unsubscribe", "+publish"];
    let user = |name: &'static str, more: &[&'static str]| [&[name], &bus[..], more].concat();
    let redis = RedisServer::builder()
        .directive("user", &user("keyless", &["+get", "+set"]))
        .directive("user", &user("reader", &["+get", "~pubsub-lab*"]))
        .directive("user", &user("neither", &[]))
        .directive("user", &user("enough", &["+get", "+set", "~pubsub-lab*"]))
        .start();
    let url = |name: &str| with_login(&redis.url(), &format!("{name}:s3cret"));
    for (name, why, hint) in [
        (
            "keyless",
            "its user has no right to GET and SET on the keys of the lab's sessions",
            "`ACL SETUSER NAME '~pubsub-lab*'`",
        ),
        ("reader", "its user has no right to SET", "`ACL SETUSER NAME +set '~pubsub-lab*'`"),
        ("neither", "its user has no right to GET and SET", "`ACL SETUSER NAME +get +set '~pubsub-lab*'`"),
    ] {
        checked(&url(name)).await.expect("whose sessions are in tokens needs no key");
        assert_unusable(checked_for(&url(name), &["--sessions=redis"]).await, why, &[hint]);
    }
    checked_for(&url("enough"), &["--sessions=redis"]).await.unwrap();
    // Nothing stays of the trial, which a key ends a moment after it was written.
    let (mut client, begin) = (redis.client().await, std::time::Instant::now());
    while redis::cmd("DBSIZE").query_async::<u64>(&mut client).await.unwrap() > 0 {
        assert!(begin.elapsed() < crate::support::process::PATIENCE, "a key stays");
    }
}
