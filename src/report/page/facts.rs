//! The facts that a number needs beside it: how to repeat it, the scenario, the machine, and how the harness itself
//! did.

use std::path::Path;
use std::time::{Duration, SystemTime};

use maud::{Markup, html};

use super::rows;
use crate::command::scenario_file;
use crate::cost;
use crate::label::Names;
use crate::numbers::span;
use crate::{FaultReport, Quantiles, Report, RunReport, repeat_command};
use ledger::grouped;

/// The sections of the facts, by id and by what the contents call them.
pub(super) fn contents(report: &Report) -> Vec<(&'static str, &'static str)> {
    let mut sections = vec![("faults", "Faults")];
    if has_outcomes(report) {
        sections.push(("expectations", "Expectations"));
    }
    if report.runs.iter().any(|run| run.cost.is_some()) {
        sections.push(("cost", "Cost"));
    }
    sections.extend([("harness", "Harness"), ("repeat", "To repeat it"), ("scenario", "Scenario")]);
    sections
}

fn has_outcomes(report: &Report) -> bool {
    report.runs.iter().any(|run| run.was_made() && !(run.outcomes.is_empty() && run.why.is_empty()))
}

/// All facts, a section for each. Those that few read are folded.
pub(super) fn sections(report: &Report, dir: &Path) -> Markup {
    let names = Names::of_all(report);
    let made: Vec<&RunReport> = report.runs.iter().filter(|run| run.was_made()).collect();
    html! {
        section id="faults" {
            h2 { "Faults" }
            @for run in &made { (faults(run, names)) }
            @if made.iter().all(|run| run.faults.is_empty()) { p { "Nothing was broken." } }
        }
        @if has_outcomes(report) {
            section id="expectations" {
                h2 { "Expectations and remarks" }
                // That a run was not made, and why, is said under "What happened".
                @for run in &made { (outcomes(run, names)) }
            }
        }
        @if made.iter().any(|run| run.cost.is_some()) {
            details.card id="cost" {
                summary { "What it cost" }
                p.soft {
                    "CPU time from the start of the measured load to the end of the drain, and resident memory, of the "
                    "processes that the lab started. And what passed between the subscribers and their nodes."
                }
                (rows::grid(&made, names, cost::ROWS.iter().map(|(name, cell)| (*name, cell as &rows::Cell))))
            }
        }
        details.card id="harness" {
            summary { "Health of the harness" }
            p.soft { "A figure is worth what its instrument is worth. These are the load generator's own." }
            (health(&made, names))
        }
        details.card id="repeat" {
            summary { "To repeat it" }
            pre { code { (repeat_command(report, dir)) } }
            (machine(report))
        }
        details.card id="scenario" {
            summary { "The scenario" }
            p.soft { "As it ran: every default and every override is in it." }
            pre { code { (scenario_file(report)) } }
        }
    }
}

fn faults(run: &RunReport, names: Names) -> Markup {
    let seconds = |ms: u64| format!("{:.2} s", ms as f64 / 1_000.0);
    let told = |fault: &FaultReport| match (fault.heal_begin_ms, fault.healed_ms) {
        (Some(heal), Some(healed)) => {
            format!("healing from {} on, ready at {}", seconds(heal), seconds(healed))
        }
        (Some(heal), None) => format!("healing from {} on", seconds(heal)),
        (None, _) if run.was_interrupted_before_healing(fault) => {
            "not healed before the interruption".to_owned()
        }
        (None, _) => "to the end".to_owned(),
    };
    html! {
        @if !run.faults.is_empty() {
            h3 { (names.whole(run)) }
            ul {
                @for fault in &run.faults {
                    li { code { (fault.what) } " at " (seconds(fault.begin_ms)) ", " (told(fault)) }
                }
            }
        }
        @if !run.links.is_empty() {
            ul {
                @for link in &run.links {
                    li {
                        "the link " code { (link.name) } " went through a proxy: "
                        (grouped(link.connections)) " connections, " (grouped(link.refused)) " refused, "
                        (grouped(link.reset)) " reset, " (grouped(link.bytes_forward)) " bytes forward, "
                        (grouped(link.bytes_back)) " back"
                    }
                }
                @if let Some(proxy) = run.proxy_us {
                    li { "such a proxy adds " (span(proxy.one_way)) " each way, measured before the load" }
                }
            }
        }
    }
}

