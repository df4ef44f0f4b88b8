//! The parts of several agents become one report.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::judged::{add_disconnects, askable};
use super::locked_out;
use crate::error::LabError;
use crate::subject::Subject;
use ::join::{JoinError, Joined, Parts};
use ledger::{FaultTimes, Harness, Plan, TrafficFigures};
use load::LockedOut;
use part::Manifest;
use report::story::{self, Began, Sources};
use report::{
    AgentReport, CrossLatency, Host, JoinedReport, PlannedFault, Quantiles, Report, RunReport, SCHEMA,
};
use scenario::{Fault, Overrides, Scenario};

/// Of this many debts one may be undecided.
const DECIDED: u64 = 1_000;

/// Makes one report of the parts of one run.
///
/// # Errors
/// Parts that cannot be read, or do not belong together.
pub fn join_parts(directories: &[PathBuf]) -> Result<Report, LabError> {
    let parts = Parts::read(directories).map_err(unjoined)?;
    let Some(first) = parts.manifests().next() else { return Err(unjoined(JoinError::None)) };
    let strange = |why: String| {
        LabError::usage(format!("the scenario of the parts cannot be read: {why}"))
            .hint("join parts with the version of pubsub-lab that wrote them")
    };
    let value = serde_json::from_str(&first.scenario).map_err(|error| strange(error.to_string()))?;
    let scenario = scenario::ScenarioFile::of_report(&value)
        .and_then(|file| file.scenario(&Overrides::new()))
        .map_err(|error| strange(error.to_string()))?;
    let subject = Subject::Attached { label: first.subject.clone(), urls: first.urls.clone() };
    let faults = scenario.schedule(None, first.seed);
    let plan = Plan::of(&scenario.load, &faults, first.urls.len(), first.crosses_nodes);
    let watches = scenario.load.presence;
    let joined = ::join::join(&parts, &plan, watches).map_err(unjoined)?;
    let manifests: Vec<_> = parts.manifests().collect();
    let run = run(&manifests, joined, &scenario, &subject, &faults, &plan);
    let report = Report {
        schema: SCHEMA,
        scenario: value,
        seed: first.seed,
        versions: BTreeMap::from([("pubsub-lab".to_owned(), first.version.clone())]),
        host: Host::here(),
        bench: None,
        interrupted: run.partial,
        not_run: Vec::new(),
        runs: vec![run],
    };
    Ok(report.cleaned())
}

fn run(
    manifests: &[&Manifest],
    joined: Joined,
    scenario: &Scenario,
    subject: &Subject,
    faults: &[Fault],
    plan: &Plan,
) -> RunReport {
    let Some(first) = manifests.first() else {
        return RunReport::inconclusive("joined-1", "joined", "attached", "there is no part".into());
    };
    let label = &first.subject;
    let id = format!("{label}-1");
    let (partial, of) = (manifests.iter().any(|part| part.partial), first.share.of);
    let never: Vec<u32> = joined
        .absent
        .iter()
        .copied()
        .filter(|agent| {
            manifests.iter().any(|part| part.absent.contains(agent) || part.share.agent == *agent)
        })
        .collect();
    let missing: Vec<u32> = joined.absent.iter().copied().filter(|agent| !never.contains(agent)).collect();
    let mut harness = together(manifests);
    let times = struck(manifests, faults);
    harness.problems.extend(missing.iter().map(|agent| format!("the part of agent {agent} is missing")));
    for part in manifests.iter().filter(|part| part.partial) {
        harness.problems.push(format!("agent {} was interrupted", part.share.agent));
    }
    let out = manifests.iter().flat_map(|part| &part.locked_out).map(|client| LockedOut {
        client: client.client.clone(),
        out: Duration::from_millis(client.out_ms),
        refusal: client.refusal.clone(),
        own: client.own,
    });
    locked_out::blame(&out.collect::<Vec<_>>(), &times, &mut harness);
    let mut settled = joined.ledger.settle(&times, joined.ended);
    let received = settled.debts.delivered + settled.debts.recovered;
    let traffic = manifests.iter().filter_map(|part| part.traffic);
    settled.traffic = traffic.reduce(std::ops::Add::add).map(|sum: TrafficFigures| sum.over(received));
    add_disconnects(&settled, &mut harness);
    let undecided = joined.between.undecided();
    if undecided * DECIDED > settled.debts.owed {
        harness.problems.push(format!(
            "{undecided} of {} debts are undecided, because the agents' clocks are not known well enough",
            settled.debts.owed
        ));
    }
    let expectations = if partial { Vec::new() } else { subject.expectations(scenario) };
    let (expectations, left_out) = askable(expectations, first.answers);
    harness.notes.extend(left_out);
    let (cross, cross_left_out) = cross(&joined, of);
    let mut report = JoinedReport {
        of,
        absent: never,
        unjoined: missing,
        latency_inside_us: None,
        latency_cross_us: cross,
        cross_left_out,
        undecided,
        agents: manifests
            .iter()
            .zip(&joined.bounds)
            .map(|(part, bound)| AgentReport {
                agent: part.share.agent,
                clock_bound_us: bound.map(|bound| bound.div_ceil(1_000)),
                cpu_s: part.cost.cpu_s,
                rss_max_mib: part.cost.rss_max_mib,
            })
            .collect(),
    };
    // Of many notes only the first few are told in a sentence, and who was there comes first.
    harness.notes.splice(0..0, report.clauses());
    let judgement = ledger::judge(&settled, &harness, &expectations);
    let run = RunReport::new(&id, label, subject.pattern_name(), &settled, &judgement, &harness, &times);
    report.latency_inside_us = run.latency_us;
    let base = first.zero_unix_ms + first.began_ns.unwrap_or_default() / 1_000_000;
    let began = Began::at(i64::try_from(base.saturating_mul(1_000)).unwrap_or(i64::MAX));
    let sources = Sources { plan, pattern: subject.pattern(), times: &times, traces: None, began };
    RunReport {
        partial,
        dialect: Some(first.dialect.clone()),
        transport: Some(first.transport.clone()),
        began_unix_ms: began.unix_ms(),
        schedule: faults.iter().map(PlannedFault::from).collect(),
        stories: story::tell(&sources, &settled.testimonies),
        joined: Some(report),
        ..run
    }
}

