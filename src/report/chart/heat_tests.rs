//! The map of all deliveries: its cells are the counts of the report.

use super::super::sample::{interval, killed, slice};
use super::*;
use crate::sample::run_with;

/// The sum of the cells for which `of` holds.
fn sum(columns: &[Column], of: impl Fn(Row) -> bool) -> u64 {
    columns.iter().flat_map(|column| &column.cells).filter(|(row, _)| of(**row)).map(|(_, count)| count).sum()
}

fn is_live(row: Row) -> bool {
    matches!(row, Row::Live(_))
}

#[test]
fn the_cells_are_the_counts_of_the_report() {
    let mut run = killed();
    run.timeline[3].duplicates = Some(5);
    let came =
        |i| if (5..10).contains(&i) { [(350, 0), (2_000_000, 0)] } else { [(350, 2_999), (2_000_000, 1)] };
    run.intervals = (0..20).map(|i| interval(i * 1_000, &came(i))).collect();
    let of = |count: fn(&Slice) -> u64| run.timeline.iter().map(count).sum::<u64>();
    let columns = columns(&run);
    assert_eq!(columns.len(), 20);
    assert_eq!(sum(&columns, is_live), of(|slice| slice.delivered));
    assert_eq!(sum(&columns, |row| row == Row::Never), of(|slice| slice.lost));
    assert_eq!(sum(&columns, |row| row == Row::Replay), 7);
    assert_eq!(sum(&columns, |row| row == Row::Again), 5);
    let late = |row: Row| look(row).0 == LATE;
    assert_eq!(sum(&columns, late), 15);
    assert_eq!(columns[5].cells.keys().copied().collect::<Vec<_>>(), [Row::Never], "nothing came");
}

#[test]
fn many_intervals_are_put_together_and_lose_nothing() {
    let run = run_with(|run| {
        run.intervals = (0..1_000).map(|i| interval(i * 1_000, &[(i + 1, 3)])).collect();
        run.timeline = (0..10_000).map(|i| Slice { lost: 1, ..slice(i * 100) }).collect();
    });
    let columns = columns(&run);
    assert!(columns.len() <= MOST_COLUMNS, "{}", columns.len());
    assert_eq!((sum(&columns, is_live), sum(&columns, |row| row == Row::Never)), (3_000, 10_000));
    assert!(columns.windows(2).all(|two| two[0].until_ms == two[1].at_ms));
}

#[test]
fn a_row_begins_at_a_second_and_every_shade_is_in_the_legend() {
    assert_eq!([999_999, 1_000_000, 1_584_000, 1_600_000].map(row_of), [14, 15, 15, 16]);
    for most in 1..60 {
        let keys = keys([Row::Never].into_iter(), most);
        for count in 1..=most {
            let wanted = format!("{:?}", Look::Tint(MUTED, share(shade(count, most))));
            assert!(keys.iter().any(|(look, _)| format!("{look:?}") == wanted), "{count} of {most}");
        }
    }
}
