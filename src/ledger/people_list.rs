//! The people whom one observer believes to be in its room, and how many of them are not there or missing.
//!
//! The two numbers are kept up to date with each change, because a change of a large room would cost too much if all its
//! people were counted again.

use std::collections::HashMap;

use super::people::Person;

/// The most people in one list. Full: further people are not listed, and are missing if they are there.
pub(super) const MOST_LISTED: usize = 65_536;

/// What an observer believes of its room.
#[derive(Debug, Default)]
pub(super) struct PeopleList {
    known: Known,
    /// The number of people that was told last.
    pub(super) number: Option<u64>,
    /// Number of people who are there.
    present: u64,
}

/// How an observer knows the people of its room.
#[derive(Debug, Default)]
enum Known {
    /// It has not been told yet.
    #[default]
    Not,
    /// By their names.
    Named(Names),
    /// Only their number is told.
    Counted,
}

/// A list of people.
#[derive(Debug, Default)]
struct Names {
    /// The subscriber behind each id; `None` for somebody who is none.
    ids: HashMap<Box<str>, Option<usize>>,
    /// For each subscriber in the list, under how many ids it stands there.
    held: HashMap<usize, u64>,
    /// Number of ids of people who are not there, and of second ids of those who are.
    phantoms: u64,
    /// Number of people who are there and not in the list.
    missing: u64,
}

impl PeopleList {
    /// Forgets everything. So many people are there.
    pub(super) fn forget(&mut self, present: u64) {
        *self = Self { present, ..Self::default() };
    }

    /// Takes a whole list. `is_there` says which subscribers are there.
    pub(super) fn take_all(&mut self, people: Vec<Person>, is_there: impl Fn(usize) -> bool) {
        let mut names = Names { missing: self.present, ..Names::default() };
        people.into_iter().for_each(|person| names.add(person, &is_there));
        self.known = Known::Named(names);
    }

    /// Knows from now on only how many people there are.
    pub(super) fn count_only(&mut self) {
        self.known = Known::Counted;
    }

    /// Adds somebody to the list, if there is one.
    pub(super) fn add(&mut self, person: Person, is_there: impl Fn(usize) -> bool) {
        if let Known::Named(names) = &mut self.known {
            names.add(person, is_there);
        }
    }

    /// Removes somebody from the list, if there is one.
    pub(super) fn remove(&mut self, id: &str, is_there: impl Fn(usize) -> bool) {
        if let Known::Named(names) = &mut self.known {
            names.remove(id, is_there);
        }
    }

    /// Records that a subscriber has come, or has gone.
    pub(super) fn turn(&mut self, subscriber: usize, came: bool) {
        match came {
            true => self.present += 1,
            false => self.present = self.present.saturating_sub(1),
        }
        if let Known::Named(names) = &mut self.known {
            names.turn(subscriber, came);
        }
    }

    /// Whether the observer knows people by their names.
    pub(super) fn is_named(&self) -> bool {
        matches!(self.known, Known::Named(_))
    }

    /// Whether the observer knows only how many people there are.
    pub(super) fn is_counted(&self) -> bool {
        matches!(self.known, Known::Counted)
    }

    /// Whether the number that was told last is another than that of the people in the list.
    pub(super) fn contradicts_itself(&self) -> bool {
        match (&self.known, self.number) {
            (Known::Named(names), Some(number)) => number != names.ids.len() as u64,
            _ => false,
        }
    }

    /// Whether the observer has something else than the truth, or nothing yet.
    pub(super) fn is_wrong(&self) -> bool {
        match &self.known {
            Known::Not => true,
            Known::Named(names) => names.phantoms + names.missing > 0 || self.contradicts_itself(),
            Known::Counted => self.number != Some(self.present),
        }
    }

    /// Numbers of phantoms and of missing people. Each of the room's people comes with whether it is there; `None` for
    /// somebody who is coming or going, of whom the list may say anything. A number that is not the length of the list
    /// counts with its difference.
    pub(super) fn judge(&self, people: impl Iterator<Item = (usize, Option<bool>)>) -> (u64, u64) {
        let (mut phantoms, mut missing) = (0, 0);
        let (mut there, mut perhaps) = (0, 0);
        let names = if let Known::Named(names) = &self.known { Some(names) } else { None };
        for (subscriber, is_there) in people {
            let held = names.and_then(|names| names.held.get(&subscriber)).copied().unwrap_or(0);
            match is_there {
                Some(true) => {
                    (phantoms, missing) = (phantoms + held.saturating_sub(1), missing + u64::from(held == 0));
                    there += 1;
                }
                Some(false) => phantoms += held,
                None => perhaps += 1,
            }
        }
        let Some(names) = names else {
            // What was never answered lacks everybody, and has nobody who is not there.
            let number = self.number.filter(|_| self.is_counted()).unwrap_or(0);
            return (number.saturating_sub(there + perhaps), there.saturating_sub(number));
        };
        phantoms += names.ids.values().filter(|subscriber| subscriber.is_none()).count() as u64;
        let (listed, number) = (names.ids.len() as u64, self.number.unwrap_or(names.ids.len() as u64));
        (phantoms + number.saturating_sub(listed), missing + listed.saturating_sub(number))
    }
}

impl Names {
    fn add(&mut self, person: Person, is_there: impl Fn(usize) -> bool) {
        let Person { id, subscriber } = person;
        self.remove(&id, &is_there);
        if self.ids.len() >= MOST_LISTED {
            return;
        }
        self.ids.insert(id, subscriber);
        let Some(subscriber) = subscriber else {
            self.phantoms += 1;
            return;
        };
        let held = self.held.entry(subscriber).or_default();
        *held += 1;
        match *held == 1 && is_there(subscriber) {
            true => self.missing = self.missing.saturating_sub(1),
            false => self.phantoms += 1,
        }
    }

