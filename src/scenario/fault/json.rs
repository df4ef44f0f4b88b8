//! A fault as JSON: the keys of one `[[fault]]`, as the effective scenario and the report have them.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::read::read;
use super::{Action, Fault, FaultPlan, Moment, Target};
use crate::Cluster;
use crate::error::Source;
use crate::section::Section;
use crate::written::time;

impl FaultPlan {
    pub(crate) fn to_json(&self) -> Value {
        let mut table = Map::new();
        let mut put = |key: &str, value: Value| drop(table.insert(key.into(), value));
        match self.moment {
            Moment::At(at) => put("at", time(at).into()),
            Moment::Between(from, to) => put("between", json!([time(from), time(to)])),
        }
        if let Some(every) = self.every {
            put("every", time(every).into());
            put("times", self.times.into());
        }
        if let Some(duration) = self.duration {
            put("for", time(duration).into());
        }
        table.extend(deed(&self.action, &self.target));
        if let Some(patterns) = &self.patterns {
            table.insert("patterns".into(), patterns.iter().map(|pattern| pattern.name()).collect());
        }
        Value::Object(table)
    }
}

impl Fault {
    /// The `[[fault]]` of a file that strikes like this fault, with everything chosen that was left to the seed.
    pub fn to_json(&self) -> Value {
        let mut table = Map::from_iter([("at".to_owned(), time(self.at).into())]);
        table.extend(self.duration.map(|duration| ("for".to_owned(), time(duration).into())));
        table.extend(deed(&self.action, &self.target));
        Value::Object(table)
    }

    /// Reads what [`Fault::to_json`] has written; `None` for a fault that this version does not know.
    pub fn from_json(json: &Value) -> Option<Fault> {
        let text = toml::to_string(&json!({ "fault": [json] })).ok()?;
        let source = Source { name: "fault", text: &text, example: str::to_owned };
        let document = source.document().ok()?;
        let fault = Section::root(&source, &document, "a fault", &["fault"]).ok()?.get("fault")?;
        let cluster = Cluster { nodes: usize::MAX };
        let FaultPlan { moment, every, duration, action, target, .. } =
            read(*fault.list("a list").ok()?.first()?, &cluster, Duration::ZERO).ok()?.plan;
        match (moment, every) {
            (Moment::At(at), None) => Some(Fault { at, duration, action, target }),
            _ => None,
        }
    }
}

/// The key of an action with its target, and the further keys that belong to the action.
fn deed(action: &Action, target: &Target) -> impl Iterator<Item = (String, Value)> {
    let kind = action.told();
    let all = [(action.name(), kind.value(target))].into_iter().chain(kind.own());
    all.map(|(key, value)| (key.to_owned(), value))
}
