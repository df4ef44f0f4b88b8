//! The grid as CSV: a line for each cell, with the same figures as in JSON.

use std::io;

use super::Overview;
use serde_json::Value;

pub(super) fn csv(overview: &Overview) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Option<Vec<String>> = None;
    for row in &overview.rows {
        for cell in &row.cells {
            let Value::Object(figures) = serde_json::to_value(cell)? else { continue };
            if header.is_none() {
                let names: Vec<String> = figures.keys().cloned().collect();
                writer.write_record(std::iter::once("scenario").chain(names.iter().map(String::as_str)))?;
                header = Some(names);
            }
            let values = figures.values().map(plain);
            writer.write_record(std::iter::once(row.name.clone()).chain(values))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// A value as a cell; what does not exist is empty.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}
