//! The observers: subscribers that keep a list of the people in their room, as a page does, out of what their node tells
//! them. Each list is held against what the load generator knows of its own clients.
//!
//! In the end each person is judged that is neither coming nor going. Until then only the moments are kept in which some
//! list was not exactly the truth, and who was told to have done what it did not do.

use std::collections::HashMap;

use super::fault_times::FaultTimes;
use super::people::{PeopleNews, Person};
use super::people_list::{MOST_LISTED, PeopleList};
use super::plan::Plan;
use super::presence_figures::PresenceFigures;
use super::settling::{Settling, WrongTimes};
use super::whereabouts::{ARRIVES_WITHIN, LEAVES_WITHIN, Whereabouts};

/// What is kept of one run's observers.
#[derive(Debug)]
pub(super) struct Observers {
    plan: Plan,
    /// For each room, its subscribers.
    rooms: Vec<Vec<usize>>,
    people: Vec<Whereabouts>,
    /// The first subscribers.
    observers: Vec<Observer>,
    /// For each room, the numbers of its observers.
    watched: Vec<Vec<usize>>,
    /// Number of observers whose list is not the truth now.
    wrong: usize,
    wrong_times: WrongTimes,
    flaps: u64,
    /// When the watching ended, in nanoseconds since the run's zero. What comes later counts nowhere.
    ended: Option<u64>,
}

/// How an observer stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// It has not come yet, or is away on purpose: it observes nothing.
    #[default]
    Away,
    /// It has lost its connection, and with it its list.
    Lost,
    /// It is in its room since this moment, in nanoseconds since the run's zero.
    Here(u64),
}

/// One subscriber that observes its room.
#[derive(Debug, Default)]
struct Observer {
    room: usize,
    standing: Standing,
    /// The node on which people have to be in order to be seen; `None` if every node is seen.
    on: Option<u32>,
    list: PeopleList,
    /// The last that this observer was told of each id over the present connection: whether it came or went, and when.
    /// Full ([`MOST_LISTED`]): further ids are not remembered, so that their flaps are not seen.
    told: HashMap<Box<str>, (bool, u64)>,
    is_wrong: bool,
    came: bool,
}

