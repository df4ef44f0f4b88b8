//! The sentence on whether those who lost something know it.

use super::numbers::counted;
use ledger::{Debts, grouped};

/// The sentence; empty where nothing was lost over a path, and in an older report, which does not know.
pub(super) fn sentence(debts: &Debts) -> String {
    let lost = debts.lost_over_paths();
    let Some((told, silent)) = debts.by_notice().filter(|_| lost > 0) else { return String::new() };
    // What has no path is lost in silence, and is said elsewhere.
    match (told, silent.saturating_sub(debts.lost_no_path)) {
        (0, 1) => "Its subscriber does not know: nothing told it that something may be missing.".into(),
        (0, _) => "Their subscribers do not know: nothing told them that something may be missing.".into(),
        (1, 0) => {
            "Its subscriber knows: a notice, or its own absence, told it that something may be missing."
                .into()
        }
        (_, 0) => {
            "Their subscribers know: a notice, or their own absence, told them that something may be missing."
                .into()
        }
        (_, silent) => {
            let were = if silent == 1 { "was" } else { "were" };
            format!(
                "Of the {}, {} {were} lost in silence: nothing told the subscriber that something may be missing.",
                counted(lost, "lost delivery", "lost deliveries"),
                grouped(silent)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lost: u64, told: u64, no_path: u64) -> String {
        sentence(&Debts {
            owed: 60_000,
            lost,
            lost_told: told,
            lost_silent: lost - told,
            lost_no_path: no_path,
            ..Debts::default()
        })
    }

    #[test]
    fn whoever_lost_something_knows_it_or_not() {
        assert_eq!([said(0, 0, 0), said(400, 0, 400)], ["", ""]);
        assert!(said(15_370, 15_370, 0).starts_with("Their subscribers know: "));
        assert!(said(1, 1, 0).starts_with("Its subscriber knows: "));
        assert!(said(40, 0, 0).starts_with("Their subscribers do not know: "));
        assert!(said(1, 0, 0).starts_with("Its subscriber does not know: "));
        assert!(
            said(15_370, 15_330, 0).starts_with("Of the 15,370 lost deliveries, 40 were lost in silence: ")
        );
        assert!(said(440, 39, 400).starts_with("Of the 40 lost deliveries, 1 was lost in silence: "));
        assert!(
            said(440, 40, 400).starts_with("Their subscribers know: "),
            "what has no path is said elsewhere"
        );
    }

    #[test]
    fn an_older_report_does_not_know() {
        assert_eq!(sentence(&Debts { owed: 10, lost: 3, ..Debts::default() }), "");
    }
}
