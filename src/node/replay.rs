//! How a member receives what it missed, as far as the rooms are concerned. What happens to one member is in
//! `catch_up.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::task::{Id, JoinError};

use super::admitted::Shown;
use super::catch_up::{CatchUp, Cut, Unfed};
use super::client_connection::{ClientConnection, Fed};
use super::frame;
use super::member::Member;
use super::room::Rooms;
use super::slow::CaughtUp;
use bus::{BusError, Replay, ReplayStart};
use trace::{Step, Trace, TraceLine};
use wire::{self, NodeFrame, Recovered, Room};

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

/// How the work for a member ended.
#[derive(Debug)]
pub enum Ended {
    /// The replay that the client asked for is over, and the frames held back are to follow.
    Told(Told),
    /// Nothing is held back any more.
    CaughtUp(CaughtUp),
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
        let missed = late.catch_up.give_up();
        if missed > 0 && start.after.is_none() {
            // Who names the last message that it holds asks for what was dropped, too, and is answered how much it got.
            connection.answer(frame::text(&NodeFrame::Lagged { missed }.json()));
        }
        (late.catching, late.run) = (false, late.catch_up.begin());
        let (catch_up, run) = (late.catch_up.clone(), late.run);
        let (bus, room_asked, turns) = (self.bus.clone(), room.clone(), self.turns.clone());
        let (came, trace) = (Instant::now(), self.trace.clone());
        let task = self.replays.spawn(async move {
            let asking = turns.request_replay(came, || bus.replay(&room_asked, &start));
            let (recovered, why) = feed_missed(&catch_up, run, asking, &trace).await.ok()?;
            Some(Ended::Told(Told {
                room: room_asked,
                connection: catch_up.member.connection.number,
                run,
                recovered,
                why,
            }))
        });
        late.task = Some(task);
        if asking {
            self.answer_replay(room, &connection, Recovered::Part);
        }
    }

    /// Handles the end of the work for a member.
    pub(super) fn ended(&mut self, ended: Result<(Id, Option<Ended>), JoinError>) {
        match ended {
            Ok((_, Some(Ended::Told(told)))) => self.replayed(told),
            Ok((_, Some(Ended::CaughtUp(CaughtUp { room, connection, run, why })))) => {
                self.complain(why.as_ref());
                let state = self.rooms.get_mut(&room);
                if state.and_then(|state| state.late_of(connection)).is_some_and(|late| late.run == run) {
                    self.end_catch_up(&room, connection);
                }
            }
            Ok((_, None)) => {}
            Err(error) if error.is_cancelled() => {}
            Err(error) => {
                tracing::error!("a replay failed: {error}");
                // What the failed task has fed stays fed; nobody but this function would answer its member or let
                // live messages reach it again.
                if let Some(told) = self.told_by(error.id()) {
                    self.replayed(told);
                }
            }
        }
    }

    /// Writes down why a client was not told all, if it is time for another such line.
    fn complain(&mut self, why: Option<&BusError>) {
        if let Some(why) = why
            && self.complained.is_none_or(|before| before.elapsed() > QUIET)
        {
            tracing::warn!("a client was not told all that it missed: {why}");
            self.complained = Some(Instant::now());
        }
    }

    /// Handles the end of a replay: the member gets its answer, and the frames that were held back follow.
    fn replayed(&mut self, told: Told) {
        self.complain(told.why.as_ref());
        let Some(state) = self.rooms.get_mut(&told.room) else { return };
        let Some(late) = state.late_of(told.connection).filter(|late| late.run == told.run) else { return };
        let asking = std::mem::take(&mut late.asking);
        let (catch_up, run) = (late.catch_up.clone(), told.run);
        if asking {
            self.answer_replay(&told.room, &catch_up.member.connection, told.recovered);
        }
        match catch_up.let_out(run) {
            // Where there is no history there is nothing to forget: the member is an ordinary one at once.
            Fed::All if !catch_up.is_behind(run) => self.end_catch_up(&told.room, told.connection),
            Fed::Gone => {}
            Fed::All | Fed::Full => self.bring_up(&told.room, told.connection),
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

/// Traces that a replay brings a message to one client.
pub(super) fn trace_replayed(trace: &Trace, id: &Arc<str>, room: &Room) {
    trace.record_step(|| TraceLine::now(Step::Replay, id, room.as_str()).to_clients(1));
}

/// Feeds one member the messages that it missed, as far as the bus can give them.
pub(super) async fn feed_missed(
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
            let id = catch_up.hash(&envelope);
            let own = envelope.skips_its_sender() && envelope.sender == catch_up.member.identity.id;
            if own || !catch_up.wants(id) {
                continue;
            }
            let shown = catch_up.member.shown(&envelope);
            if shown == Shown::Hidden {
                continue;
            }
            match shown.replayed(&envelope).filter(|_| envelope.kind.is_kept()) {
                Some(json) => {
                    trace_replayed(trace, &envelope.id, &envelope.room);
                    frames.push_back((id, frame::text(&json)));
                }
                None => recovered = Recovered::Part,
            }
        }
        if !frames.is_empty() {
            catch_up.feed(run, frames).await?;
        }
        if catch_up.is_brought() {
            break;
        }
        if let Some(error) = failure {
            return Ok((Recovered::Part, Some(error)));
        }
    }
    Ok((recovered, None))
}
