//! Changes an input at random: bytes, words and whole lines of a text, and the values of a JSON document.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Values at which programs stumble, as they stand in a file.
const WORDS: [&str; 48] = [
    "0",
    "-1",
    "1",
    "2",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "-9223372036854775808",
    "4294967296",
    "1e308",
    "1e999",
    "-0.0",
    "0.1",
    "nan",
    "inf",
    "true",
    "\"\"",
    "''",
    "[]",
    "{}",
    "\"0s\"",
    "\"1ns\"",
    "\"-1s\"",
    "\"24h\"",
    "\"500000000000y\"",
    "\"584542046090y\"",
    "\"18446744073709551615s\"",
    "\"18446744073709551615ns\"",
    "\"1s 1s\"",
    "\"0%\"",
    "\"100%\"",
    "\"101%\"",
    "\"1e30%\"",
    "\"node 1\"",
    "\"node 99999\"",
    "\"broker\"",
    "\"history\"",
    "\"node 1 <-> broker\"",
    "\"node 1 -> node 1\"",
    "\"client *\"",
    "\"subscriber 1\"",
    "\"subscribers 10%\"",
    "\"< 20ms\"",
    "\">= 99.99%\"",
    "\"\\u0000\"",
    "\"\u{202e}\u{301}🦀\"",
    "\"2KiB\"",
    "\"18446744073709551615GiB\"",
];

/// A changed text: a handful of changes to one of the texts.
pub fn text(corpus: &[String], rng: &mut ChaCha8Rng) -> String {
    let mut bytes = pick(corpus, rng).clone().into_bytes();
    for _ in 0..rng.random_range(1..=6) {
        match rng.random_range(0..8) {
            0..=3 => word(&mut bytes, rng),
            4 | 5 => lines(&mut bytes, corpus, rng),
            _ => bytes_of(&mut bytes, rng),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Puts something else in the place of a value: what stands after `=`, `:`, `,`, `[` or a space.
fn word(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let is_edge = |byte: &u8| b"=:,[ \n".contains(byte);
    let starts: Vec<usize> =
        (1..bytes.len()).filter(|n| is_edge(&bytes[n - 1]) && !is_edge(&bytes[*n])).collect();
    if starts.is_empty() {
        return;
    }
    let start = starts[rng.random_range(0..starts.len())];
    let rest = &bytes[start..];
    // A text in quotes is one value, with the spaces in it.
    let end = match rest[0] {
        quote @ (b'"' | b'\'') => {
            rest[1..].iter().position(|byte| *byte == quote).map_or(rest.len(), |end| end + 2)
        }
        _ => rest.iter().position(|byte| b",]}\n ".contains(byte)).unwrap_or(rest.len()),
    };
    bytes.splice(start..start + end, pick(&WORDS, rng).bytes());
}

/// Takes a few lines away, says them twice, or brings them from another text.
fn lines(bytes: &mut Vec<u8>, corpus: &[String], rng: &mut ChaCha8Rng) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut lines: Vec<&str> = text.split('\n').collect();
    let start = rng.random_range(0..lines.len());
    let end = (start + rng.random_range(1..8)).min(lines.len());
    match rng.random_range(0..3) {
        0 => drop(lines.drain(start..end)),
        1 => {
            let again = lines[start..end].to_vec();
            lines.splice(start..start, again);
        }
        _ => {
            let others: Vec<&str> = pick(corpus, rng).split('\n').collect();
            let first = rng.random_range(0..others.len());
            let last = (first + rng.random_range(1..8)).min(others.len());
            lines.splice(start..start, others[first..last].iter().copied());
        }
    }
    *bytes = lines.join("\n").into_bytes();
}

/// Changes, adds, repeats or cuts away some bytes.
pub fn bytes_of(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let place = rng.random_range(0..=bytes.len());
    let end = (place + rng.random_range(1..16)).min(bytes.len());
    match rng.random_range(0..5) {
        0 if place < bytes.len() => bytes[place] ^= 1 << rng.random_range(0..8),
        1 => bytes.insert(place, rng.random()),
        2 => drop(bytes.drain(place..end)),
        3 => {
            let again = bytes[place..end].repeat(rng.random_range(1..40));
            bytes.splice(place..place, again);
        }
        _ => bytes.truncate(place),
    }
}

/// A document of which a few values are others, are gone, or are there twice.
pub fn json(document: &Value, rng: &mut ChaCha8Rng) -> Value {
    let mut changed = document.clone();
    for _ in 0..rng.random_range(1..=4) {
        change(&mut changed, rng);
    }
    changed
}

/// Goes down a random way, and changes what is at its end.
fn change(value: &mut Value, rng: &mut ChaCha8Rng) {
    let goes_on = rng.random_range(0..12) > 0;
    match value {
        Value::Object(fields) if goes_on && !fields.is_empty() => {
            let place = rng.random_range(0..fields.len());
            match rng.random_range(0..20) {
                0 => {
                    let name = fields.keys().nth(place).cloned().unwrap();
                    fields.remove(&name);
                }
                _ => change(fields.values_mut().nth(place).unwrap(), rng),
            }
        }
        Value::Array(items) if goes_on && !items.is_empty() => {
            let place = rng.random_range(0..items.len());
            match rng.random_range(0..20) {
                0 => drop(items.remove(place)),
                1 => items.insert(place, items[place].clone()),
                2 => items.reverse(),
                _ => change(&mut items[place], rng),
            }
        }
        end => *end = another(end, rng),
    }
}

/// A value of the same kind, so that it is read and the next layer has to cope with it; seldom one of any kind.
fn another(value: &Value, rng: &mut ChaCha8Rng) -> Value {
    if rng.random_range(0..6) == 0 {
        return pick(&[json!(null), json!(true), json!([]), json!({}), json!(""), json!(0), json!(-1)], rng)
            .clone();
    }
    match value {
        Value::Number(number) if number.is_f64() => {
            let some = [0.0, -0.0, -1.0, 1.0, 1e-300, 1e300, f64::MAX, f64::MIN, 0.5, 1e18];
            json!(pick(&some, rng))
        }
        Value::Number(number) => {
            let now = number.as_u64().unwrap_or_default();
            let some = [
                0,
                1,
                2,
                u64::from(u32::MAX),
                u64::from(u32::MAX) + 1,
                i64::MAX as u64,
                i64::MAX as u64 + 1,
                u64::MAX,
                1 << 53,
                now.wrapping_add(1),
                now.wrapping_sub(1),
                now.wrapping_mul(1_000),
                now / 2,
            ];
            json!(pick(&some, rng))
        }
        Value::String(text) => {
            let mut bytes = text.clone().into_bytes();
            match rng.random_range(0..3) {
                0 => json!(pick(&WORDS, rng).trim_matches('"')),
                1 => json!("🦀\u{202e}<b>&\u{7}\u{1b}[31m|`*_\n\r\t\"'".repeat(rng.random_range(1..50))),
                _ => {
                    bytes_of(&mut bytes, rng);
                    json!(String::from_utf8_lossy(&bytes))
                }
            }
        }
        Value::Bool(is) => json!(!is),
        Value::Null | Value::Array(_) | Value::Object(_) => json!(null),
    }
}

pub fn pick<'a, T>(from: &'a [T], rng: &mut ChaCha8Rng) -> &'a T {
    &from[rng.random_range(0..from.len())]
}
