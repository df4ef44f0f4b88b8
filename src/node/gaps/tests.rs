use super::*;

const MARGIN: u64 = 500;

/// A node that hears the rooms `r` and `s`, and a clock that a test moves.
struct Stage {
    gaps: Gaps,
    now: Instant,
    at: u64,
}

impl Stage {
    fn new() -> Self {
        let mut stage = Self { gaps: Gaps::default(), now: Instant::now(), at: 1_000_000 };
        stage.gaps.begin(&room("r"), stage.now);
        stage.gaps.begin(&room("s"), stage.now);
        stage.wait(SETTLE);
        stage
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.at += time.as_millis() as u64;
    }

    /// Receives messages of one process in the room `r`, a millisecond apart.
    fn receive(&mut self, by: u64, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.wait(Duration::from_millis(1));
            let count = Count { by, number, at: self.at };
            self.gaps.receive(&room("r"), count, self.now, self.at);
        }
    }

    fn hear_of(&mut self, newest: u64, unused: &[(u64, u64)]) {
        self.gaps.hear_of(&room("r"), 1, newest, unused, self.now, self.at);
    }

    /// Since when something is missing, and where, once nothing that is missing can come any more.
    fn missing(&mut self) -> Vec<(String, u64)> {
        self.wait(WAIT);
        let missing = self.gaps.take_due(self.now).into_iter();
        missing.map(|missing| (missing.room.to_string(), missing.since)).collect()
    }
}

fn room(name: &str) -> Room {
    Room::parse(name).unwrap()
}

#[test]
fn what_comes_in_order_twice_or_late_is_no_gap() {
    let mut stage = Stage::new();
    stage.receive(1, [7, 8, 8, 9, 3, 12, 10, 11, 7, 13]);
    stage.receive(2, [500, 501]);
    assert!(stage.missing().is_empty());
    assert_eq!(stage.gaps.due(), None);
}

#[test]
fn a_number_that_does_not_come_is_told_since_the_one_before_it() {
    let mut stage = Stage::new();
    stage.receive(1, [1, 2]);
    let before = stage.at;
    stage.wait(Duration::from_secs(5));
    stage.receive(1, [4]);
    assert_eq!(stage.gaps.due(), Some(stage.now + WAIT));
    stage.wait(WAIT - Duration::from_millis(1));
    assert!(stage.gaps.take_due(stage.now).is_empty(), "it may still come");
    assert_eq!(stage.missing(), [("r".into(), before - MARGIN)]);
    assert!(stage.missing().is_empty(), "it is told once");
    stage.receive(1, [3, 5]);
    assert!(stage.missing().is_empty());
}

#[test]
fn several_holes_in_one_window_are_one_notice() {
    let mut stage = Stage::new();
    stage.receive(1, [1]);
    stage.receive(2, [1]);
    let before = stage.at;
    stage.receive(1, (1..400).map(|n| 2 * n));
    stage.receive(2, [9]);
    assert_eq!(stage.missing(), [("r".into(), before - MARGIN)]);
    assert!(stage.missing().is_empty());
    assert_eq!(stage.gaps.due(), None);
}

#[test]
fn a_hole_that_is_filled_leaves_a_younger_one_its_own_time() {
    let mut stage = Stage::new();
    stage.receive(1, [1, 3]);
    stage.wait(WAIT / 2);
    stage.receive(1, [2, 5]);
    let due = stage.now + WAIT;
    stage.wait(WAIT / 2);
    assert!(stage.gaps.take_due(stage.now).is_empty());
    assert_eq!(stage.gaps.due(), Some(due));
    assert_eq!(stage.missing().len(), 1);
}

#[test]
fn the_end_of_a_burst_is_missed_by_what_the_sender_says() {
    let mut stage = Stage::new();
    stage.receive(1, [1, 2, 3]);
    stage.wait(Duration::from_secs(1));
    let heard = stage.at;
    stage.hear_of(3, &[]);
    assert!(stage.missing().is_empty());
    stage.hear_of(5, &[]);
    assert_eq!(stage.missing(), [("r".into(), heard - MARGIN)], "up to the word before everything had come");
    stage.hear_of(5, &[]);
    stage.receive(1, [6]);
    stage.hear_of(6, &[]);
    assert!(stage.missing().is_empty());
}

