//! The figures of a run that an expectation may name: one table for the file, its schema and the verdict.

/// The kind of number that a figure is, and so how a bound on it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// A number of things: `0`, `"<= 5"`.
    Count,
    /// A share of the whole, 0 to 1: `">= 0.99"`, `">= 99%"`.
    Share,
    /// A time whose bounds name their unit: `"< 20ms"`. The bound that is read is in milliseconds.
    Time,
    /// A time in milliseconds: `20`, `"< 20"`, `"< 20ms"`.
    Millis,
    /// A time in microseconds: `20000`, `"< 20000"`, `"< 20ms"`.
    Micros,
}

impl FigureKind {
    /// Whether the figure is a time, in whichever unit.
    pub fn is_time(self) -> bool {
        matches!(self, FigureKind::Time | FigureKind::Millis | FigureKind::Micros)
    }
}

/// The suffixes of a time's name, and the kind of figure that each makes, which says what a bare number is.
const UNITS: [(&str, FigureKind); 2] = [("_ms", FigureKind::Millis), ("_us", FigureKind::Micros)];

macro_rules! figures {
    (counts $counts:tt shares $shares:tt times $times:tt) => {
        figures!(@consts $counts $shares $times);
    };
    (@consts [$($count:literal)*] [$($share:literal)*] [$($time:literal)*]) => {
        const COUNTS: &[&str] = &[$($count),*];
        const SHARES: &[&str] = &[$($share),*];
        const TIMES: &[&str] = &[$($time),*];

        /// The names of all figures that an expectation may bound. Counts and shares have the names of `report.json`,
        /// except `unsent_debts` and `lost_share`, which are not in it. Of the times, `p50` to `max` are the latency of
        /// delivered debts; each time stands here three times: bare, and with `_ms` and `_us`.
        pub const FIGURES: &[&str] = &[
            $($count,)* $($share,)* $($time, concat!($time, "_ms"), concat!($time, "_us"),)*
        ];
    };
}

figures! {
    counts [
        "due" "sent" "unsent" "acked" "refused" "unknown"
        "owed" "delivered" "recovered" "lost"
        "lost_confirmed" "lost_handed" "lost_refused" "lost_unknown" "lost_no_path" "lost_online" "lost_offline"
        "unsent_debts"
        "duplicates" "reordered" "replay_reordered" "refused_but_delivered" "unexpected" "corrupted" "foreign"
        "unverified_paths" "stopped_paths"
    ]
    shares ["on_time" "lost_share"]
    times [
        "p50" "p90" "p99" "p999" "max"
        "service_p50" "service_p90" "service_p99" "service_p999" "service_max"
        "recovered_p50" "recovered_p90" "recovered_p99" "recovered_p999" "recovered_max"
        "fan_out_p50" "fan_out_p90" "fan_out_p99" "fan_out_p999" "fan_out_max"
        "publish_delay_p50" "publish_delay_p90" "publish_delay_p99" "publish_delay_p999" "publish_delay_max"
        "loop_lag_p50" "loop_lag_p90" "loop_lag_p99" "loop_lag_p999" "loop_lag_max"
        "impact" "recovery" "ready"
    ]
}

/// The kind of the figure with this name; `None` if there is no such figure.
pub fn figure_kind(name: &str) -> Option<FigureKind> {
    match name {
        _ if COUNTS.contains(&name) => Some(FigureKind::Count),
        _ if SHARES.contains(&name) => Some(FigureKind::Share),
        _ if TIMES.contains(&name) => Some(FigureKind::Time),
        _ => UNITS
            .into_iter()
            .find(|(unit, _)| name.strip_suffix(unit).is_some_and(|base| TIMES.contains(&base)))
            .map(|(_, kind)| kind),
    }
}

/// The name of a figure without its unit: `p99`, `p99_ms` and `p99_us` are one figure.
pub fn figure_base(name: &str) -> &str {
    let base = UNITS.into_iter().find_map(|(unit, _)| name.strip_suffix(unit));
    base.filter(|base| TIMES.contains(base)).unwrap_or(name)
}

/// The figures that are worth listing where a name is similar to none: without units, and without the times of parts of
/// the way.
pub(super) fn known() -> impl Iterator<Item = &'static str> + Clone {
    let plain = |name: &&str| {
        !["service_", "recovered_", "publish_", "loop_"].iter().any(|part| name.starts_with(part))
    };
    COUNTS.iter().chain(SHARES).chain(TIMES.iter().filter(move |name| plain(name))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_kind_and_its_name_only_once() {
        for (i, name) in FIGURES.iter().enumerate() {
            let kind = figure_kind(name);
            assert!(kind.is_some(), "{name}");
            assert!(!FIGURES[..i].contains(name), "{name}");
            assert_eq!(
                figure_base(name) != *name,
                matches!(kind, Some(FigureKind::Millis | FigureKind::Micros))
            );
        }
        assert_eq!(FIGURES.len(), COUNTS.len() + SHARES.len() + 3 * TIMES.len());
    }

    #[test]
    fn a_time_is_one_in_whichever_unit() {
        let times = ["ready", "ready_ms", "ready_us"].map(|name| figure_kind(name).map(FigureKind::is_time));
        assert_eq!(times, [Some(true); 3]);
        let others = ["lost", "lost_share"].map(|name| figure_kind(name).map(FigureKind::is_time));
        assert_eq!(others, [Some(false); 2]);
        let kinds = ["lost", "on_time", "p50"].map(figure_kind);
        assert_eq!(kinds, [Some(FigureKind::Count), Some(FigureKind::Share), Some(FigureKind::Time)]);
    }

    #[test]
    fn a_list_of_figures_leaves_out_units_and_parts_of_the_way() {
        let known: Vec<_> = known().collect();
        assert_eq!(known.len(), 27 + 2 + 13);
        assert_eq!((known[0], known[27], known[29], known[41]), ("due", "on_time", "p50", "ready"));
        assert!(known.contains(&"fan_out_p50") && !known.contains(&"service_p50"));
    }

    #[test]
    fn a_unit_belongs_to_times_only() {
        assert_eq!(figure_kind("recovery_ms"), Some(FigureKind::Millis));
        assert_eq!(figure_kind("service_p999_us"), Some(FigureKind::Micros));
        assert_eq!(["lost_ms", "_ms", "p99_ms_ms", "p95", ""].map(figure_kind), [None; 5]);
        assert_eq!(["p99_us", "p99", "lost_ms"].map(figure_base), ["p99", "p99", "lost_ms"]);
    }
}
