//! One rule of a policy.

use glob::Pattern;
use node::Visitor;

use super::mask::Mask;
use super::who::Who;

/// One rule of a policy. What it does not say, it allows.
#[derive(Debug)]
pub(super) struct Rule {
    /// What a refusal calls the rule.
    pub(super) name: String,
    /// The rooms of the rule, by name or pattern.
    pub(super) rooms: Vec<Pattern>,
    /// Who may be in the rooms; `None` for everybody.
    pub(super) read: Option<Vec<Who>>,
    /// Who may say something there; `None` for everybody.
    pub(super) write: Option<Vec<Who>>,
    /// Messages a second in each of the rooms, by everybody together who is connected to one node.
    pub(super) rate: Option<u32>,
    /// Messages a second of each person in each of the rooms.
    pub(super) rate_per_person: Option<u32>,
    /// The longest text, in characters.
    pub(super) longest_text: Option<usize>,
    pub(super) mask: Mask,
    /// Why somebody may not, as a clause for people; `None` for the words that fit the case.
    pub(super) reason: Option<String>,
}

impl Rule {
    /// Whether the rule names this room.
    pub(super) fn names(&self, room: &str) -> bool {
        self.rooms.iter().any(|pattern| pattern.matches(room))
    }

    /// Whether a client may be in the rooms.
    pub(super) fn lets_read(&self, visitor: &Visitor<'_>) -> bool {
        lets(self.read.as_deref(), visitor)
    }

    /// Whether a client may say something in the rooms.
    pub(super) fn lets_write(&self, visitor: &Visitor<'_>) -> bool {
        lets(self.write.as_deref(), visitor)
    }

    /// Whether the rule is for some people and not for others, by their names.
    pub(super) fn speaks_of_people(&self) -> bool {
        let lists = [&self.read, &self.write];
        let mut whos = lists.into_iter().flatten().flatten();
        whos.any(|who| matches!(who, Who::Named(_)) && !who.is_everybody())
    }
}

fn lets(whos: Option<&[Who]>, visitor: &Visitor<'_>) -> bool {
    whos.is_none_or(|whos| whos.iter().any(|who| who.means(visitor)))
}
