//! Every figure of a run, declared once: its name, what it means, which way it is better if reports are compared by it,
//! and its headings if it stands in the table. The ledger says how each is read; a figure that it forgets does not
//! compile.

use crate::figure::Better::{Higher, Lower, Neither};
use crate::figure::{Declared, Heading};

/// Declares the figures of one kind, in the order of tables.
macro_rules! declare {
    ($(#[$doc:meta])* $kind:ident:
     $($figure:ident $name:literal: $meaning:literal $(, $method:ident($($argument:tt)*))*;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind { $(#[doc = $meaning] $figure,)* }

        impl $kind {
            /// Every figure of this kind, in the order of tables.
            pub const ALL: &[Self] = &[$(Self::$figure),*];

            pub(crate) fn declared(self) -> &'static Declared {
                match self {
                    $(Self::$figure => {
                        const { &Declared::new($name, $meaning)$(.$method($($argument)*))* }
                    })*
                }
            }
        }
    };
}

declare! {
    /// A figure that is a number of things. Refusals and losses of every kind are better lower; what was asked for
    /// (`sent`, `owed`), what a pattern has no way for and what came by replay (better than lost, worse than live) is
    /// not judged.
    Count:
    Due "due": "Messages that the schedule asked for.";
    Sent "sent": "Messages handed over for writing.", compared(Neither), heading("sent", "sent", "sent");
    Unsent "unsent": "Messages never sent: their publisher had no connection until the end.",
        compared(Lower), heading("unsent", "unsent", "un-\nsent"), seldom();
    Acked "acked": "Messages that were acknowledged, which is not a delivery.",
        compared(Higher), heading("acked", "acked", "acked"), of_answers();
    Refused "refused": "Messages certainly not sent on.",
        compared(Lower), heading("refused", "refused", "re-\nfused"), of_answers();
    Unknown "unknown": "Messages perhaps sent on, or never answered.",
        compared(Lower), heading("unknown", "un-\nknown", "un-\nknown"), of_answers();

    Owed "owed": "Debts: one for each message sent and each subscriber of its room.",
        compared(Neither), heading("owed", "owed", "owed");
    Delivered "delivered": "Debts received live.",
        compared(Higher), heading("delivered", "deliv-\nered", "deliv-\nered");
    Recovered "recovered": "Debts received only by replay.",
        compared(Neither), heading("recovered", "recov-\nered", "re-\ncov.");
    Lost "lost": "Debts never received.", compared(Lower), heading("lost", "lost", "lost"), with_unsent();
    LostConfirmed "lost_confirmed": "Lost debts whose message the pattern had confirmed: broken promises.",
        compared(Lower), heading("  of it confirmed", "of it\nconf.", "of it\nconf."), with_unsent(),
        of_answers();
    LostHanded "lost_handed":
        "Lost debts that nobody had promised: the message was handed over, or the pattern has no path for the debt.",
        compared(Lower), heading("  of it handed", "of it\nhanded", "of it\nhand."), with_unsent(), of_answers();
    LostRefused "lost_refused": "Lost debts whose message was refused, so that the publisher knew.",
        compared(Lower), with_unsent(), of_answers();
    LostUnknown "lost_unknown": "Lost debts whose message was answered with `unknown`, or not at all.",
        compared(Lower), with_unsent(), of_answers();
    LostNoPath "lost_no_path":
        "Lost debts over a path that the pattern does not have; a part of `lost_handed`.", compared(Neither);
    LostOnline "lost_online": "Lost debts whose subscriber was connected when the message was sent.",
        compared(Lower), with_unsent();
    LostOffline "lost_offline": "Lost debts whose subscriber was disconnected when the message was sent.",
        compared(Lower), with_unsent();
    LostTold "lost_told":
        "Lost debts whose subscriber was told that it may have missed the message.",
        compared(Lower), heading("  of it told", "of it\ntold", "of it\ntold"), seldom();
    LostSilent "lost_silent":
        "Lost debts whose subscriber was told nothing: it believes that it has everything.",
        compared(Lower), heading("  of it silent", "of it\nsilent", "of it\nsil."), seldom();
    UnsentDebts "unsent_debts":
        "Debts that the unsent messages would have made, had each been sent when it was due. They are not owed.";

    Duplicates "duplicates": "Further copies of a debt: again live, or again within one replay.",
        compared(Lower), heading("duplicates", "dupli-\ncates", "dupl.");
    HeldAgain "held_again":
        "Copies that a replay brought of debts which their subscriber held already: the overlap of the replay.",
        compared(Lower), heading("held again", "held\nagain", "held\nagain"), seldom();
    LiveAgain "live_again": "Debts first received by replay, and live after that.",
        compared(Lower), heading("live again", "live\nagain", "live\nagain"), seldom();
    ReplayAfterLive "replay_after_live":
        "Copies that a replay brought after a later message of the same publisher and room had come live over the same \
         connection.",
        compared(Lower), heading("replay after live", "replay\nlate", "repl.\nlate"), seldom();
    Reordered "reordered": "Debts overtaken by a later message of the same publisher and room.",
        compared(Lower), heading("reordered", "reor-\ndered", "reor-\ndered");
    ReplayReordered "replay_reordered":
        "Debts overtaken within a replay by a later message of the same publisher and room.", compared(Lower);
    RefusedButDelivered "refused_but_delivered": "Debts received though their message was refused.",
        of_answers();
    Unexpected "unexpected": "Receipts of something never sent, or not of the room.";
    Corrupted "corrupted": "Receipts with a wrong checksum.";
    Foreign "foreign": "Receipts of another run's texts.";
    Disconnects "disconnects": "Connections that the server ended or broke, and that no fault of the scenario explains.",
        compared(Lower), heading("disconnects", "discon-\nnects", "disc."), seldom();
    UnverifiedPaths "unverified_paths":
        "Paths from a publisher to a subscriber that never worked before the load.";
    StoppedPaths "stopped_paths": "Paths that worked, and then worked no more until the end.";
}

declare! {
    /// A figure that is a share of a number of things, 0 to 1.
    Share:
    OnTime "on_time": "The share of owed debts received live within a second of the intended send time.",
        compared(Higher), heading("on time", "on\ntime", "on\ntime"), with_unsent();
    LostShare "lost_share": "The share of owed debts never received.", with_unsent();
}

declare! {
    /// A figure that is a single time.
    Time:
    Impact "impact": "The time from the intended send time of the first harmed message to the end of the last harm.",
        compared(Lower), heading("impact (ms)", "impact\nms", "imp.\nms");
    Recovery "recovery": "The time from the start of the last healing to the end of the last harm.",
        compared(Lower), heading("recovery (ms)", "recov-\nery ms", "recov.\nms");
    Ready "ready": "How long the target of the last healing took to be ready.", compared(Lower);
}

declare! {
    /// A figure of who is said to be there, in a run that watches presence (`[load] presence`): of what the observers were
    /// told, held against what the clients know.
    Presence:
    Phantoms "phantoms":
        "People whom an observer's list had in the end, and who were not there: one for each observer and person.",
        compared(Lower), heading("phantoms", "phan-\ntoms", "phan-\ntoms"), of_answers();
    Missing "missing":
        "People whom an observer's list lacked in the end, and who were there: one for each observer and person.",
        compared(Lower), heading("missing people", "miss-\ning", "miss-\ning"), of_answers();
    Flaps "flaps":
        "Times that an observer was told that somebody left and came, or came and left, who did neither.",
        compared(Lower), heading("flaps", "flaps", "flaps"), of_answers();
    Settled "settled":
        "The longest time after a fault until every observer's list was right, and stayed so until the next fault.",
        compared(Lower), heading("settled (ms)", "settled\nms", "settl.\nms"), of_answers();
}

declare! {
    /// A figure of what passed between the subscribers and their nodes, whichever way they hear.
    Traffic:
    Requests "requests":
        "HTTP requests that subscribers made. The opening of a WebSocket is one.",
        compared(Lower), heading("HTTP requests", "HTTP re-\nquests", "HTTP\nreq.");
    BytesIn "bytes_in":
        "Bytes that subscribers read from their connections: texts, what they are framed in, and headers.",
        compared(Lower), heading("bytes in", "bytes\nin", "bytes\nin");
    BytesOut "bytes_out":
        "Bytes that subscribers wrote to their connections: what they asked for, and headers.",
        compared(Lower), heading("bytes out", "bytes\nout", "bytes\nout");
    BytesPerDelivery "bytes_per_delivery":
        "Bytes on the subscribers' connections, both ways, for each debt received.",
        compared(Lower), heading("bytes/delivery", "bytes/\ndelivery", "bytes/\ndeliv.");
}

declare! {
    /// A figure that is an amount of what the machine gave: processor time, or memory. Its name says the unit.
    Cost:
    CpuUsPerDelivery "cpu_us_per_delivery":
        "CPU time in microseconds that nodes, broker and history took for each debt received.",
        compared(Lower), heading("CPU/delivery (us)", "CPU us/\ndelivery", "CPU\nus");
    NodesCpuUsPerDelivery "nodes_cpu_us_per_delivery":
        "CPU time in microseconds that the nodes alone took for each debt received; a part of `cpu_us_per_delivery`.",
        compared(Lower), heading("  of it nodes (us)", "of it\nnodes", "of it\nnodes");
    RssMib "rss_mib":
        "Resident memory in MiB of nodes, broker and history together, at its highest.",
        compared(Lower), heading("memory (MiB)", "memory\nMiB", "mem.\nMiB");
}

/// Declares the distributions of times: the part of their figures' names before the quantile, and what they are of.
macro_rules! distributions {
    ($($distribution:ident $prefix:literal: $words:literal;)*) => {
        /// A distribution of times, of which every quantile is a figure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Distribution { $(#[doc = $words] $distribution,)* }

        impl Distribution {
            /// Every distribution, in the order of tables.
            pub const ALL: &[Self] = &[$(Self::$distribution),*];

            pub(crate) fn words(self) -> &'static str {
                match self { $(Self::$distribution => $words,)* }
            }

            pub(crate) fn name(self, quantile: Quantile) -> &'static str {
                match self {
                    $(Self::$distribution => match quantile {
                        Quantile::P50 => concat!($prefix, "p50"),
                        Quantile::P90 => concat!($prefix, "p90"),
                        Quantile::P99 => concat!($prefix, "p99"),
                        Quantile::P999 => concat!($prefix, "p999"),
                        Quantile::Max => concat!($prefix, "max"),
                    },)*
                }
            }
        }
    };
}

distributions! {
    Latency "": "the latency of debts delivered live, from the intended send time";
    Service "service_": "the latency of debts delivered live, from the actual send time";
    Recovered "recovered_": "the latency of debts received by replay, from the intended send time";
    FanOut "fan_out_": "the time from a message's first live recipient to its last";
    PublishDelay "publish_delay_": "the delay with which the load generator published";
    LoopLag "loop_lag_": "the delay with which the load generator received";
}

/// A quantile of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantile {
    /// The median.
    P50,
    /// The 90th percentile.
    P90,
    /// The 99th percentile.
    P99,
    /// The 99.9th percentile.
    P999,
    /// The largest value.
    Max,
}

