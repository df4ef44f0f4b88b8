//! The effective scenario, as the report shows it: the shape of the file, every default and override in it.

use serde_json::{Map, Value, json};

use super::written::{number, time};
use super::{Bound, Expectation, FaultPlan, FigureKind, Matrix, Scenario, Transport};

impl Scenario {
    /// The effective scenario as JSON. Durations are text (`"2s"`), faults and expectations stand as in the file.
    pub fn to_json(&self) -> Value {
        let load = &self.load;
        let mut json = json!({
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
            "fault": self.faults.iter().map(FaultPlan::to_json).collect::<Vec<_>>(),
            "expect": expectations(&self.expect),
        });
        if let (Some(watch), Some(shown)) = (&self.watch, json.as_object_mut()) {
            shown.insert("watch".into(), watch.as_str().into());
        }
        // A load that watches nobody, and whose subscribers hear over WebSockets, has no word of it, as in the reports of
        // older versions.
        if let Some(shown) = json["load"].as_object_mut() {
            if load.presence {
                shown.insert("presence".into(), true.into());
            }
            match &load.transports[..] {
                [Transport::Ws] => {}
                [one] => drop(shown.insert("transport".into(), one.name().into())),
                several => {
                    let names: Vec<_> = several.iter().map(|transport| transport.name()).collect();
                    shown.insert("transport".into(), names.into());
                }
            }
            if load.transports.contains(&Transport::Poll) {
                shown.insert("poll_every".into(), time(load.poll_every).into());
            }
        }
        if let Some(json) = json.as_object_mut().filter(|_| !self.matrix.fields.is_empty()) {
            json.insert("matrix".into(), matrix(&self.matrix));
        }
        json
    }
}

fn matrix(matrix: &Matrix) -> Value {
    let fields = matrix.fields.iter().map(|(key, values)| ((*key).to_owned(), values.clone().into()));
    let until = matrix.until_violated.then(|| ("until".to_owned(), "violated".into()));
    Value::Object(fields.chain(until).collect())
}

fn expectations(all: &[Expectation]) -> Value {
    let mut table = Map::new();
    for expectation in all {
        let place = match expectation.whose.name() {
            None => Some(&mut table),
            Some(name) => table.entry(name).or_insert_with(|| json!({})).as_object_mut(),
        };
        let Some(place) = place else { continue };
        let bound = match (expectation.bound, expectation.kind()) {
            (Bound::Equal(n), kind) if kind != FigureKind::Time => number(n),
            (bound, kind) => bound.text(kind).into(),
        };
        // Several bounds on one figure are a list, as in the file.
        match place.get_mut(&expectation.figure) {
            None => drop(place.insert(expectation.figure.clone(), bound)),
            Some(Value::Array(list)) => list.push(bound),
            Some(one) => *one = json!([one.take(), bound]),
        }
    }
    Value::Object(table)
}
