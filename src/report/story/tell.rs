//! Tells three messages of a run, each with its way through the processes.

use std::path::Path;

use super::began::Began;
use super::canvas::{Canvas, Key};
use super::diagram::{Choice, Story};
use super::outage::Outages;
use super::party::{self, Party};
use super::scene::Scene;
use super::traces::Traces;
use super::{last_mile, seen, way};
use ledger::{Answer, FaultTimes, Plan, Testimonies, Testimony};
use scenario::Pattern;

/// The sources from which the stories of one run are told.
pub struct Sources<'a> {
    /// The arithmetic of the run.
    pub plan: &'a Plan,
    /// The pattern of the nodes; `None` for a server that is not ours.
    pub pattern: Option<Pattern>,
    /// The faults that struck, and when.
    pub times: &'a [FaultTimes],
    /// The directory of the traces; `None` without any.
    pub traces: Option<&'a Path>,
    /// When the measured load began.
    pub began: Began,
}

/// Tells what the clients testify, together with what the processes traced.
pub fn tell(sources: &Sources<'_>, testimonies: &Testimonies) -> Vec<Story> {
    let chosen = [
        (Choice::FirstLost, &testimonies.first_lost),
        (Choice::Slowest, &testimonies.slowest),
        (Choice::Ordinary, &testimonies.ordinary),
    ];
    let chosen: Vec<_> =
        chosen.into_iter().filter_map(|(choice, told)| Some((choice, told.as_ref()?))).collect();
    let numbers: Vec<usize> = chosen.iter().map(|(_, testimony)| testimony.n).collect();
    let traces = sources.traces.map(|logs| Traces::read(logs, sources.plan, sources.began, &numbers));
    let outages = Outages::new(sources.times);
    let tell = |(choice, testimony): (Choice, &Testimony)| {
        let traced = traces.as_ref().map(|traces| traces.of(testimony.n));
        story(
            choice,
            testimony,
            &Scene { plan: sources.plan, pattern: sources.pattern, traced, outages: &outages },
        )
    };
    chosen.into_iter().map(tell).collect()
}

fn story(choice: Choice, testimony: &Testimony, scene: &Scene<'_>) -> Story {
    let Testimony { n, node, due_us, sent_us, answer, fates, .. } = testimony;
    let publisher = scene.plan.publisher(*n);
    let mut fixed = vec![Key::Publisher(publisher)];
    fixed.extend(node.map(Key::Node));
    fixed.extend(scene.has_broker().then_some(Key::Broker));
    fixed.extend(scene.has_history().then_some(Key::History));
    let parties = party::choose(Party::of(fates), *node, fixed.len());
    let receipts = fates.iter().flat_map(|fate| &fate.receipts).map(|receipt| receipt.at_us);
    let last = receipts.chain(testimony.answered_us).chain(*sent_us).fold(*due_us, i64::max);
    let mut canvas = Canvas::new(fixed, &parties, *node, &scene.outages.away(*due_us, last));
    let had = match (scene.traced, node, sent_us) {
        (Some(traced), Some(node), Some(sent)) => {
            way::draw(&mut canvas, &way::Start { testimony, traced, scene, node: *node, sent: *sent })
        }
        (None, Some(node), Some(sent)) => seen::draw(&mut canvas, testimony, *node, *sent),
        _ => Vec::new(),
    };
    last_mile::draw(&mut canvas, &parties, testimony, scene, &had);
    let received = fates.iter().filter(|fate| fate.received).count() as u64;
    let owed = fates.len() as u64;
    let (lanes, arrows) = canvas.finish();
    Story {
        choice,
        number: *n as u64,
        publisher: publisher as u64,
        seq: scene.plan.seq(*n) as u64,
        node: node.map(|node| node as u64),
        due_us: *due_us,
        sent_us: *sent_us,
        answer: answer.map(|answer| word(answer).to_owned()),
        owed,
        received,
        lost: owed - received,
        lanes,
        arrows,
    }
}

fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Confirmed => "confirmed",
        Answer::Handed => "handed",
        Answer::Refused => "refused",
        Answer::Unknown => "unknown",
    }
}
