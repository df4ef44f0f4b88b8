//! `[matrix]`: one scenario over several values, with a run for each.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::error::InputError;
use super::example::of_matrix;
use super::fields::Overrides;
use super::section::{FileValue, Section};

/// The fields that a matrix may vary.
pub const MATRIX_FIELDS: [&str; 6] = ["rate", "payload", "nodes", "subscribers", "publishers", "rooms"];

/// The most variations of a matrix; more are a mistake.
const MOST: usize = 1_000;

/// The fields that are varied from run to run: every combination of their values, the last field of the file fastest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    /// The varied fields with their values, in the order of the file.
    pub fields: Vec<(&'static str, Vec<Json>)>,
    /// Whether a pattern's runs end with the first that violates an expectation: a search for the last value that the
    /// pattern sustains.
    pub until_violated: bool,
}

impl Matrix {
    /// Number of variations; one where nothing is varied.
    pub fn count(&self) -> usize {
        self.fields.iter().map(|(_, values)| values.len()).product()
    }

    /// The values of the variation with this number.
    pub(super) fn params(&self, variation: usize) -> BTreeMap<String, Json> {
        let sizes: Vec<_> = self.fields.iter().map(|(_, values)| values.len()).collect();
        let places = places(&sizes, variation);
        let of = |((key, values), place): (&(&str, Vec<Json>), usize)| {
            Some(((*key).to_owned(), values.get(place)?.clone()))
        };
        self.fields.iter().zip(places).filter_map(of).collect()
    }
}

/// For each field, the place of its value in the variation with this number.
fn places(sizes: &[usize], mut variation: usize) -> Vec<usize> {
    let mut places = vec![0; sizes.len()];
    for (place, size) in places.iter_mut().zip(sizes).rev() {
        (*place, variation) = (variation % size, variation / size);
    }
    places
}

fn rises(one: &Json, next: &Json) -> bool {
    one.as_f64().zip(next.as_f64()).is_some_and(|(one, next)| one < next)
}

/// The values that one variation takes, by field.
type Picks<'a> = BTreeMap<&'static str, FileValue<'a>>;

/// Reads `[matrix]`, and picks the values of one variation. A field that a flag gives is not varied.
pub(super) fn read<'a>(
    root: &Section<'a>,
    overrides: &Overrides,
    variation: usize,
) -> Result<(Matrix, Picks<'a>), InputError> {
    let (mut matrix, mut picks) = (Matrix::default(), Picks::new());
    let known: Vec<&str> = MATRIX_FIELDS.into_iter().chain(["until"]).collect();
    let Some(section) = root.table("matrix", "[matrix]", &known)? else { return Ok((matrix, picks)) };
    if let Some((until, word)) = section.text("until")? {
        if word != "violated" {
            let error = until.error(format!("`until` cannot be `{word}`"));
            return Err(error.with_hint("until = \"violated\" ends a pattern's runs at the first that fails"));
        }
        matrix.until_violated = true;
    }
    let mut lists = Vec::new();
    for key in MATRIX_FIELDS {
        let Some(list) = section.get(key) else { continue };
        let items = list.list("a list").map_err(|error| error.hinting(of_matrix(key)))?;
        if items.is_empty() {
            let error = list.error(format!("`{key}` has no value to take"));
            return Err(error.with_hint(of_matrix(key)));
        }
        if !overrides.contains_key(key) {
            lists.push((section.key_span(key).start, key, items));
        }
    }
    lists.sort_by_key(|(at, ..)| *at);
    let sizes: Vec<_> = lists.iter().map(|(_, _, items)| items.len()).collect();
    let runs = sizes.iter().try_fold(1_usize, |all, size| all.checked_mul(*size).filter(|all| *all <= MOST));
    if runs.is_none() {
        let error = section.error(format!("the matrix has more than {MOST} variations"));
        return Err(error.with_hint("vary fewer fields, or over fewer values"));
    }
    for ((_, key, items), place) in lists.into_iter().zip(places(&sizes, variation)) {
        let mut values = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let number = item.number("a number").map_err(|error| error.hinting(of_matrix(key)))?;
            let error = || item.error(format!("`{key}` is no such number"));
            let number = number.ok_or_else(|| error().with_hint(of_matrix(key)))?;
            if let Some(last) = values.last().filter(|last| matrix.until_violated && !rises(last, &number)) {
                let what = format!("a search goes upwards, and {number} comes after {last}");
                let hint =
                    format!("let `{key}` rise from value to value, or leave `until` out for all of them");
                return Err(item.error(what).with_hint(hint));
            }
            values.push(number);
            if i == place {
                picks.insert(key, *item);
            }
        }
        matrix.fields.push((key, values));
    }
    if matrix.until_violated && matrix.fields.len() > 1 {
        let error = section.error_at_key("until", "`until` needs one field to vary, not several");
        return Err(error.with_hint("a search goes along one line: leave the other fields to [load]"));
    }
    Ok((matrix, picks))
}
