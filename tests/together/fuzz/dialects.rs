//! Files that describe a dialect, changed.

use pubsub_lab::load::Template;

use super::hunt::hunt;
use super::mutate;

/// What README and the tests show.
const CORPUS: [&str; 4] = [
    r#"connect = ['{"op":"join","room":"{room}","name":"{name}"}']
publish = '{"op":"say","room":"{room}","id":{id},"text":{text_json}}'
text = "/payload/text"
ready = { pointer = "/op", equals = "joined" }
ack = { pointer = "/op", equals = "ack", id = "/id" }
"#,
    "connect = ['/name {name}', '/join {room}']\npublish = '{text}'\nprefix = \": \"\nsuffix = \"\\n\"\n",
    "publish = '{text}'\nsubprotocol = \"chat.v2\"\n",
    "publish = '[\"{room}\", {text_json}, {id}]'\ntext = \"/1\"\nack = { pointer = \"/0\", equals = true, id = \"/2\" }\n",
];

#[test]
fn a_changed_dialect_is_valid_or_refused() {
    let corpus = CORPUS.map(str::to_owned).to_vec();
    let valid = hunt(
        move |rng| mutate::text(&corpus, rng),
        String::clone,
        |text| match Template::parse("chat.toml", &text) {
            Ok(template) => template.source() == "chat.toml",
            Err(error) => error.to_string().is_empty(),
        },
    );
    assert!(valid > 0, "no changed dialect is valid");
}
