//! Reads one `[[fault]]` of the file.

mod moments;

use std::ops::Range;
use std::time::Duration;

use toml::de::DeValue;

use super::{ACTIONS, Action, Condition, End, FaultPlan, Link, Target};
use crate::error::{ScenarioError, Source};
use crate::example::example;
use crate::section::{Section, Value, duration, text, wrong_type};
use crate::words::list;
use crate::{Cluster, Load, Pattern, patterns, share};

/// A plan, and where its parts stand in the file.
pub(crate) struct Placed {
    pub(crate) plan: FaultPlan,
    pub(crate) at: Range<usize>,
    /// The value of `for`, or of `at` where there is none.
    pub(crate) end: Range<usize>,
    /// The value that says how often, or of `at` where there is none.
    pub(crate) times: Range<usize>,
    pub(crate) target: Range<usize>,
    /// The value of its own `patterns`, where it has some.
    pub(crate) patterns: Option<Range<usize>>,
}

/// Keys of every fault.
pub(crate) const COMMON: [&str; 6] = ["at", "between", "for", "every", "times", "patterns"];

/// The keys of a fault that belong to one action alone, and whether it needs them.
pub(crate) const OWN: [(&str, &[(&str, bool)]); 6] = [
    ("delay", &[("by", true), ("jitter", false)]),
    ("throttle", &[("bytes_per_second", true)]),
    ("slow", &[("bytes_per_second", true)]),
    ("slice", &[("bytes", true), ("gap", true)]),
    ("limit", &[("bytes", true)]),
    ("run", &[("heal", false)]),
];

/// Reads one `[[fault]]`.
pub(crate) fn read<'a>(
    source: &'a Source<'a>,
    value: Value<'a>,
    cluster: &Cluster,
    load: &Load,
) -> Result<Placed, ScenarioError> {
    let mut known: Vec<&str> = COMMON.into_iter().chain(ACTIONS).collect();
    for key in OWN.iter().flat_map(|(_, keys)| keys.iter().map(|(key, _)| *key)) {
        if !known.contains(&key) {
            known.push(key);
        }
    }
    let reader = Reader { source, section: Section::open(source, "[[fault]]", value, &known)?, cluster };
    let (name, target_value) = reader.only_action()?;
    reader.own_keys(name)?;
    let (action, target) = reader.action(name, target_value)?;
    let (moment, at) = reader.moment()?;
    let (every, times, times_span) = reader.repetition(moment, &at, load)?;
    let duration = reader.duration(&action)?;
    Ok(Placed {
        end: reader.section.get("for").map_or(at.clone(), |value| value.span()),
        times: times_span.unwrap_or_else(|| at.clone()),
        at,
        target: target_value.span(),
        patterns: reader.section.get("patterns").map(|value| value.span()),
        plan: FaultPlan { moment, every, times, duration, action, target, patterns: reader.patterns()? },
    })
}

/// One `[[fault]]` that is being read.
struct Reader<'a> {
    source: &'a Source<'a>,
    section: Section<'a>,
    cluster: &'a Cluster,
}

impl<'a> Reader<'a> {
    /// The one action of a fault, and its value.
    fn only_action(&self) -> Result<(&'static str, Value<'a>), ScenarioError> {
        let mut given: Vec<_> =
            ACTIONS.into_iter().filter_map(|action| Some((action, self.section.get(action)?))).collect();
        given.sort_by_key(|(_, value)| value.span().start);
        match given[..] {
            [one] => Ok(one),
            [] => {
                let error = self.source.error(&self.section.span, "a [[fault]] needs an action");
                Err(error.with_hint(format!("the actions are {}, such as kill = \"broker\"", list(ACTIONS))))
            }
            [(first, _), (second, _), ..] => {
                let span = self.section.key_span(second);
                let error =
                    self.source.error(&span, format!("one [[fault]] cannot `{first}` and `{second}`"));
                Err(error.with_hint("give each action a [[fault]] of its own; they may overlap"))
            }
        }
    }

    /// Keys that belong to another action are wrong, and those that this one needs are there.
    fn own_keys(&self, action: &str) -> Result<(), ScenarioError> {
        let own = OWN.iter().find(|(name, _)| *name == action).map_or(&[][..], |(_, keys)| keys);
        let stray = OWN
            .iter()
            .flat_map(|(_, keys)| keys.iter().map(|(key, _)| *key))
            .find(|key| self.section.get(key).is_some() && !own.iter().any(|(mine, _)| mine == key));
        if let Some(key) = stray {
            let of: Vec<_> = OWN
                .iter()
                .filter(|(_, keys)| keys.iter().any(|(k, _)| *k == key))
                .map(|(name, _)| *name)
                .collect();
            let error =
                self.source.error(&self.section.key_span(key), format!("`{action}` takes no `{key}`"));
            return Err(error.with_hint(format!("`{key}` belongs to {}", list(of))));
        }
        match own.iter().find(|(key, needed)| *needed && self.section.get(key).is_none()) {
            None => Ok(()),
            Some((key, _)) => {
                let error =
                    self.source.error(&self.section.key_span(action), format!("`{action}` needs `{key}`"));
                Err(error.with_hint(example(key)))
            }
        }
    }

