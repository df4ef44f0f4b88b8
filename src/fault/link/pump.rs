//! A pump is one direction of a connection: it reads from one side, holds back what the rules hold back, and writes to
//! the other.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::queue::{Queue, QueueEnd};
use super::rules::Rules;

/// Number of bytes that are read at once, at most.
const CHUNK: usize = 16 * 1024;
/// Number of reads or writes before the other direction, which lives in the same task, gets its turn.
const TURN: u32 = 16;

/// One side of a connection.
#[derive(Debug)]
pub(super) struct PumpSide {
    pub(super) stream: TcpStream,
    /// Whether a write found the side gone: the error shows only once, and a later reader would take it for an orderly
    /// end.
    gone: AtomicBool,
}

impl PumpSide {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, gone: AtomicBool::new(false) }
    }

    /// Whether the side was reset by its other end.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed) || self.stream.ready(Interest::ERROR).now_or_never().is_some()
    }
}

/// Why a connection is over before both directions have come to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// A cut: both sides have to be reset.
    Cut,
    /// One side is gone, and the other has to learn it now.
    Reset,
    /// A limit has been reached.
    Limit,
}

/// Why a pump stops in the middle.
enum PumpStop {
    Over(Over),
    /// The side to which the pump writes is gone. The other pump, which reads from that side, tells the other side.
    Deaf,
}

impl From<Over> for PumpStop {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

/// The result of an attempt to write.
enum Wrote {
    /// Some bytes were written: try again.
    Some,
    /// No byte is due, or none may pass.
    Nothing,
    /// No byte may pass before this instant.
    NotBefore(Instant),
    /// The other side takes no bytes at the moment.
    Blocked,
    /// The end of the bytes was passed on.
    Finished,
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Pump<'a> {
    from: &'a PumpSide,
    to: &'a PumpSide,
    rules: &'a mut Rules,
    queue: Queue,
    full: bool,
}

impl<'a> Pump<'a> {
    pub(super) fn new(from: &'a PumpSide, to: &'a PumpSide, rules: &'a mut Rules) -> Self {
        Self { from, to, rules, queue: Queue::default(), full: false }
    }

    /// Passes bytes until this direction and the opposite one have come to their ends (half-closed connections live
    /// on), or until the connection is over.
    pub(super) async fn run(
        mut self,
        finished: &CancellationToken,
        opposite: &CancellationToken,
    ) -> Result<(), Over> {
        self.pass().await?;
        finished.cancel();
        tokio::select! {
            () = opposite.cancelled() => Ok(()),
            over = self.after_the_end() => over,
        }
    }

    /// Passes bytes until their end has passed.
    async fn pass(&mut self) -> Result<(), Over> {
        let mut moves = 0;
        loop {
            let moved = self.read().and_then(|read| Ok((read, self.write()?)));
            let (read, wrote) = match moved {
                Ok(moved) => moved,
                Err(PumpStop::Over(over)) => return Err(over),
                Err(PumpStop::Deaf) => {
                    self.to.gone.store(true, Ordering::Relaxed);
                    self.loss_of_sender().await?;
                    return Err(Over::Reset);
                }
            };
            let until = match wrote {
                Wrote::Finished => return Ok(()),
                Wrote::NotBefore(until) => Some(until),
                _ => None,
            };
            if read || matches!(wrote, Wrote::Some) {
                moves += 1;
                if moves % TURN == 0 {
                    tokio::task::yield_now().await;
                }
                continue;
            }
            tokio::select! {
                biased;
                () = self.rules.changed() => {}
                _ = self.from.stream.readable(), if self.may_read() => {}
                _ = self.to.stream.writable(), if matches!(wrote, Wrote::Blocked) => {}
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {}
            }
        }
    }

    /// Waits after the sender has finished. The sender can still be lost altogether, and then the other side learns it
    /// as late as everything else.
    async fn after_the_end(&mut self) -> Result<(), Over> {
        self.loss_of_sender().await?;
        self.queue.push_end(QueueEnd::Reset, Instant::now(), self.rules.delay());
        self.pass().await
    }

