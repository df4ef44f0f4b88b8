//! What an observer is told of the people in its room.

/// Somebody whom a server names among the people of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The id by which the server tells people apart.
    pub id: Box<str>,
    /// The number of the subscriber who goes by the person's name; `None` for a name that no subscriber has.
    pub subscriber: Option<usize>,
}

/// What a frame says of the people in its observer's room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeopleNews {
    /// Who is there: the answer to `people`.
    All(Vec<Person>),
    /// The answer to `people` where they are too many to be named: only their number is told.
    TooMany,
    /// Somebody came, and so many people are there now.
    Came(Person, u64),
    /// Somebody went, and so many people are there now.
    Went(Person, u64),
    /// The number of people who are there, as `members` and `subscribed` tell it.
    Number(u64),
}