    fn remove(&mut self, id: &str, is_there: impl Fn(usize) -> bool) {
        let Some(subscriber) = self.ids.remove(id) else { return };
        let last = subscriber.is_some_and(|subscriber| {
            let held = self.held.entry(subscriber).or_default();
            *held = held.saturating_sub(1);
            let last = *held == 0;
            if last {
                self.held.remove(&subscriber);
            }
            last
        });
        match last && subscriber.is_some_and(is_there) {
            true => self.missing += 1,
            false => self.phantoms = self.phantoms.saturating_sub(1),
        }
    }

    fn turn(&mut self, subscriber: usize, came: bool) {
        match (self.held.contains_key(&subscriber), came) {
            (true, true) => self.phantoms = self.phantoms.saturating_sub(1),
            (true, false) => self.phantoms += 1,
            (false, true) => self.missing += 1,
            (false, false) => self.missing = self.missing.saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn person(id: &str, subscriber: usize) -> Person {
        Person { id: id.into(), subscriber: Some(subscriber) }
    }

    /// A list of the subscribers 0, 1 and 2, who are there.
    fn list() -> PeopleList {
        let mut list = PeopleList::default();
        list.forget(3);
        list.take_all((0..3).map(|s| person(&format!("id-{s}"), s)).collect(), |s| s < 3);
        list.number = Some(3);
        list
    }

    fn judged(list: &PeopleList, there: &[usize], perhaps: &[usize]) -> (u64, u64) {
        let known = |s: usize| (s, (!perhaps.contains(&s)).then_some(there.contains(&s)));
        list.judge((0..6).map(known))
    }

    #[test]
    fn a_list_is_right_by_every_single_person_in_it() {
        let mut list = list();
        assert!(!list.is_wrong());
        assert_eq!(judged(&list, &[0, 1, 2], &[]), (0, 0));
        // Somebody else came, and another one went: as many people as before.
        list.turn(3, true);
        list.turn(1, false);
        assert!(list.is_wrong());
        assert_eq!(judged(&list, &[0, 2, 3], &[]), (1, 1));
        assert_eq!(judged(&list, &[0, 2, 3], &[1, 3]), (0, 0), "they are coming and going");
        let there = |s: usize| [0, 2, 3].contains(&s);
        list.add(person("id-3", 3), there);
        list.remove("id-1", there);
        assert!(!list.is_wrong());
    }

    #[test]
    fn a_second_id_and_a_stranger_are_phantoms() {
        let mut list = list();
        list.add(person("another", 1), |s| s < 3);
        list.add(Person { id: "stranger".into(), subscriber: None }, |s| s < 3);
        list.number = Some(5);
        assert!(list.is_wrong());
        assert_eq!(judged(&list, &[0, 1, 2], &[]), (2, 0));
        list.remove("id-1", |s| s < 3);
        list.remove("stranger", |s| s < 3);
        list.number = Some(3);
        assert!(!list.is_wrong(), "{list:?}");
        // The same id once more changes nothing.
        list.add(person("another", 1), |s| s < 3);
        assert!(!list.is_wrong());
    }

    #[test]
    fn a_number_that_is_not_the_length_of_the_list_counts_with_the_difference() {
        let mut list = list();
        list.number = Some(5);
        assert!(list.is_wrong() && list.contradicts_itself());
        assert_eq!(judged(&list, &[0, 1, 2], &[]), (2, 0));
        list.number = Some(1);
        assert_eq!(judged(&list, &[0, 1, 2], &[]), (0, 2));
    }

    #[test]
    fn of_a_crowd_the_number_is_judged() {
        let mut list = list();
        list.count_only();
        assert!(list.is_counted() && !list.is_wrong());
        list.number = Some(5);
        assert!(list.is_wrong());
        assert_eq!(judged(&list, &[0, 1, 2], &[]), (2, 0));
        assert_eq!(judged(&list, &[0, 1, 2], &[4, 5]), (0, 0), "two are coming");
        list.number = Some(1);
        assert_eq!(judged(&list, &[0, 1, 2], &[]), (0, 2));
        list.turn(4, true);
        list.number = Some(4);
        assert!(!list.is_wrong());
    }

    #[test]
    fn who_was_never_told_lacks_everybody() {
        let mut list = PeopleList { number: Some(3), ..PeopleList::default() };
        assert!(list.is_wrong());
        assert_eq!(judged(&list, &[0, 1, 2], &[]), (0, 3));
        list.forget(0);
        assert!(list.is_wrong(), "nobody has said that nobody is there");
    }

    #[test]
    fn what_is_kept_up_to_date_is_what_counting_again_gives() {
        // A fixed walk through every kind of change, with the truth beside it.
        let (mut list, mut there) = (list(), [true, true, true, false, false, false]);
        let random = Cell::new(7_u32);
        let next = |below: u32| {
            random.set(random.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
            (random.get() >> 16) % below
        };
        for _ in 0..5_000 {
            let s = next(6) as usize;
            let id = format!("id-{s}-{}", next(2));
            match next(3) {
                0 => list.add(person(&id, s), |s| there[s]),
                1 => list.remove(&id, |s| there[s]),
                _ => {
                    there[s] = !there[s];
                    list.turn(s, there[s]);
                }
            }
            list.number = None;
            let known: Vec<_> = there.iter().copied().map(Some).enumerate().collect();
            let Known::Named(names) = &list.known else { panic!("{list:?}") };
            assert_eq!((names.phantoms, names.missing), list.judge(known.into_iter()));
        }
    }
}
