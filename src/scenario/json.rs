//! The effective scenario, as the report shows it: the shape of the file, every default and override in it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Bound, Expectation, Fault, Scenario};

impl Scenario {
    /// The effective scenario. Durations are text (`"2s"`), faults and expectations stand as in the file.
    pub fn to_json(&self) -> Value {
        let load = &self.load;
        json!({
            "name": self.name,
            "title": self.title,
            "patterns": self.patterns.iter().map(|pattern| pattern.name()).collect::<Vec<_>>(),
            "cluster": { "nodes": self.cluster.nodes },
            "load": {
                "publishers": load.publishers,
                "subscribers": load.subscribers,
                "rate": number(load.rate),
                "payload": load.payload,
                "rooms": load.rooms,
                "resend": load.resend,
                "warm_up": time(load.warm_up),
                "duration": time(load.duration),
                "drain": time(load.drain),
                "connect_timeout": time(load.connect_timeout),
                "reconnect_min": time(load.reconnect_min),
                "reconnect_max": time(load.reconnect_max),
            },
            "fault": self.faults.iter().map(fault).collect::<Vec<_>>(),
            "expect": expectations(&self.expect),
        })
    }
}

fn time(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// A whole number without `.0`.
fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

fn fault(fault: &Fault) -> Value {
    let mut table = Map::new();
    table.insert("at".into(), time(fault.at).into());
    if let Some(duration) = fault.duration {
        table.insert("for".into(), time(duration).into());
    }
    table.insert(fault.action.name().into(), fault.target.word().into());
    Value::Object(table)
}

fn expectations(all: &[Expectation]) -> Value {
    let mut table = Map::new();
    for Expectation { pattern, figure, bound } in all {
        let bound = match bound {
            Bound::Equal(n) => number(*n),
            other => other.to_string().into(),
        };
        let place = match pattern {
            None => Some(&mut table),
            Some(pattern) => table.entry(pattern.name()).or_insert_with(|| json!({})).as_object_mut(),
        };
        if let Some(place) = place {
            place.insert(figure.clone(), bound);
        }
    }
    Value::Object(table)
}
