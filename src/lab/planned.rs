//! The runs of a bench before they are made: their order, and what each is called.

use std::path::PathBuf;

use super::bench::{BenchOptions, LOGS};
use super::subject::Subject;
use scenario::{Transport, Variation};

/// One run that is to be made.
pub(super) struct Planned<'a> {
    pub(super) subject: &'a Subject,
    /// How the subscribers of the run hear.
    pub(super) transport: Transport,
    pub(super) variation: &'a Variation,
    /// Which repetition of its variation this run is, counted from 1.
    pub(super) repeat: u32,
    /// Which of the subject's runs this run is, counted from 1.
    number: usize,
    /// Whether there are several runs that nothing but their number tells apart.
    repeated: bool,
    /// Whether the subject is run over several transports.
    is_one_of_several: bool,
}

impl<'a> Planned<'a> {
    /// The runs of a subject: all variations over one transport come before those over the next, and all repetitions of one
    /// variation before those of the next.
    pub(super) fn of(options: &'a BenchOptions, subject: &'a Subject) -> Vec<Self> {
        let transports = &options.scenario.load.transports;
        let repeated = |variation: &'a Variation| (1..=options.runs).map(move |repeat| (variation, repeat));
        let varied = |transport: &'a Transport| {
            options
                .variations
                .iter()
                .flat_map(repeated)
                .map(move |(variation, repeat)| (*transport, variation, repeat))
        };
        let planned = |(place, (transport, variation, repeat))| Self {
            subject,
            transport,
            variation,
            repeat,
            number: place + 1,
            repeated: options.runs > 1,
            is_one_of_several: transports.len() > 1,
        };
        transports.iter().flat_map(varied).enumerate().map(planned).collect()
    }

    /// The id of the run in the report: `redis-2`.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.subject.label(), self.number)
    }

    /// What the report calls the subject: `redis`, or `redis, sse` where it is run over several transports.
    pub(super) fn label(&self) -> String {
        match self.is_one_of_several {
            true => format!("{}, {}", self.subject.label(), self.transport),
            false => self.subject.label().to_owned(),
        }
    }

    /// The name of the run for people: `redis rate=100 #2`.
    pub(super) fn name(&self) -> String {
        let number = if self.repeated { format!(" #{}", self.repeat) } else { String::new() };
        format!("{}{}{number}", self.label(), self.values())
    }

    /// The directory of the run's logs.
    pub(super) fn logs(&self, options: &BenchOptions) -> PathBuf {
        let values = self.values().replace([' ', '='], "-");
        let label = self.label().replace(", ", "-");
        let number = if self.repeated { format!("-run-{}", self.repeat) } else { String::new() };
        options.out.join(LOGS).join(format!("{label}{values}{number}"))
    }

    /// The place of the run among all runs, counted from 1, and the number of all runs.
    pub(super) fn place(&self, options: &BenchOptions) -> (usize, usize) {
        let transports = options.scenario.load.transports.len();
        let each = transports * options.variations.len() * options.runs as usize;
        let before = options.subjects.iter().position(|other| other == self.subject).unwrap_or(0);
        (before * each + self.number, options.subjects.len() * each)
    }

    /// The varied values as a suffix of the name, ` rate=100`; empty where nothing is varied.
    fn values(&self) -> String {
        self.variation.params.iter().map(|(key, value)| format!(" {key}={value}")).collect()
    }
}