    fn action(&self, name: &'static str, value: Value<'a>) -> Result<(Action, Target), ScenarioError> {
        let process = |action| Ok((action, self.process(name)?));
        let link = |condition| Ok((Action::Link(condition), self.link(name, condition)?));
        match name {
            "kill" => process(Action::Kill),
            "stop" => process(Action::Stop),
            "pause" => process(Action::Pause),
            "leave" => Ok((Action::Leave, share::read(self.source, &self.section, name)?)),
            "join" => Ok((Action::Join, share::read(self.source, &self.section, name)?)),
            "cut" => link(Condition::Cut),
            "blackhole" => link(Condition::Blackhole),
            "delay" => {
                let by = self.time("by")?.unwrap_or_default();
                let jitter = self.time("jitter")?.unwrap_or_default();
                if jitter > by {
                    let span = self.section.get("jitter").map_or(0..0, |value| value.span());
                    let error = self.source.error(&span, "`jitter` is more than `by`");
                    return Err(error.with_hint("no chunk leaves before it came: lower `jitter`"));
                }
                link(Condition::Delay { by, jitter })
            }
            "throttle" => {
                link(Condition::Throttle { bytes_per_second: self.count("bytes_per_second", 1..=1 << 40)? })
            }
            "slice" => {
                let bytes = self.count("bytes", 1..=1 << 20)?;
                link(Condition::Slice { bytes, pause: self.time("gap")?.unwrap_or_default() })
            }
            "limit" => link(Condition::Limit { bytes: self.count("bytes", 0..=1 << 50)? }),
            "partition" => Ok((Action::Partition, Target::Groups(self.groups(value)?))),
            "slow" => {
                let bytes_per_second = self.count("bytes_per_second", 1..=1 << 40)?;
                Ok((Action::Slow { bytes_per_second }, self.subscriber(name)?))
            }
            "storm" => match self.process(name)? {
                Target::Broker | Target::History => {
                    let error = self.source.error(&value.span(), "`storm` is about the clients of a node");
                    Err(error.with_hint("storm = \"node 1\", or \"node *\""))
                }
                node => Ok((Action::Storm, node)),
            },
            "surge" => Ok((Action::Surge { factor: self.factor(value)? }, Target::Load)),
            _ => {
                let line = |key| -> Result<Option<String>, ScenarioError> {
                    let Some(text) = self.section.text(key)? else { return Ok(None) };
                    if text.get_ref().trim().is_empty() || text.get_ref().contains('\0') {
                        let error =
                            self.source.error(&text.span(), format!("`{key}` must be a shell command"));
                        return Err(error.with_hint("run = \"docker pause my-broker\""));
                    }
                    Ok(Some((*text.get_ref()).to_owned()))
                };
                let heal = line("heal")?;
                if heal.is_some() && self.section.get("for").is_none() {
                    let error = self.source.error(&self.section.key_span("heal"), "`heal` needs `for`");
                    return Err(error.with_hint("for = \"5s\" says when the fault is healed"));
                }
                Ok((Action::Run { command: line("run")?.unwrap_or_default(), heal }, Target::Unknown))
            }
        }
    }

