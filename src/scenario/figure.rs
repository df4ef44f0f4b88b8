//! What a figure of a run is: its kind, its names, and what is declared of it.
//!
//! `figures.rs` declares every figure. The file of a scenario, its schema, the verdict, the table, the page, the
//! comparison, the schema of the report and the book go by what stands there.

use crate::figures::{Cost, Count, Distribution, Presence, Quantile, Share, Time, Traffic};

/// One figure of a run. How it is read out of a run is said in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// A number of things.
    Count(Count),
    /// A share of a number of things.
    Share(Share),
    /// A quantile of a distribution of times.
    Quantile(Distribution, Quantile),
    /// A single time.
    Time(Time),
    /// A number of things or a single time, of who is said to be there.
    Presence(Presence),
    /// A number or an amount of what passed between subscribers and nodes.
    Traffic(Traffic),
    /// An amount of processor time or memory.
    Cost(Cost),
}

/// What is declared of a figure.
#[derive(Debug)]
pub(crate) struct Declared {
    name: &'static str,
    meaning: &'static str,
    better: Option<Better>,
    heading: Option<Heading>,
    with_unsent: bool,
    of_answers: bool,
    seldom: bool,
}

impl Declared {
    pub(crate) const fn new(name: &'static str, meaning: &'static str) -> Self {
        let (better, heading) = (None, None);
        Self { name, meaning, better, heading, with_unsent: false, of_answers: false, seldom: false }
    }

    /// Two reports are compared by this figure.
    pub(crate) const fn compared(self, better: Better) -> Self {
        Self { better: Some(better), ..self }
    }

    /// The figure stands in the table of a report, under these headings.
    pub(crate) const fn heading(self, row: &'static str, wide: &'static str, tight: &'static str) -> Self {
        Self { heading: Some(Heading { row, wide, tight }), ..self }
    }

    /// The figure stands in a table only if some run of it has counted something: nearly always it is 0.
    pub(crate) const fn seldom(self) -> Self {
        Self { seldom: true, ..self }
    }

    /// An expectation on the figure counts the debts of unsent messages as if they had been sent and lost.
    pub(crate) const fn with_unsent(self) -> Self {
        Self { with_unsent: true, ..self }
    }

    /// The figure counts by what a server answered, and says nothing where the dialect has no answers.
    pub(crate) const fn of_answers(self) -> Self {
        Self { of_answers: true, ..self }
    }
}

/// What a table calls a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heading {
    /// The name where figures are rows. It begins with two blanks if the figure is a part of the one above it.
    pub row: &'static str,
    /// The heading where figures are columns, in its lines.
    pub wide: &'static str,
    /// The heading where figures are columns and there is less width, in its lines.
    pub tight: &'static str,
}

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// A lower value is better.
    Lower,
    /// A higher value is better.
    Higher,
    /// The figure only says what was asked for, or what a pattern is: no judgement.
    Neither,
}

/// The kind of number that a figure is, and so how a bound on it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// A number of things: `0`, `"<= 5"`.
    Count,
    /// A share of the whole, 0 to 1: `">= 0.99"`, `">= 99%"`.
    Share,
    /// An amount in the unit that the figure's name says: `50`, `"<= 50"`.
    Amount,
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

impl Figure {
    /// Every figure, in the order of tables. The share on time stands right behind the debts and before any latency:
    /// latency is only of what was delivered, so that a pattern that loses its slow messages looks fast.
    pub fn all() -> impl Iterator<Item = Figure> + Clone {
        let counts = Count::ALL.iter().flat_map(|count| {
            let on_time = (*count == Count::Owed).then_some(Figure::Share(Share::OnTime));
            [Some(Figure::Count(*count)), on_time].into_iter().flatten()
        });
        let quantiles = Distribution::ALL
            .iter()
            .flat_map(|of| Quantile::ALL.iter().map(|quantile| Figure::Quantile(*of, *quantile)));
        let times = Time::ALL.iter().map(|time| Figure::Time(*time));
        let presence = Presence::ALL.iter().map(|presence| Figure::Presence(*presence));
        let traffic = Traffic::ALL.iter().map(|traffic| Figure::Traffic(*traffic));
        let costs = Cost::ALL.iter().map(|cost| Figure::Cost(*cost));
        let shares = [Figure::Share(Share::LostShare)];
        counts.chain(shares).chain(quantiles).chain(times).chain(presence).chain(traffic).chain(costs)
    }

    /// The figure that has this name, and the kind of number that the name makes of it: `p99`, `p99_ms` and `p99_us`
    /// are one figure. `None` if there is no such figure.
    pub fn named(name: &str) -> Option<(Figure, FigureKind)> {
        let bare = |name: &str| Figure::all().find(|figure| figure.name() == name);
        if let Some(figure) = bare(name) {
            return Some((figure, figure.kind()));
        }
        let time = |name: &str| bare(name).filter(|figure| figure.kind().is_time());
        UNITS.into_iter().find_map(|(unit, kind)| Some((time(name.strip_suffix(unit)?)?, kind)))
    }

