//! What follows from the grid for who must choose, a sentence for each thing that may happen.

use super::cell::Cell;
use super::harm::Harm;
use super::row::Row;
use crate::numbers::{share, span};
use scenario::listed;

/// The sentences, in the order of the rows. A row without a condition, or with one subject alone, gives none.
pub(super) fn sentences(rows: &[Row]) -> Vec<String> {
    rows.iter().filter_map(sentence).collect()
}

fn sentence(row: &Row) -> Option<String> {
    let cells: Vec<_> = row.cells.iter().filter(|cell| cell.is_conclusive()).collect();
    let condition = row.condition.as_ref().filter(|_| cells.len() > 1)?;
    let (kept, lost): (Vec<_>, Vec<_>) = cells.into_iter().partition(|cell| cell.kept_everything());
    let wish = format!("If {condition} and nothing may be lost");
    let others = lost.iter().map(|cell| loss(cell)).collect::<Vec<_>>();
    Some(match (&kept[..], &lost[..]) {
        ([], _) => format!("{wish}, none of these will do: {} (`{}`).", others.join("; "), row.name),
        (_, []) => format!("{wish}, each of these will do: {} (`{}`).", costs(&kept), row.name),
        _ => format!("{wish}: {}; but {} (`{}`).", costs(&kept), others.join("; "), row.name),
    })
}

/// What keeping everything cost each: `amqp kept everything, at 2.1 ms at the median and 6.0 s of lateness at most`.
fn costs(kept: &[&Cell]) -> String {
    let of = |cell: &&Cell| {
        let median = cell.steady_p50_us.map(|us| format!("a median of {} while all is well", span(us)));
        let slowest = cell.max_us.filter(|us| *us > 1_000_000);
        let late = slowest.map(|us| format!("up to {} of lateness", span(us)));
        let costs: Vec<_> = [median, late].into_iter().flatten().collect();
        match costs.is_empty() {
            true => format!("{} kept everything", cell.subject),
            false => format!("{} kept everything, at {}", cell.subject, listed(&costs)),
        }
    };
    kept.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// What a subject lost: `redis lost 25% of the deliveries, all told`.
fn loss(cell: &Cell) -> String {
    let (lost, owed) = (cell.lost.unwrap_or(0), cell.owed.unwrap_or(0));
    let subject = &cell.subject;
    if cell.harm == Harm::NoPath {
        return format!("{subject} has no way to {} of the deliveries", share(lost, owed));
    }
    if lost == 0 {
        return format!("{subject} lost nothing that was sent, and some messages were never sent");
    }
    let known = match cell.harm {
        Harm::LostTold => ", and told whom it concerned",
        Harm::LostConfirmed => ", some of them though confirmed",
        _ if cell.lost_silent == cell.lost => ", all of them in silence",
        _ if cell.lost_silent.is_some_and(|silent| silent > 0) => ", some of them in silence",
        _ => "",
    };
    format!("{subject} lost {} of the deliveries{known}", share(lost, owed))
}

#[cfg(test)]
mod tests {
    use super::super::tests::cell_of;
    use super::*;
    use crate::sample::{amqp, local, redis};

    fn row(cells: Vec<Cell>) -> Row {
        let condition = Some("the broker may die".to_owned());
        Row { name: "broker-down".into(), title: String::new(), watch: None, condition, cells }
    }

    #[test]
    fn who_lost_something_and_who_kept_everything_stand_side_by_side() {
        let said = sentence(&row(vec![cell_of(&redis()), cell_of(&amqp())])).unwrap();
        let expected = "If the broker may die and nothing may be lost: amqp kept everything, at up to 12.1 s of lateness; \
                        but redis lost 25.2% of the deliveries (`broker-down`).";
        assert_eq!(said, expected);
        let none = sentence(&row(vec![cell_of(&redis()), cell_of(&local())])).unwrap();
        assert!(none.contains("none of these will do: redis lost 25.2%"), "{none}");
        assert!(none.contains("local has no way to 66.7% of the deliveries"), "{none}");
        let all = sentence(&row(vec![cell_of(&amqp()), cell_of(&amqp())])).unwrap();
        assert!(all.contains("each of these will do"), "{all}");
    }

    #[test]
    fn one_subject_alone_is_no_choice_and_without_a_fault_there_is_no_condition() {
        assert_eq!(sentence(&row(vec![cell_of(&amqp())])), None);
        let calm = Row { condition: None, ..row(vec![cell_of(&amqp()), cell_of(&redis())]) };
        assert_eq!(sentence(&calm), None);
    }
}
