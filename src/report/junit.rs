//! A report as CI servers read test results: JUnit's XML, with a suite for each run and a test case for each
//! expectation.

mod cases;
mod text;

use std::io::{self, Write};

use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::{ElementWriter, Writer};

use super::verdict_words::phrase;
use super::{Report, RunReport};
use cases::{Case, Fate, cases};
use text::clean;

/// Number of test cases by what became of them, for the attributes of a suite.
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

    /// Writes the totals as attributes of an element.
    fn told<'a>(&self, element: ElementWriter<'a, Vec<u8>>) -> ElementWriter<'a, Vec<u8>> {
        let Self { tests, failures, errors, skipped } = self;
        [("tests", tests), ("failures", failures), ("errors", errors), ("skipped", skipped)]
            .into_iter()
            .fold(element, |element, (name, count)| {
                element.with_attribute((name, count.to_string().as_str()))
            })
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
    totals.told(begun(&mut writer, "testsuites", &[("name", scenario)])).write_inner_content(|writer| {
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
    totals.told(begun(writer, "testsuite", &[("name", &name)])).write_inner_content(|writer| {
        let (seed, verdict) = (seed.to_string(), phrase(run));
        let properties =
            [("id", run.id.as_str()), ("pattern", &run.pattern), ("seed", &seed), ("verdict", &verdict)];
        begun(writer, "properties", &[]).write_inner_content(|writer| {
            let property =
                |(name, value): &(&str, &str)| empty(writer, "property", &[("name", name), ("value", value)]);
            properties.iter().try_for_each(property)
        })?;
        cases.iter().try_for_each(|case| test_case(writer, &class, case))
    })?;
    Ok(())
}

/// The parameters and the repetition of a run, as a suffix: ` rate=1000`, ` (2)` for a second repetition; empty for a
/// run alone.
fn variation(run: &RunReport) -> String {
    let mut text: String = run.params.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    if run.repeat > 1 {
        text += &format!(" ({})", run.repeat);
    }
    text
}

fn test_case(writer: &mut Writer<Vec<u8>>, class: &str, case: &Case) -> io::Result<()> {
    let attributes = [("classname", class), ("name", &case.name)];
    if matches!(case.fate, Fate::Passed) && case.note.is_empty() {
        return empty(writer, "testcase", &attributes);
    }
    begun(writer, "testcase", &attributes).write_inner_content(|writer| {
        match &case.fate {
            Fate::Passed => {}
            Fate::Failed { message, text } => {
                told(writer, "failure", &[("message", message), ("type", "violated")], text)?
            }
            Fate::Error { message, text } => {
                told(writer, "error", &[("message", message), ("type", "inconclusive")], text)?
            }
            Fate::Skipped { message } => empty(writer, "skipped", &[("message", message)])?,
        }
        if case.note.is_empty() { Ok(()) } else { told(writer, "system-out", &[], &case.note) }
    })?;
    Ok(())
}

/// Writes an element with text.
fn told(writer: &mut Writer<Vec<u8>>, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
    begun(writer, name, attributes).write_text_content(BytesText::new(&clean(text)))?;
    Ok(())
}

/// Writes an element with nothing in it.
fn empty(writer: &mut Writer<Vec<u8>>, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    begun(writer, name, attributes).write_empty()?;
    Ok(())
}

/// Writes the beginning of an element that is not yet closed.
fn begun<'a>(
    writer: &'a mut Writer<Vec<u8>>,
    name: &'a str,
    attributes: &[(&str, &str)],
) -> ElementWriter<'a, Vec<u8>> {
    attributes.iter().fold(writer.create_element(name), |element, (name, value)| {
        element.with_attribute((*name, clean(value).as_str()))
    })
}

#[cfg(test)]
mod tests_of_the_machine;