    /// Resolves when the sender is gone, which is not looked at while nothing passes.
    async fn loss_of_sender(&mut self) -> Result<(), Over> {
        loop {
            self.refresh()?;
            tokio::select! {
                biased;
                () = self.rules.changed() => {}
                _ = self.from.stream.ready(Interest::ERROR), if !self.rules.black => return Ok(()),
            }
        }
    }

    fn refresh(&mut self) -> Result<(), Over> {
        if self.rules.refresh() {
            self.queue.hasten(self.rules.longest_delay());
        }
        if self.rules.cut {
            return Err(Over::Cut);
        }
        if self.rules.left() == Some(0) {
            return Err(Over::Limit);
        }
        Ok(())
    }

    fn may_read(&self) -> bool {
        !self.rules.black && !self.queue.has_end() && !self.queue.is_full()
    }

    /// Reads a chunk. True if there was anything to read or the end came.
    fn read(&mut self) -> Result<bool, PumpStop> {
        self.refresh()?;
        let full = self.queue.is_full();
        if full && !std::mem::replace(&mut self.full, full) {
            self.rules.count(|counters| &counters.held_back);
        }
        self.full = full;
        if !self.may_read() {
            return Ok(false);
        }
        let mut chunk = [0; CHUNK];
        let end = match self.from.stream.try_read(&mut chunk) {
            Ok(0) if self.from.is_gone() => QueueEnd::Reset,
            Ok(0) => QueueEnd::Finished,
            Ok(len) => {
                self.take(&chunk[..len])?;
                return Ok(true);
            }
            Err(error) if is_transient(&error) => return Ok(false),
            Err(_) => QueueEnd::Reset,
        };
        self.queue.push_end(end, Instant::now(), self.rules.delay());
        Ok(true)
    }

    /// Takes a chunk that arrived: passes it on at once if nothing is in its way, and otherwise queues it.
    fn take(&mut self, mut chunk: &[u8]) -> Result<(), PumpStop> {
        // The rules are read again: a condition that was put in force before the chunk was sent applies to it.
        self.refresh()?;
        if self.queue.is_empty() && self.rules.is_clear() {
            match self.to.stream.try_write(chunk) {
                Ok(written) => {
                    self.rules.passed(written);
                    chunk = &chunk[written..];
                }
                Err(error) if is_transient(&error) => {}
                Err(_) => return Err(PumpStop::Deaf),
            }
        }
        if !chunk.is_empty() {
            self.queue.push(chunk, Instant::now(), self.rules.delay());
        }
        Ok(())
    }

    /// Writes the bytes that are due and may pass.
    fn write(&mut self) -> Result<Wrote, PumpStop> {
        if self.rules.black {
            return Ok(Wrote::Nothing);
        }
        let now = Instant::now();
        let due = self.queue.due(now);
        if due == 0 {
            return self.write_end(now);
        }
        let len = match self.rules.allow(due, now) {
            Ok(len) => len,
            Err(until) => return Ok(Wrote::NotBefore(until)),
        };
        match self.to.stream.try_write_vectored(&self.queue.front(len)) {
            Ok(written) => {
                self.queue.passed(written);
                self.rules.passed(written);
                self.refresh()?;
                Ok(Wrote::Some)
            }
            Err(error) if is_transient(&error) => Ok(Wrote::Blocked),
            Err(_) => Err(PumpStop::Deaf),
        }
    }

    fn write_end(&mut self, now: Instant) -> Result<Wrote, PumpStop> {
        match self.queue.end_due(now) {
            Some(QueueEnd::Finished) => {
                // An error means that the other side is gone; the pump that reads from there finds that out.
                let _ = SockRef::from(&self.to.stream).shutdown(std::net::Shutdown::Write);
                Ok(Wrote::Finished)
            }
            Some(QueueEnd::Reset) => Err(Over::Reset.into()),
            None => Ok(self.queue.next_due().map_or(Wrote::Nothing, Wrote::NotBefore)),
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests_of_the_machine;
