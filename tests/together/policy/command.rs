//! `pubsub-lab policy check`, the schema, and a node whose policy has an error.

use serde_json::json;

use super::{PolicyFile, path};
use crate::book::{blocks, reference};
use crate::schema::schema;
use crate::support::process::pubsub_lab;
use crate::support::validator::wrong;

#[test]
fn a_file_is_checked_before_a_node_obeys_it() {
    let policy = PolicyFile::new("[[rule]]\nname = \"news\"\nrooms = [\"news\"]\nwrite = [\"Ada\"]\n");
    let file = policy.path();
    let output = pubsub_lab(&["policy", "check", path(&file)]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    for part in [
        ": valid\n",
        "  rule      news: in `news`; written by `Ada`\n",
        "  warning   rules name people, but every client chooses its own name",
    ] {
        assert!(said.contains(part), "{said}");
    }
    policy.write("policy.toml", "[[rule]]\nname = \"news\"\nrooms = [\"news\"]\nwriet = [\"Ada\"]\n");
    let checked: &[&str] = &["policy", "check", path(&file)];
    let node: &[&str] = &["node", "local", "--listen", "127.0.0.1:0", "--policy", path(&file)];
    for line in [checked, node] {
        let output = pubsub_lab(line).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let error = format!("error: {}:4:1: a rule has no key `wriet`", path(&file));
        assert!(said.contains(&error) && said.contains("hint: did you mean `write`?"), "{said}");
    }
    let output = pubsub_lab(&["policy", "check", "/no/such/file"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("cannot read the policy /no/such/file") && said.contains("hint: "), "{said}");
}

#[test]
fn every_policy_of_the_reference_is_one() {
    let page = &reference()["reference/policy.md"];
    let policies = blocks(page, "toml");
    assert!(!policies.is_empty());
    for text in policies {
        let policy = PolicyFile::new(&text);
        let mut check = pubsub_lab(&["policy", "check", path(&policy.path())]);
        let output = check.env("CHAT_SECRET", super::SECRET).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_schema_takes_what_the_program_takes() {
    let rule = json!({ "name": "a", "rooms": ["a"], "read": ["*", { "claim": "role", "is": 3 }], "rate": 1 });
    let documents = [
        json!({ "default": "deny", "connect": { "jwt": "HS256", "secret_env": "X" }, "rule": [rule] }),
        json!({ "default": "no" }),
        json!({ "rule": [{ "name": "a" }] }),
        json!({ "rule": [{ "name": "a", "rooms": ["a"], "rate": 0 }] }),
        json!({ "rules": [] }),
    ];
    let found = wrong(&schema("policy"), &documents);
    let is_wrong: Vec<bool> = found.iter().map(Option::is_some).collect();
    assert_eq!(is_wrong, [false, true, true, true, true], "{found:?}");
}
