//! What travels between nodes and from clients, changed.

use bytes::Bytes;
use pubsub_lab::wire::{Envelope, Request, Room, replayed, text_of};
use rand::RngExt;

use super::hunt::hunt;
use super::mutate;

const ENVELOPES: [&[u8]; 5] = [
    b"1 chat 7f3a.0c12 7f3a - lobby\n{\"type\":\"message\",\"room\":\"lobby\",\"id\":\"7f3a.0c12\",\"text\":\"a\\nb\"}",
    b"1 presence s.1 s others a room with spaces\n{\"type\":\"joined\",\"room\":\"r\",\"name\":\"Ada\"}",
    b"1 control n.1 n - $roster\n{\"node\":\"n\",\"ask\":true,\"rooms\":{\"lobby\":3}}",
    b"2 chat s.2 s - 05fa31c09be2d714 17 1764473357123 a room\n{}",
    b"1 chat s.2 s - F\xc3\xbc\xc3\x9fe\n{}",
];

const REQUESTS: [&str; 6] = [
    r#"{"type":"hello","name":"Ada","session":"x.y"}"#,
    r#"{"type":"subscribe","room":"lobby","after":"7f3a.0c12"}"#,
    r#"{"type":"publish","room":"lobby","text":"hi","id":"1","to":"others"}"#,
    r#"{"type":"unsubscribe","room":"lobby"}"#,
    r#"{"type":"ping"}"#,
    r#"["publish","lobby","hi"]"#,
];

#[test]
fn a_changed_envelope_is_read_or_refused_and_stays_what_it_is() {
    let valid = hunt(
        |rng| {
            let mut bytes = mutate::pick(&ENVELOPES, rng).to_vec();
            (0..rng.random_range(1..5)).for_each(|_| mutate::bytes_of(&mut bytes, rng));
            bytes
        },
        |bytes| format!("{:?}", String::from_utf8_lossy(bytes)),
        |bytes| {
            let _ = (replayed(&bytes), text_of(&bytes), std::str::from_utf8(&bytes).map(Room::parse));
            let Ok(envelope) = Envelope::decode(Bytes::from(bytes)) else { return false };
            let _ = (envelope.skips_its_sender(), replayed(&envelope.frame), text_of(&envelope.frame));
            assert_eq!(Envelope::decode(envelope.encode()), Ok(envelope), "it comes back as it was");
            true
        },
    );
    assert!(valid > 0, "no changed envelope is one");
}

#[test]
fn a_changed_request_is_read_or_refused() {
    let corpus = REQUESTS.map(str::to_owned).to_vec();
    let valid =
        hunt(move |rng| mutate::text(&corpus, rng), String::clone, |text| Request::read(&text).is_ok());
    assert!(valid > 0, "no changed request is one");
}