    /// The names under which an expectation may bound the figure. A time has three: bare, with `_ms` and with `_us`.
    pub fn names(self) -> impl Iterator<Item = String> {
        let name = self.name();
        let units = UNITS.into_iter().filter(move |_| self.kind().is_time());
        std::iter::once(name.to_owned()).chain(units.map(move |(unit, _)| format!("{name}{unit}")))
    }

    /// The name of the figure without a unit.
    pub fn name(self) -> &'static str {
        match self {
            Figure::Quantile(of, quantile) => of.name(quantile),
            figure => figure.declared().map_or("", |declared| declared.name),
        }
    }

    /// The kind of number that the figure is if its name has no unit.
    pub fn kind(self) -> FigureKind {
        match self {
            Figure::Quantile(..) | Figure::Time(_) | Figure::Presence(Presence::Settled) => FigureKind::Time,
            Figure::Traffic(Traffic::BytesPerDelivery) => FigureKind::Amount,
            Figure::Count(_) | Figure::Presence(_) | Figure::Traffic(_) => FigureKind::Count,
            Figure::Share(_) => FigureKind::Share,
            Figure::Cost(_) => FigureKind::Amount,
        }
    }

    /// What the figure counts or measures: a sentence.
    pub fn meaning(self) -> String {
        match self {
            Figure::Quantile(of, quantile) => format!("{} of {}.", quantile.words(), of.words()),
            figure => figure.declared().map_or("", |declared| declared.meaning).to_owned(),
        }
    }

    /// Which way the figure is better; `None` for a figure by which reports are not compared.
    pub fn better(self) -> Option<Better> {
        match self {
            Figure::Quantile(of, quantile) => of.is_compared(quantile).then_some(Better::Lower),
            figure => figure.declared().and_then(|declared| declared.better),
        }
    }

    /// What the table of a report calls the figure; `None` for a figure that is not in it.
    pub fn heading(self) -> Option<Heading> {
        match self {
            Figure::Quantile(of, quantile) => of.heading(quantile),
            figure => figure.declared().and_then(|declared| declared.heading),
        }
    }

    /// Whether the figure stands in a table only if some run of it has counted something.
    pub fn is_seldom(self) -> bool {
        self.declared().is_some_and(|declared| declared.seldom)
    }

    /// Whether an expectation on the figure counts the debts of unsent messages as if they had been sent and lost.
    pub fn counts_unsent(self) -> bool {
        self.declared().is_some_and(|declared| declared.with_unsent)
    }

    /// Whether the figure counts by what a server answered. Where the dialect has no answers, every message is `unknown`.
    pub fn is_of_answers(self) -> bool {
        self.declared().is_some_and(|declared| declared.of_answers)
    }

    /// What is declared of the figure alone; `None` for a quantile, which is declared with its distribution.
    fn declared(self) -> Option<&'static Declared> {
        match self {
            Figure::Count(count) => Some(count.declared()),
            Figure::Share(share) => Some(share.declared()),
            Figure::Time(time) => Some(time.declared()),
            Figure::Presence(presence) => Some(presence.declared()),
            Figure::Traffic(traffic) => Some(traffic.declared()),
            Figure::Cost(cost) => Some(cost.declared()),
            Figure::Quantile(..) => None,
        }
    }
}

/// The names of all figures that an expectation may bound: counts, then shares, then times, then amounts. Counts, shares
/// and amounts have the names of `report.json`, except `unverified_paths` and `stopped_paths`, which are lists there, and
/// `lost_share`, which is not in it.
pub fn figure_names() -> impl Iterator<Item = String> {
    by_kind().flat_map(Figure::names)
}

/// The kind of the figure with this name; `None` if there is no such figure.
pub fn figure_kind(name: &str) -> Option<FigureKind> {
    Figure::named(name).map(|(_, kind)| kind)
}

/// The figures that are worth listing where a name is similar to none: without units, and without the times of parts of
/// the way.
pub(super) fn known() -> impl Iterator<Item = &'static str> + Clone {
    let plain = |figure: &Figure| match figure {
        Figure::Quantile(of, _) => matches!(of, Distribution::Latency | Distribution::FanOut),
        _ => true,
    };
    by_kind().filter(plain).map(Figure::name)
}

