//! A report as CI servers read test results: JUnit's XML. A suite a run, a test case an expectation.

mod cases;
mod text;

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Report, RunReport};
use cases::{Case, Fate, cases};
use text::clean;

/// What became of a number of test cases, as attributes of a suite.
#[derive(Default)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Totals {
    fn of<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let mut totals = Self::default();
        for case in cases {
            totals.tests += 1;
            match case.fate {
                Fate::Passed => {}
                Fate::Failed { .. } => totals.failures += 1,
                Fate::Error { .. } => totals.errors += 1,
                Fate::Skipped { .. } => totals.skipped += 1,
            }
        }
        totals
    }

    fn attributes(&self) -> [(&'static str, String); 4] {
        let Self { tests, failures, errors, skipped } = self;
        [("tests", tests), ("failures", failures), ("errors", errors), ("skipped", skipped)]
            .map(|(name, count)| (name, count.to_string()))
    }
}

/// The text of a JUnit file. Each run is a test suite, and each of its expectations a test case: failed if the run is
/// violated, an error if it is inconclusive, skipped if it was not made. The violation that ended a search passes.
pub fn junit(report: &Report) -> io::Result<String> {
    let scenario = report.scenario.get("name").and_then(|name| name.as_str()).unwrap_or("scenario");
    let suites: Vec<_> = report.runs.iter().map(|run| (run, cases(run))).collect();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let totals = Totals::of(suites.iter().flat_map(|(_, cases)| cases));
    element(&mut writer, "testsuites", &[("name", scenario)], &totals.attributes(), |writer| {
        suites.iter().try_for_each(|(run, cases)| suite(writer, report.seed, scenario, run, cases))
    })?;
    let mut text = writer.into_inner();
    text.write_all(b"\n")?;
    String::from_utf8(text).map_err(io::Error::other)
}

fn suite(
    writer: &mut Writer<Vec<u8>>,
    seed: u64,
    scenario: &str,
    run: &RunReport,
    cases: &[Case],
) -> io::Result<()> {
    // A CI server tells test cases apart by class and name, so that the runs of a matrix need classes of their own.
    let variation = variation(run);
    let name = format!("{scenario} / {}{variation}", run.label);
    let class = format!("pubsub-lab.{scenario}.{}{variation}", run.label);
    let totals = Totals::of(cases);
    element(writer, "testsuite", &[("name", &name)], &totals.attributes(), |writer| {
        let properties = [("id", run.id.as_str()), ("pattern", &run.pattern), ("seed", &seed.to_string())];
        element(writer, "properties", &[], &[], |writer| {
            properties.iter().try_for_each(|(name, value)| {
                element(writer, "property", &[("name", name), ("value", value)], &[], |_| Ok(()))
            })
        })?;
        cases.iter().try_for_each(|case| test_case(writer, &class, case))
    })
}

/// ` rate=1000`, ` (2)` for a second repetition; empty for a run alone.
fn variation(run: &RunReport) -> String {
    let mut text: String = run.params.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    if run.repeat > 1 {
        text += &format!(" ({})", run.repeat);
    }
    text
}

fn test_case(writer: &mut Writer<Vec<u8>>, class: &str, case: &Case) -> io::Result<()> {
    element(writer, "testcase", &[("classname", class), ("name", &case.name)], &[], |writer| {
        match &case.fate {
            Fate::Passed => {}
            Fate::Failed { message, text } => {
                told(writer, "failure", &[("message", message), ("type", "violated")], text)?
            }
            Fate::Error { message, text } => {
                told(writer, "error", &[("message", message), ("type", "inconclusive")], text)?
            }
            Fate::Skipped { message } => {
                element(writer, "skipped", &[("message", message)], &[], |_| Ok(()))?
            }
        }
        if case.note.is_empty() { Ok(()) } else { told(writer, "system-out", &[], &case.note) }
    })
}

/// An element with text.
fn told(writer: &mut Writer<Vec<u8>>, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
    let text = clean(text);
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, clean(value))).collect();
    let attributes = attributes.iter().map(|(name, value)| (*name, value.as_str()));
    writer.create_element(name).with_attributes(attributes).write_text_content(BytesText::new(&text))?;
    Ok(())
}

/// An element with others in it.
fn element(
    writer: &mut Writer<Vec<u8>>,
    name: &str,
    attributes: &[(&str, &str)],
    totals: &[(&'static str, String)],
    inside: impl FnOnce(&mut Writer<Vec<u8>>) -> io::Result<()>,
) -> io::Result<()> {
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, clean(value))).collect();
    let attributes = attributes.iter().chain(totals).map(|(name, value)| (*name, value.as_str()));
    writer.create_element(name).with_attributes(attributes).write_inner_content(inside)?;
    Ok(())
}

#[cfg(test)]
mod tests;
