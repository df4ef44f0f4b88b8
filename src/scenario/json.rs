//! The effective scenario, as the report shows it: the shape of the file, every default and override in it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Action, Bound, Condition, End, Expectation, FaultPlan, FigureKind, Matrix, Moment, Scenario, Target,
};

impl Scenario {
    /// The effective scenario. Durations are text (`"2s"`), faults and expectations stand as in the file.
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
            "fault": self.faults.iter().map(fault).collect::<Vec<_>>(),
            "expect": expectations(&self.expect),
        });
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

fn time(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// A whole number without `.0`.
fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

fn fault(plan: &FaultPlan) -> Value {
    let mut table = Map::new();
    let mut put = |key: &str, value: Value| drop(table.insert(key.into(), value));
    match plan.moment {
        Moment::At(at) => put("at", time(at).into()),
        Moment::Between(from, to) => put("between", json!([time(from), time(to)])),
    }
    if let Some(every) = plan.every {
        put("every", time(every).into());
        put("times", plan.times.into());
    }
    if let Some(duration) = plan.duration {
        put("for", time(duration).into());
    }
    let name = plan.action.name();
    put(name, target(&plan.action, &plan.target));
    match &plan.action {
        Action::Link(Condition::Delay { by, jitter }) => {
            put("by", time(*by).into());
            put("jitter", time(*jitter).into());
        }
        Action::Link(Condition::Throttle { bytes_per_second }) | Action::Slow { bytes_per_second } => {
            put("bytes_per_second", (*bytes_per_second).into());
        }
        Action::Link(Condition::Slice { bytes, pause }) => {
            put("bytes", (*bytes).into());
            put("gap", time(*pause).into());
        }
        Action::Link(Condition::Limit { bytes }) => put("bytes", (*bytes).into()),
        Action::Run { heal: Some(heal), .. } => put("heal", heal.as_str().into()),
        _ => {}
    }
    if let Some(patterns) = &plan.patterns {
        put("patterns", patterns.iter().map(|pattern| pattern.name()).collect());
    }
    Value::Object(table)
}

/// What stands in the file behind the action's key.
fn target(action: &Action, target: &Target) -> Value {
    match (action, target) {
        (Action::Surge { factor }, _) => number(*factor),
        (Action::Run { command, .. }, _) => command.as_str().into(),
        (_, Target::Groups(groups)) => {
            let words = |group: &Vec<_>| group.iter().map(End::to_string).collect::<Vec<_>>();
            groups.iter().map(words).collect::<Vec<_>>().into()
        }
        (_, Target::Subscribers(percent)) => format!("{percent}%").into(),
        (_, one) => one.to_string().into(),
    }
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
