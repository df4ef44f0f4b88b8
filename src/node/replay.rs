//! How a member receives what it missed, as far as the rooms are concerned. What happens to one member is in
//! `catch_up.rs`.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::task::{Id, JoinError};

use super::catch_up::{CatchUp, Cut, Unfed};
use super::client_connection::{ClientConnection, Fed};
use super::frame;
use super::member::Member;
use super::room::Rooms;
use bus::{BusError, Replay, ReplayStart};
use trace::{Step, Trace, TraceLine};
use wire::{self, Recovered, Room};

/// Largest number of replayed messages that are fed to a connection at once.
const BATCH: usize = 64;
/// The least time between two log lines about failed replays.
const QUIET: Duration = Duration::from_secs(10);

/// The result of one replay.
#[derive(Debug)]
pub struct Told {
    room: Room,
    connection: u64,
    run: u64,
    recovered: Recovered,
    /// Why the replay is not complete; `None` if nothing failed.
    why: Option<BusError>,
}

impl Rooms {
    /// Starts the replay of what a member missed. If an earlier replay for it is under way, that one ends and is
    /// answered.
    pub(super) fn replay(&mut self, room: &Room, member: Member, start: ReplayStart) {
        let Some(state) = self.rooms.get_mut(room) else { return };
        let connection = member.connection.clone();
        // Whatever comes later is held back from here on.
        let start = ReplayStart { heard: state.heard.clone(), ..start };
        let Some(late) = state.make_late(member) else { return };
        late.cut();
        let asking = std::mem::replace(&mut late.asking, true);
        late.run = late.catch_up.begin();
        let (catch_up, run) = (late.catch_up.clone(), late.run);
        let (bus, room_asked, turns) = (self.bus.clone(), room.clone(), self.turns.clone());
        let (came, trace) = (Instant::now(), self.trace.clone());
        let task = self.replays.spawn(async move {
            let asking = turns.request_replay(came, || bus.replay(&room_asked, &start));
            let (recovered, why) = feed_missed(&catch_up, run, asking, &trace).await.ok()?;
            Some(Told {
                room: room_asked,
                connection: catch_up.member.connection.number,
                run,
                recovered,
                why,
            })
        });
        late.task = Some(task);
        if asking {
            self.answer_replay(room, &connection, Recovered::Part);
        }
    }

    /// Handles the end of a replay: the member gets its answer, and the frames that were held back follow.
    pub(super) fn replayed(&mut self, told: Result<(Id, Option<Told>), JoinError>) {
        let told = match told {
            Ok((_, Some(told))) => told,
            Ok((_, None)) => return,
            Err(error) if error.is_cancelled() => return,
            Err(error) => {
                tracing::error!("a replay failed: {error}");
                // What the failed task has fed stays fed; nobody but this function would answer its member or let
                // live messages reach it again.
                match self.told_by(error.id()) {
                    Some(told) => told,
                    None => return,
                }
            }
        };
        if let Some(why) = &told.why
            && self.complained.is_none_or(|before| before.elapsed() > QUIET)
        {
            tracing::warn!("a client was not told all that it missed: {why}");
            self.complained = Some(Instant::now());
        }
        let Some(state) = self.rooms.get_mut(&told.room) else { return };
        let Some(late) = state.late_of(told.connection).filter(|late| late.run == told.run) else { return };
        let asking = std::mem::take(&mut late.asking);
        let (catch_up, run) = (late.catch_up.clone(), told.run);
        let recovered = match told.recovered {
            Recovered::All if catch_up.overflowed() => Recovered::Part,
            recovered => recovered,
        };
        if asking {
            self.answer_replay(&told.room, &catch_up.member.connection, recovered);
        }
        let Some(state) = self.rooms.get_mut(&told.room) else { return };
        match catch_up.let_out(run) {
            // Where there is no history there is nothing to forget: the member is an ordinary one at once.
            Fed::All => state.forget_late(Instant::now()),
            Fed::Gone => {}
            Fed::Full => {
                let task = self.replays.spawn(async move {
                    // The result has nothing to say: either the member receives live messages again, or it is gone.
                    let _ = catch_up.let_all_out(run).await;
                    None
                });
                if let Some(late) = state.late_of(told.connection) {
                    late.task = Some(task);
                }
            }
        }
    }

    /// The result of the replay whose task failed, if its member still waits for it.
    fn told_by(&self, task: Id) -> Option<Told> {
        self.rooms.iter().find_map(|(room, state)| {
            let late = state.late_of_task(task)?;
            let connection = late.catch_up.member.connection.number;
            Some(Told {
                room: room.clone(),
                connection,
                run: late.run,
                recovered: Recovered::Part,
                why: None,
            })
        })
    }

    fn answer_replay(&self, room: &Room, connection: &ClientConnection, recovered: Recovered) {
        let word = match recovered {
            Recovered::All => "all",
            Recovered::Part => "part",
            Recovered::None => "none",
        };
        metrics::counter!("pubsub_lab_replays_total", "recovered" => word).increment(1);
        self.answer_subscribed(room, connection, recovered);
    }
}

/// Feeds one member the messages that it missed, as far as the bus can give them.
async fn feed_missed(
    catch_up: &CatchUp,
    run: u64,
    asking: impl Future<Output = Option<Result<Replay, BusError>>>,
    trace: &Trace,
) -> Result<(Recovered, Option<BusError>), Cut> {
    let replay = match asking.await {
        None => return Ok((Recovered::None, None)),
        Some(Err(error)) => return Ok((Recovered::None, Some(error))),
        Some(Ok(replay)) => replay,
    };
    let mut recovered = if replay.complete { Recovered::All } else { Recovered::Part };
    let mut batches = replay.messages.ready_chunks(BATCH);
    while let Some(batch) = batches.next().await {
        let mut frames = Unfed::with_capacity(batch.len());
        let mut failure = None;
        for message in batch {
            let envelope = match message {
                Ok(envelope) => envelope,
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            };
            if envelope.skips_its_sender() && envelope.sender == catch_up.member.identity.id {
                continue;
            }
            match wire::replayed(&envelope.frame).filter(|_| envelope.kind.is_kept()) {
                Some(json) => {
                    trace.record_step(|| {
                        TraceLine::now(Step::Replay, &envelope.id, envelope.room.as_str()).to_clients(1)
                    });
                    frames.push_back((catch_up.hash(&envelope), frame::text(&json)));
                }
                None => recovered = Recovered::Part,
            }
        }
        catch_up.feed(run, frames).await?;
        if let Some(error) = failure {
            return Ok((Recovered::Part, Some(error)));
        }
    }
    Ok((recovered, None))
}
