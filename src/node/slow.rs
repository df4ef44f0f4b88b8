//! How a member that was too slow is caught up out of the history, as far as the rooms are concerned. What happens to
//! one member is in `catch_up.rs`.

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::catch_up::{CatchUp, Cut};
use super::frame;
use super::member::Late;
use super::replay::{Ended, feed_missed, trace_replayed};
use super::room::Rooms;
use super::turns::Turns;
use bus::{Bus, BusError, ReplayStart};
use trace::Trace;
use wire::{NodeFrame, Room};

/// How long live frames are held back before the history is asked. A broker puts a message into one queue after the
/// other, so what this node heard last may reach the history a little later, and nobody reports when it has.
const SETTLES: Duration = Duration::from_millis(250);

/// The end of a member's catch-up: it receives each message live again.
#[derive(Debug)]
pub struct CaughtUp {
    pub(super) room: Room,
    pub(super) connection: u64,
    pub(super) run: u64,
    /// Why the history did not bring all; `None` if nothing failed.
    pub(super) why: Option<BusError>,
}

/// What is needed to catch up one member.
struct Bringer {
    catch_up: Arc<CatchUp>,
    run: u64,
    room: Room,
    bus: Arc<dyn Bus>,
    turns: Arc<Turns>,
    trace: Trace,
}

impl Rooms {
    /// Begins to catch up the members of a room who fell behind just now.
    pub(super) fn catch_up_fallen(&mut self, room: &Room) {
        let Self { rooms, replays, bus, slow_turns, trace, .. } = self;
        let fallen = rooms.get_mut(room).into_iter().flat_map(|state| state.take_fallen());
        for late in fallen {
            metrics::counter!("pubsub_lab_slow_catch_ups_total").increment(1);
            let bringer = Bringer::new(late, room, bus, slow_turns, trace);
            late.catching = true;
            late.task = Some(replays.spawn(async move { bringer.run().await.ok().map(Ended::CaughtUp) }));
        }
    }

    /// Lets a member have what is held back for it as fast as it takes it, and what was dropped meanwhile after that.
    pub(super) fn bring_up(&mut self, room: &Room, connection: u64) {
        let Self { rooms, replays, bus, slow_turns, trace, .. } = self;
        let Some(late) = rooms.get_mut(room).and_then(|state| state.late_of(connection)) else { return };
        let bringer = Bringer::new(late, room, bus, slow_turns, trace);
        late.catching |= late.catch_up.is_behind(late.run);
        late.task = Some(replays.spawn(async move { bringer.run().await.ok().map(Ended::CaughtUp) }));
    }

    /// Makes a member that has caught up an ordinary one. If it was slow, it did not hear meanwhile who came and went,
    /// and is told how many people there are.
    pub(super) fn end_catch_up(&mut self, room: &Room, connection: u64) {
        let members = self.presence.members(room);
        let Some(state) = self.rooms.get_mut(room) else { return };
        if let Some(late) = state.late_of(connection)
            && std::mem::take(&mut late.catching)
        {
            let number = NodeFrame::Members { room: room.as_str(), members };
            late.catch_up.member.connection.answer(frame::text(&number.json()));
        }
        state.forget_late(Instant::now());
    }
}

impl Bringer {
    fn new(late: &Late, room: &Room, bus: &Arc<dyn Bus>, turns: &Arc<Turns>, trace: &Trace) -> Self {
        Self {
            catch_up: late.catch_up.clone(),
            run: late.run,
            room: room.clone(),
            bus: bus.clone(),
            turns: turns.clone(),
            trace: trace.clone(),
        }
    }

    /// Feeds what is held back, then what was dropped, and so on until nothing was dropped meanwhile.
    async fn run(self) -> Result<CaughtUp, Cut> {
        let mut failure = None;
        loop {
            self.catch_up.let_all_out(self.run).await?;
            if !self.catch_up.is_behind(self.run) {
                let Self { catch_up, run, room, .. } = self;
                let connection = catch_up.member.connection.number;
                return Ok(CaughtUp { room, connection, run, why: failure });
            }
            failure = self.bring().await?.or(failure);
        }
    }

    /// Feeds what was dropped, as far as the history has it. Gives why it has not all, if something failed.
    async fn bring(&self) -> Result<Option<BusError>, Cut> {
        let Self { catch_up, run, room, bus, turns, trace } = self;
        let Some(first) = catch_up.behind_since() else { return Ok(None) };
        let start = ReplayStart::after(first.clone());
        // Only who has a turn holds frames back: what is said while it waits is dropped and brought with the rest.
        let asking = turns.request_replay(Instant::now(), || {
            catch_up.hold(*run);
            let replay = bus.replay(room, &start)?;
            Some(Box::pin(async move {
                sleep(SETTLES).await;
                replay.await
            }))
        });
        let replay = asking.await;
        // After another member's failure the turn was not used.
        let frames = catch_up.hold(*run);
        if !frames.is_empty() {
            trace_replayed(trace, &first, room);
            catch_up.feed(*run, frames).await?;
        }
        let (_, failure) = feed_missed(catch_up, *run, ready(replay), trace).await?;
        Ok(failure)
    }
}
