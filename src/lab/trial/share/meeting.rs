//! The barrier that an agent serves, and when its load begins by its own clock.

use std::time::{Duration, SystemTime};

use super::SETTLING;
use crate::agent::{AgentOptions, Start};
use crate::barrier::{Barrier, Rules};
use crate::error::LabError;
use load::LoadClock;
use scenario::Scenario;

/// Serves the barrier, if this agent does.
pub(super) async fn serve(options: &AgentOptions, clock: LoadClock) -> Result<Option<Barrier>, LabError> {
    let Start::Barrier(meeting) = &options.start else { return Ok(None) };
    // Where every agent has the same command line, the first one serves.
    let serves = meeting.at.is_none() || options.share.agent == 1;
    let Some(at) = meeting.serves.filter(|_| serves) else { return Ok(None) };
    let rules = Rules {
        agent: options.share.agent,
        of: options.share.of,
        load: options.load_word(),
        run: format!("{:016x}", rand::random::<u64>()),
        wait: meeting.wait,
        clock_limit: meeting.clock_limit,
        warm_up: options.scenario.load.warm_up + poll_margin(&options.scenario),
    };
    let served = Barrier::serve(at, rules, clock).await.map_err(|error| {
        LabError::environment(format!("the barrier cannot be served at {at}: {error}"))
            .hint("choose another address with `--serve-barrier`, and give it to the other agents")
    })?;
    Ok(Some(served))
}

/// How much longer the rehearsal of subscribers lasts that ask at intervals.
fn poll_margin(scenario: &Scenario) -> Duration {
    match scenario.load.transports.contains(&scenario::Transport::Poll) {
        true => scenario.load.poll_every + SETTLING,
        false => Duration::ZERO,
    }
}

/// Where the agent that serves the barrier calls it.
pub(super) fn own_address(mut served: std::net::SocketAddr) -> String {
    if served.ip().is_unspecified() {
        served.set_ip(match served.is_ipv4() {
            true => std::net::Ipv4Addr::LOCALHOST.into(),
            false => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    served.to_string()
}

/// A moment of the wall clock as the agent's own clock has it.
pub(super) fn own_moment(at: SystemTime, clock: LoadClock) -> Result<Duration, LabError> {
    let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = clock.zero_unix() + clock.now();
    match at.checked_sub(clock.zero_unix()).filter(|_| at > now) {
        Some(moment) => Ok(moment),
        None => {
            let ago = now.saturating_sub(at).as_secs_f64();
            Err(LabError::usage(format!("--start-at was {ago:.1} s ago by the clock of this machine"))
                .hint("give a moment that is half a minute ahead, or let the agents meet: `--barrier`"))
        }
    }
}
