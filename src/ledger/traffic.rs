//! What passed between the subscribers and their nodes. The load counts it, and the report has it as it is.

use std::ops::Add;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure_value::FigureValue;
use scenario::Traffic;

/// What passed over the subscribers' connections from the start of the measured load to the end of the drain. The opening
/// of each connection that was there when the load began is part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrafficFigures {
    /// [`Traffic::Requests`]
    pub requests: u64,
    /// [`Traffic::BytesIn`]
    pub bytes_in: u64,
    /// [`Traffic::BytesOut`]
    pub bytes_out: u64,
    /// [`Traffic::BytesPerDelivery`]. `None` if nothing was received.
    pub bytes_per_delivery: Option<f64>,
}

impl TrafficFigures {
    /// The same traffic, shared out over this number of debts received.
    pub fn over(self, received: u64) -> Self {
        let bytes = self.bytes_in.saturating_add(self.bytes_out);
        let share = || (bytes as f64 / received as f64 * 100.0).round() / 100.0;
        Self { bytes_per_delivery: (received > 0).then(share), ..self }
    }

    /// The value of a figure; `None` if it does not exist.
    pub(super) fn read(&self, figure: Traffic) -> Option<FigureValue> {
        match figure {
            Traffic::Requests => Some(FigureValue::Count(self.requests)),
            Traffic::BytesIn => Some(FigureValue::Count(self.bytes_in)),
            Traffic::BytesOut => Some(FigureValue::Count(self.bytes_out)),
            Traffic::BytesPerDelivery => self.bytes_per_delivery.map(FigureValue::Amount),
        }
    }
}

impl Add for TrafficFigures {
    type Output = Self;

    /// The traffic of two clients or runs together, not yet shared out.
    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            bytes_in: self.bytes_in.saturating_add(other.bytes_in),
            bytes_out: self.bytes_out.saturating_add(other.bytes_out),
            bytes_per_delivery: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_both_ways_are_shared_out_over_what_was_received() {
        let one =
            TrafficFigures { requests: 2, bytes_in: 900, bytes_out: 100, bytes_per_delivery: Some(1.0) };
        let shared = (one + one).over(300);
        let read = Traffic::ALL.iter().map(|figure| shared.read(*figure));
        let expected = [
            FigureValue::Count(4),
            FigureValue::Count(1_800),
            FigureValue::Count(200),
            FigureValue::Amount(6.67),
        ];
        assert!(read.eq(expected.map(Some)));
        assert_eq!(one.over(0).read(Traffic::BytesPerDelivery), None);
    }
}
