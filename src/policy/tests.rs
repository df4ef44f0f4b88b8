//! What a policy reads, refuses and decides.

use std::borrow::Cow;
use std::path::Path;

use node::{Decision, Hook, Pass, Visitor};
use serde_json::json;

use super::{Policy, PolicyHook};

fn policy(text: &str) -> Policy {
    Policy::parse("p.toml", Path::new("."), text).unwrap()
}

/// What a policy decides of a message of this client, and the text that is left.
fn said(hook: &PolicyHook, name: &str, room: &str, text: &str) -> Result<String, String> {
    let pass = Pass::default();
    let mut text = Cow::Borrowed(text);
    match hook.publish_in(&Visitor { id: name, name, pass: &pass }, room, &mut text) {
        Decision::Allow => Ok(text.into_owned()),
        Decision::Refuse(refusal) => Err(refusal.to_string()),
        Decision::Drop => Err("dropped".into()),
    }
}

fn reads(hook: &PolicyHook, name: &str, room: &str) -> bool {
    let pass = Pass::default();
    hook.subscribe(&Visitor { id: name, name, pass: &pass }, room) == Decision::Allow
}

#[test]
fn an_empty_policy_allows_everything_but_other_peoples_own_rooms() {
    let hook = PolicyHook::new(policy(""));
    assert_eq!(said(&hook, "Ada", "r", "hi"), Ok("hi".into()));
    assert!(reads(&hook, "Ada", "r") && reads(&hook, "Ada", "@Ada"));
    assert!(!reads(&hook, "Ada", "@Bob") && !reads(&hook, "ada", "@Ada") && !reads(&hook, "", "@Ada"));
}

#[test]
fn every_rule_that_names_a_room_must_allow() {
    let hook = PolicyHook::new(policy(
        r#"
        [[rule]]
        name = "news"
        rooms = ["news-*"]
        write = ["Ada"]
        reason = "only Ada writes the news"

        [[rule]]
        name = "short"
        rooms = ["*"]
        longest_text = 5

        [[rule]]
        name = "club"
        rooms = ["club"]
        read = ["A*"]
        mask = ["damn"]
        "#,
    ));
    assert_eq!(said(&hook, "Ada", "news-1", "hi"), Ok("hi".into()));
    assert_eq!(said(&hook, "Bob", "news-1", "hi"), Err("only Ada writes the news (rule `news`)".into()));
    assert_eq!(
        said(&hook, "Ada", "news-1", "längst"),
        Err("a text may have 5 characters here, this one has 6 (rule `short`)".into())
    );
    assert_eq!(said(&hook, "Ada", "club", "öDAMN"), Ok("öDAMN".into()));
    assert_eq!(said(&hook, "Ada", "club", "DAMN!"), Ok("****!".into()));
    assert_eq!(said(&hook, "Ada", "r", "DAMN!"), Ok("DAMN!".into()), "another room");
    assert!(reads(&hook, "Ada", "club") && !reads(&hook, "Bob", "club") && reads(&hook, "Bob", "r"));
}

#[test]
fn what_no_rule_names_may_be_closed() {
    let hook = PolicyHook::new(policy("default = \"deny\"\n[[rule]]\nname = \"open\"\nrooms = [\"lobby\"]"));
    assert!(reads(&hook, "Ada", "lobby") && !reads(&hook, "Ada", "r") && reads(&hook, "Ada", "@Ada"));
    assert_eq!(said(&hook, "Ada", "r", "hi"), Err("no rule opens this room".into()));
}

#[test]
fn each_room_has_its_own_rate() {
    let hook = PolicyHook::new(policy(
        "[[rule]]\nname = \"calm\"\nrooms = [\"*\"]\nrate = 3\nrate_per_person = 2\n",
    ));
    let taken = |name: &str, room: &str| (0..9).filter(|_| said(&hook, name, room, "hi").is_ok()).count();
    assert_eq!([taken("Ada", "a"), taken("Bob", "a"), taken("Ada", "b")], [2, 1, 2]);
    let refused = said(&hook, "Ada", "a", "hi").unwrap_err();
    assert_eq!(refused, "2 messages of yours a second may be said in this room (rule `calm`)");
}

#[test]
fn a_claim_opens_a_room() {
    let hook = PolicyHook::new(policy(
        "[[rule]]\nname = \"staff\"\nrooms = [\"staff\"]\nread = [{ claim = \"role\", is = \"teacher\" }]\n",
    ));
    let with = |role: &str| {
        let claims = json!({ "role": role }).as_object().unwrap().clone();
        let pass = Pass { claims, ..Pass::default() };
        hook.subscribe(&Visitor { id: "1", name: "Ada", pass: &pass }, "staff") == Decision::Allow
    };
    assert!(with("teacher") && !with("pupil") && !reads(&hook, "Ada", "staff"));
}

