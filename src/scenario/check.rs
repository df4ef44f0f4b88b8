//! Checks what only the whole scenario can tell: whether its parts fit each other.

mod faults;

use humantime::format_duration;

use super::error::{Complaint, InputError, Origin, Source};
use super::fault::Placed;
use super::values::Fields;
use super::{Cluster, Load, Pattern, Transport};

/// The most messages of a run; the records of more would not fit into the memory of a usual machine.
const MAX_MESSAGES: f64 = 20e6;
/// The most debts of a run; the ledger takes one byte for each.
const MAX_DEBTS: f64 = 2e9;

/// The parts of a scenario, and who gave them.
pub(super) struct Whole<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) fields: &'a Fields<'a>,
    pub(super) patterns: &'a [Pattern],
    pub(super) cluster: &'a Cluster,
    pub(super) load: &'a Load,
    pub(super) faults: &'a [Placed],
}

impl Whole<'_> {
    /// Checks everything that only the whole scenario can tell.
    pub(super) fn check(&self) -> Result<(), InputError> {
        self.reconnects()?;
        self.rooms()?;
        self.transports()?;
        self.size()?;
        self.faults()
    }

    /// An error in these fields: it points at the one that a flag gave, or else at the file.
    fn wrong(&self, keys: &[&str], what: String) -> Complaint {
        match self.fields.to_blame(keys) {
            Some(origin) => self.source.error_at(origin, what),
            None => Complaint::new(what),
        }
    }

    /// An error in a fault. If a flag changed what the fault depends on, the error points at the flag and names the
    /// fault.
    fn wrong_fault(&self, placed: &Placed, key: &str, at: &std::ops::Range<usize>, what: &str) -> Complaint {
        match self.fields.origin(key) {
            Some(flag @ Origin::Flag(..)) => {
                let fault = format!("`{}` ({})", placed.plan, self.source.place(at.start));
                self.source.error_at(flag, format!("the fault {fault} {what}"))
            }
            _ => self.source.error(at, format!("`{}` {what}", placed.plan)),
        }
    }

    fn reconnects(&self) -> Result<(), InputError> {
        let (min, max) = (self.load.reconnect_min, self.load.reconnect_max);
        if min <= max {
            return Ok(());
        }
        let (min, max) = (format_duration(min), format_duration(max));
        let what = format!("`reconnect_min` ({min}) is longer than `reconnect_max` ({max})");
        let hint = "lower `reconnect_min`, or raise `reconnect_max`";
        Err(self.wrong(&["reconnect_min", "reconnect_max"], what).with_hint(hint))
    }

    fn rooms(&self) -> Result<(), InputError> {
        let (nodes, rooms, subscribers) = (self.cluster.nodes, self.load.rooms, self.load.subscribers);
        // Subscriber i is in the room floor(i / nodes) mod rooms.
        let heard = subscribers.div_ceil(nodes);
        if rooms <= heard {
            return Ok(());
        }
        let empty = rooms - heard;
        let what = format!(
            "with {subscribers} subscribers over {nodes} nodes, nobody listens in {empty} of {rooms} rooms"
        );
        let enough = (rooms - 1) * nodes + 1;
        let hint = format!("lower `rooms` to {heard}, or raise `subscribers` to {enough}");
        Err(self.wrong(&["rooms", "subscribers", "nodes"], what).with_hint(hint))
    }

    fn transports(&self) -> Result<(), InputError> {
        let Load { transports, poll_every, drain, presence, .. } = self.load;
        if let Some(other) = transports.iter().find(|it| *presence && **it != Transport::Ws) {
            let what =
                format!("who watches `presence` listens over a WebSocket, and `transport` names `{other}`");
            let hint = "leave out one of the two";
            return Err(self.wrong(&["transport", "presence"], what).with_hint(hint));
        }
        if transports.contains(&Transport::Poll) && poll_every > drain {
            let (every, drain) = (format_duration(*poll_every), format_duration(*drain));
            let what = format!(
                "`poll_every` ({every}) is longer than `drain` ({drain}), so that the last messages would not be \
                 asked for"
            );
            let hint = "lower `poll_every`, or raise `drain`";
            return Err(self.wrong(&["poll_every", "drain", "transport"], what).with_hint(hint));
        }
        Ok(())
    }

    fn size(&self) -> Result<(), InputError> {
        let messages = self.load.rate * self.busy_seconds();
        let hint = "lower `rate`, shorten `duration`, or take fewer `subscribers` a room";
        if messages > MAX_MESSAGES {
            let what = format!("{messages:.0} messages are more than one run can hold ({MAX_MESSAGES})");
            return Err(self.wrong(&["rate", "duration"], what).with_hint(hint));
        }
        let debts = messages * self.load.subscribers as f64 / self.load.rooms as f64;
        if debts > MAX_DEBTS {
            let what = format!("{debts:.0} deliveries are more than one run can count ({MAX_DEBTS})");
            return Err(self.wrong(&["rate", "duration", "subscribers", "rooms"], what).with_hint(hint));
        }
        Ok(())
    }
}
