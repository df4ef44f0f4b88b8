//! The kinds of harm that a run can show, from none to the worst. They decide the colour of a cell, and its mark.

use schemars::JsonSchema;
use serde::Serialize;

use crate::RunReport;
use ledger::Verdict;

/// The worst that a run showed. Later kinds are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Harm {
    /// The run was not made.
    NotRun,
    /// Everything owed came, once and on time.
    Whole,
    /// Something came live more than a second late.
    Late,
    /// Something came twice, or out of order.
    Twice,
    /// The run proves nothing.
    Unclear,
    /// Something was never sent.
    Unsent,
    /// Something was lost, and every subscriber that lost it was told.
    LostTold,
    /// Something was lost, and a subscriber that lost it was not told.
    LostSilent,
    /// Something came that was corrupted, or that nobody had sent.
    Wrong,
    /// Subscribers on other nodes could never be reached.
    NoPath,
    /// Something was lost though its sender had been told that it is safe.
    LostConfirmed,
}

impl Harm {
    /// Every kind, the least first.
    pub const ALL: [Harm; 11] = [
        Harm::NotRun,
        Harm::Whole,
        Harm::Late,
        Harm::Twice,
        Harm::Unclear,
        Harm::Unsent,
        Harm::LostTold,
        Harm::LostSilent,
        Harm::Wrong,
        Harm::NoPath,
        Harm::LostConfirmed,
    ];

    /// The worst kind that a run shows.
    pub(super) fn of(run: &RunReport) -> Self {
        let (Some(messages), Some(debts)) = (&run.messages, &run.debts) else {
            return if run.verdict == Verdict::Inconclusive { Harm::Unclear } else { Harm::NotRun };
        };
        let any = |count: Option<u64>| count.is_some_and(|count| count > 0);
        let silent = debts.by_notice().is_none_or(|(_, silent)| silent > 0);
        let counts = &run.counts;
        if run.partial || run.verdict == Verdict::Inconclusive {
            Harm::Unclear
        } else if debts.lost_confirmed > 0 {
            Harm::LostConfirmed
        } else if debts.lost_no_path > 0 {
            Harm::NoPath
        } else if any(counts.corrupted) || any(counts.unexpected) {
            Harm::Wrong
        } else if debts.lost > 0 && silent {
            Harm::LostSilent
        } else if debts.lost > 0 {
            Harm::LostTold
        } else if messages.unsent > 0 {
            Harm::Unsent
        } else if any(counts.duplicates) || any(counts.reordered) {
            Harm::Twice
        } else if debts.late() > 0 {
            Harm::Late
        } else {
            Harm::Whole
        }
    }

    /// The mark that stands for the kind where there is no colour, as on paper.
    pub fn mark(self) -> &'static str {
        match self {
            Harm::NotRun => "–",
            Harm::Whole => "✓",
            Harm::Late => "◔",
            Harm::Twice => "≡",
            Harm::Unclear => "?",
            Harm::Unsent => "△",
            Harm::LostTold => "◐",
            Harm::LostSilent => "●",
            Harm::Wrong => "≠",
            Harm::NoPath => "⊘",
            Harm::LostConfirmed => "✗",
        }
    }

    /// What the mark means.
    pub fn meaning(self) -> &'static str {
        match self {
            Harm::NotRun => "not run",
            Harm::Whole => "everything came, once and on time",
            Harm::Late => "some came more than a second late",
            Harm::Twice => "some came twice, or out of order",
            Harm::Unclear => "inconclusive",
            Harm::Unsent => "some were never sent",
            Harm::LostTold => "some were lost, and their subscribers were told",
            Harm::LostSilent => "some were lost in silence",
            Harm::Wrong => "some came that were corrupted, or that nobody had sent",
            Harm::NoPath => "clients of other nodes were never reachable",
            Harm::LostConfirmed => "some were lost though confirmed",
        }
    }

    /// How a cell of this kind looks.
    pub(super) fn look(self) -> &'static Look {
        match self {
            Harm::NotRun => &NONE,
            Harm::Whole => &WHOLE,
            Harm::Late | Harm::Twice => &MILD,
            Harm::Unclear => &UNCLEAR,
            Harm::Unsent | Harm::LostTold => &BAD,
            Harm::LostSilent | Harm::Wrong | Harm::NoPath | Harm::LostConfirmed => &WORST,
        }
    }
}

