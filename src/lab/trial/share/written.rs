//! What an agent writes down at the end of its run.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::{End, Played, Player};
use crate::error::LabError;
use part::{AgentCost, FORMAT, FaultPart, LockedOutPart, Manifest, PartError};

impl Player<'_> {
    /// Writes the end of the log, and the manifest.
    pub(super) fn write(&self, mut end: End) -> Result<Played, LabError> {
        let Self { options, .. } = self;
        let ended = self.clock.now();
        let events = self.recorder.finish().map_err(unwritten)?;
        end.harness.problems.append(&mut end.strikes.problems);
        let faults = end.strikes.times.iter().map(|times| FaultPart {
            place: self
                .faults
                .iter()
                .position(|fault| times.planned.as_ref() == Some(fault))
                .unwrap_or_default(),
            what: times.what.clone(),
            begin: nanos(times.begin),
            heal_begin: times.heal_begin.map(nanos),
            healed: times.healed.map(nanos),
            deliberate: times.deliberate,
        });
        let locked_out = end.locked_out.into_iter().map(|client| LockedOutPart {
            client: client.client,
            out_ms: client.out.as_millis() as u64,
            refusal: client.refusal,
            own: client.own,
        });
        let samples = self.caller.as_ref().map(|caller| caller.samples(options.share));
        let manifest = Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            share: options.share,
            seed: options.seed,
            scenario_name: options.name.clone(),
            scenario: options.scenario.to_json().to_string(),
            subject: options.label.clone(),
            dialect: self.dialect.to_string(),
            answers: self.dialect.has_answers(),
            crosses_nodes: self.plan.crosses_nodes,
            transport: options.transport().name().to_owned(),
            urls: options.urls.iter().map(|url| address::SafeUrl::new(url).to_string()).collect(),
            run: self.run.clone(),
            zero_unix_ms: self.clock.zero_unix().as_millis() as u64,
            began_ns: end.began.map(nanos),
            ended_ns: nanos(ended),
            partial: end.partial,
            absent: self.absent.clone(),
            clock: samples.unwrap_or_default(),
            faults: faults.collect(),
            harness: end.harness,
            traffic: end.traffic,
            cost: cost(),
            locked_out: locked_out.collect(),
            events,
        };
        manifest.write(&options.out).map_err(unwritten)?;
        Ok(Played { absent: self.absent.clone(), events, partial: end.partial })
    }
}

/// What this process has taken of its machine.
fn cost() -> AgentCost {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return AgentCost::default() };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // Linux counts in KiB, and Apple's systems in bytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    AgentCost { cpu_s: micros as f64 / 1e6, rss_max_mib: (usage.max_rss() * unit) as f64 / (1 << 20) as f64 }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn unwritten(error: PartError) -> LabError {
    LabError::environment(format!("the part cannot be written: {error}"))
        .hint("free some space, or choose another directory with `--out`")
}
