//! The runs of a bench before they are made: their order, and what each is called.

use std::path::PathBuf;

use super::bench::{BenchOptions, LOGS};
use super::subject::Subject;
use scenario::Variation;

/// One run that is to be made.
pub(super) struct Planned<'a> {
    pub(super) subject: &'a Subject,
    pub(super) variation: &'a Variation,
    /// Which repetition, counted from 1.
    pub(super) repeat: u32,
    /// Which of the subject's runs, counted from 1.
    number: usize,
    /// Whether there are several of them that nothing else tells apart.
    repeated: bool,
}

impl<'a> Planned<'a> {
    /// The runs of a subject: each variation so many times, before the next one.
    pub(super) fn of(options: &'a BenchOptions, subject: &'a Subject) -> Vec<Self> {
        let repeats = || 1..=options.runs;
        let all = options.variations.iter().flat_map(|variation| repeats().map(move |n| (variation, n)));
        let planned = |(place, (variation, repeat))| Self {
            subject,
            variation,
            repeat,
            number: place + 1,
            repeated: options.runs > 1,
        };
        all.enumerate().map(planned).collect()
    }

    /// Its id in the report: `redis-2`.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.subject.label(), self.number)
    }

    /// What people call it: `redis rate=100 #2`.
    pub(super) fn name(&self) -> String {
        let number = if self.repeated { format!(" #{}", self.repeat) } else { String::new() };
        format!("{}{}{number}", self.subject.label(), self.values())
    }

    /// Where its logs are.
    pub(super) fn logs(&self, options: &BenchOptions) -> PathBuf {
        let values = self.values().replace([' ', '='], "-");
        let number = if self.repeated { format!("-run-{}", self.repeat) } else { String::new() };
        options.out.join(LOGS).join(format!("{}{values}{number}", self.subject.label()))
    }

    /// Its place among all runs, counted from 1, and how many there are.
    pub(super) fn place(&self, options: &BenchOptions) -> (usize, usize) {
        let each = options.variations.len() * options.runs as usize;
        let before = options.subjects.iter().position(|other| other == self.subject).unwrap_or(0);
        (before * each + self.number, options.subjects.len() * each)
    }

    /// ` rate=100`; empty where nothing is varied.
    fn values(&self) -> String {
        self.variation.params.iter().map(|(key, value)| format!(" {key}={value}")).collect()
    }
}