/// Latency between agents, or why it is left out.
fn cross(joined: &Joined, of: u32) -> (Option<CrossLatency>, Option<String>) {
    let between = &joined.between;
    if of == 1 {
        return (None, Some("there is one agent".into()));
    }
    if between.unknown > 0 {
        return (None, Some("the clock of an agent is unknown".into()));
    }
    let (Some(low), Some(high)) = (Quantiles::of(&between.least), Quantiles::of(&between.most)) else {
        return (None, Some("nothing came from one agent to another".into()));
    };
    // Half of the interval is how far its middle may be off.
    let (bound, figure) = ((high.p50 - low.p50.min(high.p50)) / 2, u64::midpoint(high.p50, low.p50));
    match bound * 10 > figure {
        true => (None, Some(format!("the clocks are known to {bound} us, and the p50 is {figure} us"))),
        false => (Some(CrossLatency { low, high }), None),
    }
}

/// How the load generators of all agents did, as if they were one.
fn together(manifests: &[&Manifest]) -> Harness {
    let mut all = Harness::default();
    for part in manifests {
        let own = part.harness.clone();
        // All have the same bounds, so that nothing can be left out.
        let _ = all.publish_delay.add(&own.publish_delay);
        let _ = all.loop_lag.add(&own.loop_lag);
        all.overruns += own.overruns;
        all.misread |= own.misread;
        let of = |clauses: Vec<String>| {
            clauses.into_iter().map(|clause| format!("agent {}: {clause}", part.share.agent))
        };
        all.problems.extend(of(own.problems));
        all.notes.extend(of(own.notes));
        all.violations.extend(of(own.violations));
        all.causes.extend(of(own.causes));
    }
    all
}

/// When each fault struck the first agent, and was healed for the last.
fn struck(manifests: &[&Manifest], faults: &[Fault]) -> Vec<FaultTimes> {
    let mut struck: BTreeMap<(usize, &str), FaultTimes> = BTreeMap::new();
    for fault in manifests.iter().flat_map(|part| &part.faults) {
        let own = FaultTimes {
            what: fault.what.clone(),
            begin: Duration::from_nanos(fault.begin),
            heal_begin: fault.heal_begin.map(Duration::from_nanos),
            healed: fault.healed.map(Duration::from_nanos),
            deliberate: fault.deliberate,
            planned: faults.get(fault.place).cloned(),
        };
        struck
            .entry((fault.place, &fault.what))
            .and_modify(|all| {
                all.begin = all.begin.min(own.begin);
                all.heal_begin = all.heal_begin.zip(own.heal_begin).map(|(one, two)| one.max(two));
                all.healed = all.healed.zip(own.healed).map(|(one, two)| one.max(two));
            })
            .or_insert(own);
    }
    struck.into_values().collect()
}

fn unjoined(error: JoinError) -> LabError {
    LabError::usage(error.to_string()).hint(error.hint())
}
