//! The debts of a run as `report.json` has them: beside the counts stands the share that came on time.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use ledger::Debts;

/// What became of the debts. `delivered + recovered + lost = owed`, and `lost` splits by answer
/// (confirmed, handed, refused, unknown) and by presence (online, offline).
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Debts")]
pub(super) struct DebtsJson {
    #[serde(flatten)]
    debts: Debts,
    /// [`Share::OnTime`](scenario::Share::OnTime)
    on_time: Option<f64>,
}

pub(super) fn serialize<S: Serializer>(debts: &Option<Debts>, to: S) -> Result<S::Ok, S::Error> {
    debts.map(|debts| DebtsJson { on_time: debts.on_time_share(), debts }).serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Debts>, D::Error> {
    let json = Option::<DebtsJson>::deserialize(from)?;
    Ok(json.map(|DebtsJson { mut debts, on_time }| {
        if debts.on_time == 0 {
            // Older reports have the share alone. It was made of whole debts, so that rounding gives them back.
            debts.on_time = (on_time.unwrap_or(0.0) * debts.owed as f64).round() as u64;
        }
        debts
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(owed: u64, more: &Value) -> Option<Debts> {
        let mut json = serde_json::to_value(Debts { owed, ..Debts::default() }).unwrap();
        let fields = json.as_object_mut().unwrap();
        fields.remove("on_time_debts");
        fields.extend(more.as_object().unwrap().clone());
        deserialize(json).unwrap()
    }

    #[test]
    fn the_count_stands_beside_the_share_and_is_read_from_there() {
        let debts = Debts { owed: 3, on_time: 1, delivered: 2, recovered: 1, ..Debts::default() };
        let json = serialize(&Some(debts), serde_json::value::Serializer).unwrap();
        assert_eq!((&json["on_time"], &json["on_time_debts"]), (&json!(1.0 / 3.0), &json!(1)));
        assert_eq!(deserialize(json).unwrap(), Some(debts));
        let rounded = read(60_000, &json!({"on_time": 0.33, "on_time_debts": 19_999}));
        assert_eq!(
            rounded.map(|debts| debts.on_time),
            Some(19_999),
            "the count is exact, whatever the share"
        );
        let nothing = serialize(&Some(Debts::default()), serde_json::value::Serializer).unwrap();
        assert_eq!((&nothing["on_time"], &nothing["on_time_debts"]), (&Value::Null, &json!(0)));
    }

    #[test]
    fn an_older_report_has_the_share_alone() {
        let on_time = |owed, share: Value| read(owed, &json!({"on_time": share})).map(|debts| debts.on_time);
        assert_eq!(on_time(100, json!(0.5)), Some(50));
        // A third of three debts is one debt.
        assert_eq!([on_time(3, json!(1.0 / 3.0)), on_time(3, json!(0.333_333))], [Some(1); 2]);
        assert_eq!([on_time(0, Value::Null), on_time(4, Value::Null)], [Some(0); 2]);
    }
}
