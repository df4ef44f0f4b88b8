//! The JSON Schema of `report.json`, derived from the types that write it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Report, SCHEMA};
use scenario::{Figure, Presence};

/// The JSON Schema (draft 2020-12) of `report.json` in the form in which this version writes it. Fields are only ever
/// added, so the schema allows fields that it does not name.
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("title".into(), "A report of pubsub-lab".into());
    let mut schema = schema.to_value();
    if let Some(version) = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
        version.insert("const".into(), SCHEMA.into());
        version.insert(
            "description".into(),
            "The version of this format; it counts up if a field changes its meaning.".into(),
        );
    }
    for figure in Figure::all() {
        describe(&mut schema, figure);
    }
    schema
}

/// Says of a figure what it means, wherever the report has it.
fn describe(schema: &mut Value, figure: Figure) {
    let (name, note) = match figure {
        Figure::Count(_) => (figure.name().to_owned(), ""),
        Figure::Share(_) => (figure.name().to_owned(), " 0 to 1; `null` if nothing was owed."),
        Figure::Time(_) | Figure::Presence(Presence::Settled) => {
            (figure.name().to_owned() + "_ms", " In milliseconds.")
        }
        Figure::Presence(_) => (figure.name().to_owned(), ""),
        Figure::Traffic(_) => (figure.name().to_owned(), ""),
        Figure::Cost(_) => (figure.name().to_owned(), ""),
        // A report has all quantiles of a distribution as one object.
        Figure::Quantile(..) => return,
    };
    for definition in ["RunReport", "Messages", "Debts", "PresenceFigures", "TrafficFigures", "RunCost"] {
        let place = format!("/$defs/{definition}/properties/{name}");
        if let Some(property) = schema.pointer_mut(&place).and_then(Value::as_object_mut) {
            property.insert("description".into(), (figure.meaning() + note).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_says_what_it_means() {
        let schema = json_schema();
        let mut described = 0;
        for definition in ["RunReport", "Messages", "Debts", "PresenceFigures", "TrafficFigures", "RunCost"] {
            for (name, property) in schema["$defs"][definition]["properties"].as_object().unwrap() {
                let text = property["description"].as_str().unwrap_or_default();
                assert!(!text.is_empty() && !text.contains("[`"), "{definition}: {name}: {text}");
                let figure = Figure::named(name).map(|(figure, _)| figure.meaning());
                if let Some(meaning) = figure {
                    assert!(text.starts_with(&meaning), "{definition}: {name}: {text}");
                    described += 1;
                }
            }
        }
        // `lost_share` is in no report.
        assert_eq!(described, Figure::all().filter(|it| !matches!(it, Figure::Quantile(..))).count() - 1);
    }
}