impl Quantile {
    /// Every quantile, the smallest first.
    pub const ALL: &[Self] = &[Self::P50, Self::P90, Self::P99, Self::P999, Self::Max];

    /// The share of values that are at the quantile or below it, 0 to 1.
    pub fn fraction(self) -> f64 {
        match self {
            Quantile::P50 => 0.5,
            Quantile::P90 => 0.9,
            Quantile::P99 => 0.99,
            Quantile::P999 => 0.999,
            Quantile::Max => 1.0,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Quantile::P50 => "The median",
            Quantile::P90 => "The 90th percentile",
            Quantile::P99 => "The 99th percentile",
            Quantile::P999 => "The 99.9th percentile",
            Quantile::Max => "The maximum",
        }
    }
}

impl Distribution {
    /// Whether two reports are compared by this quantile.
    pub(crate) fn is_compared(self, quantile: Quantile) -> bool {
        match self {
            Distribution::Latency => true,
            Distribution::Service | Distribution::FanOut => quantile == Quantile::P99,
            Distribution::Recovered | Distribution::PublishDelay | Distribution::LoopLag => false,
        }
    }

    /// What the table of a report calls this quantile; `None` for one that is not in it.
    pub(crate) fn heading(self, quantile: Quantile) -> Option<Heading> {
        let (row, wide) = match (self, quantile) {
            (Distribution::Latency, Quantile::P50) => ("steady p50 (ms)", "p50\nms"),
            (Distribution::Latency, Quantile::P99) => ("steady p99 (ms)", "p99\nms"),
            (Distribution::Latency, Quantile::Max) => ("longest (ms)", "max\nms"),
            _ => return None,
        };
        Some(Heading { row, wide, tight: wide })
    }
}
