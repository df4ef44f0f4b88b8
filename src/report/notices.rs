//! The sentence on whether those who lost something know it.

use super::numbers::counted;
use ledger::{Debts, grouped};

/// The sentence; empty where nothing was lost over a path, and in an older report, which does not know.
pub(super) fn sentence(debts: &Debts) -> String {
    let lost = debts.lost_over_paths();
    let Some((told, silent)) = debts.by_notice().filter(|_| lost > 0) else { return String::new() };
    // What has no path is lost in silence, and is said elsewhere.
    let silent = silent.saturating_sub(debts.lost_no_path);
    let senders = senders(silent, debts.lost_silent_sender_told);
    match (told, silent) {
        (0, 1) => {
            format!("Its subscriber does not know: nothing told it that something may be missing{senders}.")
        }
        (0, _) => format!(
            "Their subscribers do not know: nothing told them that something may be missing{senders}."
        ),
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
                "Of the {}, {} {were} lost in silence: nothing told the subscriber that something may be missing{senders}.",
                counted(lost, "lost delivery", "lost deliveries"),
                grouped(silent)
            )
        }
    }
}

/// What the senders know of what was lost in silence, as the end of a sentence.
fn senders(silent: u64, told: u64) -> String {
    match (told, silent) {
        (0, _) => String::new(),
        (1, 1) => "; its sender knows that it was not, or perhaps not, sent".into(),
        (told, silent) if told == silent => {
            "; their senders know that they were not, or perhaps not, sent".into()
        }
        (1, _) => "; of one of them the sender knows that it was not, or perhaps not, sent".into(),
        (told, _) => format!(
            "; of {} of them the senders know that they were not, or perhaps not, sent",
            grouped(told)
        ),
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
    fn what_was_never_said_is_known_to_its_sender() {
        let of = |sender_told| Debts {
            owed: 60_000,
            lost: 40,
            lost_silent: 40,
            lost_silent_sender_told: sender_told,
            ..Debts::default()
        };
        let words = "their senders know that they were not, or perhaps not, sent.";
        assert!(sentence(&of(40)).ends_with(words), "{}", sentence(&of(40)));
        assert!(sentence(&of(39)).contains("; of 39 of them the senders know"));
        assert!(sentence(&of(1)).contains("; of one of them the sender knows"));
        assert!(!sentence(&of(0)).contains("sender"));
    }

    #[test]
    fn an_older_report_does_not_know() {
        assert_eq!(sentence(&Debts { owed: 10, lost: 3, ..Debts::default() }), "");
    }
}