fn by_kind() -> impl Iterator<Item = Figure> + Clone {
    let kinds = [FigureKind::Count, FigureKind::Share, FigureKind::Time, FigureKind::Amount];
    kinds.into_iter().flat_map(|kind| Figure::all().filter(move |figure| figure.kind() == kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_kind_and_its_name_only_once() {
        let names: Vec<_> = figure_names().collect();
        for (i, name) in names.iter().enumerate() {
            let Some((figure, kind)) = Figure::named(name) else { panic!("{name}") };
            assert!(!names[..i].contains(name), "{name}");
            assert_eq!(figure.name() != name, matches!(kind, FigureKind::Millis | FigureKind::Micros));
        }
        assert_eq!(
            names.len(),
            Figure::all().map(|figure| if figure.kind().is_time() { 3 } else { 1 }).sum::<usize>()
        );
    }

    #[test]
    fn every_figure_is_in_the_list_of_all() {
        let counts = Count::ALL.len() + Share::ALL.len() + Presence::ALL.len() + Traffic::ALL.len();
        let all = counts + Time::ALL.len() + Cost::ALL.len();
        assert_eq!(Figure::all().count(), all + Distribution::ALL.len() * Quantile::ALL.len());
    }

    #[test]
    fn of_the_times_the_table_has_three_quantiles_and_a_comparison_those_that_matter() {
        let of = |has: fn(&Figure) -> bool| -> Vec<_> {
            Figure::all()
                .filter(|it| matches!(it, Figure::Quantile(..)) && has(it))
                .map(Figure::name)
                .collect()
        };
        assert_eq!(of(|figure| figure.heading().is_some()), ["p50", "p99", "max"]);
        let compared = ["p50", "p90", "p99", "p999", "max", "service_p99", "fan_out_p99"];
        assert_eq!(of(|figure| figure.better().is_some()), compared);
        let rows = ["p50", "p99", "max"].map(|name| Figure::named(name).and_then(|(it, _)| it.heading()));
        assert_eq!(
            rows.map(|heading| heading.map(|it| it.row)),
            ["steady p50 (ms)", "steady p99 (ms)", "longest (ms)"].map(Some)
        );
        assert_eq!(Figure::Count(Count::Lost).heading().map(|it| it.row), Some("lost"));
    }

    #[test]
    fn each_quantile_has_its_share_of_the_values() {
        assert_eq!(
            Quantile::ALL.iter().map(|it| it.fraction()).collect::<Vec<_>>(),
            [0.5, 0.9, 0.99, 0.999, 1.0]
        );
    }

    #[test]
    fn every_figure_says_what_it_is() {
        for figure in Figure::all() {
            let meaning = figure.meaning();
            assert!(meaning.len() > 10 && meaning.ends_with('.'), "{figure:?}: {meaning}");
            assert!(meaning.starts_with(char::is_uppercase), "{figure:?}: {meaning}");
        }
    }

    #[test]
    fn a_time_is_one_in_whichever_unit() {
        let times = ["ready", "ready_ms", "ready_us"].map(|name| figure_kind(name).map(FigureKind::is_time));
        assert_eq!(times, [Some(true); 3]);
        let others = ["lost", "lost_share"].map(|name| figure_kind(name).map(FigureKind::is_time));
        assert_eq!(others, [Some(false); 2]);
        let kinds = ["lost", "on_time", "p50"].map(figure_kind);
        assert_eq!(kinds, [Some(FigureKind::Count), Some(FigureKind::Share), Some(FigureKind::Time)]);
        // The unit in the name of an amount is a part of it, and there is no other.
        let amounts = ["cpu_us_per_delivery", "rss_mib", "rss_mib_ms", "rss"].map(figure_kind);
        assert_eq!(amounts, [Some(FigureKind::Amount), Some(FigureKind::Amount), None, None]);
    }

    #[test]
    fn a_list_of_figures_leaves_out_units_and_parts_of_the_way() {
        let known: Vec<_> = known().collect();
        // Of the figures of presence one is a time, of those of traffic one is an amount, and the others are counts.
        let counts = Count::ALL.len() + (Presence::ALL.len() - 1) + (Traffic::ALL.len() - 1);
        let (shares, amounts) = (Share::ALL.len(), Cost::ALL.len() + 1);
        assert_eq!((counts >= 30, known.len()), (true, counts + shares + 14 + amounts));
        assert_eq!((known[0], known[counts], known[counts + shares]), ("due", "on_time", "p50"));
        assert_eq!(known.last(), Some(&"rss_mib"));
        assert!(known.contains(&"fan_out_p50") && !known.contains(&"service_p50"));
    }

    #[test]
    fn a_unit_belongs_to_times_only() {
        assert_eq!(figure_kind("recovery_ms"), Some(FigureKind::Millis));
        assert_eq!(figure_kind("service_p999_us"), Some(FigureKind::Micros));
        assert_eq!(["lost_ms", "_ms", "p99_ms_ms", "p95", ""].map(figure_kind), [None; 5]);
        let p99 = Figure::Quantile(Distribution::Latency, Quantile::P99);
        let figures = ["p99_us", "p99", "lost_ms"].map(|name| Figure::named(name).map(|(figure, _)| figure));
        assert_eq!(figures, [Some(p99), Some(p99), None]);
    }

    #[test]
    fn what_a_user_wants_is_better_and_what_was_asked_for_is_not_judged() {
        let named = |better| -> Vec<_> {
            Figure::all().filter(|figure| figure.better() == Some(better)).map(Figure::name).collect()
        };
        assert_eq!(named(Better::Higher), ["acked", "on_time", "delivered"]);
        assert_eq!(named(Better::Neither), ["sent", "owed", "recovered", "lost_no_path"]);
    }
}
