//! What to say of a server whose dialect has no answers: nobody can be told whether it took a message.

use super::RunReport;
use super::numbers::counted;
use super::phrases::{of_deliveries, out_of_reach};
use ledger::{Debts, Messages, grouped};

/// Whether the silence about the messages is the dialect's, and not a server's that should have spoken.
pub(super) fn has_no_answers(run: &RunReport, messages: &Messages) -> bool {
    let other = run.dialect.as_deref().is_some_and(|dialect| dialect != "v1");
    other && messages.acked + messages.refused == 0
}

/// What became of the messages, and whom they reached.
pub(super) fn fate(messages: &Messages, debts: &Debts, meanwhile: Option<&str>) -> String {
    let lost = debts.lost - debts.lost_no_path;
    let silent = "the dialect has no answers";
    let sent = match (messages.sent, messages.unsent) {
        (1, 0) => format!("the only message was sent ({silent})"),
        (all, 0) => format!("all {} messages were sent ({silent})", grouped(all)),
        (sent, _) => {
            let meanwhile = meanwhile.map(|words| format!(" {words}")).unwrap_or_default();
            let due = counted(messages.due, "message", "messages");
            let sent = if sent == 0 { "none".to_owned() } else { grouped(sent) };
            let was = if messages.sent == 1 { "was" } else { "were" };
            format!("{sent} of {due} {was} sent{meanwhile} ({silent})")
        }
    };
    let reached = match (messages.sent, lost) {
        (0, _) => String::new(),
        (_, 0) if debts.lost_no_path > 0 => " and reached everyone on its publisher's own node".into(),
        (_, 0) => " and reached everyone".into(),
        (_, lost) => format!("; {} lost", of_deliveries(lost, debts)),
    };
    format!("{sent}{reached}{}", out_of_reach(debts))
}
