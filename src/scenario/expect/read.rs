//! Reads the expectations in `[expect]` of the file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Bound, Expectation, Whose};
use crate::Pattern;
use crate::error::{Complaint, InputError, Source};
use crate::example::example;
use crate::figure::{FigureKind, figure_kind, figure_names, known};
use crate::patterns::unknown_pattern;
use crate::section::{Value, wrong_type};
use crate::words::{nearest, suggestion};

/// Reads `[expect]` and the tables in it, in the order of the file.
pub(crate) fn read(source: &Source<'_>, value: Value<'_>) -> Result<Vec<Expectation>, InputError> {
    let DeValue::Table(table) = value.get_ref() else {
        return Err(wrong_type(source, value, "[expect]", "a table"));
    };
    let mut expectations = Vec::new();
    for (key, value) in in_order(table) {
        match (Whose::named(key.get_ref()), value.get_ref()) {
            (Some(whose), DeValue::Table(table)) => {
                for (key, value) in in_order(table) {
                    expectations.extend(of_figure(source, whose, key, value)?);
                }
            }
            (Some(_), _) => return Err(wrong_type(source, value, key.get_ref(), "a table of figures")),
            (None, DeValue::Table(_)) => {
                let names = Pattern::ALL.map(Pattern::name).into_iter().chain([Whose::SERVER]);
                return Err(unknown_pattern(source, key, names));
            }
            (None, _) => expectations.extend(of_figure(source, Whose::All, key, value)?),
        }
    }
    Ok(expectations)
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;

fn in_order<'a>(table: &'a DeTable<'a>) -> Vec<(&'a Key<'a>, Value<'a>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// Reads one bound on a figure, or a list of them.
fn of_figure(
    source: &Source<'_>,
    whose: Whose,
    key: &Key<'_>,
    value: Value<'_>,
) -> Result<Vec<Expectation>, InputError> {
    let name = key.get_ref().as_ref();
    let Some(kind) = figure_kind(name) else {
        let error = source.error(&key.span(), format!("the report has no figure `{name}`"));
        let names: Vec<_> = figure_names().collect();
        return Err(error.with_hint(match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => suggestion(near, [near]),
            None => suggestion(name, known()),
        }));
    };
    let wanted = WantedFigure { source, name, kind };
    let expectation =
        |value| wanted.bound(value).map(|bound| Expectation { whose, figure: name.to_owned(), bound });
    match value.get_ref() {
        DeValue::Array(all) if all.is_empty() => {
            let error = source.error(&value.span(), format!("`{name}` has an empty list of bounds"));
            Err(error.with_hint(example(name)))
        }
        DeValue::Array(all) => all.iter().map(expectation).collect(),
        _ => Ok(vec![expectation(value)?]),
    }
}

/// The figure whose bounds are read.
struct WantedFigure<'a> {
    source: &'a Source<'a>,
    name: &'a str,
    kind: FigureKind,
}

impl WantedFigure<'_> {
    fn bound(&self, value: Value<'_>) -> Result<Bound, InputError> {
        let bound = match value.get_ref() {
            DeValue::Integer(n) => {
                let n = i64::from_str_radix(n.as_str(), n.radix()).map(|n| n as f64);
                self.bare(n.ok())
            }
            DeValue::Float(n) => self.bare(n.as_str().parse().ok()),
            DeValue::String(text) => Bound::parse(text, self.kind),
            _ => return Err(wrong_type(self.source, value, self.name, &self.wanted())),
        };
        let bound = bound
            .map_err(|hint| self.wrong(value, format!("must be {}", self.sign_and_what())).with_hint(hint))?;
        let (least, most) = bound.numbers();
        if !(least.is_finite() && most.is_finite()) || least < 0.0 || matches!(bound, Bound::Below(0.0)) {
            return Err(self.wrong(value, "can be no figure below 0".into()).with_hint(example(self.name)));
        }
        if self.kind == FigureKind::Share && most > 1.0 {
            let percent = matches!(value.get_ref(), DeValue::String(text) if text.contains('%'));
            let hint = if percent {
                "the whole is 100%".into()
            } else {
                format!("write {} for {most} %", most / 100.0)
            };
            return Err(self.wrong(value, "is a share of 1".into()).with_hint(hint));
        }
        Ok(bound)
    }

    /// The bound that a number means which has no sign and is not in quotes. The error is a hint.
    fn bare(&self, number: Option<f64>) -> Result<Bound, String> {
        match number {
            None => Err(example(self.name)),
            Some(n) if self.kind == FigureKind::Time => Err(format!("write its unit, such as \"= {n}ms\"")),
            Some(n) => Ok(Bound::Equal(n)),
        }
    }

    fn sign_and_what(&self) -> &'static str {
        match self.kind {
            FigureKind::Time => "a sign and a duration such as \"< 20ms\"",
            _ => "a number, or a sign and a number such as \"<= 5\"",
        }
    }

    fn wanted(&self) -> String {
        match self.kind {
            FigureKind::Time => "text such as \"< 20ms\"".into(),
            _ => "a number, or text such as \"<= 5\"".into(),
        }
    }

    fn wrong(&self, value: Value<'_>, what: String) -> Complaint {
        self.source.error(&value.span(), format!("`{}` {what}", self.name))
    }
}