/// The look of a cell: its colours by day and in the dark, and the class by which the page's style names it.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) class: &'static str,
    pub(super) ground: &'static str,
    pub(super) ink: &'static str,
    dark_ground: &'static str,
    dark_ink: &'static str,
}

const fn look(
    class: &'static str,
    (ground, ink): (&'static str, &'static str),
    (dark_ground, dark_ink): (&'static str, &'static str),
) -> Look {
    Look { class, ground, ink, dark_ground, dark_ink }
}

const NONE: Look = look("none", ("#FFFFFF", "#59626D"), ("#1D2125", "#9AA4B0"));
const WHOLE: Look = look("whole", ("#E3F4E8", "#0B5A28"), ("#12351F", "#8FE3AB"));
const MILD: Look = look("mild", ("#FFF4D6", "#6B4A00"), ("#3A3010", "#F3CF74"));
const UNCLEAR: Look = look("unclear", ("#ECEFF2", "#444C55"), ("#2A3036", "#C2CAD3"));
const BAD: Look = look("bad", ("#FFE3D0", "#7E3300"), ("#43270F", "#FFB98A"));
const WORST: Look = look("worst", ("#FBDADA", "#861111"), ("#481A1A", "#FFB0B0"));

/// The style rules of all looks.
pub(super) fn rules() -> String {
    let rule = |class: &str, ground: &str, ink: &str| {
        format!(".harms td.{class}{{background:{ground};color:{ink}}}")
    };
    let looks = [NONE, WHOLE, MILD, UNCLEAR, BAD, WORST];
    let light: String = looks.iter().map(|look| rule(look.class, look.ground, look.ink)).collect();
    let dark: String = looks.iter().map(|look| rule(look.class, look.dark_ground, look.dark_ink)).collect();
    format!("{light}@media screen and (prefers-color-scheme:dark){{{dark}}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{amqp, local, not_applicable, redis, run_with};

    #[test]
    fn the_worst_harm_decides() {
        assert_eq!(Harm::of(&not_applicable()), Harm::NotRun);
        assert_eq!(Harm::of(&run_with(|_| {})), Harm::Whole);
        assert_eq!(Harm::of(&amqp()), Harm::Twice);
        assert_eq!(Harm::of(&local()), Harm::NoPath);
        // An older report does not know who was told, so nothing is claimed.
        assert_eq!(Harm::of(&redis()), Harm::LostSilent);
        let lost = |change: fn(&mut ledger::Debts)| {
            let mut run = redis();
            run.debts.as_mut().map(change);
            Harm::of(&run)
        };
        assert_eq!(lost(|debts| debts.lost_told = debts.lost), Harm::LostTold);
        assert_eq!(lost(|debts| debts.lost_confirmed = 1), Harm::LostConfirmed);
        let late = run_with(|run| run.debts.as_mut().unwrap().on_time -= 1);
        assert_eq!(Harm::of(&late), Harm::Late);
        let unsent = run_with(|run| run.messages.as_mut().unwrap().unsent = 1);
        assert_eq!(Harm::of(&unsent), Harm::Unsent);
        let unclear = run_with(|run| run.verdict = Verdict::Inconclusive);
        assert_eq!(Harm::of(&unclear), Harm::Unclear);
        assert!(Harm::ALL.is_sorted() && Harm::ALL.len() == Harm::LostConfirmed as usize + 1);
    }

    #[test]
    fn every_harm_has_a_mark_and_a_meaning_of_its_own() {
        for words in [Harm::ALL.map(Harm::mark), Harm::ALL.map(Harm::meaning)] {
            let mut all = words.to_vec();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), Harm::ALL.len());
        }
    }

    #[test]
    fn the_book_lists_every_mark_with_its_meaning() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/src/reference/report.md");
        let page = std::fs::read_to_string(page).unwrap();
        for harm in Harm::ALL {
            let (mark, meaning) = (harm.mark(), harm.meaning());
            assert!(page.contains(&format!("| {mark} | {meaning}")), "{mark} {meaning}");
        }
    }
}