impl Observers {
    /// The observers of this plan. Nobody is there yet.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut rooms = vec![Vec::new(); plan.rooms];
        let mut watched = vec![Vec::new(); plan.rooms];
        for s in plan.all_subscribers() {
            rooms[plan.subscriber_room(s)].push(s);
        }
        let observers: Vec<_> = (0..plan.observers())
            .map(|s| Observer { room: plan.subscriber_room(s), ..Observer::default() })
            .collect();
        observers.iter().enumerate().for_each(|(i, observer)| watched[observer.room].push(i));
        Self {
            rooms,
            people: vec![Whereabouts::default(); plan.subscribers],
            observers,
            watched,
            wrong: 0,
            wrong_times: WrongTimes::default(),
            flaps: 0,
            ended: None,
            plan: plan.clone(),
        }
    }

    /// Records that a subscriber asks for its room.
    pub(super) fn approach(&mut self, s: usize) {
        if self.ended.is_none() {
            self.people[s].approach();
        }
    }

    /// Records that a subscriber is in its room, on this node.
    pub(super) fn enter(&mut self, s: usize, node: u32, at: u64) {
        if self.ended.is_some() {
            return;
        }
        self.move_subscriber(s, at, |who| who.arrive(node, at));
        let on = (!self.plan.crosses_nodes).then_some(node);
        let Some(observer) = self.observers.get_mut(s) else { return };
        let there = self.rooms[observer.room].iter().filter(|s| self.people[**s].is_there(on)).count();
        (observer.on, observer.standing, observer.came) = (on, Standing::Here(at), true);
        observer.list.forget(there as u64);
        observer.told.clear();
        self.look_at(s, at);
    }

    /// Records that a subscriber is no longer in its room, and whether that is on purpose.
    pub(super) fn leave(&mut self, s: usize, deliberate: bool, at: u64) {
        if self.ended.is_some() {
            return;
        }
        self.move_subscriber(s, at, |who| who.depart(at));
        let Some(observer) = self.observers.get_mut(s) else { return };
        if deliberate || observer.standing != Standing::Away {
            observer.standing = if deliberate { Standing::Away } else { Standing::Lost };
        }
        self.look_at(s, at);
    }

    /// Whether some observer's list is not the truth now.
    pub(super) fn are_some_wrong(&self) -> bool {
        self.wrong > 0
    }

    /// Ends the watching: what comes later counts nowhere.
    pub(super) fn end(&mut self, at: u64) {
        self.ended.get_or_insert(at);
    }

    /// Records what an observer was told; a flap counts only if it is of the measured load. Gives whether the observer
    /// has to ask who is there, because it cannot know otherwise.
    pub(super) fn hear(&mut self, s: usize, news: PeopleNews, is_measured: bool, at: u64) -> bool {
        let Some(observer) = self.observers.get_mut(s) else { return false };
        if self.ended.is_some() || !matches!(observer.standing, Standing::Here(_)) {
            return false;
        }
        let (people, on, room) = (&self.people, observer.on, observer.room);
        let is_there = |s: usize| people[s].is_there(on);
        // Nobody of another room can be in this one.
        let plan = &self.plan;
        let known = |person: Person| {
            let of_room = |s: &usize| *s < plan.subscribers && plan.subscriber_room(*s) == room;
            Person { subscriber: person.subscriber.filter(of_room), ..person }
        };
        let mut asks = false;
        match news {
            PeopleNews::All(all) => observer.list.take_all(all.into_iter().map(known).collect(), is_there),
            PeopleNews::TooMany => observer.list.count_only(),
            PeopleNews::Number(number) => {
                observer.list.number = Some(number);
                asks = observer.list.contradicts_itself();
            }
            PeopleNews::Came(_, members) | PeopleNews::Went(_, members) if observer.list.is_counted() => {
                // Where people go by name again, they can be asked for.
                (observer.list.number, asks) = (Some(members), true);
            }
            PeopleNews::Came(person, members) => {
                let person = known(person);
                self.flaps += u64::from(observer.is_flap(&person, true, people, at) && is_measured);
                observer.list.add(person, is_there);
                observer.list.number = Some(members);
            }
            PeopleNews::Went(person, members) => {
                let person = known(person);
                self.flaps += u64::from(observer.is_flap(&person, false, people, at) && is_measured);
                observer.list.remove(&person.id, is_there);
                observer.list.number = Some(members);
            }
        }
        self.look_at(s, at);
        asks
    }

    /// The figures of a run that ended at this moment and whose load began at that one, all in nanoseconds since the
    /// run's zero.
    pub(super) fn figures(&self, begin: u64, faults: &[FaultTimes], ended: u64) -> PresenceFigures {
        let now = self.ended.unwrap_or(ended);
        let (mut phantoms, mut missing) = (0, 0);
        for observer in &self.observers {
            let Standing::Here(since) = observer.standing else { continue };
            let unanswered = !observer.list.is_named() && !observer.list.is_counted();
            let patience = if unanswered { LEAVES_WITHIN } else { ARRIVES_WITHIN };
            if now.saturating_sub(since) < patience {
                continue;
            }
            let people = self.rooms[observer.room].iter().map(|s| {
                let who = &self.people[*s];
                (*s, who.is_sure(now).then(|| who.is_there(observer.on)))
            });
            let (more, fewer) = observer.list.judge(people);
            (phantoms, missing) = (phantoms + more, missing + fewer);
        }
        let Settling { ms: settled_ms, never: not_settled } = self.wrong_times.settling(begin, faults);
        let observers = self.observers.iter().filter(|observer| observer.came).count() as u64;
        PresenceFigures { observers, phantoms, missing, flaps: self.flaps, settled_ms, not_settled }
    }

    /// Changes where a subscriber is, in the eyes of all observers of its room.
    fn move_subscriber(&mut self, s: usize, at: u64, change: impl FnOnce(&mut Whereabouts)) {
        let before = self.people[s];
        change(&mut self.people[s]);
        let after = self.people[s];
        let room = self.plan.subscriber_room(s);
        for i in 0..self.watched[room].len() {
            let o = self.watched[room][i];
            let observer = &mut self.observers[o];
            let (was, is) = (before.is_there(observer.on), after.is_there(observer.on));
            if was != is {
                observer.list.turn(s, is);
                self.look_at(o, at);
            }
        }
    }

    /// Notes whether an observer's list is the truth now.
    fn look_at(&mut self, o: usize, at: u64) {
        let observer = &mut self.observers[o];
        let is_wrong = match observer.standing {
            Standing::Away => false,
            Standing::Lost => true,
            Standing::Here(_) => observer.list.is_wrong(),
        };
        match (std::mem::replace(&mut observer.is_wrong, is_wrong), is_wrong) {
            (false, true) => self.wrong += 1,
            (true, false) => self.wrong -= 1,
            _ => {}
        }
        self.wrong_times.record(self.wrong > 0, at);
    }
}

impl Observer {
    /// Remembers what this observer is told of somebody. Gives whether that takes back what it was told before, of
    /// somebody who was there, or away, all the time.
    fn is_flap(&mut self, who: &Person, came: bool, people: &[Whereabouts], at: u64) -> bool {
        if self.told.len() >= MOST_LISTED && !self.told.contains_key(&who.id) {
            return false;
        }
        let before = self.told.insert(who.id.clone(), (came, at));
        let Some((_, since)) = before.filter(|(before, _)| *before != came) else { return false };
        let whereabouts = who.subscriber.and_then(|s| people.get(s));
        match came {
            true => whereabouts.is_some_and(|it| it.was_there_from(since, at, self.on)),
            false => whereabouts.is_none_or(|it| it.was_away_from(since, self.on)),
        }
    }
}

#[cfg(test)]
#[path = "observers_tests.rs"]
mod tests;
