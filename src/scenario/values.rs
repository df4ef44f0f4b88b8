//! Reads the values of cluster and load: what each field may be, whether the file or a flag gives it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::cluster::Cluster;
use super::error::{Complaint, InputError, Origin, Source, flag};
use super::example::{example, of_matrix};
use super::fields::{CLUSTER_FIELDS, Field, LOAD_FIELDS, Overrides};
use super::load::Load;
use super::section::{FileValue, LONGEST, NO_DURATION, Section, parse_duration};
use super::transport::{self, Transport};
use super::words::suggestion;
use super::written;

/// The most chat servers of one cluster.
pub(super) const MAX_NODES: usize = 64;
const MAX_RATE: f64 = 1_000_000.0;
const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The values of cluster and load, and who gave each.
pub(super) struct Fields<'a> {
    source: &'a Source<'a>,
    cluster: Option<Section<'a>>,
    load: Option<Section<'a>>,
    overrides: &'a Overrides,
    /// The values that this variation of a `[matrix]` takes instead of the file's own.
    picks: BTreeMap<&'static str, FileValue<'a>>,
    origins: BTreeMap<&'static str, Origin>,
}

/// A value before its field has checked it.
enum Raw<'a> {
    Toml(FileValue<'a>),
    Text(String),
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        source: &'a Source<'a>,
        cluster: Option<Section<'a>>,
        load: Option<Section<'a>>,
        overrides: &'a Overrides,
        picks: BTreeMap<&'static str, FileValue<'a>>,
    ) -> Result<Self, InputError> {
        let fields = Self { source, cluster, load, overrides, picks, origins: BTreeMap::new() };
        let known = || CLUSTER_FIELDS.iter().chain(LOAD_FIELDS).map(|field| field.key);
        match overrides.iter().find(|(key, _)| !known().any(|known| known == **key)) {
            None => Ok(fields),
            Some((key, text)) => {
                let error = source.error_at(&Origin::Flag(key, text.clone()), "no field of a scenario");
                Err(error.with_hint(suggestion(key, known())))
            }
        }
    }

    /// Reads `[cluster]`.
    pub(super) fn cluster(&mut self) -> Result<Cluster, InputError> {
        Ok(Cluster { nodes: self.count("nodes", 1..=MAX_NODES)? })
    }

    /// Reads `[load]`.
    pub(super) fn load(&mut self) -> Result<Load, InputError> {
        Ok(Load {
            publishers: self.count("publishers", 1..=10_000)?,
            subscribers: self.count("subscribers", 1..=50_000)?,
            rate: self.rate()?,
            // The text names its message in up to 48 bytes; a node refuses a text over 16 KiB.
            payload: self.count("payload", 48..=16_384)?,
            rooms: self.count("rooms", 1..=10_000)?,
            resend: self.switch("resend")?,
            presence: self.switch("presence")?,
            transports: self.transports()?,
            // Before the load every path has ten seconds in which it is probed.
            poll_every: self.time("poll_every", 100 * MS..=5 * SECOND)?,
            warm_up: self.time("warm_up", Duration::ZERO..=10 * MINUTE)?,
            duration: self.time("duration", MS..=LONGEST)?,
            drain: self.time("drain", Duration::ZERO..=10 * MINUTE)?,
            connect_timeout: self.time("connect_timeout", MS..=MINUTE)?,
            reconnect_min: self.time("reconnect_min", MS..=MINUTE)?,
            reconnect_max: self.time("reconnect_max", MS..=5 * MINUTE)?,
        })
    }

    /// Where a field got its value; `None` for a default.
    pub(super) fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }

    /// Where an error points when these fields contradict each other: to a flag before the file, or else to the first
    /// field.
    pub(super) fn to_blame(&self, keys: &[&str]) -> Option<&Origin> {
        let given = || keys.iter().filter_map(|key| self.origin(key));
        given().find(|origin| matches!(origin, Origin::Flag(..))).or_else(|| given().next())
    }

    fn raw(&mut self, key: &'static str) -> Raw<'a> {
        let section = if key == "nodes" { &self.cluster } else { &self.load };
        if let Some(text) = self.overrides.get(key) {
            self.origins.insert(key, Origin::Flag(key, text.clone()));
            Raw::Text(text.trim().to_owned())
        } else if let Some(value) = self.picks.get(key) {
            self.origins.insert(key, Origin::File(value.span()));
            Raw::Toml(*value)
        } else if let Some(value) = section.as_ref().and_then(|section| section.get(key)) {
            self.origins.insert(key, Origin::File(value.span()));
            Raw::Toml(value)
        } else {
            Raw::Text(Field::of(key).map_or("", |field| field.default).to_owned())
        }
    }

    fn wrong(&self, key: &str, what: String) -> Complaint {
        let what = format!("`{key}` {what}");
        match self.origin(key) {
            Some(origin) => self.source.error_at(origin, what),
            None => Complaint::new(what),
        }
    }

    /// Says how a field is written, in the way of whoever gave it.
    fn like(&self, key: &str) -> String {
        match self.origin(key) {
            Some(Origin::Flag(key, _)) => {
                let default = Field::of(key).map_or("", |field| field.default);
                format!("write it like {} {default}, or leave it out for the scenario's own", flag(key))
            }
            _ if self.picks.contains_key(key) => of_matrix(key),
            _ => example(key),
        }
    }

    fn count(&mut self, key: &'static str, range: RangeInclusive<usize>) -> Result<usize, InputError> {
        let number: Option<usize> = match self.raw(key) {
            Raw::Text(text) => text.parse().ok(),
            Raw::Toml(value) => {
                value.number("a whole number")?.and_then(|number| number.as_u64()?.try_into().ok())
            }
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let what = format!("must be a whole number from {} to {}", range.start(), range.end());
            self.wrong(key, what).with_hint(self.like(key))
        })
    }

    fn rate(&mut self) -> Result<f64, InputError> {
        let number: Option<f64> = match self.raw("rate") {
            Raw::Text(text) => text.parse().ok(),
            Raw::Toml(value) => value.number("a number")?.and_then(|number| number.as_f64()),
        };
        number.filter(|rate| *rate > 0.0 && *rate <= MAX_RATE).ok_or_else(|| {
            let what = format!("must be more than 0 and at most {MAX_RATE} messages a second");
            self.wrong("rate", what).with_hint(self.like("rate"))
        })
    }

    fn switch(&mut self, key: &'static str) -> Result<bool, InputError> {
        match self.raw(key) {
            Raw::Text(text) => text
                .parse()
                .map_err(|_| self.wrong(key, "must be true or false".into()).with_hint(self.like(key))),
            Raw::Toml(value) => {
                value.json().and_then(|on| on.as_bool()).ok_or_else(|| value.wrong_type("true or false"))
            }
        }
    }

    fn transports(&mut self) -> Result<Vec<Transport>, InputError> {
        match self.raw("transport") {
            Raw::Toml(value) => transport::read_value(value),
            Raw::Text(text) => transport::read_words(text.split(',').map(str::trim))
                .map_err(|(_, wrong)| self.wrong("transport", wrong.what).with_hint(wrong.hint)),
        }
    }

    fn time(&mut self, key: &'static str, range: RangeInclusive<Duration>) -> Result<Duration, InputError> {
        let time = match self.raw(key) {
            Raw::Toml(value) => value.duration()?,
            Raw::Text(text) => {
                parse_duration(&text).map_err(|hint| self.wrong(key, NO_DURATION.into()).with_hint(hint))?
            }
        };
        if range.contains(&time) {
            return Ok(time);
        }
        let (from, to) = (written::time(*range.start()), written::time(*range.end()));
        Err(self.wrong(key, format!("must be from {from} to {to}")).with_hint(self.like(key)))
    }
}