    fn words(&self, key: &'static str) -> Result<toml::Spanned<&'a str>, ScenarioError> {
        let text = self.section.text(key)?;
        text.ok_or_else(|| {
            self.source.error(&self.section.span, "a [[fault]] needs an action").with_hint(example(key))
        })
    }

    fn process(&self, key: &'static str) -> Result<Target, ScenarioError> {
        let text = self.words(key)?;
        Target::parse(text.get_ref()).ok_or_else(|| {
            let last = self.cluster.nodes - 1;
            let error = self.source.error(&text.span(), format!("`{}` is no target", text.get_ref()));
            error.with_hint(format!(
                "a target is \"broker\", \"history\", \"node 0\" to \"node {last}\", \"node *\" or \"node any\""
            ))
        })
    }

    fn link(&self, key: &'static str, condition: Condition) -> Result<Target, ScenarioError> {
        let text = self.words(key)?;
        let wrong = |what: &str| self.source.error(&text.span(), format!("`{}` {what}", text.get_ref()));
        let forms = "\"node 1 <-> broker\", \"node 0 -> node 2\", \"client * <-> node 1\", \"node * <-> history\" \
                     and \"history <-> broker\" are links";
        let Some(link) = Link::parse(text.get_ref()) else {
            return Err(wrong("is no link").with_hint(forms));
        };
        if !link.is_possible() {
            return Err(wrong("is a link that no cluster has").with_hint(forms));
        }
        if condition == Condition::Cut && link.one_way {
            return Err(wrong("cannot be cut one way: a reset ends both")
                .with_hint("write `<->`, or take `blackhole` for one way"));
        }
        Ok(Target::Link(link))
    }

    fn subscriber(&self, key: &'static str) -> Result<Target, ScenarioError> {
        let text = self.words(key)?;
        if text.get_ref().contains('%') {
            return share::read(self.source, &self.section, key);
        }
        Target::parse_subscriber(text.get_ref()).ok_or_else(|| {
            let error = self.source.error(&text.span(), format!("`{}` is no subscriber", text.get_ref()));
            error.with_hint("\"subscriber 3\", \"subscriber any\" and \"10%\" are subscribers")
        })
    }

    /// `[["node 0"], ["node 1", "node 2"]]`, or one group alone against all others.
    fn groups(&self, value: Value<'a>) -> Result<Vec<Vec<End>>, ScenarioError> {
        let form = "a list of groups such as [[\"node 0\"], [\"node 1\", \"node 2\"]]";
        let DeValue::Array(items) = value.get_ref() else {
            return Err(wrong_type(self.source, value, "partition", form));
        };
        let nested = items.iter().any(|item| matches!(item.get_ref(), DeValue::Array(_)));
        let mut groups: Vec<Vec<End>> = Vec::new();
        let mut seen: Vec<End> = Vec::new();
        let mut group = |members: &mut dyn Iterator<Item = Value<'a>>| -> Result<(), ScenarioError> {
            let mut ends = Vec::new();
            for member in members {
                let word = text(self.source, member, "partition")?;
                let end = End::parse(word.get_ref());
                let wrong =
                    |what: &str| self.source.error(&word.span(), format!("`{}` {what}", word.get_ref()));
                match end {
                    Some(end @ (End::Broker | End::History | End::Node(_))) => {
                        if seen.contains(&end) {
                            return Err(wrong("is in two groups").with_hint("name each once"));
                        }
                        if let End::Node(n) = end
                            && n >= self.cluster.nodes
                        {
                            let last = self.cluster.nodes - 1;
                            return Err(wrong("is not there").with_hint(format!("the last is node {last}")));
                        }
                        seen.push(end);
                        ends.push(end);
                    }
                    _ => {
                        let error = wrong("cannot be in a group");
                        return Err(error.with_hint("a group has \"node 0\", \"broker\" and \"history\""));
                    }
                }
            }
            groups.push(ends);
            Ok(())
        };
        if nested {
            for item in items.iter() {
                let DeValue::Array(members) = item.get_ref() else {
                    return Err(wrong_type(self.source, item, "partition", form));
                };
                group(&mut members.iter())?;
            }
        } else {
            group(&mut items.iter())?;
        }
        if groups.iter().any(Vec::is_empty) || groups.is_empty() {
            let error = self.source.error(&value.span(), "`partition` has an empty group");
            return Err(error.with_hint(format!("write {form}")));
        }
        Ok(groups)
    }

    fn factor(&self, value: Value<'a>) -> Result<f64, ScenarioError> {
        let number = match value.get_ref() {
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n as f64),
            DeValue::Float(n) => n.as_str().parse().ok(),
            _ => return Err(wrong_type(self.source, value, "surge", "a number: the rate, times this")),
        };
        number.filter(|factor| *factor > 0.0 && *factor <= 10_000.0).ok_or_else(|| {
            let error = self.source.error(&value.span(), "`surge` must be more than 0 and at most 10000");
            error.with_hint("surge = 10 is ten times the rate")
        })
    }

    fn count(&self, key: &'static str, range: std::ops::RangeInclusive<u64>) -> Result<u64, ScenarioError> {
        let Some(value) = self.section.get(key) else { return Ok(*range.start()) };
        let number = match value.get_ref() {
            DeValue::Integer(n) => u64::from_str_radix(n.as_str(), n.radix()).ok(),
            DeValue::Float(_) => None,
            _ => return Err(wrong_type(self.source, value, key, "a whole number")),
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let what = format!("`{key}` must be a whole number from {} to {}", range.start(), range.end());
            self.source.error(&value.span(), what).with_hint(example(key))
        })
    }

    fn time(&self, key: &'static str) -> Result<Option<Duration>, ScenarioError> {
        self.section.get(key).map(|value| duration(self.source, value, key)).transpose()
    }

    fn patterns(&self) -> Result<Option<Vec<Pattern>>, ScenarioError> {
        let Some(value) = self.section.get("patterns") else { return Ok(None) };
        patterns::read(self.source, value).map(Some)
    }
}
