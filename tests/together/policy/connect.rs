//! Who comes in: by a token, or by a secret that all share.

use serde_json::json;

use super::{PolicyFile, SECRET, with_token};
use crate::support::client::{Client, V1};
use crate::support::token::{Ed25519, claims, hs256, now};

const JWT: &str = "[connect]\njwt = \"HS256\"\nsecret_file = \"secret.txt\"\n";

#[tokio::test]
async fn a_token_gives_the_name_and_no_other_is_taken() {
    let policy = PolicyFile::new(JWT);
    let node = policy.node();
    let mut ada = with_token(&node, &hs256(SECRET, &claims("Ada", 60))).await;
    ada.say(json!({"type": "hello", "name": "Bob"})).await;
    let error = ada.frame_of("error").await;
    assert_eq!(
        super::refusal(&error),
        json!(["error", "forbidden", "here you are `Ada`, as your token says"])
    );
    assert_eq!(ada.frame_of("welcome").await["name"], "Ada");
    // A page cannot give a WebSocket a header.
    let path = format!("/ws?access_token={}", hs256(SECRET, &claims("Cleo", 60)));
    let mut cleo = Client::connect(&node, &path, &[V1]).await.unwrap();
    cleo.enter("r").await;
    assert_eq!(cleo.frame_of("welcome").await["name"], "Cleo");
}

#[tokio::test]
async fn a_token_that_is_not_good_is_told_why() {
    let policy = PolicyFile::new(&format!("{JWT}issuer = \"school\"\naudience = \"chat\"\n"));
    let node = policy.node();
    let good = json!({ "sub": "Ada", "exp": now() + 60, "iss": "school", "aud": "chat" });
    drop(with_token(&node, &hs256(SECRET, &good)).await);
    let with = |key: &str, value: serde_json::Value| {
        let mut claims = good.clone();
        claims[key] = value;
        claims
    };
    let mut without = good.clone();
    without.as_object_mut().unwrap().remove("exp");
    let mut cases = vec![
        (hs256("another secret that is long enough", &good), "was not signed with this node's key"),
        (hs256(SECRET, &with("exp", json!(now() - 60))), "has expired"),
        (hs256(SECRET, &with("nbf", json!(now() + 60))), "is not valid yet"),
        (hs256(SECRET, &with("iss", json!("other"))), "its `iss` is another"),
        (hs256(SECRET, &with("aud", json!("other"))), "its `aud` is another"),
        (hs256(SECRET, &with("sub", json!(""))), "`sub` is no name"),
        (hs256(SECRET, &without), "has no `exp`"),
        (Ed25519::new().sign(&good), "signed in another way"),
        ("nonsense".to_owned(), "this is no token"),
    ];
    // Signed by nobody: what an attacker writes who hopes that the algorithm is taken from the token.
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", hs256(SECRET, &good).split('.').nth(1).unwrap());
    cases.push((unsigned, "this is no token"));
    for (token, why) in cases {
        let bearer = format!("Bearer {token}");
        let (status, words) = Client::refused(&node, "/ws", &[V1, ("authorization", &bearer)]).await;
        assert_eq!(status, 401, "{words}");
        assert!(words.contains(why), "{why}: {words}");
    }
    let (status, words) = Client::refused(&node, "/ws", &[V1]).await;
    assert_eq!((status, words.contains("a token is needed")), (401, true), "{words}");
}

#[tokio::test]
async fn a_public_key_checks_tokens_that_only_its_owner_signs() {
    let key = Ed25519::new();
    let policy = PolicyFile::new("[connect]\njwt = \"EdDSA\"\npublic_key_file = \"key.pem\"\n");
    policy.write("key.pem", &key.public_pem());
    let node = policy.node();
    let mut ada = with_token(&node, &key.sign(&claims("Ada", 60))).await;
    assert_eq!(ada.hello("Ada").await["name"], "Ada");
    for token in [Ed25519::new().sign(&claims("Ada", 60)), hs256(&key.public_pem(), &claims("Ada", 60))] {
        let bearer = format!("Bearer {token}");
        assert_eq!(Client::refused(&node, "/ws", &[V1, ("authorization", &bearer)]).await.0, 401);
    }
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let policy = PolicyFile::new(JWT);
    let node = policy.node();
    // Five seconds of leeway are added.
    let mut ada = with_token(&node, &hs256(SECRET, &claims("Ada", -3))).await;
    ada.hello("Ada").await;
    assert_eq!(ada.closed().await, (1008, "your token has expired: connect with a new one".to_owned()));
}

#[tokio::test]
async fn anothers_session_does_not_continue() {
    let policy = PolicyFile::new(JWT);
    let node = policy.node();
    let mut ada = with_token(&node, &hs256(SECRET, &claims("Ada", 60))).await;
    let welcome = ada.hello("Ada").await;
    let mut eve = with_token(&node, &hs256(SECRET, &claims("Eve", 60))).await;
    eve.say(json!({"type": "hello", "session": welcome["session"]})).await;
    assert_eq!(eve.frame_of("error").await["code"], "bad_session");
    assert_eq!(eve.frame_of("welcome").await["name"], "Eve");
    let mut again = with_token(&node, &hs256(SECRET, &claims("Ada", 60))).await;
    let colour = again.hello_again(&welcome["session"]).await["colour"].clone();
    assert_eq!(colour, welcome["colour"]);
}

#[tokio::test]
async fn a_secret_lets_everybody_in_who_knows_it() {
    let policy = PolicyFile::new("[connect]\nsecret_file = \"secret.txt\"\n");
    let node = policy.node();
    let mut ada = with_token(&node, SECRET).await;
    assert_eq!(ada.hello("Ada").await["name"], "Ada");
    let (status, words) = Client::refused(&node, "/?access_token=wrong", &[]).await;
    assert_eq!((status, words.trim()), (401, "this is not the secret"));
    assert_eq!(node.get("/readyz").await.status, 200, "probes need no secret");
}
