//! Reads the expectations in `[expect]` of the file.

use toml::de::DeValue;

use super::{Bound, Expectation, Whose};
use crate::Pattern;
use crate::error::{Complaint, InputError};
use crate::example::example;
use crate::figure::{FigureKind, figure_kind, figure_names, known};
use crate::patterns::unknown_pattern;
use crate::section::{FileValue, Key};
use crate::words::{nearest, suggestion};

/// Reads `[expect]` and the tables in it, in the order of the file.
pub(crate) fn read(value: FileValue<'_>) -> Result<Vec<Expectation>, InputError> {
    let mut expectations = Vec::new();
    for (key, value) in value.called("[expect]").entries("a table")? {
        match (Whose::named(key.get_ref()), value.value.get_ref()) {
            (Some(whose), _) => {
                for (key, value) in value.entries("a table of figures")? {
                    expectations.extend(of_figure(whose, key, value)?);
                }
            }
            (None, DeValue::Table(_)) => {
                let names = Pattern::ALL.map(Pattern::name).into_iter().chain([Whose::SERVER]);
                return Err(unknown_pattern(value.source, key, names));
            }
            (None, _) => expectations.extend(of_figure(Whose::All, key, value)?),
        }
    }
    Ok(expectations)
}

/// Reads one bound on a figure, or a list of them.
fn of_figure(whose: Whose, key: &Key<'_>, value: FileValue<'_>) -> Result<Vec<Expectation>, InputError> {
    let name = key.get_ref().as_ref();
    let Some(kind) = figure_kind(name) else {
        let error = value.source.error(&key.span(), format!("the report has no figure `{name}`"));
        let names: Vec<_> = figure_names().collect();
        return Err(error.with_hint(match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => suggestion(near, [near]),
            None => suggestion(name, known()),
        }));
    };
    let wanted = WantedFigure { name, kind };
    let expectation =
        |value| wanted.bound(value).map(|bound| Expectation { whose, figure: name.to_owned(), bound });
    let DeValue::Array(_) = value.value.get_ref() else { return Ok(vec![expectation(value)?]) };
    let bounds = value.list("a list of bounds")?;
    if bounds.is_empty() {
        return Err(value.error(format!("`{name}` has an empty list of bounds")).with_hint(example(name)));
    }
    bounds.into_iter().map(expectation).collect()
}

/// The figure whose bounds are read.
struct WantedFigure<'a> {
    name: &'a str,
    kind: FigureKind,
}

impl WantedFigure<'_> {
    fn bound(&self, value: FileValue<'_>) -> Result<Bound, InputError> {
        let bound = match value.value.get_ref() {
            DeValue::Integer(n) => {
                let n = i64::from_str_radix(n.as_str(), n.radix()).map(|n| n as f64);
                self.bare(n.ok())
            }
            DeValue::Float(n) => self.bare(n.as_str().parse().ok()),
            DeValue::String(text) => Bound::parse(text, self.kind),
            _ => return Err(value.wrong_type(self.wanted())),
        };
        let bound = bound.map_err(|hint| {
            self.wrong(value, &format!("must be {}", self.sign_and_what())).with_hint(hint)
        })?;
        let (least, most) = bound.numbers();
        if !(least.is_finite() && most.is_finite()) || least < 0.0 || matches!(bound, Bound::Below(0.0)) {
            return Err(self.wrong(value, "can be no figure below 0").with_hint(example(self.name)));
        }
        if self.kind == FigureKind::Share && most > 1.0 {
            let percent = matches!(value.value.get_ref(), DeValue::String(text) if text.contains('%'));
            let hint = if percent {
                "the whole is 100%".into()
            } else {
                format!("write {} for {most}%", most / 100.0)
            };
            return Err(self.wrong(value, "is a share of 1").with_hint(hint));
        }
        Ok(bound)
    }

    /// The bound that a number means which has no sign and is not in quotes. The error is a hint.
    fn bare(&self, number: Option<f64>) -> Result<Bound, String> {
        match number {
            None => Err(example(self.name)),
            Some(n) if self.kind == FigureKind::Time => {
                Err(format!("write a sign and its unit, such as \"< {n}ms\""))
            }
            Some(n) => Ok(Bound::Equal(n)),
        }
    }

    fn sign_and_what(&self) -> &'static str {
        match self.kind {
            FigureKind::Time => "a sign and a duration such as \"< 20ms\"",
            _ => "a number, or a sign and a number such as \"<= 5\"",
        }
    }

    fn wanted(&self) -> &'static str {
        match self.kind {
            FigureKind::Time => "text such as \"< 20ms\"",
            _ => "a number, or text such as \"<= 5\"",
        }
    }

    fn wrong(&self, value: FileValue<'_>, what: &str) -> Complaint {
        value.error(format!("`{}` {what}", self.name))
    }
}