fn outcomes(run: &RunReport, names: Names) -> Markup {
    html! {
        @if !run.outcomes.is_empty() || !run.why.is_empty() {
            h3 { (names.whole(run)) }
            ul {
                @for outcome in &run.outcomes {
                    li {
                        span class=(if outcome.met { "met" } else { "unmet" }) {
                            (if outcome.met { "met: " } else { "not met: " })
                        }
                        code { (outcome.expectation) }
                        @if let Some(why) = &outcome.why { ": " (why) }
                    }
                }
                @for (word, why) in remarks(run) {
                    li {
                        @if word == "violated" { span.unmet { (word) ": " } } @else { (word) ": " }
                        (why)
                    }
                }
            }
        }
    }
}

/// Every reason that is no outcome of an expectation, and the word for what it does to the verdict.
fn remarks(run: &RunReport) -> Vec<(&'static str, String)> {
    let sorted = run.sorted_reasons();
    let worded = |word: &'static str, clauses: Vec<String>| clauses.into_iter().map(move |why| (word, why));
    worded("doubt", sorted.doubts)
        .chain(worded("violated", run.other_violations()))
        .chain(worded("likely cause", sorted.causes))
        .chain(worded("note", sorted.notes))
        .collect()
}

fn health(runs: &[&RunReport], names: Names) -> Markup {
    type At = fn(&Quantiles) -> u64;
    let shown = |quantiles: Option<Quantiles>, at: At| quantiles.map_or("-".into(), |q| span(at(&q)));
    let rows: [(&str, &rows::Cell); 8] = [
        ("publish delay, p50", &|run| shown(run.publish_delay_us, |q| q.p50)),
        ("publish delay, p99", &|run| shown(run.publish_delay_us, |q| q.p99)),
        ("publish delay, max", &|run| shown(run.publish_delay_us, |q| q.max)),
        ("receivers' lag, p99", &|run| shown(run.loop_lag_us, |q| q.p99)),
        ("receivers' lag, max", &|run| shown(run.loop_lag_us, |q| q.max)),
        ("queue overruns", &|run| run.overruns.map_or("-".into(), grouped)),
        ("messages of which no story can be told", &|run| run.unwitnessed.map_or("-".into(), grouped)),
        ("limits the latency", &|run| if run.harness_limited { "yes" } else { "no" }.into()),
    ];
    rows::grid(runs, names, rows)
}

fn machine(report: &Report) -> Markup {
    let host = &report.host;
    html! {
        dl {
            dt { "seed" } dd { (report.seed) }
            @for (name, version) in &report.versions { dt { (name) } dd { (version) } }
            dt { "machine" }
            dd {
                (host.cores) (if host.cores == 1 { " core" } else { " cores" })
                @if let Some(cpu) = &host.cpu { ", " (cpu) }
                @if let Some(memory) = host.memory_mib { ", " (grouped(memory)) " MiB" }
                ", " (host.os) " on " (host.arch)
            }
        }
    }
}

/// The last moment that has a date of four digits for its year, in milliseconds since 1970.
const LAST_MS: u64 = 253_402_300_799_999;

/// A moment in the form that machines read. A later one than these forms know, which only a foreign file can hold,
/// becomes the last that they do.
pub(super) fn moment(unix_ms: u64) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(unix_ms.min(LAST_MS));
    humantime::format_rfc3339_seconds(time).to_string()
}

/// A moment in the form that people read, in UTC.
pub(super) fn day(unix_ms: u64) -> String {
    moment(unix_ms).replace('T', " ").replace('Z', " UTC")
}
