//! The JSON Schema of `report.json`, derived from the types that write it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Report, SCHEMA};

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
    schema
}
