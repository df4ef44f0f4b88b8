//! The JSON Schema of a policy's file, for editors.

use serde_json::{Value, json};

/// The JSON Schema (draft 2020-12) of a policy's file, strict: a key that it does not name is wrong.
pub fn json_schema() -> Value {
    let people = json!({ "type": "array", "items": { "$ref": "#/$defs/who" } });
    let rate = json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX });
    let described = |mut schema: Value, text: &str| {
        schema["description"] = text.into();
        schema
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A policy of pubsub-lab",
        "description": "Who may come in, read and write. Use it: pubsub-lab node PATTERN --policy FILE",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "connect": connect(),
            "default": {
                "description": "Whether a room that no rule names is open to everybody (allow) or to nobody (deny).",
                "enum": ["allow", "deny"],
                "default": "allow",
            },
            "rule": {
                "description": "What holds in some rooms. Every rule that names a room must allow what happens there.",
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["name", "rooms"],
                    "properties": {
                        "name": { "description": "What a refusal calls the rule.", "type": "string", "pattern": "\\S" },
                        "rooms": {
                            "description": "The rooms: names, or patterns with * and ?.",
                            "type": "array",
                            "minItems": 1,
                            "items": { "type": "string" },
                        },
                        "read": described(people.clone(), "Who may be in the rooms; without it, everybody."),
                        "write": described(people, "Who may say something there; without it, everybody."),
                        "rate": described(
                            rate.clone(),
                            "Messages a second in each of the rooms, by all clients of one node together.",
                        ),
                        "rate_per_person": described(rate.clone(), "Messages a second of each session in each room."),
                        "longest_text": described(rate, "The longest text, in characters."),
                        "mask": {
                            "description": "Words of which stars take the place.",
                            "type": "array",
                            "items": { "type": "string", "minLength": 1 },
                        },
                        "reason": {
                            "description": "Why somebody may not read or write, as a clause for people.",
                            "type": "string",
                        },
                    },
                },
            },
        },
        "$defs": {
            "who": {
                "anyOf": [
                    { "description": "A name, or a pattern with * and ?.", "type": "string" },
                    {
                        "description": "A claim of the client's token: its value, or a list that has it.",
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["claim", "is"],
                        "properties": { "claim": { "type": "string" }, "is": { "type": ["string", "number", "boolean"] } },
                    },
                ],
            },
        },
    })
}

fn connect() -> Value {
    let text = |description: &str| json!({ "description": description, "type": "string" });
    json!({
        "description": "What a client must bring: a JWT, or without `jwt` a secret that all share.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "jwt": {
                "description": "How tokens are signed. The token's `sub` is the name, and `exp` must be there.",
                "enum": ["HS256", "EdDSA"],
            },
            "secret_env": text("The environment variable that has the secret."),
            "secret_file": text("The file that has the secret, looked for beside this one."),
            "public_key_file": text("The public key for EdDSA, in PEM, looked for beside this file."),
            "issuer": text("The `iss` that a token must have."),
            "audience": text("The `aud` that a token must have."),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::{read, read_connect};
    use super::*;

    #[test]
    fn the_schema_has_the_keys_that_the_reader_knows() {
        let schema = json_schema();
        let keys = |value: &Value| {
            let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let sorted = |keys: &[&str]| {
            let mut keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
            keys.sort();
            keys
        };
        let of = &schema["properties"];
        assert_eq!(keys(of), sorted(&read::KEYS));
        assert_eq!(keys(&of["rule"]["items"]["properties"]), sorted(&read::RULE_KEYS));
        assert_eq!(keys(&of["connect"]["properties"]), sorted(&read_connect::KEYS));
    }
}