#[test]
fn a_number_that_no_message_has_is_not_missed() {
    let mut stage = Stage::new();
    stage.receive(1, [1, 5, 9]);
    stage.hear_of(11, &[(2, 4), (6, 8), (10, 11)]);
    assert!(stage.missing().is_empty());
    stage.receive(1, [12, 20]);
    stage.hear_of(20, &[(13, 15), (17, 19)]);
    assert_eq!(stage.missing().len(), 1, "16 is still missing");
}

#[test]
fn what_was_before_the_room_was_heard_is_no_gap() {
    let mut stage = Stage::new();
    stage.hear_of(8, &[]);
    stage.receive(1, [7, 8, 9]);
    assert!(stage.missing().is_empty());
    stage.gaps.end(&room("r"));
    stage.receive(1, [30]);
    stage.gaps.begin(&room("r"), stage.now);
    stage.receive(1, [10, 40]);
    stage.wait(SETTLE);
    stage.receive(1, [41]);
    assert!(stage.missing().is_empty());
    stage.receive(1, [43]);
    assert_eq!(stage.missing().len(), 1);
}

#[test]
fn after_an_outage_that_is_told_nothing_is_told_twice() {
    let mut stage = Stage::new();
    stage.receive(1, [1]);
    let before = stage.at;
    stage.receive(1, [3]);
    assert_eq!(stage.gaps.start_over(stage.now), HashMap::from([(room("r"), before - MARGIN)]));
    stage.receive(1, [4, 8]);
    stage.wait(SETTLE);
    stage.receive(1, [9, 10]);
    assert!(stage.missing().is_empty());
    assert_eq!(stage.gaps.start_over(stage.now), HashMap::new());
}

#[test]
fn a_loss_of_unknown_rooms_is_told_in_all_of_them_and_with_what_the_numbers_say() {
    let mut stage = Stage::new();
    stage.receive(1, [1]);
    let before = stage.at;
    stage.wait(Duration::from_secs(2));
    let known = stage.at;
    stage.gaps.suspect(known, "too slow".into(), stage.now);
    stage.gaps.suspect(known + 5, "too slow".into(), stage.now);
    stage.receive(1, [3]);
    stage.wait(WAIT);
    let mut missing = stage.gaps.take_due(stage.now);
    missing.sort_by_key(|missing| missing.room.to_string());
    let of = |name, since| Missing { room: room(name), since, reason: Some("too slow".into()) };
    assert_eq!(missing, [of("r", before - MARGIN), of("s", known)]);
    assert!(stage.missing().is_empty());
}

#[test]
fn silent_processes_are_forgotten_and_their_number_is_bounded() {
    let mut stage = Stage::new();
    stage.receive(1, [1]);
    stage.wait(REMEMBERED);
    stage.receive(1, [9]);
    assert!(stage.missing().is_empty());
    for by in 0..10 * PROCESSES as u64 {
        stage.receive(by, [1, 2]);
    }
    assert_eq!(stage.gaps.rooms[&room("r")].by.len(), PROCESSES);
    stage.wait(REMEMBERED);
    stage.receive(0, [1]);
    assert_eq!(stage.gaps.rooms[&room("r")].by.len(), 1);
}

#[test]
fn no_number_is_too_large() {
    let mut stage = Stage::new();
    stage.receive(1, [1, u64::MAX, u64::MAX, 0]);
    stage.hear_of(u64::MAX, &[(0, u64::MAX), (9, 2)]);
    assert!(stage.missing().is_empty());
    stage.hear_of(0, &[]);
    stage.receive(2, [u64::MAX, 1]);
    assert!(stage.missing().is_empty());
}

#[test]
fn more_holes_than_can_be_told_apart_are_still_missed() {
    let mut stage = Stage::new();
    stage.receive(1, (0..500).map(|n| 2 * n + 1));
    stage.receive(1, (0..499).map(|n| 2 * n + 2).filter(|n| *n != 4));
    assert_eq!(stage.missing().len(), 1);
}
