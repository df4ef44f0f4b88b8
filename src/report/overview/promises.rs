//! What each subject promised, and what it kept over all rows.

use super::row::Row;
use crate::Report;
use crate::numbers::counted;
use ledger::grouped;
use scenario::{Held, Pattern, listed};

/// A sentence or two for each subject that was run at all.
pub(super) fn sentences(subjects: &[String], rows: &[Row], reports: &[&Report]) -> Vec<String> {
    let said = subjects.iter().filter_map(|subject| {
        let pattern = reports
            .iter()
            .flat_map(|report| &report.runs)
            .find(|run| run.label == *subject)
            .and_then(|run| Pattern::named(&run.pattern));
        kept(subject, rows).map(|kept| format!("{subject}: {} {kept}", promised(pattern)))
    });
    said.collect()
}

/// What an answer of the subject promises.
fn promised(pattern: Option<Pattern>) -> String {
    let Some(pattern) = pattern else {
        return "what its answers promise is its own affair.".into();
    };
    let broker = pattern.broker().unwrap_or("its broker");
    match pattern.held() {
        Held::NoWay => "its acknowledgement says that the message went out to the clients of its own node; it has no way \
                        to another, and promises none."
            .into(),
        Held::Lost => format!("its acknowledgement says that {broker} took the message, to pass it on at most once."),
        Held::InSockets => {
            let weak = pattern.weak_ack().unwrap_or("it was taken");
            format!("its acknowledgement says only that {weak}: at most once.")
        }
        Held::InQueues => format!(
            "its acknowledgement says that {broker} has the message safe: everybody who is owed it gets it, if late."
        ),
    }
}

/// What of it was kept; `None` if the subject was not run in any row.
fn kept(subject: &str, rows: &[Row]) -> Option<String> {
    let cells: Vec<_> = rows
        .iter()
        .filter_map(|row| row.cell(subject).map(|cell| (row, cell)))
        .filter(|(_, cell)| cell.is_conclusive())
        .collect();
    if cells.is_empty() {
        return None;
    }
    let names = |of: &dyn Fn(&super::Cell) -> Option<u64>| -> (u64, Vec<String>) {
        let hit: Vec<_> =
            cells.iter().filter_map(|(row, cell)| Some((of(cell).filter(|n| *n > 0)?, &row.name))).collect();
        (hit.iter().map(|(n, _)| n).sum(), hit.iter().map(|(_, name)| format!("`{name}`")).collect())
    };
    let all = match cells.len() {
        1 => "its only row".to_owned(),
        many => format!("all of its {many} rows"),
    };
    let (confirmed, broken) = names(&|cell| cell.lost_confirmed);
    let (lost, losing) = names(&|cell| cell.lost);
    let (unsent, silent_senders) = names(&|cell| cell.unsent);
    let (twice, doubling) = names(&|cell| cell.duplicates);
    let mut said = vec![match (confirmed, lost, unsent) {
        (0, 0, 0) => format!("In {all}, nothing was lost."),
        (0, 0, _) => format!(
            "Nothing that was sent was lost in {all}; {} never sent, in {}.",
            counted(unsent, "message was", "messages were"),
            listed(&silent_senders)
        ),
        (0, ..) => format!(
            "{} lost, in {}; none of them had been confirmed.",
            counted(lost, "delivery was", "deliveries were"),
            in_words(&losing)
        ),
        _ => format!(
            "It broke its word: {} lost though confirmed, in {}.",
            counted(confirmed, "delivery was", "deliveries were"),
            listed(&broken)
        ),
    }];
    if twice > 0 {
        said.push(format!("{} came twice, in {}.", grouped(twice), listed(&doubling)));
    }
    Some(said.join(" "))
}

fn in_words(names: &[String]) -> String {
    match names.len() {
        0..=4 => listed(names),
        many => format!("{many} rows"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{cell_of, row_of};
    use super::*;
    use crate::sample::{amqp, redis};

    #[test]
    fn what_was_kept_is_said_over_all_rows() {
        let rows = [row_of("a", &[amqp(), redis()]), row_of("b", &[amqp()])];
        let said = kept("amqp", &rows).unwrap();
        assert_eq!(said, "In all of its 2 rows, nothing was lost. 24 came twice, in `a` and `b`.");
        let said = kept("redis", &rows).unwrap();
        assert_eq!(said, "15,090 deliveries were lost, in `a`; none of them had been confirmed.");
        assert_eq!(kept("zeromq", &rows), None);
    }

    #[test]
    fn a_broken_word_comes_first() {
        let mut cell = cell_of(&redis());
        cell.lost_confirmed = Some(1);
        let row = Row { cells: vec![cell], ..row_of("c", &[]) };
        assert_eq!(
            kept("redis", &[row]).unwrap(),
            "It broke its word: 1 delivery was lost though confirmed, in `c`."
        );
        assert!(promised(Pattern::named("zeromq")).contains("its sockets took the message"));
        assert!(promised(Pattern::named("amqp")).contains("RabbitMQ has the message safe"));
        assert!(
            promised(Pattern::named("redis")).contains("Redis took the message, to pass it on at most once")
        );
        assert!(promised(None).contains("its own affair"));
    }
}