#[test]
fn another_policy_holds_at_once() {
    let hook = PolicyHook::new(policy(""));
    assert!(reads(&hook, "Ada", "r"));
    hook.replace(policy("default = \"deny\""));
    assert!(!reads(&hook, "Ada", "r"));
}

#[test]
fn every_error_says_where_it_is_and_what_to_do() {
    for (text, said, hint) in [
        ("defualt = \"deny\"", "p.toml:1:1: a policy has no key `defualt`", "default"),
        ("default = \"no\"", "p.toml:1:11: `default` is \"allow\" or \"deny\"", "deny"),
        ("[rule]\nname = \"a\"", "must be a list of tables", "two brackets"),
        ("[[rule]]\nrooms = [\"a\"]", "p.toml:1:1: a rule needs a `name`", "which rule"),
        ("[[rule]]\nname = \"a\"", "rule `a` needs `rooms`", "rooms = "),
        ("[[rule]]\nname = \"a\"\nrooms = []", "p.toml:3:9: the rule has no room", "rooms = "),
        ("[[rule]]\nname = \"a\"\nrooms = [\"[a\"]", "p.toml:3:10: \"[a\" is no pattern", "* stands"),
        ("[[rule]]\nname = \"a\"\nrooms = [\"a\"]\nwriet = []", "p.toml:4:1: a rule has no key `wriet`", ""),
        (
            "[[rule]]\nname = \"a\"\nrooms = [\"a\"]\nwrite = \"Ada\"",
            "`write` must be a list of people",
            "Ada",
        ),
        (
            "[[rule]]\nname = \"a\"\nrooms = [\"a\"]\nrate = 0",
            "`rate` is a whole number of at least 1",
            "rate = 5",
        ),
        (
            "[[rule]]\nname = \"a\"\nrooms = [\"a\"]\nrate = \"5\"",
            "`rate` must be a whole number, not text",
            "",
        ),
        ("[[rule]]\nname = \"a\"\nrooms = [\"a\"]\nmask = [\"a b\"]", "\"a b\" is not one word", "several"),
        (
            "[[rule]]\nname = \"a\"\nrooms = [\"a\"]\nread = [{ claim = \"role\" }]",
            "a claim needs its name and its value",
            "teacher",
        ),
        (
            "[[rule]]\nname = \"a\"\nrooms = [\"a\"]\n[[rule]]\nname = \"a\"\nrooms = [\"b\"]",
            "p.toml:4:1: two rules are called `a`",
            "its own name",
        ),
        ("[connect]", "p.toml:1:1: [connect] does not say where the secret is", "secret_env"),
        (
            "[connect]\njwt = \"RS256\"",
            "p.toml:2:7: `jwt` is \"HS256\" or \"EdDSA\", not \"RS256\"",
            "public key",
        ),
        (
            "[connect]\nsecret_env = \"PUBSUB_LAB_NO_SUCH\"",
            "the environment variable PUBSUB_LAB_NO_SUCH is not set",
            "set it",
        ),
        ("[connect]\nsecret_file = \"/no/such\"", "cannot read /no/such", "beside"),
        ("[connect]\nsecret_file = \"/dev/null\"", "the file /dev/null has 0 bytes", "openssl"),
        ("[connect]\nissuer = \"me\"\nsecret_env = \"HOME\"", "`issuer` is for tokens", "jwt = "),
        ("[connect]\njwt = \"EdDSA\"", "EdDSA needs `public_key_file`", "openssl"),
        (
            "[connect]\njwt = \"EdDSA\"\npublic_key_file = \"/dev/null\"",
            "is no public key of Ed25519",
            "openssl",
        ),
        ("a = ", "p.toml:1:5: ", ""),
    ] {
        let error = Policy::parse("p.toml", Path::new("."), text).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("p.toml:"), "{message}");
        assert!(message.contains(said), "{text:?}: {message}");
        assert!(error.hint().contains(hint), "{text:?}: {}", error.hint());
    }
}

#[test]
fn who_names_people_without_tokens_is_warned() {
    let rule = "[[rule]]\nname = \"a\"\nrooms = [\"a\"]\nwrite = ";
    assert_eq!(policy(&format!("{rule}[\"Ada\"]")).warnings().len(), 1);
    assert_eq!(policy(&format!("{rule}[\"*\"]")).warnings(), [""; 0]);
    assert_eq!(policy(&format!("{rule}[]")).warnings(), [""; 0]);
}

#[test]
fn a_policy_says_what_it_does() {
    let text = policy(
        "[[rule]]\nname = \"a\"\nrooms = [\"a\", \"b-*\"]\nread = []\nwrite = [\"Ada\", { claim = \"role\", is = \"x\" }]\nrate = 5\nmask = [\"damn\"]",
    )
    .to_string();
    assert!(text.contains("connect   everybody\n"), "{text}");
    let rule = "rule      a: in `a`, `b-*`; read by nobody; written by `Ada`, whose `role` is \"x\"; at most 5 messages a second in each room, on each node; one word is masked\n";
    assert!(text.contains(rule), "{text}");
}
